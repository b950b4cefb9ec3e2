// SPDX-License-Identifier: Apache-2.0

use std::fmt;

/// What an import returns when it does not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// There is an error record.
    Failed = -1,
    /// A range outside of memory, an unknown handle, a negative number where none is allowed.
    BadArgument = -2,
    /// Not allowed in this call or in this order.
    WrongState = -3,
    /// The run is being cancelled.
    Cancelled = -4,
    /// There is no further batch.
    End = -5,
    /// Commit what was received, call `checkpoint`, and go on.
    Checkpoint = -6,
}

impl Code {
    /// The code behind a status; `None` for a success and for a code that this SDK does not know.
    pub fn from_status(status: i64) -> Option<Code> {
        use Code::*;
        [Failed, BadArgument, WrongState, Cancelled, End, Checkpoint]
            .into_iter()
            .find(|code| *code as i64 == status)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Code::Failed => "FAILED",
            Code::BadArgument => "BAD_ARGUMENT",
            Code::WrongState => "WRONG_STATE",
            Code::Cancelled => "CANCELLED",
            Code::End => "END",
            Code::Checkpoint => "CHECKPOINT",
        })
    }
}
