//! A source with one stream, `numbers`: the numbers from 0 on, each with a text. It stands for whatever you want to read: replace
//! [`Numbers::push_row`] and what leads to it.

use rapidbyte_sdk::arrow::{metadata, ColumnBuilder, DataType, Field, RecordBatchBuilder, Schema};
use rapidbyte_sdk::*;
use serde::{Deserialize, Serialize};

const STREAM: &str = "numbers";

/// At least what a row takes in a batch.
const ROW_BYTES: u64 = 48;

/// The members of `config` in the pipeline file. manifest.json says the same to those who write one.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    rows: i64,
    rows_per_unit: i64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            rows: 10_000,
            rows_per_unit: 1_000,
        }
    }
}

/// What `plan` leaves for `read`, which another worker may call.
#[derive(Clone, Serialize, Deserialize)]
struct Plan {
    rows: i64,
    rows_per_unit: i64,
}

impl Plan {
    /// Unit `n` is the same rows in every read: whoever reads it again has to yield the same batches.
    fn rows_of(&self, unit: i64) -> std::ops::Range<i64> {
        unit * self.rows_per_unit..((unit + 1) * self.rows_per_unit).min(self.rows)
    }

    fn units(&self) -> i64 {
        // An empty stream has one unit, too, whose batch brings the schema.
        ((self.rows + self.rows_per_unit - 1) / self.rows_per_unit).max(1)
    }

    fn schema(&self) -> Schema {
        Schema::new(vec![
            Field::new("number", DataType::Int64, false).with_metadata(metadata::NATIVE_TYPE, "bigint"),
            Field::new("text", DataType::Utf8, true).with_metadata(metadata::NATIVE_TYPE, "text"),
        ])
        .with_metadata(metadata::STREAM, STREAM)
        .with_metadata(metadata::NAMESPACE, "made_up")
        .with_metadata(metadata::TABLE, STREAM)
        .with_metadata(metadata::PRIMARY_KEY, r#"["number"]"#)
        // Tells a destination that other numbers of units are another plan.
        .with_metadata(metadata::PLAN, format!("{} by {}", self.rows, self.rows_per_unit))
    }
}

struct Numbers {
    config: Config,
    rows_per_batch: u64,
}

impl Numbers {
    fn plan_of(&self, stream: &Stream) -> Result<Plan> {
        if stream.name != STREAM {
            let message = format!("there is no stream '{}'; the only one is '{}'", stream.name, STREAM);
            return Err(Error::schema("unknown_stream", message));
        }
        if stream.columns.is_some() {
            let message = format!("stream '{}': this source reads all columns", stream.name);
            return Err(Error::config("not_supported", message).hint("leave the stream's 'columns' out"));
        }
        Ok(Plan {
            rows: self
                .config
                .rows
                .min(stream.max_records.map_or(i64::MAX, |most| most as i64)),
            rows_per_unit: self.config.rows_per_unit,
        })
    }

    /// Emits the batches of a unit that was claimed: at least one for unit 0, of no row if there is none.
    fn read_unit(&self, plan: &Plan, unit: i64, batch: &mut RecordBatchBuilder, done: &mut ReadResponse) -> Result<()> {
        let mut frame = Vec::new();
        for number in plan.rows_of(unit) {
            if batch.rows() as u64 == self.rows_per_batch {
                emit(batch, &mut frame, done)?;
            }
            push_row(batch, number);
        }
        if batch.rows() > 0 || unit == 0 {
            emit(batch, &mut frame, done)?;
        }
        done.units += 1;
        Ok(())
    }
}

fn push_row(batch: &mut RecordBatchBuilder, number: i64) {
    if let [ColumnBuilder::Fixed(numbers), ColumnBuilder::Var(texts)] = &mut batch.columns[..] {
        numbers.push_i64(number);
        texts.push_str(&format!("number {}", number));
    }
    batch.end_row();
}

fn emit(batch: &mut RecordBatchBuilder, frame: &mut Vec<u8>, done: &mut ReadResponse) -> Result<()> {
    batch.finish_into(frame)?;
    abi::emit_batch(frame)?;
    done.rows += batch.rows() as u64;
    done.batches += 1;
    batch.reset(); // Keeps the memory.
    Ok(())
}

impl Source for Numbers {
    fn open(request: OpenRequest) -> Result<Self> {
        let config: Config = request.config()?;
        if config.rows < 0 || config.rows_per_unit < 1 {
            let message = "'rows' has to be 0 or more, and 'rows_per_unit' 1 or more";
            return Err(Error::config("bad_config", message).hint("correct the source's 'config'"));
        }
        let limits = request.limits;
        Ok(Numbers {
            config,
            rows_per_batch: limits.max_batch_rows.min(limits.max_batch_bytes / ROW_BYTES).max(1),
        })
    }

    fn check(&mut self, _: CheckRequest) -> Result<CheckResponse> {
        // One entry for each prerequisite; a failed one says in its hint what to do.
        let message = format!("there are {} numbers", self.config.rows);
        Ok(CheckResponse {
            checks: vec![CheckEntry::passed("numbers", message)],
        })
    }

    fn discover(&mut self, request: DiscoverRequest) -> Result<DiscoverResponse> {
        let wanted = request
            .include
            .map_or(true, |names| names.iter().any(|name| name == STREAM));
        let plan = self.plan_of(&Stream {
            name: STREAM.to_string(),
            ..Stream::default()
        })?;
        let fields = plan.schema().fields.into_iter().map(|field| DiscoveredField {
            data_type: field.type_text(),
            native_type: field.metadata(metadata::NATIVE_TYPE).unwrap_or_default().to_string(),
            nullable: field.nullable,
            primary_key: field.name == "number",
            generated: false,
            name: field.name,
        });
        let stream = DiscoveredStream {
            name: STREAM.to_string(),
            namespace: "made_up".to_string(),
            table: STREAM.to_string(),
            kind: RelationKind::Table,
            fields: fields.collect(),
            primary_key: vec!["number".to_string()],
            estimated_rows: self.config.rows,
            estimated_bytes: self.config.rows * ROW_BYTES as i64,
            suggested_cursor: None,
        };
        Ok(DiscoverResponse {
            streams: if wanted { vec![stream] } else { vec![] },
        })
    }

    fn plan(&mut self, request: PlanRequest) -> Result<PlanResponse> {
        let plan = self.plan_of(&request.stream)?;
        Ok(PlanResponse {
            stream: Stream {
                namespace: Some("made_up".to_string()),
                table: Some(STREAM.to_string()),
                ..request.stream
            },
            schema: plan.schema(),
            units: plan.units() as u64,
            unit_kind: "number_ranges".to_string(),
            estimated_rows: plan.rows,
            estimated_bytes: plan.rows * ROW_BYTES as i64,
            plan: serde_json::json!(plan),
            position: None,
        })
    }

    fn read(&mut self, request: ReadRequest) -> Result<ReadResponse> {
        let plan: Plan = request.plan()?;
        let mut batch = RecordBatchBuilder::new(plan.schema());
        let mut done = ReadResponse::default();
        for unit in request.from..request.to {
            if !abi::claim(unit)? {
                break; // Someone else reads the rest.
            }
            self.read_unit(&plan, unit, &mut batch, &mut done)?;
        }
        Ok(done)
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }

    fn teardown(&mut self, _: TeardownRequest) -> Result<()> {
        Ok(())
    }
}

rapidbyte_sdk::source!(Numbers, manifest = "../manifest.json");

#[cfg(test)]
mod tests {
    use super::*;
    use rapidbyte_sdk::abi::StandInHost;
    use rapidbyte_sdk::arrow::FrameReader;
    use serde_json::{json, Value};

    fn source(config: Value) -> Result<Numbers> {
        Numbers::open(serde_json::from_value(json!({"abi": 1, "run_id": "test", "config": config})).unwrap())
    }

    fn plan(source: &mut Numbers, stream: Value) -> Result<PlanResponse> {
        source.plan(serde_json::from_value(json!({ "stream": stream })).unwrap())
    }

    /// The numbers that a read of these units emits, batch by batch.
    fn read(source: &mut Numbers, from: i64, to: i64) -> Vec<Vec<i64>> {
        let host = StandInHost::default();
        let recording = host.recording();
        abi::set_host(host);
        let planned = plan(source, json!({"name": "numbers"})).unwrap();
        let request = json!({"stream": planned.stream, "plan": planned.plan, "from": from, "to": to});
        source.read(serde_json::from_value(request).unwrap()).unwrap();
        let seen = recording.borrow();
        seen.emitted.iter().map(|(_, frame)| numbers_in(frame)).collect()
    }

    fn numbers_in(frame: &[u8]) -> Vec<i64> {
        let mut reader = FrameReader::new();
        let batch = reader.parse(frame).unwrap();
        (0..batch.rows()).map(|row| batch.columns()[0].i64(row)).collect()
    }

    #[test]
    fn every_number_is_read_once_however_the_units_are_split() {
        let mut source = source(json!({"rows": 25, "rows_per_unit": 10})).unwrap();
        assert_eq!(plan(&mut source, json!({"name": "numbers"})).unwrap().units, 3);
        let whole: Vec<i64> = (0..25).collect();
        assert_eq!(read(&mut source, 0, 3).concat(), whole);
        let parts = [read(&mut source, 0, 2).concat(), read(&mut source, 2, 3).concat()];
        assert_eq!(parts.concat(), whole);
    }

    #[test]
    fn an_empty_stream_has_a_batch_that_brings_the_schema() {
        let mut source = source(json!({"rows": 0})).unwrap();
        assert_eq!(read(&mut source, 0, 1), vec![Vec::<i64>::new()]);
    }

    #[test]
    fn a_wrong_configuration_and_an_unknown_stream_are_refused() {
        assert!(source(json!({"rows": -1})).is_err());
        assert!(source(json!({"rosw": 1})).is_err());
        let mut source = source(json!({})).unwrap();
        let error = plan(&mut source, json!({"name": "letters"})).unwrap_err();
        assert_eq!(
            error.message(),
            "there is no stream 'letters'; the only one is 'numbers'"
        );
    }
}
