// SPDX-License-Identifier: Apache-2.0

//! What a table that is replaced leaves to the new one, beside what `LIKE … INCLUDING ALL` has copied already.

use crate::catalog::{ExistingColumn, ExistingTable};
use crate::catalog_statements::{query, read, Query};
use crate::session::Session;
use rapidbyte_sdk::Result;

/// Statements that give the new table what the old one had.
pub struct Inheritance {
    /// To be run while both tables have the names of before. They name them by these.
    pub before_rename: Vec<String>,
    /// To be run when the new table has its name and the old one is gone.
    pub after_drop: Vec<String>,
}

impl Inheritance {
    /// Reads the catalogue; definitions have to be printed before any name changes. What may be about columns that another table does
    /// not have is left to one with the same columns only.
    #[inline(never)]
    pub fn of(session: &mut Session, old: &ExistingTable, new: &ExistingTable) -> Result<Inheritance> {
        let mut before_rename = read(session, &OF_ANY_TABLE, old.oid, new.oid)?;
        let mut after_drop = read(session, &OF_ANY_TABLE_AFTERWARDS, old.oid, new.oid)?;
        if has_same_columns(old, new) {
            before_rename.extend(read(session, &OF_THE_SAME_COLUMNS, old.oid, new.oid)?);
            after_drop.extend(read(session, &OF_THE_SAME_COLUMNS_AFTERWARDS, old.oid, new.oid)?);
        }
        Ok(Inheritance {
            before_rename,
            after_drop,
        })
    }
}

/// Gives the new table to the owner of the old one, whose sequences and privileges it is to have.
pub fn owner(session: &mut Session, old: &ExistingTable, new: &ExistingTable) -> Result<Vec<String>> {
    read(session, &[query(OWNER)], old.oid, new.oid)
}

/// The foreign keys of the target to other tables, which are checked while they are made: for that nobody needs to be
/// kept away from the target.
pub fn foreign_keys(session: &mut Session, old: &ExistingTable, new: &ExistingTable) -> Result<Vec<String>> {
    match has_same_columns(old, new) {
        true => read(session, &[query(FOREIGN_KEYS)], old.oid, new.oid),
        false => Ok(Vec::new()),
    }
}

/// What can be given to the new table while it is still empty, so that its rows are stored as the old ones were.
pub fn storage(session: &mut Session, old: &ExistingTable, new: &ExistingTable) -> Result<Vec<String>> {
    let queries = [
        query(STORAGE_PARAMETERS),
        query(TOAST_PARAMETERS),
        query(LOGGING),
        query(COLUMN_STORAGE),
        COLUMN_COMPRESSION,
    ];
    read(session, &queries, old.oid, new.oid)
}

/// Statements that take from all but its owner what the new table was born with. In the end it gets the privileges of the old one.
pub fn default_privileges(session: &mut Session, old: &ExistingTable, new: &ExistingTable) -> Result<Vec<String>> {
    read(session, &[query(DEFAULT_PRIVILEGES)], old.oid, new.oid)
}

pub fn has_same_columns(old: &ExistingTable, new: &ExistingTable) -> bool {
    let is_in_new = |old: &ExistingColumn| {
        new.column(&old.name).map_or(false, |new| {
            (new.type_oid, &new.type_text, new.is_generated) == (old.type_oid, &old.type_text, old.is_generated)
        })
    };
    old.columns.len() == new.columns.len() && old.columns.iter().all(is_in_new)
}

const OF_ANY_TABLE: [Query; 14] = [
    query(STORAGE_PARAMETERS),
    query(TOAST_PARAMETERS),
    query(LOGGING),
    query(COLUMN_STORAGE),
    COLUMN_COMPRESSION,
    query(STATISTICS_TARGETS),
    query(COLUMN_OPTIONS),
    query(COMMENT),
    query(COLUMN_COMMENTS),
    query(REVOKES),
    query(GRANTS),
    query(COLUMN_REVOKES),
    query(COLUMN_GRANTS),
    query(REPLICA_IDENTITY),
];

const OF_ANY_TABLE_AFTERWARDS: [Query; 5] = [
    query(POLICIES),
    query(POLICY_COMMENTS),
    query(ROW_SECURITY),
    WHOLE_PUBLICATIONS,
    PUBLICATIONS,
];

const OF_THE_SAME_COLUMNS: [Query; 4] = [
    query(FOREIGN_KEYS),
    query(CHECKS),
    query(OWNED_SEQUENCES),
    query(IDENTITY_VALUES),
];

/// In this order: comments come behind what they are on, and the states of triggers and rules behind them.
const OF_THE_SAME_COLUMNS_AFTERWARDS: [Query; 22] = [
    query(INDEXES),
    query(INDEX_STATISTICS),
    query(CLUSTERED),
    query(REPLICA_INDEX),
    query(IDENTITY_NAMES),
    query(IDENTITY_REVOKES),
    query(IDENTITY_GRANTS),
    query(IDENTITY_COMMENTS),
    query(OWN_FOREIGN_KEYS),
    query(EXTENDED_STATISTICS),
    query(EXTENDED_STATISTICS_OWNERS),
    EXTENDED_STATISTICS_TARGETS,
    query(TRIGGERS),
    query(TRIGGER_STATES),
    query(RULES),
    query(RULE_STATES),
    query(CONSTRAINT_COMMENTS),
    query(INDEX_COMMENTS),
    query(TRIGGER_COMMENTS),
    query(RULE_COMMENTS),
    query(EXTENDED_STATISTICS_COMMENTS),
    query(DEPENDENCIES_ON_EXTENSIONS),
];

const OWNER: &str = "SELECT pg_catalog.format('ALTER TABLE %s OWNER TO %I', $new::oid::regclass, \
         pg_catalog.pg_get_userbyid(o.relowner)) \
     FROM pg_catalog.pg_class o JOIN pg_catalog.pg_class n ON n.oid = $new AND n.relowner <> o.relowner WHERE o.oid = $old";

const STORAGE_PARAMETERS: &str = "SELECT pg_catalog.format('ALTER TABLE %s SET (%I = %L)', $new::oid::regclass, \
         o.option_name, o.option_value) \
     FROM pg_catalog.pg_class c, LATERAL pg_catalog.pg_options_to_table(c.reloptions) o WHERE c.oid = $old";

const TOAST_PARAMETERS: &str = "SELECT pg_catalog.format('ALTER TABLE %s SET (toast.%I = %L)', $new::oid::regclass, \
         o.option_name, o.option_value) \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid \
     JOIN pg_catalog.pg_class n ON n.oid = $new AND n.reltoastrelid <> 0, \
         LATERAL pg_catalog.pg_options_to_table(t.reloptions) o WHERE c.oid = $old";

const LOGGING: &str = "SELECT pg_catalog.format('ALTER TABLE %s SET %s', $new::oid::regclass, \
         CASE o.relpersistence WHEN 'u' THEN 'UNLOGGED' ELSE 'LOGGED' END) \
     FROM pg_catalog.pg_class o JOIN pg_catalog.pg_class n ON n.oid = $new AND n.relpersistence <> o.relpersistence \
     WHERE o.oid = $old";

const COLUMN_STORAGE: &str =
    "SELECT pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE %s', $new::oid::regclass, n.attname, \
         CASE o.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END) \
     FROM pg_catalog.pg_attribute o JOIN pg_catalog.pg_attribute n \
         ON n.attrelid = $new AND n.attname = o.attname AND n.atttypid = o.atttypid AND n.attstorage <> o.attstorage \
     WHERE o.attrelid = $old AND o.attnum > 0 AND NOT o.attisdropped AND NOT n.attisdropped";

const COLUMN_COMPRESSION: Query = Query {
    since: 14,
    ..query(
        "SELECT pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET COMPRESSION %s', $new::oid::regclass, n.attname, \
             CASE o.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' ELSE 'default' END) \
         FROM pg_catalog.pg_attribute o JOIN pg_catalog.pg_attribute n \
             ON n.attrelid = $new AND n.attname = o.attname AND n.atttypid = o.atttypid \
             AND n.attcompression <> o.attcompression \
         WHERE o.attrelid = $old AND o.attnum > 0 AND NOT o.attisdropped AND NOT n.attisdropped",
    )
};

const STATISTICS_TARGETS: &str = "SELECT pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', \
         $new::oid::regclass, n.attname, o.attstattarget) \
     FROM pg_catalog.pg_attribute o JOIN pg_catalog.pg_attribute n ON n.attrelid = $new AND n.attname = o.attname \
     WHERE o.attrelid = $old AND o.attnum > 0 AND NOT o.attisdropped AND NOT n.attisdropped AND o.attstattarget >= 0";

const COLUMN_OPTIONS: &str = "SELECT pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET (%I = %L)', \
         $new::oid::regclass, n.attname, p.option_name, p.option_value) \
     FROM pg_catalog.pg_attribute o JOIN pg_catalog.pg_attribute n ON n.attrelid = $new AND n.attname = o.attname, \
         LATERAL pg_catalog.pg_options_to_table(o.attoptions) p \
     WHERE o.attrelid = $old AND o.attnum > 0 AND NOT o.attisdropped AND NOT n.attisdropped";

const COMMENT: &str = "SELECT pg_catalog.format('COMMENT ON TABLE %s IS %L', $new::oid::regclass, description) \
     FROM pg_catalog.pg_description \
     WHERE classoid = 'pg_catalog.pg_class'::regclass AND objoid = $old AND objsubid = 0";

const COLUMN_COMMENTS: &str =
    "SELECT pg_catalog.format('COMMENT ON COLUMN %s.%I IS %L', $new::oid::regclass, n.attname, d.description) \
     FROM pg_catalog.pg_description d \
     JOIN pg_catalog.pg_attribute o ON o.attrelid = d.objoid AND o.attnum = d.objsubid \
     JOIN pg_catalog.pg_attribute n ON n.attrelid = $new AND n.attname = o.attname AND NOT n.attisdropped \
     WHERE d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = $old AND d.objsubid > 0 AND NOT o.attisdropped";

/// What the new table was born with is taken back first: the old one may have granted less.
const REVOKES: &str = "SELECT DISTINCT pg_catalog.format('REVOKE ALL ON %s FROM %s', $new::oid::regclass, \
         CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END) \
     FROM pg_catalog.pg_class o, pg_catalog.pg_class c, \
         LATERAL pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) a \
     WHERE c.oid = $new AND o.oid = $old AND (o.relacl IS NOT NULL OR c.relacl IS NOT NULL)";

const DEFAULT_PRIVILEGES: &str = "SELECT DISTINCT pg_catalog.format('REVOKE ALL ON %s FROM %s', $new::oid::regclass, \
         CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END) \
     FROM pg_catalog.pg_class c, LATERAL pg_catalog.aclexplode(c.relacl) a WHERE c.oid = $new AND a.grantee <> c.relowner";

const GRANTS: &str = "SELECT pg_catalog.format('GRANT %s ON %s TO %s%s', a.privilege_type, $new::oid::regclass, \
         CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END, \
         CASE WHEN a.is_grantable AND a.grantee <> o.relowner THEN ' WITH GRANT OPTION' ELSE '' END) \
     FROM pg_catalog.pg_class o, pg_catalog.pg_class c, \
         LATERAL pg_catalog.aclexplode(coalesce(o.relacl, pg_catalog.acldefault('r', o.relowner))) a \
     WHERE c.oid = $new AND o.oid = $old AND (o.relacl IS NOT NULL OR c.relacl IS NOT NULL)";

/// They are there when an earlier attempt was given up after it had granted them.
const COLUMN_REVOKES: &str =
    "SELECT DISTINCT pg_catalog.format('REVOKE ALL (%I) ON %s FROM %s', n.attname, $new::oid::regclass, \
         CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END) \
     FROM pg_catalog.pg_attribute n, LATERAL pg_catalog.aclexplode(n.attacl) a \
     WHERE n.attrelid = $new AND NOT n.attisdropped AND n.attacl IS NOT NULL";

const COLUMN_GRANTS: &str = "SELECT pg_catalog.format('GRANT %s (%I) ON %s TO %s%s', a.privilege_type, n.attname, \
         $new::oid::regclass, \
         CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END, \
         CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) \
     FROM pg_catalog.pg_attribute o \
     JOIN pg_catalog.pg_attribute n ON n.attrelid = $new AND n.attname = o.attname AND NOT n.attisdropped, \
         LATERAL pg_catalog.aclexplode(o.attacl) a \
     WHERE o.attrelid = $old AND NOT o.attisdropped AND o.attacl IS NOT NULL";

const REPLICA_IDENTITY: &str = "SELECT pg_catalog.format('ALTER TABLE %s REPLICA IDENTITY %s', $new::oid::regclass, \
         CASE relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END) \
     FROM pg_catalog.pg_class WHERE oid = $old AND relreplident IN ('f', 'n')";

const POLICIES: &str = "SELECT pg_catalog.format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, $old::oid::regclass, \
         CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END, \
         CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END, \
         (SELECT pg_catalog.string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r)) END, ', ') \
             FROM pg_catalog.unnest(p.polroles) r), \
         coalesce(' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', ''), \
         coalesce(' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')) \
     FROM pg_catalog.pg_policy p WHERE p.polrelid = $old ORDER BY p.polname";

const POLICY_COMMENTS: &str = "SELECT pg_catalog.format('COMMENT ON POLICY %I ON %s IS %L', p.polname, $old::oid::regclass, d.description) \
     FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_policy'::regclass AND d.objoid = p.oid \
     WHERE p.polrelid = $old";

const ROW_SECURITY: &str =
    "SELECT pg_catalog.format('ALTER TABLE %s %s ROW LEVEL SECURITY', $old::oid::regclass, f.what) \
     FROM pg_catalog.pg_class c, \
         LATERAL (VALUES (c.relrowsecurity, 'ENABLE'), (c.relforcerowsecurity, 'FORCE')) f(is_set, what) \
     WHERE c.oid = $old AND f.is_set";

const WHOLE_PUBLICATIONS: Query = Query {
    until: 15,
    ..query(
        "SELECT pg_catalog.format('ALTER PUBLICATION %I ADD TABLE ONLY %s', p.pubname, $old::oid::regclass) \
         FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = $old",
    )
};

const PUBLICATIONS: Query = Query {
    since: 15,
    ..query(
        "SELECT pg_catalog.format('ALTER PUBLICATION %I ADD TABLE ONLY %s%s%s', p.pubname, $old::oid::regclass, \
             coalesce(' (' || (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY k.place) \
                 FROM pg_catalog.unnest(r.prattrs::int2[]) WITH ORDINALITY k(number, place) \
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = $old AND a.attnum = k.number) || ')', ''), \
             coalesce(' WHERE (' || pg_catalog.pg_get_expr(r.prqual, r.prrelid) || ')', '')) \
         FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = $old",
    )
};

/// LIKE copies no foreign keys. Those that the table has already come from an earlier attempt.
const FOREIGN_KEYS: &str =
    "SELECT pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', $new::oid::regclass, c.conname, \
         pg_catalog.pg_get_constraintdef(c.oid)) \
     FROM pg_catalog.pg_constraint c WHERE c.conrelid = $old AND c.contype = 'f' AND c.conparentid = 0 AND c.confrelid <> $old \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint n WHERE n.conrelid = $new AND n.contype = 'f' \
             AND n.conname = c.conname AND pg_catalog.pg_get_constraintdef(n.oid) = pg_catalog.pg_get_constraintdef(c.oid))";

/// Those to the table itself, by its name.
const OWN_FOREIGN_KEYS: &str =
    "SELECT pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', $old::oid::regclass, c.conname, \
         pg_catalog.pg_get_constraintdef(c.oid)) \
     FROM pg_catalog.pg_constraint c WHERE c.conrelid = $old AND c.contype = 'f' AND c.conparentid = 0 AND c.confrelid = $old";

/// Those that the target was given while the new table was filled.
const CHECKS: &str = "SELECT pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', $new::oid::regclass, c.conname, \
         pg_catalog.pg_get_constraintdef(c.oid)) \
     FROM pg_catalog.pg_constraint c WHERE c.conrelid = $old AND c.contype = 'c' \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint n WHERE n.conrelid = $new AND n.contype = 'c' AND n.conname = c.conname)";

/// The sequence of a `serial` column would be dropped with the old table, though the new one draws its defaults from it.
const OWNED_SEQUENCES: &str = "SELECT pg_catalog.format('ALTER SEQUENCE %s OWNED BY %s.%I', d.objid::regclass, \
         $new::oid::regclass, n.attname) \
     FROM pg_catalog.pg_depend d \
     JOIN pg_catalog.pg_attribute o ON o.attrelid = d.refobjid AND o.attnum = d.refobjsubid \
     JOIN pg_catalog.pg_attribute n ON n.attrelid = $new AND n.attname = o.attname AND NOT n.attisdropped \
     WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass \
         AND d.refobjid = $old AND d.deptype = 'a' \
         AND d.objid IN (SELECT oid FROM pg_catalog.pg_class WHERE relkind = 'S')";

/// The sequences of identity columns: the old table's `o` and, by the same column, the new one's `n`.
macro_rules! identity_sequences {
    ($select:literal, $more:literal) => {
        concat!(
            "WITH sequences AS (\
                 SELECT d.refobjid AS owner, a.attname AS column, c.oid, c.relname, c.relacl, c.relowner, n.nspname \
                 FROM pg_catalog.pg_depend d \
                 JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'S' \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
                 WHERE d.refobjid IN ($old, $new) AND d.deptype = 'i' \
                     AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.classid = 'pg_catalog.pg_class'::regclass) ",
            $select,
            " FROM sequences o JOIN sequences n ON o.owner = $old AND n.owner = $new AND n.column = o.column ",
            $more
        )
    };
}

/// The new table's identity columns count from where the old ones' stand.
const IDENTITY_VALUES: &str = identity_sequences!(
    "SELECT pg_catalog.format('SELECT pg_catalog.setval(%L::pg_catalog.regclass, last_value, is_called) FROM %s', \
         n.oid::regclass::text, o.oid::regclass)",
    ""
);

const IDENTITY_NAMES: &str = identity_sequences!(
    "SELECT pg_catalog.format('ALTER SEQUENCE %s RENAME TO %I', n.oid::regclass, o.relname)",
    "WHERE o.relname <> n.relname"
);

const IDENTITY_REVOKES: &str = identity_sequences!(
    "SELECT DISTINCT pg_catalog.format('REVOKE ALL ON SEQUENCE %s FROM %s', o.oid::regclass, \
         CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END)",
    "CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(n.relacl, pg_catalog.acldefault('s', n.relowner))) a \
     WHERE o.relacl IS NOT NULL OR n.relacl IS NOT NULL"
);

const IDENTITY_GRANTS: &str = identity_sequences!(
    "SELECT pg_catalog.format('GRANT %s ON SEQUENCE %s TO %s%s', a.privilege_type, o.oid::regclass, \
         CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END, \
         CASE WHEN a.is_grantable AND a.grantee <> o.relowner THEN ' WITH GRANT OPTION' ELSE '' END)",
    "CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(o.relacl, pg_catalog.acldefault('s', o.relowner))) a \
     WHERE o.relacl IS NOT NULL OR n.relacl IS NOT NULL"
);

const IDENTITY_COMMENTS: &str = identity_sequences!(
    "SELECT pg_catalog.format('COMMENT ON SEQUENCE %s IS %L', o.oid::regclass, d.description)",
    "JOIN pg_catalog.pg_description d \
         ON d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = o.oid AND d.objsubid = 0"
);

/// The indexes of a table made by LIKE have names of their own. The pairs are told by their definitions; of several
/// equal ones, by their order. Renaming the index of a constraint renames the constraint. What has no pair was made while
/// the new table was filled.
const INDEXES: &str = "WITH indexes AS (\
         SELECT i.indrelid, c.oid, c.relname, n.nspname, k.oid AS key, s.same, \
             pg_catalog.row_number() OVER (PARTITION BY i.indrelid, s.same ORDER BY i.indexrelid) AS number \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_class t ON t.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_constraint k \
             ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x'), \
             LATERAL (SELECT pg_catalog.concat_ws(' ', i.indisunique, i.indisprimary, k.contype, k.condeferrable, \
                 k.condeferred, pg_catalog.substr(pg_catalog.pg_get_indexdef(i.indexrelid), 1 + pg_catalog.length(\
                     pg_catalog.format('%I ON %I.%I', c.relname, n.nspname, t.relname)) \
                     + CASE WHEN i.indisunique THEN 20 ELSE 13 END))) s(same) \
         WHERE i.indrelid IN ($old, $new)) \
     SELECT CASE WHEN n.oid IS NOT NULL THEN pg_catalog.format('ALTER INDEX %I.%I RENAME TO %I', n.nspname, n.relname, o.relname) \
         WHEN o.key IS NOT NULL THEN pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', $old::oid::regclass, \
             o.relname, pg_catalog.pg_get_constraintdef(o.key)) \
         ELSE pg_catalog.pg_get_indexdef(o.oid) END \
     FROM indexes o LEFT JOIN indexes n ON n.indrelid = $new AND n.same = o.same AND n.number = o.number \
     WHERE o.indrelid = $old AND o.relname IS DISTINCT FROM n.relname";

const INDEX_STATISTICS: &str =
    "SELECT pg_catalog.format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', i.indexrelid::regclass, \
         a.attnum, a.attstattarget) \
     FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indexrelid \
     WHERE i.indrelid = $old AND a.attnum > 0 AND a.attstattarget >= 0";

const CLUSTERED: &str = "SELECT pg_catalog.format('ALTER TABLE %s CLUSTER ON %I', $old::oid::regclass, c.relname) \
     FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $old AND i.indisclustered";

const REPLICA_INDEX: &str =
    "SELECT pg_catalog.format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', $old::oid::regclass, c.relname) \
     FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
     JOIN pg_catalog.pg_class t ON t.oid = i.indrelid AND t.relreplident = 'i' \
     WHERE i.indrelid = $old AND i.indisreplident";

const EXTENDED_STATISTICS: &str =
    "SELECT pg_catalog.pg_get_statisticsobjdef(oid) FROM pg_catalog.pg_statistic_ext WHERE stxrelid = $old";

const EXTENDED_STATISTICS_OWNERS: &str =
    "SELECT pg_catalog.format('ALTER STATISTICS %I.%I OWNER TO %I', n.nspname, s.stxname, \
         pg_catalog.pg_get_userbyid(s.stxowner)) \
     FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace \
     WHERE s.stxrelid = $old AND pg_catalog.pg_get_userbyid(s.stxowner) <> current_user";

const EXTENDED_STATISTICS_TARGETS: Query = Query {
    since: 13,
    ..query(
        "SELECT pg_catalog.format('ALTER STATISTICS %I.%I SET STATISTICS %s', n.nspname, s.stxname, s.stxstattarget) \
         FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace \
         WHERE s.stxrelid = $old AND s.stxstattarget >= 0",
    )
};

const EXTENDED_STATISTICS_COMMENTS: &str =
    "SELECT pg_catalog.format('COMMENT ON STATISTICS %I.%I IS %L', n.nspname, s.stxname, d.description) \
     FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace \
     JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_statistic_ext'::regclass AND d.objoid = s.oid \
     WHERE s.stxrelid = $old";

const TRIGGERS: &str = "SELECT pg_catalog.pg_get_triggerdef(oid) FROM pg_catalog.pg_trigger \
     WHERE tgrelid = $old AND NOT tgisinternal ORDER BY tgname";

const TRIGGER_STATES: &str = "SELECT pg_catalog.format('ALTER TABLE %s %s TRIGGER %I', $old::oid::regclass, \
         CASE tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, tgname) \
     FROM pg_catalog.pg_trigger WHERE tgrelid = $old AND NOT tgisinternal AND tgenabled <> 'O'";

const TRIGGER_COMMENTS: &str =
    "SELECT pg_catalog.format('COMMENT ON TRIGGER %I ON %s IS %L', t.tgname, $old::oid::regclass, d.description) \
     FROM pg_catalog.pg_trigger t \
     JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_trigger'::regclass AND d.objoid = t.oid \
     WHERE t.tgrelid = $old AND NOT t.tgisinternal";

const RULES: &str =
    "SELECT pg_catalog.pg_get_ruledef(oid) FROM pg_catalog.pg_rewrite WHERE ev_class = $old ORDER BY rulename";

const RULE_STATES: &str = "SELECT pg_catalog.format('ALTER TABLE %s %s RULE %I', $old::oid::regclass, \
         CASE ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, rulename) \
     FROM pg_catalog.pg_rewrite WHERE ev_class = $old AND ev_enabled <> 'O'";

const RULE_COMMENTS: &str =
    "SELECT pg_catalog.format('COMMENT ON RULE %I ON %s IS %L', r.rulename, $old::oid::regclass, d.description) \
     FROM pg_catalog.pg_rewrite r \
     JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_rewrite'::regclass AND d.objoid = r.oid \
     WHERE r.ev_class = $old";

const CONSTRAINT_COMMENTS: &str =
    "SELECT pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', c.conname, $old::oid::regclass, d.description) \
     FROM pg_catalog.pg_constraint c \
     JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_constraint'::regclass AND d.objoid = c.oid \
     WHERE c.conrelid = $old";

const INDEX_COMMENTS: &str =
    "SELECT pg_catalog.format('COMMENT ON INDEX %s IS %L', i.indexrelid::regclass, d.description) \
     FROM pg_catalog.pg_index i JOIN pg_catalog.pg_description d \
         ON d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = i.indexrelid AND d.objsubid = 0 \
     WHERE i.indrelid = $old";

/// Triggers and indexes that go when an extension goes.
const DEPENDENCIES_ON_EXTENSIONS: &str =
    "SELECT pg_catalog.format(CASE WHEN t.oid IS NULL THEN 'ALTER INDEX %1$s' ELSE 'ALTER TRIGGER %2$I ON %3$s' END \
         || ' DEPENDS ON EXTENSION %4$I', i.indexrelid::regclass, t.tgname, $old::oid::regclass, e.extname) \
     FROM pg_catalog.pg_depend d \
     JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND e.oid = d.refobjid \
     LEFT JOIN pg_catalog.pg_index i \
         ON d.classid = 'pg_catalog.pg_class'::regclass AND i.indexrelid = d.objid AND i.indrelid = $old \
     LEFT JOIN pg_catalog.pg_trigger t \
         ON d.classid = 'pg_catalog.pg_trigger'::regclass AND t.oid = d.objid AND t.tgrelid = $old \
     WHERE d.deptype = 'x' AND (i.indexrelid IS NOT NULL OR t.oid IS NOT NULL)";
