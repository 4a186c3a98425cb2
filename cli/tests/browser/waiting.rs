//! From signing up to the turn, and what may come between: reload, back, a second tab, a restart, no network, a turn
//! that was missed, the draw.

use crate::browser::{Browser, Look, in_browser};
use crate::live::NO_STREAMS;
use crate::pages::sign_in;
use crate::shop::{PASSWORD, Shop};
use serde_json::{Value, json};
use std::time::Duration;

pub const AHEAD: &str = ".figure b";
pub const NUMBER: &str = ".pair div:last-child dd";

/// Goes to a line as somebody who is signed in.
pub async fn wait_in_line(browser: &Browser, shop: &Shop, concert: &str, username: &str) {
    shop.account(username).await;
    browser.go(&shop.url(&format!("/sign-in?next=%2Fconcerts%2F{concert}%2Fqueue"))).await;
    sign_in(browser, username).await;
    browser.at(&format!("/concerts/{concert}/queue")).await;
}

#[test]
fn a_fan_signs_up_waits_and_is_let_in() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = shop.concert("Moonlight Parade", &json!({})).await;
        let others = shop.others(&concert, 5).await;
        let browser = Browser::open(Look::PHONE).await;
        let queue = format!("/concerts/{concert}/queue");
        browser.go(&shop.url("/")).await;
        browser.click(".concert-card a").await;
        browser.click(".opening .button").await;
        browser.at(&queue).await;
        browser.click(".empty .button-plain").await;
        browser.at("/sign-up").await;
        browser.fill("username", "mina").await;
        browser.fill("password", PASSWORD).await;
        browser.click("form button[type=submit]").await;
        // Back where one was, with the place taken.
        browser.at(&queue).await;
        browser.read(AHEAD, "4").await;
        browser.read(NUMBER, "6").await;
        assert_eq!(browser.eval("document.title").await, "‹4› Moonlight Parade");

        browser.reload().await;
        browser.read(NUMBER, "6").await;
        browser.back().await;
        browser.go(&shop.url(&queue)).await;
        browser.read(NUMBER, "6").await;
        browser.new_tab().await;
        browser.go(&shop.url(&queue)).await;
        browser.read(NUMBER, "6").await;

        // Another device, another language: the same place.
        let other = Browser::open(Look { lang: "ko", width: 1280, is_dark: true }).await;
        other.go(&shop.url(&format!("/sign-in?next={}", queue.replace('/', "%2F")))).await;
        sign_in(&other, "mina").await;
        other.read(NUMBER, "6").await;
        drop(other);

        shop.leave(&others[3]).await;
        browser.read(AHEAD, "3").await;
        for other in &others {
            if !std::ptr::eq(other, &others[3]) {
                shop.leave(other).await;
            }
        }
        browser.see(".ring").await;
        browser.glance("room-turn").await;
        // The tab that is looked at goes in by itself.
        browser.at(&format!("/concerts/{concert}/seats")).await;
    });
}

#[test]
fn a_server_that_is_away_costs_no_place() {
    in_browser(async || {
        let mut shop = Shop::open();
        let concert = shop.concert("Moonlight Parade", &json!({})).await;
        let others = shop.others(&concert, 3).await;
        let browser = Browser::open(Look::PHONE).await;
        wait_in_line(&browser, &shop, &concert, "mina").await;
        browser.read(NUMBER, "4").await;

        shop.kill();
        browser.see(".room > .notice-warn").await;
        // What was known last stays, with since when.
        browser.read(NUMBER, "4").await;
        browser.check("room-away").await;
        shop.restart();
        let gone = async || browser.text(".room > .notice-warn").await.is_none().then_some(());
        crate::browser::until("the end of the note", gone).await;
        browser.read(NUMBER, "4").await;
        for other in &others {
            shop.leave(other).await;
        }
        browser.see(".ring").await;
    });
}

#[test]
fn who_misses_the_turn_goes_first_at_the_return() {
    in_browser(async || {
        let shop = Shop::open();
        // Shorter than the page waits until it goes in by itself.
        let concert =
            shop.concert("Moonlight Parade", &json!({ "arrival_grace_seconds": 2 })).await;
        let browser = Browser::open(Look { lang: "ko", ..Look::PHONE }).await;
        wait_in_line(&browser, &shop, &concert, "mina").await;
        browser.read("h1", "입장 차례가 지났습니다").await;
        browser.check("room-missed").await;
        shop.others(&concert, 2).await;
        browser.click(".room-card .button").await;
        browser.see(".ring, .figure").await;
    });
}

#[test]
fn the_page_computes_the_number_that_the_server_drew() {
    in_browser(async || {
        let shop = Shop::open();
        let later = json!({ "opens_at": "2099-01-01T00:00:00Z" });
        let concert = shop.concert("Moonlight Parade", &later).await;
        let _others = shop.others(&concert, 40).await;
        let browser = Browser::open(Look { width: 1280, ..Look::PHONE }).await;
        wait_in_line(&browser, &shop, &concert, "mina").await;
        browser.see(".countdown").await;
        let _more = shop.others(&concert, 10).await;
        shop.operate(
            "PUT",
            &format!("/api/v1/admin/concerts/{concert}/sale"),
            &json!({ "open": true }),
        )
        .await;
        browser.reload().await;
        let number =
            format!("JSON.parse(localStorage['boxoffice.place.{concert}']).view.queue_number");
        let drawn = crate::browser::until("the draw", async || {
            Some(browser.eval(&number).await).filter(Value::is_u64)
        })
        .await;
        browser.go(&shop.url(&format!("/concerts/{concert}/draw"))).await;
        browser.see(".notice-good").await;
        browser.read(AHEAD, &drawn.to_string()).await;
        assert_eq!(browser.eval("document.querySelector('.field input').value").await, "41");
        browser.check("draw-mine").await;
    });
}

/// Notes titles from now on, with whether somebody looks, and where the page is.
pub const TITLES: &str = "(globalThis.titles = [], new MutationObserver(() => titles.push([document.visibilityState, document.title, location.pathname]))
  .observe(document.head, { childList: true, subtree: true, characterData: true }))";

/// How often the tab that is spoken to has asked where it stands.
const ASKED: &str = "performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('/queue-tokens/me')).length";

#[test]
fn one_tab_asks_for_all_and_one_that_is_hidden_does_not_go_in() {
    in_browser(async || {
        // Of those who have no stream.
        let shop = Shop::open_with(NO_STREAMS);
        let concert = shop.concert("Moonlight Parade", &json!({})).await;
        let others = shop.others(&concert, 2).await;
        let browser = Browser::open(Look::PHONE).await;
        wait_in_line(&browser, &shop, &concert, "mina").await;
        browser.read(NUMBER, "3").await;
        browser.new_tab().await;
        browser.go(&shop.url(&format!("/concerts/{concert}/queue"))).await;
        browser.read(NUMBER, "3").await;
        browser.tab(false).await;
        let before = browser.eval(ASKED).await.as_u64().unwrap();
        browser.tab(true).await;
        crate::browser::until("more questions", async || {
            browser.eval(ASKED).await.as_u64().filter(|asked| *asked >= 6)
        })
        .await;
        browser.tab(false).await;
        let asked = browser.eval(ASKED).await.as_u64().unwrap() - before;
        assert!(asked <= 2, "the other tab has asked as well: {asked}");

        // It is not looked at when the turn comes.
        browser.eval(TITLES).await;
        browser.tab(true).await;
        browser.go("about:blank").await;
        for other in &others {
            shop.leave(other).await;
        }
        // Longer than it takes a page that is looked at to go in, and one that is not to hear of its turn.
        tokio::time::sleep(Duration::from_secs(20)).await;
        browser.tab(false).await;
        let hidden = browser.eval("titles.filter(([state]) => state === 'hidden')").await;
        let last = hidden.as_array().unwrap().last().unwrap();
        assert!(
            last[1].as_str().unwrap().starts_with('●')
                && last[2] == "/concerts/ID/queue".replace("ID", &concert),
            "{hidden}"
        );
        browser.at(&format!("/concerts/{concert}/seats")).await;
    });
}
