// SPDX-License-Identifier: Apache-2.0

//! COPY … TO STDOUT. The data is handed out where it was read, as whole messages, and never copied on the way.

use postgres_protocol::message::backend::Message;

use crate::error::{Error, Result};

use super::buffer::MESSAGE_HEADER;
use super::connection::{Connection, Reply};
use super::error::protocol_error;
use super::transport::Transport;

/// The bytes in front of the first row in a COPY's data, with which they share a message.
const DATA_HEADER: usize = 19;

/// A running COPY out of the server.
///
/// One that is dropped before its end leaves the connection in the middle of the copy: it is not ready any more, and
/// to be dropped too.
pub struct CopyOut<'a, T> {
    connection: &'a mut Connection<T>,
    longest: usize,
    /// Whether no data was taken yet.
    at_start: bool,
    ended: bool,
}

/// What comes next in the data of a COPY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyData<'a> {
    /// Everything that is here: at least one whole CopyData message, then any number of further messages, of which the last may be
    /// incomplete. The caller takes CopyData messages from the front and tells [`CopyOut::consume`] about them.
    Messages(&'a [u8]),
    /// A CopyData message with so many bytes of data, more than a row may have. There is no memory for it: [`CopyOut::take_large`] takes
    /// it, piece by piece.
    Large(usize),
    /// There is no more, and the connection is ready again.
    End,
}

enum Next {
    Unknown,
    Messages,
    Large(usize),
}

impl<T: Transport> Connection<T> {
    /// Starts `COPY … TO STDOUT (FORMAT binary)`. A row, that is a CopyData message, of more than `longest` bytes comes as
    /// [`CopyData::Large`].
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
            at_start: true,
            ended: false,
        })
    }
}

impl<T: Transport> CopyOut<'_, T> {
    /// What comes next. Waits for it if need be.
    pub fn next(&mut self) -> Result<CopyData<'_>> {
        while !self.ended {
            match self.look()? {
                Next::Unknown => {}
                Next::Messages => return Ok(CopyData::Messages(self.connection.input.unread())),
                Next::Large(bytes) => return Ok(CopyData::Large(bytes)),
            }
        }
        Ok(CopyData::End)
    }

    /// Drops `count` bytes from the front of the messages: whole CopyData messages, headers included.
    pub fn consume(&mut self, count: usize) {
        self.at_start &= count == 0;
        self.connection.input.consume(count);
    }

    /// Takes the message that [`CopyData::Large`] told of, and shows its data piece by piece.
    #[inline(never)]
    pub fn take_large(&mut self, mut look_at: impl FnMut(&[u8])) -> Result<()> {
        let mut left = match self.connection.input.header()? {
            Some(header) => header.size - MESSAGE_HEADER,
            None => return Err(Error::internal("there is no large message to take")),
        };
        self.consume(MESSAGE_HEADER);
        while left > 0 {
            if self.connection.input.unread().is_empty() {
                self.connection.fill()?;
            }
            let unread = self.connection.input.unread();
            let piece = unread.len().min(left);
            look_at(&unread[..piece]);
            left -= piece;
            self.consume(piece);
        }
        Ok(())
    }

    /// Whether a CopyData message is here; reads once or handles one other message when there is none.
    #[inline(never)]
    fn look(&mut self) -> Result<Next> {
        let connection = &mut *self.connection;
        match connection.input.header()? {
            Some(header) if header.tag == b'd' => {
                let payload = header.size - MESSAGE_HEADER;
                if payload > self.longest + if self.at_start { DATA_HEADER } else { 0 } {
                    return Ok(Next::Large(payload));
                }
                if header.size <= connection.input.unread().len() {
                    return Ok(Next::Messages);
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
        Ok(Next::Unknown)
    }
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
        while let CopyData::Messages(window) = copy.next()? {
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
            assert_eq!(copy.next().unwrap(), CopyData::End);
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
    fn a_row_above_the_limit_passes_by_in_pieces() {
        let large: Vec<u8> = (0..3 << 20).map(|at| (at >> 8) as u8).collect();
        let mut reply = copy_out_response(1);
        for payload in [&b"first"[..], &large, b"last"] {
            reply.extend(message(b'd', payload));
        }
        reply.extend(message(b'c', b""));
        reply.extend(ready());
        let (mut connection, script) = connected(reply);
        script.read_at_most(100_000);
        let mut copy = connection.copy_out("COPY", large.len() - 1).unwrap();
        assert_eq!(drain(&mut copy).unwrap(), [b"first".to_vec()]);
        assert_eq!(copy.next().unwrap(), CopyData::Large(large.len()));
        let (mut seen, mut longest_piece) = (Vec::new(), 0);
        copy.take_large(|piece| {
            longest_piece = longest_piece.max(piece.len());
            seen.extend_from_slice(piece)
        })
        .unwrap();
        assert!(seen == large);
        assert!(longest_piece <= 600_000, "a piece of {} bytes", longest_piece);
        assert_eq!(drain(&mut copy).unwrap(), [b"last".to_vec()]);
        assert!(connection.is_ready());
    }

    #[test]
    fn a_row_of_exactly_the_limit_is_no_large_one_also_behind_the_header_of_the_data() {
        let row = vec![7; 1000];
        let first = [vec![0; DATA_HEADER], row.clone()].concat();
        let mut reply = copy_out_response(1);
        reply.extend(message(b'd', &first));
        reply.extend(message(b'd', &row));
        reply.extend(&message(b'd', &[7; 1001])[..100]);
        let (mut connection, _) = connected(reply);
        let mut copy = connection.copy_out("COPY", 1000).unwrap();
        assert_eq!(drain(&mut copy).unwrap(), [first, row]);
        assert_eq!(copy.next().unwrap(), CopyData::Large(1001));
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
