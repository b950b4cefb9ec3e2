// SPDX-License-Identifier: Apache-2.0

//! The ledger against a real server; live_tests.rs says how the tests get one.

use crate::live_tests::*;
use crate::PostgresDestination;
use rapidbyte_sdk::abi::{set_host, BatchHeader, StandInHost};
use rapidbyte_sdk::arrow::metadata;
use rapidbyte_sdk::*;
use serde_json::json;
use std::sync::{Arc, Barrier};

/// A batch of two rows, `id` and `id + 1`.
fn batch(unit: i64, sequence: u32, id: i32) -> Give {
    Give::Batch(unit, sequence, frame(&two_columns(), &two_rows(id)))
}

fn append(server: &Server, run_id: &str, gives: Vec<Give>) -> Result<WriteResponse> {
    load(server, run_id, "t", WriteMode::Append, &two_columns(), gives)
}

/// Writes without preparing the target once more.
fn write_only(server: &Server, run_id: &str, gives: Vec<Give>) -> Result<WriteResponse> {
    host(gives);
    let mut connector = server.connector(run_id);
    connector.write(write_request(run_id, "t", &two_columns(), WriteMode::Append))
}

fn end(server: &Server, run_id: &str) {
    set_host(StandInHost::default());
    let request = request(run_id, "t", &two_columns(), WriteMode::Append);
    server.connector(run_id).finalize(request.into()).unwrap();
}

fn ids(server: &mut Server) -> String {
    server.value("SELECT string_agg(id::text, ',' ORDER BY id) FROM t")
}

const LEDGER: &str =
    "SELECT run_id, stream, unit, sequence, row_count, refused_count FROM _rapidbyte_ledger ORDER BY 1, 2, 3, 4";

#[test]
fn a_batch_that_comes_again_is_counted_and_not_written() {
    with_server("rb_again", |mut server| {
        let gives = || vec![batch(0, 0, 1), batch(0, 1, 3), batch(5, 0, 5)];
        let first = append(&server, "run", gives()).unwrap();
        assert_eq!((first.rows, first.batches), (6, 3));
        assert_eq!(server.rows(LEDGER), ["run|t|0|0|2|0", "run|t|0|1|2|0", "run|t|5|0|2|0"]);
        // All of them in the same transaction as their rows.
        assert_eq!(
            server.value("SELECT count(DISTINCT xmin::text) FROM (SELECT xmin FROM t UNION ALL SELECT xmin FROM _rapidbyte_ledger) a"),
            "1"
        );
        assert_eq!(append(&server, "run", gives()).unwrap(), first);
        // Some that are there, some that are not, in an order of their own, and checkpoints between them.
        let mixed = vec![
            batch(5, 0, 5),
            batch(5, 1, 7),
            Give::Checkpoint,
            batch(0, 1, 3),
            batch(0, 2, 9),
            batch(0, 0, 1),
        ];
        let recording = host(mixed);
        let mut connector = server.connector("run");
        let request = write_request("run", "t", &two_columns(), WriteMode::Append);
        let written = connector.write(request).unwrap();
        assert_eq!((written.rows, written.batches), (10, 5));
        assert_eq!(recording.borrow().checkpoints[0]["rows"], 4);
        assert_eq!(ids(&mut server), "1,2,3,4,5,6,7,8,9,10");
    });
}

#[test]
fn units_and_batches_far_apart_are_asked_for_when_they_come() {
    with_server("rb_far", |mut server| {
        let gives = || {
            let units = [0i64, 1, 63, 64, 1000, 63, 1 << 40, 2];
            let batches = units.iter().enumerate();
            batches
                .map(|(number, unit)| batch(*unit, number as u32, number as i32 * 2))
                .collect::<Vec<_>>()
        };
        let first = append(&server, "run", gives()).unwrap();
        assert_eq!(first.rows, 16);
        assert_eq!(append(&server, "run", gives()).unwrap(), first);
        let mut backwards = gives();
        backwards.reverse();
        assert_eq!(append(&server, "run", backwards).unwrap(), first);
        assert_eq!(server.value("SELECT count(*) FROM t"), "16");
        // More than are asked for at once, in one unit.
        let many = || (0..2500).map(|number| batch(7, number + 100, 100)).collect::<Vec<_>>();
        assert_eq!(append(&server, "run", many()).unwrap().rows, 5000);
        assert_eq!(append(&server, "run", many()).unwrap().rows, 5000);
        assert_eq!(server.value("SELECT count(*) FROM t"), "5016");
    });
}

#[test]
fn other_rows_under_the_identity_of_a_batch_are_refused() {
    with_server("rb_changed", |mut server| {
        append(&server, "run", vec![batch(0, 0, 1)]).unwrap();
        let error = append(&server, "run", vec![batch(0, 1, 3), batch(0, 0, 5)]).unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Data, "batch_changed"));
        assert!(!error.is_retryable() && error.hint_text().is_some());
        assert!(error.message().contains("batch 0 of unit 0"), "{}", error);
        assert_eq!(ids(&mut server), "1,2");
        assert_eq!(server.rows(LEDGER), ["run|t|0|0|2|0"]);
    });
}

#[test]
fn a_batch_that_comes_twice_in_one_call_is_written_once() {
    with_server("rb_twice", |mut server| {
        server.run("CREATE TABLE t (id int PRIMARY KEY CHECK (id <> 4), name text)");
        for (policy, unit) in [(DataErrorPolicy::Fail, 0), (DataErrorPolicy::Dlq, 1)] {
            let id = 1 + 2 * unit as i32;
            let write = |gives| {
                let recording = host(gives);
                let mut target = request("run", "t", &two_columns(), WriteMode::Append);
                target.on_data_error = policy;
                let mut connector = server.connector("run");
                let applied = connector.apply(target.clone());
                let options = serde_json::Map::new();
                let outcome = applied.and_then(|_| connector.write(WriteRequest { target, options }));
                let letters = recording.borrow().dead_letters.len();
                (outcome, letters)
            };
            let twice = || vec![batch(unit, 0, id), batch(unit, 1, 10 * id), batch(unit, 0, id)];
            for _ in 0..2 {
                let (outcome, letters) = write(twice());
                let written = outcome.unwrap();
                let refused = 2 * unit as u64;
                assert_eq!(
                    (written.rows, written.refused, written.batches),
                    (6 - refused, refused, 3)
                );
                assert_eq!(letters, refused as usize);
            }
            let (outcome, _) = write(vec![batch(unit, 2, 100), batch(unit, 2, 200)]);
            assert_eq!(outcome.unwrap_err().code(), "batch_changed");
        }
        assert_eq!(ids(&mut server), "1,2,3,10,11,30,31");
    });
}

#[test]
fn runs_and_streams_do_not_disturb_each_other() {
    with_server("rb_runs", |mut server| {
        append(&server, "one", vec![batch(0, 0, 1)]).unwrap();
        append(&server, "two", vec![batch(0, 0, 3)]).unwrap();
        // Another stream that goes into the same table.
        host(vec![batch(0, 0, 5)]);
        let mut other = write_request("one", "t", &two_columns(), WriteMode::Append);
        other.target.stream.name = "it's \\ another".into();
        server.connector("one").write(other).unwrap();
        assert_eq!(ids(&mut server), "1,2,3,4,5,6");
        end(&server, "one");
        append(&server, "two", vec![batch(0, 0, 3), batch(0, 1, 7)]).unwrap();
        assert_eq!(ids(&mut server), "1,2,3,4,5,6,7,8");
    });
}

#[test]
fn the_ledger_forgets_a_stream_when_it_is_finalized_or_torn_down() {
    with_server("rb_forget", |mut server| {
        append(&server, "done", vec![batch(0, 0, 1)]).unwrap();
        append(&server, "failed", vec![batch(0, 0, 3), batch(1, 0, 5)]).unwrap();
        append(&server, "other", vec![batch(0, 0, 7)]).unwrap();
        server.run(
            "INSERT INTO _rapidbyte_ledger SELECT 'old', 't', -1, 0, 0, 0, 0, 0, NULL, now() - interval '91 days'",
        );
        for _ in 0..2 {
            end(&server, "done");
            assert_eq!(
                server.rows(LEDGER),
                [
                    "done|t|-1|0|0|0",
                    "done|t|0|0|2|0",
                    "failed|t|0|0|2|0",
                    "failed|t|1|0|2|0",
                    "other|t|0|0|2|0"
                ]
            );
        }
        for _ in 0..2 {
            set_host(StandInHost::default());
            let request = TeardownRequest {
                run_id: "failed".into(),
                streams: vec![stream("t"), stream("u")],
                reason: TeardownReason::Failed,
            };
            server.connector("failed").teardown(request).unwrap();
            assert_eq!(
                server.rows(LEDGER),
                [
                    "done|t|-1|0|0|0",
                    "done|t|0|0|2|0",
                    "failed|t|-1|1|0|0",
                    "failed|u|-1|1|0|0",
                    "other|t|0|0|2|0"
                ]
            );
        }
    });
}

#[test]
fn a_writer_that_comes_after_the_end_is_refused() {
    with_server("rb_late", |mut server| {
        append(&server, "run", vec![batch(0, 0, 1)]).unwrap();
        end(&server, "run");
        let error = write_only(&server, "run", vec![batch(900, 7, 3)]).unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Data, "run_ended"));
        assert!(!error.is_retryable(), "{}", error);
        // What was part of the run is known: a runner may have started again from before the end.
        assert_eq!(write_only(&server, "run", vec![batch(0, 0, 1)]).unwrap().rows, 2);
        end(&server, "run");
        assert_eq!(ids(&mut server), "1,2");
        // Until another run of the stream has ended.
        append(&server, "next", vec![batch(0, 0, 3)]).unwrap();
        end(&server, "next");
        let error = write_only(&server, "run", vec![batch(0, 0, 1)]).unwrap_err();
        assert_eq!(error.code(), "run_ended");
        assert_eq!(ids(&mut server), "1,2,3,4");
    });
}

#[test]
fn the_end_waits_for_writers_that_are_at_work() {
    with_server("rb_wait", |mut server| {
        append(&server, "run", vec![]).unwrap();
        // A writer whose rows wait for a lock on the table.
        server.run("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
        let config = server.config.clone();
        let writer = std::thread::spawn(move || {
            host(vec![batch(0, 0, 1)]);
            let open = json!({"abi": 1, "run_id": "run", "config": config});
            let mut connector = PostgresDestination::open(serde_json::from_value(open).unwrap()).unwrap();
            connector.write(write_request("run", "t", &two_columns(), WriteMode::Append))
        });
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = ";
        while server.value(&format!("{}'relation' AND relation = 't'::regclass", waiting)) != "1" {
            std::thread::yield_now();
        }
        let config = server.config.clone();
        let ender = std::thread::spawn(move || {
            set_host(StandInHost::default());
            let open = json!({"abi": 1, "run_id": "run", "config": config});
            let mut connector = PostgresDestination::open(serde_json::from_value(open).unwrap()).unwrap();
            connector.finalize(request("run", "t", &two_columns(), WriteMode::Append).into())
        });
        while server.value(&format!("{}'advisory'", waiting)) != "1" {
            std::thread::yield_now();
        }
        server.run("COMMIT");
        assert_eq!(writer.join().unwrap().unwrap().rows, 2);
        ender.join().unwrap().unwrap();
        assert_eq!(ids(&mut server), "1,2");
        assert_eq!(server.rows(LEDGER), ["run|t|-1|0|0|0", "run|t|0|0|2|0"]);
    });
}

#[test]
fn of_two_that_commit_the_same_batch_at_once_one_has_to_try_again() {
    with_server("rb_both", |mut server| {
        append(&server, "run", vec![]).unwrap();
        // Both have asked before either commits, because their rows wait for a lock on the table.
        server.run("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
        let start = Arc::new(Barrier::new(2));
        let writers: Vec<_> = (0..2)
            .map(|_| {
                let (config, start) = (server.config.clone(), Arc::clone(&start));
                std::thread::spawn(move || {
                    host(vec![batch(3, 0, 1), batch(3, 1, 3)]);
                    let open = json!({"abi": 1, "run_id": "run", "config": config});
                    let mut connector = PostgresDestination::open(serde_json::from_value(open).unwrap()).unwrap();
                    start.wait();
                    connector.write(write_request("run", "t", &two_columns(), WriteMode::Append))
                })
            })
            .collect();
        while server.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't'::regclass") != "2" {
            std::thread::yield_now();
        }
        server.run("COMMIT");
        let outcomes: Vec<_> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        let errors: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
        assert_eq!(errors.len(), 1, "{:?}", outcomes);
        let error = errors[0];
        assert_eq!((error.category(), error.code()), (Category::TransientDb, "batch_taken"));
        assert!(error.is_retryable() && error.is_safe_to_retry());
        assert_eq!(error.state_of_commit(), CommitState::BeforeCommit);
        assert_eq!(ids(&mut server), "1,2,3,4");
        let again = write_only(&server, "run", vec![batch(3, 0, 1), batch(3, 1, 3)]).unwrap();
        assert_eq!(again.rows, 4);
        assert_eq!(ids(&mut server), "1,2,3,4");
    });
}

#[test]
fn without_exactly_once_there_is_no_ledger() {
    with_server("rb_without", |mut server| {
        for expected in ["1,2", "1,1,2,2"] {
            host(vec![batch(0, 0, 1)]);
            let mut connector = server.connector_with("run", json!({"exactly_once": false}));
            let target = || request("run", "t", &two_columns(), WriteMode::Append);
            connector.apply(target()).unwrap();
            let request = write_request("run", "t", &two_columns(), WriteMode::Append);
            assert_eq!(connector.write(request).unwrap().rows, 2);
            connector.finalize(target().into()).unwrap();
            assert_eq!(ids(&mut server), expected);
        }
        assert_eq!(
            server.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'rb_without'"),
            "1"
        );
    });
}

#[test]
fn what_keeps_the_ledger_from_being_used_is_said_before_a_row_is_moved() {
    with_server("rb_weak", |mut server| {
        server.run("CREATE TABLE t (id int, name text)");
        server.run("DROP ROLE IF EXISTS rb_ledger_user; CREATE ROLE rb_ledger_user LOGIN PASSWORD 'weak'; GRANT USAGE ON SCHEMA rb_weak TO rb_ledger_user; GRANT INSERT, SELECT ON t TO rb_ledger_user");
        let apply = |server: &Server, more: serde_json::Value| {
            set_host(StandInHost::default());
            let mut login = json!({"user": "rb_ledger_user", "password": "weak"});
            let members = login.as_object_mut().unwrap();
            members.extend(more.as_object().unwrap().clone());
            let mut connector = server.connector_with("run", login);
            connector.apply(request("run", "t", &two_columns(), WriteMode::Append))
        };
        let error = apply(&server, json!({})).unwrap_err();
        assert_eq!(error.category(), Category::Permission);
        let hint = error.hint_text().unwrap();
        assert!(
            hint.contains("GRANT CREATE ON SCHEMA \"rb_weak\"") && hint.contains("'exactly_once'"),
            "{}",
            error
        );
        apply(&server, json!({"exactly_once": false})).unwrap();
        // Another user has made it.
        append(&server, "run", vec![]).unwrap();
        let error = apply(&server, json!({})).unwrap_err();
        assert_eq!(error.category(), Category::Permission);
        let hint = error.hint_text().unwrap();
        assert!(
            hint.contains("GRANT SELECT, INSERT, DELETE ON \"rb_weak\".\"_rapidbyte_ledger\""),
            "{}",
            error
        );
        server.run("GRANT SELECT, INSERT, DELETE ON _rapidbyte_ledger TO rb_ledger_user");
        apply(&server, json!({})).unwrap();
        // Something else has its name.
        server.run("DROP TABLE _rapidbyte_ledger; CREATE VIEW _rapidbyte_ledger AS SELECT 1 AS unit");
        let error = append(&server, "run", vec![]).unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Schema, "not_a_ledger"));
        server.run("DROP OWNED BY rb_ledger_user; DROP ROLE rb_ledger_user");
    });
}

#[test]
fn a_side_table_is_filled_once_too() {
    with_server("rb_side", |mut server| {
        server.run("CREATE TABLE t (id int, name text); INSERT INTO t VALUES (0, 'old')");
        for _ in 0..2 {
            let written = load(
                &server,
                "run",
                "t",
                WriteMode::Replace,
                &two_columns(),
                vec![batch(0, 0, 1), batch(0, 1, 3)],
            );
            assert_eq!(written.unwrap().rows, 4);
        }
        let marked = ["run|t|-1|0|0|0", "run|t|0|0|2|0", "run|t|0|1|2|0"];
        finalize(&server, "run", "t", &two_columns()).unwrap();
        finalize(&server, "run", "t", &two_columns()).unwrap();
        assert_eq!(ids(&mut server), "1,2,3,4");
        assert_eq!(server.rows(LEDGER), marked);
        // A runner that starts again from before the end gives all of it again: no side table comes back.
        let written = load(
            &server,
            "run",
            "t",
            WriteMode::Replace,
            &two_columns(),
            vec![batch(0, 0, 1), batch(0, 1, 3)],
        );
        assert_eq!(written.unwrap().rows, 4);
        finalize(&server, "run", "t", &two_columns()).unwrap();
        assert_eq!(ids(&mut server), "1,2,3,4");
        assert_eq!(server.rows(LEDGER), marked);
    });
}

#[test]
fn a_commit_whose_answer_is_lost_may_be_repeated() {
    with_server("rb_unknown", |mut server| {
        append(&server, "run", vec![]).unwrap();
        // The session is ended by a deferred trigger, in the midst of the commit.
        server.run("CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END'; CREATE CONSTRAINT TRIGGER die AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()");
        let error = write_only(&server, "run", vec![batch(0, 0, 1)]).unwrap_err();
        assert!(error.is_retryable() && error.is_safe_to_retry(), "{}", error);
        assert_eq!(error.state_of_commit(), CommitState::AfterCommitUnknown);
        server.run("DROP FUNCTION die CASCADE");
        write_only(&server, "run", vec![batch(0, 0, 1)]).unwrap();
        assert_eq!(ids(&mut server), "1,2");
    });
}

#[test]
fn batches_of_another_plan_are_not_taken_for_those_that_were_written() {
    with_server("rb_plans", |mut server| {
        let planned = |plan: &str| two_columns().with_metadata(metadata::PLAN, plan);
        let of = |plan: &str, unit, id| Give::Batch(unit, 0, frame(&planned(plan), &two_rows(id)));
        for mode in [WriteMode::Append, WriteMode::Replace] {
            let write =
                |server: &Server, run: &str, plan: &str, gives| load(server, run, "t", mode, &planned(plan), gives);
            write(&server, "run", "one", vec![of("one", 0, 1)]).unwrap();
            write(&server, "run", "one", vec![of("one", 0, 1), of("one", 1, 3)]).unwrap();
            // Its rows 3 and 4 would be doubled, as those of unit 2, which has not been there.
            let assert_refused = |outcome: Result<WriteResponse>| {
                let error = outcome.unwrap_err();
                assert_eq!(
                    (error.category(), error.code()),
                    (Category::Data, "plan_changed"),
                    "{}",
                    error
                );
                assert!(
                    !error.is_retryable() && error.hint_text().unwrap().contains("withPlans"),
                    "{}",
                    error
                );
            };
            assert_refused(write(&server, "run", "two", vec![of("two", 2, 3)]));
            // Nor by an instance that was prepared for the first plan, also within one call.
            let host = StandInHost::default();
            let input = host.input();
            set_host(host);
            let mut worker = server.connector("run");
            worker.apply(request("run", "t", &planned("one"), mode)).unwrap();
            for plan in ["two", "one"] {
                let frame = frame(&planned("two"), &two_rows(3));
                let header = BatchHeader {
                    unit: 2,
                    sequence: 0,
                    rows: 2,
                    frame_size: frame.len() as u64,
                    checksum: 1,
                };
                input.push(header, &frame);
                assert_refused(worker.write(write_request("run", "t", &planned(plan), mode)));
                input.clear();
            }
            // Other runs, and sources that say nothing, are not concerned.
            write(&server, "next", "two", vec![of("two", 0, 5)]).unwrap();
            load(&server, "next", "t", mode, &two_columns(), vec![batch(1, 0, 7)]).unwrap();
            // What has ended can be repeated.
            set_host(StandInHost::default());
            let target = request("run", "t", &planned("one"), mode);
            server.connector("run").finalize(target.into()).unwrap();
            let again = write(&server, "run", "one", vec![of("one", 0, 1), of("one", 1, 3)]);
            assert_eq!(again.unwrap().rows, 4);
            assert_refused(write(&server, "run", "two", vec![of("two", 2, 3)]));
            let expected = match mode {
                WriteMode::Append => "1,2,3,4,5,6,7,8",
                _ => "1,2,3,4",
            };
            assert_eq!(ids(&mut server), expected);
            server.run("DROP TABLE t, _rapidbyte_ledger");
        }
    });
}
