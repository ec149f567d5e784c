//! `/v1/dunning-procedures/{id}/versions`.

use actix_web::{HttpRequest, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::collect::dunning::actions::DunningError;
use crate::collect::dunning::input::{ProcedureVersionFilter, ProcedureVersionIn};
use crate::collect::dunning::model::{
    BlockScope, Level, ProcedureStatus, ProcedureVersion, Schedule,
};
use crate::collect::dunning::{actions, store};
use crate::platform::db::DbError;
use crate::platform::http::auth::{ApproveDunning, ReadDunning, RunDunning};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Command, Executor, IfMatch, KeyedCommand, Listing, Outcome, Problem, ReasonIn,
    Valid,
};
use kernel::clock::Instant;
use kernel::drafters::Drafters;
use kernel::ids::{DunningProcedureId, DunningProcedureVersionId};
use kernel::text::Subject;

/// Which version of which procedure.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfVersion {
    /// The procedure.
    id: DunningProcedureId,
    /// The number of the version.
    #[param(minimum = 1, maximum = 2_147_483_647)]
    version: i32,
}

/// List the versions of a dunning procedure
///
/// The newest first, without their levels.
#[utoipa::path(
    tag = "dunning",
    params(DunningProcedureId, Listing<ProcedureVersionFilter>),
    responses((status = 200, description = "One page of versions.", body = PageOut<ProcedureVersionSummaryOut>)),
    security(("bearer" = ["dunning:read"]))
)]
#[get("/v1/dunning-procedures/{id}/versions")]
pub async fn list_dunning_procedure_versions(
    _actor: Actor<ReadDunning>,
    id: web::Path<DunningProcedureId>,
    listing: Listing<ProcedureVersionFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            store::find_procedure(db, *id)?.ok_or(DunningError::Missing("dunning procedure"))?;
            let page = store::list_procedure_versions(db, *id, &listing.filter, &listing.page)?;
            Ok(page.try_map(ProcedureVersionSummaryOut::read)?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Draft a version of a dunning procedure
///
/// All levels of the next version. Runs follow it when another person has set it live.
#[utoipa::path(
    tag = "dunning",
    params(DunningProcedureId),
    request_body = ProcedureVersionIn,
    responses((status = 201, description = "The draft.", body = ProcedureVersionOut)),
    security(("bearer" = ["dunning:run"]))
)]
#[post("/v1/dunning-procedures/{id}/versions")]
pub async fn draft_dunning_procedure_version(
    actor: Actor<RunDunning>,
    id: web::Path<DunningProcedureId>,
    command: Command<ProcedureVersionIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let row = actions::draft_procedure_version(tx, *id, input)?;
            let location = format!(
                "/v1/dunning-procedures/{}/versions/{}",
                row.dunning_procedure_id, row.procedure_version
            );
            let version = row.version;
            Ok(Answer::created(&ProcedureVersionOut::read(row)?, location)?.version(version))
        })
        .await
}

/// Read a version of a dunning procedure
///
/// Its levels with their texts in every language, whatever its status.
#[utoipa::path(
    tag = "dunning",
    params(
        OfVersion,
    ),
    responses((status = 200, description = "The version.", body = ProcedureVersionOut)),
    security(("bearer" = ["dunning:read"]))
)]
#[get("/v1/dunning-procedures/{id}/versions/{version}")]
pub async fn find_dunning_procedure_version(
    _actor: Actor<ReadDunning>,
    path: web::Path<OfVersion>,
    executor: web::Data<Executor>,
) -> Outcome {
    let OfVersion {
        id,
        version: number,
    } = path.into_inner();
    let answer = executor
        .read(move |db| {
            let found = store::find_procedure_version(db, id, number)?;
            answer(found.ok_or(DunningError::Missing("dunning procedure version"))?)
        })
        .await?;
    Ok(answer.into_response())
}

/// Change a draft of a dunning procedure
///
/// All levels anew. Whoever changes a draft has written it too, and can't set it live.
#[utoipa::path(
    tag = "dunning",
    params(
        OfVersion,
        IfMatch,
    ),
    request_body = ProcedureVersionIn,
    responses((status = 200, description = "The draft as it is now.", body = ProcedureVersionOut)),
    security(("bearer" = ["dunning:run"]))
)]
#[put("/v1/dunning-procedures/{id}/versions/{version}")]
pub async fn change_dunning_procedure_version(
    actor: Actor<RunDunning>,
    path: web::Path<OfVersion>,
    version: IfMatch,
    input: Valid<ProcedureVersionIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    let OfVersion {
        id,
        version: number,
    } = path.into_inner();
    executor
        .write(&actor, move |tx| {
            answer(actions::change_procedure_version(
                tx, id, number, version.0, &input.0,
            )?)
        })
        .await
}

/// Set a version of a dunning procedure live
///
/// At once, by a person who had no part in writing it; the version that was live is retired. Runs that were previewed
/// before go out as they were previewed. A live version never changes. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "dunning",
    params(
        OfVersion,
        IfMatch,
    ),
    request_body = ReasonIn,
    responses((status = 200, description = "The version, live.", body = ProcedureVersionOut)),
    security(("bearer" = ["dunning:approve"]))
)]
#[post("/v1/dunning-procedures/{id}/versions/{version}/approve")]
pub async fn approve_dunning_procedure_version(
    actor: Actor<ApproveDunning>,
    path: web::Path<OfVersion>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    let OfVersion {
        id,
        version: number,
    } = path.into_inner();
    executor
        .once_keyed(&actor, command, move |tx, input| {
            answer(actions::approve_procedure_version(
                tx,
                id,
                number,
                version.0,
                &input.reason,
            )?)
        })
        .await
}

fn answer(row: ProcedureVersion) -> Result<Answer, Problem> {
    let version = row.version;
    Ok(Answer::ok(&ProcedureVersionOut::read(row)?)?.version(version))
}

/// A version of a dunning procedure.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DunningProcedureVersion, example = json!({
    "id": "dpv_01k00000000000000000000001", "dunning_procedure_id": "dpr_01k00000000000000000000001",
    "procedure_version": 2, "status": "live",
    "levels": [{
        "level": 1, "days_past_due": 10, "minimum_days_between": 7,
        "minimum_amounts": [{"amount": "500.00", "currency": "CNY"}], "channel": "email", "effect": "none",
        "texts": {
            "en": {"subject": "Reminder: {{ total }}", "body": "Dear {{ customer_name }},\n\n{{ invoices }}\n\nPlease pay."},
            "zh-CN": {"subject": "付款提醒：{{ total }}", "body": "尊敬的{{ customer_name }}：\n\n{{ invoices }}\n\n请付款。"}
        }
    }],
    "block_scope": "entity", "schedule": {"weekdays": ["tuesday"], "cash_feed_days": 2}, "reason": "Banks need a week for a transfer.", "author": "u-21", "drafters": ["u-21"], "approver": "u-22",
    "created_at": "2026-03-31T08:00:00.000000Z", "live_at": "2026-03-31T09:00:00.000000Z", "retired_at": null
}))]
pub struct ProcedureVersionOut {
    id: DunningProcedureVersionId,
    dunning_procedure_id: DunningProcedureId,
    /// Ascends by one with each draft.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    procedure_version: i32,
    status: ProcedureStatus,
    #[schema(min_items = 1, max_items = 10)]
    levels: Vec<Level>,
    /// What a level that blocks closes.
    block_scope: BlockScope,
    /// When netterms runs it by itself; null for never.
    schedule: Option<Schedule>,
    /// Why it was drafted so.
    #[schema(max_length = 2000)]
    reason: String,
    #[schema(max_length = 128)]
    author: String,
    /// Everybody who wrote it; none of them can set it live.
    #[schema(value_type = Vec<Subject>, max_items = 1000)]
    drafters: Drafters,
    #[schema(max_length = 128)]
    approver: Option<String>,
    created_at: Instant,
    live_at: Option<Instant>,
    retired_at: Option<Instant>,
}

impl ProcedureVersionOut {
    fn read(row: ProcedureVersion) -> Result<ProcedureVersionOut, DbError> {
        let says = row.says()?;
        Ok(ProcedureVersionOut {
            levels: says.levels,
            block_scope: says.block_scope,
            schedule: says.schedule,
            id: row.id,
            dunning_procedure_id: row.dunning_procedure_id,
            procedure_version: row.procedure_version,
            status: row.status,
            reason: row.reason,
            author: row.author,
            drafters: row.drafters,
            approver: row.approver,
            created_at: row.created_at,
            live_at: row.live_at,
            retired_at: row.retired_at,
        })
    }
}

/// A version of a dunning procedure without its levels.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DunningProcedureVersionSummary, example = json!({
    "id": "dpv_01k00000000000000000000001", "dunning_procedure_id": "dpr_01k00000000000000000000001",
    "procedure_version": 2, "status": "live", "level_count": 4, "reason": "Banks need a week for a transfer.",
    "author": "u-21", "approver": "u-22", "created_at": "2026-03-31T08:00:00.000000Z",
    "live_at": "2026-03-31T09:00:00.000000Z", "retired_at": null
}))]
pub struct ProcedureVersionSummaryOut {
    id: DunningProcedureVersionId,
    dunning_procedure_id: DunningProcedureId,
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    procedure_version: i32,
    status: ProcedureStatus,
    #[schema(minimum = 1, maximum = 10)]
    level_count: usize,
    #[schema(max_length = 2000)]
    reason: String,
    #[schema(max_length = 128)]
    author: String,
    #[schema(max_length = 128)]
    approver: Option<String>,
    created_at: Instant,
    live_at: Option<Instant>,
    retired_at: Option<Instant>,
}

impl ProcedureVersionSummaryOut {
    fn read(row: ProcedureVersion) -> Result<ProcedureVersionSummaryOut, DbError> {
        Ok(ProcedureVersionSummaryOut {
            level_count: row.levels()?.len(),
            id: row.id,
            dunning_procedure_id: row.dunning_procedure_id,
            procedure_version: row.procedure_version,
            status: row.status,
            reason: row.reason,
            author: row.author,
            approver: row.approver,
            created_at: row.created_at,
            live_at: row.live_at,
            retired_at: row.retired_at,
        })
    }
}
