// SPDX-License-Identifier: Apache-2.0

//! Targets whose columns change between `rb_apply` and `rb_finalize`.

use super::*;

fn loaded(server: &Server, run_id: &str, table: &str) {
    let schema = two_columns();
    let gives = vec![Give::Frame(frame(&schema, &two_rows(1)))];
    load(server, run_id, table, WriteMode::Replace, &schema, gives).unwrap();
}

fn assert_changed(outcome: Result<TargetResponse>) {
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.category(), error.code()),
        (Category::Schema, "target_changed"),
        "{}",
        error
    );
    assert!(error.message().contains("since the run began"), "{}", error);
    assert!(!error.is_retryable(), "{}", error);
}

#[test]
fn a_target_that_has_got_other_columns_since_is_left_alone() {
    with_server_without_ledger("rb_changed_meanwhile", |mut server| {
        server.run(
            "CREATE TABLE p (id int, name text) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p DEFAULT; INSERT INTO p VALUES (9, 'old');
             CREATE TABLE t (id int PRIMARY KEY, name text, number serial); INSERT INTO t VALUES (9, 'old'); CREATE TABLE u (id int, name text); INSERT INTO u VALUES (9, 'old')",
        );
        let schema = two_columns();
        for (run, table) in [("run 1", "p1"), ("run 2", "p"), ("run 3", "u"), ("run 4", "t")] {
            loaded(&server, run, table);
        }
        server.run("ALTER TABLE p ADD COLUMN x int; ALTER TABLE u ADD COLUMN x int; ALTER TABLE t ADD COLUMN x int");
        for (run, table) in [("run 1", "p1"), ("run 2", "p"), ("run 3", "u"), ("run 4", "t")] {
            let old = number(&mut server, table);
            assert_changed(finalize(&server, run, table, &schema));
            assert_eq!(number(&mut server, table), old);
            assert_eq!(server.value(&format!("SELECT id FROM {}", table)), "9");
        }
        assert_eq!(
            server.value("SELECT count(*) FROM pg_inherits WHERE inhparent = 'p'::regclass"),
            "1"
        );
    });
}

#[test]
fn a_column_that_is_committed_while_the_table_is_waited_for_is_not_lost() {
    with_server_without_ledger("rb_amid", |mut server| {
        server.run("CREATE TABLE t (id int, name text); CREATE TABLE u (id int, name text); CREATE MATERIALIZED VIEW m AS SELECT id FROM u");
        for (run, table) in [("run 1", "t"), ("run 2", "u")] {
            loaded(&server, run, table);
            server.run(&format!("BEGIN; ALTER TABLE {} ADD COLUMN x int", table));
            let config = server.config.clone();
            let finalizing = std::thread::spawn(move || {
                set_host(StandInHost::default());
                let open = json!({"abi": 1, "run_id": run, "config": config, "log_level": 5});
                let mut connector = PostgresDestination::open(serde_json::from_value(open).unwrap()).unwrap();
                connector.finalize(request_of(run, table).into())
            });
            let waits = format!(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{}'::regclass",
                table
            );
            while server.value(&waits) == "0" {}
            server.run("COMMIT");
            assert_changed(finalizing.join().unwrap());
            assert_eq!(server.value(&format!("SELECT count(x) FROM {}", table)), "0");
        }
    });
}

#[test]
fn a_default_that_was_changed_since_is_kept() {
    with_server_without_ledger("rb_default", |mut server| {
        server.run("CREATE TABLE t (id int NOT NULL DEFAULT 1, name text)");
        loaded(&server, "run 1", "t");
        server.run("ALTER TABLE t ALTER id SET DEFAULT 7, ALTER id DROP NOT NULL, ALTER name SET NOT NULL");
        let state = "SELECT string_agg(concat_ws(' ', attname, attnotnull, (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = attrelid AND adnum = attnum)), ', ') \
             FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0";
        let before = server.value(state);
        finalize(&server, "run 1", "t", &two_columns()).unwrap();
        assert_eq!(server.value(state), before);
        assert_eq!(
            server.value("SELECT string_agg(name, ' ' ORDER BY id) FROM t"),
            "row 1 row 2"
        );
        assert_eq!(server.value("SELECT obj_description('t'::regclass)"), "null");
    });
}

#[test]
fn a_target_with_other_columns_than_the_stream_is_looked_at_again() {
    with_server_without_ledger("rb_looked", |mut server| {
        let schema = two_columns();
        server.run("CREATE TABLE t (id int, name text, x int); CREATE TABLE u (id int, name text, x int)");
        loaded(&server, "run 1", "t");
        loaded(&server, "run 2", "u");
        // Neither could be led to a table with other columns.
        server.run("ALTER TABLE t ADD UNIQUE (id); CREATE TABLE c (id int REFERENCES t (id)); CREATE VIEW v AS SELECT x FROM u");
        for (run, table, problem) in [
            ("run 1", "t", "a foreign key of"),
            ("run 2", "u", "needs its column \"x\""),
        ] {
            let error = finalize(&server, run, table, &schema).unwrap_err();
            assert!(error.message().contains(problem), "{}", error);
        }
        assert_eq!(server.value("SELECT count(*) FROM information_schema.columns WHERE table_schema = 'rb_looked' AND column_name = 'x' AND table_name IN ('t', 'u')"), "2");
    });
}

#[test]
fn a_target_that_has_come_or_gone_since_is_not_taken_for_another() {
    with_server_without_ledger("rb_come", |mut server| {
        let schema = two_columns();
        loaded(&server, "run 1", "t");
        loaded(&server, "run 2", "t");
        loaded(&server, "run 3", "t");
        server.run("CREATE TABLE gone (id int, name text)");
        loaded(&server, "run 4", "gone");
        finalize(&server, "run 1", "t", &schema).unwrap();
        assert_eq!(server.value("SELECT obj_description('t'::regclass)"), "null");
        // Another run made it, just as this one would have.
        finalize(&server, "run 2", "t", &schema).unwrap();
        server.run("ALTER TABLE t ADD COLUMN x int");
        assert_changed(finalize(&server, "run 3", "t", &schema));
        server.run("DROP TABLE gone");
        assert_changed(finalize(&server, "run 4", "gone", &schema));
        assert_eq!(server.value("SELECT to_regclass('gone')"), "null");
    });
}

#[test]
fn rows_are_not_shown_in_the_side_table_to_those_who_may_not_see_the_target() {
    with_server_without_ledger("rb_shown", |mut server| {
        server.run(
            "DROP ROLE IF EXISTS \"rb Analyst\"; CREATE ROLE \"rb Analyst\"; ALTER DEFAULT PRIVILEGES IN SCHEMA rb_shown GRANT ALL ON TABLES TO \"rb Analyst\", PUBLIC;
             CREATE TABLE t (id int, name text); REVOKE ALL ON t FROM PUBLIC; CREATE TABLE u (id int); REVOKE ALL ON u FROM \"rb Analyst\"",
        );
        let seen = "SELECT count(*) FROM pg_class c, aclexplode(c.relacl) a WHERE relname LIKE '\\_rapidbyte%' AND a.grantee <> c.relowner \
             AND relnamespace = 'rb_shown'::regnamespace";
        let before = server.rows(STATE);
        loaded(&server, "run 1", "t");
        loaded(&server, "run 2", "u");
        assert_eq!(server.value(seen), "0");
        finalize(&server, "run 1", "t", &two_columns()).unwrap();
        finalize(&server, "run 2", "u", &two_columns()).unwrap();
        let privileges = |lines: Vec<String>| {
            lines
                .into_iter()
                .filter(|line| line.starts_with("privileges"))
                .collect::<Vec<_>>()
        };
        assert_same(&privileges(before), &privileges(server.rows(STATE)));
        // A new table has what all new tables have.
        loaded(&server, "run 3", "new");
        finalize(&server, "run 3", "new", &two_columns()).unwrap();
        assert_eq!(
            server.value("SELECT has_table_privilege('rb Analyst', 'new', 'SELECT')"),
            "t"
        );
        server.run("DROP SCHEMA rb_shown CASCADE; DROP OWNED BY \"rb Analyst\"; DROP ROLE \"rb Analyst\"");
    });
}
