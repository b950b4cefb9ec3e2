// SPDX-License-Identifier: Apache-2.0

//! The ledger: a table beside the targets that holds the identities of the batches that are in them, so that a batch which
//! is given a second time is not written a second time.
//!
//! A row is committed together with the rows of its batch. What is there is asked for in the message that begins a
//! transaction and entered in the one that ends it, so that a commit takes no message more for it. docs/exactly-once.md
//! says what follows from it.

use crate::ledger_table::grant_hint;
use crate::names::{hash, Target};
use crate::refused::is_refusal;
use crate::session::Session;
use rapidbyte_sdk::abi::{self, BatchHeader};
use rapidbyte_sdk::postgres::{quote_literal, quote_qualified, QueryResult, Row};
use rapidbyte_sdk::{Category, Error, Result, Scope, WriteResponse};
use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;

/// The name of the ledger of each schema.
pub const TABLE: &str = "_rapidbyte_ledger";

pub const SELECTED: &str = "unit, sequence, checksum, row_count, byte_count, refused_count, refused";

/// The same without the dead letters, which may be large and are needed for few: whether there are any.
const ASKED: &str = "unit, sequence, checksum, row_count, byte_count, refused_count, refused IS NOT NULL";

/// The unit of rows that say that the stream has come to an end.
pub const MARKER: i64 = -1;

/// The number, in that unit, of the row that says that the stream has been finalized.
pub const ENDED: u32 = 0;

/// The same for one whose run was given up: what it left beside the target was removed.
pub const TORN_DOWN: u32 = 1;

/// The unit of the rows that say what the batches are of.
pub const PLAN: i64 = -2;

/// The number, in that unit, of the row that says by which plan the stream's batches are numbered.
pub const DIGEST: u32 = 0;

/// The same for which table they were written into, when it is the target itself: its OID stands for the checksum.
pub const TARGET: u32 = 1;

/// How many units are asked for at once: some bundles of small units, or a part of one.
const UNITS_AT_ONCE: i64 = 64;

/// How many batches are asked for at once, at most.
const ROWS_AT_ONCE: usize = 1000;

/// How many bytes of dead letters are held until the transaction ends.
pub const MOST_HELD_BYTES: usize = 8 << 20;

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
    /// Whether these are in the table alone.
    has_dead_letters_in_table: bool,
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

    pub fn has_dead_letters(&self) -> bool {
        self.has_dead_letters_in_table || !self.dead_letters.is_empty()
    }
}

/// The part of the ledger that belongs to one stream of one run, as far as a transaction knows it.
pub struct Ledger {
    /// Without it, nothing is asked for and nothing entered.
    is_kept: bool,
    /// In SQL.
    pub table: String,
    /// `run_id` and `stream` are these, in SQL.
    pub belongs: String,
    /// Both as literals.
    pub run: String,
    pub stream: String,
    pub lock_key: i64,
    /// What the transaction has asked for, and what it was told.
    asked: Vec<Range<Identity>>,
    known: HashMap<Identity, Entry>,
    /// Whether the stream has been finalized: no batch can be new then.
    has_ended: bool,
    /// Whether the run was torn down before that.
    is_torn_down: bool,
    /// What the transaction will enter.
    new: Vec<Entry>,
}

impl Ledger {
    pub fn of(target: &Target, run_id: &str, is_kept: bool) -> Ledger {
        Ledger {
            is_kept,
            ..Ledger::in_schema(&target.schema, run_id, &target.stream)
        }
    }

    /// That of a stream whose target may be there.
    pub fn in_schema(schema: &str, run_id: &str, stream: &str) -> Ledger {
        let lock_key = hash(&["rapidbyte run", schema, run_id, stream]) as i64;
        let (run, stream) = (quote_literal(run_id), quote_literal(stream));
        Ledger {
            is_kept: true,
            table: quote_qualified(schema, TABLE),
            belongs: format!(
                "run_id OPERATOR(pg_catalog.=) {} AND stream OPERATOR(pg_catalog.=) {}",
                run, stream
            ),
            run,
            stream,
            lock_key,
            asked: Vec::new(),
            known: HashMap::new(),
            has_ended: false,
            is_torn_down: false,
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
            ASKED,
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
                match entry.sequence {
                    TORN_DOWN => self.is_torn_down = true,
                    _ => self.has_ended = true,
                }
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

    /// What became of a batch that is in the ledger already, or will be when the transaction ends. It has to hold what it held then.
    pub fn find(&self, header: &BatchHeader) -> Result<Option<&Entry>> {
        match self.entry_of((header.unit, header.sequence)) {
            _ if self.is_torn_down && !self.has_ended => Err(run_torn_down()),
            Some(entry) if entry.checksum != header.checksum => Err(self.batch_changed(header)),
            None if self.has_ended => Err(self.run_ended()),
            found => Ok(found),
        }
    }

    fn entry_of(&self, identity: Identity) -> Option<&Entry> {
        let at = self.position_of(identity);
        let new = self
            .new
            .get(at)
            .filter(|entry| (entry.unit, entry.sequence) == identity);
        new.or_else(|| self.known.get(&identity))
    }

    /// Where it is among the new ones, or has to be.
    fn position_of(&self, identity: Identity) -> usize {
        self.new
            .partition_point(|other| (other.unit, other.sequence) < identity)
    }

    /// Hands the dead letters of a batch over that was found, as when it was written.
    #[inline(never)]
    pub fn emit(&self, session: &mut Session, header: &BatchHeader) -> Result<()> {
        let emit = |letters: &[String]| letters.iter().try_for_each(|letter| abi::emit_dlq_json(letter));
        match self.entry_of((header.unit, header.sequence)) {
            Some(entry) if entry.has_dead_letters_in_table => {
                let answer = session.query(&format!(
                    "SELECT refused FROM {} WHERE {} AND unit OPERATOR(pg_catalog.=) {} AND sequence OPERATOR(pg_catalog.=) {}",
                    self.table, self.belongs, header.unit, header.sequence
                ))?;
                emit(&answer.value().map_or(Vec::new(), dead_letters))
            }
            Some(entry) => emit(&entry.dead_letters),
            None => Ok(()),
        }
    }

    /// Enters a batch when the transaction ends.
    #[inline(never)]
    pub fn enter(&mut self, entry: Entry) {
        if self.is_kept {
            // In one order for all, so that two writers of the same batches wait for each other in one direction only.
            // That is the order in which they come, mostly.
            let at = self.position_of((entry.unit, entry.sequence));
            self.new.insert(at, entry);
        }
    }

    /// The same for one of which records were refused. What is held of many of them is entered at once.
    pub fn enter_refused(&mut self, session: &mut Session, entry: Entry) -> Result<()> {
        self.enter(entry);
        let letters = self.new.iter().flat_map(|entry| &entry.dead_letters);
        if letters.map(String::len).sum::<usize>() > MOST_HELD_BYTES {
            let insert = self.insertion();
            session.execute(&insert).map_err(|error| self.explain(error))?;
            for mut entry in self.new.drain(..) {
                entry.has_dead_letters_in_table = !std::mem::take(&mut entry.dead_letters).is_empty();
                self.known.insert((entry.unit, entry.sequence), entry);
            }
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
    pub fn explain(&self, error: Error) -> Error {
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

/// The error for whoever works for a run that was given up.
pub fn run_torn_down() -> Error {
    Error::data(
        "run_torn_down",
        "the run was torn down: what it had put beside its targets was removed, and nothing is written for it any more",
    )
    .hint("a worker that was given up went on: nothing is to be done for it; what is to be repeated has to be a new run, with another run_id")
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
        dead_letters: Vec::new(),
        has_dead_letters_in_table: row.flag(6),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_letters_of_many_batches_are_not_asked_for_at_once() {
        let header = BatchHeader {
            unit: 3,
            sequence: 0,
            rows: 1,
            frame_size: 0,
            checksum: 0,
        };
        let question = Ledger::in_schema("s", "run", "t").question(&header);
        assert!(
            question.matches("refused").count()
                == question.matches("refused_count").count() + question.matches("refused IS NOT NULL").count()
        );
    }

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
