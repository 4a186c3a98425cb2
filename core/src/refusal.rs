//! The closed list of expected "no"s. A refusal has changed nothing.
//!
//! The code is part of the API and never changes its meaning. How a code is shown over HTTP
//! (status, words, whether a retry helps) is one table in the server.

use crate::id::{DateId, PaymentId, ReservationId};
use crate::money::{Currency, Money};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use strum::VariantNames;

/// Why a command was refused.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    /// Another user has the name.
    UsernameTaken,
    /// No such concert.
    ConcertNotFound,
    /// No such date of this concert.
    DateNotFound,
    /// No such waiting queue of this concert.
    QueueNotFound,
    /// A concert, date, or user with this id exists already.
    AlreadyExists,
    /// A performance of this concert starts at the same instant.
    #[strum(serialize = "already_exists")]
    DateExists {
        /// Which; `None`: it is in the same request.
        date_id: Option<DateId>,
        /// When.
        starts_at: Time,
    },
    /// A performance would have started already.
    DateInPast {
        /// When.
        starts_at: Time,
    },
    /// A performance would start before its sale opens, or as it does.
    DateBeforeOpening {
        /// The performance.
        starts_at: Time,
        /// The sale.
        opens_at: Time,
    },
    /// Seats of it are held or sold: it stays as it was told to their owners.
    HeldOrSold {
        /// How many.
        seats: u64,
    },
    /// The sale is open: it has to be closed before its concert is deleted.
    SaleOpen,
    /// The sale's opening or closing would be set to a time that has passed.
    SaleTimeInPast {
        /// Which of both.
        field: Field,
        /// The time.
        at: Time,
    },
    /// The sale has opened: its opening cannot be moved any more.
    SaleHasOpened {
        /// When it did.
        opens_at: Time,
    },
    /// The sale has not opened yet.
    SaleNotOpen {
        /// When it opens.
        opens_at: Time,
    },
    /// The sale is over.
    SaleClosed,
    /// The waiting queue has reached its limit.
    QueueFull,
    /// The queue token names no place of this user.
    #[strum(serialize = "queue_token_unknown")]
    TokenUnknown,
    /// The place is still in line.
    NotAdmitted,
    /// The admission is over.
    #[strum(serialize = "queue_token_expired")]
    TokenExpired,
    /// The date has no seats with these numbers.
    SeatNotFound {
        /// The numbers that do not exist.
        seat_numbers: Vec<u32>,
    },
    /// These seats are held or sold; none was taken.
    SeatsTaken {
        /// The numbers that are not free.
        seat_numbers: Vec<u32>,
    },
    /// The same, where some of them are not for sale: an operator has blocked them.
    #[strum(serialize = "seats_taken")]
    SeatsBlocked {
        /// The numbers that are not free.
        seat_numbers: Vec<u32>,
        /// Those of them that are blocked.
        blocked: Vec<u32>,
    },
    /// These seats are held or sold, so that they can be neither blocked nor put on sale.
    SeatsHeldOrSold {
        /// The numbers that somebody holds.
        held: Vec<u32>,
        /// The numbers that are sold.
        sold: Vec<u32>,
    },
    /// So many seats together are not free, as they are asked for.
    NoFittingSeats {
        /// Seats of the largest block that is free.
        largest: u32,
    },
    /// The user held these seats last and let them go unpaid; they are others' for a while.
    SeatsCoolingOff {
        /// The numbers that are closed to the user.
        seat_numbers: Vec<u32>,
        /// From when on none of them is.
        retry_at: Time,
    },
    /// The user has let too many holds of this concert lapse.
    TooManyLapses {
        /// From when on the user may join again.
        retry_at: Time,
    },
    /// This admission holds seats already; release or pay them first.
    HoldExists {
        /// The reservation that holds them.
        reservation_id: ReservationId,
    },
    /// More seats of this date than one user may have.
    SeatLimit {
        /// Seats a user may have on a date.
        limit: u32,
        /// Held and confirmed seats that the user has now.
        have: u32,
    },
    /// No such reservation of this user under this token's concert.
    ReservationNotFound,
    /// The hold's time is over; the seats are free again.
    HoldLapsed,
    /// The hold was released by its owner.
    HoldReleased,
    /// The reservation was paid before.
    AlreadyPaid {
        /// The payment of that time.
        payment_id: PaymentId,
    },
    /// Too little money; the hold stays.
    InsufficientBalance {
        /// What the user has, minor units.
        balance: Money,
        /// What the seats cost, minor units.
        price: Money,
        /// What is missing, minor units.
        missing: Money,
    },
    /// No such payment.
    PaymentNotFound,
    /// These are no seats of the booking, or not any more.
    SeatsNotBooked {
        /// Which; of many, as many as a booking may have.
        seat_numbers: Vec<u32>,
    },
    /// More would go back than is left of what was paid.
    RefundTooHigh {
        /// What is left, minor units.
        left: Money,
    },
    /// Everything has gone back before, seats and money.
    AlreadyRefunded,
    /// The account of who paid was deleted: nobody could get at the money.
    AccountDeleted,
    /// The money in the wallet is in another currency.
    CurrencyMismatch {
        /// What the wallet is in.
        wallet: Currency,
        /// What is asked for.
        currency: Currency,
    },
    /// A charge below the least or above the most.
    AmountOutOfRange {
        /// Least, minor units.
        min: Money,
        /// Most, minor units.
        max: Money,
    },
    /// The balance would exceed its limit.
    BalanceLimit {
        /// The limit, minor units.
        limit: Money,
    },
    /// The password was changed while somebody signed in with the one before.
    CredentialsWrong,
    /// The password that was given to prove who asks was changed meanwhile.
    PasswordWrong,
    /// The session was ended, or is over.
    SessionEnded,
    /// No such session of this user.
    SessionNotFound,
    /// There is money left in an account that is to be deleted.
    BalanceLeft {
        /// What is left, minor units.
        balance: Money,
    },
    /// The date was cancelled by its organiser.
    DateCancelled {
        /// Why.
        reason: String,
    },
    /// No such job.
    JobNotFound,
    /// The job has ended, is not due, or another process is at it.
    JobNotHeld,
    /// No such layout.
    LayoutNotFound,
    /// No such user.
    UserNotFound,
    /// Less is there than an operator wants to take.
    BalanceTooLow {
        /// What the user has, minor units.
        balance: Money,
    },
    /// The idempotency key was used for another request.
    IdempotencyKeyReused,
    /// An operator's setting is outside what is allowed.
    InvalidSetting {
        /// The field.
        field: Field,
    },
}

/// A field of an operator's command, for [`Refusal::InvalidSetting`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the field of that name in the API")]
pub enum Field {
    ConcertName,
    Theater,
    RunTime,
    SaleWindow,
    OpensAt,
    ClosesAt,
    Policy,
    MaxActive,
    MaxWaiting,
    AdmissionsPerSecond,
    Draw,
    Dates,
    Seats,
    TimeZone,
    PauseReason,
    Reason,
    QueueName,
    Queues,
    Layout,
    Names,
    About,
    Poster,
}

impl Refusal {
    /// Every code there is, for tests that must meet each of them.
    pub const CODES: &'static [&'static str] = Self::VARIANTS;

    /// The stable code that clients may rely on: the variant's name in lower case, where it has no
    /// other.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.into()
    }
}
