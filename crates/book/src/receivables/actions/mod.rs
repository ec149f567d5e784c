//! What is done with invoices, receipts and credit notes, and how other rooms post them.

mod credit_notes;
mod instruments;
mod invoices;
mod receipts;
mod selling;
mod settling;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

pub use credit_notes::{
    apply_credit_note, create_credit_note, reverse_credit_note, unapply_credit_note,
};
pub use instruments::take_back_receipt;
pub use invoices::{cancel_invoice, create_invoice, create_invoices, post_invoice, post_invoices};
pub use receipts::{
    apply_receipt, create_receipt, post_receipts, reverse_receipt, unapply_receipt,
};

pub use selling::{buy_back, sell};

use super::model::InvoiceStatus;
use super::rules::{self, DateError};
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::book::entities::actions::EntityError;
use crate::book::exposure::actions::{self as exposure, Locked};
use crate::book::exposure::model::CreditAccount;
use crate::platform::db::{DbError, Tx};
use kernel::ids::{CustomerId, InstrumentId};
use kernel::money::{Currency, Money};
use kernel::text::Number;

/// Why a use case on receivables was refused.
#[derive(Debug, thiserror::Error)]
pub enum ReceivableError {
    #[error("there is no such {0}")]
    Missing(&'static str),
    #[error("there is no such customer")]
    NoSuchCustomer,
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
    #[error("the invoice is another customer's")]
    OtherCustomer { pointer: String },
    #[error("{amount} is more than {available}, which is what is left")]
    OverApplied {
        pointer: String,
        amount: Money,
        available: Money,
    },
    #[error("the invoice is {0}: only one that nothing settles can be cancelled")]
    NotCancellable(InvoiceStatus),
    #[error("the receipt is that of the instrument {0}: dishonour or withdraw that one")]
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

/// Locks the account of the customer that a document names.
fn lock_named(tx: &mut Tx, reference: &CustomerRef) -> Result<Locked, ReceivableError> {
    let caller = tx.caller();
    let customer =
        customers::find_visible(tx, caller, reference)?.ok_or(ReceivableError::NoSuchCustomer)?;
    lock(tx, customer.id)
}

/// Locks a customer's account.
fn lock(tx: &mut Tx, customer: CustomerId) -> Result<Locked, ReceivableError> {
    exposure::lock_all(tx, &BTreeSet::from([customer]))?
        .remove(&customer)
        .ok_or(ReceivableError::NoAccount)
}

/// The locked accounts of the customers that many documents name.
struct NamedAccounts {
    known: HashMap<CustomerRef, CustomerId>,
    locked: BTreeMap<CustomerId, Locked>,
}

impl NamedAccounts {
    /// Locks them all, in as many queries as for one.
    fn lock(tx: &mut Tx, references: &[CustomerRef]) -> Result<NamedAccounts, DbError> {
        let known = customers::list_named(tx, references)?;
        let locked = exposure::lock_all(tx, &known.values().copied().collect())?;
        Ok(NamedAccounts { known, locked })
    }

    fn find(&self, reference: &CustomerRef) -> Result<&Locked, ReceivableError> {
        let customer = self
            .known
            .get(reference)
            .ok_or(ReceivableError::NoSuchCustomer)?;
        self.locked.get(customer).ok_or(ReceivableError::NoAccount)
    }
}

/// An amount must be in a currency in which the account has documents, and more than zero.
fn check_amount(
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

fn check_positive(amount: Money, pointer: &str) -> Result<(), ReceivableError> {
    if amount.is_positive() {
        return Ok(());
    }
    Err(ReceivableError::NotPositive {
        pointer: pointer.to_owned(),
    })
}
