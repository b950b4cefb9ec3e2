// SPDX-License-Identifier: Apache-2.0

//! `rb_check`: tries what a run will need, without changing anything.

use crate::apply::has_schema;
use crate::catalog::{find_table, ExistingTable, RelationKind};
use crate::key::Key;
use crate::names::Target;
use crate::session::Session;
use crate::unique_key::unique_key;
use rapidbyte_sdk::postgres::{quote_identifier, quote_literal};
use rapidbyte_sdk::{Category, CheckEntry, CheckRequest, Result, WriteMode};
use std::collections::{BTreeSet, HashMap};

pub fn check(session: &mut Session, request: &CheckRequest, run_id: &str) -> Result<Vec<CheckEntry>> {
    let mut checks = vec![check_connection(session)?];
    let targets = request
        .streams
        .iter()
        .map(|stream| Target::of(stream, session.settings(), run_id))
        .collect::<Result<Vec<_>>>()?;
    let configured = session.settings().schema.clone();
    let schemas: BTreeSet<String> = targets
        .iter()
        .map(|target| target.schema.clone())
        .chain(configured)
        .collect();
    for schema in schemas {
        checks.push(check_schema(session, &schema)?);
    }
    checks.extend(check_targets_differ(&targets));
    let mode = request.write_mode.unwrap_or_default();
    let key = Key {
        columns: request.primary_key.clone(),
    };
    for target in &targets {
        if let Some(table) = find_table(session, &target.schema, &target.table)? {
            checks.extend(check_target(session, target, &table, mode, &key)?);
        }
    }
    Ok(checks)
}

#[inline(never)]
fn check_connection(session: &mut Session) -> Result<CheckEntry> {
    let row = session.query_catalogue(
        "SELECT pg_catalog.current_setting('server_version'), pg_catalog.pg_is_in_recovery() \
             OR pg_catalog.current_setting('default_transaction_read_only')::bool",
    )?;
    let row = row.rows.first();
    let version = row.map_or("", |row| row.text(0)).to_owned();
    let server = session.settings().server.server();
    Ok(match row.map_or(false, |row| row.flag(1)) {
        true => CheckEntry::failed(
            "connect",
            format!("{} (server {}) takes no writes", server, version),
            "connect to the primary server",
        )
        .category(Category::Config),
        false => CheckEntry::passed("connect", format!("{} answers (server {})", server, version)),
    })
}

#[inline(never)]
fn check_schema(session: &mut Session, schema: &str) -> Result<CheckEntry> {
    let name = format!("schema {}", schema);
    let quoted = quote_identifier(schema);
    let exists = has_schema(session, schema)?;
    let allowed = session.query_catalogue(&match exists {
        true => format!(
            "SELECT pg_catalog.has_schema_privilege({}, 'CREATE, USAGE')",
            quote_literal(schema)
        ),
        false => "SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')".into(),
    })?;
    Ok(match (exists, allowed.value() == Some("t")) {
        (true, true) => CheckEntry::passed(name, "it exists and tables can be created in it"),
        (false, true) => CheckEntry::passed(name, "it does not exist and can be created"),
        (true, false) => CheckEntry::failed(
            name,
            "it exists, and the user may not create tables in it",
            format!(
                "GRANT USAGE, CREATE ON SCHEMA {} TO {}",
                quoted,
                session.settings().server.user
            ),
        )
        .category(Category::Permission),
        (false, false) => CheckEntry::failed(
            name,
            "it does not exist, and the user may not create it",
            format!(
                "CREATE SCHEMA {} AUTHORIZATION {}",
                quoted,
                session.settings().server.user
            ),
        )
        .category(Category::Permission),
    })
}

/// With one schema for all targets, tables of one name from different schemas of the source would be mixed.
#[inline(never)]
fn check_targets_differ(targets: &[Target]) -> Vec<CheckEntry> {
    let mut first: HashMap<String, &str> = HashMap::new();
    let mut checks = Vec::new();
    for target in targets {
        if let Some(other) = first.insert(target.quoted(), &target.stream) {
            let entry = CheckEntry::failed(
                format!("target {}", target.display()),
                format!(
                    "the streams '{}' and '{}' would both be written into it",
                    other, target.stream
                ),
                "leave 'schema' out of the destination's config, or run the streams apart with different schemas",
            );
            checks.push(entry.category(Category::Config));
        }
    }
    checks
}

/// Whether a target that exists can be written or replaced by this user, and all that is in the way.
fn check_target(
    session: &mut Session,
    target: &Target,
    table: &ExistingTable,
    mode: WriteMode,
    key: &Key,
) -> Result<Vec<CheckEntry>> {
    let usable = check_table(session, target, table, mode)?;
    let keyless = match mode {
        WriteMode::Upsert => check_key(session, target, table, key)?,
        _ => None,
    };
    Ok(match keyless {
        // That its rows could be updated would not be true.
        Some(keyless) if usable.ok => vec![keyless],
        keyless => std::iter::once(usable).chain(keyless).collect(),
    })
}

/// What a run would be refused for as soon as it begins: that the rows of the target cannot be told apart by the key. Of a pipeline that names
/// no key nothing is known here.
#[inline(never)]
fn check_key(session: &mut Session, target: &Target, table: &ExistingTable, key: &Key) -> Result<Option<CheckEntry>> {
    let has_rows = matches!(table.kind, RelationKind::Table | RelationKind::PartitionedTable);
    if key.is_empty() || !has_rows {
        return Ok(None);
    }
    match unique_key(session, target, table, key) {
        Ok(_) => Ok(None),
        Err(error) if error.category() == Category::Schema => Ok(Some(
            CheckEntry::failed(
                format!("target {}", target.display()),
                error.message(),
                error.hint_text().unwrap_or_default(),
            )
            .category(error.category()),
        )),
        Err(error) => Err(error),
    }
}

/// What it is, and what the user may do with it.
#[inline(never)]
fn check_table(session: &mut Session, target: &Target, table: &ExistingTable, mode: WriteMode) -> Result<CheckEntry> {
    let name = format!("target {}", target.display());
    let replace = mode == WriteMode::Replace;
    let user = session.settings().server.user.clone();
    let upsert = mode == WriteMode::Upsert;
    let allowed = session.query_catalogue(&match mode {
        // Who is not the owner can exchange the rows.
        WriteMode::Replace => format!(
            "SELECT pg_catalog.pg_has_role(relowner, 'USAGE') OR pg_catalog.has_table_privilege(oid, 'DELETE') \
                 AND pg_catalog.has_table_privilege(oid, 'INSERT') AND pg_catalog.has_table_privilege(oid, 'SELECT') \
             FROM pg_catalog.pg_class WHERE oid = {}::pg_catalog.oid",
            table.oid
        ),
        WriteMode::Append => format!("SELECT pg_catalog.has_table_privilege({}::oid, 'INSERT')", table.oid),
        WriteMode::Upsert => format!(
            "SELECT pg_catalog.has_table_privilege({0}::oid, 'INSERT') AND pg_catalog.has_table_privilege({0}::oid, 'UPDATE') \
                 AND pg_catalog.has_table_privilege({0}::oid, 'SELECT')",
            table.oid
        ),
    })?;
    let is_allowed = allowed.value() == Some("t");
    let (category, message, hint) = match (table.kind, replace, is_allowed) {
        (RelationKind::View | RelationKind::Other, _, _) => (
            Category::Schema,
            format!("it is {}", table.kind.describe()),
            "write into another schema or table".to_owned(),
        ),
        (RelationKind::ForeignTable, true, _) => (
            Category::Schema,
            format!("it is {}, which cannot be replaced", table.kind.describe()),
            "use write_mode 'append', or write into another schema or table".to_owned(),
        ),
        (RelationKind::ForeignTable, false, _) if upsert => (
            Category::Schema,
            "it is a foreign table, into which rows cannot be merged".to_owned(),
            "use write_mode 'append', or write into another schema or table".to_owned(),
        ),
        (_, false, false) if upsert => (
            Category::Permission,
            "the user may not read, insert and update rows".to_owned(),
            format!("GRANT SELECT, INSERT, UPDATE ON {} TO {}", target.quoted(), user),
        ),
        (_, true, false) => (
            Category::Permission,
            "it can be replaced by its owner, and by whoever may read, insert and delete its rows".to_owned(),
            format!(
                "ALTER TABLE {0} OWNER TO {1}, or GRANT SELECT, INSERT, DELETE ON {0} TO {1}",
                target.quoted(),
                user
            ),
        ),
        (_, false, false) => (
            Category::Permission,
            "the user may not insert rows".to_owned(),
            format!("GRANT INSERT ON {} TO {}", target.quoted(), user),
        ),
        (_, true, true) => return Ok(CheckEntry::passed(name, "it exists and can be replaced")),
        (_, false, true) if upsert => {
            return Ok(CheckEntry::passed(name, "it exists and rows can be added and updated"))
        }
        (_, false, true) => return Ok(CheckEntry::passed(name, "it exists and rows can be added")),
    };
    Ok(CheckEntry::failed(name, message, hint).category(category))
}
