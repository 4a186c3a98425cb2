//! How often each place in line may be asked about: a bucket of polls for each place, four bytes of memory
//! a place, and no lock. (The generic cell rate algorithm of ATM, ITU-T I.371, in its virtual scheduling form.)

use boxoffice_core::time::Time;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Places of a segment.
const SEGMENT: usize = 1 << 16;
/// Segments at most; places beyond them share the cells of those who came long before.
const SEGMENTS: usize = 1 << 10;
/// Milliseconds of one tick of the clock that is kept: 32 bits of them are more than a year.
const TICK_MS: i64 = 16;
/// Ticks for which one poll uses up the bucket: a second.
const POLL_TICKS: u32 = 62;

type Segment = Box<[AtomicU32]>;

/// See the module.
pub struct Pacer {
    segments: Box<[OnceLock<Segment>]>,
}

impl Default for Pacer {
    fn default() -> Self {
        Self { segments: (0..SEGMENTS).map(|_| OnceLock::new()).collect() }
    }
}

impl Pacer {
    fn cell(&self, sequence: u64) -> Option<&AtomicU32> {
        let index = usize::try_from(sequence % (SEGMENT * SEGMENTS) as u64).ok()?;
        let segment = self.segments.get(index / SEGMENT)?;
        let segment = segment.get_or_init(|| (0..SEGMENT).map(|_| AtomicU32::new(0)).collect());
        segment.get(index % SEGMENT)
    }

    /// A poll of a place at `now`: one a second, and `burst` of them at once. Where that is too often:
    /// after how many milliseconds to ask again.
    ///
    /// # Errors
    /// It is too often.
    pub fn poll(&self, sequence: u64, burst: u32, now: Time) -> Result<(), u64> {
        let Some(cell) = self.cell(sequence) else { return Ok(()) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it wraps")]
        let now = (now.0 / TICK_MS) as u32;
        let full = POLL_TICKS.saturating_mul(burst.max(1));
        let used = cell.load(Ordering::Relaxed).wrapping_sub(now);
        // More than full: it lies in the past, or the clock was set back.
        let used = if used > full { 0 } else { used };
        let after = used.saturating_add(POLL_TICKS);
        if after > full {
            let ticks = i64::from(after - full);
            return Err((ticks * TICK_MS).unsigned_abs());
        }
        // Two polls at the same moment may count once: no harm.
        cell.store(now.wrapping_add(after), Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_its_burst_and_one_a_second() {
        let (pacer, start) = (Pacer::default(), 1_800_000_000_000_i64);
        let poll = |sequence, ms| pacer.poll(sequence, 5, Time(start + ms));
        let taken = (0..20).filter(|_| poll(7, 0).is_ok()).count();
        assert_eq!(taken, 5);
        let after = poll(7, 0).unwrap_err();
        assert!((900..=1_000).contains(&after), "{after}");
        assert!(poll(8, 0).is_ok(), "another place has its own");
        assert!(poll(7, 1_020).is_ok() && poll(7, 1_020).is_err());
        let calm = (0..100).filter(|n| poll(7, 10_000 + n * 1_100).is_ok()).count();
        assert_eq!(calm, 100, "one in 1.1 s is never too often");
        assert!(poll(7, -3_600_000).is_ok(), "a clock that is set back locks nobody out");
        let taken = (0..20).filter(|_| poll(u64::MAX, 0).is_ok()).count();
        assert_eq!(taken, 5, "no place is beyond it");
    }
}
