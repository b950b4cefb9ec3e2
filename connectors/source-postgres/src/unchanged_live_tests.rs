// SPDX-License-Identifier: Apache-2.0

//! What is noticed of tables that join or leave a stream after it was planned, against a real server: see [`crate::live_tests`] for when the
//! tests run.

use rapidbyte_sdk::{Category, Error, Limits, PlanResponse, ReadRequest, Result, SnapshotRequest, Source};
use serde_json::json;

use crate::live_tests::{open, Playground};
use crate::testing::rows_of;

const PARTITIONED: &str = "CREATE TABLE \"e\"\"v\" (id int, note text) PARTITION BY RANGE (id); \
    CREATE TABLE a PARTITION OF \"e\"\"v\" FOR VALUES FROM (0) TO (101); \
    CREATE TABLE z PARTITION OF \"e\"\"v\" DEFAULT; \
    INSERT INTO \"e\"\"v\" SELECT n, 'x' FROM generate_series(1, 200) n";

const PLAIN: &str = "CREATE TABLE \"e\"\"v\" AS SELECT n AS id, 'x'::text AS note FROM generate_series(1, 20000) n";

/// A new partition takes rows of the default one.
const SPLIT: &str = "BEGIN; CREATE TABLE \"b\"\"1\" (id int, note text); \
    WITH moved AS (DELETE FROM z WHERE id > 150 RETURNING *) INSERT INTO \"b\"\"1\" SELECT * FROM moved; \
    ALTER TABLE \"e\"\"v\" ATTACH PARTITION \"b\"\"1\" FOR VALUES FROM (151) TO (300); COMMIT";

/// The rows of a partition come into the default one.
const PUT_BACK: &str =
    "BEGIN; ALTER TABLE \"e\"\"v\" DETACH PARTITION a; INSERT INTO \"e\"\"v\" SELECT * FROM a; COMMIT";

/// Plans the table of `setup`, changes it, and reads each unit by itself. All of them have to fail; the first error is returned.
fn error_after(name: &str, setup: &str, change: &str) -> Option<(String, Error)> {
    let mut playground = Playground::new(name, Limits::default())?;
    playground.sql(setup);
    let plan = playground.plan(json!({"name": "\"e\"\"v\""})).unwrap();
    assert!(plan.unit_kind.starts_with("heap_block"), "{}", plan.unit_kind);
    assert!(playground.read_units(&plan, 0, plan.units as i64).is_ok());
    playground.sql(change);
    let mut errors = (0..plan.units as i64).map(|unit| playground.read_units(&plan, unit, unit + 1).unwrap_err());
    let first = errors.next().unwrap();
    let others: Vec<Error> = errors.collect();
    assert!(
        others.iter().all(|error| error.message() == first.message()),
        "{:?}",
        others
    );
    Some((playground.schema.clone(), first))
}

fn assert_noticed(name: &str, setup: &str, change: &str, sentence: &str) {
    if let Some((schema, error)) = error_after(name, setup, change) {
        assert_eq!(
            (error.category(), error.code(), error.is_retryable()),
            (Category::TransientDb, "parts_changed", false)
        );
        let sentence = sentence.replace("S.", &format!("\"{}\".", schema));
        assert!(error.message().contains(&sentence), "{}", error);
    }
}

#[test]
fn a_partition_that_takes_rows_of_the_default_one_is_noticed() {
    let sentence = "S.\"b\"\"1\" became a partition or a child of S.\"e\"\"v\" after the stream was planned";
    assert_noticed("split", PARTITIONED, SPLIT, sentence);
}

#[test]
fn a_partition_whose_rows_are_put_into_others_is_noticed() {
    let sentence = "S.\"a\" was detached from S.\"e\"\"v\", dropped or renamed after the stream was planned";
    assert_noticed("put_back", PARTITIONED, PUT_BACK, sentence);
}

#[test]
fn a_partition_of_a_partition_is_noticed() {
    let setup = format!(
        "{}; ALTER TABLE \"e\"\"v\" DETACH PARTITION z; CREATE TABLE deep PARTITION OF \"e\"\"v\" DEFAULT PARTITION BY LIST (note); \
         CREATE TABLE x PARTITION OF deep FOR VALUES IN ('x')",
        PARTITIONED
    );
    assert_noticed(
        "deep",
        &setup,
        "CREATE TABLE y PARTITION OF deep FOR VALUES IN ('y')",
        "S.\"y\" became a partition",
    );
}

#[test]
fn a_partition_that_is_gone_or_has_another_name_is_noticed() {
    let sentence = "S.\"a\" was detached from S.\"e\"\"v\", dropped or renamed";
    assert_noticed("dropped", PARTITIONED, "DROP TABLE a", sentence);
    assert_noticed("renamed", PARTITIONED, "ALTER TABLE a RENAME TO c", sentence);
}

#[test]
fn a_child_of_a_table_that_had_none_is_noticed() {
    let change = "BEGIN; CREATE TABLE child () INHERITS (\"e\"\"v\"); \
        WITH moved AS (DELETE FROM ONLY \"e\"\"v\" WHERE id > 10000 RETURNING *) INSERT INTO child SELECT * FROM moved; COMMIT";
    let sentence = "S.\"child\" became a partition or a child of S.\"e\"\"v\" after the stream was planned";
    assert_noticed("child", PLAIN, change, sentence);
}

#[test]
fn a_child_of_a_table_that_has_others_is_noticed_and_one_that_is_on_its_own_again() {
    let setup = format!("{}; CREATE TABLE first () INHERITS (\"e\"\"v\")", PLAIN);
    assert_noticed(
        "second",
        &setup,
        "CREATE TABLE second () INHERITS (first)",
        "S.\"second\" became",
    );
    assert_noticed(
        "alone",
        &setup,
        "ALTER TABLE first NO INHERIT \"e\"\"v\"",
        "S.\"first\" was detached from S.\"e\"\"v\"",
    );
}

/// Temporary tables are not read through their parents by other sessions.
#[test]
fn somebodys_temporary_child_is_none() {
    for (name, setup) in [
        ("temporary", PLAIN.to_owned()),
        (
            "temporary_too",
            format!("{}; CREATE TABLE first () INHERITS (\"e\"\"v\")", PLAIN),
        ),
    ] {
        let mut playground = match Playground::new(name, Limits::default()) {
            Some(playground) => playground,
            None => return,
        };
        playground.sql(&setup);
        let plan = playground.plan(json!({"name": "\"e\"\"v\""})).unwrap();
        playground.sql("CREATE TEMPORARY TABLE passing () INHERITS (\"e\"\"v\"); INSERT INTO passing VALUES (0, 'x')");
        assert_eq!(playground.read_units(&plan, 0, plan.units as i64).unwrap().rows, 20_000);
    }
}

/// A stream that is read through its parent takes rows from wherever they are.
#[test]
fn what_is_read_through_the_parent_is_not_concerned() {
    let mut playground = match Playground::new("through_parent", Limits::default()) {
        Some(playground) => playground,
        None => return,
    };
    playground.sql(PARTITIONED);
    let plan = playground
        .plan(json!({"name": "\"e\"\"v\"", "partition_key": "id", "options": {"partition_mode": "mod"}}))
        .unwrap();
    playground.sql(SPLIT);
    playground.sql(PUT_BACK);
    assert_eq!(playground.read_units(&plan, 0, plan.units as i64).unwrap().rows, 200);
}

/// The ids of all rows in a snapshot.
fn read_in(playground: &mut Playground, plan: &PlanResponse, snapshot: &Option<String>) -> Result<Vec<u32>> {
    // A host drops what a read has emitted that fails in the end.
    playground.frames();
    playground.source.read(ReadRequest {
        stream: plan.stream.clone(),
        plan: plan.plan.clone(),
        snapshot: snapshot.clone(),
        from: 0,
        to: plan.units as i64,
    })?;
    let frames = playground.frames();
    let mut ids: Vec<u32> = rows_of(&frames)
        .iter()
        .map(|row| row[0].as_ref().unwrap().parse().unwrap())
        .collect();
    ids.sort_unstable();
    Ok(ids)
}

/// What counts is the state that is read: in it, the rows are where they were.
#[test]
fn what_changes_before_the_snapshot_is_noticed_and_what_changes_later_does_no_harm() {
    for (name, change) in [("snapshot_split", SPLIT), ("snapshot_put_back", PUT_BACK)] {
        let mut playground = match Playground::new(name, Limits::default()) {
            Some(playground) => playground,
            None => return,
        };
        playground.sql(PARTITIONED);
        let plan = playground.plan(json!({"name": "\"e\"\"v\""})).unwrap();
        let mut keeper = open(&playground.config, Limits::default()).unwrap();
        let before = keeper.snapshot(SnapshotRequest::default()).unwrap().snapshot;
        playground.sql(change);
        let all: Vec<u32> = (1..=200).collect();
        assert_eq!(read_in(&mut playground, &plan, &before).unwrap(), all);

        let mut late_keeper = open(&playground.config, Limits::default()).unwrap();
        let after = late_keeper.snapshot(SnapshotRequest::default()).unwrap().snapshot;
        let error = read_in(&mut playground, &plan, &after).unwrap_err();
        assert_eq!(error.code(), "parts_changed", "{}", error);
        let anew = playground.plan(json!({"name": "\"e\"\"v\""})).unwrap();
        assert_eq!(read_in(&mut playground, &anew, &after).unwrap(), all);
        keeper.close().unwrap();
        late_keeper.close().unwrap();
    }
}
