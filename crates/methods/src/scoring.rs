//! From the value of an indicator to a score, and from scores to a result in which every part can be seen.
//!
//! An indicator's scoring function turns its value into points from 0 to the indicator's full score. The result is the
//! weighted sum of the points' shares of the full score: 0 is the worst that can be said of a customer, 1 the best.

#![expect(
    clippy::float_arithmetic,
    reason = "scores and weights are f64; money is not handled here"
)]

mod features;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use features::{FeatureError, FeatureResult, FeatureScore, ScoredFeature, feature_analysis};

use super::numbers::{is_usable, share};

/// What is known of an indicator: a measured number, or somebody's answer to a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Number(f64),
    Answer(String),
}

/// How an indicator is scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// The indicator's code in the catalogue, by which its value is found.
    pub code: String,
    /// The points of a perfect value.
    #[serde(default = "one")]
    pub full_score: f64,
    pub scoring: Scoring,
    pub missing: Missing,
}

fn one() -> f64 {
    1.0
}

/// The function from a value to points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scoring {
    /// A straight line from no points at the worst value to the full score at the best, level beyond. The worst may be
    /// above the best: days late, 60 to 0.
    Linear { worst: f64, best: f64 },
    /// Straight lines between points in order of value, level before the first and after the last.
    Piecewise { points: Vec<Point> },
    /// Steps: the points of the highest `from` that the value reaches, `below` when it reaches none.
    Steps { below: f64, steps: Vec<Step> },
    /// The points of an answer.
    Table { answers: Vec<Answer> },
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    pub value: f64,
    pub score: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub from: f64,
    pub score: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub answer: String,
    pub score: f64,
}

/// What a missing value does. It is seen in the result whichever it is, and never counts as a zero that nobody decided.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum Missing {
    /// There is no result without this value.
    Refuse,
    /// The indicator gets these points.
    Score { score: f64 },
    /// The indicator is left out, its weight goes to the others in proportion, and the result is lowered by this share
    /// of its weight: with weight 0.10 and penalty 0.5, by 0.05.
    LeaveOut { penalty: f64 },
}

/// What is wrong with an indicator's scoring; `at` is a JSON pointer within the indicator.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScoringProblem {
    #[error("must be a number between -10^15 and 10^15")]
    NotANumber { at: String },
    #[error("must be from 0 to the full score, {full_score}")]
    OutsideFullScore { at: String, full_score: f64 },
    #[error("the full score must be above 0")]
    NoFullScore { at: String },
    #[error("the worst and the best value must differ")]
    WorstIsBest { at: String },
    #[error("needs at least {least} of them")]
    TooFew { at: String, least: usize },
    #[error("must be higher than the one before: write them in rising order")]
    NotRising { at: String },
    #[error("is listed twice, or empty: write each answer once")]
    Answer { at: String },
    #[error("the penalty is a share of the indicator's weight: 0 to 1")]
    Penalty { at: String },
}

impl ScoringProblem {
    /// Where in the indicator, as a JSON pointer.
    pub fn pointer(&self) -> &str {
        match self {
            ScoringProblem::NotANumber { at }
            | ScoringProblem::OutsideFullScore { at, .. }
            | ScoringProblem::NoFullScore { at }
            | ScoringProblem::WorstIsBest { at }
            | ScoringProblem::TooFew { at, .. }
            | ScoringProblem::NotRising { at }
            | ScoringProblem::Answer { at }
            | ScoringProblem::Penalty { at } => at,
        }
    }
}

impl Indicator {
    /// Everything that is wrong with the indicator; nothing when it can be scored.
    pub fn problems(&self) -> Vec<ScoringProblem> {
        let mut check = Check {
            full_score: self.full_score,
            problems: Vec::new(),
        };
        if self.full_score <= 0.0 || !is_usable(self.full_score) {
            check.problems.push(ScoringProblem::NoFullScore {
                at: "/full_score".to_owned(),
            });
        }
        match &self.scoring {
            Scoring::Linear { worst, best } => check.line(*worst, *best),
            Scoring::Piecewise { points } => {
                let pairs = points.iter().map(|point| (point.value, point.score));
                check.ladder("points", "value", 2, pairs);
            }
            Scoring::Steps { below, steps } => {
                check.score("/scoring/below", *below);
                let pairs = steps.iter().map(|step| (step.from, step.score));
                check.ladder("steps", "from", 1, pairs);
            }
            Scoring::Table { answers } => check.answers(answers),
        }
        match self.missing {
            Missing::Refuse => {}
            Missing::Score { score } => check.score("/missing/score", score),
            Missing::LeaveOut { penalty } => {
                if !(0.0..=1.0).contains(&penalty) {
                    let at = "/missing/penalty".to_owned();
                    check.problems.push(ScoringProblem::Penalty { at });
                }
            }
        }
        check.problems
    }

    /// The points of a value, and how they were found. The indicator must be free of [`Indicator::problems`].
    ///
    /// # Errors
    /// When the value is of the wrong kind, no finite number, or an answer that is not in the table.
    pub fn points(&self, value: &Value) -> Result<(f64, How), ScoreError> {
        let code = || self.code.clone();
        match (&self.scoring, value) {
            (Scoring::Table { answers }, Value::Answer(given)) => answers
                .iter()
                .find(|answer| answer.answer == *given)
                .map(|answer| {
                    let answer = (answer.score, answer.answer.clone());
                    (answer.0, How::Answer { answer: answer.1 })
                })
                .ok_or_else(|| ScoreError::UnknownAnswer {
                    indicator: code(),
                    answer: given.clone(),
                }),
            (Scoring::Table { .. }, Value::Number(_)) => {
                Err(ScoreError::AnswerNeeded { indicator: code() })
            }
            (_, Value::Answer(_)) => Err(ScoreError::NumberNeeded { indicator: code() }),
            (_, Value::Number(number)) if !is_usable(*number) => {
                Err(ScoreError::NumberNeeded { indicator: code() })
            }
            (Scoring::Linear { worst, best }, Value::Number(number)) => {
                Ok(between(*number, &line(*worst, *best, self.full_score)))
            }
            (Scoring::Piecewise { points }, Value::Number(number)) => Ok(between(*number, points)),
            (Scoring::Steps { below, steps }, Value::Number(number)) => {
                Ok(step(*number, *below, steps))
            }
        }
    }
}

/// How the points were found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum How {
    /// On the straight line between two points.
    Interpolated { lower: Point, upper: Point },
    /// Beyond the first or last point, whose score holds.
    Beyond { end: Point },
    /// On a step; `from` is none on the lowest, `to` none on the highest.
    Step { from: Option<f64>, to: Option<f64> },
    /// By a table of answers.
    Answer { answer: String },
    /// Nothing is known, and the rule for a missing value gives the points.
    MissingScored,
    /// Nothing is known; the weight went to the others, and the result is lowered.
    LeftOut,
}

/// An indicator with its weight in the whole and the place in its tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightedIndicator {
    /// The codes from the top of the tree down to here.
    pub path: Vec<String>,
    /// In the whole; over all indicators the sum is 1.
    pub weight: f64,
    pub indicator: Indicator,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    #[error("{indicator} takes a number between -10^15 and 10^15")]
    NumberNeeded { indicator: String },
    #[error("{indicator} takes one of its answers, not a number")]
    AnswerNeeded { indicator: String },
    #[error("{indicator} has no answer {answer:?}: give one that its table lists")]
    UnknownAnswer { indicator: String, answer: String },
    #[error("{indicator} is missing, and there is no result without it: record its value")]
    Missing { indicator: String },
    #[error("nothing is known of any indicator: record at least one value")]
    NothingKnown,
    #[error("the weights must be from 0 to 1 with sum 1")]
    Weights,
    #[error("the scoring of {indicator} gives no number: correct its problems first")]
    Scoring { indicator: String },
}

/// A result with all its parts: `score` = Σ contributions − `penalty`, not below 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// 0, the worst, to 1, the best.
    pub score: f64,
    /// The sum of the contributions.
    pub before_penalty: f64,
    /// What missing values cost.
    pub penalty: f64,
    /// The share of the weight of which a value is known.
    pub known_weight: f64,
    pub contributions: Vec<Contribution>,
}

/// What one indicator brings in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    pub path: Vec<String>,
    pub indicator: String,
    /// None when nothing is known.
    pub value: Option<Value>,
    /// None when the indicator is left out.
    pub points: Option<f64>,
    pub full_score: f64,
    /// As the tree says.
    pub weight: f64,
    /// As it counts, after what is left out gave its weight to the others.
    pub counted_weight: f64,
    /// Counted weight × points / full score.
    pub contribution: f64,
    /// What the missing value takes off the result.
    pub penalty: f64,
    pub how: How,
}

/// The result of a customer: Σ weight × points / full score, less the penalties of what is left out.
///
/// Example: weights 0.6 and 0.4, points 0.5 and 1 of 1: 0.7. With the second left out at penalty 0.5: 1 × 0.5 − 0.4 ×
/// 0.5 = 0.3.
///
/// # Errors
/// When weights do not sum to 1, a value does not fit its indicator, or one is missing that must not be.
pub fn total(
    indicators: &[WeightedIndicator],
    values: &BTreeMap<String, Value>,
) -> Result<Scored, ScoreError> {
    let sum: f64 = indicators.iter().map(|leaf| leaf.weight).sum();
    let all_shares = indicators
        .iter()
        .all(|leaf| (0.0..=1.0).contains(&leaf.weight));
    if !all_shares || (sum - 1.0).abs() > 1e-6 {
        return Err(ScoreError::Weights);
    }
    let mut contributions = indicators
        .iter()
        .map(|leaf| contribution(leaf, values.get(&leaf.indicator.code)))
        .collect::<Result<Vec<_>, _>>()?;
    let weight_where = |counts: fn(&Contribution) -> bool| {
        let counted = contributions.iter().filter(|part| counts(part));
        counted.map(|part| part.weight).sum::<f64>()
    };
    let known_weight = weight_where(|part| part.value.is_some());
    let counted = weight_where(|part| part.points.is_some());
    if known_weight <= 0.0 {
        return Err(ScoreError::NothingKnown);
    }
    for part in &mut contributions {
        if let Some(points) = part.points {
            part.counted_weight = share(part.weight, counted);
            part.contribution = part.counted_weight * points / part.full_score;
            if !part.contribution.is_finite() {
                let indicator = part.indicator.clone();
                return Err(ScoreError::Scoring { indicator });
            }
        }
    }
    let before_penalty: f64 = contributions.iter().map(|part| part.contribution).sum();
    let penalty: f64 = contributions.iter().map(|part| part.penalty).sum();
    Ok(Scored {
        score: (before_penalty - penalty).clamp(0.0, 1.0),
        before_penalty,
        penalty,
        known_weight,
        contributions,
    })
}

fn contribution(
    leaf: &WeightedIndicator,
    value: Option<&Value>,
) -> Result<Contribution, ScoreError> {
    let indicator = &leaf.indicator;
    let (points, penalty, how) = match (value, indicator.missing) {
        (Some(value), _) => {
            let (points, how) = indicator.points(value)?;
            (Some(points), 0.0, how)
        }
        (None, Missing::Score { score }) => (Some(score), 0.0, How::MissingScored),
        (None, Missing::LeaveOut { penalty }) => (None, leaf.weight * penalty, How::LeftOut),
        (None, Missing::Refuse) => {
            return Err(ScoreError::Missing {
                indicator: indicator.code.clone(),
            });
        }
    };
    Ok(Contribution {
        path: leaf.path.clone(),
        indicator: indicator.code.clone(),
        value: value.cloned(),
        points,
        full_score: indicator.full_score,
        weight: leaf.weight,
        counted_weight: 0.0,
        contribution: 0.0,
        penalty,
        how,
    })
}

/// The two ends of a line, in order of value.
fn line(worst: f64, best: f64, full_score: f64) -> [Point; 2] {
    let low = Point {
        value: worst,
        score: 0.0,
    };
    let high = Point {
        value: best,
        score: full_score,
    };
    if worst < best {
        [low, high]
    } else {
        [high, low]
    }
}

fn between(number: f64, points: &[Point]) -> (f64, How) {
    let upper = points.iter().position(|point| point.value > number);
    let end = match upper {
        None => points.last(),
        Some(0) => points.first(),
        Some(_) => None,
    };
    if let Some(end) = end {
        return (end.score, How::Beyond { end: *end });
    }
    let mut sides = points.iter().skip(upper.unwrap_or(0).saturating_sub(1));
    match (sides.next(), sides.next()) {
        (Some(lower), Some(upper)) => {
            let way = (number - lower.value) / (upper.value - lower.value);
            let how = How::Interpolated {
                lower: *lower,
                upper: *upper,
            };
            (lower.score + way * (upper.score - lower.score), how)
        }
        // No points at all: a scoring with problems, which scores nothing.
        _ => (0.0, How::MissingScored),
    }
}

fn step(number: f64, below: f64, steps: &[Step]) -> (f64, How) {
    let reached = steps.iter().rev().find(|step| step.from <= number);
    let next = steps.iter().find(|step| step.from > number);
    let how = How::Step {
        from: reached.map(|step| step.from),
        to: next.map(|step| step.from),
    };
    (reached.map_or(below, |step| step.score), how)
}

/// Collects what is wrong with an indicator.
struct Check {
    full_score: f64,
    problems: Vec<ScoringProblem>,
}

impl Check {
    fn number(&mut self, at: String, number: f64) {
        if !is_usable(number) {
            self.problems.push(ScoringProblem::NotANumber { at });
        }
    }

    fn score(&mut self, at: &str, score: f64) {
        let full_score = self.full_score;
        if !(score >= 0.0 && score <= full_score) {
            let at = at.to_owned();
            self.problems
                .push(ScoringProblem::OutsideFullScore { at, full_score });
        }
    }

    fn line(&mut self, worst: f64, best: f64) {
        self.number("/scoring/worst".to_owned(), worst);
        self.number("/scoring/best".to_owned(), best);
        if (worst - best).abs() <= 0.0 {
            let at = "/scoring/best".to_owned();
            self.problems.push(ScoringProblem::WorstIsBest { at });
        }
    }

    /// Values in rising order, each with its score.
    fn ladder(
        &mut self,
        list: &str,
        member: &str,
        least: usize,
        pairs: impl ExactSizeIterator<Item = (f64, f64)>,
    ) {
        if pairs.len() < least {
            let at = format!("/scoring/{list}");
            self.problems.push(ScoringProblem::TooFew { at, least });
        }
        let mut before = f64::NEG_INFINITY;
        for (place, (value, score)) in pairs.enumerate() {
            let at = format!("/scoring/{list}/{place}/{member}");
            self.number(at.clone(), value);
            if value <= before {
                self.problems.push(ScoringProblem::NotRising { at });
            }
            self.score(&format!("/scoring/{list}/{place}/score"), score);
            before = value;
        }
    }

    fn answers(&mut self, answers: &[Answer]) {
        if answers.is_empty() {
            let at = "/scoring/answers".to_owned();
            self.problems.push(ScoringProblem::TooFew { at, least: 1 });
        }
        let mut seen = BTreeSet::new();
        for (place, answer) in answers.iter().enumerate() {
            if answer.answer.trim().is_empty() || !seen.insert(&answer.answer) {
                let at = format!("/scoring/answers/{place}/answer");
                self.problems.push(ScoringProblem::Answer { at });
            }
            self.score(&format!("/scoring/answers/{place}/score"), answer.score);
        }
    }
}
