// SPDX-License-Identifier: Apache-2.0

//! Which of several rows with one key is the newest: the one with the greatest cursor, when the stream has one.

use crate::catalog::ExistingTable;
use crate::error_context::column_error;
use crate::names::Target;
use crate::session::Session;
use rapidbyte_sdk::arrow::{metadata, Schema};
use rapidbyte_sdk::postgres::{quote_identifier, quote_literal};
use rapidbyte_sdk::{warn, Error, Result};

/// Numbers of comparisons in a btree's family of operators.
const EQUAL: &str = "3";
const GREATER_OR_EQUAL: &str = "4";
const GREATER: &str = "5";

/// A column by which rows are ordered, with the comparisons that ORDER BY goes by. They are named with their schemas: one that somebody has put
/// into a schema of the search path could be found before them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionColumn {
    pub name: String,
    equal: String,
    greater_or_equal: String,
    greater: String,
}

/// The columns of the stream's cursor, most significant first; none when it has no cursor or does not bring it along.
pub fn version(
    session: &mut Session,
    target: &Target,
    table: &ExistingTable,
    schema: &Schema,
) -> Result<Vec<VersionColumn>> {
    let names = cursor(&target.stream, schema)?;
    let is_there = |name: &String| table.column(name).is_some();
    if let Some(missing) = names.iter().find(|name| !is_there(name)) {
        warn!(
            "stream '{}': its cursor '{}' is not among the columns of {}: of rows with the same key the one that is written later stays",
            target.stream,
            missing,
            target.display()
        );
        return Ok(Vec::new());
    }
    let mut columns = Vec::new();
    for name in names {
        columns.push(comparisons(session, target, table, name)?);
    }
    Ok(columns)
}

fn cursor(stream: &str, schema: &Schema) -> Result<Vec<String>> {
    let text = match schema.metadata(metadata::CURSOR) {
        Some(text) => text,
        None => return Ok(Vec::new()),
    };
    serde_json::from_str(text).map_err(|cause| {
        Error::schema(
            "unreadable_cursor",
            format!(
                "stream '{}': the metadata '{}' of its schema cannot be read: {}",
                stream,
                metadata::CURSOR,
                cause
            ),
        )
        .hint("the source, or a step behind it, does not keep to section 7.3 of the ABI")
    })
}

fn comparisons(session: &mut Session, target: &Target, table: &ExistingTable, name: String) -> Result<VersionColumn> {
    let sql = format!(
        "WITH RECURSIVE base (oid) AS ( \
             SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid = {} AND a.attname = {} \
           UNION ALL SELECT t.typbasetype FROM base JOIN pg_catalog.pg_type t ON t.oid = base.oid AND t.typtype = 'd') \
         SELECT s.amopstrategy, pg_catalog.format('OPERATOR(%I.%s)', n.nspname, p.oprname) \
         FROM base JOIN pg_catalog.pg_type t ON t.oid = base.oid AND t.typtype <> 'd' \
         JOIN pg_catalog.pg_opclass c ON c.opcdefault AND c.opcintype = CASE \
             WHEN t.typtype = 'e' THEN 'pg_catalog.anyenum'::pg_catalog.regtype \
             WHEN t.typtype = 'r' THEN 'pg_catalog.anyrange'::pg_catalog.regtype \
             WHEN t.typcategory = 'A' THEN 'pg_catalog.anyarray'::pg_catalog.regtype \
             WHEN t.oid = 'pg_catalog.varchar'::pg_catalog.regtype THEN 'pg_catalog.text'::pg_catalog.regtype \
             ELSE t.oid END \
         JOIN pg_catalog.pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree' \
         JOIN pg_catalog.pg_amop s ON s.amopfamily = c.opcfamily \
             AND s.amoplefttype = c.opcintype AND s.amoprighttype = c.opcintype \
         JOIN pg_catalog.pg_operator p ON p.oid = s.amopopr JOIN pg_catalog.pg_namespace n ON n.oid = p.oprnamespace",
        table.oid,
        quote_literal(&name)
    );
    let rows = session.query_catalogue(&sql)?.rows;
    let operator = |number: &str| {
        let row = rows.iter().find(|row| row.text(0) == number);
        row.map(|row| row.text(1).to_owned()).ok_or_else(|| {
            let problem = format!(
                "is the stream's cursor, and its values have no order in the target {}",
                target.display()
            );
            column_error(&target.stream, &name, problem)
                .hint("change the type of the target's column to one that is ordered, such as bigint or timestamptz")
        })
    };
    Ok(VersionColumn {
        equal: operator(EQUAL)?,
        greater_or_equal: operator(GREATER_OR_EQUAL)?,
        greater: operator(GREATER)?,
        name,
    })
}

/// How rows are ordered so that the newest of each key comes first.
pub fn newest_first(columns: &[VersionColumn]) -> Vec<String> {
    let order = |column: &VersionColumn| format!("{} DESC NULLS LAST", quote_identifier(&column.name));
    columns.iter().map(order).collect()
}

/// Whether a row is at least as new as another. A null is older than any value.
pub fn is_newest(columns: &[VersionColumn], row: &str, other: &str) -> String {
    let (column, rest) = match columns {
        [] => return "true".into(),
        [column, rest @ ..] => (column, rest),
    };
    let name = quote_identifier(&column.name);
    let (mine, its) = (format!("{}.{}", row, name), format!("{}.{}", other, name));
    if rest.is_empty() {
        return format!("({} IS NULL OR {} {} {})", its, mine, column.greater_or_equal, its);
    }
    format!(
        "(({its} IS NULL AND {mine} IS NOT NULL) OR {mine} {greater} {its} \
         OR (({mine} {equal} {its} OR ({mine} IS NULL AND {its} IS NULL)) AND {rest}))",
        mine = mine,
        its = its,
        greater = column.greater,
        equal = column.equal,
        rest = is_newest(rest, row, other)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> VersionColumn {
        let operator = |name: &str| format!("OPERATOR(pg_catalog.{})", name);
        VersionColumn {
            name: name.into(),
            equal: operator("="),
            greater_or_equal: operator(">="),
            greater: operator(">"),
        }
    }

    #[test]
    fn a_null_is_older_than_any_value() {
        assert_eq!(is_newest(&[], "a", "b"), "true");
        assert_eq!(
            is_newest(&[column("at")], "a", "b"),
            "(b.\"at\" IS NULL OR a.\"at\" OPERATOR(pg_catalog.>=) b.\"at\")"
        );
        assert_eq!(newest_first(&[column("at")]), ["\"at\" DESC NULLS LAST"]);
    }

    #[test]
    fn the_second_column_decides_where_the_first_is_equal() {
        assert_eq!(
            is_newest(&[column("at"), column("id")], "a", "b"),
            "((b.\"at\" IS NULL AND a.\"at\" IS NOT NULL) OR a.\"at\" OPERATOR(pg_catalog.>) b.\"at\" \
             OR ((a.\"at\" OPERATOR(pg_catalog.=) b.\"at\" OR (a.\"at\" IS NULL AND b.\"at\" IS NULL)) \
             AND (b.\"id\" IS NULL OR a.\"id\" OPERATOR(pg_catalog.>=) b.\"id\")))"
        );
    }
}
