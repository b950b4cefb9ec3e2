// SPDX-License-Identifier: Apache-2.0

//! From a stream of a pipeline to a relation of the server and the columns to read.

use rapidbyte_sdk::postgres::{quote_identifier, quote_qualified, Connection, RelationName, Transport};
use rapidbyte_sdk::{Category, Error, Result, Stream, SyncMode};

use crate::catalog::{self, Column, Relation};
use crate::similar::{did_you_mean, similar};

/// The relation that the stream names, when the user may read it.
pub fn resolve<T: Transport>(
    connection: &mut Connection<T>,
    stream: &Stream,
    default_schema: &str,
) -> Result<Relation> {
    let relation = find(connection, stream, default_schema)?;
    if !relation.readable {
        let table = quote_qualified(&relation.namespace, &relation.name);
        return Err(Error::new(
            Category::Permission,
            "42501",
            format!("the user may not read {}.{}", relation.namespace, relation.name),
        )
        .hint(format!(
            "GRANT USAGE ON SCHEMA {} and GRANT SELECT ON {} to the user of the connector's config",
            quote_identifier(&relation.namespace),
            table
        )));
    }
    Ok(relation)
}

/// The relation that the stream names, whether it may be read or not. The error says what exists that is similar.
pub fn find<T: Transport>(connection: &mut Connection<T>, stream: &Stream, default_schema: &str) -> Result<Relation> {
    if stream.sync_mode == SyncMode::Cdc {
        return Err(Error::config(
            "unsupported_sync_mode",
            "source-postgres reads with the sync_mode full_refresh or incremental",
        )
        .hint("set the stream's sync_mode to one of them"));
    }
    let name = name_of(stream)?;
    match catalog::relation(connection, &name, default_schema)? {
        Some(relation) => Ok(relation),
        None => Err(unknown_table(connection, &name, default_schema)?),
    }
}

/// The columns that the stream asks for, in its order; all of them when it asks for none.
pub fn columns(relation: &Relation, stream: &Stream) -> Result<Vec<Column>> {
    let wanted = match &stream.columns {
        None => return Ok(relation.columns.clone()),
        Some(wanted) => wanted,
    };
    if wanted.is_empty() {
        return Err(Error::config("no_columns", "member 'columns' is an empty list")
            .hint("name the columns to read, or leave 'columns' away to read all of them"));
    }
    let mut columns: Vec<Column> = Vec::with_capacity(wanted.len());
    for name in wanted {
        if columns.iter().any(|column| column.name == *name) {
            return Err(Error::config(
                "duplicate_column",
                format!("member 'columns' names '{}' twice", name),
            ));
        }
        columns.push(column(relation, name)?.clone());
    }
    Ok(columns)
}

/// The column of this name. The error says what exists that is similar.
pub fn column<'a>(relation: &'a Relation, name: &str) -> Result<&'a Column> {
    relation
        .columns
        .iter()
        .find(|column| column.name == name)
        .ok_or_else(|| unknown_column(relation, name))
}

/// What a stream names: its namespace and table when a plan has filled them in, else its name.
fn name_of(stream: &Stream) -> Result<RelationName> {
    match &stream.table {
        Some(table) => Ok(RelationName {
            schema: stream.namespace.clone(),
            relation: table.clone(),
        }),
        None => {
            let mut name = RelationName::parse(&stream.name)?;
            if name.schema.is_none() {
                name.schema = stream.namespace.clone();
            }
            Ok(name)
        }
    }
}

fn unknown_table<T: Transport>(
    connection: &mut Connection<T>,
    name: &RelationName,
    default_schema: &str,
) -> Result<Error> {
    let schema = name.schema_or(default_schema);
    let all = catalog::names(connection)?;
    // The same name in another schema is the likeliest; then one like it in this schema.
    let mut suggestions: Vec<String> = all
        .iter()
        .filter(|(_, relation)| *relation == name.relation)
        .map(|(namespace, relation)| format!("{}.{}", namespace, relation))
        .take(2)
        .collect();
    let here = all
        .iter()
        .filter(|(namespace, _)| namespace == schema)
        .map(|(_, relation)| relation.as_str());
    suggestions.extend(
        similar(&name.relation, here)
            .into_iter()
            .map(|relation| format!("{}.{}", schema, relation)),
    );
    let known_schema = all.iter().any(|(namespace, _)| namespace == schema);
    if !known_schema && suggestions.is_empty() {
        let mut schemas: Vec<&str> = all.iter().map(|(namespace, _)| namespace.as_str()).collect();
        schemas.dedup();
        suggestions = similar(schema, schemas)
            .into_iter()
            .map(|schema| format!("{}.{}", schema, name.relation))
            .collect();
    }
    let error = Error::config(
        "unknown_table",
        format!(
            "there is no table or view {}.{} in {}",
            schema,
            name.relation,
            connection.server()
        ),
    );
    let hint = did_you_mean(&suggestions);
    Ok(if hint.is_empty() {
        error.hint("correct the stream's name, or create the table")
    } else {
        error.hint(hint)
    })
}

fn unknown_column(relation: &Relation, name: &str) -> Error {
    let names = relation.columns.iter().map(|column| column.name.as_str());
    let hint = match did_you_mean(&similar(name, names.clone())) {
        none if none.is_empty() => format!("its columns are {}", names.take(20).collect::<Vec<_>>().join(", ")),
        some => some,
    };
    Error::config(
        "unknown_column",
        format!("{}.{} has no column '{}'", relation.namespace, relation.name, name),
    )
    .hint(hint)
}
