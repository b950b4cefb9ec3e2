// SPDX-License-Identifier: Apache-2.0

//! `replace` against a real server: what readers see, and what is left of all that the target had.

use super::*;

#[path = "replace_tests/keys.rs"]
mod keys;
#[path = "replace_tests/meaning.rs"]
mod meaning;
#[path = "replace_tests/meanwhile.rs"]
mod meanwhile;

const TARGET: &str = include_str!("replace_tests/target.sql");
const STATE: &str = include_str!("replace_tests/state.sql");

fn target_columns() -> Schema {
    Schema::new(vec![
        plain("id", DataType::Int32, "integer"),
        plain("name", DataType::Utf8, "text"),
        plain("number", DataType::Int32, "integer"),
        plain("Other Column", DataType::Utf8, "text"),
    ])
}

fn target_rows(from: i32, to: i32) -> Vec<Vec<Cell>> {
    let row = |id: i32| {
        vec![
            cell(id.to_le_bytes()),
            cell(format!("new {}", id)),
            cell(id.to_le_bytes()),
            Cell::Null,
        ]
    };
    (from..to).map(row).collect()
}

/// Loads these rows and puts them in the target's place.
fn replace(server: &Server, run_id: &str, table: &str, schema: &Schema, rows: &[Vec<Cell>]) -> Result<()> {
    let gives = vec![Give::Frame(frame(schema, rows))];
    load(server, run_id, table, WriteMode::Replace, schema, gives)?;
    finalize(server, run_id, table, schema).map(|_| ())
}

fn side_tables(server: &mut Server, schema: &str) -> String {
    server.value(&format!(
        "SELECT count(*) FROM pg_class WHERE relname LIKE '\\_rapidbyte%' AND relnamespace = '{}'::regnamespace",
        schema
    ))
}

/// The number of a relation, which is another one when a new table has taken the place of the old one.
fn number(server: &mut Server, table: &str) -> String {
    server.value(&format!("SELECT '{}'::regclass::oid::int8", table))
}

fn assert_same(before: &[String], after: &[String]) {
    let missing: Vec<_> = before.iter().filter(|line| !after.contains(line)).collect();
    let added: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
    assert!(
        missing.is_empty() && added.is_empty(),
        "missing: {:#?}\nadded: {:#?}",
        missing,
        added
    );
}

/// Makes the role of `TARGET`; several tests of the same server do.
fn make_reader(server: &mut Server) {
    server.run(
        "DO $$ BEGIN CREATE ROLE \"rb Taker\"; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
    );
}

#[test]
fn all_that_a_table_has_survives_twice() {
    with_server_without_ledger("rb_rich", |mut server| {
        make_reader(&mut server);
        server.run(TARGET);
        let publication = "DROP PUBLICATION IF EXISTS rb_rich; CREATE PUBLICATION rb_rich FOR TABLE t";
        server.run(publication);
        let before = server.rows(STATE);
        assert!(before.len() > 90, "{:#?}", before);
        let schema = target_columns();
        for run in 1..3 {
            let old = number(&mut server, "t");
            let (from, to) = (3 * run, 3 * run + 10);
            server.run("INSERT INTO child VALUES (1, NULL)");
            replace(&server, &format!("run {}", run), "t", &schema, &target_rows(from, to)).unwrap();
            assert_same(&before, &server.rows(STATE));
            assert_ne!(number(&mut server, "t"), old, "a new table is there");
            assert_eq!(
                server.value("SELECT count(*) || ' ' || min(id) || ' ' || max(name) FROM t"),
                format!("10 {} new 9", from)
            );
            assert_eq!(server.value("SELECT count(*) FROM seen_twice"), "10");
        }
        assert_eq!(side_tables(&mut server, "rb_rich"), "0");
        // What was carried over does what it did: the view writes, the key holds, the counters go on.
        server.run("ALTER TABLE t DISABLE TRIGGER ALL; INSERT INTO child VALUES (2, 6)");
        server.run("INSERT INTO t (name) VALUES ('by default')");
        assert_eq!(
            server.value("SELECT id || ' ' || number FROM t WHERE name = 'by default'"),
            "20 1"
        );
        server.run("DROP PUBLICATION rb_rich; DROP SCHEMA rb_rich CASCADE");
    });
}

#[test]
fn what_a_new_table_cannot_stand_for_keeps_the_old_one_whose_rows_are_exchanged() {
    with_server_without_ledger("rb_exchange", |mut server| {
        make_reader(&mut server);
        server.run(TARGET);
        server.run(
            "CREATE MATERIALIZED VIEW kept AS SELECT name FROM t; CREATE FUNCTION all_of_t() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM rb_exchange.t';
             CREATE VIEW whole AS SELECT t AS a_row FROM t; CREATE TABLE holds (a t);
             INSERT INTO child VALUES (1, 10)",
        );
        let before = server.rows(STATE);
        let old = number(&mut server, "t");
        let schema = target_columns();
        for run in ["run 1", "run 2"] {
            replace(&server, run, "t", &schema, &target_rows(2, 30)).unwrap();
            assert_same(&before, &server.rows(STATE));
            assert_eq!(number(&mut server, "t"), old);
            assert_eq!(
                server.value("SELECT count(*) || ' ' || min(id) FROM all_of_t()"),
                "28 2"
            );
        }
        assert_eq!(
            server.value("SELECT count(*) FROM child"),
            "1",
            "nothing was deleted in cascade"
        );
        assert_eq!(side_tables(&mut server, "rb_exchange"), "0");
    });
}

#[test]
fn what_is_built_on_the_target_during_the_run_survives_too() {
    with_server_without_ledger("rb_meanwhile", |mut server| {
        server.run("CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t VALUES (9, 'old')");
        let schema = two_columns();
        let gives = vec![Give::Frame(frame(&schema, &two_rows(1)))];
        load(&server, "run", "t", WriteMode::Replace, &schema, gives).unwrap();
        server.run(
            "CREATE VIEW \"A view\" AS SELECT * FROM t; CREATE TABLE child (id int REFERENCES t ON DELETE RESTRICT);
             CREATE INDEX new_index ON t (name); ALTER TABLE t ADD CONSTRAINT new_key UNIQUE (name), ADD CONSTRAINT new_check CHECK (id < 100)",
        );
        let before = server.rows(&STATE.replace(
            "WHERE relnamespace",
            "WHERE relname NOT LIKE '\\_rapidbyte%' AND relnamespace",
        ));
        finalize(&server, "run", "t", &schema).unwrap();
        assert_same(&before, &server.rows(STATE));
        assert_eq!(
            server.rows("SELECT name FROM \"A view\" ORDER BY 1"),
            ["row 1", "row 2"]
        );
        // The connector does not know that it is done already.
        finalize(&server, "run", "t", &schema).unwrap();
        assert_eq!(server.value("SELECT count(*) FROM t"), "2");
    });
}

#[test]
fn a_swap_that_fails_leaves_all_as_it_was() {
    with_server_without_ledger("rb_failed", |mut server| {
        make_reader(&mut server);
        server.run(TARGET);
        server.run("INSERT INTO child VALUES (1, 10)");
        let before = server.rows(STATE);
        let schema = target_columns();
        // The row that the child refers to is not among the new ones.
        let error = replace(&server, "failed 1", "t", &schema, &target_rows(20, 30)).unwrap_err();
        assert_eq!(error.code(), "23503", "{}", error);
        assert!(
            error.message().contains("stream 't'") && error.message().contains("child_to_t"),
            "{}",
            error
        );
        // Nor is the parent of a new row.
        let error = replace(&server, "failed 2", "t", &schema, &target_rows(10, 60)).unwrap_err();
        assert!(error.message().contains("to_parent"), "{}", error);
        assert_eq!(
            server.value("SELECT string_agg(name, ',' ORDER BY id) FROM t"),
            "old 1,old 2,old 3"
        );
        assert_eq!(
            side_tables(&mut server, "rb_failed"),
            "18",
            "two tables, their indexes and sequences"
        );
        set_host(StandInHost::default());
        for run in ["failed 1", "failed 2"] {
            let request = TeardownRequest {
                run_id: run.into(),
                streams: vec![stream("t")],
                reason: TeardownReason::Failed,
            };
            server.connector(run).teardown(request).unwrap();
        }
        assert_same(&before, &server.rows(STATE));
    });
}

#[test]
fn rows_of_partitioned_tables_partitions_and_heirs_are_exchanged() {
    with_server_without_ledger("rb_parts", |mut server| {
        server.run(
            "CREATE TABLE parts (id int PRIMARY KEY, name text) PARTITION BY RANGE (id); CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (100);
             CREATE TABLE rest PARTITION OF parts DEFAULT; CREATE TABLE base (id int, name text); CREATE TABLE heir () INHERITS (base);
             CREATE VIEW v AS SELECT 1 AS id; INSERT INTO parts VALUES (5, 'old'), (500, 'old'); INSERT INTO heir VALUES (5, 'old'); INSERT INTO base VALUES (6, 'old')",
        );
        let before = server.rows(STATE);
        let schema = two_columns();
        replace(&server, "run 1", "part", &schema, &two_rows(1)).unwrap();
        assert_eq!(
            server.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM parts"),
            "1 2 500"
        );
        replace(&server, "run 2", "parts", &schema, &two_rows(99)).unwrap();
        assert_eq!(
            server.value("SELECT string_agg(tableoid::regclass || ' ' || id, ', ' ORDER BY id) FROM parts"),
            "part 99, rest 100"
        );
        replace(&server, "run 3", "heir", &schema, &two_rows(1)).unwrap();
        assert_eq!(
            server.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM base"),
            "1 2 6"
        );
        assert_same(&before, &server.rows(STATE));
        // Rows that the partition does not take.
        assert!(replace(&server, "run 4", "part", &schema, &two_rows(99)).is_err());
        assert_eq!(server.value("SELECT count(*) FROM parts"), "2");
        for (table, expected) in [("base", "heir inherits from it"), ("v", "it is a view")] {
            let error = load(&server, "run 5", table, WriteMode::Replace, &schema, vec![]).unwrap_err();
            assert_eq!((error.category(), error.code()), (Category::Schema, "cannot_replace"));
            assert!(error.message().contains(expected), "{}", error);
        }
    });
}

#[test]
fn other_columns_keep_what_is_not_about_columns_and_are_refused_when_others_need_them() {
    with_server_without_ledger("rb_columns", |mut server| {
        make_reader(&mut server);
        server.run(
            "CREATE TABLE t (id int, name text, gone date); ALTER TABLE t SET (fillfactor = 50); COMMENT ON TABLE t IS 'a table'; COMMENT ON COLUMN t.id IS 'a number';
             GRANT SELECT ON t TO \"rb Taker\"; GRANT UPDATE (name) ON t TO \"rb Taker\"; ALTER TABLE t ALTER name SET STATISTICS 50;
             CREATE VIEW seen AS SELECT id, name FROM t; CREATE VIEW by_gone AS SELECT gone FROM t",
        );
        let schema = two_columns();
        let error = replace(&server, "run 1", "t", &schema, &two_rows(1)).unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Schema, "cannot_replace"));
        assert!(
            error.message().contains("by_gone needs its column \"gone\"") && !error.message().contains("view seen"),
            "{}",
            error
        );
        server.run("DROP VIEW by_gone");
        let before = server.rows(STATE);
        replace(&server, "run 2", "t", &schema, &two_rows(1)).unwrap();
        let left: Vec<_> = before.into_iter().filter(|line| !line.contains("gone")).collect();
        assert_same(&left, &server.rows(STATE));
        assert_eq!(server.value("SELECT count(*) FROM seen"), "2");
    });
}

#[test]
fn readers_see_all_old_or_all_new_rows() {
    with_server_without_ledger("rb_readers", |mut server| {
        server.run("CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t SELECT n, 'old' FROM generate_series(1, 1000) n; CREATE VIEW v AS SELECT * FROM t");
        let schema = two_columns();
        let config = server.config.clone();
        let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let reader = std::thread::spawn({
            let done = done.clone();
            move || {
                let mut seen = Vec::new();
                let mut connection = connect(&config);
                while !done.load(std::sync::atomic::Ordering::SeqCst) {
                    for relation in ["t", "v"] {
                        let sql = format!(
                            "SELECT count(*) || ' ' || count(DISTINCT left(name, 3)) FROM rb_readers.{}",
                            relation
                        );
                        seen.push(connection.query(&sql).unwrap().value().unwrap().to_owned());
                    }
                }
                seen
            }
        });
        let mut earlier = connect(&server.config);
        for run in 0..6 {
            // The last ones are exchanges in place.
            if run == 3 {
                server.run("CREATE MATERIALIZED VIEW m AS SELECT id FROM t");
            }
            let rows: Vec<_> = (0..500).flat_map(|pair| two_rows(2 * pair)).collect();
            let run_id = format!("run {}", run);
            for part in rows.chunks(250) {
                load(
                    &server,
                    &run_id,
                    "t",
                    WriteMode::Replace,
                    &schema,
                    vec![Give::Frame(frame(&schema, part))],
                )
                .unwrap();
            }
            if run == 3 {
                earlier
                    .execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class")
                    .unwrap();
            }
            finalize(&server, &run_id, "t", &schema).unwrap();
            server.run("UPDATE t SET name = 'old'");
        }
        // It had not read the table before its rows were exchanged three times.
        let old = earlier
            .query("SELECT count(*) || ' ' || count(DISTINCT name) || min(name) FROM rb_readers.t")
            .unwrap();
        assert_eq!(old.value(), Some("1000 1old"));
        done.store(true, std::sync::atomic::Ordering::SeqCst);
        let seen = reader.join().unwrap();
        assert!(seen.len() > 20);
        assert!(seen.iter().all(|seen| seen == "1000 1"), "{:?}", seen);
    });
}

#[test]
fn whoever_has_read_the_table_in_a_transaction_goes_on_to_see_it() {
    with_server_without_ledger("rb_holder", |mut server| {
        server.run("CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t VALUES (9, 'old')");
        let schema = two_columns();
        let mut holder = connect(&server.config);
        let mut names = |sql: &str| holder.query(sql).unwrap().value().unwrap().to_owned();
        let sql = "SELECT string_agg(name, ' ' ORDER BY id) FROM rb_holder.t";
        names("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
        assert_eq!(names(sql), "old");
        load(
            &server,
            "run",
            "t",
            WriteMode::Replace,
            &schema,
            vec![Give::Frame(frame(&schema, &two_rows(1)))],
        )
        .unwrap();
        let waiting = std::thread::spawn({
            let config = server.config.clone();
            move || {
                set_host(StandInHost::default());
                let request = json!({"abi": 1, "run_id": "run", "config": config, "log_level": 5});
                let mut connector = PostgresDestination::open(serde_json::from_value(request).unwrap()).unwrap();
                connector.finalize(request_of("run", "t").into()).map(|_| ())
            }
        });
        // More than the first attempt waits: readers that come are served between the attempts.
        names("SELECT pg_sleep(1.5)::text || 'slept'");
        assert_eq!(names(sql), "old");
        assert_eq!(server.value("SELECT name FROM t"), "old");
        names("COMMIT; SELECT 1");
        waiting.join().unwrap().unwrap();
        assert_eq!(names(sql), "row 1 row 2");
    });
}

#[test]
fn tables_of_others_are_replaced_by_whoever_may_delete_and_insert() {
    with_server_without_ledger("rb_foreign", |mut server| {
        server.run(
            "DROP ROLE IF EXISTS \"rb Writer\"; CREATE ROLE \"rb Writer\" LOGIN; GRANT USAGE, CREATE ON SCHEMA rb_foreign TO \"rb Writer\";
             CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text); CREATE TABLE child (id int REFERENCES t); INSERT INTO t (name) VALUES ('old'); INSERT INTO child VALUES (1);
             CREATE VIEW v AS SELECT * FROM t; GRANT SELECT ON t TO \"rb Writer\"",
        );
        // Whoever may create objects in a schema of the search path can put operators there; what they do would be done in the user's name.
        server.run(
            "DROP SCHEMA IF EXISTS rb_traps CASCADE; CREATE SCHEMA rb_traps; GRANT USAGE ON SCHEMA rb_traps TO PUBLIC;
             ALTER ROLE \"rb Writer\" SET search_path = rb_traps, rb_foreign;
             DO $$ DECLARE types text[] = ARRAY['varchar', 'text', 'name', '\"char\"', 'int2', 'int4', 'int8', 'oid', 'regclass']; a text; b text; o text; BEGIN
                 FOREACH a IN ARRAY types LOOP FOREACH b IN ARRAY types LOOP
                     EXECUTE format('CREATE FUNCTION rb_traps.trap(%s, %s) RETURNS boolean LANGUAGE plpgsql AS %L', a, b, 'BEGIN RAISE EXCEPTION $x$trapped$x$; END');
                     FOREACH o IN ARRAY ARRAY['=', '<>', '<', '>', '>=', '||', '-', '+'] LOOP
                         EXECUTE format('CREATE OPERATOR rb_traps.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = rb_traps.trap)', o, a, b);
                     END LOOP;
                 END LOOP; END LOOP;
             END $$",
        );
        let schema = two_columns();
        server.config.insert("user".into(), "rb Writer".into());
        let error = replace(&server, "run 1", "t", &schema, &two_rows(1)).unwrap_err();
        assert_eq!(error.code(), "cannot_replace");
        assert!(
            error.message().contains("it belongs to") && error.message().contains("may not delete and insert"),
            "{}",
            error
        );
        server.run("GRANT INSERT, DELETE ON t TO \"rb Writer\"");
        let before = server.rows(STATE);
        replace(&server, "run 2", "t", &schema, &two_rows(1)).unwrap();
        assert_same(&before, &server.rows(STATE));
        assert_eq!(
            server.value("SELECT string_agg(name, ' ' ORDER BY id) FROM v"),
            "row 1 row 2"
        );
        // A trigger would run, which the user cannot keep from it.
        server.run("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()");
        let error = replace(&server, "run 3", "t", &schema, &two_rows(1)).unwrap_err();
        assert!(
            error.message().contains("only its owner can keep its triggers"),
            "{}",
            error
        );
        // The owner's role is enough to make the new table the owner's.
        server.run("DROP TRIGGER g ON t; DROP ROLE IF EXISTS \"rb Owner\"; CREATE ROLE \"rb Owner\"; GRANT CREATE, USAGE ON SCHEMA rb_foreign TO \"rb Owner\";
             ALTER TABLE t OWNER TO \"rb Owner\"; ALTER TABLE child OWNER TO \"rb Owner\"; ALTER VIEW v OWNER TO \"rb Owner\"; GRANT \"rb Owner\" TO \"rb Writer\"");
        let before = server.rows(STATE);
        let old = number(&mut server, "t");
        replace(&server, "run 4", "t", &schema, &two_rows(1)).unwrap();
        assert_same(&before, &server.rows(STATE));
        assert_ne!(number(&mut server, "t"), old);
        server.run("DROP SCHEMA rb_foreign, rb_traps CASCADE; DROP OWNED BY \"rb Owner\", \"rb Writer\"; DROP ROLE \"rb Owner\", \"rb Writer\"");
    });
}

fn request_of(run_id: &str, table: &str) -> TargetRequest {
    request(run_id, table, &two_columns(), WriteMode::Replace)
}

fn connect(config: &Map<String, Value>) -> Connection<Socket> {
    let settings = Config::from_json(config, "rapidbyte test").unwrap();
    Connection::connect(&settings, |settings: &Config| {
        Ok(Socket(std::net::TcpStream::connect((
            settings.host.as_str(),
            settings.port,
        ))?))
    })
    .unwrap()
}
