//! Weights from pairwise judgements, tried without a model.

use actix_web::{post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa_actix_web::service_config::ServiceConfig;
use validator::{Validate, ValidationError};

use methods::ahp::{
    Consistency, Expert, Gate, GroupError, GroupPriorities, JudgementSpread, MatrixError,
    PairwiseMatrix, Priorities, RandomIndexTable, Revision, SIZE_MAX, Verdict, group_priorities,
};
use methods::numbers::shown;
use kernel::text::Line;
use crate::platform::http::auth::ReadModels;
use crate::platform::http::{Actor, Answer, Command, Outcome, Problem};

pub fn routes(config: &mut ServiceConfig) {
    config.service(weigh_judgements);
}

/// Weigh pairwise judgements
///
/// The weights that judgements amount to (AHP, by the principal eigenvector), and whether they fit together: λmax, the
/// consistency index and ratio by the random indices that are named, and the judgement to think over first when the
/// ratio reaches the limit. Several experts are taken together by the geometric mean, with each one's own weights and
/// how far apart they are on every pair. Nothing is kept: a model takes the same matrices as `judged` or
/// `judged_by_panel`.
#[utoipa::path(
    tag = "ratings",
    request_body = JudgementsIn,
    responses((status = 200, description = "The weights.", body = WeighedJudgementsOut)),
    security(("bearer" = ["rating-models:read"]))
)]
#[post("/v1/ahp/weights")]
pub async fn weigh_judgements(_: Actor<ReadModels>, command: Command<JudgementsIn>) -> Outcome {
    let weighed = web::block(move || command.input().weigh())
        .await
        .map_err(Problem::internal)??;
    Ok(Answer::ok(&WeighedJudgementsOut::of(weighed))?.into_response())
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

impl From<TableName> for RandomIndexTable {
    fn from(name: TableName) -> RandomIndexTable {
        match name {
            TableName::Saaty => RandomIndexTable::Saaty,
            TableName::Saaty2005 => RandomIndexTable::Saaty2005,
            TableName::AlonsoLamata2006 => RandomIndexTable::AlonsoLamata2006,
        }
    }
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
fn matrix_schema() -> Schema {
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
    fn weigh(&self) -> Result<GroupPriorities, Problem> {
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

/// The weights of judgements.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WeighedJudgements, example = json!({
    "matrix": [[1, 2, 0.5, 3], [0.5, 1, 0.333_333, 2], [2, 3, 1, 4], [0.333_333, 0.5, 0.25, 1]],
    "weights": [0.277_181, 0.160_088, 0.467_296, 0.095_435],
    "consistency": {"lambda_max": 4.030_983, "consistency_index": 0.010_328, "table": "saaty", "random_index": 0.9,
        "consistency_ratio": 0.011_475, "limit": 0.1, "verdict": "accept"},
    "revision": null,
    "experts": [{
        "name": "Committee", "weights": [0.277_181, 0.160_088, 0.467_296, 0.095_435],
        "consistency": {"lambda_max": 4.030_983, "consistency_index": 0.010_328, "table": "saaty", "random_index": 0.9,
            "consistency_ratio": 0.011_475, "limit": 0.1, "verdict": "accept"},
        "revision": null
    }],
    "judgements": [{"row": 0, "column": 1, "lowest": 2, "geometric_mean": 2, "highest": 2, "spread": 1}]
}))]
pub struct WeighedJudgementsOut {
    /// All experts together, by the geometric mean.
    #[schema(schema_with = matrix_schema)]
    matrix: Vec<Vec<f64>>,
    /// In the order of the criteria, with sum 1.
    #[schema(max_items = 15)]
    weights: Vec<f64>,
    consistency: ConsistencyOut,
    /// What to think over first; null when the judgements are accepted.
    revision: Option<RevisionOut>,
    /// Each expert's own weights.
    #[schema(max_items = 30)]
    experts: Vec<WeighedExpertOut>,
    /// How far apart the experts are on each pair above the diagonal, row by row.
    #[schema(max_items = 105)]
    judgements: Vec<JudgementSpreadOut>,
}

/// How well judgements fit together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consistency)]
pub struct ConsistencyOut {
    /// The principal eigenvalue: the number of criteria when judgements fit perfectly, else more.
    lambda_max: f64,
    /// (λmax − n) / (n − 1).
    consistency_index: f64,
    /// Whose random indices.
    table: TableName,
    random_index: f64,
    /// The index divided by the random index; 0 for two criteria or one, which can't contradict each other.
    consistency_ratio: f64,
    limit: f64,
    /// `accept` below the limit, else `revise`.
    #[schema(max_length = 10)]
    verdict: &'static str,
}

/// The judgement that is farthest from what the weights say.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JudgementRevision)]
pub struct RevisionOut {
    /// Counted from 0: the row's criterion was judged over the column's.
    #[schema(minimum = 0, maximum = 14)]
    row: usize,
    #[schema(minimum = 0, maximum = 14)]
    column: usize,
    given: f64,
    /// How many times it is above or below the ratio of the two weights.
    factor: f64,
    /// What all other judgements say about this pair.
    fitting: f64,
    /// The consistency ratio with that one judgement replaced.
    ratio_after: f64,
}

/// One expert's own weights.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WeighedExpert)]
pub struct WeighedExpertOut {
    #[schema(max_length = 200)]
    name: String,
    #[schema(max_items = 15)]
    weights: Vec<f64>,
    consistency: ConsistencyOut,
    revision: Option<RevisionOut>,
}

/// How far apart the experts are on one pair.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JudgementSpread)]
pub struct JudgementSpreadOut {
    /// Counted from 0.
    #[schema(minimum = 0, maximum = 14)]
    row: usize,
    #[schema(minimum = 0, maximum = 14)]
    column: usize,
    lowest: f64,
    geometric_mean: f64,
    highest: f64,
    /// The geometric standard deviation: 1 when all agree.
    spread: f64,
}

impl WeighedJudgementsOut {
    fn of(group: GroupPriorities) -> WeighedJudgementsOut {
        let rows = group.matrix.rows().iter();
        let experts = group.experts.into_iter().map(|expert| {
            let (weights, consistency, revision) = priorities(expert.priorities);
            WeighedExpertOut {
                name: expert.name,
                weights,
                consistency,
                revision,
            }
        });
        let (weights, consistency, revision) = priorities(group.priorities);
        WeighedJudgementsOut {
            matrix: rows
                .map(|row| row.iter().copied().map(shown).collect())
                .collect(),
            weights,
            consistency,
            revision,
            experts: experts.collect(),
            judgements: group
                .judgements
                .iter()
                .map(JudgementSpreadOut::from)
                .collect(),
        }
    }
}

fn priorities(found: Priorities) -> (Vec<f64>, ConsistencyOut, Option<RevisionOut>) {
    let Priorities {
        weights,
        consistency,
        revision,
    } = found;
    (
        weights.into_iter().map(shown).collect(),
        ConsistencyOut::from(&consistency),
        revision.as_ref().map(RevisionOut::from),
    )
}

impl From<&Consistency> for ConsistencyOut {
    fn from(found: &Consistency) -> ConsistencyOut {
        ConsistencyOut {
            lambda_max: shown(found.lambda_max),
            consistency_index: shown(found.index),
            table: found.table.into(),
            random_index: found.random_index,
            consistency_ratio: shown(found.ratio),
            limit: found.limit,
            verdict: match found.verdict {
                Verdict::Accept => "accept",
                Verdict::Revise => "revise",
            },
        }
    }
}

impl From<&Revision> for RevisionOut {
    fn from(found: &Revision) -> RevisionOut {
        RevisionOut {
            row: found.row,
            column: found.column,
            given: shown(found.given),
            factor: shown(found.factor),
            fitting: shown(found.fitting),
            ratio_after: shown(found.ratio_after),
        }
    }
}

impl From<&JudgementSpread> for JudgementSpreadOut {
    fn from(found: &JudgementSpread) -> JudgementSpreadOut {
        JudgementSpreadOut {
            row: found.row,
            column: found.column,
            lowest: shown(found.lowest),
            geometric_mean: shown(found.geometric_mean),
            highest: shown(found.highest),
            spread: shown(found.spread),
        }
    }
}
