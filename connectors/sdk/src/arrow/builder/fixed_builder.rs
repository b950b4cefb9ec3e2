// SPDX-License-Identifier: Apache-2.0

use super::Validity;

/// Fills a column whose values all have the same number of bytes. Numbers are stored little-endian.
///
/// The caller pushes the type that has the column's width; a wrong one is found when the batch is finished.
#[derive(Clone, Debug)]
pub struct FixedBuilder {
    width: usize,
    bytes: Vec<u8>,
    validity: Validity,
}

impl FixedBuilder {
    /// `width`: bytes of each value.
    pub fn new(width: usize) -> FixedBuilder {
        FixedBuilder {
            width,
            bytes: Vec::new(),
            validity: Validity::default(),
        }
    }

    #[inline]
    pub fn push_i16(&mut self, value: i16) {
        self.push_array(value.to_le_bytes());
    }

    #[inline]
    pub fn push_i32(&mut self, value: i32) {
        self.push_array(value.to_le_bytes());
    }

    #[inline]
    pub fn push_i64(&mut self, value: i64) {
        self.push_array(value.to_le_bytes());
    }

    #[inline]
    pub fn push_f32(&mut self, value: f32) {
        self.push_array(value.to_le_bytes());
    }

    #[inline]
    pub fn push_f64(&mut self, value: f64) {
        self.push_array(value.to_le_bytes());
    }

    #[inline]
    pub fn push_i128(&mut self, value: i128) {
        self.push_array(value.to_le_bytes());
    }

    /// Adds a value given as its little-endian bytes: `[u8; 32]` for `decimal256`, `[u8; 16]` for a UUID.
    #[inline]
    pub fn push_array<const N: usize>(&mut self, value: [u8; N]) {
        debug_assert_eq!(N, self.width, "a value of another width than the column's");
        self.bytes.extend_from_slice(&value);
        self.validity.push_value();
    }

    /// Adds a value of any width, which must be the column's.
    #[inline]
    pub fn push_slice(&mut self, value: &[u8]) {
        debug_assert_eq!(value.len(), self.width, "a value of another width than the column's");
        self.bytes.extend_from_slice(value);
        self.validity.push_value();
    }

    /// Adds rows given as their bytes one after the other.
    pub fn push_rows(&mut self, rows: usize, bytes: &[u8]) {
        debug_assert_eq!(
            bytes.len(),
            self.width * rows,
            "rows of another width than the column's"
        );
        self.bytes.extend_from_slice(bytes);
        self.validity.push_values(rows);
    }

    /// Adds a null, which takes the place of a value in memory.
    #[inline]
    pub fn push_null(&mut self) {
        self.bytes.resize(self.bytes.len() + self.width, 0);
        self.validity.push_null();
    }

    /// Bytes of each value.
    pub fn width(&self) -> usize {
        self.width
    }

    pub fn validity(&self) -> &Validity {
        &self.validity
    }

    /// The values one after the other, with zeros for nulls.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn truncate(&mut self, rows: usize) {
        self.validity.truncate(rows);
        self.bytes.truncate(rows * self.width);
    }

    /// Forgets all rows and keeps the memory.
    pub fn reset(&mut self) {
        self.bytes.clear();
        self.validity.reset();
    }
}
