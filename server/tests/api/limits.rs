//! H39: what one account or one address does too often is answered 429 and felt by nobody else.

use crate::guards::{About, fill};
use crate::world::{Ask, Fan, Sale, Seen, Show, charge, count, delete, get, post, reserve};
use boxoffice::config::Given;
use boxoffice::http::app::new_id;
use boxoffice::http::limits::Class;
use boxoffice::http::routes::{Guard, Route, routes};
use boxoffice::passwords::Passwords;
use boxoffice::tokens::{Use, queue_claims};
use boxoffice_core::id::UserId;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// One of each kind, and then none for a minute.
fn one_of_each(given: &mut Given) {
    let one = || Some("1+1/min".parse().unwrap());
    given.limit_joins = one();
    given.limit_holds = one();
    given.limit_payments = one();
    given.limit_reads = one();
    given.limit_maps = one();
    given.limit_refreshes = one();
    given.limit_requests = one();
}

/// A fan with genuine tokens; no row knows them.
fn fan(sale: &Sale, show: &Show) -> Fan {
    let mut fan = sale.fans(1).remove(0);
    let concert = sale.app.concert(show.id).unwrap();
    let now = sale.app.clock.now();
    let place = boxoffice_core::id::PlaceKey { concert: concert.id, sequence: 1 };
    let claims = queue_claims(UserId(fan.user), place, None, now, now.plus_ms(60_000));
    fan.token = sale.app.keyring.queue(&claims).unwrap();
    fan
}

fn limited(seen: &Seen) -> bool {
    let limited = seen.status == 429;
    if limited {
        seen.refused(429, "rate_limited");
        let after: u64 = seen.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&after), "{}", seen.shown());
    }
    limited
}

/// The request with all that its guard asks for.
fn guarded(sale: &Sale, route: &Route, show: &Show, fan: &Fan) -> Ask {
    let about =
        About { show: show.clone(), user: fan.user, reservation: new_id(), session: new_id() };
    let ask = fill(route, &about);
    match route.guard {
        Guard::Public if route.class == Class::Refresh => {
            let (now, user) = (sale.app.clock.now(), UserId(fan.user));
            let token = sale.app.keyring.identity(Use::Refresh, user, now, 60_000).unwrap();
            post(route.path).json(&json!({ "refresh_token": token }))
        }
        Guard::Public => ask,
        Guard::Identity => ask.identity(&fan.identity),
        Guard::QueueToken => ask.token(&fan.token),
        Guard::Admitted => ask.by(fan),
        Guard::Operator => ask.operator(),
    }
}

/// No route is without a limit but for those with a reason; and each limit is met.
#[tokio::test]
async fn every_route_is_limited() {
    let sale = Sale::with(one_of_each);
    let show = sale.concert(json!({})).await;
    for (n, route) in (0_u8..).zip(routes()) {
        let name = format!("{} {} {:?}", route.method, route.path, route.class);
        let (one, other) = (fan(&sale, &show), fan(&sale, &show));
        let ask = |fan: &Fan| guarded(&sale, &route, &show, fan);
        if let Class::Free(why) = route.class {
            assert!(!why.is_empty() && !route.path.starts_with("/api/"), "{name}");
            for _ in 0..3 {
                assert!(!limited(&sale.send(ask(&one).from([192, 0, 2, n])).await), "{name}");
            }
            continue;
        }
        // By address, whoever asks.
        assert!(!limited(&sale.send(ask(&one).from([192, 0, 2, n])).await), "{name}");
        assert!(limited(&sale.send(ask(&other).from([192, 0, 2, n])).await), "{name}");
        assert!(!limited(&sale.send(ask(&other).from([198, 51, 100, n])).await), "{name}");
        // By account, from wherever; those that only look into memory or know no account have none.
        let known = !matches!(route.guard, Guard::Public | Guard::Operator);
        assert_eq!(
            route.class.is_by_account(),
            known && route.class != Class::Poll || route.class == Class::Refresh,
            "{name}"
        );
        let again = sale.send(ask(&one)).await;
        if route.path == "/api/v1/me/sessions/current" {
            // Whoever has signed out spends nothing of the account's any more.
            again.refused(401, "session_ended");
            continue;
        }
        assert_eq!(limited(&again), route.class.is_by_account(), "{name}");
    }
}

/// A token that is not genuine spends nobody's limit.
#[tokio::test]
async fn nobody_spends_what_is_anothers() {
    let sale = Sale::with(one_of_each);
    let show = sale.concert(json!({})).await;
    let (fan, other) = (fan(&sale, &show), fan(&sale, &show));
    let join = |identity: &str| post(show.path("/queue-tokens")).identity(identity);
    let (head, _) = fan.identity.rsplit_once('.').unwrap();
    let (_, signature) = other.identity.rsplit_once('.').unwrap();
    for _ in 0..3 {
        let forged = sale.send(join(&format!("{head}.{signature}"))).await;
        forged.refused(401, "identity_invalid");
    }
    sale.send(join(&fan.identity)).await.want(201);
    assert!(limited(&sale.send(join(&fan.identity)).await));
}

/// S2, S6: what one account can do in a loop comes to an end, while another's first is done.
#[tokio::test]
async fn loops_of_one_account_come_to_an_end() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let mut bot = sale.fan().await;
    let mut places = 0;
    for _ in 0..60 {
        let seen = sale.send(post(show.path("/queue-tokens")).by(&bot)).await;
        if limited(&seen) {
            break;
        }
        places += 1;
        let token = seen.json()["token"].as_str().unwrap().to_owned();
        limited(&sale.send(delete("/api/v1/queue-tokens/me").token(&token)).await);
    }
    assert!((10..13).contains(&places), "joins and leaves are counted together: {places}");
    bot.token.clear();

    let bot = sale.buyer(&show).await;
    let mut holds = 0;
    while holds < 100 {
        let seen = sale.send(reserve(&bot, &show, &[1])).await;
        if limited(&seen) {
            break;
        }
        holds += 1;
        let path =
            format!("/api/v1/reservations/{}", seen.want(201)["reservation_id"].as_str().unwrap());
        limited(&sale.send(delete(path).by(&bot)).await);
    }
    assert!((15..18).contains(&holds), "holds and releases are counted together: {holds}");
    let charges = sale.all((0..100).map(|n| charge(&bot, 1).key(&format!("k{n}")))).await;
    assert!((29..34).contains(&count(&charges, 201)), "one was made before");
    let bookings = sale.all((0..300).map(|_| get("/api/v1/bookings").by(&bot))).await;
    assert!((240..270).contains(&count(&bookings, 200)));

    let fan = sale.buyer(&show).await;
    sale.hold(&fan, &show, &[1]).await;
    sale.send(get("/api/v1/bookings").by(&fan)).await.want(200);
    let text = String::from_utf8(sale.send(get("/metrics")).await.body.to_vec()).unwrap();
    for limit in ["joins", "holds", "payments", "reads"] {
        let line = format!("boxoffice_limited_total{{limit=\"{limit}\",by=\"account\"}}");
        assert!(text.contains(&line), "{line}: {text}");
    }
}

/// S15: a full map costs what many looks at what changed cost.
#[tokio::test]
async fn full_maps_are_dear_and_changes_are_cheap() {
    let sale = Sale::with(|given| given.limit_maps = Some("90+1/min".parse().unwrap()));
    let show = sale.concert(json!({})).await;
    for (query, most) in [("", 9), ("?form=compact", 30), ("?form=compact&since=0-0", 90)] {
        let fan = sale.shopper(&show).await;
        let ask = get(format!("{}{query}", show.seats_path())).by(&fan);
        let seen = sale.all((0..most + 5).map(|_| ask.clone())).await;
        assert_eq!(count(&seen, 200), most, "{query}");
    }
}

/// S4: who guesses waits longer and longer; the owner, from elsewhere, does not.
#[tokio::test]
async fn a_guesser_is_delayed_and_the_owner_is_not() {
    let sale = Sale::new();
    let account = |password: &str| json!({ "username": "mina", "password": password });
    sale.send(post("/api/v1/users").json(&account("correct horse"))).await.want(201);
    let sign_in = |password: &str, last: u8| {
        post("/api/v1/sessions").json(&account(password)).from([192, 0, 2, last])
    };
    for _ in 0..5 {
        sale.send(sign_in("in the dark", 1)).await.refused(401, "credentials_wrong");
    }
    let delayed = sale.send(sign_in("in the dark", 1)).await;
    delayed.refused(429, "sign_in_delayed");
    sale.send(sign_in("correct horse", 1)).await.refused(429, "sign_in_delayed");
    // A retry of a sign-up is no way to guess, either.
    let again = post("/api/v1/users").json(&account("in the dark")).key("k").from([192, 0, 2, 1]);
    sale.send(again).await.refused(429, "sign_in_delayed");
    sale.send(sign_in("correct horse", 2)).await.want(201);
}

/// S3: 500 guess at once, from one address and from many, at one account and at many: whoever is
/// honest is signed in and up, and nobody honest is turned away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn honest_people_sign_in_while_500_guess() {
    let sale = Sale::new();
    let (sale, _) = sale.rewired(64, |inner| {
        let metrics = Arc::clone(&inner.metrics);
        let supervisor = boxoffice::supervisor::Supervisor::default();
        inner.passwords = Passwords::start(1, 64, metrics, &supervisor).unwrap();
    });
    let account = |name: &str| json!({ "username": name, "password": "correct horse" });
    for name in ["mina", "jun"] {
        sale.send(post("/api/v1/users").json(&account(name))).await.want(201);
    }
    let over = Arc::new(AtomicBool::new(false));
    let turned_away = Arc::new(AtomicUsize::new(0));
    let mut guessers = JoinSet::new();
    for n in 0..500_u16 {
        let (router, over) = (sale.router.clone(), Arc::clone(&over));
        let turned_away = Arc::clone(&turned_away);
        let [high, low] = n.to_be_bytes();
        let address = if n % 2 == 0 { [203, 0, 113, 1] } else { [203, 0, 114 + high, low % 20] };
        let name = if n % 3 == 0 { "mina".to_owned() } else { format!("name-{n}") };
        let guess = json!({ "username": name, "password": "in the dark" });
        let ask = post("/api/v1/sessions").json(&guess).from(address);
        guessers.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let seen = ask.clone().send(router.clone()).await;
                assert!(matches!(seen.status, 401 | 429 | 503), "{}", seen.shown());
                turned_away.fetch_add(usize::from(seen.status == 503), Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    }
    while turned_away.load(Ordering::Relaxed) < 500 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for n in 0..5_u8 {
        let jun = post("/api/v1/sessions").json(&account("jun")).from([192, 0, 2, n]);
        sale.send(jun).await.want(201);
        let new = account(&format!("new-{n}"));
        sale.send(post("/api/v1/users").json(&new).from([198, 51, 100, n])).await.want(201);
    }
    // The owner of the account that they guess, from addresses of her own that are new.
    for n in 0..3_u8 {
        let mina = post("/api/v1/sessions").json(&account("mina")).from([198, 18, n, 1]);
        sale.send(mina).await.want(201);
    }
    over.store(true, Ordering::Relaxed);
    guessers.join_all().await;
}
