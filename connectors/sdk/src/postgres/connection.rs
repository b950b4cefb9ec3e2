// SPDX-License-Identifier: Apache-2.0

//! A connection: the transport, what was read from it, and what the server said of its state.

use std::collections::HashMap;
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use crate::abi;
use crate::error::{Category, Error, Result};

use super::buffer::{ReadBuffer, MESSAGE_HEADER};
use super::connect::SILENCE;
use super::error::{connection_lost, protocol_error, ServerError};
use super::transport::Transport;

/// The longest message other than CopyData that is taken: rows of the catalogue and errors are far below it.
const LONGEST_PLAIN_MESSAGE: usize = 64 << 20;

/// What the server said of the transaction when it last was ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    Idle,
    Open,
    Failed,
}

/// One message of the server. Errors are apart from the rest because any conversation can meet one.
pub(super) enum Reply {
    Message(Message),
    Error(ServerError),
}

/// A connection that has been authenticated.
pub struct Connection<T> {
    pub(super) transport: T,
    pub(super) input: ReadBuffer,
    server: String,
    parameters: HashMap<String, String>,
    transaction: TransactionStatus,
    pub(super) ready: bool,
    /// By when it has to be ready for the first time, on the host's monotonic clock.
    pub(super) deadline: Option<i64>,
}

/// What is left of the time for connecting.
pub(super) fn time_left(deadline: i64) -> Result<Duration> {
    match u64::try_from(deadline - abi::monotonic_nanos()) {
        Ok(left) if left > 0 => Ok(Duration::from_nanos(left)),
        _ => Err(Error::new(
            Category::TransientNetwork,
            SILENCE,
            "the time for connecting is over",
        )),
    }
}

impl<T: Transport> Connection<T> {
    pub(super) fn new(transport: T, server: String) -> Connection<T> {
        Connection {
            transport,
            input: ReadBuffer::new(),
            server,
            parameters: HashMap::new(),
            transaction: TransactionStatus::Idle,
            ready: false,
            deadline: None,
        }
    }

    /// How messages call the server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// A setting that the server reports: `server_version`, `server_encoding`, `in_hot_standby`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// The major version of the server, such as 15; 0 when it reports none.
    pub fn server_major_version(&self) -> u32 {
        let version = self.parameter("server_version").unwrap_or("");
        let digits = version
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(version.len());
        version[..digits].parse().unwrap_or(0)
    }

    /// Whether a transaction is open.
    pub fn transaction_status(&self) -> TransactionStatus {
        self.transaction
    }

    /// Whether the connection can take a query. Once a conversation was left in its middle it never can again.
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// Says goodbye, so that the server does not log a lost connection.
    pub fn close(mut self) -> Result<()> {
        let mut message = BytesMut::new();
        frontend::terminate(&mut message);
        self.transport
            .write_all(&message)
            .and_then(|()| self.transport.flush())
            .map_err(Error::from)
    }

    /// Starts a conversation of statements that are sent one by one: it ends the way a query does.
    pub(super) fn start_conversation(&mut self) -> Result<()> {
        if !self.ready {
            return Err(connection_lost(&self.server));
        }
        self.ready = false;
        Ok(())
    }

    /// Starts a conversation: sends a query, after which the connection is not ready until the server says so.
    pub(super) fn start_query(&mut self, sql: &str) -> Result<()> {
        if !self.ready {
            return Err(connection_lost(&self.server));
        }
        let mut message = BytesMut::with_capacity(sql.len() + 6);
        frontend::query(sql, &mut message).map_err(|_| {
            Error::config(
                "zero_byte",
                "a name or a value in a query holds a zero byte, which Postgres cannot store",
            )
        })?;
        self.ready = false;
        self.send(&message)
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        match self.transport.write_all(bytes).and_then(|()| self.transport.flush()) {
            Ok(()) => Ok(()),
            Err(cause) => Err(self.last_words(cause.into())),
        }
    }

    /// Why the server hung up: it may have said so before it did, which tells more than a failed write.
    fn last_words(&mut self, cause: Error) -> Error {
        self.ready = false;
        if cause.category() == Category::Cancelled {
            return cause;
        }
        loop {
            match self.receive() {
                Ok(Reply::Error(error)) => return error.into_record(&self.server),
                Ok(Reply::Message(_)) => {}
                Err(_) => return cause.context(&self.server),
            }
        }
    }

    /// The next message that belongs to the conversation. Settings and notices, which can come at any time, do not.
    pub(super) fn receive(&mut self) -> Result<Reply> {
        loop {
            if let Some(reply) = self.receive_one()? {
                return Ok(reply);
            }
        }
    }

    /// Takes exactly one message; `None` for one that does not belong to the conversation.
    pub(super) fn receive_one(&mut self) -> Result<Option<Reply>> {
        let size = self.wait_for_message()?;
        let message = &self.input.unread()[..size];
        let reply = match message[0] {
            b'E' => Some(Reply::Error(ServerError::parse(&message[MESSAGE_HEADER..]))),
            // Notices are for people at a terminal, and may come in any encoding.
            b'N' => None,
            _ => {
                let parsed = Message::parse(&mut BytesMut::from(message)).map_err(protocol_error)?;
                Some(Reply::Message(
                    parsed.ok_or_else(|| protocol_error("an incomplete message"))?,
                ))
            }
        };
        self.input.consume(size);
        match reply {
            Some(Reply::Message(Message::ParameterStatus(body))) => {
                let name = body.name().map_err(protocol_error)?.to_owned();
                self.parameters
                    .insert(name, body.value().map_err(protocol_error)?.to_owned());
                return Ok(None);
            }
            Some(Reply::Message(Message::NotificationResponse(_))) => return Ok(None),
            Some(Reply::Message(Message::ReadyForQuery(ref body))) => {
                self.transaction = match body.status() {
                    b'I' => TransactionStatus::Idle,
                    b'T' => TransactionStatus::Open,
                    _ => TransactionStatus::Failed,
                };
                self.ready = true;
            }
            _ => {}
        }
        Ok(reply)
    }

    /// Waits until a whole message is here and returns its size.
    fn wait_for_message(&mut self) -> Result<usize> {
        loop {
            if let Some(header) = self.input.header()? {
                if header.size <= self.input.unread().len() {
                    return Ok(header.size);
                }
                if header.size > LONGEST_PLAIN_MESSAGE {
                    return Err(protocol_error(format!(
                        "it announced a message of {} bytes",
                        header.size
                    )));
                }
                self.input.reserve(header.size)?;
            }
            self.fill()?;
        }
    }

    /// Ends a conversation that met an error: waits until the server is ready again, and returns the error's record.
    pub(super) fn recover(&mut self, error: ServerError) -> Error {
        let fatal = error.is_fatal();
        let record = error.into_record(&self.server);
        while !fatal && !self.ready {
            // The first error says what went wrong; one that follows it, or a lost connection, only that it did.
            if self.receive().is_err() {
                break;
            }
        }
        record
    }

    pub(super) fn fill(&mut self) -> Result<()> {
        if let Some(deadline) = self.deadline {
            // A server that goes on talking would otherwise hold the run up as long as it likes.
            let left = time_left(deadline)?;
            self.transport.set_read_timeout(Some(left))?;
        }
        match self.input.fill(&mut self.transport) {
            Ok(0) => {
                self.ready = false;
                Err(connection_lost(&self.server))
            }
            Ok(_) => Ok(()),
            Err(cause) => {
                self.ready = false;
                Err(cause.context(&self.server))
            }
        }
    }
}
