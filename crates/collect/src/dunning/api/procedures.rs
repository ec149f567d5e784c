//! `/v1/dunning-procedures`, and the procedure of a credit account.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, get, patch, post, put, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::book::exposure::api::{CreditAccountOut, describe};
use crate::collect::dunning::actions::DunningError;
use crate::collect::dunning::input::{AssignmentIn, ProcedureIn, ProcedurePatch};
use crate::collect::dunning::model::{
    BlockScope, Level, Procedure, ProcedureUsage, ProcedureVersion, Schedule,
};
use crate::collect::dunning::{actions, store};
use crate::platform::db::{Db, DbError};
use crate::platform::http::auth::{ManageAccounts, ReadDunning, RunDunning};
use crate::platform::http::page::{CursorKey, Page, PageOut};
use crate::platform::http::{
    Actor, Answer, Command, Executor, IfMatch, Listing, NoFilter, Nothing, Outcome, Problem, Valid,
};
use crate::platform::versions::store::VersionTable as _;
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, DunningProcedureId};
use kernel::text::Line;

/// Create a dunning procedure
///
/// Levels are numbered from 1 and ask for ever more days past due. Templates are checked here, so that no run can fail
/// for one. What it says is its first version, live at once, because no account follows it yet; from then on it changes by
/// a version that one person drafts and another sets live. A schedule comes by such a version alone.
#[utoipa::path(
    tag = "dunning",
    request_body = ProcedureIn,
    responses((status = 201, description = "The procedure.", body = ProcedureOut)),
    security(("bearer" = ["dunning:run"]))
)]
#[post("/v1/dunning-procedures")]
pub async fn create_dunning_procedure(
    actor: Actor<RunDunning>,
    command: Command<ProcedureIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let procedure = actions::create_procedure(tx, input)?;
            let location = format!("/v1/dunning-procedures/{}", procedure.id);
            let version = procedure.version;
            let out = describe_one(tx, procedure)?;
            Ok(Answer::created(&out, location)?.version(version))
        })
        .await
}

/// List dunning procedures
///
/// By name, each with what its live version says. One of them is the default, from the first start on.
#[utoipa::path(
    tag = "dunning",
    params(Listing<NoFilter>),
    responses((status = 200, description = "One page of procedures.", body = PageOut<ProcedureOut>)),
    security(("bearer" = ["dunning:read"]))
)]
#[get("/v1/dunning-procedures")]
pub async fn list_dunning_procedures(
    _actor: Actor<ReadDunning>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page: Page<ProcedureOut> = executor
        .read(move |db| {
            let page = store::list_procedures(db, &listing.page)?;
            Ok(page.try_map_all(|rows| describe_all(db, rows))?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a dunning procedure
///
/// The levels of its live version, with their texts in every language.
#[utoipa::path(
    tag = "dunning",
    params(DunningProcedureId),
    responses((status = 200, description = "The procedure.", body = ProcedureOut)),
    security(("bearer" = ["dunning:read"]))
)]
#[get("/v1/dunning-procedures/{id}")]
pub async fn find_dunning_procedure(
    _actor: Actor<ReadDunning>,
    id: web::Path<DunningProcedureId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let found = store::find_procedure(db, *id)?;
            let procedure = found.ok_or(DunningError::Missing("dunning procedure"))?;
            answer(db, procedure)
        })
        .await?;
    Ok(answer.into_response())
}

/// Rename a dunning procedure
///
/// At once. What it says changes by version.
#[utoipa::path(
    tag = "dunning",
    params(DunningProcedureId, IfMatch),
    request_body = ProcedurePatch,
    responses((status = 200, description = "The procedure as it is now.", body = ProcedureOut)),
    security(("bearer" = ["dunning:run"]))
)]
#[patch("/v1/dunning-procedures/{id}")]
pub async fn rename_dunning_procedure(
    actor: Actor<RunDunning>,
    id: web::Path<DunningProcedureId>,
    version: IfMatch,
    input: Valid<ProcedurePatch>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let procedure = actions::rename_procedure(tx, *id, version.0, &input.0.name)?;
            answer(tx, procedure)
        })
        .await
}

/// Make a dunning procedure the default
///
/// It holds from now on for every account that names no other.
#[utoipa::path(
    tag = "dunning",
    params(DunningProcedureId, IfMatch),
    request_body = Nothing,
    responses((status = 200, description = "The procedure as it is now.", body = ProcedureOut)),
    security(("bearer" = ["dunning:run"]))
)]
#[post("/v1/dunning-procedures/{id}/make-default")]
pub async fn make_default_dunning_procedure(
    actor: Actor<RunDunning>,
    id: web::Path<DunningProcedureId>,
    version: IfMatch,
    command: Command<Nothing>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, _| {
            let procedure = actions::make_default(tx, *id, version.0)?;
            answer(tx, procedure)
        })
        .await
}

/// Give a credit account its dunning procedure
///
/// Null gives it the default again. With `legal_entity`, what is owed to that company alone follows the procedure; null
/// gives that the account's again. `If-Match` is the account's version.
#[utoipa::path(
    tag = "dunning",
    params(
        CreditAccountId,
        IfMatch,
    ),
    request_body = AssignmentIn,
    responses((status = 200, description = "The account as it is now.", body = CreditAccountOut)),
    security(("bearer" = ["accounts:manage"]))
)]
#[put("/v1/credit-accounts/{id}/dunning-procedure")]
pub async fn assign_dunning_procedure(
    actor: Actor<ManageAccounts>,
    id: web::Path<CreditAccountId>,
    version: IfMatch,
    input: Valid<AssignmentIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let account = actions::assign(tx, *id, version.0, &input.0)?;
            let version = account.version;
            Ok(Answer::ok(&describe(tx, account)?)?.version(version))
        })
        .await
}

fn answer(db: &mut Db, procedure: Procedure) -> Result<Answer, Problem> {
    let version = procedure.version;
    Ok(Answer::ok(&describe_one(db, procedure)?)?.version(version))
}

fn describe_one(db: &mut Db, procedure: Procedure) -> Result<ProcedureOut, Problem> {
    let live = ProcedureVersion::find_live(db, &procedure.id)?;
    let live = live.ok_or(DunningError::Incomplete("live version"))?;
    Ok(ProcedureOut::new(procedure, &live)?)
}

/// Procedures with their live versions.
fn describe_all(db: &mut Db, procedures: Vec<Procedure>) -> Result<Vec<ProcedureOut>, DbError> {
    let live: BTreeMap<DunningProcedureId, ProcedureVersion> =
        store::list_live_procedure_versions(db)?
            .into_iter()
            .map(|version| (version.dunning_procedure_id, version))
            .collect();
    procedures
        .into_iter()
        .filter_map(|procedure| Some((live.get(&procedure.id)?, procedure)))
        .map(|(live, procedure)| ProcedureOut::new(procedure, live))
        .collect()
}

/// A dunning procedure.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DunningProcedure, example = json!({
    "id": "dpr_01k00000000000000000000001", "name": "Key accounts", "usage": "assigned", "procedure_version": 2,
    "levels": [{
        "level": 1, "days_past_due": 5, "minimum_days_between": 7,
        "minimum_amounts": [{"amount": "500.00", "currency": "CNY"}], "channel": "email", "effect": "none",
        "texts": {
            "en": {"subject": "Reminder: {{ total }}", "body": "Dear {{ customer_name }},\n\n{{ invoices }}\n\nPlease pay."},
            "zh-CN": {"subject": "付款提醒：{{ total }}", "body": "尊敬的{{ customer_name }}：\n\n{{ invoices }}\n\n请付款。"}
        }
    }],
    "block_scope": "entity", "schedule": {"weekdays": ["tuesday"], "cash_feed_days": 2}, "created_at": "2026-03-31T08:00:00.000000Z", "changed_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct ProcedureOut {
    id: DunningProcedureId,
    name: Line,
    usage: ProcedureUsage,
    /// The number of the version that is live.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    procedure_version: i32,
    #[schema(min_items = 1, max_items = 10)]
    levels: Vec<Level>,
    /// What a level that blocks closes.
    block_scope: BlockScope,
    /// When netterms runs it by itself; null for never.
    schedule: Option<Schedule>,
    created_at: Instant,
    changed_at: Instant,
}

impl ProcedureOut {
    fn new(procedure: Procedure, live: &ProcedureVersion) -> Result<ProcedureOut, DbError> {
        let says = live.says()?;
        Ok(ProcedureOut {
            id: procedure.id,
            name: procedure.name,
            usage: procedure.usage,
            procedure_version: live.procedure_version,
            levels: says.levels,
            block_scope: says.block_scope,
            schedule: says.schedule,
            created_at: procedure.created_at,
            changed_at: procedure.changed_at,
        })
    }
}
