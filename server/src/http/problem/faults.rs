//! What is said where nothing was refused and something else was in the way.

use super::{Code, Problem};
use crate::http::limits::whole_seconds;
use crate::passwords::NotHashed;
use crate::store::Fault;
use crate::write_path::NotRun;

impl From<NotRun> for Problem {
    fn from(why: NotRun) -> Self {
        match why {
            NotRun::Busy => Self::of(Code::Busy),
            NotRun::Stopping => Self::of(Code::Stopping),
            NotRun::Fault(fault) => fault.into(),
        }
    }
}

impl From<NotHashed> for Problem {
    fn from(why: NotHashed) -> Self {
        match why {
            NotHashed::Full => Self::of(Code::SignInBusy),
            NotHashed::Delayed(wait) => Self::of(Code::SignInDelayed).after(whole_seconds(wait)),
            NotHashed::Failed => Self::of(Code::Internal),
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let problem = Self::of(match fault {
            Fault::Unavailable(_) => Code::DatabaseUnavailable,
            // Others were in the way, which is no fault of anything.
            Fault::Conflict(_) => return Self::of(Code::Busy),
            Fault::Unknown(_) => Code::OutcomeUnknown,
            Fault::Constraint(_) | Fault::Corrupt(_) | Fault::SchemaTooNew { .. } => Code::Internal,
        });
        problem.noted(fault)
    }
}
