//! The product's audit, for tests: the names of what does not hold.

use boxoffice::audit::Snapshot;
use std::path::Path;

/// What does not hold in a database at `now_ms`, all in one snapshot.
pub fn audit(database: &Path, now_ms: i64) -> Vec<&'static str> {
    let report = Snapshot::of_file(database, || now_ms).unwrap().audit().unwrap();
    report.checks.iter().filter(|check| check.broken_count > 0).map(|check| check.name).collect()
}
