// SPDX-License-Identifier: Apache-2.0

//! The names by which a pipeline refers to relations: `table`, `schema.table`, `"My Schema"."my.table"`.

use crate::error::{Error, Result};

use super::quote::quote_qualified;

/// A relation as a stream names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationName {
    /// The schema, when the name has one.
    pub schema: Option<String>,
    /// The table, view or other relation.
    pub relation: String,
}

impl RelationName {
    /// Parses a stream's name.
    ///
    /// An unquoted part is taken as it is: nothing is folded to lower case, because people copy names from where
    /// the real case is shown. A part in double quotes may hold dots; a quote inside of it is doubled.
    pub fn parse(name: &str) -> Result<RelationName> {
        let mut parts = split(name)?;
        if parts.len() > 2 {
            return Err(invalid(name, "has more than two parts"));
        }
        let relation = parts.pop().unwrap_or_default();
        Ok(RelationName {
            schema: parts.pop(),
            relation,
        })
    }

    /// The schema, or `default` for a name without one.
    pub fn schema_or<'a>(&'a self, default: &'a str) -> &'a str {
        self.schema.as_deref().unwrap_or(default)
    }

    /// The name in SQL, with `default` as the schema of a name without one.
    pub fn to_sql(&self, default: &str) -> String {
        quote_qualified(self.schema_or(default), &self.relation)
    }
}

fn split(name: &str) -> Result<Vec<String>> {
    if name.contains('\0') {
        return Err(invalid(name, "holds a zero byte"));
    }
    let mut parts = Vec::new();
    let mut rest = name;
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_part(name, quoted)?,
            None => unquoted_part(name, rest)?,
        };
        if part.is_empty() {
            return Err(invalid(name, "has an empty part"));
        }
        parts.push(part);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(parts),
            None => return Err(invalid(name, "has text behind a closing quote")),
        }
    }
}

fn quoted_part<'a>(name: &str, quoted: &'a str) -> Result<(String, &'a str)> {
    let mut part = String::new();
    let mut rest = quoted;
    loop {
        let end = rest
            .find('"')
            .ok_or_else(|| invalid(name, "has a double quote that is not closed"))?;
        part.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                part.push('"');
                rest = next;
            }
            None => return Ok((part, rest)),
        }
    }
}

fn unquoted_part<'a>(name: &str, rest: &'a str) -> Result<(String, &'a str)> {
    let end = rest.find('.').unwrap_or(rest.len());
    let part = &rest[..end];
    if part.contains('"') {
        return Err(invalid(name, "has a double quote inside an unquoted part"));
    }
    Ok((part.to_owned(), &rest[end..]))
}

fn invalid(name: &str, problem: &str) -> Error {
    Error::config("invalid_stream_name", format!("the stream name {:?} {}", name, problem))
        .hint("write table, schema.table or, for names with dots or quotes, \"my schema\".\"my.table\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(name: &str) -> (Option<String>, String) {
        let name = RelationName::parse(name).unwrap();
        (name.schema, name.relation)
    }

    #[test]
    fn plain_names_keep_their_case() {
        assert_eq!(parsed("Users"), (None, "Users".into()));
        assert_eq!(
            parsed("Sales.Orders 2024"),
            (Some("Sales".into()), "Orders 2024".into())
        );
        assert_eq!(parsed("naïve.größe"), (Some("naïve".into()), "größe".into()));
    }

    #[test]
    fn quoted_parts_may_hold_dots_and_quotes() {
        assert_eq!(parsed("\"a.b\".\"c\"\"d\""), (Some("a.b".into()), "c\"d".into()));
        assert_eq!(parsed("public.\"x.y\""), (Some("public".into()), "x.y".into()));
        assert_eq!(parsed("\"\"\"\""), (None, "\"".into()));
    }

    #[test]
    fn malformed_names_are_refused_with_one_sentence() {
        for name in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a.b.c",
            "\"a",
            "\"a\"b",
            "a\"b",
            "\"\"",
            "a\0b",
            "\"a\"\"",
            "a.\"b\".c",
        ] {
            let error = RelationName::parse(name).unwrap_err();
            assert_eq!(error.code(), "invalid_stream_name", "{:?}", name);
            assert!(error.message().contains("stream name"), "{}", error.message());
        }
    }

    #[test]
    fn sql_is_quoted_and_qualified() {
        assert_eq!(RelationName::parse("T").unwrap().to_sql("public"), "\"public\".\"T\"");
        assert_eq!(
            RelationName::parse("s.\"a\"\"b\"").unwrap().to_sql("public"),
            "\"s\".\"a\"\"b\""
        );
    }
}
