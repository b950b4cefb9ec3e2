// SPDX-License-Identifier: Apache-2.0

//! What would be lost, or mean something else, if it were led to a new table.

use super::*;

#[test]
fn triggers_of_others_that_come_from_the_table_stay() {
    with_server_without_ledger("rb_from", |mut server| {
        server.run(
            "CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t VALUES (9, 'old'); CREATE TABLE other (id int);
             CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
             CREATE CONSTRAINT TRIGGER g AFTER INSERT ON other FROM t FOR EACH ROW EXECUTE FUNCTION f()",
        );
        let before = server.rows(STATE);
        replace(&server, "run 1", "t", &two_columns(), &two_rows(1)).unwrap();
        assert_same(&before, &server.rows(STATE));
        assert_eq!(
            server.value("SELECT string_agg(name, ' ' ORDER BY id) FROM t"),
            "row 1 row 2"
        );
    });
}

#[test]
fn definitions_that_name_no_operator_keep_the_one_they_have() {
    with_server_without_ledger("rb_meaning", |mut server| {
        // The server prints no schema of the operator in these places, and pg_catalog compares varchar as text.
        server.run(
            "CREATE FUNCTION alike(varchar, varchar) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT lower($1::text) = lower($2::text)';
             CREATE OPERATOR = (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = alike, COMMUTATOR = =);
             CREATE TABLE other (name varchar); INSERT INTO other VALUES ('ROW 1')",
        );
        let schema = Schema::new(vec![
            plain("id", DataType::Int32, "integer"),
            text("name", "character varying"),
        ]);
        let objects = [
            "CREATE VIEW v AS SELECT id FROM t JOIN other USING (name)",
            "CREATE VIEW v AS SELECT id FROM t WHERE name IS NOT DISTINCT FROM 'ROW 1'::varchar",
            "CREATE VIEW v AS SELECT id FROM t WHERE nullif(name, 'ROW 1'::varchar) IS NULL",
            "CREATE VIEW v AS SELECT id FROM t WHERE CASE name WHEN 'ROW 1'::varchar THEN true END",
            "CREATE VIEW v AS SELECT 1 AS id WHERE EXISTS (SELECT FROM t WHERE id > 0); \
             CREATE RULE r AS ON DELETE TO other WHERE NULLIF(old.name, 'ROW 1'::varchar) IS NULL DO ALSO DELETE FROM t",
            "CREATE VIEW v AS SELECT 1 AS id; CREATE RULE r AS ON INSERT TO t WHERE NULLIF(new.name, 'ROW 1'::varchar) IS NULL DO INSTEAD NOTHING",
            "CREATE VIEW v AS SELECT 1 AS id; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
             CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW WHEN (new.name IS DISTINCT FROM 'ROW 1'::varchar) EXECUTE FUNCTION f()",
            "CREATE VIEW v AS SELECT 1 AS id; CREATE POLICY y ON t USING (NULLIF(name, 'ROW 1'::varchar) IS NULL)",
        ];
        for (at, object) in objects.iter().enumerate() {
            server.run(&format!(
                "CREATE TABLE t (id int, name varchar); INSERT INTO t VALUES (1, 'row 1'); {}",
                object
            ));
            let before = server.rows(STATE);
            let run = |number: i32| format!("run {} {}", at, number);
            let old = number(&mut server, "t");
            replace(&server, &run(1), "t", &schema, &two_rows(1)).unwrap();
            assert_eq!(server.rows("SELECT id FROM v"), ["1"], "{}", object);
            assert_same(&before, &server.rows(STATE));
            assert_eq!(number(&mut server, "t"), old, "{}", object);
            server.run("DROP TABLE t CASCADE; DROP VIEW IF EXISTS v; DROP FUNCTION IF EXISTS f; DROP RULE IF EXISTS r ON other");
        }
        // Where the operator is printed with its schema, it is found again.
        server.run(
            "CREATE TABLE t (id int, name varchar); CREATE VIEW v AS SELECT id FROM t WHERE name = 'ROW 1'::varchar",
        );
        let old = number(&mut server, "t");
        replace(&server, "run", "t", &schema, &two_rows(1)).unwrap();
        assert_eq!(server.rows("SELECT id FROM v"), ["1"]);
        assert_ne!(number(&mut server, "t"), old);
    });
}
