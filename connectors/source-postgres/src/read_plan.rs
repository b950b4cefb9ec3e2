// SPDX-License-Identifier: Apache-2.0

//! What `plan` decides and `read` carries out: the opaque part of the plan.

use std::ops::Range;

use rapidbyte_sdk::arrow::{metadata, Schema};
use rapidbyte_sdk::postgres::{quote_identifier, quote_literal, quote_qualified};
use rapidbyte_sdk::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::column_type::ColumnType;
use crate::cursor_units::CursorUnits;
use crate::slices::Slices;

/// How to read one relation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadPlan {
    pub namespace: String,
    pub table: String,
    pub columns: Vec<PlannedColumn>,
    /// What the columns' types are made of, as the schema's metadata says it; empty: nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub types: String,
    pub primary_key: Vec<String>,
    pub units: Units,
    /// What identifies the file of the table's rows; it changes when they are truncated or written anew. Empty for what has none.
    pub storage: String,
    /// How many rows are read at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_records: Option<u64>,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Units {
    /// The whole relation is unit 0.
    Whole,
    /// Unit `n` is the rows in blocks `n * blocks` up to `(n + 1) * blocks`, and the last one all that follow, too:
    /// rows that were added after the stream was planned.
    HeapBlocks { count: u64, blocks: u64 },
    /// As many units as `slices` says for each of the `blocks`, because the rows of one block are too many bytes for a unit: values out of
    /// line take next to no room in a block.
    HeapSlices { blocks: u64, slices: Slices },
    /// The units of one table after those of the other: partitions, or children.
    Parts(Vec<PlannedPart>),
    /// Unit `n` is the rows whose key is at least bound `n - 1` and below bound `n`; the first one has no lower bound and also the rows without a
    /// key, the last one no upper bound. Bounds are values of the column's type, as text.
    KeyRanges { column: String, bounds: Vec<String> },
    /// Unit `n` is the rows whose key's hash has the remainder `n`.
    KeyHashes { column: String, count: u64 },
    /// What is new since the last run.
    Cursor(Box<CursorUnits>),
}

/// A table that is a part of the stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPart {
    pub namespace: String,
    pub table: String,
    /// See [`ReadPlan::storage`].
    pub storage: String,
    /// How many units it is.
    pub count: u64,
    /// The blocks of a unit; 0: it is read whole.
    pub blocks: u64,
    /// When a block is more than one unit; `blocks` is 1 then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slices: Option<Slices>,
}

/// A unit's place: of which table, and which of its rows.
struct Place<'a> {
    namespace: &'a str,
    table: &'a str,
    storage: &'a str,
    /// Which of its rows; empty: all.
    condition: String,
    /// Whether rows of children belong to it.
    with_children: bool,
}

impl Units {
    /// How many there are.
    pub fn count(&self) -> u64 {
        match self {
            Units::Whole => 1,
            Units::HeapBlocks { count, .. } => *count,
            Units::HeapSlices { blocks, slices } => blocks * slices.count,
            Units::Parts(parts) => parts.iter().map(|part| part.count).sum(),
            Units::KeyRanges { bounds, .. } => bounds.len() as u64 + 1,
            Units::KeyHashes { count, .. } => *count,
            Units::Cursor(units) => units.count(),
        }
    }

    /// What they are, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Units::Whole => "whole",
            Units::HeapBlocks { .. } => "heap_blocks",
            Units::HeapSlices { .. } => "heap_block_slices",
            Units::Parts(_) => "heap_blocks_of_parts",
            Units::KeyRanges { .. } => "key_ranges",
            Units::KeyHashes { .. } => "key_hashes",
            Units::Cursor(units) => units.kind(),
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
        let schema = Schema::new(fields.collect())
            .with_metadata(metadata::STREAM, stream)
            .with_metadata(metadata::NAMESPACE, &self.namespace)
            .with_metadata(metadata::TABLE, &self.table)
            .with_metadata(metadata::PRIMARY_KEY, key)
            .with_metadata(metadata::PLAN, self.digest()?);
        let schema = match self.cursor()? {
            Some(cursor) => schema.with_metadata(metadata::CURSOR, cursor),
            None => schema,
        };
        Ok(match self.types.is_empty() {
            true => schema,
            false => schema.with_metadata(metadata::TYPES, &self.types),
        })
    }

    /// What tells this plan from others: a plan that is made again may cut the units differently, and number other rows like these.
    #[inline(never)]
    fn digest(&self) -> Result<String> {
        let json = serde_json::to_vec(self).map_err(|cause| Error::internal(cause.to_string()))?;
        let digest = Sha256::digest(&json);
        Ok(digest.iter().take(8).map(|byte| format!("{:02x}", byte)).collect())
    }

    /// The columns that tell which version of a row is the newer one, as JSON, when they are read.
    #[inline(never)]
    fn cursor(&self) -> Result<Option<String>> {
        let units = match &self.units {
            Units::Cursor(units) => units,
            _ => return Ok(None),
        };
        let names: Vec<&str> = std::iter::once(&units.cursor)
            .chain(&units.tie_breaker)
            .map(|column| column.name.as_str())
            .collect();
        let is_read = |name: &&str| self.columns.iter().any(|column| column.name == *name);
        if !names.iter().all(is_read) {
            return Ok(None);
        }
        let json = serde_json::to_string(&names).map_err(|cause| Error::internal(cause.to_string()))?;
        Ok(Some(json))
    }

    /// The query for one unit.
    pub fn query(&self, unit: u64) -> String {
        if let Units::Cursor(units) = &self.units {
            return units.query(self, unit);
        }
        let place = self.place(unit);
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| column.column_type.expression(&column.name))
            .collect();
        // A table that gets children after the plan is still read alone: ctid is no position across tables. See `unchanged`.
        let query = format!(
            "SELECT {} FROM {}{}",
            columns.join(", "),
            if place.with_children { "" } else { "ONLY " },
            quote_qualified(place.namespace, place.table)
        );
        let query = if place.condition.is_empty() {
            query
        } else {
            format!("{} WHERE {}", query, place.condition)
        };
        match self.max_records {
            Some(most) => format!("{} LIMIT {}", query, most),
            None => query,
        }
    }

    fn place(&self, unit: u64) -> Place<'_> {
        let whole = Place {
            namespace: &self.namespace,
            table: &self.table,
            storage: &self.storage,
            condition: String::new(),
            with_children: true,
        };
        match &self.units {
            Units::Whole | Units::Cursor(_) => whole,
            Units::HeapBlocks { count, blocks } => Place {
                condition: block_condition(unit, *count, *blocks),
                with_children: false,
                ..whole
            },
            Units::HeapSlices { blocks, slices } => Place {
                condition: slices.condition(unit, blocks * slices.count),
                with_children: false,
                ..whole
            },
            Units::KeyRanges { column, bounds } => Place {
                condition: range_condition(column, bounds, unit as usize),
                ..whole
            },
            Units::KeyHashes { column, count } => Place {
                condition: format!(
                    "(COALESCE(pg_catalog.hashtext({}::pg_catalog.text), 0) & 2147483647) % {} = {}",
                    quote_identifier(column),
                    count,
                    unit
                ),
                ..whole
            },
            Units::Parts(_) => match self.part_of(unit) {
                Some((part, number)) => Place {
                    namespace: &part.namespace,
                    table: &part.table,
                    storage: &part.storage,
                    condition: match part.slices {
                        Some(slices) => slices.condition(number, part.count),
                        None if part.blocks > 0 => block_condition(number, part.count, part.blocks),
                        None => String::new(),
                    },
                    with_children: false,
                },
                // The host asks for units of the plan only.
                None => whole,
            },
        }
    }

    /// The part that a unit is of, and which of the part's units it is. `None` when the units are not those of parts.
    fn part_of(&self, unit: u64) -> Option<(&PlannedPart, u64)> {
        let parts = match &self.units {
            Units::Parts(parts) => parts,
            _ => return None,
        };
        let mut number = unit;
        for part in parts {
            if number < part.count {
                return Some((part, number));
            }
            number -= part.count;
        }
        None
    }

    /// The part that a unit is of. `None` when the units are not those of parts.
    pub fn part(&self, unit: u64) -> Option<&PlannedPart> {
        self.part_of(unit).map(|(part, _)| part)
    }

    /// The tables that are read one by one, as (schema, name). `None` when rows are read through the relation itself, and with them those of
    /// whatever it consists of at that time.
    pub fn tables(&self) -> Option<Vec<(&str, &str)>> {
        match &self.units {
            Units::HeapBlocks { .. } | Units::HeapSlices { .. } => Some(vec![(&self.namespace, &self.table)]),
            Units::Parts(parts) => Some(
                parts
                    .iter()
                    .map(|part| (part.namespace.as_str(), part.table.as_str()))
                    .collect(),
            ),
            Units::Whole | Units::KeyRanges { .. } | Units::KeyHashes { .. } | Units::Cursor(_) => None,
        }
    }

    /// Whether the rows are those of a heap, and nothing but the heap gives them an order. Views may need their indexes, and cursors have their
    /// own order.
    pub fn is_of_a_heap(&self) -> bool {
        match &self.units {
            Units::Cursor(_) => false,
            _ => !self.storage.is_empty(),
        }
    }

    /// A query for the first of these units' tables whose rows are in another file than when the stream was planned. `None` when the units
    /// have no files.
    pub fn moved_query(&self, units: Range<u64>) -> Option<String> {
        if let Units::Cursor(cursor) = &self.units {
            return cursor.moved_query();
        }
        let mut tables: Vec<(&str, &str, &str)> = Vec::new();
        for unit in units {
            let place = self.place(unit);
            let table = (place.namespace, place.table, place.storage);
            if !place.storage.is_empty() && tables.last() != Some(&table) {
                tables.push(table);
            }
        }
        if tables.is_empty() {
            return None;
        }
        let rows: Vec<String> = tables
            .iter()
            .map(|(namespace, table, storage)| {
                format!(
                    "({}, {})",
                    quote_literal(&quote_qualified(namespace, table)),
                    quote_literal(storage)
                )
            })
            .collect();
        Some(format!(
            "SELECT t.name FROM (VALUES {}) AS t (name, storage) WHERE \
             pg_catalog.pg_relation_filenode(t.name::pg_catalog.regclass)::pg_catalog.text IS DISTINCT FROM t.storage LIMIT 1",
            rows.join(", ")
        ))
    }

    /// The statement that copies one unit out.
    pub fn copy(&self, unit: u64) -> String {
        format!("COPY ({}) TO STDOUT (FORMAT binary)", self.query(unit))
    }
}

fn block_condition(unit: u64, count: u64, blocks: u64) -> String {
    let from = unit * blocks;
    let ctid = quote_identifier("ctid");
    match (unit > 0, unit + 1 < count) {
        (false, false) => String::new(),
        (true, false) => format!("{} >= '({},0)'", ctid, from),
        (_, true) => format!("{0} >= '({1},0)' AND {0} < '({2},0)'", ctid, from, from + blocks),
    }
}

fn range_condition(column: &str, bounds: &[String], unit: usize) -> String {
    let key = quote_identifier(column);
    let from = unit.checked_sub(1).and_then(|before| bounds.get(before));
    let to = bounds.get(unit);
    match (from, to) {
        (None, None) => String::new(),
        (None, Some(to)) => format!("({0} < {1} OR {0} IS NULL)", key, quote_literal(to)),
        (Some(from), None) => format!("{} >= {}", key, quote_literal(from)),
        (Some(from), Some(to)) => format!("{0} >= {1} AND {0} < {2}", key, quote_literal(from), quote_literal(to)),
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
            types: "{\"public.mood\":\"enum\"}".into(),
            primary_key: vec!["id".into()],
            units,
            storage: "16384".into(),
            max_records: None,
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
    fn the_units_of_parts_follow_each_other() {
        let part = |table: &str, storage: &str, count, blocks| PlannedPart {
            namespace: "Sales".into(),
            table: table.into(),
            storage: storage.into(),
            count,
            blocks,
            slices: None,
        };
        let plan = plan(Units::Parts(vec![
            part("a", "1", 2, 128),
            part("f", "", 1, 0),
            part("b", "2", 1, 64),
        ]));
        let select = "SELECT \"id\", (\"mood\")::text FROM ONLY \"Sales\".";
        assert_eq!(plan.units.count(), 4);
        assert_eq!(
            plan.query(0),
            format!("{}\"a\" WHERE \"ctid\" >= '(0,0)' AND \"ctid\" < '(128,0)'", select)
        );
        assert_eq!(plan.query(1), format!("{}\"a\" WHERE \"ctid\" >= '(128,0)'", select));
        assert_eq!(plan.query(2), format!("{}\"f\"", select));
        assert_eq!(plan.query(3), format!("{}\"b\"", select));
        let moved = plan.moved_query(0..4).unwrap();
        assert!(
            moved.contains("(VALUES ('\"Sales\".\"a\"', '1'), ('\"Sales\".\"b\"', '2'))"),
            "{}",
            moved
        );
        assert_eq!(plan.moved_query(2..3), None);
    }

    #[test]
    fn ranges_and_hashes_of_a_key_leave_no_row_out() {
        let select = "SELECT \"id\", (\"mood\")::text FROM \"Sales\".\"Größe\" WHERE ";
        let ranges = plan(Units::KeyRanges {
            column: "i\"d".into(),
            bounds: vec!["10".into(), "it's".into()],
        });
        assert_eq!(ranges.units.count(), 3);
        assert_eq!(
            ranges.query(0),
            format!("{}(\"i\"\"d\" < '10' OR \"i\"\"d\" IS NULL)", select)
        );
        assert_eq!(
            ranges.query(1),
            format!("{}\"i\"\"d\" >= '10' AND \"i\"\"d\" < 'it''s'", select)
        );
        assert_eq!(ranges.query(2), format!("{}\"i\"\"d\" >= 'it''s'", select));
        let hashes = plan(Units::KeyHashes {
            column: "id".into(),
            count: 4,
        });
        assert_eq!(hashes.units.count(), 4);
        assert_eq!(
            hashes.query(3),
            format!(
                "{}(COALESCE(pg_catalog.hashtext(\"id\"::pg_catalog.text), 0) & 2147483647) % 4 = 3",
                select
            )
        );
    }

    #[test]
    fn a_limit_of_rows_is_part_of_the_query() {
        let mut plan = plan(Units::Whole);
        plan.max_records = Some(7);
        assert!(
            plan.query(0).ends_with("FROM \"Sales\".\"Größe\" LIMIT 7"),
            "{}",
            plan.query(0)
        );
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
    fn the_schema_tells_the_units_from_those_of_another_plan() {
        let digest = |plan: &ReadPlan| {
            let schema = plan.schema("the stream").unwrap();
            schema.metadata(metadata::PLAN).unwrap().to_owned()
        };
        let of = |count, blocks| plan(Units::HeapBlocks { count, blocks });
        let first = digest(&of(3, 128));
        assert_eq!(first.len(), 16);
        let json = serde_json::to_value(of(3, 128)).unwrap();
        assert_eq!(digest(&serde_json::from_value(json).unwrap()), first);
        assert_ne!(digest(&of(4, 128)), first);
        assert_ne!(digest(&of(3, 64)), first);
    }

    #[test]
    fn the_schema_says_where_it_comes_from() {
        let schema = plan(Units::Whole).schema("the stream").unwrap();
        assert_eq!(schema.metadata(metadata::STREAM), Some("the stream"));
        assert_eq!(schema.metadata(metadata::PRIMARY_KEY), Some("[\"id\"]"));
        assert_eq!(schema.metadata(metadata::TABLE), Some("Größe"));
        assert_eq!(schema.metadata(metadata::TYPES), Some("{\"public.mood\":\"enum\"}"));
    }
}
