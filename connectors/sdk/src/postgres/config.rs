// SPDX-License-Identifier: Apache-2.0

//! The members of a connector's `config` that say which server to connect to, and as whom.

use std::fmt;

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The longest name Postgres keeps whole; a longer one would be cut, and then mean something else.
const LONGEST_IDENTIFIER: usize = 63;

/// In seconds: the server counts in milliseconds, with 31 bits.
const LONGEST_STATEMENT: u64 = 2_000_000;

/// Whether and how a connection is encrypted: the values of `sslmode` as libpq has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// Never.
    Disable,
    /// When the server can.
    Prefer,
    /// Always; the certificate is looked at when there are authorities in `sslrootcert`, as for `VerifyCa`.
    Require,
    /// Always; the certificate leads to a trusted authority.
    VerifyCa,
    /// Always; the same, and the certificate names the host.
    VerifyFull,
}

impl SslMode {
    fn parse(text: &str) -> Option<SslMode> {
        match text {
            "disable" => Some(SslMode::Disable),
            "prefer" => Some(SslMode::Prefer),
            "require" => Some(SslMode::Require),
            "verify-ca" => Some(SslMode::VerifyCa),
            "verify-full" => Some(SslMode::VerifyFull),
            _ => None,
        }
    }
}

/// Whether authentication is bound to the encrypted connection it happens in: the values of `channel_binding` as libpq has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// When the connection is encrypted and the server offers it.
    Prefer,
    /// Always: a server that does not offer it gets no password.
    Require,
}

impl ChannelBinding {
    fn parse(text: &str) -> Option<ChannelBinding> {
        match text {
            "disable" => Some(ChannelBinding::Disable),
            "prefer" => Some(ChannelBinding::Prefer),
            "require" => Some(ChannelBinding::Require),
            _ => None,
        }
    }
}

/// What a session must be good for: the values of `target_session_attrs` as libpq has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetSession {
    Any,
    /// Transactions write unless told otherwise.
    ReadWrite,
    /// They do not.
    ReadOnly,
    Primary,
    Standby,
    /// A standby if there is one, else any.
    PreferStandby,
}

impl TargetSession {
    fn parse(text: &str) -> Option<TargetSession> {
        match text {
            "any" => Some(TargetSession::Any),
            "read-write" => Some(TargetSession::ReadWrite),
            "read-only" => Some(TargetSession::ReadOnly),
            "primary" => Some(TargetSession::Primary),
            "standby" => Some(TargetSession::Standby),
            "prefer-standby" => Some(TargetSession::PreferStandby),
            _ => None,
        }
    }
}

/// A password or a key, which no log line or error message shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    pub fn new(password: impl Into<String>) -> Password {
        Password(password.into())
    }

    /// The password itself: for authentication and nothing else.
    pub(super) fn reveal(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The same as text.
    pub(super) fn reveal_text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

/// Where to connect, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub host: String,
    pub port: u16,
    /// Where to connect when the first cannot be used, in this order.
    pub further_servers: Vec<(String, u16)>,
    pub target_session_attrs: TargetSession,
    pub user: String,
    pub password: Option<Password>,
    pub database: String,
    /// The schema of names that have none.
    pub schema: String,
    pub sslmode: SslMode,
    pub channel_binding: ChannelBinding,
    /// Trusted authorities in PEM; absent: the host's own for `verify-ca` and `verify-full`.
    pub sslrootcert: Option<String>,
    /// The certificate to log in with, in PEM, with those that lead to its authority.
    pub sslcert: Option<String>,
    /// The key of the certificate.
    pub sslkey: Option<Password>,
    pub connect_timeout_seconds: u32,
    /// How long a statement may take at most; 0: as long as it takes.
    pub statement_timeout_seconds: u32,
    pub application_name: String,
}

impl Config {
    /// Reads the members from the connector's `config`; `application_name` is the default of that member.
    /// Members of other names are left to the connector.
    pub fn from_json(members: &Map<String, Value>, application_name: &str) -> Result<Config> {
        let sslmode = optional_text(members, "sslmode")?.unwrap_or_else(|| "prefer".into());
        let sslmode = SslMode::parse(&sslmode).ok_or_else(|| {
            invalid(format!(
                "member 'sslmode' is {:?}, not disable, prefer, require, verify-ca or verify-full",
                sslmode
            ))
        })?;
        let channel_binding = channel_binding(members)?;
        if channel_binding == ChannelBinding::Require && sslmode == SslMode::Disable {
            return Err(invalid(
                "member 'channel_binding' is require, which needs encryption, and member 'sslmode' is disable".into(),
            ));
        }
        let sslcert = optional_text(members, "sslcert")?;
        let sslkey = optional_text(members, "sslkey")?.map(Password);
        if sslcert.is_some() != sslkey.is_some() {
            return Err(invalid(
                "members 'sslcert' and 'sslkey' go together, and only one of them is given".into(),
            ));
        }
        let mut servers = servers(members)?;
        let (host, port) = servers.remove(0);
        let target = optional_text(members, "target_session_attrs")?.unwrap_or_else(|| "any".into());
        Ok(Config {
            host,
            port,
            further_servers: servers,
            target_session_attrs: TargetSession::parse(&target).ok_or_else(|| {
                invalid(format!(
                    "member 'target_session_attrs' is {:?}, not any, read-write, read-only, primary, standby or prefer-standby",
                    target
                ))
            })?,
            user: required_text(members, "user")?,
            password: optional_text(members, "password")?.map(Password),
            database: required_text(members, "database")?,
            schema: identifier(members, "schema", "public")?,
            sslmode,
            channel_binding,
            sslrootcert: optional_text(members, "sslrootcert")?,
            sslcert,
            sslkey,
            connect_timeout_seconds: number(members, "connect_timeout_seconds", 10, 1, 3600)? as u32,
            statement_timeout_seconds: number(members, "statement_timeout_seconds", 0, 0, LONGEST_STATEMENT)? as u32,
            application_name: optional_text(members, "application_name")?.unwrap_or_else(|| application_name.into()),
        })
    }

    /// How messages call the server: everything that finds it, and no secret.
    pub fn server(&self) -> String {
        let further: String = self
            .further_servers
            .iter()
            .map(|(host, port)| format!(" or {}:{}", host, port))
            .collect();
        format!(
            "Postgres at {}:{}{} (database {}, user {})",
            self.host, self.port, further, self.database, self.user
        )
    }

    /// The same for each of the servers alone.
    pub(super) fn each_server(&self) -> Vec<Config> {
        let alone = |(host, port): (String, u16)| Config {
            host,
            port,
            further_servers: Vec::new(),
            ..self.clone()
        };
        std::iter::once((self.host.clone(), self.port))
            .chain(self.further_servers.iter().cloned())
            .map(alone)
            .collect()
    }
}

fn channel_binding(members: &Map<String, Value>) -> Result<ChannelBinding> {
    let text = optional_text(members, "channel_binding")?.unwrap_or_else(|| "prefer".into());
    ChannelBinding::parse(&text).ok_or_else(|| {
        invalid(format!(
            "member 'channel_binding' is {:?}, not disable, prefer or require",
            text
        ))
    })
}

/// The hosts with their ports; at least one.
fn servers(members: &Map<String, Value>) -> Result<Vec<(String, u16)>> {
    let hosts = required_text(members, "host")?;
    let hosts: Vec<&str> = hosts.split(',').map(str::trim).collect();
    if hosts.contains(&"") {
        return Err(invalid("member 'host' holds an empty name between its commas".into()));
    }
    if let Some(socket) = hosts.iter().find(|host| host.starts_with('/') || host.starts_with('@')) {
        return Err(invalid(format!(
            "member 'host' names the Unix socket {:?}, and a connector, which sees no files, has only TCP",
            socket
        ))
        .hint("set 'host' to localhost and 'port' to the server's port; the server listens there when its 'listen_addresses' says so"));
    }
    let ports = match members.get("port") {
        Some(Value::String(text)) if text.contains(',') => {
            let ports: Vec<Option<u16>> = text.split(',').map(|port| port.trim().parse().ok()).collect();
            ports.into_iter().collect::<Option<Vec<u16>>>().unwrap_or_default()
        }
        _ => vec![number(members, "port", 5432, 1, 65535)? as u16; hosts.len()],
    };
    if ports.len() != hosts.len() || ports.contains(&0) {
        return Err(invalid(
            "member 'port' is neither one port for all hosts, nor as many ports as 'host' names hosts".into(),
        ));
    }
    Ok(hosts.into_iter().map(str::to_owned).zip(ports).collect())
}

fn required_text(members: &Map<String, Value>, name: &str) -> Result<String> {
    match optional_text(members, name)? {
        Some(text) if !text.is_empty() => Ok(text),
        Some(_) => Err(invalid(format!("member '{}' is empty", name))),
        None => Err(invalid(format!("member '{}' is missing", name))),
    }
}

fn optional_text(members: &Map<String, Value>, name: &str) -> Result<Option<String>> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.contains('\0') => {
            Err(invalid(format!("member '{}' holds a zero byte", name)))
        }
        Some(Value::String(text)) => Ok(Some(text.clone())),
        // The value itself may be a secret in the wrong place, so it is not repeated.
        Some(_) => Err(invalid(format!("member '{}' is not a string", name))),
    }
}

fn identifier(members: &Map<String, Value>, name: &str, default: &str) -> Result<String> {
    let text = optional_text(members, name)?.unwrap_or_else(|| default.into());
    if text.is_empty() || text.len() > LONGEST_IDENTIFIER {
        return Err(invalid(format!(
            "member '{}' is not a name of 1 to {} bytes",
            name, LONGEST_IDENTIFIER
        )));
    }
    Ok(text)
}

/// A number, or a string of digits: what a pipeline file fills in from the environment is a string.
fn number(members: &Map<String, Value>, name: &str, default: u64, least: u64, most: u64) -> Result<u64> {
    let value = match members.get(name) {
        None | Some(Value::Null) => Some(default),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    value.filter(|value| (least..=most).contains(value)).ok_or_else(|| {
        invalid(format!(
            "member '{}' is not a whole number from {} to {}",
            name, least, most
        ))
    })
}

fn invalid(problem: String) -> Error {
    Error::config("invalid_config", format!("the connector's config: {}", problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(config: Value) -> Result<Config> {
        Config::from_json(config.as_object().unwrap(), "rapidbyte")
    }

    #[test]
    fn defaults_are_filled_in() {
        let config = parse(json!({"host": "db", "user": "ann", "database": "shop"})).unwrap();
        assert_eq!(
            config,
            Config {
                host: "db".into(),
                port: 5432,
                further_servers: Vec::new(),
                target_session_attrs: TargetSession::Any,
                user: "ann".into(),
                password: None,
                database: "shop".into(),
                schema: "public".into(),
                sslmode: SslMode::Prefer,
                channel_binding: ChannelBinding::Prefer,
                sslrootcert: None,
                sslcert: None,
                sslkey: None,
                connect_timeout_seconds: 10,
                statement_timeout_seconds: 0,
                application_name: "rapidbyte".into(),
            }
        );
    }

    #[test]
    fn every_member_is_read() {
        let config = parse(
            json!({"host": "db", "port": "6543", "user": "ann", "password": "geheim", "database": "shop", "schema": "Sales",
                    "sslmode": "verify-full", "channel_binding": "require", "sslrootcert": "PEM", "sslcert": "C", "sslkey": "K", "connect_timeout_seconds": 3,
                    "statement_timeout_seconds": "90",
                    "application_name": "nightly", "else": 1})
        )
        .unwrap();
        assert_eq!(config.port, 6543);
        assert_eq!(config.password, Some(Password::new("geheim")));
        assert_eq!(config.schema, "Sales");
        assert_eq!(config.sslmode, SslMode::VerifyFull);
        assert_eq!(config.channel_binding, ChannelBinding::Require);
        assert_eq!(config.sslrootcert.as_deref(), Some("PEM"));
        assert_eq!(config.sslcert.as_deref(), Some("C"));
        assert_eq!(config.sslkey, Some(Password::new("K")));
        assert_eq!(config.connect_timeout_seconds, 3);
        assert_eq!(config.statement_timeout_seconds, 90);
        assert_eq!(config.application_name, "nightly");
    }

    #[test]
    fn several_servers_have_one_port_or_each_its_own() {
        let servers = |host: &str, port: Value| {
            parse(json!({"host": host, "port": port, "user": "a", "database": "d"})).map(|config| {
                config
                    .each_server()
                    .into_iter()
                    .map(|server| format!("{}:{}", server.host, server.port))
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(servers("a, b", json!(6543)).unwrap(), ["a:6543", "b:6543"]);
        assert_eq!(servers("a,b,::1", json!("1,2, 3")).unwrap(), ["a:1", "b:2", "::1:3"]);
        for (host, port) in [
            ("a,b", "1,2,3"),
            ("a", "1,2"),
            ("a,b", "1,x"),
            ("a,b", "0,1"),
            ("a,b", "1,70000"),
        ] {
            let error = servers(host, json!(port)).unwrap_err();
            assert!(error.message().contains("'port' is neither"), "{}", error.message());
        }
        assert!(servers("a,,b", json!(1)).unwrap_err().message().contains("empty name"));
        let config = parse(json!({"host": "a,b", "user": "u", "database": "d"})).unwrap();
        assert_eq!(config.server(), "Postgres at a:5432 or b:5432 (database d, user u)");
    }

    #[test]
    fn the_password_shows_nowhere() {
        let config = parse(json!({"host": "db", "user": "ann", "database": "shop", "password": "geheim"})).unwrap();
        assert!(!format!("{:?} {}", config, config.server()).contains("geheim"));
    }

    #[test]
    fn a_wrong_member_is_named_and_its_value_is_not_shown() {
        let wrong = [
            (json!({"user": "a", "database": "d"}), "'host' is missing"),
            (json!({"host": "", "user": "a", "database": "d"}), "'host' is empty"),
            (
                json!({"host": "h", "user": 7, "database": "d"}),
                "'user' is not a string",
            ),
            (
                json!({"host": "h", "user": "a", "database": "d", "port": 0}),
                "'port' is not a whole number from 1 to 65535",
            ),
            (
                json!({"host": "h", "user": "a", "database": "d", "port": "x"}),
                "'port'",
            ),
            (
                json!({"host": "h", "user": "a", "database": "d", "port": 1.5}),
                "'port'",
            ),
            (
                json!({"host": "h", "user": "a", "database": "d", "sslmode": "yes"}),
                "'sslmode' is \"yes\"",
            ),
            (
                json!({"host": "h", "user": "a", "database": "d", "channel_binding": "always"}),
                "'channel_binding' is \"always\"",
            ),
            (
                json!({"host": "h", "user": "a", "database": "d", "channel_binding": "require", "sslmode": "disable"}),
                "needs encryption",
            ),
            (
                json!({"host": "db, /run/postgresql", "user": "a", "database": "d"}),
                "the Unix socket \"/run/postgresql\"",
            ),
            (
                json!({"host": "h", "user": "a", "database": "d", "target_session_attrs": "writable"}),
                "'target_session_attrs' is \"writable\"",
            ),
            (
                json!({"host": "h", "user": "a", "database": "d", "sslkey": "geheim"}),
                "'sslcert' and 'sslkey' go together",
            ),
            (
                json!({"host": "h", "user": "a", "database": "d", "schema": ""}),
                "'schema'",
            ),
            (
                json!({"host": "h", "user": "a", "database": "d\u{0}"}),
                "'database' holds a zero byte",
            ),
            (
                json!({"host": "h", "user": "a", "database": "d", "password": ["geheim"]}),
                "'password' is not a string",
            ),
        ];
        for (config, expected) in wrong {
            let error = parse(config).unwrap_err();
            assert!(error.message().contains(expected), "{}", error.message());
            assert!(!error.message().contains("geheim"));
        }
    }
}
