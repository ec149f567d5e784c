//! Queries on periods.

use std::time::Duration;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::input::PeriodFilter;
use super::model::{Period, PeriodStatus, PeriodViolation};
use crate::platform::db::schema::period_violations;
use crate::platform::db::schema::periods::{self, dsl};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::{LegalEntityId, PeriodId};
use kernel::text::Keyword;

pub fn find(db: &mut Db, id: PeriodId) -> Result<Option<Period>, DbError> {
    Ok(on_backend!(db, |c| periods::table
        .find(id)
        .select(Period::as_select())
        .first(c)
        .optional())?)
}

/// The period of an entity under its code.
pub fn find_by_code(
    db: &mut Db,
    entity: LegalEntityId,
    code: &Keyword,
) -> Result<Option<Period>, DbError> {
    Ok(on_backend!(db, |c| periods::table
        .filter(dsl::legal_entity_id.eq(entity))
        .filter(dsl::code.eq(code))
        .select(Period::as_select())
        .first(c)
        .optional())?)
}

/// All periods that are closed.
pub fn list_closed(db: &mut Db) -> Result<Vec<Period>, DbError> {
    Ok(on_backend!(db, |c| periods::table
        .filter(dsl::status.eq(PeriodStatus::Closed))
        .select(Period::as_select())
        .load(c))?)
}

/// Who posts waits here for who closes, and the other way round; those who post don't wait for one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Posting,
    Changing,
}

/// The number under which PostgreSQL knows the lock of all periods.
const LOCK: i64 = 0x0070_6572_696f_6473;

/// Holds the periods as they are until the unit of work ends. What is read of them must be read after it. SQLite has one
/// writer, who holds everything already.
pub fn lock(tx: &mut Tx, purpose: Use) -> Result<(), DbError> {
    let Conn::Postgres(c) = tx.conn() else {
        return Ok(());
    };
    if purpose == Use::Posting {
        diesel::sql_query("SELECT pg_advisory_xact_lock_shared($1)")
            .bind::<BigInt, _>(LOCK)
            .execute(&mut **c)?;
        return Ok(());
    }
    // Who stands in the queue would hold up everybody behind, for as long as one import runs.
    for _ in 0..LOOKS {
        let is_ours = diesel::select(
            sql::<Bool>("pg_try_advisory_xact_lock(")
                .bind::<BigInt, _>(LOCK)
                .sql(")"),
        )
        .get_result(&mut **c)?;
        if is_ours {
            return Ok(());
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    let message = "documents are being posted; close the period a little later".to_owned();
    Err(DbError::Locked(message))
}

/// How often whoever changes periods looks whether nobody posts, and how long it rests between.
const LOOKS: usize = 500;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// All periods of an entity.
pub fn list_of_entity(db: &mut Db, entity: LegalEntityId) -> Result<Vec<Period>, DbError> {
    Ok(on_backend!(db, |c| periods::table
        .filter(dsl::legal_entity_id.eq(entity))
        .order(dsl::id)
        .select(Period::as_select())
        .load(c))?)
}

pub fn insert(tx: &mut Tx, row: &Period) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(periods::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Writes the row when it still has the version that `row` was read with, and gives the row as it is now.
pub fn update_if_unchanged(tx: &mut Tx, row: &Period) -> Result<Option<Period>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        periods::table
            .find(row.id)
            .filter(dsl::version.eq(row.version))
    )
    .set((
        dsl::first_day.eq(row.first_day),
        dsl::last_day.eq(row.last_day),
        dsl::status.eq(row.status),
        dsl::changed_by.eq(&row.changed_by),
        dsl::changed_at.eq(row.changed_at),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Period::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of periods, the latest first.
pub fn list(
    db: &mut Db,
    filter: &PeriodFilter,
    entities: Option<&[LegalEntityId]>,
    page: &PageRequest,
) -> Result<Page<Period>, Problem> {
    on_backend!(db, |c| {
        let mut query = periods::table.select(Period::as_select()).into_boxed();
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        if let Some(entities) = entities {
            query = query.filter(dsl::legal_entity_id.eq_any(entities));
        }
        seek!(c, query, page, Period, desc(dsl::first_day, dsl::id))
    })
}

pub fn insert_violations(tx: &mut Tx, rows: &[PeriodViolation]) -> Result<(), DbError> {
    for chunk in rows.chunks(500) {
        on_backend!(tx, |c| diesel::insert_into(period_violations::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// One page of what was recorded in a period after it was closed, the newest first.
pub fn list_violations(
    db: &mut Db,
    period: PeriodId,
    page: &PageRequest,
) -> Result<Page<PeriodViolation>, Problem> {
    on_backend!(db, |c| {
        let mut query = period_violations::table
            .filter(period_violations::period_id.eq(period))
            .select(PeriodViolation::as_select())
            .into_boxed();
        seek!(c, query, page, PeriodViolation, desc(period_violations::id))
    })
}
