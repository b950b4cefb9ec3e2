// SPDX-License-Identifier: Apache-2.0

//! The index by which the rows of a target are told apart when others are merged into them.

use crate::catalog::{ExistingTable, RelationKind};
use crate::error_context::column_error;
use crate::key::{quoted_list, Key};
use crate::names::Target;
use crate::session::Session;
use rapidbyte_sdk::arrow::Schema;
use rapidbyte_sdk::postgres::quote_identifier;
use rapidbyte_sdk::{Error, Result};

/// A column of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyColumn {
    pub name: String,
    /// The collation by which the index tells its values apart, in SQL; empty for a type that has none.
    pub collation: String,
}

/// A unique index, as far as it matters here.
struct Index {
    oid: u32,
    columns: Vec<KeyColumn>,
    /// How many columns it has.
    width: usize,
}

/// The columns of the key, in its order, as an index of the target has them. It is one on just these columns, and one that the server can
/// decide by at once: not a partial one, nor the index of a constraint that is deferred.
#[inline(never)]
pub fn unique_key(session: &mut Session, target: &Target, table: &ExistingTable, key: &Key) -> Result<Vec<KeyColumn>> {
    if !matches!(table.kind, RelationKind::Table | RelationKind::PartitionedTable) {
        return Err(Error::schema(
            "cannot_upsert",
            format!(
                "stream '{}': its target {} is {}, into which rows cannot be merged",
                target.stream,
                target.display(),
                table.kind.describe()
            ),
        )
        .hint("use write_mode 'append', or write into another table"));
    }
    let indexes = unique_indexes(session, table)?;
    let has_all = |index: &Index| {
        let has = |name: &String| index.columns.iter().any(|column| column.name == *name);
        index.width == key.columns.len() && key.columns.iter().all(has)
    };
    let index = match indexes.iter().find(|index| has_all(index)) {
        Some(index) => index,
        None => return Err(no_unique_key(target, key, &indexes)),
    };
    let of_index = |name: &String| index.columns.iter().find(|column| column.name == *name).cloned();
    Ok(key.columns.iter().filter_map(of_index).collect())
}

#[inline(never)]
fn unique_indexes(session: &mut Session, table: &ExistingTable) -> Result<Vec<Index>> {
    // An index whose operators are not the usual ones of its types may take for equal what DISTINCT does not.
    let sql = format!(
        "SELECT x.indexrelid, x.indnkeyatts, a.attname, \
             CASE WHEN c.oid IS NOT NULL THEN pg_catalog.format('%I.%I', n.nspname, c.collname) END \
         FROM pg_catalog.pg_index x \
         CROSS JOIN LATERAL pg_catalog.generate_series(0, x.indnkeyatts - 1) AS k (place) \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[k.place] \
         JOIN pg_catalog.pg_opclass o ON o.oid = x.indclass[k.place] AND o.opcdefault \
         LEFT JOIN pg_catalog.pg_collation c ON c.oid = x.indcollation[k.place] \
         LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace \
         WHERE x.indrelid = {} AND x.indisunique AND x.indisvalid AND x.indimmediate \
             AND x.indpred IS NULL AND x.indexprs IS NULL \
         ORDER BY x.indisprimary DESC, x.indexrelid, k.place",
        table.oid
    );
    let mut indexes: Vec<Index> = Vec::new();
    for row in session.query_catalogue(&sql)?.rows {
        let oid = row.number(0)?;
        let column = KeyColumn {
            name: row.text(2).into(),
            collation: row.text(3).into(),
        };
        match indexes.last_mut() {
            Some(index) if index.oid == oid => index.columns.push(column),
            _ => indexes.push(Index {
                oid,
                columns: vec![column],
                width: row.number(1)?,
            }),
        }
    }
    indexes.retain(|index| index.columns.len() == index.width);
    Ok(indexes)
}

#[inline(never)]
fn no_unique_key(target: &Target, key: &Key, indexes: &[Index]) -> Error {
    let of_index = |index: &Index| {
        let names: Vec<String> = index.columns.iter().map(|column| column.name.clone()).collect();
        format!("({})", names.join(", "))
    };
    let others: Vec<String> = indexes.iter().take(5).map(of_index).collect();
    let others = match others.is_empty() {
        true => String::new(),
        false => format!("; or set primary_key to a key that it has: {}", others.join(" or ")),
    };
    Error::schema(
        "no_unique_key",
        format!(
            "stream '{}': its target {} has no primary key or unique index on exactly ({}) by which rows could be told apart",
            target.stream,
            target.display(),
            key.columns.join(", ")
        ),
    )
    .hint(format!(
        "CREATE UNIQUE INDEX ON {} ({}), neither partial nor deferrable{}",
        target.quoted(),
        key.quoted(),
        others
    ))
}

/// Fails when the rows of a stream with these columns cannot be merged into the table.
#[inline(never)]
pub fn check(session: &mut Session, target: &Target, table: &ExistingTable, key: &Key, schema: &Schema) -> Result<()> {
    unique_key(session, target, table, key)?;
    let sql = format!(
        "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = {} AND attidentity = 'a' AND NOT attisdropped",
        table.oid
    );
    for row in session.query_catalogue(&sql)?.rows {
        let name = row.text(0).to_owned();
        let is_written = schema.fields.iter().any(|field| field.name == name);
        if is_written && !key.columns.contains(&name) {
            let problem = format!(
                "cannot be updated: the target {} has it GENERATED ALWAYS AS IDENTITY",
                target.display()
            );
            return Err(column_error(&target.stream, &name, problem).hint(format!(
                "ALTER TABLE {} ALTER COLUMN {} SET GENERATED BY DEFAULT; or leave the column out of the stream's 'columns'",
                target.quoted(),
                quoted_list(&[name])
            )));
        }
    }
    Ok(())
}

/// The constraint of a table that is created with the key; nothing without one.
pub fn primary_key(key: &Key) -> Option<String> {
    (!key.is_empty()).then(|| format!("PRIMARY KEY ({})", key.quoted()))
}

/// A column of the key in a staging table: its values are told apart as the index does it, and none is missing.
pub fn staged_key_column(column: &KeyColumn, type_text: &str) -> String {
    let collation = match column.collation.is_empty() {
        true => String::new(),
        false => format!(" COLLATE {}", column.collation),
    };
    format!("{} {}{} NOT NULL", quote_identifier(&column.name), type_text, collation)
}
