// SPDX-License-Identifier: Apache-2.0

//! The ends of a stream in the [`crate::ledger`]: that it was finalized, and that its run was torn down.

use crate::apply::lock;
use crate::ledger::{run_torn_down, Ledger, ENDED, MARKER, SELECTED, TABLE, TORN_DOWN};
use crate::ledger_table;
use crate::names::{hash, Target};
use crate::session::Session;
use rapidbyte_sdk::postgres::{quote_literal, quote_qualified};
use rapidbyte_sdk::{debug, Error, Result, Stream};

/// How long finalizing waits for writers of the stream that are still at work. The host ends the call a little later.
const LOCK_TIMEOUT: &str = "90s";

/// `rb_finalize`: leaves a marker, so that a worker which was given up and goes on is refused. Does nothing when that has been done.
///
/// The batches stay known until another run of the stream has ended: a runner that starts again from before this call gives them again.
#[inline(never)]
pub fn end_stream(session: &mut Session, target: &Target, run_id: &str, given: Option<u64>) -> Result<()> {
    session
        .transaction(|session| match wait_and_find_end(session, target, run_id)? {
            true => Ok(()),
            false => require_given(session, target, run_id, given).and_then(|()| mark_end(session, target, run_id)),
        })
        .map_err(still_at_work)
        .map_err(|error| while_doing(error, target, "ending it in"))
}

/// Says what was done with the ledger when an error came that does not say itself which stream it is about.
#[inline(never)]
pub fn while_doing(error: Error, target: &Target, what: &str) -> Error {
    if error.message().starts_with("stream ") {
        return error;
    }
    error.context(format!(
        "stream '{}': {} the ledger {}",
        target.stream,
        what,
        quote_qualified(&target.schema, TABLE)
    ))
}

/// [`lock_and_find_end`], for not longer than a call may take.
#[inline(never)]
pub fn wait_and_find_end(session: &mut Session, target: &Target, run_id: &str) -> Result<bool> {
    session.execute(&format!("SET LOCAL lock_timeout = '{}'", LOCK_TIMEOUT))?;
    lock_and_find_end(session, target, run_id)
}

/// What to do when that was not long enough.
pub fn still_at_work(error: Error) -> Error {
    match error.code() {
        "55P03" => error.hint(
            "a writer of this stream is still at work: end its session, which pg_stat_activity shows, or wait for it",
        ),
        _ => error,
    }
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
    Ok(progress(session, target, run_id)? == Progress::Ended)
}

/// How far a run has come with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is known of it.
    New,
    /// It has committed batches.
    Begun,
    /// It has been finalized.
    Ended,
}

/// What the ledger, if there is one, says; fails when the run was torn down before it ended.
#[inline(never)]
pub fn progress(session: &mut Session, target: &Target, run_id: &str) -> Result<Progress> {
    if !is_there(session, target)? {
        return Ok(Progress::New);
    }
    let ledger = Ledger::of(target, run_id, true);
    let exists = |condition: String| {
        format!(
            "EXISTS (SELECT FROM {} WHERE {} AND {})",
            ledger.table, ledger.belongs, condition
        )
    };
    let answer = session.query(&format!(
        "SELECT {}, {}, {}",
        exists(is_marker(ENDED)),
        exists(is_marker(TORN_DOWN)),
        exists("unit OPERATOR(pg_catalog.>=) 0".into())
    ))?;
    let says = |column| answer.rows.first().map_or(false, |row| row.flag(column));
    match (says(0), says(1), says(2)) {
        (true, _, _) => Ok(Progress::Ended),
        (_, true, _) => Err(run_torn_down().context(format!("stream '{}'", target.stream))),
        (_, _, true) => Ok(Progress::Begun),
        _ => Ok(Progress::New),
    }
}

/// In SQL: whether a row is this marker.
fn is_marker(kind: u32) -> String {
    format!(
        "unit OPERATOR(pg_catalog.=) {} AND sequence OPERATOR(pg_catalog.=) {}",
        MARKER, kind
    )
}

/// Fails when more batches are committed than the run was `given`, if that is known: the rows of those that did not come again may have come in others.
#[inline(never)]
pub fn require_given(session: &mut Session, target: &Target, run_id: &str, given: Option<u64>) -> Result<()> {
    let given = match given {
        Some(given) if is_there(session, target)? => given,
        _ => return Ok(()),
    };
    let ledger = Ledger::of(target, run_id, true);
    let answer = session.query(&format!(
        "SELECT pg_catalog.count(*) FROM {} WHERE {} AND unit OPERATOR(pg_catalog.>=) 0",
        ledger.table, ledger.belongs
    ))?;
    let committed = answer.rows.first().map_or(Ok(0), |row| row.number::<u64>(0))?;
    match committed > given {
        true => Err(batch_missing(target, committed, given)),
        false => Ok(()),
    }
}

/// Says in the transaction that the stream has ended.
#[inline(never)]
pub fn mark_end(session: &mut Session, target: &Target, run_id: &str) -> Result<()> {
    if !is_there(session, target)? {
        return Ok(());
    }
    let ledger = Ledger::of(target, run_id, true);
    session
        .execute(&format!(
            "INSERT INTO {} (run_id, stream, {}) VALUES ({}, {}, {}, {}, 0, 0, 0, 0, NULL) ON CONFLICT DO NOTHING",
            ledger.table, SELECTED, ledger.run, ledger.stream, MARKER, ENDED
        ))
        .map(|_| ())
        .map_err(|error| ledger.explain(error))
}

/// The error for a stream of which batches were committed that were not given again.
fn batch_missing(target: &Target, committed: u64, given: u64) -> Error {
    Error::data(
        "batch_missing",
        format!(
            "stream '{}': {} batches are committed in this run, and {} were given to it in the end: the source did not give the same rows when it was \
             read again, and rows of {} that have moved may be there twice",
            target.stream,
            committed,
            given,
            target.display()
        ),
    )
    .hint(
        "start a new run; read a source whose rows change through a snapshot. A target of write_mode 'append' holds what the failed run committed",
    )
}

/// Forgets what is not needed any more, in a transaction of its own: the batches of other runs of the stream that have ended, those of all streams
/// that ended a day ago, and markers after three months, when no worker of their run is left.
///
/// The stream has ended whether this succeeds or not, and the next end tries again; so it does not wait for others long, nor work long.
#[inline(never)]
pub fn forget(session: &mut Session, target: &Target, run_id: &str) {
    let outcome = is_there(session, target).and_then(|is_there| match is_there {
        true => session.transaction_of(&oblivion(target, run_id)).map(|_| ()),
        false => Ok(()),
    });
    if let Err(error) = outcome {
        debug!("stream '{}': old batches stay in the ledger: {}", target.stream, error);
    }
}

fn oblivion(target: &Target, run_id: &str) -> String {
    let ledger = Ledger::of(target, run_id, true);
    let older_than = |age| {
        format!(
            "m.committed_at OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-) '{}'::pg_catalog.interval)",
            age
        )
    };
    format!(
        "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '15s'; \
         SELECT pg_catalog.pg_advisory_xact_lock({0}); \
         DELETE FROM {1} AS e USING {1} AS m WHERE m.unit OPERATOR(pg_catalog.=) {2} \
             AND e.run_id OPERATOR(pg_catalog.=) m.run_id AND e.stream OPERATOR(pg_catalog.=) m.stream \
             AND e.unit OPERATOR(pg_catalog.<>) {2} AND (e.stream OPERATOR(pg_catalog.=) {3} \
                 AND e.run_id OPERATOR(pg_catalog.<>) {4} OR {5}); \
         DELETE FROM {1} AS m WHERE m.unit OPERATOR(pg_catalog.=) {2} AND {6}",
        forget_key(&target.schema),
        ledger.table,
        MARKER,
        ledger.stream,
        ledger.run,
        older_than("1 day"),
        older_than("90 days")
    )
}

/// The key of the lock under which rows of a ledger are deleted: two that did so in different orders would wait for each other.
fn forget_key(schema: &str) -> i64 {
    hash(&["rapidbyte ledger forgets", schema]) as i64
}

/// Whether the target's schema has a ledger, and the connector is to keep it.
pub fn is_there(session: &mut Session, target: &Target) -> Result<bool> {
    Ok(session.settings().exactly_once && ledger_table::is_there(session, &target.schema)?)
}

/// `rb_teardown`: forgets the batches of these streams, whichever schemas their targets are in, and leaves a marker by which whoever still
/// works for the run is refused: what it would write now is only a part of the stream.
#[inline(never)]
pub fn tear_down(session: &mut Session, run_id: &str, streams: &[Stream]) -> Result<()> {
    if !session.settings().exactly_once {
        return Ok(());
    }
    let schemas = session.query_catalogue(&format!(
        "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'r' AND c.relname = {}",
        quote_literal(TABLE)
    ))?;
    let targets: Vec<Option<Target>> = streams
        .iter()
        .map(|stream| Target::of(stream, session.settings(), run_id).ok())
        .collect();
    for row in &schemas.rows {
        let schema = row.text(0);
        let is_in = |target: &Option<Target>| target.as_ref().map_or(false, |target| target.schema == schema);
        // That of others holds nothing of this run.
        if !ledger_table::is_usable(session, schema, targets.iter().any(is_in))? {
            continue;
        }
        let statements: Vec<String> = streams
            .iter()
            .zip(&targets)
            .map(|(stream, target)| torn_down(&Ledger::in_schema(schema, run_id, &stream.name), is_in(target)))
            .collect();
        session.transaction_of(&format!(
            "SELECT pg_catalog.pg_advisory_xact_lock({}); {}",
            forget_key(schema),
            statements.join("; ")
        ))?;
    }
    Ok(())
}

/// The statements that end a stream which was not finalized, and forget its batches. Where its target may be elsewhere, a ledger that knows nothing
/// of it stays as it is.
#[inline(never)]
fn torn_down(ledger: &Ledger, is_target: bool) -> String {
    let (table, belongs) = (&ledger.table, &ledger.belongs);
    let known = match is_target {
        true => String::new(),
        false => format!("EXISTS (SELECT FROM {} WHERE {}) AND ", table, belongs),
    };
    format!(
        "INSERT INTO {0} (run_id, stream, {2}) SELECT {3}, {4}, {5}, {6}, 0, 0, 0, 0, NULL \
             WHERE {7}NOT EXISTS (SELECT FROM {0} WHERE {1} AND {8}) ON CONFLICT DO NOTHING; \
         DELETE FROM {0} WHERE {1} AND unit OPERATOR(pg_catalog.<>) {5}",
        table,
        belongs,
        SELECTED,
        ledger.run,
        ledger.stream,
        MARKER,
        TORN_DOWN,
        known,
        is_marker(ENDED)
    )
}

/// The error for a run whose rows are gone that it has committed: they would not be written again.
pub fn target_lost(target: &Target, what: &str) -> Error {
    Error::data(
        "target_lost",
        format!(
            "stream '{}': a part of it was committed into {} in this run, and that {}: its rows would be missing",
            target.stream,
            target.display(),
            what
        ),
    )
    .hint("start a new run, which writes all of the stream")
}

/// The error for a run with `replace` whose rows are gone before they took the place of the target's.
pub fn side_table_lost(target: &Target) -> Error {
    Error::data(
        "side_table_lost",
        format!(
            "stream '{}': the side table with the rows that this run has written is not there any more, and they are not in {}, \
             which is as it was",
            target.stream,
            target.display()
        ),
    )
    .hint("start a new run, and let nobody drop tables named _rapidbyte_... while one is going on")
}
