//! What is written of invoices that are sold.

use diesel::prelude::*;

use crate::book::receivables::model::Invoice;
use crate::platform::db::schema::{invoice_items, invoices};
use crate::platform::db::{DbError, Tx, on_backend};

/// Writes that an invoice with its items is sold, or is ours again, when it still has the version that it was read with, and gives it as
/// it is now.
pub fn save_sale(tx: &mut Tx, invoice: &Invoice) -> Result<Option<Invoice>, DbError> {
    let after: Option<Invoice> = on_backend!(tx, |c| diesel::update(
        invoices::table
            .find(invoice.id)
            .filter(invoices::version.eq(invoice.version))
    )
    .set((
        invoices::status.eq(invoice.status),
        invoices::sold_on.eq(invoice.sold_on),
        invoices::version.eq(invoices::version + 1),
    ))
    .returning(Invoice::as_returning())
    .get_result(c)
    .optional())?;
    if let Some(after) = &after {
        on_backend!(tx, |c| diesel::update(
            invoice_items::table.filter(invoice_items::invoice_id.eq(after.id))
        )
        .set(invoice_items::sold_on.eq(after.sold_on))
        .execute(c))?;
    }
    Ok(after)
}
