//! The modules of the seat map, run in a browser: layouts, states, what a click takes; and what drawing costs.

use crate::browser::{Browser, Look, in_browser, until};
use crate::sale::{BASE, come_in, hold_seat, open_concert};
use crate::shop::Shop;
use serde_json::{Value, json};

/// Halls to draw, as a script.
const HALLS: &str = include_str!("../../../web/bench/halls.js");
const CHECKS: &str = include_str!("seatmap.js");

/// Runs a script that has the halls and `load`, which gives a module of the seat map.
async fn run(browser: &Browser, script: &str) -> Value {
    let halls = HALLS.replace("export ", "");
    let load = format!("const load = (name) => import({BASE} + 'seatmap/' + name + '.js');");
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
            // A frame is shown when what comes after it has its turn.
            await new Promise(requestAnimationFrame);
            await new Promise((done) => {
              const { port1, port2 } = new MessageChannel();
              port1.onmessage = done;
              port2.postMessage(0);
            });
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

/// A map of a hall in a page, with words that are alike in each language.
const DRAWN: &str = "
    const [{ readLayout }, { Status }, { MapView }, { Painter }, { palette }] = await Promise.all(['layout', 'status', 'view', 'draw', 'shapes'].map(load));
    const host = document.createElement('div');
    host.className = 'map-frame';
    document.querySelector('main').replaceChildren(host);
    const words = { map: '', hint: '', legend: [], stage: 'Stage', soldOut: 'Sold out', sectionShort: (name) => name, cost: (low) => `\u{20a9}${low}+`, free: (n) => `${n} left`, tip: String };
    const frame = () => new Promise(requestAnimationFrame);
    const show = (drawn) => {
      const layout = readLayout(drawn), status = new Status(layout);
      status.apply(answerOf(drawn));
      return new MapView(host, { layout, status, words, onSeat() {} });
    };";

/// The whole of a stadium is drawn once, without asking where its seats are; tiles and seats come after that.
#[test]
fn the_first_picture_is_drawn_once_and_without_seats() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = Browser::open(Look::PHONE).await;
        browser.go(&shop.url("/")).await;
        let script = format!(
            "{DRAWN}
            let opened = 0, pictures = 0;
            const {{ open }} = Painter.prototype, {{ fill }} = CanvasRenderingContext2D.prototype;
            Painter.prototype.open = function (view) {{ opened += 1; open.call(this, view); }};
            CanvasRenderingContext2D.prototype.fill = function (...path) {{ pictures += 1; fill.apply(this, path); }};
            const map = show(stadium()), sections = map.layout.sections.length, asked = 'each' in map.layout, first = pictures;
            await frame();
            const before = pictures;
            // What watches the size of the map speaks after the first frame.
            await frame();
            await frame();
            for (let i = 0; i < 600 && map.painter.wants(map.view); i++) await frame();
            const found = {{ opened, asked, first: first - sections, before: before - first, tiles: map.painter.set.tiles.size > 0 }};
            map.destroy();
            return found;"
        );
        let found = run(&browser, &script).await;
        // The stage is the one area.
        assert_eq!(
            found,
            json!({ "opened": 1, "asked": false, "first": 1, "before": 0, "tiles": true })
        );
    });
}

/// On a phone each section of a theatre says its name and what it costs; nearly every section of a stadium has its name; and
/// with few colours the stage can be read.
#[test]
fn sections_say_what_they_are_and_cost() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = Browser::open(Look::PHONE).await;
        browser.go(&shop.url("/")).await;
        browser.dress(360, false, true).await;
        let script = format!(
            "{DRAWN}
            const said = (map) => map.layout.sections.map((_, i) => map.painter.labels.get(i)?.lines.map(({{ text }}) => text) ?? []);
            const theatre = show(hall()), costs = said(theatre).filter((lines) => !lines.some((text) => text.endsWith('+')));
            theatre.destroy();
            const large = show(stadium()), named = said(large).filter((lines) => !lines.length).length <= 2;
            large.destroy();
            const look = palette(host);
            return {{ costs, named, stage: look.line !== look['on-area'] }};"
        );
        let found = run(&browser, &script).await;
        assert_eq!(found, json!({ "costs": [], "named": true, "stage": true }));
    });
}

/// A section of several grades has a band for each, as its rows lie; a filter leaves that of its grade.
#[test]
fn sections_have_the_colours_of_their_grades() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = Browser::open(Look::PHONE).await;
        browser.go(&shop.url("/")).await;
        let script = format!(
            "{DRAWN}
            const two = hallOf('Two', 6000, 5200, 46, [1800, 60, 2000, 400], (section, row) => {{
              const rows = [];
              for (let r = 0; r < 20; r++) row(rows, r + 1, 40, r < 10 ? 'S' : 'VIP', {{ at: [600, 1000 + r * 180], step: [120, 0] }});
              section('A', rows);
            }});
            const map = show(two), look = palette(host), dpr = map.painter.dpr;
            const at = (y) => {{
              const {{ s, x: left, y: top }} = map.view, [x1, y1] = [Math.round((640 * s + left) * dpr), Math.round((y * s + top) * dpr)];
              const [r, g, b] = map.painter.ctx.getImageData(x1, y1, 1, 1).data;
              const found = `rgb(${{r}}, ${{g}}, ${{b}})`;
              return look.tints.indexOf(found);
            }};
            const settle = async () => {{
              await frame();
              for (let i = 0; i < 600 && map.painter.wants(map.view); i++) await frame();
              await frame();
              return [at(1120), at(4300)];
            }};
            const all = await settle();
            map.status.narrow({{ grade: 0, wheel: false }});
            map.narrowed();
            const vip = await settle(), lines = map.painter.labels.get(0).lines.map(({{ text }}) => text);
            const free = map.status.grades[0].free;
            map.destroy();
            return {{ all, vip, lines, told: ['A', '\u{20a9}198000+', `${{free}} left`] }};"
        );
        let found = run(&browser, &script).await;
        assert_eq!(found["all"], json!([1, 0]));
        assert_eq!(found["vip"], json!([0, 0]));
        assert_eq!(found["lines"], found["told"]);
    });
}

/// Seats that are unlike others have a shape of their own, small and large.
#[test]
fn seats_that_are_unlike_others_have_other_shapes() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = Browser::open(Look::PHONE).await;
        browser.go(&shop.url("/")).await;
        let script = format!(
            "{DRAWN}
            const four = hallOf('Four', 3000, 2600, 46, [900, 60, 1000, 200], (section, row) => {{
              const rows = [];
              row(rows, 1, 12, 'VIP', {{ at: [1000, 1000], step: [92, 0] }}, {{ flags: {{ accessible: [[4, 4]], companion: [[6, 6]], restricted_view: [[8, 8]] }} }});
              row(rows, 2, 12, 'VIP', {{ at: [1000, 2000], step: [92, 0] }});
              section('A', rows);
            }});
            const layout = readLayout(four), status = new Status(layout);
            status.apply(answerOf(four, 1));
            const map = new MapView(host, {{ layout, status, words, onSeat() {{}} }}), found = {{}};
            for (const px of [7, 18]) {{
              const s = px / layout.seat;
              map.view = {{ s, x: Math.round(map.size.width / 2 - 1600 * s), y: Math.round(map.size.height / 2 - 1000 * s) }};
              map.draw();
              await frame();
              for (let i = 0; i < 600 && map.painter.wants(map.view); i++) await frame();
              await frame();
              const colour = map.painter.look.grades[0], dpr = map.painter.dpr;
              const shape = (seat) => {{
                const [x, y] = [layout.x[seat] * s + map.view.x, layout.y[seat] * s + map.view.y].map((n) => Math.round((n - px / 2 - 1) * dpr)), size = Math.round((px + 2) * dpr);
                const {{ data }} = map.painter.ctx.getImageData(x, y, size, size);
                let left = 0, right = 0, middle = 0;
                for (let i = 0; i < size * size; i++) {{
                  if (`rgb(${{data[i * 4]}}, ${{data[i * 4 + 1]}}, ${{data[i * 4 + 2]}})` !== colour) continue;
                  const [column, row] = [i % size, Math.floor(i / size)];
                  if (Math.abs(column - size / 2) < size / 5 && Math.abs(row - size / 2) < size / 5) middle += 1;
                  else if (row < size / 2) column < size / 2 ? left++ : right++;
                }}
                return {{ left, right, middle }};
              }};
              const [plain, wheel, friend, view] = [4, 3, 5, 7].map(shape);
              found[px] = [wheel.middle < plain.middle, friend.middle < plain.middle, view.right + view.middle <= plain.right + plain.middle - 4, view.left === plain.left];
            }}
            map.destroy();
            return found;"
        );
        let all = json!([true, true, true, true]);
        assert_eq!(run(&browser, &script).await, json!({ "7": all, "18": all }));
    });
}

/// The map goes to seats that pass a filter when it shows none, and stays where it shows some.
#[test]
fn the_map_goes_to_what_passes_the_filter() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = Browser::open(Look::PHONE).await;
        browser.go(&shop.url("/")).await;
        let script = format!(
            "{DRAWN}
            const map = show(hall()), {{ layout, status }} = map;
            const seen = () => {{
              const {{ s, x, y }} = map.view, inside = (at, room) => at > 0 && at < room;
              return layout.number.reduce((sum, _, i) => sum + (status.offers(i) && inside(layout.x[i] * s + x, map.size.width) && inside(layout.y[i] * s + y, map.size.height)), 0);
            }};
            const still = async () => {{
              await frame();
              while (map.flight) await frame();
            }};
            map.showSection(3, [layout.x[layout.sections[3].end - 1], layout.y[layout.sections[3].end - 1]]);
            await still();
            status.narrow({{ grade: 0, wheel: false }});
            const before = seen();
            map.narrowed();
            await still();
            const found = seen(), stands = JSON.stringify(map.view);
            map.narrowed();
            await still();
            const stays = JSON.stringify(map.view) === stands;
            // All of what is sold out: the whole map.
            status.state.fill(2);
            status.narrow({{ grade: 0, wheel: false }});
            map.narrowed();
            await still();
            const whole = !map.zoomed;
            map.destroy();
            return {{ before, found: found > 0, stays, whole }};"
        );
        let found = run(&browser, &script).await;
        assert_eq!(found, json!({ "before": 0, "found": true, "stays": true, "whole": true }));
    });
}

/// On the whole map, the tick of what is chosen covers nothing that is written.
#[test]
fn ticks_cover_nothing_that_is_written() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = Browser::open(Look::PHONE).await;
        browser.go(&shop.url("/")).await;
        let script = format!(
            "{DRAWN}
            const map = show(hall()), {{ layout, painter }} = map, arcs = [];
            await frame();
            for (let i = 0; i < 600 && painter.wants(map.view); i++) await frame();
            const {{ arc }} = CanvasRenderingContext2D.prototype;
            painter.ctx.arc = function (x, y, r, ...more) {{ arcs.push([x, y, r]); arc.call(this, x, y, r, ...more); }};
            map.mark({{ chosen: layout.sections.map(({{ first }}) => first) }});
            await frame();
            await frame();
            const {{ s, x, y }} = map.view, left = layout.bounds.x0 * s + x, top = layout.bounds.y0 * s + y;
            const covered = [];
            for (const [i, {{ box }}] of painter.labels) for (const [px, py, r] of arcs) {{
              const [nx, ny] = [Math.max(left + box.x0, Math.min(left + box.x1, px)), Math.max(top + box.y0, Math.min(top + box.y1, py))];
              if (Math.hypot(nx - px, ny - py) < r) covered.push(i);
            }}
            const sections = layout.sections.length;
            map.destroy();
            return {{ ticks: arcs.length >= sections, covered }};"
        );
        assert_eq!(run(&browser, &script).await, json!({ "ticks": true, "covered": [] }));
    });
}

/// A frame makes few names ready, however many come into view at once; the next frames make the others.
#[test]
fn a_frame_makes_few_names_ready() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = Browser::open(Look::PHONE).await;
        browser.go(&shop.url("/")).await;
        let script = format!(
            "{DRAWN}
            const map = show(hall()), {{ layout, painter }} = map, s = 14 / layout.seat;
            await frame();
            await frame();
            const view = {{ s, x: map.size.width / 2 - layout.x[300] * s, y: map.size.height / 2 - layout.y[300] * s }};
            while (!painter.work(view, 1000));
            painter.tags.clear();
            // A clock by which everything takes a millisecond.
            const {{ now }} = performance, most = [];
            let time = 0, owes = true;
            performance.now = () => time++;
            for (let i = 0; i < 200 && owes; i++) {{
              const before = painter.tags.size;
              owes = painter.frame(view, map.fit);
              most.push(painter.tags.size - before);
            }}
            performance.now = now;
            map.destroy();
            return {{ owes, few: Math.max(...most) <= 2, many: painter.tags.size > 8 }};"
        );
        assert_eq!(
            run(&browser, &script).await,
            json!({ "owes": false, "few": true, "many": true })
        );
    });
}

/// The small map stays long enough to be read after a move, goes by itself, and is never where the pointer is.
#[test]
fn the_small_map_leaves_the_seats_alone() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = Browser::open(Look::PHONE).await;
        browser.go(&shop.url("/")).await;
        let script = format!(
            "{DRAWN}
            const map = show(stadium()), at = map.stage.getBoundingClientRect(), since = performance.now();
            map.zoom(4);
            while (!map.mini.classList.contains('on')) await frame();
            const point = (x, y) => map.stage.dispatchEvent(new PointerEvent('pointermove', {{ clientX: at.left + x, clientY: at.top + y, pointerType: 'mouse' }}));
            const beside = (x, y) => {{
              point(x, y);
              const box = map.mini.getBoundingClientRect();
              return at.left + x < box.left || at.left + x > box.right || at.top + y > box.bottom;
            }};
            const clear = [[20, 20], [at.width - 20, 20], [20, at.height - 20]].every(([x, y]) => beside(x, y));
            while (map.mini.classList.contains('on') && performance.now() - since < 30_000) await frame();
            const stayed = performance.now() - since, gone = !map.mini.classList.contains('on');
            map.destroy();
            return {{ clear, read: stayed > 2500, gone }};"
        );
        assert_eq!(
            run(&browser, &script).await,
            json!({ "clear": true, "read": true, "gone": true })
        );
    });
}

/// Rows of the list keep their places when a seat goes, and a row of ten breaks in the middle.
#[test]
fn rows_of_the_list_keep_their_places() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let others = shop.others(&concert, 1).await;
        shop.hold(&others[0], &concert, &[3]).await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "ruth").await;
        browser.see(".seats button[data-seat='0']").await;
        let rows = browser
            .eval(
                "[...document.querySelectorAll('.seats-row')].slice(0, 2).map((row) => [...row.querySelectorAll('button')].map((key) => {
                  const { x, y } = key.getBoundingClientRect();
                  return [Math.round(x), Math.round(y - row.getBoundingClientRect().y)];
                }))",
            )
            .await;
        let mut whole = rows[1].as_array().unwrap().clone();
        let lines = |keys: &[Value]| {
            let mut tops: Vec<_> = keys.iter().map(|key| key[1].as_i64().unwrap()).collect();
            tops.sort_unstable();
            tops.chunk_by(|a, b| a == b).map(<[i64]>::len).collect::<Vec<_>>()
        };
        assert_eq!(lines(&whole), [5, 5]);
        whole.remove(2);
        assert_eq!(rows[0].as_array().unwrap(), &whole, "the third seat is gone");
    });
}

/// The time that is shown is called by what it counts to, and the map and the list follow the language where they are.
#[test]
fn the_seats_page_says_what_its_time_is_and_follows_the_language() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "tim").await;
        browser.read(".time-label", "Time to choose").await;
        browser.click(".map-tools button").await;
        browser.see(".map-stage.zoomed").await;
        browser.click(".language").await;
        browser.read(".map-legend", "예매 가능").await;
        browser.read(".seats-row button .unseen:last-child", "예매").await;
        browser.read(".time-label", "남은 선택 시간").await;
        browser.see(".map-stage.zoomed").await;
        browser.click(".map-tools button:last-child").await;
        until("the whole map", async || {
            (browser.eval("document.querySelector('.map-stage.zoomed')").await.is_null())
                .then_some(())
        })
        .await;
        hold_seat(&browser, 7).await;
        browser.go(&shop.url(&format!("/concerts/{concert}/seats"))).await;
        browser.see(".map-stage canvas").await;
        browser.read(".time-label", "선점 남은 시간").await;
        let agree = "import(BASE + 'app/api.js').then(({ get }) => get('/api/v1/me/holds')).then(({ holds: [hold], now }) => {
            const [minutes, seconds] = document.querySelector('.time-left b').innerText.split(':').map(Number);
            return Math.abs((Date.parse(hold.expires_at) - Date.now()) / 1000 - minutes * 60 - seconds) < 5;
          })";
        assert_eq!(browser.eval(&agree.replace("BASE", BASE)).await, true);
    });
}

/// Preact clears up behind a picture: what a page does later must bear that the page is gone.
#[test]
fn a_page_that_is_left_at_once_builds_no_list() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let browser = Browser::open(Look::PHONE).await;
        come_in(&browser, &shop, &concert, "mina").await;
        browser.see(".map-stage canvas").await;
        browser.click(".brand").await;
        browser.see(".concert-card").await;
        // No picture comes, and whoever sees the map leaves.
        let script = "(() => {
            window.requestAnimationFrame = () => 0;
            new MutationObserver((_, observer) => {
              if (!document.querySelector('.map-stage canvas')) return;
              observer.disconnect();
              document.querySelector('.brand').click();
            }).observe(document.getElementById('main'), { childList: true, subtree: true });
            history.back();
        })()";
        browser.eval(script).await;
        browser.at("/").await;
        browser.see(".concert-card").await;
        browser.eval("new Promise((done) => setTimeout(done, 200))").await;
        assert_eq!(browser.complaints().await, [] as [String; 0]);
    });
}
