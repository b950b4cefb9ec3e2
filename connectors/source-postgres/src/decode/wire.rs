// SPDX-License-Identifier: Apache-2.0

//! The binary forms of types that consist of others, as their send functions write them.

use super::cell::Cell;
use crate::column_type::Array;

/// The most dimensions that an array can have.
const MOST_DIMENSIONS: usize = 6;

/// A value that is taken apart from the front. Whatever its bytes are, nothing outside of it is looked at.
#[derive(Clone)]
pub struct Wire<'a> {
    bytes: &'a [u8],
    position: usize,
    end: usize,
}

impl<'a> Wire<'a> {
    /// The value of a cell of these bytes.
    pub fn new(bytes: &'a [u8], cell: Cell) -> Wire<'a> {
        let end = cell.offset() + cell.length().max(0) as usize;
        Wire {
            bytes,
            position: cell.offset(),
            end: end.min(bytes.len()),
        }
    }

    pub fn of(value: &'a [u8]) -> Wire<'a> {
        Wire {
            bytes: value,
            position: 0,
            end: value.len(),
        }
    }

    pub fn is_at_end(&self) -> bool {
        self.position == self.end
    }

    /// What has not been taken yet.
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.position..self.end]
    }

    /// A value of this many bytes, as a cell.
    pub fn skip(&mut self, width: usize) -> Option<Cell> {
        let start = self.position;
        if width > self.end - start {
            return None;
        }
        self.position += width;
        Some(Cell::new(start, width as i32))
    }

    /// All that is left, as a cell.
    pub fn take_rest(&mut self) -> Cell {
        let cell = Cell::new(self.position, (self.end - self.position) as i32);
        self.position = self.end;
        cell
    }

    pub fn take(&mut self, width: usize) -> Option<&'a [u8]> {
        self.skip(width).map(|cell| cell.value(self.bytes))
    }

    pub fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut number = [0; N];
        number.copy_from_slice(self.take(N)?);
        Some(number)
    }

    pub fn byte(&mut self) -> Option<u8> {
        self.number::<1>().map(|[byte]| byte)
    }

    pub fn int(&mut self) -> Option<i32> {
        self.number().map(i32::from_be_bytes)
    }

    /// A number of things to come, none of which is smaller than a byte.
    pub fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.int()?).ok()?;
        if count > self.end - self.position {
            return None;
        }
        Some(count)
    }

    /// A value with its length in front; -1 stands for a null.
    pub fn cell(&mut self) -> Option<Cell> {
        match self.int()? {
            -1 => Some(Cell::new(self.position, -1)),
            length => self.skip(usize::try_from(length).ok()?),
        }
    }

    /// The same, as bytes; the inner `None` is a null.
    pub fn value(&mut self) -> Option<Option<&'a [u8]>> {
        let cell = self.cell()?;
        Some(if cell.is_null() {
            None
        } else {
            Some(cell.value(self.bytes))
        })
    }
}

/// What stands in front of an array's elements.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArrayHeader {
    dimensions: usize,
    lengths: [usize; MOST_DIMENSIONS],
    firsts: [i32; MOST_DIMENSIONS],
}

impl ArrayHeader {
    pub fn read(wire: &mut Wire<'_>) -> Option<ArrayHeader> {
        let mut header = ArrayHeader {
            dimensions: usize::try_from(wire.int()?)
                .ok()
                .filter(|count| *count <= MOST_DIMENSIONS)?,
            ..ArrayHeader::default()
        };
        // Whether there are nulls, and the type of the elements: the elements and the plan say that.
        wire.take(8)?;
        let mut elements = 1usize;
        for dimension in 0..header.dimensions {
            // An empty array has no dimensions; but of vectors, which have one, there are empty ones.
            let length = usize::try_from(wire.int()?).ok()?;
            if length == 0 && header.dimensions > 1 {
                return None;
            }
            header.lengths[dimension] = length;
            header.firsts[dimension] = wire.int()?;
            elements = elements.checked_mul(header.lengths[dimension])?;
        }
        // Each element takes four bytes at least.
        if header.dimensions > 0 && elements > wire.rest().len() / 4 {
            return None;
        }
        Some(header)
    }

    pub fn elements(&self) -> usize {
        match self.lengths() {
            [] => 0,
            lengths => lengths.iter().product(),
        }
    }

    /// How many there are in each dimension; nothing for an empty array.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths[..self.dimensions]
    }

    /// The number of the first element in each dimension.
    pub fn firsts(&self) -> &[i32] {
        &self.firsts[..self.dimensions]
    }

    /// Whether it can be lists in lists as the column has them.
    pub fn fits(&self, array: &Array) -> bool {
        if array.first == 0 && self.elements() == 0 {
            // Servers do not take the binary form that they send of an empty vector.
            return false;
        }
        self.dimensions == 0
            || self.dimensions == usize::from(array.dimensions)
                && self.firsts().iter().all(|first| *first == array.first)
    }
}

/// What stands in front of a range's bounds.
#[derive(Clone, Copy, Debug)]
pub struct RangeFlags(u8);

impl RangeFlags {
    const EMPTY: u8 = 0x01;
    const LOWER_INCLUSIVE: u8 = 0x02;
    const UPPER_INCLUSIVE: u8 = 0x04;
    const LOWER_INFINITE: u8 = 0x08;
    const UPPER_INFINITE: u8 = 0x10;

    pub fn is_empty(self) -> bool {
        self.0 & RangeFlags::EMPTY != 0
    }

    pub fn lower_inclusive(self) -> bool {
        self.0 & RangeFlags::LOWER_INCLUSIVE != 0
    }

    pub fn upper_inclusive(self) -> bool {
        self.0 & RangeFlags::UPPER_INCLUSIVE != 0
    }

    fn has_lower(self) -> bool {
        self.0 & (RangeFlags::EMPTY | RangeFlags::LOWER_INFINITE) == 0
    }

    fn has_upper(self) -> bool {
        self.0 & (RangeFlags::EMPTY | RangeFlags::UPPER_INFINITE) == 0
    }
}

/// A range: its flags and its bounds, which are null where there are none.
#[derive(Clone, Copy, Debug)]
pub struct RangeValue {
    pub flags: RangeFlags,
    pub lower: Cell,
    pub upper: Cell,
}

impl RangeValue {
    pub fn read(wire: &mut Wire<'_>) -> Option<RangeValue> {
        let flags = RangeFlags(wire.byte()?);
        let mut bound = |present: bool| if present { wire.cell() } else { Some(NULL) };
        Some(RangeValue {
            flags,
            lower: bound(flags.has_lower())?,
            upper: bound(flags.has_upper())?,
        })
    }
}

/// A null that lies nowhere.
pub const NULL: Cell = Cell::null();

#[cfg(test)]
mod tests {
    use super::*;

    fn header(dimensions: &[(i32, i32)], rest: usize) -> Option<ArrayHeader> {
        let mut bytes = (dimensions.len() as i32).to_be_bytes().to_vec();
        bytes.extend([0; 8]);
        for (length, first) in dimensions {
            bytes.extend(length.to_be_bytes());
            bytes.extend(first.to_be_bytes());
        }
        bytes.resize(bytes.len() + rest, 0);
        ArrayHeader::read(&mut Wire::of(&bytes))
    }

    #[test]
    fn an_array_announces_no_more_than_it_has() {
        assert_eq!(header(&[(2, 1), (3, 1)], 24).unwrap().elements(), 6);
        assert_eq!(header(&[], 0).unwrap().elements(), 0);
        assert_eq!(header(&[(0, 0)], 0).unwrap().elements(), 0);
        // Of nothing there could be any number for nothing.
        assert!(header(&[(i32::MAX, 1), (0, 1)], 0).is_none());
        assert!(header(&[(7, 1)], 24).is_none());
        assert!(header(&[(-1, 1)], 24).is_none());
        assert!(header(&[(1, 1); 7], 24).is_none());
    }

    #[test]
    fn a_value_is_never_left() {
        let bytes = [0, 0, 0, 9, 1, 2, 3];
        assert!(Wire::of(&bytes).cell().is_none());
        assert!(Wire::of(&bytes).count().is_none());
        assert!(Wire::new(&bytes, Cell::new(4, 2)).take(3).is_none());
        assert_eq!(Wire::new(&bytes, Cell::new(4, 2)).take(2), Some(&[1, 2][..]));
    }
}
