// SPDX-License-Identifier: Apache-2.0

use super::{ColumnBuilder, Validity};

/// Fills a column of structs: a column for each of their fields, and one bit that says whether there is a struct at all.
#[derive(Clone, Debug)]
pub struct StructBuilder {
    fields: Vec<ColumnBuilder>,
    validity: Validity,
}

impl StructBuilder {
    /// `fields`: an empty column for each field.
    pub fn new(fields: Vec<ColumnBuilder>) -> StructBuilder {
        StructBuilder {
            fields,
            validity: Validity::default(),
        }
    }

    /// The columns that the values of the next struct are pushed to, one to each, before [`StructBuilder::end_struct`].
    #[inline]
    pub fn fields(&mut self) -> &mut [ColumnBuilder] {
        &mut self.fields
    }

    /// Makes a struct of what was pushed since the last one.
    pub fn end_struct(&mut self) {
        self.validity.push_value();
    }

    /// Makes structs of values that were pushed in bulk: a struct where `is_value` says so, else a null, for which
    /// each field has a value, too.
    pub fn end_structs(&mut self, is_value: impl Iterator<Item = bool>) {
        for is_value in is_value {
            if is_value {
                self.validity.push_value();
            } else {
                self.validity.push_null();
            }
        }
    }

    /// Drops the values that belong to no struct.
    pub fn drop_unfinished(&mut self) {
        self.truncate(self.validity.rows());
    }

    pub fn push_null(&mut self) {
        self.fields.iter_mut().for_each(ColumnBuilder::push_null);
        self.validity.push_null();
    }

    pub fn validity(&self) -> &Validity {
        &self.validity
    }

    pub fn children(&self) -> &[ColumnBuilder] {
        &self.fields
    }

    /// Keeps the first `rows` structs, and no value behind them.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.validity.truncate(rows);
        self.fields.iter_mut().for_each(|field| field.truncate(rows));
    }

    /// Forgets all rows and keeps the memory.
    pub fn reset(&mut self) {
        self.fields.iter_mut().for_each(ColumnBuilder::reset);
        self.validity.reset();
    }
}
