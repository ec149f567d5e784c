//! What use cases and lists are asked.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::{ChargeKind, ChargeStatus, FeeKind, is_rate};
use crate::book::customers::model::CustomerRef;
use crate::book::entities::model::EntityRef;
use crate::book::receivables::model::InvoiceRef;
use kernel::clock::Day;
use kernel::figures::Figure;
use kernel::ids::{CustomerId, InvoiceId, ItemId};
use kernel::money::{AmountIn, Currency, Money, PositiveIn};
use kernel::text::{Line, Note, Number, SnakeCode};

/// Which charges, the newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChargeFilter {
    /// Of these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<ChargeStatus>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub kind: Vec<ChargeKind>,
    /// Because these invoices were paid late.
    #[serde(default)]
    #[param(max_items = 100)]
    pub invoice_id: Vec<InvoiceId>,
    /// Those that became these invoices.
    #[serde(default)]
    #[param(max_items = 100)]
    pub claimed_invoice_id: Vec<InvoiceId>,
    /// Of these companies.
    #[serde(default)]
    #[param(max_items = 100)]
    pub legal_entity: Vec<EntityRef>,
    /// In these currencies.
    #[serde(default)]
    #[param(max_items = 20)]
    pub currency: Vec<Currency>,
}

/// What charges are to be worked out for.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"as_of": "2026-08-31", "customers": ["C-1001"]}))]
pub struct AccrueIn {
    /// The last day that counts; today when not given, and not in the future.
    pub as_of: Option<Day>,
    /// Of these customers; of all when not given.
    #[validate(length(min = 1, max = 100))]
    #[schema(min_items = 1, max_items = 100)]
    pub customers: Option<Vec<CustomerRef>>,
}

/// What a job is asked to do.
#[derive(Debug, Serialize, Deserialize)]
pub struct AccrualPlan {
    pub as_of: NaiveDate,
    /// None for everybody.
    pub customers: Option<Vec<CustomerId>>,
}

/// A fee or other costs to be recorded.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "collection_cost", "invoice": "I-2026-0001", "amount": {"amount": "85.00", "currency": "CNY"},
    "reason": "Register search."
}))]
pub struct FeeIn {
    pub kind: FeeKind,
    /// The invoice that was paid late, by its id or number.
    #[schema(value_type = Number)]
    pub invoice: InvoiceRef,
    /// One instalment of it; the first when not given.
    pub item_id: Option<ItemId>,
    /// In the invoice's currency.
    pub amount: PositiveIn,
    pub reason: Note,
}

/// How a charge is claimed.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"number": "LPI-2026-0001", "due_date": "2026-09-14", "reference": "Notice 2026-0042"}))]
pub struct ClaimIn {
    /// The number of the invoice that it becomes; one is made when not given.
    pub number: Option<Number>,
    /// When that is due; today when not given.
    pub due_date: Option<Day>,
    /// What it is claimed with, such as the number of a notice.
    pub reference: Option<Line>,
}

/// Interest to be worked out without effect.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "one_rate"))]
#[schema(example = json!({
    "amount": {"amount": "10000.00", "currency": "EUR"}, "due_date": "2026-05-15", "to": "2026-08-14",
    "regime": "eu_2011_7", "payments": [{"on": "2026-08-14", "amount": {"amount": "10000.00", "currency": "EUR"}}]
}))]
pub struct CalculationIn {
    /// What was to be paid.
    pub amount: PositiveIn,
    pub due_date: Day,
    /// The last day that counts.
    pub to: Day,
    /// What is followed, by its code in the catalogue `late_payment_regimes`; either this or `yearly_rate`.
    pub regime: Option<SnakeCode>,
    /// A rate of a year that was agreed, from 0 to 10: `"0.05"` is 5 %.
    #[validate(custom(function = "check_rate"))]
    pub yearly_rate: Option<Figure>,
    /// What came, and when.
    #[validate(length(max = 100))]
    #[schema(max_items = 100)]
    pub payments: Option<Vec<CalculationPaymentIn>>,
    /// Days on which no interest runs, such as those of a dispute.
    #[validate(length(max = 100))]
    #[schema(max_items = 100)]
    pub paused: Option<Vec<CalculationPauseIn>>,
}

/// A part that came.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"on": "2026-06-30", "amount": {"amount": "4000.00", "currency": "EUR"}}))]
pub struct CalculationPaymentIn {
    pub on: Day,
    #[schema(value_type = PositiveIn)]
    pub amount: AmountIn,
}

/// Days on which no interest runs, both included.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "2026-06-01", "to": "2026-06-14"}))]
pub struct CalculationPauseIn {
    pub from: Day,
    pub to: Day,
}

/// What is agreed with a customer about paying late.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"yearly_rate": "0.08", "reason": "Frame contract of 2026, clause 10."}))]
pub struct LateInterestTermsIn {
    /// The rate of a year that goes before any regime, from 0 to 10: `"0.08"` is 8 %, and 0 is no interest.
    #[validate(custom(function = "check_rate"))]
    pub yearly_rate: Option<Figure>,
    /// The regime that holds, by its code in the catalogue; that of the legal entity's country when not given.
    pub regime: Option<SnakeCode>,
    pub reason: Note,
}

fn check_rate(rate: &Figure) -> Result<(), ValidationError> {
    if is_rate(*rate) {
        return Ok(());
    }
    Err(ValidationError::new("out_of_bounds").with_message("must be from 0 to 10".into()))
}

fn one_rate(input: &CalculationIn) -> Result<(), ValidationError> {
    if input.regime.is_some() == input.yearly_rate.is_some() {
        return Err(ValidationError::new("exclusive")
            .with_message("must have a regime or a yearly_rate, exactly one".into()));
    }
    Ok(())
}

impl CalculationIn {
    /// What came, as minor units by day.
    pub fn paid(&self) -> impl Iterator<Item = (NaiveDate, Money)> {
        let payments = self.payments.iter().flatten();
        payments.map(|one| (one.on.date(), one.amount.money()))
    }
}
