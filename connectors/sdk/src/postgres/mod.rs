// SPDX-License-Identifier: Apache-2.0

//! A blocking client of the Postgres frontend/backend protocol, version 3.0: simple queries, COPY in both directions,
//! and prepared statements that are run without waiting for each answer.
//!
//! One file per message flow, each readable beside the chapter "Message Flow" of the Postgres documentation. The
//! messages themselves are encoded and parsed by `postgres-protocol`, except for CopyData and Bind, which are the hot path.

mod authenticate;
mod buffer;
mod config;
mod connect;
mod connection;
mod copy_in;
mod copy_out;
mod error;
#[cfg(test)]
mod live_tests;
mod moment_text;
mod name;
mod pipeline;
mod quote;
mod simple_query;
#[cfg(test)]
mod testing;
mod transport;
mod type_catalog;
mod type_definitions;

pub use buffer::{header, MessageHeader, MESSAGE_HEADER};
pub use config::{ChannelBinding, Config, Password, SslMode, TargetSession};
pub use connect::connect;
pub use connection::{Connection, TransactionStatus};
pub use copy_in::{CopyIn, COPY_DATA_PREFIX};
pub use copy_out::{CopyData, CopyOut};
pub use error::{connection_lost, protocol_error, takes_no_writes, ServerError};
pub use moment_text::{write_day, write_time, write_timestamp, DAYS_BETWEEN_EPOCHS, MICROSECONDS_PER_DAY};
pub use name::RelationName;
pub use pipeline::{bind_header, execute, prepare, sync, Pipeline, BIND_END};
pub use quote::{quote_identifier, quote_literal, quote_qualified};
pub use simple_query::{QueryResult, Row, TRUST_NOBODY};
pub use transport::Transport;
pub use type_catalog::{Attribute, TypeCatalog, TypeInfo, TypeShape};
pub use type_definitions::{TypeDefinition, TypeDefinitions};
