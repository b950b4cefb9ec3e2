// SPDX-License-Identifier: Apache-2.0

//! `rb_apply`: makes sure that there is a table to write into.

use crate::catalog::{find_table, ExistingTable, RelationKind};
use crate::column_rules::column_rules;
use crate::compare::is_same;
use crate::drift::{check_policies, evolve};
use crate::names::Target;
use crate::session::Session;
use crate::wanted::{wanted_columns, WantedColumn};
use rapidbyte_sdk::arrow::Schema;
use rapidbyte_sdk::postgres::{quote_identifier, quote_literal};
use rapidbyte_sdk::{info, Error, NewColumn, NullabilityChange, Result, SchemaEvolution};

/// Creates what is missing of schema and target, and makes what is there ready for the stream's columns.
#[inline(never)]
pub fn apply_append(session: &mut Session, target: &Target, schema: &Schema, evolution: SchemaEvolution) -> Result<()> {
    let wanted = wanted_columns(session, &target.stream, schema)?;
    session.transaction(|session| {
        lock(session, target.lock_key())?;
        create_schema(session, target)?;
        match find_table(session, &target.schema, &target.table)? {
            None => {
                check_types(target, &wanted)?;
                session.execute(&create_table(&target.quoted(), &wanted))?;
                info!("stream '{}': created table {}", target.stream, target.display());
                Ok(())
            }
            Some(table) => {
                check_takes_rows(target, &table)?;
                evolve(session, target, evolution, &wanted, table)
            }
        }
    })
}

/// Creates the side table of the run: like the target when that has the stream's columns, so that its indexes,
/// defaults and constraints stay, and from the stream's schema otherwise.
#[inline(never)]
pub fn apply_replace(
    session: &mut Session,
    target: &Target,
    schema: &Schema,
    evolution: SchemaEvolution,
) -> Result<()> {
    let mut wanted = wanted_columns(session, &target.stream, schema)?;
    check_types(target, &wanted)?;
    session.transaction(|session| {
        lock(session, target.lock_key())?;
        create_schema(session, target)?;
        let existing = find_table(session, &target.schema, &target.table)?;
        if let Some(table) = &existing {
            check_replaceable(session, target, table)?;
            let rules = column_rules(session, table.oid)?;
            check_policies(target, evolution, &wanted, table, &rules)?;
            if evolution.new_column == NewColumn::Ignore {
                wanted.retain(|column| table.column(&column.name).is_some());
            }
        }
        if find_table(session, &target.schema, &target.side_table)?.is_some() {
            return Ok(());
        }
        let statement = match existing {
            Some(table) if is_same(&wanted, &table) => {
                let relaxed = match evolution.nullability_change {
                    NullabilityChange::Allow => relaxed_columns(session, target, &wanted, &table)?,
                    NullabilityChange::Fail => String::new(),
                };
                format!(
                    "CREATE TABLE {0} (LIKE {1} INCLUDING ALL){2}",
                    target.quoted_side(),
                    target.quoted(),
                    relaxed
                )
            }
            Some(_) => {
                info!(
                    "stream '{}': the columns of {} differ from the stream's: it will be replaced by a table without \
                     its indexes and constraints",
                    target.stream,
                    target.display()
                );
                create_table(&target.quoted_side(), &wanted)
            }
            None => create_table(&target.quoted_side(), &wanted),
        };
        session.execute(&statement).map(|_| ())
    })
}

/// The statement, behind another one, that lets columns of the side table be null that are NOT NULL in the target and may be null in the stream.
#[inline(never)]
fn relaxed_columns(
    session: &mut Session,
    target: &Target,
    wanted: &[WantedColumn],
    table: &ExistingTable,
) -> Result<String> {
    let rules = column_rules(session, table.oid)?;
    let may_be_relaxed = |column: &&WantedColumn| {
        let rule = rules.of(&column.name);
        column.nullable && rule.not_null && !rule.must_not_be_null
    };
    let changes: Vec<String> = wanted
        .iter()
        .filter(may_be_relaxed)
        .map(|column| format!("ALTER COLUMN {} DROP NOT NULL", quote_identifier(&column.name)))
        .collect();
    Ok(match changes[..] {
        [] => String::new(),
        _ => format!("; ALTER TABLE {} {}", target.quoted_side(), changes.join(", ")),
    })
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
    Ok(session.query(&sql)?.value().is_some())
}

pub fn create_table(quoted_name: &str, columns: &[WantedColumn]) -> String {
    let definitions: Vec<String> = columns.iter().map(WantedColumn::definition).collect();
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

/// What would be lost with the old table, or would keep it from being dropped, is better known before the rows are
/// moved than after.
#[inline(never)]
fn check_replaceable(session: &mut Session, target: &Target, table: &ExistingTable) -> Result<()> {
    let problem = if table.kind != RelationKind::Table {
        format!("is {}", table.kind.describe())
    } else if table.is_related {
        "is a partition, or inherits from another table, or another inherits from it".into()
    } else if table.has_row_security {
        "has row security policies, which a new table would not have".into()
    } else {
        return check_dependents(session, target, table.oid);
    };
    Err(Error::schema(
        "cannot_replace",
        format!(
            "stream '{}': its target {} cannot be replaced: it {}",
            target.stream,
            target.display(),
            problem
        ),
    )
    .hint("empty the table and use write_mode 'append', or write into another schema or table"))
}

/// Views and foreign keys keep a table from being dropped.
pub fn check_dependents(session: &mut Session, target: &Target, table: u32) -> Result<()> {
    let sql = format!(
        "SELECT DISTINCT CASE WHEN r.oid IS NULL THEN pg_catalog.pg_describe_object(d.classid, d.objid, 0) \
             ELSE pg_catalog.pg_describe_object('pg_catalog.pg_class'::regclass, r.ev_class, 0) END \
         FROM pg_catalog.pg_depend d \
         LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid \
         LEFT JOIN pg_catalog.pg_constraint c ON d.classid = 'pg_catalog.pg_constraint'::regclass AND c.oid = d.objid \
         WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = {0} AND d.deptype = 'n' \
             AND (r.ev_class <> {0} OR c.conrelid <> {0}) ORDER BY 1",
        table
    );
    let rows = session.query(&sql)?.rows;
    if rows.is_empty() {
        return Ok(());
    }
    let dependents: Vec<&str> = rows.iter().map(|row| row.text(0)).collect();
    Err(depended_on(target, &dependents.join(", ")))
}

/// The error for a target that others are built on.
pub fn depended_on(target: &Target, dependents: &str) -> Error {
    Error::schema(
        "target_in_use",
        format!(
            "stream '{}': its target {} cannot be replaced because others depend on it: {}",
            target.stream,
            target.display(),
            dependents
        ),
    )
    .hint("drop what depends on it and create it again after the run, or use write_mode 'append'")
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
            create_table("\"s\".\"t\"", &columns),
            "CREATE TABLE \"s\".\"t\" (\"id\" \"pg_catalog\".\"int8\" NOT NULL, \
             \"Na\"\"me\" \"pg_catalog\".\"varchar\"(40), \"price\" \"pg_catalog\".\"numeric\"(10,2), \
             \"tags\" \"pg_catalog\".\"text\"[], \"mood\" \"shop\".\"Mood\" NOT NULL)"
        );
    }
}
