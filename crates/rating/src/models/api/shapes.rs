//! The shapes of rating models.

use serde::Serialize;
use utoipa::ToSchema;

use crate::platform::db::{DbError, read_document};
use crate::rating::models::model::{ModelKind, ModelRow, ModelStatus};
use crate::rating::models::rules::warnings::Warning;
use crate::rating::models::rules::{self, Ready};
use kernel::clock::Instant;
use kernel::drafters::Drafters;
use kernel::ids::RatingModelId;
use kernel::places::Language;
use kernel::text::{Keyword, Line, Subject};
use methods::numbers::shown_in;

/// A version of a rating model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RatingModel, example = json!({
    "id": "rmd_01k00000000000000000000001", "code": "LEDGER", "model_version": 1, "name": "By our own ledger alone",
    "kind": "anchored_topsis", "status": "draft",
    "document": {"criteria": [
        {"code": "OVERDUE_COUNT", "weight": 0.4, "worst": 12, "best": 0},
        {"code": "DAYS_BEYOND_TERMS", "weight": 0.6, "worst": 60, "best": 0}
    ]},
    "weights": null, "report": null, "warnings": [],
    "distribution": null,
    "reason": "For customers without statements.", "author": "u-21", "drafters": ["u-21"], "approver": null,
    "created_at": "2026-03-31T08:00:00.000000Z", "shadow_at": null, "approved_at": null, "live_at": null,
    "retired_at": null
}))]
pub struct RatingModelOut {
    id: RatingModelId,
    #[schema(value_type = Keyword)]
    code: Keyword,
    /// Ascends by one with each draft of the same code.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    model_version: i32,
    #[schema(value_type = Line)]
    name: Line,
    kind: ModelKind,
    status: ModelStatus,
    #[schema(value_type = Object)]
    document: serde_json::Value,
    /// Of an attribute tree, every attribute with its local and global weight and the check of its judgements.
    #[schema(value_type = Option<Object>)]
    weights: Option<serde_json::Value>,
    /// Of a model that was fitted here: how it was made, and its validation on customers who were held back.
    #[schema(value_type = Option<Object>)]
    report: Option<serde_json::Value>,
    /// Of a model that was fitted here: what a person should know before it is trusted.
    #[schema(max_items = 1000)]
    warnings: Vec<ModelWarningOut>,
    /// In the answer of setting it live: which grades the customers of the book would get by it.
    pub distribution: Option<GradeDistributionOut>,
    /// Why it was written so.
    #[schema(max_length = 2000)]
    reason: String,
    #[schema(max_length = 128)]
    author: String,
    /// Everybody who wrote it; none of them can approve it or set it live.
    #[schema(value_type = Vec<Subject>, max_items = 1000)]
    drafters: Drafters,
    #[schema(max_length = 128)]
    approver: Option<String>,
    created_at: Instant,
    shadow_at: Option<Instant>,
    approved_at: Option<Instant>,
    live_at: Option<Instant>,
    retired_at: Option<Instant>,
}

impl RatingModelOut {
    pub fn read(row: ModelRow, language: Language) -> Result<RatingModelOut, DbError> {
        let document: serde_json::Value = read_document(&row.document)?;
        let weights = weights(row.kind, &document);
        let report: Option<serde_json::Value> =
            row.report.as_deref().map(read_document).transpose()?;
        let warnings: Vec<Warning> = match report.as_ref().and_then(|report| report.get("warnings"))
        {
            Some(warnings) => serde_json::from_value(warnings.clone())
                .map_err(|error| DbError::Document(error.to_string()))?,
            None => Vec::new(),
        };
        Ok(RatingModelOut {
            id: row.id,
            code: row.code,
            model_version: row.model_version,
            name: row.name,
            kind: row.kind,
            status: row.status,
            document,
            weights,
            report: report.map(shown_in),
            warnings: warnings
                .iter()
                .map(|warning| ModelWarningOut::of(warning, language))
                .collect(),
            distribution: None,
            reason: row.reason,
            author: row.author,
            drafters: row.drafters,
            approver: row.approver,
            created_at: row.created_at,
            shadow_at: row.shadow_at,
            approved_at: row.approved_at,
            live_at: row.live_at,
            retired_at: row.retired_at,
        })
    }
}

/// Which grades the customers of the book would get by a model on the live scale, overrides apart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GradeDistribution, example = json!({
    "customers": 3, "looked_at": 3,
    "grades": [{"grade": "A", "customers": 2, "customers_now": 1}, {"grade": "NR", "customers": 1, "customers_now": 2}]
}))]
pub struct GradeDistributionOut {
    /// Customers of the book.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    pub customers: i64,
    /// How many of them were looked at: all, up to 20,000.
    #[schema(minimum = 0, maximum = 20_000)]
    pub looked_at: i64,
    /// The grades of the live scale from the best to the worst, then default, then not rated.
    #[schema(max_items = 40)]
    pub grades: Vec<GradeShareOut>,
}

/// How many customers have a grade.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GradeShare, example = json!({"grade": "A", "customers": 2, "customers_now": 1}))]
pub struct GradeShareOut {
    #[schema(max_length = 10)]
    pub grade: String,
    /// Who would get it by the model.
    #[schema(minimum = 0, maximum = 20_000)]
    pub customers: i64,
    /// Of the same customers, whose rating has it now.
    #[schema(minimum = 0, maximum = 20_000)]
    pub customers_now: i64,
}

/// Something that a person should know before a model is trusted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RatingModelWarning, example = json!({
    "code": "few_bad", "column": null,
    "message": "only 30 bad customers to learn from and to validate on: 50 are the least that says something"
}))]
pub struct ModelWarningOut {
    /// `leak` (a column alone separates good from bad), `few_bad`, `few_rows`, `too_many_words`, `without_outcome`.
    #[schema(max_length = 64)]
    code: String,
    /// The column that it is about.
    #[schema(max_length = 1000)]
    column: Option<String>,
    /// In the caller's language.
    #[schema(max_length = 2000)]
    message: String,
}

impl ModelWarningOut {
    fn of(warning: &Warning, language: Language) -> ModelWarningOut {
        ModelWarningOut {
            code: warning.code().to_owned(),
            column: warning.column().map(str::to_owned),
            message: warning.message(language),
        }
    }
}

fn weights(kind: ModelKind, document: &serde_json::Value) -> Option<serde_json::Value> {
    if kind != ModelKind::AttributeTree {
        return None;
    }
    let Ok(Ready::AttributeTree(tree)) =
        rules::read(kind, document, &std::collections::BTreeMap::new())
    else {
        return None;
    };
    let members = serde_json::json!({"judgements": tree.judgements, "attributes": tree.attributes});
    Some(shown_in(members))
}

/// Trees to start from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RatingTemplates)]
pub struct RatingTemplatesOut {
    #[schema(max_items = 100)]
    pub data: Vec<RatingTemplateOut>,
}

/// A tree to start from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RatingTemplate, example = json!({
    "code": "5C", "purpose": "Any customer, by judgement: character, capacity, capital, collateral, conditions",
    "tree": {"code": "FIVE_C", "name": {"en": "The five Cs", "zh": "5C"}, "children": []}
}))]
pub struct RatingTemplateOut {
    #[schema(max_length = 40)]
    pub code: String,
    /// What it is for.
    #[schema(max_length = 200)]
    pub purpose: String,
    #[schema(value_type = Object)]
    pub tree: serde_json::Value,
}
