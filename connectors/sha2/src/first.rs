// SPDX-License-Identifier: Apache-2.0

//! The first block of a message, remembered.
//!
//! A login by SCRAM-SHA-256 makes 4,096 message authentication codes with one key, and each begins anew with the two blocks that are made from
//! the key: half of all blocks of a login. The last two first blocks and what became of them are kept, in the guest's own memory, where the
//! password is as well.

use core::sync::atomic::Ordering::{Acquire, Release};
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed};

use crate::compress::{compress, INITIAL};

const WORDS: usize = 16;
const KEPT: usize = 2;

/// A first block and the state after it.
struct Entry {
    block: [AtomicU32; WORDS],
    state: [AtomicU32; 8],
}

#[allow(clippy::declare_interior_mutable_const)]
const ZERO: AtomicU32 = AtomicU32::new(0);
#[allow(clippy::declare_interior_mutable_const)]
const EMPTY: Entry = Entry {
    block: [ZERO; WORDS],
    state: [ZERO; 8],
};

static ENTRIES: [Entry; KEPT] = [EMPTY; KEPT];
/// How many entries were ever written; the next goes to the place of the oldest.
static WRITTEN: AtomicUsize = AtomicUsize::new(0);
/// A guest has one thread. Where there are more, whoever finds it taken computes.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The state after a message's first block.
pub fn compress_first(block: &[u8; 64]) -> [u32; 8] {
    if TAKEN.compare_exchange(false, true, Acquire, Relaxed).is_err() {
        return computed(block);
    }
    let words = words(block);
    let state = match recall(&words) {
        Some(state) => state,
        None => {
            let state = computed(block);
            remember(&words, &state);
            state
        }
    };
    TAKEN.store(false, Release);
    state
}

fn computed(block: &[u8; 64]) -> [u32; 8] {
    let mut state = INITIAL;
    compress(&mut state, block);
    state
}

fn words(block: &[u8; 64]) -> [u32; WORDS] {
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    words
}

fn recall(words: &[u32; WORDS]) -> Option<[u32; 8]> {
    let known = WRITTEN.load(Relaxed).min(KEPT);
    let entry = ENTRIES[..known].iter().find(|entry| {
        entry
            .block
            .iter()
            .zip(words)
            .all(|(kept, word)| kept.load(Relaxed) == *word)
    })?;
    let mut state = [0; 8];
    for (word, kept) in state.iter_mut().zip(&entry.state) {
        *word = kept.load(Relaxed);
    }
    Some(state)
}

fn remember(words: &[u32; WORDS], state: &[u32; 8]) {
    let written = WRITTEN.load(Relaxed);
    let entry = &ENTRIES[written % KEPT];
    for (kept, word) in entry.block.iter().zip(words) {
        kept.store(*word, Relaxed);
    }
    for (kept, word) in entry.state.iter().zip(state) {
        kept.store(*word, Relaxed);
    }
    WRITTEN.store(written.wrapping_add(1), Relaxed);
}
