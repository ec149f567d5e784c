//! Grades: from a score to a letter, up and down by notches, and how a whole book moves between grades.

mod migration;
mod segments;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::numbers::is_usable;

pub use migration::{Migration, MigrationError, MigrationRow, Moves, migration};
pub use segments::{
    GradeBand, PlacedCustomer, PortfolioCell, PortfolioMatrix, SegmentError, portfolio_matrix,
};

/// The most grades of a scale.
pub const GRADES_MAX: usize = 30;

/// The seven grades that are given by score, best first.
pub const SEVEN_GRADES: [&str; 7] = ["AAA", "AA", "A", "BBB", "BB", "B", "CCC"];

/// Where netterms' scale cuts scores from 0 to 1 until a book's own scores say better. Rising: the first cut-off
/// divides CCC from B.
pub const SEVEN_CUT_OFFS: [f64; 6] = [0.25, 0.40, 0.50, 0.60, 0.70, 0.85];

/// Up to which probability of default each grade but the lowest reaches, and the probability that is reckoned with for
/// each, best first. The bands are those of the German rating initiative's classes, split at the ends; no grade is below
/// the floor of 0.05% that Basel sets (CRE32).
pub const SEVEN_PROBABILITIES: [(Option<f64>, f64); 7] = [
    (Some(0.001), 0.0005),
    (Some(0.003), 0.0017),
    (Some(0.007), 0.0046),
    (Some(0.015), 0.010),
    (Some(0.03), 0.021),
    (Some(0.08), 0.049),
    (None, 0.15),
];

/// The probability of default that is reckoned with for who could not be rated.
pub const NOT_RATED_PROBABILITY: f64 = 0.03;

/// A grade that is given by score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grade {
    pub code: String,
    /// The lowest score of this grade; none for the lowest grade, which takes all the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    /// The highest probability of default of this grade, for models that give one; none for the lowest grade, which
    /// takes all the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability_up_to: Option<f64>,
    /// How likely a customer of this grade defaults within a year, from 0 to 1; none when nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability_of_default: Option<f64>,
}

/// Grades from the best to the worst, and the two that no score gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ScaleDocument", into = "ScaleDocument")]
pub struct GradeScale {
    document: ScaleDocument,
}

/// A scale as it is written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleDocument {
    /// Best first.
    pub grades: Vec<Grade>,
    /// The grade of who has defaulted: `D`. Worse than all others; given by a fact, never by a score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_default: Option<String>,
    /// The grade of who is not rated: `NR`. Neither better nor worse than others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_rated: Option<String>,
    /// How likely a customer who is not rated defaults within a year, from 0 to 1; none when nobody has said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_rated_probability_of_default: Option<f64>,
}

/// What is wrong with a scale; [`ScaleError::pointer`] says where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScaleError {
    #[error("a scale has 2 to 30 grades")]
    Count,
    #[error("grade {place}: the code must be 1 to 10 letters, digits, + and -")]
    Code { place: usize },
    #[error("the code {code} is used twice")]
    CodeTwice { code: String },
    #[error("grade {place} needs a cut-off: the lowest score that it takes")]
    NoCutOff { place: usize },
    #[error("grade {place} is the lowest and takes all the rest: leave its cut-off out")]
    LowestCutOff { place: usize },
    #[error("grade {place}: the cut-off must be a number between -10^15 and 10^15")]
    NotANumber { place: usize },
    #[error("grade {place}: the cut-off must be below that of the better grade before it")]
    NotFalling { place: usize },
    #[error("grade {place}: the probability of default must be a number from 0 to 1")]
    Probability { place: usize },
    #[error("grade {place}: the probability of default must not be below that of a better grade")]
    ProbabilityFalls { place: usize },
    #[error("{grades} grades need one cut-off fewer, {cut_offs} are given")]
    CutOffs { grades: usize, cut_offs: usize },
    #[error(
        "grade {place}: the highest probability of default must lie above that of the better grade and below 1; give it to all grades but the lowest, or to none"
    )]
    Band { place: usize },
    #[error("the probability of default of who is not rated must be a number from 0 to 1")]
    NotRatedProbability,
    #[error("the score must be a number")]
    Score,
    #[error(
        "the scale has no cut-offs for scores: it grades models that give a probability of default"
    )]
    NotByScore,
    #[error("there is no grade {code} on this scale")]
    Unknown { code: String },
    #[error("{code} is not given by score: it can't be moved by notches")]
    NotOnTheLadder { code: String },
    #[error("{asked} notches are asked for, {allowed} at most are allowed")]
    TooManyNotches { asked: u32, allowed: u32 },
    #[error("the best bound {best} is worse than the worst bound {worst}")]
    Bounds { best: String, worst: String },
}

impl ScaleError {
    /// Where in the scale's document, as a JSON pointer.
    pub fn pointer(&self) -> String {
        match self {
            ScaleError::Code { place } => format!("/grades/{place}/code"),
            ScaleError::NoCutOff { place }
            | ScaleError::LowestCutOff { place }
            | ScaleError::NotANumber { place }
            | ScaleError::NotFalling { place } => format!("/grades/{place}/from"),
            ScaleError::Probability { place } | ScaleError::ProbabilityFalls { place } => {
                format!("/grades/{place}/probability_of_default")
            }
            ScaleError::Band { place } => format!("/grades/{place}/probability_up_to"),
            ScaleError::NotRatedProbability => "/not_rated_probability_of_default".to_owned(),
            _ => "/grades".to_owned(),
        }
    }
}

impl TryFrom<ScaleDocument> for GradeScale {
    type Error = ScaleError;

    fn try_from(document: ScaleDocument) -> Result<GradeScale, ScaleError> {
        let count = document.grades.len();
        if !(2..=GRADES_MAX).contains(&count) {
            return Err(ScaleError::Count);
        }
        check_codes(&document)?;
        check_probabilities(&document.grades)?;
        let not_rated = document.not_rated_probability_of_default;
        if not_rated.is_some_and(|probability| !(0.0..=1.0).contains(&probability)) {
            return Err(ScaleError::NotRatedProbability);
        }
        let is_by_probability = document
            .grades
            .iter()
            .any(|grade| grade.probability_up_to.is_some());
        let is_by_score = document.grades.iter().any(|grade| grade.from.is_some());
        if is_by_probability {
            check_bands(&document.grades)?;
        }
        if is_by_score || !is_by_probability {
            check_cut_offs(&document.grades)?;
        }
        Ok(GradeScale { document })
    }
}

impl From<GradeScale> for ScaleDocument {
    fn from(scale: GradeScale) -> ScaleDocument {
        scale.document
    }
}

/// Every grade but the lowest has a cut-off, and each is below that of the better grade.
fn check_cut_offs(grades: &[Grade]) -> Result<(), ScaleError> {
    let mut better = f64::INFINITY;
    for (place, grade) in grades.iter().enumerate() {
        match (grade.from, place + 1 == grades.len()) {
            (None, true) => {}
            (None, false) => return Err(ScaleError::NoCutOff { place }),
            (Some(_), true) => return Err(ScaleError::LowestCutOff { place }),
            (Some(from), false) if !is_usable(from) => {
                return Err(ScaleError::NotANumber { place });
            }
            (Some(from), false) if from >= better => {
                return Err(ScaleError::NotFalling { place });
            }
            (Some(from), false) => better = from,
        }
    }
    Ok(())
}

/// Every grade but the lowest has a highest probability, and each is above that of the better grade.
fn check_bands(grades: &[Grade]) -> Result<(), ScaleError> {
    let mut better = 0.0;
    for (place, grade) in grades.iter().enumerate() {
        let is_lowest = place + 1 == grades.len();
        match grade.probability_up_to {
            None if is_lowest => {}
            Some(most) if !is_lowest && most > better && most < 1.0 => better = most,
            _ => return Err(ScaleError::Band { place }),
        }
    }
    Ok(())
}

/// Worse grades default no less often than better ones, of those that say so.
fn check_probabilities(grades: &[Grade]) -> Result<(), ScaleError> {
    let mut better = 0.0;
    for (place, grade) in grades.iter().enumerate() {
        let Some(probability) = grade.probability_of_default else {
            continue;
        };
        if !(0.0..=1.0).contains(&probability) {
            return Err(ScaleError::Probability { place });
        }
        if probability < better {
            return Err(ScaleError::ProbabilityFalls { place });
        }
        better = probability;
    }
    Ok(())
}

fn check_codes(document: &ScaleDocument) -> Result<(), ScaleError> {
    let others = [&document.in_default, &document.not_rated];
    let codes = document.grades.iter().map(|grade| &grade.code);
    let mut seen = BTreeSet::new();
    for (place, code) in codes.chain(others.into_iter().flatten()).enumerate() {
        let of_code = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '-';
        if code.is_empty() || code.len() > 10 || !code.chars().all(of_code) {
            return Err(ScaleError::Code { place });
        }
        if !seen.insert(code) {
            return Err(ScaleError::CodeTwice { code: code.clone() });
        }
    }
    Ok(())
}

impl Default for GradeScale {
    /// AAA to CCC with netterms' cut-offs and probabilities, D and NR.
    fn default() -> GradeScale {
        let cut_offs = SEVEN_CUT_OFFS.iter().rev().copied().map(Some).chain([None]);
        let rows = SEVEN_GRADES.iter().zip(cut_offs).zip(SEVEN_PROBABILITIES);
        let grades = rows.map(|((code, from), (up_to, used))| Grade {
            code: (*code).to_owned(),
            from,
            probability_up_to: up_to,
            probability_of_default: Some(used),
        });
        GradeScale {
            document: ScaleDocument {
                grades: grades.collect(),
                in_default: Some("D".to_owned()),
                not_rated: Some("NR".to_owned()),
                not_rated_probability_of_default: Some(NOT_RATED_PROBABILITY),
            },
        }
    }
}

/// The grade of a score, and how safely it lies there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GradedScore {
    pub grade: String,
    pub score: f64,
    /// The lowest score of the grade; none for the lowest grade.
    pub from: Option<f64>,
    /// The lowest score of the next better grade; none for the best.
    pub below: Option<f64>,
}

/// How far an override or a rule may move a grade.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotchBounds {
    /// More notches than this are refused.
    #[serde(default)]
    pub most: Option<u32>,
    /// No better than this grade.
    #[serde(default)]
    pub best: Option<String>,
    /// No worse than this grade.
    #[serde(default)]
    pub worst: Option<String>,
}

/// A grade that was moved, or held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notched {
    pub from: String,
    pub to: String,
    /// Notches asked for; above 0 is better.
    pub asked: i32,
    /// Notches moved.
    pub moved: i32,
    /// Why it moved otherwise than asked.
    pub held_by: Option<HeldBy>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldBy {
    /// There is no better or no worse grade.
    EndOfScale,
    /// The best grade that is allowed.
    Cap,
    /// The worst grade that is allowed.
    Floor,
}

impl GradeScale {
    /// A scale of these grades, best first, cut at these scores, rising, as clustering proposes them.
    ///
    /// # Errors
    /// When the numbers of grades and cut-offs do not match, or the scale is wrong.
    pub fn from_cut_offs(codes: &[&str], cut_offs: &[f64]) -> Result<GradeScale, ScaleError> {
        let (grades, given) = (codes.len(), cut_offs.len());
        if grades != given + 1 {
            return Err(ScaleError::CutOffs {
                grades,
                cut_offs: given,
            });
        }
        let from = cut_offs.iter().rev().copied().map(Some).chain([None]);
        let grades = codes.iter().zip(from).map(|(code, from)| Grade {
            code: (*code).to_owned(),
            from,
            probability_up_to: None,
            probability_of_default: None,
        });
        GradeScale::try_from(ScaleDocument {
            grades: grades.collect(),
            in_default: Some("D".to_owned()),
            not_rated: Some("NR".to_owned()),
            not_rated_probability_of_default: None,
        })
    }

    /// The grades that are given by score, best first.
    pub fn grades(&self) -> &[Grade] {
        &self.document.grades
    }

    pub fn in_default(&self) -> Option<&str> {
        self.document.in_default.as_deref()
    }

    pub fn not_rated(&self) -> Option<&str> {
        self.document.not_rated.as_deref()
    }

    /// How likely a customer of a grade defaults within a year: 1 who has; none when the scale does not say.
    pub fn probability_of_default(&self, code: &str) -> Option<f64> {
        if self.in_default() == Some(code) {
            return Some(1.0);
        }
        if self.not_rated() == Some(code) {
            return self.document.not_rated_probability_of_default;
        }
        let grade = self.document.grades.iter().find(|one| one.code == code)?;
        grade.probability_of_default
    }

    /// All codes: the grades best first, then default, then not rated.
    pub fn codes(&self) -> Vec<String> {
        let ladder = self.document.grades.iter().map(|grade| &grade.code);
        let others = [&self.document.in_default, &self.document.not_rated];
        ladder
            .chain(others.into_iter().flatten())
            .cloned()
            .collect()
    }

    /// Whether the scale grades scores.
    pub fn is_by_score(&self) -> bool {
        let best = self.document.grades.first();
        best.is_some_and(|grade| grade.from.is_some())
    }

    /// Whether the scale grades probabilities of default.
    pub fn is_by_probability(&self) -> bool {
        let best = self.document.grades.first();
        best.is_some_and(|grade| grade.probability_up_to.is_some())
    }

    /// The grade of a customer whose model gives this score, and a probability of default where it gives one: by the
    /// probability, else by the score. A probability of 0.7% is an A on netterms' scale, of 0.71% a BBB.
    ///
    /// # Errors
    /// When the scale does not grade such models, or the number is none.
    pub fn grade_said(&self, score: f64, probability: Option<f64>) -> Result<&str, ScaleError> {
        let grades = &self.document.grades;
        let by_band = probability.filter(|_| self.is_by_probability());
        let found = if let Some(probability) = by_band {
            grades.iter().find(|grade| {
                grade
                    .probability_up_to
                    .is_none_or(|most| probability <= most)
            })
        } else {
            let by_score = self.grade(score)?;
            grades.iter().find(|grade| grade.code == by_score.grade)
        };
        found
            .map(|grade| grade.code.as_str())
            .ok_or(ScaleError::Score)
    }

    /// The grade of a score: the best whose cut-off the score reaches.
    ///
    /// # Errors
    /// When the score is no finite number, or the scale has no cut-offs for scores.
    pub fn grade(&self, score: f64) -> Result<GradedScore, ScaleError> {
        if !score.is_finite() {
            return Err(ScaleError::Score);
        }
        if !self.is_by_score() {
            return Err(ScaleError::NotByScore);
        }
        let mut below = None;
        for grade in &self.document.grades {
            if grade.from.is_none_or(|from| score >= from) {
                return Ok(GradedScore {
                    grade: grade.code.clone(),
                    score,
                    from: grade.from,
                    below,
                });
            }
            below = grade.from;
        }
        Err(ScaleError::Score) // the lowest grade has no cut-off
    }

    /// A grade's place from the best, counted from 0; default comes after the lowest. None for what is not rated.
    ///
    /// # Errors
    /// When there is no such grade.
    pub fn place(&self, code: &str) -> Result<Option<usize>, ScaleError> {
        let grades = &self.document.grades;
        if let Some(place) = grades.iter().position(|grade| grade.code == code) {
            return Ok(Some(place));
        }
        if self.in_default() == Some(code) {
            return Ok(Some(grades.len()));
        }
        if self.not_rated() == Some(code) {
            return Ok(None);
        }
        Err(ScaleError::Unknown {
            code: code.to_owned(),
        })
    }

    /// A grade moved by notches, better above 0, kept on the scale and within the bounds. A grade that lies outside the
    /// bounds is brought to the nearer one: a cap lowers even who asks for nothing.
    ///
    /// # Errors
    /// When a grade is unknown or not given by score, more notches are asked for than allowed, or the bounds contradict
    /// each other.
    pub fn notch(
        &self,
        code: &str,
        notches: i32,
        bounds: &NotchBounds,
    ) -> Result<Notched, ScaleError> {
        let asked = notches.unsigned_abs();
        if let Some(allowed) = bounds.most.filter(|most| asked > *most) {
            return Err(ScaleError::TooManyNotches { asked, allowed });
        }
        let last = self.document.grades.len().saturating_sub(1);
        let start = self.rung(code)?;
        let cap = bounds.best.as_deref().map(|code| self.rung(code));
        let cap = cap.transpose()?.unwrap_or(0);
        let floor = bounds.worst.as_deref().map(|code| self.rung(code));
        let floor = floor.transpose()?.unwrap_or(last);
        if cap > floor {
            return Err(ScaleError::Bounds {
                best: bounds.best.clone().unwrap_or_default(),
                worst: bounds.worst.clone().unwrap_or_default(),
            });
        }
        let steps = usize::try_from(asked).unwrap_or(usize::MAX);
        let wanted = if notches >= 0 {
            start.checked_sub(steps)
        } else {
            start.checked_add(steps).filter(|place| *place <= last)
        };
        let on_scale = wanted.unwrap_or(if notches >= 0 { 0 } else { last });
        let place = on_scale.clamp(cap, floor);
        let held_by = match place {
            _ if place > on_scale => Some(HeldBy::Cap),
            _ if place < on_scale => Some(HeldBy::Floor),
            _ if wanted.is_none() => Some(HeldBy::EndOfScale),
            _ => None,
        };
        let to = self.document.grades.get(place);
        let rung = |place: usize| i32::try_from(place).unwrap_or(i32::MAX);
        Ok(Notched {
            from: code.to_owned(),
            to: to.map(|grade| grade.code.clone()).unwrap_or_default(),
            asked: notches,
            moved: rung(start) - rung(place),
            held_by,
        })
    }

    /// The place of a grade that is given by score.
    fn rung(&self, code: &str) -> Result<usize, ScaleError> {
        self.place(code)?
            .filter(|place| *place < self.document.grades.len())
            .ok_or_else(|| ScaleError::NotOnTheLadder {
                code: code.to_owned(),
            })
    }
}
