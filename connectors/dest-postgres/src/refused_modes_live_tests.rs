// SPDX-License-Identifier: Apache-2.0

//! Records that a real server refuses, in every mode and by either load method; live_tests.rs says how the tests get one.

use crate::live_tests::*;
use rapidbyte_sdk::abi::{set_host, Recording, StandInHost};
use rapidbyte_sdk::arrow::{metadata, DataType, Field, Schema};
use rapidbyte_sdk::*;
use serde_json::{json, Value};
use std::cell::RefCell;
use std::rc::Rc;

use DataErrorPolicy::{Dlq, Fail, Skip};
use WriteMode::{Append, Replace, Upsert};

const MODES: [WriteMode; 3] = [Append, Replace, Upsert];
const METHODS: [&str; 2] = ["copy", "insert"];

/// One way to write into the table `t`, whose key is `id`.
#[derive(Clone, Copy, Debug)]
struct Way {
    mode: WriteMode,
    method: &'static str,
    policy: DataErrorPolicy,
}

/// All ways of these modes.
fn ways(modes: &[WriteMode], policies: &[DataErrorPolicy]) -> Vec<Way> {
    let mut ways = Vec::new();
    for mode in modes {
        for method in METHODS {
            ways.extend(policies.iter().map(|policy| Way {
                mode: *mode,
                method,
                policy: *policy,
            }));
        }
    }
    ways
}

impl Way {
    fn request(&self, schema: &Schema) -> TargetRequest {
        let mut request = request("run", "t", schema, self.mode);
        request.on_data_error = self.policy;
        if self.mode == Upsert {
            request.primary_key = vec!["id".into()];
        }
        request
    }

    fn connector(&self, server: &Server) -> crate::PostgresDestination {
        server.connector_with("run", json!({ "load_method": self.method }))
    }

    /// Applies and writes; returns what was answered, and what the host was told.
    fn write(
        &self,
        server: &Server,
        schema: &Schema,
        gives: Vec<Give>,
    ) -> (Result<WriteResponse>, Rc<RefCell<Recording>>) {
        let recording = host(gives);
        let mut connector = self.connector(server);
        let target = self.request(schema);
        let outcome = connector.apply(target.clone()).and_then(|_| {
            connector.write(WriteRequest {
                target,
                options: serde_json::Map::new(),
            })
        });
        (outcome, recording)
    }

    fn finalize(&self, server: &Server, schema: &Schema) -> Result<TargetResponse> {
        set_host(StandInHost::default());
        self.connector(server).finalize(self.request(schema).into())
    }

    /// Writes and finalizes, which have to succeed; returns what was answered, and the dead letters.
    fn complete(&self, server: &Server, schema: &Schema, gives: Vec<Give>) -> (WriteResponse, Vec<Value>) {
        let (outcome, recording) = self.write(server, schema, gives);
        let written = outcome.unwrap_or_else(|error| panic!("{:?}: {}", self, error));
        self.finalize(server, schema).unwrap();
        let letters = recording.borrow().dead_letters.clone();
        (written, letters)
    }
}

fn row(id: i32, name: impl AsRef<[u8]>) -> Vec<Cell> {
    vec![cell(id.to_le_bytes()), cell(name)]
}

fn named(native: &str) -> Schema {
    Schema::new(vec![plain("id", DataType::Int32, "integer"), text("name", native)])
}

fn batch(schema: &Schema, rows: &[Vec<Cell>]) -> Give {
    Give::Frame(frame(schema, rows))
}

/// What is bad about a record.
struct Kind {
    code: &'static str,
    /// What there is before `t` is made, the type of `name` in it, and what else belongs to it.
    before: &'static str,
    name: &'static str,
    more: &'static str,
    schema: Schema,
    bad: Vec<Cell>,
    /// What the dead letter has as `id` and `name`.
    record: Value,
}

fn kinds() -> Vec<Kind> {
    let kind = |code, name, bad, record| Kind {
        code,
        before: "",
        name,
        more: "",
        schema: two_columns(),
        bad,
        record,
    };
    vec![
        kind("23502", "text", vec![Cell::Null, cell("bad")], json!([null, "bad"])),
        Kind {
            // A column that may be null in the stream would be made so in the target.
            schema: Schema::new(vec![
                plain("id", DataType::Int32, "integer"),
                Field::new("name", DataType::Utf8, false).with_metadata(metadata::NATIVE_TYPE, "text"),
            ]),
            ..kind("23502", "text NOT NULL", vec![cell(2i32.to_le_bytes()), Cell::Null], json!([2, null]))
        },
        kind("23514", "text CHECK (name <> 'bad')", row(2, "bad"), json!([2, "bad"])),
        Kind {
            // A replaced table has the types of the stream.
            schema: Schema::new(vec![
                plain("id", DataType::Int32, "integer"),
                plain("name", DataType::Utf8, "character varying(3)"),
            ]),
            ..kind("22001", "varchar(3)", row(2, "too long"), json!([2, "too long"]))
        },
        // Another unique index than that of the key, whose value another record of the batch has.
        kind("23505", "text UNIQUE", row(2, "a"), json!([2, "a"])),
        kind("22021", "text", row(2, b"\xC3("), json!([2, "\u{fffd}("])),
        Kind {
            before: "CREATE TABLE p (name text PRIMARY KEY); INSERT INTO p VALUES ('1'), ('a'), ('c');",
            ..kind("23503", "text REFERENCES p", row(2, "bad"), json!([2, "bad"]))
        },
        Kind {
            before: "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no'' USING ERRCODE = ''23001''; END';",
            more: "CREATE TRIGGER no BEFORE INSERT ON t FOR EACH ROW WHEN (new.name = 'bad') EXECUTE FUNCTION no();",
            ..kind("23001", "text", row(2, "bad"), json!([2, "bad"]))
        },
        Kind {
            // What a target's own check says by RAISE EXCEPTION.
            before: "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';",
            more: "CREATE TRIGGER no BEFORE INSERT ON t FOR EACH ROW WHEN (new.name = 'bad') EXECUTE FUNCTION no();",
            ..kind("P0001", "text", row(2, "bad"), json!([2, "bad"]))
        },
        Kind {
            schema: named("numeric"),
            ..kind("unwritable_value", "numeric", row(2, "one"), json!([2, "one"]))
        },
        Kind {
            // By the staged route.
            schema: named("bit varying(4)"),
            ..kind("22001", "bit varying(4)", row(2, "10101"), json!([2, "10101"]))
        },
        Kind {
            schema: named("interval"),
            ..kind("22007", "interval", row(2, "no time"), json!([2, "no time"]))
        },
    ]
}

/// A good value for the column.
fn good(kind: &Kind, id: i32) -> Vec<Cell> {
    match kind.schema == two_columns() {
        true => row(id, if id == 1 { "a" } else { "c" }),
        false => row(id, "1"),
    }
}

#[test]
fn each_kind_of_bad_record_is_left_out_in_each_mode_by_each_method() {
    with_server("rb_modes", |mut server| {
        for kind in kinds() {
            // To leave a record out differs in that it is not handed over, whatever is bad about it.
            let policies: &[_] = if kind.code == "23514" { &[Skip, Dlq] } else { &[Dlq] };
            for way in ways(&MODES, policies) {
                if way.mode == Replace && matches!(kind.code, "23503" | "23001" | "P0001") {
                    // Looked at when the new table takes its place, or not at all.
                    continue;
                }
                server.run("DROP SCHEMA rb_modes CASCADE; CREATE SCHEMA rb_modes");
                let create = format!(
                    "{} CREATE TABLE t (id int PRIMARY KEY, name {}); {}",
                    kind.before, kind.name, kind.more
                );
                server.run(&create);
                let gives = || {
                    let rows = [good(&kind, 1), kind.bad.clone(), good(&kind, 3)];
                    vec![batch(&kind.schema, &rows), batch(&kind.schema, &[])]
                };
                let about = format!("{} {:?}", create, way);
                let (outcome, recording) = way.write(&server, &kind.schema, gives());
                let written = outcome.unwrap_or_else(|error| panic!("{}: {}", about, error));
                assert_eq!((written.rows, written.refused, written.batches), (2, 1, 2), "{}", about);
                let letters = recording.borrow().dead_letters.clone();
                if way.policy == Dlq {
                    assert_eq!(letters.len(), 1, "{}", about);
                    let letter = &letters[0];
                    assert_eq!(letter["error"]["code"], kind.code, "{}: {}", about, letter);
                    assert_eq!(letter["error"]["category"], "data");
                    assert_eq!(
                        json!([letter["record"]["id"], letter["record"]["name"]]),
                        kind.record,
                        "{}",
                        about
                    );
                } else {
                    assert!(letters.is_empty());
                }
                // By another instance, as after a worker was lost.
                let (again, recording) = way.write(&server, &kind.schema, gives());
                assert_eq!(again.unwrap(), written, "{}", about);
                assert_eq!(recording.borrow().dead_letters, letters, "{}", about);
                assert_eq!(
                    server.rows(
                        "SELECT row_count, refused_count FROM _rapidbyte_ledger WHERE unit = 0 ORDER BY sequence"
                    ),
                    ["2|1", "0|0"],
                    "{}",
                    about
                );
                way.finalize(&server, &kind.schema).unwrap();
                assert_eq!(server.rows("SELECT id FROM t ORDER BY id"), ["1", "3"], "{}", about);
            }
        }
    });
}

#[test]
fn a_value_that_another_row_of_the_target_has_is_refused() {
    with_server("rb_modes_there", |mut server| {
        for way in ways(&[Append, Upsert], &[Dlq]) {
            server.run(
                "DROP SCHEMA rb_modes_there CASCADE; CREATE SCHEMA rb_modes_there; \
                 CREATE TABLE t (id int PRIMARY KEY, name text UNIQUE); INSERT INTO t VALUES (9, 'there')",
            );
            let rows = [row(1, "a"), row(2, "there"), row(3, "c")];
            let (written, letters) = way.complete(&server, &two_columns(), vec![batch(&two_columns(), &rows)]);
            assert_eq!((written.rows, written.refused, letters.len()), (2, 1, 1), "{:?}", way);
            assert_eq!(letters[0]["error"]["code"], "23505");
            assert_eq!(letters[0]["error"]["details"]["constraint"], "t_name_key");
            assert_eq!(
                server.rows("SELECT * FROM t ORDER BY id"),
                ["1|a", "3|c", "9|there"],
                "{:?}",
                way
            );
        }
    });
}

#[test]
fn of_two_records_with_one_value_the_first_stays() {
    with_server("rb_modes_first", |mut server| {
        for constraint in ["UNIQUE", "UNIQUE DEFERRABLE"] {
            for way in ways(&MODES, &[Dlq]) {
                server.run(&format!(
                    "DROP SCHEMA rb_modes_first CASCADE; CREATE SCHEMA rb_modes_first; \
                     CREATE TABLE t (id int PRIMARY KEY, name text {}); INSERT INTO t VALUES (1, 'x'), (2, 'y')",
                    constraint
                ));
                let rows = [row(9, "a"), row(8, "a"), row(7, "a"), row(6, "b")];
                let (written, letters) = way.complete(&server, &two_columns(), vec![batch(&two_columns(), &rows)]);
                assert_eq!((written.rows, written.refused, letters.len()), (2, 2, 2), "{:?}", way);
                assert_eq!(
                    server.rows("SELECT * FROM t WHERE id > 2 ORDER BY id"),
                    ["6|b", "9|a"],
                    "{:?}",
                    way
                );
                if way.mode != Upsert {
                    continue;
                }
                // A value moves from one row to another.
                let moves = vec![Give::Batch(1, 0, frame(&two_columns(), &[row(1, "y"), row(2, "z")]))];
                let mut target = way.request(&two_columns());
                target.run_id = "next".into();
                host(moves);
                let mut connector = server.connector_with("next", json!({ "load_method": way.method }));
                let options = serde_json::Map::new();
                let written = connector.write(WriteRequest { target, options }).unwrap();
                let (refused, rows) = match constraint {
                    "UNIQUE" => (1, ["1|x", "2|z"]),
                    _ => (0, ["1|y", "2|z"]),
                };
                assert_eq!(written.refused, refused, "{} {:?}", constraint, way);
                assert_eq!(server.rows("SELECT * FROM t WHERE id < 3 ORDER BY id"), rows);
            }
        }
    });
}

#[test]
fn one_bad_row_among_many_is_found_with_few_statements() {
    with_server("rb_modes_one", |mut server| {
        // How the target refuses it, the SQLSTATE, and the most statements that write into the target by COPY, by INSERT, and to merge.
        let cases = [
            ("varchar(10)", "22001", 3, 80, 2),
            ("text CHECK (length(name) <= 10)", "23514", 3, 80, 40),
            ("text REFERENCES p", "23503", 40, 80, 40),
        ];
        for (name, code, most_copied, most_inserted, most_merged) in cases {
            for way in ways(&[Append, Upsert], &[Dlq]) {
                server.run("DROP SCHEMA rb_modes_one CASCADE; CREATE SCHEMA rb_modes_one");
                server.run(&format!(
                    "CREATE TABLE p (name text PRIMARY KEY); INSERT INTO p VALUES ('short'); \
                     CREATE SEQUENCE statements; \
                     CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('rb_modes_one.statements'); RETURN NULL; END $$; \
                     CREATE TABLE t (id int PRIMARY KEY, name {}); \
                     CREATE TRIGGER count_it BEFORE INSERT ON t EXECUTE FUNCTION count_it()",
                    name
                ));
                let name_of = |id| match id {
                    7_777 => "far too long a name",
                    _ => "short",
                };
                let rows: Vec<_> = (1..=10_000).map(|id| row(id, name_of(id))).collect();
                let (written, letters) = way.complete(&server, &two_columns(), vec![batch(&two_columns(), &rows)]);
                assert_eq!((written.rows, written.refused), (9_999, 1), "{} {:?}", name, way);
                let row_bytes = 8 + 4 + "short".len() as u64;
                let row_bytes = row_bytes + if way.method == "copy" { 2 } else { 0 };
                let row_bytes = row_bytes + if way.mode == Upsert { 12 } else { 0 };
                assert_eq!(written.bytes / 9_999, row_bytes, "{} {:?}", name, way);
                // Of a row that was merged only the mean of its batch's is known.
                if way.mode == Append || code == "22001" {
                    assert_eq!(written.bytes % 9_999, 0, "{} {:?}", name, way);
                }
                assert_eq!(letters.len(), 1);
                assert_eq!(letters[0]["record"]["id"], 7_777);
                assert_eq!(letters[0]["error"]["code"], code);
                assert_eq!(
                    server.value("SELECT count(*) || ' ' || sum(id) FROM t"),
                    format!("9999 {}", 50_005_000 - 7_777)
                );
                let statements: u32 = server.value("SELECT last_value FROM statements").parse().unwrap();
                // By INSERT a statement has no more than a thousand rows.
                let most = match way {
                    Way {
                        mode: Upsert,
                        method: "insert",
                        ..
                    } => most_merged.max(40),
                    Way { mode: Upsert, .. } => most_merged,
                    Way { method: "insert", .. } => most_inserted,
                    _ => most_copied,
                };
                assert!(statements <= most, "{} {:?}: {} statements", name, way, statements);
            }
        }
    });
}

#[test]
fn of_a_key_the_newest_version_that_the_target_takes_stays() {
    with_server("rb_modes_versions", |mut server| {
        for way in ways(&[Upsert], &[Skip, Dlq]) {
            let start = |server: &mut Server| {
                server.run(
                    "DROP SCHEMA rb_modes_versions CASCADE; CREATE SCHEMA rb_modes_versions; \
                     CREATE TABLE t (id int PRIMARY KEY, name varchar(10) CHECK (name NOT LIKE 'bad%')); \
                     INSERT INTO t VALUES (1, 'old'), (2, 'old'), (4, 'old')",
                )
            };
            start(&mut server);
            let rows = [
                row(1, "first"),
                row(1, "second"),
                row(2, "bad"),
                row(3, "first"),
                row(1, "bad newest"),
            ];
            let (written, letters) = way.complete(&server, &two_columns(), vec![batch(&two_columns(), &rows)]);
            assert_eq!((written.rows, written.refused), (3, 2), "{:?}", way);
            assert_eq!(
                server.rows("SELECT id, name FROM t ORDER BY id"),
                ["1|second", "2|old", "3|first", "4|old"],
                "{:?}",
                way
            );
            let names: Vec<_> = letters.iter().map(|letter| &letter["record"]["name"]).collect();
            if way.policy == Dlq {
                assert_eq!(names, [&json!("bad"), &json!("bad newest")]);
            }
            // What a newer version of the same commit has replaced is not looked at by the target; but it has to be of its columns' types.
            start(&mut server);
            let rows = [
                row(1, "bad"),
                row(1, "newest"),
                row(2, "far too long"),
                row(2, "newest"),
            ];
            let (written, letters) = way.complete(&server, &two_columns(), vec![batch(&two_columns(), &rows)]);
            assert_eq!((written.rows, written.refused), (3, 1), "{:?}", way);
            assert_eq!(
                server.rows("SELECT id, name FROM t ORDER BY id"),
                ["1|newest", "2|newest", "4|old"]
            );
            if way.policy == Dlq {
                assert_eq!(letters[0]["record"], json!({"id": 2, "name": "far too long"}));
            }
            // Unless it is merged by itself, because of another one.
            start(&mut server);
            let rows = [row(1, "bad"), row(2, "bad"), row(1, "newest")];
            let (written, _) = way.complete(&server, &two_columns(), vec![batch(&two_columns(), &rows)]);
            assert_eq!((written.rows, written.refused), (1, 2), "{:?}", way);
            assert_eq!(
                server.rows("SELECT id, name FROM t ORDER BY id"),
                ["1|newest", "2|old", "4|old"]
            );
        }
    });
}

#[test]
fn what_a_merge_refuses_is_counted_with_its_batch_and_handed_over_in_the_form_of_all_others() {
    let binary = |name: &str| plain(name, DataType::Binary, "bytea");
    let schema = Schema::new(vec![
        plain("id", DataType::Int32, "integer"),
        plain("name", DataType::Utf8, "text"),
        text("exact", "numeric"),
        plain("price", DataType::Decimal128(10, 2), "numeric(10,2)"),
        plain("at", DataType::TimestampUtc, "timestamp with time zone"),
        plain("day", DataType::Date32, "date"),
        plain("ratio", DataType::Float64, "double precision"),
        binary("bytes"),
        plain("yes", DataType::Bool, "boolean"),
    ]);
    let full = |id: i32, name: &str| {
        vec![
            cell(id.to_le_bytes()),
            cell(name),
            cell("1.50"),
            cell((-5i128).to_le_bytes()),
            cell(1_234_567_890i64.to_le_bytes()),
            cell(12i32.to_le_bytes()),
            cell(f64::NAN.to_le_bytes()),
            cell([1, 0xAB]),
            Cell::Bool(true),
        ]
    };
    let empty = |id: i32, name: &str| {
        let mut row = vec![cell(id.to_le_bytes()), cell(name)];
        row.resize_with(9, || Cell::Null);
        row
    };
    let wide = "ä\n\"".repeat(10_000);
    let batches = || {
        vec![
            batch(
                &schema,
                &[full(1, "a"), full(2, "bad"), full(3, "b\0"), full(2, "ä\n\"\\ bad")],
            ),
            batch(&schema, &[full(4, "a")]),
            batch(
                &schema,
                &[empty(5, "bad"), full(6, "a"), full(7, &(wide.clone() + "bad"))],
            ),
        ]
    };
    let letters_of = |letters: &[Value]| {
        let mut records: Vec<_> = letters.iter().map(|letter| letter["record"].clone()).collect();
        records.sort_by_key(|record| (record["id"].as_i64(), record["name"].to_string()));
        records
    };
    with_server("rb_modes_merged", |mut server| {
        for method in METHODS {
            let way = |mode| Way {
                mode,
                method,
                policy: Dlq,
            };
            let start = |server: &mut Server| {
                server.run(
                    "DROP SCHEMA rb_modes_merged CASCADE; CREATE SCHEMA rb_modes_merged; \
                     CREATE TABLE t (id int PRIMARY KEY, name text CHECK (name NOT LIKE '%bad'), exact numeric, price numeric(10,2), \
                     at timestamptz, day date, ratio float8, bytes bytea, yes bool)",
                )
            };
            start(&mut server);
            let (appended, expected) = way(Append).complete(&server, &schema, batches());
            assert_eq!(
                (appended.rows, appended.refused, expected.len()),
                (3, 5, 5),
                "{}",
                method
            );
            let ledger = "SELECT row_count, refused_count, json_array_length(refused) FROM _rapidbyte_ledger \
                          WHERE unit = 0 ORDER BY sequence";
            let entered = server.rows(ledger);
            assert_eq!(entered, ["1|3|3", "1|0|null", "1|2|2"]);
            start(&mut server);
            let (written, letters) = way(Upsert).complete(&server, &schema, batches());
            assert_eq!(
                (written.rows, written.refused, written.batches),
                (3, 5, 3),
                "{}",
                method
            );
            // They are too long to be printed.
            assert!(letters_of(&letters) == letters_of(&expected), "{}", method);
            for letter in &letters {
                assert_eq!(letter["stream"], "t");
                assert!(
                    matches!(letter["error"]["code"].as_str(), Some("23514") | Some("22021")),
                    "{}",
                    letter
                );
            }
            assert_eq!(server.rows(ledger), entered, "{}", method);
            assert_eq!(server.rows("SELECT id FROM t ORDER BY id"), ["1", "4", "6"]);
            let (again, repeated) = way(Upsert).write(&server, &schema, batches());
            assert_eq!(again.unwrap(), written, "{}", method);
            let repeated = repeated.borrow().dead_letters.clone();
            assert!(letters_of(&repeated) == letters_of(&letters), "{}", method);
        }
    });
}

#[test]
fn what_is_held_of_refused_records_is_bounded_before_they_are_merged() {
    with_server("rb_modes_bounded", |mut server| {
        for way in ways(&[Upsert], &[Dlq]) {
            server.run(
                "DROP SCHEMA rb_modes_bounded CASCADE; CREATE SCHEMA rb_modes_bounded; \
                 CREATE TABLE t (id int PRIMARY KEY, name varchar(10) CHECK (name <> 'bad'))",
            );
            let wide = "far too long ".repeat(1_200);
            let mut rows = vec![row(1, "a"), row(2, "a"), row(3, "bad")];
            rows.extend((10..610).map(|id| row(id, &wide)));
            let gives = || {
                vec![
                    batch(&two_columns(), &rows),
                    batch(&two_columns(), &[row(1, "b"), row(4, "b")]),
                    batch(&two_columns(), &[row(2, "bad"), row(4, "bad"), row(5, "c")]),
                ]
            };
            let (written, letters) = way.complete(&server, &two_columns(), gives());
            assert_eq!(
                (written.rows, written.refused, written.batches),
                (5, 603, 3),
                "{:?}",
                way
            );
            assert_eq!(letters.len(), 603);
            assert!(letters.iter().map(|letter| letter.to_string().len()).sum::<usize>() > 8 << 20);
            assert_eq!(
                server.rows("SELECT * FROM t ORDER BY id"),
                ["1|b", "2|a", "4|b", "5|c"],
                "{:?}",
                way
            );
            assert_eq!(
                server.rows(
                    "SELECT row_count, refused_count, json_array_length(refused) FROM _rapidbyte_ledger WHERE unit = 0 ORDER BY sequence"
                ),
                ["2|601|601", "2|0|null", "1|2|2"],
                "{:?}",
                way
            );
            let (again, repeated) = way.write(&server, &two_columns(), gives());
            assert_eq!(again.unwrap(), written);
            assert_eq!(repeated.borrow().dead_letters.len(), 603);
        }
    });
}

#[test]
fn one_call_merges_by_parts_in_one_transaction_and_at_once_in_the_next() {
    with_server("rb_modes_next", |mut server| {
        for way in ways(&[Upsert], &[Skip, Dlq]) {
            server.run(
                "DROP SCHEMA rb_modes_next CASCADE; CREATE SCHEMA rb_modes_next; \
                 CREATE TABLE t (id int PRIMARY KEY, name text CHECK (name <> 'bad'))",
            );
            let rows = |from: i32, bad: bool| {
                let name = if bad { "bad" } else { "good" };
                frame(&two_columns(), &[row(from, name), row(from + 1, "good")])
            };
            let gives = vec![
                Give::Batch(0, 0, rows(1, true)),
                Give::Batch(0, 1, rows(3, false)),
                Give::Checkpoint,
                Give::Batch(0, 2, rows(5, false)),
                Give::Batch(0, 3, rows(7, true)),
                Give::Checkpoint,
                Give::Batch(0, 4, rows(9, false)),
            ];
            let (written, letters) = way.complete(&server, &two_columns(), gives);
            assert_eq!((written.rows, written.refused, written.batches), (8, 2, 5), "{:?}", way);
            assert_eq!(letters.len(), if way.policy == Dlq { 2 } else { 0 });
            assert_eq!(
                server.value("SELECT string_agg(id::text, ',' ORDER BY id) FROM t"),
                "2,3,4,5,6,8,9,10"
            );
        }
    });
}

#[test]
fn the_version_with_the_greatest_cursor_that_the_target_takes_stays() {
    let schema = Schema::new(vec![
        plain("id", DataType::Int32, "integer"),
        plain("at", DataType::Int32, "integer"),
        plain("name", DataType::Utf8, "text"),
    ])
    .with_metadata(metadata::CURSOR, "[\"at\"]");
    let version = |id: i32, at: i32, name: &str| vec![cell(id.to_le_bytes()), cell(at.to_le_bytes()), cell(name)];
    with_server("rb_modes_cursor", |mut server| {
        for way in ways(&[Upsert], &[Dlq]) {
            server.run(
                "DROP SCHEMA rb_modes_cursor CASCADE; CREATE SCHEMA rb_modes_cursor; \
                 CREATE TABLE t (id int PRIMARY KEY, at int, name text CHECK (name <> 'bad')); \
                 INSERT INTO t VALUES (1, 4, 'old'), (2, 4, 'old'), (3, 4, 'old')",
            );
            let rows = [
                version(1, 9, "bad"),
                version(1, 6, "newer"),
                version(1, 5, "new"),
                version(2, 9, "bad"),
                version(2, 3, "older"),
                version(3, 7, "new"),
            ];
            let (written, letters) = way.complete(&server, &schema, vec![batch(&schema, &rows)]);
            assert_eq!((written.rows, written.refused, letters.len()), (4, 2, 2), "{:?}", way);
            assert_eq!(
                server.rows("SELECT id, at, name FROM t ORDER BY id"),
                ["1|6|newer", "2|4|old", "3|7|new"],
                "{:?}",
                way
            );
        }
    });
}

#[test]
fn what_a_deferred_constraint_refuses_is_a_bad_record() {
    with_server("rb_modes_deferred", |mut server| {
        let cases = [
            (
                "id int PRIMARY KEY, name text UNIQUE DEFERRABLE INITIALLY DEFERRED",
                "t_name_key",
                "23505",
                "a",
            ),
            (
                "id int PRIMARY KEY, name text REFERENCES p DEFERRABLE INITIALLY DEFERRED",
                "t_name_fkey",
                "23503",
                "x",
            ),
            (
                "id int PRIMARY KEY, name text, EXCLUDE (name WITH =) DEFERRABLE INITIALLY DEFERRED",
                "t_name_excl",
                "23P01",
                "a",
            ),
        ];
        for (columns, constraint, code, bad) in cases {
            for way in ways(&MODES, &[Fail, Skip, Dlq]) {
                if way.mode == Replace && code == "23503" {
                    continue;
                }
                server.run("DROP SCHEMA rb_modes_deferred CASCADE; CREATE SCHEMA rb_modes_deferred");
                server.run(&format!(
                    "CREATE TABLE p (name text PRIMARY KEY); INSERT INTO p VALUES ('a'), ('c'), ('d'); CREATE TABLE t ({})",
                    columns
                ));
                let about = format!("{} {:?}", columns, way);
                let gives = || {
                    vec![
                        batch(&two_columns(), &[row(1, "a"), row(2, bad), row(3, "c")]),
                        batch(&two_columns(), &[row(4, "d"), row(5, bad)]),
                    ]
                };
                let (outcome, recording) = way.write(&server, &two_columns(), gives());
                if way.policy == Fail {
                    let error = outcome.unwrap_err();
                    assert_eq!((error.code(), error.category()), (code, Category::Data), "{}", about);
                    assert_eq!(error.state_of_commit(), CommitState::BeforeCommit, "{}", about);
                    assert!(!error.is_retryable());
                    let message = error.message();
                    assert!(message.contains("deferred until COMMIT"), "{}: {}", about, message);
                    assert!(message.contains("(name)=("), "{}: {}", about, message);
                    // A side table's constraints have names of their own.
                    assert!(
                        way.mode == Replace || message.contains(constraint),
                        "{}: {}",
                        about,
                        message
                    );
                    assert!(error.hint_text().unwrap().contains("on_data_error"), "{}", error);
                    assert_eq!(server.value("SELECT count(*) FROM t"), "0");
                    continue;
                }
                let written = outcome.unwrap_or_else(|error| panic!("{}: {}", about, error));
                assert_eq!((written.rows, written.refused, written.batches), (3, 2, 2), "{}", about);
                let letters = recording.borrow().dead_letters.clone();
                let found: Vec<_> = letters
                    .iter()
                    .map(|letter| (letter["error"]["code"].clone(), letter["record"]["id"].clone()))
                    .collect();
                let expected = [(json!(code), json!(2)), (json!(code), json!(5))];
                assert_eq!(found, expected[..if way.policy == Dlq { 2 } else { 0 }], "{}", about);
                let (again, recording) = way.write(&server, &two_columns(), gives());
                assert_eq!(again.unwrap(), written, "{}", about);
                assert_eq!(recording.borrow().dead_letters, letters, "{}", about);
                way.finalize(&server, &two_columns()).unwrap();
                assert_eq!(
                    server.rows("SELECT * FROM t ORDER BY id"),
                    ["1|a", "3|c", "4|d"],
                    "{}",
                    about
                );
            }
        }
    });
}

#[test]
fn records_that_need_each_other_come_in_order_or_with_each_other() {
    let schema = Schema::new(vec![
        plain("id", DataType::Int32, "integer"),
        plain("parent", DataType::Int32, "integer"),
    ]);
    let of = |id: i32, parent: i32| vec![cell(id.to_le_bytes()), cell(parent.to_le_bytes())];
    with_server("rb_modes_family", |mut server| {
        for way in ways(&[Append, Upsert], &[Fail, Dlq]) {
            server.run(
                "DROP SCHEMA rb_modes_family CASCADE; CREATE SCHEMA rb_modes_family; \
                 CREATE TABLE t (id int PRIMARY KEY, parent int REFERENCES t DEFERRABLE INITIALLY DEFERRED)",
            );
            let gives = vec![
                batch(&schema, &[of(2, 1), of(1, 1), of(3, 9)]),
                batch(&schema, &[of(9, 9), of(4, 3)]),
            ];
            let (written, letters) = way.complete(&server, &schema, gives);
            let refused: Vec<_> = letters.iter().map(|letter| letter["record"]["id"].clone()).collect();
            let rows = server.value("SELECT string_agg(id::text, ',' ORDER BY id) FROM t");
            match way.policy {
                // At COMMIT all of them are there.
                Fail => assert_eq!((written.rows, rows.as_str()), (5, "1,2,3,4,9"), "{:?}", way),
                // They are merged together.
                _ if way.mode == Upsert => assert_eq!((written.rows, rows.as_str()), (5, "1,2,3,4,9"), "{:?}", way),
                // The parent of 3 comes with the next batch. When it is looked for, 2 is without that of its own, too.
                _ => assert_eq!(
                    (refused, rows.as_str()),
                    (vec![json!(2), json!(3), json!(4)], "1,9"),
                    "{:?}",
                    way
                ),
            }
        }
    });
}

#[test]
fn a_foreign_key_of_a_replaced_table_ends_the_run() {
    with_server("rb_modes_replaced", |mut server| {
        for way in ways(&[Replace], &[Dlq]) {
            server.run(
                "DROP SCHEMA rb_modes_replaced CASCADE; CREATE SCHEMA rb_modes_replaced; \
                 CREATE TABLE p (name text PRIMARY KEY); INSERT INTO p VALUES ('a'); \
                 CREATE TABLE t (id int PRIMARY KEY, name text REFERENCES p); INSERT INTO t VALUES (7, 'a')",
            );
            let rows = [row(1, "a"), row(2, "bad")];
            let (outcome, _) = way.write(&server, &two_columns(), vec![batch(&two_columns(), &rows)]);
            assert_eq!(outcome.unwrap().rows, 2);
            let error = way.finalize(&server, &two_columns()).unwrap_err();
            assert_eq!((error.code(), error.category()), ("23503", Category::Data), "{}", error);
            assert!(
                error.message().contains("t_name_fkey") && error.message().contains("(name)=(bad)"),
                "{}",
                error
            );
            assert_eq!(server.rows("SELECT * FROM t"), ["7|a"]);
            // When it is there after all, the run can be completed.
            server.run("INSERT INTO p VALUES ('bad')");
            way.finalize(&server, &two_columns()).unwrap();
            assert_eq!(server.rows("SELECT * FROM t ORDER BY id"), ["1|a", "2|bad"]);
        }
    });
}
