// SPDX-License-Identifier: Apache-2.0

//! The connector's configuration.

use rapidbyte_sdk::postgres::Config;
use rapidbyte_sdk::{Error, Result};
use serde_json::{Map, Value};

const LEAST_FLUSH_BYTES: u64 = 64 << 10;
/// A quarter of the memory that the manifest asks for: a batch and the largest row have to fit beside it.
const MOST_FLUSH_BYTES: u64 = 64 << 20;

/// How rows are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadMethod {
    /// By binary COPY.
    Copy,
    /// By prepared INSERT statements of many rows each.
    Insert,
}

/// The members of `config`.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub server: Config,
    /// The schema of all targets; absent: each stream's own.
    pub schema: Option<String>,
    pub load_method: LoadMethod,
    /// How much is collected before it is sent; absent: it depends on the size of the rows.
    pub copy_flush_bytes: Option<usize>,
    /// Whether the identities of batches are kept, so that none is written twice.
    pub exactly_once: bool,
}

impl Settings {
    pub fn from_json(config: &Map<String, Value>) -> Result<Settings> {
        let server = Config::from_json(config, "rapidbyte dest-postgres")?;
        let has_schema = config.get("schema").map_or(false, |schema| !schema.is_null());
        Ok(Settings {
            schema: has_schema.then(|| server.schema.clone()),
            load_method: load_method(config.get("load_method"))?,
            copy_flush_bytes: flush_bytes(config.get("copy_flush_bytes"))?,
            exactly_once: exactly_once(config.get("exactly_once"))?,
            server,
        })
    }
}

fn load_method(value: Option<&Value>) -> Result<LoadMethod> {
    match value {
        None | Some(Value::Null) => Ok(LoadMethod::Copy),
        Some(Value::String(method)) if method == "copy" => Ok(LoadMethod::Copy),
        Some(Value::String(method)) if method == "insert" => Ok(LoadMethod::Insert),
        Some(_) => Err(invalid("member 'load_method' is neither 'copy' nor 'insert'".into())),
    }
}

/// A boolean, or one in a string.
fn exactly_once(value: Option<&Value>) -> Result<bool> {
    match value {
        None | Some(Value::Null) => Ok(true),
        Some(Value::Bool(value)) => Ok(*value),
        Some(Value::String(text)) if text == "true" || text == "false" => Ok(text == "true"),
        Some(_) => Err(invalid("member 'exactly_once' is neither true nor false".into())),
    }
}

/// A number, or a string of digits: what a pipeline file fills in from the environment is a string.
fn flush_bytes(value: Option<&Value>) -> Result<Option<usize>> {
    let number = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    match number {
        Some(number) if (LEAST_FLUSH_BYTES..=MOST_FLUSH_BYTES).contains(&number) => Ok(Some(number as usize)),
        _ => Err(invalid(format!(
            "member 'copy_flush_bytes' is not a number of bytes from {} to {}",
            LEAST_FLUSH_BYTES, MOST_FLUSH_BYTES
        ))),
    }
}

fn invalid(problem: String) -> Error {
    Error::config("invalid_config", format!("the connector's config: {}", problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(mut config: Value) -> Result<Settings> {
        let members = config.as_object_mut().unwrap();
        members.extend(
            json!({"host": "h", "user": "u", "database": "d"})
                .as_object()
                .unwrap()
                .clone(),
        );
        Settings::from_json(members)
    }

    #[test]
    fn absent_members_are_left_to_each_stream_and_batch() {
        for config in [
            json!({}),
            json!({"schema": null, "copy_flush_bytes": null, "load_method": null}),
        ] {
            let settings = parse(config).unwrap();
            assert_eq!((settings.schema, settings.copy_flush_bytes), (None, None));
            assert!(settings.exactly_once);
            assert_eq!(settings.load_method, LoadMethod::Copy);
        }
    }

    #[test]
    fn members_are_read() {
        let settings = parse(json!({"schema": "S", "copy_flush_bytes": "2097152", "load_method": "copy"})).unwrap();
        assert_eq!(
            (settings.schema.as_deref(), settings.copy_flush_bytes),
            (Some("S"), Some(2 << 20))
        );
        for (value, expected) in [(json!(true), true), (json!(false), false), (json!("false"), false)] {
            assert_eq!(parse(json!({ "exactly_once": value })).unwrap().exactly_once, expected);
        }
        assert_eq!(settings.load_method, LoadMethod::Copy);
        let settings = parse(json!({"load_method": "insert"})).unwrap();
        assert_eq!(settings.load_method, LoadMethod::Insert);
    }

    #[test]
    fn wrong_members_are_named() {
        for (config, expected) in [
            (
                json!({"load_method": "binary"}),
                "'load_method' is neither 'copy' nor 'insert'",
            ),
            (
                json!({"load_method": 1}),
                "'load_method' is neither 'copy' nor 'insert'",
            ),
            (
                json!({"copy_flush_bytes": 1}),
                "'copy_flush_bytes' is not a number of bytes from 65536 to 67108864",
            ),
            (json!({"copy_flush_bytes": -1}), "'copy_flush_bytes'"),
            (
                json!({"exactly_once": "no"}),
                "'exactly_once' is neither true nor false",
            ),
            (json!({"copy_flush_bytes": 1u64 << 40}), "'copy_flush_bytes'"),
            (json!({"copy_flush_bytes": []}), "'copy_flush_bytes'"),
        ] {
            let error = parse(config).unwrap_err();
            assert!(error.message().contains(expected), "{}", error);
        }
    }
}
