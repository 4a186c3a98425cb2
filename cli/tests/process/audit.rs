//! The product's audit, for tests: the names of what does not hold.

use boxoffice_server::audit::Snapshot;
use std::path::Path;

/// What does not hold in a database file at `now_ms`.
pub fn audit(database: &Path, now_ms: i64) -> Vec<&'static str> {
    names(&Snapshot::of_file(database, || now_ms).unwrap())
}

/// What does not hold in a snapshot.
pub fn names(snapshot: &Snapshot) -> Vec<&'static str> {
    let report = snapshot.audit().unwrap();
    report.checks.iter().filter(|check| check.broken_count > 0).map(|check| check.name).collect()
}
