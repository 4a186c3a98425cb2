//! A turn that comes while nobody looks: the browser has slowed the tab down as it does after a minute.

use crate::browser::{Browser, Look, in_browser};
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

/// Six minutes are no different from two and a half: from the first on, timers wake once a minute.
#[test]
fn a_turn_that_comes_while_the_tab_sleeps_is_not_lost() {
    in_browser(async || {
        let shop = Shop::open();
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
        let titles = browser.eval("titles.filter(([state]) => state === 'hidden')").await;
        let last = titles.as_array().unwrap().last().unwrap();
        assert!(last[1].as_str().unwrap().starts_with('●'), "the tab did not call: {titles}");
        assert!(last[2].as_str().unwrap().ends_with("/queue"), "it went in unseen: {titles}");
        let icons = browser.eval("icons.filter(([state]) => state === 'hidden').at(-1)?.[1]").await;
        assert_eq!(icons, "data:image/png;base64,", "the icon did not call");
        // Somebody looks again: the turn is there, and the page goes in.
        browser.at(&format!("/concerts/{concert}/seats")).await;
        browser.see(".map-stage canvas").await;
    });
}
