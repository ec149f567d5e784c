//! The rules that bound a grade, to begin with (formulas 3.10). What a grade gets is in the credit policy.

use super::composite::{Bound, Condition, GradePolicy, GradeRule};
use crate::book::customers::model::LegalStatus;
use crate::book::policy::rules::amounts;

/// The seven grades from the best to the worst.
pub const GRADES: [&str; 7] = ["AAA", "AA", "A", "BBB", "BB", "B", "CCC"];

/// The default caps: a customer who is sued or more than 90 days late is not above B, one of less than six months not
/// above BBB, one without a financial statement of the last eighteen months not above A. Dishonoured instruments are
/// bounded as well, by B. An expert may move a customer by one grade.
///
/// In default is who is insolvent or dissolved, or owes a material amount for more than 90 days (a hundred dollars, a
/// thousand yuan); 90 days after the cure it is over.
pub fn default_grade_policy() -> GradePolicy {
    let cap = |condition, grade: &str| GradeRule {
        condition,
        bound: Bound::NotAbove {
            grade: grade.to_owned(),
        },
    };
    let statuses = |statuses: &[LegalStatus]| Condition::LegalStatusIn {
        statuses: statuses.to_vec(),
    };
    let default = |condition| GradeRule {
        condition,
        bound: Bound::InDefault,
    };
    let rules = vec![
        cap(statuses(&[LegalStatus::Sued, LegalStatus::Judgment]), "B"),
        cap(Condition::UnpaidDaysOver { days: 90 }, "B"),
        cap(Condition::DishonouredInstrumentsOver { count: 0 }, "B"),
        cap(Condition::CustomerMonthsUnder { months: 6 }, "BBB"),
        cap(Condition::StatementMissingOrOlder { months: 18 }, "A"),
        default(statuses(&[LegalStatus::Insolvent, LegalStatus::Dissolved])),
        default(Condition::UnpaidAmountOver {
            days: 90,
            amounts: amounts(100),
        }),
    ];
    GradePolicy {
        rules,
        override_grades: 1,
        probation_days: 90,
    }
}

#[cfg(test)]
mod tests {
    use super::super::composite::Grades;
    use super::*;

    #[test]
    fn the_default_rules_name_grades_of_the_scale() {
        let scale = GRADES.map(str::to_owned);
        let grades = Grades::new(&scale).unwrap();
        assert_eq!(default_grade_policy().strangers(grades), []);
        let short = Grades::new(&scale[..5]).unwrap();
        let strangers = default_grade_policy().strangers(short).len();
        assert_eq!(strangers, 3, "B is not on it");
    }
}
