// SPDX-License-Identifier: Apache-2.0

//! Start-up: encryption, the start-up message, authentication, settings.

use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use crate::error::{Category, Error, Result};
use crate::tcp::{TcpStream, TlsOptions, TlsVerification};

use super::config::{Config, SslMode};
use super::connection::{Connection, Reply};
use super::error::protocol_error;
use super::transport::Transport;

/// Settings that decide how values look as text (of an amount of money also where its decimal point is), time limits that are meant for
/// people's queries, and notices: nobody reads them, and a server that cannot get rid of them stops to take rows. They are not part of the
/// start-up message because connection poolers refuse those they do not know there.
const SETTINGS: &str = "SET extra_float_digits = 3; SET bytea_output = 'hex'; SET IntervalStyle = 'postgres'; \
     SET lc_monetary = 'C'; SET client_min_messages = error; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";

/// Connects through the host and authenticates.
pub fn connect(config: &Config) -> Result<Connection<TcpStream>> {
    Connection::connect(config, |config| {
        TcpStream::connect(&config.host, config.port, timeout(config)).map_err(|cause| cause.context(config.server()))
    })
}

fn timeout(config: &Config) -> Duration {
    Duration::from_secs(config.connect_timeout_seconds.into())
}

impl<T: Transport> Connection<T> {
    /// Connects and authenticates. `open` makes the transport; it is called a second time when the server offers
    /// encryption that then fails and `sslmode` is `prefer`.
    pub fn connect(config: &Config, mut open: impl FnMut(&Config) -> Result<T>) -> Result<Connection<T>> {
        // A server that takes the connection and then says nothing must not hold the run up.
        let mut open = |config: &Config| -> Result<T> {
            let mut transport = open(config)?;
            transport.set_read_timeout(Some(timeout(config)))?;
            Ok(transport)
        };
        let transport = match config.sslmode {
            SslMode::Disable => open(config)?,
            SslMode::Prefer => match encrypt(open(config)?, config) {
                Ok(Encryption::On(transport) | Encryption::Refused(transport)) => transport,
                Err(error) if error.category() == Category::Cancelled => return Err(error),
                Err(_) => open(config)?,
            },
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => match encrypt(open(config)?, config)? {
                Encryption::On(transport) => transport,
                Encryption::Refused(_) => return Err(encryption_refused(config)),
            },
        };
        let mut connection = Connection::new(transport, config.server());
        connection.start_up(config)?;
        connection.simple_query(SETTINGS)?;
        // From here on it is the server's work that is waited for, which takes as long as it takes.
        connection.transport.set_read_timeout(None)?;
        Ok(connection)
    }

    fn start_up(&mut self, config: &Config) -> Result<()> {
        let parameters = [
            ("user", config.user.as_str()),
            ("database", config.database.as_str()),
            ("application_name", config.application_name.as_str()),
            ("client_encoding", "UTF8"),
            ("DateStyle", "ISO"),
            ("TimeZone", "UTC"),
        ];
        let mut message = BytesMut::new();
        frontend::startup_message(parameters, &mut message)?;
        self.send(&message)?;
        self.authenticate(config)?;
        loop {
            match self.receive()? {
                Reply::Message(Message::BackendKeyData(_)) => {}
                Reply::Message(Message::ReadyForQuery(_)) => return Ok(()),
                Reply::Message(_) => return Err(protocol_error("an unexpected message after authentication")),
                Reply::Error(error) => return Err(error.into_record(self.server())),
            }
        }
    }
}

enum Encryption<T> {
    On(T),
    Refused(T),
}

/// Asks for encryption. The answer is one byte, and no more is read: what follows belongs to TLS.
fn encrypt<T: Transport>(mut transport: T, config: &Config) -> Result<Encryption<T>> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    transport.write_all(&request)?;
    transport.flush()?;
    let mut answer = [0];
    transport
        .read_exact(&mut answer)
        .map_err(|cause| Error::from(cause).context(config.server()))?;
    match answer[0] {
        b'S' => {
            transport.start_tls(&TlsOptions {
                server_name: config.host.clone(),
                verify: match config.sslmode {
                    SslMode::VerifyFull => TlsVerification::Full,
                    SslMode::VerifyCa => TlsVerification::Ca,
                    SslMode::Disable | SslMode::Prefer | SslMode::Require => TlsVerification::None,
                },
                ca_pem: config.sslrootcert.clone(),
                ..TlsOptions::default()
            })?;
            Ok(Encryption::On(transport))
        }
        b'N' => Ok(Encryption::Refused(transport)),
        other => Err(protocol_error(format!(
            "it answered a request for encryption with {:?}",
            other as char
        ))),
    }
}

fn encryption_refused(config: &Config) -> Error {
    Error::config(
        "tls_refused",
        format!(
            "{} does not offer encryption, which 'sslmode' asks for",
            config.server()
        ),
    )
    .hint("switch TLS on at the server, or set 'sslmode' to prefer or disable")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::testing::{config, handshake, Script};

    #[test]
    fn the_startup_message_says_who_and_how() {
        let script = Script::new(handshake());
        let sent = script.sent();
        let connection = Connection::connect(&config("disable"), |_| Ok(script.clone())).unwrap();
        assert_eq!(connection.parameter("server_encoding"), Some("UTF8"));
        assert_eq!(connection.server_major_version(), 15);
        assert!(connection.is_ready());
        let sent = String::from_utf8_lossy(&sent.borrow()).into_owned();
        assert!(
            sent.contains("user\0ann\0database\0shop\0application_name\0test\0client_encoding\0UTF8\0DateStyle\0ISO\0")
        );
        assert!(sent.contains("SET extra_float_digits = 3"));
    }

    #[test]
    fn a_server_without_encryption_is_used_in_plain_when_that_is_allowed() {
        let mut reply = b"N".to_vec();
        reply.extend(handshake());
        let script = Script::new(reply.clone());
        assert!(Connection::connect(&config("prefer"), |_| Ok(script.clone())).is_ok());
        let script = Script::new(reply);
        let error = Connection::connect(&config("require"), |_| Ok(script.clone()))
            .err()
            .unwrap();
        assert_eq!(error.code(), "tls_refused");
    }

    #[test]
    fn encryption_is_started_when_the_server_has_it() {
        let mut reply = b"S".to_vec();
        reply.extend(handshake());
        let script = Script::new(reply);
        let tls = script.tls();
        assert!(Connection::connect(&config("verify-full"), |_| Ok(script.clone())).is_ok());
        let request = tls.borrow().clone().unwrap();
        assert_eq!(request.server_name, "db");
        assert_eq!(request.verify, TlsVerification::Full);
    }

    #[test]
    fn preferred_encryption_that_fails_is_given_up() {
        let mut failing = Some(Script::new(b"S".to_vec()).without_tls());
        let plain = Script::new(handshake());
        let connection = Connection::connect(&config("prefer"), |_| {
            Ok(failing.take().unwrap_or_else(|| plain.clone()))
        });
        assert!(connection.is_ok());
        let failing = Script::new(b"S".to_vec()).without_tls();
        assert!(Connection::connect(&config("require"), |_| Ok(failing.clone())).is_err());
    }

    #[test]
    fn a_server_that_hangs_up_is_reported_with_its_address() {
        let script = Script::new(Vec::new());
        let error = Connection::connect(&config("disable"), |_| Ok(script.clone()))
            .err()
            .unwrap();
        assert_eq!(error.code(), "connection_lost");
        assert!(error.message().contains("db:5432"), "{}", error.message());
        assert!(error.is_retryable());
    }

    #[test]
    fn something_else_than_postgres_is_recognised() {
        let script = Script::new(b"HTTP/1.1 400 Bad Request\r\n".to_vec());
        let error = Connection::connect(&config("disable"), |_| Ok(script.clone()))
            .err()
            .unwrap();
        assert_eq!(error.code(), "protocol_violation");
    }
}
