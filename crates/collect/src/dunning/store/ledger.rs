//! What dunning reads of the ledger and of its debtors.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::book::customers::model::Customer;
use crate::book::exposure::model::CreditAccount;
use crate::collect::dunning::model::OpenInvoice;
use crate::platform::db::schema::{
    credit_accounts, customers, dunning_notice_items, dunning_notices, dunning_stages,
    invoice_items, invoices,
};
use crate::platform::db::{Db, DbError, on_backend};
use kernel::ids::{CustomerId, DunningRunId, ItemId};
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
        let query = invoice_items::table
            .inner_join(invoices::table.on(invoices::id.eq(invoice_items::invoice_id)))
            .left_join(dunning_stages::table.on(dunning_stages::item_id.eq(invoice_items::id)))
            .select((
                invoice_items::id,
                invoices::id,
                invoices::number,
                invoice_items::position,
                invoice_items::amount_minor,
                invoices::amount_minor,
                invoice_items::customer_id,
                invoices::legal_entity_id,
                invoices::currency,
                invoices::invoice_date,
                invoice_items::due_date,
                invoice_items::open_minor,
                dunning_stages::level.nullable(),
                dunning_stages::last_dunned_on.nullable(),
            ))
            .order((
                invoice_items::customer_id,
                invoice_items::due_date,
                invoice_items::id,
            ));
        match which {
            Which::OverdueOn(day) => query
                .filter(invoice_items::open_minor.gt(0))
                .filter(invoice_items::due_date.lt(day))
                .load(c),
            Which::OnRun(run, day) => {
                let on_notices = dunning_notice_items::table
                    .inner_join(
                        dunning_notices::table
                            .on(dunning_notices::id.eq(dunning_notice_items::notice_id)),
                    )
                    .filter(dunning_notices::run_id.eq(run))
                    .select(dunning_notice_items::item_id);
                let to_customers = dunning_notices::table
                    .filter(dunning_notices::run_id.eq(run))
                    .select(dunning_notices::customer_id);
                let is_overdue = invoice_items::open_minor
                    .gt(0)
                    .and(invoice_items::due_date.lt(day));
                let of_customer = invoice_items::customer_id.eq_any(to_customers);
                query
                    .filter(
                        invoice_items::id
                            .eq_any(on_notices)
                            .or(of_customer.and(is_overdue)),
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

/// Of an item: its invoice's number, its place in it, the invoice's day, and when it is due.
pub type ItemNumbers = (ItemId, Number, i32, NaiveDate, NaiveDate);

/// The numbers, places, days and due days of these items.
pub fn list_item_numbers(db: &mut Db, ids: &[ItemId]) -> Result<Vec<ItemNumbers>, DbError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(5_000) {
        let rows: Vec<ItemNumbers> = on_backend!(db, |c| invoice_items::table
            .inner_join(invoices::table.on(invoices::id.eq(invoice_items::invoice_id)))
            .filter(invoice_items::id.eq_any(chunk))
            .select((
                invoice_items::id,
                invoices::number,
                invoice_items::position,
                invoices::invoice_date,
                invoice_items::due_date
            ))
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}
