// SPDX-License-Identifier: Apache-2.0

use super::host::Host;
use super::{BatchHeader, Code};
use crate::error::{Category, Error};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Everything a connector told a [`StandInHost`].
#[derive(Debug, Default)]
pub struct Recording {
    /// The frames, each with the unit that was claimed last.
    pub emitted: Vec<(i64, Vec<u8>)>,
    pub claimed: Vec<i64>,
    pub checkpoints: Vec<Value>,
    pub dead_letters: Vec<Value>,
    /// Level and text.
    pub log: Vec<(i32, String)>,
    /// Counters and durations summed up, the last value of gauges.
    pub metrics: HashMap<String, i64>,
}

/// A host for native tests: grants claims, feeds batches from a list, opens real sockets to anywhere, and records
/// what it is told. It has no TLS.
///
/// ```
/// use rapidbyte_sdk::abi::{self, StandInHost};
/// let host = StandInHost::default().granting(1);
/// let recording = host.recording();
/// abi::set_host(host);
/// assert!(abi::claim(0).unwrap() && !abi::claim(1).unwrap());
/// assert_eq!(recording.borrow().claimed, vec![0]);
/// ```
pub struct StandInHost {
    recording: Rc<RefCell<Recording>>,
    input: StandInInput,
    claims_left: u64,
    claim_failure: Option<Error>,
    connections: HashMap<i32, TcpStream>,
    last_handle: i32,
    last_error: Option<Error>,
    cancelled: bool,
    started: Instant,
}

/// What `next_batch` still gives; `None` is a request for a checkpoint.
#[derive(Clone, Default)]
pub struct StandInInput(Rc<RefCell<VecDeque<Option<Vec<u8>>>>>);

impl StandInInput {
    /// Adds a batch.
    pub fn push(&self, header: BatchHeader, frame: &[u8]) {
        let mut bytes = header.to_bytes().to_vec();
        bytes.extend_from_slice(frame);
        self.0.borrow_mut().push_back(Some(bytes));
    }

    /// Takes away what no call has taken.
    pub fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}

impl Default for StandInHost {
    fn default() -> StandInHost {
        StandInHost {
            recording: Rc::default(),
            input: StandInInput::default(),
            claims_left: u64::MAX,
            claim_failure: None,
            connections: HashMap::new(),
            last_handle: 0,
            last_error: None,
            cancelled: false,
            started: Instant::now(),
        }
    }
}

impl StandInHost {
    /// Where what the connector says ends up; keep it before the host is given away.
    pub fn recording(&self) -> Rc<RefCell<Recording>> {
        Rc::clone(&self.recording)
    }

    /// Grants only this many claims; without this, all of them.
    #[must_use]
    pub fn granting(mut self, claims: u64) -> StandInHost {
        self.claims_left = claims;
        self
    }

    /// Fails every claim with this record.
    #[must_use]
    pub fn failing_claims(mut self, error: Error) -> StandInHost {
        self.claim_failure = Some(error);
        self
    }

    /// Adds a batch to what `next_batch` gives.
    #[must_use]
    pub fn with_batch(self, header: BatchHeader, frame: &[u8]) -> StandInHost {
        self.input.push(header, frame);
        self
    }

    /// Adds a request for a checkpoint to what `next_batch` gives.
    #[must_use]
    pub fn with_checkpoint(self) -> StandInHost {
        self.input.0.borrow_mut().push_back(None);
        self
    }

    /// By which `next_batch` can be given more when the host has been given away, for a connector that is called again.
    pub fn input(&self) -> StandInInput {
        self.input.clone()
    }

    /// Behaves as if the run were being cancelled.
    #[must_use]
    pub fn cancelled(mut self) -> StandInHost {
        self.cancelled = true;
        self
    }

    fn fail(&mut self, code: Code, error: Error) -> i32 {
        self.last_error = Some(error);
        code as i32
    }

    fn fail_io(&mut self, what: &str, cause: std::io::Error) -> i32 {
        self.fail(Code::Failed, Error::from(cause).context(what))
    }

    fn unknown_handle(&mut self, handle: i32) -> i32 {
        self.fail(
            Code::BadArgument,
            Error::internal(format!("there is no connection {}", handle)),
        )
    }

    fn record_json(&mut self, json: &[u8], into: impl FnOnce(&mut Recording, Value)) -> i32 {
        match serde_json::from_slice(json) {
            Ok(value) => {
                into(&mut self.recording.borrow_mut(), value);
                0
            }
            Err(cause) => self.fail(Code::BadArgument, Error::internal(cause.to_string())),
        }
    }
}

impl Host for StandInHost {
    fn emit_batch(&mut self, frame: &[u8]) -> i32 {
        let mut recording = self.recording.borrow_mut();
        match recording.claimed.last().copied() {
            Some(unit) => {
                recording.emitted.push((unit, frame.to_vec()));
                0
            }
            None => {
                drop(recording);
                self.fail(Code::WrongState, Error::internal("a batch was emitted before a claim"))
            }
        }
    }

    fn next_batch(&mut self, into: &mut [u8]) -> i64 {
        let mut input = self.input.0.borrow_mut();
        match input.front() {
            None => Code::End as i64,
            Some(None) => {
                input.pop_front();
                Code::Checkpoint as i64
            }
            Some(Some(bytes)) => {
                let size = bytes.len();
                if size <= into.len() {
                    into[..size].copy_from_slice(bytes);
                    input.pop_front();
                }
                size as i64
            }
        }
    }

    fn claim(&mut self, unit: i64) -> i32 {
        if let Some(error) = self.claim_failure.clone() {
            return self.fail(Code::Failed, error);
        }
        if self.claims_left == 0 {
            return 0;
        }
        self.claims_left -= 1;
        self.recording.borrow_mut().claimed.push(unit);
        1
    }

    fn checkpoint(&mut self, json: &[u8]) -> i32 {
        self.record_json(json, |recording, value| recording.checkpoints.push(value))
    }

    fn emit_dlq(&mut self, json: &[u8]) -> i32 {
        self.record_json(json, |recording, value| recording.dead_letters.push(value))
    }

    fn log(&mut self, level: i32, line: &[u8]) {
        let line = String::from_utf8_lossy(line).into_owned();
        self.recording.borrow_mut().log.push((level, line));
    }

    fn metric(&mut self, kind: i32, name: &[u8], value: i64) -> i32 {
        let name = String::from_utf8_lossy(name).into_owned();
        let mut recording = self.recording.borrow_mut();
        let metric = recording.metrics.entry(name).or_insert(0);
        *metric = if kind == 1 { value } else { *metric + value };
        0
    }

    fn clock(&mut self, which: i32) -> i64 {
        let time = match which {
            0 => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
            _ => self.started.elapsed(),
        };
        i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
    }

    fn random(&mut self, into: &mut [u8]) -> i32 {
        match std::fs::File::open("/dev/urandom").and_then(|mut device| device.read_exact(into)) {
            Ok(()) => 0,
            Err(cause) => self.fail_io("random", cause),
        }
    }

    fn is_cancelled(&mut self) -> i32 {
        i32::from(self.cancelled)
    }

    fn tcp_connect(&mut self, host: &[u8], port: i32, timeout_ms: i32) -> i32 {
        let (host, port) = match (std::str::from_utf8(host), u16::try_from(port)) {
            (Ok(host), Ok(port)) => (host, port),
            _ => return self.fail(Code::BadArgument, Error::internal("not an address")),
        };
        let timeout = Duration::from_millis(timeout_ms.max(1) as u64);
        let connected = (host, port)
            .to_socket_addrs()
            .and_then(|mut addresses| match addresses.next() {
                Some(address) => TcpStream::connect_timeout(&address, timeout),
                None => Err(std::io::ErrorKind::NotFound.into()),
            });
        match connected {
            Ok(connection) => {
                self.last_handle += 1;
                self.connections.insert(self.last_handle, connection);
                self.last_handle
            }
            Err(cause) => self.fail_io(&format!("cannot connect to {}:{}", host, port), cause),
        }
    }

    fn tcp_start_tls(&mut self, _handle: i32, _json: &[u8]) -> i32 {
        self.fail(
            Code::Failed,
            Error::new(Category::Internal, "no_tls", "the host of native tests has no TLS"),
        )
    }

    fn tcp_channel_binding(&mut self, handle: i32, _into: &mut [u8]) -> i32 {
        match self.connections.contains_key(&handle) {
            true => self.fail(Code::WrongState, Error::internal("the connection uses no TLS")),
            false => self.unknown_handle(handle),
        }
    }

    fn tcp_on_cancel(&mut self, handle: i32, _bytes: &[u8]) -> i32 {
        match self.connections.contains_key(&handle) {
            true => 0,
            false => self.unknown_handle(handle),
        }
    }

    fn tcp_read(&mut self, handle: i32, into: &mut [u8]) -> i32 {
        match self
            .connections
            .get_mut(&handle)
            .map(|connection| connection.read(into))
        {
            Some(Ok(count)) => count as i32,
            Some(Err(cause)) => self.fail_io("reading", cause),
            None => self.unknown_handle(handle),
        }
    }

    fn tcp_write(&mut self, handle: i32, bytes: &[u8]) -> i32 {
        match self
            .connections
            .get_mut(&handle)
            .map(|connection| connection.write_all(bytes))
        {
            Some(Ok(())) => bytes.len() as i32,
            Some(Err(cause)) => self.fail_io("writing", cause),
            None => self.unknown_handle(handle),
        }
    }

    fn tcp_set_timeout(&mut self, handle: i32, read_ms: i32) -> i32 {
        let timeout = match u64::try_from(read_ms) {
            Ok(0) => None,
            Ok(milliseconds) => Some(Duration::from_millis(milliseconds)),
            Err(_) => return self.fail(Code::BadArgument, Error::internal("a negative timeout")),
        };
        match self
            .connections
            .get(&handle)
            .map(|connection| connection.set_read_timeout(timeout))
        {
            Some(Ok(())) => 0,
            Some(Err(cause)) => self.fail_io("setting the timeout", cause),
            None => self.unknown_handle(handle),
        }
    }

    fn tcp_close(&mut self, handle: i32) -> i32 {
        if handle < 1 || handle > self.last_handle {
            return self.unknown_handle(handle);
        }
        self.connections.remove(&handle);
        0
    }

    fn last_error(&mut self, into: &mut [u8]) -> i32 {
        let record = match &self.last_error {
            Some(error) => error.to_json().to_string(),
            None => return 0,
        };
        if let Some(target) = into.get_mut(..record.len()) {
            target.copy_from_slice(record.as_bytes());
        }
        record.len() as i32
    }
}
