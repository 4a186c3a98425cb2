//! A turn that comes while nobody looks: the browser has slowed the tab down as it does to every tab that is hidden for
//! minutes.

use crate::browser::{Browser, Look, in_browser, within};
use crate::live::NO_STREAMS;
use crate::shop::Shop;
use crate::waiting::{NUMBER, wait_in_line};
use boxoffice_core::concert::Policy;
use serde_json::json;
use std::time::Duration;

/// So long nobody has looked when the turn comes. Browsers let hidden timers wake once a minute after at most five.
const HIDDEN: Duration = Duration::from_secs(360);
/// A timer of a second that wakes so late has been slowed down to once a minute.
const ASLEEP_MS: f64 = 55_000.0;
/// Sleeping tabs wake at whole minutes, so that the first sleep is a part of one. Two more are enough for a whole one.
const UNTIL_ASLEEP: Duration = Duration::from_secs(240);

/// Writes down how long the tab's timers slept the last time, and what it calls itself while it is hidden, where another tab of
/// the same origin can read it without waking this one.
const DIARY: &str = "(() => {
  let last = performance.now();
  const tick = () => {
    const now = performance.now();
    if (document.visibilityState === 'hidden') localStorage.slept = now - last;
    last = now;
    setTimeout(tick, 1000);
  };
  tick();
  addEventListener('visibilitychange', () => { globalThis.hidden_at ??= performance.now(); });
  new MutationObserver(() => {
    if (document.visibilityState !== 'hidden') return;
    localStorage.called = JSON.stringify([document.title, location.pathname, document.querySelector('link[rel=icon]').href.slice(0, 22)]);
  }).observe(document.head, { attributes: true, subtree: true, childList: true, characterData: true });
})()";

/// How often it asked where it stands while it was hidden.
const ASKED: &str = "performance.getEntriesByType('resource').filter((entry) =>
  entry.name.endsWith('/queue-tokens/me') && entry.startTime > globalThis.hidden_at).length";

/// A turn that comes while the tab sleeps, with a server of these flags.
async fn sleeps_until_the_turn(flags: &[&str]) {
    let shop = Shop::open_with(flags);
    // The grace that concerts have where nobody chose one.
    let grace = Duration::from_millis(Policy::default().arrival_grace_ms.unsigned_abs());
    let more = json!({ "arrival_grace_seconds": grace.as_secs(), "shop_seconds": 1800 });
    let concert = shop.concert("Moonlight Parade", &more).await;
    let others = shop.others(&concert, 1).await;
    shop.arrive(&others[0], &concert).await;
    let browser = Browser::open(Look::PHONE).await;
    wait_in_line(&browser, &shop, &concert, "mina").await;
    browser.read(NUMBER, "2").await;
    browser.eval(DIARY).await;
    browser.new_tab().await;
    // Nothing of ours runs there.
    browser.go(&shop.url("/livez")).await;

    tokio::time::sleep(HIDDEN).await;
    within(UNTIL_ASLEEP, "a tab that is slowed down", async || {
        let slept = browser.eval("Number(localStorage.slept)").await.as_f64();
        slept.filter(|slept| *slept >= ASLEEP_MS)
    })
    .await;
    // After a whole sleep it has begun the next.
    shop.leave(&others[0]).await;
    let called = within(grace, "the call of the hidden tab", async || {
        let called = browser.eval("JSON.parse(localStorage.called ?? 'null')").await;
        called[0].as_str().is_some_and(|title| title.starts_with('●')).then_some(called)
    })
    .await;
    assert_eq!(called[1], format!("/concerts/{concert}/queue"), "it went in unseen");
    // What the page changes last.
    within(grace, "the icon of the hidden tab", async || {
        let icon = browser.eval("JSON.parse(localStorage.called)[2]").await;
        (icon == "data:image/png;base64,").then_some(())
    })
    .await;

    browser.tab(false).await;
    assert!(browser.eval(ASKED).await.as_u64() > Some(0), "it relied on its stream: {flags:?}");
    // Somebody looks again: the turn is there, and the page goes in.
    browser.at(&format!("/concerts/{concert}/seats")).await;
    browser.see(".map-stage canvas").await;
}

/// Six minutes as people have them, with the browser as it comes: no flag makes it sleep sooner. With a stream of events,
/// and without one.
#[test]
fn a_turn_that_comes_while_the_tab_sleeps_is_not_lost() {
    in_browser(async || {
        tokio::join!(sleeps_until_the_turn(&[]), sleeps_until_the_turn(NO_STREAMS));
    });
}
