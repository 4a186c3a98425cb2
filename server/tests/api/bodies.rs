//! Bodies: how large, of which type, and how strictly they are read.

use crate::world::{Sale, get, patch, post, put};
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

/// What a parser says is told in plain words, in both languages, with the place.
#[tokio::test]
async fn what_is_expected_is_told_in_plain_words() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let path = format!("/api/v1/users/{}/balance/charges", fan.user);
    for (body, pointer, en, ko) in [
        (r#"{"amount":"5"}"#, json!("/amount"), "must be a whole number", "정수여야 합니다"),
        (r#"{"amount":null}"#, json!("/amount"), "must be a whole number", "정수여야 합니다"),
        (r"[5]", json!(null), "must be an object", "객체여야 합니다"),
        (r"{}", json!(null), "amount is missing", "amount 항목이 없습니다"),
        (
            r#"{"amount":}"#,
            json!("/amount"),
            "is not valid JSON (line 1, column 11)",
            "올바른 JSON이",
        ),
    ] {
        let ask = || post(&path).by(&fan).key("k").body("application/json", body);
        let seen = sale.send(ask()).await;
        seen.refused(400, "invalid_body");
        assert_eq!((&seen.json()["pointer"], &seen.json()["reason"]), (&pointer, &json!(en)));
        let seen = sale.send(ask().header("accept-language", "ko")).await.json();
        assert!(seen["reason"].as_str().unwrap().starts_with(ko), "{seen}");
    }
    let seen = sale.send(get("/api/v1/concerts?limit=many")).await.want(400);
    assert_eq!(
        (&seen["field"], &seen["reason"]),
        (&json!("limit"), &json!("must be a whole number"))
    );
}

/// An id has one form, in every place: the others that parsers know name nothing.
#[tokio::test]
async fn an_id_has_one_form() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let date = show.dates[0];
    let upper = date.to_string().to_uppercase();
    for other in [
        format!("{{{date}}}"),
        date.urn().to_string(),
        date.simple().to_string(),
        format!("{date} "),
    ] {
        let path = other.replace('{', "%7B").replace('}', "%7D").replace(' ', "%20");
        let map = get(format!("/api/v1/concert-dates/{path}/seats")).by(&fan);
        sale.send(map).await.refused(404, "not_found");
        let list = sale.send(get(format!("/api/v1/concerts?after={path}"))).await;
        list.refused(400, "invalid_query");
        let jobs = get(format!("/api/v1/admin/jobs?before={path}")).operator();
        sale.send(jobs).await.refused(400, "invalid_query");
        assert!(list.json()["reason"].as_str().unwrap().contains("an id such as"), "{other}");
        let body = json!({ "concert_date_id": other, "seat_numbers": [1] });
        let seen = sale.send(post("/api/v1/reservations").by(&fan).json(&body)).await;
        seen.refused(400, "invalid_body");
        assert_eq!(seen.json()["pointer"], "/concert_date_id");
    }
    let map = get(format!("/api/v1/concert-dates/{upper}/seats")).by(&fan);
    assert_eq!(sale.send(map).await.status, 200);
    let body = json!({ "concert_date_id": upper, "seat_numbers": [1] });
    sale.send(post("/api/v1/reservations").by(&fan).json(&body)).await.want(201);
}

/// What would have no effect is refused: null where nothing can be taken away, a reason without a pause.
#[tokio::test]
async fn what_has_no_effect_is_refused() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "time_zone": "Asia/Seoul" })).await;
    let concert = format!("/api/v1/admin/concerts/{}", show.id);
    let (queue, sold) = (format!("{concert}/queue"), format!("{concert}/sale"));
    for (ask, pointer) in [
        (patch(&concert).json(&json!({ "time_zone": null })), "/time_zone"),
        (patch(&concert).json(&json!({ "name": null })), "/name"),
        (put(&queue).json(&json!({ "paused": null, "max_active": 5 })), "/paused"),
        (put(&sold).json(&json!({ "open": null, "closes_at": null })), "/open"),
    ] {
        let seen = sale.send(ask.operator()).await;
        seen.refused(400, "invalid_body");
        assert_eq!(seen.json()["pointer"], pointer);
    }
    sale.send(put(&sold).json(&json!({ "closes_at": null })).operator()).await.want(200);
    let why = json!({ "pause_reason": { "en": "A short break" } });
    let pause = |paused: Option<bool>| {
        let mut body = why.clone();
        if let Some(paused) = paused {
            body["paused"] = paused.into();
        }
        put(&queue).json(&body).operator()
    };
    for paused in [None, Some(false)] {
        let seen = sale.send(pause(paused)).await;
        seen.refused(422, "invalid_setting");
        assert_eq!(seen.json()["field"], "pause_reason");
        assert!(seen.json()["reason"].as_str().unwrap().contains("while the queue is paused"));
    }
    let blank = json!({ "paused": true, "pause_reason": { "en": "" } });
    let seen = sale.send(put(&queue).json(&blank).operator()).await;
    seen.refused(422, "invalid_setting");
    let seen = seen.json();
    assert_eq!((&seen["reason"], &seen["faults"][0]["reason"]), (&json!(null), &json!("length")));
    sale.send(pause(Some(true))).await.want(200);
    sale.send(pause(None)).await.want(200);
}

/// An answer that `Accept` rules out is not sent, whichever kind the address answers with.
#[tokio::test]
async fn answers_are_of_the_kind_that_is_asked_for() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let export = format!("/api/v1/admin/concert-dates/{}/bookings", show.dates[0]);
    let figures = format!("/api/v1/admin/concerts/{}", show.id);
    for (path, accept, is_taken) in [
        (&export, "text/csv", true),
        (&export, "text/*", true),
        (&export, "application/json", false),
        (&figures, "application/json", true),
        (&figures, "text/csv", false),
        (&figures, "text/csv, */*;q=0.1", true),
    ] {
        let seen = sale.send(get(path).operator().header("accept", accept)).await;
        if is_taken {
            assert_eq!(seen.status, 200, "{path} {accept}");
        } else {
            seen.refused(406, "not_acceptable");
        }
    }
}

/// Slashes too many behind the documents lead to them.
#[tokio::test]
async fn slashes_behind_the_documents_lead_there() {
    let sale = Sale::new();
    for (path, to) in [("/docs//", "../"), ("/docs///", "../../")] {
        let seen = sale.send(get(path)).await;
        assert_eq!((seen.status, seen.header("location")), (308, to), "{path}");
    }
}
