// SPDX-License-Identifier: Apache-2.0

//! The ledger: a table beside the targets that holds the identities of the batches that are in them, so that a batch which
//! is given a second time is not written a second time.
//!
//! A row is committed together with the rows of its batch. What is there is asked for in the message that begins a
//! transaction and entered in the one that ends it, so that a commit takes no message more for it. docs/exactly-once.md
//! says what follows from it.

use crate::apply::lock;
use crate::catalog::{find_table, ExistingTable, RelationKind};
use crate::names::{hash, Target};
use crate::refused::is_refusal;
use crate::session::Session;
use rapidbyte_sdk::abi::{self, BatchHeader};
use rapidbyte_sdk::postgres::{quote_identifier, quote_literal, quote_qualified, QueryResult, Row};
use rapidbyte_sdk::{Category, Error, Result, Scope, Stream, WriteResponse};
use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;

/// The name of the ledger of each schema.
const TABLE: &str = "_rapidbyte_ledger";

/// Its columns, with their types as the server writes them.
const COLUMNS: [(&str, &str); 10] = [
    ("run_id", "text"),
    ("stream", "text"),
    ("unit", "bigint"),
    ("sequence", "integer"),
    ("checksum", "bigint"),
    ("row_count", "bigint"),
    ("byte_count", "bigint"),
    ("refused_count", "bigint"),
    // Not jsonb, which cannot hold every string.
    ("refused", "json"),
    ("committed_at", "timestamp with time zone"),
];

const DEFINITIONS: &str = "run_id pg_catalog.text, stream pg_catalog.text, unit pg_catalog.int8, \
     sequence pg_catalog.int4, checksum pg_catalog.int8 NOT NULL, row_count pg_catalog.int8 NOT NULL, \
     byte_count pg_catalog.int8 NOT NULL, refused_count pg_catalog.int8 NOT NULL, refused pg_catalog.json, \
     committed_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(), \
     PRIMARY KEY (run_id, stream, unit, sequence)";

const SELECTED: &str = "unit, sequence, checksum, row_count, byte_count, refused_count, refused";

/// The unit of the row that says that the stream has been finalized.
const MARKER: i64 = -1;

/// How many units are asked for at once: some bundles of small units, or a part of one.
const UNITS_AT_ONCE: i64 = 64;

/// How many batches are asked for at once, at most.
const ROWS_AT_ONCE: usize = 1000;

/// How many bytes of dead letters are held until the transaction ends.
pub const MOST_HELD_BYTES: usize = 8 << 20;

/// How long finalizing waits for writers of the stream that are still at work. The host ends the call a little later.
const LOCK_TIMEOUT: &str = "90s";

/// Unit and number within it.
type Identity = (i64, u32);

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    pub unit: i64,
    pub sequence: u32,
    pub checksum: u32,
    /// Rows that were written, and their bytes.
    pub rows: u64,
    pub bytes: u64,
    /// Rows that the target refused.
    pub refused: u64,
    /// Those of them that were handed over as dead letters, each in one line of JSON.
    pub dead_letters: Vec<String>,
}

impl Entry {
    pub fn of(header: &BatchHeader, rows: u64, bytes: u64) -> Entry {
        Entry {
            unit: header.unit,
            sequence: header.sequence,
            checksum: header.checksum,
            rows,
            bytes,
            ..Entry::default()
        }
    }

    /// Counts the batch as it was counted when it was written.
    pub fn count(&self, into: &mut WriteResponse) {
        into.rows += self.rows;
        into.bytes += self.bytes;
        into.batches += 1;
        into.refused += self.refused;
    }

    /// Hands its dead letters over, as when it was written.
    pub fn emit(&self) -> Result<()> {
        self.dead_letters
            .iter()
            .try_for_each(|letter| abi::emit_dlq_json(letter))
    }
}

/// The part of the ledger that belongs to one stream of one run, as far as a transaction knows it.
pub struct Ledger {
    /// Without it, nothing is asked for and nothing entered.
    is_kept: bool,
    /// In SQL.
    table: String,
    /// `run_id` and `stream` are these, in SQL.
    belongs: String,
    /// Both as literals.
    run: String,
    stream: String,
    lock_key: i64,
    /// What the transaction has asked for, and what it was told.
    asked: Vec<Range<Identity>>,
    known: HashMap<Identity, Entry>,
    /// Whether the stream has been finalized: no batch can be new then.
    has_ended: bool,
    /// What the transaction will enter.
    new: Vec<Entry>,
}

impl Ledger {
    pub fn of(target: &Target, run_id: &str, is_kept: bool) -> Ledger {
        let (run, stream) = (quote_literal(run_id), quote_literal(&target.stream));
        Ledger {
            is_kept,
            table: quote_qualified(&target.schema, TABLE),
            belongs: format!(
                "run_id OPERATOR(pg_catalog.=) {} AND stream OPERATOR(pg_catalog.=) {}",
                run, stream
            ),
            run,
            stream,
            lock_key: hash(&["rapidbyte run", &target.schema, run_id, &target.stream]) as i64,
            asked: Vec::new(),
            known: HashMap::new(),
            has_ended: false,
            new: Vec::new(),
        }
    }

    /// Whether the transaction knows if this batch is in the ledger.
    pub fn has_asked(&self, header: &BatchHeader) -> bool {
        let identity = (header.unit, header.sequence);
        !self.is_kept || self.asked.iter().any(|range| range.contains(&identity))
    }

    /// Begins a transaction that knows of this batch and of those that are likely to follow.
    ///
    /// Until it ends, the stream cannot be finalized: whoever comes after that finds the marker.
    #[inline(never)]
    pub fn begin(&mut self, session: &mut Session, header: &BatchHeader) -> Result<()> {
        let ask = format!(
            "SELECT pg_catalog.pg_advisory_xact_lock_shared({}); {}",
            self.lock_key,
            self.question(header)
        );
        let mut results = session.begin_with(&ask).map_err(|error| self.explain(error))?;
        self.take_in(header, results.pop())
    }

    /// Asks in the midst of a transaction.
    #[inline(never)]
    pub fn ask(&mut self, session: &mut Session, header: &BatchHeader) -> Result<()> {
        let answer = session.query(&self.question(header))?;
        self.take_in(header, Some(answer))
    }

    #[inline(never)]
    fn question(&self, header: &BatchHeader) -> String {
        format!(
            "SELECT {0} FROM {1} WHERE {2} AND unit OPERATOR(pg_catalog.=) {3} UNION ALL (SELECT {0} FROM {1} WHERE {2} \
             AND (unit, sequence) OPERATOR(pg_catalog.>=) ({4}, {5}) AND unit OPERATOR(pg_catalog.<) {6} \
             ORDER BY unit, sequence LIMIT {7})",
            SELECTED,
            self.table,
            self.belongs,
            MARKER,
            header.unit,
            header.sequence,
            header.unit.saturating_add(UNITS_AT_ONCE),
            ROWS_AT_ONCE
        )
    }

    #[inline(never)]
    fn take_in(&mut self, header: &BatchHeader, answer: Option<QueryResult>) -> Result<()> {
        let rows = answer.map_or(Vec::new(), |answer| answer.rows);
        let mut end = (header.unit.saturating_add(UNITS_AT_ONCE), 0);
        for row in &rows {
            let entry = entry(row)?;
            if entry.unit == MARKER {
                self.has_ended = true;
                continue;
            }
            let identity = (entry.unit, entry.sequence);
            if rows.len() >= ROWS_AT_ONCE {
                // There may be more behind the last one.
                end = (identity.0, identity.1.saturating_add(1));
            }
            self.known.insert(identity, entry);
        }
        self.asked.push((header.unit, header.sequence)..end);
        Ok(())
    }

    /// What became of a batch that is in the ledger already. It has to hold what it held then.
    pub fn find(&self, header: &BatchHeader) -> Result<Option<&Entry>> {
        match self.known.get(&(header.unit, header.sequence)) {
            Some(entry) if entry.checksum != header.checksum => Err(self.batch_changed(header)),
            None if self.has_ended => Err(self.run_ended()),
            found => Ok(found),
        }
    }

    /// Enters a batch when the transaction ends.
    #[inline(never)]
    pub fn enter(&mut self, entry: Entry) {
        if self.is_kept {
            // In one order for all, so that two writers of the same batches wait for each other in one direction only.
            // That is the order in which they come, mostly.
            let identity = (entry.unit, entry.sequence);
            let at = self
                .new
                .partition_point(|other| (other.unit, other.sequence) < identity);
            self.new.insert(at, entry);
        }
    }

    /// The same for one of which records were refused. What is held of many of them is entered at once.
    pub fn enter_refused(&mut self, session: &mut Session, entry: Entry) -> Result<()> {
        self.enter(entry);
        let letters = self.new.iter().flat_map(|entry| &entry.dead_letters);
        if letters.map(String::len).sum::<usize>() > MOST_HELD_BYTES {
            let insert = self.insertion();
            self.new.clear();
            session.execute(&insert).map_err(|error| self.explain(error))?;
        }
        Ok(())
    }

    /// Commits the transaction with the batches that were entered, if the statement of `check` does not fail.
    #[inline(never)]
    pub fn commit(&mut self, session: &mut Session, check: &str) -> Result<()> {
        let statements = format!("{}; {}", check, self.insertion());
        self.asked.clear();
        self.known.clear();
        self.new.clear();
        let outcome = session.commit_with(&statements).map_err(|error| self.explain(error));
        outcome.map_err(|error| match is_refusal(&error) {
            true => error.context("a constraint that is deferred until COMMIT"),
            false => error,
        })
    }

    /// The statement that enters the batches; nothing when there are none.
    #[inline(never)]
    fn insertion(&self) -> String {
        if self.new.is_empty() {
            return String::new();
        }
        let mut sql = format!("INSERT INTO {} (run_id, stream, {}) VALUES ", self.table, SELECTED);
        for (position, entry) in self.new.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            // Writing to memory does not fail.
            let _ = write!(
                sql,
                "{}({}, {}, {}, {}, {}, {}, {}, {}, {})",
                separator,
                self.run,
                self.stream,
                entry.unit,
                entry.sequence,
                entry.checksum,
                entry.rows,
                entry.bytes,
                entry.refused,
                refused_literal(&entry.dead_letters)
            );
        }
        sql.push_str("; ");
        sql
    }

    fn run_ended(&self) -> Error {
        Error::data(
            "run_ended",
            "the stream has been finalized in this run, and a batch came that was not part of it; nothing of it was written",
        )
        .hint("a worker that was given up went on: nothing is to be done when the run has ended well; a run that is to be repeated has to have another run_id")
    }

    #[inline(never)]
    fn batch_changed(&self, header: &BatchHeader) -> Error {
        Error::data(
            "batch_changed",
            format!(
                "batch {} of unit {} was committed with other rows than it has now: the source did not give the same \
                 rows when it was read again",
                header.sequence, header.unit
            ),
        )
        .scope(Scope::Batch)
        .hint(
            "start a new run; read a source whose rows change through a snapshot, or a transform whose results differ \
             from time to time into a table first. A target of write_mode 'append' holds what the failed run committed",
        )
    }

    #[inline(never)]
    fn explain(&self, error: Error) -> Error {
        let is_of_ledger = |error: &Error| {
            let table = error.details().and_then(|details| details.get("table"));
            table.map_or(false, |table| table == TABLE)
        };
        match error.code() {
            "23505" if is_of_ledger(&error) => Error::new(
                Category::TransientDb,
                "batch_taken",
                "another worker committed one of these batches at the same time",
            )
            .scope(Scope::Batch)
            .retryable(true),
            "42P01" if error.message().contains(TABLE) => error.hint(
                "the ledger was dropped while the run was going on: start the run again, or set 'exactly_once' to false",
            ),
            "42501" if error.message().contains(TABLE) => error.hint(grant_hint(&self.table)),
            _ => error,
        }
    }
}

#[inline(never)]
fn entry(row: &Row) -> Result<Entry> {
    Ok(Entry {
        unit: row.number(0)?,
        sequence: row.number(1)?,
        checksum: row.number(2)?,
        rows: row.number(3)?,
        bytes: row.number(4)?,
        refused: row.number(5)?,
        dead_letters: row.get(6).map_or(Vec::new(), dead_letters),
    })
}

/// An array of JSON, each element in a line of its own, so that they come out just as they went in.
fn refused_literal(dead_letters: &[String]) -> String {
    if dead_letters.is_empty() {
        return "NULL".into();
    }
    quote_literal(&format!("[\n{}\n]", dead_letters.join(",\n")))
}

fn dead_letters(array: &str) -> Vec<String> {
    let lines = array.lines().filter(|line| *line != "[" && *line != "]");
    lines.map(|line| line.trim_end_matches(',').to_owned()).collect()
}

/// `rb_apply`: makes sure that the schema of the target has a ledger, unless the configuration wants none.
#[inline(never)]
pub fn apply(session: &mut Session, target: &Target) -> Result<()> {
    if !session.settings().exactly_once {
        return Ok(());
    }
    let quoted = quote_qualified(&target.schema, TABLE);
    if let Some(table) = find_table(session, &target.schema, TABLE)? {
        return check_usable(session, &quoted, &table);
    }
    session
        .transaction(|session| {
            // Two that create it at once would fail in the catalogue.
            lock(session, hash(&["rapidbyte ledger", &target.schema]) as i64)?;
            session.execute(&format!("CREATE TABLE IF NOT EXISTS {} ({})", quoted, DEFINITIONS))
        })
        .map_err(|error| match error.code() {
            "42501" => error.hint(format!(
                "GRANT CREATE ON SCHEMA {} to the user, or set 'exactly_once' to false: then rows can be doubled when a \
                 call is repeated",
                quote_identifier(&target.schema)
            )),
            _ => error,
        })
        .map_err(|error| error.context(format!("stream '{}': creating the ledger {}", target.stream, quoted)))?;
    Ok(())
}

fn is_ledger(table: &ExistingTable) -> bool {
    let has = |(name, type_text): &(&str, &str)| {
        let column = table.column(name);
        column.map_or(false, |column| column.type_text == *type_text && !column.is_generated)
    };
    table.kind == RelationKind::Table && COLUMNS.iter().all(has)
}

#[inline(never)]
fn check_usable(session: &mut Session, quoted: &str, table: &ExistingTable) -> Result<()> {
    if !is_ledger(table) {
        return Err(Error::schema(
            "not_a_ledger",
            format!("{} is not a ledger of this version of the connector", quoted),
        )
        .hint("rename it, or set 'exactly_once' to false: then rows can be doubled when a call is repeated"));
    }
    if may_use(session, table)? {
        return Ok(());
    }
    Err(Error::new(
        Category::Permission,
        "42501",
        format!("the user may not use the ledger {}", quoted),
    )
    .hint(grant_hint(quoted)))
}

fn may_use(session: &mut Session, table: &ExistingTable) -> Result<bool> {
    let allowed = ["SELECT", "INSERT", "DELETE"].map(|privilege| {
        format!(
            "pg_catalog.has_table_privilege({}::pg_catalog.oid, '{}')",
            table.oid, privilege
        )
    });
    let answer = session.query_catalogue(&format!("SELECT {}", allowed.join(" AND ")))?;
    Ok(answer.value() == Some("t"))
}

fn grant_hint(quoted: &str) -> String {
    format!(
        "GRANT SELECT, INSERT, DELETE ON {} to the user, or set 'exactly_once' to false: then rows can be doubled when a \
         call is repeated",
        quoted
    )
}

/// `rb_finalize`: leaves a marker, so that a worker which was given up and goes on is refused. Does nothing when that has been done.
///
/// The batches stay known until another run of the stream has ended: a runner that starts again from before this call gives them again.
#[inline(never)]
pub fn end_stream(session: &mut Session, target: &Target, run_id: &str) -> Result<()> {
    session
        .transaction(|session| {
            session.execute(&format!("SET LOCAL lock_timeout = '{}'", LOCK_TIMEOUT))?;
            match lock_and_find_end(session, target, run_id)? {
                true => Ok(()),
                false => mark_end(session, target, run_id),
            }
        })
        .map_err(|error| match error.code() {
            "55P03" => error
                .hint("a writer of this stream is still at work: end its session, which pg_stat_activity shows, or wait for it"),
            _ => error,
        })
        .map_err(|error| {
            error.context(format!(
                "stream '{}': ending it in the ledger {}",
                target.stream,
                quote_qualified(&target.schema, TABLE)
            ))
        })
}

/// Waits for the writers of the stream in this run, keeps others from beginning while the transaction is open, and says whether the stream has
/// ended before.
#[inline(never)]
pub fn lock_and_find_end(session: &mut Session, target: &Target, run_id: &str) -> Result<bool> {
    if !session.settings().exactly_once {
        return Ok(false);
    }
    lock(session, Ledger::of(target, run_id, true).lock_key)?;
    has_ended(session, target, run_id)
}

/// Whether the stream has been finalized in this run.
#[inline(never)]
pub fn has_ended(session: &mut Session, target: &Target, run_id: &str) -> Result<bool> {
    if !is_there(session, target)? {
        return Ok(false);
    }
    let ledger = Ledger::of(target, run_id, true);
    let marker = session.query(&format!(
        "SELECT 1 FROM {} WHERE {} AND unit OPERATOR(pg_catalog.=) {}",
        ledger.table, ledger.belongs, MARKER
    ))?;
    Ok(marker.value().is_some())
}

/// Says in the transaction that the stream has ended, and forgets the batches of its other runs that have.
#[inline(never)]
pub fn mark_end(session: &mut Session, target: &Target, run_id: &str) -> Result<()> {
    if !is_there(session, target)? {
        return Ok(());
    }
    let ledger = Ledger::of(target, run_id, true);
    session
        .execute(&format!(
            "DELETE FROM {0} AS e USING {0} AS m WHERE m.unit OPERATOR(pg_catalog.=) {1} \
                 AND e.run_id OPERATOR(pg_catalog.=) m.run_id AND e.stream OPERATOR(pg_catalog.=) m.stream \
                 AND (e.stream OPERATOR(pg_catalog.=) {4} AND e.unit OPERATOR(pg_catalog.<>) {1} OR m.committed_at OPERATOR(pg_catalog.<) \
                 (pg_catalog.now() OPERATOR(pg_catalog.-) '1 day'::pg_catalog.interval)); \
             INSERT INTO {0} (run_id, stream, {2}) VALUES ({3}, {4}, {1}, 0, 0, 0, 0, 0, NULL) ON CONFLICT DO NOTHING",
            ledger.table, MARKER, SELECTED, ledger.run, ledger.stream
        ))
        .map(|_| ())
        .map_err(|error| ledger.explain(error))
}

fn is_there(session: &mut Session, target: &Target) -> Result<bool> {
    if !session.settings().exactly_once {
        return Ok(false);
    }
    let table = find_table(session, &target.schema, TABLE)?;
    Ok(table.map_or(false, |table| is_ledger(&table)))
}

/// `rb_teardown`: forgets the batches of these streams, whichever schemas their targets are in.
#[inline(never)]
pub fn forget(session: &mut Session, run_id: &str, streams: &[Stream]) -> Result<()> {
    let schemas = session.query_catalogue(&format!(
        "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'r' AND c.relname = {}",
        quote_literal(TABLE)
    ))?;
    let names: Vec<String> = streams.iter().map(|stream| quote_literal(&stream.name)).collect();
    for row in &schemas.rows {
        let table = match find_table(session, row.text(0), TABLE)? {
            Some(table) if is_ledger(&table) => table,
            _ => continue,
        };
        // That of others holds nothing of this run.
        if !may_use(session, &table)? {
            continue;
        }
        session.execute(&format!(
            "DELETE FROM {} WHERE run_id OPERATOR(pg_catalog.=) {} \
             AND stream OPERATOR(pg_catalog.=) ANY (ARRAY[{}]::pg_catalog.text[]) AND unit OPERATOR(pg_catalog.<>) {}",
            quote_qualified(row.text(0), TABLE),
            quote_literal(run_id),
            names.join(", "),
            MARKER
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_letters_come_back_as_they_went_in() {
        let letters = vec![
            r#"{"record":{"a":"[","b":1.50,"c":"\u0000,"}}"#.to_owned(),
            r#"{"record":{"a":"]"},"x":[1,2]}"#.to_owned(),
        ];
        let literal = format!("[\n{}\n]", letters.join(",\n"));
        assert_eq!(dead_letters(&literal), letters);
        assert_eq!(refused_literal(&[]), "NULL");
    }
}
