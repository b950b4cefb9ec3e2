// SPDX-License-Identifier: Apache-2.0

//! Records that a real server refuses; live_tests.rs says how the tests get one.

use crate::live_tests::*;
use rapidbyte_sdk::abi::Recording;
use rapidbyte_sdk::arrow::{metadata, DataType, Schema};
use rapidbyte_sdk::*;
use serde_json::{json, Value};
use std::cell::RefCell;
use std::rc::Rc;

use DataErrorPolicy::{Dlq, Fail, Skip};

/// Applies and writes; returns what was answered, and what the host was told.
fn write_with(
    server: &Server,
    run_id: &str,
    schema: &Schema,
    policy: DataErrorPolicy,
    more: Value,
    gives: Vec<Give>,
) -> (Result<WriteResponse>, Rc<RefCell<Recording>>) {
    let recording = host(gives);
    let mut connector = server.connector_with(run_id, more);
    let mut target = request(run_id, "t", schema, WriteMode::Append);
    target.on_data_error = policy;
    let outcome = connector.apply(target.clone()).and_then(|_| {
        connector.write(WriteRequest {
            target,
            options: serde_json::Map::new(),
        })
    });
    (outcome, recording)
}

fn write(server: &Server, schema: &Schema, policy: DataErrorPolicy, gives: Vec<Give>) -> (WriteResponse, Vec<Value>) {
    let (outcome, recording) = write_with(server, "run", schema, policy, json!({}), gives);
    let letters = recording.borrow().dead_letters.clone();
    (outcome.unwrap(), letters)
}

fn row(id: i32, name: &str) -> Vec<Cell> {
    vec![cell(id.to_le_bytes()), cell(name)]
}

fn many_rows(count: i32, name: impl Fn(i32) -> String) -> Vec<Vec<Cell>> {
    (1..=count).map(|id| row(id, &name(id))).collect()
}

#[test]
fn each_kind_of_bad_record_is_left_out_of_its_batch() {
    // Target, schema, rows of which the second is bad, SQLSTATE.
    let two = two_columns;
    let cases: Vec<(&str, Schema, Vec<Vec<Cell>>, &str)> = vec![
        (
            "CREATE TABLE t (id int, name text PRIMARY KEY)",
            two(),
            vec![row(1, "a"), vec![cell(2i32.to_le_bytes()), Cell::Null], row(3, "c")],
            "23502",
        ),
        (
            "CREATE TABLE t (id int CHECK (id <> 2), name text)",
            two(),
            vec![row(1, "a"), row(2, "b"), row(3, "c")],
            "23514",
        ),
        (
            "CREATE TABLE t (id int UNIQUE, name text); INSERT INTO t VALUES (2, 'there')",
            two(),
            vec![row(1, "a"), row(2, "b"), row(3, "c")],
            "23505",
        ),
        (
            "CREATE TABLE t (id int PRIMARY KEY, name text)",
            two(),
            vec![row(1, "a"), row(1, "again"), row(3, "c")],
            "23505",
        ),
        (
            "CREATE TABLE t (id int UNIQUE DEFERRABLE, name text)",
            two(),
            vec![row(1, "a"), row(1, "again"), row(3, "c")],
            "23505",
        ),
        (
            "CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1), (3); CREATE TABLE t (id int REFERENCES p, name text)",
            two(),
            vec![row(1, "a"), row(2, "b"), row(3, "c")],
            "23503",
        ),
        (
            "CREATE TABLE t (id int, name text, EXCLUDE (id WITH =))",
            two(),
            vec![row(1, "a"), row(1, "b"), row(3, "c")],
            "23P01",
        ),
        (
            "CREATE TABLE t (id int, name varchar(3))",
            two(),
            vec![row(1, "a"), row(2, "too long"), row(3, "c")],
            "22001",
        ),
        (
            "CREATE TABLE t (id int, name text)",
            two(),
            vec![row(1, "a"), row(2, "a\0b"), row(3, "c")],
            "22021",
        ),
        (
            "CREATE TABLE t (id int, name text)",
            two(),
            vec![row(1, "a"), vec![cell(2i32.to_le_bytes()), cell(b"\xC3(")], row(3, "c")],
            "22021",
        ),
        (
            "CREATE TABLE t (id int, name text) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF t FOR VALUES FROM (1) TO (2); CREATE TABLE p3 PARTITION OF t FOR VALUES FROM (3) TO (4)",
            two(),
            vec![row(1, "a"), row(2, "b"), row(3, "c")],
            "23514",
        ),
        (
            // By the staged route.
            "CREATE TABLE t (id int, name bit(3))",
            Schema::new(vec![plain("id", DataType::Int32, "integer"), text("name", "bit(3)")]),
            vec![row(1, "101"), row(2, "1010"), row(3, "111")],
            "22026",
        ),
        (
            "CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TABLE t (id int, name mood)",
            Schema::new(vec![plain("id", DataType::Int32, "integer"), text("name", "rb_kinds.mood")]),
            vec![row(1, "good"), row(2, "odd"), row(3, "bad")],
            "22P02",
        ),
        (
            "CREATE TABLE t (id int, name numeric)",
            Schema::new(vec![plain("id", DataType::Int32, "integer"), text("name", "numeric")]),
            vec![row(1, "1.5"), row(2, "one"), row(3, "NaN")],
            "unwritable_value",
        ),
    ];
    with_server("rb_kinds", |mut server| {
        for (create, schema, rows, code) in cases {
            for policy in [Fail, Skip, Dlq] {
                server.run("DROP SCHEMA rb_kinds CASCADE; CREATE SCHEMA rb_kinds");
                server.run(create);
                let before = server.value("SELECT count(*) FROM t");
                let gives = || vec![Give::Frame(frame(&schema, &rows)), Give::Frame(frame(&schema, &[]))];
                let (outcome, recording) = write_with(&server, "run", &schema, policy, json!({}), gives());
                if policy == Fail {
                    let error = outcome.unwrap_err();
                    assert_eq!((error.category(), error.code()), (Category::Data, code), "{}", error);
                    assert!(error.hint_text().unwrap().contains("on_data_error"), "{}", error);
                    assert_eq!(server.value("SELECT count(*) FROM t"), before, "{}", create);
                    continue;
                }
                let written = outcome.unwrap_or_else(|error| panic!("{}: {}", create, error));
                assert_eq!(
                    (written.rows, written.refused, written.batches),
                    (2, 1, 2),
                    "{}",
                    create
                );
                assert_eq!(
                    server.value("SELECT string_agg(id::text, ',' ORDER BY id) FROM t WHERE name::text <> 'there'"),
                    "1,3"
                );
                let letters = recording.borrow().dead_letters.clone();
                if policy == Skip {
                    assert!(letters.is_empty());
                    continue;
                }
                assert_eq!(letters.len(), 1, "{}", create);
                let letter = &letters[0];
                assert_eq!(
                    (&letter["stream"], &letter["error"]["code"]),
                    (&json!("t"), &json!(code))
                );
                assert_eq!(letter["error"]["category"], "data");
                assert_eq!(letter["error"]["scope"], "record");
                assert!(
                    letter["record"]["id"].is_i64() && letter["record"].get("name").is_some(),
                    "{}",
                    letter
                );
                assert!(
                    !letter["error"]["message"].as_str().unwrap().contains("Postgres at"),
                    "{}",
                    letter
                );
                // What is repeated is counted and handed over again, and nothing more is written.
                let (again, recording) = write_with(&server, "run", &schema, policy, json!({}), gives());
                assert_eq!(again.unwrap(), written, "{}", create);
                assert_eq!(recording.borrow().dead_letters, letters, "{}", create);
                assert_eq!(server.value("SELECT count(*) FROM t WHERE name::text <> 'there'"), "2");
            }
        }
    });
}

#[test]
fn the_record_is_named_when_it_ends_the_call() {
    with_server("rb_named", |mut server| {
        server.run("CREATE TABLE t (id int, name varchar(3))");
        let rows = vec![row(1, "a"), row(2, "too long")];
        let gives = vec![Give::Frame(frame(&two_columns(), &rows))];
        let (outcome, _) = write_with(&server, "run", &two_columns(), Fail, json!({}), gives);
        let message = outcome.unwrap_err().message().to_owned();
        assert!(message.contains("COPY t, line 2, column name"), "{}", message);
    });
}

#[test]
fn one_bad_row_among_many_is_found_and_the_others_arrive() {
    with_server("rb_one", |mut server| {
        for (create, code) in [
            ("CREATE TABLE t (id int, name varchar(10))", "22001"),
            ("CREATE TABLE names (name text PRIMARY KEY); INSERT INTO names VALUES ('short'); CREATE TABLE t (id int, name text REFERENCES names)", "23503"),
        ] {
            server.run("DROP SCHEMA rb_one CASCADE; CREATE SCHEMA rb_one");
            server.run(create);
            let rows = many_rows(100_000, |id| match id {
                77_777 => "far too long a name".into(),
                _ => "short".into(),
            });
            let (written, letters) = write(&server, &two_columns(), Dlq, vec![Give::Frame(frame(&two_columns(), &rows))]);
            assert_eq!((written.rows, written.refused), (99_999, 1));
            assert_eq!(written.bytes, 99_999 * (2 + 8 + 4 + 5));
            assert_eq!(server.value("SELECT count(*), count(DISTINCT id), sum(id) FROM t"), format!("99999|99999|{}", 5_000_050_000i64 - 77_777));
            assert_eq!(letters.len(), 1);
            assert_eq!(letters[0]["record"], json!({"id": 77_777, "name": "far too long a name"}));
            assert_eq!(letters[0]["error"]["code"], code);
        }
    });
}

#[test]
fn many_bad_rows_and_nothing_but_bad_rows() {
    with_server("rb_many", |mut server| {
        server.run("CREATE TABLE t (id int CHECK (id % 7 <> 0), name varchar(5))");
        let rows = many_rows(700, |id| if id % 11 == 0 { "too long".into() } else { "ok".into() });
        let gives = vec![
            Give::Frame(frame(&two_columns(), &rows)),
            Give::Checkpoint,
            Give::Frame(frame(&two_columns(), &many_rows(200, |_| "too long".into()))),
        ];
        let (written, letters) = write(&server, &two_columns(), Dlq, gives);
        let good = (1..=700).filter(|id| id % 7 != 0 && id % 11 != 0).count() as u64;
        assert_eq!((written.rows, written.refused), (good, 900 - good));
        assert_eq!(server.value("SELECT count(DISTINCT id) FROM t"), good.to_string());
        let refused: Vec<_> = letters
            .iter()
            .take((700 - good) as usize)
            .map(|letter| letter["record"]["id"].as_i64().unwrap())
            .collect();
        let expected: Vec<_> = (1..=700).filter(|id| id % 7 == 0 || id % 11 == 0).collect();
        assert_eq!(refused, expected);
    });
}

#[test]
fn dead_letters_are_added_to_a_table_in_the_same_transaction() {
    with_server("rb_letters", |mut server| {
        server.run("CREATE TABLE t (id int PRIMARY KEY, name text)");
        let rows = vec![
            row(1, "ä \"\\\n😀"),
            row(1, "ä \"\\\n😀"),
            row(2, "a\0\\u0000"),
            row(3, "c"),
        ];
        let gives = || vec![Give::Frame(frame(&two_columns(), &rows))];
        let table = json!({"dead_letter_table": "Dead letters"});
        for _ in 0..2 {
            let (outcome, recording) = write_with(&server, "run", &two_columns(), Dlq, table.clone(), gives());
            assert_eq!(outcome.unwrap().refused, 2);
            assert_eq!(recording.borrow().dead_letters[1]["record"]["name"], "a\0\\u0000");
            assert_eq!(
                server.rows("SELECT run_id, stream, sqlstate, category, record->>'id', record->>'name', refused_at IS NOT NULL FROM \"Dead letters\" ORDER BY sqlstate"),
                ["run|t|22021|data|2|a\u{fffd}\\u0000|t", "run|t|23505|data|1|ä \"\\\n😀|t"]
            );
        }
        assert!(server
            .value("SELECT reason FROM \"Dead letters\" WHERE sqlstate = '23505'")
            .contains("Key (id)=(1) already exists"));
        assert_eq!(
            server.value("SELECT count(DISTINCT at) FROM (SELECT refused_at AS at FROM \"Dead letters\" UNION ALL SELECT committed_at FROM _rapidbyte_ledger) a"),
            "1"
        );
        // What is left out without being handed over is in no table, and a table of another kind is refused.
        let (outcome, _) = write_with(&server, "other", &two_columns(), Skip, table, gives());
        assert_eq!(outcome.unwrap().refused, 4);
        assert_eq!(server.value("SELECT count(*) FROM \"Dead letters\""), "2");
        let (outcome, _) = write_with(
            &server,
            "third",
            &two_columns(),
            Dlq,
            json!({"dead_letter_table": "t"}),
            gives(),
        );
        assert_eq!(outcome.unwrap_err().code(), "not_a_dead_letter_table");
    });
}

#[test]
fn a_record_that_jsonb_does_not_take_either_is_added_as_a_text() {
    let json_text = plain("name", DataType::Utf8, "json")
        .with_metadata(metadata::ENCODING, metadata::ENCODING_TEXT)
        .with_metadata(metadata::EXTENSION_NAME, metadata::EXTENSION_JSON);
    let schema = Schema::new(vec![plain("id", DataType::Int32, "integer"), json_text]);
    with_server("rb_no_jsonb", |mut server| {
        server.run("CREATE TABLE t (id int CHECK (id <> 4), name jsonb)");
        let rows = vec![
            row(1, "{}"),
            row(2, "\"a \\ud800\""),
            row(3, "[1e200000]"),
            row(4, "[5]"),
            row(5, "[1e-20000]"),
            row(6, "[6]"),
        ];
        let mut target = request("run", "t", &schema, WriteMode::Append);
        target.on_data_error = Dlq;
        target.schema_evolution.type_change = TypeChange::Coerce;
        let options = serde_json::Map::new();
        let recording = host(vec![Give::Frame(frame(&schema, &rows))]);
        let mut connector = server.connector_with("run", json!({"dead_letter_table": "dead"}));
        connector.apply(target.clone()).unwrap();
        let written = connector.write(WriteRequest { target, options }).unwrap();
        assert_eq!((written.rows, written.refused), (2, 4));
        assert_eq!(recording.borrow().dead_letters.len(), 4);
        assert_eq!(server.rows("SELECT id FROM t ORDER BY id"), ["1", "6"]);
        assert_eq!(
            server
                .rows("SELECT jsonb_typeof(record), record #>> '{}' FROM dead ORDER BY record #>> '{id}' NULLS FIRST"),
            [
                "string|{\"id\":5,\"name\":[1e-20000]}",
                "object|{\"id\": 2, \"name\": \"a \u{fffd}\"}",
                "object|{\"id\": 3, \"name\": \"[1e200000]\"}",
                "object|{\"id\": 4, \"name\": [5]}",
            ]
        );
    });
}

#[test]
fn a_bad_record_among_wide_ones_is_cut() {
    with_server("rb_wide", |mut server| {
        server.run("CREATE TABLE t (id int CHECK (id <> 2), name text)");
        let wide = "x".repeat(5 << 20);
        let rows = vec![row(1, &wide), row(2, &wide), row(3, "narrow"), row(2, "narrow")];
        let (written, letters) = write(
            &server,
            &two_columns(),
            Dlq,
            vec![Give::Frame(frame(&two_columns(), &rows))],
        );
        assert_eq!((written.rows, written.refused), (2, 2));
        assert_eq!(
            server.rows("SELECT id, length(name) FROM t ORDER BY id"),
            ["1|5242880", "3|6"]
        );
        let name = letters[0]["record"]["name"].as_str().unwrap();
        assert!(
            name.len() < 20_000 && name.starts_with("xxx") && name.ends_with("(cut: 5242880 bytes)"),
            "{}",
            name.len()
        );
        assert_eq!(letters[1]["record"]["name"], "narrow");
    });
}

#[test]
fn what_is_wrong_with_the_target_and_not_with_a_record_ends_the_call() {
    with_server("rb_other_errors", |mut server| {
        server.run("CREATE TABLE t (id int, name text); CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no'' USING ERRCODE = ''42501''; END'; CREATE TRIGGER stop BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION stop()");
        let gives = vec![Give::Frame(frame(&two_columns(), &two_rows(1)))];
        let (outcome, recording) = write_with(&server, "run", &two_columns(), Dlq, json!({}), gives);
        assert_eq!(outcome.unwrap_err().category(), Category::Permission);
        assert!(recording.borrow().dead_letters.is_empty());
        assert_eq!(server.value("SELECT count(*) FROM t"), "0");
    });
}
