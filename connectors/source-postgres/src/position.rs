// SPDX-License-Identifier: Apache-2.0

//! Where an incremental run ended: what the host stores and gives to the next run.

use std::collections::BTreeMap;

use rapidbyte_sdk::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cursor::{Key, KeyColumn};

const CONNECTOR: &str = "source-postgres";
const VERSION: u64 = 1;

/// A position as it is stored. What its values mean depends on the columns and types, and so these are in it, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    connector: String,
    version: u64,
    namespace: String,
    table: String,
    cursor: KeyValue,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tie_breaker: Option<KeyValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<Seen>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeyValue {
    column: String,
    #[serde(rename = "type")]
    type_name: String,
    value: String,
}

/// A place in the order of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The value of the cursor as the server shows it.
    pub cursor: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie_breaker: Option<String>,
    /// Which of the rows at this very place are before it; `None`: all, and no other ever joins them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
}

/// Rows by the hash of their values in these columns, and how many there are of each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub columns: Vec<String>,
    pub rows: BTreeMap<String, u64>,
}

impl Mark {
    /// Whether the other one has the same key.
    pub fn is_at(&self, other: &Mark) -> bool {
        self.cursor == other.cursor && self.tie_breaker == other.tie_breaker
    }
}

impl Position {
    pub fn new(namespace: &str, table: &str, key: &Key, mark: &Mark) -> Position {
        let value = |column: &KeyColumn, value: &str| KeyValue {
            column: column.name.clone(),
            type_name: column.type_name(),
            value: value.to_owned(),
        };
        Position {
            connector: CONNECTOR.to_owned(),
            version: VERSION,
            namespace: namespace.to_owned(),
            table: table.to_owned(),
            cursor: value(&key.cursor, &mark.cursor),
            tie_breaker: match (&key.tie_breaker, &mark.tie_breaker) {
                (Some(column), Some(text)) => Some(value(column, text)),
                _ => None,
            },
            seen: mark.seen.clone(),
        }
    }

    pub fn to_json(&self) -> Result<Value> {
        serde_json::to_value(self).map_err(|cause| Error::internal(cause.to_string()))
    }
}

/// The mark of a stored position, when it is one of this relation and key.
pub fn mark_of(stored: &Value, namespace: &str, table: &str, key: &Key) -> Result<Mark> {
    let known = stored.get("connector").and_then(Value::as_str) == Some(CONNECTOR)
        && stored.get("version").and_then(Value::as_u64) == Some(VERSION);
    let position: Option<Position> = if known {
        Position::deserialize(stored).ok()
    } else {
        None
    };
    let position = position.ok_or_else(|| {
        Error::config(
            "unknown_position",
            "the stored position is not one that this version of source-postgres has written",
        )
        .hint("use the version of the connector that wrote it, or reset the stream's state, which has all its rows read again")
    })?;
    if (position.namespace.as_str(), position.table.as_str()) != (namespace, table) {
        return Err(changed(format!(
            "the last run ended in {}.{}, and the stream is {}.{} now",
            position.namespace, position.table, namespace, table
        )));
    }
    require_same("cursor", Some(&position.cursor), Some(&key.cursor))?;
    require_same("tie breaker", position.tie_breaker.as_ref(), key.tie_breaker.as_ref())?;
    Ok(Mark {
        cursor: position.cursor.value,
        tie_breaker: position.tie_breaker.map(|tie_breaker| tie_breaker.value),
        seen: position.seen,
    })
}

fn require_same(what: &str, stored: Option<&KeyValue>, present: Option<&KeyColumn>) -> Result<()> {
    let before = stored.map(|value| (value.column.clone(), value.type_name.clone()));
    let now = present.map(|column| (column.name.clone(), column.type_name()));
    if before == now {
        return Ok(());
    }
    let shown = |described: Option<(String, String)>| match described {
        Some((name, type_name)) => format!("'{}' of type {}", name, type_name),
        None => "none".to_owned(),
    };
    Err(changed(format!(
        "the {} has changed since the last run: it was {}, and is {} now",
        what,
        shown(before),
        shown(now)
    )))
}

fn changed(message: String) -> Error {
    Error::config("cursor_changed", message)
        .hint("put it back as it was, or reset the stream's state, which has all its rows read again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::KeyType;
    use serde_json::json;

    fn column(name: &str, key_type: KeyType, collation: &str) -> KeyColumn {
        KeyColumn {
            name: name.into(),
            key_type,
            collation: collation.into(),
            nullable: false,
        }
    }

    fn key(cursor: KeyColumn, tie_breaker: Option<KeyColumn>) -> Key {
        Key {
            cursor,
            tie_breaker,
            is_unique: false,
            is_indexed: false,
        }
    }

    fn by_name_and_id() -> Key {
        key(
            column("name", KeyType::Text, "\"C\""),
            Some(column("id", KeyType::Int8, "")),
        )
    }

    fn mark() -> Mark {
        Mark {
            cursor: "it's".into(),
            tie_breaker: Some("7".into()),
            seen: Some(Seen {
                columns: vec!["id".into()],
                rows: [("h".to_owned(), 2)].into_iter().collect(),
            }),
        }
    }

    fn refusal(stored: &Value, key: &Key) -> Error {
        mark_of(stored, "shop", "orders", key).unwrap_err()
    }

    #[test]
    fn a_position_leads_back_to_its_mark() {
        let stored = Position::new("shop", "orders", &by_name_and_id(), &mark())
            .to_json()
            .unwrap();
        assert_eq!(mark_of(&stored, "shop", "orders", &by_name_and_id()).unwrap(), mark());
    }

    #[test]
    fn what_changed_is_named() {
        let stored = Position::new("shop", "orders", &by_name_and_id(), &mark())
            .to_json()
            .unwrap();
        for (changed, message) in [
            (
                key(column("label", KeyType::Text, "\"C\""), by_name_and_id().tie_breaker),
                "the cursor has changed since the last run: it was 'name' of type text collate \"C\", and is 'label' of type text collate \"C\" now",
            ),
            (
                key(column("name", KeyType::Text, "de_DE"), by_name_and_id().tie_breaker),
                "it was 'name' of type text collate \"C\", and is 'name' of type text collate de_DE now",
            ),
            (
                key(column("name", KeyType::Uuid, ""), by_name_and_id().tie_breaker),
                "is 'name' of type uuid now",
            ),
            (
                key(by_name_and_id().cursor, None),
                "the tie breaker has changed since the last run: it was 'id' of type int8, and is none now",
            ),
            (
                key(by_name_and_id().cursor, Some(column("id", KeyType::Int4, ""))),
                "it was 'id' of type int8, and is 'id' of type int4 now",
            ),
        ] {
            let error = refusal(&stored, &changed);
            assert_eq!(error.code(), "cursor_changed");
            assert!(error.message().contains(message), "{}", error.message());
            assert!(error.hint_text().unwrap().contains("reset the stream's state"));
        }
        let error = mark_of(&stored, "shop", "refunds", &by_name_and_id()).unwrap_err();
        assert_eq!(
            error.message(),
            "the last run ended in shop.orders, and the stream is shop.refunds now"
        );
    }

    #[test]
    fn what_another_wrote_is_refused() {
        let mut newer = Position::new("shop", "orders", &by_name_and_id(), &mark())
            .to_json()
            .unwrap();
        newer["version"] = json!(2);
        for stored in [
            json!({}),
            json!({"connector": "source-mysql", "version": 1}),
            json!({"connector": "source-postgres", "version": 1, "cursor": 7}),
            newer,
        ] {
            assert_eq!(refusal(&stored, &by_name_and_id()).code(), "unknown_position");
        }
    }
}
