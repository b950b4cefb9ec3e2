// SPDX-License-Identifier: Apache-2.0

//! `load_method: insert`.

use super::*;
use rapidbyte_sdk::abi::StandInInput;

/// A connector that is called again and again, in one connection.
struct Inserts {
    connector: PostgresDestination,
    input: StandInInput,
}

impl Inserts {
    fn new(server: &Server, more: Value) -> Inserts {
        let host = StandInHost::default();
        let input = host.input();
        set_host(host);
        // Without a ledger, which knows batches that are given again.
        let mut config = json!({"load_method": "insert", "exactly_once": false});
        config
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        Inserts {
            connector: server.connector_with("run", config),
            input,
        }
    }

    fn insert(&mut self, table: &str, schema: &Schema, frames: Vec<Vec<u8>>) -> Result<WriteResponse> {
        self.write(WriteMode::Append, table, schema, frames)
    }

    fn write(&mut self, mode: WriteMode, table: &str, schema: &Schema, frames: Vec<Vec<u8>>) -> Result<WriteResponse> {
        self.input.clear();
        for frame in frames {
            let header = BatchHeader {
                unit: 0,
                sequence: 0,
                rows: 0,
                frame_size: frame.len() as u64,
                checksum: 0,
            };
            self.input.push(header, &frame);
        }
        self.connector.apply(request("run", table, schema, mode))?;
        self.connector.write(write_request("run", table, schema, mode))
    }

    fn value(&mut self, sql: &str) -> String {
        self.rows(sql).join("\n")
    }

    fn rows(&mut self, sql: &str) -> Vec<String> {
        let rows = self.connector.session.query(sql).unwrap().rows;
        rows.iter().map(|row| row.text(0).to_owned()).collect()
    }

    /// The server's process, which ends with the connection.
    fn backend(&mut self) -> String {
        self.value("SELECT pg_catalog.pg_backend_pid()")
    }

    /// The statements that are prepared, by the number of their rows.
    fn prepared(&mut self) -> Vec<String> {
        self.rows(
            "SELECT pg_catalog.length(pg_catalog.regexp_replace(statement, '[^(]', '', 'g')) - 1 \
             FROM pg_catalog.pg_prepared_statements ORDER BY prepare_time, name",
        )
    }
}

fn many(schema: &Schema, from: i32, count: i32) -> Vec<u8> {
    let row = |id: i32| vec![cell(id.to_le_bytes()), cell(format!("row {}", id))];
    frame(schema, &(from..from + count).map(row).collect::<Vec<_>>())
}

const SUMS: &str = "SELECT count(*), min(id), max(id), sum(id), count(*) FILTER (WHERE name = 'row ' || id) FROM t";

#[test]
fn statements_go_on_over_batches_and_are_prepared_once() {
    with_server("rb_insert_many", |mut server| {
        let schema = two_columns();
        let mut inserts = Inserts::new(&server, json!({}));
        for round in 0..3 {
            let first = round * 10_000;
            let frames = vec![
                many(&schema, first, 3),
                many(&schema, first + 3, 2500),
                many(&schema, first + 2503, 7497),
            ];
            let written = inserts.insert("t", &schema, frames).unwrap();
            assert_eq!((written.rows, written.batches), (10_000, 3));
            assert_eq!(inserts.prepared(), ["1000"]);
        }
        assert_eq!(server.rows(SUMS), ["30000|0|29999|449985000|30000"]);
        // What is left over is one statement more, in place of the one before.
        for rest in [7, 7, 8] {
            server.run("TRUNCATE t");
            let written = inserts
                .insert("t", &schema, vec![many(&schema, 1, 1000 + rest)])
                .unwrap();
            assert_eq!(written.rows, 1000 + rest as u64);
            assert_eq!(inserts.prepared(), ["1000".to_owned(), rest.to_string()]);
        }
        assert_eq!(server.value("SELECT count(*) FROM t"), "1008");
        inserts.connector.close().unwrap();
    });
}

#[test]
fn a_row_that_is_refused_leaves_nothing_and_a_connection_that_goes_on() {
    with_server("rb_insert_refused", |mut server| {
        server.run("CREATE TABLE t (id int PRIMARY KEY, name text)");
        let schema = two_columns();
        let mut inserts = Inserts::new(&server, json!({"copy_flush_bytes": 65536}));
        for _ in 0..2 {
            // Found at once, while more is on its way.
            let error = inserts.insert("t", &schema, vec![many(&schema, 5, 20_000), many(&schema, 5, 20_000)]);
            let error = error.unwrap_err();
            assert_eq!((error.category(), error.code()), (Category::Data, "23505"), "{}", error);
            // Found at the end.
            let error = inserts.insert("t", &schema, vec![many(&schema, 5, 1), many(&schema, 5, 1)]);
            assert_eq!(error.unwrap_err().code(), "23505");
            assert_eq!(server.value("SELECT count(*) FROM t"), "0");
        }
        let before = inserts.backend();
        inserts.insert("t", &schema, vec![many(&schema, 0, 30_000)]).unwrap();
        assert_eq!(inserts.backend(), before);
        assert_eq!(server.rows(SUMS), ["30000|0|29999|449985000|30000"]);
        // A value that never gets to the server.
        let numbers = Schema::new(vec![text("n", "numeric")]);
        let bad = vec![frame(&numbers, &[vec![cell("1")], vec![cell("one")]])];
        assert_eq!(
            inserts.insert("n", &numbers, bad).unwrap_err().code(),
            "unwritable_value"
        );
        inserts
            .insert("n", &numbers, vec![frame(&numbers, &[vec![cell("1")]])])
            .unwrap();
        assert_eq!(server.rows("SELECT * FROM n"), ["1"]);
        assert_eq!(inserts.backend(), before);
    });
}

#[test]
fn wide_rows_are_statements_of_their_own() {
    with_server("rb_insert_wide", |mut server| {
        let schema = Schema::new(vec![
            plain("id", DataType::Int32, "integer"),
            plain("a", DataType::Utf8, "text"),
            plain("doc", DataType::Utf8, "jsonb"),
            plain("n", DataType::Int64, "numeric"),
            plain("b", DataType::Binary, "bytea"),
        ]);
        let wide = 5 << 20;
        let row = |id: i32, a: usize, doc: usize, b: usize| {
            vec![
                cell(id.to_le_bytes()),
                cell(vec![b'x'; a]),
                cell(format!("\"{}\"", "y".repeat(doc))),
                cell(i64::from(id).to_le_bytes()),
                cell(vec![0; b]),
            ]
        };
        let rows = [
            row(1, 1, 1, 1),
            row(2, wide, 1, 1),
            row(3, 1, 1, wide),
            row(4, 10, 10, 10),
            row(5, wide, wide, wide),
            row(6, 1 << 20, 1 << 20, 1 << 20),
            row(7, 3, 3, 3),
        ];
        let mut inserts = Inserts::new(&server, json!({}));
        for _ in 0..2 {
            let frames = vec![
                frame(&schema, &rows),
                frame(&schema, &rows[..1]),
                frame(&schema, &rows[1..2]),
            ];
            assert_eq!(inserts.insert("t", &schema, frames).unwrap().rows, 9);
        }
        let big = (5 << 20).to_string();
        let lengths = server.rows("SELECT DISTINCT id, length(a), length(doc::text) - 2, n, length(b), count(*) OVER (PARTITION BY id) FROM t ORDER BY id");
        assert_eq!(
            lengths,
            [
                "1|1|1|1|1|4".to_owned(),
                format!("2|{}|1|2|1|4", big),
                format!("3|1|1|3|{}|2", big),
                "4|10|10|4|10|2".to_owned(),
                format!("5|{0}|{0}|5|{0}|2", big),
                "6|1048576|1048576|6|1048576|2".to_owned(),
                "7|3|3|7|3|2".to_owned(),
            ]
        );
    });
}

/// Rows become wider and narrower than those that a statement was begun for.
#[test]
fn rows_of_any_width_make_up_statements() {
    with_server("rb_insert_widths", |mut server| {
        let schema = two_columns();
        let mut inserts = Inserts::new(&server, json!({"copy_flush_bytes": 65536}));
        let row = |id: i32, width: usize| vec![cell(id.to_le_bytes()), cell(vec![b'x'; width])];
        let mut frames = Vec::new();
        let mut id = 0;
        for widths in [
            vec![1; 1500],
            vec![300_000; 3],
            vec![20; 100],
            vec![5000; 40],
            [vec![1; 900], vec![100_000; 4], vec![1; 900]].concat(),
        ] {
            let rows: Vec<_> = widths
                .iter()
                .map(|width| {
                    id += 1;
                    row(id, *width)
                })
                .collect();
            frames.push(frame(&schema, &rows));
        }
        let written = inserts.insert("t", &schema, frames).unwrap();
        assert_eq!(written.rows, id as u64);
        assert_eq!(
            server.rows("SELECT count(*), count(DISTINCT id), sum(length(name)) FROM t"),
            [format!(
                "{0}|{0}|{1}",
                id,
                1500 + 900_000 + 2000 + 200_000 + 1800 + 400_000
            )]
        );
    });
}

#[test]
fn targets_of_every_kind_take_rows() {
    with_server("rb_insert_kinds", |mut server| {
        server.run(
            "CREATE TABLE p (id int, name text) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p DEFAULT; \
             CREATE TABLE i (id int GENERATED ALWAYS AS IDENTITY, name text, twice int GENERATED ALWAYS AS (id * 2) STORED, d int DEFAULT 7); \
             CREATE DOMAIN positive AS bigint CHECK (VALUE > 0); CREATE TABLE d (id positive, name varchar(6)); CREATE VIEW v AS SELECT * FROM d; \
             CREATE UNLOGGED TABLE fast (id bigint, name char(8))",
        );
        let schema = two_columns();
        let mut inserts = Inserts::new(&server, json!({}));
        for table in ["p", "i", "d", "fast", "created"] {
            inserts.insert(table, &schema, vec![many(&schema, 1, 3)]).unwrap();
            let ids = server.value(&format!(
                "SELECT string_agg(id::text || name, ',' ORDER BY id) FROM {}",
                table
            ));
            assert_eq!(ids, "1row 1,2row 2,3row 3", "{}", table);
        }
        assert_eq!(server.rows("SELECT twice, d FROM i ORDER BY id"), ["2|7", "4|7", "6|7"]);
        let error = inserts.insert("d", &schema, vec![many(&schema, 100, 1)]).unwrap_err();
        assert_eq!(error.category(), Category::Data, "{}", error);
        let error = inserts.insert("d", &schema, vec![many(&schema, -1, 1)]).unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Data, "23514"), "{}", error);
        assert_eq!(inserts.insert("v", &schema, vec![]).unwrap_err().code(), "not_a_table");
        // As many columns as a table can have.
        let wide = Schema::new(
            (0..1600)
                .map(|number| plain(&format!("c{}", number), DataType::Int16, "smallint"))
                .collect(),
        );
        let rows: Vec<Vec<Cell>> = (0..50i16)
            .map(|row| (0..1600).map(|_| cell(row.to_le_bytes())).collect())
            .collect();
        inserts.insert("wide", &wide, vec![frame(&wide, &rows)]).unwrap();
        assert_eq!(
            server.rows("SELECT count(*), sum(c0), sum(c1599) FROM wide"),
            ["50|1225|1225"]
        );
        // None at all.
        let none = Schema::new(vec![]);
        inserts
            .insert("none", &none, vec![frame(&none, &vec![vec![]; 2500])])
            .unwrap();
        assert_eq!(server.value("SELECT count(*) FROM \"none\""), "2500");
    });
}

#[test]
fn side_tables_are_filled_by_statements_too() {
    with_server("rb_insert_replace", |mut server| {
        server.run("CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t VALUES (1, 'old')");
        let schema = two_columns();
        let mut inserts = Inserts::new(&server, json!({}));
        inserts
            .write(WriteMode::Replace, "t", &schema, vec![many(&schema, 5, 2000)])
            .unwrap();
        assert_eq!(server.rows("SELECT * FROM t"), ["1|old"]);
        inserts
            .connector
            .finalize(request("run", "t", &schema, WriteMode::Replace).into())
            .unwrap();
        assert_eq!(server.rows(SUMS), ["2000|5|2004|2009000|2000"]);
    });
}

/// How fast rows get into the server, not counting the host: `cargo test --release -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn speed() {
    with_server("rb_load_speed", |mut server| {
        const ROWS: i64 = 200_000;
        let schema = Schema::new(vec![
            plain("id", DataType::Int64, "bigint"),
            plain("a", DataType::Int32, "integer"),
            plain("b", DataType::Float64, "double precision"),
            plain("name", DataType::Utf8, "text"),
            plain("pad", DataType::Utf8, "text"),
            plain("at", DataType::TimestampUtc, "timestamp with time zone"),
        ]);
        let row = |id: i64| {
            vec![
                cell(id.to_le_bytes()),
                cell((id as i32).to_le_bytes()),
                cell((id as f64).to_le_bytes()),
                cell(format!("name {}", id)),
                cell("0123456789abcdef0123456789abcdef"),
                cell(id.to_le_bytes()),
            ]
        };
        let batches: Vec<_> = (0..ROWS / 10_000)
            .map(|batch| {
                frame(
                    &schema,
                    &(batch * 10_000..(batch + 1) * 10_000).map(row).collect::<Vec<_>>(),
                )
            })
            .collect();
        let (append, upsert) = (WriteMode::Append, WriteMode::Upsert);
        for (mode, method) in [
            (append, "copy"),
            (append, "insert"),
            (upsert, "copy"),
            (upsert, "insert"),
        ] {
            server.run("DROP TABLE IF EXISTS t; CREATE TABLE t (id bigint PRIMARY KEY, a int, b float8, name text, pad text, at timestamptz)");
            let mut best = f64::MAX;
            for _ in 0..3 {
                server.run("TRUNCATE t");
                let mut host = StandInHost::default();
                for (frame, sequence) in batches.iter().zip(0..) {
                    let header = BatchHeader {
                        unit: 0,
                        sequence,
                        rows: 0,
                        frame_size: frame.len() as u64,
                        checksum: 0,
                    };
                    host = host.with_batch(header, frame);
                }
                set_host(host);
                let mut connector = server.connector_with("run", json!({ "load_method": method }));
                let target = TargetRequest {
                    primary_key: vec!["id".into()],
                    ..request("run", "t", &schema, mode)
                };
                connector.apply(target.clone()).unwrap();
                let start = std::time::Instant::now();
                let request = WriteRequest {
                    target,
                    options: Map::new(),
                };
                connector.write(request).unwrap();
                best = best.min(start.elapsed().as_secs_f64());
            }
            println!("{:?} by {}: {:.0} rows a second", mode, method, ROWS as f64 / best);
        }
    });
}
