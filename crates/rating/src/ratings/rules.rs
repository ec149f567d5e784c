//! From scores and facts to the grade that holds.

pub mod discrimination;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate};

use super::model::{DefaultState, RatingCause, Record};
use crate::rating::catalogue::{self, Conduct, Origin};
use crate::rating::indicators::model::IndicatorValue;
use crate::rating::rules::composite::{
    Cause, CompositeError, ExpertOverride, GradeFacts, GradePolicy, GradeRule, Grades, Outcome,
    PastDue, Step, check_override, composite_grade, default_steps,
};
use crate::rating::scales::model::Scale;
use kernel::money::{Currency, Money, SumTooLarge, sum_minor};
use methods::numbers::{is_same, share};
use methods::scoring::Value;

/// What is older than a year counts as so many days past due.
const YEAR_AND_A_DAY: u32 = 366;

/// A grade, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graded {
    /// What the score and the rules give.
    pub grade: String,
    /// The grade with the override, when there is one that holds.
    pub override_grade: Option<String>,
    /// Every rule in order, and the override, whether it moved the grade or not.
    pub steps: Vec<Step>,
    /// Where the customer's default stands; none when it is not in default.
    pub default: Option<DefaultState>,
}

/// What a model says of a customer: a score, and the probability of default where it gives one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Said {
    pub score: f64,
    pub probability_of_default: Option<f64>,
}

/// The grade that a model alone gives; not rated when it says nothing.
pub fn grade_of(scale: &Scale, said: Option<Said>) -> String {
    let graded = said.and_then(|said| {
        let graded = scale
            .scale
            .grade_said(said.score, said.probability_of_default);
        graded.ok().map(str::to_owned)
    });
    graded.unwrap_or_else(|| scale.scale.not_rated().unwrap_or("NR").to_owned())
}

/// The grade that holds: the model's, after floors, the override, caps and default. Nothing but default moves who could
/// not be rated.
///
/// # Errors
/// When a rule or the override names a grade that is not on the scale.
pub fn grade(
    scale: &Scale,
    model_grade: Option<&str>,
    facts: &GradeFacts,
    expert: Option<&ExpertOverride>,
    before: Option<DefaultState>,
    today: NaiveDate,
) -> Result<Graded, CompositeError> {
    let mut graded = bounded(scale, model_grade, facts, expert, today)?;
    let Some(code) = scale.scale.in_default() else {
        return Ok(graded);
    };
    let from = graded.override_grade.as_deref().unwrap_or(&graded.grade);
    let mut steps = default_steps(&scale.bounds, facts, from, code);
    let fires = steps.iter().any(|step| step.outcome == Outcome::Moved);
    graded.default = default_now(fires, before, scale.bounds.probation_days, today);
    if let Some(state) = graded.default {
        if let Some(cured_on) = state.cured_on {
            steps.push(Step {
                cause: Cause::Probation {
                    cured_on,
                    ends_on: days_after(cured_on, scale.bounds.probation_days),
                },
                outcome: Outcome::Moved,
                from: from.to_owned(),
                to: code.to_owned(),
            });
        }
        code.clone_into(&mut graded.grade);
        graded.override_grade = graded.override_grade.map(|_| code.to_owned());
    }
    graded.steps.extend(steps);
    Ok(graded)
}

/// Where a default stands today: it lasts while a rule says so, and from the first day on which none does for as long as
/// the probation.
///
/// In default since 1 March, nothing left to say so on 1 May, and a probation of 90 days: it ends on 30 July.
fn default_now(
    fires: bool,
    before: Option<DefaultState>,
    probation_days: u32,
    today: NaiveDate,
) -> Option<DefaultState> {
    if fires {
        return Some(DefaultState {
            since: before.map_or(today, |before| before.since),
            cured_on: None,
        });
    }
    let before = before?;
    let cured_on = before.cured_on.unwrap_or(today);
    (today < days_after(cured_on, probation_days)).then_some(DefaultState {
        since: before.since,
        cured_on: Some(cured_on),
    })
}

/// The grade within floors and caps, and with the override.
fn bounded(
    scale: &Scale,
    model_grade: Option<&str>,
    facts: &GradeFacts,
    expert: Option<&ExpertOverride>,
    today: NaiveDate,
) -> Result<Graded, CompositeError> {
    let without_override = |grade, steps| Graded {
        grade,
        override_grade: None,
        steps,
        default: None,
    };
    // Whom the scale can't grade, since it does not cut what the model gives, is not rated either.
    let known = model_grade.filter(|code| scale.scale.not_rated() != Some(*code));
    let Some(model_grade) = known else {
        return Ok(without_override(grade_of(scale, None), Vec::new()));
    };
    let ladder = scale.ladder();
    let grades = Grades::new(&ladder)?;
    let plain = composite_grade(grades, model_grade, &scale.bounds, facts, None, today)?;
    // An override names a grade of the scale that it was made on; on another scale it holds no more.
    let Some(expert) = expert.filter(|expert| ladder.contains(&expert.grade)) else {
        return Ok(without_override(plain.grade, plain.steps));
    };
    let moved = composite_grade(
        grades,
        model_grade,
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
        override_grade: holds.then_some(moved.grade),
        ..without_override(plain.grade, moved.steps)
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

/// How many days after its due date something is; 0 before.
pub fn days_past(due: NaiveDate, today: NaiveDate) -> u32 {
    u32::try_from((today - due).num_days()).unwrap_or(0)
}

/// What is past due, by days; what is older than a year together.
///
/// # Errors
/// When a sum is more than can be kept.
pub fn past_due(
    owed: &[(NaiveDate, Money)],
    today: NaiveDate,
) -> Result<Vec<PastDue>, SumTooLarge> {
    let mut by_days: BTreeMap<(u32, Currency), i64> = BTreeMap::new();
    for (due, amount) in owed {
        let days = days_past(*due, today).min(YEAR_AND_A_DAY);
        let sum = by_days.entry((days, amount.currency())).or_default();
        *sum = sum_minor([*sum, amount.minor()])?;
    }
    let rows = by_days.into_iter();
    let rows = rows.map(|((days, currency), minor)| PastDue {
        days,
        amount: Money::from_minor(minor, currency),
    });
    Ok(rows.collect())
}

/// The first day on which a rating of today is too old: by the scale, or when a probation ends.
pub fn stale_on(scale: &Scale, default: Option<DefaultState>, today: NaiveDate) -> NaiveDate {
    let by_scale = months_after(today, scale.rating_months);
    let cured_on = default.and_then(|default| default.cured_on);
    let ends_on = cured_on.map(|day| days_after(day, scale.bounds.probation_days));
    ends_on.map_or(by_scale, |ends_on| by_scale.min(ends_on))
}

/// What moved since a rating, by its record: the codes of indicators from our own ledger that have other values, and the
/// facts by which a rule of the scale now comes out otherwise.
///
/// That a customer was 30 days late then and 31 now has moved; that it has been one for 40 months instead of 39 has not:
/// that is so of everybody, and is looked at when the rating is too old.
pub fn moved(
    record: &Record,
    values: &BTreeMap<String, IndicatorValue>,
    facts: &GradeFacts,
    bounds: &GradePolicy,
) -> Vec<String> {
    let is_behaviour = |code: &str| {
        catalogue::find(code).is_some_and(|entry| match entry.origin {
            Origin::Ledger(conduct) => conduct != Conduct::YearsKnown,
            _ => false,
        })
    };
    let indicators = record.inputs.iter().filter_map(|(code, then)| {
        let now = values.get(code).filter(|_| is_behaviour(code))?;
        (!is_same_value(then.value.as_ref(), now.value.as_ref())).then(|| code.clone())
    });
    let holds = |rule: &GradeRule, facts: &GradeFacts| rule.condition.holds(facts).unwrap_or(false);
    let rules = bounds.rules.iter();
    let fired = rules.filter(|rule| holds(rule, &record.facts) != holds(rule, facts));
    let facts: BTreeSet<&str> = fired.map(|rule| rule.condition.fact()).collect();
    indicators
        .chain(facts.into_iter().map(str::to_owned))
        .collect()
}

fn is_same_value(then: Option<&Value>, now: Option<&Value>) -> bool {
    match (then, now) {
        (Some(Value::Number(then)), Some(Value::Number(now))) => is_same(*then, *now),
        (then, now) => then == now,
    }
}

/// When a person is to look at a customer again: by the policy's interval from today when one does right now, else when
/// that was to be, or sooner when the grade asks for it.
///
/// Rated by a person on 31 March and to be reviewed after twelve months: that stays 31 March of the next year, however
/// often netterms rates the customer in between. When it goes down on 1 June to a grade of three months, it is
/// 1 September.
pub fn review_on(
    cause: RatingCause,
    before: Option<NaiveDate>,
    review_months: Option<i32>,
    today: NaiveDate,
) -> Option<NaiveDate> {
    let months = review_months.and_then(|months| u32::try_from(months).ok());
    let by_policy = months.map(|months| months_after(today, months));
    match cause {
        RatingCause::Asked => by_policy,
        RatingCause::Run | RatingCause::Stale | RatingCause::Moved | RatingCause::Unrated => {
            [before, by_policy].into_iter().flatten().min()
        }
    }
}

/// The day so many months later.
pub fn months_after(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_add_months(chrono::Months::new(months))
        .unwrap_or(day)
}

/// The day so many days later.
pub fn days_after(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(chrono::Days::new(days.into()))
        .unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::customers::model::LegalStatus;
    use crate::rating::scales::rules::default_scale;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
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
            let graded = grade(&scale, Some("AA"), facts, Some(&one), None, day(today));
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
        let graded = grade(&default_scale(), None, &sound(), Some(&one), None, today);
        let graded = graded.unwrap();
        assert_eq!((graded.grade.as_str(), graded.override_grade), ("NR", None));
        // So is whom the scale does not grade.
        let facts = sound();
        let graded = grade(
            &default_scale(),
            Some("NR"),
            &facts,
            Some(&one),
            None,
            today,
        );
        assert_eq!(graded.unwrap().grade, "NR");
    }

    fn owing(days: u32, yuan: i64) -> GradeFacts {
        GradeFacts {
            past_due: Some(vec![PastDue {
                days,
                amount: Money::from_minor(yuan * 100, "CNY".parse().unwrap()),
            }]),
            legal_status: Some(LegalStatus::None),
            ..sound()
        }
    }

    #[test]
    fn who_owes_a_material_amount_for_too_long_is_in_default_whatever_score_and_experts_say() {
        let scale = default_scale();
        let found = |model: Option<&str>, facts: &GradeFacts| {
            let one = expert("AAA");
            let today = day("2026-06-01");
            let graded = grade(&scale, model, facts, Some(&one), None, today).unwrap();
            (graded.grade, graded.override_grade.unwrap_or_default())
        };
        let of = |grade: &str, moved: &str| (grade.to_owned(), moved.to_owned());
        assert_eq!(found(Some("AA"), &owing(91, 1_000)), of("AA", "AAA"));
        assert_eq!(found(Some("AA"), &owing(90, 9_999)), of("AA", "AAA"));
        assert_eq!(found(Some("AA"), &owing(91, 1_001)), of("D", "D"));
        assert_eq!(found(None, &owing(91, 1_001)), of("D", ""));
        let insolvent = GradeFacts {
            legal_status: Some(LegalStatus::Insolvent),
            ..sound()
        };
        assert_eq!(found(Some("AAA"), &insolvent), of("D", "D"));
    }

    #[test]
    fn a_default_ends_after_probation_and_a_relapse_begins_it_anew() {
        let scale = default_scale();
        let rate = |facts: &GradeFacts, before, on: &str| {
            let graded = grade(&scale, Some("A"), facts, None, before, day(on)).unwrap();
            (graded.grade, graded.default)
        };
        let (late, paid) = (owing(100, 5_000), owing(1, 1));
        let (grade, first) = rate(&late, None, "2026-03-01");
        assert_eq!(
            (grade.as_str(), first.unwrap().since),
            ("D", day("2026-03-01"))
        );
        let (grade, cured) = rate(&paid, first, "2026-05-01");
        assert_eq!(grade, "D");
        assert_eq!(cured.unwrap().cured_on, Some(day("2026-05-01")));
        assert_eq!(rate(&paid, cured, "2026-07-29").0, "D");
        assert_eq!(rate(&paid, cured, "2026-07-30"), ("A".to_owned(), None));
        let (_, relapsed) = rate(&late, cured, "2026-06-01");
        let expected = DefaultState {
            since: day("2026-03-01"),
            cured_on: None,
        };
        assert_eq!(relapsed, Some(expected));
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
    fn the_day_of_review_moves_when_a_person_looked_or_the_grade_asks_for_it_sooner() {
        let on = |cause, before: Option<&str>, months| {
            let today = day("2026-06-01");
            let found = review_on(cause, before.map(day), months, today);
            found.map(|day| day.to_string())
        };
        let of = |text: &str| Some(text.to_owned());
        let year = Some("2027-03-31");
        assert_eq!(on(RatingCause::Moved, year, Some(12)), of("2027-03-31"));
        assert_eq!(on(RatingCause::Moved, year, Some(3)), of("2026-09-01"));
        assert_eq!(on(RatingCause::Run, year, None), of("2027-03-31"));
        assert_eq!(on(RatingCause::Asked, year, Some(12)), of("2027-06-01"));
        assert_eq!(on(RatingCause::Asked, year, None), None);
        assert_eq!(on(RatingCause::Unrated, None, Some(6)), of("2026-12-01"));
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
