//! The schema. Nodes that start together take turns by a lease in a row, which is a compare-and-set
//! like any other change: named locks of the servers are known to one member of a cluster only.

use super::super::Fault;
use super::super::records::Source;
use super::connect::Link;
use super::fault::Trouble;
use super::looks;
use super::text::{Line, NOW, id};
use boxoffice_core::id::Uuid;
use std::time::{Duration, Instant};

/// The numbered migrations. Each can be run again after it was cut off.
pub const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("../../../../migrations/mysql/0001_first_sale.sql")),
    (2, include_str!("../../../../migrations/mysql/0002_outbox.sql")),
    (3, include_str!("../../../../migrations/mysql/0003_max_active_at.sql")),
    (4, include_str!("../../../../migrations/mysql/0004_history.sql")),
    (5, include_str!("../../../../migrations/mysql/0005_draw_terms.sql")),
    (6, include_str!("../../../../migrations/mysql/0006_sessions.sql")),
    (LOOKS, include_str!("../../../../migrations/mysql/0007_username_look.sql")),
    (8, include_str!("../../../../migrations/mysql/0008_states.sql")),
    (9, include_str!("../../../../migrations/mysql/0009_cool_off.sql")),
    (10, include_str!("../../../../migrations/mysql/0010_money.sql")),
    (11, include_str!("../../../../migrations/mysql/0011_events.sql")),
    (12, include_str!("../../../../migrations/mysql/0012_jobs.sql")),
    (13, include_str!("../../../../migrations/mysql/0013_queues.sql")),
    (14, include_str!("../../../../migrations/mysql/0014_layouts.sql")),
    (15, include_str!("../../../../migrations/mysql/0015_billing.sql")),
    (16, include_str!("../../../../migrations/mysql/0016_tickets.sql")),
    (17, include_str!("../../../../migrations/mysql/0017_payments.sql")),
    (18, include_str!("../../../../migrations/mysql/0018_left_places.sql")),
];

/// The migration after which accounts get their looks.
const LOOKS: i64 = 7;

/// The newest schema that this binary knows.
pub const SCHEMA_VERSION: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// How long a node may take for one migration before another takes over.
const LEASE_MS: i64 = 60_000;
/// How long a node waits for another that migrates.
const WAIT_MAX: Duration = Duration::from_secs(120);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Tables of the database, and whether ours is among them. Other programs have migrations, too: the
/// column tells.
const TABLES: &str = "SELECT (SELECT COUNT(*) FROM information_schema.tables \
     WHERE table_schema = DATABASE()), (SELECT COUNT(*) FROM information_schema.columns \
     WHERE table_schema = DATABASE() AND table_name = 'schema_migration' \
     AND column_name = 'held_until')";
const VERSION: &str = "SELECT version FROM schema_migration WHERE schema_id = 1";
const CREATE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (\
     schema_id BIGINT NOT NULL PRIMARY KEY, version BIGINT NOT NULL, \
     holder BINARY(16) NULL, held_until BIGINT NOT NULL) ENGINE=InnoDB; \
     INSERT IGNORE INTO schema_migration VALUES (1, 0, NULL, 0)";

/// A name for a process that nobody else has.
pub(super) fn node_id() -> Result<Uuid, Fault> {
    let mut node = [0; 16];
    getrandom::fill(&mut node).map_err(|why| Fault::Unavailable(why.to_string()))?;
    Ok(Uuid::from_bytes(node))
}

/// Brings the schema up to date, or waits until another node has.
pub(super) fn migrate(link: &mut Link, node: Uuid) -> Result<(), Fault> {
    let node = id(&node);
    let began = Instant::now();
    loop {
        match step(link, &node) {
            Ok(true) => return Ok(()),
            Ok(false) | Err(Fault::Conflict(_)) if began.elapsed() < WAIT_MAX => {
                std::thread::sleep(PAUSE);
            }
            Ok(false) => {
                let why = "another server has been changing its schema for too long";
                return Err(Fault::Unavailable(why.into()));
            }
            Err(fault) => return Err(fault),
        }
    }
}

/// Looks, and does what there is to do. Returns whether the schema is up to date.
fn step(link: &mut Link, node: &str) -> Result<bool, Fault> {
    let found = version(link)?;
    if found > SCHEMA_VERSION {
        return Err(Fault::SchemaTooNew { found, known: SCHEMA_VERSION });
    }
    if found == SCHEMA_VERSION {
        return Ok(true);
    }
    if found < 0 {
        run(link, CREATE)?;
    }
    let lease = format!("holder = {node}, held_until = {NOW} + {LEASE_MS}");
    for (version, text) in MIGRATIONS.iter().filter(|(version, _)| *version > found) {
        let take = format!(
            "UPDATE schema_migration SET {lease} WHERE schema_id = 1 AND version < {version} \
             AND (holder IS NULL OR holder = {node} OR held_until < {NOW})"
        );
        // Somebody else has it, or has done it.
        if run(link, &take)? == 0 {
            return Ok(false);
        }
        run(link, text)?;
        if *version == LOOKS {
            looks::fill(link)?;
        }
        let done = format!(
            "UPDATE schema_migration SET version = {version}, holder = NULL, held_until = 0 \
             WHERE schema_id = 1 AND holder = {node}"
        );
        if run(link, &done)? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The version that is there; -1 for an empty database.
pub(super) fn version(link: &mut Link) -> Result<i64, Fault> {
    let first = |link: &mut Link, text: &str| -> Result<Option<Line>, Fault> {
        let answer = link.ask_again(text)?.pop();
        Ok(answer.and_then(|mut answer| answer.rows.pop()).map(Line))
    };
    let tables = first(link, TABLES)?;
    let count = |column| tables.as_ref().map_or(Ok(0), |line| line.count(column));
    if count(1)? == 1 {
        let found = first(link, VERSION)?;
        return Ok(found.map(|line| line.int(0)).transpose()?.flatten().unwrap_or(-1));
    }
    if count(0)? > 0 {
        let why = "it has tables of another program; name another database";
        return Err(Fault::Corrupt(why.into()));
    }
    Ok(-1)
}

/// Runs statements; rows that the first of them has changed.
pub(super) fn run(link: &mut Link, text: &str) -> Result<u64, Fault> {
    link.open()?;
    let answers = link.ask(text).map_err(Trouble::outside)?;
    Ok(answers.first().map_or(0, |answer| answer.affected))
}
