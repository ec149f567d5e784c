//! Whether a scale makes sense, and the scale that a new book begins with.

use super::model::{Scale, ScaleText};
use crate::rating::rules::composite::{Bound, Condition, Grades};
use crate::rating::rules::grade_defaults::default_grade_policy;
use methods::faults::{self, Fault};
use methods::grades::{GRADES_MAX, GradeScale};

/// The most rules that bound grades.
const RULES_MAX: usize = 50;

/// The longest probation after a default.
const PROBATION_DAYS_MAX: u32 = 366;

/// Facts tell what is past due day by day up to so many days.
const PAST_DUE_DAYS_MAX: u32 = 365;

/// AAA to CCC with netterms' cut-offs for scores and bands of probabilities, D and NR, netterms' caps, and ratings
/// that are good for a year.
pub fn default_scale() -> Scale {
    Scale {
        scale: GradeScale::default(),
        bounds: default_grade_policy(),
        rating_months: 12,
    }
}

/// The scale that somebody wrote.
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn read(document: &serde_json::Value) -> Result<Scale, Vec<Fault>> {
    let text: ScaleText = faults::read(document).map_err(|fault| vec![fault])?;
    let scale = GradeScale::try_from(text.scale).map_err(|error| {
        let pointer = format!("/scale{}", error.pointer());
        vec![Fault::new(pointer, "invalid", error)]
    })?;
    let mut found = Vec::new();
    let codes: Vec<String> = scale
        .grades()
        .iter()
        .map(|grade| grade.code.clone())
        .collect();
    let grades = Grades::new(&codes)
        .map_err(|error| vec![Fault::new("/scale/grades", "repeated", error)])?;
    for (index, grade) in text.bounds.strangers(grades) {
        let pointer = format!("/bounds/rules/{index}/bound/grade");
        let message = format!("{grade} is not on the scale, or not given by score");
        found.push(Fault::new(pointer, "unknown", message));
    }
    if text.bounds.rules.len() > RULES_MAX {
        found.push(Fault::new(
            "/bounds/rules",
            "above_maximum",
            "must be at most 50 rules",
        ));
    }
    if usize::try_from(text.bounds.override_grades).is_ok_and(|most| most > GRADES_MAX) {
        let message = "must be at most 30 grades";
        found.push(Fault::new(
            "/bounds/override_grades",
            "above_maximum",
            message,
        ));
    }
    if !(1..=60).contains(&text.rating_months) {
        let message = "must be from 1 to 60 months";
        found.push(Fault::new("/rating_months", "out_of_range", message));
    }
    if text.bounds.probation_days > PROBATION_DAYS_MAX {
        let message = "must be at most 366 days";
        found.push(Fault::new(
            "/bounds/probation_days",
            "above_maximum",
            message,
        ));
    }
    for (index, rule) in text.bounds.rules.iter().enumerate() {
        if let Condition::UnpaidAmountOver { days, .. } = rule.condition
            && days > PAST_DUE_DAYS_MAX
        {
            let pointer = format!("/bounds/rules/{index}/condition/days");
            let message = "must be at most 365 days: what is older is counted together";
            found.push(Fault::new(pointer, "above_maximum", message));
        }
    }
    if scale.in_default().is_none() && text.bounds.knows_default() {
        let message = "name the grade of who has defaulted, such as D: a rule gives it";
        found.push(Fault::new("/scale/in_default", "missing", message));
    }
    if scale.not_rated().is_none() {
        let message = "name the grade of who can't be rated, such as NR";
        found.push(Fault::new("/scale/not_rated", "missing", message));
    }
    if !found.is_empty() {
        return Err(found);
    }
    Ok(Scale {
        scale,
        bounds: text.bounds,
        rating_months: text.rating_months,
    })
}

impl Scale {
    /// The codes of the grades that are given by score, best first.
    pub fn ladder(&self) -> Vec<String> {
        let grades = self.scale.grades().iter();
        grades.map(|grade| grade.code.clone()).collect()
    }

    /// The floors alone: an override is counted from where they lead.
    pub fn floors(&self) -> crate::rating::rules::composite::GradePolicy {
        let mut bounds = self.bounds.clone();
        bounds
            .rules
            .retain(|rule| matches!(rule.bound, Bound::NotBelow { .. }));
        bounds
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_default_scale_makes_sense() {
        let document = serde_json::to_value(default_scale()).unwrap();
        assert_eq!(read(&document).unwrap(), default_scale());
    }

    #[test]
    fn what_is_wrong_with_a_scale_is_told_with_its_place() {
        let mut document = serde_json::to_value(default_scale()).unwrap();
        document["scale"]["grades"][1]["from"] = json!(0.9);
        let places = |document: &serde_json::Value| -> Vec<String> {
            let faults = read(document).unwrap_err();
            faults.into_iter().map(|fault| fault.pointer).collect()
        };
        assert_eq!(places(&document), ["/scale/grades/1/from"]);
        document["scale"]["grades"][1]["from"] = json!("high");
        assert_eq!(places(&document), ["/scale/grades/1/from"]);
        document["scale"]["grades"][1]["from"] = json!(0.7);
        document["bounds"]["probation_days"] = json!(367);
        document["bounds"]["rules"][6]["condition"]["days"] = json!(366);
        document["scale"]["in_default"] = json!(null);
        assert_eq!(
            places(&document),
            [
                "/bounds/probation_days",
                "/bounds/rules/6/condition/days",
                "/scale/in_default"
            ]
        );
        let mut document = serde_json::to_value(default_scale()).unwrap();
        document["bounds"]["rules"][0]["bound"]["grade"] = json!("Z");
        document["rating_months"] = json!(0);
        assert_eq!(
            places(&document),
            ["/bounds/rules/0/bound/grade", "/rating_months"]
        );
    }
}
