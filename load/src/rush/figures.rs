//! What is counted and timed while fans are at it.

use super::limit::Limit;
use super::pushed::Streams;
use boxoffice_server::Failure;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// What a fan does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Join,
    Poll,
    PlaceStream,
    Dates,
    Map,
    SeatStream,
    Layout,
    Hold,
    Best,
    Release,
    Charge,
    Pay,
    Bookings,
    Tickets,
    Refund,
    Leave,
}

impl Step {
    /// In the order of shopping.
    pub const ALL: [Self; 16] = [
        Self::Join,
        Self::Poll,
        Self::PlaceStream,
        Self::Dates,
        Self::Map,
        Self::SeatStream,
        Self::Layout,
        Self::Hold,
        Self::Best,
        Self::Release,
        Self::Charge,
        Self::Pay,
        Self::Bookings,
        Self::Tickets,
        Self::Refund,
        Self::Leave,
    ];

    /// For tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Poll => "poll",
            Self::PlaceStream => "place stream",
            Self::Dates => "dates",
            Self::Map => "map",
            Self::SeatStream => "seat stream",
            Self::Layout => "layout",
            Self::Hold => "hold",
            Self::Best => "best seats",
            Self::Release => "release",
            Self::Charge => "charge",
            Self::Pay => "pay",
            Self::Bookings => "bookings",
            Self::Tickets => "tickets",
            Self::Refund => "refund",
            Self::Leave => "leave",
        }
    }
}

/// Where a fan is, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Has not come yet.
    Away,
    /// In line.
    Waiting,
    /// Admitted, looking for seats.
    Shopping,
    /// Has seats held.
    Holding,
    /// Bought.
    Bought,
    /// Learned in line that no seat is left.
    SoldOutWaiting,
    /// Was let in, and found no seat left.
    SoldOut,
    /// Lost every race that it had the patience for.
    Outrun,
    /// Held seats and then did nothing more.
    Abandoned,
    /// Joined and then did nothing more.
    NoShow,
    /// Changed its mind: gave its seats back.
    Released,
    /// Its admission or its hold ended before it was done.
    TooLate,
    /// Something went wrong that should not have.
    Failed,
    /// The time of the whole run was over.
    CutOff,
}

impl Stage {
    /// In the order of the table.
    pub const ALL: [Self; 14] = [
        Self::Away,
        Self::Waiting,
        Self::Shopping,
        Self::Holding,
        Self::Bought,
        Self::SoldOutWaiting,
        Self::SoldOut,
        Self::Outrun,
        Self::Abandoned,
        Self::NoShow,
        Self::Released,
        Self::TooLate,
        Self::Failed,
        Self::CutOff,
    ];

    /// For tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Away => "not here yet",
            Self::Waiting => "waiting",
            Self::Shopping => "shopping",
            Self::Holding => "holding",
            Self::Bought => "bought",
            Self::SoldOutWaiting => "heard in line that it is sold out",
            Self::SoldOut => "found it sold out",
            Self::Outrun => "lost every race",
            Self::Abandoned => "abandoned a hold",
            Self::NoShow => "did not come back",
            Self::Released => "gave seats back",
            Self::TooLate => "ran out of time",
            Self::Failed => "failed",
            Self::CutOff => "cut off by --seconds-max",
        }
    }
}

/// How far fans came; each counts once a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Funnel {
    pub arrived: u64,
    pub joined: u64,
    pub admitted: u64,
    pub held: u64,
    pub paid: u64,
}

/// How fans came to their seats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Chosen {
    /// Holds of seats that were chosen one by one on the map.
    pub on_the_map: u64,
    /// Holds of seats that a layout said to be together, chosen on the map.
    pub by_layout: u64,
    /// Holds of the best seats, which the server chose.
    pub best: u64,
    /// Of those, with a grade or a section.
    pub best_narrowed: u64,
    /// Answers that no seats fit.
    pub best_none_fit: u64,
}

/// Latency percentiles, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    pub count: u64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

/// One second of the run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Second {
    /// Fans that came.
    pub arrivals: u64,
    /// Fans that learned that they were admitted.
    pub admissions: u64,
    /// Seats that were paid.
    pub seats_sold: u64,
    /// Seats that an operator gave back.
    pub seats_refunded: u64,
    /// Answers.
    pub answers: u64,
    /// Per cent of it in which the fans' own thread was at work: near 100, latencies are its own.
    pub generator_busy: f64,
    /// Fans in each stage at its end, as [`Stage::ALL`].
    pub stages: Vec<u64>,
    /// Of the steps that were answered in it.
    pub latency: BTreeMap<&'static str, Percentiles>,
}

/// A latency of more than this counts as this.
const LATENCY_MAX: Duration = Duration::from_secs(600);
/// Answers nobody expected whose text is kept.
const SURPRISES_MAX: usize = 20;

pub(super) fn histogram() -> Result<Histogram<u64>, Failure> {
    let highest = u64::try_from(LATENCY_MAX.as_micros()).unwrap_or(u64::MAX);
    Ok(Histogram::new_with_bounds(1, highest, 3)?)
}

pub(super) fn percentiles(of: &Histogram<u64>) -> Percentiles {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 microseconds")]
    let ms = |us: u64| us as f64 / 1000.0;
    let at = |quantile: f64| ms(of.value_at_quantile(quantile));
    Percentiles {
        count: of.len(),
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p999: at(0.999),
        max: ms(of.max()),
    }
}

/// Time that went by, and what of it the fans' thread was at work.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Worked {
    /// By the clock.
    of: Duration,
    /// On a processor.
    busy: Duration,
}

impl Worked {
    /// The work of this thread since it began, `of` after the run did.
    pub(super) fn so_far(of: Duration) -> Self {
        let busy = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let seconds = u64::try_from(busy.tv_sec).unwrap_or(0);
        let nanos = u32::try_from(busy.tv_nsec).unwrap_or(0);
        Self { of, busy: Duration::new(seconds, nanos) }
    }

    /// Per cent, since an earlier moment.
    pub(super) fn percent(self, since: Self) -> f64 {
        let busy = self.busy.saturating_sub(since.busy).as_secs_f64();
        let of = self.of.saturating_sub(since.of).as_secs_f64();
        if of > 0.0 { (100.0 * busy / of).min(100.0) } else { 0.0 }
    }
}

struct Timed {
    all: Histogram<u64>,
    this_second: Histogram<u64>,
}

/// See the module.
pub struct Figures {
    timed: BTreeMap<Step, Timed>,
    stages: BTreeMap<Stage, u64>,
    now: Second,
    began: Instant,
    at_first: Worked,
    worked: Worked,
    /// The seconds that are over.
    pub seconds: Vec<Second>,
    /// When fans learned that they were admitted, in that order, milliseconds since the run began.
    pub admissions_ms: Vec<u64>,
    /// When the last payment was answered.
    pub last_sale_ms: Option<u64>,
    /// When a fan first learned that no seat is left.
    pub sold_out_ms: Option<u64>,
    /// In which tenths of a second the generator was the limit.
    pub limit: Limit,
    /// How far fans came.
    pub funnel: Funnel,
    /// Streams of events.
    pub streams: Streams,
    /// How fans came to their seats.
    pub chosen: Chosen,
    /// How often each step, or attack, was answered with which status and code.
    pub answers: BTreeMap<(&'static str, u16, String), u64>,
    /// Connections that broke, but for those that the fan itself cut.
    pub broken: u64,
    /// Requests whose last try broke before the run was over.
    pub unanswered: u64,
    /// Requests whose connection the fan itself cut.
    pub cut: u64,
    /// Requests that were sent twice at once.
    pub doubled: u64,
    /// Races for a seat that were lost.
    pub races_lost: u64,
    /// Answers that nobody expected, the first few in full.
    pub surprises: Vec<String>,
    /// How many of them there were.
    pub surprised: u64,
}

impl Figures {
    /// Nothing counted yet, in a run that began then; `fans` are away.
    ///
    /// # Errors
    /// There is no such histogram.
    pub fn new(fans: u64, began: Instant) -> Result<Self, Failure> {
        let at_first = Worked::so_far(Duration::ZERO);
        let timed = |step| Ok((step, Timed { all: histogram()?, this_second: histogram()? }));
        Ok(Self {
            timed: Step::ALL.into_iter().map(timed).collect::<Result<_, Failure>>()?,
            stages: BTreeMap::from([(Stage::Away, fans)]),
            now: Second::default(),
            began,
            at_first,
            worked: at_first,
            seconds: Vec::new(),
            admissions_ms: Vec::new(),
            last_sale_ms: None,
            sold_out_ms: None,
            limit: Limit::default(),
            funnel: Funnel::default(),
            streams: Streams::new()?,
            chosen: Chosen::default(),
            answers: BTreeMap::new(),
            broken: 0,
            unanswered: 0,
            cut: 0,
            doubled: 0,
            races_lost: 0,
            surprises: Vec::new(),
            surprised: 0,
        })
    }

    /// The answer of a step came, this long after it was due to be asked for.
    pub fn waited(&mut self, step: Step, latency: Duration) {
        let us = latency.min(LATENCY_MAX).as_micros();
        let us = u64::try_from(us).unwrap_or(u64::MAX).max(1);
        if let Some(timed) = self.timed.get_mut(&step) {
            // Within the bounds, so that nothing is lost.
            timed.all.saturating_record(us);
            timed.this_second.saturating_record(us);
        }
    }

    /// An answer came, be it to ask again later.
    pub fn counted(&mut self, what: &'static str, status: u16, code: &str) {
        self.catch_up(false);
        self.now.answers += 1;
        *self.answers.entry((what, status, code.to_owned())).or_default() += 1;
    }

    /// An answer that a right server does not give.
    pub fn surprise(&mut self, text: String) {
        self.surprised += 1;
        if self.surprises.len() < SURPRISES_MAX {
            self.surprises.push(text);
        }
    }

    /// A fan goes on from one stage to another.
    pub fn moved(&mut self, from: Stage, to: Stage) {
        if let Some(count) = self.stages.get_mut(&from) {
            *count = count.saturating_sub(1);
        }
        *self.stages.entry(to).or_default() += 1;
        if matches!(to, Stage::SoldOut | Stage::SoldOutWaiting) && self.sold_out_ms.is_none() {
            self.sold_out_ms = Some(self.now_ms());
        }
    }

    /// Milliseconds since the run began.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A fan came.
    pub fn arrived(&mut self) {
        self.catch_up(false);
        self.now.arrivals += 1;
        self.funnel.arrived += 1;
    }

    /// A fan was let in.
    pub fn admitted(&mut self) {
        self.catch_up(false);
        self.now.admissions += 1;
        self.funnel.admitted += 1;
        self.admissions_ms.push(self.now_ms());
    }

    /// A fan paid.
    pub fn paid(&mut self, seats: u64) {
        self.catch_up(false);
        self.now.seats_sold += seats;
        self.last_sale_ms = Some(self.now_ms());
        self.funnel.paid += 1;
    }

    /// An operator gave something back of what a fan had bought.
    pub fn refunded(&mut self, seats: u64) {
        self.catch_up(false);
        self.now.seats_refunded += seats;
    }

    /// Fans in a stage.
    pub fn in_stage(&self, stage: Stage) -> u64 {
        self.stages.get(&stage).copied().unwrap_or(0)
    }

    /// Seats paid so far and not given back.
    pub fn seats_sold(&self) -> u64 {
        let before: u64 = self.seconds.iter().map(|second| second.seats_sold).sum();
        (self.now.seats_sold + before).saturating_sub(self.seats_refunded())
    }

    /// Seats that an operator gave back.
    pub fn seats_refunded(&self) -> u64 {
        let before: u64 = self.seconds.iter().map(|second| second.seats_refunded).sum();
        self.now.seats_refunded + before
    }

    /// Ends the seconds that are over: before anything is counted, so that it counts in its own second.
    /// With `all`, also the one that goes on.
    pub fn catch_up(&mut self, all: bool) {
        let of = self.began.elapsed();
        let due = usize::try_from(of.as_secs()).unwrap_or(usize::MAX) + usize::from(all);
        if due <= self.seconds.len() {
            return;
        }
        let worked = Worked::so_far(of);
        let busy = worked.percent(self.worked);
        while self.seconds.len() < due {
            self.end_second(busy);
        }
        self.worked = worked;
    }

    /// Per cent of the run in which the fans' thread was at work.
    pub fn generator_busy(&self) -> f64 {
        self.worked.percent(self.at_first)
    }

    fn end_second(&mut self, generator_busy: f64) {
        let mut second = std::mem::take(&mut self.now);
        second.generator_busy = generator_busy;
        second.stages = Stage::ALL.iter().map(|stage| self.in_stage(*stage)).collect();
        for (step, timed) in &mut self.timed {
            if !timed.this_second.is_empty() {
                second.latency.insert(step.name(), percentiles(&timed.this_second));
                timed.this_second.reset();
            }
        }
        self.seconds.push(second);
    }

    /// Latencies of the whole run, of the steps that were made.
    pub fn latencies(&self) -> Vec<(&'static str, Percentiles)> {
        let made = self.timed.iter().filter(|(_, timed)| !timed.all.is_empty());
        made.map(|(step, timed)| (step.name(), percentiles(&timed.all))).collect()
    }
}
