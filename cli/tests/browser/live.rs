//! What the pages are told by streams of events: seats that others take, places that move on, the turn. While a stream is
//! open they hardly poll; without one they poll as ever, and two tabs do not take it from each other over and over.

use crate::browser::{Browser, Look, in_browser, until};
use crate::sale::{BASE, MAP, come_in, open_concert};
use crate::shop::Shop;
use crate::waiting::{AHEAD, NUMBER, wait_in_line};
use serde_json::json;

/// A server that offers no streams.
pub const NO_STREAMS: &[&str] = &["--stream-share-percent", "0"];
/// From the next page on, addresses that a page asks for are noted.
const NOTE: &str = "globalThis.asked = []; { const real = fetch; globalThis.fetch = (...given) => { asked.push(String(given[0])); return real(...given); }; }";
/// A page that polls has asked several times in this time, ms.
const WHILE: f64 = 5_000.0;

/// What a page can be told of.
#[derive(Clone, Copy, Debug)]
enum Of {
    Seats,
    Place,
}

impl Of {
    const fn kind(self) -> &'static str {
        match self {
            Self::Seats => "seats",
            Self::Place => "place",
        }
    }

    /// Of the noted addresses, those of polls and of streams.
    const fn patterns(self) -> [&'static str; 2] {
        match self {
            Self::Seats => ["/seats\\?form=compact&since=", "/seats/events"],
            Self::Place => ["/queue-tokens/me$", "/queue-tokens/me/events"],
        }
    }
}

/// A browser whose pages note what they ask for.
async fn open_noting() -> Browser {
    let browser = Browser::open(Look::PHONE).await;
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": NOTE })).await;
    browser
}

/// How often the page has polled, and tried to open a stream.
async fn asked(browser: &Browser, of: Of) -> [u64; 2] {
    let script = format!(
        "{}.map((what) => asked.filter((path) => new RegExp(what).test(path)).length)",
        json!(of.patterns())
    );
    let counts = browser.eval(&script).await;
    [counts[0].as_u64().unwrap(), counts[1].as_u64().unwrap()]
}

/// Waits until so many streams of a kind are open at the server.
async fn streams(shop: &Shop, of: Of, count: u32) {
    let line = format!("boxoffice_streams{{kind=\"{}\"}} {count}", of.kind());
    until(&line, async || shop.measures(&line).await.then_some(())).await;
}

/// What the page asks for in the next [`WHILE`].
async fn asked_meanwhile(browser: &Browser, of: Of) -> [u64; 2] {
    let before = asked(browser, of).await;
    let end = browser.eval("performance.now()").await.as_f64().unwrap() + WHILE;
    until("some seconds", async || {
        (browser.eval("performance.now()").await.as_f64().unwrap() > end).then_some(())
    })
    .await;
    let after = asked(browser, of).await;
    [after[0] - before[0], after[1] - before[1]]
}

/// Waits until the list says that so many seats are free.
async fn free(browser: &Browser, count: u32) {
    browser.read(".seats-offer", &format!("{count} ")).await;
}

/// Seats are shown as others take them, and nobody asks. A tab that is hidden has no stream; looked at, it has one again.
#[test]
fn seats_of_others_are_pushed() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let others = shop.others(&concert, 3).await;
        let browser = open_noting().await;
        come_in(&browser, &shop, &concert, "mina").await;
        streams(&shop, Of::Seats, 1).await;
        free(&browser, 40).await;
        let before = asked(&browser, Of::Seats).await;
        shop.hold(&others[0], &concert, &[15]).await;
        free(&browser, 39).await;
        let [polls, tries] = asked_meanwhile(&browser, Of::Seats).await;
        assert!(polls <= 1 && tries == 0, "{polls} polls and {tries} streams beside the open one");
        shop.hold(&others[1], &concert, &[16, 17]).await;
        free(&browser, 37).await;
        assert!(asked(&browser, Of::Seats).await[0] <= before[0] + 1, "it was asked for");

        browser.new_tab().await;
        browser.go("about:blank").await;
        streams(&shop, Of::Seats, 0).await;
        shop.hold(&others[2], &concert, &[18]).await;
        browser.tab(false).await;
        free(&browser, 36).await;
        streams(&shop, Of::Seats, 1).await;
        // Who leaves the page leaves the stream.
        browser.click("header a[href='/bookings']").await;
        browser.at("/bookings").await;
        streams(&shop, Of::Seats, 0).await;
    });
}

/// A stream that is cut, one that the server ends because it stops, and a server that offers none: polls go on.
#[test]
fn without_a_stream_seats_are_asked_for() {
    in_browser(async || {
        let mut shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let others = shop.others(&concert, 3).await;
        let browser = open_noting().await;
        come_in(&browser, &shop, &concert, "mina").await;
        streams(&shop, Of::Seats, 1).await;
        // It polls no more.
        asked_meanwhile(&browser, Of::Seats).await;
        shop.kill();
        browser.see(".map-away").await;
        shop.restart();
        shop.hold(&others[0], &concert, &[15]).await;
        free(&browser, 39).await;
        until("the end of the note", async || {
            browser.text(".map-away").await.is_none().then_some(())
        })
        .await;
        // Once it is there again, so is the stream.
        streams(&shop, Of::Seats, 1).await;

        asked_meanwhile(&browser, Of::Seats).await;
        shop.stop();
        shop.restart_with(NO_STREAMS);
        shop.hold(&others[1], &concert, &[16]).await;
        free(&browser, 38).await;
        let [polls, tries] = asked_meanwhile(&browser, Of::Seats).await;
        assert!(polls > 0, "no polls");
        assert!(tries <= 1, "{tries} streams asked for that are not offered");
        shop.hold(&others[2], &concert, &[17]).await;
        free(&browser, 37).await;
    });
}

/// A connection that is there and says nothing: the page tells it as soon as with polls, and is whole again.
#[test]
fn a_silent_server_is_noticed() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let others = shop.others(&concert, 1).await;
        let browser = open_noting().await;
        come_in(&browser, &shop, &concert, "mina").await;
        streams(&shop, Of::Seats, 1).await;
        shop.freeze(true);
        browser.see(".map-away").await;
        shop.freeze(false);
        shop.hold(&others[0], &concert, &[15]).await;
        free(&browser, 39).await;
        until("the end of the note", async || {
            browser.text(".map-away").await.is_none().then_some(())
        })
        .await;
    });
}

/// One who looks at the seats on two devices: the newer one has the stream, the other polls and leaves it there, until
/// somebody comes back to it.
#[test]
fn two_devices_do_not_take_the_stream_from_each_other() {
    in_browser(async || {
        let shop = Shop::open();
        let concert = open_concert(&shop, json!({})).await;
        let others = shop.others(&concert, 2).await;
        let (one, two) = (open_noting().await, open_noting().await);
        come_in(&one, &shop, &concert, "mina").await;
        streams(&shop, Of::Seats, 1).await;
        two.go(&shop.url(&format!("/sign-in?next=%2Fconcerts%2F{concert}%2Fqueue"))).await;
        crate::pages::sign_in(&two, "mina").await;
        two.click(".room-card .button").await;
        two.see(MAP).await;
        let replaced = |times: u32| {
            format!("boxoffice_streams_ended_total{{why=\"stream_replaced\"}} {times}")
        };
        until("the newer one", async || shop.measures(&replaced(1)).await.then_some(())).await;
        let (old, new) =
            tokio::join!(asked_meanwhile(&one, Of::Seats), asked_meanwhile(&two, Of::Seats));
        assert!(old[0] > 0 && old[1] == 0, "{old:?}");
        assert!(new[0] <= 1 && new[1] == 0, "{new:?}");
        assert!(shop.measures(&replaced(1)).await, "they take it from each other");
        shop.hold(&others[0], &concert, &[15]).await;
        tokio::join!(free(&one, 39), free(&two, 39));

        one.new_tab().await;
        one.go("about:blank").await;
        one.tab(false).await;
        until("the one that is looked at", async || {
            shop.measures(&replaced(2)).await.then_some(())
        })
        .await;
        shop.hold(&others[1], &concert, &[16]).await;
        tokio::join!(free(&one, 38), free(&two, 38));
    });
}

/// Near the front: as others leave, and the turn. Of two tabs the one that is looked at has the stream, and the other does
/// not ask; when it is closed, the other does.
#[test]
fn places_and_the_turn_are_pushed() {
    in_browser(async || {
        let mut shop = Shop::open();
        let concert = shop.concert("Moonlight Parade", &json!({})).await;
        let others = shop.others(&concert, 3).await;
        let browser = open_noting().await;
        wait_in_line(&browser, &shop, &concert, "mina").await;
        browser.read(NUMBER, "4").await;
        streams(&shop, Of::Place, 1).await;
        browser.read(".updated", "Live").await;
        shop.leave(&others[2]).await;
        browser.read(AHEAD, "1").await;
        let [polls, tries] = asked_meanwhile(&browser, Of::Place).await;
        assert!(polls == 0 && tries == 0, "{polls} polls and {tries} streams beside the open one");
        browser.glance("room-live").await;
        shop.kill();
        browser.see(".room > .notice-warn").await;
        assert!(!browser.see(".updated").await.contains("Live"));
        shop.restart();
        streams(&shop, Of::Place, 1).await;
        browser.read(".updated", "Live").await;

        browser.new_tab().await;
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": NOTE })).await;
        browser.go(&shop.url(&format!("/concerts/{concert}/queue"))).await;
        browser.read(".updated", "Live").await;
        streams(&shop, Of::Place, 1).await;
        // The older tab has heard that it has lost its stream.
        asked_meanwhile(&browser, Of::Place).await;
        // Longer than a hidden tab waits for its turn to ask.
        let polls = shop.polls().await;
        assert!(polls > 0);
        for _ in 0..2 {
            asked_meanwhile(&browser, Of::Place).await;
        }
        assert_eq!(shop.polls().await, polls, "the other tab has asked");
        shop.leave(&others[1]).await;
        browser.read(AHEAD, "Next").await;
        browser.close_tab().await;
        browser.tab(false).await;
        // The server may count the stream of the closed tab for a while.
        asked_meanwhile(&browser, Of::Place).await;
        streams(&shop, Of::Place, 1).await;
        let before = asked(&browser, Of::Place).await;
        shop.leave(&others[0]).await;
        browser.see(".ring").await;
        assert_eq!(asked(&browser, Of::Place).await, before, "the turn was asked for");
        browser.at(&format!("/concerts/{concert}/seats")).await;
        streams(&shop, Of::Place, 0).await;
    });
}

/// Follows a date whose answers are made up. What was polled meanwhile is newer than an event; another server's version
/// leads to a poll; an event comes in pieces.
const SEATS_ORDER: &str = r#"import(BASE + 'app/sale/live.js').then(async ({ follow }) => {
  const real = fetch, shown = [], text = new TextEncoder();
  let polled = 'a-9', events;
  globalThis.fetch = async (path) => path.includes('/events')
    ? new Response(new ReadableStream({ start(to) { events = to; } }), { headers: { 'Content-Type': 'text/event-stream' } })
    : Response.json({ version: polled, reason: 'poll' });
  const open = async () => { for (let n = 0; !events && n < 300; n++) await new Promise((next) => setTimeout(next, 50)); };
  const send = (version, more) => text.encode(`event: seats\nid: ${version}\ndata: ${JSON.stringify({ version, ...more })}\n\n`);
  const status = { version: 'a-5', apply(answer) {
    this.version = answer.version;
    shown.push([answer.version, answer.reason ?? null]);
    return { whole: false, changed: [] };
  } };
  const nothing = () => {};
  const live = follow({ date: 'd', queue: () => 'q', status, onNews: nothing, onReach: nothing, onOut: nothing });
  await open();
  events.enqueue(text.encode(':\n\n'));
  events.enqueue(send('a-7', { complete: true }));
  for (const byte of send('a-10', { reason: '12석' })) events.enqueue(Uint8Array.of(byte));
  polled = 'c-4';
  const before = events;
  events = null;
  before.enqueue(send('b-30', {}));
  await open();
  events.enqueue(send('d-1', { complete: true }));
  await new Promise((next) => setTimeout(next, 50));
  live.end();
  globalThis.fetch = real;
  return shown;
})"#;

/// A place whose answers are made up: nothing that was under way undoes what is newer, and a position never rises.
const PLACE_ORDER: &str = r#"import(BASE + 'app/line.js').then(async ({ Line }) => {
  const real = fetch, line = new Line('c'), seen = [];
  const view = (more) => ({ state: 'waiting', sale: 'open', queue_number: 7, position: 3, paused: false,
    poll_after_ms: 60000, expires_at: '2099-01-01T00:00:00Z', ...more });
  const note = () => seen.push([line.record.view.state, line.record.view.position, line.record.view.paused]);
  line.take(view({}), 'token');
  for (const position of [5, 2]) {
    line.told(view({ position }));
    note();
  }
  // An event comes while a poll is on its way.
  let answer;
  globalThis.fetch = () => new Promise((resolve) => { answer = () => resolve(Response.json(view({ position: 2, paused: true }))); });
  line.stream.isOpen = true;
  const poll = line.poll();
  for (let n = 0; !answer && n < 300; n++) await new Promise((next) => setTimeout(next, 10));
  line.told(view({ position: 1 }));
  answer();
  await poll;
  note();
  // The tab that had the stream is left: this one asks soon.
  line.stream.isOpen = false;
  let soon = null;
  globalThis.fetch = (path) => new Promise(() => { soon = path; });
  line.hear({ kind: 'heard', record: { ...line.record, at: line.record.at - 5000 }, live: true });
  line.hear({ kind: 'quit' });
  for (let n = 0; !soon && n < 300; n++) await new Promise((next) => setTimeout(next, 10));
  seen.push(soon);
  line.take(view({ state: 'admitted', position: null, admitted_until: '2099-01-01T00:00:00Z' }));
  line.told(view({ position: 1 }));
  note();
  globalThis.fetch = real;
  line.end();
  localStorage.removeItem('boxoffice.place.c');
  return seen;
})"#;

#[test]
fn what_is_older_undoes_nothing() {
    in_browser(async || {
        let shop = Shop::open();
        let browser = Browser::open(Look::PHONE).await;
        browser.go(&shop.url("/")).await;
        browser.see("h1").await;
        let shown = browser.eval(&SEATS_ORDER.replace("BASE", BASE)).await;
        let want = json!([["a-9", "poll"], ["a-10", "12석"], ["c-4", "poll"], ["d-1", null]]);
        assert_eq!(shown, want);
        let seen = browser.eval(&PLACE_ORDER.replace("BASE", BASE)).await;
        let want = json!([
            ["waiting", 3, false],
            ["waiting", 2, false],
            ["waiting", 1, false],
            "/api/v1/queue-tokens/me",
            ["admitted", null, false]
        ]);
        assert_eq!(seen, want);
    });
}
