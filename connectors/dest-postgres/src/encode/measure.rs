// SPDX-License-Identifier: Apache-2.0

//! How long the cells of a column become, added to the lengths of the rows. A cell has its length in front (4 bytes).

use super::numeric::{self, Scale, I128_CELL, I256_CELL, I64_CELL};
use super::{is_set, Cells, Column, EncodeError, Form, ValueError, NULL};
use std::ops::Range;

/// Whether the cells have to be made to know their lengths.
pub(super) fn needs_cells(form: Form) -> bool {
    matches!(
        form,
        Form::Int16ToNumeric
            | Form::Int32ToNumeric
            | Form::Int64ToNumeric
            | Form::Decimal128(_)
            | Form::Decimal256(_)
            | Form::NumericText
            | Form::Made
    )
}

/// Adds the cells of any column whose cells need not be made for it.
#[inline(never)]
pub(super) fn column(column: &Column<'_>, from: usize, lengths: &mut [u32]) {
    match column.form {
        Form::Boolean => fixed(column, from, lengths, 1),
        Form::Word16 => fixed(column, from, lengths, 2),
        Form::Word32 | Form::Int16ToInt32 | Form::Date => fixed(column, from, lengths, 4),
        Form::Word64 | Form::Int16ToInt64 | Form::Int32ToInt64 | Form::Float32ToFloat64 | Form::Timestamp => {
            fixed(column, from, lengths, 8)
        }
        Form::Fixed(width) => fixed(column, from, lengths, width as u32),
        Form::VersionedBytes => variable(column, from, lengths, 5),
        _ => variable(column, from, lengths, 4),
    }
}

#[inline(never)]
fn fixed(column: &Column<'_>, from: usize, lengths: &mut [u32], width: u32) {
    match column.validity {
        None => lengths
            .iter_mut()
            .for_each(|length| *length = length.saturating_add(4 + width)),
        Some(validity) => {
            for (index, length) in lengths.iter_mut().enumerate() {
                *length = length.saturating_add(if is_set(validity, from + index) { 4 + width } else { 4 });
            }
        }
    }
}

/// Buffers of different columns may be the same memory, so that the sum over a row can be larger than all of the batch.
#[inline(never)]
fn variable(column: &Column<'_>, from: usize, lengths: &mut [u32], extra: u32) {
    let offsets = column.offsets[from * 4..(from + lengths.len() + 1) * 4].chunks_exact(4);
    let mut offsets = offsets.map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let mut start = offsets.next().unwrap_or(0);
    match column.validity {
        None => {
            for (length, end) in lengths.iter_mut().zip(offsets) {
                *length = length.saturating_add(end.wrapping_sub(start) + extra);
                start = end;
            }
        }
        Some(validity) => {
            for (index, (length, end)) in lengths.iter_mut().zip(offsets).enumerate() {
                let value = if is_set(validity, from + index) {
                    end.wrapping_sub(start) + extra
                } else {
                    4
                };
                *length = length.saturating_add(value);
                start = end;
            }
        }
    }
}

/// Makes the cells of a column and adds their lengths.
#[inline(never)]
pub(super) fn column_of_cells(
    column: &Column<'_>,
    from: usize,
    lengths: &mut [u32],
    cells: &mut Cells,
) -> Result<(), EncodeError> {
    cells.ranges.clear();
    match column.form {
        Form::Int16ToNumeric => numeric_of_int16(column, from, lengths, cells),
        Form::Int32ToNumeric => numeric_of_int32(column, from, lengths, cells),
        Form::Int64ToNumeric => numeric_of_int64(column, from, lengths, cells),
        Form::Decimal128(scale) => numeric_of_decimal128(column, from, lengths, cells, Scale::new(scale)),
        Form::Decimal256(scale) => numeric_of_decimal256(column, from, lengths, cells, Scale::new(scale)),
        Form::Made => return values(column, from, lengths, cells),
        _ => return numeric_of_text(column, from, lengths, cells),
    }
    Ok(())
}

#[inline(never)]
fn values(column: &Column<'_>, from: usize, lengths: &mut [u32], cells: &mut Cells) -> Result<(), EncodeError> {
    cells.bytes.clear();
    for (index, length) in lengths.iter_mut().enumerate() {
        let row = from + index;
        let start = cells.bytes.len();
        if let Some((form, values)) = column.made {
            form.write_cell(values, row, &mut cells.bytes)
                .map_err(|error| match error {
                    ValueError::NotNumeric(cause) => EncodeError::NotNumeric {
                        column: column.name.into(),
                        row,
                        cause,
                    },
                    ValueError::Invalid(problem) => EncodeError::Unwritable {
                        column: column.name.into(),
                        row,
                        problem,
                    },
                })?;
        }
        cells.ranges.push((start as u32, cells.bytes.len() as u32));
        *length = length.saturating_add((cells.bytes.len() - start) as u32);
    }
    Ok(())
}

/// Makes cells that are never longer than `LONGEST`, each within a place of that size.
#[inline(always)]
fn numbers<const WIDTH: usize, const LONGEST: usize>(
    column: &Column<'_>,
    from: usize,
    lengths: &mut [u32],
    cells: &mut Cells,
    write: impl Fn([u8; WIDTH], &mut [u8; LONGEST]) -> Range<usize>,
) {
    let rows = lengths.len();
    if cells.bytes.len() < rows * LONGEST {
        cells.bytes.resize(rows * LONGEST, 0);
    }
    let values = column.values[from * WIDTH..(from + rows) * WIDTH].chunks_exact(WIDTH);
    let places = cells.bytes.chunks_exact_mut(LONGEST);
    cells.ranges.resize(rows, (0, 0));
    let cells = lengths.iter_mut().zip(values).zip(places).zip(&mut cells.ranges);
    for (index, (((length, value), place), range)) in cells.enumerate() {
        let (value, place) = match (value.try_into(), place.try_into()) {
            (Ok(value), Ok(place)) => (value, place),
            _ => unreachable!("chunks_exact yields chunks of the size it was asked for"),
        };
        let written = if column.validity.map_or(true, |validity| is_set(validity, from + index)) {
            write(value, place)
        } else {
            place[..4].copy_from_slice(&NULL);
            0..4
        };
        *range = (
            (index * LONGEST + written.start) as u32,
            (index * LONGEST + written.end) as u32,
        );
        *length = length.saturating_add(written.len() as u32);
    }
}

#[inline(never)]
fn numeric_of_int16(column: &Column<'_>, from: usize, lengths: &mut [u32], cells: &mut Cells) {
    let scale = Scale::new(0);
    numbers::<2, I64_CELL>(column, from, lengths, cells, |value, place| {
        numeric::write_i64(i16::from_le_bytes(value).into(), scale, place)
    });
}

#[inline(never)]
fn numeric_of_int32(column: &Column<'_>, from: usize, lengths: &mut [u32], cells: &mut Cells) {
    let scale = Scale::new(0);
    numbers::<4, I64_CELL>(column, from, lengths, cells, |value, place| {
        numeric::write_i64(i32::from_le_bytes(value).into(), scale, place)
    });
}

#[inline(never)]
fn numeric_of_int64(column: &Column<'_>, from: usize, lengths: &mut [u32], cells: &mut Cells) {
    let scale = Scale::new(0);
    numbers::<8, I64_CELL>(column, from, lengths, cells, |value, place| {
        numeric::write_i64(i64::from_le_bytes(value), scale, place)
    });
}

#[inline(never)]
fn numeric_of_decimal128(column: &Column<'_>, from: usize, lengths: &mut [u32], cells: &mut Cells, scale: Scale) {
    numbers::<16, I128_CELL>(column, from, lengths, cells, |value, place| {
        // Most decimals are small. Two halves are cheaper to look at than one integer of 128 bits.
        let [low, high] = halves(value);
        if high == low >> 63 {
            let (small, _) = place.split_at_mut(I64_CELL);
            if let Ok(small) = small.try_into() {
                return numeric::write_i64(low, scale, small);
            }
        }
        numeric::write_i128(i128::from_le_bytes(value), scale, place)..I128_CELL
    });
}

#[inline(always)]
fn halves(value: [u8; 16]) -> [i64; 2] {
    let half = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&value[at..at + 8]);
        i64::from_le_bytes(bytes)
    };
    [half(0), half(8)]
}

#[inline(never)]
fn numeric_of_decimal256(column: &Column<'_>, from: usize, lengths: &mut [u32], cells: &mut Cells, scale: Scale) {
    numbers::<32, I256_CELL>(column, from, lengths, cells, |value, place| {
        numeric::write_i256(&value, scale, place)..I256_CELL
    });
}

#[inline(never)]
fn numeric_of_text(
    column: &Column<'_>,
    from: usize,
    lengths: &mut [u32],
    cells: &mut Cells,
) -> Result<(), EncodeError> {
    cells.bytes.clear();
    for (index, length) in lengths.iter_mut().enumerate() {
        let row = from + index;
        let start = cells.bytes.len();
        if column.validity.map_or(true, |validity| is_set(validity, row)) {
            numeric::append_text(&column.values[column.range(row)], &mut cells.bytes).map_err(|cause| {
                EncodeError::NotNumeric {
                    column: column.name.into(),
                    row,
                    cause,
                }
            })?;
        } else {
            cells.bytes.extend_from_slice(&NULL);
        }
        cells.ranges.push((start as u32, cells.bytes.len() as u32));
        *length = length.saturating_add((cells.bytes.len() - start) as u32);
    }
    Ok(())
}
