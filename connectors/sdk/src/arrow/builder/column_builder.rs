// SPDX-License-Identifier: Apache-2.0

use super::{BoolBuilder, FixedBuilder, ListBuilder, StructBuilder, Validity, VarBuilder};
use crate::arrow::{DataType, Field, Layout};

/// A column that is being filled: one variant for each layout.
#[derive(Clone, Debug)]
pub enum ColumnBuilder {
    Bool(BoolBuilder),
    Fixed(FixedBuilder),
    Var(VarBuilder),
    List(ListBuilder),
    Struct(StructBuilder),
}

impl ColumnBuilder {
    /// An empty column of a type without children; [`ColumnBuilder::of`] makes one of any type.
    pub fn new(data_type: DataType) -> ColumnBuilder {
        ColumnBuilder::of(&Field::new("", data_type, true))
    }

    /// An empty column for this field.
    pub fn of(field: &Field) -> ColumnBuilder {
        match field.data_type.layout() {
            Layout::Bool => ColumnBuilder::Bool(BoolBuilder::default()),
            Layout::Fixed(width) => ColumnBuilder::Fixed(FixedBuilder::new(width)),
            Layout::Var => ColumnBuilder::Var(VarBuilder::default()),
            Layout::List => {
                // A list without a child is refused when the batch is finished.
                let values = field
                    .children
                    .first()
                    .map_or(ColumnBuilder::new(DataType::Bool), ColumnBuilder::of);
                ColumnBuilder::List(ListBuilder::new(values))
            }
            Layout::Struct => {
                let fields = field.children.iter().map(ColumnBuilder::of);
                ColumnBuilder::Struct(StructBuilder::new(fields.collect()))
            }
        }
    }

    /// Adds a null, whatever the layout.
    #[inline]
    pub fn push_null(&mut self) {
        match self {
            ColumnBuilder::Bool(column) => column.push_null(),
            ColumnBuilder::Fixed(column) => column.push_null(),
            ColumnBuilder::Var(column) => column.push_null(),
            ColumnBuilder::List(column) => column.push_null(),
            ColumnBuilder::Struct(column) => column.push_null(),
        }
    }

    pub fn validity(&self) -> &Validity {
        match self {
            ColumnBuilder::Bool(column) => column.validity(),
            ColumnBuilder::Fixed(column) => column.validity(),
            ColumnBuilder::Var(column) => column.validity(),
            ColumnBuilder::List(column) => column.validity(),
            ColumnBuilder::Struct(column) => column.validity(),
        }
    }

    pub fn rows(&self) -> usize {
        self.validity().rows()
    }

    /// Bytes the column takes in a frame, up to padding.
    pub fn byte_size(&self) -> usize {
        let mut buffers = Vec::new();
        self.collect_buffers(&mut buffers);
        buffers.iter().map(|buffer| buffer.len()).sum()
    }

    /// Takes the last row back, so that a row whose later columns cannot be read leaves no trace. There must be one.
    pub fn pop(&mut self) {
        self.truncate(self.rows() - 1);
    }

    /// Keeps the first `rows` rows. What was pushed to the children of a list or a struct that has not ended is dropped, too.
    pub fn truncate(&mut self, rows: usize) {
        match self {
            ColumnBuilder::Bool(column) => column.truncate(rows),
            ColumnBuilder::Fixed(column) => column.truncate(rows),
            ColumnBuilder::Var(column) => column.truncate(rows),
            ColumnBuilder::List(column) => column.truncate(rows),
            ColumnBuilder::Struct(column) => column.truncate(rows),
        }
    }

    /// Forgets all rows and keeps the memory.
    pub fn reset(&mut self) {
        match self {
            ColumnBuilder::Bool(column) => column.reset(),
            ColumnBuilder::Fixed(column) => column.reset(),
            ColumnBuilder::Var(column) => column.reset(),
            ColumnBuilder::List(column) => column.reset(),
            ColumnBuilder::Struct(column) => column.reset(),
        }
    }

    /// Adds the buffers in Arrow's order: validity, then bits or values, or offsets and data, then those of the children.
    pub(crate) fn collect_buffers<'a>(&'a self, buffers: &mut Vec<&'a [u8]>) {
        buffers.push(self.validity().bits());
        match self {
            ColumnBuilder::Bool(column) => buffers.push(column.bits()),
            ColumnBuilder::Fixed(column) => buffers.push(column.bytes()),
            ColumnBuilder::Var(column) => buffers.extend([column.offsets(), column.data()]),
            ColumnBuilder::List(column) => {
                buffers.push(column.offsets());
                column.child().collect_buffers(buffers);
            }
            ColumnBuilder::Struct(column) => {
                column
                    .children()
                    .iter()
                    .for_each(|child| child.collect_buffers(buffers));
            }
        }
    }

    /// Adds the number of rows and of nulls of the column, then those of its children.
    pub(crate) fn collect_nodes(&self, nodes: &mut Vec<(i64, i64)>) {
        nodes.push((self.rows() as i64, self.validity().null_count() as i64));
        match self {
            ColumnBuilder::Bool(_) | ColumnBuilder::Fixed(_) | ColumnBuilder::Var(_) => {}
            ColumnBuilder::List(column) => column.child().collect_nodes(nodes),
            ColumnBuilder::Struct(column) => column.children().iter().for_each(|child| child.collect_nodes(nodes)),
        }
    }

    /// Whether the column can stand in a frame as this field with `rows` rows; what is wrong when not.
    pub(crate) fn verify(&self, field: &Field, rows: usize) -> Result<(), String> {
        let fits = match (self, field.data_type.layout()) {
            (ColumnBuilder::Bool(_), Layout::Bool) => true,
            (ColumnBuilder::Fixed(column), Layout::Fixed(width)) => {
                column.width() == width && column.bytes().len() == width * column.validity().rows()
            }
            (ColumnBuilder::Var(column), Layout::Var) => i32::try_from(column.data().len()).is_ok(),
            (ColumnBuilder::List(column), Layout::List) => {
                i32::try_from(column.child().rows()).is_ok() && field.children.len() == 1
            }
            (ColumnBuilder::Struct(column), Layout::Struct) => column.children().len() == field.children.len(),
            _ => false,
        };
        if !fits {
            return Err(format!(
                "its values are not those of a {}, or are more than 2 GiB",
                field.type_text()
            ));
        }
        match self.rows() {
            filled if filled == rows => self.verify_children(field),
            filled => Err(format!("it has {} rows in a batch of {}", filled, rows)),
        }
    }

    fn verify_children(&self, field: &Field) -> Result<(), String> {
        match self {
            ColumnBuilder::Bool(_) | ColumnBuilder::Fixed(_) | ColumnBuilder::Var(_) => Ok(()),
            ColumnBuilder::List(column) => {
                let values = column
                    .offsets()
                    .rchunks_exact(4)
                    .next()
                    .map_or(0, |end| u32::from_le_bytes([end[0], end[1], end[2], end[3]]) as usize);
                column.child().verify(&field.children[0], values)
            }
            ColumnBuilder::Struct(column) => {
                let children = column.children().iter().zip(&field.children);
                children
                    .map(|(child, field)| child.verify(field, self.rows()))
                    .collect()
            }
        }
    }
}
