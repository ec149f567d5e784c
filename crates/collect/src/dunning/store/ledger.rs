//! What dunning reads of the ledger and of its debtors.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::dsl::{count_star, max};
use diesel::prelude::*;

use crate::book::customers::model::Customer;
use crate::book::exposure::model::CreditAccount;
use crate::collect::dunning::model::OpenInvoice;
use crate::platform::db::schema::{
    bank_accounts, bank_statements, credit_accounts, customers, dunning_stages, invoice_items,
    invoices,
};
use crate::platform::db::{Db, DbError, on_backend};
use kernel::ids::{CustomerId, ItemId, LegalEntityId};
use kernel::text::Number;

/// Who has something open that was due before a day, with how many lines, in order of id: those after `after`.
pub fn list_overdue_customers(
    db: &mut Db,
    before: NaiveDate,
    after: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<(CustomerId, i64)>, DbError> {
    on_backend!(db, |c| {
        let mut query = invoice_items::table
            .filter(invoice_items::open_minor.gt(0))
            .filter(invoice_items::due_date.lt(before))
            .group_by(invoice_items::customer_id)
            .select((invoice_items::customer_id, count_star()))
            .order(invoice_items::customer_id)
            .limit(limit)
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(invoice_items::customer_id.gt(after));
        }
        Ok(query.load(c)?)
    })
}

/// How many lines are open and were due before a day.
pub fn count_overdue(db: &mut Db, before: NaiveDate) -> Result<i64, DbError> {
    Ok(on_backend!(db, |c| invoice_items::table
        .filter(invoice_items::open_minor.gt(0))
        .filter(invoice_items::due_date.lt(before))
        .count()
        .get_result(c))?)
}

/// Items with their invoices and stages, for both databases.
macro_rules! with_stages {
    () => {
        invoice_items::table
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
    };
}

/// What of these customers is open and was due before a day, the oldest of each first; and these items, also when they
/// are paid by now.
pub fn list_invoices(
    db: &mut Db,
    of: &[CustomerId],
    before: NaiveDate,
    also: &[ItemId],
) -> Result<Vec<OpenInvoice>, DbError> {
    let mut rows: Vec<OpenInvoice> = on_backend!(db, |c| with_stages!()
        .filter(invoice_items::customer_id.eq_any(of))
        .filter(invoice_items::open_minor.gt(0))
        .filter(invoice_items::due_date.lt(before))
        .load(c))?;
    let found: BTreeSet<ItemId> = rows.iter().map(|row| row.id).collect();
    let missing: Vec<ItemId> = also
        .iter()
        .filter(|id| !found.contains(id))
        .copied()
        .collect();
    for chunk in missing.chunks(5_000) {
        let more: Vec<OpenInvoice> = on_backend!(db, |c| with_stages!()
            .filter(invoice_items::id.eq_any(chunk))
            .load(c))?;
        rows.extend(more);
    }
    rows.sort_by_key(|row| (row.customer_id, row.due_date, row.id));
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

/// Of each open bank account its company, and the day up to which its newest statement tells that closed by a day; none
/// where it has no statement.
pub fn list_statement_days(
    db: &mut Db,
    by: NaiveDate,
) -> Result<Vec<(LegalEntityId, Option<NaiveDate>)>, DbError> {
    Ok(on_backend!(db, |c| bank_accounts::table
        .left_join(
            bank_statements::table.on(bank_statements::bank_account_id
                .eq(bank_accounts::id)
                .and(bank_statements::closing_date.le(by)))
        )
        .filter(bank_accounts::closed_on.is_null())
        .group_by((bank_accounts::id, bank_accounts::legal_entity_id))
        .select((
            bank_accounts::legal_entity_id,
            max(bank_statements::closing_date.nullable())
        ))
        .load(c))?)
}
