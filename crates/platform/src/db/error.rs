//! What can go wrong in the database, told without any of its dialect.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use kernel::money::SumTooLarge;

/// A failure below netterms' rules. Its inner text is for the log alone.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No connection could be had, or the database is busy: the caller may try again.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// Somebody else holds a lock for longer than we wait: the caller may try again.
    #[error("a lock is held by somebody else: {0}")]
    Locked(String),
    /// A unique key is taken.
    #[error("a unique key is taken: {constraint}")]
    Duplicate { constraint: String },
    /// Two units of work met; the work was rolled back and may be run again.
    #[error("the work met another: {0}")]
    Serialization(String),
    /// A stored document no longer reads as what it was written as.
    #[error("a stored document can't be read: {0}")]
    Document(String),
    /// Amounts add up to more than can be kept or told: nothing was cut, and nothing was changed.
    #[error(transparent)]
    TooLarge(#[from] SumTooLarge),
    /// A number that the document is asked for by stands in several legal entities.
    #[error("the number {number} stands in several legal entities")]
    Ambiguous { number: String },
    #[error(transparent)]
    Query(DieselError),
}

impl DbError {
    /// Whether the failure says that a row with the same `columns` stands in `table` already.
    ///
    /// PostgreSQL names the constraint, which our migrations call `<table>_<columns>_key`; SQLite lists the columns.
    pub fn is_duplicate_of(&self, table: &str, columns: &[&str]) -> bool {
        let DbError::Duplicate { constraint } = self else {
            return false;
        };
        let by_name = format!("{table}_{}_key", columns.join("_"));
        let listed: Vec<String> = columns
            .iter()
            .map(|column| format!("{table}.{column}"))
            .collect();
        *constraint == by_name || *constraint == listed.join(", ")
    }
}

impl From<DieselError> for DbError {
    fn from(error: DieselError) -> DbError {
        let (kind, info) = match &error {
            DieselError::DatabaseError(kind, info) => (kind, info),
            // A transaction that can be neither committed nor rolled back has lost its connection; what it did is
            // undone, or, when it was cut off while it committed, found by whoever asks again with the same key.
            DieselError::BrokenTransactionManager | DieselError::RollbackErrorOnCommit { .. } => {
                return DbError::Unavailable(error.to_string());
            }
            _ => return DbError::Query(error),
        };
        let message = info.message().to_owned();
        match kind {
            DatabaseErrorKind::UniqueViolation => DbError::Duplicate {
                constraint: info.constraint_name().map_or_else(
                    || {
                        // An index on an expression is named, others by their columns.
                        message
                            .trim_start_matches("UNIQUE constraint failed: ")
                            .trim_start_matches("index '")
                            .trim_end_matches('\'')
                            .to_owned()
                    },
                    str::to_owned,
                ),
            },
            DatabaseErrorKind::SerializationFailure => DbError::Serialization(message),
            DatabaseErrorKind::ClosedConnection => DbError::Unavailable(message),
            _ if message.contains("due to lock timeout") => DbError::Locked(message),
            _ if message.contains("deadlock detected") => DbError::Serialization(message),
            _ if is_too_large(&message) => DbError::TooLarge(SumTooLarge),
            _ if is_outage(&message) => DbError::Unavailable(message),
            _ => DbError::Query(error),
        }
    }
}

/// Whether the message says that a sum has left the range: of an aggregate, or of a column that was added to. On SQLite
/// such a column would become a float, which a strict table does not take.
fn is_too_large(message: &str) -> bool {
    [
        "bigint out of range",
        "integer overflow",
        "cannot store REAL value in INTEGER column",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}

/// Whether the message says that the server went away, had no time or no disk for us, or that the file is locked: Diesel
/// reports these as unknown.
fn is_outage(message: &str) -> bool {
    [
        "database is locked",
        "database table is locked",
        "server closed the connection",
        "terminating connection",
        "no connection to the server",
        "could not connect",
        "connection refused",
        "the database system is",
        "database or disk is full",
        "disk I/O error",
        "unable to open database file",
        "attempt to write a readonly database",
        "No space left on device",
        "could not write",
        "could not extend",
        "could not fsync",
        "in a read-only transaction",
        "due to statement timeout",
        "due to user request",
        "too many clients",
        "connection slots are reserved",
        "could not receive data",
        "could not send data",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &str) -> DbError {
        let message: Box<String> = Box::new(message.to_owned());
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, message).into()
    }

    #[test]
    fn time_that_is_up_and_disks_that_fail_pass_and_a_fault_of_ours_does_not() {
        for passing in [
            "canceling statement due to statement timeout",
            "could not extend file \"base/1/2\": No space left on device",
            "cannot execute INSERT in a read-only transaction",
            "database or disk is full",
            "disk I/O error",
            "unable to open database file",
            "attempt to write a readonly database",
            "sorry, too many clients already",
        ] {
            assert!(
                matches!(read(passing), DbError::Unavailable(_)),
                "{passing}"
            );
        }
        let locked = read("canceling statement due to lock timeout");
        assert!(matches!(locked, DbError::Locked(_)));
        let ours = read("column \"amont\" does not exist");
        assert!(matches!(ours, DbError::Query(_)));
    }
}
