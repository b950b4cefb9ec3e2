// SPDX-License-Identifier: Apache-2.0

//! Turns what Postgres reports into error records.

use crate::error::{BackoffClass, Category, Error};

/// The fields of an `ErrorResponse` or a `NoticeResponse`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerError {
    /// `ERROR`, `FATAL`, `PANIC`, or the severity of a notice; never translated.
    pub severity: String,
    /// The SQLSTATE.
    pub code: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// Where it happened: for a COPY the table, the line and the column.
    pub context: Option<String>,
    pub schema: Option<String>,
    pub table: Option<String>,
    pub column: Option<String>,
    pub constraint: Option<String>,
}

impl ServerError {
    /// Reads the body of the message, the part behind its header.
    ///
    /// Before the server knows the client's encoding it may use any, so what is not UTF-8 is replaced.
    pub fn parse(body: &[u8]) -> ServerError {
        let mut error = ServerError::default();
        let mut rest = body;
        while let [kind, value @ ..] = rest {
            if *kind == 0 {
                break;
            }
            let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
            error.set(*kind, String::from_utf8_lossy(&value[..end]).into_owned());
            rest = value.get(end + 1..).unwrap_or(&[]);
        }
        error
    }

    fn set(&mut self, kind: u8, value: String) {
        match kind {
            // V is S untranslated, and comes after it on every server since 9.6.
            b'S' | b'V' => self.severity = value,
            b'C' => self.code = value,
            b'M' => self.message = value,
            b'D' => self.detail = Some(value),
            b'H' => self.hint = Some(value),
            b'W' => self.context = Some(value),
            b's' => self.schema = Some(value),
            b't' => self.table = Some(value),
            b'c' => self.column = Some(value),
            b'n' => self.constraint = Some(value),
            _ => {}
        }
    }

    /// Whether the server ends the session with it.
    pub fn is_fatal(&self) -> bool {
        self.severity == "FATAL" || self.severity == "PANIC"
    }

    /// The record; `server` says which server, database and user it was.
    pub fn into_record(self, server: &str) -> Error {
        let class = classify(&self.code);
        let code = if self.code.is_empty() {
            "server_error".to_owned()
        } else {
            self.code
        };
        let mut message = format!("{}: {}", server, self.message);
        if let Some(detail) = &self.detail {
            message.push_str(": ");
            message.push_str(detail.trim_end_matches('.'));
        }
        let mut error = Error::new(class.category, code, message)
            .retryable(class.retryable)
            .backoff(class.backoff);
        if let Some(hint) = self.hint.as_deref().or(class.hint) {
            error = error.hint(hint);
        }
        let details = [
            ("context", self.context),
            ("schema", self.schema),
            ("table", self.table),
            ("column", self.column),
            ("constraint", self.constraint),
        ];
        for (name, value) in details {
            if let Some(value) = value {
                error = error.detail(name, value);
            }
        }
        error
    }
}

/// What to do about a server that takes no writes.
const PRIMARY: &str =
    "connect to the primary, not to a standby: correct 'host' and 'port', or name all servers there and \
     set 'target_session_attrs' to 'read-write'";

/// The error of a server that was asked for a transaction that writes and has none to give. A standby answers that with
/// the SQLSTATE of whatever is not supported.
pub fn takes_no_writes(error: Error) -> Error {
    Error::new(Category::Config, error.code(), error.message()).hint(PRIMARY)
}

struct Class {
    category: Category,
    retryable: bool,
    backoff: BackoffClass,
    hint: Option<&'static str>,
}

impl Class {
    fn permanent(category: Category) -> Class {
        Class {
            category,
            retryable: false,
            backoff: BackoffClass::Normal,
            hint: None,
        }
    }

    fn transient(category: Category, backoff: BackoffClass) -> Class {
        Class {
            category,
            retryable: true,
            backoff,
            hint: None,
        }
    }

    fn hint(mut self, hint: &'static str) -> Class {
        self.hint = Some(hint);
        self
    }
}

/// What a SQLSTATE means for the run. Exact codes come before the classes they belong to.
fn classify(code: &str) -> Class {
    match code {
        "42501" => Class::permanent(Category::Permission).hint("grant the user the missing privilege"),
        "25006" => Class::permanent(Category::Config).hint(PRIMARY),
        "3D000" => Class::permanent(Category::Config).hint("correct 'database', or create it"),
        "3F000" => Class::permanent(Category::Config).hint("correct 'schema', or create it"),
        "57014" | "57P05" | "25P03" => Class::transient(Category::TransientDb, BackoffClass::Normal)
            .hint("a time limit of the server ended it: raise the limit for this user"),
        "53300" => Class::transient(Category::TransientDb, BackoffClass::Slow)
            .hint("lower the parallelism, or raise max_connections"),
        "53100" => Class::transient(Category::TransientDb, BackoffClass::Slow).hint("the server's disk is full"),
        // The catalogue's own races, such as two sessions creating the same thing, come under XX000.
        "55P03" | "55006" | "XX000" => Class::transient(Category::TransientDb, BackoffClass::Normal),
        _ => match code.get(..2).unwrap_or("") {
            "08" => Class::transient(Category::TransientNetwork, BackoffClass::Normal),
            "28" => Class::permanent(Category::Auth)
                .hint("check 'user', 'password' or 'sslcert', and the server's pg_hba.conf"),
            // P0 is what a target's own checks raise, 44 what a view's check option refuses.
            "22" | "23" | "21" | "44" | "54" | "P0" => Class::permanent(Category::Data),
            "40" => Class::transient(Category::TransientDb, BackoffClass::Fast),
            "53" | "57" | "58" => Class::transient(Category::TransientDb, BackoffClass::Slow),
            "42" | "0A" | "2B" => Class::permanent(Category::Schema),
            "XX" => Class::permanent(Category::Data),
            _ => Class::permanent(Category::Config),
        },
    }
}

/// The server sent something that the protocol does not allow where it came.
pub fn protocol_error(what: impl std::fmt::Display) -> Error {
    Error::new(
        Category::TransientNetwork,
        "protocol_violation",
        format!("the Postgres server broke the protocol: {}", what),
    )
    .hint("check that 'host' and 'port' lead to a Postgres server, and to nothing that changes its traffic")
}

/// The connection ended in the middle of a conversation.
pub fn connection_lost(server: &str) -> Error {
    Error::new(
        Category::TransientNetwork,
        "connection_lost",
        format!("{}: the server closed the connection", server),
    )
    .retryable(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(code: &str) -> Error {
        ServerError {
            code: code.into(),
            message: "m".into(),
            ..ServerError::default()
        }
        .into_record("s")
    }

    #[test]
    fn all_fields_are_read() {
        let body = b"SFEHLER\0VERROR\0C23505\0Mdouble key\0DKey (id)=(1) already exists.\0Hh\0WCOPY t, line 3\0sshop\0tt\0cid\0npk\0Ff.c\0\0";
        let error = ServerError::parse(body);
        assert_eq!(error.severity, "ERROR");
        assert_eq!(error.constraint.as_deref(), Some("pk"));
        let record = error.into_record("Postgres at db:5432 (database shop, user ann)");
        assert_eq!(record.code(), "23505");
        assert_eq!(record.category(), Category::Data);
        assert_eq!(
            record.message(),
            "Postgres at db:5432 (database shop, user ann): double key: Key (id)=(1) already exists"
        );
        assert_eq!(record.hint_text(), Some("h"));
        assert_eq!(record.details().unwrap()["context"], "COPY t, line 3");
    }

    #[test]
    fn truncated_and_foreign_bytes_do_no_harm() {
        assert_eq!(ServerError::parse(b""), ServerError::default());
        assert_eq!(ServerError::parse(b"M\xe9t\xe9").message, "\u{fffd}t\u{fffd}");
        assert_eq!(ServerError::parse(b"SFATAL\0C").severity, "FATAL");
    }

    #[test]
    fn a_sqlstate_decides_the_category_and_whether_to_retry() {
        let expected = [
            ("28P01", Category::Auth, false),
            ("28000", Category::Auth, false),
            ("42501", Category::Permission, false),
            ("3D000", Category::Config, false),
            ("42P01", Category::Schema, false),
            ("42703", Category::Schema, false),
            ("40001", Category::TransientDb, true),
            ("40P01", Category::TransientDb, true),
            ("57P03", Category::TransientDb, true),
            ("57P01", Category::TransientDb, true),
            ("53300", Category::TransientDb, true),
            ("55P03", Category::TransientDb, true),
            ("08006", Category::TransientNetwork, true),
            ("22P02", Category::Data, false),
            ("23505", Category::Data, false),
            ("P0001", Category::Data, false),
            ("44000", Category::Data, false),
            ("25006", Category::Config, false),
            ("", Category::Config, false),
        ];
        for (code, category, retryable) in expected {
            let record = record(code);
            assert_eq!(record.category(), category, "{}", code);
            assert_eq!(record.is_retryable(), retryable, "{}", code);
        }
    }
}
