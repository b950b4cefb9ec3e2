// SPDX-License-Identifier: Apache-2.0

//! Columns of text and bytes.

use rapidbyte_sdk::arrow::VarBuilder;
use rapidbyte_sdk::utf8::is_utf8;
use rapidbyte_sdk::{Error, Result};

use super::cell::Cell;
use super::column::{wrong_length, Context, Decoded};
use super::numeric::Numeric;
use super::temporal;
use super::text_form::write_value;
use crate::column_type::ColumnType;

/// The only version of these binary forms there is.
const VERSION: u8 = 1;

/// Bytes as they are: `bytea`, and text from a server that converted it to UTF-8.
#[inline(never)]
pub fn decode_bytes(bytes: &[u8], cells: &[Cell], column: &mut VarBuilder) -> Result<Decoded> {
    for cell in cells {
        if cell.is_null() {
            column.push_null();
        } else {
            column.push(cell.value(bytes));
        }
    }
    Ok(Decoded::All)
}

/// Text from a server that does not know its encoding.
#[inline(never)]
pub fn decode_unchecked_text(bytes: &[u8], cells: &[Cell], column: &mut VarBuilder) -> Result<Decoded> {
    for cell in cells {
        if cell.is_null() {
            column.push_null();
        } else {
            column.push(check(cell.value(bytes))?);
        }
    }
    Ok(Decoded::All)
}

/// `jsonb` and `jsonpath`: a byte with a version, then text.
#[inline(never)]
pub fn decode_versioned_text(trusted: bool, bytes: &[u8], cells: &[Cell], column: &mut VarBuilder) -> Result<Decoded> {
    for cell in cells {
        match cell.value(bytes) {
            [VERSION, text @ ..] => column.push(if trusted { text } else { check(text)? }),
            _ if cell.is_null() => column.push_null(),
            _ => return Err(wrong_length(*cell)),
        }
    }
    Ok(Decoded::All)
}

/// Any type in its text form.
#[inline(never)]
pub fn decode_text_form(
    column_type: &ColumnType,
    context: &mut Context<'_>,
    cells: &[Cell],
    column: &mut VarBuilder,
) -> Result<Decoded> {
    let checked = !context.trusted_text;
    for cell in cells {
        if cell.is_null() {
            column.push_null();
            continue;
        }
        let value = cell.value(context.bytes);
        // Straight into the column, so that no value costs an allocation.
        let mut written = None;
        column.push_with(|text| {
            let start = text.len();
            written = write_value(column_type, value, text).map(|()| start);
        });
        let start = written.ok_or_else(|| wrong_length(*cell))?;
        if checked {
            check(&column.data()[start..])?;
        }
    }
    Ok(Decoded::All)
}

fn check(text: &[u8]) -> Result<&[u8]> {
    if is_utf8(text) {
        return Ok(text);
    }
    Err(Error::data(
        "invalid_utf8",
        "a text is not UTF-8, and the database's encoding is SQL_ASCII, which says nothing",
    )
    .hint("correct the text, or leave the column out of the stream's columns"))
}

/// `numeric` as text.
#[inline(never)]
pub fn decode_numeric_text(bytes: &[u8], cells: &[Cell], column: &mut VarBuilder) -> Result<Decoded> {
    for cell in cells {
        if cell.is_null() {
            column.push_null();
            continue;
        }
        let number = Numeric::parse(cell.value(bytes)).ok_or_else(|| wrong_length(*cell))?;
        column.push_with(|text| number.write_text(text));
    }
    Ok(Decoded::All)
}

/// The types of 8 bytes that can become text.
#[derive(Clone, Copy)]
pub enum Moment {
    Time,
    Timestamp,
    Timestamptz,
}

/// `time`, `timestamp` and `timestamptz` as text.
#[inline(never)]
pub fn decode_moment_text(moment: Moment, bytes: &[u8], cells: &[Cell], column: &mut VarBuilder) -> Result<Decoded> {
    for cell in cells {
        if cell.is_null() {
            column.push_null();
            continue;
        }
        let mut wire = [0; 8];
        let value = cell.value(bytes);
        if value.len() != wire.len() {
            return Err(wrong_length(*cell));
        }
        wire.copy_from_slice(value);
        let microseconds = i64::from_be_bytes(wire);
        column.push_with(|text| match moment {
            Moment::Time => temporal::write_time(microseconds, text),
            Moment::Timestamp => temporal::write_timestamp(microseconds, false, text),
            Moment::Timestamptz => temporal::write_timestamp(microseconds, true, text),
        });
    }
    Ok(Decoded::All)
}
