//! The shapes of ratings.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

use crate::platform::db::{DbError, read_document};
use crate::rating::indicators::model::IndicatorValue;
use crate::rating::models::model::ModelKind;
use crate::rating::models::rules::Factor;
use crate::rating::ratings::model::{Appraisal, RatingCause, RatingRow, Record};
use kernel::clock::Instant;
use kernel::ids::{CustomerId, GradeScaleId, JobId, RatingId, RatingModelId};
use kernel::text::Keyword;
use methods::numbers::{of_ppm, shown, shown_in};
use methods::scoring::Value;

/// How much of a rating is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Grade and factors.
    Factors,
    /// With inputs, facts and what other models said.
    Whole,
}

/// A rating, factor by factor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rating, example = json!({
    "id": "rat_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
    "grade": "BBB", "grade_without_override": "BBB",
    "model": {
        "id": "rmd_01k00000000000000000000001", "code": "LEDGER", "model_version": 1, "kind": "anchored_topsis",
        "grade": "AA", "score": 0.7403, "probability_of_default": null, "points": null, "not_rated_because": null
    },
    "grade_scale_id": "gsc_01k00000000000000000000001", "scale_version": 1,
    "reasons": ["DAYS_BEYOND_TERMS"],
    "factors": [{
        "path": ["DAYS_BEYOND_TERMS"], "value": 15.0, "basis": "anchored", "weight": 0.6, "points": null,
        "best_points": null, "contribution": 0.45, "lost": 0.15
    }],
    "rules": [{
        "cause": {"by": "rule", "condition": {"fact": "customer_months_under", "months": 6},
            "bound": {"effect": "not_above", "grade": "BBB"}},
        "outcome": "moved", "from": "AA", "to": "BBB"
    }],
    "override": null, "inputs": {}, "facts": {"unpaid_days": 0, "customer_months": 3}, "challengers": [],
    "in_default_since": null, "cured_on": null, "cause": "asked", "moved": [], "run_id": null, "rated_by": "u-21",
    "rated_at": "2026-03-31T08:00:00.000000Z", "stale_on": "2027-03-31", "review_on": "2026-09-30",
    "superseded_at": null
}))]
pub struct RatingOut {
    id: RatingId,
    customer_id: CustomerId,
    /// The grade that holds today.
    #[schema(max_length = 10)]
    grade: String,
    /// What the score and the rules give.
    #[schema(max_length = 10)]
    grade_without_override: String,
    /// What the model that was live said.
    model: AppraisalOut,
    grade_scale_id: GradeScaleId,
    #[schema(minimum = 0, maximum = 2_147_483_647)]
    scale_version: i32,
    /// The codes of what cost most, the costliest first.
    #[schema(max_items = 4, value_type = Vec<Keyword>)]
    reasons: Vec<String>,
    #[schema(max_items = 10_000)]
    factors: Vec<FactorOut>,
    /// Every floor and cap in order, the override, and what says who is in default: its cause, whether it fired, and the
    /// grade before and after.
    #[schema(max_items = 60, value_type = Vec<Object>)]
    rules: Vec<serde_json::Value>,
    /// The override: grade, reason, approved_by, expires_on; also one that has expired. Without the reason for sales.
    #[serde(rename = "override")]
    #[schema(value_type = Option<Object>)]
    expert: Option<serde_json::Value>,
    /// The indicators by code, as they were known then; null for sales.
    #[schema(value_type = Option<Object>)]
    inputs: Option<BTreeMap<String, IndicatorValue>>,
    /// What the rules were asked with; null for sales.
    #[schema(value_type = Option<Object>)]
    facts: Option<serde_json::Value>,
    /// What the models in shadow said; empty for sales.
    #[schema(max_items = 1000)]
    challengers: Vec<AppraisalOut>,
    /// The day on which a rating first found the customer in default; null when it is not.
    in_default_since: Option<NaiveDate>,
    /// The first day on which no rule said so any more: the probation runs from it.
    cured_on: Option<NaiveDate>,
    /// Why the customer was rated.
    cause: RatingCause,
    /// What moved since the rating before, when netterms rated by itself: indicators and facts by name.
    #[schema(max_items = 100, value_type = Vec<Keyword>)]
    moved: Vec<String>,
    /// The run that rated; null when a person asked for this rating alone.
    run_id: Option<JobId>,
    #[schema(max_length = 128)]
    rated_by: String,
    rated_at: Instant,
    /// The first day on which the rating is too old.
    stale_on: NaiveDate,
    /// The day on which a person is to look at the customer again, by the policy's interval for its grade; null when the
    /// policy has none.
    review_on: Option<NaiveDate>,
    superseded_at: Option<Instant>,
}

/// What one model said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Appraisal)]
pub struct AppraisalOut {
    id: RatingModelId,
    #[schema(max_length = 64)]
    code: String,
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    model_version: i32,
    kind: ModelKind,
    /// What the score alone gives.
    #[schema(max_length = 10)]
    grade: String,
    /// 0, the worst, to 1; null when there is none.
    score: Option<f64>,
    probability_of_default: Option<f64>,
    /// Of a scorecard.
    points: Option<f64>,
    #[schema(max_length = 1000)]
    not_rated_because: Option<String>,
}

/// One factor of a score.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RatingFactor)]
pub struct FactorOut {
    /// The codes from the top of the model down to here.
    #[schema(max_items = 10, value_type = Vec<Keyword>)]
    path: Vec<String>,
    /// A number or an answer; null when nothing is known, and for sales.
    #[schema(schema_with = value_schema)]
    value: Option<Value>,
    /// How the value came to count, such as `interpolated`, `answer`, `left_out`.
    #[schema(max_length = 40)]
    basis: String,
    weight: Option<f64>,
    points: Option<f64>,
    best_points: Option<f64>,
    /// What it brings into the score.
    contribution: Option<f64>,
    /// What it falls short of the best: in score, of a scorecard in points.
    lost: Option<f64>,
}

/// A number, a word or null.
fn value_schema() -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([
            Type::Number,
            Type::String,
            Type::Null,
        ]))
        .max_length(Some(200))
        .into()
}

impl FactorOut {
    fn of(factor: Factor, depth: Depth) -> FactorOut {
        let value = factor.value.filter(|_| depth == Depth::Whole);
        FactorOut {
            path: factor.path,
            value: value.map(|value| match value {
                Value::Number(number) => Value::Number(shown(number)),
                Value::Answer(answer) => Value::Answer(answer),
            }),
            basis: factor.basis,
            weight: factor.weight.map(shown),
            points: factor.points.map(shown),
            best_points: factor.best_points.map(shown),
            contribution: factor.contribution.map(shown),
            lost: factor.lost.map(shown),
        }
    }
}

impl AppraisalOut {
    fn of(appraisal: &Appraisal) -> AppraisalOut {
        let result = appraisal.result.as_ref();
        AppraisalOut {
            id: appraisal.model_id,
            code: appraisal.code.clone(),
            model_version: appraisal.model_version,
            kind: appraisal.kind,
            grade: appraisal.grade.clone(),
            score: result.map(|found| shown(found.score)),
            probability_of_default: result
                .and_then(|found| found.probability_of_default)
                .map(shown),
            points: result.and_then(|found| found.points).map(shown),
            not_rated_because: appraisal.refusal.clone(),
        }
    }
}

/// What the rules did, or an override, without the reason that a person gave: a note among those who rate.
fn without_notes(document: serde_json::Value) -> serde_json::Value {
    match document {
        serde_json::Value::Object(members) => members
            .into_iter()
            .filter(|(name, _)| name != "reason")
            .map(|(name, value)| (name, without_notes(value)))
            .collect(),
        other => other,
    }
}

impl RatingOut {
    pub fn of(
        row: RatingRow,
        scale_version: i32,
        today: NaiveDate,
        depth: Depth,
    ) -> Result<RatingOut, DbError> {
        let record: Record = read_document(&row.record)?;
        let inside = |error: serde_json::Error| DbError::Document(error.to_string());
        let expert = row
            .override_terms
            .as_deref()
            .map(read_document::<serde_json::Value>)
            .transpose()?;
        let rules = record.steps.iter().map(serde_json::to_value);
        let told = |value: serde_json::Value| match depth {
            Depth::Whole => value,
            Depth::Factors => without_notes(value),
        };
        let whole = depth == Depth::Whole;
        let facts = serde_json::to_value(&record.facts).map_err(inside)?;
        let challengers = record.challengers.iter().filter(|_| whole);
        let (reasons, factors) = match record.champion.result.clone() {
            Some(result) => (result.reasons, result.factors),
            None => (Vec::new(), Vec::new()),
        };
        Ok(RatingOut {
            grade: row.grade_on(today).to_owned(),
            model: AppraisalOut::of(&record.champion),
            challengers: challengers.map(AppraisalOut::of).collect(),
            rules: rules
                .map(|step| step.map(told))
                .collect::<Result<_, _>>()
                .map_err(inside)?,
            inputs: whole.then_some(record.inputs),
            facts: whole.then(|| shown_in(facts)),
            factors: factors
                .into_iter()
                .map(|factor| FactorOut::of(factor, depth))
                .collect(),
            reasons,
            expert: expert.map(told),
            scale_version,
            id: row.id,
            customer_id: row.customer_id,
            grade_without_override: row.grade,
            grade_scale_id: row.scale_id,
            in_default_since: row.in_default_since,
            cured_on: row.cured_on,
            cause: row.cause,
            moved: record.moved,
            review_on: row.review_on,
            run_id: row.run_id,
            rated_by: row.rated_by,
            rated_at: row.rated_at,
            stale_on: row.stale_on,
            superseded_at: row.superseded_at,
        })
    }
}

/// A rating in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RatingSummary, example = json!({
    "id": "rat_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001", "grade": "BBB",
    "grade_without_override": "BBB", "score": 0.7403, "model_id": "rmd_01k00000000000000000000001",
    "grade_scale_id": "gsc_01k00000000000000000000001", "override_until": null, "cause": "asked", "run_id": null,
    "rated_by": "u-21", "rated_at": "2026-03-31T08:00:00.000000Z", "stale_on": "2027-03-31", "review_on": "2026-09-30",
    "superseded_at": null
}))]
pub struct RatingSummaryOut {
    id: RatingId,
    customer_id: CustomerId,
    /// The grade that holds today; of one that was superseded, what would hold today.
    #[schema(max_length = 10)]
    grade: String,
    #[schema(max_length = 10)]
    grade_without_override: String,
    /// 0, the worst, to 1; null for who could not be rated.
    score: Option<f64>,
    model_id: RatingModelId,
    grade_scale_id: GradeScaleId,
    override_until: Option<NaiveDate>,
    /// Why the customer was rated.
    cause: RatingCause,
    run_id: Option<JobId>,
    #[schema(max_length = 128)]
    rated_by: String,
    rated_at: Instant,
    stale_on: NaiveDate,
    review_on: Option<NaiveDate>,
    superseded_at: Option<Instant>,
}

impl RatingSummaryOut {
    pub fn of(row: RatingRow, today: NaiveDate) -> RatingSummaryOut {
        RatingSummaryOut {
            grade: row.grade_on(today).to_owned(),
            id: row.id,
            customer_id: row.customer_id,
            grade_without_override: row.grade,
            score: row.score_ppm.map(of_ppm),
            model_id: row.model_id,
            grade_scale_id: row.scale_id,
            override_until: row.override_until,
            cause: row.cause,
            review_on: row.review_on,
            run_id: row.run_id,
            rated_by: row.rated_by,
            rated_at: row.rated_at,
            stale_on: row.stale_on,
            superseded_at: row.superseded_at,
        }
    }
}
