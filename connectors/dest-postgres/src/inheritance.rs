// SPDX-License-Identifier: Apache-2.0

//! What a table that is replaced leaves to the new one: owner, grants, comment, storage parameters, foreign keys, triggers,
//! sequences, and the names of indexes. What `LIKE … INCLUDING ALL` copies is there already.
//!
//! The server itself writes the statements, because it knows how to quote every part of them.

use crate::catalog::{ExistingColumn, ExistingTable};
use crate::session::Session;
use rapidbyte_sdk::Result;

/// Statements that give the new table what the old one had.
pub struct Inheritance {
    /// To be run while both tables exist. They name them by their present names.
    pub before_drop: Vec<String>,
    /// To be run when the new table has its name.
    pub after_rename: Vec<String>,
}

impl Inheritance {
    /// Reads the catalogue. Keys, triggers and sequences are left to a table with the same columns only: they may be about
    /// columns that another one does not have.
    pub fn of(session: &mut Session, old: &ExistingTable, new: &ExistingTable) -> Result<Inheritance> {
        let mut read = |queries: &[&str]| -> Result<Vec<String>> {
            let mut statements = Vec::new();
            for query in queries {
                let sql = query
                    .replace("$old", &old.oid.to_string())
                    .replace("$new", &new.oid.to_string());
                statements.extend(session.query(&sql)?.rows.iter().map(|row| row.text(0).to_owned()));
            }
            Ok(statements)
        };
        let mut inheritance = Inheritance {
            before_drop: Vec::new(),
            after_rename: Vec::new(),
        };
        if has_same_columns(old, new) {
            inheritance.before_drop = read(&[OWNED_SEQUENCES])?;
            inheritance.after_rename = read(&[
                INDEX_NAMES,
                IDENTITY_SEQUENCES,
                FOREIGN_KEYS,
                TRIGGERS,
                DISABLED_TRIGGERS,
            ])?;
        }
        inheritance.before_drop.extend(read(&[
            STORAGE_PARAMETERS,
            LOGGING,
            COMMENT,
            REVOKES,
            GRANTS,
            COLUMN_GRANTS,
        ])?);
        // Last, because whoever gives a table away may not be allowed to change it any more.
        inheritance.after_rename.extend(read(&[OWNER])?);
        Ok(inheritance)
    }
}

fn has_same_columns(old: &ExistingTable, new: &ExistingTable) -> bool {
    let is_in_new = |old: &ExistingColumn| {
        new.column(&old.name).map_or(false, |new| {
            (new.type_oid, &new.type_text, new.is_generated) == (old.type_oid, &old.type_text, old.is_generated)
        })
    };
    old.columns.len() == new.columns.len() && old.columns.iter().all(is_in_new)
}

/// Runs statements one after another.
pub fn carry_over(session: &mut Session, statements: &[String]) -> Result<()> {
    statements
        .iter()
        .try_for_each(|statement| session.execute(statement).map(|_| ()))
}

/// The sequence of a `serial` column would be dropped with the old table, though the new one draws its defaults from it.
const OWNED_SEQUENCES: &str = "SELECT pg_catalog.format('ALTER SEQUENCE %s OWNED BY %s.%I', d.objid::regclass, \
         $new::oid::regclass, n.attname) \
     FROM pg_catalog.pg_depend d \
     JOIN pg_catalog.pg_attribute o ON o.attrelid = d.refobjid AND o.attnum = d.refobjsubid \
     JOIN pg_catalog.pg_attribute n ON n.attrelid = $new AND n.attname = o.attname AND NOT n.attisdropped \
     WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass \
         AND d.refobjid = $old AND d.deptype = 'a' \
         AND d.objid IN (SELECT oid FROM pg_catalog.pg_class WHERE relkind = 'S')";

const STORAGE_PARAMETERS: &str = "SELECT pg_catalog.format('ALTER TABLE %s SET (%I = %L)', $new::oid::regclass, \
         o.option_name, o.option_value) \
     FROM pg_catalog.pg_class c, LATERAL pg_catalog.pg_options_to_table(c.reloptions) o WHERE c.oid = $old";

const LOGGING: &str = "SELECT pg_catalog.format('ALTER TABLE %s SET UNLOGGED', $new::oid::regclass) \
     FROM pg_catalog.pg_class WHERE oid = $old AND relpersistence = 'u'";

const COMMENT: &str = "SELECT pg_catalog.format('COMMENT ON TABLE %s IS %L', $new::oid::regclass, description) \
     FROM pg_catalog.pg_description \
     WHERE classoid = 'pg_catalog.pg_class'::regclass AND objoid = $old AND objsubid = 0";

/// What the new table was born with is taken back first: the old one may have granted less.
const REVOKES: &str = "SELECT DISTINCT pg_catalog.format('REVOKE ALL ON %s FROM %s', $new::oid::regclass, \
         CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END) \
     FROM pg_catalog.pg_class o, pg_catalog.pg_class c, \
         LATERAL pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) a \
     WHERE c.oid = $new AND o.oid = $old AND (o.relacl IS NOT NULL OR c.relacl IS NOT NULL)";

const GRANTS: &str = "SELECT pg_catalog.format('GRANT %s ON %s TO %s%s', a.privilege_type, $new::oid::regclass, \
         CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END, \
         CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) \
     FROM pg_catalog.pg_class o, pg_catalog.pg_class c, \
         LATERAL pg_catalog.aclexplode(coalesce(o.relacl, pg_catalog.acldefault('r', o.relowner))) a \
     WHERE c.oid = $new AND o.oid = $old AND (o.relacl IS NOT NULL OR c.relacl IS NOT NULL)";

const COLUMN_GRANTS: &str = "SELECT pg_catalog.format('GRANT %s (%I) ON %s TO %s%s', a.privilege_type, n.attname, \
         $new::oid::regclass, \
         CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END, \
         CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) \
     FROM pg_catalog.pg_attribute o \
     JOIN pg_catalog.pg_attribute n ON n.attrelid = $new AND n.attname = o.attname AND NOT n.attisdropped, \
         LATERAL pg_catalog.aclexplode(o.attacl) a \
     WHERE o.attrelid = $old AND NOT o.attisdropped AND o.attacl IS NOT NULL";

const OWNER: &str = "SELECT pg_catalog.format('ALTER TABLE %s OWNER TO %I', $old::oid::regclass, \
         pg_catalog.pg_get_userbyid(o.relowner)) \
     FROM pg_catalog.pg_class o JOIN pg_catalog.pg_class n ON n.oid = $new AND n.relowner <> o.relowner WHERE o.oid = $old";

/// The indexes of a table made by LIKE have names of their own. The pairs are told by their definitions; of several
/// equal ones, by their order. Renaming the index of a constraint renames the constraint.
const INDEX_NAMES: &str = "WITH indexes AS (\
         SELECT i.indrelid, c.relname, c.relnamespace, i.indisunique, i.indisprimary, d.definition, \
             pg_catalog.row_number() OVER (PARTITION BY i.indrelid, i.indisunique, i.indisprimary, d.definition \
                 ORDER BY i.indexrelid) AS number \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid, \
             LATERAL (SELECT pg_catalog.regexp_replace(pg_catalog.pg_get_indexdef(i.indexrelid), '^.*? USING ', '')) \
                 AS d(definition) \
         WHERE i.indrelid IN ($old, $new)) \
     SELECT pg_catalog.format('ALTER INDEX %I.%I RENAME TO %I', n.nspname, new.relname, old.relname) \
     FROM indexes old JOIN indexes new USING (indisunique, indisprimary, definition, number) \
     JOIN pg_catalog.pg_namespace n ON n.oid = new.relnamespace \
     WHERE old.indrelid = $old AND new.indrelid = $new AND old.relname <> new.relname";

/// The new table's identity columns count from where the old ones' stand.
const IDENTITY_SEQUENCES: &str = "SELECT pg_catalog.format('SELECT pg_catalog.setval(%L, %s, true)', \
         pg_catalog.format('%I.%I', ns.nspname, ns.relname), os.last_value) \
     FROM (SELECT a.attname, s.last_value FROM pg_catalog.pg_depend d \
             JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S' \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
             JOIN pg_catalog.pg_sequences s ON s.schemaname = n.nspname AND s.sequencename = c.relname \
             WHERE d.refobjid = $old AND d.deptype = 'i' AND d.refclassid = 'pg_catalog.pg_class'::regclass \
                 AND d.classid = 'pg_catalog.pg_class'::regclass AND s.last_value IS NOT NULL) os \
     JOIN (SELECT a.attname, c.relname, n.nspname FROM pg_catalog.pg_depend d \
             JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S' \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
             WHERE d.refobjid = $new AND d.deptype = 'i' AND d.refclassid = 'pg_catalog.pg_class'::regclass \
                 AND d.classid = 'pg_catalog.pg_class'::regclass) ns USING (attname)";

/// LIKE copies no foreign keys.
const FOREIGN_KEYS: &str =
    "SELECT pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', $old::oid::regclass, c.conname, \
         pg_catalog.pg_get_constraintdef(c.oid)) \
     FROM pg_catalog.pg_constraint c WHERE c.conrelid = $old AND c.contype = 'f'";

const TRIGGERS: &str = "SELECT pg_catalog.pg_get_triggerdef(oid) FROM pg_catalog.pg_trigger \
     WHERE tgrelid = $old AND NOT tgisinternal ORDER BY tgname";

const DISABLED_TRIGGERS: &str = "SELECT pg_catalog.format('ALTER TABLE %s %s TRIGGER %I', $old::oid::regclass, \
         CASE tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, tgname) \
     FROM pg_catalog.pg_trigger WHERE tgrelid = $old AND NOT tgisinternal AND tgenabled <> 'O'";
