// SPDX-License-Identifier: Apache-2.0

//! The other way to replace a table: its rows are exchanged and the table stays, with all that depends on it. It takes longer than
//! a new table, which has its rows already, and leaves the room of the old rows to the next VACUUM.

use crate::catalog::{find_table, ExistingTable, RelationKind};
use crate::catalog_statements::{query, read, run, Query};
use crate::inheritance::has_same_columns;
use crate::names::Target;
use crate::remembered::target_changed;
use crate::session::Session;
use rapidbyte_sdk::postgres::quote_identifier;
use rapidbyte_sdk::{Category, Error, Result};

/// Why the rows of this table cannot be exchanged, each as the end of a sentence.
pub fn obstacles(session: &mut Session, table: &ExistingTable) -> Result<Vec<String>> {
    read(session, &OBSTACLES, table.oid, 0)
}

/// Puts the rows of the side table into the target in the place of what it has. Both have the same columns.
#[inline(never)]
pub fn exchange(session: &mut Session, target: &Target, old: &ExistingTable, side: &ExistingTable) -> Result<()> {
    let only = if old.kind == RelationKind::PartitionedTable {
        ""
    } else {
        "ONLY "
    };
    // Whoever reads goes on reading the old rows.
    let lock = format!("LOCK TABLE {}{} IN SHARE ROW EXCLUSIVE MODE", only, target.quoted());
    session.execute(&lock)?;
    // What was read before may have been altered by who held the table until now.
    let now = find_table(session, &target.schema, &target.table)?;
    let is_the_same = |now: &&ExistingTable| (now.oid, now.kind) == (old.oid, old.kind) && has_same_columns(now, side);
    let old = now.as_ref().filter(is_the_same).ok_or_else(|| target_changed(target))?;
    let mut afterwards = read(session, &[query(MAKE_STRICT_FOREIGN_KEYS)], old.oid, side.oid)?;
    let drop = read(session, &[query(DROP_STRICT_FOREIGN_KEYS)], old.oid, side.oid)?;
    run(session, &drop)?;
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
    let written = session.execute(&format!(
        "WITH gone AS (DELETE FROM {only}{target} RETURNING 1) INSERT INTO {target} ({columns}) OVERRIDING SYSTEM VALUE \
         SELECT {columns} FROM ONLY {side} WHERE (SELECT pg_catalog.count(*) FROM gone) OPERATOR(pg_catalog.>=) 0",
        only = only,
        target = target.quoted(),
        columns = columns.join(", "),
        side = target.quoted_side()
    ))?;
    session.trust_nobody()?;
    check_rows(session, target, only, written)?;
    // Checks that are put off to the commit would keep the table from being changed.
    session.execute("SET CONSTRAINTS ALL IMMEDIATE")?;
    afterwards.push(format!("DROP TABLE {}", target.quoted_side()));
    run(session, &afterwards)
}

/// Whatever acts on a row that goes must not have acted on the new ones.
#[inline(never)]
fn check_rows(session: &mut Session, target: &Target, only: &str, written: u64) -> Result<()> {
    let found = session.query(&format!("SELECT pg_catalog.count(*) FROM {}{}", only, target.quoted()))?;
    let found = found.value().unwrap_or_default();
    if found == written.to_string() {
        return Ok(());
    }
    Err(Error::new(
        Category::Data,
        "rows_lost",
        format!(
            "stream '{}': {} rows were written into {}, and then there were {}: a function or a foreign key of the destination acts on them",
            target.stream,
            written,
            target.display(),
            found
        ),
    )
    .hint("look for functions in constraints and indexes of the table that write into it"))
}

/// Foreign keys that would do something, or forbid, when a row goes, though it comes again: to the table or to its partitions, or, when it is
/// a partition, to what it is a part of. Of a key that the server made for a partition it is the one that it was made for.
macro_rules! strict_foreign_keys {
    ($select:literal) => {
        concat!(
            "WITH RECURSIVE tree(oid) AS (SELECT $old::oid UNION ALL \
                 SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree ON tree.oid = i.inhparent), \
             climbed(oid, parent) AS (\
                 SELECT k.oid, k.conparentid FROM pg_catalog.pg_constraint k JOIN tree ON tree.oid = k.confrelid \
                 WHERE k.contype = 'f' AND k.confdeltype <> 'a' \
                 UNION SELECT k.oid, k.conparentid FROM pg_catalog.pg_constraint k JOIN climbed ON climbed.parent = k.oid), \
             strict AS (SELECT c.* FROM pg_catalog.pg_constraint c JOIN climbed ON climbed.oid = c.oid WHERE c.conparentid = 0) ",
            $select
        )
    };
}

const OBSTACLES: [Query; 7] = [
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
    query(strict_foreign_keys!(
        "SELECT DISTINCT 'a foreign key of ' || c.conrelid::regclass || ', which belongs to another, would act on that table' \
         FROM strict c JOIN pg_catalog.pg_class t ON t.oid = c.conrelid WHERE NOT pg_catalog.pg_has_role(t.relowner, 'USAGE')"
    )),
    query(strict_foreign_keys!(
        "SELECT DISTINCT 'a foreign key of ' || c.conrelid::regclass || ' would have to be made again, for which the user needs REFERENCES on ' \
             || c.confrelid::regclass \
         FROM strict c WHERE NOT pg_catalog.has_any_column_privilege(c.confrelid, 'REFERENCES')"
    )),
    Query {
        until: 15,
        ..query(
            "SELECT 'a server before version 15 cannot keep triggers of partitions from running' \
             FROM pg_catalog.pg_class c WHERE c.oid = $old AND c.relkind = 'p' \
                 AND EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)",
        )
    },
];

const MAKE_STRICT_FOREIGN_KEYS: &str = strict_foreign_keys!(
    "SELECT pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname, \
         pg_catalog.pg_get_constraintdef(c.oid)) FROM strict c \
     UNION ALL SELECT pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', c.conname, c.conrelid::regclass, d.description) \
     FROM strict c \
     JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_constraint'::regclass AND d.objoid = c.oid"
);

const DROP_STRICT_FOREIGN_KEYS: &str = strict_foreign_keys!(
    "SELECT pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname) FROM strict c"
);

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
