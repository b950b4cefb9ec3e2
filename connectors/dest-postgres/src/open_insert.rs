// SPDX-License-Identifier: Apache-2.0

//! Rows on their way into a table by prepared INSERT statements of many rows each, which do not wait for one another.
//!
//! The encoder writes the cells of rows the way a Bind message wants its values, so that a statement's message is made around them in the
//! buffer that is sent.

use crate::encode::{Column, EncodeError, Encoder, Form, RowBuffer, CHUNK_BYTES};
use crate::insert_statement::InsertStatement;
use crate::open_copy::{check_rows, is_wide, wide_value, CopyTimes, FinishedCopy, PIECE_BYTES, WIDE_VALUE};
use crate::prepared::{Lookup, Prepared, NAME_BYTES};
use rapidbyte_sdk::postgres::{bind_header, execute, sync, Connection, Pipeline, BIND_END};
use rapidbyte_sdk::{abi, Error, Result, Scope, TcpStream};

/// Bytes in front of the values in a Bind message: tag, length, portal, name with its end, formats, number of parameters.
const BIND_HEADER: usize = 1 + 4 + 1 + NAME_BYTES + 1 + 4 + 2;

/// Statements that are sent together at most. All their answers find room on their way, so that the server never waits for them to be read.
const MOST_TOGETHER: usize = 128;

/// How many times [`RowBuffer`]'s usual bytes a statement may become when its rows turn out to be wider than those before them.
const MOST_FLUSHES: usize = 2;

/// INSERT statements that have been started and take rows.
///
/// It holds nothing that has to be dropped, for the same reason as [`crate::open_copy::OpenCopy`].
pub struct OpenInsert<'c> {
    pipeline: Pipeline<'c, TcpStream>,
    prepared: &'c mut Prepared,
    insert: usize,
    /// The statement that rows are being added to: where its message begins in the buffer, how many rows it is for, and how many it has. None
    /// when that many is 0.
    begins: usize,
    size: usize,
    has: usize,
    /// Statements in the buffer that are complete.
    complete: usize,
    rows: u64,
    bytes: u64,
    batches: u64,
    times: CopyTimes,
}

impl<'c> OpenInsert<'c> {
    pub fn start(
        connection: &'c mut Connection<TcpStream>,
        prepared: &'c mut Prepared,
        statement: &InsertStatement,
    ) -> Result<OpenInsert<'c>> {
        let insert = prepared.insert(statement);
        Ok(OpenInsert {
            pipeline: connection.pipeline()?,
            prepared,
            insert,
            begins: 0,
            size: 0,
            has: 0,
            complete: 0,
            rows: 0,
            bytes: 0,
            batches: 0,
            times: CopyTimes::default(),
        })
    }

    /// Bytes of the rows so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds the rows of a batch. Whatever makes up `flush_bytes` is sent.
    #[inline(never)]
    pub fn append(
        &mut self,
        encoder: &mut Encoder,
        columns: &[Column<'_>],
        rows: usize,
        buffer: &mut RowBuffer,
        flush_bytes: usize,
    ) -> Result<()> {
        let has_wide_rows = columns.iter().any(|column| column.values.len() > WIDE_VALUE);
        if !has_wide_rows {
            buffer.reserve(flush_bytes + CHUNK_BYTES);
        }
        let size = self.statement_size(columns, rows, flush_bytes);
        let mut start = abi::monotonic_nanos();
        let mut row = 0;
        while row < rows {
            if has_wide_rows && is_wide(columns, row) {
                self.append_wide_row(encoder, columns, row, buffer)?;
                row += 1;
                continue;
            }
            if self.has == 0 {
                self.begin(size, buffer)?;
            }
            let before = buffer.len();
            let until = rows.min(row + self.size - self.has);
            let appended = encoder.append_cells(columns, row, until, buffer).map_err(unwritable)?;
            row += appended;
            self.has += appended;
            self.bytes += (buffer.len() - before) as u64;
            if self.has == self.size {
                self.end(buffer)?;
            } else if buffer.len() >= MOST_FLUSHES * flush_bytes {
                self.end_early(buffer)?;
            } else {
                continue;
            }
            if buffer.len() >= flush_bytes || self.complete >= MOST_TOGETHER {
                let encoded = abi::monotonic_nanos();
                self.times.encode += encoded - start;
                self.flush(buffer)?;
                buffer.clear(flush_bytes);
                start = abi::monotonic_nanos();
                self.times.flush += start - encoded;
            }
        }
        self.rows += rows as u64;
        self.batches += 1;
        self.times.encode += abi::monotonic_nanos() - start;
        Ok(())
    }

    /// How many rows a statement is for: as many as it may have, or half of that, or half of that and so on, until they can be sent together.
    #[inline(never)]
    fn statement_size(&self, columns: &[Column<'_>], rows: usize, flush_bytes: usize) -> usize {
        let values: usize = columns.iter().map(|column| column.values.len()).sum();
        let row_bytes = values / rows.max(1) + 4 * columns.len();
        let mut size = self.prepared.statement(self.insert).most_rows();
        while size > 1 && size * row_bytes > flush_bytes {
            size /= 2;
        }
        size
    }

    /// Begins a statement of so many rows.
    #[inline(never)]
    fn begin(&mut self, size: usize, buffer: &mut RowBuffer) -> Result<()> {
        let Lookup { prepare, .. } = self.prepared.of_size(self.insert, size)?;
        buffer.extend_from_slice(&prepare);
        self.begins = buffer.len();
        self.size = size;
        buffer.extend(BIND_HEADER);
        Ok(())
    }

    /// Ends the statement, which has all its rows.
    fn end(&mut self, buffer: &mut RowBuffer) -> Result<()> {
        let Lookup { name, .. } = self.prepared.of_size(self.insert, self.size)?;
        self.end_as(&name, buffer)
    }

    /// Ends the statement as one that is for as many rows as it has. What was before it in the buffer is sent.
    #[inline(never)]
    fn end_early(&mut self, buffer: &mut RowBuffer) -> Result<()> {
        if self.has == 0 {
            return Ok(());
        }
        let Lookup { name, prepare } = self.prepared.of_odd_size(self.insert, self.has)?;
        if !prepare.is_empty() {
            self.pipeline.send(&buffer.contents()[..self.begins])?;
            self.pipeline.send(&prepare)?;
            buffer.remove_front(self.begins);
            self.begins = 0;
        }
        self.end_as(&name, buffer)
    }

    #[inline(never)]
    fn end_as(&mut self, name: &str, buffer: &mut RowBuffer) -> Result<()> {
        let values = buffer.len() - self.begins - BIND_HEADER;
        let parameters = self.prepared.statement(self.insert).parameters(self.has);
        let header = bind_header(name, parameters, values)?;
        if header.len() != BIND_HEADER {
            return Err(Error::internal("a Bind message has a header of another size"));
        }
        buffer.overwrite(self.begins, &header);
        buffer.extend_from_slice(&BIND_END);
        buffer.extend_from_slice(&execute()?);
        self.has = 0;
        self.complete += 1;
        Ok(())
    }

    /// Sends what is complete. The server works on it while the next rows are encoded; when it has not come to it yet, that is waited for.
    #[inline(never)]
    fn flush(&mut self, buffer: &mut RowBuffer) -> Result<()> {
        buffer.extend_from_slice(&sync());
        self.complete = 0;
        self.pipeline.send_and_wait(buffer.contents(), 1)
    }

    /// Adds a row that is too wide to be put together in memory beside the batch, as a statement of its own: its wide values are sent from
    /// where they lie.
    #[cold]
    #[inline(never)]
    fn append_wide_row(
        &mut self,
        encoder: &mut Encoder,
        columns: &[Column<'_>],
        row: usize,
        buffer: &mut RowBuffer,
    ) -> Result<()> {
        let start = abi::monotonic_nanos();
        self.end_early(buffer)?;
        // The message begins with its length, for which the other cells have to be known.
        let mut cells = RowBuffer::default();
        let mut parts = Vec::new();
        let mut values = 0;
        let mut rest = columns;
        while !rest.is_empty() {
            let narrow = rest
                .iter()
                .take_while(|column| wide_value(column, row).is_none())
                .count();
            if narrow > 0 {
                encoder
                    .append_cells(&rest[..narrow], row, row + 1, &mut cells)
                    .map_err(unwritable)?;
            }
            let wide = rest.get(narrow);
            let value = wide.and_then(|column| wide_value(column, row));
            if let (Some(column), Some(value)) = (wide, value) {
                let version: &[u8] = if column.form == Form::VersionedBytes { &[1] } else { &[] };
                cells.extend_from_slice(&((value.len() + version.len()) as u32).to_be_bytes());
                cells.extend_from_slice(version);
                values += value.len();
            }
            parts.push((cells.len(), value));
            rest = rest.get(narrow + 1..).unwrap_or(&[]);
        }
        values += cells.len();
        let Lookup { name, prepare } = self.prepared.of_size(self.insert, 1)?;
        let parameters = self.prepared.statement(self.insert).parameters(1);
        let header =
            bind_header(&name, parameters, values).map_err(|_| unwritable(EncodeError::RowTooLarge { row }))?;
        buffer.extend_from_slice(&prepare);
        buffer.extend_from_slice(&header);
        self.pipeline.send(buffer.contents())?;
        let mut sent = 0;
        for (end, value) in parts {
            self.pipeline.send(&cells.contents()[sent..end])?;
            sent = end;
            for piece in value.unwrap_or(&[]).chunks(PIECE_BYTES) {
                self.pipeline.send(piece)?;
            }
        }
        buffer.clear(PIECE_BYTES);
        buffer.extend_from_slice(&BIND_END);
        buffer.extend_from_slice(&execute()?);
        self.flush(buffer)?;
        buffer.clear(PIECE_BYTES);
        self.bytes += values as u64;
        self.times.flush += abi::monotonic_nanos() - start;
        Ok(())
    }

    /// Sends the rest and waits for the server to confirm every row.
    pub fn finish(mut self, buffer: &mut RowBuffer) -> Result<FinishedCopy> {
        let start = abi::monotonic_nanos();
        let outcome = self.end_early(buffer).and_then(|()| self.flush(buffer));
        buffer.clear(buffer.len());
        if let Err(error) = outcome {
            return Err(self.abort(error));
        }
        let OpenInsert { pipeline, prepared, .. } = self;
        let inserted = pipeline.finish().map_err(|error| {
            prepared.forget();
            error
        })?;
        check_rows("INSERT", self.rows, inserted)?;
        self.times.flush += abi::monotonic_nanos() - start;
        Ok(FinishedCopy {
            rows: self.rows,
            bytes: self.bytes,
            batches: self.batches,
            times: self.times,
        })
    }

    /// Gives the rows up because of `error`, which is returned.
    pub fn abort(self, error: Error) -> Error {
        self.prepared.forget();
        self.pipeline.abort();
        error
    }
}

fn unwritable(cause: EncodeError) -> Error {
    Error::data("unwritable_value", cause.to_string()).scope(Scope::Record)
}
