// SPDX-License-Identifier: Apache-2.0

//! The table that is the [`crate::ledger`] of a schema: how it is made, and whether one that is there can be used.

use crate::apply::lock;
use crate::catalog::{find_table, ExistingTable, RelationKind};
use crate::ledger::TABLE;
use crate::ledger_end;
use crate::names::{hash, Target};
use crate::session::Session;
use rapidbyte_sdk::postgres::{quote_identifier, quote_qualified};
use rapidbyte_sdk::{Category, Error, Result};

/// Its columns, with their types as the server writes them.
const COLUMNS: [(&str, &str); 10] = [
    ("run_id", "text"),
    ("stream", "text"),
    ("unit", "bigint"),
    ("sequence", "integer"),
    ("checksum", "bigint"),
    ("row_count", "bigint"),
    ("byte_count", "bigint"),
    ("refused_count", "bigint"),
    // Not jsonb, which cannot hold every string.
    ("refused", "json"),
    ("committed_at", "timestamp with time zone"),
];

const DEFINITIONS: &str = "run_id pg_catalog.text, stream pg_catalog.text, unit pg_catalog.int8, \
     sequence pg_catalog.int4, checksum pg_catalog.int8 NOT NULL, row_count pg_catalog.int8 NOT NULL, \
     byte_count pg_catalog.int8 NOT NULL, refused_count pg_catalog.int8 NOT NULL, refused pg_catalog.json, \
     committed_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(), \
     PRIMARY KEY (run_id, stream, unit, sequence)";

/// `rb_apply`: makes sure that the schema of the target has a ledger, unless the configuration wants none.
#[inline(never)]
pub fn apply(session: &mut Session, target: &Target, run_id: &str) -> Result<()> {
    if !session.settings().exactly_once {
        return Ok(());
    }
    let quoted = quote_qualified(&target.schema, TABLE);
    if let Some(table) = find_table(session, &target.schema, TABLE)? {
        check_usable(session, &quoted, &table)?;
        return ledger_end::progress(session, target, run_id).map(|_| ());
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

pub fn is_ledger(table: &ExistingTable) -> bool {
    let has = |(name, type_text): &(&str, &str)| {
        let column = table.column(name);
        column.map_or(false, |column| column.type_text == *type_text && !column.is_generated)
    };
    table.kind == RelationKind::Table && COLUMNS.iter().all(has)
}

#[inline(never)]
fn check_usable(session: &mut Session, quoted: &str, table: &ExistingTable) -> Result<()> {
    if !is_ledger(table) {
        return Err(Error::schema(
            "not_a_ledger",
            format!("{} is not a ledger of this version of the connector", quoted),
        )
        .hint("rename it, or set 'exactly_once' to false: then rows can be doubled when a call is repeated"));
    }
    if may_use(session, table)? {
        return Ok(());
    }
    Err(Error::new(
        Category::Permission,
        "42501",
        format!("the user may not use the ledger {}", quoted),
    )
    .hint(grant_hint(quoted)))
}

pub fn may_use(session: &mut Session, table: &ExistingTable) -> Result<bool> {
    let allowed = ["SELECT", "INSERT", "DELETE"].map(|privilege| {
        format!(
            "pg_catalog.has_table_privilege({}::pg_catalog.oid, '{}')",
            table.oid, privilege
        )
    });
    let answer = session.query(&format!("SELECT {}", allowed.join(" AND ")))?;
    Ok(answer.value() == Some("t"))
}

pub fn grant_hint(quoted: &str) -> String {
    format!(
        "GRANT SELECT, INSERT, DELETE ON {} to the user, or set 'exactly_once' to false: then rows can be doubled when a \
         call is repeated",
        quoted
    )
}
