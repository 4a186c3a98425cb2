//! A fan who is told instead of asking: a stream of events of its place near the front of the line, and one of the seats
//! while it chooses. Whoever is refused one polls as before.

use super::{Fan, Line, Stands, Told};
use crate::http::{Ask, Opened, Stream};
use crate::rush::figures::Step;
use crate::rush::map::Map;
use crate::rush::sse::{Event, Parser};
use crate::rush::world::World;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

/// Streams that the fans of a run hold at once: each has a connection of its own.
pub const STREAMS_MAX: usize = 500;
/// A stream that says nothing for so long has broken: at least a comment comes every 15 s.
const SILENCE_MAX: Duration = Duration::from_secs(40);
/// What the counts of streams call them.
pub(super) const PLACES: &str = "places";
/// See [`PLACES`].
pub(super) const SEATS: &str = "seats";

/// One of so many streams that fans may hold.
struct Slot(Rc<World>);

impl Slot {
    fn of(world: &Rc<World>) -> Option<Self> {
        let open = &world.streams_open;
        (open.get() < STREAMS_MAX).then(|| {
            open.set(open.get() + 1);
            Self(Rc::clone(world))
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let open = &self.0.streams_open;
        open.set(open.get().saturating_sub(1));
    }
}

/// A stream that is there.
struct Events {
    stream: Stream,
    parser: Parser,
    ready: VecDeque<Event>,
    kind: &'static str,
    slot: Slot,
}

impl Events {
    /// The next event; `None` once the stream has ended, whose reason is counted.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                if event.name == "end" {
                    let view: serde_json::Value = serde_json::from_str(&event.data).ok()?;
                    self.ended(view["code"].as_str().unwrap_or("no code"));
                    return None;
                }
                let mut figures = self.slot.0.figures.borrow_mut();
                *figures.streams.events.entry(self.kind).or_default() += 1;
                return Some(event);
            }
            let Ok(read) = tokio::time::timeout(SILENCE_MAX, self.stream.next()).await else {
                self.ended("silence");
                return None;
            };
            let events = match read {
                Ok(Some(bytes)) => self.parser.feed(&bytes),
                Ok(None) => Err(std::io::ErrorKind::UnexpectedEof.into()),
                Err(why) => Err(why),
            };
            let Ok(events) = events else {
                self.ended("broken off");
                return None;
            };
            self.ready.extend(events);
        }
    }

    fn ended(&self, why: &str) {
        let mut figures = self.slot.0.figures.borrow_mut();
        *figures.streams.ended.entry(why.to_owned()).or_default() += 1;
    }
}

/// What is seen by way of a stream of seats.
#[derive(Default)]
pub(super) struct Seen {
    /// The seats as they were told last.
    pub map: RefCell<Map>,
    is_whole: Cell<bool>,
    has_ended: Cell<bool>,
    news: Notify,
}

/// The seats of a date as they change, until this is dropped.
pub(super) struct SeatStream {
    date: Uuid,
    seen: Rc<Seen>,
    reading: tokio::task::JoinHandle<()>,
}

impl SeatStream {
    /// Of which date.
    pub const fn date(&self) -> Uuid {
        self.date
    }
}

impl Drop for SeatStream {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// Reads events of seats, and compares what they tell with what became of the seats.
async fn read_seats(mut events: Events, date: Uuid, seen: Rc<Seen>) {
    while let Some(event) = events.next().await {
        if let Some(why) = take_seats(&events.slot.0, date, &seen, &event) {
            let text = format!("seat stream of date {date}: {why}");
            events.slot.0.figures.borrow_mut().surprise(text);
        }
        seen.news.notify_one();
    }
    seen.has_ended.set(true);
    seen.news.notify_one();
}

/// Takes an event in; what is wrong with it.
fn take_seats(world: &World, date: Uuid, seen: &Seen, event: &Event) -> Option<String> {
    let mut map = seen.map.borrow_mut();
    let changed = (event.name == "seats").then(|| map.read(event.data.as_bytes()));
    let Some(changed) = changed.flatten() else {
        let start: String = event.data.chars().take(200).collect();
        return Some(format!("{} {start}", event.name));
    };
    let (now, latest) = (world.now_ns(), &world.record.borrow().latest);
    let sold = if seen.is_whole.replace(true) {
        let found = latest.compare(date, &changed, now);
        world.figures.borrow_mut().streams.compared(&found);
        found.wrong
    } else {
        latest.stale(date, &map, now)
    };
    // Whose seats others buy, too, is not known.
    let sold = sold.filter(|_| world.options.concert.is_none())?;
    Some(format!("seat {sold} was sold long before, and is told to be free"))
}

impl Fan {
    /// Opens a stream where one may be held; `None` where it is refused, which is counted.
    async fn open(&mut self, (step, kind): (Step, &'static str), ask: &Ask) -> Option<Events> {
        let slot = Slot::of(&self.world)?;
        let due = Instant::now();
        let opened = self.pools.of(step).open(ask).await;
        let mut figures = self.figures();
        let stream = match opened {
            Ok(Opened::Stream(stream)) => stream,
            Ok(Opened::Refused(answer)) => {
                figures.counted(step.name(), answer.status, &answer.code());
                figures.streams.refused += 1;
                drop(figures);
                if matches!(answer.status, 400 | 401 | 500) {
                    let _: super::Stage = self.unexpected(step, &answer);
                }
                return None;
            }
            Err(_) => {
                figures.broken += 1;
                return None;
            }
        };
        figures.counted(step.name(), 200, "");
        figures.waited(step, due.elapsed());
        *figures.streams.opened.entry(kind).or_default() += 1;
        drop(figures);
        let (parser, ready) = (Parser::default(), VecDeque::new());
        Some(Events { stream, parser, ready, kind, slot })
    }

    /// Is told of its place until it need not wait any more, or the stream ends; then it polls.
    pub(super) async fn follow_place(&mut self, position: &mut u64) -> Told<Stands> {
        let ask = Ask::new("GET", "/api/v1/queue-tokens/me/events");
        let ask = ask.with("x-queue-token", &*self.token);
        let Some(mut events) = self.open((Step::PlaceStream, PLACES), &ask).await else {
            return Ok(Stands::Waits);
        };
        let ends = self.world.ends();
        while let Some(event) = tokio::time::timeout_at(ends, events.next()).await.ok().flatten() {
            let Ok(view) = serde_json::from_str::<Line<'_>>(&event.data) else {
                self.surprise(&format!("place stream: {} {}", event.name, event.data));
                break;
            };
            let stands = self.stands(&view, position)?;
            if !matches!(stands, Stands::Waits) {
                return Ok(stands);
            }
        }
        self.due = Instant::now();
        Ok(Stands::Waits)
    }

    /// Holds a stream of the date's seats, if it may have one; returns when it has told them.
    pub(super) async fn follow_seats(&mut self, date: Uuid) {
        if self.seat_stream.as_ref().is_some_and(|stream| stream.date == date) {
            return;
        }
        self.seat_stream = None;
        let path = format!("/api/v1/concert-dates/{date}/seats/events");
        let ask = self.as_shopper(Ask::new("GET", path));
        let Some(events) = self.open((Step::SeatStream, SEATS), &ask).await else {
            // It is not asked for again.
            self.streams = false;
            return;
        };
        let seen = Rc::new(Seen::default());
        let reading = tokio::task::spawn_local(read_seats(events, date, Rc::clone(&seen)));
        let stream = SeatStream { date, seen: Rc::clone(&seen), reading };
        self.seat_stream = Some(stream);
        while !seen.is_whole.get() && !seen.has_ended.get() {
            if tokio::time::timeout_at(self.world.ends(), seen.news.notified()).await.is_err() {
                return;
            }
        }
    }

    /// What its stream has told of a date's seats, while it lasts.
    pub(super) fn streamed(&self, date: Uuid) -> Option<Rc<Seen>> {
        let of_date = self.seat_stream.as_ref().filter(|stream| stream.date == date);
        let seen = of_date.map(|stream| Rc::clone(&stream.seen));
        seen.filter(|seen| seen.is_whole.get() && !seen.has_ended.get())
    }

    /// Seats that a stream let it pick were not sold long before.
    pub(super) fn is_not_sold(&self, date: Uuid, picked: &[u32]) {
        let record = self.world.record.borrow();
        let sold = record.latest.sold(date, picked, self.world.now_ns());
        if let Some(seat) = sold.filter(|_| self.world.options.concert.is_none()) {
            self.surprise(&format!(
                "seat stream: seat {seat} was sold long before, and still looks free"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rush::fan::tests::world;
    use crate::rush::pushed::Became;
    use crate::rush::wire::{Pool, Pools};
    use serde_json::json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n: hello\n\n";
    const FULL: &str = "HTTP/1.1 503 Full\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 31\r\n\r\n\
                        {\"code\":\"stream_not_offered\"}  ";

    /// A fan of a server that answers one connection with this and closes it.
    async fn fan(world: &Rc<World>, answer: String) -> Fan {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let pool = Pool::new(vec![listener.local_addr().unwrap()], 1, 0).unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        Fan::new(world, Rc::new(Pools::own(pool)), 0, Instant::now())
    }

    fn event(name: &str, data: &serde_json::Value) -> String {
        format!("id: 1\nevent: {name}\ndata: {data}\n\n")
    }

    /// Told of its place until it is let in, or the stream ends; a position that rises is noticed.
    #[tokio::test]
    async fn a_fan_is_told_of_its_place() {
        let place = |state: &str, position: u64| {
            let view = json!({ "state": state, "position": position, "poll_after_ms": 9_000 });
            event("place", &view)
        };
        let follow = async |world: &Rc<World>, events: String| {
            let mut fan = fan(world, format!("{STREAM}{events}")).await;
            let mut position = 9;
            (fan.follow_place(&mut position).await.unwrap(), position)
        };
        let all = world(&["--stream-percent=100"]);
        let (stands, position) = follow(&all, place("waiting", 7) + &place("admitted", 0)).await;
        assert!(matches!((stands, position), (Stands::Admitted, 7)));
        let end = event("end", &json!({ "code": "server_stopping", "retry_after_ms": 3 }));
        let (stands, position) = follow(&all, place("waiting", 5) + &end).await;
        assert!(matches!((stands, position), (Stands::Waits, 5)));
        let (stands, _) = follow(&all, place("waiting", 5) + &place("waiting", 6)).await;
        assert!(matches!(stands, Stands::Waits));
        let figures = all.figures.borrow();
        let streams = &figures.streams;
        assert_eq!((streams.opened[PLACES], streams.events[PLACES], streams.refused), (3, 5, 0));
        let ended: Vec<_> = streams.ended.iter().map(|(why, n)| (why.as_str(), *n)).collect();
        assert_eq!(ended, [("broken off", 1), ("server_stopping", 1)]);
        assert_eq!((figures.surprised, all.streams_open.get()), (1, 0), "{:?}", figures.surprises);
    }

    /// Whoever is refused a stream is counted, and asks as before.
    #[tokio::test]
    async fn whoever_is_refused_a_stream_polls() {
        let world = world(&["--stream-percent=100"]);
        let mut refused = fan(&world, FULL.to_owned()).await;
        let due = refused.due;
        assert!(matches!(refused.follow_place(&mut 9).await, Ok(Stands::Waits)));
        assert_eq!((refused.due, refused.streams), (due, true));
        let mut refused = fan(&world, FULL.to_owned()).await;
        refused.follow_seats(Uuid::nil()).await;
        assert!(!refused.streams && refused.streamed(Uuid::nil()).is_none());
        let figures = world.figures.borrow();
        assert_eq!((figures.streams.refused, figures.surprised), (2, 0));
        let answer = ("seat stream", 503, "stream_not_offered".to_owned());
        assert_eq!((figures.answers[&answer], world.streams_open.get()), (1, 0));
    }

    /// The map that a stream keeps; a seat that was sold long before and is told to be free is found wrong.
    #[tokio::test]
    async fn a_stream_keeps_a_map_and_is_checked() {
        let world = world(&["--stream-percent=100"]);
        let date = Uuid::from_u128(7);
        for (seat, at) in [(1, 0), (2, u64::MAX)] {
            world.record.borrow_mut().latest.note((date, seat), Became::Sold, at);
        }
        let whole = json!({ "version": "a", "complete": true, "zones": [{ "seats": [[1, 4]] }], "states": "qA==" });
        let change = |available: &[u32], sold: &[u32]| {
            let changed = json!({ "available": available, "held": [], "sold": sold });
            event("seats", &json!({ "version": "b", "complete": false, "changed": changed }))
        };
        tokio::time::pause();
        let sold_long_before = Duration::from_secs(6);
        tokio::time::advance(sold_long_before).await;
        tokio::time::resume();
        let told = [
            event("seats", &whole),
            change(&[2], &[3]),
            change(&[1], &[]),
            event("other", &json!(1)),
        ];
        let local = tokio::task::LocalSet::new();
        let mut fan = fan(&world, format!("{STREAM}{}", told.concat())).await;
        local
            .run_until(async {
                fan.follow_seats(date).await;
                let stream = fan.seat_stream.as_ref().unwrap();
                let seen = Rc::clone(&stream.seen);
                while !seen.has_ended.get() {
                    tokio::task::yield_now().await;
                }
                let free: Vec<u32> =
                    (1..=4).filter(|seat| seen.map.borrow().is_free(*seat)).collect();
                assert_eq!(free, [1, 2, 4]);
                // It has ended: the fan asks.
                assert!(fan.streamed(date).is_none());
                fan.is_not_sold(date, &[2, 3, 4]);
                fan.is_not_sold(date, &[1]);
            })
            .await;
        let figures = world.figures.borrow();
        let surprises = figures.surprises.join("\n");
        assert_eq!((figures.surprised, figures.streams.events[SEATS]), (3, 4), "{surprises}");
        assert!(
            surprises.contains("seat 1 was sold long before, and is told to be free"),
            "{surprises}"
        );
        assert!(surprises.contains("other 1"), "{surprises}");
    }
}
