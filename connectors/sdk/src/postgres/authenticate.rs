// SPDX-License-Identifier: Apache-2.0

//! Authentication: none, a password in clear text, MD5, SCRAM-SHA-256 and, over TLS, SCRAM-SHA-256-PLUS.

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{self, ScramSha256, SCRAM_SHA_256, SCRAM_SHA_256_PLUS};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use crate::error::{Category, Error, Result};

use super::config::{ChannelBinding, Config};
use super::connection::{Connection, Reply};
use super::error::protocol_error;
use super::transport::Transport;

/// What the conversation goes through.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    Plain,
    Encrypted,
}

impl<T: Transport> Connection<T> {
    /// Answers the server's requests until it is satisfied.
    #[inline(never)]
    pub(super) fn authenticate(&mut self, channel: Channel, config: &Config) -> Result<()> {
        let end_point = self.end_point(channel, config)?;
        if config.channel_binding == ChannelBinding::Require {
            return self.authenticate_bound(end_point, config);
        }
        match self.authentication_request()? {
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationCleartextPassword => self.send_password(password(config)?)?,
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(config.user.as_bytes(), password(config)?, body.salt());
                self.send_password(hash.as_bytes())?;
            }
            Message::AuthenticationSasl(body) => self.scram(&body, end_point, config)?,
            other => return Err(unsupported(config, method_name(&other))),
        }
        self.authenticated()
    }

    /// Does nothing that somebody in between could make use of: no password is shown to a server that has not bound SCRAM to the
    /// certificate that is seen here, and nobody else is believed to be the server.
    fn authenticate_bound(&mut self, end_point: EndPoint, config: &Config) -> Result<()> {
        match self.authentication_request()? {
            Message::AuthenticationSasl(body) if offers(&body, SCRAM_SHA_256_PLUS)? => {
                self.scram(&body, end_point, config)?;
                self.authenticated()
            }
            other => Err(not_bound(config, unbound_method(&other))),
        }
    }

    fn authenticated(&mut self) -> Result<()> {
        match self.authentication_request()? {
            Message::AuthenticationOk => Ok(()),
            _ => Err(protocol_error("it asked for a second authentication")),
        }
    }

    /// What the login is bound to.
    fn end_point(&mut self, channel: Channel, config: &Config) -> Result<EndPoint> {
        let required = config.channel_binding == ChannelBinding::Require;
        if config.channel_binding == ChannelBinding::Disable {
            return Ok(EndPoint::Unwanted);
        }
        if channel == Channel::Plain {
            return match required {
                true => Err(not_bound(config, "the server does not offer encryption").hint(
                    "switch TLS on at the server and set 'sslmode' to require, verify-ca or verify-full, or set 'channel_binding' to prefer",
                )),
                false => Ok(EndPoint::Unwanted),
            };
        }
        match self.transport.channel_binding()? {
            None if required => Err(not_bound(
                config,
                "the algorithm that signs the server's certificate defines no hash to bind to",
            )
            .hint(
                "give the server a certificate that is signed with RSA or ECDSA, or set 'channel_binding' to prefer",
            )),
            None => Ok(EndPoint::WithoutHash),
            Some(hash) => Ok(EndPoint::Hash(hash)),
        }
    }

    fn scram(&mut self, offer: &AuthenticationSaslBody, end_point: EndPoint, config: &Config) -> Result<()> {
        let (mechanism, binding) = choose_mechanism(offer, end_point, config)?;
        let mut scram = begin_scram(password(config)?, binding);
        let mut message = BytesMut::new();
        frontend::sasl_initial_response(mechanism, scram.message(), &mut message)?;
        self.send(&message)?;

        match self.authentication_request()? {
            Message::AuthenticationSaslContinue(body) => {
                scram.update(body.data()).map_err(|e| scram_failed(config, e))?
            }
            _ => return Err(protocol_error("SCRAM was not continued")),
        }
        message.clear();
        frontend::sasl_response(scram.message(), &mut message)?;
        self.send(&message)?;

        match self.authentication_request()? {
            // The server proves here that it knows the password too.
            Message::AuthenticationSaslFinal(body) => scram.finish(body.data()).map_err(|e| scram_failed(config, e)),
            _ => Err(protocol_error("SCRAM was not completed")),
        }
    }

    fn send_password(&mut self, password: &[u8]) -> Result<()> {
        let mut message = BytesMut::new();
        frontend::password_message(password, &mut message)?;
        self.send(&message)
    }

    fn authentication_request(&mut self) -> Result<Message> {
        match self.receive()? {
            Reply::Message(message) => Ok(message),
            Reply::Error(error) => Err(error.into_record(self.server())),
        }
    }
}

/// What there is to bind a login to.
#[derive(Debug, PartialEq, Eq)]
enum EndPoint {
    /// Nothing, because the channel is not encrypted, or because that is not wanted.
    Unwanted,
    /// A certificate whose algorithm defines no hash.
    WithoutHash,
    /// The hash of the server's certificate.
    Hash(Vec<u8>),
}

/// Chooses how to authenticate.
#[inline(never)]
fn choose_mechanism(
    offer: &AuthenticationSaslBody,
    end_point: EndPoint,
    config: &Config,
) -> Result<(&'static str, sasl::ChannelBinding)> {
    let (mechanism, binding) = match end_point {
        EndPoint::Hash(hash) if offers(offer, SCRAM_SHA_256_PLUS)? => {
            (SCRAM_SHA_256_PLUS, sasl::ChannelBinding::tls_server_end_point(hash))
        }
        // A server that did offer it sees from this that somebody has taken the offer away.
        // Whoever shows another certificate, and one without a hash, must not be able to switch that off.
        EndPoint::WithoutHash if offers(offer, SCRAM_SHA_256_PLUS)? => return Err(not_bound(
            config,
            "the algorithm that signs the server's certificate defines no hash to bind to, and the server asks for one",
        )
        .hint("give the server a certificate that is signed with RSA or ECDSA, or set 'channel_binding' to disable")),
        EndPoint::Hash(_) | EndPoint::WithoutHash => (SCRAM_SHA_256, sasl::ChannelBinding::unrequested()),
        EndPoint::Unwanted => (SCRAM_SHA_256, sasl::ChannelBinding::unsupported()),
    };
    if !offers(offer, mechanism)? {
        return Err(unsupported(config, "a SASL mechanism other than SCRAM-SHA-256"));
    }
    Ok((mechanism, binding))
}

#[inline(never)]
fn begin_scram(password: &[u8], binding: sasl::ChannelBinding) -> ScramSha256 {
    ScramSha256::new(password, binding)
}

fn offers(offer: &AuthenticationSaslBody, mechanism: &str) -> Result<bool> {
    let mut offered = offer.mechanisms();
    while let Some(name) = offered.next().map_err(protocol_error)? {
        if name == mechanism {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `channel_binding` is require, and this is why it cannot be.
fn not_bound(config: &Config, why: &str) -> Error {
    Error::new(
        Category::Auth,
        "channel_binding_required",
        format!(
            "{}: 'channel_binding' is require, and {}",
            config.server(),
            why
        ),
    )
    .hint(
        "let pg_hba.conf ask this user for scram-sha-256 over TLS (hostssl), and set the password again with password_encryption = \
         'scram-sha-256'; or set 'channel_binding' to prefer",
    )
}

fn unbound_method(request: &Message) -> &'static str {
    match request {
        Message::AuthenticationOk => "the server lets this user in without a password",
        Message::AuthenticationCleartextPassword => "the server asks for the password in clear text",
        Message::AuthenticationMd5Password(_) => "the server asks for an MD5 hash of the password",
        Message::AuthenticationSasl(_) => "the server does not offer SCRAM-SHA-256-PLUS",
        _ => "the server asks for something else than SCRAM-SHA-256-PLUS",
    }
}

fn password(config: &Config) -> Result<&[u8]> {
    match &config.password {
        Some(password) => Ok(password.reveal()),
        None => Err(Error::new(
            Category::Auth,
            "missing_password",
            format!(
                "{} asks for a password, and the connector's config has none",
                config.server()
            ),
        )
        .hint("set 'password'")),
    }
}

fn unsupported(config: &Config, method: &str) -> Error {
    Error::new(
        Category::Auth,
        "unsupported_authentication",
        format!(
            "{} asks for {}, which the connector does not have",
            config.server(),
            method
        ),
    )
    .hint("let pg_hba.conf ask this user for scram-sha-256, md5 or password")
}

fn scram_failed(config: &Config, cause: std::io::Error) -> Error {
    Error::new(
        Category::Auth,
        "scram_failed",
        format!("{}: SCRAM-SHA-256 failed: {}", config.server(), cause),
    )
    .hint("check 'password', and that nobody stands between the connector and the server")
}

fn method_name(request: &Message) -> &'static str {
    match request {
        Message::AuthenticationKerberosV5 => "Kerberos",
        Message::AuthenticationScmCredential => "SCM credentials",
        Message::AuthenticationGss | Message::AuthenticationGssContinue(_) => "GSSAPI",
        Message::AuthenticationSspi => "SSPI",
        _ => "an unknown kind of authentication",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::testing::{authentication, config, error_response, handshake_tail, Script, CERTIFICATE_HASH};

    fn attempt(config: &Config, reply: Vec<u8>) -> (Result<()>, Vec<u8>) {
        let script = Script::new(reply);
        let sent = script.sent();
        let result = Connection::connect(config, |_| Ok(script.clone())).map(|_| ());
        let sent = sent.borrow().clone();
        (result, sent)
    }

    fn contains(haystack: &[u8], needle: &[u8]) -> bool {
        haystack.windows(needle.len()).any(|window| window == needle)
    }

    #[test]
    fn a_clear_text_password_is_sent_when_asked_for() {
        let mut reply = authentication(3, b"");
        reply.extend(authentication(0, b""));
        reply.extend(handshake_tail());
        let (result, sent) = attempt(&config("disable"), reply);
        result.unwrap();
        assert!(contains(&sent, b"p\0\0\0\x0bgeheim\0"));
    }

    #[test]
    fn md5_sends_the_salted_hash() {
        let mut reply = authentication(5, &[1, 2, 3, 4]);
        reply.extend(authentication(0, b""));
        reply.extend(handshake_tail());
        let (result, sent) = attempt(&config("disable"), reply);
        result.unwrap();
        // md5(md5("geheim" + "ann") + salt), computed with another implementation.
        assert!(contains(&sent, MD5_ANSWER));
        assert!(!contains(&sent, b"geheim"));
    }

    const MD5_ANSWER: &[u8] = b"md522a979dc904e2347cdbc3e19805085a1\0";

    #[test]
    fn a_missing_password_and_a_refused_one_are_auth_errors() {
        let mut without = config("disable");
        without.password = None;
        let (result, _) = attempt(&without, authentication(5, &[1, 2, 3, 4]));
        let error = result.unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Auth, "missing_password"));

        let mut reply = authentication(3, b"");
        reply.extend(error_response(
            "FATAL",
            "28P01",
            "password authentication failed for user \"ann\"",
        ));
        let (result, _) = attempt(&config("disable"), reply);
        let error = result.unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Auth, "28P01"));
        assert!(
            error.message().contains("db:5432") && !error.message().contains("geheim"),
            "{}",
            error.message()
        );
        assert!(!error.is_retryable());
    }

    fn encrypted(binding: ChannelBinding, offer: &[u8]) -> (Result<()>, Vec<u8>) {
        let mut reply = b"S".to_vec();
        reply.extend(authentication(10, offer));
        let config = Config {
            channel_binding: binding,
            ..config("require")
        };
        attempt(&config, reply)
    }

    #[test]
    fn scram_is_bound_to_the_certificate_when_the_server_offers_it() {
        const BOTH: &[u8] = b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";
        const ONE: &[u8] = b"SCRAM-SHA-256\0\0";
        use ChannelBinding::{Disable, Prefer, Require};
        for (binding, offer, mechanism, header) in [
            (Prefer, BOTH, "SCRAM-SHA-256-PLUS\0", "p=tls-server-end-point,,"),
            (Require, BOTH, "SCRAM-SHA-256-PLUS\0", "p=tls-server-end-point,,"),
            (Disable, BOTH, "SCRAM-SHA-256\0", "n,,"),
            (Prefer, ONE, "SCRAM-SHA-256\0", "y,,"),
        ] {
            let (_, sent) = encrypted(binding, offer);
            let what = format!("{:?} of {}", binding, String::from_utf8_lossy(offer));
            assert!(contains(&sent, mechanism.as_bytes()), "{}", what);
            assert!(contains(&sent, header.as_bytes()), "{}", what);
        }
        let (result, sent) = encrypted(Require, ONE);
        assert!(result
            .unwrap_err()
            .message()
            .contains("does not offer SCRAM-SHA-256-PLUS"));
        assert!(!contains(&sent, b"SCRAM"));
    }

    /// Whoever stands between with such a certificate must not be able to switch the binding off by it.
    #[test]
    fn a_certificate_without_a_hash_does_not_switch_the_binding_off() {
        let encrypted = |offer: &[u8]| {
            let mut reply = b"S".to_vec();
            reply.extend(authentication(10, offer));
            let script = Script::new(reply).without_hash();
            let sent = script.sent();
            let mut script = Some(script);
            let result = Connection::connect(&config("require"), |_| Ok(script.take().unwrap())).map(|_| ());
            let sent = sent.borrow().clone();
            (result, sent)
        };
        let (result, sent) = encrypted(b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0");
        assert_eq!(result.unwrap_err().code(), "channel_binding_required");
        assert!(!contains(&sent, b"SCRAM"));
        let (_, sent) = encrypted(b"SCRAM-SHA-256\0\0");
        assert!(contains(&sent, b"y,,"));
    }

    #[test]
    fn what_is_bound_is_the_hash_of_the_certificate() {
        let mut connection = Connection::new(Script::new(Vec::new()), "s".into());
        let end_point = connection.end_point(Channel::Encrypted, &config("require")).unwrap();
        assert_eq!(end_point, EndPoint::Hash(CERTIFICATE_HASH.to_vec()));
        assert_eq!(
            connection.end_point(Channel::Plain, &config("prefer")).unwrap(),
            EndPoint::Unwanted
        );
    }

    #[test]
    fn no_password_is_shown_without_the_binding_that_is_required() {
        for (kind, body, expected) in [
            (0, &b""[..], "without a password"),
            (3, b"", "in clear text"),
            (5, b"\x01\x02\x03\x04", "MD5"),
            (7, b"", "something else"),
        ] {
            let mut reply = b"S".to_vec();
            reply.extend(authentication(kind, body));
            let config = Config {
                channel_binding: ChannelBinding::Require,
                ..config("require")
            };
            let (result, sent) = attempt(&config, reply);
            let error = result.unwrap_err();
            assert_eq!(
                (error.category(), error.code()),
                (Category::Auth, "channel_binding_required")
            );
            assert!(error.message().contains(expected), "{}", error.message());
            assert!(!contains(&sent, b"geheim"));
        }
    }

    #[test]
    fn other_methods_are_named() {
        let (result, _) = attempt(&config("disable"), authentication(7, b""));
        assert!(result.unwrap_err().message().contains("GSSAPI"));
        let (result, _) = attempt(&config("disable"), authentication(10, b"OAUTHBEARER\0\0"));
        assert!(result.unwrap_err().message().contains("SASL"));
    }

    #[test]
    fn a_server_that_cannot_prove_itself_is_refused() {
        let mut reply = authentication(10, b"SCRAM-SHA-256\0\0");
        reply.extend(authentication(11, b"r=not-the-clients-nonce,s=QSXCR+Q6sek8bf92,i=4096"));
        let (result, sent) = attempt(&config("disable"), reply);
        let error = result.unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Auth, "scram_failed"));
        assert!(contains(&sent, b"SCRAM-SHA-256\0"));
    }
}
