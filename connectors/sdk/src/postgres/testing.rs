// SPDX-License-Identifier: Apache-2.0

//! A scripted server for the tests: it plays recorded bytes and keeps what it is sent.

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use crate::error::{Category, Error, Result};
use crate::tcp::TlsOptions;

use super::config::{ChannelBinding, Config, Password, SslMode, TargetSession};
use super::connection::Connection;
use super::transport::Transport;

/// A transport whose reads come from a script. Clones share it, so that a test can look at it from outside.
#[derive(Clone)]
pub struct Script {
    replies: Rc<RefCell<(Vec<u8>, usize)>>,
    sent: Rc<RefCell<Vec<u8>>>,
    tls: Rc<RefCell<Option<TlsOptions>>>,
    read_at_most: Rc<Cell<usize>>,
    refuses_writes: Rc<Cell<bool>>,
    has_tls: bool,
    has_hash: bool,
}

impl Script {
    pub fn new(replies: Vec<u8>) -> Script {
        Script {
            replies: Rc::new(RefCell::new((replies, 0))),
            sent: Rc::default(),
            tls: Rc::default(),
            read_at_most: Rc::new(Cell::new(usize::MAX)),
            refuses_writes: Rc::default(),
            has_tls: true,
            has_hash: true,
        }
    }

    /// With a certificate whose algorithm defines no hash.
    pub fn without_hash(mut self) -> Script {
        self.has_hash = false;
        self
    }

    pub fn without_tls(mut self) -> Script {
        self.has_tls = false;
        self
    }

    pub fn sent(&self) -> Rc<RefCell<Vec<u8>>> {
        self.sent.clone()
    }

    pub fn tls(&self) -> Rc<RefCell<Option<TlsOptions>>> {
        self.tls.clone()
    }

    pub fn read_at_most(&self, count: usize) {
        self.read_at_most.set(count);
    }

    pub fn refuse_writes(&self) {
        self.refuses_writes.set(true);
    }
}

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (bytes, position) = &mut *self.replies.borrow_mut();
        let count = buffer.len().min(bytes.len() - *position).min(self.read_at_most.get());
        buffer[..count].copy_from_slice(&bytes[*position..*position + count]);
        *position += count;
        Ok(count)
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.refuses_writes.get() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.sent.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Script {
    fn start_tls(&mut self, options: &TlsOptions) -> Result<()> {
        if !self.has_tls {
            return Err(Error::new(
                Category::TransientNetwork,
                "tls_failed",
                "the handshake failed",
            ));
        }
        *self.tls.borrow_mut() = Some(options.clone());
        Ok(())
    }

    fn channel_binding(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(self.has_hash.then(|| CERTIFICATE_HASH.to_vec()))
    }

    fn set_read_timeout(&mut self, _timeout: Option<Duration>) -> Result<()> {
        Ok(())
    }
}

/// The hash of the scripted server's certificate.
pub const CERTIFICATE_HASH: &[u8] = b"the hash of the certificate";

pub fn config(sslmode: &str) -> Config {
    Config {
        host: "db".into(),
        port: 5432,
        user: "ann".into(),
        password: Some(Password::new("geheim")),
        database: "shop".into(),
        schema: "public".into(),
        sslmode: match sslmode {
            "disable" => SslMode::Disable,
            "prefer" => SslMode::Prefer,
            "require" => SslMode::Require,
            _ => SslMode::VerifyFull,
        },
        further_servers: Vec::new(),
        target_session_attrs: TargetSession::Any,
        channel_binding: ChannelBinding::Prefer,
        sslrootcert: None,
        sslcert: None,
        sslkey: None,
        connect_timeout_seconds: 10,
        statement_timeout_seconds: 0,
        application_name: "test".into(),
    }
}

/// A connection that is ready, to a server that then answers with `replies`.
pub fn connected(replies: Vec<u8>) -> (Connection<Script>, Script) {
    let mut all = handshake();
    all.extend(replies);
    let script = Script::new(all);
    let connection = Connection::connect(&config("disable"), |_| Ok(script.clone())).unwrap();
    (connection, script)
}

pub fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![tag];
    message.extend((body.len() as u32 + 4).to_be_bytes());
    message.extend(body);
    message
}

pub fn authentication(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut content = kind.to_be_bytes().to_vec();
    content.extend(body);
    message(b'R', &content)
}

pub fn ready() -> Vec<u8> {
    message(b'Z', b"I")
}

pub fn error_response(severity: &str, code: &str, text: &str) -> Vec<u8> {
    message(
        b'E',
        format!("S{}\0V{}\0C{}\0M{}\0\0", severity, severity, code, text).as_bytes(),
    )
}

/// Everything up to the answer to the settings that the client makes, from a server that asks for no password.
pub fn handshake() -> Vec<u8> {
    let mut bytes = authentication(0, b"");
    bytes.extend(handshake_tail());
    bytes
}

/// The same behind the authentication.
pub fn handshake_tail() -> Vec<u8> {
    let mut bytes = message(b'S', b"server_version\x0015.3 (Debian 15.3-0)\0");
    bytes.extend(message(b'S', b"server_encoding\0UTF8\0"));
    bytes.extend(message(b'K', &[0, 0, 0, 1, 0, 0, 0, 2]));
    bytes.extend(ready());
    // The settings, and the check of the connection.
    for _ in 0..2 {
        bytes.extend(message(b'C', b"SET\0"));
        bytes.extend(ready());
    }
    bytes
}
