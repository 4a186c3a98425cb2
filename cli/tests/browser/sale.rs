//! From the seat map to the ticket, and what may come between: somebody who is faster, a second click, a reload, a
//! second tab, a hold that lapses, a network that goes away.

use crate::browser::{Browser, Look, in_browser, until};
use crate::pages::sign_in;
use crate::shop::Shop;
use serde_json::{Value, json};

pub const MAP: &str = ".map-stage canvas";
pub const PRIMARY: &str = ".pickbar .button-primary";
pub const PAY: &str = ".button-large";
/// Where the modules of the pages are.
pub const BASE: &str =
    "document.querySelector('script[type=module]').src.replace('app/main.js', '')";

/// A concert that lets in whoever comes.
pub async fn open_concert(shop: &Shop, more: Value) -> String {
    let mut body = json!({ "max_active": 100, "rehold_after_seconds": 0 });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    shop.concert("Moonlight Parade", &body).await
}

/// Signs in, waits, and is in the shop with the seats of the date.
pub async fn come_in(browser: &Browser, shop: &Shop, concert: &str, username: &str) {
    shop.account(username).await;
    browser.go(&shop.url(&format!("/sign-in?next=%2Fconcerts%2F{concert}%2Fqueue"))).await;
    sign_in(browser, username).await;
    browser.at(&format!("/concerts/{concert}/seats")).await;
    browser.see(".seats summary").await;
    browser.see(MAP).await;
}

/// Of which the layout is a grid, since the date has none: where a seat is drawn while all of the map is shown.
async fn point_of(browser: &Browser, seat: u32) -> (f64, f64) {
    let script = format!(
        "import({BASE} + 'seatmap/layout.js').then(({{ gridLayout, indexOf }}) => {{
          const stage = document.querySelector('.map-stage');
          stage.scrollIntoView({{ block: 'center' }});
          const layout = gridLayout([{{ zone: 'R', price: 165000, seats: [[1, 40]] }}]), at = stage.getBoundingClientRect();
          const {{ x0, y0, width, height }} = layout.bounds, s = Math.min(at.width / width, at.height / height), i = indexOf(layout, {seat});
          return [at.left + (at.width - width * s) / 2 + (layout.x[i] - x0) * s, at.top + (at.height - height * s) / 2 + (layout.y[i] - y0) * s];
        }})"
    );
    let at = browser.eval(&script).await;
    (at[0].as_f64().unwrap(), at[1].as_f64().unwrap())
}

/// Clicks a seat on the map.
pub async fn click_seat(browser: &Browser, seat: u32) {
    let (x, y) = point_of(browser, seat).await;
    for kind in ["mousePressed", "mouseReleased"] {
        let params = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
        browser.devtools("Input.dispatchMouseEvent", params).await;
    }
}

/// Holds a seat, and sees its bill.
pub async fn hold_seat(browser: &Browser, seat: u32) {
    click_seat(browser, seat).await;
    browser.click(PRIMARY).await;
    browser.see(".bill").await;
}

pub async fn party(browser: &Browser, count: u32) {
    browser.click(&format!(".party label:nth-of-type({count}) input")).await;
}

/// What the signed-in account is told.
pub async fn told(browser: &Browser, path: &str) -> Value {
    browser.eval(&format!("import({BASE} + 'app/api.js').then(({{ get }}) => get('{path}'))")).await
}

/// Why money has moved, newest first.
pub async fn moved(browser: &Browser) -> Vec<String> {
    let ledger = told(browser, "/api/v1/me/balance/entries").await;
    let entries = ledger["entries"].as_array().unwrap().iter();
    entries
        .map(|entry| format!("{} {}", entry["kind"].as_str().unwrap(), entry["amount"]))
        .collect()
}

async fn press(browser: &Browser, key: &str) {
    let (code, text) = match key {
        "Tab" => (9, None),
        "Enter" => (13, Some("\r")),
        "ArrowRight" => (39, None),
        "ArrowDown" => (40, None),
        _ => unreachable!("{key}"),
    };
    let down = json!({ "type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text.unwrap_or_default() });
    browser.devtools("Input.dispatchKeyEvent", down).await;
    let up = json!({ "type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": code });
    browser.devtools("Input.dispatchKeyEvent", up).await;
}

/// Presses Tab until something with this text has the focus.
async fn tab_to(browser: &Browser, what: &str) {
    for _ in 0..60 {
        press(browser, "Tab").await;
        let focus = "[document.activeElement.className, document.activeElement.getAttribute('aria-label'), document.activeElement.textContent].join(' ')";
        if browser.eval(focus).await.as_str().unwrap().contains(what) {
            return;
        }
    }
    panic!("the Tab key never comes to {what:?}");
}

/// The whole purchase by mouse, on a phone and on a wide screen, with every page looked at.
#[test]
fn a_fan_buys_two_seats_in_both_languages() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let looks = [
            Look { lang: "ko", width: 360, is_dark: false },
            Look { lang: "en", width: 1280, is_dark: true },
        ];
        for (at, look) in looks.into_iter().enumerate() {
            let browser = Browser::open(look).await;
            come_in(&browser, &shop, &concert, &format!("fan{at}")).await;
            browser.check("seats").await;
            party(&browser, 2).await;
            // One click takes two seats that are beside each other.
            let seat = u32::try_from(at).unwrap() * 10 + 4;
            click_seat(&browser, seat).await;
            until("two seats", async || {
                (browser.eval("document.querySelectorAll('.picked li').length").await == 2)
                    .then_some(())
            })
            .await;
            browser.read(".pickbar", "330,000").await;
            browser.check("seats-chosen").await;
            browser.click(PRIMARY).await;
            browser.see(".bill").await;
            let terms = if look.lang == "ko" {
                "전액이 잔액으로"
            } else {
                "goes back to your balance"
            };
            browser.read("main", terms).await;
            browser.check("pay").await;
            // A double click is one payment.
            browser
                .eval(&format!("[0, 1].forEach(() => document.querySelector('{PAY}').click())"))
                .await;
            browser.see(".tickets").await;
            assert_eq!(moved(&browser).await, ["payment -330000", "charge 330000"]);
            // What was bought, for how much, under which number, and what of it comes back.
            let booking = &told(&browser, "/api/v1/bookings").await["bookings"][0];
            browser.click("main details summary").await;
            browser.read("main", booking["reservation_id"].as_str().unwrap()).await;
            browser.read(".ticket", "165,000").await;
            browser.read(".bill-total", "330,000").await;
            browser.read("main", terms).await;
            browser.check("ticket").await;
            browser.go(&shop.url("/bookings")).await;
            browser.see(".booking").await;
            browser.check("bookings").await;
            browser.click(".booking a").await;
            browser.see(".ticket").await;
        }
    });
}

#[test]
fn a_fan_buys_with_the_keyboard_alone() {
    in_browser(async || {
        let shop = Shop::open();
        let seats = json!([{ "from": 1, "to": 40, "zone": "R", "price": 165_000 }, { "from": 41, "to": 60, "zone": "S", "price": 99_000 }]);
        let concert = open_concert(
            &shop,
            json!({ "dates": [{ "starts_at": "2099-05-01T10:00:00Z", "seats": seats }] }),
        )
        .await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "mina").await;
        until("the focus in the party", async || {
            press(&browser, "Tab").await;
            (browser.eval("document.activeElement.name").await == "party").then_some(())
        })
        .await;
        press(&browser, "ArrowRight").await;
        tab_to(&browser, "map-stage").await;
        // The list: a section is opened, a row has one stop of the Tab key, arrows go along and across.
        tab_to(&browser, "99,000").await;
        press(&browser, "Enter").await;
        browser.see(".seats button").await;
        tab_to(&browser, "Seat 41").await;
        press(&browser, "ArrowRight").await;
        press(&browser, "ArrowDown").await;
        let focus = browser.eval("document.activeElement.textContent").await;
        assert!(focus.as_str().unwrap().starts_with("Seat 52, S, ₩99,000, available"), "{focus}");
        press(&browser, "Enter").await;
        browser.read(".pickbar", "198,000").await;
        let focus = browser.eval("document.activeElement.textContent").await;
        assert!(focus.as_str().unwrap().ends_with("chosen"), "{focus}");
        tab_to(&browser, "Hold 2 seats").await;
        press(&browser, "Enter").await;
        browser.see(".bill").await;
        tab_to(&browser, "Charge").await;
        press(&browser, "Enter").await;
        browser.see(".ticket").await;
        assert_eq!(moved(&browser).await, ["payment -198000", "charge 198000"]);
    });
}

/// One gets the seat; the other is told, sees it marked, and takes another.
#[test]
fn two_browsers_race_for_one_seat() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let (one, two) = (Browser::open(Look::PHONE).await, Browser::open(Look::PHONE).await);
        come_in(&one, &shop, &concert, "mina").await;
        come_in(&two, &shop, &concert, "juno").await;
        click_seat(&one, 15).await;
        click_seat(&two, 15).await;
        one.read(".picked", "15").await;
        two.read(".picked", "15").await;
        let hold = format!("document.querySelector('{PRIMARY}').click()");
        tokio::join!(one.eval(&hold), two.eval(&hold));
        let has_bill = async |browser: &Browser| browser.text(".bill").await.is_some();
        let (winner, loser) = until("one who has the seat", async || {
            match (has_bill(&one).await, has_bill(&two).await) {
                (true, false) => Some((&one, &two)),
                (false, true) => Some((&two, &one)),
                (false, false) => None,
                (true, true) => panic!("both hold it"),
            }
        })
        .await;
        winner.read(".bill", "15").await;
        loser.read(".pickbar .notice-warn", "Someone was faster").await;
        loser.check("seats-lost").await;
        click_seat(loser, 16).await;
        loser.read(".picked", "16").await;
        loser.click(PRIMARY).await;
        loser.read(".bill", "16").await;
    });
}

/// A reload in the middle, a network that is away, and two tabs: one payment.
#[test]
fn a_payment_is_made_once() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "mina").await;
        click_seat(&browser, 7).await;
        // Away while holding: it is asked for again, and held once.
        browser.see(".picked").await;
        browser.network(false).await;
        browser.click(PRIMARY).await;
        browser.read(".pickbar", "We ask again").await;
        browser.network(true).await;
        browser.see(".bill").await;
        browser.reload().await;
        browser.see(".bill").await;
        let bill = browser.path().await;
        // Back, and forth by what is told there.
        browser.go(&shop.url(&format!("/concerts/{concert}/seats"))).await;
        browser.click(".pickbar a").await;
        browser.at(&bill).await;
        browser.new_tab().await;
        browser.go(&shop.url(&bill)).await;
        browser.see(".bill").await;
        browser.tab(false).await;
        browser.network(false).await;
        browser.click(PAY).await;
        browser.read("main .notice-warn", "you cannot pay twice").await;
        browser.network(true).await;
        // Reloaded before it is known: the page finishes by itself what was begun.
        browser.reload().await;
        browser.see(".ticket").await;
        assert_eq!(moved(&browser).await, ["payment -165000", "charge 165000"]);
        browser.tab(true).await;
        // The other tab has heard of it.
        browser.see(".ticket").await;
        assert_eq!(moved(&browser).await.len(), 2);
    });
}

/// What was opened once is shown at the door, whatever has become of the network and the server.
#[test]
fn a_ticket_opens_without_a_network() {
    in_browser(async || {
        let mut shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "mina").await;
        click_seat(&browser, 7).await;
        browser.click(PRIMARY).await;
        browser.click(PAY).await;
        browser.see(".ticket").await;
        let kept = "caches.open('boxoffice-pages').then((cache) => cache.keys()).then((kept) => kept.length > 10 && Boolean(navigator.serviceWorker.controller))";
        until("the pages on the device", async || (browser.eval(kept).await == true).then_some(()))
            .await;
        shop.kill();
        browser.reload().await;
        browser.read(".ticket-seat", "Seat 7").await;
        browser.read("main", "From this device").await;
        browser.go(&shop.url("/bookings")).await;
        browser.read(".booking", "Moonlight Parade").await;
    });
}

#[test]
fn a_hold_lapses_and_leads_back_to_the_line() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({ "hold_seconds": 20 })).await;
        let browser = Browser::open(Look { lang: "ko", ..Look::PHONE }).await;
        come_in(&browser, &shop, &concert, "mina").await;
        click_seat(&browser, 3).await;
        browser.click(PRIMARY).await;
        browser.see(".time-left.is-late").await;
        browser.read(".empty", "결제 시간이 지났습니다").await;
        browser.check("lapsed").await;
        assert_eq!(moved(&browser).await, Vec::<String>::new());
        browser.click(".empty .button-primary").await;
        browser.at(&format!("/concerts/{concert}/queue")).await;
    });
}

/// Whoever is not in the shop is told why, and what to do.
#[test]
fn who_is_not_in_the_shop_is_told_why() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let browser = Browser::open(Look::PHONE).await;
        let seats = shop.url(&format!("/concerts/{concert}/seats"));
        browser.go(&seats).await;
        browser.see(".empty").await;
        browser.check("seats-signed-out").await;
        shop.account("mina").await;
        browser.go(&shop.url("/sign-in?next=%2Fbookings")).await;
        sign_in(&browser, "mina").await;
        browser.read("main", "No bookings yet").await;
        browser.check("bookings-none").await;
        browser.go(&seats).await;
        browser.read(".empty", "First the line").await;
        browser.check("seats-no-place").await;
        browser.click(".empty .button-primary").await;
        browser.at(&format!("/concerts/{concert}/seats")).await;
        browser.see(MAP).await;
        // The sale is closed while somebody chooses.
        shop.operate(
            "PUT",
            &format!("/api/v1/admin/concerts/{concert}/sale"),
            &json!({ "open": false }),
        )
        .await;
        click_seat(&browser, 9).await;
        browser.click(PRIMARY).await;
        browser.read(".empty", "The sale is closed").await;
        browser.check("seats-closed").await;
    });
}
