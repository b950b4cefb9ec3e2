// SPDX-License-Identifier: Apache-2.0

//! Quoting of identifiers and literals. Every piece of SQL text a connector builds from a name or a value comes
//! through here.

/// Quotes an identifier, so that case, dots, quotes and reserved words keep their meaning.
///
/// The identifier must not hold a zero byte: [`crate::postgres::RelationName`] refuses those, and the server has none.
pub fn quote_identifier(identifier: &str) -> String {
    let mut quoted = String::with_capacity(identifier.len() + 2);
    quoted.push('"');
    for character in identifier.chars() {
        if character == '"' {
            quoted.push('"');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

/// Quotes `schema.relation`.
pub fn quote_qualified(schema: &str, relation: &str) -> String {
    format!("{}.{}", quote_identifier(schema), quote_identifier(relation))
}

/// Quotes a string literal.
///
/// A literal with a backslash is written as `E'…'`, which means the same whatever `standard_conforming_strings` is
/// set to on the server.
pub fn quote_literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 3);
    if text.contains('\\') {
        // The space keeps the E apart from whatever word stands before the literal.
        quoted.push_str(" E");
    }
    quoted.push('\'');
    for character in text.chars() {
        if character == '\'' || character == '\\' {
            quoted.push(character);
        }
        quoted.push(character);
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_always_quoted() {
        assert_eq!(quote_identifier("order"), "\"order\"");
        assert_eq!(quote_identifier("Größe \"x\""), "\"Größe \"\"x\"\"\"");
        assert_eq!(quote_identifier(""), "\"\"");
        assert_eq!(quote_qualified("a.b", "c"), "\"a.b\".\"c\"");
    }

    #[test]
    fn literals_survive_quotes_and_backslashes() {
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("a\\'b"), " E'a\\\\''b'");
        assert_eq!(quote_literal(""), "''");
    }
}
