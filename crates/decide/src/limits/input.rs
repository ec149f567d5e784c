//! What use cases and lists are asked.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::{CreditBlockStatus, DEFAULT_PURPOSE, Outcome, ReservationStatus};
use crate::book::customers::model::CustomerRef;
use crate::book::entities::model::EntityRef;
use crate::book::exposure::model::Remainder;
use crate::book::policy::model::Checkpoint;
use crate::book::receivables::input::{InvoiceDetails, NewInvoice};
use crate::platform::http::given;
use kernel::clock::{Day, Instant};
use kernel::ids::MAIN_ENTITY;
use kernel::money::{AmountIn, PositiveIn};
use kernel::text::{Keyword, Note, Number, Subject};

/// A release: up to what, until when and why.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "reason": "The customer paid by telegraphic transfer this morning.",
    "ceiling": {"amount": "200000.00", "currency": "CNY"}, "valid_until": "2026-12-31"
}))]
pub struct ReleaseIn {
    pub reason: Note,
    /// Up to which amount the order may be amended without another check; its own amount when not given.
    pub ceiling: Option<PositiveIn>,
    /// The last day on which it may; none when not given.
    pub valid_until: Option<Day>,
}

/// Why sales ask for a release.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The customer pays the two oldest invoices on Friday.", "promised_on": "2026-11-27"}))]
pub struct ReleaseRequestIn {
    pub reason: Note,
    /// The day on which the customer promised to pay; none when it did not.
    pub promised_on: Option<Day>,
}

/// To whom an order is given.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"assigned_to": "u-21"}))]
pub struct AssignIn {
    /// Null puts it back into the queue.
    #[serde(deserialize_with = "given")]
    #[schema(required)]
    pub assigned_to: Option<Subject>,
}

/// Which credit blocks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CreditBlockFilter {
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub order_number: Vec<Number>,
    /// Those that these people work on.
    #[serde(default)]
    #[param(max_items = 100)]
    pub assigned_to: Vec<Subject>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<CreditBlockStatus>,
}

/// May this customer have so much more?
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "is_consistent"))]
#[schema(example = json!({
    "customer": "C-1001", "order_number": "SO-2026-0001", "amount": {"amount": "12500.00", "currency": "CNY"},
    "net_days": 30, "checkpoint": "order", "reserve": true, "dry_run": false
}))]
pub struct LimitCheckIn {
    pub customer: CustomerRef,
    /// The order; needed to reserve.
    pub order_number: Option<Number>,
    /// What of the order the reservation is for; `order` when not given.
    pub purpose: Option<Keyword>,
    pub amount: PositiveIn,
    /// The term of the order, in days; the account's when not given.
    #[validate(range(min = 0, max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub net_days: Option<i32>,
    /// The payment terms of the order, by their code, instead of its term in days: that is until the last instalment of the
    /// amount is due, from today on, and is what is recorded.
    pub payment_terms: Option<Keyword>,
    /// The stage of the sale; `order` when not given.
    pub checkpoint: Option<Checkpoint>,
    /// What is paid before delivery: it needs no credit. In the currency of the amount, and no more than it.
    pub prepaid: Option<AmountIn>,
    /// Take the capacity when the check passes, open a credit block when credit must look at it.
    pub reserve: Option<bool>,
    /// Until when the reservation shall hold; the policy's default when not given.
    pub reserve_until: Option<Instant>,
    /// Only say what would happen.
    pub dry_run: Option<bool>,
    /// The company that sells; `MAIN` when not given. The order counts in what is owed to it, in the order's currency where
    /// that is one of the account's billing currencies, else in the account's.
    pub legal_entity: Option<EntityRef>,
}

/// What the request alone shows to be wrong.
fn is_consistent(input: &LimitCheckIn) -> Result<(), ValidationError> {
    let wrong = |code: &'static str, message: &'static str| {
        Err(ValidationError::new(code).with_message(message.into()))
    };
    if input.reserves() && input.order_number.is_none() {
        return wrong("order_number", "order_number is needed to reserve");
    }
    if input.net_days.is_some() && input.payment_terms.is_some() {
        return wrong("exclusive", "give net_days or payment_terms, not both");
    }
    if let Some(prepaid) = input.prepaid {
        let (prepaid, amount) = (prepaid.money(), input.amount.money());
        if prepaid.currency() != amount.currency() || prepaid.minor() > amount.minor() {
            return wrong(
                "prepaid",
                "prepaid must be in the currency of the amount and no more than it",
            );
        }
    }
    Ok(())
}

impl LimitCheckIn {
    pub fn order(&self) -> Option<&str> {
        self.order_number.as_ref().map(Number::as_str)
    }

    pub fn purpose(&self) -> &str {
        self.purpose
            .as_ref()
            .map_or(DEFAULT_PURPOSE, Keyword::as_str)
    }

    pub fn reserves(&self) -> bool {
        self.reserve == Some(true) && !self.is_dry_run()
    }

    pub fn is_dry_run(&self) -> bool {
        self.dry_run == Some(true)
    }
}

/// Many checks at once, decided in this order.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"items": [
    {"customer": "C-1001", "amount": {"amount": "12500.00", "currency": "CNY"}},
    {"customer": "C-1002", "amount": {"amount": "800.00", "currency": "CNY"}}
]}))]
pub struct LimitCheckBatchIn {
    #[validate(length(min = 1, max = 500), nested)]
    #[schema(min_items = 1, max_items = 500)]
    pub items: Vec<LimitCheckIn>,
}

/// Which recorded checks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LimitCheckFilter {
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub order_number: Vec<Number>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub outcome: Vec<Outcome>,
}

/// Under which policy.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReplayFilter {
    /// The version that is to decide; the one that decided then when not given.
    #[param(minimum = 1, maximum = 2_147_483_647)]
    pub policy_version: Option<i32>,
}

/// The checks of which days.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "2026-10-01", "to": "2026-10-31"}))]
pub struct SimulationIn {
    /// The first business day.
    pub from: Day,
    /// The last business day.
    pub to: Day,
}

/// A capture: the invoice that a reservation becomes.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "invoice": {"number": "INV-2026-0001", "invoice_date": "2026-11-22", "due_date": "2026-12-22",
        "amount": {"amount": "12500.00", "currency": "CNY"}},
    "remainder": "keep"
}))]
pub struct CaptureIn {
    #[validate(nested)]
    pub invoice: CapturedInvoiceIn,
    /// What becomes of what the capture leaves; kept when not given.
    pub remainder: Option<Remainder>,
}

/// The invoice of a capture.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CapturedInvoiceIn {
    pub number: Number,
    pub invoice_date: Day,
    /// The invoice date and the account's net days when not given.
    pub due_date: Option<Day>,
    pub amount: PositiveIn,
}

impl CapturedInvoiceIn {
    /// The invoice to be posted; the reservation and its order are added by the capture.
    pub fn to_new(&self) -> NewInvoice {
        NewInvoice {
            number: self.number.clone(),
            invoice_date: self.invoice_date.date(),
            due_date: self.due_date.map(Day::date),
            amount: self.amount.money(),
            order_number: None,
            reservation_id: None,
            legal_entity: MAIN_ENTITY,
            details: InvoiceDetails::default(),
        }
    }
}

/// A reservation to be held longer.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reserve_until": "2027-01-31T00:00:00Z"}))]
pub struct ExtendIn {
    pub reserve_until: Instant,
}

/// Which reservations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReservationFilter {
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub order_number: Vec<Number>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<ReservationStatus>,
}

/// What the order is to come to.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": {"amount": "15000.00", "currency": "CNY"}}))]
pub struct AmendIn {
    /// The whole of the order, with what was captured already.
    pub amount: PositiveIn,
    /// The term of the order, in days; the account's when not given.
    #[validate(range(min = 0, max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub net_days: Option<i32>,
}
