// SPDX-License-Identifier: Apache-2.0

//! SHA-256 (FIPS 180-4) behind the traits of the `digest` crate.
//!
//! The usual implementation unrolls its 64 rounds. As WebAssembly, run by a Java virtual machine, that is one method of
//! nearly 8,000 bytecodes, on which the optimising compiler spends seconds of processor time while a login of SCRAM-SHA-256 waits for
//! its 16,000 blocks, and while the functions that move rows queue behind it. A loop is compiled in milliseconds.

#![no_std]
#![forbid(unsafe_code)]

mod compress;
mod core_api;
mod first;

pub use digest::{self, Digest};

use digest::core_api::CoreWrapper;

/// The SHA-256 hasher.
pub type Sha256 = CoreWrapper<core_api::Sha256Core>;

#[cfg(test)]
mod tests {
    use super::{Digest, Sha256};

    fn hex(message: &[u8]) -> [u32; 8] {
        let digest = Sha256::digest(message);
        let mut words = [0; 8];
        for (word, bytes) in words.iter_mut().zip(digest.chunks_exact(4)) {
            *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        words
    }

    /// The examples that NIST publishes with the standard, and the lengths around the end of a block.
    #[test]
    fn digests_are_those_of_the_standard() {
        assert_eq!(
            hex(b""),
            [0xe3b0c442, 0x98fc1c14, 0x9afbf4c8, 0x996fb924, 0x27ae41e4, 0x649b934c, 0xa495991b, 0x7852b855]
        );
        assert_eq!(
            hex(b"abc"),
            [0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223, 0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad]
        );
        assert_eq!(
            hex(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            [0x248d6a61, 0xd20638b8, 0xe5c02693, 0x0c3e6039, 0xa33ce459, 0x64ff2167, 0xf6ecedd4, 0x19db06c1]
        );
    }

    #[test]
    fn a_million_letters_have_the_digest_of_the_standard() {
        let mut hasher = Sha256::new();
        for _ in 0..15_625 {
            hasher.update([b'a'; 64]);
        }
        let digest = hasher.finalize();
        assert_eq!(digest[..4], [0xcd, 0xc7, 0x6e, 0x5c]);
        assert_eq!(digest[28..], [0xc7, 0x11, 0x2c, 0xd0]);
    }

    #[test]
    fn it_does_not_matter_how_a_message_is_cut() {
        let message = [0x5a; 200];
        for length in 0..message.len() {
            let whole = Sha256::digest(&message[..length]);
            let mut hasher = Sha256::new();
            for piece in message[..length].chunks(7) {
                hasher.update(piece);
            }
            assert_eq!(hasher.finalize(), whole, "{} bytes", length);
        }
    }

    /// First blocks are remembered: those that come back, and those that push each other out.
    #[test]
    fn messages_in_any_order_have_their_own_digests() {
        let first = [[1u8; 70], [2; 70], [3; 70]].map(|message| hex(&message));
        assert!(first[0] != first[1] && first[1] != first[2]);
        for round in 0..9usize {
            let which = (round * round) % 3;
            assert_eq!(hex(&[which as u8 + 1; 70]), first[which]);
        }
        for round in 0..9usize {
            assert_eq!(hex(&[(round % 3) as u8 + 1; 70]), first[round % 3]);
        }
    }
}
