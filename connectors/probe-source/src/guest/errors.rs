// SPDX-License-Identifier: Apache-2.0

use super::config::Config;
use super::content::Reader;
use super::observed::Observation;
use rapidbyte_sdk::{abi, Category, Error, ReadRequest, Result, TcpStream};
use std::io::Read;
use std::time::Duration;

/// The record that the configuration wants.
pub fn configured(config: &Config) -> Error {
    match config.error.is_null() {
        true => Error::new(Category::Data, "probe_error", "the probe fails on request"),
        false => Error::from_json(config.error.to_string().as_bytes()).unwrap_or_else(|unreadable| unreadable),
    }
}

/// Tells the secret everywhere it can.
pub fn with_secret(config: &Config) -> Error {
    rapidbyte_sdk::error!("the password is {}", config.password);
    rapidbyte_sdk::info!("{{\"password\":\"{}\"}}", config.password);
    Error::new(
        Category::Auth,
        "wrong_password",
        format!("the server refused the password {}", config.password),
    )
    .hint(format!("use another password than {}", config.password))
    .detail("password", config.password.clone())
}

/// Emits the units before `fail_unit`, then fails. An instance never lives on after its error, so that a count of
/// failures has to be kept by the test: if there is an address, a byte read from it decides.
pub fn fail_at_unit(config: &Config, request: &ReadRequest) -> Result<Observation> {
    let mut reader = Reader::new(config, &request.stream.name);
    let mut observation = Observation::default();
    for unit in request.from..request.to {
        if !abi::claim(unit)? {
            break;
        }
        if unit == config.fail_unit && must_fail(config)? {
            return Err(configured(config));
        }
        reader.emit_unit(unit, &mut observation)?;
    }
    Ok(observation)
}

fn must_fail(config: &Config) -> Result<bool> {
    match &config.host {
        None => Ok(true),
        Some(host) => {
            let mut answer = [0];
            TcpStream::connect(host, config.port, Duration::from_secs(5))?.read_exact(&mut answer)?;
            Ok(answer == *b"F")
        }
    }
}
