// SPDX-License-Identifier: Apache-2.0

//! How streams end in the ledger, against a real server; live_tests.rs says how the tests get one.

use crate::live_tests::*;
use rapidbyte_sdk::abi::{set_host, StandInHost};
use rapidbyte_sdk::*;

/// A batch of two rows, `id` and `id + 1`.
fn batch(sequence: u32, id: i32) -> Give {
    Give::Batch(0, sequence, frame(&two_columns(), &two_rows(id)))
}

fn load_as(server: &Server, run_id: &str, mode: WriteMode, gives: Vec<Give>) -> Result<WriteResponse> {
    load(server, run_id, "t", mode, &two_columns(), gives)
}

fn apply(server: &Server, run_id: &str, mode: WriteMode) -> Result<TargetResponse> {
    set_host(StandInHost::default());
    let request = request(run_id, "t", &two_columns(), mode);
    server.connector(run_id).apply(request)
}

fn end(server: &Server, run_id: &str, mode: WriteMode) -> Result<TargetResponse> {
    set_host(StandInHost::default());
    let request = request(run_id, "t", &two_columns(), mode);
    server.connector(run_id).finalize(request)
}

fn ids(server: &mut Server) -> String {
    server.value("SELECT string_agg(id::text, ',' ORDER BY id) FROM t")
}

fn drop_side_tables(server: &mut Server) {
    server.run(
        "DO $$ DECLARE n text; BEGIN FOR n IN SELECT relname FROM pg_class WHERE relname ~ '^_rapidbyte_[0-9a-f]{16}$' \
         AND relnamespace = current_schema()::regnamespace LOOP EXECUTE 'DROP TABLE ' || n; END LOOP; END $$",
    );
}

#[test]
fn a_side_table_that_was_lost_is_neither_called_done_nor_made_again() {
    with_server("rb_lost", |mut server| {
        server.run("CREATE TABLE t (id int, name text); INSERT INTO t VALUES (0, 'old')");
        load_as(&server, "run", WriteMode::Replace, vec![batch(0, 1)]).unwrap();
        drop_side_tables(&mut server);
        let error = end(&server, "run", WriteMode::Replace).unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Data, "side_table_lost"));
        assert!(!error.is_retryable() && error.hint_text().is_some(), "{}", error);
        assert_eq!(ids(&mut server), "0");
        // Another run is not hindered, nor is one that has ended.
        load_as(&server, "next", WriteMode::Replace, vec![batch(0, 5)]).unwrap();
        for _ in 0..2 {
            end(&server, "next", WriteMode::Replace).unwrap();
            apply(&server, "next", WriteMode::Replace).unwrap();
            assert_eq!(ids(&mut server), "5,6");
        }
    });
}

#[test]
fn without_a_ledger_a_replace_without_a_side_table_has_been_done() {
    with_server_without_ledger("rb_lost_unknown", |mut server| {
        server.run("CREATE TABLE t (id int, name text); INSERT INTO t VALUES (0, 'old')");
        end(&server, "run", WriteMode::Replace).unwrap();
        assert_eq!(ids(&mut server), "0");
    });
}
