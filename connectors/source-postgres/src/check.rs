// SPDX-License-Identifier: Apache-2.0

//! `check`: whether the server and the streams are what the pipeline needs.

use rapidbyte_sdk::postgres::{Connection, Transport};
use rapidbyte_sdk::{Category, CheckEntry, CheckRequest, CheckResponse, Error, Result, Stream, SyncMode};

use crate::incremental;
use crate::prerequisites;
use crate::resolve;
use crate::session::{Session, OLDEST_SERVER};

/// Tries one prerequisite after the other. That the server cannot be reached is an error, and no failed check.
pub fn check(session: &mut Session, request: &CheckRequest) -> Result<CheckResponse> {
    let config = session.config().clone();
    let connection = session.connection()?;
    let version = connection.parameter("server_version").unwrap_or("unknown").to_owned();
    let mut checks = vec![CheckEntry::passed(
        "connection",
        format!("connected to {}", config.server()),
    )];
    if connection.server_major_version() < OLDEST_SERVER {
        let entry = CheckEntry::failed(
            "server_version",
            format!("the server has version {}", version),
            format!(
                "source-postgres reads from version {} on: upgrade the server",
                OLDEST_SERVER
            ),
        );
        checks.push(entry.category(Category::Config));
        return Ok(CheckResponse { checks });
    }
    checks.push(CheckEntry::passed(
        "server_version",
        format!("the server has version {}", version),
    ));
    checks.push(encoding(connection.parameter("server_encoding").unwrap_or("unknown")));
    for stream in &request.streams {
        let missing = prerequisites::missing(connection, stream, &config)?;
        if missing.is_empty() {
            let check = check_stream(connection, "stream", stream, &config.schema, try_stream)?;
            let is_next = check.ok && stream.sync_mode == SyncMode::Incremental;
            checks.push(check);
            if is_next {
                checks.push(check_stream(
                    connection,
                    "cursor of stream",
                    stream,
                    &config.schema,
                    try_cursor,
                )?);
            }
        }
        checks.extend(missing);
    }
    Ok(CheckResponse { checks })
}

fn encoding(encoding: &str) -> CheckEntry {
    let message = match encoding {
        "SQL_ASCII" => {
            "the database's encoding is SQL_ASCII: every text is checked to be UTF-8 as it is read".to_owned()
        }
        other => format!("the database's encoding is {}", other),
    };
    CheckEntry::passed("server_encoding", message)
}

/// What is tried with a stream; the message of success.
type Attempt<T> = fn(&mut Connection<T>, &Stream, &str) -> Result<String>;

fn check_stream<T: Transport>(
    connection: &mut Connection<T>,
    what: &str,
    stream: &Stream,
    schema: &str,
    attempt: Attempt<T>,
) -> Result<CheckEntry> {
    let name = format!("{} {}", what, stream.name);
    match attempt(connection, stream, schema) {
        Ok(message) => Ok(CheckEntry::passed(name, message)),
        Err(error) if prerequisites::is_finding(&error) => Ok(CheckEntry {
            name,
            ..prerequisites::failed(stream, &error)
        }),
        Err(error) => Err(error.context(format_args!("stream '{}'", stream.name))),
    }
}

fn try_stream<T: Transport>(connection: &mut Connection<T>, stream: &Stream, schema: &str) -> Result<String> {
    let relation = resolve::resolve(connection, stream, schema)?;
    let columns = resolve::columns(&relation, stream)?;
    // Asks for every column, because privileges can be given column by column, and for no row.
    let list: Vec<String> = columns
        .iter()
        .map(|column| column.column_type.expression(&column.name))
        .collect();
    let table = rapidbyte_sdk::postgres::quote_qualified(&relation.namespace, &relation.name);
    connection
        .query(&format!("SELECT {} FROM {} LIMIT 0", list.join(", "), table))
        .map_err(|error| grant_hint(error, &table))?;
    Ok(format!(
        "{}.{} can be read: {} columns",
        relation.namespace,
        relation.name,
        columns.len()
    ))
}

fn try_cursor<T: Transport>(connection: &mut Connection<T>, stream: &Stream, schema: &str) -> Result<String> {
    let relation = resolve::resolve(connection, stream, schema)?;
    incremental::check(connection, &relation, stream)
}

/// The user has what it needs: what is missing is behind the relation, such as a view's table.
fn grant_hint(error: Error, table: &str) -> Error {
    if error.category() == Category::Permission {
        error.hint(format!(
            "grant what the message names: to the owner of {} when it is a view, else to the user of the connector's config",
            table
        ))
    } else {
        error
    }
}
