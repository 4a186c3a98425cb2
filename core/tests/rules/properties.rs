//! Any history of commands, clock jumps included, keeps the invariants; and neither batching, nor
//! the tick's lateness, nor a retry can be told from the outcome.

use crate::harness::World;
use crate::histories::{Op, Step, What, any_history, fight, full_hall, hall, steady_history};
use crate::invariants;
use crate::look::position_of;
use crate::words::{START, reply};
use boxoffice_core::batch::Envelope;
use boxoffice_core::command::Command;
use boxoffice_core::id::PlaceKey;
use boxoffice_core::queue::Expire;
use boxoffice_core::time::Time;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;

/// A wait that has been told: position of everybody in line. It never rises while they wait.
fn positions_fall(world: &World, told: &mut BTreeMap<PlaceKey, u64>) -> Result<(), TestCaseError> {
    let now: BTreeMap<PlaceKey, u64> =
        world.places.keys().filter_map(|key| Some((*key, position_of(world, *key)?))).collect();
    for (key, position) in &now {
        let before = told.get(key).unwrap_or(position);
        prop_assert!(position <= before, "{:?} from {} to {}", key, before, position);
    }
    *told = now;
    Ok(())
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(160))]

    /// H6, H12, H13, H15, H17, H18, H20, H22, H24 at large: see `invariants`. A refusal and a replay
    /// leave the whole world as it was, and a retry right away is a replay with the same outcome.
    #[test]
    fn any_history_keeps_the_invariants(steps in any_history()) {
        keeps_the_invariants(hall(3), START, &steps)?;
    }

    /// H3, H4, H6: each seat has one owner, whoever holds, pays, releases or sweeps it and wherever
    /// the clock jumps meanwhile.
    #[test]
    fn a_fight_keeps_the_invariants(steps in fight()) {
        keeps_the_invariants(full_hall(), START.plus_ms(1_000), &steps)?;
    }

    /// A batch of commands and as many batches of one, at the same time, give the same replies and
    /// the same world. A tick is a batch of its own on both sides: it may admit fewer where the
    /// places of late joiners were not loaded with it, and the next tick makes up for it.
    #[test]
    fn batching_changes_nothing(steps in any_history()) {
        let mut now = START;
        let (mut single, mut batched) = (hall(3), hall(3));
        let mut batch = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Do(op) if !op.is_admit() => batch.push(op.envelope(&batched, number)),
                step => {
                    compare(&mut single, &mut batched, &std::mem::take(&mut batch), now)?;
                    match step {
                        Step::Clock(ms) => now = now.plus_ms(*ms),
                        Step::Do(op) => {
                            let tick = op.envelope(&batched, number);
                            compare(&mut single, &mut batched, &[tick], now)?;
                        }
                    }
                }
            }
        }
        compare(&mut single, &mut batched, &batch, now)?;
    }

    /// H5: one hall is swept after every command, the other never: nobody who buys can tell. (There
    /// is room for everybody: that slots come back is what sweeping is for. And the clock runs
    /// forward: what was swept stays swept.)
    #[test]
    fn sweeping_shows_nowhere(steps in steady_history()) {
        let (mut swept, mut dusty, mut now) = (hall(1_000), hall(1_000), START);
        for (number, step) in steps.iter().enumerate() {
            let op = match step {
                Step::Clock(ms) => { now = now.plus_ms(*ms); continue }
                Step::Do(Op { what: What::Expire | What::Queue { .. }, .. }) => continue,
                Step::Do(op) => op,
            };
            let left = swept.run(&[op.envelope(&swept, number)], now);
            let right = dusty.run(&[op.envelope(&dusty, number)], now);
            prop_assert_eq!(left, right);
            let places: Vec<PlaceKey> = swept.admissions.keys().copied().collect();
            for place in places {
                swept.run_one(Command::Expire(Expire { place }), now).result.unwrap();
            }
            let free = |world: &World| -> Vec<bool> {
                world.seats.values().map(|seat| seat.is_free(now)).collect()
            };
            prop_assert_eq!(free(&swept), free(&dusty));
        }
    }
}

fn keeps_the_invariants(
    mut world: World,
    mut now: Time,
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let mut told = BTreeMap::new();
    for (number, step) in (10..).zip(steps) {
        let op = match step {
            Step::Clock(ms) => {
                now = now.plus_ms(*ms);
                continue;
            }
            Step::Do(op) => op,
        };
        let envelope = op.envelope(&world, number);
        let before = world.clone();
        let first = world.run(std::slice::from_ref(&envelope), now).remove(0);
        if first.result.is_err() || first.replayed {
            prop_assert_eq!(&before, &world, "{:?} changed something", reply(&first));
        }
        invariants::hold(&world).map_err(TestCaseError::fail)?;
        invariants::within_max_active(&before, &world, 0).map_err(TestCaseError::fail)?;
        positions_fall(&world, &mut told)?;
        if envelope.key.is_some() && first.result.is_ok() {
            let before = world.clone();
            let again = world.run(&[envelope], now).remove(0);
            prop_assert!(again.replayed);
            prop_assert_eq!(&again.result, &first.result);
            prop_assert_eq!(&before, &world);
        }
    }
    Ok(())
}

fn compare(
    single: &mut World,
    batched: &mut World,
    batch: &[Envelope],
    now: Time,
) -> Result<(), TestCaseError> {
    let together = batched.run(batch, now);
    let mut apart = Vec::new();
    for envelope in batch {
        apart.extend(single.run(std::slice::from_ref(envelope), now));
    }
    prop_assert_eq!(apart, together);
    prop_assert_eq!(single, batched);
    Ok(())
}

/// The histories are no walk around the hall: they meet every code that a buyer can meet.
#[test]
fn histories_meet_what_matters() {
    let mut runner = TestRunner::deterministic();
    let mut met: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..500 {
        let steps = any_history().new_tree(&mut runner).unwrap().current();
        let (mut world, mut now) = (hall(3), START);
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Clock(ms) => now = now.plus_ms(*ms),
                Step::Do(op) => {
                    let done = world.run(&[op.envelope(&world, number)], now).remove(0);
                    let text = reply(&done);
                    let word = text.split_whitespace().next().unwrap_or_default();
                    *met.entry(word.to_owned()).or_default() += 1;
                }
            }
        }
    }
    for word in [
        "admitted",
        "waiting",
        "returning",
        "left",
        "arrived",
        "ended",
        "held",
        "released",
        "charged",
        "paid",
        "refunded",
        "payment_not_found",
        "seats_not_booked",
        "refund_too_high",
        "already_refunded",
        "replayed",
        "date_not_found",
        "already_exists",
        "sale_not_open",
        "sale_closed",
        "queue_full",
        "queue_token_unknown",
        "not_admitted",
        "queue_token_expired",
        "seat_not_found",
        "seats_taken",
        "hold_exists",
        "seat_limit",
        "reservation_not_found",
        "hold_lapsed",
        "hold_released",
        "already_paid",
        "insufficient_balance",
        "amount_out_of_range",
        "idempotency_key_reused",
        "invalid_setting",
    ] {
        assert!(met.contains_key(word), "{word} not among {met:?}");
    }
}
