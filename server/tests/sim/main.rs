//! Simulation: hundreds of users, several shows, and everything that goes wrong, out of one seed, in
//! virtual time; after each batch an audit that shares no code with the rules counts again.
//!
//! `SIM_COMMANDS=5000000 SIM_SEED=7 cargo test -p boxoffice-server --test sim` runs more of it.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and tells by printing"
)]

mod audit;
mod bench;
mod coverage;
mod driver;
mod regressions;
mod run;
mod scenario;
mod tamper;

use coverage::Coverage;
use driver::World;
use std::time::Instant;

/// Commands decided where `SIM_COMMANDS` says nothing.
const COMMANDS: u64 = 200_000;
/// Commands of one world; then another seed begins anew.
const WORLD: u64 = 50_000;

fn setting(name: &str, default: u64) -> u64 {
    let value = std::env::var(name);
    value.map_or(default, |text| text.parse().expect("a number"))
}

/// H1–H5, H9–H13, H15–H18, H20–H22, H24–H26: see [`audit::Check`] for what is counted again.
/// H6: clocks of three nodes differ, and jump forth and back by minutes.
#[test]
fn no_story_breaks_an_invariant() {
    let (commands, seed) = (setting("SIM_COMMANDS", COMMANDS), setting("SIM_SEED", 1));
    let began = Instant::now();
    let mut all = Coverage::default();
    while all.decided() < commands {
        let mut world = World::new(seed + all.decided() / WORLD);
        world.run(WORLD.min(commands - all.decided()));
        all.add(&world.coverage);
    }
    let seconds = began.elapsed().as_secs_f64();
    let decided = u32::try_from(all.decided()).unwrap_or(u32::MAX);
    println!("{}", all.table());
    println!("{decided} commands in {seconds:.1} s, {:.0}/s", f64::from(decided) / seconds);
    if commands >= WORLD {
        assert_eq!(all.missing(), Vec::<&str>::new(), "never happened");
    }
}
