// SPDX-License-Identifier: Apache-2.0

//! The client against a real server. The tests run when `RAPIDBYTE_TEST_POSTGRES` holds the `config` of a connector as
//! JSON, and pass without doing anything when it does not.

use super::{
    connect, quote_literal, Config, Connection, CopyData, TransactionStatus, COPY_DATA_PREFIX, MESSAGE_HEADER,
};
use crate::error::Category;
use crate::tcp::TcpStream;

fn config() -> Option<Config> {
    let json = std::env::var("RAPIDBYTE_TEST_POSTGRES").ok()?;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    Some(Config::from_json(json.as_object().unwrap(), "rapidbyte test").unwrap())
}

fn with_server(test: impl FnOnce(Connection<TcpStream>)) {
    if let Some(config) = config() {
        test(connect(&config).unwrap());
    }
}

#[test]
fn queries_see_the_settings_of_the_client() {
    with_server(|mut connection| {
        let result = connection
            .query("SELECT current_setting('client_encoding'), current_setting('TimeZone'), 0.1::float8, NULL")
            .unwrap();
        let row = &result.rows[0];
        assert_eq!(
            (row.get(0), row.get(1), row.get(2), row.get(3)),
            (Some("UTF8"), Some("UTC"), Some("0.1"), None)
        );
        assert!(connection.server_major_version() >= 12);
        connection.close().unwrap();
    });
}

#[test]
fn literals_come_back_as_they_were() {
    with_server(|mut connection| {
        for text in ["it's", "a\\b", "\\'; --", "größe 😀\t\n", ""] {
            for setting in ["on", "off"] {
                connection
                    .execute(&format!("SET standard_conforming_strings = {}", setting))
                    .unwrap();
                assert_eq!(
                    connection
                        .query(&format!("SELECT{}", quote_literal(text)))
                        .unwrap()
                        .value(),
                    Some(text)
                );
            }
        }
    });
}

#[test]
fn data_copied_in_can_be_copied_out() {
    with_server(|mut connection| {
        connection.execute("CREATE TEMPORARY TABLE copied (t text)").unwrap();
        let mut message = vec![0; COPY_DATA_PREFIX];
        message.extend(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
        let mut copy = connection.copy_in("COPY copied FROM STDIN (FORMAT binary)").unwrap();
        copy.send(&mut message).unwrap();
        for number in 0..1000u32 {
            let text = vec![b'x'; number as usize * 3];
            let mut message = vec![0; COPY_DATA_PREFIX];
            message.extend([0, 1]);
            message.extend((text.len() as u32).to_be_bytes());
            message.extend(text);
            copy.send(&mut message).unwrap();
        }
        copy.send(&mut [0, 0, 0, 0, 0, 0xff, 0xff]).unwrap();
        assert_eq!(copy.finish().unwrap(), 1000);

        let mut copy = connection
            .copy_out("COPY copied TO STDOUT (FORMAT binary)", 1 << 20)
            .unwrap();
        let mut bytes = 0;
        while let CopyData::Messages(window) = copy.next().unwrap() {
            let mut taken = 0;
            while let Some(header) = super::header(&window[taken..]).unwrap() {
                if header.tag != b'd' || header.size > window.len() - taken {
                    break;
                }
                bytes += header.size - MESSAGE_HEADER;
                taken += header.size;
            }
            copy.consume(taken);
        }
        assert_eq!(bytes, 19 + 1000 * 6 + 3 * 1000 * 999 / 2 + 2);
        assert!(connection.is_ready());
    });
}

#[test]
fn a_failed_copy_leaves_the_transaction_failed_and_the_connection_ready() {
    with_server(|mut connection| {
        connection
            .execute("BEGIN; CREATE TEMPORARY TABLE refused (n int) ON COMMIT DROP")
            .unwrap();
        let mut copy = connection.copy_in("COPY refused FROM STDIN (FORMAT binary)").unwrap();
        copy.send(&mut *b".....this is no header of a copy".to_vec()).unwrap();
        let error = copy.finish().unwrap_err();
        assert_eq!((error.category(), error.code()), (Category::Data, "22P04"));
        assert_eq!(connection.transaction_status(), TransactionStatus::Failed);
        connection.execute("ROLLBACK").unwrap();
        assert_eq!(connection.transaction_status(), TransactionStatus::Idle);
        connection.execute("CREATE TEMPORARY TABLE refused (n int)").unwrap();
        connection
            .copy_in("COPY refused FROM STDIN (FORMAT binary)")
            .unwrap()
            .abort("no more")
            .unwrap();
        assert_eq!(connection.query("SELECT 1").unwrap().value(), Some("1"));
    });
}

#[test]
fn a_server_that_is_not_there_is_named() {
    if let Some(mut config) = config() {
        config.port = 1;
        let error = connect(&config).err().unwrap();
        assert_eq!(
            (error.category(), error.code()),
            (Category::TransientNetwork, "connection_refused")
        );
        assert!(
            error.message().contains(&format!("{}:1", config.host)),
            "{}",
            error.message()
        );
    }
}

/// Needs roles `clear`, `md5` and `scram` whose password is `geheim`, and lines of those methods in pg_hba.conf;
/// `RAPIDBYTE_TEST_POSTGRES_PASSWORDS` says that they are there.
#[test]
fn every_kind_of_password_is_taken_and_a_wrong_one_refused() {
    if std::env::var("RAPIDBYTE_TEST_POSTGRES_PASSWORDS").is_err() {
        return;
    }
    for role in ["clear", "md5", "scram"] {
        let mut config = config().unwrap();
        config.user = role.into();
        config.password = Some(super::Password::new("geheim"));
        let mut connection = connect(&config).unwrap();
        assert_eq!(connection.query("SELECT current_user").unwrap().value(), Some(role));
        config.password = Some(super::Password::new("falsch"));
        let error = connect(&config).err().unwrap();
        assert_eq!((error.category(), error.code()), (Category::Auth, "28P01"), "{}", role);
        assert!(!error.to_string().contains("falsch"));
    }
}
