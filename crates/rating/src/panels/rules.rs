//! What a panel may do next, whether an opinion can be taken, and what opinions come to together.

#![expect(
    clippy::float_arithmetic,
    reason = "scores and their spread are statistics, not money"
)]

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::model::{
    Answers, Findings, IndicatorSummary, Panel, PanelStatus, RoundSummary, Score, Scores, Spread,
};
use crate::rating::catalogue::{self, Entry, Kind, Origin};
use crate::rating::facts::rules::{NoAnswer, check};
use kernel::text::{Keyword, Subject};
use methods::numbers::{of_count, of_ppm, share};
use methods::scoring::Value;
use methods::validation::correlation::concordance;

/// What can be done with a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    GiveOpinion,
    CloseRound,
    OpenRound,
    Conclude,
    Cancel,
}

impl Verb {
    pub const ALL: [Verb; 5] = [
        Verb::GiveOpinion,
        Verb::CloseRound,
        Verb::OpenRound,
        Verb::Conclude,
        Verb::Cancel,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Verb::GiveOpinion => "give_opinion",
            Verb::CloseRound => "close_round",
            Verb::OpenRound => "open_round",
            Verb::Conclude => "conclude",
            Verb::Cancel => "cancel",
        }
    }
}

/// Where a verb leads a panel; none when it leads nowhere from where it stands. There is no round after the last.
pub const fn transition(panel: &Panel, verb: Verb) -> Option<PanelStatus> {
    match (verb, leads(panel.status, verb)) {
        (Verb::OpenRound, _) if panel.round >= panel.rounds_max => None,
        (_, to) => to,
    }
}

/// Where a verb leads from a status, as long as there are rounds left.
pub const fn leads(status: PanelStatus, verb: Verb) -> Option<PanelStatus> {
    use PanelStatus as S;
    match (verb, status) {
        (Verb::GiveOpinion, S::Scoring) | (Verb::OpenRound, S::Reviewing) => Some(S::Scoring),
        (Verb::CloseRound, S::Scoring) => Some(S::Reviewing),
        (Verb::Conclude, S::Reviewing) => Some(S::Concluded),
        (Verb::Cancel, S::Scoring | S::Reviewing) => Some(S::Cancelled),
        _ => None,
    }
}

/// What can be done with a panel now.
pub fn allowed(panel: &Panel) -> Vec<&'static str> {
    let verbs = Verb::ALL.into_iter();
    verbs
        .filter(|verb| transition(panel, *verb).is_some())
        .map(Verb::as_str)
        .collect()
}

/// Why no panel is convened so. Places are counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConveningError {
    #[error("is no indicator of the catalogue")]
    NoIndicator { place: usize },
    #[error(
        "is no matter of judgement: a panel is asked for qualitative indicators that people answer"
    )]
    NotJudged { place: usize },
    #[error("is named twice")]
    IndicatorTwice { place: usize },
    #[error("is named twice")]
    ExpertTwice { place: usize },
    #[error("convenes the panel: who counts the opinions gives none")]
    ConvenerIsExpert { place: usize },
    #[error("must be from 2 to the number of experts, {experts}")]
    Quorum { experts: usize },
}

/// Whether a panel can be convened on these indicators with these experts, and the quorum when none is given: more than
/// half of the experts, and at least two. Of five it is three.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_convened(
    convener: &Subject,
    indicators: &[Keyword],
    experts: &[Subject],
    quorum: Option<i32>,
) -> Result<i32, ConveningError> {
    let mut codes = BTreeSet::new();
    for (place, code) in indicators.iter().enumerate() {
        let entry = catalogue::find(code.as_str()).ok_or(ConveningError::NoIndicator { place })?;
        if !is_judged(entry) {
            return Err(ConveningError::NotJudged { place });
        }
        if !codes.insert(code) {
            return Err(ConveningError::IndicatorTwice { place });
        }
    }
    let mut people = BTreeSet::new();
    for (place, expert) in experts.iter().enumerate() {
        if expert == convener {
            return Err(ConveningError::ConvenerIsExpert { place });
        }
        if !people.insert(expert) {
            return Err(ConveningError::ExpertTwice { place });
        }
    }
    let count = i32::try_from(experts.len()).unwrap_or(i32::MAX);
    let quorum = quorum.unwrap_or_else(|| count.div_euclid(2).saturating_add(1).max(2));
    if (2..=count).contains(&quorum) {
        Ok(quorum)
    } else {
        let experts = experts.len();
        Err(ConveningError::Quorum { experts })
    }
}

/// Whether an indicator is for experts to judge.
fn is_judged(entry: &Entry) -> bool {
    entry.kind == Kind::Qualitative && matches!(entry.origin, Origin::Said(..) | Origin::Chosen(_))
}

/// Why an opinion is not taken. Places are counted from 0.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OpinionError {
    #[error("is not among the indicators that the panel is asked for")]
    NotAsked { place: usize },
    #[error("is scored twice")]
    Twice { place: usize },
    #[error("{code} is not scored: an opinion scores every indicator of the panel")]
    NotScored { code: String },
    #[error("{why}")]
    NoAnswer { place: usize, why: NoAnswer },
    #[error("must say why: the middle half of the panel said {middle} in the round before")]
    NoteNeeded { place: usize, middle: String },
}

/// The scores of an opinion, when it can be taken: every indicator once, each within its range or among its answers. In
/// a later round, who stays outside of what the middle half of the panel said before has to say why.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_opinion(
    codes: &[String],
    given: &[(Keyword, Score)],
    before: Option<&RoundSummary>,
) -> Result<Scores, OpinionError> {
    let mut scores = Scores::new();
    for (place, (code, score)) in given.iter().enumerate() {
        let entry = codes
            .iter()
            .find(|asked| *asked == code.as_str())
            .and_then(|asked| catalogue::find(asked))
            .ok_or(OpinionError::NotAsked { place })?;
        check(entry, &score.value).map_err(|why| OpinionError::NoAnswer { place, why })?;
        let middle = before
            .and_then(|before| before.of(code.as_str()))
            .and_then(|before| outside(&before.findings, &score.value));
        if let Some(middle) = middle.filter(|_| score.note.is_none()) {
            return Err(OpinionError::NoteNeeded { place, middle });
        }
        if scores.insert(code.to_string(), score.clone()).is_some() {
            return Err(OpinionError::Twice { place });
        }
    }
    match codes.iter().find(|code| !scores.contains_key(*code)) {
        Some(code) => Err(OpinionError::NotScored { code: code.clone() }),
        None => Ok(scores),
    }
}

/// What the middle of the panel said, when a score lies outside of it.
fn outside(before: &Findings, value: &Value) -> Option<String> {
    match (before, value) {
        (Findings::Numbers(spread), Value::Number(number)) => {
            let (low, high) = (spread.lower_quartile, spread.upper_quartile);
            (!(low..=high).contains(number)).then(|| format!("{low:.2} to {high:.2}"))
        }
        (Findings::Answers(answers), Value::Answer(given)) => answers
            .commonest()
            .filter(|commonest| commonest != given)
            .map(str::to_owned),
        _ => None,
    }
}

/// What opinions come to together; of each expert there is one.
///
/// The order of the experts is of no account. The dispersion of numbers is the range of their middle half (Q3 − Q1) as a
/// share of the indicator's whole range, that of answers the share of the experts who did not give the commonest one.
///
/// Example: 6, 7, 7, 8, 10 of 10 points have the quartiles 7 and 8: dispersion 0.1, agreed where the limit is 0.2.
pub fn summarise(
    codes: &[String],
    experts: &[Subject],
    dispersion_limit_ppm: i64,
    opinions: &BTreeMap<Subject, Scores>,
) -> RoundSummary {
    let limit = of_ppm(dispersion_limit_ppm);
    let missing = experts
        .iter()
        .filter(|expert| !opinions.contains_key(*expert));
    RoundSummary {
        missing: missing.cloned().collect(),
        answered: opinions.len(),
        indicators: codes
            .iter()
            .filter_map(|code| of_indicator(code, limit, opinions))
            .collect(),
        concordance: agreement_on_order(codes, opinions),
    }
}

fn of_indicator(
    code: &str,
    limit: f64,
    opinions: &BTreeMap<Subject, Scores>,
) -> Option<IndicatorSummary> {
    let values = opinions.values().filter_map(|scores| scores.get(code));
    let values = values.map(|score| &score.value);
    let (findings, dispersion) = match catalogue::find(code)?.origin {
        Origin::Said(least, most) => {
            let spread = spread(values.filter_map(number))?;
            let width = spread.upper_quartile - spread.lower_quartile;
            (Findings::Numbers(spread), share(width, most - least))
        }
        _ => counted(values)?,
    };
    Some(IndicatorSummary {
        code: code.to_owned(),
        findings,
        dispersion,
        // What parts per million can't tell apart is no disagreement.
        agreed: dispersion <= limit + 1e-9,
    })
}

/// How often each answer was given, and the share of those who did not give the commonest.
fn counted<'a>(values: impl Iterator<Item = &'a Value>) -> Option<(Findings, f64)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in values {
        if let Value::Answer(answer) = value {
            let count = counts.entry(answer.clone()).or_default();
            *count = count.saturating_add(1);
        }
    }
    let all = of_count(counts.values().sum());
    let most = of_count(counts.values().copied().max()?);
    Some((
        Findings::Answers(Answers { counts }),
        1.0 - share(most, all),
    ))
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Answer(_) => None,
    }
}

/// Where numbers lie; none where there are none. Quartiles lie between the two nearest numbers in proportion (type 7 of
/// Hyndman and Fan, Sample quantiles in statistical packages, 1996), as spreadsheets have them.
pub fn spread(numbers: impl Iterator<Item = f64>) -> Option<Spread> {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (minimum, maximum) = (*sorted.first()?, *sorted.last()?);
    let count = of_count(sorted.len());
    // The mean of equal numbers is that number, whatever rounding makes of their sum.
    let mean = (sorted.iter().sum::<f64>() / count).clamp(minimum, maximum);
    let squares = sorted.iter().map(|number| (number - mean).powi(2));
    let standard_deviation = (squares.sum::<f64>() / count).sqrt();
    Some(Spread {
        minimum,
        lower_quartile: quantile(&sorted, 0.25),
        median: quantile(&sorted, 0.5),
        upper_quartile: quantile(&sorted, 0.75),
        maximum,
        mean,
        standard_deviation,
    })
}

fn quantile(sorted: &[f64], part: f64) -> f64 {
    let mut rest = part * of_count(sorted.len().saturating_sub(1));
    for pair in sorted.windows(2) {
        if let [low, high] = pair
            && rest <= 1.0
        {
            return (low + (high - low) * rest).clamp(*low, *high);
        }
        rest -= 1.0;
    }
    sorted.last().copied().unwrap_or_default()
}

/// Whether the experts put the indicators in the same order, from what they think best to what they think worst. Each
/// score counts as its share of its indicator's range.
fn agreement_on_order(codes: &[String], opinions: &BTreeMap<Subject, Scores>) -> Option<f64> {
    let scored: Vec<(&String, f64, f64)> = codes
        .iter()
        .filter_map(|code| match catalogue::find(code)?.origin {
            Origin::Said(least, most) => Some((code, least, most)),
            _ => None,
        })
        .collect();
    let rows: Vec<Vec<f64>> = opinions
        .values()
        .map(|scores| {
            let shares = scored.iter().filter_map(|(code, least, most)| {
                let score = number(&scores.get(*code)?.value)?;
                Some(share(score - least, most - least))
            });
            shares.collect()
        })
        .collect();
    concordance(&rows).ok()
}
