// SPDX-License-Identifier: Apache-2.0

//! Values that come as text because Arrow has no type for them, in the forms that servers show them in, to their
//! binary forms.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The numbers of address families in the binary form: those of the server, whatever its operating system has.
const FAMILY_4: u8 = 2;
const FAMILY_6: u8 = 3;

/// What a text stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextType {
    Inet,
    Cidr,
    /// `macaddr`, of 6 bytes, or `macaddr8`, of 8.
    HardwareAddress(usize),
    Bits,
    TextSearchVector,
    LogPosition,
    RowPosition,
    Char,
}

impl TextType {
    /// For messages.
    pub fn describe(self) -> &'static str {
        match self {
            TextType::Inet => "a network address such as 192.168.0.1/24",
            TextType::Cidr => "a network such as 10.0.0.0/8",
            TextType::HardwareAddress(_) => "a hardware address such as 08:00:2b:01:02:03",
            TextType::Bits => "a sequence of the digits 0 and 1",
            TextType::TextSearchVector => "a text search vector such as 'fat':2 'rat':3A",
            TextType::LogPosition => "a log position such as 16/B374D848",
            TextType::RowPosition => "the position of a row such as (0,1)",
            TextType::Char => "a single byte",
        }
    }
}

/// Appends the binary form; `None` when the text does not stand for a value of the type.
pub fn write(text_type: TextType, bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let text = std::str::from_utf8(bytes).ok()?;
    match text_type {
        TextType::Inet => write_address(text, false, out),
        TextType::Cidr => write_address(text, true, out),
        TextType::HardwareAddress(size) => write_hardware_address(text, size, out),
        TextType::Bits => write_bits(bytes, out),
        TextType::TextSearchVector => write_lexemes(text, out),
        TextType::LogPosition => {
            let (upper, lower) = text.split_once('/')?;
            out.extend_from_slice(&u32::from_str_radix(upper, 16).ok()?.to_be_bytes());
            out.extend_from_slice(&u32::from_str_radix(lower, 16).ok()?.to_be_bytes());
            Some(())
        }
        TextType::RowPosition => {
            let (block, row) = text.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
            out.extend_from_slice(&u32::from_str(block).ok()?.to_be_bytes());
            out.extend_from_slice(&u16::from_str(row).ok()?.to_be_bytes());
            Some(())
        }
        TextType::Char => {
            out.push(match bytes {
                [] => 0,
                [byte] => *byte,
                [b'\\', octal @ ..] if octal.len() == 3 => u8::from_str_radix(text.get(1..)?, 8).ok()?,
                _ => return None,
            });
            Some(())
        }
    }
}

/// Family, bits of the network, whether it is a network alone, the size of the address, the address.
fn write_address(text: &str, is_network: bool, out: &mut Vec<u8>) -> Option<()> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (IpAddr::from_str(address).ok()?, Some(u8::from_str(bits).ok()?)),
        None => (IpAddr::from_str(text).ok()?, None),
    };
    let mut put = |family: u8, all_bits: u8, octets: &[u8]| {
        let bits = bits.unwrap_or(all_bits);
        if bits > all_bits {
            return None;
        }
        out.extend_from_slice(&[family, bits, is_network.into(), octets.len() as u8]);
        out.extend_from_slice(octets);
        Some(())
    };
    match address {
        IpAddr::V4(address) => put(FAMILY_4, 32, &Ipv4Addr::octets(&address)),
        IpAddr::V6(address) => put(FAMILY_6, 128, &Ipv6Addr::octets(&address)),
    }
}

fn write_hardware_address(text: &str, size: usize, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    for part in text.split(':') {
        match part.len() {
            2 => out.push(u8::from_str_radix(part, 16).ok()?),
            _ => return None,
        }
    }
    Some(()).filter(|()| out.len() - start == size)
}

/// How many, then eight to a byte, the first one in the highest place.
fn write_bits(digits: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(&u32::try_from(digits.len()).ok()?.to_be_bytes());
    for chunk in digits.chunks(8) {
        let mut byte = 0;
        for (position, digit) in chunk.iter().enumerate() {
            match digit {
                b'0' => {}
                b'1' => byte |= 0x80 >> position,
                _ => return None,
            }
        }
        out.push(byte);
    }
    Some(())
}

/// How many lexemes there are; for each its bytes, a zero, how many places, and each place with its weight.
fn write_lexemes(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let mut count = 0u32;
    out.extend_from_slice(&[0; 4]);
    let mut characters = text.chars().peekable();
    while characters.peek().is_some() {
        if count > 0 {
            characters.next().filter(|space| *space == ' ')?;
        }
        characters.next().filter(|quote| *quote == '\'')?;
        let mut buffer = [0; 4];
        loop {
            let character = characters.next()?;
            let doubled = characters.peek() == Some(&character);
            match character {
                '\'' if !doubled => break,
                '\'' | '\\' if doubled => {
                    characters.next();
                }
                '\\' | '\0' => return None,
                _ => {}
            }
            out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        }
        out.push(0);
        let places_at = out.len();
        let mut places = 0u16;
        out.extend_from_slice(&[0; 2]);
        while let Some(':' | ',') = characters.peek() {
            characters.next();
            let mut place = 0u16;
            while let Some(digit) = characters.peek().and_then(|digit| digit.to_digit(10)) {
                place = place.checked_mul(10)?.checked_add(digit as u16)?;
                characters.next();
            }
            let weight = match characters.peek() {
                Some('A') => 3,
                Some('B') => 2,
                Some('C') => 1,
                _ => 0,
            };
            if weight > 0 {
                characters.next();
            }
            if place > 0x3fff {
                return None;
            }
            out.extend_from_slice(&(weight << 14 | place).to_be_bytes());
            places += 1;
        }
        out[places_at..places_at + 2].copy_from_slice(&places.to_be_bytes());
        count += 1;
    }
    out[start..start + 4].copy_from_slice(&count.to_be_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text_type: TextType, text: &str) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        write(text_type, text.as_bytes(), &mut out).map(|()| out)
    }

    #[test]
    fn addresses_have_the_bits_of_their_network() {
        let inet = |text| written(TextType::Inet, text);
        assert_eq!(inet("192.168.0.1/24").unwrap(), [2, 24, 0, 4, 192, 168, 0, 1]);
        assert_eq!(inet("10.1.2.3").unwrap(), [2, 32, 0, 4, 10, 1, 2, 3]);
        let mut loopback = vec![3, 128, 0, 16];
        loopback.extend([0; 15]);
        loopback.push(1);
        assert_eq!(inet("::1").unwrap(), loopback);
        assert_eq!(
            written(TextType::Cidr, "10.0.0.0/8").unwrap(),
            [2, 8, 1, 4, 10, 0, 0, 0]
        );
        for wrong in ["", "10.1", "10.0.0.1/33", "::1/129", "10.0.0.1/x", "localhost"] {
            assert_eq!(inet(wrong), None, "{}", wrong);
        }
    }

    #[test]
    fn hardware_addresses_have_their_size() {
        assert_eq!(
            written(TextType::HardwareAddress(6), "08:00:2b:01:02:ff").unwrap(),
            [8, 0, 0x2b, 1, 2, 255]
        );
        for wrong in [
            "08:00:2b:01:02",
            "08:00:2b:01:02:03:04:05",
            "8:0:2b:1:2:3",
            "zz:00:2b:01:02:03",
        ] {
            assert_eq!(written(TextType::HardwareAddress(6), wrong), None, "{}", wrong);
        }
    }

    #[test]
    fn bits_are_packed_from_the_left() {
        let bits = |text| written(TextType::Bits, text);
        assert_eq!(bits("").unwrap(), [0, 0, 0, 0]);
        assert_eq!(bits("101").unwrap(), [0, 0, 0, 3, 0b1010_0000]);
        assert_eq!(bits("111111110").unwrap(), [0, 0, 0, 9, 0xff, 0]);
        assert_eq!(bits("102"), None);
    }

    #[test]
    fn lexemes_have_their_places_and_weights() {
        let lexemes = |text| written(TextType::TextSearchVector, text);
        assert_eq!(lexemes("").unwrap(), [0, 0, 0, 0]);
        assert_eq!(
            lexemes("'a':1A,16383 'it''s \\\\ b'").unwrap(),
            [
                &[0, 0, 0, 2, b'a', 0, 0, 2, 0xc0, 1, 0x3f, 0xff][..],
                b"it's \\ b\0\0\0"
            ]
            .concat()
        );
        for wrong in ["a:1", "'a", "'a':x4", "'a' 'b", "'a'  'b'", "'a':70000"] {
            assert_eq!(lexemes(wrong), None, "{}", wrong);
        }
    }

    #[test]
    fn positions_and_single_bytes() {
        assert_eq!(
            written(TextType::LogPosition, "16/B374D848").unwrap(),
            [0, 0, 0, 0x16, 0xb3, 0x74, 0xd8, 0x48]
        );
        assert_eq!(written(TextType::RowPosition, "(4294967295,65535)").unwrap(), [0xff; 6]);
        assert_eq!(written(TextType::Char, "").unwrap(), [0]);
        assert_eq!(written(TextType::Char, "x").unwrap(), [b'x']);
        assert_eq!(written(TextType::Char, "\\").unwrap(), [b'\\']);
        assert_eq!(written(TextType::Char, "\\377").unwrap(), [0xff]);
        assert_eq!(written(TextType::Char, "xy"), None);
        assert_eq!(written(TextType::RowPosition, "0,1"), None);
        assert_eq!(written(TextType::LogPosition, "0"), None);
    }
}
