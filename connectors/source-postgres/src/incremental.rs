// SPDX-License-Identifier: Apache-2.0

//! `plan` for streams that are read incrementally: where this run begins and ends, and how what lies between is cut into units.
//!
//! A run ends at the greatest key there is when it is planned. The host plans after the snapshot was taken, where there is one, so that the
//! end and all reads are of one state.

use rapidbyte_sdk::postgres::{quote_literal, quote_qualified, Connection, Transport};
use rapidbyte_sdk::{Category, Error, PlanRequest, PlanResponse, Result, Stream};
use serde_json::Value;

use crate::catalog::{Column, Relation};
use crate::cursor::{self, Key};
use crate::cursor_units::{row_hash, CursorUnits, Division};
use crate::plan::planned;
use crate::position::{mark_of, Mark, Position, Seen};
use crate::read_plan::{PlannedColumn, ReadPlan, Units};
use crate::resolve;
use crate::session::Session;

/// The bytes of a range of the cursor that is worth a query of its own.
const UNIT_BYTES: i64 = 4 << 20;

const MOST_UNITS: i64 = 64;

/// Without an index on the cursor each unit reads the whole table.
const MOST_UNITS_WITHOUT_INDEX: i64 = 8;

/// How many different rows at the end of a run are told apart.
pub const MOST_SEEN: usize = 10_000;

/// The longest value of a cursor or tie breaker, in bytes, that a position holds: more than fits an index.
const LONGEST_VALUE: usize = 8 << 10;

/// The most tables that are watched for being written anew.
const MOST_TABLES: usize = 10_000;

/// What a stream is read from, and by which key.
struct Subject {
    relation: Relation,
    columns: Vec<Column>,
    key: Key,
    after: Option<Mark>,
}

/// Plans a stream.
pub fn plan(session: &mut Session, request: PlanRequest) -> Result<PlanResponse> {
    let schema = session.config().schema.clone();
    let mut stream = request.stream;
    let subject = session.in_one_state(|connection| subject(connection, &stream, &schema))?;
    let (plan, position, estimate) = session.in_one_state(|connection| bounded(connection, &subject))?;
    stream.namespace = Some(plan.namespace.clone());
    stream.table = Some(plan.table.clone());
    stream.position = None;
    Ok(PlanResponse {
        schema: plan.schema(&stream.name)?,
        stream,
        units: plan.units.count(),
        unit_kind: plan.units.kind().to_owned(),
        estimated_rows: estimate.0,
        estimated_bytes: estimate.1,
        plan: serde_json::to_value(&plan).map_err(|cause| Error::internal(cause.to_string()))?,
        position,
    })
}

/// What `check` says of the stream's cursor.
pub fn check<T: Transport>(connection: &mut Connection<T>, relation: &Relation, stream: &Stream) -> Result<String> {
    let subject = subject_of(connection, relation.clone(), stream)?;
    after_columns(relation, subject.after.as_ref())?;
    let key = &subject.key;
    let mut columns = key.cursor.sql();
    if let Some(tie_breaker) = &key.tie_breaker {
        columns.push_str(", ");
        columns.push_str(&tie_breaker.sql());
    }
    // Privileges can be given column by column, and these need not be among those that are read.
    connection.query(&format!(
        "SELECT {0} FROM {1} ORDER BY {0} LIMIT 0",
        columns,
        quote_qualified(&relation.namespace, &relation.name)
    ))?;
    let mut order = format!("'{}' ({})", key.cursor.name, key.cursor.type_name());
    if let Some(tie_breaker) = &key.tie_breaker {
        order.push_str(&format!(", then '{}' ({})", tie_breaker.name, tie_breaker.type_name()));
    }
    let mut message = format!(
        "{}.{} can be read incrementally by {}; rows whose cursor is {} are never read",
        relation.namespace,
        relation.name,
        order,
        key.cursor.never_read()
    );
    if key.cursor.nullable {
        if let Some(share) = share_of_nulls(connection, relation, &key.cursor.name)? {
            message.push_str(&format!(
                " ({} of the rows have none, by the server's statistics)",
                share
            ));
        }
    }
    if !key.is_indexed && relation.has_blocks() {
        message.push_str("; no index begins with the cursor, and so each run reads the whole table");
    }
    if !key.is_unique {
        message.push_str(
            "; no unique index covers the key, and so the rows at its greatest value are told apart by all their values",
        );
    }
    Ok(message)
}

/// The share of rows without a value, as the statistics have it.
fn share_of_nulls<T: Transport>(
    connection: &mut Connection<T>,
    relation: &Relation,
    column: &str,
) -> Result<Option<String>> {
    let answer = connection.query_catalogue(&format!(
        "SELECT pg_catalog.round(pg_catalog.max(s.null_frac)::pg_catalog.numeric * 100::pg_catalog.numeric, 1) FROM pg_catalog.pg_stats s \
         WHERE s.schemaname = {} AND s.tablename = {} AND s.attname = {} AND s.null_frac > 0::pg_catalog.float4",
        quote_literal(&relation.namespace),
        quote_literal(&relation.name),
        quote_literal(column)
    ))?;
    Ok(answer.value().map(|percent| format!("{} %", percent)))
}

fn subject<T: Transport>(connection: &mut Connection<T>, stream: &Stream, schema: &str) -> Result<Subject> {
    let relation = resolve::resolve(connection, stream, schema)?;
    subject_of(connection, relation, stream)
}

#[inline(never)]
fn subject_of<T: Transport>(connection: &mut Connection<T>, relation: Relation, stream: &Stream) -> Result<Subject> {
    if stream.partition_key.is_some() {
        return Err(Error::config(
            "useless_partition_key",
            "an incremental stream is divided by its cursor, and has no use for a partition_key",
        )
        .hint("remove the partition_key"));
    }
    if stream.max_records.is_some() {
        return Err(Error::config(
            "max_records_of_incremental",
            "an incremental stream is read up to its greatest cursor, and max_records would have it end before that",
        )
        .hint("remove max_records"));
    }
    let columns = resolve::columns(&relation, stream)?;
    let key = cursor::key(connection, &relation, stream)?;
    let after = match &stream.position {
        None => None,
        Some(stored) => Some(mark_of(stored, &relation.namespace, &relation.name, &key)?),
    };
    Ok(Subject {
        relation,
        columns,
        key,
        after,
    })
}

/// The plan, where the run ends, and the rows and bytes it is about.
#[inline(never)]
fn bounded<T: Transport>(
    connection: &mut Connection<T>,
    subject: &Subject,
) -> Result<(ReadPlan, Option<Value>, (i64, i64))> {
    let relation = &subject.relation;
    let key = &subject.key;
    let columns: Vec<PlannedColumn> = subject.columns.iter().map(planned_column).collect();
    let mut units = CursorUnits {
        cursor: key.cursor.clone(),
        tie_breaker: key.tie_breaker.clone(),
        after: subject.after.clone(),
        after_columns: after_columns(relation, subject.after.as_ref())?,
        until: None,
        finite: key.cursor.finite(connection.server_major_version()),
        division: Division::Bounds(Vec::new()),
        storage: storage(connection, relation)?,
    };
    if let Some(mut until) = greatest(connection, relation, &units)? {
        if !key.is_unique {
            until.seen = Some(seen_at(connection, relation, &units.at(&until), &columns, key)?);
        }
        units.until = Some(until);
        refuse_null_ties(connection, relation, &units)?;
    }
    let estimate = estimate(connection, relation, &columns, &units)?;
    if units.until.is_some() {
        units.division = division(connection, relation, key, &units, estimate.1)?;
    }
    let position =
        ended_at(&units).map(|mark| Position::new(&relation.namespace, &relation.name, key, &mark).to_json());
    let plan = ReadPlan {
        namespace: relation.namespace.clone(),
        table: relation.name.clone(),
        columns,
        types: crate::catalog::definitions(&subject.columns)?,
        primary_key: relation.primary_key.clone(),
        units: Units::Cursor(Box::new(units)),
        storage: String::new(),
        max_records: None,
    };
    match position {
        Some(position) => Ok((plan, Some(position?), estimate)),
        None => Ok((plan, None, estimate)),
    }
}

/// Where a run ends that reads these units. One that reads nothing ends where the last one did; the rows it had seen there have gone.
fn ended_at(units: &CursorUnits) -> Option<Mark> {
    units.until.clone().or_else(|| {
        let mut after = units.after.clone()?;
        if let Some(seen) = &mut after.seen {
            seen.rows.clear();
        }
        Some(after)
    })
}

fn planned_column(column: &Column) -> PlannedColumn {
    PlannedColumn {
        name: column.name.clone(),
        column_type: column.column_type.clone(),
        native_type: column.native_type.clone(),
        nullable: column.nullable,
    }
}

/// The columns that the last run told the rows at its end apart by.
fn after_columns(relation: &Relation, after: Option<&Mark>) -> Result<Vec<PlannedColumn>> {
    let seen = match after.and_then(|mark| mark.seen.as_ref()) {
        Some(seen) => seen,
        None => return Ok(Vec::new()),
    };
    seen.columns
        .iter()
        .map(|name| {
            let column = relation.columns.iter().find(|column| column.name == *name);
            column.map(planned_column).ok_or_else(|| {
                Error::config(
                    "columns_changed",
                    format!(
                        "{}.{} has no column '{}' any more, by which the last run told rows with the same cursor apart",
                        relation.namespace, relation.name, name
                    ),
                )
                .hint("reset the stream's state, which has all its rows read again")
            })
        })
        .collect()
}

/// The greatest key behind the first mark, or at it where rows may have joined.
#[inline(never)]
fn greatest<T: Transport>(
    connection: &mut Connection<T>,
    relation: &Relation,
    units: &CursorUnits,
) -> Result<Option<Mark>> {
    // With the relation's name in front: without it, the order would be that of the texts in the list of columns.
    let mut columns = format!("{}::pg_catalog.text", units.cursor.sql_of_r());
    let mut order = format!("{} DESC", units.cursor.sql_of_r());
    let mut condition = units.finite.clone();
    if let Some(after) = &units.after {
        condition.push_str(" AND ");
        condition.push_str(&units.compared(if after.seen.is_some() { ">=" } else { ">" }, after));
    }
    if let Some(tie_breaker) = &units.tie_breaker {
        // A row without one is refused only where it would be read.
        columns.push_str(&format!(", {}::pg_catalog.text", tie_breaker.sql_of_r()));
        order.push_str(&format!(", {} DESC", tie_breaker.sql_of_r()));
        if tie_breaker.nullable {
            order.push_str(" NULLS LAST");
        }
    }
    let answer = connection.query(&format!(
        "SELECT {} FROM {} AS r WHERE {} ORDER BY {} LIMIT 1",
        columns,
        quote_qualified(&relation.namespace, &relation.name),
        condition,
        order
    ))?;
    let row = match answer.rows.first() {
        Some(row) => row,
        None => return Ok(None),
    };
    for value in [row.text(0), row.text(1)] {
        if value.len() > LONGEST_VALUE {
            return Err(Error::new(
                Category::Data,
                "cursor_too_long",
                format!(
                    "the greatest cursor or tie breaker of {}.{} is {} bytes long, and one that is to be kept has {} at most",
                    relation.namespace,
                    relation.name,
                    value.len(),
                    LONGEST_VALUE
                ),
            )
            .hint("read the stream by another cursor"));
        }
    }
    match (&units.tie_breaker, row.get(1)) {
        (Some(_), None) => Err(null_tie(relation, units)),
        (column, value) => Ok(Some(Mark {
            cursor: units.cursor.canonical(row.text(0)),
            tie_breaker: match (column, value) {
                (Some(column), Some(value)) => Some(column.canonical(value)),
                _ => None,
            },
            seen: None,
        })),
    }
}

/// A row without a tie breaker has no place among those with the same cursor.
#[inline(never)]
fn refuse_null_ties<T: Transport>(
    connection: &mut Connection<T>,
    relation: &Relation,
    units: &CursorUnits,
) -> Result<()> {
    let (tie_breaker, until) = match (&units.tie_breaker, &units.until) {
        (Some(tie_breaker), Some(until)) if tie_breaker.nullable => (tie_breaker, until),
        _ => return Ok(()),
    };
    let cursor = units.cursor.sql();
    let after = match &units.after {
        Some(after) => format!("{} >= {}", cursor, units.cursor.literal(&after.cursor)),
        None => units.finite.clone(),
    };
    let answer = connection.query(&format!(
        "SELECT 1 FROM {} WHERE {} AND {} <= {} AND {} IS NULL LIMIT 1",
        quote_qualified(&relation.namespace, &relation.name),
        after,
        cursor,
        units.cursor.literal(&until.cursor),
        tie_breaker.sql()
    ))?;
    match answer.value() {
        Some(_) => Err(null_tie(relation, units)),
        None => Ok(()),
    }
}

fn null_tie(relation: &Relation, units: &CursorUnits) -> Error {
    let name = units.tie_breaker.as_ref().map_or("", |column| column.name.as_str());
    Error::new(
        Category::Data,
        "null_tie_breaker",
        format!(
            "{}.{} has rows without a value in the tie_breaker_field '{}'",
            relation.namespace, relation.name, name
        ),
    )
    .hint("name a column that is NOT NULL, such as the primary key, or leave the tie_breaker_field away")
}

/// The rows at the end, by their hashes.
#[inline(never)]
fn seen_at<T: Transport>(
    connection: &mut Connection<T>,
    relation: &Relation,
    condition: &str,
    columns: &[PlannedColumn],
    key: &Key,
) -> Result<Seen> {
    let answer = connection.query(&format!(
        "SELECT h, pg_catalog.count(*) FROM (SELECT {} AS h FROM {} WHERE {}) AS r GROUP BY h LIMIT {}",
        row_hash(columns),
        quote_qualified(&relation.namespace, &relation.name),
        condition,
        MOST_SEEN + 1
    ))?;
    if answer.rows.len() > MOST_SEEN {
        let tie_breaker = match (&key.tie_breaker, relation.primary_key.as_slice()) {
            (Some(_), _) => "name a tie_breaker_field that tells them apart".to_owned(),
            (None, [single]) => format!(
                "set the stream's tie_breaker_field, for example to '{}', the primary key",
                single
            ),
            (None, _) => "set the stream's tie_breaker_field to a column that tells them apart".to_owned(),
        };
        return Err(Error::new(
            Category::Data,
            "too_many_equal_cursors",
            format!(
                "more than {} different rows of {}.{} have the greatest value of the cursor '{}', and others may join them later",
                MOST_SEEN, relation.namespace, relation.name, key.cursor.name
            ),
        )
        .hint(tie_breaker));
    }
    let mut seen = Seen {
        columns: columns.iter().map(|column| column.name.clone()).collect(),
        ..Seen::default()
    };
    for row in &answer.rows {
        seen.rows.insert(row.text(0).to_owned(), row.number(1)?);
    }
    Ok(seen)
}

/// Rows and bytes between the marks, by the server's estimate, which also tells whether the user may run the query at all.
#[inline(never)]
fn estimate<T: Transport>(
    connection: &mut Connection<T>,
    relation: &Relation,
    columns: &[PlannedColumn],
    units: &CursorUnits,
) -> Result<(i64, i64)> {
    let list: Vec<String> = columns
        .iter()
        .map(|column| column.column_type.expression(&column.name))
        .collect();
    let answer = connection.query(&format!(
        "EXPLAIN (FORMAT JSON) SELECT {} FROM {} WHERE {}",
        list.join(", "),
        quote_qualified(&relation.namespace, &relation.name),
        units.between()
    ))?;
    if units.until.is_none() {
        return Ok((0, 0));
    }
    Ok(match answer.value().and_then(planned) {
        Some((rows, width)) => (rows, rows.saturating_mul(width)),
        None => (-1, -1),
    })
}

/// Parts of what lies between the marks, about as many as its bytes are worth. Bounds divide the values evenly, not the rows: what is skewed
/// is for the host to split further.
#[inline(never)]
fn division<T: Transport>(
    connection: &mut Connection<T>,
    relation: &Relation,
    key: &Key,
    units: &CursorUnits,
    estimated_bytes: i64,
) -> Result<Division> {
    let most = if key.is_indexed {
        MOST_UNITS
    } else {
        MOST_UNITS_WITHOUT_INDEX
    };
    let count = (estimated_bytes / UNIT_BYTES).clamp(1, most);
    let point = match (key.cursor.point_between(), &units.until) {
        (None, _) => return Ok(Division::Hashes(count as u64)),
        (Some(point), Some(_)) if count > 1 => point,
        _ => return Ok(Division::Bounds(Vec::new())),
    };
    let table = quote_qualified(&relation.namespace, &relation.name);
    let least = match &units.after {
        Some(after) => key.cursor.literal(&after.cursor),
        None => format!(
            "(SELECT {0} FROM {1} WHERE {2} ORDER BY {0} LIMIT 1)",
            key.cursor.sql(),
            table,
            units.finite
        ),
    };
    let greatest = units
        .until
        .as_ref()
        .map_or_else(String::new, |until| key.cursor.literal(&until.cursor));
    let answer = connection.query(&format!(
        "SELECT DISTINCT point FROM (SELECT lo, hi, {point}::pg_catalog.{name} AS point FROM \
         (SELECT {least} AS lo, {greatest} AS hi, {count} AS n) AS ends, pg_catalog.generate_series(1, {count} - 1) AS i) AS points \
         WHERE point > lo AND point < hi ORDER BY point",
        point = point,
        name = key.cursor.key_type.name(),
        least = least,
        greatest = greatest,
        count = count,
    ))?;
    Ok(Division::Bounds(
        answer.rows.iter().map(|row| row.text(0).to_owned()).collect(),
    ))
}

/// The tables that the rows are in, those below a view or a partitioned table included, with what identifies the files of their rows in the
/// state that is read. Who writes a table anew, or truncates it, does not leave the rows to those who read an older state: they would
/// be taken as read.
#[inline(never)]
fn storage<T: Transport>(connection: &mut Connection<T>, relation: &Relation) -> Result<Vec<(u32, String)>> {
    let answer = connection.query_catalogue(&format!(
        "WITH RECURSIVE tree (oid) AS ( \
           SELECT {}::pg_catalog.oid UNION \
           SELECT below.oid FROM tree CROSS JOIN LATERAL ( \
             SELECT i.inhrelid AS oid FROM pg_catalog.pg_inherits i WHERE i.inhparent = tree.oid UNION ALL \
             SELECT d.refobjid FROM pg_catalog.pg_class v JOIN pg_catalog.pg_rewrite w ON w.ev_class = v.oid JOIN pg_catalog.pg_depend d \
               ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid \
               AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
             WHERE v.oid = tree.oid AND v.relkind = 'v') AS below) \
         SELECT c.oid, c.relfilenode FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid \
         WHERE c.relkind IN ('r', 'm') AND c.relfilenode <> 0 ORDER BY c.oid LIMIT {}",
        relation.oid, MOST_TABLES
    ))?;
    answer
        .rows
        .iter()
        .map(|row| Ok((row.number(0)?, row.text(1).to_owned())))
        .collect()
}
