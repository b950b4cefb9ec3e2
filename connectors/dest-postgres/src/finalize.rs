// SPDX-License-Identifier: Apache-2.0

//! `rb_finalize` of a run with `replace`: the rows of the side table take the place of the target's, so that whoever reads sees all of
//! the old rows or all of the new ones. docs/replace.md says what stays, and what is locked for how long.

use crate::apply::lock;
use crate::catalog::{find_table, ExistingTable};
use crate::catalog_statements::run;
use crate::dependents::{self, losses, Dependents};
use crate::exchange::{self, exchange};
use crate::inheritance::{foreign_keys, has_same_columns, owner, Inheritance};
use crate::ledger_end;
use crate::names::Target;
use crate::remembered::{check_unchanged, forget, target_changed};
use crate::replaceable::{check_other_columns, way_with_same_columns, Way};
use crate::session::Session;
use rapidbyte_sdk::postgres::{quote_identifier, quote_qualified};
use rapidbyte_sdk::{debug, info, warn, Error, Result};

/// For how many seconds each attempt waits for others to let go of the target. Whoever comes meanwhile waits behind it, so it waits
/// for a short time first; together it is less than what the host gives to a call.
pub const LOCK_WAITS: [u32; 6] = [1, 2, 4, 8, 16, 32];

/// The same for the tables that the target's foreign keys refer to.
const PREPARATION_WAIT: u32 = 30;

/// Both tables, when there are both.
enum Found {
    Both(ExistingTable, ExistingTable),
    /// The side table alone: there has never been a target.
    Side(ExistingTable),
    /// It has been done, or the side table was lost.
    Target,
}

/// Puts the rows of the side table in the place of the target's. Does nothing when that has been done.
///
/// `given`: how many batches of the stream the run was given, if that is known.
pub fn finalize_replace(session: &mut Session, target: &Target, run_id: &str, given: Option<u64>) -> Result<()> {
    prepare(session, target).map_err(|error| explain(target, error))?;
    let mut outcome = Ok(());
    for seconds in LOCK_WAITS {
        outcome = session.transaction(|session| {
            begin(session, target, seconds)?;
            // With the rows: whoever comes again finds either that all is as it was or that it has been done.
            if ledger_end::lock_and_find_end(session, target, run_id)? {
                return Ok(());
            }
            // Before the target is locked.
            ledger_end::require_given(session, target, run_id, given)?;
            put_in_place(session, target)?;
            ledger_end::mark_end(session, target, run_id)
        });
        match &outcome {
            // Somebody reads for a long time, or needed the same locks in another order.
            Err(error) if matches!(error.code(), "55P03" | "40P01") => {
                debug!("stream '{}': another attempt after: {}", target.stream, error)
            }
            _ => break,
        }
    }
    outcome.map_err(|error| explain(target, error))
}

#[inline(never)]
fn find(session: &mut Session, target: &Target) -> Result<Found> {
    let side = find_table(session, &target.schema, &target.side_table)?;
    let old = find_table(session, &target.schema, &target.table)?;
    match (side, old) {
        (Some(side), Some(old)) => Ok(Found::Both(side, old)),
        (Some(side), None) => Ok(Found::Side(side)),
        (None, Some(_)) => Ok(Found::Target),
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
}

/// What takes long and does not need the target: its foreign keys are made, and so checked, for the side table.
#[inline(never)]
fn prepare(session: &mut Session, target: &Target) -> Result<()> {
    let outcome = session.transaction(|session| {
        begin(session, target, PREPARATION_WAIT)?;
        if let Found::Both(side, old) = find(session, target)? {
            if has_same_columns(&old, &side) && way_with_same_columns(session, target, &old)? == Way::NewTable {
                let statements = foreign_keys(session, &old, &side)?;
                run(session, &statements)?;
            }
        }
        Ok(())
    });
    match outcome {
        // It will be met again, and the rows be exchanged.
        Err(error) if is_about_objects(&error) => {
            debug!("stream '{}': {}", target.stream, error);
            Ok(())
        }
        outcome => outcome,
    }
}

fn begin(session: &mut Session, target: &Target, seconds: u32) -> Result<()> {
    session.execute(&format!("SET LOCAL lock_timeout = '{}s'", seconds))?;
    lock(session, target.lock_key())?;
    session.trust_nobody()
}

#[inline(never)]
fn put_in_place(session: &mut Session, target: &Target) -> Result<()> {
    let (side, old) = match find(session, target)? {
        Found::Both(side, old) => (side, old),
        Found::Side(side) => {
            check_unchanged(session, target, side.oid)?;
            let statements = [forget(target), rename(&target.quoted_side(), &target.table)];
            return run(session, &statements);
        }
        // With a ledger it is known that it has not been done.
        Found::Target if session.settings().exactly_once => return Err(ledger_end::side_table_lost(target)),
        Found::Target => return Ok(()),
    };
    let same_columns = has_same_columns(&old, &side);
    if same_columns {
        if let Way::Exchange(reason) = way(session, target, &old, &side)? {
            info!(
                "stream '{}': the rows of {} are exchanged, because {}",
                target.stream,
                target.display(),
                reason
            );
            return exchange(session, target, &old, &side);
        }
    } else {
        check_unchanged(session, target, side.oid)?;
        way(session, target, &old, &side)?;
        warn_of_losses(session, target, &old)?;
    }
    session.execute("SAVEPOINT before_swap")?;
    match swap(session, target, &old, &side) {
        Err(error) if same_columns && is_about_objects(&error) => {
            session.execute("ROLLBACK TO SAVEPOINT before_swap")?;
            if !exchange::obstacles(session, &old)?.is_empty() {
                return Err(error);
            }
            info!(
                "stream '{}': the rows of {} are exchanged, because a new table cannot take its place: {}",
                target.stream,
                target.display(),
                error
            );
            exchange(session, target, &old, &side)
        }
        outcome => outcome,
    }
}

/// How the rows get to where the old ones are, or why they do not: what the target is a part of, and what depends on it, may be new.
#[inline(never)]
fn way(session: &mut Session, target: &Target, old: &ExistingTable, side: &ExistingTable) -> Result<Way> {
    if has_same_columns(old, side) {
        return way_with_same_columns(session, target, old);
    }
    let keeps = |name: &str| match (old.column(name), side.column(name)) {
        (Some(old), Some(new)) => (old.type_oid, &old.type_text) == (new.type_oid, &new.type_text),
        _ => false,
    };
    check_other_columns(session, target, old, keeps).map(|()| Way::NewTable)
}

fn warn_of_losses(session: &mut Session, target: &Target, old: &ExistingTable) -> Result<()> {
    let losses = losses(session, old.oid)?;
    if !losses.is_empty() {
        warn!(
            "stream '{}': the columns of {} differ from the stream's: with the old table goes {}",
            target.stream,
            target.display(),
            losses.join(", ")
        );
    }
    Ok(())
}

/// The new table takes the place of the old one.
#[inline(never)]
fn swap(session: &mut Session, target: &Target, old: &ExistingTable, side: &ExistingTable) -> Result<()> {
    let locks = dependents::locks(session, old.oid)?;
    run(session, &locks)?;
    // Nobody may add anything to the old table that the new one would not have.
    session.execute(&format!("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE", target.quoted()))?;
    let now = find_table(session, &target.schema, &target.table)?;
    let is_the_same = |now: &&ExistingTable| now.oid == old.oid;
    let old = now.as_ref().filter(is_the_same).ok_or_else(|| target_changed(target))?;
    check_unchanged(session, target, side.oid)?;
    if let Way::Exchange(reason) = way(session, target, old, side)? {
        return Err(Error::schema("cannot_replace", reason));
    }
    let owner = owner(session, old, side)?;
    run(session, &owner)?;
    let inheritance = Inheritance::of(session, old, side)?;
    let dependents = Dependents::of(session, old.oid)?;
    let aside = format!("{}_old", target.side_table);
    let mut statements = vec![forget(target)];
    statements.extend(inheritance.before_rename);
    statements.extend(dependents.before_rename);
    statements.push(rename(&target.quoted(), &aside));
    statements.push(rename(&target.quoted_side(), &target.table));
    statements.extend(dependents.after_rename);
    statements.push(format!("DROP TABLE {}", quote_qualified(&target.schema, &aside)));
    statements.extend(inheritance.after_drop);
    statements.extend(dependents.after_drop);
    run(session, &statements)?;
    info!("stream '{}': replaced table {}", target.stream, target.display());
    Ok(())
}

fn rename(quoted: &str, name: &str) -> String {
    format!("ALTER TABLE {} RENAME TO {}", quoted, quote_identifier(name))
}

/// Whether an object cannot be changed: because others depend on it, because it belongs to others, because of what it is, or because
/// it is no longer what it was.
fn is_about_objects(error: &Error) -> bool {
    let code = error.code();
    code.len() == 5 && ["42", "2B", "0A"].contains(&&code[..2])
        || matches!(code, "55000" | "55006" | "cannot_replace" | "target_changed")
}

fn explain(target: &Target, error: Error) -> Error {
    match error.code() {
        "55P03" => error
            .hint("end the sessions that use the table: pg_stat_activity shows them")
            .context(format!(
                "stream '{}': waiting for {} to replace it",
                target.stream,
                target.display()
            )),
        "23503" => error
            .hint("load the referenced rows first, or drop the foreign key")
            .context(format!(
                "stream '{}': the new rows of {} do not fit a foreign key",
                target.stream,
                target.display()
            )),
        _ if error.message().starts_with("stream ") => error,
        _ => error.context(format!("stream '{}': replacing {}", target.stream, target.display())),
    }
}
