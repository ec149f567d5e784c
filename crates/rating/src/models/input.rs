//! What use cases and lists are asked.

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::{ModelDraft, ModelKind, ModelStatus};
use crate::platform::http::Problem;
use kernel::text::{Keyword, Line, Note};
use methods::ahp::{
    Expert, Gate, GroupError, GroupPriorities, MatrixError, PairwiseMatrix, RandomIndexTable,
    SIZE_MAX, group_priorities,
};

/// A rating model to be drafted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "code": "LEDGER", "name": "By our own ledger alone", "kind": "anchored_topsis",
    "document": {"criteria": [
        {"code": "OVERDUE_COUNT", "weight": 0.4, "worst": 12, "best": 0},
        {"code": "DAYS_BEYOND_TERMS", "weight": 0.6, "worst": 60, "best": 0}
    ]},
    "reason": "For customers without statements."
}))]
pub struct RatingModelIn {
    /// Names the model through all its versions.
    pub code: Keyword,
    pub name: Line,
    pub kind: ModelKind,
    /// What the kind takes; `docs/rating.md` describes every member.
    #[schema(value_type = Object)]
    pub document: serde_json::Value,
    /// Why the model is written so.
    pub reason: Note,
}

impl RatingModelIn {
    pub fn draft(&self) -> ModelDraft {
        ModelDraft {
            code: self.code.clone(),
            name: self.name.clone(),
            kind: self.kind,
            document: self.document.clone(),
            reason: self.reason.clone(),
        }
    }
}

/// Which models.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ModelFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<ModelStatus>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub kind: Vec<ModelKind>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub code: Vec<Keyword>,
}

/// The parts of a fit, in any order.
#[derive(ToSchema)]
#[schema(as = FitIn, example = json!({
    "plan": "{\"code\": \"SME\", \"name\": \"Small firms\", \"kind\": \"scorecard\", \"target\": {\"column\": \"outcome\", \"bad\": \"bad\"}, \"reason\": \"First fit.\"}",
    "file": "sales_growth,days_late,outcome\n0.12,3,good\n-0.04,35,bad\n"
}))]
#[expect(
    dead_code,
    reason = "the contract's shape of a body that is read as a stream"
)]
pub struct FitIn {
    /// What is to be fitted, as JSON: `code`, `name`, `kind`, `target` (`column`, `bad`, \[`good`\]), `reason`, and if
    /// wanted `characteristics`, `words`, `missing`, `decimal`, `validation_share`, `seed`, `scorecard`, `decision_tree`, `validation`.
    #[schema(max_length = 16384)]
    plan: String,
    /// The file: CSV in UTF-8.
    #[schema(format = Binary, max_length = 104_857_600)]
    file: String,
}

/// One expert's judgements, or those of several.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = JudgementsIn, example = json!({
    "experts": [{"name": "Committee", "matrix": [[1, 2, 0.5, 3], [0.5, 1, 0.333, 2], [2, 3, 1, 4], [0.333, 0.5, 0.25, 1]]}],
    "table": "saaty", "limit": 0.1
}))]
pub struct JudgementsIn {
    #[validate(length(min = 1, max = 30), nested)]
    #[schema(min_items = 1, max_items = 30)]
    experts: Vec<ExpertMatrixIn>,
    /// Which random indices divide the consistency index; `saaty` when not given.
    #[serde(default = "saaty")]
    table: TableName,
    /// The consistency ratio from which on judgements are to be revised; 0.1 when not given.
    #[serde(default = "a_tenth")]
    #[validate(range(min = 0.0, max = 1.0))]
    #[schema(minimum = 0, maximum = 1)]
    limit: f64,
}

fn saaty() -> TableName {
    TableName::Saaty
}

fn a_tenth() -> f64 {
    0.1
}

/// Whose published random indices.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RandomIndexTable)]
pub enum TableName {
    Saaty,
    Saaty2005,
    AlonsoLamata2006,
}

impl From<RandomIndexTable> for TableName {
    fn from(table: RandomIndexTable) -> TableName {
        match table {
            RandomIndexTable::Saaty => TableName::Saaty,
            RandomIndexTable::Saaty2005 => TableName::Saaty2005,
            RandomIndexTable::AlonsoLamata2006 => TableName::AlonsoLamata2006,
        }
    }
}

/// One expert's judgements.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExpertMatrixIn)]
pub struct ExpertMatrixIn {
    name: Line,
    /// All rows: how much more important the row's criterion is than the column's, from 1/100 to 100. Square, 1 on the
    /// diagonal, and opposite judgements each other's reciprocal; of two opposite ones the larger counts.
    #[validate(length(min = 1, max = 15), custom(function = "is_square"))]
    #[schema(schema_with = matrix_schema)]
    matrix: Vec<Vec<f64>>,
}

/// All rows of a matrix.
pub fn matrix_schema() -> Schema {
    let row = ArrayBuilder::new()
        .items(ObjectBuilder::new().schema_type(Type::Number))
        .min_items(Some(1))
        .max_items(Some(SIZE_MAX));
    let rows = ArrayBuilder::new()
        .description(Some(
            "All rows: how much more important the row's criterion is than the column's. Square, 1 on the diagonal, and \
             opposite judgements each other's reciprocal.",
        ))
        .items(row)
        .min_items(Some(1))
        .max_items(Some(SIZE_MAX));
    Schema::Array(rows.build())
}

/// Rows as long as the matrix is high, of which at most [`SIZE_MAX`] are looked at.
fn is_square(matrix: &[Vec<f64>]) -> Result<(), ValidationError> {
    let size = matrix.len();
    if size <= SIZE_MAX && matrix.iter().all(|row| row.len() == size) {
        return Ok(());
    }
    let message = "must have as many columns as rows, at most 15";
    Err(ValidationError::new("not_square").with_message(message.into()))
}

impl JudgementsIn {
    pub fn weigh(&self) -> Result<GroupPriorities, Problem> {
        let mut experts = Vec::with_capacity(self.experts.len());
        for (place, expert) in self.experts.iter().enumerate() {
            let matrix = PairwiseMatrix::new(expert.matrix.clone())
                .map_err(|error| matrix_problem(place, &error))?;
            experts.push(Expert {
                name: expert.name.to_string(),
                matrix,
            });
        }
        let gate = Gate {
            table: self.table.into(),
            limit: self.limit,
        };
        group_priorities(&experts, gate).map_err(|error| group_problem(&experts, &error))
    }
}

fn matrix_problem(place: usize, error: &MatrixError) -> Problem {
    let matrix = format!("/experts/{place}/matrix");
    let (pointer, code) = match error {
        MatrixError::OutOfRange { row, column } => {
            (format!("{matrix}/{row}/{column}"), "out_of_range")
        }
        MatrixError::Diagonal { row } => (format!("{matrix}/{row}/{row}"), "not_one"),
        MatrixError::NotReciprocal { row, column } => {
            (format!("{matrix}/{row}/{column}"), "not_reciprocal")
        }
        MatrixError::Limit => ("/limit".to_owned(), "out_of_range"),
        MatrixError::Size { .. }
        | MatrixError::NotSquare { .. }
        | MatrixError::UpperTriangle { .. } => (matrix, "not_square"),
        MatrixError::NotSettled => (matrix, "contradictory"),
    };
    Problem::invalid(pointer, code, error)
}

fn group_problem(experts: &[Expert], error: &GroupError) -> Problem {
    let place_of = |name: &str| experts.iter().position(|expert| expert.name == name);
    match error {
        GroupError::NoExperts => Problem::invalid("/experts", "empty", error),
        GroupError::Sizes { size, expected, .. } => {
            let other = |expert: &Expert| expert.matrix.size() != *expected;
            let place = experts.iter().position(other).unwrap_or_default();
            let message =
                format!("compares {size} criteria where the first expert compares {expected}");
            Problem::invalid(format!("/experts/{place}/matrix"), "other_size", message)
        }
        GroupError::Matrix { expert, error } => {
            matrix_problem(place_of(expert).unwrap_or_default(), error)
        }
        GroupError::Together(error) => Problem::invalid("/experts", "contradictory", error),
    }
}
