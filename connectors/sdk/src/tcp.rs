// SPDX-License-Identifier: Apache-2.0

//! A blocking TCP connection, opened and held by the host.

use crate::abi::{check, imports};
use crate::error::{Error, Result};
use serde::Serialize;
use std::io::{self, Read, Write};
use std::time::Duration;

/// Bytes of the longest hash that certificates are signed with, SHA-512.
const LARGEST_HASH: usize = 64;

/// A connection. Reads and writes go to the host as they are: use pieces of 64 KiB and more, each call costs a crossing.
///
/// An [`io::Error`] that comes out of it carries the host's error record, and `rapidbyte_sdk::Error::from` takes it out.
#[derive(Debug)]
pub struct TcpStream {
    handle: i32,
}

/// How the host secures a connection (docs/abi.md, `tcp_start_tls`).
#[derive(Clone, Default, Serialize)]
pub struct TlsOptions {
    pub server_name: String,
    pub verify: TlsVerification,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_pem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_cert_pem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key_pem: Option<String>,
}

/// What of the server's certificate is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsVerification {
    /// Nothing: whoever answers is believed.
    None,
    /// That an authority signed it.
    Ca,
    /// That an authority signed it and that it is for this server.
    #[default]
    Full,
}

impl TcpStream {
    /// Connects to `port` of `host`, which the host resolves and checks against what the connector was granted.
    pub fn connect(host: &str, port: u16, timeout: Duration) -> Result<TcpStream> {
        let status = imports::tcp_connect(host.as_bytes(), i32::from(port), milliseconds(timeout));
        check("tcp_connect", status).map(|handle| TcpStream { handle })
    }

    /// Upgrades the connection. Everything the server sent must have been read before.
    pub fn start_tls(&mut self, options: &TlsOptions) -> Result<()> {
        let json = serde_json::to_vec(options).map_err(|cause| Error::internal(cause.to_string()))?;
        check("tcp_start_tls", imports::tcp_start_tls(self.handle, &json)).map(|_| ())
    }

    /// What authentication can be bound to so that nobody can stand in between (RFC 5929, `tls-server-end-point`): a hash of the
    /// certificate of the server that this connection is encrypted with. `None` when the way it is signed defines no hash.
    pub fn channel_binding(&mut self) -> Result<Option<Vec<u8>>> {
        let mut hash = vec![0; LARGEST_HASH];
        let size = imports::tcp_channel_binding(self.handle, &mut hash);
        let size = check("tcp_channel_binding", size)? as usize;
        if size > hash.len() {
            return Err(Error::internal(format!(
                "the host has a channel binding of {} bytes",
                size
            )));
        }
        hash.truncate(size);
        Ok(if hash.is_empty() { None } else { Some(hash) })
    }

    /// What the host sends to the same server, on a connection of its own, when the run is cancelled while this one is open: a request to
    /// stop what the server is doing for it, which does not notice by itself that nobody waits any more.
    pub fn on_cancel(&mut self, request: &[u8]) -> Result<()> {
        check("tcp_on_cancel", imports::tcp_on_cancel(self.handle, request)).map(|_| ())
    }

    /// How long a read may wait; `None`: until the run is cancelled.
    pub fn set_read_timeout(&mut self, timeout: Option<Duration>) -> Result<()> {
        // Zero means no timeout to the host, so that a shorter one than it can count becomes the shortest.
        let wait = timeout.map_or(0, |timeout| milliseconds(timeout).max(1));
        check("tcp_set_timeout", imports::tcp_set_timeout(self.handle, wait)).map(|_| ())
    }
}

fn milliseconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}

impl Read for TcpStream {
    /// Waits for at least one byte; 0 is the end of the stream.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // Asking for nothing must not wait.
        if into.is_empty() {
            return Ok(0);
        }
        let read = check("tcp_read", imports::tcp_read(self.handle, into))? as usize;
        if read > into.len() {
            return Err(Error::internal("the host says it read more than it was given room for").into());
        }
        Ok(read)
    }
}

impl Write for TcpStream {
    /// Writes all of `bytes`.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = check("tcp_write", imports::tcp_write(self.handle, bytes))? as usize;
        if written != bytes.len() {
            return Err(Error::internal("the host did not write all it was given").into());
        }
        Ok(written)
    }

    /// The host buffers nothing.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for TcpStream {
    fn drop(&mut self) {
        // Closing fails only for a handle the host never gave out, and there is nobody here to tell.
        imports::tcp_close(self.handle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{set_host, StandInHost};
    use crate::error::Category;
    use std::net::TcpListener;

    const SECOND: Duration = Duration::from_secs(1);

    fn listener() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    #[test]
    fn what_is_written_arrives_and_what_is_answered_is_read() {
        set_host(StandInHost::default());
        let (listener, port) = listener();
        let echo = std::thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            let mut question = [0; 5];
            peer.read_exact(&mut question).unwrap();
            peer.write_all(&question).unwrap();
        });
        let mut stream = TcpStream::connect("127.0.0.1", port, SECOND).unwrap();
        stream.write_all(b"hello").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, b"hello");
        echo.join().unwrap();
    }

    #[test]
    fn a_refused_connection_keeps_its_error_record() {
        set_host(StandInHost::default());
        let (listener, port) = listener();
        drop(listener);
        let error = TcpStream::connect("127.0.0.1", port, SECOND).unwrap_err();
        assert_eq!(
            (error.category(), error.code()),
            (Category::TransientNetwork, "connection_refused")
        );
    }

    #[test]
    fn a_read_that_takes_too_long_fails_with_the_hosts_record() {
        set_host(StandInHost::default());
        let (_listener, port) = listener();
        let mut stream = TcpStream::connect("127.0.0.1", port, SECOND).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        let error = Error::from(stream.read(&mut [0; 1]).unwrap_err());
        assert_eq!(
            (error.category(), error.code()),
            (Category::TransientNetwork, "timeout")
        );
        assert!(error.message().starts_with("reading: "), "{}", error);
    }

    #[test]
    fn the_json_for_tls_has_the_names_of_the_abi() {
        let options = TlsOptions {
            server_name: "db".to_string(),
            verify: TlsVerification::Ca,
            ..TlsOptions::default()
        };
        assert_eq!(
            serde_json::to_string(&options).unwrap(),
            r#"{"server_name":"db","verify":"ca"}"#
        );
    }
}
