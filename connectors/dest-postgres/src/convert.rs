// SPDX-License-Identifier: Apache-2.0

//! How a server makes values of a type from a column of text.

use crate::catalog::ExistingColumn;
use crate::drift::Unconvertible;
use crate::names::hash;
use rapidbyte_sdk::postgres::quote_literal;

/// A column of text as a value of a type, as if it had been read from outside.
pub fn converted(quoted_name: &str, cast: &str) -> String {
    match cast {
        // A cast would look for a relation of that name, but a value can also be a number, or `-` for none.
        "pg_catalog.regclass" => format!("pg_catalog.regclassin(pg_catalog.textout({}))", quoted_name),
        _ => format!("{}::{}", quoted_name, cast),
    }
}

/// The same, with null in the place of what is no value of the column's type, whose modifiers count.
pub fn converted_if_possible(quoted_name: &str, column: &ExistingColumn, unconvertible: Unconvertible) -> String {
    let value = converted(quoted_name, &column.cast);
    let test = match unconvertible {
        Unconvertible::Refused => return value,
        Unconvertible::Null => format!(
            "pg_catalog.pg_input_is_valid({}, {})",
            quoted_name,
            quote_literal(&column.type_text)
        ),
        Unconvertible::NullByFunction => format!("{}({})", function_name(column), quoted_name),
    };
    format!("CASE WHEN {} THEN {} END", test, value)
}

/// What makes the function that [`Unconvertible::NullByFunction`] calls. It is gone when the connection ends.
pub fn function(column: &ExistingColumn) -> String {
    // What input functions raise for a text that is no value: class 22, a domain's check, and a name of something that does not exist.
    let body = format!(
        "DECLARE v {}; BEGIN v := $1; RETURN true; \
         EXCEPTION WHEN data_exception OR integrity_constraint_violation OR undefined_object OR undefined_table \
         OR undefined_function OR invalid_name THEN RETURN false; END",
        column.type_text
    );
    format!(
        "CREATE OR REPLACE FUNCTION {}(pg_catalog.text) RETURNS pg_catalog.bool LANGUAGE plpgsql STABLE STRICT AS {}",
        function_name(column),
        quote_literal(&body)
    )
}

fn function_name(column: &ExistingColumn) -> String {
    format!("pg_temp._rapidbyte_{:016x}", hash(&["valid", &column.type_text]))
}
