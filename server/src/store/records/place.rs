//! Places in line, and admissions, as columns and back.

use super::column::words;
use super::columns;
use boxoffice_core::id::{PlaceKey, QueueId, UserId};
use boxoffice_core::queue::{Admission, AdmissionEnd, LeftPlace, Place, PlaceStatus};

words! {
    PlaceStatus {
        Waiting: "waiting",
        Returning: "returning",
        Served: "served",
        Left: "left",
    }
}

words! {
    AdmissionEnd {
        Paid: "paid",
        HoldLapsed: "hold_lapsed",
        TimedOut: "timed_out",
        NoShow: "no_show",
        Left: "left",
    }
}

columns! {
    Place[PlaceKey] in "waiting_queue", found by queue_id, sequence;
    |key, row|
    key { queue_id: key.queue.id, sequence: key.sequence }
    fixed {
        concert_id: key.queue.concert,
        user_id: row.user,
        created_at: row.created_at,
        visit: row.visit,
    }
    mutable {
        status: row.status,
        deleted_at: row.deleted_at,
        lapses: row.lapses,
        unpaid_ms: row.unpaid_ms,
    }
    read PlaceKey { queue: QueueId { concert: concert_id, id: queue_id }, sequence } => Place {
        user: user_id,
        status,
        created_at,
        visit,
        deleted_at,
        lapses,
        unpaid_ms,
    }
}

columns! {
    LeftPlace[(UserId, QueueId)] in "left_place", found by user_id, queue_id; locked Guarded;
    |key, row|
    key { user_id: key.0, queue_id: key.1.id }
    fixed { concert_id: key.1.concert, sequence: row.sequence }
    mutable {}
    read (user_id, QueueId { concert: concert_id, id: queue_id }) => LeftPlace { sequence }
}

columns! {
    Admission[PlaceKey] in "user_token", found by queue_id, sequence;
    |key, row|
    key { queue_id: key.queue.id, sequence: key.sequence }
    fixed { concert_id: key.queue.concert, user_id: row.user }
    mutable {
        is_active: row.is_active,
        token_expiry: row.token_expiry,
        admitted_at: row.admitted_at,
        arrived_at: row.arrived_at,
        shop_until: row.shop_until,
        reservation_id: row.reservation,
        end_reason: row.end,
        ended_at: row.ended_at,
        return_count: row.returns,
    }
    read PlaceKey { queue: QueueId { concert: concert_id, id: queue_id }, sequence } => Admission {
        user: user_id,
        is_active,
        token_expiry,
        admitted_at,
        arrived_at,
        shop_until,
        reservation: reservation_id,
        end: end_reason,
        ended_at,
        returns: return_count,
    }
}
