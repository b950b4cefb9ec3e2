// SPDX-License-Identifier: Apache-2.0

//! How wide rows are whose values are stored out of line, where a table's size tells little: values are stored compressed and sent as they were.

use rapidbyte_sdk::postgres::{quote_identifier, quote_qualified, Connection, Transport};
use rapidbyte_sdk::Result;

use crate::catalog::Relation;
use crate::column_type::ColumnType;
use crate::read_plan::ReadPlan;

/// With less of them out of line, rows are not worth a query.
const LEAST_TOAST_BYTES: i64 = 1 << 20;

/// The first so many rows stand for all. The server looks at no value of theirs that is out of line.
const SAMPLED_ROWS: u32 = 1000;

/// What a sample of rows has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowWidth {
    /// Of a row, on average.
    pub bytes: i64,
    /// Of the widest block of rows.
    pub bytes_of_a_block: i64,
}

/// Looks at some rows of a table with values out of line; `None` for any other relation.
#[inline(never)]
pub fn sample<T: Transport>(
    connection: &mut Connection<T>,
    relation: &Relation,
    plan: &ReadPlan,
) -> Result<Option<RowWidth>> {
    if !relation.has_blocks() || relation.has_children || relation.toast_bytes < LEAST_TOAST_BYTES {
        return Ok(None);
    }
    let widths: Vec<String> = plan
        .columns
        .iter()
        .map(|column| {
            let name = quote_identifier(&column.name);
            // The length of a text and of bytes is known without reading them, and is the one before they were compressed.
            let length = match column.column_type {
                ColumnType::Bytea | ColumnType::Text if !is_padded(&column.native_type) => "octet_length",
                _ => "pg_column_size",
            };
            format!("COALESCE(pg_catalog.{}({}), 0)", length, name)
        })
        .collect();
    if widths.is_empty() {
        return Ok(None);
    }
    let answer = connection.query(&format!(
        "SELECT pg_catalog.sum(bytes) / pg_catalog.sum(rows), pg_catalog.max(bytes) FROM \
         (SELECT pg_catalog.sum(width) AS bytes, pg_catalog.count(*) AS rows FROM \
         (SELECT {}::pg_catalog.int8 AS width, pg_catalog.split_part(ctid::pg_catalog.text, ',', 1) AS block FROM ONLY {} LIMIT {}) AS sampled \
         GROUP BY block) AS blocks",
        widths.join("::pg_catalog.int8 + "),
        quote_qualified(&relation.namespace, &relation.name),
        SAMPLED_ROWS,
    ))?;
    let number = |column: usize| {
        let text = answer.rows.first().and_then(|row| row.get(column))?;
        text.split('.').next()?.parse().ok()
    };
    Ok(match (number(0), number(1)) {
        (Some(bytes), Some(bytes_of_a_block)) => Some(RowWidth {
            bytes,
            bytes_of_a_block,
        }),
        _ => None,
    })
}

/// Whether a type of text has another length function: `char(n)`, `name`, and domains, of which nothing else is known.
fn is_padded(native_type: &str) -> bool {
    !(native_type == "text" || native_type == "bytea" || native_type.starts_with("character varying"))
}
