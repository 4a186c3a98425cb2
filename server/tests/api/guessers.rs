//! H39: many guess passwords at once, from one address, from dozens of networks, and from a whole network of IPv6.
//! Nobody honest is turned away: neither behind the guessers' address nor the owner of the account that they guess.

use crate::world::{Ask, Sale, Seen, get, post};
use boxoffice_server::http::address::Client;
use boxoffice_server::http::limits::{Asked, Class};
use boxoffice_server::networks::WIDE_SHARES;
use boxoffice_server::passwords::Passwords;
use boxoffice_server::supervisor::Supervisor;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinSet;

/// One at a time: each needs the processor for passwords.
static ALONE: Mutex<()> = Mutex::const_new(());

/// The address of those who guess.
const HERE: [u8; 4] = [203, 0, 113, 1];

/// A sale with so much room for passwords, for as long as the guard is held.
async fn sale_with(room: usize) -> (Sale, MutexGuard<'static, ()>) {
    let alone = ALONE.lock().await;
    let (sale, _) = Sale::new().rewired(64, |inner| {
        let (metrics, supervisor) = (Arc::clone(&inner.metrics), Supervisor::default());
        inner.passwords = Passwords::start(1, room, metrics, &supervisor).unwrap();
    });
    (sale, alone)
}

fn account(name: &str) -> Value {
    json!({ "username": name, "password": "correct horse" })
}

/// Who guesses, and how often they were turned away.
struct Guessers {
    over: Arc<AtomicBool>,
    turned_away: Arc<AtomicUsize>,
    all: JoinSet<()>,
}

impl Guessers {
    /// So many connections: whose password the n-th guesses each time, and from where.
    fn start(sale: &Sale, count: u16, guess: fn(u16, u32) -> (String, IpAddr)) -> Self {
        let mut guessers =
            Self { over: Arc::default(), turned_away: Arc::default(), all: JoinSet::new() };
        for n in 0..count {
            let (router, over) = (sale.router.clone(), Arc::clone(&guessers.over));
            let turned_away = Arc::clone(&guessers.turned_away);
            guessers.all.spawn(async move {
                let mut times = 0;
                while !over.load(Ordering::Relaxed) {
                    let (name, from) = guess(n, times);
                    let body = json!({ "username": name, "password": "in the dark" });
                    let ask = post("/api/v1/sessions").json(&body).from(from);
                    let seen = ask.send(router.clone()).await;
                    assert!(matches!(seen.status, 401 | 429 | 503), "{}", seen.shown());
                    turned_away.fetch_add(usize::from(seen.status == 503), Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    times += 1;
                }
            });
        }
        guessers
    }

    async fn turned_away(&self, times: usize) {
        while self.turned_away.load(Ordering::Relaxed) < times {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn stop(self) {
        self.over.store(true, Ordering::Relaxed);
        self.all.join_all().await;
    }
}

fn sign_in(name: &str, from: impl Into<IpAddr>) -> Ask {
    post("/api/v1/sessions").json(&account(name)).from(from.into())
}

async fn signed_up(sale: &Sale, names: &[&str]) {
    for name in names {
        sale.send(post("/api/v1/users").json(&account(name))).await.want(201);
    }
}

/// S3: 500 guess at once, from one address and from many, at one account and at many: whoever is
/// honest is signed in and up, and nobody honest is turned away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn honest_people_sign_in_while_500_guess() {
    let (sale, _alone) = sale_with(64).await;
    signed_up(&sale, &["mina", "jun"]).await;
    let guessers = Guessers::start(&sale, 500, |n, _| {
        let [high, low] = n.to_be_bytes();
        let from = if n % 2 == 0 { [203, 0, 113, 1] } else { [203, 0, 114 + high, low % 20] };
        (if n % 3 == 0 { "mina".to_owned() } else { format!("name-{n}") }, from.into())
    });
    guessers.turned_away(500).await;
    for n in 0..5_u8 {
        sale.send(sign_in("jun", [192, 0, 2, n])).await.want(201);
        let new = account(&format!("new-{n}"));
        sale.send(post("/api/v1/users").json(&new).from([198, 51, 100, n])).await.want(201);
    }
    // The owner of the account that they guess, from addresses of her own that are new.
    for n in 0..3_u8 {
        sale.send(sign_in("mina", [198, 18, n, 1])).await.want(201);
    }
    guessers.stop().await;
}

/// The first sign-in of somebody behind the address of those who guess, of names that there are and of others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_sign_in_behind_the_guessers_address_is_not_turned_away() {
    let (sale, _alone) = sale_with(64).await;
    let names = ["mina", "jun", "seo", "ari", "bom"];
    signed_up(&sale, &names).await;
    let guessers = Guessers::start(&sale, 500, |n, _| {
        (if n % 3 == 0 { "mina".to_owned() } else { format!("name-{}", n % 10) }, HERE.into())
    });
    guessers.turned_away(500).await;
    for name in &names[1..] {
        sale.send(sign_in(name, HERE)).await.want(201);
    }
    for n in 0..3 {
        let new = account(&format!("new-{n}"));
        sale.send(post("/api/v1/users").json(&new).from(HERE)).await.want(201);
    }
    // A name that nobody has is answered as soon, so that nobody learns which names there are.
    for n in 0..3 {
        let seen = sale.send(sign_in(&format!("nobody-{n}"), HERE)).await;
        seen.refused(401, "credentials_wrong");
    }
    guessers.stop().await;
}

/// Where they try another name each time, each is as good as anybody: whoever was turned away is let in when they
/// come again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_turned_away_behind_a_flood_of_names_is_next() {
    let (sale, _alone) = sale_with(64).await;
    let names = ["mina", "jun", "seo"];
    signed_up(&sale, &names).await;
    let guessers =
        Guessers::start(&sale, 500, |n, times| (format!("name-{n}-{times}"), HERE.into()));
    guessers.turned_away(500).await;
    for name in names {
        let mut seen: Seen = sale.send(sign_in(name, HERE)).await;
        if seen.status != 201 {
            seen.refused(503, "sign_in_busy");
            seen = sale.send(sign_in(name, HERE)).await;
        }
        seen.want(201);
    }
    guessers.stop().await;
}

/// The owner at a new address while dozens of networks guess the account; others do not wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_waits_beside_dozens_of_networks() {
    let (sale, _alone) = sale_with(256).await;
    signed_up(&sale, &["mina", "jun"]).await;
    let guessers = Guessers::start(&sale, 40, |n, times| {
        // Never the same again, so that none has failed before.
        let [high, low] = (n * 100 + u16::try_from(times % 100).unwrap()).to_be_bytes();
        ("mina".to_owned(), [20 + u8::try_from(times / 100).unwrap(), high, low, 1].into())
    });
    while sale.app.metrics.passwords_waiting.get() < 36 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for n in 0..3_u8 {
        sale.send(sign_in("mina", [198, 18, n, 1])).await.want(201);
        sale.send(sign_in("jun", [198, 19, n, 1])).await.want(201);
    }
    assert_eq!(guessers.turned_away.load(Ordering::Relaxed), 0, "nobody is, since there is room");
    guessers.stop().await;
}

/// An address over its limit: its sign-ins wait for it in the order of turns, in which a neighbour who floods is last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_over_its_limit_shares_what_it_has() {
    let _alone = ALONE.lock().await;
    let sale = Sale::with(|given| given.limit_sign_ins = Some("20+300/min".parse().unwrap()));
    let (sale, _) = sale.rewired(64, |inner| {
        let (metrics, supervisor) = (Arc::clone(&inner.metrics), Supervisor::default());
        inner.passwords = Passwords::start(1, 64, metrics, &supervisor).unwrap();
    });
    let names = ["mina", "jun", "seo", "ari"];
    signed_up(&sale, &names).await;
    let guessers = Guessers::start(&sale, 300, |n, times| {
        (format!("name-{}", (u32::from(n) + times) % 60), HERE.into())
    });
    guessers.turned_away(300).await;
    let may_go = || {
        let asked = Asked::new(Class::SignIn, Client(Some(HERE.into())));
        (sale.app.limits.at_its_turn(&asked))()
    };
    while may_go() {}
    for name in names {
        sale.send(sign_in(name, HERE)).await.want(201);
        sale.send(sign_in(name, [198, 18, 0, 1])).await.want(201);
    }
    guessers.stop().await;
}

/// S3: whoever has all addresses of an IPv6 network has the share of sixteen, not of as many as there are.
#[tokio::test]
async fn a_network_of_ipv6_has_the_share_of_sixteen_addresses() {
    let sale = Sale::with(|given| given.limit_requests = Some("5+1/min".parse().unwrap()));
    let from =
        |net: u16, n: u16| -> IpAddr { Ipv6Addr::new(0x2001, 0xdb8, net, n, 0, 0, 0, 1).into() };
    let ask = async |from: IpAddr| {
        let counted = boxoffice_server::networks::counted(from);
        sale.send(get("/api/v1/concerts").from(counted)).await
    };
    for _ in 0..5 {
        ask(from(1, 0)).await.want(200);
    }
    let mut answered = 0;
    for n in 1..200 {
        answered += u32::from(ask(from(1, n)).await.status == 200);
    }
    assert_eq!(answered, 5 * WIDE_SHARES - 5);
    let refused = ask(from(1, 1_000)).await;
    refused.refused(429, "rate_limited");
    ask(from(2, 0)).await.want(200);
    // An address that is refused for its network's sake has used up nothing of its own.
    let text = String::from_utf8(sale.send(get("/metrics")).await.body.to_vec()).unwrap();
    let line = "boxoffice_limited_total{limit=\"requests\",by=\"network\"}";
    assert!(text.contains(line), "{text}");
}
