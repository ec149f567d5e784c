//! What the rounds of a panel came to, as far as the caller may know.

use std::cmp::Ordering;

use serde::Serialize;
use utoipa::ToSchema;

use crate::platform::db::{DbError, read_document};
use crate::rating::facts::model::{value_or_null, value_schema};
use crate::rating::panels::actions::{Seen, Sight};
use crate::rating::panels::model::{
    Findings, IndicatorSummary, Opinion, PanelRound, RoundSummary, Scores, Spread,
};
use kernel::clock::Instant;
use kernel::text::{Note, Subject};
use methods::numbers::shown;
use methods::scoring::Value;

/// A round of a panel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PanelRound)]
pub struct RoundOut {
    #[schema(minimum = 1, maximum = 3)]
    round: i32,
    opened_at: Instant,
    closed_at: Option<Instant>,
    /// What it came to; null while it is open.
    summary: Option<RoundSummaryOut>,
}

/// What a round came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PanelRoundSummary)]
pub struct RoundSummaryOut {
    #[schema(minimum = 0, maximum = 30)]
    answered: usize,
    /// Who had not answered; null for who may not know.
    #[schema(max_items = 30)]
    missing: Option<Vec<Subject>>,
    /// Kendall's W, corrected for ties: whether the experts put the indicators that are scored in numbers in the same
    /// order, 0 to 1; null when there is no order to compare.
    concordance: Option<f64>,
    /// Whether the experts agreed on every indicator.
    agreed: bool,
    #[schema(max_items = 50)]
    indicators: Vec<IndicatorSummaryOut>,
}

/// What a round came to on one indicator.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PanelIndicatorSummary)]
pub struct IndicatorSummaryOut {
    #[schema(max_length = 64)]
    indicator: String,
    /// The median, or the commonest answer; null when several answers are level.
    #[schema(schema_with = value_or_null)]
    result: Option<Value>,
    /// Whether the dispersion is within the panel's limit.
    agreed: bool,
    /// 0, where all say the same, to 1.
    dispersion: f64,
    /// Where the scores lie; null for answers.
    numbers: Option<SpreadOut>,
    /// How often each answer was given; empty for numbers.
    #[schema(max_items = 50)]
    answers: Vec<AnswerCountOut>,
    /// Every score with its note, by value, so that nobody is known by the place; empty for who reads figures alone.
    #[schema(max_items = 30)]
    scores: Vec<NamelessScoreOut>,
}

/// Where scores lie.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PanelSpread)]
pub struct SpreadOut {
    median: f64,
    mean: f64,
    lower_quartile: f64,
    upper_quartile: f64,
    interquartile_range: f64,
    standard_deviation: f64,
    minimum: f64,
    maximum: f64,
}

impl From<&Spread> for SpreadOut {
    #[expect(clippy::float_arithmetic, reason = "scores are no money")]
    fn from(spread: &Spread) -> SpreadOut {
        SpreadOut {
            median: shown(spread.median),
            mean: shown(spread.mean),
            lower_quartile: shown(spread.lower_quartile),
            upper_quartile: shown(spread.upper_quartile),
            interquartile_range: shown(spread.upper_quartile - spread.lower_quartile),
            standard_deviation: shown(spread.standard_deviation),
            minimum: shown(spread.minimum),
            maximum: shown(spread.maximum),
        }
    }
}

/// How often an answer was given.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PanelAnswerCount)]
pub struct AnswerCountOut {
    #[schema(max_length = 64)]
    answer: String,
    #[schema(minimum = 0, maximum = 30)]
    count: usize,
}

/// A score in a round that is closed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PanelScore)]
pub struct NamelessScoreOut {
    #[schema(schema_with = value_schema)]
    value: Value,
    note: Option<Note>,
    /// Who gave it; null for who may not know.
    expert: Option<Subject>,
}

impl RoundOut {
    pub fn of(seen: &Seen, round: &PanelRound) -> Result<RoundOut, DbError> {
        let summary = match &round.summary {
            Some(text) => Some(RoundSummaryOut::of(
                seen,
                round.round,
                read_document(text)?,
            )?),
            None => None,
        };
        Ok(RoundOut {
            round: round.round,
            opened_at: round.opened_at,
            closed_at: round.closed_at,
            summary,
        })
    }
}

impl RoundSummaryOut {
    fn of(seen: &Seen, round: i32, summary: RoundSummary) -> Result<RoundSummaryOut, DbError> {
        let agreed = summary.is_agreed();
        let mut said: Vec<(Option<Subject>, Scores)> = Vec::new();
        if seen.sight >= Sight::Nameless {
            for expert in &seen.experts {
                if let Some(opinion) = last_of(seen, expert, round) {
                    let name = (seen.sight == Sight::Names).then(|| expert.clone());
                    said.push((name, read_document(&opinion.scores)?));
                }
            }
        }
        let indicators = summary.indicators.into_iter();
        Ok(RoundSummaryOut {
            answered: summary.answered,
            missing: (seen.sight == Sight::Names).then_some(summary.missing),
            concordance: summary.concordance.map(shown),
            agreed,
            indicators: indicators
                .map(|indicator| IndicatorSummaryOut::of(indicator, &said))
                .collect(),
        })
    }
}

impl IndicatorSummaryOut {
    fn of(found: IndicatorSummary, said: &[(Option<Subject>, Scores)]) -> IndicatorSummaryOut {
        let mut scores: Vec<NamelessScoreOut> = said
            .iter()
            .filter_map(|(expert, scores)| {
                let score = scores.get(&found.code)?;
                Some(NamelessScoreOut {
                    value: score.value.clone(),
                    note: score.note.clone(),
                    expert: expert.clone(),
                })
            })
            .collect();
        scores.sort_by(|a, b| in_order(&a.value, &b.value).then_with(|| a.note.cmp(&b.note)));
        let result = found.result().map(|value| match value {
            Value::Number(number) => Value::Number(shown(number)),
            Value::Answer(answer) => Value::Answer(answer),
        });
        let (numbers, answers) = match found.findings {
            Findings::Numbers(spread) => (Some(SpreadOut::from(&spread)), Vec::new()),
            Findings::Answers(answers) => {
                let counts = answers.counts.into_iter();
                let counts = counts.map(|(answer, count)| AnswerCountOut { answer, count });
                (None, counts.collect())
            }
        };
        IndicatorSummaryOut {
            result,
            indicator: found.code,
            agreed: found.agreed,
            dispersion: shown(found.dispersion),
            numbers,
            answers,
            scores,
        }
    }
}

fn in_order(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.total_cmp(other),
        (Value::Answer(one), Value::Answer(other)) => one.cmp(other),
        (Value::Number(_), Value::Answer(_)) => Ordering::Less,
        (Value::Answer(_), Value::Number(_)) => Ordering::Greater,
    }
}

/// The opinion of an expert that counts in a round.
pub fn last_of<'a>(seen: &'a Seen, expert: &Subject, round: i32) -> Option<&'a Opinion> {
    let mut said = seen.opinions.iter().rev();
    said.find(|opinion| opinion.round == round && opinion.subject == *expert)
}
