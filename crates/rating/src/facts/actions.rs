//! What is done with what people say of customers.

use chrono::NaiveDate;

use super::model::{CustomerFact, NewFact};
use super::rules::NoAnswer;
use super::{rules, store};
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::book::policy::actions::live;
use crate::platform::db::{Change, Db, DbError, Tx, write_document};
use crate::rating::catalogue;
use kernel::caller::Caller;
use kernel::ids::CustomerFactId;

/// Why a use case on facts was refused.
#[derive(Debug, thiserror::Error)]
pub enum FactError {
    #[error("there is no such customer")]
    NoCustomer,
    #[error("there is no indicator {0}")]
    NoIndicator(String),
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    #[error("{0} lies in the future")]
    InFuture(NaiveDate),
    #[error("the fact would expire before the day for which it holds")]
    ExpiresBefore,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Records what the caller says of a customer.
///
/// # Errors
/// When the customer is not visible, the indicator is not one that people answer, or value or days do not fit.
pub fn record(
    tx: &mut Tx,
    customer: &CustomerRef,
    new: &NewFact,
) -> Result<CustomerFact, FactError> {
    let caller = tx.caller();
    let customer = find_customer(tx, caller, customer)?;
    let indicator = catalogue::find(&new.indicator)
        .ok_or_else(|| FactError::NoIndicator(new.indicator.clone()))?;
    rules::check(indicator, &new.value)?;
    if new.as_of > tx.today() {
        return Err(FactError::InFuture(new.as_of));
    }
    let usual = live(tx)?.document.validity.of_fact(new.as_of);
    let expires_on = new.expires_on.unwrap_or(usual);
    if expires_on < new.as_of {
        return Err(FactError::ExpiresBefore);
    }
    let fact = CustomerFact {
        id: CustomerFactId::new(),
        customer_id: customer.id,
        indicator: new.indicator.clone(),
        value: write_document(&new.value)?,
        source: new.source.clone(),
        as_of: new.as_of,
        expires_on,
        note: new.note.clone(),
        said_by: caller.subject.clone(),
        said_at: tx.now(),
        panel_id: new.panel_id,
    };
    store::insert(tx, &fact)?;
    tx.record(Change::new("customer_fact.recorded", fact.id).after(&fact))?;
    Ok(fact)
}

/// The customer, when the caller may see it.
///
/// # Errors
/// When it is not there or not visible.
pub fn find_customer(
    db: &mut Db,
    caller: &Caller,
    reference: &CustomerRef,
) -> Result<Customer, FactError> {
    customers::find_visible(db, caller, reference)?.ok_or(FactError::NoCustomer)
}
