// SPDX-License-Identifier: Apache-2.0

//! Batches for tests: any schema with any values.

// Each test file uses its part of this one.
#![allow(dead_code)]

use proptest::prelude::*;
use proptest::sample::Index;
use rapidbyte_sdk::arrow::{Batch, Column, ColumnBuilder, DataType, Field, Layout, RecordBatchBuilder, Schema, Values};

/// A cell; `None` for null.
pub type Cell = Option<Value>;

/// The value of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Its bytes as they stand in a buffer, one byte for a boolean.
    Bytes(Vec<u8>),
    /// The values of a list or a map, or those of a struct's fields.
    Items(Vec<Cell>),
}

/// A schema and its rows, column by column.
#[derive(Clone, Debug)]
pub struct Table {
    pub schema: Schema,
    pub rows: usize,
    pub columns: Vec<Vec<Cell>>,
}

impl Table {
    pub fn to_frame(&self) -> Vec<u8> {
        let mut batch = RecordBatchBuilder::new(self.schema.clone());
        self.fill(&mut batch);
        let mut frame = Vec::new();
        batch.finish_into(&mut frame).unwrap();
        frame
    }

    pub fn fill(&self, batch: &mut RecordBatchBuilder) {
        for row in 0..self.rows {
            for (column, cells) in batch.columns.iter_mut().zip(&self.columns) {
                push(column, &cells[row]);
            }
            batch.end_row();
        }
    }

    pub fn assert_equals(&self, batch: &Batch<'_>) {
        assert_eq!(**batch.schema(), self.schema);
        assert_eq!(batch.rows(), self.rows);
        for (index, column) in batch.columns().iter().enumerate() {
            let name = &self.schema.fields[index].name;
            let cells: Vec<Cell> = (0..self.rows).map(|row| cell(column, row)).collect();
            assert_eq!(cells, self.columns[index], "column {} '{}'", index, name);
            let nulls = self.columns[index].iter().filter(|cell| cell.is_none()).count();
            assert_eq!(column.null_count(), nulls, "nulls of column {}", index);
        }
    }
}

pub fn push(column: &mut ColumnBuilder, cell: &Cell) {
    match (column, cell) {
        (column, None) => column.push_null(),
        (ColumnBuilder::Bool(column), Some(Value::Bytes(value))) => column.push(value[0] == 1),
        (ColumnBuilder::Fixed(column), Some(Value::Bytes(value))) => column.push_slice(value),
        (ColumnBuilder::Var(column), Some(Value::Bytes(value))) => column.push(value),
        (ColumnBuilder::List(column), Some(Value::Items(items))) => {
            items.iter().for_each(|item| push(column.values(), item));
            column.end_list();
        }
        (ColumnBuilder::Struct(column), Some(Value::Items(items))) => {
            let fields = column.fields().iter_mut().zip(items);
            fields.for_each(|(field, item)| push(field, item));
            column.end_struct();
        }
        _ => panic!("a cell of another type than its column"),
    }
}

/// Pushes a part of a value only, where it has parts.
pub fn push_half(column: &mut ColumnBuilder, cell: &Cell) {
    match (column, cell) {
        (ColumnBuilder::List(column), Some(Value::Items(items))) => {
            items.iter().for_each(|item| push(column.values(), item));
        }
        (ColumnBuilder::Struct(column), Some(Value::Items(items))) => {
            let half = (items.len() + 1) / 2;
            let fields = column.fields().iter_mut().zip(items).take(half);
            fields.for_each(|(field, item)| push(field, item));
        }
        (column, cell) => push(column, cell),
    }
}

pub fn cell(column: &Column<'_>, row: usize) -> Cell {
    if !column.is_valid(row) {
        return None;
    }
    Some(match column.values() {
        Values::Bool(_) => Value::Bytes(vec![u8::from(column.bool(row))]),
        Values::List { .. } => Value::Items(column.list(row).map(|row| cell(&column.children()[0], row)).collect()),
        Values::Struct => Value::Items(column.children().iter().map(|child| cell(child, row)).collect()),
        _ => Value::Bytes(column.bytes(row).to_vec()),
    })
}

fn size(cell: &Cell) -> usize {
    match cell {
        None => 0,
        Some(Value::Bytes(bytes)) => bytes.len(),
        Some(Value::Items(items)) => items.iter().map(size).sum(),
    }
}

/// Looks at every cell, as a connector would.
pub fn touch(batch: &Batch<'_>) -> usize {
    let column = |column: &Column<'_>| {
        let rows = (0..batch.rows()).map(|row| size(&cell(column, row))).sum::<usize>();
        rows + usize::from(column.is_utf8())
    };
    batch.columns().iter().map(column).sum()
}

pub fn data_type() -> impl Strategy<Value = DataType> {
    prop_oneof![
        Just(DataType::Bool),
        Just(DataType::Int16),
        Just(DataType::Int32),
        Just(DataType::Int64),
        Just(DataType::Float32),
        Just(DataType::Float64),
        (1u8..=38, -10i8..=38).prop_map(|(precision, scale)| DataType::Decimal128(precision, scale)),
        (1u8..=76, -10i8..=76).prop_map(|(precision, scale)| DataType::Decimal256(precision, scale)),
        Just(DataType::Utf8),
        Just(DataType::Binary),
        (0u32..40).prop_map(DataType::FixedSizeBinary),
        Just(DataType::Date32),
        Just(DataType::Time64),
        Just(DataType::Timestamp),
        Just(DataType::TimestampUtc),
        Just(DataType::Uint32),
        Just(DataType::Uint64),
        Just(DataType::IntervalMonthDayNano),
    ]
}

fn metadata() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec((".{0,20}", ".{0,40}"), 0..4)
}

fn field() -> impl Strategy<Value = Field> {
    let named = || (".{0,12}", any::<bool>(), metadata());
    let flat = (named(), data_type()).prop_map(|((name, nullable, metadata), data_type)| Field {
        metadata,
        ..Field::new(name, data_type, nullable)
    });
    flat.prop_recursive(3, 12, 3, move |inner| {
        prop_oneof![
            (named(), inner.clone()).prop_map(|((name, nullable, metadata), item)| Field {
                metadata,
                ..Field::new(name, DataType::List, nullable).with_children(vec![item])
            }),
            (named(), prop::collection::vec(inner, 0..4)).prop_map(|((name, nullable, metadata), fields)| Field {
                metadata,
                ..Field::structure(name, fields, nullable)
            }),
            (named(), data_type(), data_type()).prop_map(|((name, nullable, metadata), key, value)| Field {
                metadata,
                ..Field::map(name, key, value, nullable)
            }),
        ]
    })
}

pub fn schema() -> impl Strategy<Value = Schema> {
    (prop::collection::vec(field(), 0..8), metadata()).prop_map(|(fields, metadata)| Schema { fields, metadata })
}

fn value(field: &Field) -> BoxedStrategy<Value> {
    match field.data_type.layout() {
        Layout::Bool => (0u8..2).prop_map(|bit| Value::Bytes(vec![bit])).boxed(),
        Layout::Fixed(width) => prop::collection::vec(any::<u8>(), width).prop_map(Value::Bytes).boxed(),
        Layout::Var if field.data_type == DataType::Utf8 => {
            ".{0,20}".prop_map(|text| Value::Bytes(text.into_bytes())).boxed()
        }
        Layout::Var => prop::collection::vec(any::<u8>(), 0..20).prop_map(Value::Bytes).boxed(),
        Layout::List => prop::collection::vec(item(&field.children[0]), 0..4)
            .prop_map(Value::Items)
            .boxed(),
        Layout::Struct => field
            .children
            .iter()
            .map(item)
            .collect::<Vec<_>>()
            .prop_map(Value::Items)
            .boxed(),
    }
}

fn item(field: &Field) -> BoxedStrategy<Cell> {
    prop::option::weighted(0.8, value(field)).boxed()
}

/// Cells of which none, some or all are null.
fn cells(field: &Field, rows: usize) -> impl Strategy<Value = Vec<Cell>> {
    let null_percentage = prop_oneof![Just(0u8), Just(50), Just(100)];
    let with_chance = prop::collection::vec((0u8..100, value(field)), rows);
    (null_percentage, with_chance).prop_map(|(percentage, cells)| {
        cells
            .into_iter()
            .map(|(chance, value)| if chance < percentage { None } else { Some(value) })
            .collect()
    })
}

pub fn table() -> impl Strategy<Value = Table> {
    (schema(), 0usize..70).prop_flat_map(|(schema, rows)| {
        let columns: Vec<_> = schema.fields.iter().map(|field| cells(field, rows)).collect();
        columns.prop_map(move |columns| Table {
            schema: schema.clone(),
            rows,
            columns,
        })
    })
}

/// One change of a frame.
#[derive(Clone, Debug)]
pub enum Mutation {
    Set(Index, u8),
    Flip(Index, u8),
    /// Overwrites four aligned bytes, where offsets and lengths are.
    Number(Index, u32),
    Truncate(Index),
    Remove(Index, u8),
    Insert(Index, Vec<u8>),
    Copy(Index, Index, u8),
}

impl Mutation {
    pub fn apply(&self, frame: &mut Vec<u8>) {
        if frame.is_empty() {
            return;
        }
        let size = frame.len();
        match self {
            Mutation::Set(place, value) => frame[place.index(size)] = *value,
            Mutation::Flip(place, bit) => frame[place.index(size)] ^= 1 << (bit & 7),
            Mutation::Number(place, value) => {
                let place = place.index(size) & !3;
                let end = (place + 4).min(size);
                frame[place..end].copy_from_slice(&value.to_le_bytes()[..end - place]);
            }
            Mutation::Truncate(place) => frame.truncate(place.index(size)),
            Mutation::Remove(place, count) => {
                let place = place.index(size);
                frame.drain(place..(place + usize::from(*count)).min(size));
            }
            Mutation::Insert(place, bytes) => {
                let place = place.index(size);
                frame.splice(place..place, bytes.iter().copied());
            }
            Mutation::Copy(from, to, count) => {
                let (from, to) = (from.index(size), to.index(size));
                let count = usize::from(*count).min(size - from.max(to));
                frame.copy_within(from..from + count, to);
            }
        }
    }
}

pub fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<Index>;
    let number = prop_oneof![
        0u32..64,
        any::<u32>(),
        Just(u32::MAX),
        Just(i32::MAX as u32),
        Just(i32::MIN as u32),
        (0u32..64).prop_map(|distance| distance.wrapping_neg()),
    ];
    prop_oneof![
        2 => (place(), any::<u8>()).prop_map(|(place, value)| Mutation::Set(place, value)),
        2 => (place(), any::<u8>()).prop_map(|(place, bit)| Mutation::Flip(place, bit)),
        4 => (place(), number).prop_map(|(place, value)| Mutation::Number(place, value)),
        1 => place().prop_map(Mutation::Truncate),
        1 => (place(), any::<u8>()).prop_map(|(place, count)| Mutation::Remove(place, count)),
        1 => (place(), prop::collection::vec(any::<u8>(), 1..16)).prop_map(|(place, bytes)| Mutation::Insert(place, bytes)),
        1 => (place(), place(), any::<u8>()).prop_map(|(from, to, count)| Mutation::Copy(from, to, count)),
    ]
}
