//! Rates: how often something may be done, and how much of that each key has used lately. In memory, bounded.

use governor::clock::{Clock, DefaultClock};
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use indexmap::IndexMap;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use serde::Deserialize;
use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many at once, then so many a minute. In settings `30+10/min`, or `off` for no limit.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Rate(Option<(NonZeroU32, NonZeroU32)>);

impl Rate {
    /// No limit.
    pub const OFF: Self = Self(None);

    /// `burst` at once, then `per_minute` a minute. Where one of them is zero there is no limit.
    #[must_use]
    pub const fn new(burst: u32, per_minute: u32) -> Self {
        match (NonZeroU32::new(burst), NonZeroU32::new(per_minute)) {
            (Some(burst), Some(per_minute)) => Self(Some((burst, per_minute))),
            _ => Self::OFF,
        }
    }
}

impl Rate {
    /// So many times as much.
    #[must_use]
    pub fn times(self, factor: u32) -> Self {
        let more = |count: NonZeroU32| {
            count.saturating_mul(NonZeroU32::new(factor).unwrap_or(NonZeroU32::MIN))
        };
        Self(self.0.map(|(burst, per_minute)| (more(burst), more(per_minute))))
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
/// Time between two searches for keys that have all of their burst again. These are forgotten.
const TIDY_EVERY: Duration = Duration::from_secs(10);
/// The same where there is no room.
const TIDY_FULL_EVERY: Duration = Duration::from_secs(1);
/// Where there is still no room, one of so many keys is forgotten.
const SAMPLE: usize = 8;
/// Parts of a cost, some of which may be given back.
pub const TENTHS: u32 = 10;

/// What a limiter reports of its memory.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Keys that are remembered.
    pub keys: Gauge,
    /// Keys that were forgotten before they had all of their burst again.
    pub evicted: Counter,
}

/// For each key the time until which its allowance is used up, in nanoseconds since the memory began.
struct Shard<K> {
    used: IndexMap<K, u64>,
    tidied: u64,
}

/// State by key, with a bounded number of keys. A new key is always remembered. Where there is no room, some keys
/// are looked at and the one that has used least is forgotten. So filling the memory does not switch a limit off, and
/// a key over its limit is kept unless all remembered keys are over theirs.
struct Memory<K> {
    shards: Vec<Mutex<Shard<K>>>,
    shard_max: usize,
    hasher: RandomState,
    began: Instant,
    told: Told,
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl<K: Hash + Eq + Clone> Memory<K> {
    fn new(keys_max: usize, told: Told) -> Self {
        let shard = || Mutex::new(Shard { used: IndexMap::new(), tidied: 0 });
        Self {
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
            shard_max: keys_max.div_ceil(SHARDS).max(1),
            hasher: RandomState::new(),
            began: Instant::now(),
            told,
        }
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K>> {
        let hash = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        self.shards[hash].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forgot(&self, keys: usize) {
        self.told.keys.dec_by(i64::try_from(keys).unwrap_or(i64::MAX));
    }

    /// Forgets keys that have all of their burst again, now and then.
    fn tidy(&self, shard: &mut Shard<K>) {
        let now = nanos(self.began.elapsed());
        let is_full = shard.used.len() >= self.shard_max;
        let pause = if is_full { TIDY_FULL_EVERY } else { TIDY_EVERY };
        if now.saturating_sub(shard.tidied) < nanos(pause) {
            return;
        }
        shard.tidied = now;
        let before = shard.used.len();
        shard.used.retain(|_, until| *until > now);
        self.forgot(before - shard.used.len());
        // Leaves some room: without it the map would only grow again.
        if shard.used.capacity() > 4 * shard.used.len() {
            let room = 2 * shard.used.len();
            shard.used.shrink_to(room);
        }
    }

    /// Makes room for a new key.
    fn evict(&self, shard: &mut Shard<K>) {
        let count = shard.used.len();
        if count < self.shard_max {
            return;
        }
        let sample = std::iter::repeat_with(|| fastrand::usize(..count)).take(SAMPLE);
        let nearest = sample.min_by_key(|at| shard.used.get_index(*at).map(|(_, until)| *until));
        if nearest.and_then(|at| shard.used.swap_remove_index(at)).is_some() {
            self.told.evicted.inc();
            self.forgot(1);
        }
    }
}

/// Shared with the limiter that decides on it.
struct Kept<K>(Arc<Memory<K>>);

impl<K: Hash + Eq + Clone> StateStore for Kept<K> {
    type Key = K;
    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut shard = self.0.shard(key);
        self.0.tidy(&mut shard);
        let (measured, next) = measure(shard.used.get(key).map(|until| Nanos::new(*until)))?;
        if let Some(until) = shard.used.get_mut(key) {
            *until = next.as_u64();
        } else {
            self.0.evict(&mut shard);
            shard.used.insert(key.clone(), next.as_u64());
            self.0.told.keys.inc();
        }
        Ok(measured)
    }
}

/// How often something may be done, by key. It cleans itself while it is used.
pub struct Limiter<K: Hash + Eq + Clone>(Option<On<K>>);

struct On<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, Kept<K>, DefaultClock>,
    memory: Arc<Memory<K>>,
    burst: NonZeroU32,
    /// Nanoseconds until 1 of what was used is given again.
    each: u64,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// A limiter that remembers at most `keys_max` keys, see [`Told`]. A key is forgotten once it has all of its burst
    /// again.
    #[must_use]
    pub fn new(rate: Rate, keys_max: usize, told: Told) -> Self {
        let on = rate.0.and_then(|(burst, per_minute)| {
            let each = Duration::from_secs(60) / per_minute.get();
            let quota = Quota::with_period(each)?.allow_burst(burst);
            let memory = Arc::new(Memory::new(keys_max, told));
            let kept = Kept(Arc::clone(&memory));
            let limiter = RateLimiter::new(quota, kept, DefaultClock::default());
            Some(On { limiter, memory, burst, each: nanos(each) })
        });
        Self(on)
    }

    /// Uses up a cost: 1 for what the rate is about, more for what is worth several.
    ///
    /// # Errors
    /// It is too much now. After this time there is enough.
    pub fn take(&self, key: &K, cost: NonZeroU32) -> Result<(), Duration> {
        let Some(on) = &self.0 else { return Ok(()) };
        match on.limiter.check_key_n(key, cost.min(on.burst)) {
            // Cannot happen: the cost was cut to the burst.
            Err(_) => Err(Duration::ZERO),
            Ok(Err(until)) => Err(until.wait_time_from(on.limiter.clock().now())),
            Ok(Ok(())) => Ok(()),
        }
    }

    /// How long it is until there is enough for one.
    pub fn wait(&self, key: &K) -> Duration {
        let Some(on) = &self.0 else { return Duration::ZERO };
        let until = on.memory.shard(key).used.get(key).copied().unwrap_or(0);
        let burst = on.each.saturating_mul(u64::from(on.burst.get() - 1));
        let passed = nanos(on.memory.began.elapsed());
        Duration::from_nanos(until.saturating_sub(burst).saturating_sub(passed))
    }

    /// Gives back so many tenths of the cost of something that came to nothing.
    pub fn give_back(&self, key: &K, cost: NonZeroU32, tenths: u32) {
        let Some(on) = &self.0 else { return };
        let cost = u64::from(cost.min(on.burst).get()) * u64::from(tenths.min(TENTHS));
        let back = on.each.saturating_mul(cost) / u64::from(TENTHS);
        if let Some(until) = on.memory.shard(key).used.get_mut(key) {
            *until = until.saturating_sub(back);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(rate: &str, keys_max: usize) -> Limiter<u32> {
        Limiter::new(rate.parse().unwrap(), keys_max, Told::default())
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
        assert_eq!(Rate::new(3, 2).times(16).to_string(), "48+32/min");
        assert_eq!(
            (Rate::OFF.times(16), Rate::new(u32::MAX, 1).times(2)),
            (Rate::OFF, Rate::new(u32::MAX, 2))
        );
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
    fn how_long_it_takes_is_told_before() {
        let limiter = limiter("5+1/min", 100);
        assert_eq!(
            (limiter.wait(&1), taken(&limiter, 1, 4), limiter.wait(&1)),
            (Duration::ZERO, 4, Duration::ZERO)
        );
        assert_eq!(taken(&limiter, 1, 4), 1);
        let (told, wait) = (limiter.wait(&1), limiter.take(&1, NonZeroU32::MIN).unwrap_err());
        assert!(
            told > Duration::from_secs(50) && told.abs_diff(wait) < Duration::from_secs(5),
            "{told:?} {wait:?}"
        );
        assert_eq!(self::limiter("off", 1).wait(&1), Duration::ZERO);
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

    /// A limiter whose parts hold `each` keys, and what it reports.
    fn small(rate: &str, each: usize) -> (Limiter<u32>, Told) {
        let told = Told::default();
        (Limiter::new(rate.parse().unwrap(), each * SHARDS, told.clone()), told)
    }

    /// Keys that fill the memory are forgotten; they neither switch the limit off nor free a key over it.
    #[test]
    fn a_full_memory_limits_who_is_new_and_who_was_over() {
        let (limiter, told) = small("5+1/min", 32);
        assert_eq!(taken(&limiter, 0, 9), 5);
        for key in 1..40_000 {
            assert_eq!(taken(&limiter, key, 1), 1);
        }
        let most = i64::try_from(32 * SHARDS).unwrap();
        assert_eq!(told.keys.get(), most, "memory has an end");
        assert_eq!(told.evicted.get(), 40_000 - u64::try_from(most).unwrap());
        assert_eq!(taken(&limiter, 0, 9), 0, "it was over");
        for key in 50_000..50_100 {
            assert_eq!(taken(&limiter, key, 9), 5, "it is new");
        }
    }

    #[test]
    fn what_came_to_nothing_is_given_back_but_for_a_part() {
        let (limiter, _) = small("10+1/min", 10);
        let one = NonZeroU32::MIN;
        let refused = (0..200)
            .take_while(|_| {
                let may = limiter.take(&1, one).is_ok();
                limiter.give_back(&1, one, 9);
                may
            })
            .count();
        assert!((90..=100).contains(&refused), "{refused}");
        limiter.give_back(&2, one, TENTHS);
        limiter.give_back(&1, NonZeroU32::MAX, u32::MAX);
        assert_eq!((taken(&limiter, 1, 30), taken(&limiter, 2, 30)), (10, 10), "never more");
    }

    /// A memory that began so long ago, and how many of `keys` unused keys and of one used key it holds after a
    /// cleaning.
    fn tidied(ago: Duration, keys: u32, each: usize) -> usize {
        let began = Instant::now().checked_sub(ago).unwrap();
        let memory = Memory { began, ..Memory::new(each * SHARDS, Told::default()) };
        let mut shard = memory.shard(&0);
        shard.used.extend((1..=keys).map(|key| (key, 1)).chain([(0, u64::MAX)]));
        memory.tidy(&mut shard);
        shard.used.len()
    }

    #[test]
    fn who_is_as_good_as_new_is_forgotten_now_and_then() {
        assert_eq!(tidied(TIDY_EVERY, 20, 100), 1);
        assert_eq!(tidied(TIDY_EVERY / 2, 20, 100), 21);
        assert_eq!(tidied(TIDY_FULL_EVERY, 20, 21), 1, "sooner where there is no room");
        assert_eq!(tidied(TIDY_FULL_EVERY / 2, 20, 21), 21, "and not at each look");
    }
}
