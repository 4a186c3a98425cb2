//! The closed list of what can happen, with how often it does.

/// What somebody sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Somebody makes an account; now and then under a name or an id that is taken.
    Register,
    /// Somebody comes from an identity provider.
    Adopt,
    /// Somebody signs in, renews or ends a session, changes a password, deletes an account.
    Account,
    /// A user asks for a place, or for the one that is there.
    Join,
    /// A user gives up.
    Leave,
    /// A user comes to the shop.
    Arrive,
    /// A user takes seats, most of them those that others want, too.
    Reserve,
    /// A user releases a hold.
    Cancel,
    /// A user adds money.
    Charge,
    /// A user pays.
    Pay,
    /// A client sends again what it got no answer to, under the same key.
    Retry,
    /// A client uses a key for something else.
    ReuseKey,
    /// A tick on another node proposes what may be due.
    Sweep,
    /// A tick; two nodes often have one at once.
    Tick,
    /// An operator adds a show.
    CreateConcert,
    /// An operator adds a date.
    AddDate,
    /// An operator opens or closes a sale.
    SetSale,
    /// An operator sets a queue.
    SetQueue,
    /// An operator gives the value that a draw waits for.
    AddQueue,
    SetDraw,
    /// An operator changes what is told of a show.
    EditConcert,
    /// An operator moves a date, or changes its seats.
    EditDate,
    /// An operator deletes a show.
    DeleteConcert,
    /// An operator deletes a date.
    DeleteDate,
    /// An operator blocks seats, or puts some on sale again.
    SetSeats,
    /// An operator cancels a date.
    CancelDate,
    /// A process takes a job, does a step of it, or puts it off.
    Job,
    /// An operator adds money to a balance, or takes some.
    Adjust,
    /// An operator gives back what was paid: all of it, seats, or an amount.
    Refund,
}

impl Action {
    /// How often each happens, relative to the others.
    pub const WEIGHTS: [(Self, u64); 29] = [
        (Self::Register, 12),
        (Self::Adopt, 6),
        (Self::Account, 40),
        (Self::Join, 150),
        (Self::Leave, 20),
        (Self::Arrive, 90),
        (Self::Reserve, 190),
        (Self::Cancel, 16),
        (Self::Charge, 110),
        (Self::Pay, 140),
        (Self::Retry, 30),
        (Self::ReuseKey, 6),
        (Self::Sweep, 15),
        (Self::Tick, 25),
        (Self::CreateConcert, 1),
        (Self::AddDate, 4),
        (Self::SetSale, 3),
        (Self::SetQueue, 6),
        (Self::AddQueue, 4),
        (Self::SetDraw, 6),
        (Self::EditConcert, 2),
        (Self::EditDate, 6),
        (Self::DeleteConcert, 1),
        (Self::DeleteDate, 2),
        (Self::SetSeats, 8),
        (Self::CancelDate, 1),
        (Self::Job, 12),
        (Self::Adjust, 12),
        (Self::Refund, 24),
    ];

    /// The action that a number below [`Action::total`] stands for.
    pub fn at(mut number: u64) -> Self {
        for (action, weight) in Self::WEIGHTS {
            if number < weight {
                return action;
            }
            number -= weight;
        }
        Self::Join
    }

    pub fn total() -> u64 {
        Self::WEIGHTS.iter().map(|(_, weight)| weight).sum()
    }
}

/// What happens between two batches, besides time passing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Nothing: the next batch.
    Batch,
    /// The clock jumps back by minutes (H6).
    JumpBack,
    /// The clock jumps forth by minutes (H6).
    JumpForth,
    /// A night passes: keys are forgotten, and every hold and admission is long over.
    Night,
    /// Old idempotency records are removed.
    Prune,
    /// The process dies and starts again on what the store holds (H25).
    Restart,
    /// A payment, and others who want the seats, at the very millisecond of a hold's end (H3).
    Deadline,
    /// The tick stops, or comes back (H5).
    SweeperToggles,
    /// The one who takes seats and lets them lapse goes on with it (H40).
    Blocks,
}

impl Event {
    /// What a number below 1000 stands for.
    pub const fn at(number: u64) -> Self {
        match number {
            0..3 => Self::JumpBack,
            3..6 => Self::JumpForth,
            6 => Self::Night,
            7..12 => Self::Prune,
            12..16 => Self::Restart,
            16..24 => Self::SweeperToggles,
            24..64 => Self::Deadline,
            64..224 => Self::Blocks,
            _ => Self::Batch,
        }
    }
}
