// SPDX-License-Identifier: Apache-2.0

//! Tables that have the ledger's name, and belong to others or do something else; live_tests.rs says how the tests get a server.

use crate::live_tests::*;
use rapidbyte_sdk::abi::{set_host, StandInHost};
use rapidbyte_sdk::*;
use serde_json::{json, Value};

const COLUMNS: &str = "run_id text, stream text, unit bigint, sequence integer, checksum bigint, row_count bigint, \
     byte_count bigint, refused_count bigint, refused json, committed_at timestamptz DEFAULT now()";

fn apply(server: &Server, more: Value) -> Result<TargetResponse> {
    set_host(StandInHost::default());
    let mut target = request("torn run", "t", &two_columns(), WriteMode::Append);
    target.on_data_error = DataErrorPolicy::Dlq;
    server.connector_with("torn run", more).apply(target)
}

/// Roles of a test, which leave nothing behind.
fn with_roles(schema: &'static str, roles: &[&str], test: impl FnOnce(&mut Server)) {
    with_server(schema, |mut server| {
        for role in roles {
            server.run(&format!(
                "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{0}') THEN EXECUTE 'DROP OWNED BY {0}'; END IF; END $$; \
                 DROP ROLE IF EXISTS {0}; CREATE ROLE {0} LOGIN PASSWORD 'weak'; GRANT CREATE, USAGE ON SCHEMA {1} TO {0}",
                role, schema
            ));
        }
        test(&mut server);
        for role in roles {
            server.run(&format!("DROP OWNED BY {0} CASCADE; DROP ROLE {0}", role));
        }
    });
}

#[test]
fn only_a_table_that_keeps_identities_apart_is_a_ledger() {
    with_server("rb_ledger_like", |mut server| {
        let key = "PRIMARY KEY (run_id, stream, unit, sequence)";
        let whole = format!("CREATE TABLE _rapidbyte_ledger ({}, {})", COLUMNS, key);
        let without_key = format!("CREATE TABLE _rapidbyte_ledger ({})", COLUMNS);
        let with = |more: &str| format!("{}; {}", whole, more);
        let function =
            "CREATE OR REPLACE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'";
        let cases = [
            (whole.clone(), true),
            (
                format!(
                    "{}; CREATE UNIQUE INDEX ON _rapidbyte_ledger (stream, run_id, sequence, unit)",
                    without_key
                ),
                true,
            ),
            (without_key.clone(), false),
            (
                format!(
                    "{}; CREATE INDEX ON _rapidbyte_ledger (run_id, stream, unit, sequence)",
                    without_key
                ),
                false,
            ),
            (
                format!(
                    "{}; CREATE UNIQUE INDEX ON _rapidbyte_ledger (run_id, stream, unit)",
                    without_key
                ),
                false,
            ),
            (
                format!(
                    "{}; CREATE UNIQUE INDEX ON _rapidbyte_ledger (run_id, stream, unit, sequence, checksum)",
                    without_key
                ),
                false,
            ),
            (
                format!(
                    "{}; CREATE UNIQUE INDEX ON _rapidbyte_ledger (run_id, stream, unit, sequence) WHERE unit > 5",
                    without_key
                ),
                false,
            ),
            (
                format!(
                    "{}; ALTER TABLE _rapidbyte_ledger ADD UNIQUE (run_id, stream, unit, sequence) DEFERRABLE",
                    without_key
                ),
                false,
            ),
            (with("ALTER TABLE _rapidbyte_ledger SET UNLOGGED"), false),
            (with("ALTER TABLE _rapidbyte_ledger ENABLE ROW LEVEL SECURITY"), false),
            (
                with("CREATE RULE r AS ON INSERT TO _rapidbyte_ledger DO INSTEAD NOTHING"),
                false,
            ),
            (
                with(&format!(
                    "{}; CREATE TRIGGER g BEFORE INSERT ON _rapidbyte_ledger FOR EACH ROW EXECUTE FUNCTION nothing()",
                    function
                )),
                false,
            ),
            (
                with(&format!(
                    "{}; CREATE TRIGGER g BEFORE INSERT ON _rapidbyte_ledger FOR EACH ROW EXECUTE FUNCTION nothing(); \
                     ALTER TABLE _rapidbyte_ledger DISABLE TRIGGER g",
                    function
                )),
                true,
            ),
        ];
        for (sql, is_ledger) in cases {
            server.run(&format!("DROP TABLE IF EXISTS _rapidbyte_ledger; {}", sql));
            let outcome = apply(&server, json!({}));
            match is_ledger {
                true => assert!(outcome.is_ok(), "{}: {}", sql, outcome.unwrap_err()),
                false => assert_eq!(outcome.expect_err(&sql).code(), "not_a_ledger", "{}", sql),
            }
        }
    });
}

#[test]
fn tables_of_strangers_are_not_trusted() {
    with_roles("rb_trust", &["rb_trust_stranger", "rb_trust_loader"], |server| {
        let login = |more: Value| {
            let mut login = json!({"user": "rb_trust_loader", "password": "weak"});
            login.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            login
        };
        let ledger = format!(
            "CREATE TABLE _rapidbyte_ledger ({}, PRIMARY KEY (run_id, stream, unit, sequence)); GRANT ALL ON _rapidbyte_ledger TO PUBLIC",
            COLUMNS
        );
        server.run(&format!("SET ROLE rb_trust_stranger; {}; RESET ROLE", ledger));
        for login in [login(json!({})), json!({})] {
            let error = apply(server, login).unwrap_err();
            assert_eq!(
                (error.category(), error.code()),
                (Category::Permission, "table_of_a_stranger")
            );
            assert!(
                error.message().contains("rb_trust_stranger") && error.hint_text().unwrap().contains("OWNER TO"),
                "{}",
                error
            );
        }
        // Of a role that the loader is a member of, of the schema's owner, of a superuser, of its own.
        server.run("GRANT rb_trust_stranger TO rb_trust_loader");
        apply(server, login(json!({}))).unwrap();
        server.run("REVOKE rb_trust_stranger FROM rb_trust_loader; ALTER SCHEMA rb_trust OWNER TO rb_trust_stranger");
        apply(server, login(json!({}))).unwrap();
        server.run(
            "ALTER SCHEMA rb_trust OWNER TO postgres; GRANT CREATE, USAGE ON SCHEMA rb_trust TO rb_trust_stranger",
        );
        for owner in ["postgres", "rb_trust_loader"] {
            server.run(&format!("ALTER TABLE _rapidbyte_ledger OWNER TO {}", owner));
            apply(server, login(json!({}))).unwrap();
        }
        // The same for dead letters.
        let letters = json!({"dead_letter_table": "letters"});
        server.run(
            "SET ROLE rb_trust_stranger; CREATE TABLE letters (run_id text, stream text, record jsonb, sqlstate text, \
             category text, reason text, refused_at timestamptz); GRANT ALL ON letters TO PUBLIC; RESET ROLE",
        );
        let error = apply(server, login(letters.clone())).unwrap_err();
        assert_eq!(error.code(), "table_of_a_stranger");
        server.run("ALTER TABLE letters OWNER TO rb_trust_loader");
        apply(server, login(letters)).unwrap();
        // And for the side table, whose name can be computed.
        let side = crate::names::side_table("torn run", "t");
        server.run(&format!(
            "SET ROLE rb_trust_stranger; CREATE TABLE {0} (id int, name text); GRANT ALL ON {0} TO PUBLIC; RESET ROLE; \
             DROP TABLE IF EXISTS t; ALTER TABLE _rapidbyte_ledger OWNER TO rb_trust_loader",
            side
        ));
        set_host(StandInHost::default());
        let target = request("torn run", "t", &two_columns(), WriteMode::Replace);
        let error = server
            .connector_with("torn run", login(json!({})))
            .apply(target)
            .unwrap_err();
        assert_eq!(error.code(), "table_of_a_stranger");
    });
}

#[test]
fn teardown_touches_nothing_of_strangers() {
    with_roles("rb_torn_trust", &["rb_torn_stranger", "rb_torn_loader"], |server| {
        server.run("DROP SCHEMA IF EXISTS rb_torn_else CASCADE; CREATE SCHEMA rb_torn_else AUTHORIZATION rb_torn_stranger; GRANT USAGE ON SCHEMA rb_torn_else TO PUBLIC");
        let side = crate::names::side_table("torn run", "t");
        server.run(&format!(
            "SET ROLE rb_torn_stranger; CREATE TABLE rb_torn_else._rapidbyte_ledger ({}, PRIMARY KEY (run_id, stream, unit, sequence)); \
             GRANT ALL ON rb_torn_else._rapidbyte_ledger TO PUBLIC; INSERT INTO rb_torn_else._rapidbyte_ledger SELECT 'run', 't', 0, 0, 0, 0, 0, 0; \
             CREATE TABLE rb_torn_else.{} (id int); RESET ROLE",
            COLUMNS, side
        ));
        let login = json!({"user": "rb_torn_loader", "password": "weak"});
        host(vec![Give::Batch(0, 0, frame(&two_columns(), &two_rows(1)))]);
        let mut connector = server.connector_with("torn run", login.clone());
        connector
            .apply(request("torn run", "t", &two_columns(), WriteMode::Replace))
            .unwrap();
        connector
            .write(write_request("torn run", "t", &two_columns(), WriteMode::Replace))
            .unwrap();
        let tear_down = |server: &Server, more: Value| {
            set_host(StandInHost::default());
            let request = TeardownRequest {
                run_id: "torn run".into(),
                streams: vec![stream("t")],
                reason: TeardownReason::Failed,
            };
            server.connector_with("torn run", more).teardown(request).unwrap();
        };
        tear_down(server, login);
        assert_eq!(
            server.value("SELECT count(*) FROM _rapidbyte_ledger WHERE unit >= 0"),
            "0"
        );
        assert_eq!(
            server.value(&format!("SELECT to_regclass('rb_torn_trust.{}') IS NULL", side)),
            "t"
        );
        assert_eq!(
            server.value("SELECT count(*) FROM rb_torn_else._rapidbyte_ledger WHERE unit >= 0"),
            "1"
        );
        assert_eq!(
            server.value(&format!("SELECT to_regclass('rb_torn_else.{}') IS NULL", side)),
            "f"
        );
        // Nor does a superuser, or one who keeps no ledger.
        tear_down(server, json!({}));
        assert_eq!(
            server.value("SELECT count(*) FROM rb_torn_else._rapidbyte_ledger WHERE unit >= 0"),
            "1"
        );
        server.run("INSERT INTO _rapidbyte_ledger SELECT 'run', 't', 5, 0, 0, 0, 0, 0");
        tear_down(server, json!({"exactly_once": false}));
        assert_eq!(
            server.value("SELECT count(*) FROM _rapidbyte_ledger WHERE unit >= 0"),
            "1"
        );
        server.run("DROP SCHEMA rb_torn_else CASCADE");
    });
}
