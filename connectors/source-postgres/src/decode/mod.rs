// SPDX-License-Identifier: Apache-2.0

//! From the binary COPY format to Arrow columns, in two passes over a block of rows.
//!
//! The first pass ([`tuples`]) walks the rows and writes down where each value lies. The second goes column by column,
//! with one small function for each type, whose loop meets values of that type only. That way no function is
//! so large that the host's virtual machine would not compile it, and each loop stays simple enough for it to do that well.

mod cell;
mod column;
mod fixed;
mod numeric;
mod numeric_decimal;
mod temporal;
mod tuples;
mod variable;

pub use cell::Index;
pub use column::{ColumnDecoder, Decoded, Form};
pub use numeric::Numeric;
pub use temporal::{write_day, write_time, write_timestamp};
pub use tuples::Tuples;
