// SPDX-License-Identifier: Apache-2.0

//! Puts the cells of a column where their rows have got to. One function a type, none of them inlined into another:
//! each becomes one method of the virtual machine that runs the module, which does not compile long ones.

use super::{is_set, Cells, Column, Form, NULL};

/// Days and microseconds from 1970-01-01 to 2000-01-01.
const EPOCH_DAYS: i64 = 10_957;
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

/// Starts each row with its number of fields.
#[inline(never)]
pub(super) fn field_count(count: u16, cursors: &mut [u32], out: &mut [u8]) {
    for cursor in cursors {
        put(cursor, out, &count.to_be_bytes());
    }
}

/// Writes the cells of a column. `cells` yields those of the next column whose cells were made while measuring.
#[inline(never)]
pub(super) fn column(
    column: &Column<'_>,
    from: usize,
    cursors: &mut [u32],
    cells: &mut std::slice::Iter<'_, Cells>,
    out: &mut [u8],
) {
    match column.form {
        Form::Boolean => boolean(column, from, cursors, out),
        Form::Word16 => word16(column, from, cursors, out),
        Form::Word32 => word32(column, from, cursors, out),
        Form::Word64 => word64(column, from, cursors, out),
        Form::Int16ToInt32 => int16_to_int32(column, from, cursors, out),
        Form::Int16ToInt64 => int16_to_int64(column, from, cursors, out),
        Form::Int32ToInt64 => int32_to_int64(column, from, cursors, out),
        Form::Float32ToFloat64 => float32_to_float64(column, from, cursors, out),
        Form::Date => date(column, from, cursors, out),
        Form::Timestamp => timestamp(column, from, cursors, out),
        Form::Fixed(16) => sixteen_bytes(column, from, cursors, out),
        Form::Fixed(width) => fixed_bytes(column, from, cursors, out, width),
        Form::Bytes => bytes(column, from, cursors, out),
        Form::VersionedBytes => versioned_bytes(column, from, cursors, out),
        Form::Int16ToNumeric
        | Form::Int32ToNumeric
        | Form::Int64ToNumeric
        | Form::Decimal128(_)
        | Form::Decimal256(_)
        | Form::NumericText
        | Form::Made => {
            if let Some(cells) = cells.next() {
                made(cells, cursors, out);
            }
        }
    }
}

#[inline(always)]
fn put<const LENGTH: usize>(cursor: &mut u32, out: &mut [u8], bytes: &[u8; LENGTH]) {
    let at = *cursor as usize;
    out[at..at + LENGTH].copy_from_slice(bytes);
    *cursor = (at + LENGTH) as u32;
}

/// A cell of a value whose size is known: its length, then the value.
macro_rules! cell {
    ($value:expr, $width:literal) => {{
        let mut cell = [0; 4 + $width];
        cell[3] = $width;
        cell[4..].copy_from_slice(&$value.to_be_bytes());
        cell
    }};
}

#[inline(always)]
fn fixed<const WIDTH: usize, const CELL: usize>(
    column: &Column<'_>,
    from: usize,
    cursors: &mut [u32],
    out: &mut [u8],
    cell: impl Fn([u8; WIDTH]) -> [u8; CELL],
) {
    let values = column.values[from * WIDTH..(from + cursors.len()) * WIDTH].chunks_exact(WIDTH);
    let values = values.map(|bytes| {
        let mut value = [0; WIDTH];
        value.copy_from_slice(bytes);
        value
    });
    match column.validity {
        None => {
            for (cursor, value) in cursors.iter_mut().zip(values) {
                put(cursor, out, &cell(value));
            }
        }
        Some(validity) => {
            for (index, (cursor, value)) in cursors.iter_mut().zip(values).enumerate() {
                if is_set(validity, from + index) {
                    put(cursor, out, &cell(value));
                } else {
                    put(cursor, out, &NULL);
                }
            }
        }
    }
}

#[inline(never)]
fn boolean(column: &Column<'_>, from: usize, cursors: &mut [u32], out: &mut [u8]) {
    for (index, cursor) in cursors.iter_mut().enumerate() {
        let row = from + index;
        if column.validity.map_or(true, |validity| is_set(validity, row)) {
            put(cursor, out, &[0, 0, 0, 1, is_set(column.values, row).into()]);
        } else {
            put(cursor, out, &NULL);
        }
    }
}

#[inline(never)]
fn word16(column: &Column<'_>, from: usize, cursors: &mut [u32], out: &mut [u8]) {
    fixed::<2, 6>(column, from, cursors, out, |value| cell!(u16::from_le_bytes(value), 2));
}

#[inline(never)]
fn word32(column: &Column<'_>, from: usize, cursors: &mut [u32], out: &mut [u8]) {
    fixed::<4, 8>(column, from, cursors, out, |value| cell!(u32::from_le_bytes(value), 4));
}

#[inline(never)]
fn word64(column: &Column<'_>, from: usize, cursors: &mut [u32], out: &mut [u8]) {
    fixed::<8, 12>(column, from, cursors, out, |value| cell!(u64::from_le_bytes(value), 8));
}

#[inline(never)]
fn int16_to_int32(column: &Column<'_>, from: usize, cursors: &mut [u32], out: &mut [u8]) {
    fixed::<2, 8>(column, from, cursors, out, |value| {
        cell!(i32::from(i16::from_le_bytes(value)), 4)
    });
}

#[inline(never)]
fn int16_to_int64(column: &Column<'_>, from: usize, cursors: &mut [u32], out: &mut [u8]) {
    fixed::<2, 12>(column, from, cursors, out, |value| {
        cell!(i64::from(i16::from_le_bytes(value)), 8)
    });
}

#[inline(never)]
fn int32_to_int64(column: &Column<'_>, from: usize, cursors: &mut [u32], out: &mut [u8]) {
    fixed::<4, 12>(column, from, cursors, out, |value| {
        cell!(i64::from(i32::from_le_bytes(value)), 8)
    });
}

#[inline(never)]
fn float32_to_float64(column: &Column<'_>, from: usize, cursors: &mut [u32], out: &mut [u8]) {
    fixed::<4, 12>(column, from, cursors, out, |value| {
        cell!(f64::from(f32::from_le_bytes(value)), 8)
    });
}

#[inline(never)]
fn date(column: &Column<'_>, from: usize, cursors: &mut [u32], out: &mut [u8]) {
    fixed::<4, 8>(column, from, cursors, out, |value| {
        cell!(shifted_date(i32::from_le_bytes(value)), 4)
    });
}

#[inline(never)]
fn timestamp(column: &Column<'_>, from: usize, cursors: &mut [u32], out: &mut [u8]) {
    fixed::<8, 12>(column, from, cursors, out, |value| {
        cell!(shifted_timestamp(i64::from_le_bytes(value)), 8)
    });
}

/// From days since 1970 to days since 2000. Infinity is the largest and the smallest integer on both sides. A date that is too early for
/// Postgres becomes the earliest one that is not infinite, which the server refuses as out of range.
#[inline(always)]
pub(super) fn shifted_date(days: i32) -> i32 {
    match days {
        i32::MIN | i32::MAX => days,
        _ => (i64::from(days) - EPOCH_DAYS).max(i64::from(i32::MIN) + 1) as i32,
    }
}

/// The same for microseconds.
#[inline(always)]
pub(super) fn shifted_timestamp(instant: i64) -> i64 {
    match instant {
        i64::MIN | i64::MAX => instant,
        _ => instant.saturating_sub(EPOCH_MICROSECONDS).max(i64::MIN + 1),
    }
}

#[inline(never)]
fn sixteen_bytes(column: &Column<'_>, from: usize, cursors: &mut [u32], out: &mut [u8]) {
    fixed::<16, 20>(column, from, cursors, out, |value| {
        let mut cell = [0; 20];
        cell[3] = 16;
        cell[4..].copy_from_slice(&value);
        cell
    });
}

#[inline(never)]
fn fixed_bytes(column: &Column<'_>, from: usize, cursors: &mut [u32], out: &mut [u8], width: usize) {
    for (index, cursor) in cursors.iter_mut().enumerate() {
        let row = from + index;
        if column.validity.map_or(true, |validity| is_set(validity, row)) {
            put_variable(cursor, out, &column.values[row * width..(row + 1) * width]);
        } else {
            put(cursor, out, &NULL);
        }
    }
}

#[inline(always)]
fn put_variable(cursor: &mut u32, out: &mut [u8], value: &[u8]) {
    let at = *cursor as usize;
    let end = at + 4 + value.len();
    let cell = &mut out[at..end];
    cell[..4].copy_from_slice(&(value.len() as u32).to_be_bytes());
    cell[4..].copy_from_slice(value);
    *cursor = end as u32;
}

#[inline(never)]
fn bytes(column: &Column<'_>, from: usize, cursors: &mut [u32], out: &mut [u8]) {
    match column.validity {
        None => bytes_without_nulls(column, from, cursors, out),
        Some(validity) => {
            for (index, cursor) in cursors.iter_mut().enumerate() {
                let row = from + index;
                if is_set(validity, row) {
                    put_variable(cursor, out, &column.values[column.range(row)]);
                } else {
                    put(cursor, out, &NULL);
                }
            }
        }
    }
}

/// Reads each offset once: where one value ends the next one starts.
#[inline(never)]
fn bytes_without_nulls(column: &Column<'_>, from: usize, cursors: &mut [u32], out: &mut [u8]) {
    let mut start = column.range(from).start;
    let ends = column.offsets[(from + 1) * 4..].chunks_exact(4);
    for (cursor, end) in cursors.iter_mut().zip(ends) {
        let end = u32::from_le_bytes([end[0], end[1], end[2], end[3]]) as usize;
        put_variable(cursor, out, &column.values[start..end]);
        start = end;
    }
}

#[inline(never)]
fn versioned_bytes(column: &Column<'_>, from: usize, cursors: &mut [u32], out: &mut [u8]) {
    for (index, cursor) in cursors.iter_mut().enumerate() {
        let row = from + index;
        if column.validity.map_or(true, |validity| is_set(validity, row)) {
            let value = &column.values[column.range(row)];
            put(cursor, out, &(value.len() as u32 + 1).to_be_bytes());
            put(cursor, out, &[1]);
            let at = *cursor as usize;
            out[at..at + value.len()].copy_from_slice(value);
            *cursor = (at + value.len()) as u32;
        } else {
            put(cursor, out, &NULL);
        }
    }
}

/// Copies cells that were made while measuring.
#[inline(never)]
fn made(cells: &Cells, cursors: &mut [u32], out: &mut [u8]) {
    for (cursor, &(start, end)) in cursors.iter_mut().zip(&cells.ranges) {
        let cell = &cells.bytes[start as usize..end as usize];
        let at = *cursor as usize;
        out[at..at + cell.len()].copy_from_slice(cell);
        *cursor = (at + cell.len()) as u32;
    }
}
