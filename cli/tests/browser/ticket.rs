//! The code on the screen is the code that a door takes, without a server.

use crate::browser::{Browser, Look, in_browser};
use crate::sale::{PAY, PRIMARY, click_seat, come_in, open_concert, party};
use crate::shop::Shop;
use serde_json::json;
use std::process::Command;

/// What is read from the codes of a picture, as a phone's camera would read them.
fn codes(picture: &[u8]) -> Vec<String> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(picture)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let (width, height) = (info.width as usize, info.height as usize);
    let (line, wide) = (info.line_size, info.color_type.samples());
    // All of it is grey: the red of a pixel says how bright it is.
    let grey = |x: usize, y: usize| pixels[y * line + x * wide];
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, grey);
    picture.detect_grids().into_iter().map(|grid| grid.decode().unwrap().1).collect()
}

/// What a door is told, and whether it opens.
fn verified(shop: &Shop, words: &[&str]) -> (bool, String) {
    let mut command: Command = crate::sandbox::command(crate::sandbox::binary());
    command.args(["ticket", "verify"]).args(words).current_dir(shop.sandbox.dir.path());
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn the_code_of_a_screenshot_opens_the_door_offline() {
    in_browser(async || {
        let mut shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let mut read = Vec::new();
        // In the dark, too, a code is dark on light.
        for (name, is_dark) in [("mina", false), ("juno", true)] {
            let browser = Browser::open(Look { is_dark, ..Look::PHONE }).await;
            come_in(&browser, &shop, &concert, name).await;
            party(&browser, 2).await;
            click_seat(&browser, if is_dark { 14 } else { 4 }).await;
            browser.click(PRIMARY).await;
            browser.click(PAY).await;
            browser.see(".ticket-qr img").await;
            browser.eval("Promise.all([...document.images].map((image) => image.decode()))").await;
            read.extend(codes(&browser.shot(None).await));
        }
        assert_eq!(read.len(), 4, "{read:?}");
        let keys = shop.told("/api/v1/ticket-keys").await;
        std::fs::write(shop.sandbox.path("keys.json"), keys.to_string()).unwrap();
        shop.kill();
        let mut told = Vec::new();
        for code in &read {
            let (is_open, said) = verified(&shop, &[code, "--keys", "keys.json"]);
            assert!(is_open && said.starts_with("valid: seat "), "{said}");
            told.push(said);
        }
        told.sort();
        told.dedup();
        assert_eq!(told.len(), 4, "each code is another ticket: {told:?}");
        // What differs in one letter is no ticket.
        let (mut bent, at) = (read[0].clone(), read[0].len() - 9);
        let other = if &bent[at..=at] == "A" { "B" } else { "A" };
        bent.replace_range(at..=at, other);
        assert!(!verified(&shop, &[&bent, "--keys", "keys.json"]).0);
    });
}
