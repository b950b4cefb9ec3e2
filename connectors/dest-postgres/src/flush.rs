// SPDX-License-Identifier: Apache-2.0

//! How much is collected before it is sent.

/// Bytes to collect, unless the configuration says how many.
///
/// From 128 KiB to 16 MiB it makes no difference that can be measured, with rows of 98 bytes, of 1.6 KB and of 64 KB alike; 64 MiB takes half as long again,
/// because nothing is sent while so much is encoded. docs/writing.md has the figures. A larger row is sent by itself.
const DEFAULT_BYTES: usize = 1 << 20;

pub fn flush_bytes(configured: Option<usize>) -> usize {
    configured.unwrap_or(DEFAULT_BYTES)
}
