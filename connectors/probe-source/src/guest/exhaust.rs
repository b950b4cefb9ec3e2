// SPDX-License-Identifier: Apache-2.0

use rapidbyte_sdk::{abi, Category, Error, Result};

/// Takes memory until it has 5 GB, which no host gives: an address has 32 bits.
pub fn memory() -> Result<()> {
    const PIECE: usize = 16 << 20;
    const WANTED: usize = 320;
    let mut pieces = Vec::with_capacity(WANTED);
    while pieces.len() < WANTED {
        let mut piece: Vec<u8> = Vec::new();
        if piece.try_reserve_exact(PIECE).is_err() {
            let got = pieces.len() * PIECE;
            let message = format!("the host gave no more than {} bytes of memory", got);
            return Err(Error::new(Category::Internal, "out_of_memory", message));
        }
        // Memory that is never touched might not be there.
        piece.resize(PIECE, 1);
        pieces.push(piece);
    }
    Ok(())
}

/// Calls itself until the stack is used up.
pub fn stack() -> Result<()> {
    let depth = deeper(abi::monotonic_nanos() as u64 | 1);
    Err(Error::internal(format!("the stack has no end at depth {}", depth)))
}

#[inline(never)]
fn deeper(depth: u64) -> u64 {
    let mut room = [0u8; 256];
    room[(depth % 256) as usize] = depth as u8;
    // The room is used after the call, so that the call cannot become a jump.
    let below = if depth == 0 { 0 } else { deeper(depth.wrapping_add(2)) };
    // SAFETY: the index is inside of the room.
    let left = unsafe { std::ptr::read_volatile(&room[(below % 256) as usize]) };
    below.wrapping_add(u64::from(left))
}
