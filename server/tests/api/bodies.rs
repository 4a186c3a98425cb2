//! Bodies: how large, of which type, and how strictly they are read.

use crate::world::{Sale, post};
use serde_json::json;

/// H29: a buyer's body is small, whatever headers come with it: what is allowed to be large is the
/// operator's route, not whoever says to be one.
#[tokio::test]
async fn only_operators_routes_take_large_bodies() {
    let sale = Sale::new();
    let large = || vec![b' '; 100 * 1024];
    let session = || post("/api/v1/sessions").body("application/json", large());
    sale.send(session()).await.refused(413, "body_too_large");
    sale.send(session().header("x-api-key", "nonsense")).await.refused(413, "body_too_large");
    sale.send(session().operator()).await.refused(413, "body_too_large");

    let show = sale.concert(json!({})).await;
    let path = format!("/api/v1/admin/concerts/{}/dates", show.id);
    let rows: String = (1..=20_000).map(|n| format!("{n},R,1\n")).collect();
    let csv = format!("seat_number,zone,price\n{rows}");
    assert!(csv.len() > 100 * 1024);
    let ask = post(format!("{path}?starts_at=2027-05-02T19:00:00Z")).body("text/csv", csv);
    sale.send(ask.clone()).await.refused(401, "operator_key_required");
    sale.send(ask.operator()).await.want(201);
    let ask = post(path).operator().body("application/json", vec![b' '; 17 * 1024 * 1024]);
    sale.send(ask).await.refused(413, "body_too_large");
}

/// JSON is read as it is written: no unknown, missing or doubled members.
#[tokio::test]
async fn bodies_are_read_strictly() {
    let sale = Sale::new();
    for body in [
        "",
        "null",
        "{}",
        "{\"username\":\"mina\"}",
        "{\"username\":\"mina\",\"password\":1}",
        "{\"username\":\"mina\",\"password\":\"p\",\"password\":\"q\"}",
        "{\"username\":\"mina\",\"password\":\"p\",\"admin\":true}",
        "{\"username\":\"mina\",\"password\":\"p\"} {}",
        "\u{feff}{\"username\":\"mina\",\"password\":\"p\"}",
    ] {
        let ask = post("/api/v1/sessions").body("application/json", body);
        sale.send(ask).await.refused(400, "invalid_body");
    }
    let latin = b"{\"username\":\"m\xefna\",\"password\":\"p\"}".to_vec();
    let ask = post("/api/v1/sessions").body("application/json", latin);
    sale.send(ask).await.refused(400, "invalid_body");
    for (media_type, status) in [
        ("application/json; charset=utf-8", 401),
        ("Application/JSON", 401),
        ("application/x-www-form-urlencoded", 415),
        ("text/json", 415),
    ] {
        let body = "{\"username\":\"mina\",\"password\":\"correct horse\"}";
        let seen = sale.send(post("/api/v1/sessions").body(media_type, body)).await;
        seen.want(status);
    }
}

/// Names and passwords within their bounds.
#[tokio::test]
async fn names_and_passwords_have_bounds() {
    let sale = Sale::new();
    let ask = |username: &str, password: &str| {
        post("/api/v1/users").json(&json!({ "username": username, "password": password }))
    };
    for (username, password, field) in [
        ("ab", "correct horse", "username"),
        ("a b c", "correct horse", "username"),
        ("issuer#subject", "correct horse", "username"),
        ("mina", "1234567", "password"),
        ("mina", &"x".repeat(129), "password"),
    ] {
        let seen = sale.send(ask(username, password)).await;
        seen.refused(400, "invalid_body");
        assert_eq!(seen.json()["field"], field);
    }
    sale.send(ask("김미나", "여덟글자비밀번호")).await.want(201);
    sale.send(ask(" 김미나 ", "correct horse")).await.refused(409, "username_taken");
}
