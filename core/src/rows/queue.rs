//! Waiting queues: what their rows tell, and who is drawn.

use crate::check::{is_name, is_text};
use crate::draw::{Draw, SEED_BYTES, mixed};
use crate::limits::{ADMISSION_MAX, UNAWARE_TIMES};
use crate::refusal::{Field, Refusal};
use crate::rows::concert::Concert;
use crate::time::Time;

/// A clock that is behind the last tick by more than this has jumped; less is skew between nodes.
const CLOCK_JUMP_MS: i64 = 60_000;
/// What the queue that is made with a concert is called.
const GENERAL_NAME: &str = "General";

/// What an operator sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSettings {
    /// Users shopping at once, but for those who are unaware of being let in, see [`QueueState::slots`].
    pub max_active: u64,
    /// Users admitted a second, at most.
    pub admissions_per_second: u64,
    /// Places in line, at most.
    pub max_waiting: u64,
    /// Nobody is admitted while paused.
    pub paused: bool,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            max_active: 1_000,
            admissions_per_second: 500,
            max_waiting: 2_000_000,
            paused: false,
        }
    }
}

impl QueueSettings {
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let allowed = 1..=ADMISSION_MAX;
        let invalid = |field| Refusal::InvalidSetting { field };
        ensure!(allowed.contains(&self.max_active), invalid(Field::MaxActive));
        ensure!(allowed.contains(&self.max_waiting), invalid(Field::MaxWaiting));
        let rate = allowed.contains(&self.admissions_per_second);
        ensure!(rate, invalid(Field::AdmissionsPerSecond));
        Ok(())
    }
}

/// Why nobody is let in, in the operator's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PauseReason {
    /// English.
    pub en: Option<String>,
    /// Korean.
    pub ko: Option<String>,
}

impl PauseReason {
    /// Refuses with: invalid setting.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let fits = [&self.en, &self.ko].into_iter().flatten().all(|text| is_name(text));
        ensure!(fits, Refusal::InvalidSetting { field: Field::PauseReason });
        Ok(())
    }
}

/// Who a queue is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueueKind {
    /// Everybody; it was made with its concert, and opens with the sale.
    General,
    /// Whoever names it; an operator added it, and it has an opening of its own.
    Named,
}

/// A row of `queue_state`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueState {
    /// See [`QueueKind`].
    pub kind: QueueKind,
    /// What operators call it.
    pub queue_name: String,
    /// Its own opening, which never moves; `None`: it opens with the sale.
    pub own_opens_at: Option<Time>,
    /// Why it is paused.
    pub pause_reason: PauseReason,
    /// Secret of the draw until the opening.
    pub seed: [u8; SEED_BYTES],
    /// How many joined before the opening, or the moment of the terms, and are drawn; `None` until the
    /// opening.
    pub drawn: Option<u64>,
    /// Every queue number up to this one has been served or has left.
    pub cursor: u64,
    /// The newest sequence.
    pub tail: u64,
    /// Places in line: those of the numbers behind the cursor that have not left.
    pub waiting: u64,
    /// Admissions whose row says active.
    pub active: u64,
    /// Places that come back to the front.
    pub returning: u64,
    /// Admissions that the rate still allows, in thousandths; at most one second's worth.
    pub credit_milli: u64,
    /// When the credit was last filled.
    pub credit_at: Time,
    /// When `max_active` was last set: before, more may have been let in.
    pub max_active_at: Time,
    /// What the operator set.
    pub settings: QueueSettings,
    /// Who is drawn, and from what.
    pub rule: DrawRule,
}
impl QueueState {
    /// The queue that is made with a concert.
    pub(crate) fn general(seed: [u8; SEED_BYTES], settings: QueueSettings, now: Time) -> Self {
        Self {
            kind: QueueKind::General,
            queue_name: GENERAL_NAME.to_owned(),
            own_opens_at: None,
            pause_reason: PauseReason::default(),
            seed,
            drawn: None,
            cursor: 0,
            tail: 0,
            waiting: 0,
            active: 0,
            returning: 0,
            credit_milli: settings.admissions_per_second.saturating_mul(1000),
            credit_at: now,
            max_active_at: now,
            settings,
            rule: DrawRule::default(),
        }
    }

    /// When it opens or has opened: at its own time, or with the sale.
    #[must_use]
    pub fn opens_at(&self, concert: &Concert) -> Time {
        self.own_opens_at.unwrap_or_else(|| concert.opens_at())
    }

    /// Whether people may be let in at `now`, as far as times go.
    #[must_use]
    pub fn is_open(&self, concert: &Concert, now: Time) -> bool {
        now.reached(self.opens_at(concert)) && concert.not_closed(now).is_ok()
    }

    /// Free slots, where so many of the admitted are unaware of it: others are let in for them, at most
    /// [`UNAWARE_TIMES`] as many as may shop at once.
    #[must_use]
    pub fn slots(&self, unaware: u64) -> u64 {
        let most = self.settings.max_active;
        let more = unaware.min(most.saturating_mul(UNAWARE_TIMES));
        most.saturating_add(more).saturating_sub(self.active)
    }

    /// How many may be admitted at `now`: free slots, within the rate. The credit is capped at one
    /// second's worth, so that a quiet hour does not let a crowd in at once.
    pub(crate) fn room(&mut self, concert: &Concert, unaware: u64, now: Time) -> u64 {
        let rate = self.settings.admissions_per_second;
        let elapsed = u64::try_from(now.ms_since(self.credit_at)).unwrap_or(0);
        let filled = self.credit_milli.saturating_add(elapsed.saturating_mul(rate));
        self.credit_milli = filled.min(rate.saturating_mul(1000));
        if now > self.credit_at || self.credit_at.ms_since(now) > CLOCK_JUMP_MS {
            self.credit_at = now;
        }
        if self.settings.paused || !self.is_drawn() || !self.is_open(concert, now) {
            return 0;
        }
        self.slots(unaware).min(self.credit_milli / 1000)
    }

    pub(crate) const fn spend(&mut self) {
        self.active += 1;
        self.credit_milli = self.credit_milli.saturating_sub(1000);
    }

    /// The order of service, once it is drawn: at the opening, or when the beacon's value is given.
    #[must_use]
    pub fn draw(&self) -> Option<Draw> {
        let count = self.drawn.filter(|_| self.is_drawn())?;
        let seed = self.rule.seed(&self.seed).unwrap_or(self.seed);
        Some(Draw::new(&seed, count))
    }

    /// Whether the order is drawn. Without anybody to draw it needs no value.
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        self.drawn.is_some_and(|count| count == 0 || !self.rule.waits_for_value())
    }

    /// Whether the queue has opened and nobody is let in, since the beacon's value is not given.
    #[must_use]
    pub fn awaits_value(&self) -> bool {
        self.drawn.is_some() && !self.is_drawn()
    }

    /// The order that would be drawn now.
    pub(crate) fn next_draw(&self) -> Draw {
        let seed = self.rule.seed(&self.seed).unwrap_or(self.seed);
        Draw::new(&seed, self.rule.joined.unwrap_or(self.tail))
    }

    /// Fixes who is drawn, once the moment of the terms is reached, and the draw, once the queue has opened.
    /// Asked before anybody joins, so that the tail is still that of the moment.
    pub(crate) fn settle(&mut self, concert: &Concert, now: Time) {
        let before = self.rule.terms.joined_before;
        if self.rule.joined.is_none() && before.is_some_and(|before| now.reached(before)) {
            self.rule.joined = Some(self.tail);
        }
        if self.drawn.is_none() && now.reached(self.opens_at(concert)) {
            self.drawn = Some(self.rule.joined.unwrap_or(self.tail));
        }
    }
}

/// What is said of a draw beforehand, when the queue is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DrawTerms {
    /// Only those who joined before this are drawn, those after them stand behind in the order of joining;
    /// `None`: the opening.
    pub joined_before: Option<Time>,
    /// Which value of which public source is mixed in, in words; `None`: none is.
    pub beacon: Option<String>,
}

impl DrawTerms {
    pub(crate) fn check(&self, opens_at: Time) -> Result<(), Refusal> {
        let before = self.joined_before.is_none_or(|before| before <= opens_at);
        let text = self.beacon.as_deref().is_none_or(is_text);
        ensure!(before && text, Refusal::InvalidSetting { field: Field::Draw });
        Ok(())
    }
}

/// The terms of a draw, and what has come of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DrawRule {
    /// As they were published.
    pub terms: DrawTerms,
    /// How many had joined by the moment of the terms: noted by the first who comes after it, so that
    /// `None` is all.
    pub joined: Option<u64>,
    /// The value of the beacon, once it is given.
    pub value: Option<String>,
}

impl DrawRule {
    /// What the order is drawn from; `None` while the beacon's value is not known.
    fn seed(&self, seed: &[u8; SEED_BYTES]) -> Option<[u8; SEED_BYTES]> {
        match (&self.terms.beacon, &self.value) {
            (None, _) => Some(*seed),
            (Some(_), value) => value.as_deref().map(|value| mixed(seed, value)),
        }
    }

    fn waits_for_value(&self) -> bool {
        self.terms.beacon.is_some() && self.value.is_none()
    }
}
