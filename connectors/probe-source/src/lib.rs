// SPDX-License-Identifier: Apache-2.0

//! A source for the tests of hosts: it makes up rows, or does what no connector should do.
//!
//! `config.behaviour` says what, see [`guest::config::Behaviour`]. There is nothing here that could run outside of a host.

#[cfg(target_arch = "wasm32")]
mod guest;

rapidbyte_sdk::manifest!("source", "../manifest.json");
