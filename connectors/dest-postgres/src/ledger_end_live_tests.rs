// SPDX-License-Identifier: Apache-2.0

//! How streams end in the ledger, against a real server; live_tests.rs says how the tests get one.

use crate::live_tests::*;
use crate::PostgresDestination;
use rapidbyte_sdk::abi::{set_host, BatchHeader, StandInHost};
use rapidbyte_sdk::*;
use serde_json::{json, Map, Value};

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
    server.connector(run_id).finalize(request.into())
}

fn tear_down(config: &Map<String, Value>, run_id: &str) {
    set_host(StandInHost::default());
    let open = json!({"abi": 1, "run_id": run_id, "config": config});
    let mut connector = PostgresDestination::open(serde_json::from_value(open).unwrap()).unwrap();
    let request = TeardownRequest {
        run_id: run_id.into(),
        streams: vec![stream("t"), stream("u")],
        reason: TeardownReason::Failed,
    };
    connector.teardown(request).unwrap();
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
        load_as(&server, "ended run", WriteMode::Replace, vec![batch(0, 1)]).unwrap();
        drop_side_tables(&mut server);
        let error = end(&server, "ended run", WriteMode::Replace).unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Data, "side_table_lost"));
        assert!(!error.is_retryable() && error.hint_text().is_some(), "{}", error);
        // The rows that were in it would not come again.
        let error = apply(&server, "ended run", WriteMode::Replace).unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Data, "side_table_lost"));
        assert!(load_as(&server, "ended run", WriteMode::Replace, vec![batch(1, 3)]).is_err());
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
        end(&server, "ended run", WriteMode::Replace).unwrap();
        assert_eq!(ids(&mut server), "0");
    });
}

#[test]
fn a_run_that_was_torn_down_does_not_go_on() {
    with_server("rb_torn", |mut server| {
        for mode in [WriteMode::Append, WriteMode::Replace] {
            server.run(
                "DROP TABLE IF EXISTS t; CREATE TABLE t (id int, name text); INSERT INTO t VALUES (0, 'old'); \
                 DROP TABLE IF EXISTS _rapidbyte_ledger",
            );
            load_as(&server, "torn down run 1", mode, vec![batch(0, 1)]).unwrap();
            // A worker that knows of no end has prepared everything.
            let host = StandInHost::default();
            let input = host.input();
            set_host(host);
            let mut worker = server.connector("torn down run 1");
            worker
                .apply(request("torn down run 1", "t", &two_columns(), mode))
                .unwrap();
            // Each thread has a host of its own.
            let config = server.config.clone();
            let teardown = std::thread::spawn(move || {
                for _ in 0..2 {
                    tear_down(&config, "torn down run 1");
                }
            });
            teardown.join().unwrap();
            let assert_refused = |error: Error| {
                assert_eq!(
                    (error.category(), error.code()),
                    (Category::Data, "run_torn_down"),
                    "{}",
                    error
                );
                assert!(!error.is_retryable() && error.hint_text().is_some(), "{}", error);
            };
            for sequence in [0, 1] {
                let frame = frame(&two_columns(), &two_rows(1));
                let header = BatchHeader {
                    unit: 0,
                    sequence,
                    rows: 2,
                    frame_size: frame.len() as u64,
                    checksum: 1,
                };
                input.push(header, &frame);
                let outcome = worker.write(write_request("torn down run 1", "t", &two_columns(), mode));
                assert_refused(outcome.unwrap_err());
            }
            assert_refused(apply(&server, "torn down run 1", mode).unwrap_err());
            assert_refused(end(&server, "torn down run 1", mode).unwrap_err());
            let expected = match mode {
                WriteMode::Append => "0,1,2",
                _ => "0",
            };
            assert_eq!(ids(&mut server), expected);
            load_as(&server, "next", mode, vec![batch(0, 5)]).unwrap();
            end(&server, "next", mode).unwrap();
            assert!(ids(&mut server).ends_with("5,6"));
        }
    });
}

#[test]
fn tearing_down_what_is_over_changes_nothing() {
    with_server("rb_torn_late", |mut server| {
        for mode in [WriteMode::Append, WriteMode::Replace] {
            load_as(&server, "torn down run 2", mode, vec![batch(0, 1)]).unwrap();
            end(&server, "torn down run 2", mode).unwrap();
            tear_down(&server.config, "torn down run 2");
            end(&server, "torn down run 2", mode).unwrap();
            apply(&server, "torn down run 2", mode).unwrap();
            let error = load_as(&server, "torn down run 2", mode, vec![batch(1, 3)]).unwrap_err();
            assert_eq!(error.code(), "run_ended");
            assert_eq!(ids(&mut server), "1,2");
            server.run("DROP TABLE t, _rapidbyte_ledger");
        }
    });
}

#[test]
fn batches_are_forgotten_after_a_day_and_the_end_of_a_run_after_three_months() {
    with_server("rb_expire", |mut server| {
        for (run, age) in [
            ("hours", "23 hours"),
            ("days", "2 days"),
            ("months", "89 days"),
            ("long", "91 days"),
        ] {
            load(&server, run, "u", WriteMode::Append, &two_columns(), vec![batch(0, 1)]).unwrap();
            set_host(StandInHost::default());
            let request = request(run, "u", &two_columns(), WriteMode::Append);
            server.connector(run).finalize(request.into()).unwrap();
            // As if it had been made by a stream of its own then.
            server.run(&format!(
                "UPDATE _rapidbyte_ledger SET stream = run_id, committed_at = now() - interval '{}' WHERE stream = 'u'",
                age
            ));
        }
        load_as(&server, "ended run", WriteMode::Append, vec![batch(0, 1)]).unwrap();
        end(&server, "ended run", WriteMode::Append).unwrap();
        assert_eq!(
            server.rows("SELECT run_id, unit FROM _rapidbyte_ledger ORDER BY 1, 2"),
            [
                "days|-1",
                "ended run|-1",
                "ended run|0",
                "hours|-1",
                "hours|0",
                "months|-1"
            ]
        );
    });
}

#[test]
fn ends_do_not_wait_for_each_other_when_they_forget_old_batches() {
    with_server("rb_purge", |mut server| {
        for run in ["one", "two"] {
            load_as(&server, run, WriteMode::Append, vec![batch(0, 1)]).unwrap();
        }
        end(&server, "one", WriteMode::Append).unwrap();
        // Somebody forgets them right now, and takes a long time.
        server.run("BEGIN; DELETE FROM _rapidbyte_ledger WHERE run_id = 'one'");
        let start = std::time::Instant::now();
        end(&server, "two", WriteMode::Append).unwrap();
        assert!(start.elapsed().as_secs() < 60);
        server.run("ROLLBACK");
        assert_eq!(
            server.rows("SELECT run_id, unit FROM _rapidbyte_ledger WHERE unit = -1 ORDER BY 1"),
            ["one|-1", "two|-1"]
        );
        end(&server, "two", WriteMode::Append).unwrap();
        assert_eq!(
            server.rows("SELECT run_id, unit FROM _rapidbyte_ledger ORDER BY 1, 2"),
            ["one|-1", "two|-1", "two|0"]
        );
    });
}
