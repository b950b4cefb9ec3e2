// SPDX-License-Identifier: Apache-2.0

//! What the destination's catalogue says of a table.

use crate::session::Session;
use crate::target_type::TargetType;
use crate::type_name::TypeName;
use rapidbyte_sdk::postgres::{quote_literal, Row, TypeCatalog};
use rapidbyte_sdk::{Error, Result};

/// A relation of the destination.
#[derive(Clone, Debug)]
pub struct ExistingTable {
    pub oid: u32,
    pub kind: RelationKind,
    /// Whether it is part of another table, by partitioning or inheritance, or others are parts of it.
    pub is_related: bool,
    /// Whether it has policies on which rows someone may see.
    pub has_row_security: bool,
    pub columns: Vec<ExistingColumn>,
}

/// The kinds that differ in how rows get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationKind {
    Table,
    PartitionedTable,
    ForeignTable,
    View,
    /// A sequence, an index: nothing that has rows to write.
    Other,
}

impl RelationKind {
    fn of(letter: &str) -> RelationKind {
        match letter {
            "r" => RelationKind::Table,
            "p" => RelationKind::PartitionedTable,
            "f" => RelationKind::ForeignTable,
            "v" | "m" => RelationKind::View,
            _ => RelationKind::Other,
        }
    }

    /// For messages.
    pub fn describe(self) -> &'static str {
        match self {
            RelationKind::Table => "a table",
            RelationKind::PartitionedTable => "a partitioned table",
            RelationKind::ForeignTable => "a foreign table",
            RelationKind::View => "a view",
            RelationKind::Other => "no table",
        }
    }
}

#[derive(Clone, Debug)]
pub struct ExistingColumn {
    pub name: String,
    pub type_oid: u32,
    /// With modifiers, as the server writes it.
    pub type_text: String,
    /// The same, taken apart.
    pub type_name: Option<TypeName>,
    /// The same with domains taken off.
    pub base_name: Option<TypeName>,
    /// Whether its value is computed from other columns, so that it cannot be written.
    pub is_generated: bool,
    pub target_type: TargetType,
    /// The type a text is cast to, without modifiers: of a domain, the type below it. The modifiers are applied by the
    /// assignment, which refuses what does not fit; a cast would cut it off.
    pub cast: String,
}

impl ExistingTable {
    pub fn column(&self, name: &str) -> Option<&ExistingColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// Reads what there is under this name.
pub fn find_table(session: &mut Session, schema: &str, table: &str) -> Result<Option<ExistingTable>> {
    let sql = format!(
        "SELECT c.oid, c.relkind, c.relrowsecurity, c.relispartition OR c.relhassubclass OR EXISTS (\
             SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relname = {}",
        quote_literal(schema),
        quote_literal(table)
    );
    let found = session.query_catalogue(&sql)?;
    let row = match found.rows.first() {
        Some(row) => row,
        None => return Ok(None),
    };
    let oid: u32 = row.number(0)?;
    Ok(Some(ExistingTable {
        oid,
        kind: RelationKind::of(row.text(1)),
        has_row_security: row.flag(2),
        is_related: row.flag(3),
        columns: columns(session, oid)?,
    }))
}

/// What the table is and what its columns are, as a number that is another one after it was made anew or a column was added, dropped, renamed or given
/// another type; nothing when there is no such table.
#[inline(never)]
pub fn table_shape(session: &mut Session, schema: &str, table: &str) -> Result<Option<String>> {
    Ok(session
        .query_catalogue(&shape_query(schema, table))?
        .value()
        .map(Into::into))
}

#[inline(never)]
fn shape_query(schema: &str, table: &str) -> String {
    format!(
        "SELECT pg_catalog.hashtextextended(pg_catalog.concat(c.oid, pg_catalog.array_agg(pg_catalog.format('%s %s %s %s', \
             a.atttypid, a.atttypmod, a.attgenerated, a.attname) ORDER BY a.attnum)), 0) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         WHERE n.nspname = {} AND c.relname = {} GROUP BY c.oid",
        quote_literal(schema),
        quote_literal(table)
    )
}

/// What the server says in any language when [`check_shape`] fails, followed by the number that there is.
const OTHER_SHAPE: &str = "rapidbyte: the table was changed, and is now ";

/// A statement that fails when [`table_shape`] is another one, so that nothing behind it in the message is done. That takes no right to anything, and no
/// message of its own.
#[inline(never)]
pub fn check_shape(schema: &str, table: &str, shape: &str) -> String {
    format!(
        "SELECT (CASE WHEN now.shape OPERATOR(pg_catalog.=) {}::pg_catalog.int8 THEN '0' ELSE pg_catalog.concat({}, now.shape) END)::pg_catalog.int4 \
         FROM (SELECT ({}) AS shape) now",
        quote_literal(shape),
        quote_literal(OTHER_SHAPE),
        shape_query(schema, table)
    )
}

/// Whether an error is that of [`check_shape`].
pub fn is_of_shape(error: &Error) -> bool {
    error.code() == "22P02" && error.message().contains(OTHER_SHAPE)
}

fn columns(session: &mut Session, table: u32) -> Result<Vec<ExistingColumn>> {
    // A domain may be of another domain: the base is what is left when all of them are taken off.
    let sql = format!(
        "WITH RECURSIVE base(attnum, oid, modifier) AS (\
             SELECT a.attnum, a.atttypid, a.atttypmod FROM pg_catalog.pg_attribute a \
             WHERE a.attrelid = {0}::pg_catalog.oid AND a.attnum > 0 AND NOT a.attisdropped \
           UNION ALL \
             SELECT b.attnum, t.typbasetype, t.typtypmod FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.oid AND t.typtype = 'd') \
         SELECT a.attname, a.atttypid, pg_catalog.format_type(a.atttypid, a.atttypmod), \
             a.attgenerated <> '', pg_catalog.format('%I.%I', n.nspname, t.typname), \
             pg_catalog.format_type(b.oid, b.modifier) \
         FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.oid AND t.typtype <> 'd' \
         JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = {0}::pg_catalog.oid AND a.attnum = b.attnum \
         ORDER BY a.attnum",
        table
    );
    let rows = session.query_catalogue(&sql)?.rows;
    let mut oids = rows.iter().map(|row| row.number(1)).collect::<Result<Vec<u32>>>()?;
    oids.sort_unstable();
    oids.dedup();
    let types = TypeCatalog::load(session.connection()?, &oids)?;
    rows.iter().map(|row| column(row, &types)).collect()
}

fn column(row: &Row, types: &TypeCatalog) -> Result<ExistingColumn> {
    Ok(ExistingColumn {
        name: row.text(0).into(),
        type_oid: row.number(1)?,
        type_text: row.text(2).into(),
        type_name: TypeName::parse(row.text(2)),
        base_name: TypeName::parse(row.text(5)),
        is_generated: row.flag(3),
        target_type: TargetType::resolve(types, row.number(1)?),
        cast: row.text(4).into(),
    })
}
