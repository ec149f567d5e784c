//! Queries on cases.

use chrono::NaiveDate;
use diesel::dsl::{max, min};
use diesel::prelude::*;

use crate::book::customers::store::list_wanted;
use crate::book::entities::store as entities;
use crate::collect::dunning::input::CaseFilter;
use crate::collect::dunning::model::{Case, CaseStatus, Pursued};
use crate::platform::db::schema::{
    customers, dunning_cases, dunning_stages, invoice_items, invoices,
};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::ids::{CustomerId, DunningCaseId, LegalEntityId};
use kernel::money::Currency;

/// The case, unless its customer is hidden from the caller.
pub fn find_case_visible(
    db: &mut Db,
    caller: &Caller,
    id: DunningCaseId,
) -> Result<Option<Case>, DbError> {
    Ok(on_backend!(db, |c| {
        let mut query = dunning_cases::table
            .filter(dunning_cases::id.eq(id))
            .select(Case::as_select())
            .into_boxed();
        if caller.sees_only_own() {
            query = query.filter(
                dunning_cases::customer_id.eq_any(
                    customers::table
                        .filter(customers::owner.eq(&caller.subject))
                        .select(customers::id),
                ),
            );
        }
        query.first(c).optional()
    })?)
}

/// The case, which stays as it is until the unit of work ends.
pub fn lock_case(tx: &mut Tx, id: DunningCaseId) -> Result<Option<Case>, DbError> {
    let found = dunning_cases::table.find(id);
    Ok(match tx.conn() {
        Conn::Postgres(c) => found
            .select(Case::as_select())
            .for_update()
            .first(&mut **c)
            .optional()?,
        Conn::Sqlite(c) => found.select(Case::as_select()).first(&mut **c).optional()?,
    })
}

/// Open cases whose last level's time is over on a day: some of them, locked; those that others work on are passed over.
pub fn lock_cases_due(tx: &mut Tx, on: NaiveDate, limit: i64) -> Result<Vec<Case>, DbError> {
    let due = dunning_cases::table
        .filter(dunning_cases::status.eq(CaseStatus::Open))
        .filter(dunning_cases::escalation_due_on.le(on))
        .order(dunning_cases::id)
        .limit(limit);
    Ok(match tx.conn() {
        Conn::Postgres(c) => due
            .select(Case::as_select())
            .for_update()
            .skip_locked()
            .load(&mut **c)?,
        Conn::Sqlite(c) => due.select(Case::as_select()).load(&mut **c)?,
    })
}

/// All cases of these customers, the newest first.
pub fn list_cases_by_customers(db: &mut Db, of: &[CustomerId]) -> Result<Vec<Case>, DbError> {
    Ok(on_backend!(db, |c| dunning_cases::table
        .filter(dunning_cases::customer_id.eq_any(of))
        .order(dunning_cases::id.desc())
        .select(Case::as_select())
        .load(c))?)
}

/// What of these customers others pursue, by company and currency.
pub fn list_escalated(
    db: &mut Db,
    of: &[CustomerId],
) -> Result<Vec<(CustomerId, LegalEntityId, Currency)>, DbError> {
    Ok(on_backend!(db, |c| dunning_cases::table
        .filter(dunning_cases::customer_id.eq_any(of))
        .filter(dunning_cases::status.eq_any(CaseStatus::ESCALATED))
        .select((
            dunning_cases::customer_id,
            dunning_cases::legal_entity_id,
            dunning_cases::currency
        ))
        .load(c))?)
}

/// What of these customers is open and overdue, or was dunned, by company and currency.
pub fn list_pursued(
    db: &mut Db,
    of: &[CustomerId],
    today: NaiveDate,
) -> Result<Vec<Pursued>, DbError> {
    Ok(on_backend!(db, |c| invoice_items::table
        .inner_join(invoices::table.on(invoices::id.eq(invoice_items::invoice_id)))
        .left_join(dunning_stages::table.on(dunning_stages::item_id.eq(invoice_items::id)))
        .filter(invoice_items::customer_id.eq_any(of))
        .filter(invoice_items::open_minor.gt(0))
        .filter(invoice_items::sold_on.is_null())
        .filter(
            invoice_items::due_date
                .lt(today)
                .or(dunning_stages::item_id.is_not_null())
        )
        .group_by((
            invoice_items::customer_id,
            invoices::legal_entity_id,
            invoices::currency,
        ))
        .select((
            invoice_items::customer_id,
            invoices::legal_entity_id,
            invoices::currency,
            max(dunning_stages::level.nullable()),
            min(invoice_items::due_date).assume_not_null(),
        ))
        .load(c))?)
}

pub fn insert_cases(tx: &mut Tx, rows: &[Case]) -> Result<(), DbError> {
    for chunk in rows.chunks(400) {
        on_backend!(tx, |c| diesel::insert_into(dunning_cases::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// Writes a case when it still has the version that it was read with.
pub fn update_case(tx: &mut Tx, case: &Case) -> Result<Option<Case>, DbError> {
    let now = tx.now();
    let next = Case {
        version: case.version + 1,
        changed_at: now,
        ..case.clone()
    };
    Ok(on_backend!(tx, |c| diesel::update(
        dunning_cases::table
            .find(case.id)
            .filter(dunning_cases::version.eq(case.version))
    )
    .set(&next)
    .returning(Case::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of the cases whose customers the caller may see, the newest first.
pub fn list_cases(
    db: &mut Db,
    caller: &Caller,
    filter: &CaseFilter,
    page: &PageRequest,
) -> Result<Page<Case>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    let entities = entities::list_wanted(db, &filter.legal_entity)?;
    on_backend!(db, |c| {
        let mut query = dunning_cases::table.select(Case::as_select()).into_boxed();
        if caller.sees_only_own() {
            query = query.filter(
                dunning_cases::customer_id.eq_any(
                    customers::table
                        .filter(customers::owner.eq(&caller.subject))
                        .select(customers::id),
                ),
            );
        }
        if let Some(wanted) = &wanted {
            query = query.filter(dunning_cases::customer_id.eq_any(wanted));
        }
        if let Some(entities) = &entities {
            query = query.filter(dunning_cases::legal_entity_id.eq_any(entities));
        }
        if !filter.currency.is_empty() {
            query = query.filter(dunning_cases::currency.eq_any(&filter.currency));
        }
        if !filter.status.is_empty() {
            query = query.filter(dunning_cases::status.eq_any(&filter.status));
        }
        if let Some(level) = filter.level_min {
            query = query.filter(dunning_cases::level.ge(level));
        }
        seek!(c, query, page, Case, desc(dunning_cases::id))
    })
}
