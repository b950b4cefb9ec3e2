// SPDX-License-Identifier: Apache-2.0

//! Dates and times as Postgres writes them with `DateStyle` ISO and `TimeZone` UTC.

/// Days from 1970-01-01 to 2000-01-01, where Postgres begins to count.
pub const DAYS_BETWEEN_EPOCHS: i32 = 10_957;
pub const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// Writes a time of day as Postgres does: `12:34:56.789`.
pub fn write_time(microseconds: i64, text: &mut Vec<u8>) {
    let (seconds, fraction) = (microseconds / 1_000_000, microseconds % 1_000_000);
    write_two(seconds / 3600, text);
    text.push(b':');
    write_two(seconds / 60 % 60, text);
    text.push(b':');
    write_two(seconds % 60, text);
    if fraction > 0 {
        text.push(b'.');
        let mut rest = fraction;
        let mut unit = 100_000;
        while rest > 0 {
            text.push(b'0' + (rest / unit) as u8);
            rest %= unit;
            unit /= 10;
        }
    }
}

/// Writes a timestamp, given in microseconds from 2000-01-01, as Postgres does with `DateStyle` ISO and, for one `with_zone`,
/// with `TimeZone` UTC: `0044-03-15 12:00:00+00 BC`.
pub fn write_timestamp(microseconds: i64, with_zone: bool, text: &mut Vec<u8>) {
    match microseconds {
        i64::MAX => return text.extend_from_slice(b"infinity"),
        i64::MIN => return text.extend_from_slice(b"-infinity"),
        _ => {}
    }
    let days = microseconds.div_euclid(MICROSECONDS_PER_DAY) + i64::from(DAYS_BETWEEN_EPOCHS);
    let era = write_day(days, text);
    text.push(b' ');
    write_time(microseconds.rem_euclid(MICROSECONDS_PER_DAY), text);
    if with_zone {
        text.extend_from_slice(b"+00");
    }
    text.extend_from_slice(era);
}

/// Writes year, month and day of a day counted from 1970-01-01; returns what follows at the very end.
pub fn write_day(days: i64, text: &mut Vec<u8>) -> &'static [u8] {
    let (year, month, day) = civil(days);
    // There is no year 0: the one before 1 is 1 BC.
    let before_christ = year <= 0;
    let year = if before_christ { 1 - year } else { year };
    text.extend_from_slice(format!("{:04}-", year).as_bytes());
    write_two(month, text);
    text.push(b'-');
    write_two(day, text);
    if before_christ {
        b" BC"
    } else {
        b""
    }
}

fn write_two(number: i64, text: &mut Vec<u8>) {
    text.push(b'0' + (number / 10) as u8);
    text.push(b'0' + (number % 10) as u8);
}

/// Year, month and day of a day counted from 1970-01-01 in the proleptic Gregorian calendar. Years begin in March
/// here, so that the leap day is the last of its year, and repeat every 400 of them.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    // 0000-03-01 is this many days before 1970-01-01.
    let from_march = days + 719_468;
    let cycle = from_march.div_euclid(DAYS_OF_400_YEARS);
    let day_of_cycle = from_march.rem_euclid(DAYS_OF_400_YEARS);
    let year_of_cycle =
        (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36_524 - day_of_cycle / (DAYS_OF_400_YEARS - 1)) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (cycle * 400 + year_of_cycle + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timestamp_text(microseconds: i64, with_zone: bool) -> String {
        let mut text = Vec::new();
        write_timestamp(microseconds, with_zone, &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn timestamps_are_written_as_postgres_writes_them() {
        assert_eq!(timestamp_text(0, false), "2000-01-01 00:00:00");
        assert_eq!(timestamp_text(-1, false), "1999-12-31 23:59:59.999999");
        assert_eq!(timestamp_text(123_400, true), "2000-01-01 00:00:00.1234+00");
        assert_eq!(
            timestamp_text(9_223_371_331_199_999_999, true),
            "294276-12-31 23:59:59.999999+00"
        );
        assert_eq!(
            timestamp_text(-211_813_488_000_000_000, false),
            "4714-11-24 00:00:00 BC"
        );
        assert_eq!(
            timestamp_text(-211_813_488_000_000_000, true),
            "4714-11-24 00:00:00+00 BC"
        );
        assert_eq!(timestamp_text(i64::MAX, true), "infinity");
        assert_eq!(timestamp_text(i64::MIN, false), "-infinity");
        // 0001-01-01 and the day before.
        assert_eq!(
            timestamp_text(-730_119 * MICROSECONDS_PER_DAY, false),
            "0001-01-01 00:00:00"
        );
        assert_eq!(
            timestamp_text(-730_120 * MICROSECONDS_PER_DAY, false),
            "0001-12-31 00:00:00 BC"
        );
    }

    #[test]
    fn the_calendar_has_its_leap_days() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(-25_509), (1900, 2, 28));
        assert_eq!(civil(-25_508), (1900, 3, 1));
        assert_eq!(civil(19_782), (2024, 2, 29));
    }
}
