//! Bank accounts of our own, and the accounts that payers paid from.

use actix_web::{HttpRequest, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::shapes::{BankAccountOut, PayerAccountOut};
use crate::book::cash::actions::CashError;
use crate::book::cash::input::{
    BankAccountFilter, BankAccountIn, BankAccountPatch, PayerAccountFilter,
};
use crate::book::cash::{actions, store};
use crate::platform::http::auth::{AssignCash, ReadBank, SetBankAccounts};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Command, Executor, IfMatch, Listing, Outcome, ReasonIn, Valid,
};
use kernel::ids::{BankAccountId, PayerAccountId};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_bank_account)
        .service(list_bank_accounts)
        .service(find_bank_account)
        .service(change_bank_account)
        .service(list_payer_accounts)
        .service(find_payer_account)
        .service(remove_payer_account);
}

/// Set up a bank account
///
/// An account of the organisation's own, to which customers pay. Its statements are taken from now on. An account in
/// several currencies is set up once for each.
#[utoipa::path(
    tag = "cash",
    request_body = BankAccountIn,
    responses((status = 201, description = "The account.", body = BankAccountOut)),
    security(("bearer" = ["bank-accounts:set"]))
)]
#[post("/v1/bank-accounts")]
pub async fn create_bank_account(
    actor: Actor<SetBankAccounts>,
    command: Command<BankAccountIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let account = actions::create_account(tx, input)?;
            let location = format!("/v1/bank-accounts/{}", account.id);
            let version = account.version;
            Ok(Answer::created(&BankAccountOut::from(account), location)?.version(version))
        })
        .await
}

/// List bank accounts
///
/// The oldest first.
#[utoipa::path(
    tag = "cash",
    params(Listing<BankAccountFilter>),
    responses((status = 200, description = "One page of accounts.", body = PageOut<BankAccountOut>)),
    security(("bearer" = ["bank:read"]))
)]
#[get("/v1/bank-accounts")]
pub async fn list_bank_accounts(
    _: Actor<ReadBank>,
    listing: Listing<BankAccountFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| store::list_accounts(db, &listing.filter, &listing.page))
        .await?;
    Ok(page
        .map(BankAccountOut::from)
        .into_response(&request, &cursors))
}

/// Read a bank account
///
/// With the ETag that a change needs.
#[utoipa::path(
    tag = "cash",
    params(BankAccountId),
    responses((status = 200, description = "The account.", body = BankAccountOut)),
    security(("bearer" = ["bank:read"]))
)]
#[get("/v1/bank-accounts/{id}")]
pub async fn find_bank_account(
    _: Actor<ReadBank>,
    id: web::Path<BankAccountId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let account =
                store::find_account(db, *id)?.ok_or(CashError::Missing("bank account"))?;
            let version = account.version;
            Ok(Answer::ok(&BankAccountOut::from(account))?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Change a bank account
///
/// Its name, its bank's code, or the day from which on no statements are taken. Number and currency stay.
#[utoipa::path(
    tag = "cash",
    params(BankAccountId, IfMatch),
    request_body = BankAccountPatch,
    responses((status = 200, description = "The account as it is now.", body = BankAccountOut)),
    security(("bearer" = ["bank-accounts:set"]))
)]
#[patch("/v1/bank-accounts/{id}")]
pub async fn change_bank_account(
    actor: Actor<SetBankAccounts>,
    id: web::Path<BankAccountId>,
    version: IfMatch,
    patch: Valid<BankAccountPatch>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let account = actions::change_account(tx, *id, version.0, &patch.0)?;
            let version = account.version;
            Ok(Answer::ok(&BankAccountOut::from(account))?.version(version))
        })
        .await
}

/// List payers' accounts
///
/// From which accounts customers paid, as matches taught it; the newest first.
#[utoipa::path(
    tag = "cash",
    params(Listing<PayerAccountFilter>),
    responses((status = 200, description = "One page of payers' accounts.", body = PageOut<PayerAccountOut>)),
    security(("bearer" = ["bank:read"]))
)]
#[get("/v1/payer-accounts")]
pub async fn list_payer_accounts(
    _: Actor<ReadBank>,
    listing: Listing<PayerAccountFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| store::list_payer_accounts(db, &listing.filter, &listing.page))
        .await?;
    Ok(page
        .map(PayerAccountOut::from)
        .into_response(&request, &cursors))
}

/// Read a payer's account
///
/// With the ETag that its removal needs.
#[utoipa::path(
    tag = "cash",
    params(PayerAccountId),
    responses((status = 200, description = "The payer's account.", body = PayerAccountOut)),
    security(("bearer" = ["bank:read"]))
)]
#[get("/v1/payer-accounts/{id}")]
pub async fn find_payer_account(
    _: Actor<ReadBank>,
    id: web::Path<PayerAccountId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let account =
                store::find_payer_account(db, *id)?.ok_or(CashError::Missing("payer account"))?;
            let version = account.version;
            Ok(Answer::ok(&PayerAccountOut::from(account))?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Remove a payer's account
///
/// Payments from it point to this customer no more, until another match teaches it. The answer is the account as it was.
#[utoipa::path(
    tag = "cash",
    params(PayerAccountId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The payer's account as it was.", body = PayerAccountOut)),
    security(("bearer" = ["bank-entries:assign"]))
)]
#[post("/v1/payer-accounts/{id}/remove")]
pub async fn remove_payer_account(
    actor: Actor<AssignCash>,
    id: web::Path<PayerAccountId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let account = actions::remove_payer_account(tx, *id, version.0, &input.reason)?;
            let version = account.version;
            Ok(Answer::ok(&PayerAccountOut::from(account))?.version(version))
        })
        .await
}
