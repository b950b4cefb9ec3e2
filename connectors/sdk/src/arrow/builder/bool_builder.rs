// SPDX-License-Identifier: Apache-2.0

use super::Validity;

/// Fills a column of `bool`.
#[derive(Clone, Debug, Default)]
pub struct BoolBuilder {
    bits: Vec<u8>,
    validity: Validity,
}

impl BoolBuilder {
    #[inline]
    pub fn push(&mut self, value: bool) {
        self.push_bit(value);
        self.validity.push_value();
    }

    #[inline]
    pub fn push_null(&mut self) {
        self.push_bit(false);
        self.validity.push_null();
    }

    #[inline]
    fn push_bit(&mut self, value: bool) {
        let shift = self.validity.rows() & 7;
        if shift == 0 {
            self.bits.push(u8::from(value));
        } else if let Some(last) = self.bits.last_mut() {
            *last |= u8::from(value) << shift;
        }
    }

    pub fn validity(&self) -> &Validity {
        &self.validity
    }

    /// One bit a row.
    pub fn bits(&self) -> &[u8] {
        &self.bits
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        self.validity.truncate(rows);
        self.bits.truncate((rows + 7) / 8);
        if let (true, Some(last)) = (rows & 7 != 0, self.bits.last_mut()) {
            *last &= (1 << (rows & 7)) - 1;
        }
    }

    /// Forgets all rows and keeps the memory.
    pub fn reset(&mut self) {
        self.bits.clear();
        self.validity.reset();
    }
}
