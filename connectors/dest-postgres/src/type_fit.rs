// SPDX-License-Identifier: Apache-2.0

//! Whether a type of the destination holds the values of the source's type of the same name.
//!
//! Two servers can mean different things by one name, and Postgres rounds, cuts off and pads the parts of a value to what their type declares
//! without a word. So the two are compared by what they are made of: as the source declares it when it says so (docs/abi.md, section 7.3), and by
//! the Arrow type of the values when it does not.

use crate::type_name::TypeName;
use crate::wanted::type_for;
use crate::wire_type::is_text_encoded;
use rapidbyte_sdk::arrow::{metadata, DataType, Field};
use rapidbyte_sdk::postgres::{TypeDefinition, TypeDefinitions};
use std::collections::{HashMap, HashSet};

/// How deep types may be inside of one another to be compared.
const DEEPEST_TYPE: usize = 100;

const NOT_ENDED: &str = "is made of more types than can be compared";

/// The types of a server that are not the system's, taken apart.
#[derive(Debug, Default)]
pub struct DeclaredTypes {
    types: HashMap<(String, String), Parts>,
}

/// What a type is made of.
#[derive(Debug)]
enum Parts {
    Enum,
    Domain(Declared),
    Composite(Vec<(String, Declared)>),
    Range(Declared),
    Multirange(Declared),
}

/// A type as it was declared, with modifiers.
#[derive(Clone, Debug)]
pub struct Declared {
    text: String,
    /// Absent for what this connector cannot take apart.
    name: Option<TypeName>,
}

impl DeclaredTypes {
    #[inline(never)]
    pub fn new(definitions: &TypeDefinitions) -> DeclaredTypes {
        let part = |text: &String| Declared::new(text);
        let types = definitions.iter().filter_map(|(name, definition)| {
            let parts = match definition {
                TypeDefinition::Enum => Parts::Enum,
                TypeDefinition::Domain(base) => Parts::Domain(part(base)),
                TypeDefinition::Composite(attributes) => {
                    let attributes = attributes.iter();
                    Parts::Composite(attributes.map(|(name, text)| (name.clone(), part(text))).collect())
                }
                TypeDefinition::Range(bound) => Parts::Range(part(bound)),
                TypeDefinition::Multirange(range) => Parts::Multirange(part(range)),
            };
            Some((key(&TypeName::parse(name)?), parts))
        });
        DeclaredTypes { types: types.collect() }
    }

    /// What it is made of, or its elements if it is an array.
    #[inline(never)]
    fn find(&self, declared: &Declared) -> Option<&Parts> {
        self.types.get(&key(declared.name.as_ref()?))
    }

    fn parts(&self, declared: &Declared) -> Option<&Parts> {
        self.find(declared).filter(|_| !declared.is_array())
    }

    /// The type that is left when all domains are taken off; `None` when there is no end to them.
    fn base<'a>(&'a self, declared: &'a Declared) -> Option<&'a Declared> {
        let mut base = declared;
        for _ in 0..DEEPEST_TYPE {
            match self.parts(base) {
                Some(Parts::Domain(below)) => base = below,
                _ => return Some(base),
            }
        }
        None
    }
}

fn key(name: &TypeName) -> (String, String) {
    let schema = name.schema.as_deref().unwrap_or("pg_catalog");
    (schema.to_owned(), name.name.clone())
}

impl Declared {
    pub fn new(text: &str) -> Declared {
        Declared {
            text: text.to_owned(),
            name: TypeName::parse(text),
        }
    }

    fn is_array(&self) -> bool {
        self.name.as_ref().map_or(false, |name| name.array)
    }

    fn element(&self) -> Declared {
        Declared {
            text: self.text.trim_end_matches("[]").to_owned(),
            name: self.name.clone().map(|name| TypeName { array: false, ..name }),
        }
    }

    fn keeps_values_in(&self, target: &Declared) -> bool {
        match (&self.name, &target.name) {
            (Some(name), Some(target)) => name.keeps_values_in(target),
            _ => self.text == target.text,
        }
    }

    fn is_restricted(&self) -> bool {
        self.name.as_ref().map_or(true, TypeName::has_modifiers)
    }
}

/// Says how the destination's type differs from the source's so that values could change; nothing when it holds all of them.
///
/// `column`: the name of the field whose type it is, for messages. `source`: what the source says its types are made of. `native`: the field's
/// type there. `target`: the destination's type of that name.
#[inline(never)]
pub fn misfit(
    field: &Field,
    native: &Declared,
    source: &DeclaredTypes,
    target: &Declared,
    target_types: &DeclaredTypes,
) -> Option<String> {
    let mut comparison = Comparison {
        source,
        target: target_types,
        fits: HashSet::new(),
    };
    let outcome = if source.find(native).is_some() {
        comparison.compare(&field.name, native, target, 0)
    } else if target_types.find(target).is_some() {
        comparison.compare_arrow(&field.name, field, target, 0)
    } else {
        Ok(())
    };
    outcome.err()
}

struct Comparison<'a> {
    source: &'a DeclaredTypes,
    target: &'a DeclaredTypes,
    /// Pairs that have been compared, or are being compared, so that no pair is compared twice.
    fits: HashSet<(String, String)>,
}

type Outcome = Result<(), String>;

impl Comparison<'_> {
    /// By what both sides declare. The error is a sentence.
    #[inline(never)]
    fn compare(&mut self, path: &str, source: &Declared, target: &Declared, depth: usize) -> Outcome {
        if depth > DEEPEST_TYPE {
            return Err(format!("{} {}", path, NOT_ENDED));
        }
        let (types, target_types) = (self.source, self.target);
        let (source, target) = match (types.base(source), target_types.base(target)) {
            (Some(source), Some(target)) => (source, target),
            _ => return Err(format!("{} {}", path, NOT_ENDED)),
        };
        if !self.fits.insert((source.text.clone(), target.text.clone())) {
            return Ok(());
        }
        if source.is_array() && target.is_array() {
            return self.compare(&format!("{}[]", path), &source.element(), &target.element(), depth + 1);
        }
        match (types.parts(source), target_types.parts(target)) {
            (Some(Parts::Enum), Some(Parts::Enum)) => Ok(()),
            (Some(Parts::Composite(attributes)), Some(Parts::Composite(targets))) => {
                // In the text form of a value they are known by their places alone.
                check_attributes(path, attributes.iter().map(name), targets.iter().map(name))?;
                let pairs = attributes.iter().zip(targets);
                for ((name, attribute), (_, target)) in pairs {
                    self.compare(&format!("{}.{}", path, name), attribute, target, depth + 1)?;
                }
                Ok(())
            }
            (Some(Parts::Range(bound)), Some(Parts::Range(target))) => {
                self.compare(&format!("{}.lower", path), bound, target, depth + 1)
            }
            (Some(Parts::Multirange(range)), Some(Parts::Multirange(target))) => {
                self.compare(&format!("{}[]", path), range, target, depth + 1)
            }
            (None, None) if source.keeps_values_in(target) => Ok(()),
            // The text of a value is all that there is of it.
            (Some(Parts::Enum), None) if Declared::new("text").keeps_values_in(target) => Ok(()),
            (parts, target_parts) => Err(format!(
                "{} is {} in the stream and {} at the destination",
                path,
                shown(source, parts),
                shown(target, target_parts)
            )),
        }
    }

    /// By the type that the values have in Arrow, for a source that does not say what its types are made of.
    #[inline(never)]
    fn compare_arrow(&mut self, path: &str, field: &Field, target: &Declared, depth: usize) -> Outcome {
        let target_types = self.target;
        let target = match target_types.base(target) {
            Some(target) if depth <= DEEPEST_TYPE => target,
            _ => return Err(format!("{} {}", path, NOT_ENDED)),
        };
        let unknown = || {
            Err(format!(
                "{} is {} in the stream and {} at the destination, which holds less than that can be",
                path,
                field.type_text(),
                shown(target, target_types.parts(target))
            ))
        };
        let child = |data_type| match &field.children[..] {
            [child] if field.data_type == data_type => Some(child),
            _ => None,
        };
        match target_types.parts(target) {
            _ if target.is_array() => match child(DataType::List) {
                Some(item) => {
                    // A list in a list is another dimension of the same array.
                    let item = innermost(item);
                    self.compare_arrow(&format!("{}[]", path), item, &target.element(), depth + 1)
                }
                None if self.is_restricted(&target.element()) => unknown(),
                None => Ok(()),
            },
            Some(Parts::Composite(attributes)) if field.data_type == DataType::Struct => {
                let names = field.children.iter().map(|child| child.name.as_str());
                check_attributes(path, names, attributes.iter().map(name))?;
                for (child, (name, target)) in field.children.iter().zip(attributes) {
                    self.compare_arrow(&format!("{}.{}", path, name), child, target, depth + 1)?;
                }
                Ok(())
            }
            Some(Parts::Range(bound)) if field.data_type == DataType::Struct && !field.children.is_empty() => {
                self.compare_arrow(&format!("{}.lower", path), &field.children[0], bound, depth + 1)
            }
            Some(Parts::Multirange(range)) if child(DataType::List).is_some() => {
                let item = &field.children[0];
                self.compare_arrow(&format!("{}[]", path), item, range, depth + 1)
            }
            _ if !self.is_restricted(target) => Ok(()),
            None if native_type(field).map_or(false, |native| native.keeps_values_in(target)) => Ok(()),
            None if !is_text_encoded(field) && arrow_type(field).keeps_values_in(target) => Ok(()),
            _ => unknown(),
        }
    }

    /// Whether there is anything in the destination's type that values can be too long or too exact for.
    fn is_restricted(&self, target: &Declared) -> bool {
        let mut seen = HashSet::new();
        let mut left = vec![target];
        while let Some(part) = left.pop() {
            match self.target.find(part) {
                None if part.is_restricted() => return true,
                None | Some(Parts::Enum) => {}
                // Of a type that is there many times, once is enough.
                Some(_) if !seen.insert(&part.text) => {}
                Some(Parts::Domain(below) | Parts::Range(below) | Parts::Multirange(below)) => left.push(below),
                Some(Parts::Composite(attributes)) => left.extend(attributes.iter().map(|(_, part)| part)),
            }
        }
        false
    }
}

fn innermost(item: &Field) -> &Field {
    match &item.children[..] {
        [child] if item.data_type == DataType::List => innermost(child),
        _ => item,
    }
}

fn native_type(field: &Field) -> Option<Declared> {
    field.metadata(metadata::NATIVE_TYPE).map(Declared::new)
}

fn arrow_type(field: &Field) -> Declared {
    Declared {
        text: field.type_text(),
        name: Some(type_for(field)),
    }
}

fn name<T>(attribute: &(String, T)) -> &str {
    &attribute.0
}

fn check_attributes<'a>(
    path: &str,
    source: impl Iterator<Item = &'a str>,
    target: impl Iterator<Item = &'a str>,
) -> Outcome {
    let (source, target): (Vec<_>, Vec<_>) = (source.collect(), target.collect());
    if source == target {
        return Ok(());
    }
    let list = |names: &[&str]| match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    Err(format!(
        "{} has the attributes {} in the stream and {} at the destination",
        path,
        list(&source),
        list(&target)
    ))
}

fn shown(declared: &Declared, parts: Option<&Parts>) -> String {
    let kind = match parts {
        None | Some(Parts::Domain(_)) => return declared.text.clone(),
        Some(Parts::Enum) => "an enumeration",
        Some(Parts::Composite(_)) => "a composite type",
        Some(Parts::Range(_)) => "a range",
        Some(Parts::Multirange(_)) => "a multirange",
    };
    format!("{} ({})", declared.text, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(json: &str) -> DeclaredTypes {
        DeclaredTypes::new(&serde_json::from_str(json).unwrap())
    }

    fn column(data_type: DataType) -> Field {
        Field::new("c", data_type, true)
    }

    /// Compares `s.t`, or arrays of it, of a source that says what it is made of.
    fn declared(source: &str, target: &str) -> Option<String> {
        let field = column(DataType::Utf8);
        misfit(
            &field,
            &Declared::new("s.t"),
            &types(source),
            &Declared::new("s.t"),
            &types(target),
        )
    }

    /// The same of a source that does not say it.
    fn undeclared(field: &Field, target: &str) -> Option<String> {
        let name = Declared::new("s.t");
        misfit(field, &name, &DeclaredTypes::default(), &name, &types(target))
    }

    fn composite(attribute: &str) -> String {
        format!(r#"{{"s.t":{{"composite":[["a","{}"]]}}}}"#, attribute)
    }

    #[test]
    fn parts_of_a_type_keep_their_values_or_the_type_is_refused() {
        let fits = |source: &str, target: &str| declared(&composite(source), &composite(target));
        for (source, target) in [
            ("numeric(10,2)", "numeric(12,4)"),
            ("numeric(10,2)", "numeric"),
            ("integer", "bigint"),
            ("integer", "numeric(12,2)"),
            ("real", "double precision"),
            ("character varying(4)", "character varying(5)"),
            ("character(4)", "text"),
            ("bit varying(4)", "bit varying"),
            ("bit(4)", "bit(4)"),
            ("timestamp(3) without time zone[]", "timestamp without time zone[]"),
            ("time without time zone", "time(6) without time zone"),
            ("interval(3)", "interval(6)"),
            ("inet", "text"),
            ("public.hstore", "extensions.hstore"),
            ("public.geometry(Point,4326)", "public.geometry(Point,4326)"),
        ] {
            assert_eq!(fits(source, target), None, "{} {}", source, target);
        }
        for (source, target) in [
            ("numeric(10,4)", "numeric(10,2)"),
            ("numeric", "numeric(10,2)"),
            ("bigint", "integer"),
            ("bigint", "numeric(12,2)"),
            ("integer", "numeric(12,-2)"),
            ("double precision", "real"),
            ("character varying(40)", "character varying(10)"),
            ("text", "character varying(10)"),
            ("character(2)", "character(4)"),
            ("text", "name"),
            ("bit(4)", "bit(5)"),
            ("bit varying(8)", "bit varying(4)"),
            ("timestamp without time zone", "timestamp(3) without time zone"),
            ("timestamp with time zone", "timestamp without time zone"),
            ("interval", "interval day"),
            ("interval(6)", "interval(3)"),
            ("json", "jsonb"),
            ("integer", "integer[]"),
            ("public.geometry(Point,4326)", "public.geometry(Point,3857)"),
            ("public.text", "text[]"),
        ] {
            let shown = format!("c.a is {} in the stream and {} at the destination", source, target);
            assert_eq!(fits(source, target), Some(shown), "{} {}", source, target);
        }
    }

    #[test]
    fn types_are_followed_to_their_last_part() {
        let deep = |amount: &str| {
            format!(
                r#"{{"s.t":{{"domain":"s.outer[]"}},"s.outer":{{"composite":[["n","integer"],["i","s.ranges"]]}},
                "s.ranges":{{"multirange":"s.range"}},"s.range":{{"range":"s.amount"}},"s.amount":{{"domain":"s.number"}},
                "s.number":{{"domain":"{}"}}}}"#,
                amount
            )
        };
        assert_eq!(declared(&deep("numeric(8,2)"), &deep("numeric(8,2)")), None);
        assert_eq!(
            declared(&deep("numeric(8,3)"), &deep("numeric(8,2)")).unwrap(),
            "c[].i[].lower is numeric(8,3) in the stream and numeric(8,2) at the destination"
        );
        let domain = r#"{"s.t":{"composite":[["a","s.d"]]},"s.d":{"domain":"numeric(8,2)"}}"#;
        assert_eq!(declared(&composite("numeric(8,2)"), domain), None);
        assert_eq!(declared(domain, &composite("numeric(8,2)")), None);
        assert!(declared(domain, &composite("numeric(8,1)")).is_some());
    }

    #[test]
    fn other_attributes_and_other_kinds_of_types_are_refused() {
        let two = r#"{"s.t":{"composite":[["a","integer"],["b","integer"]]}}"#;
        let swapped = r#"{"s.t":{"composite":[["b","integer"],["a","integer"]]}}"#;
        assert_eq!(
            declared(two, swapped).unwrap(),
            "c has the attributes a, b in the stream and b, a at the destination"
        );
        let none = r#"{"s.t":{"composite":[]}}"#;
        assert_eq!(
            declared(two, none).unwrap(),
            "c has the attributes a, b in the stream and none at the destination"
        );
        let mood = r#"{"s.t":"enum"}"#;
        assert_eq!(
            declared(mood, two).unwrap(),
            "c is s.t (an enumeration) in the stream and s.t (a composite type) at the destination"
        );
        assert_eq!(declared(mood, mood), None);
        assert_eq!(declared(mood, r#"{"s.t":{"domain":"text"}}"#), None);
        assert!(declared(mood, r#"{"s.t":{"domain":"character varying(3)"}}"#).is_some());
    }

    #[test]
    fn definitions_without_end_are_refused() {
        let turn = r#"{"s.t":{"domain":"s.u"},"s.u":{"domain":"s.t"}}"#;
        assert!(declared(turn, &composite("integer")).unwrap().contains("more types"));
        let itself = r#"{"s.t":{"composite":[["a","s.t"]]}}"#;
        assert_eq!(declared(itself, itself), None);
        let endless = r#"{"s.t":{"composite":[["a","s.t[]"]]}}"#;
        assert!(declared(endless, &composite("integer")).is_some());
    }

    /// Ten attributes of a type of ten attributes and so on are more than anybody can look at.
    #[test]
    fn a_type_of_any_number_of_parts_is_compared_in_no_time() {
        let level = |of: &dyn Fn(usize) -> String, number: usize| {
            let attributes: Vec<String> = (0..10)
                .map(|part| format!(r#"["a{}","{}"]"#, part, of(number)))
                .collect();
            format!(r#""s.t{}":{{"composite":[{}]}}"#, number, attributes.join(","))
        };
        let of = |number: usize| match number {
            30 => "numeric".to_owned(),
            number => format!("s.t{}", number + 1),
        };
        let levels: Vec<String> = (0..31).map(|number| level(&of, number)).collect();
        let json = format!(r#"{{"s.t":{{"domain":"s.t0"}},{}}}"#, levels.join(","));
        assert_eq!(declared(&json, &json), None);
        assert_eq!(undeclared(&column(DataType::Utf8), &json), None);
    }

    #[test]
    fn without_declarations_the_values_have_to_fit_by_their_arrow_type() {
        let field = |child: DataType| Field::structure("c", vec![Field::new("a", child, true)], true);
        let narrow = composite("numeric(10,2)");
        assert_eq!(undeclared(&field(DataType::Decimal128(10, 2)), &narrow), None);
        assert_eq!(
            undeclared(&field(DataType::Decimal128(12, 4)), &composite("numeric")),
            None
        );
        assert_eq!(
            undeclared(&field(DataType::Decimal128(10, 4)), &narrow).unwrap(),
            "c.a is decimal128(10,4) in the stream and numeric(10,2) at the destination, which holds less than that can be"
        );
        assert!(undeclared(&field(DataType::Utf8), &composite("character varying(3)")).is_some());
        assert_eq!(undeclared(&field(DataType::Utf8), &composite("s.anything")), None);
        let declared = Field::structure(
            "c",
            vec![column(DataType::Utf8).with_metadata(metadata::NATIVE_TYPE, "character varying(3)")],
            true,
        );
        let narrow_text = r#"{"s.t":{"composite":[["c","character varying(3)"]]}}"#;
        assert_eq!(undeclared(&declared, narrow_text), None);
        assert!(undeclared(
            &field(DataType::Timestamp),
            &composite("timestamp(3) without time zone")
        )
        .is_some());
        assert!(undeclared(&field(DataType::Int32), r#"{"s.t":{"composite":[["b","integer"]]}}"#).is_some());
    }

    #[test]
    fn a_text_without_declarations_goes_where_nothing_can_be_cut_off() {
        let text = column(DataType::Utf8).with_metadata(metadata::ENCODING, metadata::ENCODING_TEXT);
        assert_eq!(undeclared(&text, &composite("numeric[]")), None);
        assert!(undeclared(&text, &composite("numeric(10,2)")).is_some());
        let domain = r#"{"s.t":{"domain":"s.u[]"},"s.u":{"domain":"time(0) without time zone"}}"#;
        assert!(undeclared(&text, domain).is_some());
        let list = Field::list("c", Field::list("", column(DataType::Time64), true), true);
        assert_eq!(
            undeclared(&list, domain).unwrap(),
            "c[] is time64(us) in the stream and time(0) without time zone at the destination, which holds less than that can be"
        );
    }
}
