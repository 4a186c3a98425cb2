//! A limit on everything, by name. Reaching one is an answer, never a slow death.

use crate::money::Money;

/// The most a balance may hold, minor units (₩10 billion): far from the type's end.
pub const BALANCE_MAX: Money = Money(10_000_000_000);
/// The least and most of one charge, minor units.
pub const CHARGE_MIN: Money = Money(1);
/// See [`CHARGE_MIN`].
pub const CHARGE_MAX: Money = Money(100_000_000);
/// The most one seat may cost, minor units.
pub const PRICE_MAX: Money = Money(100_000_000);

/// Seats of one date.
pub const SEATS_PER_DATE_MAX: usize = 100_000;
/// Seats of all dates that one request makes; further dates come with further requests.
pub const SEATS_PER_REQUEST_MAX: usize = 200_000;
/// Bytes of a layout's canonical text: each of so many seats may have a position of its own.
pub const LAYOUT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Dates of one concert.
pub const DATES_PER_CONCERT_MAX: usize = 366;
/// Waiting queues of one concert.
pub const QUEUES_PER_CONCERT_MAX: usize = 20;
/// Seats named in one reservation, whatever the policy says.
pub const SEATS_PER_RESERVATION_MAX: usize = 50;
/// Seats that one request blocks, or puts on sale again.
pub const SEATS_PER_BLOCK_MAX: usize = 1_000;
/// Blocks of seats that are proposed at once for a reservation of the best seats.
pub const BLOCKS_PER_RESERVATION_MAX: usize = 24;
/// Characters of a name (concert, theater, zone).
pub const NAME_CHARS_MAX: usize = 200;
/// Characters of what is told of a show, in one language.
pub const ABOUT_CHARS_MAX: usize = 1_000;
/// Bytes of a poster.
pub const POSTER_BYTES_MAX: usize = 512 * 1024;
/// Characters of a username, in its normalised form.
pub const USERNAME_CHARS_MAX: usize = 64;
/// Tickets of a date on one page of the list for doors.
pub const TICKETS_PER_PAGE_MAX: usize = 1_000;
/// Sessions that one user may have at once; one more ends the one that was not used for longest.
pub const SESSIONS_PER_USER_MAX: usize = 20;
/// A session ends this long after the sign-in, however often it was renewed.
pub const SESSION_MS_MAX: i64 = 180 * 24 * 60 * 60 * 1000;
/// For so long after its use a refresh token gives once more what it gave then: the answer may have been
/// lost.
pub const REFRESH_AGAIN_MS: i64 = 10_000;
/// Characters kept of what a client calls itself.
pub const USER_AGENT_CHARS_MAX: usize = 200;
/// Characters of an idempotency key.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 128;
/// How long the reply of an idempotency key is kept.
pub const IDEMPOTENCY_KEEP_MS: i64 = 24 * 60 * 60 * 1000;

/// How long events are kept; the newest of a node longer.
pub const EVENT_KEEP_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// How long a process has a job without telling that it goes on; then another may take it.
pub const JOB_LEASE_MS: i64 = 15_000;
/// How often a job is taken that does not go on; then it has failed.
pub const JOB_ATTEMPTS_MAX: u32 = 10;
/// The pause before a job's second try, which doubles with each further one.
pub const JOB_PAUSE_MS: i64 = 1_000;
/// The longest such pause.
pub const JOB_PAUSE_MS_MAX: i64 = 600_000;
/// Reservations of a cancelled date that one step gives back, so that those who shop wait some milliseconds for it
/// at most.
pub const CLEAR_PER_STEP_MAX: usize = 20;

/// How long after its end a concert counts as over: by then nothing of it is under way any more.
pub const OVER_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

/// Hold, shopping and grace times may not be longer than this.
pub const TTL_MS_MAX: i64 = 24 * 60 * 60 * 1000;
/// Admissions a second, and admitted at once, may not be set higher than this.
pub const ADMISSION_MAX: u64 = 10_000_000;
/// Places served by one admission tick, so that those who shop wait some milliseconds for it at most,
/// whatever the queue's length and rate. A tick that has room left is followed by another at once.
pub const PLACES_PER_TICK_MAX: u64 = 100;
/// Places that one tick passes because they have left, beyond those that it serves. A tick that has passed
/// so many is followed by another at once.
pub const LEFT_PER_TICK_MAX: u64 = 10_000;
/// Whoever was let in so long ago and has not come is unaware of it, and keeps nobody out, ms: longer than most need to
/// come.
pub const UNAWARE_AFTER_MS: i64 = 15_000;
/// For the unaware at most so many times `max_active` others are let in: all of them may still come.
pub const UNAWARE_TIMES: u64 = 9;
/// How often one place may come back to the front after not showing up: after that it is over,
/// so that nobody can occupy a slot for ever without shopping.
pub const RETURNS_MAX: u32 = 3;
/// Holds of one concert that one user may let lapse, one after another, before having to stay away for
/// as many times as long as a lapsed seat stays closed. A hold that was released in its second half counts.
/// And so many whole holds is how long a user may hold seats without paying, however the holds ended; each
/// whole hold of it wears off in the same time away.
pub const LAPSES_MAX: u32 = 3;
/// Rounds in which a batch names the rows that it touches (a payment: reservation, then its seats).
pub const LOAD_ROUNDS_MAX: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_computed_ones_are_these() {
        assert_eq!((LAYOUT_BYTES_MAX, POSTER_BYTES_MAX), (4_194_304, 524_288));
        assert_eq!((SESSION_MS_MAX, EVENT_KEEP_MS), (15_552_000_000, 2_592_000_000));
        assert_eq!([IDEMPOTENCY_KEEP_MS, OVER_AFTER_MS, TTL_MS_MAX], [86_400_000; 3]);
    }
}
