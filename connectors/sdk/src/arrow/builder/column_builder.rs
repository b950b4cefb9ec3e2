// SPDX-License-Identifier: Apache-2.0

use super::{BoolBuilder, FixedBuilder, Validity, VarBuilder};
use crate::arrow::{DataType, Layout};

/// A column that is being filled: one variant for each layout.
#[derive(Clone, Debug)]
pub enum ColumnBuilder {
    Bool(BoolBuilder),
    Fixed(FixedBuilder),
    Var(VarBuilder),
}

impl ColumnBuilder {
    /// An empty column of this type.
    pub fn new(data_type: DataType) -> ColumnBuilder {
        match data_type.layout() {
            Layout::Bool => ColumnBuilder::Bool(BoolBuilder::default()),
            Layout::Fixed(width) => ColumnBuilder::Fixed(FixedBuilder::new(width)),
            Layout::Var => ColumnBuilder::Var(VarBuilder::default()),
        }
    }

    /// Adds a null, whatever the layout.
    #[inline]
    pub fn push_null(&mut self) {
        match self {
            ColumnBuilder::Bool(column) => column.push_null(),
            ColumnBuilder::Fixed(column) => column.push_null(),
            ColumnBuilder::Var(column) => column.push_null(),
        }
    }

    pub fn validity(&self) -> &Validity {
        match self {
            ColumnBuilder::Bool(column) => column.validity(),
            ColumnBuilder::Fixed(column) => column.validity(),
            ColumnBuilder::Var(column) => column.validity(),
        }
    }

    pub fn rows(&self) -> usize {
        self.validity().rows()
    }

    /// Bytes the column takes in a frame, up to padding.
    pub fn byte_size(&self) -> usize {
        self.buffers().iter().map(|buffer| buffer.len()).sum()
    }

    /// Takes the last row back, so that a row whose later columns cannot be read leaves no trace. There must be one.
    pub fn pop(&mut self) {
        match self {
            ColumnBuilder::Bool(column) => column.pop(),
            ColumnBuilder::Fixed(column) => column.pop(),
            ColumnBuilder::Var(column) => column.pop(),
        }
    }

    /// Forgets all rows and keeps the memory.
    pub fn reset(&mut self) {
        match self {
            ColumnBuilder::Bool(column) => column.reset(),
            ColumnBuilder::Fixed(column) => column.reset(),
            ColumnBuilder::Var(column) => column.reset(),
        }
    }

    /// The buffers in Arrow's order: validity, then bits or values, or offsets and data. The third is
    /// always empty but for the layout that has one.
    pub(crate) fn buffers(&self) -> [&[u8]; 3] {
        match self {
            ColumnBuilder::Bool(column) => [column.validity().bits(), column.bits(), &[]],
            ColumnBuilder::Fixed(column) => [column.validity().bits(), column.bytes(), &[]],
            ColumnBuilder::Var(column) => [column.validity().bits(), column.offsets(), column.data()],
        }
    }

    /// Whether the column can stand in a frame as a `data_type` with `rows` rows; what is wrong when not.
    pub(crate) fn verify(&self, data_type: DataType, rows: usize) -> Result<(), String> {
        let fits = match (self, data_type.layout()) {
            (ColumnBuilder::Bool(_), Layout::Bool) => true,
            (ColumnBuilder::Fixed(column), Layout::Fixed(width)) => {
                column.width() == width && column.bytes().len() == width * column.validity().rows()
            }
            (ColumnBuilder::Var(column), Layout::Var) => i32::try_from(column.data().len()).is_ok(),
            _ => false,
        };
        if !fits {
            return Err(format!(
                "its values are not those of a {}, or are more than 2 GiB",
                data_type
            ));
        }
        match self.rows() {
            filled if filled == rows => Ok(()),
            filled => Err(format!("it has {} rows in a batch of {}", filled, rows)),
        }
    }
}
