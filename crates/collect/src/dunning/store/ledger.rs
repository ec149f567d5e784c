//! What dunning reads of the ledger and of its debtors.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::book::customers::model::Customer;
use crate::book::exposure::model::CreditAccount;
use crate::collect::dunning::model::OpenInvoice;
use crate::platform::db::schema::{
    credit_accounts, customers, dunning_notice_items, dunning_notices, dunning_stages, invoices,
};
use crate::platform::db::{Db, DbError, on_backend};
use kernel::ids::{CustomerId, DunningRunId, InvoiceId};
use kernel::text::Number;

/// Which invoices.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// Those that are open and were due before a day.
    OverdueOn(NaiveDate),
    /// Those on the notices of a run, also when they are paid by now, and what else its customers had overdue on a day.
    OnRun(DunningRunId, NaiveDate),
}

/// Invoices with their stages, the oldest of each customer first.
pub fn list_invoices(db: &mut Db, which: Which) -> Result<Vec<OpenInvoice>, DbError> {
    let rows: Vec<OpenInvoice> = on_backend!(db, |c| {
        let query = invoices::table
            .left_join(dunning_stages::table.on(dunning_stages::invoice_id.eq(invoices::id)))
            .select((
                invoices::id,
                invoices::number,
                invoices::customer_id,
                invoices::currency,
                invoices::invoice_date,
                invoices::due_date,
                invoices::open_minor,
                dunning_stages::level.nullable(),
                dunning_stages::last_dunned_on.nullable(),
            ))
            .order((invoices::customer_id, invoices::due_date, invoices::id));
        match which {
            Which::OverdueOn(day) => query
                .filter(invoices::open_minor.gt(0))
                .filter(invoices::due_date.lt(day))
                .load(c),
            Which::OnRun(run, day) => {
                let on_notices = dunning_notice_items::table
                    .inner_join(
                        dunning_notices::table
                            .on(dunning_notices::id.eq(dunning_notice_items::notice_id)),
                    )
                    .filter(dunning_notices::run_id.eq(run))
                    .select(dunning_notice_items::invoice_id);
                let to_customers = dunning_notices::table
                    .filter(dunning_notices::run_id.eq(run))
                    .select(dunning_notices::customer_id);
                let is_overdue = invoices::open_minor.gt(0).and(invoices::due_date.lt(day));
                query
                    .filter(
                        invoices::id
                            .eq_any(on_notices)
                            .or(invoices::customer_id.eq_any(to_customers).and(is_overdue)),
                    )
                    .load(c)
            }
        }
    })?;
    Ok(rows)
}

/// A customer with its account.
pub type Debtor = (Customer, CreditAccount);

/// These customers with their accounts.
pub fn list_debtors(db: &mut Db, ids: &[CustomerId]) -> Result<Vec<Debtor>, DbError> {
    let mut debtors = Vec::new();
    for chunk in ids.chunks(5_000) {
        let found: Vec<Debtor> = on_backend!(db, |c| customers::table
            .inner_join(credit_accounts::table.on(credit_accounts::customer_id.eq(customers::id)))
            .filter(customers::id.eq_any(chunk))
            .select((Customer::as_select(), CreditAccount::as_select()))
            .load(c))?;
        debtors.extend(found);
    }
    Ok(debtors)
}

/// The numbers, days and due days of these invoices.
pub fn list_invoice_numbers(
    db: &mut Db,
    ids: &[InvoiceId],
) -> Result<Vec<(InvoiceId, Number, NaiveDate, NaiveDate)>, DbError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(5_000) {
        let rows: Vec<(InvoiceId, Number, NaiveDate, NaiveDate)> =
            on_backend!(db, |c| invoices::table
                .filter(invoices::id.eq_any(chunk))
                .select((
                    invoices::id,
                    invoices::number,
                    invoices::invoice_date,
                    invoices::due_date
                ))
                .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}
