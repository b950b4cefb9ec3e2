// SPDX-License-Identifier: Apache-2.0

//! Which Arrow columns can be written into which Postgres columns, and how.

use crate::encode::{Form, ValueForm};
use crate::target_type::TargetType;
use crate::type_name::TypeName;
use rapidbyte_sdk::arrow::{metadata, DataType, Field};

/// What a type's values look like in a binary COPY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireType {
    Boolean,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    /// The text itself: `text`, `varchar`, `bpchar`, `name`, `json`, enumerations, `citext`.
    Text,
    /// The number 1 and the text.
    Jsonb,
    /// The same: `jsonpath`.
    VersionedText,
    Bytea,
    Uuid,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    /// Anything else: it is made value by value, or written as text into a staging table and converted by the server.
    Other,
}

impl WireType {
    /// By the name of the function with which the server receives values; a domain has its base type's format.
    pub fn of_receive_function(name: &str) -> WireType {
        match name {
            "boolrecv" => WireType::Boolean,
            "int2recv" => WireType::Int2,
            "int4recv" => WireType::Int4,
            "int8recv" => WireType::Int8,
            "float4recv" => WireType::Float4,
            "float8recv" => WireType::Float8,
            "numeric_recv" => WireType::Numeric,
            // `xml` is not among them: what it receives is converted from the encoding that the document declares,
            // and a part of the declaration is lost.
            "textrecv" | "varcharrecv" | "bpcharrecv" | "namerecv" | "json_recv" | "enum_recv" | "citextrecv" => {
                WireType::Text
            }
            "jsonb_recv" => WireType::Jsonb,
            "jsonpath_recv" => WireType::VersionedText,
            "bytearecv" => WireType::Bytea,
            "uuid_recv" => WireType::Uuid,
            "date_recv" => WireType::Date,
            "time_recv" => WireType::Time,
            "timestamp_recv" => WireType::Timestamp,
            "timestamptz_recv" => WireType::TimestampTz,
            _ => WireType::Other,
        }
    }
}

/// How a column gets into its target.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// Straight.
    Direct(Form),
    /// Straight, value by value.
    Made(ValueForm),
    /// As text, which the server converts.
    Staged,
}

pub fn is_text_encoded(field: &Field) -> bool {
    field.metadata(metadata::ENCODING) == Some(metadata::ENCODING_TEXT) && field.data_type == DataType::Utf8
}

/// How a field of a batch gets into a column of that type; nothing when it cannot without changing values.
pub fn way(field: &Field, target: &TargetType) -> Option<Way> {
    let direct = direct_form(field, target.wire()).map(Way::Direct);
    direct
        .or_else(|| target.form(field).map(Way::Made))
        .or_else(|| json_form(field, target.wire()).map(Way::Made))
        .or_else(|| is_text_encoded(field).then(|| Way::Staged))
}

/// The form for columns that are written at a time.
pub fn direct_form(field: &Field, target: WireType) -> Option<Form> {
    if is_text_encoded(field) {
        return match target {
            WireType::Text => Some(Form::Bytes),
            WireType::VersionedText => Some(Form::VersionedBytes),
            WireType::Jsonb if is_json(field) => Some(Form::VersionedBytes),
            WireType::Numeric => Some(Form::NumericText),
            _ => None,
        };
    }
    Some(match (field.data_type, target) {
        (DataType::Bool, WireType::Boolean) => Form::Boolean,
        (DataType::Int16, WireType::Int2) => Form::Word16,
        (DataType::Int16, WireType::Int4) => Form::Int16ToInt32,
        (DataType::Int16, WireType::Int8) => Form::Int16ToInt64,
        (DataType::Int16, WireType::Numeric) => Form::Int16ToNumeric,
        (DataType::Int32, WireType::Int4) => Form::Word32,
        (DataType::Int32, WireType::Int8) => Form::Int32ToInt64,
        (DataType::Int32, WireType::Numeric) => Form::Int32ToNumeric,
        (DataType::Int64, WireType::Int8) => Form::Word64,
        (DataType::Int64, WireType::Numeric) => Form::Int64ToNumeric,
        (DataType::Float32, WireType::Float4) => Form::Word32,
        (DataType::Float32, WireType::Float8) => Form::Float32ToFloat64,
        (DataType::Float64, WireType::Float8) => Form::Word64,
        (DataType::Decimal128(_, scale), WireType::Numeric) => Form::Decimal128(scale.into()),
        (DataType::Decimal256(_, scale), WireType::Numeric) => Form::Decimal256(scale.into()),
        (DataType::Utf8, WireType::Text) => Form::Bytes,
        (DataType::Utf8, WireType::Jsonb | WireType::VersionedText) => Form::VersionedBytes,
        (DataType::Binary, WireType::Bytea) => Form::Bytes,
        (DataType::FixedSizeBinary(16), WireType::Uuid) => Form::Fixed(16),
        (DataType::FixedSizeBinary(width), WireType::Bytea) => Form::Fixed(width as usize),
        (DataType::Date32, WireType::Date) => Form::Date,
        (DataType::Time64, WireType::Time) => Form::Word64,
        (DataType::Timestamp, WireType::Timestamp) => Form::Timestamp,
        (DataType::TimestampUtc, WireType::TimestampTz) => Form::Timestamp,
        _ => return None,
    })
}

/// How values get into the `jsonb` that holds a type which the destination does not have.
fn json_form(field: &Field, target: WireType) -> Option<ValueForm> {
    let has_parts = matches!(field.data_type, DataType::Struct | DataType::Map | DataType::List);
    (target == WireType::Jsonb && (has_parts || is_text_encoded(field)))
        .then(|| ValueForm::Json(Box::new(field.clone())))
}

/// Whether a text is JSON already. The text form of a value of another type is a string in JSON.
fn is_json(field: &Field) -> bool {
    let native = field.metadata(metadata::NATIVE_TYPE).and_then(TypeName::parse);
    native.map_or(true, |native| {
        !native.array && matches!(native.name.as_str(), "json" | "jsonb")
    })
}

/// Decimal digits of the largest value, for types whose values are whole numbers that a wider type holds unchanged.
pub fn widens(data_type: DataType, target: WireType) -> Option<i32> {
    match (data_type, target) {
        (DataType::Int16, WireType::Int4 | WireType::Int8 | WireType::Numeric) => Some(5),
        (DataType::Int32, WireType::Int8 | WireType::Numeric) => Some(10),
        (DataType::Int64, WireType::Numeric) => Some(19),
        (DataType::Float32, WireType::Float8) => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target_type::BaseType;

    fn way(field: &Field, target: WireType) -> Option<Way> {
        super::way(field, &TargetType::Base(BaseType::Column(target)))
    }

    fn text_encoded() -> Field {
        Field::new("a", DataType::Utf8, true).with_metadata(metadata::ENCODING, metadata::ENCODING_TEXT)
    }

    #[test]
    fn text_goes_straight_where_the_wire_holds_text_or_a_number() {
        assert_eq!(way(&text_encoded(), WireType::Text), Some(Way::Direct(Form::Bytes)));
        assert_eq!(
            way(&text_encoded(), WireType::Numeric),
            Some(Way::Direct(Form::NumericText))
        );
        assert_eq!(
            way(&text_encoded(), WireType::VersionedText),
            Some(Way::Direct(Form::VersionedBytes))
        );
        assert_eq!(way(&text_encoded(), WireType::Timestamp), Some(Way::Staged));
    }

    #[test]
    fn values_are_never_changed() {
        let plain = |data_type| Field::new("a", data_type, true);
        assert_eq!(way(&plain(DataType::Int64), WireType::Int4), None);
        assert_eq!(way(&plain(DataType::Float64), WireType::Float4), None);
        assert_eq!(way(&plain(DataType::Utf8), WireType::Numeric), None);
        assert_eq!(way(&plain(DataType::Timestamp), WireType::TimestampTz), None);
        assert_eq!(way(&plain(DataType::FixedSizeBinary(15)), WireType::Uuid), None);
        assert_eq!(
            way(&plain(DataType::Int32), WireType::Int8),
            Some(Way::Direct(Form::Int32ToInt64))
        );
    }

    #[test]
    fn a_mark_of_text_on_another_type_means_nothing() {
        let field = Field::new("a", DataType::Int32, true).with_metadata(metadata::ENCODING, metadata::ENCODING_TEXT);
        assert_eq!(way(&field, WireType::Date), None);
    }
}
