//! H39: what one account or one address does too often is answered 429 and felt by nobody else.

use crate::guards::{About, fill};
use crate::world::{Ask, Fan, Sale, Seen, Show, charge, count, delete, get, post, reserve};
use boxoffice_core::id::UserId;
use boxoffice_server::config::Given;
use boxoffice_server::http::address::Client;
use boxoffice_server::http::app::new_id;
use boxoffice_server::http::limits::{Asked, Class};
use boxoffice_server::http::routes::{Guard, Route, routes};
use boxoffice_server::http::web::{PAGES, WORKER};
use boxoffice_server::passwords::{Passwords, open};
use boxoffice_server::store::pool::ReadPool;
use boxoffice_server::supervisor::Supervisor;
use boxoffice_server::tokens::{Use, queue_claims};
use hyper::Method;
use serde_json::json;
use std::sync::Arc;

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
    let place = boxoffice_core::id::PlaceKey { queue: concert.general().id, sequence: 1 };
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
    let about = About {
        show: show.clone(),
        user: fan.user,
        reservation: new_id(),
        session: new_id(),
        job: new_id(),
    };
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

/// The request by somebody who has no token, or with a body that is none.
fn unknown(route: &Route, ask: Ask) -> Ask {
    match route.class {
        Class::SignUp | Class::SignIn | Class::Refresh if route.guard == Guard::Public => {
            post(route.path).json(&json!({}))
        }
        _ => ask.without("authorization").without("x-queue-token").without("x-api-key"),
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
        // By address, whoever is not known.
        let from = [192, 0, 2, n];
        assert!(!limited(&sale.send(unknown(&route, ask(&one)).from(from)).await), "{name}");
        assert!(limited(&sale.send(unknown(&route, ask(&one)).from(from)).await), "{name}");
        // Whoever is known, or asks for a password to be looked at, is not kept out by that.
        let asked = sale.send(ask(&one).from(from)).await;
        let brings_nothing =
            route.guard == Guard::Public && matches!(route.class, Class::Browse | Class::Operator);
        assert_eq!(limited(&asked), brings_nothing, "{name}");
        assert!(!limited(&sale.send(ask(&other).from([198, 51, 100, n])).await), "{name}");
        // By account, from wherever; those that only look into memory or know no account have none.
        let known = !matches!(route.guard, Guard::Public | Guard::Operator);
        assert_eq!(
            route.class.is_by_account(),
            known && !matches!(route.class, Class::Poll | Class::PlaceStream)
                || route.class == Class::Refresh,
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

/// Nor is what stands in no list of routes: pages and their files, the documents, what there is nothing for.
#[tokio::test]
async fn what_is_no_route_is_limited() {
    let sale = Sale::with(one_of_each);
    let show = sale.concert(json!({})).await;
    let html = |ask: Ask| ask.header("accept", "text/html");
    let preflight = |path: &str| {
        let mut ask = get(path);
        ask.method = Method::OPTIONS;
        ask
    };
    let pages = PAGES.map(|page| (get(page.replace("{id}", &show.id.to_string())), 200));
    let others = [
        (get("/web/x/app/main.js"), 200),
        (get("/web/x/app/nothing.js"), 404),
        (get(WORKER), 200),
        (get("/docs"), 307),
        (get("/docs/"), 200),
        (get("/docs/codes"), 200),
        (get("/docs/swagger-ui.css"), 200),
        (get("/docs/nothing"), 404),
        (get("/nothing"), 404),
        (html(get("/nothing")), 404),
        (get("/api/v1/nothing"), 404),
        (get("/api/v1/concerts/"), 308),
        (preflight("/nothing"), 404),
        (preflight("*"), 204),
        (preflight("/api/v1/concerts"), 204),
        (delete("/api/v1/concerts"), 405),
        (post("/"), 405),
        (post("/docs"), 405),
        (post("/livez"), 405),
    ];
    for (n, (ask, status)) in (0_u8..).zip(pages.into_iter().chain(others)) {
        let one = fan(&sale, &show);
        let (from, elsewhere) = ([192, 0, 2, n], [198, 51, 100, n]);
        let known = ask.clone().identity(&one.identity);
        assert_eq!(sale.send(ask.clone().from(from)).await.status, status, "{ask:?}");
        assert!(limited(&sale.send(ask.clone().from(from)).await), "{ask:?}");
        // Whoever is known there pays for itself, but for the documents.
        let is_document = ask.path.starts_with("/docs") && status != 405;
        let seen = sale.send(known.clone().from(from)).await;
        assert_eq!(limited(&seen), is_document, "{ask:?}: {}", seen.shown());
        assert_eq!(limited(&sale.send(known.from(elsewhere)).await), !is_document, "{ask:?}");
    }
    // The documents are within the limit of operators as well.
    let sale = Sale::with(|given| given.limit_operators = Some("1+1/min".parse().unwrap()));
    for (again, path) in [(false, "/docs/"), (true, "/docs/codes"), (false, "/"), (false, "/")] {
        let seen = sale.send(get(path).from([192, 0, 2, 1])).await;
        assert_eq!(limited(&seen), again, "{path}: {}", seen.shown());
    }
}

/// Who was refused and goes on asking is answered from memory: nothing reads or writes for them, on any route.
#[tokio::test]
async fn who_goes_on_asking_costs_no_statement() {
    let sale = Sale::with(one_of_each);
    let show = sale.concert(json!({})).await;
    let mut refused = Vec::new();
    for (n, route) in (0_u8..).zip(routes()) {
        if matches!(route.class, Class::Free(_)) {
            continue;
        }
        let (fan, from) = (fan(&sale, &show), [192, 0, 2, n]);
        let asks = [
            guarded(&sale, &route, &show, &fan),
            unknown(&route, guarded(&sale, &route, &show, &fan)),
        ];
        for ask in asks {
            let ask = ask.from(from);
            sale.send(ask.clone()).await;
            if limited(&sale.send(ask.clone()).await) {
                refused.push(ask);
            }
        }
    }
    assert!(refused.len() > routes().len(), "{}", refused.len());
    let (sale, watch) = sale.rewired(8, |inner| inner.readers = ReadPool::new(Vec::new(), None));
    let before = watch.calls();
    for ask in &refused {
        for _ in 0..3 {
            assert!(limited(&sale.send(ask.clone()).await), "{ask:?}");
        }
    }
    assert_eq!(watch.calls(), before);
    // Where somebody is not refused, a missing reader shows.
    let mina = json!({ "username": "mina", "password": "correct horse" });
    let asked = sale.send(post("/api/v1/sessions").json(&mina).from([198, 51, 100, 1])).await;
    asked.refused(503, "database_unavailable");
}

/// The same for a sign-in that finds no room.
#[tokio::test]
async fn a_sign_in_that_finds_no_room_costs_no_statement() {
    let sale = Sale::new();
    let (sale, watch) = sale.rewired(64, |inner| {
        let (supervisor, metrics) = (Supervisor::default(), Arc::clone(&inner.metrics));
        inner.passwords = Passwords::start(0, 1, metrics, &supervisor).unwrap();
        inner.readers = ReadPool::new(Vec::new(), None);
    });
    let (app, from) = (sale.app.clone(), Some([192, 0, 2, 2].into()));
    let waits = tokio::spawn(async move {
        app.passwords.verify((from, "mina"), open(), "a guess".to_owned(), None).await
    });
    while sale.app.metrics.passwords_waiting.get() == 0 {
        tokio::task::yield_now().await;
    }
    let before = watch.calls();
    for n in 0..20 {
        let account = json!({ "username": format!("name-{n}"), "password": "correct horse" });
        let ask = post("/api/v1/sessions").json(&account).from([192, 0, 2, 2]);
        sale.send(ask).await.refused(503, "sign_in_busy");
    }
    assert_eq!(watch.calls(), before);
    waits.abort();
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

/// One who floods from behind an address that thousands share keeps nobody out who is known there: who
/// brings a token, who signed in from there before, whose key is an operator's.
#[tokio::test]
async fn a_neighbour_who_floods_keeps_nobody_out_who_is_known() {
    let sale = Sale::with(|given| {
        let few = || Some("5+1/min".parse().unwrap());
        given.limit_requests = few();
        given.limit_sign_ins = few();
        given.limit_operators = few();
    });
    let show = sale.concert(json!({})).await;
    let account = |name: &str| json!({ "username": name, "password": "correct horse" });
    let here = [192, 0, 2, 1];
    let sign_in = |name: &str| post("/api/v1/sessions").json(&account(name)).from(here);
    // Some sign up there, and others in some other place.
    let names = ["mina", "jun", "seo", "ari", "min", "bom", "nari", "yul", "dan"];
    for (n, name) in (1..).zip(names) {
        let from = [192, 0, 2, if name == "mina" { 1 } else { n }];
        sale.send(post("/api/v1/users").json(&account(name)).from(from)).await.want(201);
    }
    // Right passwords are no guesses.
    for name in &names[2..] {
        sale.send(sign_in(name)).await.want(201);
    }
    let fan = sale.shopper(&show).await;
    let (head, _) = fan.identity.rsplit_once('.').unwrap();
    let floods = [
        get("/api/v1/concerts"),
        post("/api/v1/sessions").json(&json!({})),
        post("/api/v1/users").json(&json!({})),
        post("/api/v1/sessions/refresh").json(&json!({ "refresh_token": "none" })),
        get("/api/v1/me").identity(&format!("{head}.{}", "A".repeat(43))),
        get("/api/v1/queue-tokens/me"),
        get(format!("/api/v1/admin/concerts/{}", show.id)).header("x-api-key", "wrong"),
    ];
    for flood in &floods {
        let mut refused = false;
        for _ in 0..7 {
            refused = limited(&sale.send(flood.clone().from(here)).await);
        }
        assert!(refused, "{flood:?}");
    }
    for n in 0..6 {
        limited(&sale.send(sign_in(&format!("nobody-{n}"))).await);
    }

    let honest = [
        (get("/api/v1/queue-tokens/me").token(&fan.token), 200),
        (get(show.path("/dates")).by(&fan), 200),
        (get(format!("{}?form=compact", show.seats_path())).by(&fan), 200),
        (post(show.path("/queue-tokens")).identity(&fan.identity), 200),
        (reserve(&fan, &show, &[1]), 201),
        (charge(&fan, 1_000_000).key("k"), 201),
        (get("/api/v1/me").identity(&fan.identity), 200),
        (get("/api/v1/concerts").identity(&fan.identity), 200),
        (post("/api/v1/users").json(&account("yuna")), 201),
        (sign_in("mina"), 201),
        (sign_in("dan"), 201),
        (sign_in("yuna"), 201),
        (get(format!("/api/v1/admin/concerts/{}", show.id)).operator(), 200),
    ];
    for (ask, status) in honest {
        sale.send(ask.from(here)).await.want(status);
    }
    // Whom nobody knows there is told so, and is not kept out elsewhere.
    assert!(limited(&sale.send(sign_in("jun")).await));
    sale.send(sign_in("jun").from([192, 0, 2, 2])).await.want(201);
}

/// Whoever has tokens of many accounts has of each what one has, and no more by changing between them.
#[tokio::test]
async fn each_of_many_accounts_has_its_own_limit() {
    let sale = Sale::with(one_of_each);
    let fans = sale.fans(20);
    for n in 0..3_u8 {
        for fan in &fans {
            let ask = get("/api/v1/me/holds").identity(&fan.identity).from([192, 0, 2, 1]);
            assert_eq!(limited(&sale.send(ask).await), n > 0, "{n}");
        }
    }
}

/// Without a key, or with a wrong one, nobody asks for what is the operators' as often as for what is the
/// fans'.
#[tokio::test]
async fn who_has_no_key_is_limited_as_an_operator() {
    let sale = Sale::with(|given| given.limit_operators = Some("2+1/min".parse().unwrap()));
    let show = sale.concert(json!({})).await;
    let ask = get(format!("/api/v1/admin/concerts/{}", show.id));
    for (from, ask) in [(1, ask.clone()), (2, ask.clone().header("x-api-key", "wrong"))] {
        for n in 0..4 {
            let seen = sale.send(ask.clone().from([192, 0, 2, from])).await;
            assert_eq!(limited(&seen), n > 1, "{}", seen.shown());
        }
    }
    sale.send(ask.operator().from([192, 0, 2, 1])).await.want(200);
}

/// A fan whom others are faster than asks for one seat after another: what was lost costs little, and not
/// nothing, since it was decided at the write path.
#[tokio::test]
async fn who_loses_races_is_not_shut_out() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (first, fan) = (sale.shopper(&show).await, sale.shopper(&show).await);
    sale.hold(&first, &show, &[1]).await;
    for _ in 0..100 {
        sale.send(reserve(&fan, &show, &[1])).await.refused(409, "seats_taken");
    }
    sale.hold(&fan, &show, &[2]).await;
    let mut more = 0;
    while more < 500 && !limited(&sale.send(reserve(&fan, &show, &[1])).await) {
        more += 1;
    }
    assert!((150..300).contains(&more), "{more}");
}

/// Who is not let in may not ask ten times as often for what is refused.
#[tokio::test]
async fn a_hold_without_admission_costs_as_much_as_one() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    sale.shopper(&show).await;
    let mut fan = sale.fan().await;
    sale.join(&mut fan, &show).await;
    let mut asked = 0;
    while asked < 100 && !limited(&sale.send(reserve(&fan, &show, &[1])).await) {
        asked += 1;
    }
    assert!((30..33).contains(&asked), "{asked}");
}

/// A password for which there was no room is not counted for its address: nothing was looked at.
#[tokio::test]
async fn who_was_told_to_come_again_may_come_again() {
    for path in ["/api/v1/sessions", "/api/v1/users"] {
        let sale = Sale::with(|given| {
            given.limit_sign_ins = Some("5+1/min".parse().unwrap());
            given.limit_sign_ups = given.limit_sign_ins;
        });
        let (sale, _) = sale.rewired(64, |inner| {
            let (supervisor, metrics) = (Supervisor::default(), Arc::clone(&inner.metrics));
            inner.passwords = Passwords::start(0, 1, metrics, &supervisor).unwrap();
        });
        let account = json!({ "username": "mina", "password": "correct horse" });
        let ask = post(path).json(&account).from([192, 0, 2, 1]);
        // It waits for a turn that never comes.
        let waits = ask.clone().from([192, 0, 2, 2]).send(sale.router.clone());
        let waits = tokio::spawn(waits);
        while sale.app.metrics.passwords_waiting.get() == 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            sale.send(ask.clone()).await.refused(503, "sign_in_busy");
        }
        waits.abort();
    }
}

/// A campus signs up at once: one address, a hall of people.
#[tokio::test]
async fn a_campus_signs_up() {
    let sale = Sale::new();
    let made = (0..10_000).take_while(|_| {
        let asked = Asked::new(Class::SignUp, Client(Some([192, 0, 2, 1].into())));
        sale.app.limits.sign_up(&asked).is_ok() && (sale.app.limits.at_its_turn(&asked))()
    });
    assert!((1_500..5_000).contains(&made.count()));
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
