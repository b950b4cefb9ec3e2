// SPDX-License-Identifier: Apache-2.0

//! The second pass: chooses the function for a column of a block, once for all of its values.

use rapidbyte_sdk::arrow::{ColumnBuilder, FixedBuilder, Layout, VarBuilder};
use rapidbyte_sdk::{Error, Result};

use super::cell::Cell;
use super::nested;
use super::numeric::Numeric;
use super::numeric_decimal::{self, PRECISION_OF_128_BITS, PRECISION_OF_64_BITS};
use super::room::{room, room_of_null, text_room};
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

/// What the decoding of every column of a block needs.
pub struct Context<'a> {
    /// Whether text has been converted to UTF-8 by the server.
    pub trusted_text: bool,
    /// What the cells lie in.
    pub bytes: &'a [u8],
    /// Room for a part of a column's values.
    pub scratch: &'a mut [u8],
}

/// How a column is decoded.
#[derive(Clone, Debug)]
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
    /// The text form of a value of any type.
    AnyText,
    /// All that is in a value which consists of others.
    Parts,
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
        let mut context = Context {
            trusted_text: self.trusted_text,
            bytes,
            scratch,
        };
        match (self.form, column) {
            (Form::Text, ColumnBuilder::Var(column)) => decode_text(&self.column_type, cells, column, &mut context),
            (_, column) => decode_values(&self.column_type, cells, column, &mut context),
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
            // All of it is counted value by value.
            (Form::Plain, Layout::List | Layout::Struct) => 0,
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
            Variable::AnyText => {
                let mut text = Vec::new();
                for (size, cell) in sizes.iter_mut().zip(cells).filter(|(_, cell)| !cell.is_null()) {
                    *size += text_room(&self.column_type, cell.value(bytes), &mut text).unwrap_or(0);
                }
            }
            Variable::Parts => {
                for (size, cell) in sizes.iter_mut().zip(cells) {
                    *size += match cell.is_null() {
                        true => room_of_null(&self.column_type),
                        false => room(&self.column_type, cell.value(bytes)),
                    };
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
        !matches!(self.variable(), Variable::Nothing | Variable::Bytes { .. })
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
        match (&self.column_type, self.form) {
            (ColumnType::Decimal { .. }, Form::Text) | (ColumnType::NumericText, _) => Variable::NumericText,
            (ColumnType::Text | ColumnType::TextLike | ColumnType::Bytea | ColumnType::Json | ColumnType::Other, _) => {
                Variable::Bytes { less: 0 }
            }
            (ColumnType::Jsonb | ColumnType::VersionedText, _) => Variable::Bytes { less: 1 },
            (ColumnType::Formatted(_), _) | (ColumnType::Interval, Form::Text) => Variable::AnyText,
            (column_type, form) => match (column_type.data_type().layout(), form) {
                (Layout::List | Layout::Struct, Form::Text) => Variable::AnyText,
                (Layout::List | Layout::Struct, Form::Plain) => Variable::Parts,
                _ => Variable::Nothing,
            },
        }
    }
}

/// Appends values of a type, as its own Arrow type, to a column of it.
#[inline(never)]
pub fn decode_values(
    column_type: &ColumnType,
    cells: &[Cell],
    column: &mut ColumnBuilder,
    context: &mut Context<'_>,
) -> Result<Decoded> {
    let bytes = context.bytes;
    match column {
        ColumnBuilder::Bool(column) => fixed::decode_bool(bytes, cells, column),
        ColumnBuilder::Var(column) => match column_type {
            ColumnType::NumericText => variable::decode_numeric_text(bytes, cells, column),
            ColumnType::Jsonb | ColumnType::VersionedText => {
                variable::decode_versioned_text(context.trusted_text, bytes, cells, column)
            }
            ColumnType::Bytea => variable::decode_bytes(bytes, cells, column),
            ColumnType::Formatted(_) => variable::decode_text_form(column_type, context, cells, column),
            _ if context.trusted_text => variable::decode_bytes(bytes, cells, column),
            _ => variable::decode_unchecked_text(bytes, cells, column),
        },
        ColumnBuilder::Fixed(column) => decode_fixed(column_type, cells, column, context),
        ColumnBuilder::List(column) => nested::decode_lists(column_type, cells, column, context),
        ColumnBuilder::Struct(column) => nested::decode_structs(column_type, cells, column, context),
    }
}

#[inline(never)]
fn decode_fixed(
    column_type: &ColumnType,
    cells: &[Cell],
    column: &mut FixedBuilder,
    context: &mut Context<'_>,
) -> Result<Decoded> {
    let bytes = context.bytes;
    let mut decode = |run, wire| fixed::decode(run, wire, bytes, cells, column, context.scratch);
    match *column_type {
        ColumnType::Decimal { precision, scale } if precision <= PRECISION_OF_64_BITS => {
            numeric_decimal::decode_64(precision, scale.into(), bytes, cells, column)
        }
        ColumnType::Decimal { precision, scale } if precision <= PRECISION_OF_128_BITS => {
            numeric_decimal::decode_128(precision, scale.into(), bytes, cells, column)
        }
        ColumnType::Decimal { precision, scale } => {
            numeric_decimal::decode_256(precision, scale.into(), bytes, cells, column)
        }
        ColumnType::Int2 => decode(fixed::run_2, 2),
        ColumnType::Int4 | ColumnType::Float4 | ColumnType::Oid => decode(fixed::run_4, 4),
        ColumnType::Int8 | ColumnType::Float8 | ColumnType::Xid8 => decode(fixed::run_8, 8),
        ColumnType::Uuid => decode(fixed::run_16, 16),
        ColumnType::Date => decode(fixed::run_date, 4),
        ColumnType::Time => decode(fixed::run_time, 8),
        ColumnType::Timestamp | ColumnType::Timestamptz => decode(fixed::run_timestamp, 8),
        ColumnType::Money => decode(fixed::run_money, 8),
        ColumnType::Interval => decode(fixed::run_interval, 16),
        ColumnType::ZoneOffset => decode(fixed::run_zone, 4),
        _ => Err(Error::internal(
            "a column of variable width has a builder of fixed width",
        )),
    }
}

/// Appends values in their text form.
#[inline(never)]
fn decode_text(
    column_type: &ColumnType,
    cells: &[Cell],
    column: &mut VarBuilder,
    context: &mut Context<'_>,
) -> Result<Decoded> {
    let bytes = context.bytes;
    match column_type {
        ColumnType::Decimal { .. } => variable::decode_numeric_text(bytes, cells, column),
        ColumnType::Time => variable::decode_moment_text(Moment::Time, bytes, cells, column),
        ColumnType::Timestamp => variable::decode_moment_text(Moment::Timestamp, bytes, cells, column),
        ColumnType::Timestamptz => variable::decode_moment_text(Moment::Timestamptz, bytes, cells, column),
        _ => variable::decode_text_form(column_type, context, cells, column),
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
