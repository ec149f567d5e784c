//! `/v1/applications/{id}/assess` and `/v1/applications/{id}/assessments`.

use actix_web::{HttpRequest, get, post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::shapes::{ApplicationOut, answer};
use crate::decide::applications::actions::ApplicationError;
use crate::decide::applications::input::AssessIn;
use crate::decide::applications::model::AssessmentRow;
use crate::decide::applications::rules::assessment::Assessment;
use crate::decide::applications::{actions, store};
use crate::platform::db::{DbError, read_document};
use crate::platform::http::auth::{ReadAssessments, ReviewApplications};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    AcceptLanguage, Actor, Executor, IfMatch, KeyedCommand, Listing, NoFilter, Outcome,
};
use kernel::clock::Instant;
use kernel::ids::{ApplicationId, AssessmentId};
use kernel::places::Language;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(assess_application)
        .service(list_application_assessments);
}

/// Assess a credit application
///
/// Puts together the customer's rating, latest financial statement, payments and purchases, what each limit method of
/// the policy makes of them, what the policy gives the grade, and what follows: limit, terms and reasons. What is not
/// known is named. It may be done again as long as the application is under review; the approver sees the last one.
/// Where the live policy approves such applications without a person, all its conditions hold and no warning stands, the
/// house approves at once. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "applications",
    params(ApplicationId, IfMatch),
    request_body = AssessIn,
    responses((status = 200, description = "The application with its assessment.", body = ApplicationOut)),
    security(("bearer" = ["applications:review"]))
)]
#[post("/v1/applications/{id}/assess")]
pub async fn assess_application(
    actor: Actor<ReviewApplications>,
    id: web::Path<ApplicationId>,
    version: IfMatch,
    command: KeyedCommand<AssessIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let application = actions::assess(tx, *id, version.0, input)?;
            answer(tx.caller(), language.0, tx, application)
        })
        .await
}

/// List the assessments of a credit application
///
/// The newest first. None of them ever changes.
#[utoipa::path(
    tag = "applications",
    params(ApplicationId, Listing<NoFilter>),
    responses((status = 200, description = "One page of assessments.", body = PageOut<AssessmentOut>)),
    security(("bearer" = ["assessments:read"]))
)]
#[get("/v1/applications/{id}/assessments")]
pub async fn list_application_assessments(
    actor: Actor<ReadAssessments>,
    id: web::Path<ApplicationId>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let found = store::find_visible(db, &actor, *id)?;
            let application = found.ok_or(ApplicationError::Missing)?;
            let page = store::list_assessments(db, application.id, &listing.page)?;
            Ok(page.try_map(|row| AssessmentOut::read(row, language.0))?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// One assessment of an application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApplicationAssessment, example = json!({
    "id": "asm_01k00000000000000000000001", "number": 1, "policy_version": 1, "assessed_by": "u-21",
    "assessed_at": "2026-03-31T08:00:00.000000Z",
    "facts": {"as_of": "2026-03-31", "scope": "own", "requested_limit": {"amount": "500000.00", "currency": "CNY"},
        "requested_net_days": 30, "account": {"status": "active", "blocks": 0, "limit": null,
            "exposure": {"amount": "0.00", "currency": "CNY"}, "missing_rate": null, "segment": null, "months": 3},
        "sales": {"from": "2025-04-01", "to": "2026-03-31", "sales": {"amount": "0.00", "currency": "CNY"},
            "invoices": 0},
        "security": {"secured": null, "insured": null}, "rating": null, "statement": null, "payments": null,
        "expected": null, "means": null, "economics": null},
    "terms": null, "methods": [], "combined": null, "profit": null,
    "recommendation": {"decision": "undecided", "limit": null, "net_days": 30, "discount": null, "prepaid_share": "0",
        "checkpoints": [], "review_on": null},
    "reasons": [{"code": "not_rated", "message": "The customer is not rated: rate it, or judge by hand."}],
    "warnings": [], "missing": [{"fact": "rating", "message": "The customer has no rating: rate it."}],
    "straight_through": {"outcome": "not_in_policy", "checks": []}
}))]
pub struct AssessmentOut {
    id: AssessmentId,
    /// 1 for the first of the application.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    number: i32,
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    policy_version: i32,
    #[schema(max_length = 128)]
    assessed_by: String,
    assessed_at: Instant,
    #[serde(flatten)]
    assessment: Assessment,
}

impl AssessmentOut {
    pub fn read(row: AssessmentRow, language: Language) -> Result<AssessmentOut, DbError> {
        let mut assessment: Assessment = read_document(&row.document)?;
        assessment.speak(language);
        Ok(AssessmentOut {
            id: row.id,
            number: row.number,
            policy_version: row.policy_version,
            assessed_by: row.assessed_by.into(),
            assessed_at: row.assessed_at,
            assessment,
        })
    }
}
