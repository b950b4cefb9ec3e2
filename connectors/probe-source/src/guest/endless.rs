// SPDX-License-Identifier: Apache-2.0

use std::sync::atomic::{AtomicU64, Ordering};

/// An atomic keeps the compiler from seeing that nothing comes of the computation.
static WORK: AtomicU64 = AtomicU64::new(0);

/// Computes for ever, without a call of the host.
pub fn compute() -> ! {
    loop {
        compute_for(1000);
    }
}

/// Computes for a moment.
#[inline(never)]
pub fn compute_for(steps: u32) {
    for _ in 0..steps {
        WORK.store(
            WORK.load(Ordering::Relaxed).wrapping_mul(6_364_136_223_846_793_005) | 1,
            Ordering::Relaxed,
        );
    }
}

/// Calls the host for ever, which is no progress.
pub fn log() -> ! {
    loop {
        rapidbyte_sdk::info!("the probe logs for ever");
    }
}
