//! Filters of the seats page, and what it tells of seats that are unlike others.

use crate::browser::{Browser, Look, in_browser, until};
use crate::check::none;
use crate::sale::{come_in, open_concert, party};
use crate::shop::Shop;
use crate::states::halls::demo_concerts;
use serde_json::json;

const SHOWN: &str = "[...document.querySelectorAll('.seats details:not([hidden]) .seats-title')].map((one) => one.innerText).join()";

/// Waits until a script answers this text.
async fn says(browser: &Browser, script: &str, text: &str) {
    until(&format!("{text:?} of {script}"), async || {
        (browser.eval(script).await == text).then_some(())
    })
    .await;
}

/// In the theatre: the filter of wheelchair spaces shows these alone in the list and takes these alone; what is left out
/// is refused with a way to show all of it.
#[test]
fn wheelchair_spaces_are_told_and_found() {
    in_browser(async || {
        let shop = Shop::with(&["--demo", "true"]);
        let browser = Browser::open(Look::PHONE).await;
        let concerts = demo_concerts(&shop).await;
        come_in(&browser, &shop, &concerts[1], "wanda").await;
        let legend = browser.text(".map-legend").await.unwrap();
        for kind in ["Wheelchair space", "Companion seat", "Restricted view"] {
            assert!(legend.contains(kind), "{legend}");
        }
        assert!(!legend.contains("Not for sale"), "{legend}");
        party(&browser, 2).await;
        browser.eval("document.querySelectorAll('.grade-chip')[1].click()").await;
        says(&browser, SHOWN, "Section 1F-A,Section 1F-C").await;
        browser.read(".seats-offer", "8 available").await;
        browser.eval("document.querySelector('.seats details').open = true").await;
        browser.see(".seats button").await;
        let rows = "String([...document.querySelectorAll('.seats-row')].filter((row) => row.checkVisibility()).length)";
        says(&browser, rows, "1").await;
        let row = "[...document.querySelectorAll('.seats-row:not(.none) button')]";
        let text = browser.eval(&format!("{row}[0].innerText")).await;
        assert!(text.as_str().unwrap().contains("wheelchair space"), "{text}");
        let name = browser.eval(&format!("{row}[0].textContent")).await;
        let told = "Section 1F-A, row 22, seat 1wheelchair space, S, ₩132,000, available";
        assert_eq!(name, told);
        // The ninth is a seat like others.
        browser.eval(&format!("{row}[8].click()")).await;
        browser.read(".pickbar-note", "not among the seats shown").await;
        assert_eq!(browser.text(".picked").await, None);
        browser.eval(&format!("{row}[7].click()")).await;
        let picked = "[...document.querySelectorAll('.picked li > span')].map((one) => one.innerText.replace(/\\u2011/g, '-').replace(/\\s+/g, ' ').replace(/.*, seat (\\d+)/, '$1')).join()";
        says(&browser, picked, "7 wheelchair space,8 companion seat").await;
        browser.eval(&format!("{row}[8].click()")).await;
        browser.click(".pickbar-note .link").await;
        let all = "String(document.querySelectorAll('.seats details:not([hidden])').length)";
        says(&browser, all, "6").await;
        // Without the filter nobody is given these by accident.
        browser.eval("[...document.querySelectorAll('.seats-row')].at(-1).querySelectorAll('button')[8].click()").await;
        says(&browser, picked, "9,10").await;
        browser.eval("document.querySelectorAll('.seats details')[1].open = true").await;
        browser.eval("document.querySelectorAll('.grade-chip')[2].click()").await;
        says(&browser, SHOWN, "Section 1F-B").await;
        browser.read(".seats details:not([hidden]) .seats-offer", "₩198,000 · 73 available").await;
        none(&browser.faults("seats-filter").await);
    });
}

/// Seats that are taken off the sale get their place in the legend, and lose it.
#[test]
fn the_legend_has_what_is_not_for_sale() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "leo").await;
        let legend =
            "[...document.querySelectorAll('.map-legend li')].map((one) => one.innerText).join()";
        says(&browser, legend, "Available,Held,Sold,Yours").await;
        let date =
            shop.told(&format!("/api/v1/concerts/{concert}")).await["dates"][0]["concert_date_id"]
                .as_str()
                .unwrap()
                .to_owned();
        let path = format!("/api/v1/admin/concert-dates/{date}/seats/status");
        for (status, told) in [
            ("blocked", "Available,Held,Sold,Yours,Not for sale"),
            ("available", "Available,Held,Sold,Yours"),
        ] {
            let body = json!({ "seat_numbers": [3], "status": status, "reason": "a camera" });
            shop.operate("PUT", &path, &body).await;
            says(&browser, legend, told).await;
        }
    });
}
