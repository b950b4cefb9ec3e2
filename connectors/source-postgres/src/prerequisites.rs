// SPDX-License-Identifier: Apache-2.0

//! What has to be so before a stream can be read: every condition by itself, so that all that fail are told at once, each with
//! its remedy.

use rapidbyte_sdk::postgres::{quote_identifier, quote_qualified, Config, Connection, Transport};
use rapidbyte_sdk::{Category, CheckEntry, Error, Result, Stream};

use crate::catalog::{Column, Relation};
use crate::resolve;

/// What the user may do with a relation.
struct Privileges {
    use_schema: bool,
    select: bool,
    /// Whether policies decide which of its rows the user sees.
    sees_a_part: bool,
    /// The columns that the user may read.
    columns: Vec<String>,
}

/// The conditions that are not met; none when nothing is in the way.
#[inline(never)]
pub fn missing<T: Transport>(
    connection: &mut Connection<T>,
    stream: &Stream,
    config: &Config,
) -> Result<Vec<CheckEntry>> {
    let relation = match resolve::find(connection, stream, &config.schema) {
        Ok(relation) => relation,
        Err(error) if is_finding(&error) => return Ok(vec![failed(stream, &error)]),
        Err(error) => return Err(error.context(format_args!("stream '{}'", stream.name))),
    };
    let (columns, mut errors) = wanted_columns(&relation, stream);
    let privileges = privileges(connection, &relation)?;
    errors.extend(missing_privileges(&relation, &columns, &privileges, &config.user));
    Ok(errors.iter().map(|error| failed(stream, error)).collect())
}

/// Whether an error is what a check is for; anything else means that it could not be made.
pub fn is_finding(error: &Error) -> bool {
    matches!(
        error.category(),
        Category::Config | Category::Schema | Category::Permission | Category::Data
    )
}

/// The entry for an error that a check has found.
pub fn failed(stream: &Stream, error: &Error) -> CheckEntry {
    let hint = error.hint_text().unwrap_or("correct the stream, or the table it names");
    CheckEntry::failed(format!("stream {}", stream.name), error.message(), hint).category(error.category())
}

/// The columns that will be read, as far as they exist, and what is wrong with the others.
#[inline(never)]
fn wanted_columns(relation: &Relation, stream: &Stream) -> (Vec<Column>, Vec<Error>) {
    let mut errors = Vec::new();
    let mut columns = match resolve::columns(relation, stream) {
        Ok(columns) => columns,
        Err(first) => {
            let wanted = stream.columns.iter().flatten();
            let found: Vec<Result<&Column>> = wanted.map(|name| resolve::column(relation, name)).collect();
            let columns = found.iter().flatten().map(|column| (*column).clone()).collect();
            errors.extend(found.into_iter().filter_map(Result::err));
            if errors.is_empty() {
                errors.push(first);
            }
            columns
        }
    };
    if let Some(key) = &stream.partition_key {
        match resolve::column(relation, key) {
            Ok(column) => columns.push(column.clone()),
            Err(error) => errors.push(error.context("member 'partition_key'")),
        }
    }
    // What is wrong with these is told by a check of their own.
    for name in [&stream.cursor_field, &stream.tie_breaker_field].into_iter().flatten() {
        if let Ok(column) = resolve::column(relation, name) {
            columns.push(column.clone());
        }
    }
    (columns, errors)
}

#[inline(never)]
fn missing_privileges(relation: &Relation, columns: &[Column], privileges: &Privileges, user: &str) -> Vec<Error> {
    let denied = |message: String, hint: String| Error::new(Category::Permission, "42501", message).hint(hint);
    let shown = format!("{}.{}", relation.namespace, relation.name);
    let table = quote_qualified(&relation.namespace, &relation.name);
    let role = quote_identifier(user);
    let mut errors = Vec::new();
    if !privileges.use_schema {
        errors.push(denied(
            format!("the user may not use the schema {}", relation.namespace),
            format!(
                "GRANT USAGE ON SCHEMA {} TO {}",
                quote_identifier(&relation.namespace),
                role
            ),
        ));
    }
    let mut unreadable: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    unreadable.retain(|name| !privileges.columns.iter().any(|readable| readable == name));
    unreadable.sort_unstable();
    unreadable.dedup();
    if !privileges.select && privileges.columns.is_empty() {
        errors.push(denied(
            format!("the user may not read {}", shown),
            format!("GRANT SELECT ON {} TO {}", table, role),
        ));
    } else if !unreadable.is_empty() {
        let quoted: Vec<String> = unreadable.iter().map(|name| quote_identifier(name)).collect();
        errors.push(denied(
            format!(
                "the user may not read {} of the columns of {}: {}",
                unreadable.len(),
                shown,
                unreadable.join(", ")
            ),
            format!(
                "GRANT SELECT ({}) ON {} TO {}; or name the other columns in the stream's 'columns'",
                quoted.join(", "),
                table,
                role
            ),
        ));
    }
    if privileges.sees_a_part {
        errors.push(denied(
            format!(
                "row security lets the user see a part of the rows of {} only, and a copy of that part would pass for the whole",
                shown
            ),
            format!(
                "ALTER ROLE {} BYPASSRLS; or read, as a stream of its own, a view that shows the rows that are meant",
                role
            ),
        ));
    }
    errors
}

#[inline(never)]
fn privileges<T: Transport>(connection: &mut Connection<T>, relation: &Relation) -> Result<Privileges> {
    let result = connection.query_catalogue(&format!(
        "SELECT pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE'), pg_catalog.has_table_privilege(c.oid, 'SELECT'), \
           pg_catalog.row_security_active(c.oid), a.attname, \
           COALESCE(pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'), false) \
         FROM pg_catalog.pg_class c \
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         WHERE c.oid = {}",
        relation.oid
    ))?;
    let first = result.rows.first();
    let readable = result.rows.iter().filter(|row| row.flag(4));
    Ok(Privileges {
        // A relation that is gone by now is found missing by whoever reads it.
        use_schema: first.map_or(true, |row| row.flag(0)),
        select: first.map_or(true, |row| row.flag(1)),
        sees_a_part: first.map_or(false, |row| row.flag(2)),
        columns: readable.map(|row| row.text(3).to_owned()).collect(),
    })
}
