//! When two receipts may be one and the same money.

use chrono::{Days, NaiveDate};

use crate::book::receivables::model::Receipt;
use kernel::ids::{CustomerId, LegalEntityId};
use kernel::money::Money;

/// How many days lie at most between what a bank and what a ledger says of one payment.
const DAYS_APART: u64 = 3;

/// Money as it is told apart from other money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described {
    pub customer: CustomerId,
    pub legal_entity: LegalEntityId,
    pub amount: Money,
    pub day: NaiveDate,
}

/// Where to look for what it may be once more: customer, amount, first and last day.
pub fn window(asked: &Described) -> (CustomerId, i64, NaiveDate, NaiveDate) {
    let first = asked.day.checked_sub_days(Days::new(DAYS_APART));
    let last = asked.day.checked_add_days(Days::new(DAYS_APART));
    (
        asked.customer,
        asked.amount.minor(),
        first.unwrap_or(asked.day),
        last.unwrap_or(asked.day),
    )
}

/// Whether money may be a receipt that is known, once more: the same customer, company, currency and amount, at most three
/// days apart. 12,500.00 that the bank has on 30 April and an ERP on 2 May may be one payment; on 4 May they are two.
pub fn is_twin(asked: &Described, known: &Receipt) -> bool {
    let (customer, minor, first, last) = window(asked);
    known.customer_id == customer
        && known.legal_entity_id == asked.legal_entity
        && known.currency == asked.amount.currency()
        && known.amount_minor == minor
        && (first..=last).contains(&known.receipt_date)
}
