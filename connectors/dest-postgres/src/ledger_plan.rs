// SPDX-License-Identifier: Apache-2.0

//! By which plan the batches are numbered that the [`crate::ledger`] has of a stream. A plan that is made again while the run goes on may cut the
//! units differently, and then the same identity means other rows.

use crate::ledger::{run_torn_down, Ledger, ENDED, MARKER, PLAN, SELECTED, TORN_DOWN};
use crate::names::{hash, Target};
use crate::session::Session;
use rapidbyte_sdk::{Error, Result};

/// Says by which plan the stream's batches are numbered in this run, when its source tells; fails when that was another one before, and when the
/// run was torn down.
#[inline(never)]
pub fn enter(session: &mut Session, target: &Target, run_id: &str, plan: Option<&str>) -> Result<()> {
    if !session.settings().exactly_once {
        return Ok(());
    }
    let ledger = Ledger::of(target, run_id, true);
    let digest = plan.map(|plan| hash(&["rapidbyte plan", plan]) as i64);
    let insert = digest.map_or(String::new(), |digest| insertion(&ledger, digest));
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
            (PLAN, _) if digest.map_or(false, |digest| row.text(2) != digest.to_string()) => {
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
        "INSERT INTO {} (run_id, stream, {}) VALUES ({}, {}, {}, 0, {}, 0, 0, 0, NULL) ON CONFLICT DO NOTHING; ",
        ledger.table, SELECTED, ledger.run, ledger.stream, PLAN, digest
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
