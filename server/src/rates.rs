//! Rates: how often something may be done, and who did it how often lately. In memory, bounded.

use governor::clock::{Clock, DefaultClock};
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
use governor::{Quota, RateLimiter};
use serde::Deserialize;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many at once, then so many a minute; in settings `30+10/min`, or `off` for no limit.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Rate(Option<(NonZeroU32, NonZeroU32)>);

impl Rate {
    /// No limit.
    pub const OFF: Self = Self(None);

    /// `burst` at once, then `per_minute` a minute; with a zero among them no limit.
    #[must_use]
    pub const fn new(burst: u32, per_minute: u32) -> Self {
        match (NonZeroU32::new(burst), NonZeroU32::new(per_minute)) {
            (Some(burst), Some(per_minute)) => Self(Some((burst, per_minute))),
            _ => Self::OFF,
        }
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some((burst, per_minute)) => write!(f, "{burst}+{per_minute}/min"),
            None => f.write_str("off"),
        }
    }
}

impl std::fmt::Debug for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Rate {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::OFF);
        }
        let parts = text.strip_suffix("/min").and_then(|rest| rest.split_once('+'));
        let numbers =
            parts.and_then(|(burst, rate)| Some((burst.parse().ok()?, rate.parse().ok()?)));
        let rate = numbers.map(|(burst, per_minute)| Self(Some((burst, per_minute))));
        rate.ok_or_else(|| format!("{text:?} is neither a rate like 30+10/min nor off"))
    }
}

impl TryFrom<String> for Rate {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Parts of a limiter's memory, each with its own lock.
const SHARDS: usize = 16;
/// Between two times that keys are forgotten which are as good as new.
const TIDY_EVERY: Duration = Duration::from_secs(10);

type Shard<K> = HashMap<K, u64>;

/// State by key, at most so many keys: where there is no room, a key that is new is not remembered.
struct Bounded<K> {
    shards: Vec<Mutex<Shard<K>>>,
    shard_max: usize,
    hasher: RandomState,
}

impl<K: Hash + Eq + Clone> Bounded<K> {
    fn new(keys_max: usize) -> Self {
        Self {
            shards: std::iter::repeat_with(Mutex::default).take(SHARDS).collect(),
            shard_max: keys_max.div_ceil(SHARDS),
            hasher: RandomState::new(),
        }
    }

    fn locked(shard: &Mutex<Shard<K>>) -> MutexGuard<'_, Shard<K>> {
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> impl Iterator<Item = MutexGuard<'_, Shard<K>>> {
        self.shards.iter().map(Self::locked)
    }
}

impl<K: Hash + Eq + Clone> StateStore for Bounded<K> {
    type Key = K;
    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let hash = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        let mut shard = Self::locked(&self.shards[hash]);
        let (measured, next) = measure(shard.get(key).map(|nanos| Nanos::new(*nanos)))?;
        if let Some(state) = shard.get_mut(key) {
            *state = next.as_u64();
        } else if shard.len() < self.shard_max {
            shard.insert(key.clone(), next.as_u64());
        }
        Ok(measured)
    }
}

impl<K: Hash + Eq + Clone> ShrinkableKeyedStateStore<K> for Bounded<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        for mut shard in self.all() {
            shard.retain(|_, state| *state > drop_below.as_u64());
        }
    }

    fn shrink_to_fit(&self) {
        for mut shard in self.all() {
            // Not to the last entry: it would only grow again.
            if shard.capacity() > 4 * shard.len() {
                let room = 2 * shard.len();
                shard.shrink_to(room);
            }
        }
    }

    fn len(&self) -> usize {
        self.all().map(|shard| shard.len()).sum()
    }

    fn is_empty(&self) -> bool {
        self.all().all(|shard| shard.is_empty())
    }
}

/// Who may do something how often. It cleans itself while it is used.
pub struct Limiter<K: Hash + Eq + Clone>(Option<On<K>>);

struct On<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, Bounded<K>, DefaultClock>,
    burst: NonZeroU32,
    began: Instant,
    /// Milliseconds since `began`.
    tidy_at: AtomicU64,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// One that remembers `keys_max` keys at most: beyond it, whoever is new is not limited until
    /// there is room. A key is forgotten once all that it may do at once is there again.
    #[must_use]
    pub fn new(rate: Rate, keys_max: usize) -> Self {
        let quota = rate.0.and_then(|(burst, per_minute)| {
            let quota = Quota::with_period(Duration::from_secs(60) / per_minute.get())?;
            Some((burst, quota.allow_burst(burst)))
        });
        Self(quota.map(|(burst, quota)| On {
            limiter: RateLimiter::new(quota, Bounded::new(keys_max), DefaultClock::default()),
            burst,
            began: Instant::now(),
            tidy_at: AtomicU64::new(0),
        }))
    }

    /// Takes what something costs: 1 for what the rate is about, more for what is worth several.
    ///
    /// # Errors
    /// It is too much now; in so long there is enough.
    pub fn take(&self, key: &K, cost: NonZeroU32) -> Result<(), Duration> {
        let Some(on) = &self.0 else { return Ok(()) };
        on.tidy();
        match on.limiter.check_key_n(key, cost.min(on.burst)) {
            // Not so: the cost was cut to the burst.
            Err(_) => Err(Duration::ZERO),
            Ok(Err(until)) => Err(until.wait_time_from(on.limiter.clock().now())),
            Ok(Ok(())) => Ok(()),
        }
    }

    /// How many keys are remembered.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.0.as_ref().map_or(0, |on| on.limiter.len())
    }
}

impl<K: Hash + Eq + Clone> On<K> {
    fn tidy(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let due = self.tidy_at.load(Ordering::Relaxed);
        let next = now.saturating_add(u64::try_from(TIDY_EVERY.as_millis()).unwrap_or(u64::MAX));
        let mine = self.tidy_at.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed);
        if now >= due && mine.is_ok() {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(rate: &str, keys_max: usize) -> Limiter<u32> {
        Limiter::new(rate.parse().unwrap(), keys_max)
    }

    fn taken(limiter: &Limiter<u32>, key: u32, times: u32) -> usize {
        (0..times).filter(|_| limiter.take(&key, NonZeroU32::MIN).is_ok()).count()
    }

    #[test]
    fn a_rate_is_read_as_it_is_shown() {
        for text in ["30+10/min", "1+600000/min", "off"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for text in ["", "30", "30/min", "0+1/min", "1+0/min", "-1+1/min", "30+10", "OFF"] {
            assert!(text.parse::<Rate>().unwrap_err().contains("30+10/min"), "{text}");
        }
        assert_eq!(Rate::new(3, 0), Rate::OFF);
    }

    #[test]
    fn who_is_over_waits_and_others_do_not() {
        let limiter = limiter("5+1/min", 100);
        assert_eq!((taken(&limiter, 1, 9), taken(&limiter, 2, 5)), (5, 5));
        let wait = limiter.take(&1, NonZeroU32::MIN).unwrap_err();
        assert!(wait > Duration::from_secs(50) && wait <= Duration::from_secs(60), "{wait:?}");
        assert_eq!(taken(&self::limiter("off", 1), 1, 1_000), 1_000);
    }

    #[test]
    fn what_costs_more_is_done_less_often_and_never_never() {
        let limiter = limiter("10+1/min", 100);
        let four = NonZeroU32::new(4).unwrap();
        let done = |key| (0..9).filter(|_| limiter.take(&key, four).is_ok()).count();
        assert_eq!(done(1), 2);
        assert!(limiter.take(&2, NonZeroU32::MAX).is_ok(), "more than the burst is the burst");
        assert_eq!(done(2), 0);
    }

    #[test]
    fn memory_has_an_end_and_who_was_known_stays_limited() {
        let limiter = limiter("1+1/min", SHARDS);
        for key in 0..10_000 {
            let _ = limiter.take(&key, NonZeroU32::MIN);
        }
        assert!(limiter.keys() <= SHARDS, "{}", limiter.keys());
        assert_eq!((0..10_000).map(|key| taken(&limiter, key, 1)).sum::<usize>(), 10_000 - SHARDS);
    }

    #[test]
    fn who_is_as_good_as_new_is_forgotten() {
        // A cell comes back each millisecond.
        let limiter = limiter("2+60000/min", 1_000);
        for key in 0..500 {
            assert_eq!(taken(&limiter, key, 1), 1);
        }
        let on = limiter.0.as_ref().unwrap();
        while limiter.keys() > 1 {
            on.tidy_at.store(0, Ordering::Relaxed);
            assert_eq!(taken(&limiter, 1, 1), 1);
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}
