// SPDX-License-Identifier: Apache-2.0

//! What the tests share: servers that play recorded answers, and batches turned back into what Postgres would show.

use std::io::{self, Read, Write};
use std::time::Duration;

use rapidbyte_sdk::abi::{set_host, Host, StandInHost};
use rapidbyte_sdk::arrow::{metadata, Batch, Column, DataType, Field, FrameReader};
use rapidbyte_sdk::postgres::{Config, Connection, Transport};
use rapidbyte_sdk::tcp::TlsOptions;
use rapidbyte_sdk::{Limits, Result};
use serde_json::json;

use crate::batch::BatchWriter;
use crate::column_type::ColumnType;
use crate::decode::{write_day, write_time, write_timestamp};
use crate::read::{copy_unit, Clock};
use crate::read_plan::{PlannedColumn, ReadPlan, Units};

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
        DataType::Uint32 => (column.i32(row) as u32).to_string(),
        DataType::Uint64 => (column.i64(row) as u64).to_string(),
        DataType::IntervalMonthDayNano => {
            let value = column.i128(row);
            format!(
                "{} months {} days {} ns",
                value as i32,
                (value >> 32) as i32,
                (value >> 64) as i64
            )
        }
        DataType::List | DataType::Map => {
            let (child, item) = (&column.children()[0], &field.children[0]);
            let items = column.list(row).map(|row| shown_part(child, item, row));
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
        DataType::Struct => {
            let parts = column.children().iter().zip(&field.children);
            let parts = parts.map(|(child, field)| format!("{}={}", field.name, shown_part(child, field, row)));
            format!("<{}>", parts.collect::<Vec<_>>().join(","))
        }
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

fn shown_part(column: &Column<'_>, field: &Field, row: usize) -> String {
    value_of(column, field, row).unwrap_or_else(|| "NULL".into())
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

/// A message of the server.
pub fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![tag];
    message.extend((body.len() as u32 + 4).to_be_bytes());
    message.extend(body);
    message
}

/// The messages of a COPY of these rows, one for each row, as the server sends them.
pub fn copy_of(rows: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut header = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    let mut messages = message(b'H', &[1, 0, 0]);
    for row in rows {
        header.extend(row);
        messages.extend(message(b'd', &header));
        header.clear();
    }
    header.extend([0xff, 0xff]);
    messages.extend(message(b'd', &header));
    messages.extend(message(b'c', b""));
    messages.extend(message(b'C', b"COPY 0\0"));
    messages.extend(message(b'Z', b"I"));
    messages
}

/// A server whose whole answer is in memory.
pub struct Recorded {
    bytes: Vec<u8>,
    position: usize,
}

/// What a socket of one machine gives at once.
const LARGEST_READ: usize = 64 * 1024;

impl Read for Recorded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(LARGEST_READ).min(self.bytes.len() - self.position);
        buffer[..count].copy_from_slice(&self.bytes[self.position..self.position + count]);
        self.position += count;
        Ok(count)
    }
}

impl Write for Recorded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Recorded {
    fn start_tls(&mut self, _options: &TlsOptions) -> Result<()> {
        Ok(())
    }

    fn channel_binding(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn set_read_timeout(&mut self, _timeout: Option<Duration>) -> Result<()> {
        Ok(())
    }
}

/// A connection to a server of this encoding that asks for no password and then answers with `answer`.
pub fn connected(answer: Vec<u8>, server_encoding: &str) -> Connection<Recorded> {
    let ready = message(b'Z', b"I");
    let mut bytes = message(b'R', &[0; 4]);
    bytes.extend(message(b'S', b"server_version\x0015.3\0"));
    bytes.extend(message(
        b'S',
        format!("server_encoding\0{}\0", server_encoding).as_bytes(),
    ));
    bytes.extend(&ready);
    // The answers to the settings that the client makes.
    for _ in 0..2 {
        bytes.extend(message(b'C', b"SET\0"));
        bytes.extend(&ready);
    }
    bytes.extend(answer);
    let config = json!({"host": "h", "user": "u", "database": "d", "sslmode": "disable"});
    let config = Config::from_json(config.as_object().unwrap(), "test").unwrap();
    let mut recorded = Some(Recorded { bytes, position: 0 });
    Connection::connect(&config, |_| Ok(recorded.take().unwrap())).unwrap()
}

/// The plan of a table whose columns have these types.
pub fn plan_of(types: &[ColumnType]) -> ReadPlan {
    let column = |(number, column_type): (usize, &ColumnType)| PlannedColumn {
        name: format!("c{}", number),
        column_type: column_type.clone(),
        native_type: "native".into(),
        nullable: true,
    };
    ReadPlan {
        namespace: "public".into(),
        table: "t".into(),
        columns: types.iter().enumerate().map(column).collect(),
        types: String::new(),
        primary_key: Vec::new(),
        units: Units::Whole,
        storage: String::new(),
        max_records: None,
    }
}

/// A row of these values in the binary format.
pub fn row_of_values(values: &[Option<Vec<u8>>]) -> Vec<u8> {
    let mut row = (values.len() as u16).to_be_bytes().to_vec();
    for value in values {
        match value {
            Some(value) => {
                row.extend((value.len() as i32).to_be_bytes());
                row.extend(value);
            }
            None => row.extend((-1i32).to_be_bytes()),
        }
    }
    row
}

/// The frames that a table of these types with these rows is read as.
pub fn frames_of(
    types: &[ColumnType],
    rows: impl IntoIterator<Item = Vec<u8>>,
    server_encoding: &str,
    max_batch_bytes: u64,
) -> Result<Vec<Vec<u8>>> {
    let limits = Limits {
        max_batch_bytes,
        max_record_bytes: 1 << 20,
        ..Limits::default()
    };
    frames_within(types, rows, server_encoding, &limits)
}

/// The same with other limits.
pub fn frames_within(
    types: &[ColumnType],
    rows: impl IntoIterator<Item = Vec<u8>>,
    server_encoding: &str,
    limits: &Limits,
) -> Result<Vec<Vec<u8>>> {
    let mut host = StandInHost::default();
    host.claim(0);
    let recording = host.recording();
    set_host(host);
    let plan = plan_of(types);
    let trusted_text = server_encoding != "SQL_ASCII";
    let mut writer = BatchWriter::new(&plan, "t", trusted_text, limits)?;
    let mut connection = connected(copy_of(rows), server_encoding);
    copy_unit(&mut connection, &plan, 0, &mut writer, &mut Clock::default())?;
    let frames = recording
        .borrow_mut()
        .emitted
        .drain(..)
        .map(|(_, frame)| frame)
        .collect();
    Ok(frames)
}
