//! Queries on runs of the controls, and on what people did.

mod book;
mod numbers;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::dsl::count_star;
use diesel::prelude::*;

pub use book::{
    count_given_up, count_granted_limits, count_owing, list_approved, list_changes,
    list_own_given_up, list_own_notes, list_own_receipts, list_policies, list_released, list_steps,
    list_unfounded_limits, list_versions,
};
pub use numbers::{Document, count_numbers, find_last_number, list_known, list_numbers};

use super::input::ControlRunFilter;
use super::model::{ControlResult, ControlRun, Done, Period};
use crate::platform::db::schema::control_runs::{self, dsl};
use crate::platform::db::schema::{business_days, control_results, trail_entries};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::auth::API_KEY_ISSUER;
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Role;
use kernel::clock::Instant;
use kernel::ids::ControlRunId;

pub fn find(db: &mut Db, id: ControlRunId) -> Result<Option<ControlRun>, DbError> {
    Ok(on_backend!(db, |c| control_runs::table
        .find(id)
        .select(ControlRun::as_select())
        .first(c)
        .optional())?)
}

pub fn insert(tx: &mut Tx, row: &ControlRun) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(control_runs::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Writes what changes of a run, when it still has the version that `row` was read with, and gives it as it is now.
pub fn update_if_unchanged(tx: &mut Tx, row: &ControlRun) -> Result<Option<ControlRun>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        control_runs::table
            .find(row.id)
            .filter(dsl::version.eq(row.version))
    )
    .set((
        dsl::finished_at.eq(row.finished_at),
        dsl::signed_off_by.eq(&row.signed_off_by),
        dsl::signed_off_at.eq(row.signed_off_at),
        dsl::sign_off_note.eq(&row.sign_off_note),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(ControlRun::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of runs, the newest first.
pub fn list(
    db: &mut Db,
    filter: &ControlRunFilter,
    page: &PageRequest,
) -> Result<Page<ControlRun>, Problem> {
    on_backend!(db, |c| {
        let mut query = control_runs::table
            .select(ControlRun::as_select())
            .into_boxed();
        match filter.signed_off {
            Some(true) => query = query.filter(dsl::signed_off_at.is_not_null()),
            Some(false) => query = query.filter(dsl::signed_off_at.is_null()),
            None => {}
        }
        seek!(c, query, page, ControlRun, desc(control_runs::id))
    })
}

pub fn insert_results(tx: &mut Tx, rows: &[ControlResult]) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(control_results::table)
        .values(rows)
        .execute(c))?;
    Ok(())
}

/// What the controls found in a run, in their order.
pub fn list_results(db: &mut Db, run: ControlRunId) -> Result<Vec<ControlResult>, DbError> {
    Ok(on_backend!(db, |c| control_results::table
        .filter(control_results::run_id.eq(run))
        .order(control_results::position)
        .select(ControlResult::as_select())
        .load(c))?)
}

/// Who did some actions in a period, with which roles, and how often. What API keys and netterms itself did is left out.
pub fn list_done(db: &mut Db, period: &Period, actions: &[&str]) -> Result<Vec<Done>, DbError> {
    Ok(on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::at.ge(period.start))
        .filter(trail_entries::at.lt(period.end))
        .filter(trail_entries::action.eq_any(actions))
        .filter(trail_entries::roles.ne(""))
        .filter(trail_entries::issuer.ne(API_KEY_ISSUER))
        .group_by((
            trail_entries::subject,
            trail_entries::roles,
            trail_entries::action
        ))
        .order((
            trail_entries::subject,
            trail_entries::roles,
            trail_entries::action
        ))
        .select((
            trail_entries::subject,
            trail_entries::roles,
            trail_entries::action,
            count_star()
        ))
        .load(c))?)
}

/// The things and persons of some actions in a period: each pair once. What API keys and netterms itself did is left out.
pub fn list_things_done(
    db: &mut Db,
    period: &Period,
    actions: &[&str],
) -> Result<Vec<(String, String, String)>, DbError> {
    Ok(on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::at.ge(period.start))
        .filter(trail_entries::at.lt(period.end))
        .filter(trail_entries::action.eq_any(actions))
        .filter(trail_entries::roles.ne(""))
        .filter(trail_entries::issuer.ne(API_KEY_ISSUER))
        .distinct()
        .order((
            trail_entries::entity_id,
            trail_entries::subject,
            trail_entries::action
        ))
        .select((
            trail_entries::entity_id,
            trail_entries::subject,
            trail_entries::action
        ))
        .load(c))?)
}

/// When some persons did some actions about some things, from one instant on, before another.
pub fn list_done_about(
    db: &mut Db,
    (from, until): (Instant, Instant),
    actions: &[&str],
    things: &[String],
    persons: &[String],
) -> Result<Vec<(String, String, Instant)>, DbError> {
    Ok(on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::entity_id.eq_any(things))
        .filter(trail_entries::action.eq_any(actions))
        .filter(trail_entries::subject.eq_any(persons))
        .filter(trail_entries::at.ge(from))
        .filter(trail_entries::at.lt(until))
        .select((
            trail_entries::entity_id,
            trail_entries::subject,
            trail_entries::at
        ))
        .load(c))?)
}

/// Who acted as a person from one instant on, before another: with a role that is not a system's, and by no API key.
///
/// Somebody who has the role of a system beside another is a person in all that they do: an operation that a system alone
/// may use is recorded with that role alone.
pub fn list_persons(
    db: &mut Db,
    from: Instant,
    until: Instant,
) -> Result<BTreeSet<String>, DbError> {
    let found: Vec<String> = on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::at.ge(from))
        .filter(trail_entries::at.lt(until))
        .filter(trail_entries::roles.ne_all(["", Role::System.as_str()]))
        .filter(trail_entries::issuer.ne(API_KEY_ISSUER))
        .distinct()
        .select(trail_entries::subject)
        .load(c))?;
    Ok(found.into_iter().collect())
}

/// Who did something from one instant on, before another, in order. What API keys and netterms itself did is left out.
pub fn list_at_work(db: &mut Db, from: Instant, until: Instant) -> Result<Vec<String>, DbError> {
    Ok(on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::at.ge(from))
        .filter(trail_entries::at.lt(until))
        .filter(trail_entries::roles.ne(""))
        .filter(trail_entries::issuer.ne(API_KEY_ISSUER))
        .distinct()
        .order(trail_entries::subject)
        .select(trail_entries::subject)
        .load(c))?)
}

/// When the first entry of a period was written.
pub fn find_first_at(db: &mut Db, period: &Period) -> Result<Option<Instant>, DbError> {
    Ok(on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::at.ge(period.start))
        .filter(trail_entries::at.lt(period.end))
        .order(trail_entries::at)
        .select(trail_entries::at)
        .first(c)
        .optional())?)
}

/// Who worked as sales in a period.
pub fn list_salespeople(db: &mut Db, period: &Period) -> Result<BTreeSet<String>, DbError> {
    let found: Vec<String> = on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::at.ge(period.start))
        .filter(trail_entries::at.lt(period.end))
        .filter(trail_entries::roles.like("%sales%"))
        .distinct()
        .select(trail_entries::subject)
        .load(c))?;
    Ok(found.into_iter().collect())
}

/// The business days of a period that have begun.
pub fn list_business_days(db: &mut Db, period: &Period) -> Result<Vec<NaiveDate>, DbError> {
    Ok(on_backend!(db, |c| business_days::table
        .filter(business_days::day.ge(period.first))
        .filter(business_days::day.le(period.last))
        .order(business_days::day)
        .select(business_days::day)
        .load(c))?)
}
