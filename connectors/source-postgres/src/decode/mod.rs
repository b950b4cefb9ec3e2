// SPDX-License-Identifier: Apache-2.0

//! From the binary COPY format to Arrow columns, in two passes over a block of rows.
//!
//! The first pass ([`tuples`]) walks the rows and writes down where each value lies. The second goes column by column,
//! with one small function for each type, whose loop meets values of that type only. That way no function is
//! so large that the host's virtual machine would not compile it, and each loop stays simple enough for it to do that well.

mod cell;
mod column;
mod fixed;
mod nested;
mod numeric;
mod numeric_decimal;
mod room;
mod temporal;
mod text_form;
mod tuples;
mod variable;
mod wire;

pub use cell::Index;
pub use column::{ColumnDecoder, Decoded, Form};
#[cfg(test)]
pub use temporal::{write_day, write_time, write_timestamp};
pub use text_form::write_value;
pub use tuples::Tuples;
