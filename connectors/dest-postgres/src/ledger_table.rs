// SPDX-License-Identifier: Apache-2.0

//! The table that is the [`crate::ledger`] of a schema: how it is made, and whether one that is there can be used.

use crate::apply::lock;
use crate::ledger::TABLE;
use crate::names::{hash, Target};
use crate::session::Session;
use crate::trust::{stranger, IS_OWN, IS_TRUSTED};
use rapidbyte_sdk::postgres::{quote_identifier, quote_literal, quote_qualified};
use rapidbyte_sdk::{Category, Error, Result};

/// Its columns, with their types as the server writes them. Those of dead letters are not jsonb, which cannot hold every string.
const COLUMNS: &str =
    "('run_id', 'text'), ('stream', 'text'), ('unit', 'bigint'), ('sequence', 'integer'), ('checksum', 'bigint'), \
     ('row_count', 'bigint'), ('byte_count', 'bigint'), ('refused_count', 'bigint'), ('refused', 'json'), \
     ('committed_at', 'timestamp with time zone')";

/// What it has to be, in SQL, of a relation `c`: a table that a crash leaves as it was, with these columns, in which an identity is once, and in
/// which nothing happens but what was asked for.
const IS_LEDGER: &str = "c.relkind = 'r' AND c.relpersistence = 'p' AND NOT c.relrowsecurity \
     AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a JOIN (VALUES $columns) AS w (name, type) \
       ON a.attname::pg_catalog.text = w.name AND pg_catalog.format_type(a.atttypid, a.atttypmod) = w.type \
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') = 10 \
     AND EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate \
       AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = 4 \
       AND (SELECT pg_catalog.count(DISTINCT a.attnum) FROM pg_catalog.generate_series(0, 3) AS p (at) \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[p.at] \
         WHERE a.attname IN ('run_id', 'stream', 'unit', 'sequence')) = 4) \
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled <> 'D') \
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid)";

const DEFINITIONS: &str = "run_id pg_catalog.text, stream pg_catalog.text, unit pg_catalog.int8, \
     sequence pg_catalog.int4, checksum pg_catalog.int8 NOT NULL, row_count pg_catalog.int8 NOT NULL, \
     byte_count pg_catalog.int8 NOT NULL, refused_count pg_catalog.int8 NOT NULL, refused pg_catalog.json, \
     committed_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(), \
     PRIMARY KEY (run_id, stream, unit, sequence)";

/// `rb_apply`: makes sure that the schema of the target has a ledger, unless the configuration wants none.
#[inline(never)]
pub fn apply(session: &mut Session, target: &Target) -> Result<()> {
    if !session.settings().exactly_once {
        return Ok(());
    }
    let quoted = quote_qualified(&target.schema, TABLE);
    if let Some(found) = find(session, &target.schema)? {
        return check_usable(&target.schema, &found);
    }
    session
        .transaction(|session| {
            // Two that create it at once would fail in the catalogue.
            lock(session, hash(&["rapidbyte ledger", &target.schema]) as i64)?;
            session.execute(&format!("CREATE TABLE IF NOT EXISTS {} ({})", quoted, DEFINITIONS))
        })
        .map_err(|error| match error.code() {
            "42501" => error.hint(format!(
                "GRANT CREATE ON SCHEMA {} to the user, or set 'exactly_once' to false: then rows can be doubled when a \
                 call is repeated",
                quote_identifier(&target.schema)
            )),
            _ => error,
        })
        .map_err(|error| error.context(format!("stream '{}': creating the ledger {}", target.stream, quoted)))?;
    Ok(())
}

/// A relation that has the ledger's name.
struct Found {
    is_ledger: bool,
    may_use: bool,
    is_trusted: bool,
    is_own: bool,
    owner: String,
    owner_of_schema: String,
}

#[inline(never)]
fn find(session: &mut Session, schema: &str) -> Result<Option<Found>> {
    let allowed = ["SELECT", "INSERT", "DELETE"]
        .map(|privilege| format!("pg_catalog.has_table_privilege(c.oid, '{}')", privilege));
    let answer = session.query_catalogue(&format!(
        "SELECT {}, {} AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'), {}, {}, pg_catalog.pg_get_userbyid(c.relowner), \
             pg_catalog.pg_get_userbyid(n.nspowner) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relname = {}",
        IS_LEDGER.replace("$columns", COLUMNS),
        allowed.join(" AND "),
        IS_TRUSTED,
        IS_OWN,
        quote_literal(schema),
        quote_literal(TABLE)
    ))?;
    Ok(answer.rows.first().map(|row| Found {
        is_ledger: row.flag(0),
        may_use: row.flag(1),
        is_trusted: row.flag(2),
        is_own: row.flag(3),
        owner: row.text(4).into(),
        owner_of_schema: row.text(5).into(),
    }))
}

impl Found {
    fn check(&self, schema: &str) -> Result<()> {
        match (self.is_trusted, self.is_ledger) {
            (false, _) => Err(stranger(
                schema,
                TABLE,
                "the ledger",
                &self.owner,
                &self.owner_of_schema,
            )),
            (_, false) => Err(not_a_ledger(schema)),
            _ => Ok(()),
        }
    }
}

/// Whether a schema has a ledger; fails when what has its name is none.
#[inline(never)]
pub fn is_there(session: &mut Session, schema: &str) -> Result<bool> {
    match find(session, schema)? {
        None => Ok(false),
        Some(found) => found.check(schema).map(|()| true),
    }
}

/// Whether a schema has a ledger that this user may use, and trusts: in the schema of a target as `rb_apply` does, elsewhere when it is the user's own.
pub fn is_usable(session: &mut Session, schema: &str, is_of_target: bool) -> Result<bool> {
    let found = find(session, schema)?;
    Ok(found.map_or(false, |found| {
        found.is_ledger && found.may_use && (found.is_own || is_of_target && found.is_trusted)
    }))
}

fn not_a_ledger(schema: &str) -> Error {
    Error::schema(
        "not_a_ledger",
        format!("{} is not a ledger of this version of the connector", quote_qualified(schema, TABLE)),
    )
    .hint(
        "rename it, or undo what was done to it: it has to be a logged table of the documented columns with a primary key of run_id, stream, unit and \
         sequence, without triggers, rules and row level security; or set 'exactly_once' to false: then rows can be doubled when a call is repeated",
    )
}

#[inline(never)]
fn check_usable(schema: &str, found: &Found) -> Result<()> {
    found.check(schema)?;
    if found.may_use {
        return Ok(());
    }
    let quoted = quote_qualified(schema, TABLE);
    Err(Error::new(
        Category::Permission,
        "42501",
        format!("the user may not use the ledger {}", quoted),
    )
    .hint(grant_hint(&quoted)))
}

pub fn grant_hint(quoted: &str) -> String {
    format!(
        "GRANT SELECT, INSERT, DELETE ON {} to the user, or set 'exactly_once' to false: then rows can be doubled when a \
         call is repeated",
        quoted
    )
}
