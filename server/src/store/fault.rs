//! The infrastructure failed. Not a refusal: nothing was decided, and the same request may succeed
//! later. Nothing has changed, but for the one fault that says that this is not known.

/// What failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The database cannot be reached, is full, or is busy for too long.
    Unavailable(String),
    /// Another transaction was in the way: nothing of this one stands, and the whole of it may be
    /// run again at once.
    Conflict(String),
    /// The answer to a commit was lost, and the database cannot be asked either: the transaction
    /// stands as a whole or not at all.
    Unknown(String),
    /// A constraint of the schema said no: the second lock held what the rules should have.
    Constraint(String),
    /// The database is damaged, or holds something that no boxoffice has written.
    Corrupt(String),
    /// The database was written by a newer boxoffice.
    SchemaTooNew {
        /// The version found.
        found: i64,
        /// The newest that this binary knows.
        known: i64,
    },
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unavailable(why) => write!(f, "the database is not available: {why}"),
            Self::Conflict(why) => write!(f, "other transactions used the same rows: {why}"),
            Self::Unknown(why) => {
                write!(f, "it is not known whether the database has committed: {why}")
            }
            Self::Constraint(why) => write!(f, "a constraint of the database refused it: {why}"),
            Self::Corrupt(why) => write!(f, "the database cannot be used: {why}"),
            Self::SchemaTooNew { found, known } => write!(
                f,
                "the database has schema version {found}, this boxoffice knows up to {known}; use the newer binary"
            ),
        }
    }
}

impl std::error::Error for Fault {}
