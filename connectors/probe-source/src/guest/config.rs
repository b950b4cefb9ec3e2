// SPDX-License-Identifier: Apache-2.0

use super::source::Call;
use serde::Deserialize;
use serde_json::Value;

/// What the probe does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// Reads `units` units of `batches_per_unit` batches of `rows_per_batch` rows, see [`super::content`].
    #[default]
    Normal,

    // These happen at the beginning of the call that `call` names.
    /// Computes for ever.
    Loop,
    /// Logs for ever.
    LoopLogging,
    /// Takes memory until it has 5 GB.
    Grow,
    /// Calls itself until the stack is used up.
    Recursive,
    /// Executes `unreachable`.
    Trap,
    /// Panics with the message "the probe panics on request".
    Panic,
    /// Returns `error`. In `read`: when it gets to unit `fail_unit`, after it has emitted the units before it; and if `host` and `port`
    /// are given, only when a byte read from there is `F`.
    Error,
    /// Fails with an error that holds `password`, and logs it.
    SecretInError,
    /// Answers with an address outside of memory.
    BadResultPointer,
    /// Answers with a response of 65 MiB.
    HugeResult,
    /// Answers with text that is no JSON.
    NotJson,

    // These happen in `read`; what the host answered is in the response's member `observed`.
    /// Emits a batch from outside of memory.
    BadPointer,
    /// Emits a batch whose length is negative as a signed number.
    NegativeLength,
    /// Emits a batch that is broken as `variant` says, see [`super::frames`].
    BadFrame,
    EmitWithoutClaim,
    /// Claims the second unit, then the first.
    ClaimBackwards,
    /// Claims the first unit twice.
    ClaimTwice,
    /// Claims a unit behind the end.
    ClaimOutside,
    /// Claims all units, and goes on after one was denied.
    ClaimAfterDenied,
    /// Asks for a batch, which only destinations may.
    NextBatchInRead,
    /// Metrics with impossible names and kinds, and more of them than are allowed.
    WrongMetricNames,
    /// Connects to `host` and `port`, writes "ping" and reads the answer.
    Connect,
    /// Opens `connections` connections to `host` and `port` at the same time.
    ConnectMany,
    /// Uses a connection that was never opened.
    UnknownHandle,
    /// Logs `lines` lines, then reads as usual.
    FloodLog,
    /// Logs a line longer than 8 KiB and one that is not UTF-8, then reads as usual.
    OddLog,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Config {
    pub behaviour: Behaviour,
    /// The call in which a behaviour that is not bound to one happens.
    pub call: Call,
    pub units: u64,
    pub batches_per_unit: u64,
    pub rows_per_batch: u64,
    /// Bytes that are appended to the text of each row.
    pub payload_bytes: usize,
    /// Computation before each batch is emitted.
    pub spin_micros_per_batch: i64,
    /// How a frame is broken.
    pub variant: String,
    pub host: Option<String>,
    pub port: u16,
    pub connections: usize,
    pub lines: u64,
    pub password: String,
    pub error: Value,
    pub fail_unit: i64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            behaviour: Behaviour::default(),
            call: Call::Read,
            units: 1,
            batches_per_unit: 1,
            rows_per_batch: 100,
            payload_bytes: 0,
            spin_micros_per_batch: 0,
            variant: "garbage".to_string(),
            host: None,
            port: 0,
            connections: 1,
            lines: 100_000,
            password: String::new(),
            error: Value::Null,
            fail_unit: 0,
        }
    }
}
