// SPDX-License-Identifier: Apache-2.0

//! Calls of the host with arguments and in an order that the ABI forbids. Each notes what the host answered.

use super::config::Config;
use super::content::Reader;
use super::observed::Observation;
use rapidbyte_sdk::{abi, ReadRequest, Result};

/// The imports themselves, for arguments that the SDK does not let through.
mod raw {
    #[link(wasm_import_module = "rapidbyte")]
    extern "C" {
        pub fn emit_batch(ptr: u32, len: u32) -> i32;
        pub fn next_batch(ptr: u32, cap: u32) -> i64;
        pub fn claim(unit: i64) -> i32;
        pub fn log(level: i32, ptr: u32, len: u32);
        pub fn metric(kind: i32, name_ptr: u32, name_len: u32, value: i64) -> i32;
    }
}

// SAFETY of all calls below: the host must refuse what is outside of memory, and that is what is being tested; the ranges
// inside of memory are those of slices.

const OUTSIDE: u32 = 0xFFFF_FF00;

pub fn log_with_level(level: i32, line: &[u8]) {
    unsafe { raw::log(level, line.as_ptr() as u32, line.len() as u32) }
}

pub fn emit_from_outside_of_memory(request: &ReadRequest) -> Result<Observation> {
    let mut observation = Observation::default();
    abi::claim(request.from)?;
    observation.note("emit_batch", unsafe { raw::emit_batch(OUTSIDE, 64) }.into());
    observation.note("emit_batch", unsafe { raw::emit_batch(OUTSIDE, 0x0FFF_FFFF) }.into());
    unsafe { raw::log(3, OUTSIDE, 64) };
    observation.note("metric", unsafe { raw::metric(0, OUTSIDE, 64, 1) }.into());
    Ok(observation)
}

pub fn emit_a_negative_length(request: &ReadRequest) -> Result<Observation> {
    let mut observation = Observation::default();
    abi::claim(request.from)?;
    observation.note("emit_batch", unsafe { raw::emit_batch(1024, -1i32 as u32) }.into());
    observation.note("emit_batch", unsafe { raw::emit_batch(1024, i32::MIN as u32) }.into());
    Ok(observation)
}

pub fn emit_without_claim(config: &Config, request: &ReadRequest) -> Result<Observation> {
    let mut observation = Observation::default();
    let frame = Reader::new(config, &request.stream.name).first_frame(request.from)?;
    observation.note(
        "emit_batch",
        unsafe { raw::emit_batch(frame.as_ptr() as u32, frame.len() as u32) }.into(),
    );
    Ok(observation)
}

pub fn claim_units(units: impl IntoIterator<Item = i64>) -> Result<Observation> {
    let mut observation = Observation::default();
    for unit in units {
        observation.note("claim", unsafe { raw::claim(unit) }.into());
    }
    Ok(observation)
}

pub fn ask_for_a_batch() -> Result<Observation> {
    let mut observation = Observation::default();
    let mut buffer = vec![0u8; 4096];
    observation.note("next_batch", unsafe {
        raw::next_batch(buffer.as_mut_ptr() as u32, buffer.len() as u32)
    });
    Ok(observation)
}

pub fn report_wrong_metrics() -> Result<Observation> {
    let mut observation = Observation::default();
    let too_long = "x".repeat(65);
    for name in [
        "",
        "Upper",
        "1st",
        "with space",
        "dash-ed",
        too_long.as_str(),
        "\u{e9}t\u{e9}",
    ] {
        observation.note("metric", report(0, name, 1));
    }
    observation.note("metric", report(7, "unknown_kind", 1));
    observation.note("metric", report(0, "fine", 1));
    for number in 0..300 {
        let status = report(0, &format!("metric_{}", number), 1);
        if status < 0 {
            observation.note("metric", status);
            break;
        }
    }
    Ok(observation)
}

fn report(kind: i32, name: &str, value: i64) -> i64 {
    unsafe { raw::metric(kind, name.as_ptr() as u32, name.len() as u32, value) }.into()
}
