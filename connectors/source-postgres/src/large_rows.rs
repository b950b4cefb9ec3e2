// SPDX-License-Identifier: Apache-2.0

//! Rows above `max_record_bytes`: what becomes of them, and what is told of them.

use rapidbyte_sdk::{abi, warn, Error, Limits, RecordPolicy, Result, Scope};
use serde_json::{Map, Value};

use crate::column_type::ColumnType;
use crate::decode::write_value;
use crate::read_plan::{PlannedColumn, ReadPlan};

/// Postgres sends no larger message, and a limit this low leaves room to calculate with.
const LONGEST_ROW: u64 = 1 << 30;

/// A value of the key is kept while its row passes by when it has at most so many bytes.
const LONGEST_KEY_VALUE: usize = 4096;

/// The rows of a stream that are above the limit, as the policy has it.
pub struct LargeRows {
    stream: String,
    limit: usize,
    policy: RecordPolicy,
    /// The columns of the primary key and their positions in a row, ascending.
    key: Vec<(usize, PlannedColumn)>,
    unit: u64,
    /// How many there were.
    count: u64,
    largest: usize,
}

impl LargeRows {
    #[inline(never)]
    pub fn new(plan: &ReadPlan, stream: &str, limits: &Limits) -> LargeRows {
        let columns = plan.columns.iter().enumerate();
        LargeRows {
            stream: stream.to_owned(),
            limit: longest_row(limits),
            policy: limits.large_records,
            key: columns
                .filter(|(_, column)| plan.primary_key.contains(&column.name))
                .map(|(position, column)| (position, column.clone()))
                .collect(),
            unit: 0,
            count: 0,
            largest: 0,
        }
    }

    /// The most bytes that a row may have.
    pub fn limit(&self) -> usize {
        self.limit
    }

    pub fn begin_unit(&mut self, unit: u64) {
        self.unit = unit;
    }

    /// What looks at a row of which only pieces are here; `front`: the bytes that come before it.
    pub fn passing(&self, front: usize) -> PassingRow {
        PassingRow::new(front, self.key.iter().map(|(position, _)| *position).collect())
    }

    /// Leaves a row of so many bytes out, or fails because of it. `value` has the values of the key as far as they are known.
    #[cold]
    #[inline(never)]
    pub fn refuse<'v>(&mut self, bytes: usize, value: impl Fn(usize) -> Option<&'v [u8]>) -> Result<()> {
        let error = Error::data(
            "record_too_large",
            format!("a row takes {} bytes, and max_record_bytes is {}", bytes, self.limit),
        )
        .hint("raise max_record_bytes, leave the large column out of the stream's columns, or have such rows skipped")
        .scope(Scope::Record)
        .detail("bytes", bytes as u64)
        .detail("max_record_bytes", self.limit as u64)
        .detail("unit", self.unit);
        match self.policy {
            RecordPolicy::Fail => return Err(error),
            RecordPolicy::Skip => {}
            RecordPolicy::Dlq => {
                let mut record = Map::new();
                for (position, column) in &self.key {
                    if let Some(shown) = value(*position).and_then(|value| shown(&column.column_type, value)) {
                        record.insert(column.name.clone(), shown);
                    }
                }
                abi::emit_dlq(&self.stream, &Value::Object(record), &error)?;
            }
        }
        self.count += 1;
        self.largest = self.largest.max(bytes);
        Ok(())
    }

    /// Reports what was left out.
    #[inline(never)]
    pub fn report(&self) -> Result<()> {
        if self.count == 0 {
            return Ok(());
        }
        warn!(
            "stream '{}': {} of its rows were left out because they are above max_record_bytes ({}); the largest has {} bytes",
            self.stream,
            self.count,
            self.limit,
            self.largest
        );
        abi::add_to_counter("source_large_records", self.count as i64)
    }
}

/// The most bytes that a row may have.
pub fn longest_row(limits: &Limits) -> usize {
    limits.max_record_bytes.min(LONGEST_ROW) as usize
}

/// A value of a key in JSON; `None` when it is not one of the type.
fn shown(column_type: &ColumnType, value: &[u8]) -> Option<Value> {
    Some(match column_type {
        ColumnType::Bool => Value::from(value != [0]),
        ColumnType::Int2 => i16::from_be_bytes(value.try_into().ok()?).into(),
        ColumnType::Int4 => i32::from_be_bytes(value.try_into().ok()?).into(),
        ColumnType::Int8 => i64::from_be_bytes(value.try_into().ok()?).into(),
        other => {
            let mut text = Vec::new();
            write_value(other, value, &mut text)?;
            String::from_utf8_lossy(&text).into_owned().into()
        }
    })
}

/// Takes a row apart of which only pieces are here at a time, and keeps the few values that are asked for.
pub struct PassingRow {
    /// The bytes before the row.
    front: Vec<u8>,
    front_size: usize,
    wanted: Vec<usize>,
    kept: Vec<(usize, Vec<u8>)>,
    /// The bytes of the number that is being read: the count of fields, then the length of each.
    number: Vec<u8>,
    in_count: bool,
    column: usize,
    /// What is left of the value at hand.
    left: usize,
}

impl PassingRow {
    fn new(front_size: usize, wanted: Vec<usize>) -> PassingRow {
        PassingRow {
            front: Vec::new(),
            front_size,
            wanted,
            kept: Vec::new(),
            number: Vec::new(),
            in_count: true,
            column: 0,
            left: 0,
        }
    }

    /// Looks at the next piece.
    pub fn look_at(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            let taken = if self.front.len() < self.front_size {
                let taken = piece.len().min(self.front_size - self.front.len());
                self.front.extend_from_slice(&piece[..taken]);
                taken
            } else if self.left > 0 {
                self.take_value(piece)
            } else {
                self.take_number(piece)
            };
            piece = &piece[taken..];
        }
    }

    fn take_value(&mut self, piece: &[u8]) -> usize {
        let taken = piece.len().min(self.left);
        if let Some((column, value)) = self.kept.last_mut() {
            if *column == self.column {
                value.extend_from_slice(&piece[..taken]);
            }
        }
        self.left -= taken;
        if self.left == 0 {
            self.column += 1;
        }
        taken
    }

    fn take_number(&mut self, piece: &[u8]) -> usize {
        let size = if self.in_count { 2 } else { 4 };
        let taken = piece.len().min(size - self.number.len());
        self.number.extend_from_slice(&piece[..taken]);
        if self.number.len() < size {
            return taken;
        }
        let number = self
            .number
            .drain(..)
            .fold(0u32, |number, byte| number << 8 | u32::from(byte)) as i32;
        if self.in_count {
            self.in_count = false;
        } else if number > 0 {
            self.left = number as usize;
            if self.left <= LONGEST_KEY_VALUE && self.wanted.contains(&self.column) {
                self.kept.push((self.column, Vec::new()));
            }
        } else {
            if number == 0 && self.wanted.contains(&self.column) {
                self.kept.push((self.column, Vec::new()));
            }
            self.column += 1;
        }
        taken
    }

    /// The bytes that came before the row.
    pub fn front(&self) -> &[u8] {
        &self.front
    }

    /// The value of a column that was asked for; `None` when it is null, too long, or was not there.
    pub fn value(&self, column: usize) -> Option<&[u8]> {
        let found = self.kept.iter().find(|(kept, _)| *kept == column);
        found.map(|(_, value)| value.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::row_of_values;

    #[test]
    fn values_of_a_row_are_found_however_it_is_cut() {
        let mut bytes = b"front".to_vec();
        bytes.extend(row_of_values(&[
            Some(vec![7; 10_000]),
            Some(b"key".to_vec()),
            None,
            Some(Vec::new()),
            Some(vec![9; 5000]),
            Some(b"last".to_vec()),
        ]));
        for size in [1, 2, 3, 7, 4096, bytes.len()] {
            let mut row = PassingRow::new(5, vec![1, 2, 3, 4, 5]);
            bytes.chunks(size).for_each(|piece| row.look_at(piece));
            assert_eq!(row.front(), b"front");
            let values: Vec<_> = (0..6).map(|column| row.value(column)).collect();
            assert_eq!(
                values,
                [None, Some(&b"key"[..]), None, Some(&b""[..]), None, Some(&b"last"[..])],
                "pieces of {}",
                size
            );
        }
    }

    #[test]
    fn keys_are_shown_as_postgres_writes_them() {
        let shown = |column_type, value: &[u8]| super::shown(&column_type, value).unwrap_or_default();
        assert_eq!(shown(ColumnType::Int4, &(-5i32).to_be_bytes()), Value::from(-5));
        assert_eq!(shown(ColumnType::Text, b"it's"), Value::from("it's"));
        assert_eq!(shown(ColumnType::Date, &1i32.to_be_bytes()), Value::from("2000-01-02"));
        assert_eq!(
            shown(ColumnType::Timestamp, &0i64.to_be_bytes()),
            Value::from("2000-01-01 00:00:00")
        );
        assert_eq!(
            shown(ColumnType::Uuid, &[0x11; 16]),
            Value::from("11111111-1111-1111-1111-111111111111")
        );
        assert_eq!(shown(ColumnType::Int4, b"no"), Value::Null);
    }
}
