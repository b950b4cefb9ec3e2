// SPDX-License-Identifier: Apache-2.0

//! The host's functions (docs/abi.md, section 6), safe to call and with error records in place of status codes.

mod batch_input;
mod code;
#[cfg(not(target_arch = "wasm32"))]
mod host;
#[cfg_attr(target_arch = "wasm32", path = "imports_wasm.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "imports_native.rs")]
pub(crate) mod imports;
#[cfg(not(target_arch = "wasm32"))]
mod stand_in_host;

pub use batch_input::{BatchHeader, BatchInput, Input};
pub use code::Code;
#[cfg(not(target_arch = "wasm32"))]
pub use host::Host;
#[cfg(not(target_arch = "wasm32"))]
pub use imports::set_host;
#[cfg(not(target_arch = "wasm32"))]
pub use stand_in_host::{Recording, StandInHost, StandInInput};

use crate::error::{Error, Result};
use crate::protocol::WriteResponse;
use serde::Serialize;
use serde_json::Value;

/// The version of docs/abi.md that this SDK speaks.
pub const ABI_VERSION: i32 = 1;

/// Asks for a unit. `false`: it is not ours to read, and `rb_read` returns at once.
pub fn claim(unit: i64) -> Result<bool> {
    check("claim", imports::claim(unit)).map(|answer| answer == 1)
}

/// Hands over one batch of the unit claimed last; the host has copied it when this returns.
pub fn emit_batch(frame: &[u8]) -> Result<()> {
    check("emit_batch", imports::emit_batch(frame)).map(|_| ())
}

/// Tells the host what has been committed since the last checkpoint.
pub fn checkpoint(committed: &WriteResponse) -> Result<()> {
    checkpoint_json(committed)
}

/// Tells the host the position that has been reached; for sources.
pub fn checkpoint_position(position: &Value) -> Result<()> {
    checkpoint_json(position)
}

fn checkpoint_json<T: Serialize>(payload: &T) -> Result<()> {
    check("checkpoint", imports::checkpoint(&to_json(payload)?)).map(|_| ())
}

/// Hands a record over that was refused.
pub fn emit_dlq(stream: &str, record: &Value, error: &Error) -> Result<()> {
    #[derive(Serialize)]
    struct DeadLetter<'a> {
        stream: &'a str,
        record: &'a Value,
        error: &'a Error,
    }
    let json = to_json(&DeadLetter { stream, record, error })?;
    check("emit_dlq", imports::emit_dlq(&json)).map(|_| ())
}

/// Writes one line to the host's log. The macros of [`crate::log`] are what connectors use.
pub fn log(level: crate::log::Level, line: &str) {
    imports::log(level as i32, line.as_bytes());
}

/// Adds to a counter. Names are `[a-z][a-z0-9_]*`, at most 64 bytes.
pub fn add_to_counter(name: &str, value: i64) -> Result<()> {
    metric(0, name, value)
}

/// Sets a gauge.
pub fn set_gauge(name: &str, value: i64) -> Result<()> {
    metric(1, name, value)
}

/// Adds to a duration.
pub fn add_duration_nanos(name: &str, nanoseconds: i64) -> Result<()> {
    metric(2, name, nanoseconds)
}

fn metric(kind: i32, name: &str, value: i64) -> Result<()> {
    check("metric", imports::metric(kind, name.as_bytes(), value)).map(|_| ())
}

/// Nanoseconds since 1970-01-01 UTC.
pub fn wall_clock_nanos() -> i64 {
    imports::clock(0)
}

/// Nanoseconds of a clock that never goes back; only differences mean anything.
pub fn monotonic_nanos() -> i64 {
    imports::clock(1)
}

/// Fills `into` from a cryptographically strong source.
pub fn random(into: &mut [u8]) -> Result<()> {
    const LARGEST_CALL: usize = 64 * 1024;
    for piece in into.chunks_mut(LARGEST_CALL) {
        check("random", imports::random(piece))?;
    }
    Ok(())
}

/// Whether the run is being cancelled: return soon, with [`Error::cancelled`].
pub fn is_cancelled() -> bool {
    imports::is_cancelled() == 1
}

/// The record of the last call that failed.
pub fn last_error() -> Option<Error> {
    let mut record = vec![0; 1024];
    loop {
        let size = usize::try_from(imports::last_error(&mut record)).unwrap_or(0);
        if size == 0 {
            return None;
        }
        if size <= record.len() {
            return Some(Error::from_json(&record[..size]).unwrap_or_else(|unreadable| unreadable));
        }
        record.resize(size, 0);
    }
}

/// Turns the status of an import into its value, or into the record of what went wrong.
pub(crate) fn check(function: &str, status: i32) -> Result<i32> {
    if status >= 0 {
        Ok(status)
    } else {
        Err(failure(function, i64::from(status)))
    }
}

/// The record behind a negative status.
#[cold]
#[inline(never)]
pub(crate) fn failure(function: &str, status: i64) -> Error {
    if let Some(error) = last_error() {
        return error;
    }
    match Code::from_status(status) {
        Some(Code::Cancelled) => Error::cancelled(),
        Some(code) => Error::internal(format!("the host's function '{}' answered {}", function, code)),
        None => Error::internal(format!("the host's function '{}' answered {}", function, status)),
    }
}

fn to_json<T: Serialize>(payload: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(payload).map_err(|cause| Error::internal(format!("cannot be written as JSON: {}", cause)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Category;

    #[test]
    fn a_failed_call_returns_the_hosts_error_record() {
        let record = Error::new(Category::Permission, "not_granted", "no").detail("port", 22);
        set_host(StandInHost::default().failing_claims(record.clone()));
        assert_eq!(claim(0).unwrap_err(), record);
    }

    #[test]
    fn a_record_longer_than_the_first_guess_is_read_whole() {
        let record = Error::internal("x".repeat(5000));
        set_host(StandInHost::default().failing_claims(record.clone()));
        assert_eq!(claim(0).unwrap_err(), record);
    }

    #[test]
    fn claims_are_granted_up_to_the_hosts_limit() {
        set_host(StandInHost::default().granting(2));
        assert_eq!(
            [claim(0).unwrap(), claim(1).unwrap(), claim(2).unwrap()],
            [true, true, false]
        );
    }

    #[test]
    fn the_clocks_run() {
        let (wall, start) = (wall_clock_nanos(), monotonic_nanos());
        assert!(wall > 1_600_000_000_000_000_000, "{} is not after 2020", wall);
        assert!(monotonic_nanos() >= start);
    }

    #[test]
    fn random_fills_ranges_that_are_longer_than_one_call() {
        let mut bytes = vec![0u8; 200_000];
        random(&mut bytes).unwrap();
        assert!(bytes[199_000..].iter().any(|byte| *byte != 0));
    }

    #[test]
    fn reports_reach_the_host() {
        let host = StandInHost::default();
        let recording = host.recording();
        set_host(host);
        add_to_counter("rows", 3).unwrap();
        add_to_counter("rows", 4).unwrap();
        checkpoint(&WriteResponse {
            rows: 7,
            bytes: 70,
            batches: 1,
            refused: 0,
        })
        .unwrap();
        emit_dlq(
            "orders",
            &serde_json::json!({"id": 1}),
            &Error::data("22003", "out of range"),
        )
        .unwrap();
        let seen = recording.borrow();
        assert_eq!(seen.metrics["rows"], 7);
        assert_eq!(
            seen.checkpoints,
            vec![serde_json::json!({"rows": 7, "bytes": 70, "batches": 1, "refused": 0})]
        );
        assert_eq!(seen.dead_letters[0]["error"]["code"], "22003");
    }

    #[test]
    fn a_status_without_a_record_still_becomes_a_sentence() {
        set_host(StandInHost::default());
        assert_eq!(
            failure("claim", -3).message(),
            "the host's function 'claim' answered WRONG_STATE"
        );
        assert_eq!(failure("claim", -4).category(), Category::Cancelled);
    }
}
