// SPDX-License-Identifier: Apache-2.0

//! The connection to the destination, made when it is first needed and kept until the connector is closed.

use crate::prepared::Prepared;
use crate::settings::Settings;
use rapidbyte_sdk::postgres::{
    connect, connection_lost, takes_no_writes, Connection, QueryResult, TransactionStatus, TRUST_NOBODY,
};
use rapidbyte_sdk::{abi, debug, Category, Error, Result, TcpStream};
use std::collections::HashSet;

/// The same as the server's signs of life, for an answer that nobody takes. Sources have no such limit: their rows may wait for long. And what is committed has
/// to be on the server's disk before anybody is told so; that it is on others' disks as well, where that is asked for, is left as it is.
const SETTINGS: &str =
    "SET tcp_user_timeout = '60s'; SELECT pg_catalog.set_config('synchronous_commit', 'local', false) \
     WHERE pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) 'off'";

pub struct Session {
    settings: Settings,
    connection: Option<Connection<TcpStream>>,
    /// Whether a transaction was begun here. While it is, a lost connection is not replaced: what came after would not
    /// be part of it.
    in_transaction: bool,
    /// Whether the rest of the transaction resolves names as [`TRUST_NOBODY`] says.
    trusts_nobody: bool,
    /// Statements that made temporary tables in this connection.
    created: HashSet<String>,
    /// Statements that were prepared in this connection.
    prepared: Prepared,
}

impl Session {
    pub fn new(settings: Settings) -> Session {
        Session {
            settings,
            connection: None,
            in_transaction: false,
            trusts_nobody: false,
            created: HashSet::new(),
            prepared: Prepared::default(),
        }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn is_ready(&self) -> bool {
        self.connection.as_ref().map_or(false, Connection::is_ready)
    }

    /// The connection, ready for a query.
    pub fn connection(&mut self) -> Result<&mut Connection<TcpStream>> {
        if !self.is_ready() {
            if self.in_transaction {
                return Err(connection_lost(&self.settings.server.server()));
            }
            self.give_up();
            let start = abi::monotonic_nanos();
            let mut connection = connect(&self.settings.server)?;
            connection.simple_query(SETTINGS)?;
            self.connection = Some(connection);
            abi::add_duration_nanos("dest_connect", abi::monotonic_nanos() - start)?;
        }
        self.connection
            .as_mut()
            .ok_or_else(|| Error::internal("a connection was lost while it was made"))
    }

    /// The connection, ready for prepared statements, and those that it has.
    pub fn prepared(&mut self) -> Result<(&mut Connection<TcpStream>, &mut Prepared)> {
        self.connection()?;
        match &mut self.connection {
            Some(connection) => Ok((connection, &mut self.prepared)),
            None => Err(Error::internal("a connection was lost while it was made")),
        }
    }

    /// Forgets the connection and what it held.
    fn give_up(&mut self) {
        self.connection = None;
        self.in_transaction = false;
        self.created.clear();
        self.prepared = Prepared::default();
    }

    /// Creates a temporary table unless the same statement did so before.
    pub fn create_once(&mut self, sql: &str) -> Result<()> {
        if !self.created.contains(sql) {
            self.execute(sql)?;
            self.created.insert(sql.to_owned());
        }
        Ok(())
    }

    pub fn query(&mut self, sql: &str) -> Result<QueryResult> {
        self.connection()?.query(sql)
    }

    /// Runs a query of the server's catalogue, with the server's own operators.
    pub fn query_catalogue(&mut self, sql: &str) -> Result<QueryResult> {
        match self.in_transaction && self.trusts_nobody {
            true => self.query(sql),
            false => self.connection()?.query_catalogue(sql),
        }
    }

    /// The transaction that is open resolves names as [`TRUST_NOBODY`] says until it ends.
    pub fn trust_nobody(&mut self) -> Result<()> {
        self.execute(TRUST_NOBODY)?;
        self.trusts_nobody = true;
        Ok(())
    }

    pub fn execute(&mut self, sql: &str) -> Result<u64> {
        self.connection()?.execute(sql)
    }

    /// Begins a transaction whose properties do not depend on the server's settings. Each of its statements sees what
    /// others committed before, which is what waiting for a lock is for.
    pub fn begin(&mut self) -> Result<()> {
        self.begin_with("").map(|_| ())
    }

    /// The same, with statements in the same message; returns what each of them gave back.
    pub fn begin_with(&mut self, statements: &str) -> Result<Vec<QueryResult>> {
        let begin = format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {}", statements);
        let connection = self.connection()?;
        let outcome = connection.simple_query(&begin);
        // Whether it is BEGIN itself that failed.
        let has_begun = connection.transaction_status() != TransactionStatus::Idle;
        match outcome {
            Ok(results) => {
                self.in_transaction = true;
                self.trusts_nobody = false;
                Ok(results)
            }
            Err(error) if error.code() == "0A000" && !has_begun => Err(takes_no_writes(error)),
            Err(error) => Err(error),
        }
    }

    /// Commits. An error says whether the transaction may have been committed all the same.
    pub fn commit(&mut self) -> Result<()> {
        self.commit_with("")
    }

    /// The same, with statements in front of it, in the same message.
    pub fn commit_with(&mut self, statements: &str) -> Result<()> {
        use rapidbyte_sdk::CommitState::AfterCommitUnknown;
        let outcome = self.query(&format!("{}COMMIT", statements));
        // A server that is ready again has said that it did not commit, for example because a deferred constraint failed.
        let answered = self.is_ready();
        self.in_transaction = false;
        match outcome {
            // The answer of a transaction that had failed before.
            Ok(result) if result.tag != "COMMIT" => Err(Error::internal(format!(
                "the server answered COMMIT with {}",
                result.tag
            ))),
            Ok(_) => Ok(()),
            Err(error) if answered => Err(error),
            Err(error) => Err(error.commit_state(AfterCommitUnknown).safe_to_retry(false)),
        }
    }

    /// Runs `work` in a transaction of its own, which is undone when it fails.
    pub fn transaction<R>(&mut self, work: impl FnOnce(&mut Session) -> Result<R>) -> Result<R> {
        self.begin()?;
        let outcome = work(self).and_then(|result| self.commit().map(|()| result));
        if outcome.is_err() {
            self.roll_back();
        }
        outcome
    }

    /// Undoes the transaction that is open, if there is one. When this fails the server does it by itself, because the
    /// connection is given up.
    pub fn roll_back(&mut self) {
        self.in_transaction = false;
        // Temporary tables that the transaction made go with it.
        self.created.clear();
        let has_transaction = |connection: &Connection<_>| connection.transaction_status() != TransactionStatus::Idle;
        if !self.is_ready() {
            self.give_up();
        } else if self.connection.as_ref().map_or(false, has_transaction) {
            if let Err(error) = self.execute("ROLLBACK") {
                debug!("rolling back failed, the connection is given up: {}", error);
                self.give_up();
            }
        }
    }

    /// Says goodbye. A connection that is broken already needs none.
    pub fn close(&mut self) -> Result<()> {
        match self.connection.take() {
            Some(connection) if connection.is_ready() => match connection.close() {
                Err(error) if error.category() != Category::TransientNetwork => Err(error),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}
