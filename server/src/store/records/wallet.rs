//! Balances and the ledger as columns and back.

use super::column::words;
use super::{Cell, columns};
use boxoffice_core::id::UserId;
use boxoffice_core::wallet::{Balance, EntryKind, LedgerEntry};
use std::borrow::Cow;

/// Which way money went; with a reason it was an operator who moved it.
#[derive(Clone, Copy)]
pub(super) enum Flow {
    In,
    Out,
}

words! {
    Flow { In: "charge", Out: "payment", }
}

const fn flow(kind: EntryKind) -> Cell<'static> {
    Cell::Text(Cow::Borrowed(match kind {
        EntryKind::Charge | EntryKind::Credit => "charge",
        EntryKind::Payment | EntryKind::Debit => "payment",
    }))
}

const fn entry_kind(flow: Flow, reason: &Option<String>) -> EntryKind {
    match (flow, reason) {
        (Flow::In, None) => EntryKind::Charge,
        (Flow::In, Some(_)) => EntryKind::Credit,
        (Flow::Out, None) => EntryKind::Payment,
        (Flow::Out, Some(_)) => EntryKind::Debit,
    }
}

columns! {
    Balance[UserId] in "balance", found by user_id;
    |key, row|
    key { user_id: key }
    fixed {}
    mutable { amount: row.amount, entry_count: row.entry_count, updated_at: row.updated_at }
    read user_id => Balance { amount, entry_count, updated_at }
}

columns! {
    LedgerEntry[(UserId, u64)] in "balance_entry", found by user_id, entry_number;
    |key, row|
    key { user_id: key.0, entry_number: key.1 }
    fixed {
        kind: flow(row.kind),
        amount: row.amount,
        balance_after: row.balance_after,
        reference: row.reference,
        created_at: row.created_at,
        reason: row.reason,
    }
    mutable {}
    read (user_id, entry_number) => LedgerEntry {
        kind: entry_kind(kind, &reason),
        amount,
        balance_after,
        reference,
        reason,
        created_at,
    }
}
