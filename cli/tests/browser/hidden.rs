//! A turn that comes while nobody looks: the browser has slowed the tab down as it does after a minute.

use crate::browser::{Browser, Look, in_browser};
use crate::live::NO_STREAMS;
use crate::shop::Shop;
use crate::waiting::{NUMBER, TITLES, wait_in_line};
use boxoffice_core::concert::Policy;
use serde_json::json;
use std::time::Duration;

/// Counts how often the tab's timers wake, and who looks.
const WAKES: &str = "(globalThis.wakes = [], globalThis.icons = [],
  new MutationObserver(() => icons.push([document.visibilityState, document.querySelector('link[rel=icon]').href.slice(0, 22)]))
    .observe(document.head, { attributes: true, subtree: true, childList: true }),
  (function tick() { wakes.push([document.visibilityState, performance.now()]); setTimeout(tick, 1000); })())";

/// How often it has asked where it stands in the first minute or so of its sleep.
const ASKED: &str = "(([, since]) => performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('/queue-tokens/me')
  && entry.startTime > since && entry.startTime < since + 75_000).length)(wakes.find(([state]) => state === 'hidden'))";

/// A turn that comes while the tab sleeps, with a server of these flags.
async fn sleeps_until_the_turn(flags: &[&str]) {
    let shop = Shop::open_with(flags);
    // The grace that concerts have where nobody chose one.
    let grace = Policy::default().arrival_grace_ms / 1000;
    let concert =
        shop.concert("Moonlight Parade", &json!({ "arrival_grace_seconds": grace })).await;
    let others = shop.others(&concert, 1).await;
    let browser = Browser::open(Look::PHONE).await;
    wait_in_line(&browser, &shop, &concert, "mina").await;
    browser.read(NUMBER, "2").await;
    browser.eval(TITLES).await;
    browser.eval(WAKES).await;
    browser.new_tab().await;
    browser.go("about:blank").await;

    // Asleep for certain when the turn comes, and until it has been told of it.
    tokio::time::sleep(Duration::from_secs(75)).await;
    shop.leave(&others[0]).await;
    tokio::time::sleep(Duration::from_secs(75)).await;

    browser.tab(false).await;
    // Longest time in which no timer woke.
    let slept = "Math.max(...wakes.slice(1).map(([, at], i) => at - wakes[i][1]))";
    let slept = browser.eval(slept).await.as_f64().unwrap();
    assert!(slept > 50_000.0, "the tab was not slowed down: it slept {slept} ms");
    assert!(browser.eval(ASKED).await.as_u64() > Some(0), "it relied on its stream: {flags:?}");
    let titles = browser.eval("titles.filter(([state]) => state === 'hidden')").await;
    let last = titles.as_array().unwrap().last().unwrap();
    assert!(last[1].as_str().unwrap().starts_with('●'), "the tab did not call: {titles}");
    assert!(last[2].as_str().unwrap().ends_with("/queue"), "it went in unseen: {titles}");
    let icons = browser.eval("icons.filter(([state]) => state === 'hidden').at(-1)?.[1]").await;
    assert_eq!(icons, "data:image/png;base64,", "the icon did not call");
    // Somebody looks again: the turn is there, and the page goes in.
    browser.at(&format!("/concerts/{concert}/seats")).await;
    browser.see(".map-stage canvas").await;
}

/// Six minutes are no different from two and a half: from the first on, timers wake once a minute. With a stream of
/// events, and without one.
#[test]
fn a_turn_that_comes_while_the_tab_sleeps_is_not_lost() {
    in_browser(async || {
        tokio::join!(sleeps_until_the_turn(&[]), sleeps_until_the_turn(NO_STREAMS));
    });
}
