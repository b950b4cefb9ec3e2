// SPDX-License-Identifier: Apache-2.0

//! The read buffer: filled with few large reads, emptied message by message without copying.

use std::io::Read;

use crate::error::{Error, Result};

use super::error::protocol_error;

/// A read crosses from the guest to the host and back, which a large buffer makes rare.
const INITIAL_CAPACITY: usize = 512 * 1024;

/// Below this much free room behind the data the buffer moves the data to its front before it reads again: small
/// enough that the moved remainder is short, large enough that no read is.
const LEAST_READ: usize = 128 * 1024;

/// A message begins with its tag and a length that counts itself.
pub const MESSAGE_HEADER: usize = 5;

/// Postgres itself never sends a longer message than its allocation limit of 1 GiB.
pub const LONGEST_MESSAGE: usize = 1 << 30;

/// Bytes from the server that were not consumed yet.
pub struct ReadBuffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

/// The tag and the whole size, header included, of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageHeader {
    pub tag: u8,
    pub size: usize,
}

impl ReadBuffer {
    pub fn new() -> ReadBuffer {
        ReadBuffer {
            bytes: vec![0; INITIAL_CAPACITY],
            start: 0,
            end: 0,
        }
    }

    /// What has been read and not consumed.
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Drops the first `count` unread bytes.
    pub fn consume(&mut self, count: usize) {
        assert!(count <= self.end - self.start, "consumed more than was read");
        self.start += count;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Reads once; returns the number of new bytes, `0` at the end of the stream.
    pub fn fill<R: Read>(&mut self, transport: &mut R) -> Result<usize> {
        if self.bytes.len() - self.end < LEAST_READ && self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.bytes.len() {
            self.grow(self.bytes.len() * 2)?;
        }
        let count = transport.read(&mut self.bytes[self.end..])?;
        self.end += count;
        Ok(count)
    }

    /// The header of the first unread message, when it is here.
    pub fn header(&self) -> Result<Option<MessageHeader>> {
        header(self.unread())
    }

    /// Makes room for a message of `size` bytes at once, rather than by doubling.
    pub fn reserve(&mut self, size: usize) -> Result<()> {
        if size > self.bytes.len() {
            // Room for what follows the message saves moving it as soon as it was read.
            self.grow(size + LEAST_READ)?;
        }
        Ok(())
    }

    /// Makes room for `size` bytes. What is unread, a small part of the buffer whenever that is large, is kept aside, so that
    /// the old buffer and the new one need not fit into memory together.
    fn grow(&mut self, size: usize) -> Result<()> {
        let unread = self.unread().to_vec();
        self.bytes = Vec::new();
        self.start = 0;
        self.end = unread.len();
        self.bytes.try_reserve_exact(size).map_err(|_| {
            Error::data(
                "out_of_memory",
                format!("a message of {} bytes from Postgres does not fit into memory", size),
            )
            .hint("raise the connector's memory limit, or leave the large column out of the stream's columns")
        })?;
        self.bytes.extend_from_slice(&unread);
        self.bytes.resize(size, 0);
        Ok(())
    }
}

/// The header at the front of `bytes`, when all of it is there.
#[inline]
pub fn header(bytes: &[u8]) -> Result<Option<MessageHeader>> {
    if bytes.len() < MESSAGE_HEADER {
        return Ok(None);
    }
    let length = u32::from_be_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]) as usize;
    if !(4..=LONGEST_MESSAGE).contains(&length) {
        return Err(protocol_error(format!(
            "a message with the tag {:?} claims to be {} bytes long",
            bytes[0] as char, length
        )));
    }
    Ok(Some(MessageHeader {
        tag: bytes[0],
        size: length + 1,
    }))
}
