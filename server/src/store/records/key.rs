//! Keys that rows are looked up by, as the first columns of their tables.

use super::cell::Cell;
use super::column::Column as _;
use boxoffice_core::id::{
    ConcertId, DateId, EventKey, JobId, LayoutId, PlaceKey, PosterId, QueueId, ReservationId,
    SeatKey, SessionId, UserId, Uuid,
};

/// What a key consists of, which says how servers look many of them up at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An id.
    Id,
    /// An id and a number or another id, or two numbers.
    Numbered,
    /// An id and words.
    Worded,
}

/// A key of rows.
pub trait RowKey: Ord + Clone + std::fmt::Debug {
    /// What it consists of.
    const SHAPE: Shape;
    /// Its columns.
    fn cells(&self) -> impl AsRef<[Cell<'_>]>;
}

macro_rules! ids {
    ($($id:ident),*) => {$(
        impl RowKey for $id {
            const SHAPE: Shape = Shape::Id;
            fn cells(&self) -> impl AsRef<[Cell<'_>]> {
                [self.cell()]
            }
        }
    )*};
}
ids!(ConcertId, DateId, JobId, LayoutId, PosterId, ReservationId, SessionId, UserId);

/// Its own id is enough to find it.
impl RowKey for QueueId {
    const SHAPE: Shape = Shape::Id;
    fn cells(&self) -> impl AsRef<[Cell<'_>]> {
        [self.id.cell()]
    }
}

impl RowKey for PlaceKey {
    const SHAPE: Shape = Shape::Numbered;
    fn cells(&self) -> impl AsRef<[Cell<'_>]> {
        [self.queue.id.cell(), self.sequence.cell()]
    }
}

impl RowKey for SeatKey {
    const SHAPE: Shape = Shape::Numbered;
    fn cells(&self) -> impl AsRef<[Cell<'_>]> {
        [self.date.cell(), self.number.cell()]
    }
}

impl RowKey for EventKey {
    const SHAPE: Shape = Shape::Numbered;
    fn cells(&self) -> impl AsRef<[Cell<'_>]> {
        [self.node.cell(), self.number.cell()]
    }
}

impl RowKey for (UserId, QueueId) {
    const SHAPE: Shape = Shape::Numbered;
    fn cells(&self) -> impl AsRef<[Cell<'_>]> {
        [self.0.cell(), self.1.id.cell()]
    }
}

/// Rows of something, by number.
macro_rules! numbered {
    ($($id:ident $number:ident),*) => {$(
        impl RowKey for ($id, $number) {
            const SHAPE: Shape = Shape::Numbered;
            fn cells(&self) -> impl AsRef<[Cell<'_>]> {
                [self.0.cell(), self.1.cell()]
            }
        }
    )*};
}
numbered!(UserId u64, ReservationId u64, ReservationId u32);

impl RowKey for (Uuid, String) {
    const SHAPE: Shape = Shape::Worded;
    fn cells(&self) -> impl AsRef<[Cell<'_>]> {
        [self.0.cell(), self.1.cell()]
    }
}
