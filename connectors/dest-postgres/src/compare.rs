// SPDX-License-Identifier: Apache-2.0

//! Whether a table that exists is one a stream can be written into.

use crate::catalog::{ExistingColumn, ExistingTable};
use crate::error_context::column_error;
use crate::names::Target;
use crate::type_name::TypeName;
use crate::wanted::WantedColumn;
use crate::wire_type::widens;
use rapidbyte_sdk::Error;

/// Types that are all text, and differ in length and padding only; the server refuses what is too long.
const INTERCHANGEABLE: [&str; 3] = ["text", "varchar", "bpchar"];

/// Whether the table has the columns of the stream, with the same types, and no others: then a table made like it can
/// take its place.
pub fn is_same(wanted: &[WantedColumn], table: &ExistingTable) -> bool {
    let same = |wanted: &WantedColumn, column: &ExistingColumn| {
        let same_modifiers = |name| wanted.type_name.same_modifiers(name);
        wanted.type_oid == column.type_oid
            && !column.is_generated
            && column.type_name.as_ref().map_or(false, same_modifiers)
    };
    wanted.len() == table.columns.len()
        && wanted
            .iter()
            .all(|wanted| table.column(&wanted.name).map_or(false, |column| same(wanted, column)))
}

/// How the values of a stream's column fit into a target's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    Holds,
    /// Unchanged, or not at all: the server refuses what is too long.
    TooShort,
    /// Values would be changed, or cannot be written.
    Differs,
}

/// How a stream's column fits into a target's.
#[inline(never)]
pub fn fit(wanted: &WantedColumn, column: &ExistingColumn) -> Fit {
    if !holds(wanted, column) {
        return Fit::Differs;
    }
    match &column.base_name {
        Some(room) if is_too_short(room, &wanted.type_name) => Fit::TooShort,
        _ => Fit::Holds,
    }
}

/// Whether a type of texts or bits is limited to less than the other.
fn is_too_short(room: &TypeName, wanted: &TypeName) -> bool {
    let limit = |name: &TypeName| name.numbers().and_then(|numbers| numbers.first().copied());
    let is_limited = matches!(room.name.as_str(), "varchar" | "bpchar" | "bit" | "varbit");
    match (limit(room), limit(wanted)) {
        (None, _) => false,
        (Some(room_bits), Some(bits)) if room.name == "bit" => room_bits != bits,
        (Some(room), Some(length)) => is_limited && length > room,
        (Some(_), None) => is_limited,
    }
}

fn holds(wanted: &WantedColumn, column: &ExistingColumn) -> bool {
    let existing = match &column.type_name {
        Some(name) => name,
        None => return wanted.type_oid == column.type_oid,
    };
    if wanted.type_oid == column.type_oid {
        return wanted.type_name.fits_into(existing) && !loses_blanks(&wanted.type_name, existing);
    }
    let is_text = |name: &TypeName| !name.array && INTERCHANGEABLE.contains(&name.name.as_str());
    if is_text(&wanted.type_name) && is_text(existing) {
        return true;
    }
    match (
        widens(wanted.data_type, column.target_type.wire()),
        column.base_name.as_ref().and_then(TypeName::numeric_bounds),
    ) {
        (Some(digits), Some((precision, scale))) => scale >= 0 && precision - scale >= digits,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// Whether the server would cut off blanks at the end of elements of an array without a word. The values of a column are looked at here.
fn loses_blanks(wanted: &TypeName, existing: &TypeName) -> bool {
    existing.array && matches!(existing.name.as_str(), "varchar" | "bpchar") && is_too_short(existing, wanted)
}

/// The error for a target's column that does not hold the stream's values.
#[inline(never)]
pub fn other_type(target: &Target, column: &WantedColumn, existing: &ExistingColumn) -> Error {
    let problem = format!(
        "is {} in the stream and {} in the target {}",
        column.type_name.shown(),
        existing.type_text,
        target.display()
    );
    column_error(&target.stream, &column.name, problem)
        .hint("change the type of the target's column, write into another table, or set type_change to coerce or null")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::RelationKind;
    use crate::column_rules::ColumnRules;
    use crate::drift::{check_columns, check_policies};
    use crate::target_type::{BaseType, TargetType};
    use crate::wire_type::WireType;
    use rapidbyte_sdk::arrow::DataType;
    use rapidbyte_sdk::SchemaEvolution;

    fn wanted(name: &str, type_text: &str, type_oid: u32, data_type: DataType) -> WantedColumn {
        let type_name = TypeName::parse(type_text).unwrap();
        WantedColumn {
            name: name.into(),
            nullable: true,
            data_type,
            type_name,
            type_oid,
            misfit: None,
        }
    }

    fn existing(name: &str, type_text: &str, type_oid: u32, wire: WireType) -> ExistingColumn {
        ExistingColumn {
            name: name.into(),
            type_oid,
            type_text: type_text.into(),
            type_name: TypeName::parse(type_text),
            base_name: TypeName::parse(type_text),
            is_generated: false,
            target_type: TargetType::Base(BaseType::Column(wire)),
            cast: String::new(),
        }
    }

    fn table(columns: Vec<ExistingColumn>) -> ExistingTable {
        ExistingTable {
            oid: 1,
            kind: RelationKind::Table,
            is_related: false,
            has_row_security: false,
            columns,
        }
    }

    fn target() -> Target {
        Target {
            stream: "orders".into(),
            schema: "shop".into(),
            table: "Orders".into(),
            side_table: "_".into(),
        }
    }

    fn append(wanted: WantedColumn, existing: ExistingColumn) -> std::result::Result<(), String> {
        let table = table(vec![existing]);
        let (wanted, evolution) = ([wanted], SchemaEvolution::default());
        check_columns(&target(), &wanted, &table, evolution)
            .and_then(|()| check_policies(&target(), evolution, &wanted, &table, &ColumnRules::default()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_same_type_and_texts_of_any_length_are_taken() {
        let text = wanted("a", "text", 25, DataType::Utf8);
        assert_eq!(append(text.clone(), existing("a", "text", 25, WireType::Text)), Ok(()));
        assert_eq!(
            append(text, existing("a", "character varying(5)", 1043, WireType::Text)),
            Ok(())
        );
        let number = wanted("a", "numeric(10,2)", 1700, DataType::Decimal128(10, 2));
        assert_eq!(
            append(number, existing("a", "numeric", 1700, WireType::Numeric)),
            Ok(())
        );
    }

    #[test]
    fn wider_numbers_are_taken_when_every_value_fits() {
        let number = wanted("a", "integer", 23, DataType::Int32);
        assert_eq!(
            append(number.clone(), existing("a", "bigint", 20, WireType::Int8)),
            Ok(())
        );
        assert_eq!(
            append(number.clone(), existing("a", "numeric(12,2)", 1700, WireType::Numeric)),
            Ok(())
        );
        assert!(append(number.clone(), existing("a", "numeric(11,2)", 1700, WireType::Numeric)).is_err());
        assert!(append(number, existing("a", "smallint", 21, WireType::Int2)).is_err());
    }

    #[test]
    fn a_domain_takes_wider_numbers_by_what_it_is_of() {
        let number = wanted("a", "integer", 23, DataType::Int32);
        let domain = |base: &str| ExistingColumn {
            base_name: TypeName::parse(base),
            ..existing("a", "shop.amount", 5000, WireType::Numeric)
        };
        assert_eq!(append(number.clone(), domain("numeric")), Ok(()));
        assert_eq!(append(number.clone(), domain("numeric(12,2)")), Ok(()));
        assert!(append(number.clone(), domain("numeric(11,2)")).is_err());
        assert!(append(number, domain("numeric(12,-2)")).is_err());
    }

    #[test]
    fn a_type_that_differs_is_refused_where_it_is_used() {
        let differs = WantedColumn {
            misfit: Some("a.x is numeric(10,4) in the stream and numeric(10,2) at the destination".into()),
            ..wanted("a", "shop.pair", 5000, DataType::Int32)
        };
        let error = append(differs.clone(), existing("a", "shop.pair", 5000, WireType::Other)).unwrap_err();
        assert!(
            error.contains(
                "stream 'orders': column 'a' is shop.pair on both sides, but not the same there: a.x is numeric(10,4)"
            ),
            "{}",
            error
        );
        assert!(error.contains("ALTER"), "{}", error);
        assert_eq!(append(differs, existing("a", "bigint", 20, WireType::Int8)), Ok(()));
    }

    #[test]
    fn other_types_are_named_with_what_to_do() {
        let column = wanted("a", "timestamp(6) without time zone", 1114, DataType::Timestamp);
        let error = append(
            column,
            existing("a", "timestamp(3) without time zone", 1114, WireType::Timestamp),
        )
        .unwrap_err();
        assert!(
            error.contains("stream 'orders': column 'a' is timestamp(6) in the stream"),
            "{}",
            error
        );
        assert!(
            error.contains("timestamp(3) without time zone in the target shop.Orders"),
            "{}",
            error
        );
        assert!(error.contains("change the type"), "{}", error);
    }

    #[test]
    fn what_the_server_refuses_for_its_length_is_told_apart() {
        let of = |wanted_text: &str, existing_text: &str| {
            fit(
                &wanted("a", wanted_text, 1043, DataType::Utf8),
                &existing("a", existing_text, 1043, WireType::Text),
            )
        };
        assert_eq!(of("character varying(5)", "character varying(5)"), Fit::Holds);
        assert_eq!(of("character varying(6)", "character varying(5)"), Fit::TooShort);
        assert_eq!(of("text", "character(5)"), Fit::TooShort);
        assert_eq!(of("character varying(6)", "text"), Fit::Holds);
        assert_eq!(of("bit varying(6)", "bit varying(5)"), Fit::TooShort);
        assert_eq!(of("bit(4)", "bit(5)"), Fit::TooShort);
        assert_eq!(of("character varying(6)[]", "character varying(5)[]"), Fit::Differs);
        assert_eq!(of("character[]", "character(5)[]"), Fit::Holds);
        assert_eq!(of("bit varying(6)[]", "bit varying(5)[]"), Fit::TooShort);
        assert_eq!(of("numeric(5,2)", "numeric(4,2)"), Fit::Differs);
    }

    #[test]
    fn computed_columns_are_refused() {
        let column = ExistingColumn {
            is_generated: true,
            ..existing("a", "integer", 23, WireType::Int4)
        };
        assert!(append(wanted("a", "integer", 23, DataType::Int32), column)
            .unwrap_err()
            .contains("computes"));
    }

    #[test]
    fn tables_are_the_same_in_any_order_of_columns() {
        let columns = [
            wanted("a", "integer", 23, DataType::Int32),
            wanted("b", "numeric(5)", 1700, DataType::Decimal128(5, 0)),
        ];
        let a = existing("a", "integer", 23, WireType::Int4);
        let b = existing("b", "numeric(5,0)", 1700, WireType::Numeric);
        assert!(is_same(&columns, &table(vec![b.clone(), a.clone()])));
        assert!(!is_same(&columns, &table(vec![a.clone()])));
        assert!(!is_same(&columns[..1], &table(vec![a.clone(), b.clone()])));
        assert!(!is_same(
            &columns,
            &table(vec![a.clone(), existing("b", "numeric(6,0)", 1700, WireType::Numeric)])
        ));
        assert!(!is_same(
            &columns,
            &table(vec![
                ExistingColumn {
                    is_generated: true,
                    ..a
                },
                b
            ])
        ));
    }
}
