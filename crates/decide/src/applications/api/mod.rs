//! `/v1/applications` and `/v1/me`.

mod assessments;
mod me;
mod shapes;
mod verbs;

use actix_web::{HttpRequest, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::ApplicationError;
use super::model::CONDITIONS_MAX;
use super::rules::{AuthorityError, Bound};
use super::{actions, store};
use crate::book::exposure::actions::AccountError;
use crate::decide::applications::input::{ApplicationFilter, ApplicationIn, ApplicationPatch};
use crate::platform::http::auth::{ApplyForCredit, ReadApplications};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    AcceptLanguage, Actor, Answer, Code, Command, Executor, IfMatch, Listing, Outcome, Problem,
    Valid,
};
use crate::rating::ratings::actions::NoProbability;
use kernel::ids::ApplicationId;
use kernel::money::Money;

pub use shapes::{ApplicationOut, ApplicationSummaryOut};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_application)
        .service(list_applications)
        .service(find_application)
        .service(change_application)
        .configure(verbs::routes)
        .configure(assessments::routes)
        .service(me::read_me);
}

/// Draft a credit application
///
/// For the customer's own limit, or for that of the group under it. A limit that is to be lower goes this way too,
/// unless credit lowers it at once by `lower-limit`.
#[utoipa::path(
    tag = "applications",
    request_body = ApplicationIn,
    responses((status = 201, description = "The draft.", body = ApplicationOut)),
    security(("bearer" = ["applications:apply"]))
)]
#[post("/v1/applications")]
pub async fn create_application(
    actor: Actor<ApplyForCredit>,
    command: Command<ApplicationIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let application = actions::create(tx, input)?;
            let location = format!("/v1/applications/{}", application.id);
            let (caller, version) = (tx.caller(), application.version);
            let out = shapes::describe(caller, language.0, tx, application)?;
            Ok(Answer::created(&out, location)?.version(version))
        })
        .await
}

/// List credit applications
///
/// Those of the customers that you may see. `mine=true` leaves those that you had a part in, `waiting_for_me=true`
/// those that you may approve now.
#[utoipa::path(
    tag = "applications",
    params(Listing<ApplicationFilter>),
    responses((status = 200, description = "One page of applications.", body = PageOut<ApplicationSummaryOut>)),
    security(("bearer" = ["applications:read"]))
)]
#[get("/v1/applications")]
pub async fn list_applications(
    actor: Actor<ReadApplications>,
    listing: Listing<ApplicationFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let Listing { filter, page } = listing;
            let waiting = if filter.waiting_for_me == Some(true) {
                Some(actions::reach(db, &actor)?)
            } else {
                None
            };
            let page = store::list(db, &actor, &filter, waiting.as_ref(), &page)?;
            Ok(page.try_map_all(|rows| shapes::summarise(db, &actor, rows))?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a credit application
///
/// With every step, who took it, when and why, and what you can do with it now.
#[utoipa::path(
    tag = "applications",
    params(ApplicationId),
    responses((status = 200, description = "The application.", body = ApplicationOut)),
    security(("bearer" = ["applications:read"]))
)]
#[get("/v1/applications/{id}")]
pub async fn find_application(
    actor: Actor<ReadApplications>,
    id: web::Path<ApplicationId>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let found = store::find_visible(db, &actor, *id)?;
            shapes::answer(
                &actor,
                language.0,
                db,
                found.ok_or(ApplicationError::Missing)?,
            )
        })
        .await?;
    Ok(answer.into_response())
}

/// Change a draft of a credit application
///
/// What is named; once it is submitted, it stays as it is.
#[utoipa::path(
    tag = "applications",
    params(ApplicationId, IfMatch),
    request_body = ApplicationPatch,
    responses((status = 200, description = "The draft as it is now.", body = ApplicationOut)),
    security(("bearer" = ["applications:apply"]))
)]
#[patch("/v1/applications/{id}")]
pub async fn change_application(
    actor: Actor<ApplyForCredit>,
    id: web::Path<ApplicationId>,
    version: IfMatch,
    patch: Valid<ApplicationPatch>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let application = actions::change(tx, *id, version.0, &patch.0)?;
            shapes::answer(tx.caller(), language.0, tx, application)
        })
        .await
}

impl From<ApplicationError> for Problem {
    fn from(error: ApplicationError) -> Problem {
        match error {
            ApplicationError::Missing => Problem::not_found("application"),
            ApplicationError::Open(id) => Problem::new(Code::DraftExists)
                .with("thing", "application")
                .with("existing_id", id),
            ApplicationError::State { status, allowed } => {
                Problem::state("application", status, allowed)
            }
            ApplicationError::Duty(duty) => {
                Problem::new(Code::SegregationOfDuties).with("duty", duty.as_str())
            }
            ApplicationError::Authority {
                limit,
                policy_version,
                error,
            } => beyond_authority(limit, policy_version, error),
            ApplicationError::Currency { given, expected } => Problem::new(Code::CurrencyMismatch)
                .with("given", given)
                .with("expected", expected),
            ApplicationError::NetDays { field, max } => Problem::invalid(
                field,
                "above_policy",
                format!("The policy allows at most {max} days."),
            ),
            ApplicationError::PastPolicy(bounds) => {
                bounds
                    .iter()
                    .fold(Problem::new(Code::Invalid), |problem, bound| {
                        let (pointer, message) = past_policy(bound);
                        problem.at(pointer, "above_policy", message)
                    })
            }
            ApplicationError::ExceptionAuthority { kind, needed } => {
                Problem::new(Code::ExceptionAuthority)
                    .with("kind", kind)
                    .with_list("needed", needed)
            }
            ApplicationError::Deadline => Problem::invalid(
                "/deadline",
                "out_of_range",
                "A deadline lies between today and a year from now.",
            ),
            ApplicationError::ValidUntil => Problem::invalid(
                "/valid_until",
                "past",
                "The limit's last day is past; recommend another.",
            ),
            ApplicationError::GroupValidUntil => Problem::invalid(
                "/valid_until",
                "group",
                "The limit of a group has no last day.",
            ),
            ApplicationError::TooManyConditions => Problem::invalid(
                "/conditions",
                "too_many",
                format!("An application has at most {CONDITIONS_MAX} conditions."),
            ),
            ApplicationError::NoOpenCondition(index) => Problem::invalid(
                format!("/fulfilled/{index}/position"),
                "no_open_condition",
                "There is no open condition at this position.",
            ),
            ApplicationError::NoProbability(error) => match error {
                NoProbability::NotRated | NoProbability::NotSaid { .. } => {
                    Problem::invalid("/economics/default_probability", "missing", error)
                }
                NoProbability::Db(error) => error.into(),
            },
            ApplicationError::NoShare { pointer } => Problem::invalid(
                pointer,
                "not_a_share",
                "A share is a number from 0 to 1, such as 0.6 for 60 %.",
            ),
            ApplicationError::NothingToRecommend => Problem::invalid(
                "/limit",
                "missing",
                "No assessment has a limit and terms: give limit and net_days.",
            ),
            ApplicationError::NotLastAssessment => Problem::invalid(
                "/assessment_id",
                "not_the_last",
                "Another assessment is the last one: read it, and name it.",
            ),
            ApplicationError::Stale => Problem::new(Code::Stale),
            ApplicationError::Account(AccountError::NoAccount) => Problem::invalid(
                "",
                "no_credit_account",
                "The customer has no credit account; open one by POST /v1/credit-accounts.",
            ),
            ApplicationError::Account(error) => error.into(),
            ApplicationError::Db(error) => error.into(),
        }
    }
}

/// Who must approve a limit instead, or that the policy lets nobody.
fn beyond_authority(limit: Money, policy_version: i32, error: AuthorityError) -> Problem {
    match error {
        AuthorityError::Over { needed } => Problem::new(Code::OverAuthority)
            .with("amount", limit)
            .with("needed", needed),
        AuthorityError::Nobody => Problem::invalid(
            "",
            "nobody_has_authority",
            format!(
                "The live policy, version {policy_version}, lets nobody approve {limit}: draft one that names {} with a high enough amount in /document/authority, and set it live.",
                limit.currency()
            ),
        ),
    }
}

/// What binds a recommendation, where, and what to do about it.
fn past_policy(bound: &Bound) -> (&'static str, String) {
    match bound {
        Bound::Limit { grade, most } => (
            "/limit",
            format!(
                "The policy allows grade {grade} a limit of at most {most}: recommend less, or give an exception of the kind limit and its reason in exceptions."
            ),
        ),
        Bound::Term { grade, most } => (
            "/net_days",
            format!(
                "The policy allows grade {grade} at most {most} days: recommend less, or give an exception of the kind term and its reason in exceptions."
            ),
        ),
    }
}
