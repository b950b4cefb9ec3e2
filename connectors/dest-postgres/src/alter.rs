// SPDX-License-Identifier: Apache-2.0

//! Changes to a target's columns, inside of the transaction of `rb_apply`, which limits how long they wait for others to let go of the target.

use crate::catalog::{ExistingColumn, ExistingTable, RelationKind};
use crate::column_rules::ColumnRules;
use crate::names::Target;
use crate::session::Session;
use crate::wanted::WantedColumn;
use crate::widen::widened;
use rapidbyte_sdk::postgres::quote_identifier;
use rapidbyte_sdk::{info, Error, Result};

/// The statement that adds a column. Rows that are there have no value for it, so that it can be null whatever the stream says.
pub fn add_column(target: &Target, column: &WantedColumn) -> String {
    format!("ALTER TABLE {} {}", target.quoted(), addition(column))
}

fn addition(column: &WantedColumn) -> String {
    let column = WantedColumn {
        nullable: true,
        ..column.clone()
    };
    format!("ADD COLUMN {}", column.definition())
}

/// Adds columns to the target, all of them by one statement.
#[inline(never)]
pub fn add_columns(
    session: &mut Session,
    target: &Target,
    table: &ExistingTable,
    columns: &[&WantedColumn],
) -> Result<()> {
    if columns.is_empty() {
        return Ok(());
    }
    let names = columns.iter().map(|column| format!("'{}'", column.name));
    let names = names.collect::<Vec<_>>().join(", ");
    let failed = |error: Error| {
        error
            .context(format!(
                "stream '{}': adding column {} to the target {}",
                target.stream,
                names,
                target.display()
            ))
            .hint(format!(
                "{}; or leave the column out of the stream's 'columns'; or set new_column to ignore",
                add_column(target, columns[0])
            ))
    };
    if table.kind == RelationKind::ForeignTable {
        // It would be added here alone.
        return Err(failed(Error::schema(
            "column_mismatch",
            "a foreign table has the columns that its server has",
        )));
    }
    let additions: Vec<String> = columns.iter().map(|column| addition(column)).collect();
    session
        .execute(&format!("ALTER TABLE {} {}", target.quoted(), additions.join(", ")))
        .map_err(failed)?;
    info!(
        "stream '{}': added column {} to {}",
        target.stream,
        names,
        target.display()
    );
    Ok(())
}

/// Changes the types of the target's columns to ones that hold the stream's values as well. A column that cannot be changed stays as it is.
#[inline(never)]
pub fn widen(
    session: &mut Session,
    target: &Target,
    narrow: &[(&WantedColumn, &ExistingColumn)],
    rules: &ColumnRules,
) -> Result<()> {
    let changes: Vec<(&str, String)> = narrow
        .iter()
        .filter_map(|(wanted, existing)| {
            let rule = rules.of(&existing.name);
            let widening = widened(existing.type_name.as_ref()?, &wanted.type_name)?;
            let is_safe = !rule.keeps_type && !(widening.rewrites && rule.is_used_in_expressions);
            let collation = rule.collation.map(|name| format!(" COLLATE {}", name));
            let change = format!(
                "ALTER COLUMN {} TYPE {}{}",
                quote_identifier(&existing.name),
                widening.type_name.to_sql(),
                collation.unwrap_or_default()
            );
            is_safe.then(|| (existing.name.as_str(), change))
        })
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    // Together, the rows are written again once at most.
    let together: Vec<&str> = changes.iter().map(|(_, change)| change.as_str()).collect();
    if attempt(session, target, &together.join(", "))?.is_none() {
        info!(
            "stream '{}': widened columns of {}: {}",
            target.stream,
            target.display(),
            together.join(", ")
        );
        return Ok(());
    }
    for (column, change) in &changes {
        match attempt(session, target, change)? {
            None => info!("stream '{}': widened {}: {}", target.stream, target.display(), change),
            Some(error) => info!(
                "stream '{}': column {:?} of {} keeps its type, and the stream's values are converted: {}",
                target.stream,
                column,
                target.display(),
                error
            ),
        }
    }
    Ok(())
}

/// Lets a column be null. Returns why it cannot be.
#[inline(never)]
pub fn drop_not_null(session: &mut Session, target: &Target, column: &str) -> Result<Option<Error>> {
    let change = format!("ALTER COLUMN {} DROP NOT NULL", quote_identifier(column));
    let refused = attempt(session, target, &change)?;
    if refused.is_none() {
        info!(
            "stream '{}': column {:?} of {} may be null from now on",
            target.stream,
            column,
            target.display()
        );
    }
    Ok(refused)
}

/// Changes the target, and undoes nothing but the change when the server refuses it. Returns the refusal.
#[inline(never)]
fn attempt(session: &mut Session, target: &Target, change: &str) -> Result<Option<Error>> {
    session.execute("SAVEPOINT rapidbyte_change")?;
    let error = match session.execute(&format!("ALTER TABLE {} {}", target.quoted(), change)) {
        Ok(_) => {
            session.execute("RELEASE SAVEPOINT rapidbyte_change")?;
            return Ok(None);
        }
        Err(error) => error,
    };
    if !is_refusal(error.code()) {
        return Err(error.context(format!("stream '{}': changing {}", target.stream, target.display())));
    }
    session.execute("ROLLBACK TO SAVEPOINT rapidbyte_change; RELEASE SAVEPOINT rapidbyte_change")?;
    Ok(Some(error))
}

/// Whether it is the change that the server does not make, and not the server that is in trouble.
fn is_refusal(code: &str) -> bool {
    const CLASSES: [&str; 6] = ["0A", "22", "23", "2B", "42", "54"];
    code.len() == 5 && CLASSES.iter().any(|class| code.starts_with(class))
}
