//! The composite grade (formulas 3.10): scores of several models into one, then the rules that no score may break.
//!
//! The order is fixed: floors, the expert's override, caps, default. Caps win over floors and experts alike: what keeps
//! a sued customer at B is the policy's, and the way round it is another policy. Who is in default has the grade of
//! default, whatever the score says, and whether there is a score or not.
#![expect(
    clippy::float_arithmetic,
    reason = "scores and shares of models are measurements, no money"
)]

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::book::customers::model::LegalStatus;
use crate::book::policy::model::Amounts;
use kernel::money::{Currency, Money};

/// What one model says, and how much it counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelScore {
    pub model: String,
    /// Any number from 0; shares are divided by their sum.
    pub share: f64,
    /// From 0, the worst, to 1; none when the model could not score this customer.
    pub score: Option<f64>,
}

/// What happens when a model has no score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum MissingModel {
    /// There is no composite score.
    Refuse,
    /// The other models take over its share; no composite score when none is left.
    ShareOut,
    /// It counts as this score, from 0 to 1: a visible penalty.
    CountAs { score: f64 },
}

/// The composite score with what every model adds to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompositeScore {
    /// From 0 to 1: the sum of the contributions.
    pub score: f64,
    pub parts: Vec<Contribution>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    pub model: String,
    /// What the model counted in this score; all together are 1.
    pub share: f64,
    /// The score that counted; none when its share went to the others.
    pub score: Option<f64>,
    /// Share × score.
    pub contribution: f64,
    /// Whether the model had no score and the rule for that decided.
    pub was_missing: bool,
}

/// Why there is no composite grade.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompositeError {
    #[error("the score that a missing model counts as is none: give a number from 0 to 1")]
    CountAs,
    #[error("the share of {model} is none: give a number from 0 to 1,000,000")]
    Share { model: String },
    #[error("the score of {model} is none: give a number from 0 to 1, or leave it out")]
    Score { model: String },
    #[error("model {model} is given twice")]
    Twice { model: String },
    #[error("no model with a score has a share: give at least one more than 0")]
    NothingCounts,
    #[error("model {model} has no score, and the rule is to refuse then")]
    Missing { model: String },
    #[error("grade {grade} is not on the scale: use one of its codes")]
    UnknownGrade { grade: String },
    #[error("grade {grade} stands on the scale twice")]
    GradeTwice { grade: String },
    #[error("the override is {asked} grades away, {allowed} at most are allowed")]
    OverrideTooFar { asked: usize, allowed: u32 },
    #[error("the override expires on {expires_on}, which has passed: give a later day")]
    OverrideExpired { expires_on: NaiveDate },
}

/// Σ share × score over models: 0.6 × 0.80 + 0.4 × 0.50 is 0.68.
///
/// # Errors
/// What is wrong with a share or a score, or that the rule for missing models refuses.
pub fn composite_score(
    models: &[ModelScore],
    missing: MissingModel,
) -> Result<CompositeScore, CompositeError> {
    check_models(models, missing)?;
    let fallback = match missing {
        MissingModel::CountAs { score } => Some(score),
        MissingModel::Refuse | MissingModel::ShareOut => None,
    };
    if let (MissingModel::Refuse, Some(gap)) = (
        missing,
        models.iter().find(|m| m.score.is_none() && m.share > 0.0),
    ) {
        return Err(CompositeError::Missing {
            model: gap.model.clone(),
        });
    }
    let counted = |model: &ModelScore| model.score.or(fallback);
    let total: f64 = models
        .iter()
        .filter(|model| counted(model).is_some())
        .map(|model| model.share)
        .sum();
    if total <= 0.0 {
        return Err(CompositeError::NothingCounts);
    }
    let parts: Vec<Contribution> = models
        .iter()
        .map(|model| {
            let score = counted(model);
            let share = score.map_or(0.0, |_| model.share / total);
            Contribution {
                model: model.model.clone(),
                share,
                score,
                contribution: share * score.unwrap_or(0.0),
                was_missing: model.score.is_none(),
            }
        })
        .collect();
    let score: f64 = parts.iter().map(|part| part.contribution).sum();
    Ok(CompositeScore {
        // The last digit of a sum of floats may stand above 1.
        score: score.clamp(0.0, 1.0),
        parts,
    })
}

fn check_models(models: &[ModelScore], missing: MissingModel) -> Result<(), CompositeError> {
    let is_score = |score: f64| (0.0..=1.0).contains(&score);
    if matches!(missing, MissingModel::CountAs { score } if !is_score(score)) {
        return Err(CompositeError::CountAs);
    }
    for (index, model) in models.iter().enumerate() {
        let name = || model.model.clone();
        if !(0.0..=1_000_000.0).contains(&model.share) {
            return Err(CompositeError::Share { model: name() });
        }
        if model.score.is_some_and(|score| !is_score(score)) {
            return Err(CompositeError::Score { model: name() });
        }
        if models
            .iter()
            .skip(index + 1)
            .any(|other| other.model == model.model)
        {
            return Err(CompositeError::Twice { model: name() });
        }
    }
    Ok(())
}

/// What of a customer's debts has been past due for so many days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastDue {
    pub days: u32,
    pub amount: Money,
}

/// What is known of a customer beside the scores; none is what is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradeFacts {
    pub legal_status: Option<LegalStatus>,
    /// The most days past due of what is open; 0 when nothing is.
    pub unpaid_days: Option<u32>,
    /// All that is past due, by days; those of more than a year together, as 366 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past_due: Option<Vec<PastDue>>,
    /// Whole months since the first delivery.
    pub customer_months: Option<u32>,
    /// Whole months since the end of the latest period that a financial statement is there for.
    pub statement_months: Option<u32>,
    /// Cheques, bills and drafts that bounced in the last twelve months.
    pub dishonoured_instruments: Option<u32>,
    /// Promises to pay that were broken in the last twelve months.
    pub broken_promises: Option<u32>,
}

/// When a rule fires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    LegalStatusIn {
        statuses: Vec<LegalStatus>,
    },
    UnpaidDaysOver {
        days: u32,
    },
    /// What has been past due for more days adds up to more than what is material. In a currency that is not named,
    /// anything is.
    UnpaidAmountOver {
        days: u32,
        #[serde(default)]
        amounts: Amounts,
    },
    CustomerMonthsUnder {
        months: u32,
    },
    /// There is none, or the latest is older than so many months.
    StatementMissingOrOlder {
        months: u32,
    },
    DishonouredInstrumentsOver {
        count: u32,
    },
    BrokenPromisesOver {
        count: u32,
    },
}

impl Condition {
    /// The fact that it asks for, as [`GradeFacts`] calls it.
    pub const fn fact(&self) -> &'static str {
        match self {
            Condition::LegalStatusIn { .. } => "legal_status",
            Condition::UnpaidDaysOver { .. } => "unpaid_days",
            Condition::UnpaidAmountOver { .. } => "past_due",
            Condition::CustomerMonthsUnder { .. } => "customer_months",
            Condition::StatementMissingOrOlder { .. } => "statement_months",
            Condition::DishonouredInstrumentsOver { .. } => "dishonoured_instruments",
            Condition::BrokenPromisesOver { .. } => "broken_promises",
        }
    }

    /// Whether it holds; none when the fact is not known. That there is no statement is known.
    pub fn holds(&self, facts: &GradeFacts) -> Option<bool> {
        match self {
            Condition::LegalStatusIn { statuses } => {
                facts.legal_status.map(|status| statuses.contains(&status))
            }
            Condition::UnpaidDaysOver { days } => facts.unpaid_days.map(|known| known > *days),
            Condition::UnpaidAmountOver { days, amounts } => {
                let rows = facts.past_due.as_ref()?;
                Some(is_material(rows, *days, amounts))
            }
            Condition::CustomerMonthsUnder { months } => {
                facts.customer_months.map(|known| known < *months)
            }
            Condition::StatementMissingOrOlder { months } => {
                Some(facts.statement_months.is_none_or(|known| known > *months))
            }
            Condition::DishonouredInstrumentsOver { count } => {
                facts.dishonoured_instruments.map(|known| known > *count)
            }
            Condition::BrokenPromisesOver { count } => {
                facts.broken_promises.map(|known| known > *count)
            }
        }
    }
}

/// Whether what has been past due for more than so many days is more than these amounts, in any currency.
fn is_material(rows: &[PastDue], days: u32, amounts: &Amounts) -> bool {
    let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.days > days) {
        let sum = sums.entry(row.amount.currency()).or_default();
        *sum = sum.saturating_add(row.amount.minor());
    }
    sums.into_iter()
        .any(|(currency, sum)| sum > amounts.get(currency).map_or(0, Money::minor))
}

/// What a rule does to a grade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case", deny_unknown_fields)]
pub enum Bound {
    /// A cap.
    NotAbove { grade: String },
    /// A floor.
    NotBelow { grade: String },
    /// The customer has defaulted: the scale's grade of default is given.
    InDefault,
}

/// A floor, a cap or a reason of default, as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradeRule {
    pub condition: Condition,
    pub bound: Bound,
}

/// What bounds grades, as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradePolicy {
    pub rules: Vec<GradeRule>,
    /// How many grades an expert may move a customer; 0 for not at all.
    pub override_grades: u32,
    /// For how many days who was in default keeps that grade after no rule says so any more.
    #[serde(default)]
    pub probation_days: u32,
}

impl GradePolicy {
    /// The index of every rule that names a grade which is not on the scale, and that grade.
    pub fn strangers(&self, grades: Grades<'_>) -> Vec<(usize, &str)> {
        let named = self
            .rules
            .iter()
            .enumerate()
            .map(|(index, rule)| match &rule.bound {
                Bound::NotAbove { grade } | Bound::NotBelow { grade } => {
                    Some((index, grade.as_str()))
                }
                Bound::InDefault => None,
            });
        named
            .flatten()
            .filter(|(_, grade)| grades.rank(grade).is_err())
            .collect()
    }

    /// Whether any rule says who has defaulted.
    pub fn knows_default(&self) -> bool {
        let mut rules = self.rules.iter();
        rules.any(|rule| rule.bound == Bound::InDefault)
    }

    fn allows(&self, from: usize, to: usize) -> Result<(), CompositeError> {
        let asked = from.abs_diff(to);
        if u32::try_from(asked).is_ok_and(|asked| asked <= self.override_grades) {
            return Ok(());
        }
        Err(CompositeError::OverrideTooFar {
            asked,
            allowed: self.override_grades,
        })
    }
}

/// A grade that an expert sets with a reason, until a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpertOverride {
    pub grade: String,
    pub reason: String,
    pub approved_by: String,
    /// The last day on which it holds.
    pub expires_on: NaiveDate,
}

/// What a rule or an override did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It moved the grade.
    Moved,
    /// It holds, but the grade was already within it.
    Within,
    /// Its condition does not hold.
    NotFired,
    /// The fact is not known, so that nobody can say whether it holds.
    NotKnown,
    /// The override's last day has passed.
    Expired,
    /// The override is more grades away than allowed from where the models and the floors lead now.
    TooFar,
}

/// One step from the models' grade to the final one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub cause: Cause,
    pub outcome: Outcome,
    pub from: String,
    pub to: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Cause {
    Rule(GradeRule),
    Override(ExpertOverride),
    /// No rule of default holds any more, and the time of probation is not over.
    Probation {
        /// The first day on which none held.
        cured_on: NaiveDate,
        /// The first day after it.
        ends_on: NaiveDate,
    },
}

/// A grade, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompositeGrade {
    /// What the score alone gives.
    pub model_grade: String,
    pub grade: String,
    /// Every floor in order, the override, every cap in order, whether it moved the grade or not.
    pub steps: Vec<Step>,
}

/// A scale's codes from the best to the worst: `["AAA", "AA", "A", "BBB", "BB", "B", "CCC"]`.
#[derive(Debug, Clone, Copy)]
pub struct Grades<'a>(&'a [String]);

impl<'a> Grades<'a> {
    /// # Errors
    /// When a code stands twice.
    pub fn new(codes: &'a [String]) -> Result<Grades<'a>, CompositeError> {
        for (index, code) in codes.iter().enumerate() {
            if codes.iter().skip(index + 1).any(|other| other == code) {
                return Err(CompositeError::GradeTwice {
                    grade: code.clone(),
                });
            }
        }
        Ok(Grades(codes))
    }

    /// How far from the best, which is 0.
    fn rank(self, grade: &str) -> Result<usize, CompositeError> {
        let found = self.0.iter().position(|code| code == grade);
        found.ok_or_else(|| CompositeError::UnknownGrade {
            grade: grade.to_owned(),
        })
    }

    fn code(self, rank: usize) -> String {
        self.0.get(rank).cloned().unwrap_or_default()
    }
}

/// The grade that holds on a day: the models' grade after floors, the expert's override and caps.
///
/// With "sued: not above B" a customer of AA is B, and stays B when an expert says BB. A floor or a cap whose fact is
/// not known does nothing, and says so.
///
/// # Errors
/// When a grade is not on the scale.
pub fn composite_grade(
    grades: Grades<'_>,
    model_grade: &str,
    policy: &GradePolicy,
    facts: &GradeFacts,
    expert: Option<&ExpertOverride>,
    today: NaiveDate,
) -> Result<CompositeGrade, CompositeError> {
    let mut rank = grades.rank(model_grade)?;
    let mut steps = Vec::new();
    let mut take = |cause, outcome, target: usize, rank: &mut usize| {
        steps.push(Step {
            cause,
            outcome,
            from: grades.code(*rank),
            to: grades.code(target),
        });
        *rank = target;
    };
    for rule in &policy.rules {
        if let Bound::NotBelow { grade } = &rule.bound {
            let (outcome, target) = fire(rule, facts, rank, rank.min(grades.rank(grade)?));
            take(Cause::Rule(rule.clone()), outcome, target, &mut rank);
        }
    }
    if let Some(expert) = expert {
        let asked = grades.rank(&expert.grade)?;
        let (outcome, target) = if expert.expires_on < today {
            (Outcome::Expired, rank)
        } else if policy.allows(rank, asked).is_err() {
            (Outcome::TooFar, rank)
        } else {
            (moved(rank, asked), asked)
        };
        take(Cause::Override(expert.clone()), outcome, target, &mut rank);
    }
    for rule in &policy.rules {
        if let Bound::NotAbove { grade } = &rule.bound {
            let (outcome, target) = fire(rule, facts, rank, rank.max(grades.rank(grade)?));
            take(Cause::Rule(rule.clone()), outcome, target, &mut rank);
        }
    }
    Ok(CompositeGrade {
        model_grade: model_grade.to_owned(),
        grade: grades.code(rank),
        steps,
    })
}

/// The rules that say who has defaulted, in order, with what came of each: the first that holds moves the customer from
/// whatever grade to that of default.
pub fn default_steps(
    policy: &GradePolicy,
    facts: &GradeFacts,
    from: &str,
    in_default: &str,
) -> Vec<Step> {
    let mut at = from;
    let of_default = policy
        .rules
        .iter()
        .filter(|rule| rule.bound == Bound::InDefault);
    of_default
        .map(|rule| {
            let (outcome, to) = match rule.condition.holds(facts) {
                None => (Outcome::NotKnown, at),
                Some(false) => (Outcome::NotFired, at),
                Some(true) if at == in_default => (Outcome::Within, at),
                Some(true) => (Outcome::Moved, in_default),
            };
            let step = Step {
                cause: Cause::Rule(rule.clone()),
                outcome,
                from: at.to_owned(),
                to: to.to_owned(),
            };
            at = to;
            step
        })
        .collect()
}

fn fire(rule: &GradeRule, facts: &GradeFacts, rank: usize, bounded: usize) -> (Outcome, usize) {
    match rule.condition.holds(facts) {
        None => (Outcome::NotKnown, rank),
        Some(false) => (Outcome::NotFired, rank),
        Some(true) => (moved(rank, bounded), bounded),
    }
}

const fn moved(from: usize, to: usize) -> Outcome {
    if from == to {
        Outcome::Within
    } else {
        Outcome::Moved
    }
}

/// Whether an expert may set this grade today, where the models and the floors lead to `grade`.
///
/// # Errors
/// When it is too many grades away, has expired already, or is not on the scale.
pub fn check_override(
    grades: Grades<'_>,
    grade: &str,
    policy: &GradePolicy,
    expert: &ExpertOverride,
    today: NaiveDate,
) -> Result<(), CompositeError> {
    policy.allows(grades.rank(grade)?, grades.rank(&expert.grade)?)?;
    if expert.expires_on < today {
        return Err(CompositeError::OverrideExpired {
            expires_on: expert.expires_on,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
