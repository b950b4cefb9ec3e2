// SPDX-License-Identifier: Apache-2.0

//! What a Rapidbyte connector is written with: the safe face of the ABI (docs/abi.md), Arrow batches, error records, logging,
//! sockets, and a Postgres client on them. connectors/README.md shows how the pieces go together.

pub mod abi;
pub mod arrow;
pub mod connector;
pub mod error;
pub mod export;
mod json;
pub mod log;
pub mod postgres;
pub mod protocol;
pub mod tcp;
pub mod utf8;

pub use connector::{Destination, Source};
pub use error::{BackoffClass, Category, CommitState, Error, Result, Scope};
pub use protocol::*;
pub use tcp::TcpStream;

/// The example of the README is a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
