//! Money that came for orders before their invoices.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::CHUNK;
use crate::book::receivables::model::{DepositRequestRef, DocumentRef, DocumentStatus, Receipt};
use crate::platform::db::schema::{deposit_requests, receipts};
use crate::platform::db::{Db, DbError, on_backend};
use kernel::ids::{CustomerId, LegalEntityId};
use kernel::money::Currency;
use kernel::text::Number;

/// The order, customer, legal entity and currency of the deposit request under this reference that stands; of several with
/// one number that of the legal entity.
pub fn find_requested(
    db: &mut Db,
    reference: &DepositRequestRef,
    entity: LegalEntityId,
) -> Result<Option<(Number, CustomerId, LegalEntityId, Currency)>, DbError> {
    Ok(on_backend!(db, |c| {
        let query = deposit_requests::table
            .filter(deposit_requests::cancelled_on.is_null())
            .select((
                deposit_requests::order_number,
                deposit_requests::customer_id,
                deposit_requests::legal_entity_id,
                deposit_requests::currency,
            ))
            .into_boxed();
        match reference {
            DocumentRef::Id(id) => query.filter(deposit_requests::id.eq(id)),
            DocumentRef::Number(number) => query.filter(deposit_requests::number.eq(number)),
        }
        .order(deposit_requests::legal_entity_id.eq(entity).desc())
        .first(c)
        .optional()
    })?)
}

/// The prepayments of these orders that have something left, what came first first.
pub fn list_prepayments(db: &mut Db, orders: &BTreeSet<&Number>) -> Result<Vec<Receipt>, DbError> {
    let orders: Vec<&Number> = orders.iter().copied().collect();
    let mut found: Vec<Receipt> = Vec::new();
    for chunk in orders.chunks(CHUNK) {
        let named = chunk.iter().map(|order| Some(*order));
        let rows: Vec<Receipt> = on_backend!(db, |c| receipts::table
            .filter(receipts::prepaid_order_number.eq_any(named))
            .filter(receipts::status.eq(DocumentStatus::Posted))
            .filter(receipts::unapplied_minor.gt(0))
            .select(Receipt::as_select())
            .load(c))?;
        found.extend(rows);
    }
    found.sort_by_key(|receipt| (receipt.receipt_date, receipt.id));
    Ok(found)
}
