// SPDX-License-Identifier: Apache-2.0

//! `rb_finalize` of a run with `replace`: the side table takes the place of the target, so that whoever reads sees all of
//! the old rows or all of the new ones.

use crate::apply::{check_dependents, depended_on, lock};
use crate::catalog::{find_table, ExistingTable};
use crate::inheritance::{carry_over, Inheritance};
use crate::names::Target;
use crate::session::Session;
use rapidbyte_sdk::postgres::quote_identifier;
use rapidbyte_sdk::{info, Error, Result};

/// How long to wait for others to let go of the target. The host ends the call a little later.
const LOCK_TIMEOUT: &str = "90s";

/// Puts the side table in the target's place. Does nothing when that has been done.
pub fn finalize_replace(session: &mut Session, target: &Target) -> Result<()> {
    session
        .transaction(|session| {
            session.execute(&format!("SET LOCAL lock_timeout = '{}'", LOCK_TIMEOUT))?;
            lock(session, target.lock_key())?;
            let side = find_table(session, &target.schema, &target.side_table)?;
            let old = find_table(session, &target.schema, &target.table)?;
            match (side, old) {
                (Some(side), Some(old)) => replace(session, target, &side, old),
                (Some(_), None) => session.execute(&rename(target)).map(|_| ()),
                (None, Some(_)) => Ok(()),
                (None, None) => Err(Error::schema(
                    "nothing_to_finalize",
                    format!(
                        "stream '{}': neither the target {} nor the table that should replace it is there",
                        target.stream,
                        target.display()
                    ),
                )
                .hint("start the run again")),
            }
        })
        .map_err(|error| explain(target, error))
}

fn replace(session: &mut Session, target: &Target, side: &ExistingTable, old: ExistingTable) -> Result<()> {
    // Nobody may add anything to the old table that the new one would not have.
    session.execute(&format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", target.quoted()))?;
    check_dependents(session, target, old.oid)?;
    let inheritance = Inheritance::of(session, &old, side)?;
    carry_over(session, &inheritance.before_drop)?;
    session.execute(&format!("DROP TABLE {}", target.quoted()))?;
    session.execute(&rename(target))?;
    carry_over(session, &inheritance.after_rename)?;
    info!("stream '{}': replaced table {}", target.stream, target.display());
    Ok(())
}

fn rename(target: &Target) -> String {
    format!(
        "ALTER TABLE {} RENAME TO {}",
        target.quoted_side(),
        quote_identifier(&target.table)
    )
}

fn explain(target: &Target, error: Error) -> Error {
    match error.code() {
        // What the check before did not know of; the server's message names it.
        "2BP01" => depended_on(target, error.message()),
        "55P03" => error
            .hint("end the sessions that use the table: pg_stat_activity shows them")
            .context(format!(
                "stream '{}': waiting for {} to replace it",
                target.stream,
                target.display()
            )),
        _ if error.message().starts_with("stream ") => error,
        _ => error.context(format!("stream '{}': replacing {}", target.stream, target.display())),
    }
}
