//! Money: what each wallet has, and the transfers that explain it.
//!
//! Every movement is one transfer between two accounts that is never changed, so that all accounts
//! together sum to zero. A user's wallet has a row with its balance, since a payment is decided on it. All
//! other accounts are sums of transfers: a row for the sales of a date would be written by everybody who pays
//! for it. An audit counts all of them again.

use crate::id::{DateId, Uuid};
use crate::money::{Currency, Money};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// A row of `balance`: a user's wallet. A user without one has nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Minor units, never negative.
    pub amount: Money,
    /// What it is in, and all of its transfers.
    pub currency: Currency,
    /// How many transfers came and went; the next one's number is one more.
    pub entry_count: u64,
    /// When it last changed.
    pub updated_at: Time,
}

/// Why money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// The user added money.
    Charge,
    /// The user paid for seats.
    Payment,
    /// Money of a payment went back to who paid.
    Refund,
    /// An operator added money or took some.
    Adjustment,
}

/// An account that is no wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// Where money comes from when it is charged, and goes when it is paid out.
    Outside,
    /// What a concert date has earned: payments less refunds.
    Sales(DateId),
}

/// A row of `transfer`: money between a user's wallet and another account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Why.
    pub kind: TransferKind,
    /// The other account.
    pub account: Account,
    /// Minor units: from the account to the wallet, or, where it is negative, from the wallet to the account.
    pub amount: Money,
    /// What the amount is in.
    pub currency: Currency,
    /// The wallet's balance after it.
    pub balance_after: Money,
    /// The charge's, the payment's, the refund's, or the operator's adjustment's id.
    pub reference: Uuid,
    /// Why an operator moved it; `None` where its user did.
    pub reason: Option<String>,
    /// When.
    pub created_at: Time,
}
