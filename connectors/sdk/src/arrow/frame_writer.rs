// SPDX-License-Identifier: Apache-2.0

use super::builder::ColumnBuilder;
use super::flatbuffer_writer::{FlatbufferWriter, Slot};
use super::message::{self as m, aligned, record_batch};
use super::schema::Schema;
use super::schema_writer::{begin_message, end_message, message_table, write_schema_message};
use crate::error::{Error, Result};

/// Writes frames of one schema, whose message it keeps.
pub struct FrameWriter {
    schema_message: Vec<u8>,
}

/// The most that a frame may have (docs/abi.md, section 7.1).
const LARGEST_FRAME: usize = 1 << 30;

const LARGEST_USUAL_FRAME: usize = 8 << 20;

impl FrameWriter {
    pub fn new(schema: &Schema) -> FrameWriter {
        let mut schema_message = Vec::new();
        write_schema_message(schema, &mut schema_message);
        FrameWriter { schema_message }
    }

    /// Writes a frame of `rows` rows in the place of what `frame` holds. `schema` is that of [`FrameWriter::new`]. `borrowed` has the data of
    /// columns that lies elsewhere; it may be shorter than `columns`.
    #[inline(never)]
    pub fn write(
        &self,
        schema: &Schema,
        rows: usize,
        columns: &[ColumnBuilder],
        borrowed: &[&[u8]],
        frame: &mut Vec<u8>,
    ) -> Result<()> {
        verify(schema, rows, columns)?;
        let buffers = all_buffers(columns, borrowed);
        let body_length = buffers.iter().map(|buffer| aligned(buffer.len())).sum::<usize>();
        // No column has fewer buffers than one.
        let metadata_bound = 512 + buffers.len() * (m::PAIR_SIZE * 2);
        let bound = self.schema_message.len() + metadata_bound + body_length;
        if bound > LARGEST_FRAME {
            return Err(Error::internal(format!(
                "a batch of {} bytes is larger than a frame may be",
                bound
            )));
        }
        make_room(frame, bound);
        frame.extend_from_slice(&self.schema_message);
        write_record_batch_message(rows, columns, &buffers, body_length, frame);
        buffers.iter().for_each(|buffer| append_padded(buffer, frame));
        frame.extend_from_slice(&m::END_OF_STREAM);
        Ok(())
    }
}

#[inline(never)]
fn verify(schema: &Schema, rows: usize, columns: &[ColumnBuilder]) -> Result<()> {
    if schema.fields.len() != columns.len() {
        let message = format!(
            "a schema of {} fields for {} columns",
            schema.fields.len(),
            columns.len()
        );
        return Err(Error::internal(message));
    }
    for (field, column) in schema.fields.iter().zip(columns) {
        column
            .verify(field, rows)
            .map_err(|wrong| Error::internal(format!("column '{}' cannot be written: {}", field.name, wrong)))?;
    }
    Ok(())
}

/// Empties `frame` and gives it room for `size` bytes. Its old memory goes first, as both together may not fit into what there is.
#[inline(never)]
fn make_room(frame: &mut Vec<u8>, size: usize) {
    frame.clear();
    if frame.capacity() < size {
        *frame = Vec::new();
        // Frames of a stream differ by little, unless they are of single rows.
        let more = if size < LARGEST_USUAL_FRAME { size / 8 } else { 0 };
        frame.reserve_exact(size + more);
    }
}

/// The buffers of all columns, also those that are empty.
fn all_buffers<'a>(columns: &'a [ColumnBuilder], borrowed: &[&'a [u8]]) -> Vec<&'a [u8]> {
    let mut buffers = Vec::new();
    for (position, column) in columns.iter().enumerate() {
        column.collect_buffers(&mut buffers);
        let data = borrowed.get(position).filter(|data| !data.is_empty());
        // Of a column without children the data comes last.
        if let (Some(data), Some(last)) = (data, buffers.last_mut()) {
            *last = data;
        }
    }
    buffers
}

#[inline(never)]
fn write_record_batch_message(
    rows: usize,
    columns: &[ColumnBuilder],
    buffers: &[&[u8]],
    body_length: usize,
    frame: &mut Vec<u8>,
) {
    let mut nodes = Vec::with_capacity(columns.len());
    columns.iter().for_each(|column| column.collect_nodes(&mut nodes));
    let mut end = 0;
    let buffers: Vec<_> = buffers
        .iter()
        .map(|buffer| {
            let offset = end;
            end += aligned(buffer.len());
            (offset as i64, buffer.len() as i64)
        })
        .collect();
    let start = begin_message(frame);
    let (mut writer, root) = FlatbufferWriter::new(frame);
    let header = message_table(&mut writer, root, m::header::RECORD_BATCH, body_length as i64);
    let table = writer.table(header, &[Slot::Long(rows as i64), Slot::Reference, Slot::Reference]);
    writer.pairs(table.of(record_batch::NODES), nodes.into_iter());
    writer.pairs(table.of(record_batch::BUFFERS), buffers.into_iter());
    end_message(frame, start);
}

/// One copy of the whole buffer, then zeros up to the alignment.
#[inline(never)]
fn append_padded(buffer: &[u8], frame: &mut Vec<u8>) {
    const ZEROS: [u8; m::ALIGNMENT] = [0; m::ALIGNMENT];
    frame.extend_from_slice(buffer);
    frame.extend_from_slice(&ZEROS[..aligned(buffer.len()) - buffer.len()]);
}
