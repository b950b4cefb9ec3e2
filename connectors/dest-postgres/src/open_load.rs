// SPDX-License-Identifier: Apache-2.0

//! Rows on their way into a table by the configured method.

use crate::batch_plan::Route;
use crate::encode::{Column, Encoder, RowBuffer};
use crate::open_copy::{FinishedCopy, OpenCopy};
use crate::open_insert::OpenInsert;
use crate::session::Session;
use crate::settings::LoadMethod;
use rapidbyte_sdk::{Error, Result};

/// A COPY, or INSERT statements, that have been started and take rows.
///
/// It holds nothing that has to be dropped: see [`OpenCopy`].
pub enum OpenLoad<'c> {
    Copy(OpenCopy<'c>),
    Insert(OpenInsert<'c>),
}

impl<'c> OpenLoad<'c> {
    pub fn start(session: &'c mut Session, route: &Route, buffer: &mut RowBuffer) -> Result<OpenLoad<'c>> {
        match session.settings().load_method {
            LoadMethod::Copy => OpenCopy::start(session.connection()?, route, buffer).map(OpenLoad::Copy),
            LoadMethod::Insert => {
                let (connection, prepared) = session.prepared()?;
                OpenInsert::start(connection, prepared, &route.insert).map(OpenLoad::Insert)
            }
        }
    }

    /// Bytes of the rows so far.
    pub fn bytes(&self) -> u64 {
        match self {
            OpenLoad::Copy(copy) => copy.bytes(),
            OpenLoad::Insert(insert) => insert.bytes(),
        }
    }

    /// Adds the rows of a batch. Whatever makes up `flush_bytes` is sent.
    pub fn append(
        &mut self,
        encoder: &mut Encoder,
        columns: &[Column<'_>],
        rows: usize,
        buffer: &mut RowBuffer,
        flush_bytes: usize,
    ) -> Result<()> {
        match self {
            OpenLoad::Copy(copy) => copy.append(encoder, columns, rows, buffer, flush_bytes),
            OpenLoad::Insert(insert) => insert.append(encoder, columns, rows, buffer, flush_bytes),
        }
    }

    /// Sends the rest and waits for the server to confirm every row.
    pub fn finish(self, buffer: &mut RowBuffer) -> Result<FinishedCopy> {
        match self {
            OpenLoad::Copy(copy) => copy.finish(buffer),
            OpenLoad::Insert(insert) => insert.finish(buffer),
        }
    }

    /// Gives the rows up because of `error`, which is returned, and leaves the connection ready where that is possible.
    pub fn abort(self, error: Error) -> Error {
        match self {
            OpenLoad::Copy(copy) => copy.abort(error),
            OpenLoad::Insert(insert) => insert.abort(error),
        }
    }
}
