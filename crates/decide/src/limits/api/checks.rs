//! `/v1/limit-checks`.

use std::sync::Arc;

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;

use super::shapes::{
    LimitCheckBatchOut, LimitCheckItemOut, LimitCheckOut, RecordedCheckOut, ReplayOut,
};
use crate::book::payment_terms::actions::{LiveTerms, PaymentTermsError};
use crate::decide::limits::actions::visible;
use crate::decide::limits::check::CheckKind;
use crate::decide::limits::desk::{self, Answered, CheckRequest, Desk, Reply};
use crate::decide::limits::input::{
    LimitCheckBatchIn, LimitCheckFilter, LimitCheckIn, ReplayFilter,
};
use crate::decide::limits::{replay, store};
use crate::platform::db::Db;
use crate::platform::http::auth::{CheckLimits, ReadChecks, ReplayChecks};
use crate::platform::http::page::{CursorKey, PageOut, Query};
use crate::platform::http::{
    AcceptLanguage, Actor, Answer, Code, Command, Ended, Executor, Listing, Nothing, Outcome,
    Problem, StoredResponse,
};
use kernel::caller::Caller;
use kernel::ids::LimitCheckId;
use kernel::places::Language;

/// Check a limit
///
/// May this customer have so much more? The answer is a decision with reasons, also when it is no. With `reserve`
/// the capacity is taken in the same breath, and an order that credit must look at opens a credit block; then an
/// `Idempotency-Key` is needed. A check without `reserve` leaves out what the same order holds already.
#[utoipa::path(
    tag = "limit-checks",
    request_body = LimitCheckIn,
    responses((status = 200, description = "The decision.", body = LimitCheckOut)),
    security(("bearer" = ["limits:check"]))
)]
#[post("/v1/limit-checks")]
pub async fn check_limit(
    actor: Actor<CheckLimits>,
    language: AcceptLanguage,
    command: Command<LimitCheckIn>,
    desk: web::Data<Desk>,
    executor: web::Data<Executor>,
) -> Outcome {
    let caller = actor.caller();
    let (input, keyed) = command.into_parts(&caller);
    let input = if input.payment_terms.is_some() {
        executor
            .read(move |db| {
                let terms = named_terms(db, [&input])?;
                with_term(input, &terms, db.today())
            })
            .await?
    } else {
        input
    };
    if input.reserves() && keyed.is_none() {
        return Err(Problem::new(Code::IdempotencyKeyMissing));
    }
    // A dry run leaves nothing behind, not even its answer.
    let keyed = keyed.filter(|_| !input.is_dry_run());
    let _claim = keyed
        .as_ref()
        .map(|keyed| executor.claim(keyed.id))
        .transpose()?;
    let asked = CheckRequest {
        kind: CheckKind::Check,
        caller,
        input,
        keyed,
        language: language.0,
    };
    let reader = Arc::clone(&asked.caller);
    Ok(write(desk.check(asked).await, &reader)?.into_response())
}

/// Check many limits
///
/// Up to 500 checks, decided in order and in one transaction; each has its own answer, and one that is refused does
/// not touch the others. An `Idempotency-Key` is needed when one of them reserves.
#[utoipa::path(
    tag = "limit-checks",
    request_body = LimitCheckBatchIn,
    responses((status = 207, description = "Each check's answer.", body = LimitCheckBatchOut)),
    security(("bearer" = ["limits:check"]))
)]
#[post("/v1/limit-checks/batch")]
pub async fn check_limits_batch(
    actor: Actor<CheckLimits>,
    language: AcceptLanguage,
    command: Command<LimitCheckBatchIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    if command.input().items.iter().any(LimitCheckIn::reserves) && !command.has_key() {
        return Err(Problem::new(Code::IdempotencyKeyMissing));
    }
    let (caller, language) = (actor.caller(), language.0);
    executor
        .once(&actor, command, move |tx, input| {
            let (terms, today) = (named_terms(tx, &input.items)?, tx.today());
            let prepared: Vec<Result<LimitCheckIn, Problem>> = input
                .items
                .iter()
                .map(|item| with_term(item.clone(), &terms, today))
                .collect();
            let asked: Vec<CheckRequest> = prepared
                .iter()
                .flatten()
                .map(|item| CheckRequest {
                    kind: CheckKind::Check,
                    caller: Arc::clone(&caller),
                    input: item.clone(),
                    keyed: None,
                    language,
                })
                .collect();
            let mut answers = desk::check_all(tx, &asked)?.into_iter();
            let items = prepared
                .into_iter()
                .filter_map(|one| match one {
                    Ok(_) => Some(item(answers.next()?, &caller, language)),
                    Err(problem) => Some(refused_item(&problem, &caller, language)),
                })
                .collect();
            Answer::multi_status(&LimitCheckBatchOut { items })
        })
        .await
}

/// List recorded limit checks
///
/// The newest first.
#[utoipa::path(
    tag = "limit-checks",
    params(Listing<LimitCheckFilter>),
    responses((status = 200, description = "One page of checks.", body = PageOut<RecordedCheckOut>)),
    security(("bearer" = ["limits:read"]))
)]
#[get("/v1/limit-checks")]
pub async fn list_limit_checks(
    actor: Actor<ReadChecks>,
    language: AcceptLanguage,
    listing: Listing<LimitCheckFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list_checks(db, &actor, &listing.filter, &listing.page)?;
            Ok(page.try_map(|check| RecordedCheckOut::new(check, &actor, language.0))?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a recorded limit check
///
/// What was asked, what was looked up, and what was answered.
#[utoipa::path(
    tag = "limit-checks",
    params(LimitCheckId),
    responses((status = 200, description = "The check.", body = RecordedCheckOut)),
    security(("bearer" = ["limits:read"]))
)]
#[get("/v1/limit-checks/{id}")]
pub async fn find_limit_check(
    actor: Actor<ReadChecks>,
    language: AcceptLanguage,
    id: web::Path<LimitCheckId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let missing = || Problem::not_found("limit check");
            let check = store::find_check(db, *id)?.ok_or_else(missing)?;
            visible(db, &actor, check.customer_id)?.ok_or_else(missing)?;
            Ok(Answer::ok(&RecordedCheckOut::new(check, &actor, language.0)?)?.version(1))
        })
        .await?;
    Ok(answer.into_response())
}

/// Replay a limit check
///
/// Decides a recorded check again, from its record alone: under the policy version that decided it, or under another
/// one. Where the record lacks what a rule of another version asks for, `not_known` names the rule, and it did not
/// hit. Nothing is changed.
#[utoipa::path(
    tag = "limit-checks",
    params(LimitCheckId, ReplayFilter),
    request_body = Nothing,
    responses((status = 200, description = "What was decided, and what would be.", body = ReplayOut)),
    security(("bearer" = ["limits:replay"]))
)]
#[post("/v1/limit-checks/{id}/replay")]
pub async fn replay_limit_check(
    actor: Actor<ReplayChecks>,
    language: AcceptLanguage,
    id: web::Path<LimitCheckId>,
    query: Query<ReplayFilter>,
    command: Command<Nothing>,
    executor: web::Data<Executor>,
) -> Outcome {
    let version = query.0.policy_version;
    executor
        .once(&actor, command, move |tx, _| {
            let replayed = replay::replay(tx, *id, version)?;
            Answer::ok(&ReplayOut::new(&replayed, tx.caller(), language.0))
        })
        .await
}

/// The desk's answer in its stored form, as `reader` may see it.
pub fn write(answered: Answered, reader: &Caller) -> Result<Ended, Problem> {
    answered?.try_map(|reply| {
        Ok(match reply {
            Reply::Decision(decided, language) => {
                StoredResponse::Answer(Answer::ok(&LimitCheckOut::new(&decided, reader, language))?)
            }
            Reply::Refusal(refusal) => StoredResponse::Refusal(refusal.into()),
        })
    })
}

/// One answer of a batch, as a single request would have had it.
fn item(answer: Answered, caller: &Caller, language: Language) -> LimitCheckItemOut {
    let problem: Problem = match answer.map(Ended::into_inner) {
        Ok(Reply::Decision(decided, language)) => {
            return LimitCheckItemOut {
                status: 200,
                check: Some(LimitCheckOut::new(&decided, caller, language)),
                problem: None,
            };
        }
        Ok(Reply::Refusal(refusal)) => refusal.into(),
        Err(error) => error.into(),
    };
    refused_item(&problem, caller, language)
}

/// The payment terms that these checks name, as they are live.
fn named_terms<'a>(
    db: &mut Db,
    asked: impl IntoIterator<Item = &'a LimitCheckIn>,
) -> Result<LiveTerms, Problem> {
    let codes = asked
        .into_iter()
        .filter_map(|one| one.payment_terms.as_ref());
    Ok(LiveTerms::read(db, &codes.collect())?)
}

/// The term in days of a check that names payment terms.
fn with_term(
    mut input: LimitCheckIn,
    terms: &LiveTerms,
    today: NaiveDate,
) -> Result<LimitCheckIn, Problem> {
    if let Some(code) = &input.payment_terms {
        let days = terms
            .last_due_in(code, input.amount.money(), today)
            .map_err(PaymentTermsError::from)?;
        input.net_days = Some(days.ok_or_else(|| {
            Problem::invalid(
                "/payment_terms",
                "unknown_payment_terms",
                "there are no such payment terms",
            )
        })?);
    }
    Ok(input)
}

fn refused_item(problem: &Problem, caller: &Caller, language: Language) -> LimitCheckItemOut {
    LimitCheckItemOut {
        status: problem.code().status(),
        check: None,
        problem: Some(problem.body(language, "/v1/limit-checks", &caller.request_id)),
    }
}
