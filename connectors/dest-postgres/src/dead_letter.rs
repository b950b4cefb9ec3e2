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
use serde_json::Value;
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
    fn new(stream: &str, server: &str, record: String, error: &Error) -> DeadLetter {
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
            record,
            error: bounded_error,
        }
    }

    /// As `emit_dlq` takes it, in one line.
    pub fn to_json(&self) -> String {
        let stream = Value::from(self.stream.as_str());
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
    pub count: u64,
    letters: Vec<DeadLetter>,
}

impl<'a> Refused<'a> {
    pub fn new(destination: &'a Destination<'a>, server: &'a str) -> Refused<'a> {
        Refused {
            destination,
            server,
            count: 0,
            letters: Vec::new(),
        }
    }

    /// Takes a record that was refused. What it was is asked for only when it is to be handed over.
    #[inline(never)]
    pub fn add(&mut self, error: &Error, record: &mut dyn FnMut(usize) -> Result<String>) -> Result<()> {
        self.count += 1;
        let stream = &self.destination.target.stream;
        if self.destination.on_data_error == DataErrorPolicy::Dlq {
            let record = record(longest_record(self.destination.max_record_bytes))?;
            let letter = DeadLetter::new(stream, self.server, record, error);
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
        entry.refused += self.count;
        entry.dead_letters.extend(self.letters.iter().map(DeadLetter::to_json));
        Ok(entry)
    }
}

/// How long a record may be, when the host takes records of so many bytes.
fn longest_record(max_record_bytes: usize) -> usize {
    LONGEST_RECORD.min(max_record_bytes / 2)
}

/// How long a value in a record may be.
pub fn longest_value(max_record_bytes: usize) -> usize {
    longest_record(max_record_bytes) / VALUES
}

/// A record as a JSON object, to which its columns are added one after the other.
pub struct RecordText {
    text: String,
    longest: usize,
}

impl RecordText {
    pub fn new(longest: usize) -> RecordText {
        RecordText {
            text: String::from("{"),
            longest,
        }
    }

    /// Adds a column and its value, which is JSON, unless there is no room for it.
    #[inline(never)]
    pub fn add(&mut self, name: &str, value: &str) {
        let value = ascii(value);
        let name = ascii(&Value::from(name).to_string());
        if self.text.len() + name.len() + value.len() <= self.longest {
            let separator = if self.text.len() == 1 { "" } else { "," };
            let _ = write!(self.text, "{}{}:{}", separator, name, value);
        }
    }

    pub fn finish(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// The columns of a row as a JSON object.
#[inline(never)]
pub fn record(batch: &Batch<'_>, row: usize, longest: usize) -> String {
    let mut record = RecordText::new(longest);
    for (field, column) in batch.schema().fields.iter().zip(batch.columns()) {
        record.add(&field.name, &value(field, column, row, longest / VALUES));
    }
    record.finish()
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
        Ok(text) => sound_json(text),
        Err(bytes) => match column.values() {
            Values::Var { .. } => Value::from(String::from_utf8_lossy(column.bytes(row))).to_string(),
            _ => Value::from(String::from_utf8_lossy(bytes.as_bytes())).to_string(),
        },
    }
}

/// The same JSON in one line, or a string of the text when not everyone who reads JSON takes it for that: a text that claims to be JSON may be
/// none, or have numbers that are out of all bounds.
#[inline(never)]
pub fn sound_json(text: String) -> String {
    let whole = whole_characters(&text);
    match serde_json::from_str::<Value>(&whole) {
        Ok(_) => whole.replace(|c| c == '\n' || c == '\r', " "),
        Err(_) => Value::from(text).to_string(),
    }
}

/// The beginning of a value that is so many bytes long, as JSON.
pub fn cut(beginning: &[u8], length: usize) -> String {
    let text = format!("{}\u{2026} (cut: {} bytes)", String::from_utf8_lossy(beginning), length);
    Value::from(text).to_string()
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

/// The same JSON without halves of characters: U+FFFD stands for each. They may be in JSON, but are no text.
#[inline(never)]
fn whole_characters(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (length, escape) = match (utf16_unit(rest, at), utf16_unit(rest, at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, None),
            (Some(0xd800..=0xdfff), _) => (6, Some("\\ufffd")),
            // Whatever is behind a backslash, it is no beginning of another escape.
            _ => (1 + rest[at + 1..].chars().next().map_or(0, char::len_utf8), None),
        };
        out.push_str(escape.unwrap_or(&rest[at..at + length]));
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    out
}

/// The number in an escape as `\u00e4`, if there is one in that place.
fn utf16_unit(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
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
    let mut rest = letters;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |letter: &&DeadLetter| {
            let fits = bytes <= STATEMENT_BYTES;
            bytes += letter.record.len();
            fits
        };
        let (now, later) = rest.split_at(rest.iter().take_while(fits).count());
        if !run(session, &table, &statement(&table, run_id, now, false))? {
            // Not everything that is JSON is jsonb: numbers with too many places, strings that are too long, too many levels.
            for letter in now {
                let one = std::slice::from_ref(letter);
                if !run(session, &table, &statement(&table, run_id, one, false))? {
                    let sql = statement(&table, run_id, one, true);
                    session.execute(&sql).map_err(|error| explain(error, &table))?;
                }
            }
        }
        rest = later;
    }
    Ok(())
}

/// `as_text`: the record is a string in JSON, not an object.
#[inline(never)]
fn statement(table: &str, run_id: &str, letters: &[DeadLetter], as_text: bool) -> String {
    let mut sql = format!(
        "INSERT INTO {} (run_id, stream, record, sqlstate, category, reason) VALUES ",
        table
    );
    for (position, letter) in letters.iter().enumerate() {
        let record = match as_text {
            true => Value::from(letter.record.as_str()).to_string(),
            false => letter.record.clone(),
        };
        let _ = write!(
            sql,
            "{}({}, {}, {}, {}, 'data', {})",
            if position == 0 { "" } else { ", " },
            quote_literal(run_id),
            quote_literal(&letter.stream),
            quote_literal(&without_zero(&record)),
            match letter.error.code() {
                code if code.len() == 5 => quote_literal(code),
                _ => "NULL".into(),
            },
            quote_literal(&letter.error.message().replace('\0', "\u{fffd}"))
        );
    }
    sql
}

/// Whether the statement was run: not when the table does not take a value, which leaves the transaction as it was.
#[inline(never)]
fn run(session: &mut Session, table: &str, sql: &str) -> Result<bool> {
    session.execute("SAVEPOINT rapidbyte_letters")?;
    let (is_done, end) = match session.execute(sql) {
        Ok(_) => (true, ""),
        Err(error) if error.code().starts_with("22") || error.code().starts_with("54") => {
            (false, "ROLLBACK TO SAVEPOINT rapidbyte_letters; ")
        }
        Err(error) => return Err(explain(error, table)),
    };
    session.execute(&format!("{}RELEASE SAVEPOINT rapidbyte_letters", end))?;
    Ok(is_done)
}

fn explain(error: Error, table: &str) -> Error {
    match error.category() {
        // Not the category of what the target refuses: the table does not take what it should.
        Category::Data => Error::schema(error.code(), error.message()),
        _ => error,
    }
    .context(format!("adding to the dead_letter_table {}", table))
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
        // Halves of a character stand for none.
        assert_eq!(
            whole_characters(r#""\ud83d\ude00 \uD83D\uDE00 \ud800 \\ud800 \udc00\ud800\ud800\udc00\ud800\n\ud800""#),
            r#""\ud83d\ude00 \uD83D\uDE00 \ufffd \\ud800 \ufffd\ufffd\ud800\udc00\ufffd\n\ufffd""#
        );
    }
}
