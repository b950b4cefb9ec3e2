// SPDX-License-Identifier: Apache-2.0

//! How much of a batch a value of a list, a struct or a map takes: never less than it does take, and for the same value
//! always the same, so that batches end at the same rows whenever they are read.

use super::text_form::write_value;
use super::wire::{ArrayHeader, RangeValue, Wire};
use crate::column_type::ColumnType;

/// The offset and the bit of validity of a value, in whole bytes.
const SLOT: usize = 5;

/// The bytes that a value takes with all that is in it. One that is not of the type is found when it is decoded.
pub fn room(column_type: &ColumnType, value: &[u8]) -> usize {
    room_inside(column_type, value).unwrap_or_else(|| value.len())
}

fn room_inside(column_type: &ColumnType, value: &[u8]) -> Option<usize> {
    let mut wire = Wire::of(value);
    let part = |column_type: &ColumnType, value: Option<&[u8]>| match value {
        Some(value) => room_inside(column_type, value),
        None => Some(room_of_null(column_type)),
    };
    let mut sum = SLOT;
    match column_type {
        ColumnType::Array(array) => {
            let header = ArrayHeader::read(&mut wire)?;
            let element = &array.element.column_type;
            // Lists of one element each in all dimensions but the last are the worst there can be.
            sum += header.elements() * SLOT * usize::from(array.dimensions - 1) + SLOT * 6;
            match fixed_room(element) {
                Some(room) => sum += header.elements() * room,
                None => {
                    for _ in 0..header.elements() {
                        sum += part(element, wire.value()?)?;
                    }
                }
            }
        }
        ColumnType::Composite(parts) => {
            wire.int()?;
            for field in parts {
                wire.take(4)?;
                sum += part(&field.column_type, wire.value()?)?;
            }
        }
        ColumnType::Range(bound) => {
            let range = RangeValue::read(&mut wire)?;
            for cell in [range.lower, range.upper] {
                let value = if cell.is_null() { None } else { Some(cell.value(value)) };
                sum += part(&bound.column_type, value)?;
            }
            sum += 1;
        }
        ColumnType::Multirange(range) => {
            for _ in 0..wire.count()? {
                sum += part(&range.column_type, wire.value()?)?;
            }
        }
        ColumnType::Hstore => sum += value.len() + wire.count()? * SLOT * 2,
        // Points take as much as they do on the wire, and their bits of validity.
        ColumnType::Polygon | ColumnType::Path => sum += value.len() + value.len() / 8 + SLOT,
        ColumnType::NumericText | ColumnType::Formatted(_) => sum += text_room(column_type, value, &mut Vec::new())?,
        other => {
            sum += match fixed_room(other) {
                Some(room) => room,
                None => value.len(),
            }
        }
    }
    Some(sum)
}

/// The bytes of a value's text form. `text`: memory to write it to.
pub fn text_room(column_type: &ColumnType, value: &[u8], text: &mut Vec<u8>) -> Option<usize> {
    text.clear();
    write_value(column_type, value, text)?;
    Some(text.len())
}

/// What a null takes in the places of its parts.
pub fn room_of_null(column_type: &ColumnType) -> usize {
    match column_type {
        ColumnType::Composite(parts) => {
            let parts = parts.iter().map(|part| room_of_null(&part.column_type));
            SLOT + parts.sum::<usize>()
        }
        ColumnType::Range(bound) => SLOT + 1 + 2 * room_of_null(&bound.column_type),
        ColumnType::Path => 3 * SLOT,
        other => fixed_room(other).unwrap_or(SLOT),
    }
}

/// What each value of a type takes whose values all take the same.
fn fixed_room(column_type: &ColumnType) -> Option<usize> {
    match column_type {
        ColumnType::Packed(packed) => {
            let parts = packed.parts().iter();
            let parts = parts.map(|(_, column_type, _)| fixed_room(column_type));
            Some(1 + parts.sum::<Option<usize>>()?)
        }
        ColumnType::Range(_) | ColumnType::Composite(_) | ColumnType::Path => None,
        flat => flat.data_type().fixed_width().map(|width| width + 1),
    }
}
