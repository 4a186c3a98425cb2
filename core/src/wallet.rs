//! A user's money: a balance, and the ledger that explains it.
//!
//! Every movement is one entry that is never changed; the balance is the sum of them (an audit
//! counts again).

use crate::concert::is_name;
use crate::id::{ChargeId, PlaceKey, UserId, Uuid};
use crate::limits::{BALANCE_MAX, CHARGE_MAX, CHARGE_MIN};
use crate::money::Money;
use crate::outcome::Outcome;
use crate::queue;
use crate::refusal::{Field, Refusal};
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
    post_why(rows, user, after, (entry, None), now);
}

/// The same with the reason that an operator gave.
fn post_why(
    rows: &mut Rows,
    user: UserId,
    after: Money,
    (entry, reason): ((EntryKind, Money, Uuid), Option<String>),
    now: Time,
) {
    let before = balance(rows, user);
    let number = before.entry_count + 1;
    let (kind, amount, reference) = entry;
    let entry =
        LedgerEntry { kind, amount, balance_after: after, reference, reason, created_at: now };
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

/// Adds money to a balance or takes some, for an operator: money that came or went outside of the system.
#[derive(Clone, Debug)]
pub struct Adjust {
    /// Whose.
    pub user: UserId,
    /// Minor units; negative: taken.
    pub amount: Money,
    /// Why, in the operator's words.
    pub reason: String,
    /// Its id.
    pub adjustment: ChargeId,
}

impl Adjust {
    /// Refuses with: user not found, amount out of range, invalid setting (the reason), balance too low,
    /// balance limit.
    pub(crate) fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        ensure!(rows.users.get(&self.user).is_some(), Refusal::UserNotFound);
        let size = Money(self.amount.0.saturating_abs());
        let in_range = (CHARGE_MIN..=CHARGE_MAX).contains(&size);
        ensure!(in_range, Refusal::AmountOutOfRange { min: CHARGE_MIN, max: CHARGE_MAX });
        ensure!(is_name(&self.reason), Refusal::InvalidSetting { field: Field::Reason });
        let before = balance(rows, self.user).amount;
        let limit = Refusal::BalanceLimit { limit: BALANCE_MAX };
        let after = before.checked_add(self.amount).ok_or(limit.clone())?;
        ensure!(after >= Money::ZERO, Refusal::BalanceTooLow { balance: before });
        ensure!(after <= BALANCE_MAX, limit);

        let credit = self.amount > Money::ZERO;
        let kind = if credit { EntryKind::Credit } else { EntryKind::Debit };
        let entry = (kind, self.amount, self.adjustment.0);
        post_why(rows, self.user, after, (entry, Some(self.reason.clone())), now);
        let (adjustment_id, user_id) = (self.adjustment, self.user);
        Ok(Outcome::Adjusted { adjustment_id, user_id, amount: self.amount, balance: after })
    }
}
