//! A phone whose clock is wrong by an hour: all times that are left are counted by the server's.

use crate::browser::{Browser, Look, in_browser};
use crate::sale::{hold_seat, told};
use crate::shop::Shop;
use crate::waiting::wait_in_line;
use boxoffice_server::clock::Clock;
use boxoffice_server::http::view::stamp;
use serde_json::{Value, json};

/// How far a time that is shown may be from the true one: a busy machine's answer takes as long. Seconds.
const NEAR: i64 = 5;

/// Milliseconds since 1970 of a time of the API, by the browser, which parses whatever clock it has.
async fn ms(browser: &Browser, stamp: &Value) -> i64 {
    browser.eval(&format!("Date.parse({stamp})")).await.as_i64().unwrap()
}

/// Numbers of a text, as seconds: 9 min 28 s, 4:59.
fn seconds(text: &str) -> i64 {
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    numbers.fold(0, |sum, part| sum * 60 + part.parse::<i64>().unwrap())
}

/// What is shown there, and when.
async fn shown(browser: &Browser, css: &str) -> (String, i64) {
    (browser.see(css).await, Clock::System.now().0)
}

async fn agrees(browser: &Browser, css: &str, end: i64) {
    is_near(css, shown(browser, css).await, end);
}

fn is_near(css: &str, (shown, at): (String, i64), end: i64) {
    let left = (end - at) / 1000;
    assert!((seconds(&shown) - left).abs() <= NEAR, "{css}: {shown:?} is not {left} s");
}

async fn all_pages(hours: i32) {
    let shop = Shop::open();
    let opening = Clock::System.now().plus_ms(570_000);
    let later = shop.concert("Later", &json!({ "opens_at": stamp(opening) })).await;
    let more = json!({ "hold_seconds": 290, "shop_seconds": 590, "arrival_grace_seconds": 190 });
    let concert = shop.concert("Moonlight Parade", &more).await;
    let others = shop.others(&concert, 1).await;
    let browser = Browser::open(Look::PHONE).await;
    browser.misdate(hours).await;
    let opens = opening.0;
    browser.go(&shop.url(&format!("/concerts/{later}"))).await;
    agrees(&browser, ".countdown", opens).await;
    wait_in_line(&browser, &shop, &later, "mina").await;
    agrees(&browser, ".countdown", opens).await;
    // What is kept on the device from before is read by the server's clock, too.
    browser.reload().await;
    agrees(&browser, ".countdown", opens).await;

    browser.go(&shop.url(&format!("/concerts/{concert}/queue"))).await;
    browser.see(".figure").await;
    let said = browser.see(".updated").await;
    assert!(!said.contains("min") && !said.contains("hr"), "{said}");
    shop.leave(&others[0]).await;
    // It is there for seconds only.
    let ring = shown(&browser, ".ring-text b").await;
    let place =
        format!("JSON.parse(localStorage['boxoffice.place.{concert}']).view.admitted_until");
    let end = ms(&browser, &browser.eval(&place).await).await;
    is_near(".ring-text b", ring, end);
    browser.at(&format!("/concerts/{concert}/seats")).await;
    browser.see(".map-stage canvas").await;
    let end = "import(document.querySelector('script[type=module]').src.replace('main.js', 'sale/shop.js')).then(({ standing }) => standing(location.pathname.split('/')[2])).then(({ admitted_until: end }) => end)";
    let end = ms(&browser, &browser.eval(end).await).await;
    agrees(&browser, ".time-left b", end).await;
    hold_seat(&browser, 7).await;
    let held = told(&browser, "/api/v1/me/holds").await;
    let end = ms(&browser, &held["holds"][0]["expires_at"]).await;
    agrees(&browser, ".time-left b", end).await;
    browser.reload().await;
    agrees(&browser, ".time-left b", end).await;
}

#[test]
fn a_phone_that_is_an_hour_ahead_counts_by_the_server() {
    in_browser(async || all_pages(1).await);
}

#[test]
fn a_phone_that_is_an_hour_behind_counts_by_the_server() {
    in_browser(async || all_pages(-1).await);
}
