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
    let mut target = request("run", "t", &two_columns(), WriteMode::Append);
    target.on_data_error = DataErrorPolicy::Dlq;
    server.connector_with("run", more).apply(target)
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
