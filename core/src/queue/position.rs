//! What a waiting user is told: position, estimate, when to ask again.

/// Position in line, from 1: queue number, less those served, less those ahead that have left.
/// It never rises: the cursor and the gone only grow, and a number passed by the cursor moves from
/// one to the other.
#[must_use]
pub const fn position(queue_number: u64, cursor: u64, gone_ahead: u64) -> u64 {
    let position = queue_number.saturating_sub(cursor).saturating_sub(gone_ahead);
    if position == 0 { 1 } else { position }
}

/// Estimated wait in whole seconds (rounded up) for a position, from what was admitted in a window
/// of `window_ms`; `None` when nothing was admitted in it.
#[must_use]
pub fn estimated_wait_seconds(position: u64, admitted: u64, window_ms: u64) -> Option<u64> {
    if admitted == 0 || window_ms == 0 {
        return None;
    }
    let ms = u128::from(position) * u128::from(window_ms);
    u64::try_from(ms.div_ceil(u128::from(admitted) * 1000)).ok()
}

/// When to ask again: often near the front, seldom far away. Milliseconds.
#[must_use]
pub fn poll_after_ms(position: u64, estimated_wait_seconds: Option<u64>) -> u64 {
    const LEAST: u64 = 1_000;
    const MOST: u64 = 30_000;
    let by_estimate = estimated_wait_seconds.map(|s| s.saturating_mul(250));
    let by_position = LEAST.saturating_add(position.saturating_mul(2));
    by_estimate.unwrap_or(by_position).clamp(LEAST, MOST)
}
