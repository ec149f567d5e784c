//! What netterms begins with for each grade: factors, terms and the rules that bound a grade (formulas 3.10 and 3.11).
//!
//! The numbers are ours, to begin with; an organisation writes its own into its policy.

use serde::{Deserialize, Serialize};

use super::composite::{Bound, Condition, GradePolicy, GradeRule, LegalStatus};
use super::terms::Discount;
use crate::kernel::figures::Figure;

/// The seven grades from the best to the worst.
pub const GRADES: [&str; 7] = ["AAA", "AA", "A", "BBB", "BB", "B", "CCC"];

/// What a grade gives its customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradeTerms {
    pub grade: String,
    /// What a proposed limit is multiplied with, from 0 to 1.
    pub limit_factor: Figure,
    /// From the invoice date to the due date; 0 where everything is paid before delivery.
    pub net_days: u32,
    /// For paying early; none for no discount.
    pub discount: Option<Discount>,
    /// The share of an order that is paid before delivery, from 0 to 1.
    pub prepaid_share: Figure,
}

/// The default terms of each of [`GRADES`], in that order.
///
/// B sells half on prepayment and the other half on 30 days, as BB does; CCC sells nothing on account, and its factor
/// leaves no limit.
pub fn default_grade_terms() -> Vec<GradeTerms> {
    // Grade, factor in hundredths, net days, discount in percent and its days, prepaid percent.
    [
        ("AAA", 100, 90, 3, 10, 0),
        ("AA", 95, 75, 2, 10, 0),
        ("A", 90, 60, 2, 10, 0),
        ("BBB", 75, 45, 1, 10, 0),
        ("BB", 50, 30, 0, 0, 0),
        ("B", 25, 30, 0, 0, 50),
        ("CCC", 0, 0, 0, 0, 100),
    ]
    .map(
        |(grade, factor, net_days, rate, days, prepaid)| GradeTerms {
            grade: grade.to_owned(),
            limit_factor: Figure::new(factor, 2),
            net_days,
            discount: (rate > 0).then(|| Discount {
                rate: Figure::new(rate, 2),
                days,
            }),
            prepaid_share: Figure::new(prepaid, 2),
        },
    )
    .to_vec()
}

/// The default caps: a customer who is sued or more than 90 days late is not above B, one of less than six months not
/// above BBB, one without a financial statement of the last eighteen months not above A. Insolvency and dishonoured
/// instruments are bounded as well: CCC and B. An expert may move a customer by one grade.
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
    let rules = vec![
        cap(
            statuses(&[LegalStatus::Insolvent, LegalStatus::Dissolved]),
            "CCC",
        ),
        cap(statuses(&[LegalStatus::Sued, LegalStatus::Judgment]), "B"),
        cap(Condition::UnpaidDaysOver { days: 90 }, "B"),
        cap(Condition::DishonouredInstrumentsOver { count: 0 }, "B"),
        cap(Condition::CustomerMonthsUnder { months: 6 }, "BBB"),
        cap(Condition::StatementMissingOrOlder { months: 18 }, "A"),
    ];
    GradePolicy {
        rules,
        override_grades: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::super::composite::Grades;
    use super::*;

    #[test]
    fn better_grades_have_better_terms() {
        let terms = default_grade_terms();
        let grades: Vec<&str> = terms.iter().map(|row| row.grade.as_str()).collect();
        assert_eq!(grades, GRADES);
        for pair in terms.windows(2) {
            assert!(pair[0].limit_factor > pair[1].limit_factor);
            assert!(pair[0].net_days >= pair[1].net_days);
            assert!(pair[0].prepaid_share <= pair[1].prepaid_share);
        }
        let a = serde_json::to_value(&terms[2]).unwrap();
        let expected = serde_json::json!({
            "grade": "A", "limit_factor": "0.90", "net_days": 60,
            "discount": {"rate": "0.02", "days": 10}, "prepaid_share": "0.00",
        });
        assert_eq!(a, expected);
    }

    #[test]
    fn the_default_rules_name_grades_of_the_scale() {
        let scale = GRADES.map(str::to_owned);
        let grades = Grades::new(&scale).unwrap();
        assert_eq!(default_grade_policy().strangers(grades), []);
        let short = Grades::new(&scale[..5]).unwrap();
        let strangers = default_grade_policy().strangers(short).len();
        assert_eq!(strangers, 4, "B and CCC are not on it");
    }
}
