//! The draw: who joins before the opening has no number; the opening draws it; anybody can check.

use crate::world::{MINUTE, Sale, get, put};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The queue number of a joiner, computed as a stranger would from the description in ARCHITECTURE:
/// a Feistel network of eight rounds over the least even number of bits, walked into range. Shares
/// no code with the server.
fn number(seed: &[u8], count: u64, sequence: u64) -> u64 {
    let mut half = 1;
    while 1_u64 << (2 * half) < count {
        half += 1;
    }
    let mask = (1_u64 << half) - 1;
    let mut value = sequence - 1;
    loop {
        for round in 0..8_u8 {
            let digest = Sha256::digest([seed, &[round]].concat());
            let key = u64::from_le_bytes(digest[..8].try_into().unwrap());
            let (left, right) = (value >> half, value & mask);
            value = (right << half) | (left ^ (mixed(right ^ key) & mask));
        }
        if value < count {
            return value + 1;
        }
    }
}

fn mixed(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().expect("hex");
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

/// The seed that is told is the one that was promised.
pub fn promised(queue: &Value) {
    let seed = bytes(&queue["draw_seed"]);
    assert_eq!(Sha256::digest(seed).to_vec(), bytes(&queue["draw_commitment"]));
}

/// Before the opening the order is not known, only promised; at the opening the seed is told, it is
/// the one that was promised, and every place follows from it.
#[tokio::test]
async fn the_order_is_promised_then_drawn() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "max_active": 5, "opens_at": "2027-01-15T08:10:00Z" })).await;
    let mut fans = sale.fans(23);
    sale.join_all(&mut fans, &show).await;
    sale.tick().await;
    for fan in &fans {
        let view = sale.poll(fan).await;
        assert_eq!((&view["state"], &view["queue_number"]), (&json!("waiting"), &Value::Null));
        assert_eq!(
            (&view["position"], &view["opens_at"]),
            (&Value::Null, &json!("2027-01-15T08:10:00.000Z"))
        );
        assert_eq!(view["poll_after_ms"], 30_000, "far from the opening: seldom");
    }
    let queue = async || sale.send(get(show.path("/queue"))).await.want(200);
    let before = queue().await;
    assert_eq!((&before["drawn"], &before["draw_seed"]), (&Value::Null, &Value::Null));
    assert_eq!(before["waiting"], 23);

    sale.pass(10 * MINUTE - 1);
    sale.tick().await;
    assert_eq!(queue().await, before, "not a millisecond early");
    sale.pass(1);
    sale.tick().await;
    let after = queue().await;
    assert_eq!((&after["drawn"], &after["served_up_to"]), (&json!(23), &json!(5)));
    assert_eq!(after["draw_commitment"], before["draw_commitment"]);
    let seed = bytes(&after["draw_seed"]);
    assert_eq!(Sha256::digest(&seed).to_vec(), bytes(&after["draw_commitment"]));

    let mut numbers = BTreeSet::new();
    for fan in &fans {
        let view = sale.poll(fan).await;
        let sequence = sale.claims(fan).sequence;
        let drawn = number(&seed, 23, sequence);
        assert_eq!(view["queue_number"], drawn, "joiner {sequence}");
        let position = drawn.checked_sub(5).filter(|p| *p > 0);
        assert_eq!(view["position"], json!(position));
        assert_eq!(view["state"], if drawn <= 5 { "admitted" } else { "waiting" });
        numbers.insert(drawn);
    }
    assert_eq!(numbers, (1..=23).collect());

    let mut late = sale.fan().await;
    let view = sale.join(&mut late, &show).await;
    assert_eq!(
        (&view["queue_number"], &view["position"]),
        (&json!(24), &json!(19)),
        "then in turn"
    );
}

/// Those who asked before the opening come back spread over some seconds, not all at once.
#[tokio::test]
async fn the_opening_is_no_stampede() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "opens_at": "2027-01-15T08:10:00Z" })).await;
    let mut fans = sale.fans(50);
    sale.join_all(&mut fans, &show).await;
    sale.pass(10 * MINUTE - 10_000);
    let mut waits = BTreeSet::new();
    for fan in &fans {
        let wait = sale.poll(fan).await["poll_after_ms"].as_u64().unwrap();
        assert!((10_000..=15_250).contains(&wait), "after the opening, within seconds: {wait}");
        waits.insert(wait);
    }
    assert_eq!(waits.len(), 50, "each at a time of its own");
}

/// H41: from seed and accounts nobody knows the order before the value of the named source is there, and
/// whoever joins after the moment is not drawn. Until the value is given nobody is let in, and all are told.
#[tokio::test]
async fn a_named_value_is_mixed_in() {
    let sale = Sale::new();
    let beacon = "outputValue of the first pulse after 2027-01-15T08:05:00Z";
    let show = sale
        .concert(json!({ "max_active": 5, "opens_at": "2027-01-15T08:10:00Z",
            "draw_joined_before": "2027-01-15T08:05:00Z", "draw_beacon": beacon }))
        .await;
    let path = format!("/api/v1/admin/concerts/{}/draw", show.id);
    let give =
        async |value: &str| sale.send(put(&path).operator().json(&json!({ "value": value }))).await;
    let queue = async || sale.send(get(show.path("/queue"))).await.want(200);
    let mut fans = sale.fans(23);
    sale.join_all(&mut fans, &show).await;
    give("7f31").await.refused(409, "sale_not_open");
    sale.pass(5 * MINUTE);
    let mut late = sale.fans(3);
    for fan in &mut late {
        sale.join(fan, &show).await;
    }
    sale.pass(5 * MINUTE);
    sale.tick().await;
    let waiting = queue().await;
    assert_eq!((&waiting["drawn"], &waiting["draw_seed"]), (&json!(23), &Value::Null));
    assert_eq!((&waiting["draw_beacon"], &waiting["served_up_to"]), (&json!(beacon), &json!(0)));
    assert_eq!(waiting["draw_joined_before"], "2027-01-15T08:05:00.000Z");
    let view = sale.poll(&fans[0]).await;
    assert_eq!((&view["awaiting_draw_value"], &view["sale"]), (&json!(true), &json!("open")));
    assert!((5_000..10_000).contains(&view["poll_after_ms"].as_u64().unwrap()));
    assert_eq!(sale.figures(&show).await["awaiting_draw_value"], true);

    give("7f31").await.want(200);
    give("7f32").await.refused(409, "already_exists");
    sale.tick().await;
    let after = queue().await;
    assert_eq!((&after["draw_value"], &after["served_up_to"]), (&json!("7f31"), &json!(5)));
    let seed = bytes(&after["draw_seed"]);
    assert_eq!(Sha256::digest(&seed).to_vec(), bytes(&after["draw_commitment"]));
    let mixed = Sha256::digest([seed.as_slice(), b"7f31"].concat());
    let mut moved = 0;
    for fan in &fans {
        let sequence = sale.claims(fan).sequence;
        let drawn = number(&mixed, 23, sequence);
        assert_eq!(sale.poll(fan).await["queue_number"], drawn, "joiner {sequence}");
        moved += u32::from(drawn != number(&seed, 23, sequence));
    }
    assert!(moved > 0, "the seed alone tells the order");
    for (fan, number) in late.iter().zip(24..) {
        assert_eq!(sale.poll(fan).await["queue_number"], number, "in the order of joining");
    }
    let view = sale.poll(&late[0]).await;
    assert_eq!(view["awaiting_draw_value"], Value::Null);
    sale.sound();
}
