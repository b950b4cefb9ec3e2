// SPDX-License-Identifier: Apache-2.0

use super::message::END_OF_STREAM;
use super::schema::Schema;
use super::schema_reader::read_schema;
use super::schema_writer::write_schema_message;
use crate::error::{Error, Result};

/// The Arrow IPC stream that holds the schema and no batch.
pub fn schema_to_ipc(schema: &Schema) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_schema_message(schema, &mut bytes);
    bytes.extend_from_slice(&END_OF_STREAM);
    bytes
}

/// Reads the schema at the beginning of an Arrow IPC stream; what follows it is not looked at.
pub fn schema_from_ipc(bytes: &[u8]) -> Result<Schema> {
    read_schema(bytes).map_err(|wrong| Error::frame(format!("the schema is not an Arrow IPC stream: {}", wrong)))
}
