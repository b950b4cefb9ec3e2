// SPDX-License-Identifier: Apache-2.0

//! The connector against a real server. The tests run when `RAPIDBYTE_TEST_POSTGRES` holds the `config` of a connector as
//! JSON, for a user that may create schemas and roles, and pass without doing anything when it does not.

mod loads;
mod sessions;
mod upserts;

use crate::PostgresDestination;
use rapidbyte_sdk::abi::{set_host, BatchHeader, Recording, StandInHost};
use rapidbyte_sdk::arrow::{metadata, ColumnBuilder, DataType, Field, RecordBatchBuilder, Schema};
use rapidbyte_sdk::postgres::{Config, Connection, Transport};
use rapidbyte_sdk::tcp::TlsOptions;
use rapidbyte_sdk::*;
use serde_json::{json, Map, Value};
use std::cell::RefCell;
use std::io::{Read, Write};
use std::rc::Rc;
use std::time::Duration;

#[path = "replace_tests.rs"]
mod replace_tests;

/// A schema of the server for one test, and a connection that looks at it from outside.
pub struct Server {
    pub config: Map<String, Value>,
    connection: Connection<Socket>,
}

/// A connection that goes past the host, so that it outlives the hosts of a test.
struct Socket(std::net::TcpStream);

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

impl Transport for Socket {
    fn start_tls(&mut self, _: &TlsOptions) -> Result<()> {
        Err(Error::internal("these tests use no TLS"))
    }

    fn channel_binding(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> Result<()> {
        Ok(self.0.set_read_timeout(timeout)?)
    }
}

/// As [`with_server`], for tests that give batches of one identity again and again and mean new ones.
pub fn with_server_without_ledger(schema: &'static str, test: impl FnOnce(Server)) {
    with_server(schema, |mut server| {
        server.config.insert("exactly_once".into(), false.into());
        test(server)
    });
}

pub fn with_server(schema: &'static str, test: impl FnOnce(Server)) {
    let json = match std::env::var("RAPIDBYTE_TEST_POSTGRES") {
        Ok(json) => json,
        Err(_) => return,
    };
    let mut config: Map<String, Value> = serde_json::from_str(&json).unwrap();
    config.insert("schema".into(), schema.into());
    let settings = Config::from_json(&config, "rapidbyte test").unwrap();
    let open = |settings: &Config| {
        Ok(Socket(std::net::TcpStream::connect((
            settings.host.as_str(),
            settings.port,
        ))?))
    };
    let mut server = Server {
        config,
        connection: Connection::connect(&settings, open).unwrap(),
    };
    server.run(&format!("SET client_min_messages = warning; DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}; SET search_path = {0}, public", schema));
    test(server);
}

impl Server {
    /// Someone else who works with the same server.
    pub fn another(&self) -> Server {
        let open = |settings: &Config| {
            Ok(Socket(std::net::TcpStream::connect((
                settings.host.as_str(),
                settings.port,
            ))?))
        };
        let settings = Config::from_json(&self.config, "rapidbyte test").unwrap();
        Server {
            config: self.config.clone(),
            connection: Connection::connect(&settings, open).unwrap(),
        }
    }

    pub fn run(&mut self, sql: &str) -> u64 {
        self.connection.execute(sql).unwrap()
    }

    /// All rows, each as its values with bars between them.
    pub fn rows(&mut self, sql: &str) -> Vec<String> {
        let rows = self.connection.query(sql).unwrap().rows;
        let text = |row: &postgres::Row| {
            (0..row.len())
                .map(|at| row.get(at).unwrap_or("null"))
                .collect::<Vec<_>>()
                .join("|")
        };
        rows.iter().map(text).collect()
    }

    pub fn value(&mut self, sql: &str) -> String {
        self.rows(sql).join("\n")
    }

    pub(crate) fn connector(&self, run_id: &str) -> PostgresDestination {
        self.connector_with(run_id, json!({}))
    }

    pub(crate) fn connector_with(&self, run_id: &str, more: Value) -> PostgresDestination {
        let mut config = self.config.clone();
        config.extend(more.as_object().unwrap().clone());
        let request = json!({"abi": 1, "run_id": run_id, "config": config, "log_level": 5});
        PostgresDestination::open(serde_json::from_value(request).unwrap()).unwrap()
    }
}

pub fn stream(table: &str) -> Stream {
    Stream {
        name: table.into(),
        namespace: Some("source".into()),
        table: Some(table.into()),
        ..Stream::default()
    }
}

pub fn request(run_id: &str, table: &str, schema: &Schema, write_mode: WriteMode) -> TargetRequest {
    TargetRequest {
        run_id: run_id.into(),
        stream: stream(table),
        schema: schema.clone(),
        write_mode,
        primary_key: vec![],
        on_data_error: DataErrorPolicy::default(),
        schema_evolution: SchemaEvolution::default(),
    }
}

pub fn write_request(run_id: &str, table: &str, schema: &Schema, mode: WriteMode) -> WriteRequest {
    WriteRequest {
        target: request(run_id, table, schema, mode),
        options: Map::new(),
    }
}

#[derive(Clone)]
pub enum Cell {
    Null,
    Bool(bool),
    Bytes(Vec<u8>),
}

pub fn cell(bytes: impl AsRef<[u8]>) -> Cell {
    Cell::Bytes(bytes.as_ref().to_vec())
}

pub fn frame(schema: &Schema, rows: &[Vec<Cell>]) -> Vec<u8> {
    let mut batch = RecordBatchBuilder::new(schema.clone());
    for row in rows {
        for (column, cell) in batch.columns.iter_mut().zip(row) {
            match (column, cell) {
                (column, Cell::Null) => column.push_null(),
                (ColumnBuilder::Bool(column), Cell::Bool(value)) => column.push(*value),
                (ColumnBuilder::Fixed(column), Cell::Bytes(bytes)) => column.push_slice(bytes),
                (ColumnBuilder::Var(column), Cell::Bytes(bytes)) => column.push(bytes),
                _ => panic!("a cell of another layout than its column's"),
            }
        }
        batch.end_row();
    }
    let mut frame = Vec::new();
    batch.finish_into(&mut frame).unwrap();
    frame
}

/// What the host gives when the next batch is asked for.
pub enum Give {
    /// The next batch of unit 0.
    Frame(Vec<u8>),
    /// Unit, number in it, and frame.
    Batch(i64, u32, Vec<u8>),
    Checkpoint,
}

pub fn host(gives: Vec<Give>) -> Rc<RefCell<Recording>> {
    let mut host = StandInHost::default();
    let mut next = 0;
    for give in gives {
        let (unit, sequence, frame) = match give {
            Give::Checkpoint => {
                host = host.with_checkpoint();
                continue;
            }
            Give::Frame(frame) => (0, next, frame),
            Give::Batch(unit, sequence, frame) => (unit, sequence, frame),
        };
        let header = BatchHeader {
            unit,
            sequence,
            rows: 0,
            frame_size: frame.len() as u64,
            // Any number that follows from the bytes.
            checksum: frame
                .iter()
                .fold(7, |sum: u32, byte| sum.wrapping_mul(31).wrapping_add((*byte).into())),
        };
        host = host.with_batch(header, &frame);
        next += 1;
    }
    let recording = host.recording();
    set_host(host);
    recording
}

pub fn plain(name: &str, data_type: DataType, native: &str) -> Field {
    Field::new(name, data_type, true).with_metadata(metadata::NATIVE_TYPE, native)
}

pub fn text(name: &str, native: &str) -> Field {
    plain(name, DataType::Utf8, native).with_metadata(metadata::ENCODING, metadata::ENCODING_TEXT)
}

pub fn two_columns() -> Schema {
    Schema::new(vec![
        plain("id", DataType::Int32, "integer"),
        plain("name", DataType::Utf8, "text"),
    ])
}

pub fn two_rows(from: i32) -> Vec<Vec<Cell>> {
    (from..from + 2)
        .map(|id| vec![cell(id.to_le_bytes()), cell(format!("row {}", id))])
        .collect()
}

/// Applies and writes on a connector of its own, and returns what it answered.
pub fn load(
    server: &Server,
    run_id: &str,
    table: &str,
    mode: WriteMode,
    schema: &Schema,
    gives: Vec<Give>,
) -> Result<WriteResponse> {
    host(gives);
    let mut connector = server.connector(run_id);
    connector.apply(request(run_id, table, schema, mode))?;
    let written = connector.write(write_request(run_id, table, schema, mode))?;
    connector.close()?;
    Ok(written)
}

pub fn finalize(server: &Server, run_id: &str, table: &str, schema: &Schema) -> Result<TargetResponse> {
    set_host(StandInHost::default());
    server
        .connector(run_id)
        .finalize(request(run_id, table, schema, WriteMode::Replace).into())
}

#[test]
fn every_type_arrives_as_it_was() {
    for method in ["copy", "insert"] {
        every_type_arrives_by(method);
    }
}

fn every_type_arrives_by(method: &str) {
    with_server("rb_types", |mut server| {
        server.config.insert("load_method".into(), method.into());
        let i128 = |value: i128| cell(value.to_le_bytes());
        let mut wide = [0xFF; 32];
        wide[0] = 0xC6;
        // Name, field, cell, and what the server makes of it.
        let cases: Vec<(Field, Cell, &str, &str)> = vec![
            (
                plain("a bool", DataType::Bool, "boolean"),
                Cell::Bool(true),
                "boolean",
                "true",
            ),
            (
                plain("i2", DataType::Int16, "smallint"),
                cell(i16::MIN.to_le_bytes()),
                "smallint",
                "-32768",
            ),
            (
                plain("i4", DataType::Int32, "integer"),
                cell(i32::MAX.to_le_bytes()),
                "integer",
                "2147483647",
            ),
            (
                plain("i8", DataType::Int64, "bigint"),
                cell(i64::MIN.to_le_bytes()),
                "bigint",
                "-9223372036854775808",
            ),
            (
                plain("f4", DataType::Float32, "real"),
                cell(f32::NAN.to_le_bytes()),
                "real",
                "NaN",
            ),
            (
                plain("f8", DataType::Float64, "double precision"),
                cell((-0f64).to_le_bytes()),
                "double precision",
                "-0",
            ),
            (
                plain("dec", DataType::Decimal128(10, 2), "numeric(10,2)"),
                i128(-5),
                "numeric(10,2)",
                "-0.05",
            ),
            (
                plain("neg", DataType::Decimal128(5, -2), "numeric(5,-2)"),
                i128(123),
                "numeric(5,-2)",
                "12300",
            ),
            (
                plain("dec256", DataType::Decimal256(60, 1), "numeric(60,1)"),
                cell(wide),
                "numeric(60,1)",
                "-5.8",
            ),
            (text("nan", "numeric(10,2)"), cell("NaN"), "numeric(10,2)", "NaN"),
            (
                text("num", "numeric"),
                cell("-1234567890123456789012345678901234567890.500"),
                "numeric",
                "-1234567890123456789012345678901234567890.500",
            ),
            (
                plain("txt", DataType::Utf8, "text"),
                cell("größe 😀\t\n\\N\"'"),
                "text",
                "größe 😀\t\n\\N\"'",
            ),
            (
                plain("vc", DataType::Utf8, "character varying(40)"),
                cell(""),
                "character varying(40)",
                "",
            ),
            (
                plain("bp", DataType::Utf8, "character(5)"),
                cell("ab   "),
                "character(5)",
                "ab",
            ),
            (
                plain("bin", DataType::Binary, "bytea"),
                cell(b"\0\xFF"),
                "bytea",
                "\\x00ff",
            ),
            (
                plain("date", DataType::Date32, "date"),
                cell(i32::MAX.to_le_bytes()),
                "date",
                "infinity",
            ),
            (
                plain("bc", DataType::Date32, "date"),
                cell((-719_163i32).to_le_bytes()),
                "date",
                "0001-12-31 BC",
            ),
            (
                plain("time", DataType::Time64, "time without time zone"),
                cell(86_400_000_000i64.to_le_bytes()),
                "time without time zone",
                "24:00:00",
            ),
            (
                plain("ts", DataType::Timestamp, "timestamp without time zone"),
                cell((-1i64).to_le_bytes()),
                "timestamp without time zone",
                "1969-12-31 23:59:59.999999",
            ),
            (
                plain("tsm", DataType::Timestamp, "timestamp(3) without time zone"),
                cell(i64::MIN.to_le_bytes()),
                "timestamp(3) without time zone",
                "-infinity",
            ),
            (
                plain("tz", DataType::TimestampUtc, "timestamp with time zone"),
                cell(0i64.to_le_bytes()),
                "timestamp with time zone",
                "1970-01-01 00:00:00+00",
            ),
            (
                text("far", "timestamp without time zone"),
                cell("294276-12-31 23:59:59.999999"),
                "timestamp without time zone",
                "294276-12-31 23:59:59.999999",
            ),
            (
                plain("uuid", DataType::FixedSizeBinary(16), "uuid"),
                cell([0xAB; 16]),
                "uuid",
                "abababab-abab-abab-abab-abababababab",
            ),
            (
                plain("js", DataType::Utf8, "json"),
                cell("{\"a\" : 1}"),
                "json",
                "{\"a\" : 1}",
            ),
            (
                plain("jb", DataType::Utf8, "jsonb"),
                cell("{\"a\" : 1}"),
                "jsonb",
                "{\"a\": 1}",
            ),
            (
                text("iv", "interval"),
                cell("1 year 2 mons -3 days +04:05:06.7"),
                "interval",
                "1 year 2 mons -3 days +04:05:06.7",
            ),
            (
                text("ivf", "interval day to second(3)"),
                cell("3 days 04:05:06.789"),
                "interval day to second(3)",
                "3 days 04:05:06.789",
            ),
            (
                text("arr", "integer[]"),
                cell("{1,NULL,{3}}".replace("{3}", "3")),
                "integer[]",
                "{1,NULL,3}",
            ),
            (
                text("vca", "character varying(3)[]"),
                cell("{abc,\"d,e\"}"),
                "character varying(3)[]",
                "{abc,\"d,e\"}",
            ),
            (text("inet", "inet"), cell("10.0.0.0/8"), "inet", "10.0.0.0/8"),
            (text("bits", "bit(4)"), cell("1010"), "bit(4)", "1010"),
            (text("vbits", "bit varying(8)"), cell("101"), "bit varying(8)", "101"),
            (text("range", "int4range"), cell("[1,5)"), "int4range", "[1,5)"),
            (text("tsv", "tsvector"), cell("'a':1 'b':2"), "tsvector", "'a':1 'b':2"),
            (
                text("xml", "xml"),
                cell("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>ü</a>"),
                "xml",
                "<a>ü</a>",
            ),
            (text("char", "\"char\""), cell("x"), "\"char\"", "x"),
            (text("money", "money"), cell("$1.50"), "money", "$1.50"),
            (text("mood", "rb_types.\"Mood\""), cell("o'k"), "\"Mood\"", "o'k"),
            (text("pos", "rb_types.positive"), cell("7"), "positive", "7"),
            (
                text("pair", "rb_types.pair"),
                cell("(1,\"x y\")"),
                "pair",
                "(1,\"x y\")",
            ),
            (
                plain("no native", DataType::Decimal128(7, 3), ""),
                i128(1),
                "numeric(7,3)",
                "0.001",
            ),
        ];
        server.run("CREATE TYPE \"Mood\" AS ENUM ('sad', 'o''k'); CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE TYPE pair AS (n int, t text)");
        let schema = Schema::new(cases.iter().map(|case| case.0.clone()).collect());
        let rows = [
            cases.iter().map(|case| case.1.clone()).collect(),
            vec![Cell::Null; cases.len()],
        ];
        let written = load(
            &server,
            "run",
            "all \"Types\"",
            WriteMode::Append,
            &schema,
            vec![Give::Frame(frame(&schema, &rows))],
        )
        .unwrap();
        assert_eq!((written.rows, written.batches), (2, 1));
        let types = server.rows(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute \
             WHERE attrelid = '\"all \"\"Types\"\"\"'::regclass AND attnum > 0 ORDER BY attnum",
        );
        assert_eq!(types.len(), cases.len());
        let values = server
            .connection
            .query("SELECT * FROM \"all \"\"Types\"\"\"")
            .unwrap()
            .rows;
        assert_eq!(values.len(), 2);
        for (at, (field, _, type_text, value)) in cases.iter().enumerate() {
            assert_eq!(types[at], format!("{}|{}", field.name, type_text));
            let found = match (values[0].text(at), *type_text) {
                ("t", "boolean") => "true",
                (found, "character(5)") => found.trim_end(),
                (found, _) => found,
            };
            assert_eq!(found, *value, "{}", field.name);
            assert_eq!(values[1].get(at), None, "{}", field.name);
        }
    });
}

#[test]
fn types_that_the_destination_lacks_become_plain_ones_with_a_warning() {
    with_server("rb_hostile", |mut server| {
        server.run("CREATE TABLE victim (a int)");
        let schema = Schema::new(vec![
            text("a", "text); DROP TABLE rb_hostile.victim; --"),
            text("b", "elsewhere.\"Type\"[]"),
            plain("c", DataType::Int64, "elsewhere.number"),
        ]);
        let recording = host(vec![]);
        server
            .connector("run")
            .apply(request("run", "t", &schema, WriteMode::Append))
            .unwrap();
        let log: Vec<_> = recording
            .borrow()
            .log
            .iter()
            .filter(|line| line.0 == 2)
            .map(|line| line.1.clone())
            .collect();
        assert_eq!(log.len(), 3, "{:?}", log);
        assert!(
            log[0].contains("has no type \"text); DROP TABLE rb_hostile.victim; --\": column \"a\" is written as text"),
            "{}",
            log[0]
        );
        let written = load(
            &server,
            "run",
            "t",
            WriteMode::Append,
            &schema,
            vec![Give::Frame(frame(
                &schema,
                &[vec![cell("x"), cell("{y}"), cell(5i64.to_le_bytes())]],
            ))],
        );
        assert_eq!(written.unwrap().rows, 1);
        assert_eq!(server.value("SELECT a || b || c FROM t"), "x{y}5");
        assert_eq!(server.value("SELECT count(*) FROM victim"), "0");
    });
}

#[test]
fn rows_are_added_in_one_transaction_a_call_and_counted() {
    with_server("rb_append", |mut server| {
        let schema = two_columns();
        let recording = host(vec![
            Give::Frame(frame(&schema, &two_rows(1))),
            Give::Frame(frame(&schema, &[])),
            Give::Checkpoint,
            Give::Frame(frame(&schema, &two_rows(3))),
            Give::Checkpoint,
            Give::Checkpoint,
            Give::Frame(frame(&schema, &two_rows(5))),
        ]);
        let mut connector = server.connector("run");
        let answer = connector
            .apply(request("run", "t", &schema, WriteMode::Append))
            .unwrap();
        assert_eq!(answer.target, "rb_append.t");
        let written = connector
            .write(write_request("run", "t", &schema, WriteMode::Append))
            .unwrap();
        // A row: 2 for the count, 8 for the number, 4 and the text.
        assert_eq!(
            written,
            WriteResponse {
                rows: 6,
                bytes: 6 * (2 + 8 + 4 + 5),
                batches: 4,
                refused: 0,
            }
        );
        let seen = recording.borrow();
        assert_eq!(
            seen.checkpoints,
            [
                json!({"rows": 2, "bytes": 38, "batches": 2, "refused": 0}),
                json!({"rows": 2, "bytes": 38, "batches": 1, "refused": 0}),
                json!({"rows": 0, "bytes": 0, "batches": 0, "refused": 0})
            ]
        );
        assert_eq!((seen.metrics["dest_rows"], seen.metrics["dest_bytes"]), (6, 114));
        for duration in ["dest_connect", "dest_flush", "dest_commit", "dest_arrow_decode"] {
            assert!(seen.metrics[duration] > 0, "{}", duration);
        }
        drop(seen);
        assert_eq!(
            server.value("SELECT string_agg(id::text, ',' ORDER BY id) FROM t"),
            "1,2,3,4,5,6"
        );
        assert_eq!(server.value("SELECT count(DISTINCT xmin::text) FROM t"), "3");
        // A call without batches does nothing.
        let recording = host(vec![]);
        let mut other = server.connector("run");
        let nothing = other
            .write(write_request("run", "t", &schema, WriteMode::Append))
            .unwrap();
        assert_eq!(nothing, WriteResponse::default());
        assert!(recording.borrow().checkpoints.is_empty());
        assert_eq!(server.value("SELECT count(*) FROM t"), "6");
    });
}

#[test]
fn a_target_that_does_not_fit_is_refused_and_missing_columns_get_their_defaults() {
    with_server("rb_fit", |mut server| {
        server.run("CREATE TABLE t (id bigint, note text DEFAULT 'none', name varchar(8)); CREATE TABLE other (id int, name int); CREATE VIEW v AS SELECT 1 AS id");
        let schema = two_columns();
        let gives = || vec![Give::Frame(frame(&schema, &two_rows(1)))];
        load(&server, "run", "t", WriteMode::Append, &schema, gives()).unwrap();
        assert_eq!(
            server.rows("SELECT * FROM t ORDER BY id"),
            ["1|none|row 1", "2|none|row 2"]
        );
        let error = load(&server, "run", "other", WriteMode::Append, &schema, gives()).unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Schema, "column_mismatch"));
        assert!(
            error
                .message()
                .contains("column 'name' is text in the stream and integer in the target rb_fit.other"),
            "{}",
            error
        );
        let error = load(&server, "run", "v", WriteMode::Append, &schema, gives()).unwrap_err();
        assert_eq!(error.code(), "not_a_table");
    });
}

#[test]
fn a_value_that_the_server_refuses_leaves_nothing() {
    with_server("rb_refused", |mut server| {
        server.run("CREATE TABLE t (id int PRIMARY KEY, name varchar(8))");
        let schema = two_columns();
        let again = vec![
            Give::Frame(frame(&schema, &two_rows(1))),
            Give::Frame(frame(&schema, &two_rows(2))),
        ];
        let error = load(&server, "run", "t", WriteMode::Append, &schema, again).unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Data, "23505"));
        assert_eq!(
            (error.is_retryable(), error.state_of_commit()),
            (false, CommitState::BeforeCommit)
        );
        assert!(error.message().contains("stream 't', target rb_refused.t"), "{}", error);
        let long = vec![vec![cell(1i32.to_le_bytes()), cell("too long a name")]];
        let error = load(
            &server,
            "run",
            "t",
            WriteMode::Append,
            &schema,
            vec![Give::Frame(frame(&schema, &long))],
        )
        .unwrap_err();
        assert_eq!(error.code(), "22001");
        let zero = vec![vec![cell(1i32.to_le_bytes()), cell("a\0b")]];
        let error = load(
            &server,
            "run",
            "t",
            WriteMode::Append,
            &schema,
            vec![Give::Frame(frame(&schema, &zero))],
        )
        .unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Data, "22021"));
        let numbers = Schema::new(vec![text("id", "numeric")]);
        server.run("CREATE TABLE n (id numeric)");
        let bad = vec![Give::Frame(frame(&numbers, &[vec![cell("1")], vec![cell("one")]]))];
        let error = load(&server, "run", "n", WriteMode::Append, &numbers, bad).unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Data, "unwritable_value"));
        let staged = Schema::new(vec![text("bits", "bit(3)")]);
        server.run("CREATE TABLE b (bits bit(3))");
        let bad = vec![Give::Frame(frame(&staged, &[vec![cell("1010")]]))];
        let error = load(&server, "run", "b", WriteMode::Append, &staged, bad).unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Data, "22026"));
        for table in ["t", "n", "b"] {
            assert_eq!(
                server.value(&format!("SELECT count(*) FROM {}", table)),
                "0",
                "{}",
                table
            );
        }
        // A trigger that leaves rows out does not go unnoticed.
        server.run("CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER skip BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION skip()");
        let error = load(
            &server,
            "run",
            "t",
            WriteMode::Append,
            &schema,
            vec![Give::Frame(frame(&schema, &two_rows(1)))],
        )
        .unwrap_err();
        assert_eq!(error.category(), Category::Internal);
        assert!(
            error.message().contains("2 rows") && error.hint_text().unwrap().contains("trigger"),
            "{}",
            error
        );
        // A constraint that is looked at when the transaction is committed.
        server.run("DROP TABLE t; CREATE TABLE t (id int UNIQUE DEFERRABLE INITIALLY DEFERRED, name text)");
        let again = vec![
            Give::Frame(frame(&schema, &two_rows(1))),
            Give::Frame(frame(&schema, &two_rows(2))),
        ];
        let error = load(&server, "run", "t", WriteMode::Append, &schema, again).unwrap_err();
        assert_eq!(
            (error.code(), error.state_of_commit()),
            ("23505", CommitState::BeforeCommit)
        );
    });
}

#[test]
fn batches_may_alternate_between_plain_and_text() {
    with_server("rb_mixed", |mut server| {
        let plain_schema = Schema::new(vec![
            plain("id", DataType::Int32, "integer"),
            plain("at", DataType::Timestamp, "timestamp without time zone"),
            plain("n", DataType::Decimal128(10, 2), "numeric(10,2)"),
        ]);
        let text_schema = Schema::new(vec![
            plain("id", DataType::Int32, "integer"),
            text("at", "timestamp without time zone"),
            text("n", "numeric(10,2)"),
        ]);
        let plain_batch = |id: i32| {
            Give::Frame(frame(
                &plain_schema,
                &[vec![
                    cell(id.to_le_bytes()),
                    cell(0i64.to_le_bytes()),
                    cell(150i128.to_le_bytes()),
                ]],
            ))
        };
        let text_batch = |id: i32| {
            Give::Frame(frame(
                &text_schema,
                &[vec![cell(id.to_le_bytes()), cell("294276-12-31 23:59:59"), cell("NaN")]],
            ))
        };
        let gives = vec![
            plain_batch(1),
            text_batch(2),
            text_batch(3),
            plain_batch(4),
            text_batch(5),
            Give::Checkpoint,
            text_batch(6),
            plain_batch(7),
        ];
        let written = load(&server, "run", "t", WriteMode::Append, &plain_schema, gives).unwrap();
        assert_eq!((written.rows, written.batches), (7, 7));
        let old = "1970-01-01 00:00:00|1.50";
        let new = "294276-12-31 23:59:59|NaN";
        let expected: Vec<_> = [old, new, new, old, new, new, old]
            .iter()
            .zip(1..)
            .map(|(rest, id)| format!("{}|{}", id, rest))
            .collect();
        assert_eq!(server.rows("SELECT id, at, n FROM t ORDER BY id"), expected);
        assert_eq!(server.value("SELECT count(DISTINCT xmin::text) FROM t"), "2");
    });
}

#[test]
fn several_instances_may_apply_at_once() {
    with_server("rb_race", |mut server| {
        server.run("DROP SCHEMA rb_race CASCADE");
        let config = server.config.clone();
        for mode in [WriteMode::Append, WriteMode::Replace] {
            let threads: Vec<_> = (0..8)
                .map(|number| {
                    let config = config.clone();
                    std::thread::spawn(move || {
                        set_host(StandInHost::default());
                        let request_json = json!({"abi": 1, "run_id": "run", "config": config});
                        let mut connector =
                            PostgresDestination::open(serde_json::from_value(request_json).unwrap()).unwrap();
                        // Two tables, so that the schema is created from under different locks.
                        let table = ["t", "u"][number % 2];
                        connector.apply(request("run", table, &two_columns(), mode)).unwrap();
                        connector.apply(request("run", table, &two_columns(), mode)).unwrap();
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
        }
        // Two targets, their side tables, and one ledger.
        assert_eq!(
            server.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'rb_race'"),
            "5"
        );
    });
}

#[test]
fn replacing_keeps_everything_of_the_old_table_but_its_rows() {
    with_server("rb_replace", |mut server| {
        server.run(
            "CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent SELECT generate_series(1, 9);
             CREATE TABLE t (gone int, id int, name text NOT NULL DEFAULT 'x', CONSTRAINT the_key PRIMARY KEY (id),
                 CONSTRAINT short CHECK (length(name) < 20), CONSTRAINT to_parent FOREIGN KEY (id) REFERENCES parent, CONSTRAINT to_itself FOREIGN KEY (id) REFERENCES t)
                 WITH (fillfactor = 70);
             ALTER TABLE t DROP COLUMN gone;
             CREATE INDEX by_name ON t (name); CREATE INDEX by_lower ON t (lower(name)) WHERE id > 0; CREATE UNIQUE INDEX by_both ON t (name, id);
             COMMENT ON TABLE t IS 'it''s mine'; COMMENT ON COLUMN t.name IS 'a name';
             CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
             CREATE TRIGGER note BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION noted();
             ALTER TABLE t DISABLE TRIGGER note;
             DROP ROLE IF EXISTS \"rb Reader\"; CREATE ROLE \"rb Reader\"; GRANT SELECT ON t TO \"rb Reader\" WITH GRANT OPTION;
             GRANT UPDATE (name) ON t TO \"rb Reader\"; GRANT SELECT ON t TO PUBLIC;
             INSERT INTO t VALUES (9, 'old')",
        );
        let describe = |server: &mut Server| {
            server.rows(
                "SELECT indexdef FROM pg_indexes WHERE schemaname = 'rb_replace' AND tablename = 't'
                 UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 't'::regclass AND contype <> 'n'
                 UNION ALL SELECT relacl::text || reloptions::text || relowner FROM pg_class WHERE oid = 't'::regclass
                 UNION ALL SELECT attname || attacl::text FROM pg_attribute WHERE attrelid = 't'::regclass AND attacl IS NOT NULL
                 UNION ALL SELECT obj_description('t'::regclass) || col_description('t'::regclass, attnum) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'name'
                 UNION ALL SELECT pg_get_triggerdef(oid) || tgenabled::text FROM pg_trigger WHERE tgrelid = 't'::regclass AND NOT tgisinternal
                 UNION ALL SELECT column_name || data_type || column_default FROM information_schema.columns WHERE table_schema = 'rb_replace' AND table_name = 't'
                 ORDER BY 1",
            )
        };
        let before = describe(&mut server);
        assert_eq!(before.len(), 14, "{:#?}", before);
        let schema = two_columns();
        let gives = || vec![Give::Frame(frame(&schema, &two_rows(1)))];
        load(&server, "run", "t", WriteMode::Replace, &schema, gives()).unwrap();
        // Another instance of the run adds to the same side table.
        load(
            &server,
            "run",
            "t",
            WriteMode::Replace,
            &schema,
            vec![Give::Batch(1, 0, frame(&schema, &two_rows(3)))],
        )
        .unwrap();
        assert_eq!(server.value("SELECT name FROM t"), "old");
        assert_eq!(finalize(&server, "run", "t", &schema).unwrap().target, "rb_replace.t");
        assert_eq!(
            server.value("SELECT string_agg(id::text, ',' ORDER BY id) FROM t"),
            "1,2,3,4"
        );
        assert_eq!(describe(&mut server), before);
        finalize(&server, "run", "t", &schema).unwrap();
        assert_eq!(server.value("SELECT count(*) FROM t"), "4");
        assert_eq!(
            server.value("SELECT count(*) FROM pg_class WHERE relname LIKE '\\_rapidbyte%' AND relname NOT LIKE '\\_rapidbyte\\_ledger%' AND relnamespace = 'rb_replace'::regnamespace"),
            "0"
        );
        server.run("DROP SCHEMA rb_replace CASCADE; DROP ROLE \"rb Reader\"");
    });
}

#[test]
fn replacing_keeps_the_counters_of_the_old_table() {
    with_server("rb_counters", |mut server| {
        server.run(
            "CREATE TABLE t (id serial, name text); INSERT INTO t (name) VALUES ('a'), ('b'), ('c');
             CREATE TABLE u (id int GENERATED ALWAYS AS IDENTITY, name text); INSERT INTO u (name) VALUES ('a'), ('b'), ('c')",
        );
        let schema = two_columns();
        for table in ["t", "u"] {
            load(
                &server,
                "run",
                table,
                WriteMode::Replace,
                &schema,
                vec![Give::Frame(frame(&schema, &two_rows(1)))],
            )
            .unwrap();
            finalize(&server, "run", table, &schema).unwrap();
            server.run(&format!("INSERT INTO {} (name) VALUES ('new')", table));
            assert_eq!(
                server.value(&format!("SELECT id FROM {} WHERE name = 'new'", table)),
                "4",
                "{}",
                table
            );
        }
        assert_eq!(
            server.value("SELECT pg_get_serial_sequence('t', 'id')"),
            "rb_counters.t_id_seq"
        );
    });
}

#[test]
fn other_columns_replace_the_table_as_a_whole_and_a_new_one_is_just_renamed() {
    with_server("rb_other", |mut server| {
        server.run("CREATE TABLE t (a date, id int PRIMARY KEY); INSERT INTO t VALUES ('today', 9); GRANT SELECT ON t TO PUBLIC");
        let schema = two_columns();
        for table in ["t", "fresh"] {
            load(
                &server,
                "run",
                table,
                WriteMode::Replace,
                &schema,
                vec![Give::Frame(frame(&schema, &two_rows(1)))],
            )
            .unwrap();
            finalize(&server, "run", table, &schema).unwrap();
            finalize(&server, "run", table, &schema).unwrap();
            assert_eq!(
                server.rows(&format!("SELECT * FROM {} ORDER BY id", table)),
                ["1|row 1", "2|row 2"]
            );
        }
        assert_eq!(
            server.value("SELECT has_table_privilege('pg_monitor', 't', 'SELECT')"),
            "t"
        );
        let error = finalize(&server, "run", "never", &schema).unwrap_err();
        assert_eq!(error.code(), "nothing_to_finalize");
    });
}

#[test]
fn teardown_removes_the_side_tables_of_its_run() {
    with_server("rb_teardown", |mut server| {
        let schema = two_columns();
        for (run, table) in [("broken off", "t"), ("broken off", "u"), ("going on", "t")] {
            load(
                &server,
                run,
                table,
                WriteMode::Replace,
                &schema,
                vec![Give::Frame(frame(&schema, &two_rows(1)))],
            )
            .unwrap();
        }
        let tables =
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'rb_teardown' AND tablename <> '_rapidbyte_ledger'";
        assert_eq!(server.value(tables), "3");
        set_host(StandInHost::default());
        let streams = ["t", "u", "never"].map(|name| Stream {
            name: name.into(),
            ..Stream::default()
        });
        for _ in 0..2 {
            let request = TeardownRequest {
                run_id: "broken off".into(),
                streams: streams.to_vec(),
                reason: TeardownReason::Failed,
            };
            server.connector("broken off").teardown(request).unwrap();
            assert_eq!(server.value(tables), "1");
        }
    });
}

#[test]
fn values_of_a_source_that_does_not_say_what_its_types_are_made_of_fit_by_their_arrow_type() {
    with_server("rb_undeclared", |mut server| {
        server.run("CREATE DOMAIN amount AS numeric(10,2); CREATE TYPE pair AS (a numeric(10,2))");
        let amount = |scale| {
            Schema::new(vec![plain(
                "c",
                DataType::Decimal128(10, scale),
                "rb_undeclared.amount",
            )])
        };
        let batch = |schema: &Schema, value: Cell| vec![Give::Frame(frame(schema, &[vec![value]]))];
        let decimal = || cell(12_345i128.to_le_bytes());
        let append = |server: &Server, run: &str, schema: &Schema, value| {
            let loaded = load(server, run, "t", WriteMode::Append, schema, batch(schema, value));
            loaded.map(|written| written.rows).map_err(|error| error.to_string())
        };
        let refused = append(&server, "run", &amount(4), decimal()).unwrap_err();
        assert!(
            refused.contains("c is decimal128(10,4) in the stream and numeric(10,2) at the destination"),
            "{}",
            refused
        );
        assert_eq!(server.value("SELECT to_regclass('rb_undeclared.t') IS NULL"), "t");
        assert_eq!(append(&server, "run", &amount(2), decimal()), Ok(1));
        let pair = Schema::new(vec![text("c", "rb_undeclared.pair")]);
        let other = load(
            &server,
            "run",
            "u",
            WriteMode::Append,
            &pair,
            batch(&pair, cell("(1.234)")),
        );
        let other = other.unwrap_err().to_string();
        assert!(
            other.contains("column 'c' is rb_undeclared.pair on both sides"),
            "{}",
            other
        );
        // With a declaration the text of a value is as good as any.
        let declared = Schema::new(vec![text("c", "rb_undeclared.amount")])
            .with_metadata(metadata::TYPES, r#"{"rb_undeclared.amount":{"domain":"numeric(8,2)"}}"#);
        assert_eq!(append(&server, "declared", &declared, cell("NaN")), Ok(1));
        let unreadable = Schema::new(amount(2).fields).with_metadata(metadata::TYPES, "{");
        let error = append(&server, "run", &unreadable, decimal()).unwrap_err();
        assert!(
            error.contains("'rapidbyte:types' of its schema cannot be read"),
            "{}",
            error
        );
        assert_eq!(server.rows("SELECT c FROM t ORDER BY c"), ["123.45", "NaN"]);
    });
}

#[test]
fn metadata_of_a_text_that_is_none_is_refused() {
    with_server("rb_no_field", |server| {
        for wrong in ["!".to_owned(), arrow::schema_as_base64::to_base64(&Schema::new(vec![]))] {
            let field = text("c", "numeric(10,2)").with_metadata(metadata::PLAIN_FIELD, wrong);
            let schema = Schema::new(vec![field]);
            let error = load(&server, "run", "t", WriteMode::Append, &schema, vec![]).unwrap_err();
            assert!(error.to_string().contains("stream 't': column 'c'"), "{}", error);
        }
    });
}

#[test]
fn a_lost_connection_is_retryable_before_the_commit() {
    with_server("rb_lost_connection", |mut server| {
        let schema = two_columns();
        load(&server, "run", "t", WriteMode::Append, &schema, vec![]).unwrap();
        let recording = host(vec![Give::Frame(frame(&schema, &two_rows(1)))]);
        let mut connector = server.connector_with("run", json!({"application_name": "rb to be killed"}));
        connector
            .apply(request("run", "t", &schema, WriteMode::Append))
            .unwrap();
        server.run(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'rb to be killed'",
        );
        let error = connector
            .write(write_request("run", "t", &schema, WriteMode::Append))
            .unwrap_err();
        assert!(error.is_retryable() && error.is_safe_to_retry(), "{}", error);
        assert_eq!(error.state_of_commit(), CommitState::BeforeCommit);
        connector.close().unwrap();
        drop(recording);
        assert_eq!(server.value("SELECT count(*) FROM t"), "0");
    });
}

#[test]
fn checks_say_what_is_missing_and_what_to_do() {
    with_server("rb_check", |mut server| {
        server.run(
            "CREATE TABLE t (id int, name text); DROP ROLE IF EXISTS rb_weak; CREATE ROLE rb_weak LOGIN PASSWORD 'weak'"
        );
        let check = |server: &Server, more: Value, mode| {
            set_host(StandInHost::default());
            let streams = vec![stream("t"), stream("new")];
            let mut connector = server.connector_with("run", more);
            connector
                .check(CheckRequest {
                    streams,
                    write_mode: Some(mode),
                    ..CheckRequest::default()
                })
                .unwrap()
                .checks
        };
        let checks = check(&server, json!({}), WriteMode::Append);
        assert!(checks.iter().all(|check| check.ok), "{:?}", checks);
        assert_eq!(
            checks.iter().map(|check| &check.name[..]).collect::<Vec<_>>(),
            ["connect", "schema rb_check", "target rb_check.t"]
        );
        let checks = check(
            &server,
            json!({"user": "rb_weak", "password": "weak"}),
            WriteMode::Replace,
        );
        let failed: Vec<_> = checks.iter().filter(|check| !check.ok).collect();
        assert_eq!(failed.len(), 2, "{:?}", checks);
        assert!(failed.iter().all(|check| check.category == Some(Category::Permission)));
        assert_eq!(
            failed[0].hint.as_deref(),
            Some("GRANT USAGE, CREATE ON SCHEMA \"rb_check\" TO rb_weak")
        );
        assert_eq!(
            failed[1].hint.as_deref(),
            Some(
                "ALTER TABLE \"rb_check\".\"t\" OWNER TO rb_weak, or GRANT SELECT, INSERT, DELETE ON \"rb_check\".\"t\" TO rb_weak"
            )
        );
        let checks = check(
            &server,
            json!({"user": "rb_weak", "password": "weak", "schema": "rb_nowhere"}),
            WriteMode::Append,
        );
        assert!(
            checks.iter().any(
                |check| check.category == Some(Category::Permission) && check.message.contains("may not create it")
            ),
            "{:?}",
            checks
        );
        let mut twice = server.connector("run");
        let other = Stream {
            name: "b.t".into(),
            ..stream("t")
        };
        let checks = twice
            .check(CheckRequest {
                streams: vec![stream("t"), other],
                ..CheckRequest::default()
            })
            .unwrap()
            .checks;
        assert!(
            checks.iter().any(|check| check.category == Some(Category::Config)
                && check.message.contains("'t' and 'b.t' would both be written into it")),
            "{:?}",
            checks
        );
        server.run("DROP ROLE rb_weak");
    });
}

#[test]
fn rows_without_columns_arrive() {
    with_server("rb_empty", |mut server| {
        let schema = Schema::new(vec![]);
        for (run, mode) in [("other", WriteMode::Append), ("run", WriteMode::Replace)] {
            let batch = vec![Give::Frame(frame(&schema, &[vec![], vec![], vec![]]))];
            assert_eq!(load(&server, run, "t", mode, &schema, batch).unwrap().rows, 3);
            assert_eq!(server.value("SELECT count(*) FROM t"), "3");
        }
        finalize(&server, "run", "t", &schema).unwrap();
        assert_eq!(server.value("SELECT count(*) FROM t"), "3");
    });
}
