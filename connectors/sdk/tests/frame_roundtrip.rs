// SPDX-License-Identifier: Apache-2.0

//! What is written into a frame is what is read from it.

mod support;

use proptest::prelude::*;
use rapidbyte_sdk::arrow::{
    schema_from_ipc, schema_to_ipc, ColumnBuilder, DataType, Field, FrameReader, RecordBatchBuilder, Schema, VarBuilder,
};
use std::rc::Rc;
use support::{push_half, schema, table, touch};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_table_survives(table in table()) {
        let frame = table.to_frame();
        let mut reader = FrameReader::new();
        let batch = reader.parse(&frame).unwrap();
        table.assert_equals(&batch);
        touch(&batch);
    }

    #[test]
    fn any_schema_survives(schema in schema()) {
        prop_assert_eq!(schema_from_ipc(&schema_to_ipc(&schema)).unwrap(), schema);
    }

    #[test]
    fn a_builder_and_a_reader_that_are_used_again_behave_like_new_ones(tables in prop::collection::vec(table(), 1..4)) {
        let mut reader = FrameReader::new();
        let mut frame = Vec::new();
        for table in tables {
            let mut batch = RecordBatchBuilder::new(table.schema.clone());
            for _ in 0..2 {
                table.fill(&mut batch);
                batch.finish_into(&mut frame).unwrap();
                table.assert_equals(&reader.parse(&frame).unwrap());
                batch.reset();
            }
            prop_assert_eq!(&frame, &table.to_frame());
        }
    }

    #[test]
    fn a_row_that_is_dropped_halfway_leaves_no_trace(table in table(), cut in any::<prop::sample::Index>()) {
        if table.columns.is_empty() || table.rows == 0 {
            return Ok(());
        }
        let mut batch = RecordBatchBuilder::new(table.schema.clone());
        table.fill(&mut batch);
        let filled = cut.index(table.columns.len() + 1);
        for (column, cells) in batch.columns.iter_mut().zip(&table.columns).take(filled) {
            push_half(column, &cells[0]);
        }
        batch.drop_incomplete_row();
        let mut frame = Vec::new();
        batch.finish_into(&mut frame).unwrap();
        prop_assert_eq!(frame, table.to_frame());
    }
}

fn one_column(data_type: DataType) -> RecordBatchBuilder {
    RecordBatchBuilder::new(Schema::new(vec![Field::new("c", data_type, true)]))
}

#[test]
fn frames_with_the_same_schema_share_it() {
    let mut batch = one_column(DataType::Int64);
    let mut frame = Vec::new();
    batch.finish_into(&mut frame).unwrap();
    let mut reader = FrameReader::new();
    let first = Rc::clone(reader.parse(&frame).unwrap().schema());
    assert!(Rc::ptr_eq(&first, reader.parse(&frame).unwrap().schema()));
    batch.replace_column(
        0,
        Field::new("c", DataType::Utf8, true),
        ColumnBuilder::new(DataType::Utf8),
    );
    batch.finish_into(&mut frame).unwrap();
    assert_eq!(
        reader.parse(&frame).unwrap().schema().fields[0].data_type,
        DataType::Utf8
    );
}

#[test]
fn a_column_can_become_text_in_the_middle_of_a_batch() {
    let mut batch = one_column(DataType::Decimal128(10, 2));
    if let ColumnBuilder::Fixed(column) = &mut batch.columns[0] {
        column.push_i128(125);
    }
    batch.end_row();
    let mut text = VarBuilder::default();
    text.push_str("1.25");
    text.push_str("NaN");
    batch.replace_column(0, Field::new("c", DataType::Utf8, true), ColumnBuilder::Var(text));
    batch.end_row();
    let mut frame = Vec::new();
    batch.finish_into(&mut frame).unwrap();
    let mut reader = FrameReader::new();
    let read = reader.parse(&frame).unwrap();
    assert_eq!(
        (read.columns()[0].bytes(0), read.columns()[0].bytes(1)),
        (&b"1.25"[..], &b"NaN"[..])
    );
    assert!(read.columns()[0].is_utf8());
}

#[test]
fn numbers_are_read_as_they_were_pushed() {
    let types = [
        DataType::Int16,
        DataType::Date32,
        DataType::TimestampUtc,
        DataType::Float32,
        DataType::Float64,
        DataType::Decimal128(38, 0),
        DataType::Decimal256(76, 0),
        DataType::FixedSizeBinary(16),
    ];
    let fields = types
        .iter()
        .map(|data_type| Field::new(data_type.to_string(), *data_type, false))
        .collect();
    let mut batch = RecordBatchBuilder::new(Schema::new(fields));
    for (index, column) in batch.columns.iter_mut().enumerate() {
        let column = match column {
            ColumnBuilder::Fixed(column) => column,
            other => panic!("{:?}", other),
        };
        match index {
            0 => column.push_i16(i16::MIN),
            1 => column.push_i32(-719_528),
            2 => column.push_i64(i64::MAX),
            3 => column.push_f32(f32::NEG_INFINITY),
            4 => column.push_f64(-0.0),
            5 => column.push_i128(-1),
            6 => column.push_array([7; 32]),
            _ => column.push_array([9; 16]),
        }
    }
    batch.end_row();
    let mut frame = Vec::new();
    batch.finish_into(&mut frame).unwrap();
    let mut reader = FrameReader::new();
    let read = reader.parse(&frame).unwrap();
    let columns = read.columns();
    assert_eq!(
        (columns[0].i16(0), columns[1].i32(0), columns[2].i64(0)),
        (i16::MIN, -719_528, i64::MAX)
    );
    assert_eq!(
        (columns[3].f32(0), columns[4].f64(0).to_bits()),
        (f32::NEG_INFINITY, (-0.0f64).to_bits())
    );
    assert_eq!(
        (columns[5].i128(0), columns[6].array(0), columns[7].array(0)),
        (-1, [7u8; 32], [9u8; 16])
    );
}

#[test]
fn a_batch_whose_columns_differ_in_length_is_not_written() {
    let mut batch = one_column(DataType::Bool);
    batch.end_row();
    let error = batch.finish_into(&mut Vec::new()).unwrap_err();
    assert!(
        error
            .message()
            .contains("column 'c' cannot be written: it has 0 rows in a batch of 1"),
        "{}",
        error
    );
}

#[test]
fn rows_pushed_in_bulk_are_rows() {
    let mut batch = one_column(DataType::Int32);
    if let ColumnBuilder::Fixed(column) = &mut batch.columns[0] {
        column.push_null();
        column.push_rows(3, &[1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]);
    }
    batch.end_rows(4);
    let mut frame = Vec::new();
    batch.finish_into(&mut frame).unwrap();
    let mut reader = FrameReader::new();
    let read = reader.parse(&frame).unwrap();
    let column = &read.columns()[0];
    assert_eq!(
        (0..4).map(|row| column.is_valid(row)).collect::<Vec<_>>(),
        [false, true, true, true]
    );
    assert_eq!((1..4).map(|row| column.i32(row)).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn text_that_is_cut_inside_of_a_character_is_not_utf8() {
    let mut batch = one_column(DataType::Utf8);
    if let ColumnBuilder::Var(column) = &mut batch.columns[0] {
        // Together they are a text, each alone is not.
        column.push(&[b'a', 0xC3]);
        column.push(&[0xA9, b'b']);
    }
    batch.end_rows(2);
    let mut frame = Vec::new();
    batch.finish_into(&mut frame).unwrap();
    assert!(!FrameReader::new().parse(&frame).unwrap().columns()[0].is_utf8());
}
