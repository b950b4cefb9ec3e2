// SPDX-License-Identifier: Apache-2.0

//! The payloads of the lifecycle calls (docs/abi.md, section 5).

use crate::arrow::Schema;
use crate::error::{Category, Error, Result};
use crate::json::null_as_default;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is read and where it goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// The name the pipeline has for it.
    pub name: String,
    /// The schema of the relation; filled in by the source's `plan`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The relation; filled in by the source's `plan`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub sync_mode: SyncMode,
    /// The columns to read, in this order; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor_field: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie_breaker_field: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_key: Option<String>,
    /// How many rows are read at most, some of those there are; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_records: Option<u64>,
    /// Where the last run of an incremental stream ended, as the source wrote it; `None`: there was none. For `plan` and `check`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Value>,
    /// Whatever else the pipeline file says of the stream.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Map::is_empty")]
    pub options: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncMode {
    #[default]
    FullRefresh,
    Incremental,
    Cdc,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteMode {
    #[default]
    Append,
    Replace,
    Upsert,
}

/// Request of `rb_open`.
#[derive(Clone, Debug, Deserialize)]
pub struct OpenRequest {
    pub abi: u32,
    /// The same in every instance of one run, different between runs.
    pub run_id: String,
    /// Holds secrets: never to be logged or to appear in an error.
    #[serde(default, deserialize_with = "null_as_default")]
    pub config: Map<String, Value>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub log_level: LogLevelNumber,
    #[serde(default, deserialize_with = "null_as_default")]
    pub limits: Limits,
}

impl OpenRequest {
    /// Reads `config` into the connector's own type. The error names what is wrong, and no value of the configuration.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(Value::Object(self.config.clone())).map_err(|cause| {
            Error::config(
                "bad_config",
                format!("the connector's 'config' cannot be used: {}", without_values(&cause)),
            )
            .hint("compare the members of 'config' with the connector's documentation")
        })
    }
}

/// serde quotes the offending value (`invalid type: string "…"`), which may be a password put in the wrong place.
pub(crate) fn without_values(cause: &serde_json::Error) -> String {
    let text = cause.to_string();
    let quoted = ["invalid type: ", "invalid value: "];
    match quoted.iter().find(|prefix| text.starts_with(**prefix)) {
        Some(prefix) => match text.rfind(", expected ") {
            Some(at) => format!("{}{}", prefix.trim_end_matches(": "), &text[at..]),
            None => prefix.trim_end_matches(": ").to_string(),
        },
        None => text,
    }
}

/// The level of detail the host wants to see: 1 error to 5 trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct LogLevelNumber(pub i32);

impl Default for LogLevelNumber {
    fn default() -> LogLevelNumber {
        LogLevelNumber(crate::log::Level::Info as i32)
    }
}

/// Bounds on what a source emits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// The size of a frame to aim for and not to exceed by more than one record.
    #[serde(deserialize_with = "batch_bytes_or_default")]
    pub max_batch_bytes: u64,
    /// The most rows of a batch; at least 1.
    #[serde(deserialize_with = "batch_rows_or_default")]
    pub max_batch_rows: u64,
    /// No record may be larger.
    #[serde(deserialize_with = "record_bytes_or_default")]
    pub max_record_bytes: u64,
    /// What becomes of a record that is.
    #[serde(deserialize_with = "null_as_default")]
    pub large_records: RecordPolicy,
}

/// What becomes of a record that cannot be moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordPolicy {
    /// It fails the call.
    #[default]
    Fail,
    /// It is left out and counted.
    Skip,
    /// It is left out, and handed over by [`crate::abi::emit_dlq`].
    Dlq,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_batch_bytes: 4 << 20,
            max_batch_rows: u64::MAX,
            max_record_bytes: 64 << 20,
            large_records: RecordPolicy::Fail,
        }
    }
}

fn batch_bytes_or_default<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<u64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(|| Limits::default().max_batch_bytes))
}

fn batch_rows_or_default<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<u64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(|| Limits::default().max_batch_rows))
}

fn record_bytes_or_default<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<u64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(|| Limits::default().max_record_bytes))
}

/// Request of `rb_check`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CheckRequest {
    #[serde(default, deserialize_with = "null_as_default")]
    pub streams: Vec<Stream>,
    /// For destinations.
    #[serde(default)]
    pub write_mode: Option<WriteMode>,
    /// For destinations: the columns that the pipeline says identify a row; empty: it says nothing of them.
    #[serde(default, deserialize_with = "null_as_default")]
    pub primary_key: Vec<String>,
}

/// Response of `rb_check`: one entry for every prerequisite, in the order they were tried.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CheckResponse {
    pub checks: Vec<CheckEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckEntry {
    pub name: String,
    pub ok: bool,
    pub message: String,
    /// What to do about a check that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What kind of failure it is; `None`: one that the host has to know no more of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
}

impl CheckEntry {
    pub fn passed(name: impl Into<String>, message: impl Into<String>) -> CheckEntry {
        CheckEntry {
            name: name.into(),
            ok: true,
            message: message.into(),
            hint: None,
            category: None,
        }
    }

    pub fn failed(name: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> CheckEntry {
        CheckEntry {
            name: name.into(),
            ok: false,
            message: message.into(),
            hint: Some(hint.into()),
            category: None,
        }
    }

    /// Says what kind of failure it is: the category that an error has which a run would meet for the same reason.
    pub fn category(self, category: Category) -> CheckEntry {
        CheckEntry {
            category: Some(category),
            ..self
        }
    }
}

/// Request of `rb_discover`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct DiscoverRequest {
    /// `None`: everything that can be seen.
    #[serde(default)]
    pub include: Option<Vec<String>>,
}

/// Response of `rb_discover`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DiscoverResponse {
    pub streams: Vec<DiscoveredStream>,
}

#[derive(Clone, Debug, Serialize)]
pub struct DiscoveredStream {
    pub name: String,
    pub namespace: String,
    pub table: String,
    pub kind: RelationKind,
    pub fields: Vec<DiscoveredField>,
    pub primary_key: Vec<String>,
    /// -1: not known.
    pub estimated_rows: i64,
    /// -1: not known.
    pub estimated_bytes: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggested_cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    Table,
    PartitionedTable,
    View,
    MaterializedView,
    ForeignTable,
}

/// The ABI's *Field*: a column as `discover` reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiscoveredField {
    pub name: String,
    /// The Arrow type as the ABI writes it; [`crate::arrow::DataType`] prints itself that way.
    #[serde(rename = "type")]
    pub data_type: String,
    pub native_type: String,
    pub nullable: bool,
    pub primary_key: bool,
    pub generated: bool,
}

/// Request of `rb_plan`.
#[derive(Clone, Debug, Deserialize)]
pub struct PlanRequest {
    pub stream: Stream,
}

/// Response of `rb_plan`.
#[derive(Clone, Debug, Serialize)]
pub struct PlanResponse {
    /// The request's stream with `namespace` and `table` filled in.
    pub stream: Stream,
    #[serde(with = "crate::arrow::schema_as_base64")]
    pub schema: Schema,
    /// The restriction is `[0, units)`; at least 1.
    pub units: u64,
    /// What a unit is, for people: `heap_blocks`, `whole`.
    pub unit_kind: String,
    /// -1: not known.
    pub estimated_rows: i64,
    /// -1: not known.
    pub estimated_bytes: i64,
    /// Whatever `rb_read` needs; the host does not look inside.
    pub plan: Value,
    /// Where an incremental run ends, for the host to store once all that is planned is committed; `None`: there is nothing to store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Value>,
}

/// Request of `rb_read`: the units `[from, to)`.
#[derive(Clone, Debug, Deserialize)]
pub struct ReadRequest {
    pub stream: Stream,
    #[serde(default)]
    pub plan: Value,
    /// What `rb_snapshot` of another instance answered; `None`: whatever is there when it is read.
    #[serde(default)]
    pub snapshot: Option<String>,
    pub from: i64,
    pub to: i64,
}

impl ReadRequest {
    /// Reads `plan` into the type that the connector's own `plan` call wrote.
    pub fn plan<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&self.plan).map_err(|cause| {
            Error::internal(format!(
                "stream '{}': the plan is not one of this connector: {}",
                self.stream.name, cause
            ))
        })
    }
}

/// Request of `rb_snapshot`.
pub type SnapshotRequest = Empty;

/// Response of `rb_snapshot`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotResponse {
    /// What the reads of the run are given; `None`: there is no such thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
}

/// Response of `rb_read`: what this call has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadResponse {
    pub units: u64,
    pub rows: u64,
    pub batches: u64,
}

/// Request of `rb_apply`, and what `rb_write` and `rb_finalize` add to.
#[derive(Clone, Debug, Deserialize)]
pub struct TargetRequest {
    pub run_id: String,
    pub stream: Stream,
    #[serde(with = "crate::arrow::schema_as_base64")]
    pub schema: Schema,
    #[serde(default, deserialize_with = "null_as_default")]
    pub write_mode: WriteMode,
    #[serde(default, deserialize_with = "null_as_default")]
    pub primary_key: Vec<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub on_data_error: DataErrorPolicy,
    #[serde(default, deserialize_with = "null_as_default")]
    pub schema_evolution: SchemaEvolution,
}

/// What becomes of a record that the target refuses because of what is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataErrorPolicy {
    /// The call ends with the error.
    #[default]
    Fail,
    /// The record is left out and counted.
    Skip,
    /// The record is left out, counted and given to `emit_dlq`.
    Dlq,
}

/// What to do when a stream and a target that exists differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SchemaEvolution {
    pub new_column: NewColumn,
    pub removed_column: RemovedColumn,
    pub type_change: TypeChange,
    pub nullability_change: NullabilityChange,
}

/// The stream has a column that the target has not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewColumn {
    #[default]
    Add,
    Ignore,
    Fail,
}

/// The target has a column that the stream has not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovedColumn {
    #[default]
    Ignore,
    Fail,
}

/// The type of a target's column does not hold the stream's values unchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypeChange {
    #[default]
    Fail,
    /// The column is widened when that changes no value, and values are converted otherwise.
    Coerce,
    /// Values that do not fit become null.
    Null,
}

/// The stream's column may be null, the target's may not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NullabilityChange {
    #[default]
    Allow,
    Fail,
}

/// Request of `rb_apply`.
pub type ApplyRequest = TargetRequest;

/// Request of `rb_finalize`.
#[derive(Clone, Debug, Deserialize)]
pub struct FinalizeRequest {
    #[serde(flatten)]
    pub target: TargetRequest,
    /// How many batches `rb_write` was given of the stream in this run, over all instances; `None`: not known.
    #[serde(default)]
    pub batches: Option<u64>,
}

impl From<TargetRequest> for FinalizeRequest {
    fn from(target: TargetRequest) -> FinalizeRequest {
        FinalizeRequest { target, batches: None }
    }
}

/// Request of `rb_committed`.
#[derive(Clone, Debug, Deserialize)]
pub struct CommittedRequest {
    pub run_id: String,
    pub stream: Stream,
    /// Unit and sequence of the last batch that was told of; `None`: from the first on.
    #[serde(default)]
    pub after: Option<(i64, u32)>,
}

/// Response of `rb_committed`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CommittedResponse {
    /// Unit, sequence and checksum of batches that are committed, ascending; `None`: nobody keeps that.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "identities")]
    pub batches: Option<Vec<(i64, u32, u32)>>,
    /// Whether there may be more behind the last one.
    pub more: bool,
    /// Whether the stream has been finalized in this run.
    pub ended: bool,
}

/// Request of `rb_write`.
#[derive(Clone, Debug, Deserialize)]
pub struct WriteRequest {
    #[serde(flatten)]
    pub target: TargetRequest,
    #[serde(default, deserialize_with = "null_as_default")]
    pub options: Map<String, Value>,
}

/// Response of `rb_apply` and `rb_finalize`.
#[derive(Clone, Debug, Serialize)]
pub struct TargetResponse {
    /// The target's name, for people.
    pub target: String,
}

/// Response of `rb_write`, and what `checkpoint` reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteResponse {
    pub rows: u64,
    pub bytes: u64,
    pub batches: u64,
    /// Records that the target refused and that were left out.
    #[serde(default)]
    pub refused: u64,
}

/// In a function of its own: the host's compiler does not take methods of any size.
#[inline(never)]
fn identities<S: serde::Serializer>(
    batches: &Option<Vec<(i64, u32, u32)>>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    batches.serialize(serializer)
}

/// Request of `rb_teardown`.
#[derive(Clone, Debug, Deserialize)]
pub struct TeardownRequest {
    pub run_id: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub streams: Vec<Stream>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub reason: TeardownReason,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeardownReason {
    Failed,
    #[default]
    Requested,
}

/// The `{}` of the ABI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}
