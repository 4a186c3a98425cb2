//! The pictures of the READMEs: the way of a fan through the demo sale, six screens of a phone side by side, and four wide
//! ones, in each language.
//!
//! `BOXOFFICE_PICTURES` names the folder that they are written to; see CONTRIBUTING.md. Without it they are made and
//! measured all the same.

use crate::browser::{Browser, Look, in_browser};
use crate::check::decoded;
use crate::pages::sign_in;
use crate::sale::{MAP, PAY, PRIMARY, party};
use crate::shop::Shop;
use crate::states::halls::demo_concerts;
use crate::waiting::AHEAD;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// All pictures together stay below 500 kB, however many colours the pages have.
const PICTURE_BYTES: usize = 120_000;
/// Fans in line before the one that is shown.
const BEFORE: usize = 240;
/// A screen of a phone and a wide one: points across and down, and pixels a point.
const PHONE: [u32; 3] = [390, 844, 2];
const WIDE: [u32; 3] = [1280, 800, 1];

/// What is in sight, as a PNG in base64.
async fn sight(browser: &Browser, [width, height, scale]: [u32; 3], is_dark: bool) -> Value {
    let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600 });
    browser.dress(width, is_dark, false).await;
    browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    browser.settled().await;
    browser.eval("Promise.all([...document.images].map((image) => image.decode()))").await;
    let shot = browser.devtools("Page.captureScreenshot", json!({ "format": "png" })).await;
    shot["data"].clone()
}

/// Screens in so many columns as one WebP, as good as fits.
async fn put_together(
    browser: &Browser,
    screens: &[Value],
    columns: u32,
    size: [u32; 2],
    name: &str,
) -> Vec<u8> {
    let [width, height] = size;
    let gap = 20;
    let images: String = screens
        .iter()
        .map(|png| format!("<img src='data:image/png;base64,{}'>", png.as_str().unwrap()))
        .collect();
    let page = format!(
        "<!doctype html><style>body {{ margin: 0; display: grid; grid-template-columns: repeat({columns}, {width}px); gap: {gap}px; }}
         img {{ width: {width}px; height: {height}px; box-sizing: border-box; border: 1px solid #8886; border-radius: 16px; }}</style>{images}"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pictures.html");
    std::fs::write(&file, page).unwrap();
    browser.go(&format!("file://{}", file.display())).await;
    let rows = u32::try_from(screens.len()).unwrap() / columns;
    let all = |count: u32, one: u32| count * one + (count - 1) * gap;
    let metrics = json!({ "width": all(columns, width), "height": all(rows, height), "deviceScaleFactor": 1, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    let clear = json!({ "color": { "r": 0, "g": 0, "b": 0, "a": 0 } });
    browser.devtools("Emulation.setDefaultBackgroundColorOverride", clear).await;
    browser.eval("Promise.all([...document.images].map((image) => image.decode()))").await;
    browser.settled().await;
    for quality in (40..=90).rev().step_by(5) {
        let params = json!({ "format": "webp", "quality": quality });
        let picture = decoded(&browser.devtools("Page.captureScreenshot", params).await);
        if picture.len() <= PICTURE_BYTES {
            browser.devtools("Emulation.setDefaultBackgroundColorOverride", json!({})).await;
            return picture;
        }
    }
    panic!("{name} is larger than {PICTURE_BYTES} bytes");
}

/// Clicks the map: a section first, then seats, until some are chosen.
async fn choose_on_the_map(browser: &Browser) {
    browser.eval("document.querySelector('.map-stage').scrollIntoView({ block: 'center' })").await;
    let stage = browser.eval("(({ left, top, width, height }) => [left, top, width, height])(document.querySelector('.map-stage').getBoundingClientRect())").await;
    let at = |i: usize| stage[i].as_f64().unwrap();
    for tries in 0..40 {
        // Towards the middle of the front, a little elsewhere each time.
        let (across, down) =
            (0.5 + 0.02 * f64::from(tries % 5), 0.46 + 0.02 * f64::from(tries % 3));
        let (x, y) = (at(0) + at(2) * across, at(1) + at(3) * down);
        for kind in ["mousePressed", "mouseReleased"] {
            let params = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            browser.devtools("Input.dispatchMouseEvent", params).await;
        }
        // Until the map has moved.
        tokio::time::sleep(Duration::from_millis(700)).await;
        if browser.text(".picked li").await.is_some() {
            return;
        }
    }
    panic!("no click takes a seat");
}

/// The way of a fan: screens of a phone, and wide ones.
async fn walk(browser: &Browser, shop: &Shop) -> (Vec<Value>, Vec<Value>) {
    let (mut phone, mut wide) = (Vec::new(), Vec::new());
    let concerts = demo_concerts(shop).await;
    let (theatre, stadium) = (&concerts[1], &concerts[2]);
    let queue = |concert: &str| format!("/concerts/{concert}/queue");
    let steer = async |concert: &str, active: u64, rate: u64| {
        let body = json!({ "max_active": active, "admissions_per_second": rate });
        shop.operate("PUT", &format!("/api/v1/admin/concerts/{concert}/queue"), &body).await
    };
    browser.go(&shop.url("/")).await;
    browser.see(".poster img").await;
    wide.push(sight(browser, WIDE, false).await);
    browser.go(&shop.url(&format!("/concerts/{theatre}"))).await;
    browser.see(".dates").await;
    phone.push(sight(browser, PHONE, false).await);

    steer(theatre, 1, 1).await;
    let _others = shop.others(theatre, BEFORE + 1).await;
    shop.account("mina").await;
    browser.go(&shop.url(&format!("/sign-in?next={}", queue(theatre).replace('/', "%2F")))).await;
    sign_in(browser, "mina").await;
    browser.read(AHEAD, &BEFORE.to_string()).await;
    phone.push(sight(browser, PHONE, false).await);
    wide.push(sight(browser, WIDE, true).await);
    steer(theatre, 1000, 1000).await;
    browser.see(".ring").await;
    phone.push(sight(browser, PHONE, false).await);
    browser.at(&format!("/concerts/{theatre}/seats")).await;
    browser.see(MAP).await;
    browser.see(".seats summary").await;
    party(browser, 2).await;
    choose_on_the_map(browser).await;
    browser.eval("document.querySelector('.picker-ask').scrollIntoView()").await;
    phone.push(sight(browser, PHONE, false).await);
    browser.click(PRIMARY).await;
    browser.see(".bill").await;
    phone.push(sight(browser, PHONE, false).await);
    browser.click(PAY).await;
    browser.see(".ticket-qr img").await;
    // Later, at the door.
    browser.go(&shop.url("/bookings")).await;
    browser.click(".booking a").await;
    browser.see(".ticket-qr img").await;
    phone.push(sight(browser, PHONE, false).await);
    let ticket = sight(browser, WIDE, true).await;

    browser.go(&shop.url(&queue(stadium))).await;
    browser.at(&format!("/concerts/{stadium}/seats")).await;
    browser.see(MAP).await;
    browser.see(".seats summary").await;
    wide.extend([sight(browser, WIDE, false).await, ticket]);
    (phone, wide)
}

#[test]
fn pictures_of_the_pages_are_made() {
    in_browser(async || {
        let folder = std::env::var_os("BOXOFFICE_PICTURES").map(PathBuf::from);
        for (lang, mark) in [("en", ""), ("ko", ".ko")] {
            let shop = Shop::with(&["--demo", "true"]);
            let browser = Browser::open(Look { lang, ..Look::PHONE }).await;
            let (phone, wide) = walk(&browser, &shop).await;
            assert_eq!((phone.len(), wide.len()), (6, 4));
            for (name, picture) in [
                ("flow", put_together(&browser, &phone, 6, [312, 675], "flow").await),
                ("fan", put_together(&browser, &wide, 2, [960, 600], "fan").await),
            ] {
                let Some(folder) = &folder else { continue };
                // From the root of the repository, where the command is given.
                let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
                std::fs::write(folder.join(format!("{name}{mark}.webp")), picture).unwrap();
            }
        }
    });
}
