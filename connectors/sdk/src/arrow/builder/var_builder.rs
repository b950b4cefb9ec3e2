// SPDX-License-Identifier: Apache-2.0

use super::Validity;

/// Fills a column of `utf8` or `binary`.
///
/// Whoever fills a `utf8` column vouches for the text being UTF-8; [`crate::utf8::is_utf8`] checks what is not known to be.
#[derive(Clone, Debug)]
pub struct VarBuilder {
    /// Little-endian `i32`: the beginning of the first value, then the end of each.
    offsets: Vec<u8>,
    data: Vec<u8>,
    validity: Validity,
}

impl Default for VarBuilder {
    fn default() -> VarBuilder {
        VarBuilder {
            offsets: vec![0; 4],
            data: Vec::new(),
            validity: Validity::default(),
        }
    }
}

impl VarBuilder {
    #[inline]
    pub fn push(&mut self, value: &[u8]) {
        self.data.extend_from_slice(value);
        self.end_value();
    }

    #[inline]
    pub fn push_str(&mut self, value: &str) {
        self.push(value.as_bytes());
    }

    /// Makes the column one of a single value of so many bytes, which are given when the batch is finished: see
    /// [`finish_borrowing_into`](super::RecordBatchBuilder::finish_borrowing_into). The column must be empty.
    pub fn push_borrowed(&mut self, length: usize) {
        self.offsets.extend_from_slice(&(length as u32).to_le_bytes());
        self.validity.push_value();
    }

    /// Adds a value that `write` appends to the data, such as a number in its text form.
    #[inline]
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.data);
        self.end_value();
    }

    #[inline]
    pub fn push_null(&mut self) {
        self.push_offset();
        self.validity.push_null();
    }

    #[inline]
    fn end_value(&mut self) {
        self.push_offset();
        self.validity.push_value();
    }

    #[inline]
    fn push_offset(&mut self) {
        // Data beyond what an offset can say is refused when the batch is finished, see `ColumnBuilder::verify`.
        self.offsets.extend_from_slice(&(self.data.len() as u32).to_le_bytes());
    }

    pub fn validity(&self) -> &Validity {
        &self.validity
    }

    /// Little-endian `i32`, one more than there are rows.
    pub fn offsets(&self) -> &[u8] {
        &self.offsets
    }

    pub fn data(&self) -> &[u8] {
        &self.data
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        self.validity.truncate(rows);
        let end = rows * 4;
        self.offsets.truncate(end + 4);
        let mut offset = [0; 4];
        offset.copy_from_slice(&self.offsets[end..]);
        self.data.truncate(u32::from_le_bytes(offset) as usize);
    }

    /// Forgets all rows and keeps the memory.
    pub fn reset(&mut self) {
        self.offsets.truncate(4);
        self.data.clear();
        self.validity.reset();
    }
}
