//! `/v1/credit-accounts/{id}/additional-limits` and `/v1/additional-limits`.

use crate::book::exposure::input::AdditionalLimitIn;
use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::find_visible;
use crate::book::exposure::actions::additional::{self, AdditionalError, STANDING_MAX};
use crate::book::exposure::model::{AdditionalKind, AdditionalLimit, AdditionalStatus, LimitScope};
use crate::book::exposure::store::additional as store;
use crate::platform::http::auth::{GrantAdditionalLimits, ReadAccounts};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, KeyedCommand, Listing, NoFilter, Outcome,
    Problem, ReasonIn,
};
use kernel::clock::Instant;
use kernel::ids::{AdditionalLimitId, CreditAccountId};
use kernel::money::Money;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(grant_additional_limit)
        .service(list_additional_limits)
        .service(find_additional_limit)
        .service(withdraw_additional_limit);
}

/// Grant an additional limit
///
/// For a while, for one order, by security, or by insurance. With it, and with all others that hold at some time of it,
/// the limit must be within your authority; nobody grants one to a customer of their own. Security and insurance raise
/// the account's own limit and those of all its groups; the others raise the limit of their scope alone. An
/// `Idempotency-Key` is required.
#[utoipa::path(
    tag = "credit-accounts",
    params(CreditAccountId),
    request_body = AdditionalLimitIn,
    responses((status = 201, description = "The additional limit.", body = AdditionalLimitOut)),
    security(("bearer" = ["additional-limits:grant"]))
)]
#[post("/v1/credit-accounts/{id}/additional-limits")]
pub async fn grant_additional_limit(
    actor: Actor<GrantAdditionalLimits>,
    id: web::Path<CreditAccountId>,
    command: KeyedCommand<AdditionalLimitIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let limit = additional::grant(tx, *id, input)?;
            let location = format!("/v1/additional-limits/{}", limit.id);
            let version = limit.version;
            Ok(Answer::created(&AdditionalLimitOut::from(limit), location)?.version(version))
        })
        .await
}

/// List the additional limits of an account
///
/// All that it ever had, the newest first; those for the group only for readers who may see what others owe.
#[utoipa::path(
    tag = "credit-accounts",
    params(CreditAccountId, Listing<NoFilter>),
    responses((status = 200, description = "One page of additional limits.", body = PageOut<AdditionalLimitOut>)),
    security(("bearer" = ["accounts:read"]))
)]
#[get("/v1/credit-accounts/{id}/additional-limits")]
pub async fn list_additional_limits(
    actor: Actor<ReadAccounts>,
    id: web::Path<CreditAccountId>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            find_visible(db, &actor, *id)?;
            store::list(db, *id, actor.sees_others(), &listing.page)
        })
        .await?;
    Ok(page
        .map(AdditionalLimitOut::from)
        .into_response(&request, &cursors))
}

/// Read an additional limit
///
/// What it adds, when it holds, and how it ended.
#[utoipa::path(
    tag = "credit-accounts",
    params(AdditionalLimitId),
    responses((status = 200, description = "The additional limit.", body = AdditionalLimitOut)),
    security(("bearer" = ["accounts:read"]))
)]
#[get("/v1/additional-limits/{id}")]
pub async fn find_additional_limit(
    actor: Actor<ReadAccounts>,
    id: web::Path<AdditionalLimitId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let limit = store::find(db, *id)?
                .filter(|limit| actor.sees_others() || limit.scope == LimitScope::Own)
                .ok_or(AdditionalError::Missing)?;
            find_visible(db, &actor, limit.account_id)
                .map_err(|_| Problem::from(AdditionalError::Missing))?;
            let version = limit.version;
            Ok(Answer::ok(&AdditionalLimitOut::from(limit))?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Withdraw an additional limit
///
/// At once, by one person, because it takes away risk. What was bought by it is owed all the same. One that its order
/// consumed can't be withdrawn.
#[utoipa::path(
    tag = "credit-accounts",
    params(AdditionalLimitId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The additional limit as it is now.", body = AdditionalLimitOut)),
    security(("bearer" = ["additional-limits:grant"]))
)]
#[post("/v1/additional-limits/{id}/withdraw")]
pub async fn withdraw_additional_limit(
    actor: Actor<GrantAdditionalLimits>,
    id: web::Path<AdditionalLimitId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let limit = additional::withdraw(tx, *id, version.0, input.reason.as_str())?;
            let version = limit.version;
            Ok(Answer::ok(&AdditionalLimitOut::from(limit))?.version(version))
        })
        .await
}

/// A limit beside the base limit.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AdditionalLimit, example = json!({
    "id": "adl_01k00000000000000000000001", "credit_account_id": "acc_01k00000000000000000000001", "kind": "secured",
    "scope": "own", "amount": {"amount": "95000.00", "currency": "CNY"}, "valid_from": "2026-03-31",
    "valid_until": "2099-12-31", "order_number": null, "reference": "Bank guarantee BG-2026-114, haircut 5 %",
    "status": "active", "reason": "Guarantee of Bank of Suzhou received.", "granted_by": "u-21",
    "granted_at": "2026-03-31T08:00:00.000000Z", "ended_by": null, "ended_at": null, "end_reason": null
}))]
pub struct AdditionalLimitOut {
    id: AdditionalLimitId,
    credit_account_id: CreditAccountId,
    kind: AdditionalKind,
    pub scope: LimitScope,
    amount: Money,
    valid_from: NaiveDate,
    /// The last day on which it holds.
    valid_until: NaiveDate,
    #[schema(max_length = 64)]
    order_number: Option<String>,
    #[schema(max_length = 200)]
    reference: Option<String>,
    status: AdditionalStatus,
    #[schema(max_length = 2000)]
    reason: String,
    #[schema(max_length = 128)]
    granted_by: String,
    granted_at: Instant,
    #[schema(max_length = 128)]
    ended_by: Option<String>,
    ended_at: Option<Instant>,
    #[schema(max_length = 2000)]
    end_reason: Option<String>,
}

impl From<AdditionalLimit> for AdditionalLimitOut {
    fn from(limit: AdditionalLimit) -> AdditionalLimitOut {
        AdditionalLimitOut {
            id: limit.id,
            credit_account_id: limit.account_id,
            kind: limit.kind,
            scope: limit.scope,
            amount: Money::from_minor(limit.amount_minor, limit.currency),
            valid_from: limit.valid_from,
            valid_until: limit.valid_until,
            order_number: limit.order_number.map(Into::into),
            reference: limit.reference,
            status: limit.status,
            reason: limit.reason,
            granted_by: limit.granted_by.into(),
            granted_at: limit.granted_at,
            ended_by: limit.ended_by.map(Into::into),
            ended_at: limit.ended_at,
            end_reason: limit.end_reason,
        }
    }
}

impl From<AdditionalError> for Problem {
    fn from(error: AdditionalError) -> Problem {
        match error {
            AdditionalError::Missing => Problem::not_found("additional limit"),
            AdditionalError::Currency { given, expected } => Problem::new(Code::CurrencyMismatch)
                .with("given", given)
                .with("expected", expected),
            AdditionalError::Past => {
                Problem::invalid("/valid_until", "past", "must not lie in the past")
            }
            AdditionalError::Backwards => Problem::invalid(
                "/valid_until",
                "before_valid_from",
                "must not be before valid_from",
            ),
            AdditionalError::NothingToRaise(scope) => Problem::invalid(
                "/scope",
                "nothing_to_raise",
                match scope {
                    LimitScope::Own => "the account is unlimited",
                    LimitScope::Group => "no limit of an amount holds for the group",
                },
            ),
            AdditionalError::TooMany => Problem::invalid(
                "",
                "too_many",
                format!("the account has {STANDING_MAX} additional limits already"),
            ),
            AdditionalError::OwnCustomer => {
                Problem::new(Code::SegregationOfDuties).with("duty", "salesperson of the customer")
            }
            AdditionalError::OverAuthority { total, needed } => Problem::new(Code::OverAuthority)
                .with("amount", total)
                .with("needed", needed),
            AdditionalError::Ended(status) => Problem::ended("additional limit", status),
            AdditionalError::Stale => Problem::new(Code::Stale),
            AdditionalError::Account(error) => error.into(),
            AdditionalError::Db(error) => error.into(),
        }
    }
}
