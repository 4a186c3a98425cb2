//! What one has bought, and one's account.

use super::{Tour, lost, never, patch};
use crate::browser::{in_browser, until};
use crate::sale::{BASE, open_concert};
use crate::shop::{PASSWORD, Shop};
use serde_json::{Value, json};

const BOOKINGS: &str = "GET /api/v1/bookings($|\\?)";

/// Buys seats of a date as whoever is signed in, without the pages; the booking.
async fn buy(tour: &Tour<'_>, concert: &str, seats: &[u32]) -> Value {
    tour.open("/account", ".sessions li").await;
    let script = format!(
        "Promise.all(['api', 'sale/pay', 'line'].map((name) => import({BASE} + 'app/' + name + '.js'))).then(async ([{{ get, post }}, {{ bill, pay }}]) => {{
          const place = await post('/api/v1/concerts/{concert}/queue-tokens', {{}}), queue = place.token;
          for (let {{ state }} = place; state !== 'admitted';) ({{ state }} = await get('/api/v1/queue-tokens/me', {{ queue }}));
          const {{ dates }} = await get('/api/v1/concerts/{concert}/dates', {{ queue }});
          const held = await post('/api/v1/reservations', {{ concert_date_id: dates[0].concert_date_id, seat_numbers: {seats:?} }}, {{ queue }});
          const {{ reservation, balance }} = await bill(held.reservation_id);
          await pay(reservation, balance);
          const {{ bookings }} = await get('/api/v1/bookings');
          // As text: the driver takes an object with a `status` for its own.
          return JSON.stringify(bookings.find((one) => one.reservation_id === held.reservation_id));
        }})"
    );
    let script = format!(
        "{script}.catch((problem) => JSON.stringify({{ problem: String(problem), ...problem }}))"
    );
    let booking: Value =
        serde_json::from_str(tour.browser.eval(&script).await.as_str().unwrap()).unwrap();
    assert!(booking["payment_id"].is_string(), "not bought: {booking}");
    booking
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("{member} of {value}"))
}

#[test]
fn what_was_bought_is_whole_in_every_state() {
    in_browser(async || {
        let mut shop = Shop::open();
        let concert = open_concert(&shop, json!({ "seats_per_user": 8 })).await;
        let other = shop
            .concert(
                "Winter Lights: An Evening with the Seoul Chamber Players",
                &json!({ "max_active": 100 }),
            )
            .await;
        let found = {
            let mut tour = Tour::as_user(&shop, "mina").await;
            let part = buy(&tour, &concert, &[4, 5]).await;
            let whole = buy(&tour, &concert, &[14]).await;
            let kept = buy(&tour, &concert, &[21, 22]).await;
            let off = buy(&tour, &other, &[7]).await;
            for (booking, seats) in [(&part, json!([5])), (&whole, json!([14]))] {
                let path =
                    format!("/api/v1/admin/payments/{}/refunds", text(booking, "payment_id"));
                let refund = json!({ "seat_numbers": seats, "reason": "the stage hides the view", "release_seats": true });
                shop.operate("POST", &path, &refund).await;
            }
            let date = text(&off, "concert_date_id");
            let reason =
                json!({ "reason": "The singer is ill. / 출연자 사정으로 취소되었습니다." });
            shop.operate(
                "POST",
                &format!("/api/v1/admin/concert-dates/{date}/cancellation"),
                &reason,
            )
            .await;
            let page = |booking: &Value| format!("/bookings/{}", text(booking, "reservation_id"));
            tour.visit("ticket-cancelled", &page(&off), ".ticket-void").await;
            tour.visit("ticket-refunded-part", &page(&part), ".ticket-void").await;
            tour.visit("ticket-refunded", &page(&whole), ".ticket-void").await;
            tour.visit("ticket-two", &page(&kept), ".ticket-qr").await;
            tour.browser.devtools("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
            tour.found.extend(tour.browser.shape("ticket-print").await);
            tour.browser.resize().await;
            tour.bent("ticket-loading", &page(&off), never("/tickets$"), ".ticket, .skeleton")
                .await;
            tour.visit("bookings-all", "/bookings", ".booking:nth-child(4)").await;
            tour.bent(
                "bookings-more",
                "/bookings",
                patch(BOOKINGS, &json!({ "next_before": text(&part, "payment_id") })),
                "main .actions button",
            )
            .await;
            tour.bent("bookings-loading", "/bookings", never(BOOKINGS), ".skeleton").await;
            tour.bent("bookings-away", "/bookings", lost(BOOKINGS), ".notice-warn").await;
            tour.visit(
                "ticket-unknown",
                "/bookings/01a21c9f-7b04-70f0-860a-cd8b4ca6520d",
                ".empty",
            )
            .await;
            let kept_pages = "caches.open('boxoffice-pages').then((cache) => cache.keys()).then((kept) => kept.length > 10 && Boolean(navigator.serviceWorker.controller))";
            tour.open(&page(&kept), ".ticket-qr").await;
            until("the pages on the device", async || {
                (tour.browser.eval(kept_pages).await == true).then_some(())
            })
            .await;
            let (ticket, Tour { browser, found, .. }) = (page(&kept), tour);
            shop.kill();
            let mut tour = Tour { browser, shop: &shop, found };
            tour.visit("ticket-server-away", &ticket, ".ticket-qr").await;
            tour.visit("bookings-server-away", "/bookings", ".booking").await;
            tour.visit("concerts-server-away", "/", ".empty[role=alert]").await;
            tour.visit(
                "concert-server-away",
                &format!("/concerts/{concert}"),
                ".empty[role=alert]",
            )
            .await;
            tour.visit("account-server-away", "/account", ".empty[role=alert]").await;
            tour.browser.eval("Object.keys(localStorage).filter((key) => /ticket|booking/.test(key)).forEach((key) => localStorage.removeItem(key))").await;
            tour.visit("bookings-server-away-none", "/bookings", ".empty[role=alert]").await;
            tour
        };
        found.end();
    });
}

#[test]
fn the_account_is_whole_in_every_state() {
    in_browser(async || {
        let shop = Shop::open();
        let mut tour = Tour::as_user(&shop, "mina").await;
        let other = Tour::begin(&shop).await;
        other.go("/sign-in?next=%2Faccount").await;
        crate::pages::sign_in(&other.browser, "mina").await;
        other.browser.see(".sessions li").await;
        tour.visit("account-two", "/account", ".sessions li:nth-child(2)").await;
        tour.bent("account-loading", "/account", never("GET /api/v1/me"), ".skeleton").await;
        tour.bent("account-away", "/account", lost("GET /api/v1/me"), ".empty[role=alert]").await;
        tour.bent(
            "account-sessions-away",
            "/account",
            lost("GET /api/v1/me/sessions"),
            ".empty[role=alert]",
        )
        .await;
        tour.bent(
            "account-external",
            "/account",
            patch("GET /api/v1/me$", &json!({ "external": true })),
            ".stack-wide .notice",
        )
        .await;
        let change = async |tour: &Tour<'_>, old: &str, new: &str| {
            tour.browser.fill("current-password", old).await;
            tour.browser.fill("new-password", new).await;
            tour.press(".form button[type=submit]").await;
        };
        tour.open("/account", ".sessions li").await;
        change(&tour, "not the password", "a new password").await;
        tour.look("account-password-wrong", ".has-error [name=current-password]").await;
        change(&tour, PASSWORD, "short").await;
        tour.look("account-password-short", ".has-error [name=new-password]").await;
        change(&tour, PASSWORD, "a new password").await;
        tour.look("account-password-changed", ".form .notice-good").await;
        tour.bend(lost("DELETE ")).await;
        tour.press("main .button-danger").await;
        tour.look("account-sign-out-away", "main .notice-bad").await;
        tour.unbend().await;
        tour.press("main .button-danger").await;
        tour.browser.at("/").await;
        tour.look("concerts-signed-out", "h1").await;
        tour.end();
    });
}
