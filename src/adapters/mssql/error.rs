//! What an error of the server or the connection means, and what may be done about it.

use std::time::Duration;

use tiberius::error::Error as DriverError;

use crate::ports::StoreError;

/// What an error number means for the unit of work it ended. In every case the transaction was
/// rolled back: a batch commits last and runs under `XACT_ABORT`, so an error instead of its answer
/// means that nothing was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The server is busy, moving or was in a deadlock: the same may work in a moment.
    Transient,
    /// Somebody stored the same key first: run the unit again, it will read what is there.
    Duplicate,
    /// Trying again changes nothing.
    Permanent,
}

/// Transient numbers, among them 1222, 10928, 10929, 10053, 10054, 10060 (S1-Flow-3b), and those of
/// Azure SQL and of SqlClient's own list: out of locks (1204), too many operations in progress
/// (49918 to 49920), moving (40143, 40197, 40540), waking up (42108, 42109).
/// SqlClient's -2, a timeout, is [`Failure::Silent`] here, and its 64, 233, 10053, 10054 and 10060
/// mostly arrive as [`Failure::Lost`].
const TRANSIENT: [u32; 22] = [
    64, 233, 1204, 1205, 1222, 4060, 4221, 10053, 10054, 10060, 10928, 10929, 40143, 40197, 40501,
    40540, 40613, 42108, 42109, 49918, 49919, 49920,
];

/// Unique index, and unique or primary key constraint.
const DUPLICATE: [u32; 2] = [2601, 2627];

/// What the server's error number means.
pub(super) fn meaning(number: u32) -> Meaning {
    if TRANSIENT.contains(&number) {
        Meaning::Transient
    } else if DUPLICATE.contains(&number) {
        Meaning::Duplicate
    } else {
        Meaning::Permanent
    }
}

/// Why a connection could not be opened. Clones are handed to everybody who waits for one.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{text}")]
pub(super) struct ConnectError {
    text: String,
    permanent: bool,
}

impl ConnectError {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), permanent: false }
    }
}

impl From<bb8_tiberius::Error> for ConnectError {
    fn from(error: bb8_tiberius::Error) -> Self {
        match error {
            bb8_tiberius::Error::Io(error) => {
                Self::new(format!("cannot reach SQL Server: {}", error.kind()))
            }
            bb8_tiberius::Error::Tiberius(error) => {
                let permanent =
                    error.code().is_some_and(|number| meaning(number) == Meaning::Permanent);
                Self {
                    text: format!("cannot log in to SQL Server: {}", describe(&error)),
                    permanent,
                }
            }
        }
    }
}

/// How one attempt at a unit of work failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// No connection became free. Nothing was sent.
    #[error("no SQL Server connection became free within {0:?}")]
    Exhausted(Duration),
    /// No connection could be opened. Nothing was sent.
    #[error(transparent)]
    Connect(ConnectError),
    /// The server answered with an error. Nothing was committed.
    #[error("{text}")]
    Server {
        /// Its number.
        number: u32,
        /// What may be shown of it.
        text: String,
    },
    /// The connection broke after the batch was sent. Whether it was committed is unknown.
    #[error("the SQL Server connection was lost: {0}")]
    Lost(String),
    /// No answer in time. Whether it was or will be committed is unknown.
    #[error("SQL Server did not answer within {0:?}")]
    Silent(Duration),
}

impl Failure {
    /// Of an error that ended a batch which had been sent.
    pub(super) fn after_sending(error: &DriverError) -> Self {
        match error.code() {
            Some(number) => Self::Server { number, text: describe(error) },
            None => Self::Lost(describe(error)),
        }
    }

    /// Whether the batch may have been committed.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Silent(_))
    }

    /// Whether another attempt makes sense, if the unit may be sent again at all. Who waited for a
    /// connection has waited enough.
    pub(super) fn is_worth_another_try(&self) -> bool {
        match self {
            Self::Exhausted(_) => false,
            Self::Connect(error) => !error.permanent,
            Self::Server { number, .. } => meaning(*number) != Meaning::Permanent,
            Self::Lost(_) | Self::Silent(_) => true,
        }
    }

    /// A word for metrics.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Exhausted(_) => "exhausted",
            Self::Connect(_) => "connect",
            Self::Server { number: 1205, .. } => "deadlock",
            Self::Server { number, .. } if meaning(*number) == Meaning::Duplicate => "duplicate",
            Self::Server { .. } => "server",
            Self::Lost(_) => "lost",
            Self::Silent(_) => "timeout",
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match &failure {
            Failure::Server { number, .. } if meaning(*number) == Meaning::Permanent => {
                Self::fault(failure)
            }
            _ => Self::unavailable(failure),
        }
    }
}

/// The error without what it may quote: a server's message can hold names, keys and values of rows,
/// a conversion's the value.
pub(super) fn describe(error: &DriverError) -> String {
    match error {
        DriverError::Server(token) => {
            let known = match token.code() {
                18456 => ", login failed",
                4060 => ", the database cannot be opened",
                208 => ", a table is missing: run `contoso-shop migrate`",
                1205 => ", chosen as deadlock victim",
                1204 => ", out of locks",
                1222 => ", waited too long for a lock",
                2601 | 2627 => ", duplicate key",
                40501 | 10928 | 10929 | 49918..=49920 => ", the server is busy",
                40143 | 40197 | 40540 | 40613 => ", the database is moving or not available",
                42108 | 42109 => ", the database is paused and wakes up",
                _ => "",
            };
            format!(
                "SQL Server error {} (class {}, state {}, line {}){known}",
                token.code(),
                token.class(),
                token.state(),
                token.line()
            )
        }
        // What TLS finds wrong with a certificate comes as this kind; rustls names no hosts.
        DriverError::Io { kind: std::io::ErrorKind::InvalidData, message } => message.clone(),
        DriverError::Io { kind, .. } => kind.to_string(),
        DriverError::Tls(text) => format!("TLS: {text}"),
        DriverError::Protocol(_) => "it does not follow the TDS protocol".to_owned(),
        DriverError::Routing { .. } => "redirected more than once".to_owned(),
        _ => "a value could not be read".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{ConnectError, Failure, Meaning, StoreError, meaning};
    use std::time::Duration;

    #[test]
    fn every_number_of_the_requirements_is_classified() {
        let table = [
            (
                Meaning::Transient,
                // Requirements 2.5 without -2, then S1-Flow-3b.
                &[
                    4060, 40197, 40501, 40613, 49918, 4221, 1205, 233, 64, 1222, 10928, 10929,
                    10053, 10054, 10060, 1204, 49919, 49920, 40143, 40540, 42108, 42109,
                ][..],
            ),
            (Meaning::Duplicate, &[2601, 2627]),
            // Login, permission, syntax, missing table, check constraint, NULL, overflow,
            // truncation, transaction, out of space.
            (
                Meaning::Permanent,
                &[18456, 229, 102, 208, 547, 515, 8115, 2628, 8152, 3902, 1105, 50000, 0],
            ),
        ];
        for (expected, numbers) in table {
            for &number in numbers {
                assert_eq!(meaning(number), expected, "{number}");
            }
        }
    }

    #[test]
    fn only_an_error_that_trying_again_cannot_mend_is_a_fault() {
        let server = |number| Failure::Server { number, text: String::new() };
        for (failure, worth_it, unknown, fault) in [
            (Failure::Exhausted(Duration::ZERO), false, false, false),
            (Failure::Connect(ConnectError::new("refused")), true, false, false),
            (
                Failure::Connect(ConnectError { text: String::new(), permanent: true }),
                false,
                false,
                false,
            ),
            (server(1205), true, false, false),
            (server(2627), true, false, false),
            (server(208), false, false, true),
            (Failure::Lost(String::new()), true, true, false),
            (Failure::Silent(Duration::ZERO), true, true, false),
        ] {
            let name = format!("{failure:?}");
            assert_eq!(failure.is_worth_another_try(), worth_it, "{name}");
            assert_eq!(failure.is_unknown(), unknown, "{name}");
            assert_eq!(!StoreError::from(failure).is_transient(), fault, "{name}");
        }
    }
}
