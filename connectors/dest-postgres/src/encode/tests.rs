// SPDX-License-Identifier: Apache-2.0

//! Every form of cell, with the values at its edges, read back by another implementation of the formats.

use super::*;
use postgres_protocol::types;
use proptest::prelude::*;
use rapidbyte_sdk::postgres::COPY_DATA_PREFIX;

/// A column's buffers, made from cells of which some are null.
struct Buffers {
    validity: Vec<u8>,
    offsets: Vec<u8>,
    values: Vec<u8>,
    rows: usize,
}

impl Buffers {
    fn new() -> Buffers {
        Buffers {
            validity: Vec::new(),
            offsets: vec![0; 4],
            values: Vec::new(),
            rows: 0,
        }
    }

    fn fixed<const WIDTH: usize>(cells: &[Option<[u8; WIDTH]>]) -> Buffers {
        let mut buffers = Buffers::new();
        for cell in cells {
            buffers.push_validity(cell.is_some());
            // What lies under a null means nothing.
            buffers.values.extend_from_slice(&cell.unwrap_or([0xA5; WIDTH]));
        }
        buffers
    }

    fn variable<T: AsRef<[u8]>>(cells: &[Option<T>]) -> Buffers {
        let mut buffers = Buffers::new();
        for cell in cells {
            buffers.push_validity(cell.is_some());
            buffers
                .values
                .extend_from_slice(cell.as_ref().map_or(&[][..], AsRef::as_ref));
            let end = buffers.values.len() as u32;
            buffers.offsets.extend_from_slice(&end.to_le_bytes());
        }
        buffers
    }

    fn bits(cells: &[Option<bool>]) -> Buffers {
        let mut buffers = Buffers::new();
        for (row, cell) in cells.iter().enumerate() {
            buffers.push_validity(cell.is_some());
            if row % 8 == 0 {
                buffers.values.push(0);
            }
            buffers.values[row / 8] |= u8::from(cell.unwrap_or(true)) << (row % 8);
        }
        buffers
    }

    fn push_validity(&mut self, valid: bool) {
        if self.rows % 8 == 0 {
            self.validity.push(0);
        }
        self.validity[self.rows / 8] |= u8::from(valid) << (self.rows % 8);
        self.rows += 1;
    }

    fn column(&self, form: Form) -> Column<'_> {
        let has_nulls = (0..self.rows).any(|row| !is_set(&self.validity, row));
        Column {
            name: "c",
            form,
            validity: has_nulls.then(|| &self.validity[..]),
            offsets: &self.offsets,
            values: &self.values,
            made: None,
        }
    }
}

type Row = Vec<Option<Vec<u8>>>;

fn encode(columns: &[Column<'_>], rows: usize) -> std::result::Result<Vec<u8>, EncodeError> {
    let (mut encoder, mut buffer) = (Encoder::default(), RowBuffer::default());
    let mut row = 0;
    while row < rows {
        let count = encoder.append(columns, row, rows, &mut buffer)?;
        assert!(count > 0);
        row += count;
    }
    assert_eq!(row, rows);
    Ok(buffer.message()[COPY_DATA_PREFIX..].to_vec())
}

/// Reads rows as the server does.
fn decode(mut bytes: &[u8]) -> Vec<Row> {
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        let count = u16::from_be_bytes(take(&mut bytes));
        let cells = (0..count).map(|_| match i32::from_be_bytes(take(&mut bytes)) {
            -1 => None,
            length => {
                let (value, rest) = bytes.split_at(length as usize);
                bytes = rest;
                Some(value.to_vec())
            }
        });
        rows.push(cells.collect());
    }
    rows
}

fn take<const COUNT: usize>(bytes: &mut &[u8]) -> [u8; COUNT] {
    let (taken, rest) = bytes.split_at(COUNT);
    *bytes = rest;
    taken.try_into().unwrap()
}

/// Encodes one column, once with nulls between the values and once without, and reads it back.
fn round_trip<V: Clone, R: PartialEq + std::fmt::Debug>(
    form: Form,
    values: &[V],
    buffers: impl Fn(&[Option<V>]) -> Buffers,
    read: impl Fn(&[u8]) -> R,
    expected: &[R],
) {
    let plain: Vec<Option<V>> = values.iter().cloned().map(Some).collect();
    let with_nulls: Vec<Option<V>> = values
        .iter()
        .cloned()
        .flat_map(|value| [None, Some(value), None])
        .collect();
    for (cells, with_nulls) in [(plain, false), (with_nulls, true)] {
        let column = buffers(&cells);
        let rows = decode(&encode(&[column.column(form)], cells.len()).unwrap());
        assert_eq!(rows.len(), cells.len());
        for (row, cell) in rows.iter().enumerate() {
            let index = if with_nulls { row / 3 } else { row };
            let expected = (!with_nulls || row % 3 == 1).then(|| &expected[index]);
            assert_eq!(
                cell[0].as_deref().map(&read).as_ref(),
                expected,
                "{:?}, row {}",
                form,
                row
            );
        }
    }
}

macro_rules! fixed_round_trip {
    ($form:expr, $values:expr, $read:expr, $expected:expr) => {
        round_trip(
            $form,
            &$values,
            |cells| {
                Buffers::fixed(
                    &cells
                        .iter()
                        .map(|cell| cell.map(|value| value.to_le_bytes()))
                        .collect::<Vec<_>>(),
                )
            },
            |bytes| $read(bytes).unwrap(),
            &$expected,
        )
    };
}

#[test]
fn booleans() {
    let values = [true, false, true, true, false, false, true, false, true, true];
    round_trip(
        Form::Boolean,
        &values,
        Buffers::bits,
        |bytes| types::bool_from_sql(bytes).unwrap(),
        &values,
    );
}

#[test]
fn integers() {
    let words = [0i16, 1, -1, i16::MIN, i16::MAX];
    fixed_round_trip!(Form::Word16, words, types::int2_from_sql, words);
    fixed_round_trip!(Form::Int16ToInt32, words, types::int4_from_sql, words.map(i32::from));
    fixed_round_trip!(Form::Int16ToInt64, words, types::int8_from_sql, words.map(i64::from));
    let doubles = [0i32, 1, -1, i32::MIN, i32::MAX, 0x01020304];
    fixed_round_trip!(Form::Word32, doubles, types::int4_from_sql, doubles);
    fixed_round_trip!(
        Form::Int32ToInt64,
        doubles,
        types::int8_from_sql,
        doubles.map(i64::from)
    );
    let quads = [0i64, 1, -1, i64::MIN, i64::MAX, 0x0102030405060708];
    fixed_round_trip!(Form::Word64, quads, types::int8_from_sql, quads);
}

#[test]
fn floating_point() {
    let singles = [
        0f32,
        -0.0,
        1.5,
        f32::MIN,
        f32::MAX,
        f32::MIN_POSITIVE,
        1e-45,
        f32::INFINITY,
        f32::NEG_INFINITY,
    ];
    let read = |bytes: &[u8]| types::float4_from_sql(bytes).map(f32::to_bits);
    fixed_round_trip!(Form::Word32, singles, read, singles.map(f32::to_bits));
    let read = |bytes: &[u8]| types::float8_from_sql(bytes).map(f64::to_bits);
    fixed_round_trip!(
        Form::Float32ToFloat64,
        singles,
        read,
        singles.map(|value| f64::from(value).to_bits())
    );
    let doubles = [
        0f64,
        -0.0,
        f64::NAN,
        f64::MIN,
        f64::MAX,
        5e-324,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    fixed_round_trip!(Form::Word64, doubles, read, doubles.map(f64::to_bits));
    fixed_round_trip!(
        Form::Word32,
        [f32::NAN],
        |bytes| types::float4_from_sql(bytes).map(f32::is_nan),
        [true]
    );
}

#[test]
fn dates() {
    // 1970-01-01, 2000-01-01, 0001-01-01, the first and the last that Postgres has, and beyond both.
    let days = [
        0,
        10_957,
        -719_162,
        10_957 - 2_451_545,
        10_957 + 2_145_031_948,
        i32::MAX,
        i32::MIN,
        i32::MIN + 1,
    ];
    let expected = [
        -10_957,
        0,
        -730_119,
        -2_451_545,
        2_145_031_948,
        i32::MAX,
        i32::MIN,
        i32::MIN + 1,
    ];
    fixed_round_trip!(Form::Date, days, types::date_from_sql, expected);
}

#[test]
fn instants() {
    const EPOCH: i64 = 946_684_800_000_000;
    let instants = [
        0,
        EPOCH,
        -EPOCH,
        EPOCH - 211_813_488_000_000_000,
        i64::MAX - 1,
        i64::MAX,
        i64::MIN,
        i64::MIN + 1,
    ];
    let expected = [
        -EPOCH,
        0,
        -2 * EPOCH,
        -211_813_488_000_000_000,
        i64::MAX - 1 - EPOCH,
        i64::MAX,
        i64::MIN,
        i64::MIN + 1,
    ];
    fixed_round_trip!(Form::Timestamp, instants, types::timestamp_from_sql, expected);
    let times = [0i64, 1, 86_399_999_999, 86_400_000_000];
    fixed_round_trip!(Form::Word64, times, types::time_from_sql, times);
}

#[test]
fn bytes_of_fixed_length() {
    let uuids = [[0u8; 16], [0xFF; 16], *b"0123456789abcdef"];
    round_trip(
        Form::Fixed(16),
        &uuids,
        Buffers::fixed,
        |bytes| types::uuid_from_sql(bytes).unwrap(),
        &uuids,
    );
    let odd = [*b"abc", [0; 3]];
    round_trip(
        Form::Fixed(3),
        &odd,
        Buffers::fixed,
        |bytes| bytes.to_vec(),
        &odd.map(|value| value.to_vec()),
    );
    round_trip(
        Form::Fixed(0),
        &[[0u8; 0]],
        Buffers::fixed,
        |bytes| bytes.to_vec(),
        &[Vec::new()],
    );
}

#[test]
fn bytes_of_any_length() {
    let long = "x".repeat(1 << 20);
    let texts = ["", "a", "it's \"quoted\"\t\n\\.", "größe 😀\u{200b}", &long, ""];
    let owned = texts.map(str::to_owned);
    round_trip(
        Form::Bytes,
        &texts,
        Buffers::variable,
        |bytes| types::text_from_sql(bytes).unwrap().to_owned(),
        &owned,
    );
    let versioned = |bytes: &[u8]| {
        assert_eq!(bytes[0], 1);
        types::text_from_sql(&bytes[1..]).unwrap().to_owned()
    };
    round_trip(Form::VersionedBytes, &texts, Buffers::variable, versioned, &owned);
    let binary = [&b"\0\xFF\0"[..], b""];
    round_trip(
        Form::Bytes,
        &binary,
        Buffers::variable,
        |bytes| bytes.to_vec(),
        &binary.map(<[u8]>::to_vec),
    );
}

/// The cell that the text of a number has, without its length.
fn numeric(text: &str) -> Vec<u8> {
    let mut cell = Vec::new();
    numeric::append_text(text.as_bytes(), &mut cell).unwrap();
    cell[4..].to_vec()
}

#[test]
fn numbers_of_every_origin_are_the_same() {
    let read = |bytes: &[u8]| -> std::result::Result<Vec<u8>, ()> { Ok(bytes.to_vec()) };
    fixed_round_trip!(Form::Int16ToNumeric, [i16::MIN, 0], read, ["-32768", "0"].map(numeric));
    fixed_round_trip!(
        Form::Int32ToNumeric,
        [i32::MIN, 10_000],
        read,
        ["-2147483648", "10000"].map(numeric)
    );
    fixed_round_trip!(
        Form::Int64ToNumeric,
        [i64::MIN, 1],
        read,
        ["-9223372036854775808", "1"].map(numeric)
    );
    let wide = [12_345i128, -1, 0, i128::from(i64::MIN), -(10i128.pow(38) - 1)];
    let texts = [
        "123.45",
        "-0.01",
        "0.00",
        "-92233720368547758.08",
        "-999999999999999999999999999999999999.99",
    ];
    fixed_round_trip!(Form::Decimal128(2), wide, read, texts.map(numeric));
    fixed_round_trip!(
        Form::Decimal128(-3),
        [5i128, -12],
        read,
        ["5000", "-12000"].map(numeric)
    );
    let mut widest = [0u8; 32];
    widest[16] = 1;
    let expected = ["34028236692093846346337460743176.8211456", "0.0000000"].map(numeric);
    round_trip(
        Form::Decimal256(7),
        &[widest, [0; 32]],
        Buffers::fixed,
        |bytes| bytes.to_vec(),
        &expected,
    );
    let texts = ["NaN", "1.50", "-Infinity", "0"];
    round_trip(
        Form::NumericText,
        &texts,
        Buffers::variable,
        |bytes| bytes.to_vec(),
        &texts.map(numeric),
    );
}

#[test]
fn what_is_not_a_number_is_named_with_its_row() {
    let column = Buffers::variable(&[Some("1"), None, Some("one")]);
    let error = encode(&[column.column(Form::NumericText)], 3).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column 'c': the value in row 2 of the batch is not a number"
    );
}

#[test]
fn a_row_that_is_too_large_is_refused_before_memory_is_taken_for_it() {
    // 1,100 columns that share one buffer of a megabyte.
    let column = Buffers::variable(&[Some("x".repeat(1 << 20))]);
    let columns = vec![column.column(Form::Bytes); 1100];
    assert_eq!(encode(&columns, 1).unwrap_err(), EncodeError::RowTooLarge { row: 0 });
    let columns = vec![column.column(Form::Bytes); 5000];
    assert_eq!(encode(&columns, 1).unwrap_err(), EncodeError::RowTooLarge { row: 0 });
}

#[test]
fn rows_of_many_chunks_and_sizes_come_in_order() {
    let texts: Vec<_> = (0..3000)
        .map(|row| Some("y".repeat(if row % 700 == 0 { 300_000 } else { row % 90 })))
        .collect();
    let numbers: Vec<_> = (0..3000i32).map(|row| Some(row.to_le_bytes())).collect();
    let amounts: Vec<_> = (0..3000i128).map(|row| Some((row * 31).to_le_bytes())).collect();
    let buffers = (
        Buffers::fixed(&numbers),
        Buffers::variable(&texts),
        Buffers::fixed(&amounts),
    );
    let columns = [
        buffers.0.column(Form::Word32),
        buffers.1.column(Form::Bytes),
        buffers.2.column(Form::Decimal128(1)),
    ];
    let rows = decode(&encode(&columns, 3000).unwrap());
    assert_eq!(rows.len(), 3000);
    for (row, cells) in rows.iter().enumerate() {
        assert_eq!(types::int4_from_sql(cells[0].as_ref().unwrap()).unwrap(), row as i32);
        assert_eq!(cells[1].as_ref().unwrap().len(), texts[row].as_ref().unwrap().len());
        assert_eq!(cells[2], Some(numeric(&format!("{}.{}", row * 31 / 10, row * 31 % 10))));
    }
}

proptest! {
    #[test]
    fn any_mixture_of_nulls_comes_back(
        cells in prop::collection::vec((any::<Option<i64>>(), any::<Option<Vec<u8>>>(), any::<Option<bool>>()), 1..70)
    ) {
        let numbers = Buffers::fixed(&cells.iter().map(|cell| cell.0.map(i64::to_le_bytes)).collect::<Vec<_>>());
        let bytes = Buffers::variable(&cells.iter().map(|cell| cell.1.clone()).collect::<Vec<_>>());
        let flags = Buffers::bits(&cells.iter().map(|cell| cell.2).collect::<Vec<_>>());
        let columns =
            [numbers.column(Form::Word64), bytes.column(Form::Bytes), flags.column(Form::Boolean), numbers.column(Form::Int64ToNumeric)];
        let rows = decode(&encode(&columns, cells.len()).unwrap());
        for (row, cell) in rows.iter().zip(&cells) {
            prop_assert_eq!(row[0].as_deref().map(|value| types::int8_from_sql(value).unwrap()), cell.0);
            prop_assert_eq!(&row[1], &cell.1);
            prop_assert_eq!(row[2].as_deref().map(|value| types::bool_from_sql(value).unwrap()), cell.2);
            prop_assert_eq!(&row[3], &cell.0.map(|value| numeric(&value.to_string())));
        }
    }
}

/// Prints how fast rows of about 98 bytes are encoded: `cargo test --release -p dest-postgres speed -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn speed_of_narrow_rows() {
    const ROWS: usize = 10_000;
    let ids: Vec<_> = (0..ROWS as i64).map(|row| Some(row.to_le_bytes())).collect();
    let users: Vec<_> = (0..ROWS as i32)
        .map(|row| Some((row * 7919 % 100_000).to_le_bytes()))
        .collect();
    let kinds: Vec<_> = (0..ROWS)
        .map(|row| Some(["click", "view", "purchase", "signup"][row % 4]))
        .collect();
    let amounts: Vec<_> = (0..ROWS as i128)
        .map(|row| Some((row * 31_337 % 1_000_000).to_le_bytes()))
        .collect();
    let flags: Vec<_> = (0..ROWS).map(|row| Some(row % 3 == 0)).collect();
    let payloads: Vec<_> = (0..ROWS).map(|row| Some(format!("payload-{:028}", row))).collect();
    let instants: Vec<_> = (0..ROWS as i64)
        .map(|row| Some((1_700_000_000_000_000 + row * 1_234_567).to_le_bytes()))
        .collect();
    let buffers = [
        (Buffers::fixed(&ids), Form::Word64),
        (Buffers::fixed(&users), Form::Word32),
        (Buffers::variable(&kinds), Form::Bytes),
        (Buffers::fixed(&amounts), Form::Decimal128(2)),
        (Buffers::bits(&flags), Form::Boolean),
        (Buffers::variable(&payloads), Form::Bytes),
        (Buffers::fixed(&instants), Form::Timestamp),
    ];
    let columns: Vec<_> = buffers.iter().map(|(buffers, form)| buffers.column(*form)).collect();
    let (mut encoder, mut buffer) = (Encoder::default(), RowBuffer::default());
    let mut best = f64::MAX;
    for _ in 0..200 {
        buffer.clear(usize::MAX / 2);
        let start = std::time::Instant::now();
        let mut row = 0;
        while row < ROWS {
            row += encoder.append(&columns, row, ROWS, &mut buffer).unwrap();
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    let bytes = buffer.len();
    println!(
        "{} bytes a row, {:.0} MB/s, {:.1} million rows/s",
        bytes / ROWS,
        bytes as f64 / best / 1e6,
        ROWS as f64 / best / 1e6
    );
}

#[test]
fn cells_of_some_columns_make_up_a_row() {
    let numbers = Buffers::fixed(&[Some(7i32.to_le_bytes()), Some(8i32.to_le_bytes())]);
    let texts = Buffers::variable(&[Some("first"), None]);
    let columns = [
        numbers.column(Form::Word32),
        texts.column(Form::Bytes),
        numbers.column(Form::Int32ToNumeric),
    ];
    for row in 0..2 {
        let (mut encoder, mut whole, mut parts) = (Encoder::default(), RowBuffer::default(), RowBuffer::default());
        assert_eq!(encoder.append(&columns, row, row + 1, &mut whole).unwrap(), 1);
        parts.extend_from_slice(&3u16.to_be_bytes());
        encoder.append_cells(&columns[..1], row, row + 1, &mut parts).unwrap();
        encoder.append_cells(&columns[1..], row, row + 1, &mut parts).unwrap();
        assert_eq!(parts.message(), whole.message(), "row {}", row);
    }
}
