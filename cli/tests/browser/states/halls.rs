//! Halls with a drawing: the demo sale's room, theatre and stadium, with their posters.

use super::Tour;
use crate::browser::in_browser;
use crate::sale::MAP;
use crate::shop::Shop;

/// The concerts of the demo sale, as the list has them.
pub async fn demo_concerts(shop: &Shop) -> Vec<String> {
    let mut found = Vec::new();
    for concert in shop.told("/api/v1/concerts").await["concerts"].as_array().unwrap() {
        found.push(concert["concert_id"].as_str().unwrap().to_owned());
    }
    found
}

#[test]
fn halls_are_whole_in_every_state() {
    in_browser(async || {
        let shop = Shop::with(&["--demo", "true"]);
        let mut tour = Tour::as_user(&shop, "mina").await;
        tour.visit("concerts-posters", "/", ".poster img").await;
        for (at, concert) in demo_concerts(&shop).await.into_iter().enumerate() {
            let name = format!("hall-{}", at + 1);
            tour.visit(&format!("{name}-concert"), &format!("/concerts/{concert}"), ".dates").await;
            tour.open(&format!("/concerts/{concert}/queue"), "h1").await;
            tour.browser.at(&format!("/concerts/{concert}/seats")).await;
            tour.browser.see(MAP).await;
            tour.look(&name, ".seats summary").await;
            tour.press(".grade-chip:has(.swatch)").await;
            tour.press(".seats details:not([hidden]) > summary").await;
            tour.look(&format!("{name}-list"), ".seats button").await;
            tour.press(".party label:nth-of-type(2) input").await;
            // The first that is free.
            tour.browser
                .eval("document.querySelector('.seats button:not([aria-disabled=true])').click()")
                .await;
            tour.look(&format!("{name}-chosen"), ".picked li").await;
        }
        tour.end();
    });
}
