// SPDX-License-Identifier: Apache-2.0

//! What the server's catalogue says of types, and of the types that they consist of.

use std::collections::HashMap;

use crate::error::Result;

use super::connection::Connection;
use super::transport::Transport;

/// Which ranges a multirange is of is known to servers from this version on, which are the first to have them.
const FIRST_SERVER_WITH_MULTIRANGES: u32 = 14;

/// A type of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeInfo {
    pub oid: u32,
    pub schema: String,
    pub name: String,
    /// The name as SQL shows it of what is declared without modifiers, and with its schema unless that is `pg_catalog`.
    pub shown: String,
    /// The function that turns a value into its binary form; empty when there is none.
    pub send: String,
    /// The function that makes a value from its binary form; empty when there is none.
    pub receive: String,
    pub shape: TypeShape,
}

/// What a type consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeShape {
    /// Nothing else.
    Base,
    Enum,
    Domain {
        base: u32,
        /// Of the base type: its length, or its precision and scale; -1: none.
        modifier: i32,
        /// How many dimensions were declared of a domain of arrays.
        dimensions: i32,
        /// The base type's name as it was declared: [`TypeInfo::shown`] with its modifiers.
        declared: String,
    },
    Array {
        element: u32,
    },
    Composite(Vec<Attribute>),
    Range {
        subtype: u32,
    },
    Multirange {
        range: u32,
    },
}

/// A field of a composite type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub type_oid: u32,
    pub modifier: i32,
    pub dimensions: i32,
    /// The type's name as it was declared: [`TypeInfo::shown`] with its modifiers.
    pub declared: String,
}

/// Types by their number.
#[derive(Clone, Debug, Default)]
pub struct TypeCatalog {
    types: HashMap<u32, TypeInfo>,
}

impl TypeCatalog {
    /// Asks for these types and for all that they consist of.
    #[inline(never)]
    pub fn load<T: Transport>(connection: &mut Connection<T>, oids: &[u32]) -> Result<TypeCatalog> {
        let mut catalog = TypeCatalog::default();
        if oids.is_empty() {
            return Ok(catalog);
        }
        let tree = tree(oids, connection.server_major_version());
        let mut results = connection.simple_query(&format!(
            "{tree} SELECT t.oid, n.nspname, t.typname, \
               {shown}, \
               COALESCE(s.proname, ''), COALESCE(r.proname, ''), t.typtype, \
               CASE WHEN t.typlen = -1 THEN t.typelem ELSE 0 END, t.typbasetype, t.typtypmod, t.typndims, \
               COALESCE(g.rngsubtype, 0), {multirange}, {base} \
             FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
             LEFT JOIN pg_catalog.pg_proc s ON s.oid = t.typsend \
             LEFT JOIN pg_catalog.pg_proc r ON r.oid = t.typreceive \
             LEFT JOIN pg_catalog.pg_range g ON g.rngtypid = t.oid \
             LEFT JOIN pg_catalog.pg_type e ON t.typlen = -1 AND e.oid = t.typelem \
             LEFT JOIN pg_catalog.pg_type bt ON bt.oid = t.typbasetype \
             LEFT JOIN pg_catalog.pg_namespace bn ON bn.oid = bt.typnamespace \
             LEFT JOIN pg_catalog.pg_type be ON bt.typlen = -1 AND be.oid = bt.typelem \
             WHERE t.oid IN (SELECT oid FROM tree); \
             {tree} SELECT t.oid, a.attname, a.atttypid, a.atttypmod, a.attndims, {attribute} \
             FROM pg_catalog.pg_type t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid \
             JOIN pg_catalog.pg_type at ON at.oid = a.atttypid \
             JOIN pg_catalog.pg_namespace an ON an.oid = at.typnamespace \
             LEFT JOIN pg_catalog.pg_type ae ON at.typlen = -1 AND ae.oid = at.typelem \
             WHERE t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped AND t.oid IN (SELECT oid FROM tree) \
             ORDER BY t.oid, a.attnum",
            tree = tree,
            shown = declared("t", "n", "e", "-1"),
            base = declared("bt", "bn", "be", "t.typtypmod"),
            attribute = declared("at", "an", "ae", "a.atttypmod"),
            multirange = if connection.server_major_version() >= FIRST_SERVER_WITH_MULTIRANGES {
                "COALESCE((SELECT m.rngtypid FROM pg_catalog.pg_range m WHERE m.rngmultitypid = t.oid), 0)"
            } else {
                "0"
            },
        ))?;
        let mut attributes: HashMap<u32, Vec<Attribute>> = HashMap::new();
        for row in results.pop().unwrap_or_default().rows {
            attributes.entry(row.number(0)?).or_default().push(Attribute {
                name: row.text(1).to_owned(),
                type_oid: row.number(2)?,
                modifier: row.number(3)?,
                dimensions: row.number(4)?,
                declared: row.text(5).to_owned(),
            });
        }
        for row in results.pop().unwrap_or_default().rows {
            let oid: u32 = row.number(0)?;
            let element: u32 = row.number(7)?;
            let shape = match row.text(6) {
                "e" => TypeShape::Enum,
                "d" => TypeShape::Domain {
                    base: row.number(8)?,
                    modifier: row.number(9)?,
                    dimensions: row.number(10)?,
                    declared: row.text(13).to_owned(),
                },
                "c" => TypeShape::Composite(attributes.remove(&oid).unwrap_or_default()),
                "r" => TypeShape::Range {
                    subtype: row.number(11)?,
                },
                "m" => TypeShape::Multirange { range: row.number(12)? },
                _ if element != 0 => TypeShape::Array { element },
                _ => TypeShape::Base,
            };
            let info = TypeInfo {
                oid,
                schema: row.text(1).to_owned(),
                name: row.text(2).to_owned(),
                shown: row.text(3).to_owned(),
                send: row.text(4).to_owned(),
                receive: row.text(5).to_owned(),
                shape,
            };
            catalog.types.insert(oid, info);
        }
        Ok(catalog)
    }

    pub fn get(&self, oid: u32) -> Option<&TypeInfo> {
        self.types.get(&oid)
    }

    /// For tests: the catalogue of a server that has these types.
    pub fn of(types: impl IntoIterator<Item = TypeInfo>) -> TypeCatalog {
        TypeCatalog {
            types: types.into_iter().map(|info| (info.oid, info)).collect(),
        }
    }
}

/// The name of a type as SQL shows it, of a row of `pg_type` if there is one, its schema's of `pg_namespace`, and the row of its elements' type when it is an array's.
fn declared(row: &str, schema: &str, element: &str, modifier: &str) -> String {
    // What stands behind a type's name are its modifiers, and only types of the system are written in another way.
    format!(
        "CASE WHEN {row}.oid IS NULL THEN '' WHEN {schema}.nspname = 'pg_catalog' THEN pg_catalog.format_type({row}.oid, {modifier}) \
         ELSE pg_catalog.concat(pg_catalog.format('%I.%I', {schema}.nspname, COALESCE({element}.typname, {row}.typname)), \
           pg_catalog.substr(pg_catalog.format_type(COALESCE({element}.oid, {row}.oid), {modifier}), \
             pg_catalog.length(pg_catalog.format_type(COALESCE({element}.oid, {row}.oid), NULL)) + 1), \
           CASE WHEN {element}.oid IS NOT NULL THEN '[]' END) END",
        row = row,
        schema = schema,
        element = element,
        modifier = modifier
    )
}

/// The beginning of a query that knows these types and all that they consist of as `tree`.
fn tree(oids: &[u32], server_version: u32) -> String {
    let numbers: Vec<String> = oids.iter().map(u32::to_string).collect();
    let multiranges = if server_version >= FIRST_SERVER_WITH_MULTIRANGES {
        " UNION ALL SELECT g.rngtypid FROM pg_catalog.pg_range g WHERE g.rngmultitypid = t.oid"
    } else {
        ""
    };
    format!(
        "WITH RECURSIVE tree (oid) AS ( \
           SELECT o FROM pg_catalog.unnest('{{{}}}'::pg_catalog.oid[]) AS o UNION \
           SELECT part.oid FROM tree JOIN pg_catalog.pg_type t ON t.oid = tree.oid CROSS JOIN LATERAL ( \
             SELECT t.typelem WHERE t.typlen = -1 AND t.typelem <> '0' \
             UNION ALL SELECT t.typbasetype WHERE t.typtype = 'd' \
             UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE t.typtype = 'c' \
               AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped \
             UNION ALL SELECT g.rngsubtype FROM pg_catalog.pg_range g WHERE t.typtype = 'r' AND g.rngtypid = t.oid{} \
           ) AS part (oid))",
        numbers.join(","),
        multiranges
    )
}
