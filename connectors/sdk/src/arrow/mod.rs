// SPDX-License-Identifier: Apache-2.0

//! Arrow batches as the ABI exchanges them (docs/abi.md, section 7): a schema model, builders that fill a batch column
//! by column, a writer and a reader of frames. A frame is an Arrow IPC stream of one record batch.
//!
//! Writing: fill the columns of a [`RecordBatchBuilder`], then [`RecordBatchBuilder::finish_into`].
//! Reading: [`FrameReader::parse`], then look at the [`Column`]s of the [`Batch`].

mod batch;
mod builder;
mod column;
mod flatbuffer_reader;
mod flatbuffer_writer;
mod frame_reader;
mod frame_writer;
mod message;
mod schema;
mod schema_ipc;
mod schema_reader;
mod schema_writer;

pub mod schema_as_base64;

pub use batch::Batch;
pub use builder::{
    BoolBuilder, ColumnBuilder, FixedBuilder, ListBuilder, RecordBatchBuilder, StructBuilder, Validity, VarBuilder,
};
pub use column::{Column, Values};
pub use frame_reader::FrameReader;
pub use frame_writer::FrameWriter;
pub use schema::{metadata, DataType, Field, Layout, Schema};
pub use schema_ipc::{schema_from_ipc, schema_to_ipc};
