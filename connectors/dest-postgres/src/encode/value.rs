// SPDX-License-Identifier: Apache-2.0

//! Cells that are made value by value: of types that consist of others, and of those that are rare.

use rapidbyte_sdk::arrow::{Column, Field};

use super::numeric::{self, NotNumeric, Scale, I128_CELL, I256_CELL, I64_CELL};
use super::plain_text::TextForm;
use super::scatter::{shifted_date, shifted_timestamp};
use super::text_value::{self, TextType};
use super::{json_value, Form, NULL};

/// How a value of an Arrow column becomes a cell, with all that is in it.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueForm {
    /// As in a column of its own.
    Scalar(Form),
    /// An unsigned integer of 32 bits as a signed one of 64.
    Uint32ToInt64,
    /// An unsigned integer of 32 or 64 bits as `numeric`.
    UintToNumeric,
    /// Hundredths; the decimal's places behind the point must be two.
    Money,
    /// Months, days and nanoseconds.
    Interval,
    /// Seconds east of UTC, which count west of it there.
    ZoneOffset,
    /// A text that stands for a value of this type.
    Text(TextType),
    Array(ArrayForm),
    /// Each field with the number of its type.
    Composite(Vec<(u32, ValueForm)>),
    /// A struct of two bounds and three flags; the form is the bounds'.
    Range(Box<ValueForm>),
    /// A list of ranges, whose form it is.
    Multirange(Box<ValueForm>),
    /// A struct whose values follow one another without their lengths.
    Packed(Vec<ValueForm>),
    /// A struct of a flag and points.
    Path,
    /// Points.
    Polygon,
    Hstore,
    /// `jsonb`, for values that the destination has no type of their own for.
    Json(Box<Field>),
    /// Text for a column of at most so many characters. The server refuses what is longer, but cuts blanks at the end off without a word.
    Limited(usize),
    /// Text that the server makes a value of another type of.
    Plain(Box<TextForm>),
}

/// Lists, lists of lists and so on, as an array.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrayForm {
    /// The number of the element's type.
    pub element_oid: u32,
    pub element: Box<ValueForm>,
    /// How deep the lists are.
    pub dimensions: usize,
    /// The number of the first element.
    pub first: i32,
}

/// Why a value cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueError {
    NotNumeric(NotNumeric),
    /// What is wrong with it, for people.
    Invalid(String),
}

impl ValueError {
    fn invalid(problem: impl Into<String>) -> ValueError {
        ValueError::Invalid(problem.into())
    }
}

type Result<T> = std::result::Result<T, ValueError>;

impl ValueForm {
    /// Appends the cell of a row: its length, and the value.
    pub fn write_cell(&self, column: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
        if !column.is_valid(row) {
            out.extend_from_slice(&NULL);
            return Ok(());
        }
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        self.write(column, row, out)?;
        let length = u32::try_from(out.len() - start - 4)
            .ok()
            .filter(|length| *length <= i32::MAX as u32)
            .ok_or_else(|| ValueError::invalid("takes more than 2 GiB"))?;
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    /// Appends a value that is there.
    fn write(&self, column: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
        match self {
            ValueForm::Scalar(form) => write_scalar(*form, column, row, out),
            ValueForm::Uint32ToInt64 => {
                out.extend_from_slice(&i64::from(u32::from_le_bytes(column.array(row))).to_be_bytes());
                Ok(())
            }
            ValueForm::UintToNumeric => write_unsigned(column, row, out),
            ValueForm::Money => write_money(column, row, out),
            ValueForm::Interval => write_interval(column.i128(row), out),
            ValueForm::ZoneOffset => {
                out.extend_from_slice(&column.i32(row).wrapping_neg().to_be_bytes());
                Ok(())
            }
            ValueForm::Text(text_type) => write_text(*text_type, column, row, out),
            ValueForm::Array(array) => array.write(column, row, out),
            ValueForm::Composite(fields) => write_composite(fields, column, row, out),
            ValueForm::Range(bound) => write_range(bound, column, row, out),
            ValueForm::Multirange(range) => write_ranges(range, column, row, out),
            ValueForm::Packed(parts) => write_packed(parts, column, row, out),
            ValueForm::Path => write_path(column, row, out),
            ValueForm::Polygon => write_points(column, row, out),
            ValueForm::Hstore => write_pairs(column, row, out),
            ValueForm::Json(field) => {
                out.push(1);
                json_value::write(field, column, row, out);
                Ok(())
            }
            ValueForm::Limited(limit) => write_limited(*limit, column.bytes(row), out),
            ValueForm::Plain(text) => {
                text.write(column, row, out);
                Ok(())
            }
        }
    }
}

// The functions below are kept apart: together they would be more than the host's virtual machine compiles at once.

#[inline(never)]
fn write_money(column: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    let hundredths =
        i64::try_from(column.i128(row)).map_err(|_| ValueError::invalid("is larger than any amount of money"))?;
    out.extend_from_slice(&hundredths.to_be_bytes());
    Ok(())
}

#[inline(never)]
fn write_text(text_type: TextType, column: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    text_value::write(text_type, column.bytes(row), out)
        .ok_or_else(|| ValueError::invalid(format!("is not {}", text_type.describe())))
}

#[inline(never)]
fn write_limited(limit: usize, text: &[u8], out: &mut Vec<u8>) -> Result<()> {
    // No character has less than a byte, and all but its first byte are continuations.
    let is_start = |byte: &&u8| **byte & 0xC0 != 0x80;
    if text.len() > limit && text.last() == Some(&b' ') && text.iter().filter(is_start).count() > limit {
        return Err(ValueError::invalid(format!(
            "is longer than the {} characters that its column has room for, and has blanks at its end, which Postgres would cut off",
            limit
        )));
    }
    out.extend_from_slice(text);
    Ok(())
}

#[inline(never)]
fn write_composite(fields: &[(u32, ValueForm)], column: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(&(fields.len() as u32).to_be_bytes());
    for ((oid, form), child) in fields.iter().zip(column.children()) {
        out.extend_from_slice(&oid.to_be_bytes());
        form.write_cell(child, row, out)?;
    }
    Ok(())
}

#[inline(never)]
fn write_ranges(range: &ValueForm, column: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    let ranges = column.list(row);
    out.extend_from_slice(&(ranges.len() as u32).to_be_bytes());
    for element in ranges {
        require(&column.children()[0], element, "has a range that is null")?;
        range.write_cell(&column.children()[0], element, out)?;
    }
    Ok(())
}

#[inline(never)]
fn write_packed(parts: &[ValueForm], column: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    for (form, child) in parts.iter().zip(column.children()) {
        require(child, row, "has a part that is null")?;
        form.write(child, row, out)?;
    }
    Ok(())
}

#[inline(never)]
fn write_path(column: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    let (closed, points) = (&column.children()[0], &column.children()[1]);
    require(closed, row, "has a part that is null")?;
    require(points, row, "has a part that is null")?;
    out.push(closed.bool(row).into());
    write_points(points, row, out)
}

fn require(column: &Column<'_>, row: usize, problem: &str) -> Result<()> {
    match column.is_valid(row) {
        true => Ok(()),
        false => Err(ValueError::invalid(problem)),
    }
}

impl ArrayForm {
    /// Dimensions, whether there are nulls, the elements' type, for each dimension how many and the number of the first one;
    /// then the elements.
    #[inline(never)]
    fn write(&self, column: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
        let mut lengths = Vec::with_capacity(self.dimensions);
        let (values, elements) = self.shape(column, row, &mut lengths)?;
        let is_empty = elements.is_empty();
        let has_null = elements.clone().any(|element| !values.is_valid(element));
        let dimensions = if is_empty { 0 } else { lengths.len() as u32 };
        out.extend_from_slice(&dimensions.to_be_bytes());
        out.extend_from_slice(&u32::from(has_null).to_be_bytes());
        out.extend_from_slice(&self.element_oid.to_be_bytes());
        if !is_empty {
            for length in lengths {
                out.extend_from_slice(&(length as u32).to_be_bytes());
                out.extend_from_slice(&self.first.to_be_bytes());
            }
        }
        elements
            .into_iter()
            .try_for_each(|element| self.element.write_cell(values, element, out))
    }

    /// Finds the column and the rows of the elements: lists in lists lie behind one another, so that all of them are one
    /// range. Every list of a level has to have the same length.
    fn shape<'c, 'a>(
        &self,
        column: &'c Column<'a>,
        row: usize,
        lengths: &mut Vec<usize>,
    ) -> Result<(&'c Column<'a>, std::ops::Range<usize>)> {
        let mut column = column;
        let mut range = column.list(row);
        lengths.push(range.len());
        for _ in 1..self.dimensions {
            column = &column.children()[0];
            if range.is_empty() {
                return Ok((column, 0..0));
            }
            let (first, last) = (range.start, range.end - 1);
            let length = column.list(first).len();
            for list in range {
                require(column, list, "has a null in the place of a list")?;
                if column.list(list).len() != length {
                    return Err(ValueError::invalid("has lists of different lengths in one dimension"));
                }
            }
            range = column.list(first).start..column.list(last).end;
            lengths.push(length);
        }
        Ok((&column.children()[0], range))
    }
}

#[inline(never)]
fn write_range(bound: &ValueForm, column: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    const EMPTY: u8 = 0x01;
    const LOWER_INCLUSIVE: u8 = 0x02;
    const UPPER_INCLUSIVE: u8 = 0x04;
    const LOWER_INFINITE: u8 = 0x08;
    const UPPER_INFINITE: u8 = 0x10;
    let flag = |child: usize, flag: u8| {
        let child = &column.children()[child];
        if child.is_valid(row) && child.bool(row) {
            flag
        } else {
            0
        }
    };
    if flag(4, EMPTY) != 0 {
        out.push(EMPTY);
        return Ok(());
    }
    let (lower, upper) = (&column.children()[0], &column.children()[1]);
    let infinite = |child: &Column<'_>, flag: u8| if child.is_valid(row) { 0 } else { flag };
    out.push(
        flag(2, LOWER_INCLUSIVE)
            | flag(3, UPPER_INCLUSIVE)
            | infinite(lower, LOWER_INFINITE)
            | infinite(upper, UPPER_INFINITE),
    );
    for child in [lower, upper] {
        if child.is_valid(row) {
            bound.write_cell(child, row, out)?;
        }
    }
    Ok(())
}

/// How many points there are, then the two coordinates of each.
#[inline(never)]
fn write_points(column: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    let points = column.list(row);
    out.extend_from_slice(&(points.len() as u32).to_be_bytes());
    let point = &column.children()[0];
    for element in points {
        require(point, element, "has a point that is null")?;
        for coordinate in point.children() {
            require(coordinate, element, "has a coordinate that is null")?;
            out.extend_from_slice(&coordinate.f64(element).to_be_bytes());
        }
    }
    Ok(())
}

#[inline(never)]
fn write_pairs(column: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    let pairs = column.list(row);
    out.extend_from_slice(&(pairs.len() as u32).to_be_bytes());
    let entries = &column.children()[0];
    for pair in pairs {
        require(entries, pair, "has a pair that is null")?;
        require(&entries.children()[0], pair, "has a key that is null")?;
        for text in entries.children() {
            write_scalar_cell(Form::Bytes, text, pair, out)?;
        }
    }
    Ok(())
}

/// Arrow has nanoseconds where Postgres has microseconds.
#[inline(never)]
fn write_interval(value: i128, out: &mut Vec<u8>) -> Result<()> {
    let (months, days, nanoseconds) = (value as i32, (value >> 32) as i32, (value >> 64) as i64);
    if nanoseconds % 1000 != 0 {
        return Err(ValueError::invalid(
            "is given in nanoseconds, and Postgres has microseconds",
        ));
    }
    out.extend_from_slice(&(nanoseconds / 1000).to_be_bytes());
    out.extend_from_slice(&days.to_be_bytes());
    out.extend_from_slice(&months.to_be_bytes());
    Ok(())
}

#[inline(never)]
fn write_unsigned(column: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    let value = column.bytes(row);
    let mut wide = [0; 16];
    wide[..value.len()].copy_from_slice(value);
    let mut cell = [0; I128_CELL];
    let start = numeric::write_i128(i128::from_le_bytes(wide), Scale::new(0), &mut cell);
    out.extend_from_slice(&cell[start + 4..]);
    Ok(())
}

fn write_scalar_cell(form: Form, column: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    ValueForm::Scalar(form).write_cell(column, row, out)
}

/// What the columns of a batch do for hundreds of rows at a time, for one.
#[inline(never)]
fn write_scalar(form: Form, column: &Column<'_>, row: usize, out: &mut Vec<u8>) -> Result<()> {
    match form {
        Form::Boolean => out.push(column.bool(row).into()),
        Form::Word16 => out.extend_from_slice(&column.i16(row).to_be_bytes()),
        Form::Word32 => out.extend_from_slice(&column.i32(row).to_be_bytes()),
        Form::Word64 => out.extend_from_slice(&column.i64(row).to_be_bytes()),
        Form::Int16ToInt32 => out.extend_from_slice(&i32::from(column.i16(row)).to_be_bytes()),
        Form::Int16ToInt64 => out.extend_from_slice(&i64::from(column.i16(row)).to_be_bytes()),
        Form::Int32ToInt64 => out.extend_from_slice(&i64::from(column.i32(row)).to_be_bytes()),
        Form::Float32ToFloat64 => out.extend_from_slice(&f64::from(column.f32(row)).to_be_bytes()),
        Form::Date => out.extend_from_slice(&shifted_date(column.i32(row)).to_be_bytes()),
        Form::Timestamp => out.extend_from_slice(&shifted_timestamp(column.i64(row)).to_be_bytes()),
        Form::Fixed(_) | Form::Bytes => out.extend_from_slice(column.bytes(row)),
        Form::VersionedBytes => {
            out.push(1);
            out.extend_from_slice(column.bytes(row));
        }
        Form::Int16ToNumeric => write_number(column.i16(row).into(), out),
        Form::Int32ToNumeric => write_number(column.i32(row).into(), out),
        Form::Int64ToNumeric => write_number(column.i64(row), out),
        Form::Decimal128(scale) => {
            let mut cell = [0; I128_CELL];
            let start = numeric::write_i128(column.i128(row), Scale::new(scale), &mut cell);
            out.extend_from_slice(&cell[start + 4..]);
        }
        Form::Decimal256(scale) => {
            let mut cell = [0; I256_CELL];
            let start = numeric::write_i256(&column.array(row), Scale::new(scale), &mut cell);
            out.extend_from_slice(&cell[start + 4..]);
        }
        Form::NumericText => {
            let mut cell = Vec::new();
            numeric::append_text(column.bytes(row), &mut cell).map_err(ValueError::NotNumeric)?;
            out.extend_from_slice(&cell[4..]);
        }
        Form::Made => return Err(ValueError::invalid("has no form of its own")),
    }
    Ok(())
}

fn write_number(value: i64, out: &mut Vec<u8>) {
    let mut cell = [0; I64_CELL];
    let written = numeric::write_i64(value, Scale::new(0), &mut cell);
    out.extend_from_slice(&cell[written][4..]);
}
