// SPDX-License-Identifier: Apache-2.0

//! Prepared statements, run by the extended query flow without waiting for each answer. The values go to the socket straight from the
//! caller's buffer, which holds whole messages: [`prepare`], then any number of [`bind_header`], values, [`BIND_END`] and [`execute`], and at
//! the end [`sync`].

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use crate::error::{Error, Result};

use super::buffer::LONGEST_MESSAGE;
use super::connection::{Connection, Reply};
use super::error::protocol_error;
use super::simple_query::rows_of_tag;
use super::transport::Transport;

/// What stands behind the values of a Bind message: that it wants no format of results in particular.
pub const BIND_END: [u8; 2] = [0, 0];

/// Messages that prepare a statement, in place of one that may have had the name before.
pub fn prepare(name: &str, sql: &str, parameter_types: impl IntoIterator<Item = u32>) -> Result<Vec<u8>> {
    let mut messages = BytesMut::new();
    frontend::close(b'S', name, &mut messages)?;
    frontend::parse(name, sql, parameter_types, &mut messages).map_err(|cause| Error::internal(cause.to_string()))?;
    Ok(messages.to_vec())
}

/// What stands in front of the values of a Bind message, which are in binary, each with its length before it. `values` is how many bytes they
/// take, and the header always takes as many as the statement's name needs.
pub fn bind_header(name: &str, parameters: u16, values: usize) -> Result<Vec<u8>> {
    let mut header = vec![b'B', 0, 0, 0, 0];
    // The portal without a name.
    header.push(0);
    header.extend_from_slice(name.as_bytes());
    header.push(0);
    // One format for all values: binary.
    header.extend_from_slice(&[0, 1, 0, 1]);
    header.extend_from_slice(&parameters.to_be_bytes());
    // The tag is not part of what the length counts.
    let length = header.len() - 1 + values + BIND_END.len();
    if length > LONGEST_MESSAGE {
        return Err(Error::internal("a Bind message is too long"));
    }
    header[1..5].copy_from_slice(&(length as u32).to_be_bytes());
    Ok(header)
}

/// The message that runs what was bound last.
pub fn execute() -> Result<Vec<u8>> {
    let mut message = BytesMut::new();
    frontend::execute("", 0, &mut message)?;
    Ok(message.to_vec())
}

/// The message that ends what is answered together.
pub fn sync() -> Vec<u8> {
    let mut message = BytesMut::new();
    frontend::sync(&mut message);
    message.to_vec()
}

/// Statements that are running.
///
/// One that is dropped while there are answers to come leaves the connection in the middle of the conversation: it is not ready any more.
pub struct Pipeline<'a, T> {
    connection: &'a mut Connection<T>,
    /// Sync messages that were sent and not answered.
    unanswered: u32,
    /// Whether messages were sent that no Sync has followed.
    is_unended: bool,
    rows: u64,
}

impl<T: Transport> Connection<T> {
    /// Starts to run prepared statements.
    pub fn pipeline(&mut self) -> Result<Pipeline<'_, T>> {
        self.start_conversation()?;
        Ok(Pipeline {
            connection: self,
            unanswered: 0,
            is_unended: false,
            rows: 0,
        })
    }
}

impl<T: Transport> Pipeline<'_, T> {
    /// Sends a part of the messages. Errors of statements are not seen here: until the next Sync the server skips what comes behind one.
    pub fn send(&mut self, messages: &[u8]) -> Result<()> {
        self.is_unended = true;
        self.connection.ready = false;
        self.connection.send(messages)
    }

    /// Sends the rest of the messages, the last of which is [`sync`], and waits until no more than `outstanding` of those that were sent before
    /// are without an answer. What is outstanding must be little enough for all its answers to find room on their way: a server that cannot
    /// get rid of them takes no more messages.
    ///
    /// After an error of a statement the connection is ready again.
    pub fn send_and_wait(&mut self, messages: &[u8], outstanding: u32) -> Result<()> {
        self.send(messages)?;
        self.is_unended = false;
        self.unanswered += 1;
        self.wait(outstanding)
    }

    fn wait(&mut self, outstanding: u32) -> Result<()> {
        while self.unanswered > outstanding {
            match self.connection.receive()? {
                Reply::Message(Message::CommandComplete(body)) => {
                    self.rows += rows_of_tag(body.tag().map_err(protocol_error)?)
                }
                Reply::Message(Message::ReadyForQuery(_)) => self.answered(),
                Reply::Message(Message::ParseComplete | Message::CloseComplete | Message::BindComplete) => {}
                Reply::Message(_) => {
                    return Err(protocol_error(
                        "an unexpected message in the answer to a prepared statement",
                    ))
                }
                Reply::Error(error) => {
                    let fatal = error.is_fatal();
                    let record = error.into_record(self.connection.server());
                    if !fatal {
                        self.skip_answers();
                    }
                    return Err(record);
                }
            }
        }
        Ok(())
    }

    /// One of the answers is complete. Only the last one makes the connection ready.
    fn answered(&mut self) {
        self.unanswered -= 1;
        self.connection.ready = self.unanswered == 0;
    }

    /// Waits for the answers to what was sent, and says whether they came. The first error says what went wrong; those that follow it, or a lost
    /// connection, only that it did.
    fn skip_answers(&mut self) -> bool {
        while self.unanswered > 0 {
            match self.connection.receive() {
                Ok(Reply::Message(Message::ReadyForQuery(_))) => self.answered(),
                Ok(Reply::Error(error)) if error.is_fatal() => return false,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
        true
    }

    /// Waits for all answers; returns the number of rows that the statements affected. Every message must have been followed by a Sync. The
    /// connection is ready again.
    pub fn finish(mut self) -> Result<u64> {
        if self.is_unended {
            return Err(Error::internal("a pipeline ends without a Sync"));
        }
        self.wait(0)?;
        self.connection.ready = true;
        Ok(self.rows)
    }

    /// Waits for all answers and takes no notice of them. Whatever the statements did is still to be rolled back.
    pub fn abort(mut self) {
        let is_answered = self.skip_answers();
        self.connection.ready = is_answered && !self.is_unended;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::testing::{connected, error_response, message, ready};
    use crate::postgres::TransactionStatus;

    fn done(rows: &str) -> Vec<u8> {
        let mut reply = message(b'2', b"");
        reply.extend(message(b'C', format!("INSERT 0 {}\0", rows).as_bytes()));
        reply
    }

    #[test]
    fn a_bind_is_its_header_the_values_and_an_end() {
        let values = [0, 0, 0, 2, 7, 8];
        let mut bind = bind_header("s", 1, values.len()).unwrap();
        bind.extend(values);
        bind.extend(BIND_END);
        assert_eq!(bind, b"B\0\0\0\x15\0s\0\0\x01\0\x01\0\x01\0\0\0\x02\x07\x08\0\0");
        assert_eq!(
            prepare("s", "Q", [23]).unwrap(),
            b"C\0\0\0\x07Ss\0P\0\0\0\x0Es\0Q\0\0\x01\0\0\0\x17"
        );
        assert_eq!(execute().unwrap(), b"E\0\0\0\x09\0\0\0\0\0");
        assert!(bind_header("s", 1, LONGEST_MESSAGE).is_err());
    }

    #[test]
    fn answers_are_waited_for_when_there_are_too_many() {
        let mut reply = message(b'3', b"");
        reply.extend(message(b'1', b""));
        reply.extend(done("3"));
        reply.extend(done("2"));
        reply.extend(ready());
        reply.extend(done("4"));
        reply.extend(ready());
        let (mut connection, script) = connected(reply);
        script.sent().borrow_mut().clear();
        let mut pipeline = connection.pipeline().unwrap();
        pipeline.send(b"one").unwrap();
        pipeline.send_and_wait(b"two", 1).unwrap();
        assert_eq!(pipeline.rows, 0);
        pipeline.send_and_wait(b"three", 1).unwrap();
        assert_eq!(pipeline.rows, 5);
        assert_eq!(pipeline.finish().unwrap(), 9);
        assert!(connection.is_ready());
        assert_eq!(*script.sent().borrow(), b"onetwothree");
    }

    #[test]
    fn an_error_leaves_a_ready_connection_once_everything_is_answered() {
        let mut reply = done("1");
        reply.extend(error_response("ERROR", "23505", "double key"));
        reply.extend(message(b'Z', b"E"));
        reply.extend(error_response("ERROR", "25P02", "the transaction is aborted"));
        reply.extend(message(b'Z', b"E"));
        let (mut connection, _) = connected(reply);
        let mut pipeline = connection.pipeline().unwrap();
        pipeline.send_and_wait(b"one", 1).unwrap();
        let error = pipeline.send_and_wait(b"two", 1).unwrap_err();
        assert_eq!(error.code(), "23505");
        pipeline.abort();
        assert!(connection.is_ready());
        assert_eq!(connection.transaction_status(), TransactionStatus::Failed);
    }

    #[test]
    fn an_aborted_one_waits_for_its_answers() {
        let mut reply = done("1");
        reply.extend(message(b'Z', b"T"));
        let (mut connection, _) = connected(reply);
        let mut pipeline = connection.pipeline().unwrap();
        pipeline.send_and_wait(b"one", 1).unwrap();
        pipeline.abort();
        assert!(connection.is_ready());
        connection.pipeline().unwrap().abort();
    }

    #[test]
    fn a_server_that_goes_away_makes_the_connection_unusable() {
        let mut reply = done("1");
        reply.extend(error_response("FATAL", "57P01", "terminating connection"));
        let (mut connection, _) = connected(reply);
        let mut pipeline = connection.pipeline().unwrap();
        let error = pipeline.send_and_wait(b"one", 0).unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("57P01", true));
        pipeline.abort();
        assert!(!connection.is_ready());
    }

    #[test]
    fn one_that_is_dropped_makes_the_connection_unusable() {
        let (mut connection, _) = connected(Vec::new());
        connection.pipeline().unwrap().send(b"half a message").unwrap();
        assert!(!connection.is_ready());
    }
}
