// SPDX-License-Identifier: Apache-2.0

//! Reads flatbuffers that nobody vouches for: every offset is checked before it is followed.

use std::ops::Range;

/// What is wrong with a flatbuffer; becomes part of an error of category `frame`.
pub type Malformed = &'static str;

const OUTSIDE: Malformed = "an offset of its metadata points outside of it";

/// A table inside `bytes`.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    bytes: &'a [u8],
    table: usize,
    vtable: usize,
    vtable_size: usize,
}

impl<'a> Table<'a> {
    /// The root of a flatbuffer.
    pub fn root(bytes: &'a [u8]) -> Result<Table<'a>, Malformed> {
        Table::at(bytes, follow(bytes, 0)?)
    }

    fn at(bytes: &'a [u8], table: usize) -> Result<Table<'a>, Malformed> {
        let back = i64::from(i32::from_le_bytes(array(bytes, table)?));
        let vtable = usize::try_from(table as i64 - back).map_err(|_| OUTSIDE)?;
        let vtable_size = usize::from(u16::from_le_bytes(array(bytes, vtable)?));
        match vtable.checked_add(vtable_size) {
            Some(end) if vtable_size >= 4 && end <= bytes.len() => Ok(Table {
                bytes,
                table,
                vtable,
                vtable_size,
            }),
            _ => Err(OUTSIDE),
        }
    }

    /// Where a field is; `None` when it is absent and its default holds.
    fn place(&self, field: usize) -> Result<Option<usize>, Malformed> {
        let entry = 4 + 2 * field;
        if entry + 2 > self.vtable_size {
            return Ok(None);
        }
        match u16::from_le_bytes(array(self.bytes, self.vtable + entry)?) {
            0 => Ok(None),
            offset => Ok(Some(self.table + usize::from(offset))),
        }
    }

    fn number<const N: usize>(&self, field: usize) -> Result<Option<[u8; N]>, Malformed> {
        self.place(field)?.map(|place| array(self.bytes, place)).transpose()
    }

    pub fn byte(&self, field: usize) -> Result<u8, Malformed> {
        Ok(self.number::<1>(field)?.map_or(0, |[byte]| byte))
    }

    pub fn short(&self, field: usize, default: i16) -> Result<i16, Malformed> {
        Ok(self.number(field)?.map_or(default, i16::from_le_bytes))
    }

    pub fn int(&self, field: usize, default: i32) -> Result<i32, Malformed> {
        Ok(self.number(field)?.map_or(default, i32::from_le_bytes))
    }

    pub fn long(&self, field: usize) -> Result<i64, Malformed> {
        Ok(self.number(field)?.map_or(0, i64::from_le_bytes))
    }

    pub fn is_present(&self, field: usize) -> Result<bool, Malformed> {
        Ok(self.place(field)?.is_some())
    }

    pub fn table(&self, field: usize) -> Result<Option<Table<'a>>, Malformed> {
        match self.place(field)? {
            Some(place) => Table::at(self.bytes, follow(self.bytes, place)?).map(Some),
            None => Ok(None),
        }
    }

    pub fn string(&self, field: usize) -> Result<Option<&'a str>, Malformed> {
        match self.vector(field, 1)? {
            Some(bytes) => std::str::from_utf8(bytes)
                .map(Some)
                .map_err(|_| "a text of its metadata is not UTF-8"),
            None => Ok(None),
        }
    }

    /// The tables of a vector of references to tables; none when the vector is absent.
    pub fn tables(&self, field: usize) -> Result<Vec<Table<'a>>, Malformed> {
        let references = self.vector_range(field, 4)?.unwrap_or(0..0);
        references
            .step_by(4)
            .map(|place| Table::at(self.bytes, follow(self.bytes, place)?))
            .collect()
    }

    /// The bytes of a vector whose elements have `width` bytes each.
    pub fn vector(&self, field: usize, width: usize) -> Result<Option<&'a [u8]>, Malformed> {
        Ok(self.vector_range(field, width)?.map(|range| &self.bytes[range]))
    }

    /// Where the elements of a vector are: always inside of the bytes.
    fn vector_range(&self, field: usize, width: usize) -> Result<Option<Range<usize>>, Malformed> {
        let place = match self.place(field)? {
            Some(place) => follow(self.bytes, place)?,
            None => return Ok(None),
        };
        let count = u32::from_le_bytes(array(self.bytes, place)?) as usize;
        let start = place + 4;
        let end = count
            .checked_mul(width)
            .and_then(|size| start.checked_add(size))
            .ok_or(OUTSIDE)?;
        match end <= self.bytes.len() {
            true => Ok(Some(start..end)),
            false => Err(OUTSIDE),
        }
    }
}

/// The target of the reference at `place`.
fn follow(bytes: &[u8], place: usize) -> Result<usize, Malformed> {
    let distance = u32::from_le_bytes(array(bytes, place)?) as usize;
    place
        .checked_add(distance)
        .filter(|target| *target < bytes.len())
        .ok_or(OUTSIDE)
}

fn array<const N: usize>(bytes: &[u8], place: usize) -> Result<[u8; N], Malformed> {
    let end = place.checked_add(N).ok_or(OUTSIDE)?;
    bytes
        .get(place..end)
        .and_then(|slice| slice.try_into().ok())
        .ok_or(OUTSIDE)
}
