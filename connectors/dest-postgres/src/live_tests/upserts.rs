// SPDX-License-Identifier: Apache-2.0

//! `write_mode: upsert`, by either load method.

use super::*;

const METHODS: [&str; 2] = ["copy", "insert"];

/// What the host gives: a batch with its unit and its number within the unit, or the wish for a checkpoint.
enum Next {
    Batch(i64, u32, Vec<u8>),
    Checkpoint,
}

fn host_of(nexts: Vec<Next>) -> Rc<RefCell<Recording>> {
    let mut host = StandInHost::default();
    for next in nexts {
        host = match next {
            Next::Checkpoint => host.with_checkpoint(),
            Next::Batch(unit, sequence, frame) => host.with_batch(header(unit, sequence, &frame), &frame),
        };
    }
    let recording = host.recording();
    set_host(host);
    recording
}

fn header(unit: i64, sequence: u32, frame: &[u8]) -> BatchHeader {
    BatchHeader {
        unit,
        sequence,
        rows: 0,
        frame_size: frame.len() as u64,
        checksum: 0,
    }
}

fn upsert_request(table: &str, schema: &Schema, key: &[&str]) -> TargetRequest {
    TargetRequest {
        primary_key: key.iter().map(|name| name.to_string()).collect(),
        ..request("run", table, schema, WriteMode::Upsert)
    }
}

fn upsert(
    server: &Server,
    method: &str,
    table: &str,
    schema: &Schema,
    key: &[&str],
    nexts: Vec<Next>,
) -> Result<WriteResponse> {
    upsert_with(server, method, upsert_request(table, schema, key), nexts)
}

/// Without a ledger: the tests give batches again on purpose, and see what becomes of their rows.
fn upsert_with(server: &Server, method: &str, target: TargetRequest, nexts: Vec<Next>) -> Result<WriteResponse> {
    host_of(nexts);
    let mut connector = server.connector_with("run", json!({"load_method": method, "exactly_once": false}));
    connector.apply(target.clone())?;
    let written = connector.write(WriteRequest {
        target,
        options: Map::new(),
    })?;
    connector.close()?;
    Ok(written)
}

/// Applies without writing, and returns what is wrong.
fn refused(server: &Server, table: &str, schema: &Schema, key: &[&str]) -> Error {
    set_host(StandInHost::default());
    let mut connector = server.connector("run");
    connector.apply(upsert_request(table, schema, key)).unwrap_err()
}

fn named(id: i32, name: &str) -> Vec<Cell> {
    vec![cell(id.to_le_bytes()), cell(name)]
}

fn batch(unit: i64, sequence: u32, schema: &Schema, rows: &[Vec<Cell>]) -> Next {
    Next::Batch(unit, sequence, frame(schema, rows))
}

#[test]
fn the_later_row_of_a_key_stays() {
    for method in METHODS {
        with_server("rb_upsert_later", |mut server| {
            let schema = two_columns();
            server.run(
                "CREATE TABLE t (more text DEFAULT 'default', name text, id int PRIMARY KEY); \
                 INSERT INTO t VALUES ('kept', 'old', 1), ('kept', 'old', 9)",
            );
            let nexts = vec![
                batch(0, 0, &schema, &[named(1, "a"), named(2, "a"), named(1, "b")]),
                batch(0, 1, &schema, &[named(2, "b"), named(3, "a"), named(3, "b")]),
                batch(0, 2, &schema, &[]),
                Next::Checkpoint,
                batch(1, 0, &schema, &[named(3, "c"), named(4, "a")]),
            ];
            let written = upsert(&server, method, "t", &schema, &["id"], nexts).unwrap();
            assert_eq!((written.rows, written.batches), (8, 4));
            let expected = ["1|b|kept", "2|b|default", "3|c|default", "4|a|default", "9|old|kept"];
            assert_eq!(server.rows("SELECT id, name, more FROM t ORDER BY id"), expected);
            // Another bundle, and the same one again.
            for _ in 0..2 {
                let nexts = vec![batch(2, 0, &schema, &[named(4, "b"), named(1, "c")])];
                upsert(&server, method, "t", &schema, &["id"], nexts).unwrap();
                let expected = ["1|c|kept", "2|b|default", "3|c|default", "4|b|default", "9|old|kept"];
                assert_eq!(server.rows("SELECT id, name, more FROM t ORDER BY id"), expected);
            }
        });
    }
}

#[test]
fn batches_of_a_commit_count_in_the_order_of_the_stream() {
    use DataErrorPolicy::{Dlq, Fail, Skip};
    // With a bad record, and without.
    for (method, policy, bad) in [
        ("copy", Fail, false),
        ("insert", Fail, false),
        ("copy", Skip, false),
        ("insert", Dlq, false),
        ("copy", Dlq, true),
        ("insert", Skip, true),
    ] {
        with_server("rb_upsert_order", |mut server| {
            let schema = two_columns();
            server.run(
                "CREATE TABLE t (id int PRIMARY KEY CHECK (id < 5), name text); CREATE SEQUENCE statements; \
                 CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('rb_upsert_order.statements'); RETURN NULL; END $$; \
                 CREATE TRIGGER count_it BEFORE INSERT ON t EXECUTE FUNCTION count_it()",
            );
            let nexts = vec![
                batch(5, 1, &schema, &[named(1, "unit 5, second"), named(2, "unit 5, second")]),
                batch(5, 0, &schema, &[named(1, "unit 5, first"), named(3, "unit 5, first")]),
                batch(7, 0, &schema, &[named(4, "unit 7, early"), named(4, "unit 7, late")]),
                batch(
                    3,
                    0,
                    &schema,
                    &[
                        named(1, "unit 3"),
                        named(2, "unit 3"),
                        named(3, "unit 3"),
                        named(4, "unit 3"),
                        named(if bad { 5 } else { 4 }, "unit 3"),
                    ],
                ),
            ];
            let target = TargetRequest {
                on_data_error: policy,
                ..upsert_request("t", &schema, &["id"])
            };
            let written = upsert_with(&server, method, target, nexts).unwrap();
            if !bad {
                // So that writers of the same rows wait for each other in no circle.
                assert_eq!(
                    server.value("SELECT last_value, is_called FROM statements"),
                    "1|t",
                    "{} {:?}",
                    method,
                    policy
                );
            }
            let refused = u64::from(bad);
            assert_eq!(
                (written.rows, written.refused, written.batches),
                (11 - refused, refused, 4)
            );
            assert_eq!(
                server.rows("SELECT * FROM t ORDER BY id"),
                [
                    "1|unit 5, second",
                    "2|unit 5, second",
                    "3|unit 5, first",
                    "4|unit 7, late"
                ]
            );
        });
    }
}

#[test]
fn a_batch_that_was_merged_is_not_merged_again() {
    for method in METHODS {
        with_server("rb_upsert_ledger", |mut server| {
            let schema = two_columns();
            let mut run = |nexts, expected: &[&str]| {
                host_of(nexts);
                let mut connector = server.connector_with("run", json!({ "load_method": method }));
                connector.apply(upsert_request("t", &schema, &["id"])).unwrap();
                let target = upsert_request("t", &schema, &["id"]);
                let request = WriteRequest {
                    target,
                    options: Map::new(),
                };
                assert_eq!(connector.write(request).unwrap().rows, 1);
                connector.close().unwrap();
                assert_eq!(server.rows("SELECT * FROM t"), expected);
            };
            run(vec![batch(0, 0, &schema, &[named(1, "first")])], &["1|first"]);
            run(vec![batch(0, 1, &schema, &[named(1, "second")])], &["1|second"]);
            run(vec![batch(0, 0, &schema, &[named(1, "first")])], &["1|second"]);
        });
    }
}

/// Rows of many widths do not lie in a table in the order in which they came.
#[test]
fn the_later_row_stays_whatever_its_width() {
    for method in METHODS {
        with_server("rb_upsert_widths", |mut server| {
            let schema = two_columns();
            let widths = [10usize, 1500, 1900, 30, 1200, 5, 1990];
            let text =
                |round: usize, id: usize| format!("{} {}", round, "x".repeat(widths[(round + id) % widths.len()]));
            let rows: Vec<_> = (0..5)
                .flat_map(|round| (0..500).map(move |id| (round, id)))
                .map(|(round, id)| named(id as i32, &text(round, id)))
                .collect();
            upsert(
                &server,
                method,
                "t",
                &schema,
                &["id"],
                vec![batch(0, 0, &schema, &rows)],
            )
            .unwrap();
            assert_eq!(
                server.value("SELECT count(*) || ' ' || count(*) FILTER (WHERE name LIKE '4 %') FROM t"),
                "500 500"
            );
        });
    }
}

fn versioned(cursor: &[&str]) -> Schema {
    Schema::new(vec![
        plain("id", DataType::Int32, "integer"),
        plain("at", DataType::Int64, "bigint"),
        plain("tie", DataType::Utf8, "character varying(9)"),
        plain("name", DataType::Utf8, "text"),
    ])
    .with_metadata(metadata::CURSOR, &serde_json::to_string(cursor).unwrap())
}

fn version(id: i32, at: Option<i64>, tie: &str, name: &str) -> Vec<Cell> {
    let at = at.map_or(Cell::Null, |at| cell(at.to_le_bytes()));
    vec![cell(id.to_le_bytes()), at, cell(tie), cell(name)]
}

#[test]
fn the_row_with_the_greatest_cursor_stays() {
    for method in METHODS {
        with_server("rb_upsert_cursor", |mut server| {
            let schema = versioned(&["at"]);
            let nexts = vec![
                batch(
                    0,
                    0,
                    &schema,
                    &[
                        version(1, Some(2), "", "newest"),
                        version(1, Some(1), "", "older, but later"),
                        version(2, Some(5), "", "equal"),
                        version(2, Some(5), "", "equal and later"),
                        version(3, None, "", "null"),
                        version(3, Some(-7), "", "any value"),
                        version(3, None, "", "null again"),
                        version(4, None, "", "null alone"),
                    ],
                ),
                Next::Checkpoint,
                batch(
                    1,
                    0,
                    &schema,
                    &[
                        version(1, Some(1), "", "too old"),
                        version(2, Some(6), "", "newer"),
                        version(3, None, "", "null once more"),
                        version(4, None, "", "null and later"),
                        version(5, Some(0), "", "new"),
                    ],
                ),
                Next::Checkpoint,
                batch(
                    2,
                    0,
                    &schema,
                    &[version(5, Some(0), "", "equal"), version(4, Some(1), "", "a value")],
                ),
            ];
            let written = upsert(&server, method, "t", &schema, &["id"], nexts).unwrap();
            assert_eq!(written.rows, 15);
            assert_eq!(
                server.rows("SELECT id, name FROM t ORDER BY id"),
                ["1|newest", "2|newer", "3|any value", "4|a value", "5|equal"]
            );
        });
    }
}

#[test]
fn the_tie_breaker_decides_where_the_cursor_is_equal() {
    with_server("rb_upsert_tie", |mut server| {
        let schema = versioned(&["at", "tie"]);
        let nexts = vec![
            batch(
                0,
                0,
                &schema,
                &[
                    version(1, Some(2), "b", "newest"),
                    version(1, Some(2), "a", "less"),
                    version(1, Some(1), "z", "older"),
                    version(2, None, "b", "newest"),
                    version(2, None, "a", "less"),
                ],
            ),
            Next::Checkpoint,
            batch(
                0,
                1,
                &schema,
                &[
                    version(1, Some(2), "a", "less again"),
                    version(2, None, "b", "equal and later"),
                ],
            ),
            Next::Checkpoint,
            batch(
                0,
                2,
                &schema,
                &[version(2, None, "a", "less again"), version(1, Some(3), "", "newer")],
            ),
        ];
        upsert(&server, "copy", "t", &schema, &["id"], nexts).unwrap();
        assert_eq!(
            server.rows("SELECT id, name FROM t ORDER BY id"),
            ["1|newer", "2|equal and later"]
        );
    });
}

#[test]
fn a_cursor_without_an_order_is_refused_and_one_that_is_not_there_is_mentioned() {
    with_server("rb_upsert_no_cursor", |mut server| {
        let schema = two_columns().with_metadata(metadata::CURSOR, "[\"gone\"]");
        let recording = host_of(vec![batch(0, 0, &schema, &[named(1, "a"), named(1, "b")])]);
        let mut connector = server.connector("run");
        connector.apply(upsert_request("t", &schema, &["id"])).unwrap();
        let target = upsert_request("t", &schema, &["id"]);
        let request = WriteRequest {
            target,
            options: Map::new(),
        };
        connector.write(request).unwrap();
        let log = recording.borrow().log.clone();
        assert!(
            log.iter()
                .any(|line| line.0 == 2 && line.1.contains("its cursor 'gone'")),
            "{:?}",
            log
        );
        assert_eq!(server.rows("SELECT * FROM t"), ["1|b"]);
        let schema = Schema::new(vec![
            plain("id", DataType::Int32, "integer"),
            plain("at", DataType::Utf8, "json"),
        ])
        .with_metadata(metadata::CURSOR, "[\"at\"]");
        let nexts = vec![batch(0, 0, &schema, &[named(1, "{}")])];
        let error = upsert(&server, "copy", "j", &schema, &["id"], nexts).unwrap_err();
        assert!(
            error.message().contains("column 'at' is the stream's cursor"),
            "{}",
            error
        );
        assert_eq!(server.value("SELECT count(*) FROM j"), "0");
    });
}

#[test]
fn keys_have_any_columns_of_the_stream() {
    for method in METHODS {
        with_server("rb_upsert_keys", |mut server| {
            let schema = versioned(&[]);
            let rows = [
                version(1, Some(1), "a", "first"),
                version(1, Some(2), "a", "other"),
                version(1, Some(1), "a", "second"),
            ];
            // The index has the columns in another order, and one more that does not count.
            server.run("CREATE TABLE t (name text, id int, at bigint, tie varchar(9), x int); CREATE UNIQUE INDEX ON t (at, id) INCLUDE (x)");
            let key = ["id", "at"];
            upsert(&server, method, "t", &schema, &key, vec![batch(0, 0, &schema, &rows)]).unwrap();
            upsert(&server, method, "t", &schema, &key, vec![batch(0, 0, &schema, &rows)]).unwrap();
            assert_eq!(
                server.rows("SELECT id, at, name FROM t ORDER BY 1, 2"),
                ["1|1|second", "1|2|other"]
            );
            // All columns, in a table that does not exist.
            let key = ["id", "at", "tie", "name"];
            upsert(&server, method, "all", &schema, &key, vec![batch(0, 0, &schema, &rows)]).unwrap();
            upsert(&server, method, "all", &schema, &key, vec![batch(0, 0, &schema, &rows)]).unwrap();
            assert_eq!(server.value("SELECT count(*) FROM \"all\""), "3");
            // A key without a value is no key, also where the index would take it.
            server.run("CREATE TABLE n (name text, id int, at bigint UNIQUE, tie text)");
            let nulls = [version(1, Some(1), "a", "good"), version(2, None, "a", "bad")];
            for table in ["n", "created"] {
                let nexts = vec![batch(0, 0, &schema, &nulls)];
                let error = upsert(&server, method, table, &schema, &["at"], nexts).unwrap_err();
                assert_eq!((error.category(), error.code()), (Category::Data, "23502"), "{}", error);
                assert_eq!(server.value(&format!("SELECT count(*) FROM {}", table)), "0");
            }
        });
    }
}

/// Texts that a collation takes for the same are one key.
#[test]
fn keys_are_equal_when_the_index_says_so() {
    with_server("rb_upsert_collation", |mut server| {
        server.run(
            "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false); \
             CREATE TABLE t (id int, name text COLLATE nocase PRIMARY KEY); CREATE TABLE u (id int, name text); \
             CREATE UNIQUE INDEX ON u (name COLLATE nocase)",
        );
        let schema = two_columns();
        for table in ["t", "u"] {
            let rows = [
                named(1, "Straße"),
                named(2, "STRASSE"),
                named(3, "strasse"),
                named(4, "x"),
            ];
            for _ in 0..2 {
                let nexts = vec![batch(0, 0, &schema, &rows)];
                upsert(&server, "copy", table, &schema, &["name"], nexts).unwrap();
                let ids = server.rows(&format!("SELECT id FROM {} ORDER BY 1", table));
                assert_eq!(ids, ["1", "3", "4"]);
            }
        }
    });
}

#[test]
fn a_key_that_is_missing_or_wrong_is_refused_before_any_row_moves() {
    with_server("rb_upsert_wrong", |mut server| {
        let schema = two_columns().with_metadata(metadata::PRIMARY_KEY, "[\"id\"]");
        let error = refused(&server, "t", &schema, &[]);
        assert_eq!(
            (error.category(), error.code()),
            (Category::Config, "missing_primary_key")
        );
        assert!(
            error.hint_text().unwrap().contains("primary key (id)"),
            "{:?}",
            error.hint_text()
        );
        let error = refused(&server, "t", &schema, &["id", "nr"]);
        assert_eq!(
            (error.category(), error.code()),
            (Category::Config, "unknown_key_column")
        );
        assert!(
            error.message().contains("'nr'") && error.hint_text().unwrap().contains("id, name"),
            "{}",
            error
        );
        assert_eq!(
            refused(&server, "t", &schema, &["id", "id"]).code(),
            "invalid_primary_key"
        );
        assert_eq!(
            server.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'rb_upsert_wrong'"),
            "0"
        );
        for index in [
            "CREATE INDEX ON t (id)",
            "CREATE UNIQUE INDEX ON t (id, name)",
            "CREATE UNIQUE INDEX ON t (name)",
            "CREATE UNIQUE INDEX ON t (id) WHERE id > 0",
            "CREATE UNIQUE INDEX ON t ((id + 0))",
            "ALTER TABLE t ADD UNIQUE (id) DEFERRABLE",
        ] {
            server.run(&format!(
                "DROP TABLE IF EXISTS t; CREATE TABLE t (id int, name text); {}",
                index
            ));
            let error = refused(&server, "t", &schema, &["id"]);
            assert_eq!(
                (error.category(), error.code()),
                (Category::Schema, "no_unique_key"),
                "{}",
                index
            );
            assert!(
                error.message().contains("stream 't'") && error.message().contains("(id)"),
                "{}",
                error
            );
            assert!(
                error.hint_text().unwrap().starts_with("CREATE UNIQUE INDEX ON"),
                "{}",
                index
            );
        }
        server.run("CREATE VIEW v AS SELECT * FROM t");
        assert_eq!(refused(&server, "v", &schema, &["id"]).code(), "not_a_table");
        server.run("CREATE FOREIGN DATA WRAPPER rb_nothing; CREATE SERVER rb_nowhere FOREIGN DATA WRAPPER rb_nothing; CREATE FOREIGN TABLE f (id int, name text) SERVER rb_nowhere");
        let error = refused(&server, "f", &schema, &["id"]);
        server.run("DROP FOREIGN DATA WRAPPER rb_nothing CASCADE");
        assert_eq!(error.code(), "cannot_upsert");
        // A column whose values are the table's own can be a key, and cannot be updated.
        server.run("DROP TABLE t CASCADE; CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, name text UNIQUE)");
        let error = refused(&server, "t", &schema, &["name"]);
        assert!(error.message().contains("column 'id' cannot be updated"), "{}", error);
        server.run("DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text)");
        for name in ["a", "b"] {
            let nexts = vec![batch(0, 0, &schema, &[named(5, name)])];
            upsert(&server, "copy", "t", &schema, &["id"], nexts).unwrap();
            assert_eq!(server.rows("SELECT * FROM t"), [format!("5|{}", name)]);
        }
    });
}

#[test]
fn checks_say_which_rights_an_upsert_needs() {
    with_server("rb_upsert_check", |mut server| {
        server.run(
            "CREATE TABLE t (id int PRIMARY KEY); DROP ROLE IF EXISTS rb_merger; CREATE ROLE rb_merger LOGIN; \
             GRANT USAGE, CREATE ON SCHEMA rb_upsert_check TO rb_merger; GRANT INSERT, UPDATE ON t TO rb_merger",
        );
        let check = |server: &Server| {
            set_host(StandInHost::default());
            let request = json!({"streams": [{"name": "t"}], "write_mode": "upsert"});
            let mut connector = server.connector_with("run", json!({"user": "rb_merger"}));
            let checks = connector
                .check(serde_json::from_value(request).unwrap())
                .unwrap()
                .checks;
            checks
                .into_iter()
                .find(|check| check.name == "target rb_upsert_check.t")
                .unwrap()
        };
        let entry = check(&server);
        assert_eq!((entry.ok, entry.category), (false, Some(Category::Permission)));
        assert!(entry.hint.unwrap().starts_with("GRANT SELECT, INSERT, UPDATE ON"));
        server.run("GRANT SELECT ON t TO rb_merger");
        assert!(check(&server).ok);
        server.run("DROP SCHEMA rb_upsert_check CASCADE; DROP ROLE rb_merger");
    });
}

#[test]
fn a_key_that_the_target_has_not_is_found_before_anything_is_applied() {
    with_server("rb_upsert_keyless", |mut server| {
        server.run(
            "CREATE TABLE t (id int, name text UNIQUE); CREATE VIEW v AS SELECT * FROM t; \
             DROP ROLE IF EXISTS rb_keyless; CREATE ROLE rb_keyless LOGIN; GRANT USAGE, CREATE ON SCHEMA rb_upsert_keyless TO rb_keyless",
        );
        let failed = |server: &Server, user: Value, mode: &str, key: &[&str]| -> Vec<CheckEntry> {
            set_host(StandInHost::default());
            let streams = json!([{"name": "t"}, {"name": "v"}, {"name": "absent"}]);
            let request = json!({"streams": streams, "write_mode": mode, "primary_key": key});
            let mut connector = server.connector_with("run", user);
            let checks = connector
                .check(serde_json::from_value(request).unwrap())
                .unwrap()
                .checks;
            let of_table = |check: &CheckEntry| check.name == "target rb_upsert_keyless.t";
            checks
                .into_iter()
                .filter(|check| of_table(check) && !check.ok)
                .collect()
        };
        let error = refused(&server, "t", &two_columns(), &["id"]);
        let checks = failed(&server, json!({}), "upsert", &["id"]);
        assert_eq!(checks.len(), 1, "{:?}", checks);
        assert_eq!(checks[0].message, error.message());
        assert_eq!(checks[0].hint.as_deref(), error.hint_text());
        assert_eq!(checks[0].category, Some(Category::Schema));
        for (mode, key) in [
            ("upsert", &["name"][..]),
            ("upsert", &[][..]),
            ("append", &["id"][..]),
            ("replace", &["id"][..]),
        ] {
            assert_eq!(failed(&server, json!({}), mode, key), [], "{} {:?}", mode, key);
        }
        let checks = failed(&server, json!({"user": "rb_keyless"}), "upsert", &["id"]);
        let categories: Vec<_> = checks.iter().map(|check| check.category).collect();
        assert_eq!(categories, [Some(Category::Permission), Some(Category::Schema)]);
        server.run("DROP SCHEMA rb_upsert_keyless CASCADE; DROP ROLE rb_keyless");
    });
}

#[test]
fn tables_are_created_with_the_key() {
    with_server("rb_upsert_created", |mut server| {
        let schema = two_columns();
        for (mode, table) in [
            (WriteMode::Append, "a"),
            (WriteMode::Replace, "r"),
            (WriteMode::Upsert, "u"),
        ] {
            set_host(StandInHost::default());
            let target = TargetRequest {
                primary_key: vec!["name".into(), "id".into()],
                ..request("run", table, &schema, mode)
            };
            let mut connector = server.connector("run");
            connector.apply(target.clone()).unwrap();
            connector.finalize(target.into()).unwrap();
            connector.close().unwrap();
            let keys = server.rows(&format!(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '{}'::regclass AND contype = 'p'",
                table
            ));
            assert_eq!(keys, ["PRIMARY KEY (name, id)"], "{}", table);
        }
    });
}

#[test]
fn batches_of_an_upsert_may_alternate_between_plain_and_text() {
    for method in METHODS {
        with_server("rb_upsert_mixed", |mut server| {
            let plain_schema = Schema::new(vec![
                plain("id", DataType::Int32, "integer"),
                plain("at", DataType::Timestamp, "timestamp without time zone"),
            ]);
            let text_schema = Schema::new(vec![
                plain("id", DataType::Int32, "integer"),
                text("at", "timestamp without time zone"),
            ]);
            let plain_row = |id: i32| vec![cell(id.to_le_bytes()), cell(0i64.to_le_bytes())];
            let text_row = |id: i32| vec![cell(id.to_le_bytes()), cell("294276-12-31 23:59:59")];
            let nexts = vec![
                batch(0, 0, &plain_schema, &[plain_row(1), plain_row(2), plain_row(4)]),
                batch(0, 1, &text_schema, &[text_row(1), text_row(3)]),
                batch(0, 2, &plain_schema, &[plain_row(3)]),
                batch(0, 3, &text_schema, &[text_row(4)]),
            ];
            let written = upsert(&server, method, "t", &plain_schema, &["id"], nexts).unwrap();
            assert_eq!((written.rows, written.batches), (7, 4));
            let (old, new) = ("1970-01-01 00:00:00", "294276-12-31 23:59:59");
            let expected: Vec<_> = [new, old, old, new]
                .iter()
                .zip(1..)
                .map(|(at, id)| format!("{}|{}", id, at))
                .collect();
            assert_eq!(server.rows("SELECT * FROM t ORDER BY id"), expected);
        });
    }
}

#[test]
fn writers_of_the_same_rows_wait_for_each_other_in_no_circle() {
    writers_of_the_same_rows(DataErrorPolicy::Fail);
}

#[test]
fn writers_that_leave_bad_records_out_wait_for_each_other_in_no_circle() {
    writers_of_the_same_rows(DataErrorPolicy::Skip);
}

fn writers_of_the_same_rows(policy: DataErrorPolicy) {
    let schema = match policy {
        DataErrorPolicy::Fail => "rb_upsert_parallel",
        _ => "rb_upsert_parallel_skip",
    };
    with_server(schema, |mut server| {
        server.run("CREATE TABLE t (id int PRIMARY KEY, name text)");
        let config = server.config.clone();
        let threads: Vec<_> = (0..4i32)
            .map(|number| {
                let config = config.clone();
                std::thread::spawn(move || {
                    let schema = two_columns();
                    let method = METHODS[number as usize % 2];
                    let mut config = config;
                    config.insert("load_method".into(), method.into());
                    config.insert("exactly_once".into(), false.into());
                    let request_json = json!({"abi": 1, "run_id": "run", "config": config});
                    let mut connector =
                        PostgresDestination::open(serde_json::from_value(request_json).unwrap()).unwrap();
                    let target = TargetRequest {
                        on_data_error: policy,
                        ..upsert_request("t", &schema, &["id"])
                    };
                    let host = StandInHost::default();
                    let input = host.input();
                    set_host(host);
                    for round in 0..10 {
                        // Each in an order of its own, and in several batches.
                        let ids: Vec<i32> = (0..600).map(|id| id * [1, 7, 11, 599][number as usize] % 600).collect();
                        let rows: Vec<_> = ids
                            .iter()
                            .map(|id| named(*id, &format!("{} {}", number, round)))
                            .collect();
                        for (rows, sequence) in rows.chunks(200).zip(0..) {
                            let frame = frame(&schema, rows);
                            input.push(header(0, sequence, &frame), &frame);
                        }
                        connector.apply(target.clone()).unwrap();
                        let request = WriteRequest {
                            target: target.clone(),
                            options: Map::new(),
                        };
                        connector.write(request).unwrap();
                    }
                    connector.close().unwrap();
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(server.value("SELECT count(*) FROM t"), "600");
        // Each transaction wrote all keys, so that the last one has all of them.
        assert_eq!(server.value("SELECT count(DISTINCT name) FROM t"), "1");
    });
}

#[test]
fn partitioned_tables_are_merged_into() {
    with_server("rb_upsert_parts", |mut server| {
        server.run(
            "CREATE TABLE t (id int PRIMARY KEY, name text) PARTITION BY RANGE (id); \
             CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10); CREATE TABLE t2 PARTITION OF t DEFAULT",
        );
        let schema = two_columns();
        for method in METHODS {
            let nexts = vec![batch(0, 0, &schema, &[named(1, "a"), named(20, "a"), named(1, method)])];
            upsert(&server, method, "t", &schema, &["id"], nexts).unwrap();
            assert_eq!(
                server.rows("SELECT * FROM t ORDER BY id"),
                [format!("1|{}", method), "20|a".into()]
            );
        }
        assert_eq!(server.value("SELECT count(*) FROM t1"), "1");
    });
}

/// Comparisons that somebody else has put into a schema of the search path are not used.
#[test]
fn operators_of_others_are_never_called() {
    with_server("rb_upsert_trap", |mut server| {
        // Those of the rows, and those that the catalogue is asked by.
        let types = [
            "varchar", "text", "int4", "int8", "oid", "regtype", "regclass", "name", "int2", "\"char\"",
        ];
        for left in types {
            for right in types {
                server.run(&format!("CREATE FUNCTION trap({0}, {1}) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$", left, right));
                for operator in ["=", "<>", "<", "<=", ">", ">=", "+", "-", ">>"] {
                    server.run(&format!(
                        "CREATE OPERATOR rb_upsert_trap.{} (LEFTARG = {}, RIGHTARG = {}, FUNCTION = trap)",
                        operator, left, right
                    ));
                }
            }
        }
        server.run("DROP ROLE IF EXISTS rb_trapped; CREATE ROLE rb_trapped LOGIN SUPERUSER; ALTER ROLE rb_trapped SET search_path = rb_upsert_trap");
        let schema = versioned(&["tie", "at"]);
        let mut connector_config = server.config.clone();
        connector_config.insert("user".into(), "rb_trapped".into());
        server.config = connector_config;
        for method in METHODS {
            for _ in 0..2 {
                let mut append = request("run", "appended", &schema, WriteMode::Append);
                let mut connector = server.connector("run");
                connector.apply(append.clone()).unwrap();
                append.write_mode = WriteMode::Replace;
                connector.apply(append.clone()).unwrap();
                connector.finalize(append.into()).unwrap();
                let nexts = vec![
                    batch(
                        0,
                        1,
                        &schema,
                        &[version(1, Some(1), "a", "old"), version(1, Some(1), "b", "new")],
                    ),
                    batch(
                        0,
                        0,
                        &schema,
                        &[version(1, Some(0), "b", "less"), version(2, Some(1), "b", "new")],
                    ),
                ];
                upsert(&server, method, "t", &schema, &["id"], nexts).unwrap();
                assert_eq!(server.rows("SELECT name FROM t"), ["new", "new"]);
            }
        }
        // What was temporary goes with the server's processes, which end a little after their connections.
        server.run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'rb_trapped'");
        server.run("DROP SCHEMA rb_upsert_trap CASCADE; DROP ROLE rb_trapped");
    });
}
