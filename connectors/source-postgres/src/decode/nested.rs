// SPDX-License-Identifier: Apache-2.0

//! Columns of lists, structs and maps.
//!
//! The values inside of a block's rows are gathered into cells of their own, with which the child column is decoded like any
//! other: all elements of all arrays of a block at once, in the loop for their type.

use rapidbyte_sdk::arrow::{ColumnBuilder, ListBuilder, StructBuilder};
use rapidbyte_sdk::{Error, Result};

use super::cell::Cell;
use super::column::{decode_values, wrong_length, Context, Decoded};
use super::wire::{ArrayHeader, RangeValue, Wire, NULL};
use crate::column_type::{Array, ColumnType, Packed, Part};

/// Decodes a column of lists or maps.
#[inline(never)]
pub fn decode_lists(
    column_type: &ColumnType,
    cells: &[Cell],
    column: &mut ListBuilder,
    context: &mut Context<'_>,
) -> Result<Decoded> {
    match column_type {
        ColumnType::Array(array) => decode_arrays(array, cells, column, context),
        ColumnType::Multirange(range) => {
            let lists = gather_lists(cells, context.bytes, |wire, elements| {
                let count = wire.count()?;
                (0..count).try_for_each(|_| wire.cell().map(|range| elements.push(range)))?;
                Some(count)
            })?;
            lists.decode(&range.column_type, column, context)
        }
        ColumnType::Polygon => {
            let lists = gather_lists(cells, context.bytes, |wire, elements| {
                let count = wire.count()?;
                (0..count).try_for_each(|_| wire.skip(Packed::Point.width()).map(|point| elements.push(point)))?;
                Some(count)
            })?;
            lists.decode(&ColumnType::Packed(Packed::Point), column, context)
        }
        ColumnType::Hstore => decode_pairs(cells, column, context),
        _ => Err(layout_mismatch()),
    }
}

/// Decodes a column of structs.
#[inline(never)]
pub fn decode_structs(
    column_type: &ColumnType,
    cells: &[Cell],
    column: &mut StructBuilder,
    context: &mut Context<'_>,
) -> Result<Decoded> {
    match column_type {
        ColumnType::Composite(parts) => decode_composites(parts, cells, column, context),
        ColumnType::Range(bound) => decode_ranges(bound, cells, column, context),
        ColumnType::Packed(packed) => decode_packed(*packed, cells, column, context),
        ColumnType::Path => decode_paths(cells, column, context),
        _ => Err(layout_mismatch()),
    }
}

/// The elements of a column of lists.
struct Lists {
    elements: Vec<Cell>,
    /// How many of them are each row's; `None` for a null.
    counts: Vec<Option<usize>>,
}

/// `take`: adds the elements of one value and returns their number; `None` when it is not one of the type.
fn gather_lists(
    cells: &[Cell],
    bytes: &[u8],
    take: impl Fn(&mut Wire<'_>, &mut Vec<Cell>) -> Option<usize>,
) -> Result<Lists> {
    let mut lists = Lists {
        elements: Vec::new(),
        counts: Vec::with_capacity(cells.len()),
    };
    for cell in cells {
        if cell.is_null() {
            lists.counts.push(None);
            continue;
        }
        let mut wire = Wire::new(bytes, *cell);
        let count = take(&mut wire, &mut lists.elements).filter(|_| wire.is_at_end());
        lists.counts.push(Some(count.ok_or_else(|| wrong_length(*cell))?));
    }
    Ok(lists)
}

impl Lists {
    fn decode(&self, element: &ColumnType, column: &mut ListBuilder, context: &mut Context<'_>) -> Result<Decoded> {
        let mut left = match decode_values(element, &self.elements, column.values(), context)? {
            Decoded::All => usize::MAX,
            Decoded::UpTo(element) => element,
        };
        for (row, count) in self.counts.iter().enumerate() {
            match count {
                None => column.push_null(),
                Some(count) if *count <= left => {
                    left -= count;
                    column.end_list_of(*count);
                }
                Some(_) => {
                    column.drop_unfinished();
                    return Ok(Decoded::UpTo(row));
                }
            }
        }
        Ok(Decoded::All)
    }
}

/// `hstore`: keys and values, one after the other.
#[inline(never)]
fn decode_pairs(cells: &[Cell], column: &mut ListBuilder, context: &mut Context<'_>) -> Result<Decoded> {
    let lists = gather_lists(cells, context.bytes, |wire, elements| {
        let count = wire.count()?;
        (0..count * 2).try_for_each(|_| wire.cell().map(|text| elements.push(text)))?;
        Some(count)
    })?;
    let entries = match column.values() {
        ColumnBuilder::Struct(entries) => entries,
        _ => return Err(layout_mismatch()),
    };
    for (field, builder) in entries.fields().iter_mut().enumerate() {
        let texts: Vec<Cell> = lists.elements.iter().skip(field).step_by(2).copied().collect();
        decode_values(&ColumnType::TextLike, &texts, builder, context)?;
    }
    entries.end_structs((0..lists.elements.len() / 2).map(|_| true));
    for count in lists.counts {
        match count {
            None => column.push_null(),
            Some(count) => column.end_list_of(count),
        }
    }
    Ok(Decoded::All)
}

/// Arrays of the declared number of dimensions: lists in lists. Postgres has the elements of all dimensions in one sequence.
#[inline(never)]
fn decode_arrays(
    array: &Array,
    cells: &[Cell],
    column: &mut ListBuilder,
    context: &mut Context<'_>,
) -> Result<Decoded> {
    let mut headers = Vec::with_capacity(cells.len());
    let mut elements = Vec::new();
    for cell in cells {
        if cell.is_null() {
            headers.push(None);
            continue;
        }
        let mut wire = Wire::new(context.bytes, *cell);
        let header = ArrayHeader::read(&mut wire).ok_or_else(|| wrong_length(*cell))?;
        if !header.fits(array) {
            break;
        }
        let mut take = || (0..header.elements()).try_for_each(|_| wire.cell().map(|element| elements.push(element)));
        take()
            .filter(|()| wire.is_at_end())
            .ok_or_else(|| wrong_length(*cell))?;
        headers.push(Some(header));
    }
    let innermost = innermost(column, array.dimensions)?;
    let mut left = match decode_values(&array.element.column_type, &elements, innermost, context)? {
        Decoded::All => usize::MAX,
        Decoded::UpTo(element) => element,
    };
    let mut ended = 0;
    for header in headers {
        match header {
            None => column.push_null(),
            Some(header) if header.elements() <= left => {
                left -= header.elements();
                match header.lengths() {
                    [] => column.end_list_of(0),
                    lengths => end_lists(lengths, 1, column),
                }
            }
            Some(_) => break,
        }
        ended += 1;
    }
    if ended == cells.len() {
        return Ok(Decoded::All);
    }
    column.drop_unfinished();
    Ok(Decoded::UpTo(ended))
}

/// The column of the elements of arrays of so many dimensions.
fn innermost(column: &mut ListBuilder, dimensions: u8) -> Result<&mut ColumnBuilder> {
    match (dimensions, column.values()) {
        (0 | 1, values) => Ok(values),
        (_, ColumnBuilder::List(lists)) => innermost(lists, dimensions - 1),
        _ => Err(layout_mismatch()),
    }
}

/// Ends `count` lists of the first length, whose elements are lists of the next one, and so on.
fn end_lists(lengths: &[usize], count: usize, column: &mut ListBuilder) {
    if let [length, rest @ ..] = lengths {
        (0..count).for_each(|_| column.end_list_of(*length));
        if let (false, ColumnBuilder::List(inner)) = (rest.is_empty(), column.values()) {
            end_lists(rest, count * length, inner);
        }
    }
}

/// The cells of each field of a column of structs, nulls where the struct is one.
struct Fields {
    cells: Vec<Vec<Cell>>,
}

impl Fields {
    fn new(count: usize, rows: usize) -> Fields {
        Fields {
            cells: (0..count).map(|_| Vec::with_capacity(rows)).collect(),
        }
    }

    fn push_null(&mut self) {
        self.cells.iter_mut().for_each(|cells| cells.push(NULL));
    }

    /// Decodes fields from `first` on, then makes structs as far as all fields got.
    fn decode<'t>(
        &self,
        types: impl Iterator<Item = &'t ColumnType>,
        rows: &[Cell],
        column: &mut StructBuilder,
        context: &mut Context<'_>,
    ) -> Result<Decoded> {
        let mut fitting = rows.len();
        for ((cells, column_type), builder) in self.cells.iter().zip(types).zip(column.fields()) {
            if let Decoded::UpTo(row) = decode_values(column_type, &cells[..fitting], builder, context)? {
                fitting = row;
            }
        }
        Ok(end_structs(rows, fitting, column))
    }
}

fn end_structs(rows: &[Cell], fitting: usize, column: &mut StructBuilder) -> Decoded {
    column.end_structs(rows[..fitting].iter().map(|cell| !cell.is_null()));
    column.drop_unfinished();
    if fitting == rows.len() {
        Decoded::All
    } else {
        Decoded::UpTo(fitting)
    }
}

#[inline(never)]
fn decode_composites(
    parts: &[Part],
    cells: &[Cell],
    column: &mut StructBuilder,
    context: &mut Context<'_>,
) -> Result<Decoded> {
    let mut fields = Fields::new(parts.len(), cells.len());
    for cell in cells {
        if cell.is_null() {
            fields.push_null();
            continue;
        }
        let mut wire = Wire::new(context.bytes, *cell);
        let mut take = || {
            wire.int().filter(|count| *count == parts.len() as i32)?;
            fields.cells.iter_mut().try_for_each(|cells| {
                // The type of the field, which the plan knows.
                wire.take(4)?;
                wire.cell().map(|value| cells.push(value))
            })
        };
        take()
            .filter(|()| wire.is_at_end())
            .ok_or_else(|| wrong_length(*cell))?;
    }
    fields.decode(parts.iter().map(|part| &part.column_type), cells, column, context)
}

#[inline(never)]
fn decode_packed(
    packed: Packed,
    cells: &[Cell],
    column: &mut StructBuilder,
    context: &mut Context<'_>,
) -> Result<Decoded> {
    let parts = packed.parts();
    let mut fields = Fields::new(parts.len(), cells.len());
    for cell in cells {
        if cell.is_null() {
            fields.push_null();
            continue;
        }
        let mut wire = Wire::new(context.bytes, *cell);
        for (cells, (_, _, width)) in fields.cells.iter_mut().zip(parts) {
            cells.push(wire.skip(*width).ok_or_else(|| wrong_length(*cell))?);
        }
        if !wire.is_at_end() {
            return Err(wrong_length(*cell));
        }
    }
    let types = parts.iter().map(|(_, column_type, _)| column_type);
    fields.decode(types, cells, column, context)
}

/// The bounds are columns like any other; that they are there at all, and belong to the range, is said by three flags.
#[inline(never)]
fn decode_ranges(
    bound: &Part,
    cells: &[Cell],
    column: &mut StructBuilder,
    context: &mut Context<'_>,
) -> Result<Decoded> {
    let mut bounds = Fields::new(2, cells.len());
    let mut flags = Vec::with_capacity(cells.len());
    for cell in cells {
        if cell.is_null() {
            bounds.push_null();
            flags.push(None);
            continue;
        }
        let mut wire = Wire::new(context.bytes, *cell);
        let range = RangeValue::read(&mut wire)
            .filter(|_| wire.is_at_end())
            .ok_or_else(|| wrong_length(*cell))?;
        bounds.cells[0].push(range.lower);
        bounds.cells[1].push(range.upper);
        flags.push(Some([
            range.flags.lower_inclusive(),
            range.flags.upper_inclusive(),
            range.flags.is_empty(),
        ]));
    }
    for (position, builder) in column.fields().iter_mut().skip(2).enumerate() {
        if let ColumnBuilder::Bool(builder) = builder {
            for flags in &flags {
                match flags {
                    Some(flags) => builder.push(flags[position]),
                    None => builder.push_null(),
                }
            }
        }
    }
    bounds.decode([&bound.column_type; 2].into_iter(), cells, column, context)
}

/// `path`: a byte that says whether it is closed, then what a polygon is.
#[inline(never)]
fn decode_paths(cells: &[Cell], column: &mut StructBuilder, context: &mut Context<'_>) -> Result<Decoded> {
    let (closed, points) = match column.fields() {
        [ColumnBuilder::Bool(closed), ColumnBuilder::List(points)] => (closed, points),
        _ => return Err(layout_mismatch()),
    };
    let mut polygons = Vec::with_capacity(cells.len());
    for cell in cells {
        if cell.is_null() {
            closed.push_null();
            polygons.push(NULL);
            continue;
        }
        let mut wire = Wire::new(context.bytes, *cell);
        let flag = wire.byte().ok_or_else(|| wrong_length(*cell))?;
        closed.push(flag != 0);
        polygons.push(wire.take_rest());
    }
    decode_lists(&ColumnType::Polygon, &polygons, points, context)?;
    Ok(end_structs(cells, cells.len(), column))
}

#[cold]
fn layout_mismatch() -> Error {
    Error::internal("a column has a builder of another layout")
}
