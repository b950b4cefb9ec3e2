// SPDX-License-Identifier: Apache-2.0

use crate::config::Config;
use rapidbyte_sdk::{abi, Category, Error};
use std::sync::atomic::{AtomicU64, Ordering};

/// An atomic keeps the compiler from seeing that nothing comes of the computation.
static WORK: AtomicU64 = AtomicU64::new(0);

#[inline(never)]
fn compute_for(steps: u32) {
    for _ in 0..steps {
        WORK.store(
            WORK.load(Ordering::Relaxed).wrapping_mul(6_364_136_223_846_793_005) | 1,
            Ordering::Relaxed,
        );
    }
}

/// Computes for ever, without a call of the host.
pub fn compute() -> ! {
    loop {
        compute_for(1000);
    }
}

/// Computes for this long, as a connector that is slow would.
pub fn spin(microseconds: i64) {
    let end = abi::monotonic_nanos() + microseconds * 1000;
    while microseconds > 0 && abi::monotonic_nanos() < end {
        compute_for(1000);
    }
}

/// Ends the instance without a word.
pub fn trap() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort();
}

/// The record that the configuration wants.
pub fn configured_error(config: &Config) -> Error {
    match config.error.is_null() {
        true => Error::new(Category::Data, "probe_error", "the probe fails on request"),
        false => Error::from_json(config.error.to_string().as_bytes()).unwrap_or_else(|unreadable| unreadable),
    }
}
