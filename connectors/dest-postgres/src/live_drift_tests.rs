// SPDX-License-Identifier: Apache-2.0

//! Targets that differ from their streams, under each value of each policy, against a real server: see live_tests.rs.

use crate::live_tests::{
    cell, frame, host, plain, request, text, two_columns, two_rows, with_server_without_ledger, Cell, Give, Server,
};
use crate::PostgresDestination;
use rapidbyte_sdk::abi::{set_host, StandInHost};
use rapidbyte_sdk::arrow::{DataType, Field, Schema};
use rapidbyte_sdk::*;
use serde_json::{json, Map, Value};

fn evolution(json: Value) -> SchemaEvolution {
    serde_json::from_value(json).unwrap()
}

fn evolving(table: &str, schema: &Schema, mode: WriteMode, policies: &Value) -> TargetRequest {
    TargetRequest {
        schema_evolution: evolution(policies.clone()),
        ..request("run", table, schema, mode)
    }
}

fn writing(target: TargetRequest) -> WriteRequest {
    WriteRequest {
        target,
        options: Map::new(),
    }
}

/// Applies and writes one batch, and returns what it answered.
fn load(server: &Server, table: &str, policies: Value, fields: Vec<Field>, rows: &[Vec<Cell>]) -> Result<u64> {
    load_as(WriteMode::Append, server, table, policies, fields, rows)
}

fn load_as(
    mode: WriteMode,
    server: &Server,
    table: &str,
    policies: Value,
    fields: Vec<Field>,
    rows: &[Vec<Cell>],
) -> Result<u64> {
    let schema = Schema::new(fields);
    host(vec![Give::Frame(frame(&schema, rows))]);
    let mut connector = server.connector("run");
    connector.apply(evolving(table, &schema, mode, &policies))?;
    let written = connector.write(writing(evolving(table, &schema, mode, &policies)))?;
    if mode == WriteMode::Replace {
        connector.finalize(evolving(table, &schema, mode, &policies).into())?;
    }
    Ok(written.rows)
}

fn id(number: i32) -> Cell {
    cell(number.to_le_bytes())
}

fn an_id() -> Field {
    plain("id", DataType::Int32, "integer")
}

fn not_null(field: Field) -> Field {
    Field {
        nullable: false,
        ..field
    }
}

/// The one column of each table in these tests that is about types.
fn types(server: &mut Server, table: &str) -> String {
    server.value(&format!(
        "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute \
         WHERE attrelid = '{}'::regclass AND attnum > 0 AND NOT attisdropped",
        table
    ))
}

fn storage(server: &mut Server, table: &str) -> String {
    server.value(&format!("SELECT pg_relation_filenode('{}')", table))
}

fn refused(result: Result<u64>, code: &str, sentence: &str) -> Error {
    let error = result.unwrap_err();
    assert_eq!(error.code(), code, "{}", error);
    assert!(error.message().contains(sentence), "{}", error);
    error
}

#[test]
fn new_columns_are_added_and_may_be_null_in_old_rows() {
    with_server_without_ledger("rb_drift_add", |mut server| {
        server.run("CREATE TABLE t (id int NOT NULL); INSERT INTO t VALUES (0)");
        let fields = vec![
            an_id(),
            not_null(plain("Na\"me", DataType::Utf8, "character varying(9)")),
            plain("at", DataType::Date32, "date"),
        ];
        let row = vec![id(1), cell("one"), Cell::Null];
        assert_eq!(load(&server, "t", json!({}), fields, &[row]).unwrap(), 1);
        assert_eq!(
            server.rows("SELECT * FROM t ORDER BY id"),
            ["0|null|null", "1|one|null"]
        );
        assert_eq!(
            types(&mut server, "t"),
            "id integer, Na\"me character varying(9), at date"
        );
    });
}

#[test]
fn new_columns_are_left_out() {
    with_server_without_ledger("rb_drift_ignore", |mut server| {
        server.run("CREATE TABLE t (id int, note text DEFAULT 'none')");
        let policies = json!({"new_column": "ignore"});
        let fields = vec![plain("x", DataType::Utf8, "text"), an_id(), text("y", "interval")];
        let row = vec![cell("gone"), id(1), cell("1 day")];
        assert_eq!(load(&server, "t", policies.clone(), fields, &[row]).unwrap(), 1);
        assert_eq!(server.rows("SELECT * FROM t"), ["1|none"]);
        // Nothing would be left.
        let other = vec![plain("x", DataType::Utf8, "text")];
        let result = load(&server, "t", policies, other, &[vec![cell("a")]]);
        refused(
            result,
            "no_columns",
            "stream 't' has no column that its target rb_drift_ignore.t has",
        );
    });
}

#[test]
fn new_columns_are_refused() {
    with_server_without_ledger("rb_drift_new_fail", |mut server| {
        server.run("CREATE TABLE t (id int)");
        let fields = vec![an_id(), not_null(plain("x", DataType::Int32, "integer"))];
        let result = load(
            &server,
            "t",
            json!({"new_column": "fail"}),
            fields,
            &[vec![id(1), id(2)]],
        );
        let error = refused(
            result,
            "column_mismatch",
            "stream 't': column 'x' is missing in the target rb_drift_new_fail.t",
        );
        let hint = error.hint_text().unwrap();
        assert!(
            hint.contains(r#"ALTER TABLE "rb_drift_new_fail"."t" ADD COLUMN "x" "pg_catalog"."int4";"#),
            "{}",
            hint
        );
        assert_eq!(server.value("SELECT count(*) FROM t"), "0");
    });
}

#[test]
fn who_may_not_add_columns_is_told_what_to_do() {
    with_server_without_ledger("rb_drift_rights", |mut server| {
        server.run(
            "CREATE TABLE t (id int, n smallint, name text NOT NULL DEFAULT 'x'); DROP ROLE IF EXISTS rb_drifter; \
             CREATE ROLE rb_drifter LOGIN; GRANT USAGE ON SCHEMA rb_drift_rights TO rb_drifter; GRANT INSERT, SELECT ON t TO rb_drifter",
        );
        let config = std::mem::take(&mut server.config);
        server.config = config.clone();
        server.config.insert("user".into(), "rb_drifter".into());
        let fields = vec![an_id(), plain("x", DataType::Int32, "integer")];
        let result = load(&server, "t", json!({}), fields, &[vec![id(1), id(2)]]);
        let error = refused(
            result,
            "42501",
            "stream 't': adding column 'x' to the target rb_drift_rights.t",
        );
        assert!(error.hint_text().unwrap().contains("ADD COLUMN \"x\""), "{}", error);
        // What is only a convenience is done without: NOT NULL stays, and values are converted.
        let fields = vec![
            plain("name", DataType::Utf8, "text"),
            plain("n", DataType::Int32, "integer"),
        ];
        let policies = json!({"type_change": "coerce"});
        load(&server, "t", policies, fields, &[vec![cell("a"), id(7)]]).unwrap();
        assert_eq!(server.rows("SELECT name, n FROM t"), ["a|7"]);
        assert_eq!(types(&mut server, "t"), "id integer, n smallint, name text");
        server.run("DROP OWNED BY rb_drifter; DROP ROLE rb_drifter");
    });
}

#[test]
fn removed_columns_get_their_defaults_or_null() {
    with_server_without_ledger("rb_drift_removed", |mut server| {
        server.run("CREATE TABLE t (id int, note text NOT NULL DEFAULT 'none', gone date NOT NULL, number int GENERATED ALWAYS AS IDENTITY)");
        load(&server, "t", json!({}), vec![an_id()], &[vec![id(1)]]).unwrap();
        assert_eq!(server.rows("SELECT * FROM t"), ["1|none|null|1"]);
        let nullable = "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attnotnull";
        assert_eq!(server.value(nullable), "id,gone");
        // A key cannot be null, and there is nothing to fill it with.
        server.run("CREATE TABLE k (id int, key int PRIMARY KEY)");
        let result = load(&server, "k", json!({}), vec![an_id()], &[vec![id(1)]]);
        refused(
            result,
            "column_mismatch",
            "column 'key' of the target rb_drift_removed.k is NOT NULL without a default",
        );
    });
}

#[test]
fn removed_columns_are_refused() {
    with_server_without_ledger("rb_drift_removed_fail", |mut server| {
        server.run("CREATE TABLE t (id int, gone date); CREATE TABLE n (id int, gone date NOT NULL)");
        let rows = [vec![id(1)]];
        let result = load(&server, "t", json!({"removed_column": "fail"}), vec![an_id()], &rows);
        refused(
            result,
            "column_mismatch",
            "stream 't': column 'gone' of the target rb_drift_removed_fail.t is not in the stream",
        );
        let result = load(
            &server,
            "n",
            json!({"nullability_change": "fail"}),
            vec![not_null(an_id())],
            &rows,
        );
        refused(
            result,
            "column_mismatch",
            "column 'gone' of the target rb_drift_removed_fail.n is NOT NULL without a default",
        );
    });
}

#[test]
fn nullable_columns_make_the_target_nullable() {
    with_server_without_ledger("rb_drift_nullable", |mut server| {
        server.run("CREATE TABLE t (id int NOT NULL, k int PRIMARY KEY)");
        let fields = vec![an_id(), plain("k", DataType::Int32, "integer")];
        load(&server, "t", json!({}), fields.clone(), &[vec![Cell::Null, id(1)]]).unwrap();
        assert_eq!(server.rows("SELECT * FROM t"), ["null|1"]);
        // The key stays what it is.
        let result = load(&server, "t", json!({}), fields, &[vec![id(1), Cell::Null]]);
        refused(result, "23502", "null value in column \"k\"");
    });
}

#[test]
fn nullable_columns_are_refused() {
    with_server_without_ledger("rb_drift_not_null", |mut server| {
        server.run("CREATE TABLE t (id int NOT NULL)");
        let policies = json!({"nullability_change": "fail"});
        let result = load(&server, "t", policies.clone(), vec![an_id()], &[vec![id(1)]]);
        refused(
            result,
            "column_mismatch",
            "stream 't': column 'id' may be null in the stream and is NOT NULL in the target rb_drift_not_null.t",
        );
        load(&server, "t", policies, vec![not_null(an_id())], &[vec![id(1)]]).unwrap();
    });
}

#[test]
fn other_types_are_refused() {
    with_server_without_ledger("rb_drift_type_fail", |mut server| {
        server.run("CREATE TABLE t (id smallint)");
        let result = load(
            &server,
            "t",
            json!({"type_change": "fail"}),
            vec![an_id()],
            &[vec![id(1)]],
        );
        refused(
            result,
            "column_mismatch",
            "column 'id' is int4 in the stream and smallint in the target rb_drift_type_fail.t",
        );
        assert_eq!(types(&mut server, "t"), "id smallint");
    });
}

#[test]
fn columns_are_widened_without_writing_the_rows_again() {
    with_server_without_ledger("rb_drift_widen", |mut server| {
        server.run(
            "CREATE TABLE t (v varchar(2) COLLATE \"C\", w varchar(3), n numeric(3,1), m numeric(3,1), at timestamp(0), b varbit(2)); \
             CREATE INDEX ON t (v); INSERT INTO t VALUES ('ab', 'abc', 12.3, 45.6, '2020-01-01', B'10')",
        );
        let before = storage(&mut server, "t");
        let fields = vec![
            plain("v", DataType::Utf8, "character varying(5)"),
            plain("w", DataType::Utf8, "text"),
            plain("n", DataType::Decimal128(5, 1), "numeric(5,1)"),
            plain("m", DataType::Decimal128(5, 3), "numeric(5,3)"),
            plain("at", DataType::Timestamp, "timestamp(3) without time zone"),
            text("b", "bit varying(4)"),
        ];
        let row = vec![
            cell("abcde"),
            cell("more than that"),
            cell(12_345i128.to_le_bytes()),
            cell(12_345i128.to_le_bytes()),
            cell(1_000i64.to_le_bytes()),
            cell("1011"),
        ];
        load(&server, "t", json!({"type_change": "coerce"}), fields, &[row]).unwrap();
        assert_eq!(
            types(&mut server, "t"),
            "v character varying(5), w text, n numeric(5,1), m numeric, at timestamp(3) without time zone, b bit varying(4)"
        );
        assert_eq!(
            server.rows("SELECT * FROM t"),
            [
                "ab|abc|12.3|45.6|2020-01-01 00:00:00|10",
                "abcde|more than that|1234.5|12.345|1970-01-01 00:00:00.001|1011"
            ]
        );
        assert_eq!(storage(&mut server, "t"), before);
        assert_eq!(
            server.value("SELECT collname FROM pg_attribute a JOIN pg_collation c ON c.oid = attcollation WHERE attrelid = 't'::regclass AND attname = 'v'"),
            "C"
        );
    });
}

#[test]
fn columns_are_widened_where_no_value_changes() {
    with_server_without_ledger("rb_drift_rewrite", |mut server| {
        server.run(
            "CREATE TABLE t (id smallint PRIMARY KEY, big int, f real, n int, d date); INSERT INTO t VALUES (1, 2, 0.5, 3, '2020-01-01')",
        );
        let fields = vec![
            an_id(),
            plain("big", DataType::Int64, "bigint"),
            plain("f", DataType::Float64, "double precision"),
            plain("n", DataType::Decimal128(12, 2), "numeric(12,2)"),
            plain("d", DataType::Timestamp, "timestamp without time zone"),
        ];
        let row = vec![
            id(70_000),
            cell((1i64 << 40).to_le_bytes()),
            cell(0.1f64.to_le_bytes()),
            cell(150i128.to_le_bytes()),
            cell(0i64.to_le_bytes()),
        ];
        load(&server, "t", json!({"type_change": "coerce"}), fields, &[row]).unwrap();
        assert_eq!(
            types(&mut server, "t"),
            "id integer, big bigint, f double precision, n numeric(12,2), d timestamp without time zone"
        );
        assert_eq!(
            server.rows("SELECT * FROM t ORDER BY id"),
            [
                "1|2|0.5|3.00|2020-01-01 00:00:00",
                "70000|1099511627776|0.1|1.50|1970-01-01 00:00:00"
            ]
        );
    });
}

#[test]
fn columns_that_others_depend_on_keep_their_types_and_values_are_converted() {
    with_server_without_ledger("rb_drift_depended", |mut server| {
        server.run(
            "CREATE TABLE t (seen smallint, indexed smallint, computed smallint, free smallint, twice smallint GENERATED ALWAYS AS (computed * 2) STORED); \
             CREATE VIEW v AS SELECT seen FROM t; CREATE INDEX ON t ((indexed / 2))",
        );
        let names = ["seen", "indexed", "computed", "free"];
        let fields: Vec<_> = names
            .iter()
            .map(|name| plain(name, DataType::Int32, "integer"))
            .collect();
        let policies = json!({"type_change": "coerce"});
        load(
            &server,
            "t",
            policies.clone(),
            fields.clone(),
            &[vec![id(1), id(2), id(3), id(70_000)]],
        )
        .unwrap();
        assert_eq!(
            types(&mut server, "t"),
            "seen smallint, indexed smallint, computed smallint, free integer, twice smallint"
        );
        assert_eq!(server.rows("SELECT * FROM t"), ["1|2|3|70000|6"]);
        // What does not fit is an error of its record.
        let result = load(&server, "t", policies, fields, &[vec![id(70_000), id(2), id(3), id(4)]]);
        let error = refused(result, "22003", "70000");
        assert_eq!(error.category(), Category::Data);
    });
}

/// Name, the target's type, the field, a value and what it becomes, a value that is none and the SQLSTATE of that.
fn conversions() -> Vec<(
    &'static str,
    &'static str,
    Field,
    Cell,
    &'static str,
    Option<(Cell, &'static str)>,
)> {
    let list = Field::list("a", Field::new("item", DataType::Int32, true), true);
    vec![
        (
            "a",
            "int",
            plain("a", DataType::Utf8, "text"),
            cell(" 7"),
            "7",
            Some((cell("seven"), "22P02")),
        ),
        (
            "b",
            "int",
            plain("b", DataType::Decimal128(9, 2), "numeric(9,2)"),
            cell(500i128.to_le_bytes()),
            "5",
            Some((cell(550i128.to_le_bytes()), "22P02")),
        ),
        (
            "c",
            "smallint",
            text("c", "numeric"),
            cell("12.000"),
            "12",
            Some((cell("1e9"), "22P02")),
        ),
        (
            "d",
            "date",
            plain("d", DataType::Utf8, "text"),
            cell("2020-02-29"),
            "2020-02-29",
            Some((cell("2021-02-29"), "22008")),
        ),
        (
            "e",
            "boolean",
            plain("e", DataType::Int32, "integer"),
            id(1),
            "t",
            Some((id(2), "22P02")),
        ),
        (
            "f",
            "varchar(4)",
            plain("f", DataType::Int32, "integer"),
            id(1234),
            "1234",
            Some((id(12345), "22001")),
        ),
        (
            "g",
            "uuid",
            plain("g", DataType::Utf8, "text"),
            cell("abababab-abab-abab-abab-abababababab"),
            "abababab-abab-abab-abab-abababababab",
            Some((cell("ab"), "22P02")),
        ),
        (
            "h",
            "bigint",
            plain("h", DataType::Float64, "double precision"),
            cell(3f64.to_le_bytes()),
            "3",
            Some((cell(0.5f64.to_le_bytes()), "22P02")),
        ),
        (
            "i",
            "text",
            plain("i", DataType::Timestamp, "timestamp without time zone"),
            cell(0i64.to_le_bytes()),
            "1970-01-01 00:00:00",
            None,
        ),
        (
            "j",
            "timestamptz",
            plain("j", DataType::Date32, "date"),
            cell(0i32.to_le_bytes()),
            "1970-01-01 00:00:00+00",
            None,
        ),
        ("k", "jsonb", plain("k", DataType::Int32, "integer"), id(5), "5", None),
        (
            "l",
            "text",
            plain("l", DataType::Binary, "bytea"),
            cell(b"\0\xFF"),
            "\\x00ff",
            None,
        ),
        (
            "m",
            "numeric(4,1)",
            plain("m", DataType::Decimal128(6, 1), "numeric(6,1)"),
            cell(1234i128.to_le_bytes()),
            "123.4",
            Some((cell(12345i128.to_le_bytes()), "22003")),
        ),
        (
            "n",
            "shop",
            plain("n", DataType::Int32, "integer"),
            id(5),
            "5",
            Some((id(-5), "23514")),
        ),
        (
            "o",
            "mood",
            plain("o", DataType::Utf8, "text"),
            cell("glad"),
            "glad",
            Some((cell("mad"), "22P02")),
        ),
        (
            "p",
            "regclass",
            plain("p", DataType::Utf8, "text"),
            cell("pg_class"),
            "pg_class",
            Some((cell("no_such_thing"), "42P01")),
        ),
        (
            "q",
            "text",
            Field {
                name: "q".into(),
                ..list
            },
            Cell::Null,
            "null",
            None,
        ),
    ]
}

fn with_conversion_targets(server: &mut Server) {
    server.run("CREATE DOMAIN shop AS smallint CHECK (VALUE > 0); CREATE TYPE mood AS ENUM ('glad')");
    for (name, type_text, ..) in conversions() {
        // A view keeps the column's type.
        server.run(&format!(
            "CREATE TABLE t_{0} (id int, {0} {1}); CREATE VIEW v_{0} AS SELECT * FROM t_{0}",
            name, type_text
        ));
    }
}

#[test]
fn values_are_converted() {
    with_server_without_ledger("rb_drift_coerce", |mut server| {
        with_conversion_targets(&mut server);
        for (name, _, field, value, expected, bad) in conversions() {
            let (table, policies) = (format!("t_{}", name), json!({"type_change": "coerce"}));
            let fields = vec![an_id(), field];
            let rows = [vec![id(1), value], vec![id(2), Cell::Null]];
            load(&server, &table, policies.clone(), fields.clone(), &rows)
                .unwrap_or_else(|error| panic!("{}: {}", name, error));
            assert_eq!(
                server.rows(&format!("SELECT * FROM {} ORDER BY id", table)),
                [format!("1|{}", expected), "2|null".into()],
                "{}",
                name
            );
            if let Some((bad, code)) = bad {
                let error = load(&server, &table, policies, fields, &[vec![id(3), bad]]).unwrap_err();
                assert_eq!(error.code(), code, "{}: {}", name, error);
            }
            assert_eq!(
                server.value(&format!("SELECT count(*) FROM {}", table)),
                "2",
                "{}",
                name
            );
        }
    });
}

#[test]
fn values_that_do_not_convert_become_null() {
    with_server_without_ledger("rb_drift_null", |mut server| {
        with_conversion_targets(&mut server);
        for (name, _, field, value, expected, bad) in conversions() {
            let table = format!("t_{}", name);
            let mut rows = vec![vec![id(1), value], vec![id(2), Cell::Null]];
            rows.extend(bad.map(|(bad, _)| vec![id(3), bad]));
            let policies = json!({"type_change": "null"});
            load(&server, &table, policies, vec![an_id(), field], &rows)
                .unwrap_or_else(|error| panic!("{}: {}", name, error));
            let mut all = vec![format!("1|{}", expected), "2|null".into(), "3|null".into()];
            all.truncate(rows.len());
            assert_eq!(
                server.rows(&format!("SELECT * FROM {} ORDER BY id", table)),
                all,
                "{}",
                name
            );
        }
    });
}

#[test]
fn a_text_that_is_too_long_becomes_null_and_the_column_nullable() {
    with_server_without_ledger("rb_drift_long", |mut server| {
        server.run("CREATE TABLE t (id int, name varchar(5) NOT NULL)");
        let fields = vec![an_id(), not_null(plain("name", DataType::Utf8, "text"))];
        let rows = [vec![id(1), cell("short")], vec![id(2), cell("too long")]];
        let policies = json!({"type_change": "null", "nullability_change": "fail"});
        let result = load(&server, "t", policies, fields.clone(), &rows);
        refused(result, "column_mismatch", "column 'name' may be null in the stream");
        load(&server, "t", json!({"type_change": "null"}), fields, &rows).unwrap();
        assert_eq!(server.rows("SELECT * FROM t ORDER BY id"), ["1|short", "2|null"]);
        assert_eq!(types(&mut server, "t"), "id integer, name character varying(5)");
    });
}

#[test]
fn blanks_that_the_server_would_cut_off_are_refused() {
    with_server_without_ledger("rb_drift_blanks", |mut server| {
        server.run(
            "CREATE DOMAIN short AS varchar(3); CREATE TABLE t (v varchar(3), c char(3)); CREATE TABLE u (d short)",
        );
        let field = |name, native| plain(name, DataType::Utf8, native);
        let fields = vec![field("v", "text"), field("c", "character varying(9)")];
        let row = |v: &str, c: &str| vec![cell(v), cell(c)];
        let good = [row("äb ", "ä  "), row("äöü", "abc")];
        load(&server, "t", json!({}), fields.clone(), &good).unwrap();
        assert_eq!(server.rows("SELECT v || '.', c FROM t"), ["äb .|ä  ", "äöü.|abc"]);
        for (bad, column) in [(row("abc ", ""), "v"), (row("", "ä   "), "c")] {
            let result = load(&server, "t", json!({}), fields.clone(), &[bad]);
            refused(
                result,
                "unwritable_value",
                &format!("column '{}': the value in row 0", column),
            );
        }
        let result = load(
            &server,
            "u",
            json!({"type_change": "coerce"}),
            vec![field("d", "text")],
            &[vec![cell("    ")]],
        );
        refused(result, "unwritable_value", "column 'd': the value in row 0");
        let result = load(&server, "t", json!({}), fields, &[row("abcd", "")]);
        refused(result, "22001", "too long");
        // The blanks of a char(n) are no part of its value.
        let padded = vec![field("v", "character(5)"), field("c", "character(5)")];
        load(&server, "t", json!({}), padded, &[vec![cell("ab   "), cell("ab   ")]]).unwrap();
        assert_eq!(server.rows("SELECT rtrim(v), c FROM t WHERE c = 'ab'"), ["ab|ab "]);
    });
}

#[test]
fn blanks_of_elements_are_not_cut_off() {
    with_server_without_ledger("rb_drift_elements", |mut server| {
        server.run("CREATE TABLE t (v varchar(5)[], c char(5)[])");
        let row = [vec![cell("{\"abc       \",ab}"), cell("{\"abc       \",ab}")]];
        let fields = |v: &str, c: &str| vec![text("v", v), text("c", c)];
        for (v, c, column) in [
            ("character varying(10)[]", "character(5)[]", "v"),
            ("character varying[]", "character(5)[]", "v"),
            ("character varying(5)[]", "character(10)[]", "c"),
        ] {
            let result = load(&server, "t", json!({}), fields(v, c), &row);
            refused(result, "column_mismatch", &format!("column '{}' is ", column));
        }
        assert_eq!(server.value("SELECT count(*) FROM t"), "0");
        let short = [vec![cell("{abc,\"ab \"}"), cell("{abc}")]];
        load(
            &server,
            "t",
            json!({}),
            fields("character varying(4)[]", "character(4)[]"),
            &short,
        )
        .unwrap();
        let policies = json!({"type_change": "coerce"});
        load(
            &server,
            "t",
            policies,
            fields("character varying(10)[]", "character(10)[]"),
            &row,
        )
        .unwrap();
        assert_eq!(types(&mut server, "t"), "v character varying(10)[], c character(10)[]");
        assert_eq!(
            server.rows("SELECT v[1] || '.' || v[2] || '.' FROM t ORDER BY cardinality(v), length(v[1])"),
            ["abc.ab .", "abc       .ab."]
        );
    });
}

#[test]
fn a_run_that_is_refused_has_changed_nothing() {
    with_server_without_ledger("rb_drift_undone", |mut server| {
        server.run("CREATE TABLE t (id smallint, key int PRIMARY KEY)");
        // The column could be added and the other widened, but the key can never be filled.
        let fields = vec![an_id(), plain("x", DataType::Utf8, "text")];
        let result = load(
            &server,
            "t",
            json!({"type_change": "coerce"}),
            fields,
            &[vec![id(1), cell("a")]],
        );
        refused(result, "column_mismatch", "column 'key'");
        assert_eq!(types(&mut server, "t"), "id smallint, key integer");
    });
}

#[test]
fn a_writer_notices_that_the_table_was_changed_by_others() {
    with_server_without_ledger("rb_drift_stale", |mut server| {
        server.run("CREATE TABLE t (id int)");
        let schema = Schema::new(vec![an_id()]);
        let request = || evolving("t", &schema, WriteMode::Append, &json!({}));
        let mut connector = server.connector("run");
        let gives = || vec![Give::Frame(frame(&schema, &[vec![id(1)]]))];
        host(gives());
        connector.apply(request()).unwrap();
        connector.write(writing(request())).unwrap();
        // Connections belong to their host.
        connector.close().unwrap();
        // As a binary numeric, the bytes of the number would be another number.
        server.run("ALTER TABLE t ALTER COLUMN id TYPE numeric");
        host(gives());
        connector.write(writing(request())).unwrap();
        assert_eq!(server.rows("SELECT * FROM t"), ["1", "1"]);
        connector.close().unwrap();
        server.run("ALTER TABLE t ADD COLUMN x int DEFAULT 5");
        host(gives());
        connector.write(writing(request())).unwrap();
        assert_eq!(server.rows("SELECT * FROM t"), ["1|5", "1|5", "1|5"]);
    });
}

#[test]
fn a_change_while_rows_are_written_undoes_them() {
    // The second takes as many bytes for its values, and takes those of a bigint for others.
    for changed in ["numeric", "double precision"] {
        change_while_rows_are_written(changed);
    }
}

fn change_while_rows_are_written(changed: &'static str) {
    with_server_without_ledger("rb_drift_amid", |mut server| {
        server.run("CREATE TABLE t (id bigint)");
        // Done, but not yet seen by others: the writer encodes for the old column and waits to write into the new one.
        server.run(&format!("BEGIN; ALTER TABLE t ALTER COLUMN id TYPE {}", changed));
        let config = server.config.clone();
        let writer = std::thread::spawn(move || {
            let schema = Schema::new(vec![plain("id", DataType::Int64, "bigint")]);
            let request = evolving("t", &schema, WriteMode::Append, &json!({}));
            let give = || host(vec![Give::Frame(frame(&schema, &[vec![cell(7i64.to_le_bytes())]]))]);
            let open = json!({"abi": 1, "run_id": "run", "config": config});
            let mut connector = PostgresDestination::open(serde_json::from_value(open).unwrap()).unwrap();
            give();
            let error = connector.write(writing(request.clone())).unwrap_err();
            // Connections belong to their host.
            connector.close().unwrap();
            give();
            (error, connector.write(writing(request)))
        });
        while server.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't'::regclass") == "0" {}
        server.run("COMMIT");
        let (error, again) = writer.join().unwrap();
        assert_eq!(error.code(), "target_changed", "{}", error);
        assert!(error.is_retryable() && error.is_safe_to_retry());
        match again {
            Ok(_) => assert_eq!(server.rows("SELECT * FROM t"), ["7"]),
            Err(error) => {
                assert_eq!(
                    (changed, error.category()),
                    ("double precision", Category::Schema),
                    "{}",
                    error
                );
                assert_eq!(server.value("SELECT count(*) FROM t"), "0");
            }
        }
    });
}

#[test]
fn nobody_waits_for_a_change_that_cannot_be_made() {
    with_server_without_ledger("rb_drift_wait", |mut server| {
        server.run(
            "CREATE TABLE t (id smallint, k smallint NOT NULL PRIMARY KEY); CREATE VIEW v AS SELECT id, k FROM t; \
             CREATE TABLE p (id smallint) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)",
        );
        // Another worker of the run is in the midst of its rows.
        server.run("BEGIN; INSERT INTO t VALUES (1, 1); INSERT INTO p VALUES (1)");
        let policies = json!({"type_change": "coerce"});
        let fields = vec![an_id(), plain("k", DataType::Int32, "integer")];
        load(&server, "t", policies.clone(), fields, &[vec![id(2), id(2)]]).unwrap();
        for table in ["p", "p1"] {
            load(&server, table, policies.clone(), vec![an_id()], &[vec![id(2)]]).unwrap();
        }
        server.run("COMMIT");
        assert_eq!(
            server.value("SELECT (SELECT count(*) FROM t) || ' ' || (SELECT count(*) FROM p)"),
            "2 3"
        );
    });
}

#[test]
fn others_are_let_through_while_a_change_waits() {
    with_server_without_ledger("rb_drift_queue", |mut server| {
        server.run("CREATE TABLE t (id int); CREATE TABLE u (id smallint); INSERT INTO t VALUES (1)");
        let schema = Schema::new(vec![an_id(), plain("x", DataType::Utf8, "text")]);
        for (table, policies) in [
            ("t", json!({})),
            ("u", json!({"type_change": "coerce", "new_column": "ignore"})),
        ] {
            // A long report.
            server.run(&format!("BEGIN; SELECT 1 FROM {}", table));
            let (config, schema) = (server.config.clone(), schema.clone());
            let applying = std::thread::spawn(move || {
                set_host(StandInHost::default());
                let open = json!({"abi": 1, "run_id": "run", "config": config});
                let mut connector = PostgresDestination::open(serde_json::from_value(open).unwrap()).unwrap();
                connector
                    .apply(evolving(table, &schema, WriteMode::Append, &policies))
                    .map(|_| ())
            });
            let waits = format!(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{}'::regclass",
                table
            );
            while server.value(&waits) == "0" {}
            // Someone else comes, and would wait behind the change for as long as the report goes on.
            server.another().run(&format!(
                "SET lock_timeout = '10s'; SELECT 1 FROM rb_drift_queue.{}",
                table
            ));
            server.run("COMMIT");
            applying.join().unwrap().unwrap();
        }
        assert_eq!(types(&mut server, "t"), "id integer, x text");
        assert_eq!(types(&mut server, "u"), "id integer");
    });
}

#[test]
fn several_instances_may_change_the_target_at_once() {
    with_server_without_ledger("rb_drift_race", |mut server| {
        server.run("CREATE TABLE t (id smallint NOT NULL, v varchar(2))");
        let fields = vec![
            an_id(),
            plain("v", DataType::Utf8, "text"),
            plain("new", DataType::Int32, "integer"),
            plain("other", DataType::Utf8, "text"),
        ];
        let schema = Schema::new(fields);
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let (config, schema) = (server.config.clone(), schema.clone());
                std::thread::spawn(move || {
                    let row = vec![id(number), cell("long"), id(number), cell("new")];
                    let gives = (0..3).map(|_| Give::Frame(frame(&schema, &[row.clone()])));
                    host(gives.collect());
                    let open = json!({"abi": 1, "run_id": "run", "config": config});
                    let mut connector = PostgresDestination::open(serde_json::from_value(open).unwrap()).unwrap();
                    let request = evolving("t", &schema, WriteMode::Append, &json!({"type_change": "coerce"}));
                    connector.apply(request.clone()).unwrap();
                    connector.write(writing(request)).unwrap();
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(
            server.value("SELECT count(*), count(new), count(DISTINCT id), min(other) FROM t"),
            "24|24|8|new"
        );
        assert_eq!(types(&mut server, "t"), "id integer, v text, new integer, other text");
    });
}

#[test]
fn an_instance_applies_again_when_the_stream_has_other_columns() {
    with_server_without_ledger("rb_drift_again", |mut server| {
        let mut connector = server.connector("run");
        set_host(StandInHost::default());
        for fields in [vec![an_id()], vec![an_id(), plain("x", DataType::Utf8, "text")]] {
            let request = evolving("t", &Schema::new(fields), WriteMode::Append, &json!({}));
            connector.apply(request).unwrap();
        }
        assert_eq!(types(&mut server, "t"), "id integer, x text");
    });
}

#[test]
fn partitioned_tables_grow_with_their_parts_and_foreign_ones_do_not() {
    with_server_without_ledger("rb_drift_parts", |mut server| {
        server.run(
            "CREATE TABLE t (id int) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (9)",
        );
        let fields = vec![an_id(), plain("x", DataType::Int32, "integer")];
        load(&server, "t", json!({}), fields.clone(), &[vec![id(1), id(2)]]).unwrap();
        assert_eq!(server.rows("SELECT * FROM p"), ["1|2"]);
        let more = [fields, vec![plain("y", DataType::Int32, "integer")]].concat();
        let result = load(&server, "p", json!({}), more, &[vec![id(1), id(2), id(3)]]);
        let error = refused(result, "42809", "adding column 'y' to the target rb_drift_parts.p");
        assert!(error.hint_text().unwrap().contains("new_column"), "{}", error);
    });
}

#[test]
fn replacing_honours_what_must_fail_and_ignored_columns() {
    with_server_without_ledger("rb_drift_replace", |mut server| {
        server.run("CREATE TABLE t (id int, name text NOT NULL); INSERT INTO t VALUES (9, 'old')");
        let replace = |policies: Value, fields: Vec<Field>, row: Vec<Cell>| {
            load_as(WriteMode::Replace, &server, "t", policies, fields, &[row])
        };
        let name = || plain("name", DataType::Utf8, "text");
        let x = || plain("x", DataType::Int32, "integer");
        let wide = || plain("id", DataType::Int64, "bigint");
        let long = 1i64 << 40;
        let result = replace(
            json!({"new_column": "fail"}),
            vec![an_id(), name(), x()],
            vec![id(1), cell("a"), id(2)],
        );
        refused(result, "column_mismatch", "column 'x' is missing");
        let result = replace(json!({"removed_column": "fail"}), vec![an_id()], vec![id(1)]);
        refused(result, "column_mismatch", "column 'name' of the target");
        let result = replace(
            json!({"type_change": "fail"}),
            vec![wide(), name()],
            vec![cell(long.to_le_bytes()), cell("a")],
        );
        refused(result, "column_mismatch", "column 'id' is int8 in the stream");
        let result = replace(
            json!({"nullability_change": "fail"}),
            vec![an_id(), name()],
            vec![id(1), Cell::Null],
        );
        refused(result, "column_mismatch", "column 'name' may be null");
        replace(
            json!({"new_column": "ignore"}),
            vec![an_id(), name(), x()],
            vec![id(1), cell("a"), id(2)],
        )
        .unwrap();
        replace(
            json!({"type_change": "coerce"}),
            vec![wide(), x()],
            vec![cell(long.to_le_bytes()), id(2)],
        )
        .unwrap();
        assert_eq!(server.rows("SELECT id, x FROM t"), ["1099511627776|2"]);
        assert_eq!(types(&mut server, "t"), "id bigint, x integer");
    });
}

#[test]
fn a_stream_without_drift_changes_nothing() {
    with_server_without_ledger("rb_drift_none", |mut server| {
        server.run("CREATE TABLE t (id int, name text)");
        let schema = two_columns();
        load(&server, "t", json!({}), schema.fields.clone(), &two_rows(1)).unwrap();
        let versions = "SELECT string_agg(xmin::text, ',') FROM pg_attribute WHERE attrelid = 't'::regclass";
        let before = server.value(versions);
        for policies in [
            json!({}),
            json!({"type_change": "coerce"}),
            json!({"type_change": "null", "new_column": "fail", "removed_column": "fail", "nullability_change": "fail"}),
        ] {
            load(&server, "t", policies, schema.fields.clone(), &two_rows(1)).unwrap();
        }
        assert_eq!(server.value(versions), before);
        assert_eq!(server.value("SELECT count(*) FROM t"), "8");
    });
}
