// SPDX-License-Identifier: Apache-2.0

//! `read`: claims units one by one and copies each out.

use rapidbyte_sdk::abi;
use rapidbyte_sdk::postgres::{Connection, CopyData, CopyOut, Transport};
use rapidbyte_sdk::{Limits, ReadRequest, ReadResponse, Result};

use crate::batch::{BatchWriter, Totals};
use crate::decode::{Index, Tuples};
use crate::read_plan::ReadPlan;
use crate::session::Session;
use crate::unchanged::{explained, require_unchanged};

/// What the time of a call went into, besides connecting and encoding.
#[derive(Default)]
pub struct Clock {
    pub query_nanos: i64,
    pub fetch_nanos: i64,
    pub decode_nanos: i64,
    /// What the server has sent.
    pub bytes: u64,
}

/// Reads the units `[from, to)` until a claim is denied.
pub fn read(session: &mut Session, limits: &Limits, request: &ReadRequest) -> Result<ReadResponse> {
    let plan: ReadPlan = request.plan()?;
    let result = read_units(session, limits, request, &plan);
    match result {
        Ok(_) => session.used(),
        // The error may have come in the middle of a copy, and the host drops the instance anyway.
        Err(_) => session.discard(),
    }
    result.map_err(|error| error.context(format_args!("stream '{}'", request.stream.name)))
}

/// Reads in one transaction, in which a table that was read cannot be truncated or written anew.
fn read_units(session: &mut Session, limits: &Limits, request: &ReadRequest, plan: &ReadPlan) -> Result<ReadResponse> {
    let mut units = 0;
    let mut begun = false;
    let mut writer: Option<BatchWriter> = None;
    let mut clock = Clock::default();
    for unit in request.from..request.to {
        if !abi::claim(unit)? {
            break;
        }
        let connection = if begun {
            session.connection()?
        } else {
            begun = true;
            // Connecting is measured by itself.
            session.connection()?;
            let start = abi::monotonic_nanos();
            let connection = session.begin(request.snapshot.as_deref(), plan.is_of_a_heap())?;
            clock.query_nanos += abi::monotonic_nanos() - start;
            connection
        };
        let writer = match &mut writer {
            Some(writer) => writer,
            none => {
                // A database without an encoding hands text out as it is stored.
                let trusted_text = connection.parameter("server_encoding") != Some("SQL_ASCII");
                none.insert(BatchWriter::new(plan, &request.stream.name, trusted_text, limits)?)
            }
        };
        copy_unit(connection, plan, unit as u64, writer, &mut clock)
            .map_err(|error| explained(plan, unit as u64, error))?;
        units += 1;
        session.used();
    }
    if begun {
        let start = abi::monotonic_nanos();
        let from = request.from as u64;
        require_unchanged(session.connection()?, plan, from..from + units)?;
        session.end_transaction()?;
        clock.query_nanos += abi::monotonic_nanos() - start;
    }
    let totals = match &writer {
        Some(writer) => {
            writer.large.report()?;
            writer.totals
        }
        None => Totals::default(),
    };
    if units > 0 {
        report(units, &totals, &clock)?;
    }
    Ok(ReadResponse {
        units,
        rows: totals.rows,
        batches: totals.batches,
    })
}

#[inline(never)]
fn report(units: u64, totals: &Totals, clock: &Clock) -> Result<()> {
    abi::add_duration_nanos("source_query", clock.query_nanos)?;
    abi::add_duration_nanos("source_fetch", clock.fetch_nanos)?;
    // Frames are built and handed over in the midst of decoding. The host times the latter itself.
    let decode_nanos = clock.decode_nanos - totals.encode_nanos - totals.emit_nanos;
    abi::add_duration_nanos("source_decode", decode_nanos.max(0))?;
    abi::add_duration_nanos("source_arrow_encode", totals.encode_nanos)?;
    abi::add_to_counter("source_units", units as i64)?;
    abi::add_to_counter("source_rows", totals.rows as i64)?;
    abi::add_to_counter("source_batches", totals.batches as i64)?;
    abi::add_to_counter("source_bytes", clock.bytes as i64)?;
    abi::add_to_counter("source_batch_bytes", totals.bytes as i64)
}

/// Copies one unit out of the server into batches.
#[inline(never)]
pub fn copy_unit<T: Transport>(
    connection: &mut Connection<T>,
    plan: &ReadPlan,
    unit: u64,
    writer: &mut BatchWriter,
    clock: &mut Clock,
) -> Result<()> {
    let longest = writer.large.limit();
    writer.large.begin_unit(unit);
    let mut tuples = Tuples::new(longest);
    let mut index = Index::new(plan.columns.len());
    let mut now = abi::monotonic_nanos();
    let mut copy = connection.copy_out(&plan.copy(unit), longest)?;
    // The server answers before it begins with the work: the query has run when its first row is there.
    copy.next()?;
    lap(&mut now, &mut clock.query_nanos);
    loop {
        match copy.next()? {
            CopyData::Messages(window) => {
                lap(&mut now, &mut clock.fetch_nanos);
                let taken = take_messages(window, &mut tuples, &mut index, writer)?;
                clock.bytes += taken as u64;
                copy.consume(taken);
                lap(&mut now, &mut clock.decode_nanos);
            }
            CopyData::Large(bytes) => {
                clock.bytes += bytes as u64;
                leave_out(&mut copy, bytes, &mut tuples, writer)?;
            }
            CopyData::End => break,
        }
    }
    tuples.finish()?;
    writer.end_unit(unit == 0)?;
    lap(&mut now, &mut clock.decode_nanos);
    Ok(())
}

/// Lets a row pass by that is above the limit.
#[cold]
#[inline(never)]
fn leave_out<T: Transport>(
    copy: &mut CopyOut<'_, T>,
    bytes: usize,
    tuples: &mut Tuples,
    writer: &mut BatchWriter,
) -> Result<()> {
    let mut row = writer.large.passing(tuples.front_size());
    copy.take_large(|piece| row.look_at(piece))?;
    tuples.pass(row.front())?;
    writer
        .large
        .refuse(bytes - row.front().len(), |column| row.value(column))
}

/// Decodes all whole messages at the front of the window; returns how many bytes they are.
#[inline(never)]
fn take_messages(window: &[u8], tuples: &mut Tuples, index: &mut Index, writer: &mut BatchWriter) -> Result<usize> {
    let mut position = 0;
    loop {
        let rest = &window[position..];
        let walk = tuples.index_messages(rest, index)?;
        if walk.taken == 0 {
            return Ok(position);
        }
        writer.add(rest, index)?;
        index.clear();
        position += walk.taken;
        if walk.assembled {
            take_assembled(tuples, index, writer)?;
        }
    }
}

#[inline(never)]
fn take_assembled(tuples: &mut Tuples, index: &mut Index, writer: &mut BatchWriter) -> Result<()> {
    loop {
        let taken = tuples.index_assembled(index)?;
        let rows = index.rows();
        writer.add(tuples.assembled(), index)?;
        index.clear();
        tuples.drop_assembled(taken);
        if rows == 0 {
            return Ok(());
        }
    }
}

/// Adds the time since `since` to a sum, and begins again from now.
fn lap(since: &mut i64, sum: &mut i64) {
    let now = abi::monotonic_nanos();
    *sum += now - *since;
    *since = now;
}
