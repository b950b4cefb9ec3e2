// SPDX-License-Identifier: Apache-2.0

//! The one place that says which Arrow type a Postgres type becomes.

use rapidbyte_sdk::arrow::{metadata, schema_as_base64, DataType, Field, Schema};
use rapidbyte_sdk::postgres::{quote_identifier, TypeCatalog, TypeInfo, TypeShape};
use serde::{Deserialize, Serialize};

/// The widest decimals of Arrow.
const MOST_DECIMAL_DIGITS: i32 = 76;
const MOST_DECIMAL_DIGITS_OF_128_BITS: i32 = 38;

/// The bytes that Postgres adds to the modifier of a type.
const MODIFIER_HEADER: i32 = 4;

/// How deep types may be inside of one another; what is deeper travels as text.
const DEEPEST_TYPE: usize = 12;

/// How many types a type may consist of, those of its parts counted each time; what consists of more travels as text.
const MOST_PARTS: usize = 1000;

/// The most dimensions that an array of Postgres can have.
const MOST_DIMENSIONS: i32 = 6;

/// Digits and decimal places of `money`, which is a 64-bit number of hundredths: sessions set `lc_monetary` to `C`.
const MONEY: DataType = DataType::Decimal128(19, 2);

/// How a column is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// A type whose binary form is its text: enumerations and `citext`.
    TextLike,
    /// A type whose binary form is a version and its text: `jsonpath`.
    VersionedText,
    /// `oid`, `xid` and `cid`.
    Oid,
    Xid8,
    Money,
    Interval,
    /// Seconds that a clock is behind UTC, as a part of [`Packed::Timetz`].
    ZoneOffset,
    /// A type that Arrow has no equal of, and whose text form is made from its binary form here.
    Formatted(Formatted),
    Packed(Packed),
    /// Whether it is closed, and its points.
    Path,
    /// Its points.
    Polygon,
    Array(Array),
    Composite(Vec<Part>),
    Range(Box<Part>),
    /// The part is the range.
    Multirange(Box<Part>),
    Hstore,
    /// A type that Arrow has no equal of: the server turns it into text. Among them is `xml`, whose binary form lacks a
    /// part of the document's declaration.
    Other,
}

/// A type inside of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Of a composite type's field; elsewhere empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    pub native_type: String,
}

/// An array whose values all have the number of dimensions that was declared, or are empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Array {
    pub element: Box<Part>,
    /// At least one.
    pub dimensions: u8,
    /// The number of the first element in each dimension.
    pub first: i32,
}

/// A type as a column, a field or a domain declares it.
#[derive(Clone, Copy, Debug)]
pub struct Declaration<'a> {
    pub oid: u32,
    pub modifier: i32,
    /// Of an array.
    pub dimensions: i32,
    /// The server's name of it, with modifiers.
    pub native_type: &'a str,
}

impl<'a> Declaration<'a> {
    /// The type without anything more.
    fn of(types: &'a TypeCatalog, oid: u32) -> Option<Declaration<'a>> {
        Some(Declaration {
            oid,
            modifier: -1,
            dimensions: 0,
            native_type: &types.get(oid)?.shown,
        })
    }
}

/// The types of [`ColumnType::Formatted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Formatted {
    /// `inet` and `cidr`.
    Address,
    /// `macaddr` and `macaddr8`.
    HardwareAddress,
    /// `bit` and `bit varying`.
    Bits,
    TextSearchVector,
    LogPosition,
    RowPosition,
    /// `"char"`.
    Char,
}

/// Types whose parts all have a fixed width and lie behind one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Packed {
    Point,
    Line,
    Segment,
    Box,
    Circle,
    Timetz,
}

impl Packed {
    /// Name, type and width on the wire of each part.
    pub fn parts(self) -> &'static [(&'static str, ColumnType, usize)] {
        const COORDINATE: ColumnType = ColumnType::Float8;
        const POINT: ColumnType = ColumnType::Packed(Packed::Point);
        match self {
            Packed::Point => &[("x", COORDINATE, 8), ("y", COORDINATE, 8)],
            Packed::Line => &[("a", COORDINATE, 8), ("b", COORDINATE, 8), ("c", COORDINATE, 8)],
            Packed::Segment => &[("start", POINT, 16), ("end", POINT, 16)],
            Packed::Box => &[("high", POINT, 16), ("low", POINT, 16)],
            Packed::Circle => &[("center", POINT, 16), ("radius", COORDINATE, 8)],
            Packed::Timetz => &[
                ("time", ColumnType::Time, 8),
                ("utc_offset_seconds", ColumnType::ZoneOffset, 4),
            ],
        }
    }

    /// Bytes of a value.
    pub fn width(self) -> usize {
        self.parts().iter().map(|(_, _, width)| width).sum()
    }
}

impl ColumnType {
    /// The type for a type of the server that consists of nothing else, by its name in `pg_catalog` and its modifier; everything
    /// that is not in that schema is [`ColumnType::Other`].
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
            "jsonpath" => ColumnType::VersionedText,
            "oid" | "xid" | "cid" => ColumnType::Oid,
            "xid8" => ColumnType::Xid8,
            "money" => ColumnType::Money,
            "interval" => ColumnType::Interval,
            "inet" | "cidr" => ColumnType::Formatted(Formatted::Address),
            "macaddr" | "macaddr8" => ColumnType::Formatted(Formatted::HardwareAddress),
            "bit" | "varbit" => ColumnType::Formatted(Formatted::Bits),
            "tsvector" => ColumnType::Formatted(Formatted::TextSearchVector),
            "pg_lsn" => ColumnType::Formatted(Formatted::LogPosition),
            "tid" => ColumnType::Formatted(Formatted::RowPosition),
            "char" => ColumnType::Formatted(Formatted::Char),
            "timetz" => ColumnType::Packed(Packed::Timetz),
            "point" => ColumnType::Packed(Packed::Point),
            "line" => ColumnType::Packed(Packed::Line),
            "lseg" => ColumnType::Packed(Packed::Segment),
            "box" => ColumnType::Packed(Packed::Box),
            "circle" => ColumnType::Packed(Packed::Circle),
            "path" => ColumnType::Path,
            "polygon" => ColumnType::Polygon,
            _ => ColumnType::Other,
        }
    }

    /// The type for any type of the server.
    pub fn resolve(types: &TypeCatalog, declaration: &Declaration<'_>) -> ColumnType {
        let mut left = MOST_PARTS;
        ColumnType::resolve_inside(types, declaration, 0, &mut left).unwrap_or(ColumnType::Other)
    }

    /// `None` for what has no binary form that is known.
    fn resolve_inside(
        types: &TypeCatalog,
        declaration: &Declaration<'_>,
        depth: usize,
        left: &mut usize,
    ) -> Option<ColumnType> {
        *left = left.checked_sub(1)?;
        let info = types.get(declaration.oid)?;
        if depth > DEEPEST_TYPE {
            return None;
        }
        let mut part = |declaration: Declaration<'_>| ColumnType::part(types, &declaration, depth + 1, left);
        match &info.shape {
            TypeShape::Base => match ColumnType::of_base(info, declaration.modifier) {
                ColumnType::Other => None,
                known => Some(known),
            },
            TypeShape::Enum => Some(ColumnType::TextLike),
            TypeShape::Domain {
                base,
                modifier,
                dimensions,
                declared,
            } => part(Declaration {
                oid: *base,
                modifier: *modifier,
                dimensions: *dimensions,
                native_type: declared,
            })
            .map(|base| base.column_type),
            TypeShape::Array { element } => {
                let is_vector = info.schema == "pg_catalog" && matches!(info.name.as_str(), "int2vector" | "oidvector");
                Some(ColumnType::Array(Array {
                    element: Box::new(part(Declaration {
                        modifier: declaration.modifier,
                        native_type: match declaration.native_type.strip_suffix("[]") {
                            Some(element) => element,
                            None => &types.get(*element)?.shown,
                        },
                        ..Declaration::of(types, *element)?
                    })?),
                    dimensions: declaration.dimensions.clamp(1, MOST_DIMENSIONS) as u8,
                    first: if is_vector { 0 } else { 1 },
                }))
            }
            TypeShape::Composite(attributes) => {
                let fields = attributes.iter().map(|attribute| {
                    let field = part(Declaration {
                        oid: attribute.type_oid,
                        modifier: attribute.modifier,
                        dimensions: attribute.dimensions,
                        native_type: &attribute.declared,
                    })?;
                    Some(Part {
                        name: attribute.name.clone(),
                        ..field
                    })
                });
                fields.collect::<Option<Vec<_>>>().map(ColumnType::Composite)
            }
            TypeShape::Range { subtype } => {
                let bound = part(Declaration::of(types, *subtype)?)?;
                Some(ColumnType::Range(Box::new(bound)))
            }
            TypeShape::Multirange { range } => {
                let range = part(Declaration::of(types, *range)?)?;
                Some(ColumnType::Multirange(Box::new(range)))
            }
        }
    }

    fn part(types: &TypeCatalog, declaration: &Declaration<'_>, depth: usize, left: &mut usize) -> Option<Part> {
        Some(Part {
            name: String::new(),
            column_type: ColumnType::resolve_inside(types, declaration, depth, left)?,
            native_type: declaration.native_type.to_owned(),
        })
    }

    fn of_base(info: &TypeInfo, modifier: i32) -> ColumnType {
        match info.schema.as_str() {
            "pg_catalog" => ColumnType::of(&info.name, modifier),
            // Types of extensions, which can be in any schema.
            _ => match info.send.as_str() {
                "citextsend" => ColumnType::TextLike,
                "hstore_send" => ColumnType::Hstore,
                _ => ColumnType::Other,
            },
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

    /// The Arrow type of the column, without its children.
    pub fn data_type(&self) -> DataType {
        match *self {
            ColumnType::Bool => DataType::Bool,
            ColumnType::Int2 => DataType::Int16,
            ColumnType::Int4 | ColumnType::ZoneOffset => DataType::Int32,
            ColumnType::Int8 => DataType::Int64,
            ColumnType::Float4 => DataType::Float32,
            ColumnType::Float8 => DataType::Float64,
            ColumnType::Decimal { precision, scale } if i32::from(precision) <= MOST_DECIMAL_DIGITS_OF_128_BITS => {
                DataType::Decimal128(precision, scale)
            }
            ColumnType::Decimal { precision, scale } => DataType::Decimal256(precision, scale),
            ColumnType::NumericText
            | ColumnType::Text
            | ColumnType::Json
            | ColumnType::Jsonb
            | ColumnType::TextLike
            | ColumnType::VersionedText
            | ColumnType::Formatted(_)
            | ColumnType::Other => DataType::Utf8,
            ColumnType::Bytea => DataType::Binary,
            ColumnType::Date => DataType::Date32,
            ColumnType::Time => DataType::Time64,
            ColumnType::Timestamp => DataType::Timestamp,
            ColumnType::Timestamptz => DataType::TimestampUtc,
            ColumnType::Uuid => DataType::FixedSizeBinary(16),
            ColumnType::Oid => DataType::Uint32,
            ColumnType::Xid8 => DataType::Uint64,
            ColumnType::Money => MONEY,
            ColumnType::Interval => DataType::IntervalMonthDayNano,
            ColumnType::Packed(_) | ColumnType::Path | ColumnType::Composite(_) | ColumnType::Range(_) => {
                DataType::Struct
            }
            ColumnType::Polygon | ColumnType::Array(_) | ColumnType::Multirange(_) => DataType::List,
            ColumnType::Hstore => DataType::Map,
        }
    }

    /// The field of the column in a schema.
    pub fn field(&self, name: &str, native_type: &str, nullable: bool) -> Field {
        let field = self.field_of_type(name, nullable);
        let field = if native_type.is_empty() {
            field
        } else {
            field.with_metadata(metadata::NATIVE_TYPE, native_type)
        };
        match self {
            ColumnType::NumericText | ColumnType::Formatted(_) | ColumnType::Other => {
                field.with_metadata(metadata::ENCODING, metadata::ENCODING_TEXT)
            }
            ColumnType::Uuid => field.with_metadata(metadata::EXTENSION_NAME, metadata::EXTENSION_UUID),
            ColumnType::Json | ColumnType::Jsonb => {
                field.with_metadata(metadata::EXTENSION_NAME, metadata::EXTENSION_JSON)
            }
            _ => field,
        }
    }

    /// The field without metadata of its own.
    fn field_of_type(&self, name: &str, nullable: bool) -> Field {
        let points = || ColumnType::Packed(Packed::Point).field("", "", true);
        match self {
            ColumnType::Packed(packed) => {
                let parts = packed.parts().iter();
                let fields = parts.map(|(part, column_type, _)| column_type.field(part, "", true));
                Field::structure(name, fields.collect(), nullable)
            }
            ColumnType::Path => {
                let closed = Field::new("closed", DataType::Bool, true);
                Field::structure(name, vec![closed, Field::list("points", points(), true)], nullable)
            }
            ColumnType::Polygon => Field::list(name, points(), nullable),
            ColumnType::Array(array) => {
                let element = array.element.field("");
                let item = (1..array.dimensions).fold(element, |item, _| Field::list("", item, true));
                Field::list(name, item, nullable)
            }
            ColumnType::Composite(parts) => {
                let fields = parts.iter().map(|part| part.field(&part.name));
                Field::structure(name, fields.collect(), nullable)
            }
            ColumnType::Range(bound) => {
                let flag = |name: &str| Field::new(name, DataType::Bool, true);
                let fields = vec![
                    bound.field("lower"),
                    bound.field("upper"),
                    flag("lower_inclusive"),
                    flag("upper_inclusive"),
                    flag("empty"),
                ];
                Field::structure(name, fields, nullable)
            }
            ColumnType::Multirange(range) => Field::list(name, range.field(""), nullable),
            ColumnType::Hstore => Field::map(name, DataType::Utf8, DataType::Utf8, nullable),
            flat => Field::new(name, flat.data_type(), nullable),
        }
    }

    /// The field of the column in a batch where a value does not fit [`ColumnType::field`].
    pub fn text_field(&self, name: &str, native_type: &str, nullable: bool) -> Field {
        let plain = Schema::new(vec![self.field(name, native_type, nullable)]);
        Field::new(name, DataType::Utf8, nullable)
            .with_metadata(metadata::NATIVE_TYPE, native_type)
            .with_metadata(metadata::ENCODING, metadata::ENCODING_TEXT)
            // What a table has this column as must not depend on which batch comes first.
            .with_metadata(metadata::PLAIN_FIELD, schema_as_base64::to_base64(&plain))
    }

    /// The expression that selects the column.
    pub fn expression(&self, name: &str) -> String {
        match self {
            ColumnType::Other => format!("({})::text", quote_identifier(name)),
            _ => quote_identifier(name),
        }
    }
}

impl Part {
    fn field(&self, name: &str) -> Field {
        self.column_type.field(name, &self.native_type, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapidbyte_sdk::postgres::Attribute;

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

    /// Whoever gets the text first can make of the column what it is without it.
    #[test]
    fn a_field_of_text_says_what_the_field_is_in_plain_batches() {
        let amounts = ColumnType::Array(Array {
            element: Box::new(Part {
                name: String::new(),
                column_type: ColumnType::Uuid,
                native_type: "uuid".into(),
            }),
            dimensions: 1,
            first: 1,
        });
        let field = amounts.text_field("u", "shop.ids", false);
        let plain = schema_as_base64::from_base64(field.metadata(metadata::PLAIN_FIELD).unwrap()).unwrap();
        assert_eq!(plain.fields, [amounts.field("u", "shop.ids", false)]);
    }

    #[test]
    fn the_parts_of_a_type_have_their_modifiers() {
        let attribute = |name: &str, type_oid, declared: &str| Attribute {
            name: name.into(),
            type_oid,
            modifier: modifier(10, 4),
            dimensions: 0,
            declared: declared.into(),
        };
        let types = TypeCatalog::of([
            info(1, "numeric", TypeShape::Base),
            info(2, "_numeric", TypeShape::Array { element: 1 }),
            info(
                3,
                "pair",
                TypeShape::Composite(vec![
                    attribute("a", 1, "numeric(10,4)"),
                    attribute("b", 2, "numeric(10,4)[]"),
                ]),
            ),
        ]);
        let field = resolved(&types, 3).field("p", "shop.pair", true);
        let native = |field: &Field| field.metadata(metadata::NATIVE_TYPE).unwrap().to_owned();
        assert_eq!(native(&field), "shop.pair");
        assert_eq!(native(&field.children[0]), "numeric(10,4)");
        assert_eq!(native(&field.children[1]), "numeric(10,4)[]");
        assert_eq!(native(&field.children[1].children[0]), "numeric(10,4)");
    }

    #[test]
    fn other_types_are_turned_into_text_by_the_server() {
        assert_eq!(ColumnType::Other.expression("a\"b"), "(\"a\"\"b\")::text");
        assert_eq!(ColumnType::Int4.expression("id"), "\"id\"");
    }

    fn info(oid: u32, name: &str, shape: TypeShape) -> TypeInfo {
        TypeInfo {
            oid,
            schema: if shape == TypeShape::Base {
                "pg_catalog"
            } else {
                "public"
            }
            .into(),
            name: name.into(),
            shown: name.into(),
            send: String::new(),
            receive: String::new(),
            shape,
        }
    }

    /// A type with so many fields of one type.
    fn composite(oid: u32, fields: usize, of: u32) -> TypeInfo {
        let attribute = |number| Attribute {
            name: format!("a{}", number),
            type_oid: of,
            modifier: -1,
            dimensions: 0,
            declared: "t".into(),
        };
        info(oid, "c", TypeShape::Composite((0..fields).map(attribute).collect()))
    }

    fn resolved(types: &TypeCatalog, oid: u32) -> ColumnType {
        let declaration = Declaration {
            oid,
            modifier: -1,
            dimensions: 0,
            native_type: "t",
        };
        ColumnType::resolve(types, &declaration)
    }

    #[test]
    fn what_a_type_consists_of_is_resolved_as_deep_as_it_goes() {
        let types = TypeCatalog::of([
            info(1, "int4", TypeShape::Base),
            info(
                2,
                "d",
                TypeShape::Domain {
                    base: 3,
                    modifier: -1,
                    dimensions: 2,
                    declared: "int4[]".into(),
                },
            ),
            info(3, "_int4", TypeShape::Array { element: 1 }),
            composite(4, 2, 2),
            info(5, "unknown", TypeShape::Base),
            composite(6, 1, 5),
        ]);
        assert_eq!(
            resolved(&types, 4).field("c", "", true).type_text(),
            "struct<a0: list<list<int32>>, a1: list<list<int32>>>"
        );
        assert_eq!(resolved(&types, 6), ColumnType::Other);
        assert_eq!(resolved(&types, 99), ColumnType::Other);
    }

    /// Ten fields of a type of ten fields and so on are a billion parts.
    #[test]
    fn a_type_of_too_many_parts_travels_as_text() {
        let mut types = vec![info(1, "int4", TypeShape::Base)];
        types.extend((2..12).map(|oid| composite(oid, 10, oid - 1)));
        let types = TypeCatalog::of(types);
        assert_eq!(resolved(&types, 11), ColumnType::Other);
        assert_eq!(resolved(&types, 3).data_type(), DataType::Struct);
    }
}
