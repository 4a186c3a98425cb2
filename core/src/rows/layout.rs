//! Layouts of halls: how their seats stand and what they are called. A layout is never changed; the rules know its
//! text by its size alone.

use crate::time::Time;

/// A row of `layout`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Its canonical text, of which its id is the SHA-256.
    pub body: String,
    /// Seats that it has.
    pub seat_count: u64,
    /// When it was added first.
    pub created_at: Time,
}
