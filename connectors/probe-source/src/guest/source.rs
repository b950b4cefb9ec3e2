// SPDX-License-Identifier: Apache-2.0

use super::config::{Behaviour, Config};
use super::observed::Observation;
use super::{content, endless, errors, exhaust, frames, logging, misuse, network, responses};
use rapidbyte_sdk::*;
use serde::Deserialize;
use serde_json::json;

/// The lifecycle calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    Open,
    Check,
    Discover,
    Plan,
    Read,
    Close,
    Teardown,
}

pub struct Probe {
    config: Config,
}

impl Probe {
    pub fn open(request: &OpenRequest) -> Result<Probe> {
        let probe = Probe {
            config: request.config()?,
        };
        probe.misbehave_in(Call::Open)?;
        Ok(probe)
    }

    /// Does what the configuration wants to happen at the beginning of this call.
    pub fn misbehave_in(&self, call: Call) -> Result<()> {
        if self.config.call != call {
            return Ok(());
        }
        match self.config.behaviour {
            Behaviour::Loop => endless::compute(),
            Behaviour::LoopLogging => endless::log(),
            Behaviour::Grow => exhaust::memory(),
            Behaviour::Recursive => exhaust::stack(),
            Behaviour::Trap => core::arch::wasm32::unreachable(),
            Behaviour::Panic => panic!("the probe panics on request"),
            // In `read` it waits for its unit.
            Behaviour::Error if call != Call::Read => Err(errors::configured(&self.config)),
            Behaviour::SecretInError => Err(errors::with_secret(&self.config)),
            Behaviour::BadResultPointer => responses::answer_outside_of_memory(),
            Behaviour::HugeResult => responses::answer_with_too_much(),
            Behaviour::NotJson => responses::answer_with_no_json(),
            _ => Ok(()),
        }
    }

    pub fn check(&mut self, _: CheckRequest) -> Result<CheckResponse> {
        Ok(CheckResponse {
            checks: vec![CheckEntry::passed("configuration", "the probe is ready")],
        })
    }

    pub fn discover(&mut self, _: DiscoverRequest) -> Result<DiscoverResponse> {
        Ok(DiscoverResponse {
            streams: vec![content::discovered(&self.config)],
        })
    }

    pub fn plan(&mut self, request: PlanRequest) -> Result<PlanResponse> {
        require_whole(&request.stream)?;
        // The probe stays where it is.
        let position = request.stream.position.clone();
        Ok(PlanResponse {
            schema: content::schema(&request.stream.name),
            stream: Stream {
                namespace: Some("probe".to_string()),
                table: Some(request.stream.name.clone()),
                ..request.stream
            },
            units: self.config.units,
            unit_kind: "made_up".to_string(),
            estimated_rows: content::rows_of(&self.config),
            estimated_bytes: content::bytes_of(&self.config),
            plan: json!({"made_by": "probe-source"}),
            position,
        })
    }

    pub fn read(&mut self, request: ReadRequest) -> Result<Observation> {
        let config = &self.config;
        match config.behaviour {
            Behaviour::BadPointer => misuse::emit_from_outside_of_memory(&request),
            Behaviour::NegativeLength => misuse::emit_a_negative_length(&request),
            Behaviour::BadFrame => frames::emit_broken(config, &request),
            Behaviour::EmitWithoutClaim => misuse::emit_without_claim(config, &request),
            Behaviour::ClaimBackwards => misuse::claim_units([request.from + 1, request.from]),
            Behaviour::ClaimTwice => misuse::claim_units([request.from, request.from]),
            Behaviour::ClaimOutside => misuse::claim_units([request.from, request.to]),
            Behaviour::ClaimAfterDenied => misuse::claim_units(request.from..request.to),
            Behaviour::NextBatchInRead => misuse::ask_for_a_batch(),
            Behaviour::WrongMetricNames => misuse::report_wrong_metrics(),
            Behaviour::Connect => network::connect(config),
            Behaviour::ConnectMany => network::connect_many(config),
            Behaviour::UnknownHandle => network::use_an_unknown_handle(),
            Behaviour::Error => errors::fail_at_unit(config, &request),
            Behaviour::FloodLog => {
                logging::flood(config);
                content::read(config, &request)
            }
            Behaviour::OddLog => {
                logging::write_odd_lines();
                content::read(config, &request)
            }
            _ => content::read(config, &request),
        }
    }

    pub fn teardown(&mut self, _: TeardownRequest) -> Result<Empty> {
        Ok(Empty {})
    }
}

/// What is made up is made up as a whole.
fn require_whole(stream: &Stream) -> Result<()> {
    match stream.columns.is_some() || stream.max_records.is_some() {
        true => Err(Error::config(
            "not_supported",
            format!("stream '{}': the probe reads all columns and all records", stream.name),
        )),
        false => Ok(()),
    }
}
