//! `/v1/dunning-procedures`, and the procedure of a credit account.

use actix_web::{HttpRequest, get, post, put, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::book::exposure::api::{CreditAccountOut, describe};
use crate::collect::dunning::actions::DunningError;
use crate::collect::dunning::input::{AssignmentIn, ProcedureIn};
use crate::collect::dunning::model::{Level, Procedure, ProcedureUsage};
use crate::collect::dunning::{actions, store};
use crate::platform::db::DbError;
use crate::platform::http::auth::{ManageAccounts, ReadDunning, RunDunning};
use crate::platform::http::page::{CursorKey, Page, PageOut};
use crate::platform::http::{
    Actor, Answer, Command, Executor, IfMatch, Listing, NoFilter, Nothing, Outcome, Problem, Valid,
};
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, DunningProcedureId};
use kernel::text::Line;

/// Create a dunning procedure
///
/// Levels are numbered from 1 and ask for ever more days past due. Templates are checked here, so that no run can fail
/// for one.
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
            Ok(Answer::created(&ProcedureOut::new(procedure)?, location)?.version(version))
        })
        .await
}

/// List dunning procedures
///
/// By name. One of them is the default, from the first start on.
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
        .read(move |db| Ok(store::list_procedures(db, &listing.page)?.try_map(ProcedureOut::new)?))
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a dunning procedure
///
/// Its levels with their texts in every language.
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
    let found = executor
        .read(move |db| Ok(store::find_procedure(db, *id)?))
        .await?;
    let procedure = found.ok_or(DunningError::Missing("dunning procedure"))?;
    Ok(answer(procedure)?.into_response())
}

/// Replace a dunning procedure
///
/// Its name and all its levels, for runs from now on. Stages that invoices have reached stay as they are.
#[utoipa::path(
    tag = "dunning",
    params(DunningProcedureId, IfMatch),
    request_body = ProcedureIn,
    responses((status = 200, description = "The procedure as it is now.", body = ProcedureOut)),
    security(("bearer" = ["dunning:run"]))
)]
#[put("/v1/dunning-procedures/{id}")]
pub async fn replace_dunning_procedure(
    actor: Actor<RunDunning>,
    id: web::Path<DunningProcedureId>,
    version: IfMatch,
    input: Valid<ProcedureIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            answer(actions::replace_procedure(tx, *id, version.0, &input.0)?)
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
            answer(actions::make_default(tx, *id, version.0)?)
        })
        .await
}

/// Give a credit account its dunning procedure
///
/// Null gives it the default again.
#[utoipa::path(
    tag = "dunning",
    params(
        CreditAccountId,
        ("If-Match" = String, Header, description = "The ETag of the account that you read.", max_length = 40, pattern = "^\"[0-9]+\"$"),
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

fn answer(procedure: Procedure) -> Result<Answer, Problem> {
    let version = procedure.version;
    Ok(Answer::ok(&ProcedureOut::new(procedure)?)?.version(version))
}

/// A dunning procedure.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DunningProcedure, example = json!({
    "id": "dpr_01k00000000000000000000001", "name": "Key accounts", "usage": "assigned",
    "levels": [{
        "level": 1, "days_past_due": 5, "minimum_days_between": 7,
        "minimum_amounts": [{"amount": "500.00", "currency": "CNY"}], "channel": "email", "effect": "none",
        "texts": {
            "en": {"subject": "Reminder: {{ total }}", "body": "Dear {{ customer_name }},\n\n{{ invoices }}\n\nPlease pay."},
            "zh-CN": {"subject": "付款提醒：{{ total }}", "body": "尊敬的{{ customer_name }}：\n\n{{ invoices }}\n\n请付款。"}
        }
    }],
    "created_at": "2026-03-31T08:00:00.000000Z", "changed_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct ProcedureOut {
    id: DunningProcedureId,
    name: Line,
    usage: ProcedureUsage,
    #[schema(min_items = 1, max_items = 10)]
    levels: Vec<Level>,
    created_at: Instant,
    changed_at: Instant,
}

impl ProcedureOut {
    fn new(procedure: Procedure) -> Result<ProcedureOut, DbError> {
        Ok(ProcedureOut {
            id: procedure.id,
            levels: procedure.levels()?,
            name: procedure.name,
            usage: procedure.usage,
            created_at: procedure.created_at,
            changed_at: procedure.changed_at,
        })
    }
}
