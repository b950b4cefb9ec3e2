// SPDX-License-Identifier: Apache-2.0

//! Which type a target's column can get so that it holds what is in it, unchanged, and the stream's values as well.

use crate::type_name::{Modifier, TypeName};

/// A type that a column can be changed to without changing a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widening {
    pub type_name: TypeName,
    /// Whether the server has to write all of the table's rows again.
    pub rewrites: bool,
}

/// Microseconds: what a time has behind the point when nothing is said.
const MOST_FRACTIONAL_DIGITS: i32 = 6;

/// The type that holds all that both hold; nothing when there is none in which every value stays what it is. One that needs no rewrite is preferred.
///
/// Only types of the system are widened. A column never becomes text unless it is one of the types of text: its readers expect a number or a date.
pub fn widened(existing: &TypeName, wanted: &TypeName) -> Option<Widening> {
    if existing.array != wanted.array || !existing.is_system() || !wanted.is_system() {
        return None;
    }
    let (type_name, rewrites) = of_elements(existing, wanted)?;
    let type_name = TypeName {
        array: existing.array,
        ..type_name
    };
    // An array is taken apart and put together again.
    let rewrites = rewrites || existing.array;
    let is_other = type_name.name != existing.name || !type_name.same_modifiers(existing);
    is_other.then(|| Widening { type_name, rewrites })
}

fn of_elements(existing: &TypeName, wanted: &TypeName) -> Option<(TypeName, bool)> {
    let (from, to) = (existing.name.as_str(), wanted.name.as_str());
    match (from, to) {
        ("text" | "varchar" | "bpchar", "text" | "varchar" | "bpchar") => Some(text(existing, wanted)),
        ("bit" | "varbit", "bit" | "varbit") => Some((limited("varbit", longer(existing, wanted)), from == "bit")),
        ("numeric", "numeric") => Some((numeric(existing, wanted), false)),
        ("numeric", _) => integer_digits(to).map(|digits| (with_digits(existing, digits), false)),
        (_, "numeric") => integer_digits(from).map(|digits| (with_digits(wanted, digits), true)),
        ("int2", "int4" | "int8") | ("int4", "int8") => Some((TypeName::system(to), true)),
        ("float4", "float8") | ("int2", "float4" | "float8") | ("int4", "float8") => Some((TypeName::system(to), true)),
        // A float4 has fewer places than an int4 has digits.
        ("int4", "float4") => Some((TypeName::system("float8"), true)),
        ("date", "timestamp") => Some((wanted.clone(), true)),
        ("time", "time") | ("timetz", "timetz") | ("timestamp", "timestamp") | ("timestamptz", "timestamptz") => {
            Some((limited(from, more_fractional_digits(existing, wanted)), false))
        }
        ("interval", "interval") if existing.interval_fields.is_none() && wanted.interval_fields.is_none() => {
            Some((limited(from, more_fractional_digits(existing, wanted)), false))
        }
        ("interval", "interval") => Some((TypeName::system(from), false)),
        _ => None,
    }
}

fn text(existing: &TypeName, wanted: &TypeName) -> (TypeName, bool) {
    let (from, to) = (existing.name.as_str(), wanted.name.as_str());
    let name = match longer(existing, wanted) {
        length if from == "bpchar" && to == "bpchar" => return (limited("bpchar", length), true),
        None if from == "text" || to == "text" => TypeName::system("text"),
        length => limited("varchar", length),
    };
    // Blanks that only fill a `char(n)` up are no part of its value.
    (name, from == "bpchar")
}

fn numeric(existing: &TypeName, wanted: &TypeName) -> TypeName {
    match (existing.numeric_bounds(), wanted.numeric_bounds()) {
        (Some((precision, scale)), Some((other, same))) if scale == same => {
            TypeName::system_with("numeric", &[precision.max(other), scale])
        }
        // Another scale would have every row written again, no scale does not.
        _ => TypeName::system("numeric"),
    }
}

/// A `numeric` with room for so many digits before the point.
fn with_digits(numeric: &TypeName, digits: i32) -> TypeName {
    match numeric.numeric_bounds() {
        Some((precision, scale)) if scale >= 0 => {
            TypeName::system_with("numeric", &[digits.max(precision - scale) + scale, scale])
        }
        _ => TypeName::system("numeric"),
    }
}

fn integer_digits(name: &str) -> Option<i32> {
    match name {
        "int2" => Some(5),
        "int4" => Some(10),
        "int8" => Some(19),
        _ => None,
    }
}

fn limit(name: &TypeName) -> Option<i32> {
    match name.modifiers.first() {
        Some(Modifier::Number(number)) => Some(*number),
        _ => None,
    }
}

/// The greater of two lengths; nothing when one of them is not limited.
fn longer(one: &TypeName, other: &TypeName) -> Option<i32> {
    Some(limit(one)?.max(limit(other)?))
}

fn more_fractional_digits(one: &TypeName, other: &TypeName) -> Option<i32> {
    longer(one, other).filter(|digits| *digits < MOST_FRACTIONAL_DIGITS)
}

fn limited(name: &str, limit: Option<i32>) -> TypeName {
    match limit {
        Some(limit) => TypeName::system_with(name, &[limit]),
        None => TypeName::system(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(existing: &str, wanted: &str) -> Option<(String, bool)> {
        let parse = |text| TypeName::parse(text).unwrap();
        widened(&parse(existing), &parse(wanted)).map(|widening| (widening.type_name.shown(), widening.rewrites))
    }

    #[test]
    fn what_can_grow_in_place_does() {
        for (existing, wanted, expected) in [
            ("character varying(5)", "character varying(9)", "varchar(9)"),
            ("character varying(5)", "text", "text"),
            ("character varying(5)", "character varying", "varchar"),
            ("bit varying(4)", "bit varying(8)", "varbit(8)"),
            ("numeric(10,2)", "numeric(12,2)", "numeric(12,2)"),
            ("numeric(10,2)", "numeric(12,4)", "numeric"),
            ("numeric(10,2)", "numeric", "numeric"),
            ("numeric(5,2)", "integer", "numeric(12,2)"),
            (
                "timestamp(0) without time zone",
                "timestamp(3) without time zone",
                "timestamp(3)",
            ),
            ("timestamp(3) with time zone", "timestamp with time zone", "timestamptz"),
            ("time(3) without time zone", "time(6) without time zone", "time"),
            ("interval(3)", "interval", "interval"),
            ("interval day", "interval year", "interval"),
        ] {
            assert_eq!(
                shown(existing, wanted),
                Some((expected.into(), false)),
                "{} {}",
                existing,
                wanted
            );
        }
    }

    #[test]
    fn what_is_stored_in_another_form_is_written_again() {
        for (existing, wanted, expected) in [
            ("smallint", "integer", "int4"),
            ("integer", "bigint", "int8"),
            ("bigint", "numeric", "numeric"),
            ("integer", "numeric(6,2)", "numeric(12,2)"),
            ("real", "double precision", "float8"),
            ("integer", "real", "float8"),
            ("date", "timestamp(3) without time zone", "timestamp(3)"),
            ("character(3)", "character(5)", "bpchar(5)"),
            ("character(3)", "character varying(5)", "varchar(5)"),
            ("integer[]", "bigint[]", "int8[]"),
            ("character varying(3)[]", "text[]", "text[]"),
            ("bit(4)", "bit(8)", "varbit(8)"),
        ] {
            assert_eq!(
                shown(existing, wanted),
                Some((expected.into(), true)),
                "{} {}",
                existing,
                wanted
            );
        }
    }

    #[test]
    fn types_whose_values_would_change_stay() {
        for (existing, wanted) in [
            ("bigint", "integer"),
            ("bigint", "double precision"),
            ("double precision", "real"),
            ("integer", "text"),
            ("text", "integer"),
            ("date", "timestamp with time zone"),
            ("timestamp without time zone", "timestamp with time zone"),
            ("timestamp without time zone", "date"),
            ("json", "jsonb"),
            ("integer", "bigint[]"),
            ("shop.amount", "bigint"),
            ("integer", "shop.amount"),
            ("text", "character varying(5)"),
        ] {
            assert_eq!(shown(existing, wanted), None, "{} {}", existing, wanted);
        }
    }
}
