// SPDX-License-Identifier: Apache-2.0

//! `numeric(precision, scale)` as a decimal of Arrow: a whole number of units of 10 to the power of minus `scale`.

use rapidbyte_sdk::arrow::FixedBuilder;
use rapidbyte_sdk::Result;

use super::cell::Cell;
use super::column::{wrong_length, Decoded};
use super::numeric::{Numeric, DECIMALS_PER_DIGIT};

/// The most decimal digits of a number that is computed in 64 bits.
pub const PRECISION_OF_64_BITS: u8 = 18;
pub const PRECISION_OF_128_BITS: u8 = 38;
pub const PRECISION_OF_256_BITS: u8 = 76;

/// An unsigned number that grows by digits at its end. `None` when there is no more room.
trait Accumulator: Copy + PartialOrd {
    const ZERO: Self;
    fn multiply_add(self, factor: u64, summand: u64) -> Option<Self>;
}

impl Accumulator for u64 {
    const ZERO: u64 = 0;

    #[inline]
    fn multiply_add(self, factor: u64, summand: u64) -> Option<u64> {
        self.checked_mul(factor)?.checked_add(summand)
    }
}

impl Accumulator for u128 {
    const ZERO: u128 = 0;

    #[inline]
    fn multiply_add(self, factor: u64, summand: u64) -> Option<u128> {
        self.checked_mul(u128::from(factor))?.checked_add(u128::from(summand))
    }
}

/// 256 bits as words of 64, the most significant first, so that the derived order is the numbers' order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wide([u64; 4]);

impl Accumulator for Wide {
    const ZERO: Wide = Wide([0; 4]);

    fn multiply_add(self, factor: u64, summand: u64) -> Option<Wide> {
        let mut words = self.0;
        let mut carry = u128::from(summand);
        for word in words.iter_mut().rev() {
            carry += u128::from(*word) * u128::from(factor);
            *word = carry as u64;
            carry >>= 64;
        }
        if carry == 0 {
            Some(Wide(words))
        } else {
            None
        }
    }
}

impl Wide {
    fn to_le_bytes(self, negative: bool) -> [u8; 32] {
        let mut bytes = [0; 32];
        let mut carry = negative;
        for (word, out) in self.0.iter().rev().zip(bytes.chunks_exact_mut(8)) {
            let (word, next) = if negative {
                (!word).overflowing_add(u64::from(carry))
            } else {
                (*word, false)
            };
            carry = next;
            out.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

/// 10 to the power of `precision`, the first number that has more digits.
fn limit<A: Accumulator>(precision: u8) -> Option<A> {
    (0..precision).try_fold(A::ZERO.multiply_add(1, 1)?, |power, _| power.multiply_add(10, 0))
}

/// The absolute value in units of 10 to the power of minus `scale`, when it is a whole number of them below `limit`.
#[inline]
fn scaled<A: Accumulator>(number: &Numeric, scale: i32, limit: A) -> Option<A> {
    // The digits in front of this index are whole ones; of the one at the index a part may be left.
    let whole = number.weight() + 1 + scale.div_euclid(DECIMALS_PER_DIGIT);
    let part = scale.rem_euclid(DECIMALS_PER_DIGIT) as u32;
    let mut sum = A::ZERO;
    if number.len() > 0 {
        // More digits than that are above any limit, and not worth a long loop over zeros.
        if whole > i32::from(PRECISION_OF_256_BITS) {
            return None;
        }
        let mut index = 0;
        while index < whole {
            // Four digits at once fit into 64 bits, and multiplications of wide numbers are dear.
            let end = whole.min(index + 4);
            let (mut factor, mut digits) = (1, 0);
            while index < end {
                factor *= 10_000;
                digits = digits * 10_000 + u64::from(number.digit(index));
                index += 1;
            }
            sum = sum.multiply_add(factor, digits)?;
        }
        let mut rest = whole;
        if part > 0 {
            let digit = number.digit(whole);
            let unit = 10u32.pow(DECIMALS_PER_DIGIT as u32 - part);
            if digit % unit != 0 {
                return None;
            }
            sum = sum.multiply_add(u64::from(10u32.pow(part)), u64::from(digit / unit))?;
            rest += 1;
        }
        if (rest.max(0)..number.len()).any(|index| number.digit(index) != 0) {
            return None;
        }
    }
    if sum < limit {
        Some(sum)
    } else {
        None
    }
}

/// Fills a column with what `convert` makes of the values, up to one that it makes nothing of.
#[inline(always)]
fn decode<const N: usize>(
    bytes: &[u8],
    cells: &[Cell],
    column: &mut FixedBuilder,
    convert: impl Fn(&Numeric) -> Option<[u8; N]>,
) -> Result<Decoded> {
    for (row, cell) in cells.iter().enumerate() {
        if cell.is_null() {
            column.push_null();
            continue;
        }
        let number = Numeric::parse(cell.value(bytes)).ok_or_else(|| wrong_length(*cell))?;
        match convert(&number) {
            Some(value) => column.push_array(value),
            None => return Ok(Decoded::UpTo(row)),
        }
    }
    Ok(Decoded::All)
}

/// `decimal128` of a precision up to 18.
#[inline(never)]
pub fn decode_64(
    precision: u8,
    scale: i32,
    bytes: &[u8],
    cells: &[Cell],
    column: &mut FixedBuilder,
) -> Result<Decoded> {
    let limit = limit::<u64>(precision).unwrap_or(u64::MAX);
    decode(bytes, cells, column, |number| {
        let value = scaled(number, scale, limit)? as i64;
        let value = if number.is_negative()? { -value } else { value };
        let mut wide = [(value >> 63) as u8; 16];
        wide[..8].copy_from_slice(&value.to_le_bytes());
        Some(wide)
    })
}

/// `decimal128` of a precision up to 38.
#[inline(never)]
pub fn decode_128(
    precision: u8,
    scale: i32,
    bytes: &[u8],
    cells: &[Cell],
    column: &mut FixedBuilder,
) -> Result<Decoded> {
    let limit = limit::<u128>(precision).unwrap_or(u128::MAX);
    decode(bytes, cells, column, |number| {
        let value = scaled(number, scale, limit)? as i128;
        Some(if number.is_negative()? { -value } else { value }.to_le_bytes())
    })
}

/// `decimal256`.
#[inline(never)]
pub fn decode_256(
    precision: u8,
    scale: i32,
    bytes: &[u8],
    cells: &[Cell],
    column: &mut FixedBuilder,
) -> Result<Decoded> {
    let limit = limit::<Wide>(precision).unwrap_or(Wide([u64::MAX; 4]));
    decode(bytes, cells, column, |number| {
        let value = scaled(number, scale, limit)?;
        Some(value.to_le_bytes(number.is_negative()?))
    })
}

#[cfg(test)]
mod tests {
    use super::super::numeric::testing::encode;
    use super::*;
    use crate::testing::digits_of;
    use proptest::prelude::*;

    type Decoder = fn(u8, i32, &[u8], &[Cell], &mut FixedBuilder) -> Result<Decoded>;

    /// The value of a decimal of Arrow as text, computed on its decimal digits alone.
    fn reference(text: &str, scale: i32) -> String {
        let (sign, unsigned) = match text.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", text),
        };
        let (integer, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let mut digits = integer.to_owned() + fraction;
        let shift = scale - fraction.len() as i32;
        if shift >= 0 {
            digits.push_str(&"0".repeat(shift as usize));
        } else {
            digits.truncate(digits.len().saturating_sub(-shift as usize));
        }
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            "0".into()
        } else {
            format!("{}{}", sign, digits)
        }
    }

    fn decoded(decoder: Decoder, width: usize, precision: u8, scale: i32, text: &str) -> Option<String> {
        let binary = encode(text);
        let mut column = FixedBuilder::new(width);
        match decoder(
            precision,
            scale,
            &binary,
            &[Cell::new(0, binary.len() as i32)],
            &mut column,
        )
        .unwrap()
        {
            Decoded::All => Some(digits_of(column.bytes())),
            Decoded::UpTo(_) => None,
        }
    }

    #[test]
    fn values_that_fit_are_exact() {
        for (precision, scale, text, expected) in [
            (10, 2, "12345678.90", "1234567890"),
            (10, 2, "-0.01", "-1"),
            (10, 2, "0.00", "0"),
            (18, 0, "999999999999999999", "999999999999999999"),
            (18, 18, "-0.999999999999999999", "-999999999999999999"),
            (3, -2, "12300", "123"),
            (3, -2, "-99900", "-999"),
            (3, -5, "99900000", "999"),
            (2, 5, "0.00099", "99"),
            (2, 6, "0.000001", "1"),
            (4, -4, "12340000", "1234"),
        ] {
            assert_eq!(
                decoded(decode_64, 16, precision, scale, text).as_deref(),
                Some(expected),
                "{}",
                text
            );
            assert_eq!(
                decoded(decode_128, 16, precision, scale, text).as_deref(),
                Some(expected),
                "{}",
                text
            );
            assert_eq!(
                decoded(decode_256, 32, precision, scale, text).as_deref(),
                Some(expected),
                "{}",
                text
            );
        }
        let nines = "9".repeat(38);
        assert_eq!(decoded(decode_128, 16, 38, 0, &nines), Some(nines.clone()));
        assert_eq!(
            decoded(decode_128, 16, 38, 0, &format!("-{}", nines)),
            Some(format!("-{}", nines))
        );
        let nines = "9".repeat(76);
        assert_eq!(decoded(decode_256, 32, 76, 0, &nines), Some(nines.clone()));
        assert_eq!(
            decoded(decode_256, 32, 76, 0, &format!("-{}", nines)),
            Some(format!("-{}", nines))
        );
    }

    #[test]
    fn values_that_do_not_fit_stop_the_column() {
        for (precision, scale, text) in [
            (10, 2, "NaN"),
            (10, 2, "Infinity"),
            (10, 2, "-Infinity"),
            (10, 2, "100000000.00"),
            (10, 2, "0.001"),
            (10, 2, "0.0000001"),
            (3, -2, "12340"),
            (3, -2, "100000"),
            (18, 0, "1000000000000000000"),
            (
                18,
                0,
                "99999999999999999999999999999999999999999999999999999999999999999999999999999999999",
            ),
        ] {
            assert_eq!(decoded(decode_64, 16, precision, scale, text), None, "{}", text);
            assert_eq!(decoded(decode_128, 16, precision, scale, text), None, "{}", text);
            assert_eq!(decoded(decode_256, 32, precision, scale, text), None, "{}", text);
        }
    }

    #[test]
    fn nulls_and_the_rows_before_a_stop_are_kept() {
        let binary = [encode("1.5"), encode("NaN")].concat();
        let cells = [Cell::new(0, 12), Cell::new(0, -1), Cell::new(12, 8), Cell::new(0, 12)];
        let mut column = FixedBuilder::new(16);
        assert_eq!(decode_64(5, 1, &binary, &cells, &mut column).unwrap(), Decoded::UpTo(2));
        assert_eq!((column.validity().rows(), column.validity().null_count()), (2, 1));
        assert!(decode_64(5, 1, &binary, &[Cell::new(0, 9)], &mut column).is_err());
    }

    proptest! {
        #[test]
        fn agrees_with_arithmetic_on_digits(integer in "(0|[1-9][0-9]{0,37})", fraction in "[0-9]{0,38}", negative: bool) {
            let fraction = &fraction[..fraction.len().min(76 - integer.len())];
            let point = if fraction.is_empty() { "" } else { "." };
            let text = format!("{}{}{}{}", if negative { "-" } else { "" }, integer, point, fraction);
            let scale = fraction.len() as i32;
            let expected = reference(&text, scale);
            prop_assert_eq!(decoded(decode_256, 32, 76, scale, &text), Some(expected.clone()));
            let digits = expected.trim_start_matches('-').len();
            let narrow = decoded(decode_128, 16, 38, scale, &text);
            prop_assert_eq!(narrow, if digits <= 38 { Some(expected.clone()) } else { None });
            let narrowest = decoded(decode_64, 16, 18, scale, &text);
            prop_assert_eq!(narrowest, if digits <= 18 { Some(expected) } else { None });
        }

        #[test]
        fn negative_scales_divide_exactly(digits in "[1-9][0-9]{0,17}", scale in -30i32..0, negative: bool) {
            let text = format!("{}{}{}", if negative { "-" } else { "" }, digits, "0".repeat(-scale as usize));
            let expected = reference(&text, scale);
            prop_assert_eq!(decoded(decode_64, 16, 18, scale, &text), Some(expected.clone()));
            prop_assert_eq!(decoded(decode_256, 32, 76, scale, &text), Some(expected));
        }
    }
}
