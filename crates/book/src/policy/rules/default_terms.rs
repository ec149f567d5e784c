//! What a new book gives each grade (formulas 3.11); `docs/policy.md` says where the figures come from.

use super::amounts;
use crate::book::policy::model::{
    GradeFactor, InsuredCap, LimitCombination, LimitMethod, LimitMethods, StraightThrough,
    StraightThroughConditions, TermsRow,
};
use kernel::figures::Figure;
use kernel::text::GradeCode;

/// A grade as a new book treats it.
struct Begin {
    grade: &'static str,
    /// The limit factor in hundredths.
    factor: i64,
    net_days: i32,
    /// In percent.
    prepaid: i64,
    /// The most that its limit may be, as [`amounts`] has it.
    limit_cap: i64,
    review_months: i32,
}

/// The grades from the best to the worst, and who was never rated between those of like risk.
///
/// B sells half on prepayment and the other half on 30 days, as BB does; CCC and D sell nothing on account. Who was never
/// rated begins with a small limit.
#[rustfmt::skip]
const BEGINNING: [Begin; 9] = [
    Begin { grade: "AAA", factor: 100, net_days: 60, prepaid: 0, limit_cap: 2_000_000, review_months: 12 },
    Begin { grade: "AA", factor: 95, net_days: 60, prepaid: 0, limit_cap: 1_000_000, review_months: 12 },
    Begin { grade: "A", factor: 90, net_days: 45, prepaid: 0, limit_cap: 500_000, review_months: 12 },
    Begin { grade: "BBB", factor: 75, net_days: 30, prepaid: 0, limit_cap: 250_000, review_months: 6 },
    Begin { grade: "BB", factor: 50, net_days: 30, prepaid: 0, limit_cap: 100_000, review_months: 6 },
    Begin { grade: "B", factor: 25, net_days: 30, prepaid: 50, limit_cap: 25_000, review_months: 3 },
    Begin { grade: "NR", factor: 20, net_days: 30, prepaid: 0, limit_cap: 2_500, review_months: 6 },
    Begin { grade: "CCC", factor: 0, net_days: 0, prepaid: 100, limit_cap: 0, review_months: 3 },
    Begin { grade: "D", factor: 0, net_days: 0, prepaid: 100, limit_cap: 0, review_months: 1 },
];

/// The terms of each grade, the best first.
pub fn rows() -> Vec<TermsRow> {
    graded(|begin, grade| TermsRow {
        grade,
        segment: None,
        net_days_max: begin.net_days,
        discount: None,
        prepaid_share: Figure::new(begin.prepaid, 2),
        limit_cap: amounts(begin.limit_cap),
        review_months: Some(begin.review_months),
        checkpoints: Vec::new(),
        dunning_procedure_id: None,
    })
}

/// Up to 5,000, from BBB on.
pub fn straight_through() -> Option<StraightThrough> {
    Some(StraightThrough {
        ceilings: amounts(5_000),
        worst_grade: "BBB".parse().ok()?,
        conditions: StraightThroughConditions::default(),
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
    use crate::book::policy::rules::{default_document, plain_document};

    #[test]
    fn better_grades_have_better_terms() {
        let policy = default_document();
        assert_eq!(policy.terms.len(), 9);
        let rated: Vec<_> = policy
            .terms
            .iter()
            .filter(|row| row.grade.as_str() != "NR")
            .collect();
        for pair in rated.windows(2) {
            assert!(pair[0].net_days_max >= pair[1].net_days_max);
            assert!(pair[0].prepaid_share <= pair[1].prepaid_share);
            let cap = |row: &TermsRow| row.cap("EUR".parse().unwrap()).unwrap().minor();
            assert!(cap(pair[0]) >= cap(pair[1]));
        }
        let factors = &policy.limit_methods.grade_factors;
        assert!(
            factors
                .windows(2)
                .all(|pair| pair[0].factor >= pair[1].factor)
        );
        let starter = serde_json::to_value(policy.terms_of("NR", Some("Steel"))).unwrap();
        assert_eq!(starter["net_days_max"], 30);
        assert_eq!(starter["limit_cap"]["EUR"], "2500.00");
        assert_eq!(starter["limit_cap"]["CNY"], "25000.00");
        let none = policy.terms_of("CCC", None).unwrap();
        assert_eq!(none.cap("EUR".parse().unwrap()).unwrap().minor(), 0);
    }

    #[test]
    fn the_row_of_the_segment_wins_over_that_of_the_grade() {
        let mut policy = plain_document();
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
