// SPDX-License-Identifier: Apache-2.0

use serde::Deserialize;
use serde_json::Value;

/// What the probe does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// Pulls all batches and reports what they held, see [`crate::tally`].
    #[default]
    Normal,

    // These happen in `write`.
    /// Returns without an error after `after_batches` batches, although there are more.
    StopEarly,
    /// Returns `error` after `after_batches` batches.
    ErrorAfter,
    /// Executes `unreachable` after `after_batches` batches.
    TrapAfter,
    /// Panics with the message "the probe panics on request" after `after_batches` batches.
    PanicAfter,
    /// Computes for ever after `after_batches` batches.
    LoopAfter,
    /// Computes for `spin_micros_per_batch`, but at least 100 milliseconds, for each batch.
    Slow,
    /// Keeps asking for batches after the end.
    IgnoreEnd,
    /// Reports a row more at each checkpoint than it was given.
    MiscountCheckpoints,
    /// Counts refused records and keeps their dead letters to itself.
    KeepDeadLetters,

    // These happen at the beginning of the call that `call` names.
    /// Returns `error`.
    Error,
    /// Executes `unreachable`.
    Trap,
}

/// The lifecycle calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    Open,
    Check,
    Apply,
    Write,
    Finalize,
    Close,
    Teardown,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Config {
    pub behaviour: Behaviour,
    /// The call in which a behaviour that is not bound to one happens.
    pub call: Call,
    pub after_batches: u64,
    /// Computation for each batch.
    pub spin_micros_per_batch: i64,
    /// Records whose `id` this number divides are refused; 0: none.
    pub refuse_every: i64,
    pub error: Value,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            behaviour: Behaviour::default(),
            call: Call::Write,
            after_batches: 1,
            spin_micros_per_batch: 0,
            refuse_every: 0,
            error: Value::Null,
        }
    }
}
