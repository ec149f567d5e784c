//! Models as they are stored, and the document of each kind.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::platform::db::schema::rating_models;
use crate::platform::versions::model::{Events, Life, Stage, Version, events_of};
use crate::rating::rules::composite::MissingModel;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::drafters::Drafters;
use kernel::ids::RatingModelId;
use kernel::text::{Keyword, Line, Note, Subject};
use methods::ahp::Gate;
use methods::attributes::Attribute;
use methods::scorecard::fit::FitSettings;
use methods::scorecard::{ImportedCharacteristic, MissingRule, Scaling, Scorecard};
use methods::tree::fit::TreeSettings;
use methods::validation::ValidationSettings;

text_enum! {
    /// What a model is.
    pub enum ModelKind {
        /// Weighed indicators in a tree.
        AttributeTree = "attribute_tree",
        /// Closeness to the best of fixed anchors.
        AnchoredTopsis = "anchored_topsis",
        /// Points by characteristic.
        Scorecard = "scorecard",
        /// Questions that lead to a leaf.
        DecisionTree = "decision_tree",
        /// Shares of other models.
        Composite = "composite",
    }
}

text_enum! {
    /// Where a version of a model stands. Exactly one model is live.
    pub enum ModelStatus {
        Draft = "draft",
        /// It rates beside the live model, and decides nothing.
        Shadow = "shadow",
        Approved = "approved",
        Live = "live",
        Retired = "retired",
    }
}

text_enum! {
    /// A chart of a model's validation report.
    pub enum ChartKind {
        Roc = "roc",
        Ks = "ks",
        Calibration = "calibration",
    }
}

/// An attribute tree with what its weights are found by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeModel {
    pub tree: Attribute,
    /// Which weights to take where they depend on the purpose.
    #[serde(default)]
    pub purpose: Option<String>,
    /// How well pairwise judgements must fit together.
    #[serde(default)]
    pub consistency: Gate,
}

/// Criteria with their anchors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopsisModel {
    pub criteria: Vec<TopsisCriterion>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopsisCriterion {
    /// The indicator's code.
    pub code: String,
    /// Among all criteria, whose weights sum to 1.
    pub weight: f64,
    pub worst: f64,
    pub best: f64,
    /// What a missing value does.
    #[serde(default)]
    pub missing: MissingCriterion,
}

/// What a missing value does to a distance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingCriterion {
    /// There is no result without it.
    Refuse,
    /// It counts as the worst anchor, and the result shows so.
    #[default]
    Worst,
}

/// A scorecard by its points, or by the coefficients of a regression; one of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScorecardModel {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<Scorecard>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coefficients: Option<Coefficients>,
    /// Which points are 0 and which are 1 when grades are cut; without it a scorecard with a scaling counts 1 less the
    /// probability of default, and one without counts from the fewest to the most points that can be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<PointsRange>,
}

/// A regression that was fitted elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coefficients {
    pub intercept: f64,
    pub characteristics: Vec<ImportedCharacteristic>,
    #[serde(default)]
    pub scaling: Scaling,
    pub missing: MissingRule,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointsRange {
    pub worst: f64,
    pub best: f64,
}

/// Shares of other models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompositeModel {
    pub parts: Vec<CompositePart>,
    /// What happens when a part has no score.
    pub missing: MissingModel,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompositePart {
    pub model_id: RatingModelId,
    /// Any number from 0; shares are divided by their sum.
    pub share: f64,
}

/// A version of a model.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = rating_models, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct ModelRow {
    pub id: RatingModelId,
    pub code: Keyword,
    pub model_version: i32,
    pub name: Line,
    pub kind: ModelKind,
    pub status: ModelStatus,
    /// The document of its kind as JSON.
    pub document: String,
    /// The report of its making as JSON, of a model that was fitted here and not changed by hand since.
    #[serde(skip)]
    pub report: Option<String>,
    pub reason: String,
    pub author: String,
    /// Everybody who wrote it. None of them approves it or sets it live.
    pub drafters: Drafters,
    pub approver: Option<String>,
    pub created_at: Instant,
    pub shadow_at: Option<Instant>,
    pub approved_at: Option<Instant>,
    pub live_at: Option<Instant>,
    pub retired_at: Option<Instant>,
    pub version: i64,
}

impl Version for ModelRow {
    const LIFE: Life = Life::AfterShadow;

    const EVENTS: Events = events_of!("rating_model");

    type Slot = ();

    fn slot(&self) {}

    fn name(&self) -> String {
        self.id.to_string()
    }

    fn row_version(&self) -> i64 {
        self.version
    }

    fn stage(&self) -> Stage {
        match self.status {
            ModelStatus::Draft => Stage::Draft,
            ModelStatus::Shadow => Stage::Shadow,
            ModelStatus::Approved => Stage::Approved,
            ModelStatus::Live => Stage::Live,
            ModelStatus::Retired => Stage::Retired,
        }
    }

    fn drafters(&self) -> &Drafters {
        &self.drafters
    }

    fn set_drafters(&mut self, drafters: Drafters) {
        self.drafters = drafters;
    }

    fn enter(&mut self, stage: Stage, at: Instant) {
        let (status, when) = match stage {
            Stage::Draft => {
                self.status = ModelStatus::Draft;
                return;
            }
            Stage::Shadow => (ModelStatus::Shadow, &mut self.shadow_at),
            Stage::Approved => (ModelStatus::Approved, &mut self.approved_at),
            Stage::Live => (ModelStatus::Live, &mut self.live_at),
            Stage::Retired => (ModelStatus::Retired, &mut self.retired_at),
        };
        self.status = status;
        *when = Some(at);
    }

    fn set_approver(&mut self, approver: &Subject) {
        self.approver = Some(approver.to_string());
    }
}

/// A model that is to be fitted: what the columns of the training set are, and what is demanded.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitPlan {
    pub code: Keyword,
    pub name: Line,
    /// `scorecard` or `decision_tree`.
    pub kind: ModelKind,
    pub target: FitTarget,
    /// The columns that are learnt from; all but the target when not given.
    #[serde(default)]
    pub characteristics: Vec<String>,
    /// Columns of words, even where every value looks like a number.
    #[serde(default)]
    pub words: Vec<String>,
    /// How a value that nobody knows is written, small or capital letters alike; for a column of countries, whose NA is
    /// Namibia, leave `NA` out.
    #[serde(default = "missing_values")]
    pub missing: Vec<String>,
    /// What stands before the decimals of a number.
    #[serde(default)]
    pub decimal: DecimalMark,
    /// The share of customers who are held back to validate on.
    #[serde(default = "three_tenths")]
    pub validation_share: f64,
    #[serde(default = "one")]
    pub seed: u64,
    #[serde(default)]
    pub scorecard: FitSettings,
    #[serde(default)]
    pub decision_tree: TreeSettings,
    #[serde(default)]
    pub validation: ValidationSettings,
    pub reason: Note,
}

/// The column that tells how customers turned out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitTarget {
    pub column: String,
    /// Its value for those who turned out badly.
    pub bad: String,
    /// Its value for those who turned out well; every other value when not given.
    #[serde(default)]
    pub good: Option<String>,
}

/// What stands before the decimals of a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// 1.5
    #[default]
    Point,
    /// 1,5
    Comma,
}

impl FitPlan {
    /// Whether a cell says that its value is not known.
    pub fn is_missing(&self, cell: &str) -> bool {
        cell.is_empty()
            || self
                .missing
                .iter()
                .any(|word| word.eq_ignore_ascii_case(cell))
    }
}

fn missing_values() -> Vec<String> {
    ["NA", "NaN", "null", "."].map(str::to_owned).to_vec()
}

fn three_tenths() -> f64 {
    0.3
}

fn one() -> u64 {
    1
}

/// A model's name and document, as somebody writes them.
#[derive(Debug, Clone)]
pub struct ModelDraft {
    pub code: Keyword,
    pub name: Line,
    pub kind: ModelKind,
    pub document: serde_json::Value,
    pub reason: Note,
}
