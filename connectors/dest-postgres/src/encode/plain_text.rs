// SPDX-License-Identifier: Apache-2.0

//! Arrow values as the text that the server reads as a value of another type.

use rapidbyte_sdk::arrow::{Column, DataType, Field};

use super::json_value;

/// How a value is written as text.
#[derive(Clone, Debug, PartialEq)]
pub struct TextForm {
    pub field: Field,
    /// Whether lists are written as JSON, not as arrays.
    pub as_json: bool,
    /// Whether `5.00` is written as `5`, which is how types of whole numbers read it.
    pub is_whole: bool,
}

impl TextForm {
    /// Appends the text of a row's value, which is there.
    #[inline(never)]
    pub fn write(&self, column: &Column<'_>, row: usize, out: &mut Vec<u8>) {
        let start = out.len();
        match self.field.data_type {
            DataType::List if !self.as_json => write_array(&self.field, column, row, out),
            _ => write_value(&self.field, column, row, out),
        }
        if self.is_whole {
            trim_zeros(start, out);
        }
    }
}

/// `{"1","2",NULL}`, lists in it without quotes.
#[inline(never)]
fn write_array(field: &Field, column: &Column<'_>, row: usize, out: &mut Vec<u8>) {
    let (item, items) = (&field.children[0], &column.children()[0]);
    out.push(b'{');
    for (position, element) in column.list(row).enumerate() {
        if position > 0 {
            out.push(b',');
        }
        if !items.is_valid(element) {
            out.extend_from_slice(b"NULL");
        } else if item.data_type == DataType::List {
            write_array(item, items, element, out);
        } else {
            let mut text = Vec::new();
            write_value(item, items, element, &mut text);
            write_quoted(&text, out);
        }
    }
    out.push(b'}');
}

fn write_quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

#[inline(never)]
fn write_value(field: &Field, column: &Column<'_>, row: usize, out: &mut Vec<u8>) {
    if field.data_type == DataType::Utf8 {
        out.extend_from_slice(column.bytes(row));
        return;
    }
    let start = out.len();
    json_value::write(field, column, row, out);
    // JSON has what it has no literal for in quotes. Of what is in them, only bytes begin with a backslash, and it is their only one.
    if out.get(start) == Some(&b'"') {
        out.pop();
        let prefix = if out.get(start + 1) == Some(&b'\\') { 2 } else { 1 };
        out.drain(start..start + prefix);
    }
}

/// Takes a point and the zeros behind it from the end.
fn trim_zeros(start: usize, out: &mut Vec<u8>) {
    let text = &out[start..];
    if let Some(point) = text.iter().position(|byte| *byte == b'.') {
        if text[point + 1..].iter().all(|byte| *byte == b'0') {
            out.truncate(start + point);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapidbyte_sdk::arrow::{ColumnBuilder, FrameReader, RecordBatchBuilder, Schema};

    fn text(data_type: DataType, is_whole: bool, bytes: &[u8]) -> String {
        let field = Field::new("c", data_type, true);
        let mut batch = RecordBatchBuilder::new(Schema::new(vec![field.clone()]));
        match &mut batch.columns[0] {
            ColumnBuilder::Fixed(column) => column.push_slice(bytes),
            ColumnBuilder::Var(column) => column.push(bytes),
            ColumnBuilder::Bool(column) => column.push(true),
            _ => panic!("no scalar"),
        }
        batch.end_row();
        let mut frame = Vec::new();
        batch.finish_into(&mut frame).unwrap();
        let mut reader = FrameReader::new();
        let batch = reader.parse(&frame).unwrap();
        let form = TextForm {
            field,
            as_json: false,
            is_whole,
        };
        let mut out = b"before ".to_vec();
        form.write(&batch.columns()[0], 0, &mut out);
        String::from_utf8(out).unwrap().replacen("before ", "", 1)
    }

    #[test]
    fn values_are_written_as_postgres_reads_them() {
        assert_eq!(text(DataType::Int32, false, &(-7i32).to_le_bytes()), "-7");
        assert_eq!(text(DataType::Bool, false, &[]), "true");
        assert_eq!(text(DataType::Float64, false, &f64::INFINITY.to_le_bytes()), "Infinity");
        assert_eq!(text(DataType::Binary, false, &[0, 255]), "\\x00ff");
        assert_eq!(text(DataType::Binary, false, &[]), "\\x");
        assert_eq!(text(DataType::Date32, false, &0i32.to_le_bytes()), "1970-01-01");
        assert_eq!(text(DataType::Utf8, false, b"\"\\x"), "\"\\x");
    }

    #[test]
    fn whole_numbers_lose_their_point() {
        let decimal = |value: i128, is_whole| text(DataType::Decimal128(9, 2), is_whole, &value.to_le_bytes());
        assert_eq!(decimal(500, true), "5");
        assert_eq!(decimal(510, true), "5.10");
        assert_eq!(decimal(500, false), "5.00");
        assert_eq!(text(DataType::Utf8, true, b"10.000"), "10");
        assert_eq!(text(DataType::Utf8, true, b"v1.x0"), "v1.x0");
    }
}
