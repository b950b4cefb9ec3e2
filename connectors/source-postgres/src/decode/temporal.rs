// SPDX-License-Identifier: Apache-2.0

//! Dates and times: Postgres counts from 2000-01-01, Arrow from 1970-01-01.

pub use rapidbyte_sdk::postgres::{write_day, write_time, write_timestamp};
use rapidbyte_sdk::postgres::{DAYS_BETWEEN_EPOCHS, MICROSECONDS_PER_DAY};

const MICROSECONDS_BETWEEN_EPOCHS: i64 = DAYS_BETWEEN_EPOCHS as i64 * MICROSECONDS_PER_DAY;

/// From here on a timestamp of Postgres, counted from 1970, would be above what Arrow can hold, or be the very value that
/// stands for infinity.
const FIRST_TOO_LATE: i64 = i64::MAX - MICROSECONDS_BETWEEN_EPOCHS;

/// The longest text of a timestamp, `294276-12-31 23:59:59.999999+00`, and a little more.
pub const LONGEST_TEXT: usize = 32;

/// A date. The infinities are the ends of the type in Postgres as in Arrow, and the finite ones of Postgres end far
/// from where the shift could overflow.
#[inline]
pub fn date(days: i32) -> i32 {
    if days == i32::MAX || days == i32::MIN {
        days
    } else {
        days.wrapping_add(DAYS_BETWEEN_EPOCHS)
    }
}

/// A time of day, `None` for 24:00:00, which Postgres has and Arrow has not.
#[inline]
pub fn time(microseconds: i64) -> Option<i64> {
    if (0..MICROSECONDS_PER_DAY).contains(&microseconds) {
        Some(microseconds)
    } else {
        None
    }
}

/// A timestamp, `None` for the last 30 years of Postgres's calendar, which ends in 294276.
#[inline]
pub fn timestamp(microseconds: i64) -> Option<i64> {
    if microseconds < FIRST_TOO_LATE {
        // Only -infinity is so small that its shift would lose its meaning.
        return Some(if microseconds == i64::MIN {
            i64::MIN
        } else {
            microseconds + MICROSECONDS_BETWEEN_EPOCHS
        });
    }
    if microseconds == i64::MAX {
        Some(i64::MAX)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_shift_and_infinities_stay() {
        assert_eq!(date(0), 10_957);
        assert_eq!(date(-10_957), 0);
        assert_eq!(date(i32::MAX), i32::MAX);
        assert_eq!(date(i32::MIN), i32::MIN);
        // 4713-01-01 BC and 5874897-12-31, the ends of the calendar.
        assert_eq!(date(-2_451_507), -2_440_550);
        assert_eq!(date(2_145_031_948), 2_145_042_905);
    }

    #[test]
    fn times_end_before_midnight() {
        assert_eq!(time(0), Some(0));
        assert_eq!(time(86_399_999_999), Some(86_399_999_999));
        assert_eq!(time(86_400_000_000), None);
        let mut text = Vec::new();
        write_time(86_400_000_000, &mut text);
        assert_eq!(text, b"24:00:00");
    }

    #[test]
    fn timestamps_shift_as_long_as_they_can() {
        assert_eq!(timestamp(0), Some(946_684_800_000_000));
        assert_eq!(timestamp(i64::MAX), Some(i64::MAX));
        assert_eq!(timestamp(i64::MIN), Some(i64::MIN));
        assert_eq!(timestamp(FIRST_TOO_LATE - 1), Some(i64::MAX - 1));
        assert_eq!(timestamp(FIRST_TOO_LATE), None);
        // The last one of Postgres, 294276-12-31 23:59:59.999999, and the first, 4714-11-24 00:00:00 BC.
        assert_eq!(timestamp(9_223_371_331_199_999_999), None);
        assert_eq!(timestamp(-211_813_488_000_000_000), Some(-210_866_803_200_000_000));
    }
}
