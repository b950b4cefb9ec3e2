// SPDX-License-Identifier: Apache-2.0

//! The first pass: from CopyData messages to an index of values.

use rapidbyte_sdk::postgres::{protocol_error, MESSAGE_HEADER};
use rapidbyte_sdk::{Error, Result};

use super::cell::{Index, Scan};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// Signature, flags, length of the extension.
const HEADER: usize = SIGNATURE.len() + 8;

/// The bits of the flags that a reader must understand; none of them is in use today.
const CRITICAL_FLAGS: u32 = 0xffff_0000;

/// Takes the data of one COPY apart.
///
/// Postgres puts each row into a CopyData message of its own, and such rows are indexed where they lie. The protocol
/// promises no such thing, so everything else, the header of the data first of all, goes through a buffer in which
/// rows are put together.
pub struct Tuples {
    stage: Stage,
    assembled: Vec<u8>,
    longest: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Header,
    Rows,
    End,
}

/// What one walk over messages came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// The bytes of the messages that were taken. When rows were indexed they lie in these bytes.
    pub taken: usize,
    /// Whether bytes were put aside, for [`Tuples::index_assembled`].
    pub assembled: bool,
}

impl Tuples {
    /// `longest`: the most bytes a row may have.
    pub fn new(longest: usize) -> Tuples {
        Tuples {
            stage: Stage::Header,
            assembled: Vec::new(),
            longest,
        }
    }

    /// Indexes rows of the CopyData messages at the front of `window` until the index is full or the messages end.
    /// Takes at least one message, when the first one is whole.
    #[inline(never)]
    pub fn index_messages(&mut self, window: &[u8], index: &mut Index) -> Result<Walk> {
        if self.stage == Stage::Rows && self.assembled.is_empty() {
            let taken = walk(window, index, self.longest);
            if taken > 0 {
                return Ok(Walk {
                    taken,
                    assembled: false,
                });
            }
        }
        let end = match copy_data(window) {
            Some(end) => end,
            None => return Ok(Walk::default()),
        };
        if end - MESSAGE_HEADER > self.longest + self.front_size() && self.assembled.is_empty() {
            // A row above the limit, which goes another way.
            return Ok(Walk::default());
        }
        let mut start = MESSAGE_HEADER;
        if self.stage == Stage::Header && self.assembled.is_empty() {
            // Postgres sends the header in one message with the first row, which may be a large one.
            if let Some(size) = self.header(&window[start..end])? {
                self.stage = Stage::Rows;
                start += size;
                if end - start <= self.longest && index.add_row(window, start, end) {
                    return Ok(Walk {
                        taken: end,
                        assembled: false,
                    });
                }
            }
        }
        self.put_aside(&window[start..end])?;
        Ok(Walk {
            taken: end,
            assembled: true,
        })
    }

    /// Indexes rows that were put together; returns the number of bytes they and the data's header take in
    /// [`Tuples::assembled`], to be dropped when the rows have been decoded. No rows: more messages are needed.
    #[inline(never)]
    pub fn index_assembled(&mut self, index: &mut Index) -> Result<usize> {
        let mut position = 0;
        if self.stage == Stage::Header {
            match self.header(&self.assembled)? {
                Some(end) => position = end,
                None => return Ok(0),
            }
            self.stage = Stage::Rows;
        }
        while self.stage == Stage::Rows && !index.is_full() {
            match index.add_row_of_stream(&self.assembled, position, self.assembled.len()) {
                Scan::Row { end } => position = end,
                Scan::Incomplete => break,
                Scan::End => {
                    position += 2;
                    self.stage = Stage::End;
                }
                Scan::Fields(fields) => return Err(changed(fields)),
                Scan::Malformed => return Err(protocol_error("a field of a COPY has a negative length")),
            }
        }
        if self.stage == Stage::End && position < self.assembled.len() {
            return Err(protocol_error("data behind the end of a COPY"));
        }
        Ok(position)
    }

    /// How many bytes come before the row in the next message.
    pub fn front_size(&self) -> usize {
        match self.stage {
            Stage::Header => HEADER,
            Stage::Rows | Stage::End => 0,
        }
    }

    /// Notes that a message passed by that was a row above the limit, with `front` before it.
    pub fn pass(&mut self, front: &[u8]) -> Result<()> {
        if !self.assembled.is_empty() || self.stage == Stage::End {
            return Err(protocol_error(
                "a large message in the midst of a row, or behind the last one",
            ));
        }
        if self.stage == Stage::Header {
            if self.header(front)? != Some(front.len()) {
                return Err(protocol_error("the header of a COPY is longer than is known"));
            }
            self.stage = Stage::Rows;
        }
        Ok(())
    }

    /// The bytes that rows are put together in.
    pub fn assembled(&self) -> &[u8] {
        &self.assembled
    }

    /// Drops bytes that were indexed and decoded.
    pub fn drop_assembled(&mut self, count: usize) {
        self.assembled.drain(..count);
        if self.assembled.is_empty() {
            // Rows are rarely put together, and large ones need the memory.
            self.assembled = Vec::new();
        }
    }

    /// To be called when the server has sent everything.
    pub fn finish(&self) -> Result<()> {
        match self.stage {
            Stage::End => Ok(()),
            Stage::Header | Stage::Rows => Err(protocol_error("a COPY ended without its end marker")),
        }
    }

    fn put_aside(&mut self, data: &[u8]) -> Result<()> {
        if self.stage == Stage::End && !data.is_empty() {
            return Err(protocol_error("data behind the end of a COPY"));
        }
        let size = self.assembled.len() + data.len();
        if size > self.longest + HEADER {
            return Err(record_too_large(size, self.longest));
        }
        self.assembled.extend_from_slice(data);
        Ok(())
    }

    /// The size of the header of the data at the front of `bytes`, when all of it is there.
    fn header(&self, bytes: &[u8]) -> Result<Option<usize>> {
        let known = bytes.len().min(SIGNATURE.len());
        if bytes[..known] != SIGNATURE[..known] {
            return Err(protocol_error(
                "a COPY does not begin with the signature of the binary format",
            ));
        }
        if bytes.len() < HEADER {
            return Ok(None);
        }
        let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        if number(SIGNATURE.len()) & CRITICAL_FLAGS != 0 {
            return Err(protocol_error(
                "a COPY uses a variant of the binary format that is not known",
            ));
        }
        let end = HEADER + number(SIGNATURE.len() + 4) as usize;
        if end > HEADER + self.longest {
            return Err(protocol_error("the header of a COPY has no end"));
        }
        Ok(if end <= bytes.len() { Some(end) } else { None })
    }
}

/// Indexes messages that hold exactly one row each; returns where it stopped.
#[inline(never)]
fn walk(window: &[u8], index: &mut Index, longest: usize) -> usize {
    let mut position = 0;
    while !index.is_full() {
        let end = match copy_data(&window[position..]) {
            Some(size) => position + size,
            None => break,
        };
        let start = position + MESSAGE_HEADER;
        if end - start > longest || !index.add_row(window, start, end) {
            break;
        }
        position = end;
    }
    position
}

/// The size of the message at the front of `bytes`, when it is CopyData and whole.
#[inline]
fn copy_data(bytes: &[u8]) -> Option<usize> {
    let header = bytes.get(..MESSAGE_HEADER)?;
    if header[0] != b'd' {
        return None;
    }
    let size = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize + 1;
    if (MESSAGE_HEADER..=bytes.len()).contains(&size) {
        Some(size)
    } else {
        None
    }
}

fn record_too_large(size: usize, longest: usize) -> Error {
    Error::data(
        "record_too_large",
        format!("a row takes {} bytes or more, and the limit is {}", size, longest),
    )
    .hint("raise max_record_bytes, or leave the large column out of the stream's columns")
    .detail("bytes", size as u64)
}

fn changed(fields: i16) -> Error {
    Error::schema(
        "table_changed",
        format!("a row has {} columns, which is not what was planned", fields),
    )
    .hint("plan the stream again")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header_bytes() -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([0; 8]);
        bytes
    }

    fn row(first: &[u8], second: &[u8]) -> Vec<u8> {
        let mut row = vec![0, 2];
        for value in [first, second] {
            row.extend((value.len() as u32).to_be_bytes());
            row.extend(value);
        }
        row
    }

    fn message(data: &[u8]) -> Vec<u8> {
        let mut message = vec![b'd'];
        message.extend((data.len() as u32 + 4).to_be_bytes());
        message.extend(data);
        message
    }

    type Rows = Vec<(Vec<u8>, Vec<u8>)>;

    fn collect(index: &mut Index, bytes: &[u8], rows: &mut Rows) {
        for row in 0..index.rows() {
            rows.push((
                index.column(0)[row].value(bytes).to_vec(),
                index.column(1)[row].value(bytes).to_vec(),
            ));
        }
        index.clear();
    }

    /// Plays messages the way the reader of a stream does.
    fn play(messages: &[Vec<u8>], longest: usize) -> Result<Rows> {
        let (mut tuples, mut index, mut rows) = (Tuples::new(longest), Index::new(2), Vec::new());
        let window = messages.concat();
        let mut position = 0;
        while position < window.len() {
            let rest = &window[position..];
            let walk = tuples.index_messages(rest, &mut index)?;
            assert!(walk.taken > 0);
            collect(&mut index, rest, &mut rows);
            position += walk.taken;
            while walk.assembled {
                let taken = tuples.index_assembled(&mut index)?;
                let any = index.rows() > 0;
                let bytes = tuples.assembled().to_vec();
                collect(&mut index, &bytes, &mut rows);
                tuples.drop_assembled(taken);
                if !any {
                    break;
                }
            }
        }
        tuples.finish()?;
        Ok(rows)
    }

    fn sample() -> (Vec<Vec<u8>>, Rows) {
        let values: Rows = (0..7u8)
            .map(|n| (vec![n; n as usize], vec![b'x'; 7 - n as usize]))
            .collect();
        let rows = values.iter().map(|(first, second)| row(first, second)).collect();
        (rows, values)
    }

    #[test]
    fn a_row_a_message_is_what_postgres_sends() {
        let (rows, values) = sample();
        let mut messages = vec![message(&[header_bytes(), rows[0].clone()].concat())];
        messages.extend(rows[1..].iter().map(|row| message(row)));
        messages.push(message(&[0xff, 0xff]));
        assert_eq!(play(&messages, 1000).unwrap(), values);
    }

    #[test]
    fn rows_may_be_cut_anywhere() {
        let (rows, values) = sample();
        let stream = [header_bytes(), rows.concat(), vec![0xff, 0xff]].concat();
        for cut in 0..=stream.len() {
            let messages = [message(&stream[..cut]), message(&stream[cut..])];
            assert_eq!(play(&messages, 1000).unwrap(), values, "cut at {}", cut);
        }
        for size in 1..stream.len() {
            let messages: Vec<_> = stream.chunks(size).map(message).collect();
            assert_eq!(play(&messages, 1000).unwrap(), values, "pieces of {}", size);
        }
    }

    #[test]
    fn many_rows_in_one_message_fill_the_index_again_and_again() {
        let values: Rows = (0..5000u32).map(|n| (n.to_be_bytes().to_vec(), Vec::new())).collect();
        let rows: Vec<u8> = values.iter().flat_map(|(first, second)| row(first, second)).collect();
        let stream = [header_bytes(), rows, vec![0xff, 0xff]].concat();
        assert_eq!(play(&[message(&stream)], 1 << 20).unwrap(), values);
    }

    #[test]
    fn an_extension_of_the_header_is_skipped() {
        let mut header = header_bytes();
        header[18] = 5;
        let stream = [header, b"12345".to_vec(), row(b"a", b"b"), vec![0xff, 0xff]].concat();
        assert_eq!(
            play(&[message(&stream)], 1000).unwrap(),
            [(b"a".to_vec(), b"b".to_vec())]
        );
    }

    #[test]
    fn data_that_is_no_copy_is_refused() {
        let header = header_bytes();
        let mut flags = header.clone();
        flags[11] = 1;
        let negative = [header.clone(), b"\0\x02\xff\xff\xff\xfe".to_vec()].concat();
        let wrong = [
            (vec![message(b"PGCOPX")], "signature"),
            (vec![message(&flags)], "variant"),
            (vec![message(&negative)], "negative length"),
            (vec![message(&header)], "without its end marker"),
            (
                vec![message(&[header.clone(), vec![0xff, 0xff, 0]].concat())],
                "behind the end",
            ),
            (
                vec![
                    message(&[header.clone(), vec![0xff, 0xff]].concat()),
                    message(b"\0\x02"),
                ],
                "behind the end",
            ),
            (vec![message(&[header.clone(), vec![0, 3]].concat())], "3 columns"),
        ];
        for (messages, expected) in wrong {
            let error = play(&messages, 1000).unwrap_err();
            assert!(
                error.message().contains(expected),
                "{} is not about {}",
                error,
                expected
            );
        }
    }

    #[test]
    fn a_row_above_the_limit_is_left_where_it_is() {
        let limit = row(&[0; 500], b"");
        let large = message(&row(&[0; 501], b""));
        let (mut tuples, mut index) = (Tuples::new(limit.len()), Index::new(2));
        let first = message(&[header_bytes(), limit.clone()].concat());
        let window = [first.clone(), message(&limit), large.clone()].concat();
        let walk = tuples.index_messages(&window, &mut index).unwrap();
        assert_eq!((walk.taken, walk.assembled, index.rows()), (first.len(), false, 1));
        let walk = tuples.index_messages(&window[first.len()..], &mut index).unwrap();
        assert_eq!((walk.taken, index.rows()), (message(&limit).len(), 2));
        assert_eq!(tuples.index_messages(&large, &mut index).unwrap(), Walk::default());
        tuples.pass(b"").unwrap();
        assert_eq!(index.rows(), 2);
    }

    #[test]
    fn the_first_row_may_be_one_above_the_limit() {
        let large = message(&[header_bytes(), row(&[0; 500], b"")].concat());
        let (mut tuples, mut index) = (Tuples::new(400), Index::new(2));
        assert_eq!(tuples.index_messages(&large, &mut index).unwrap(), Walk::default());
        assert_eq!(tuples.front_size(), HEADER);
        assert!(tuples.pass(b"PGCOPY").is_err());
        tuples.pass(&header_bytes()).unwrap();
        assert_eq!(tuples.front_size(), 0);
        let small = message(&row(b"a", b"b"));
        assert_eq!(tuples.index_messages(&small, &mut index).unwrap().taken, small.len());
    }

    #[test]
    fn a_row_in_pieces_above_the_limit_is_refused_with_its_size() {
        let large = row(&[0; 500], b"");
        let messages = [message(&header_bytes()), message(&large[..300]), message(&large[300..])];
        let error = play(&messages, 400).unwrap_err();
        assert_eq!(error.code(), "record_too_large");
        assert!(error.message().contains("510 bytes"), "{}", error);
    }

    #[test]
    fn an_incomplete_message_is_left_alone() {
        let (mut tuples, mut index) = (Tuples::new(1000), Index::new(2));
        let whole = message(&header_bytes());
        for end in 0..whole.len() {
            assert_eq!(
                tuples.index_messages(&whole[..end], &mut index).unwrap(),
                Walk::default()
            );
        }
        assert_eq!(
            tuples.index_messages(b"c\0\0\0\x04", &mut index).unwrap(),
            Walk::default()
        );
    }
}
