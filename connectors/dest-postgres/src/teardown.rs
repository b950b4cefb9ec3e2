// SPDX-License-Identifier: Apache-2.0

//! `rb_teardown`: removes the side tables of a run, whether there are any or not, and what the ledgers hold of it.

use crate::ledger;
use crate::names::side_table;
use crate::session::Session;
use rapidbyte_sdk::postgres::{quote_literal, quote_qualified};
use rapidbyte_sdk::{info, Result, Stream};

#[inline(never)]
pub fn teardown(session: &mut Session, run_id: &str, streams: &[Stream]) -> Result<()> {
    if streams.is_empty() {
        return Ok(());
    }
    // They are looked for in all schemas: a stream that has not been planned does not know its own, and no other
    // table has such a name.
    let names: Vec<String> = streams
        .iter()
        .map(|stream| quote_literal(&side_table(run_id, &stream.name)))
        .collect();
    let sql = format!(
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'r' AND c.relname IN ({})",
        names.join(",")
    );
    for row in session.query_catalogue(&sql)?.rows {
        let table = quote_qualified(row.text(0), row.text(1));
        session.execute(&format!("DROP TABLE IF EXISTS {}", table))?;
        info!("dropped {}, which the run had left behind", table);
    }
    ledger::forget(session, run_id, streams)
}
