//! Invoices that are sold without recourse: who buys one bears its risk, so that it is no exposure any more.

use super::ReceivableError;
use crate::book::exposure::actions::{self as exposure, Locked};
use crate::book::receivables::model::{Invoice, InvoiceStatus};
use crate::book::receivables::{rules, store};
use crate::platform::db::{Change, Tx};

/// Takes what is open on an invoice out of exposure, from today on. It stays open: its buyer has to be paid. Its account
/// must be locked before the invoice is read.
///
/// # Errors
/// When it changed since it was read.
pub fn sell(tx: &mut Tx, locked: &Locked, before: &Invoice) -> Result<Invoice, ReceivableError> {
    let after = Invoice {
        status: InvoiceStatus::Sold,
        sold_on: Some(tx.today()),
        ..before.clone()
    };
    let after = store::save_sale(tx, &after)?.ok_or(ReceivableError::Stale)?;
    exposure::post(
        tx,
        locked,
        before.key(),
        -before.exposure(before.open_minor),
    )?;
    tx.record(
        Change::new("invoice.sold", after.id)
            .before(before)
            .after(&after),
    )?;
    Ok(after)
}

/// Takes an invoice back that was sold: what is open on it is exposure again, from today on.
///
/// # Errors
/// When it changed since it was read.
pub fn buy_back(
    tx: &mut Tx,
    locked: &Locked,
    before: &Invoice,
) -> Result<Invoice, ReceivableError> {
    let after = Invoice {
        status: rules::status_of(before.amount_minor, before.open_minor),
        sold_on: None,
        ..before.clone()
    };
    let after = store::save_sale(tx, &after)?.ok_or(ReceivableError::Stale)?;
    exposure::post(tx, locked, before.key(), before.exposure(before.open_minor))?;
    tx.record(
        Change::new("invoice.bought_back", after.id)
            .before(before)
            .after(&after),
    )?;
    Ok(after)
}
