//! Statements read by their index, for hundreds of keys, and so lock nothing else.

use super::on_each;
use super::sale::{NOW, charge, fan, in_the_shop_in, join, keyed, reserve, run};
use crate::servers::Server;
use boxoffice_core::batch::Envelope;
use boxoffice_server::store::mysql::MySqlStore;
use mysql::prelude::Queryable;
use std::collections::BTreeMap;

on_each! {
    /// What the servers say about the statements that they were sent.
    each_statement_uses_its_index;
}

/// The statements that batches of hundreds of commands send.
fn sent(server: &Server, url: &str) -> Vec<String> {
    let options = crate::subject::options(url);
    let mut store = MySqlStore::open(&options).expect("a database of our own");
    let mut log = server.harness().expect("a connection");
    log.query_drop("SET GLOBAL log_output = 'TABLE'").expect("a log");
    log.query_drop("TRUNCATE mysql.general_log").expect("a log");
    log.query_drop("SET GLOBAL general_log = ON").expect("a log");
    let mut many = |one: &dyn Fn(u32) -> Envelope| {
        run(&mut store, &(1..=400).map(one).collect::<Vec<_>>(), NOW);
    };
    many(&|n| reserve(n, [n * 2, n * 2 + 1]));
    many(&|n| keyed(charge(n, n.into()), fan(n), "charge"));
    many(&join);
    log.query_drop("SET GLOBAL general_log = OFF").expect("a log");
    let text = "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log \
                WHERE command_type = 'Query' AND LENGTH(argument) > 1000";
    log.query(text).expect("statements")
}

fn each_statement_uses_its_index(server: &'static Server) {
    let url = server.fresh_database();
    // So many that reading all of them is more than reading the keys.
    in_the_shop_in(crate::subject::options(&url), 3_000, 8_000);
    let mut connection =
        mysql::Conn::new(mysql::Opts::from_url(&url).expect("an address")).expect("a connection");
    // MySQL has another form by default, MariaDB only this one.
    let _ = connection.query_drop("SET SESSION explain_format = 'TRADITIONAL'");
    let mut met: BTreeMap<String, String> = BTreeMap::new();
    for statement in sent(server, &url) {
        // A packet is logged as a whole, or statement by statement.
        for text in
            statement.split(';').filter(|text| text.starts_with("SELECT") && text.len() > 1000)
        {
            let line: mysql::Row =
                connection.query_first(format!("EXPLAIN {text}")).expect("a plan").expect("a line");
            let get =
                |name: &str| line.get::<Option<String>, _>(name).flatten().unwrap_or_default();
            // The end of an index, which is read while the plan is made.
            if get("Extra").contains("optimized away") {
                continue;
            }
            let (table, key, kind) = (get("table"), get("key"), get("type"));
            assert!(
                !key.is_empty() && ["range", "ref", "index"].contains(&kind.as_str()),
                "{table}: {kind} {key}"
            );
            assert_ne!(kind, "index", "{table}: all of {key}");
            met.insert(format!("{table} by {key}"), format!("{kind}, {} rows", get("rows")));
        }
    }
    eprintln!("{met:#?}");
    assert!(met.len() >= 5, "{met:?}");
}
