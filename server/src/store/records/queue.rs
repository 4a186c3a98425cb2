//! Queues as columns and back.

use super::column::words;
use super::columns;
use boxoffice_core::id::QueueId;
use boxoffice_core::queue::{
    DrawRule, DrawTerms, PauseReason, QueueKind, QueueSettings, QueueState,
};

words! {
    QueueKind {
        General: "general",
        Named: "named",
    }
}

columns! {
    QueueState[QueueId] in "queue_state", found by queue_id;
    |key, row|
    key { queue_id: key.id }
    fixed {
        concert_id: key.concert,
        kind: row.kind,
        queue_name: row.queue_name,
        opens_at: row.own_opens_at,
        seed: row.seed,
    }
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
        pause_en: row.pause_reason.en,
        pause_ko: row.pause_reason.ko,
    }
    read QueueId { concert: concert_id, id: queue_id } => QueueState {
        kind,
        queue_name,
        own_opens_at: opens_at,
        pause_reason: PauseReason { en: pause_en, ko: pause_ko },
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
