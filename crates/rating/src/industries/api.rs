//! `/v1/industries`.

use actix_web::{HttpRequest, get, put, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::IndustryError;
use super::model::IndustryVersion;
use super::{actions, store};
use crate::book::policy::actions::live;
use crate::book::policy::model::Validity;
use crate::platform::http::auth::{ReadIndicators, SetIndustries};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Executor, Listing, NoFilter, Outcome, Precondition, Problem, Valid,
};
use crate::rating::industries::input::IndustryIn;
use kernel::clock::Instant;
use kernel::figures::Figure;
use kernel::ids::IndustryVersionId;
use kernel::text::{Line, Source, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_industries)
        .service(set_industry)
        .service(find_industry)
        .service(list_industry_versions);
}

/// Which industry, in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfIndustry {
    /// The industry, as customers carry it.
    #[param(value_type = String, min_length = 1, max_length = 200)]
    code: Line,
}

/// List industries
///
/// Each as it holds now, by code.
#[utoipa::path(
    tag = "facts",
    params(Listing<NoFilter>),
    responses((status = 200, description = "One page of industries.", body = PageOut<IndustryOut>)),
    security(("bearer" = ["indicators:read"]))
)]
#[get("/v1/industries")]
pub async fn list_industries(
    _: Actor<ReadIndicators>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let validity = live(db)?.document.validity;
            let page = store::list(db, &listing.page)?;
            Ok(page.map(|row| IndustryOut::new(row, validity)))
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Set an industry
///
/// What is known of it, under the code that customers carry as their `industry`. A new one takes `If-None-Match: *`, a
/// change takes `If-Match` with the ETag that you read. The version before is kept: indicators as of an earlier day
/// are those of the version whose `as_of` held then.
#[utoipa::path(
    tag = "facts",
    params(OfIndustry, Precondition),
    request_body = IndustryIn,
    responses((status = 200, description = "The industry as it is now.", body = IndustryOut)),
    security(("bearer" = ["industries:set"]))
)]
#[put("/v1/industries/{code}")]
pub async fn set_industry(
    actor: Actor<SetIndustries>,
    of: web::Path<OfIndustry>,
    precondition: Precondition,
    input: Valid<IndustryIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let row = actions::set(tx, &of.code, precondition, &input.0.new_industry())?;
            let version = row.industry_version;
            let validity = live(tx)?.document.validity;
            Ok(Answer::ok(&IndustryOut::new(row, validity))?.version(version))
        })
        .await
}

/// Read an industry
///
/// As it holds now.
#[utoipa::path(
    tag = "facts",
    params(OfIndustry),
    responses((status = 200, description = "The industry.", body = IndustryOut)),
    security(("bearer" = ["indicators:read"]))
)]
#[get("/v1/industries/{code}")]
pub async fn find_industry(
    _: Actor<ReadIndicators>,
    of: web::Path<OfIndustry>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let row = store::find(db, &of.code)?.ok_or(IndustryError::Missing)?;
            let version = row.industry_version;
            let validity = live(db)?.document.validity;
            Ok(Answer::ok(&IndustryOut::new(row, validity))?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// List the versions of an industry
///
/// Everything that was ever set, the last first.
#[utoipa::path(
    tag = "facts",
    params(OfIndustry, Listing<NoFilter>),
    responses((status = 200, description = "One page of versions.", body = PageOut<IndustryOut>)),
    security(("bearer" = ["indicators:read"]))
)]
#[get("/v1/industries/{code}/versions")]
pub async fn list_industry_versions(
    _: Actor<ReadIndicators>,
    of: web::Path<OfIndustry>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            store::find(db, &of.code)?.ok_or(IndustryError::Missing)?;
            let validity = live(db)?.document.validity;
            let page = store::list_versions(db, &of.code, &listing.page)?;
            Ok(page.map(|row| IndustryOut::new(row, validity)))
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// What is known of an industry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Industry, example = json!({
    "id": "ind_01k00000000000000000000001", "code": "Steel", "industry_version": 1, "name_en": "Steel trading",
    "name_zh": "钢铁贸易", "growth": "0.042", "cr4": "0.31", "hhi": null, "risk_class": 3, "source": "NBS yearbook 2025",
    "as_of": "2025-12-31", "expires_on": "2027-12-31", "set_by": "u-31", "set_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct IndustryOut {
    /// Of this version.
    id: IndustryVersionId,
    /// As customers carry it.
    code: Line,
    #[schema(minimum = 1)]
    industry_version: i64,
    name_en: Line,
    name_zh: Line,
    growth: Option<Figure>,
    cr4: Option<Figure>,
    hhi: Option<Figure>,
    #[schema(minimum = 1, maximum = 5)]
    risk_class: Option<i32>,
    source: Source,
    as_of: NaiveDate,
    /// The last day on which the figures are used.
    expires_on: NaiveDate,
    set_by: Subject,
    set_at: Instant,
}

impl IndustryOut {
    fn new(row: IndustryVersion, validity: Validity) -> IndustryOut {
        IndustryOut {
            id: row.id,
            expires_on: validity.of_industry(row.as_of),
            code: row.code,
            industry_version: row.industry_version,
            name_en: row.name_en,
            name_zh: row.name_zh,
            growth: row.growth,
            cr4: row.cr4,
            hhi: row.hhi,
            risk_class: row.risk_class,
            source: row.source,
            as_of: row.as_of,
            set_by: row.set_by,
            set_at: row.set_at,
        }
    }
}

impl From<IndustryError> for Problem {
    fn from(error: IndustryError) -> Problem {
        match error {
            IndustryError::Missing => Problem::not_found("industry"),
            IndustryError::InFuture(_) => Problem::invalid("/as_of", "in_future", error),
            IndustryError::Stale => Problem::new(Code::Stale),
            IndustryError::Db(error) => error.into(),
        }
    }
}
