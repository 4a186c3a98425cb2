//! Adding money to a balance, and an operator's adjustments of it.

use crate::check::is_name;
use crate::id::{ChargeId, ConcertId, PlaceKey, UserId};
use crate::limits::{BALANCE_MAX, CHARGE_MAX, CHARGE_MIN};
use crate::money::{Currency, Money};
use crate::outcome::Outcome;
use crate::refusal::{Field, Refusal};
use crate::rows::event::Happening;
use crate::rows::user::User;
use crate::rows::wallet::{Account, TransferKind};
use crate::rows::{Keys, Rows, want};
use crate::rules::Rule;
use crate::steps::admission::{admitted, arrive, token_keys};
use crate::steps::concert::currency_of;
use crate::steps::event::{of_user, tell};
use crate::steps::wallet::{Movement, balance_in, post};
use crate::time::Time;

/// Adds money to a balance.
#[derive(Clone, Debug)]
pub struct Charge {
    /// Whose.
    pub user: UserId,
    /// The admitted place that the user shops with; `None` where the policy of the server asks for no
    /// admission.
    pub place: Option<PlaceKey>,
    /// Minor units.
    pub amount: Money,
    /// What it is in without a place; with one the concert says.
    pub currency: Currency,
    /// Id of the charge.
    pub charge: ChargeId,
}

impl Rule for Charge {
    fn concert(&self) -> Option<ConcertId> {
        self.place.map(|place| place.queue.concert)
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        match self.place {
            Some(place) => token_keys(place, rows, keys),
            None => want(&mut keys.users, &rows.users, self.user),
        }
        want(&mut keys.balances, &rows.balances, self.user);
    }

    /// Refuses with: token (see [`admitted`]), or without a place user not found (none, or deleted); amount
    /// out of range, currency mismatch, balance limit. The wallet is in the currency of the concert that it is
    /// first charged for.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        match self.place {
            Some(place) => admitted(rows, place, self.user, now)?,
            None => {
                let is_live = rows.users.get(&self.user).is_some_and(User::is_live);
                ensure!(is_live, Refusal::UserNotFound);
            }
        }
        let in_range = (CHARGE_MIN..=CHARGE_MAX).contains(&self.amount);
        ensure!(in_range, Refusal::AmountOutOfRange { min: CHARGE_MIN, max: CHARGE_MAX });
        let concert = self.place.map(|place| place.queue.concert);
        let currency = concert.map_or(self.currency, |concert| currency_of(rows, concert));
        let after = balance_in(rows, self.user, currency)?.amount.checked_add(self.amount);
        let after = after.filter(|sum| *sum <= BALANCE_MAX);
        let after = after.ok_or(Refusal::BalanceLimit { limit: BALANCE_MAX })?;

        if let Some(place) = self.place {
            arrive(rows, place, now);
        }
        let credit = Movement {
            kind: TransferKind::Charge,
            account: Account::Outside,
            amount: self.amount,
            currency,
            reference: self.charge.0,
            reason: None,
        };
        post(rows, self.user, credit, after, now);
        Ok(Outcome::Charged { charge_id: self.charge, amount: self.amount, balance: after })
    }
}

/// Adds money to a balance or takes some, for an operator: money that came or went outside of the system.
/// Nothing is added to a deleted account, where nobody could get at it.
#[derive(Clone, Debug)]
pub struct Adjust {
    /// Whose.
    pub user: UserId,
    /// Minor units; negative: taken.
    pub amount: Money,
    /// What the amount is in.
    pub currency: Currency,
    /// Why, in the operator's words.
    pub reason: String,
    /// Its id.
    pub adjustment: ChargeId,
}

impl Rule for Adjust {
    fn concert(&self) -> Option<ConcertId> {
        None
    }

    fn keys(&self, rows: &Rows, keys: &mut Keys) {
        want(&mut keys.users, &rows.users, self.user);
        want(&mut keys.balances, &rows.balances, self.user);
    }

    /// Refuses with: user not found (none, or deleted and to be credited), amount out of range, invalid
    /// setting (the reason), currency mismatch, balance too low, balance limit.
    fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        let credit = self.amount > Money::ZERO;
        let user = rows.users.get(&self.user);
        let user = user.filter(|user| user.is_live() || !credit);
        ensure!(user.is_some(), Refusal::UserNotFound);
        let size = Money(self.amount.0.saturating_abs());
        let in_range = (CHARGE_MIN..=CHARGE_MAX).contains(&size);
        ensure!(in_range, Refusal::AmountOutOfRange { min: CHARGE_MIN, max: CHARGE_MAX });
        ensure!(is_name(&self.reason), Refusal::InvalidSetting { field: Field::Reason });
        let before = balance_in(rows, self.user, self.currency)?.amount;
        let limit = Refusal::BalanceLimit { limit: BALANCE_MAX };
        let after = before.checked_add(self.amount).ok_or(limit.clone())?;
        ensure!(after >= Money::ZERO, Refusal::BalanceTooLow { balance: before });
        ensure!(after <= BALANCE_MAX, limit);

        let movement = Movement {
            kind: TransferKind::Adjustment,
            account: Account::Outside,
            amount: self.amount,
            currency: self.currency,
            reference: self.adjustment.0,
            reason: Some(self.reason.clone()),
        };
        post(rows, self.user, movement, after, now);
        let (adjustment_id, reason) = (self.adjustment, self.reason.clone());
        let what = if credit {
            Happening::BalanceCredited { adjustment_id, amount: size, reason }
        } else {
            Happening::BalanceDebited { adjustment_id, amount: size, reason }
        };
        tell(rows, of_user(self.user), what, now);
        let (adjustment_id, user_id) = (self.adjustment, self.user);
        Ok(Outcome::Adjusted { adjustment_id, user_id, amount: self.amount, balance: after })
    }
}
