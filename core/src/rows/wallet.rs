//! A user's money: a balance, and the ledger that explains it.
//!
//! Every movement is one entry that is never changed; the balance is the sum of them (an audit
//! counts again).

use crate::id::Uuid;
use crate::money::Money;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// A row of `balance`. A user without one has nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Minor units, never negative.
    pub amount: Money,
    /// How many entries the ledger has; the next one's number is one more.
    pub entry_count: u64,
    /// When it last changed.
    pub updated_at: Time,
}

/// Why money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// The user added money.
    Charge,
    /// The user paid for seats.
    Payment,
    /// An operator added money.
    Credit,
    /// An operator took money.
    Debit,
}

/// A row of `balance_entry`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Why.
    pub kind: EntryKind,
    /// Minor units; negative where money left.
    pub amount: Money,
    /// The balance after it.
    pub balance_after: Money,
    /// The charge's, the payment's, or the operator's adjustment's id.
    pub reference: Uuid,
    /// Why an operator moved it; `None` where its user did.
    pub reason: Option<String>,
    /// When.
    pub created_at: Time,
}
