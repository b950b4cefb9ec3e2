// SPDX-License-Identifier: Apache-2.0

//! The statements of `load_method: insert`: INSERT of several rows, prepared, with a parameter for each value.

/// The most parameters of a statement. The protocol has room for twice as many, but not everything that understands it does; of tables so wide
/// that it matters, no row is cheap enough to notice.
const MOST_PARAMETERS: usize = 32_767;

/// The most rows of a statement. More of them gain nothing: the server has a plan, and parameters to look at, for each.
const MOST_ROWS: usize = 1_000;

/// Where rows are inserted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InsertStatement {
    /// In SQL.
    pub table: String,
    /// In SQL, with commas between them.
    pub names: String,
    /// The numbers of the columns' types. Without them the server would decide for itself what a parameter is.
    pub types: Vec<u32>,
}

impl InsertStatement {
    /// How many rows a statement may have.
    pub fn most_rows(&self) -> usize {
        match self.types.len() {
            0 => MOST_ROWS,
            columns => (MOST_PARAMETERS / columns).clamp(1, MOST_ROWS),
        }
    }

    /// How many parameters stand for so many rows.
    pub fn parameters(&self, rows: usize) -> u16 {
        (self.types.len() * rows) as u16
    }

    pub fn parameter_types(&self, rows: usize) -> impl Iterator<Item = u32> + '_ {
        self.types.iter().copied().cycle().take(self.types.len() * rows)
    }

    /// The statement for so many rows.
    #[inline(never)]
    pub fn sql(&self, rows: usize) -> String {
        if self.types.is_empty() {
            // SQL has no way to write an empty list of columns, or of values.
            return format!(
                "INSERT INTO {} SELECT FROM pg_catalog.generate_series(1, {})",
                self.table, rows
            );
        }
        // A value for an identity column is the source's own, as it is in a COPY.
        let mut sql = format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ",
            self.table, self.names
        );
        sql.reserve(rows * (self.types.len() * 7 + 3));
        let mut number = 0;
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ",(" });
            for column in 0..self.types.len() {
                number += 1;
                sql.push_str(if column == 0 { "$" } else { ",$" });
                sql.push_str(&number.to_string());
            }
            sql.push(')');
        }
        sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(columns: usize) -> InsertStatement {
        InsertStatement {
            table: "\"a\".\"t\"".into(),
            names: "\"x\", \"y\"".into(),
            types: vec![23; columns],
        }
    }

    #[test]
    fn each_value_is_a_parameter() {
        let two = InsertStatement {
            types: vec![23, 25],
            ..statement(2)
        };
        assert_eq!(
            two.sql(2),
            "INSERT INTO \"a\".\"t\" (\"x\", \"y\") OVERRIDING SYSTEM VALUE VALUES ($1,$2),($3,$4)"
        );
        assert_eq!(two.parameter_types(2).collect::<Vec<_>>(), [23, 25, 23, 25]);
        assert_eq!(two.parameters(2), 4);
        assert_eq!(
            statement(0).sql(3),
            "INSERT INTO \"a\".\"t\" SELECT FROM pg_catalog.generate_series(1, 3)"
        );
    }

    #[test]
    fn a_statement_never_has_too_many_parameters() {
        let most: Vec<_> = [0, 1, 32, 33, 100, 1600]
            .iter()
            .map(|columns| statement(*columns).most_rows())
            .collect();
        assert_eq!(most, [1000, 1000, 1000, 992, 327, 20]);
    }
}
