// SPDX-License-Identifier: Apache-2.0

//! What is handed over of a record that was refused: the record, and why.

use crate::apply::lock;
use crate::catalog::{find_table, RelationKind};
use crate::encode::json_value;
use crate::ledger::Entry;
use crate::names::{hash, Target};
use crate::refused::bounded;
use crate::session::Session;
use crate::trust;
use crate::write::Destination;
use rapidbyte_sdk::arrow::{Batch, Column, Field, Values};
use rapidbyte_sdk::postgres::{quote_identifier, quote_literal, quote_qualified};
use rapidbyte_sdk::{abi, debug, Category, DataErrorPolicy, Error, Result, Scope};
use serde::de::IgnoredAny;
use std::fmt::Write;

/// The host takes 1 MiB, and no more than it takes for a record: a longer one is cut.
const LONGEST_RECORD: usize = 512 << 10;

/// Of a record, at most one part in so many is one value.
const VALUES: usize = 32;

/// An error's text can hold the value it is about.
const LONGEST_REASON: usize = 2000;

/// How much is inserted by one statement.
const STATEMENT_BYTES: usize = 4 << 20;

/// The table's columns, with their types as the server writes them.
const COLUMNS: [(&str, &str); 7] = [
    ("run_id", "text"),
    ("stream", "text"),
    ("record", "jsonb"),
    ("sqlstate", "text"),
    ("category", "text"),
    ("reason", "text"),
    ("refused_at", "timestamp with time zone"),
];

pub struct DeadLetter {
    stream: String,
    /// JSON, all of it ASCII.
    record: String,
    error: Error,
}

impl DeadLetter {
    /// `server` is how messages of the server begin, which says nothing about the record.
    #[inline(never)]
    pub fn new(stream: &str, server: &str, longest: usize, batch: &Batch<'_>, row: usize, error: &Error) -> DeadLetter {
        let message = error.message();
        let reason = message
            .strip_prefix(server)
            .map_or(message, |rest| rest.trim_start_matches(": "));
        let mut bounded_error = Error::data(error.code(), bounded(reason, LONGEST_REASON)).scope(Scope::Record);
        for name in ["schema", "table", "column", "constraint"] {
            if let Some(value) = error
                .details()
                .and_then(|details| details.get(name))
                .and_then(|value| value.as_str())
            {
                bounded_error = bounded_error.detail(name, bounded(value, 200));
            }
        }
        DeadLetter {
            stream: stream.into(),
            record: record(batch, row, longest.min(LONGEST_RECORD)),
            error: bounded_error,
        }
    }

    /// As `emit_dlq` takes it, in one line.
    pub fn to_json(&self) -> String {
        let stream = serde_json::Value::from(self.stream.as_str());
        let text = format!(
            "{{\"stream\":{},\"record\":{},\"error\":{}}}",
            stream,
            self.record,
            self.error.to_json()
        );
        ascii(&text)
    }
}

/// The refused records of one batch.
pub struct Refused<'a> {
    destination: &'a Destination<'a>,
    server: &'a str,
    batch: &'a Batch<'a>,
    pub count: u64,
    letters: Vec<DeadLetter>,
}

impl<'a> Refused<'a> {
    pub fn new(destination: &'a Destination<'a>, server: &'a str, batch: &'a Batch<'a>) -> Refused<'a> {
        Refused {
            destination,
            server,
            batch,
            count: 0,
            letters: Vec::new(),
        }
    }

    /// Takes a record that was refused.
    #[inline(never)]
    pub fn add(&mut self, row: usize, error: &Error) -> Result<()> {
        self.count += 1;
        let stream = &self.destination.target.stream;
        if self.destination.on_data_error == DataErrorPolicy::Dlq {
            let letter = DeadLetter::new(
                stream,
                self.server,
                self.destination.max_record_bytes / 2,
                self.batch,
                row,
                error,
            );
            abi::emit_dlq_json(&letter.to_json())?;
            self.letters.push(letter);
        }
        debug!(
            "stream '{}': a record was refused: {}",
            stream,
            bounded(error.message(), LONGEST_REASON)
        );
        Ok(())
    }

    /// Adds the records to the table of dead letters and to what the ledger will hold of their batch.
    pub fn finish(self, session: &mut Session, mut entry: Entry) -> Result<Entry> {
        insert(session, self.destination.target, self.destination.run_id, &self.letters)?;
        entry.refused = self.count;
        entry.dead_letters = self.letters.iter().map(DeadLetter::to_json).collect();
        Ok(entry)
    }
}

/// The columns of a row as a JSON object.
#[inline(never)]
fn record(batch: &Batch<'_>, row: usize, longest: usize) -> String {
    let mut record = String::from("{");
    for (field, column) in batch.schema().fields.iter().zip(batch.columns()) {
        let value = ascii(&value(field, column, row, longest / VALUES));
        let name = ascii(&serde_json::Value::from(field.name.as_str()).to_string());
        if record.len() + name.len() + value.len() > longest {
            continue;
        }
        let separator = if record.len() == 1 { "" } else { "," };
        let _ = write!(record, "{}{}:{}", separator, name, value);
    }
    record.push('}');
    record
}

#[inline(never)]
fn value(field: &Field, column: &Column<'_>, row: usize, longest: usize) -> String {
    if column.is_valid(row) && matches!(column.values(), Values::Var { .. }) {
        let bytes = column.bytes(row);
        if bytes.len() > longest {
            return cut(&bytes[..longest], bytes.len());
        }
    }
    let mut out = Vec::new();
    json_value::write(field, column, row, &mut out);
    if out.len() > 8 * longest {
        return cut(&out[..longest], out.len());
    }
    match String::from_utf8(out) {
        // A text that claims to be JSON may be none.
        Ok(text) if serde_json::from_str::<IgnoredAny>(&text).is_ok() => text.replace(|c| c == '\n' || c == '\r', " "),
        Ok(text) => serde_json::Value::from(text).to_string(),
        Err(bytes) => match column.values() {
            Values::Var { .. } => serde_json::Value::from(String::from_utf8_lossy(column.bytes(row))).to_string(),
            _ => serde_json::Value::from(String::from_utf8_lossy(bytes.as_bytes())).to_string(),
        },
    }
}

fn cut(beginning: &[u8], length: usize) -> String {
    let text = format!("{}\u{2026} (cut: {} bytes)", String::from_utf8_lossy(beginning), length);
    serde_json::Value::from(text).to_string()
}

/// The same JSON without characters that the server's encoding may not have.
#[inline(never)]
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{:04x}", unit);
            }
        }
    }
    out
}

/// The same JSON without the one character that jsonb cannot hold.
#[inline(never)]
fn without_zero(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (escape, replacement) = match rest[at..].starts_with("\\u0000") {
            true => (6, "\\ufffd"),
            false => (2, &rest[at..at + 2]),
        };
        out.push_str(replacement);
        rest = &rest[at + escape..];
    }
    out.push_str(rest);
    out
}

/// `rb_apply`: makes sure that there is a table for dead letters, when the configuration names one.
#[inline(never)]
pub fn apply(session: &mut Session, target: &Target) -> Result<()> {
    let name = match &session.settings().dead_letter_table {
        Some(name) => name.clone(),
        None => return Ok(()),
    };
    let quoted = quote_qualified(&target.schema, &name);
    if let Some(table) = find_table(session, &target.schema, &name)? {
        trust::check(session, &target.schema, &name, "the dead_letter_table")?;
        let has = |(name, type_text): &(&str, &str)| {
            let column = table.column(name);
            column.map_or(false, |column| column.type_text == *type_text)
        };
        let takes_rows = matches!(table.kind, RelationKind::Table | RelationKind::PartitionedTable);
        if takes_rows && COLUMNS.iter().all(has) {
            return Ok(());
        }
        let columns = COLUMNS.map(|(name, type_text)| format!("{} {}", name, type_text));
        return Err(Error::schema(
            "not_a_dead_letter_table",
            format!(
                "the dead_letter_table {} has not the columns {}",
                quoted,
                columns.join(", ")
            ),
        )
        .hint("name another table in 'dead_letter_table', which is created then"));
    }
    let definitions =
        "run_id pg_catalog.text, stream pg_catalog.text, record pg_catalog.jsonb, sqlstate pg_catalog.text, \
         category pg_catalog.text, reason pg_catalog.text, refused_at pg_catalog.timestamptz DEFAULT pg_catalog.now()";
    session
        .transaction(|session| {
            lock(session, hash(&["rapidbyte dead letters", &target.schema, &name]) as i64)?;
            session.execute(&format!("CREATE TABLE IF NOT EXISTS {} ({})", quoted, definitions))
        })
        .map_err(|error| match error.code() {
            "42501" => error.hint(format!(
                "GRANT CREATE ON SCHEMA {} to the user, or create the table yourself",
                quote_identifier(&target.schema)
            )),
            _ => error,
        })
        .map_err(|error| error.context(format!("creating the dead_letter_table {}", quoted)))?;
    Ok(())
}

/// Adds them to the table of dead letters, in the transaction of the other rows.
#[inline(never)]
pub fn insert(session: &mut Session, target: &Target, run_id: &str, letters: &[DeadLetter]) -> Result<()> {
    let name = match &session.settings().dead_letter_table {
        Some(name) if !letters.is_empty() => name.clone(),
        _ => return Ok(()),
    };
    let table = quote_qualified(&target.schema, &name);
    let mut sql = String::new();
    for letter in letters {
        if sql.is_empty() {
            let _ = write!(
                sql,
                "INSERT INTO {} (run_id, stream, record, sqlstate, category, reason) VALUES ",
                table
            );
        } else {
            sql.push_str(", ");
        }
        let _ = write!(
            sql,
            "({}, {}, {}, {}, 'data', {})",
            quote_literal(run_id),
            quote_literal(&letter.stream),
            quote_literal(&without_zero(&letter.record)),
            match letter.error.code() {
                code if code.len() == 5 => quote_literal(code),
                _ => "NULL".into(),
            },
            quote_literal(&letter.error.message().replace('\0', "\u{fffd}"))
        );
        if sql.len() > STATEMENT_BYTES {
            run(session, &table, &sql)?;
            sql.clear();
        }
    }
    match sql.is_empty() {
        true => Ok(()),
        false => run(session, &table, &sql),
    }
}

fn run(session: &mut Session, table: &str, sql: &str) -> Result<()> {
    let outcome = session.execute(sql).map(|_| ());
    outcome.map_err(|error| {
        match error.category() {
            // Not the category of what the target refuses: the table does not take what it should.
            Category::Data => Error::schema(error.code(), error.message()),
            _ => error,
        }
        .context(format!("adding to the dead_letter_table {}", table))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_for_the_server_is_ascii_without_zeros() {
        assert_eq!(ascii("{\"a\":\"ä😀\"}"), "{\"a\":\"\\u00e4\\ud83d\\ude00\"}");
        assert_eq!(
            without_zero(r#""a\u0000\\u0000\n\"\u0001""#),
            r#""a\ufffd\\u0000\n\"\u0001""#
        );
        assert_eq!(without_zero("\"\\\\\""), "\"\\\\\"");
    }
}
