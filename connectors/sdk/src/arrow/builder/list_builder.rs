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
        self.push_offset(self.values.rows());
        self.validity.push_value();
    }

    /// Makes a list of the next `count` values, for whoever pushes the values of many lists first.
    pub fn end_list_of(&mut self, count: usize) {
        self.push_offset(self.end() + count);
        self.validity.push_value();
    }

    pub fn push_null(&mut self) {
        self.push_offset(self.end());
        self.validity.push_null();
    }

    /// Drops the values that belong to no list.
    pub fn drop_unfinished(&mut self) {
        self.truncate(self.validity.rows());
    }

    fn push_offset(&mut self, offset: usize) {
        // More values than an offset can say are refused when the batch is finished, see `ColumnBuilder::verify`.
        self.offsets.extend_from_slice(&(offset as u32).to_le_bytes());
    }

    /// Where the last list ends.
    fn end(&self) -> usize {
        let mut end = [0; 4];
        end.copy_from_slice(&self.offsets[self.offsets.len() - 4..]);
        u32::from_le_bytes(end) as usize
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
        self.values.truncate(self.end());
    }

    /// Forgets all rows and keeps the memory.
    pub fn reset(&mut self) {
        self.offsets.truncate(4);
        self.values.reset();
        self.validity.reset();
    }
}
