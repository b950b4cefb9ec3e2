// SPDX-License-Identifier: Apache-2.0

//! `rb_committed`: which batches of a stream the [`crate::ledger`] has of a run, for a host that goes on with it.

use crate::ledger::Ledger;
use crate::ledger_end::{has_ended, is_there, still_at_work, wait_and_find_end};
use crate::names::Target;
use crate::session::Session;
use rapidbyte_sdk::postgres::quote_qualified;
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
            page(session, target, run_id, after, ended)
        }),
    };
    page.map_err(still_at_work).map_err(|error| {
        error.context(format!(
            "stream '{}': asking the ledger {} what is committed",
            target.stream,
            quote_qualified(&target.schema, crate::ledger::TABLE)
        ))
    })
}

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
