// SPDX-License-Identifier: Apache-2.0

//! Statements that the server itself writes from its catalogue, because it knows how to quote every part of them.

use crate::session::Session;
use rapidbyte_sdk::Result;

/// A query whose rows are statements. `$old` and `$new` stand for the numbers of the target and of its side table.
#[derive(Clone, Copy)]
pub struct Query {
    /// The first major version of the server that has what it asks for.
    pub since: u32,
    /// The first that has not.
    pub until: u32,
    pub sql: &'static str,
}

/// A query that every server understands.
pub const fn query(sql: &'static str) -> Query {
    Query {
        since: 0,
        until: u32::MAX,
        sql,
    }
}

/// Runs the queries and returns what is in the first column of their rows.
#[inline(never)]
pub fn read(session: &mut Session, queries: &[Query], old: u32, new: u32) -> Result<Vec<String>> {
    let version = session.connection()?.server_major_version();
    let mut statements = Vec::new();
    for query in queries {
        if (query.since..query.until).contains(&version) {
            let sql = query
                .sql
                .replace("$old", &old.to_string())
                .replace("$new", &new.to_string());
            statements.extend(
                session
                    .query_catalogue(&sql)?
                    .rows
                    .iter()
                    .map(|row| row.text(0).to_owned()),
            );
        }
    }
    Ok(statements)
}

/// Runs statements one after another; in one message, because others may be waiting for the locks that are held meanwhile.
pub fn run(session: &mut Session, statements: &[String]) -> Result<()> {
    if statements.is_empty() {
        return Ok(());
    }
    session.execute(&statements.join(";\n")).map(|_| ())
}
