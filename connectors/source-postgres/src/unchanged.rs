// SPDX-License-Identifier: Apache-2.0

//! Whether the tables of a stream are still those that were planned, and their rows where they were.

use std::ops::Range;

use rapidbyte_sdk::postgres::{quote_literal, quote_qualified, Connection, Transport};
use rapidbyte_sdk::{Category, Error, Result};

use crate::catalog;
use crate::read_plan::ReadPlan;

/// What the query says of a table, before its name.
const REWRITTEN: &str = "rewritten";
const ATTACHED: &str = "attached";
const DETACHED: &str = "detached";

/// What the server says of a table that is not there.
const UNDEFINED_TABLE: &str = "42P01";

/// Fails when these units may not be what was planned. It is asked in the transaction that has read them.
///
/// The rows of the table are in another file: who truncates a table does not leave its old rows to those who still read an older state, and
/// who writes it anew leaves them at other positions. That is looked for in the present state, and the locks of the transaction keep it as it is.
///
/// Or the stream consists of other tables: rows may have moved to one that nobody reads, or from one that was read to one that is yet to be.
/// That is looked for in the state that was read. What was attached or detached later does no harm, because its rows are still
/// found where they were.
pub fn require_unchanged<T: Transport>(
    connection: &mut Connection<T>,
    plan: &ReadPlan,
    units: Range<u64>,
) -> Result<()> {
    let query = match query(plan, units, connection.server_major_version()) {
        Some(query) => query,
        None => return Ok(()),
    };
    let answer = connection.query_catalogue(&query)?;
    match answer.rows.first() {
        None => Ok(()),
        Some(row) => Err(changed(plan, row.text(0), row.text(1))),
    }
}

/// A query for changes: what each is, and of which table. `None` when there is nothing to compare.
#[inline(never)]
fn query(plan: &ReadPlan, units: Range<u64>, server_version: u32) -> Option<String> {
    let queries: Vec<String> = plan
        .moved_query(units)
        .map(|moved| format!("(SELECT '{}', moved.name FROM ({}) AS moved (name))", REWRITTEN, moved))
        .into_iter()
        .chain(parts_query(plan, server_version))
        .collect();
    match queries.is_empty() {
        true => None,
        false => Some(queries.join(" UNION ALL ")),
    }
}

/// A query for the first table that is one of the stream's and was not planned, or was planned and is none of them. `None` when rows are read
/// through the relation itself, whatever it consists of.
#[inline(never)]
fn parts_query(plan: &ReadPlan, server_version: u32) -> Option<String> {
    let planned: Vec<String> = plan
        .tables()?
        .iter()
        .map(|(namespace, table)| format!("({})", quote_literal(&quote_qualified(namespace, table))))
        .collect();
    let root = format!(
        "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relname = {}",
        quote_literal(&plan.namespace),
        quote_literal(&plan.table)
    );
    // Each of its tables is looked up by itself: a join might go through all tables of a large database for one.
    Some(format!(
        "({} SELECT CASE WHEN planned.name IS NULL THEN '{}' ELSE '{}' END, COALESCE(planned.name, present.name) \
         FROM (SELECT c.name FROM tree CROSS JOIN LATERAL ( \
           SELECT pg_catalog.concat('\"', pg_catalog.replace(n.nspname::pg_catalog.text, '\"', '\"\"'), '\".\"', \
             pg_catalog.replace(c.relname::pg_catalog.text, '\"', '\"\"'), '\"') AS name \
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
           WHERE c.oid = tree.oid AND {} OFFSET 0) AS c) AS present \
         FULL JOIN (VALUES {}) AS planned (name) ON planned.name = present.name \
         WHERE planned.name IS NULL OR present.name IS NULL ORDER BY 1 DESC, 2 LIMIT 1)",
        catalog::tree(&root, server_version),
        ATTACHED,
        DETACHED,
        catalog::HAS_ROWS_OF_ITS_OWN,
        planned.join(", ")
    ))
}

#[cold]
#[inline(never)]
fn changed(plan: &ReadPlan, what: &str, table: &str) -> Error {
    let root = quote_qualified(&plan.namespace, &plan.table);
    match what {
        ATTACHED => parts_changed(format!(
            "{} became a partition or a child of {} after the stream was planned (by CREATE TABLE or ALTER TABLE), and is no part of the plan",
            table, root
        )),
        DETACHED => parts_changed(detached(table, &root)),
        _ => Error::new(
            Category::TransientDb,
            "table_rewritten",
            format!(
                "{} was truncated or written anew (by TRUNCATE, VACUUM FULL, CLUSTER or ALTER TABLE) while it was read",
                table
            ),
        )
        .hint("start the run again"),
    }
}

/// The error of a unit that could not be read, in other words when one of the tables that the stream was planned to consist of is gone.
#[cold]
#[inline(never)]
pub fn explained(plan: &ReadPlan, unit: u64, error: Error) -> Error {
    match plan.part(unit) {
        Some(part) if error.code() == UNDEFINED_TABLE && !part.storage.is_empty() => parts_changed(detached(
            &quote_qualified(&part.namespace, &part.table),
            &quote_qualified(&plan.namespace, &plan.table),
        )),
        _ => error,
    }
}

fn detached(table: &str, root: &str) -> String {
    format!(
        "{} was detached from {}, dropped or renamed after the stream was planned",
        table, root
    )
}

fn parts_changed(message: String) -> Error {
    Error::new(Category::TransientDb, "parts_changed", message).hint("start the run again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_plan::{PlannedPart, Units};
    use crate::testing::plan_of;

    fn plan(storage: &str, units: Units) -> ReadPlan {
        ReadPlan {
            storage: storage.into(),
            units,
            ..plan_of(&[])
        }
    }

    fn part(table: &str, storage: &str) -> PlannedPart {
        PlannedPart {
            namespace: "S".into(),
            table: table.into(),
            storage: storage.into(),
            count: 1,
            blocks: 0,
            slices: None,
        }
    }

    #[test]
    fn all_tables_of_the_plan_are_compared_and_the_files_of_those_that_were_read() {
        let plan = plan("", Units::Parts(vec![part("a", "1"), part("it's", "2"), part("f", "")]));
        let query_of = |units| query(&plan, units, 15).unwrap();
        assert!(query_of(0..1).contains("'1'") && !query_of(0..1).contains("'2'"));
        assert!(query_of(0..1).contains("(VALUES ('\"S\".\"a\"'), ('\"S\".\"it''s\"'), ('\"S\".\"f\"')) AS planned"));
        assert!(!query_of(2..3).contains(REWRITTEN) && query_of(2..3).contains(DETACHED));
    }

    #[test]
    fn what_is_read_through_the_relation_is_not_compared() {
        let hashes = Units::KeyHashes {
            column: "id".into(),
            count: 2,
        };
        assert_eq!(query(&plan("", hashes), 0..2, 15), None);
        let whole = query(&plan("1", Units::Whole), 0..1, 15).unwrap();
        assert!(whole.contains(REWRITTEN) && !whole.contains("planned"), "{}", whole);
    }

    #[test]
    fn only_servers_that_know_them_are_asked_for_partitions_that_are_being_detached() {
        let blocks = plan("1", Units::HeapBlocks { count: 1, blocks: 1 });
        assert!(!query(&blocks, 0..1, 13).unwrap().contains("inhdetachpending"));
        assert!(query(&blocks, 0..1, 14).unwrap().contains("inhdetachpending"));
    }
}
