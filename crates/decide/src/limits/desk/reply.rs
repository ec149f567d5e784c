//! What a check is answered.

use crate::decide::limits::check::CheckError;
use crate::decide::limits::record::Decided;
use crate::platform::db::DbError;
use crate::platform::http::Ended;
use kernel::places::Language;

/// The answer to a check.
pub type Answered = Result<Ended<Reply>, DeskError>;

/// What a check is answered. It is written out by whoever asked, not by the worker, for whom others wait.
#[derive(Debug)]
pub enum Reply {
    /// In a language: a repeated answer has that of the first.
    Decision(Box<Decided>, Language),
    /// A refusal that is final, and repeated under the check's key.
    Refusal(CheckError),
}

/// Why a check has no answer that lasts.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error("the key was used for another request")]
    KeyReused,
    #[error("a request with the key is still worked on")]
    InProgress,
    #[error("more checks wait than may")]
    Overloaded,
    #[error("the database is not there, or it is not known whether the decision is on disk")]
    Unavailable,
    #[error("{0}")]
    Internal(&'static str),
    #[error(transparent)]
    Db(#[from] DbError),
}
