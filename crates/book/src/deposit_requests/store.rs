//! Queries on deposit requests.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use diesel::dsl::{not, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::input::DepositRequestFilter;
use super::model::{DepositRequest, DepositStatus, Order, StandingRequest};
use crate::book::customers::store::list_wanted;
use crate::book::entities::store as entities;
use crate::book::exposure::model::BalanceKey;
use crate::book::receivables::model::{DepositRequestRef, DocumentRef, DocumentStatus};
use crate::platform::db::schema::deposit_requests::{self, dsl};
use crate::platform::db::schema::{customers, receipts};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::ids::{CustomerId, DepositRequestId, LegalEntityId};
use kernel::money::{Currency, sum_minor};
use kernel::text::Number;

/// Those of one customer, company, currency and order.
macro_rules! same {
    ($other:literal) => {
        concat!(
            $other,
            ".customer_id = deposit_requests.customer_id AND ",
            $other,
            ".legal_entity_id = deposit_requests.legal_entity_id AND ",
            $other,
            ".currency = deposit_requests.currency"
        )
    };
}

/// What came beforehand for the order and was not given back: `release` takes money out, reversing does.
macro_rules! received {
    () => {
        concat!(
            "COALESCE((SELECT CAST(SUM(r.amount_minor - r.refunded_minor) AS BIGINT) FROM receipts r \
             WHERE r.prepaid_order_number = deposit_requests.order_number AND r.status = 'posted' AND ",
            same!("r"),
            "), 0)"
        )
    };
}

/// What earlier requests of the order take of it.
macro_rules! earlier {
    () => {
        concat!(
            "COALESCE((SELECT CAST(SUM(o.amount_minor) AS BIGINT) FROM deposit_requests o \
             WHERE o.order_number = deposit_requests.order_number AND o.cancelled_on IS NULL AND ",
            same!("o"),
            " AND (o.due_date < deposit_requests.due_date \
             OR (o.due_date = deposit_requests.due_date AND o.id < deposit_requests.id))), 0)"
        )
    };
}

/// What is paid of a request: of requests for one order the one that is due first is paid first.
macro_rules! paid {
    () => {
        concat!(
            "CAST(CASE WHEN deposit_requests.cancelled_on IS NOT NULL THEN 0 WHEN ",
            received!(),
            " <= ",
            earlier!(),
            " THEN 0 WHEN ",
            received!(),
            " - ",
            earlier!(),
            " >= deposit_requests.amount_minor THEN deposit_requests.amount_minor ELSE ",
            received!(),
            " - ",
            earlier!(),
            " END AS BIGINT)"
        )
    };
}

const PAID: &str = paid!();
const IS_CANCELLED: &str = "deposit_requests.cancelled_on IS NOT NULL";
const IS_OPEN: &str = concat!(
    "(deposit_requests.cancelled_on IS NULL AND ",
    paid!(),
    " = 0)"
);
const IS_PAID: &str = concat!(
    "(deposit_requests.cancelled_on IS NULL AND ",
    paid!(),
    " = deposit_requests.amount_minor)"
);
const IS_PART_PAID: &str = concat!(
    "(deposit_requests.cancelled_on IS NULL AND ",
    paid!(),
    " > 0 AND ",
    paid!(),
    " < deposit_requests.amount_minor)"
);
const IS_UNPAID: &str = concat!(
    "(deposit_requests.cancelled_on IS NULL AND ",
    paid!(),
    " < deposit_requests.amount_minor)"
);

const fn is(status: DepositStatus) -> &'static str {
    match status {
        DepositStatus::Open => IS_OPEN,
        DepositStatus::PartPaid => IS_PART_PAID,
        DepositStatus::Paid => IS_PAID,
        DepositStatus::Cancelled => IS_CANCELLED,
    }
}

/// The request under this reference: of several with one number the living one, else the last.
pub fn find(
    db: &mut Db,
    reference: &DepositRequestRef,
) -> Result<Option<StandingRequest>, DbError> {
    let found: Vec<StandingRequest> = on_backend!(db, |c| {
        let query = deposit_requests::table
            .select((DepositRequest::as_select(), sql::<BigInt>(PAID)))
            .into_boxed();
        match reference {
            DocumentRef::Id(id) => query.filter(dsl::id.eq(id)),
            DocumentRef::Number(number) => query.filter(dsl::number.eq(number)),
        }
        .order((dsl::cancelled_on.is_not_null().asc(), dsl::id.desc()))
        .limit(2)
        .load(c)
    })?;
    let is_living = |one: &StandingRequest| one.request.cancelled_on.is_none();
    if let [one, other] = found.as_slice()
        && is_living(one)
        && is_living(other)
    {
        let number = one.request.number.clone().into();
        return Err(DbError::Ambiguous { number });
    }
    Ok(found.into_iter().next())
}

/// All requests that have or had these numbers.
pub fn list_by_numbers(db: &mut Db, numbers: &[&Number]) -> Result<Vec<DepositRequest>, DbError> {
    let mut found: Vec<DepositRequest> = Vec::new();
    for chunk in numbers.chunks(5_000) {
        let rows: Vec<DepositRequest> = on_backend!(db, |c| deposit_requests::table
            .filter(dsl::number.eq_any(chunk.iter().copied()))
            .select(DepositRequest::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// All requests for these orders, of whichever customer.
pub fn list_of_orders(
    db: &mut Db,
    orders: &BTreeSet<&Number>,
) -> Result<Vec<DepositRequest>, DbError> {
    let orders: Vec<&Number> = orders.iter().copied().collect();
    let mut found: Vec<DepositRequest> = Vec::new();
    for chunk in orders.chunks(5_000) {
        let rows: Vec<DepositRequest> = on_backend!(db, |c| deposit_requests::table
            .filter(dsl::order_number.eq_any(chunk.iter().copied()))
            .select(DepositRequest::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// What came beforehand for these orders and was not given back.
pub fn sum_received(
    db: &mut Db,
    orders: &BTreeSet<&Number>,
) -> Result<BTreeMap<Order, i64>, DbError> {
    type Came = (
        CustomerId,
        LegalEntityId,
        Currency,
        Option<Number>,
        i64,
        i64,
    );
    let orders: Vec<&Number> = orders.iter().copied().collect();
    let mut sums: BTreeMap<Order, i64> = BTreeMap::new();
    for chunk in orders.chunks(5_000) {
        let rows: Vec<Came> = on_backend!(db, |c| receipts::table
            .filter(receipts::prepaid_order_number.eq_any(chunk.iter().map(|order| Some(*order))))
            .filter(receipts::status.eq(DocumentStatus::Posted))
            .select((
                receipts::customer_id,
                receipts::legal_entity_id,
                receipts::currency,
                receipts::prepaid_order_number,
                receipts::amount_minor,
                receipts::refunded_minor,
            ))
            .load(c))?;
        for (customer, entity, currency, order, amount, refunded) in rows {
            let Some(order) = order else { continue };
            let key = (customer, BalanceKey::new(entity, currency), order);
            let sum = sums.entry(key).or_default();
            *sum = sum_minor([*sum, amount, -refunded])?;
        }
    }
    Ok(sums)
}

/// Inserts those requests whose number is free, the first of several with the same, and says which were inserted.
pub fn insert(tx: &mut Tx, rows: &[DepositRequest]) -> Result<BTreeSet<DepositRequestId>, DbError> {
    let mut inserted = BTreeSet::new();
    for chunk in rows.chunks(500) {
        let ids: Vec<DepositRequestId> =
            on_backend!(tx, |c| diesel::insert_into(deposit_requests::table)
                .values(chunk)
                .on_conflict_do_nothing()
                .returning(dsl::id)
                .get_results(c))?;
        inserted.extend(ids);
    }
    Ok(inserted)
}

/// The living request that has this number.
pub fn find_living(
    db: &mut Db,
    number: &Number,
    entity: LegalEntityId,
) -> Result<Option<DepositRequestId>, DbError> {
    Ok(on_backend!(db, |c| deposit_requests::table
        .filter(dsl::number.eq(number))
        .filter(dsl::legal_entity_id.eq(entity))
        .filter(dsl::cancelled_on.is_null())
        .select(dsl::id)
        .first(c)
        .optional())?)
}

/// Writes a cancelled request when it still has the version that it was read with, and gives it as it is now.
pub fn update_if_unchanged(
    tx: &mut Tx,
    row: &DepositRequest,
) -> Result<Option<DepositRequest>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::deposit_requests
            .find(row.id)
            .filter(dsl::version.eq(row.version))
    )
    .set((
        dsl::cancelled_on.eq(row.cancelled_on),
        dsl::cancel_reason.eq(&row.cancel_reason),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(DepositRequest::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of the requests to customers that the caller may see, what is due first first.
pub fn list(
    db: &mut Db,
    caller: &Caller,
    filter: &DepositRequestFilter,
    today: NaiveDate,
    page: &PageRequest,
) -> Result<Page<StandingRequest>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    let entities = entities::list_wanted(db, &filter.legal_entity)?;
    let statuses: Vec<&str> = filter.status.iter().map(|status| is(*status)).collect();
    let statuses = format!("({})", statuses.join(" OR "));
    on_backend!(db, |c| {
        let mut query = deposit_requests::table
            .select((DepositRequest::as_select(), sql::<BigInt>(PAID)))
            .into_boxed();
        if caller.sees_only_own() {
            let own = customers::table
                .filter(customers::owner.eq(&caller.subject))
                .select(customers::id);
            query = query.filter(dsl::customer_id.eq_any(own));
        }
        if let Some(wanted) = &wanted {
            query = query.filter(dsl::customer_id.eq_any(wanted));
        }
        if let Some(entities) = &entities {
            query = query.filter(dsl::legal_entity_id.eq_any(entities));
        }
        if !filter.currency.is_empty() {
            query = query.filter(dsl::currency.eq_any(&filter.currency));
        }
        if !filter.order_number.is_empty() {
            query = query.filter(dsl::order_number.eq_any(&filter.order_number));
        }
        if !filter.number.is_empty() {
            query = query.filter(dsl::number.eq_any(&filter.number));
        }
        if !filter.label.is_empty() {
            query = query.filter(dsl::label.eq_any(filter.label.iter().map(Some)));
        }
        if let Some(day) = filter.due_date_from {
            query = query.filter(dsl::due_date.ge(day.date()));
        }
        if let Some(day) = filter.due_date_to {
            query = query.filter(dsl::due_date.le(day.date()));
        }
        if !filter.status.is_empty() {
            query = query.filter(sql::<Bool>(&statuses));
        }
        let overdue = dsl::due_date.lt(today).and(sql::<Bool>(IS_UNPAID));
        match filter.overdue {
            Some(true) => query = query.filter(overdue),
            Some(false) => query = query.filter(not(overdue)),
            None => {}
        }
        seek!(
            c,
            query,
            page,
            StandingRequest.request,
            asc(deposit_requests::due_date, deposit_requests::id)
        )
    })
}
