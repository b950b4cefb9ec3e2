// SPDX-License-Identifier: Apache-2.0

//! `plan`: how a stream is cut into units, and what its batches look like.

use rapidbyte_sdk::postgres::{Connection, Transport};
use rapidbyte_sdk::{Error, PlanRequest, PlanResponse, Result};
use serde_json::Value;

use crate::catalog::Relation;
use crate::read_plan::{PlannedColumn, ReadPlan, Units};
use crate::resolve;
use crate::session::Session;

/// The bytes of a table, those out of line included, that are one unit: the smallest that costs no more than reading
/// the table at once.
const UNIT_BYTES: i64 = 1 << 20;

/// The first server that reads a range of blocks without looking at the others.
const FIRST_SERVER_WITH_RANGES: u32 = 14;

/// An empty table is planned by the server as if it had this many blocks.
const LEAST_BLOCKS_OF_THE_SERVERS_PLANNER: i64 = 10;

/// Plans a stream.
pub fn plan(session: &mut Session, request: PlanRequest) -> Result<PlanResponse> {
    let schema = session.config().schema.clone();
    let connection = session.supported_connection()?;
    let name = request.stream.name.clone();
    plan_stream(connection, request, &schema).map_err(|error| error.context(format_args!("stream '{}'", name)))
}

fn plan_stream<T: Transport>(
    connection: &mut Connection<T>,
    request: PlanRequest,
    schema: &str,
) -> Result<PlanResponse> {
    let mut stream = request.stream;
    let relation = resolve::resolve(connection, &stream, schema)?;
    let columns = resolve::columns(&relation, &stream)?;
    let plan = ReadPlan {
        namespace: relation.namespace.clone(),
        table: relation.name.clone(),
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
        units: units(&relation, connection.server_major_version()),
    };
    let (estimated_rows, estimated_bytes) = estimate(connection, &relation, &plan)?;
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
    })
}

fn units(relation: &Relation, server_version: u32) -> Units {
    let by_blocks = relation.has_blocks() && relation.is_heap && !relation.has_children && relation.block_size > 0;
    if !by_blocks || server_version < FIRST_SERVER_WITH_RANGES {
        return Units::Whole;
    }
    // A block of rows with values out of line stands for many times its own bytes.
    let bytes_of_a_block = match relation.blocks() {
        0 => relation.block_size,
        blocks => relation.block_size.saturating_add(relation.toast_bytes.max(0) / blocks),
    };
    let blocks = (UNIT_BYTES / bytes_of_a_block).max(1);
    let count = (relation.blocks() + blocks - 1) / blocks;
    Units::HeapBlocks {
        count: count.max(1) as u64,
        blocks: blocks as u64,
    }
}

/// Rows and bytes of the whole stream. The server's own estimate also tells whether the user may run the query at all.
fn estimate<T: Transport>(connection: &mut Connection<T>, relation: &Relation, plan: &ReadPlan) -> Result<(i64, i64)> {
    let whole = ReadPlan {
        units: Units::Whole,
        ..plan.clone()
    };
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
fn planned(json: &str) -> Option<(i64, i64)> {
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
            readable: true,
            columns: Vec::new(),
            primary_key: Vec::new(),
        }
    }

    #[test]
    fn a_heap_is_cut_into_units_of_a_mebibyte() {
        let count = |bytes| units(&table(bytes), 15);
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
        assert_eq!(units(&wide, 15), Units::HeapBlocks { count: 3, blocks: 32 });
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
    fn what_has_no_positions_of_its_own_is_one_unit() {
        assert_eq!(units(&table(1 << 30), 13), Units::Whole);
        assert_eq!(
            units(
                &Relation {
                    has_children: true,
                    ..table(1 << 30)
                },
                15
            ),
            Units::Whole
        );
        assert_eq!(
            units(
                &Relation {
                    is_heap: false,
                    ..table(1 << 30)
                },
                15
            ),
            Units::Whole
        );
        assert_eq!(
            units(
                &Relation {
                    kind: RelationKind::View,
                    ..table(0)
                },
                15
            ),
            Units::Whole
        );
        assert_eq!(
            units(
                &Relation {
                    kind: RelationKind::PartitionedTable,
                    ..table(0)
                },
                15
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
