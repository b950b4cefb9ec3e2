// SPDX-License-Identifier: Apache-2.0

//! One frame with every type of the ABI that has no children, which other implementations of Arrow open in their own tests (`testdata/golden-frame.arrows`).
//!
//! After a deliberate change of the writer: `RAPIDBYTE_WRITE_GOLDEN=1 cargo test -p rapidbyte-sdk --test golden_frame`.

mod support;

use rapidbyte_sdk::arrow::{metadata, Column, ColumnBuilder, DataType, Field, FrameReader, RecordBatchBuilder, Schema};
use support::cell;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/golden-frame.arrows");

/// The types of docs/abi.md, section 7.3, in its order; names are the types as the document writes them.
fn schema() -> Schema {
    let field = |data_type: DataType, native_type: &str| {
        Field::new(data_type.to_string(), data_type, true).with_metadata(metadata::NATIVE_TYPE, native_type)
    };
    Schema::new(vec![
        field(DataType::Bool, "boolean"),
        field(DataType::Int16, "smallint"),
        field(DataType::Int32, "integer"),
        Field::new(DataType::Int64.to_string(), DataType::Int64, false).with_metadata(metadata::NATIVE_TYPE, "bigint"),
        field(DataType::Float32, "real"),
        field(DataType::Float64, "double precision"),
        field(DataType::Decimal128(10, 2), "numeric(10,2)"),
        field(DataType::Decimal256(50, 3), "numeric(50,3)"),
        field(DataType::Utf8, "text"),
        field(DataType::Binary, "bytea"),
        field(DataType::FixedSizeBinary(16), "uuid").with_metadata(metadata::EXTENSION_NAME, metadata::EXTENSION_UUID),
        field(DataType::Date32, "date"),
        field(DataType::Time64, "time without time zone"),
        field(DataType::Timestamp, "timestamp without time zone"),
        field(DataType::TimestampUtc, "timestamp with time zone"),
    ])
    .with_metadata(metadata::STREAM, "golden")
    .with_metadata(metadata::NAMESPACE, "public")
    .with_metadata(metadata::TABLE, "t\u{e4}ble")
    .with_metadata(metadata::PRIMARY_KEY, r#"["int64"]"#)
}

const ROWS: usize = 11;

/// Row `n` holds values made of `n`; every third one is null but in `int64`.
fn frame() -> Vec<u8> {
    let mut batch = RecordBatchBuilder::new(schema());
    for row in 0..ROWS {
        for (index, column) in batch.columns.iter_mut().enumerate() {
            if row % 3 == 2 && index != 3 {
                column.push_null();
            } else {
                push(column, index, row);
            }
        }
        batch.end_row();
    }
    let mut frame = Vec::new();
    batch.finish_into(&mut frame).unwrap();
    frame
}

fn push(column: &mut ColumnBuilder, index: usize, row: usize) {
    let number = row as i64;
    match (column, index) {
        (ColumnBuilder::Bool(column), _) => column.push(row % 2 == 1),
        (ColumnBuilder::Fixed(column), 1) => column.push_i16(i16::MIN + row as i16),
        (ColumnBuilder::Fixed(column), 2 | 11) => column.push_i32(-(row as i32) * 1000),
        (ColumnBuilder::Fixed(column), 3) => column.push_i64(i64::MAX - number),
        (ColumnBuilder::Fixed(column), 4) => column.push_f32(row as f32 / 4.0),
        (ColumnBuilder::Fixed(column), 5) => column.push_f64(-number as f64 / 8.0),
        (ColumnBuilder::Fixed(column), 6) => column.push_i128(-125 * number as i128),
        (ColumnBuilder::Fixed(column), 7) => column.push_array(sign_extended(-7 * number as i128)),
        (ColumnBuilder::Fixed(column), 10) => column.push_array([row as u8; 16]),
        (ColumnBuilder::Fixed(column), 12) => column.push_i64(number * 3_600_000_000),
        (ColumnBuilder::Fixed(column), _) => column.push_i64(number * 86_400_000_000 - 1),
        (ColumnBuilder::Var(column), 8) => column.push_str(&"\u{1F980}r\u{e9}\t".repeat(row)),
        (ColumnBuilder::Var(column), _) => column.push(&vec![row as u8; row]),
        (ColumnBuilder::List(_) | ColumnBuilder::Struct(_), _) => panic!("no type of the golden frame has children"),
    }
}

fn sign_extended(value: i128) -> [u8; 32] {
    let mut bytes = [if value < 0 { 0xFF } else { 0 }; 32];
    bytes[..16].copy_from_slice(&value.to_le_bytes());
    bytes
}

#[test]
fn the_writer_writes_the_golden_frame() {
    let frame = frame();
    if std::env::var_os("RAPIDBYTE_WRITE_GOLDEN").is_some() {
        std::fs::write(PATH, &frame).unwrap();
    }
    let golden = std::fs::read(PATH).unwrap();
    assert!(
        frame == golden,
        "the writer's output has changed: is that intended, and do other readers still open it?"
    );
}

#[test]
fn the_reader_reads_the_golden_frame() {
    assert_is_golden(&std::fs::read(PATH).unwrap());
}

/// Arrow Java lays out and pads differently, writes bitmaps of columns without nulls, and orders metadata as it likes.
#[test]
fn the_reader_reads_the_golden_frame_as_arrow_java_writes_it() {
    assert_is_golden(include_bytes!("../testdata/golden-frame-by-arrow-java.arrows"));
}

fn assert_is_golden(written: &[u8]) {
    let ours = frame();
    let (mut reader, mut other_reader) = (FrameReader::new(), FrameReader::new());
    let (expected, batch) = (reader.parse(&ours).unwrap(), other_reader.parse(written).unwrap());
    assert_eq!(sorted(batch.schema()), sorted(&schema()));
    assert_eq!(batch.rows(), ROWS);
    for (column, expected) in batch.columns().iter().zip(expected.columns()) {
        let cells = |column: &Column<'_>| (0..ROWS).map(|row| cell(column, row)).collect::<Vec<_>>();
        assert_eq!(cells(column), cells(expected), "{}", column.data_type());
        assert_eq!(column.null_count(), expected.null_count());
    }
    assert_eq!(batch.columns()[3].i64(10), i64::MAX - 10);
    assert_eq!(batch.columns()[8].bytes(1), "\u{1F980}r\u{e9}\t".as_bytes());
    assert!(batch.columns()[8].is_utf8() && !batch.columns()[8].is_valid(2));
}

/// The schema with its metadata in the order of their keys.
fn sorted(schema: &Schema) -> Schema {
    let mut sorted = schema.clone();
    sorted.metadata.sort();
    sorted.fields.iter_mut().for_each(|field| field.metadata.sort());
    sorted
}
