// SPDX-License-Identifier: Apache-2.0

//! What the JSON of the ABI needs beyond serde's defaults.

use serde::{Deserialize, Deserializer};

/// Reads a member whose `null` means the same as its absence (docs/abi.md, section 1).
///
/// Used together with `#[serde(default)]`, which covers the absence.
pub fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
