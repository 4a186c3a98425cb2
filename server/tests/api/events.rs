//! Events over HTTP.

use crate::world::{Sale, get, patch, pay, put};
use serde_json::{Value, json};

async fn read(sale: &Sale, query: &str) -> Value {
    sale.send(get(format!("/api/v1/admin/events{query}")).operator()).await.want(200)
}

fn kinds(page: &Value) -> Vec<&str> {
    let events = page["events"].as_array().unwrap();
    events.iter().map(|event| event["kind"].as_str().unwrap()).collect()
}

/// What was done is told once, with what it is about, and goes on from the cursor, also after a restart.
#[tokio::test]
async fn events_are_read_on_from_a_cursor() {
    let sale = Sale::new();
    let nothing = read(&sale, "").await;
    assert_eq!((kinds(&nothing).len(), &nothing["more"]), (0, &json!(false)));
    let show = sale.concert(json!({})).await;
    let fan = sale.buyer(&show).await;
    let id = sale.hold(&fan, &show, &[2, 1]).await;
    sale.send(pay(&fan, id, "once")).await.want(201);
    sale.send(pay(&fan, id, "once")).await.want(201);
    sale.send(pay(&fan, id, "again")).await.refused(409, "already_paid");
    let admin = format!("/api/v1/admin/concerts/{}", show.id);
    let hold = json!({ "hold_seconds": 60 });
    sale.send(patch(&admin).operator().json(&hold)).await.want(200);

    let cursor = nothing["cursor"].as_str().unwrap();
    let first = read(&sale, &format!("?after={cursor}&limit=2")).await;
    assert_eq!(
        (kinds(&first), &first["more"]),
        (vec!["concert.created", "booking.paid"], &json!(true))
    );
    let paid = &first["events"][1];
    assert_eq!((&paid["id"], &paid["number"]), (&json!("1-2"), &json!(2)));
    assert_eq!(paid["user_id"], json!(fan.user.to_string()));
    assert_eq!(paid["concert_id"], json!(show.id.to_string()));
    assert_eq!(paid["concert_date_id"], json!(show.dates[0].to_string()));
    let data = &paid["data"];
    assert_eq!(data["reservation_id"], json!(id.to_string()));
    assert_eq!(data["seat_numbers"], json!([1, 2]));
    assert!(data["amount"].as_i64() > Some(0) && first["currency"] == "KRW", "{first}");
    let opens_at = first["events"][0]["data"]["opens_at"].as_str().unwrap();
    assert!(opens_at.ends_with('Z'), "{opens_at}");

    let cursor = first["cursor"].as_str().unwrap().to_owned();
    let sale = sale.reborn();
    let path = format!("{admin}/sale");
    sale.send(put(path).operator().json(&json!({ "open": false }))).await.want(200);
    let rest = read(&sale, &format!("?after={cursor}")).await;
    assert_eq!(
        (kinds(&rest), &rest["more"]),
        (vec!["policy.changed", "sale.closed"], &json!(false))
    );
    assert_eq!(rest["events"][0]["data"]["hold_seconds"], 60);
    let end = rest["cursor"].as_str().unwrap();
    assert_eq!(kinds(&read(&sale, &format!("?after={end}")).await), Vec::<&str>::new());
    sale.sound();
}

/// Whoever wants what comes from now on need not read all that is kept.
#[tokio::test]
async fn events_are_read_from_now_on() {
    let sale = Sale::new();
    let nothing = read(&sale, "?after=latest").await;
    let show = sale.concert(json!({})).await;
    let cursor = |page: &Value| page["cursor"].as_str().unwrap().to_owned();
    let begun = read(&sale, &format!("?after={}", cursor(&nothing))).await;
    assert_eq!(kinds(&begun), ["concert.created"]);
    let now = read(&sale, "?after=latest").await;
    assert_eq!((kinds(&now).len(), &now["more"]), (0, &json!(false)));
    assert_eq!(cursor(&now), cursor(&begun));
    let path = format!("/api/v1/admin/concerts/{}/sale", show.id);
    sale.send(put(path).operator().json(&json!({ "open": false }))).await.want(200);
    assert_eq!(kinds(&read(&sale, &format!("?after={}", cursor(&now))).await), ["sale.closed"]);
}

/// A cursor that is none is refused, and one of what is gone is told so.
#[tokio::test]
async fn a_wrong_cursor_is_refused() {
    let sale = Sale::new();
    sale.concert(json!({})).await;
    for (query, status, code) in [
        ("?after=soon", 400, "invalid_query"),
        ("?limit=0", 400, "invalid_query"),
        ("?limit=101", 400, "invalid_query"),
        ("?before=1.1", 400, "invalid_query"),
        ("?after=1.2", 410, "events_gone"),
        ("?after=2.0", 410, "events_gone"),
    ] {
        let seen = sale.send(get(format!("/api/v1/admin/events{query}")).operator()).await;
        seen.refused(status, code);
    }
}
