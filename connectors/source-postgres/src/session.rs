// SPDX-License-Identifier: Apache-2.0

//! The connection of an instance, kept between calls.

use rapidbyte_sdk::abi;
use rapidbyte_sdk::postgres::{connect, Config, Connection};
use rapidbyte_sdk::{Error, Result, TcpStream};

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

/// The connection, made when it is first needed.
pub struct Session {
    config: Config,
    connection: Option<Connection<TcpStream>>,
    last_used: i64,
}

impl Session {
    pub fn new(config: Config) -> Session {
        Session {
            config,
            connection: None,
            last_used: 0,
        }
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A connection that is ready: the kept one, or a new one.
    pub fn connection(&mut self) -> Result<&mut Connection<TcpStream>> {
        let now = abi::monotonic_nanos();
        let connection = match self.connection.take() {
            Some(kept) => match alive(kept, now - self.last_used) {
                Some(kept) => kept,
                None => self.connect()?,
            },
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

    /// Notes that the connection was in use until now.
    pub fn used(&mut self) {
        self.last_used = abi::monotonic_nanos();
    }

    /// Drops the connection, whatever state it is in.
    pub fn discard(&mut self) {
        self.connection = None;
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

/// The kept connection, unless it is of no use any more.
fn alive(mut connection: Connection<TcpStream>, idle_nanos: i64) -> Option<Connection<TcpStream>> {
    let usable = connection.is_ready() && (idle_nanos < TRUSTED_IDLE_NANOS || connection.simple_query("").is_ok());
    if usable {
        Some(connection)
    } else {
        None
    }
}
