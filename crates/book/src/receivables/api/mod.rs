//! `/v1/invoices`, `/v1/credit-notes`, `/v1/receipts`.

mod credit_notes;
pub mod filters;
mod invoices;
mod items;
mod receipts;
pub mod shapes;

use chrono::NaiveDate;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::ReceivableError;
use super::model::InvoiceStatus;
use super::rules::CrossingError;
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::book::entities::actions::EntityError;
use crate::book::payment_terms::api::terms_problem;
use crate::platform::db::Db;
use crate::platform::http::{Code, Problem};
use kernel::caller::Caller;
use kernel::ids::CustomerId;

pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(invoices::routes)
        .configure(credit_notes::routes)
        .configure(receipts::routes)
        .configure(items::routes);
}

/// Hides a document whose customer the caller may not see.
fn refuse_hidden(
    db: &mut Db,
    caller: &Caller,
    customer: CustomerId,
    thing: &'static str,
) -> Result<(), Problem> {
    customers::find_visible(db, caller, &CustomerRef::Id(customer))?
        .ok_or(ReceivableError::Missing(thing))?;
    Ok(())
}

impl From<ReceivableError> for Problem {
    fn from(error: ReceivableError) -> Problem {
        let text = error.to_string();
        match error {
            ReceivableError::Missing(thing) => Problem::not_found(thing),
            ReceivableError::NoSuchCustomer => Problem::not_found_at("/customer", "customer"),
            ReceivableError::NoAccount => Problem::invalid("/customer", "no_credit_account", text),
            ReceivableError::Currency { given, expected } => Problem::new(Code::CurrencyMismatch)
                .with("given", given)
                .with("expected", expected),
            ReceivableError::OtherEntity { pointer } => {
                Problem::new(Code::EntityMismatch).with("pointer", pointer)
            }
            ReceivableError::Entity(EntityError::Missing) => {
                Problem::not_found_at("/legal_entity", "legal entity")
            }
            ReceivableError::Entity(error) => error.into(),
            ReceivableError::NumberTaken {
                thing,
                number,
                existing_id,
            } => {
                let problem = Problem::new(Code::DuplicateNumber)
                    .with("thing", thing)
                    .with("number", number);
                match existing_id {
                    Some(id) => problem.with("existing_id", id),
                    None => problem,
                }
            }
            ReceivableError::NotPositive { pointer } => {
                Problem::invalid(pointer, "not_positive", text)
            }
            ReceivableError::Date { pointer, error } => {
                Problem::invalid(pointer, "out_of_bounds", error)
            }
            ReceivableError::NoSuchInvoice { pointer } => {
                Problem::invalid(pointer, "unknown_invoice", text)
            }
            ReceivableError::NoSuchPayer => Problem::not_found_at("/payer_customer", "customer"),
            ReceivableError::NoSuchItem { pointer } => {
                Problem::invalid(pointer, "unknown_item", text)
            }
            ReceivableError::SameCurrency { pointer } => {
                Problem::invalid(pointer, "same_currency", text)
            }
            ReceivableError::Crossing { pointer, error, on } => {
                crossing_problem(pointer, error, on)
            }
            ReceivableError::OverLimit {
                pointer,
                amount,
                limit,
            } => Problem::new(Code::OverApplied)
                .with("amount", amount)
                .with("available", limit)
                .at(pointer, "over_limit", text),
            ReceivableError::Closed(closed) => closed.into(),
            ReceivableError::NoSuchTerms => {
                Problem::invalid("/payment_terms", "unknown_payment_terms", text)
            }
            ReceivableError::Terms(error) => terms_problem(error),
            ReceivableError::Document(pointer, fault) => {
                Problem::invalid(pointer, "does_not_add_up", fault)
            }
            ReceivableError::Prepaid(_) => Problem::invalid("/applications", "prepaid", text),
            ReceivableError::NotPrepaid => Problem::state("receipt", "not_prepaid", [""; 0]),
            ReceivableError::NoSuchRequest => {
                Problem::not_found_at("/deposit_request", "deposit request")
            }
            ReceivableError::NotDoubtful => Problem::state("receipt", "not_doubtful", [""; 0]),
            ReceivableError::NotReversible => Problem::state("settlement", "settled", [""; 0]),
            ReceivableError::Refunded => Problem::state("receipt", "refunded", [""; 0]),
            ReceivableError::OtherCustomer { pointer } => {
                Problem::invalid(pointer, "other_customer", text)
            }
            ReceivableError::OverApplied {
                pointer,
                amount,
                available,
            } => Problem::new(Code::OverApplied)
                .with("amount", amount)
                .with("available", available)
                .at(pointer, "over_applied", text),
            ReceivableError::NotCancellable(status) => {
                let allowed: &[&str] = match status {
                    InvoiceStatus::Open => &["cancel", "settle"],
                    InvoiceStatus::PartiallyPaid | InvoiceStatus::Sold => &["settle"],
                    InvoiceStatus::Paid | InvoiceStatus::Cancelled => &[],
                };
                Problem::state("invoice", status, allowed)
            }
            ReceivableError::NotApplied(_) => {
                Problem::invalid("/invoice_number", "not_applied", text)
            }
            ReceivableError::InUse(_) => Problem::invalid("/effective_on", "in_use", text),
            ReceivableError::OfInstrument(_) => Problem::invalid("", "of_instrument", text),
            ReceivableError::Reversed(thing) => Problem::state(thing, "reversed", [""; 0]),
            ReceivableError::Stale => Problem::new(Code::Stale),
            ReceivableError::Db(error) => error.into(),
        }
    }
}

fn crossing_problem(pointer: String, error: CrossingError, on: NaiveDate) -> Problem {
    match error {
        CrossingError::NoRate { from, to } => Problem::new(Code::NoExchangeRate)
            .with("from", from)
            .with("to", to)
            .with("on", on)
            .at(pointer, "no_exchange_rate", error),
        CrossingError::Nothing => Problem::invalid(pointer, "comes_to_nothing", error),
        CrossingError::TooLarge => Problem::invalid(pointer, "too_large", error),
    }
}
