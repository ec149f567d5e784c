//! From scores and facts to the grade that holds.

pub mod discrimination;

use chrono::{Datelike as _, NaiveDate};

use super::model::Appraisal;
use crate::decide::rating::rules::composite::{
    Cause, CompositeError, ExpertOverride, GradeFacts, Grades, Outcome, Step, check_override,
    composite_grade,
};
use crate::decide::rating::rules::numbers::share;
use crate::decide::rating::scales::model::Scale;

/// A grade, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graded {
    /// What the score and the rules give.
    pub grade: String,
    /// The grade with the override, when there is one that holds.
    pub override_grade: Option<String>,
    /// Every rule in order, and the override, whether it moved the grade or not.
    pub steps: Vec<Step>,
}

/// The grade that a score alone gives; not rated without one.
pub fn grade_of(scale: &Scale, score: Option<f64>) -> String {
    let graded = score.and_then(|score| scale.scale.grade(score).ok());
    graded.map_or_else(
        || scale.scale.not_rated().unwrap_or("NR").to_owned(),
        |graded| graded.grade,
    )
}

/// The grade that holds: the model's, after floors, the override and caps. Nothing moves who could not be rated.
///
/// # Errors
/// When a rule or the override names a grade that is not on the scale.
pub fn grade(
    scale: &Scale,
    appraisal: &Appraisal,
    facts: &GradeFacts,
    expert: Option<&ExpertOverride>,
    today: NaiveDate,
) -> Result<Graded, CompositeError> {
    if appraisal.result.is_none() {
        return Ok(Graded {
            grade: appraisal.grade.clone(),
            override_grade: None,
            steps: Vec::new(),
        });
    }
    let ladder = scale.ladder();
    let grades = Grades::new(&ladder)?;
    let plain = composite_grade(grades, &appraisal.grade, &scale.bounds, facts, None, today)?;
    // An override names a grade of the scale that it was made on; on another scale it holds no more.
    let Some(expert) = expert.filter(|expert| ladder.contains(&expert.grade)) else {
        return Ok(Graded {
            grade: plain.grade,
            override_grade: None,
            steps: plain.steps,
        });
    };
    let moved = composite_grade(
        grades,
        &appraisal.grade,
        &scale.bounds,
        facts,
        Some(expert),
        today,
    )?;
    let holds = moved.steps.iter().any(|step| {
        matches!(step.cause, Cause::Override(_))
            && matches!(step.outcome, Outcome::Moved | Outcome::Within)
    });
    Ok(Graded {
        grade: plain.grade,
        override_grade: holds.then_some(moved.grade),
        steps: moved.steps,
    })
}

/// Whether an expert may set this grade: counted from where the model and the floors lead.
///
/// # Errors
/// When it is too many grades away, has expired, or is not on the scale.
pub fn may_override(
    scale: &Scale,
    model_grade: &str,
    facts: &GradeFacts,
    expert: &ExpertOverride,
    today: NaiveDate,
) -> Result<(), CompositeError> {
    let ladder = scale.ladder();
    let grades = Grades::new(&ladder)?;
    let led = composite_grade(grades, model_grade, &scale.floors(), facts, None, today)?;
    check_override(grades, &led.grade, &scale.bounds, expert, today)
}

/// Weights as shares of their sum.
pub fn shares(weights: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let sum: f64 = weights.clone().sum();
    weights.map(|weight| share(weight, sum)).collect()
}

/// The whole months from one day to another; 0 when it is not later.
///
/// From 31 January to 28 February there is none, to 31 March there are two.
pub fn whole_months(from: NaiveDate, to: NaiveDate) -> u32 {
    let count = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month());
    let months = count(to) - count(from) - i64::from(to.day() < from.day());
    u32::try_from(months.max(0)).unwrap_or(u32::MAX)
}

/// The day so many months later.
pub fn months_after(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_add_months(chrono::Months::new(months))
        .unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::rating::models::model::ModelKind;
    use crate::decide::rating::models::rules::Appraised;
    use crate::decide::rating::scales::rules::default_scale;
    use crate::kernel::ids::RatingModelId;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn appraisal(score: Option<f64>) -> Appraisal {
        Appraisal {
            model_id: RatingModelId::new(),
            code: "M".to_owned(),
            model_version: 1,
            kind: ModelKind::Scorecard,
            grade: grade_of(&default_scale(), score),
            result: score.map(|score| Appraised {
                score,
                probability_of_default: None,
                points: None,
                penalty: 0.0,
                label: None,
                factors: Vec::new(),
                reasons: Vec::new(),
            }),
            refusal: None,
        }
    }

    fn expert(grade: &str) -> ExpertOverride {
        ExpertOverride {
            grade: grade.to_owned(),
            reason: "Known for ten years.".to_owned(),
            approved_by: "u-2".to_owned(),
            expires_on: day("2026-06-30"),
        }
    }

    /// A customer with a statement, nothing overdue, of two years.
    fn sound() -> GradeFacts {
        GradeFacts {
            unpaid_days: Some(0),
            customer_months: Some(24),
            statement_months: Some(3),
            ..GradeFacts::default()
        }
    }

    #[test]
    fn an_override_moves_the_grade_until_its_day_and_a_cap_wins() {
        let scale = default_scale();
        let found = |facts: &GradeFacts, today: &str| {
            let one = expert("AAA");
            let graded = grade(&scale, &appraisal(Some(0.8)), facts, Some(&one), day(today));
            let graded = graded.unwrap();
            (graded.grade, graded.override_grade)
        };
        let of = |grade: &str, moved: Option<&str>| (grade.to_owned(), moved.map(str::to_owned));
        assert_eq!(found(&sound(), "2026-06-30"), of("AA", Some("AAA")));
        assert_eq!(found(&sound(), "2026-07-01"), of("AA", None));
        let late = GradeFacts {
            unpaid_days: Some(91),
            ..sound()
        };
        assert_eq!(found(&late, "2026-06-30"), of("B", Some("B")));
    }

    #[test]
    fn who_could_not_be_rated_is_not_rated_whatever_an_expert_says() {
        let one = expert("A");
        let today = day("2026-03-31");
        let graded = grade(
            &default_scale(),
            &appraisal(None),
            &sound(),
            Some(&one),
            today,
        );
        let graded = graded.unwrap();
        assert_eq!((graded.grade.as_str(), graded.override_grade), ("NR", None));
    }

    #[test]
    fn an_expert_moves_a_customer_by_one_grade_at_most() {
        let may = |grade: &str| {
            let one = expert(grade);
            may_override(&default_scale(), "A", &sound(), &one, day("2026-03-31"))
        };
        assert_eq!(may("AA"), Ok(()));
        assert_eq!(may("BBB"), Ok(()));
        let refused = CompositeError::OverrideTooFar {
            asked: 2,
            allowed: 1,
        };
        assert_eq!(may("AAA"), Err(refused));
        assert!(matches!(may("Z"), Err(CompositeError::UnknownGrade { .. })));
    }

    #[test]
    fn months_are_whole() {
        let months = |from: &str, to: &str| whole_months(day(from), day(to));
        assert_eq!(months("2026-01-31", "2026-02-28"), 0);
        assert_eq!(months("2026-01-31", "2026-03-31"), 2);
        assert_eq!(months("2025-11-22", "2026-11-21"), 11);
        assert_eq!(months("2026-11-22", "2026-11-21"), 0);
    }
}
