// SPDX-License-Identifier: Apache-2.0

//! The type of a target's column, with all that it consists of, and how Arrow values get into it.

use crate::encode::{ArrayForm, Form, TextType, ValueForm};
use crate::wire_type::{direct_form, is_text_encoded, WireType};
use rapidbyte_sdk::arrow::{DataType, Field};
use rapidbyte_sdk::postgres::{TypeCatalog, TypeShape};

/// How deep types may be inside of one another.
const DEEPEST_TYPE: usize = 32;

/// How many types a type may consist of, those of its parts counted each time.
const MOST_PARTS: usize = 10_000;

/// A type of the server, domains taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetType {
    Base(BaseType),
    Array {
        element_oid: u32,
        element: Box<TargetType>,
        /// The number of the first element.
        first: i32,
    },
    /// Name, number and type of each field.
    Composite(Vec<(String, u32, TargetType)>),
    Range(Box<TargetType>),
    /// The type is the range's.
    Multirange(Box<TargetType>),
}

/// A type that consists of no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaseType {
    /// One that whole columns are written of at a time.
    Column(WireType),
    Oid,
    Xid8,
    Money,
    Interval,
    Timetz,
    Text(TextType),
    Point,
    Line,
    /// `lseg` and `box`: two points.
    TwoPoints,
    Circle,
    Path,
    Polygon,
    Hstore,
}

impl BaseType {
    /// By the name of the function with which the server receives values.
    fn of_receive_function(name: &str) -> BaseType {
        match name {
            "oidrecv" | "xidrecv" | "cidrecv" => BaseType::Oid,
            "xid8recv" => BaseType::Xid8,
            "cash_recv" => BaseType::Money,
            "interval_recv" => BaseType::Interval,
            "timetz_recv" => BaseType::Timetz,
            "inet_recv" => BaseType::Text(TextType::Inet),
            "cidr_recv" => BaseType::Text(TextType::Cidr),
            "macaddr_recv" => BaseType::Text(TextType::HardwareAddress(6)),
            "macaddr8_recv" => BaseType::Text(TextType::HardwareAddress(8)),
            "bit_recv" | "varbit_recv" => BaseType::Text(TextType::Bits),
            "tsvectorrecv" => BaseType::Text(TextType::TextSearchVector),
            "pg_lsn_recv" => BaseType::Text(TextType::LogPosition),
            "tidrecv" => BaseType::Text(TextType::RowPosition),
            "charrecv" => BaseType::Text(TextType::Char),
            "point_recv" => BaseType::Point,
            "line_recv" => BaseType::Line,
            "lseg_recv" | "box_recv" => BaseType::TwoPoints,
            "circle_recv" => BaseType::Circle,
            "path_recv" => BaseType::Path,
            "poly_recv" => BaseType::Polygon,
            "hstore_recv" => BaseType::Hstore,
            other => BaseType::Column(WireType::of_receive_function(other)),
        }
    }
}

impl TargetType {
    /// The type with this number; one that is not in the catalogue is one that values of text are cast to.
    pub fn resolve(types: &TypeCatalog, oid: u32) -> TargetType {
        let mut left = MOST_PARTS;
        TargetType::resolve_inside(types, oid, 0, &mut left)
            .unwrap_or(TargetType::Base(BaseType::Column(WireType::Other)))
    }

    fn resolve_inside(types: &TypeCatalog, oid: u32, depth: usize, left: &mut usize) -> Option<TargetType> {
        *left = left.checked_sub(1)?;
        let info = types.get(oid)?;
        if depth > DEEPEST_TYPE {
            return None;
        }
        let mut part = |oid| TargetType::resolve_inside(types, oid, depth + 1, left);
        Some(match &info.shape {
            TypeShape::Base | TypeShape::Enum => TargetType::Base(BaseType::of_receive_function(&info.receive)),
            TypeShape::Domain { base, .. } => part(*base)?,
            TypeShape::Array { element } => TargetType::Array {
                element_oid: *element,
                element: Box::new(part(*element)?),
                first: match info.receive.as_str() {
                    "int2vectorrecv" | "oidvectorrecv" => 0,
                    _ => 1,
                },
            },
            TypeShape::Composite(attributes) => {
                let fields = attributes.iter().map(|attribute| {
                    let field = part(attribute.type_oid)?;
                    Some((attribute.name.clone(), attribute.type_oid, field))
                });
                TargetType::Composite(fields.collect::<Option<Vec<_>>>()?)
            }
            TypeShape::Range { subtype } => TargetType::Range(Box::new(part(*subtype)?)),
            TypeShape::Multirange { range } => TargetType::Multirange(Box::new(part(*range)?)),
        })
    }

    /// The type whose columns are written at a time.
    pub fn wire(&self) -> WireType {
        match self {
            TargetType::Base(BaseType::Column(wire)) => *wire,
            _ => WireType::Other,
        }
    }

    /// How a value of the field gets into the type unchanged; `None` when it cannot.
    pub fn form(&self, field: &Field) -> Option<ValueForm> {
        match self {
            TargetType::Base(base) => base.form(field),
            TargetType::Array {
                element_oid,
                element,
                first,
            } => {
                let (form, dimensions) = element_form(field, element)?;
                Some(ValueForm::Array(ArrayForm {
                    element_oid: *element_oid,
                    element: Box::new(form),
                    dimensions,
                    first: *first,
                }))
            }
            TargetType::Composite(fields) => {
                if field.data_type != DataType::Struct || field.children.len() != fields.len() {
                    return None;
                }
                let forms = field.children.iter().zip(fields).map(|(child, (name, oid, target))| {
                    let form = target.form(child).filter(|_| child.name == *name)?;
                    Some((*oid, form))
                });
                forms.collect::<Option<Vec<_>>>().map(ValueForm::Composite)
            }
            TargetType::Range(bound) => {
                let bound = bound.form(range_bound(field)?)?;
                Some(ValueForm::Range(Box::new(bound)))
            }
            TargetType::Multirange(range) => {
                let range = range.form(only_child(field, DataType::List)?)?;
                Some(ValueForm::Multirange(Box::new(range)))
            }
        }
    }
}

impl BaseType {
    fn form(&self, field: &Field) -> Option<ValueForm> {
        let is = |data_type| field.data_type == data_type;
        match self {
            BaseType::Column(wire) => match (field.data_type, wire) {
                (DataType::Uint32, WireType::Int8) => Some(ValueForm::Uint32ToInt64),
                (DataType::Uint32 | DataType::Uint64, WireType::Numeric) => Some(ValueForm::UintToNumeric),
                _ => direct_form(field, *wire).map(ValueForm::Scalar),
            },
            BaseType::Oid => is(DataType::Uint32).then(|| ValueForm::Scalar(Form::Word32)),
            BaseType::Xid8 => is(DataType::Uint64).then(|| ValueForm::Scalar(Form::Word64)),
            BaseType::Money => matches!(field.data_type, DataType::Decimal128(_, 2)).then(|| ValueForm::Money),
            BaseType::Interval => is(DataType::IntervalMonthDayNano).then(|| ValueForm::Interval),
            BaseType::Text(text_type) => is_text_encoded(field).then(|| ValueForm::Text(*text_type)),
            BaseType::Timetz => match &structure(field)?[..] {
                [DataType::Time64, DataType::Int32] => {
                    let parts = vec![ValueForm::Scalar(Form::Word64), ValueForm::ZoneOffset];
                    Some(ValueForm::Packed(parts))
                }
                _ => None,
            },
            BaseType::Point => coordinates(field, 2),
            BaseType::Line => coordinates(field, 3),
            BaseType::TwoPoints => match &field.children[..] {
                [first, second] if is(DataType::Struct) => {
                    Some(ValueForm::Packed(vec![coordinates(first, 2)?, coordinates(second, 2)?]))
                }
                _ => None,
            },
            BaseType::Circle => match &field.children[..] {
                [center, radius] if is(DataType::Struct) && radius.data_type == DataType::Float64 => {
                    let radius = ValueForm::Scalar(Form::Word64);
                    Some(ValueForm::Packed(vec![coordinates(center, 2)?, radius]))
                }
                _ => None,
            },
            BaseType::Polygon => coordinates(only_child(field, DataType::List)?, 2).map(|_| ValueForm::Polygon),
            BaseType::Path => match &field.children[..] {
                [closed, points] if is(DataType::Struct) && closed.data_type == DataType::Bool => {
                    coordinates(only_child(points, DataType::List)?, 2).map(|_| ValueForm::Path)
                }
                _ => None,
            },
            BaseType::Hstore => match &structure(only_child(field, DataType::Map)?)?[..] {
                [DataType::Utf8, DataType::Utf8] => Some(ValueForm::Hstore),
                _ => None,
            },
        }
    }
}

/// The form of an array's elements, and how deep in lists they are.
fn element_form(field: &Field, element: &TargetType) -> Option<(ValueForm, usize)> {
    let child = only_child(field, DataType::List)?;
    match element.form(child) {
        Some(form) => Some((form, 1)),
        None => element_form(child, element).map(|(form, dimensions)| (form, dimensions + 1)),
    }
}

fn only_child(field: &Field, data_type: DataType) -> Option<&Field> {
    match &field.children[..] {
        [child] if field.data_type == data_type => Some(child),
        _ => None,
    }
}

/// The types of a struct's fields.
fn structure(field: &Field) -> Option<Vec<DataType>> {
    let types = || field.children.iter().map(|child| child.data_type).collect();
    (field.data_type == DataType::Struct).then(types)
}

/// A struct of so many numbers.
fn coordinates(field: &Field, count: usize) -> Option<ValueForm> {
    let types = structure(field)?;
    let fits = types.len() == count && types.iter().all(|data_type| *data_type == DataType::Float64);
    fits.then(|| ValueForm::Packed(vec![ValueForm::Scalar(Form::Word64); count]))
}

/// The bounds of a range, whose types have to be the same.
fn range_bound(field: &Field) -> Option<&Field> {
    const FLAGS: [DataType; 3] = [DataType::Bool; 3];
    let types = structure(field)?;
    let fits = types.len() == 5 && types[0] == types[1] && types[2..] == FLAGS;
    field.children.first().filter(|lower| {
        fits && lower.children == field.children[1].children && lower.metadata == field.children[1].metadata
    })
}
