//! The network is away for half a minute while seats are held, and while they are paid for.

use crate::browser::{Browser, Look, in_browser, until};
use crate::sale::{PAY, come_in, hold_seat, moved, open_concert, told};
use crate::shop::Shop;
use serde_json::json;
use std::time::Duration;

const AWAY: Duration = Duration::from_secs(30);

/// While somebody looks at what is held: the clock goes on, the page says that it is offline, and is whole again.
async fn while_holding(shop: &Shop, concert: &str) {
    let browser = Browser::open(Look::PHONE).await;
    come_in(&browser, shop, concert, "mina").await;
    hold_seat(&browser, 7).await;
    let path = browser.path().await;
    browser.network(false).await;
    browser.see(".offline").await;
    let before = browser.see(".time-left b").await;
    browser.check("hold-offline").await;
    tokio::time::sleep(AWAY).await;
    assert_ne!(browser.see(".time-left b").await, before, "the time stands still");
    browser.network(true).await;
    until("the end of the note", async || browser.text(".offline").await.is_none().then_some(()))
        .await;
    assert_eq!(browser.path().await, path);
    assert_eq!(told(&browser, "/api/v1/me/holds").await["holds"][0]["seats"][0]["seat_number"], 7);
    browser.click(PAY).await;
    browser.see(".ticket").await;
    assert_eq!(moved(&browser).await, ["payment -165000", "charge 165000"]);
}

/// The answer to a payment is lost: the page asks again by itself, and it was one.
async fn while_paying(shop: &Shop, concert: &str) {
    let browser = Browser::open(Look { lang: "ko", ..Look::PHONE }).await;
    come_in(&browser, shop, concert, "juno").await;
    hold_seat(&browser, 17).await;
    // What is sent arrives; what comes back does not.
    let lose = "(() => { const real = fetch; globalThis.fetch = async (...given) => {
        const answer = await real(...given);
        if (String(given[0]).endsWith('/payment')) { globalThis.fetch = real; throw new TypeError('lost'); }
        return answer; }; })()";
    browser.eval(lose).await;
    browser.click(PAY).await;
    until("the payment at the server", async || {
        let entries = told(&browser, "/api/v1/me/balance/entries").await;
        (entries["entries"].as_array().unwrap().len() == 2).then_some(())
    })
    .await;
    browser.network(false).await;
    browser.see("main .notice-warn, .offline").await;
    browser.glance("pay-offline").await;
    tokio::time::sleep(AWAY).await;
    browser.network(true).await;
    browser.see(".ticket").await;
    assert_eq!(moved(&browser).await, ["payment -165000", "charge 165000"]);
    assert_eq!(told(&browser, "/api/v1/bookings").await["bookings"].as_array().unwrap().len(), 1);
}

/// Away before anything was sent: nothing is paid until it is back, and then once.
async fn before_paying(shop: &Shop, concert: &str) {
    let browser = Browser::open(Look::PHONE).await;
    come_in(&browser, shop, concert, "hana").await;
    hold_seat(&browser, 27).await;
    let top = format!("document.querySelector('{PAY}').getBoundingClientRect().top");
    let before = browser.eval(&top).await;
    browser.network(false).await;
    browser.read(".offline", "Offline\nsince ").await;
    assert_eq!(browser.eval(&top).await, before, "the note moves the button");
    browser.click(PAY).await;
    browser.read("main .notice-warn", "you cannot pay twice").await;
    browser.check("pay-away").await;
    tokio::time::sleep(AWAY).await;
    browser.network(true).await;
    browser.see(".ticket").await;
    assert_eq!(moved(&browser).await, ["payment -165000", "charge 165000"]);
}

#[test]
fn half_a_minute_without_a_network_costs_neither_seats_nor_money() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        tokio::join!(
            while_holding(&shop, &concert),
            while_paying(&shop, &concert),
            before_paying(&shop, &concert)
        );
    });
}
