// SPDX-License-Identifier: Apache-2.0

use super::config::Config;
use rapidbyte_sdk::abi;
use rapidbyte_sdk::log::Level;

/// As many lines as `lines` says.
pub fn flood(config: &Config) {
    for number in 0..config.lines {
        abi::log(Level::Info, &format!("line {} of a flood", number));
    }
}

/// A line above 8 KiB whose 8192nd byte is in the middle of a character, lines of unknown levels, control characters.
pub fn write_odd_lines() {
    abi::log(Level::Warning, &format!("a{}", "\u{20ac}".repeat(5000)));
    abi::log(Level::Info, "two\nlines\rand a \u{1b}[31mred\u{1b}[0m one");
    super::misuse::log_with_level(0, b"level 0");
    super::misuse::log_with_level(99, b"level 99");
    super::misuse::log_with_level(3, &[b'n', b'o', 0xFF, 0xFE, b'!']);
}
