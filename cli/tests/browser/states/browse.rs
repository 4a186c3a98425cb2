//! What everybody sees: concerts, one concert, its draw, signing in.

use super::{Tour, busy, cancel, date_of, lost, never, patch};
use crate::browser::in_browser;
use crate::shop::{PASSWORD, Shop};
use serde_json::{Value, json};

const LIST: &str = "/api/v1/concerts\\?";
/// A page that could not be loaded.
const FAILED: &str = ".empty[role=alert]";

/// The list where there is none, where it does not come, and where there are many.
#[test]
fn the_list_of_concerts_is_whole_in_every_state() {
    in_browser(async || {
        let shop = Shop::open();
        let mut tour = Tour::begin(&shop).await;
        tour.visit("concerts-none", "/", ".empty").await;
        tour.bent("/", [("concerts-loading", never(LIST), ".is-skeleton")]).await;
        tour.bent(
            "/",
            [
                ("concerts-slow", never(LIST), ".slow"),
                ("concerts-away", lost(LIST), FAILED),
                ("concerts-busy", busy(LIST), FAILED),
            ],
        )
        .await;
        for at in 1..=31 {
            shop.concert(&format!("Evening {at} of the Seoul Chamber Players"), &json!({})).await;
        }
        tour.visit("concerts-many", "/", "main > .actions button").await;
        tour.bend(busy(LIST)).await;
        tour.press("main > .actions button").await;
        tour.look("concerts-more-busy", "main > .notice-bad").await;
        tour.unbend().await;
        tour.browser.network(false).await;
        tour.look("concerts-offline", ".offline").await;
        tour.browser.network(true).await;
        tour.end();
    });
}

#[test]
fn a_concert_is_whole_in_every_state() {
    in_browser(async || {
        let shop = Shop::open();
        let seats = json!([{ "from": 1, "to": 2, "zone": "VIP", "price": 198_000 }, { "from": 3, "to": 4, "zone": "R", "price": 165_000 }]);
        let on = |day: u32| json!({ "starts_at": format!("2099-05-{day:02}T10:00:00Z"), "seats": seats });
        let about = json!({ "en": "Three evenings under the open sky.\n\nBring a coat.", "ko": "야외에서 열리는 세 번의 밤.\n\n겉옷을 준비해 주세요." });
        let more = json!({ "dates": [on(1), on(2), on(3)], "about": about, "closes_at": "2099-04-30T10:00:00Z" });
        let concert = shop.concert("Moonlight Parade", &more).await;
        let page = format!("/concerts/{concert}");
        let about = format!("GET /api/v1/concerts/{concert}$");
        let mut tour = Tour::begin(&shop).await;
        tour.visit("concert-dates", &page, ".dates").await;
        cancel(&shop, &date_of(&shop, &concert, 1).await).await;
        tour.visit("concert-date-cancelled", &page, ".dates .badge-bad").await;
        let line = |members: Value| patch("/queue$", &members);
        let shown = |members: Value| patch(&about, &members);
        let closed = |why: &str| shown(json!({ "sale": "closed", "closed_because": why }));
        tour.bent(
            &page,
            [
                ("concert-loading", never(&about), ".skeleton"),
                ("concert-slow", never(&about), ".slow"),
                ("concert-away", lost(&about), FAILED),
                ("concert-line-unknown", lost("/queue$"), ".opening .button"),
                ("concert-many-wait", line(json!({ "waiting": 1_234_567 })), ".opening .button"),
                (
                    "concert-paused",
                    line(json!({ "paused": true, "waiting": 12 })),
                    ".opening .notice-warn",
                ),
                ("concert-closed-over", closed("dates_over"), ".opening h2"),
                ("concert-closed-time", closed("closing_time"), ".opening h2"),
                ("concert-closed-organiser", closed("organiser"), ".opening h2"),
                ("concert-closed-deleted", closed("deleted"), ".opening h2"),
                ("concert-sold-out", shown(json!({ "sale": "sold_out" })), ".opening h2"),
                ("concert-broken", json!([{ "of": about, "status": 200, "body": {} }]), FAILED),
            ],
        )
        .await;
        // A page that breaks says so, and the console has it.
        let told = tour.browser.complaints().await;
        assert!(!told.is_empty(), "a broken page is not told to the console");
        tour.visit("nothing-deep", "/concerts/none/of/these", ".empty").await;
        tour.end();
    });
}

#[test]
fn the_draw_is_whole_in_every_state() {
    in_browser(async || {
        let shop = Shop::open();
        let upcoming = json!({
            "opens_at": "2098-01-01T09:00:00Z", "draw_joined_before": "2098-01-01T08:00:00Z",
            "draw_beacon": "NIST randomness beacon 2.0, outputValue of the first pulse after 2098-01-01T08:00:00Z",
        });
        let later = shop.concert("Winter Lights", &upcoming).await;
        let open = shop.concert("Moonlight Parade", &json!({})).await;
        let page = format!("/concerts/{open}/draw");
        let mut tour = Tour::begin(&shop).await;
        tour.visit("concert-drawn-before", &format!("/concerts/{later}"), ".countdown").await;
        tour.visit("draw-beacon", &format!("/concerts/{later}/draw"), ".code").await;
        tour.open(&page, "main .field input").await;
        tour.browser.eval("(() => { const field = document.querySelector('main .field input'); field.value = 'x'; field.dispatchEvent(new Event('input', { bubbles: true })); })()").await;
        tour.look("draw-wrong", ".field-error").await;
        tour.bent(
            &page,
            [
                ("draw-loading", never("/queue$"), ".skeleton"),
                ("draw-away", lost("/queue$"), FAILED),
            ],
        )
        .await;
        tour.end();
    });
}

#[test]
fn signing_in_is_whole_in_every_state() {
    in_browser(async || {
        let shop = Shop::open();
        shop.account("taken").await;
        let mut tour = Tour::begin(&shop).await;
        let fill = async |tour: &Tour, path: &str, name: &str, password: &str| {
            tour.open(path, "form").await;
            tour.browser.fill("username", name).await;
            tour.browser.fill("password", password).await;
        };
        fill(&tour, "/sign-up", "taken", PASSWORD).await;
        tour.press("form button[type=submit]").await;
        tour.look("sign-up-taken", ".has-error [name=username]").await;
        fill(&tour, "/sign-up", "somebody", "short").await;
        tour.press(".field-show").await;
        tour.press("form button[type=submit]").await;
        tour.look("sign-up-short", ".has-error [name=password]").await;
        fill(&tour, "/sign-in", "taken", PASSWORD).await;
        for (name, rules) in [
            ("sign-in-away", lost("POST /api/v1/sessions")),
            (
                "sign-in-busy",
                json!([{ "of": "POST /api/v1/sessions", "status": 503, "body": { "code": "sign_in_busy" }, "retry": 30 }]),
            ),
            (
                "sign-in-delayed",
                json!([{ "of": "POST /api/v1/sessions", "status": 429, "body": { "code": "sign_in_delayed" }, "retry": 20 }]),
            ),
        ] {
            tour.open("/sign-in", "form").await;
            tour.browser.fill("username", "taken").await;
            tour.browser.fill("password", PASSWORD).await;
            tour.bend(rules).await;
            tour.press("form button[type=submit]").await;
            tour.look(name, "form .notice-bad").await;
            tour.unbend().await;
        }
        fill(&tour, "/sign-in", "taken", PASSWORD).await;
        tour.bend(never("POST /api/v1/sessions")).await;
        tour.press("form button[type=submit]").await;
        tour.look("sign-in-sending", "form .is-busy").await;
        tour.end();
    });
}
