// SPDX-License-Identifier: Apache-2.0

//! Whatever the bytes of a frame are: the reader answers, and what it accepts can be looked at.

mod support;

use proptest::prelude::*;
use rapidbyte_sdk::arrow::{schema_from_ipc, FrameReader};
use rapidbyte_sdk::Category;
use support::{mutation, table, touch};

fn is_survived(reader: &mut FrameReader, frame: &[u8]) {
    match reader.parse(frame) {
        Ok(batch) => {
            touch(&batch);
        }
        Err(error) => assert_eq!(error.category(), Category::Frame, "{}", error),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_frames_are_survived(table in table(), mutations in prop::collection::vec(mutation(), 1..5)) {
        let mut reader = FrameReader::new();
        let mut frame = table.to_frame();
        // A reader that knows the schema must not be fooled into using it for another one.
        is_survived(&mut reader, &frame);
        for mutation in mutations {
            mutation.apply(&mut frame);
            is_survived(&mut reader, &frame);
            is_survived(&mut FrameReader::new(), &frame);
        }
        is_survived(&mut reader, &table.to_frame());
        table.assert_equals(&reader.parse(&table.to_frame()).unwrap());
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        is_survived(&mut FrameReader::new(), &bytes);
        let _ = schema_from_ipc(&bytes);
    }

    #[test]
    fn every_prefix_is_refused(table in table(), cut in any::<prop::sample::Index>()) {
        let frame = table.to_frame();
        let error = FrameReader::new().parse(&frame[..cut.index(frame.len())]).unwrap_err();
        prop_assert_eq!(error.category(), Category::Frame);
    }
}

/// Replaces the only occurrence of `old`.
fn replaced(frame: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let places: Vec<_> = (0..=frame.len() - old.len())
        .filter(|place| frame[*place..].starts_with(old))
        .collect();
    assert_eq!(places.len(), 1, "{:?} is in the frame {} times", old, places.len());
    let mut changed = frame.to_vec();
    changed[places[0]..places[0] + new.len()].copy_from_slice(new);
    changed
}

fn pair(first: i64, second: i64) -> Vec<u8> {
    [first.to_le_bytes(), second.to_le_bytes()].concat()
}

fn frame_of_texts() -> Vec<u8> {
    use rapidbyte_sdk::arrow::{ColumnBuilder, DataType, Field, RecordBatchBuilder, Schema};
    let mut batch = RecordBatchBuilder::new(Schema::new(vec![Field::new("text", DataType::Utf8, true)]));
    if let ColumnBuilder::Var(column) = &mut batch.columns[0] {
        column.push_null();
        (0..4).for_each(|_| column.push(&[0xAB; 1000]));
    }
    batch.end_rows(5);
    let mut frame = Vec::new();
    batch.finish_into(&mut frame).unwrap();
    frame
}

fn reason(frame: &[u8]) -> String {
    FrameReader::new().parse(frame).unwrap_err().message().to_string()
}

#[test]
fn lies_about_a_column_are_told_by_its_name() {
    let frame = frame_of_texts();
    let node = pair(5, 1);
    let cases = [
        (
            replaced(&frame, &node, &pair(6, 1)),
            "column 'text': its number of rows is not the batch's",
        ),
        (
            replaced(&frame, &node, &pair(5, 2)),
            "column 'text': its null count is not that of its validity bitmap",
        ),
        (
            replaced(&frame, &node, &pair(5, -1)),
            "column 'text': its null count is impossible",
        ),
        (
            replaced(&frame, &pair(8, 24), &pair(8, 20)),
            "column 'text': a buffer is shorter than its rows need",
        ),
        (
            replaced(&frame, &pair(8, 24), &pair(4, 24)),
            "column 'text': a buffer is not aligned to 8 bytes",
        ),
        (
            replaced(&frame, &pair(8, 24), &pair(8, 1 << 40)),
            "column 'text': a buffer lies outside of the body",
        ),
        (
            replaced(&frame, &pair(8, 24), &pair(-8, 24)),
            "column 'text': a buffer lies outside of the body",
        ),
        (
            replaced(&frame, &pair(32, 4000), &pair(32, 3999)),
            "column 'text': its offsets do not ascend, or lead outside of its data",
        ),
        (
            replaced(&frame, &2000i32.to_le_bytes(), &(-1i32).to_le_bytes()),
            "column 'text': its offsets do not ascend, or lead outside of its data",
        ),
    ];
    for (changed, expected) in cases {
        assert_eq!(reason(&changed), format!("a batch is no Arrow frame: {}", expected));
    }
}

#[test]
fn a_frame_that_goes_on_after_its_end_is_refused() {
    let mut frame = frame_of_texts();
    frame.extend_from_slice(&[0; 8]);
    assert!(reason(&frame).contains("not followed by the end of the stream"));
}

#[test]
fn a_second_record_batch_is_refused() {
    let mut frame = frame_of_texts();
    let schema_size = 8 + u32::from_le_bytes([frame[4], frame[5], frame[6], frame[7]]) as usize;
    let batch = frame[schema_size..frame.len() - 8].to_vec();
    let end = frame.len() - 8;
    frame.splice(end..end, batch);
    assert!(reason(&frame).contains("not followed by the end of the stream"));
}
