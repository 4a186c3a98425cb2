//! A queue as polls see it: the cursor, who left, and who is admitted. A waiting user
//! costs no memory here: the number stands in the token.

use super::pacer::Pacer;
use super::rank_set::RankSet;
use super::{read, write};
use boxoffice_core::concert::Concert;
use boxoffice_core::draw::Draw;
use boxoffice_core::id::{QueueId, ReservationId, UserId};
use boxoffice_core::limits::{RETURNS_MAX, UNAWARE_AFTER_MS};
use boxoffice_core::queue::{
    Admission, AdmissionEnd, Admit, DrawRule, PauseReason, Place, PlaceStatus, QueueKind,
    QueueSettings, QueueState, estimated_wait_ms, position,
};
use boxoffice_core::time::Time;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{RwLock, RwLockWriteGuard};
use tokio::sync::watch;

/// Admissions of this time are counted for people to see.
const MINUTE_MS: i64 = 60_000;
/// The rate of admission is measured over this time at most, so that it follows what changes.
const WINDOW_MS: i64 = 10_000;
/// And over this time at least: before, the rate that is set stands in.
const WINDOW_MS_MIN: i64 = 3_000;

/// Where a place stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In line. The position is unknown before the draw.
    Waiting {
        /// Position, from 1.
        position: Option<u64>,
        /// Estimated wait in milliseconds, from the measured rate; where none is measured yet, from the
        /// rate that is set.
        wait_ms: Option<u64>,
    },
    /// In line, at the front.
    Returning,
    /// May shop.
    Admitted {
        /// Until when, if nothing happens.
        until: Time,
        /// Whether the user has come already.
        arrived: bool,
    },
    /// Was let in and did not come in time; asking for a token leads back to the front.
    NoShow,
    /// Over.
    Expired,
    /// Its turn has come by way of another server; what became of it is not known here yet.
    Unheard,
    /// No such place, or none that is known here yet.
    Unknown,
}

/// A queue in figures, and what is told of it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "fields are those of queue_state")]
pub struct Status {
    pub cursor: u64,
    pub tail: u64,
    pub drawn: Option<u64>,
    pub active: u64,
    pub waiting: u64,
    pub settings: QueueSettings,
    pub admitted_last_minute: u64,
    /// How many are let in within how many milliseconds, as far as is known.
    pub pace: (u64, u64),
    pub seed: [u8; 32],
    pub kind: QueueKind,
    pub queue_name: String,
    pub own_opens_at: Option<Time>,
    /// Why it is paused.
    pub pause_reason: PauseReason,
    /// Who is drawn, and from what.
    pub rule: DrawRule,
    /// Whether it has opened and nobody is let in until the value is given that is mixed in.
    pub awaits_value: bool,
}

impl Status {
    /// Of a row, where nothing was measured.
    #[must_use]
    pub fn of(row: &QueueState) -> Self {
        Self {
            cursor: row.cursor,
            tail: row.tail,
            drawn: row.drawn,
            active: row.active,
            waiting: row.waiting + row.returning,
            settings: row.settings,
            admitted_last_minute: 0,
            pace: (row.settings.admissions_per_second, 1_000),
            seed: row.seed,
            kind: row.kind,
            queue_name: row.queue_name.clone(),
            own_opens_at: row.own_opens_at,
            pause_reason: row.pause_reason.clone(),
            rule: row.rule.clone(),
            awaits_value: row.awaits_value(),
        }
    }
}

#[derive(Clone, Copy)]
struct Seen {
    expiry: Time,
    active: bool,
    arrived: bool,
    /// Since when the user is unaware of being admitted; `None`: has come, or it is over.
    unaware_from: Option<Time>,
    /// Whether seats are held.
    holding: bool,
    /// Whether a user who did not come may come back to the front.
    may_return: bool,
}

/// What polls see of a queue, as of one commit.
#[derive(Default)]
pub(super) struct Picture {
    row: Option<QueueState>,
    draw: Option<Draw>,
    /// Those who left before being served: numbers beyond the cursor once drawn, sequences before.
    gone: RankSet,
    returning: BTreeSet<u64>,
    /// Those who are admitted, and those who did not come and may come back.
    admissions: HashMap<u64, Seen>,
    /// Ends of the active admissions, with their sequences.
    ends: BTreeSet<(Time, u64)>,
    /// From when the active ones who have not come are unaware of it, with their sequences: those of whom the tick has
    /// not noted yet that it is so.
    expected: BTreeSet<(Time, u64)>,
    /// Those who are unaware.
    unaware: HashSet<u64>,
    /// Whether all that others have done was heard of when that was noted.
    is_noted: bool,
    admitted_total: u64,
    /// Active admissions that hold seats.
    holding: u64,
    /// By whom: the place's sequence, and what is held.
    holders: HashMap<UserId, (u64, ReservationId)>,
    /// Where others write as well: the cursor up to which all is known that they have done. A batch
    /// shows the queue's row as it found it, with places served that only the next news tell of.
    heard: Option<u64>,
    /// Numbers beyond that which are known to be over.
    over: BTreeSet<u64>,
    /// When how many had been admitted in all.
    samples: VecDeque<(Time, u64)>,
    /// Since when people have been waiting who may be let in: no time before it counts for the rate, be
    /// it idle, paused, or before the opening.
    moving_since: Option<Time>,
    /// How many are let in within how many milliseconds; `None` until it is measured.
    pace: Option<(u64, u64)>,
}

/// See the module.
pub struct QueueModel {
    /// Its id.
    pub id: QueueId,
    /// How often each place has been asked about.
    pub pacer: Pacer,
    picture: RwLock<Picture>,
    /// Told after each change.
    changed: watch::Sender<()>,
}

impl Picture {
    fn number_of(&self, sequence: u64) -> Option<u64> {
        self.draw.as_ref().map(|draw| draw.number_of(sequence))
    }

    /// Shows the queue's row; `drawn` is [`QueueModel::drawn`] of it.
    pub(super) fn show(&mut self, row: &QueueState, drawn: Option<(Draw, RankSet)>) {
        if let Some((draw, gone)) = drawn {
            self.draw = Some(draw);
            self.gone = gone;
        }
        self.row = Some(row.clone());
    }

    pub(super) fn show_place(&mut self, sequence: u64, place: &Place) {
        match place.status {
            // A new place in line is known by being behind the cursor; one that was left before the draw
            // may have been taken up again.
            PlaceStatus::Waiting => {
                if self.draw.is_none() {
                    self.gone.remove(sequence);
                }
            }
            PlaceStatus::Returning => self.returning(sequence),
            PlaceStatus::Served => {
                self.returning.remove(&sequence);
            }
            PlaceStatus::Left => {
                self.returning.remove(&sequence);
                self.left(sequence);
            }
        }
    }

    pub(super) fn show_admission(&mut self, sequence: u64, row: &Admission) {
        let may_return = row.returns < RETURNS_MAX;
        let seen = Seen {
            expiry: row.token_expiry,
            active: row.is_active,
            arrived: row.arrived_at.is_some(),
            unaware_from: (row.is_active && row.arrived_at.is_none())
                .then(|| row.admitted_at.plus_ms(UNAWARE_AFTER_MS)),
            holding: row.reservation.is_some(),
            may_return,
        };
        let mine = self.holders.get(&row.user).is_some_and(|(holder, _)| *holder == sequence);
        match row.reservation.filter(|_| row.is_active) {
            Some(held) => {
                self.holders.insert(row.user, (sequence, held));
            }
            None if mine => {
                self.holders.remove(&row.user);
            }
            None => {}
        }
        // What is over for good is known by being behind the cursor.
        let kept = row.is_active || row.end == Some(AdmissionEnd::NoShow) && may_return;
        let before = if kept {
            self.admissions.insert(sequence, seen)
        } else {
            let number = self.number_of(sequence).unwrap_or(sequence);
            if self.heard.is_some_and(|heard| number > heard) {
                self.over.insert(number);
            }
            self.admissions.remove(&sequence)
        };
        let before = before.filter(|before| before.active);
        if let Some(before) = before {
            self.ends.remove(&(before.expiry, sequence));
            if let Some(from) = before.unaware_from {
                self.expected.remove(&(from, sequence));
                self.unaware.remove(&sequence);
            }
            self.holding -= u64::from(before.holding);
        }
        if row.is_active {
            self.holding += u64::from(seen.holding);
            self.ends.insert((row.token_expiry, sequence));
            self.expected.extend(seen.unaware_from.map(|from| (from, sequence)));
            self.admitted_total += u64::from(before.is_none());
        }
    }

    pub(super) fn returning(&mut self, sequence: u64) {
        self.returning.insert(sequence);
    }

    pub(super) fn left(&mut self, sequence: u64) {
        let number = self.number_of(sequence).unwrap_or(sequence);
        self.gone.insert(number);
    }

    pub(super) fn hear(&mut self) {
        if let (Some(heard), Some(row)) = (&mut self.heard, &self.row) {
            *heard = row.cursor;
            self.over = self.over.split_off(&row.cursor.saturating_add(1));
        }
    }

    /// Where a place stands that the cursor has passed, and that is not admitted as far as is known.
    fn passed(&self, number: u64) -> Standing {
        let unheard = self.heard.is_some_and(|heard| number > heard);
        let over = self.over.contains(&number) || self.gone.contains(number);
        if unheard && !over { Standing::Unheard } else { Standing::Expired }
    }

    /// Those between the cursor and a number who have left.
    fn gone_ahead(&self, number: u64, cursor: u64) -> u64 {
        self.gone.below(number).saturating_sub(self.gone.below(cursor.saturating_add(1)))
    }

    /// Of the numbers that are next, up to the `slots`-th that has not left: how many have left.
    fn left_ahead(&self, row: &QueueState, slots: u64) -> u64 {
        let left = |number: u64| self.gone_ahead(number.saturating_add(1), row.cursor);
        // The first number by which so many have not left, by bisection.
        let (mut from, mut to) = (row.cursor, row.tail);
        while from < to {
            let middle = u64::midpoint(from, to);
            if (middle - row.cursor).saturating_sub(left(middle)) >= slots {
                to = middle;
            } else {
                from = middle + 1;
            }
        }
        left(from)
    }

    /// How many are admitted and have not come in time, as the tick has noted: they keep nobody out.
    fn unaware(&self) -> u64 {
        let known = if self.is_noted { self.unaware.len() } else { 0 };
        u64::try_from(known).unwrap_or(u64::MAX)
    }

    fn admitted_last_minute(&self) -> u64 {
        match (self.samples.front(), self.samples.back()) {
            (Some(first), Some(last)) => last.1.saturating_sub(first.1),
            _ => 0,
        }
    }

    /// How many are let in within how many milliseconds, as far as is known.
    fn pace(&self) -> (u64, u64) {
        let set = self.row.as_ref().map_or(0, |row| row.settings.admissions_per_second);
        self.pace.unwrap_or((set, 1_000))
    }

    fn measure(&mut self, now: Time) {
        let Some(since) = self.moving_since else {
            self.pace = None;
            return;
        };
        let start = since.max(now.plus_ms(-WINDOW_MS));
        let first = self.samples.iter().find(|sample| sample.0 >= start);
        self.pace = first.zip(self.samples.back()).and_then(|(first, last)| {
            let ms = last.0.ms_since(first.0);
            let window = u64::try_from(ms).ok().filter(|_| ms >= WINDOW_MS_MIN)?;
            Some((last.1.saturating_sub(first.1), window))
        });
    }

    fn waiting(&self, sequence: u64, row: &QueueState) -> Standing {
        let number = self.number_of(sequence);
        let place = number.map(|n| position(n, row.cursor, self.gone_ahead(n, row.cursor)));
        let (admitted, ms) = self.pace();
        // Nobody knows how long a pause will be.
        let known = place.filter(|_| !row.settings.paused);
        let wait_ms = known.and_then(|p| estimated_wait_ms(p, admitted, ms));
        Standing::Waiting { position: place, wait_ms }
    }
}

impl QueueModel {
    /// An empty one; with `shared`, others change the queue as well.
    pub(super) fn new(id: QueueId, shared: bool) -> Self {
        let picture = Picture { heard: shared.then_some(0), ..Picture::default() };
        let (pacer, changed) = (Pacer::default(), watch::Sender::new(()));
        Self { id, pacer, picture: RwLock::new(picture), changed }
    }

    /// Where the place with this sequence stands.
    #[must_use]
    pub fn standing(&self, sequence: u64, now: Time) -> Standing {
        let picture = read(&self.picture);
        let Some(row) = &picture.row else {
            return Standing::Unknown;
        };
        if sequence == 0 || sequence > row.tail {
            return Standing::Unknown;
        }
        if picture.returning.contains(&sequence) {
            return Standing::Returning;
        }
        if let Some(seen) = picture.admissions.get(&sequence) {
            return match (seen.active && !now.reached(seen.expiry), seen.arrived) {
                (true, arrived) => Standing::Admitted { until: seen.expiry, arrived },
                (false, false) if seen.may_return => Standing::NoShow,
                (false, _) => Standing::Expired,
            };
        }
        let number = picture.number_of(sequence).unwrap_or(sequence);
        if number <= row.cursor {
            return picture.passed(number);
        }
        if picture.gone.contains(number) {
            return Standing::Expired;
        }
        picture.waiting(sequence, row)
    }

    /// The queue number of a sequence; `None` before the draw.
    #[must_use]
    pub fn number_of(&self, sequence: u64) -> Option<u64> {
        read(&self.picture).number_of(sequence)
    }

    /// What a user holds.
    #[must_use]
    pub fn hold_of(&self, user: UserId) -> Option<ReservationId> {
        read(&self.picture).holders.get(&user).map(|(_, held)| *held)
    }

    /// Why nobody is let in, where an operator has paused the queue.
    #[must_use]
    pub fn paused(&self) -> Option<PauseReason> {
        let picture = read(&self.picture);
        let row = picture.row.as_ref().filter(|row| row.settings.paused)?;
        Some(row.pause_reason.clone())
    }

    /// When it opens or has opened, where `row` is its concert's.
    #[must_use]
    pub fn opens_at(&self, row: &Concert) -> Time {
        if self.id.is_general() {
            return row.opens_at();
        }
        let picture = read(&self.picture);
        picture.row.as_ref().map_or_else(|| row.opens_at(), |queue| queue.opens_at(row))
    }

    /// Notes who is unaware of being admitted by now. With `heard`, all that others have done is known: nobody is taken for
    /// unaware who has come by way of another server.
    pub fn note_unaware(&self, now: Time, heard: bool) {
        let is_due = |picture: &Picture| {
            picture.expected.first().is_some_and(|(from, _)| now.reached(*from))
        };
        let noted = |picture: &Picture| picture.is_noted == heard && !is_due(picture);
        if noted(&read(&self.picture)) {
            return;
        }
        let picture = &mut *write(&self.picture);
        picture.is_noted = heard;
        let later = picture.expected.split_off(&(now.plus_ms(1), 0));
        let due = std::mem::replace(&mut picture.expected, later);
        picture.unaware.extend(due.into_iter().map(|(_, sequence)| sequence));
    }

    /// Who is admitted, knows of it as far as can be told, and has no hold.
    #[must_use]
    pub fn undecided(&self) -> u64 {
        let picture = read(&self.picture);
        let Some(row) = &picture.row else { return 0 };
        row.active.saturating_sub(picture.holding).saturating_sub(picture.unaware())
    }

    /// The queue in figures.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        let picture = read(&self.picture);
        let row = picture.row.as_ref()?;
        Some(Status {
            admitted_last_minute: picture.admitted_last_minute(),
            pace: picture.pace(),
            ..Status::of(row)
        })
    }

    /// Whether it has opened and nobody is let in until the value is given that is mixed in.
    #[must_use]
    pub fn awaits_value(&self) -> bool {
        read(&self.picture).row.as_ref().is_some_and(QueueState::awaits_value)
    }

    /// Whether an admission's time is over.
    #[must_use]
    pub fn is_due(&self, now: Time) -> bool {
        read(&self.picture).ends.first().is_some_and(|(end, _)| now.reached(*end))
    }

    /// Admissions whose time is over, the longest over first, up to `limit`: what the tick
    /// proposes to end.
    #[must_use]
    pub fn due(&self, now: Time, limit: usize) -> Vec<u64> {
        let picture = read(&self.picture);
        let due = picture.ends.iter().take_while(|(end, _)| now.reached(*end));
        due.map(|(_, sequence)| *sequence).take(limit).collect()
    }

    /// The admission tick that could do anything: draw the order of a sale that has opened, or let
    /// somebody in, `most` at the most.
    #[must_use]
    pub fn next_tick(&self, row: &Concert, most: u64, now: Time) -> Option<Admit> {
        let picture = read(&self.picture);
        let queue = picture.row.as_ref().filter(|queue| queue.is_open(row, now))?;
        let waits = queue.waiting > 0 || queue.returning > 0;
        let unaware = picture.unaware();
        let slots = queue.slots(unaware).min(most);
        // Nobody is let in before the order is known: it may wait for the value that is mixed in.
        let moves = picture.draw.is_some() && waits && slots > 0 && !queue.settings.paused;
        (queue.drawn.is_none() || moves).then(|| {
            let slots = slots.min(queue.settings.admissions_per_second);
            let left_ahead = if moves { picture.left_ahead(queue, slots) } else { 0 };
            Admit { queue: self.id, most, left_ahead, unaware, active: queue.active }
        })
    }

    /// Notes how many have been admitted by now, for the rate. `moving`: people wait who may be let in as
    /// far as seats and time go.
    pub fn sample(&self, moving: bool, now: Time) {
        let picture = &mut *write(&self.picture);
        picture.samples.push_back((now, picture.admitted_total));
        // A clock that went back starts the measurement anew.
        let stale = |first: Time| now < first || now.ms_since(first) > MINUTE_MS;
        while picture.samples.len() > 1 && picture.samples.front().is_some_and(|s| stale(s.0)) {
            picture.samples.pop_front();
        }
        let row = picture.row.as_ref();
        let waits = row.is_some_and(|row| !row.settings.paused && row.waiting + row.returning > 0);
        if moving && waits {
            let since = picture.moving_since.filter(|since| *since <= now);
            picture.moving_since = Some(since.unwrap_or(now));
        } else {
            picture.moving_since = None;
        }
        picture.measure(now);
    }

    /// Where the row brings the draw: the order, and those who have left by their numbers in it. There
    /// may be many of them, so that this is made before the picture is locked for changing.
    pub(super) fn drawn(&self, row: &QueueState) -> Option<(Draw, RankSet)> {
        // Before anything is computed: each batch of the sale shows the row.
        if read(&self.picture).draw.is_some() {
            return None;
        }
        let draw = row.draw()?;
        let left = read(&self.picture).gone.clone();
        let mut gone = RankSet::default();
        left.iter().for_each(|sequence| gone.insert(draw.number_of(sequence)));
        Some((draw, gone))
    }

    /// Learns of changes from now on.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Tells those who wait for changes.
    pub(super) fn tell(&self) {
        self.changed.send_replace(());
    }

    /// The picture for changing. What belongs together is changed under one guard: a poll must not
    /// see somebody who is no longer in line and not yet admitted.
    pub(super) fn change(&self) -> RwLockWriteGuard<'_, Picture> {
        write(&self.picture)
    }
}
