//! At each step of a purchase: a reload, back and forth, a second tab. Nothing is lost, and nothing is done twice.

use crate::browser::{Browser, Look, in_browser, until};
use crate::sale::{PAY, PRIMARY, click_seat, moved, open_concert, told};
use crate::shop::{PASSWORD, Shop};
use crate::waiting::NUMBER;
use serde_json::json;

/// Does all three where the page shows `css`, and sees it again each time.
async fn disturbed(browser: &Browser, css: &str) {
    let url = browser.eval("location.href").await.as_str().unwrap().to_owned();
    browser.see(css).await;
    browser.reload().await;
    browser.see(css).await;
    browser.back().await;
    browser.see("h1").await;
    browser.forward().await;
    until("the page again", async || (browser.eval("location.href").await == *url).then_some(()))
        .await;
    browser.see(css).await;
    browser.new_tab().await;
    browser.go(&url).await;
    browser.see(css).await;
    browser.close_tab().await;
    browser.tab(false).await;
    browser.see(css).await;
}

#[test]
fn no_step_of_a_purchase_minds_a_reload_back_or_a_second_tab() {
    in_browser(async || {
        let shop = Shop::open();
        let more = json!({ "max_active": 1, "admissions_per_second": 100 });
        let concert = open_concert(&shop, more).await;
        let others = shop.others(&concert, 2).await;
        let browser = Browser::open(Look::PHONE).await;
        browser.go(&shop.url("/")).await;
        browser.click(".concert-card a").await;
        disturbed(&browser, ".opening .button").await;
        // The form is a step of its own where the page does not need it.
        browser.click(".top nav a").await;
        browser.see("form").await;
        browser.back().await;
        browser.at(&format!("/concerts/{concert}")).await;
        browser.see(".opening .button").await;
        browser.click(".opening .button").await;
        browser.click(".empty .button-plain").await;
        disturbed(&browser, "input[name=username]").await;
        browser.fill("username", "mina").await;
        browser.fill("password", PASSWORD).await;
        browser.click("form button[type=submit]").await;
        browser.read(NUMBER, "3").await;
        disturbed(&browser, NUMBER).await;
        browser.read(NUMBER, "3").await;
        let line = format!("/api/v1/concerts/{concert}/queue");
        let waiting = told(&browser, &line).await["waiting"].as_u64();
        assert_eq!(waiting, Some(2), "there is a second place");

        for other in &others {
            shop.leave(other).await;
        }
        let seats = format!("/concerts/{concert}/seats");
        browser.at(&seats).await;
        disturbed(&browser, ".map-stage canvas").await;
        click_seat(&browser, 7).await;
        browser.read(".picked", "7").await;
        browser.click(PRIMARY).await;
        browser.see(".bill").await;
        let bill = browser.path().await;
        disturbed(&browser, ".bill").await;
        assert_eq!(browser.path().await, bill);
        // Back leads to where one came from, not through the steps that are done.
        browser.back().await;
        browser.at(&format!("/concerts/{concert}")).await;
        browser.read(".strip", "You hold 1 seat").await;
        browser.forward().await;
        browser.at(&bill).await;
        browser.see(".bill").await;
        let holds = told(&browser, "/api/v1/me/holds").await;
        assert_eq!(holds["holds"].as_array().unwrap().len(), 1, "{holds}");
        assert_eq!(holds["holds"][0]["seats"][0]["seat_number"], 7);

        browser.click(PAY).await;
        browser.see(".ticket").await;
        let ticket = browser.path().await;
        // Back leads neither to a page that takes money again nor into the line again.
        browser.back().await;
        browser.at(&format!("/concerts/{concert}")).await;
        browser.see("h1").await;
        assert_eq!(told(&browser, &line).await["waiting"].as_u64(), Some(0));
        browser.go(&shop.url(&bill)).await;
        browser.at(&ticket).await;
        browser.see(".ticket").await;
        browser.reload().await;
        browser.see(".ticket").await;
        browser.new_tab().await;
        browser.go(&shop.url(&ticket)).await;
        browser.see(".ticket").await;
        assert_eq!(moved(&browser).await, ["payment -165000", "charge 165000"]);
        let bookings = told(&browser, "/api/v1/bookings").await;
        assert_eq!(bookings["bookings"].as_array().unwrap().len(), 1);
    });
}
