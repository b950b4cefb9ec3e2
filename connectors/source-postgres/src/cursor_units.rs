// SPDX-License-Identifier: Apache-2.0

//! The units of an incremental run and their queries: what lies behind the mark where the last run ended, up to the mark where this one ends.
//!
//! Rows at a mark itself need care where others with the same key may join them later. Such a mark knows the hashes of the rows that were
//! there, and these rows are a unit of their own: in a query with a plain range of the cursor next to it, an index finds them.

use rapidbyte_sdk::postgres::{quote_identifier, quote_literal, quote_qualified};
use serde::{Deserialize, Serialize};

use crate::cursor::KeyColumn;
use crate::position::{Mark, Seen};
use crate::read_plan::{PlannedColumn, ReadPlan};

/// The characters of a row's hash: 120 bits.
const HASH_CHARACTERS: u32 = 20;

/// The part of a table that one incremental run reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorUnits {
    pub cursor: KeyColumn,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie_breaker: Option<KeyColumn>,
    /// Where the last run ended; `None`: there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Mark>,
    /// The columns that the rows at `after` were told apart by, as they are now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after_columns: Vec<PlannedColumn>,
    /// Where this run ends; `None`: there is nothing to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Mark>,
    /// The condition on a cursor to be read at all.
    pub finite: String,
    pub division: Division,
    /// The tables that the rows are in, and what identifies the files of their rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub storage: Vec<(u32, String)>,
}

/// How the rows between the marks are divided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Division {
    /// Bounds of the cursor between those of the marks, ascending: each is the last value of its part.
    Bounds(Vec<String>),
    /// So many remainders of the cursor's hash.
    Hashes(u64),
}

/// What a unit is.
enum Part {
    /// What joined the rows where the last run ended.
    AtTheBeginning,
    /// A part of what lies between the marks, by its number.
    Between(u64),
    /// The rows where this run ends.
    AtTheEnd,
    Nothing,
}

impl CursorUnits {
    pub fn count(&self) -> u64 {
        let count = u64::from(self.reads_the_beginning()) + self.count_between() + u64::from(self.reads_the_end());
        count.max(1)
    }

    pub fn kind(&self) -> &'static str {
        match self.division {
            Division::Bounds(_) => "cursor_ranges",
            Division::Hashes(_) => "cursor_hashes",
        }
    }

    /// Whether rows may have joined those where the last run ended.
    fn reads_the_beginning(&self) -> bool {
        self.until.is_some() && matches!(&self.after, Some(after) if after.seen.is_some())
    }

    /// Whether the rows where this run ends are read by themselves.
    fn reads_the_end(&self) -> bool {
        matches!(&self.until, Some(until) if until.seen.is_some()) && !self.ends_where_it_begins()
    }

    fn ends_where_it_begins(&self) -> bool {
        matches!((&self.after, &self.until), (Some(after), Some(until)) if after.is_at(until))
    }

    fn count_between(&self) -> u64 {
        if self.until.is_none() || self.ends_where_it_begins() {
            return 0;
        }
        match &self.division {
            Division::Bounds(bounds) => bounds.len() as u64 + 1,
            Division::Hashes(count) => *count,
        }
    }

    fn part(&self, unit: u64) -> Part {
        let before = u64::from(self.reads_the_beginning());
        if unit < before {
            Part::AtTheBeginning
        } else if unit - before < self.count_between() {
            Part::Between(unit - before)
        } else if self.reads_the_end() {
            Part::AtTheEnd
        } else {
            Part::Nothing
        }
    }

    /// The query for one unit.
    pub fn query(&self, plan: &ReadPlan, unit: u64) -> String {
        match (self.part(unit), &self.after, &self.until) {
            (Part::AtTheBeginning, Some(after), until) => self.query_at(plan, after, until.as_ref()),
            (Part::AtTheEnd, _, Some(until)) => self.query_at(plan, until, Some(until)),
            (Part::Between(number), _, _) => select(plan, &self.between_in_part(number)),
            _ => select(plan, "false"),
        }
    }

    /// The condition on all that lies between the marks, for the server's estimate.
    pub fn between(&self) -> String {
        [self.lower(), self.upper()].join(" AND ")
    }

    fn between_in_part(&self, number: u64) -> String {
        match &self.division {
            Division::Hashes(1) => self.between(),
            Division::Hashes(count) => format!(
                "{} AND (pg_catalog.hashtext({}::pg_catalog.text) & 2147483647) % {} = {}",
                self.between(),
                self.cursor.sql(),
                count,
                number
            ),
            Division::Bounds(bounds) => {
                let number = number as usize;
                let literal = |bound: &String| self.cursor.literal(bound);
                let from = match number.checked_sub(1).and_then(|before| bounds.get(before)) {
                    Some(bound) => format!("{} > {}", self.cursor.sql(), literal(bound)),
                    None => self.lower(),
                };
                let to = match bounds.get(number) {
                    Some(bound) => format!("{} <= {}", self.cursor.sql(), literal(bound)),
                    None => self.upper(),
                };
                format!("{} AND {}", from, to)
            }
        }
    }

    /// Behind the first mark.
    fn lower(&self) -> String {
        match &self.after {
            None => self.finite.clone(),
            Some(after) => self.compared(">", after),
        }
    }

    /// Up to the second mark, and with it the rows there when no others join them.
    fn upper(&self) -> String {
        match &self.until {
            None => "false".to_owned(),
            Some(until) if until.seen.is_some() => self.compared("<", until),
            Some(until) => self.compared("<=", until),
        }
    }

    /// A comparison of the key with a mark. Of a row comparison some indexes can use nothing, and so the cursor is compared by itself as well.
    pub fn compared(&self, operator: &str, mark: &Mark) -> String {
        let cursor = self.cursor.sql();
        let value = self.cursor.literal(&mark.cursor);
        match self.tie_breaker_at(mark) {
            None => format!("{} {} {}", cursor, operator, value),
            Some((tie_breaker, tie)) => format!(
                "{0} {1}= {2} AND ({0}, {3}) {4} ({2}, {5})",
                cursor,
                &operator[..1],
                value,
                tie_breaker,
                operator,
                tie
            ),
        }
    }

    /// The rows at a mark.
    pub fn at(&self, mark: &Mark) -> String {
        let cursor = format!("{} = {}", self.cursor.sql(), self.cursor.literal(&mark.cursor));
        match self.tie_breaker_at(mark) {
            None => cursor,
            Some((tie_breaker, tie)) => format!("{} AND {} = {}", cursor, tie_breaker, tie),
        }
    }

    fn tie_breaker_at(&self, mark: &Mark) -> Option<(String, String)> {
        match (&self.tie_breaker, &mark.tie_breaker) {
            (Some(column), Some(value)) => Some((column.sql(), column.literal(value))),
            _ => None,
        }
    }

    /// The rows at a mark that are not among those the last run has seen, and are among those this one has planned. Of equal rows it is
    /// their number that counts.
    fn query_at(&self, plan: &ReadPlan, mark: &Mark, until: Option<&Mark>) -> String {
        let mut inner = Vec::new();
        let mut outer = Vec::new();
        for (number, column) in plan.columns.iter().enumerate() {
            inner.push(format!(
                "{} AS c{}",
                column.column_type.expression(&column.name),
                number
            ));
            outer.push(format!("r.c{}", number));
        }
        let mut joins = String::new();
        let mut conditions = Vec::new();
        let seen = match &self.after {
            Some(after) if after.is_at(mark) => after.seen.as_ref(),
            _ => None,
        };
        if let Some(seen) = seen {
            number_rows(&mut inner, &self.after_columns, "seen");
            if seen.rows.is_empty() {
                conditions.push("true".to_owned());
            } else {
                joins.push_str(&join(seen, "seen"));
                conditions.push("r.number_seen > COALESCE(seen.count, 0)".to_owned());
            }
        }
        let planned = match until {
            Some(until) if until.is_at(mark) => until.seen.as_ref(),
            _ => None,
        };
        if let Some(planned) = planned {
            number_rows(&mut inner, &plan.columns, "planned");
            joins.push_str(&join(planned, "planned"));
            conditions.push("r.number_planned <= planned.count".to_owned());
        }
        format!(
            "SELECT {} FROM (SELECT {} FROM {} WHERE {}) AS r{} WHERE {} ORDER BY {}",
            outer.join(", "),
            inner.join(", "),
            quote_qualified(&plan.namespace, &plan.table),
            self.at(mark),
            joins,
            conditions.join(" AND "),
            if planned.is_some() {
                "r.hash_planned, r.number_planned"
            } else {
                "r.hash_seen, r.number_seen"
            }
        )
    }

    /// A query for the first of the tables whose rows are in another file than when the stream was planned.
    pub fn moved_query(&self) -> Option<String> {
        if self.storage.is_empty() {
            return None;
        }
        let rows: Vec<String> = self
            .storage
            .iter()
            .map(|(oid, storage)| format!("({}::pg_catalog.oid, {})", oid, quote_literal(storage)))
            .collect();
        Some(format!(
            "SELECT COALESCE(t.oid::pg_catalog.regclass::pg_catalog.text, 'a table') FROM (VALUES {}) AS t (oid, storage) WHERE \
             pg_catalog.pg_relation_filenode(t.oid)::pg_catalog.text IS DISTINCT FROM t.storage LIMIT 1",
            rows.join(", ")
        ))
    }
}

fn select(plan: &ReadPlan, condition: &str) -> String {
    let columns: Vec<String> = plan
        .columns
        .iter()
        .map(|column| column.column_type.expression(&column.name))
        .collect();
    format!(
        "SELECT {} FROM {} WHERE {}",
        columns.join(", "),
        quote_qualified(&plan.namespace, &plan.table),
        condition
    )
}

/// The hash of a row's values. It is one of their text, which stays the same when a column's type becomes a wider one.
pub fn row_hash(columns: &[PlannedColumn]) -> String {
    let names: Vec<String> = columns.iter().map(|column| quote_identifier(&column.name)).collect();
    format!(
        "pg_catalog.substr(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(ROW({})::pg_catalog.text, \
         pg_catalog.getdatabaseencoding())), 'base64'), 1, {})",
        names.join(", "),
        HASH_CHARACTERS
    )
}

fn number_rows(select: &mut Vec<String>, columns: &[PlannedColumn], name: &str) {
    let hash = row_hash(columns);
    select.push(format!("{} AS hash_{}", hash, name));
    select.push(format!(
        "pg_catalog.row_number() OVER (PARTITION BY {}) AS number_{}",
        hash, name
    ));
}

fn join(seen: &Seen, name: &str) -> String {
    let rows: Vec<String> = seen
        .rows
        .iter()
        .map(|(hash, count)| format!("({}, {})", quote_literal(hash), count))
        .collect();
    format!(
        " LEFT JOIN (VALUES {}) AS {1} (hash, count) ON {1}.hash = r.hash_{1}",
        rows.join(", "),
        name
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column_type::ColumnType;
    use crate::cursor::KeyType;
    use crate::read_plan::Units;

    const FROM: &str = "SELECT \"id\", \"note\" FROM \"shop\".\"or\"\"ders\" WHERE ";

    fn key_column(name: &str, key_type: KeyType) -> KeyColumn {
        KeyColumn {
            name: name.into(),
            key_type,
            collation: String::new(),
            nullable: false,
        }
    }

    fn planned(name: &str) -> PlannedColumn {
        PlannedColumn {
            name: name.into(),
            column_type: ColumnType::Text,
            native_type: "text".into(),
            nullable: true,
        }
    }

    fn mark(cursor: &str, tie_breaker: Option<&str>, seen: Option<&[(&str, u64)]>) -> Mark {
        Mark {
            cursor: cursor.into(),
            tie_breaker: tie_breaker.map(str::to_owned),
            seen: seen.map(|rows| Seen {
                columns: vec!["id".into()],
                rows: rows.iter().map(|(hash, count)| ((*hash).to_owned(), *count)).collect(),
            }),
        }
    }

    fn units(after: Option<Mark>, until: Option<Mark>, division: Division) -> CursorUnits {
        CursorUnits {
            cursor: key_column("at", KeyType::Int8),
            tie_breaker: None,
            after,
            after_columns: vec![planned("id")],
            until,
            finite: "\"at\" IS NOT NULL".into(),
            division,
            storage: Vec::new(),
        }
    }

    fn queries(units: CursorUnits) -> Vec<String> {
        let plan = ReadPlan {
            namespace: "shop".into(),
            table: "or\"ders".into(),
            columns: vec![planned("id"), planned("note")],
            types: String::new(),
            primary_key: Vec::new(),
            units: Units::Cursor(Box::new(units)),
            storage: String::new(),
            max_records: None,
        };
        (0..plan.units.count()).map(|unit| plan.query(unit)).collect()
    }

    #[test]
    fn unique_keys_are_ranges_and_nothing_else() {
        let bounds = Division::Bounds(vec!["20".into(), "30".into()]);
        assert_eq!(
            queries(units(
                Some(mark("10", None, None)),
                Some(mark("40", None, None)),
                bounds.clone()
            )),
            [
                format!(
                    "{}\"at\" > '10'::pg_catalog.int8 AND \"at\" <= '20'::pg_catalog.int8",
                    FROM
                ),
                format!(
                    "{}\"at\" > '20'::pg_catalog.int8 AND \"at\" <= '30'::pg_catalog.int8",
                    FROM
                ),
                format!(
                    "{}\"at\" > '30'::pg_catalog.int8 AND \"at\" <= '40'::pg_catalog.int8",
                    FROM
                ),
            ]
        );
        assert_eq!(
            queries(units(None, Some(mark("40", None, None)), bounds))[0],
            format!("{}\"at\" IS NOT NULL AND \"at\" <= '20'::pg_catalog.int8", FROM)
        );
    }

    #[test]
    fn a_key_of_two_columns_is_compared_as_one_and_by_its_first() {
        let units = CursorUnits {
            tie_breaker: Some(key_column("id", KeyType::Uuid)),
            ..units(
                Some(mark("10", Some("a"), None)),
                Some(mark("40", Some("b"), None)),
                Division::Bounds(Vec::new()),
            )
        };
        assert_eq!(
            queries(units),
            [format!(
                "{}\"at\" >= '10'::pg_catalog.int8 AND (\"at\", \"id\") > ('10'::pg_catalog.int8, 'a'::pg_catalog.uuid) \
                 AND \"at\" <= '40'::pg_catalog.int8 AND (\"at\", \"id\") <= ('40'::pg_catalog.int8, 'b'::pg_catalog.uuid)",
                FROM
            )]
        );
    }

    #[test]
    fn rows_at_the_marks_are_units_of_their_own() {
        let queries = queries(units(
            Some(mark("10", None, Some(&[("h'", 2)]))),
            Some(mark("40", None, Some(&[("g", 1)]))),
            Division::Bounds(vec!["20".into()]),
        ));
        assert_eq!(queries.len(), 4);
        assert!(queries[0].contains("WHERE \"at\" = '10'::pg_catalog.int8) AS r LEFT JOIN (VALUES ('h''', 2)) AS seen"));
        assert!(queries[0].contains("WHERE r.number_seen > COALESCE(seen.count, 0) ORDER BY"));
        assert!(queries[1].ends_with("\"at\" > '10'::pg_catalog.int8 AND \"at\" <= '20'::pg_catalog.int8"));
        assert!(queries[2].ends_with("\"at\" > '20'::pg_catalog.int8 AND \"at\" < '40'::pg_catalog.int8"));
        assert!(queries[3].contains("WHERE r.number_planned <= planned.count ORDER BY"));
    }

    #[test]
    fn a_run_that_ends_where_it_begins_reads_what_has_joined() {
        let queries = queries(units(
            Some(mark("10", None, Some(&[("h", 2)]))),
            Some(mark("10", None, Some(&[("h", 3)]))),
            Division::Bounds(Vec::new()),
        ));
        assert_eq!(queries.len(), 1);
        assert!(queries[0]
            .contains("WHERE r.number_seen > COALESCE(seen.count, 0) AND r.number_planned <= planned.count ORDER BY"));
    }

    #[test]
    fn nothing_new_is_one_empty_unit() {
        assert_eq!(
            queries(units(
                Some(mark("10", None, Some(&[("h", 2)]))),
                None,
                Division::Bounds(Vec::new())
            )),
            [format!("{}false", FROM)]
        );
        assert_eq!(
            queries(units(None, None, Division::Hashes(1))),
            [format!("{}false", FROM)]
        );
    }

    #[test]
    fn what_has_no_distances_is_divided_by_hashes() {
        let queries = queries(units(None, Some(mark("40", None, None)), Division::Hashes(3)));
        assert_eq!(queries.len(), 3);
        assert!(queries[2].ends_with("(pg_catalog.hashtext(\"at\"::pg_catalog.text) & 2147483647) % 3 = 2"));
    }
}
