//! Payments, balances and the ledger, from their rows.

use super::history::History;
use super::{Check, Found, Touched};
use boxoffice_core::id::{ReservationId, UserId, Uuid};
use boxoffice_core::payment::Payment;
use boxoffice_core::reservation::ReservationStatus;
use boxoffice_core::wallet::{Account, Transfer, TransferKind};
use boxoffice_server::store::memory::MemoryStore;
use std::collections::{BTreeMap, BTreeSet};

/// Rows that are never changed, as they were first seen.
#[derive(Default)]
pub struct MoneyBook {
    entries: BTreeMap<(UserId, u64), Transfer>,
    payments: BTreeMap<ReservationId, Payment>,
    /// Payments by id, each with its one debit.
    debits: BTreeMap<Uuid, (UserId, i64)>,
    credits: BTreeMap<Uuid, (UserId, i64)>,
    refunds: BTreeMap<Uuid, (UserId, i64)>,
}

impl MoneyBook {
    pub fn batch(
        &mut self,
        found: &mut Found,
        store: &MemoryStore,
        touched: &Touched,
        history: &History,
    ) {
        for key in &touched.entries {
            self.entry(found, store, *key, history);
        }
        for user in &touched.balances {
            last_entry(found, store, *user);
        }
        for id in &touched.reservations {
            payment(found, store, *id);
            if let Some(payment) = store.payments.get(id) {
                self.payments.insert(*id, *payment);
                self.debit(found, payment);
            }
        }
    }

    pub fn full(&mut self, found: &mut Found, store: &MemoryStore, history: &History) {
        found.ensure(self.entries == store.transfers, Check::Immutable, || {
            "an entry of the ledger has changed".into()
        });
        found.ensure(self.payments == store.payments, Check::Immutable, || {
            "a payment has changed".into()
        });
        for id in store.reservations.keys().chain(store.payments.keys()) {
            payment(found, store, *id);
        }
        for user in store.balances.keys() {
            last_entry(found, store, *user);
        }
        let mut sums: BTreeMap<UserId, (u64, i64)> = BTreeMap::new();
        for (key, entry) in &store.transfers {
            chain(found, store, *key, entry);
            let sum = sums.entry(key.0).or_default();
            *sum = (sum.0 + 1, sum.1 + entry.amount.0);
        }
        for (user, row) in &store.balances {
            let (count, sum) = sums.remove(user).unwrap_or_default();
            let right = row.amount.0 == sum && row.entry_count == count && sum >= 0;
            found.ensure(right, Check::LedgerSum, || {
                format!("{user} has {row:?}, the ledger {count} entries of {sum}")
            });
        }
        found.ensure(sums.is_empty(), Check::LedgerSum, || {
            format!("entries without balance: {sums:?}")
        });
        let debits = |e: &&Transfer| e.kind == TransferKind::Payment;
        let count = store.transfers.values().filter(debits).count();
        found.ensure(count == store.payments.len(), Check::LedgerPayments, || {
            format!("{count} debits, {} payments", store.payments.len())
        });
        let ids: BTreeSet<_> = store.payments.values().map(|p| p.payment).collect();
        found.ensure(ids.len() == store.payments.len(), Check::Payment, || {
            "two payments with one id".into()
        });
        found.ensure(self.refunds == history.refunded, Check::Refund, || {
            format!("{} refunds, {} acknowledged", self.refunds.len(), history.refunded.len())
        });
        zero(found, store);
        found.ensure(self.credits == history.charged, Check::LedgerCharges, || {
            let sum = |all: &BTreeMap<Uuid, (UserId, i64)>| all.values().map(|c| c.1).sum::<i64>();
            format!("{} credited, {} acknowledged", sum(&self.credits), sum(&history.charged))
        });
    }

    /// A new entry: its place in the chain, and what it stands for.
    fn entry(
        &mut self,
        found: &mut Found,
        store: &MemoryStore,
        key: (UserId, u64),
        history: &History,
    ) {
        let Some(entry) = store.transfers.get(&key) else {
            return;
        };
        let before = self.entries.insert(key, entry.clone());
        found.ensure(before.as_ref().is_none_or(|e| e == entry), Check::Immutable, || {
            format!("{key:?} was {before:?} and is {entry:?}")
        });
        chain(found, store, key, entry);
        let what = (key.0, entry.amount.0);
        let (check, right) = match entry.kind {
            TransferKind::Charge | TransferKind::Adjustment => {
                let twice = self.credits.insert(entry.reference, what);
                let told = history.charged.get(&entry.reference) == Some(&what);
                let by_operator = entry.kind == TransferKind::Adjustment;
                let explained = entry.reason.is_some() == by_operator;
                let right = told && twice.is_none() && explained;
                let right = right && entry.account == Account::Outside;
                (Check::LedgerCharges, right && what.1 != 0 && (what.1 > 0 || by_operator))
            }
            TransferKind::Payment => {
                let twice = self.debits.insert(entry.reference, what);
                let sales = matches!(entry.account, Account::Sales(_));
                (Check::LedgerPayments, twice.is_none() && sales && what.1 <= 0)
            }
            TransferKind::Refund => {
                let twice = self.refunds.insert(entry.reference, what);
                let told = history.refunded.get(&entry.reference) == Some(&what);
                let sales = matches!(entry.account, Account::Sales(_));
                (Check::Refund, told && twice.is_none() && sales && entry.reason.is_some())
            }
        };
        found.ensure(right, check, || format!("{key:?} is {entry:?}"));
    }

    fn debit(&self, found: &mut Found, payment: &Payment) {
        let debit = self.debits.get(&payment.payment.0);
        let right = debit == Some(&(payment.user, -payment.amount.0));
        found.ensure(right, Check::LedgerPayments, || {
            format!("{payment:?} was debited as {debit:?}")
        });
    }
}

/// All accounts sum to zero: wallets by their rows, sales by payments and refunds, the outside by what came.
fn zero(found: &mut Found, store: &MemoryStore) {
    let wallets: i64 = store.balances.values().map(|row| row.amount.0).sum();
    let paid: i64 = store.payments.values().map(|row| row.amount.0).sum();
    let back: i64 = store.refunds.values().map(|row| row.amount.0).sum();
    let outside = store.transfers.values().filter(|row| row.account == Account::Outside);
    let outside: i64 = outside.map(|row| row.amount.0).sum();
    found.ensure(wallets + paid - back == outside, Check::LedgerSum, || {
        format!("wallets {wallets}, paid {paid}, back {back}, from outside {outside}")
    });
}

/// Follows from the entry before.
fn chain(found: &mut Found, store: &MemoryStore, key: (UserId, u64), entry: &Transfer) {
    let before = match key.1 {
        0 => None,
        1 => Some(0),
        n => store.transfers.get(&(key.0, n - 1)).map(|e| e.balance_after.0),
    };
    let after = before.map(|before| before + entry.amount.0);
    let right = after == Some(entry.balance_after.0) && entry.balance_after.0 >= 0;
    found.ensure(right, Check::LedgerChain, || format!("{key:?} is {entry:?} after {before:?}"));
}

/// The balance is the one after its last entry.
fn last_entry(found: &mut Found, store: &MemoryStore, user: UserId) {
    let last = store.transfers.range((user, 0)..=(user, u64::MAX)).next_back();
    let row = store.balances.get(&user);
    let last = last.map(|(key, entry)| (key.1, entry.balance_after));
    let said = row.map(|row| (row.entry_count, row.amount));
    found.ensure(said == last, Check::LedgerSum, || format!("{user} has {row:?} after {last:?}"));
}

/// Confirmed means paid, exactly, by the owner; and nothing else is paid.
fn payment(found: &mut Found, store: &MemoryStore, id: ReservationId) {
    let (reservation, payment) = (store.reservations.get(&id), store.payments.get(&id));
    let right = match (reservation, payment) {
        (Some(r), Some(p)) => {
            matches!(r.status, ReservationStatus::Confirmed | ReservationStatus::Refunded)
                && r.payment == Some(p.payment)
                && (p.amount, p.user, p.concert) == (r.total_price, r.user, r.concert())
        }
        (Some(r), None) => {
            !matches!(r.status, ReservationStatus::Confirmed | ReservationStatus::Refunded)
        }
        (None, paid) => paid.is_none(),
    };
    found.ensure(right, Check::Payment, || format!("{id} is {reservation:?}, paid by {payment:?}"));
}
