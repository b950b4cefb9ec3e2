// SPDX-License-Identifier: Apache-2.0

use super::schema::DataType;

/// One column of a batch that was read. The [reader](super::FrameReader) has checked that all rows are inside of the buffers, so that
/// no content makes these methods fail for a row of the batch; for any other row they panic.
#[derive(Clone, Debug)]
pub struct Column<'a> {
    pub(super) data_type: DataType,
    pub(super) rows: usize,
    pub(super) null_count: usize,
    /// Empty when there is no null.
    pub(super) validity: &'a [u8],
    pub(super) values: Values<'a>,
    /// Of a list or a map one, of a struct as many as it has fields.
    pub(super) children: Vec<Column<'a>>,
}

/// The buffers behind the validity, by layout.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// One bit a row.
    Bool(&'a [u8]),
    /// As many bytes a row as `width` says, little-endian; exactly as long as the rows are.
    Fixed { width: usize, bytes: &'a [u8] },
    /// Offsets are little-endian `i32`, one more than there are rows, ascending, none beyond the data.
    Var { offsets: &'a [u8], data: &'a [u8] },
    /// Offsets as above, none beyond the rows of the one child.
    List { offsets: &'a [u8] },
    /// Nothing: each child has as many rows.
    Struct,
}

impl<'a> Column<'a> {
    pub fn data_type(&self) -> DataType {
        self.data_type
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn null_count(&self) -> usize {
        self.null_count
    }

    /// One bit a row, 1 for a value; empty when the column has no null.
    pub fn validity(&self) -> &'a [u8] {
        self.validity
    }

    pub fn values(&self) -> Values<'a> {
        self.values
    }

    /// The columns inside of this one: one for a list or a map, as many as there are fields for a struct.
    pub fn children(&self) -> &[Column<'a>] {
        &self.children
    }

    /// The rows of the child that are the list or map of this row.
    #[inline]
    pub fn list(&self, row: usize) -> std::ops::Range<usize> {
        match self.values {
            Values::List { offsets } => offset(offsets, row)..offset(offsets, row + 1),
            _ => self.wrong_layout("a list"),
        }
    }

    /// Whether the row has a value.
    #[inline]
    pub fn is_valid(&self, row: usize) -> bool {
        self.validity.is_empty() || self.validity[row >> 3] >> (row & 7) & 1 == 1
    }

    /// The value of a row of a `bool` column.
    #[inline]
    pub fn bool(&self, row: usize) -> bool {
        match self.values {
            Values::Bool(bits) => bits[row >> 3] >> (row & 7) & 1 == 1,
            _ => self.wrong_layout("bool"),
        }
    }

    #[inline]
    pub fn i16(&self, row: usize) -> i16 {
        i16::from_le_bytes(self.array(row))
    }

    #[inline]
    pub fn i32(&self, row: usize) -> i32 {
        i32::from_le_bytes(self.array(row))
    }

    #[inline]
    pub fn i64(&self, row: usize) -> i64 {
        i64::from_le_bytes(self.array(row))
    }

    #[inline]
    pub fn f32(&self, row: usize) -> f32 {
        f32::from_le_bytes(self.array(row))
    }

    #[inline]
    pub fn f64(&self, row: usize) -> f64 {
        f64::from_le_bytes(self.array(row))
    }

    #[inline]
    pub fn i128(&self, row: usize) -> i128 {
        i128::from_le_bytes(self.array(row))
    }

    /// The value of a row of a fixed-width column as its little-endian bytes; `N` must be the width.
    #[inline]
    pub fn array<const N: usize>(&self, row: usize) -> [u8; N] {
        match self.values {
            Values::Fixed { width, bytes } if width == N => {
                let mut value = [0; N];
                value.copy_from_slice(&bytes[row * N..row * N + N]);
                value
            }
            _ => self.wrong_layout("a number of this width"),
        }
    }

    /// The value of a row of a `utf8`, a `binary` or a fixed-width column.
    #[inline]
    pub fn bytes(&self, row: usize) -> &'a [u8] {
        match self.values {
            Values::Var { offsets, data } => &data[offset(offsets, row)..offset(offsets, row + 1)],
            Values::Fixed { width, bytes } => &bytes[row * width..row * width + width],
            Values::Bool(_) | Values::List { .. } | Values::Struct => self.wrong_layout("bytes"),
        }
    }

    /// Whether all values of a `utf8` column are UTF-8, which a reader must not trust them to be.
    pub fn is_utf8(&self) -> bool {
        match self.values {
            Values::Var { offsets, data } => are_utf8(offsets, self.rows, data),
            _ => false,
        }
    }

    #[cold]
    #[inline(never)]
    fn wrong_layout(&self, wanted: &str) -> ! {
        panic!("a column of {} was read as {}", self.data_type, wanted)
    }
}

/// Checks the data as one text, then that no value begins in the middle of a character.
#[inline(never)]
fn are_utf8(offsets: &[u8], rows: usize, data: &[u8]) -> bool {
    let used = &data[offset(offsets, 0)..offset(offsets, rows)];
    if crate::utf8::is_ascii(used) {
        return true;
    }
    let begins_character = |row| {
        let place = offset(offsets, row);
        place == data.len() || data[place] & 0xC0 != 0x80
    };
    crate::utf8::is_utf8(used) && (0..rows).all(begins_character)
}

/// The offset of this index.
#[inline]
pub(super) fn offset(offsets: &[u8], index: usize) -> usize {
    let at = index * 4;
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&offsets[at..at + 4]);
    u32::from_le_bytes(bytes) as usize
}
