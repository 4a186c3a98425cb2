//! Concerts and their dates as columns and back.

use super::{Cell, columns};
use boxoffice_core::concert::{ByHand, Cancellation, Concert, ConcertDate, Policy};
use boxoffice_core::id::{ConcertId, DateId, JobId};
use boxoffice_core::poster::Billing;
use boxoffice_core::time::Time;

columns! {
    Concert[ConcertId] in "concert", found by concert_id; locked Shared;
    |key, row|
    key { concert_id: key }
    fixed { created_at: row.created_at, currency: row.currency }
    mutable {
        hold_ttl_ms: row.policy.hold_ttl_ms,
        shop_ttl_ms: row.policy.shop_ttl_ms,
        arrival_grace_ms: row.policy.arrival_grace_ms,
        seats_per_user: row.policy.seats_per_user,
        rehold_after_ms: row.policy.rehold_after_ms,
        concert_name: row.concert_name,
        theater: row.theater,
        run_time: row.run_time,
        total_seats: row.total_seats,
        date_count: row.date_count,
        start_at: row.start_at,
        end_at: row.end_at,
        opened_at: row.by_hand.opened_at,
        recalled_at: row.by_hand.recalled_at,
        closed_at: row.by_hand.closed_at,
        deleted_at: row.by_hand.deleted_at,
        time_zone: row.time_zone,
        reopened_at: row.by_hand.reopened_at,
        name_en: row.billing.name_en,
        name_ko: row.billing.name_ko,
        about_en: row.billing.about_en,
        about_ko: row.billing.about_ko,
        poster_id: row.billing.poster.as_ref().map_or(Cell::Null, |(id, _)| id.cell()),
        poster_type: row.billing.poster.as_ref().map_or(Cell::Null, |(_, kind)| kind.cell()),
    }
    read concert_id => Concert {
        concert_name,
        theater,
        run_time,
        total_seats,
        date_count,
        start_at,
        end_at,
        by_hand: ByHand { opened_at, recalled_at, closed_at, reopened_at, deleted_at },
        policy: Policy {
            hold_ttl_ms,
            shop_ttl_ms,
            arrival_grace_ms,
            seats_per_user,
            rehold_after_ms,
        },
        time_zone,
        currency,
        billing: Billing {
            name_en,
            name_ko,
            about_en,
            about_ko,
            poster: Option::zip(poster_id, poster_type),
        },
        created_at,
    }
}

columns! {
    ConcertDate[DateId] in "concert_date", found by concert_date_id;
    |key, row|
    key { concert_date_id: key }
    fixed { concert_id: row.concert }
    mutable {
        concert_date: row.concert_date,
        total_seats: row.total_seats,
        available_seats: row.available_seats,
        blocked_seats: row.blocked_seats,
        revision: row.revision,
        withdrawn_at: row.withdrawn_at,
        cancelled_at: row.cancelled.as_ref().map_or(Cell::Null, |cancelled| cancelled.at.cell()),
        cancel_reason: row.cancelled.as_ref().map_or(Cell::Null, |cancelled| cancelled.reason.cell()),
        cancel_job_id: row.cancelled.as_ref().map_or(Cell::Null, |cancelled| cancelled.job.cell()),
        layout_id: row.layout,
    }
    read concert_date_id => ConcertDate {
        concert: concert_id,
        concert_date,
        total_seats,
        available_seats,
        blocked_seats,
        revision,
        withdrawn_at,
        cancelled: cancelled(cancelled_at, cancel_reason, cancel_job_id),
        layout: layout_id,
    }
}

/// All of it or nothing.
fn cancelled(at: Option<Time>, reason: Option<String>, job: Option<JobId>) -> Option<Cancellation> {
    let (at, (reason, job)) = at.zip(reason.zip(job))?;
    Some(Cancellation { at, reason, job })
}
