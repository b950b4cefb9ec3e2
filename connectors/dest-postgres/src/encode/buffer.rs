// SPDX-License-Identifier: Apache-2.0

//! The bytes that wait to be sent.

use rapidbyte_sdk::postgres::COPY_DATA_PREFIX;

/// A buffer above this grows to what is needed.
const LARGEST_DOUBLED: usize = 8 << 20;

/// The contents of one CopyData message, with room for its header in front. The memory is written once: growing a
/// `Vec` would fill it with zeros before each use.
pub struct RowBuffer {
    /// Longer than what is filled.
    bytes: Vec<u8>,
    filled: usize,
}

impl Default for RowBuffer {
    fn default() -> RowBuffer {
        RowBuffer {
            bytes: Vec::new(),
            filled: COPY_DATA_PREFIX,
        }
    }
}

impl RowBuffer {
    /// Makes `length` more bytes part of the contents and returns them, to be overwritten by the caller.
    pub fn extend(&mut self, length: usize) -> &mut [u8] {
        let end = self.filled + length;
        if end > self.bytes.len() {
            self.grow(end);
        }
        let start = std::mem::replace(&mut self.filled, end);
        &mut self.bytes[start..end]
    }

    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.extend(bytes.len()).copy_from_slice(bytes);
    }

    #[inline(never)]
    fn grow(&mut self, length: usize) {
        if self.is_empty() {
            // Nothing is lost by giving the old memory back first, and a large row may need the room.
            self.bytes = Vec::new();
        }
        // Doubling is for what grows piece by piece.
        let room = match self.bytes.len() {
            large if large > LARGEST_DOUBLED => length,
            small => length.max(small * 2),
        };
        self.bytes.reserve_exact(room - self.bytes.len());
        self.bytes.resize(room, 0);
    }

    /// Makes room for `length` bytes of contents in one step.
    pub fn reserve(&mut self, length: usize) {
        if self.bytes.len() < COPY_DATA_PREFIX + length {
            self.grow(COPY_DATA_PREFIX + length);
        }
    }

    /// Puts other bytes in the place of some of the contents.
    pub fn overwrite(&mut self, start: usize, bytes: &[u8]) {
        let start = COPY_DATA_PREFIX + start;
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
    }

    /// Takes the first bytes of the contents out.
    pub fn remove_front(&mut self, length: usize) {
        self.bytes
            .copy_within(COPY_DATA_PREFIX + length..self.filled, COPY_DATA_PREFIX);
        self.filled -= length;
    }

    /// The contents.
    pub fn contents(&self) -> &[u8] {
        &self.bytes[COPY_DATA_PREFIX..self.filled]
    }

    /// The message as [`rapidbyte_sdk::postgres::CopyIn::send`] wants it.
    pub fn message(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.filled]
    }

    /// Bytes of the contents.
    pub fn len(&self) -> usize {
        self.filled - COPY_DATA_PREFIX
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets the contents and keeps the memory, unless it is more than twice `most` bytes.
    pub fn clear(&mut self, most: usize) {
        self.filled = COPY_DATA_PREFIX;
        if self.bytes.len() > 2 * most {
            self.bytes = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_has_room_for_its_header_in_front() {
        let mut buffer = RowBuffer::default();
        buffer.extend_from_slice(b"abc");
        buffer.extend(2).copy_from_slice(b"de");
        assert_eq!(buffer.len(), 5);
        assert_eq!(&buffer.message()[COPY_DATA_PREFIX..], b"abcde");
        buffer.overwrite(1, b"xy");
        assert_eq!(buffer.contents(), b"axyde");
        buffer.remove_front(3);
        assert_eq!(buffer.contents(), b"de");
        buffer.clear(1 << 20);
        assert!(buffer.is_empty());
        buffer.extend_from_slice(b"x");
        assert_eq!(&buffer.message()[COPY_DATA_PREFIX..], b"x");
    }

    #[test]
    fn memory_of_an_unusually_large_row_is_given_back() {
        let mut buffer = RowBuffer::default();
        buffer.reserve(1000);
        buffer.extend(100_000);
        buffer.clear(1000);
        assert_eq!(buffer.bytes.capacity(), 0);
        buffer.reserve(1000);
        buffer.extend(1000);
        buffer.clear(1000);
        assert!(buffer.bytes.capacity() >= 1000);
    }
}
