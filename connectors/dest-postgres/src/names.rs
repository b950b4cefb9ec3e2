// SPDX-License-Identifier: Apache-2.0

//! Where a stream goes, and the names that follow from it.

use crate::settings::Settings;
use rapidbyte_sdk::postgres::{quote_qualified, RelationName};
use rapidbyte_sdk::{Error, Result, Stream};
use sha2::{Digest, Sha256};

/// The schema of a stream that has none, when the configuration names none either.
const DEFAULT_SCHEMA: &str = "public";

/// How the names of tables begin that are the connector's own: the ledger's, and those of side tables.
const OWN_PREFIX: &str = "_rapidbyte_";

/// The target of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The stream's name, for messages.
    pub stream: String,
    pub schema: String,
    pub table: String,
    /// The table that a run with `replace` fills; it is in the same schema.
    pub side_table: String,
}

impl Target {
    pub fn of(stream: &Stream, settings: &Settings, run_id: &str) -> Result<Target> {
        let named = match &stream.table {
            Some(table) => RelationName {
                schema: stream.namespace.clone(),
                relation: table.clone(),
            },
            None => RelationName::parse(&stream.name)?,
        };
        let schema = match &settings.schema {
            Some(schema) => schema.clone(),
            None => stream
                .namespace
                .clone()
                .or(named.schema)
                .unwrap_or_else(|| DEFAULT_SCHEMA.into()),
        };
        for (what, name) in [("schema", &schema), ("table", &named.relation)] {
            if name.is_empty() || name.len() > 63 || name.contains('\0') {
                return Err(Error::config(
                    "invalid_target",
                    format!(
                        "stream '{}': its target has the {} {:?}, which Postgres cannot have",
                        stream.name, what, name
                    ),
                )
                .hint("a name has 1 to 63 bytes, none of them zero"));
            }
        }
        if named.relation.starts_with(OWN_PREFIX) {
            return Err(Error::config(
                "invalid_target",
                format!(
                    "stream '{}': tables named {}... are the connector's own, and {} cannot be a target",
                    stream.name, OWN_PREFIX, named.relation
                ),
            )
            .hint("leave the stream out: it holds what another run keeps in its target's schema"));
        }
        Ok(Target {
            stream: stream.name.clone(),
            schema,
            table: named.relation,
            side_table: side_table(run_id, &stream.name),
        })
    }

    /// The target in SQL.
    pub fn quoted(&self) -> String {
        quote_qualified(&self.schema, &self.table)
    }

    /// The side table in SQL.
    pub fn quoted_side(&self) -> String {
        quote_qualified(&self.schema, &self.side_table)
    }

    /// The target for people.
    pub fn display(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }

    /// The key of the lock under which the target is created and replaced.
    pub fn lock_key(&self) -> i64 {
        hash(&["rapidbyte target", &self.schema, &self.table]) as i64
    }

    /// The key of the lock under which the schema is created.
    pub fn schema_lock_key(&self) -> i64 {
        hash(&["rapidbyte schema", &self.schema]) as i64
    }
}

/// The same for every instance of a run, different for every run and every stream of it.
pub fn side_table(run_id: &str, stream: &str) -> String {
    format!("_rapidbyte_{:016x}", hash(&["rapidbyte side table", run_id, stream]))
}

/// A number from texts that nobody can choose so that it is the one of others.
pub fn hash(texts: &[&str]) -> u64 {
    let mut digest = Sha256::new();
    for text in texts {
        // With their lengths, so that ("a", "bc") and ("ab", "c") differ.
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    }
    digest
        .finalize()
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(schema: Option<&str>) -> Settings {
        let config = json!({"host": "h", "user": "u", "database": "d", "schema": schema});
        Settings::from_json(config.as_object().unwrap()).unwrap()
    }

    fn stream(name: &str, namespace: Option<&str>, table: Option<&str>) -> Stream {
        Stream {
            name: name.into(),
            namespace: namespace.map(Into::into),
            table: table.map(Into::into),
            ..Stream::default()
        }
    }

    fn target(stream: &Stream, schema: Option<&str>) -> String {
        Target::of(stream, &settings(schema), "run").unwrap().quoted()
    }

    #[test]
    fn the_configured_schema_comes_before_the_streams_own() {
        let orders = stream("o", Some("shop"), Some("orders"));
        assert_eq!(target(&orders, Some("Copy")), r#""Copy"."orders""#);
        assert_eq!(target(&orders, None), r#""shop"."orders""#);
        assert_eq!(target(&stream("shop.orders", None, None), None), r#""shop"."orders""#);
        assert_eq!(target(&stream("orders", None, None), None), r#""public"."orders""#);
        assert_eq!(target(&stream("x", None, Some("a.b")), None), r#""public"."a.b""#);
    }

    #[test]
    fn names_that_postgres_would_cut_are_refused() {
        let long = stream("s", None, Some(&"ä".repeat(32)));
        let error = Target::of(&long, &settings(None), "run").unwrap_err();
        assert_eq!(error.code(), "invalid_target");
    }

    #[test]
    fn tables_of_the_connector_are_no_targets() {
        for name in ["_rapidbyte_ledger", "_rapidbyte_d03e1c0a7acd82c6"] {
            for stream in [stream("s", Some("shop"), Some(name)), stream(name, None, None)] {
                let error = Target::of(&stream, &settings(None), "run").unwrap_err();
                assert_eq!(error.code(), "invalid_target");
                assert!(error.message().contains(name), "{}", error);
            }
        }
        assert_eq!(
            target(&stream("_rapidbyte", None, None), None),
            r#""public"."_rapidbyte""#
        );
    }

    #[test]
    fn side_tables_have_stable_names_that_fit() {
        assert_eq!(side_table("run-1", "orders"), "_rapidbyte_d03e1c0a7acd82c6");
        assert_ne!(side_table("run-1", "orders"), side_table("run-2", "orders"));
        assert_ne!(side_table("run-1", "orders"), side_table("run-1o", "rders"));
        assert!(side_table(&"r".repeat(1000), &"s".repeat(1000)).len() < 63);
    }

    #[test]
    fn locks_differ_by_schema_and_table() {
        let of = |schema: &str, table: &str| {
            Target::of(&stream("s", Some(schema), Some(table)), &settings(None), "run").unwrap()
        };
        assert_ne!(of("a", "bc").lock_key(), of("ab", "c").lock_key());
        assert_eq!(of("a", "b").schema_lock_key(), of("a", "c").schema_lock_key());
    }
}
