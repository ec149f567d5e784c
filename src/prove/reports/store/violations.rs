//! What was recorded though policy would refuse it.

use std::collections::BTreeMap;

use diesel::prelude::*;
use uuid::Uuid;

use crate::book::instruments::model::AcceptorStanding;
use crate::platform::db::schema::{
    credit_notes, instruments, invoices, period_violations, periods, receipts,
};
use crate::platform::db::{Db, DbError, on_backend};
use crate::prove::reports::model::{Violation, ViolationKind, ViolationQuestion};
use kernel::clock::Instant;
use kernel::ids::{
    CreditNoteId, CustomerId, InstrumentId, InvoiceId, LegalEntityId, PeriodId, PeriodViolationId,
    ReceiptId,
};
use kernel::money::{Currency, Money};

/// Violations of one kind, those recorded before a row, the newest first.
pub fn list_violations(
    db: &mut Db,
    kind: ViolationKind,
    question: &ViolationQuestion,
    before: Option<Uuid>,
    count: i64,
) -> Result<Vec<Violation>, DbError> {
    match kind {
        ViolationKind::ClosedPeriod => in_closed_periods(db, question, before, count),
        ViolationKind::OrderExceeded => beyond_orders(db, question, before, count),
        ViolationKind::AcceptorExceeded => beyond_caps(db, question, before, count),
    }
}

macro_rules! recorded {
    ($query:ident, $table:ident, $id:ty, $question:expr, $before:expr) => {
        if let Some(start) = $question.start {
            $query = $query.filter($table::created_at.ge(start));
        }
        if let Some(end) = $question.end {
            $query = $query.filter($table::created_at.lt(end));
        }
        if let Some(before) = $before {
            $query = $query.filter($table::id.lt(<$id>::from_uuid(before)));
        }
    };
}

type InPeriod = (
    PeriodViolationId,
    PeriodId,
    String,
    chrono::NaiveDate,
    String,
    Instant,
);

fn in_closed_periods(
    db: &mut Db,
    question: &ViolationQuestion,
    before: Option<Uuid>,
    count: i64,
) -> Result<Vec<Violation>, DbError> {
    let rows: Vec<InPeriod> = on_backend!(db, |c| {
        let mut query = period_violations::table
            .order(period_violations::id.desc())
            .limit(count)
            .select((
                period_violations::id,
                period_violations::period_id,
                period_violations::document_id,
                period_violations::day,
                period_violations::created_by,
                period_violations::created_at,
            ))
            .into_boxed();
        recorded!(
            query,
            period_violations,
            PeriodViolationId,
            question,
            before
        );
        query.load(c)
    })?;
    let named: Vec<PeriodId> = rows.iter().map(|(_, period, ..)| *period).collect();
    let entities: Vec<(PeriodId, LegalEntityId)> = on_backend!(db, |c| periods::table
        .filter(periods::id.eq_any(&named))
        .select((periods::id, periods::legal_entity_id))
        .load(c))?;
    let entities: BTreeMap<PeriodId, LegalEntityId> = entities.into_iter().collect();
    let violation = |(id, period, document, day, by, at): InPeriod| Violation {
        key: id.uuid(),
        kind: ViolationKind::ClosedPeriod,
        resource_id: document,
        customer_id: None,
        legal_entity_id: entities.get(&period).copied(),
        period_id: Some(period),
        day,
        amount: None,
        excess: None,
        recorded_by: by,
        recorded_at: at,
    };
    Ok(rows.into_iter().map(violation).collect())
}

type BeyondOrder = (
    InvoiceId,
    CustomerId,
    LegalEntityId,
    chrono::NaiveDate,
    Currency,
    i64,
    Option<i64>,
    String,
    Instant,
);

fn beyond_orders(
    db: &mut Db,
    question: &ViolationQuestion,
    before: Option<Uuid>,
    count: i64,
) -> Result<Vec<Violation>, DbError> {
    let rows: Vec<BeyondOrder> = on_backend!(db, |c| {
        let mut query = invoices::table
            .filter(invoices::order_excess_minor.is_not_null())
            .filter(invoices::order_excess_minor.gt(0))
            .order(invoices::id.desc())
            .limit(count)
            .select((
                invoices::id,
                invoices::customer_id,
                invoices::legal_entity_id,
                invoices::invoice_date,
                invoices::currency,
                invoices::amount_minor,
                invoices::order_excess_minor,
                invoices::created_by,
                invoices::created_at,
            ))
            .into_boxed();
        recorded!(query, invoices, InvoiceId, question, before);
        query.load(c)
    })?;
    let violation = |row: BeyondOrder| {
        let (id, customer, entity, day, currency, amount, excess, by, at) = row;
        Violation {
            key: id.uuid(),
            kind: ViolationKind::OrderExceeded,
            resource_id: id.to_string(),
            customer_id: Some(customer),
            legal_entity_id: Some(entity),
            period_id: None,
            day,
            amount: Some(Money::from_minor(amount, currency)),
            excess: excess.map(|minor| Money::from_minor(minor, currency)),
            recorded_by: by,
            recorded_at: at,
        }
    };
    Ok(rows.into_iter().map(violation).collect())
}

type BeyondCap = (
    InstrumentId,
    CustomerId,
    LegalEntityId,
    chrono::NaiveDate,
    Currency,
    i64,
    String,
    Instant,
);

fn beyond_caps(
    db: &mut Db,
    question: &ViolationQuestion,
    before: Option<Uuid>,
    count: i64,
) -> Result<Vec<Violation>, DbError> {
    let rows: Vec<BeyondCap> = on_backend!(db, |c| {
        let mut query = instruments::table
            .filter(instruments::acceptor_standing.eq(AcceptorStanding::Exceeded))
            .order(instruments::id.desc())
            .limit(count)
            .select((
                instruments::id,
                instruments::customer_id,
                instruments::legal_entity_id,
                instruments::received_on,
                instruments::currency,
                instruments::amount_minor,
                instruments::created_by,
                instruments::created_at,
            ))
            .into_boxed();
        recorded!(query, instruments, InstrumentId, question, before);
        query.load(c)
    })?;
    let violation = |(id, customer, entity, day, currency, amount, by, at): BeyondCap| Violation {
        key: id.uuid(),
        kind: ViolationKind::AcceptorExceeded,
        resource_id: id.to_string(),
        customer_id: Some(customer),
        legal_entity_id: Some(entity),
        period_id: None,
        day,
        amount: Some(Money::from_minor(amount, currency)),
        excess: None,
        recorded_by: by,
        recorded_at: at,
    };
    Ok(rows.into_iter().map(violation).collect())
}

/// The customers of documents that are named by their ids: invoices, credit notes and receipts.
pub fn customers_of_documents(
    db: &mut Db,
    ids: &[&str],
) -> Result<BTreeMap<String, CustomerId>, DbError> {
    let mut found = BTreeMap::new();
    macro_rules! among {
        ($table:ident, $id:ty) => {
            let named: Vec<$id> = ids.iter().filter_map(|id| id.parse().ok()).collect();
            if !named.is_empty() {
                let rows: Vec<($id, CustomerId)> = on_backend!(db, |c| $table::table
                    .filter($table::id.eq_any(&named))
                    .select(($table::id, $table::customer_id))
                    .load(c))?;
                found.extend(
                    rows.into_iter()
                        .map(|(id, customer)| (id.to_string(), customer)),
                );
            }
        };
    }
    among!(invoices, InvoiceId);
    among!(credit_notes, CreditNoteId);
    among!(receipts, ReceiptId);
    Ok(found)
}
