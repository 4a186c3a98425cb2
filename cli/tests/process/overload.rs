//! More than the server can do: it says so at once, and what it can do it still does.

use crate::client::{Ask, Client, once};
use crate::fan::identity;
use crate::sandbox::{Sandbox, open_sale};
use crate::{alone, runtime};
use boxoffice_core::id::Uuid;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long any one poll may take during the storm; generous, for two cores that others use too.
const POLL_WAIT: Duration = Duration::from_secs(3);

/// H29: a storm of sign-ins fills the password pool, is told so with `Retry-After`, and slows
/// nobody's poll.
#[test]
fn a_storm_of_sign_ins_is_turned_away_and_polls_go_on() {
    let _alone = alone();
    let sandbox = Sandbox::new();
    let server = sandbox.start(&[
        "--demo",
        "false",
        "--password-threads",
        "1",
        "--password-waiting-max",
        "64",
    ]);
    let address = server.address;
    runtime().block_on(async {
        let sale = open_sale(address, &sandbox.operator_key(), 10, &json!({})).await;
        let account = json!({ "username": "mina", "password": "correct horse" });
        let made = once(address, &Ask::post("/api/v1/users", &account)).await.unwrap();
        assert_eq!(made.status, 201, "{}", made.body);
        let mut client = Client::connect(address).await.unwrap();
        let join = format!("/api/v1/concerts/{}/queue-tokens", sale.concert);
        let token = identity(&sandbox.keyring(), Uuid::now_v7());
        let joined = client.send(&Ask::post(join, &json!({})).identity(&token)).await.unwrap();

        let mut storm = JoinSet::new();
        for n in 0..200 {
            // Of one account few would wait.
            let nobody = json!({ "username": format!("nobody-{n}"), "password": "correct horse" });
            let ask = Ask::post("/api/v1/sessions", &nobody);
            storm.spawn(async move { once(address, &ask).await.unwrap() });
        }
        let poll = Ask::get("/api/v1/queue-tokens/me").queue(&joined.text("token"));
        let mut slowest = Duration::ZERO;
        let mut answers = Vec::new();
        while !storm.is_empty() {
            let asked = Instant::now();
            assert_eq!(client.send(&poll).await.unwrap().status, 200);
            slowest = slowest.max(asked.elapsed());
            while let Some(answer) = storm.try_join_next() {
                answers.push(answer.unwrap());
            }
        }
        assert!(slowest < POLL_WAIT, "a poll took {slowest:?}");
        let busy: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
        let served = answers.iter().filter(|answer| answer.status == 401).count();
        eprintln!("{served} looked at, {} turned away, slowest poll {slowest:?}", busy.len());
        assert_eq!(served + busy.len(), 200, "401 or 503 and nothing else");
        assert!(!busy.is_empty(), "nobody was turned away");
        assert!(served >= 64, "those for whom there was room were served");
        for answer in busy {
            assert_eq!(answer.code(), "sign_in_busy");
            assert!(answer.header("retry-after").is_some_and(|after| after.parse::<u64>().is_ok()));
        }
        let after = once(address, &Ask::post("/api/v1/sessions", &account)).await.unwrap();
        assert_eq!(after.status, 201, "the storm is over: {}", after.body);
    });
    server.stop();
}

/// H30: with room for next to nothing (one reader, two commands that wait, batches of one), a rush
/// of commands and reads ends: each is done or turned away with `Retry-After`, and then the server
/// is as before.
#[test]
fn full_pools_and_channels_turn_away_and_lock_nothing() {
    let _alone = alone();
    let sandbox = Sandbox::new();
    let tight = ["--readers", "1", "--commands-waiting-max", "2", "--batch-commands-max", "1"];
    let server = sandbox.start(&[&["--demo", "false"], &tight[..]].concat());
    let (address, keyring) = (server.address, sandbox.keyring());
    runtime().block_on(async {
        let sale = open_sale(address, &sandbox.operator_key(), 10, &json!({})).await;
        let join = format!("/api/v1/concerts/{}/queue-tokens", sale.concert);
        let mut rush = JoinSet::new();
        for _ in 0..150 {
            let token = identity(&keyring, Uuid::now_v7());
            let asks = [Ask::post(&join, &json!({})), Ask::get("/api/v1/bookings")];
            rush.spawn(async move {
                let mut client = Client::connect(address).await.unwrap();
                let mut answers = Vec::new();
                for ask in asks.into_iter().cycle().take(10) {
                    answers.push(client.send(&ask.identity(&token)).await.unwrap());
                }
                answers
            });
        }
        let answers = rush.join_all().await.concat();
        let (done, turned_away): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.is_success());
        eprintln!("{} done, {} turned away", done.len(), turned_away.len());
        assert!(!done.is_empty() && !turned_away.is_empty());
        for answer in turned_away {
            assert_eq!(answer.status, 503, "{}", answer.body);
            assert!(answer.header("retry-after").is_some(), "{}", answer.body);
        }
        let token = identity(&keyring, Uuid::now_v7());
        for (ask, want) in
            [(Ask::post(&join, &json!({})), 201), (Ask::get("/api/v1/bookings"), 200)]
        {
            let answer = once(address, &ask.identity(&token)).await.unwrap();
            assert_eq!(answer.status, want, "{}", answer.body);
        }
    });
    server.stop();
}
