// SPDX-License-Identifier: Apache-2.0

//! What others have built on a table that is replaced: views, rules and foreign keys, which are led to the new table, and what cannot be.

use crate::catalog::ExistingTable;
use crate::catalog_statements::{query, read, Query};
use crate::session::Session;
use rapidbyte_sdk::Result;

/// Statements that lead to the new table what refers to the old one.
pub struct Dependents {
    pub before_rename: Vec<String>,
    /// To be run when the new table has its name, and the old one another.
    pub after_rename: Vec<String>,
    /// To be run when the old table is gone.
    pub after_drop: Vec<String>,
}

impl Dependents {
    pub fn of(session: &mut Session, old: u32) -> Result<Dependents> {
        Ok(Dependents {
            before_rename: read(session, &[query(DROP_FOREIGN_KEYS)], old, 0)?,
            after_rename: read(session, &[query(VIEWS), query(RULES)], old, 0)?,
            after_drop: read(session, &[query(ADD_FOREIGN_KEYS), query(FOREIGN_KEY_COMMENTS)], old, 0)?,
        })
    }
}

pub fn locks(session: &mut Session, old: u32) -> Result<Vec<String>> {
    read(session, &[query(LOCK_VIEWS), query(LOCK_TABLES)], old, 0)
}

/// Why a new table cannot take the place of this one, each as the end of a sentence.
pub fn obstacles(session: &mut Session, table: &ExistingTable) -> Result<Vec<String>> {
    let mut obstacles = read(session, &OBSTACLES, table.oid, 0)?;
    if table.is_related {
        obstacles.extend(read(session, &[query(RELATIVES)], table.oid, 0)?);
    }
    obstacles.extend(read(session, &[query(DEPENDENTS)], table.oid, 0)?);
    Ok(obstacles)
}

/// The columns of the table that views, and rules of other relations, read.
pub struct UsedColumn {
    pub user: String,
    pub column: String,
}

pub fn used_columns(session: &mut Session, table: u32) -> Result<Vec<UsedColumn>> {
    let rows = session
        .query_catalogue(&USED_COLUMNS.replace("$old", &table.to_string()))?
        .rows;
    let used = rows.iter().map(|row| UsedColumn {
        user: row.text(0).into(),
        column: row.text(1).into(),
    });
    Ok(used.collect())
}

/// The tables of others whose foreign keys refer to this one.
pub fn referring_tables(session: &mut Session, table: u32) -> Result<Vec<String>> {
    read(session, &[query(REFERRING_TABLES)], table, 0)
}

/// What a table with other columns does not take over from the target.
pub fn losses(session: &mut Session, table: u32) -> Result<Vec<String>> {
    read(session, &[query(LOSSES)], table, 0)
}

/// Takes the lock of a view alone; LOCK TABLE would lock all tables that it reads.
const LOCK_VIEWS: &str = "SELECT DISTINCT pg_catalog.format('ALTER VIEW %s OWNER TO %I', c.oid::regclass, \
         pg_catalog.pg_get_userbyid(c.relowner)) \
     FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid \
     JOIN pg_catalog.pg_class c ON c.oid = r.ev_class AND c.relkind = 'v' \
     WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass \
         AND d.refobjid = $old AND c.oid <> $old ORDER BY 1";

const LOCK_TABLES: &str =
    "SELECT DISTINCT pg_catalog.format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', t.oid::regclass) \
     FROM (SELECT c.conrelid AS oid FROM pg_catalog.pg_constraint c \
             WHERE c.confrelid = $old AND c.contype = 'f' AND c.conparentid = 0 \
         UNION SELECT r.ev_class FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid \
             JOIN pg_catalog.pg_class c ON c.oid = r.ev_class AND c.relkind <> 'v' \
             WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass \
                 AND d.refobjid = $old) t \
     WHERE t.oid <> $old ORDER BY 1";

/// A view keeps all that is its own when its query is replaced, but its options have to be said again.
const VIEWS: &str = "SELECT pg_catalog.format('CREATE OR REPLACE VIEW %s%s AS %s', c.oid::regclass, \
         coalesce(' WITH (' || (SELECT pg_catalog.string_agg(pg_catalog.format('%I = %L', o.option_name, o.option_value), ', ') \
             FROM pg_catalog.pg_options_to_table(c.reloptions) o) || ')', ''), \
         pg_catalog.pg_get_viewdef(c.oid)) \
     FROM pg_catalog.pg_class c WHERE c.relkind = 'v' AND c.oid IN (\
         SELECT r.ev_class FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid \
         WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass \
             AND d.refobjid = $old AND r.rulename = '_RETURN') ORDER BY c.oid";

const RULES: &str =
    "SELECT pg_catalog.regexp_replace(pg_catalog.pg_get_ruledef(r.oid), '^CREATE RULE', 'CREATE OR REPLACE RULE') \
     FROM pg_catalog.pg_rewrite r WHERE r.ev_class <> $old AND r.rulename <> '_RETURN' AND r.oid IN (\
         SELECT d.objid FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass \
             AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $old) ORDER BY r.oid";

const DROP_FOREIGN_KEYS: &str =
    "SELECT pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname) \
     FROM pg_catalog.pg_constraint c \
     WHERE c.confrelid = $old AND c.conrelid <> $old AND c.contype = 'f' AND c.conparentid = 0";

const ADD_FOREIGN_KEYS: &str =
    "SELECT pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname, \
         pg_catalog.pg_get_constraintdef(c.oid)) \
     FROM pg_catalog.pg_constraint c \
     WHERE c.confrelid = $old AND c.conrelid <> $old AND c.contype = 'f' AND c.conparentid = 0";

const FOREIGN_KEY_COMMENTS: &str =
    "SELECT pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', c.conname, c.conrelid::regclass, d.description) \
     FROM pg_catalog.pg_constraint c \
     JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_constraint'::regclass AND d.objoid = c.oid \
     WHERE c.confrelid = $old AND c.conrelid <> $old AND c.contype = 'f' AND c.conparentid = 0";

const OBSTACLES: [Query; 6] = [
    query(
        "SELECT 'it belongs to ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(relowner)) \
         FROM pg_catalog.pg_class WHERE oid = $old AND NOT pg_catalog.pg_has_role(relowner, 'USAGE')",
    ),
    query("SELECT 'it is partitioned' FROM pg_catalog.pg_class WHERE oid = $old AND relkind = 'p'"),
    query(
        "SELECT 'it has a security label' WHERE EXISTS (SELECT FROM pg_catalog.pg_seclabel \
             WHERE objoid = $old AND classoid = 'pg_catalog.pg_class'::regclass)",
    ),
    query("SELECT 'it is a table of a type' FROM pg_catalog.pg_class WHERE oid = $old AND reloftype <> 0"),
    query(
        "SELECT DISTINCT 'trigger ' || pg_catalog.quote_ident(t.tgname) || ' of ' || t.tgrelid::regclass || ' comes from it' \
         FROM pg_catalog.pg_trigger t WHERE t.tgconstrrelid = $old AND t.tgrelid <> $old AND NOT t.tgisinternal",
    ),
    query(UNNAMED_OPERATORS),
];

/// Definitions are printed and read again, and in these places the server prints an operator without its schema, or not at all: it would be looked for
/// among its own ones only. On those nothing is said to depend.
const UNNAMED_OPERATORS: &str = "WITH definitions(classid, objid, text) AS (\
         SELECT 'pg_catalog.pg_rewrite'::regclass, r.oid, pg_catalog.pg_get_ruledef(r.oid) FROM pg_catalog.pg_rewrite r \
         WHERE r.ev_class = $old OR r.oid IN (SELECT d.objid FROM pg_catalog.pg_depend d \
             WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $old) \
         UNION ALL SELECT 'pg_catalog.pg_trigger'::regclass, oid, pg_catalog.pg_get_triggerdef(oid) FROM pg_catalog.pg_trigger \
         WHERE tgrelid = $old AND NOT tgisinternal \
         UNION ALL SELECT 'pg_catalog.pg_policy'::regclass, oid, pg_catalog.concat_ws(' ', \
             pg_catalog.pg_get_expr(polqual, polrelid), pg_catalog.pg_get_expr(polwithcheck, polrelid)) \
         FROM pg_catalog.pg_policy WHERE polrelid = $old \
         UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::regclass, oid, pg_catalog.pg_get_statisticsobjdef(oid) \
         FROM pg_catalog.pg_statistic_ext WHERE stxrelid = $old) \
     SELECT DISTINCT pg_catalog.pg_describe_object(s.classid, s.objid, 0) || ' uses the operator ' || o.oid::regoperator \
     FROM definitions s JOIN pg_catalog.pg_depend d ON d.classid = s.classid AND d.objid = s.objid \
         AND d.refclassid = 'pg_catalog.pg_operator'::regclass \
     JOIN pg_catalog.pg_operator o ON o.oid = d.refobjid AND o.oprnamespace <> 'pg_catalog'::regnamespace \
     WHERE s.text ~ 'USING|DISTINCT FROM|NULLIF|CASE' ORDER BY 1";

const RELATIVES: &str = "SELECT CASE WHEN c.relispartition THEN 'it is a partition' ELSE 'it inherits from another table' END \
     FROM pg_catalog.pg_class c WHERE c.oid = $old AND EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) \
     UNION ALL SELECT DISTINCT i.inhrelid::regclass || ' inherits from it' \
     FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhparent AND c.relkind <> 'p' WHERE i.inhparent = $old";

/// All that depends on the table, but not what belongs to it and what is led to the new one: views, rules and foreign keys
/// of the same owners.
const DEPENDENTS: &str = "WITH target AS (\
         SELECT c.oid, t.oid AS type, t.typarray FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_type t ON t.oid = c.reltype WHERE c.oid = $old) \
     SELECT DISTINCT pg_catalog.pg_describe_object(\
             CASE WHEN r.oid IS NULL OR r.rulename <> '_RETURN' THEN d.classid ELSE 'pg_catalog.pg_class'::regclass END, \
             CASE WHEN r.oid IS NULL OR r.rulename <> '_RETURN' THEN d.objid ELSE r.ev_class END, 0) || ' depends on it' \
     FROM target JOIN pg_catalog.pg_depend d \
         ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = target.oid AND d.deptype = 'n' \
         OR d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid IN (target.type, target.typarray) AND d.deptype = 'n' \
     LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid \
     LEFT JOIN pg_catalog.pg_class v ON v.oid = r.ev_class \
     LEFT JOIN pg_catalog.pg_constraint k ON d.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = d.objid \
     LEFT JOIN pg_catalog.pg_class f ON f.oid = k.conrelid \
     LEFT JOIN pg_catalog.pg_trigger g ON d.classid = 'pg_catalog.pg_trigger'::regclass AND g.oid = d.objid \
     LEFT JOIN pg_catalog.pg_policy p ON d.classid = 'pg_catalog.pg_policy'::regclass AND p.oid = d.objid \
     LEFT JOIN pg_catalog.pg_attrdef a ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND a.oid = d.objid \
     WHERE coalesce(r.ev_class, k.conrelid, g.tgrelid, p.polrelid, a.adrelid, 0) <> target.oid \
         AND NOT (v.oid IS NOT NULL AND v.relkind IN ('v', 'r', 'p') AND v.relpersistence <> 't' \
             AND pg_catalog.pg_has_role(v.relowner, 'USAGE')) \
         AND NOT (k.oid IS NOT NULL AND k.contype = 'f' AND (k.conparentid <> 0 OR pg_catalog.pg_has_role(f.relowner, 'USAGE'))) \
     UNION SELECT 'publication ' || pg_catalog.quote_ident(p.pubname) || ', which belongs to another, publishes it' \
     FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid \
     WHERE r.prrelid = $old AND NOT pg_catalog.pg_has_role(p.pubowner, 'USAGE') \
     UNION SELECT 'it is a member of ' || pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0) \
     FROM pg_catalog.pg_depend d \
     WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = $old AND d.deptype = 'e' ORDER BY 1";

const USED_COLUMNS: &str =
    "SELECT DISTINCT pg_catalog.pg_describe_object('pg_catalog.pg_class'::regclass, r.ev_class, 0), a.attname \
     FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attnum > 0 \
     WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass \
         AND d.refobjid = $old AND r.ev_class <> $old ORDER BY 1, 2";

const REFERRING_TABLES: &str = "SELECT DISTINCT c.conrelid::regclass::text FROM pg_catalog.pg_constraint c \
     WHERE c.confrelid = $old AND c.conrelid <> $old AND c.contype = 'f' AND c.conparentid = 0 ORDER BY 1";

const LOSSES: &str =
    "SELECT DISTINCT pg_catalog.pg_describe_object(d.classid, d.objid, 0) FROM pg_catalog.pg_depend d \
     LEFT JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objid \
     LEFT JOIN pg_catalog.pg_trigger g ON d.classid = 'pg_catalog.pg_trigger'::regclass AND g.oid = d.objid \
     LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid \
     WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $old AND d.deptype IN ('a', 'i') \
         AND (c.relkind IN ('i', 'S') OR NOT g.tgisinternal OR r.ev_class = $old \
             OR d.classid IN ('pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_statistic_ext'::regclass, \
                 'pg_catalog.pg_attrdef'::regclass)) ORDER BY 1";
