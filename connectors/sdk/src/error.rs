// SPDX-License-Identifier: Apache-2.0

//! The error record of the ABI (docs/abi.md, section 8): the only thing by which the host decides what to do next.

use crate::json::null_as_default;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{fmt, io};

/// What every fallible function of a connector returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Who or what has to change for the call to succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    Config,
    Auth,
    Permission,
    RateLimit,
    TransientNetwork,
    TransientDb,
    Data,
    Schema,
    Frame,
    Cancelled,
    /// A defect of the connector. Also stands for a category that this version of the SDK does not know.
    #[serde(other)]
    Internal,
}

/// How much is affected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    #[default]
    Stream,
    Batch,
    Record,
}

/// How long to wait before the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackoffClass {
    Fast,
    Normal,
    Slow,
}

/// What has become of the data of the failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitState {
    BeforeCommit,
    AfterCommitUnknown,
    AfterCommitConfirmed,
}

/// One error record. Built like this:
///
/// ```
/// use rapidbyte_sdk::{Category, Error};
/// let error = Error::new(Category::Schema, "unknown_table", "stream 'orders': there is no table public.orders")
///     .hint("correct the stream's name, or create the table");
/// assert!(!error.is_retryable());
/// ```
///
/// It is one pointer wide, so that results which carry it stay cheap to return.
#[derive(Clone, PartialEq)]
pub struct Error(Box<Record>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Record {
    category: Category,
    #[serde(default, deserialize_with = "null_as_default")]
    scope: Scope,
    code: String,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    retryable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    backoff_class: Option<BackoffClass>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    safe_to_retry: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit_state: Option<CommitState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    details: Option<Map<String, Value>>,
}

impl Error {
    /// An error of the whole stream that is not worth repeating; the other methods change that.
    ///
    /// `code` is short and stable, for programs; `message` is one sentence for the person who must act.
    pub fn new(category: Category, code: impl Into<String>, message: impl Into<String>) -> Error {
        Error(Box::new(Record {
            category,
            scope: Scope::Stream,
            code: code.into(),
            message: message.into(),
            hint: None,
            retryable: false,
            retry_after_ms: None,
            backoff_class: None,
            safe_to_retry: None,
            commit_state: None,
            details: None,
        }))
    }

    /// A wrong or missing member of the connector's `config`.
    pub fn config(code: impl Into<String>, message: impl Into<String>) -> Error {
        Error::new(Category::Config, code, message)
    }

    /// A value that cannot be moved.
    pub fn data(code: impl Into<String>, message: impl Into<String>) -> Error {
        Error::new(Category::Data, code, message)
    }

    /// A table or a column that is not what it should be.
    pub fn schema(code: impl Into<String>, message: impl Into<String>) -> Error {
        Error::new(Category::Schema, code, message)
    }

    /// A malformed batch.
    pub fn frame(message: impl Into<String>) -> Error {
        Error::new(Category::Frame, "malformed_frame", message).scope(Scope::Batch)
    }

    /// A defect of the connector itself; the host drops an instance that returns it.
    pub fn internal(message: impl Into<String>) -> Error {
        Error::new(Category::Internal, "internal", message)
    }

    /// The answer to a run that is being cancelled.
    pub fn cancelled() -> Error {
        Error::new(Category::Cancelled, "cancelled", "the run was cancelled")
    }

    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Error {
        self.0.scope = scope;
        self
    }

    /// What the person who reads the message should do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.0.hint = Some(hint.into());
        self
    }

    /// Whether the same call can succeed later.
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Error {
        self.0.retryable = retryable;
        self
    }

    #[must_use]
    pub fn retry_after_ms(mut self, milliseconds: u64) -> Error {
        self.0.retry_after_ms = Some(milliseconds);
        self
    }

    #[must_use]
    pub fn backoff(mut self, class: BackoffClass) -> Error {
        self.0.backoff_class = Some(class);
        self
    }

    /// Whether repeating the call cannot double anything. As [`Error::retryable`] when it is not said.
    #[must_use]
    pub fn safe_to_retry(mut self, safe: bool) -> Error {
        self.0.safe_to_retry = Some(safe);
        self
    }

    #[must_use]
    pub fn commit_state(mut self, state: CommitState) -> Error {
        self.0.commit_state = Some(state);
        self
    }

    /// Adds a member to `details`. Never a secret: the record is logged and shown.
    #[must_use]
    pub fn detail(mut self, name: impl Into<String>, value: impl Into<Value>) -> Error {
        self.0
            .details
            .get_or_insert_with(Map::new)
            .insert(name.into(), value.into());
        self
    }

    /// Puts what was being done in front of the message: `context: message`.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Error {
        self.0.message = format!("{}: {}", context, self.0.message);
        self
    }

    pub fn category(&self) -> Category {
        self.0.category
    }

    pub fn scope_of_failure(&self) -> Scope {
        self.0.scope
    }

    pub fn code(&self) -> &str {
        &self.0.code
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    pub fn is_safe_to_retry(&self) -> bool {
        self.0.safe_to_retry.unwrap_or(self.0.retryable)
    }

    pub fn state_of_commit(&self) -> CommitState {
        self.0.commit_state.unwrap_or(CommitState::BeforeCommit)
    }

    pub fn details(&self) -> Option<&Map<String, Value>> {
        self.0.details.as_ref()
    }

    /// The record as the ABI has it.
    #[inline(never)]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(&self.0).unwrap_or(Value::Null)
    }

    /// Reads a record that the host wrote.
    #[inline(never)]
    pub fn from_json(json: &[u8]) -> Result<Error> {
        serde_json::from_slice::<Record>(json)
            .map(|record| Error(Box::new(record)))
            .map_err(|cause| Error::internal(format!("the host's error record cannot be read: {}", cause)))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.0.message, self.0.code)?;
        match &self.0.hint {
            Some(hint) => write!(formatter, "; {}", hint),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::error::Error for Error {}

impl Serialize for Error {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Carries the record through interfaces that know only [`io::Error`]; `Error::from` takes it out again unchanged.
impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match (error.category(), error.code()) {
            (Category::Permission, _) => io::ErrorKind::PermissionDenied,
            // Not `Interrupted`: the standard library repeats a call that fails with it.
            (Category::Cancelled, _) => io::ErrorKind::ConnectionAborted,
            (_, "connection_refused") => io::ErrorKind::ConnectionRefused,
            (_, "timeout") => io::ErrorKind::TimedOut,
            (Category::TransientNetwork, _) => io::ErrorKind::ConnectionReset,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        if error.get_ref().map_or(false, |cause| cause.is::<Error>()) {
            return match error.into_inner().map(|cause| cause.downcast::<Error>()) {
                Some(Ok(record)) => *record,
                _ => Error::internal("an error record was lost on its way"),
            };
        }
        let code = match error.kind() {
            io::ErrorKind::ConnectionRefused => "connection_refused",
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "timeout",
            io::ErrorKind::UnexpectedEof => "connection_closed",
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                "connection_reset"
            }
            _ => return Error::internal(error.to_string()),
        };
        Error::new(Category::TransientNetwork, code, error.to_string()).retryable(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_plain_record_holds_what_is_required_and_no_empty_members() {
        let error = Error::config("missing_host", "config: 'host' is missing");
        assert_eq!(
            error.to_json(),
            json!({"category": "config", "scope": "stream", "code": "missing_host",
                   "message": "config: 'host' is missing", "retryable": false})
        );
        assert_eq!(error.state_of_commit(), CommitState::BeforeCommit);
    }

    #[test]
    fn every_member_survives_writing_and_reading() {
        let error = Error::new(Category::TransientDb, "40001", "serialization failure")
            .scope(Scope::Batch)
            .hint("try again")
            .retryable(true)
            .retry_after_ms(250)
            .backoff(BackoffClass::Slow)
            .safe_to_retry(false)
            .commit_state(CommitState::AfterCommitUnknown)
            .detail("table", "public.orders");
        let text = serde_json::to_vec(&error).unwrap();
        assert_eq!(Error::from_json(&text).unwrap(), error);
        assert_eq!(error.to_json()["backoff_class"], "slow");
        assert_eq!(error.to_json()["commit_state"], "after_commit_unknown");
    }

    #[test]
    fn safe_to_retry_follows_retryable_unless_it_is_said() {
        let error = Error::internal("x").retryable(true);
        assert!(error.is_safe_to_retry());
        assert!(!error.safe_to_retry(false).is_safe_to_retry());
    }

    #[test]
    fn a_record_with_unknown_members_and_an_unknown_category_can_be_read() {
        let text = br#"{"category":"weather","code":"rain","message":"it rains","novelty":1,"hint":null,"scope":null,"retryable":null}"#;
        let error = Error::from_json(text).unwrap();
        assert_eq!(error.category(), Category::Internal);
        assert_eq!(error.code(), "rain");
        assert_eq!(error.hint_text(), None);
    }

    #[test]
    fn a_record_survives_the_way_through_an_io_error() {
        let error = Error::new(Category::Permission, "address_forbidden", "no").detail("port", 1);
        let through: io::Error = error.clone().into();
        assert_eq!(through.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(Error::from(through), error);
    }

    #[test]
    fn an_end_of_stream_in_the_middle_of_a_message_is_a_network_error() {
        let error = Error::from(io::Error::from(io::ErrorKind::UnexpectedEof));
        assert_eq!(error.category(), Category::TransientNetwork);
        assert_eq!(error.code(), "connection_closed");
        assert!(error.is_retryable());
    }
}
