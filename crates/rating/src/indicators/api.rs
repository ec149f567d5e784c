//! `/v1/indicators` and `/v1/customers/{customer}/indicators`.

use actix_web::{get, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, IndicatorError};
use super::model::IndicatorValue;
use crate::book::customers::model::CustomerRef;
use crate::book::policy::actions::live;
use crate::book::policy::model::Validity;
use crate::platform::http::auth::{ReadFacts, ReadIndicators};
use crate::platform::http::page::Query;
use crate::platform::http::{Actor, Answer, Executor, Outcome, Problem};
use crate::rating::catalogue::{self, Direction, Entry, Kind, Origin, Place, Unit};
use kernel::clock::Day;
use kernel::ids::CustomerId;
use kernel::text::Keyword;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_indicators)
        .service(find_indicator)
        .service(read_customer_indicators);
}

/// List indicators
///
/// The catalogue: what a rating may look at. Those of origin `facts` are answered by people, all others are computed.
#[utoipa::path(
    tag = "facts",
    params(IndicatorQuery),
    responses((status = 200, description = "All indicators that were asked for.", body = IndicatorsOut)),
    security(("bearer" = ["indicators:read"]))
)]
#[get("/v1/indicators")]
pub async fn list_indicators(
    _: Actor<ReadIndicators>,
    query: Query<IndicatorQuery>,
    executor: web::Data<Executor>,
) -> Outcome {
    let Query(IndicatorQuery { kind, origin }) = query;
    let validity = executor.read(|db| Ok(live(db)?.document.validity)).await?;
    let data = catalogue::all()
        .iter()
        .filter(|entry| kind.is_none_or(|kind| entry.kind == kind))
        .filter(|entry| origin.is_none_or(|origin| entry.origin.place() == origin))
        .map(|entry| IndicatorOut::new(entry, validity))
        .collect();
    Ok(Answer::ok(&IndicatorsOut { data })?.into_response())
}

/// Read an indicator
///
/// By its code.
#[utoipa::path(
    tag = "facts",
    params(("code" = Keyword, Path, description = "The indicator's code.")),
    responses((status = 200, description = "The indicator.", body = IndicatorOut)),
    security(("bearer" = ["indicators:read"]))
)]
#[get("/v1/indicators/{code}")]
pub async fn find_indicator(
    _: Actor<ReadIndicators>,
    code: web::Path<Keyword>,
    executor: web::Data<Executor>,
) -> Outcome {
    let entry = catalogue::find(code.as_str()).ok_or(IndicatorError::NoIndicator)?;
    let validity = executor.read(|db| Ok(live(db)?.document.validity)).await?;
    Ok(Answer::ok(&IndicatorOut::new(entry, validity))?.into_response())
}

/// Read the indicators of a customer
///
/// What every indicator says of the customer as of a day: from the latest statement that we had then and the one before,
/// from our own ledger as it stood, from the industry table, and from what people said. What is missing or expired says
/// why, and is never zero. Sales read what they said themselves; of all else it is said that it is not shown.
#[utoipa::path(
    tag = "facts",
    params(CustomerRef, AsOfQuery),
    responses((status = 200, description = "Every indicator, by code.", body = CustomerIndicatorsOut)),
    security(("bearer" = ["facts:read"]))
)]
#[get("/v1/customers/{customer}/indicators")]
pub async fn read_customer_indicators(
    actor: Actor<ReadFacts>,
    customer: web::Path<CustomerRef>,
    query: Query<AsOfQuery>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let as_of = query.0.as_of.map(Day::date);
            let (customer, as_of, values) = actions::of_customer(db, &actor, &customer, as_of)?;
            Answer::ok(&CustomerIndicatorsOut {
                customer_id: customer.id,
                as_of,
                indicators: values
                    .into_values()
                    .map(|value| value.told_to(&actor))
                    .collect(),
            })
        })
        .await?;
    Ok(answer.into_response())
}

/// Which indicators.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IndicatorQuery {
    #[param(inline)]
    pub kind: Option<Kind>,
    /// Whose values come from there.
    #[param(inline)]
    pub origin: Option<Place>,
}

/// As of which day.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AsOfQuery {
    /// Not in the future; today when not given.
    pub as_of: Option<Day>,
}

/// Indicators of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndicatorList, example = json!({"data": [{
    "code": "CURRENT_RATIO", "kind": "quantitative", "name": {"en": "Current ratio", "zh": "流动比率"}, "unit": "times",
    "direction": "higher_is_better", "formula": "current_assets / current_liabilities",
    "origin": "financial_statements", "valid_months": 18, "bounds": null, "answers": []
}]}))]
pub struct IndicatorsOut {
    #[schema(max_items = 1000)]
    data: Vec<IndicatorOut>,
}

/// An indicator of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Indicator, example = json!({
    "code": "CURRENT_RATIO", "kind": "quantitative", "name": {"en": "Current ratio", "zh": "流动比率"}, "unit": "times",
    "direction": "higher_is_better", "formula": "current_assets / current_liabilities",
    "origin": "financial_statements", "valid_months": 18, "bounds": null, "answers": []
}))]
pub struct IndicatorOut {
    #[schema(max_length = 64)]
    code: String,
    kind: Kind,
    name: NameOut,
    unit: Unit,
    direction: Direction,
    #[schema(max_length = 500)]
    formula: String,
    /// Where its values come from.
    origin: Place,
    /// For how many months a value of this origin is used, by the live policy; null when it is computed for every day.
    #[schema(minimum = 1, maximum = 120)]
    valid_months: Option<u32>,
    /// Between which numbers people may answer; null when they don't, or not by a number.
    bounds: Option<BoundsOut>,
    /// What people may answer; empty when they don't, or by a number.
    #[schema(max_items = 50)]
    answers: Vec<AnswerOut>,
}

/// A name in both languages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndicatorName)]
pub struct NameOut {
    #[schema(max_length = 120)]
    en: &'static str,
    #[schema(max_length = 120)]
    zh: &'static str,
}

/// Between which numbers an answer lies.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndicatorBounds)]
pub struct BoundsOut {
    minimum: f64,
    maximum: f64,
}

/// One answer that an indicator takes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IndicatorAnswer)]
pub struct AnswerOut {
    #[schema(max_length = 64)]
    answer: &'static str,
    name: NameOut,
}

impl IndicatorOut {
    fn new(entry: &Entry, validity: Validity) -> IndicatorOut {
        IndicatorOut {
            code: entry.code.clone(),
            kind: entry.kind,
            name: NameOut {
                en: entry.en,
                zh: entry.zh,
            },
            unit: entry.unit,
            direction: entry.direction,
            formula: entry.formula.clone(),
            origin: entry.origin.place(),
            valid_months: entry.origin.place().valid_months(validity),
            bounds: match entry.origin {
                Origin::Said(minimum, maximum) => Some(BoundsOut { minimum, maximum }),
                _ => None,
            },
            answers: match entry.origin {
                Origin::Chosen(choices) => choices
                    .iter()
                    .map(|choice| AnswerOut {
                        answer: choice.answer,
                        name: NameOut {
                            en: choice.en,
                            zh: choice.zh,
                        },
                    })
                    .collect(),
                _ => Vec::new(),
            },
        }
    }
}

/// What every indicator says of a customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerIndicators, example = json!({
    "customer_id": "cus_01k00000000000000000000001", "as_of": "2026-03-31",
    "indicators": [{
        "code": "MARKET_SHARE", "value": null, "source": null, "as_of": "2026-03-31", "expires_on": null,
        "missing": {"code": "not_said"}, "inputs": []
    }]
}))]
pub struct CustomerIndicatorsOut {
    customer_id: CustomerId,
    /// The day that was asked for.
    as_of: NaiveDate,
    /// By code.
    #[schema(max_items = 1000)]
    indicators: Vec<IndicatorValue>,
}

impl From<IndicatorError> for Problem {
    fn from(error: IndicatorError) -> Problem {
        match error {
            IndicatorError::NoIndicator => Problem::not_found("indicator"),
            IndicatorError::NoCustomer => Problem::not_found("customer"),
            IndicatorError::InFuture(_) => Problem::invalid("#as_of", "in_future", error),
            IndicatorError::Db(error) => error.into(),
        }
    }
}
