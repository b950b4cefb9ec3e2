// SPDX-License-Identifier: Apache-2.0

//! Writes Arrow batches into Postgres tables by binary COPY, or by INSERT.
//!
//! `append` adds rows to the target, one transaction a call of `rb_write`. `replace` fills a side table that takes the
//! target's place in `rb_finalize`. `upsert` collects rows in a temporary table and merges them into the target before they are committed. See docs/abi.md, section 5, for what each call has to do.

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
mod insert_statement;
mod key;
#[cfg(test)]
mod live_tests;
mod merge;
mod names;
mod open_copy;
mod open_insert;
mod open_load;
mod prepared;
mod session;
mod settings;
mod target_type;
mod teardown;
mod type_fit;
mod type_name;
mod unique_key;
mod version;
mod wanted;
mod wire_type;
mod write;

use catalog::{find_table, ExistingTable};
use key::Key;
use merge::Merge;
use names::Target;
use rapidbyte_sdk::*;
use session::Session;
use settings::Settings;
use std::collections::{HashMap, HashSet};
use write::WriteMemory;

struct PostgresDestination {
    run_id: String,
    session: Session,
    memory: WriteMemory,
    /// Tables, in SQL, that this instance has prepared.
    applied: HashSet<String>,
    /// What the catalogue says of the tables that this instance writes into, by their names in SQL.
    tables: HashMap<String, ExistingTable>,
    /// How rows are merged into those of them that are targets of an upsert.
    merges: HashMap<String, Merge>,
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

    /// Finds out how rows are merged into a target that has been found.
    fn merge(&mut self, target: &Target, quoted: &str, request: &TargetRequest) -> Result<()> {
        if !self.merges.contains_key(quoted) {
            let table = &self.tables[quoted];
            let key = Key::of(request)?;
            let merge = Merge::new(&mut self.session, target, quoted, table, &key, &request.schema)?;
            self.merges.insert(quoted.to_owned(), merge);
        }
        Ok(())
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
            memory: WriteMemory::default(),
            applied: HashSet::new(),
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
        if !self.applied.contains(&quoted) {
            let key = Key::of(&request)?;
            let session = &mut self.session;
            match request.write_mode {
                WriteMode::Append => apply::apply_append(session, &target, &request.schema, &key)?,
                WriteMode::Replace => apply::apply_replace(session, &target, &request.schema, &key)?,
                WriteMode::Upsert => apply::apply_upsert(session, &target, &request.schema, &key)?,
            }
            self.applied.insert(quoted);
        }
        Ok(TargetResponse {
            target: target.display(),
        })
    }

    fn write(&mut self, request: WriteRequest) -> Result<WriteResponse> {
        let target = self.target(&request.target.stream)?;
        let (table, quoted_table) = written_table(&target, request.target.write_mode);
        self.table(&target, &table, &quoted_table)?;
        if request.target.write_mode == WriteMode::Upsert {
            self.merge(&target, &quoted_table, &request.target)?;
        }
        let PostgresDestination {
            session,
            memory,
            tables,
            merges,
            ..
        } = self;
        let destination = match merges.get(&quoted_table) {
            Some(merge) if request.target.write_mode == WriteMode::Upsert => write::Destination {
                target: &target,
                quoted_table: &merge.quoted_stage,
                table: &merge.stage,
                merge: Some(merge),
            },
            _ => write::Destination {
                target: &target,
                quoted_table: &quoted_table,
                table: &tables[&quoted_table],
                merge: None,
            },
        };
        write::write(session, memory, &destination)
    }

    fn finalize(&mut self, request: FinalizeRequest) -> Result<TargetResponse> {
        let target = self.target(&request.stream)?;
        let (_, quoted) = written_table(&target, request.write_mode);
        if request.write_mode == WriteMode::Replace {
            finalize::finalize_replace(&mut self.session, &target)?;
            // The side table is gone, and the target is another.
            self.tables.remove(&quoted);
            self.applied.remove(&quoted);
        }
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
