// SPDX-License-Identifier: Apache-2.0

//! The host as native tests see it.

/// The imports of docs/abi.md, section 6, with slices in place of pointers and lengths.
///
/// In a guest these are imports. In a native test they go to the object that [`super::set_host`] was given,
/// by default a [`super::StandInHost`].
pub trait Host {
    fn emit_batch(&mut self, frame: &[u8]) -> i32;
    fn next_batch(&mut self, into: &mut [u8]) -> i64;
    fn claim(&mut self, unit: i64) -> i32;
    fn checkpoint(&mut self, json: &[u8]) -> i32;
    fn emit_dlq(&mut self, json: &[u8]) -> i32;
    fn log(&mut self, level: i32, line: &[u8]);
    fn metric(&mut self, kind: i32, name: &[u8], value: i64) -> i32;
    fn clock(&mut self, which: i32) -> i64;
    fn random(&mut self, into: &mut [u8]) -> i32;
    fn is_cancelled(&mut self) -> i32;
    fn tcp_connect(&mut self, host: &[u8], port: i32, timeout_ms: i32) -> i32;
    fn tcp_start_tls(&mut self, handle: i32, json: &[u8]) -> i32;
    fn tcp_channel_binding(&mut self, handle: i32, into: &mut [u8]) -> i32;
    fn tcp_on_cancel(&mut self, handle: i32, bytes: &[u8]) -> i32;
    fn tcp_read(&mut self, handle: i32, into: &mut [u8]) -> i32;
    fn tcp_write(&mut self, handle: i32, bytes: &[u8]) -> i32;
    fn tcp_set_timeout(&mut self, handle: i32, read_ms: i32) -> i32;
    fn tcp_close(&mut self, handle: i32) -> i32;
    fn last_error(&mut self, into: &mut [u8]) -> i32;
}
