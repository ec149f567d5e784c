//! How money is applied to invoices.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::book::customers::model::CustomerRef;
use crate::book::receivables::model::{InvoiceRef, ShortPaymentRest};
use kernel::clock::Day;
use kernel::ids::{InvoiceId, ItemId};
use kernel::money::{AmountIn, Money, PositiveIn};
use kernel::text::{Line, Number};

/// How money is applied to invoices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Apply {
    /// To the invoices in `applications`.
    Named,
    /// To whatever is open, by due date.
    OldestFirst,
    /// To none: it stays unapplied.
    None,
}

/// A part of some money for one invoice.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "one_invoice"))]
pub struct CashApplicationIn {
    /// The invoice by id; either this or `invoice_number`.
    pub invoice_id: Option<InvoiceId>,
    /// The invoice by number; either this or `invoice_id`.
    pub invoice_number: Option<Number>,
    /// One instalment of it; the earliest due first when not given.
    pub item_id: Option<ItemId>,
    /// Who owes it. Needed only of a customer that is not of the payer's group: it says that this is meant.
    pub customer: Option<CustomerRef>,
    /// More than zero: in the invoice's currency what is settled, at most what is open; in the money's currency, where that
    /// is another, what is used of it.
    // Read with zero, which is refused where each item of a batch has an answer of its own.
    #[schema(value_type = PositiveIn)]
    pub amount: AmountIn,
    /// What is used of the money, in its currency, where the invoice is in another; by the rate of the money's day when not
    /// given.
    #[schema(value_type = Option<PositiveIn>)]
    pub used_amount: Option<AmountIn>,
    /// What becomes of the rest when it is paid short; it stays open when not given. A discount in time and the policy's
    /// tolerance close it first.
    pub rest: Option<RestIn>,
}

/// What becomes of the rest of an invoice that is paid short, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"treatment": "dispute", "reason": "Two pallets were damaged."}))]
pub struct RestIn {
    /// `open` and `dispute` leave it open; the others close it, within what the policy lets go (`settlement.difference_limits`).
    pub treatment: ShortPaymentRest,
    pub reason: Option<Line>,
}

fn one_invoice(one: &CashApplicationIn) -> Result<(), ValidationError> {
    if one.invoice_id.is_some() == one.invoice_number.is_some() {
        return Err(ValidationError::new("exclusive").with_message(
            "must name the invoice by invoice_id or invoice_number, exactly one".into(),
        ));
    }
    Ok(())
}

/// Which invoices unapplied money is to settle.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "later_application"))]
#[schema(example = json!({
    "applications": [{"invoice_number": "I-2026-0002", "amount": {"amount": "800.00", "currency": "CNY"}}]
}))]
pub struct ApplyIn {
    /// When left out, as `applications` say; `none` would do nothing and is refused.
    pub apply: Option<Apply>,
    /// The invoices that it pays; what is left stays unapplied. An empty list would do nothing and is refused. Left out,
    /// it goes to the oldest first.
    #[validate(length(max = 500), nested)]
    #[schema(max_items = 500)]
    pub applications: Option<Vec<CashApplicationIn>>,
    /// The day from which it counts: from the document's own date to today; today when not given.
    pub effective_on: Option<Day>,
}

impl ApplyIn {
    pub fn day(&self) -> Option<NaiveDate> {
        self.effective_on.map(Day::date)
    }

    pub fn application(&self) -> Application {
        application(self.apply, self.applications.as_deref())
    }
}

fn later_application(input: &ApplyIn) -> Result<(), ValidationError> {
    let is_empty = input.applications.as_ref().is_some_and(Vec::is_empty);
    if input.apply == Some(Apply::None) || (input.apply.is_none() && is_empty) {
        return Err(
            ValidationError::new("nothing_to_do").with_message("must apply it to something".into())
        );
    }
    check_application(input.apply, input.applications.as_deref())
}

/// Invoices are named exactly when that is how the money is applied.
pub(super) fn check_application(
    apply: Option<Apply>,
    applications: Option<&[CashApplicationIn]>,
) -> Result<(), ValidationError> {
    let is_named = applications.is_some_and(|named| !named.is_empty());
    match apply {
        Some(Apply::Named) if !is_named => Err(ValidationError::new("applications_missing")
            .with_message("must have applications when apply is named".into())),
        Some(Apply::OldestFirst | Apply::None) if is_named => {
            Err(ValidationError::new("applications_unused")
                .with_message("may have applications only when apply is named".into()))
        }
        _ => Ok(()),
    }
}

pub(super) fn application(
    apply: Option<Apply>,
    applications: Option<&[CashApplicationIn]>,
) -> Application {
    let named = applications.unwrap_or_default().iter().filter_map(|one| {
        let by_id = one.invoice_id.map(InvoiceRef::Id);
        let invoice = by_id.or_else(|| one.invoice_number.clone().map(InvoiceRef::Number))?;
        Some(NamedApplication {
            invoice,
            item: one.item_id,
            customer: one.customer.clone(),
            amount: one.amount.money(),
            used: one.used_amount.map(AmountIn::money),
            rest: one.rest.clone(),
        })
    });
    match apply {
        Some(Apply::None) => Application::Nothing,
        Some(Apply::OldestFirst) => Application::OldestFirst,
        Some(Apply::Named) | None => match applications {
            None => Application::OldestFirst,
            Some([]) => Application::Nothing,
            Some(_) => Application::Named(named.collect()),
        },
    }
}

/// Which invoices money is for.
#[derive(Debug, Clone)]
pub enum Application {
    /// These, with these amounts; what is left stays unapplied.
    Named(Vec<NamedApplication>),
    /// This one, as far as it is open when its turn comes; what is too much stays unapplied.
    AsFarAsOpen(InvoiceRef),
    /// Each of these, up to its amount and as far as it is open when its turn comes; what is too much stays unapplied.
    UpTo(Vec<NamedApplication>),
    /// Whatever is open, the oldest first.
    OldestFirst,
    /// None: all of it stays unapplied.
    Nothing,
}

/// A part of some money for a named invoice.
#[derive(Debug, Clone)]
pub struct NamedApplication {
    pub invoice: InvoiceRef,
    /// One item of it; the earliest due first when not given.
    pub item: Option<ItemId>,
    /// Who owes it, where that is said.
    pub customer: Option<CustomerRef>,
    /// In the invoice's currency what is settled, in the money's what is used.
    pub amount: Money,
    /// What is used, beside what is settled.
    pub used: Option<Money>,
    /// What becomes of the rest.
    pub rest: Option<RestIn>,
}

impl NamedApplication {
    /// So much of an invoice, and nothing more said.
    pub const fn of(invoice: InvoiceRef, amount: Money) -> NamedApplication {
        NamedApplication {
            invoice,
            item: None,
            customer: None,
            amount,
            used: None,
            rest: None,
        }
    }
}
