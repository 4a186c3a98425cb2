//! A backup that is taken while the server sells, by the words of `docs/OPERATIONS.md`, and a server on
//! what was restored from it.

use crate::audit::audit;
use crate::document::block;
use crate::facts::broken;
use crate::fan::{Dice, TIRELESS, crowd_during};
use crate::retry::repeat_all;
use crate::sandbox::{Sandbox, open_sale};
use crate::{alone, nothing, runtime};
use boxoffice_server::clock::Clock;
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Runs the documented command in this sandbox; where there is no `sqlite3` its statement is run without.
fn back_up(sandbox: &Sandbox, into: &Path) {
    let command = block("sqlite backup");
    assert!(command.contains("/var/lib/boxoffice/boxoffice.db"), "{command}");
    assert!(command.contains("/var/backups/boxoffice.db"), "{command}");
    let place = |text: &str| {
        let from = sandbox.database().display().to_string();
        let to = into.display().to_string();
        text.replace("/var/lib/boxoffice/boxoffice.db", &from)
            .replace("/var/backups/boxoffice.db", &to)
    };
    if Command::new("sqlite3").arg("--version").output().is_ok() {
        let ran = Command::new("sh").args(["-ec", &place(&command)]).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
    } else {
        let statement = command.split('"').nth(1).expect("the statement stands in quotes");
        let database = rusqlite::Connection::open(sandbox.database()).unwrap();
        database.execute_batch(&place(statement)).unwrap();
    }
}

/// H25: what was acknowledged before the backup began is in it, it is sound by itself, and a server
/// goes on from it; the server that was copied has lost nothing by it.
#[test]
fn a_backup_under_load_is_restored() {
    let _alone = alone();
    let seed = Dice::seed("backup");
    let (sandbox, restored) = (Sandbox::new(), Sandbox::new());
    let server = sandbox.start(TIRELESS);
    runtime().block_on(async {
        let sale = open_sale(server.address, &sandbox.operator_key(), 2_000, &json!({})).await;
        let (keyring, addresses) = (sandbox.keyring(), [server.address]);
        let target = (&addresses[..], &sale, &keyring);
        let load = async |seconds| tokio::time::sleep(Duration::from_secs(seconds)).await;
        let before = crowd_during(target, 20, seed, load(2)).await;
        let script = async {
            load(1).await;
            for attempt in ["first.db", "boxoffice.db"] {
                tokio::task::block_in_place(|| back_up(&sandbox, &restored.path(attempt)));
                load(1).await;
            }
        };
        let during = crowd_during(target, 20, seed.wrapping_add(1), script).await;
        let now = Clock::System.now().0;
        for copy in ["first.db", "boxoffice.db"] {
            nothing(&broken(&before, &restored.path(copy), &keyring), copy);
            nothing(&audit(&restored.path(copy), now), copy);
        }
        std::fs::copy(sandbox.keys_file(), restored.keys_file()).unwrap();
        let other = restored.start(TIRELESS);
        let (before, wrong) = repeat_all(other.address, before).await;
        nothing(&wrong, "repeated to the restored server");
        other.stop();
        nothing(&broken(&before, &restored.database(), &keyring), "restored");
        nothing(&audit(&restored.database(), Clock::System.now().0), "restored");
        server.stop();
        nothing(&broken(&during, &sandbox.database(), &keyring), "backed up");
        nothing(&audit(&sandbox.database(), Clock::System.now().0), "backed up");
    });
}
