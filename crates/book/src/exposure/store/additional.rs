//! Queries on additional limits.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::book::exposure::model::{AdditionalLimit, AdditionalStatus, LimitScope};
use crate::platform::db::schema::additional_limits::{self, dsl};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::{AdditionalLimitId, CreditAccountId};

/// The states in which a limit can count.
const STANDING: [AdditionalStatus; 2] = [AdditionalStatus::Active, AdditionalStatus::Consumed];

pub fn find(db: &mut Db, id: AdditionalLimitId) -> Result<Option<AdditionalLimit>, DbError> {
    Ok(on_backend!(db, |c| additional_limits::table
        .find(id)
        .select(AdditionalLimit::as_select())
        .first(c)
        .optional())?)
}

/// What may count on these accounts on `today` or later.
pub fn list_standing(
    db: &mut Db,
    accounts: &[CreditAccountId],
    today: NaiveDate,
) -> Result<Vec<AdditionalLimit>, DbError> {
    let mut found = Vec::new();
    for chunk in accounts.chunks(5_000) {
        let rows: Vec<AdditionalLimit> = on_backend!(db, |c| additional_limits::table
            .filter(dsl::account_id.eq_any(chunk))
            .filter(dsl::status.eq_any(STANDING))
            .filter(dsl::valid_until.ge(today))
            .order(dsl::id)
            .select(AdditionalLimit::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// All that an account ever had, the newest first; what was for its group with `with_group`.
pub fn list(
    db: &mut Db,
    account: CreditAccountId,
    with_group: bool,
    page: &PageRequest,
) -> Result<Page<AdditionalLimit>, Problem> {
    on_backend!(db, |c| {
        let mut query = additional_limits::table
            .filter(dsl::account_id.eq(account))
            .select(AdditionalLimit::as_select())
            .into_boxed();
        if !with_group {
            query = query.filter(dsl::scope.eq(LimitScope::Own));
        }
        seek!(c, query, page, AdditionalLimit, desc(dsl::id))
    })
}

pub fn insert(tx: &mut Tx, row: &AdditionalLimit) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(additional_limits::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Writes how a limit ended, when the row still has the version that `row` was read with.
pub fn end_if_unchanged(
    tx: &mut Tx,
    row: &AdditionalLimit,
) -> Result<Option<AdditionalLimit>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::additional_limits
            .find(row.id)
            .filter(dsl::version.eq(row.version))
    )
    .set((
        dsl::status.eq(row.status),
        dsl::ended_by.eq(&row.ended_by),
        dsl::ended_at.eq(row.ended_at),
        dsl::end_reason.eq(&row.end_reason),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(AdditionalLimit::as_returning())
    .get_result(c)
    .optional())?)
}
