//! Queries on instruments.

use diesel::prelude::*;

use super::input::InstrumentFilter;
use super::model::Instrument;
use crate::book::customers::store::list_wanted;
use crate::book::exposure::rules::acceptor_key;
use crate::platform::db::schema::customers;
use crate::platform::db::schema::instruments::{self, dsl};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::ids::InstrumentId;

pub fn find(db: &mut Db, id: InstrumentId) -> Result<Option<Instrument>, DbError> {
    Ok(on_backend!(db, |c| instruments::table
        .find(id)
        .select(Instrument::as_select())
        .first(c)
        .optional())?)
}

/// Inserts an instrument when its number is free, and says whether it was.
pub fn insert(tx: &mut Tx, row: &Instrument) -> Result<bool, DbError> {
    let inserted = on_backend!(tx, |c| diesel::insert_into(instruments::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted > 0)
}

/// The living instrument that has this number already.
pub fn find_living(db: &mut Db, row: &Instrument) -> Result<Option<InstrumentId>, DbError> {
    use super::model::InstrumentStatus;
    Ok(on_backend!(db, |c| instruments::table
        .filter(dsl::number.eq(&row.number))
        .filter(dsl::kind.eq(&row.kind))
        .filter(dsl::customer_id.eq(row.customer_id))
        .filter(dsl::status.ne(InstrumentStatus::Withdrawn))
        .select(dsl::id)
        .first(c)
        .optional())?)
}

/// Writes a step when the row still has the version that `row` was read with.
pub fn update_if_unchanged(tx: &mut Tx, row: &Instrument) -> Result<Option<Instrument>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::instruments
            .find(row.id)
            .filter(dsl::version.eq(row.version))
    )
    .set((
        dsl::outstanding_minor.eq(row.outstanding_minor),
        dsl::status.eq(row.status),
        dsl::status_on.eq(row.status_on),
        dsl::passed_to.eq(&row.passed_to),
        dsl::dishonoured_on.eq(row.dishonoured_on),
        dsl::dishonour_reason.eq(&row.dishonour_reason),
        dsl::fee_minor.eq(row.fee_minor),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Instrument::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of the instruments of customers that the caller may see, the newest first.
pub fn list(
    db: &mut Db,
    caller: &Caller,
    filter: &InstrumentFilter,
    page: &PageRequest,
) -> Result<Page<Instrument>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    let acceptor = filter
        .acceptor
        .as_ref()
        .map(|name| acceptor_key(name.as_str()));
    on_backend!(db, |c| {
        let mut query = instruments::table
            .select(Instrument::as_select())
            .into_boxed();
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
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        if !filter.kind.is_empty() {
            query = query.filter(dsl::kind.eq_any(&filter.kind));
        }
        if !filter.number.is_empty() {
            query = query.filter(dsl::number.eq_any(&filter.number));
        }
        if let Some(acceptor) = &acceptor {
            query = query.filter(dsl::acceptor_key.eq(acceptor));
        }
        if let Some(day) = filter.maturity_date_from {
            query = query.filter(dsl::maturity_date.ge(day.date()));
        }
        if let Some(day) = filter.maturity_date_to {
            query = query.filter(dsl::maturity_date.le(day.date()));
        }
        match filter.outstanding {
            Some(true) => query = query.filter(dsl::outstanding_minor.gt(0)),
            Some(false) => query = query.filter(dsl::outstanding_minor.eq(0)),
            None => {}
        }
        seek!(c, query, page, Instrument, desc(instruments::id))
    })
}
