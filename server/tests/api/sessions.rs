//! Sessions: listed, renewed once, ended everywhere; a password changed; an account deleted.

use crate::world::{
    Fan, MINUTE, Member, PASSWORD, Sale, Seen, charge, delete, get, id_of, post, put, reserve,
};
use boxoffice_core::id::UserId;
use boxoffice_server::store::pool::ReadPool;
use boxoffice_server::tokens::Use;
use serde_json::{Value, json};

async fn refreshed(sale: &Sale, token: &str) -> Seen {
    let body = json!({ "refresh_token": token });
    sale.send(post("/api/v1/sessions/refresh").json(&body)).await
}

async fn is_in(sale: &Sale, fan: &Fan) -> Seen {
    sale.send(get("/api/v1/bookings").by(fan)).await
}

async fn sessions_of(sale: &Sale, fan: &Fan) -> Vec<Value> {
    let view = sale.send(get("/api/v1/me/sessions").by(fan)).await.want(200);
    view["sessions"].as_array().unwrap().clone()
}

/// H42, S11: a refresh token is used once. The same request again within seconds has the same answer, since the
/// first may have been lost; later it is in two hands, and both are out.
#[tokio::test]
async fn a_refresh_token_is_used_once() {
    let sale = Sale::new();
    let mina = sale.member("mina").await;
    sale.pass(MINUTE);
    let first = refreshed(&sale, &mina.refresh).await;
    let next = Member::of(&first.want(201));
    assert_eq!((next.session, next.fan.user), (mina.session, mina.fan.user));
    assert_ne!((&next.refresh, &next.fan.identity), (&mina.refresh, &mina.fan.identity));
    sale.pass(9_999);
    let again = Member::of(&refreshed(&sale, &mina.refresh).await.want(201));
    assert_eq!((&again.refresh, &again.fan.identity), (&next.refresh, &next.fan.identity));
    is_in(&sale, &mina.fan).await.want(200);
    let (other, june) = (sale.sign_in("mina").await, sale.member("june").await);
    sale.pass(1);
    refreshed(&sale, &mina.refresh).await.refused(401, "session_ended");
    for out in [&mina.fan, &next.fan] {
        is_in(&sale, out).await.refused(401, "session_ended");
    }
    refreshed(&sale, &next.refresh).await.refused(401, "session_ended");
    is_in(&sale, &other.fan).await.want(200);
    is_in(&sale, &june.fan).await.want(200);
    // An access token renews nothing, and a refresh token opens nothing.
    refreshed(&sale, &june.fan.identity).await.refused(401, "identity_invalid");
    let swapped = Fan { identity: june.refresh.clone(), ..june.fan.clone() };
    is_in(&sale, &swapped).await.refused(401, "identity_invalid");
    refreshed(&sale, &june.refresh).await.want(201);
}

/// Many tabs at once renew alike: one successor, nobody out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tabs_that_renew_at_once_go_on() {
    let sale = Sale::new();
    let mina = sale.member("mina").await;
    let ask = || {
        let body = json!({ "refresh_token": mina.refresh });
        post("/api/v1/sessions/refresh").json(&body)
    };
    let seen = sale.all((0..20).map(|_| ask())).await;
    let next: Vec<Value> =
        seen.iter().map(|seen| seen.want(201)["refresh_token"].clone()).collect();
    assert!(next.iter().all(|token| *token == next[0]));
    refreshed(&sale, next[0].as_str().unwrap()).await.want(201);
}

/// Sessions are listed with what the client called itself, the newest first; ended ones and others' are not.
#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let sale = Sale::new();
    let one = sale.member("mina").await;
    let june = sale.member("june").await;
    sale.pass(MINUTE);
    let account = json!({ "username": "mina", "password": PASSWORD });
    let agent = format!("Phone/7 {}", "x".repeat(300));
    let sign_in = post("/api/v1/sessions").json(&account);
    let two = sale.send(sign_in.clone().header("user-agent", &agent)).await.want(201);
    let two = Member::of(&two);
    sale.pass(MINUTE);
    let three = Member::of(&sale.send(sign_in).await.want(201));

    let listed = sessions_of(&sale, &two.fan).await;
    let ids: Vec<_> = listed.iter().map(|view| id_of(&view["session_id"])).collect();
    assert_eq!(ids, [three.session, two.session, one.session]);
    assert_eq!(listed[1]["current"], true);
    assert_eq!((&listed[0]["current"], &listed[0]["user_agent"]), (&json!(false), &Value::Null));
    assert_eq!(listed[1]["user_agent"], agent[..200]);
    assert_eq!(listed[2]["created_at"], "2027-01-15T08:00:00.000Z");
    assert_eq!(listed[2]["expires_at"], "2027-01-22T08:00:00.000Z");
    refreshed(&sale, &one.refresh).await.want(201);
    let listed = sessions_of(&sale, &two.fan).await;
    assert_eq!(listed[2]["last_used_at"], "2027-01-15T08:02:00.000Z");

    let end = |id| delete(format!("/api/v1/me/sessions/{id}")).by(&two.fan);
    sale.send(end(june.session)).await.refused(404, "session_not_found");
    sale.send(end(two.fan.user)).await.refused(404, "session_not_found");
    sale.send(end(one.session)).await.want(204);
    sale.send(end(one.session)).await.want(204);
    is_in(&sale, &one.fan).await.refused(401, "session_ended");
    assert_eq!(sessions_of(&sale, &two.fan).await.len(), 2);

    let others = delete("/api/v1/me/sessions").by(&two.fan);
    assert_eq!(sale.send(others.clone()).await.want(200)["sessions_ended"], 1);
    assert_eq!(sale.send(others).await.want(200)["sessions_ended"], 0);
    is_in(&sale, &three.fan).await.refused(401, "session_ended");
    refreshed(&sale, &three.refresh).await.refused(401, "session_ended");

    sale.send(delete("/api/v1/me/sessions/current").by(&two.fan)).await.want(204);
    is_in(&sale, &two.fan).await.refused(401, "session_ended");
    refreshed(&sale, &two.refresh).await.refused(401, "session_ended");
    sale.send(delete("/api/v1/me/sessions/current").by(&two.fan))
        .await
        .refused(401, "session_ended");
    is_in(&sale, &june.fan).await.want(200);
    sale.sound();
}

/// H25, H42: what has ended has ended after a restart, too, for as long as a token of it would count.
#[tokio::test]
async fn ended_is_ended_after_a_restart() {
    let sale = Sale::new();
    let (out, stays) = (sale.member("mina").await, sale.sign_in("mina").await);
    sale.send(delete("/api/v1/me/sessions/current").by(&out.fan)).await.want(204);
    let sale = sale.reborn();
    is_in(&sale, &out.fan).await.refused(401, "session_ended");
    is_in(&sale, &stays.fan).await.want(200);
    assert_eq!(sale.app.read_model.ended.len(), 1);
    sale.pass(sale.app.token_times.access_ttl_ms);
    is_in(&sale, &out.fan).await.refused(401, "identity_invalid");
    sale.tick().await;
    assert!(sale.app.read_model.ended.is_empty(), "nothing is remembered for longer than needed");
    let stays = Member::of(&refreshed(&sale, &stays.refresh).await.want(201));
    is_in(&sale, &stays.fan).await.want(200);
}

/// Tokens of the version before name no session. They go on; a refresh token gets a session at its first use,
/// which is its only one; and ending the others ends them.
#[tokio::test]
async fn tokens_of_the_version_before_go_on() {
    let sale = Sale::new();
    let mina = sale.member("mina").await;
    let old = |aud, minutes: i64| {
        let (now, ttl) = (sale.app.clock.now(), minutes * MINUTE);
        sale.app.keyring.identity(aud, UserId(mina.fan.user), now, ttl).unwrap()
    };
    let (access, refresh, another) =
        (old(Use::Identity, 60), old(Use::Refresh, 9_000), old(Use::Refresh, 9_001));
    let fan = Fan { identity: access.clone(), ..mina.fan.clone() };
    is_in(&sale, &fan).await.want(200);
    let named = Member::of(&refreshed(&sale, &refresh).await.want(201));
    assert_eq!(Member::of(&refreshed(&sale, &refresh).await.want(201)).refresh, named.refresh);
    is_in(&sale, &named.fan).await.want(200);
    assert_eq!(sessions_of(&sale, &named.fan).await.len(), 2);
    sale.pass(10_000);
    refreshed(&sale, &refresh).await.refused(401, "session_ended");
    is_in(&sale, &named.fan).await.refused(401, "session_ended");
    is_in(&sale, &fan).await.want(200);
    sale.send(delete("/api/v1/me/sessions").by(&mina.fan)).await.want(200);
    is_in(&sale, &fan).await.refused(401, "session_ended");
    refreshed(&sale, &another).await.refused(401, "session_ended");
    is_in(&sale, &mina.fan).await.want(200);
}

/// The old password is asked for; the other sessions end; the new one signs in and the old one does not.
#[tokio::test]
async fn a_password_is_changed() {
    let sale = Sale::new();
    let (mina, other) = (sale.member("mina").await, sale.sign_in("mina").await);
    let change = |old: &str, new: &str| {
        let body = json!({ "current_password": old, "new_password": new });
        put("/api/v1/me/password").by(&mina.fan).json(&body)
    };
    let seen = sale.send(change(PASSWORD, "short")).await;
    assert_eq!(seen.want(400)["field"], "new_password");
    sale.send(change("incorrect horse", "battery staple")).await.refused(403, "password_wrong");
    is_in(&sale, &other.fan).await.want(200);
    let done = sale.send(change(PASSWORD, "battery staple")).await.want(200);
    assert_eq!(done["sessions_ended"], 1);
    is_in(&sale, &mina.fan).await.want(200);
    refreshed(&sale, &mina.refresh).await.want(201);
    is_in(&sale, &other.fan).await.refused(401, "session_ended");
    let sign_in = |password: &str| {
        post("/api/v1/sessions").json(&json!({ "username": "mina", "password": password }))
    };
    sale.send(sign_in(PASSWORD)).await.refused(401, "credentials_wrong");
    sale.send(sign_in("battery staple")).await.want(201);
}

/// H39: who has somebody's access token guesses the password no faster by it.
#[tokio::test]
async fn guesses_at_a_password_are_delayed() {
    let sale = Sale::new();
    let mina = sale.member("mina").await;
    let guess = || delete("/api/v1/me").by(&mina.fan).json(&json!({ "password": "a guess" }));
    let mut delayed = false;
    for _ in 0..30 {
        let seen = sale.send(guess()).await;
        delayed = seen.code() == "sign_in_delayed";
        if delayed {
            break;
        }
        seen.refused(403, "password_wrong");
    }
    assert!(delayed);
    let sign_in = json!({ "username": "mina", "password": PASSWORD });
    sale.send(post("/api/v1/sessions").json(&sign_in)).await.refused(429, "sign_in_delayed");
}

/// The name goes, what was bought stays; places and holds are given up; money that is left is not lost by
/// accident.
#[tokio::test]
async fn an_account_is_deleted() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    let (mina, other) = (sale.member("mina").await, sale.sign_in("mina").await);
    let mut fan = mina.fan.clone();
    sale.join(&mut fan, &show).await;
    sale.send(charge(&fan, 250_000).key("c")).await.want(201);
    sale.send(reserve(&fan, &show, &[1])).await.want(201);
    let mut next = sale.fan().await;
    assert_eq!(sale.join(&mut next, &show).await["state"], "waiting");

    let farewell = |body: Value| delete("/api/v1/me").by(&mina.fan).json(&body);
    let wrong = farewell(json!({ "password": "incorrect horse", "give_up_balance": 250_000 }));
    sale.send(wrong).await.refused(403, "password_wrong");
    let seen = sale.send(farewell(json!({ "password": PASSWORD }))).await;
    seen.refused(409, "balance_left");
    let left = seen.json();
    let left = (&left["balance"], &left["currency"], &left["currency_decimals"]);
    assert_eq!(left, (&json!(250_000), &json!("KRW"), &json!(0)));
    assert_eq!(sale.poll(&fan).await["state"], "admitted", "a refusal changes nothing");
    let beyond = json!(9_223_372_036_854_775_808_u64);
    for nonsense in [json!(-1), beyond, json!(250_000.5), json!("250000"), json!(true)] {
        let nonsense = farewell(json!({ "password": PASSWORD, "give_up_balance": nonsense }));
        sale.send(nonsense).await.refused(400, "invalid_body");
    }
    let less = farewell(json!({ "password": PASSWORD, "give_up_balance": 249_999 }));
    sale.send(less).await.refused(409, "balance_left");
    let whole = farewell(json!({ "password": PASSWORD, "give_up_balance": 250_000 }));
    sale.send(whole).await.want(204);

    for out in [&mina.fan, &other.fan] {
        is_in(&sale, out).await.refused(401, "session_ended");
    }
    refreshed(&sale, &other.refresh).await.refused(401, "session_ended");
    let sign_in = json!({ "username": "mina", "password": PASSWORD });
    sale.send(post("/api/v1/sessions").json(&sign_in)).await.refused(401, "credentials_wrong");
    sale.tick().await;
    assert_eq!(sale.poll(&next).await["state"], "admitted", "the place was given up");
    assert_eq!(sale.seat(&next, &show, 1).await, "available");
    let again = sale.member("mina").await;
    assert_ne!(again.fan.user, mina.fan.user, "the name is free, and nothing comes with it");
    let negative = delete("/api/v1/me").by(&again.fan);
    let negative = negative.json(&json!({ "password": PASSWORD, "give_up_balance": -1 }));
    sale.send(negative).await.refused(400, "invalid_body");
    let mine = sale.send(get("/api/v1/bookings").by(&again.fan)).await.want(200);
    assert_eq!(mine["bookings"], json!([]));
    let rows = sale.dump();
    assert_eq!((rows["balance"].len(), rows["transfer"].len()), (1, 1));
    sale.sound();
}

/// H38: an account's sessions are bounded, however often it signs in.
#[tokio::test]
async fn sessions_of_one_account_are_bounded() {
    let sale = Sale::new();
    let first = sale.member("mina").await;
    for _ in 0..20 {
        sale.pass(1_000);
        sale.sign_in("mina").await;
    }
    is_in(&sale, &first.fan).await.refused(401, "session_ended");
    let last = sale.sign_in("mina").await;
    assert_eq!(sessions_of(&sale, &last.fan).await.len(), 20);
}

/// H23: that a session has not ended costs no question to the database: the read model knows.
#[tokio::test]
async fn whether_a_session_has_ended_costs_no_database() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let mina = sale.member("mina").await;
    let mut fan = mina.fan.clone();
    sale.join(&mut fan, &show).await;
    sale.send(get(show.path("/dates")).by(&fan)).await.want(200);
    // Without a connection to ask on.
    let (sale, watch) = sale.rewired(64, |inner| inner.readers = ReadPool::new(Vec::new(), None));
    for _ in 0..100 {
        sale.send(get(show.path("/dates")).by(&fan)).await.want(200);
    }
    assert_eq!(watch.calls(), 0);
}
