// SPDX-License-Identifier: Apache-2.0

//! `write_mode: upsert`: rows are collected in a temporary table, and merged into the target by one statement before they are committed.
//!
//! There is one merge a transaction, and it goes by the order of the keys: so writers that work on the same rows wait for each other, and never
//! in a circle. Only where the target refuses one of the rows, and the others are wanted, they are merged by parts, in the order of the stream.

use crate::catalog::ExistingTable;
use crate::dead_letter::{cut, sound_json, RecordText};
use crate::key::{quoted_list, Key};
use crate::names::{hash, Target};
use crate::session::Session;
use crate::unique_key::{staged_key_column, unique_key};
use crate::version::{is_newest, newest_first, version};
use rapidbyte_sdk::arrow::{metadata, DataType, Field, Schema};
use rapidbyte_sdk::postgres::quote_identifier;
use rapidbyte_sdk::{Error, Result};
use std::ops::Range;

/// The target's name inside of the statement.
const TARGET: &str = "_rapidbyte_target";

/// The column that says where a row comes in the order of the stream, unless the stream has one of that name.
const POSITION: &str = "_rapidbyte_position";

/// How the rows of a stream are merged into its target.
pub struct Merge {
    /// The temporary table in SQL.
    pub quoted_stage: String,
    /// The same as the plan of a batch wants it: the target's columns that the stream has.
    pub stage: ExistingTable,
    /// The name of the column that says where a row comes in the order of the stream. It is the number of the row's batch, see
    /// [`MergedBatches::add`], times 2^32, and the number of the row.
    pub position: String,
    /// What creates the temporary table.
    pub create: String,
    /// The statement up to the temporary table; from there on up to the last of what it orders by; and behind that.
    select: String,
    order: String,
    action: String,
    /// For each column of the temporary table, whether its values are JSON of another kind than a string.
    structured: Vec<bool>,
}

impl Merge {
    /// `quoted_table` is the target in SQL, `table` the same in the catalogue.
    pub fn new(
        session: &mut Session,
        target: &Target,
        quoted_table: &str,
        table: &ExistingTable,
        key: &Key,
        schema: &Schema,
    ) -> Result<Merge> {
        let key_columns = unique_key(session, target, table, key)?;
        let mut stage = table.clone();
        stage
            .columns
            .retain(|column| schema.fields.iter().any(|field| field.name == column.name));
        let version = version(session, target, &stage, schema)?;
        let mut position = POSITION.to_owned();
        while stage.column(&position).is_some() {
            position.push('_');
        }
        let mut definitions = Vec::new();
        for column in &stage.columns {
            definitions.push(match key_columns.iter().find(|key| key.name == column.name) {
                Some(key) => staged_key_column(key, &column.type_text),
                None => format!("{} {}", quote_identifier(&column.name), column.type_text),
            });
        }
        definitions.push(format!("{} pg_catalog.int8 NOT NULL", quote_identifier(&position)));
        let definitions = definitions.join(", ");
        let quoted_stage = format!(
            "pg_temp._rapidbyte_{:016x}",
            hash(&["merge", quoted_table, &definitions])
        );
        let names: Vec<String> = stage.columns.iter().map(|column| column.name.clone()).collect();
        let mut order = vec![key.quoted()];
        order.extend(newest_first(&version));
        let updates: Vec<String> = names
            .iter()
            .filter(|name| !key.columns.contains(name))
            .map(|name| format!("{0} = excluded.{0}", quote_identifier(name)))
            .collect();
        let action = match (updates.is_empty(), version.is_empty()) {
            (true, _) => "NOTHING".to_owned(),
            (false, true) => format!("UPDATE SET {}", updates.join(", ")),
            (false, false) => format!(
                "UPDATE SET {} WHERE {}",
                updates.join(", "),
                is_newest(&version, "excluded", TARGET)
            ),
        };
        let structured = stage
            .columns
            .iter()
            .map(|column| {
                schema
                    .fields
                    .iter()
                    .any(|field| field.name == column.name && is_structured(field))
            })
            .collect();
        Ok(Merge {
            create: format!(
                "CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS",
                quoted_stage, definitions
            ),
            // A value for an identity column is the source's own, as it is in a COPY.
            select: format!(
                "INSERT INTO {} AS {} ({names}) OVERRIDING SYSTEM VALUE SELECT DISTINCT ON ({}) {names} FROM {}",
                quoted_table,
                TARGET,
                key.quoted(),
                quoted_stage,
                names = quoted_list(&names),
            ),
            order: format!(" ORDER BY {}", order.join(", ")),
            action: format!(" ON CONFLICT ({}) DO {}", key.quoted(), action),
            structured,
            quoted_stage,
            stage,
            position,
        })
    }

    /// Merges the rows of these batches, which are all that is in the temporary table.
    pub fn run(&self, session: &mut Session, batches: &MergedBatches) -> Result<()> {
        if batches.is_empty() {
            return Ok(());
        }
        self.execute(session, &self.sql(batches))
    }

    /// Merges some rows of one batch, which is known by its number.
    #[inline(never)]
    pub fn run_part(&self, session: &mut Session, batch: u32, rows: Range<usize>) -> Result<()> {
        let position = quote_identifier(&self.position);
        let sql = format!(
            "{} WHERE {3} OPERATOR(pg_catalog.>=) {} AND {3} OPERATOR(pg_catalog.<) {}{4}, {3} DESC{5}",
            self.select,
            position_of(batch, rows.start),
            position_of(batch, rows.end),
            position,
            self.order,
            self.action
        );
        self.execute(session, &sql)
    }

    fn execute(&self, session: &mut Session, sql: &str) -> Result<()> {
        session.execute(sql).map(|_| ()).map_err(|error| match error.code() {
            "42501" => error
                .hint("GRANT SELECT, INSERT, UPDATE on the table to the user, to whom rows of it are to be compared"),
            _ => error,
        })
    }

    /// Makes it cheap to find rows by their positions.
    #[inline(never)]
    pub fn index(&self, session: &mut Session) -> Result<()> {
        let (_, name) = self.quoted_index();
        let sql = format!(
            "CREATE INDEX {} ON {} ({} pg_catalog.int8_ops)",
            name,
            self.quoted_stage,
            quote_identifier(&self.position)
        );
        session.execute(&sql).map(|_| ())
    }

    /// Leaves the temporary table empty, and without an index.
    #[inline(never)]
    pub fn empty(&self, session: &mut Session) -> Result<()> {
        let (schema, name) = self.quoted_index();
        let sql = format!(
            "DROP INDEX IF EXISTS {}.{}; TRUNCATE {}",
            schema, name, self.quoted_stage
        );
        session.execute(&sql).map(|_| ())
    }

    /// The index's schema and name in SQL.
    fn quoted_index(&self) -> (&str, String) {
        let (schema, table) = self
            .quoted_stage
            .split_once('.')
            .unwrap_or(("pg_temp", &self.quoted_stage));
        (schema, format!("{}_at", table))
    }

    /// A row as a JSON object of its columns, in the same form as that of a row in memory: see [`crate::encode::json_value`].
    #[inline(never)]
    pub fn record(
        &self,
        session: &mut Session,
        batch: u32,
        row: usize,
        longest: usize,
        longest_value: usize,
    ) -> Result<String> {
        let values: Vec<String> = self
            .stage
            .columns
            .iter()
            .zip(&self.structured)
            .map(|(column, is_structured)| json_of(&quote_identifier(&column.name), *is_structured, longest_value))
            .collect();
        let sql = format!(
            "SELECT {} FROM {} WHERE {} OPERATOR(pg_catalog.=) {}",
            values.join(", "),
            self.quoted_stage,
            quote_identifier(&self.position),
            position_of(batch, row)
        );
        let answer = session.query(&sql)?;
        let values = answer.rows.first();
        let values = values.ok_or_else(|| Error::internal("a row that was refused is not in its temporary table"))?;
        let mut record = RecordText::new(longest);
        for (place, column) in self.stage.columns.iter().enumerate() {
            record.add(&column.name, &json_from(values.get(place), longest_value));
        }
        Ok(record.finish())
    }

    /// The statement that merges these batches.
    fn sql(&self, batches: &MergedBatches) -> String {
        let position = quote_identifier(&self.position);
        let batch_order = match batches.ranks() {
            // Batches came in the order of the stream: the positions themselves are in it.
            None => String::new(),
            Some(ranks) => format!(
                ", ('{{{}}}'::pg_catalog.int4[])[({} OPERATOR(pg_catalog.>>) 32)::pg_catalog.int4 OPERATOR(pg_catalog.+) 1] DESC",
                ranks, position
            ),
        };
        format!(
            "{}{}{}, {} DESC{}",
            self.select, self.order, batch_order, position, self.action
        )
    }
}

/// Where a row comes, see [`Merge::position`].
pub fn position_of(batch: u32, row: usize) -> i64 {
    (i64::from(batch) << 32) + row as i64
}

/// Whether the values of a field are more than a string in JSON.
fn is_structured(field: &Field) -> bool {
    match field.data_type {
        DataType::Utf8 => field.metadata(metadata::EXTENSION_NAME) == Some(metadata::EXTENSION_JSON),
        DataType::Bool
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Uint32
        | DataType::Uint64
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal128(..)
        | DataType::Decimal256(..)
        | DataType::List
        | DataType::Struct
        | DataType::Map => true,
        _ => false,
    }
}

/// In front of the length and the beginning of a value that is too long. No JSON begins like that.
const CUT: &str = "cut ";

/// A column's value as JSON, in SQL. A long one is cut where it is, so that it does not have to be fetched.
fn json_of(column: &str, is_structured: bool, longest: usize) -> String {
    let text = format!("{}::pg_catalog.text", column);
    format!(
        "CASE WHEN pg_catalog.octet_length({text}) OPERATOR(pg_catalog.>) {longest} \
         THEN pg_catalog.concat('{CUT}', pg_catalog.octet_length({text}), ' ', pg_catalog.left({text}, {longest})) \
         ELSE pg_catalog.to_json({value})::pg_catalog.text END",
        value = if is_structured { column } else { &text },
    )
}

/// The JSON of a value that was asked for so.
fn json_from(answer: Option<&str>, longest: usize) -> String {
    let answer = match answer {
        Some(answer) => answer,
        None => return "null".into(),
    };
    let parts = answer.strip_prefix(CUT).and_then(|rest| rest.split_once(' '));
    match parts.and_then(|(length, beginning)| Some((length.parse().ok()?, beginning))) {
        Some((length, beginning)) => cut(&beginning.as_bytes()[..longest.min(beginning.len())], length),
        None => sound_json(answer.to_owned()),
    }
}

/// The batches whose rows wait to be merged, by unit and number within the unit.
#[derive(Default)]
pub struct MergedBatches(Vec<(i64, u32)>);

impl MergedBatches {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds a batch and returns its number, by which its rows are known.
    pub fn add(&mut self, unit: i64, sequence: u32) -> u32 {
        self.0.push((unit, sequence));
        self.0.len() as u32 - 1
    }

    /// The numbers of the batches in the order of the stream.
    pub fn in_order(&self) -> Vec<u32> {
        let mut ordered: Vec<u32> = (0..self.0.len() as u32).collect();
        ordered.sort_by_key(|batch| self.0[*batch as usize]);
        ordered
    }

    /// For each batch, how many come before it in the order of the stream, with commas between them; `None` when they were added in that order.
    fn ranks(&self) -> Option<String> {
        if self.0.windows(2).all(|pair| pair[0] <= pair[1]) {
            return None;
        }
        let mut ranks = vec![String::new(); self.0.len()];
        for (rank, batch) in self.in_order().into_iter().enumerate() {
            ranks[batch as usize] = rank.to_string();
        }
        Some(ranks.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_out_of_order_have_ranks() {
        let mut batches = MergedBatches::default();
        assert!(batches.is_empty());
        assert_eq!((batches.add(3, 0), batches.add(3, 1), batches.add(4, 0)), (0, 1, 2));
        assert_eq!(batches.ranks(), None);
        assert_eq!(batches.add(1, 7), 3);
        assert_eq!(batches.ranks().as_deref(), Some("1,2,3,0"));
        assert_eq!(batches.in_order(), [3, 0, 1, 2]);
        batches.clear();
        assert!(batches.is_empty());
    }
}
