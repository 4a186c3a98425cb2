//! Seats and holds: who gets them, for how long, and what others see.

use crate::world::{Fan, MINUTE, Sale, Show, count, delete, get, pay, post, reserve};
use boxoffice_core::id::Uuid;
use serde_json::json;
use std::collections::BTreeSet;

fn roomy() -> serde_json::Value {
    json!({ "max_active": 5_000, "admissions_per_second": 5_000 })
}

/// H1: a thousand fans, one seat, at once: one has it, the others are told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_fans_want_one_seat() {
    let sale = Sale::new();
    // Seats for all of them: no more are let in than may find one.
    let seats = json!([{ "from": 1, "to": 1_000, "zone": "R", "price": 150_000 }]);
    let dates = json!([{ "starts_at": "2027-03-01T10:00:00Z", "seats": seats }]);
    let mut terms = roomy();
    terms["dates"] = dates;
    let show = sale.concert(terms).await;
    let mut fans = sale.fans(1_000);
    sale.join_all(&mut fans, &show).await;
    let seen = sale.all(fans.iter().map(|fan| reserve(fan, &show, &[7]))).await;
    assert_eq!((count(&seen, 201), count(&seen, 409)), (1, 999));
    assert!(seen.iter().all(|seen| seen.status == 201 || seen.code() == "seats_taken"));
    let winner = seen.iter().position(|seen| seen.status == 201).unwrap();
    assert_eq!(sale.seat(&fans[winner], &show, 7).await, "held");
    assert_eq!(sale.dump()["reservation"].len(), 1);
}

/// More seats than a reservation may have are refused before the write path hears of them, however often
/// each is named.
#[tokio::test]
async fn too_many_seats_do_not_reach_the_write_path() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let (sale, watch) = sale.rewired(64, |_| {});
    for seats in [(1..=51).collect::<Vec<u32>>(), (1..=10_000).collect(), vec![1; 10_000]] {
        let seen = sale.send(reserve(&fan, &show, &seats)).await;
        seen.refused(422, "invalid_setting");
        assert_eq!(seen.json()["field"], "seat_numbers");
    }
    assert_eq!(watch.calls(), 0);
}

/// H2: overlapping seats in different orders, at once: each request has all of its seats or none,
/// and nobody waits for anybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overlapping_seats_in_any_order() {
    let sale = Sale::new();
    let show = sale.concert(roomy()).await;
    let mut fans = sale.fans(60);
    sale.join_all(&mut fans, &show).await;
    let wish = |n: u32| {
        let (a, b, c) = (1 + n % 7, 1 + (n + 1) % 7, 1 + (n + 3) % 7);
        if n.is_multiple_of(2) { vec![a, b, c] } else { vec![c, b, a] }
    };
    let asks = fans.iter().zip(0..).map(|(fan, n)| reserve(fan, &show, &wish(n)));
    let seen = sale.all(asks).await;
    let mut taken = BTreeSet::new();
    for (seen, n) in seen.iter().zip(0..) {
        if seen.status == 201 {
            for seat in wish(n) {
                assert!(taken.insert(seat), "seat {seat} twice");
            }
        } else {
            seen.refused(409, "seats_taken");
        }
    }
    let map = sale.send(get(show.seats_path()).by(&fans[0])).await.want(200);
    let held = map["seats"].as_array().unwrap().iter().filter(|seat| seat["status"] == "held");
    assert_eq!(held.count(), taken.len(), "who was refused holds nothing");
}

/// H3: a payment in the last millisecond of the hold is taken, one at its end is not, and then
/// somebody else may have the seat at that same millisecond.
#[tokio::test]
async fn payment_at_the_end_of_the_hold() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (a, b, c) = (sale.buyer(&show).await, sale.buyer(&show).await, sale.shopper(&show).await);
    sale.send(get(show.path("/dates")).by(&c)).await.want(200);
    let (in_time, late) = (sale.hold(&a, &show, &[1]).await, sale.hold(&b, &show, &[2]).await);
    sale.pass(5 * MINUTE - 1);
    sale.send(reserve(&c, &show, &[2])).await.refused(409, "seats_taken");
    sale.send(pay(&a, in_time, "p")).await.want(201);
    sale.pass(1);
    let (paid, taken) =
        tokio::join!(sale.send(pay(&b, late, "p")), sale.send(reserve(&c, &show, &[2])));
    paid.refused(410, "hold_lapsed");
    taken.want(201);
    sale.tick().await;
    assert_eq!(sale.seat(&c, &show, 1).await, "sold");
    assert_eq!(sale.seat(&c, &show, 2).await, "held");
}

/// H4: A's hold lapses, B has the seat, A pays: refused, and B keeps it.
#[tokio::test]
async fn a_lapsed_hold_is_not_paid() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (a, b) = (sale.buyer(&show).await, sale.buyer(&show).await);
    let old = sale.hold(&a, &show, &[1]).await;
    sale.pass(5 * MINUTE);
    let new = sale.hold(&b, &show, &[1]).await;
    sale.send(pay(&a, old, "p")).await.refused(410, "hold_lapsed");
    sale.tick().await;
    sale.send(pay(&a, old, "p")).await.refused(410, "hold_lapsed");
    sale.send(pay(&b, new, "p")).await.want(201);
}

/// H5: whether the tick never ticks, ticks late, twice, or many times at once: the answers are
/// the same, to the byte.
#[tokio::test]
async fn nobody_can_tell_when_the_ticker_ticks() {
    let without = lapse_and_retake([0, 0, 0]).await;
    for ticks in [[1, 0, 0], [0, 1, 0], [0, 0, 1], [2, 2, 2], [8, 8, 8]] {
        assert_eq!(lapse_and_retake(ticks).await, without, "{ticks:?}");
    }
}

/// A holds, the hold lapses, B sees the seat free, takes and pays it; A tries everything. `ticks`
/// is how many ticks there are before B looks, before B takes, and before A tries.
async fn lapse_and_retake(ticks: [u64; 3]) -> Vec<String> {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (a, b) = (sale.buyer(&show).await, sale.buyer(&show).await);
    let old = sale.hold(&a, &show, &[1, 2]).await;
    let mut seen = Vec::new();
    sale.pass(5 * MINUTE);
    sale.ticks(ticks[0]).await;
    seen.push(sale.send(get(show.seats_path()).by(&b)).await);
    seen.push(sale.send(get(show.path("/dates")).by(&b)).await);
    sale.ticks(ticks[1]).await;
    let taken = sale.send(reserve(&b, &show, &[2])).await;
    let new = crate::world::id_of(&taken.want(201)["reservation_id"]);
    seen.push(taken);
    sale.ticks(ticks[2]).await;
    seen.push(sale.send(pay(&a, old, "p")).await);
    seen.push(sale.send(delete(format!("/api/v1/reservations/{old}")).by(&a)).await);
    seen.push(sale.send(get(format!("/api/v1/reservations/{old}")).by(&a)).await);
    seen.push(sale.send(reserve(&a, &show, &[3])).await);
    seen.push(sale.send(get("/api/v1/queue-tokens/me").token(&a.token)).await);
    seen.push(sale.send(pay(&b, new, "p")).await);
    let mut again = a.clone();
    let rejoined = sale.send(post(show.path("/queue-tokens")).by(&a)).await;
    again.token = rejoined.json()["token"].as_str().unwrap().to_owned();
    seen.push(rejoined);
    seen.push(sale.send(get(show.seats_path()).by(&again)).await);
    seen.iter().map(crate::world::Seen::shown).collect()
}

/// H6: the server's clock jumps forth, somebody takes the lapsed seat, and the clock jumps back: the
/// seat is not sold twice. A client's clock is asked by nobody; every time is UTC.
#[tokio::test]
async fn the_clock_jumps() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (a, b) = (sale.buyer(&show).await, sale.buyer(&show).await);
    let old = sale.hold(&a, &show, &[1]).await;
    sale.pass(6 * MINUTE);
    let new = sale.hold(&b, &show, &[1]).await;
    sale.pass(-6 * MINUTE);
    sale.ticks(2).await;
    sale.send(pay(&a, old, "p").header("date", "Thu, 01 Jan 2026 00:00:00 GMT"))
        .await
        .refused(410, "hold_lapsed");
    sale.send(pay(&b, new, "p")).await.want(201);
    let mut late = sale.fan().await;
    sale.pass(-30 * MINUTE);
    sale.pass(30 * MINUTE);
    sale.join(&mut late, &show).await;
    sale.tick().await;
    let figures = sale.figures(&show).await;
    assert_eq!(sale.poll(&late).await["state"], "admitted", "{figures}");
    let sold: Vec<_> = sale.dump().remove("amount").unwrap();
    assert_eq!(sold.len(), 1);
}

/// H9: holding, releasing and holding again does not go on for ever: the time to shop ends, and the
/// last hold with it. Seats that were bought count at the next visit.
#[tokio::test]
async fn a_hold_is_not_renewed_for_ever() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "rehold_after_seconds": 0 })).await;
    let fan = sale.buyer(&show).await;
    let mut minutes = 0;
    let refused = loop {
        let seen = sale.send(reserve(&fan, &show, &[1, 2])).await;
        if seen.status != 201 {
            break seen;
        }
        sale.pass(4 * MINUTE);
        minutes += 4;
        let id = crate::world::id_of(&seen.json()["reservation_id"]);
        sale.send(delete(format!("/api/v1/reservations/{id}")).by(&fan)).await.want(204);
        assert!(minutes <= 15, "shop time and one hold are over");
    };
    refused.refused(403, "queue_token_expired");

    let mut fan = fan;
    sale.join(&mut fan, &show).await;
    let id = sale.hold(&fan, &show, &[1, 2, 3]).await;
    sale.send(pay(&fan, id, "p")).await.want(201);
    sale.join(&mut fan, &show).await;
    sale.send(reserve(&fan, &show, &[4, 5])).await.refused(409, "seat_limit");
    sale.send(reserve(&fan, &show, &[4])).await.want(201);
}

/// H10: sold out is shown while it is true, and no longer: freed seats are seen without a sweep.
#[tokio::test]
async fn freed_seats_are_seen_without_a_sweep() {
    let sale = Sale::new();
    let seats = json!([{ "from": 1, "to": 2, "zone": "R", "price": 1 }]);
    let date = json!([{ "starts_at": "2027-05-01T19:00:00Z", "seats": seats }]);
    let show = sale.concert(json!({ "dates": date })).await;
    let (a, b, c) = (sale.buyer(&show).await, sale.shopper(&show).await, sale.shopper(&show).await);
    let id = sale.hold(&a, &show, &[1]).await;
    sale.hold(&b, &show, &[2]).await;
    let left = async |fan: &Fan| {
        let dates = sale.send(get(show.path("/dates")).by(fan)).await.want(200);
        let map = sale.send(get(show.seats_path()).by(fan)).await.want(200);
        assert_eq!(map["available_seats"], dates["dates"][0]["available_seats"]);
        map["available_seats"].as_u64().unwrap()
    };
    assert_eq!(left(&c).await, 0);
    sale.send(pay(&a, id, "p")).await.want(201);
    sale.pass(5 * MINUTE - 1);
    assert_eq!(left(&c).await, 0, "sold out until the hold's last millisecond");
    sale.pass(1);
    assert_eq!(left(&c).await, 1);
    sale.hold(&c, &show, &[2]).await;
    assert_eq!(left(&c).await, 0);
}

/// H27: the owner and others see a hold in the next read; the ETag is the content's.
#[tokio::test]
async fn a_hold_is_seen_in_the_next_read() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (a, b) = (sale.shopper(&show).await, sale.shopper(&show).await);
    let map = async |fan: &Fan, known: &str| {
        let ask = get(show.seats_path()).by(fan).header("if-none-match", known);
        let seen = sale.send(ask).await;
        (seen.status, seen.header("etag").to_owned(), seen.body.len())
    };
    let (status, free, _) = map(&a, "\"other\"").await;
    assert_eq!(status, 200);
    assert_eq!(map(&b, &free).await, (304, free.clone(), 0), "the same for everyone");
    assert_eq!(map(&b, &format!("W/{free}, \"x\"")).await.0, 304);

    let id = sale.hold(&a, &show, &[1]).await;
    let (status, held, _) = map(&a, &free).await;
    assert_eq!(status, 200);
    assert_ne!(held, free);
    assert_eq!(map(&b, &free).await.1, held);
    sale.send(reserve(&b, &show, &[1])).await.refused(409, "seats_taken");

    sale.send(delete(format!("/api/v1/reservations/{id}")).by(&a)).await.want(204);
    assert_eq!(map(&b, &held).await.1, free, "the same content has the same tag again");
    sale.hold(&b, &show, &[1]).await;
    assert_eq!(map(&a, &held).await.0, 304);
    sale.pass(5 * MINUTE);
    assert_eq!(map(&a, &held).await.1, free, "lapsed");
}

/// H28: the compact form says what the full one says, and a version tells what changed since: a hold
/// at once (H27), its lapse without a sweep (H10).
#[tokio::test]
async fn the_compact_form_and_what_changed() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let (a, b, c) = (sale.buyer(&show).await, sale.shopper(&show).await, sale.shopper(&show).await);
    let read = async |query: &str| {
        let path = format!("{}?{query}", show.seats_path());
        sale.send(get(path).by(&c)).await.want(200)
    };
    let first = read("form=compact").await;
    assert_eq!(first["zones"], json!([{ "zone": "R", "price": 150_000, "seats": [[1, 50]] }]));
    assert_eq!(first["states"], format!("{}==", "A".repeat(18)));
    let version = first["version"].as_str().unwrap();
    let since = format!("form=compact&since={version}");
    let id = sale.hold(&a, &show, &[1]).await;
    sale.hold(&b, &show, &[2, 7]).await;
    let delta = read(&since).await;
    assert_eq!(delta["complete"], false);
    assert_eq!(
        delta["changed"],
        json!({ "available": [], "held": [1, 2, 7], "sold": [], "blocked": [] })
    );
    sale.send(pay(&a, id, "p")).await.want(201);
    sale.pass(5 * MINUTE - 1);
    assert_eq!(read(&since).await["changed"]["held"], json!([2, 7]));
    sale.pass(1);
    let delta = read(&since).await;
    assert_eq!(
        delta["changed"],
        json!({ "available": [2, 7], "held": [], "sold": [1], "blocked": [] })
    );
    assert_eq!(delta["available_seats"], read("form=full").await["available_seats"]);
    assert_eq!(read("form=compact").await["states"], format!("g{}==", "A".repeat(17)));
    for other in ["0000000000000000-1", "x", ""] {
        assert_eq!(read(&format!("form=compact&since={other}")).await["complete"], true);
    }
    for wrong in ["form=tiny", &format!("since={version}")] {
        let path = format!("{}?{wrong}", show.seats_path());
        sale.send(get(path).by(&c)).await.refused(400, "invalid_query");
    }
}

/// H28: a version older than the changes that are remembered is answered with all seats.
#[tokio::test]
async fn a_version_too_old_is_shown_all_seats() {
    let sale = Sale::with(|given| given.limits = Some(false));
    let show = sale.concert(json!({})).await;
    let fan = sale.shopper(&show).await;
    let read = async |query: &str| {
        let path = format!("{}?form=compact{query}", show.seats_path());
        sale.send(get(path).by(&fan)).await.want(200)
    };
    let since = format!("&since={}", read("").await["version"].as_str().unwrap());
    for change in 0..boxoffice_server::read_model::CHANGES_MAX / 2 {
        let id = sale.hold(&fan, &show, &[1]).await;
        let path = format!("/api/v1/reservations/{id}");
        assert!(sale.send(delete(path).by(&fan)).await.status < 300, "{change}");
    }
    assert_eq!(read(&since).await["changed"]["available"], json!([1]));
    sale.hold(&fan, &show, &[2]).await;
    assert_eq!(read(&since).await["complete"], true);
}

/// Lets `fan` hold these seats for a while and let them go. Whether that was allowed.
async fn takes_a_turn(sale: &Sale, fan: &Fan, show: &Show, seats: &[u32], ms: i64) -> bool {
    let seen = sale.send(reserve(fan, show, seats)).await;
    if seen.status != 201 {
        assert!(["queue_token_expired", "seats_taken"].contains(&seen.code().as_str()));
        return false;
    }
    sale.pass(ms);
    let id = crate::world::id_of(&seen.json()["reservation_id"]);
    sale.send(delete(format!("/api/v1/reservations/{id}")).by(fan)).await.want(204);
    true
}

/// H40: two accounts that swap four seats, each letting them go at 45 % of the hold, are both out of the shop
/// before each has held them for four whole holds; the seats are others' then, and neither is back soon. The one
/// of them who only looks around in between is not met.
#[tokio::test]
async fn two_accounts_do_not_keep_seats_by_turns() {
    let sale = Sale::with(|given| given.limits = Some(false));
    let show = sale.concert(json!({ "hold_seconds": 4, "shop_seconds": 3_600 })).await;
    let pair = [sale.buyer(&show).await, sale.buyer(&show).await];
    let picky = sale.buyer(&show).await;
    let mut turns = 0;
    while takes_a_turn(&sale, &pair[turns % 2], &show, &[1, 2, 3, 4], 1_800).await {
        turns += 1;
        assert!(
            takes_a_turn(&sale, &picky, &show, &[9 + u32::try_from(turns).unwrap()], 200).await
        );
    }
    assert_eq!(turns, 14, "each seven times 1.8 s");
    assert_eq!(sale.poll(&pair[1]).await["state"], "expired");
    for fan in &pair {
        let seen = sale.send(post(show.path("/queue-tokens")).by(fan)).await;
        seen.refused(409, "too_many_lapses");
        assert!(seen.json()["retry_at"].is_string());
    }
    let honest = sale.buyer(&show).await;
    let id = sale.hold(&honest, &show, &[1, 2, 3, 4]).await;
    sale.send(pay(&honest, id, "p")).await.want(201);
    let id = sale.hold(&picky, &show, &[40, 41]).await;
    sale.send(pay(&picky, id, "p")).await.want(201);
    sale.sound();
}

/// H40: twelve accounts that keep a hall of 24 seats by turns, each coming again as soon as it may: after
/// their first holds the seats are free for most of the time.
#[tokio::test]
async fn twelve_accounts_do_not_keep_a_hall() {
    let sale = Sale::with(|given| given.limits = Some(false));
    let seats = json!([{ "from": 1, "to": 24, "zone": "R", "price": 1 }]);
    let date = json!({ "starts_at": "2027-05-01T19:00:00+09:00", "seats": seats });
    let times = json!({ "hold_seconds": 4, "shop_seconds": 3_600, "rehold_after_seconds": 8,
        "dates": [date] });
    let show = sale.concert(times).await;
    let mut pairs = Vec::new();
    for _ in 0..6 {
        pairs.push([sale.shopper(&show).await, sale.shopper(&show).await]);
    }
    let mut held_seconds = 0;
    let mut holds: Vec<Option<(usize, Uuid, u32)>> = vec![None; 6];
    for second in 0..240 {
        for (group, pair) in (0..).zip(&mut pairs) {
            let hold = &mut holds[group as usize];
            if let Some((who, id, _)) = hold.take_if(|(.., since)| second - *since >= 2) {
                let path = format!("/api/v1/reservations/{id}");
                sale.send(delete(path).by(&pair[who])).await.want(204);
            }
            let four: Vec<u32> = (group * 4 + 1..=group * 4 + 4).collect();
            for (who, fan) in pair.iter_mut().enumerate().filter(|_| hold.is_none()) {
                let joined = sale.send(post(show.path("/queue-tokens")).by(fan)).await;
                if joined.status != 409 {
                    fan.token = joined.json()["token"].as_str().unwrap().to_owned();
                    let seen = sale.send(reserve(fan, &show, &four)).await;
                    if seen.status == 201 {
                        let id = crate::world::id_of(&seen.json()["reservation_id"]);
                        *hold = Some((who, id, second));
                        break;
                    }
                }
            }
            held_seconds += u32::from(second >= 60 && hold.is_some());
        }
        sale.pass(1_000);
    }
    let of = 180 * 6;
    assert!(held_seconds < of / 2, "held for {held_seconds} of {of} s");
    sale.sound();
}
