//! What a model says of a customer, in one form for all kinds: factor by factor.

#![expect(
    clippy::float_arithmetic,
    reason = "scores and shares are measurements, no money"
)]

use std::collections::BTreeMap;

use super::{Appraised, Factor, Ready, ReadyPart};
use crate::rating::models::model::{MissingCriterion, PointsRange, TopsisCriterion};
use crate::rating::rules::composite::{MissingModel, ModelScore, composite_score};
use methods::attributes::WeighedTree;
use methods::scorecard::{Against, Basis, Scorecard};
use methods::scoring::{How, Value};
use methods::topsis::{AnchoredCriterion, score_anchored};
use methods::training::{Answer, Answers};
use methods::tree::{DecisionTree, Side};

/// How many reasons are given.
const REASONS_MAX: usize = 4;

type Values = BTreeMap<String, Value>;

/// See [`Ready::appraise`].
pub fn appraise(model: &Ready, values: &Values) -> Result<Appraised, String> {
    match model {
        Ready::AttributeTree(tree) => by_attributes(tree, values),
        Ready::AnchoredTopsis(criteria) => by_topsis(criteria, values),
        Ready::Scorecard { scorecard, range } => by_scorecard(scorecard, *range, values),
        Ready::DecisionTree(tree) => by_tree(tree, values),
        Ready::Composite { parts, missing } => by_parts(parts, *missing, values),
    }
}

fn by_attributes(tree: &WeighedTree, values: &Values) -> Result<Appraised, String> {
    let asked: Values = tree
        .indicators
        .iter()
        .filter_map(|leaf| values.get_key_value(&leaf.indicator.code))
        .map(|(code, value)| (code.clone(), value.clone()))
        .collect();
    let result = tree
        .score(&asked)
        .map_err(|error| error.to_string())?
        .result;
    let factors: Vec<Factor> = result
        .contributions
        .into_iter()
        .map(|part| Factor {
            path: part.path,
            value: part.value,
            basis: basis_of(&part.how).to_owned(),
            weight: Some(part.counted_weight),
            points: part.points,
            best_points: Some(part.full_score),
            contribution: Some(part.contribution),
            lost: Some(part.counted_weight - part.contribution + part.penalty),
        })
        .collect();
    Ok(Appraised {
        score: result.score,
        probability_of_default: None,
        points: None,
        penalty: result.penalty,
        label: None,
        reasons: costliest(&factors),
        factors,
    })
}

const fn basis_of(how: &How) -> &'static str {
    match how {
        How::Interpolated { .. } => "interpolated",
        How::Beyond { .. } => "beyond",
        How::Step { .. } => "step",
        How::Answer { .. } => "answer",
        How::MissingScored => "missing_scored",
        How::LeftOut => "left_out",
    }
}

/// The codes of the factors that lost most.
fn costliest(factors: &[Factor]) -> Vec<String> {
    let mut losing: Vec<(f64, &String)> = factors
        .iter()
        .filter_map(|factor| Some((factor.lost.filter(|lost| *lost > 0.0)?, factor.path.last()?)))
        .collect();
    losing.sort_by(|(a, _), (b, _)| b.total_cmp(a)); // stable: the model's order decides ties
    let codes = losing.into_iter().map(|(_, code)| code.clone());
    codes.take(REASONS_MAX).collect()
}

fn by_topsis(criteria: &[TopsisCriterion], values: &Values) -> Result<Appraised, String> {
    let mut known = Vec::with_capacity(criteria.len());
    let mut numbers = Vec::with_capacity(criteria.len());
    for criterion in criteria {
        let code = &criterion.code;
        let value = values.get(code);
        let number = match (value, criterion.missing) {
            (Some(Value::Number(number)), _) => *number,
            (Some(Value::Answer(_)), _) => return Err(format!("{code} takes a number")),
            (None, MissingCriterion::Worst) => criterion.worst,
            (None, MissingCriterion::Refuse) => {
                return Err(format!(
                    "{code} is missing, and there is no result without it: record its value"
                ));
            }
        };
        known.push(value.cloned());
        numbers.push(number);
    }
    if known.iter().all(Option::is_none) {
        return Err("nothing is known of any criterion: record at least one value".to_owned());
    }
    let anchored: Vec<AnchoredCriterion> = criteria
        .iter()
        .map(|criterion| AnchoredCriterion {
            code: criterion.code.clone(),
            weight: criterion.weight,
            worst: criterion.worst,
            best: criterion.best,
        })
        .collect();
    let found = score_anchored(&anchored, &numbers).map_err(|error| error.to_string())?;
    let factors: Vec<Factor> = found
        .parts
        .into_iter()
        .zip(known)
        .map(|(part, value)| Factor {
            path: vec![part.code],
            basis: if value.is_some() {
                "anchored"
            } else {
                "missing_scored"
            }
            .to_owned(),
            value,
            weight: Some(part.best),
            points: None,
            best_points: None,
            contribution: Some(part.weighted),
            lost: Some(part.to_best),
        })
        .collect();
    Ok(Appraised {
        score: found.closeness,
        probability_of_default: None,
        points: None,
        penalty: 0.0,
        label: None,
        reasons: costliest(&factors),
        factors,
    })
}

/// What is known, as models that learn know it.
fn answers(values: &Values) -> Answers {
    let answer = |value: &Value| match value {
        Value::Number(number) => Answer::Number(*number),
        Value::Answer(text) => Answer::Text(text.clone()),
    };
    let pairs = values.iter();
    pairs
        .map(|(code, value)| (code.clone(), answer(value)))
        .collect()
}

fn by_scorecard(
    scorecard: &Scorecard,
    range: Option<PointsRange>,
    values: &Values,
) -> Result<Appraised, String> {
    let scored = scorecard
        .score(&answers(values))
        .map_err(|error| error.to_string())?;
    let score = match (range, scored.probability_of_default) {
        (None, Some(probability)) => 1.0 - probability,
        (range, _) => {
            let PointsRange { worst, best } = range.unwrap_or_else(|| attainable(scorecard));
            methods::numbers::share(scored.score - worst, best - worst)
        }
    };
    let reasons = scored.reason_codes(Against::Best, REASONS_MAX);
    let factors = scored
        .contributions
        .into_iter()
        .map(|part| Factor {
            value: values.get(&part.characteristic).cloned(),
            path: vec![part.characteristic],
            basis: match part.basis {
                Basis::Value => "value",
                Basis::MissingBand => "missing_band",
                Basis::Missing => "missing_scored",
                Basis::Unknown => "unknown_value",
            }
            .to_owned(),
            weight: None,
            points: Some(part.points),
            best_points: Some(part.best_points),
            contribution: None,
            lost: Some(part.best_points - part.points),
        })
        .collect();
    Ok(Appraised {
        score: score.clamp(0.0, 1.0),
        probability_of_default: scored.probability_of_default,
        points: Some(scored.score),
        penalty: 0.0,
        label: None,
        factors,
        reasons: reasons
            .into_iter()
            .map(|reason| reason.characteristic)
            .collect(),
    })
}

/// The fewest and the most points that bands can give.
fn attainable(scorecard: &Scorecard) -> PointsRange {
    let sum = |pick: fn(f64, f64) -> f64| {
        let tables = scorecard.characteristics.iter();
        let of = |points: Vec<f64>| points.into_iter().reduce(pick).unwrap_or(0.0);
        let sums = tables.map(|table| of(table.bands.iter().map(|row| row.points).collect()));
        scorecard.base_points + sums.sum::<f64>()
    };
    PointsRange {
        worst: sum(f64::min),
        best: sum(f64::max),
    }
}

fn by_tree(tree: &DecisionTree, values: &Values) -> Result<Appraised, String> {
    let found = tree
        .predict(&answers(values))
        .map_err(|error| error.to_string())?;
    let factors: Vec<Factor> = found
        .path
        .iter()
        .map(|turn| Factor {
            path: vec![turn.characteristic.clone()],
            value: values.get(&turn.characteristic).cloned(),
            basis: match (turn.by_missing, turn.side) {
                (true, _) => "missing_scored",
                (false, Side::Holds) => "holds",
                (false, Side::Fails) => "fails",
            }
            .to_owned(),
            weight: None,
            points: None,
            best_points: None,
            contribution: None,
            lost: None,
        })
        .collect();
    // The last questions tell most about the leaf.
    let reasons = factors.iter().rev().filter_map(|factor| factor.path.last());
    Ok(Appraised {
        score: 1.0 - found.probability_of_default,
        probability_of_default: Some(found.probability_of_default),
        points: None,
        penalty: 0.0,
        label: found.label,
        reasons: reasons.take(REASONS_MAX).cloned().collect(),
        factors,
    })
}

fn by_parts(
    parts: &[ReadyPart],
    missing: MissingModel,
    values: &Values,
) -> Result<Appraised, String> {
    let appraised: Vec<Option<Appraised>> = parts
        .iter()
        .map(|part| part.model.appraise(values).ok())
        .collect();
    let scores: Vec<ModelScore> = parts
        .iter()
        .zip(&appraised)
        .map(|(part, appraised)| ModelScore {
            model: part.name.clone(),
            share: part.share,
            score: appraised.as_ref().map(|found| found.score),
        })
        .collect();
    let found = composite_score(&scores, missing).map_err(|error| error.to_string())?;
    let probability_of_default = shared_probability(parts, &appraised);
    let mut factors = Vec::new();
    let mut reasons: Vec<(f64, Vec<String>)> = Vec::new();
    for (part, appraised) in found.parts.into_iter().zip(appraised) {
        let lost = part.share - part.contribution;
        factors.push(Factor {
            path: vec![part.model.clone()],
            value: None,
            basis: if part.was_missing {
                "missing_model"
            } else {
                "model"
            }
            .to_owned(),
            weight: Some(part.share),
            points: appraised.as_ref().and_then(|found| found.points),
            best_points: None,
            contribution: Some(part.contribution),
            lost: Some(lost),
        });
        let Some(appraised) = appraised else {
            continue;
        };
        let shared = |number: Option<f64>| number.map(|number| number * part.share);
        let in_points = appraised.points.is_some();
        factors.extend(appraised.factors.into_iter().map(|factor| Factor {
            path: [vec![part.model.clone()], factor.path].concat(),
            weight: shared(factor.weight),
            contribution: shared(factor.contribution),
            lost: if in_points {
                factor.lost
            } else {
                shared(factor.lost)
            },
            ..factor
        }));
        reasons.push((lost, appraised.reasons));
    }
    reasons.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let reasons = reasons.into_iter().flat_map(|(_, codes)| codes);
    Ok(Appraised {
        score: found.score,
        probability_of_default,
        points: None,
        penalty: 0.0,
        label: None,
        factors,
        reasons: reasons.take(REASONS_MAX).collect(),
    })
}

/// The parts' probabilities by their shares; none when a part gives none.
fn shared_probability(parts: &[ReadyPart], appraised: &[Option<Appraised>]) -> Option<f64> {
    let (mut sum, mut shares) = (0.0, 0.0);
    for (part, appraised) in parts.iter().zip(appraised) {
        sum += part.share * appraised.as_ref()?.probability_of_default?;
        shares += part.share;
    }
    (shares > 0.0).then(|| (sum / shares).clamp(0.0, 1.0))
}
