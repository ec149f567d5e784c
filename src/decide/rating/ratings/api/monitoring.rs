//! Models watched at work.

use actix_web::{get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::survey::{MigrationQuery, RatingMigrationOut};
use crate::decide::rating::ratings::actions::monitoring::{self, Compared};
use crate::decide::rating::rules::numbers::{shown, shown_in};
use crate::decide::rating::rules::validation::stability::Stability;
use crate::kernel::ids::RatingModelId;
use crate::platform::http::auth::SurveyRatings;
use crate::platform::http::page::Query;
use crate::platform::http::{Actor, Answer, Doors, Outcome, Problem};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(compare_rating_model)
        .service(read_rating_model_stability);
}

/// Compare a rating model with the live one
///
/// What a model in shadow said of the customers, beside what the live model said, in the newest ratings: how the grades
/// that their scores give differ, and whether they put customers in the same order.
#[utoipa::path(
    tag = "ratings",
    params(("id" = RatingModelId, Path, description = "The model in shadow.")),
    responses((status = 200, description = "Both, side by side.", body = ModelComparisonOut)),
    security(("bearer" = ["ratings:survey"]))
)]
#[get("/v1/rating-models/{id}/comparison")]
pub async fn compare_rating_model(
    _: Actor<SurveyRatings>,
    id: web::Path<RatingModelId>,
    doors: web::Data<Doors>,
) -> Outcome {
    let compared = doors
        .read(move |db| Ok(monitoring::side_by_side(db, *id)?))
        .await?;
    Ok(Answer::ok(&ModelComparisonOut::of(compared))?.into_response())
}

/// Read the stability of a rating model
///
/// Whether the scores that the model's ratings had at the end of one business day are spread as those at the end of
/// another: the population stability index over ten bins, with an interval by bootstrap. Below 0.10 is called stable, to
/// 0.25 worth watching, above reason to act; these are conventions that depend on the numbers of customers.
#[utoipa::path(
    tag = "ratings",
    params(("id" = RatingModelId, Path, description = "The model."), MigrationQuery),
    responses((status = 200, description = "The index with all it rests on.", body = ModelStabilityOut)),
    security(("bearer" = ["ratings:survey"]))
)]
#[get("/v1/rating-models/{id}/stability")]
pub async fn read_rating_model_stability(
    _: Actor<SurveyRatings>,
    id: web::Path<RatingModelId>,
    query: Query<MigrationQuery>,
    doors: web::Data<Doors>,
) -> Outcome {
    let (from, to) = (query.0.from.date(), query.0.to.date());
    let found = doors
        .read(move |db| Ok(monitoring::stability_between(db, *id, from, to)?))
        .await?;
    Ok(Answer::ok(&ModelStabilityOut::of(&found)?)?.into_response())
}

/// A model in shadow beside the live one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModelComparison, example = json!({
    "champion_only": 3, "challenger_only": 0, "rank_correlation": 0.91,
    "grades": {
        "count": 120, "not_comparable": 0,
        "matrix": {"after": [], "rows": [], "totals": [], "moves": {"better": 11, "same": 95, "worse": 14, "apart": 0}}
    }
}))]
pub struct ModelComparisonOut {
    /// How many the live model alone could score.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    champion_only: usize,
    /// How many this model alone could score.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    challenger_only: usize,
    /// Spearman's, of the scores of those whom both could score; null when one side gives everybody the same.
    rank_correlation: Option<f64>,
    /// From the grades by the live model's score to those by this model's.
    grades: RatingMigrationOut,
}

impl ModelComparisonOut {
    fn of(compared: Compared) -> ModelComparisonOut {
        ModelComparisonOut {
            champion_only: compared.champion_only,
            challenger_only: compared.challenger_only,
            rank_correlation: compared.rank_correlation.map(shown),
            grades: RatingMigrationOut::of(compared.grades),
        }
    }
}

/// The population stability index.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModelStability, example = json!({
    "index": {"value": 0.0296, "low": 0.0101, "high": 0.0617}, "verdict": "stable", "expected": 500, "actual": 480,
    "bins": []
}))]
pub struct ModelStabilityOut {
    /// `value`, and the interval from `low` to `high`.
    #[schema(value_type = Object)]
    index: serde_json::Value,
    /// `stable`, `watch` or `act`.
    #[schema(value_type = String, max_length = 10)]
    verdict: serde_json::Value,
    /// How many were rated on the first day.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    expected: usize,
    /// How many were rated on the last day.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    actual: usize,
    /// Bin by bin: both counts and shares, and the part of the index.
    #[schema(value_type = Vec<Object>, max_items = 100)]
    bins: serde_json::Value,
}

impl ModelStabilityOut {
    fn of(found: &Stability) -> Result<ModelStabilityOut, Problem> {
        let written = |value: Result<serde_json::Value, serde_json::Error>| {
            value.map(shown_in).map_err(Problem::internal)
        };
        Ok(ModelStabilityOut {
            index: written(serde_json::to_value(found.index))?,
            verdict: written(serde_json::to_value(found.verdict))?,
            expected: found.expected,
            actual: found.actual,
            bins: written(serde_json::to_value(&found.bins))?,
        })
    }
}
