// SPDX-License-Identifier: Apache-2.0

//! What a host is told of a run that it goes on with, and that the end of a run is refused which was not given what it has committed; live_tests.rs
//! says how the tests get a server.

use crate::ledger_list::PAGE;
use crate::live_tests::*;
use rapidbyte_sdk::abi::{set_host, StandInHost};
use rapidbyte_sdk::arrow::{metadata, Schema};
use rapidbyte_sdk::*;
use serde_json::json;

/// A batch of two rows, `id` and `id + 1`.
fn batch(unit: i64, sequence: u32, id: i32) -> Give {
    Give::Batch(unit, sequence, frame(&two_columns(), &two_rows(id)))
}

fn append(server: &Server, gives: Vec<Give>) {
    load(server, "run", "t", WriteMode::Append, &two_columns(), gives).unwrap();
}

fn committed(server: &Server, run_id: &str, after: Option<(i64, u32)>) -> Result<CommittedResponse> {
    set_host(StandInHost::default());
    server.connector("another run").committed(CommittedRequest {
        run_id: run_id.into(),
        stream: stream("t"),
        after,
    })
}

fn end(server: &Server, mode: WriteMode, batches: Option<u64>) -> Result<TargetResponse> {
    set_host(StandInHost::default());
    let target = request("run", "t", &two_columns(), mode);
    server.connector("run").finalize(FinalizeRequest { target, batches })
}

fn identities(response: &CommittedResponse) -> Vec<(i64, u32)> {
    let batches = response.batches.as_ref().unwrap();
    batches.iter().map(|(unit, sequence, _)| (*unit, *sequence)).collect()
}

#[test]
fn what_is_committed_is_told_in_its_order() {
    with_server("rb_told", |mut server| {
        assert_eq!(identities(&committed(&server, "run", None).unwrap()), []);
        append(&server, vec![batch(5, 0, 1), batch(0, 1, 3), batch(0, 0, 5)]);
        let told = committed(&server, "run", None).unwrap();
        assert_eq!(identities(&told), [(0, 0), (0, 1), (5, 0)]);
        assert!(!told.more && !told.ended);
        let checksums = server.rows("SELECT checksum FROM _rapidbyte_ledger WHERE unit >= 0 ORDER BY unit, sequence");
        let of_told = told
            .batches
            .unwrap()
            .iter()
            .map(|batch| batch.2.to_string())
            .collect::<Vec<_>>();
        assert_eq!(of_told, checksums);
        assert_eq!(
            identities(&committed(&server, "run", Some((0, 0))).unwrap()),
            [(0, 1), (5, 0)]
        );
        assert_eq!(identities(&committed(&server, "other", None).unwrap()), []);
        end(&server, WriteMode::Append, Some(3)).unwrap();
        assert!(committed(&server, "run", None).unwrap().ended);
    });
}

#[test]
fn many_batches_are_told_page_by_page() {
    with_server("rb_pages", |mut server| {
        append(&server, vec![batch(0, 0, 1)]);
        server.run(&format!(
            "INSERT INTO _rapidbyte_ledger (run_id, stream, unit, sequence, checksum, row_count, byte_count, refused_count) \
             SELECT 'run', 't', n / 7, n % 7, n, 1, 1, 0 FROM generate_series(1, {}) AS n",
            PAGE
        ));
        let first = committed(&server, "run", None).unwrap();
        assert_eq!((identities(&first).len(), first.more), (PAGE, true));
        let last = *identities(&first).last().unwrap();
        let second = committed(&server, "run", Some(last)).unwrap();
        assert_eq!(identities(&second), [(PAGE as i64 / 7, (PAGE % 7) as u32)]);
        assert!(!second.more);
    });
}

#[test]
fn a_run_that_was_torn_down_is_not_gone_on_with() {
    with_server("rb_told_torn", |server| {
        // Tearing down looks into the ledgers of all schemas: no other test has this run.
        let run = "torn down run of a list";
        load(
            &server,
            run,
            "t",
            WriteMode::Append,
            &two_columns(),
            vec![batch(0, 0, 1)],
        )
        .unwrap();
        let teardown = TeardownRequest {
            run_id: run.into(),
            streams: vec![stream("t")],
            reason: TeardownReason::Requested,
        };
        set_host(StandInHost::default());
        server.connector(run).teardown(teardown).unwrap();
        assert_eq!(committed(&server, run, None).unwrap_err().code(), "run_torn_down");
    });
}

/// That of a source that tells its plan.
fn planned() -> Schema {
    two_columns().with_metadata(metadata::PLAN, "plan")
}

#[test]
fn a_target_that_has_lost_what_was_committed_is_not_gone_on_with() {
    with_server("rb_target_lost", |mut server| {
        let losses = [
            ("DROP TABLE t", "is not there any more"),
            (
                "DROP TABLE t; CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, 'other')",
                "is another table now",
            ),
            (
                "ALTER TABLE t RENAME TO u; CREATE TABLE t (LIKE u)",
                "is another table now",
            ),
            ("TRUNCATE t", "is empty now"),
        ];
        for (loss, sentence) in losses {
            server.run("DROP TABLE IF EXISTS t, u, _rapidbyte_ledger");
            let gives = || vec![Give::Batch(0, 0, frame(&planned(), &two_rows(1)))];
            load(&server, "run", "t", WriteMode::Append, &planned(), gives()).unwrap();
            assert_eq!(identities(&committed(&server, "run", None).unwrap()), [(0, 0)]);
            server.run(loss);
            let error = committed(&server, "run", None).unwrap_err();
            assert_eq!(
                (error.category(), error.code()),
                (Category::Data, "target_lost"),
                "{}",
                loss
            );
            assert!(error.message().contains(sentence), "{}", error);
            assert_eq!(error.message().matches("stream 't'").count(), 1, "{}", error);
            assert!(!error.is_retryable() && error.hint_text().is_some(), "{}", error);
        }
    });
}

#[test]
fn a_target_that_was_dropped_in_a_run_is_not_made_again() {
    with_server("rb_target_dropped", |mut server| {
        append(&server, vec![batch(0, 0, 1)]);
        server.run("DROP TABLE t");
        host(vec![]);
        let request = request("run", "t", &two_columns(), WriteMode::Append);
        let error = server.connector("run").apply(request).unwrap_err();
        assert_eq!(error.code(), "target_lost");
        // Before anything is committed it is of no concern which table it is.
        load(&server, "new", "t", WriteMode::Append, &planned(), vec![]).unwrap();
        server.run("DROP TABLE t");
        let gives = vec![Give::Batch(0, 0, frame(&planned(), &two_rows(1)))];
        load(&server, "new", "t", WriteMode::Append, &planned(), gives).unwrap();
        assert_eq!(identities(&committed(&server, "new", None).unwrap()), [(0, 0)]);
    });
}

#[test]
fn what_may_not_be_read_is_taken_for_there() {
    with_server("rb_unreadable", |mut server| {
        let gives = vec![Give::Batch(0, 0, frame(&planned(), &two_rows(1)))];
        load(&server, "run", "t", WriteMode::Append, &planned(), gives).unwrap();
        server.run(
            "TRUNCATE t; DROP ROLE IF EXISTS rb_writes_only; CREATE ROLE rb_writes_only LOGIN; GRANT USAGE, CREATE ON SCHEMA rb_unreadable \
             TO rb_writes_only; GRANT INSERT ON t TO rb_writes_only; GRANT SELECT, INSERT, DELETE ON _rapidbyte_ledger TO rb_writes_only",
        );
        set_host(StandInHost::default());
        let mut connector = server.connector_with("run", json!({"user": "rb_writes_only"}));
        let told = connector.committed(CommittedRequest {
            run_id: "run".into(),
            stream: stream("t"),
            after: None,
        });
        assert_eq!(identities(&told.unwrap()), [(0, 0)]);
        server.run("DROP OWNED BY rb_writes_only; DROP ROLE rb_writes_only");
    });
}

#[test]
fn without_a_ledger_nobody_knows() {
    with_server_without_ledger("rb_told_unknown", |server| {
        append(&server, vec![batch(0, 0, 1)]);
        assert_eq!(committed(&server, "run", None).unwrap(), CommittedResponse::default());
        end(&server, WriteMode::Append, Some(0)).unwrap();
    });
}

#[test]
fn a_run_does_not_end_when_batches_did_not_come_again() {
    with_server("rb_missing", |mut server| {
        for mode in [WriteMode::Append, WriteMode::Replace] {
            server.run(
                "DROP TABLE IF EXISTS t; CREATE TABLE t (id int, name text); INSERT INTO t VALUES (0, 'old'); \
                 DROP TABLE IF EXISTS _rapidbyte_ledger",
            );
            load(
                &server,
                "run",
                "t",
                mode,
                &two_columns(),
                vec![batch(0, 0, 1), batch(0, 1, 3)],
            )
            .unwrap();
            let error = end(&server, mode, Some(1)).unwrap_err();
            assert_eq!((error.category(), error.code()), (Category::Data, "batch_missing"));
            assert!(
                !error.is_retryable() && error.message().contains("2 batches"),
                "{}",
                error
            );
            assert_eq!(error.message().matches("stream 't'").count(), 1, "{}", error);
            let old = server.value("SELECT count(*) FROM t WHERE id = 0");
            assert_eq!(old, "1", "{:?}", mode);
            // More can have been given than are committed: a read that is flattened with itself.
            end(&server, mode, Some(4)).unwrap();
            // Whoever ends it a second time may know less.
            end(&server, mode, Some(0)).unwrap();
            let expected = if mode == WriteMode::Append { "5" } else { "4" };
            assert_eq!(server.value("SELECT count(*) FROM t"), expected);
        }
    });
}
