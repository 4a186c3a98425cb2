//! Money that operators enter, and what amounts are in (F12, N4).

use crate::world::{Fan, Sale, charge, count, get, pay, post};
use boxoffice_server::node;
use serde_json::{Value, json};

fn money(kind: &str, fan: &Fan, amount: i64, key: &str) -> crate::world::Ask {
    let path = format!("/api/v1/admin/users/{}/balance/{kind}", fan.user);
    post(path).operator().json(&json!({ "amount": amount, "reason": "bank 0042" })).key(key)
}

/// A backend credits what it was paid, once a key; what it takes is never more than is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_credit_and_debit() {
    let sale = Sale::with(|given| given.self_charge = Some(false));
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    sale.send(charge(&fan, 5).key("c")).await.refused(403, "self_charge_off");
    let seen = sale.all((0..50).map(|_| money("credits", &fan, 200_000, "once"))).await;
    assert_eq!(count(&seen, 201), 50);
    assert!(seen.iter().all(|answer| answer.body == seen[0].body), "one answer for all");
    let view = seen[0].json();
    let said = (&view["amount"], &view["balance"], &view["currency"], &view["currency_decimals"]);
    assert_eq!(said, (&json!(200_000), &json!(200_000), &json!("KRW"), &json!(0)));
    sale.send(money("debits", &fan, 200_000, "once")).await.refused(422, "idempotency_key_reused");

    let seen = sale.all((0..10).map(|n| money("debits", &fan, 30_000, &format!("d{n}")))).await;
    assert_eq!((count(&seen, 201), count(&seen, 409)), (6, 4), "never below zero");
    for amount in [0, -1, -30_000, i64::MIN, 100_000_001] {
        let seen = sale.send(money("credits", &fan, amount, &format!("a{amount}"))).await;
        seen.refused(422, "amount_out_of_range");
    }
    sale.send(money("credits", &fan, 130_000, "more")).await.want(201);
    let id = sale.hold(&fan, &show, &[1]).await;
    sale.send(pay(&fan, id, "p")).await.want(201);
    let path = format!("/api/v1/admin/users/{}/balance", fan.user);
    assert_eq!(sale.send(get(path).operator()).await.want(200)["balance"], 0);
    let ledger = get("/api/v1/me/balance/entries").identity(&fan.identity);
    let ledger = sale.send(ledger).await.want(200);
    let kinds: Vec<_> = ledger["entries"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|entry| (entry["kind"].as_str().unwrap(), entry["reason"].is_string()))
        .collect();
    assert_eq!(
        (kinds[0], kinds[1], kinds[8]),
        (("credit", true), ("debit", true), ("payment", false))
    );
    sale.sound();
    let sale = sale.reborn();
    sale.sound();
}

/// Whether charging and reading the balance needs an admission is a policy of the server; limits, the owner and
/// the amount are looked at all the same.
#[tokio::test]
async fn charging_without_an_admission_is_a_policy() {
    let alone = |fan: &Fan, amount: i64| {
        let path = format!("/api/v1/users/{}/balance/charges", fan.user);
        post(path).identity(&fan.identity).json(&json!({ "amount": amount }))
    };
    let reads = |fan: &Fan, of: &Fan| {
        let path = |rest| format!("/api/v1/users/{}/balance{rest}", of.user);
        ["", "/entries"].map(|rest| get(path(rest)).identity(&fan.identity))
    };
    let me = |fan: &Fan| get("/api/v1/me").identity(&fan.identity);

    let sale = Sale::new();
    let fan = sale.fan().await;
    assert_eq!(sale.send(me(&fan)).await.want(200)["charge_needs_admission"], true);
    sale.send(alone(&fan, 5).key("c")).await.refused(401, "queue_token_required");
    for read in reads(&fan, &fan) {
        sale.send(read).await.refused(401, "queue_token_required");
    }

    let sale = Sale::with(|given| {
        given.charge_needs_admission = Some(false);
        given.limit_payments = Some("10+1/min".parse().unwrap());
    });
    let (fan, other) = (sale.fan().await, sale.fan().await);
    assert_eq!(sale.send(me(&fan)).await.want(200)["charge_needs_admission"], false);
    let first = sale.send(alone(&fan, 5).key("c")).await;
    assert_eq!(first.want(201)["balance"], 5);
    assert_eq!(sale.send(alone(&fan, 5).key("c")).await.body, first.body, "once a key");
    sale.send(alone(&fan, 5)).await.refused(400, "idempotency_key_required");
    sale.send(alone(&fan, 0).key("z")).await.refused(422, "amount_out_of_range");
    let forged = alone(&fan, 5).key("t").header("x-queue-token", "no token at all");
    assert_eq!(sale.send(forged).await.want(201)["balance"], 10, "it is not looked at");
    let of_other = Fan { identity: other.identity.clone(), ..fan.clone() };
    sale.send(alone(&of_other, 5).key("o")).await.refused(403, "other_user");
    for (own, others) in reads(&fan, &fan).into_iter().zip(reads(&other, &fan)) {
        sale.send(own).await.want(200);
        sale.send(others).await.refused(403, "other_user");
    }
    let path = format!("/api/v1/users/{}/balance", fan.user);
    sale.send(get(path)).await.refused(401, "identity_required");
    let seen = sale.all((0..30).map(|n| alone(&other, 1).key(&format!("l{n}")))).await;
    assert!(count(&seen, 201) > 0 && count(&seen, 429) > 0, "by account");
    sale.sound();
}

/// An account that was deleted meanwhile takes no money, though a token of it is still shown.
#[tokio::test]
async fn a_deleted_account_charges_nothing() {
    let sale = Sale::with(|given| given.charge_needs_admission = Some(false));
    let ghost = sale.fans(1).remove(0);
    let path = format!("/api/v1/users/{}/balance/charges", ghost.user);
    let ask = post(path).identity(&ghost.identity).json(&json!({ "amount": 5 })).key("c");
    sale.send(ask).await.refused(404, "user_not_found");
    sale.sound();
}

/// What a deleted account had can be paid out; what comes for it is refused, so that the backend sends it back.
#[tokio::test]
async fn a_deleted_account_is_not_credited() {
    let sale = Sale::new();
    let body = json!({ "username": "mina", "password": "correct horse" });
    sale.send(post("/api/v1/users").json(&body)).await.want(201);
    let session = sale.send(post("/api/v1/sessions").json(&body)).await.want(201);
    let user = crate::world::id_of(&session["user_id"]);
    let fan = Fan { user, ..sale.fan().await };
    sale.send(money("credits", &fan, 500, "first")).await.want(201);
    let farewell = json!({ "password": "correct horse", "give_up_balance": 500 });
    let identity = session["access_token"].as_str().unwrap();
    sale.send(crate::world::delete("/api/v1/me").identity(identity).json(&farewell))
        .await
        .want(204);
    sale.send(money("credits", &fan, 500, "late")).await.refused(404, "user_not_found");
    assert_eq!(sale.send(money("credits", &fan, 500, "first")).await.want(201)["balance"], 500);
    sale.send(money("debits", &fan, 500, "out")).await.want(201);
    sale.sound();
}

/// A reason is asked for, and a key.
#[tokio::test]
async fn an_entry_needs_a_reason() {
    let sale = Sale::new();
    let fan = sale.fan().await;
    let path = format!("/api/v1/admin/users/{}/balance/credits", fan.user);
    let ask = |body: Value| post(&path).operator().json(&body).key("k");
    sale.send(ask(json!({ "amount": 5 }))).await.refused(400, "invalid_body");
    sale.send(ask(json!({ "amount": 5, "reason": " " }))).await.refused(422, "invalid_setting");
    let bare = post(&path).operator().json(&json!({ "amount": 5, "reason": "r" }));
    sale.send(bare).await.refused(400, "idempotency_key_required");
    assert_eq!(sale.dump()["transfer"].len(), 0);
}

/// F12: the currency is told with its decimals, and the data keeps it.
#[tokio::test]
async fn amounts_stay_what_they_are() {
    let sale = Sale::with(|given| given.currency = Some("USD".into()));
    let fan = sale.fan().await;
    let view = sale.send(get("/api/v1/me/balance").identity(&fan.identity)).await.want(200);
    assert_eq!((&view["currency"], &view["currency_decimals"]), (&json!("USD"), &json!(2)));
    let mut config = sale.config.clone();
    config.currency = "KRW".into();
    let Err(why) = node::build(&config, sale.clock.clone()) else {
        panic!("it starts with another currency");
    };
    let why = why.to_string();
    assert!(why.starts_with("currency: ") && why.contains("USD") && why.contains("KRW"), "{why}");
}
