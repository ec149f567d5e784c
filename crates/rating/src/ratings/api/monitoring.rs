//! Models watched at work.

use actix_web::{get, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::survey::{MigrationQuery, RatingMigrationOut};
use crate::platform::http::auth::SurveyRatings;
use crate::platform::http::page::Query;
use crate::platform::http::{Actor, Answer, Code, Executor, Outcome, Problem};
use crate::rating::ratings::actions::monitoring::{self, Compared, Lookback, Watched};
use kernel::clock::Day;
use kernel::ids::RatingModelId;
use methods::numbers::{shown, shown_in};
use methods::validation::Estimate;
use methods::validation::stability::Stability;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(compare_rating_model)
        .service(read_rating_model_stability)
        .service(read_rating_model_discrimination);
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
    executor: web::Data<Executor>,
) -> Outcome {
    let compared = executor
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
    params(RatingModelId, MigrationQuery),
    responses((status = 200, description = "The index with all it rests on.", body = ModelStabilityOut)),
    security(("bearer" = ["ratings:survey"]))
)]
#[get("/v1/rating-models/{id}/stability")]
pub async fn read_rating_model_stability(
    _: Actor<SurveyRatings>,
    id: web::Path<RatingModelId>,
    query: Query<MigrationQuery>,
    executor: web::Data<Executor>,
) -> Outcome {
    let (from, to) = (query.0.from.date(), query.0.to.date());
    let found = executor
        .read(move |db| Ok(monitoring::stability_between(db, *id, from, to)?))
        .await?;
    Ok(Answer::ok(&ModelStabilityOut::of(&found)?)?.into_response())
}

/// Read the discrimination of a rating model
///
/// Whether the model still tells who will turn out badly. Of the customers whose rating by it held at the end of one
/// business day, those are bad who in the months after came into default, or at the end of some day owed something for
/// more than `overdue_days` after it was due. Who was so already is left out, and who owed nothing that could have
/// become so. KS, AUC and Gini of the scores come with intervals by bootstrap, beside those of the validation of a model
/// that was fitted here. The verdict is `recalibrate`, with its reasons in `notices`, when KS is below 0.20, when it has
/// fallen by more than 0.10 from what the validation promised and that is no chance, or when AUC may as well be a half;
/// these are conventions. With fewer than ten bad customers it is `too_few`.
#[utoipa::path(
    tag = "ratings",
    params(RatingModelId, DiscriminationQuery),
    responses((status = 200, description = "How well it told.", body = ModelDiscriminationOut)),
    security(("bearer" = ["ratings:survey"]))
)]
#[get("/v1/rating-models/{id}/discrimination")]
pub async fn read_rating_model_discrimination(
    _: Actor<SurveyRatings>,
    id: web::Path<RatingModelId>,
    query: Query<DiscriminationQuery>,
    executor: web::Data<Executor>,
) -> Outcome {
    let lookback = query.0.lookback()?;
    let found = executor
        .read(move |db| Ok(monitoring::discrimination(db, *id, lookback)?))
        .await?;
    Ok(Answer::ok(&ModelDiscriminationOut::of(found)?)?.into_response())
}

/// Over which time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiscriminationQuery {
    /// The day whose ratings are looked at; `months` before today when not given.
    pub rated_on: Option<Day>,
    /// How long the customers were watched since; 12 when not given.
    #[param(minimum = 1, maximum = 36)]
    pub months: Option<u8>,
    /// Who owed something for longer than this after it was due is bad, as who is in default is; 90 when not given.
    #[param(minimum = 1, maximum = 365)]
    pub overdue_days: Option<u16>,
}

impl DiscriminationQuery {
    fn lookback(&self) -> Result<Lookback, Problem> {
        let months = u32::from(self.months.unwrap_or(12));
        let overdue_days = u32::from(self.overdue_days.unwrap_or(90));
        let refuse = |name: &str, most: u32| {
            let message = format!("must be a number from 1 to {most}");
            Problem::new(Code::MalformedParameter).at(name, "out_of_range", message)
        };
        if !(1..=36).contains(&months) {
            return Err(refuse("#months", 36));
        }
        if !(1..=365).contains(&overdue_days) {
            return Err(refuse("#overdue_days", 365));
        }
        Ok(Lookback {
            rated_on: self.rated_on.map(Day::date),
            months,
            overdue_days,
        })
    }
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

/// How well a model told who would turn out badly.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModelDiscrimination, example = json!({
    "rated_on": "2025-03-31", "until": "2026-03-31", "rated": 500, "bad_before": 4, "without_exposure": 96, "goods": 382,
    "bads": 18, "ks": {"value": 0.31, "low": 0.19, "high": 0.49}, "auc": {"value": 0.71, "low": 0.6, "high": 0.81},
    "gini": {"value": 0.42, "low": 0.2, "high": 0.62}, "ks_score": 0.44,
    "validation": {
        "ks": {"value": 0.55, "low": 0.5, "high": 0.61}, "auc": {"value": 0.84, "low": 0.81, "high": 0.87},
        "gini": {"value": 0.68, "low": 0.62, "high": 0.74}
    },
    "verdict": "recalibrate", "notices": [{"code": "ks_fell", "ks": 0.31, "validation": 0.55, "allowed": 0.1}]
}))]
pub struct ModelDiscriminationOut {
    rated_on: NaiveDate,
    /// The last day on which the customers were watched.
    until: NaiveDate,
    /// How many the model had rated.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    rated: usize,
    /// How many of them were bad already, and are left out.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    bad_before: usize,
    /// How many owed nothing that could have become bad, and are left out.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    without_exposure: usize,
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    goods: usize,
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    bads: usize,
    /// The largest distance between the shares of bads and of goods that score at most so much; null when all turned
    /// out alike.
    ks: Option<EstimateOut>,
    /// How often a good one scores more than a bad one.
    auc: Option<EstimateOut>,
    /// 2 · AUC − 1.
    gini: Option<EstimateOut>,
    /// The score of the largest distance.
    ks_score: Option<f64>,
    /// What the validation of the model promised; null when it was not fitted here.
    validation: Option<PromisedOut>,
    /// `holds`, `recalibrate` or `too_few`.
    #[schema(value_type = String, max_length = 20)]
    verdict: serde_json::Value,
    /// Each with its `code`, `ks_low`, `ks_fell`, `no_better_than_chance` or `few_bads`, and its figures.
    #[schema(value_type = Vec<Object>, max_items = 10)]
    notices: serde_json::Value,
}

/// A figure and the interval it lies in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Estimate)]
pub struct EstimateOut {
    value: f64,
    low: f64,
    high: f64,
}

impl From<Estimate> for EstimateOut {
    fn from(estimate: Estimate) -> EstimateOut {
        EstimateOut {
            value: shown(estimate.value),
            low: shown(estimate.low),
            high: shown(estimate.high),
        }
    }
}

/// What a model's validation promised.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PromisedDiscrimination)]
pub struct PromisedOut {
    ks: EstimateOut,
    auc: EstimateOut,
    gini: EstimateOut,
}

impl ModelDiscriminationOut {
    fn of(watched: Watched) -> Result<ModelDiscriminationOut, Problem> {
        let found = watched.found;
        let figures = found.figures.as_ref();
        let verdict = serde_json::to_value(found.verdict).map_err(Problem::internal)?;
        let notices = serde_json::to_value(&found.notices).map_err(Problem::internal)?;
        Ok(ModelDiscriminationOut {
            rated_on: watched.rated_on,
            until: watched.until,
            rated: found.rated,
            bad_before: found.bad_before,
            without_exposure: found.without_exposure,
            goods: found.goods,
            bads: found.bads,
            ks: figures.map(|report| report.ks.into()),
            auc: figures.map(|report| report.auc.into()),
            gini: figures.map(|report| report.gini.into()),
            ks_score: figures.map(|report| shown(report.ks_score)),
            validation: watched.made.map(|made| PromisedOut {
                ks: made.ks.into(),
                auc: made.auc.into(),
                gini: made.gini.into(),
            }),
            verdict,
            notices: shown_in(notices),
        })
    }
}
