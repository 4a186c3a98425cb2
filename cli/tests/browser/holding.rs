//! What a fan is told before the money is spent, and where a hold is found again.

use crate::browser::{Browser, Look, in_browser, until};
use crate::sale::{MAP, PAY, PRIMARY, click_seat, come_in, hold_seat, open_concert, party};
use crate::shop::Shop;
use serde_json::{Value, json};

/// A concert in a hall with one row, of which the last seats see less, and the first are for wheelchairs.
async fn with_flags(shop: &Shop) -> String {
    let flags =
        json!({ "accessible": [[1, 2]], "companion": [[3, 3]], "restricted_view": [[9, 10]] });
    let row = json!({ "label": "1", "first": 1, "count": 10, "grade": "R", "at": [200, 300], "step": [55, 0], "flags": flags });
    let hall = json!({
        "layout": 1, "name": "Hall", "width": 1000, "height": 800, "seat": 50,
        "areas": [{ "kind": "stage", "x": 300, "y": 0, "width": 400, "height": 100 }],
        "sections": [{ "name": "A", "rows": [row] }],
    });
    let layout = shop.operate("POST", "/api/v1/admin/layouts", &hall).await;
    let date = json!({ "starts_at": "2099-05-01T10:00:00Z", "layout": layout["layout"], "prices": { "R": 198_000 } });
    open_concert(shop, json!({ "dates": [date] })).await
}

/// Takes the seat of the list that is called so.
async fn choose(browser: &Browser, seat: u32) {
    // What is special about a seat stands behind its number.
    let press = format!(
        "[...document.querySelectorAll('.seats button')].find((one) => /seat {seat}(?!\\d)/.test(one.textContent)).click()"
    );
    browser.eval(&press).await;
    browser.see(".picked li").await;
}

#[test]
fn what_is_special_about_a_seat_is_told_where_money_is_spent() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = with_flags(&shop).await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "mina").await;
        choose(&browser, 5).await;
        let plain = browser.see(".pickbar").await;
        assert!(!plain.contains("view") && !plain.contains("wheelchair"), "{plain}");
        choose(&browser, 10).await;
        browser.read(".picked", "restricted view").await;
        browser.read(".pickbar .flag-note", "may not see all of the stage").await;
        browser.check("seats-restricted").await;
        browser.click(PRIMARY).await;
        browser.read(".bill-seats", "restricted view").await;
        browser.read(".bill", "may not see all of the stage").await;
        browser.check("pay-restricted").await;
        browser.click(PAY).await;
        browser.read(".ticket", "restricted view").await;
        browser.check("ticket-restricted").await;
        browser.read(".bill-seats", "restricted view").await;

        browser.go(&shop.url(&format!("/concerts/{concert}/queue"))).await;
        browser.at(&format!("/concerts/{concert}/seats")).await;
        browser.see(".seats summary").await;
        party(&browser, 3).await;
        choose(&browser, 1).await;
        browser.read(".picked", "wheelchair space").await;
        browser.read(".picked", "companion seat").await;
        browser.click(PRIMARY).await;
        browser.read(".bill-seats", "wheelchair space").await;
        browser.read(".bill-seats", "companion seat").await;
    });
}

/// Wherever somebody strays to, the seats that are held are told, until when, and how to pay.
#[test]
fn a_hold_is_found_again_from_everywhere() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({ "hold_seconds": 290 })).await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "mina").await;
        hold_seat(&browser, 7).await;
        let bill = browser.path().await;
        // A clock that is shown anew says what is left, not the mark that was passed.
        browser.reload().await;
        browser.read(".time-left .unseen", "4 min").await;
        browser.go(&shop.url(&format!("/concerts/{concert}"))).await;
        browser.read(".strip", "You hold 1 seat: Moonlight Parade").await;
        let told = browser.see(".strip").await;
        let clock = told.split_once("until ").unwrap().1;
        assert!(clock.matches(':').count() == 2 && clock.contains('M'), "{told}");
        for (name, path) in [("home", "/"), ("bookings", "/bookings"), ("account", "/account")] {
            browser.go(&shop.url(path)).await;
            browser.see(".strip").await;
            browser.check(&format!("held-{name}")).await;
            browser.click(".strip a").await;
            browser.at(&bill).await;
        }
        // The waiting room has nothing to enter then.
        browser.go(&shop.url(&format!("/concerts/{concert}/queue"))).await;
        browser.at(&bill).await;
        browser.click(PAY).await;
        browser.see(".ticket").await;
        browser.go(&shop.url("/")).await;
        browser.see(".concert-card:not(.is-skeleton)").await;
        browser.settled().await;
        assert_eq!(browser.text(".strip").await, None);
    });
}

/// The seats that are picked, as the page says them.
async fn picked(browser: &Browser) -> Value {
    browser
        .eval("[...document.querySelectorAll('.picked li > span')].map((one) => one.textContent)")
        .await
}

#[test]
fn a_choice_outlives_a_reload_as_far_as_it_is_free() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let others = shop.others(&concert, 1).await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "mina").await;
        party(&browser, 2).await;
        click_seat(&browser, 7).await;
        browser.read(".picked", "Seat 6").await;
        browser.reload().await;
        browser.see(MAP).await;
        until("both seats again", async || {
            (picked(&browser).await == json!(["Seat 6", "Seat 7"])).then_some(())
        })
        .await;
        // The list knows them, too.
        let marked = "document.querySelectorAll('.seats .chosen').length";
        until("both in the list", async || (browser.eval(marked).await == 2).then_some(())).await;
        shop.hold(&others[0], &concert, &[6]).await;
        browser.reload().await;
        until("the one that is free", async || {
            (picked(&browser).await == json!(["Seat 7"])).then_some(())
        })
        .await;

        // With a hold, what comes first is said before a button is pressed in vain.
        browser.click(PRIMARY).await;
        browser.see(".bill").await;
        browser.go(&shop.url(&format!("/concerts/{concert}/seats"))).await;
        browser.read(".pickbar", "before you choose others").await;
        let bar = browser.see(".pickbar").await;
        assert!(!bar.contains("Hold"), "{bar}");
        browser.check("seats-hold-first").await;
        click_seat(&browser, 15).await;
        browser.read(".pickbar-note", "before you choose others").await;
        assert_eq!(picked(&browser).await, json!([]));
        browser.click(".pickbar .button-quiet").await;
        browser.click("dialog .button-danger").await;
        browser.read(".pickbar", "Hold the best").await;
        click_seat(&browser, 15).await;
        browser.read(".picked", "15").await;
        browser.click(PRIMARY).await;
        browser.read(".bill", "Seat 15").await;
    });
}

/// Time over: one click, and one is in line again.
#[test]
fn one_click_joins_the_line_again() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({ "shop_seconds": 20 })).await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "mina").await;
        let token = format!("JSON.parse(localStorage['boxoffice.place.{concert}'] ?? null)?.token");
        let before = browser.eval(&token).await;
        browser.read(".empty", "Your time to choose is over").await;
        browser.click(".empty .button-primary").await;
        browser.at(&format!("/concerts/{concert}/seats")).await;
        browser.see(MAP).await;
        assert_ne!(browser.eval(&token).await, before);
    });
}
