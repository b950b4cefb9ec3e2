// SPDX-License-Identifier: Apache-2.0

//! Which statements a connection has prepared. They are kept as long as the connection.

use crate::insert_statement::InsertStatement;
use rapidbyte_sdk::postgres;
use rapidbyte_sdk::Result;

/// Bytes of a statement's name. All names are equally long, so that one can take the place of another in a message.
pub const NAME_BYTES: usize = 15;

/// The prepared statements of one connection.
#[derive(Default)]
pub struct Prepared {
    inserts: Vec<Insert>,
}

/// Statements that insert into the same columns and differ in their rows.
struct Insert {
    statement: InsertStatement,
    /// For how many rows there is one.
    sizes: Vec<usize>,
    /// For how many rows the one is that is prepared anew for each other number; 0: there is none.
    odd_size: usize,
}

/// What has to be known to run a statement.
pub struct Lookup {
    pub name: String,
    /// What has to be sent first; empty for one that is there.
    pub prepare: Vec<u8>,
}

impl Prepared {
    /// The number by which the statements are known that insert there.
    pub fn insert(&mut self, statement: &InsertStatement) -> usize {
        match self.inserts.iter().position(|insert| insert.statement == *statement) {
            Some(known) => known,
            None => {
                self.inserts.push(Insert {
                    statement: statement.clone(),
                    sizes: Vec::new(),
                    odd_size: 0,
                });
                self.inserts.len() - 1
            }
        }
    }

    pub fn statement(&self, insert: usize) -> &InsertStatement {
        &self.inserts[insert].statement
    }

    /// A statement for a number of rows that comes up again and again.
    #[inline(never)]
    pub fn of_size(&mut self, insert: usize, rows: usize) -> Result<Lookup> {
        let known = &mut self.inserts[insert];
        let name = format!("rb{:08x}_{:04x}", insert, rows);
        let prepare = match known.sizes.contains(&rows) {
            true => Vec::new(),
            false => {
                known.sizes.push(rows);
                messages(&name, &known.statement, rows)?
            }
        };
        Ok(Lookup { name, prepare })
    }

    /// A statement for any other number of rows. There is one only, because a server takes memory for each.
    #[inline(never)]
    pub fn of_odd_size(&mut self, insert: usize, rows: usize) -> Result<Lookup> {
        if self.inserts[insert].sizes.contains(&rows) {
            return self.of_size(insert, rows);
        }
        let known = &mut self.inserts[insert];
        let name = format!("rb{:08x}_rest", insert);
        let prepare = match known.odd_size == rows {
            true => Vec::new(),
            false => {
                known.odd_size = rows;
                messages(&name, &known.statement, rows)?
            }
        };
        Ok(Lookup { name, prepare })
    }

    /// After an error nobody knows which of them were still prepared. Each is prepared again before it is used.
    pub fn forget(&mut self) {
        for insert in &mut self.inserts {
            insert.sizes.clear();
            insert.odd_size = 0;
        }
    }
}

fn messages(name: &str, statement: &InsertStatement, rows: usize) -> Result<Vec<u8>> {
    postgres::prepare(name, &statement.sql(rows), statement.parameter_types(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(table: &str) -> InsertStatement {
        InsertStatement {
            table: table.into(),
            names: "\"x\"".into(),
            types: vec![23],
        }
    }

    #[test]
    fn statements_are_prepared_once_and_again_after_an_error() {
        let mut prepared = Prepared::default();
        let a = prepared.insert(&statement("a"));
        let b = prepared.insert(&statement("b"));
        assert_eq!((a, b, prepared.insert(&statement("a"))), (0, 1, 0));
        let first = prepared.of_size(a, 1000).unwrap();
        assert!(!first.prepare.is_empty());
        let again = prepared.of_size(a, 1000).unwrap();
        assert_eq!((again.name == first.name, again.prepare.len()), (true, 0));
        let other = prepared.of_size(b, 1000).unwrap();
        assert_eq!((other.name == first.name, other.prepare.is_empty()), (false, false));
        prepared.forget();
        assert_eq!(prepared.of_size(a, 1000).unwrap().prepare, first.prepare);
    }

    #[test]
    fn there_is_one_statement_for_the_rest() {
        let mut prepared = Prepared::default();
        let insert = prepared.insert(&statement("a"));
        let of_500 = prepared.of_size(insert, 500).unwrap();
        let rest: Vec<_> = [7, 7, 8, 7, 500]
            .iter()
            .map(|rows| prepared.of_odd_size(insert, *rows).unwrap())
            .collect();
        let is_prepared: Vec<_> = rest.iter().map(|lookup| !lookup.prepare.is_empty()).collect();
        assert_eq!(is_prepared, [true, false, true, true, false]);
        assert!(rest[..4].iter().all(|lookup| lookup.name == rest[0].name));
        assert_eq!(rest[4].name, of_500.name);
        assert!(rest.iter().all(|lookup| lookup.name.len() == NAME_BYTES));
    }
}
