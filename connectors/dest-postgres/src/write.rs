// SPDX-License-Identifier: Apache-2.0

//! `rb_write`: takes batches until there are no more, and commits them.

use crate::batch_plan::{BatchPlan, Route};
use crate::catalog::{check_shape, is_of_shape, ExistingTable};
use crate::dead_letter::{longest_value, record, Refused};
use crate::encode::{Column, Encoder, RowBuffer};
use crate::flush::flush_bytes;
use crate::ledger::{Entry, Ledger, MOST_HELD_BYTES};
use crate::ledger_plan::plan_changed;
use crate::merge::{Merge, MergedBatches};
use crate::names::Target;
use crate::open_copy::{check_rows, CopyTimes, FinishedCopy};
use crate::open_load::OpenLoad;
use crate::refused::{is_refusal, located, separate};
use crate::session::Session;
use crate::written_table::WrittenTable;
use rapidbyte_sdk::abi::{self, BatchHeader, BatchInput, Input};
use rapidbyte_sdk::arrow::{Batch, FrameReader};
use rapidbyte_sdk::{Category, CommitState, DataErrorPolicy, Error, Result, WriteResponse};
use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;

/// Rows in a staging table take room on the server a second time, so that they are moved on when there are this many
/// bytes of them.
const MOST_STAGED_BYTES: u64 = 64 << 20;

/// Memory that is kept from call to call.
#[derive(Default)]
pub struct WriteMemory {
    input: BatchInput,
    reader: FrameReader,
    encoder: Encoder,
    buffer: RowBuffer,
}

/// Where the rows of a call go.
pub struct Destination<'a> {
    pub run_id: &'a str,
    pub target: &'a Target,
    /// The target or its side table: its name.
    pub table_name: &'a str,
    /// The same in SQL.
    pub quoted_table: &'a str,
    /// The same in the catalogue.
    pub table: &'a ExistingTable,
    /// The target or its side table as the instance knows it.
    pub written: &'a WrittenTable,
    /// What is done with rows that are merged into the target; none are without it. Then the table is the one in which they are collected.
    pub merge: Option<&'a Merge>,
    pub on_data_error: DataErrorPolicy,
    /// What the host takes for a record.
    pub max_record_bytes: usize,
}

impl Destination<'_> {
    /// Commits, unless the table is not what it was when its columns were read: values that were encoded for a column of another type may have
    /// become others. Within a transaction that has written into the table nobody can change it any more.
    fn commit(&self, session: &mut Session, ledger: &mut Ledger) -> Result<()> {
        let check = check_shape(&self.target.schema, self.table_name, &self.written.shape);
        ledger
            .commit(session, &check)
            .map_err(|error| match is_of_shape(&error) {
                true => target_changed(self.target),
                false => error,
            })
    }
}

/// The error for a table that was changed while it was written.
pub fn target_changed(target: &Target) -> Error {
    Error::new(
        Category::TransientDb,
        "target_changed",
        format!(
            "stream '{}': the columns of the target {} were changed while it was written; nothing of the write was kept",
            target.stream,
            target.display()
        ),
    )
    .retryable(true)
    .safe_to_retry(true)
    .hint("run it again, and change the table while no run writes into it")
}

/// Writes all batches of the call and commits them.
pub fn write(session: &mut Session, memory: &mut WriteMemory, destination: &Destination<'_>) -> Result<WriteResponse> {
    let WriteMemory {
        input,
        reader,
        encoder,
        buffer,
    } = memory;
    let has_ledger = session.settings().exactly_once;
    let ledger = Ledger::of(destination.target, destination.run_id, has_ledger);
    let mut transaction = Transaction::new(session, ledger, destination.merge);
    buffer.clear(flush_bytes(transaction.session.settings().copy_flush_bytes));
    let outcome = run(&mut transaction, destination, input, reader, encoder, buffer);
    let committed = transaction.committed;
    if outcome.is_err() {
        session.roll_back();
    }
    outcome.map(|()| committed).map_err(|error| match error.category() {
        Category::Cancelled => error,
        _ => safe_with(has_ledger, located(error, destination.on_data_error)).context(format!(
            "stream '{}', target {}",
            destination.target.stream,
            destination.target.display()
        )),
    })
}

/// Whatever has been committed is not written again when there is a ledger.
fn safe_with(has_ledger: bool, error: Error) -> Error {
    match has_ledger {
        true => repeatable(error),
        false => error,
    }
}

/// The error of what changes nothing when it is done again, also when it is not known whether it has been committed.
pub fn repeatable(error: Error) -> Error {
    let is_retryable = error.is_retryable();
    error.safe_to_retry(is_retryable)
}

#[inline(never)]
fn run(
    transaction: &mut Transaction<'_>,
    destination: &Destination<'_>,
    input: &mut BatchInput,
    reader: &mut FrameReader,
    encoder: &mut Encoder,
    buffer: &mut RowBuffer,
) -> Result<()> {
    let flush_bytes = flush_bytes(transaction.session.settings().copy_flush_bytes);
    let mut plan: Option<BatchPlan> = None;
    let mut open: Option<OpenLoad<'_>> = None;
    let mut open_route = Rc::default();
    loop {
        let next = match input.next() {
            Ok(next) => next,
            Err(error) => return Err(give_up(open, error)),
        };
        let (header, frame) = match next {
            Input::Batch(header, frame) => (header, frame),
            Input::End | Input::Checkpoint => {
                let is_end = matches!(next, Input::End);
                if let Some(copy) = open {
                    let finished = copy.finish(buffer)?;
                    transaction.complete(&open_route, finished)?;
                }
                let committed = transaction.commit(destination)?;
                if is_end {
                    return Ok(());
                }
                abi::checkpoint(&committed).map_err(after_commit)?;
                open = None;
                continue;
            }
        };
        if !transaction.ledger.has_asked(&header) {
            if let Some(copy) = open {
                let finished = copy.finish(buffer)?;
                transaction.complete(&open_route, finished)?;
            }
            transaction.ask(&header)?;
            open = None;
        }
        match transaction.ledger.find(&header) {
            Ok(None) => {}
            Ok(Some(entry)) => {
                entry.count(&mut transaction.uncommitted);
                if entry.has_dead_letters() {
                    // They may have to be asked for.
                    if let Some(copy) = open {
                        let finished = copy.finish(buffer)?;
                        transaction.complete(&open_route, finished)?;
                    }
                    open = None;
                    transaction.ledger.emit(transaction.session, &header)?;
                }
                continue;
            }
            Err(error) => return Err(give_up(open, error)),
        }
        let start = abi::monotonic_nanos();
        let prepared = reader.parse(frame).and_then(|batch| {
            let plan = match plan.take() {
                Some(plan) if plan.is_for(batch.schema()) => plan,
                _ if !destination.written.has_plan_of(batch.schema()) => return Err(plan_changed(destination.target)),
                _ => BatchPlan::new(
                    batch.schema(),
                    destination.target,
                    destination.quoted_table,
                    destination.table,
                    &destination.written.drift,
                    destination.merge.map(|merge| merge.position.as_str()),
                )?,
            };
            Ok((batch, plan))
        });
        let (batch, current) = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return Err(give_up(open, error)),
        };
        let current = plan.insert(current);
        let decoded = abi::monotonic_nanos() - start;
        if batch.rows() > 0 && destination.on_data_error != DataErrorPolicy::Fail {
            // Nothing is open under this policy; the compiler does not know that.
            open = None;
            transaction.load_but_refused(destination, &header, &batch, current, encoder, buffer, flush_bytes)?;
            transaction.times.encode += decoded;
        } else if batch.rows() > 0 {
            let mut copy = match open {
                Some(copy) if takes(&copy, &open_route, current.route()) => copy,
                other => {
                    if let Some(copy) = other {
                        let finished = copy.finish(buffer)?;
                        transaction.complete(&open_route, finished)?;
                    }
                    open_route = Rc::clone(current.route());
                    transaction.prepare(&open_route)?;
                    OpenLoad::start(transaction.session, &open_route, buffer)?
                }
            };
            current.number_rows(transaction.merged.add(header.unit, header.sequence), batch.rows());
            let columns = current.columns(&batch);
            let bytes = copy.bytes();
            if let Err(error) = copy.append(encoder, &columns, 0..batch.rows(), buffer, flush_bytes) {
                return Err(copy.abort(error));
            }
            let rows = batch.rows() as u64;
            transaction.ledger.enter(Entry::of(&header, rows, copy.bytes() - bytes));
            transaction.times.encode += decoded;
            open = Some(copy);
        } else {
            // Its columns have been checked; the server has nothing to do for it but to remember it.
            transaction.ledger.enter(Entry::of(&header, 0, 0));
            transaction.uncommitted.batches += 1;
        }
    }
}

/// Whether a COPY that is open takes rows for another batch.
fn takes(copy: &OpenLoad<'_>, open_route: &Route, route: &Route) -> bool {
    open_route == route && (route.stage.is_none() || copy.bytes() < MOST_STAGED_BYTES)
}

/// What the server calls the table that the rows of a COPY go into.
fn copied_table<'a>(route: &'a Route, destination: &'a Destination<'_>) -> &'a str {
    let temporary = route.insert.table.strip_prefix("pg_temp.");
    temporary.unwrap_or(destination.table_name)
}

fn give_up(open: Option<OpenLoad<'_>>, error: Error) -> Error {
    match open {
        Some(copy) => copy.abort(error),
        None => error,
    }
}

/// A batch whose rows are in the table they are merged from.
struct Unsure {
    /// As they came.
    rows: usize,
    entry: Entry,
}

/// The transaction of the rows that are not committed yet. It is begun when there is a first one.
struct Transaction<'s> {
    session: &'s mut Session,
    ledger: Ledger,
    is_open: bool,
    has_savepoint: bool,
    /// Staging tables that hold rows of this transaction.
    filled_stages: HashSet<String>,
    merge: Option<&'s Merge>,
    /// The batches whose rows are to be merged before they are committed.
    merged: MergedBatches,
    /// What is known of each of them, as long as its rows may still be refused.
    unsure: Vec<Unsure>,
    uncommitted: WriteResponse,
    committed: WriteResponse,
    times: CopyTimes,
}

impl<'s> Transaction<'s> {
    fn new(session: &'s mut Session, ledger: Ledger, merge: Option<&'s Merge>) -> Transaction<'s> {
        Transaction {
            session,
            ledger,
            is_open: false,
            has_savepoint: false,
            filled_stages: HashSet::new(),
            merge,
            merged: MergedBatches::default(),
            unsure: Vec::new(),
            uncommitted: WriteResponse::default(),
            committed: WriteResponse::default(),
            times: CopyTimes::default(),
        }
    }

    /// Asks the ledger for a batch and for those that are likely to follow.
    fn ask(&mut self, header: &BatchHeader) -> Result<()> {
        if self.is_open {
            return self.ledger.ask(self.session, header);
        }
        self.ledger.begin(self.session, header)?;
        self.is_open = true;
        Ok(())
    }

    /// Makes sure that the transaction is open and that a COPY by this route can start.
    fn prepare(&mut self, route: &Route) -> Result<()> {
        if !self.is_open {
            self.session.begin()?;
            self.is_open = true;
        }
        if let Some(merge) = self.merge {
            self.create_temporary(&merge.create, "rows are collected there until they are merged")?;
        }
        if let Some(stage) = &route.stage {
            if self.filled_stages.contains(&route.copy) {
                self.session.execute(&stage.truncate)?;
            } else {
                self.create_temporary(&stage.create, "some columns are converted there")?;
            }
        }
        Ok(())
    }

    fn create_temporary(&mut self, sql: &str, reason: &str) -> Result<()> {
        self.session.create_once(sql).map_err(|error| match error.code() {
            "42501" => error.hint(format!("GRANT TEMPORARY ON DATABASE to the user: {}", reason)),
            _ => error,
        })
    }

    /// Merges the rows that have been collected into the target. The rows of one transaction are merged together: see [`crate::merge`].
    fn merge(&mut self, destination: &Destination<'_>) -> Result<()> {
        if let Some(merge) = self.merge {
            let start = abi::monotonic_nanos();
            match self.unsure.is_empty() {
                true => merge.run(self.session, &self.merged)?,
                false => self.merge_but_refused(destination, merge)?,
            }
            self.times.flush += abi::monotonic_nanos() - start;
        }
        self.merged.clear();
        Ok(())
    }

    /// Merges the rows that have been collected, but those that the target refuses.
    #[inline(never)]
    fn merge_but_refused(&mut self, destination: &Destination<'_>, merge: &Merge) -> Result<()> {
        let outcome = self.behind_savepoint(|transaction| merge.run(transaction.session, &transaction.merged));
        match outcome {
            Ok(()) => {}
            Err(error) if is_refusal(&error) => {
                merge.index(self.session)?;
                self.merge_by_parts(destination, merge, error)?;
                // The next rows of the transaction, or of the connection, find it as it was.
                merge.empty(self.session)?;
            }
            Err(error) => return Err(error),
        }
        for batch in std::mem::take(&mut self.unsure) {
            self.ledger.enter_refused(self.session, batch.entry)?;
        }
        Ok(())
    }

    /// Merges batch after batch in the order of the stream, and of each the rows that the target takes. `error` is why it does not take all of
    /// them together.
    #[inline(never)]
    fn merge_by_parts(&mut self, destination: &Destination<'_>, merge: &Merge, error: Error) -> Result<()> {
        let server = self.session.settings().server.server();
        let longest_value = longest_value(destination.max_record_bytes);
        // What there is no need to try again.
        let mut known = Some(error).filter(|_| self.unsure.len() == 1);
        for batch in self.merged.in_order() {
            let rows = self.unsure[batch as usize].rows;
            let mut refused = Refused::new(destination, &server);
            let transaction = RefCell::new(&mut *self);
            separate(
                rows,
                copied_table(&Route::default(), destination),
                &mut |rows| match known.take() {
                    Some(error) => Err(error),
                    None => transaction
                        .borrow_mut()
                        .behind_savepoint(|transaction| merge.run_part(transaction.session, batch, rows)),
                },
                &mut |row, error| {
                    refused.add(&error, &mut |longest| {
                        merge.record(transaction.borrow_mut().session, batch, row, longest, longest_value)
                    })
                },
            )?;
            self.refuse_merged(batch, refused)?;
        }
        self.unsure.clear();
        Ok(())
    }

    /// Takes back what was counted of rows of a batch that turned out to be bad, and enters what became of the batch.
    #[inline(never)]
    fn refuse_merged(&mut self, batch: u32, refused: Refused<'_>) -> Result<()> {
        let count = refused.count;
        let mut entry = std::mem::take(&mut self.unsure[batch as usize].entry);
        // How long the encoded form of each row was nobody knows any more.
        let bytes = u128::from(entry.bytes) * u128::from(count) / u128::from(entry.rows.max(1));
        entry.rows -= count;
        entry.bytes -= bytes as u64;
        self.uncommitted.rows -= count;
        self.uncommitted.bytes -= bytes as u64;
        self.uncommitted.refused += count;
        let entry = refused.finish(self.session, entry)?;
        self.ledger.enter_refused(self.session, entry)
    }

    /// Does something that leaves nothing behind when a record is refused by it.
    fn behind_savepoint(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        // What the attempt before has done stays.
        self.session.execute(match self.has_savepoint {
            true => "RELEASE SAVEPOINT rapidbyte; SAVEPOINT rapidbyte",
            // When a deferred constraint is looked at with the others of the transaction, nobody knows any more which record
            // it is about.
            false => "SET CONSTRAINTS ALL IMMEDIATE; SAVEPOINT rapidbyte",
        })?;
        self.has_savepoint = true;
        let outcome = work(self);
        match &outcome {
            Err(error) if is_refusal(error) => {
                self.session.execute("ROLLBACK TO SAVEPOINT rapidbyte")?;
            }
            _ => {}
        }
        outcome
    }

    /// Counts the rows of a COPY, and moves them on when they are in a staging table.
    fn complete(&mut self, route: &Route, copy: FinishedCopy) -> Result<()> {
        if let Some(stage) = &route.stage {
            let start = abi::monotonic_nanos();
            let moved = self.session.execute(&stage.insert)?;
            check_rows("INSERT", copy.rows, moved)?;
            self.filled_stages.insert(route.copy.clone());
            self.times.flush += abi::monotonic_nanos() - start;
        }
        self.uncommitted.rows += copy.rows;
        self.uncommitted.bytes += copy.bytes;
        self.uncommitted.batches += copy.batches;
        self.times.encode += copy.times.encode;
        self.times.flush += copy.times.flush;
        Ok(())
    }

    /// Loads what the target, or the table its rows are merged from, takes of a batch, which is the one that is in memory: so what it refuses
    /// can be found.
    #[allow(clippy::too_many_arguments)]
    #[inline(never)]
    fn load_but_refused(
        &mut self,
        destination: &Destination<'_>,
        header: &BatchHeader,
        batch: &Batch<'_>,
        plan: &mut BatchPlan,
        encoder: &mut Encoder,
        buffer: &mut RowBuffer,
        flush_bytes: usize,
    ) -> Result<()> {
        plan.number_rows(self.merged.add(header.unit, header.sequence), batch.rows());
        let (route, columns) = (plan.route(), plan.columns(batch));
        // Undoing an attempt must not undo what the attempts need.
        self.prepare(route)?;
        let before = self.uncommitted;
        let server = self.session.settings().server.server();
        let mut refused = Refused::new(destination, &server);
        separate(
            batch.rows(),
            copied_table(route, destination),
            &mut |rows| self.attempt(route, &columns, rows, encoder, buffer, flush_bytes),
            &mut |row, error| refused.add(&error, &mut |longest| Ok(record(batch, row, longest))),
        )?;
        self.uncommitted.batches += 1;
        self.uncommitted.refused += refused.count;
        let (rows, bytes) = (
            self.uncommitted.rows - before.rows,
            self.uncommitted.bytes - before.bytes,
        );
        let entry = Entry::of(header, rows, bytes);
        let entry = refused.finish(self.session, entry)?;
        if self.merge.is_none() {
            return self.ledger.enter_refused(self.session, entry);
        }
        let rows = batch.rows();
        self.unsure.push(Unsure { rows, entry });
        self.bound_unsure(destination)
    }

    /// Merges early when too much is held of what was refused.
    fn bound_unsure(&mut self, destination: &Destination<'_>) -> Result<()> {
        let letters = self.unsure.iter().flat_map(|batch| &batch.entry.dead_letters);
        if letters.map(String::len).sum::<usize>() > MOST_HELD_BYTES {
            self.merge(destination)?;
            if let Some(merge) = self.merge {
                merge.empty(self.session)?;
            }
        }
        Ok(())
    }

    /// Loads some rows of a batch, or none of them when they hold one that is refused.
    #[inline(never)]
    fn attempt(
        &mut self,
        route: &Route,
        columns: &[Column<'_>],
        rows: Range<usize>,
        encoder: &mut Encoder,
        buffer: &mut RowBuffer,
        flush_bytes: usize,
    ) -> Result<()> {
        let before = self.uncommitted;
        let outcome =
            self.behind_savepoint(|transaction| transaction.load(route, columns, rows, encoder, buffer, flush_bytes));
        if outcome.is_err() {
            self.uncommitted = before;
            buffer.clear(flush_bytes);
        }
        outcome
    }

    fn load(
        &mut self,
        route: &Route,
        columns: &[Column<'_>],
        rows: Range<usize>,
        encoder: &mut Encoder,
        buffer: &mut RowBuffer,
        flush_bytes: usize,
    ) -> Result<()> {
        self.prepare(route)?;
        let mut load = OpenLoad::start(self.session, route, buffer)?;
        if let Err(error) = load.append(encoder, columns, rows, buffer, flush_bytes) {
            return Err(load.abort(error));
        }
        let mut finished = load.finish(buffer)?;
        // It may be one of several parts.
        finished.batches = 0;
        self.complete(route, finished)
    }

    /// Commits what there is and returns what it was.
    fn commit(&mut self, destination: &Destination<'_>) -> Result<WriteResponse> {
        if self.is_open {
            self.merge(destination)?;
        }
        let start = abi::monotonic_nanos();
        if self.is_open {
            destination.commit(self.session, &mut self.ledger)?;
            self.is_open = false;
            self.has_savepoint = false;
            self.filled_stages.clear();
        }
        let commit_time = abi::monotonic_nanos() - start;
        let done = std::mem::take(&mut self.uncommitted);
        self.committed.rows += done.rows;
        self.committed.bytes += done.bytes;
        self.committed.batches += done.batches;
        self.committed.refused += done.refused;
        let times = std::mem::take(&mut self.times);
        report(&done, times, commit_time).map_err(after_commit)?;
        Ok(done)
    }
}

fn report(done: &WriteResponse, times: CopyTimes, commit_time: i64) -> Result<()> {
    abi::add_duration_nanos("dest_arrow_decode", times.encode)?;
    abi::add_duration_nanos("dest_flush", times.flush)?;
    abi::add_duration_nanos("dest_commit", commit_time)?;
    abi::add_to_counter("dest_rows", done.rows as i64)?;
    abi::add_to_counter("dest_bytes", done.bytes as i64)?;
    abi::add_to_counter("dest_refused", done.refused as i64)
}

/// What goes wrong when the rows are already committed.
fn after_commit(error: Error) -> Error {
    error
        .commit_state(CommitState::AfterCommitConfirmed)
        .safe_to_retry(false)
}
