//! `/v1/payment-terms` and `/v1/calendars`.

mod calendars;
mod shapes;

use actix_web::{HttpRequest, get, patch, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, PaymentTermsError};
use super::input::{InstalmentsIn, PaymentTermsFilter, PaymentTermsIn, PaymentTermsQuestion};
use super::model::PaymentTermsRow;
use super::rules::TermsError;
use super::store;
use crate::platform::http::auth::{ApprovePaymentTerms, DraftPaymentTerms, ReadPaymentTerms};
use crate::platform::http::page::{CursorKey, PageOut, Query};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, KeyedCommand, Listing, NoFilter, Outcome,
    Problem, ReasonIn, Valid,
};
use crate::platform::versions::api::refused;
use kernel::clock::Day;
use kernel::text::Keyword;
use shapes::{InstalmentsOut, PaymentTermsOut};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_payment_terms)
        .service(find_payment_terms)
        .service(list_payment_terms_versions)
        .service(draft_payment_terms_version)
        .service(change_payment_terms_version)
        .service(approve_payment_terms_version)
        .service(try_payment_terms)
        .configure(calendars::routes);
}

/// Which terms, in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfTerms {
    /// The code of the terms.
    code: Keyword,
}

/// Which version of which terms, in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfTermsVersion {
    /// The code of the terms.
    code: Keyword,
    /// The number of the version.
    #[param(minimum = 1, maximum = 2_147_483_647)]
    version: i32,
}

/// List payment terms
///
/// Those that are live, by code.
#[utoipa::path(
    tag = "payment-terms",
    params(Listing<NoFilter>),
    responses((status = 200, description = "One page of payment terms.", body = PageOut<PaymentTermsOut>)),
    security(("bearer" = ["payment-terms:read"]))
)]
#[get("/v1/payment-terms")]
pub async fn list_payment_terms(
    _: Actor<ReadPaymentTerms>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list_live(db, &listing.page)?;
            Ok(page.try_map(PaymentTermsOut::read)?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read payment terms
///
/// The live version, or the one of `version`, whatever its status.
#[utoipa::path(
    tag = "payment-terms",
    params(OfTerms, PaymentTermsQuestion),
    responses((status = 200, description = "The payment terms.", body = PaymentTermsOut)),
    security(("bearer" = ["payment-terms:read"]))
)]
#[get("/v1/payment-terms/{code}")]
pub async fn find_payment_terms(
    _: Actor<ReadPaymentTerms>,
    of: web::Path<OfTerms>,
    question: Query<PaymentTermsQuestion>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| answer(actions::find(db, &of.code, question.0.version)?))
        .await?;
    Ok(answer.into_response())
}

/// List the versions of payment terms
///
/// The newest first.
#[utoipa::path(
    tag = "payment-terms",
    params(OfTerms, Listing<PaymentTermsFilter>),
    responses((status = 200, description = "One page of versions.", body = PageOut<PaymentTermsOut>)),
    security(("bearer" = ["payment-terms:read"]))
)]
#[get("/v1/payment-terms/{code}/versions")]
pub async fn list_payment_terms_versions(
    _: Actor<ReadPaymentTerms>,
    of: web::Path<OfTerms>,
    listing: Listing<PaymentTermsFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list_versions(db, &of.code, &listing.filter, &listing.page)?;
            Ok(page.try_map(PaymentTermsOut::read)?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Draft a version of payment terms
///
/// The next one of these terms, or the first one of a new code. It holds for nothing until another person sets it live,
/// and then for invoices that are posted from then on.
#[utoipa::path(
    tag = "payment-terms",
    params(OfTerms),
    request_body = PaymentTermsIn,
    responses((status = 201, description = "The draft.", body = PaymentTermsOut)),
    security(("bearer" = ["payment-terms:draft"]))
)]
#[post("/v1/payment-terms/{code}/versions")]
pub async fn draft_payment_terms_version(
    actor: Actor<DraftPaymentTerms>,
    of: web::Path<OfTerms>,
    command: Command<PaymentTermsIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let row = actions::draft(tx, &of.code, input)?;
            let location = format!(
                "/v1/payment-terms/{}?version={}",
                row.code, row.terms_version
            );
            let version = row.version;
            Ok(Answer::created(&PaymentTermsOut::read(row)?, location)?.version(version))
        })
        .await
}

/// Change a draft of payment terms
///
/// It is said anew, whole. Whoever changes a draft has written it too, and can't set it live.
#[utoipa::path(
    tag = "payment-terms",
    params(OfTermsVersion, IfMatch),
    request_body = PaymentTermsIn,
    responses((status = 200, description = "The draft as it is now.", body = PaymentTermsOut)),
    security(("bearer" = ["payment-terms:draft"]))
)]
#[patch("/v1/payment-terms/{code}/versions/{version}")]
pub async fn change_payment_terms_version(
    actor: Actor<DraftPaymentTerms>,
    of: web::Path<OfTermsVersion>,
    version: IfMatch,
    input: Valid<PaymentTermsIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let (code, number) = (&of.code, of.version);
            answer(actions::change(tx, code, number, version.0, &input.0)?)
        })
        .await
}

/// Set a version of payment terms live
///
/// At once, by a person who had no part in writing it; the version that was live is retired. A live version never
/// changes. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "payment-terms",
    params(OfTermsVersion, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The version, live.", body = PaymentTermsOut)),
    security(("bearer" = ["payment-terms:approve"]))
)]
#[post("/v1/payment-terms/{code}/versions/{version}/approve")]
pub async fn approve_payment_terms_version(
    actor: Actor<ApprovePaymentTerms>,
    of: web::Path<OfTermsVersion>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let (code, number) = (&of.code, of.version);
            answer(actions::approve(
                tx,
                code,
                number,
                version.0,
                &input.reason,
            )?)
        })
        .await
}

/// Try payment terms
///
/// What an amount of a day would be due in, with the discounts and their last days; nothing is kept.
#[utoipa::path(
    tag = "payment-terms",
    params(OfTerms),
    request_body = InstalmentsIn,
    responses((status = 200, description = "The instalments.", body = InstalmentsOut)),
    security(("bearer" = ["payment-terms:read"]))
)]
#[post("/v1/payment-terms/{code}/try")]
pub async fn try_payment_terms(
    actor: Actor<ReadPaymentTerms>,
    of: web::Path<OfTerms>,
    command: Command<InstalmentsIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let parts = actions::try_on(
                tx,
                &of.code,
                input.version,
                input.amount.money(),
                input.baseline_date.date(),
                input.due_date.map(Day::date),
            )?;
            Answer::ok(&InstalmentsOut::from(parts))
        })
        .await
}

fn answer(row: PaymentTermsRow) -> Result<Answer, Problem> {
    let version = row.version;
    Ok(Answer::ok(&PaymentTermsOut::read(row)?)?.version(version))
}

/// The problem of terms that can't be applied to a document.
pub fn terms_problem(error: TermsError) -> Problem {
    match error {
        TermsError::DueDateMissing => Problem::invalid("/due_date", "missing", error),
        TermsError::Currency { given, expected } => Problem::new(Code::CurrencyMismatch)
            .with("given", given)
            .with("expected", expected)
            .at("/payment_terms", "other_currency", error),
        TermsError::TooLarge => Problem::invalid("/amount", "too_large", error),
    }
}

impl From<PaymentTermsError> for Problem {
    fn from(error: PaymentTermsError) -> Problem {
        match error {
            PaymentTermsError::Missing(thing) => Problem::not_found(thing),
            PaymentTermsError::Faulty(faults) => {
                let invalid = Problem::new(Code::Invalid);
                faults.into_iter().fold(invalid, |problem, fault| {
                    problem.at(fault.pointer, fault.code, fault.message)
                })
            }
            PaymentTermsError::Terms(error) => terms_problem(error),
            PaymentTermsError::Stale => Problem::new(Code::Stale),
            PaymentTermsError::Version(error) => refused(
                "payment terms version",
                "author of the payment terms",
                error,
            ),
            PaymentTermsError::Db(error) => error.into(),
        }
    }
}
