// SPDX-License-Identifier: Apache-2.0

//! The connection of an instance, kept between calls.

use rapidbyte_sdk::abi;
use rapidbyte_sdk::postgres::{connect, quote_literal, Config, Connection};
use rapidbyte_sdk::{Category, Error, Result, TcpStream};

/// The oldest server that is read from.
pub const OLDEST_SERVER: u32 = 12;

/// A connection that was idle for longer may have been closed on the way by someone who does not tell.
const TRUSTED_IDLE_NANOS: i64 = 10_000_000_000;

/// What keeps the order of rows the same when a unit is read again: a scan that begins at the beginning, in one process.
/// A destination knows by its number which batch it has already, and so a batch has to hold the same rows again.
///
/// And with row security off the server refuses to read a table of which the user may see a part of the rows only: a copy of that part
/// would pass for the whole.
const WHOLE_AND_REPEATABLE: &str =
    "SET synchronize_seqscans = off; SET max_parallel_workers_per_gather = 0; SET row_security = off";

/// Everything that a transaction reads is as it was when its snapshot was taken.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// What remains without these yields the rows of a table in the order in which they are in its heap: the order does not depend on
/// which indexes there are, and on what statistics say of them, when a unit is read again.
const IN_HEAP_ORDER: &str = "; SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off";

/// What a server says of a snapshot whose transaction has ended, of one that it does not know (two codes, by its version), and of one whose
/// process it cannot find.
const NO_SUCH_SNAPSHOT: [&str; 3] = ["22023", "42704", "55000"];

/// The connection, made when it is first needed.
pub struct Session {
    config: Config,
    connection: Option<Connection<TcpStream>>,
    last_used: i64,
    /// The snapshot that the connection keeps for other instances.
    held: Option<String>,
    /// Whether [`Session::begin`] has begun a transaction that goes on.
    in_transaction: bool,
}

impl Session {
    pub fn new(config: Config) -> Session {
        Session {
            config,
            connection: None,
            last_used: 0,
            held: None,
            in_transaction: false,
        }
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A connection that is ready: the kept one, or a new one.
    pub fn connection(&mut self) -> Result<&mut Connection<TcpStream>> {
        let now = abi::monotonic_nanos();
        let idle_nanos = now - self.last_used;
        let kept = self.connection.take().and_then(|kept| alive(kept, idle_nanos));
        let connection = match kept {
            Some(kept) => kept,
            // Another connection would see another state.
            None if self.held.is_some() => return Err(snapshot_lost(&self.config.server())),
            None if self.in_transaction => return Err(transaction_lost(&self.config.server())),
            None => self.connect()?,
        };
        self.last_used = now;
        Ok(self.connection.insert(connection))
    }

    /// A connection to a server that is new enough.
    pub fn supported_connection(&mut self) -> Result<&mut Connection<TcpStream>> {
        let version = self.connection()?.server_major_version();
        if version < OLDEST_SERVER {
            return Err(Error::config(
                "unsupported_server",
                format!(
                    "{} has version {}, and the oldest that is read from is {}",
                    self.config.server(),
                    version,
                    OLDEST_SERVER
                ),
            ));
        }
        self.connection()
    }

    /// Begins a transaction that keeps the present state of the database for all who know its name, which is returned. It lasts
    /// as long as the connection.
    pub fn hold_snapshot(&mut self) -> Result<String> {
        if let Some(held) = self.held.clone() {
            return self.connection().map(|_| held);
        }
        let connection = self.supported_connection()?;
        connection.execute(BEGIN)?;
        let answer = connection.query("SELECT pg_catalog.pg_export_snapshot()")?;
        let name = answer.value().unwrap_or_default().to_owned();
        self.used();
        self.held = Some(name.clone());
        Ok(name)
    }

    /// A connection in a new transaction, in which everything is as it was when the snapshot was taken, or as it is now, and all statements are
    /// planned `IN_HEAP_ORDER` when that is asked for. [`Session::end_transaction`] ends it.
    pub fn begin(&mut self, snapshot: Option<&str>, in_heap_order: bool) -> Result<&mut Connection<TcpStream>> {
        let mut begin = match snapshot {
            Some(snapshot) => format!("{}; SET TRANSACTION SNAPSHOT {}", BEGIN, quote_literal(snapshot)),
            None => BEGIN.to_owned(),
        };
        if in_heap_order {
            begin.push_str(IN_HEAP_ORDER);
        }
        let server = self.config.server();
        let connection = self.connection()?;
        match connection.simple_query(&begin) {
            Ok(_) => {
                self.in_transaction = true;
                self.connection()
            }
            Err(error) if snapshot.is_some() && NO_SUCH_SNAPSHOT.contains(&error.code()) => Err(snapshot_lost(&server)),
            Err(error) => Err(error),
        }
    }

    /// Ends the transaction, and with it its locks: whoever wants to replace a table that was read must not wait for the run.
    pub fn end_transaction(&mut self) -> Result<()> {
        self.connection()?.execute("COMMIT")?;
        self.in_transaction = false;
        self.used();
        Ok(())
    }

    /// Looks at one state of the database: that of the snapshot, when one is held, else the present one. Whatever was locked or set meanwhile
    /// is not any more afterwards: a snapshot may be held for hours.
    pub fn in_one_state<R>(&mut self, look: impl FnOnce(&mut Connection<TcpStream>) -> Result<R>) -> Result<R> {
        let (begin, end) = if self.held.is_some() {
            ("SAVEPOINT look", "ROLLBACK TO SAVEPOINT look; RELEASE SAVEPOINT look")
        } else {
            (BEGIN, "ROLLBACK")
        };
        let connection = self.supported_connection()?;
        connection.simple_query(begin)?;
        let seen = look(connection);
        if let Err(error) = connection.simple_query(end) {
            self.discard();
            return seen.and(Err(error));
        }
        self.used();
        seen
    }

    /// Notes that the connection was in use until now.
    pub fn used(&mut self) {
        self.last_used = abi::monotonic_nanos();
    }

    /// Drops the connection, whatever state it is in.
    pub fn discard(&mut self) {
        self.connection = None;
        self.in_transaction = false;
    }

    /// Says goodbye to the server.
    pub fn close(&mut self) -> Result<()> {
        match self.connection.take() {
            Some(connection) if connection.is_ready() => connection.close(),
            _ => Ok(()),
        }
    }

    fn connect(&self) -> Result<Connection<TcpStream>> {
        let start = abi::monotonic_nanos();
        let mut connection = connect(&self.config)?;
        connection.simple_query(WHOLE_AND_REPEATABLE)?;
        abi::add_duration_nanos("source_connect", abi::monotonic_nanos() - start)?;
        Ok(connection)
    }
}

fn transaction_lost(server: &str) -> Error {
    Error::new(
        Category::TransientNetwork,
        "connection_lost",
        format!("{}: the connection was lost between two units", server),
    )
    .retryable(true)
}

fn snapshot_lost(server: &str) -> Error {
    Error::new(
        Category::TransientDb,
        "snapshot_lost",
        format!(
            "{}: the snapshot that all parts of this run read is gone: whoever started the run has ended, or has lost its connection",
            server
        ),
    )
    .hint("start the run again")
}

/// The kept connection, unless it is of no use any more.
fn alive(mut connection: Connection<TcpStream>, idle_nanos: i64) -> Option<Connection<TcpStream>> {
    let usable = connection.is_ready() && (idle_nanos < TRUSTED_IDLE_NANOS || connection.simple_query("").is_ok());
    if usable {
        Some(connection)
    } else {
        None
    }
}
