// SPDX-License-Identifier: Apache-2.0

//! What `plan` decides and `read` carries out: the opaque part of the plan.

use rapidbyte_sdk::arrow::{metadata, Schema};
use rapidbyte_sdk::postgres::{quote_identifier, quote_qualified};
use rapidbyte_sdk::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::column_type::ColumnType;

/// How to read one relation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadPlan {
    pub namespace: String,
    pub table: String,
    pub columns: Vec<PlannedColumn>,
    pub primary_key: Vec<String>,
    pub units: Units,
}

/// A column as it was when the stream was planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedColumn {
    pub name: String,
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    pub native_type: String,
    pub nullable: bool,
}

/// What a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Units {
    /// The whole relation is unit 0.
    Whole,
    /// Unit `n` is the rows in blocks `n * blocks` up to `(n + 1) * blocks`, and the last one all that follow, too:
    /// rows that were added after the stream was planned.
    HeapBlocks { count: u64, blocks: u64 },
}

impl Units {
    /// How many there are.
    pub fn count(self) -> u64 {
        match self {
            Units::Whole => 1,
            Units::HeapBlocks { count, .. } => count,
        }
    }

    /// What they are, for people.
    pub fn kind(self) -> &'static str {
        match self {
            Units::Whole => "whole",
            Units::HeapBlocks { .. } => "heap_blocks",
        }
    }
}

impl ReadPlan {
    /// The schema of the stream's batches.
    pub fn schema(&self, stream: &str) -> Result<Schema> {
        let key = serde_json::to_string(&self.primary_key).map_err(|cause| Error::internal(cause.to_string()))?;
        let fields = self.columns.iter().map(|column| {
            column
                .column_type
                .field(&column.name, &column.native_type, column.nullable)
        });
        Ok(Schema::new(fields.collect())
            .with_metadata(metadata::STREAM, stream)
            .with_metadata(metadata::NAMESPACE, &self.namespace)
            .with_metadata(metadata::TABLE, &self.table)
            .with_metadata(metadata::PRIMARY_KEY, key))
    }

    /// The query for one unit.
    pub fn query(&self, unit: u64) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| column.column_type.expression(&column.name))
            .collect();
        let relation = quote_qualified(&self.namespace, &self.table);
        match self.units {
            Units::Whole => format!("SELECT {} FROM {}", columns.join(", "), relation),
            Units::HeapBlocks { count, blocks } => {
                let from = unit * blocks;
                let to = from + blocks;
                // A table that gets children after the plan is still read alone: ctid is no position across tables.
                let mut query = format!("SELECT {} FROM ONLY {}", columns.join(", "), relation);
                if unit > 0 || unit + 1 < count {
                    query.push_str(&format!(" WHERE {} >= '({},0)'", quote_identifier("ctid"), from));
                }
                if unit + 1 < count {
                    query.push_str(&format!(" AND {} < '({},0)'", quote_identifier("ctid"), to));
                }
                query
            }
        }
    }

    /// The statement that copies one unit out.
    pub fn copy(&self, unit: u64) -> String {
        format!("COPY ({}) TO STDOUT (FORMAT binary)", self.query(unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(units: Units) -> ReadPlan {
        let column = |name: &str, column_type| PlannedColumn {
            name: name.into(),
            column_type,
            native_type: "t".into(),
            nullable: true,
        };
        ReadPlan {
            namespace: "Sales".into(),
            table: "Größe".into(),
            columns: vec![column("id", ColumnType::Int8), column("mood", ColumnType::Other)],
            primary_key: vec!["id".into()],
            units,
        }
    }

    #[test]
    fn units_are_ranges_of_blocks_and_the_last_one_is_open() {
        let plan = plan(Units::HeapBlocks { count: 3, blocks: 128 });
        let select = "SELECT \"id\", (\"mood\")::text FROM ONLY \"Sales\".\"Größe\"";
        assert_eq!(
            plan.query(0),
            format!("{} WHERE \"ctid\" >= '(0,0)' AND \"ctid\" < '(128,0)'", select)
        );
        assert_eq!(
            plan.query(1),
            format!("{} WHERE \"ctid\" >= '(128,0)' AND \"ctid\" < '(256,0)'", select)
        );
        assert_eq!(plan.query(2), format!("{} WHERE \"ctid\" >= '(256,0)'", select));
    }

    #[test]
    fn a_single_unit_needs_no_condition() {
        let query = plan(Units::HeapBlocks { count: 1, blocks: 128 }).query(0);
        assert_eq!(query, "SELECT \"id\", (\"mood\")::text FROM ONLY \"Sales\".\"Größe\"");
        assert_eq!(
            plan(Units::Whole).query(0),
            "SELECT \"id\", (\"mood\")::text FROM \"Sales\".\"Größe\""
        );
    }

    #[test]
    fn the_plan_survives_the_way_through_the_host() {
        let plan = plan(Units::HeapBlocks { count: 3, blocks: 128 });
        let json = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<ReadPlan>(&json).unwrap(), plan);
    }

    #[test]
    fn the_schema_says_where_it_comes_from() {
        let schema = plan(Units::Whole).schema("the stream").unwrap();
        assert_eq!(schema.metadata(metadata::STREAM), Some("the stream"));
        assert_eq!(schema.metadata(metadata::PRIMARY_KEY), Some("[\"id\"]"));
        assert_eq!(schema.metadata(metadata::TABLE), Some("Größe"));
    }
}
