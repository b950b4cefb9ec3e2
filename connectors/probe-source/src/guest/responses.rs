// SPDX-License-Identifier: Apache-2.0

use rapidbyte_sdk::export::give_response;
use rapidbyte_sdk::Result;
use std::cell::Cell;

std::thread_local! {
    static IN_PLACE: Cell<Option<u64>> = Cell::new(None);
}

/// What is returned to the host: the response, or what a behaviour put in its place.
pub fn replaced(response: u64) -> u64 {
    IN_PLACE.with(Cell::take).unwrap_or(response)
}

fn answer_with(packed: u64) -> Result<()> {
    IN_PLACE.with(|in_place| in_place.set(Some(packed)));
    Ok(())
}

/// An address near the end of what 32 bits can say, and a length that leads beyond it.
pub fn answer_outside_of_memory() -> Result<()> {
    answer_with(0xFFFF_FF00 << 32 | 0x0FFF_FFFF)
}

/// 65 MiB of valid JSON.
pub fn answer_with_too_much() -> Result<()> {
    let mut response = br#"{"ok":{"filler":""#.to_vec();
    response.resize(65 << 20, b'x');
    response.extend_from_slice(br#""}}"#);
    answer_with(give_response(&response))
}

pub fn answer_with_no_json() -> Result<()> {
    answer_with(give_response(b"{\"ok\": {\"never\": closed"))
}
