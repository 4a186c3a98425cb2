//! Every rule of the sale, and nothing else.
//!
//! This crate has no clock, no randomness, no I/O and no async: `now` and new ids are arguments.
//! The server loads the rows that a batch of commands touches into [`rows::Rows`], calls
//! [`batch::run`], and saves what changed in one transaction.
//!
//! From the ground up: values (ids, times, money, limits), what is told (`refusal`, `outcome`), `rows`,
//! the steps that rules share, the `rules`, the closed list of commands, the batch. Each floor names only
//! those below it. From outside, a subject's rows and commands are found under its one name.

/// Refuses with the given refusal unless the condition holds; a decision reads as a column of these.
macro_rules! ensure {
    ($condition:expr, $refusal:expr) => {
        if !$condition {
            return Err($refusal);
        }
    };
}

pub mod batch;
mod check;
pub mod command;
pub mod draw;
pub mod id;
pub mod limits;
pub mod money;
pub mod outcome;
mod position;
pub mod refusal;
pub mod rows;
mod rules;
mod steps;
pub mod time;

/// Concerts, their dates and seats, and the making of them.
pub mod concert {
    pub use crate::rows::concert::*;
    pub use crate::rows::seat::*;
    pub use crate::rules::concert::*;
    pub use crate::steps::concert::NewSeat;
}

/// What operators change or delete of a concert and its dates.
pub mod edit {
    pub use crate::rules::edit::*;
    pub use crate::rules::seat::*;
    pub use crate::steps::concert::NewSeat;
}

/// Events: what is told of what happened.
pub mod event {
    pub use crate::rows::event::*;
}

/// Idempotency keys and stored replies.
pub mod idempotency {
    pub use crate::rows::idempotency::*;
}

/// Jobs: work that outlives a request, and the kinds of it.
pub mod job {
    pub use crate::rows::job::*;
    pub use crate::rules::cancellation::*;
    pub use crate::rules::job::*;
}

/// Layouts of halls.
pub mod layout {
    pub use crate::rows::layout::*;
    pub use crate::rules::layout::*;
}

/// Payments.
pub mod payment {
    pub use crate::rows::payment::*;
    pub use crate::rules::payment::*;
}

/// Posters of shows, and what else is told of them.
pub mod poster {
    pub use crate::rows::poster::*;
}

/// The waiting queue: join, be admitted in turn, shop for a while, end.
pub mod queue {
    pub use crate::position::*;
    pub use crate::rows::place::*;
    pub use crate::rows::queue::*;
    pub use crate::rules::admission::*;
    pub use crate::rules::draw::*;
    pub use crate::rules::place::*;
    pub use crate::rules::queue::*;
}

/// Money and seats that go back.
pub mod refund {
    pub use crate::rules::refund::*;
}

/// Reservations: hold → confirmed, expired or cancelled; confirmed → refunded.
pub mod reservation {
    pub use crate::rows::reservation::*;
    pub use crate::rules::reservation::*;
}

/// The times of a sale.
pub mod sale {
    pub use crate::rules::sale::*;
}

/// Sign-ins.
pub mod session {
    pub use crate::outcome::Issue;
    pub use crate::rows::session::*;
    pub use crate::rules::session::*;
}

/// Tickets: what is scanned at the door.
pub mod ticket {
    pub use crate::rows::ticket::*;
}

/// People who buy.
pub mod user {
    pub use crate::rows::user::*;
    pub use crate::rules::user::*;
}

/// A user's money.
pub mod wallet {
    pub use crate::rows::wallet::*;
    pub use crate::rules::wallet::*;
}
