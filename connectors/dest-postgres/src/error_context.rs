// SPDX-License-Identifier: Apache-2.0

//! Error records that name the stream and the column they are about.

use rapidbyte_sdk::Error;
use std::fmt::Display;

/// A column that cannot be written as it is.
pub fn column_error(stream: &str, column: &str, problem: impl Display) -> Error {
    Error::schema(
        "column_mismatch",
        format!("stream '{}': column '{}' {}", stream, column, problem),
    )
    .detail("column", column)
}
