// SPDX-License-Identifier: Apache-2.0

//! Frames that are no Arrow frames, each broken in one place.

use super::config::Config;
use super::content::Reader;
use super::observed::Observation;
use rapidbyte_sdk::{abi, Error, ReadRequest, Result};

/// Emits a good batch, then one that is broken as `variant` says. What the host says of it is the error of the call.
pub fn emit_broken(config: &Config, request: &ReadRequest) -> Result<Observation> {
    let mut observation = Observation::default();
    let frame = Reader::new(config, &request.stream.name).first_frame(request.from)?;
    let broken = break_frame(frame.clone(), &config.variant)?;
    abi::claim(request.from)?;
    abi::emit_batch(&frame)?;
    abi::emit_batch(&broken)?;
    observation.note("emit_batch", 0);
    Ok(observation)
}

const END_OF_STREAM: usize = 8;

fn break_frame(mut frame: Vec<u8>, variant: &str) -> Result<Vec<u8>> {
    let places = Places::of(&frame);
    match variant {
        "garbage" => abi::random(&mut frame)?,
        "empty" => frame.clear(),
        "truncated" => frame.truncate(frame.len() / 2),
        "truncated_schema" => frame.truncate(places.batch / 2),
        "no_batch" => {
            frame.drain(places.batch..frame.len() - END_OF_STREAM);
        }
        "no_end_of_stream" => frame.truncate(frame.len() - END_OF_STREAM),
        "trailing_bytes" => frame.extend_from_slice(&[0; 16]),
        "two_batches" => {
            let batch = frame[places.batch..frame.len() - END_OF_STREAM].to_vec();
            frame.splice(frame.len() - END_OF_STREAM..frame.len() - END_OF_STREAM, batch);
        }
        "no_continuation_marker" => frame[places.batch] = 0,
        "metadata_size" => put(&mut frame, places.batch + 4, &0x7FFF_FFF8u32.to_le_bytes()),
        "root_offset" => put(&mut frame, places.batch + 8, &0x7FFF_FFFFu32.to_le_bytes()),
        "dictionary_batch" => frame[places.header_kind] = 2,
        // The field's entry for its dictionary gets that for its children.
        "dictionary_field" => frame.copy_within(
            places.field_children..places.field_children + 2,
            places.field_dictionary,
        ),
        "version" => frame[places.version] = 3,
        "body_length" => put(&mut frame, places.body_length, &i64::MAX.to_le_bytes()),
        "negative_body_length" => put(&mut frame, places.body_length, &(-8i64).to_le_bytes()),
        "rows" => put(&mut frame, places.rows, &1_000_000i64.to_le_bytes()),
        "negative_rows" => put(&mut frame, places.rows, &(-1i64).to_le_bytes()),
        "node_rows" => put(&mut frame, places.nodes, &1_000_000i64.to_le_bytes()),
        "null_count" => put(&mut frame, places.nodes + 8, &1_000_000i64.to_le_bytes()),
        // The second buffer is that of the values of the first column: the first is an absent validity bitmap.
        "buffer_offset" => put(&mut frame, places.buffers + 16, &0x1000_0000i64.to_le_bytes()),
        "buffer_length" => put(&mut frame, places.buffers + 24, &0x1000_0000i64.to_le_bytes()),
        "negative_buffer_length" => put(&mut frame, places.buffers + 24, &(-8i64).to_le_bytes()),
        "short_buffer" => put(&mut frame, places.buffers + 24, &8i64.to_le_bytes()),
        unknown => {
            return Err(Error::config(
                "unknown_variant",
                format!("there is no way '{}' to break a frame", unknown),
            ))
        }
    }
    Ok(frame)
}

fn put(frame: &mut [u8], place: usize, value: &[u8]) {
    frame[place..place + value.len()].copy_from_slice(value);
}

/// Where in a frame the things are that get broken.
struct Places {
    /// The beginning of the record batch message.
    batch: usize,
    version: usize,
    header_kind: usize,
    body_length: usize,
    rows: usize,
    /// The first node.
    nodes: usize,
    /// The first buffer.
    buffers: usize,
    /// Entries of the vtable of the first field.
    field_dictionary: usize,
    field_children: usize,
}

impl Places {
    fn of(frame: &[u8]) -> Places {
        let schema_message = follow(frame, 8);
        let schema = follow(frame, place_of(frame, schema_message, 2));
        let field = follow(frame, follow(frame, place_of(frame, schema, 1)) + 4);
        let batch = 8 + number(frame, 4) as usize;
        let message = follow(frame, batch + 8);
        let header = follow(frame, place_of(frame, message, 2));
        Places {
            batch,
            version: place_of(frame, message, 0),
            header_kind: place_of(frame, message, 1),
            body_length: place_of(frame, message, 3),
            rows: place_of(frame, header, 0),
            nodes: follow(frame, place_of(frame, header, 1)) + 4,
            buffers: follow(frame, place_of(frame, header, 2)) + 4,
            field_dictionary: entry_of(frame, field, 4),
            field_children: entry_of(frame, field, 5),
        }
    }
}

fn number(frame: &[u8], place: usize) -> u32 {
    u32::from_le_bytes([frame[place], frame[place + 1], frame[place + 2], frame[place + 3]])
}

fn follow(frame: &[u8], place: usize) -> usize {
    place + number(frame, place) as usize
}

/// The entry of a field in the vtable of a flatbuffers table.
fn entry_of(frame: &[u8], table: usize, field: usize) -> usize {
    table - number(frame, table) as usize + 4 + 2 * field
}

/// The place of a field of a flatbuffers table.
fn place_of(frame: &[u8], table: usize, field: usize) -> usize {
    let entry = entry_of(frame, table, field);
    table + usize::from(u16::from_le_bytes([frame[entry], frame[entry + 1]]))
}
