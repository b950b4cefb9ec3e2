// SPDX-License-Identifier: Apache-2.0

/// Which rows of a column hold a value: a bitmap that comes into being with the first null.
///
/// A column without nulls, the usual one, only counts its rows.
#[derive(Clone, Debug, Default)]
pub struct Validity {
    /// One bit a row, 1 for a value; empty as long as there is no null.
    bits: Vec<u8>,
    rows: usize,
    nulls: usize,
}

impl Validity {
    /// Adds a row that holds a value.
    #[inline]
    pub fn push_value(&mut self) {
        if self.nulls != 0 {
            self.push_bit(1);
        }
        self.rows += 1;
    }

    /// Adds rows that hold values.
    #[inline]
    pub fn push_values(&mut self, rows: usize) {
        if self.nulls != 0 {
            self.set_range(rows);
        }
        self.rows += rows;
    }

    /// Adds a row without a value.
    #[inline]
    pub fn push_null(&mut self) {
        if self.nulls == 0 {
            self.bits_for_rows_so_far();
        }
        self.push_bit(0);
        self.rows += 1;
        self.nulls += 1;
    }

    #[inline]
    fn push_bit(&mut self, bit: u8) {
        let shift = self.rows & 7;
        if shift == 0 {
            self.bits.push(bit);
        } else if let Some(last) = self.bits.last_mut() {
            *last |= bit << shift;
        }
    }

    /// Writes the bitmap of rows that all hold values, whole bytes at a time.
    #[cold]
    #[inline(never)]
    fn bits_for_rows_so_far(&mut self) {
        self.bits.clear();
        self.bits.resize(self.rows / 8, 0xFF);
        if self.rows & 7 != 0 {
            self.bits.push((1 << (self.rows & 7)) - 1);
        }
    }

    /// Sets the bits of the `count` rows that follow.
    #[inline(never)]
    fn set_range(&mut self, count: usize) {
        let end = self.rows + count;
        if let (true, Some(last)) = (self.rows & 7 != 0, self.bits.last_mut()) {
            *last |= 0xFF << (self.rows & 7);
        }
        self.bits.resize((end + 7) / 8, 0xFF);
        if let (true, Some(last)) = (end & 7 != 0, self.bits.last_mut()) {
            *last &= (1 << (end & 7)) - 1;
        }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn null_count(&self) -> usize {
        self.nulls
    }

    /// The bitmap; empty when there is no null.
    pub fn bits(&self) -> &[u8] {
        match self.nulls {
            0 => &[],
            _ => &self.bits,
        }
    }

    /// Keeps the first `rows` rows.
    pub(super) fn truncate(&mut self, rows: usize) {
        while self.rows > rows {
            self.pop();
        }
    }

    /// Takes the last row back. There must be one.
    fn pop(&mut self) {
        self.rows -= 1;
        if self.nulls == 0 {
            return;
        }
        let shift = self.rows & 7;
        let last = self.rows / 8;
        if self.bits[last] & (1 << shift) == 0 {
            self.nulls -= 1;
        }
        self.bits[last] &= !(1 << shift);
        self.bits.truncate((self.rows + 7) / 8);
    }

    /// Forgets all rows and keeps the memory.
    pub fn reset(&mut self) {
        self.bits.clear();
        self.rows = 0;
        self.nulls = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_nulls_there_is_no_bitmap() {
        let mut validity = Validity::default();
        (0..20).for_each(|_| validity.push_value());
        validity.push_values(100);
        assert_eq!(
            (validity.rows(), validity.null_count(), validity.bits()),
            (120, 0, &[][..])
        );
    }

    proptest! {
        #[test]
        fn the_bitmap_says_what_was_pushed(runs in prop::collection::vec((any::<bool>(), 0usize..30), 0..20)) {
            let mut validity = Validity::default();
            let mut expected = Vec::new();
            for (valid, length) in runs {
                if valid && length > 3 {
                    validity.push_values(length);
                } else {
                    (0..length).for_each(|_| if valid { validity.push_value() } else { validity.push_null() });
                }
                expected.resize(expected.len() + length, valid);
            }
            let nulls = expected.iter().filter(|valid| !**valid).count();
            prop_assert_eq!(validity.rows(), expected.len());
            prop_assert_eq!(validity.null_count(), nulls);
            if nulls > 0 {
                prop_assert_eq!(validity.bits().len(), (expected.len() + 7) / 8);
                for (row, valid) in expected.iter().enumerate() {
                    prop_assert_eq!(validity.bits()[row / 8] >> (row % 8) & 1 == 1, *valid, "row {}", row);
                }
                let unused = expected.len() % 8;
                prop_assert!(unused == 0 || validity.bits()[expected.len() / 8] >> unused == 0, "bits behind the end");
            }
        }

        #[test]
        fn taking_a_row_back_leaves_what_was_there_before(rows in prop::collection::vec(any::<bool>(), 0..40), last in any::<bool>()) {
            let push = |validity: &mut Validity, valid: bool| if valid { validity.push_value() } else { validity.push_null() };
            let mut validity = Validity::default();
            rows.iter().for_each(|valid| push(&mut validity, *valid));
            let before = (validity.rows(), validity.null_count(), validity.bits().to_vec());
            push(&mut validity, last);
            validity.pop();
            prop_assert_eq!((validity.rows(), validity.null_count(), validity.bits().to_vec()), before);
        }
    }
}
