// SPDX-License-Identifier: Apache-2.0

//! `rb_apply`: makes sure that there is a table to write into.

use crate::catalog::{find_table, ExistingTable, RelationKind};
use crate::catalog_statements::run;
use crate::column_rules::column_rules;
use crate::compare::is_same;
use crate::drift::{check_policies, evolve};
use crate::finalize::LOCK_WAITS;
use crate::inheritance::{default_privileges, storage};
use crate::key::Key;
use crate::ledger_end::{self, Progress};
use crate::names::Target;
use crate::remembered::remember;
use crate::replaceable::{check_other_columns, way_with_same_columns, Way};
use crate::session::Session;
use crate::trust;
use crate::unique_key;
use crate::wanted::{wanted_columns, WantedColumn};
use rapidbyte_sdk::arrow::Schema;
use rapidbyte_sdk::postgres::{quote_identifier, quote_literal};
use rapidbyte_sdk::{debug, info, Error, NewColumn, Result, SchemaEvolution, WriteMode};

/// Creates what is missing of schema and target, and makes what is there ready for the stream's columns.
#[inline(never)]
pub fn apply_append(
    session: &mut Session,
    target: &Target,
    run_id: &str,
    schema: &Schema,
    evolution: SchemaEvolution,
    key: &Key,
    mode: WriteMode,
) -> Result<()> {
    let wanted = wanted_columns(session, &target.stream, schema)?;
    let mut outcome = Ok(());
    for seconds in LOCK_WAITS {
        outcome = session.transaction(|session| {
            lock(session, target.lock_key())?;
            create_schema(session, target)?;
            match find_table(session, &target.schema, &target.table)? {
                None => {
                    if ledger_end::progress(session, target, run_id)? == Progress::Begun {
                        // The rows that were in it would not be written again.
                        return Err(ledger_end::target_lost(target, "is not there any more"));
                    }
                    check_types(target, &wanted)?;
                    session.execute(&create_table(&target.quoted(), &wanted, key))?;
                    info!("stream '{}': created table {}", target.stream, target.display());
                    Ok(())
                }
                Some(table) => {
                    check_takes_rows(target, &table)?;
                    if mode == WriteMode::Upsert {
                        unique_key::check(session, target, &table, key, schema)?;
                    }
                    session.execute(&format!("SET LOCAL lock_timeout = '{}s'", seconds))?;
                    evolve(session, target, evolution, &wanted, table)
                }
            }
        });
        match &outcome {
            // Somebody uses the table, and others wait behind this. All of it is undone, so that they come before it is tried again.
            Err(error) if matches!(error.code(), "55P03" | "40P01") => {
                debug!("stream '{}': another attempt after: {}", target.stream, error)
            }
            _ => break,
        }
    }
    outcome.map_err(|error| match error.code() {
        "55P03" => error.hint("end the sessions that use the table: pg_stat_activity shows them"),
        _ => error,
    })
}

/// Creates the side table of the run: like the target when that has the stream's columns, so that its indexes,
/// defaults and constraints stay, and from the stream's schema otherwise.
#[inline(never)]
pub fn apply_replace(
    session: &mut Session,
    target: &Target,
    run_id: &str,
    schema: &Schema,
    evolution: SchemaEvolution,
    key: &Key,
) -> Result<()> {
    let mut wanted = wanted_columns(session, &target.stream, schema)?;
    check_types(target, &wanted)?;
    session.transaction(|session| {
        lock(session, target.lock_key())?;
        let progress = ledger_end::progress(session, target, run_id)?;
        if progress == Progress::Ended {
            // Its rows are in the target, and batches that are given again are known.
            return Ok(());
        }
        create_schema(session, target)?;
        session.trust_nobody()?;
        let existing = find_table(session, &target.schema, &target.table)?;
        if let Some(table) = &existing {
            let rules = column_rules(session, table.oid)?;
            check_policies(target, evolution, &wanted, table, &rules)?;
            if evolution.new_column == NewColumn::Ignore {
                wanted.retain(|column| table.column(&column.name).is_some());
            }
        }
        let is_like = match &existing {
            Some(table) => check_replaceable(session, target, &wanted, table)?,
            None => false,
        };
        if find_table(session, &target.schema, &target.side_table)?.is_some() {
            trust::check(session, &target.schema, &target.side_table, "the side table")?;
            return Ok(());
        }
        if progress == Progress::Begun {
            // The rows that were in it would not be written again.
            return Err(ledger_end::side_table_lost(target));
        }
        let place = match &existing {
            Some(table) => placement(session, table)?,
            None => Placement::default(),
        };
        let definition = match is_like {
            true => format!(
                "CREATE {}TABLE {} (LIKE {} INCLUDING ALL EXCLUDING STATISTICS)",
                place.persistence,
                target.quoted_side(),
                target.quoted()
            ),
            false => create_table(&target.quoted_side(), &wanted, key),
        };
        session.execute(&(definition + &place.options))?;
        if let Some(table) = &existing {
            make_like(session, target, table)?;
        }
        remember(session, target)
    })
}

/// Whether a table like the target can be made for the new rows; fails when neither that nor one with the stream's columns could
/// take its place. It is better known before the rows are moved than after.
#[inline(never)]
fn check_replaceable(
    session: &mut Session,
    target: &Target,
    wanted: &[WantedColumn],
    table: &ExistingTable,
) -> Result<bool> {
    if is_same(wanted, table) {
        if let Way::Exchange(reason) = way_with_same_columns(session, target, table)? {
            info!(
                "stream '{}': the rows of {} will be exchanged, because {}",
                target.stream,
                target.display(),
                reason
            );
        }
        return Ok(true);
    }
    check_other_columns(session, target, table, |name| keeps(wanted, table, name))?;
    info!(
        "stream '{}': the columns of {} differ from the stream's: it will be replaced by a table without its indexes and \
         constraints",
        target.stream,
        target.display()
    );
    Ok(false)
}

/// Whether the stream has this column of the table, with the same type.
fn keeps(wanted: &[WantedColumn], table: &ExistingTable, name: &str) -> bool {
    let wanted = wanted.iter().find(|wanted| wanted.name == name);
    match (wanted, table.column(name)) {
        (Some(wanted), Some(column)) => {
            let same_modifiers = |name| wanted.type_name.same_modifiers(name);
            wanted.type_oid == column.type_oid && column.type_name.as_ref().map_or(false, same_modifiers)
        }
        _ => false,
    }
}

/// Where and how the server keeps a table.
#[derive(Default)]
struct Placement {
    persistence: &'static str,
    options: String,
}

#[inline(never)]
fn placement(session: &mut Session, table: &ExistingTable) -> Result<Placement> {
    let sql = format!(
        "SELECT c.relpersistence = 'u', coalesce(' USING ' || pg_catalog.quote_ident(a.amname), ''), \
             coalesce(' TABLESPACE ' || pg_catalog.quote_ident(t.spcname), '') \
         FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam \
         LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace WHERE c.oid = {}",
        table.oid
    );
    let found = session.query_catalogue(&sql)?;
    let row = match found.rows.first() {
        Some(row) => row,
        None => return Ok(Placement::default()),
    };
    if row.text(2).is_empty() {
        // What the server would take by itself may be another one than the database's own, which the target is in.
        session.execute("SET LOCAL default_tablespace = ''")?;
    }
    Ok(Placement {
        persistence: if row.flag(0) { "UNLOGGED " } else { "" },
        options: format!("{}{}", row.text(1), row.text(2)),
    })
}

/// Keeps the side table from everybody else, as those may read it by default who may not read the target, and has it store rows as the target does.
#[inline(never)]
fn make_like(session: &mut Session, target: &Target, table: &ExistingTable) -> Result<()> {
    match find_table(session, &target.schema, &target.side_table)? {
        Some(side) => {
            let mut statements = default_privileges(session, table, &side)?;
            statements.extend(storage(session, table, &side)?);
            run(session, &statements)
        }
        None => Ok(()),
    }
}

fn check_types(target: &Target, wanted: &[WantedColumn]) -> Result<()> {
    wanted.iter().try_for_each(|column| column.check_type(&target.stream))
}

/// Makes the rest of the transaction wait for others that work on the same target.
pub fn lock(session: &mut Session, key: i64) -> Result<()> {
    session
        .execute(&format!("SELECT pg_catalog.pg_advisory_xact_lock({})", key))
        .map(|_| ())
}

#[inline(never)]
fn create_schema(session: &mut Session, target: &Target) -> Result<()> {
    // Whoever may not create schemas is refused by CREATE SCHEMA IF NOT EXISTS even when there is nothing to do, and two
    // sessions that create the same one at once fail in the catalogue.
    if has_schema(session, &target.schema)? {
        return Ok(());
    }
    lock(session, target.schema_lock_key())?;
    session
        .execute(&format!(
            "CREATE SCHEMA IF NOT EXISTS {}",
            quote_identifier(&target.schema)
        ))
        .map_err(|error| {
            match error.code() {
                "42501" => error.hint(format!(
                    "create the schema {} yourself, or GRANT CREATE ON DATABASE to the user",
                    quote_identifier(&target.schema)
                )),
                _ => error,
            }
            .context(format!("stream '{}'", target.stream))
        })?;
    Ok(())
}

pub fn has_schema(session: &mut Session, schema: &str) -> Result<bool> {
    let sql = format!(
        "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {}",
        quote_literal(schema)
    );
    Ok(session.query_catalogue(&sql)?.value().is_some())
}

pub fn create_table(quoted_name: &str, columns: &[WantedColumn], key: &Key) -> String {
    let mut definitions: Vec<String> = columns.iter().map(WantedColumn::definition).collect();
    definitions.extend(unique_key::primary_key(key));
    format!("CREATE TABLE {} ({})", quoted_name, definitions.join(", "))
}

fn check_takes_rows(target: &Target, table: &ExistingTable) -> Result<()> {
    match table.kind {
        RelationKind::Table | RelationKind::PartitionedTable | RelationKind::ForeignTable => Ok(()),
        RelationKind::View | RelationKind::Other => Err(Error::schema(
            "not_a_table",
            format!(
                "stream '{}': its target {} is {}",
                target.stream,
                target.display(),
                table.kind.describe()
            ),
        )
        .hint("write into another schema or table")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::type_name::TypeName;
    use rapidbyte_sdk::arrow::DataType;

    #[test]
    fn tables_are_created_from_quoted_names_and_validated_types() {
        let column = |name: &str, nullable, type_text| WantedColumn {
            name: name.into(),
            nullable,
            data_type: DataType::Utf8,
            type_name: TypeName::parse(type_text).unwrap(),
            type_oid: 0,
            misfit: None,
        };
        let columns = [
            column("id", false, "bigint"),
            column("Na\"me", true, "character varying(40)"),
            column("price", true, "numeric(10,2)"),
            column("tags", true, "pg_catalog.text[]"),
            column("mood", false, "shop.\"Mood\""),
        ];
        assert_eq!(
            create_table("\"s\".\"t\"", &columns, &Key::default()),
            "CREATE TABLE \"s\".\"t\" (\"id\" \"pg_catalog\".\"int8\" NOT NULL, \
             \"Na\"\"me\" \"pg_catalog\".\"varchar\"(40), \"price\" \"pg_catalog\".\"numeric\"(10,2), \
             \"tags\" \"pg_catalog\".\"text\"[], \"mood\" \"shop\".\"Mood\" NOT NULL)"
        );
        let key = Key {
            columns: vec!["id".into(), "Na\"me".into()],
        };
        assert_eq!(
            create_table("t", &columns[..2], &key),
            "CREATE TABLE t (\"id\" \"pg_catalog\".\"int8\" NOT NULL, \"Na\"\"me\" \"pg_catalog\".\"varchar\"(40), \
             PRIMARY KEY (\"id\", \"Na\"\"me\"))"
        );
    }
}
