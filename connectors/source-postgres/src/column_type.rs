// SPDX-License-Identifier: Apache-2.0

//! The one place that says which Arrow type a Postgres type becomes.

use rapidbyte_sdk::arrow::{metadata, DataType, Field};
use rapidbyte_sdk::postgres::quote_identifier;
use serde::{Deserialize, Serialize};

/// The widest decimals of Arrow.
const MOST_DECIMAL_DIGITS: i32 = 76;
const MOST_DECIMAL_DIGITS_OF_128_BITS: i32 = 38;

/// The bytes that Postgres adds to the modifier of a type.
const MODIFIER_HEADER: i32 = 4;

/// How a column is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    /// A numeric that is declared with a precision and a scale that a decimal of Arrow can have.
    Decimal {
        precision: u8,
        scale: i8,
    },
    /// Any other numeric.
    NumericText,
    Text,
    Bytea,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Uuid,
    Json,
    Jsonb,
    /// A type that Arrow has no equal of: the server turns it into text.
    Other,
}

impl ColumnType {
    /// The type for a type of the server by its name in `pg_catalog` and its modifier; everything that is not in that
    /// schema is [`ColumnType::Other`].
    pub fn of(type_name: &str, modifier: i32) -> ColumnType {
        match type_name {
            "bool" => ColumnType::Bool,
            "int2" => ColumnType::Int2,
            "int4" => ColumnType::Int4,
            "int8" => ColumnType::Int8,
            "float4" => ColumnType::Float4,
            "float8" => ColumnType::Float8,
            "numeric" => ColumnType::of_numeric(modifier),
            "text" | "varchar" | "bpchar" | "name" => ColumnType::Text,
            "bytea" => ColumnType::Bytea,
            "date" => ColumnType::Date,
            "time" => ColumnType::Time,
            "timestamp" => ColumnType::Timestamp,
            "timestamptz" => ColumnType::Timestamptz,
            "uuid" => ColumnType::Uuid,
            "json" => ColumnType::Json,
            "jsonb" => ColumnType::Jsonb,
            _ => ColumnType::Other,
        }
    }

    /// Precision in the upper half of the modifier, scale in the lower 11 bits, which are signed since version 15.
    fn of_numeric(modifier: i32) -> ColumnType {
        if modifier < MODIFIER_HEADER {
            return ColumnType::NumericText;
        }
        let precision = ((modifier - MODIFIER_HEADER) >> 16) & 0xffff;
        let scale = (((modifier - MODIFIER_HEADER) & 0x7ff) ^ 0x400) - 0x400;
        match (u8::try_from(precision), i8::try_from(scale)) {
            (Ok(precision), Ok(scale)) if i32::from(precision) <= MOST_DECIMAL_DIGITS => {
                ColumnType::Decimal { precision, scale }
            }
            _ => ColumnType::NumericText,
        }
    }

    /// The Arrow type of the column.
    pub fn data_type(self) -> DataType {
        match self {
            ColumnType::Bool => DataType::Bool,
            ColumnType::Int2 => DataType::Int16,
            ColumnType::Int4 => DataType::Int32,
            ColumnType::Int8 => DataType::Int64,
            ColumnType::Float4 => DataType::Float32,
            ColumnType::Float8 => DataType::Float64,
            ColumnType::Decimal { precision, scale } if i32::from(precision) <= MOST_DECIMAL_DIGITS_OF_128_BITS => {
                DataType::Decimal128(precision, scale)
            }
            ColumnType::Decimal { precision, scale } => DataType::Decimal256(precision, scale),
            ColumnType::NumericText | ColumnType::Text | ColumnType::Json | ColumnType::Jsonb | ColumnType::Other => {
                DataType::Utf8
            }
            ColumnType::Bytea => DataType::Binary,
            ColumnType::Date => DataType::Date32,
            ColumnType::Time => DataType::Time64,
            ColumnType::Timestamp => DataType::Timestamp,
            ColumnType::Timestamptz => DataType::TimestampUtc,
            ColumnType::Uuid => DataType::FixedSizeBinary(16),
        }
    }

    /// The field of the column in a schema.
    pub fn field(self, name: &str, native_type: &str, nullable: bool) -> Field {
        let field = Field::new(name, self.data_type(), nullable).with_metadata(metadata::NATIVE_TYPE, native_type);
        match self {
            ColumnType::NumericText | ColumnType::Other => {
                field.with_metadata(metadata::ENCODING, metadata::ENCODING_TEXT)
            }
            ColumnType::Uuid => field.with_metadata(metadata::EXTENSION_NAME, metadata::EXTENSION_UUID),
            ColumnType::Json | ColumnType::Jsonb => {
                field.with_metadata(metadata::EXTENSION_NAME, metadata::EXTENSION_JSON)
            }
            _ => field,
        }
    }

    /// The field of the column in a batch where a value does not fit [`ColumnType::field`].
    pub fn text_field(self, name: &str, native_type: &str, nullable: bool) -> Field {
        Field::new(name, DataType::Utf8, nullable)
            .with_metadata(metadata::NATIVE_TYPE, native_type)
            .with_metadata(metadata::ENCODING, metadata::ENCODING_TEXT)
    }

    /// The expression that selects the column.
    pub fn expression(self, name: &str) -> String {
        match self {
            ColumnType::Other => format!("({})::text", quote_identifier(name)),
            _ => quote_identifier(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modifier(precision: i32, scale: i32) -> i32 {
        ((precision << 16) | (scale & 0x7ff)) + MODIFIER_HEADER
    }

    #[test]
    fn a_numeric_becomes_a_decimal_when_arrow_has_one_for_it() {
        assert_eq!(ColumnType::of("numeric", -1), ColumnType::NumericText);
        for (precision, scale, data_type) in [
            (10, 2, DataType::Decimal128(10, 2)),
            (38, 0, DataType::Decimal128(38, 0)),
            (39, 10, DataType::Decimal256(39, 10)),
            (76, 76, DataType::Decimal256(76, 76)),
            (3, -2, DataType::Decimal128(3, -2)),
            (5, 100, DataType::Decimal128(5, 100)),
            (77, 0, DataType::Utf8),
            (1000, 5, DataType::Utf8),
            (10, 200, DataType::Utf8),
            (10, -1000, DataType::Utf8),
        ] {
            assert_eq!(
                ColumnType::of("numeric", modifier(precision, scale)).data_type(),
                data_type
            );
        }
    }

    #[test]
    fn fields_carry_what_the_destination_needs() {
        let field = ColumnType::Jsonb.field("j", "jsonb", true);
        assert_eq!(field.metadata(metadata::NATIVE_TYPE), Some("jsonb"));
        assert_eq!(field.metadata(metadata::EXTENSION_NAME), Some("arrow.json"));
        assert_eq!(field.metadata(metadata::ENCODING), None);
        let field = ColumnType::Other.field("m", "public.mood", false);
        assert_eq!((field.data_type, field.nullable), (DataType::Utf8, false));
        assert_eq!(field.metadata(metadata::ENCODING), Some("text"));
        let field = ColumnType::Uuid.text_field("u", "uuid", false);
        assert_eq!(
            (field.data_type, field.metadata(metadata::EXTENSION_NAME)),
            (DataType::Utf8, None)
        );
    }

    #[test]
    fn other_types_are_turned_into_text_by_the_server() {
        assert_eq!(ColumnType::Other.expression("a\"b"), "(\"a\"\"b\")::text");
        assert_eq!(ColumnType::Int4.expression("id"), "\"id\"");
    }
}
