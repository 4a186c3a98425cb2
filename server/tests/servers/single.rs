//! One server: answers, keeps what was committed, is paused and resumed.

use crate::harness::{Server, eventually, shared_mariadb, shared_mysql};
use mysql::prelude::Queryable;
use mysql::{Conn, Opts};
use std::time::{Duration, Instant};

fn connect(url: &str) -> Conn {
    Conn::new(Opts::from_url(url).unwrap()).unwrap()
}

/// Answers on an empty database of its own, for an account that may do nothing elsewhere.
fn answers(server: &Server, names: &str) {
    let (first, second) = (server.fresh_database(), server.fresh_database());
    assert_ne!(first, second);
    let mut connection = connect(&first);
    let version: String = connection.query_first("SELECT VERSION()").unwrap().unwrap();
    assert!(version.contains(names), "{version}");
    let tables: Vec<String> = connection.query("SHOW TABLES").unwrap();
    assert_eq!(tables, [""; 0]);
    let character_set = "SELECT @@character_set_database";
    assert_eq!(connection.query_first(character_set).unwrap(), Some("utf8mb4".to_owned()));
    assert!(connection.query_drop("SELECT COUNT(*) FROM mysql.user").is_err());
}

#[test]
fn mariadb_answers() {
    let Some(server) = shared_mariadb() else { return };
    answers(server, "MariaDB");
}

#[test]
fn mysql_answers() {
    let Some(server) = shared_mysql() else { return };
    answers(server, "");
    // The account's password is checked in MySQL's own way.
    let plugin = "SELECT plugin FROM mysql.user WHERE user = 'boxoffice'";
    assert_eq!(server.ask(plugin), Some("caching_sha2_password".to_owned()));
}

/// What was committed is there after a crash and after an orderly end, at the same address.
fn keeps_what_was_committed(mut server: Server) {
    let url = server.fresh_database();
    let mut connection = connect(&url);
    connection.query_drop("CREATE TABLE kept (id INT PRIMARY KEY)").unwrap();
    connection.query_drop("INSERT INTO kept VALUES (1), (2)").unwrap();
    server.kill();
    assert!(!server.is_running());
    assert!(connection.query_drop("SELECT 1").is_err());
    server.start();
    let mut connection = connect(&url);
    connection.query_drop("INSERT INTO kept VALUES (3)").unwrap();
    server.stop();
    server.start();
    let kept: Vec<u32> = connect(&url).query("SELECT id FROM kept ORDER BY id").unwrap();
    assert_eq!(kept, [1, 2, 3]);
}

#[test]
fn mariadb_keeps_what_was_committed() {
    if let Some(server) = Server::mariadb() {
        keeps_what_was_committed(server);
    }
}

#[test]
fn mysql_keeps_what_was_committed() {
    if let Some(server) = Server::mysql() {
        keeps_what_was_committed(server);
    }
}

/// A paused server holds its answers back; dropped, it ends all the same and its folder goes.
#[test]
fn a_paused_server_answers_when_it_is_resumed() {
    let Some(server) = Server::mariadb() else { return };
    let mut connection = connect(&server.fresh_database());
    let pause = Duration::from_millis(10);
    // Often: a thread that the signal has not reached yet could answer.
    for _ in 0..200 {
        std::thread::scope(|scope| {
            server.pause();
            let (connection, asked) = (&mut connection, Instant::now());
            let answer = scope.spawn(move || (connection.query_drop("SELECT 1"), asked.elapsed()));
            std::thread::sleep(pause);
            server.resume();
            let (answer, after) = answer.join().unwrap();
            answer.unwrap();
            assert!(after >= pause, "it answered after {after:?}");
        });
    }
    server.pause();
    let (folder, port) = (server.data_folder(), server.port());
    drop(server);
    assert!(!folder.exists());
    let free = || std::net::TcpListener::bind(("127.0.0.1", port)).ok();
    eventually("its port is free", Duration::from_secs(5), free);
}
