// SPDX-License-Identifier: Apache-2.0

//! What the client needs of a byte stream. In a connector it is a connection of the host; in tests it is a script.

use std::io::{Read, Write};
use std::time::Duration;

use crate::error::Result;
use crate::tcp::{TcpStream, TlsOptions};

/// A blocking byte stream to a server, which can continue in TLS.
pub trait Transport: Read + Write {
    /// Continues in TLS. No byte of the server may be waiting unread.
    fn start_tls(&mut self, options: &TlsOptions) -> Result<()>;

    /// What SCRAM-SHA-256-PLUS is bound to: a hash of the server's certificate, once there is TLS; `None` when that has none.
    fn channel_binding(&mut self) -> Result<Option<Vec<u8>>>;

    /// What to send to the server, apart from this stream, when the run is cancelled. A stream that nobody cancels has no use for it.
    fn on_cancel(&mut self, _request: &[u8]) -> Result<()> {
        Ok(())
    }

    /// How long a read may wait; `None`: until the run is cancelled.
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> Result<()>;
}

impl Transport for TcpStream {
    fn start_tls(&mut self, options: &TlsOptions) -> Result<()> {
        TcpStream::start_tls(self, options)
    }

    fn channel_binding(&mut self) -> Result<Option<Vec<u8>>> {
        TcpStream::channel_binding(self)
    }

    fn on_cancel(&mut self, request: &[u8]) -> Result<()> {
        TcpStream::on_cancel(self, request)
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> Result<()> {
        TcpStream::set_read_timeout(self, timeout)
    }
}
