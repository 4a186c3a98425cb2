//! What a waiting user is told: position, estimate, when to ask again.

/// Position in line, from 1: queue number, less those served, less those ahead that have left.
/// It never rises: the cursor and the gone only grow, and a number passed by the cursor moves from
/// one to the other.
#[must_use]
pub const fn position(queue_number: u64, cursor: u64, gone_ahead: u64) -> u64 {
    let position = queue_number.saturating_sub(cursor).saturating_sub(gone_ahead);
    if position == 0 { 1 } else { position }
}

/// Estimated wait in milliseconds for a position, where `admitted` are let in within `window_ms`;
/// `None` where nobody is.
#[must_use]
pub fn estimated_wait_ms(position: u64, admitted: u64, window_ms: u64) -> Option<u64> {
    if admitted == 0 || window_ms == 0 {
        return None;
    }
    let ms = u128::from(position) * u128::from(window_ms);
    u64::try_from(ms.div_ceil(u128::from(admitted))).ok()
}

/// How often people in line ask, so that all of them together stay within a budget.
///
/// Somebody who waits for `w` sleeps `w / d`, at least `f` and at most `c`. Whoever sleeps w / d misses no
/// turn while the rate rises by less than d. With R admitted a second, each of whom has asked k times on the
/// way, all together ask R · k times a second; where hardly anybody is let in, N waiting ask N / c times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PollLaw {
    /// Time between two questions near the front (f), ms.
    pub least_ms: u64,
    /// Time between two questions far away (c), ms.
    pub most_ms: u64,
    /// The part of the wait that is slept is one by this (d).
    pub divisor: f64,
}

/// Nobody is asked to come again sooner.
const LEAST_MS: f64 = 1_000.0;
/// Far away, where there is budget for it.
const FAR_MS: f64 = 30_000.0;
/// Far away, however many wait: so late may a change be heard of.
const FAR_MS_MAX: f64 = 600_000.0;
/// Near the front, however fast the line moves: so long may somebody not know of the turn.
const LEAST_MS_MAX: f64 = 10_000.0;
const DIVISOR_MAX: f64 = 4.0;
const DIVISOR_MIN: f64 = 1.25;
/// Questions on the way to the front that are counted.
const ASKS_MAX: f64 = 1_000.0;
/// By this the times grow until all fit into the budget.
const STRETCH: f64 = 1.25;

impl Default for PollLaw {
    fn default() -> Self {
        Self { least_ms: 1_000, most_ms: 30_000, divisor: DIVISOR_MAX }
    }
}

impl PollLaw {
    /// The law for so many people who wait, so many admissions a second, and a budget of questions a
    /// second. What gives way first is the divisor, then the times.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "times are between a second and ten minutes; a budget need not be exact"
    )]
    pub fn of(waiting: u64, admitted_per_second: f64, budget_per_second: f64) -> Self {
        let budget = budget_per_second.max(1.0);
        let far = (waiting as f64 * 1000.0 / budget).clamp(FAR_MS, FAR_MS_MAX);
        let mut law = Self { least_ms: LEAST_MS as u64, most_ms: far as u64, divisor: DIVISOR_MAX };
        if admitted_per_second <= 0.0 {
            return law;
        }
        let wait_ms = (waiting as f64 * 1000.0 / admitted_per_second) as u64;
        while law.asks(wait_ms) * admitted_per_second > budget {
            let stretched = |ms: u64, most: f64| (ms as f64 * STRETCH).min(most) as u64;
            if law.divisor > DIVISOR_MIN {
                law.divisor = (law.divisor - 0.25).max(DIVISOR_MIN);
            } else if law.least_ms < LEAST_MS_MAX as u64 || law.most_ms < FAR_MS_MAX as u64 {
                law.least_ms = stretched(law.least_ms, LEAST_MS_MAX);
                law.most_ms = stretched(law.most_ms, FAR_MS_MAX);
            } else {
                break;
            }
        }
        law
    }

    /// How often somebody asks from so far away until the turn; beyond [`ASKS_MAX`] it is not counted.
    fn asks(&self, mut wait_ms: u64) -> f64 {
        let mut asks = 0.0;
        while wait_ms > 0 && asks < ASKS_MAX {
            wait_ms = wait_ms.saturating_sub(self.after_ms(1, Some(wait_ms)));
            asks += 1.0;
        }
        asks
    }

    /// When to ask again, ms, for an estimated wait. Without an estimate, by the position.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is beyond the range is clamped"
    )]
    pub fn after_ms(&self, position: u64, wait_ms: Option<u64>) -> u64 {
        let by_position = self.least_ms.saturating_add(position.saturating_mul(2));
        let by_wait = wait_ms.map(|wait| (wait as f64 / self.divisor) as u64);
        by_wait.unwrap_or(by_position).clamp(self.least_ms, self.most_ms.max(self.least_ms))
    }
}
