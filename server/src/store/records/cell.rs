//! What stands in a column, whatever the database.

use crate::store::fault::Fault;
use boxoffice_core::id::Uuid;
use std::borrow::Cow;

/// A column's value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// A number, a time in ms, money in minor units, or a flag.
    Int(i64),
    /// Words.
    Text(Cow<'a, str>),
    /// Bytes: ids and hashes.
    Blob(Cow<'a, [u8]>),
}

impl Cell<'_> {
    /// The same value, owning its bytes.
    #[must_use]
    pub fn into_owned(self) -> Cell<'static> {
        match self {
            Self::Null => Cell::Null,
            Self::Int(value) => Cell::Int(value),
            Self::Text(value) => Cell::Text(Cow::Owned(value.into_owned())),
            Self::Blob(value) => Cell::Blob(Cow::Owned(value.into_owned())),
        }
    }
}

/// A row as a database gives it.
pub trait Source {
    /// The number in a column; `None` for null.
    ///
    /// # Errors
    /// The column holds something else.
    fn int(&self, column: usize) -> Result<Option<i64>, Fault>;
    /// The words in a column; `None` for null.
    ///
    /// # Errors
    /// The column holds something else.
    fn text(&self, column: usize) -> Result<Option<String>, Fault>;
    /// The 16 bytes of an id; `None` for null.
    ///
    /// # Errors
    /// The column holds something else.
    fn uuid(&self, column: usize) -> Result<Option<Uuid>, Fault>;
    /// The bytes in a column; `None` for null.
    ///
    /// # Errors
    /// The column holds something else.
    fn bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Fault>;
    /// 32 bytes: a hash or a seed.
    ///
    /// # Errors
    /// The column holds something else.
    fn bytes32(&self, column: usize) -> Result<[u8; 32], Fault>;
}
