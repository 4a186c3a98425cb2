//! A session that has ended by way of one server has ended on all of them.

use crate::client::{Answer, Ask, once};
use crate::estate::Estate;
use crate::{alone, runtime, servers};
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// H42: how long another server may go on taking the access token of a session that was ended.
const ENDED_WITHIN: Duration = Duration::from_secs(1);
/// What a busy machine adds.
const SLACK: Duration = Duration::from_secs(2);

async fn bookings(address: SocketAddr, token: &str) -> Answer {
    once(address, &Ask::get("/api/v1/bookings").identity(token)).await.unwrap()
}

/// Waits until the server refuses the token.
async fn until_refused(address: SocketAddr, token: &str) {
    let began = Instant::now();
    while bookings(address, token).await.status != 401 {
        assert!(began.elapsed() < ENDED_WITHIN + SLACK, "the end is not seen");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(bookings(address, token).await.text("code"), "session_ended");
}

/// H42: signed out by way of one server, refused by the others within a second (and what a busy machine adds), and by one that was away then; a
/// refresh token that was used by way of one server is used up for the others.
#[test]
fn a_session_ends_on_every_server() {
    let Some(database) = servers::shared_mariadb() else { return };
    let _alone = alone();
    let url = database.fresh_database();
    let mut estate = Estate::open(vec![url.clone(), url.clone(), url.clone()]);
    let [one, two, three] = [0, 1, 2].map(|node| estate.address(node));
    let account = json!({ "username": "mina", "password": "correct horse" });
    let sign_in = Ask::post("/api/v1/sessions", &account);
    let token = runtime().block_on(async {
        let made = once(one, &Ask::post("/api/v1/users", &account)).await.unwrap();
        assert_eq!(made.status, 201, "{}", made.body);
        let phone = once(two, &sign_in).await.unwrap();
        let laptop = once(three, &sign_in).await.unwrap();
        for address in [one, two, three] {
            assert_eq!(bookings(address, &phone.text("access_token")).await.status, 200);
        }
        let refresh = json!({ "refresh_token": phone.text("refresh_token") });
        let refresh = Ask::post("/api/v1/sessions/refresh", &refresh);
        let (renewed, again) =
            (once(one, &refresh).await.unwrap(), once(three, &refresh).await.unwrap());
        assert_eq!(renewed.status, 201, "{}", renewed.body);
        assert_eq!(renewed.text("refresh_token"), again.text("refresh_token"));

        let out = Ask::new("DELETE", "/api/v1/me/sessions/current");
        let out = once(one, &out.identity(&renewed.text("access_token"))).await.unwrap();
        assert_eq!(out.status, 204, "{}", out.body);
        for address in [one, two, three] {
            until_refused(address, &phone.text("access_token")).await;
            until_refused(address, &renewed.text("access_token")).await;
            assert_eq!(bookings(address, &laptop.text("access_token")).await.status, 200);
        }
        let late = json!({ "refresh_token": renewed.text("refresh_token") });
        let late = once(two, &Ask::post("/api/v1/sessions/refresh", &late)).await.unwrap();
        assert_eq!((late.status, late.text("code").as_str()), (401, "session_ended"));
        laptop.text("access_token")
    });
    // One is away while the last session ends, and knows it when it is back.
    estate.kill(2);
    runtime().block_on(async {
        let out = Ask::new("DELETE", "/api/v1/me/sessions/current").identity(&token);
        assert_eq!(once(two, &out).await.unwrap().status, 204);
    });
    estate.start(2);
    let back = estate.address(2);
    runtime().block_on(async {
        for address in [back, one, two] {
            until_refused(address, &token).await;
        }
    });
    estate.check(&url, &[], "after two ends");
    estate.stop();
}
