// SPDX-License-Identifier: Apache-2.0

//! Whether and how a target can be replaced: by a new table, by an exchange of its rows, or not at all.

use crate::catalog::{ExistingTable, RelationKind};
use crate::dependents::{self, referring_tables, used_columns};
use crate::exchange;
use crate::names::Target;
use crate::session::Session;
use rapidbyte_sdk::{Error, Result};

/// How the new rows get to where the old ones are.
#[derive(Debug, PartialEq, Eq)]
pub enum Way {
    /// A new table takes the place of the old one.
    NewTable,
    /// The table stays, because of this.
    Exchange(String),
}

/// Decides between the two ways for a table whose new rows have the same columns, or fails when neither is open.
pub fn way_with_same_columns(session: &mut Session, target: &Target, table: &ExistingTable) -> Result<Way> {
    check_kind(target, table)?;
    let obstacles = dependents::obstacles(session, table)?;
    if obstacles.is_empty() {
        return Ok(Way::NewTable);
    }
    let against_exchange = exchange::obstacles(session, table)?;
    if against_exchange.is_empty() {
        return Ok(Way::Exchange(obstacles.join(", ")));
    }
    Err(cannot_replace(
        target,
        format!(
            "a new table cannot take its place because {}, and its rows cannot be exchanged because {}",
            obstacles.join(", "),
            against_exchange.join(", ")
        ),
    ))
}

/// Fails when a table with other columns, of which `keeps` knows those that stay as they are, could not take the place of this one.
pub fn check_other_columns(
    session: &mut Session,
    target: &Target,
    table: &ExistingTable,
    keeps: impl Fn(&str) -> bool,
) -> Result<()> {
    check_kind(target, table)?;
    let mut obstacles = dependents::obstacles(session, table)?;
    if table.has_row_security {
        obstacles.push("it has row security policies, which may be about columns that go away".into());
    }
    for referring in referring_tables(session, table.oid)? {
        obstacles.push(format!("a foreign key of {} refers to it", referring));
    }
    for used in used_columns(session, table.oid)? {
        if !keeps(&used.column) {
            obstacles.push(format!(
                "{} needs its column {:?}, which the stream has not, or has with another type",
                used.user, used.column
            ));
        }
    }
    if obstacles.is_empty() {
        return Ok(());
    }
    Err(cannot_replace(
        target,
        format!(
            "the stream has other columns, and a table with these cannot take its place because {}",
            obstacles.join(", ")
        ),
    ))
}

fn check_kind(target: &Target, table: &ExistingTable) -> Result<()> {
    match table.kind {
        RelationKind::Table | RelationKind::PartitionedTable => Ok(()),
        kind => Err(cannot_replace(target, format!("it is {}", kind.describe()))),
    }
}

fn cannot_replace(target: &Target, problem: String) -> Error {
    Error::schema(
        "cannot_replace",
        format!(
            "stream '{}': its target {} cannot be replaced: {}",
            target.stream,
            target.display(),
            problem
        ),
    )
    .hint(
        "drop what depends on the table and make it again after the run, empty the table and use write_mode 'append', or write into \
         another schema or table",
    )
}
