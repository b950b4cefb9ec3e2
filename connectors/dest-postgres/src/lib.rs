// SPDX-License-Identifier: Apache-2.0

//! Writes Arrow batches into Postgres tables by binary COPY.
//!
//! `append` adds rows to the target, one transaction a call of `rb_write` or less. The ledger keeps a batch from being
//! written twice. `replace` fills a side table that takes the
//! target's place in `rb_finalize`. See docs/abi.md, section 5, for what each call has to do.

mod alter;
mod apply;
mod batch_plan;
mod catalog;
mod catalog_statements;
mod check;
mod column_rules;
mod compare;
mod convert;
mod dependents;
mod drift;
mod encode;
mod error_context;
mod exchange;
mod finalize;
mod flush;
mod inheritance;
mod ledger;
#[cfg(test)]
mod ledger_live_tests;
#[cfg(test)]
mod live_drift_tests;
#[cfg(test)]
mod live_tests;
mod names;
mod open_copy;
mod replaceable;
mod session;
mod settings;
mod target_type;
mod teardown;
mod type_fit;
mod type_name;
mod wanted;
mod widen;
mod wire_type;
mod write;
mod written_table;

use catalog::table_shape;
use names::Target;
use rapidbyte_sdk::arrow::Schema;
use rapidbyte_sdk::*;
use session::Session;
use settings::Settings;
use std::collections::HashMap;
use write::WriteMemory;
use written_table::WrittenTable;

const UPSERT_IS_NOT_THERE: &str = "write_mode 'upsert' comes with a later version of this connector";

struct PostgresDestination {
    run_id: String,
    session: Session,
    memory: WriteMemory,
    /// Tables, in SQL, that this instance has prepared, and what for.
    applied: HashMap<String, (Schema, SchemaEvolution)>,
    /// The tables that this instance writes into, by their names in SQL.
    tables: HashMap<String, WrittenTable>,
}

impl PostgresDestination {
    fn target(&self, stream: &Stream) -> Result<Target> {
        Target::of(stream, self.session.settings(), &self.run_id)
    }

    /// Forgets what is known of a table after a write into it has failed. An error that came from values encoded for a table that was another is
    /// replaced by one that says so.
    fn after_failure(&mut self, target: &Target, table: &str, quoted: &str, error: Error) -> Error {
        let known = self.tables.remove(quoted);
        self.applied.remove(quoted);
        let of_values = matches!(error.category(), Category::Data | Category::Schema);
        if !of_values || error.state_of_commit() != CommitState::BeforeCommit {
            return error;
        }
        let shape = table_shape(&mut self.session, &target.schema, table);
        match (known, shape) {
            (Some(known), Ok(shape)) if shape.as_deref() != Some(&known.shape) => write::target_changed(target),
            _ => error,
        }
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
            applied: HashMap::new(),
            tables: HashMap::new(),
        })
    }

    fn check(&mut self, request: CheckRequest) -> Result<CheckResponse> {
        check::check(&mut self.session, &request, &self.run_id).map(|checks| CheckResponse { checks })
    }

    fn apply(&mut self, request: ApplyRequest) -> Result<TargetResponse> {
        let target = self.target(&request.stream)?;
        let (_, quoted) = written_table(&target, request.write_mode)?;
        let wanted = (request.schema, request.schema_evolution);
        if self.applied.get(&quoted) != Some(&wanted) {
            match request.write_mode {
                WriteMode::Replace => apply::apply_replace(&mut self.session, &target, &wanted.0, wanted.1)?,
                _ => apply::apply_append(&mut self.session, &target, &wanted.0, wanted.1)?,
            }
            ledger::apply(&mut self.session, &target)?;
            self.applied.insert(quoted, wanted);
        }
        Ok(TargetResponse {
            target: target.display(),
        })
    }

    fn write(&mut self, request: WriteRequest) -> Result<WriteResponse> {
        let target = self.target(&request.target.stream)?;
        let (table, quoted_table) = written_table(&target, request.target.write_mode)?;
        let known = self.tables.remove(&quoted_table);
        let written = WrittenTable::refreshed(&mut self.session, &target, &table, &request.target, known)?;
        let outcome = write::write(
            &mut self.session,
            &mut self.memory,
            &write::Destination {
                run_id: &self.run_id,
                target: &target,
                table_name: &table,
                quoted_table: &quoted_table,
                table: &written,
            },
        );
        self.tables.insert(quoted_table.clone(), written);
        outcome.map_err(|error| self.after_failure(&target, &table, &quoted_table, error))
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
