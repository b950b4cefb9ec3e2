// SPDX-License-Identifier: Apache-2.0

use super::batch::Batch;
use super::column::{offset, Column, Values};
use super::flatbuffer_reader::Malformed;
use super::message::{self as m, record_batch, PAIR_SIZE};
use super::schema::{Field, Layout, Schema};
use super::schema_reader::{metadata_of, read_message, read_schema};
use crate::error::{Error, Result};
use std::rc::Rc;

/// Reads frames (docs/abi.md, section 7.1) and trusts nothing in them: whatever the bytes are, the result is a batch
/// whose rows all lie inside of the frame, or an error of category `frame`.
///
/// The schema is parsed once for all frames that begin with the same bytes.
#[derive(Default)]
pub struct FrameReader {
    schema_message: Vec<u8>,
    schema: Rc<Schema>,
}

impl FrameReader {
    pub fn new() -> FrameReader {
        FrameReader::default()
    }

    // Nothing of a reader is inlined into its callers or into each other: each of its loops is in a function that is small enough
    // for the host's compiler, which does not take methods of any size.

    /// Reads a frame. The columns of the batch look into `frame`.
    #[inline(never)]
    pub fn parse<'a>(&mut self, frame: &'a [u8]) -> Result<Batch<'a>> {
        self.read(frame)
            .map_err(|wrong| Error::frame(format!("a batch is no Arrow frame: {}", wrong)))
    }

    #[inline(never)]
    fn read<'a>(&mut self, frame: &'a [u8]) -> std::result::Result<Batch<'a>, String> {
        let batch_start = self.read_schema(frame)?;
        let message = read_message(&frame[batch_start..], m::header::RECORD_BATCH)?;
        if frame[batch_start + message.size..] != m::END_OF_STREAM {
            return Err("its record batch is not followed by the end of the stream".to_string());
        }
        let header = message.header;
        if header.is_present(record_batch::COMPRESSION)? {
            return Err("it is compressed".to_string());
        }
        let rows = usize::try_from(header.long(record_batch::LENGTH)?)
            .ok()
            .filter(|rows| *rows <= i32::MAX as usize)
            .ok_or("its number of rows is impossible")?;
        let nodes = header.vector(record_batch::NODES, PAIR_SIZE)?.unwrap_or(&[]);
        let buffers = header.vector(record_batch::BUFFERS, PAIR_SIZE)?.unwrap_or(&[]);
        let columns = read_columns(&self.schema, rows, nodes, buffers, message.body)?;
        Ok(Batch {
            schema: Rc::clone(&self.schema),
            rows,
            columns,
        })
    }

    /// Takes the schema from the frame unless it is the last one; returns where the record batch begins.
    #[inline(never)]
    fn read_schema(&mut self, frame: &[u8]) -> std::result::Result<usize, Malformed> {
        let known = &self.schema_message;
        if !known.is_empty() && frame.starts_with(known) {
            return Ok(known.len());
        }
        let size = m::PREFIX_SIZE + metadata_of(frame)?.len();
        self.schema = Rc::new(read_schema(frame)?);
        self.schema_message = frame[..size].to_vec();
        Ok(size)
    }
}

/// The 64-bit numbers of a vector of structs of two.
fn pairs(bytes: &[u8]) -> impl ExactSizeIterator<Item = (i64, i64)> + '_ {
    bytes.chunks_exact(PAIR_SIZE).map(|pair| {
        let (mut first, mut second) = ([0; 8], [0; 8]);
        first.copy_from_slice(&pair[..8]);
        second.copy_from_slice(&pair[8..]);
        (i64::from_le_bytes(first), i64::from_le_bytes(second))
    })
}

#[inline(never)]
fn read_columns<'a>(
    schema: &Schema,
    rows: usize,
    nodes: &[u8],
    buffers: &[u8],
    body: &'a [u8],
) -> std::result::Result<Vec<Column<'a>>, String> {
    let (mut nodes, mut buffers) = (pairs(nodes), pairs(buffers));
    let wanted_nodes = schema.fields.iter().map(Field::count).sum::<usize>();
    let wanted_buffers = schema.fields.iter().map(Field::buffer_count).sum::<usize>();
    if nodes.len() != wanted_nodes || buffers.len() != wanted_buffers {
        return Err("its record batch does not have the nodes and buffers of its schema".to_string());
    }
    let mut parts = Parts {
        nodes: &mut nodes,
        buffers: &mut buffers,
        body,
    };
    let mut columns = Vec::with_capacity(schema.fields.len());
    for field in &schema.fields {
        let column = read_column(field, Some(rows), &mut parts)
            .map_err(|wrong| format!("column '{}': {}", field.name, wrong))?;
        columns.push(column);
    }
    Ok(columns)
}

/// What is left of a record batch: a column takes its node and its buffers from the front, and then its children theirs.
struct Parts<'p, 'a> {
    nodes: &'p mut dyn Iterator<Item = (i64, i64)>,
    buffers: &'p mut dyn Iterator<Item = (i64, i64)>,
    body: &'a [u8],
}

impl<'a> Parts<'_, 'a> {
    fn node(&mut self) -> std::result::Result<(i64, i64), Malformed> {
        self.nodes.next().ok_or("it has too few nodes")
    }

    fn buffer(&mut self) -> std::result::Result<&'a [u8], Malformed> {
        match self.buffers.next() {
            Some((offset, length)) => slice_of(self.body, offset, length),
            None => Err("it has too few buffers"),
        }
    }
}

/// Reads a column with its children. `rows`: how many it has to have, unless it is the child of a list.
#[inline(never)]
fn read_column<'a>(
    field: &Field,
    rows: Option<usize>,
    parts: &mut Parts<'_, 'a>,
) -> std::result::Result<Column<'a>, Malformed> {
    let (length, nulls) = parts.node()?;
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= i32::MAX as usize)
        .ok_or("its number of rows is impossible")?;
    if rows.map_or(false, |rows| rows != length) {
        return Err("its number of rows is not the batch's");
    }
    let rows = length;
    let null_count = usize::try_from(nulls)
        .ok()
        .filter(|nulls| *nulls <= rows)
        .ok_or("its null count is impossible")?;
    let validity = read_validity(parts.buffer()?, rows, null_count)?;
    let mut children = Vec::new();
    let values = match field.data_type.layout() {
        Layout::Bool => Values::Bool(prefix(parts.buffer()?, (rows + 7) / 8)?),
        Layout::Fixed(width) => {
            let size = rows.checked_mul(width).ok_or(TOO_SHORT)?;
            Values::Fixed {
                width,
                bytes: prefix(parts.buffer()?, size)?,
            }
        }
        Layout::Var => {
            let (offsets, data) = (parts.buffer()?, parts.buffer()?);
            Values::Var {
                offsets: read_offsets(offsets, rows, data.len())?,
                data,
            }
        }
        Layout::List => {
            let offsets = parts.buffer()?;
            let child = field.children.first().ok_or("it is a list of nothing")?;
            let child = read_column(child, None, parts)?;
            // Values without a size cost nothing to announce, but whoever goes through them.
            if child.rows / 8 > parts.body.len() {
                return Err("it has more values than there is room for");
            }
            let offsets = read_offsets(offsets, rows, child.rows)?;
            children.push(child);
            Values::List { offsets }
        }
        Layout::Struct => {
            for child in &field.children {
                children.push(read_column(child, Some(rows), parts)?);
            }
            Values::Struct
        }
    };
    Ok(Column {
        data_type: field.data_type,
        rows,
        null_count,
        validity,
        values,
        children,
    })
}

const TOO_SHORT: Malformed = "a buffer is shorter than its rows need";

fn prefix(buffer: &[u8], size: usize) -> std::result::Result<&[u8], Malformed> {
    buffer.get(..size).ok_or(TOO_SHORT)
}

fn slice_of(body: &[u8], offset: i64, length: i64) -> std::result::Result<&[u8], Malformed> {
    const OUTSIDE: Malformed = "a buffer lies outside of the body";
    if offset % m::ALIGNMENT as i64 != 0 {
        return Err("a buffer is not aligned to 8 bytes");
    }
    let offset = usize::try_from(offset).map_err(|_| OUTSIDE)?;
    let length = usize::try_from(length).map_err(|_| OUTSIDE)?;
    offset
        .checked_add(length)
        .and_then(|end| body.get(offset..end))
        .ok_or(OUTSIDE)
}

/// The bitmap of the rows, whose zeros must be as many as were announced; empty when there is no null.
fn read_validity(buffer: &[u8], rows: usize, null_count: usize) -> std::result::Result<&[u8], Malformed> {
    if buffer.is_empty() && null_count == 0 {
        return Ok(&[]);
    }
    let bits = prefix(buffer, (rows + 7) / 8)?;
    if count_zeros(bits, rows) != null_count {
        return Err("its null count is not that of its validity bitmap");
    }
    Ok(if null_count == 0 { &[] } else { bits })
}

/// How many of the first `rows` bits are 0.
#[inline(never)]
fn count_zeros(bits: &[u8], rows: usize) -> usize {
    let mut words = bits[..rows / 8].chunks_exact(8);
    let mut ones = 0;
    for word in words.by_ref() {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(word);
        ones += u64::from_le_bytes(bytes).count_ones();
    }
    ones += words.remainder().iter().map(|byte| byte.count_ones()).sum::<u32>();
    if rows & 7 != 0 {
        ones += (bits[rows / 8] & ((1 << (rows & 7)) - 1)).count_ones();
    }
    rows - ones as usize
}

/// The offsets of the rows, which must ascend and stay inside of the data.
fn read_offsets(buffer: &[u8], rows: usize, data_size: usize) -> std::result::Result<&[u8], Malformed> {
    // A writer may leave the offsets of no rows out.
    const NO_ROWS: &[u8] = &[0; 4];
    if rows == 0 && buffer.is_empty() {
        return Ok(NO_ROWS);
    }
    let offsets = prefix(buffer, (rows + 1).checked_mul(4).ok_or(TOO_SHORT)?)?;
    match ascend(offsets) && offset(offsets, rows) <= data_size.min(i32::MAX as usize) {
        true => Ok(offsets),
        false => Err("its offsets do not ascend, or lead outside of its data"),
    }
}

#[inline(never)]
fn ascend(offsets: &[u8]) -> bool {
    let mut last = 0;
    let mut ascending = true;
    for bytes in offsets.chunks_exact(4) {
        let next = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        // Without an early return there is nothing to predict in the loop.
        ascending &= last <= next;
        last = next;
    }
    ascending
}
