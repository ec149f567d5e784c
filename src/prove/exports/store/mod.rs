//! Queries on exports.

pub mod package;

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::input::ExportFilter;
use super::model::{Export, ExportWithJob};
use crate::platform::db::schema::exports::dsl;
use crate::platform::db::schema::{exports, jobs};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use crate::platform::jobs::model::JobStatus;
use kernel::clock::Instant;
use kernel::ids::ExportId;
use kernel::text::Keyword;

pub fn insert(tx: &mut Tx, export: &Export) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(exports::table)
        .values(export)
        .execute(c))?;
    Ok(())
}

pub fn find(db: &mut Db, id: ExportId) -> Result<Option<ExportWithJob>, DbError> {
    Ok(on_backend!(db, |c| exports::table
        .inner_join(jobs::table.on(jobs::id.eq(exports::job_id)))
        .filter(dsl::id.eq(id))
        .select(ExportWithJob::as_select())
        .first(c)
        .optional())?)
}

/// One page of exports, the newest first; those of one person when `requested_by` is given.
pub fn list(
    db: &mut Db,
    requested_by: Option<&str>,
    filter: &ExportFilter,
    page: &PageRequest,
) -> Result<Page<ExportWithJob>, Problem> {
    on_backend!(db, |c| {
        let mut query = exports::table
            .inner_join(jobs::table.on(jobs::id.eq(exports::job_id)))
            .select(ExportWithJob::as_select())
            .into_boxed();
        if let Some(subject) = requested_by {
            query = query.filter(dsl::requested_by.eq(subject));
        }
        if !filter.table.is_empty() {
            let tables: Vec<&str> = filter.table.iter().map(Keyword::as_str).collect();
            query = query.filter(dsl::table_name.eq_any(tables));
        }
        seek!(c, query, page, ExportWithJob.export, desc(exports::id))
    })
}

/// Writes what became of the file.
pub fn finish(tx: &mut Tx, export: &Export) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(dsl::exports.find(export.id))
        .set((
            dsl::attempt.eq(export.attempt),
            dsl::row_count.eq(export.row_count),
            dsl::byte_count.eq(export.byte_count),
            dsl::sha256.eq(&export.sha256),
        ))
        .execute(c))?;
    Ok(())
}

/// Has units of work that count one caller's exports take turns.
pub fn lock_count(tx: &mut Tx, requested_by: &str) -> Result<(), DbError> {
    if let Conn::Postgres(c) = tx.conn() {
        diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
            .bind::<Text, _>(format!("exports of {requested_by}"))
            .execute(&mut **c)?;
    }
    Ok(())
}

/// Exports whose files are there and not wanted any more: those that expired, and what was left of those that were not made.
pub fn list_expired(db: &mut Db, now: Instant, most: i64) -> Result<Vec<Export>, DbError> {
    let made = JobStatus::Succeeded;
    let not_made = [JobStatus::Failed, JobStatus::Cancelled];
    Ok(on_backend!(db, |c| exports::table
        .inner_join(jobs::table.on(jobs::id.eq(exports::job_id)))
        .filter(dsl::deleted_at.is_null())
        .filter(
            jobs::status
                .eq(made)
                .and(dsl::expires_at.le(now))
                .or(jobs::status.eq_any(not_made))
        )
        .order(dsl::id)
        .limit(most)
        .select(Export::as_select())
        .load(c))?)
}

/// Says that the file is gone, when nobody has yet.
pub fn mark_deleted(tx: &mut Tx, id: ExportId) -> Result<bool, DbError> {
    let now = tx.now();
    let rows = on_backend!(tx, |c| diesel::update(
        dsl::exports.find(id).filter(dsl::deleted_at.is_null())
    )
    .set(dsl::deleted_at.eq(now))
    .execute(c))?;
    Ok(rows > 0)
}
