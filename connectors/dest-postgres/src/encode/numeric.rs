// SPDX-License-Identifier: Apache-2.0

//! The binary form of Postgres' `numeric`: four 16-bit words (number of digits, weight, sign, display scale) and then
//! the digits, each a 16-bit word of four decimal places. The value is the sum of `digit[i] * 10000^(weight - i)`.
//!
//! Every function here writes a whole COPY cell, which is the 32-bit length and the value.

use std::ops::Range;

/// What stands in the sign word.
const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NOT_A_NUMBER: u16 = 0xC000;
const POSITIVE_INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

/// The display scale has 14 bits; more decimal places than that do not exist in Postgres.
const LARGEST_DISPLAY_SCALE: usize = 0x3FFF;
/// The weight is a signed 16-bit word.
const LARGEST_WEIGHT: i64 = i16::MAX as i64;

/// Length and the four words in front of the digits.
const PREFIX: usize = 12;
/// The longest cell of an integer of 64 bits: 20 decimal places touch at most six digits.
pub const I64_CELL: usize = PREFIX + 2 * 6;
/// The longest cell of an integer of 128 bits: 39 decimal places touch at most eleven digits.
pub const I128_CELL: usize = PREFIX + 2 * 11;
/// The longest cell of an integer of 256 bits: 78 decimal places touch at most 21 digits.
pub const I256_CELL: usize = PREFIX + 2 * 21;

const POWERS: [i64; 5] = [1, 10, 100, 1_000, 10_000];

/// Where the decimal places of `value * 10^-scale` fall in digits of four places.
#[derive(Clone, Copy)]
pub struct Scale {
    /// Decimal places of the integer that belong to the lowest digit: one to four.
    low_places: usize,
    /// What those places are multiplied by to stand at the right position in their digit.
    low_factor: i64,
    /// The power of 10000 of the lowest digit.
    low_weight: i32,
    /// Integers of a smaller magnitude have at most four digits.
    four_digits: i64,
    /// Places shown behind the decimal point.
    display: u16,
}

impl Scale {
    /// `scale` is that of an Arrow decimal: positive behind the decimal point, negative in front of it.
    pub fn new(scale: i32) -> Scale {
        let exponent = -scale;
        let shift = exponent.rem_euclid(4) as usize;
        Scale {
            low_places: 4 - shift,
            low_factor: POWERS[shift],
            low_weight: exponent.div_euclid(4),
            four_digits: 10_000_000_000_000_000 / POWERS[shift],
            display: scale.clamp(0, LARGEST_DISPLAY_SCALE as i32) as u16,
        }
    }
}

/// Writes digits from the lowest to the highest, that is, from the end of a cell to its start.
struct Backwards<'a> {
    cell: &'a mut [u8],
    position: usize,
    /// The power of 10000 of the next digit.
    weight: i32,
    digits: i32,
}

impl Backwards<'_> {
    /// Zeros below the lowest digit that is not zero are not written: they are implied by the weight.
    #[inline(always)]
    fn digit(&mut self, digit: i64) {
        if digit != 0 || self.digits != 0 {
            self.position -= 2;
            let bytes = (digit as u16).to_be_bytes();
            self.cell[self.position] = bytes[0];
            self.cell[self.position + 1] = bytes[1];
            self.digits += 1;
        }
        self.weight += 1;
    }

    #[inline(always)]
    fn finish(self, negative: bool, display: u16) -> usize {
        // Zero has no digits, weight 0 and no sign.
        let weight = if self.digits == 0 { 0 } else { (self.weight - 1) as u16 };
        let start = self.position - PREFIX;
        let sign = if negative { NEGATIVE } else { POSITIVE };
        let prefix = &mut self.cell[start..start + PREFIX];
        prefix[0..4].copy_from_slice(&(8 + 2 * self.digits as u32).to_be_bytes());
        prefix[4..6].copy_from_slice(&(self.digits as u16).to_be_bytes());
        prefix[6..8].copy_from_slice(&weight.to_be_bytes());
        prefix[8..10].copy_from_slice(&sign.to_be_bytes());
        prefix[10..12].copy_from_slice(&display.to_be_bytes());
        start
    }
}

/// Writes the cell of `value * 10^-scale` into `cell`, which has room for [`I64_CELL`], and returns where in it.
#[inline(always)]
pub fn write_i64(value: i64, scale: Scale, cell: &mut [u8; I64_CELL]) -> Range<usize> {
    // Shifting the whole number aligns its digits, and leaves only divisions by one constant.
    if -scale.four_digits < value && value < scale.four_digits {
        0..write_four_digits(value.abs() * scale.low_factor, value < 0, scale, cell)
    } else {
        write_i128(value.into(), scale, cell)..I64_CELL
    }
}

/// Writes the cell of a number of at most four digits, which is what nearly all numbers are, to the start of `cell`.
/// There is no loop and no store of a single byte: the digits are put together in one integer.
#[inline(always)]
fn write_four_digits(aligned: i64, negative: bool, scale: Scale, cell: &mut [u8; I64_CELL]) -> usize {
    // Signed division: a Java virtual machine turns one by a constant into a multiplication, but not an unsigned one.
    let mut digits = aligned;
    if aligned >= 10_000 {
        let upper = aligned / 10_000;
        digits = aligned % 10_000 | upper << 16;
        if upper >= 10_000 {
            let top = upper / 10_000;
            digits = aligned % 10_000 | (upper % 10_000) << 16 | (top % 10_000) << 32 | (top / 10_000) << 48;
        }
    }
    // Zeros at either end are not written: the weight implies them. Zero itself has no digits, weight 0 and no sign.
    let digits = digits as u64;
    let (count, weight, shifted, sign) = if digits == 0 {
        (0, 0, 0, POSITIVE)
    } else {
        let leading = digits.leading_zeros() / 16;
        let count = 4 - leading - digits.trailing_zeros() / 16;
        let weight = scale.low_weight + 3 - leading as i32;
        (
            count,
            weight,
            digits << (16 * leading),
            if negative { NEGATIVE } else { POSITIVE },
        )
    };
    let length = 8 + 2 * count;
    cell[0..4].copy_from_slice(&length.to_be_bytes());
    cell[4..8].copy_from_slice(&(count << 16 | u32::from(weight as u16)).to_be_bytes());
    cell[8..12].copy_from_slice(&(u32::from(sign) << 16 | u32::from(scale.display)).to_be_bytes());
    cell[12..20].copy_from_slice(&shifted.to_be_bytes());
    4 + length as usize
}

/// Writes the cell of `value * 10^-scale` to the end of `cell`, which has room for [`I128_CELL`], and returns where it
/// starts.
#[inline(never)]
pub fn write_i128(value: i128, scale: Scale, cell: &mut [u8]) -> usize {
    /// Four digits at a time, so that little of the division is done with 128 bits.
    const STEP: u128 = 10_000_000_000_000_000;
    let mut rest = value.unsigned_abs();
    let position = cell.len();
    let mut out = Backwards {
        cell,
        position,
        weight: scale.low_weight,
        digits: 0,
    };
    if rest != 0 {
        let low = POWERS[scale.low_places] as u128;
        out.digit((rest % low) as i64 * scale.low_factor);
        rest /= low;
    }
    while rest != 0 {
        let mut part = (rest % STEP) as i64;
        rest /= STEP;
        // The last part has no leading zeros; all others have all of their four digits.
        let mut places = 0;
        while (rest != 0 && places < 4) || part != 0 {
            out.digit(part % 10_000);
            part /= 10_000;
            places += 1;
        }
    }
    out.finish(value < 0, scale.display)
}

/// Writes the cell of a 256-bit little-endian two's complement integer, times `10^-scale`, to the end of `cell`, which has
/// room for [`I256_CELL`], and returns where it starts.
#[inline(never)]
pub fn write_i256(value: &[u8; 32], scale: Scale, cell: &mut [u8]) -> usize {
    let negative = value[31] & 0x80 != 0;
    // Eight words of 32 bits, lowest first, without the sign.
    let mut words = [0u32; 8];
    let mut carry = negative;
    for (word, bytes) in words.iter_mut().zip(value.chunks_exact(4)) {
        *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        if negative {
            let (inverted, overflow) = (!*word).overflowing_add(carry.into());
            *word = inverted;
            carry = overflow;
        }
    }
    let mut used = 8;
    let mut divide = |divisor: u64| -> (i64, bool) {
        let mut remainder = 0u64;
        while used > 0 && words[used - 1] == 0 {
            used -= 1;
        }
        for word in words[..used].iter_mut().rev() {
            let dividend = remainder << 32 | u64::from(*word);
            *word = (dividend / divisor) as u32;
            remainder = dividend % divisor;
        }
        (remainder as i64, words[..used].iter().all(|&word| word == 0))
    };
    let position = cell.len();
    let mut out = Backwards {
        cell,
        position,
        weight: scale.low_weight,
        digits: 0,
    };
    let (low, mut done) = divide(POWERS[scale.low_places] as u64);
    if low != 0 || !done {
        out.digit(low * scale.low_factor);
    }
    while !done {
        let (part, last) = divide(100_000_000);
        out.digit(part % 10_000);
        if !last || part >= 10_000 {
            out.digit(part / 10_000);
        }
        done = last;
    }
    out.finish(negative, scale.display)
}

/// Why a text is no number that Postgres could hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotNumeric {
    /// Not a decimal number at all.
    Malformed,
    /// More places than `numeric` has.
    TooLong,
}

/// Appends the cell of a number in text form: digits with an optional sign, decimal point and exponent, `NaN`, or an
/// infinity. Places behind the decimal point are kept even when they are zeros: they are part of a `numeric`.
#[inline(never)]
pub fn append_text(text: &[u8], out: &mut Vec<u8>) -> Result<(), NotNumeric> {
    let text = trim(text);
    let (negative, unsigned) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if !matches!(unsigned.first(), Some(b'0'..=b'9' | b'.')) {
        return append_special(text, unsigned, negative, out);
    }
    let number = Decimal::parse(unsigned)?;
    append_decimal(&number, negative, out)
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C, rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C] = text {
        text = rest;
    }
    text
}

fn append_special(text: &[u8], unsigned: &[u8], negative: bool, out: &mut Vec<u8>) -> Result<(), NotNumeric> {
    let infinite = unsigned.eq_ignore_ascii_case(b"infinity") || unsigned.eq_ignore_ascii_case(b"inf");
    let sign = match (infinite, negative) {
        (true, false) => POSITIVE_INFINITY,
        (true, true) => NEGATIVE_INFINITY,
        (false, _) if text.eq_ignore_ascii_case(b"nan") => NOT_A_NUMBER,
        _ => return Err(NotNumeric::Malformed),
    };
    append_prefix(0, 0, sign, 0, out);
    Ok(())
}

fn append_prefix(digits: u16, weight: i16, sign: u16, display: u16, out: &mut Vec<u8>) {
    let mut prefix = [0; PREFIX];
    prefix[0..4].copy_from_slice(&(8 + 2 * u32::from(digits)).to_be_bytes());
    prefix[4..6].copy_from_slice(&digits.to_be_bytes());
    prefix[6..8].copy_from_slice(&weight.to_be_bytes());
    prefix[8..10].copy_from_slice(&sign.to_be_bytes());
    prefix[10..12].copy_from_slice(&display.to_be_bytes());
    out.extend_from_slice(&prefix);
}

/// A decimal number in text form, taken apart.
struct Decimal<'a> {
    /// Decimal digits in front of and behind the point.
    whole: &'a [u8],
    fraction: &'a [u8],
    /// How many places the exponent moves the point to the right.
    shift: i64,
}

impl<'a> Decimal<'a> {
    fn parse(text: &'a [u8]) -> Result<Decimal<'a>, NotNumeric> {
        let digits_from = |start: usize| text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let whole = &text[..digits_from(0)];
        let mut position = whole.len();
        let mut fraction: &[u8] = &[];
        if text.get(position) == Some(&b'.') {
            position += 1;
            fraction = &text[position..position + digits_from(position)];
            position += fraction.len();
        }
        if whole.is_empty() && fraction.is_empty() {
            return Err(NotNumeric::Malformed);
        }
        let shift = match text.get(position) {
            None => 0,
            Some(b'e' | b'E') => parse_exponent(&text[position + 1..])?,
            Some(_) => return Err(NotNumeric::Malformed),
        };
        Ok(Decimal { whole, fraction, shift })
    }

    /// The decimal digit at `place`, counted from the leftmost; zero outside of what was written.
    #[inline(always)]
    fn digit(&self, place: i64) -> u16 {
        let byte = match usize::try_from(place) {
            Ok(place) if place < self.whole.len() => self.whole[place],
            Ok(place) => self.fraction.get(place - self.whole.len()).copied().unwrap_or(b'0'),
            Err(_) => b'0',
        };
        u16::from(byte - b'0')
    }
}

fn parse_exponent(text: &[u8]) -> Result<i64, NotNumeric> {
    let (negative, digits) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NotNumeric::Malformed);
    }
    let exponent = digits
        .iter()
        .fold(0i64, |sum, digit| (sum * 10 + i64::from(digit - b'0')).min(1_000_000));
    Ok(if negative { -exponent } else { exponent })
}

fn append_decimal(number: &Decimal<'_>, negative: bool, out: &mut Vec<u8>) -> Result<(), NotNumeric> {
    let places = (number.whole.len() + number.fraction.len()) as i64;
    let display = (number.fraction.len() as i64 - number.shift).max(0);
    if display > LARGEST_DISPLAY_SCALE as i64 {
        return Err(NotNumeric::TooLong);
    }
    let display = display as u16;
    // Places are counted from the leftmost one written. `point` is the first one behind the decimal point.
    let point = number.whole.len() as i64 + number.shift;
    let first = match (0..places).find(|&place| number.digit(place) != 0) {
        Some(place) => place,
        None => {
            append_prefix(0, 0, POSITIVE, display, out);
            return Ok(());
        }
    };
    let last = (first..places)
        .rev()
        .find(|&place| number.digit(place) != 0)
        .unwrap_or(first);
    let weight = (point - 1 - first).div_euclid(4);
    let lowest_weight = (point - 1 - last).div_euclid(4);
    if weight > LARGEST_WEIGHT || weight < -LARGEST_WEIGHT || weight - lowest_weight >= i64::from(u16::MAX) {
        return Err(NotNumeric::TooLong);
    }
    let digits = (weight - lowest_weight + 1) as u16;
    append_prefix(
        digits,
        weight as i16,
        if negative { NEGATIVE } else { POSITIVE },
        display,
        out,
    );
    let mut place = point - 4 * (weight + 1);
    for _ in 0..digits {
        let digit = number.digit(place) * 1_000
            + number.digit(place + 1) * 100
            + number.digit(place + 2) * 10
            + number.digit(place + 3);
        out.extend_from_slice(&digit.to_be_bytes());
        place += 4;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads a cell back into text, in the plainest way: the reference that the writers are held against.
    fn text_of(cell: &[u8]) -> String {
        let word = |index: usize| u16::from_be_bytes([cell[4 + 2 * index], cell[5 + 2 * index]]);
        assert_eq!(
            u32::from_be_bytes([cell[0], cell[1], cell[2], cell[3]]) as usize,
            cell.len() - 4
        );
        let (digits, weight, sign, display) =
            (i64::from(word(0)), i64::from(word(1) as i16), word(2), word(3) as usize);
        assert_eq!(cell.len(), PREFIX + 2 * digits as usize);
        match sign {
            NOT_A_NUMBER => return "NaN".into(),
            POSITIVE_INFINITY => return "Infinity".into(),
            NEGATIVE_INFINITY => return "-Infinity".into(),
            _ => (),
        }
        if digits > 0 {
            assert_ne!(word(4), 0, "a leading zero digit");
            assert_ne!(word(3 + digits as usize), 0, "a trailing zero digit");
        } else {
            assert_eq!((weight, sign), (0, POSITIVE));
        }
        let digit = |power: i64| match weight - power {
            index if (0..digits).contains(&index) => word(4 + index as usize),
            _ => 0,
        };
        let mut text: String = (0..=weight.max(0))
            .rev()
            .map(|power| format!("{:04}", digit(power)))
            .collect();
        text = match text.trim_start_matches('0') {
            "" => "0".into(),
            trimmed => trimmed.into(),
        };
        if display > 0 {
            let fraction: String = (1..=(display as i64 + 3) / 4)
                .map(|power| format!("{:04}", digit(-power)))
                .collect();
            assert!(
                fraction[display..].bytes().all(|byte| byte == b'0'),
                "places behind the display scale"
            );
            text = format!("{}.{}", text, &fraction[..display]);
        }
        if sign == NEGATIVE {
            text.insert(0, '-');
        }
        text
    }

    /// `unscaled * 10^-scale` in text, by moving characters.
    fn shifted(unscaled: &str, scale: i32) -> String {
        let (sign, digits) = match unscaled.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", unscaled),
        };
        if scale <= 0 {
            let zeros = if digits == "0" { 0 } else { -scale as usize };
            return format!("{}{}{}", sign, digits, "0".repeat(zeros));
        }
        let padded = format!("{:0>width$}", digits, width = scale as usize + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale as usize);
        format!("{}{}.{}", sign, whole, fraction)
    }

    fn from_text(text: &str) -> String {
        let mut out = vec![7];
        append_text(text.as_bytes(), &mut out).unwrap();
        assert_eq!(out[0], 7);
        text_of(&out[1..])
    }

    fn from_i64(value: i64, scale: i32) -> String {
        let mut cell = [0xEE; I64_CELL];
        let written = write_i64(value, Scale::new(scale), &mut cell);
        text_of(&cell[written])
    }

    fn from_i128(value: i128, scale: i32) -> String {
        let mut cell = [0xEE; I128_CELL];
        let start = write_i128(value, Scale::new(scale), &mut cell);
        text_of(&cell[start..])
    }

    fn from_i256(value: &[u8; 32], scale: i32) -> String {
        let mut cell = [0xEE; I256_CELL];
        let start = write_i256(value, Scale::new(scale), &mut cell);
        text_of(&cell[start..])
    }

    fn widened(value: i128) -> [u8; 32] {
        let mut bytes = [if value < 0 { 0xFF } else { 0 }; 32];
        bytes[..16].copy_from_slice(&value.to_le_bytes());
        bytes
    }

    #[test]
    fn the_bytes_are_those_of_the_server() {
        // SELECT numeric_send('-12345.6780') on a server.
        let mut out = Vec::new();
        append_text(b"-12345.6780", &mut out).unwrap();
        assert_eq!(
            out,
            [0, 0, 0, 14, 0, 3, 0, 1, 0x40, 0, 0, 4, 0, 1, 0x09, 0x29, 0x1A, 0x7C]
        );
        let mut cell = [0; I64_CELL];
        let written = write_i64(-123_456_780, Scale::new(4), &mut cell);
        assert_eq!(cell[written], out[..]);
    }

    #[test]
    fn special_values_are_recognised_in_any_case() {
        for (text, expected) in [
            ("NaN", "NaN"),
            ("nan", "NaN"),
            ("Infinity", "Infinity"),
            ("+inf", "Infinity"),
            ("-Infinity", "-Infinity"),
            (" -INF\n", "-Infinity"),
        ] {
            assert_eq!(from_text(text), expected, "{}", text);
        }
    }

    #[test]
    fn display_scale_is_kept() {
        for text in [
            "0",
            "0.000",
            "1.50",
            "100",
            "100.0000",
            "10000",
            "0.0001",
            "0.00010000",
            "-0.5",
            "123456789.123456789",
        ] {
            assert_eq!(from_text(text), text);
        }
        assert_eq!(from_text("-0"), "0");
        assert_eq!(from_text("-0.00"), "0.00");
        assert_eq!(from_text("000123.4"), "123.4");
        assert_eq!(from_text(".5"), "0.5");
        assert_eq!(from_text("5."), "5");
    }

    #[test]
    fn exponents_move_the_point() {
        assert_eq!(from_text("1e5"), "100000");
        assert_eq!(from_text("1.5E-7"), "0.00000015");
        assert_eq!(from_text("12.345e2"), "1234.5");
        assert_eq!(from_text("0e10"), "0");
        assert_eq!(from_text("123e-5"), "0.00123");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "", " ", "-", "+", ".", "-.", "1.2.3", "1e", "1e+", "e5", "0x10", "1 2", "--1", "nano", "+NaN", "-NaN",
            "infinit", "1_000",
        ] {
            assert_eq!(
                append_text(text.as_bytes(), &mut Vec::new()),
                Err(NotNumeric::Malformed),
                "{:?}",
                text
            );
        }
        for text in [
            "1e200000",
            "1e-20000",
            "1e99999999999999999999",
            "1e-99999999999999999999",
        ] {
            assert_eq!(
                append_text(text.as_bytes(), &mut Vec::new()),
                Err(NotNumeric::TooLong),
                "{:?}",
                text
            );
        }
    }

    #[test]
    fn the_longest_numbers_of_the_server_pass() {
        let whole = "9".repeat(131_072);
        assert_eq!(from_text(&whole), whole);
        let fraction = format!("0.{}1", "0".repeat(16_382));
        assert_eq!(from_text(&fraction), fraction);
        let both = format!("-1{}.{}", "0".repeat(131_071), "0".repeat(16_383));
        assert_eq!(from_text(&both), both);
        assert_eq!(
            append_text(format!("1{}", whole).as_bytes(), &mut Vec::new()),
            Err(NotNumeric::TooLong)
        );
    }

    #[test]
    fn integers_at_their_edges() {
        for value in [
            0,
            1,
            -1,
            9_999,
            10_000,
            10_001,
            100_000_000,
            i64::MAX,
            i64::MIN,
            i64::MIN + 1,
        ] {
            for scale in [-5, -4, -3, -1, 0, 1, 2, 3, 4, 5, 18, 19, 38] {
                let expected = shifted(&value.to_string(), scale);
                assert_eq!(from_i64(value, scale), expected, "{} {}", value, scale);
                assert_eq!(from_i128(value.into(), scale), expected, "{} {}", value, scale);
                assert_eq!(
                    from_i256(&widened(value.into()), scale),
                    expected,
                    "{} {}",
                    value,
                    scale
                );
            }
        }
        for value in [
            i128::MAX,
            i128::MIN,
            10i128.pow(38) - 1,
            10i128.pow(32),
            10i128.pow(16),
            10i128.pow(36) + 1,
        ] {
            for scale in [-3, 0, 1, 2, 7, 38, 40] {
                let expected = shifted(&value.to_string(), scale);
                assert_eq!(from_i128(value, scale), expected, "{} {}", value, scale);
                assert_eq!(from_i256(&widened(value), scale), expected, "{} {}", value, scale);
            }
        }
    }

    #[test]
    fn the_widest_decimals() {
        let mut smallest = [0; 32];
        smallest[31] = 0x80;
        let digits = "57896044618658097711785492504343953926634992332820282019728792003956564819968";
        assert_eq!(from_i256(&smallest, 0), format!("-{}", digits));
        assert_eq!(from_i256(&smallest, 1), shifted(&format!("-{}", digits), 1));
        assert_eq!(from_i256(&[0xFF; 32], 3), "-0.001");
    }

    proptest! {
        #[test]
        fn any_64_bits(value: i64, narrow in 0u32..63, scale in -40i32..80) {
            let value = value >> narrow;
            prop_assert_eq!(from_i64(value, scale), shifted(&value.to_string(), scale));
        }

        #[test]
        fn any_128_bits(value: i128, narrow in 0u32..127, scale in -40i32..80) {
            let value = value >> narrow;
            let expected = shifted(&value.to_string(), scale);
            prop_assert_eq!(&from_i128(value, scale), &expected);
            prop_assert_eq!(&from_i256(&widened(value), scale), &expected);
        }

        #[test]
        fn any_text(sign in "-?", whole in "0|[1-9][0-9]{0,50}", fraction in "([.][0-9]{1,50})?") {
            let text = format!("{}{}{}", sign, whole, fraction);
            let zero = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
            let expected = if zero { text.trim_start_matches('-') } else { &text };
            prop_assert_eq!(from_text(&text), expected);
        }

        #[test]
        fn any_text_with_many_zeros(whole in "[1-9][0]{0,12}[0-9]{0,4}", fraction in "[.][0]{0,12}[0-9]{1,3}[0]{0,9}") {
            let text = format!("{}{}", whole, fraction);
            prop_assert_eq!(from_text(&text), text);
        }

        #[test]
        fn any_bytes_are_a_number_or_refused(text in prop::collection::vec(any::<u8>(), 0..12)) {
            let mut out = Vec::new();
            if append_text(&text, &mut out).is_ok() {
                text_of(&out);
            } else {
                prop_assert!(out.is_empty());
            }
        }

        #[test]
        fn text_and_decimal_agree(value: i64, narrow in 0u32..63, scale in 0i32..30) {
            let value = value >> narrow;
            let text = shifted(&value.to_string(), scale);
            let mut out = Vec::new();
            append_text(text.as_bytes(), &mut out).unwrap();
            let mut cell = [0; I64_CELL];
            let written = write_i64(value, Scale::new(scale), &mut cell);
            prop_assert_eq!(&out[..], &cell[written]);
        }
    }
}
