// SPDX-License-Identifier: Apache-2.0

use super::{ColumnBuilder, Validity};

/// Fills a column of lists, or of maps: the values of all lists go into one column of their own.
#[derive(Clone, Debug)]
pub struct ListBuilder {
    /// Little-endian `i32`: the beginning of the first list, then the end of each.
    offsets: Vec<u8>,
    values: Box<ColumnBuilder>,
    validity: Validity,
}

impl ListBuilder {
    /// `values`: an empty column for the values.
    pub fn new(values: ColumnBuilder) -> ListBuilder {
        ListBuilder {
            offsets: vec![0; 4],
            values: Box::new(values),
            validity: Validity::default(),
        }
    }

    /// The column that the values of the next list are pushed to, before [`ListBuilder::end_list`].
    #[inline]
    pub fn values(&mut self) -> &mut ColumnBuilder {
        &mut self.values
    }

    /// Makes a list of the values that were pushed since the last one.
    pub fn end_list(&mut self) {
        self.push_offset();
        self.validity.push_value();
    }

    pub fn push_null(&mut self) {
        self.push_offset();
        self.validity.push_null();
    }

    fn push_offset(&mut self) {
        self.offsets
            .extend_from_slice(&(self.values.rows() as u32).to_le_bytes());
    }

    pub fn validity(&self) -> &Validity {
        &self.validity
    }

    /// Little-endian `i32`, one more than there are rows.
    pub fn offsets(&self) -> &[u8] {
        &self.offsets
    }

    /// The values of all lists.
    pub fn child(&self) -> &ColumnBuilder {
        &self.values
    }

    /// Keeps the first `rows` lists, and no value behind them.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.validity.truncate(rows);
        self.offsets.truncate((rows + 1) * 4);
        let mut end = [0; 4];
        end.copy_from_slice(&self.offsets[rows * 4..]);
        self.values.truncate(u32::from_le_bytes(end) as usize);
    }

    /// Forgets all rows and keeps the memory.
    pub fn reset(&mut self) {
        self.offsets.truncate(4);
        self.values.reset();
        self.validity.reset();
    }
}
