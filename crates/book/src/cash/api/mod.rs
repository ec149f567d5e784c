//! `/v1/bank-accounts`, `/v1/bank-statements`, `/v1/bank-entries`, `/v1/payer-accounts`, `/v1/remittance-advices`.

mod accounts;
mod advices;
mod entries;
mod shapes;
mod statements;
mod upload;

use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::CashError;
use super::formats::FormatError;
use crate::book::receivables::actions::ReceivableError;
use crate::platform::http::{Code, Problem};

pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(accounts::routes)
        .configure(statements::routes)
        .configure(entries::routes)
        .configure(advices::routes);
}

impl From<FormatError> for Problem {
    fn from(error: FormatError) -> Problem {
        let (code, text) = (error.code(), error.to_string());
        if error.is_about_content() {
            Problem::invalid("/file", code, text)
        } else {
            Problem::new(Code::MalformedBody).at("/file", code, text)
        }
    }
}

/// What is wrong with an application of a receipt, pointed at where the part of an entry names its invoices.
fn in_invoices(error: ReceivableError) -> ReceivableError {
    let moved = |pointer: String| pointer.replace("/applications/", "/invoices/");
    match error {
        ReceivableError::NoSuchInvoice { pointer } => ReceivableError::NoSuchInvoice {
            pointer: moved(pointer),
        },
        ReceivableError::OtherCustomer { pointer } => ReceivableError::OtherCustomer {
            pointer: moved(pointer),
        },
        ReceivableError::OverApplied {
            pointer,
            amount,
            available,
        } => ReceivableError::OverApplied {
            pointer: moved(pointer),
            amount,
            available,
        },
        other => other,
    }
}

impl From<CashError> for Problem {
    fn from(error: CashError) -> Problem {
        let text = error.to_string();
        match error {
            CashError::Missing(thing) => Problem::not_found(thing),
            CashError::NoSuchCustomer { pointer } => Problem::not_found_at(pointer, "customer"),
            CashError::NoAccount { pointer } => {
                Problem::invalid(pointer, "no_credit_account", text)
            }
            CashError::AccountTaken { number } => Problem::new(Code::DuplicateNumber)
                .with("thing", "bank account")
                .with("number", number),
            CashError::AdviceTaken { number } => Problem::new(Code::DuplicateNumber)
                .with("thing", "remittance advice")
                .with("number", number),
            CashError::AdviceLine { error, .. } => Problem::invalid("/file", error.code(), text),
            CashError::Format(error) => error.into(),
            CashError::UnknownBankAccount { .. } => {
                Problem::invalid("/file", "unknown_bank_account", text)
            }
            CashError::BankAccountClosed { .. } => {
                Problem::invalid("/file", "bank_account_closed", text)
            }
            CashError::InFuture { .. } => Problem::invalid("/file", "in_future", text),
            CashError::EntryState(status) => {
                Problem::state("bank entry", status, status.allowed().iter())
            }
            CashError::AdviceState(status) => Problem::ended("remittance advice", status),
            CashError::WentOut => Problem::invalid("/parts", "went_out", text),
            CashError::NotAReturn => Problem::invalid("/entry_id", "no_return", text),
            CashError::NotTakenBack => Problem::invalid("/entry_id", "does_not_fit", text),
            CashError::BeforeBooking => Problem::invalid("/effective_on", "too_early", text),
            CashError::NoProposal => Problem::invalid("/proposal_id", "no_proposal", text),
            CashError::TooMuch { given, left } => Problem::new(Code::OverApplied)
                .with("amount", given)
                .with("available", left)
                .at("/parts", "over_applied", text),
            CashError::LinesDiffer { .. } => Problem::invalid("/lines", "lines_differ", text),
            CashError::Currency {
                pointer,
                given,
                expected,
            } => Problem::new(Code::CurrencyMismatch)
                .with("given", given)
                .with("expected", expected)
                .at(pointer, "currency_mismatch", text),
            CashError::NoSuchEntity => Problem::not_found_at("/legal_entity", "legal entity"),
            CashError::Stale => Problem::new(Code::Stale),
            CashError::Part {
                part,
                error: ReceivableError::Prepaid(_),
            } => Problem::invalid(format!("/parts/{part}/invoices"), "prepaid", text),
            CashError::Part { part, error } => {
                Problem::from(in_invoices(error)).below(&format!("/parts/{part}"))
            }
            CashError::Receipt(error) => error.into(),
            CashError::Db(error) => error.into(),
        }
    }
}
