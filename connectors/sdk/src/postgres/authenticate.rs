// SPDX-License-Identifier: Apache-2.0

//! Authentication: none, a password in clear text, MD5, SCRAM-SHA-256.

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256, SCRAM_SHA_256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use crate::error::{Category, Error, Result};

use super::config::Config;
use super::connection::{Connection, Reply};
use super::error::protocol_error;
use super::transport::Transport;

impl<T: Transport> Connection<T> {
    /// Answers the server's requests until it is satisfied.
    pub(super) fn authenticate(&mut self, config: &Config) -> Result<()> {
        match self.authentication_request()? {
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationCleartextPassword => self.send_password(password(config)?)?,
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(config.user.as_bytes(), password(config)?, body.salt());
                self.send_password(hash.as_bytes())?;
            }
            Message::AuthenticationSasl(body) => self.scram(&body, config)?,
            other => return Err(unsupported(config, method_name(&other))),
        }
        match self.authentication_request()? {
            Message::AuthenticationOk => Ok(()),
            _ => Err(protocol_error("it asked for a second authentication")),
        }
    }

    fn scram(&mut self, offer: &AuthenticationSaslBody, config: &Config) -> Result<()> {
        let mut offered = offer.mechanisms();
        loop {
            match offered.next().map_err(protocol_error)? {
                Some(SCRAM_SHA_256) => break,
                Some(_) => {}
                None => return Err(unsupported(config, "a SASL mechanism other than SCRAM-SHA-256")),
            }
        }
        // Keys and certificates stay in the host, so there is nothing here to bind the channel to.
        let mut scram = ScramSha256::new(password(config)?, ChannelBinding::unsupported());
        let mut message = BytesMut::new();
        frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut message)?;
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
    .hint("check 'password', and that the server is the one it should be")
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
    use crate::postgres::testing::{authentication, config, error_response, handshake_tail, Script};

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
