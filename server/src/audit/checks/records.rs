//! What must hold of stored replies, accounts, jobs, posters and events.

use super::super::Check;
use super::check;

/// A check of stored replies, each as `reply` of `k`; null where it is no JSON.
macro_rules! stored {
    ($sql:literal) => {
        concat!(
            "WITH k AS (SELECT scope_id, idempotency_key,
                CASE WHEN json_valid(reply) THEN reply END AS reply FROM idempotency_key)
             SELECT 'key ' || idempotency_key || ' of ' || lower(hex(scope_id)) FROM k ",
            $sql
        )
    };
}

/// A check of events, each as a row of `e`; their data are null where they are no JSON.
macro_rules! told {
    ($sql:literal) => {
        concat!(
            "WITH e AS (SELECT node_number, event_number, kind, user_id, created_at,
                CASE WHEN json_valid(data) THEN data END AS data FROM event) ",
            $sql
        )
    };
}

/// See the module.
pub const RECORDS: &[Check] = &[
    check(
        "reply_known",
        "a stored reply is of a kind that there is",
        stored!(
            "WHERE reply IS NULL OR coalesce(
                CASE json_type(reply) WHEN 'text' THEN reply ->> '$'
                    WHEN 'object' THEN (SELECT min(key) FROM json_each(reply) HAVING count(*) = 1) END, '')
             NOT IN ('Registered', 'Joined', 'Left', 'Arrived', 'Reserved', 'Released', 'Charged', 'Paid',
                'ConcertCreated', 'DateAdded', 'SaleSet', 'QueueAdded', 'QueueSet', 'DrawSet',
                 'ConcertEdited', 'DateEdited', 'Deleted', 'Adjusted', 'Refunded', 'DateCancelled',
                 'SeatsSet', 'LayoutAdded')"
        ),
    ),
    check(
        "session_refused",
        "a session that was ended is refused for as long as an access token of it counts",
        "SELECT 'session ' || lower(hex(session_id)) FROM session
         WHERE (ended_at IS NULL) <> (refused_until IS NULL) OR refused_until <> access_until",
    ),
    check(
        "user_deleted",
        "a deleted account has neither its name nor a password, and no session goes on",
        "SELECT 'user ' || lower(hex(user_id)) FROM user u WHERE deleted_at IS NOT NULL AND (
            password_hash IS NOT NULL OR username NOT LIKE 'deleted#%'
            OR EXISTS (SELECT 1 FROM session s WHERE s.user_id = u.user_id AND s.ended_at IS NULL))",
    ),
    check(
        "reply_reserved",
        "a stored reply's reservation is there, of that price and date",
        stored!(
            "LEFT JOIN reservation r ON r.reservation_id = unhex(reply ->> '$.Reserved.reservation_id', '-')
         WHERE reply -> '$.Reserved' IS NOT NULL AND (
            r.user_id IS NOT scope_id OR r.total_price IS NOT reply ->> '$.Reserved.total_price'
            OR r.concert_date_id IS NOT unhex(reply ->> '$.Reserved.date_id', '-')
            OR r.expires_at IS NOT reply ->> '$.Reserved.expires_at'
            OR r.seat_count IS NOT json_array_length(reply, '$.Reserved.seats'))"
        ),
    ),
    check(
        "reply_charged",
        "a stored reply's charge, or an operator's entry, is a transfer",
        stored!(
            "WHERE (reply -> '$.Charged' IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM transfer e WHERE e.user_id = k.scope_id AND e.kind = 'charge'
                AND e.reference = unhex(reply ->> '$.Charged.charge_id', '-')
                AND e.amount = reply ->> '$.Charged.amount'
                AND e.balance_after = reply ->> '$.Charged.balance'))
            OR (reply -> '$.Adjusted' IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM transfer e WHERE e.kind = 'adjustment'
                AND e.user_id = unhex(reply ->> '$.Adjusted.user_id', '-')
                AND e.reference = unhex(reply ->> '$.Adjusted.adjustment_id', '-')
                AND e.amount = reply ->> '$.Adjusted.amount'
                AND e.balance_after = reply ->> '$.Adjusted.balance'))"
        ),
    ),
    check(
        "reply_paid",
        "a stored reply's payment is there, for that reservation",
        stored!(
            "LEFT JOIN amount a ON a.amount_id = unhex(reply ->> '$.Paid.payment_id', '-')
         WHERE reply -> '$.Paid' IS NOT NULL AND (
            a.user_id IS NOT scope_id OR a.amount IS NOT reply ->> '$.Paid.amount'
            OR a.reservation_id IS NOT unhex(reply ->> '$.Paid.reservation_id', '-'))"
        ),
    ),
    check(
        "reply_refunded",
        "a stored reply's refund is there, of that payment and amount",
        stored!(
            "LEFT JOIN refund f ON f.refund_id = unhex(reply ->> '$.Refunded.refund_id', '-')
            LEFT JOIN amount a ON a.reservation_id = f.reservation_id
         WHERE reply -> '$.Refunded' IS NOT NULL AND (
            a.amount_id IS NOT unhex(reply ->> '$.Refunded.payment_id', '-')
            OR f.amount IS NOT reply ->> '$.Refunded.amount'
            OR f.seat_count IS NOT json_array_length(reply, '$.Refunded.seat_numbers'))"
        ),
    ),
    check(
        "reply_joined",
        "a stored reply's place is the user's",
        stored!(
            "LEFT JOIN waiting_queue w ON w.concert_id = unhex(reply ->> '$.Joined.place.concert', '-')
            AND w.queue_id = unhex(coalesce(reply ->> '$.Joined.place.queue', reply ->> '$.Joined.place.concert'), '-')
            AND w.sequence = reply ->> '$.Joined.place.sequence'
         WHERE reply -> '$.Joined' IS NOT NULL AND w.user_id IS NOT scope_id"
        ),
    ),
    check(
        "job_state",
        "a job is due until it has ended, held while it runs, and of a kind that there is",
        "SELECT 'job ' || lower(hex(job_id)) || ' is ' || state FROM job
         WHERE (due_at IS NULL) <> (state IN ('done', 'failed')) OR (ended_at IS NULL) <> (due_at IS NOT NULL)
            OR (holder_id IS NULL) <> (state <> 'running')
            OR state NOT IN ('waiting', 'running', 'done', 'failed') OR kind <> 'date_cancellation'
            OR NOT json_valid(report) OR done_count < 0 OR done_count > total_count",
    ),
    check(
        "date_cancelled",
        "a cancelled date has its job, and nothing of it is held or sold any more when that is done",
        "SELECT 'date ' || lower(hex(concert_date_id)) FROM concert_date d
         LEFT JOIN job j ON j.job_id = d.cancel_job_id
         WHERE (cancelled_at IS NULL) <> (cancel_job_id IS NULL) OR (cancelled_at IS NULL) <> (cancel_reason IS NULL)
            OR (cancelled_at IS NOT NULL AND j.job_id IS NULL)
            OR (j.state = 'done' AND EXISTS (SELECT 1 FROM seat s
                WHERE s.concert_date_id = d.concert_date_id AND s.status IN ('held', 'sold')))",
    ),
    check(
        "concert_poster",
        "a concert's poster is there, and of the kind that is told",
        "SELECT 'concert ' || lower(hex(concert_id)) FROM concert LEFT JOIN poster p USING (poster_id)
         WHERE (poster_id IS NULL) <> (poster_type IS NULL) OR p.media_type IS NOT poster_type",
    ),
    check(
        "event_numbers",
        "the events of a node are numbered without gaps",
        "SELECT 'node ' || node_number || ': ' || count(*) || ' of ' || min(event_number) || ' to ' || max(event_number)
         FROM event GROUP BY node_number
         HAVING min(event_number) < 1 OR count(*) <> max(event_number) - min(event_number) + 1",
    ),
    check(
        "event_known",
        "an event is of a kind that there is",
        told!(
            "SELECT 'event ' || node_number || '-' || event_number || ': ' || kind FROM e
         WHERE data IS NULL OR kind NOT IN ('booking.paid', 'balance.credited', 'balance.debited',
            'user.deleted', 'concert.created', 'concert.changed', 'concert.deleted', 'policy.changed',
            'date.added', 'date.changed', 'date.withdrawn', 'sale.scheduled', 'sale.opened', 'sale.closed',
            'sale.paused', 'sale.resumed', 'booking.refunded', 'queue.added', 'queue.changed', 'draw.given', 'date.cancelled', 'date.cleared',
            'seats.blocked', 'seats.unblocked')"
        ),
    ),
    check(
        "event_paid",
        "a payment has its event once, for as long as events are kept",
        told!(
            ", told AS MATERIALIZED (SELECT unhex(data ->> '$.payment_id', '-') AS amount_id, count(*) AS times
                FROM e WHERE kind = 'booking.paid' GROUP BY 1),
            since AS (SELECT max(:now - 2592000000 + :slack, coalesce((SELECT CAST(setting_value AS INTEGER)
                FROM sale_setting WHERE setting_name = 'events_since'), 0)) AS moment)
         SELECT 'payment ' || lower(hex(amount_id)) || ': ' || coalesce(times, 0)
         FROM amount LEFT JOIN told USING (amount_id)
         WHERE payment_date > (SELECT moment FROM since) AND times IS NOT 1"
        ),
    ),
    check(
        "event_refunded",
        "a refund has its event once, for as long as events are kept",
        told!(
            ", told AS MATERIALIZED (SELECT unhex(data ->> '$.refund_id', '-') AS refund_id, count(*) AS times
                FROM e WHERE kind = 'booking.refunded' GROUP BY 1)
         SELECT 'refund ' || lower(hex(refund_id)) || ': ' || coalesce(times, 0)
         FROM refund LEFT JOIN told USING (refund_id)
         WHERE created_at > :now - 2592000000 + :slack AND times IS NOT 1"
        ),
    ),
    check(
        "event_true",
        "an event of a payment tells what was paid",
        told!(
            "SELECT 'event ' || node_number || '-' || event_number FROM e
         LEFT JOIN amount a ON a.amount_id = unhex(data ->> '$.payment_id', '-')
         WHERE kind = 'booking.paid' AND (a.user_id IS NOT e.user_id OR a.amount IS NOT data ->> '$.amount'
            OR a.payment_date IS NOT e.created_at
            OR a.reservation_id IS NOT unhex(data ->> '$.reservation_id', '-'))"
        ),
    ),
];
