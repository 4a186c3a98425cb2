//! Jobs, and the cancellation of a date.

use crate::world::{Sale, Show, get, pay, post, reserve};
use serde_json::{Value, json};

async fn cancel(sale: &Sale, show: &Show, reason: &str) -> Value {
    let path = format!("/api/v1/admin/concert-dates/{}/cancellation", show.dates[0]);
    sale.send(post(path).operator().json(&json!({ "reason": reason }))).await.want(202)
}

async fn job(sale: &Sale, cancelled: &Value) -> Value {
    let path = format!("/api/v1/admin/jobs/{}", cancelled["job_id"].as_str().unwrap());
    sale.send(get(path).operator()).await.want(200)
}

/// From the answer on nothing is sold; the job ends what is held, and nobody is held to account for it.
#[tokio::test]
async fn a_date_is_cancelled() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (holder, other) = (sale.buyer(&show).await, sale.buyer(&show).await);
    let held = sale.hold(&holder, &show, &[1, 2]).await;
    let cancelled = cancel(&sale, &show, "The singer is ill.").await;
    let again = cancel(&sale, &show, "The drummer is.").await;
    assert_eq!(cancelled, again, "the first one counts");

    sale.send(reserve(&other, &show, &[3])).await.refused(409, "date_cancelled");
    sale.send(pay(&holder, held, "p")).await.refused(409, "date_cancelled");
    let dates = sale.send(get(show.path("/dates")).by(&other)).await.want(200);
    assert_eq!(dates["dates"][0]["cancelled"]["reason"], "The singer is ill.");
    assert_eq!(dates["dates"][0]["available_seats"], 0);
    let map = format!("/api/v1/concert-dates/{}/seats", show.dates[0]);
    sale.send(get(&map).by(&other)).await.refused(409, "date_cancelled");
    sale.send(get(map + "?form=compact").by(&other)).await.refused(409, "date_cancelled");
    let mine = [format!("/api/v1/reservations/{held}"), format!("/api/v1/me/reservations/{held}")];
    for path in mine {
        let seen = sale.send(get(&path).by(&holder)).await.want(200);
        assert_eq!(seen["cancelled"]["reason"], "The singer is ill.", "{path}");
    }
    let all = sale.send(get("/api/v1/me/reservations").by(&holder)).await.want(200);
    assert_eq!(all["reservations"][0]["cancelled"]["reason"], "The singer is ill.");
    sale.tick().await;
    for path in ["", "/queue"] {
        let seen = sale.send(get(show.path(path))).await.want(200);
        let said = (&seen["closed_because"], &seen["dates_cancelled"]);
        assert_eq!(said, (&json!("dates_over"), &json!(true)), "{path}");
    }
    assert_eq!(sale.poll(&other).await["dates_cancelled"], true);
    let before = job(&sale, &cancelled).await;
    let said = (&before["state"], &before["done"], &before["total"], &before["kind"]);
    assert_eq!(said, (&json!("waiting"), &json!(0), &json!(2), &json!("date_cancellation")));

    sale.runner.tick(0).await;
    let after = job(&sale, &cancelled).await;
    assert_eq!((&after["state"], &after["done"]), (&json!("done"), &json!(2)), "{after}");
    assert_eq!(after["report"]["holds_ended"], 1);
    let list = sale.send(get("/api/v1/admin/jobs").operator()).await.want(200);
    assert_eq!(list["jobs"], json!([after]));
    sale.send(pay(&holder, held, "q")).await.refused(409, "date_cancelled");
    assert_eq!(after["report"]["bookings_refunded"], 0);
    let text = sale.send(get("/metrics")).await;
    let text = String::from_utf8(text.body.to_vec()).unwrap();
    assert!(
        text.contains("boxoffice_jobs{state=\"waiting\"} 1"),
        "counted before the work: {text}"
    );
    let events = sale.send(get("/api/v1/admin/events").operator()).await.want(200);
    let kinds: Vec<_> =
        events["events"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["concert.created", "date.cancelled", "date.cleared"]);
    sale.sound();
}

/// Every booking goes back, seats and money; one that cannot is left and told, and the job goes on when it is asked for
/// again.
#[tokio::test]
async fn bookings_of_a_cancelled_date_go_back() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.buyer(&show).await;
    let before = sale.send(get("/api/v1/me/balance").identity(&fan.identity)).await.want(200);
    let id = sale.hold(&fan, &show, &[1, 2]).await;
    sale.send(pay(&fan, id, "p")).await.want(201);
    let gone = crate::refunds::bought_and_gone(&sale, &show, 5).await;
    let cancelled = cancel(&sale, &show, "The singer is ill.").await;
    sale.runner.tick(1).await;
    let after = sale.send(get("/api/v1/me/balance").identity(&fan.identity)).await.want(200);
    assert_eq!(before["balance"], after["balance"]);
    let bookings = sale.send(get("/api/v1/bookings").identity(&fan.identity)).await.want(200);
    let booking = &bookings["bookings"][0];
    let said = (&booking["status"], &booking["cancelled"]["reason"]);
    assert_eq!(said, (&json!("refunded"), &json!("The singer is ill.")), "{booking}");
    assert_eq!(booking["refunds"][0]["reason"], "The singer is ill.");

    let left = job(&sale, &cancelled).await;
    assert_eq!(
        (&left["state"], &left["last_error"]),
        (&json!("waiting"), &json!("account_deleted"))
    );
    let report = &left["report"];
    let said = (&report["bookings_refunded"], &report["bookings_left"], &report["left_because"]);
    assert_eq!(said, (&json!(1), &json!(1), &json!("account_deleted")));
    sale.sound();
    for try_again in 0..12 {
        sale.pass(600_000);
        sale.runner.tick(1 + try_again).await;
    }
    assert_eq!(job(&sale, &cancelled).await["state"], "failed");
    let path = format!("/api/v1/admin/payments/{gone}/refunds");
    let body =
        json!({ "reason": "paid out", "amount": 0, "seat_numbers": [5], "release_seats": true });
    sale.send(post(path).operator().json(&body).key("out")).await.want(201);
    assert_eq!(cancel(&sale, &show, "Again.").await, cancelled);
    sale.runner.tick(1).await;
    let done = job(&sale, &cancelled).await;
    assert_eq!((&done["state"], &done["last_error"]), (&json!("done"), &json!(null)));
    sale.sound();
}

/// A process that takes a job and dies leaves it to the next, which goes on when the lease has ended.
#[tokio::test]
async fn a_job_goes_on_elsewhere() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.buyer(&show).await;
    sale.hold(&fan, &show, &[1]).await;
    let cancelled = cancel(&sale, &show, "The singer is ill.").await;
    let id = cancelled["job_id"].as_str().unwrap().parse().unwrap();
    let take = boxoffice_core::job::TakeJob {
        job: boxoffice_core::id::JobId(id),
        holder: boxoffice_core::id::Uuid::nil(),
    };
    let take = boxoffice_core::command::Command::TakeJob(take);
    sale.app.write_path.propose(take, std::time::Duration::ZERO).await.unwrap().result.unwrap();
    let sale = sale.reborn();
    sale.runner.tick(1).await;
    assert_eq!(job(&sale, &cancelled).await["state"], "running");
    sale.pass(15_000);
    sale.runner.tick(2).await;
    assert_eq!(job(&sale, &cancelled).await["state"], "done");
    sale.sound();
}
