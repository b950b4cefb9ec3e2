// SPDX-License-Identifier: Apache-2.0

//! What becomes of a target that exists and differs from its stream, by the policies of the run (docs/schema-evolution.md).

use crate::alter::{add_columns, drop_not_null, widen};
use crate::catalog::{find_table, ExistingColumn, ExistingTable, RelationKind};
use crate::column_rules::{column_rules, ColumnRules};
use crate::compare::{fit, other_type, Fit};
use crate::error_context::column_error;
use crate::names::Target;
use crate::session::Session;
use crate::wanted::{wanted_columns, WantedColumn};
use rapidbyte_sdk::arrow::Schema;
use rapidbyte_sdk::{warn, Error, NewColumn, NullabilityChange, RemovedColumn, Result, SchemaEvolution, TypeChange};
use std::collections::HashSet;

/// Since when a server can say whether a text is a value of a type.
const FIRST_SERVER_THAT_CHECKS_INPUT: u32 = 16;

/// How the columns of a stream are written where they differ from the target's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Whether columns that the target does not have are left out.
    pub ignores_new: bool,
    /// Columns whose values the server converts from text.
    pub converted: HashSet<String>,
    /// What becomes of one of their values that does not convert.
    pub unconvertible: Unconvertible,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unconvertible {
    /// The server refuses the record.
    Refused,
    /// It becomes null; the server says which values convert.
    Null,
    /// The same for servers that cannot say it: a temporary function finds out.
    NullByFunction,
}

impl Default for Unconvertible {
    fn default() -> Unconvertible {
        Unconvertible::Refused
    }
}

impl Drift {
    /// How the columns of `schema` get into `table`, which `rb_apply` has made ready.
    pub fn of(
        session: &mut Session,
        target: &Target,
        evolution: SchemaEvolution,
        schema: &Schema,
        table: &ExistingTable,
    ) -> Result<Drift> {
        let mut drift = Drift {
            ignores_new: evolution.new_column == NewColumn::Ignore,
            ..Drift::default()
        };
        if evolution.type_change == TypeChange::Fail {
            return Ok(drift);
        }
        for wanted in wanted_columns(session, &target.stream, schema)? {
            if let Some(existing) = table.column(&wanted.name) {
                if is_converted(evolution, &wanted, existing) {
                    drift.converted.insert(wanted.name);
                }
            }
        }
        if evolution.type_change == TypeChange::Null {
            let version = session.connection()?.server_major_version();
            drift.unconvertible = match version >= FIRST_SERVER_THAT_CHECKS_INPUT {
                true => Unconvertible::Null,
                false => Unconvertible::NullByFunction,
            };
        }
        Ok(drift)
    }
}

/// Whether values may have to be changed to get into the column. One that is only too long is refused by the server, unless it shall become null.
fn is_converted(evolution: SchemaEvolution, wanted: &WantedColumn, existing: &ExistingColumn) -> bool {
    match fit(wanted, existing) {
        Fit::Holds => false,
        Fit::TooShort => evolution.type_change == TypeChange::Null,
        Fit::Differs => evolution.type_change != TypeChange::Fail,
    }
}

/// Makes the target ready for the stream's rows, or fails when the policies forbid what would have to be done. It is in a transaction that holds the
/// target's lock, so that whoever comes next finds everything done.
pub fn evolve(
    session: &mut Session,
    target: &Target,
    evolution: SchemaEvolution,
    wanted: &[WantedColumn],
    table: ExistingTable,
) -> Result<()> {
    check_columns(target, wanted, &table, evolution)?;
    let new: Vec<&WantedColumn> = wanted
        .iter()
        .filter(|column| evolution.new_column == NewColumn::Add && table.column(&column.name).is_none())
        .collect();
    new.iter().try_for_each(|column| column.check_type(&target.stream))?;
    let rules = column_rules(session, table.oid)?;
    check_policies(target, evolution, wanted, &table, &rules)?;
    add_columns(session, target, &table, &new)?;
    if evolution.type_change == TypeChange::Coerce && table.kind != RelationKind::ForeignTable {
        let pairs = wanted
            .iter()
            .filter_map(|wanted| Some((wanted, table.column(&wanted.name)?)));
        let narrow: Vec<_> = pairs
            .filter(|(wanted, existing)| fit(wanted, existing) != Fit::Holds)
            .collect();
        widen(session, target, &narrow, &rules)?;
    }
    let table = found_again(session, target)?;
    relax(session, target, evolution, wanted, &table, &rules)
}

fn found_again(session: &mut Session, target: &Target) -> Result<ExistingTable> {
    find_table(session, &target.schema, &target.table)?
        .ok_or_else(|| Error::internal("the target was lost while it was changed"))
}

/// What no policy allows.
pub fn check_columns(
    target: &Target,
    wanted: &[WantedColumn],
    table: &ExistingTable,
    evolution: SchemaEvolution,
) -> Result<()> {
    let is_written =
        |column: &WantedColumn| evolution.new_column != NewColumn::Ignore || table.column(&column.name).is_some();
    if !table.columns.is_empty() && !wanted.iter().any(is_written) {
        let problem = match wanted.is_empty() {
            true => "has no columns, and its target {} has",
            false => "has no column that its target {} has",
        };
        let message = format!(
            "stream '{}' {}",
            target.stream,
            problem.replace("{}", &target.display())
        );
        return Err(Error::schema("no_columns", message).hint("leave the stream out, or write it into another table"));
    }
    for column in wanted {
        match table.column(&column.name) {
            Some(existing) if existing.is_generated => {
                let problem = format!("cannot be written: the target {} computes its values", target.display());
                return Err(column_error(&target.stream, &column.name, problem)
                    .hint("leave the column out of the stream's 'columns', or make it an ordinary column"));
            }
            Some(existing) if existing.type_oid == column.type_oid => column.check_type(&target.stream)?,
            _ => (),
        }
    }
    Ok(())
}

/// Fails for what the policies do not allow, before anything is changed.
pub fn check_policies(
    target: &Target,
    evolution: SchemaEvolution,
    wanted: &[WantedColumn],
    table: &ExistingTable,
    rules: &ColumnRules,
) -> Result<()> {
    for column in wanted {
        match table.column(&column.name) {
            None if evolution.new_column == NewColumn::Fail => return Err(missing_column(target, column)),
            Some(existing) if evolution.type_change == TypeChange::Fail && fit(column, existing) == Fit::Differs => {
                return Err(other_type(target, column, existing))
            }
            Some(_)
                if evolution.nullability_change == NullabilityChange::Fail
                    && column.nullable
                    && rules.of(&column.name).not_null =>
            {
                return Err(not_nullable(target, &column.name))
            }
            _ => (),
        }
    }
    for existing in &table.columns {
        let is_in_stream = wanted.iter().any(|column| column.name == existing.name);
        if !is_in_stream && evolution.removed_column == RemovedColumn::Fail {
            return Err(removed_column(target, &existing.name));
        }
    }
    Ok(())
}

/// Lets columns be null that the stream can have no value for.
fn relax(
    session: &mut Session,
    target: &Target,
    evolution: SchemaEvolution,
    wanted: &[WantedColumn],
    table: &ExistingTable,
    rules: &ColumnRules,
) -> Result<()> {
    for existing in &table.columns {
        let column_rules = rules.of(&existing.name);
        if !column_rules.not_null || existing.is_generated {
            continue;
        }
        let column = wanted.iter().find(|column| column.name == existing.name);
        // Whether every row would be refused, or only those that have no value.
        let always = match column {
            Some(column) if column.nullable || becomes_null(evolution, column, existing) => false,
            None if !column_rules.has_default => true,
            _ => continue,
        };
        if evolution.nullability_change == NullabilityChange::Fail {
            return Err(match always {
                true => never_filled(target, &existing.name),
                false => not_nullable(target, &existing.name),
            });
        }
        let problem = match column_rules.must_not_be_null {
            true => Some("it is part of the primary key, counted by the server, or inherited".to_owned()),
            false => drop_not_null(session, target, &existing.name)?.map(|error| error.message().to_owned()),
        };
        match problem {
            None => (),
            Some(problem) if always => return Err(never_filled(target, &existing.name).detail("reason", problem)),
            Some(problem) => warn!(
                "stream '{}': column {:?} of {} stays NOT NULL, and records without a value there are refused: {}",
                target.stream,
                existing.name,
                target.display(),
                problem
            ),
        }
    }
    Ok(())
}

fn becomes_null(evolution: SchemaEvolution, wanted: &WantedColumn, existing: &ExistingColumn) -> bool {
    evolution.type_change == TypeChange::Null && is_converted(evolution, wanted, existing)
}

fn missing_column(target: &Target, column: &WantedColumn) -> Error {
    let problem = format!("is missing in the target {}", target.display());
    column_error(&target.stream, &column.name, problem).hint(format!(
        "{}; or leave the column out of the stream's 'columns'; or set new_column to add or ignore",
        crate::alter::add_column(target, column)
    ))
}

fn removed_column(target: &Target, column: &str) -> Error {
    let problem = format!("of the target {} is not in the stream", target.display());
    column_error(&target.stream, column, problem)
        .hint("drop the target's column, write into another table, or set removed_column to ignore")
}

fn not_nullable(target: &Target, column: &str) -> Error {
    let problem = format!(
        "may be null in the stream and is NOT NULL in the target {}",
        target.display()
    );
    column_error(&target.stream, column, problem)
        .hint("ALTER the target's column with DROP NOT NULL, or set nullability_change to allow")
}

fn never_filled(target: &Target, column: &str) -> Error {
    let problem = format!(
        "of the target {} is NOT NULL without a default, and the stream has no such column",
        target.display()
    );
    column_error(&target.stream, column, problem)
        .hint("give the target's column a default or DROP NOT NULL, or add the column to the stream")
}
