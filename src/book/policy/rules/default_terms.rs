//! What a new house gives each grade (formulas 3.11). The numbers are ours, to begin with.

use super::amounts;
use crate::book::policy::model::{
    Amounts, Discount, GradeFactor, InsuredCap, LimitCombination, LimitMethod, LimitMethods,
    TermsRow,
};
use crate::kernel::figures::Figure;
use crate::kernel::text::GradeCode;

/// A grade as a new house treats it.
struct Begin {
    grade: &'static str,
    /// The limit factor in hundredths.
    factor: i64,
    net_days: i32,
    /// The discount in percent, for paying within ten days; 0 for none.
    discount: i64,
    /// In percent.
    prepaid: i64,
    review_months: i32,
}

/// The seven grades from the best to the worst.
///
/// B sells half on prepayment and the other half on 30 days, as BB does; CCC sells nothing on account, and its factor
/// leaves no limit.
#[rustfmt::skip]
const BEGINNING: [Begin; 7] = [
    Begin { grade: "AAA", factor: 100, net_days: 90, discount: 3, prepaid: 0, review_months: 12 },
    Begin { grade: "AA", factor: 95, net_days: 75, discount: 2, prepaid: 0, review_months: 12 },
    Begin { grade: "A", factor: 90, net_days: 60, discount: 2, prepaid: 0, review_months: 12 },
    Begin { grade: "BBB", factor: 75, net_days: 45, discount: 1, prepaid: 0, review_months: 6 },
    Begin { grade: "BB", factor: 50, net_days: 30, discount: 0, prepaid: 0, review_months: 6 },
    Begin { grade: "B", factor: 25, net_days: 30, discount: 0, prepaid: 50, review_months: 3 },
    Begin { grade: "CCC", factor: 0, net_days: 0, discount: 0, prepaid: 100, review_months: 3 },
];

const DISCOUNT_DAYS: u32 = 10;

/// The terms of each grade, the best first.
pub fn rows() -> Vec<TermsRow> {
    graded(|begin, grade| TermsRow {
        grade,
        segment: None,
        net_days_max: begin.net_days,
        discount: (begin.discount > 0).then(|| Discount {
            rate: Figure::new(begin.discount, 2),
            days: DISCOUNT_DAYS,
        }),
        prepaid_share: Figure::new(begin.prepaid, 2),
        limit_cap: Amounts::default(),
        review_months: Some(begin.review_months),
        checkpoints: Vec::new(),
        dunning_procedure_id: None,
    })
}

impl Default for LimitMethods {
    /// All three methods, the lowest of which decides; a tenth of net worth, and not more than all working capital.
    fn default() -> LimitMethods {
        LimitMethods {
            methods: LimitMethod::ALL.to_vec(),
            combination: LimitCombination::Min,
            weights: Vec::new(),
            grade_factors: graded(|begin, grade| GradeFactor {
                grade,
                factor: Figure::new(begin.factor, 2),
            }),
            buffer_days: 15,
            net_worth_share: Figure::new(10, 2),
            working_capital_share: Figure::ONE,
            payment_period_days: 180,
            tolerance_days: 3,
            insured_cap: InsuredCap::NoCap,
            rounding_steps: amounts(100),
        }
    }
}

fn graded<T>(row: impl Fn(&Begin, GradeCode) -> T) -> Vec<T> {
    BEGINNING
        .iter()
        .filter_map(|begin| Some(row(begin, begin.grade.parse().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::policy::rules::default_document;

    #[test]
    fn better_grades_have_better_terms() {
        let policy = default_document();
        assert_eq!(policy.terms.len(), 7);
        for pair in policy.terms.windows(2) {
            assert!(pair[0].net_days_max >= pair[1].net_days_max);
            assert!(pair[0].prepaid_share <= pair[1].prepaid_share);
        }
        let factors = &policy.limit_methods.grade_factors;
        assert!(
            factors
                .windows(2)
                .all(|pair| pair[0].factor > pair[1].factor)
        );
        let a = serde_json::to_value(policy.terms_of("A", Some("Steel"))).unwrap();
        let expected = serde_json::json!({
            "grade": "A", "segment": null, "net_days_max": 60, "discount": {"rate": "0.02", "days": 10},
            "prepaid_share": "0.00", "limit_cap": {}, "review_months": 12, "checkpoints": [],
        });
        assert_eq!(a, expected);
    }

    #[test]
    fn the_row_of_the_segment_wins_over_that_of_the_grade() {
        let mut policy = default_document();
        let steel = TermsRow {
            segment: Some("Steel".parse().unwrap()),
            net_days_max: 20,
            ..policy.terms_of("A", None).unwrap().clone()
        };
        policy.terms.insert(0, steel);
        let days = |grade, segment| policy.terms_of(grade, segment).map(|row| row.net_days_max);
        assert_eq!(days("A", Some("Steel")), Some(20));
        assert_eq!(days("A", Some("Paint")), Some(60));
        assert_eq!(days("A", None), Some(60));
        assert_eq!(days("BBB", Some("Steel")), Some(45));
        assert_eq!(days("NR", None), None);
    }

    #[test]
    fn a_document_of_before_has_no_terms_and_the_methods_of_a_new_house() {
        let mut old = serde_json::to_value(default_document()).unwrap();
        for name in ["terms", "limit_methods", "straight_through"] {
            old.as_object_mut().unwrap().remove(name).unwrap();
        }
        let read: crate::book::policy::model::PolicyDocument = serde_json::from_value(old).unwrap();
        assert_eq!(read.terms, []);
        assert_eq!(read.limit_methods, LimitMethods::default());
        assert_eq!(read.straight_through, None);
    }
}
