// SPDX-License-Identifier: Apache-2.0

//! Incremental plans against a real server: see [`crate::live_tests`] for when they run. That rows arrive once is tested through the host,
//! with the module itself; here it is what the server makes of the queries.

use rapidbyte_sdk::abi::{set_host, StandInHost};
use rapidbyte_sdk::arrow::metadata;
use rapidbyte_sdk::postgres::{connect, Config, Connection};
use rapidbyte_sdk::{OpenRequest, PlanRequest, PlanResponse, Result, SnapshotRequest, Source, TcpStream};
use serde_json::{json, Map, Value};

use crate::read_plan::ReadPlan;
use crate::SourcePostgres;

struct Server {
    schema: String,
    admin: Connection<TcpStream>,
    source: SourcePostgres,
}

impl Server {
    fn new(name: &str) -> Option<Server> {
        let json = std::env::var("RAPIDBYTE_TEST_POSTGRES").ok()?;
        let mut config: Map<String, Value> = serde_json::from_str(&json).unwrap();
        set_host(StandInHost::default());
        let schema = format!("rb_incremental_{}", name);
        config.insert("schema".into(), schema.as_str().into());
        let mut admin = connect(&Config::from_json(&config, "test").unwrap()).unwrap();
        admin
            .execute(&format!(
                "DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}; SET search_path = {0}",
                schema
            ))
            .unwrap();
        let mut request: OpenRequest = serde_json::from_value(json!({"abi": 1, "run_id": "test"})).unwrap();
        request.config = config;
        Some(Server {
            schema,
            admin,
            source: SourcePostgres::open(request).unwrap(),
        })
    }

    fn sql(&mut self, sql: &str) {
        self.admin.execute(sql).unwrap();
    }

    fn plan(&mut self, cursor: &str, tie_breaker: Option<&str>, position: Option<&Value>) -> Result<PlanResponse> {
        self.source.plan(PlanRequest {
            stream: serde_json::from_value(json!({"name": "t", "sync_mode": "incremental", "cursor_field": cursor,
                "tie_breaker_field": tie_breaker, "position": position}))
            .unwrap(),
        })
    }

    /// How the server would run each unit.
    fn explained(&mut self, plan: &PlanResponse) -> Vec<String> {
        let read: ReadPlan = serde_json::from_value(plan.plan.clone()).unwrap();
        (0..plan.units)
            .map(|unit| {
                let answer = self.admin.query(&format!("EXPLAIN {}", read.query(unit))).unwrap();
                answer
                    .rows
                    .iter()
                    .map(|row| row.text(0).to_owned())
                    .collect::<Vec<_>>()
                    .join("\n")
            })
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.admin
                .execute(&format!("DROP SCHEMA {} CASCADE", self.schema))
                .unwrap();
        }
    }
}

macro_rules! server {
    ($name:expr) => {
        match Server::new($name) {
            Some(server) => server,
            None => return,
        }
    };
}

#[test]
fn an_index_on_the_cursor_finds_what_is_new() {
    let mut server = server!("index");
    server.sql(
        "CREATE TABLE t (at timestamptz NOT NULL, id bigint NOT NULL, note text); \
         INSERT INTO t SELECT '2024-01-01Z'::timestamptz + n * interval '1 minute', n, repeat('x', 100) \
         FROM generate_series(1, 50000) n; CREATE INDEX ON t (at); ANALYZE t",
    );
    for tie_breaker in [None, Some("id")] {
        let first = server.plan("at", tie_breaker, None).unwrap();
        server.sql("INSERT INTO t SELECT max(at) + interval '1 minute', max(id) + 1, 'new' FROM t; ANALYZE t");
        let second = server.plan("at", tie_breaker, first.position.as_ref()).unwrap();
        let explained = server.explained(&second);
        assert_eq!(
            explained.len(),
            3,
            "what joined the last end, what is behind it, and the new end"
        );
        for plan in explained {
            assert!(plan.contains("Index Cond: "), "{}", plan);
            assert!(!plan.contains("Seq Scan"), "{}", plan);
        }
        assert!(second.estimated_rows < 10, "{}", second.estimated_rows);
    }
}

#[test]
fn the_schema_says_what_tells_the_newer_version_of_a_row() {
    let mut server = server!("version");
    server.sql("CREATE TABLE t (at date, id int, n int); INSERT INTO t VALUES ('2024-01-01', 1, 1)");
    for (tie_breaker, columns, expected) in [
        (None, json!(null), Some("[\"at\"]")),
        (Some("id"), json!(["id", "at"]), Some("[\"at\",\"id\"]")),
        (Some("id"), json!(["at", "n"]), None),
    ] {
        let stream = json!({"name": "t", "sync_mode": "incremental", "cursor_field": "at",
            "tie_breaker_field": tie_breaker, "columns": columns});
        let stream = serde_json::from_value(stream).unwrap();
        let plan = server.source.plan(PlanRequest { stream }).unwrap();
        assert_eq!(plan.schema.metadata(metadata::CURSOR), expected);
    }
    let stream = serde_json::from_value(json!({"name": "t"})).unwrap();
    let plan = server.source.plan(PlanRequest { stream }).unwrap();
    assert_eq!(plan.schema.metadata(metadata::CURSOR), None);
}

#[test]
fn a_unique_index_makes_the_end_a_plain_bound() {
    let mut server = server!("unique");
    server.sql(
        "CREATE TABLE t (at date, id int, n int); INSERT INTO t VALUES ('2024-01-01', 1, 1), ('2024-01-01', 2, 2)",
    );
    let remembered = |server: &mut Server, cursor: &str, tie_breaker| {
        let plan = server.plan(cursor, tie_breaker, None).unwrap();
        plan.position.unwrap().get("seen").is_some()
    };
    assert!(remembered(&mut server, "at", Some("id")));
    for (index, unique) in [
        ("UNIQUE INDEX i ON t (at, id, n)", false),
        ("UNIQUE INDEX i ON t (at, id) WHERE n > 0", false),
        ("UNIQUE INDEX i ON t (at, (id + 0))", false),
        ("INDEX i ON t (at, id)", false),
        ("UNIQUE INDEX i ON t (id, at) INCLUDE (n)", true),
        ("UNIQUE INDEX i ON t (id)", true),
    ] {
        server.sql(&format!("CREATE {}", index));
        assert_eq!(remembered(&mut server, "at", Some("id")), !unique, "{}", index);
        server.sql("DROP INDEX i");
    }
    server.sql("ALTER TABLE t ADD UNIQUE (id) DEFERRABLE");
    assert!(remembered(&mut server, "id", None));
    server.sql("ALTER TABLE t ADD UNIQUE (id)");
    assert!(!remembered(&mut server, "id", None));
    server.sql("CREATE TABLE heir () INHERITS (t)");
    assert!(remembered(&mut server, "id", None));
}

#[test]
fn the_end_is_that_of_the_snapshot() {
    let mut server = server!("snapshot");
    server.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
    let snapshot = server.source.snapshot(SnapshotRequest::default()).unwrap().snapshot;
    assert!(snapshot.is_some());
    server.sql("INSERT INTO t VALUES (2)");
    let plan = server.plan("id", None, None).unwrap();
    assert_eq!(plan.position.unwrap()["cursor"]["value"], "1");
    assert_eq!(server.plan("di", None, None).unwrap_err().code(), "unknown_column");
    let plan = server.plan("id", None, None).unwrap();
    assert_eq!(plan.position.unwrap()["cursor"]["value"], "1");
    assert_eq!(
        server.source.snapshot(SnapshotRequest::default()).unwrap().snapshot,
        snapshot
    );
    server.sql("SET lock_timeout = '1s'; DROP TABLE t");
}
