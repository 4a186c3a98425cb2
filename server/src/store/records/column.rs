//! Types of the rules as columns and back.

use super::cell::{Cell, Source};
use crate::store::fault::Fault;
use boxoffice_core::id::{
    ChargeId, ConcertId, DateId, JobId, LayoutId, PaymentId, PosterId, RefundId, ReservationId,
    SessionId, UserId, Uuid,
};
use boxoffice_core::money::{Currency, Money};
use boxoffice_core::outcome::Outcome;
use boxoffice_core::time::Time;
use std::borrow::Cow;

pub(super) fn corrupt(what: &str) -> Fault {
    Fault::Corrupt(format!("unexpected {what}"))
}

/// A type that stands in one column.
pub(super) trait Column: Sized {
    /// The value as it is kept.
    fn cell(&self) -> Cell<'_>;

    /// The value that is kept there; `None` for null.
    fn maybe(source: &dyn Source, column: usize) -> Result<Option<Self>, Fault>;

    /// The value that must be there.
    fn read(source: &dyn Source, column: usize) -> Result<Self, Fault> {
        Self::maybe(source, column)?.ok_or_else(|| corrupt("null"))
    }
}

/// Reads one column after the other.
pub(super) struct Columns<'s> {
    source: &'s dyn Source,
    column: usize,
}

impl<'s> Columns<'s> {
    pub fn of(source: &'s dyn Source) -> Self {
        Self { source, column: 0 }
    }

    pub fn next<C: Column>(&mut self) -> Result<C, Fault> {
        let value = C::read(self.source, self.column);
        self.column += 1;
        value
    }
}

impl Cell<'_> {
    /// A cell stands for itself, where a column is not a field as it is.
    pub(super) const fn cell(self) -> Self {
        self
    }
}

impl<C: Column> Column for Option<C> {
    fn cell(&self) -> Cell<'_> {
        self.as_ref().map_or(Cell::Null, C::cell)
    }
    fn maybe(source: &dyn Source, column: usize) -> Result<Option<Self>, Fault> {
        Ok(Some(C::maybe(source, column)?))
    }
}

impl Column for i64 {
    fn cell(&self) -> Cell<'_> {
        Cell::Int(*self)
    }
    fn maybe(source: &dyn Source, column: usize) -> Result<Option<Self>, Fault> {
        source.int(column)
    }
}

impl Column for bool {
    fn cell(&self) -> Cell<'_> {
        Cell::Int((*self).into())
    }
    fn maybe(source: &dyn Source, column: usize) -> Result<Option<Self>, Fault> {
        Ok(source.int(column)?.map(|flag| flag != 0))
    }
}

impl Column for String {
    fn cell(&self) -> Cell<'_> {
        Cell::Text(Cow::Borrowed(self))
    }
    fn maybe(source: &dyn Source, column: usize) -> Result<Option<Self>, Fault> {
        source.text(column)
    }
}

impl Column for Currency {
    fn cell(&self) -> Cell<'_> {
        Cell::Text(Cow::Borrowed(self.code()))
    }
    fn maybe(source: &dyn Source, column: usize) -> Result<Option<Self>, Fault> {
        let code = source.text(column)?;
        code.map(|code| Self::of(&code).ok_or_else(|| corrupt("currency"))).transpose()
    }
}

impl Column for Uuid {
    fn cell(&self) -> Cell<'_> {
        Cell::Blob(Cow::Borrowed(self.as_bytes()))
    }
    fn maybe(source: &dyn Source, column: usize) -> Result<Option<Self>, Fault> {
        source.uuid(column)
    }
}

impl Column for [u8; 32] {
    fn cell(&self) -> Cell<'_> {
        Cell::Blob(Cow::Borrowed(self))
    }
    fn maybe(source: &dyn Source, column: usize) -> Result<Option<Self>, Fault> {
        source.bytes32(column).map(Some)
    }
}

/// As people say them, so that they can be looked for by hand.
macro_rules! hash_ids {
    ($($name:ident: $what:literal),*) => {$(
        impl Column for $name {
            fn cell(&self) -> Cell<'_> {
                Cell::Text(Cow::Owned(self.to_string()))
            }
            fn maybe(source: &dyn Source, column: usize) -> Result<Option<Self>, Fault> {
                let id = source.text(column)?;
                id.map(|id| Self::parse(&id).ok_or_else(|| corrupt($what))).transpose()
            }
        }
    )*};
}

hash_ids!(LayoutId: "layout", PosterId: "poster");

impl Column for Vec<u8> {
    fn cell(&self) -> Cell<'_> {
        Cell::Blob(Cow::Borrowed(self))
    }
    fn maybe(source: &dyn Source, column: usize) -> Result<Option<Self>, Fault> {
        source.bytes(column)
    }
}

impl Column for Outcome {
    fn cell(&self) -> Cell<'_> {
        // An outcome is plain data with string keys; writing it as JSON cannot fail.
        Cell::Text(Cow::Owned(serde_json::to_string(self).unwrap_or_default()))
    }
    fn maybe(source: &dyn Source, column: usize) -> Result<Option<Self>, Fault> {
        let reply = source.text(column)?;
        let outcome = reply.map(|reply| serde_json::from_str(&reply)).transpose();
        outcome.map_err(|_| corrupt("stored reply"))
    }
}

/// Numbers that a column could exceed.
macro_rules! counts {
    ($($count:ty),*) => {$(
        impl Column for $count {
            fn cell(&self) -> Cell<'_> {
                Cell::Int(i64::try_from(*self).unwrap_or(i64::MAX))
            }
            fn maybe(source: &dyn Source, column: usize) -> Result<Option<Self>, Fault> {
                let count = source.int(column)?.map(Self::try_from).transpose();
                count.map_err(|_| corrupt("number"))
            }
        }
    )*};
}
counts!(u32, u64);

/// Types around one other.
macro_rules! wrappers {
    ($($wrapper:ident),*) => {$(
        impl Column for $wrapper {
            fn cell(&self) -> Cell<'_> {
                self.0.cell()
            }
            fn maybe(source: &dyn Source, column: usize) -> Result<Option<Self>, Fault> {
                Ok(Column::maybe(source, column)?.map(Self))
            }
        }
    )*};
}
wrappers!(
    ChargeId,
    ConcertId,
    DateId,
    JobId,
    PaymentId,
    RefundId,
    ReservationId,
    SessionId,
    UserId,
    Money,
    Time
);

/// A closed list that stands in a column as words.
pub(super) trait Words {
    /// Every word that there is.
    const WORDS: &'static [&'static str];
}

/// Closed lists, by the words that are kept.
macro_rules! words {
    ($list:ident { $($variant:ident: $word:literal,)* }) => {
        impl $crate::store::records::column::Words for $list {
            const WORDS: &'static [&'static str] = &[$($word),*];
        }

        impl $crate::store::records::column::Column for $list {
            fn cell(&self) -> $crate::store::records::Cell<'_> {
                let word = match self {
                    $(Self::$variant => $word,)*
                };
                $crate::store::records::Cell::Text(std::borrow::Cow::Borrowed(word))
            }
            fn maybe(
                source: &dyn $crate::store::records::Source,
                column: usize,
            ) -> Result<Option<Self>, $crate::store::fault::Fault> {
                let Some(word) = source.text(column)? else {
                    return Ok(None);
                };
                match word.as_str() {
                    $($word => Ok(Some(Self::$variant)),)*
                    _ => Err($crate::store::records::column::corrupt(&word)),
                }
            }
        }
    };
}
pub(super) use words;
