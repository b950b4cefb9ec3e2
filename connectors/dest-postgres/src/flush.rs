// SPDX-License-Identifier: Apache-2.0

//! How much is collected before it is sent.

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// Bytes to collect for rows of this size, unless the configuration says how many.
///
/// Each piece costs one crossing into the host and one system call, so that more than a megabyte gains nothing for
/// narrow rows; wide ones are worth larger pieces, so that a piece still holds many of them.
pub fn flush_bytes(row_bytes: usize, configured: Option<usize>) -> usize {
    match (configured, row_bytes) {
        (Some(bytes), _) => bytes,
        (None, bytes) if bytes < 8 * KIB => MIB,
        (None, bytes) if bytes <= 64 * KIB => 4 * MIB,
        (None, _) => 16 * MIB,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_rows_are_sent_in_large_pieces() {
        let bytes: Vec<_> = [0, 98, 8191, 8192, 65_536, 65_537, 1 << 30]
            .iter()
            .map(|row| flush_bytes(*row, None))
            .collect();
        assert_eq!(bytes, [MIB, MIB, MIB, 4 * MIB, 4 * MIB, 16 * MIB, 16 * MIB]);
    }

    #[test]
    fn the_configuration_comes_first() {
        assert_eq!(flush_bytes(1 << 20, Some(65_536)), 65_536);
    }
}
