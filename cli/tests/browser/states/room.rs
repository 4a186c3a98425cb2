//! The waiting room.

use super::{Tour, busy, lost, never, patch, problem};
use crate::browser::in_browser;
use crate::shop::Shop;
use boxoffice_server::clock::Clock;
use boxoffice_server::http::view::stamp;
use serde_json::{Value, json};

const POLL: &str = "GET /api/v1/queue-tokens/me";
const JOIN: &str = "POST /api/v1/concerts/.*/queue-tokens";

/// So many seconds from now.
fn soon(seconds: i64) -> Value {
    json!(stamp(Clock::System.now().plus_ms(seconds * 1000)))
}

#[test]
fn the_waiting_room_is_whole_in_every_state() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = shop
            .concert("Winter Lights: An Evening with the Seoul Chamber Players", &json!({}))
            .await;
        let _first = shop.others(&concert, 1).await;
        let mut tour = Tour::as_user(&shop, "mina").await;
        let room = format!("/concerts/{concert}/queue");

        tour.bent("room-joining", &room, never(JOIN), ".room-card[aria-busy]").await;
        tour.bent("room-joining-busy", &room, busy(JOIN), ".room-card[aria-busy] .notice-warn")
            .await;
        tour.bent(
            "room-join-full",
            &room,
            problem(JOIN, 503, "queue_full"),
            ".room-card .notice-warn",
        )
        .await;
        let lapses = json!([{ "of": JOIN, "status": 409, "body": { "code": "too_many_lapses", "retry_at": soon(900) } }]);
        tour.bent("room-join-refused", &room, lapses, ".empty[role=alert]").await;
        tour.bent(
            "room-join-closed",
            &room,
            problem(JOIN, 409, "sale_closed"),
            ".room-card .actions",
        )
        .await;
        tour.bent(
            "room-loading",
            &room,
            never("GET /api/v1/concerts/[^/]*$"),
            ".room-card .skeleton",
        )
        .await;
        tour.bent(
            "room-none",
            &room,
            problem("GET /api/v1/concerts/[^/]*$", 404, "concert_not_found"),
            ".empty[role=alert]",
        )
        .await;

        tour.visit("room-next", &room, ".figure").await;
        let text = json!({ "en": "Doors open at 18:00. Bring your ticket on your phone; there is no box office on the day.", "ko": "18시에 입장을 시작합니다. 현장 매표소는 운영하지 않으니 휴대폰에 티켓을 준비해 주세요." });
        let far = json!({ "position": 123_456, "queue_number": 1_234_567, "estimated_wait_seconds": 9_000, "message": text });
        for (name, view, css) in [
            ("room-far", far, ".room-card .figure"),
            (
                "room-unknown-wait",
                json!({ "position": 55, "queue_number": 56, "estimated_wait_seconds": null }),
                ".room-card .figure",
            ),
            (
                "room-paused-plain",
                json!({ "position": 7, "queue_number": 8, "paused": true, "pause_reason": null, "message": text }),
                ".room-card .notice-warn",
            ),
            (
                "room-drawing",
                json!({ "position": null, "queue_number": null }),
                ".room-card.is-centred",
            ),
            (
                "room-drawing-value",
                json!({ "position": null, "queue_number": null, "awaiting_draw_value": true }),
                ".room-card.is-centred",
            ),
            (
                "room-sold-out",
                json!({ "position": 4321, "queue_number": 5000, "sale": "sold_out", "seats_held": 17 }),
                ".room-card .updated",
            ),
            (
                "room-sold-out-over",
                json!({ "position": 4321, "queue_number": 5000, "sale": "sold_out", "seats_held": 0 }),
                ".room-card .updated",
            ),
            (
                "room-late",
                json!({ "state": "admitted", "admitted_until": "2020-01-01T00:00:00Z" }),
                ".room-card[aria-busy]",
            ),
            (
                "room-missed",
                json!({ "state": "expired", "may_return": true }),
                ".room-card .button",
            ),
            (
                "room-over",
                json!({ "state": "expired", "may_return": false }),
                ".room-card .actions",
            ),
            (
                "room-closed",
                json!({ "state": "expired", "may_return": false, "sale": "closed", "closed_because": "dates_over" }),
                ".room-card .actions",
            ),
        ] {
            tour.browser.eval("Object.keys(localStorage).filter((key) => key.startsWith('boxoffice.place')).forEach((key) => localStorage.removeItem(key))").await;
            tour.bent(name, &room, patch(&format!("{POLL}|{JOIN}"), &view), css).await;
        }
        tour.browser.eval("Object.keys(localStorage).filter((key) => key.startsWith('boxoffice.place')).forEach((key) => localStorage.removeItem(key))").await;

        tour.open(&room, ".figure").await;
        tour.bend(busy(POLL)).await;
        tour.browser.read(".updated", "a little longer").await;
        tour.look("room-busy", ".updated").await;
        tour.unbend().await;
        tour.open(&room, ".figure").await;
        tour.press(".toggle").await;
        tour.look("room-calls", ".toggle[aria-checked=true]").await;
        tour.press(".room > .actions button").await;
        tour.look("room-leave", "dialog[open]").await;
        tour.bend(lost("DELETE ")).await;
        tour.press("dialog .button-danger").await;
        tour.look("room-leave-away", "dialog .notice-bad").await;
        tour.unbend().await;
        tour.press("dialog .button-danger").await;
        tour.browser.at(&format!("/concerts/{concert}")).await;
        tour.end();
    });
}

/// The turn, as long as somebody needs to look at it: a page that is hidden does not go in by itself.
#[test]
fn the_turn_is_whole() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = shop.concert("Moonlight Parade", &json!({})).await;
        let _first = shop.others(&concert, 1).await;
        let mut tour = Tour::as_user(&shop, "mina").await;
        let room = format!("/concerts/{concert}/queue");
        tour.open(&room, ".figure").await;
        tour.browser.eval("Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' })").await;
        let turn = json!({ "state": "admitted", "position": null, "admitted_until": soon(170) });
        tour.bend(patch(POLL, &turn)).await;
        tour.look("room-turn", ".ring").await;
        tour.open("/account", ".sessions li").await;
        tour.browser.eval("Object.keys(localStorage).filter((key) => key.startsWith('boxoffice.place')).forEach((key) => { const record = JSON.parse(localStorage[key]); localStorage[key] = JSON.stringify({ ...record, entered: true }); })").await;
        let inside = json!({ "state": "admitted", "position": null, "admitted_until": soon(290) });
        tour.bend(patch(POLL, &inside)).await;
        tour.visit("room-inside", &room, ".ring").await;
        tour.end();
    });
}
