//! What is done with bank accounts, statements, entries, payers' accounts and remittance advices.

mod accounts;
mod advices;
mod decisions;
mod gathering;
mod keeping;
mod matching;
mod posting;
mod reactions;
mod returning;
mod work;

use chrono::NaiveDate;

pub use accounts::{change_account, create_account, remove_payer_account};
pub use advices::{post_advice, withdraw_advice};
pub use decisions::{accept, assign, ignore, match_again, reopen, take_back};
pub use keeping::check;
pub use reactions::{KEYS, REVERSALS};
pub use work::{
    MATCHING_JOB, MATCHING_KIND, MatchingPlan, STATEMENT_JOB, STATEMENT_KIND, StatementPlan,
};

use super::formats::FormatError;
use super::model::{AdviceStatus, EntryStatus};
use crate::book::entities::actions::EntityError;
use crate::book::receivables::actions::ReceivableError;
use crate::platform::db::{DbError, Retryable};
use kernel::money::{Currency, Money};

/// Why a use case of cash application was refused.
#[derive(Debug, thiserror::Error)]
pub enum CashError {
    #[error("there is no such {0}")]
    Missing(&'static str),
    #[error("there is no such customer")]
    NoSuchCustomer { pointer: String },
    #[error("the customer has no credit account")]
    NoAccount { pointer: String },
    #[error("there is a bank account with this number in this currency already")]
    AccountTaken { number: String },
    #[error("there is a remittance advice of the customer's with this number already")]
    AdviceTaken { number: String },
    #[error("the file {0}")]
    Format(#[from] FormatError),
    #[error("{account} in {currency} is no bank account of ours")]
    UnknownBankAccount { account: String, currency: Currency },
    #[error("the bank account {account} is closed since {day}")]
    BankAccountClosed { account: String, day: NaiveDate },
    #[error("statement {number} has an entry of {day}, which is in the future")]
    InFuture { number: String, day: NaiveDate },
    #[error("the entry is {0}")]
    EntryState(EntryStatus),
    #[error("the advice is {0}")]
    AdviceState(AdviceStatus),
    #[error("the money went out: say which payment it takes back, or ignore it")]
    WentOut,
    #[error("only money that went out as a return takes a payment back")]
    NotAReturn,
    #[error(
        "the payment did not come to the same account with the same amount, came later, or was taken back already"
    )]
    NotTakenBack,
    #[error("there is no such proposal")]
    NoProposal,
    #[error("the parts make {given}, and the entry has {left} left")]
    TooMuch { given: Money, left: Money },
    #[error("the lines make {lines}, not {amount}")]
    LinesDiffer { lines: Money, amount: Money },
    #[error("the amount is in {given}, not in {expected}")]
    Currency {
        pointer: String,
        given: Currency,
        expected: Currency,
    },
    #[error("there is no such legal entity")]
    NoSuchEntity,
    #[error("it changed meanwhile")]
    Stale,
    #[error("part {part} can't be posted: {error}")]
    Part { part: usize, error: ReceivableError },
    #[error(transparent)]
    Receipt(ReceivableError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<EntityError> for CashError {
    fn from(error: EntityError) -> CashError {
        match error {
            EntityError::Db(error) => CashError::Db(error),
            _ => CashError::NoSuchEntity,
        }
    }
}

impl Retryable for CashError {
    fn is_retryable(&self) -> bool {
        match self {
            CashError::Db(error) => error.is_retryable(),
            CashError::Part { error, .. } | CashError::Receipt(error) => {
                matches!(error, ReceivableError::Db(error) if error.is_retryable())
            }
            _ => false,
        }
    }
}
