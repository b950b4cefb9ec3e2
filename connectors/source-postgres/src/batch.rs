// SPDX-License-Identifier: Apache-2.0

//! Collects decoded rows and emits them as batches.
//!
//! Where a batch ends depends on the rows alone, never on how they happened to arrive: a unit that is read again has to
//! yield the same batches, because a destination drops the ones it already has by their number.

use rapidbyte_sdk::abi;
use rapidbyte_sdk::arrow::{metadata, ColumnBuilder, RecordBatchBuilder};
use rapidbyte_sdk::{Error, Limits, Result};

use crate::column_type::ColumnType;
use crate::decode::{ColumnDecoder, Decoded, Form, Index};
use crate::large_rows::LargeRows;
use crate::read_plan::ReadPlan;

/// A batch is not made larger than this even when the host would take it: larger ones cost memory and gain nothing.
const LARGEST_BATCH: usize = 4 << 20;

/// The widest value of fixed width.
const WIDEST_VALUE: usize = 32;

/// What padding can add to a frame for each column: less than 8 bytes for each of its buffers.
const PADDING_OF_A_COLUMN: usize = 24;

/// What a field's metadata takes in a frame besides its largest value.
const BYTES_OF_METADATA: usize = 256;

/// Rows on their way into batches of one unit after the other.
pub struct BatchWriter {
    builder: RecordBatchBuilder,
    columns: Vec<OpenColumn>,
    /// The bytes of values that a batch may have in which no column holds text because of a value.
    plain_budget: usize,
    /// The bytes of values that the batch at hand may have.
    budget: usize,
    /// Bits that every row takes, whatever its values are.
    fixed_bits_per_row: usize,
    /// What the rows of the batch at hand were counted with besides, when they are counted one by one.
    counted: usize,
    max_rows: usize,
    /// What becomes of rows above the limit.
    pub large: LargeRows,
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
    #[inline(never)]
    pub fn new(plan: &ReadPlan, stream: &str, trusted_text: bool, limits: &Limits) -> Result<BatchWriter> {
        let columns: Vec<OpenColumn> = plan
            .columns
            .iter()
            .map(|column| OpenColumn {
                name: column.name.clone(),
                native_type: column.native_type.clone(),
                nullable: column.nullable,
                column_type: column.column_type.clone(),
                decoder: ColumnDecoder::new(column.column_type.clone(), trusted_text),
            })
            .collect();
        let builder = RecordBatchBuilder::new(plan.schema(stream)?);
        let mut frame = Vec::new();
        builder.finish_into(&mut frame)?;
        let overhead = frame.len() + columns.len() * PADDING_OF_A_COLUMN;
        let largest = usize::try_from(limits.max_batch_bytes)
            .unwrap_or(usize::MAX)
            .min(LARGEST_BATCH);
        let capacity = Index::new(columns.len()).capacity();
        let mut writer = BatchWriter {
            builder,
            columns,
            plain_budget: largest.saturating_sub(overhead),
            budget: 0,
            fixed_bits_per_row: 0,
            counted: 0,
            max_rows: usize::try_from(limits.max_batch_rows).unwrap_or(usize::MAX).max(1),
            large: LargeRows::new(plan, stream, limits),
            frame,
            scratch: vec![0; capacity * WIDEST_VALUE],
            sizes: vec![0; capacity],
            totals: Totals::default(),
        };
        writer.begin_layout();
        Ok(writer)
    }

    /// Adds the rows of a block, which lie in `bytes`, and emits every batch that gets full on the way.
    #[inline(never)]
    pub fn add(&mut self, bytes: &[u8], index: &Index) -> Result<()> {
        let mut row = 0;
        while row < index.rows() {
            match self.rows_that_fit(bytes, index, row)? {
                Fit::Rows(0) => self.end_full_batch()?,
                Fit::Rows(rows) => row += self.add_rows(bytes, index, row, rows)?,
                Fit::Wide(size) => row += self.add_wide_row(bytes, index, row, size)?,
                Fit::TooLarge(size) => {
                    self.leave_out(bytes, index, row, size)?;
                    row += 1;
                }
            }
        }
        Ok(())
    }

    /// A row whose values are above the limit in a batch only: there, some numbers take more bytes than on the wire.
    #[cold]
    #[inline(never)]
    fn leave_out(&mut self, bytes: &[u8], index: &Index, row: usize, size: usize) -> Result<()> {
        self.large.refuse(size, |column| {
            let cell = index.column(column)[row];
            if cell.is_null() {
                None
            } else {
                Some(cell.value(bytes))
            }
        })
    }

    /// Emits a row that is a batch by itself. Values that are moved as they are go into the frame from where they lie: there is no
    /// memory for a third copy of them. Returns the number of rows that were emitted, which is none when a column has to be begun again.
    #[cold]
    #[inline(never)]
    fn add_wide_row(&mut self, bytes: &[u8], index: &Index, row: usize, size: usize) -> Result<usize> {
        let mut borrowed: Vec<&[u8]> = vec![&[]; self.columns.len()];
        let mut left = size;
        for (position, column) in self.columns.iter().enumerate() {
            if let Some(value) = column.decoder.as_it_is(bytes, index.column(position)[row]) {
                left = left.saturating_sub(value.len());
                borrowed[position] = value;
            }
        }
        check_memory(left, size)?;
        for (position, column) in self.columns.iter().enumerate() {
            let builder = &mut self.builder.columns[position];
            if let (ColumnBuilder::Var(builder), false) = (&mut *builder, borrowed[position].is_empty()) {
                builder.push_borrowed(borrowed[position].len());
                continue;
            }
            let cells = &index.column(position)[row..row + 1];
            let decoded = column.decoder.decode(bytes, cells, builder, &mut self.scratch);
            match decoded.map_err(|error| error.context(format_args!("column '{}'", column.name)))? {
                Decoded::All => {}
                Decoded::UpTo(_) => {
                    self.drop_rows_behind(0);
                    return self.continue_as_text(position).map(|()| 0);
                }
            }
        }
        self.builder.end_rows(1);
        self.emit(&borrowed)?;
        self.back_to_plain();
        Ok(1)
    }

    /// Emits what is left at the end of a unit. `always`: also when there are no rows.
    pub fn end_unit(&mut self, always: bool) -> Result<()> {
        if self.builder.rows() > 0 || always {
            self.emit(&[])?;
        }
        self.back_to_plain();
        Ok(())
    }

    // The functions below are kept apart: together they would be more than the host's virtual machine compiles at once.

    /// Decodes rows `from..from + rows` of a block; returns how many of them went into the batch.
    #[inline(never)]
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
        if self.counts_rows() {
            self.counted += self.sizes[..added].iter().sum::<usize>();
        }
        if let Some(position) = stopped_by {
            self.drop_rows_behind(before + added);
            self.continue_as_text(position)?;
        }
        Ok(added)
    }

    #[inline(never)]
    fn drop_rows_behind(&mut self, rows: usize) {
        for column in &mut self.builder.columns {
            column.truncate(rows);
        }
    }

    /// Begins a batch in which a column holds text. The batch before it ends here: its values need no conversion then, and
    /// it can get no larger by one.
    ///
    /// Other columns that hold text go on doing so until a batch is full: if each such value ended the
    /// other column's text, a table where they take turns would come in batches of one row.
    #[inline(never)]
    fn continue_as_text(&mut self, position: usize) -> Result<()> {
        if self.builder.rows() > 0 {
            self.emit(&[])?;
        }
        let column = &mut self.columns[position];
        column.decoder.form = Form::Text;
        let field = column
            .column_type
            .text_field(&column.name, &column.native_type, column.nullable);
        let builder = ColumnBuilder::new(field.data_type);
        self.builder.replace_column(position, field, builder);
        self.begin_layout();
        Ok(())
    }

    fn end_full_batch(&mut self) -> Result<()> {
        self.emit(&[])?;
        self.back_to_plain();
        Ok(())
    }

    #[inline(never)]
    fn back_to_plain(&mut self) {
        for (position, column) in self.columns.iter_mut().enumerate() {
            if column.decoder.form == Form::Text {
                column.decoder.form = Form::Plain;
                let field = column
                    .column_type
                    .field(&column.name, &column.native_type, column.nullable);
                let builder = ColumnBuilder::of(&field);
                self.builder.replace_column(position, field, builder);
            }
        }
        self.begin_layout();
    }

    /// How many rows from `from` on go into the batch at hand. One that is empty takes at least one.
    #[inline(never)]
    fn rows_that_fit(&mut self, bytes: &[u8], index: &Index, from: usize) -> Result<Fit> {
        let before = self.builder.rows();
        let rows = (index.rows() - from).min(self.max_rows - before);
        if !self.counts_rows()
            && self.variable_bytes() + index.payload() + self.fixed_bytes(before + rows) <= self.budget
        {
            return Ok(Fit::Rows(rows));
        }
        self.rows_up_to_budget(bytes, index, from, rows)
    }

    /// Whether the rows of the batch at hand are counted one by one: a value of theirs can be larger there than it is on the wire.
    fn counts_rows(&self) -> bool {
        self.columns.iter().any(|column| column.decoder.can_expand())
    }

    /// The same, counted row by row.
    #[inline(never)]
    fn rows_up_to_budget(&mut self, bytes: &[u8], index: &Index, from: usize, rows: usize) -> Result<Fit> {
        let before = self.builder.rows();
        let mut variable = if self.counts_rows() {
            self.counted
        } else {
            self.variable_bytes()
        };
        let sizes = &mut self.sizes[..rows];
        sizes.fill(0);
        for (position, column) in self.columns.iter().enumerate() {
            column.decoder.add_sizes(bytes, &index.column(position)[from..], sizes);
        }
        for count in 0..rows {
            let size = self.sizes[count];
            if size > self.large.limit() {
                return Ok(match count {
                    0 => Fit::TooLarge(size),
                    count => Fit::Rows(count),
                });
            }
            let first = before + count == 0;
            if first && size > LARGEST_BATCH {
                return Ok(Fit::Wide(size));
            }
            variable += size;
            if !first && variable + self.fixed_bytes(before + count + 1) > self.budget {
                return Ok(Fit::Rows(count));
            }
        }
        Ok(Fit::Rows(rows))
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

    /// Counts what each batch takes besides its values, when columns have changed.
    fn begin_layout(&mut self) {
        let text = self.columns.iter().zip(&self.builder.schema().fields);
        let text = text.filter(|(column, _)| column.decoder.form == Form::Text);
        let plain_fields: usize = text
            .filter_map(|(_, field)| field.metadata(metadata::PLAIN_FIELD))
            .map(|plain| plain.len() + BYTES_OF_METADATA)
            .sum();
        self.budget = self.plain_budget.saturating_sub(plain_fields);
        self.fixed_bits_per_row = self.columns.iter().map(|column| column.decoder.fixed_bits()).sum();
    }

    /// `borrowed`: see [`RecordBatchBuilder::finish_borrowing_into`].
    #[inline(never)]
    fn emit(&mut self, borrowed: &[&[u8]]) -> Result<()> {
        let start = abi::monotonic_nanos();
        self.builder.finish_borrowing_into(borrowed, &mut self.frame)?;
        let encoded = abi::monotonic_nanos();
        abi::emit_batch(&self.frame)?;
        self.totals.encode_nanos += encoded - start;
        self.totals.emit_nanos += abi::monotonic_nanos() - encoded;
        self.totals.rows += self.builder.rows() as u64;
        self.totals.batches += 1;
        self.totals.bytes += self.frame.len() as u64;
        self.builder.reset();
        self.counted = 0;
        if self.frame.len() > LARGEST_BATCH * 2 {
            self.give_memory_back();
        }
        Ok(())
    }

    /// After a row of unusual size: the next one of that kind needs the memory elsewhere first.
    #[cold]
    #[inline(never)]
    fn give_memory_back(&mut self) {
        self.frame = Vec::new();
        for position in 0..self.columns.len() {
            let field = self.builder.schema().fields[position].clone();
            let column = ColumnBuilder::of(&field);
            self.builder.replace_column(position, field, column);
        }
    }
}

/// What of the rows at hand goes into the batch at hand.
enum Fit {
    /// So many of them; none: the batch is full.
    Rows(usize),
    /// The first one, of so many bytes, is a batch by itself.
    Wide(usize),
    /// The first one, of so many bytes, is above the limit.
    TooLarge(usize),
}

/// Whether a row can be put into columns and then into a frame, with so many bytes of values in each. Without this, running out of memory in the midst of it
/// would end the instance without a word.
#[cold]
#[inline(never)]
fn check_memory(in_columns: usize, in_frame: usize) -> Result<()> {
    let (mut columns, mut frame) = (Vec::<u8>::new(), Vec::<u8>::new());
    columns
        .try_reserve_exact(in_columns * 2)
        .and_then(|()| frame.try_reserve_exact(in_frame + LARGEST_BATCH))
        .map_err(|_| {
            Error::data(
                "out_of_memory",
                format!("a row of {} bytes does not fit into memory", in_frame),
            )
            .hint("raise the connector's memory limit, or leave the large column out of the stream's columns")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{frames_of, frames_within, row_of_values, rows_of, TextRows};
    use proptest::prelude::*;
    use rapidbyte_sdk::arrow::FrameReader;
    use rapidbyte_sdk::Category;

    const AMOUNT: ColumnType = ColumnType::Decimal {
        precision: 10,
        scale: 2,
    };
    const ROOMY: u64 = 1 << 20;

    /// Two digits of base 10,000 with two decimals to show: `units.50`.
    fn amount(units: u16) -> Option<Vec<u8>> {
        Some(
            [2, 0, 0, 2, units, 5000]
                .iter()
                .flat_map(|word: &u16| word.to_be_bytes())
                .collect(),
        )
    }

    fn not_a_number() -> Option<Vec<u8>> {
        Some(vec![0, 0, 0, 0, 0xc0, 0, 0, 0])
    }

    fn long(value: i64) -> Option<Vec<u8>> {
        Some(value.to_be_bytes().to_vec())
    }

    fn text(value: &str) -> Option<Vec<u8>> {
        Some(value.as_bytes().to_vec())
    }

    fn shown(column_type: ColumnType, values: Vec<Option<Vec<u8>>>) -> Vec<Option<String>> {
        let rows = values.into_iter().map(|value| row_of_values(&[value]));
        let frames = frames_of(&[column_type], rows, "UTF8", ROOMY).unwrap();
        rows_of(&frames).into_iter().map(|mut row| row.remove(0)).collect()
    }

    fn some(values: &[&str]) -> Vec<Option<String>> {
        values.iter().map(|value| Some((*value).to_owned())).collect()
    }

    #[test]
    fn numbers_keep_every_bit() {
        let values = |bytes: &[&[u8]]| bytes.iter().map(|value| Some(value.to_vec())).collect::<Vec<_>>();
        assert_eq!(shown(ColumnType::Bool, values(&[&[0], &[1]])), some(&["false", "true"]));
        assert_eq!(
            shown(ColumnType::Int2, values(&[&i16::MIN.to_be_bytes(), &[1, 2]])),
            some(&["-32768", "258"])
        );
        assert_eq!(
            shown(ColumnType::Int4, values(&[&i32::MIN.to_be_bytes()])),
            some(&["-2147483648"])
        );
        assert_eq!(
            shown(ColumnType::Int8, values(&[&i64::MAX.to_be_bytes()])),
            some(&["9223372036854775807"])
        );
        let floats =
            [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 1.5].map(|value| Some(value.to_be_bytes().to_vec()));
        assert_eq!(
            shown(ColumnType::Float4, floats.to_vec()),
            some(&["NaN", "Infinity", "-Infinity", "-0", "1.5"])
        );
        let floats = [f64::NAN, f64::MIN_POSITIVE * 0.5, 0.1].map(|value| Some(value.to_be_bytes().to_vec()));
        assert_eq!(shown(ColumnType::Float8, floats.to_vec())[2].as_deref(), Some("0.1"));
    }

    /// Whether a column borrows its wide value or copies it, whether there are nulls beside it, and whatever stands before and behind.
    #[test]
    fn a_wide_row_is_a_batch_by_itself() {
        const WIDE: usize = 5 << 20;
        let types = [
            AMOUNT,
            ColumnType::Text,
            ColumnType::Bytea,
            ColumnType::Jsonb,
            ColumnType::NumericText,
        ];
        let wide = || Some(vec![b'w'; WIDE]);
        let json = |size: usize| Some([vec![1], vec![b'1'; size]].concat());
        let rows = [
            vec![amount(1), text("a"), None, json(3), amount(1)],
            vec![amount(2), wide(), Some(vec![7; WIDE]), None, None],
            vec![None, None, wide(), json(WIDE), amount(3)],
            vec![not_a_number(), wide(), Some(Vec::new()), json(2), amount(4)],
            vec![amount(5), text("b"), None, None, None],
        ];
        for encoding in ["UTF8", "SQL_ASCII"] {
            let frames = frames_within(
                &types,
                rows.iter().map(|row| row_of_values(row)),
                encoding,
                &Limits::default(),
            );
            let frames = frames.unwrap();
            assert_eq!(frames.len(), rows.len(), "{}", encoding);
            let shown = rows_of(&frames);
            let lengths = |row: usize| -> Vec<Option<usize>> {
                let values = shown[row].iter();
                values.map(|value| value.as_ref().map(String::len)).collect()
            };
            let bytes = |count: usize| Some(2 + 2 * count);
            assert_eq!(lengths(0), [Some(4), Some(1), None, Some(3), Some(4)]);
            assert_eq!(lengths(1), [Some(4), Some(WIDE), bytes(WIDE), None, None]);
            assert_eq!(lengths(2), [None, None, bytes(WIDE), Some(WIDE), Some(4)]);
            assert_eq!(lengths(3), [Some(3), Some(WIDE), bytes(0), Some(2), Some(4)]);
            assert_eq!(shown[3][0].as_deref(), Some("NaN"));
            assert!(shown[1][1].as_ref().unwrap().bytes().all(|byte| byte == b'w'));
            assert!(shown[1][2].as_ref().unwrap().ends_with("070707"));
            assert_eq!(shown[4][1].as_deref(), Some("b"));
        }
    }

    /// What such a field says of itself in plain batches can be longer than its values.
    #[test]
    fn a_batch_of_text_is_no_larger_for_what_its_field_says() {
        const MOST: u64 = 64 << 10;
        let parts = (0..150).map(|number| crate::column_type::Part {
            name: format!("part_{}", number),
            column_type: AMOUNT,
            native_type: "numeric(10,2)".into(),
        });
        let value = |first: Vec<u8>| {
            let mut value = 150i32.to_be_bytes().to_vec();
            let rest = (1..150).map(|_| amount(7).unwrap());
            for part in std::iter::once(first).chain(rest) {
                value.extend(1700u32.to_be_bytes());
                value.extend((part.len() as i32).to_be_bytes());
                value.extend(part);
            }
            Some(value)
        };
        let types = [ColumnType::Composite(parts.collect())];
        let rows = (0..200).map(|row| {
            let first = if row % 50 == 3 { not_a_number() } else { amount(1) };
            row_of_values(&[value(first.unwrap())])
        });
        let frames = frames_of(&types, rows, "UTF8", MOST).unwrap();
        let texts = frames.iter().filter(|frame| {
            let mut reader = FrameReader::new();
            let schema = std::rc::Rc::clone(reader.parse(frame).unwrap().schema());
            schema.fields[0].metadata(metadata::PLAIN_FIELD).is_some()
        });
        assert!(texts.count() > 2);
        assert_eq!(rows_of(&frames).len(), 200);
        let largest = frames.iter().map(Vec::len).max().unwrap() as u64;
        assert!(largest <= MOST, "{}", largest);
        assert!(largest > MOST / 2, "{}", largest);
    }

    #[test]
    fn a_batch_has_no_more_rows_than_it_may() {
        let limits = Limits {
            max_batch_rows: 7,
            ..Limits::default()
        };
        let types = [ColumnType::Int8, ColumnType::NumericText];
        let rows = (0..100).map(|id| row_of_values(&[long(id), amount(id as u16)]));
        let frames = frames_within(&types, rows, "UTF8", &limits).unwrap();
        let counts: Vec<usize> = frames.iter().map(|frame| rows_of([frame]).len()).collect();
        assert_eq!(counts, [vec![7; 14], vec![2]].concat());
        let ids: Vec<_> = rows_of(&frames).into_iter().map(|mut row| row.remove(0)).collect();
        assert_eq!(ids, (0..100).map(|id| Some(id.to_string())).collect::<Vec<_>>());
    }

    #[test]
    fn times_keep_their_ends() {
        let days = |days: i32| Some(days.to_be_bytes().to_vec());
        assert_eq!(
            shown(
                ColumnType::Date,
                vec![
                    days(i32::MAX),
                    days(i32::MIN),
                    days(0),
                    days(-730_120),
                    days(2_145_031_948)
                ]
            ),
            some(&["infinity", "-infinity", "2000-01-01", "0001-12-31 BC", "5874897-12-31"])
        );
        assert_eq!(
            shown(ColumnType::Time, vec![long(0), long(86_400_000_000)]),
            some(&["00:00:00", "24:00:00"])
        );
        let moments = vec![long(i64::MIN), long(0), long(9_223_371_331_199_999_999), long(i64::MAX)];
        let expected = [
            "-infinity",
            "2000-01-01 00:00:00",
            "294276-12-31 23:59:59.999999",
            "infinity",
        ];
        assert_eq!(shown(ColumnType::Timestamp, moments.clone()), some(&expected));
        assert_eq!(
            shown(ColumnType::Timestamptz, moments)[1].as_deref(),
            Some("2000-01-01 00:00:00+00")
        );
    }

    #[test]
    fn text_and_bytes_keep_every_byte() {
        let values = vec![text(""), text("a\tb\n\"\u{200b}😀"), None];
        let expected = vec![Some(String::new()), Some("a\tb\n\"\u{200b}😀".to_owned()), None];
        for column_type in [ColumnType::Text, ColumnType::Json, ColumnType::Other] {
            assert_eq!(shown(column_type, values.clone()), expected);
        }
        let versioned = values
            .iter()
            .map(|value| value.as_ref().map(|bytes| [&[1], &bytes[..]].concat()))
            .collect();
        assert_eq!(shown(ColumnType::Jsonb, versioned), expected);
        assert_eq!(
            shown(ColumnType::Bytea, vec![Some(vec![0, 255, 10])]),
            some(&["\\x00ff0a"])
        );
        let uuid = (0..16).collect::<Vec<u8>>();
        assert_eq!(
            shown(ColumnType::Uuid, vec![Some(uuid)]),
            some(&["00010203-0405-0607-0809-0a0b0c0d0e0f"])
        );
        assert_eq!(
            shown(ColumnType::NumericText, vec![amount(7), not_a_number()]),
            some(&["7.50", "NaN"])
        );
    }

    #[test]
    fn values_of_another_type_are_noticed() {
        let types = [
            ColumnType::Bool,
            ColumnType::Int2,
            ColumnType::Int4,
            ColumnType::Int8,
            ColumnType::Date,
            ColumnType::Time,
            ColumnType::Timestamp,
            ColumnType::Uuid,
            ColumnType::Jsonb,
            ColumnType::NumericText,
            AMOUNT,
            ColumnType::Decimal {
                precision: 38,
                scale: 0,
            },
            ColumnType::Decimal {
                precision: 76,
                scale: 0,
            },
        ];
        for column_type in types {
            let rows = [row_of_values(&[None]), row_of_values(&[Some(vec![0, 9, 9])])];
            let error = frames_of(&[column_type.clone()], rows, "UTF8", ROOMY).unwrap_err();
            assert_eq!(
                (error.category(), error.code()),
                (Category::Schema, "table_changed"),
                "{:?}",
                column_type
            );
            assert!(error.message().contains("column 'c0'"), "{}", error);
        }
    }

    #[test]
    fn text_of_a_database_without_an_encoding_is_checked() {
        for (column_type, good, bad) in [
            (ColumnType::Text, &b"caf\xc3\xa9"[..], &b"caf\xe9"[..]),
            (ColumnType::Jsonb, b"\x01\"\xc3\xa9\"", b"\x01\"\xe9\""),
        ] {
            let read = |value: &[u8], encoding| {
                frames_of(
                    &[column_type.clone()],
                    [row_of_values(&[Some(value.to_vec())])],
                    encoding,
                    ROOMY,
                )
            };
            assert_eq!(read(good, "SQL_ASCII").unwrap().len(), 1);
            let error = read(bad, "SQL_ASCII").unwrap_err();
            assert_eq!((error.category(), error.code()), (Category::Data, "invalid_utf8"));
        }
        let bytes = [row_of_values(&[Some(vec![0xe9])])];
        assert!(frames_of(&[ColumnType::Bytea], bytes, "SQL_ASCII", ROOMY).is_ok());
    }

    #[test]
    fn a_table_without_rows_is_one_batch() {
        let frames = frames_of(&[ColumnType::Int4], [], "UTF8", ROOMY).unwrap();
        assert_eq!(frames.len(), 1);
        assert_eq!(FrameReader::new().parse(&frames[0]).unwrap().rows(), 0);
    }

    /// Which columns hold text in a frame.
    fn forms(frame: &[u8]) -> Vec<bool> {
        let mut reader = FrameReader::new();
        let batch = reader.parse(frame).unwrap();
        batch
            .schema()
            .fields
            .iter()
            .map(|field| field.metadata(metadata::ENCODING).is_some())
            .collect()
    }

    #[test]
    fn columns_that_take_turns_in_not_fitting_do_not_make_batches_of_one_row() {
        let rows = (0..1000u16).map(|n| {
            let first = if n % 2 == 0 { not_a_number() } else { amount(n) };
            let second = if n % 2 == 1 { not_a_number() } else { amount(n) };
            row_of_values(&[first, second])
        });
        let frames = frames_of(&[AMOUNT, AMOUNT], rows, "UTF8", ROOMY).unwrap();
        let forms: Vec<_> = frames.iter().map(|frame| forms(frame)).collect();
        assert_eq!(forms, [[true, false], [true, true]]);
        assert_eq!(rows_of(&frames).len(), 1000);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever the values and the limit: nothing is lost or changed, and no frame is larger than it may be.
        #[test]
        fn batches_hold_all_rows_in_order_and_keep_to_their_limit(
            rows in prop::collection::vec((0..10u8, any::<u16>(), "[a-z]{0,60}", any::<i64>()), 0..600),
            limit in 3_000u64..20_000,
        ) {
            let types = [ColumnType::Text, AMOUNT, ColumnType::Timestamp];
            let mut expected = TextRows::new();
            let mut binary = Vec::new();
            for (kind, units, word, moment) in &rows {
                let units = units % 10_000;
                // Everything from year 1 to 9999, or one of the values that do not fit.
                let moment = if *kind == 1 { 9_223_371_331_199_999_999 } else { moment % 200_000_000_000_000_000 };
                let values = [
                    if *kind == 2 { None } else { text(word) },
                    match kind { 3 => not_a_number(), 4 => None, _ => amount(units) },
                    if *kind == 5 { None } else { long(moment) },
                ];
                let mut shown = Vec::new();
                let mut moment_text = Vec::new();
                crate::decode::write_timestamp(moment, false, &mut moment_text);
                shown.push(values[0].as_ref().map(|_| word.clone()));
                shown.push(match kind { 3 => Some("NaN".into()), 4 => None, _ => Some(format!("{}.50", units)) });
                shown.push(values[2].as_ref().map(|_| String::from_utf8(moment_text).unwrap()));
                expected.push(shown);
                binary.push(row_of_values(&values));
            }
            let frames = frames_of(&types, binary, "UTF8", limit).unwrap();
            prop_assert_eq!(rows_of(&frames), expected);
            for frame in &frames {
                // A record of this table is far below 200 bytes.
                prop_assert!(frame.len() <= limit as usize + 200, "{} bytes", frame.len());
            }
        }
    }
}
