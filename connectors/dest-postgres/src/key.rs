// SPDX-License-Identifier: Apache-2.0

//! The columns that a pipeline says identify a row.

use rapidbyte_sdk::arrow::{metadata, Schema};
use rapidbyte_sdk::postgres::quote_identifier;
use rapidbyte_sdk::{Error, Result, TargetRequest, WriteMode};

/// Columns of the stream, as many as there are in the pipeline's `primary_key`, in its order; none when it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    pub columns: Vec<String>,
}

impl Key {
    /// Fails when they are not columns of the stream, or when there have to be some and are none.
    pub fn of(request: &TargetRequest) -> Result<Key> {
        let columns = &request.primary_key;
        let stream = &request.stream.name;
        if columns.is_empty() && request.write_mode == WriteMode::Upsert {
            return Err(Error::config(
                "missing_primary_key",
                format!(
                    "stream '{}': write_mode 'upsert' has to know which row is which, and the destination has no 'primary_key'",
                    stream
                ),
            )
            .hint(match source_key(&request.schema) {
                Some(key) => format!("the source's table has the primary key {}: set primary_key to it", key),
                None => "set primary_key to the columns that identify a row".into(),
            }));
        }
        for (number, column) in columns.iter().enumerate() {
            if !request.schema.fields.iter().any(|field| field.name == *column) {
                let names: Vec<_> = request.schema.fields.iter().map(|field| field.name.as_str()).collect();
                return Err(Error::config(
                    "unknown_key_column",
                    format!(
                        "stream '{}': the primary_key names '{}', which is none of the stream's columns",
                        stream, column
                    ),
                )
                .hint(format!("the columns are: {}", shortened(&names.join(", ")))));
            }
            if columns[..number].contains(column) {
                return Err(Error::config(
                    "invalid_primary_key",
                    format!("stream '{}': the primary_key names '{}' twice", stream, column),
                )
                .hint("name each column once"));
            }
        }
        Ok(Key {
            columns: columns.clone(),
        })
    }

    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The columns in SQL, with commas between them.
    pub fn quoted(&self) -> String {
        quoted_list(&self.columns)
    }
}

/// Names in SQL, with commas between them.
pub fn quoted_list(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| quote_identifier(name)).collect();
    quoted.join(", ")
}

/// The primary key of the relation that the stream is read from, for people.
fn source_key(schema: &Schema) -> Option<String> {
    let columns: Vec<String> = serde_json::from_str(schema.metadata(metadata::PRIMARY_KEY)?).ok()?;
    (!columns.is_empty()).then(|| format!("({})", shortened(&columns.join(", "))))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
