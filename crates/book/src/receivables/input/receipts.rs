//! What receipts and lists of them are asked.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::applications::{application, check_application};
use super::{Application, Apply, CashApplicationIn, NewReceipt, Origin, Rests};
use crate::book::customers::model::CustomerRef;
use crate::book::entities::model::EntityRef;
use crate::book::receivables::model::{DepositRequestRef, DocumentStatus};
use kernel::clock::Day;
use kernel::ids::LegalEntityId;
use kernel::money::{AmountIn, Currency, PositiveIn};
use kernel::text::{Note, Number};

/// Which receipts, the newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReceiptFilter {
    /// Receipts of these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<DocumentStatus>,
    /// Of these companies.
    #[serde(default)]
    #[param(max_items = 100)]
    pub legal_entity: Vec<EntityRef>,
    /// In these currencies.
    #[serde(default)]
    #[param(max_items = 20)]
    pub currency: Vec<Currency>,
    /// Dated on this day or later.
    pub receipt_date_from: Option<Day>,
    /// Dated on this day or earlier.
    pub receipt_date_to: Option<Day>,
    /// Prepayments of these orders.
    #[serde(default)]
    #[param(max_items = 100)]
    pub prepaid_order_number: Vec<Number>,
    /// Those with something left to apply, or those without.
    pub unapplied: Option<bool>,
    /// Those that stand and may be another receipt that stands once more, or all others.
    pub possible_duplicate: Option<bool>,
}

/// A receipt to be posted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "receipt_application"))]
#[schema(example = json!({
    "number": "R-2026-0001", "customer": "C-1001", "receipt_date": "2026-04-30",
    "amount": {"amount": "12500.00", "currency": "CNY"},
    "applications": [{"invoice_number": "I-2026-0001", "amount": {"amount": "12500.00", "currency": "CNY"}}]
}))]
pub struct ReceiptIn {
    /// The number that the ERP or bank gave it; no other living receipt has it.
    pub number: Number,
    pub customer: CustomerRef,
    /// The day on which the money came; not in the future.
    pub receipt_date: Day,
    /// More than zero, in the account's currency or one of its billing currencies.
    // Read with zero, which is refused where each item of a batch has an answer of its own.
    #[schema(value_type = PositiveIn)]
    pub amount: AmountIn,
    /// How it is applied: when left out, as `applications` say.
    pub apply: Option<Apply>,
    /// The invoices that it pays; what is left stays unapplied. An empty list is none: all stays unapplied. Left out, it
    /// goes to the oldest first.
    #[validate(length(max = 500), nested)]
    #[schema(max_items = 500)]
    pub applications: Option<Vec<CashApplicationIn>>,
    /// Who paid, where that is not the customer: the head of its group, or somebody for it.
    pub payer_customer: Option<CustomerRef>,
    /// The order that it is paid for beforehand, by our number: it settles invoices of that order alone, until it is released.
    /// Nothing is settled by it now unless `applications` name such invoices.
    pub prepaid_order_number: Option<Number>,
    /// The deposit request that it is paid for, by its id or number, in place of `prepaid_order_number`: the order is the
    /// request's.
    #[schema(value_type = Option<Number>)]
    pub deposit_request: Option<DepositRequestRef>,
    /// The company that it is of; `MAIN` when not given.
    pub legal_entity: Option<EntityRef>,
}

impl ReceiptIn {
    const fn is_prepayment(&self) -> bool {
        self.prepaid_order_number.is_some() || self.deposit_request.is_some()
    }

    pub fn to_new(&self, legal_entity: LegalEntityId) -> NewReceipt {
        NewReceipt {
            number: self.number.clone(),
            receipt_date: self.receipt_date.date(),
            amount: self.amount.money(),
            application: match (self.apply, &self.applications) {
                (None, None) if self.is_prepayment() => Application::Nothing,
                _ => application(self.apply, self.applications.as_deref()),
            },
            legal_entity,
            payer: None,
            prepaid_order: self.prepaid_order_number.clone(),
            origin: Origin::Ledger,
            rests: Rests::MayClose,
        }
    }
}

fn receipt_application(input: &ReceiptIn) -> Result<(), ValidationError> {
    if input.prepaid_order_number.is_some() && input.deposit_request.is_some() {
        let message = "give prepaid_order_number or deposit_request, not both";
        return Err(ValidationError::new("exclusive").with_message(message.into()));
    }
    if input.is_prepayment() && input.apply == Some(Apply::OldestFirst) {
        let message = "a prepayment settles invoices of its order alone, not the oldest first";
        return Err(ValidationError::new("exclusive").with_message(message.into()));
    }
    check_application(input.apply, input.applications.as_deref())
}

/// How a receipt is known not to be another one once more.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Two payments of the same amount came that week."}))]
pub struct ConfirmReceiptIn {
    pub reason: Note,
}

/// Why a prepayment is free for any invoice.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "The order was cancelled."}))]
pub struct ReleaseReceiptIn {
    pub reason: Note,
}
