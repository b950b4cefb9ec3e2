// SPDX-License-Identifier: Apache-2.0

//! The columns that an incremental stream is ordered by: the cursor and, where there is one, its tie breaker.

use rapidbyte_sdk::postgres::{quote_identifier, quote_literal, Connection, Transport};
use rapidbyte_sdk::{Error, RelationKind, Result, Stream};
use serde::{Deserialize, Serialize};

use crate::catalog::Relation;
use crate::resolve;

/// The first server whose numeric has infinities.
const FIRST_SERVER_WITH_INFINITE_NUMERICS: u32 = 14;

/// The types whose values have an order that a bound can be taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyType {
    Int2,
    Int4,
    Int8,
    Numeric,
    Date,
    Timestamp,
    Timestamptz,
    Text,
    Varchar,
    Bpchar,
    Uuid,
}

impl KeyType {
    /// The type for a type of the server by its name in `pg_catalog`.
    fn of(type_name: &str) -> Option<KeyType> {
        Some(match type_name {
            "int2" => KeyType::Int2,
            "int4" => KeyType::Int4,
            "int8" => KeyType::Int8,
            "numeric" => KeyType::Numeric,
            "date" => KeyType::Date,
            "timestamp" => KeyType::Timestamp,
            "timestamptz" => KeyType::Timestamptz,
            "text" => KeyType::Text,
            "varchar" => KeyType::Varchar,
            "bpchar" => KeyType::Bpchar,
            "uuid" => KeyType::Uuid,
            _ => return None,
        })
    }

    /// The name in `pg_catalog`.
    pub fn name(self) -> &'static str {
        match self {
            KeyType::Int2 => "int2",
            KeyType::Int4 => "int4",
            KeyType::Int8 => "int8",
            KeyType::Numeric => "numeric",
            KeyType::Date => "date",
            KeyType::Timestamp => "timestamp",
            KeyType::Timestamptz => "timestamptz",
            KeyType::Text => "text",
            KeyType::Varchar => "varchar",
            KeyType::Bpchar => "bpchar",
            KeyType::Uuid => "uuid",
        }
    }
}

/// A column that a stream is ordered by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyColumn {
    pub name: String,
    #[serde(rename = "type")]
    pub key_type: KeyType,
    /// What its values are ordered by, for a type that has such a thing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub collation: String,
    pub nullable: bool,
}

impl KeyColumn {
    /// The type with all that its order depends on, for people, and to be compared with what it was. A modifier does not count: a
    /// `varchar(40)` that becomes a `varchar(80)` keeps its order.
    pub fn type_name(&self) -> String {
        if self.collation.is_empty() {
            self.key_type.name().to_owned()
        } else {
            format!("{} collate {}", self.key_type.name(), self.collation)
        }
    }

    /// The column in SQL, as a type that has comparisons of its own. Where the server had to convert to one, an operator that somebody has put into a
    /// schema of the search path could come before its own.
    pub fn sql(&self) -> String {
        match self.key_type {
            KeyType::Varchar => format!("{}::pg_catalog.text", quote_identifier(&self.name)),
            _ => quote_identifier(&self.name),
        }
    }

    /// The column in SQL as a column of the relation `r`.
    pub fn sql_of_r(&self) -> String {
        format!("r.{}", self.sql())
    }

    /// A value, given as the server shows it, in SQL: of the column's own type, so that an index on the column can be used.
    pub fn literal(&self, value: &str) -> String {
        let cast = match self.key_type {
            // There are no comparisons of varchar.
            KeyType::Varchar => KeyType::Text.name(),
            other => other.name(),
        };
        format!("{}::pg_catalog.{}", quote_literal(value), cast)
    }

    /// The one text of a value, of those that the server shows for values that are equal.
    pub fn canonical(&self, value: &str) -> String {
        if self.key_type == KeyType::Numeric && value.contains('.') {
            value.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            value.to_owned()
        }
    }

    /// The condition on a cursor to be read at all. Rows without a value are not, nor are those whose value is no place in the order that
    /// another could be above: above `infinity` and `NaN` nothing would ever be new.
    pub fn finite(&self, server_version: u32) -> String {
        let name = self.sql();
        match self.key_type {
            KeyType::Date | KeyType::Timestamp | KeyType::Timestamptz => format!(
                "{0} > '-infinity'::pg_catalog.{1} AND {0} < 'infinity'::pg_catalog.{1}",
                name,
                self.key_type.name()
            ),
            KeyType::Numeric if server_version >= FIRST_SERVER_WITH_INFINITE_NUMERICS => format!(
                "{0} > '-Infinity'::pg_catalog.numeric AND {0} < 'Infinity'::pg_catalog.numeric",
                name
            ),
            KeyType::Numeric => format!("{} < 'NaN'::pg_catalog.numeric", name),
            _ => format!("{} IS NOT NULL", name),
        }
    }

    /// What [`KeyColumn::finite`] leaves out, for people.
    pub fn never_read(&self) -> &'static str {
        match self.key_type {
            KeyType::Date | KeyType::Timestamp | KeyType::Timestamptz => "null or infinite",
            KeyType::Numeric => "null, NaN or infinite",
            _ => "null",
        }
    }

    /// The value `i / n` of the way from `lo` to `hi`, where there are distances between values.
    pub fn point_between(&self) -> Option<&'static str> {
        Some(match self.key_type {
            KeyType::Int2 | KeyType::Int4 | KeyType::Int8 => {
                "pg_catalog.floor(lo::pg_catalog.numeric + (hi::pg_catalog.numeric - lo::pg_catalog.numeric) \
                 * i::pg_catalog.numeric / n::pg_catalog.numeric)"
            }
            KeyType::Numeric => "(lo + (hi - lo) * i::pg_catalog.numeric / n::pg_catalog.numeric)",
            KeyType::Date => "(lo + ((hi - lo)::pg_catalog.int8 * i / n)::pg_catalog.int4)",
            // A distance of many thousand years is more than an interval can hold, and whole days will do then.
            KeyType::Timestamp => {
                "(CASE WHEN hi::pg_catalog.date - lo::pg_catalog.date < 365000 THEN lo + (hi - lo) * (i::pg_catalog.float8 / n::pg_catalog.float8) \
                 ELSE (lo::pg_catalog.date + ((hi::pg_catalog.date - lo::pg_catalog.date)::pg_catalog.int8 * i / n)::pg_catalog.int4)\
                 ::pg_catalog.timestamp END)"
            }
            KeyType::Timestamptz => {
                "(CASE WHEN hi::pg_catalog.date - lo::pg_catalog.date < 365000 THEN lo + (hi - lo) * (i::pg_catalog.float8 / n::pg_catalog.float8) \
                 ELSE (lo::pg_catalog.date + ((hi::pg_catalog.date - lo::pg_catalog.date)::pg_catalog.int8 * i / n)::pg_catalog.int4)\
                 ::pg_catalog.timestamptz END)"
            }
            KeyType::Text | KeyType::Varchar | KeyType::Bpchar | KeyType::Uuid => return None,
        })
    }
}

/// What a stream is ordered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub cursor: KeyColumn,
    pub tie_breaker: Option<KeyColumn>,
    /// Whether the table has an index that lets no two rows have the same key.
    pub is_unique: bool,
    /// Whether the table has an index that begins with the cursor.
    pub is_indexed: bool,
}

/// The key that the stream asks for.
pub fn key<T: Transport>(connection: &mut Connection<T>, relation: &Relation, stream: &Stream) -> Result<Key> {
    let cursor = match &stream.cursor_field {
        Some(name) => key_column(connection, relation, name, "cursor_field")?,
        None => {
            return Err(Error::config(
                "no_cursor",
                "a stream with the sync_mode incremental needs a cursor_field",
            )
            .hint("name the column whose value grows with every row that is new or changed"))
        }
    };
    let tie_breaker = match &stream.tie_breaker_field {
        Some(name) if *name == cursor.name => {
            return Err(Error::config(
                "useless_tie_breaker",
                format!("tie_breaker_field and cursor_field are the same column '{}'", name),
            )
            .hint("name a column that tells rows of one cursor value apart, such as the primary key, or none"))
        }
        Some(name) => Some(key_column(connection, relation, name, "tie_breaker_field")?),
        None => None,
    };
    let (is_unique, is_indexed) = indexes(connection, relation, &cursor, tie_breaker.as_ref())?;
    Ok(Key {
        cursor,
        tie_breaker,
        is_unique,
        is_indexed,
    })
}

#[inline(never)]
fn key_column<T: Transport>(
    connection: &mut Connection<T>,
    relation: &Relation,
    name: &str,
    member: &str,
) -> Result<KeyColumn> {
    let column = resolve::column(relation, name).map_err(|error| error.context(member))?;
    // The order of the database's default collation is the one that it was made with.
    let answer = connection.query_catalogue(&format!(
        "SELECT CASE WHEN tn.nspname = 'pg_catalog' THEN t.typname ELSE '' END, \
           CASE WHEN c.collname = 'default' THEN (SELECT pg_catalog.quote_ident(d.datcollate) FROM pg_catalog.pg_database d \
             WHERE d.datname = pg_catalog.current_database()) \
           ELSE pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(c.collname) END, \
           COALESCE(c.collisdeterministic, true) \
         FROM pg_catalog.pg_attribute a \
         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace \
         LEFT JOIN pg_catalog.pg_collation c ON c.oid = a.attcollation LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = c.collnamespace \
         WHERE a.attrelid = {} AND a.attname = {}",
        relation.oid,
        quote_literal(name)
    ))?;
    let row = match answer.rows.first() {
        Some(row) => row,
        None => return Err(Error::internal(format!("column '{}' has gone meanwhile", name))),
    };
    let key_type = KeyType::of(row.text(0)).ok_or_else(|| {
        Error::config(
            "unsupported_cursor_type",
            format!("{} '{}' has the type {}, which is none to go by", member, name, column.native_type),
        )
        .hint(
            "name a column of type smallint, integer, bigint, numeric, date, timestamp, timestamptz, text, varchar, char or uuid",
        )
    })?;
    if !row.flag(2) {
        return Err(Error::config(
            "unsupported_collation",
            format!(
                "{} '{}' has the nondeterministic collation {}, by which different texts are the same",
                member,
                name,
                row.text(1)
            ),
        )
        .hint("name a column of another type or collation"));
    }
    Ok(KeyColumn {
        name: name.to_owned(),
        key_type,
        collation: row.text(1).to_owned(),
        nullable: column.nullable,
    })
}

/// Whether an index makes the key unique, and whether one begins with the cursor. An index of a table says nothing of tables that inherit
/// from it, unless they are its partitions.
#[inline(never)]
fn indexes<T: Transport>(
    connection: &mut Connection<T>,
    relation: &Relation,
    cursor: &KeyColumn,
    tie_breaker: Option<&KeyColumn>,
) -> Result<(bool, bool)> {
    let mut names = quote_literal(&cursor.name);
    if let Some(tie_breaker) = tie_breaker {
        names.push_str(", ");
        names.push_str(&quote_literal(&tie_breaker.name));
    }
    let answer = connection.query_catalogue(&format!(
        "SELECT COALESCE(pg_catalog.bool_or(x.indisunique AND x.indimmediate AND NOT EXISTS ( \
             SELECT FROM pg_catalog.unnest(x.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k (number, position) \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.number \
             WHERE k.position <= x.indnkeyatts AND a.attname NOT IN ({}))), false), \
           COALESCE(pg_catalog.bool_or(EXISTS (SELECT FROM pg_catalog.pg_attribute a \
             WHERE a.attrelid = x.indrelid AND a.attnum = x.indkey[0] AND a.attname = {})), false) \
         FROM pg_catalog.pg_index x \
         WHERE x.indrelid = {} AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL",
        names,
        quote_literal(&cursor.name),
        relation.oid
    ))?;
    let row = match answer.rows.first() {
        Some(row) => row,
        None => return Ok((false, false)),
    };
    let covers_all = !relation.has_children || relation.kind == RelationKind::PartitionedTable;
    Ok((covers_all && row.flag(0), row.flag(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn column(name: &str, key_type: KeyType) -> KeyColumn {
        KeyColumn {
            name: name.into(),
            key_type,
            collation: String::new(),
            nullable: false,
        }
    }

    #[test]
    fn values_are_of_the_columns_own_type() {
        assert_eq!(column("n", KeyType::Int4).literal("7"), "'7'::pg_catalog.int4");
        assert_eq!(
            column("n", KeyType::Varchar).literal("it's"),
            "'it''s'::pg_catalog.text"
        );
        assert_eq!(
            column("n", KeyType::Date).literal("0044-03-15 BC'; --"),
            "'0044-03-15 BC''; --'::pg_catalog.date"
        );
    }

    #[test]
    fn equal_numbers_are_one_text() {
        let amount = column("a", KeyType::Numeric);
        for (shown, canonical) in [("1.500", "1.5"), ("-10.00", "-10"), ("100", "100"), ("0.000", "0")] {
            assert_eq!(amount.canonical(shown), canonical);
        }
        assert_eq!(column("t", KeyType::Text).canonical("1.0"), "1.0");
    }

    #[test]
    fn every_type_has_the_name_it_is_found_by() {
        for name in [
            "int2",
            "int4",
            "int8",
            "numeric",
            "date",
            "timestamp",
            "timestamptz",
            "text",
            "varchar",
            "bpchar",
            "uuid",
        ] {
            assert_eq!(KeyType::of(name).map(KeyType::name), Some(name));
        }
        assert_eq!(KeyType::of("float8"), None);
        assert_eq!(KeyType::of(""), None);
    }

    #[test]
    fn numerics_of_old_servers_have_no_infinities() {
        let amount = column("a", KeyType::Numeric);
        assert_eq!(amount.finite(13), "\"a\" < 'NaN'::pg_catalog.numeric");
        assert!(amount.finite(14).contains("'Infinity'"));
    }
}
