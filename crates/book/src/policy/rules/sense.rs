//! Whether a policy makes sense: what the shape of its document can't say.

mod terms;

use std::collections::BTreeSet;

use crate::book::policy::model::{Authority, CheckRule, PolicyDocument, RuleCode, RuleEffect};
use kernel::caller::Role;

/// Something in a policy that makes no sense, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonsense {
    /// JSON Pointer into the document.
    pub pointer: String,
    pub code: &'static str,
    pub message: String,
}

/// All that makes no sense in a policy; it may go live when there is nothing.
pub fn faults(policy: &PolicyDocument) -> Vec<Nonsense> {
    let mut found = Vec::new();
    for (index, rule) in policy.check_rules.iter().enumerate() {
        check_rule(rule, &format!("/check_rules/{index}"), &mut found);
    }
    check_authority(&policy.authority, &mut found);
    check_exposure(policy, &mut found);
    let reservations = &policy.reservations;
    if reservations.days_default > reservations.days_max {
        found.push(nonsense(
            "/reservations/days_default",
            "above_maximum",
            "must not be more than days_max",
        ));
    }
    let distinct: BTreeSet<_> = policy.rerate.iter().collect();
    if distinct.len() < policy.rerate.len() {
        found.push(nonsense("/rerate", "repeated", "names a cause twice"));
    }
    check_exceptions(policy, &mut found);
    let tolerance = policy.settlement.tolerance.as_ref();
    if tolerance.is_some_and(|tolerance| !tolerance.share.is_share()) {
        found.push(nonsense(
            "/settlement/tolerance/share",
            "out_of_range",
            "must be from 0 to 1",
        ));
    }
    let automatic = policy.cash_application.automatic_above;
    if automatic.is_some_and(|share| !share.is_share()) {
        found.push(nonsense(
            "/cash_application/automatic_above",
            "not_a_share",
            "must be from 0 to 1, such as 0.1 for 10%",
        ));
    }
    terms::check(policy, &mut found);
    found
}

/// Only who approves limits approves exceptions, and a role has one level for a kind.
fn check_exceptions(policy: &PolicyDocument, found: &mut Vec<Nonsense>) {
    let mut seen = BTreeSet::new();
    for (index, row) in policy.exceptions.iter().enumerate() {
        if !matches!(row.role, Role::Credit | Role::Finance) {
            found.push(nonsense(
                &format!("/exceptions/{index}/role"),
                "wrong_role",
                "must be credit or finance: nobody else approves",
            ));
        }
        if !seen.insert((row.kind, row.role)) {
            found.push(nonsense(
                &format!("/exceptions/{index}"),
                "repeated",
                "names a kind and a role twice",
            ));
        }
    }
}

/// A parameter that a rule needs must be there, and one that it does not look at must not: it would be believed to
/// work.
fn check_rule(rule: &CheckRule, at: &str, found: &mut Vec<Nonsense>) {
    let uses = parameters(rule.code);
    let mut check = |name: &str, use_of_it: Use, given: bool| match (use_of_it, given) {
        (Use::Needed, false) => found.push(nonsense(
            &format!("{at}/{name}"),
            "missing",
            format!("is needed by {}", rule.code),
        )),
        (Use::None, true) => found.push(nonsense(
            &format!("{at}/{name}"),
            "not_used",
            format!("is not used by {}", rule.code),
        )),
        _ => {}
    };
    check(
        "threshold_ppm",
        uses.threshold,
        rule.threshold_ppm.is_some(),
    );
    check("days", uses.days, rule.days.is_some());
    check("count", uses.count, rule.count.is_some());
    check("category", uses.category, rule.category.is_some());
    check("causes", uses.causes, !rule.causes.is_empty());
    check("amounts", uses.amounts, !rule.amounts.is_empty());
    if uses.exempts != (rule.effect == RuleEffect::Exempt) {
        found.push(nonsense(
            &format!("{at}/effect"),
            "wrong_effect",
            if uses.exempts {
                format!("{} can only exempt", rule.code)
            } else {
                format!("{} can't exempt", rule.code)
            },
        ));
    }
    let distinct: BTreeSet<_> = rule.causes.iter().collect();
    if distinct.len() < rule.causes.len() {
        found.push(nonsense(
            &format!("{at}/causes"),
            "repeated",
            "names a cause twice",
        ));
    }
    let distinct: BTreeSet<_> = rule.checkpoints.iter().collect();
    if distinct.len() < rule.checkpoints.len() {
        found.push(nonsense(
            &format!("{at}/checkpoints"),
            "repeated",
            "names a checkpoint twice",
        ));
    }
}

/// How a rule looks at a parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Needed,
    Optional,
    None,
}

/// How a rule uses its parameters.
struct Uses {
    threshold: Use,
    days: Use,
    count: Use,
    category: Use,
    causes: Use,
    amounts: Use,
    /// Whether it is a rule that exempts.
    exempts: bool,
}

/// How each rule uses its parameters.
const fn parameters(code: RuleCode) -> Uses {
    let none = Uses {
        threshold: Use::None,
        days: Use::None,
        count: Use::None,
        category: Use::None,
        causes: Use::None,
        amounts: Use::None,
        exempts: false,
    };
    match code {
        RuleCode::TermExceedsPolicy => none,
        RuleCode::AccountStatus => Uses {
            causes: Use::Optional,
            ..none
        },
        RuleCode::LimitUtilisation
        | RuleCode::GroupLimit
        | RuleCode::SegmentLimit
        | RuleCode::SalespersonCap
        | RuleCode::CountryCap
        | RuleCode::IndustryCap
        | RuleCode::PortfolioCap => Uses {
            threshold: Use::Optional,
            ..none
        },
        RuleCode::CategorySublimit => Uses {
            category: Use::Needed,
            amounts: Use::Needed,
            ..none
        },
        RuleCode::OverdueDaysOldest => Uses {
            days: Use::Needed,
            amounts: Use::Optional,
            ..none
        },
        RuleCode::OverdueAmount | RuleCode::MaxDocumentValue => Uses {
            amounts: Use::Needed,
            ..none
        },
        RuleCode::OverdueRatio => Uses {
            threshold: Use::Needed,
            days: Use::Needed,
            ..none
        },
        RuleCode::UnpaidCount | RuleCode::MaxDunningLevel => Uses {
            count: Use::Needed,
            ..none
        },
        RuleCode::PaymentBehaviour | RuleCode::LedgerStale => Uses {
            days: Use::Needed,
            ..none
        },
        RuleCode::LimitExpired | RuleCode::ReviewOverdue => Uses {
            days: Use::Optional,
            ..none
        },
        RuleCode::OrderOutlier => Uses {
            threshold: Use::Needed,
            ..none
        },
        RuleCode::NewCustomerPeriod => Uses {
            days: Use::Needed,
            amounts: Use::Needed,
            ..none
        },
        RuleCode::PrepaidExempt => Uses {
            threshold: Use::Needed,
            exempts: true,
            ..none
        },
        RuleCode::ExemptParty => Uses {
            exempts: true,
            ..none
        },
    }
}

/// A category counts in one way.
fn check_exposure(policy: &PolicyDocument, found: &mut Vec<Nonsense>) {
    for (index, row) in policy.exposure.iter().enumerate() {
        let twins = policy.exposure.iter().take(index);
        if twins.filter(|other| other.category == row.category).count() > 0 {
            found.push(nonsense(
                &format!("/exposure/{index}/category"),
                "repeated",
                format!("{} stands there twice", row.category),
            ));
        }
    }
}

/// Each level of a role stands once, has amounts, and may approve no less than the levels below it.
fn check_authority(matrix: &[Authority], found: &mut Vec<Nonsense>) {
    for (index, row) in matrix.iter().enumerate() {
        let at = format!("/authority/{index}");
        if !matches!(row.role, Role::Credit | Role::Finance) {
            found.push(nonsense(
                &format!("{at}/role"),
                "not_an_approver",
                "must be credit or finance: nobody else approves",
            ));
        }
        if row.amounts.is_empty() || row.amounts.iter().any(|amount| !amount.is_positive()) {
            found.push(nonsense(
                &format!("{at}/amounts"),
                "not_positive",
                "must name at least one currency, each with an amount above zero",
            ));
        }
        let same_role = || matrix.iter().filter(|other| other.role == row.role);
        let twins = matrix
            .iter()
            .take(index)
            .filter(|other| (other.role, other.level) == (row.role, row.level));
        if twins.count() > 0 {
            found.push(nonsense(
                &format!("{at}/level"),
                "repeated",
                format!("level {} of {} stands there twice", row.level, row.role),
            ));
        }
        let below = same_role().filter(|other| other.level < row.level);
        let less = below.flat_map(|other| other.amounts.iter()).find(|lower| {
            row.amounts
                .get(lower.currency())
                .is_none_or(|own| own.minor() < lower.minor())
        });
        if let Some(lower) = less {
            found.push(nonsense(
                &format!("{at}/amounts/{}", lower.currency()),
                "below_lower_level",
                format!("must not be less than {lower}, which a lower level may approve"),
            ));
        }
    }
}

fn nonsense(pointer: &str, code: &'static str, message: impl ToString) -> Nonsense {
    Nonsense {
        pointer: pointer.to_owned(),
        code,
        message: message.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::policy::rules::{default_document, plain_document};

    fn pointers(policy: &PolicyDocument) -> Vec<String> {
        faults(policy)
            .into_iter()
            .map(|fault| fault.pointer)
            .collect()
    }

    #[test]
    fn the_default_policy_makes_sense() {
        assert_eq!(faults(&default_document()), []);
        assert_eq!(faults(&plain_document()), []);
    }

    #[test]
    fn what_makes_no_sense_is_pointed_at() {
        let mut policy = plain_document();
        policy.reservations.days_default = 20;
        policy.reservations.days_max = 10;
        policy.check_rules.truncate(1);
        policy.check_rules[0].days = Some(3);
        policy.authority.truncate(3);
        policy.authority[2].role = Role::Sales;
        assert_eq!(
            pointers(&policy),
            [
                "/check_rules/0/days",
                "/authority/2/role",
                "/reservations/days_default"
            ]
        );
    }

    #[test]
    fn a_higher_level_may_approve_no_less_than_a_lower_one() {
        let mut policy = plain_document();
        policy.authority.swap(0, 1);
        assert_eq!(faults(&policy), []);
        let amounts = policy.authority[0].amounts.clone();
        policy.authority[0].amounts = policy.authority[1].amounts.clone();
        policy.authority[1].amounts = amounts;
        assert_eq!(pointers(&policy), ["/authority/0/amounts/CNY"]);
        policy.authority[0].level = 1;
        assert_eq!(pointers(&policy), ["/authority/1/level"]);
    }

    #[test]
    fn a_rule_without_its_parameter_is_refused() {
        let mut policy = plain_document();
        for rule in &mut policy.check_rules {
            rule.days = None;
            rule.amounts = crate::book::policy::model::Amounts::default();
        }
        assert_eq!(
            pointers(&policy),
            ["/check_rules/9/days", "/check_rules/10/amounts"]
        );
    }
}
