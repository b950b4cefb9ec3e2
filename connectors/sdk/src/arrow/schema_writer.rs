// SPDX-License-Identifier: Apache-2.0

//! Writes a schema as an encapsulated message.

use super::flatbuffer_writer::{FlatbufferWriter, Reference, Slot};
use super::message::{self as m, aligned, type_kind, unit};
use super::schema::{DataType, Field, Schema};

/// Appends the schema message to `bytes`, whose length must be a multiple of 8.
pub fn write_schema_message(schema: &Schema, bytes: &mut Vec<u8>) {
    let start = begin_message(bytes);
    let (mut writer, root) = FlatbufferWriter::new(bytes);
    let header = message_table(&mut writer, root, m::header::SCHEMA, 0);
    let table = writer.table(
        header,
        &[Slot::Absent, Slot::Reference, optional(!schema.metadata.is_empty())],
    );
    let fields = writer.references(table.of(m::schema::FIELDS), schema.fields.len());
    for (reference, field) in fields.into_iter().zip(&schema.fields) {
        write_field(&mut writer, reference, field);
    }
    if !schema.metadata.is_empty() {
        write_metadata(&mut writer, table.of(m::schema::METADATA), &schema.metadata);
    }
    end_message(bytes, start);
}

/// Appends what stands in front of a message's metadata; [`end_message`] fills the size in.
pub fn begin_message(bytes: &mut Vec<u8>) -> usize {
    let start = bytes.len();
    bytes.extend_from_slice(&m::CONTINUATION);
    bytes.extend_from_slice(&[0; 4]);
    start
}

/// Pads the metadata of the message that began at `start` and fills its size in.
pub fn end_message(bytes: &mut Vec<u8>, start: usize) {
    let end = start + aligned(bytes.len() - start);
    bytes.resize(end, 0);
    let size = (end - start - m::PREFIX_SIZE) as u32;
    bytes[start + 4..start + m::PREFIX_SIZE].copy_from_slice(&size.to_le_bytes());
}

/// Writes the table `Message` and returns the reference to its header.
pub fn message_table(writer: &mut FlatbufferWriter<'_>, root: Reference, kind: u8, body_length: i64) -> Reference {
    let message = writer.table(
        root,
        &[
            Slot::Short(m::VERSION_5),
            Slot::Byte(kind),
            Slot::Reference,
            Slot::Long(body_length),
        ],
    );
    message.of(m::message::HEADER)
}

fn optional(present: bool) -> Slot {
    match present {
        true => Slot::Reference,
        false => Slot::Absent,
    }
}

fn write_field(writer: &mut FlatbufferWriter<'_>, reference: Reference, field: &Field) {
    let table = writer.table(
        reference,
        &[
            Slot::Reference,
            Slot::Byte(u8::from(field.nullable)),
            Slot::Byte(type_kind_of(field.data_type)),
            Slot::Reference,
            Slot::Absent,
            Slot::Reference,
            optional(!field.metadata.is_empty()),
        ],
    );
    writer.string(table.of(m::field::NAME), &field.name);
    write_type(writer, table.of(m::field::TYPE), field.data_type);
    // Some readers want the vector to be there even when there are no children.
    let children = writer.references(table.of(m::field::CHILDREN), field.children.len());
    for (reference, child) in children.into_iter().zip(&field.children) {
        write_field(writer, reference, child);
    }
    if !field.metadata.is_empty() {
        write_metadata(writer, table.of(m::field::METADATA), &field.metadata);
    }
}

fn write_metadata(writer: &mut FlatbufferWriter<'_>, reference: Reference, metadata: &[(String, String)]) {
    for (entry, (key, value)) in writer.references(reference, metadata.len()).into_iter().zip(metadata) {
        let table = writer.table(entry, &[Slot::Reference, Slot::Reference]);
        writer.string(table.of(m::key_value::KEY), key);
        writer.string(table.of(m::key_value::VALUE), value);
    }
}

fn type_kind_of(data_type: DataType) -> u8 {
    match data_type {
        DataType::Bool => type_kind::BOOL,
        DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::Uint32 | DataType::Uint64 => type_kind::INT,
        DataType::Float32 | DataType::Float64 => type_kind::FLOATING_POINT,
        DataType::Decimal128(..) | DataType::Decimal256(..) => type_kind::DECIMAL,
        DataType::Utf8 => type_kind::UTF8,
        DataType::Binary => type_kind::BINARY,
        DataType::FixedSizeBinary(_) => type_kind::FIXED_SIZE_BINARY,
        DataType::Date32 => type_kind::DATE,
        DataType::Time64 => type_kind::TIME,
        DataType::Timestamp | DataType::TimestampUtc => type_kind::TIMESTAMP,
        DataType::IntervalMonthDayNano => type_kind::INTERVAL,
        DataType::List => type_kind::LIST,
        DataType::Struct => type_kind::STRUCT,
        DataType::Map => type_kind::MAP,
    }
}

/// Writes the table of the type. Every field is written, also one that has its default.
fn write_type(writer: &mut FlatbufferWriter<'_>, reference: Reference, data_type: DataType) {
    let (signed, unsigned) = (Slot::Byte(1), Slot::Byte(0));
    let decimal =
        |precision: u8, scale: i8, bits| [Slot::Int(precision.into()), Slot::Int(scale.into()), Slot::Int(bits)];
    match data_type {
        DataType::Bool | DataType::Utf8 | DataType::Binary | DataType::List | DataType::Struct => {
            writer.table(reference, &[])
        }
        // Whether the keys of each map are sorted.
        DataType::Map => writer.table(reference, &[Slot::Byte(0)]),
        DataType::IntervalMonthDayNano => writer.table(reference, &[Slot::Short(unit::MONTH_DAY_NANO)]),
        DataType::Uint32 => writer.table(reference, &[Slot::Int(32), unsigned]),
        DataType::Uint64 => writer.table(reference, &[Slot::Int(64), unsigned]),
        DataType::Int16 => writer.table(reference, &[Slot::Int(16), signed]),
        DataType::Int32 => writer.table(reference, &[Slot::Int(32), signed]),
        DataType::Int64 => writer.table(reference, &[Slot::Int(64), signed]),
        DataType::Float32 => writer.table(reference, &[Slot::Short(unit::SINGLE)]),
        DataType::Float64 => writer.table(reference, &[Slot::Short(unit::DOUBLE)]),
        DataType::Decimal128(precision, scale) => writer.table(reference, &decimal(precision, scale, 128)),
        DataType::Decimal256(precision, scale) => writer.table(reference, &decimal(precision, scale, 256)),
        DataType::FixedSizeBinary(width) => writer.table(reference, &[Slot::Int(width as i32)]),
        DataType::Date32 => writer.table(reference, &[Slot::Short(unit::DAY)]),
        DataType::Time64 => writer.table(reference, &[Slot::Short(unit::MICROSECOND), Slot::Int(64)]),
        DataType::Timestamp => writer.table(reference, &[Slot::Short(unit::MICROSECOND)]),
        DataType::TimestampUtc => {
            let table = writer.table(reference, &[Slot::Short(unit::MICROSECOND), Slot::Reference]);
            writer.string(table.of(1), m::UTC);
            table
        }
    };
}
