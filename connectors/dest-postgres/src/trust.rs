// SPDX-License-Identifier: Apache-2.0

//! Whether a table that is there already may be written because of its name alone. In a schema where many may create tables, a stranger can make one
//! first: its triggers, rules, defaults and constraints would run as whoever writes.

use crate::session::Session;
use rapidbyte_sdk::postgres::{quote_identifier, quote_literal, quote_qualified};
use rapidbyte_sdk::{Category, Error, Result};

/// In SQL: whether the owner of a relation `c` in a schema `n` is the user, a role that the user is a member of, a superuser, or one who owns
/// the schema. A superuser is no member of a role for being one.
pub const IS_TRUSTED: &str = "EXISTS (SELECT FROM pg_catalog.pg_roles owner, pg_catalog.pg_roles me \
     WHERE owner.oid = c.relowner AND me.rolname = CURRENT_USER AND (owner.rolsuper \
       OR pg_catalog.pg_has_role(c.relowner, n.nspowner, 'MEMBER') \
       OR NOT me.rolsuper AND pg_catalog.pg_has_role(c.relowner, 'MEMBER')))";

/// In SQL: whether the user has made a relation `c`, or a role that it acts for.
pub const IS_OWN: &str = "EXISTS (SELECT FROM pg_catalog.pg_roles owner, pg_catalog.pg_roles me \
     WHERE owner.oid = c.relowner AND me.rolname = CURRENT_USER AND (owner.oid = me.oid OR owner.rolsuper AND me.rolsuper \
       OR NOT me.rolsuper AND pg_catalog.pg_has_role(c.relowner, 'USAGE')))";

/// Fails when a table belongs to a stranger; not when there is none. `what` it is, for messages.
#[inline(never)]
pub fn check(session: &mut Session, schema: &str, table: &str, what: &str) -> Result<()> {
    let found = session.query_catalogue(&format!(
        "SELECT {}, pg_catalog.pg_get_userbyid(c.relowner), pg_catalog.pg_get_userbyid(n.nspowner) FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {} AND c.relname = {}",
        IS_TRUSTED,
        quote_literal(schema),
        quote_literal(table)
    ))?;
    match found.rows.first() {
        Some(row) if !row.flag(0) => Err(stranger(schema, table, what, row.text(1), row.text(2))),
        _ => Ok(()),
    }
}

/// The error for a table that belongs to a stranger.
#[inline(never)]
pub fn stranger(schema: &str, table: &str, what: &str, owner: &str, owner_of_schema: &str) -> Error {
    let quoted = quote_qualified(schema, table);
    Error::new(
        Category::Permission,
        "table_of_a_stranger",
        format!(
            "{} {} belongs to {}, of which the user is no member, and which does not own the schema: what it does could run as the user",
            what,
            quoted,
            quote_identifier(owner)
        ),
    )
    .hint(format!(
        "ALTER TABLE {} OWNER TO {} or to a role that all who write are members of; or DROP it when it is not known who made it",
        quoted,
        quote_identifier(owner_of_schema)
    ))
}
