// SPDX-License-Identifier: Apache-2.0

//! How batches of one schema get into their table. It is made once for each schema, not for each batch.

use crate::catalog::{ExistingColumn, ExistingTable};
use crate::convert::{converted, converted_if_possible, function};
use crate::drift::{Drift, Unconvertible};
use crate::encode::{Column, Form, TextForm, ValueForm};
use crate::error_context::column_error;
use crate::insert_statement::InsertStatement;
use crate::names::{hash, Target};
use crate::type_name::TypeName;
use crate::wire_type::{way, Way, WireType};
use rapidbyte_sdk::arrow::{metadata, Batch, DataType, Field, Schema, Values};
use rapidbyte_sdk::postgres::quote_identifier;
use rapidbyte_sdk::{Error, Result};
use std::rc::Rc;

/// For each column of a schema, how it is written, and where the rows go first.
pub struct BatchPlan {
    schema: Rc<Schema>,
    /// The places in the schema of the columns that are written.
    written: Vec<usize>,
    /// For each of them, how.
    forms: Vec<Form>,
    /// For each of them whose values are made one by one, how.
    made: Vec<Option<ValueForm>>,
    route: Rc<Route>,
    /// The column that says where each row comes in the order of the stream, and its values for a batch.
    position: Option<Position>,
}

struct Position {
    name: String,
    /// Little-endian, as Arrow has them.
    values: Vec<u8>,
}

/// The numbers of types that all servers have.
const INT8: u32 = 20;
const TEXT: u32 = 25;

/// Where the rows of a COPY, or of INSERT statements, go.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// The COPY that takes the rows.
    pub copy: String,
    /// The INSERT that takes the rows.
    pub insert: InsertStatement,
    /// What moves them on, when they do not go into the table itself.
    pub stage: Option<Stage>,
}

/// A temporary table in which some columns are text, so that the server converts what has no simple binary form.
#[derive(Debug, PartialEq, Eq)]
pub struct Stage {
    pub create: String,
    pub insert: String,
    pub truncate: String,
}

impl BatchPlan {
    /// `table` is what `quoted_table` names in SQL. `position` is a column that the table has behind those, see [`BatchPlan::number_rows`].
    pub fn new(
        schema: &Rc<Schema>,
        target: &Target,
        quoted_table: &str,
        table: &ExistingTable,
        drift: &Drift,
        position: Option<&str>,
    ) -> Result<BatchPlan> {
        let mut written = Vec::new();
        let mut forms = Vec::new();
        let mut made = Vec::new();
        let mut columns = Vec::new();
        for (place, field) in schema.fields.iter().enumerate() {
            let column = match table.column(&field.name) {
                None if drift.ignores_new => continue,
                None => return Err(missing(target, field)),
                Some(column) => column,
            };
            let converts = drift.converted.contains(&field.name);
            let way = way_into(field, column, drift).ok_or_else(|| unwritable(target, field, column))?;
            let (form, value_form, staged) = match way {
                Way::Direct(form) => (form, None, Staged::No),
                Way::Made(ValueForm::Plain(text)) => (Form::Made, Some(ValueForm::Plain(text)), Staged::of(converts)),
                Way::Made(value_form) => (Form::Made, Some(value_form), Staged::No),
                Way::Staged => (Form::Bytes, None, Staged::of(converts)),
            };
            columns.push((column, staged));
            written.push(place);
            forms.push(form);
            made.push(value_form);
        }
        let mut names: Vec<String> = columns
            .iter()
            .map(|(column, _)| quote_identifier(&column.name))
            .collect();
        names.extend(position.map(quote_identifier));
        let names = names.join(", ");
        let stage = columns.iter().any(|(_, staged)| *staged != Staged::No).then(|| {
            let definition = |(column, staged): &(&ExistingColumn, Staged)| {
                let type_text = match staged {
                    Staged::No => &column.type_text,
                    _ => "pg_catalog.text",
                };
                format!("{} {}", quote_identifier(&column.name), type_text)
            };
            let mut definitions: Vec<String> = columns.iter().map(definition).collect();
            definitions.extend(position.map(|name| format!("{} pg_catalog.int8", quote_identifier(name))));
            let definitions = definitions.join(", ");
            let cast = |(column, staged): &(&ExistingColumn, Staged)| {
                let name = quote_identifier(&column.name);
                match staged {
                    Staged::No => name,
                    Staged::Native => converted(&name, &column.cast),
                    Staged::Other => converted_if_possible(&name, column, drift.unconvertible),
                }
            };
            let mut casts: Vec<String> = columns.iter().map(cast).collect();
            casts.extend(position.map(quote_identifier));
            let casts = casts.join(", ");
            // Tables of another layout have another name, so that batches may alternate between layouts.
            let name = format!("pg_temp._rapidbyte_{:016x}", hash(&[quoted_table, &definitions]));
            let mut create = format!(
                "CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS",
                name, definitions
            );
            if drift.unconvertible == Unconvertible::NullByFunction {
                for (column, _) in columns.iter().filter(|(_, staged)| *staged == Staged::Other) {
                    create = format!("{}; {}", create, function(column));
                }
            }
            (
                name.clone(),
                Stage {
                    create,
                    // A value for an identity column is the source's own, as it is in a COPY.
                    insert: format!(
                        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}",
                        quoted_table, names, casts, name
                    ),
                    truncate: format!("TRUNCATE {}", name),
                },
            )
        });
        let (into, stage) = match stage {
            Some((into, stage)) => (into, Some(stage)),
            None => (quoted_table.to_owned(), None),
        };
        let route = Route {
            copy: copy_into(&into, &names),
            insert: InsertStatement {
                table: into,
                names,
                types: columns
                    .iter()
                    .map(|(column, staged)| if *staged == Staged::No { column.type_oid } else { TEXT })
                    .chain(position.map(|_| INT8))
                    .collect(),
            },
            stage,
        };
        Ok(BatchPlan {
            schema: Rc::clone(schema),
            written,
            forms,
            made,
            route: Rc::new(route),
            position: position.map(|name| Position {
                name: name.to_owned(),
                values: Vec::new(),
            }),
        })
    }

    /// Whether the plan is one for batches of this schema, as the reader of frames hands it out.
    pub fn is_for(&self, schema: &Rc<Schema>) -> bool {
        Rc::ptr_eq(&self.schema, schema)
    }

    pub fn route(&self) -> &Rc<Route> {
        &self.route
    }

    /// Numbers the rows of the next batch: that of the batch times 2^32, and that of the row. A plan without a position has no use for them.
    #[inline(never)]
    pub fn number_rows(&mut self, batch: u32, rows: usize) {
        if let Some(position) = &mut self.position {
            position.values.clear();
            position.values.reserve(8 * rows);
            let first = i64::from(batch) << 32;
            for row in 0..rows as i64 {
                position.values.extend_from_slice(&(first + row).to_le_bytes());
            }
        }
    }

    /// The columns of a batch as the encoder takes them.
    #[inline(never)]
    pub fn columns<'a>(&'a self, batch: &'a Batch<'_>) -> Vec<Column<'a>> {
        let forms = self.forms.iter().zip(&self.made);
        let columns = self.written.iter().zip(forms);
        columns
            .map(|(place, (form, made))| {
                let (column, field) = (&batch.columns()[*place], &self.schema.fields[*place]);
                let (offsets, values) = match column.values() {
                    Values::Bool(values) | Values::Fixed { bytes: values, .. } => (&[][..], values),
                    Values::Var { offsets, data } => (offsets, data),
                    Values::List { .. } | Values::Struct => (&[][..], &[][..]),
                };
                let validity = Some(column.validity()).filter(|validity| !validity.is_empty());
                Column {
                    name: &field.name,
                    form: *form,
                    validity,
                    offsets,
                    values,
                    made: made.as_ref().map(|form| (form, column)),
                }
            })
            .chain(self.position.iter().map(|position| Column {
                name: &position.name,
                form: Form::Word64,
                validity: None,
                offsets: &[],
                values: &position.values,
                made: None,
            }))
            .collect()
    }
}

/// What a column of a staging table is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Staged {
    /// Of the target's type.
    No,
    /// The text of a value of the target's type.
    Native,
    /// The text of a value of another type.
    Other,
}

impl Staged {
    fn of(converts: bool) -> Staged {
        match converts {
            true => Staged::Other,
            false => Staged::Native,
        }
    }
}

/// How a field gets into the column. Where values may become null, the server looks at each of them as text.
fn way_into(field: &Field, column: &ExistingColumn, drift: &Drift) -> Option<Way> {
    let is_converted = drift.converted.contains(&field.name);
    if is_converted && drift.unconvertible != Unconvertible::Refused {
        return Some(as_text(field, column));
    }
    let limited = limit(field, column).map(|limit| Way::Made(ValueForm::Limited(limit)));
    let direct = limited.or_else(|| way(field, &column.target_type));
    match is_converted {
        true => direct
            .filter(|way| *way != Way::Staged)
            .or_else(|| Some(as_text(field, column))),
        false => direct,
    }
}

/// How many characters the column has room for when the stream's values may have more of them.
fn limit(field: &Field, column: &ExistingColumn) -> Option<usize> {
    let length = |name: &TypeName| match name.numbers()?[..] {
        [length] => Some(length),
        _ => None,
    };
    let is_text = |name: &&TypeName| !name.array && matches!(name.name.as_str(), "varchar" | "bpchar");
    let room = column.base_name.as_ref().filter(is_text).and_then(length)?;
    let native = field.metadata(metadata::NATIVE_TYPE).and_then(TypeName::parse);
    let fits = native.as_ref().filter(is_text).map_or(false, |native| {
        // Blanks at the end of a `char(n)` are no part of its value.
        native.name == "bpchar" || length(native).map_or(false, |length| length <= room)
    });
    (field.data_type == DataType::Utf8 && !fits).then(|| room as usize)
}

/// The column's values as text that the server converts.
fn as_text(field: &Field, column: &ExistingColumn) -> Way {
    let is_whole = matches!(
        column.target_type.wire(),
        WireType::Int2 | WireType::Int4 | WireType::Int8
    );
    if field.data_type == DataType::Utf8 && !is_whole {
        return Way::Staged;
    }
    Way::Made(ValueForm::Plain(Box::new(TextForm {
        field: field.clone(),
        as_json: matches!(column.cast.as_str(), "pg_catalog.json" | "pg_catalog.jsonb"),
        is_whole,
    })))
}

fn missing(target: &Target, field: &Field) -> Error {
    column_error(
        &target.stream,
        &field.name,
        format!("is missing in the target {}", target.display()),
    )
    .hint("the stream's columns have changed since the run began: start the run again")
}

fn unwritable(target: &Target, field: &Field, column: &ExistingColumn) -> Error {
    let problem = format!(
        "comes as {} and cannot become {} in the target {} unchanged",
        field.type_text(),
        column.type_text,
        target.display()
    );
    column_error(&target.stream, &field.name, problem)
        .hint("change the type of the target's column, or write into another table")
}

fn copy_into(table: &str, names: &str) -> String {
    if names.is_empty() {
        // A table without columns has rows all the same, but SQL has no way to write an empty list of columns.
        return format!("COPY {} FROM STDIN (FORMAT binary)", table);
    }
    format!("COPY {} ({}) FROM STDIN (FORMAT binary)", table, names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::RelationKind;
    use crate::target_type::{BaseType, TargetType};
    use crate::wire_type::WireType;

    fn column(name: &str, type_text: &str, wire: BaseType, cast: &str) -> ExistingColumn {
        let type_oid = match type_text {
            "integer" => 23,
            "numeric(10,2)" => 1700,
            _ => 1186,
        };
        ExistingColumn {
            name: name.into(),
            type_oid,
            type_text: type_text.into(),
            type_name: TypeName::parse(type_text),
            base_name: TypeName::parse(type_text),
            is_generated: false,
            target_type: TargetType::Base(wire),
            cast: cast.into(),
        }
    }

    fn plan(fields: Vec<Field>) -> Result<BatchPlan> {
        plan_with(&Drift::default(), fields)
    }

    fn plan_with(drift: &Drift, fields: Vec<Field>) -> Result<BatchPlan> {
        let columns = vec![
            column("id", "integer", BaseType::Column(WireType::Int4), "pg_catalog.int4"),
            column("Span", "interval day", BaseType::Interval, "pg_catalog.\"interval\""),
            column(
                "price",
                "numeric(10,2)",
                BaseType::Column(WireType::Numeric),
                "pg_catalog.\"numeric\"",
            ),
        ];
        let table = ExistingTable {
            oid: 1,
            kind: RelationKind::Table,
            is_related: false,
            has_row_security: false,
            columns,
        };
        let target = Target {
            stream: "s".into(),
            schema: "a".into(),
            table: "t".into(),
            side_table: "_".into(),
        };
        BatchPlan::new(
            &Rc::new(Schema::new(fields)),
            &target,
            "\"a\".\"t\"",
            &table,
            drift,
            None,
        )
    }

    fn text(name: &str) -> Field {
        Field::new(name, DataType::Utf8, true).with_metadata(metadata::ENCODING, metadata::ENCODING_TEXT)
    }

    fn id() -> Field {
        Field::new("id", DataType::Int32, true)
    }

    #[test]
    fn what_has_a_binary_form_goes_straight_in_the_order_of_the_batch() {
        let plan = plan(vec![text("price"), id()]).unwrap();
        assert_eq!(
            plan.route().copy,
            "COPY \"a\".\"t\" (\"price\", \"id\") FROM STDIN (FORMAT binary)"
        );
        assert_eq!(plan.route().insert.table, "\"a\".\"t\"");
        assert_eq!(plan.route().insert.types, [1700, 23]);
        assert_eq!(plan.route().stage, None);
        assert_eq!(plan.forms, [Form::NumericText, Form::Word32]);
    }

    #[test]
    fn the_rest_is_staged_as_text_and_cast_without_modifiers() {
        let plan = plan(vec![id(), text("Span")]).unwrap();
        let stage = plan.route().stage.as_ref().unwrap();
        let name = stage.truncate.strip_prefix("TRUNCATE ").unwrap();
        assert!(
            name.starts_with("pg_temp._rapidbyte_") && name.len() < 8 + 63,
            "{}",
            name
        );
        assert_eq!(
            plan.route().copy,
            format!("COPY {} (\"id\", \"Span\") FROM STDIN (FORMAT binary)", name)
        );
        assert_eq!(
            (plan.route().insert.table.as_str(), &plan.route().insert.types[..]),
            (name, &[23, TEXT][..])
        );
        assert_eq!(
            stage.create,
            format!("CREATE TEMPORARY TABLE IF NOT EXISTS {} (\"id\" integer, \"Span\" pg_catalog.text) ON COMMIT DELETE ROWS", name)
        );
        assert_eq!(
            stage.insert,
            format!(
                "INSERT INTO \"a\".\"t\" (\"id\", \"Span\") OVERRIDING SYSTEM VALUE \
                 SELECT \"id\", \"Span\"::pg_catalog.\"interval\" FROM {}",
                name
            )
        );
    }

    #[test]
    fn a_batch_that_does_not_match_is_refused_by_column() {
        let refused = |fields| plan(fields).err().unwrap().message().to_owned();
        assert!(refused(vec![id(), text("new")]).contains("column 'new' is missing in the target a.t"));
        let wide = Field::new("id", DataType::Int64, true);
        assert!(refused(vec![wide]).contains("column 'id' comes as int64 and cannot become integer"));
    }

    #[test]
    fn columns_that_are_ignored_are_in_no_statement() {
        let drift = Drift {
            ignores_new: true,
            ..Drift::default()
        };
        let plan = plan_with(&drift, vec![text("new"), id()]).unwrap();
        assert_eq!(
            plan.route().copy,
            "COPY \"a\".\"t\" (\"id\") FROM STDIN (FORMAT binary)"
        );
        assert_eq!((plan.written, plan.forms), (vec![1], vec![Form::Word32]));
    }

    #[test]
    fn columns_of_another_type_are_staged_as_text_when_they_may_become_null() {
        let insert = |unconvertible| {
            let drift = Drift {
                converted: ["id".to_owned()].into(),
                unconvertible,
                ..Drift::default()
            };
            let wide = Field::new("id", DataType::Int64, true);
            let plan = plan_with(&drift, vec![wide]).unwrap();
            let stage = plan.route().stage.as_ref().unwrap();
            let (_, casts) = stage.insert.split_once("SELECT ").unwrap();
            (casts.split_once(" FROM").unwrap().0.to_owned(), stage.create.clone())
        };
        assert_eq!(insert(Unconvertible::Refused).0, "\"id\"::pg_catalog.int4");
        assert_eq!(
            insert(Unconvertible::Null).0,
            "CASE WHEN pg_catalog.pg_input_is_valid(\"id\", 'integer') THEN \"id\"::pg_catalog.int4 END"
        );
        let (casts, create) = insert(Unconvertible::NullByFunction);
        assert!(casts.starts_with("CASE WHEN pg_temp._rapidbyte_"), "{}", casts);
        assert!(create.contains("DECLARE v integer; BEGIN"), "{}", create);
    }

    #[test]
    fn routes_are_the_same_when_the_statements_are() {
        let decimal = Field::new("price", DataType::Decimal128(10, 2), true);
        assert_eq!(
            plan(vec![decimal]).unwrap().route(),
            plan(vec![text("price")]).unwrap().route()
        );
    }
}
