// SPDX-License-Identifier: Apache-2.0

use crate::config::{Behaviour, Config};
use rapidbyte_sdk::arrow::{Batch, DataType};
use rapidbyte_sdk::{abi, Category, DataErrorPolicy, Error, Result, Scope};
use serde_json::json;

/// Treats the records that the configuration wants refused as the request says, and returns how many were left out.
#[inline(never)]
pub fn refuse(config: &Config, policy: DataErrorPolicy, stream: &str, batch: &Batch<'_>) -> Result<u64> {
    let index = match batch.schema().index_of("id") {
        Some(index) if config.refuse_every > 0 => index,
        _ => return Ok(0),
    };
    let ids = &batch.columns()[index];
    if ids.data_type() != DataType::Int64 {
        return Ok(0);
    }
    let mut refused = 0;
    for row in (0..ids.rows()).filter(|row| ids.is_valid(*row)) {
        let id = ids.i64(row);
        if id % config.refuse_every == 0 {
            refused += 1;
            leave_out(config, policy, stream, id)?;
        }
    }
    Ok(refused)
}

fn leave_out(config: &Config, policy: DataErrorPolicy, stream: &str, id: i64) -> Result<()> {
    let error = Error::new(
        Category::Data,
        "23514",
        format!("the probe refuses the record with id {}", id),
    )
    .scope(Scope::Record);
    match policy {
        DataErrorPolicy::Fail => Err(error),
        DataErrorPolicy::Dlq if config.behaviour != Behaviour::KeepDeadLetters => {
            abi::emit_dlq(stream, &json!({ "id": id }), &error)
        }
        _ => Ok(()),
    }
}
