// SPDX-License-Identifier: Apache-2.0

//! `plan`: how a stream is cut into units, and what its batches look like.

use rapidbyte_sdk::postgres::{quote_identifier, quote_qualified, Connection, Transport};
use rapidbyte_sdk::{Error, PlanRequest, PlanResponse, Result, Stream, SyncMode};
use serde_json::Value;

use crate::catalog::{self, Part, Relation};
use crate::column_type::ColumnType;
use crate::incremental;
use crate::read_plan::{PlannedColumn, PlannedPart, ReadPlan, Units};
use crate::resolve;
use crate::row_width;
use crate::session::Session;
use crate::slices::Slices;

/// The bytes of a table, those out of line included, that are one unit: the smallest that costs no more than reading
/// the table at once.
const UNIT_BYTES: i64 = 1 << 20;

/// The first server that reads a range of blocks without looking at the others.
const FIRST_SERVER_WITH_RANGES: u32 = 14;

/// The bytes out of line that the rows of a block have when it is more than one unit, and what each of them is to have.
const BYTES_OF_A_BLOCK_TO_SLICE: i64 = 8 << 20;
const SLICE_BYTES: i64 = 4 << 20;

/// An empty table is planned by the server as if it had this many blocks.
const LEAST_BLOCKS_OF_THE_SERVERS_PLANNER: i64 = 10;

/// The bytes of a range of keys that is worth a query of its own.
const UNIT_BYTES_OF_KEYS: i64 = 4 << 20;

const MOST_UNITS_OF_KEYS: i64 = 64;

/// With more of them the plan would not fit what a host takes.
const MOST_PARTS: usize = 2048;

/// Plans a stream.
pub fn plan(session: &mut Session, request: PlanRequest) -> Result<PlanResponse> {
    let schema = session.config().schema.clone();
    let connection = session.supported_connection()?;
    let name = request.stream.name.clone();
    let planned = match request.stream.sync_mode {
        SyncMode::Incremental => incremental::plan(session, request),
        _ => plan_stream(connection, request, &schema),
    };
    planned.map_err(|error| error.context(format_args!("stream '{}'", name)))
}

fn plan_stream<T: Transport>(
    connection: &mut Connection<T>,
    request: PlanRequest,
    schema: &str,
) -> Result<PlanResponse> {
    let mut stream = request.stream;
    let relation = resolve::resolve(connection, &stream, schema)?;
    let columns = resolve::columns(&relation, &stream)?;
    let mut plan = ReadPlan {
        namespace: relation.namespace.clone(),
        table: relation.name.clone(),
        types: catalog::definitions(&columns)?,
        columns: columns
            .into_iter()
            .map(|column| PlannedColumn {
                name: column.name,
                column_type: column.column_type,
                native_type: column.native_type,
                nullable: column.nullable,
            })
            .collect(),
        primary_key: relation.primary_key.clone(),
        units: Units::Whole,
        storage: relation.storage.clone(),
        max_records: stream.max_records,
    };
    let (mut estimated_rows, mut estimated_bytes) = estimate(connection, &relation, &plan)?;
    let width = row_width::sample(connection, &relation, &plan)?;
    if let Some(width) = &width {
        estimated_bytes = estimated_bytes.max(estimated_rows.max(0).saturating_mul(width.bytes));
    }
    plan.units = match &stream.partition_key {
        // The server ends a query when it has found so many rows, and knows of one query only.
        _ if stream.max_records.is_some() => Units::Whole,
        Some(key) => {
            let mode = PartitionMode::of(&stream)?;
            units_of_key(connection, &relation, key, mode, estimated_bytes)?
        }
        None => units_of(connection, &relation, width.map_or(0, |width| width.bytes_of_a_block))?,
    };
    if let (Some(most), true) = (stream.max_records, estimated_rows > 0) {
        let most = i64::try_from(most).unwrap_or(i64::MAX).min(estimated_rows);
        estimated_bytes = (estimated_bytes as f64 / estimated_rows as f64 * most as f64) as i64;
        estimated_rows = most;
    }
    stream.namespace = Some(plan.namespace.clone());
    stream.table = Some(plan.table.clone());
    Ok(PlanResponse {
        schema: plan.schema(&stream.name)?,
        stream,
        units: plan.units.count(),
        unit_kind: plan.units.kind().to_owned(),
        estimated_rows,
        estimated_bytes,
        plan: serde_json::to_value(&plan).map_err(|cause| Error::internal(cause.to_string()))?,
        position: None,
    })
}

#[inline(never)]
fn units_of<T: Transport>(connection: &mut Connection<T>, relation: &Relation, bytes_of_a_block: i64) -> Result<Units> {
    let version = connection.server_major_version();
    if !relation.has_children {
        return Ok(units(relation, version, bytes_of_a_block));
    }
    Ok(match catalog::parts(connection, relation)? {
        Some(parts) if !parts.is_empty() && parts.len() <= MOST_PARTS => {
            units_of_parts(&parts, relation.block_size, version)
        }
        _ => Units::Whole,
    })
}

/// `bytes_of_a_block`: what the rows of a block are at least, values out of line included.
fn units(relation: &Relation, server_version: u32, bytes_of_a_block: i64) -> Units {
    if !relation.has_blocks() || !relation.is_heap || relation.has_children || server_version < FIRST_SERVER_WITH_RANGES
    {
        return Units::Whole;
    }
    let heap = Heap::of(
        relation.main_bytes,
        relation.toast_bytes,
        relation.block_size,
        bytes_of_a_block,
    );
    match heap.slices() {
        Some(slices) => Units::HeapSlices {
            blocks: heap.blocks(),
            slices,
        },
        None => {
            let (count, blocks) = heap.ranges();
            Units::HeapBlocks { count, blocks }
        }
    }
}

fn units_of_parts(parts: &[Part], block_size: i64, server_version: u32) -> Units {
    let planned = parts.iter().map(|part| {
        let heap = Heap::of(part.main_bytes, part.toast_bytes, block_size, 0);
        let has_ranges = part.is_heap && server_version >= FIRST_SERVER_WITH_RANGES;
        let slices = if has_ranges { heap.slices() } else { None };
        let (count, blocks) = match &slices {
            Some(slices) => (heap.blocks() * slices.count, 1),
            None if has_ranges => heap.ranges(),
            None => (1, 0),
        };
        PlannedPart {
            namespace: part.namespace.clone(),
            table: part.name.clone(),
            storage: part.storage.clone(),
            count,
            blocks,
            slices,
        }
    });
    Units::Parts(planned.collect())
}

/// How a stream with a partition key is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PartitionMode {
    /// By ranges where the type of the key has distances, else by remainders.
    Fitting,
    Range,
    Mod,
}

impl PartitionMode {
    /// The name of the option.
    const OPTION: &'static str = "partition_mode";

    fn of(stream: &Stream) -> Result<PartitionMode> {
        match stream.options.get(PartitionMode::OPTION).map(|mode| mode.as_str()) {
            None => Ok(PartitionMode::Fitting),
            Some(Some("range")) => Ok(PartitionMode::Range),
            Some(Some("mod")) => Ok(PartitionMode::Mod),
            Some(_) => Err(Error::config(
                "invalid_config",
                "the option 'partition_mode' of a stream is 'range' or 'mod'",
            )),
        }
    }
}

/// Ranges of the key where its type has distances, else remainders of its hash.
///
/// Bounds divide the values evenly, not the rows: which is what a table of skewed keys needs dynamic splits for. Every unit of what has no index
/// on the key reads all of it, and so there are far fewer of them than of a heap.
#[inline(never)]
fn units_of_key<T: Transport>(
    connection: &mut Connection<T>,
    relation: &Relation,
    key: &str,
    mode: PartitionMode,
    estimated_bytes: i64,
) -> Result<Units> {
    let column = resolve::column(relation, key)?;
    let count = (estimated_bytes / UNIT_BYTES_OF_KEYS).clamp(1, MOST_UNITS_OF_KEYS);
    let hashes = || Units::KeyHashes {
        column: key.to_owned(),
        count: count as u64,
    };
    let name = quote_identifier(key);
    let bound = match column.column_type {
        _ if count == 1 => return Ok(Units::Whole),
        _ if mode == PartitionMode::Mod => return Ok(hashes()),
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => {
            "(lo::pg_catalog.numeric + pg_catalog.floor((hi::pg_catalog.numeric - lo::pg_catalog.numeric) \
             * i::pg_catalog.numeric / n::pg_catalog.numeric))"
        }
        ColumnType::Decimal { .. } | ColumnType::NumericText => {
            "(lo + (hi - lo) * i::pg_catalog.numeric / n::pg_catalog.numeric)"
        }
        ColumnType::Date => "(lo + ((hi - lo)::pg_catalog.int8 * i / n)::pg_catalog.int4)",
        ColumnType::Timestamp | ColumnType::Timestamptz => {
            "(lo + (hi - lo) * (i::pg_catalog.float8 / n::pg_catalog.float8))"
        }
        _ if mode == PartitionMode::Range => {
            return Err(Error::config(
                "no_ranges",
                format!(
                    "column '{}' is of type {}, whose values have no distances by which they could be cut into ranges",
                    key, column.native_type
                ),
            )
            .hint("partition by a number, a date or a time, or let the mode be 'mod'"))
        }
        _ => return Ok(hashes()),
    };
    // Values that are infinitely far away would put all bounds there, too.
    let finite = match column.column_type {
        ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz => {
            format!(" WHERE pg_catalog.isfinite({})", name)
        }
        ColumnType::Decimal { .. } | ColumnType::NumericText => {
            format!(
                " WHERE {0} NOT IN ('NaN') AND {0}::pg_catalog.text NOT LIKE '%Infinity'",
                name
            )
        }
        _ => String::new(),
    };
    let answer = connection.query(&format!(
        "SELECT DISTINCT {bound} AS bound FROM (SELECT pg_catalog.min({name}) AS lo, pg_catalog.max({name}) AS hi, {count} AS n FROM {table}{finite}) AS ends, \
         pg_catalog.generate_series(1, {count} - 1) AS i WHERE lo < hi ORDER BY 1",
        bound = bound,
        name = name,
        count = count,
        table = quote_qualified(&relation.namespace, &relation.name),
        finite = finite,
    ))?;
    Ok(Units::KeyRanges {
        column: key.to_owned(),
        bounds: answer.rows.iter().map(|row| row.text(0).to_owned()).collect(),
    })
}

/// With more units than that, what a few rows have in them says nothing of all the others: one query for each slice of each block would be the
/// dearest way to read a table of which one row is wide.
const MOST_UNITS_BY_SAMPLE: u64 = 65_536;

/// The size of a heap, as far as its units depend on it.
struct Heap {
    blocks: i64,
    block_size: i64,
    /// Values out of line included: a block of rows with such values stands for many times its own bytes.
    bytes_of_a_block: i64,
    /// The same as the size of the whole has it, without the widest values that were seen.
    average: i64,
}

impl Heap {
    fn of(main_bytes: i64, toast_bytes: i64, block_size: i64, bytes_of_a_block: i64) -> Heap {
        let block_size = block_size.max(1);
        let blocks = (main_bytes + block_size - 1) / block_size;
        let average = match blocks {
            0 => block_size,
            blocks => block_size.saturating_add(toast_bytes.max(0) / blocks),
        };
        Heap {
            blocks,
            block_size,
            bytes_of_a_block: average.max(bytes_of_a_block),
            average,
        }
    }

    fn blocks(&self) -> u64 {
        self.blocks.max(1) as u64
    }

    /// How many units it is, and the blocks of each.
    fn ranges(&self) -> (u64, u64) {
        let ranges = |bytes_of_a_block: i64| {
            let blocks = (UNIT_BYTES / bytes_of_a_block).max(1);
            (((self.blocks + blocks - 1) / blocks).max(1) as u64, blocks as u64)
        };
        match ranges(self.bytes_of_a_block) {
            (count, _) if count > MOST_UNITS_BY_SAMPLE => ranges(self.average),
            by_sample => by_sample,
        }
    }

    /// When a block is more than one unit.
    fn slices(&self) -> Option<Slices> {
        if self.bytes_of_a_block - self.block_size <= BYTES_OF_A_BLOCK_TO_SLICE {
            return None;
        }
        let slices = Slices::of_block(self.block_size, (self.bytes_of_a_block / SLICE_BYTES).max(1));
        Some(slices).filter(|slices| self.blocks().saturating_mul(slices.count) <= MOST_UNITS_BY_SAMPLE)
    }
}

/// Rows and bytes of the whole stream. The server's own estimate also tells whether the user may run the query at all.
#[inline(never)]
fn estimate<T: Transport>(connection: &mut Connection<T>, relation: &Relation, whole: &ReadPlan) -> Result<(i64, i64)> {
    let answer = connection.query(&format!("EXPLAIN (FORMAT JSON) {}", whole.query(0)))?;
    let (planned_rows, width) = match answer.value().and_then(planned) {
        Some(planned) => planned,
        None => {
            return Ok((
                relation.estimated_rows().unwrap_or(-1),
                relation.main_bytes + relation.toast_bytes,
            ))
        }
    };
    if !relation.has_blocks() || relation.has_children {
        return Ok((planned_rows, planned_rows.saturating_mul(width)));
    }
    let blocks = relation.blocks();
    let rows = relation.estimated_rows().unwrap_or_else(|| {
        if blocks < LEAST_BLOCKS_OF_THE_SERVERS_PLANNER {
            planned_rows * blocks / LEAST_BLOCKS_OF_THE_SERVERS_PLANNER
        } else {
            planned_rows
        }
    });
    Ok((rows, relation.main_bytes + relation.toast_bytes))
}

/// Rows, and the bytes of one, from the server's plan of a query.
pub(crate) fn planned(json: &str) -> Option<(i64, i64)> {
    let plan: Value = serde_json::from_str(json).ok()?;
    let root = plan.get(0)?.get("Plan")?;
    Some((
        root.get("Plan Rows")?.as_f64()? as i64,
        root.get("Plan Width")?.as_i64()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapidbyte_sdk::RelationKind;

    fn table(main_bytes: i64) -> Relation {
        Relation {
            oid: 1,
            namespace: "public".into(),
            name: "t".into(),
            kind: RelationKind::Table,
            is_heap: true,
            has_children: false,
            statistics_rows: -1.0,
            statistics_blocks: 0,
            main_bytes,
            toast_bytes: 0,
            block_size: 8192,
            storage: "1".into(),
            row_security: false,
            readable: true,
            columns: Vec::new(),
            primary_key: Vec::new(),
        }
    }

    #[test]
    fn a_heap_is_cut_into_units_of_a_mebibyte() {
        let count = |bytes| units(&table(bytes), 15, 0);
        assert_eq!(count(0), Units::HeapBlocks { count: 1, blocks: 128 });
        assert_eq!(count(8192), Units::HeapBlocks { count: 1, blocks: 128 });
        assert_eq!(count(1 << 20), Units::HeapBlocks { count: 1, blocks: 128 });
        assert_eq!(count((1 << 20) + 8192), Units::HeapBlocks { count: 2, blocks: 128 });
        assert_eq!(
            count(1 << 40),
            Units::HeapBlocks {
                count: 1 << 20,
                blocks: 128
            }
        );
        let wide = Relation {
            block_size: 32768,
            ..table(3 << 20)
        };
        assert_eq!(units(&wide, 15, 0), Units::HeapBlocks { count: 3, blocks: 32 });
    }

    #[test]
    fn values_out_of_line_count_into_a_unit() {
        let toasted = |main_bytes, toast_bytes| {
            units(
                &Relation {
                    toast_bytes,
                    ..table(main_bytes)
                },
                15,
                0,
            )
        };
        assert_eq!(toasted(80 * 8192, 0), Units::HeapBlocks { count: 1, blocks: 128 });
        assert_eq!(
            toasted(80 * 8192, 80 * 8192),
            Units::HeapBlocks { count: 2, blocks: 64 }
        );
        assert_eq!(
            toasted(80 * 8192, 640 << 20),
            Units::HeapBlocks { count: 80, blocks: 1 }
        );
        assert_eq!(toasted(0, 8192), Units::HeapBlocks { count: 1, blocks: 128 });
    }

    #[test]
    fn a_block_of_many_bytes_is_several_units() {
        let sliced = |toast_bytes, sampled| {
            units(
                &Relation {
                    toast_bytes,
                    ..table(3 * 8192)
                },
                15,
                sampled,
            )
        };
        let slices = Units::HeapSlices {
            blocks: 3,
            slices: Slices { rows: 145, count: 3 },
        };
        assert_eq!(sliced(3 * (10 << 20), 0), slices);
        assert_eq!(sliced(1 << 20, 10 << 20), slices);
        assert_eq!(slices.count(), 9);
        let widest = Units::HeapSlices {
            blocks: 3,
            slices: Slices { rows: 1, count: 291 },
        };
        assert_eq!(sliced(3 * (7 << 30), 0), widest);
    }

    #[test]
    fn what_has_no_positions_of_its_own_is_one_unit() {
        assert_eq!(units(&table(1 << 30), 13, 0), Units::Whole);
        assert_eq!(
            units(
                &Relation {
                    has_children: true,
                    ..table(1 << 30)
                },
                15,
                0
            ),
            Units::Whole
        );
        assert_eq!(
            units(
                &Relation {
                    is_heap: false,
                    ..table(1 << 30)
                },
                15,
                0
            ),
            Units::Whole
        );
        assert_eq!(
            units(
                &Relation {
                    kind: RelationKind::View,
                    ..table(0)
                },
                15,
                0
            ),
            Units::Whole
        );
        assert_eq!(
            units(
                &Relation {
                    kind: RelationKind::PartitionedTable,
                    ..table(0)
                },
                15,
                0
            ),
            Units::Whole
        );
    }

    #[test]
    fn rows_are_estimated_from_the_blocks_there_are() {
        assert_eq!(table(0).estimated_rows(), Some(0));
        assert_eq!(table(81920).estimated_rows(), None);
        let grown = Relation {
            statistics_rows: 1000.0,
            statistics_blocks: 10,
            ..table(163_840)
        };
        assert_eq!(grown.estimated_rows(), Some(2000));
    }

    #[test]
    fn the_servers_plan_is_read() {
        assert_eq!(
            planned(r#"[{"Plan": {"Plan Rows": 12, "Plan Width": 36}}]"#),
            Some((12, 36))
        );
        assert_eq!(planned("[]"), None);
    }
}
