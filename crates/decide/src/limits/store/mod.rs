//! Queries on checks, reservations and credit blocks.

mod standing;

pub use standing::{
    Named, StandingFacts, Wanted, is_as_decided_on, list_locked, list_named, list_named_after,
    list_named_by_numbers, list_overdue_by_balance, standing,
};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::input::{CreditBlockFilter, LimitCheckFilter, ReservationFilter};
use super::model::{
    CreditBlock, CreditBlockStatus, LimitCheck, QueuedBlock, Reservation, ReservationStatus,
    Waiting,
};
use crate::book::customers::store::list_wanted;
use crate::book::policy::model::Checkpoint;
use crate::platform::db::schema::{
    credit_accounts, credit_blocks, customers, limit_checks, reservations,
};
use crate::platform::db::{Db, DbError, Tx, Writes, insert_rows, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::clock::Instant;
use kernel::columns::{IdColumn, InstantColumn};
use kernel::ids::{CreditAccountId, CreditBlockId, CustomerId, LimitCheckId, ReservationId};
use kernel::money::Currency;
use kernel::text::{Number, Subject};

const OPEN: [ReservationStatus; 2] = [
    ReservationStatus::Active,
    ReservationStatus::PartiallyCaptured,
];

/// The states in which a credit block waits for credit.
const WAITING: [CreditBlockStatus; 2] = [CreditBlockStatus::Open, CreditBlockStatus::Assigned];

/// One order of one customer.
pub type Order<'a> = (CustomerId, &'a str);

/// Those of these credit blocks that still wait.
pub fn list_waiting_by_ids(
    db: &mut Db,
    ids: &[CreditBlockId],
) -> Result<Vec<CreditBlock>, DbError> {
    Ok(on_backend!(db, |c| credit_blocks::table
        .filter(credit_blocks::id.eq_any(ids))
        .filter(credit_blocks::status.eq_any(WAITING))
        .select(CreditBlock::as_select())
        .load(c))?)
}

/// The releases by credit of these orders that let them grow.
pub fn list_releases(db: &mut Db, orders: &[Order]) -> Result<Vec<CreditBlock>, DbError> {
    let customers: Vec<CustomerId> = orders.iter().map(|(customer, _)| *customer).collect();
    let numbers: Vec<&str> = orders.iter().map(|(_, number)| *number).collect();
    Ok(on_backend!(db, |c| credit_blocks::table
        .filter(credit_blocks::customer_id.eq_any(&customers))
        .filter(credit_blocks::order_number.eq_any(&numbers))
        .filter(credit_blocks::status.eq(CreditBlockStatus::Released))
        .filter(credit_blocks::release_valid_until.is_not_null())
        .select(CreditBlock::as_select())
        .load(c))?)
}

/// The credit blocks that wait, the oldest first.
pub fn list_waiting(db: &mut Db) -> Result<Vec<Waiting>, DbError> {
    Ok(on_backend!(db, |c| credit_blocks::table
        .filter(credit_blocks::status.eq_any(WAITING))
        .order(credit_blocks::id)
        .select(Waiting::as_select())
        .load(c))?)
}

/// Those of these credit blocks that wait, the oldest first, each with the check that opened it.
pub fn list_waiting_with_checks(
    db: &mut Db,
    ids: &[CreditBlockId],
) -> Result<Vec<(CreditBlock, LimitCheck)>, DbError> {
    Ok(on_backend!(db, |c| credit_blocks::table
        .inner_join(limit_checks::table.on(limit_checks::id.eq(credit_blocks::check_id)))
        .filter(credit_blocks::id.eq_any(ids))
        .filter(credit_blocks::status.eq_any(WAITING))
        .order(credit_blocks::id)
        .select((CreditBlock::as_select(), LimitCheck::as_select()))
        .load(c))?)
}

/// The customers of these accounts.
pub fn list_customers_of(
    db: &mut Db,
    accounts: &[CreditAccountId],
) -> Result<Vec<CustomerId>, DbError> {
    Ok(on_backend!(db, |c| credit_accounts::table
        .filter(credit_accounts::id.eq_any(accounts))
        .select(credit_accounts::customer_id)
        .load(c))?)
}

/// The first checks of a period after one of them, in the order in which they were made, which is that of their ids.
pub fn list_checks_between(
    db: &mut Db,
    from: Instant,
    before: Instant,
    after: Option<LimitCheckId>,
    limit: i64,
) -> Result<Vec<LimitCheck>, DbError> {
    use limit_checks::dsl;
    Ok(on_backend!(db, |c| {
        let mut query = limit_checks::table
            .filter(dsl::id.lt(LimitCheckId::first_at(before)))
            .select(LimitCheck::as_select())
            .into_boxed();
        query = match after {
            None => query.filter(dsl::id.ge(LimitCheckId::first_at(from))),
            Some(id) => query.filter(dsl::id.gt(id)),
        };
        query.order(dsl::id).limit(limit).load(c)
    })?)
}

/// How many checks were made in a period.
pub fn count_checks_between(db: &mut Db, from: Instant, before: Instant) -> Result<i64, DbError> {
    Ok(on_backend!(db, |c| limit_checks::table
        .filter(limit_checks::id.ge(LimitCheckId::first_at(from)))
        .filter(limit_checks::id.lt(LimitCheckId::first_at(before)))
        .count()
        .get_result(c))?)
}

/// The orders of these customers that were reserved at the checkpoint `order` since an instant, each once with what it
/// came to, whatever became of it.
pub fn list_usual_orders(
    db: &mut Db,
    customers: &[CustomerId],
    since: Instant,
) -> Result<Vec<(CustomerId, String, Currency, i64)>, DbError> {
    Ok(on_backend!(db, |c| reservations::table
        .inner_join(limit_checks::table.on(limit_checks::id.eq(reservations::id)))
        .filter(limit_checks::customer_id.eq_any(customers))
        .filter(limit_checks::id.ge(LimitCheckId::first_at(since)))
        .filter(limit_checks::checkpoint.eq(Checkpoint::Order))
        .group_by((
            reservations::customer_id,
            reservations::order_number,
            reservations::currency,
        ))
        .select((
            reservations::customer_id,
            reservations::order_number,
            reservations::currency,
            diesel::dsl::max(reservations::amount_minor).assume_not_null(),
        ))
        .load(c))?)
}

pub fn insert_checks<'a>(
    writes: &mut Writes<'_, 'a>,
    rows: &'a [LimitCheck],
) -> Result<(), DbError> {
    insert_rows!(writes, "limit_checks", rows, |row| {
        id: IdColumn = row.id,
        account_id: IdColumn = row.account_id,
        customer_id: IdColumn = row.customer_id,
        order_number: Nullable<Text> = row.order_number.as_deref(),
        checkpoint: Text = row.checkpoint.as_str(),
        currency: Text = row.currency.code(),
        amount_minor: BigInt = row.amount_minor,
        outcome: Text = row.outcome.as_str(),
        policy_version: Integer = row.policy_version,
        record: Text = row.record.as_str(),
        checked_by: Text = row.checked_by.as_str(),
        checked_at: InstantColumn = row.checked_at,
    });
    Ok(())
}

/// Inserts reservations that nothing has happened to yet.
pub fn insert_reservations<'a>(
    writes: &mut Writes<'_, 'a>,
    rows: &'a [Reservation],
) -> Result<(), DbError> {
    insert_rows!(writes, "reservations", rows, |row| {
        id: IdColumn = row.id,
        account_id: IdColumn = row.account_id,
        customer_id: IdColumn = row.customer_id,
        order_number: Text = row.order_number.as_str(),
        purpose: Text = row.purpose.as_str(),
        currency: Text = row.currency.code(),
        amount_minor: BigInt = row.amount_minor,
        expires_at: InstantColumn = row.expires_at,
        created_by: Text = row.created_by.as_str(),
        created_at: InstantColumn = row.created_at,
        legal_entity_id: IdColumn = row.legal_entity_id,
    });
    Ok(())
}

pub fn insert_blocks<'a>(
    writes: &mut Writes<'_, 'a>,
    rows: &'a [CreditBlock],
) -> Result<(), DbError> {
    insert_rows!(writes, "credit_blocks", rows, |row| {
        id: IdColumn = row.id,
        check_id: IdColumn = row.check_id,
        account_id: IdColumn = row.account_id,
        customer_id: IdColumn = row.customer_id,
        order_number: Text = row.order_number.as_str(),
        purpose: Text = row.purpose.as_str(),
        currency: Text = row.currency.code(),
        amount_minor: BigInt = row.amount_minor,
        reserve_until: InstantColumn = row.reserve_until,
        status: Text = row.status.as_str(),
        reasons: Text = row.reasons.as_str(),
        opened_by: Text = row.opened_by.as_str(),
        opened_at: InstantColumn = row.opened_at,
        version: BigInt = row.version,
        legal_entity_id: IdColumn = row.legal_entity_id,
    });
    Ok(())
}

pub fn find_check(db: &mut Db, id: LimitCheckId) -> Result<Option<LimitCheck>, DbError> {
    Ok(on_backend!(db, |c| limit_checks::table
        .find(id)
        .select(LimitCheck::as_select())
        .first(c)
        .optional())?)
}

pub fn list_checks_by_ids(db: &mut Db, ids: &[LimitCheckId]) -> Result<Vec<LimitCheck>, DbError> {
    Ok(on_backend!(db, |c| limit_checks::table
        .filter(limit_checks::id.eq_any(ids))
        .select(LimitCheck::as_select())
        .load(c))?)
}

pub fn find_reservation(db: &mut Db, id: ReservationId) -> Result<Option<Reservation>, DbError> {
    Ok(on_backend!(db, |c| reservations::table
        .find(id)
        .select(Reservation::as_select())
        .first(c)
        .optional())?)
}

pub fn find_block(db: &mut Db, id: CreditBlockId) -> Result<Option<CreditBlock>, DbError> {
    Ok(on_backend!(db, |c| credit_blocks::table
        .find(id)
        .select(CreditBlock::as_select())
        .first(c)
        .optional())?)
}

/// Writes what can change on a reservation; its account must be locked.
pub fn update_reservation(tx: &mut Tx, row: &Reservation) -> Result<Reservation, DbError> {
    use reservations::dsl;
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::reservations.find(row.id)
    )
    .set((
        dsl::amount_minor.eq(row.amount_minor),
        dsl::captured_minor.eq(row.captured_minor),
        dsl::status.eq(row.status),
        dsl::expires_at.eq(row.expires_at),
        dsl::ended_at.eq(row.ended_at),
        dsl::end_reason.eq(&row.end_reason),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Reservation::as_returning())
    .get_result(c))?)
}

/// Writes the decision on a credit block when it still has the version that `row` was read with.
pub fn update_block_if_unchanged(
    tx: &mut Tx,
    row: &CreditBlock,
) -> Result<Option<CreditBlock>, DbError> {
    use credit_blocks::dsl;
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::credit_blocks
            .find(row.id)
            .filter(dsl::version.eq(row.version))
    )
    .set((
        dsl::status.eq(row.status),
        dsl::assigned_to.eq(&row.assigned_to),
        dsl::decided_by.eq(&row.decided_by),
        dsl::decided_at.eq(row.decided_at),
        dsl::decision_reason.eq(&row.decision_reason),
        dsl::ceiling_minor.eq(row.ceiling_minor),
        dsl::release_valid_until.eq(row.release_valid_until),
        dsl::release_request.eq(&row.release_request),
        dsl::release_requested_by.eq(&row.release_requested_by),
        dsl::release_requested_at.eq(row.release_requested_at),
        dsl::promised_on.eq(row.promised_on),
        dsl::reservation_id.eq(row.reservation_id),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(CreditBlock::as_returning())
    .get_result(c)
    .optional())?)
}

/// Open reservations whose time has come, the longest overdue first.
pub fn list_due(
    db: &mut Db,
    now: Instant,
    most: i64,
) -> Result<Vec<(ReservationId, CustomerId)>, DbError> {
    Ok(on_backend!(db, |c| reservations::table
        .filter(reservations::expires_at.le(now))
        .filter(reservations::ended_at.is_null())
        .order(reservations::expires_at)
        .limit(most)
        .select((reservations::id, reservations::customer_id))
        .load(c))?)
}

/// Those of these reservations that are still open, locked on PostgreSQL by their accounts already.
pub fn list_open_by_ids(db: &mut Db, ids: &[ReservationId]) -> Result<Vec<Reservation>, DbError> {
    Ok(on_backend!(db, |c| reservations::table
        .filter(reservations::id.eq_any(ids))
        .filter(reservations::status.eq_any(OPEN))
        .select(Reservation::as_select())
        .load(c))?)
}

/// Ends these reservations as expired.
pub fn expire(tx: &mut Tx, ids: &[ReservationId]) -> Result<(), DbError> {
    use reservations::dsl;
    let now = tx.now();
    on_backend!(tx, |c| diesel::update(
        dsl::reservations.filter(dsl::id.eq_any(ids))
    )
    .set((
        dsl::status.eq(ReservationStatus::Expired),
        dsl::ended_at.eq(now),
        dsl::version.eq(dsl::version + 1),
    ))
    .execute(c))?;
    Ok(())
}

/// One page of recorded checks, the newest first.
pub fn list_checks(
    db: &mut Db,
    caller: &Caller,
    filter: &LimitCheckFilter,
    page: &PageRequest,
) -> Result<Page<LimitCheck>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = limit_checks::table
            .select(LimitCheck::as_select())
            .into_boxed();
        if caller.sees_only_own() {
            query = query.filter(
                limit_checks::customer_id.eq_any(
                    customers::table
                        .filter(customers::owner.eq(&caller.subject))
                        .select(customers::id),
                ),
            );
        }
        if let Some(wanted) = &wanted {
            query = query.filter(limit_checks::customer_id.eq_any(wanted));
        }
        if !filter.order_number.is_empty() {
            let orders: Vec<&str> = filter.order_number.iter().map(Number::as_str).collect();
            query = query.filter(limit_checks::order_number.eq_any(orders));
        }
        if !filter.outcome.is_empty() {
            query = query.filter(limit_checks::outcome.eq_any(&filter.outcome));
        }
        seek!(c, query, page, LimitCheck, desc(limit_checks::id))
    })
}

/// One page of reservations, the newest first.
pub fn list_reservations(
    db: &mut Db,
    caller: &Caller,
    filter: &ReservationFilter,
    page: &PageRequest,
) -> Result<Page<Reservation>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = reservations::table
            .select(Reservation::as_select())
            .into_boxed();
        if caller.sees_only_own() {
            query = query.filter(
                reservations::customer_id.eq_any(
                    customers::table
                        .filter(customers::owner.eq(&caller.subject))
                        .select(customers::id),
                ),
            );
        }
        if let Some(wanted) = &wanted {
            // By the checks that reserved them, which are found by customer.
            let theirs = limit_checks::table
                .filter(limit_checks::customer_id.eq_any(wanted))
                .select(limit_checks::id);
            query = query.filter(reservations::id.eq_any(theirs));
        }
        if !filter.order_number.is_empty() {
            let orders: Vec<&str> = filter.order_number.iter().map(Number::as_str).collect();
            query = query.filter(reservations::order_number.eq_any(orders));
        }
        if !filter.status.is_empty() {
            query = query.filter(reservations::status.eq_any(&filter.status));
        }
        seek!(c, query, page, Reservation, desc(reservations::id))
    })
}

/// One page of credit blocks, the oldest first: they are a queue.
pub fn list_blocks(
    db: &mut Db,
    caller: &Caller,
    filter: &CreditBlockFilter,
    page: &PageRequest,
) -> Result<Page<QueuedBlock>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = credit_blocks::table
            .inner_join(customers::table.on(customers::id.eq(credit_blocks::customer_id)))
            .select((CreditBlock::as_select(), customers::number, customers::name))
            .into_boxed();
        if caller.sees_only_own() {
            query = query.filter(customers::owner.eq(&caller.subject));
        }
        if let Some(wanted) = &wanted {
            query = query.filter(credit_blocks::customer_id.eq_any(wanted));
        }
        if !filter.order_number.is_empty() {
            let orders: Vec<&str> = filter.order_number.iter().map(Number::as_str).collect();
            query = query.filter(credit_blocks::order_number.eq_any(orders));
        }
        if !filter.assigned_to.is_empty() {
            let people: Vec<&str> = filter.assigned_to.iter().map(Subject::as_str).collect();
            query = query.filter(credit_blocks::assigned_to.eq_any(people));
        }
        if !filter.status.is_empty() {
            query = query.filter(credit_blocks::status.eq_any(&filter.status));
        }
        seek!(c, query, page, QueuedBlock.block, asc(credit_blocks::id))
    })
}
