//! Bank statements.

use actix_multipart::Multipart;
use actix_web::{HttpRequest, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::shapes::BankStatementOut;
use super::upload;
use crate::book::cash::actions::CashError;
use crate::book::cash::input::{BankStatementFilter, BankStatementIn, StatementQuery};
use crate::book::cash::store;
use crate::book::imports::api::upload::discard;
use crate::platform::http::auth::{ReadBank, SendStatements};
use crate::platform::http::page::{CursorKey, PageOut, Query};
use crate::platform::http::uploads::Uploads;
use crate::platform::http::{Actor, Answer, Executor, Heading, Listing, Outcome};
use crate::platform::jobs::actions as jobs;
use crate::platform::jobs::api::JobOut;
use crate::platform::jobs::worker::WakeSignal;
use kernel::ids::BankStatementId;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(send_bank_statement)
        .service(list_bank_statements)
        .service(find_bank_statement);
}

/// Send a bank statement
///
/// camt.053, camt.054, MT940, or CSV with the columns account, currency, booking_date, amount, \[value_date, payer_name,
/// payer_account, reference, remittance, bank_reference, end_to_end_id, balance\] (or a bank's own, with a `mapping`), up to
/// 32 MiB. The file is read at once, and refused whole when it can't be read, when opening balance and entries do not make
/// the closing balance, or when an account is not one of ours.
///
/// The work goes on as a job: entries that no other statement told of are kept, each is matched with open invoices, and
/// becomes a receipt when one proposal is as sure as the policy's `cash_application.automatic_above` asks. The others wait
/// at `GET /v1/bank-entries?status=open&status=unidentified`. The job's `result` counts both. The same statement may be sent
/// again after whatever happened: nothing is taken twice.
#[utoipa::path(
    tag = "cash",
    params(StatementQuery),
    request_body(content = BankStatementIn, content_type = "multipart/form-data"),
    responses((status = 202, description = "The job that does it.", body = JobOut)),
    security(("bearer" = ["bank-statements:send"]))
)]
#[post("/v1/bank-statements")]
#[expect(
    clippy::too_many_arguments,
    reason = "each is what the handler takes of the request or the server"
)]
pub async fn send_bank_statement(
    actor: Actor<SendStatements>,
    query: Query<StatementQuery>,
    heading: Heading,
    body: Multipart,
    request: HttpRequest,
    executor: web::Data<Executor>,
    uploads: web::Data<Uploads>,
    bell: web::Data<WakeSignal>,
) -> Outcome {
    let admission = uploads.admit(&request, &actor)?;
    let format = query.0.format;
    let received = upload::receive(&executor, &actor, body, admission.pace(), format).await?;
    drop(admission);
    let id = received.job;
    let parts = received.fingerprint();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let command = heading.command(received.plan, &parts);
    let outcome = executor
        .once(&actor, command, move |tx, plan| {
            let job = jobs::queue(tx, id, plan, Some(plan.payments))?;
            Answer::accepted(&JobOut::from(job), format!("/v1/jobs/{id}"))
        })
        .await;
    // A replayed answer names the first job; what came this time is not needed.
    discard(&executor, &actor, id).await;
    bell.ring();
    outcome
}

/// List bank statements
///
/// The newest first.
#[utoipa::path(
    tag = "cash",
    params(Listing<BankStatementFilter>),
    responses((status = 200, description = "One page of statements.", body = PageOut<BankStatementOut>)),
    security(("bearer" = ["bank:read"]))
)]
#[get("/v1/bank-statements")]
pub async fn list_bank_statements(
    _: Actor<ReadBank>,
    listing: Listing<BankStatementFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| store::list_statements(db, &listing.filter, &listing.page))
        .await?;
    Ok(page
        .map(BankStatementOut::from)
        .into_response(&request, &cursors))
}

/// Read a bank statement
///
/// It never changes.
#[utoipa::path(
    tag = "cash",
    params(BankStatementId),
    responses((status = 200, description = "The statement.", body = BankStatementOut)),
    security(("bearer" = ["bank:read"]))
)]
#[get("/v1/bank-statements/{id}")]
pub async fn find_bank_statement(
    _: Actor<ReadBank>,
    id: web::Path<BankStatementId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let found = store::find_statement(db, *id)?;
            let statement = found.ok_or(CashError::Missing("bank statement"))?;
            Ok(Answer::ok(&BankStatementOut::from(statement))?.version(1))
        })
        .await?;
    Ok(answer.into_response())
}
