//! Choosing seats, and paying for them.

use super::{Tour, busy, cancel, date_of, lost, never, patch, problem};
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
async fn enter(tour: &Tour, concert: &str) {
    tour.open(&format!("/concerts/{concert}/queue"), "h1").await;
    tour.browser.at(&format!("/concerts/{concert}/seats")).await;
}

fn seats(from: u32, to: u32) -> Value {
    json!([{ "from": from, "to": to, "zone": "R", "price": 165_000 }])
}

/// A concert with four dates: the first has some seats less, the second is cancelled, the third has none.
async fn with_dates(shop: &Shop) -> String {
    let on = |day: u32| json!({ "starts_at": format!("2099-05-0{day}T10:00:00Z"), "seats": seats(1, 40) });
    let concert = open_concert(shop, json!({ "dates": [on(1), on(2), on(3), on(4)] })).await;
    cancel(shop, &date_of(shop, &concert, 1).await).await;
    for (at, last) in [(0, 6), (2, 40)] {
        let numbers: Vec<u32> = (1..=last).collect();
        let block = json!({ "seat_numbers": numbers, "status": "blocked", "reason": "a camera stands there" });
        let date = date_of(shop, &concert, at).await;
        shop.operate("PUT", &format!("/api/v1/admin/concert-dates/{date}/seats/status"), &block)
            .await;
    }
    concert
}

/// Before there is a map, and where there is none.
async fn without_a_map(tour: &mut Tour, page: &str) {
    let out = |code: &str| problem("/dates$", 403, code);
    let cancelled = json!([{ "of": SEATS, "status": 409, "body": { "code": "date_cancelled", "reason": "The singer is ill." } }]);
    let button = ".empty .button-primary";
    tour.bent(
        page,
        [
            ("seats-shop-loading", never("/dates$"), ".map-ghost"),
            ("seats-loading", never(SEATS), ".map-ghost"),
            ("seats-slow", never(SEATS), ".slow"),
            ("seats-failed", lost(SEATS), ".empty[role=alert]"),
            ("seats-out-over", out("queue_token_expired"), button),
            ("seats-out-wait", out("not_admitted"), button),
            ("seats-out-closed", out("sale_closed"), button),
            ("seats-out-line", out("queue_token_unknown"), button),
            ("seats-cancelled-now", cancelled, ".sale .empty"),
        ],
    )
    .await;
}

#[test]
fn choosing_seats_is_whole_in_every_state() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = with_dates(&shop).await;
        let date = async |at: usize| date_of(&shop, &concert, at).await;
        let mut tour = Tour::as_user(&shop, "mina").await;
        let page = format!("/concerts/{concert}/seats");
        enter(&tour, &concert).await;
        tour.look("seats-dates", MAP).await;
        let cancelled = format!("{page}?date={}", date(1).await);
        tour.visit("seats-date-cancelled", &cancelled, ".sale .empty").await;
        let sold_out = format!("{page}?date={}", date(2).await);
        tour.visit("seats-date-sold-out", &sold_out, ".picker-map .notice").await;
        without_a_map(&mut tour, &page).await;

        tour.open(&page, ".seats summary").await;
        tour.bend(lost(SEATS)).await;
        tour.look("seats-away", ".map-away").await;
        tour.unbend().await;
        tour.open(&page, ".seats summary").await;
        click_seat(&tour.browser, 3).await;
        tour.look("seats-refused", ".pickbar .notice").await;
        // One section alone is open: it is closed.
        tour.press(".seats summary").await;
        tour.look("seats-list-closed", ".seats details:not([open])").await;
        tour.press(".party label:nth-of-type(4) input").await;
        let no = |body: Value| json!([{ "of": HOLD, "status": 409, "body": body }]);
        let cooling = json!({ "code": "seats_cooling_off", "seat_numbers": [1], "retry_at": "2099-05-01T10:00:00Z" });
        for (name, rules, css) in [
            (
                "seats-best-fewer",
                no(json!({ "code": "no_fitting_seats", "largest": 2 })),
                ".notice",
            ),
            ("seats-best-none", no(json!({ "code": "no_fitting_seats" })), ".notice"),
            ("seats-cooling", no(cooling), ".notice"),
            ("seats-limit", no(json!({ "code": "seat_limit", "limit": 4, "have": 3 })), ".notice"),
            ("seats-busy", busy(HOLD), ".notice-bad"),
            ("seats-holding", never(HOLD), ".is-busy"),
        ] {
            tour.bend(rules).await;
            tour.press(BEST).await;
            tour.look(name, &format!(".pickbar {css}")).await;
            tour.unbend().await;
        }
        tour.open(&page, ".seats summary").await;
        tour.press(BEST).await;
        tour.browser.see(".bill").await;
        tour.visit("seats-have-hold", &page, ".pickbar a.button-primary").await;
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
        let unknown = "/reservations/01a21c9f-7b04-70f0-860a-cd8b4ca6520d";
        tour.visit("pay-none", unknown, ".empty[role=alert]").await;
        let alone = patch("GET /api/v1/me$", &json!({ "self_charge": false }));
        let state = |status: &str| patch(BILL, &json!({ "status": status }));
        tour.bent(
            &page,
            [
                ("pay-loading", never(BILL), ".skeleton"),
                ("pay-slow", never(BILL), ".slow"),
                ("pay-failed", lost(BILL), ".empty[role=alert]"),
                ("pay-charge-off", alone, ".stack > .notice-info"),
                ("pay-lapsed", state("expired"), ".empty"),
                ("pay-released", state("cancelled"), ".empty"),
            ],
        )
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
