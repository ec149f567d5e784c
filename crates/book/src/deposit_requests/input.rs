//! What use cases and lists are asked.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::DepositStatus;
use crate::book::customers::model::CustomerRef;
use crate::book::entities::model::EntityRef;
use kernel::clock::Day;
use kernel::ids::LegalEntityId;
use kernel::money::{Currency, Money, PositiveIn};
use kernel::text::{Keyword, Number};

/// A deposit request to be posted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "number": "DR-2026-0001", "customer": "C-1001", "order_number": "SO-2026-0001", "request_date": "2026-03-31",
    "amount": {"amount": "3750.00", "currency": "CNY"}, "due_date": "2026-04-10"
}))]
pub struct DepositRequestIn {
    /// The number that the ERP gave it; no other living request of the legal entity has it.
    pub number: Number,
    pub customer: CustomerRef,
    /// The order that is paid for beforehand, by our number.
    pub order_number: Number,
    /// More than zero, in the account's currency or one of its billing currencies.
    pub amount: PositiveIn,
    /// Not in the future.
    pub request_date: Day,
    /// By what was agreed with the customer, from the request's date on, when not given.
    pub due_date: Option<Day>,
    /// The company that asks; `MAIN` when not given.
    #[schema(value_type = Option<Number>)]
    pub legal_entity: Option<EntityRef>,
    /// A word by which it is found again.
    pub label: Option<Keyword>,
}

impl DepositRequestIn {
    pub fn to_new(&self, legal_entity: LegalEntityId) -> NewDepositRequest {
        NewDepositRequest {
            number: self.number.clone(),
            legal_entity,
            order_number: self.order_number.clone(),
            amount: self.amount.money(),
            request_date: self.request_date.date(),
            due_date: self.due_date.map(Day::date),
            label: self.label.clone(),
        }
    }
}

/// A deposit request to be posted for a locked account.
#[derive(Debug, Clone)]
pub struct NewDepositRequest {
    pub number: Number,
    pub legal_entity: LegalEntityId,
    pub order_number: Number,
    pub amount: Money,
    pub request_date: NaiveDate,
    pub due_date: Option<NaiveDate>,
    pub label: Option<Keyword>,
}

/// Which deposit requests, what is due first first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DepositRequestFilter {
    /// Requests to these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<DepositStatus>,
    /// Of these orders.
    #[serde(default)]
    #[param(max_items = 100)]
    pub order_number: Vec<Number>,
    /// With these numbers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub number: Vec<Number>,
    /// Of these companies.
    #[serde(default)]
    #[param(max_items = 100)]
    pub legal_entity: Vec<EntityRef>,
    /// In these currencies.
    #[serde(default)]
    #[param(max_items = 20)]
    pub currency: Vec<Currency>,
    /// With one of these labels.
    #[serde(default)]
    #[param(max_items = 20)]
    pub label: Vec<Keyword>,
    /// Due on this day or later.
    pub due_date_from: Option<Day>,
    /// Due on this day or earlier.
    pub due_date_to: Option<Day>,
    /// Those that were due before today and are not paid, or all others.
    pub overdue: Option<bool>,
}
