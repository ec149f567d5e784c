//! What is done with invoices, receipts and credit notes, and how other rooms post them.

mod accounts;
mod booking;
mod credit_notes;
mod drafting;
mod duplicates;
mod instruments;
mod invoices;
mod prepayments;
mod reageing;
mod receipts;
mod refunding;
mod selling;
mod set_off;
mod settling;

use chrono::NaiveDate;

pub use accounts::Accounts;
pub use credit_notes::{
    apply_credit_note, create_credit_note, create_credit_notes, post_credit_notes,
    reverse_credit_note, unapply_credit_note,
};
pub use drafting::agreed_due_dates;
pub use duplicates::{confirm_receipt, recognise_receipts};
pub use instruments::{refuse_of_instrument, take_back_receipt};
pub use invoices::{cancel_invoice, create_invoice, create_invoices, post_invoice, post_invoices};
pub use reageing::ITEM_DUE_DATE;
pub use receipts::{
    apply_receipt, create_receipt, post_receipts, post_receipts_of, release_receipt,
    requested_order, reverse_receipt, unapply_receipt,
};
pub use refunding::refund_receipt;
pub use set_off::{reverse_settlement, set_off};

pub use selling::{buy_back, sell};

use super::model::InvoiceStatus;
use super::rules::{self, CrossingError, DateError, DocumentFault};
use crate::book::entities::actions::EntityError;
use crate::book::exposure::actions::Locked;
use crate::book::exposure::model::CreditAccount;
use crate::book::payment_terms::rules::TermsError;
use crate::book::periods::actions::{ClosedPeriods, PeriodClosed};
use crate::platform::db::{DbError, Tx};
use kernel::ids::{InstrumentId, LegalEntityId};
use kernel::money::{Currency, Money};
use kernel::text::Number;

/// Why a use case on receivables was refused.
#[derive(Debug, thiserror::Error)]
pub enum ReceivableError {
    #[error("there is no such {0}")]
    Missing(&'static str),
    #[error("there is no such customer")]
    NoSuchCustomer,
    #[error("there is no such payer")]
    NoSuchPayer,
    #[error("the customer has no credit account")]
    NoAccount,
    #[error("the amount is in {given}, the account in {expected}")]
    Currency { given: Currency, expected: Currency },
    #[error("there is a {thing} with the number {number} already")]
    NumberTaken {
        thing: &'static str,
        number: Number,
        /// The living document that has it.
        existing_id: Option<String>,
    },
    #[error("the one is another legal entity's")]
    OtherEntity { pointer: String },
    #[error(transparent)]
    Entity(#[from] EntityError),
    #[error("the amount must be more than zero")]
    NotPositive { pointer: String },
    #[error("{pointer} {error}")]
    Date {
        pointer: &'static str,
        error: DateError,
    },
    #[error("there is no such invoice")]
    NoSuchInvoice { pointer: String },
    #[error("there is no such item of the invoice")]
    NoSuchItem { pointer: String },
    #[error("the invoice is another customer's")]
    OtherCustomer { pointer: String },
    #[error("is not needed: the money is in the invoice's currency")]
    SameCurrency { pointer: String },
    #[error("{error}")]
    Crossing {
        pointer: String,
        error: CrossingError,
        on: NaiveDate,
    },
    #[error("{amount} is more than the policy lets go, which is {limit}")]
    OverLimit {
        pointer: String,
        amount: Money,
        limit: Money,
    },
    #[error(transparent)]
    Closed(#[from] PeriodClosed),
    #[error("there are no such payment terms")]
    NoSuchTerms,
    #[error("{0}")]
    Terms(TermsError),
    #[error("{1}")]
    Document(&'static str, DocumentFault),
    #[error("the settlement is of a document, or was undone: take the document off instead")]
    NotReversible,
    #[error(
        "it is prepaid for the order {0}, and settles invoices of that order alone until it is released"
    )]
    Prepaid(Number),
    #[error("the receipt is no prepayment")]
    NotPrepaid,
    #[error("the receipt is not taken for another one")]
    NotDoubtful,
    #[error("there is no such deposit request of the customer, legal entity and currency")]
    NoSuchRequest,
    #[error("money was given back of it")]
    Refunded,
    #[error("{amount} is more than {available}, which is what is left")]
    OverApplied {
        pointer: String,
        amount: Money,
        available: Money,
    },
    #[error("the invoice is {0}: only one that nothing settles can be cancelled")]
    NotCancellable(InvoiceStatus),
    #[error(
        "the receipt is that of the instrument {0}, which has not ended: clear, dishonour or withdraw that one first"
    )]
    OfInstrument(InstrumentId),
    #[error("the {0} is reversed")]
    Reversed(&'static str),
    #[error("the {0} settles nothing there")]
    NotApplied(&'static str),
    #[error("the money was in use later than that: so much of it is free from {0} on")]
    InUse(NaiveDate),
    #[error("it changed meanwhile")]
    Stale,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Somebody posted one of the numbers at the same moment: tried again, it is known whose it is.
fn again_when_taken(error: DbError, table: &str) -> DbError {
    if error.is_duplicate_of(table, &["number"]) {
        DbError::Serialization(error.to_string())
    } else {
        error
    }
}

/// The day from which it counts that a document is taken back or applied, as it is asked for.
fn counts_from(
    tx: &Tx,
    document_on: NaiveDate,
    asked: Option<NaiveDate>,
) -> Result<NaiveDate, ReceivableError> {
    rules::counts_from(tx.today(), document_on, asked).map_err(|error| ReceivableError::Date {
        pointer: "/effective_on",
        error,
    })
}

/// The periods that are closed, when the day may be posted into.
fn check_open(
    tx: &mut Tx,
    entity: LegalEntityId,
    day: NaiveDate,
    document: impl ToString,
) -> Result<ClosedPeriods, ReceivableError> {
    let mut periods = ClosedPeriods::read(tx)?;
    periods.check(tx, entity, day, document)?;
    Ok(periods)
}

/// An amount must be in a currency in which the account has documents, and more than zero.
///
/// # Errors
/// When it is not.
pub fn check_amount(
    amount: Money,
    account: &CreditAccount,
    pointer: &str,
) -> Result<(), ReceivableError> {
    if !account.bills_in(amount.currency()) {
        return Err(ReceivableError::Currency {
            given: amount.currency(),
            expected: account.currency,
        });
    }
    check_positive(amount, pointer)
}

/// What takes away from a debt may also be in a currency in which the account owes something still, though nothing new is
/// billed in it.
///
/// # Errors
/// When it is not, or the amount is not more than zero.
fn check_reduction(amount: Money, locked: &Locked, pointer: &str) -> Result<(), ReceivableError> {
    let owes_in_it = locked.owed().any(|(key, owed)| {
        key.currency == amount.currency() && owed.receivable_minor + owed.charge_minor > 0
    });
    if owes_in_it {
        return check_positive(amount, pointer);
    }
    check_amount(amount, &locked.account, pointer)
}

fn check_positive(amount: Money, pointer: &str) -> Result<(), ReceivableError> {
    if amount.is_positive() {
        return Ok(());
    }
    Err(ReceivableError::NotPositive {
        pointer: pointer.to_owned(),
    })
}
