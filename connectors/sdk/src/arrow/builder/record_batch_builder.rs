// SPDX-License-Identifier: Apache-2.0

use super::ColumnBuilder;
use crate::arrow::{Field, FrameWriter, Schema};
use crate::error::Result;

/// A batch that is being filled. After [`finish_into`](RecordBatchBuilder::finish_into) and
/// [`reset`](RecordBatchBuilder::reset) it is filled again, in the memory it has.
///
/// ```
/// use rapidbyte_sdk::arrow::{ColumnBuilder, DataType, Field, FrameReader, RecordBatchBuilder, Schema};
/// # fn main() -> rapidbyte_sdk::Result<()> {
/// let mut batch = RecordBatchBuilder::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]));
/// for id in 0..3 {
///     if let ColumnBuilder::Fixed(column) = &mut batch.columns[0] {
///         column.push_i64(id);
///     }
///     batch.end_row();
/// }
/// let mut frame = Vec::new();
/// batch.finish_into(&mut frame)?;
/// batch.reset();
/// assert_eq!(FrameReader::new().parse(&frame)?.rows(), 3);
/// # Ok(())
/// # }
/// ```
pub struct RecordBatchBuilder {
    schema: Schema,
    /// One for each field of the schema.
    pub columns: Vec<ColumnBuilder>,
    rows: usize,
    writer: FrameWriter,
}

impl RecordBatchBuilder {
    pub fn new(schema: Schema) -> RecordBatchBuilder {
        let columns = schema.fields.iter().map(ColumnBuilder::of).collect();
        let writer = FrameWriter::new(&schema);
        RecordBatchBuilder {
            schema,
            columns,
            rows: 0,
            writer,
        }
    }

    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Counts a row, after each column was given its value.
    #[inline]
    pub fn end_row(&mut self) {
        self.rows += 1;
    }

    /// Counts rows that were added to the columns in bulk.
    pub fn end_rows(&mut self, rows: usize) {
        self.rows += rows;
    }

    /// Rows that are complete.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of all columns so far, up to padding. Looks at each column: not for every row of a wide table.
    pub fn byte_size(&self) -> usize {
        self.columns.iter().map(ColumnBuilder::byte_size).sum()
    }

    /// Takes back what was pushed since the last complete row.
    pub fn drop_incomplete_row(&mut self) {
        for column in &mut self.columns {
            column.truncate(self.rows);
        }
    }

    /// Makes a column a different one, from the next batch on or for this one, whose rows `column` then has to hold.
    pub fn replace_column(&mut self, index: usize, field: Field, column: ColumnBuilder) {
        self.columns[index] = column;
        if self.schema.fields[index] != field {
            self.schema.fields[index] = field;
            self.writer = FrameWriter::new(&self.schema);
        }
    }

    /// Writes the batch as one frame, in the place of what `frame` holds.
    pub fn finish_into(&self, frame: &mut Vec<u8>) -> Result<()> {
        self.finish_borrowing_into(&[], frame)
    }

    /// The same; for columns that were filled by [`VarBuilder::push_borrowed`](super::VarBuilder::push_borrowed), `borrowed` has the value, and
    /// nothing for all others.
    pub fn finish_borrowing_into(&self, borrowed: &[&[u8]], frame: &mut Vec<u8>) -> Result<()> {
        self.writer
            .write(&self.schema, self.rows, &self.columns, borrowed, frame)
    }

    /// Forgets all rows and keeps the memory.
    pub fn reset(&mut self) {
        self.columns.iter_mut().for_each(ColumnBuilder::reset);
        self.rows = 0;
    }
}
