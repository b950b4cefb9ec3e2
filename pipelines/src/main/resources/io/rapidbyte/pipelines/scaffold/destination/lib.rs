//! A destination that counts rows and logs the first of each batch. It stands for whatever you want to write to: replace [`Lines::take`] and,
//! where something has to be committed, fill in what `write` does at a checkpoint and at the end.

use rapidbyte_sdk::abi::{BatchInput, Input};
use rapidbyte_sdk::arrow::{Batch, Column, DataType, FrameReader};
use rapidbyte_sdk::*;
use serde::Deserialize;

/// The members of `config` in the pipeline file. manifest.json says the same to those who write one.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    show_rows: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config { show_rows: 3 }
    }
}

struct Lines {
    config: Config,
    input: BatchInput,
    reader: FrameReader,
}

impl Lines {
    /// Takes a batch in.
    fn take(config: &Config, stream: &str, batch: &Batch<'_>) {
        for row in 0..batch.rows().min(config.show_rows) {
            let cells: Vec<String> = batch.columns().iter().map(|column| cell(column, row)).collect();
            info!("{}: {}", stream, cells.join(" | "));
        }
    }
}

/// A value as text. [`Column`] has a method for each kind of type.
fn cell(column: &Column<'_>, row: usize) -> String {
    if !column.is_valid(row) {
        return "null".to_string();
    }
    match column.data_type() {
        DataType::Int64 => column.i64(row).to_string(),
        DataType::Int32 => column.i32(row).to_string(),
        DataType::Float64 => column.f64(row).to_string(),
        DataType::Bool => column.bool(row).to_string(),
        // What a batch holds is not to be trusted: it may be no UTF-8.
        DataType::Utf8 => String::from_utf8_lossy(column.bytes(row)).into_owned(),
        other => format!("({})", other),
    }
}

fn target(request: &TargetRequest) -> TargetResponse {
    TargetResponse {
        target: format!("log of {}", request.stream.name),
    }
}

/// What came since `reported`, which becomes `total`.
fn news(total: WriteResponse, reported: &mut WriteResponse) -> WriteResponse {
    let news = WriteResponse {
        rows: total.rows - reported.rows,
        bytes: total.bytes - reported.bytes,
        batches: total.batches - reported.batches,
        refused: total.refused - reported.refused,
    };
    *reported = total;
    news
}

impl Destination for Lines {
    fn open(request: OpenRequest) -> Result<Self> {
        Ok(Lines {
            config: request.config()?,
            input: BatchInput::new(),
            reader: FrameReader::new(),
        })
    }

    fn check(&mut self, _: CheckRequest) -> Result<CheckResponse> {
        // One entry for each prerequisite; a failed one says in its hint what to do.
        let message = format!("{} rows of each batch are logged", self.config.show_rows);
        Ok(CheckResponse {
            checks: vec![CheckEntry::passed("log", message)],
        })
    }

    fn apply(&mut self, request: ApplyRequest) -> Result<TargetResponse> {
        Ok(target(&request))
    }

    fn write(&mut self, request: WriteRequest) -> Result<WriteResponse> {
        let stream = &request.target.stream.name;
        let mut total = WriteResponse::default();
        let mut reported = WriteResponse::default();
        loop {
            match self.input.next()? {
                Input::Batch(_, frame) => {
                    let batch = self.reader.parse(frame)?;
                    Lines::take(&self.config, stream, &batch);
                    total.rows += batch.rows() as u64;
                    total.bytes += frame.len() as u64;
                    total.batches += 1;
                }
                // Commit what was received, then say so.
                Input::Checkpoint => abi::checkpoint(&news(total, &mut reported))?,
                // Commit the rest: what this returns is there for good.
                Input::End => return Ok(total),
            }
        }
    }

    fn finalize(&mut self, request: FinalizeRequest) -> Result<TargetResponse> {
        info!("{} is complete", request.target.stream.name);
        Ok(target(&request.target))
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }

    fn teardown(&mut self, _: TeardownRequest) -> Result<()> {
        Ok(())
    }
}

rapidbyte_sdk::destination!(Lines, manifest = "../manifest.json");

#[cfg(test)]
mod tests {
    use super::*;
    use rapidbyte_sdk::abi::{BatchHeader, StandInHost};
    use rapidbyte_sdk::arrow::{ColumnBuilder, Field, RecordBatchBuilder, Schema};
    use serde_json::json;

    fn schema() -> Schema {
        Schema::new(vec![Field::new("id", DataType::Int64, true)])
    }

    /// A batch of a number and a null.
    fn frame() -> Vec<u8> {
        let mut batch = RecordBatchBuilder::new(schema());
        if let ColumnBuilder::Fixed(ids) = &mut batch.columns[0] {
            ids.push_i64(7);
            ids.push_null();
        }
        batch.end_rows(2);
        let mut frame = Vec::new();
        batch.finish_into(&mut frame).unwrap();
        frame
    }

    fn header(sequence: u32, frame: &[u8]) -> BatchHeader {
        BatchHeader {
            unit: 0,
            sequence,
            rows: 2,
            frame_size: frame.len() as u64,
            checksum: 0,
        }
    }

    fn request() -> WriteRequest {
        WriteRequest {
            target: TargetRequest {
                run_id: "test".to_string(),
                stream: Stream {
                    name: "orders".to_string(),
                    ..Stream::default()
                },
                schema: schema(),
                write_mode: WriteMode::Append,
                primary_key: vec![],
                on_data_error: DataErrorPolicy::Fail,
                schema_evolution: SchemaEvolution::default(),
            },
            options: Default::default(),
        }
    }

    fn destination(config: serde_json::Value) -> Result<Lines> {
        Lines::open(serde_json::from_value(json!({"abi": 1, "run_id": "test", "config": config})).unwrap())
    }

    #[test]
    fn rows_are_counted_and_the_first_are_logged() {
        let frame = frame();
        let host = StandInHost::default()
            .with_batch(header(0, &frame), &frame)
            .with_checkpoint()
            .with_batch(header(1, &frame), &frame);
        let recording = host.recording();
        abi::set_host(host);
        let written = destination(json!({"show_rows": 1})).unwrap().write(request()).unwrap();
        assert_eq!((written.rows, written.batches, written.refused), (4, 2, 0));
        let seen = recording.borrow();
        assert_eq!(seen.checkpoints[0]["rows"], 2);
        assert_eq!(seen.log[0].1, "orders: 7");
        assert_eq!(seen.log.len(), 2);
    }

    #[test]
    fn a_wrong_configuration_is_refused() {
        assert!(destination(json!({"show_rows": -1})).is_err());
        assert!(destination(json!({"show": 1})).is_err());
    }
}
