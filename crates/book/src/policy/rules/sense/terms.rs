//! Whether terms, limit methods and straight-through approval make sense.

use std::collections::BTreeSet;

use super::{Nonsense, nonsense};
use crate::book::policy::model::{
    LimitCombination, LimitMethods, PolicyDocument, StraightThrough, TermsRow,
};
use kernel::caller::Role;
use kernel::figures::Figure;

pub fn check(policy: &PolicyDocument, found: &mut Vec<Nonsense>) {
    let mut seen = BTreeSet::new();
    for (index, row) in policy.terms.iter().enumerate() {
        let at = format!("/terms/{index}");
        if !seen.insert((&row.grade, &row.segment)) {
            let what = "the grade, in this segment if one is named, stands there twice";
            found.push(nonsense(&format!("{at}/grade"), "repeated", what));
        }
        check_row(policy, row, &at, found);
    }
    check_methods(&policy.limit_methods, found);
    if let Some(rule) = &policy.straight_through {
        check_straight_through(policy, rule, found);
    }
}

fn check_row(policy: &PolicyDocument, row: &TermsRow, at: &str, found: &mut Vec<Nonsense>) {
    known_grade(policy, row.grade.as_str(), &format!("{at}/grade"), found);
    share(row.prepaid_share, &format!("{at}/prepaid_share"), found);
    let most = policy.applications.net_days_max;
    if row.net_days_max > most {
        found.push(nonsense(
            &format!("{at}/net_days_max"),
            "above_maximum",
            format!("must not be more than the {most} days of /applications/net_days_max"),
        ));
    }
    let Some(discount) = &row.discount else {
        return;
    };
    if !discount.rate.is_share() || [Figure::ZERO, Figure::ONE].contains(&discount.rate) {
        found.push(nonsense(
            &format!("{at}/discount/rate"),
            "no_discount",
            "must be more than 0 and less than 1, such as 0.02 for 2%",
        ));
    }
    if i64::from(discount.days) >= i64::from(row.net_days_max) {
        found.push(nonsense(
            &format!("{at}/discount/days"),
            "not_before_due",
            "must be less than net_days_max: a discount is for paying before the due date",
        ));
    }
}

fn check_methods(methods: &LimitMethods, found: &mut Vec<Nonsense>) {
    let at = "/limit_methods";
    if methods.methods.is_empty() {
        let what = "must name at least one method";
        found.push(nonsense(&format!("{at}/methods"), "missing", what));
    }
    for (index, method) in methods.methods.iter().enumerate() {
        if methods
            .methods
            .iter()
            .take(index)
            .any(|other| other == method)
        {
            let what = format!("{method} stands there twice");
            found.push(nonsense(&format!("{at}/methods/{index}"), "repeated", what));
        }
    }
    check_weights(methods, found);
    check_factors(methods, found);
    share(
        methods.net_worth_share,
        &format!("{at}/net_worth_share"),
        found,
    );
    let working_capital = format!("{at}/working_capital_share");
    share(methods.working_capital_share, &working_capital, found);
    for step in methods
        .rounding_steps
        .iter()
        .filter(|step| !step.is_positive())
    {
        found.push(nonsense(
            &format!("{at}/rounding_steps/{}", step.currency()),
            "not_positive",
            "must be more than zero",
        ));
    }
}

fn check_weights(methods: &LimitMethods, found: &mut Vec<Nonsense>) {
    let at = "/limit_methods/weights";
    let is_weighted = methods.combination == LimitCombination::Weighted;
    if !is_weighted && !methods.weights.is_empty() {
        let what = format!("is not used by {}", methods.combination);
        found.push(nonsense(at, "not_used", what));
    }
    if is_weighted && !methods.weights.iter().any(|row| row.weight > Figure::ZERO) {
        let what = "at least one method must have a weight above zero";
        found.push(nonsense(at, "missing", what));
    }
    for (index, row) in methods.weights.iter().enumerate() {
        let mut before = methods.weights.iter().take(index);
        if before.any(|other| other.method == row.method) {
            let what = format!("{} stands there twice", row.method);
            found.push(nonsense(&format!("{at}/{index}/method"), "repeated", what));
        }
        if !methods.methods.contains(&row.method) {
            let what = format!("{} is not among /limit_methods/methods", row.method);
            found.push(nonsense(&format!("{at}/{index}/method"), "not_used", what));
        }
        if row.weight.is_negative() {
            let what = "must not be negative";
            found.push(nonsense(&format!("{at}/{index}/weight"), "negative", what));
        }
    }
}

/// Each grade stands once, and a better one has no smaller factor.
fn check_factors(methods: &LimitMethods, found: &mut Vec<Nonsense>) {
    let at = "/limit_methods/grade_factors";
    let mut better: Option<Figure> = None;
    for (index, row) in methods.grade_factors.iter().enumerate() {
        let before = methods.grade_factors.iter().take(index);
        if before.filter(|other| other.grade == row.grade).count() > 0 {
            let what = format!("{} stands there twice", row.grade);
            found.push(nonsense(&format!("{at}/{index}/grade"), "repeated", what));
        }
        share(row.factor, &format!("{at}/{index}/factor"), found);
        if better.is_some_and(|better| row.factor > better) {
            found.push(nonsense(
                &format!("{at}/{index}/factor"),
                "above_better_grade",
                "must not be more than that of the better grade before it",
            ));
        }
        better = Some(row.factor);
    }
}

/// Netterms alone approves no more than a person of credit could.
fn check_straight_through(
    policy: &PolicyDocument,
    rule: &StraightThrough,
    found: &mut Vec<Nonsense>,
) {
    let at = "/straight_through";
    known_grade(
        policy,
        rule.worst_grade.as_str(),
        &format!("{at}/worst_grade"),
        found,
    );
    if rule.ceilings.is_empty() {
        let what = "must name at least one currency";
        found.push(nonsense(&format!("{at}/ceilings"), "missing", what));
    }
    for ceiling in rule.ceilings.iter() {
        let credit = policy
            .authority
            .iter()
            .filter(|row| row.role == Role::Credit);
        let is_reached = credit
            .filter_map(|row| row.amounts.get(ceiling.currency()))
            .any(|most| ceiling.minor() <= most.minor());
        if !is_reached {
            found.push(nonsense(
                &format!("{at}/ceilings/{}", ceiling.currency()),
                "above_authority",
                "must not be more than credit may approve at its highest level",
            ));
        }
    }
    let conditions = &rule.conditions;
    if let Some(least) = conditions.in_time_share_min {
        share(least, &format!("{at}/conditions/in_time_share_min"), found);
    }
    if conditions
        .increase_share_max
        .is_some_and(Figure::is_negative)
    {
        let pointer = format!("{at}/conditions/increase_share_max");
        found.push(nonsense(&pointer, "negative", "must not be negative"));
    }
}

fn known_grade(policy: &PolicyDocument, grade: &str, at: &str, found: &mut Vec<Nonsense>) {
    if policy.limit_methods.place(grade).is_none() {
        let what = format!("{grade} has no factor in /limit_methods/grade_factors");
        found.push(nonsense(at, "unknown_grade", what));
    }
}

fn share(value: Figure, at: &str, found: &mut Vec<Nonsense>) {
    if !value.is_share() {
        let what = "must be from 0 to 1, such as 0.1 for 10%";
        found.push(nonsense(at, "not_a_share", what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::policy::model::{Amounts, Discount, LimitMethod, MethodWeight};
    use crate::book::policy::rules::{faults, plain_document};
    use kernel::money::Money;

    fn pointers(policy: &PolicyDocument) -> Vec<String> {
        let faults = faults(policy).into_iter();
        faults
            .map(|fault| format!("{} {}", fault.pointer, fault.code))
            .collect()
    }

    #[test]
    fn terms_that_contradict_themselves_are_pointed_at() {
        let mut policy = plain_document();
        policy.applications.net_days_max = 75;
        policy.terms[1].grade = "AAA".parse().unwrap();
        policy.terms[2].discount = Some(Discount {
            rate: Figure::ONE,
            days: 60,
        });
        policy.terms[3].prepaid_share = Figure::new(-1, 1);
        policy.terms[4].grade = "XX".parse().unwrap();
        assert_eq!(
            pointers(&policy),
            [
                "/terms/0/net_days_max above_maximum",
                "/terms/1/grade repeated",
                "/terms/2/discount/rate no_discount",
                "/terms/2/discount/days not_before_due",
                "/terms/3/prepaid_share not_a_share",
                "/terms/4/grade unknown_grade",
            ]
        );
    }

    #[test]
    fn weights_are_for_the_weighted_average_of_methods_that_count() {
        let mut policy = plain_document();
        let methods = &mut policy.limit_methods;
        methods.combination = LimitCombination::Weighted;
        methods.methods = vec![LimitMethod::NetWorth, LimitMethod::NetWorth];
        methods.weights = vec![MethodWeight {
            method: LimitMethod::SalesForecast,
            weight: Figure::ZERO,
        }];
        assert_eq!(
            pointers(&policy),
            [
                "/limit_methods/methods/1 repeated",
                "/limit_methods/weights missing",
                "/limit_methods/weights/0/method not_used",
            ]
        );
        policy.limit_methods = LimitMethods::default();
        policy.limit_methods.grade_factors.swap(0, 2);
        let zero = Money::zero("CNY".parse().unwrap());
        policy.limit_methods.rounding_steps = [zero].into_iter().collect();
        assert_eq!(
            pointers(&policy),
            [
                "/limit_methods/grade_factors/1/factor above_better_grade",
                "/limit_methods/grade_factors/2/factor above_better_grade",
                "/limit_methods/rounding_steps/CNY not_positive",
            ]
        );
    }

    #[test]
    fn the_house_alone_approves_no_more_than_credit_could() {
        let mut policy = plain_document();
        let ceiling = |units: i64| -> Amounts {
            let money = Money::from_minor(units * 100, "USD".parse().unwrap());
            [money].into_iter().collect()
        };
        policy.straight_through = Some(StraightThrough {
            ceilings: ceiling(1_000_000),
            worst_grade: "A".parse().unwrap(),
            conditions: crate::book::policy::model::StraightThroughConditions::default(),
        });
        assert_eq!(pointers(&policy), [""; 0]);
        if let Some(rule) = &mut policy.straight_through {
            rule.ceilings = ceiling(1_000_001);
        }
        assert_eq!(
            pointers(&policy),
            ["/straight_through/ceilings/USD above_authority"]
        );
    }
}
