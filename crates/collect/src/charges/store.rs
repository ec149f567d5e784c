//! Queries on charges, on what is paid late, and on what was agreed about it.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::input::ChargeFilter;
use super::model::{Charge, ChargeKind, ChargeStatus, LateInterestTerms, LateItem};
use crate::book::customers::store::list_wanted;
use crate::book::entities::store as entities;
use crate::book::receivables::model::{InvoiceKind, InvoiceStatus};
use crate::platform::db::schema::charges::{self, dsl};
use crate::platform::db::schema::{
    customers, invoice_items, invoices, late_interest_terms, settlements,
};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::ids::{ChargeId, CreditAccountId, CustomerId, InvoiceId, ItemId, LegalEntityId};
use kernel::money::Currency;

/// How many ids stand in one statement.
const CHUNK: usize = 1_000;

pub fn find(db: &mut Db, id: ChargeId) -> Result<Option<Charge>, DbError> {
    Ok(on_backend!(db, |c| charges::table
        .find(id)
        .select(Charge::as_select())
        .first(c)
        .optional())?)
}

/// Locks a charge until the unit of work ends, where the database locks rows.
pub fn lock(tx: &mut Tx, id: ChargeId) -> Result<Option<Charge>, DbError> {
    let found = charges::table.find(id);
    Ok(match tx.conn() {
        Conn::Postgres(c) => found
            .select(Charge::as_select())
            .for_update()
            .first(&mut **c)
            .optional()?,
        Conn::Sqlite(c) => found
            .select(Charge::as_select())
            .first(&mut **c)
            .optional()?,
    })
}

/// Writes charges that are new, or that are worked out anew.
pub fn put(tx: &mut Tx, rows: &[Charge]) -> Result<(), DbError> {
    for chunk in rows.chunks(500) {
        on_backend!(tx, |c| diesel::insert_into(charges::table)
            .values(chunk)
            .on_conflict(dsl::id)
            .do_update()
            .set((
                dsl::amount_minor.eq(excluded(dsl::amount_minor)),
                dsl::from_day.eq(excluded(dsl::from_day)),
                dsl::to_day.eq(excluded(dsl::to_day)),
                dsl::regime.eq(excluded(dsl::regime)),
                dsl::segments.eq(excluded(dsl::segments)),
                dsl::status.eq(excluded(dsl::status)),
                dsl::ended_on.eq(excluded(dsl::ended_on)),
                dsl::end_reason.eq(excluded(dsl::end_reason)),
                dsl::version.eq(excluded(dsl::version)),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// Writes the row when it still has the version that `row` was read with, and gives the row as it is now.
pub fn update_if_unchanged(tx: &mut Tx, row: &Charge) -> Result<Option<Charge>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        charges::table
            .find(row.id)
            .filter(dsl::version.eq(row.version))
    )
    .set((
        dsl::status.eq(row.status),
        dsl::claimed_invoice_id.eq(row.claimed_invoice_id),
        dsl::claimed_on.eq(row.claimed_on),
        dsl::claimed_by.eq(&row.claimed_by),
        dsl::claim_reference.eq(&row.claim_reference),
        dsl::ended_on.eq(row.ended_on),
        dsl::end_reason.eq(&row.end_reason),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Charge::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of charges of customers that the caller may see, the newest first.
pub fn list(
    db: &mut Db,
    caller: &Caller,
    filter: &ChargeFilter,
    page: &PageRequest,
) -> Result<Page<Charge>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    let sellers = entities::list_wanted(db, &filter.legal_entity)?;
    on_backend!(db, |c| {
        let mut query = charges::table.select(Charge::as_select()).into_boxed();
        if caller.sees_only_own() {
            let own = customers::table
                .filter(customers::owner.eq(&caller.subject))
                .select(customers::id);
            query = query.filter(dsl::customer_id.eq_any(own));
        }
        if let Some(wanted) = &wanted {
            query = query.filter(dsl::customer_id.eq_any(wanted));
        }
        if let Some(sellers) = &sellers {
            query = query.filter(dsl::legal_entity_id.eq_any(sellers));
        }
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        if !filter.kind.is_empty() {
            query = query.filter(dsl::kind.eq_any(&filter.kind));
        }
        if !filter.invoice_id.is_empty() {
            query = query.filter(dsl::invoice_id.eq_any(&filter.invoice_id));
        }
        if !filter.claimed_invoice_id.is_empty() {
            query = query.filter(dsl::claimed_invoice_id.eq_any(&filter.claimed_invoice_id));
        }
        if !filter.currency.is_empty() {
            query = query.filter(dsl::currency.eq_any(&filter.currency));
        }
        seek!(c, query, page, Charge, desc(dsl::id))
    })
}

/// What has accrued of a customer for one company in one currency, the oldest first.
pub fn list_accrued(
    db: &mut Db,
    customer: CustomerId,
    entity: LegalEntityId,
    currency: Currency,
) -> Result<Vec<Charge>, DbError> {
    Ok(on_backend!(db, |c| charges::table
        .filter(dsl::customer_id.eq(customer))
        .filter(dsl::legal_entity_id.eq(entity))
        .filter(dsl::currency.eq(currency))
        .filter(dsl::status.eq(ChargeStatus::Accrued))
        .order(dsl::id)
        .select(Charge::as_select())
        .load(c))?)
}

/// The charges that became these invoices, and those that have accrued because these invoices were paid late.
pub fn list_of_invoices(db: &mut Db, ids: &[InvoiceId]) -> Result<Vec<Charge>, DbError> {
    let mut found: Vec<Charge> = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let claimed: Vec<Charge> = on_backend!(db, |c| charges::table
            .filter(dsl::claimed_invoice_id.eq_any(chunk))
            .order(dsl::id)
            .select(Charge::as_select())
            .load(c))?;
        let accrued: Vec<Charge> = on_backend!(db, |c| charges::table
            .filter(dsl::invoice_id.eq_any(chunk))
            .filter(dsl::status.eq(ChargeStatus::Accrued))
            .order(dsl::id)
            .select(Charge::as_select())
            .load(c))?;
        found.extend(claimed);
        found.extend(accrued);
    }
    Ok(found)
}

/// Customers in order of their ids, after one of them, of whom a sale was due before a day and is open or was paid late, or
/// interest or a fixed sum has accrued that began by that day: the latter may have been paid in time after all.
pub fn list_late_customers(
    db: &mut Db,
    before: NaiveDate,
    after: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<CustomerId>, DbError> {
    let late: Vec<CustomerId> = on_backend!(db, |c| {
        let settled_late = settlements::table
            .filter(settlements::item_id.eq(invoice_items::id.nullable()))
            .filter(settlements::effective_on.gt(invoice_items::due_date));
        let mut query = invoice_items::table
            .filter(invoice_items::due_date.lt(before))
            .filter(invoice_items::open_minor.gt(0).or(exists(settled_late)))
            .select(invoice_items::customer_id)
            .distinct()
            .order(invoice_items::customer_id)
            .limit(limit)
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(invoice_items::customer_id.gt(after));
        }
        query.load(c)
    })?;
    let charged: Vec<CustomerId> = on_backend!(db, |c| {
        let mut query = charges::table
            .filter(dsl::status.eq(ChargeStatus::Accrued))
            .filter(dsl::kind.eq_any([ChargeKind::Interest, ChargeKind::FixedSum]))
            .filter(dsl::from_day.le(before))
            .select(dsl::customer_id)
            .distinct()
            .order(dsl::customer_id)
            .limit(limit)
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(dsl::customer_id.gt(after));
        }
        query.load(c)
    })?;
    let both: BTreeSet<CustomerId> = late.into_iter().chain(charged).collect();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(both.into_iter().take(limit).collect())
}

/// What was sold to these customers, was due before a day, and is open or was paid late. What was sold on to others is
/// theirs to charge for.
pub fn list_late_items(
    db: &mut Db,
    customers: &[CustomerId],
    before: NaiveDate,
) -> Result<Vec<LateItem>, DbError> {
    Ok(on_backend!(db, |c| {
        let settled_late = settlements::table
            .filter(settlements::item_id.eq(invoice_items::id.nullable()))
            .filter(settlements::effective_on.gt(invoice_items::due_date));
        invoice_items::table
            .inner_join(invoices::table.on(invoices::id.eq(invoice_items::invoice_id)))
            .filter(invoice_items::customer_id.eq_any(customers))
            .filter(invoice_items::due_date.lt(before))
            .filter(invoice_items::open_minor.gt(0).or(exists(settled_late)))
            .filter(invoices::kind.eq(InvoiceKind::Sale))
            .filter(invoices::status.ne(InvoiceStatus::Cancelled))
            .filter(invoices::sold_on.is_null())
            .order((invoice_items::due_date, invoice_items::id))
            .select((
                invoice_items::id,
                invoices::id,
                invoices::customer_id,
                invoices::account_id,
                invoices::legal_entity_id,
                invoices::currency,
                invoice_items::amount_minor,
                invoices::amount_minor,
                invoice_items::due_date,
            ))
            .load(c)
    })?)
}

/// What settled these items and undid that: item, day and amount.
pub fn list_settled(
    db: &mut Db,
    items: &[ItemId],
) -> Result<Vec<(ItemId, NaiveDate, i64)>, DbError> {
    let mut found: Vec<(ItemId, NaiveDate, i64)> = Vec::new();
    for chunk in items.chunks(CHUNK) {
        let rows: Vec<(Option<ItemId>, NaiveDate, i64)> = on_backend!(db, |c| settlements::table
            .filter(settlements::item_id.eq_any(chunk))
            .order(settlements::id)
            .select((
                settlements::item_id,
                settlements::effective_on,
                settlements::amount_minor
            ))
            .load(c))?;
        found.extend(
            rows.into_iter()
                .filter_map(|(item, on, minor)| Some((item?, on, minor))),
        );
    }
    Ok(found)
}

/// The interest and fixed sums of these customers that stand or stood, whatever became of them but for cancelled ones.
pub fn list_standing(db: &mut Db, customers: &[CustomerId]) -> Result<Vec<Charge>, DbError> {
    Ok(on_backend!(db, |c| charges::table
        .filter(dsl::customer_id.eq_any(customers))
        .filter(dsl::kind.eq_any([ChargeKind::Interest, ChargeKind::FixedSum]))
        .filter(dsl::status.ne(ChargeStatus::Cancelled))
        .order(dsl::id)
        .select(Charge::as_select())
        .load(c))?)
}

/// What was agreed with these accounts.
pub fn list_terms(
    db: &mut Db,
    accounts: &[CreditAccountId],
) -> Result<Vec<LateInterestTerms>, DbError> {
    Ok(on_backend!(db, |c| late_interest_terms::table
        .filter(late_interest_terms::account_id.eq_any(accounts))
        .select(LateInterestTerms::as_select())
        .load(c))?)
}

pub fn find_terms(
    db: &mut Db,
    account: CreditAccountId,
    entity: LegalEntityId,
) -> Result<Option<LateInterestTerms>, DbError> {
    Ok(on_backend!(db, |c| late_interest_terms::table
        .find((account, entity))
        .select(LateInterestTerms::as_select())
        .first(c)
        .optional())?)
}

/// Writes what was agreed, in place of what was before.
pub fn put_terms(tx: &mut Tx, row: &LateInterestTerms) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(late_interest_terms::table)
        .values(row)
        .on_conflict((
            late_interest_terms::account_id,
            late_interest_terms::legal_entity_id
        ))
        .do_update()
        .set(row)
        .execute(c))?;
    Ok(())
}
