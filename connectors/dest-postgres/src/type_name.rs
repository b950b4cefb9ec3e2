// SPDX-License-Identifier: Apache-2.0

//! Names of Postgres types, as `format_type` writes them: `integer`, `character varying(40)`,
//! `timestamp(3) without time zone[]`, `"My Schema"."My Type"`.
//!
//! A name comes with the data and may be hostile, so that it never becomes part of a statement as it is. It is taken
//! apart here, and what a statement gets is put together again from the parts, each quoted or a number.

use rapidbyte_sdk::postgres::{quote_identifier, quote_qualified};

/// Postgres cuts longer identifiers off, so that they cannot be the name of anything.
const LONGEST_IDENTIFIER: usize = 63;
/// The longest name that makes sense: a schema and a type with all of their quotes doubled, and some modifiers.
const LONGEST_NAME: usize = 400;
const MOST_MODIFIERS: usize = 8;

/// The fields that an `interval` can be restricted to. The longest ones come first, because they begin with shorter ones.
const INTERVAL_FIELDS: [&str; 13] = [
    "year to month",
    "day to hour",
    "day to minute",
    "day to second",
    "hour to minute",
    "hour to second",
    "minute to second",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
];

/// A type's name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeName {
    /// Absent when the name has none: a type of the system, or one found along the search path.
    pub schema: Option<String>,
    /// As the catalogue has it: `int4` for `integer`. Of an array, that of its elements.
    pub name: String,
    /// What stands in parentheses.
    pub modifiers: Vec<Modifier>,
    /// The restriction of an `interval`, which is not written in parentheses.
    pub interval_fields: Option<&'static str>,
    pub array: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Modifier {
    Number(i32),
    /// Extensions have such: `geometry(Point,4326)`.
    Word(String),
}

impl TypeName {
    /// A type of the system, by the name of the catalogue.
    pub fn system(name: &str) -> TypeName {
        TypeName {
            schema: Some("pg_catalog".into()),
            name: name.into(),
            modifiers: Vec::new(),
            interval_fields: None,
            array: false,
        }
    }

    /// A type of the system with numbers as modifiers.
    pub fn system_with(name: &str, modifiers: &[i32]) -> TypeName {
        let modifiers = modifiers.iter().map(|number| Modifier::Number(*number)).collect();
        TypeName {
            modifiers,
            ..TypeName::system(name)
        }
    }

    /// Takes a name apart; nothing when it is not the name of a type.
    pub fn parse(text: &str) -> Option<TypeName> {
        if text.len() > LONGEST_NAME {
            return None;
        }
        let mut parser = Parser {
            tokens: tokenize(text)?,
            position: 0,
        };
        let name = parser.type_name()?;
        (parser.position == parser.tokens.len()).then(|| name)
    }

    /// The name of the type, or of the elements of an array, without modifiers; what `to_regtype` takes.
    pub fn quoted_base(&self) -> String {
        match &self.schema {
            Some(schema) => quote_qualified(schema, &self.name),
            None => quote_identifier(&self.name),
        }
    }

    /// The whole name for a statement.
    pub fn to_sql(&self) -> String {
        let mut sql = match self.interval_fields {
            // Only the keyword takes fields. They come from the table above.
            Some(fields) => format!("interval {}", fields),
            None if self.name == "interval" && !self.modifiers.is_empty() => "interval".into(),
            None => self.quoted_base(),
        };
        if !self.modifiers.is_empty() {
            let modifiers: Vec<_> = self.modifiers.iter().map(Modifier::to_sql).collect();
            sql = format!("{}({})", sql, modifiers.join(","));
        }
        if self.array {
            sql.push_str("[]");
        }
        sql
    }

    /// The name for messages.
    pub fn shown(&self) -> String {
        self.to_sql().replace("\"pg_catalog\".", "").replace('"', "")
    }

    /// The modifiers when all of them are numbers.
    pub fn numbers(&self) -> Option<Vec<i32>> {
        let number = |modifier: &Modifier| match modifier {
            Modifier::Number(number) => Some(*number),
            Modifier::Word(_) => None,
        };
        self.modifiers.iter().map(number).collect()
    }

    pub fn same_modifiers(&self, other: &TypeName) -> bool {
        let is_default = |name: &TypeName| name.numbers().map(|numbers| name.without_default_scale(numbers));
        self.interval_fields == other.interval_fields
            && match (is_default(self), is_default(other)) {
                (Some(mine), Some(others)) => mine == others,
                _ => self.modifiers == other.modifiers,
            }
    }

    /// `numeric(10)` is `numeric(10,0)`.
    fn without_default_scale(&self, mut numbers: Vec<i32>) -> Vec<i32> {
        if self.name == "numeric" && numbers.len() == 1 {
            numbers.push(0);
        }
        numbers
    }

    /// Precision and scale of a `numeric` that has them.
    pub fn numeric_bounds(&self) -> Option<(i32, i32)> {
        match self.without_default_scale(self.numbers()?)[..] {
            [precision, scale] if self.name == "numeric" => Some((precision, scale)),
            _ => None,
        }
    }

    /// Whether every value of this type has its place in a column of `target`, a type of the same name, unchanged. A
    /// value that is too long for a column is refused by the server; one with more decimal places is silently rounded.
    pub fn fits_into(&self, target: &TypeName) -> bool {
        if target.modifiers.is_empty() && target.interval_fields.is_none() {
            return true;
        }
        match target.name.as_str() {
            "numeric" => match (self.numeric_bounds(), target.numeric_bounds()) {
                (Some((precision, scale)), Some((room, places))) => {
                    scale <= places && precision - scale <= room - places
                }
                _ => false,
            },
            "varchar" | "bpchar" | "bit" | "varbit" => true,
            "time" | "timetz" | "timestamp" | "timestamptz" => match (self.numbers(), target.numbers()) {
                (Some(mine), Some(targets)) => mine.first().unwrap_or(&6) <= targets.first().unwrap_or(&6),
                _ => false,
            },
            _ => self.same_modifiers(target),
        }
    }

    pub fn has_modifiers(&self) -> bool {
        !self.modifiers.is_empty() || self.interval_fields.is_some()
    }

    /// Whether every value of this type is the same as one of `target`: as a part of another type, where the server rounds, cuts off and pads
    /// without a word whatever a column of its own would refuse.
    pub fn keeps_values_in(&self, target: &TypeName) -> bool {
        if self.array != target.array {
            return false;
        }
        // Extensions can be in any schema.
        if self.name != target.name || self.is_system() != target.is_system() {
            return self.widens_into(target);
        }
        if !target.has_modifiers() {
            return true;
        }
        match target.name.as_str() {
            "varchar" | "varbit" => self.is_as_short_as(target),
            "bpchar" | "bit" => self.same_modifiers(target),
            "interval" if self.interval_fields.is_none() && target.interval_fields.is_none() => {
                match (self.numbers(), target.numbers()) {
                    (Some(mine), Some(targets)) => mine.first().unwrap_or(&6) <= targets.first().unwrap_or(&6),
                    _ => false,
                }
            }
            _ => self.fits_into(target),
        }
    }

    pub fn is_system(&self) -> bool {
        self.schema.as_deref().map_or(true, |schema| schema == "pg_catalog")
    }

    fn is_as_short_as(&self, target: &TypeName) -> bool {
        match (self.numbers().as_deref(), target.numbers().as_deref()) {
            (Some([length]), Some([room])) => length <= room,
            _ => false,
        }
    }

    /// The same for a type of another name.
    fn widens_into(&self, target: &TypeName) -> bool {
        if !target.is_system() {
            return target.name == "citext" && self.is_system() && self.is_text();
        }
        let digits = match self.name.as_str() {
            _ if !self.is_system() => 0,
            "int2" => 5,
            "int4" | "oid" | "xid" | "cid" => 10,
            "int8" => 19,
            "xid8" => 20,
            _ => 0,
        };
        match target.name.as_str() {
            "text" | "varchar" if !target.has_modifiers() => true,
            "varchar" => self.is_system() && self.is_text() && self.is_as_short_as(target),
            "bpchar" => self.is_system() && self.is_text() && !target.has_modifiers(),
            "int4" => digits == 5,
            "int8" => digits > 0 && digits <= 10,
            "numeric" => match target.numeric_bounds() {
                Some((precision, scale)) => digits > 0 && scale >= 0 && precision - scale >= digits,
                None => digits > 0,
            },
            "float8" => self.is_system() && self.name == "float4",
            _ => false,
        }
    }

    fn is_text(&self) -> bool {
        matches!(self.name.as_str(), "text" | "varchar" | "bpchar")
    }
}

impl Modifier {
    fn to_sql(&self) -> String {
        match self {
            Modifier::Number(number) => number.to_string(),
            Modifier::Word(word) => quote_identifier(word),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// Without quotes, folded to lower case as the server does.
    Word {
        folded: String,
        written: String,
    },
    Quoted(String),
    Number(i32),
    Symbol(char),
}

fn tokenize(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_matches(' ');
    while let Some(first) = rest.chars().next() {
        let length = match first {
            ' ' => 1,
            '(' | ')' | '[' | ']' | ',' | '.' => {
                tokens.push(Token::Symbol(first));
                1
            }
            '"' => quoted(rest, &mut tokens)?,
            '0'..='9' | '-' => number(rest, &mut tokens)?,
            _ if is_letter(first) => word(rest, &mut tokens)?,
            _ => return None,
        };
        rest = &rest[length..];
    }
    Some(tokens)
}

fn is_letter(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_' || !character.is_ascii()
}

fn word(text: &str, tokens: &mut Vec<Token>) -> Option<usize> {
    let belongs = |character: char| is_letter(character) || character.is_ascii_digit() || character == '$';
    let length = text.find(|character| !belongs(character)).unwrap_or(text.len());
    let written = text[..length].to_owned();
    tokens.push(Token::Word {
        folded: identifier(written.to_ascii_lowercase())?,
        written,
    });
    Some(length)
}

fn quoted(text: &str, tokens: &mut Vec<Token>) -> Option<usize> {
    let mut content = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != '"' {
            content.push(character);
        } else if characters.next_if(|(_, next)| *next == '"').is_some() {
            content.push('"');
        } else {
            tokens.push(Token::Quoted(identifier(content)?));
            return Some(at + 1);
        }
    }
    None
}

fn identifier(text: String) -> Option<String> {
    let valid = !text.is_empty() && text.len() <= LONGEST_IDENTIFIER && !text.contains('\0');
    valid.then(|| text)
}

fn number(text: &str, tokens: &mut Vec<Token>) -> Option<usize> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let end = digits
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(digits.len());
    let length = text.len() - digits.len() + end;
    tokens.push(Token::Number(text[..length].parse().ok()?));
    Some(length)
}

struct Parser {
    tokens: Vec<Token>,
    position: usize,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.position).cloned();
        self.position += 1;
        token
    }

    /// Takes the words of `phrase`, all or none.
    fn accept(&mut self, phrase: &str) -> bool {
        let start = self.position;
        for expected in phrase.split(' ') {
            match self.next() {
                Some(Token::Word { folded, .. }) if folded == expected => (),
                _ => {
                    self.position = start;
                    return false;
                }
            }
        }
        true
    }

    fn accept_symbol(&mut self, symbol: char) -> bool {
        let found = self.tokens.get(self.position) == Some(&Token::Symbol(symbol));
        self.position += usize::from(found);
        found
    }

    fn type_name(&mut self) -> Option<TypeName> {
        let mut name = match self.next()? {
            Token::Word { folded, .. } if !self.accept_symbol('.') => self.unqualified(folded)?,
            Token::Quoted(name) if !self.accept_symbol('.') => self.named(None, name)?,
            Token::Word { folded: schema, .. } | Token::Quoted(schema) => match self.next()? {
                Token::Word { folded: name, .. } | Token::Quoted(name) => self.named(Some(schema), name)?,
                _ => return None,
            },
            _ => return None,
        };
        while self.accept_symbol('[') {
            // The server does not care for the number of dimensions, nor for their lengths.
            if !self.accept_symbol(']') && !(matches!(self.next()?, Token::Number(_)) && self.accept_symbol(']')) {
                return None;
            }
            name.array = true;
        }
        Some(name)
    }

    fn named(&mut self, schema: Option<String>, name: String) -> Option<TypeName> {
        Some(TypeName {
            schema,
            name,
            modifiers: self.modifiers()?,
            interval_fields: None,
            array: false,
        })
    }

    /// Names without quotes and schema: those of the standard, which can be several words, and all others.
    fn unqualified(&mut self, word: String) -> Option<TypeName> {
        let name = match word.as_str() {
            "bigint" => "int8",
            "integer" | "int" => "int4",
            "smallint" => "int2",
            "boolean" => "bool",
            "real" => "float4",
            "decimal" | "dec" | "numeric" => "numeric",
            "double" => return self.accept("precision").then(|| TypeName::system("float8")),
            "character" | "char" if self.accept("varying") => "varchar",
            "character" | "char" => return self.of_one_unless_said("bpchar"),
            "bit" if self.accept("varying") => "varbit",
            "bit" => return self.of_one_unless_said("bit"),
            "time" | "timestamp" => return self.time(&word),
            "interval" => return self.interval(),
            "varchar" | "bpchar" | "varbit" | "timetz" | "timestamptz" => &word,
            _ => return self.named(None, word),
        };
        Some(TypeName {
            modifiers: self.modifiers()?,
            ..TypeName::system(name)
        })
    }

    /// `character` is `character(1)` in the standard.
    fn of_one_unless_said(&mut self, name: &str) -> Option<TypeName> {
        let mut modifiers = self.modifiers()?;
        if modifiers.is_empty() {
            modifiers.push(Modifier::Number(1));
        }
        Some(TypeName {
            modifiers,
            ..TypeName::system(name)
        })
    }

    fn time(&mut self, name: &str) -> Option<TypeName> {
        let modifiers = self.modifiers()?;
        let name = if self.accept("with time zone") {
            format!("{}tz", name)
        } else {
            self.accept("without time zone");
            name.into()
        };
        Some(TypeName {
            modifiers,
            ..TypeName::system(&name)
        })
    }

    fn interval(&mut self) -> Option<TypeName> {
        let interval_fields = INTERVAL_FIELDS.iter().find(|fields| self.accept(fields)).copied();
        Some(TypeName {
            interval_fields,
            modifiers: self.modifiers()?,
            ..TypeName::system("interval")
        })
    }

    fn modifiers(&mut self) -> Option<Vec<Modifier>> {
        let mut modifiers = Vec::new();
        if !self.accept_symbol('(') {
            return Some(modifiers);
        }
        loop {
            modifiers.push(match self.next()? {
                Token::Number(number) => Modifier::Number(number),
                Token::Word { written, .. } => Modifier::Word(written),
                Token::Quoted(_) | Token::Symbol(_) => return None,
            });
            if self.accept_symbol(')') {
                return Some(modifiers);
            }
            if modifiers.len() == MOST_MODIFIERS || !self.accept_symbol(',') {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sql(text: &str) -> Option<String> {
        TypeName::parse(text).map(|name| name.to_sql())
    }

    #[test]
    fn what_the_server_writes_is_understood() {
        let expected = [
            ("integer", r#""pg_catalog"."int4""#),
            ("bigint", r#""pg_catalog"."int8""#),
            ("smallint[]", r#""pg_catalog"."int2"[]"#),
            ("boolean", r#""pg_catalog"."bool""#),
            ("real", r#""pg_catalog"."float4""#),
            ("double precision", r#""pg_catalog"."float8""#),
            ("numeric", r#""pg_catalog"."numeric""#),
            ("numeric(10,2)", r#""pg_catalog"."numeric"(10,2)"#),
            ("numeric(5,-2)", r#""pg_catalog"."numeric"(5,-2)"#),
            ("text", r#""text""#),
            ("character varying(40)", r#""pg_catalog"."varchar"(40)"#),
            ("character varying", r#""pg_catalog"."varchar""#),
            ("character(3)[]", r#""pg_catalog"."bpchar"(3)[]"#),
            ("character", r#""pg_catalog"."bpchar"(1)"#),
            ("bpchar", r#""pg_catalog"."bpchar""#),
            ("\"char\"", r#""char""#),
            ("bit(8)", r#""pg_catalog"."bit"(8)"#),
            ("bit varying(8)", r#""pg_catalog"."varbit"(8)"#),
            ("timestamp(3) without time zone", r#""pg_catalog"."timestamp"(3)"#),
            ("timestamp with time zone[]", r#""pg_catalog"."timestamptz"[]"#),
            ("time(0) with time zone", r#""pg_catalog"."timetz"(0)"#),
            ("time without time zone", r#""pg_catalog"."time""#),
            ("interval", r#""pg_catalog"."interval""#),
            ("interval(3)", "interval(3)"),
            ("interval day to second(3)", "interval day to second(3)"),
            ("interval year", "interval year"),
            ("INET", r#""inet""#),
            ("shop.mood", r#""shop"."mood""#),
            ("\"My Schema\".\"My \"\"Type\"\"\"[]", r#""My Schema"."My ""Type"""[]"#),
            ("größe", r#""größe""#),
            ("postgis.geometry(Point,4326)", r#""postgis"."geometry"("Point",4326)"#),
            ("int4[3][4]", r#""int4"[]"#),
        ];
        for (text, expected) in expected {
            assert_eq!(sql(text).as_deref(), Some(expected), "{}", text);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let hostile = [
            "",
            " ",
            "int); drop table x; --",
            "int; drop table x",
            "text) NOT NULL, secret text DEFAULT (SELECT 1",
            "text DEFAULT now()",
            "text/* */",
            "text--",
            "'text'",
            "\"text",
            "\"\"",
            "a.b.c",
            "a.",
            ".a",
            "numeric(10,2",
            "numeric(10,)",
            "numeric()",
            "numeric(1.5)",
            "numeric(now())",
            "numeric('1')",
            "numeric(\"a\")",
            "numeric(99999999999)",
            "int[",
            "int[]]",
            "int[a]",
            "double",
            "double double",
            "timestamp with",
            "interval year to",
            "text\0",
            "\"te\0xt\"",
            "a\u{0}",
            "text\n",
            "te\\xt",
            "$1",
            "a b",
            "setof text",
        ];
        for text in hostile {
            assert_eq!(sql(text), None, "{:?}", text);
        }
        assert_eq!(sql(&"a".repeat(64)), None);
        assert!(sql(&"a".repeat(63)).is_some());
        assert_eq!(sql(&"[]".repeat(1000)), None);
    }

    #[test]
    fn values_fit_where_nothing_of_them_is_lost() {
        let fits = |mine: &str, target: &str| {
            TypeName::parse(mine)
                .unwrap()
                .fits_into(&TypeName::parse(target).unwrap())
        };
        assert!(fits("numeric(10,2)", "numeric"));
        assert!(fits("numeric(10,2)", "numeric(12,4)"));
        assert!(fits("numeric(10)", "numeric(10,0)"));
        assert!(!fits("numeric(10,2)", "numeric(10,4)"));
        assert!(!fits("numeric(10,2)", "numeric(12,1)"));
        assert!(!fits("numeric", "numeric(12,1)"));
        assert!(fits("character varying(40)", "character varying(10)"));
        assert!(fits("timestamp(3) without time zone", "timestamp(6) without time zone"));
        assert!(!fits("timestamp without time zone", "timestamp(3) without time zone"));
        assert!(fits("time without time zone", "time(6) without time zone"));
        assert!(fits("interval", "interval"));
        assert!(!fits("interval", "interval(3)"));
        assert!(fits("interval(3)", "interval(3)"));
        assert!(!fits("interval day", "interval year"));
    }

    #[test]
    fn the_default_scale_is_no_difference() {
        let same = |one: &str, other: &str| {
            TypeName::parse(one)
                .unwrap()
                .same_modifiers(&TypeName::parse(other).unwrap())
        };
        assert!(same("numeric(10)", "numeric(10,0)"));
        assert!(!same("numeric", "numeric(10,0)"));
        assert!(same("text", "text"));
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_put_together_from_safe_parts(text in "\\PC{0,40}") {
            if let Some(name) = TypeName::parse(&text) {
                // Outside of quotes there is nothing but what a type's name consists of.
                let outside: String = name.to_sql().split('"').step_by(2).collect();
                prop_assert!(outside.chars().all(|c| c.is_ascii_alphanumeric() || " .,()[]-".contains(c)), "{}", outside);
            }
        }

        #[test]
        fn names_survive_being_written_and_read(schema in "[^\0]{1,15}", name in "[^\0]{1,15}", array: bool) {
            let sql = TypeName { schema: Some(schema), name, modifiers: Vec::new(), interval_fields: None, array };
            prop_assert_eq!(TypeName::parse(&sql.to_sql()), Some(sql));
        }
    }
}
