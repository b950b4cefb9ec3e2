// SPDX-License-Identifier: Apache-2.0

//! What a target's columns demand, and what depends on them.

use crate::session::Session;
use rapidbyte_sdk::Result;
use std::collections::HashMap;

/// The rules of each column of a table, by its name.
#[derive(Clone, Debug, Default)]
pub struct ColumnRules {
    rules: HashMap<String, ColumnRule>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnRule {
    pub not_null: bool,
    /// Whether a row that does not name the column gets a value for it.
    pub has_default: bool,
    /// Whether NOT NULL cannot be taken from it: it is part of the primary key, the server counts it, or the table has it from another.
    pub must_not_be_null: bool,
    /// Whether the server does not change its type: a view, a policy, a trigger or a generated column depends on it, rows are told apart by it, or
    /// the table has it from another. To try it would mean to wait for all who write into the table.
    pub keeps_type: bool,
    /// Whether the meaning of something would change with its type: of an index's expression or condition, or of a check.
    pub is_used_in_expressions: bool,
    /// The collation, in SQL, when it is not its type's own.
    pub collation: Option<String>,
}

impl ColumnRules {
    pub fn of(&self, column: &str) -> ColumnRule {
        self.rules.get(column).cloned().unwrap_or_default()
    }
}

/// Reads them from the catalogue.
#[inline(never)]
pub fn column_rules(session: &mut Session, table: u32) -> Result<ColumnRules> {
    let sql = format!(
        "SELECT a.attname, a.attnotnull, a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL, \
             a.attidentity <> '' OR a.attinhcount > 0 OR EXISTS (SELECT FROM pg_catalog.pg_constraint c \
                 WHERE c.conrelid = a.attrelid AND c.contype = 'p' AND a.attnum = ANY (c.conkey)), \
             a.attinhcount > 0 OR EXISTS (SELECT FROM pg_catalog.pg_partitioned_table p \
                 WHERE p.partrelid = a.attrelid AND (p.partexprs IS NOT NULL OR a.attnum = ANY (p.partattrs))) \
             OR EXISTS (SELECT FROM pg_catalog.pg_depend d \
                 LEFT JOIN pg_catalog.pg_attrdef e ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND e.oid = d.objid \
                 WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
                     AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum \
                     AND (e.adnum <> a.attnum OR d.classid IN ('pg_catalog.pg_rewrite'::pg_catalog.regclass, \
                         'pg_catalog.pg_policy'::pg_catalog.regclass, 'pg_catalog.pg_trigger'::pg_catalog.regclass))), \
             EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_index i ON i.indexrelid = d.objid \
                 WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
                     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
                     AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum \
                     AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)) \
             OR EXISTS (SELECT FROM pg_catalog.pg_constraint c \
                 WHERE c.conrelid = a.attrelid AND c.contype IN ('c', 'x') AND a.attnum = ANY (c.conkey)), \
             CASE WHEN a.attcollation <> t.typcollation THEN pg_catalog.format('%I.%I', n.nspname, l.collname) END \
         FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
         LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation \
         LEFT JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace \
         WHERE a.attrelid = {} AND a.attnum > 0 AND NOT a.attisdropped",
        table
    );
    let rows = session.query_catalogue(&sql)?.rows;
    let rules = rows.iter().map(|row| {
        let rule = ColumnRule {
            not_null: row.flag(1),
            has_default: row.flag(2),
            must_not_be_null: row.flag(3),
            keeps_type: row.flag(4),
            is_used_in_expressions: row.flag(5),
            collation: row.get(6).map(Into::into),
        };
        (row.text(0).to_owned(), rule)
    });
    Ok(ColumnRules { rules: rules.collect() })
}
