// SPDX-License-Identifier: Apache-2.0

/// How many values a block holds: with 8 bytes for each, the index stays in the processor's cache.
const CELLS_OF_A_BLOCK: usize = 8192;

/// A larger block gains nothing once everything is compiled, and delays that: the virtual machine compiles a function after some
/// hundred calls, whatever its loops do before.
const MOST_ROWS_OF_A_BLOCK: usize = 128;

/// Where a value lies in the bytes it was read from, and how long it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell(u64);

/// The length that stands for a null.
const NULL: i32 = -1;

impl Cell {
    /// A null that lies nowhere.
    pub const fn null() -> Cell {
        Cell((NULL as u32 as u64) << 32)
    }

    #[inline]
    pub fn new(offset: usize, length: i32) -> Cell {
        Cell((length as u32 as u64) << 32 | offset as u32 as u64)
    }

    /// The length in bytes; negative for a null.
    #[inline]
    pub fn length(self) -> i32 {
        (self.0 >> 32) as i32
    }

    #[inline]
    pub fn is_null(self) -> bool {
        self.length() == NULL
    }

    #[inline]
    pub fn offset(self) -> usize {
        self.0 as u32 as usize
    }

    /// The value; empty for a null.
    #[inline]
    pub fn value(self, bytes: &[u8]) -> &[u8] {
        let start = self.offset();
        bytes.get(start..start + self.length().max(0) as usize).unwrap_or(&[])
    }
}

/// Where the values of a block of rows lie, column by column.
pub struct Index {
    cells: Vec<Cell>,
    columns: usize,
    capacity: usize,
    rows: usize,
    payload: usize,
}

impl Index {
    pub fn new(columns: usize) -> Index {
        let capacity = (CELLS_OF_A_BLOCK / columns.max(1)).clamp(8, MOST_ROWS_OF_A_BLOCK);
        Index {
            cells: vec![Cell::default(); capacity * columns],
            columns,
            capacity,
            rows: 0,
            payload: 0,
        }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The most rows a block can hold.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    pub fn is_full(&self) -> bool {
        self.rows == self.capacity
    }

    /// At least the bytes of all values of the block.
    pub fn payload(&self) -> usize {
        self.payload
    }

    /// The values of a column.
    pub fn column(&self, column: usize) -> &[Cell] {
        let start = column * self.capacity;
        &self.cells[start..start + self.rows]
    }

    pub fn clear(&mut self) {
        self.rows = 0;
        self.payload = 0;
    }

    /// Adds the row that takes exactly `bytes[start..end]`; `false`, and nothing added, when what lies there is
    /// anything else: the end marker, a part of a row, several rows.
    #[inline]
    pub fn add_row(&mut self, bytes: &[u8], start: usize, end: usize) -> bool {
        match self.scan(bytes, start, end) {
            Scan::Row { end: found } if found == end => {
                self.rows += 1;
                self.payload += end - start;
                true
            }
            _ => false,
        }
    }

    /// Adds the row that begins at `start`, when all of it lies before `end`.
    pub fn add_row_of_stream(&mut self, bytes: &[u8], start: usize, end: usize) -> Scan {
        let scan = self.scan(bytes, start, end);
        if let Scan::Row { end } = scan {
            self.rows += 1;
            self.payload += end - start;
        }
        scan
    }

    #[inline]
    fn scan(&mut self, bytes: &[u8], start: usize, end: usize) -> Scan {
        let bytes = match bytes.get(..end) {
            Some(bytes) if start + 2 <= end => bytes,
            _ => return Scan::Incomplete,
        };
        let fields = i16::from_be_bytes([bytes[start], bytes[start + 1]]);
        if fields as usize != self.columns {
            return if fields == -1 { Scan::End } else { Scan::Fields(fields) };
        }
        let mut position = start + 2;
        let mut slot = self.rows;
        for _ in 0..self.columns {
            let length = match bytes.get(position..position + 4) {
                Some(length) => i32::from_be_bytes([length[0], length[1], length[2], length[3]]),
                None => return Scan::Incomplete,
            };
            position += 4;
            self.cells[slot] = Cell::new(position, length);
            slot += self.capacity;
            if length > 0 {
                position += length as usize;
                if position > end {
                    return Scan::Incomplete;
                }
            } else if length < NULL {
                return Scan::Malformed;
            }
        }
        Scan::Row { end: position }
    }
}

/// What lies where a row could begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// A row, up to here.
    Row { end: usize },
    /// A part of something.
    Incomplete,
    /// The marker behind the last row.
    End,
    /// A row of another number of fields.
    Fields(i16),
    /// Nothing that Postgres writes.
    Malformed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_keeps_offset_and_length() {
        let cell = Cell::new(4_000_000_000, 1_000_000_000);
        assert_eq!(
            (cell.offset(), cell.length(), cell.is_null()),
            (4_000_000_000, 1_000_000_000, false)
        );
        let null = Cell::new(7, -1);
        assert_eq!((null.offset(), null.length(), null.is_null()), (7, -1, true));
        assert_eq!(null.value(b"0123456789"), b"");
        assert_eq!(Cell::new(2, 3).value(b"0123456789"), b"234");
    }

    #[test]
    fn values_are_found_column_by_column() {
        let mut index = Index::new(2);
        let row = b"\0\x02\0\0\0\x03abc\xff\xff\xff\xff";
        assert!(index.add_row(row, 0, row.len()));
        assert!(index.add_row(row, 0, row.len()));
        assert_eq!(index.rows(), 2);
        assert_eq!(index.column(0)[1].value(row), b"abc");
        assert!(index.column(1)[0].is_null());
        assert!(index.payload() >= 6);
        index.clear();
        assert_eq!(index.rows(), 0);
    }

    #[test]
    fn what_is_no_whole_row_is_not_added() {
        let row = b"\0\x02\0\0\0\x03abc\xff\xff\xff\xff";
        let mut index = Index::new(2);
        for end in 0..row.len() {
            assert!(!index.add_row(row, 0, end), "{} bytes", end);
            assert_eq!(index.add_row_of_stream(row, 0, end), Scan::Incomplete);
        }
        let mut longer = row.to_vec();
        longer.push(0);
        assert!(!index.add_row(&longer, 0, longer.len()));
        assert_eq!(index.add_row_of_stream(b"\xff\xff", 0, 2), Scan::End);
        assert_eq!(index.add_row_of_stream(b"\0\x03\0\0", 0, 4), Scan::Fields(3));
        assert_eq!(
            index.add_row_of_stream(b"\0\x02\xff\xff\xff\xfe", 0, 6),
            Scan::Malformed
        );
        assert_eq!(index.rows(), 0);
    }

    #[test]
    fn rows_without_columns_are_counted() {
        let mut index = Index::new(0);
        assert!(index.add_row(b"\0\0", 0, 2));
        assert_eq!(index.rows(), 1);
        assert_eq!(index.capacity(), 128);
    }
}
