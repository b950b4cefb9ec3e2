// SPDX-License-Identifier: Apache-2.0

//! The columns that a stream wants its target to have.

use crate::error_context::column_error;
use crate::session::Session;
use crate::type_fit::{misfit, Declared, DeclaredTypes};
use crate::type_name::TypeName;
use crate::wire_type::is_text_encoded;
use rapidbyte_sdk::arrow::{metadata, schema_as_base64, DataType, Field, Schema};
use rapidbyte_sdk::postgres::{quote_identifier, quote_literal, TypeCatalog, TypeDefinitions};
use rapidbyte_sdk::{warn, Error, Result};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// A column as the stream wants it: a type that the destination has.
#[derive(Clone, Debug)]
pub struct WantedColumn {
    pub name: String,
    pub nullable: bool,
    pub data_type: DataType,
    /// With the schema in which the destination has it.
    pub type_name: TypeName,
    /// The type's number on the destination.
    pub type_oid: u32,
    /// How that type differs from the source's of the same name so that values could change.
    pub misfit: Option<String>,
}

impl WantedColumn {
    /// Fails when the type, though it has the name of the source's, does not hold all that the source's does.
    pub fn check_type(&self, stream: &str) -> Result<()> {
        let misfit = match &self.misfit {
            Some(misfit) => misfit,
            None => return Ok(()),
        };
        let problem = format!(
            "is {} on both sides, but not the same there: {}",
            self.type_name.shown(),
            misfit
        );
        Err(column_error(stream, &self.name, problem).hint(format!(
            "ALTER {} at the destination so that it is made like the source's, drop it there, which has the column written as what holds the \
             values, or leave the column out of the stream's 'columns'",
            self.type_name.quoted_base()
        )))
    }

    /// The column's line in a CREATE TABLE.
    pub fn definition(&self) -> String {
        let not_null = if self.nullable { "" } else { " NOT NULL" };
        format!(
            "{} {}{}",
            quote_identifier(&self.name),
            self.type_name.to_sql(),
            not_null
        )
    }
}

/// A type of the destination.
#[derive(Clone, Debug)]
struct KnownType {
    schema: String,
    name: String,
    oid: u32,
    /// Zero when there is none.
    array_oid: u32,
}

/// Decides the type of each column: the source's own when the destination has it, else what holds the Arrow type.
pub fn wanted_columns(session: &mut Session, stream: &str, schema: &Schema) -> Result<Vec<WantedColumn>> {
    check_names(stream, &schema.fields)?;
    let plain = schema.fields.iter().map(|field| plain_field(stream, field));
    let plain = plain.collect::<Result<Vec<_>>>()?;
    let native: Vec<_> = plain.iter().map(|field| native_type(field)).collect();
    let arrow: Vec<_> = plain.iter().map(|field| type_for(field)).collect();
    let known = known_types(session, native.iter().flatten().chain(&arrow))?;
    let native: Vec<_> = native
        .into_iter()
        .map(|name| name.and_then(|name| resolve(name, &known)))
        .collect();
    let misfits = misfits(session, stream, schema, &plain, &native)?;
    let mut columns = Vec::new();
    for (((field, resolved), arrow), misfit) in plain.iter().zip(native).zip(arrow).zip(misfits) {
        if resolved.is_none() {
            if let Some(written) = field.metadata(metadata::NATIVE_TYPE) {
                warn!(
                    "stream '{}': the destination has no type {:?}: column {:?} is written as {}",
                    stream,
                    written.chars().take(80).collect::<String>(),
                    field.name,
                    arrow.name
                );
            }
        }
        let (type_name, type_oid) = match resolved {
            Some(resolved) => resolved,
            None => resolve(arrow, &known).ok_or_else(|| {
                column_error(
                    stream,
                    &field.name,
                    format!("the destination has no type for {}", field.type_text()),
                )
            })?,
        };
        columns.push(WantedColumn {
            name: field.name.clone(),
            nullable: field.nullable,
            data_type: field.data_type,
            type_name,
            type_oid,
            misfit,
        });
    }
    Ok(columns)
}

/// The field as it is in plain batches: what becomes of a column must not depend on whether the first batch holds its text.
#[inline(never)]
fn plain_field<'a>(stream: &str, field: &'a Field) -> Result<Cow<'a, Field>> {
    let encoded = match field.metadata(metadata::PLAIN_FIELD) {
        Some(encoded) if is_text_encoded(field) => encoded,
        _ => return Ok(Cow::Borrowed(field)),
    };
    let mut fields = schema_as_base64::from_base64(encoded)
        .map_err(|error| error.context(format!("stream '{}': column '{}'", stream, field.name)))?
        .fields;
    match (fields.pop(), fields.is_empty()) {
        (Some(plain), true) => Ok(Cow::Owned(Field {
            name: field.name.clone(),
            nullable: field.nullable,
            ..plain
        })),
        _ => Err(column_error(
            stream,
            &field.name,
            format!(
                "has metadata that cannot be read: '{}' is not the schema of one field",
                metadata::PLAIN_FIELD
            ),
        )
        .hint("the source, or a step behind it, does not keep to section 7.3 of the ABI")),
    }
}

/// For each column whose type the destination has, how the two differ, if they do.
#[inline(never)]
fn misfits(
    session: &mut Session,
    stream: &str,
    schema: &Schema,
    fields: &[Cow<'_, Field>],
    resolved: &[Option<(TypeName, u32)>],
) -> Result<Vec<Option<String>>> {
    let oids: Vec<u32> = resolved
        .iter()
        .flatten()
        .filter(|(name, _)| name.schema.as_deref() != Some("pg_catalog"))
        .map(|(_, oid)| *oid)
        .collect();
    if oids.is_empty() {
        return Ok(vec![None; fields.len()]);
    }
    let source = DeclaredTypes::new(&source_definitions(stream, schema)?);
    let types = TypeCatalog::load(session.connection()?, &oids)?;
    let mut definitions = TypeDefinitions::new();
    for oid in &oids {
        definitions.extend(types.definitions(*oid));
    }
    let target = DeclaredTypes::new(&definitions);
    let columns = fields.iter().zip(resolved);
    Ok(columns
        .map(|(field, resolved)| {
            let native = field.metadata(metadata::NATIVE_TYPE).map(Declared::new)?;
            let oid = resolved.as_ref().map(|(_, oid)| *oid)?;
            let own = Declared::new(&types.get(oid)?.shown);
            misfit(field, &native, &source, &own, &target)
        })
        .collect())
}

/// What the source says its types are made of; nothing when it does not say it.
#[inline(never)]
fn source_definitions(stream: &str, schema: &Schema) -> Result<TypeDefinitions> {
    let text = match schema.metadata(metadata::TYPES) {
        Some(text) => text,
        None => return Ok(TypeDefinitions::new()),
    };
    serde_json::from_str(text).map_err(|cause| {
        let problem = format!(
            "stream '{}': the metadata '{}' of its schema cannot be read: {}",
            stream,
            metadata::TYPES,
            cause
        );
        Error::schema("unreadable_types", problem)
            .hint("the source, or a step behind it, does not keep to section 7.3 of the ABI")
    })
}

fn check_names(stream: &str, fields: &[Field]) -> Result<()> {
    let mut seen = HashSet::new();
    for Field { name, .. } in fields {
        let problem = if name.is_empty() || name.len() > 63 || name.contains('\0') {
            "is no name that Postgres can hold: it takes 1 to 63 bytes, none of them zero"
        } else if !seen.insert(name) {
            "appears twice in the stream"
        } else {
            continue;
        };
        return Err(column_error(stream, name, problem).hint("rename the column in the source"));
    }
    Ok(())
}

fn native_type(field: &Field) -> Option<TypeName> {
    field.metadata(metadata::NATIVE_TYPE).and_then(TypeName::parse)
}

/// The Postgres type that holds an Arrow type.
pub fn type_for(field: &Field) -> TypeName {
    let is_extension = |name: &str| field.metadata(metadata::EXTENSION_NAME) == Some(name);
    TypeName::system(match field.data_type {
        DataType::Bool => "bool",
        DataType::Int16 => "int2",
        DataType::Int32 => "int4",
        DataType::Int64 => "int8",
        DataType::Float32 => "float4",
        DataType::Float64 => "float8",
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            let (precision, scale) = (i32::from(precision), i32::from(scale));
            // Not all servers know scales outside of the precision; without bounds `numeric` holds any of them.
            return match (0..=precision).contains(&scale) {
                true => TypeName::system_with("numeric", &[precision, scale]),
                false => TypeName::system("numeric"),
            };
        }
        DataType::Utf8 if is_extension(metadata::EXTENSION_JSON) => "jsonb",
        DataType::Utf8 => "text",
        DataType::FixedSizeBinary(16) if is_extension(metadata::EXTENSION_UUID) => "uuid",
        DataType::Binary | DataType::FixedSizeBinary(_) => "bytea",
        DataType::Date32 => "date",
        DataType::Time64 => "time",
        DataType::Timestamp => "timestamp",
        DataType::TimestampUtc => "timestamptz",
        DataType::IntervalMonthDayNano => "interval",
        DataType::Uint32 => "int8",
        DataType::Uint64 => return TypeName::system_with("numeric", &[20, 0]),
        DataType::List => match field.children.first().map(type_for) {
            // An array has any number of dimensions.
            Some(item) if !has_structs(field) => return TypeName { array: true, ..item },
            _ => "jsonb",
        },
        DataType::Struct | DataType::Map => "jsonb",
    })
}

/// Whether there are values inside of which Postgres has no type without a name.
fn has_structs(field: &Field) -> bool {
    matches!(field.data_type, DataType::Struct | DataType::Map) || field.children.iter().any(has_structs)
}

/// Asks the destination which of the types it has.
fn known_types<'a>(
    session: &mut Session,
    names: impl Iterator<Item = &'a TypeName>,
) -> Result<HashMap<String, KnownType>> {
    let mut wanted: Vec<String> = names.map(TypeName::quoted_base).collect();
    wanted.sort();
    wanted.dedup();
    if wanted.is_empty() {
        // A table may have no columns at all, but a list of VALUES may not be empty.
        return Ok(HashMap::new());
    }
    let literals: Vec<String> = wanted.iter().map(|name| format!("({})", quote_literal(name))).collect();
    let sql = format!(
        "SELECT w.name, n.nspname, t.typname, t.oid, t.typarray FROM (VALUES {}) AS w(name) \
         JOIN pg_catalog.pg_type t ON t.oid = pg_catalog.to_regtype(w.name) AND t.typtype <> 'p' \
         JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace",
        literals.join(",")
    );
    let mut known = HashMap::new();
    for row in session.query_catalogue(&sql)?.rows {
        let found = KnownType {
            schema: row.text(1).into(),
            name: row.text(2).into(),
            oid: row.number(3)?,
            array_oid: row.number(4)?,
        };
        known.insert(row.text(0).to_owned(), found);
    }
    Ok(known)
}

fn resolve(name: TypeName, known: &HashMap<String, KnownType>) -> Option<(TypeName, u32)> {
    let found = known.get(&name.quoted_base())?;
    let oid = if name.array { found.array_oid } else { found.oid };
    let resolved = TypeName {
        schema: Some(found.schema.clone()),
        name: found.name.clone(),
        ..name
    };
    (oid != 0).then(|| (resolved, oid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arrow_type_has_a_column_type() {
        let expected = [
            (DataType::Bool, "bool"),
            (DataType::Int16, "int2"),
            (DataType::Int32, "int4"),
            (DataType::Int64, "int8"),
            (DataType::Float32, "float4"),
            (DataType::Float64, "float8"),
            (DataType::Utf8, "text"),
            (DataType::Binary, "bytea"),
            (DataType::FixedSizeBinary(16), "bytea"),
            (DataType::Date32, "date"),
            (DataType::Time64, "time"),
            (DataType::Timestamp, "timestamp"),
            (DataType::TimestampUtc, "timestamptz"),
        ];
        for (data_type, name) in expected {
            assert_eq!(
                type_for(&Field::new("a", data_type, true)),
                TypeName::system(name),
                "{}",
                data_type
            );
        }
        let decimal = |data_type| type_for(&Field::new("a", data_type, true)).to_sql();
        assert_eq!(decimal(DataType::Decimal128(10, 2)), "\"pg_catalog\".\"numeric\"(10,2)");
        assert_eq!(decimal(DataType::Decimal256(76, 0)), "\"pg_catalog\".\"numeric\"(76,0)");
        assert_eq!(decimal(DataType::Decimal128(3, -2)), "\"pg_catalog\".\"numeric\"");
        assert_eq!(decimal(DataType::Decimal128(3, 5)), "\"pg_catalog\".\"numeric\"");
        let uuid = Field::new("a", DataType::FixedSizeBinary(16), true)
            .with_metadata(metadata::EXTENSION_NAME, metadata::EXTENSION_UUID);
        assert_eq!(type_for(&uuid), TypeName::system("uuid"));
        let json =
            Field::new("a", DataType::Utf8, true).with_metadata(metadata::EXTENSION_NAME, metadata::EXTENSION_JSON);
        assert_eq!(type_for(&json), TypeName::system("jsonb"));
    }

    #[test]
    fn names_that_postgres_cannot_hold_are_refused() {
        let refused = |names: &[&str]| {
            let fields: Vec<_> = names
                .iter()
                .map(|name| Field::new(*name, DataType::Bool, true))
                .collect();
            check_names("s", &fields).unwrap_err().message().to_owned()
        };
        assert!(refused(&["a", "a"]).contains("column 'a' appears twice"));
        assert!(refused(&[""]).contains("1 to 63 bytes"));
        assert!(refused(&[&"ä".repeat(32)]).contains("1 to 63 bytes"));
    }

    #[test]
    fn definitions_are_quoted() {
        let column = |name: &str, nullable| WantedColumn {
            name: name.into(),
            nullable,
            data_type: DataType::Int32,
            type_name: TypeName::system("int4"),
            type_oid: 23,
            misfit: None,
        };
        assert_eq!(column("a\"b", true).definition(), r#""a""b" "pg_catalog"."int4""#);
        assert_eq!(
            column("Größe", false).definition(),
            r#""Größe" "pg_catalog"."int4" NOT NULL"#
        );
    }
}
