//! What one server does, the others show and honour.

use crate::client::{Ask, once};
use crate::estate::Estate;
use crate::fan::identity;
use crate::{alone, runtime, servers};
use boxoffice_core::id::Uuid;
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a change may take to be seen by way of another server (H27).
const SEEN_WITHIN: Duration = Duration::from_millis(500);
/// A busy machine is late by itself: so many tries, of which one is in time.
const TRIES: usize = 6;
/// What is not seen by then never is.
const GIVEN_UP: Duration = Duration::from_secs(20);
/// How long a new concert may take, where its database has just been made on a busy disk.
const SHOWN_WITHIN: Duration = Duration::from_secs(30);

/// Asks until the path is there.
pub async fn until_shown(address: SocketAddr, path: &str) {
    let began = Instant::now();
    loop {
        let answer = once(address, &Ask::get(path)).await.unwrap();
        if answer.status == 200 {
            return;
        }
        assert!(began.elapsed() < SHOWN_WITHIN, "{path} at {address}: {answer:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// H12, H19, H20, H27: a user walks through a sale by way of another server at every step: one token,
/// one place; what was held is seen by the others within half a second, and paying again by way of a
/// third server gives the answer of the first time.
#[test]
fn a_user_may_go_from_server_to_server() {
    let Some(database) = servers::shared_mariadb() else { return };
    let _alone = alone();
    let url = database.fresh_database();
    let mut estate = Estate::open(vec![url.clone(), url.clone(), url.clone()]);
    let [one, two, three] = [0, 1, 2].map(|node| estate.address(node));
    runtime().block_on(async {
        let sale = estate.open_sale(50, &json!({ "max_active": 10 })).await;
        let user = Uuid::now_v7();
        let me = identity(&estate.keyring(), user);
        let join = Ask::post(format!("/api/v1/concerts/{}/queue-tokens", sale.concert), &json!({}));
        let join = join.identity(&me);
        let joined = once(one, &join).await.unwrap();
        assert_eq!((joined.status, joined.text("state").as_str()), (201, "admitted"));
        let token = joined.text("token");
        for address in [two, three, one] {
            let again = once(address, &join).await.unwrap();
            assert_eq!((again.status, again.text("token")), (200, token.clone()));
        }
        let by_me = |ask: Ask| ask.identity(&me).queue(&token);
        // The token is known at once; its admission is on the other read models after their next look.
        let path = format!("/api/v1/concerts/{}/dates", sale.concert);
        let began = Instant::now();
        while once(two, &by_me(Ask::get(&path))).await.unwrap().status != 200 {
            assert!(began.elapsed() < GIVEN_UP, "the admission is not seen");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let charge =
            Ask::post(format!("/api/v1/users/{user}/balance/charges"), &json!({"amount": 50_000}));
        assert_eq!(once(three, &by_me(charge).key("c")).await.unwrap().status, 201);
        let map = by_me(Ask::get(format!("/api/v1/concert-dates/{}/seats", sale.dates[0])));
        let mut tries = 0;
        let reservation = loop {
            tries += 1;
            let seat = 4 + 3 * tries;
            let body =
                json!({ "concert_date_id": sale.dates[0], "seat_numbers": [seat, seat + 1] });
            let held = once(two, &by_me(Ask::post("/api/v1/reservations", &body))).await.unwrap();
            assert_eq!(held.status, 201, "{}", held.body);
            let status = async |address| {
                let shown = once(address, &map).await.unwrap().json();
                shown["seats"][seat - 1]["status"].as_str().unwrap().to_owned()
            };
            assert_eq!(status(two).await, "held", "at once where it was held");
            let began = Instant::now();
            for address in [one, three] {
                while status(address).await != "held" {
                    assert!(began.elapsed() < GIVEN_UP, "the hold is not seen");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
            let (took, reservation) = (began.elapsed(), held.text("reservation_id"));
            if took <= SEEN_WITHIN {
                break reservation;
            }
            assert!(tries < TRIES, "it was seen after {took:?}");
            let release = Ask::new("DELETE", format!("/api/v1/reservations/{reservation}"));
            assert_eq!(once(two, &by_me(release)).await.unwrap().status, 204);
        };
        let pay = format!("/api/v1/reservations/{reservation}/payment");
        let pay = by_me(Ask::post(pay, &json!({}))).key("p");
        let paid = once(three, &pay).await.unwrap();
        assert_eq!(paid.status, 201, "{}", paid.body);
        let again = once(one, &pay).await.unwrap();
        assert_eq!((again.status, again.text("payment_id")), (201, paid.text("payment_id")));
        let bookings = once(two, &Ask::get("/api/v1/bookings").identity(&me)).await.unwrap();
        assert_eq!(bookings.json()["bookings"].as_array().unwrap().len(), 1);
    });
    estate.check(&url, &[], "after one walk");
    estate.stop();
}
