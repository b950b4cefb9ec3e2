// SPDX-License-Identifier: Apache-2.0

//! One running COPY, and the rows that go into it.

use crate::batch_plan::Route;
use crate::encode::{Column, Encoder, Form, RowBuffer, CHUNK_BYTES, HEADER, TRAILER};
use rapidbyte_sdk::postgres::{Connection, CopyIn};
use rapidbyte_sdk::{abi, debug, Error, Result, Scope, TcpStream};

/// Values of more bytes are not put together with others before they are sent.
pub const WIDE_VALUE: usize = 4 << 20;

/// How much of a wide value is sent at once.
pub const PIECE_BYTES: usize = 1 << 20;

/// A COPY that has been started and takes rows.
///
/// It holds nothing that has to be dropped: only so does the compiler see that the connection is free again as soon as
/// the copy has been finished, in the middle of a loop.
pub struct OpenCopy<'c> {
    copy: CopyIn<'c, TcpStream>,
    rows: u64,
    bytes: u64,
    batches: u64,
    times: CopyTimes,
}

/// What a finished COPY has done.
pub struct FinishedCopy {
    pub rows: u64,
    /// Bytes of the rows.
    pub bytes: u64,
    pub batches: u64,
    pub times: CopyTimes,
}

/// Nanoseconds.
#[derive(Clone, Copy, Default)]
pub struct CopyTimes {
    /// Encoding rows.
    pub encode: i64,
    /// Giving them to the server, and waiting until it has taken them.
    pub flush: i64,
}

impl<'c> OpenCopy<'c> {
    pub fn start(
        connection: &'c mut Connection<TcpStream>,
        route: &Route,
        buffer: &mut RowBuffer,
    ) -> Result<OpenCopy<'c>> {
        let copy = connection.copy_in(&route.copy)?;
        buffer.extend_from_slice(&HEADER);
        Ok(OpenCopy {
            copy,
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
        let mut start = abi::monotonic_nanos();
        let mut row = 0;
        while row < rows {
            if has_wide_rows && is_wide(columns, row) {
                self.append_wide_row(encoder, columns, row, buffer)?;
                row += 1;
                continue;
            }
            let before = buffer.len();
            row += encoder
                .append(columns, row, rows, buffer)
                .map_err(|cause| Error::data("unwritable_value", cause.to_string()).scope(Scope::Record))?;
            self.bytes += (buffer.len() - before) as u64;
            if buffer.len() >= flush_bytes {
                let encoded = abi::monotonic_nanos();
                self.times.encode += encoded - start;
                self.copy.send(buffer.message())?;
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

    /// Adds a row that is too wide to be put together in memory beside the batch: its wide values are sent from where they lie, in pieces.
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
        let mut sent = buffer.len();
        buffer.extend_from_slice(&(columns.len() as u16).to_be_bytes());
        let mut rest = columns;
        while !rest.is_empty() {
            let narrow = rest
                .iter()
                .take_while(|column| wide_value(column, row).is_none())
                .count();
            if narrow > 0 {
                encoder
                    .append_cells(&rest[..narrow], row, row + 1, buffer)
                    .map_err(|cause| Error::data("unwritable_value", cause.to_string()).scope(Scope::Record))?;
            }
            if let Some(value) = rest.get(narrow).and_then(|column| wide_value(column, row)) {
                let version: &[u8] = if rest[narrow].form == Form::VersionedBytes {
                    &[1]
                } else {
                    &[]
                };
                buffer.extend_from_slice(&((value.len() + version.len()) as u32).to_be_bytes());
                buffer.extend_from_slice(version);
                for piece in value.chunks(PIECE_BYTES) {
                    buffer.extend_from_slice(piece);
                    self.bytes += (buffer.len() - sent) as u64;
                    sent = 0;
                    self.copy.send(buffer.message())?;
                    buffer.clear(PIECE_BYTES);
                }
            }
            rest = rest.get(narrow + 1..).unwrap_or(&[]);
        }
        self.bytes += (buffer.len() - sent) as u64;
        self.times.flush += abi::monotonic_nanos() - start;
        Ok(())
    }

    /// Sends the rest and waits for the server to confirm every row.
    pub fn finish(mut self, buffer: &mut RowBuffer) -> Result<FinishedCopy> {
        let start = abi::monotonic_nanos();
        buffer.extend_from_slice(&TRAILER);
        self.copy.send(buffer.message())?;
        buffer.clear(buffer.len());
        let copied = self.copy.finish()?;
        check_rows("COPY", self.rows, copied)?;
        self.times.flush += abi::monotonic_nanos() - start;
        Ok(FinishedCopy {
            rows: self.rows,
            bytes: self.bytes,
            batches: self.batches,
            times: self.times,
        })
    }

    /// Gives the rows up because of `error`, which is returned. The server hears of it, so that it does not wait for
    /// the rest; when it cannot be told, it notices that the connection is closed.
    pub fn abort(self, error: Error) -> Error {
        if let Err(cause) = self.copy.abort("the connector met an error") {
            debug!("the server could not be told to give the COPY up: {}", cause);
        }
        error
    }
}

pub fn is_wide(columns: &[Column<'_>], row: usize) -> bool {
    columns.iter().any(|column| wide_value(column, row).is_some())
}

/// The value of a column when it is wide and goes to the server as it is.
pub fn wide_value<'a>(column: &Column<'a>, row: usize) -> Option<&'a [u8]> {
    match column.form {
        Form::Bytes | Form::VersionedBytes => column.value(row).filter(|value| value.len() > WIDE_VALUE),
        _ => None,
    }
}

/// Rows that the server was given and did not keep must not go unnoticed.
pub fn check_rows(what: &str, sent: u64, kept: u64) -> Result<()> {
    if sent == kept {
        return Ok(());
    }
    Err(Error::internal(format!(
        "the server was given {} rows by {} and says that it kept {}",
        sent, what, kept
    ))
    .hint("look for a trigger on the target that leaves rows out"))
}
