//! `kill -9` under load, and a restart on the same file.

use crate::audit::audit;
use crate::facts::broken;
use crate::fan::{Dice, TIRELESS, crowd};
use crate::retry::repeat_all;
use crate::sandbox::{Sandbox, open_sale};
use crate::{alone, nothing, runtime};
use boxoffice_server::clock::Clock;
use serde_json::json;
use std::time::Duration;

/// Fans at once.
const FANS: u64 = 60;

fn rounds() -> u64 {
    let given = std::env::var("CRASH_ROUNDS").ok().and_then(|text| text.parse().ok());
    given.unwrap_or(if std::env::var_os("CI").is_some() { 10 } else { 3 })
}

/// H12, H16, H25, H33: whatever was acknowledged before the kill is true after the restart; places
/// keep their number and order; a request that was not answered has one effect when it is repeated,
/// and one that was answered gives the same answer.
#[test]
fn what_was_acknowledged_survives_kill_9() {
    let _alone = alone();
    let seed = Dice::seed("crash");
    let rounds = (0..rounds()).map(|round| seed.wrapping_add(round));
    let open: usize = rounds.map(|seed| runtime().block_on(one_round(seed))).sum();
    assert!(open > 0, "no kill hit a request");
}

/// Returns how many requests the kill left without an answer.
async fn one_round(seed: u64) -> usize {
    let sandbox = Sandbox::new();
    let server = sandbox.start(TIRELESS);
    // In every other round nobody has to wait, so that the kill meets as many requests as it can.
    let more = json!({ "max_active": if seed.is_multiple_of(2) { 40 } else { 1_000 } });
    let sale = open_sale(server.address, &sandbox.operator_key(), 2_000, &more).await;
    let keyring = sandbox.keyring();
    let load = Duration::from_millis(200 + Dice::new(seed).below(2_000));
    let address = server.address;
    let journals =
        crowd((address, &sale, &keyring), FANS, seed, load, move || drop(server.kill())).await;
    let entries = || journals.iter().flat_map(|journal| &journal.entries);
    let answered = entries().filter(|entry| entry.answer.is_some()).count();
    let open = entries().count() - answered;
    eprintln!("crash: seed {seed}, killed after {load:?}: {answered} answered, {open} not");
    assert!(answered > 0, "the kill hit no load");

    let server = sandbox.start(TIRELESS);
    let check = |journals: &[_], when: &str| {
        let when = format!("seed {seed}, {when}");
        nothing(&broken(journals, &sandbox.database(), &keyring), &when);
        nothing(&audit(&sandbox.database(), Clock::System.now().0), &when);
    };
    check(&journals, "restarted");
    let (journals, wrong) = repeat_all(server.address, journals).await;
    nothing(&wrong, &format!("seed {seed}, repeated"));
    check(&journals, "repeated");
    server.stop();
    check(&journals, "stopped");
    open
}
