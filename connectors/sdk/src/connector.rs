// SPDX-License-Identifier: Apache-2.0

//! What a connector implements; [`source!`](crate::source) and [`destination!`](crate::destination) turn an
//! implementation into a module's exports. docs/abi.md, section 5, says what each call has to do.

use crate::error::Result;
use crate::protocol::*;

/// Reads.
pub trait Source: Sized {
    /// Checks and keeps the configuration. Connections are made later.
    fn open(request: OpenRequest) -> Result<Self>;
    fn check(&mut self, request: CheckRequest) -> Result<CheckResponse>;
    fn discover(&mut self, request: DiscoverRequest) -> Result<DiscoverResponse>;
    fn plan(&mut self, request: PlanRequest) -> Result<PlanResponse>;
    fn read(&mut self, request: ReadRequest) -> Result<ReadResponse>;
    /// Keeps the present state of what is read for all instances that are given the response, until this one is closed.
    /// A source that cannot leaves this as it is.
    fn snapshot(&mut self, _request: SnapshotRequest) -> Result<SnapshotResponse> {
        Ok(SnapshotResponse::default())
    }
    /// Closes connections; nothing is called after it.
    fn close(&mut self) -> Result<()>;
    /// Removes what a run left behind outside of this instance.
    fn teardown(&mut self, request: TeardownRequest) -> Result<()>;
}

/// Writes.
pub trait Destination: Sized {
    /// Checks and keeps the configuration. Connections are made later.
    fn open(request: OpenRequest) -> Result<Self>;
    fn check(&mut self, request: CheckRequest) -> Result<CheckResponse>;
    /// Prepares the target of a stream; idempotent, and safe when several instances do it at once.
    fn apply(&mut self, request: ApplyRequest) -> Result<TargetResponse>;
    /// Pulls batches until the end of input and has committed all of them when it returns without an error.
    fn write(&mut self, request: WriteRequest) -> Result<WriteResponse>;
    /// Completes a stream when all of its writers are done; idempotent.
    fn finalize(&mut self, request: FinalizeRequest) -> Result<TargetResponse>;
    /// Says which batches of a stream are committed in a run. A destination that does not keep that leaves this as it is.
    fn committed(&mut self, _request: CommittedRequest) -> Result<CommittedResponse> {
        Ok(CommittedResponse::default())
    }
    /// Closes connections; nothing is called after it.
    fn close(&mut self) -> Result<()>;
    /// Removes what a run left behind outside of the target tables.
    fn teardown(&mut self, request: TeardownRequest) -> Result<()>;
}
