//! The waiting room.

use super::{Tour, busy, lost, never, patch, problem};
use crate::browser::in_browser;
use crate::live::NO_STREAMS;
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

/// Forgets the place that the device knows.
const FORGET: &str = "Object.keys(localStorage).filter((key) => key.startsWith('boxoffice.place')).forEach((key) => localStorage.removeItem(key))";

/// Until there is a place.
async fn joining(tour: &mut Tour, room: &str) {
    let about = "GET /api/v1/concerts/[^/]*$";
    let lapses = json!({ "code": "too_many_lapses", "retry_at": soon(900) });
    tour.bent(
        room,
        [
            ("room-loading", never(about), ".room-card .skeleton"),
            ("room-slow", never(about), ".room-card .slow"),
            ("room-none", problem(about, 404, "concert_not_found"), ".empty[role=alert]"),
            ("room-joining", never(JOIN), ".room-card[aria-busy]"),
            ("room-joining-busy", busy(JOIN), ".room-card .notice-warn"),
            ("room-join-full", problem(JOIN, 503, "queue_full"), ".room-card .notice-warn"),
            ("room-join-closed", problem(JOIN, 409, "sale_closed"), ".room-card .actions"),
            (
                "room-join-refused",
                json!([{ "of": JOIN, "status": 409, "body": lapses }]),
                ".empty[role=alert]",
            ),
        ],
    )
    .await;
}

/// What the place may have become.
async fn places(tour: &mut Tour, room: &str) {
    let text = json!({ "en": "Doors open at 18:00. Bring your ticket on your phone; there is no box office on the day.", "ko": "18시에 입장을 시작합니다. 현장 매표소는 운영하지 않으니 휴대폰에 티켓을 준비해 주세요." });
    let in_line = |position: u64, more: &Value| {
        let mut view = json!({ "position": position, "queue_number": position * 10, "estimated_wait_seconds": 9_000 });
        view.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        view
    };
    let undrawn = |waits: bool| json!({ "position": null, "queue_number": null, "awaiting_draw_value": waits });
    let sold_out = |held: u64| in_line(4321, &json!({ "sale": "sold_out", "seats_held": held }));
    let over =
        |more: bool, sale: &str| json!({ "state": "expired", "may_return": more, "sale": sale });
    let late = json!({ "state": "admitted", "admitted_until": "2020-01-01T00:00:00Z" });
    for (name, view, css) in [
        ("room-far", in_line(123_456, &json!({ "message": text })), ".figure"),
        ("room-unknown-wait", in_line(56, &json!({ "estimated_wait_seconds": null })), ".figure"),
        (
            "room-paused",
            in_line(7, &json!({ "paused": true, "message": text })),
            ".room-card .notice-warn",
        ),
        ("room-drawing", undrawn(false), ".room-card.is-centred"),
        ("room-drawing-value", undrawn(true), ".room-card.is-centred"),
        ("room-sold-out", sold_out(17), ".room-card .updated"),
        ("room-sold-out-over", sold_out(0), ".room-card .updated"),
        ("room-late", late, ".room-card[aria-busy]"),
        ("room-missed", over(true, "open"), ".room-card .button"),
        ("room-over", over(false, "open"), ".room-card .actions"),
        ("room-closed", over(false, "closed"), ".room-card .actions"),
    ] {
        tour.browser.eval(FORGET).await;
        tour.bent(room, [(name, patch(&format!("{POLL}|{JOIN}"), &view), css)]).await;
    }
    tour.browser.eval(FORGET).await;
}

#[test]
fn the_waiting_room_is_whole_in_every_state() {
    in_browser(async || {
        // Whoever has a stream sees no poll that fails.
        let shop = Shop::open_with(NO_STREAMS);
        let name = "Winter Lights: An Evening with the Seoul Chamber Players";
        let concert = shop.concert(name, &json!({})).await;
        let _first = shop.others(&concert, 1).await;
        let mut tour = Tour::as_user(&shop, "mina").await;
        let room = format!("/concerts/{concert}/queue");
        joining(&mut tour, &room).await;
        tour.visit("room-next", &room, ".figure").await;
        places(&mut tour, &room).await;

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
