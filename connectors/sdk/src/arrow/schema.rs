// SPDX-License-Identifier: Apache-2.0

//! What a batch consists of: the part of Arrow's schema that the ABI uses (docs/abi.md, section 7.3).

use std::fmt;

/// The keys of metadata that have a meaning to Rapidbyte.
pub mod metadata {
    /// Of a field: the source's own name of the type.
    pub const NATIVE_TYPE: &str = "rapidbyte:native_type";
    /// Of a field: [`ENCODING_TEXT`], or absent for the plain Arrow value.
    pub const ENCODING: &str = "rapidbyte:encoding";
    /// The value of [`ENCODING`] for a column that holds the text form of the native type.
    pub const ENCODING_TEXT: &str = "text";
    /// Of a field that holds text because of a value: the base64 of an Arrow IPC stream whose schema has one field, that of plain batches.
    pub const PLAIN_FIELD: &str = "rapidbyte:plain_field";
    /// Of a field: the name of an Arrow extension type.
    pub const EXTENSION_NAME: &str = "ARROW:extension:name";
    /// The value of [`EXTENSION_NAME`] on a `fixed_size_binary(16)`.
    pub const EXTENSION_UUID: &str = "arrow.uuid";
    /// The value of [`EXTENSION_NAME`] on a `utf8`.
    pub const EXTENSION_JSON: &str = "arrow.json";
    /// Of the schema: the stream's name.
    pub const STREAM: &str = "rapidbyte:stream";
    /// Of the schema: the schema of the relation.
    pub const NAMESPACE: &str = "rapidbyte:namespace";
    /// Of the schema: the relation.
    pub const TABLE: &str = "rapidbyte:table";
    /// Of the schema: a JSON array with the names of the primary key's columns.
    pub const PRIMARY_KEY: &str = "rapidbyte:primary_key";
    /// Of the schema: a JSON array with the names of the columns that say which of two versions of a row is the newer one, most significant first.
    pub const CURSOR: &str = "rapidbyte:cursor";
    /// Of the schema: what tells the units of the stream's plan from those of another plan, a short text without further meaning.
    pub const PLAN: &str = "rapidbyte:plan";
    /// Of the schema: a JSON object of what the types are made of that the native types name and that are not the system's.
    pub const TYPES: &str = "rapidbyte:types";
}

/// The type of a column. It prints itself the way the ABI writes it; one that has children without them, see [`Field::type_text`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    Bool,
    Int16,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Float32,
    Float64,
    /// Precision and scale.
    Decimal128(u8, i8),
    /// Precision and scale.
    Decimal256(u8, i8),
    Utf8,
    Binary,
    /// Bytes of each value.
    FixedSizeBinary(u32),
    /// Days since 1970-01-01.
    Date32,
    /// Microseconds since midnight.
    Time64,
    /// Microseconds since 1970-01-01T00:00:00 of a clock on an unnamed wall.
    Timestamp,
    /// Microseconds since 1970-01-01T00:00:00Z.
    TimestampUtc,
    /// Months and days as 32-bit integers, nanoseconds as a 64-bit one.
    IntervalMonthDayNano,
    /// Any number of values of the field's one child.
    List,
    /// A value of each of the field's children.
    Struct,
    /// Pairs: a list of structs of a key, which is never null, and a value.
    Map,
}

/// How the values of a column lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One bit a value.
    Bool,
    /// This many bytes a value.
    Fixed(usize),
    /// 32-bit offsets into a buffer of bytes.
    Var,
    /// 32-bit offsets into the one child.
    List,
    /// Nothing but the children.
    Struct,
}

impl Layout {
    /// How many buffers a column has, the validity bitmap included.
    pub(crate) fn buffer_count(self) -> usize {
        match self {
            Layout::Struct => 1,
            Layout::Bool | Layout::Fixed(_) | Layout::List => 2,
            Layout::Var => 3,
        }
    }
}

impl DataType {
    /// How the values lie in memory.
    pub fn layout(self) -> Layout {
        match self {
            DataType::Bool => Layout::Bool,
            DataType::Int16 => Layout::Fixed(2),
            DataType::Int32 | DataType::Uint32 | DataType::Float32 | DataType::Date32 => Layout::Fixed(4),
            DataType::Int64
            | DataType::Uint64
            | DataType::Float64
            | DataType::Time64
            | DataType::Timestamp
            | DataType::TimestampUtc => Layout::Fixed(8),
            DataType::Decimal128(..) | DataType::IntervalMonthDayNano => Layout::Fixed(16),
            DataType::Decimal256(..) => Layout::Fixed(32),
            DataType::FixedSizeBinary(width) => Layout::Fixed(width as usize),
            DataType::Utf8 | DataType::Binary => Layout::Var,
            DataType::List | DataType::Map => Layout::List,
            DataType::Struct => Layout::Struct,
        }
    }
}

impl DataType {
    /// The bytes of each value in memory, rounded up, where all have the same.
    pub fn fixed_width(self) -> Option<usize> {
        match self.layout() {
            Layout::Bool => Some(1),
            Layout::Fixed(width) => Some(width),
            Layout::Var | Layout::List | Layout::Struct => None,
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataType::Bool => formatter.write_str("bool"),
            DataType::Int16 => formatter.write_str("int16"),
            DataType::Int32 => formatter.write_str("int32"),
            DataType::Int64 => formatter.write_str("int64"),
            DataType::Uint32 => formatter.write_str("uint32"),
            DataType::Uint64 => formatter.write_str("uint64"),
            DataType::Float32 => formatter.write_str("float32"),
            DataType::Float64 => formatter.write_str("float64"),
            DataType::Decimal128(precision, scale) => write!(formatter, "decimal128({},{})", precision, scale),
            DataType::Decimal256(precision, scale) => write!(formatter, "decimal256({},{})", precision, scale),
            DataType::Utf8 => formatter.write_str("utf8"),
            DataType::Binary => formatter.write_str("binary"),
            DataType::FixedSizeBinary(width) => write!(formatter, "fixed_size_binary({})", width),
            DataType::Date32 => formatter.write_str("date32"),
            DataType::Time64 => formatter.write_str("time64(us)"),
            DataType::Timestamp => formatter.write_str("timestamp(us)"),
            DataType::TimestampUtc => formatter.write_str("timestamp(us,UTC)"),
            DataType::IntervalMonthDayNano => formatter.write_str("interval(month_day_nano)"),
            DataType::List => formatter.write_str("list"),
            DataType::Struct => formatter.write_str("struct"),
            DataType::Map => formatter.write_str("map"),
        }
    }
}

/// One column of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub data_type: DataType,
    pub nullable: bool,
    /// One for a list or a map, any number for a struct, none for everything else.
    pub children: Vec<Field>,
    /// Keys and values in the order they were added.
    pub metadata: Vec<(String, String)>,
}

/// The names that Arrow recommends for the children of lists and maps.
mod child_name {
    pub const ITEM: &str = "item";
    pub const ENTRIES: &str = "entries";
    pub const KEY: &str = "key";
    pub const VALUE: &str = "value";
}

impl Field {
    pub fn new(name: impl Into<String>, data_type: DataType, nullable: bool) -> Field {
        Field {
            name: name.into(),
            data_type,
            nullable,
            children: Vec::new(),
            metadata: Vec::new(),
        }
    }

    /// A list of values like those of `item`, whose name does not matter.
    pub fn list(name: impl Into<String>, mut item: Field, nullable: bool) -> Field {
        item.name = child_name::ITEM.into();
        Field::new(name, DataType::List, nullable).with_children(vec![item])
    }

    /// A struct of these fields.
    pub fn structure(name: impl Into<String>, fields: Vec<Field>, nullable: bool) -> Field {
        Field::new(name, DataType::Struct, nullable).with_children(fields)
    }

    /// A map from values of one type to values of another, which may be null.
    pub fn map(name: impl Into<String>, key: DataType, value: DataType, nullable: bool) -> Field {
        let pair = vec![
            Field::new(child_name::KEY, key, false),
            Field::new(child_name::VALUE, value, true),
        ];
        let entries = Field::structure(child_name::ENTRIES, pair, false);
        Field::new(name, DataType::Map, nullable).with_children(vec![entries])
    }

    #[must_use]
    pub fn with_children(mut self, children: Vec<Field>) -> Field {
        self.children = children;
        self
    }

    /// The type with those of its children, the way the ABI writes it: `list<int32>`.
    pub fn type_text(&self) -> String {
        let of_children = |children: &[Field]| children.iter().map(Field::type_text).collect::<Vec<_>>().join(", ");
        match self.data_type {
            DataType::List => format!("list<{}>", of_children(&self.children)),
            DataType::Struct => {
                let members = self.children.iter();
                let members = members.map(|child| format!("{}: {}", child.name, child.type_text()));
                format!("struct<{}>", members.collect::<Vec<_>>().join(", "))
            }
            DataType::Map => match self.children.first() {
                Some(entries) => format!("map<{}>", of_children(&entries.children)),
                None => self.data_type.to_string(),
            },
            flat => flat.to_string(),
        }
    }

    /// How many fields it is together with its children, theirs and so on.
    pub(crate) fn count(&self) -> usize {
        1 + self.children.iter().map(Field::count).sum::<usize>()
    }

    /// How many buffers a column of it has, with those of its children.
    pub(crate) fn buffer_count(&self) -> usize {
        let children = self.children.iter().map(Field::buffer_count);
        self.data_type.layout().buffer_count() + children.sum::<usize>()
    }

    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Field {
        self.metadata.push((key.into(), value.into()));
        self
    }

    /// The value of a key of the metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        find(&self.metadata, key)
    }
}

/// The columns of a batch and what is said of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    pub fields: Vec<Field>,
    /// Keys and values in the order they were added.
    pub metadata: Vec<(String, String)>,
}

impl Schema {
    pub fn new(fields: Vec<Field>) -> Schema {
        Schema {
            fields,
            metadata: Vec::new(),
        }
    }

    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Schema {
        self.metadata.push((key.into(), value.into()));
        self
    }

    /// The value of a key of the metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        find(&self.metadata, key)
    }

    /// Where the column of this name is.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}

fn find<'a>(metadata: &'a [(String, String)], key: &str) -> Option<&'a str> {
    metadata
        .iter()
        .find(|(candidate, _)| candidate == key)
        .map(|(_, value)| value.as_str())
}
