// SPDX-License-Identifier: Apache-2.0

//! The simple query flow: one or more statements as text, rows back as text.

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{DataRowBody, Message};

use crate::error::{Error, Result};

use super::connection::{Connection, Reply};
use super::error::protocol_error;
use super::transport::Transport;

/// What one statement gave back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryResult {
    /// The columns' names; empty for a statement that returns no rows.
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
    /// What the server says was done: `INSERT 0 3`.
    pub tag: String,
}

impl QueryResult {
    /// The number of rows that were inserted, updated, deleted, selected or copied.
    pub fn rows_affected(&self) -> u64 {
        rows_of_tag(&self.tag)
    }

    /// The only value of a query for one, when it is not null.
    pub fn value(&self) -> Option<&str> {
        self.rows.first().and_then(|row| row.get(0))
    }
}

/// One row, its values as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(Vec<Option<String>>);

impl Row {
    /// The value of a column; `None` when it is null.
    pub fn get(&self, column: usize) -> Option<&str> {
        self.0.get(column).and_then(|value| value.as_deref())
    }

    /// The value of a column, as the empty string when it is null.
    pub fn text(&self, column: usize) -> &str {
        self.get(column).unwrap_or("")
    }

    /// The value of a boolean column.
    pub fn flag(&self, column: usize) -> bool {
        self.get(column) == Some("t")
    }

    /// The value of a numeric column.
    pub fn number<N: std::str::FromStr>(&self, column: usize) -> Result<N> {
        self.text(column)
            .parse()
            .map_err(|_| protocol_error(format!("{:?} is no number", self.text(column))))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Names are resolved, and definitions are printed, as if nobody had made anything but the server, until the transaction ends.
pub const TRUST_NOBODY: &str = "SET LOCAL search_path = pg_catalog, pg_temp";

impl<T: Transport> Connection<T> {
    /// Runs one or more statements and returns what each gave back. After an error the connection is ready again,
    /// unless the server ended the session; what the statements before the failed one did was undone with it, unless
    /// they ended a transaction themselves.
    pub fn simple_query(&mut self, sql: &str) -> Result<Vec<QueryResult>> {
        self.start_query(sql)?;
        let mut results = Vec::new();
        let mut current = QueryResult::default();
        loop {
            match self.receive()? {
                Reply::Message(Message::RowDescription(body)) => {
                    current.columns = body
                        .fields()
                        .map(|field| Ok(field.name().to_owned()))
                        .collect()
                        .map_err(protocol_error)?;
                }
                Reply::Message(Message::DataRow(body)) => current.rows.push(row(&body)?),
                Reply::Message(Message::CommandComplete(body)) => {
                    current.tag = body.tag().map_err(protocol_error)?.to_owned();
                    results.push(std::mem::take(&mut current));
                }
                Reply::Message(Message::EmptyQueryResponse) => results.push(QueryResult::default()),
                Reply::Message(Message::ReadyForQuery(_)) => return Ok(results),
                Reply::Message(Message::CopyInResponse(_) | Message::CopyOutResponse(_)) => {
                    return Err(Error::internal("a COPY was sent as a simple query"));
                }
                Reply::Message(_) => return Err(protocol_error("an unexpected message in the answer to a query")),
                Reply::Error(error) => return Err(self.recover(error)),
            }
        }
    }

    /// Runs one statement and returns what it gave back.
    pub fn query(&mut self, sql: &str) -> Result<QueryResult> {
        Ok(self.simple_query(sql)?.pop().unwrap_or_default())
    }

    /// Runs one query of the server's catalogue and returns what it gave back. Names and operators in it are the server's own, whatever the user's
    /// search path is: somebody else may have put an operator there that fits better than any of the server's, and would have it run with the
    /// user's rights. Afterwards the user's search path holds again.
    pub fn query_catalogue(&mut self, sql: &str) -> Result<QueryResult> {
        let guarded = format!("{}; {}; SET LOCAL search_path TO DEFAULT", TRUST_NOBODY, sql);
        Ok(self.simple_query(&guarded)?.into_iter().nth(1).unwrap_or_default())
    }

    /// Runs one or more statements and returns the number of rows the last one affected.
    pub fn execute(&mut self, sql: &str) -> Result<u64> {
        Ok(self.query(sql)?.rows_affected())
    }
}

/// `COPY 5` and `INSERT 0 5` end with the number of rows; `BEGIN` has none.
pub(super) fn rows_of_tag(tag: &str) -> u64 {
    tag.rsplit(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

fn row(body: &DataRowBody) -> Result<Row> {
    let buffer = body.buffer();
    let mut values = Vec::new();
    let mut ranges = body.ranges();
    while let Some(range) = ranges.next().map_err(protocol_error)? {
        values.push(match range {
            None => None,
            Some(range) => {
                let bytes = buffer
                    .get(range)
                    .ok_or_else(|| protocol_error("a value outside of its row"))?;
                Some(String::from_utf8(bytes.to_vec()).map_err(|_| protocol_error("a value that is not UTF-8"))?)
            }
        });
    }
    Ok(Row(values))
}

#[cfg(test)]
mod tests {
    use crate::error::Category;
    use crate::postgres::testing::{connected, error_response, message, ready};
    use crate::postgres::TransactionStatus;

    fn row_description(names: &[&str]) -> Vec<u8> {
        let mut body = (names.len() as u16).to_be_bytes().to_vec();
        for name in names {
            body.extend(name.as_bytes());
            body.push(0);
            body.extend([0; 18]);
        }
        message(b'T', &body)
    }

    fn data_row(values: &[Option<&str>]) -> Vec<u8> {
        let mut body = (values.len() as u16).to_be_bytes().to_vec();
        for value in values {
            match value {
                None => body.extend((-1i32).to_be_bytes()),
                Some(text) => {
                    body.extend((text.len() as i32).to_be_bytes());
                    body.extend(text.as_bytes());
                }
            }
        }
        message(b'D', &body)
    }

    #[test]
    fn rows_of_several_statements_come_back_apart() {
        let mut reply = row_description(&["id", "name"]);
        reply.extend(data_row(&[Some("7"), Some("größe")]));
        reply.extend(message(b'N', b"SNOTICE\0Mhello\0\0"));
        reply.extend(data_row(&[Some("8"), None]));
        reply.extend(message(b'C', b"SELECT 2\0"));
        reply.extend(message(b'S', b"TimeZone\0UTC\0"));
        reply.extend(message(b'C', b"INSERT 0 3\0"));
        reply.extend(message(b'I', b""));
        reply.extend(message(b'Z', b"T"));
        let (mut connection, _) = connected(reply);
        let results = connection.simple_query("SELECT 1; INSERT 2;").unwrap();
        assert_eq!(results.len(), 3);
        assert_eq!(results[0].columns, ["id", "name"]);
        assert_eq!(results[0].rows[0].number::<i32>(0).unwrap(), 7);
        assert_eq!(results[0].rows[0].get(1), Some("größe"));
        assert_eq!(results[0].rows[1].get(1), None);
        assert_eq!(results[0].value(), Some("7"));
        assert_eq!(results[1].rows_affected(), 3);
        assert_eq!(connection.transaction_status(), TransactionStatus::Open);
    }

    #[test]
    fn after_an_error_the_connection_goes_on() {
        let mut reply = error_response("ERROR", "42P01", "relation \"t\" does not exist");
        reply.extend(ready());
        reply.extend(message(b'C', b"SELECT 1\0"));
        reply.extend(ready());
        let (mut connection, _) = connected(reply);
        let error = connection.query("SELECT * FROM t").unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Schema, "42P01"));
        assert!(connection.is_ready());
        assert_eq!(connection.execute("SELECT 1").unwrap(), 1);
    }

    #[test]
    fn after_a_fatal_error_it_is_lost() {
        let reply = error_response("FATAL", "57P01", "terminating connection due to administrator command");
        let (mut connection, _) = connected(reply);
        let error = connection.query("SELECT 1").unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("57P01", true));
        assert!(!connection.is_ready());
        assert_eq!(connection.query("SELECT 1").unwrap_err().code(), "connection_lost");
    }

    #[test]
    fn a_zero_byte_in_a_query_is_refused_before_it_is_sent() {
        let (mut connection, _) = connected(Vec::new());
        assert_eq!(connection.query("SELECT '\0'").unwrap_err().code(), "zero_byte");
        assert!(connection.is_ready());
    }
}
