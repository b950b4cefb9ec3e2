// SPDX-License-Identifier: Apache-2.0

//! `discover`: what there is to read.

use rapidbyte_sdk::postgres::RelationName;
use rapidbyte_sdk::{DiscoverRequest, DiscoverResponse, DiscoveredField, DiscoveredStream, Result, Stream};

use crate::catalog::{self, Relation};
use crate::column_type::ColumnType;
use crate::estimates::{self, Estimate};
use crate::resolve;
use crate::session::Session;

/// Columns that people use for the time of the last change, the best first.
const CURSOR_NAMES: [&str; 12] = [
    "updated_at",
    "modified_at",
    "last_updated_at",
    "last_modified_at",
    "last_updated",
    "last_modified",
    "updated",
    "modified",
    "created_at",
    "inserted_at",
    "created",
    "inserted",
];

/// Lists the streams that were asked for, or all.
pub fn discover(session: &mut Session, request: &DiscoverRequest) -> Result<DiscoverResponse> {
    let schema = session.config().schema.clone();
    let connection = session.supported_connection()?;
    let relations = match &request.include {
        None => catalog::relations(connection)?,
        Some(names) => names
            .iter()
            .map(|name| {
                let stream = Stream {
                    name: name.clone(),
                    ..Stream::default()
                };
                resolve::resolve(connection, &stream, &schema)
                    .map_err(|error| error.context(format_args!("stream '{}'", name)))
            })
            .collect::<Result<Vec<_>>>()?,
    };
    let estimates = estimates::of(connection, &relations)?;
    let streams = relations.iter().map(|relation| {
        let estimate = estimates.get(&relation.oid).copied().unwrap_or_default();
        stream_of(relation, estimate, &schema)
    });
    Ok(DiscoverResponse {
        streams: streams.collect(),
    })
}

fn stream_of(relation: &Relation, estimate: Estimate, default_schema: &str) -> DiscoveredStream {
    DiscoveredStream {
        name: stream_name(relation, default_schema),
        namespace: relation.namespace.clone(),
        table: relation.name.clone(),
        kind: relation.kind,
        fields: relation
            .columns
            .iter()
            .map(|column| DiscoveredField {
                name: column.name.clone(),
                data_type: column.column_type.field(&column.name, "", true).type_text(),
                native_type: column.native_type.clone(),
                nullable: column.nullable,
                primary_key: relation.is_key_column(&column.name),
                generated: column.generated,
            })
            .collect(),
        primary_key: relation.primary_key.clone(),
        estimated_rows: estimate.rows.unwrap_or(-1),
        estimated_bytes: estimate.bytes.unwrap_or(-1),
        suggested_cursor: suggested_cursor(relation),
    }
}

/// A name that a pipeline can use: the schema is left away when it is the default one.
fn stream_name(relation: &Relation, default_schema: &str) -> String {
    if relation.namespace == default_schema {
        part(&relation.name)
    } else {
        format!("{}.{}", part(&relation.namespace), part(&relation.name))
    }
}

/// A part of a name, in quotes when it would be read as something else without them.
fn part(name: &str) -> String {
    match RelationName::parse(name) {
        Ok(parsed) if parsed.schema.is_none() && parsed.relation == name => name.to_owned(),
        _ => rapidbyte_sdk::postgres::quote_identifier(name),
    }
}

/// A column that tells which rows are new: a time by its name, or a primary key that is a single number.
fn suggested_cursor(relation: &Relation) -> Option<String> {
    let is_time = |name: &str| {
        relation.columns.iter().find(|column| {
            column.name.eq_ignore_ascii_case(name)
                && matches!(
                    column.column_type,
                    ColumnType::Timestamp | ColumnType::Timestamptz | ColumnType::Date
                )
        })
    };
    if let Some(column) = CURSOR_NAMES.iter().find_map(|name| is_time(name)) {
        return Some(column.name.clone());
    }
    match relation.primary_key.as_slice() {
        [key] => relation
            .columns
            .iter()
            .find(|column| {
                column.name == *key
                    && matches!(
                        column.column_type,
                        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8
                    )
            })
            .map(|column| column.name.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_used_in_a_pipeline() {
        for name in ["orders", "Größe 2", "a.b", "a\"b", "\"quoted\""] {
            let parsed = RelationName::parse(&part(name)).unwrap();
            assert_eq!((parsed.schema, parsed.relation.as_str()), (None, name));
        }
        assert_eq!(part("Größe 2"), "Größe 2");
        assert_eq!(part("a.b"), "\"a.b\"");
    }
}
