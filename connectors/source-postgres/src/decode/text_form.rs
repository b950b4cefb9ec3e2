// SPDX-License-Identifier: Apache-2.0

//! Values as text that the server reads back as the same value: the form of types that Arrow has no equal of, and of
//! values that the Arrow type of their column cannot hold.
//!
//! It need not be the server's own output to the letter: members of arrays, composites and ranges always stand in quotes.

use std::io::Write;

use super::cell::Cell;
use super::numeric::Numeric;
use super::temporal;
use super::wire::{ArrayHeader, RangeValue, Wire};
use crate::column_type::{ColumnType, Formatted, Packed, Part};

// The functions below are kept apart: together they would be more than the host's virtual machine compiles at once.

/// Writes a value; `None`, with anything written, when it is not one of the type.
pub fn write_value(column_type: &ColumnType, value: &[u8], text: &mut Vec<u8>) -> Option<()> {
    match column_type {
        ColumnType::Array(array) => {
            let element = &array.element.column_type;
            if array.first == 0 {
                return write_vector(element, value, text);
            }
            write_array(element, separator(element), value, text)
        }
        ColumnType::Composite(parts) => write_composite(parts, value, text),
        ColumnType::Range(bound) => write_range(&bound.column_type, value, text),
        ColumnType::Multirange(range) => write_ranges(&range.column_type, value, text),
        ColumnType::Hstore => write_pairs(value, text),
        ColumnType::Path => {
            let (closed, points) = value.split_first()?;
            text.push(if *closed != 0 { b'(' } else { b'[' });
            write_points(points, text)?;
            text.push(if *closed != 0 { b')' } else { b']' });
            Some(())
        }
        ColumnType::Polygon => {
            text.push(b'(');
            write_points(value, text)?;
            text.push(b')');
            Some(())
        }
        ColumnType::Packed(packed) => write_packed(*packed, value, text),
        ColumnType::Formatted(formatted) => write_formatted(*formatted, value, text),
        flat => write_flat(flat, value, text),
    }
}

#[inline(never)]
fn write_composite(parts: &[Part], value: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let mut wire = Wire::of(value);
    wire.int().filter(|count| *count == parts.len() as i32)?;
    text.push(b'(');
    for (position, part) in parts.iter().enumerate() {
        separate(position, b',', text);
        wire.take(4)?;
        if let Some(value) = wire.value()? {
            write_quoted(text, |text| write_value(&part.column_type, value, text))?;
        }
    }
    text.push(b')');
    Some(()).filter(|()| wire.is_at_end())
}

#[inline(never)]
fn write_ranges(range: &ColumnType, value: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let mut wire = Wire::of(value);
    text.push(b'{');
    for position in 0..wire.count()? {
        separate(position, b',', text);
        write_value(range, wire.value()??, text)?;
    }
    text.push(b'}');
    Some(()).filter(|()| wire.is_at_end())
}

#[inline(never)]
fn write_pairs(value: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let mut wire = Wire::of(value);
    for position in 0..wire.count()? {
        separate(position, b',', text);
        write_quoted(text, |text| put(text, wire.value()??))?;
        text.extend_from_slice(b"=>");
        match wire.value()? {
            None => text.extend_from_slice(b"NULL"),
            Some(value) => write_quoted(text, |text| put(text, value))?,
        }
    }
    Some(()).filter(|()| wire.is_at_end())
}

fn put(text: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    text.extend_from_slice(bytes);
    Some(())
}

fn separate(position: usize, separator: u8, text: &mut Vec<u8>) {
    if position > 0 {
        text.push(separator);
    }
}

/// What is written by `write`, in quotes, and with what would end or change them behind a backslash.
#[inline(never)]
fn write_quoted(text: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Option<()> {
    let mut inner = Vec::new();
    write(&mut inner)?;
    text.push(b'"');
    for byte in inner {
        if matches!(byte, b'"' | b'\\') {
            text.push(b'\\');
        }
        text.push(byte);
    }
    text.push(b'"');
    Some(())
}

/// What stands between the elements of an array: of all types of the server, `box` is the only one that differs.
fn separator(element: &ColumnType) -> u8 {
    match element {
        ColumnType::Packed(Packed::Box) => b';',
        _ => b',',
    }
}

#[inline(never)]
fn write_array(element: &ColumnType, separator: u8, value: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let mut wire = Wire::of(value);
    let header = ArrayHeader::read(&mut wire)?;
    if header.firsts().iter().any(|first| *first != 1) {
        for (first, length) in header.firsts().iter().zip(header.lengths()) {
            let last = i64::from(*first) + *length as i64 - 1;
            write!(text, "[{}:{}]", first, last).ok()?;
        }
        text.push(b'=');
    }
    match header.lengths() {
        [] => text.extend_from_slice(b"{}"),
        lengths => write_elements(element, separator, lengths, &mut wire, text)?,
    }
    Some(()).filter(|()| wire.is_at_end())
}

/// `int2vector` and `oidvector`, which have a form of their own.
#[inline(never)]
fn write_vector(element: &ColumnType, value: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let mut wire = Wire::of(value);
    for position in 0..ArrayHeader::read(&mut wire)?.elements() {
        separate(position, b' ', text);
        write_value(element, wire.value()??, text)?;
    }
    Some(()).filter(|()| wire.is_at_end())
}

#[inline(never)]
fn write_elements(
    element: &ColumnType,
    delimiter: u8,
    lengths: &[usize],
    wire: &mut Wire<'_>,
    text: &mut Vec<u8>,
) -> Option<()> {
    let (count, inner) = lengths.split_first()?;
    text.push(b'{');
    for position in 0..*count {
        separate(position, delimiter, text);
        if !inner.is_empty() {
            write_elements(element, delimiter, inner, wire, text)?;
            continue;
        }
        match wire.value()? {
            None => text.extend_from_slice(b"NULL"),
            Some(value) => write_quoted(text, |text| write_value(element, value, text))?,
        }
    }
    text.push(b'}');
    Some(())
}

#[inline(never)]
fn write_range(bound: &ColumnType, value: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let mut wire = Wire::of(value);
    let range = RangeValue::read(&mut wire).filter(|_| wire.is_at_end())?;
    if range.flags.is_empty() {
        return put(text, b"empty");
    }
    let write_bound = |cell: Cell, text: &mut Vec<u8>| {
        if cell.is_null() {
            return Some(());
        }
        write_quoted(text, |text| write_value(bound, cell.value(value), text))
    };
    text.push(if range.flags.lower_inclusive() { b'[' } else { b'(' });
    write_bound(range.lower, text)?;
    text.push(b',');
    write_bound(range.upper, text)?;
    text.push(if range.flags.upper_inclusive() { b']' } else { b')' });
    Some(())
}

#[inline(never)]
fn write_points(points: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let mut wire = Wire::of(points);
    for position in 0..wire.count()? {
        separate(position, b',', text);
        write_packed(Packed::Point, wire.take(Packed::Point.width())?, text)?;
    }
    Some(()).filter(|()| wire.is_at_end())
}

#[inline(never)]
fn write_packed(packed: Packed, value: &[u8], text: &mut Vec<u8>) -> Option<()> {
    if value.len() != packed.width() {
        return None;
    }
    let mut wire = Wire::of(value);
    if packed == Packed::Timetz {
        temporal::write_time(wire.number().map(i64::from_be_bytes)?, text);
        return write_zone(wire.int()?, text);
    }
    let (open, close): (&[u8], &[u8]) = match packed {
        Packed::Line => (b"{", b"}"),
        Packed::Segment => (b"[", b"]"),
        Packed::Circle => (b"<", b">"),
        Packed::Box => (b"", b""),
        Packed::Point | Packed::Timetz => (b"(", b")"),
    };
    text.extend_from_slice(open);
    for (position, (_, column_type, width)) in packed.parts().iter().enumerate() {
        separate(position, b',', text);
        write_value(column_type, wire.take(*width)?, text)?;
    }
    put(text, close)
}

/// A zone, given in seconds behind UTC: `+02`, `-12:30:15`.
#[inline(never)]
fn write_zone(seconds_behind: i32, text: &mut Vec<u8>) -> Option<()> {
    let seconds = seconds_behind.unsigned_abs();
    text.push(if seconds_behind > 0 { b'-' } else { b'+' });
    write!(
        text,
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
    .ok()
}

/// Types that consist of nothing else.
#[inline(never)]
fn write_flat(column_type: &ColumnType, value: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let mut wire = Wire::of(value);
    match column_type {
        ColumnType::Bool => text.push(if wire.byte()? != 0 { b't' } else { b'f' }),
        ColumnType::Int2 => write!(text, "{}", wire.number().map(i16::from_be_bytes)?).ok()?,
        ColumnType::Int4 => write!(text, "{}", wire.int()?).ok()?,
        ColumnType::Int8 => write!(text, "{}", wire.number().map(i64::from_be_bytes)?).ok()?,
        ColumnType::Oid => write!(text, "{}", wire.number().map(u32::from_be_bytes)?).ok()?,
        ColumnType::Xid8 => write!(text, "{}", wire.number().map(u64::from_be_bytes)?).ok()?,
        ColumnType::Float4 => {
            let value = wire.number().map(f32::from_be_bytes)?;
            write_float(f64::from(value), |text| write!(text, "{}", value).ok(), text)?;
        }
        ColumnType::Float8 => {
            let value = wire.number().map(f64::from_be_bytes)?;
            write_float(value, |text| write!(text, "{}", value).ok(), text)?;
        }
        ColumnType::Decimal { .. } | ColumnType::NumericText => {
            Numeric::parse(value)?.write_text(text);
            return Some(());
        }
        ColumnType::Money => {
            let hundredths = wire.number().map(i64::from_be_bytes)?;
            let magnitude = hundredths.unsigned_abs();
            let sign = if hundredths < 0 { "-" } else { "" };
            write!(text, "{}{}.{:02}", sign, magnitude / 100, magnitude % 100).ok()?;
        }
        ColumnType::Bytea => {
            text.extend_from_slice(b"\\x");
            value.iter().try_for_each(|byte| write!(text, "{:02x}", byte)).ok()?;
            return Some(());
        }
        ColumnType::Date
        | ColumnType::Time
        | ColumnType::Timestamp
        | ColumnType::Timestamptz
        | ColumnType::Interval => write_moment(column_type, &mut wire, text)?,
        ColumnType::Uuid => {
            for (position, byte) in wire.number::<16>()?.iter().enumerate() {
                if matches!(position, 4 | 6 | 8 | 10) {
                    text.push(b'-');
                }
                write!(text, "{:02x}", byte).ok()?;
            }
        }
        ColumnType::Jsonb | ColumnType::VersionedText => {
            wire.byte().filter(|version| *version == 1)?;
            return put(text, wire.rest());
        }
        _ => return put(text, value),
    }
    Some(()).filter(|()| wire.is_at_end())
}

/// Dates and times.
#[inline(never)]
fn write_moment(column_type: &ColumnType, wire: &mut Wire<'_>, text: &mut Vec<u8>) -> Option<()> {
    match column_type {
        ColumnType::Date => match wire.int()? {
            i32::MAX => text.extend_from_slice(b"infinity"),
            i32::MIN => text.extend_from_slice(b"-infinity"),
            days => {
                let era = temporal::write_day(i64::from(temporal::date(days)), text);
                text.extend_from_slice(era);
            }
        },
        ColumnType::Time => temporal::write_time(wire.number().map(i64::from_be_bytes)?, text),
        ColumnType::Timestamp => temporal::write_timestamp(wire.number().map(i64::from_be_bytes)?, false, text),
        ColumnType::Timestamptz => temporal::write_timestamp(wire.number().map(i64::from_be_bytes)?, true, text),
        ColumnType::Interval => write_interval(wire, text)?,
        _ => return None,
    }
    Some(())
}

/// `shortest`: writes the shortest text that is this number and no other.
fn write_float(value: f64, shortest: impl FnOnce(&mut Vec<u8>) -> Option<()>, text: &mut Vec<u8>) -> Option<()> {
    if value.is_nan() {
        put(text, b"NaN")
    } else if value.is_infinite() {
        put(text, if value > 0.0 { b"Infinity" } else { b"-Infinity" })
    } else {
        shortest(text)
    }
}

/// `1 years 2 mons -3 days -04:05:06.789`, or an infinity, which servers have since version 17.
#[inline(never)]
fn write_interval(wire: &mut Wire<'_>, text: &mut Vec<u8>) -> Option<()> {
    let microseconds = wire.number().map(i64::from_be_bytes)?;
    let (days, months) = (wire.int()?, wire.int()?);
    if (microseconds, days, months) == (i64::MAX, i32::MAX, i32::MAX) {
        return put(text, b"infinity");
    }
    if (microseconds, days, months) == (i64::MIN, i32::MIN, i32::MIN) {
        return put(text, b"-infinity");
    }
    let magnitude = microseconds.unsigned_abs();
    let seconds = magnitude / 1_000_000;
    write!(
        text,
        "{} years {} mons {} days {}{:02}:{:02}:{:02}.{:06}",
        months / 12,
        months % 12,
        days,
        if microseconds < 0 { "-" } else { "" },
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        magnitude % 1_000_000
    )
    .ok()
}

#[inline(never)]
fn write_formatted(formatted: Formatted, value: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let mut wire = Wire::of(value);
    match formatted {
        Formatted::Address => write_address(&mut wire, text)?,
        Formatted::HardwareAddress => {
            if !matches!(value.len(), 6 | 8) {
                return None;
            }
            for (position, byte) in value.iter().enumerate() {
                separate(position, b':', text);
                write!(text, "{:02x}", byte).ok()?;
            }
            return Some(());
        }
        Formatted::Bits => {
            let count = usize::try_from(wire.int()?).ok()?;
            let bytes = wire.take((count + 7) / 8)?;
            text.extend((0..count).map(|bit| b'0' + (bytes[bit / 8] >> (7 - bit % 8) & 1)));
        }
        Formatted::TextSearchVector => write_lexemes(&mut wire, text)?,
        Formatted::LogPosition => {
            let position = wire.number().map(u64::from_be_bytes)?;
            write!(text, "{:X}/{:X}", position >> 32, position as u32).ok()?;
        }
        Formatted::RowPosition => {
            let block = wire.number().map(u32::from_be_bytes)?;
            let row = wire.number().map(u16::from_be_bytes)?;
            write!(text, "({},{})", block, row).ok()?;
        }
        Formatted::Char => match wire.byte()? {
            0 => {}
            // As servers show it since version 16, and what all of them since then read.
            byte @ 0x80..=0xff => write!(text, "\\{:03o}", byte).ok()?,
            byte => text.push(byte),
        },
    }
    Some(()).filter(|()| wire.is_at_end())
}

/// Family, bits of the network, whether it is a `cidr`, then the address.
#[inline(never)]
fn write_address(wire: &mut Wire<'_>, text: &mut Vec<u8>) -> Option<()> {
    let (_family, bits, is_network, size) = (wire.byte()?, wire.byte()?, wire.byte()?, wire.byte()?);
    let all_bits = match size {
        4 => {
            for (position, octet) in wire.number::<4>()?.iter().enumerate() {
                separate(position, b'.', text);
                write_octet(*octet, text);
            }
            32
        }
        16 => {
            write_groups(u128::from_be_bytes(wire.number()?), text);
            128
        }
        _ => return None,
    };
    if is_network != 0 || bits != all_bits {
        text.push(b'/');
        write_octet(bits, text);
    }
    Some(())
}

#[inline(never)]
fn write_octet(octet: u8, text: &mut Vec<u8>) {
    if octet >= 100 {
        text.push(b'0' + octet / 100);
    }
    if octet >= 10 {
        text.push(b'0' + octet / 10 % 10);
    }
    text.push(b'0' + octet % 10);
}

/// The eight groups of an address of version 6, the longest run of zeros left out.
#[inline(never)]
fn write_groups(address: u128, text: &mut Vec<u8>) {
    let group = |index: usize| (address >> (112 - 16 * index)) as u16;
    let (mut run_start, mut run_length) = (0, 1);
    let mut start = 0;
    for index in 0..8 {
        if group(index) != 0 {
            start = index + 1;
        } else if index + 1 - start > run_length {
            run_start = start;
            run_length = index + 1 - start;
        }
    }
    let has_run = run_length > 1;
    let mut index = 0;
    while index < 8 {
        if has_run && index == run_start {
            text.extend_from_slice(b"::");
            index += run_length;
            continue;
        }
        if index > 0 && !(has_run && index == run_start + run_length) {
            text.push(b':');
        }
        write_hexadecimal(group(index), text);
        index += 1;
    }
}

#[inline(never)]
fn write_hexadecimal(group: u16, text: &mut Vec<u8>) {
    let mut shift = 12;
    while shift > 0 && group >> shift == 0 {
        shift -= 4;
    }
    loop {
        text.push(b"0123456789abcdef"[usize::from(group >> shift & 15)]);
        if shift == 0 {
            return;
        }
        shift -= 4;
    }
}

/// Lexemes with the places where they were found, each place with a weight.
#[inline(never)]
fn write_lexemes(wire: &mut Wire<'_>, text: &mut Vec<u8>) -> Option<()> {
    for position in 0..wire.count()? {
        separate(position, b' ', text);
        let length = wire.rest().iter().position(|byte| *byte == 0)?;
        text.push(b'\'');
        for byte in wire.take(length)? {
            if matches!(byte, b'\'' | b'\\') {
                text.push(*byte);
            }
            text.push(*byte);
        }
        text.push(b'\'');
        wire.take(1)?;
        for place in 0..wire.number().map(u16::from_be_bytes)? {
            text.push(if place == 0 { b':' } else { b',' });
            let entry = wire.number().map(u16::from_be_bytes)?;
            write!(text, "{}", entry & 0x3fff).ok()?;
            match entry >> 14 {
                3 => text.push(b'A'),
                2 => text.push(b'B'),
                1 => text.push(b'C'),
                _ => {}
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn shown(family: u8, bits: u8, address: &[u8]) -> String {
        let value = [&[family, bits, 0, address.len() as u8][..], address].concat();
        let mut text = Vec::new();
        write_value(&ColumnType::Formatted(Formatted::Address), &value, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn addresses_are_written_as_they_are_known() {
        assert_eq!(shown(2, 32, &[10, 0, 200, 255]), "10.0.200.255");
        assert_eq!(shown(2, 8, &[10, 0, 0, 0]), "10.0.0.0/8");
        assert_eq!(shown(3, 128, &[0; 16]), "::");
        let groups = |groups: [u16; 8]| {
            let bytes: Vec<u8> = groups.iter().flat_map(|group| group.to_be_bytes()).collect();
            shown(3, 128, &bytes)
        };
        assert_eq!(groups([0, 0, 0, 0, 0, 0, 0, 1]), "::1");
        assert_eq!(groups([1, 0, 0, 0, 0, 0, 0, 0]), "1::");
        assert_eq!(groups([0x2001, 0xdb8, 0, 0, 1, 0, 0, 1]), "2001:db8::1:0:0:1");
        assert_eq!(groups([0, 1, 0, 1, 0, 1, 0, 1]), "0:1:0:1:0:1:0:1");
    }

    proptest! {
        #[test]
        fn every_address_is_read_back(four in any::<[u8; 4]>(), six in prop::array::uniform8(prop_oneof![Just(0u16), any::<u16>()])) {
            prop_assert_eq!(shown(2, 32, &four).parse::<Ipv4Addr>().unwrap().octets(), four);
            let bytes: Vec<u8> = six.iter().flat_map(|group| group.to_be_bytes()).collect();
            prop_assert_eq!(shown(3, 128, &bytes).parse::<Ipv6Addr>().unwrap().segments(), six);
        }
    }
}
