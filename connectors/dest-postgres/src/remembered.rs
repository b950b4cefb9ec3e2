// SPDX-License-Identifier: Apache-2.0

//! What a run with `replace` remembers of its target until its rows take the target's place: the side table was made for the columns that the target had at the
//! beginning. It is kept as a comment on the side table, which every instance of the run finds.

use crate::names::Target;
use crate::session::Session;
use rapidbyte_sdk::postgres::quote_literal;
use rapidbyte_sdk::{Error, Result};

/// In the place of what the target was, when there was none.
const ABSENT: &str = "none";

/// Notes at the side table what the target is now. Both, here and in [`check_unchanged`], in a transaction that trusts nobody: defaults are
/// printed by the search path.
#[inline(never)]
pub fn remember(session: &mut Session, target: &Target) -> Result<()> {
    let shape = shape(session, target, &target.table)?;
    let comment = format!(
        "Rapidbyte puts these rows into {} when their run ends. Its columns when the run began: {}",
        target.display(),
        shape.as_deref().unwrap_or(ABSENT)
    );
    session
        .execute(&format!(
            "COMMENT ON TABLE {} IS {}",
            target.quoted_side(),
            quote_literal(&comment)
        ))
        .map(|_| ())
}

/// The statement that takes the note away.
pub fn forget(target: &Target) -> String {
    format!("COMMENT ON TABLE {} IS NULL", target.quoted_side())
}

/// Fails when the target's columns are not what they were when the side table was made. One that has come since may be like the side table.
#[inline(never)]
pub fn check_unchanged(session: &mut Session, target: &Target, side: u32) -> Result<()> {
    let comment = session.query_catalogue(&format!("SELECT pg_catalog.obj_description({}, 'pg_class')", side))?;
    let before = comment.value().and_then(|comment| comment.rsplit(": ").next());
    let now = shape(session, target, &target.table)?;
    let is_same = match (before, &now) {
        (Some(ABSENT), None) => true,
        (Some(ABSENT), now) => *now == shape(session, target, &target.side_table)?,
        (before, now) => before.is_some() && before == now.as_deref(),
    };
    match is_same {
        true => Ok(()),
        false => Err(target_changed(target)),
    }
}

/// The error for a target that is not what its new rows were made for.
pub fn target_changed(target: &Target) -> Error {
    Error::schema(
        "target_changed",
        format!(
            "stream '{}': its target {} has been made, dropped or altered since the run began, and was left as it is",
            target.stream,
            target.display()
        ),
    )
    .hint("start the run again")
}

/// A number that is another one when the table's columns are others, or take or make other values; nothing when there is no such table.
#[inline(never)]
fn shape(session: &mut Session, target: &Target, table: &str) -> Result<Option<String>> {
    let sql = format!(
        "SELECT pg_catalog.hashtextextended(pg_catalog.concat(c.relkind, c.relispartition, pg_catalog.array_agg(pg_catalog.format('%s %s %s %s %s %s %L %L', \
             a.atttypid, a.atttypmod, a.attcollation, a.attgenerated, a.attidentity, a.attnotnull, a.attname, \
             pg_catalog.pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum)), 0) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
         WHERE n.nspname = {} AND c.relname = {} GROUP BY c.oid, c.relkind, c.relispartition",
        quote_literal(&target.schema),
        quote_literal(table)
    );
    Ok(session.query_catalogue(&sql)?.value().map(Into::into))
}
