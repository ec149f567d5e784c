//! What is agreed about paying late, and what it would come to.

use actix_web::{get, post, put, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa_actix_web::service_config::ServiceConfig;

use super::shapes::{CalculationOut, LateInterestTermsOut};
use crate::book::entities::actions as entities;
use crate::book::entities::model::EntityRef;
use crate::book::exposure::api::find_visible;
use crate::collect::charges::actions;
use crate::collect::charges::input::{CalculationIn, LateInterestTermsIn};
use crate::collect::charges::model::LateInterestTerms;
use crate::platform::http::auth::{AgreeLateInterest, ReadCharges};
use crate::platform::http::{Actor, Answer, Command, Executor, IfMatch, Outcome, Problem, Valid};
use kernel::ids::CreditAccountId;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(find_late_interest_terms)
        .service(set_late_interest_terms)
        .service(calculate_late_interest);
}

/// An account and a legal entity, in a path.
#[derive(Debug, Clone, Deserialize)]
pub struct TermsOf {
    pub id: CreditAccountId,
    pub entity: EntityRef,
}

impl IntoParams for TermsOf {
    fn into_params(at: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut all = CreditAccountId::into_params(&at);
        all.extend(EntityRef::into_params(&at));
        all
    }
}

/// Read what is agreed about paying late
///
/// By one legal entity with one account. Where nothing was agreed, all members are null and the ETag is `"0"`: the regime of
/// the legal entity's country holds.
#[utoipa::path(
    tag = "charges",
    params(TermsOf),
    responses((status = 200, description = "What is agreed.", body = LateInterestTermsOut)),
    security(("bearer" = ["charges:read"]))
)]
#[get("/v1/credit-accounts/{id}/entities/{entity}/late-interest-terms")]
pub async fn find_late_interest_terms(
    actor: Actor<ReadCharges>,
    of: web::Path<TermsOf>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let account = find_visible(db, &actor, of.id)?;
            let entity = entities::find(db, Some(&of.entity))?;
            answer(actions::terms_of(db, &account, entity)?)
        })
        .await?;
    Ok(answer.into_response())
}

/// Set what is agreed about paying late
///
/// A rate of a year, which goes before any regime, or the regime that holds, such as that of China's decree 802 for state
/// bodies and large enterprises. `If-Match` is `"0"` the first time. What has accrued follows when it is worked out again.
#[utoipa::path(
    tag = "charges",
    params(TermsOf, IfMatch),
    request_body = LateInterestTermsIn,
    responses((status = 200, description = "What is agreed now.", body = LateInterestTermsOut)),
    security(("bearer" = ["late-interest:agree"]))
)]
#[put("/v1/credit-accounts/{id}/entities/{entity}/late-interest-terms")]
pub async fn set_late_interest_terms(
    actor: Actor<AgreeLateInterest>,
    of: web::Path<TermsOf>,
    version: IfMatch,
    input: Valid<LateInterestTermsIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let caller = tx.caller();
            find_visible(tx, caller, of.id)?;
            let entity = entities::find(tx, Some(&of.entity))?;
            answer(actions::set_terms(tx, of.id, entity, version.0, &input.0)?)
        })
        .await
}

/// Calculate late-payment interest
///
/// Of any debt, by any regime or rate; nothing is kept. The first day that counts is the one after the due date, and the day
/// of a payment counts as well.
#[utoipa::path(
    tag = "charges",
    request_body = CalculationIn,
    responses((status = 200, description = "What it comes to.", body = CalculationOut)),
    security(("bearer" = ["charges:read"]))
)]
#[post("/v1/late-interest/calculations")]
pub async fn calculate_late_interest(
    actor: Actor<ReadCharges>,
    command: Command<CalculationIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let (segments, interest, fixed_sum) = actions::calculate(tx, input)?;
            Answer::ok(&CalculationOut {
                segments,
                interest,
                fixed_sum,
            })
        })
        .await
}

fn answer(terms: LateInterestTerms) -> Result<Answer, Problem> {
    let version = terms.version;
    Ok(Answer::ok(&LateInterestTermsOut::from(terms))?.version(version))
}
