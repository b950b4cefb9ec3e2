// SPDX-License-Identifier: Apache-2.0

//! What the types of a schema are made of, in the words that declare them (docs/abi.md, section 7.3): so that types of one name on two servers
//! can be compared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::type_catalog::{TypeCatalog, TypeShape};

/// What a type is made of. All types are written as SQL shows them: with their schema unless they are the system's, and complete with modifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypeDefinition {
    Enum,
    /// The type that it restricts.
    Domain(String),
    /// Name and type of each attribute, in their order.
    Composite(Vec<(String, String)>),
    /// The type of the bounds.
    Range(String),
    /// The range.
    Multirange(String),
}

/// The definitions of types that are not the system's own, by their names.
pub type TypeDefinitions = BTreeMap<String, TypeDefinition>;

impl TypeCatalog {
    /// The definitions of a type and of all that it consists of. What has no parts of its own, and neither has its name, is not among them.
    #[inline(never)]
    pub fn definitions(&self, oid: u32) -> TypeDefinitions {
        let mut definitions = TypeDefinitions::new();
        let mut seen = std::collections::HashSet::new();
        let mut left = vec![oid];
        while let Some(oid) = left.pop() {
            let info = match self.get(oid) {
                Some(info) if seen.insert(oid) => info,
                _ => continue,
            };
            let shown = |oid| self.get(oid).map(|part| part.shown.clone()).unwrap_or_default();
            let definition = match &info.shape {
                TypeShape::Base => continue,
                TypeShape::Array { element } => {
                    left.push(*element);
                    continue;
                }
                TypeShape::Enum => TypeDefinition::Enum,
                TypeShape::Domain { base, declared, .. } => {
                    left.push(*base);
                    TypeDefinition::Domain(declared.clone())
                }
                TypeShape::Composite(attributes) => {
                    left.extend(attributes.iter().map(|attribute| attribute.type_oid));
                    let attributes = attributes.iter();
                    let attributes = attributes.map(|attribute| (attribute.name.clone(), attribute.declared.clone()));
                    TypeDefinition::Composite(attributes.collect())
                }
                TypeShape::Range { subtype } => {
                    left.push(*subtype);
                    TypeDefinition::Range(shown(*subtype))
                }
                TypeShape::Multirange { range } => {
                    left.push(*range);
                    TypeDefinition::Multirange(shown(*range))
                }
            };
            // Those of the system are the same everywhere.
            if info.schema != "pg_catalog" {
                definitions.insert(info.shown.clone(), definition);
            }
        }
        definitions
    }
}

#[cfg(test)]
mod tests {
    use super::super::type_catalog::{Attribute, TypeInfo};
    use super::*;

    fn info(oid: u32, schema: &str, name: &str, shape: TypeShape) -> TypeInfo {
        TypeInfo {
            oid,
            schema: schema.into(),
            name: name.into(),
            shown: match schema {
                "pg_catalog" => name.into(),
                _ => format!("{}.{}", schema, name),
            },
            send: String::new(),
            receive: String::new(),
            shape,
        }
    }

    fn attribute(name: &str, type_oid: u32, declared: &str) -> Attribute {
        Attribute {
            name: name.into(),
            type_oid,
            modifier: -1,
            dimensions: 0,
            declared: declared.into(),
        }
    }

    #[test]
    fn a_type_is_defined_by_all_that_it_consists_of() {
        let types = TypeCatalog::of([
            info(1, "pg_catalog", "numeric", TypeShape::Base),
            info(
                2,
                "shop",
                "amount",
                TypeShape::Domain {
                    base: 1,
                    modifier: -1,
                    dimensions: 0,
                    declared: "numeric(8,2)".into(),
                },
            ),
            info(3, "shop", "amount[]", TypeShape::Array { element: 2 }),
            info(4, "shop", "mood", TypeShape::Enum),
            info(5, "pg_catalog", "numrange", TypeShape::Range { subtype: 1 }),
            info(6, "shop", "span", TypeShape::Range { subtype: 2 }),
            info(7, "shop", "spans", TypeShape::Multirange { range: 6 }),
            info(
                8,
                "shop",
                "pair",
                TypeShape::Composite(vec![
                    attribute("a", 3, "shop.amount[]"),
                    attribute("b", 5, "numrange"),
                    attribute("c", 7, "shop.spans"),
                    attribute("d", 1, "numeric(10,4)"),
                ]),
            ),
            info(9, "shop", "pair[]", TypeShape::Array { element: 8 }),
        ]);
        let json = |oid| serde_json::to_string(&types.definitions(oid)).unwrap();
        assert_eq!(
            json(9),
            r#"{"shop.amount":{"domain":"numeric(8,2)"},"shop.pair":{"composite":[["a","shop.amount[]"],["b","numrange"],["c","shop.spans"],["d","numeric(10,4)"]]},"shop.span":{"range":"shop.amount"},"shop.spans":{"multirange":"shop.span"}}"#
        );
        assert_eq!(json(4), r#"{"shop.mood":"enum"}"#);
        assert_eq!(json(5), "{}");
        assert_eq!(
            serde_json::from_str::<TypeDefinitions>(&json(9)).unwrap(),
            types.definitions(9)
        );
    }
}
