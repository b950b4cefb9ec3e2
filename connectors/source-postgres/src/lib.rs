// SPDX-License-Identifier: Apache-2.0

//! Reads Postgres tables as Arrow batches, by COPY in binary format: whole tables in ranges of heap blocks, or what is new in them since the
//! last run ([`incremental`]).
//!
//! `check`, `discover` and `plan` look at the catalogue ([`catalog`], [`resolve`]); `read` copies units out ([`read`]), takes
//! them apart ([`decode`]) and makes batches of them ([`batch`]).

mod batch;
mod catalog;
mod check;
mod column_type;
mod cursor;
mod cursor_units;
mod decode;
#[cfg(test)]
mod decode_speed;
mod discover;
mod estimates;
mod incremental;
#[cfg(test)]
mod incremental_live_tests;
mod large_rows;
#[cfg(test)]
mod live_tests;
mod plan;
mod position;
mod prerequisites;
mod read;
mod read_plan;
mod resolve;
mod row_width;
mod session;
mod similar;
mod slices;
#[cfg(test)]
mod testing;
mod unchanged;
#[cfg(test)]
mod unchanged_live_tests;

use rapidbyte_sdk::postgres::Config;
use rapidbyte_sdk::{
    CheckRequest, CheckResponse, DiscoverRequest, DiscoverResponse, Error, Limits, OpenRequest, PlanRequest,
    PlanResponse, ReadRequest, ReadResponse, Result, SnapshotRequest, SnapshotResponse, Source, TeardownRequest,
};
use serde_json::{Map, Value};

use session::Session;

/// The connector.
pub struct SourcePostgres {
    session: Session,
    limits: Limits,
    keeps_snapshots: bool,
}

impl Source for SourcePostgres {
    fn open(request: OpenRequest) -> Result<SourcePostgres> {
        let config = Config::from_json(&request.config, "rapidbyte source-postgres")?;
        Ok(SourcePostgres {
            session: Session::new(config),
            limits: request.limits,
            keeps_snapshots: keeps_snapshots(&request.config)?,
        })
    }

    fn check(&mut self, request: CheckRequest) -> Result<CheckResponse> {
        check::check(&mut self.session, &request)
    }

    fn discover(&mut self, request: DiscoverRequest) -> Result<DiscoverResponse> {
        discover::discover(&mut self.session, &request)
    }

    fn plan(&mut self, request: PlanRequest) -> Result<PlanResponse> {
        plan::plan(&mut self.session, request)
    }

    fn read(&mut self, request: ReadRequest) -> Result<ReadResponse> {
        read::read(&mut self.session, &self.limits, &request)
    }

    /// A transaction that stays open until this instance is closed, and whose state others can see as well.
    fn snapshot(&mut self, _request: SnapshotRequest) -> Result<SnapshotResponse> {
        Ok(SnapshotResponse {
            snapshot: if self.keeps_snapshots {
                Some(self.session.hold_snapshot()?)
            } else {
                None
            },
        })
    }

    fn close(&mut self) -> Result<()> {
        self.session.close()
    }

    /// Reading leaves nothing behind at the server.
    fn teardown(&mut self, _request: TeardownRequest) -> Result<()> {
        Ok(())
    }
}

/// The member `snapshot` of the configuration.
fn keeps_snapshots(config: &Map<String, Value>) -> Result<bool> {
    match config.get("snapshot") {
        None | Some(Value::Null) => Ok(true),
        Some(Value::String(text)) if text == "run" => Ok(true),
        Some(Value::String(text)) if text == "none" => Ok(false),
        Some(_) => Err(Error::config(
            "invalid_config",
            "the connector's config: member 'snapshot' is neither run nor none",
        )),
    }
}

rapidbyte_sdk::source!(SourcePostgres, manifest = "../manifest.json");
