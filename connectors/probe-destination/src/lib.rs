// SPDX-License-Identifier: Apache-2.0

//! A destination for the tests of hosts: it counts and sums up what it is given, or does what no connector should do.
//!
//! `config.behaviour` says what, see [`config::Behaviour`].

mod config;
mod destination;
mod misbehaviour;
mod refusal;
mod tally;

rapidbyte_sdk::destination!(destination::Probe, manifest = "../manifest.json");
