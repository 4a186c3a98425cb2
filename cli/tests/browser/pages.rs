//! Each page in each language, narrow and wide, light and dark.

use crate::browser::{Browser, Look, in_browser};
use crate::shop::{PASSWORD, Shop};
use serde_json::json;

/// `check` adds the other language, the other theme, and what people's systems ask for.
const LOOKS: [Look; 2] =
    [Look { lang: "ko", ..Look::PHONE }, Look { lang: "en", width: 1280, is_dark: true }];

/// Signs in by the form of the page that is shown.
pub async fn sign_in(browser: &Browser, username: &str) {
    browser.fill("username", username).await;
    browser.fill("password", PASSWORD).await;
    browser.click("form button[type=submit]").await;
}

/// Concerts that stand for the states of a sale.
async fn concerts(shop: &Shop) -> [String; 5] {
    let later = json!({ "opens_at": "2099-01-01T09:00:00Z" });
    let name = "Winter Lights: An Evening with the Seoul Chamber Players";
    let (upcoming, open) =
        (shop.concert(name, &later).await, shop.concert("새벽의 노래", &json!({})).await);
    let paused = shop.concert("Moonlight Parade", &json!({})).await;
    let closed = shop.concert("Closed Doors", &json!({})).await;
    let pause = json!({ "paused": true, "pause_reason": { "en": "We are checking the stage.", "ko": "무대를 점검하고 있습니다." } });
    shop.operate("PUT", &format!("/api/v1/admin/concerts/{paused}/queue"), &pause).await;
    shop.operate(
        "PUT",
        &format!("/api/v1/admin/concerts/{closed}/sale"),
        &json!({ "open": false }),
    )
    .await;
    let seats = json!([{ "starts_at": "2099-05-01T10:00:00Z", "seats": [{ "from": 1, "to": 4, "zone": "R", "price": 165_000 }] }]);
    let sold_out = shop.concert("Four Seats", &json!({ "dates": seats })).await;
    let others = shop.others(&sold_out, 3).await;
    shop.hold(&others[0], &sold_out, &[1, 2, 3, 4]).await;
    [upcoming, open, paused, closed, sold_out]
}

async fn signed_out(
    browser: &Browser,
    shop: &Shop,
    [upcoming, open, _, closed, sold_out]: &[String; 5],
) {
    let page = async |name: &str, path: &str, css: &str| {
        browser.go(&shop.url(path)).await;
        browser.see(css).await;
        browser.check(name).await;
    };
    page("concerts", "/", ".concert-card:not(.is-skeleton)").await;
    page("concert-upcoming", &format!("/concerts/{upcoming}"), ".countdown").await;
    page("concert-open", &format!("/concerts/{open}"), ".opening .button").await;
    page("concert-closed", &format!("/concerts/{closed}"), ".opening h2").await;
    page("concert-sold-out", &format!("/concerts/{sold_out}"), ".opening h2").await;
    page("concert-none", "/concerts/01a21c9f-7b04-70f0-860a-cd8b4ca6520d", ".empty").await;
    page("nothing", "/nothing/here", ".empty").await;
    page("draw-before", &format!("/concerts/{upcoming}/draw"), ".code").await;
    page("draw", &format!("/concerts/{open}/draw"), ".code").await;
    page("account-signed-out", "/account", ".empty").await;
    page("queue-signed-out", &format!("/concerts/{open}/queue"), ".empty").await;
    page("sign-in", "/sign-in", "form").await;
    browser.click("form button[type=submit]").await;
    browser.see(".field-error").await;
    browser.check("sign-in-empty").await;
    sign_in(browser, "nobody.here").await;
    browser.see(".has-error [name=password]").await;
    browser.check("sign-in-wrong").await;
    page("sign-up", "/sign-up", "form").await;
    browser.fill("username", "a b").await;
    browser.click("form button[type=submit]").await;
    browser.see(".field-error").await;
    browser.check("sign-up-wrong").await;
}

async fn signed_in(
    browser: &Browser,
    shop: &Shop,
    [upcoming, open, paused, closed, sold_out]: &[String; 5],
) {
    browser.go(&shop.url("/sign-in?next=%2Faccount")).await;
    sign_in(browser, "mina").await;
    browser.at("/account").await;
    browser.see(".sessions li").await;
    browser.check("account").await;
    for (name, concert, css) in [
        ("before", upcoming, ".countdown"),
        ("waiting", open, ".figure"),
        ("paused", paused, ".notice-warn"),
        ("closed", closed, ".room-card .actions"),
        ("sold-out", sold_out, ".updated"),
    ] {
        browser.go(&shop.url(&format!("/concerts/{concert}/queue"))).await;
        browser.see(css).await;
        browser.check(&format!("room-{name}")).await;
    }
}

#[test]
fn every_page_is_whole_in_both_languages() {
    in_browser(async || {
        let shop = Shop::open();
        let concerts = concerts(&shop).await;
        let _others = (shop.others(&concerts[1], 6).await, shop.others(&concerts[2], 3).await);
        shop.account("mina").await;
        for look in LOOKS {
            let browser = Browser::open(look).await;
            signed_out(&browser, &shop, &concerts).await;
            signed_in(&browser, &shop, &concerts).await;
        }
    });
}

/// Each test fails where a page complains: here one does, in three ways.
#[test]
fn a_page_that_complains_is_noticed() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = Browser::open(Look::PHONE).await;
        browser.go(&shop.url("/")).await;
        browser.see("h1").await;
        assert_eq!(browser.complaints().await, Vec::<String>::new());
        for (deed, word) in [
            ("document.body.setAttribute('style', 'color: red')", "Content Security Policy"),
            ("console.error('an error of the page')", "an error of the page"),
            ("(Promise.reject(new Error('nobody caught it')), 0)", "nobody caught it"),
        ] {
            browser.eval(deed).await;
            let told = crate::browser::until(word, async || {
                Some(browser.complaints().await).filter(|told| !told.is_empty())
            });
            let told = told.await;
            assert!(told.iter().any(|line| line.contains(word)), "{word}: {told:?}");
        }
        browser.eval("console.error('the last one')").await;
        let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(browser)));
        assert!(end.is_err(), "a test would pass whose page complains");
    });
}

/// What an address holds goes into addresses of the API only where it is an id.
#[test]
fn an_address_leads_nowhere_else() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = Browser::open(Look::PHONE).await;
        for path in
            ["/concerts/..%2Fticket-keys%3F", "/bookings/..%2F..%2Flivez", "/concerts/1/seats"]
        {
            browser.go(&shop.url(path)).await;
            browser.see("main .empty").await;
            let asked = "performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => /ticket-keys|livez|concerts\\/1/.test(name))";
            assert_eq!(browser.eval(asked).await, json!([]), "{path}");
        }
    });
}
