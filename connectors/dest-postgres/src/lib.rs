// SPDX-License-Identifier: Apache-2.0

//! Writes Arrow batches into Postgres tables by binary COPY, or by INSERT.
//!
//! `append` adds rows to the target, one transaction a call of `rb_write` or less. `replace` fills a side table that takes the target's place in
//! `rb_finalize`. `upsert` collects rows in a temporary table and merges them into the target before they are committed. The ledger keeps a batch
//! from being written twice. See docs/abi.md, section 5, for what each call has to do.

mod alter;
mod apply;
mod batch_plan;
mod catalog;
mod catalog_statements;
mod check;
mod column_rules;
mod compare;
mod convert;
mod dead_letter;
mod dependents;
mod drift;
mod encode;
mod error_context;
mod exchange;
mod finalize;
mod flush;
mod inheritance;
mod insert_statement;
mod key;
mod ledger;
mod ledger_end;
#[cfg(test)]
mod ledger_end_live_tests;
mod ledger_list;
#[cfg(test)]
mod ledger_list_live_tests;
#[cfg(test)]
mod ledger_live_tests;
mod ledger_plan;
mod ledger_table;
#[cfg(test)]
mod ledger_trust_live_tests;
#[cfg(test)]
mod live_drift_tests;
#[cfg(test)]
mod live_tests;
mod merge;
mod names;
mod open_copy;
mod open_insert;
mod open_load;
mod prepared;
mod refused;
#[cfg(test)]
mod refused_live_tests;
#[cfg(test)]
mod refused_modes_live_tests;
mod remembered;
mod replaceable;
mod session;
mod settings;
mod target_type;
mod teardown;
mod trust;
mod type_fit;
mod type_name;
mod unique_key;
mod version;
mod wanted;
mod widen;
mod wire_type;
mod write;
mod written_table;

use catalog::table_shape;
use key::Key;
use merge::Merge;
use names::Target;
use rapidbyte_sdk::arrow::{metadata, Schema};
use rapidbyte_sdk::*;
use session::Session;
use settings::Settings;
use std::collections::HashMap;
use write::{repeatable, WriteMemory};
use written_table::WrittenTable;

struct PostgresDestination {
    run_id: String,
    max_record_bytes: usize,
    session: Session,
    memory: WriteMemory,
    /// Tables, in SQL, that this instance has prepared, and what for.
    applied: HashMap<String, (Schema, SchemaEvolution)>,
    /// By which plan the batches of each target are numbered, as far as the instance has asked.
    plans: HashMap<Target, String>,
    /// The tables that this instance writes into, by their names in SQL.
    tables: HashMap<String, WrittenTable>,
    /// How rows are merged into those of them that are targets of an upsert, and what the target was when that was found out.
    merges: HashMap<String, (String, Merge)>,
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

    /// Has the ledger know by which plan the stream's batches are numbered, and fails when that is another one than before.
    #[inline(never)]
    fn enter_plan(&mut self, target: &Target, schema: &Schema, mode: WriteMode) -> Result<()> {
        let plan = schema.metadata(metadata::PLAN);
        ledger_plan::enter(&mut self.session, target, &self.run_id, plan, mode).map_err(repeatable)?;
        if let Some(plan) = plan {
            self.plans.insert(target.clone(), plan.to_owned());
        }
        Ok(())
    }

    /// Whether the target has been replaced in this run: there is no side table any more.
    #[inline(never)]
    fn has_been_replaced(&mut self, target: &Target) -> Result<bool> {
        Ok(!self.tables.contains_key(&target.quoted_side())
            && table_shape(&mut self.session, &target.schema, &target.side_table)?.is_none()
            && ledger_end::has_ended(&mut self.session, target, &self.run_id)?)
    }

    /// How rows are merged into a target, which is what it was when that was found out, or is found out again.
    fn merge(
        &mut self,
        target: &Target,
        quoted: &str,
        written: &WrittenTable,
        request: &TargetRequest,
    ) -> Result<Merge> {
        match self.merges.remove(quoted) {
            Some((shape, merge)) if shape == written.shape => Ok(merge),
            _ => {
                let key = Key::of(request)?;
                Merge::new(&mut self.session, target, quoted, &written.table, &key, &request.schema)
            }
        }
    }
}

/// The table that a run writes into: its name in the catalogue and in SQL.
fn written_table(target: &Target, mode: WriteMode) -> (String, String) {
    match mode {
        WriteMode::Append | WriteMode::Upsert => (target.table.clone(), target.quoted()),
        WriteMode::Replace => (target.side_table.clone(), target.quoted_side()),
    }
}

impl Destination for PostgresDestination {
    fn open(request: OpenRequest) -> Result<Self> {
        Ok(PostgresDestination {
            session: Session::new(Settings::from_json(&request.config)?),
            run_id: request.run_id,
            max_record_bytes: usize::try_from(request.limits.max_record_bytes).unwrap_or(usize::MAX),
            memory: WriteMemory::default(),
            applied: HashMap::new(),
            plans: HashMap::new(),
            tables: HashMap::new(),
            merges: HashMap::new(),
        })
    }

    fn check(&mut self, request: CheckRequest) -> Result<CheckResponse> {
        check::check(&mut self.session, &request, &self.run_id).map(|checks| CheckResponse { checks })
    }

    fn apply(&mut self, request: ApplyRequest) -> Result<TargetResponse> {
        let target = self.target(&request.stream)?;
        let (_, quoted) = written_table(&target, request.write_mode);
        let key = Key::of(&request)?;
        let wanted = (request.schema, request.schema_evolution);
        if self.applied.get(&quoted) != Some(&wanted) {
            let (session, (schema, evolution)) = (&mut self.session, &wanted);
            match request.write_mode {
                WriteMode::Replace => apply::apply_replace(session, &target, &self.run_id, schema, *evolution, &key)
                    .map_err(repeatable)?,
                mode => apply::apply_append(session, &target, &self.run_id, schema, *evolution, &key, mode)
                    .map_err(repeatable)?,
            }
            ledger_table::apply(&mut self.session, &target).map_err(repeatable)?;
            self.enter_plan(&target, &wanted.0, request.write_mode)?;
            if request.on_data_error == DataErrorPolicy::Dlq {
                dead_letter::apply(&mut self.session, &target).map_err(repeatable)?;
            }
            self.applied.insert(quoted, wanted);
        }
        Ok(TargetResponse {
            target: target.display(),
        })
    }

    fn write(&mut self, request: WriteRequest) -> Result<WriteResponse> {
        let target = self.target(&request.target.stream)?;
        let plan = request.target.schema.metadata(metadata::PLAN);
        if plan.is_some() && self.plans.get(&target).map(String::as_str) != plan {
            // The host prepares an instance once, and the next bundle may be of a stream that was planned again.
            self.enter_plan(&target, &request.target.schema, request.target.write_mode)?;
        }
        let (mut table, mut quoted_table) = written_table(&target, request.target.write_mode);
        if request.target.write_mode == WriteMode::Replace && self.has_been_replaced(&target)? {
            // Only batches that are in the target already can come; the ledger refuses all others.
            (table, quoted_table) = (target.table.clone(), target.quoted());
        }
        let known = self.tables.remove(&quoted_table);
        let written = WrittenTable::refreshed(&mut self.session, &target, &table, &request.target, known)?;
        let merge = match request.target.write_mode {
            WriteMode::Upsert => Some(self.merge(&target, &quoted_table, &written, &request.target)?),
            _ => None,
        };
        let outcome = write::write(
            &mut self.session,
            &mut self.memory,
            &write::Destination {
                run_id: &self.run_id,
                target: &target,
                table_name: &table,
                quoted_table: merge.as_ref().map_or(&quoted_table, |merge| &merge.quoted_stage),
                table: merge.as_ref().map_or(&written.table, |merge| &merge.stage),
                written: &written,
                merge: merge.as_ref(),
                on_data_error: request.target.on_data_error,
                max_record_bytes: self.max_record_bytes,
            },
        );
        if let Some(merge) = merge {
            self.merges.insert(quoted_table.clone(), (written.shape.clone(), merge));
        }
        self.tables.insert(quoted_table.clone(), written);
        outcome.map_err(|error| self.after_failure(&target, &table, &quoted_table, error))
    }

    fn finalize(&mut self, request: FinalizeRequest) -> Result<TargetResponse> {
        // An upsert that was given a row twice has it once, whichever batches it came in.
        let is_upsert = request.target.write_mode == WriteMode::Upsert;
        let (given, request) = (request.batches.filter(|_| !is_upsert), request.target);
        let target = self.target(&request.stream)?;
        let (_, quoted) = written_table(&target, request.write_mode);
        if request.write_mode == WriteMode::Replace {
            finalize::finalize_replace(&mut self.session, &target, &self.run_id, given).map_err(repeatable)?;
            // The side table is gone, and the target is another.
            self.tables.remove(&quoted);
            self.applied.remove(&quoted);
        } else {
            ledger_end::end_stream(&mut self.session, &target, &self.run_id, given).map_err(repeatable)?;
        }
        ledger_end::forget(&mut self.session, &target, &self.run_id);
        Ok(TargetResponse {
            target: target.display(),
        })
    }

    fn committed(&mut self, request: CommittedRequest) -> Result<CommittedResponse> {
        let target = Target::of(&request.stream, self.session.settings(), &request.run_id)?;
        ledger_list::committed(&mut self.session, &target, &request.run_id, request.after).map_err(repeatable)
    }

    fn close(&mut self) -> Result<()> {
        self.session.close()
    }

    fn teardown(&mut self, request: TeardownRequest) -> Result<()> {
        teardown::teardown(&mut self.session, &request.run_id, &request.streams)
    }
}

rapidbyte_sdk::destination!(PostgresDestination, manifest = "../manifest.json");
