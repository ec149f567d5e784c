//! Bank entries: the worklist, and what a person says of them.

use actix_web::{HttpRequest, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::shapes::{BankEntryOut, describe, describe_all};
use crate::book::cash::actions::{CashError, MATCHING_KIND, MatchingPlan};
use crate::book::cash::input::{AcceptIn, AssignEntryIn, BankEntryFilter, ReturnedPaymentIn};
use crate::book::cash::model::BankEntry;
use crate::book::cash::{actions, store};
use crate::platform::db::Tx;
use crate::platform::http::auth::{AssignCash, ReadBank, SendStatements};
use crate::platform::http::body::Nothing;
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Command, Executor, IfMatch, KeyedCommand, Listing, Outcome, Problem, ReasonIn,
};
use crate::platform::jobs::actions as jobs;
use crate::platform::jobs::api::JobOut;
use crate::platform::jobs::worker::WakeSignal;
use kernel::ids::BankEntryId;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(match_bank_entries)
        .service(list_bank_entries)
        .service(find_bank_entry)
        .service(accept_bank_entry)
        .service(assign_bank_entry)
        .service(take_back_bank_entry)
        .service(ignore_bank_entry)
        .service(reopen_bank_entry)
        .service(match_bank_entry);
}

/// List bank entries
///
/// With their proposals, the oldest first. What waits for a person is `open` (there are proposals, or the payer is known)
/// and `unidentified` (nobody knows whose money it is).
#[utoipa::path(
    tag = "cash",
    params(Listing<BankEntryFilter>),
    responses((status = 200, description = "One page of entries.", body = PageOut<BankEntryOut>)),
    security(("bearer" = ["bank:read"]))
)]
#[get("/v1/bank-entries")]
pub async fn list_bank_entries(
    _: Actor<ReadBank>,
    listing: Listing<BankEntryFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list_entries(db, &listing.filter, &listing.page)?;
            Ok(page.try_map_all(|entries| describe_all(db, entries))?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a bank entry
///
/// With its proposals, and the receipts that it became.
#[utoipa::path(
    tag = "cash",
    params(BankEntryId),
    responses((status = 200, description = "The entry.", body = BankEntryOut)),
    security(("bearer" = ["bank:read"]))
)]
#[get("/v1/bank-entries/{id}")]
pub async fn find_bank_entry(
    _: Actor<ReadBank>,
    id: web::Path<BankEntryId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let entry = store::find_entry(db, *id)?.ok_or(CashError::Missing("bank entry"))?;
            let version = entry.version;
            Ok(Answer::ok(&describe(db, entry)?)?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// The entry as it is now.
fn answer(tx: &mut Tx, entry: BankEntry) -> Result<Answer, Problem> {
    let version = entry.version;
    Ok(Answer::ok(&describe(tx, entry)?)?.version(version))
}

/// Accept a proposal
///
/// What it says is posted: a receipt for each customer, applied to its invoices. Whoever paid from this account is known
/// by it from now on. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "cash",
    params(BankEntryId, IfMatch),
    request_body = AcceptIn,
    responses((status = 200, description = "The entry as it is now.", body = BankEntryOut)),
    security(("bearer" = ["bank-entries:assign"]))
)]
#[post("/v1/bank-entries/{id}/accept")]
pub async fn accept_bank_entry(
    actor: Actor<AssignCash>,
    id: web::Path<BankEntryId>,
    version: IfMatch,
    command: KeyedCommand<AcceptIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let entry = actions::accept(tx, *id, version.0, input.proposal_id)?;
            answer(tx, entry)
        })
        .await
}

/// Assign a bank entry
///
/// Says whose money it is, and which invoices it pays: a receipt for each part. What the parts leave waits on. An
/// `Idempotency-Key` is required. A wrong assignment is undone by reversing the receipt: its money comes back to the entry.
#[utoipa::path(
    tag = "cash",
    params(BankEntryId, IfMatch),
    request_body = AssignEntryIn,
    responses((status = 200, description = "The entry as it is now.", body = BankEntryOut)),
    security(("bearer" = ["bank-entries:assign"]))
)]
#[post("/v1/bank-entries/{id}/assign")]
pub async fn assign_bank_entry(
    actor: Actor<AssignCash>,
    id: web::Path<BankEntryId>,
    version: IfMatch,
    command: KeyedCommand<AssignEntryIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let entry = actions::assign(tx, *id, version.0, input)?;
            answer(tx, entry)
        })
        .await
}

/// Take back a payment
///
/// Says which payment a `returned_credit` takes back, where no proposal names it: the receipts that it became are reversed on
/// the day that the bank booked the return, and their invoices are open again with their own due dates. An
/// `Idempotency-Key` is required. `reopen` undoes it but for the receipts: the payment waits to be assigned anew.
#[utoipa::path(
    tag = "cash",
    params(BankEntryId, IfMatch),
    request_body = ReturnedPaymentIn,
    responses((status = 200, description = "The entry as it is now.", body = BankEntryOut)),
    security(("bearer" = ["bank-entries:assign"]))
)]
#[post("/v1/bank-entries/{id}/take-back")]
pub async fn take_back_bank_entry(
    actor: Actor<AssignCash>,
    id: web::Path<BankEntryId>,
    version: IfMatch,
    command: KeyedCommand<ReturnedPaymentIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let entry = actions::take_back(tx, *id, version.0, input.entry_id, &input.reason)?;
            answer(tx, entry)
        })
        .await
}

/// Ignore a bank entry
///
/// It is no payment of a customer: a transfer between own accounts, interest, a refund of a supplier.
#[utoipa::path(
    tag = "cash",
    params(BankEntryId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The entry as it is now.", body = BankEntryOut)),
    security(("bearer" = ["bank-entries:assign"]))
)]
#[post("/v1/bank-entries/{id}/ignore")]
pub async fn ignore_bank_entry(
    actor: Actor<AssignCash>,
    id: web::Path<BankEntryId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let entry = actions::ignore(tx, *id, version.0, &input.reason)?;
            answer(tx, entry)
        })
        .await
}

/// Reopen a bank entry
///
/// One that was ignored waits for a person again.
#[utoipa::path(
    tag = "cash",
    params(BankEntryId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The entry as it is now.", body = BankEntryOut)),
    security(("bearer" = ["bank-entries:assign"]))
)]
#[post("/v1/bank-entries/{id}/reopen")]
pub async fn reopen_bank_entry(
    actor: Actor<AssignCash>,
    id: web::Path<BankEntryId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let entry = actions::reopen(tx, *id, version.0, &input.reason)?;
            answer(tx, entry)
        })
        .await
}

/// Match a bank entry again
///
/// Looks for what it pays by what the book knows now: new proposals, or receipts when one is sure. An `Idempotency-Key` is
/// required.
#[utoipa::path(
    tag = "cash",
    params(BankEntryId, IfMatch),
    request_body = Nothing,
    responses((status = 200, description = "The entry as it is now.", body = BankEntryOut)),
    security(("bearer" = ["bank-entries:assign"]))
)]
#[post("/v1/bank-entries/{id}/match")]
pub async fn match_bank_entry(
    actor: Actor<AssignCash>,
    id: web::Path<BankEntryId>,
    version: IfMatch,
    command: KeyedCommand<Nothing>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, _| {
            let entry = actions::match_again(tx, *id, version.0)?;
            answer(tx, entry)
        })
        .await
}

/// Match all that waits again
///
/// After invoices were posted that were paid before. The work goes on as a job, whose `result` counts what was applied and
/// what still waits.
#[utoipa::path(
    tag = "cash",
    request_body = Nothing,
    responses((status = 202, description = "The job that does it.", body = JobOut)),
    security(("bearer" = ["bank-statements:send"]))
)]
#[post("/v1/bank-entries/match")]
pub async fn match_bank_entries(
    actor: Actor<SendStatements>,
    command: KeyedCommand<Nothing>,
    executor: web::Data<Executor>,
    bell: web::Data<WakeSignal>,
) -> Outcome {
    let outcome = executor
        .once_keyed(&actor, command, |tx, _| {
            let id = jobs::begin(tx, MATCHING_KIND, "entries")?;
            let job = jobs::queue(tx, id, &MatchingPlan::default(), None)?;
            Answer::accepted(&JobOut::from(job), format!("/v1/jobs/{id}"))
        })
        .await;
    bell.ring();
    outcome
}
