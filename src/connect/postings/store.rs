//! Queries on postings, and on what they are made of.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::input::{PostingFilter, PostingStatus};
use super::model::{PaidRefund, Posting};
use crate::book::customers::store::list_wanted;
use crate::book::receivables::model::Settlement;
use crate::collect::charges::model::Charge;
use crate::platform::db::schema::postings::{self, dsl};
use crate::platform::db::schema::{
    bank_entry_receipts, charges, customers, invoices, receipts, refunds, settlements,
};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::clock::Instant;
use kernel::ids::{
    ChargeId, InvoiceId, LegalEntityId, PostingId, ReceiptId, RefundId, SettlementId,
};
use kernel::money::Currency;

/// How many ids are asked for, and how many rows are written, in one statement: SQLite takes 32,766 values.
const IDS_MAX: usize = 5_000;
const ROWS_MAX: usize = 1_000;

pub fn find(db: &mut Db, id: PostingId) -> Result<Option<Posting>, DbError> {
    Ok(on_backend!(db, |c| postings::table
        .find(id)
        .select(Posting::as_select())
        .first(c)
        .optional())?)
}

/// Settlements of invoices that were made at some instants, each with the currency and the legal entity of its invoice.
pub fn list_settlements(
    db: &mut Db,
    of: &[InvoiceId],
    made_at: &[Instant],
) -> Result<Vec<(Settlement, Currency, LegalEntityId)>, DbError> {
    Ok(on_backend!(db, |c| settlements::table
        .inner_join(invoices::table.on(invoices::id.eq(settlements::invoice_id)))
        .filter(settlements::invoice_id.eq_any(of))
        .filter(settlements::created_at.eq_any(made_at))
        .order(settlements::id)
        .select((
            Settlement::as_select(),
            invoices::currency,
            invoices::legal_entity_id
        ))
        .load(c))?)
}

/// Which of these receipts are money that came in by a bank statement.
pub fn from_banks(db: &mut Db, ids: &[ReceiptId]) -> Result<BTreeSet<ReceiptId>, DbError> {
    let mut found = BTreeSet::new();
    for chunk in ids.chunks(IDS_MAX) {
        let rows: Vec<ReceiptId> = on_backend!(db, |c| bank_entry_receipts::table
            .filter(bank_entry_receipts::receipt_id.eq_any(chunk))
            .select(bank_entry_receipts::receipt_id)
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

pub fn list_refunds(db: &mut Db, ids: &[RefundId]) -> Result<Vec<PaidRefund>, DbError> {
    Ok(on_backend!(db, |c| refunds::table
        .inner_join(receipts::table.on(receipts::id.eq(refunds::receipt_id)))
        .filter(refunds::id.eq_any(ids))
        .order(refunds::id)
        .select((
            refunds::id,
            refunds::receipt_id,
            refunds::customer_id,
            refunds::currency,
            refunds::amount_minor,
            refunds::paid_on,
            receipts::legal_entity_id,
        ))
        .load(c))?)
}

/// Which of these settlements have a posting.
pub fn known_settlements(
    db: &mut Db,
    ids: &[SettlementId],
) -> Result<BTreeSet<SettlementId>, DbError> {
    let mut known = BTreeSet::new();
    for chunk in ids.chunks(IDS_MAX) {
        let rows: Vec<Option<SettlementId>> = on_backend!(db, |c| postings::table
            .filter(dsl::settlement_id.eq_any(chunk))
            .select(dsl::settlement_id)
            .load(c))?;
        known.extend(rows.into_iter().flatten());
    }
    Ok(known)
}

/// Which of these refunds have a posting.
pub fn known_refunds(db: &mut Db, ids: &[RefundId]) -> Result<BTreeSet<RefundId>, DbError> {
    let known: Vec<Option<RefundId>> = on_backend!(db, |c| postings::table
        .filter(dsl::refund_id.eq_any(ids))
        .select(dsl::refund_id)
        .load(c))?;
    Ok(known.into_iter().flatten().collect())
}

/// Those of these charges that were ever claimed.
pub fn list_claimed(db: &mut Db, ids: &[ChargeId]) -> Result<Vec<Charge>, DbError> {
    Ok(on_backend!(db, |c| charges::table
        .filter(charges::id.eq_any(ids))
        .filter(charges::claimed_invoice_id.is_not_null())
        .order(charges::id)
        .select(Charge::as_select())
        .load(c))?)
}

/// What was posted of these charges.
pub fn posted_of_charges(db: &mut Db, ids: &[ChargeId]) -> Result<Vec<(ChargeId, i64)>, DbError> {
    let known: Vec<(Option<ChargeId>, i64)> = on_backend!(db, |c| postings::table
        .filter(dsl::charge_id.eq_any(ids))
        .select((dsl::charge_id, dsl::amount_minor))
        .load(c))?;
    Ok(known
        .into_iter()
        .filter_map(|(charge, minor)| Some((charge?, minor)))
        .collect())
}

pub fn insert(tx: &mut Tx, rows: &[Posting]) -> Result<(), DbError> {
    for chunk in rows.chunks(ROWS_MAX) {
        on_backend!(tx, |c| diesel::insert_into(postings::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// Writes the acknowledgement when the row still has the version that `row` was read with.
pub fn acknowledge_if_unchanged(tx: &mut Tx, row: &Posting) -> Result<Option<Posting>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::postings
            .find(row.id)
            .filter(dsl::version.eq(row.version))
    )
    .set((
        dsl::acknowledged_by.eq(&row.acknowledged_by),
        dsl::acknowledged_at.eq(row.acknowledged_at),
        dsl::reference.eq(&row.reference),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Posting::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of the postings of customers that the caller may see, the oldest first.
pub fn list(
    db: &mut Db,
    caller: &Caller,
    filter: &PostingFilter,
    page: &PageRequest,
) -> Result<Page<Posting>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = postings::table.select(Posting::as_select()).into_boxed();
        if caller.sees_only_own() {
            query = query.filter(
                dsl::customer_id.eq_any(
                    customers::table
                        .filter(customers::owner.eq(&caller.subject))
                        .select(customers::id),
                ),
            );
        }
        if let Some(wanted) = &wanted {
            query = query.filter(dsl::customer_id.eq_any(wanted));
        }
        match filter.status {
            Some(PostingStatus::Open) => query = query.filter(dsl::acknowledged_at.is_null()),
            Some(PostingStatus::Acknowledged) => {
                query = query.filter(dsl::acknowledged_at.is_not_null());
            }
            None => {}
        }
        if !filter.kind.is_empty() {
            query = query.filter(dsl::kind.eq_any(&filter.kind));
        }
        seek!(c, query, page, Posting, asc(postings::id))
    })
}
