// SPDX-License-Identifier: Apache-2.0

use crate::config::{Behaviour, Call, Config};
use crate::misbehaviour;
use crate::refusal::refuse;
use crate::tally::Tally;
use rapidbyte_sdk::abi::{self, BatchInput, Input};
use rapidbyte_sdk::arrow::FrameReader;
use rapidbyte_sdk::*;

pub struct Probe {
    config: Config,
    input: BatchInput,
    reader: FrameReader,
}

/// What to do after a batch.
enum Next {
    GoOn,
    Return,
}

impl Probe {
    /// Does what the configuration wants to happen at the beginning of this call, and counts the call.
    fn begin(&self, call: Call, metric: &str) -> Result<()> {
        abi::add_to_counter(metric, 1)?;
        if self.config.call != call {
            return Ok(());
        }
        match self.config.behaviour {
            Behaviour::Error => Err(misbehaviour::configured_error(&self.config)),
            Behaviour::Trap => misbehaviour::trap(),
            _ => Ok(()),
        }
    }

    fn pull(&mut self, target: &TargetRequest, tally: &mut Tally) -> Result<()> {
        loop {
            match self.input.next()? {
                Input::Batch(header, frame) => {
                    let batch = self.reader.parse(frame)?;
                    let refused = refuse(&self.config, target.on_data_error, &target.stream.name, &batch)?;
                    tally.add(&header, frame, &batch, refused)?;
                    if let Next::Return = after_batch(&self.config, tally.total.batches)? {
                        return Ok(());
                    }
                }
                Input::Checkpoint => self.checkpoint(tally)?,
                Input::End => return Ok(()),
            }
        }
    }

    fn checkpoint(&self, tally: &mut Tally) -> Result<()> {
        let mut committed = tally.report()?;
        if self.config.behaviour == Behaviour::MiscountCheckpoints {
            committed.rows += 1;
        }
        abi::checkpoint(&committed)
    }

    /// Asks again although there is nothing more, and returns what the host says to it.
    fn ask_after_the_end(&mut self) -> Result<()> {
        for _ in 0..3 {
            if !matches!(self.input.next()?, Input::End) {
                return Err(Error::internal("there was a batch after the end"));
            }
        }
        Ok(())
    }
}

fn after_batch(config: &Config, batches: u64) -> Result<Next> {
    misbehaviour::spin(match config.behaviour {
        Behaviour::Slow => config.spin_micros_per_batch.max(100_000),
        _ => config.spin_micros_per_batch,
    });
    if batches < config.after_batches {
        return Ok(Next::GoOn);
    }
    match config.behaviour {
        Behaviour::StopEarly => Ok(Next::Return),
        Behaviour::ErrorAfter => Err(misbehaviour::configured_error(config)),
        Behaviour::TrapAfter => misbehaviour::trap(),
        Behaviour::PanicAfter => panic!("the probe panics on request"),
        Behaviour::LoopAfter => misbehaviour::compute(),
        _ => Ok(Next::GoOn),
    }
}

impl Destination for Probe {
    fn open(request: OpenRequest) -> Result<Self> {
        let probe = Probe {
            config: request.config()?,
            input: BatchInput::new(),
            reader: FrameReader::new(),
        };
        probe.begin(Call::Open, "probe_open_calls")?;
        Ok(probe)
    }

    fn check(&mut self, _: CheckRequest) -> Result<CheckResponse> {
        self.begin(Call::Check, "probe_check_calls")?;
        Ok(CheckResponse {
            checks: vec![CheckEntry::passed("configuration", "the probe is ready")],
        })
    }

    fn apply(&mut self, request: ApplyRequest) -> Result<TargetResponse> {
        self.begin(Call::Apply, "probe_apply_calls")?;
        Ok(TargetResponse {
            target: format!("probe.{}", request.stream.name),
        })
    }

    fn write(&mut self, request: WriteRequest) -> Result<WriteResponse> {
        self.begin(Call::Write, "probe_write_calls")?;
        let mut tally = Tally::default();
        self.pull(&request.target, &mut tally)?;
        if self.config.behaviour == Behaviour::IgnoreEnd {
            self.ask_after_the_end()?;
        }
        tally.report()?;
        Ok(tally.total)
    }

    fn finalize(&mut self, request: FinalizeRequest) -> Result<TargetResponse> {
        self.begin(Call::Finalize, "probe_finalize_calls")?;
        Ok(TargetResponse {
            target: format!("probe.{}", request.target.stream.name),
        })
    }

    fn close(&mut self) -> Result<()> {
        self.begin(Call::Close, "probe_close_calls")
    }

    fn teardown(&mut self, _: TeardownRequest) -> Result<()> {
        self.begin(Call::Teardown, "probe_teardown_calls")
    }
}
