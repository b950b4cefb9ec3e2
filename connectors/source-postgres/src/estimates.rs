// SPDX-License-Identifier: Apache-2.0

//! Rows and bytes of relations, for people who want to know what they are about to read.

use std::collections::HashMap;

use rapidbyte_sdk::postgres::{quote_qualified, Connection, Transport};
use rapidbyte_sdk::{Category, RelationKind, Result};

use crate::catalog::Relation;
use crate::plan::planned;

/// The server's planner is asked for so many relations at most: each takes a question of its own.
const MOST_QUESTIONS: usize = 200;

/// The planner takes an empty table that nobody has analysed for one of so many blocks.
const BLOCKS_OF_AN_UNKNOWN_TABLE: i64 = 10;

/// What is known of the size of a relation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    pub rows: Option<i64>,
    pub bytes: Option<i64>,
}

/// The estimates of relations by their OID: from the statistics where there are some, else from the planner.
#[inline(never)]
pub fn of<T: Transport>(connection: &mut Connection<T>, relations: &[Relation]) -> Result<HashMap<u32, Estimate>> {
    let mut estimates = families(connection, relations)?;
    let mut questions = 0;
    for relation in relations {
        let estimate = estimates.entry(relation.oid).or_insert_with(|| by_statistics(relation));
        // Planning a foreign table can mean asking another server, which may not answer.
        if estimate.rows.is_some() || relation.kind == RelationKind::ForeignTable || questions == MOST_QUESTIONS {
            continue;
        }
        questions += 1;
        if let Some((rows, width)) = ask_planner(connection, relation)? {
            let blocks = relation.blocks();
            let is_small = relation.has_blocks() && !relation.has_children && blocks < BLOCKS_OF_AN_UNKNOWN_TABLE;
            let rows = match is_small {
                true => rows * blocks / BLOCKS_OF_AN_UNKNOWN_TABLE,
                false => rows,
            };
            estimate.rows = Some(rows);
            estimate.bytes = estimate.bytes.or_else(|| Some(rows.saturating_mul(width)));
        }
    }
    Ok(estimates)
}

fn by_statistics(relation: &Relation) -> Estimate {
    match relation.has_blocks() {
        true => Estimate {
            rows: relation.estimated_rows(),
            bytes: Some(relation.main_bytes + relation.toast_bytes),
        },
        // Servers before 14 have 0 where nobody has counted.
        false => Estimate {
            rows: relation.estimated_rows().filter(|rows| *rows > 0),
            bytes: None,
        },
    }
}

/// The sums over tables and all that inherit from them, which is what reading them returns.
#[inline(never)]
fn families<T: Transport>(connection: &mut Connection<T>, relations: &[Relation]) -> Result<HashMap<u32, Estimate>> {
    let parents: Vec<String> = relations
        .iter()
        .filter(|relation| relation.has_children || relation.kind == RelationKind::PartitionedTable)
        .map(|relation| relation.oid.to_string())
        .collect();
    if parents.is_empty() {
        return Ok(HashMap::new());
    }
    let result = connection.query_catalogue(&format!(
        "WITH RECURSIVE family (root, member) AS ( \
           SELECT parent, parent FROM pg_catalog.unnest(ARRAY[{}]::pg_catalog.oid[]) AS parent UNION \
           SELECT family.root, i.inhrelid FROM family JOIN pg_catalog.pg_inherits i ON i.inhparent = family.member), \
         sizes AS (SELECT family.root, c.relkind, c.reltuples, c.relpages, \
           CASE WHEN c.relkind = 'r' THEN COALESCE(pg_catalog.pg_relation_size(c.oid), 0) ELSE 0 END AS main, \
           CASE WHEN c.reltoastrelid <> 0 THEN COALESCE(pg_catalog.pg_relation_size(c.reltoastrelid), 0) ELSE 0 END AS toast \
           FROM family JOIN pg_catalog.pg_class c ON c.oid = family.member WHERE c.relkind IN ('r', 'f')) \
         SELECT root, COALESCE(pg_catalog.sum(main + toast), 0)::pg_catalog.int8, \
           COALESCE(pg_catalog.bool_and(relkind = 'r' AND (main = 0 OR (relpages > 0 AND reltuples >= 0::pg_catalog.float4))), true), \
           COALESCE(pg_catalog.sum(CASE WHEN relpages > 0 AND reltuples > 0::pg_catalog.float4 \
             THEN reltuples::pg_catalog.float8 * (main::pg_catalog.float8 / pg_catalog.current_setting('block_size')::pg_catalog.float8 \
             / relpages::pg_catalog.float8) ELSE 0::pg_catalog.float8 END), 0)::pg_catalog.int8 \
         FROM sizes GROUP BY root",
        parents.join(", ")
    ))?;
    let mut estimates = HashMap::with_capacity(result.rows.len());
    for row in &result.rows {
        let rows = if row.flag(2) { Some(row.number(3)?) } else { None };
        let bytes = Some(row.number(1)?);
        estimates.insert(row.number(0)?, Estimate { rows, bytes });
    }
    // Without any member it has no rows.
    for relation in relations {
        if relation.kind == RelationKind::PartitionedTable {
            estimates.entry(relation.oid).or_insert(Estimate {
                rows: Some(0),
                bytes: Some(0),
            });
        }
    }
    Ok(estimates)
}

/// Rows, and the bytes of one; `None` when the server refuses to plan it, which is for those to tell who want to read it.
#[inline(never)]
fn ask_planner<T: Transport>(connection: &mut Connection<T>, relation: &Relation) -> Result<Option<(i64, i64)>> {
    let table = quote_qualified(&relation.namespace, &relation.name);
    match connection.query(&format!("EXPLAIN (FORMAT JSON) SELECT * FROM {}", table)) {
        Ok(answer) => Ok(answer.value().and_then(planned)),
        Err(error) if matches!(error.category(), Category::TransientNetwork | Category::Cancelled) => Err(error),
        Err(_) => Ok(None),
    }
}
