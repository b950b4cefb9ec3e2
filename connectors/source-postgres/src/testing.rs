// SPDX-License-Identifier: Apache-2.0

//! What the tests share: batches turned back into what Postgres would show.

use rapidbyte_sdk::arrow::{metadata, Batch, Column, DataType, Field, FrameReader};

use crate::decode::{write_day, write_time, write_timestamp};

/// The values of a frame as text, row by row; `None` for a null.
pub type TextRows = Vec<Vec<Option<String>>>;

/// All rows of some frames.
pub fn rows_of<'a>(frames: impl IntoIterator<Item = &'a Vec<u8>>) -> TextRows {
    let mut reader = FrameReader::new();
    let mut rows = Vec::new();
    for frame in frames {
        let batch = reader.parse(frame).unwrap();
        rows.extend((0..batch.rows()).map(|row| row_of(&batch, row)));
    }
    rows
}

fn row_of(batch: &Batch<'_>, row: usize) -> Vec<Option<String>> {
    let fields = &batch.schema().fields;
    batch
        .columns()
        .iter()
        .zip(fields)
        .map(|(column, field)| value_of(column, field, row))
        .collect()
}

/// The text that Postgres shows for a value.
fn value_of(column: &Column<'_>, field: &Field, row: usize) -> Option<String> {
    if !column.is_valid(row) {
        return None;
    }
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Some(match field.data_type {
        DataType::Bool => if column.bool(row) { "true" } else { "false" }.into(),
        DataType::Int16 => column.i16(row).to_string(),
        DataType::Int32 => column.i32(row).to_string(),
        DataType::Int64 => column.i64(row).to_string(),
        DataType::Float32 => float(column.f32(row).into(), column.f32(row).to_string()),
        DataType::Float64 => float(column.f64(row), column.f64(row).to_string()),
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => decimal(column.bytes(row), scale.into()),
        DataType::Utf8 => text(column.bytes(row)),
        DataType::Binary => format!("\\x{}", hexadecimal(column.bytes(row))),
        DataType::FixedSizeBinary(_) => {
            assert_eq!(field.metadata(metadata::EXTENSION_NAME), Some("arrow.uuid"));
            let digits = hexadecimal(column.bytes(row));
            [
                &digits[..8],
                &digits[8..12],
                &digits[12..16],
                &digits[16..20],
                &digits[20..],
            ]
            .join("-")
        }
        DataType::Date32 => date(column.i32(row)),
        DataType::Time64 => {
            let mut bytes = Vec::new();
            write_time(column.i64(row), &mut bytes);
            text(&bytes)
        }
        DataType::Timestamp | DataType::TimestampUtc => {
            let value = column.i64(row);
            let infinite = value == i64::MAX || value == i64::MIN;
            let from_2000 = if infinite { value } else { value - 946_684_800_000_000 };
            let mut bytes = Vec::new();
            write_timestamp(from_2000, field.data_type == DataType::TimestampUtc, &mut bytes);
            text(&bytes)
        }
    })
}

fn float(value: f64, shortest: String) -> String {
    match value {
        _ if value.is_nan() => "NaN".into(),
        _ if value == f64::INFINITY => "Infinity".into(),
        _ if value == f64::NEG_INFINITY => "-Infinity".into(),
        _ => shortest,
    }
}

fn date(days: i32) -> String {
    match days {
        i32::MAX => "infinity".into(),
        i32::MIN => "-infinity".into(),
        _ => {
            let mut text = Vec::new();
            let era = write_day(days.into(), &mut text);
            text.extend_from_slice(era);
            String::from_utf8(text).unwrap()
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{:02x}", byte)).collect()
}

/// A decimal of Arrow, written with its scale.
fn decimal(bytes: &[u8], scale: i32) -> String {
    let digits = digits_of(bytes);
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits.to_owned()),
        None => ("", digits),
    };
    if scale <= 0 {
        let zeros = if digits == "0" { 0 } else { -scale as usize };
        return format!("{}{}{}", sign, digits, "0".repeat(zeros));
    }
    let scale = scale as usize;
    let digits = "0".repeat((scale + 1).saturating_sub(digits.len())) + &digits;
    let (integer, fraction) = digits.split_at(digits.len() - scale);
    format!("{}{}.{}", sign, integer, fraction)
}

/// The decimal digits of a little-endian number in two's complement, by repeated division.
pub fn digits_of(bytes: &[u8]) -> String {
    let mut bytes = bytes.to_vec();
    let negative = bytes[bytes.len() - 1] & 0x80 != 0;
    if negative {
        let mut carry = 1;
        for byte in &mut bytes {
            let sum = u16::from(!*byte) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
    }
    let mut digits = String::new();
    while bytes.iter().any(|byte| *byte != 0) {
        let mut remainder = 0;
        for byte in bytes.iter_mut().rev() {
            let value = remainder * 256 + u32::from(*byte);
            *byte = (value / 10) as u8;
            remainder = value % 10;
        }
        digits.insert(0, char::from(b'0' + remainder as u8));
    }
    match (digits.is_empty(), negative) {
        (true, _) => "0".into(),
        (false, true) => format!("-{}", digits),
        (false, false) => digits,
    }
}
