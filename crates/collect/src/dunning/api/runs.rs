//! `/v1/dunning-runs`.

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::collect::dunning::actions::DunningError;
use crate::collect::dunning::input::{RunFilter, RunIn};
use crate::collect::dunning::model::{LeftOut, Run, RunProcedure, RunStatus, Skipped};
use crate::collect::dunning::{actions, store};
use crate::platform::db::{DbError, read_document};
use crate::platform::http::auth::{ApproveDunning, ReadDunning, RunDunning};
use crate::platform::http::page::{CursorKey, Page, PageOut};
use crate::platform::http::{
    Actor, Answer, Command, Executor, IfMatch, KeyedCommand, Listing, Nothing, Outcome, Problem,
    ReasonIn,
};
use kernel::clock::{Day, Instant};
use kernel::ids::DunningRunId;
use kernel::text::Subject;

/// Preview a dunning run
///
/// Works out whom dunning would reach today, at which level, and writes every notice as it would go out; nothing is
/// sent and no stage rises. Notices follow the live version of their procedure, also when another one goes live before
/// the run is issued. Ages are those of `as_of`; what is open and what is blocked is what is so now. An invoice
/// rises by one level in a run, however late it is. A level's minimum amount is compared with all that would be on the
/// notice: the customer's invoices that reach that level in the same currency.
#[utoipa::path(
    tag = "dunning",
    request_body = RunIn,
    responses((status = 201, description = "The run.", body = RunOut)),
    security(("bearer" = ["dunning:run"]))
)]
#[post("/v1/dunning-runs")]
pub async fn preview_dunning_run(
    actor: Actor<RunDunning>,
    command: Command<RunIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let run = actions::preview(tx, input.as_of.map(Day::date))?;
            let location = format!("/v1/dunning-runs/{}", run.id);
            let version = run.version;
            Ok(Answer::created(&RunOut::new(run)?, location)?.version(version))
        })
        .await
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
#[utoipa::path(
    tag = "dunning",
    params(DunningRunId, IfMatch),
    request_body = Nothing,
    responses((status = 200, description = "The run as it is now.", body = RunOut)),
    security(("bearer" = ["dunning:run"]))
)]
#[post("/v1/dunning-runs/{id}/issue")]
pub async fn issue_dunning_run(
    actor: Actor<RunDunning>,
    id: web::Path<DunningRunId>,
    version: IfMatch,
    command: KeyedCommand<Nothing>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, _| {
            answer(actions::issue(tx, *id, version.0)?)
        })
        .await
}

/// Cancel a dunning run
///
/// Before it is issued; its notices are cancelled with it.
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
    "issued_at": null
}))]
pub struct RunOut {
    id: DunningRunId,
    as_of: NaiveDate,
    status: RunStatus,
    /// How many overdue invoices the preview left out, by reason.
    #[schema(max_items = 10)]
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
        })
    }
}
