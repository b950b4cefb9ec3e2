// SPDX-License-Identifier: Apache-2.0

use super::column::Column;
use super::schema::Schema;
use std::rc::Rc;

/// A batch that was read: its columns look into the frame.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    pub(super) schema: Rc<Schema>,
    pub(super) rows: usize,
    pub(super) columns: Vec<Column<'a>>,
}

impl<'a> Batch<'a> {
    /// The schema. Batches of one reader whose schemas are written the same share one, so that [`Rc::ptr_eq`] tells
    /// whether anything derived from the last one still holds.
    pub fn schema(&self) -> &Rc<Schema> {
        &self.schema
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// One for each field of the schema.
    pub fn columns(&self) -> &[Column<'a>] {
        &self.columns
    }
}
