// SPDX-License-Identifier: Apache-2.0

use super::config::Config;
use super::observed::Observation;
use rapidbyte_sdk::{Result, TcpStream};
use serde_json::{json, Value};
use std::io::{Read, Write};
use std::time::Duration;

mod raw {
    #[link(wasm_import_module = "rapidbyte")]
    extern "C" {
        pub fn tcp_read(handle: i32, ptr: u32, len: u32) -> i32;
        pub fn tcp_write(handle: i32, ptr: u32, len: u32) -> i32;
        pub fn tcp_close(handle: i32) -> i32;
        pub fn tcp_set_timeout(handle: i32, read_ms: i32) -> i32;
    }
}

fn open(config: &Config) -> Result<TcpStream> {
    let host = config.host.as_deref().unwrap_or("localhost");
    TcpStream::connect(host, config.port, Duration::from_secs(5))
}

/// Writes "ping" and reads one answer.
pub fn connect(config: &Config) -> Result<Observation> {
    let mut observation = Observation::default();
    match open(config) {
        Err(error) => observation.note_outcome("tcp_connect", Err(error)),
        Ok(mut stream) => {
            observation.note_outcome("tcp_connect", Ok(Value::Null));
            observation.note_outcome("exchange", exchange(&mut stream));
        }
    }
    Ok(observation)
}

fn exchange(stream: &mut TcpStream) -> Result<Value> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"ping")?;
    let mut answer = vec![0; 64 * 1024];
    let size = stream.read(&mut answer)?;
    Ok(json!(String::from_utf8_lossy(&answer[..size])))
}

/// Keeps all connections open until it returns.
pub fn connect_many(config: &Config) -> Result<Observation> {
    let mut observation = Observation::default();
    let mut streams = Vec::new();
    for _ in 0..config.connections {
        match open(config) {
            Ok(stream) => streams.push(stream),
            Err(error) => {
                observation.note_outcome("tcp_connect", Err(error));
                break;
            }
        }
    }
    observation.note_outcome("connections", Ok(json!(streams.len())));
    Ok(observation)
}

/// Uses connections that do not exist.
pub fn use_an_unknown_handle() -> Result<Observation> {
    let mut observation = Observation::default();
    let mut buffer = [0u8; 16];
    let (ptr, len) = (buffer.as_mut_ptr() as u32, buffer.len() as u32);
    for handle in [0, -1, 12345] {
        // SAFETY: the range is that of the buffer.
        unsafe {
            observation.note("tcp_read", raw::tcp_read(handle, ptr, len).into());
            observation.note("tcp_write", raw::tcp_write(handle, ptr, len).into());
            observation.note("tcp_set_timeout", raw::tcp_set_timeout(handle, 10).into());
            observation.note("tcp_close", raw::tcp_close(handle).into());
        }
    }
    Ok(observation)
}
