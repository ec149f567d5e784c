//! Weights from pairwise judgements, tried without a model.

use crate::rating::models::input::{JudgementsIn, TableName, matrix_schema};
use actix_web::{post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::platform::http::auth::ReadModels;
use crate::platform::http::{Actor, Answer, Command, Outcome, Problem};
use methods::ahp::{
    Consistency, GroupPriorities, JudgementSpread, Priorities, RandomIndexTable, Revision, Verdict,
};
use methods::numbers::shown;

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

impl From<TableName> for RandomIndexTable {
    fn from(name: TableName) -> RandomIndexTable {
        match name {
            TableName::Saaty => RandomIndexTable::Saaty,
            TableName::Saaty2005 => RandomIndexTable::Saaty2005,
            TableName::AlonsoLamata2006 => RandomIndexTable::AlonsoLamata2006,
        }
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
