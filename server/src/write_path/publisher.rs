//! The publisher: waits until a committed batch is durable, shows it on the read model, then answers those who
//! wait, while the write path is at the next batch. Batches come in the order of their commits; those that
//! have come while the disk was waited for go together.

use super::health::Waits;
use super::inbox::Asking;
use super::{Answer, Health, NotRun, Refill};
use crate::log::Bounded;
use crate::metrics::Metrics;
use crate::read_model::ReadModel;
use crate::store::reads::{Of, Snapshot};
use crate::store::{Changes, Fault, Flush};
use crate::supervisor::caught;
use boxoffice_core::batch::Reply;
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use std::cell::RefCell;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, LazyLock};
use std::time::Instant;
use tokio::sync::oneshot;

/// Who waits for the answers of a batch, in the order of its commands.
pub(super) type Waiting = Vec<oneshot::Sender<Answer>>;

/// A batch that is through.
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one")]
pub(super) enum Decided {
    /// Committed, if not yet durable.
    Done { rows: Rows, replies: Vec<Reply>, now: Time, waiting: Waiting },
    /// Other nodes have committed.
    News { changes: Changes, now: Time, waiting: Vec<Asking> },
    /// It failed: nothing has changed, but for a fault that says that this is not known.
    NotRun { why: NotRun, now: Time, waiting: Waiting },
}

/// Batches that may wait for the publisher; with more, the write path waits.
pub(super) const BATCHES_MAX: usize = 2;
/// Batches that are made durable together, at most.
const TOGETHER_MAX: usize = 2 * BATCHES_MAX;

/// How commits become durable: by themselves, or by a flush.
pub(super) struct Durable {
    pub flush: Option<Arc<dyn Flush>>,
    pub metrics: Arc<Metrics>,
    pub health: Arc<Health>,
}

impl Durable {
    fn wait(&self) -> Result<(), Fault> {
        let Some(flush) = &self.flush else {
            return Ok(());
        };
        let began = Instant::now();
        let flushed = self.health.watched(Waits::Flush, || flush.flush());
        self.metrics.sync_seconds.observe(began.elapsed().as_secs_f64());
        if flushed.is_err() {
            self.health.wrote(false);
        }
        flushed
    }
}

/// What is to be shown.
enum Shown<'a> {
    Rows(&'a Rows),
    News(Option<&'a Rows>),
    Snapshot(Box<Snapshot>),
}

/// Runs until the write path is gone and everything handed over is answered.
pub(super) fn run(
    read_model: &ReadModel,
    refill: Refill,
    durable: &Durable,
    decided: &Receiver<Decided>,
) {
    let refill = RefCell::new(refill);
    let mend = |now| mend(read_model, &mut refill.borrow_mut(), now);
    let show = |shown: Shown<'_>, now| {
        match shown {
            Shown::Rows(rows) => read_model.apply(rows, now),
            Shown::News(rows) => {
                read_model.hear();
                if let Some(rows) = rows {
                    read_model.apply(rows, now);
                }
                // Here, since no batch is shown meanwhile that brings one back.
                read_model.retire(now);
            }
            Shown::Snapshot(snapshot) => read_model.refill(*snapshot, now),
        }
        bring_back(read_model, &mut refill.borrow_mut(), now);
    };
    let notice = |noticed: Noticed| match noticed {
        Noticed::Panic => {
            durable.metrics.panics.inc();
        }
        Noticed::Torn(is_torn) => durable.health.torn(is_torn),
    };
    tell(show, mend, || durable.wait(), notice, decided);
}

/// What others count, or ask for.
enum Noticed {
    /// A panic was caught.
    Panic,
    /// Whether something is missing on the read model.
    Torn(bool),
}

fn tell(
    mut show: impl FnMut(Shown<'_>, Time),
    mut mend: impl FnMut(Time) -> bool,
    mut sync: impl FnMut() -> Result<(), Fault>,
    notice: impl Fn(Noticed),
    decided: &Receiver<Decided>,
) {
    let mut torn = false;
    // With nothing to show, a read model that is still torn is mended all the same: what it lacks need
    // not come up again.
    let mut show = |shown: Option<Shown<'_>>, now| {
        if let Some(shown) = shown {
            let whole = caught("showing a batch", || show(shown, now));
            if whole.is_none() {
                notice(Noticed::Panic);
                torn = true;
            }
        }
        if torn {
            // What is read now may be ahead of the batches that still wait here; they show the same
            // rows again. What tore the read model may well stop the mending, too: it is tried again.
            let mended = caught("filling the read model anew", || mend(now));
            if mended.is_none() {
                notice(Noticed::Panic);
            }
            torn = mended != Some(true);
            notice(Noticed::Torn(torn));
        }
    };
    let mut batches = Vec::with_capacity(TOGETHER_MAX);
    while let Ok(first) = decided.recv() {
        batches.push(first);
        batches.extend(decided.try_iter().take(TOGETHER_MAX - 1));
        let any = batches.iter().any(|batch| matches!(batch, Decided::Done { .. }));
        let unsynced = if any { sync().err() } else { None };
        for batch in batches.drain(..).map(|batch| doubted(batch, unsynced.as_ref())) {
            tell_one(&mut show, batch);
        }
    }
}

/// A batch, or, where it may not be durable, that this is so.
fn doubted(batch: Decided, unsynced: Option<&Fault>) -> Decided {
    match (batch, unsynced) {
        (Decided::Done { now, waiting, .. }, Some(fault)) => {
            let why = NotRun::Fault(Fault::Unknown(fault.to_string()));
            Decided::NotRun { why, now, waiting }
        }
        (batch, _) => batch,
    }
}

fn tell_one(show: &mut impl FnMut(Option<Shown<'_>>, Time), batch: Decided) {
    match batch {
        Decided::Done { rows, replies, now, waiting } => {
            show(Some(Shown::Rows(&rows)), now);
            answer_all(waiting, replies.into_iter().map(Ok));
        }
        Decided::News { changes, now, waiting } => {
            match changes {
                Changes::None => show(Some(Shown::News(None)), now),
                Changes::Rows(rows) => show(Some(Shown::News(Some(&rows))), now),
                Changes::Snapshot(snapshot) => show(Some(Shown::Snapshot(snapshot)), now),
            }
            for asking in waiting {
                // The tick may have given up on it.
                let _ = asking.send(Ok(()));
            }
        }
        Decided::NotRun { why, now, waiting } => {
            // First, since the database is likely to be away for the mending, too.
            answer_all(waiting, std::iter::repeat_with(|| Err(why.clone())));
            show(None, now);
        }
    }
}

/// Something was shown in part only; it is committed all the same. Returns whether the read model is whole
/// again.
fn mend(read_model: &ReadModel, refill: &mut Refill, now: Time) -> bool {
    // With each batch, for as long as the database cannot be read.
    static TOLD: LazyLock<Bounded> = LazyLock::new(Bounded::default);
    let told = TOLD.may(None);
    if let Some(left_out) = told {
        tracing::warn!(left_out, "reading the whole state from the database again");
    }
    match refill(Of::Live(now)) {
        Ok(snapshot) => {
            read_model.refill(snapshot, now);
            true
        }
        Err(fault) => {
            if told.is_some() {
                tracing::error!(%fault, "could not read the state from the database; trying again");
            }
            false
        }
    }
}

/// Concerts that a batch has changed and that were not shown are read whole. One that cannot be read stays
/// away until the next look at the news.
fn bring_back(read_model: &ReadModel, refill: &mut Refill, now: Time) {
    for id in read_model.take_wanted() {
        match refill(Of::Concert(id)) {
            Ok(snapshot) => read_model.bring_back(snapshot, now),
            Err(fault) => {
                tracing::warn!(%fault, "could not read a concert that is on sale again; trying again soon");
                read_model.want(id);
            }
        }
    }
}

fn answer_all(waiting: Waiting, answers: impl Iterator<Item = Answer>) {
    for (waiting, answer) in waiting.into_iter().zip(answers) {
        // Whoever hung up meanwhile asks again and gets the stored reply.
        let _ = waiting.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_model::Standing;
    use crate::store::Fault;
    use boxoffice_core::concert::{ByHand, Concert, Policy};
    use boxoffice_core::id::{ConcertId, Uuid};
    use boxoffice_core::money::Currency;
    use boxoffice_core::queue::{PauseReason, QueueSettings, QueueState};
    use boxoffice_core::refusal::Refusal;
    use std::cell::{Cell, RefCell};

    fn batch(now: i64) -> (Decided, oneshot::Receiver<Answer>) {
        let (answer, answered) = oneshot::channel();
        let reply = Reply { result: Err(Refusal::QueueFull), replayed: false };
        let (replies, waiting) = (vec![reply], vec![answer]);
        (Decided::Done { rows: Rows::default(), replies, now: Time(now), waiting }, answered)
    }

    /// Batches of the moments 1 to `count`, and then no more.
    fn send_batches(
        write_path: std::sync::mpsc::Sender<Decided>,
        count: i64,
    ) -> Vec<oneshot::Receiver<Answer>> {
        let send = |now| {
            let (batch, answered) = batch(now);
            write_path.send(batch).expect("the channel is open");
            answered
        };
        (1..=count).map(send).collect()
    }

    /// A batch that cannot be shown is answered all the same, and the read model is filled anew, by the
    /// next batch where it cannot be done at once.
    #[test]
    fn a_torn_read_model_is_mended() {
        let (write_path, decided) = std::sync::mpsc::channel();
        let answers = send_batches(write_path, 4);
        let mut mended = Vec::new();
        let show = |_: Shown<'_>, now| assert_ne!(now, Time(2), "the second cannot be shown");
        let mend = |now| {
            mended.push(now);
            now != Time(2)
        };
        tell(show, mend, || Ok(()), |_| {}, &decided);
        assert_eq!(mended, [Time(2), Time(3)]);
        for mut answered in answers {
            assert!(answered.try_recv().is_ok());
        }
    }

    /// H37: what tears the read model may stop the mending by a panic, too; both are faults, and it is tried
    /// again.
    #[test]
    fn a_mending_that_panics_is_tried_again() {
        let (write_path, decided) = std::sync::mpsc::channel();
        let answers = send_batches(write_path, 3);
        let show = |_: Shown<'_>, now| assert_ne!(now, Time(1), "a row that cannot be shown");
        let mend = |now| {
            assert_ne!(now, Time(1), "nor read");
            true
        };
        let (panics, torn) = (Cell::new(0), RefCell::new(Vec::new()));
        let notice = |noticed| match noticed {
            Noticed::Panic => panics.set(panics.get() + 1),
            Noticed::Torn(is_torn) => torn.borrow_mut().push(is_torn),
        };
        tell(show, mend, || Ok(()), notice, &decided);
        assert_eq!((panics.get(), torn.take()), (2, vec![true, false]));
        for mut answered in answers {
            assert!(answered.try_recv().is_ok());
        }
    }

    /// What was not shown is not shown by waiting: where nothing else happens, each look at the
    /// news and each fault tries to mend the read model, until it is whole.
    #[test]
    fn a_torn_read_model_is_mended_where_nothing_happens() {
        let (write_path, decided) = std::sync::mpsc::channel();
        let send = |decided| write_path.send(decided).expect("the channel is open");
        let news = |now| {
            let changes = Changes::None;
            Decided::News { changes, now: Time(now), waiting: Vec::new() }
        };
        let why = NotRun::Fault(Fault::Unavailable("away".into()));
        send(news(1));
        send(batch(2).0);
        send(news(3));
        send(Decided::NotRun { why, now: Time(4), waiting: Waiting::new() });
        send(news(5));
        send(news(6));
        drop(write_path);
        let mut mended = Vec::new();
        let mend = |now| {
            mended.push(now);
            now >= Time(5)
        };
        let show = |shown: Shown<'_>, _| {
            assert!(!matches!(shown, Shown::Rows(_)), "they cannot be shown");
        };
        tell(show, mend, || Ok(()), |_| {}, &decided);
        assert_eq!(mended, [Time(2), Time(3), Time(4), Time(5)]);
    }

    fn concert() -> Concert {
        Concert {
            concert_name: "Moonlight Parade".into(),
            theater: "Hangang Hall".into(),
            run_time: 120,
            total_seats: 0,
            date_count: 0,
            start_at: Time(0),
            end_at: None,
            by_hand: ByHand::default(),
            time_zone: None,
            currency: Currency::KRW,
            billing: boxoffice_core::poster::Billing::default(),
            policy: Policy::default(),
            created_at: Time(0),
        }
    }

    /// H18: a look at the news that brings none says all the same how far others have been heard.
    #[test]
    fn no_news_are_heard_too() {
        let read_model = ReadModel::from_snapshot(Snapshot::default(), Time(0), true);
        let id = ConcertId(Uuid::from_u128(1));
        let queue = QueueState {
            seed: [7; 32],
            kind: boxoffice_core::queue::QueueKind::General,
            queue_name: "General".to_owned(),
            own_opens_at: None,
            pause_reason: PauseReason::default(),
            drawn: Some(0),
            cursor: 1,
            tail: 1,
            waiting: 0,
            active: 1,
            returning: 0,
            credit_milli: 0,
            credit_at: Time(0),
            max_active_at: Time(0),
            settings: QueueSettings::default(),
            rule: boxoffice_core::queue::DrawRule::default(),
        };
        let mut rows = Rows::default();
        rows.concerts.insert(id, concert());
        rows.queues.insert(boxoffice_core::id::QueueId::general(id), queue);
        read_model.apply(&rows, Time(1));
        let standing = || read_model.concert(id).map(|shown| shown.general().standing(1, Time(1)));
        assert_eq!(standing(), Some(Standing::Unheard));
        let (write_path, decided) = std::sync::mpsc::channel();
        let (asking, mut asked) = oneshot::channel();
        let news = Decided::News { changes: Changes::None, now: Time(1), waiting: vec![asking] };
        write_path.send(news).expect("the channel is open");
        drop(write_path);
        let durable = Durable { flush: None, metrics: Arc::default(), health: Arc::default() };
        run(&read_model, Box::new(|_| panic!("nothing is torn")), &durable, &decided);
        assert_eq!(standing(), Some(Standing::Expired));
        assert!(matches!(asked.try_recv(), Ok(Ok(()))));
    }

    #[test]
    fn mending_shows_what_the_database_holds() {
        let concert = concert();
        let (old, new) = (ConcertId(Uuid::from_u128(1)), ConcertId(Uuid::from_u128(2)));
        let mut rows = Rows::default();
        rows.concerts.insert(old, concert.clone());
        let read_model = ReadModel::default();
        read_model.apply(&rows, Time(0));
        let snapshot = Snapshot { concerts: vec![(new, concert)], ..Snapshot::default() };
        let mut stored = [Err(Fault::Unavailable("away".into())), Ok(snapshot)].into_iter();
        let mut refill: Refill = Box::new(move |_| stored.next().expect("asked twice"));
        assert!(!mend(&read_model, &mut refill, Time(1)));
        assert!(read_model.concert(old).is_some(), "the old picture is better than none");
        assert!(mend(&read_model, &mut refill, Time(2)));
        assert!(read_model.concert(old).is_none() && read_model.concert(new).is_some());
    }
}
