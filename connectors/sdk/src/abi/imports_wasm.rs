// SPDX-License-Identifier: Apache-2.0

//! The imports in a guest (docs/abi.md, section 6), each behind a function that takes slices.

mod raw {
    #[link(wasm_import_module = "rapidbyte")]
    extern "C" {
        pub fn emit_batch(ptr: *const u8, len: usize) -> i32;
        pub fn next_batch(ptr: *mut u8, cap: usize) -> i64;
        pub fn claim(unit: i64) -> i32;
        pub fn checkpoint(ptr: *const u8, len: usize) -> i32;
        pub fn emit_dlq(ptr: *const u8, len: usize) -> i32;
        pub fn log(level: i32, ptr: *const u8, len: usize);
        pub fn metric(kind: i32, name_ptr: *const u8, name_len: usize, value: i64) -> i32;
        pub fn clock(which: i32) -> i64;
        pub fn random(ptr: *mut u8, len: usize) -> i32;
        pub fn is_cancelled() -> i32;
        pub fn tcp_connect(host_ptr: *const u8, host_len: usize, port: i32, timeout_ms: i32) -> i32;
        pub fn tcp_start_tls(handle: i32, ptr: *const u8, len: usize) -> i32;
        pub fn tcp_channel_binding(handle: i32, ptr: *mut u8, cap: usize) -> i32;
        pub fn tcp_on_cancel(handle: i32, ptr: *const u8, len: usize) -> i32;
        pub fn tcp_read(handle: i32, ptr: *mut u8, len: usize) -> i32;
        pub fn tcp_write(handle: i32, ptr: *const u8, len: usize) -> i32;
        pub fn tcp_set_timeout(handle: i32, read_ms: i32) -> i32;
        pub fn tcp_close(handle: i32) -> i32;
        pub fn last_error(ptr: *mut u8, cap: usize) -> i32;
    }
}

// SAFETY of every call below: the host reads or writes only inside the range it is given, which is that of a slice that
// lives until the call returns, and it keeps no pointer.

pub fn emit_batch(frame: &[u8]) -> i32 {
    unsafe { raw::emit_batch(frame.as_ptr(), frame.len()) }
}

pub fn next_batch(into: &mut [u8]) -> i64 {
    unsafe { raw::next_batch(into.as_mut_ptr(), into.len()) }
}

pub fn claim(unit: i64) -> i32 {
    unsafe { raw::claim(unit) }
}

pub fn checkpoint(json: &[u8]) -> i32 {
    unsafe { raw::checkpoint(json.as_ptr(), json.len()) }
}

pub fn emit_dlq(json: &[u8]) -> i32 {
    unsafe { raw::emit_dlq(json.as_ptr(), json.len()) }
}

pub fn log(level: i32, line: &[u8]) {
    unsafe { raw::log(level, line.as_ptr(), line.len()) }
}

pub fn metric(kind: i32, name: &[u8], value: i64) -> i32 {
    unsafe { raw::metric(kind, name.as_ptr(), name.len(), value) }
}

pub fn clock(which: i32) -> i64 {
    unsafe { raw::clock(which) }
}

pub fn random(into: &mut [u8]) -> i32 {
    unsafe { raw::random(into.as_mut_ptr(), into.len()) }
}

pub fn is_cancelled() -> i32 {
    unsafe { raw::is_cancelled() }
}

pub fn tcp_connect(address: &[u8], port: i32, timeout_ms: i32) -> i32 {
    unsafe { raw::tcp_connect(address.as_ptr(), address.len(), port, timeout_ms) }
}

pub fn tcp_start_tls(handle: i32, json: &[u8]) -> i32 {
    unsafe { raw::tcp_start_tls(handle, json.as_ptr(), json.len()) }
}

pub fn tcp_channel_binding(handle: i32, into: &mut [u8]) -> i32 {
    unsafe { raw::tcp_channel_binding(handle, into.as_mut_ptr(), into.len()) }
}

pub fn tcp_on_cancel(handle: i32, bytes: &[u8]) -> i32 {
    unsafe { raw::tcp_on_cancel(handle, bytes.as_ptr(), bytes.len()) }
}

pub fn tcp_read(handle: i32, into: &mut [u8]) -> i32 {
    unsafe { raw::tcp_read(handle, into.as_mut_ptr(), into.len()) }
}

pub fn tcp_write(handle: i32, bytes: &[u8]) -> i32 {
    unsafe { raw::tcp_write(handle, bytes.as_ptr(), bytes.len()) }
}

pub fn tcp_set_timeout(handle: i32, read_ms: i32) -> i32 {
    unsafe { raw::tcp_set_timeout(handle, read_ms) }
}

pub fn tcp_close(handle: i32) -> i32 {
    unsafe { raw::tcp_close(handle) }
}

pub fn last_error(into: &mut [u8]) -> i32 {
    unsafe { raw::last_error(into.as_mut_ptr(), into.len()) }
}
