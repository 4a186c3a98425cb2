//! Places in line, and admissions, as columns and back.

use super::column::words;
use super::columns;
use boxoffice_core::id::PlaceKey;
use boxoffice_core::queue::{Admission, AdmissionEnd, Place, PlaceStatus};

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
    Place[PlaceKey] in "waiting_queue", found by concert_id, sequence;
    |key, row|
    key { concert_id: key.concert, sequence: key.sequence }
    fixed { user_id: row.user, created_at: row.created_at }
    mutable {
        status: row.status,
        deleted_at: row.deleted_at,
        lapses: row.lapses,
        unpaid_ms: row.unpaid_ms,
    }
    read PlaceKey { concert: concert_id, sequence } => Place {
        user: user_id,
        status,
        created_at,
        deleted_at,
        lapses,
        unpaid_ms,
    }
}

columns! {
    Admission[PlaceKey] in "user_token", found by concert_id, sequence;
    |key, row|
    key { concert_id: key.concert, sequence: key.sequence }
    fixed { user_id: row.user }
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
    read PlaceKey { concert: concert_id, sequence } => Admission {
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
