//! Reading a wallet, and moving money.

use crate::id::{UserId, Uuid};
use crate::money::{Currency, Money};
use crate::refusal::Refusal;
use crate::rows::Rows;
use crate::rows::wallet::{Account, Balance, Transfer, TransferKind};
use crate::time::Time;

/// The user's wallet as of these rows.
pub(crate) fn balance(rows: &Rows, user: UserId) -> Balance {
    rows.balances.get(&user).copied().unwrap_or_default()
}

/// The user's wallet, if it is in this currency or nothing has come to it yet. Refuses with: currency
/// mismatch.
pub(crate) fn balance_in(
    rows: &Rows,
    user: UserId,
    currency: Currency,
) -> Result<Balance, Refusal> {
    let balance = balance(rows, user);
    let same = balance.entry_count == 0 || balance.currency == currency;
    let mismatch = Refusal::CurrencyMismatch { wallet: balance.currency, currency };
    ensure!(same, mismatch);
    Ok(balance)
}

/// Money that comes to a wallet or goes.
pub(crate) struct Movement {
    /// Why.
    pub kind: TransferKind,
    /// Where it comes from or goes to.
    pub account: Account,
    /// Minor units; negative where it goes.
    pub amount: Money,
    /// What it is in: what the wallet is in, as the caller has checked.
    pub currency: Currency,
    /// The charge's, the payment's, the refund's, or the adjustment's id.
    pub reference: Uuid,
    /// Why an operator moves it.
    pub reason: Option<String>,
}

/// Writes one transfer and the balance `after` it, which the caller has checked to be in range.
pub(crate) fn post(rows: &mut Rows, user: UserId, movement: Movement, after: Money, now: Time) {
    let number = balance(rows, user).entry_count + 1;
    let Movement { kind, account, amount, currency, reference, reason } = movement;
    let (balance_after, created_at) = (after, now);
    let transfer =
        Transfer { kind, account, amount, currency, balance_after, reference, reason, created_at };
    rows.transfers.insert((user, number), transfer);
    let balance = Balance { amount: after, currency, entry_count: number, updated_at: now };
    rows.balances.insert(user, balance);
}
