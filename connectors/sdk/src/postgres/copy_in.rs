// SPDX-License-Identifier: Apache-2.0

//! COPY … FROM STDIN. The data goes to the socket straight from the caller's buffer.

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use crate::error::{Error, Result};

use super::buffer::{LONGEST_MESSAGE, MESSAGE_HEADER};
use super::connection::{Connection, Reply};
use super::error::protocol_error;
use super::simple_query::rows_of_tag;
use super::transport::Transport;

/// How many bytes at the front of a buffer given to [`CopyIn::send`] are left free for the message's header.
pub const COPY_DATA_PREFIX: usize = MESSAGE_HEADER;

/// A running COPY into the server.
///
/// One that is dropped before [`CopyIn::finish`] or [`CopyIn::abort`] leaves the connection in the middle of the copy:
/// it is not ready any more, and to be dropped too, upon which the server undoes the copy.
pub struct CopyIn<'a, T> {
    connection: &'a mut Connection<T>,
}

impl<T: Transport> Connection<T> {
    /// Starts `COPY … FROM STDIN (FORMAT binary)`.
    pub fn copy_in(&mut self, sql: &str) -> Result<CopyIn<'_, T>> {
        self.start_query(sql)?;
        match self.receive()? {
            Reply::Message(Message::CopyInResponse(body)) if body.format() == 1 => Ok(CopyIn { connection: self }),
            Reply::Message(Message::CopyInResponse(_)) => Err(Error::internal("the COPY is not in binary format")),
            Reply::Message(_) => Err(protocol_error("an unexpected message in the answer to COPY FROM")),
            Reply::Error(error) => Err(self.recover(error)),
        }
    }
}

impl<T: Transport> CopyIn<'_, T> {
    /// Sends one CopyData message. The first [`COPY_DATA_PREFIX`] bytes of `message` are overwritten with its header;
    /// the data is what follows them. Postgres does not care where rows begin and end in it.
    ///
    /// An error in the data is not seen here but in [`CopyIn::finish`]: until then the server drops what it gets.
    pub fn send(&mut self, message: &mut [u8]) -> Result<()> {
        // The tag is not part of what the length counts.
        let length = message.len() - 1;
        if message.len() < COPY_DATA_PREFIX || length > LONGEST_MESSAGE {
            return Err(Error::internal("a CopyData message is too short or too long"));
        }
        message[0] = b'd';
        message[1..COPY_DATA_PREFIX].copy_from_slice(&(length as u32).to_be_bytes());
        self.connection.send(message)
    }

    /// Ends the copy; returns the number of rows that were copied. The connection is ready again, also after an error.
    pub fn finish(self) -> Result<u64> {
        let mut message = BytesMut::new();
        frontend::copy_done(&mut message);
        self.connection.send(&message)?;
        let mut rows = 0;
        loop {
            match self.connection.receive()? {
                Reply::Message(Message::CommandComplete(body)) => {
                    rows = rows_of_tag(body.tag().map_err(protocol_error)?)
                }
                Reply::Message(Message::ReadyForQuery(_)) => return Ok(rows),
                Reply::Message(_) => return Err(protocol_error("an unexpected message at the end of COPY FROM")),
                Reply::Error(error) => return Err(self.connection.recover(error)),
            }
        }
    }

    /// Gives the copy up, so that nothing of it is kept, and leaves the connection ready. A transaction it was part of
    /// has failed.
    pub fn abort(self, reason: &str) -> Result<()> {
        let mut message = BytesMut::new();
        frontend::copy_fail(reason, &mut message)?;
        self.connection.send(&message)?;
        match self.connection.receive()? {
            // The server answers every CopyFail with an error: it is the confirmation.
            Reply::Error(error) if error.is_fatal() => Err(self.connection.recover(error)),
            Reply::Error(error) => {
                self.connection.recover(error);
                Ok(())
            }
            Reply::Message(_) => Err(protocol_error("a CopyFail was not answered with an error")),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::postgres::testing::{connected, error_response, message, ready};

    fn copy_in_response(format: u8) -> Vec<u8> {
        message(b'G', &[format, 0, 1, 0, format])
    }

    #[test]
    fn data_is_framed_in_place() {
        let mut reply = copy_in_response(1);
        reply.extend(message(b'C', b"COPY 12\0"));
        reply.extend(ready());
        let (mut connection, script) = connected(reply);
        let sent = script.sent();
        sent.borrow_mut().clear();
        let mut copy = connection.copy_in("COPY").unwrap();
        copy.send(&mut *b".....abc".to_vec()).unwrap();
        copy.send(&mut *b".....".to_vec()).unwrap();
        assert_eq!(copy.finish().unwrap(), 12);
        assert_eq!(*sent.borrow(), b"Q\0\0\0\x09COPY\0d\0\0\0\x07abcd\0\0\0\x04c\0\0\0\x04");
        assert!(connection.is_ready());
    }

    #[test]
    fn an_error_in_the_data_comes_at_the_end_and_leaves_a_ready_connection() {
        let mut reply = copy_in_response(1);
        reply.extend(error_response("ERROR", "22P03", "incorrect binary data format"));
        reply.extend(ready());
        let (mut connection, _) = connected(reply);
        let copy = connection.copy_in("COPY").unwrap();
        assert_eq!(copy.finish().unwrap_err().code(), "22P03");
        assert!(connection.is_ready());
    }

    #[test]
    fn an_aborted_copy_leaves_a_ready_connection() {
        let mut reply = copy_in_response(1);
        reply.extend(error_response("ERROR", "57014", "COPY from stdin failed: why"));
        reply.extend(ready());
        let (mut connection, script) = connected(reply);
        connection.copy_in("COPY").unwrap().abort("why").unwrap();
        assert!(connection.is_ready());
        assert!(script.sent().borrow().ends_with(b"f\0\0\0\x08why\0"));
    }

    #[test]
    fn a_dropped_copy_makes_the_connection_unusable() {
        let (mut connection, _) = connected(copy_in_response(1));
        drop(connection.copy_in("COPY").unwrap());
        assert_eq!(connection.query("SELECT 1").unwrap_err().code(), "connection_lost");
    }

    #[test]
    fn a_server_that_hangs_up_while_data_is_sent_has_the_last_word() {
        let mut reply = copy_in_response(1);
        reply.extend(error_response(
            "FATAL",
            "57P01",
            "terminating connection due to administrator command",
        ));
        let (mut connection, script) = connected(reply);
        let mut copy = connection.copy_in("COPY").unwrap();
        script.refuse_writes();
        assert_eq!(copy.send(&mut [0; 100]).unwrap_err().code(), "57P01");
    }
}
