// SPDX-License-Identifier: Apache-2.0

//! Exchanges of rows under foreign keys that do something when a row goes.

use super::*;

#[test]
fn an_exchange_deletes_no_rows_through_keys_of_partitions() {
    with_server_without_ledger("rb_part_keys", |mut server| {
        server.run(
            "CREATE TABLE p (id int PRIMARY KEY, name text) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100);
             CREATE TABLE rest PARTITION OF p DEFAULT; CREATE TABLE c (id int CONSTRAINT goes REFERENCES p ON DELETE CASCADE);
             CREATE TABLE n (id int REFERENCES p ON DELETE SET NULL) PARTITION BY LIST (id); CREATE TABLE n1 PARTITION OF n DEFAULT;
             CREATE TABLE r (id int REFERENCES p1 ON DELETE RESTRICT, other int REFERENCES rest ON DELETE CASCADE);
             COMMENT ON CONSTRAINT goes ON c IS 'a key'; INSERT INTO p VALUES (1, 'old'), (200, 'old');
             INSERT INTO c VALUES (1), (200); INSERT INTO n VALUES (1), (200); INSERT INTO r VALUES (1, 200)",
        );
        let before = server.rows(STATE);
        let others = "SELECT (SELECT string_agg(id::text, ' ' ORDER BY id) FROM c), (SELECT string_agg(id::text, ' ' ORDER BY id) FROM n), \
             (SELECT id || ' ' || other FROM r)";
        let schema = two_columns();
        // Keys that refer to the table it is a partition of, and keys that refer to its own partitions.
        replace(&server, "run 1", "p1", &schema, &two_rows(1)).unwrap();
        assert_eq!(
            server.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM p"),
            "1 2 200"
        );
        assert_eq!(server.value(others), "1 200|1 200|1 200");
        let rows: Vec<_> = [two_rows(1), two_rows(200)].concat();
        replace(&server, "run 2", "p", &schema, &rows).unwrap();
        assert_eq!(
            server.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM p"),
            "1 2 200 201"
        );
        assert_eq!(server.value(others), "1 200|1 200|1 200");
        assert_same(&before, &server.rows(STATE));
        // They are in force again.
        server.run("DELETE FROM r; DELETE FROM p WHERE id = 1");
        assert_eq!(server.rows("SELECT id FROM c"), ["200"]);
    });
}

#[test]
fn an_exchange_loses_no_rows_through_a_key_to_the_table_itself() {
    with_server_without_ledger("rb_self", |mut server| {
        let schema = Schema::new(vec![
            plain("id", DataType::Int32, "integer"),
            plain("boss", DataType::Int32, "integer"),
        ]);
        let rows: Vec<Vec<Cell>> = (1..4i32)
            .map(|id| {
                let boss = if id == 1 {
                    Cell::Null
                } else {
                    cell((id - 1).to_le_bytes())
                };
                vec![cell(id.to_le_bytes()), boss]
            })
            .collect();
        server.run(
            "CREATE TABLE t (id int PRIMARY KEY, boss int CONSTRAINT to_boss REFERENCES t ON DELETE CASCADE);
             INSERT INTO t VALUES (1, NULL), (2, 1), (3, 2); CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
             CREATE TABLE p (id int PRIMARY KEY, boss int REFERENCES p ON DELETE SET NULL) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p DEFAULT;
             INSERT INTO p VALUES (1, NULL), (2, 1), (3, 2)",
        );
        // Older servers make keys for partitions here that are there or not by what was made first.
        let state = |server: &mut Server| {
            let lines = server.rows(STATE).into_iter();
            lines
                .filter(|line| !line.contains("REFERENCES p1("))
                .collect::<Vec<_>>()
        };
        let before = state(&mut server);
        for (run, table) in [("run 1", "t"), ("run 2", "p"), ("run 3", "p1")] {
            replace(&server, run, table, &schema, &rows).unwrap();
            let sql = format!(
                "SELECT string_agg(id || ' ' || coalesce(boss, 0), ', ' ORDER BY id) FROM {}",
                table
            );
            assert_eq!(server.value(&sql), "1 0, 2 1, 3 2", "{}", table);
        }
        assert_same(&before, &state(&mut server));
        // Someone who does not own the table cannot put the key aside.
        server.run(
            "DROP ROLE IF EXISTS \"rb Self\"; CREATE ROLE \"rb Self\" LOGIN; GRANT USAGE, CREATE ON SCHEMA rb_self TO \"rb Self\";
             GRANT SELECT, INSERT, DELETE ON t TO \"rb Self\"",
        );
        server.config.insert("user".into(), "rb Self".into());
        let error = replace(&server, "run 4", "t", &schema, &rows).unwrap_err();
        assert_eq!(error.code(), "cannot_replace", "{}", error);
        assert!(
            error
                .message()
                .contains("a foreign key of rb_self.t, which belongs to another"),
            "{}",
            error
        );
        server.run("DROP SCHEMA rb_self CASCADE; DROP ROLE \"rb Self\"");
    });
}

#[test]
fn who_may_not_make_a_key_again_is_refused_before_rows_move() {
    with_server_without_ledger("rb_refers", |mut server| {
        server.run(
            "DROP ROLE IF EXISTS \"rb Refers\"; CREATE ROLE \"rb Refers\" LOGIN; GRANT USAGE, CREATE ON SCHEMA rb_refers TO \"rb Refers\";
             CREATE TABLE t (id int PRIMARY KEY, name text); CREATE TABLE c (id int REFERENCES t ON DELETE CASCADE); ALTER TABLE c OWNER TO \"rb Refers\";
             GRANT SELECT, INSERT, DELETE ON t TO \"rb Refers\"; INSERT INTO t VALUES (1, 'old'); INSERT INTO c VALUES (1)",
        );
        let schema = two_columns();
        server.config.insert("user".into(), "rb Refers".into());
        let error = load(&server, "run 1", "t", WriteMode::Replace, &schema, vec![]).unwrap_err();
        assert_eq!(error.code(), "cannot_replace", "{}", error);
        assert!(error.message().contains("REFERENCES"), "{}", error);
        server.run("GRANT REFERENCES ON t TO \"rb Refers\"");
        replace(&server, "run 2", "t", &schema, &two_rows(1)).unwrap();
        assert_eq!(
            server.value("SELECT count(*) || ' ' || (SELECT count(*) FROM c) FROM t"),
            "2 1"
        );
        server.run("DROP SCHEMA rb_refers CASCADE; DROP ROLE \"rb Refers\"");
    });
}

#[test]
fn rows_that_vanish_in_an_exchange_end_it() {
    with_server_without_ledger("rb_vanish", |mut server| {
        server.run(
            "CREATE TABLE t (id int, name text); INSERT INTO t VALUES (9, 'old'); CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
             CREATE FUNCTION takes(int) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN DELETE FROM rb_vanish.t WHERE id = $1 - 1; RETURN true; END$$;
             ALTER TABLE t ADD CHECK (takes(id))",
        );
        let error = replace(&server, "run", "t", &two_columns(), &two_rows(1)).unwrap_err();
        assert_eq!(
            (error.category(), error.code()),
            (Category::Data, "rows_lost"),
            "{}",
            error
        );
        assert!(
            error
                .message()
                .contains("2 rows were written into rb_vanish.t, and then there were 1"),
            "{}",
            error
        );
        assert_eq!(server.value("SELECT string_agg(name, ' ') FROM t"), "old");
    });
}
