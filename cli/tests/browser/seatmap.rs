//! The modules of the seat map, run in a browser: layouts, states, what a click takes; and what drawing costs.

use crate::browser::{Browser, Look, in_browser};
use crate::shop::Shop;
use serde_json::{Value, json};

/// Halls to draw, as a script.
const HALLS: &str = include_str!("../../../web/bench/halls.js");
const CHECKS: &str = include_str!("seatmap.js");

/// Runs a script that has the halls and `load`, which gives a module of the seat map.
async fn run(browser: &Browser, script: &str) -> Value {
    let halls = HALLS.replace("export ", "");
    let base =
        "document.querySelector('script[type=module]').src.replace('app/main.js', 'seatmap/')";
    let load = format!("const load = (name) => import({base} + name + '.js');");
    browser.eval(&format!("(async () => {{ {halls}\n{load}\n{script} }})()")).await
}

#[test]
fn layouts_are_read_and_seats_are_found() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = Browser::open(Look::PHONE).await;
        browser.go(&shop.url("/")).await;
        let found = run(&browser, CHECKS).await;
        assert_eq!(found["wrong"], json!([]));
        assert!(found["checks"].as_u64().unwrap() > 25, "{found}");
    });
}

/// What drawing 50,000 seats costs on a processor four times as slow; printed, since a busy machine makes any limit of
/// time wrong.
#[test]
fn drawing_50_000_seats_is_measured() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = Browser::open(Look::PHONE).await;
        browser.go(&shop.url("/")).await;
        browser.devtools("Emulation.setCPUThrottlingRate", json!({ "rate": 4 })).await;
        let script = "
            const text = JSON.stringify(stadium()), answer = answerOf(JSON.parse(text) && stadium());
            const [{ readLayout }, { Status }, { MapView }] = await Promise.all(['layout', 'status', 'view'].map(load));
            const host = document.createElement('div');
            host.className = 'map-frame';
            document.querySelector('main').replaceChildren(host);
            const words = { map: '', hint: '', legend: [], stage: '', soldOut: '', sectionShort: (name) => name, cost: String, free: String, tip: String };
            const since = performance.now(), layout = readLayout(JSON.parse(text)), status = new Status(layout);
            status.apply(answer);
            const map = new MapView(host, { layout, status, words, onSeat() {} });
            await new Promise(requestAnimationFrame);
            const first = performance.now() - since, frames = [];
            map.zoom(6 / layout.seat / map.view.s);
            for (let i = 0; i < 150; i++) {
              await new Promise(requestAnimationFrame);
              if (i < 60) continue;
              const from = performance.now();
              map.view.x += Math.cos(i / 14) * 14;
              map.view.y += Math.sin(i / 14) * 9;
              if (map.painter.wants(map.view)) map.painter.work(map.view);
              map.painter.frame(map.view, map.fit);
              frames.push(performance.now() - from);
            }
            frames.sort((a, b) => a - b);
            map.destroy();
            return { seats: layout.count, first_picture_ms: first, pan_p50_ms: frames[45], pan_p95_ms: frames[85], pan_max_ms: frames[89] };";
        let figures = run(&browser, script).await;
        assert!(figures["seats"].as_u64().unwrap() > 49_000);
        eprintln!("seat map, processor 4 times as slow: {figures}");
    });
}
