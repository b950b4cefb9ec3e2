// SPDX-License-Identifier: Apache-2.0

use rapidbyte_sdk::abi;
use serde::Serialize;
use serde_json::{json, Value};

/// The response of `read`, and what the probe saw on the way.
#[derive(Default, Serialize)]
pub struct Observation {
    pub units: u64,
    pub rows: u64,
    pub batches: u64,
    /// What the host's functions answered, in the order they were called.
    pub observed: Vec<Value>,
}

impl Observation {
    /// Notes the status that a host function returned, and the error record behind a failure.
    pub fn note(&mut self, function: &str, status: i64) {
        let error = match status < 0 {
            true => abi::last_error().map(|error| error.to_json()),
            false => None,
        };
        self.observed
            .push(json!({"function": function, "status": status, "error": error}));
    }

    /// Notes the outcome of a function of the SDK.
    pub fn note_outcome(&mut self, function: &str, outcome: Result<Value, rapidbyte_sdk::Error>) {
        self.observed.push(match outcome {
            Ok(value) => json!({"function": function, "value": value}),
            Err(error) => json!({"function": function, "error": error.to_json()}),
        });
    }
}
