// SPDX-License-Identifier: Apache-2.0

//! Collects decoded rows and emits them as batches.
//!
//! Where a batch ends depends on the rows alone, never on how they happened to arrive: a unit that is read again has to
//! yield the same batches, because a destination drops the ones it already has by their number.

use rapidbyte_sdk::abi;
use rapidbyte_sdk::arrow::{ColumnBuilder, RecordBatchBuilder};
use rapidbyte_sdk::{Error, Result};

use crate::column_type::ColumnType;
use crate::decode::{ColumnDecoder, Decoded, Form, Index};
use crate::read_plan::ReadPlan;

/// A batch is not made larger than this even when the host would take it: larger ones cost memory and gain nothing.
const LARGEST_BATCH: usize = 4 << 20;

/// The widest value of fixed width.
const WIDEST_VALUE: usize = 32;

/// What padding can add to a frame for each column: less than 8 bytes for each of its buffers.
const PADDING_OF_A_COLUMN: usize = 24;

/// Rows on their way into batches of one unit after the other.
pub struct BatchWriter {
    builder: RecordBatchBuilder,
    columns: Vec<OpenColumn>,
    /// The bytes of values a batch may have.
    budget: usize,
    /// Bits that every row takes, whatever its values are.
    fixed_bits_per_row: usize,
    longest_record: usize,
    frame: Vec<u8>,
    scratch: Vec<u8>,
    sizes: Vec<usize>,
    /// What was emitted.
    pub totals: Totals,
}

/// Sums over all that was emitted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub rows: u64,
    pub batches: u64,
    pub bytes: u64,
    /// Spent in building frames.
    pub encode_nanos: i64,
    /// Spent in handing them to the host.
    pub emit_nanos: i64,
}

struct OpenColumn {
    name: String,
    native_type: String,
    nullable: bool,
    column_type: ColumnType,
    decoder: ColumnDecoder,
}

impl BatchWriter {
    /// `trusted_text`: whether the server has converted text to UTF-8.
    pub fn new(
        plan: &ReadPlan,
        stream: &str,
        trusted_text: bool,
        max_batch_bytes: u64,
        longest_record: usize,
    ) -> Result<BatchWriter> {
        let columns: Vec<OpenColumn> = plan
            .columns
            .iter()
            .map(|column| OpenColumn {
                name: column.name.clone(),
                native_type: column.native_type.clone(),
                nullable: column.nullable,
                column_type: column.column_type,
                decoder: ColumnDecoder::new(column.column_type, trusted_text),
            })
            .collect();
        let builder = RecordBatchBuilder::new(plan.schema(stream)?);
        let mut frame = Vec::new();
        builder.finish_into(&mut frame)?;
        let overhead = frame.len() + columns.len() * PADDING_OF_A_COLUMN;
        let largest = usize::try_from(max_batch_bytes)
            .unwrap_or(usize::MAX)
            .min(LARGEST_BATCH);
        let capacity = Index::new(columns.len()).capacity();
        let mut writer = BatchWriter {
            builder,
            columns,
            budget: largest.saturating_sub(overhead),
            fixed_bits_per_row: 0,
            longest_record,
            frame,
            scratch: vec![0; capacity * WIDEST_VALUE],
            sizes: vec![0; capacity],
            totals: Totals::default(),
        };
        writer.count_fixed_bits();
        Ok(writer)
    }

    /// Adds the rows of a block, which lie in `bytes`, and emits every batch that gets full on the way.
    pub fn add(&mut self, bytes: &[u8], index: &Index) -> Result<()> {
        let mut row = 0;
        while row < index.rows() {
            let rows = self.rows_that_fit(bytes, index, row)?;
            if rows == 0 {
                self.end_full_batch()?;
                continue;
            }
            row += self.add_rows(bytes, index, row, rows)?;
        }
        Ok(())
    }

    /// Emits what is left at the end of a unit. `always`: also when there are no rows.
    pub fn end_unit(&mut self, always: bool) -> Result<()> {
        if self.builder.rows() > 0 || always {
            self.emit()?;
        }
        self.back_to_plain();
        Ok(())
    }

    /// Decodes rows `from..from + rows` of a block; returns how many of them went into the batch.
    fn add_rows(&mut self, bytes: &[u8], index: &Index, from: usize, rows: usize) -> Result<usize> {
        let before = self.builder.rows();
        let mut added = rows;
        let mut stopped_by = None;
        for (position, column) in self.columns.iter().enumerate() {
            let cells = &index.column(position)[from..from + added];
            let decoded = column
                .decoder
                .decode(bytes, cells, &mut self.builder.columns[position], &mut self.scratch);
            match decoded.map_err(|error| error.context(format_args!("column '{}'", column.name)))? {
                Decoded::All => {}
                Decoded::UpTo(row) => {
                    added = row;
                    stopped_by = Some(position);
                }
            }
        }
        self.builder.end_rows(added);
        if let Some(position) = stopped_by {
            self.drop_rows_behind(before + added);
            self.continue_as_text(position)?;
        }
        Ok(added)
    }

    fn drop_rows_behind(&mut self, rows: usize) {
        for column in &mut self.builder.columns {
            while column.rows() > rows {
                column.pop();
            }
        }
    }

    /// Begins a batch in which a column holds text. The batch before it ends here: its values need no conversion then, and
    /// it can get no larger by one.
    ///
    /// Other columns that hold text go on doing so until a batch is full: if each such value ended the
    /// other column's text, a table where they take turns would come in batches of one row.
    fn continue_as_text(&mut self, position: usize) -> Result<()> {
        if self.builder.rows() > 0 {
            self.emit()?;
        }
        let column = &mut self.columns[position];
        column.decoder.form = Form::Text;
        let field = column
            .column_type
            .text_field(&column.name, &column.native_type, column.nullable);
        let builder = ColumnBuilder::new(field.data_type);
        self.builder.replace_column(position, field, builder);
        self.count_fixed_bits();
        Ok(())
    }

    fn end_full_batch(&mut self) -> Result<()> {
        self.emit()?;
        self.back_to_plain();
        Ok(())
    }

    fn back_to_plain(&mut self) {
        for (position, column) in self.columns.iter_mut().enumerate() {
            if column.decoder.form == Form::Text {
                column.decoder.form = Form::Plain;
                let field = column
                    .column_type
                    .field(&column.name, &column.native_type, column.nullable);
                let builder = ColumnBuilder::new(field.data_type);
                self.builder.replace_column(position, field, builder);
            }
        }
        self.count_fixed_bits();
    }

    /// How many rows from `from` on go into the batch at hand. One that is empty takes at least one.
    fn rows_that_fit(&mut self, bytes: &[u8], index: &Index, from: usize) -> Result<usize> {
        let rows = index.rows() - from;
        let before = self.builder.rows();
        let used = self.variable_bytes();
        let expanding = self.columns.iter().any(|column| column.decoder.can_expand());
        if !expanding && used + index.payload() + self.fixed_bytes(before + rows) <= self.budget {
            return Ok(rows);
        }
        let sizes = &mut self.sizes[..rows];
        sizes.fill(0);
        for (position, column) in self.columns.iter().enumerate() {
            column.decoder.add_sizes(bytes, &index.column(position)[from..], sizes);
        }
        let mut variable = used;
        for count in 0..rows {
            let size = self.sizes[count];
            if size > self.longest_record {
                return Err(record_too_large(size, self.longest_record));
            }
            variable += size;
            let first = before + count == 0;
            if !first && variable + self.fixed_bytes(before + count + 1) > self.budget {
                return Ok(count);
            }
        }
        Ok(rows)
    }

    fn variable_bytes(&self) -> usize {
        let columns = self.columns.iter().zip(&self.builder.columns);
        columns
            .map(|(column, builder)| column.decoder.variable_bytes(builder))
            .sum()
    }

    fn fixed_bytes(&self, rows: usize) -> usize {
        rows * self.fixed_bits_per_row / 8
    }

    fn count_fixed_bits(&mut self) {
        self.fixed_bits_per_row = self.columns.iter().map(|column| column.decoder.fixed_bits()).sum();
    }

    fn emit(&mut self) -> Result<()> {
        let start = abi::monotonic_nanos();
        self.builder.finish_into(&mut self.frame)?;
        let encoded = abi::monotonic_nanos();
        abi::emit_batch(&self.frame)?;
        self.totals.encode_nanos += encoded - start;
        self.totals.emit_nanos += abi::monotonic_nanos() - encoded;
        self.totals.rows += self.builder.rows() as u64;
        self.totals.batches += 1;
        self.totals.bytes += self.frame.len() as u64;
        self.builder.reset();
        Ok(())
    }
}

fn record_too_large(size: usize, longest: usize) -> Error {
    Error::data(
        "record_too_large",
        format!("a row takes {} bytes, and the limit is {}", size, longest),
    )
    .hint("raise max_record_bytes, or leave the large column out of the stream's columns")
    .detail("bytes", size as u64)
}
