//! Queries on payment terms and calendars.

use diesel::prelude::*;

use super::input::PaymentTermsFilter;
use super::model::{CalendarRow, PaymentTermsRow, PaymentTermsStatus};
use crate::platform::db::schema::{calendars, payment_term_versions, payment_term_versions::dsl};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use crate::platform::versions::store::version_table;
use kernel::text::Keyword;

version_table!(
    PaymentTermsRow in payment_term_versions, PaymentTermsStatus, |code| [dsl::code.eq(code)], number: terms_version
);

/// A version of terms by its number.
pub fn find_version(
    db: &mut Db,
    code: &Keyword,
    number: i32,
) -> Result<Option<PaymentTermsRow>, DbError> {
    Ok(on_backend!(db, |c| payment_term_versions::table
        .filter(dsl::code.eq(code))
        .filter(dsl::terms_version.eq(number))
        .select(PaymentTermsRow::as_select())
        .first(c)
        .optional())?)
}

/// The live versions of these terms.
pub fn list_live_of(db: &mut Db, codes: &[&Keyword]) -> Result<Vec<PaymentTermsRow>, DbError> {
    Ok(on_backend!(db, |c| payment_term_versions::table
        .filter(dsl::code.eq_any(codes.iter().copied()))
        .filter(dsl::status.eq(PaymentTermsStatus::Live))
        .select(PaymentTermsRow::as_select())
        .load(c))?)
}

/// The codes of all terms that there are.
pub fn list_codes(db: &mut Db) -> Result<Vec<Keyword>, DbError> {
    Ok(on_backend!(db, |c| payment_term_versions::table
        .select(dsl::code)
        .distinct()
        .load(c))?)
}

/// One page of the live versions of all terms, by code.
pub fn list_live(db: &mut Db, page: &PageRequest) -> Result<Page<PaymentTermsRow>, Problem> {
    on_backend!(db, |c| {
        let mut query = payment_term_versions::table
            .filter(dsl::status.eq(PaymentTermsStatus::Live))
            .select(PaymentTermsRow::as_select())
            .into_boxed();
        seek!(c, query, page, PaymentTermsRow, asc(dsl::code, dsl::id))
    })
}

/// One page of the versions of terms, the newest first.
pub fn list_versions(
    db: &mut Db,
    code: &Keyword,
    filter: &PaymentTermsFilter,
    page: &PageRequest,
) -> Result<Page<PaymentTermsRow>, Problem> {
    on_backend!(db, |c| {
        let mut query = payment_term_versions::table
            .filter(dsl::code.eq(code))
            .select(PaymentTermsRow::as_select())
            .into_boxed();
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        seek!(
            c,
            query,
            page,
            PaymentTermsRow,
            desc(dsl::terms_version, dsl::id)
        )
    })
}

pub fn find_calendar(db: &mut Db, code: &Keyword) -> Result<Option<CalendarRow>, DbError> {
    Ok(on_backend!(db, |c| calendars::table
        .find(code)
        .select(CalendarRow::as_select())
        .first(c)
        .optional())?)
}

/// Those of these calendars that there are.
pub fn list_calendars_of(db: &mut Db, codes: &[&Keyword]) -> Result<Vec<CalendarRow>, DbError> {
    Ok(on_backend!(db, |c| calendars::table
        .filter(calendars::code.eq_any(codes.iter().copied()))
        .select(CalendarRow::as_select())
        .load(c))?)
}

/// One page of calendars, by code.
pub fn list_calendars(db: &mut Db, page: &PageRequest) -> Result<Page<CalendarRow>, Problem> {
    on_backend!(db, |c| {
        let mut query = calendars::table
            .select(CalendarRow::as_select())
            .into_boxed();
        seek!(c, query, page, CalendarRow, asc(calendars::code))
    })
}

/// Inserts a calendar when its code is free, and says whether it was.
pub fn insert_calendar(tx: &mut Tx, row: &CalendarRow) -> Result<bool, DbError> {
    let inserted = on_backend!(tx, |c| diesel::insert_into(calendars::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted > 0)
}

/// Writes the row when it still has the version that `row` was read with, and gives the row as it is now.
pub fn update_calendar_if_unchanged(
    tx: &mut Tx,
    row: &CalendarRow,
) -> Result<Option<CalendarRow>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        calendars::table
            .find(&row.code)
            .filter(calendars::version.eq(row.version))
    )
    .set((
        calendars::document.eq(&row.document),
        calendars::changed_by.eq(&row.changed_by),
        calendars::changed_at.eq(row.changed_at),
        calendars::version.eq(calendars::version + 1),
    ))
    .returning(CalendarRow::as_returning())
    .get_result(c)
    .optional())?)
}
