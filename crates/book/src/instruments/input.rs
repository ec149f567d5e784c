//! What use cases and lists are asked.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::InstrumentStatus;
use crate::book::customers::model::CustomerRef;
use crate::book::entities::model::EntityRef;
use crate::book::receivables::input::{Application, ApplyIn, CashApplicationIn};
use crate::book::receivables::model::DepositRequestRef;
use kernel::clock::Day;
use kernel::money::PositiveIn;
use kernel::text::{Line, Note, Number, SnakeCode};

/// An instrument that came in.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "sense_of_instrument"))]
#[schema(example = json!({
    "number": "130258100012620260315", "kind": "bank_acceptance", "customer": "C-1001",
    "amount": {"amount": "12500.00", "currency": "CNY"}, "issue_date": "2026-03-15", "maturity_date": "2026-09-15",
    "drawer": "Jiangnan Trading Co.", "acceptor": "Bank of Suzhou",
    "applications": [{"invoice_number": "I-2026-0001", "amount": {"amount": "12500.00", "currency": "CNY"}}]
}))]
pub struct InstrumentIn {
    /// Its own number; no other living instrument of the customer and kind has it.
    pub number: Number,
    /// An item of the catalogue `instrument_kinds`.
    pub kind: SnakeCode,
    /// Who paid with it.
    pub customer: CustomerRef,
    /// The company that received it; the first one when not given.
    #[schema(value_type = Option<Number>)]
    pub legal_entity: Option<EntityRef>,
    /// In a currency in which the customer may be billed.
    pub amount: PositiveIn,
    /// At most 366 days ahead, for one that is post-dated.
    pub issue_date: Day,
    /// Needed where the kind counts from maturity.
    pub maturity_date: Option<Day>,
    /// The day on which it came, not in the future; today when not given.
    pub received_on: Option<Day>,
    /// The last day on which it can be presented, for kinds whose terms say so; others find it by their kind's data.
    pub present_by: Option<Day>,
    /// The customer's name when not given.
    pub drawer: Option<Line>,
    /// Who must pay it: the accepting bank or firm, or the issuing bank. Where `acceptor_customer` is given, its name when
    /// not given.
    pub acceptor: Option<Line>,
    /// The acceptor, where it is a customer too.
    pub acceptor_customer: Option<CustomerRef>,
    /// The number of the receipt by which it settles invoices; the instrument's own when not given.
    pub receipt_number: Option<Number>,
    /// The invoices that it is for; what is left stays unapplied. An empty list is none. Left out, it goes to the oldest
    /// first.
    #[validate(length(max = 500), nested)]
    #[schema(max_items = 500)]
    pub applications: Option<Vec<CashApplicationIn>>,
    /// The order that it is paid for beforehand, by our number: it settles invoices of that order alone, until its receipt is
    /// released. Nothing is settled by it now unless `applications` name such invoices.
    pub prepaid_order_number: Option<Number>,
    /// The deposit request that it is paid for, by its id or number, in place of `prepaid_order_number`: the order is the
    /// request's.
    #[schema(value_type = Option<Number>)]
    pub deposit_request: Option<DepositRequestRef>,
}

impl InstrumentIn {
    /// Which invoices it is for.
    pub fn application(&self) -> Application {
        match &self.applications {
            Some(named) if named.is_empty() => Application::Nothing,
            None if self.prepaid_order_number.is_some() || self.deposit_request.is_some() => {
                Application::Nothing
            }
            applications => ApplyIn {
                apply: None,
                applications: applications.clone(),
                effective_on: None,
            }
            .application(),
        }
    }
}

/// What the request alone shows to be wrong.
fn sense_of_instrument(input: &InstrumentIn) -> Result<(), ValidationError> {
    if input.prepaid_order_number.is_some() && input.deposit_request.is_some() {
        let message = "give prepaid_order_number or deposit_request, not both";
        return Err(ValidationError::new("exclusive").with_message(message.into()));
    }
    if input
        .maturity_date
        .is_some_and(|day| day < input.issue_date)
    {
        return Err(ValidationError::new("out_of_bounds")
            .with_message("maturity_date must not be before issue_date".into()));
    }
    Ok(())
}

/// A step in the life of an instrument.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"on": "2026-09-16", "note": "Sent for collection by Bank of Suzhou."}))]
pub struct InstrumentStepIn {
    /// The day on which it was done: from the last step's day to today; today when not given.
    pub on: Option<Day>,
    pub note: Option<Note>,
}

/// To whom an instrument was passed on.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to": "Steel Works Ltd.", "on": "2026-04-02"}))]
pub struct PassOnIn {
    /// The endorsee, or the bank that discounted it.
    pub to: Line,
    /// The day on which it was done: from the last step's day to today; today when not given.
    pub on: Option<Day>,
    pub note: Option<Note>,
}

/// Why an instrument was not paid, and what is claimed for it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "reason": "Insufficient funds.", "on": "2026-04-09", "fee": {"amount": "50.00", "currency": "CNY"}
}))]
pub struct DishonourIn {
    pub reason: Note,
    /// The day on which payment was refused: from the last step's day to today; today when not given.
    pub on: Option<Day>,
    /// A fee that is claimed from the customer: an exposure entry `FEE-` and the instrument's number, of the category
    /// `claimed_charges`.
    pub fee: Option<PositiveIn>,
}

/// A step as the actions take it.
#[derive(Debug, Clone, Default)]
pub struct Step {
    pub on: Option<NaiveDate>,
    pub to: Option<Line>,
    pub note: Option<Note>,
}

impl From<&InstrumentStepIn> for Step {
    fn from(input: &InstrumentStepIn) -> Step {
        Step {
            on: input.on.map(Day::date),
            to: None,
            note: input.note.clone(),
        }
    }
}

impl From<&PassOnIn> for Step {
    fn from(input: &PassOnIn) -> Step {
        Step {
            on: input.on.map(Day::date),
            to: Some(input.to.clone()),
            note: input.note.clone(),
        }
    }
}

/// Which instruments, the newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InstrumentFilter {
    /// Instruments of these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<InstrumentStatus>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub kind: Vec<SnakeCode>,
    /// Instruments with these numbers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub number: Vec<Number>,
    /// Instruments that this acceptor must pay, however its name is written in capitals and spaces.
    pub acceptor: Option<Line>,
    /// Matures on this day or later.
    pub maturity_date_from: Option<Day>,
    /// Matures on this day or earlier.
    pub maturity_date_to: Option<Day>,
    /// Those that count as exposure, or those that do not any more.
    pub outstanding: Option<bool>,
}
