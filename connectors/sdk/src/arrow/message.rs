// SPDX-License-Identifier: Apache-2.0

//! The numbers of Arrow's IPC format that writer and reader share: those of the flatbuffers schemas Message.fbs and
//! Schema.fbs, and of the encapsulated message format of the Arrow columnar format, "Serialization and Interprocess Communication".

/// What begins every encapsulated message.
pub const CONTINUATION: [u8; 4] = [0xFF; 4];
/// What ends a stream.
pub const END_OF_STREAM: [u8; 8] = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0];
/// Bytes in front of a message's metadata: the continuation marker and the size.
pub const PREFIX_SIZE: usize = 8;
/// What messages, their metadata and the buffers of a body are aligned to.
pub const ALIGNMENT: usize = 8;

/// `MetadataVersion.V5`.
pub const VERSION_5: i16 = 4;

/// The union `MessageHeader`.
pub mod header {
    pub const SCHEMA: u8 = 1;
    pub const RECORD_BATCH: u8 = 3;
}

/// The fields of the table `Message`.
pub mod message {
    pub const VERSION: usize = 0;
    pub const HEADER_TYPE: usize = 1;
    pub const HEADER: usize = 2;
    pub const BODY_LENGTH: usize = 3;
}

/// The fields of the table `Schema`.
pub mod schema {
    pub const ENDIANNESS: usize = 0;
    pub const FIELDS: usize = 1;
    pub const METADATA: usize = 2;
}

/// The fields of the table `Field`.
pub mod field {
    pub const NAME: usize = 0;
    pub const NULLABLE: usize = 1;
    pub const TYPE_KIND: usize = 2;
    pub const TYPE: usize = 3;
    pub const DICTIONARY: usize = 4;
    pub const CHILDREN: usize = 5;
    pub const METADATA: usize = 6;
}

/// The fields of the table `KeyValue`.
pub mod key_value {
    pub const KEY: usize = 0;
    pub const VALUE: usize = 1;
}

/// The fields of the table `RecordBatch`.
pub mod record_batch {
    pub const LENGTH: usize = 0;
    pub const NODES: usize = 1;
    pub const BUFFERS: usize = 2;
    pub const COMPRESSION: usize = 3;
}

/// Bytes of the structs `FieldNode` and `Buffer`: two 64-bit numbers each.
pub const PAIR_SIZE: usize = 16;

/// The union `Type`, as far as it is used.
pub mod type_kind {
    pub const INT: u8 = 2;
    pub const FLOATING_POINT: u8 = 3;
    pub const BINARY: u8 = 4;
    pub const UTF8: u8 = 5;
    pub const BOOL: u8 = 6;
    pub const DECIMAL: u8 = 7;
    pub const DATE: u8 = 8;
    pub const TIME: u8 = 9;
    pub const TIMESTAMP: u8 = 10;
    pub const INTERVAL: u8 = 11;
    pub const LIST: u8 = 12;
    pub const STRUCT: u8 = 13;
    pub const FIXED_SIZE_BINARY: u8 = 15;
    pub const MAP: u8 = 17;
}

/// The enums `Precision`, `DateUnit`, `TimeUnit` and `IntervalUnit`, as far as they are used.
pub mod unit {
    pub const SINGLE: i16 = 1;
    pub const DOUBLE: i16 = 2;
    pub const DAY: i16 = 0;
    pub const MICROSECOND: i16 = 2;
    pub const MONTH_DAY_NANO: i16 = 2;
    /// The defaults of the format for a field that is absent.
    pub const DEFAULT_DATE: i16 = 1;
    pub const DEFAULT_TIME: i16 = 1;
}

/// The name of the one time zone.
pub const UTC: &str = "UTC";

/// Rounds up to the next multiple of [`ALIGNMENT`].
pub fn aligned(size: usize) -> usize {
    (size + (ALIGNMENT - 1)) & !(ALIGNMENT - 1)
}
