//! `/v1/dunning-runs`.

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::collect::dunning::actions::DunningError;
use crate::collect::dunning::input::{DecisionIn, RunFilter, RunIn};
use crate::collect::dunning::model::{LeftOut, Run, RunProcedure, RunScope, RunStatus, Skipped};
use crate::collect::dunning::{actions, store};
use crate::platform::db::{DbError, read_document};
use crate::platform::http::auth::{ApproveDunning, ReadDunning, RunDunning};
use crate::platform::http::page::{CursorKey, Page, PageOut};
use crate::platform::http::{
    Actor, Answer, Command, Executor, IfMatch, KeyedCommand, Listing, Nothing, Outcome, Problem,
    ReasonIn,
};
use crate::platform::jobs::api::ProgressOut as Progress;
use crate::platform::jobs::worker::WakeSignal;
use kernel::clock::{Day, Instant};
use kernel::ids::{DunningRunId, JobId};
use kernel::text::Subject;

/// Preview a dunning run
///
/// Works out whom dunning would reach today, at which level, and writes every notice as it would go out; nothing is
/// sent and no stage rises. Notices follow the live version of their procedure, also when another one goes live before
/// the run is issued. Ages are those of `as_of`; what is open and what is blocked is what is so now. An invoice
/// rises by one level in a run, however late it is. A level's minimum amount is compared with all that would be on the
/// notice: the customer's invoices that reach that level in the same currency.
///
/// Up to 1,000 overdue lines it is done when it answers: 201, and the run is `previewed`. Beyond that the answer is 202, the
/// run is `previewing`, and a job goes on with it, customer by customer: read the run for its progress, or watch the job.
/// One that was interrupted goes on where it was.
#[utoipa::path(
    tag = "dunning",
    request_body = RunIn,
    responses(
        (status = 201, description = "The run, previewed.", body = RunOut),
        (status = 202, description = "The run, which a job previews.", body = RunOut),
    ),
    security(("bearer" = ["dunning:run"]))
)]
#[post("/v1/dunning-runs")]
pub async fn preview_dunning_run(
    actor: Actor<RunDunning>,
    command: Command<RunIn>,
    executor: web::Data<Executor>,
    bell: web::Data<WakeSignal>,
) -> Outcome {
    let outcome = executor
        .once(&actor, command, |tx, input| {
            let run = actions::begin(tx, input.as_of.map(Day::date))?;
            let (version, location) = (run.version, format!("/v1/dunning-runs/{}", run.id));
            Ok(match at_work(&run) {
                Some(job) => Answer::accepted(&RunOut::new(run)?, job)?,
                None => Answer::created(&RunOut::new(run)?, location)?,
            }
            .version(version))
        })
        .await;
    bell.ring();
    outcome
}

/// List dunning runs
///
/// The newest first.
#[utoipa::path(
    tag = "dunning",
    params(Listing<RunFilter>),
    responses((status = 200, description = "One page of runs.", body = PageOut<RunOut>)),
    security(("bearer" = ["dunning:read"]))
)]
#[get("/v1/dunning-runs")]
pub async fn list_dunning_runs(
    _actor: Actor<ReadDunning>,
    listing: Listing<RunFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page: Page<RunOut> = executor
        .read(move |db| {
            Ok(store::list_runs(db, &listing.filter, &listing.page)?.try_map(RunOut::new)?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a dunning run
///
/// With how many overdue invoices it left out, and why.
#[utoipa::path(
    tag = "dunning",
    params(DunningRunId),
    responses((status = 200, description = "The run.", body = RunOut)),
    security(("bearer" = ["dunning:read"]))
)]
#[get("/v1/dunning-runs/{id}")]
pub async fn find_dunning_run(
    _actor: Actor<ReadDunning>,
    id: web::Path<DunningRunId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let found = executor
        .read(move |db| Ok(store::find_run(db, *id)?))
        .await?;
    Ok(answer(found.ok_or(DunningError::Missing("dunning run"))?)?.into_response())
}

/// Approve a dunning run
///
/// By another person than its author. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "dunning",
    params(DunningRunId, IfMatch),
    request_body = Nothing,
    responses((status = 200, description = "The run as it is now.", body = RunOut)),
    security(("bearer" = ["dunning:approve"]))
)]
#[post("/v1/dunning-runs/{id}/approve")]
pub async fn approve_dunning_run(
    actor: Actor<ApproveDunning>,
    id: web::Path<DunningRunId>,
    version: IfMatch,
    command: KeyedCommand<Nothing>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, _| {
            answer(actions::approve(tx, *id, version.0)?)
        })
        .await
}

/// Issue a dunning run
///
/// Looks at the ledger of this moment once more: what was paid, cancelled, blocked or dunned since the preview is
/// dropped, and a notice on which nothing is left is `suppressed` with the reason. Stages rise, and levels whose effect
/// is `block` block the account. An `Idempotency-Key` is required.
///
/// Up to 1,000 lines it is done when it answers: 200, and the run is `issued`. Beyond that the answer is 202, the run is
/// `issuing`, and a job goes on with it, customer by customer. When that job was cancelled, or gave up, issue the run again:
/// it goes on where it was, and nobody is written to twice.
#[utoipa::path(
    tag = "dunning",
    params(DunningRunId, IfMatch),
    request_body = Nothing,
    responses(
        (status = 200, description = "The run, issued.", body = RunOut),
        (status = 202, description = "The run, which a job issues.", body = RunOut),
    ),
    security(("bearer" = ["dunning:run"]))
)]
#[post("/v1/dunning-runs/{id}/issue")]
pub async fn issue_dunning_run(
    actor: Actor<RunDunning>,
    id: web::Path<DunningRunId>,
    version: IfMatch,
    command: KeyedCommand<Nothing>,
    executor: web::Data<Executor>,
    bell: web::Data<WakeSignal>,
) -> Outcome {
    let outcome = executor
        .once_keyed(&actor, command, move |tx, _| {
            let run = actions::begin_issue(tx, *id, version.0)?;
            match at_work(&run) {
                Some(job) => {
                    let version = run.version;
                    Ok(Answer::accepted(&RunOut::new(run)?, job)?.version(version))
                }
                None => answer(run),
            }
        })
        .await;
    bell.ring();
    outcome
}

/// Decide about lines of a dunning run
///
/// Before it is approved: `exclude` leaves lines out of this run, `hold` keeps them from dunning up to a day (their invoices
/// get a dunning block), and `include` puts them on again. Totals and letters follow at once, by the ledger of this moment;
/// a notice with nothing left is `suppressed` until a line is put on it again.
#[utoipa::path(
    tag = "dunning",
    params(DunningRunId, IfMatch),
    request_body = DecisionIn,
    responses((status = 200, description = "The run as it is now.", body = RunOut)),
    security(("bearer" = ["dunning:run"]))
)]
#[post("/v1/dunning-runs/{id}/decide")]
pub async fn decide_dunning_lines(
    actor: Actor<RunDunning>,
    id: web::Path<DunningRunId>,
    version: IfMatch,
    command: Command<DecisionIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            answer(actions::decide_lines(tx, *id, version.0, input)?)
        })
        .await
}

/// Cancel a dunning run
///
/// Before it is issued, also while it is being previewed; its notices are cancelled with it.
#[utoipa::path(
    tag = "dunning",
    params(DunningRunId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The run as it is now.", body = RunOut)),
    security(("bearer" = ["dunning:run"]))
)]
#[post("/v1/dunning-runs/{id}/cancel")]
pub async fn cancel_dunning_run(
    actor: Actor<RunDunning>,
    id: web::Path<DunningRunId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            answer(actions::cancel(tx, *id, version.0, input.reason.as_str())?)
        })
        .await
}

/// Where the job is read that works on a run; none when nothing is left to do.
fn at_work(run: &Run) -> Option<String> {
    let is_at_work = matches!(run.status, RunStatus::Previewing | RunStatus::Issuing);
    let job = run.job_id.filter(|_| is_at_work)?;
    Some(format!("/v1/jobs/{job}"))
}

fn answer(run: Run) -> Result<Answer, Problem> {
    let version = run.version;
    Ok(Answer::ok(&RunOut::new(run)?)?.version(version))
}

/// A dunning run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DunningRun, example = json!({
    "id": "drn_01k00000000000000000000001", "as_of": "2026-03-31", "status": "previewed",
    "skipped": [{"reason": "too_soon", "invoices": 12}], "procedures": [{
        "dunning_procedure_id": "dpr_01k00000000000000000000001", "name": "Standard", "procedure_version": 2
    }], "created_by": "u-21",
    "created_at": "2026-03-31T08:00:00.000000Z", "approved_by": null, "approved_at": null, "issued_by": null,
    "issued_at": null, "progress": {"done": 40, "total": 40, "unit": "lines"}, "job_id": null, "notices": 9, "lines": 28, "scope": "all"
}))]
pub struct RunOut {
    id: DunningRunId,
    as_of: NaiveDate,
    status: RunStatus,
    /// How many overdue invoices the preview left out, by reason.
    #[schema(max_items = 20)]
    skipped: Vec<SkippedOut>,
    /// What each procedure said when the run was previewed: its notices follow these versions. None for runs that are
    /// older than versions.
    #[schema(max_items = 10000)]
    procedures: Vec<RunProcedure>,
    created_by: Subject,
    created_at: Instant,
    approved_by: Option<Subject>,
    approved_at: Option<Instant>,
    issued_by: Option<Subject>,
    issued_at: Option<Instant>,
    /// How many overdue lines were looked at, or, from `issuing` on, how many lines of its notices went out.
    progress: Progress,
    /// The job that works on it, or did last; null where it was done when it was answered.
    job_id: Option<JobId>,
    /// How many notices it has, and lines on them, as they were previewed.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    notices: i64,
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    lines: i64,
    /// Scheduled runs come in two: `unattended` is sent by netterms itself, and its `skipped` says why `attended` waits
    /// for a person.
    scope: RunScope,
}

/// Overdue invoices that a preview left out for one reason.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DunningSkipped)]
pub struct SkippedOut {
    reason: LeftOut,
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    invoices: i64,
}

impl RunOut {
    fn new(run: Run) -> Result<RunOut, DbError> {
        let skipped: Skipped = read_document(&run.skipped)?;
        Ok(RunOut {
            id: run.id,
            as_of: run.as_of,
            status: run.status,
            skipped: skipped
                .into_iter()
                .map(|(reason, invoices)| SkippedOut { reason, invoices })
                .collect(),
            procedures: read_document(&run.procedures)?,
            created_by: run.created_by,
            created_at: run.created_at,
            approved_by: run.approved_by,
            approved_at: run.approved_at,
            issued_by: run.issued_by,
            issued_at: run.issued_at,
            progress: Progress::new(run.progress_done, run.progress_total, "lines"),
            job_id: run.job_id,
            notices: run.notices,
            lines: run.lines,
            scope: run.scope,
        })
    }
}
