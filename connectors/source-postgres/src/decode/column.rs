// SPDX-License-Identifier: Apache-2.0

//! The second pass: chooses the function for a column of a block, once for all of its values.

use rapidbyte_sdk::arrow::{ColumnBuilder, Layout};
use rapidbyte_sdk::{Error, Result};

use super::cell::Cell;
use super::numeric::Numeric;
use super::numeric_decimal::{self, PRECISION_OF_128_BITS, PRECISION_OF_64_BITS};
use super::variable::{self, Moment};
use super::{fixed, temporal};
use crate::column_type::ColumnType;

/// How far a column got in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    All,
    /// To this row, whose value the column's Arrow type cannot hold.
    UpTo(usize),
}

/// What a column holds in the batch at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Values of its Arrow type.
    Plain,
    /// The text form of the native type, because a value of this batch is not one of the Arrow type.
    Text,
}

/// How a column is decoded.
#[derive(Clone, Copy, Debug)]
pub struct ColumnDecoder {
    column_type: ColumnType,
    /// Whether text has been converted to UTF-8 by the server.
    trusted_text: bool,
    pub form: Form,
}

/// What of a value's size in a batch differs from row to row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variable {
    Nothing,
    /// The bytes as they come, less so many.
    Bytes {
        less: usize,
    },
    /// The text of a numeric.
    NumericText,
}

impl ColumnDecoder {
    pub fn new(column_type: ColumnType, trusted_text: bool) -> ColumnDecoder {
        ColumnDecoder {
            column_type,
            trusted_text,
            form: Form::Plain,
        }
    }

    /// Appends the values of `cells` to the column, whose builder is one for the decoder's form.
    #[inline(never)]
    pub fn decode(
        &self,
        bytes: &[u8],
        cells: &[Cell],
        column: &mut ColumnBuilder,
        scratch: &mut [u8],
    ) -> Result<Decoded> {
        match column {
            ColumnBuilder::Bool(column) => fixed::decode_bool(bytes, cells, column),
            ColumnBuilder::Var(column) => match (self.column_type, self.form) {
                (ColumnType::Decimal { .. } | ColumnType::NumericText, _) => {
                    variable::decode_numeric_text(bytes, cells, column)
                }
                (ColumnType::Time, _) => variable::decode_moment_text(Moment::Time, bytes, cells, column),
                (ColumnType::Timestamp, _) => variable::decode_moment_text(Moment::Timestamp, bytes, cells, column),
                (ColumnType::Timestamptz, _) => variable::decode_moment_text(Moment::Timestamptz, bytes, cells, column),
                (ColumnType::Jsonb, _) => variable::decode_jsonb(self.trusted_text, bytes, cells, column),
                (ColumnType::Bytea, _) => variable::decode_bytes(bytes, cells, column),
                _ if self.trusted_text => variable::decode_bytes(bytes, cells, column),
                _ => variable::decode_unchecked_text(bytes, cells, column),
            },
            ColumnBuilder::Fixed(column) => match self.column_type {
                ColumnType::Decimal { precision, scale } if precision <= PRECISION_OF_64_BITS => {
                    numeric_decimal::decode_64(precision, scale.into(), bytes, cells, column)
                }
                ColumnType::Decimal { precision, scale } if precision <= PRECISION_OF_128_BITS => {
                    numeric_decimal::decode_128(precision, scale.into(), bytes, cells, column)
                }
                ColumnType::Decimal { precision, scale } => {
                    numeric_decimal::decode_256(precision, scale.into(), bytes, cells, column)
                }
                ColumnType::Int2 => fixed::decode(fixed::run_2, 2, bytes, cells, column, scratch),
                ColumnType::Int4 | ColumnType::Float4 => fixed::decode(fixed::run_4, 4, bytes, cells, column, scratch),
                ColumnType::Int8 | ColumnType::Float8 => fixed::decode(fixed::run_8, 8, bytes, cells, column, scratch),
                ColumnType::Uuid => fixed::decode(fixed::run_16, 16, bytes, cells, column, scratch),
                ColumnType::Date => fixed::decode(fixed::run_date, 4, bytes, cells, column, scratch),
                ColumnType::Time => fixed::decode(fixed::run_time, 8, bytes, cells, column, scratch),
                ColumnType::Timestamp | ColumnType::Timestamptz => {
                    fixed::decode(fixed::run_timestamp, 8, bytes, cells, column, scratch)
                }
                _ => Err(Error::internal(
                    "a column of variable width has a builder of fixed width",
                )),
            },
        }
    }

    /// The part of a value's size in a batch, in bits, that every row has: the value or its offset, and its bit of validity.
    pub fn fixed_bits(&self) -> usize {
        let value = match (self.form, self.column_type.data_type().layout()) {
            // What a text of a time takes is counted with its longest, because it is known only once it is written.
            (Form::Text, _) if self.variable() == Variable::Nothing => 32 + temporal::LONGEST_TEXT * 8,
            (Form::Text, _) | (Form::Plain, Layout::Var) => 32,
            (Form::Plain, Layout::Bool) => 1,
            (Form::Plain, Layout::Fixed(width)) => width * 8,
        };
        value + 1
    }

    /// Adds the part of each value's size that differs from row to row.
    #[inline(never)]
    pub fn add_sizes(&self, bytes: &[u8], cells: &[Cell], sizes: &mut [usize]) {
        match self.variable() {
            Variable::Nothing => {}
            Variable::Bytes { less } => {
                for (size, cell) in sizes.iter_mut().zip(cells) {
                    *size += (cell.length().max(0) as usize).saturating_sub(less);
                }
            }
            Variable::NumericText => {
                for (size, cell) in sizes.iter_mut().zip(cells) {
                    *size += Numeric::parse(cell.value(bytes)).map_or(0, |number| number.text_length());
                }
            }
        }
    }

    /// The bytes of a value as a batch has them, when they are among those of the wire; `None` as well for what has no bytes.
    pub fn as_it_is<'b>(&self, bytes: &'b [u8], cell: Cell) -> Option<&'b [u8]> {
        let value = match (
            self.variable(),
            self.trusted_text || self.column_type == ColumnType::Bytea,
        ) {
            (Variable::Bytes { less: 0 }, true) => cell.value(bytes),
            _ => &[],
        };
        if value.is_empty() {
            None
        } else {
            Some(value)
        }
    }

    /// Whether a value can be larger in a batch, beyond its fixed part, than it is on the wire.
    pub fn can_expand(&self) -> bool {
        self.variable() == Variable::NumericText
    }

    /// The sum of what [`ColumnDecoder::add_sizes`] counts over all values of a column.
    pub fn variable_bytes(&self, column: &ColumnBuilder) -> usize {
        match (self.variable(), column) {
            (Variable::Nothing, _) => 0,
            (_, ColumnBuilder::Var(column)) => column.data().len(),
            _ => 0,
        }
    }

    fn variable(&self) -> Variable {
        match (self.column_type, self.form) {
            (ColumnType::Decimal { .. }, Form::Text) | (ColumnType::NumericText, _) => Variable::NumericText,
            (ColumnType::Text | ColumnType::Bytea | ColumnType::Json | ColumnType::Other, _) => {
                Variable::Bytes { less: 0 }
            }
            (ColumnType::Jsonb, _) => Variable::Bytes { less: 1 },
            _ => Variable::Nothing,
        }
    }
}

/// The server sent a value that the type of the column does not have.
#[cold]
pub fn wrong_length(cell: Cell) -> Error {
    Error::schema(
        "table_changed",
        format!(
            "a value of {} bytes is not one of the type that was planned",
            cell.length()
        ),
    )
    .hint("plan the stream again")
}
