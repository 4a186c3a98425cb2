//! The words of problems, in the language that the client asks for.

use crate::world::{Sale, get, put};
use boxoffice_server::http::problem::TABLE;
use insta::assert_snapshot;
use serde_json::json;

/// Korean where it is preferred, on every way that an answer can take: from an extractor, from a
/// handler, from no route, from a wrong method.
#[tokio::test]
async fn korean() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "opens_at": "2027-01-16T08:00:00Z" })).await;
    let mut fan = sale.fan().await;
    sale.join(&mut fan, &show).await;
    let ko = "ko-KR,ko;q=0.9,en;q=0.8";
    let seen = sale.send(get(show.path("/dates")).by(&fan).header("accept-language", ko)).await;
    assert_snapshot!(seen.shown(), @r#"
    403
    content-type: application/problem+json
    content-language: ko
    retry-after: 30

    code: "not_admitted"
    opens_at: "2027-01-16T08:00:00.000Z"
    status: 403
    title: "아직 입장 차례가 아닙니다."
    type: "urn:boxoffice:problem:not_admitted"
    "#);
    for ask in [
        get("/api/v1/bookings"),
        get(format!("/api/v1/concerts/{}", fan.user)),
        get("/nowhere"),
        put("/api/v1/concerts"),
    ] {
        let seen = sale.send(ask.header("accept-language", ko)).await;
        let entry = TABLE.iter().find(|entry| entry.code.as_str() == seen.code()).unwrap();
        assert_eq!(seen.json()["title"], entry.ko);
        assert_eq!(seen.header("content-language"), "ko");
    }
    let seen = sale.send(get("/nowhere").header("accept-language", "fr, en;q=0.1")).await;
    assert_eq!(seen.header("content-language"), "en");
}
