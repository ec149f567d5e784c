//! Queries on ratings.

mod outcomes;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::dsl::{exists, min, not};
use diesel::prelude::*;

use super::input::RatingFilter;
use super::model::{RatingCause, RatingHistory, RatingRow, StandingRating};
use crate::book::customers::store::list_wanted;
use crate::platform::db::schema::ratings::dsl;
use crate::platform::db::schema::{customers, invoice_items, invoices, ratings};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek, sum_minor};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::clock::Instant;
use kernel::ids::{CustomerId, JobId, RatingId, RatingModelId};
use kernel::money::{Currency, Money};

pub use outcomes::{list_defaulted_within, list_in_default_at, list_overdue_within, list_owing};

/// How many ids stand in one statement.
const IDS_MAX: usize = 5_000;

/// How many rows stand in one statement: some twenty columns each, and SQLite takes 32,766 variables.
const ROWS_MAX: usize = 1_000;

pub fn find(db: &mut Db, id: RatingId) -> Result<Option<RatingRow>, DbError> {
    Ok(on_backend!(db, |c| ratings::table
        .find(id)
        .select(RatingRow::as_select())
        .first(c)
        .optional())?)
}

/// The newest ratings of these customers; one that has none is left out.
pub fn list_current(db: &mut Db, of: &[CustomerId]) -> Result<Vec<StandingRating>, DbError> {
    let mut found = Vec::new();
    for ids in of.chunks(IDS_MAX) {
        let rows: Vec<StandingRating> = on_backend!(db, |c| ratings::table
            .filter(dsl::customer_id.eq_any(ids))
            .filter(dsl::superseded_at.is_null())
            .select(StandingRating::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// The next of the newest ratings of the whole book, by customer; with `rated_before`, of those that were made before that
/// instant.
pub fn list_current_after(
    db: &mut Db,
    rated_before: Option<Instant>,
    after: Option<CustomerId>,
    count: i64,
) -> Result<Vec<RatingRow>, DbError> {
    Ok(on_backend!(db, |c| {
        let mut query = ratings::table
            .filter(dsl::superseded_at.is_null())
            .select(RatingRow::as_select())
            .into_boxed();
        if let Some(instant) = rated_before {
            query = query.filter(dsl::rated_at.lt(instant));
        }
        if let Some(after) = after {
            query = query.filter(dsl::customer_id.gt(after));
        }
        query.order(dsl::customer_id).limit(count).load(c)
    })?)
}

/// The next customers of the book that were never rated, by id.
pub fn list_unrated_after(
    db: &mut Db,
    after: Option<CustomerId>,
    count: i64,
) -> Result<Vec<CustomerId>, DbError> {
    Ok(on_backend!(db, |c| {
        let rated = ratings::table
            .filter(dsl::customer_id.eq(customers::id))
            .select(dsl::id);
        let mut query = customers::table
            .filter(not(exists(rated)))
            .select(customers::id)
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(customers::id.gt(after));
        }
        query.order(customers::id).limit(count).load(c)
    })?)
}

/// Whether anybody is rated.
pub fn is_anybody_rated(db: &mut Db) -> Result<bool, DbError> {
    Ok(on_backend!(db, |c| diesel::select(exists(
        ratings::table.filter(dsl::superseded_at.is_null())
    ))
    .get_result(c))?)
}

/// How many customers a run rated for each cause.
pub fn count_by_cause(db: &mut Db, run: JobId) -> Result<Vec<(RatingCause, i64)>, DbError> {
    let counts: Vec<(RatingCause, i64)> = on_backend!(db, |c| ratings::table
        .filter(dsl::run_id.eq(run))
        .group_by(dsl::cause)
        .select((dsl::cause, diesel::dsl::count_star()))
        .load(c))?;
    Ok(counts)
}

/// Of these customers, those whom this run has rated already.
pub fn list_rated_by_run(
    db: &mut Db,
    run: JobId,
    of: &[CustomerId],
) -> Result<Vec<CustomerId>, DbError> {
    Ok(on_backend!(db, |c| ratings::table
        .filter(dsl::customer_id.eq_any(of))
        .filter(dsl::run_id.eq(run))
        .select(dsl::customer_id)
        .load(c))?)
}

/// How many customers a run gave each grade, overrides apart.
pub fn count_by_grade(db: &mut Db, run: JobId) -> Result<Vec<(String, i64)>, DbError> {
    let counts: Vec<(String, i64)> = on_backend!(db, |c| ratings::table
        .filter(dsl::run_id.eq(run))
        .group_by(dsl::grade)
        .select((dsl::grade, diesel::dsl::count_star()))
        .load(c))?;
    Ok(counts)
}

/// The scores of the newest ratings of the whole book, in parts per million; who could not be rated is left out.
pub fn list_current_scores(db: &mut Db) -> Result<Vec<i64>, DbError> {
    let scores: Vec<Option<i64>> = on_backend!(db, |c| ratings::table
        .filter(dsl::superseded_at.is_null())
        .filter(dsl::score_ppm.is_not_null())
        .order(dsl::id)
        .select(dsl::score_ppm)
        .load(c))?;
    Ok(scores.into_iter().flatten().collect())
}

/// A customer with its grade, its override and the override's last day.
type GradeThen = (CustomerId, String, Option<String>, Option<NaiveDate>);

/// What every customer was rated when an instant had come: customer, grade, override and its last day.
pub fn list_grades_at(db: &mut Db, at: Instant) -> Result<Vec<GradeThen>, DbError> {
    Ok(on_backend!(db, |c| ratings::table
        .filter(dsl::rated_at.lt(at))
        .filter(dsl::superseded_at.is_null().or(dsl::superseded_at.ge(at)))
        .order(dsl::id)
        .select((
            dsl::customer_id,
            dsl::grade,
            dsl::override_grade,
            dsl::override_until
        ))
        .load(c))?)
}

/// Whom the ratings by a model scored that were the newest when an instant had come, in parts per million.
pub fn list_scored_at(
    db: &mut Db,
    model: RatingModelId,
    at: Instant,
) -> Result<Vec<(CustomerId, i64)>, DbError> {
    let rows: Vec<(CustomerId, Option<i64>)> = on_backend!(db, |c| ratings::table
        .filter(dsl::model_id.eq(model))
        .filter(dsl::score_ppm.is_not_null())
        .filter(dsl::rated_at.lt(at))
        .filter(dsl::superseded_at.is_null().or(dsl::superseded_at.ge(at)))
        .order(dsl::id)
        .select((dsl::customer_id, dsl::score_ppm))
        .load(c))?;
    let scored = rows.into_iter().filter_map(|(id, ppm)| Some((id, ppm?)));
    Ok(scored.collect())
}

/// Locks customers for being rated, by id, so that no two ratings of one are the newest. On SQLite the transaction
/// holds the only write lock already.
pub fn lock_customers(tx: &mut Tx, ids: &[CustomerId]) -> Result<(), DbError> {
    if let Conn::Postgres(c) = tx.conn() {
        let _locked: Vec<CustomerId> = customers::table
            .filter(customers::id.eq_any(ids))
            .order(customers::id)
            .select(customers::id)
            .for_no_key_update()
            .load(&mut **c)?;
    }
    Ok(())
}

/// Says of the newest ratings of these customers that newer ones take their place.
pub fn supersede(tx: &mut Tx, of: &[CustomerId]) -> Result<(), DbError> {
    let now = tx.now();
    for ids in of.chunks(IDS_MAX) {
        on_backend!(tx, |c| diesel::update(
            ratings::table
                .filter(dsl::customer_id.eq_any(ids))
                .filter(dsl::superseded_at.is_null())
        )
        .set((
            dsl::superseded_at.eq(Some(now)),
            dsl::version.eq(dsl::version + 1)
        ))
        .execute(c))?;
    }
    Ok(())
}

pub fn insert(tx: &mut Tx, rows: &[RatingRow]) -> Result<(), DbError> {
    for chunk in rows.chunks(ROWS_MAX) {
        on_backend!(tx, |c| diesel::insert_into(ratings::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// Writes the override when the row still has the version that `rating` was read with, and gives the row as it is now.
pub fn update_if_unchanged(tx: &mut Tx, rating: &RatingRow) -> Result<Option<RatingRow>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::ratings
            .find(rating.id)
            .filter(dsl::version.eq(rating.version))
            .filter(dsl::superseded_at.is_null())
    )
    .set((
        dsl::override_grade.eq(&rating.override_grade),
        dsl::override_until.eq(rating.override_until),
        dsl::override_terms.eq(&rating.override_terms),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(RatingRow::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of the ratings that the caller may see, the newest first.
pub fn list(
    db: &mut Db,
    caller: &Caller,
    filter: &RatingFilter,
    page: &PageRequest,
) -> Result<Page<RatingRow>, Problem> {
    let today = db.today();
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = ratings::table.select(RatingRow::as_select()).into_boxed();
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
        if filter.history.unwrap_or_default() == RatingHistory::Current {
            query = query.filter(dsl::superseded_at.is_null());
        }
        if !filter.grade.is_empty() {
            query = query.filter(
                dsl::override_until
                    .ge(today)
                    .and(dsl::override_grade.eq_any(&filter.grade))
                    .or(dsl::override_until
                        .is_null()
                        .or(dsl::override_until.lt(today))
                        .and(dsl::grade.eq_any(&filter.grade))),
            );
        }
        if let Some(day) = &filter.stale_by {
            query = query.filter(dsl::stale_on.le(day.date()));
        }
        if let Some(day) = &filter.review_by {
            query = query.filter(dsl::review_on.le(day.date()));
        }
        seek!(c, query, page, RatingRow, desc(dsl::id))
    })
}

/// The next customers of the book by id.
pub fn list_customers_after(
    db: &mut Db,
    after: Option<CustomerId>,
    count: i64,
) -> Result<Vec<CustomerId>, DbError> {
    Ok(on_backend!(db, |c| {
        let mut query = customers::table.select(customers::id).into_boxed();
        if let Some(after) = after {
            query = query.filter(customers::id.gt(after));
        }
        query.order(customers::id).limit(count).load(c)
    })?)
}

pub fn count_customers(db: &mut Db) -> Result<i64, DbError> {
    Ok(on_backend!(db, |c| customers::table.count().get_result(c))?)
}

/// What each of these customers owes that is past due, by due date, the oldest first.
pub fn list_overdue(
    db: &mut Db,
    of: &[CustomerId],
    today: NaiveDate,
) -> Result<BTreeMap<CustomerId, Vec<(NaiveDate, Money)>>, DbError> {
    let mut found: BTreeMap<CustomerId, Vec<(NaiveDate, Money)>> = BTreeMap::new();
    for ids in of.chunks(IDS_MAX) {
        let rows: Vec<(CustomerId, NaiveDate, Currency, i64)> =
            on_backend!(db, |c| invoice_items::table
                .inner_join(invoices::table.on(invoices::id.eq(invoice_items::invoice_id)))
                .filter(invoice_items::customer_id.eq_any(ids))
                .filter(invoice_items::open_minor.gt(0))
                .filter(invoice_items::due_date.lt(today))
                .group_by((
                    invoice_items::customer_id,
                    invoice_items::due_date,
                    invoices::currency
                ))
                .order((invoice_items::due_date, invoices::currency))
                .select((
                    invoice_items::customer_id,
                    invoice_items::due_date,
                    invoices::currency,
                    sum_minor!("invoice_items.open_minor"),
                ))
                .load(c))?;
        for (customer, due, currency, minor) in rows {
            let owed = Money::from_minor(minor, currency);
            found.entry(customer).or_default().push((due, owed));
        }
    }
    Ok(found)
}

/// The day of each of these customers' first invoice.
pub fn list_first_invoices(
    db: &mut Db,
    of: &[CustomerId],
) -> Result<BTreeMap<CustomerId, NaiveDate>, DbError> {
    let mut found = BTreeMap::new();
    for ids in of.chunks(IDS_MAX) {
        let rows: Vec<(CustomerId, Option<NaiveDate>)> = on_backend!(db, |c| invoices::table
            .filter(invoices::customer_id.eq_any(ids))
            .group_by(invoices::customer_id)
            .select((invoices::customer_id, min(invoices::invoice_date)))
            .load(c))?;
        found.extend(rows.into_iter().filter_map(|(id, day)| Some((id, day?))));
    }
    Ok(found)
}
