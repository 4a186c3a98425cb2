//! A user's money: a balance, and the ledger that explains it.
//!
//! Every movement is one entry that is never changed; the balance is the sum of them (an audit
//! counts again).

use crate::id::{ChargeId, PlaceKey, UserId, Uuid};
use crate::limits::{BALANCE_MAX, CHARGE_MAX, CHARGE_MIN};
use crate::money::Money;
use crate::outcome::Outcome;
use crate::queue;
use crate::refusal::Refusal;
use crate::rows::Rows;
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
}

/// A row of `balance_entry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Why.
    pub kind: EntryKind,
    /// Minor units; negative where money left.
    pub amount: Money,
    /// The balance after it.
    pub balance_after: Money,
    /// The charge's or the payment's id.
    pub reference: Uuid,
    /// When.
    pub created_at: Time,
}

/// The user's balance as of these rows.
#[must_use]
pub fn balance(rows: &Rows, user: UserId) -> Balance {
    rows.balances.get(&user).copied().unwrap_or_default()
}

/// Writes one movement and the balance after it, which the caller has checked to be in range.
pub(crate) fn post(
    rows: &mut Rows,
    user: UserId,
    after: Money,
    entry: (EntryKind, Money, Uuid),
    now: Time,
) {
    let before = balance(rows, user);
    let number = before.entry_count + 1;
    let (kind, amount, reference) = entry;
    let entry = LedgerEntry { kind, amount, balance_after: after, reference, created_at: now };
    rows.entries.insert((user, number), entry);
    rows.balances.insert(user, Balance { amount: after, entry_count: number, updated_at: now });
}

/// Adds money to a balance.
#[derive(Clone, Debug)]
pub struct Charge {
    /// Whose.
    pub user: UserId,
    /// The admitted place that the user shops with.
    pub place: PlaceKey,
    /// Minor units.
    pub amount: Money,
    /// Id of the charge.
    pub charge: ChargeId,
}

impl Charge {
    /// Refuses with: token (see [`queue::admitted`]), amount out of range, balance limit.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        queue::admitted(rows, self.place, self.user, now)?;
        let in_range = (CHARGE_MIN..=CHARGE_MAX).contains(&self.amount);
        ensure!(in_range, Refusal::AmountOutOfRange { min: CHARGE_MIN, max: CHARGE_MAX });
        let after = balance(rows, self.user).amount.checked_add(self.amount);
        let after = after.filter(|sum| *sum <= BALANCE_MAX);
        let after = after.ok_or(Refusal::BalanceLimit { limit: BALANCE_MAX })?;

        queue::arrive(rows, self.place, now);
        post(rows, self.user, after, (EntryKind::Charge, self.amount, self.charge.0), now);
        Ok(Outcome::Charged { charge_id: self.charge, amount: self.amount, balance: after })
    }
}
