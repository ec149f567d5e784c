//! The whole book looked at: migrations, previews of scales, proposals of cut-offs, rankings.

use actix_web::{get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::platform::http::auth::{DraftModels, SurveyRatings};
use crate::platform::http::page::Query;
use crate::platform::http::{Actor, Answer, Command, Executor, Outcome, Problem};
use crate::rating::ratings::actions::survey::{Moved, RankedBy, RankedCustomer, Ranking};
use crate::rating::ratings::actions::{RatingError, survey};
use crate::rating::ratings::input::{CutOffsIn, RankingCriterionIn, RankingIn};
use crate::rating::ratings::model::RankDirection;
use kernel::clock::Day;
use kernel::ids::{CustomerId, GradeScaleId};
use kernel::text::Keyword;
use methods::cut_offs::{CLASSES_MAX, Proposal};
use methods::grades::{GradeScale, SEVEN_GRADES, ScaleDocument};
use methods::numbers::shown_in;
use methods::topsis::Direction;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(read_rating_migration)
        .service(preview_grade_scale)
        .service(propose_grade_scale)
        .service(rank_customers);
}

/// Read the migration of ratings
///
/// How many customers went from which grade to which, from the end of one business day to the end of another, with the
/// grades that held then. Who had no rating on the first day counts as not rated.
#[utoipa::path(
    tag = "ratings",
    params(MigrationQuery),
    responses((status = 200, description = "The matrix.", body = RatingMigrationOut)),
    security(("bearer" = ["ratings:survey"]))
)]
#[get("/v1/ratings/migration")]
pub async fn read_rating_migration(
    _: Actor<SurveyRatings>,
    query: Query<MigrationQuery>,
    executor: web::Data<Executor>,
) -> Outcome {
    let (from, to) = (query.0.from.date(), query.0.to.date());
    let moved = executor
        .read(move |db| Ok(survey::moved_between(db, from, to)?))
        .await?;
    Ok(Answer::ok(&RatingMigrationOut::of(moved))?.into_response())
}

/// Preview a grade scale
///
/// What would become of the newest ratings, overrides apart, under this scale and its rules: how many customers would
/// go from which grade to which.
#[utoipa::path(
    tag = "ratings",
    params(GradeScaleId),
    responses((status = 200, description = "The matrix.", body = RatingMigrationOut)),
    security(("bearer" = ["ratings:survey"]))
)]
#[get("/v1/grade-scales/{id}/preview")]
pub async fn preview_grade_scale(
    _: Actor<SurveyRatings>,
    id: web::Path<GradeScaleId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let moved = executor
        .read(move |db| Ok(survey::preview(db, *id)?))
        .await?;
    Ok(Answer::ok(&RatingMigrationOut::of(moved))?.into_response())
}

/// Propose cut-offs
///
/// The best cut of scores into classes: those that are given, or those of the newest ratings of the whole book. The
/// squared deviations from the class means are as small as can be (one-dimensional k-means, found exactly, so that the
/// same scores always give the same proposal), with the goodness of variance fit and the silhouette. Nothing is kept:
/// draft a scale with the cut-offs that you accept.
#[utoipa::path(
    tag = "ratings",
    request_body = CutOffsIn,
    responses((status = 200, description = "The proposal.", body = CutOffsOut)),
    security(("bearer" = ["rating-models:draft"]))
)]
#[post("/v1/grade-scales/propose")]
pub async fn propose_grade_scale(
    _: Actor<DraftModels>,
    command: Command<CutOffsIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    let proposed = executor
        .read(move |db| {
            let input = command.input();
            let codes = input.codes()?;
            let scores = input.scores.as_deref();
            let proposal = survey::propose_cut_offs(db, scores, codes.len())?;
            CutOffsOut::of(&proposal, &codes)
        })
        .await?;
    Ok(Answer::ok(&proposed)?.into_response())
}

/// Rank customers
///
/// Among each other by TOPSIS, those of a list or the whole book: how close each is to the best that the cohort has in
/// every criterion, as a share of its distances to the best and the worst. Each of the best is explained criterion by
/// criterion. A missing value counts as the cohort's worst, and is named; a customer of whom nothing is known is left
/// out. Closeness means something within this cohort only.
#[utoipa::path(
    tag = "ratings",
    request_body = RankingIn,
    responses((status = 200, description = "The ranking.", body = RankingOut)),
    security(("bearer" = ["ratings:survey"]))
)]
#[post("/v1/rankings")]
pub async fn rank_customers(
    _: Actor<SurveyRatings>,
    command: Command<RankingIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    let ranking = executor
        .read(move |db| {
            let input = command.input();
            let by = input.by();
            let top = usize::from(input.top.unwrap_or(50));
            Ok(survey::rank(db, &by, input.customers.as_deref(), top)?)
        })
        .await?;
    Ok(Answer::ok(&RankingOut::of(ranking)?)?.into_response())
}

/// From which day to which.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MigrationQuery {
    pub from: Day,
    /// Not before `from`, and not in the future.
    pub to: Day,
}

/// Who went from which grade to which.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RatingMigration, example = json!({
    "count": 3, "not_comparable": 0,
    "matrix": {
        "after": ["A", "B", "C", "NR"],
        "rows": [{"before": "A", "total": 3, "counts": [2, 1, 0, 0], "shares": [0.666_667, 0.333_333, 0, 0]}],
        "totals": [2, 1, 0, 0], "moves": {"better": 0, "same": 2, "worse": 1, "apart": 0}
    }
}))]
pub struct RatingMigrationOut {
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    count: usize,
    /// Customers whose grade is not on the scale: rated on an older one.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    not_comparable: usize,
    /// `after` names the columns; `rows` has for each grade before its `total`, `counts` and `shares`; `totals` sums
    /// the columns; `moves` counts who went which way, null when the scales have different grades.
    #[schema(value_type = Object)]
    matrix: serde_json::Value,
}

impl RatingMigrationOut {
    pub fn of(moved: Moved) -> RatingMigrationOut {
        let migration = moved.migration;
        let matrix = serde_json::json!({
            "after": migration.after,
            "rows": migration.rows,
            "totals": migration.totals,
            "moves": migration.moves,
        });
        RatingMigrationOut {
            count: migration.count,
            not_comparable: moved.not_comparable,
            matrix: shown_in(matrix),
        }
    }
}

/// A proposal for cut-offs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CutOffs, example = json!({
    "scale": {
        "grades": [{"code": "A", "from": 0.65}, {"code": "B", "from": 0.315}, {"code": "C"}],
        "in_default": "D", "not_rated": "NR"
    },
    "proposal": {
        "classes": [], "cut_offs": [0.315, 0.65], "within_classes": 0.018_933, "in_all": 0.683_81,
        "goodness_of_fit": 0.972_312, "fit": "good", "silhouette": 0.81
    }
}))]
pub struct CutOffsOut {
    /// The scale to draft, when the cut-offs are accepted.
    #[schema(value_type = Object)]
    scale: serde_json::Value,
    /// `classes` from the lowest scores to the highest, `cut_offs`, `goodness_of_fit` (GVF), `silhouette`.
    #[schema(value_type = Object)]
    proposal: serde_json::Value,
}

impl CutOffsOut {
    fn of(proposal: &Proposal, codes: &[String]) -> Result<CutOffsOut, Problem> {
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        let scale = GradeScale::from_cut_offs(&codes, &proposal.cut_offs)
            .map_err(|error| Problem::invalid("/codes", "not_a_scale", error))?;
        let scale = serde_json::to_value(ScaleDocument::from(scale)).map_err(Problem::internal)?;
        let proposal = serde_json::to_value(proposal).map_err(Problem::internal)?;
        Ok(CutOffsOut {
            scale: shown_in(scale),
            proposal: shown_in(proposal),
        })
    }
}

/// A ranking.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ranking, example = json!({
    "cohort": 2, "left_out": 0, "frame": [],
    "standings": [{
        "rank": 1, "customer_id": "cus_01k00000000000000000000001", "customer_number": "C-1001", "closeness": 0.8828,
        "to_best": 0.052_951, "to_worst": 0.398_942, "parts": [], "missing": []
    }]
}))]
pub struct RankingOut {
    /// How many customers were ranked.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    cohort: usize,
    /// How many were not, because nothing that was asked for is known of them.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    left_out: usize,
    /// Each criterion as the cohort measures it: weight, divisor, best and worst.
    #[schema(value_type = Vec<Object>, max_items = 50)]
    frame: serde_json::Value,
    #[schema(max_items = 500)]
    standings: Vec<RankingStandingOut>,
}

/// Where a customer stands, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RankingStanding)]
pub struct RankingStandingOut {
    /// 1 is the best; equal closeness shares a rank.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    rank: usize,
    customer_id: CustomerId,
    #[schema(max_length = 64)]
    customer_number: String,
    /// D⁻ / (D⁺ + D⁻): 1 is the best in everything, 0 the worst.
    closeness: f64,
    to_best: f64,
    to_worst: f64,
    /// Criterion by criterion: the value, how far it is from the cohort's best and worst, and its share in the distance
    /// to the best.
    #[schema(value_type = Vec<Object>, max_items = 50)]
    parts: serde_json::Value,
    /// The indicators that are not known, and counted as the cohort's worst.
    #[schema(max_items = 50, value_type = Vec<Keyword>)]
    missing: Vec<String>,
}

impl RankingOut {
    fn of(ranking: Ranking) -> Result<RankingOut, Problem> {
        let frame = serde_json::to_value(&ranking.cohort.frame).map_err(Problem::internal)?;
        let standings = ranking.best.into_iter().map(RankingStandingOut::of);
        Ok(RankingOut {
            cohort: ranking.cohort.standings.len(),
            left_out: ranking.left_out,
            frame: shown_in(frame),
            standings: standings.collect::<Result<_, _>>()?,
        })
    }
}

impl RankingStandingOut {
    fn of(one: RankedCustomer) -> Result<RankingStandingOut, Problem> {
        let found = one.explanation;
        let shown = methods::numbers::shown;
        let parts = serde_json::to_value(&found.parts).map_err(Problem::internal)?;
        Ok(RankingStandingOut {
            rank: one.rank,
            customer_id: one.customer,
            customer_number: one.number,
            closeness: shown(found.closeness),
            to_best: shown(found.to_best),
            to_worst: shown(found.to_worst),
            parts: shown_in(parts),
            missing: one.missing,
        })
    }
}

impl CutOffsIn {
    pub fn codes(&self) -> Result<Vec<String>, RatingError> {
        let codes: Vec<String> = match &self.codes {
            Some(codes) => codes.iter().map(ToString::to_string).collect(),
            None => SEVEN_GRADES.map(str::to_owned).to_vec(),
        };
        let distinct: std::collections::BTreeSet<&String> = codes.iter().collect();
        if distinct.len() < codes.len() || codes.len() > CLASSES_MAX {
            return Err(RatingError::Codes);
        }
        Ok(codes)
    }
}

impl RankingIn {
    pub fn by(&self) -> Vec<RankedBy> {
        let by = |one: &RankingCriterionIn| RankedBy {
            indicator: one.indicator.to_string(),
            weight: one.weight,
            direction: match one.direction {
                RankDirection::Benefit => Direction::Benefit,
                RankDirection::Cost => Direction::Cost,
            },
        };
        self.criteria.iter().map(by).collect()
    }
}
