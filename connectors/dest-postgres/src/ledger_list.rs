// SPDX-License-Identifier: Apache-2.0

//! `rb_committed`: which batches of a stream the [`crate::ledger`] has of a run, for a host that goes on with it.

use crate::ledger::{Ledger, PLAN, TARGET};
use crate::ledger_end::{has_ended, is_there, still_at_work, target_lost, wait_and_find_end, while_doing};
use crate::ledger_plan::relation;
use crate::names::Target;
use crate::session::Session;
use rapidbyte_sdk::{CommittedResponse, Result};

/// How many batches one response tells of.
pub const PAGE: usize = 20_000;

/// The batches behind `after`. Waits for writers that have a transaction open, so that none of theirs is missing.
#[inline(never)]
pub fn committed(
    session: &mut Session,
    target: &Target,
    run_id: &str,
    after: Option<(i64, u32)>,
) -> Result<CommittedResponse> {
    if !session.settings().exactly_once {
        return Ok(CommittedResponse::default());
    }
    if !is_there(session, target)? {
        return Ok(CommittedResponse {
            batches: Some(Vec::new()),
            ..CommittedResponse::default()
        });
    }
    let page = match after {
        // The first page was waited for.
        Some(_) => has_ended(session, target, run_id).and_then(|ended| page(session, target, run_id, after, ended)),
        None => session.transaction(|session| {
            let ended = wait_and_find_end(session, target, run_id)?;
            if !ended {
                require_target(session, target, run_id)?;
            }
            page(session, target, run_id, after, ended)
        }),
    };
    page.map_err(still_at_work)
        .map_err(|error| while_doing(error, target, "asking what is committed of it in"))
}

/// Makes sure that what was committed is where it was committed to, as far as that can be told: a target that was dropped, made anew or emptied has lost it.
#[inline(never)]
fn require_target(session: &mut Session, target: &Target, run_id: &str) -> Result<()> {
    let ledger = Ledger::of(target, run_id, true);
    let answer = session.query(&format!(
        "SELECT (SELECT checksum FROM {0} WHERE {1} AND unit OPERATOR(pg_catalog.=) {2} AND sequence OPERATOR(pg_catalog.=) {3}), \
             (SELECT t.oid FROM ({4}) AS t), (SELECT t.is_readable FROM ({4}) AS t) \
         WHERE EXISTS (SELECT FROM {0} WHERE {1} AND unit OPERATOR(pg_catalog.>=) 0 AND row_count OPERATOR(pg_catalog.>) 0)",
        ledger.table,
        ledger.belongs,
        PLAN,
        TARGET,
        relation(target),
    ))?;
    let row = match answer.rows.first() {
        Some(row) => row,
        None => return Ok(()),
    };
    match (row.text(0), row.text(1)) {
        // It was not written down: the rows are beside the target, or nobody tells the plan.
        ("", _) => return Ok(()),
        (_, "") => return Err(target_lost(target, "is not there any more")),
        (then, now) if then != now => return Err(target_lost(target, "is another table now")),
        _ => {}
    }
    if row.flag(2) {
        let answer = session.query(&format!("SELECT EXISTS (SELECT FROM {})", target.quoted()))?;
        if answer.value() == Some("f") {
            return Err(target_lost(target, "is empty now"));
        }
    }
    Ok(())
}

#[inline(never)]
fn page(
    session: &mut Session,
    target: &Target,
    run_id: &str,
    after: Option<(i64, u32)>,
    ended: bool,
) -> Result<CommittedResponse> {
    let ledger = Ledger::of(target, run_id, true);
    let behind = after.map_or("unit OPERATOR(pg_catalog.>=) 0".into(), |(unit, sequence)| {
        format!("(unit, sequence) OPERATOR(pg_catalog.>) ({}, {})", unit, sequence)
    });
    let answer = session
        .query(&format!(
            "SELECT unit, sequence, checksum FROM {} WHERE {} AND {} ORDER BY unit, sequence LIMIT {}",
            ledger.table, ledger.belongs, behind, PAGE
        ))
        .map_err(|error| ledger.explain(error))?;
    let batch = |row: &rapidbyte_sdk::postgres::Row| Ok((row.number(0)?, row.number(1)?, row.number(2)?));
    let batches = answer.rows.iter().map(batch).collect::<Result<Vec<_>>>()?;
    Ok(CommittedResponse {
        more: batches.len() == PAGE,
        batches: Some(batches),
        ended,
    })
}
