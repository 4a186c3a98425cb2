//! Wallets and transfers as columns and back.

use super::column::{corrupt, words};
use super::columns;
use boxoffice_core::id::{DateId, UserId};
use boxoffice_core::wallet::{Account, Balance, Transfer, TransferKind};

words! {
    TransferKind {
        Charge: "charge",
        Payment: "payment",
        Refund: "refund",
        Adjustment: "adjustment",
    }
}

/// What kind of account it is; which of them stands beside it.
#[derive(Clone, Copy)]
pub(super) enum AccountKind {
    Outside,
    Sales,
}

words! {
    AccountKind { Outside: "outside", Sales: "sales", }
}

const fn kind_of(account: Account) -> (AccountKind, Option<DateId>) {
    match account {
        Account::Outside => (AccountKind::Outside, None),
        Account::Sales(date) => (AccountKind::Sales, Some(date)),
    }
}

fn account_of(kind: AccountKind, id: Option<DateId>) -> Result<Account, super::Fault> {
    match (kind, id) {
        (AccountKind::Outside, None) => Ok(Account::Outside),
        (AccountKind::Sales, Some(date)) => Ok(Account::Sales(date)),
        _ => Err(corrupt("account")),
    }
}

columns! {
    Balance[UserId] in "balance", found by user_id;
    |key, row|
    key { user_id: key }
    fixed {}
    mutable {
        amount: row.amount,
        currency: row.currency,
        entry_count: row.entry_count,
        updated_at: row.updated_at,
    }
    read user_id => Balance { amount, currency, entry_count, updated_at }
}

columns! {
    Transfer[(UserId, u64)] in "transfer", found by user_id, entry_number;
    |key, row|
    key { user_id: key.0, entry_number: key.1 }
    fixed {
        kind: row.kind,
        account: kind_of(row.account).0.cell().into_owned(),
        account_id: kind_of(row.account).1.cell().into_owned(),
        amount: row.amount,
        currency: row.currency,
        balance_after: row.balance_after,
        reference: row.reference,
        reason: row.reason,
        created_at: row.created_at,
    }
    mutable {}
    read (user_id, entry_number) => Transfer {
        kind,
        account: account_of(account, account_id)?,
        amount,
        currency,
        balance_after,
        reference,
        reason,
        created_at,
    }
}
