// SPDX-License-Identifier: Apache-2.0

//! One frame with the types of the ABI that golden_frame.rs has not: those with children, and those that came with them
//! (`testdata/golden-nested.arrows`). Hosts check their reading of nested frames with it.
//!
//! After a deliberate change of the writer: `RAPIDBYTE_WRITE_GOLDEN=1 cargo test -p rapidbyte-sdk --test golden_nested`.

mod support;

use rapidbyte_sdk::arrow::{DataType, Field, FrameReader, Schema};
use support::{Table, Value};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/golden-nested.arrows");

fn bytes(value: &[u8]) -> Option<Value> {
    Some(Value::Bytes(value.to_vec()))
}

fn int(value: i32) -> Option<Value> {
    bytes(&value.to_le_bytes())
}

fn table() -> Table {
    let number = || Field::new("", DataType::Int32, true);
    let pair = |name: &str| {
        let fields = vec![
            Field::new("a", DataType::Int32, true),
            Field::new("b", DataType::Utf8, true),
        ];
        Field::structure(name, fields, true)
    };
    let schema = Schema::new(vec![
        Field::new("u32", DataType::Uint32, true),
        Field::new("u64", DataType::Uint64, true),
        Field::new("interval", DataType::IntervalMonthDayNano, true),
        Field::list("list", number(), true),
        Field::list("lists", Field::list("", number(), true), true),
        pair("struct"),
        Field::list("structs", pair(""), true),
        Field::map("map", DataType::Utf8, DataType::Int32, true),
    ]);
    let items = |items: Vec<Option<Value>>| Some(Value::Items(items));
    let columns = vec![
        vec![bytes(&[0xff; 4]), None, bytes(&[1, 0, 0, 0])],
        vec![bytes(&[0xff; 8]), None, bytes(&[2, 0, 0, 0, 0, 0, 0, 0])],
        vec![bytes(&[3; 16]), None, bytes(&[0; 16])],
        vec![items(vec![int(1), None, int(-3)]), None, items(vec![])],
        vec![
            items(vec![items(vec![int(1)]), None, items(vec![])]),
            None,
            items(vec![items(vec![int(2), int(3)])]),
        ],
        vec![items(vec![int(1), bytes(b"x")]), None, items(vec![None, None])],
        vec![
            items(vec![items(vec![int(1), bytes(b"x")]), None]),
            None,
            items(vec![items(vec![None, bytes(b"")])]),
        ],
        vec![
            items(vec![items(vec![bytes(b"k"), int(1)]), items(vec![bytes(b"l"), None])]),
            None,
            items(vec![]),
        ],
    ];
    Table {
        schema,
        rows: 3,
        columns,
    }
}

#[test]
fn the_writer_writes_the_golden_frame() {
    let frame = table().to_frame();
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
    let golden = std::fs::read(PATH).unwrap();
    let mut reader = FrameReader::new();
    table().assert_equals(&reader.parse(&golden).unwrap());
}
