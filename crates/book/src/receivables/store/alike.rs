//! Documents with the same customer, day and amount as others.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::book::receivables::model::{DocumentStatus, InvoiceStatus};
use crate::platform::db::schema::{credit_notes, invoices, receipts};
use crate::platform::db::{Db, DbError, on_backend};
use kernel::ids::CustomerId;
use kernel::text::Number;

/// Customer, day and amount of a document, and its number.
pub type Written = (CustomerId, NaiveDate, i64, Number);

/// What to look for: documents of these customers, of these days, over these amounts.
#[derive(Debug, Default)]
pub struct Wanted {
    pub customers: BTreeSet<CustomerId>,
    pub days: BTreeSet<NaiveDate>,
    pub minors: BTreeSet<i64>,
}

/// Invoices that stand, among which are all that have customer, day and amount in common with what is wanted.
pub fn list_invoices_alike(db: &mut Db, wanted: &Wanted) -> Result<Vec<Written>, DbError> {
    if wanted.customers.is_empty() {
        return Ok(Vec::new());
    }
    Ok(on_backend!(db, |c| invoices::table
        .filter(invoices::customer_id.eq_any(&wanted.customers))
        .filter(invoices::invoice_date.eq_any(&wanted.days))
        .filter(invoices::amount_minor.eq_any(&wanted.minors))
        .filter(invoices::status.ne(InvoiceStatus::Cancelled))
        .select((
            invoices::customer_id,
            invoices::invoice_date,
            invoices::amount_minor,
            invoices::number
        ))
        .load(c))?)
}

/// Receipts that stand, in the same way.
pub fn list_receipts_alike(db: &mut Db, wanted: &Wanted) -> Result<Vec<Written>, DbError> {
    if wanted.customers.is_empty() {
        return Ok(Vec::new());
    }
    Ok(on_backend!(db, |c| receipts::table
        .filter(receipts::customer_id.eq_any(&wanted.customers))
        .filter(receipts::receipt_date.eq_any(&wanted.days))
        .filter(receipts::amount_minor.eq_any(&wanted.minors))
        .filter(receipts::status.ne(DocumentStatus::Reversed))
        .select((
            receipts::customer_id,
            receipts::receipt_date,
            receipts::amount_minor,
            receipts::number
        ))
        .load(c))?)
}

/// Credit notes that stand, in the same way.
pub fn list_credit_notes_alike(db: &mut Db, wanted: &Wanted) -> Result<Vec<Written>, DbError> {
    if wanted.customers.is_empty() {
        return Ok(Vec::new());
    }
    Ok(on_backend!(db, |c| credit_notes::table
        .filter(credit_notes::customer_id.eq_any(&wanted.customers))
        .filter(credit_notes::credit_date.eq_any(&wanted.days))
        .filter(credit_notes::amount_minor.eq_any(&wanted.minors))
        .filter(credit_notes::status.ne(DocumentStatus::Reversed))
        .select((
            credit_notes::customer_id,
            credit_notes::credit_date,
            credit_notes::amount_minor,
            credit_notes::number
        ))
        .load(c))?)
}
