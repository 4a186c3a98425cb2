//! How rows of the rules become columns and back, once for every store: a file a subject, named as the
//! rows' own.

mod cell;
mod column;
mod concert;
mod event;
mod idempotency;
pub mod job;
pub mod key;
mod layout;
mod payment;
mod place;
mod poster;
mod queue;
mod reservation;
mod seat;
mod session;
mod user;
mod wallet;

use super::fault::Fault;
use super::table::{API_KEY, SALE_SETTING, TICKET_KEY, Table};
use boxoffice_core::concert::SeatStatus;
use boxoffice_core::poster::PosterType;
use boxoffice_core::queue::{AdmissionEnd, PlaceStatus, QueueKind};
use boxoffice_core::reservation::ReservationStatus;
use boxoffice_core::tables;
use boxoffice_core::wallet::TransferKind;
use column::Words;
use key::RowKey;

pub use cell::{Cell, Source};

/// Every column that holds a word of a closed list: its table, its name, and the words that there are. The
/// schema names none of them, so that a new word needs no new table; the audit checks them all.
pub const WORDS: &[(&str, &str, &[&str])] = &[
    ("seat", "status", SeatStatus::WORDS),
    ("waiting_queue", "status", PlaceStatus::WORDS),
    ("user_token", "end_reason", AdmissionEnd::WORDS),
    ("reservation", "status", ReservationStatus::WORDS),
    ("queue_state", "kind", QueueKind::WORDS),
    ("poster", "media_type", PosterType::WORDS),
    ("concert", "poster_type", PosterType::WORDS),
    ("transfer", "kind", TransferKind::WORDS),
    ("transfer", "account", wallet::AccountKind::WORDS),
];

/// A row of the rules that is kept in a table.
pub trait Record: Sized {
    /// What names the row.
    type Key: RowKey;
    /// Where it is kept.
    const TABLE: &'static Table;
    /// The values in the order of the table's columns.
    fn cells<'a>(key: &'a Self::Key, row: &'a Self) -> Vec<Cell<'a>>;
    /// The row from its columns.
    ///
    /// # Errors
    /// A column holds what no boxoffice has written.
    fn read(source: &dyn Source) -> Result<(Self::Key, Self), Fault>;
}

/// Describes a table: the row, its key, the table's name, the columns that an update finds a row by, and
/// how servers lock it; then each column with its value, in the order key, fixed, mutable; last how key and
/// row are made from the columns.
macro_rules! columns {
    (
        $row:ident[$key:ty] in $name:literal, found by $($found:ident),+; locked $lock:ident;
        |$k:ident, $r:ident|
        key { $($key_column:ident: $key_value:expr),* $(,)? }
        fixed { $($fixed:ident: $fixed_value:expr),* $(,)? }
        mutable { $($mutable:ident: $mutable_value:expr),* $(,)? }
        read $key_read:expr => $row_read:expr
    ) => {
        impl $crate::store::records::Record for $row {
            type Key = $key;
            const TABLE: &'static $crate::store::table::Table = &$crate::store::table::Table {
                name: $name,
                key: &[$(stringify!($key_column)),*],
                fixed: &[$(stringify!($fixed)),*],
                mutable: &[$(stringify!($mutable)),*],
                row: &[$(stringify!($found)),+],
                lock: $crate::store::table::Lock::$lock,
            };
            fn cells<'a>($k: &'a $key, $r: &'a Self) -> Vec<$crate::store::records::Cell<'a>> {
                use $crate::store::records::column::Column as _;
                vec![
                    $($key_value.cell(),)*
                    $($fixed_value.cell(),)*
                    $($mutable_value.cell(),)*
                ]
            }
            fn read(
                source: &dyn $crate::store::records::Source,
            ) -> Result<($key, Self), $crate::store::fault::Fault> {
                let mut columns = $crate::store::records::column::Columns::of(source);
                $(let $key_column = columns.next()?;)*
                $(let $fixed = columns.next()?;)*
                $(let $mutable = columns.next()?;)*
                Ok(($key_read, $row_read))
            }
        }
    };
    (
        $row:ident[$key:ty] in $name:literal, found by $($found:ident),+;
        $($rest:tt)*
    ) => {
        $crate::store::records::columns! {
            $row[$key] in $name, found by $($found),+; locked Exclusive;
            $($rest)*
        }
    };
}
use columns;

/// Tables that are not the sale's.
const OTHERS: [&Table; 3] = [&API_KEY, &SALE_SETTING, &TICKET_KEY];

/// How many tables there are.
const COUNT: usize = {
    let mut count = OTHERS.len();
    macro_rules! count {
        (index $($line:tt)*) => {};
        ($($line:tt)*) => {
            count += 1;
        };
    }
    tables!(each count);
    count
};

/// Every table but the schema's own version: those of the sale, as [`boxoffice_core::tables`] lists them,
/// and the others.
pub const TABLES: [&Table; COUNT] = {
    let mut all = [OTHERS[0]; COUNT];
    let mut at = OTHERS.len();
    macro_rules! add {
        (index $($line:tt)*) => {};
        ($kind:ident $field:ident: $key:ty => $row:ty) => {
            all[at] = <$row as Record>::TABLE;
            at += 1;
        };
    }
    tables!(each add);
    assert!(at == COUNT);
    all[1] = OTHERS[1];
    all[2] = OTHERS[2];
    all
};
