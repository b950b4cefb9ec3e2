// SPDX-License-Identifier: Apache-2.0

//! A check for UTF-8 that is quick for ASCII, which is most of what tables hold.

const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// Whether `bytes` are UTF-8.
#[inline]
pub fn is_utf8(bytes: &[u8]) -> bool {
    let ascii = ascii_prefix(bytes);
    ascii == bytes.len() || std::str::from_utf8(&bytes[ascii..]).is_ok()
}

/// Whether all of `bytes` are ASCII.
#[inline]
pub fn is_ascii(bytes: &[u8]) -> bool {
    ascii_prefix(bytes) == bytes.len()
}

/// How many bytes at the beginning are ASCII for certain: all of them, or up to eight too few.
///
/// The standard library's own fast path looks at two words of four bytes a step on this target; one of eight bytes is
/// a single load for the host's compiler.
#[inline(never)]
pub fn ascii_prefix(bytes: &[u8]) -> usize {
    let mut words = bytes.chunks_exact(8);
    let mut checked = 0;
    for word in words.by_ref() {
        let word: [u8; 8] = word.try_into().unwrap_or([0xFF; 8]);
        if u64::from_le_bytes(word) & HIGH_BITS != 0 {
            return checked;
        }
        checked += 8;
    }
    let rest = words.remainder();
    if rest.iter().all(|byte| *byte < 0x80) {
        checked + rest.len()
    } else {
        checked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_prefix_never_splits_a_character() {
        assert_eq!(ascii_prefix(b""), 0);
        assert_eq!(ascii_prefix(b"plain text of 24 bytes.."), 24);
        assert_eq!(ascii_prefix("1234567é".as_bytes()), 0);
        assert_eq!(ascii_prefix("12345678é".as_bytes()), 8);
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_library_on_text(text in ".*") {
            prop_assert!(is_utf8(text.as_bytes()));
            prop_assert_eq!(is_ascii(text.as_bytes()), text.is_ascii());
        }

        #[test]
        fn agrees_with_the_standard_library_on_bytes(prefix in "[a-z]{0,20}", bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            let all = [prefix.as_bytes(), &bytes].concat();
            prop_assert_eq!(is_utf8(&all), std::str::from_utf8(&all).is_ok());
        }
    }
}
