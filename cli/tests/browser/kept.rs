//! What a device keeps of one's bookings: shown at once, after the session has ended by itself, and to nobody else.

use crate::browser::{Browser, Look, in_browser};
use crate::pages::sign_in;
use crate::sale::{PAY, come_in, hold_seat, open_concert};
use crate::shop::Shop;
use serde_json::{Value, json};

/// What is kept of tickets and bookings.
const KEPT: &str = "Object.keys(localStorage).filter((key) => /tickets|bookings/.test(key)).length";
/// The server forgets the session, and the page has not heard of it.
const END: &str =
    "fetch('/api/v1/me/sessions/current', { method: 'DELETE' }).then((answer) => answer.ok)";

/// Somebody has bought seat 7, and sees the ticket; where it is.
async fn bought(browser: &Browser, shop: &Shop, concert: &str) -> String {
    come_in(browser, shop, concert, "mina").await;
    hold_seat(browser, 7).await;
    browser.click(PAY).await;
    browser.read(".ticket-seat", "Seat 7").await;
    browser.see(".ticket-qr img").await;
    browser.path().await
}

async fn sees_it_signed_out(browser: &Browser, shop: &Shop, ticket: &str) {
    for path in [ticket, "/bookings"] {
        browser.go(&shop.url(path)).await;
        browser.read("main .notice-warn", "not signed in any more").await;
        browser.read("main", "From this device").await;
        browser.read("main", "Seat 7").await;
    }
    browser.go(&shop.url("/")).await;
    browser.click(".top nav a[href='/bookings']").await;
    browser.click(".booking a").await;
    browser.see(".ticket-qr img").await;
}

#[test]
fn a_ticket_outlives_the_session_and_is_for_nobody_else() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let browser = Browser::open(Look::PHONE).await;
        let ticket = bought(&browser, &shop, &concert).await;
        assert_eq!(browser.eval(END).await, true);
        sees_it_signed_out(&browser, &shop, &ticket).await;
        browser.check("ticket-signed-out").await;

        // Signed in again where the question who it is has no answer: nothing is lost, and it is the same account.
        browser.click(".notice-warn .button-primary").await;
        browser.see("form").await;
        let lose = "(() => { const real = fetch; globalThis.fetch = (...given) =>
            String(given[0]).endsWith('/api/v1/me') ? Promise.reject(new TypeError('lost')) : real(...given); })()";
        browser.eval(lose).await;
        sign_in(&browser, "mina").await;
        browser.at(&ticket).await;
        browser.read("main", "As of").await;
        browser.reload().await;
        browser.read(".ticket-seat", "Seat 7").await;

        // Somebody else signs in on this device.
        assert_eq!(browser.eval(END).await, true);
        browser.go(&shop.url(&ticket)).await;
        browser.see("main .notice-warn").await;
        shop.account("juno").await;
        browser.go(&shop.url(&format!("/sign-in?next={}", ticket.replace('/', "%2F")))).await;
        sign_in(&browser, "juno").await;
        browser.read(".empty", "no such booking").await;
        browser.go(&shop.url("/bookings")).await;
        browser.read("main", "No bookings yet").await;
        assert_eq!(browser.eval("localStorage['boxoffice.tickets'] ?? null").await, Value::Null);
    });
}

#[test]
fn signing_out_by_hand_leaves_nothing() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let browser = Browser::open(Look::PHONE).await;
        let ticket = bought(&browser, &shop, &concert).await;
        browser.go(&shop.url("/account")).await;
        browser.click(".button-danger").await;
        browser.at("/").await;
        assert_eq!(browser.eval(KEPT).await, 0);
        browser.go(&shop.url("/sign-in?next=%2Fbookings")).await;
        sign_in(&browser, "mina").await;
        browser.click(".booking a").await;
        browser.see(".ticket").await;
        assert_eq!(browser.eval(END).await, true);
        browser.reload().await;
        // Or once the session has ended by itself.
        browser.click(".notice-warn .button-quiet").await;
        browser.read(".empty", "Please sign in").await;
        assert_eq!(browser.eval(KEPT).await, 0);
        browser.go(&shop.url(&ticket)).await;
        browser.read(".empty", "Please sign in").await;
    });
}

#[test]
fn what_is_kept_is_shown_before_the_server_answers() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let browser = Browser::open(Look::PHONE).await;
        let ticket = bought(&browser, &shop, &concert).await;
        let late =
            "const real = fetch, told = new Promise((next) => { globalThis.answer = next; });
            globalThis.fetch = (...given) => told.then(() => real(...given));";
        let late = json!({ "source": late });
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", late).await;
        for path in [&ticket, "/bookings"] {
            browser.go(&shop.url(path)).await;
            browser.read("main", "Seat 7").await;
            let head = browser.see("main").await;
            assert!(head.contains("From this device") && !head.contains("As of"), "{head}");
            let height = browser.eval("document.querySelector('main').offsetHeight").await;
            browser.eval("answer()").await;
            browser.read("main", "As of").await;
            let now = browser.eval("document.querySelector('main').offsetHeight").await;
            assert_eq!(now, height, "the answer moves the page {path}");
        }
    });
}

/// Names as the concert has them in the language of the page, and days as people write them.
#[test]
fn what_is_bought_is_named_in_the_language_of_the_page() {
    in_browser(async || {
        let shop = Shop::open();
        let names = json!({ "names": { "en": "Moonlight Parade", "ko": "달빛 퍼레이드" } });
        let concert = open_concert(&shop, names).await;
        let browser = Browser::open(Look { lang: "ko", ..Look::PHONE }).await;
        come_in(&browser, &shop, &concert, "mina").await;
        browser.read("h1", "달빛 퍼레이드").await;
        hold_seat(&browser, 7).await;
        browser.read("h1", "달빛 퍼레이드").await;
        browser.read("main", "2099년 5월\u{a0}1일(금) 오후\u{a0}7:00").await;
        browser.click(PAY).await;
        browser.see(".ticket").await;
        browser.read("h1", "달빛 퍼레이드").await;
        browser.read("main", "2099년 5월\u{a0}1일(금) 오후\u{a0}7:00").await;
        // On paper each ticket says it, too.
        let what = browser.eval("document.querySelector('.ticket-what').textContent").await;
        let what = what.as_str().unwrap();
        assert!(what.starts_with("달빛 퍼레이드2099년 5월\u{a0}1일(금) 오후\u{a0}7:00"), "{what}");
        browser.go(&shop.url("/bookings")).await;
        browser.read(".booking h2", "달빛 퍼레이드").await;
        browser.click(".language").await;
        browser.read(".booking h2", "Moonlight Parade").await;
        browser.read(".booking", "Fri, May 1, 2099, 7:00\u{a0}PM").await;
    });
}
