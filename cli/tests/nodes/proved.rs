//! `boxoffice rush` and `boxoffice audit` on a database that servers share.

use crate::estate::Estate;
use crate::sandbox::{binary, command};
use crate::{alone, servers};
use mysql::prelude::Queryable;
use mysql::{Conn, Opts};
use serde_json::Value;

const SMALL: [&str; 16] = [
    "--fans",
    "150",
    "--seats",
    "80",
    "--max-active",
    "50",
    "--admissions-per-second",
    "60",
    "--think-ms",
    "40",
    "--hold-seconds",
    "2",
    "--cut",
    "15",
    "--double-click",
    "15",
];

/// H1, H12, H17: fans on three servers of one database at once, all of whose answers are true in it;
/// and a row that somebody has changed there is found, by the verb, by its name.
#[test]
fn a_rush_on_three_servers_is_proved_right_and_a_changed_row_is_found() {
    let Some(database) = servers::shared_mariadb() else { return };
    let _alone = alone();
    let url = database.fresh_database();
    let mut estate = Estate::open(vec![url.clone(), url.clone(), url.clone()]);
    let targets: Vec<String> =
        estate.addresses().iter().map(|address| format!("http://{address}")).collect();
    let out = estate.path("report");
    let mut rush = command(binary());
    rush.arg("rush").args(SMALL).args(["--target", &targets.join(","), "--database", &url]);
    rush.arg("--keys-file").arg(estate.keys_file()).arg("--out").arg(&out);
    let output = rush.args(["--operator-key", &estate.operator_key()]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let report = std::fs::read_to_string(out.join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(report["funnel"]["paid"].as_u64() > Some(10), "{}", report["funnel"]);
    assert!(report["judgement"]["audit"]["checks"].as_array().unwrap().len() > 30);

    let audit = |url: &str| command(binary()).args(["audit", "--database", url]).output().unwrap();
    let sound = audit(&url);
    assert!(sound.status.success(), "{sound:?}");
    let mut rows = Conn::new(Opts::from_url(&url).unwrap()).unwrap();
    rows.query_drop("UPDATE balance SET amount = amount + 1 LIMIT 1").unwrap();
    let found = audit(&url);
    let text = String::from_utf8(found.stdout).unwrap();
    assert!(!found.status.success() && text.contains("(balance_sum): 1"), "{text}");
    estate.stop();
}

/// A rush starts a server of its own on the database that it is given.
#[test]
fn a_rush_brings_its_own_server_to_a_shared_database() {
    let Some(database) = servers::shared_mariadb() else { return };
    let _alone = alone();
    let url = database.fresh_database();
    let folder = tempfile::tempdir().unwrap();
    let mut rush = command(binary());
    rush.arg("rush").args(SMALL).args(["--database", &url]).current_dir(folder.path());
    let output = rush.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("ok    what fans were told is true"), "{text}");
}
