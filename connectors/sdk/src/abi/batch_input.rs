// SPDX-License-Identifier: Apache-2.0

use super::{failure, imports, Code};
use crate::error::{Error, Result};

/// What the host says of a batch (docs/abi.md, section 7.2). Within a run, (stream, unit, sequence) identifies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// The unit of the plan the batch came from.
    pub unit: i64,
    /// Its number within the unit, from 0.
    pub sequence: u32,
    pub rows: u32,
    /// Bytes of the frame behind the header.
    pub frame_size: u64,
    /// CRC-32C of the frame.
    pub checksum: u32,
}

impl BatchHeader {
    const MAGIC: &'static [u8] = b"RBB1";
    /// Bytes of the header of this version; the frame begins behind it.
    pub const SIZE: usize = 40;

    /// Takes what `next_batch` wrote apart into header and frame.
    pub fn split(bytes: &[u8]) -> Result<(BatchHeader, &[u8])> {
        let header: &[u8; BatchHeader::SIZE] = bytes
            .get(..BatchHeader::SIZE)
            .and_then(|header| header.try_into().ok())
            .ok_or_else(|| Error::frame(format!("a batch of {} bytes has no header", bytes.len())))?;
        if &header[..4] != BatchHeader::MAGIC {
            return Err(Error::frame("a batch does not begin with RBB1"));
        }
        let header_size = number(header, 4, 4) as usize;
        let parsed = BatchHeader {
            unit: number(header, 8, 8) as i64,
            sequence: number(header, 16, 4) as u32,
            rows: number(header, 20, 4) as u32,
            frame_size: number(header, 24, 8),
            checksum: number(header, 32, 4) as u32,
        };
        // A longer header is one of a later version, whose first bytes mean the same.
        match bytes.get(header_size.max(BatchHeader::SIZE)..) {
            Some(frame) if header_size >= BatchHeader::SIZE && frame.len() as u64 == parsed.frame_size => {
                Ok((parsed, frame))
            }
            _ => Err(Error::frame(format!(
                "a batch of {} bytes claims a header of {} and a frame of {}",
                bytes.len(),
                header_size,
                parsed.frame_size
            ))),
        }
    }

    /// The bytes that stand in front of the frame; what a host writes.
    pub fn to_bytes(&self) -> [u8; BatchHeader::SIZE] {
        let mut bytes = [0; BatchHeader::SIZE];
        bytes[..4].copy_from_slice(BatchHeader::MAGIC);
        bytes[4..8].copy_from_slice(&(BatchHeader::SIZE as u32).to_le_bytes());
        bytes[8..16].copy_from_slice(&self.unit.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.rows.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.frame_size.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.checksum.to_le_bytes());
        bytes
    }
}

fn number(header: &[u8; BatchHeader::SIZE], at: usize, width: usize) -> u64 {
    let mut wide = [0; 8];
    wide[..width].copy_from_slice(&header[at..at + width]);
    u64::from_le_bytes(wide)
}

/// What came when the next batch was asked for.
#[derive(Debug)]
pub enum Input<'a> {
    /// A batch: its header and its frame, which lives in the input's buffer until the next call.
    Batch(BatchHeader, &'a [u8]),
    /// Commit everything received, call [`super::checkpoint`], and go on.
    Checkpoint,
    /// There is no further batch.
    End,
}

/// Takes batches from the host into one buffer, which grows to the largest of them and is used again for each.
#[derive(Default)]
pub struct BatchInput {
    buffer: Vec<u8>,
}

impl BatchInput {
    /// Room to begin with: most batches of small tables fit, and a larger one costs one more call, once.
    const FIRST_SIZE: usize = 256 * 1024;

    /// Larger ones are of single rows.
    const LARGEST_USUAL_SIZE: usize = 8 << 20;

    pub fn new() -> BatchInput {
        BatchInput::default()
    }

    /// The next batch, or what came instead of it.
    #[inline(never)]
    pub fn next(&mut self) -> Result<Input<'_>> {
        if self.buffer.is_empty() {
            self.buffer = vec![0; BatchInput::FIRST_SIZE];
        }
        loop {
            let answer = imports::next_batch(&mut self.buffer);
            let size = match usize::try_from(answer) {
                Ok(size) => size,
                Err(_) => return not_a_batch(answer),
            };
            if size > self.buffer.len() {
                self.grow(size);
                continue;
            }
            let (header, frame) = BatchHeader::split(&self.buffer[..size])?;
            return Ok(Input::Batch(header, frame));
        }
    }

    /// Makes room for `size` bytes and a little more, because the batches of a stream differ by little.
    fn grow(&mut self, size: usize) {
        // The old buffer goes first: its content is of no use, and both together may not fit the memory limit.
        self.buffer = Vec::new();
        let more = if size < BatchInput::LARGEST_USUAL_SIZE {
            size / 8
        } else {
            0
        };
        self.buffer = vec![0; size + more];
    }
}

#[cold]
fn not_a_batch<'a>(answer: i64) -> Result<Input<'a>> {
    match Code::from_status(answer) {
        Some(Code::End) => Ok(Input::End),
        Some(Code::Checkpoint) => Ok(Input::Checkpoint),
        _ => Err(failure("next_batch", answer)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{set_host, StandInHost};
    use crate::error::Category;

    const HEADER: BatchHeader = BatchHeader {
        unit: 7,
        sequence: 2,
        rows: 3,
        frame_size: 5,
        checksum: 0xE306_9283,
    };

    #[test]
    fn batches_checkpoints_and_the_end_come_in_order() {
        set_host(
            StandInHost::default()
                .with_batch(HEADER, b"hello")
                .with_checkpoint()
                .with_batch(HEADER, b"world"),
        );
        let mut input = BatchInput::new();
        assert!(matches!(input.next().unwrap(), Input::Batch(HEADER, b"hello")));
        assert!(matches!(input.next().unwrap(), Input::Checkpoint));
        assert!(matches!(input.next().unwrap(), Input::Batch(HEADER, b"world")));
        assert!(matches!(input.next().unwrap(), Input::End));
    }

    #[test]
    fn a_batch_larger_than_the_buffer_is_asked_for_again() {
        let large = vec![9; 3_000_000];
        let header = BatchHeader {
            frame_size: large.len() as u64,
            checksum: 0,
            ..HEADER
        };
        set_host(StandInHost::default().with_batch(header, &large));
        let mut input = BatchInput::new();
        match input.next().unwrap() {
            Input::Batch(seen, frame) => assert!(seen == header && frame == &large[..]),
            other => panic!("{:?}", other),
        };
    }

    #[test]
    fn a_header_that_lies_about_the_frame_is_refused() {
        let mut bytes = HEADER.to_bytes().to_vec();
        bytes.extend_from_slice(b"four");
        assert_eq!(BatchHeader::split(&bytes).unwrap_err().category(), Category::Frame);
        assert_eq!(BatchHeader::split(b"RBB1").unwrap_err().category(), Category::Frame);
        bytes[0] = b'X';
        assert_eq!(BatchHeader::split(&bytes).unwrap_err().category(), Category::Frame);
    }
}
