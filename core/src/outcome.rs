//! What a command that was not refused has done. Kept as the stored reply of its idempotency key,
//! so that a retry is answered with what happened and not with what would happen now.

use crate::id::{
    ChargeId, ConcertId, DateId, JobId, LayoutId, PaymentId, PlaceKey, RefundId, ReservationId,
    SessionId, UserId, Uuid,
};
use crate::money::Money;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// One seat with its price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatPrice {
    /// Number on the date.
    pub seat_number: u32,
    /// Price zone.
    pub zone: String,
    /// Minor units.
    pub price: Money,
}

/// Where a place stands when it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TicketState {
    /// In line.
    Waiting,
    /// In line, at the front.
    Returning,
    /// Let in.
    Admitted {
        /// Until when, if nothing happens.
        until: Time,
    },
}

/// What a queue token is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The place.
    pub place: PlaceKey,
    /// Whether the place is new.
    pub created: bool,
    /// When the user joined.
    pub joined_at: Time,
    /// Order of service; `None` until the draw.
    pub queue_number: Option<u64>,
    /// Where it stands.
    pub state: TicketState,
}

/// What access and refresh tokens are made from: the same gives the same tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// The session.
    pub session_id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// Number of the refresh token.
    pub generation: u64,
    /// When it was given.
    pub at: Time,
    /// When it ends.
    pub refresh_until: Time,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "fields are those of the rows; times are UTC ms, money minor units"
)]
pub enum Outcome {
    Registered {
        user_id: UserId,
        username: String,
    },
    Joined(Ticket),
    Left,
    Arrived {
        until: Time,
    },
    Expired {
        ended: bool,
    },
    /// `more`: there is room left and the line goes on, so that the next tick need not wait.
    Admitted {
        count: u64,
        more: bool,
    },
    Reserved {
        reservation_id: ReservationId,
        date_id: DateId,
        seats: Vec<SeatPrice>,
        total_price: Money,
        held_at: Time,
        expires_at: Time,
    },
    Released,
    Charged {
        charge_id: ChargeId,
        amount: Money,
        balance: Money,
    },
    /// `amount` is negative where money was taken.
    Adjusted {
        adjustment_id: ChargeId,
        user_id: UserId,
        amount: Money,
        balance: Money,
    },
    Paid {
        payment_id: PaymentId,
        reservation_id: ReservationId,
        amount: Money,
        balance: Money,
        paid_at: Time,
    },
    /// `seat_numbers`: those that went back with it, on sale again where they were `released`. `balance`: of
    /// who paid, after it. `left`: what can still go back of the payment.
    Refunded {
        refund_id: RefundId,
        payment_id: PaymentId,
        reservation_id: ReservationId,
        user_id: UserId,
        seat_numbers: Vec<u32>,
        released: bool,
        amount: Money,
        left: Money,
        balance: Money,
        refunded_at: Time,
    },
    ConcertCreated {
        concert_id: ConcertId,
        date_ids: Vec<DateId>,
    },
    DateAdded {
        concert_id: ConcertId,
        date_id: DateId,
    },
    /// The times as they are, and as they are announced.
    SaleSet {
        concert_id: ConcertId,
        opens_at: Time,
        closes_at: Option<Time>,
        #[serde(default)]
        announced_opens_at: Option<Time>,
        #[serde(default)]
        announced_closes_at: Option<Time>,
    },
    ConcertEdited {
        concert_id: ConcertId,
    },
    DateEdited {
        concert_id: ConcertId,
        date_id: DateId,
        starts_at: Time,
        total_seats: u64,
    },
    Deleted,
    /// `changed`: seats that were not so before; the count is the date's after it. How many are available would
    /// tell whether the tick has been there.
    SeatsSet {
        concert_id: ConcertId,
        date_id: DateId,
        changed: Vec<u32>,
        blocked_seats: u64,
    },
    QueueAdded {
        concert_id: ConcertId,
        queue_id: Uuid,
        opens_at: Time,
    },
    /// `queue_id`: the queue, but for the general one.
    QueueSet {
        concert_id: ConcertId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queue_id: Option<Uuid>,
        max_active: u64,
        admissions_per_second: u64,
        max_waiting: u64,
        paused: bool,
    },
    DrawSet {
        concert_id: ConcertId,
    },
    SessionOpened(Issue),
    Refreshed(Issue),
    /// A refresh token that was used before: its session has ended.
    RefreshReused {
        user_id: UserId,
        session_id: SessionId,
    },
    /// How many went on until now.
    SessionsEnded {
        count: u64,
    },
    /// `ended`: so many other sessions.
    PasswordSet {
        ended: u64,
    },
    UserDeleted,
    /// As it was cancelled first.
    DateCancelled {
        concert_id: ConcertId,
        date_id: DateId,
        job_id: JobId,
        cancelled_at: Time,
        reason: String,
    },
    /// `ended`: holds that this step has ended; `refunded`: what went back. `left_because`: why something was left,
    /// at the end of a pass.
    DateClearing {
        job_id: JobId,
        ended: Vec<ReservationId>,
        refunded: Vec<Self>,
        left_because: Option<String>,
        done: bool,
    },
    /// `taken`: it was not tried too often already.
    JobTaken {
        job_id: JobId,
        taken: bool,
    },
    JobPutOff {
        job_id: JobId,
        failed: bool,
    },
    LayoutAdded {
        layout_id: LayoutId,
    },
}
