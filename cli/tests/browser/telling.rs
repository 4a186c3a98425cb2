//! What pages say, and what of it is in sight.

use crate::browser::{Browser, Look, in_browser, until};
use crate::pages::sign_in;
use crate::sale::{MAP, PAY, PRIMARY, click_seat, come_in, hold_seat, open_concert, party, told};
use crate::shop::{PASSWORD, Shop};
use serde_json::{Value, json};

/// What begins the end of an account.
const DELETE: &str = "main .actions .button-quiet";

/// A number that a script finds.
async fn number(browser: &Browser, script: &str) -> f64 {
    browser.eval(script).await.as_f64().unwrap()
}

/// Where a part of the page begins or ends on the screen.
async fn edge(browser: &Browser, css: &str, side: &str) -> f64 {
    number(browser, &format!("document.querySelector('{css}').getBoundingClientRect().{side}"))
        .await
}

/// An account that has signed in by the form.
async fn signed_in(browser: &Browser, shop: &Shop, username: &str) {
    shop.account(username).await;
    browser.go(&shop.url("/sign-in?next=%2Faccount")).await;
    sign_in(browser, username).await;
    browser.at("/account").await;
}

#[test]
fn the_account_says_where_the_money_went() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "mina").await;
        hold_seat(&browser, 7).await;
        browser.read(".bill-note", "No card and no bank account is charged").await;
        browser.click(PAY).await;
        browser.see(".ticket").await;
        browser.go(&shop.url("/account")).await;
        browser.read(".moves li:first-child", "Seats paid").await;
        browser.read(".moves li:first-child", "-₩165,000").await;
        browser.read(".moves li:first-child a", "Moonlight Parade").await;
        browser.read(".moves li:last-child", "+₩165,000").await;
        browser.read("main .sum", "₩0").await;
        browser.check("account-moves").await;
        browser.click(".moves li:first-child a").await;
        browser.see(".ticket").await;
    });
}

/// Presses what sends the form of a dialog.
async fn submit(browser: &Browser) {
    browser.click("dialog button[type=submit]").await;
}

/// A buyer whom the organiser has given money, with the dialog that ends the account.
async fn leaver(shop: &Shop, credit: u32) -> Browser {
    let concert = open_concert(shop, json!({})).await;
    let browser = Browser::open(Look::PHONE).await;
    come_in(&browser, shop, &concert, "mina").await;
    hold_seat(&browser, 7).await;
    browser.click(PAY).await;
    browser.see(".ticket").await;
    if credit > 0 {
        give(&browser, shop, credit).await;
    }
    browser.go(&shop.url("/account")).await;
    browser.click(DELETE).await;
    browser.read("dialog", "This cannot be undone").await;
    browser
}

/// Money from the organiser, for who is signed in.
async fn give(browser: &Browser, shop: &Shop, amount: u32) {
    let me = told(browser, "/api/v1/me").await;
    let path = format!("/api/v1/admin/users/{}/balance/credits", me["user_id"].as_str().unwrap());
    shop.operate("POST", &path, &json!({ "amount": amount, "reason": "Sorry for the wait" })).await;
}

/// Nothing goes before the password fits, and no money that was not shown and given up.
#[test]
fn an_account_is_deleted_with_open_eyes() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = leaver(&shop, 30_000).await;
        browser.read(".moves li:first-child", "Sorry for the wait").await;
        submit(&browser).await;
        browser.read("dialog .field-error", "Enter your password").await;
        browser.fill("password", "another password").await;
        submit(&browser).await;
        browser.read("dialog .field-error", "The password is wrong").await;
        browser.check("account-delete").await;
        browser.fill("password", PASSWORD).await;
        submit(&browser).await;
        browser.read("dialog .notice", "₩30,000 is left on your balance").await;
        // The second tap of a double tap.
        submit(&browser).await;
        until("the second answer", async || {
            let busy = "document.querySelector('dialog [aria-busy]') === null";
            browser.eval(busy).await.as_bool().filter(|is_over| *is_over)
        })
        .await;
        browser.check("account-delete-money").await;
        // More money comes than was shown.
        give(&browser, &shop, 5_000).await;
        browser.click("dialog .toggle").await;
        submit(&browser).await;
        browser.read("dialog .notice", "₩35,000 is left on your balance").await;
        assert_eq!(
            browser.eval("document.querySelector('dialog .toggle').ariaChecked").await,
            "false"
        );
        browser.click("dialog .toggle").await;
        // Once it is under way, the dialog stays: to close it would look as if it was given up.
        shop.freeze(true);
        submit(&browser).await;
        browser.see("dialog .button-plain[disabled]").await;
        let escape = json!({ "type": "keyDown", "key": "Escape", "windowsVirtualKeyCode": 27 });
        for _ in 0..2 {
            browser.devtools("Input.dispatchKeyEvent", escape.clone()).await;
        }
        browser.see("dialog[open] .button-plain[disabled]").await;
        shop.freeze(false);
        browser.read("main .notice", "Your account is deleted").await;
        browser.go(&shop.url("/account")).await;
        browser.click(".empty a[href^='/sign-in']").await;
        sign_in(&browser, "mina").await;
        browser.read(".field-error", "username or the password is wrong").await;
    });
}

/// Whose answer is lost is told so, and hears on the next try that it was done.
#[test]
fn a_deletion_whose_answer_is_lost_is_told_in_the_end() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = leaver(&shop, 0).await;
        let lost = "(() => { const sent = fetch; window.fetch = async (...given) => {
            await sent(...given); window.fetch = sent; throw new TypeError('lost'); }; })()";
        browser.eval(lost).await;
        browser.fill("password", PASSWORD).await;
        submit(&browser).await;
        browser.read("dialog .notice", "Your account may be deleted already").await;
        submit(&browser).await;
        browser.read("main .notice", "Your account is deleted").await;
        let kept = "Object.keys(localStorage).filter((key) => key !== 'boxoffice.language').length";
        assert_eq!(browser.eval(kept).await, 0);
    });
}

/// What is known to be refused is not taken for done later, when the session has ended elsewhere.
#[test]
fn a_deletion_that_was_refused_is_not_told_as_done() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = leaver(&shop, 0).await;
        let away = "(() => { const sent = fetch; window.fetch = async () => {
            window.fetch = sent; throw new TypeError('not sent'); }; })()";
        browser.eval(away).await;
        browser.fill("password", PASSWORD).await;
        submit(&browser).await;
        browser.read("dialog .notice", "Your account may be deleted already").await;
        browser.fill("password", "another password").await;
        submit(&browser).await;
        browser.read("dialog .field-error", "The password is wrong").await;
        let ended =
            "fetch('/api/v1/me/sessions/current', { method: 'DELETE' }).then(({ ok }) => ok)";
        assert_eq!(browser.eval(ended).await, true);
        browser.fill("password", PASSWORD).await;
        submit(&browser).await;
        browser.see(".empty a[href^='/sign-in']").await;
        browser.click(".empty a[href^='/sign-in']").await;
        sign_in(&browser, "mina").await;
        browser.see(".moves").await;
    });
}

/// Who comes before the opening takes a place without a search for how.
#[test]
fn the_way_into_the_line_is_in_the_first_screen_of_a_phone() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = Browser::open(Look::PHONE).await;
        let later = json!({ "opens_at": "2099-01-01T09:00:00Z" });
        for more in [later, json!({})] {
            let concert = shop.concert("Winter Lights and Other Songs", &more).await;
            browser.go(&shop.url(&format!("/concerts/{concert}"))).await;
            browser.see(".opening .button").await;
            let end = edge(&browser, ".opening .button", "bottom").await;
            assert!(end <= number(&browser, "innerHeight").await, "{more}: {end}");
        }
    });
}

/// On a phone the clock stays above, the bar below, and the map is in sight however many dates there are.
#[test]
fn the_clock_and_the_map_are_in_sight_on_a_phone() {
    in_browser(async || {
        let shop = Shop::open();
        let seats = json!([{ "from": 1, "to": 40, "zone": "R", "price": 165_000 }]);
        let on = |day: u32| json!({ "starts_at": format!("2099-05-{day:02}T10:00:00Z"), "seats": seats });
        let dates: Vec<Value> = (1..=5).map(on).collect();
        let concert = open_concert(&shop, json!({ "dates": dates })).await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "mina").await;
        browser.check("seats-five-dates").await;
        let top = edge(&browser, ".map-frame", "top").await;
        assert!(top < 480.0, "the map begins at {top}");
        let last = told(&browser, &format!("/api/v1/concerts/{concert}")).await["dates"][4].clone();
        let last = last["concert_date_id"].as_str().unwrap();
        browser.go(&shop.url(&format!("/concerts/{concert}/seats?date={last}"))).await;
        browser.see(MAP).await;
        // The one that is shown is not scrolled away.
        let chosen = ".date-choices .choice:has(:checked)";
        assert!(edge(&browser, chosen, "left").await >= 0.0);
        assert!(edge(&browser, chosen, "right").await <= 360.0);
        browser.eval("document.querySelector('.seats summary').click()").await;
        browser.eval("scrollTo(0, document.body.scrollHeight)").await;
        browser.settled().await;
        let (top, bottom) = (
            edge(&browser, ".time-left", "top").await,
            edge(&browser, ".time-left", "bottom").await,
        );
        assert!(top >= 0.0 && bottom <= 48.0, "the clock is at {top} to {bottom}");
        let end = edge(&browser, ".pickbar", "bottom").await;
        let main = edge(&browser, "main", "bottom").await;
        assert!(end <= 800.0 && main - end < 90.0, "the bar ends at {end}, the page at {main}");
        // A list that is short leaves it at the bottom of a tall screen.
        let size = json!({ "width": 360, "height": 1200, "deviceScaleFactor": 1, "mobile": true });
        browser.devtools("Emulation.setDeviceMetricsOverride", size).await;
        browser.eval("scrollTo(0, 0)").await;
        browser.settled().await;
        let end = edge(&browser, ".pickbar", "bottom").await;
        assert!((end - 1200.0).abs() < 2.0, "the bar ends at {end}");
    });
}

/// By the clocks of the hall, with their zone where the reader has others.
#[test]
fn times_elsewhere_say_their_zone_by_name() {
    in_browser(async || {
        let shop = Shop::open();
        let later = json!({ "opens_at": "2099-01-01T09:00:00Z" });
        let concert = shop.concert("Moonlight Parade", &later).await;
        for (lang, opens, name) in
            [("en", "6:00\u{a0}PM", "South Korea Time"), ("ko", "오후\u{a0}6:00", "대한민국 시간")]
        {
            let browser = Browser::open(Look { lang, ..Look::PHONE }).await;
            let there = json!({ "timezoneId": "America/New_York" });
            browser.devtools("Emulation.setTimezoneOverride", there).await;
            for (path, css) in
                [("/".to_owned(), ".concert-card"), (format!("/concerts/{concert}"), ".opening")]
            {
                browser.go(&shop.url(&path)).await;
                let zoned = format!("{opens} {name}");
                browser.read(css, &zoned).await;
            }
            browser.check("concert-elsewhere").await;
            let here = json!({ "timezoneId": "Asia/Seoul" });
            browser.devtools("Emulation.setTimezoneOverride", here).await;
            browser.go(&shop.url(&format!("/concerts/{concert}"))).await;
            browser.read(".opening", opens).await;
            assert!(!browser.see("main").await.contains(name));
        }
    });
}

/// At the door the code is in sight at once, and what stands beside it is said once.
#[test]
fn a_ticket_shows_its_code_at_once() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "mina").await;
        hold_seat(&browser, 7).await;
        browser.click(PAY).await;
        browser.see(".ticket-qr img").await;
        browser.reload().await;
        browser.see(".ticket-qr img").await;
        browser.settled().await;
        let end = edge(&browser, ".ticket-qr img", "bottom").await;
        assert!(end <= 640.0, "the code ends at {end}");
        let main = browser.see("main").await;
        assert_eq!(main.matches("Hangang Hall").count(), 1, "{main}");
        let path = browser.path().await;
        let id = path.rsplit('/').next().unwrap();
        assert!(main.contains(&format!("…{}", &id[28..])) && !main.contains(id), "{main}");
        browser.click("main details summary").await;
        browser.read("main", id).await;
        // On paper each ticket says all of it, and no word is broken, however narrow the paper is.
        let print = json!({ "media": "print" });
        browser.devtools("Emulation.setEmulatedMedia", print).await;
        browser.read(".ticket", "Hangang Hall").await;
        let width = number(&browser, "document.querySelector('.ticket-text').offsetWidth").await;
        assert!(width > 180.0, "{width}");
    });
}

/// What came back, whose words the reason is, and what a cancelled date is called.
#[test]
fn a_refund_says_what_came_back() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "mina").await;
        party(&browser, 2).await;
        click_seat(&browser, 4).await;
        browser.click(PRIMARY).await;
        browser.click(PAY).await;
        browser.see(".ticket").await;
        let booking = told(&browser, "/api/v1/bookings").await["bookings"][0].clone();
        let payment = booking["payment_id"].as_str().unwrap();
        let body = json!({ "seat_numbers": [4], "reason": "the stage hides the view", "release_seats": true });
        let path = format!("/api/v1/admin/payments/{payment}/refunds");
        shop.operate("POST", &path, &body).await;
        browser.reload().await;
        browser.read("main .notice", "The organiser says: the stage hides the view").await;
        browser.read(".bill-seats .is-gone", "165,000").await;
        let dot =
            "getComputedStyle(document.querySelector('.bill-seats .is-gone'), '::before').content";
        assert_eq!(browser.eval(dot).await, "none", "a mark of the list of seats stands there");
        browser.go(&shop.url("/bookings")).await;
        browser.read(".booking", "₩330,000 paid, ₩165,000 of it refunded").await;
        let date = booking["concert_date_id"].as_str().unwrap();
        let path = format!("/api/v1/admin/concert-dates/{date}/cancellation");
        shop.operate("POST", &path, &json!({ "reason": "The singer is ill." })).await;
        until("the refund of all", async || {
            browser.reload().await;
            browser.see(".booking").await.contains("Cancelled, refunded").then_some(())
        })
        .await;
        browser.check("bookings-cancelled").await;
    });
}

#[test]
fn a_sold_out_line_promises_no_seat() {
    in_browser(async || {
        let shop = Shop::open();
        let seats = json!([{ "starts_at": "2099-05-01T10:00:00Z", "seats": [{ "from": 1, "to": 4, "zone": "R", "price": 165_000 }] }]);
        let concert = shop.concert("Four Seats", &json!({ "dates": seats })).await;
        let others = shop.others(&concert, 1).await;
        shop.hold(&others[0], &concert, &[1, 2, 3, 4]).await;
        let browser = Browser::open(Look::PHONE).await;
        signed_in(&browser, &shop, "mina").await;
        browser.go(&shop.url(&format!("/concerts/{concert}/queue"))).await;
        browser.read(".room", "a seat is not promised").await;
        let room = browser.see(".room").await;
        assert!(!room.contains("cannot lose") && !room.contains("We call you"), "{room}");
    });
}

/// A concert says under its name when it is and what it costs; a page that could not be loaded comes by itself once
/// there is a network, and where its script is not here, it says that there is none.
#[test]
fn a_page_without_a_network_says_so_and_comes_by_itself() {
    in_browser(async || {
        let shop = Shop::open();
        let zones = json!([{ "from": 1, "to": 4, "zone": "R", "price": 165_000 }, { "from": 5, "to": 8, "zone": "S", "price": 99_000 }]);
        let on =
            |day: u32| json!({ "starts_at": format!("2099-05-0{day}T10:00:00Z"), "seats": zones });
        shop.concert("Moonlight Parade", &json!({ "dates": [on(2), on(4)] })).await;
        let browser = Browser::open(Look::PHONE).await;
        browser.past_caches().await;
        browser.go(&shop.url("/")).await;
        browser.see(".concert-card:not(.is-skeleton) a").await;
        // The script of the next page was never loaded.
        browser.network(false).await;
        browser.click(".concert-card a").await;
        browser.read(".empty[role=alert] h1", "No connection").await;
        browser.network(true).await;
        browser.click(".empty[role=alert] button").await;
        browser.read("header .lead", "Sat, May 2 – Mon, May 4, 2099").await;
        browser.read("header .lead", "₩99,000 – ₩165,000").await;

        // It is here now; what it shows is not.
        browser.click(".crumb").await;
        browser.see(".concert-card:not(.is-skeleton) a").await;
        browser.network(false).await;
        browser.click(".concert-card a").await;
        browser.read(".empty[role=alert] h1", "No connection").await;
        browser.network(true).await;
        browser.see("header .lead").await;
    });
}

/// A part of a page that could not be loaded has its own way on.
#[test]
fn the_list_of_sessions_can_be_asked_for_again() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = Browser::open(Look::PHONE).await;
        signed_in(&browser, &shop, "mina").await;
        let refuse = "if (!sessionStorage.once) {
            const real = fetch; sessionStorage.once = 1;
            globalThis.fetch = (...given) => String(given[0]).endsWith('/me/sessions') && !globalThis.again
              ? Promise.resolve(new Response('{}', { status: 500 })) : real(...given); }";
        let refuse = json!({ "source": refuse });
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", refuse).await;
        browser.reload().await;
        browser.see(".empty[role=alert] button").await;
        // The rest of the account is there.
        browser.see("[name=current-password]").await;
        browser.eval("globalThis.again = true").await;
        browser.click(".empty[role=alert] button").await;
        browser.see(".sessions li").await;
    });
}

/// The number of free seats of the date is as it is now; on the way to pay, the button is in sight.
#[test]
fn the_date_says_what_is_free_and_the_way_to_pay_is_in_sight() {
    in_browser(async || {
        let shop = Shop::open();
        let zone = json!([{ "from": 1, "to": 40, "zone": "R", "price": 165_000 }]);
        let on =
            |day: u32| json!({ "starts_at": format!("2099-05-0{day}T10:00:00Z"), "seats": zone });
        let concert = open_concert(&shop, json!({ "dates": [on(1), on(2)] })).await;
        let others = shop.others(&concert, 1).await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "mina").await;
        browser.read(".date-choices label:first-of-type", "40 available").await;
        shop.hold(&others[0], &concert, &[1, 2, 3]).await;
        browser.read(".date-choices label:first-of-type", "37 available").await;
        browser.read(".date-choices label:last-of-type", "40 available").await;
        party(&browser, 4).await;
        hold_seat(&browser, 20).await;
        let low = edge(&browser, ".pay-go button", "bottom").await;
        let screen = number(&browser, "innerHeight").await;
        assert!(low <= screen, "the button ends at {low} of {screen}");
        // Who has a place is not told of others.
        browser.go(&shop.url(&format!("/concerts/{concert}"))).await;
        browser.read("main", "You have a place here").await;
    });
}
