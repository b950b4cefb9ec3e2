// SPDX-License-Identifier: Apache-2.0

//! Finds the name that was meant by one that does not exist.

/// How many names are suggested.
const MOST_SUGGESTIONS: usize = 3;

/// The candidates most like `wanted`, the likest first; none when all of them are something else.
pub fn similar<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let tolerance = (wanted.chars().count() / 3).max(1);
    let mut found: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|candidate| (distance(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= tolerance)
        .collect();
    found.sort();
    found.truncate(MOST_SUGGESTIONS);
    found.into_iter().map(|(_, candidate)| candidate).collect()
}

/// "did you mean …?", or the empty string.
pub fn did_you_mean(suggestions: &[impl AsRef<str>]) -> String {
    match suggestions {
        [] => String::new(),
        [only] => format!("did you mean '{}'?", only.as_ref()),
        several => {
            let names: Vec<String> = several.iter().map(|name| format!("'{}'", name.as_ref())).collect();
            format!("did you mean one of {}?", names.join(", "))
        }
    }
}

/// The number of characters to insert, to delete or to replace to make one of the other (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_single_changes() {
        for (left, right, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("orders", "order", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(left, right), expected);
            assert_eq!(distance(right, left), expected);
        }
    }

    #[test]
    fn suggestions_are_alike_and_few() {
        let names = ["orders", "order_items", "Order", "users"];
        assert_eq!(similar("ordesr", names), ["Order", "orders"]);
        assert_eq!(similar("ORDERS", names), ["orders", "Order"]);
        assert!(similar("invoices", names).is_empty());
        assert_eq!(did_you_mean(&["a", "b"]), "did you mean one of 'a', 'b'?");
        assert_eq!(did_you_mean(&["a"]), "did you mean 'a'?");
        assert_eq!(did_you_mean(&[""; 0]), "");
    }
}
