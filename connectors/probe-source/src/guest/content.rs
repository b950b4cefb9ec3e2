// SPDX-License-Identifier: Apache-2.0

//! The rows: `id` counts from 0 over the whole stream, `unit` is the unit of the row, `text` is `row-<id>` and as many `x` as `payload_bytes`
//! says, `value` is half of `id`. So anyone can tell from the configuration what must arrive.

use super::config::Config;
use super::endless;
use super::observed::Observation;
use rapidbyte_sdk::arrow::{metadata, ColumnBuilder, DataType, Field, RecordBatchBuilder, Schema};
use rapidbyte_sdk::{abi, DiscoveredField, DiscoveredStream, ReadRequest, RelationKind, Result};
use std::io::Write;

const FIELDS: [(&str, DataType, &str); 4] = [
    ("id", DataType::Int64, "bigint"),
    ("unit", DataType::Int64, "bigint"),
    ("text", DataType::Utf8, "text"),
    ("value", DataType::Float64, "double precision"),
];

pub fn schema(stream: &str) -> Schema {
    let fields = FIELDS.iter().map(|(name, data_type, native_type)| {
        Field::new(*name, *data_type, *name != "id").with_metadata(metadata::NATIVE_TYPE, *native_type)
    });
    Schema::new(fields.collect())
        .with_metadata(metadata::STREAM, stream)
        .with_metadata(metadata::NAMESPACE, "probe")
        .with_metadata(metadata::TABLE, stream)
        .with_metadata(metadata::PRIMARY_KEY, r#"["id"]"#)
}

pub fn discovered(config: &Config) -> DiscoveredStream {
    let fields = FIELDS.iter().map(|(name, data_type, native_type)| DiscoveredField {
        name: name.to_string(),
        data_type: data_type.to_string(),
        native_type: native_type.to_string(),
        nullable: *name != "id",
        primary_key: *name == "id",
        generated: false,
    });
    DiscoveredStream {
        name: "made_up".to_string(),
        namespace: "probe".to_string(),
        table: "made_up".to_string(),
        kind: RelationKind::Table,
        fields: fields.collect(),
        primary_key: vec!["id".to_string()],
        estimated_rows: rows_of(config),
        estimated_bytes: bytes_of(config),
        suggested_cursor: Some("id".to_string()),
    }
}

pub fn rows_of(config: &Config) -> i64 {
    (config.units * config.batches_per_unit * config.rows_per_batch) as i64
}

pub fn bytes_of(config: &Config) -> i64 {
    rows_of(config) * (40 + config.payload_bytes as i64)
}

/// Reads as a well-behaved source does.
pub fn read(config: &Config, request: &ReadRequest) -> Result<Observation> {
    let mut reader = Reader::new(config, &request.stream.name);
    let mut observation = Observation::default();
    for unit in request.from..request.to {
        if !abi::claim(unit)? {
            break;
        }
        reader.emit_unit(unit, &mut observation)?;
    }
    Ok(observation)
}

/// Emits units.
pub struct Reader<'a> {
    config: &'a Config,
    batch: RecordBatchBuilder,
    frame: Vec<u8>,
    payload: String,
}

impl<'a> Reader<'a> {
    pub fn new(config: &'a Config, stream: &str) -> Reader<'a> {
        let batch = RecordBatchBuilder::new(schema(stream));
        Reader {
            config,
            batch,
            frame: Vec::new(),
            payload: "x".repeat(config.payload_bytes),
        }
    }

    /// Emits the batches of a unit that was claimed, and at least the empty one that unit 0 owes.
    pub fn emit_unit(&mut self, unit: i64, observation: &mut Observation) -> Result<()> {
        for number in 0..self.config.batches_per_unit as i64 {
            self.fill(unit, number);
            self.emit(observation)?;
        }
        if unit == 0 && self.config.batches_per_unit == 0 {
            self.emit(observation)?;
        }
        observation.units += 1;
        Ok(())
    }

    fn emit(&mut self, observation: &mut Observation) -> Result<()> {
        spin(self.config.spin_micros_per_batch);
        self.batch.finish_into(&mut self.frame)?;
        abi::emit_batch(&self.frame)?;
        observation.batches += 1;
        observation.rows += self.batch.rows() as u64;
        self.batch.reset();
        Ok(())
    }

    /// The frame of a unit's first batch, which is not emitted.
    pub fn first_frame(&mut self, unit: i64) -> Result<Vec<u8>> {
        self.fill(unit, 0);
        self.batch.finish_into(&mut self.frame)?;
        self.batch.reset();
        Ok(self.frame.clone())
    }

    #[inline(never)]
    fn fill(&mut self, unit: i64, number: i64) {
        let rows = self.config.rows_per_batch as i64;
        let first = (unit * self.config.batches_per_unit as i64 + number) * rows;
        for id in first..first + rows {
            self.push_row(id, unit);
        }
    }

    fn push_row(&mut self, id: i64, unit: i64) {
        if let [ColumnBuilder::Fixed(ids), ColumnBuilder::Fixed(units), ColumnBuilder::Var(texts), ColumnBuilder::Fixed(values)] =
            &mut self.batch.columns[..]
        {
            let payload = &self.payload;
            ids.push_i64(id);
            units.push_i64(unit);
            texts.push_with(|text| {
                // Writing to a vector does not fail.
                let _ = write!(text, "row-{}{}", id, payload);
            });
            values.push_f64(id as f64 / 2.0);
        }
        self.batch.end_row();
    }
}

/// Computes for this long, as a connector that is slow would.
pub fn spin(microseconds: i64) {
    let end = abi::monotonic_nanos() + microseconds * 1000;
    while microseconds > 0 && abi::monotonic_nanos() < end {
        endless::compute_for(1000);
    }
}
