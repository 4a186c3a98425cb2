//! Whose turn it is, by examples.

use super::*;

fn turn(flows: &[Flow]) -> Turn {
    let flows = flows.iter().map(|flow| (*flow, TURN)).collect();
    Turn { flows, name: (0, TURN), asked: None }
}

/// Of this name at this address.
fn named(address: Flow, name: Flow) -> Turn {
    Turn { name: (name, TURN), ..turn(&[address]) }
}

/// A guess of account 1, by this address of this network.
fn guess(network: Flow, address: Flow, has_failed: bool) -> Turn {
    let asked = Asked { about: 1, address, network, has_failed };
    Turn { asked: Some(asked), ..turn(&[address]) }
}

fn order(queue: &mut FairQueue<&'static str>) -> Vec<&'static str> {
    std::iter::from_fn(|| queue.pop()).collect()
}

#[test]
fn who_asks_for_little_goes_before_the_rest_of_who_asks_for_much() {
    let mut queue = FairQueue::new(100);
    for _ in 0..50 {
        assert!(queue.push(turn(&[1]), "much").is_none());
    }
    queue.push(turn(&[2]), "little");
    assert_eq!(order(&mut queue)[..3], ["much", "little", "much"]);
}

#[test]
fn an_account_that_many_addresses_ask_for_is_one_flow() {
    let mut queue = FairQueue::new(100);
    for address in 0..50 {
        queue.push(turn(&[100 + address, 1]), "guess");
    }
    queue.push(turn(&[99, 2]), "own");
    assert_eq!(order(&mut queue)[1], "own");
}

#[test]
fn without_room_the_last_of_the_order_leaves() {
    let mut queue = FairQueue::new(3);
    for job in ["a1", "a2", "a3"] {
        assert!(queue.push(turn(&[1]), job).is_none());
    }
    assert_eq!(queue.push(turn(&[1]), "a4"), Some("a4"), "the last is the one that came");
    assert_eq!(queue.push(turn(&[2]), "b1"), Some("a3"));
    assert_eq!(queue.push(turn(&[3]), "c1"), Some("a2"));
    assert_eq!(order(&mut queue), ["a1", "b1", "c1"]);
}

/// 7b: many addresses of one network do not lock an account's owner out, in whatever order they come, and jobs
/// about that account take nobody else's room.
#[test]
fn the_owner_waits_beside_many_who_guess() {
    let mut queue = FairQueue::new(100);
    for address in 0..500 {
        let left = queue.push(guess(7, 1_000 + address, false), "guess");
        assert_eq!(left.is_some(), address >= 16, "{address}");
    }
    assert_eq!(queue.push(guess(8, 99, true), "own"), Some("guess"));
    for address in 500..1_000 {
        assert_eq!(queue.push(guess(7, 1_000 + address, false), "guess"), Some("guess"));
    }
    assert_eq!(queue.len(), ABOUT_NEAR);
    queue.push(turn(&[2]), "other");
    let order = order(&mut queue);
    assert_eq!(order[..3], ["guess", "own", "other"]);
    assert!(queue.about.is_empty());
}

/// Those who failed have fewer turns and do not put the owner further back than others do. A storm about other
/// accounts then does not push the owner out either.
#[test]
fn the_owner_is_not_behind_what_others_did() {
    let mut queue = FairQueue::new(40);
    for address in 0..100 {
        let slow = vec![(1_000 + address, 8 * TURN)];
        let turn = Turn { flows: slow, ..guess(7, 1_000 + address, true) };
        queue.push(turn, "guess");
    }
    for flow in 0..500 {
        queue.push(turn(&[10_000 + flow % 10]), "storm");
    }
    assert!(queue.push(guess(8, 99, false), "own").is_some_and(|left| left != "own"));
    for flow in 0..500 {
        assert_ne!(queue.push(turn(&[10_000 + flow % 10]), "storm"), Some("own"));
    }
    let order = order(&mut queue);
    let own = order.iter().position(|job| *job == "own").expect("it waits");
    assert!(own <= 20, "{order:?}");
}

/// Dozens of networks guess one account: its owner at a new address is not turned away but waits, before those that
/// failed, and nobody else waits for them.
#[test]
fn the_owner_waits_beside_dozens_of_networks() {
    let mut queue = FairQueue::new(300);
    for network in 0..100 {
        assert_eq!(queue.push(guess(network, 1_000 + network, network < 90), "guess"), None);
    }
    assert_eq!(queue.push(guess(500, 500, false), "own"), None);
    for network in 100..200 {
        assert_eq!(queue.push(guess(network, 1_000 + network, true), "guess"), None);
    }
    for address in 0..20 {
        queue.push(turn(&[2_000 + address]), "other");
    }
    let order = order(&mut queue);
    let at = |job| order.iter().position(|one| *one == job).expect("it waits");
    assert!(at("own") < 60, "{order:?}");
    let others = order.iter().take(60).filter(|job| **job == "other").count();
    assert_eq!(others, 20, "{order:?}");
}

/// However many networks guess, so many jobs about an account wait; those that failed leave first, and a storm about
/// one account takes nobody's room.
#[test]
fn jobs_about_an_account_have_an_end() {
    let mut queue = FairQueue::new(1_000);
    for network in 0..ABOUT_ONE_MAX as u64 {
        queue.push(guess(network, 1_000 + network, network % 2 == 0), "guess");
    }
    assert_eq!(queue.push(guess(7_000, 7_000, false), "own"), Some("guess"));
    assert_eq!(queue.push(guess(7_001, 7_001, true), "late"), Some("late"));
    assert_eq!(queue.len(), ABOUT_ONE_MAX);
    let mut queue = FairQueue::new(100);
    for network in 0..300 {
        queue.push(guess(network, 1_000 + network, false), "guess");
    }
    for address in 0..60 {
        assert_eq!(queue.push(turn(&[5_000 + address]), "other"), Some("guess"));
    }
}

/// A first sign-in behind an address that guesses many passwords of some names: it goes before what its neighbour
/// asked for more than once, and is not what leaves.
#[test]
fn a_name_is_not_behind_its_neighbours() {
    let mut queue = FairQueue::new(64);
    for n in 0..500 {
        queue.push(named(1, 10 + n % 20), "guess");
    }
    for address in 0..10 {
        queue.push(turn(&[100 + address]), "other");
    }
    assert_eq!(queue.push(named(1, 9), "first"), Some("guess"));
    for n in 0..500 {
        assert_eq!(queue.push(named(1, 10 + n % 20), "guess"), Some("guess"));
    }
    let order = order(&mut queue);
    let at = order.iter().position(|job| *job == "first").expect("it waits");
    assert!(at <= 31, "{order:?}");
}

/// Where a neighbour asks for another name each time, somebody is turned away, whoever it is. Whoever comes again then
/// goes before all those that are new; the second time nobody is turned away.
#[test]
fn who_was_turned_away_goes_first_when_they_come_again() {
    let mut queue = FairQueue::new(10);
    let mut name = 1_000;
    let mut flood = |queue: &mut FairQueue<&'static str>, count| {
        for _ in 0..count {
            name += 1;
            queue.push(named(1, name), "guess");
        }
    };
    flood(&mut queue, 50);
    assert_eq!(queue.push(named(1, 9), "first"), Some("first"), "the last");
    flood(&mut queue, 50);
    assert_eq!(queue.push(named(1, 9), "first"), Some("guess"));
    flood(&mut queue, 50);
    assert_eq!(queue.pop(), Some("first"));
    flood(&mut queue, 50);
    assert_eq!(queue.push(named(1, 9), "again"), Some("again"), "it counted once");
    let failed = Turn { name: (8, 8 * TURN), ..turn(&[1]) };
    for _ in 0..3 {
        assert_eq!(queue.push(failed.clone(), "failed"), Some("failed"), "no way to more guesses");
    }
}

/// Who is told before that there is no room is whoever would have had to leave, and is remembered as well.
#[test]
fn there_is_room_for_whom_would_not_leave() {
    let (mut asked, mut pushed) = (FairQueue::new(10), FairQueue::new(10));
    let mut turned_away = 0;
    for n in 0..2_000_u64 {
        let turn = match n % 3 {
            0 => named(n % 7, 100 + n % 20),
            1 => named(1, 1_000 + n % 300),
            _ => guess(n % 90, 2_000 + n % 200, n % 2 == 0),
        };
        let out = asked.turns_away(&turn);
        if !out {
            assert_ne!(asked.push(turn.clone(), n), Some(n));
        }
        assert_eq!(pushed.push(turn, n) == Some(n), out, "{n}");
        turned_away += usize::from(out);
        if n % 5 == 0 {
            assert_eq!(asked.pop(), pushed.pop());
        }
    }
    assert!((200..1_900).contains(&turned_away), "{turned_away}");
    let mut queue = FairQueue::new(1);
    queue.push(named(1, 7), "guess");
    assert!(queue.turns_away(&named(1, 9)));
    queue.pop();
    queue.push(named(1, 8), "guess");
    assert!(!queue.turns_away(&named(1, 9)));
    assert_eq!(queue.push(named(1, 9), "first"), Some("guess"));
}

/// Somebody with a whole network of addresses has sixteen times what one has.
#[test]
fn a_network_of_addresses_is_a_flow_as_well() {
    let mut queue = FairQueue::new(500);
    for address in 0..400 {
        let flows = vec![(1_000 + address, TURN), (1, 1)];
        queue.push(Turn { flows, ..turn(&[]) }, "network");
    }
    for _ in 0..3 {
        queue.push(turn(&[2]), "one");
    }
    let order = order(&mut queue);
    let of_one: Vec<usize> = (0..order.len()).filter(|at| order[*at] == "one").collect();
    assert!(of_one[0] <= 17 && of_one[2] <= 51, "{of_one:?}");
}

/// Those of a flow whose next may not go wait, and others do not wait for them.
#[test]
fn a_flow_whose_next_may_not_go_waits() {
    let mut queue = FairQueue::new(10);
    for (address, job) in [(1, "a"), (1, "b"), (2, "c")] {
        queue.push(turn(&[address]), job);
    }
    let mut asked = Vec::new();
    let next = queue.pop_if(|job| {
        asked.push(*job);
        *job == "c"
    });
    assert_eq!((next, asked), (Some("c"), vec!["a", "c"]));
    assert_eq!(queue.pop_if(|_| false), None);
    assert_eq!(order(&mut queue), ["a", "b"]);
}

/// A job that leaves because the queue is full makes room about its account.
#[test]
fn who_leaves_a_full_queue_is_not_counted() {
    let mut queue = FairQueue::new(2);
    queue.push(guess(1, 10, false), "a");
    queue.push(guess(2, 11, false), "b");
    queue.push(guess(3, 12, false), "c");
    assert_eq!(queue.push(turn(&[2]), "d"), Some("b"));
    assert_eq!(queue.about[&1].len(), 1);
}

#[test]
fn a_larger_step_gets_fewer_turns_and_not_none() {
    let mut queue = FairQueue::new(100);
    for _ in 0..20 {
        queue.push(Turn { flows: vec![(1, 4 * TURN)], ..turn(&[1]) }, "slow");
        queue.push(turn(&[2]), "fast");
    }
    let order = order(&mut queue);
    assert_eq!(order[..20].iter().filter(|job| **job == "slow").count(), 4);
}

#[test]
fn memory_of_flows_ends_with_their_jobs() {
    let mut queue = FairQueue::new(4);
    for flow in 0..100_000 {
        queue.push(turn(&[flow, 1_000_000 + flow]), "job");
        if queue.len() == 4 {
            queue.pop();
        }
    }
    assert!(queue.flows.len() <= 8 * (4 + 16) + 2, "{}", queue.flows.len());
    order(&mut queue);
    assert!(queue.is_empty() && queue.flows.is_empty() && queue.groups.is_empty());
    for name in 0..100_000 {
        queue.push(named(1, name), "job");
        if name % 2 == 0 {
            queue.pop();
        }
        assert!(queue.groups.values().all(|group| group.names.len() <= 8 * (5 + 16)));
    }
}

/// Thousands of names that an address asked for, was refused, and asks for again keep a neighbour waiting for their share
/// of the room, not for all of them.
#[test]
fn names_that_were_turned_away_are_no_line_of_thousands() {
    let mut queue = FairQueue::new(100);
    let flood = |queue: &mut FairQueue<u64>, names: std::ops::Range<u64>| {
        for name in names {
            queue.push(named(1, 10 + name), name);
        }
    };
    flood(&mut queue, 0..20_000);
    let own = 7_u64;
    assert_eq!(queue.push(named(1, own), u64::MAX), Some(u64::MAX), "there is no room");
    let mut served = 0;
    for round in 0.. {
        // In the time in which the neighbour comes again, 500 are asked for once more, and some are served.
        let from = round * 500 % 20_000;
        flood(&mut queue, from..from + 500);
        queue.push(named(1, own), u64::MAX);
        let ten = (0..10).filter_map(|_| queue.pop()).collect::<Vec<_>>();
        served += ten.len();
        if ten.contains(&u64::MAX) {
            break;
        }
        assert!(served <= 2 * away::AWAY_OF_ADDRESS_MAX + 100, "{served}");
    }
}
