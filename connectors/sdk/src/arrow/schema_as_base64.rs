// SPDX-License-Identifier: Apache-2.0

//! Schemas in JSON: the base64 of their Arrow IPC stream. For `#[serde(with = "rapidbyte_sdk::arrow::schema_as_base64")]`.

use super::{schema_from_ipc, schema_to_ipc, Schema};
use crate::error::{Error, Result};
use serde::{de, Deserialize, Deserializer, Serializer};

/// The base64 of the schema's Arrow IPC stream.
pub fn to_base64(schema: &Schema) -> String {
    base64::encode(schema_to_ipc(schema))
}

/// The schema behind the base64 of an Arrow IPC stream.
pub fn from_base64(text: &str) -> Result<Schema> {
    let bytes = base64::decode(text).map_err(|wrong| Error::frame(format!("the schema is not base64: {}", wrong)))?;
    schema_from_ipc(&bytes)
}

pub fn serialize<S: Serializer>(schema: &Schema, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&to_base64(schema))
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Schema, D::Error> {
    let text = String::deserialize(deserializer)?;
    from_base64(&text).map_err(de::Error::custom)
}
