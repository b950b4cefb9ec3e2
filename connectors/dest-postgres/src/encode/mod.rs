// SPDX-License-Identifier: Apache-2.0

//! Turns Arrow columns into the rows of a binary COPY (PostgreSQL manual, COPY, "Binary Format").
//!
//! Arrow holds a table by columns, COPY wants it by rows. The encoder takes some hundred rows at a time: it first
//! adds up how long each row becomes, so that it knows where each row starts, and then goes through the columns one after
//! another, putting each cell where its row has got to. So every loop handles one type and nothing else, stays small
//! enough to be compiled well, and the rows it writes to are still in the processor's cache.

mod buffer;
mod json_value;
mod measure;
pub mod numeric;
mod plain_text;
mod scatter;
#[cfg(test)]
mod tests;
mod text_value;
mod value;

pub use buffer::RowBuffer;
pub use plain_text::TextForm;
pub use text_value::TextType;
pub use value::{ArrayForm, ValueError, ValueForm};

use std::fmt;
use std::ops::Range;

/// What stands in front of the first row: signature, flags, and the length of an empty extension.
pub const HEADER: [u8; 19] = *b"PGCOPY\n\xFF\r\n\0\0\0\0\0\0\0\0\0";

/// What stands behind the last row.
pub const TRAILER: [u8; 2] = [0xFF, 0xFF];

/// Bytes of the number of fields in front of each row of a COPY.
const FIELD_COUNT: u32 = 2;

/// The length of a cell that is null.
const NULL: [u8; 4] = [0xFF; 4];

/// The server takes no message of 1 GiB or more.
const LARGEST_ROW: u64 = (1 << 30) - 1024;

/// Rows that are worked on together: few enough for what is written to stay in the processor's second cache.
const CHUNK_ROWS: usize = 512;

/// Bytes that are worked on together, for the same reason, unless a single row is larger.
pub const CHUNK_BYTES: usize = 256 * 1024;

/// How a value of an Arrow column becomes a value on the wire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    Boolean,
    /// Numbers that only change their byte order: integers, floating point, and the time of a day.
    Word16,
    Word32,
    Word64,
    Int16ToInt32,
    Int16ToInt64,
    Int32ToInt64,
    Float32ToFloat64,
    Int16ToNumeric,
    Int32ToNumeric,
    Int64ToNumeric,
    /// Days, from 1970 to 2000 as the day zero.
    Date,
    /// Microseconds, from 1970 to 2000 as the instant zero.
    Timestamp,
    /// As many bytes as said, as they are.
    Fixed(usize),
    /// Bytes of any length, as they are.
    Bytes,
    /// Bytes of any length after the version number 1: `jsonb` and `jsonpath`.
    VersionedBytes,
    /// Integers of 128 or 256 bits, and how many of their decimal places are behind the point.
    Decimal128(i32),
    Decimal256(i32),
    /// The text of a number.
    NumericText,
    /// Each value by itself, as [`Column::made`] says.
    Made,
}

/// One column of a batch, as the slices that Arrow's format names, with how to write it. The reader of the batch has
/// checked that all rows lie inside of the slices.
#[derive(Clone, Copy)]
pub struct Column<'a> {
    /// For error messages.
    pub name: &'a str,
    pub form: Form,
    /// One bit a row, lowest first, set when there is a value. Absent: there are no nulls.
    pub validity: Option<&'a [u8]>,
    /// Little-endian 32-bit integers, one more than there are rows. Empty for values of fixed width.
    pub offsets: &'a [u8],
    pub values: &'a [u8],
    /// Of [`Form::Made`]: how, and what of.
    pub made: Option<(&'a ValueForm, &'a rapidbyte_sdk::arrow::Column<'a>)>,
}

impl<'a> Column<'a> {
    /// The value of a row of a column with offsets; `None` for a null.
    pub fn value(&self, row: usize) -> Option<&'a [u8]> {
        if self.validity.map_or(true, |validity| is_set(validity, row)) {
            self.values.get(self.range(row))
        } else {
            None
        }
    }

    /// Where the value of a row lies in `values`.
    #[inline(always)]
    fn range(&self, row: usize) -> Range<usize> {
        let offset = |at: usize| {
            let bytes = &self.offsets[at..at + 4];
            u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize
        };
        offset(row * 4)..offset(row * 4 + 4)
    }
}

#[inline(always)]
fn is_set(bits: &[u8], row: usize) -> bool {
    bits[row / 8] >> (row % 8) & 1 != 0
}

/// Why a row cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// The value is not a number, or not one that `numeric` can hold.
    NotNumeric {
        column: String,
        row: usize,
        cause: numeric::NotNumeric,
    },
    /// The value has no form in the target's type.
    Unwritable {
        column: String,
        row: usize,
        problem: String,
    },
    /// The row is larger than any that the server takes.
    RowTooLarge { row: usize },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::NotNumeric { column, row, cause } => {
                let cause = match cause {
                    numeric::NotNumeric::Malformed => "is not a number",
                    numeric::NotNumeric::TooLong => "has more places than the type numeric",
                };
                write!(
                    formatter,
                    "column '{}': the value in row {} of the batch {}",
                    column, row, cause
                )
            }
            EncodeError::Unwritable { column, row, problem } => {
                write!(
                    formatter,
                    "column '{}': the value in row {} of the batch {}",
                    column, row, problem
                )
            }
            EncodeError::RowTooLarge { row } => {
                write!(
                    formatter,
                    "row {} of the batch takes more than 1 GiB, and Postgres accepts none so large",
                    row
                )
            }
        }
    }
}

/// Cells of one column, made while measuring: only then is their length known.
#[derive(Default)]
struct Cells {
    bytes: Vec<u8>,
    /// Start and end of each row's cell.
    ranges: Vec<(u32, u32)>,
}

/// Writes rows. It keeps its working memory from batch to batch.
#[derive(Default)]
pub struct Encoder {
    /// For each row of a chunk, first its length, then where its next cell goes.
    cursors: Vec<u32>,
    /// One for each column whose cells are made while measuring.
    cells: Vec<Cells>,
    /// How many rows to measure next: rows that do not fit into a chunk would be measured again.
    next_rows: usize,
}

impl Encoder {
    // What runs once a chunk and column is kept out of its callers, too: they have become too long to be compiled.

    /// Appends rows of a batch to `buffer`, from row `from` on: at least one, and at most as many as make up one chunk.
    /// Returns how many there were. The batch has `rows` rows.
    #[inline(never)]
    pub fn append(
        &mut self,
        columns: &[Column<'_>],
        from: usize,
        rows: usize,
        buffer: &mut RowBuffer,
    ) -> Result<usize, EncodeError> {
        let wanted = self.next_rows.clamp(1, CHUNK_ROWS).min(rows - from);
        let (fitting, bytes) = self.lay_out(columns, from, wanted, FIELD_COUNT)?;
        let cursors = &mut self.cursors[..fitting];
        let out = buffer.extend(bytes);
        scatter::field_count(columns.len() as u16, cursors, out);
        self.scatter(columns, from, fitting, out);
        Ok(fitting)
    }

    /// As [`Encoder::append`], without the number of fields that a row of a COPY begins with: the cells alone, which is what the values of a
    /// Bind message look like, too.
    #[inline(never)]
    pub fn append_cells(
        &mut self,
        columns: &[Column<'_>],
        from: usize,
        rows: usize,
        buffer: &mut RowBuffer,
    ) -> Result<usize, EncodeError> {
        let wanted = self.next_rows.clamp(1, CHUNK_ROWS).min(rows - from);
        let (fitting, bytes) = self.lay_out(columns, from, wanted, 0)?;
        let out = buffer.extend(bytes);
        self.scatter(columns, from, fitting, out);
        Ok(fitting)
    }

    /// Decides how many of the rows make up a chunk, and where each of them begins. Returns how many, and their bytes.
    fn lay_out(
        &mut self,
        columns: &[Column<'_>],
        from: usize,
        wanted: usize,
        prefix: u32,
    ) -> Result<(usize, usize), EncodeError> {
        self.measure(columns, from, wanted, prefix)?;
        let (fitting, bytes) = self.place(from)?;
        // Only the end of a batch or of a statement asks for few: that says nothing of how many fit.
        self.next_rows = if fitting == wanted { CHUNK_ROWS } else { fitting };
        Ok((fitting, bytes))
    }

    fn scatter(&mut self, columns: &[Column<'_>], from: usize, rows: usize, out: &mut [u8]) {
        let mut cells = self.cells.iter();
        for column in columns {
            scatter::column(column, from, &mut self.cursors[..rows], &mut cells, out);
        }
    }

    /// Fills `cursors` with the lengths of the rows.
    #[inline(never)]
    fn measure(&mut self, columns: &[Column<'_>], from: usize, rows: usize, prefix: u32) -> Result<(), EncodeError> {
        self.cursors.clear();
        self.cursors.resize(rows, prefix);
        let mut made = 0;
        for column in columns {
            if measure::needs_cells(column.form) {
                if made == self.cells.len() {
                    self.cells.push(Cells::default());
                }
                measure::column_of_cells(column, from, &mut self.cursors, &mut self.cells[made])?;
                made += 1;
            } else {
                measure::column(column, from, &mut self.cursors);
            }
        }
        Ok(())
    }

    /// Replaces the lengths by the places where the rows start. Returns how many of them make up a chunk, and their bytes.
    #[inline(never)]
    fn place(&mut self, from: usize) -> Result<(usize, usize), EncodeError> {
        let mut total = 0u64;
        for (index, cursor) in self.cursors.iter_mut().enumerate() {
            let length = u64::from(*cursor);
            if index > 0 && total + length > CHUNK_BYTES as u64 {
                return Ok((index, total as usize));
            }
            if length > LARGEST_ROW {
                return Err(EncodeError::RowTooLarge { row: from });
            }
            *cursor = total as u32;
            total += length;
        }
        Ok((self.cursors.len(), total as usize))
    }
}
