// SPDX-License-Identifier: Apache-2.0

//! Arrow values as JSON: what is written of a composite type that the destination does not have.
//!
//! Numbers keep all of their digits. What JSON has no literal for, such as dates, bytes and NaN, is a string.

use std::io::Write;

use rapidbyte_sdk::arrow::{metadata, Column, DataType, Field};
use rapidbyte_sdk::postgres::{write_day, write_time, write_timestamp, DAYS_BETWEEN_EPOCHS, MICROSECONDS_PER_DAY};

/// Appends the JSON text of a row's value.
#[inline(never)]
pub fn write(field: &Field, column: &Column<'_>, row: usize, out: &mut Vec<u8>) {
    if !column.is_valid(row) {
        out.extend_from_slice(b"null");
        return;
    }
    match field.data_type {
        DataType::List => {
            out.push(b'[');
            for (position, element) in column.list(row).enumerate() {
                separate(position, out);
                write(&field.children[0], &column.children()[0], element, out);
            }
            out.push(b']');
        }
        DataType::Struct => {
            out.push(b'{');
            for (position, (child, values)) in field.children.iter().zip(column.children()).enumerate() {
                separate(position, out);
                write_string(child.name.as_bytes(), out);
                out.push(b':');
                write(child, values, row, out);
            }
            out.push(b'}');
        }
        DataType::Map => write_map(field, column, row, out),
        _ => write_scalar(field, column, row, out),
    }
}

fn separate(position: usize, out: &mut Vec<u8>) {
    if position > 0 {
        out.push(b',');
    }
}

#[inline(never)]
fn write_map(field: &Field, column: &Column<'_>, row: usize, out: &mut Vec<u8>) {
    let (entries, fields) = (&column.children()[0], &field.children[0].children);
    out.push(b'{');
    for (position, pair) in column.list(row).enumerate() {
        separate(position, out);
        let mut key = Vec::new();
        write(&fields[0], &entries.children()[0], pair, &mut key);
        // The name of a member is a string whatever the key is.
        if key.first() == Some(&b'"') {
            out.extend_from_slice(&key);
        } else {
            write_string(&key, out);
        }
        out.push(b':');
        write(&fields[1], &entries.children()[1], pair, out);
    }
    out.push(b'}');
}

#[inline(never)]
fn write_scalar(field: &Field, column: &Column<'_>, row: usize, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = match field.data_type {
        DataType::Bool => write!(out, "{}", column.bool(row)),
        DataType::Int16 => write!(out, "{}", column.i16(row)),
        DataType::Int32 => write!(out, "{}", column.i32(row)),
        DataType::Int64 => write!(out, "{}", column.i64(row)),
        DataType::Uint32 => write!(out, "{}", column.i32(row) as u32),
        DataType::Uint64 => write!(out, "{}", column.i64(row) as u64),
        DataType::Float32 if column.f32(row).is_finite() => write!(out, "{}", column.f32(row)),
        DataType::Float64 if column.f64(row).is_finite() => write!(out, "{}", column.f64(row)),
        DataType::Float32 => write!(out, "\"{}\"", special(column.f32(row).into())),
        DataType::Float64 => write!(out, "\"{}\"", special(column.f64(row))),
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => {
            write_decimal(column.bytes(row), scale.into(), out);
            Ok(())
        }
        DataType::Utf8 => {
            if field.metadata(metadata::EXTENSION_NAME) == Some(metadata::EXTENSION_JSON) {
                out.extend_from_slice(column.bytes(row));
            } else {
                write_string(column.bytes(row), out);
            }
            Ok(())
        }
        DataType::Binary | DataType::FixedSizeBinary(_) => {
            write_binary(field, column.bytes(row), out);
            Ok(())
        }
        _ => {
            write_moment(field.data_type, column, row, out);
            Ok(())
        }
    };
}

fn special(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

#[inline(never)]
fn write_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            0..=0x1f => {
                let _ = write!(out, "\\u{:04x}", byte);
            }
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}

/// Bytes as Postgres shows them, and the canonical form of a UUID.
#[inline(never)]
fn write_binary(field: &Field, bytes: &[u8], out: &mut Vec<u8>) {
    let is_uuid = field.metadata(metadata::EXTENSION_NAME) == Some(metadata::EXTENSION_UUID);
    out.extend_from_slice(if is_uuid { b"\"" } else { b"\"\\\\x" });
    for (position, byte) in bytes.iter().enumerate() {
        if is_uuid && matches!(position, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        let _ = write!(out, "{:02x}", byte);
    }
    out.push(b'"');
}

/// Dates, times and intervals.
#[inline(never)]
fn write_moment(data_type: DataType, column: &Column<'_>, row: usize, out: &mut Vec<u8>) {
    out.push(b'"');
    match data_type {
        DataType::Date32 => match column.i32(row) {
            i32::MAX => out.extend_from_slice(b"infinity"),
            i32::MIN => out.extend_from_slice(b"-infinity"),
            days => {
                let era = write_day(days.into(), out);
                out.extend_from_slice(era);
            }
        },
        DataType::Time64 => write_time(column.i64(row), out),
        DataType::IntervalMonthDayNano => {
            let value = column.i128(row);
            let (months, days, nanoseconds) = (value as i32, (value >> 32) as i32, (value >> 64) as i64);
            let sign = if nanoseconds < 0 { "-" } else { "" };
            let magnitude = nanoseconds.unsigned_abs();
            let _ = write!(
                out,
                "P{}M{}DT{}{}.{:09}S",
                months,
                days,
                sign,
                magnitude / 1_000_000_000,
                magnitude % 1_000_000_000
            );
        }
        _ => {
            let instant = column.i64(row);
            let from_2000 = match instant {
                i64::MIN | i64::MAX => instant,
                _ => instant.saturating_sub(i64::from(DAYS_BETWEEN_EPOCHS) * MICROSECONDS_PER_DAY),
            };
            write_timestamp(from_2000, data_type == DataType::TimestampUtc, out);
        }
    }
    out.push(b'"');
}

/// A little-endian integer of any width, with so many of its places behind the point.
#[inline(never)]
fn write_decimal(bytes: &[u8], scale: i32, out: &mut Vec<u8>) {
    let negative = bytes.last().map_or(false, |last| last & 0x80 != 0);
    let mut magnitude = bytes.to_vec();
    if negative {
        let mut carry = true;
        for byte in &mut magnitude {
            let (inverted, overflow) = (!*byte).overflowing_add(carry.into());
            *byte = inverted;
            carry = overflow;
        }
        out.push(b'-');
    }
    // The lowest digit first.
    let mut digits = Vec::new();
    while magnitude.iter().any(|byte| *byte != 0) {
        let mut remainder = 0u32;
        for byte in magnitude.iter_mut().rev() {
            let value = remainder << 8 | u32::from(*byte);
            *byte = (value / 10) as u8;
            remainder = value % 10;
        }
        digits.push(b'0' + remainder as u8);
    }
    let places = scale.max(0) as usize;
    digits.resize(digits.len().max(places + 1), b'0');
    for (position, digit) in digits.iter().enumerate().rev() {
        out.push(*digit);
        if position == places && places > 0 {
            out.push(b'.');
        }
    }
    if digits != [b'0'] {
        out.resize(out.len() + (-scale).max(0) as usize, b'0');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapidbyte_sdk::arrow::{ColumnBuilder, FrameReader, RecordBatchBuilder, Schema};

    fn written(field: Field, push: impl FnOnce(&mut ColumnBuilder)) -> String {
        let mut batch = RecordBatchBuilder::new(Schema::new(vec![field.clone()]));
        push(&mut batch.columns[0]);
        batch.end_row();
        let mut frame = Vec::new();
        batch.finish_into(&mut frame).unwrap();
        let mut reader = FrameReader::new();
        let batch = reader.parse(&frame).unwrap();
        let mut out = Vec::new();
        write(&field, &batch.columns()[0], 0, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn scalar(data_type: DataType, bytes: &[u8]) -> String {
        written(Field::new("c", data_type, true), |column| match column {
            ColumnBuilder::Fixed(column) => column.push_slice(bytes),
            ColumnBuilder::Var(column) => column.push(bytes),
            _ => panic!("no scalar"),
        })
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(scalar(DataType::Int64, &i64::MIN.to_le_bytes()), "-9223372036854775808");
        assert_eq!(scalar(DataType::Uint64, &[0xff; 8]), "18446744073709551615");
        assert_eq!(scalar(DataType::Float64, &0.1f64.to_le_bytes()), "0.1");
        assert_eq!(scalar(DataType::Float64, &f64::NAN.to_le_bytes()), "\"NaN\"");
        let decimal = |value: i128, scale| scalar(DataType::Decimal128(38, scale), &value.to_le_bytes());
        assert_eq!(decimal(-125, 2), "-1.25");
        assert_eq!(decimal(5, 3), "0.005");
        assert_eq!(decimal(0, 2), "0.00");
        assert_eq!(decimal(0, -2), "0");
        assert_eq!(decimal(-7, -2), "-700");
        assert_eq!(decimal(i128::MIN, 0), i128::MIN.to_string());
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(
            scalar(DataType::Utf8, "\"a\\\n\u{e4}".as_bytes()),
            "\"\\\"a\\\\\\u000a\u{e4}\""
        );
        assert_eq!(scalar(DataType::Binary, &[0, 255]), "\"\\\\x00ff\"");
    }

    #[test]
    fn moments_are_strings() {
        assert_eq!(scalar(DataType::Date32, &0i32.to_le_bytes()), "\"1970-01-01\"");
        assert_eq!(
            scalar(DataType::TimestampUtc, &0i64.to_le_bytes()),
            "\"1970-01-01 00:00:00+00\""
        );
        let interval = (-1_500_000_000i64 as u64 as u128) << 64 | 2 << 32 | 14;
        assert_eq!(
            scalar(DataType::IntervalMonthDayNano, &interval.to_le_bytes()),
            "\"P14M2DT-1.500000000S\""
        );
    }

    #[test]
    fn structs_lists_and_maps_are_objects_and_arrays() {
        let item = Field::new("", DataType::Int32, true);
        let fields = vec![Field::list("a", item, true), Field::new("\"", DataType::Utf8, true)];
        let json = written(Field::structure("c", fields, true), |column| {
            if let ColumnBuilder::Struct(column) = column {
                match column.fields() {
                    [ColumnBuilder::List(list), text] => {
                        if let ColumnBuilder::Fixed(values) = list.values() {
                            values.push_i32(1);
                            values.push_null();
                        }
                        list.end_list();
                        text.push_null();
                    }
                    _ => panic!("other fields"),
                }
                column.end_struct();
            }
        });
        assert_eq!(json, "{\"a\":[1,null],\"\\\"\":null}");
    }
}
