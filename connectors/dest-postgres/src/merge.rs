// SPDX-License-Identifier: Apache-2.0

//! `write_mode: upsert`: rows are collected in a temporary table, and merged into the target by one statement before they are committed.
//!
//! There is one merge a transaction, and it goes by the order of the keys: so writers that work on the same rows wait for each other, and never
//! in a circle.

use crate::catalog::ExistingTable;
use crate::key::{quoted_list, Key};
use crate::names::{hash, Target};
use crate::session::Session;
use crate::unique_key::{staged_key_column, unique_key};
use crate::version::{is_newest, newest_first, version};
use rapidbyte_sdk::arrow::Schema;
use rapidbyte_sdk::postgres::quote_identifier;
use rapidbyte_sdk::Result;

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
    /// What empties the temporary table.
    pub truncate: String,
    /// The statement up to the last of what it orders by, and behind it.
    order_before: String,
    order_behind: String,
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
        Ok(Merge {
            create: format!(
                "CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS",
                quoted_stage, definitions
            ),
            truncate: format!("TRUNCATE {}", quoted_stage),
            // A value for an identity column is the source's own, as it is in a COPY.
            order_before: format!(
                "INSERT INTO {} AS {} ({names}) OVERRIDING SYSTEM VALUE SELECT DISTINCT ON ({}) {names} FROM {} ORDER BY {}",
                quoted_table,
                TARGET,
                key.quoted(),
                quoted_stage,
                order.join(", "),
                names = quoted_list(&names),
            ),
            order_behind: format!(" ON CONFLICT ({}) DO {}", key.quoted(), action),
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
        session
            .execute(&self.sql(batches))
            .map(|_| ())
            .map_err(|error| match error.code() {
                "42501" => error.hint(
                    "GRANT SELECT, INSERT, UPDATE on the table to the user, to whom rows of it are to be compared",
                ),
                _ => error,
            })
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
            "{}{}, {} DESC{}",
            self.order_before, batch_order, position, self.order_behind
        )
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

    /// For each batch, how many come before it in the order of the stream, with commas between them; `None` when they were added in that order.
    fn ranks(&self) -> Option<String> {
        if self.0.windows(2).all(|pair| pair[0] <= pair[1]) {
            return None;
        }
        let mut ordered: Vec<usize> = (0..self.0.len()).collect();
        ordered.sort_by_key(|batch| self.0[*batch]);
        let mut ranks = vec![String::new(); self.0.len()];
        for (rank, batch) in ordered.into_iter().enumerate() {
            ranks[batch] = rank.to_string();
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
        batches.clear();
        assert!(batches.is_empty());
    }
}
