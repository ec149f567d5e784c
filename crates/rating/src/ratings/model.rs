//! Ratings as they are stored, and what is kept with them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::db::schema::ratings;
use crate::rating::indicators::model::IndicatorValue;
use crate::rating::models::model::ModelKind;
use crate::rating::models::rules::Appraised;
use crate::rating::rules::composite::{GradeFacts, Step};
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::figures::Figure;
use kernel::ids::{CustomerId, GradeScaleId, JobId, RatingId, RatingModelId};

text_enum! {
    /// Which ratings of a customer.
    #[derive(Default)]
    pub enum RatingHistory {
        /// The newest of each customer.
        #[default]
        Current = "current",
        All = "all",
    }
}

text_enum! {
    /// Why a customer was rated.
    pub enum RatingCause {
        /// A person asked for this rating.
        Asked = "asked",
        /// A person asked for the whole book.
        Run = "run",
        /// The rating before was too old.
        Stale = "stale",
        /// How it pays moved since, or what a rule of the grade scale asks.
        Moved = "moved",
        /// It had never been rated.
        Unrated = "unrated",
    }
}

text_enum! {
    /// Whether more of something is better.
    pub enum RankDirection {
        /// More is better: sales growth.
        Benefit = "benefit",
        /// Less is better: days late.
        Cost = "cost",
    }
}

/// A rating.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = ratings, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct RatingRow {
    pub id: RatingId,
    pub customer_id: CustomerId,
    pub model_id: RatingModelId,
    pub scale_id: GradeScaleId,
    /// What the model and the rules give; the override apart.
    pub grade: String,
    /// The model's score, 0 to 1, in parts per million; none for who could not be rated.
    pub score_ppm: Option<i64>,
    /// The grade while the override holds.
    pub override_grade: Option<String>,
    /// The override's last day.
    pub override_until: Option<NaiveDate>,
    /// The `ExpertOverride` of the rules as JSON.
    pub override_terms: Option<String>,
    /// The [`Record`] as JSON.
    pub record: String,
    /// The run that rated; none when a person asked for this rating alone.
    pub run_id: Option<JobId>,
    pub rated_by: String,
    pub rated_at: Instant,
    /// The first day on which it is too old.
    pub stale_on: NaiveDate,
    /// When a newer rating took its place.
    pub superseded_at: Option<Instant>,
    pub version: i64,
    /// The day on which a rating first found the customer in default; none when it is not.
    pub in_default_since: Option<NaiveDate>,
    /// The first day on which no rule said so any more; probation runs from it.
    pub cured_on: Option<NaiveDate>,
    pub cause: RatingCause,
    /// The day on which a person is to look at the customer again, by the policy's interval for its grade.
    pub review_on: Option<NaiveDate>,
}

impl RatingRow {
    /// The grade that holds on a day.
    pub fn grade_on(&self, day: NaiveDate) -> &str {
        let expert = self.override_grade.as_deref();
        grade_holding(&self.grade, expert, self.override_until, day)
    }
}

/// The newest rating of a customer without its record, which is long: for whoever asks about many.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = ratings)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct StandingRating {
    pub id: RatingId,
    pub customer_id: CustomerId,
    pub model_id: RatingModelId,
    pub scale_id: GradeScaleId,
    pub grade: String,
    pub score_ppm: Option<i64>,
    pub override_grade: Option<String>,
    pub override_until: Option<NaiveDate>,
    pub override_terms: Option<String>,
    pub rated_at: Instant,
    pub stale_on: NaiveDate,
    pub in_default_since: Option<NaiveDate>,
    pub cured_on: Option<NaiveDate>,
    pub review_on: Option<NaiveDate>,
}

/// Where a default stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultState {
    /// The day on which a rating first found it.
    pub since: NaiveDate,
    /// The first day on which no rule said so any more.
    pub cured_on: Option<NaiveDate>,
}

impl DefaultState {
    /// Out of the two columns of a rating.
    pub fn read(since: Option<NaiveDate>, cured_on: Option<NaiveDate>) -> Option<DefaultState> {
        since.map(|since| DefaultState { since, cured_on })
    }
}

/// The rating that holds for a customer, for other rooms.
#[derive(Debug, Clone, PartialEq)]
pub struct CurrentRating {
    pub id: RatingId,
    /// With an override while it holds. `NR`, or what the scale calls it, for who could not be rated.
    pub grade: String,
    /// 0, the worst, to 1; none for who could not be rated.
    pub score: Option<f64>,
    pub model_id: RatingModelId,
    pub scale_id: GradeScaleId,
    pub rated_at: Instant,
    /// The first day on which the rating is too old to rely on.
    pub stale_at: NaiveDate,
    /// The last day of the override that gives the grade; none when none does.
    pub override_until: Option<NaiveDate>,
    /// Since when the customer is in default, with the probation after it; none when it is not.
    pub in_default_since: Option<NaiveDate>,
    /// When a person is to look at the customer again.
    pub review_on: Option<NaiveDate>,
}

/// Everything that led to a rating.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// The indicators that the models asked for, by code, as they were known then.
    pub inputs: BTreeMap<String, IndicatorValue>,
    pub facts: GradeFacts,
    /// What the live model said.
    pub champion: Appraisal,
    /// What the models in shadow said.
    pub challengers: Vec<Appraisal>,
    /// Every rule in order, and the override, whether it moved the grade or not.
    pub steps: Vec<Step>,
    /// What moved since the rating before: indicators of our own ledger, and facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<String>,
}

/// What one model said of a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Appraisal {
    pub model_id: RatingModelId,
    pub code: String,
    pub model_version: i32,
    pub kind: ModelKind,
    /// None when it could not score; `refusal` says why.
    pub result: Option<Appraised>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// What its score alone gives.
    pub grade: String,
}

impl Appraisal {
    /// What its score alone gives; none when it could not score.
    pub fn grade(&self) -> Option<&str> {
        self.result.as_ref().map(|_| self.grade.as_str())
    }
}

/// How likely a customer defaults within a year, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultProbability {
    /// From 0 to 1.
    pub value: Figure,
    pub source: ProbabilitySource,
}

/// Where a probability of default comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProbabilitySource {
    /// Whoever asked said it.
    Given,
    /// The model that made the customer's rating.
    Model {
        rating_id: RatingId,
        model_id: RatingModelId,
    },
    /// What the grade scale says of the grade that the customer has.
    Grade {
        rating_id: RatingId,
        grade_scale_id: GradeScaleId,
    },
}

/// Of the grade that a rating gave and the one that an expert set until a day, the one that holds on a day.
pub fn grade_holding<'a>(
    grade: &'a str,
    expert: Option<&'a str>,
    until: Option<NaiveDate>,
    day: NaiveDate,
) -> &'a str {
    expert
        .filter(|_| until.is_some_and(|until| day <= until))
        .unwrap_or(grade)
}
