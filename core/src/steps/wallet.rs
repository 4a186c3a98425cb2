//! Reading a balance, and moving money.

use crate::id::{UserId, Uuid};
use crate::money::Money;
use crate::rows::Rows;
use crate::rows::wallet::{Balance, EntryKind, LedgerEntry};
use crate::time::Time;

/// The user's balance as of these rows.
pub(crate) fn balance(rows: &Rows, user: UserId) -> Balance {
    rows.balances.get(&user).copied().unwrap_or_default()
}

/// Money that comes or goes.
pub(crate) struct Movement {
    /// Why.
    pub kind: EntryKind,
    /// Minor units; negative where it goes.
    pub amount: Money,
    /// The charge's, the payment's, or the adjustment's id.
    pub reference: Uuid,
    /// Why an operator moves it.
    pub reason: Option<String>,
}

/// Writes one movement and the balance `after` it, which the caller has checked to be in range.
pub(crate) fn post(rows: &mut Rows, user: UserId, movement: Movement, after: Money, now: Time) {
    let number = balance(rows, user).entry_count + 1;
    let Movement { kind, amount, reference, reason } = movement;
    let entry =
        LedgerEntry { kind, amount, balance_after: after, reference, reason, created_at: now };
    rows.entries.insert((user, number), entry);
    rows.balances.insert(user, Balance { amount: after, entry_count: number, updated_at: now });
}
