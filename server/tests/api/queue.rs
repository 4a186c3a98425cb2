//! The waiting queue: who stands where, who is let in, and what a poll costs.

use crate::world::{Fan, MINUTE, Sale, Show, count, delete, get, pay, post, put, reserve};
use boxoffice_server::store::pool::ReadPool;
use serde_json::{Value, json};

async fn states(sale: &Sale, fans: &[Fan]) -> Vec<Value> {
    let mut states = Vec::new();
    for fan in fans {
        states.push(sale.poll(fan).await);
    }
    states
}

fn admitted(states: &[Value]) -> usize {
    states.iter().filter(|view| view["state"] == "admitted").count()
}

fn positions(states: &[Value]) -> Vec<u64> {
    states.iter().filter_map(|view| view["position"].as_u64()).collect()
}

/// H17, H18: with many ticks and joins at once there are never more in the shop than it holds, and
/// at the end everybody has been in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_more_than_fit_and_nobody_lost() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 3 })).await;
    let mut fans = sale.fans(20);
    let (early, late) = fans.split_at_mut(10);
    tokio::join!(sale.join_all(early, &show), sale.ticks(10), sale.join_all(late, &show));
    let mut waiting = fans;
    let mut served = 0;
    while !waiting.is_empty() {
        sale.ticks(5).await;
        assert_eq!(sale.figures(&show).await["active"], waiting.len().min(3));
        let seen = states(&sale, &waiting).await;
        assert_eq!(admitted(&seen), waiting.len().min(3));
        let inside = |index: usize| seen[index]["state"] == "admitted";
        let (inside, outside): (Vec<_>, Vec<_>) =
            waiting.into_iter().enumerate().partition(|(index, _)| inside(*index));
        let leave = |(_, fan): &(usize, Fan)| delete("/api/v1/queue-tokens/me").token(&fan.token);
        assert_eq!(count(&sale.all(inside.iter().map(leave)).await, 204), inside.len());
        served += inside.len();
        waiting = outside.into_iter().map(|(_, fan)| fan).collect();
    }
    assert_eq!(served, 20);
}

/// H20: one user in many tabs at once has one token and one place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tabs_have_one_place() {
    let sale = Sale::with(|given| given.limits = Some(false));
    let show = sale.concert(json!({ "max_active": 1 })).await;
    sale.shopper(&show).await;
    let fan = sale.fan().await;
    let seen = sale.all((0..50).map(|_| post(show.path("/queue-tokens")).by(&fan))).await;
    assert_eq!((count(&seen, 201), count(&seen, 200)), (1, 49));
    let token = seen[0].json()["token"].clone();
    assert!(seen.iter().all(|seen| seen.json()["token"] == token));
    assert_eq!(sale.dump()["waiting_queue"].len(), 2);
    assert_eq!(sale.figures(&show).await["waiting"], 1);
}

/// Whoever was let in is told apart from who has come: a poll is no coming, the first look at the dates is.
#[tokio::test]
async fn an_answer_says_whether_somebody_has_come() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    let mut fan = sale.fan().await;
    assert_eq!(sale.join(&mut fan, &show).await["arrived"], false);
    assert_eq!(sale.poll(&fan).await["arrived"], false);
    sale.send(get(show.path("/dates")).by(&fan)).await.want(200);
    sale.ticks(1).await;
    assert_eq!(sale.poll(&fan).await["arrived"], true);
    let mut waits = sale.fan().await;
    assert_eq!(sale.join(&mut waits, &show).await["arrived"], Value::Null);
}

/// N2: who does not come for 15 s keeps nobody out, and may come until the grace is over. Nine times as many are
/// let in for them as may shop at once, and no more.
#[tokio::test]
async fn who_is_unaware_keeps_nobody_out() {
    let sale = Sale::new();
    let more = json!({ "max_active": 2, "arrival_grace_seconds": 180, "shop_seconds": 600 });
    let show = sale.concert(more).await;
    let mut fans = sale.fans(6);
    sale.join_all(&mut fans, &show).await;
    let states = async || {
        sale.tick().await;
        let mut states = String::new();
        for fan in &fans {
            states += &sale.poll(fan).await["state"].as_str().unwrap()[..1];
        }
        states
    };
    sale.pass(14_999);
    assert_eq!(states().await, "aawwww");
    // One comes, and one does not.
    sale.send(get(show.path("/dates")).by(&fans[0])).await.want(200);
    sale.pass(1);
    assert_eq!(states().await, "aaawww", "another is let in");
    assert_eq!(states().await, "aaawww", "and no more than that");
    sale.send(get(show.path("/dates")).by(&fans[2])).await.want(200);
    sale.pass(15_000);
    assert_eq!(states().await, "aaawww", "two are there");
    sale.send(delete("/api/v1/queue-tokens/me").token(&fans[2].token)).await.want(204);
    sale.pass(15_000);
    assert_eq!(states().await, "aaeaww");
    sale.pass(60_000);
    assert_eq!(states().await, "aaeaaw", "one of four is there");
    sale.send(get(show.path("/dates")).by(&fans[1])).await.want(200);
    sale.pass(15_000);
    assert_eq!(states().await, "aaeaaw", "who comes late is in the shop");
    let sale = sale.reborn();
    sale.pass(15_000);
    sale.tick().await;
    assert_eq!(sale.poll(&fans[5]).await["state"], "waiting");
    sale.sound();
}

/// H36: people who do not come do not keep the last seats from those who would.
#[tokio::test]
async fn who_is_unaware_keeps_no_seat() {
    let sale = Sale::new();
    let seats = json!([{ "from": 1, "to": 1, "zone": "R", "price": 150_000 }]);
    let dates = json!([{ "starts_at": "2027-05-01T19:00:00+09:00", "seats": seats }]);
    let show = sale.concert(json!({ "arrival_grace_seconds": 180, "dates": dates })).await;
    let mut fans = sale.fans(17);
    for fan in &mut fans {
        sale.join(fan, &show).await;
    }
    sale.tick().await;
    assert_eq!(sale.poll(&fans[16]).await["state"], "waiting", "16 for one seat");
    sale.pass(15_000);
    sale.tick().await;
    assert_eq!(sale.poll(&fans[16]).await["state"], "admitted");
}

/// H21: who never comes does not stall the line: after the grace the slot goes to the next. Who
/// comes late goes back to the front, some times; then the place is over, and the answer says so.
#[tokio::test]
async fn who_never_comes_gives_the_slot_back() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    let mut absent = sale.shopper(&show).await;
    let (mut next, mut third) = (sale.fan().await, sale.fan().await);
    sale.join(&mut next, &show).await;
    sale.join(&mut third, &show).await;
    sale.pass(MINUTE);
    let view = sale.poll(&absent).await;
    assert_eq!((&view["state"], &view["may_return"]), (&json!("expired"), &json!(true)));
    sale.tick().await;
    assert_eq!(sale.poll(&next).await["state"], "admitted");

    let back = sale.join(&mut absent, &show).await;
    assert_eq!((&back["state"], &back["position"]), (&json!("waiting"), &json!(1)));
    sale.send(delete("/api/v1/queue-tokens/me").token(&next.token)).await.want(204);
    sale.tick().await;
    assert_eq!(sale.poll(&absent).await["state"], "admitted", "before the third");
    assert_eq!(sale.poll(&third).await["position"], 1);
}

/// H21: the place of somebody who has come back as often as is allowed is over; the poll does not
/// promise the front of the line any more, before the sweep or after it or after a restart.
#[tokio::test]
async fn the_front_is_not_promised_for_ever() {
    let mut sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    let mut fan = sale.shopper(&show).await;
    for returns in 0..=3 {
        sale.pass(MINUTE);
        let promised = json!(returns < 3);
        assert_eq!(sale.poll(&fan).await["may_return"], promised, "{returns}");
        sale.tick().await;
        assert_eq!(sale.poll(&fan).await["may_return"], promised, "{returns}, swept");
        sale = sale.reborn();
        let view = sale.poll(&fan).await;
        assert_eq!((&view["state"], &view["may_return"]), (&json!("expired"), &promised));
        if returns < 3 {
            let before = fan.token.clone();
            sale.join(&mut fan, &show).await;
            assert_eq!(fan.token, before, "the same place");
            sale.tick().await;
            assert_eq!(sale.poll(&fan).await["state"], "admitted");
        }
    }
    let before = fan.token.clone();
    sale.join(&mut fan, &show).await;
    assert_ne!(fan.token, before, "a new place");
}

/// Whoever comes back to the front has been in the shop and is not, whether the place is kept, used or
/// given up: the audit counts neither too many at once nor an admission without an end.
#[tokio::test]
async fn who_comes_back_is_counted_once() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    sale.pass(1);
    let mut away = sale.shopper(&show).await;
    let mut fans = sale.fans(2);
    sale.join_all(&mut fans, &show).await;
    for stays in [true, false] {
        sale.pass(MINUTE);
        sale.tick().await;
        let shopper = fans.remove(0);
        assert_eq!(sale.poll(&shopper).await["state"], "admitted");
        sale.send(get(show.path("/dates")).by(&shopper)).await.want(200);
        sale.join(&mut away, &show).await;
        sale.sound();
        if !stays {
            let leaves = delete("/api/v1/queue-tokens/me").token(&away.token);
            sale.send(leaves).await.want(204);
            sale.sound();
        }
        sale.pass(10);
        let leaves = delete("/api/v1/queue-tokens/me").token(&shopper.token);
        sale.send(leaves).await.want(204);
        sale.tick().await;
        assert_eq!(sale.poll(&away).await["state"], if stays { "admitted" } else { "expired" });
        sale.sound();
    }
}

/// H22: a position never rises and never skips anybody, and the estimate is in seconds: one a second
/// is let in, so that the wait is about the position.
#[tokio::test]
async fn positions_fall_and_estimates_are_seconds() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "admissions_per_second": 1 })).await;
    let mut fans = sale.fans(30);
    sale.shopper(&show).await;
    sale.join_all(&mut fans, &show).await;
    let first = states(&sale, &fans).await;
    let set = first.iter().all(|view| view["estimated_wait_seconds"] == view["position"]);
    assert!(set, "the rate that is set stands in until one is measured");
    let mut before = positions(&first);
    assert_eq!(
        {
            let mut p = before.clone();
            p.sort_unstable();
            p
        },
        (1..=30).collect::<Vec<_>>()
    );
    sale.tick().await;
    for second in 1..=10_usize {
        sale.pass(1_000);
        if second == 4 {
            let leaves = delete("/api/v1/queue-tokens/me").token(&fans[20].token);
            sale.send(leaves).await.want(204);
            fans.remove(20);
            before.remove(20);
        }
        sale.tick().await;
        let seen = states(&sale, &fans).await;
        let now: Vec<u64> = seen.iter().map(|v| v["position"].as_u64().unwrap_or(0)).collect();
        assert!(now.iter().zip(&before).all(|(now, before)| now <= before), "{now:?} {before:?}");
        let mut waiting = positions(&seen);
        waiting.sort_unstable();
        assert_eq!(waiting, (1..=waiting.len() as u64).collect::<Vec<_>>(), "nobody is skipped");
        assert_eq!(admitted(&seen), second);
        before = now;
    }
    for view in states(&sale, &fans).await {
        if let Some(position) = view["position"].as_u64() {
            let wait = view["estimated_wait_seconds"].as_u64().unwrap();
            assert!(wait.abs_diff(position) <= 1 + position / 5, "{position}: {wait} s");
            assert!((1_000..=30_000).contains(&view["poll_after_ms"].as_u64().unwrap()));
        }
    }
}

/// H23: ten thousand polls ask neither the write path nor a reader for anything: the store counts every
/// call, and there is no reader to be asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polls_touch_no_database() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 2 })).await;
    let (sale, watch) = sale.rewired(64, |inner| {
        inner.readers = ReadPool::new(Vec::new(), None);
        inner.poll_burst = 0;
    });
    let mut fans = sale.fans(4);
    sale.join_all(&mut fans, &show).await;
    assert!(watch.calls() > 0, "joins are counted");
    let before = watch.calls();
    let public = show.path("/queue");
    let asks = (0..10_000).map(|n| match n % 5 {
        4 => get(&public),
        fan => get("/api/v1/queue-tokens/me").token(&fans[fan].token),
    });
    assert_eq!(count(&sale.all(asks).await, 200), 10_000);
    assert_eq!(watch.calls(), before);

    // The instrument sees a read: without a reader there is no answer to it.
    let fan =
        &fans[states(&sale, &fans).await.iter().position(|v| v["state"] == "admitted").unwrap()];
    let ask = get("/api/v1/bookings").by(fan);
    sale.send(ask).await.refused(503, "database_unavailable");
}

/// H23, H28: looking at concerts, dates and seats asks the database nothing either, once the fan has
/// come.
#[tokio::test]
async fn looking_touches_no_database() {
    let sale = Sale::with(|given| given.limits = Some(false));
    let show = sale.concert(json!({})).await;
    let (sale, watch) = sale.rewired(64, |inner| inner.readers = ReadPool::new(Vec::new(), None));
    let fan = sale.shopper(&show).await;
    sale.send(get(show.path("/dates")).by(&fan)).await.want(200);
    let before = watch.calls();
    for path in ["/api/v1/concerts", &show.path(""), &show.path("/dates"), &show.seats_path()] {
        for _ in 0..100 {
            sale.send(get(path).by(&fan)).await.want(200);
        }
    }
    assert_eq!(watch.calls(), before);
}

/// H24: an empty queue gathers no credit: after a quiet hour a burst is let in at the set rate, and
/// the cursor stays behind the tail.
#[tokio::test]
async fn a_quiet_hour_gives_no_credit() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "admissions_per_second": 2 })).await;
    for _ in 0..60 {
        sale.pass(MINUTE);
        sale.tick().await;
    }
    let mut fans = sale.fans(20);
    sale.join_all(&mut fans, &show).await;
    sale.ticks(5).await;
    let served = async || {
        let queue = sale.send(get(show.path("/queue"))).await.want(200);
        queue["served_up_to"].as_u64().unwrap()
    };
    assert_eq!((admitted(&states(&sale, &fans).await), served().await), (2, 2));
    sale.pass(3_600_000);
    sale.ticks(5).await;
    assert_eq!(served().await, 4);
    for _ in 0..20 {
        sale.pass(1_000);
        sale.tick().await;
    }
    assert_eq!(served().await, 20, "the tail, and not beyond");
}

/// H25: a restart keeps every place and the order: those who joined before the opening, those who
/// left, those who come back.
#[tokio::test]
async fn a_restart_keeps_places_and_order() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 2, "opens_at": "2027-01-15T08:01:00Z" })).await;
    let mut fans = sale.fans(9);
    sale.join_all(&mut fans, &show).await;
    let leave = delete("/api/v1/queue-tokens/me").token(&fans[4].token);
    sale.send(leave).await.want(204);
    let seen = states(&sale, &fans).await;
    let sale = sale.reborn();
    assert_eq!(states(&sale, &fans).await, seen, "before the opening");

    sale.pass(MINUTE);
    sale.tick().await;
    let mut late = sale.fans(3);
    sale.join_all(&mut late, &show).await;
    fans.append(&mut late);
    let seen = states(&sale, &fans).await;
    assert_eq!(admitted(&seen), 2);
    let sale = sale.reborn();
    assert_eq!(states(&sale, &fans).await, seen, "after the draw");

    sale.pass(MINUTE);
    sale.tick().await;
    let first = seen.iter().position(|view| view["state"] == "admitted").unwrap();
    sale.join(&mut fans[first], &show).await;
    let seen = states(&sale, &fans).await;
    let sale = sale.reborn();
    assert_eq!(states(&sale, &fans).await, seen, "with somebody who comes back");
    served_in_order(&sale, &show, &fans, first).await;
}

/// Lets everybody in, two at a time, and checks that they come by number; who comes back goes first
/// and is left out here.
async fn served_in_order(sale: &Sale, show: &Show, fans: &[Fan], returns: usize) {
    let mut order: Vec<u64> = Vec::new();
    for _ in 0..fans.len() {
        let mut together = Vec::new();
        for (index, view) in states(sale, fans).await.iter().enumerate() {
            if view["state"] == "admitted" {
                let leave = delete("/api/v1/queue-tokens/me").token(&fans[index].token);
                sale.send(leave).await.want(204);
                together.extend(view["queue_number"].as_u64().filter(|_| index != returns));
            }
        }
        together.sort_unstable();
        order.append(&mut together);
        sale.pass(1_000);
        sale.tick().await;
    }
    assert_eq!(sale.figures(show).await["waiting"], 0);
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(order.len(), 9, "twelve but for who left, who did not come, and who came back");
}

/// H26: after paying, the token opens nothing; joining again means a new place at the end.
#[tokio::test]
async fn paying_uses_the_token_up() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 1 })).await;
    let mut fan = sale.buyer(&show).await;
    let mut next = sale.fan().await;
    sale.join(&mut next, &show).await;
    let id = sale.hold(&fan, &show, &[1]).await;
    sale.send(pay(&fan, id, "p")).await.want(201);
    sale.send(reserve(&fan, &show, &[2])).await.refused(403, "queue_token_expired");
    let view = sale.poll(&fan).await;
    assert_eq!((&view["state"], &view["may_return"]), (&json!("expired"), &json!(false)));
    let view = sale.join(&mut fan, &show).await;
    assert_eq!(view["position"], 2);
    sale.tick().await;
    assert_eq!(sale.poll(&next).await["state"], "admitted");
}

/// A closed sale takes no joiners; a paused one does, and lets nobody in.
#[tokio::test]
async fn paused_and_closed() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let admin = format!("/api/v1/admin/concerts/{}", show.id);
    let pause = put(format!("{admin}/queue")).operator().json(&json!({ "paused": true }));
    sale.send(pause).await.want(200);
    let mut fan = sale.fan().await;
    assert_eq!(sale.join(&mut fan, &show).await["state"], "waiting");
    let close = put(format!("{admin}/sale")).operator().json(&json!({ "open": false }));
    sale.send(close).await.want(200);
    let resume = put(format!("{admin}/queue")).operator().json(&json!({ "paused": false }));
    sale.send(resume).await.want(200);
    sale.tick().await;
    assert_eq!(sale.poll(&fan).await["state"], "waiting");
    let other = sale.fan().await;
    let seen = sale.send(post(show.path("/queue-tokens")).by(&other)).await;
    seen.refused(409, "sale_closed");
}
