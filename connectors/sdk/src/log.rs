// SPDX-License-Identifier: Apache-2.0

//! Log lines to the host. A line below the level that `rb_open` asked for costs one comparison: its text is not even built.
//!
//! ```
//! rapidbyte_sdk::info!("stream '{}': {} rows", "orders", 12);
//! ```

use std::sync::atomic::{AtomicI32, Ordering};

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Error = 1,
    Warning = 2,
    Info = 3,
    Debug = 4,
    Trace = 5,
}

static FINEST: AtomicI32 = AtomicI32::new(Level::Info as i32);

/// Sets the finest level that is still written; the exports do it with what `rb_open` says.
pub fn set_finest_level(level: i32) {
    FINEST.store(level, Ordering::Relaxed);
}

/// Whether lines of this level are written.
#[inline]
pub fn is_enabled(level: Level) -> bool {
    level as i32 <= FINEST.load(Ordering::Relaxed)
}

/// Writes a line whatever the level; called by the macros.
#[cold]
#[inline(never)]
pub fn write(level: Level, text: std::fmt::Arguments<'_>) {
    match text.as_str() {
        Some(line) => crate::abi::log(level, line),
        None => crate::abi::log(level, &text.to_string()),
    }
}

/// Writes a line of a level given as an expression.
#[macro_export]
macro_rules! log_line {
    ($level:expr, $($text:tt)+) => {
        if $crate::log::is_enabled($level) {
            $crate::log::write($level, format_args!($($text)+));
        }
    };
}

#[macro_export]
macro_rules! error {
    ($($text:tt)+) => { $crate::log_line!($crate::log::Level::Error, $($text)+) };
}

#[macro_export]
macro_rules! warn {
    ($($text:tt)+) => { $crate::log_line!($crate::log::Level::Warning, $($text)+) };
}

#[macro_export]
macro_rules! info {
    ($($text:tt)+) => { $crate::log_line!($crate::log::Level::Info, $($text)+) };
}

#[macro_export]
macro_rules! debug {
    ($($text:tt)+) => { $crate::log_line!($crate::log::Level::Debug, $($text)+) };
}

#[macro_export]
macro_rules! trace {
    ($($text:tt)+) => { $crate::log_line!($crate::log::Level::Trace, $($text)+) };
}

#[cfg(test)]
mod tests {
    use crate::abi::{set_host, StandInHost};

    #[test]
    fn only_lines_of_the_wanted_levels_are_built_and_written() {
        let host = StandInHost::default();
        let recording = host.recording();
        set_host(host);
        let mut built = 0;
        crate::info!("one {}", 1);
        crate::trace!("never {}", {
            built += 1;
            built
        });
        crate::error!("two");
        assert_eq!(built, 0);
        assert_eq!(
            recording.borrow().log,
            vec![(3, "one 1".to_string()), (1, "two".to_string())]
        );
    }
}
