// SPDX-License-Identifier: Apache-2.0

//! What the destination's connections are set to.

use super::*;
use crate::session::Session;
use crate::settings::Settings;

fn setting(server: &Server, user: &str, name: &str) -> String {
    set_host(StandInHost::default());
    let mut config = server.config.clone();
    config.insert("user".into(), user.into());
    let mut session = Session::new(Settings::from_json(&config).unwrap());
    let found = session.query(&format!("SHOW {}", name)).unwrap();
    session.close().unwrap();
    found.value().unwrap().to_owned()
}

#[test]
fn the_server_notices_soon_that_a_worker_is_gone() {
    with_server("rb_gone", |server| {
        let user = server.config["user"].as_str().unwrap();
        for (name, expected) in [
            ("tcp_keepalives_idle", "30"),
            ("tcp_keepalives_interval", "10"),
            ("tcp_keepalives_count", "3"),
            ("tcp_user_timeout", "60000"),
        ] {
            assert_eq!(setting(&server, user, name), expected, "{}", name);
        }
    });
}

#[test]
fn what_is_committed_is_on_the_servers_disk() {
    with_server("rb_disk", |mut server| {
        for (set, expected) in [("off", "local"), ("remote_write", "remote_write"), ("on", "on")] {
            server.run(&format!(
                "DROP ROLE IF EXISTS \"rb Disk\"; CREATE ROLE \"rb Disk\" LOGIN; ALTER ROLE \"rb Disk\" SET synchronous_commit = {}",
                set
            ));
            assert_eq!(setting(&server, "rb Disk", "synchronous_commit"), expected);
        }
        server.run("DROP ROLE \"rb Disk\"");
    });
}
