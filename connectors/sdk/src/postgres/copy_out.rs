// SPDX-License-Identifier: Apache-2.0

//! COPY … TO STDOUT. The data is handed out where it was read, as whole messages, and never copied on the way.

use postgres_protocol::message::backend::Message;

use crate::error::{Error, Result};

use super::buffer::MESSAGE_HEADER;
use super::connection::{Connection, Reply};
use super::error::protocol_error;
use super::transport::Transport;

/// A running COPY out of the server.
///
/// One that is dropped before its end leaves the connection in the middle of the copy: it is not ready any more, and
/// to be dropped too.
pub struct CopyOut<'a, T> {
    connection: &'a mut Connection<T>,
    longest: usize,
    ended: bool,
}

impl<T: Transport> Connection<T> {
    /// Starts `COPY … TO STDOUT (FORMAT binary)`. A single CopyData message, that is a row, of more than `longest` bytes
    /// ends it with the error `record_too_large`, before there is memory for it.
    pub fn copy_out(&mut self, sql: &str, longest: usize) -> Result<CopyOut<'_, T>> {
        self.start_query(sql)?;
        match self.receive()? {
            Reply::Message(Message::CopyOutResponse(body)) if body.format() == 1 => {}
            Reply::Message(Message::CopyOutResponse(_)) => {
                return Err(Error::internal("the COPY is not in binary format"))
            }
            Reply::Message(_) => return Err(protocol_error("an unexpected message in the answer to COPY TO")),
            Reply::Error(error) => return Err(self.recover(error)),
        }
        Ok(CopyOut {
            connection: self,
            longest,
            ended: false,
        })
    }
}

impl<T: Transport> CopyOut<'_, T> {
    /// Everything that is here: at least one whole CopyData message, then any number of further messages, of which the
    /// last may be incomplete. Waits for it if need be. `None` at the end, when the connection is ready again.
    ///
    /// The caller takes CopyData messages from the front and tells [`CopyOut::consume`] about them.
    pub fn window(&mut self) -> Result<Option<&[u8]>> {
        while !self.ended && !self.has_data()? {}
        if self.ended {
            return Ok(None);
        }
        Ok(Some(self.connection.input.unread()))
    }

    /// Drops `count` bytes from the front of the window: whole CopyData messages, headers included.
    pub fn consume(&mut self, count: usize) {
        self.connection.input.consume(count);
    }

    /// Whether a whole CopyData message is here; reads once or handles one other message when there is none.
    #[inline(never)]
    fn has_data(&mut self) -> Result<bool> {
        let connection = &mut *self.connection;
        match connection.input.header()? {
            Some(header) if header.tag == b'd' => {
                let payload = header.size - MESSAGE_HEADER;
                if payload > self.longest {
                    return Err(record_too_large(payload, self.longest));
                }
                if header.size <= connection.input.unread().len() {
                    return Ok(true);
                }
                connection.input.reserve(header.size)?;
                connection.fill()?;
            }
            Some(_) => match connection.receive_one()? {
                None | Some(Reply::Message(Message::CopyDone | Message::CommandComplete(_))) => {}
                Some(Reply::Message(Message::ReadyForQuery(_))) => self.ended = true,
                Some(Reply::Message(_)) => return Err(protocol_error("an unexpected message in the data of a COPY")),
                Some(Reply::Error(error)) => return Err(connection.recover(error)),
            },
            None => connection.fill()?,
        }
        Ok(false)
    }
}

fn record_too_large(size: usize, longest: usize) -> Error {
    Error::data(
        "record_too_large",
        format!("a row takes {} bytes, and the limit is {}", size, longest),
    )
    .hint("raise max_record_bytes, or leave the large column out of the stream's columns")
    .detail("bytes", size as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::buffer::header;
    use crate::postgres::testing::{connected, error_response, message, ready};

    fn copy_out_response(format: u8) -> Vec<u8> {
        message(b'H', &[format, 0, 1, 0, format])
    }

    /// Takes all data the way a decoder does: whole messages from the front of each window.
    fn drain<T: Transport>(copy: &mut CopyOut<'_, T>) -> Result<Vec<Vec<u8>>> {
        let mut payloads = Vec::new();
        while let Some(window) = copy.window()? {
            let mut taken = 0;
            while let Some(next) = header(&window[taken..])? {
                if next.tag != b'd' || next.size > window.len() - taken {
                    break;
                }
                payloads.push(window[taken + MESSAGE_HEADER..taken + next.size].to_vec());
                taken += next.size;
            }
            copy.consume(taken);
        }
        Ok(payloads)
    }

    #[test]
    fn data_comes_in_windows_whatever_the_reads_are() {
        let expected: Vec<Vec<u8>> = (0..200).map(|length| vec![length as u8; length * 7]).collect();
        let mut reply = copy_out_response(1);
        for (number, payload) in expected.iter().enumerate() {
            reply.extend(message(b'd', payload));
            if number % 50 == 0 {
                reply.extend(message(b'S', b"TimeZone\0UTC\0"));
                reply.extend(message(b'N', b"SNOTICE\0\0"));
            }
        }
        reply.extend(message(b'c', b""));
        reply.extend(message(b'C', b"COPY 200\0"));
        reply.extend(ready());
        for step in [1, 3, 4096, usize::MAX] {
            let (mut connection, script) = connected(reply.clone());
            script.read_at_most(step);
            let mut copy = connection.copy_out("COPY", 1 << 20).unwrap();
            assert_eq!(drain(&mut copy).unwrap(), expected, "reads of {} bytes", step);
            assert!(copy.window().unwrap().is_none());
            assert!(connection.is_ready());
        }
    }

    #[test]
    fn a_row_longer_than_the_buffer_arrives_whole() {
        let long = vec![7; 3 << 20];
        let mut reply = copy_out_response(1);
        reply.extend(message(b'd', b"short"));
        reply.extend(message(b'd', &long));
        reply.extend(message(b'd', b"short"));
        reply.extend(message(b'c', b""));
        reply.extend(ready());
        let (mut connection, _) = connected(reply);
        let mut copy = connection.copy_out("COPY", 4 << 20).unwrap();
        assert_eq!(drain(&mut copy).unwrap(), [b"short".to_vec(), long, b"short".to_vec()]);
    }

    #[test]
    fn a_row_above_the_limit_is_refused_before_it_is_read() {
        let mut reply = copy_out_response(1);
        reply.extend([b'd', 0x3f, 0, 0, 0]);
        let (mut connection, _) = connected(reply);
        let error = drain(&mut connection.copy_out("COPY", 1000).unwrap()).unwrap_err();
        assert_eq!(error.code(), "record_too_large");
        assert!(error.message().contains("1056964604"), "{}", error.message());
        assert!(!connection.is_ready());
    }

    #[test]
    fn an_error_before_and_one_in_the_middle_leave_a_ready_connection() {
        let mut reply = error_response("ERROR", "42501", "permission denied for table t");
        reply.extend(ready());
        reply.extend(copy_out_response(1));
        reply.extend(message(b'd', b"one"));
        reply.extend(error_response("ERROR", "22012", "division by zero"));
        reply.extend(ready());
        let (mut connection, _) = connected(reply);
        assert_eq!(connection.copy_out("COPY", 1000).err().unwrap().code(), "42501");
        let error = drain(&mut connection.copy_out("COPY", 1000).unwrap()).unwrap_err();
        assert_eq!(error.code(), "22012");
        assert!(connection.is_ready());
    }

    #[test]
    fn a_connection_that_ends_in_the_middle_is_an_error() {
        let mut reply = copy_out_response(1);
        reply.extend(message(b'd', b"one"));
        reply.extend([b'd', 0, 0]);
        let (mut connection, _) = connected(reply);
        let error = drain(&mut connection.copy_out("COPY", 1000).unwrap()).unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("connection_lost", true));
    }
}
