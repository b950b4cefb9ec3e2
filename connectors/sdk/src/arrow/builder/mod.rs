// SPDX-License-Identifier: Apache-2.0

//! Columns that are being filled. All of them keep their memory from batch to batch, so that after the first batches
//! no cell costs an allocation.

mod bool_builder;
mod column_builder;
mod fixed_builder;
mod list_builder;
mod record_batch_builder;
mod struct_builder;
mod validity;
mod var_builder;

pub use bool_builder::BoolBuilder;
pub use column_builder::ColumnBuilder;
pub use fixed_builder::FixedBuilder;
pub use list_builder::ListBuilder;
pub use record_batch_builder::RecordBatchBuilder;
pub use struct_builder::StructBuilder;
pub use validity::Validity;
pub use var_builder::VarBuilder;
