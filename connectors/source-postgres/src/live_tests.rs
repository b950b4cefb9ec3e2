// SPDX-License-Identifier: Apache-2.0

//! The connector against a real server. The tests run when `RAPIDBYTE_TEST_POSTGRES` holds the connector's `config` as
//! JSON, of a superuser, and pass without doing anything when it does not.

use std::cell::RefCell;
use std::rc::Rc;

use rapidbyte_sdk::abi::{set_host, Recording, StandInHost};
use rapidbyte_sdk::arrow::{metadata, DataType, FrameReader};
use rapidbyte_sdk::postgres::{connect, Config, Connection};
use rapidbyte_sdk::{
    Category, CheckEntry, CheckRequest, DiscoverRequest, DiscoveredStream, Limits, OpenRequest, PlanRequest,
    PlanResponse, ReadRequest, ReadResponse, RelationKind, Result, Source, Stream, TcpStream,
};
use serde_json::{json, Map, Value};

use crate::testing::{rows_of, TextRows};
use crate::SourcePostgres;

/// A schema of its own on the server, a connection that prepares it, and a connector that reads it.
pub struct Playground {
    pub schema: String,
    pub config: Map<String, Value>,
    admin: Connection<TcpStream>,
    pub source: SourcePostgres,
    recording: Rc<RefCell<Recording>>,
}

impl Playground {
    pub fn new(name: &str, limits: Limits) -> Option<Playground> {
        let json = std::env::var("RAPIDBYTE_TEST_POSTGRES").ok()?;
        let mut config: Map<String, Value> = serde_json::from_str(&json).unwrap();
        let host = StandInHost::default();
        let recording = host.recording();
        set_host(host);
        let schema = format!("rb_source_{}", name);
        config.insert("schema".into(), schema.as_str().into());
        let mut admin = connect(&Config::from_json(&config, "test").unwrap()).unwrap();
        admin
            .execute(&format!(
                "DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}; SET search_path = {0}",
                schema
            ))
            .unwrap();
        let source = open(&config, limits).unwrap();
        Some(Playground {
            schema,
            config,
            admin,
            source,
            recording,
        })
    }

    pub fn sql(&mut self, sql: &str) {
        self.admin.execute(sql).unwrap();
    }

    pub fn plan(&mut self, stream: Value) -> Result<PlanResponse> {
        self.source.plan(PlanRequest {
            stream: stream_of(stream),
        })
    }

    pub fn read_units(&mut self, plan: &PlanResponse, from: i64, to: i64) -> Result<ReadResponse> {
        self.source.read(ReadRequest {
            stream: plan.stream.clone(),
            plan: plan.plan.clone(),
            snapshot: None,
            from,
            to,
        })
    }

    /// Plans and reads a whole stream; returns its frames.
    fn read(&mut self, stream: Value) -> Vec<Vec<u8>> {
        let plan = self.plan(stream).unwrap();
        self.read_units(&plan, 0, plan.units as i64).unwrap();
        self.frames()
    }

    pub fn frames(&self) -> Vec<Vec<u8>> {
        self.recording
            .borrow_mut()
            .emitted
            .drain(..)
            .map(|(_, frame)| frame)
            .collect()
    }

    /// The rows of a query as the server shows them, every column turned into text by the server itself.
    fn shown(&mut self, query: &str) -> TextRows {
        let result = self.admin.query(query).unwrap();
        result
            .rows
            .iter()
            .map(|row| {
                (0..row.len())
                    .map(|column| row.get(column).map(str::to_owned))
                    .collect()
            })
            .collect()
    }

    fn check(&mut self, streams: Vec<Value>) -> Vec<CheckEntry> {
        let request = CheckRequest {
            streams: streams.into_iter().map(stream_of).collect(),
            ..CheckRequest::default()
        };
        self.source.check(request).unwrap().checks
    }

    fn discover(&mut self) -> Vec<DiscoveredStream> {
        let all = self.source.discover(DiscoverRequest::default()).unwrap().streams;
        all.into_iter()
            .filter(|stream| stream.namespace == self.schema)
            .collect()
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.admin
                .execute(&format!("DROP SCHEMA {} CASCADE", self.schema))
                .unwrap();
        }
    }
}

pub fn open(config: &Map<String, Value>, limits: Limits) -> Result<SourcePostgres> {
    let mut request: OpenRequest = serde_json::from_value(json!({"abi": 1, "run_id": "test"})).unwrap();
    request.config = config.clone();
    request.limits = limits;
    SourcePostgres::open(request)
}

fn stream_of(stream: Value) -> Stream {
    serde_json::from_value(stream).unwrap()
}

/// A [`Playground`], or the end of the test when there is no server.
macro_rules! playground {
    ($name:literal) => {
        playground!($name, Limits::default())
    };
    ($name:literal, $limits:expr) => {
        match Playground::new($name, $limits) {
            Some(playground) => playground,
            None => return,
        }
    };
}

/// Types of one value each with the values at their edges: (type, values as SQL). Those that hold others are compared in SQL, with a target that they
/// were written to, by the hosts' tests.
const TYPES: &[(&str, &[&str])] = &[
    ("boolean", &["true", "false"]),
    ("smallint", &["-32768", "0", "32767"]),
    ("integer", &["-2147483648", "0", "2147483647"]),
    ("bigint", &["'-9223372036854775808'", "0", "9223372036854775807"]),
    (
        "real",
        &[
            "0.5",
            "-1.5",
            "'NaN'",
            "'Infinity'",
            "'-Infinity'",
            "'-0'",
            "16777216",
            "3.4028235e38",
            "1e-45",
            "0.1",
        ],
    ),
    (
        "double precision",
        &[
            "0.5",
            "'NaN'",
            "'Infinity'",
            "'-Infinity'",
            "'-0'",
            "0.1",
            "123456.789",
            "1.7976931348623157e308",
            "5e-324",
        ],
    ),
    (
        "numeric",
        &[
            "0",
            "0.000",
            "-1.50",
            "'NaN'",
            "1e-20",
            "1e50",
            "12345678901234567890.123456789",
        ],
    ),
    ("numeric(10,2)", &["0", "0.01", "-12345678.90", "99999999.99"]),
    ("numeric(10,2)", &["1.5", "'NaN'", "-2.25"]),
    ("numeric(18,18)", &["0.999999999999999999", "-0.000000000000000001"]),
    (
        "numeric(38,10)",
        &["1234567890123456789012345678.0123456789", "-0.0000000001", "0"],
    ),
    (
        "numeric(76,38)",
        &[
            "-12345678901234567890123456789012345678.00000000000000000000000000000000000001",
            "7",
        ],
    ),
    ("numeric(77,1)", &["1.5", "'NaN'"]),
    (
        "text",
        &[
            "''",
            "'a'",
            "E'tab\\there'",
            "E'line\\nbreak'",
            "'it''s \"quoted\"'",
            "E'back\\\\slash'",
            "U&'zero\\200Bwidth'",
            "'😀 größe'",
            "repeat('x', 1048576)",
        ],
    ),
    ("character varying(40)", &["''", "'abc'", "'日本語'"]),
    ("character(5)", &["'ab'", "'abcde'", "''"]),
    ("name", &["'a_name'"]),
    ("bytea", &["''", "'\\x00ff0a'", "decode(repeat('ab', 70000), 'hex')"]),
    (
        "date",
        &[
            "'2024-02-29'",
            "'1970-01-01'",
            "'4713-01-01 BC'",
            "'0001-12-31 BC'",
            "'5874897-12-31'",
            "'infinity'",
            "'-infinity'",
        ],
    ),
    ("time", &["'00:00:00'", "'23:59:59.999999'", "'12:34:56.7'"]),
    ("time", &["'12:34:56'", "'24:00:00'"]),
    (
        "timestamp",
        &[
            "'1970-01-01'",
            "'2024-06-01 12:34:56.789'",
            "'4713-01-01 00:00:00 BC'",
            "'infinity'",
            "'-infinity'",
            "'290000-01-01'",
        ],
    ),
    (
        "timestamp",
        &[
            "'2024-06-01 12:34:56'",
            "'294276-12-31 23:59:59.999999'",
            "'infinity'",
            "'0044-03-15 12:00:00 BC'",
        ],
    ),
    (
        "timestamp",
        &["'294247-01-10 04:00:54.775806'", "'294247-01-10 04:00:54.775807'"],
    ),
    (
        "timestamptz",
        &[
            "'2024-06-01 12:34:56.789+02'",
            "'4713-01-01 00:00:00 BC'",
            "'infinity'",
            "'-infinity'",
        ],
    ),
    (
        "timestamptz",
        &[
            "'294276-12-31 23:59:59.999999+00'",
            "'-infinity'",
            "'0044-03-15 12:00:00+00 BC'",
        ],
    ),
    (
        "uuid",
        &[
            "'00000000-0000-0000-0000-000000000000'",
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
        ],
    ),
    ("json", &["'{\"a\":  [1, null, \"ü\"]}'", "'null'", "'\"\"'"]),
    (
        "jsonb",
        &["'{\"a\":  [1, null, \"ü\"]}'", "'null'", "'12345678901234567890.5'"],
    ),
    ("inet", &["'10.0.0.1/8'", "'::1/64'"]),
    ("bit(3)", &["'101'"]),
    ("bit varying", &["''", "'10101'"]),
    ("xml", &["'<a>b</a>'"]),
    ("\"char\"", &["'x'"]),
    ("oid", &["4294967295"]),
    ("pg_lsn", &["'16/B374D848'"]),
    ("mood", &["'happy'", "'so so'"]),
    ("short", &["'abc'"]),
];

#[test]
fn types_of_one_value_arrive_exactly_with_nulls_in_between() {
    let mut playground = playground!("types");
    playground.sql(
        "CREATE TYPE mood AS ENUM ('happy', 'so so'); CREATE DOMAIN short AS varchar(10) CHECK (length(VALUE) < 9)",
    );
    for (number, (type_name, values)) in TYPES.iter().enumerate() {
        let table = format!("t{}", number);
        playground.sql(&format!("CREATE TABLE {} (n int, v {})", table, type_name));
        for value in *values {
            playground.sql(&format!("INSERT INTO {0} SELECT count(*), {1} FROM {0}", table, value));
            playground.sql(&format!("INSERT INTO {0} SELECT count(*), NULL FROM {0}", table));
        }
        let cast = if *type_name == "character(5)" { "v" } else { "v::text" };
        let expected = playground.shown(&format!("SELECT n::text, {} FROM {} ORDER BY ctid", cast, table));
        let expected = match *type_name {
            "real" => without_exponents::<f32>(expected),
            "double precision" => without_exponents::<f64>(expected),
            _ => expected,
        };
        let frames = playground.read(json!({ "name": table }));
        assert_eq!(rows_of(&frames), expected, "{} {:?}", type_name, values);
    }
}

/// The server writes large numbers with an exponent, Rust does not: their values are what counts.
fn without_exponents<N: std::str::FromStr + ToString>(rows: TextRows) -> TextRows {
    let rewrite = |text: String| match text.parse::<N>() {
        Ok(number) if text.contains('e') => number.to_string(),
        _ => text,
    };
    rows.into_iter()
        .map(|row| row.into_iter().map(|value| value.map(rewrite)).collect())
        .collect()
}

#[test]
fn numerics_with_a_negative_scale_arrive_exactly() {
    let mut playground = playground!("negative_scale");
    if playground.admin.server_major_version() < 15 {
        return;
    }
    playground.sql("CREATE TABLE t (a numeric(3,-2), b numeric(2,5)); INSERT INTO t VALUES (12345, 0.00099), (-99900, 0), (0, -0.00001), (NULL, NULL)");
    let expected = playground.shown("SELECT a::text, b::text FROM t");
    let frames = playground.read(json!({"name": "t"}));
    assert_eq!(rows_of(&frames), expected);
    let batch_schema = FrameReader::new().parse(&frames[0]).unwrap().schema().clone();
    assert_eq!(batch_schema.fields[0].data_type, DataType::Decimal128(3, -2));
    assert_eq!(
        batch_schema.fields[0].metadata(metadata::NATIVE_TYPE),
        Some("numeric(3,-2)")
    );
}

#[test]
fn native_types_are_complete_and_qualified() {
    let mut playground = playground!("native");
    playground.sql(
        "CREATE TYPE \"Mood\" AS ENUM ('x'); CREATE DOMAIN short AS varchar(10); \
         CREATE TABLE t (a varchar(40) NOT NULL, b \"Mood\", c short, d \"Mood\"[], e timestamp(3) with time zone, f numeric(10,2), \
         g interval day to second(2), h bit(3), i int GENERATED ALWAYS AS (1) STORED, PRIMARY KEY (f, a))",
    );
    let plan = playground.plan(json!({"name": "t"})).unwrap();
    let schema = &playground.schema;
    let native: Vec<_> = plan
        .schema
        .fields
        .iter()
        .map(|field| field.metadata(metadata::NATIVE_TYPE).unwrap())
        .collect();
    assert_eq!(
        native,
        [
            "character varying(40)",
            &format!("{}.\"Mood\"", schema),
            &format!("{}.short", schema),
            &format!("{}.\"Mood\"[]", schema),
            "timestamp(3) with time zone",
            "numeric(10,2)",
            "interval day to second(2)",
            "bit(3)",
            "integer"
        ]
    );
    assert!(!plan.schema.fields[0].nullable && plan.schema.fields[1].nullable);
    assert_eq!(plan.schema.metadata(metadata::PRIMARY_KEY), Some("[\"f\",\"a\"]"));
    assert_eq!(plan.schema.metadata(metadata::NAMESPACE), Some(schema.as_str()));
    let discovered = &playground.discover()[0];
    assert!(discovered.fields[8].generated && discovered.fields[0].primary_key && !discovered.fields[1].primary_key);
    assert_eq!(discovered.primary_key, ["f", "a"]);
}

#[test]
fn units_of_a_large_table_hold_every_row_once() {
    let mut playground = playground!("units");
    playground.sql("CREATE TABLE t AS SELECT n AS id, md5(n::text) AS payload FROM generate_series(1, 60000) n; DELETE FROM t WHERE id % 7 = 0");
    let plan = playground.plan(json!({"name": "t"})).unwrap();
    assert!(plan.units >= 4, "{} units", plan.units);
    assert_eq!(plan.unit_kind, "heap_blocks");
    assert!(
        plan.estimated_bytes > 3 << 20 && plan.estimated_rows > 10_000,
        "{:?}",
        plan
    );
    // Rows that come after the plan are read with the last unit.
    playground.sql("INSERT INTO t SELECT n, 'later' FROM generate_series(60001, 90000) n");
    let mut rows = TextRows::new();
    for unit in (0..plan.units as i64).rev() {
        let response = playground.read_units(&plan, unit, unit + 1).unwrap();
        assert_eq!(response.units, 1);
        let found = rows_of(&playground.frames());
        assert_eq!(found.len() as u64, response.rows);
        rows.extend(found);
    }
    let mut ids: Vec<u32> = rows
        .iter()
        .map(|row| row[0].as_ref().unwrap().parse().unwrap())
        .collect();
    ids.sort_unstable();
    let expected: Vec<u32> = (1..=60_000).filter(|id| id % 7 != 0).chain(60_001..=90_000).collect();
    assert_eq!(ids, expected);
}

#[test]
fn reading_stops_at_a_denied_claim_and_metrics_are_told() {
    let mut playground = playground!("denied");
    playground.sql("CREATE TABLE t AS SELECT n AS id, md5(n::text) AS payload FROM generate_series(1, 60000) n");
    let plan = playground.plan(json!({"name": "t"})).unwrap();
    let host = StandInHost::default().granting(2);
    playground.recording = host.recording();
    set_host(host);
    // The connection belongs to the host that made it.
    playground.source.session.discard();
    let response = playground.read_units(&plan, 1, plan.units as i64).unwrap();
    assert_eq!(response.units, 2);
    let recording = playground.recording.clone();
    let recording = recording.borrow();
    assert_eq!(recording.claimed, [1, 2]);
    assert!(recording.metrics["source_connect"] > 0 && recording.metrics["source_query"] > 0);
    assert_eq!(recording.metrics["source_rows"] as u64, response.rows);
    assert_eq!(recording.metrics["source_units"], 2);
    std::mem::forget(playground);
}

#[test]
fn a_unit_that_is_read_again_yields_the_same_frames() {
    let limits = Limits {
        max_batch_bytes: 50_000,
        max_record_bytes: 1 << 20,
        ..Limits::default()
    };
    let mut playground = playground!("again", limits);
    playground.sql(
        "CREATE TABLE t AS SELECT n AS id, repeat('x', n % 977) AS payload, \
         CASE WHEN n % 1013 = 0 THEN 'NaN'::numeric ELSE n::numeric / 100 END::numeric(12,2) AS amount FROM generate_series(1, 20000) n",
    );
    let first = playground.read(json!({"name": "t"}));
    let second = playground.read(json!({"name": "t"}));
    assert!(first.len() > 100, "{} frames", first.len());
    assert!(first == second);
    assert!(first.iter().all(|frame| frame.len() <= 50_000 + 1000));
    assert_eq!(
        rows_of(&first),
        playground.shown("SELECT id::text, payload, amount::text FROM t")
    );
}

#[test]
fn an_index_that_is_made_meanwhile_does_not_change_the_order_of_rows() {
    let mut playground = playground!("reindexed");
    playground.sql(
        "CREATE TABLE t AS SELECT n * 7919 % 20011 AS id, repeat('x', 500) AS payload FROM generate_series(1, 20000) n",
    );
    let stream = json!({"name": "t", "columns": ["id"], "partition_key": "id"});
    let plan = playground.plan(stream).unwrap();
    playground.read_units(&plan, 0, plan.units as i64).unwrap();
    let first = playground.frames();
    playground.sql("CREATE INDEX ON t (id)");
    // Now the whole of the column is cheapest to have from the index, in its order.
    playground.sql("VACUUM ANALYZE t");
    playground.read_units(&plan, 0, plan.units as i64).unwrap();
    assert!(first == playground.frames());
    assert_eq!(rows_of(&first).len(), 20_000);
}

#[test]
fn a_partition_key_is_cut_by_ranges_or_by_remainders_as_is_asked_for() {
    let mut playground = playground!("partition_mode");
    playground.sql(
        "CREATE TABLE t AS SELECT n AS id, n::text AS name, repeat('x', 1500) AS payload FROM generate_series(1, 20000) n; ANALYZE t",
    );
    let plan_of = |playground: &mut Playground, key: &str, mode: Option<&str>| {
        let options = mode.map_or(json!({}), |mode| json!({ "partition_mode": mode }));
        playground.plan(json!({"name": "t", "partition_key": key, "options": options}))
    };
    for (key, mode, kind) in [
        ("id", None, "key_ranges"),
        ("id", Some("range"), "key_ranges"),
        ("id", Some("mod"), "key_hashes"),
        ("name", None, "key_hashes"),
        ("name", Some("mod"), "key_hashes"),
    ] {
        let plan = plan_of(&mut playground, key, mode).unwrap();
        assert_eq!(plan.unit_kind, kind, "{} {:?}", key, mode);
        assert!(plan.units > 1);
        playground.read_units(&plan, 0, plan.units as i64).unwrap();
        assert_eq!(rows_of(&playground.frames()).len(), 20_000);
    }
    let error = plan_of(&mut playground, "name", Some("range")).unwrap_err();
    assert_eq!(error.code(), "no_ranges");
    let error = plan_of(&mut playground, "id", Some("modulo")).unwrap_err();
    assert_eq!(error.code(), "invalid_config");
}

#[test]
fn a_value_that_does_not_fit_makes_a_batch_of_text_and_the_next_is_plain() {
    let limits = Limits {
        max_batch_bytes: 20_000,
        max_record_bytes: 1 << 20,
        ..Limits::default()
    };
    let mut playground = playground!("flip", limits);
    playground.sql(
        "CREATE TABLE t AS SELECT n AS id, CASE WHEN n = 500 THEN 'NaN'::numeric ELSE n END::numeric(10,2) AS amount, \
         CASE WHEN n IN (505, 2500) THEN '294276-12-31'::timestamp ELSE '2024-01-01' END AS moment FROM generate_series(1, 5000) n",
    );
    let frames = playground.read(json!({"name": "t"}));
    let mut forms = Vec::new();
    for frame in &frames {
        let mut reader = FrameReader::new();
        let batch = reader.parse(frame).unwrap();
        let fields = &batch.schema().fields;
        assert_eq!(fields[1].metadata(metadata::NATIVE_TYPE), Some("numeric(10,2)"));
        forms.push((
            fields[1].metadata(metadata::ENCODING).is_some(),
            fields[2].metadata(metadata::ENCODING).is_some(),
        ));
    }
    forms.dedup();
    assert_eq!(
        forms,
        [
            (false, false),
            (true, false),
            (true, true),
            (false, false),
            (false, true),
            (false, false)
        ]
    );
    assert_eq!(
        rows_of(&frames),
        playground.shown("SELECT id::text, amount::text, moment::text FROM t")
    );
}

#[test]
fn what_is_no_plain_table_is_read_too() {
    let mut playground = playground!("kinds");
    playground.sql(
        "CREATE TABLE parent (id int); CREATE TABLE child (extra text) INHERITS (parent); \
         INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 'x'); \
         CREATE TABLE parted (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF parted FOR VALUES FROM (0) TO (10); \
         CREATE TABLE p2 PARTITION OF parted FOR VALUES FROM (10) TO (20); INSERT INTO parted VALUES (5), (15); \
         CREATE VIEW looked AS SELECT id * 2 AS id FROM parent; CREATE MATERIALIZED VIEW kept AS SELECT id FROM parted; \
         CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES; INSERT INTO nothing DEFAULT VALUES; CREATE TABLE empty (a int, b text); \
         ANALYZE",
    );
    let ids = |playground: &mut Playground, name: &str| {
        let frames = playground.read(json!({ "name": name }));
        let mut ids: Vec<String> = rows_of(&frames)
            .into_iter()
            .map(|row| row[0].clone().unwrap())
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&mut playground, "parent"), ["1", "2"]);
    assert_eq!(ids(&mut playground, "child"), ["2"]);
    assert_eq!(ids(&mut playground, "parted"), ["15", "5"]);
    assert_eq!(ids(&mut playground, "looked"), ["2", "4"]);
    assert_eq!(ids(&mut playground, "kept"), ["15", "5"]);
    let parted = playground.plan(json!({"name": "parted"})).unwrap();
    assert_eq!(
        (parted.estimated_rows, parted.units, parted.unit_kind.as_str()),
        (2, 2, "heap_blocks_of_parts")
    );
    assert_eq!(playground.plan(json!({"name": "parent"})).unwrap().units, 2);
    assert_eq!(playground.plan(json!({"name": "empty"})).unwrap().estimated_rows, 0);
    assert_eq!(
        playground.plan(json!({"name": "kept"})).unwrap().unit_kind,
        "heap_blocks"
    );

    let frames = playground.read(json!({"name": "empty"}));
    assert_eq!(frames.len(), 1);
    let mut reader = FrameReader::new();
    let batch = reader.parse(&frames[0]).unwrap();
    assert_eq!((batch.rows(), batch.columns().len()), (0, 2));

    let frames = playground.read(json!({"name": "nothing"}));
    let batch = reader.parse(&frames[0]).unwrap();
    assert_eq!((batch.rows(), batch.columns().len()), (2, 0));

    // What a destination keeps beside its targets is no stream.
    playground.sql("CREATE TABLE _rapidbyte_ledger (unit bigint)");
    let discovered = playground.discover();
    let kinds: Vec<_> = discovered
        .iter()
        .map(|stream| (stream.name.as_str(), stream.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("child", RelationKind::Table),
            ("empty", RelationKind::Table),
            ("kept", RelationKind::MaterializedView),
            ("looked", RelationKind::View),
            ("nothing", RelationKind::Table),
            ("parent", RelationKind::Table),
            ("parted", RelationKind::PartitionedTable),
        ]
    );
}

#[test]
fn names_may_hold_anything_and_columns_can_be_chosen() {
    let mut playground = playground!("names");
    playground.sql(
        "CREATE TABLE \"Größe \"\"x\"\".y\" (\"select\" int, \"naïve \"\"col\"\"\" text, \"a.b\" bool, updated_at timestamp); \
         INSERT INTO \"Größe \"\"x\"\".y\" VALUES (1, 'one', true, '2024-01-01')",
    );
    let discovered = playground.discover().remove(0);
    assert_eq!(discovered.name, "\"Größe \"\"x\"\".y\"");
    assert_eq!(discovered.suggested_cursor.as_deref(), Some("updated_at"));
    let frames = playground.read(json!({"name": discovered.name, "columns": ["a.b", "naïve \"col\"", "select"]}));
    assert_eq!(
        rows_of(&frames),
        [[Some("true".to_owned()), Some("one".to_owned()), Some("1".to_owned())]]
    );
    let qualified = format!("{}.\"Größe \"\"x\"\".y\"", playground.schema);
    assert_eq!(rows_of(&playground.read(json!({ "name": qualified }))).len(), 1);
    let included = DiscoverRequest {
        include: Some(vec![qualified]),
    };
    assert_eq!(playground.source.discover(included).unwrap().streams.len(), 1);
}

/// An operator that somebody else has put into a schema of the search path, and that fits better than the server's own, is not called with the
/// rights of whoever reads.
#[test]
fn operators_of_others_are_never_called() {
    let mut playground = playground!("trap");
    playground.sql(
        "CREATE TABLE t AS SELECT n AS id, n AS at FROM generate_series(1, 100) n; ALTER TABLE t ADD PRIMARY KEY (id)",
    );
    let types = ["text", "int4", "oid", "regtype", "regclass", "name", "\"char\""];
    for left in types {
        for right in types {
            playground.sql(&format!(
                "CREATE FUNCTION trap({0}, {1}) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$",
                left, right
            ));
            for operator in ["=", "<>", "<", "<=", ">", ">="] {
                // With both types the same, the server has the very one and looks for no other.
                if left != right {
                    playground.sql(&format!(
                        "CREATE OPERATOR rb_source_trap.{} (LEFTARG = {}, RIGHTARG = {}, FUNCTION = trap)",
                        operator, left, right
                    ));
                }
            }
        }
    }
    playground.sql("DROP ROLE IF EXISTS rb_trapped_reader; CREATE ROLE rb_trapped_reader LOGIN SUPERUSER; ALTER ROLE rb_trapped_reader SET search_path = rb_source_trap");
    let mut config = playground.config.clone();
    config.insert("user".into(), "rb_trapped_reader".into());
    playground.source = open(&config, Limits::default()).unwrap();
    assert_eq!(rows_of(&playground.read(json!({"name": "t"}))).len(), 100);
    assert_eq!(
        rows_of(&playground.read(json!({"name": "t", "partition_key": "id"}))).len(),
        100
    );
    let incremental = json!({"name": "t", "sync_mode": "incremental", "cursor_field": "at", "tie_breaker_field": "id"});
    assert_eq!(rows_of(&playground.read(incremental)).len(), 100);
    assert_eq!(playground.discover().len(), 1);
    assert!(playground
        .check(vec![json!({"name": "t"})])
        .iter()
        .all(|entry| entry.ok));
    playground.source.close().unwrap();
    playground.sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'rb_trapped_reader'; DROP ROLE rb_trapped_reader");
}

#[test]
fn tables_of_250_columns_and_all_nulls_arrive() {
    let mut playground = playground!("wide");
    let columns: Vec<String> = (0..250)
        .map(|n| {
            format!(
                "c{} {}",
                n,
                ["int", "text", "numeric(10,2)", "timestamp", "bool"][n % 5]
            )
        })
        .collect();
    playground.sql(&format!("CREATE TABLE t ({})", columns.join(", ")));
    playground.sql("INSERT INTO t (c0, c1) SELECT n, n::text FROM generate_series(1, 1000) n; UPDATE t SET c249 = true WHERE c0 = 77");
    let list: Vec<String> = (0..250).map(|n| format!("c{}::text", n)).collect();
    let expected = playground.shown(&format!("SELECT {} FROM t", list.join(", ")));
    let frames = playground.read(json!({"name": "t"}));
    assert!(rows_of(&frames) == expected);
}

#[test]
fn wrong_streams_are_refused_with_what_was_meant() {
    let mut playground = playground!("wrong");
    playground.sql("CREATE TABLE orders (id int, amount numeric)");
    let schema = playground.schema.clone();
    let error = playground.plan(json!({"name": "ordres"})).unwrap_err();
    assert_eq!((error.category(), error.code()), (Category::Config, "unknown_table"));
    assert!(
        error.message().starts_with(&format!(
            "stream 'ordres': there is no table or view {}.ordres in Postgres at",
            schema
        )),
        "{}",
        error
    );
    assert_eq!(
        error.hint_text(),
        Some(format!("did you mean '{}.orders'?", schema).as_str())
    );
    let error = playground.plan(json!({"name": "public.orders"})).unwrap_err();
    assert!(
        error.hint_text().unwrap().contains(&format!("{}.orders", schema)),
        "{}",
        error
    );
    let error = playground
        .plan(json!({"name": "orders", "columns": ["id", "amout"]}))
        .unwrap_err();
    assert_eq!(
        (error.code(), error.hint_text()),
        ("unknown_column", Some("did you mean 'amount'?"))
    );
    let error = playground
        .plan(json!({"name": "orders", "columns": ["id", "id"]}))
        .unwrap_err();
    assert_eq!(error.code(), "duplicate_column");
    assert_eq!(
        playground
            .plan(json!({"name": "orders", "columns": []}))
            .unwrap_err()
            .code(),
        "no_columns"
    );
    let error = playground
        .plan(json!({"name": "orders", "sync_mode": "cdc"}))
        .unwrap_err();
    assert_eq!(error.code(), "unsupported_sync_mode");

    let checks = playground.check(vec![json!({"name": "orders"}), json!({"name": "ordres"})]);
    let ok: Vec<bool> = checks.iter().map(|check| check.ok).collect();
    assert_eq!(ok, [true, true, true, true, false], "{:?}", checks);
    assert!(checks[4].hint.as_ref().unwrap().contains("did you mean"));
    assert_eq!((checks[3].category, checks[4].category), (None, Some(Category::Config)));
}

#[test]
fn missing_privileges_are_told_with_what_to_grant() {
    let mut playground = playground!("privileges");
    playground.sql("CREATE TABLE hidden (id int); CREATE TABLE partly (a int, b int)");
    playground.sql(
        "DO $$ BEGIN CREATE ROLE rb_source_guest LOGIN PASSWORD 'guest'; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    );
    let schema = playground.schema.clone();
    playground.sql(&format!(
        "GRANT USAGE ON SCHEMA {} TO rb_source_guest; GRANT SELECT (a) ON partly TO rb_source_guest",
        schema
    ));
    let mut config = playground.config.clone();
    config.insert("user".into(), "rb_source_guest".into());
    config.insert("password".into(), "guest".into());
    playground.source = open(&config, Limits::default()).unwrap();
    let checks = playground.check(vec![
        json!({"name": "hidden"}),
        json!({"name": "partly"}),
        json!({"name": "partly", "columns": ["a"]}),
    ]);
    let ok: Vec<bool> = checks.iter().map(|check| check.ok).collect();
    assert_eq!(ok, [true, true, true, false, false, true], "{:?}", checks);
    for denied in &checks[3..5] {
        assert_eq!(denied.category, Some(Category::Permission), "{:?}", denied);
    }
    assert!(checks[3].hint.as_ref().unwrap().contains("GRANT"), "{:?}", checks[3]);
    assert!(
        checks[4].hint.as_ref().unwrap().contains("GRANT SELECT"),
        "{:?}",
        checks[4]
    );
    let error = playground.plan(json!({"name": "hidden"})).unwrap_err();
    assert_eq!((error.category(), error.code()), (Category::Permission, "42501"));
    assert_eq!(playground.discover().len(), 1);
    playground.source.close().unwrap();
}

#[test]
fn a_row_above_the_limit_is_refused_by_stream_and_size() {
    let limits = Limits {
        max_batch_bytes: 1 << 20,
        max_record_bytes: 300_000,
        ..Limits::default()
    };
    let mut playground = playground!("limit", limits);
    playground.sql("CREATE TABLE t (n int, v text); INSERT INTO t VALUES (1, 'x'), (2, repeat('x', 400000))");
    let plan = playground.plan(json!({"name": "t"})).unwrap();
    let error = playground.read_units(&plan, 0, 1).unwrap_err();
    assert_eq!((error.category(), error.code()), (Category::Data, "record_too_large"));
    assert!(error.message().starts_with("stream 't': a row takes 4000"), "{}", error);
    // A number can take far more room as text than it does on the wire.
    playground.sql("TRUNCATE t; ALTER TABLE t ALTER v TYPE numeric USING 1; INSERT INTO t SELECT n, ('1e' || 100000 + n)::numeric FROM generate_series(1, 40) n");
    let plan = playground.plan(json!({"name": "t"})).unwrap();
    playground.read_units(&plan, 0, 1).unwrap();
    let frames = playground.frames();
    assert!(frames.len() >= 4 && frames.iter().all(|frame| frame.len() <= (1 << 20) + 1000));
    assert_eq!(rows_of(&frames), playground.shown("SELECT n::text, v::text FROM t"));
}

#[test]
fn a_table_that_changes_after_the_plan_is_noticed() {
    let mut playground = playground!("changed");
    playground.sql("CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 2)");
    let plan = playground.plan(json!({"name": "t"})).unwrap();
    playground.sql("ALTER TABLE t ALTER b TYPE bigint");
    let error = playground.read_units(&plan, 0, 1).unwrap_err();
    assert_eq!((error.category(), error.code()), (Category::Schema, "table_changed"));
    assert!(error.message().contains("column 'b'"), "{}", error);
    playground.sql("ALTER TABLE t DROP b");
    let error = playground.read_units(&plan, 0, 1).unwrap_err();
    assert_eq!((error.category(), error.code()), (Category::Schema, "42703"));
    playground.sql("DROP TABLE t");
    assert_eq!(playground.read_units(&plan, 0, 1).unwrap_err().code(), "42P01");
}

#[test]
fn an_ended_session_is_a_transient_error_and_the_next_call_works() {
    let mut playground = playground!("ended");
    playground.sql("CREATE TABLE t AS SELECT n FROM generate_series(1, 10) n");
    let plan = playground.plan(json!({"name": "t"})).unwrap();
    playground.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rapidbyte source-postgres' AND query LIKE 'EXPLAIN%rb_source_ended%'");
    let error = playground.read_units(&plan, 0, 1).unwrap_err();
    assert!(error.is_retryable(), "{}", error);
    assert!(
        matches!(error.code(), "57P01" | "connection_lost" | "connection_reset"),
        "{}",
        error
    );
    assert_eq!(playground.read_units(&plan, 0, 1).unwrap().rows, 10);
}
