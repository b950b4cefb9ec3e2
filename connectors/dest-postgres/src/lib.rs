// SPDX-License-Identifier: Apache-2.0

//! Writes Arrow batches into Postgres tables by binary COPY.
//!
//! `append` adds rows to the target, one transaction a call of `rb_write` or less. The ledger keeps a batch from being
//! written twice. `replace` fills a side table that takes the
//! target's place in `rb_finalize`. See docs/abi.md, section 5, for what each call has to do.

mod apply;
mod batch_plan;
mod catalog;
mod check;
mod compare;
mod encode;
mod error_context;
mod finalize;
mod flush;
mod inheritance;
mod ledger;
#[cfg(test)]
mod ledger_live_tests;
#[cfg(test)]
mod live_tests;
mod names;
mod open_copy;
mod session;
mod settings;
mod target_type;
mod teardown;
mod type_fit;
mod type_name;
mod wanted;
mod wire_type;
mod write;

use catalog::{find_table, ExistingTable};
use names::Target;
use rapidbyte_sdk::*;
use session::Session;
use settings::Settings;
use std::collections::{HashMap, HashSet};
use write::WriteMemory;

const UPSERT_IS_NOT_THERE: &str = "write_mode 'upsert' comes with a later version of this connector";

struct PostgresDestination {
    run_id: String,
    session: Session,
    memory: WriteMemory,
    /// Tables, in SQL, that this instance has prepared.
    applied: HashSet<String>,
    /// What the catalogue says of the tables that this instance writes into, by their names in SQL.
    tables: HashMap<String, ExistingTable>,
}

impl PostgresDestination {
    fn target(&self, stream: &Stream) -> Result<Target> {
        Target::of(stream, self.session.settings(), &self.run_id)
    }

    /// The table that rows go into. It has been created by `rb_apply`, of this instance or of another.
    fn table(&mut self, target: &Target, table: &str, quoted: &str) -> Result<&ExistingTable> {
        if !self.tables.contains_key(quoted) {
            let found = find_table(&mut self.session, &target.schema, table)?.ok_or_else(|| {
                Error::schema(
                    "unknown_target",
                    format!(
                        "stream '{}': there is no table {}.{} to write into",
                        target.stream, target.schema, table
                    ),
                )
                .hint("it was dropped while the run was going on: start the run again")
            })?;
            self.tables.insert(quoted.to_owned(), found);
        }
        self.tables
            .get(quoted)
            .ok_or_else(|| Error::internal("a table was lost after it was found"))
    }
}

/// The table that a run writes into: its name in the catalogue and in SQL.
fn written_table(target: &Target, mode: WriteMode) -> Result<(String, String)> {
    match mode {
        WriteMode::Append => Ok((target.table.clone(), target.quoted())),
        WriteMode::Replace => Ok((target.side_table.clone(), target.quoted_side())),
        WriteMode::Upsert => {
            Err(Error::config("unsupported_write_mode", UPSERT_IS_NOT_THERE)
                .hint("use write_mode 'append' or 'replace'"))
        }
    }
}

impl Destination for PostgresDestination {
    fn open(request: OpenRequest) -> Result<Self> {
        Ok(PostgresDestination {
            session: Session::new(Settings::from_json(&request.config)?),
            run_id: request.run_id,
            memory: WriteMemory::default(),
            applied: HashSet::new(),
            tables: HashMap::new(),
        })
    }

    fn check(&mut self, request: CheckRequest) -> Result<CheckResponse> {
        check::check(&mut self.session, &request, &self.run_id).map(|checks| CheckResponse { checks })
    }

    fn apply(&mut self, request: ApplyRequest) -> Result<TargetResponse> {
        let target = self.target(&request.stream)?;
        let (_, quoted) = written_table(&target, request.write_mode)?;
        if !self.applied.contains(&quoted) {
            match request.write_mode {
                WriteMode::Replace => apply::apply_replace(&mut self.session, &target, &request.schema)?,
                _ => apply::apply_append(&mut self.session, &target, &request.schema)?,
            }
            ledger::apply(&mut self.session, &target)?;
            self.applied.insert(quoted);
        }
        Ok(TargetResponse {
            target: target.display(),
        })
    }

    fn write(&mut self, request: WriteRequest) -> Result<WriteResponse> {
        let target = self.target(&request.target.stream)?;
        let (table, quoted_table) = written_table(&target, request.target.write_mode)?;
        self.table(&target, &table, &quoted_table)?;
        let PostgresDestination {
            run_id,
            session,
            memory,
            tables,
            ..
        } = self;
        let table = &tables[&quoted_table];
        write::write(
            session,
            memory,
            &write::Destination {
                run_id,
                target: &target,
                quoted_table: &quoted_table,
                table,
            },
        )
    }

    fn finalize(&mut self, request: FinalizeRequest) -> Result<TargetResponse> {
        let target = self.target(&request.stream)?;
        let (_, quoted) = written_table(&target, request.write_mode)?;
        if request.write_mode == WriteMode::Replace {
            finalize::finalize_replace(&mut self.session, &target)?;
            // The side table is gone, and the target is another.
            self.tables.remove(&quoted);
            self.applied.remove(&quoted);
        }
        ledger::end_stream(&mut self.session, &target, &self.run_id)?;
        Ok(TargetResponse {
            target: target.display(),
        })
    }

    fn close(&mut self) -> Result<()> {
        self.session.close()
    }

    fn teardown(&mut self, request: TeardownRequest) -> Result<()> {
        teardown::teardown(&mut self.session, &request.run_id, &request.streams)
    }
}

rapidbyte_sdk::destination!(PostgresDestination, manifest = "../manifest.json");
