//! What one has bought, and one's account.

use super::{Tour, cancel, lost, never, patch};
use crate::browser::{in_browser, until};
use crate::sale::{BASE, open_concert};
use crate::shop::{PASSWORD, Shop};
use serde_json::{Value, json};

const BOOKINGS: &str = "GET /api/v1/bookings($|\\?)";

/// Buys seats of a date as whoever is signed in, without the pages; the booking.
async fn buy(tour: &Tour, concert: &str, seats: &[u32]) -> Value {
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

/// Where a booking is shown.
fn page(booking: &Value) -> String {
    format!("/bookings/{}", text(booking, "reservation_id"))
}

/// Buys, and has of it refunded: a booking of which one seat went back, one that went back, one that is whole, and one
/// whose date is cancelled.
async fn bookings(tour: &Tour, shop: &Shop) -> [Value; 4] {
    let concert = open_concert(shop, json!({ "seats_per_user": 8 })).await;
    let name = "Winter Lights: An Evening with the Seoul Chamber Players";
    let other = shop.concert(name, &json!({ "max_active": 100 })).await;
    let part = buy(tour, &concert, &[4, 5]).await;
    let whole = buy(tour, &concert, &[14]).await;
    let kept = buy(tour, &concert, &[21, 22]).await;
    let off = buy(tour, &other, &[7]).await;
    for (booking, seats) in [(&part, json!([5])), (&whole, json!([14]))] {
        let path = format!("/api/v1/admin/payments/{}/refunds", text(booking, "payment_id"));
        let refund = json!({ "seat_numbers": seats, "reason": "the stage hides the view", "release_seats": true });
        shop.operate("POST", &path, &refund).await;
    }
    cancel(shop, text(&off, "concert_date_id")).await;
    [part, whole, kept, off]
}

/// This device has opened no ticket.
const FORGET: &str =
    "['tickets', 'bookings'].forEach((name) => localStorage.removeItem('boxoffice.' + name))";

#[test]
fn what_was_bought_is_whole_in_every_state() {
    in_browser(async || {
        let mut shop = Shop::open();
        let mut tour = Tour::as_user(&shop, "mina").await;
        let [part, whole, kept, off] = bookings(&tour, &shop).await;
        tour.visit("ticket-cancelled", &page(&off), ".ticket-void").await;
        tour.visit("ticket-refunded-part", &page(&part), ".ticket-void").await;
        tour.visit("ticket-refunded", &page(&whole), ".ticket-void").await;
        tour.visit("ticket-two", &page(&kept), ".ticket-qr").await;
        // As wide as paper.
        tour.browser.dress(794, false, false).await;
        tour.browser.devtools("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
        tour.found.extend(tour.browser.shape("ticket-print").await);
        tour.browser.resize().await;
        for (name, path, rule, css) in [
            ("ticket-loading", page(&off), never("/tickets$"), "main .skeleton"),
            ("bookings-loading", "/bookings".to_owned(), never(BOOKINGS), ".skeleton"),
        ] {
            // What is kept is shown at once.
            tour.browser.eval(FORGET).await;
            tour.bent(&path, [(name, rule, css)]).await;
        }
        tour.visit("bookings-all", "/bookings", ".booking:nth-child(4)").await;
        let older = patch(BOOKINGS, &json!({ "next_before": text(&part, "payment_id") }));
        tour.bent(
            "/bookings",
            [
                ("bookings-more", older, "main .actions button"),
                ("bookings-away", lost(BOOKINGS), "main p.small.no-print"),
            ],
        )
        .await;
        let unknown = "/bookings/01a21c9f-7b04-70f0-860a-cd8b4ca6520d";
        tour.visit("ticket-unknown", unknown, ".empty").await;

        tour.open(&page(&kept), ".ticket-qr").await;
        let on_device = "caches.open('boxoffice-pages').then((cache) => cache.keys()).then((kept) => kept.length > 10 && Boolean(navigator.serviceWorker.controller))";
        until("the pages on the device", async || {
            (tour.browser.eval(on_device).await == true).then_some(())
        })
        .await;
        shop.kill();
        tour.visit("ticket-server-away", &page(&kept), ".ticket-qr").await;
        tour.visit("bookings-server-away", "/bookings", ".booking").await;
        for (name, path) in [
            ("concerts-server-away", "/".to_owned()),
            ("concert-server-away", format!("/concerts/{}", text(&kept, "concert_id"))),
            ("account-server-away", "/account".to_owned()),
            ("ticket-server-away-unknown", unknown.to_owned()),
        ] {
            tour.visit(name, &path, ".empty[role=alert]").await;
        }
        tour.end();
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
        let external = patch("GET /api/v1/me$", &json!({ "external": true }));
        tour.bent(
            "/account",
            [
                ("account-loading", never("GET /api/v1/me"), ".skeleton"),
                ("account-away", lost("GET /api/v1/me"), ".empty[role=alert]"),
                ("account-sessions-away", lost("GET /api/v1/me/sessions"), ".empty[role=alert]"),
                ("account-external", external, ".stack-wide .notice"),
            ],
        )
        .await;
        let change = async |tour: &Tour, old: &str, new: &str| {
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
