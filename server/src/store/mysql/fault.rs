//! What the servers' error numbers mean here.

use crate::store::Fault;
use mysql::{DriverError, Error};
use std::io::ErrorKind;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The connection is gone; what was sent may have been carried out.
    Lost(String),
    /// No answer came in time. The same, and another server may do better.
    Silent(String),
    /// A statement was refused, and those after it were not looked at.
    Refused {
        code: u16,
        why: String,
        /// Statements of the packet that were carried out before it.
        after: usize,
    },
}

/// Another transaction was in the way; the server has undone this one, or it is to be rolled back:
/// deadlock (and a commit that Galera refuses), lock wait, killed statement, deadlock while
/// checking, a commit that Group Replication refuses, and what it says of any statement of a
/// transaction that it has given up.
const CONFLICT: [u16; 6] = [1213, 1205, 1317, 1614, 3101, 1180];
/// Duplicate key, null, out of range, too long, wrong value, CHECK of MySQL and of MariaDB.
const CONSTRAINT: [u16; 8] = [1062, 1586, 1048, 1264, 1406, 1366, 3819, 4025];
/// No such table, no such column, no default: another schema than ours. Damaged files.
const CORRUPT: [u16; 6] = [1146, 1054, 1364, 1033, 1034, 1194];

/// The server takes no writes: read-only, not part of its cluster or apart from its group, going down
/// or offline.
const OF_SERVER: [u16; 10] = [1290, 1836, 1047, 1053, 3100, 3032, 3796, 3797, 3798, 3799];
/// The server has ended the connection and says why: idle for too long, killed.
const ENDED: [u16; 3] = [4031, 1927, 3169];

impl Trouble {
    /// Whether another server of the database may do better.
    pub fn is_of_server(&self) -> bool {
        match self {
            Self::Silent(_) => true,
            Self::Lost(_) => false,
            Self::Refused { code, .. } => OF_SERVER.contains(code),
        }
    }

    /// Whether something was waited for too long.
    pub fn is_lock_wait(&self) -> bool {
        matches!(self, Self::Refused { code: 1205, .. })
    }

    /// Whether the statement after so many others met a duplicate key.
    pub fn is_duplicate_at(&self, before: usize) -> bool {
        matches!(self, Self::Refused { code: 1062, after, .. } if *after == before)
    }

    /// Whether the connection is of no use any more.
    pub fn ends_connection(&self) -> bool {
        matches!(self, Self::Lost(_)) || self.is_of_server()
    }

    /// Of the statement after `after` others in its packet.
    pub fn of(error: Error, after: usize) -> Self {
        match error {
            Error::MySqlError(error) if ENDED.contains(&error.code) => {
                Self::Lost(line(&error.message))
            }
            Error::MySqlError(error) => {
                Self::Refused { code: error.code, why: line(&error.message), after }
            }
            Error::IoError(error) => {
                let late = [ErrorKind::TimedOut, ErrorKind::WouldBlock].contains(&error.kind());
                let why = line(&error.to_string());
                if late { Self::Silent(why) } else { Self::Lost(why) }
            }
            other => Self::Lost(said(&other)),
        }
    }

    /// The same with so many statements before it.
    pub fn after(self, before: usize) -> Self {
        match self {
            Self::Refused { code, why, after } => {
                Self::Refused { code, why, after: after + before }
            }
            lost => lost,
        }
    }

    /// The connection could not be made.
    pub fn at_connecting(self) -> Fault {
        let (Self::Lost(why) | Self::Silent(why) | Self::Refused { why, .. }) = self;
        Fault::Unavailable(why)
    }

    /// It was a question, or a statement of its own.
    pub fn outside(self) -> Fault {
        match self {
            Self::Lost(why) | Self::Silent(why) => Fault::Unavailable(why),
            Self::Refused { .. } => self.within(),
        }
    }

    /// It was within a transaction, before its commit was sent: nothing of it stands.
    pub fn within(self) -> Fault {
        match self {
            Self::Lost(why) | Self::Silent(why) => Fault::Conflict(why),
            Self::Refused { code, why, .. } if CONFLICT.contains(&code) => Fault::Conflict(why),
            Self::Refused { code, why, .. } if CONSTRAINT.contains(&code) => Fault::Constraint(why),
            Self::Refused { code, why, .. } if CORRUPT.contains(&code) => Fault::Corrupt(why),
            Self::Refused { why, .. } => Fault::Unavailable(why),
        }
    }

    /// It was in the packet that ends with COMMIT, the last of `statements`. Whatever is said of COMMIT
    /// itself proves nothing: a member of a cluster that loses another one while it commits may refuse
    /// what the rest have taken.
    pub fn at_commit(self, statements: usize) -> Fault {
        match self {
            Self::Lost(why) | Self::Silent(why) => Fault::Unknown(why),
            Self::Refused { why, after, .. } if after + 1 >= statements => Fault::Unknown(why),
            before => before.within(),
        }
    }
}

/// An error as a sentence has it, one line of bounded length: the driver's own text names a type of the program.
pub fn said(error: &Error) -> String {
    let text = match error {
        Error::IoError(why) => why.to_string(),
        Error::CodecError(why) => why.to_string(),
        Error::MySqlError(why) => why.message.clone(),
        Error::DriverError(DriverError::CouldNotConnect(Some((address, why, _)))) => {
            format!("no connection to {address}: {why}")
        }
        Error::DriverError(DriverError::CouldNotConnect(None) | DriverError::ConnectTimeout) => {
            "no connection in time".to_owned()
        }
        Error::DriverError(why) => why.to_string(),
        Error::UrlError(why) => why.to_string(),
        Error::TlsError(why) => why.to_string(),
        other => other.to_string(),
    };
    line(&text)
}

/// One line of bounded length.
fn line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u16, after: usize) -> Trouble {
        Trouble::Refused { code, why: "so".into(), after }
    }

    /// H12: only what may stand is unknown.
    #[test]
    fn what_a_commit_left_behind() {
        let lost = || Trouble::Lost("so".into());
        assert_eq!(lost().within(), Fault::Conflict("so".into()));
        assert_eq!(lost().outside(), Fault::Unavailable("so".into()));
        assert_eq!(lost().at_commit(3), Fault::Unknown("so".into()));
        assert_eq!(refused(1213, 2).at_commit(3), Fault::Unknown("so".into()));
        assert_eq!(refused(1213, 1).at_commit(3), Fault::Conflict("so".into()));
        assert_eq!(refused(3101, 2).at_commit(3), Fault::Unknown("so".into()));
        assert!(refused(1062, 1).is_duplicate_at(1) && !refused(1062, 0).is_duplicate_at(1));
        assert_eq!(refused(1180, 2).at_commit(3), Fault::Unknown("so".into()));
        assert_eq!(refused(1047, 2).at_commit(3), Fault::Unknown("so".into()));
        assert_eq!(refused(1062, 1).at_commit(3), Fault::Constraint("so".into()));
        // Group Replication says so of any statement of a transaction that it has given up.
        assert_eq!(refused(1180, 0).at_commit(3), Fault::Conflict("so".into()));
        assert_eq!(refused(1205, 1).at_commit(3), Fault::Conflict("so".into()));
        assert_eq!(refused(1290, 0).at_commit(3), Fault::Unavailable("so".into()));
        assert_eq!(refused(1146, 0).within(), Fault::Corrupt("so".into()));
        assert_eq!(line("a\n  b"), "a b");
    }

    /// No name of a type of the program is told, and what it is about is.
    #[test]
    fn an_error_is_a_sentence() {
        let refused = std::io::Error::from(ErrorKind::ConnectionRefused);
        let why = ("h1:3306".to_owned(), refused.to_string(), refused.kind());
        let driver = |error| Error::DriverError(error);
        let unreached = driver(DriverError::CouldNotConnect(Some(why)));
        for (error, want) in [
            (unreached, "no connection to h1:3306: connection refused"),
            (driver(DriverError::ConnectTimeout), "no connection in time"),
            (driver(DriverError::UnexpectedPacket), "Unexpected packet"),
            (Error::IoError(refused), "connection refused"),
        ] {
            let told = Trouble::of(error, 0).at_connecting();
            assert_eq!(told, Fault::Unavailable(want.into()));
        }
    }
}
