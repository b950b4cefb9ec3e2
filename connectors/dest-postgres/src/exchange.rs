// SPDX-License-Identifier: Apache-2.0

//! The other way to replace a table: its rows are exchanged and the table stays, with all that depends on it. It takes longer than
//! a new table, which has its rows already, and leaves the room of the old rows to the next VACUUM.

use crate::catalog::{ExistingTable, RelationKind};
use crate::catalog_statements::{query, read, run, Query};
use crate::inheritance::has_same_columns;
use crate::names::Target;
use crate::session::Session;
use rapidbyte_sdk::postgres::quote_identifier;
use rapidbyte_sdk::Result;

/// Why the rows of this table cannot be exchanged, each as the end of a sentence.
pub fn obstacles(session: &mut Session, table: &ExistingTable) -> Result<Vec<String>> {
    read(session, &OBSTACLES, table.oid, 0)
}

/// Puts the rows of the side table into the target in the place of what it has. Both have the same columns.
#[inline(never)]
pub fn exchange(session: &mut Session, target: &Target, old: &ExistingTable, side: &ExistingTable) -> Result<()> {
    debug_assert!(has_same_columns(old, side));
    let only = if old.kind == RelationKind::PartitionedTable {
        ""
    } else {
        "ONLY "
    };
    // Whoever reads goes on reading the old rows.
    let lock = format!("LOCK TABLE {}{} IN SHARE ROW EXCLUSIVE MODE", only, target.quoted());
    session.execute(&lock)?;
    let others_hold_on = read(session, &[query(STRICT_FOREIGN_KEYS)], old.oid, side.oid)?;
    let mut afterwards = Vec::new();
    if !others_hold_on.is_empty() {
        let drop = read(session, &[query(DROP_STRICT_FOREIGN_KEYS)], old.oid, side.oid)?;
        run(session, &drop)?;
        afterwards.extend(others_hold_on);
    }
    // The rows were never in another table for triggers and rules to see, when a new table takes the place of an old one.
    afterwards.extend(read(session, &[query(ENABLE)], old.oid, side.oid)?);
    let silence = read(session, &[query(DISABLE)], old.oid, side.oid)?;
    run(session, &silence)?;
    let columns: Vec<String> = old
        .columns
        .iter()
        .filter(|column| !column.is_generated)
        .map(|column| quote_identifier(&column.name))
        .collect();
    // Functions in constraints and indexes find what they found when the side table was filled.
    session.execute("SET LOCAL search_path TO DEFAULT; SET LOCAL row_security = off")?;
    // In one statement, so that foreign keys are looked at when the new rows are there.
    session.execute(&format!(
        "WITH gone AS (DELETE FROM {only}{target} RETURNING 1) INSERT INTO {target} ({columns}) OVERRIDING SYSTEM VALUE \
         SELECT {columns} FROM ONLY {side} WHERE (SELECT pg_catalog.count(*) FROM gone) OPERATOR(pg_catalog.>=) 0",
        only = only,
        target = target.quoted(),
        columns = columns.join(", "),
        side = target.quoted_side()
    ))?;
    session.trust_nobody()?;
    // Checks that are put off to the commit would keep the table from being changed.
    session.execute("SET CONSTRAINTS ALL IMMEDIATE")?;
    afterwards.push(format!("DROP TABLE {}", target.quoted_side()));
    run(session, &afterwards)
}

const OBSTACLES: [Query; 6] = [
    query(
        "SELECT 'the user may not delete and insert its rows' WHERE NOT (\
             pg_catalog.has_table_privilege($old::oid, 'DELETE') AND pg_catalog.has_table_privilege($old::oid, 'INSERT'))",
    ),
    query("SELECT 'row security policies apply to the user' WHERE pg_catalog.row_security_active($old::oid)"),
    query(
        "SELECT 'only its owner can keep its triggers and rules from running' FROM pg_catalog.pg_class c WHERE c.oid = $old \
             AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE') \
             AND (EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D') \
                 OR EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_enabled <> 'D'))",
    ),
    query(
        "SELECT DISTINCT i.inhrelid::regclass || ' inherits from it' FROM pg_catalog.pg_inherits i \
         JOIN pg_catalog.pg_class c ON c.oid = i.inhparent AND c.relkind <> 'p' WHERE i.inhparent = $old",
    ),
    query(
        "SELECT DISTINCT 'a foreign key of ' || c.conrelid::regclass || ', which belongs to another, would act on that table' \
         FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class t ON t.oid = c.conrelid \
         WHERE c.confrelid = $old AND c.conrelid <> $old AND c.contype = 'f' AND c.conparentid = 0 AND c.confdeltype <> 'a' \
             AND NOT pg_catalog.pg_has_role(t.relowner, 'USAGE')",
    ),
    Query {
        until: 15,
        ..query(
            "SELECT 'a server before version 15 cannot keep triggers of partitions from running' \
             FROM pg_catalog.pg_class c WHERE c.oid = $old AND c.relkind = 'p' \
                 AND EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)",
        )
    },
];

/// Foreign keys of others that would do something, or forbid, when a row goes, though it comes again.
const STRICT_FOREIGN_KEYS: &str =
    "SELECT pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname, \
         pg_catalog.pg_get_constraintdef(c.oid)) \
     FROM pg_catalog.pg_constraint c WHERE c.confrelid = $old AND c.conrelid <> $old AND c.contype = 'f' \
         AND c.conparentid = 0 AND c.confdeltype <> 'a' \
     UNION ALL SELECT pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', c.conname, c.conrelid::regclass, d.description) \
     FROM pg_catalog.pg_constraint c \
     JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_constraint'::regclass AND d.objoid = c.oid \
     WHERE c.confrelid = $old AND c.conrelid <> $old AND c.contype = 'f' AND c.conparentid = 0 AND c.confdeltype <> 'a'";

const DROP_STRICT_FOREIGN_KEYS: &str =
    "SELECT pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname) \
     FROM pg_catalog.pg_constraint c WHERE c.confrelid = $old AND c.conrelid <> $old AND c.contype = 'f' \
         AND c.conparentid = 0 AND c.confdeltype <> 'a'";

/// Triggers and rules of the table and of its partitions that are not disabled.
macro_rules! triggers_and_rules {
    ($disable_or_state:literal, $disable_or_rule_state:literal) => {
        concat!(
            "WITH RECURSIVE tree(oid) AS (SELECT $old::oid UNION ALL \
                 SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree ON tree.oid = i.inhparent) \
             SELECT pg_catalog.format('ALTER TABLE ONLY %s %s TRIGGER %I', tree.oid::regclass, ",
            $disable_or_state,
            ", t.tgname) FROM tree JOIN pg_catalog.pg_trigger t ON t.tgrelid = tree.oid \
                 AND NOT t.tgisinternal AND t.tgenabled <> 'D' \
             UNION ALL SELECT pg_catalog.format('ALTER TABLE ONLY %s %s RULE %I', tree.oid::regclass, ",
            $disable_or_rule_state,
            ", r.rulename) FROM tree JOIN pg_catalog.pg_rewrite r ON r.ev_class = tree.oid AND r.ev_enabled <> 'D'"
        )
    };
}

const DISABLE: &str = triggers_and_rules!("'DISABLE'", "'DISABLE'");

const ENABLE: &str = triggers_and_rules!(
    "CASE t.tgenabled WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END",
    "CASE r.ev_enabled WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END"
);
