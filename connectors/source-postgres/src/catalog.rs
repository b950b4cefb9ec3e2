// SPDX-License-Identifier: Apache-2.0

//! What the server's catalogue says of relations and their columns.

use std::collections::HashMap;

use rapidbyte_sdk::postgres::{quote_literal, Connection, RelationName, Row, Transport, TypeCatalog, TypeDefinitions};
use rapidbyte_sdk::{Error, RelationKind, Result};

use crate::column_type::{ColumnType, Declaration};

/// Names are looked up in no schema but `pg_catalog` for the length of one query, so that the server shows every type of another
/// schema with that schema.
const QUALIFY_TYPES: &str = "SELECT pg_catalog.set_config('search_path', '', true); ";

const FIRST_SERVER_THAT_DETACHES_CONCURRENTLY: u32 = 14;

/// A relation that rows can be read from.
#[derive(Clone, Debug)]
pub struct Relation {
    pub oid: u32,
    pub namespace: String,
    pub name: String,
    pub kind: RelationKind,
    /// Whether it is stored in blocks of rows, so that ranges of them can be read.
    pub is_heap: bool,
    /// Whether other tables inherit from it, whose rows a query of it returns, too.
    pub has_children: bool,
    /// Rows as the statistics have it; below 0 when nobody has counted yet.
    pub statistics_rows: f64,
    /// Blocks when the statistics were made.
    pub statistics_blocks: i64,
    /// Bytes in its main file; 0 for what has none.
    pub main_bytes: i64,
    /// Bytes of values that are stored apart from their rows.
    pub toast_bytes: i64,
    pub block_size: i64,
    /// What identifies the file of its rows; empty for what has none.
    pub storage: String,
    /// Whether it has policies on which rows a user may see.
    pub row_security: bool,
    /// Whether the user may read it, or at least some of its columns.
    pub readable: bool,
    pub columns: Vec<Column>,
    /// The names of the primary key's columns, in its order.
    pub primary_key: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub column_type: ColumnType,
    /// The server's name of the type, with modifiers, and with its schema unless that is `pg_catalog`.
    pub native_type: String,
    /// What the type is made of.
    pub definitions: TypeDefinitions,
    pub nullable: bool,
    pub generated: bool,
}

impl Relation {
    /// Blocks at this moment.
    pub fn blocks(&self) -> i64 {
        if self.block_size > 0 {
            (self.main_bytes + self.block_size - 1) / self.block_size
        } else {
            0
        }
    }

    /// Rows at this moment, from the rows in a block when the statistics were made. `None` without statistics.
    pub fn estimated_rows(&self) -> Option<i64> {
        if self.has_blocks() && self.main_bytes == 0 {
            return Some(0);
        }
        if self.statistics_rows < 0.0 || (self.has_blocks() && self.statistics_blocks == 0) {
            return None;
        }
        let growth = if self.has_blocks() {
            self.blocks() as f64 / self.statistics_blocks as f64
        } else {
            1.0
        };
        Some((self.statistics_rows * growth).round() as i64)
    }

    /// Whether it has a file of its own.
    pub fn has_blocks(&self) -> bool {
        matches!(self.kind, RelationKind::Table | RelationKind::MaterializedView)
    }

    pub fn is_key_column(&self, name: &str) -> bool {
        self.primary_key.iter().any(|column| column == name)
    }
}

/// One relation, or `None` when there is none of that name that has rows.
pub fn relation<T: Transport>(
    connection: &mut Connection<T>,
    name: &RelationName,
    default_schema: &str,
) -> Result<Option<Relation>> {
    let condition = format!(
        "n.nspname = {} AND c.relname = {}",
        quote_literal(name.schema_or(default_schema)),
        quote_literal(&name.relation)
    );
    Ok(load(connection, &condition)?.pop())
}

/// Every relation that the user can read, without those of the server, of extensions and of destinations of Rapidbyte, and without
/// partitions, whose rows are those of the partitioned table.
pub fn relations<T: Transport>(connection: &mut Connection<T>) -> Result<Vec<Relation>> {
    let condition = "n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' AND NOT c.relispartition \
         AND c.relname NOT LIKE '\\_rapidbyte\\_%' \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass \
           AND d.objid = c.oid AND d.deptype = 'e') \
         AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
         AND (pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT'))";
    load(connection, condition)
}

/// The names of all relations, for finding the one that was meant.
pub fn names<T: Transport>(connection: &mut Connection<T>) -> Result<Vec<(String, String)>> {
    let result = connection.query_catalogue(
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' \
         AND c.relname NOT LIKE '\\_rapidbyte\\_%' AND NOT c.relispartition ORDER BY 1, 2 LIMIT 10000",
    )?;
    Ok(result
        .rows
        .iter()
        .map(|row| (row.text(0).to_owned(), row.text(1).to_owned()))
        .collect())
}

/// What the class `c` is when rows are stored for it, and a query of its ancestors returns them: other sessions' temporary tables are left out.
pub const HAS_ROWS_OF_ITS_OWN: &str = "c.relkind IN ('r', 'f', 'm') AND c.relpersistence <> 't'";

/// The beginning of a query that goes on with `tree (oid)`: the relation that `root` selects, and its partitions and children at any depth, in
/// the state that the transaction reads.
#[inline(never)]
pub fn tree(root: &str, server_version: u32) -> String {
    // A partition that is being detached is no part any more for queries that begin now.
    let attached = if server_version >= FIRST_SERVER_THAT_DETACHES_CONCURRENTLY {
        " AND NOT i.inhdetachpending"
    } else {
        ""
    };
    format!(
        "WITH RECURSIVE tree (oid) AS ( \
           {} UNION \
           SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree ON i.inhparent = tree.oid{})",
        root, attached
    )
}

/// One of the tables that a table with children consists of.
#[derive(Clone, Debug)]
pub struct Part {
    pub namespace: String,
    pub name: String,
    /// Whether ranges of its blocks can be read.
    pub is_heap: bool,
    pub main_bytes: i64,
    pub toast_bytes: i64,
    pub storage: String,
}

/// The tables whose rows a query of the table returns, each once, in the order of their making. `None` where they cannot be read one by
/// one with the same result: privileges and policies of a child do not count when its parent is queried, but do when it is.
pub fn parts<T: Transport>(connection: &mut Connection<T>, relation: &Relation) -> Result<Option<Vec<Part>>> {
    if relation.row_security {
        return Ok(None);
    }
    let root = format!("SELECT {}::pg_catalog.oid", relation.oid);
    let result = connection.query_catalogue(&format!(
        "{} \
         SELECT n.nspname, c.relname, c.relkind = 'r' AND COALESCE(am.amname = 'heap', false), \
           CASE WHEN c.relkind = 'r' THEN COALESCE(pg_catalog.pg_relation_size(c.oid), 0) ELSE 0 END, \
           CASE WHEN c.reltoastrelid <> 0 THEN COALESCE(pg_catalog.pg_relation_size(c.reltoastrelid), 0) ELSE 0 END, \
           COALESCE(pg_catalog.pg_relation_filenode(c.oid)::pg_catalog.text, ''), \
           NOT c.relrowsecurity AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
             AND pg_catalog.has_table_privilege(c.oid, 'SELECT') \
         FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam \
         WHERE {} \
         ORDER BY c.oid",
        tree(&root, connection.server_major_version()),
        HAS_ROWS_OF_ITS_OWN
    ))?;
    if result.rows.iter().any(|row| !row.flag(6)) {
        return Ok(None);
    }
    let part = |row: &Row| {
        Ok(Part {
            namespace: row.text(0).to_owned(),
            name: row.text(1).to_owned(),
            is_heap: row.flag(2),
            main_bytes: row.number(3)?,
            toast_bytes: row.number(4)?,
            storage: row.text(5).to_owned(),
        })
    };
    result.rows.iter().map(part).collect::<Result<Vec<_>>>().map(Some)
}

/// What the types of these columns are made of, as JSON; empty when there is nothing to say.
pub fn definitions(columns: &[Column]) -> Result<String> {
    let all = all_definitions(columns);
    if all.is_empty() {
        return Ok(String::new());
    }
    serde_json::to_string(&all).map_err(|cause| Error::internal(cause.to_string()))
}

#[inline(never)]
fn all_definitions(columns: &[Column]) -> TypeDefinitions {
    let mut all = TypeDefinitions::new();
    for column in columns {
        for (name, definition) in &column.definitions {
            all.insert(name.clone(), definition.clone());
        }
    }
    all
}

fn load<T: Transport>(connection: &mut Connection<T>, condition: &str) -> Result<Vec<Relation>> {
    let result = connection.query_catalogue(&format!(
        "SELECT c.oid, n.nspname, c.relname, c.relkind, COALESCE(am.amname = 'heap', false), \
           EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid), \
           c.reltuples, c.relpages, \
           CASE WHEN c.relkind IN ('r', 'm') THEN COALESCE(pg_catalog.pg_relation_size(c.oid), 0) ELSE 0 END, \
           CASE WHEN c.reltoastrelid <> 0 THEN COALESCE(pg_catalog.pg_relation_size(c.reltoastrelid), 0) ELSE 0 END, \
           pg_catalog.current_setting('block_size'), \
           COALESCE(pg_catalog.pg_relation_filenode(c.oid)::pg_catalog.text, ''), \
           c.relrowsecurity, pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND \
             (pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT')) \
         FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {} \
         ORDER BY n.nspname, c.relname",
        condition
    ))?;
    let mut relations = result.rows.iter().map(relation_of).collect::<Result<Vec<_>>>()?;
    let mut positions = HashMap::with_capacity(relations.len());
    for (position, relation) in relations.iter().enumerate() {
        positions.insert(relation.oid, position);
    }
    if relations.is_empty() {
        return Ok(relations);
    }
    let columns = columns(connection, condition)?;
    let types = types_of(connection, &columns)?;
    for row in &columns {
        if let Some(position) = positions.get(&row.number::<u32>(0)?) {
            relations[*position].columns.push(column_of(row, &types)?);
        }
    }
    for row in &keys(connection, condition)? {
        if let Some(position) = positions.get(&row.number::<u32>(0)?) {
            relations[*position].primary_key.push(row.text(1).to_owned());
        }
    }
    Ok(relations)
}

fn columns<T: Transport>(connection: &mut Connection<T>, condition: &str) -> Result<Vec<Row>> {
    let mut results = connection.simple_query(&format!(
        "{}SELECT c.oid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
           CASE WHEN tn.nspname = 'pg_catalog' THEN t.typname ELSE '' END, a.atttypmod, a.attnotnull, a.attgenerated <> '', \
           a.atttypid, a.attndims \
         FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
         JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {} \
         ORDER BY c.oid, a.attnum",
        QUALIFY_TYPES, condition
    ))?;
    Ok(results.pop().unwrap_or_default().rows)
}

fn keys<T: Transport>(connection: &mut Connection<T>, condition: &str) -> Result<Vec<Row>> {
    let result = connection.query_catalogue(&format!(
        "SELECT c.oid, a.attname \
         FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_index x ON x.indrelid = c.oid AND x.indisprimary \
         CROSS JOIN LATERAL pg_catalog.unnest(x.indkey::int2[]) WITH ORDINALITY AS k(attnum, position) \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum \
         WHERE k.position <= x.indnkeyatts AND {} \
         ORDER BY c.oid, k.position",
        condition
    ))?;
    Ok(result.rows)
}

fn relation_of(row: &Row) -> Result<Relation> {
    Ok(Relation {
        oid: row.number(0)?,
        namespace: row.text(1).to_owned(),
        name: row.text(2).to_owned(),
        kind: match row.text(3) {
            "p" => RelationKind::PartitionedTable,
            "v" => RelationKind::View,
            "m" => RelationKind::MaterializedView,
            "f" => RelationKind::ForeignTable,
            _ => RelationKind::Table,
        },
        is_heap: row.flag(4),
        has_children: row.flag(5),
        statistics_rows: row.number(6)?,
        statistics_blocks: row.number(7)?,
        main_bytes: row.number(8)?,
        toast_bytes: row.number(9)?,
        block_size: row.number(10)?,
        storage: row.text(11).to_owned(),
        row_security: row.flag(12),
        readable: row.flag(13),
        columns: Vec::new(),
        primary_key: Vec::new(),
    })
}

/// What is known of the columns' types that are more than a name of the server's own.
fn types_of<T: Transport>(connection: &mut Connection<T>, columns: &[Row]) -> Result<TypeCatalog> {
    let mut oids = Vec::new();
    for row in columns {
        if ColumnType::of(row.text(3), row.number(4)?) == ColumnType::Other {
            oids.push(row.number(7)?);
        }
    }
    oids.sort_unstable();
    oids.dedup();
    TypeCatalog::load(connection, &oids)
}

fn column_of(row: &Row, types: &TypeCatalog) -> Result<Column> {
    let modifier = row.number(4)?;
    let column_type = match ColumnType::of(row.text(3), modifier) {
        ColumnType::Other => ColumnType::resolve(
            types,
            &Declaration {
                oid: row.number(7)?,
                modifier,
                dimensions: row.number(8)?,
                native_type: row.text(2),
            },
        ),
        base => base,
    };
    Ok(Column {
        name: row.text(1).to_owned(),
        native_type: row.text(2).to_owned(),
        definitions: types.definitions(row.number(7)?),
        column_type,
        nullable: !row.flag(5),
        generated: row.flag(6),
    })
}
