//! Queues as columns and back.

use super::columns;
use boxoffice_core::id::ConcertId;
use boxoffice_core::queue::{DrawRule, DrawTerms, QueueSettings, QueueState};

columns! {
    QueueState[ConcertId] in "queue_state", found by concert_id;
    |key, row|
    key { concert_id: key }
    fixed { seed: row.seed }
    mutable {
        drawn: row.drawn,
        queue_cursor: row.cursor,
        queue_tail: row.tail,
        waiting_count: row.waiting,
        active: row.active,
        returning_count: row.returning,
        credit_milli: row.credit_milli,
        credit_at: row.credit_at,
        max_active: row.settings.max_active,
        admissions_per_second: row.settings.admissions_per_second,
        max_waiting: row.settings.max_waiting,
        paused: row.settings.paused,
        max_active_at: row.max_active_at,
        draw_joined_before: row.rule.terms.joined_before,
        draw_joined: row.rule.joined,
        draw_beacon: row.rule.terms.beacon,
        draw_value: row.rule.value,
    }
    read concert_id => QueueState {
        seed,
        drawn,
        cursor: queue_cursor,
        tail: queue_tail,
        waiting: waiting_count,
        active,
        returning: returning_count,
        credit_milli,
        credit_at,
        max_active_at,
        settings: QueueSettings { max_active, admissions_per_second, max_waiting, paused },
        rule: DrawRule {
            terms: DrawTerms { joined_before: draw_joined_before, beacon: draw_beacon },
            joined: draw_joined,
            value: draw_value,
        },
    }
}
