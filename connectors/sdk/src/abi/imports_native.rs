// SPDX-License-Identifier: Apache-2.0

//! The imports in a native build: calls of the [`Host`] that this thread's test has set.

use super::{Host, StandInHost};
use std::cell::RefCell;

thread_local! {
    static HOST: RefCell<Box<dyn Host>> = RefCell::new(Box::new(StandInHost::default()));
}

/// Puts `host` in the place of the host for this thread.
pub fn set_host(host: impl Host + 'static) {
    HOST.with(|current| *current.borrow_mut() = Box::new(host));
}

fn with_host<R>(call: impl FnOnce(&mut dyn Host) -> R) -> R {
    HOST.with(|host| call(host.borrow_mut().as_mut()))
}

pub fn emit_batch(frame: &[u8]) -> i32 {
    with_host(|host| host.emit_batch(frame))
}

pub fn next_batch(into: &mut [u8]) -> i64 {
    with_host(|host| host.next_batch(into))
}

pub fn claim(unit: i64) -> i32 {
    with_host(|host| host.claim(unit))
}

pub fn checkpoint(json: &[u8]) -> i32 {
    with_host(|host| host.checkpoint(json))
}

pub fn emit_dlq(json: &[u8]) -> i32 {
    with_host(|host| host.emit_dlq(json))
}

pub fn log(level: i32, line: &[u8]) {
    with_host(|host| host.log(level, line))
}

pub fn metric(kind: i32, name: &[u8], value: i64) -> i32 {
    with_host(|host| host.metric(kind, name, value))
}

pub fn clock(which: i32) -> i64 {
    with_host(|host| host.clock(which))
}

pub fn random(into: &mut [u8]) -> i32 {
    with_host(|host| host.random(into))
}

pub fn is_cancelled() -> i32 {
    with_host(|host| host.is_cancelled())
}

pub fn tcp_connect(address: &[u8], port: i32, timeout_ms: i32) -> i32 {
    with_host(|host| host.tcp_connect(address, port, timeout_ms))
}

pub fn tcp_start_tls(handle: i32, json: &[u8]) -> i32 {
    with_host(|host| host.tcp_start_tls(handle, json))
}

pub fn tcp_channel_binding(handle: i32, into: &mut [u8]) -> i32 {
    with_host(|host| host.tcp_channel_binding(handle, into))
}

pub fn tcp_on_cancel(handle: i32, bytes: &[u8]) -> i32 {
    with_host(|host| host.tcp_on_cancel(handle, bytes))
}

pub fn tcp_read(handle: i32, into: &mut [u8]) -> i32 {
    with_host(|host| host.tcp_read(handle, into))
}

pub fn tcp_write(handle: i32, bytes: &[u8]) -> i32 {
    with_host(|host| host.tcp_write(handle, bytes))
}

pub fn tcp_set_timeout(handle: i32, read_ms: i32) -> i32 {
    with_host(|host| host.tcp_set_timeout(handle, read_ms))
}

pub fn tcp_close(handle: i32) -> i32 {
    with_host(|host| host.tcp_close(handle))
}

pub fn last_error(into: &mut [u8]) -> i32 {
    with_host(|host| host.last_error(into))
}
