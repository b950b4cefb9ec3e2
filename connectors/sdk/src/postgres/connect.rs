// SPDX-License-Identifier: Apache-2.0

//! Start-up: encryption, the start-up message, authentication, settings.

use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use crate::abi;
use crate::error::{Category, Error, Result};
use crate::tcp::{TcpStream, TlsOptions, TlsVerification};

use super::authenticate::Channel;
use super::config::{ChannelBinding, Config, SslMode, TargetSession};
use super::connection::{time_left, Connection, Reply};
use super::error::protocol_error;
use super::transport::Transport;

/// Settings that decide how values look as text (of an amount of money also where its decimal point is), time limits that are meant for
/// people's queries, and notices: nobody reads them, and a server that cannot get rid of them stops to take rows. They are not part of the
/// start-up message because connection poolers refuse those they do not know there.
///
/// A machine that is gone says no farewell, and what its transaction has locked stays locked until the server notices: after a minute of silence, where
/// systems have it at two hours.
const SETTINGS: &str = "SET extra_float_digits = 3; SET bytea_output = 'hex'; SET IntervalStyle = 'postgres'; \
     SET lc_monetary = 'C'; SET client_min_messages = error; SET idle_in_transaction_session_timeout = 0; \
     SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3";

/// Has the server look, in the midst of a statement, whether it is still wanted: nobody can tell it to stop when the machine of a run is
/// gone, and a query that sends nothing would go on to its end.
const LOOK_AT_THE_CONNECTION: &str = "SET client_connection_check_interval = '2s'";

const FIRST_SERVER_THAT_LOOKS: u32 = 14;

/// What a server answers whose pg_hba.conf has no line for the user, the address and the kind of connection.
const NOT_LET_IN: &str = "28000";

/// What the host says of a read that waited too long.
pub(super) const SILENCE: &str = "read_timeout";

const WRONG_SESSION: &str = "wrong_session";

/// Time limits that not every supported server knows, with the first version that does.
const LATER_SETTINGS: [(u32, &str); 2] = [
    (14, "; SET idle_session_timeout = 0"),
    (17, "; SET transaction_timeout = 0"),
];

/// Connects through the host and authenticates.
///
/// Of several servers it takes the first that can be reached and is what `target_session_attrs` asks for. One that refuses the user ends the
/// search: the next would, too, and the user would not learn of it.
pub fn connect(config: &Config) -> Result<Connection<TcpStream>> {
    connect_to_one(config, |config| {
        TcpStream::connect(&config.host, config.port, timeout(config)).map_err(|cause| cause.context(config.server()))
    })
}

fn connect_to_one<T: Transport>(config: &Config, mut open: impl FnMut(&Config) -> Result<T>) -> Result<Connection<T>> {
    let mut failures: Vec<Error> = Vec::new();
    // The second round takes what the first would rather not have.
    let rounds: &[TargetSession] = match config.target_session_attrs {
        TargetSession::PreferStandby => &[TargetSession::Standby, TargetSession::Any],
        ref target => std::slice::from_ref(target),
    };
    for target in rounds {
        failures.clear();
        for server in config.each_server() {
            let connected = Connection::connect(&server, &mut open).and_then(|mut connection| {
                connection.require(*target, &server)?;
                Ok(connection)
            });
            match connected {
                Ok(connection) => return Ok(connection),
                Err(error) if error.code() == WRONG_SESSION => failures.push(error),
                Err(error) if matches!(error.category(), Category::TransientNetwork | Category::TransientDb) => {
                    failures.push(error)
                }
                Err(error) => return Err(error),
            }
        }
    }
    let others: Vec<String> = failures
        .iter()
        .rev()
        .skip(1)
        .rev()
        .map(|failure| failure.message().to_owned())
        .collect();
    match failures.pop() {
        Some(last) if others.is_empty() => Err(last),
        Some(last) => Err(last.context(others.join("; "))),
        None => Err(Error::internal("there is no server to connect to")),
    }
}

fn timeout(config: &Config) -> Duration {
    Duration::from_secs(config.connect_timeout_seconds.into())
}

impl<T: Transport> Connection<T> {
    /// Fails with [`WRONG_SESSION`] when the session is not what is asked for.
    #[inline(never)]
    fn require(&mut self, target: TargetSession, config: &Config) -> Result<()> {
        if target == TargetSession::Any {
            return Ok(());
        }
        let answer = self.query(
            "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') = 'on'",
        )?;
        let row = match answer.rows.first() {
            Some(row) => row,
            None => return Err(protocol_error("no answer to a query")),
        };
        let (standby, read_only) = (row.flag(0), row.flag(1));
        let (suits, is) = match target {
            TargetSession::ReadWrite => (!read_only, "read only"),
            TargetSession::ReadOnly => (read_only, "not read only"),
            TargetSession::Primary => (!standby, "a standby"),
            TargetSession::Standby | TargetSession::PreferStandby => (standby, "no standby"),
            TargetSession::Any => (true, ""),
        };
        if suits {
            return Ok(());
        }
        Err(Error::config(
            WRONG_SESSION,
            format!("{} is {}, which 'target_session_attrs' rules out", config.server(), is),
        )
        .hint("name the other servers in 'host' too, or change 'target_session_attrs'"))
    }

    /// Connects and authenticates. `open` makes the transport; it is called a second time when encryption
    /// fails, or the server lets the user in without it only, and `sslmode` is `prefer`.
    #[inline(never)]
    pub fn connect(config: &Config, open: impl FnMut(&Config) -> Result<T>) -> Result<Connection<T>> {
        let mut connection = Connection::greet(config, open).map_err(|error| explain_silence(error, config))?;
        // From here on it is the server's work that is waited for, which takes as long as it takes.
        connection.deadline = None;
        connection.transport.set_read_timeout(None)?;
        Ok(connection)
    }

    fn greet(config: &Config, mut open: impl FnMut(&Config) -> Result<T>) -> Result<Connection<T>> {
        // A server that takes the connection and then says nothing must not hold the run up.
        let deadline = abi::monotonic_nanos() + i64::from(config.connect_timeout_seconds) * 1_000_000_000;
        let mut open = |config: &Config| -> Result<T> {
            let mut transport = open(config)?;
            transport.set_read_timeout(Some(time_left(deadline)?))?;
            Ok(transport)
        };
        let mut connection = match config.sslmode {
            SslMode::Disable => Connection::start(open(config)?, Channel::Plain, config, deadline)?,
            SslMode::Prefer => Connection::start_encrypted_if_possible(config, &mut open, deadline)?,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => match encrypt(open(config)?, config)? {
                Encryption::On(transport) => Connection::start(transport, Channel::Encrypted, config, deadline)?,
                Encryption::Refused(_) => return Err(encryption_refused(config)),
            },
        };
        connection.make_settings(config)?;
        Ok(connection)
    }

    /// Starts in TLS when the server has it and lets the user in that way, else in plain.
    fn start_encrypted_if_possible(
        config: &Config,
        open: &mut impl FnMut(&Config) -> Result<T>,
        deadline: i64,
    ) -> Result<Connection<T>> {
        let transport = match encrypt(open(config)?, config) {
            Ok(Encryption::On(transport)) => transport,
            Ok(Encryption::Refused(transport)) => {
                return Connection::start(transport, Channel::Plain, config, deadline)
            }
            Err(error)
                if error.category() == Category::Cancelled || error.code() == SILENCE || needs_encryption(config) =>
            {
                return Err(error)
            }
            Err(_) => return Connection::start(open(config)?, Channel::Plain, config, deadline),
        };
        match Connection::start(transport, Channel::Encrypted, config, deadline) {
            // A server can be set up to let this user in without encryption only.
            Err(refused) if refused.code() == NOT_LET_IN && !needs_encryption(config) => {
                Connection::start(open(config)?, Channel::Plain, config, deadline).map_err(|error| match error.code() {
                    NOT_LET_IN => refused,
                    _ => error,
                })
            }
            started => started,
        }
    }

    fn start(transport: T, channel: Channel, config: &Config, deadline: i64) -> Result<Connection<T>> {
        let mut connection = Connection::new(transport, config.server());
        connection.deadline = Some(deadline);
        connection.start_up(channel, config)?;
        Ok(connection)
    }

    #[inline(never)]
    fn make_settings(&mut self, config: &Config) -> Result<()> {
        let mut settings = format!(
            "{}; SET statement_timeout = {}",
            SETTINGS,
            u64::from(config.statement_timeout_seconds) * 1000
        );
        let version = self.server_major_version();
        for (since, setting) in LATER_SETTINGS {
            if version >= since {
                settings.push_str(setting);
            }
        }
        self.simple_query(&settings)?;
        if version >= FIRST_SERVER_THAT_LOOKS && self.simple_query(LOOK_AT_THE_CONNECTION).is_err() {
            // The server's system has no way to tell it.
            crate::debug!("the server cannot notice a closed connection in the midst of a statement");
        }
        Ok(())
    }

    #[inline(never)]
    fn start_up(&mut self, channel: Channel, config: &Config) -> Result<()> {
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
        self.authenticate(channel, config)?;
        loop {
            match self.receive()? {
                Reply::Message(Message::BackendKeyData(key)) => {
                    let mut request = BytesMut::new();
                    frontend::cancel_request(key.process_id(), key.secret_key(), &mut request);
                    self.transport.on_cancel(&request)?;
                }
                Reply::Message(Message::ReadyForQuery(_)) => return Ok(()),
                Reply::Message(_) => return Err(protocol_error("an unexpected message after authentication")),
                Reply::Error(error) => return Err(error.into_record(self.server())),
            }
        }
    }
}

/// A server that takes the connection and says nothing is none, or has no time: the host's words for that speak of a timeout that
/// nobody set.
fn explain_silence(error: Error, config: &Config) -> Error {
    if error.code() != SILENCE {
        return error;
    }
    Error::new(
        Category::TransientNetwork,
        "connect_timeout",
        format!(
            "{}: it took the connection and was not ready within {} s",
            config.server(),
            config.connect_timeout_seconds
        ),
    )
    .retryable(true)
    .hint("check that 'host' and 'port' lead to a Postgres server, or raise 'connect_timeout_seconds'")
}

/// Without it authentication would fail: falling back to a plain connection is of no use.
fn needs_encryption(config: &Config) -> bool {
    config.channel_binding == ChannelBinding::Require
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
                    // As in libpq: who names authorities wants them to be asked.
                    SslMode::Require if config.sslrootcert.is_some() => TlsVerification::Ca,
                    SslMode::Disable | SslMode::Prefer | SslMode::Require => TlsVerification::None,
                },
                ca_pem: config.sslrootcert.clone(),
                client_cert_pem: config.sslcert.clone(),
                client_key_pem: config.sslkey.as_ref().map(|key| key.reveal_text().to_owned()),
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
    use crate::postgres::testing::{config, error_response, handshake, Script};

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

    fn servers(count: usize) -> Config {
        Config {
            further_servers: (1..count).map(|number| (format!("db{}", number), 5432)).collect(),
            ..config("disable")
        }
    }

    #[test]
    fn of_several_servers_the_first_that_answers_is_taken() {
        let mut asked = Vec::new();
        let connection = connect_to_one(&servers(3), |config| {
            asked.push(config.host.clone());
            match asked.len() {
                1 => Err(Error::new(Category::TransientNetwork, "connect_failed", "refused")),
                _ => Ok(Script::new(handshake())),
            }
        });
        assert!(connection.is_ok());
        assert_eq!(asked, [config("disable").host, "db1".to_owned()]);
    }

    #[test]
    fn when_none_answers_all_are_told_and_a_refused_user_ends_the_search() {
        let error = connect_to_one(&servers(2), |config| -> Result<Script> {
            Err(Error::new(
                Category::TransientNetwork,
                "connect_failed",
                format!("{} is down", config.host),
            ))
        })
        .err()
        .unwrap();
        assert!(error.message().contains("db1 is down"), "{}", error.message());
        assert!(
            error.message().contains(&format!("{} is down", config("disable").host)),
            "{}",
            error.message()
        );
        let mut asked = 0;
        let error = connect_to_one(&servers(2), |_| -> Result<Script> {
            asked += 1;
            Err(Error::new(Category::Auth, "28P01", "no"))
        })
        .err()
        .unwrap();
        assert_eq!((error.code(), asked), ("28P01", 1));
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
    fn preferred_encryption_without_which_the_password_could_not_be_bound_is_not_given_up() {
        let config = Config {
            channel_binding: ChannelBinding::Require,
            ..config("prefer")
        };
        let failing = Script::new(b"S".to_vec()).without_tls();
        let error = Connection::connect(&config, |_| Ok(failing.clone())).err().unwrap();
        assert_eq!(error.code(), "tls_failed");
        let mut reply = b"N".to_vec();
        reply.extend(handshake());
        let error = Connection::connect(&config, |_| Ok(Script::new(reply.clone())))
            .err()
            .unwrap();
        assert_eq!(error.code(), "channel_binding_required");
    }

    #[test]
    fn a_user_who_is_let_in_without_encryption_only_is_let_in_when_it_is_preferred() {
        let refusal = |with: &str| error_response("FATAL", "28000", &format!("no pg_hba.conf entry, {}", with));
        let mut encrypted = b"S".to_vec();
        encrypted.extend(refusal("SSL encryption"));
        let both = |plain: Vec<u8>| {
            let mut replies = vec![encrypted.clone(), plain].into_iter();
            Connection::connect(&config("prefer"), move |_| Ok(Script::new(replies.next().unwrap())))
        };
        assert!(both(handshake()).is_ok());
        let error = both(refusal("no encryption")).err().unwrap();
        assert!(error.message().contains("SSL encryption"), "{}", error.message());
        let error = both(error_response("FATAL", "28P01", "wrong password")).err().unwrap();
        assert_eq!(error.code(), "28P01");
    }

    #[test]
    fn authorities_that_are_named_are_asked_when_encryption_is_required() {
        for (sslmode, authorities, expected) in [
            ("require", None, TlsVerification::None),
            ("require", Some("PEM"), TlsVerification::Ca),
            ("prefer", Some("PEM"), TlsVerification::None),
        ] {
            let mut reply = b"S".to_vec();
            reply.extend(handshake());
            let script = Script::new(reply);
            let tls = script.tls();
            let config = Config {
                sslrootcert: authorities.map(str::to_owned),
                ..config(sslmode)
            };
            assert!(Connection::connect(&config, |_| Ok(script.clone())).is_ok());
            assert_eq!(tls.borrow().as_ref().unwrap().verify, expected);
        }
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

    /// Reports a setting again and again.
    struct Babbling;

    impl std::io::Read for Babbling {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            const SETTING: &[u8] = b"S\0\0\0\x08a\0b\0";
            buffer[..SETTING.len()].copy_from_slice(SETTING);
            Ok(SETTING.len())
        }
    }

    impl std::io::Write for Babbling {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Transport for Babbling {
        fn start_tls(&mut self, _: &TlsOptions) -> Result<()> {
            Ok(())
        }

        fn channel_binding(&mut self) -> Result<Option<Vec<u8>>> {
            Ok(None)
        }

        fn set_read_timeout(&mut self, _: Option<Duration>) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_server_that_goes_on_talking_does_not_hold_the_run_up() {
        let config = Config {
            connect_timeout_seconds: 1,
            ..config("disable")
        };
        let error = Connection::connect(&config, |_| Ok(Babbling)).err().unwrap();
        assert_eq!(error.code(), "connect_timeout");
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
