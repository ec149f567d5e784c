//! Why a use case on checks, reservations and credit blocks was refused.

use super::check::CheckError;
use super::check::reasons::Reason;
use crate::book::exposure::actions::AccountError;
use crate::book::receivables::actions::ReceivableError;
use crate::platform::db::{DbError, Retryable};
use crate::platform::jobs::actions::JobsError;
use kernel::money::{Currency, Money};

/// Why a use case on checks, reservations and credit blocks was refused.
#[derive(Debug, thiserror::Error)]
pub enum LimitsError {
    #[error("there is no such {0}")]
    Missing(&'static str),
    #[error("the {thing} is {status}")]
    Ended { thing: &'static str, status: String },
    #[error("it changed meanwhile")]
    Stale,
    #[error("the amount is in another currency")]
    Currency { given: Currency, expected: Currency },
    #[error("{amount} is more than {remaining}")]
    Exceeded { amount: Money, remaining: Money },
    #[error("another person must do this: {0}")]
    SegregationOfDuties(&'static str),
    #[error("{amount} takes {needed}")]
    OverAuthority { amount: Money, needed: String },
    #[error("the promised day has passed")]
    PromisePast,
    #[error("the ceiling is below the order")]
    CeilingBelowOrder,
    #[error("the rules reject the order")]
    Rejected(Vec<Reason>),
    #[error("there is no such version of the policy")]
    NoSuchVersion,
    #[error("the period ends before it begins")]
    PeriodReversed,
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Receivable(#[from] ReceivableError),
    #[error(transparent)]
    Jobs(#[from] JobsError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Retryable for LimitsError {
    fn is_retryable(&self) -> bool {
        matches!(self, LimitsError::Db(error) if error.is_retryable())
    }
}
