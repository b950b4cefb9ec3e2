// SPDX-License-Identifier: Apache-2.0

//! Reads encapsulated messages, and the schema from the first of them.

use super::flatbuffer_reader::{Malformed, Table};
use super::message::{self as m, type_kind, unit};
use super::schema::{DataType, Field, Schema};

/// The most bytes that the names and metadata of a schema may have together. A flatbuffer of little size can refer to one
/// text from many places, and each would be copied.
const MOST_TEXT: usize = 16 << 20;

/// What a text is counted with besides its length: there can be any number of empty ones, too.
const COST_OF_A_TEXT: usize = 16;

/// The most fields a schema may have, children included, for the same reason.
const MOST_FIELDS: usize = 65_536;

/// How deep fields may be inside of one another. Whoever follows them goes as deep on the stack.
const DEEPEST_FIELD: usize = 32;

/// One encapsulated message at the beginning of `bytes`.
pub struct Message<'a> {
    /// The message's header, a table of the expected kind.
    pub header: Table<'a>,
    pub body: &'a [u8],
    /// Where the next message begins.
    pub size: usize,
}

/// The metadata of the message at the beginning of `bytes`.
pub fn metadata_of(bytes: &[u8]) -> Result<&[u8], Malformed> {
    const TRUNCATED: Malformed = "it ends in the middle of a message";
    let prefix = bytes.get(..m::PREFIX_SIZE).ok_or(TRUNCATED)?;
    if prefix[..4] != m::CONTINUATION {
        return Err("a message does not begin with the continuation marker");
    }
    let size = u32::from_le_bytes([prefix[4], prefix[5], prefix[6], prefix[7]]) as usize;
    if size == 0 {
        return Err("it ends before the message that was expected");
    }
    if size % m::ALIGNMENT != 0 {
        return Err("the size of a message's metadata is not a multiple of 8");
    }
    let end = m::PREFIX_SIZE.checked_add(size).ok_or(TRUNCATED)?;
    bytes.get(m::PREFIX_SIZE..end).ok_or(TRUNCATED)
}

/// The message at the beginning of `bytes`, whose header must be of this kind.
pub fn read_message(bytes: &[u8], kind: u8) -> Result<Message<'_>, Malformed> {
    let metadata = metadata_of(bytes)?;
    let message = Table::root(metadata)?;
    if message.short(m::message::VERSION, 0)? != m::VERSION_5 {
        return Err("its metadata is not of version 5");
    }
    if message.byte(m::message::HEADER_TYPE)? != kind {
        return Err("its messages are not one schema and one record batch");
    }
    let header = message.table(m::message::HEADER)?.ok_or("a message has no header")?;
    let start = m::PREFIX_SIZE + metadata.len();
    let size = usize::try_from(message.long(m::message::BODY_LENGTH)?).map_err(|_| "a body has a negative length")?;
    let end = start.checked_add(size).ok_or("it ends in the middle of a body")?;
    let body = bytes.get(start..end).ok_or("it ends in the middle of a body")?;
    Ok(Message {
        header,
        body,
        size: end,
    })
}

/// Reads the schema message at the beginning of `bytes`.
pub fn read_schema(bytes: &[u8]) -> Result<Schema, Malformed> {
    let message = read_message(bytes, m::header::SCHEMA)?;
    if !message.body.is_empty() {
        return Err("its schema message has a body");
    }
    if message.header.short(m::schema::ENDIANNESS, 0)? != 0 {
        return Err("it is not little-endian");
    }
    let mut text = Texts {
        left: MOST_TEXT,
        fields_left: MOST_FIELDS,
    };
    let tables = message.header.tables(m::schema::FIELDS)?;
    let fields = read_fields(&tables, 0, &mut text)?;
    Ok(Schema {
        fields,
        metadata: read_metadata(&message.header, m::schema::METADATA, &mut text)?,
    })
}

/// Copies texts and fields as long as there are not too many.
struct Texts {
    left: usize,
    fields_left: usize,
}

impl Texts {
    fn copy(&mut self, table: &Table<'_>, field: usize) -> Result<String, Malformed> {
        let text = table.string(field)?.unwrap_or("");
        self.left = self
            .left
            .checked_sub(text.len() + COST_OF_A_TEXT)
            .ok_or("the names of its schema are too long")?;
        Ok(text.to_string())
    }
}

fn read_metadata(table: &Table<'_>, field: usize, text: &mut Texts) -> Result<Vec<(String, String)>, Malformed> {
    let entries = table.tables(field)?;
    let read = |entry: &Table<'_>| {
        Ok((
            text.copy(entry, m::key_value::KEY)?,
            text.copy(entry, m::key_value::VALUE)?,
        ))
    };
    entries.iter().map(read).collect()
}

fn read_fields(tables: &[Table<'_>], depth: usize, text: &mut Texts) -> Result<Vec<Field>, Malformed> {
    if depth > DEEPEST_FIELD {
        return Err("its columns are nested too deeply");
    }
    text.fields_left = text
        .fields_left
        .checked_sub(tables.len())
        .ok_or("its schema has too many fields")?;
    tables.iter().map(|table| read_field(table, depth, text)).collect()
}

fn read_field(table: &Table<'_>, depth: usize, text: &mut Texts) -> Result<Field, Malformed> {
    if table.is_present(m::field::DICTIONARY)? {
        return Err("it has a column with a dictionary");
    }
    let field = Field {
        name: text.copy(table, m::field::NAME)?,
        data_type: read_type(table)?,
        nullable: table.byte(m::field::NULLABLE)? != 0,
        children: read_fields(&table.tables(m::field::CHILDREN)?, depth + 1, text)?,
        metadata: read_metadata(table, m::field::METADATA, text)?,
    };
    match has_its_children(&field) {
        true => Ok(field),
        false => Err("it has a column without the children that its type asks for, or with others"),
    }
}

fn has_its_children(field: &Field) -> bool {
    let children = &field.children[..];
    match field.data_type {
        DataType::Struct => true,
        DataType::List => children.len() == 1,
        DataType::Map => match children {
            [entries] => entries.data_type == DataType::Struct && entries.children.len() == 2,
            _ => false,
        },
        _ => children.is_empty(),
    }
}

fn read_type(field: &Table<'_>) -> Result<DataType, Malformed> {
    const UNUSED: Malformed = "it has a column of a type that connectors do not exchange";
    let table = field.table(m::field::TYPE)?.ok_or("it has a column without a type")?;
    Ok(match field.byte(m::field::TYPE_KIND)? {
        type_kind::BOOL => DataType::Bool,
        type_kind::INT => match (table.int(0, 0)?, table.byte(1)?) {
            (16, 1) => DataType::Int16,
            (32, 1) => DataType::Int32,
            (64, 1) => DataType::Int64,
            (32, 0) => DataType::Uint32,
            (64, 0) => DataType::Uint64,
            _ => return Err(UNUSED),
        },
        type_kind::FLOATING_POINT => match table.short(0, 0)? {
            unit::SINGLE => DataType::Float32,
            unit::DOUBLE => DataType::Float64,
            _ => return Err(UNUSED),
        },
        type_kind::DECIMAL => read_decimal(&table)?,
        type_kind::UTF8 => DataType::Utf8,
        type_kind::BINARY => DataType::Binary,
        type_kind::FIXED_SIZE_BINARY => match u32::try_from(table.int(0, 0)?) {
            Ok(width) => DataType::FixedSizeBinary(width),
            Err(_) => return Err("it has a column of values of a negative size"),
        },
        type_kind::LIST => DataType::List,
        type_kind::STRUCT => DataType::Struct,
        type_kind::MAP => DataType::Map,
        type_kind::INTERVAL if table.short(0, 0)? == unit::MONTH_DAY_NANO => DataType::IntervalMonthDayNano,
        type_kind::DATE if table.short(0, unit::DEFAULT_DATE)? == unit::DAY => DataType::Date32,
        type_kind::TIME => match (table.short(0, unit::DEFAULT_TIME)?, table.int(1, 32)?) {
            (unit::MICROSECOND, 64) => DataType::Time64,
            _ => return Err(UNUSED),
        },
        type_kind::TIMESTAMP => match (table.short(0, 0)?, table.string(1)?) {
            (unit::MICROSECOND, None) => DataType::Timestamp,
            (unit::MICROSECOND, Some(m::UTC)) => DataType::TimestampUtc,
            _ => return Err(UNUSED),
        },
        _ => return Err(UNUSED),
    })
}

fn read_decimal(table: &Table<'_>) -> Result<DataType, Malformed> {
    let (precision, scale) = (u8::try_from(table.int(0, 0)?), i8::try_from(table.int(1, 0)?));
    match (table.int(2, 128)?, precision, scale) {
        (128, Ok(precision @ 1..=38), Ok(scale)) => Ok(DataType::Decimal128(precision, scale)),
        (256, Ok(precision @ 1..=76), Ok(scale)) => Ok(DataType::Decimal256(precision, scale)),
        _ => Err("it has a column of decimals of an impossible precision or scale"),
    }
}
