//! Choosing seats, and paying for them.

use super::{Tour, busy, lost, never, patch, problem};
use crate::browser::in_browser;
use crate::sale::{BASE, MAP, PAY, PRIMARY, click_seat, open_concert};
use crate::shop::Shop;
use serde_json::{Value, json};

const SEATS: &str = "/concert-dates/.*/seats";
const HOLD: &str = "POST /api/v1/reservations$";
const BILL: &str = "GET /api/v1/me/reservations/";
const PAYMENT: &str = "POST /api/v1/reservations/.*/payment";
/// What the page offers beside what was chosen: the best seats.
const BEST: &str = ".pickbar-go button";

/// Through the line to the seats.
async fn enter(tour: &Tour<'_>, concert: &str) {
    tour.open(&format!("/concerts/{concert}/queue"), "h1").await;
    tour.browser.at(&format!("/concerts/{concert}/seats")).await;
}

fn seats(from: u32, to: u32) -> Value {
    json!([{ "from": from, "to": to, "zone": "R", "price": 165_000 }])
}

#[test]
fn choosing_seats_is_whole_in_every_state() {
    in_browser(async || {
        let shop = Shop::open();
        let dates: Vec<Value> = (1..=4)
            .map(|day| json!({ "starts_at": format!("2099-05-0{day}T10:00:00Z"), "seats": seats(1, 40) }))
            .collect();
        let concert = open_concert(&shop, json!({ "dates": dates })).await;
        let told = shop.told(&format!("/api/v1/concerts/{concert}")).await;
        let date = |at: usize| told["dates"][at]["concert_date_id"].as_str().unwrap().to_owned();
        let reason = json!({ "reason": "The singer is ill." });
        shop.operate(
            "POST",
            &format!("/api/v1/admin/concert-dates/{}/cancellation", date(1)),
            &reason,
        )
        .await;
        let all: Vec<u32> = (1..=40).collect();
        for (date, numbers) in [(date(2), &all[..]), (date(0), &all[..6])] {
            let block = json!({ "seat_numbers": numbers, "status": "blocked", "reason": "a camera stands there" });
            shop.operate(
                "PUT",
                &format!("/api/v1/admin/concert-dates/{date}/seats/status"),
                &block,
            )
            .await;
        }
        let mut tour = Tour::as_user(&shop, "mina").await;
        let page = format!("/concerts/{concert}/seats");
        enter(&tour, &concert).await;
        tour.look("seats-dates", MAP).await;
        tour.visit("seats-date-cancelled", &format!("{page}?date={}", date(1)), ".sale .empty")
            .await;
        tour.visit(
            "seats-date-sold-out",
            &format!("{page}?date={}", date(2)),
            ".picker-map .notice",
        )
        .await;
        tour.bent("seats-loading", &page, never(SEATS), ".map-ghost").await;
        tour.bent("seats-failed", &page, lost(SEATS), ".empty[role=alert]").await;
        tour.bent("seats-shop-loading", &page, never("/dates$"), ".map-ghost").await;
        for (name, code) in [
            ("over", "queue_token_expired"),
            ("wait", "not_admitted"),
            ("closed", "sale_closed"),
            ("line", "queue_token_unknown"),
        ] {
            tour.bent(
                &format!("seats-out-{name}"),
                &page,
                problem("/dates$", 403, code),
                ".empty .button-primary",
            )
            .await;
        }
        let cancelled = json!([{ "of": SEATS, "status": 409, "body": { "code": "date_cancelled", "reason": "The singer is ill." } }]);
        tour.bent("seats-cancelled-now", &page, cancelled, ".sale .empty").await;

        tour.open(&page, MAP).await;
        tour.browser.see(".seats summary").await;
        tour.bend(lost(SEATS)).await;
        tour.look("seats-away", ".map-away").await;
        tour.unbend().await;
        tour.open(&page, MAP).await;
        tour.browser.see(".seats summary").await;
        click_seat(&tour.browser, 3).await;
        tour.look("seats-refused", ".pickbar .notice").await;
        // One section alone is open: it is closed.
        tour.press(".seats summary").await;
        tour.look("seats-list-closed", ".seats details:not([open])").await;
        tour.press(".party label:nth-of-type(4) input").await;
        for (name, body) in [
            ("seats-best-fewer", json!({ "code": "no_fitting_seats", "largest": 2 })),
            ("seats-best-none", json!({ "code": "no_fitting_seats" })),
            (
                "seats-cooling",
                json!({ "code": "seats_cooling_off", "seat_numbers": [1], "retry_at": "2099-05-01T10:00:00Z" }),
            ),
            ("seats-limit", json!({ "code": "seat_limit", "limit": 4, "have": 3 })),
        ] {
            tour.bend(json!([{ "of": HOLD, "status": 409, "body": body }])).await;
            tour.press(BEST).await;
            tour.look(name, ".pickbar .notice").await;
            tour.unbend().await;
        }
        tour.bend(busy(HOLD)).await;
        tour.press(BEST).await;
        tour.look("seats-busy", ".pickbar .notice-bad").await;
        tour.bend(never(HOLD)).await;
        tour.press(BEST).await;
        tour.look("seats-holding", ".pickbar .is-busy").await;
        tour.unbend().await;
        tour.open(&page, MAP).await;
        tour.browser.see(".seats summary").await;
        tour.press(BEST).await;
        tour.browser.see(".bill").await;
        tour.visit("seats-have-hold", &page, ".sale > .notice-warn").await;
        tour.end();
    });
}

#[test]
fn paying_is_whole_in_every_state() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let mut tour = Tour::as_user(&shop, "mina").await;
        enter(&tour, &concert).await;
        tour.browser.see(MAP).await;
        tour.browser.see(".seats summary").await;
        click_seat(&tour.browser, 7).await;
        tour.press(PRIMARY).await;
        tour.browser.see(".bill").await;
        let page = tour.browser.path().await;
        tour.bent("pay-loading", &page, never(BILL), ".skeleton").await;
        tour.bent("pay-failed", &page, lost(BILL), ".empty[role=alert]").await;
        tour.visit(
            "pay-none",
            "/reservations/01a21c9f-7b04-70f0-860a-cd8b4ca6520d",
            ".empty[role=alert]",
        )
        .await;
        tour.bent(
            "pay-charge-off",
            &page,
            patch("GET /api/v1/me$", &json!({ "self_charge": false })),
            ".stack > .notice-info",
        )
        .await;
        tour.bent("pay-lapsed", &page, patch(BILL, &json!({ "status": "expired" })), ".empty")
            .await;
        tour.bent("pay-released", &page, patch(BILL, &json!({ "status": "cancelled" })), ".empty")
            .await;

        tour.open(&page, ".bill").await;
        tour.bend(problem(PAYMENT, 409, "insufficient_balance")).await;
        tour.press(PAY).await;
        tour.look("pay-refused", ".notice-bad").await;
        // What was charged stays: now the balance is enough.
        tour.unbend().await;
        tour.visit("pay-enough", &page, ".bill").await;
        tour.press(".bill-release button").await;
        tour.look("pay-release", "dialog[open]").await;
        tour.bend(busy("DELETE ")).await;
        tour.press("dialog .button-danger").await;
        tour.look("pay-release-busy", "dialog .notice-bad").await;
        tour.bend(never("DELETE ")).await;
        tour.press("dialog .button-danger").await;
        tour.look("pay-releasing", "dialog .is-busy").await;
        tour.unbend().await;
        tour.open(&page, ".bill").await;
        tour.bend(busy(PAYMENT)).await;
        tour.press(PAY).await;
        tour.look("pay-busy", "main .notice-warn").await;
        tour.unbend().await;
        // It was begun, so that a reload goes on with it.
        tour.browser.reload().await;
        tour.look("ticket-paid", ".ticket").await;
        let told = tour
            .browser
            .eval(&format!(
                "import({BASE} + 'app/api.js').then(({{ get }}) => get('/api/v1/bookings'))"
            ))
            .await;
        assert_eq!(told["bookings"].as_array().map(Vec::len), Some(1), "{told}");
        tour.end();
    });
}
