// SPDX-License-Identifier: Apache-2.0

//! By which plan the batches are numbered that the [`crate::ledger`] has of a stream. A plan that is made again while the run goes on may cut the
//! units differently, and then the same identity means other rows. And which table they were written into: another one of its name has none of them.

use crate::ledger::{run_torn_down, Ledger, DIGEST, ENDED, MARKER, PLAN, SELECTED, TARGET, TORN_DOWN};
use crate::names::{hash, Target};
use crate::session::Session;
use rapidbyte_sdk::postgres::quote_literal;
use rapidbyte_sdk::{Error, Result, WriteMode};

/// Says by which plan the stream's batches are numbered in this run, when its source tells; fails when that was another one before, and when the
/// run was torn down.
#[inline(never)]
pub fn enter(session: &mut Session, target: &Target, run_id: &str, plan: Option<&str>, mode: WriteMode) -> Result<()> {
    if !session.settings().exactly_once {
        return Ok(());
    }
    let ledger = Ledger::of(target, run_id, true);
    let digest = plan.map(|plan| hash(&["rapidbyte plan", plan]) as i64);
    let mut insert = digest.map_or(String::new(), |digest| insertion(&ledger, digest));
    if digest.is_some() && mode != WriteMode::Replace {
        insert.push_str(&insertion_of_target(&ledger, target));
    }
    // In one message. Who comes second waits for the first, and reads what that has entered.
    let mut results = session
        .transaction_of(&format!(
            "{}SELECT unit, sequence, checksum FROM {} WHERE {} AND unit OPERATOR(pg_catalog.<) 0",
            insert, ledger.table, ledger.belongs
        ))
        .map_err(|error| ledger.explain(error))?;
    // The last one is that of COMMIT.
    results.pop();
    let rows = results.pop().map_or(Vec::new(), |result| result.rows);
    let (mut has_ended, mut is_torn_down) = (false, false);
    for row in &rows {
        match (row.number::<i64>(0)?, row.number::<u32>(1)?) {
            (MARKER, ENDED) => has_ended = true,
            (MARKER, TORN_DOWN) => is_torn_down = true,
            (PLAN, DIGEST) if digest.map_or(false, |digest| row.text(2) != digest.to_string()) => {
                return Err(plan_changed(target))
            }
            _ => {}
        }
    }
    match is_torn_down && !has_ended {
        true => Err(run_torn_down().context(format!("stream '{}'", target.stream))),
        false => Ok(()),
    }
}

fn insertion(ledger: &Ledger, digest: i64) -> String {
    format!(
        "INSERT INTO {} (run_id, stream, {}) VALUES ({}, {}, {}, {}, {}, 0, 0, 0, NULL) ON CONFLICT DO NOTHING; ",
        ledger.table, SELECTED, ledger.run, ledger.stream, PLAN, DIGEST, digest
    )
}

/// Which table the target is. As long as nothing is committed it may become another.
#[inline(never)]
fn insertion_of_target(ledger: &Ledger, target: &Target) -> String {
    format!(
        "DELETE FROM {0} WHERE {1} AND unit OPERATOR(pg_catalog.=) {2} AND sequence OPERATOR(pg_catalog.=) {3} \
             AND NOT EXISTS (SELECT FROM {0} WHERE {1} AND unit OPERATOR(pg_catalog.>=) 0); \
         INSERT INTO {0} (run_id, stream, {4}) SELECT {5}, {6}, {2}, {3}, t.oid, 0, 0, 0, NULL FROM ({7}) AS t \
             ON CONFLICT DO NOTHING; ",
        ledger.table,
        ledger.belongs,
        PLAN,
        TARGET,
        SELECTED,
        ledger.run,
        ledger.stream,
        relation(target)
    )
}

/// The query for the target's `oid`, and what its user may see of it.
pub fn relation(target: &Target) -> String {
    format!(
        "SELECT c.oid::pg_catalog.int8 AS oid, pg_catalog.has_any_column_privilege(c.oid, 'SELECT') \
             AND NOT pg_catalog.row_security_active(c.oid) AS is_readable \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
         WHERE n.nspname OPERATOR(pg_catalog.=) {} AND c.relname OPERATOR(pg_catalog.=) {}",
        quote_literal(&target.schema),
        quote_literal(&target.table)
    )
}

/// The error for batches that are numbered by another plan than those that the run has written.
pub fn plan_changed(target: &Target) -> Error {
    Error::data(
        "plan_changed",
        format!(
            "stream '{}': it was planned again while its run went on, and its units are others now: which of its rows are written already cannot be told, \
             and none was written of what came now",
            target.stream
        ),
    )
    .hint(
        "start a new run; so that a runner which executes the whole job again does not plan again, plan once: by openSnapshot() or withPlans(), or run from \
         the command line. A target of write_mode 'append' holds what the failed run committed",
    )
}
