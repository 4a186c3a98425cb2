//! The closed list of commands: every change of the sale is one of these.

use crate::id::ConcertId;
use crate::outcome::Outcome;
use crate::refusal::Refusal;
use crate::rows::{Keys, Rows};
use crate::rules::Rule;
use crate::rules::admission::{Admit, Arrive, Expire};
use crate::rules::cancellation::{CancelDate, ClearDate};
use crate::rules::concert::{AddDate, CreateConcert};
use crate::rules::draw::SetDraw;
use crate::rules::edit::{DeleteConcert, DeleteDate, EditConcert, EditDate};
use crate::rules::job::{FailJob, TakeJob};
use crate::rules::layout::AddLayout;
use crate::rules::payment::Pay;
use crate::rules::place::{Join, Leave};
use crate::rules::queue::{AddQueue, SetQueue};
use crate::rules::refund::Refund;
use crate::rules::reservation::{Cancel, Reserve, ReserveBest};
use crate::rules::sale::SetSale;
use crate::rules::seat::SetSeats;
use crate::rules::session::{DeleteUser, EndSessions, OpenSession, Refresh, SetPassword};
use crate::rules::user::{Adopt, Register};
use crate::rules::wallet::{Adjust, Charge};
use crate::time::Time;
use strum::VariantNames;

macro_rules! commands {
    ($($name:ident,)*) => {
        /// A change of the sale.
        #[derive(Clone, Debug, strum::IntoStaticStr, strum::VariantNames)]
        #[strum(serialize_all = "snake_case")]
        #[expect(missing_docs, reason = "each variant is documented at its type")]
        pub enum Command {
            $($name($name),)*
        }

        impl Command {
            const fn rule(&self) -> &dyn Rule {
                match self {
                    $(Self::$name(command) => command,)*
                }
            }
        }
    };
}

commands! {
    Register,
    Adopt,
    OpenSession,
    Refresh,
    EndSessions,
    SetPassword,
    DeleteUser,
    Join,
    Leave,
    Arrive,
    Expire,
    Admit,
    Reserve,
    ReserveBest,
    Cancel,
    Charge,
    Pay,
    Refund,
    CreateConcert,
    AddDate,
    SetSale,
    AddQueue,
    SetQueue,
    SetDraw,
    EditConcert,
    EditDate,
    DeleteConcert,
    DeleteDate,
    SetSeats,
    Adjust,
    CancelDate,
    ClearDate,
    TakeJob,
    FailJob,
    AddLayout,
}

impl Command {
    /// Every command's name, for tests that must meet each of them and for metrics.
    pub const NAMES: &'static [&'static str] = Self::VARIANTS;

    /// The command's name: that of its type, in lower case.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// The concert that the command is about, if it is about one.
    #[must_use]
    pub fn concert(&self) -> Option<ConcertId> {
        self.rule().concert()
    }

    /// Adds the rows that the command touches, as far as `rows` lets it know them. Asked again
    /// after each load until nothing new is named: a payment first names its reservation, and once
    /// that is there, the reservation's seats.
    pub fn keys(&self, rows: &Rows, keys: &mut Keys) {
        self.rule().keys(rows, keys);
    }

    /// Decides on the loaded rows: refused with nothing changed, or the whole change applied.
    pub fn decide(&self, rows: &mut Rows, now: Time) -> Result<Outcome, Refusal> {
        self.rule().decide(rows, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{PlaceKey, QueueId, UserId, Uuid};

    #[test]
    fn a_command_names_its_concert_or_none() {
        let (user, concert) = (UserId(Uuid::nil()), ConcertId(Uuid::from_bytes([7; 16])));
        let place = PlaceKey { queue: QueueId::general(concert), sequence: 1 };
        let adopt = Adopt { user, username: String::new() };
        for (command, named) in [
            (Command::Adopt(adopt), None),
            (Command::Join(Join::of(user, QueueId::general(concert))), Some(concert)),
            (Command::Expire(Expire { place }), Some(concert)),
            (Command::Admit(Admit::of(QueueId::general(concert))), Some(concert)),
        ] {
            assert_eq!(command.concert(), named, "{}", command.name());
        }
    }
}
