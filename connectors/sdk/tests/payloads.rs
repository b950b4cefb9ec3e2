// SPDX-License-Identifier: Apache-2.0

//! The JSON of lifecycle calls is that of docs/abi.md, section 5.

use rapidbyte_sdk::arrow::{schema_as_base64, schema_to_ipc, DataType, Field, Schema};
use rapidbyte_sdk::*;
use serde::Deserialize;
use serde_json::{json, Value};

fn schema() -> Schema {
    Schema::new(vec![Field::new("id", DataType::Int64, false)])
}

#[test]
fn an_open_request_needs_only_what_is_required() {
    let request: OpenRequest = serde_json::from_value(json!({"abi": 1, "run_id": "r1"})).unwrap();
    assert_eq!(request.limits, Limits::default());
    assert!(request.config.is_empty());
    let request: OpenRequest = serde_json::from_value(json!({"abi": 1, "run_id": "r1", "config": null, "log_level": 5,
        "limits": {"max_batch_bytes": 1000, "max_record_bytes": null}, "novelty": [1]}))
    .unwrap();
    assert_eq!(
        request.limits,
        Limits {
            max_batch_bytes: 1000,
            ..Limits::default()
        }
    );
    assert_eq!(request.log_level.0, 5);
    let limits = json!({"max_batch_rows": 7, "large_records": "dlq"});
    let limits: Limits = serde_json::from_value(limits).unwrap();
    assert_eq!((limits.max_batch_rows, limits.large_records), (7, RecordPolicy::Dlq));
}

#[test]
fn a_wrong_configuration_is_told_without_its_values() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Config {
        port: u16,
    }
    let error = |config: Value| {
        let request = json!({"abi": 1, "run_id": "r1", "config": config});
        let request: OpenRequest = serde_json::from_value(request).unwrap();
        request.config::<Config>().unwrap_err()
    };
    assert_eq!(
        error(json!({})).message(),
        "the connector's 'config' cannot be used: missing field `port`"
    );
    let wrong = error(json!({"port": "hunter2"}));
    assert_eq!(
        wrong.message(),
        "the connector's 'config' cannot be used: invalid type, expected u16"
    );
    assert_eq!(
        error(json!({"port": 70000})).message(),
        "the connector's 'config' cannot be used: invalid value, expected u16"
    );
    assert_eq!(wrong.category(), Category::Config);
}

#[test]
fn a_stream_reads_and_writes_what_it_was_given() {
    let json = json!({"name": "orders", "namespace": "public", "table": "orders", "sync_mode": "incremental",
        "columns": ["id"], "cursor_field": "id", "position": {"id": 7}, "options": {"x": 1}});
    let stream: Stream = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(stream.sync_mode, SyncMode::Incremental);
    assert_eq!(serde_json::to_value(&stream).unwrap(), json);
    let minimal: Stream = serde_json::from_value(json!({"name": "a", "columns": null, "sync_mode": null})).unwrap();
    assert_eq!(
        minimal,
        Stream {
            name: "a".to_string(),
            ..Stream::default()
        }
    );
}

#[test]
fn a_plan_carries_its_schema_as_base64() {
    let plan = PlanResponse {
        stream: Stream {
            name: "orders".to_string(),
            ..Stream::default()
        },
        schema: schema(),
        units: 3,
        unit_kind: "whole".to_string(),
        estimated_rows: -1,
        estimated_bytes: -1,
        plan: json!({"blocks": 12}),
        position: None,
    };
    let mut value = serde_json::to_value(&plan).unwrap();
    assert_eq!(value.get("position"), None);
    assert_eq!(value["schema"], Value::String(base64::encode(schema_to_ipc(&schema()))));
    assert_eq!(value["units"], 3);
    let ended = PlanResponse {
        position: Some(json!({"id": 7})),
        ..plan
    };
    value["position"] = json!({"id": 7});
    assert_eq!(serde_json::to_value(&ended).unwrap(), value);
}

#[test]
fn a_check_says_what_kind_of_failure_it_found() {
    let request: CheckRequest =
        serde_json::from_value(json!({"streams": null, "write_mode": "upsert", "primary_key": null})).unwrap();
    assert_eq!(request.primary_key, Vec::<String>::new());
    let request: CheckRequest = serde_json::from_value(json!({"primary_key": ["id"]})).unwrap();
    assert_eq!(
        (request.write_mode, &request.primary_key[..]),
        (None, &["id".to_string()][..])
    );
    let denied = CheckEntry::failed("schema shop", "the user may not use it", "GRANT USAGE");
    let response = CheckResponse {
        checks: vec![
            CheckEntry::passed("connect", "it answers"),
            denied.clone(),
            denied.category(Category::RateLimit),
        ],
    };
    assert_eq!(
        serde_json::to_value(&response).unwrap(),
        json!({"checks": [
            {"name": "connect", "ok": true, "message": "it answers"},
            {"name": "schema shop", "ok": false, "message": "the user may not use it", "hint": "GRANT USAGE"},
            {"name": "schema shop", "ok": false, "message": "the user may not use it", "hint": "GRANT USAGE",
                "category": "rate_limit"},
        ]})
    );
}

#[test]
fn a_write_request_is_a_target_request_with_options() {
    let target = json!({"run_id": "r1", "stream": {"name": "orders"}, "schema": schema_as_base64::to_base64(&schema()),
        "write_mode": "replace", "primary_key": ["id"]});
    let mut write = target.clone();
    write["options"] = json!({"load_method": "copy"});
    let apply: ApplyRequest = serde_json::from_value(target).unwrap();
    let write: WriteRequest = serde_json::from_value(write).unwrap();
    assert_eq!(
        (apply.write_mode, &apply.primary_key),
        (WriteMode::Replace, &vec!["id".to_string()])
    );
    assert_eq!((apply.schema, write.target.schema), (schema(), schema()));
    assert_eq!(write.options["load_method"], "copy");
}

#[test]
fn a_schema_that_is_none_is_refused_in_one_sentence() {
    let not_base64 = schema_as_base64::from_base64("*").unwrap_err();
    assert!(
        not_base64.message().starts_with("the schema is not base64"),
        "{}",
        not_base64
    );
    let no_schema = schema_as_base64::from_base64("AAAAAAAAAAA=").unwrap_err();
    assert_eq!(
        no_schema.message(),
        "the schema is not an Arrow IPC stream: a message does not begin with the continuation marker"
    );
}

#[test]
fn a_read_request_gives_the_plan_back() {
    #[derive(Deserialize)]
    struct Plan {
        blocks: u32,
    }
    let request = json!({"stream": {"name": "orders"}, "plan": {"blocks": 12}, "from": 0, "to": 4});
    let request: ReadRequest = serde_json::from_value(request).unwrap();
    assert_eq!(request.plan::<Plan>().unwrap().blocks, 12);
    let request: ReadRequest =
        serde_json::from_value(json!({"stream": {"name": "orders"}, "from": 0, "to": 4})).unwrap();
    assert_eq!(
        request.plan::<Plan>().err().map(|error| error.category()),
        Some(Category::Internal)
    );
}

#[test]
fn a_teardown_without_a_reason_was_requested() {
    let request: TeardownRequest = serde_json::from_value(json!({"run_id": "r1"})).unwrap();
    assert_eq!(request.reason, TeardownReason::Requested);
    let request: TeardownRequest = serde_json::from_value(json!({"run_id": "r1", "reason": "failed"})).unwrap();
    assert_eq!(request.reason, TeardownReason::Failed);
}
