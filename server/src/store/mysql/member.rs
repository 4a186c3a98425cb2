//! Whether a server may be used: one that is part of a cluster takes part in it right now.

use super::connect::{Settings, ask};
use super::fault::Trouble;
use super::text::Line;
use crate::store::Fault;
use crate::store::records::Source;
use mysql::{Conn, Row};

const GALERA: &str =
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_ready', 'wsrep_cluster_status')";
const GROUP: &str = "SELECT MEMBER_STATE FROM performance_schema.replication_group_members \
     WHERE MEMBER_ID = @@server_uuid";
/// The account may not read a table.
const DENIED: u16 = 1142;

fn unusable<T>(why: &str) -> Result<T, Fault> {
    Err(Fault::Unavailable(why.into()))
}

/// Refuses a server that takes no writes, or that stands apart from the cluster that it is set up for:
/// there it would sell alone, and all of that would be lost when it comes back. Returns whether it is
/// one of a cluster.
///
/// In a cluster a transaction waits until its server has what was committed before, so that whoever
/// goes from one node to another finds what the first has acknowledged.
pub(super) fn check(connection: &mut Conn, settings: &Settings) -> Result<bool, Fault> {
    let is = |wanted: &str, of: &dyn Fn(&str) -> bool| {
        settings.iter().any(|(name, value)| name == wanted && of(value))
    };
    if is("read_only", &|value| value != "OFF") {
        return unusable("the server takes no writes");
    }
    if is("wsrep_on", &|value| value == "ON") {
        return galera(connection).map(|()| true);
    }
    if is("group_replication_group_name", &|value| !value.is_empty()) {
        return group(connection).map(|()| true);
    }
    Ok(false)
}

/// Statements, the last of which answers with names and values.
fn last(connection: &mut Conn, text: &str) -> Result<Vec<Row>, Trouble> {
    Ok(ask(connection, text)?.pop().unwrap_or_default().rows)
}

/// Names with their values.
pub(super) fn named(rows: Vec<Row>) -> Result<Settings, Fault> {
    let word = |line: &Line, column| -> Result<String, Fault> {
        Ok(line.text(column)?.unwrap_or_default())
    };
    rows.into_iter().map(Line).map(|line| Ok((word(&line, 0)?, word(&line, 1)?))).collect()
}

fn galera(connection: &mut Conn) -> Result<(), Fault> {
    let found = named(last(connection, GALERA).map_err(Trouble::at_connecting)?)?;
    let is = |name: &str, value: &str| found.iter().any(|(n, v)| n == name && v == value);
    if is("wsrep_ready", "ON") && is("wsrep_cluster_status", "Primary") {
        // Only now: apart from its cluster a server waits in vain.
        let text = "SET SESSION wsrep_sync_wait = 1";
        return ask(connection, text).map(|_| ()).map_err(Trouble::at_connecting);
    }
    unusable("the server stands apart from its cluster")
}

fn group(connection: &mut Conn) -> Result<(), Fault> {
    let text = format!("SET SESSION group_replication_consistency = 'BEFORE'; {GROUP}");
    let found = match last(connection, &text) {
        Err(Trouble::Refused { code: DENIED, .. }) => {
            return unusable(
                "the account may not read performance_schema.replication_group_members, which \
                 tells whether the server is part of its group; GRANT SELECT on it",
            );
        }
        found => found.map_err(Trouble::at_connecting)?,
    };
    let state = found.into_iter().next().map(|row| Line(row).text(0)).transpose()?.flatten();
    match state.as_deref() {
        Some("ONLINE") => Ok(()),
        _ => unusable("the server stands apart from its group"),
    }
}
