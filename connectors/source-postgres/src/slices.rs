// SPDX-License-Identifier: Apache-2.0

//! Units smaller than a block of a heap.

use rapidbyte_sdk::postgres::quote_identifier;
use serde::{Deserialize, Serialize};

/// What a block of the server keeps for itself, and the least that a row takes in it, its place in the block's directory included.
const BLOCK_HEADER: i64 = 24;
const SMALLEST_ROW: i64 = 28;

/// A block cut by the places of its rows: slice `n` has the rows at places `n * rows + 1` up to `(n + 1) * rows`, the last slice all that
/// follow, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slices {
    /// Places of a slice.
    pub rows: u64,
    /// Slices of a block.
    pub count: u64,
}

impl Slices {
    /// A block of this size in about so many slices. A block has hundreds of places, and rows need not be at the first of them.
    pub fn of_block(block_size: i64, slices: i64) -> Slices {
        let places = ((block_size - BLOCK_HEADER) / SMALLEST_ROW).max(1) as u64;
        let slices = (slices.max(1) as u64).min(places);
        // Rounded down, a slice is rather too small than too large.
        let rows = (places / slices).max(1);
        let rows = if slices == 1 { places } else { rows };
        Slices {
            rows,
            count: (places + rows - 1) / rows,
        }
    }

    /// The condition for the rows of a unit of so many. The last one has all rows that follow, too: those that were added after the
    /// stream was planned.
    pub fn condition(&self, unit: u64, units: u64) -> String {
        let ctid = quote_identifier("ctid");
        let place = |unit: u64| format!("'({},{})'", unit / self.count, unit % self.count * self.rows + 1);
        // Place 0 is none: a block begins there.
        let from = if unit % self.count == 0 {
            format!("'({},0)'", unit / self.count)
        } else {
            place(unit)
        };
        if unit + 1 >= units {
            return format!("{} >= {}", ctid, from);
        }
        let to = if (unit + 1) % self.count == 0 {
            format!("'({},0)'", (unit + 1) / self.count)
        } else {
            place(unit + 1)
        };
        format!("{0} >= {1} AND {0} < {2}", ctid, from, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_a_block_is_in_one_slice() {
        for (wanted, rows, count) in [
            (1, 291, 1),
            (2, 145, 3),
            (3, 97, 3),
            (16, 18, 17),
            (291, 1, 291),
            (5000, 1, 291),
        ] {
            let slices = Slices::of_block(8192, wanted);
            assert_eq!(slices, Slices { rows, count }, "{} slices", wanted);
            assert!(rows * count >= 291);
        }
    }

    #[test]
    fn slices_follow_each_other_without_a_gap() {
        let slices = Slices { rows: 100, count: 3 };
        let conditions: Vec<String> = (0..6).map(|unit| slices.condition(unit, 6)).collect();
        assert_eq!(
            conditions,
            [
                "\"ctid\" >= '(0,0)' AND \"ctid\" < '(0,101)'",
                "\"ctid\" >= '(0,101)' AND \"ctid\" < '(0,201)'",
                "\"ctid\" >= '(0,201)' AND \"ctid\" < '(1,0)'",
                "\"ctid\" >= '(1,0)' AND \"ctid\" < '(1,101)'",
                "\"ctid\" >= '(1,101)' AND \"ctid\" < '(1,201)'",
                "\"ctid\" >= '(1,201)'",
            ]
        );
    }
}
