// SPDX-License-Identifier: Apache-2.0

//! Records that the target refuses because of what is in them: finding them among the others.

use rapidbyte_sdk::{DataErrorPolicy, Error, Result};
use std::ops::Range;

/// Whether an error is about what is in a record, so that the others may be taken without it.
pub fn is_refusal(error: &Error) -> bool {
    match error.code() {
        "unwritable_value" => true,
        // The connector's own fault.
        "22P04" => false,
        // RAISE EXCEPTION in a trigger or in the function of a check: the target's own rule about its records.
        "P0001" => true,
        code => code.len() == 5 && ["22", "23", "44"].iter().any(|class| code.starts_with(class)),
    }
}

/// Loads the rows of a batch but those that are refused.
///
/// `attempt` loads some of the rows, or none of them when it fails. After it was told which row is refused, those before it
/// are loaded by themselves, and it goes on behind it with no more rows than were good before, so that many refused rows do
/// not have the others sent again and again. Where it is not told, as by a foreign key, it halves what it attempts.
#[inline(never)]
pub fn separate(
    rows: usize,
    relation: &str,
    attempt: &mut dyn FnMut(Range<usize>) -> Result<()>,
    refuse: &mut dyn FnMut(usize, Error) -> Result<()>,
) -> Result<()> {
    let mut from = 0;
    let mut most = rows;
    let mut known: Option<(usize, Error)> = None;
    while from < rows {
        let end = match known.take() {
            Some((row, error)) if row == from => {
                refuse(row, error)?;
                from += 1;
                continue;
            }
            Some((row, error)) => {
                known = Some((row, error));
                row
            }
            None => rows,
        };
        let end = end.min(from + most);
        match attempt(from..end) {
            Ok(()) => {
                from = end;
                most = most.saturating_mul(2).min(rows);
            }
            Err(error) if is_refusal(&error) => match refused_row(&error, relation, from..end) {
                Some(row) => {
                    most = (row - from).max(1);
                    known = Some((row, error));
                }
                None if end - from == 1 => known = Some((from, error)),
                None => most = (end - from) / 2,
            },
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Which row of the batch an error is about, when that is known.
fn refused_row(error: &Error, relation: &str, attempted: Range<usize>) -> Option<usize> {
    let details = error.details()?;
    let row = match details.get("row").and_then(|row| row.as_u64()) {
        Some(row) => row as usize,
        None => attempted.start + copied_line(details.get("context")?.as_str()?, relation)?.checked_sub(1)?,
    };
    Some(row).filter(|row| attempted.contains(row))
}

/// The number in `COPY relation, line 5, column name`, which is the last line of where an error happened. The words may be
/// in another language.
fn copied_line(context: &str, relation: &str) -> Option<usize> {
    let start = format!("COPY {}, ", relation);
    let at = context.rfind(&start)?;
    let rest = &context[at + start.len()..];
    let digits = rest.trim_start_matches(|character: char| !character.is_ascii_digit() && character != '\n');
    let end = digits
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// The error of a call that ends with a refused record, with where it stands as well as it is known.
pub fn located(error: Error, policy: DataErrorPolicy) -> Error {
    if policy != DataErrorPolicy::Fail || !is_refusal(&error) {
        return error;
    }
    let place = error
        .details()
        .and_then(|details| details.get("context"))
        .and_then(|context| context.as_str());
    match place.and_then(|place| place.rsplit('\n').next()).map(|place| bounded(place, 300)) {
        Some(place) => error.context(place),
        None => error,
    }
    .hint("correct the record at the source or change the target; on_data_error 'skip' or 'dlq' goes on without such records")
}

/// The beginning of a text that may be long.
pub fn bounded(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.into();
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}\u{2026}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which rows are refused, and how many rows were sent in how many attempts.
    fn separated(rows: usize, is_bad: impl Fn(usize) -> bool, says_where: bool) -> (Vec<usize>, usize, usize) {
        let (mut refused, mut loaded, mut sent, mut attempts) = (Vec::new(), Vec::new(), 0, 0);
        let mut attempt = |range: Range<usize>| {
            assert!(!range.is_empty());
            attempts += 1;
            sent += range.len();
            match range.clone().find(|row| is_bad(*row)) {
                None => loaded.extend(range),
                Some(row) => {
                    let line = row - range.start + 1;
                    let error = Error::data("23505", "twice");
                    return Err(match says_where {
                        true => error.detail("context", format!("COPY t, line 1\nCOPY t, line {}", line)),
                        false => error,
                    });
                }
            }
            Ok(())
        };
        let mut refuse = |row, _| {
            refused.push(row);
            Ok(())
        };
        separate(rows, "t", &mut attempt, &mut refuse).unwrap();
        let good: Vec<_> = (0..rows).filter(|row| !is_bad(*row)).collect();
        assert_eq!(loaded, good);
        (refused, sent, attempts)
    }

    #[test]
    fn just_the_bad_rows_are_refused_in_order() {
        for says_where in [true, false] {
            for rows in [1, 2, 3, 17, 100] {
                for step in 1..=rows {
                    let (refused, ..) = separated(rows, |row| row % step == step - 1, says_where);
                    let bad: Vec<_> = (0..rows).filter(|row| row % step == step - 1).collect();
                    assert_eq!(refused, bad, "{} rows, each {}th", rows, step);
                }
            }
        }
    }

    #[test]
    fn the_effort_grows_with_the_refused_rows_only() {
        let (_, sent, attempts) = separated(100_000, |row| row == 77_777, true);
        assert!(
            sent < 300_000 && attempts <= 4,
            "{} rows in {} attempts",
            sent,
            attempts
        );
        let (_, sent, attempts) = separated(100_000, |row| row == 77_777, false);
        assert!(
            sent < 500_000 && attempts < 60,
            "{} rows in {} attempts",
            sent,
            attempts
        );
        let (_, sent, attempts) = separated(10_000, |_| true, true);
        assert!(
            sent < 30_000 && attempts <= 10_001,
            "{} rows in {} attempts",
            sent,
            attempts
        );
        let (_, sent, attempts) = separated(10_000, |_| true, false);
        assert!(
            sent < 60_000 && attempts <= 10_100,
            "{} rows in {} attempts",
            sent,
            attempts
        );
    }

    #[test]
    fn a_line_outside_of_what_was_sent_is_not_believed() {
        let error = |context: &str| Error::data("22000", "m").detail("context", context);
        assert_eq!(refused_row(&error("COPY t, line 3, column a"), "t", 10..20), Some(12));
        assert_eq!(refused_row(&error("COPY t, Zeile 3, Spalte a"), "t", 10..20), Some(12));
        assert_eq!(
            refused_row(&error("COPY a, line 9, line 3"), "a, line 9", 10..20),
            Some(12)
        );
        for context in [
            "COPY t, line 11",
            "COPY t, line 0",
            "COPY u, line 1",
            "COPY t, ",
            "SQL statement",
        ] {
            assert_eq!(refused_row(&error(context), "t", 10..20), None, "{}", context);
        }
    }

    #[test]
    fn only_what_is_in_a_record_is_a_reason_to_refuse_it() {
        let is = |code: &str| is_refusal(&Error::data(code, "m"));
        assert!(
            ["22001", "22P02", "23502", "23514", "44000", "P0001", "unwritable_value"]
                .iter()
                .all(|code| is(code))
        );
        assert!(["22P04", "42501", "40001", "53100", "22", "P0002", "P0004", "XX000"]
            .iter()
            .all(|code| !is(code)));
    }
}
