// SPDX-License-Identifier: Apache-2.0

//! The binary form of `numeric`, and its text form.

/// Decimal digits in one digit of base 10,000.
pub const DECIMALS_PER_DIGIT: i32 = 4;
const HEADER: usize = 8;

const NEGATIVE: u16 = 0x4000;
const NOT_A_NUMBER: u16 = 0xc000;
const INFINITY: u16 = 0xd000;
const NEGATIVE_INFINITY: u16 = 0xf000;
const SCALE_MASK: u16 = 0x3fff;

/// A value as the server sends it: digits of base 10,000, of which the first one counts 10,000 to the power of `weight`.
#[derive(Clone, Copy, Debug)]
pub struct Numeric<'a> {
    weight: i32,
    sign: u16,
    /// Decimal digits behind the point in the text form.
    scale: usize,
    digits: &'a [u8],
}

impl<'a> Numeric<'a> {
    /// `None` when it is not what the server sends.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Option<Numeric<'a>> {
        let header = bytes.get(..HEADER)?;
        let count = u16::from_be_bytes([header[0], header[1]]) as usize;
        let digits = &bytes[HEADER..];
        if digits.len() != count * 2 {
            return None;
        }
        Some(Numeric {
            weight: i32::from(i16::from_be_bytes([header[2], header[3]])),
            sign: u16::from_be_bytes([header[4], header[5]]),
            scale: usize::from(u16::from_be_bytes([header[6], header[7]]) & SCALE_MASK),
            digits,
        })
    }

    /// The exponent, in base 10,000, of the first digit.
    #[inline]
    pub fn weight(&self) -> i32 {
        self.weight
    }

    /// The number of digits.
    #[inline]
    pub fn len(&self) -> i32 {
        (self.digits.len() / 2) as i32
    }

    /// A digit; 0 in front of the first and behind the last.
    #[inline]
    pub fn digit(&self, index: i32) -> u32 {
        if index < 0 {
            return 0;
        }
        let at = index as usize * 2;
        match self.digits.get(at..at + 2) {
            Some(digit) => u32::from(u16::from_be_bytes([digit[0], digit[1]])),
            None => 0,
        }
    }

    /// Whether it is below zero; `None` for what is not finite.
    #[inline]
    pub fn is_negative(&self) -> Option<bool> {
        match self.sign {
            0 => Some(false),
            NEGATIVE => Some(true),
            _ => None,
        }
    }

    /// The length of the text form.
    pub fn text_length(&self) -> usize {
        match self.sign {
            NOT_A_NUMBER => return 3,
            INFINITY => return 8,
            NEGATIVE_INFINITY => return 9,
            _ => {}
        }
        let first = match self.digit(0) {
            _ if self.weight < 0 => 1,
            0..=9 => 1,
            10..=99 => 2,
            100..=999 => 3,
            _ => 4,
        };
        let integer = first + (self.weight.max(0) * DECIMALS_PER_DIGIT) as usize;
        let fraction = if self.scale > 0 { 1 + self.scale } else { 0 };
        usize::from(self.sign == NEGATIVE) + integer + fraction
    }

    /// Writes the text form, exactly as the server's own output has it.
    pub fn write_text(&self, text: &mut Vec<u8>) {
        match self.sign {
            NOT_A_NUMBER => return text.extend_from_slice(b"NaN"),
            INFINITY => return text.extend_from_slice(b"Infinity"),
            NEGATIVE_INFINITY => return text.extend_from_slice(b"-Infinity"),
            NEGATIVE => text.push(b'-'),
            _ => {}
        }
        if self.weight < 0 {
            text.push(b'0');
        } else {
            text.extend_from_slice(self.digit(0).to_string().as_bytes());
            (1..=self.weight).for_each(|index| text.extend_from_slice(&decimals(self.digit(index))));
        }
        if self.scale > 0 {
            text.push(b'.');
            let end = text.len() + self.scale;
            let mut index = self.weight + 1;
            while text.len() < end {
                text.extend_from_slice(&decimals(self.digit(index)));
                index += 1;
            }
            // The last digit of base 10,000 can hold more decimals than are shown.
            text.truncate(end);
        }
    }
}

#[inline]
fn decimals(digit: u32) -> [u8; 4] {
    let ascii = |value: u32| b'0' + (value % 10) as u8;
    [ascii(digit / 1000), ascii(digit / 100), ascii(digit / 10), ascii(digit)]
}

#[cfg(test)]
pub mod testing {
    use super::*;

    /// The binary form of a decimal text, built digit by digit: what the server would send for it.
    pub fn encode(text: &str) -> Vec<u8> {
        let special = |sign: u16| [[0; 4], [(sign >> 8) as u8, 0, 0, 0]].concat();
        match text {
            "NaN" => return special(NOT_A_NUMBER),
            "Infinity" => return special(INFINITY),
            "-Infinity" => return special(NEGATIVE_INFINITY),
            _ => {}
        }
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (integer, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let mut all = "0".repeat((4 - integer.len() % 4) % 4) + integer + fraction;
        let mut weight = (integer.len() as i32 + 3) / 4 - 1;
        all.push_str(&"0".repeat((4 - all.len() % 4) % 4));
        let mut digits: Vec<u16> = all
            .as_bytes()
            .chunks(4)
            .map(|c| std::str::from_utf8(c).unwrap().parse().unwrap())
            .collect();
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let leading = digits.iter().take_while(|digit| **digit == 0).count();
        digits.drain(..leading);
        weight = if digits.is_empty() { 0 } else { weight - leading as i32 };
        let sign = if negative && !digits.is_empty() { NEGATIVE } else { 0 };
        let header = [digits.len() as u16, weight as i16 as u16, sign, fraction.len() as u16];
        header
            .iter()
            .chain(&digits)
            .flat_map(|word| word.to_be_bytes())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::encode;
    use super::*;
    use proptest::prelude::*;

    fn text(binary: &[u8]) -> String {
        let number = Numeric::parse(binary).unwrap();
        let mut text = Vec::new();
        number.write_text(&mut text);
        assert_eq!(number.text_length(), text.len());
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn known_values_are_written_as_the_server_writes_them() {
        // Recorded from numeric_send: 12345.6780, -0.00001, 0.000, 100000000, NaN and the infinities.
        assert_eq!(text(&[0, 3, 0, 1, 0, 0, 0, 4, 0, 1, 9, 41, 26, 124]), "12345.6780");
        assert_eq!(text(&[0, 1, 0xff, 0xfe, 0x40, 0, 0, 5, 3, 232]), "-0.00001");
        assert_eq!(text(&[0, 0, 0, 0, 0, 0, 0, 3]), "0.000");
        assert_eq!(text(&[0, 1, 0, 2, 0, 0, 0, 0, 0, 1]), "100000000");
        assert_eq!(text(&[0, 0, 0, 0, 0xc0, 0, 0, 0]), "NaN");
        assert_eq!(text(&[0, 0, 0, 0, 0xd0, 0, 0, 0]), "Infinity");
        assert_eq!(text(&[0, 0, 0, 0, 0xf0, 0, 0, 0]), "-Infinity");
    }

    #[test]
    fn the_largest_and_the_smallest_number_are_written_in_full() {
        let largest = "9".repeat(131_072) + "." + &"9".repeat(16_383);
        assert_eq!(text(&encode(&largest)), largest);
        let smallest = "0.".to_owned() + &"0".repeat(16_382) + "1";
        assert_eq!(text(&encode(&smallest)), smallest);
    }

    #[test]
    fn a_value_of_another_length_is_refused() {
        assert!(Numeric::parse(&[0, 0, 0, 0, 0, 0, 0]).is_none());
        assert!(Numeric::parse(&[0, 1, 0, 0, 0, 0, 0, 0]).is_none());
        assert!(Numeric::parse(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).is_none());
    }

    proptest! {
        #[test]
        fn every_decimal_text_comes_back(text_of_number in "-?(0|[1-9][0-9]{0,50})(\\.[0-9]{1,50})?") {
            let zero = text_of_number.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
            prop_assume!(!(zero && text_of_number.starts_with('-')));
            prop_assert_eq!(text(&encode(&text_of_number)), text_of_number);
        }
    }
}
