// SPDX-License-Identifier: Apache-2.0

//! How fast rows become batches, without a server and without a host. Not part of the usual run:
//!
//! ```text
//! cargo test --release -p source-postgres -- --ignored --nocapture decode_speed
//! ```

use std::time::Instant;

use rapidbyte_sdk::abi::{set_host, Host, StandInHost};
use rapidbyte_sdk::Limits;

use crate::batch::BatchWriter;
use crate::column_type::ColumnType;
use crate::read::{copy_unit, Clock};
use crate::testing::{connected, copy_of, plan_of};

const ROWS: usize = 1_000_000;

/// A row of an events table: about 98 bytes in the server's own count.
fn row(number: usize) -> Vec<u8> {
    let fields: [Vec<u8>; 7] = [
        (number as i64).to_be_bytes().to_vec(),
        (number as i32 % 10_000).to_be_bytes().to_vec(),
        [&b"click"[..], b"view", b"purchase", b"signup"][number % 4].to_vec(),
        // Two digits of base 10,000, the first of which counts ones, and two decimals to show.
        [2, 0, 0, 2, (number % 10_000) as u16, 2500]
            .iter()
            .flat_map(|word: &u16| word.to_be_bytes())
            .collect(),
        vec![(number % 2) as u8],
        format!("{:036x}", number * 0x9e37_79b9).into_bytes(),
        (770_000_000_000_000i64 + number as i64).to_be_bytes().to_vec(),
    ];
    let mut row = vec![0, 7];
    for field in fields {
        row.extend((field.len() as u32).to_be_bytes());
        row.extend(field);
    }
    row
}

#[test]
#[ignore = "measures, and shows nothing by passing"]
fn decode_speed() {
    let plan = plan_of(&[
        ColumnType::Int8,
        ColumnType::Int4,
        ColumnType::Text,
        ColumnType::Decimal {
            precision: 10,
            scale: 2,
        },
        ColumnType::Bool,
        ColumnType::Text,
        ColumnType::Timestamp,
    ]);
    let answer = copy_of((0..ROWS).map(row));
    let limits = Limits {
        max_batch_bytes: 1 << 20,
        ..Limits::default()
    };
    for _ in 0..5 {
        let mut host = StandInHost::default();
        host.claim(0);
        let recording = host.recording();
        set_host(host);
        let size = answer.len();
        let mut connection = connected(answer.clone(), "UTF8");
        let mut writer = BatchWriter::new(&plan, "bench_events", true, &limits).unwrap();
        let mut clock = Clock::default();
        let start = Instant::now();
        copy_unit(&mut connection, &plan, 0, &mut writer, &mut clock).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(writer.totals.rows as usize, ROWS);
        drop(recording);
        println!(
            "{:.0} rows/s, {:.0} MB/s of wire; {:.1} ms, of which {:.1} fetch, {:.1} encode, {:.1} emit",
            ROWS as f64 / seconds,
            size as f64 / seconds / 1e6,
            seconds * 1e3,
            clock.fetch_nanos as f64 / 1e6,
            writer.totals.encode_nanos as f64 / 1e6,
            writer.totals.emit_nanos as f64 / 1e6,
        );
    }
}
