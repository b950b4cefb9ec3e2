// SPDX-License-Identifier: Apache-2.0

//! What an instance remembers of a table that it writes into, and whether that is still so.

use crate::catalog::{find_table, table_shape, ExistingTable};
use crate::drift::Drift;
use crate::names::Target;
use crate::session::Session;
use rapidbyte_sdk::arrow::{metadata, Schema};
use rapidbyte_sdk::{Error, Result, SchemaEvolution, TargetRequest};

/// A table that rows go into, as the catalogue had it, and how a stream's columns get into it.
pub struct WrittenTable {
    pub table: ExistingTable,
    pub drift: Drift,
    /// Another one when the table has become another.
    pub shape: String,
    schema: Schema,
    evolution: SchemaEvolution,
}

impl WrittenTable {
    /// The table of this name as it is now: what is `known` when nothing has changed.
    pub fn refreshed(
        session: &mut Session,
        target: &Target,
        table_name: &str,
        request: &TargetRequest,
        known: Option<WrittenTable>,
    ) -> Result<WrittenTable> {
        // Before the catalogue is read: what changes in between is noticed later.
        let shape = table_shape(session, &target.schema, table_name)?.ok_or_else(|| unknown(target, table_name))?;
        match known {
            Some(known) if known.is_for(&shape, request) => Ok(known),
            _ => WrittenTable::read(session, target, table_name, request, shape),
        }
    }

    fn is_for(&self, shape: &str, request: &TargetRequest) -> bool {
        self.shape == shape && self.evolution == request.schema_evolution && self.schema == request.schema
    }

    /// Whether a batch of this schema is numbered by the plan that the request names.
    pub fn has_plan_of(&self, schema: &Schema) -> bool {
        schema.metadata(metadata::PLAN) == self.schema.metadata(metadata::PLAN)
    }

    #[inline(never)]
    fn read(
        session: &mut Session,
        target: &Target,
        table_name: &str,
        request: &TargetRequest,
        shape: String,
    ) -> Result<WrittenTable> {
        let table = find_table(session, &target.schema, table_name)?.ok_or_else(|| unknown(target, table_name))?;
        let evolution = request.schema_evolution;
        Ok(WrittenTable {
            drift: Drift::of(session, target, evolution, &request.schema, &table)?,
            table,
            shape,
            schema: request.schema.clone(),
            evolution,
        })
    }
}

fn unknown(target: &Target, table_name: &str) -> Error {
    Error::schema(
        "unknown_target",
        format!(
            "stream '{}': there is no table {}.{} to write into",
            target.stream, target.schema, table_name
        ),
    )
    .hint("it was dropped while the run was going on: start the run again")
}
