// SPDX-License-Identifier: Apache-2.0

//! Columns whose values all have the same width.

use rapidbyte_sdk::arrow::{BoolBuilder, FixedBuilder};
use rapidbyte_sdk::Result;

use super::cell::Cell;
use super::column::{wrong_length, Decoded};

/// Decodes a run of cells from the front into a slice of values; returns how many it took before it met a
/// cell that is null, of another length, or not representable.
pub type Run = fn(bytes: &[u8], cells: &[Cell], values: &mut [u8]) -> usize;

/// Fills a column with a [`Run`] for values that are `wire` bytes long, taking care of what stops it.
pub fn decode(
    run: Run,
    wire: i32,
    bytes: &[u8],
    cells: &[Cell],
    column: &mut FixedBuilder,
    scratch: &mut [u8],
) -> Result<Decoded> {
    let mut row = 0;
    while row < cells.len() {
        let count = run(bytes, &cells[row..], scratch);
        let filled = count * column.width();
        column.push_rows(count, &scratch[..filled]);
        row += count;
        // The elements of arrays can be more than a block has rows.
        if count > 0 && filled + column.width() > scratch.len() {
            continue;
        }
        match cells.get(row) {
            None => break,
            Some(cell) if cell.is_null() => row += push_nulls(&cells[row..], column),
            Some(cell) if cell.length() != wire => return Err(wrong_length(*cell)),
            Some(_) => return Ok(Decoded::UpTo(row)),
        }
    }
    Ok(Decoded::All)
}

#[inline(never)]
fn push_nulls(cells: &[Cell], column: &mut FixedBuilder) -> usize {
    let count = cells.iter().take_while(|cell| cell.is_null()).count();
    (0..count).for_each(|_| column.push_null());
    count
}

/// The loop of every run: what differs between types is the conversion, which is inlined.
#[inline(always)]
fn convert<const N: usize, const WIDTH: usize>(
    bytes: &[u8],
    cells: &[Cell],
    values: &mut [u8],
    conversion: impl Fn([u8; N]) -> Option<[u8; WIDTH]>,
) -> usize {
    let mut count = 0;
    for (cell, value) in cells.iter().zip(values.chunks_exact_mut(WIDTH)) {
        if cell.length() != N as i32 {
            break;
        }
        let start = cell.offset();
        let converted = match bytes.get(start..start + N) {
            Some(wire) => {
                let mut array = [0; N];
                array.copy_from_slice(wire);
                conversion(array)
            }
            None => None,
        };
        match converted {
            Some(converted) => value.copy_from_slice(&converted),
            None => break,
        }
        count += 1;
    }
    count
}

/// `int2`.
#[inline(never)]
pub fn run_2(bytes: &[u8], cells: &[Cell], values: &mut [u8]) -> usize {
    convert::<2, 2>(bytes, cells, values, |wire| {
        Some(u16::from_be_bytes(wire).to_le_bytes())
    })
}

/// `int4` and `float4`.
#[inline(never)]
pub fn run_4(bytes: &[u8], cells: &[Cell], values: &mut [u8]) -> usize {
    convert::<4, 4>(bytes, cells, values, |wire| {
        Some(u32::from_be_bytes(wire).to_le_bytes())
    })
}

/// `int8` and `float8`.
#[inline(never)]
pub fn run_8(bytes: &[u8], cells: &[Cell], values: &mut [u8]) -> usize {
    convert::<8, 8>(bytes, cells, values, |wire| {
        Some(u64::from_be_bytes(wire).to_le_bytes())
    })
}

/// `uuid`, whose bytes have the same order in both.
#[inline(never)]
pub fn run_16(bytes: &[u8], cells: &[Cell], values: &mut [u8]) -> usize {
    convert::<16, 16>(bytes, cells, values, Some)
}

/// The zone of a `timetz`, which counts west of UTC there and east of it in Arrow's world.
#[inline(never)]
pub fn run_zone(bytes: &[u8], cells: &[Cell], values: &mut [u8]) -> usize {
    convert::<4, 4>(bytes, cells, values, |wire| {
        Some(i32::from_be_bytes(wire).wrapping_neg().to_le_bytes())
    })
}

/// `money`, as a decimal of 128 bits.
#[inline(never)]
pub fn run_money(bytes: &[u8], cells: &[Cell], values: &mut [u8]) -> usize {
    convert::<8, 16>(bytes, cells, values, |wire| {
        Some(i128::from(i64::from_be_bytes(wire)).to_le_bytes())
    })
}

/// `interval`: microseconds, days and months, where Arrow has months, days and nanoseconds. The time of one that goes on for more than
/// 292 years, as that of an infinite one does, has no place there.
#[inline(never)]
pub fn run_interval(bytes: &[u8], cells: &[Cell], values: &mut [u8]) -> usize {
    convert::<16, 16>(bytes, cells, values, |wire| {
        let wire = u128::from_be_bytes(wire);
        let nanoseconds = ((wire >> 64) as i64).checked_mul(1000)?;
        let (days, months) = ((wire >> 32) as u32, wire as u32);
        let value = (nanoseconds as u64 as u128) << 64 | u128::from(days) << 32 | u128::from(months);
        Some(value.to_le_bytes())
    })
}

/// `date`.
#[inline(never)]
pub fn run_date(bytes: &[u8], cells: &[Cell], values: &mut [u8]) -> usize {
    convert::<4, 4>(bytes, cells, values, |wire| {
        Some(super::temporal::date(i32::from_be_bytes(wire)).to_le_bytes())
    })
}

/// `time`.
#[inline(never)]
pub fn run_time(bytes: &[u8], cells: &[Cell], values: &mut [u8]) -> usize {
    convert::<8, 8>(bytes, cells, values, |wire| {
        super::temporal::time(i64::from_be_bytes(wire)).map(i64::to_le_bytes)
    })
}

/// `timestamp` and `timestamptz`.
#[inline(never)]
pub fn run_timestamp(bytes: &[u8], cells: &[Cell], values: &mut [u8]) -> usize {
    convert::<8, 8>(bytes, cells, values, |wire| {
        super::temporal::timestamp(i64::from_be_bytes(wire)).map(i64::to_le_bytes)
    })
}

/// `bool`.
#[inline(never)]
pub fn decode_bool(bytes: &[u8], cells: &[Cell], column: &mut BoolBuilder) -> Result<Decoded> {
    for cell in cells {
        match cell.value(bytes) {
            [value] => column.push(*value != 0),
            _ if cell.is_null() => column.push_null(),
            _ => return Err(wrong_length(*cell)),
        }
    }
    Ok(Decoded::All)
}
