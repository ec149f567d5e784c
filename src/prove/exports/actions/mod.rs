//! What is done with exports: they are asked for, made, downloaded, and forgotten.

mod package;

use chrono::Duration;
use serde_json::json;
use tables::{TableError, TableWriter};

use super::input::ExportIn;
use super::model::package::OF_ROOMS;
use super::model::{Export, ExportPlan, ExportStatus, ExportTables, ExportTools, ExportWithJob};
use super::rules::{self, Bounds, BoundsError};
use super::store;
use crate::platform::db::rows::{Piece, Span};
use crate::platform::db::{Change, Db, DbError, Tx};
use crate::platform::exports::{DayOf, ExportTable};
use crate::platform::jobs::actions as jobs;
use crate::platform::jobs::model::{Ended, JobStatus};
use crate::platform::jobs::output::{JobOutput, Written, failure};
use crate::platform::jobs::worker::{Interrupted, JobContext};
use kernel::caller::{Caller, Role};
use kernel::clock::{Clock, Day, Instant};
use kernel::ids::ExportId;
use kernel::progress::Stopped;

/// The kind of the jobs that make exports.
pub const KIND: &str = "export";

/// How many exports of one caller may be under way.
pub const OPEN_MAX: i64 = 4;

/// How many expired exports are forgotten at a time.
const FORGOTTEN_TOGETHER: i64 = 20;

/// Why a use case on exports was refused.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("there is no such export")]
    Missing,
    #[error("there is no such table")]
    UnknownTable,
    #[error("the table is for other roles")]
    NotForCaller(&'static [Role]),
    #[error(transparent)]
    Bounds(#[from] BoundsError),
    #[error("{OPEN_MAX} exports are under way")]
    TooMany,
    #[error("the export is {0}")]
    NotReady(ExportStatus),
    #[error("the file is gone")]
    Expired(Instant),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The roles that may take an audit package: those that may read all of what is in it.
pub const PACKAGE_READERS: &[Role] = &[Role::Auditor];

/// What an export takes away.
#[derive(Debug, Clone, Copy)]
enum Target {
    Table(&'static ExportTable),
    Package,
}

impl Target {
    fn find(tables: ExportTables, name: &str) -> Option<Target> {
        if name == rules::PACKAGE {
            return Some(Target::Package);
        }
        tables.find(name).map(Target::Table)
    }

    /// Refuses whoever may not read all that is in it.
    fn admit(self, tables: ExportTables, caller: &Caller) -> Result<(), ExportError> {
        let (admits, roles) = match self {
            Target::Table(table) => (table.readers.admit(caller), table.readers.roles),
            Target::Package => (may_take_package(tables, caller), PACKAGE_READERS),
        };
        if admits {
            Ok(())
        } else {
            Err(ExportError::NotForCaller(roles))
        }
    }

    const fn has_day(self) -> bool {
        match self {
            Target::Table(table) => table.day.is_some(),
            Target::Package => true,
        }
    }
}

/// Whether the caller may read every table of the package.
fn may_take_package(tables: ExportTables, caller: &Caller) -> bool {
    let of_rooms = OF_ROOMS.iter().filter_map(|(name, _)| tables.find(name));
    let all = package::OWN.iter().copied().chain(of_rooms);
    caller.has_any(PACKAGE_READERS) && all.into_iter().all(|table| table.readers.admit(caller))
}

/// Asks for an export: its job is queued.
///
/// # Errors
/// When there is no such table for the caller, it can't be bounded so, or too many are under way.
pub fn create(
    tx: &mut Tx,
    tools: &ExportTools,
    asked: &ExportIn,
) -> Result<ExportWithJob, ExportError> {
    let target =
        Target::find(tools.tables, asked.table.as_str()).ok_or(ExportError::UnknownTable)?;
    let caller = tx.caller().clone();
    target.admit(tools.tables, &caller)?;
    // Two at once are counted one after the other.
    store::lock_count(tx, caller.subject.as_str())?;
    if jobs::count_open(tx, KIND, &caller)? >= OPEN_MAX {
        return Err(ExportError::TooMany);
    }
    let id = ExportId::new();
    let job_id = jobs::begin(tx, KIND, "rows")?;
    let export = Export {
        id,
        table_name: asked.table.as_str().to_owned(),
        format: asked.format,
        period_from: asked.period_from.map(Day::date),
        period_to: asked.period_to.map(Day::date),
        as_of: asked.as_of.map(Day::date),
        job_id,
        requested_by: caller.subject,
        requested_at: tx.now(),
        expires_at: tx.now().plus(Duration::days(tools.kept_days)),
        attempt: None,
        row_count: None,
        byte_count: None,
        sha256: None,
        deleted_at: None,
    };
    if matches!(target, Target::Package) && export.period_to > Some(tx.today()) {
        return Err(BoundsError::InFuture.into());
    }
    rules::bounds(&export, target.has_day())?;
    let job = jobs::queue(tx, job_id, &ExportPlan { export: id }, None).map_err(queueing)?;
    store::insert(tx, &export)?;
    tx.record(Change::new("export.created", id).after(&export.recorded()))?;
    Ok(ExportWithJob { export, job })
}

fn queueing(error: jobs::JobsError) -> DbError {
    match error {
        jobs::JobsError::Db(error) => error,
        other => DbError::Document(other.to_string()),
    }
}

/// Whether the caller sees everybody's exports, and not just their own.
pub fn sees_all(caller: &Caller) -> bool {
    caller.has_any(&[Role::Auditor])
}

/// The export, unless it is hidden from the caller.
///
/// # Errors
/// When there is no such export for the caller.
pub fn find_visible(
    db: &mut Db,
    caller: &Caller,
    id: ExportId,
) -> Result<ExportWithJob, ExportError> {
    store::find(db, id)?
        .filter(|found| sees_all(caller) || found.export.requested_by == caller.subject)
        .ok_or(ExportError::Missing)
}

/// Lets the caller have the file, and records it.
///
/// # Errors
/// When there is no file, or the caller may not read what it holds any more.
pub fn download(
    tx: &mut Tx,
    tables: ExportTables,
    id: ExportId,
    range: Option<&str>,
) -> Result<Export, ExportError> {
    let caller = tx.caller().clone();
    let found = find_visible(tx, &caller, id)?;
    let target = Target::find(tables, &found.export.table_name).ok_or(ExportError::UnknownTable)?;
    target.admit(tables, &caller)?;
    match rules::status(&found.export, found.job.status, tx.now()) {
        ExportStatus::Ready => {}
        ExportStatus::Expired => return Err(ExportError::Expired(found.export.expires_at)),
        status => return Err(ExportError::NotReady(status)),
    }
    tx.record(Change::new("export.downloaded", id).after(&json!({
        "table": found.export.table_name,
        "sha256": found.export.sha256,
        "range": range,
    })))?;
    Ok(found.export)
}

/// Deletes files of exports that expired, some at a time.
///
/// # Errors
/// When the database fails.
pub fn forget_expired(tx: &mut Tx) -> Result<usize, DbError> {
    let now = tx.now();
    let expired = store::list_expired(tx, now, FORGOTTEN_TOGETHER)?;
    for export in &expired {
        if store::mark_deleted(tx, export.id)? {
            jobs::delete_output(tx, export.job_id, None)?;
            tx.record(Change::new("export.expired", export.id).before(&export.recorded()))?;
        }
    }
    Ok(expired.len())
}

/// Why an export was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Failure {
    fn told(self, context: &JobContext) -> Interrupted {
        match self {
            Failure::Db(error) => error.into(),
            Failure::Table(TableError::Io(error)) => failure(error).into(),
            Failure::Table(error) => DbError::Document(error.to_string()).into(),
            Failure::Stopped(stopped) => context.why(stopped),
        }
    }
}

/// Makes the file of an export.
///
/// # Errors
/// When it is to stop, or the database fails.
pub fn work(context: &JobContext) -> Result<Ended, Interrupted> {
    let plan: ExportPlan = context.input()?;
    let tools: &ExportTools = context.tools()?;
    let found = store::find(&mut context.database().reader()?, plan.export)?;
    let missing = || DbError::Document("the job's export is not there".to_owned());
    let export = found.ok_or_else(missing)?.export;
    let target = Target::find(tools.tables, &export.table_name).ok_or_else(missing)?;
    let bounds = rules::bounds(&export, target.has_day())
        .map_err(|error| DbError::Document(error.to_string()))?;
    let made = match target {
        Target::Table(table) => write_table(context, &export, table, bounds),
        Target::Package => package::write(context, &export, tools),
    };
    let (rows, written) = made.map_err(|failure| failure.told(context))?;
    let made = Export {
        attempt: Some(written.attempt),
        row_count: Some(rows),
        byte_count: Some(written.bytes),
        sha256: Some(written.sha256),
        ..export
    };
    finish(context, &made)?;
    Ok(Ended {
        status: JobStatus::Succeeded,
        done: Some(rows),
        result: json!({"export": made.id, "rows": rows, "bytes": made.byte_count, "sha256": made.sha256}),
        errors: Vec::new(),
    })
}

/// Notes the file, while the job is still ours, and forgets what attempts that were cut off had written.
fn finish(context: &JobContext, made: &Export) -> Result<(), Interrupted> {
    let is_ours = context
        .database()
        .write(context.caller(), |tx| -> Result<bool, DbError> {
            if jobs::renew(tx, context.job(), None)?.is_none() {
                return Ok(false);
            }
            store::finish(tx, made)?;
            jobs::delete_output(tx, made.job_id, made.attempt)?;
            tx.record(Change::new("export.made", made.id).after(&made.recorded()))?;
            Ok(true)
        })?;
    if is_ours {
        Ok(())
    } else {
        Err(Interrupted::Lost)
    }
}

/// Writes a table, all of it from one state of the database.
fn write_table(
    context: &JobContext,
    export: &Export,
    table: &ExportTable,
    bounds: Bounds,
) -> Result<(i64, Written), Failure> {
    let Some(format) = export.format.table() else {
        return Err(DbError::Document("a table is no package".to_owned()).into());
    };
    let output = JobOutput::new(context);
    let columns = table.columns();
    let mut writer = TableWriter::begin(format, table.name, &columns, output)?;
    context.database().snapshot(|db| {
        let span = span(db.clock(), table, bounds);
        write_rows(context, db, table, span, &mut writer)
    })?;
    let rows = i64::try_from(writer.count()).unwrap_or(i64::MAX);
    let output = writer.finish()?;
    let written = output.finish().map_err(TableError::Io)?;
    Ok((rows, written))
}

/// Writes the rows of a table, and counts them as progress.
pub(super) fn write_rows<W: std::io::Write + Send + 'static>(
    context: &JobContext,
    db: &mut Db,
    table: &ExportTable,
    span: Option<Span>,
    writer: &mut TableWriter<W>,
) -> Result<(), Failure> {
    let selection = table.selection(span);
    let progress = context.computation();
    let total = selection.count(db)?;
    progress.expect(usize::try_from(total).unwrap_or(usize::MAX));
    selection.read(db, &mut |piece| match piece {
        Piece::Cell(value) => Ok(writer.cell(value)?),
        Piece::RowEnds => {
            writer.end_row()?;
            Ok(progress.advance(1)?)
        }
    })
}

/// The span of days or instants that a table is asked for.
pub(super) fn span(clock: &Clock, table: &ExportTable, bounds: Bounds) -> Option<Span> {
    let Bounds::Days(first, last) = bounds else {
        return None;
    };
    match table.day? {
        DayOf::Day(_) => Some(Span::Days(first, last)),
        DayOf::Instant(_) => Some(Span::Instants(clock.start_of(first), clock.end_of(last))),
    }
}
