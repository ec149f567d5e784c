//! Single rules at their edges: who is asked what, what bounds an order, and what can't be told.

use super::*;
use crate::book::exposure::rules::UnknownNode;
use crate::decide::limits::check::rules::{applies, catalogue, figures, not_known, unknown};

fn rule(rule: serde_json::Value) -> CheckRule {
    serde_json::from_value(rule).unwrap()
}

/// The hits of a rule on an order, by the nodes of the facts.
fn hits(rule: &CheckRule, facts: &Facts, question: &Question) -> Vec<Reason> {
    let nodes = figures(facts, &plain_document(), question);
    let credit = facts.credit(question).unwrap();
    catalogue::hits(rule, facts, &nodes, &[], question, credit)
}

fn money(reason: &Reason, name: &str) -> Option<String> {
    let amount = reason.facts.get(name)?.get("amount")?;
    Some(amount.as_str().unwrap().to_owned())
}

#[test]
fn a_limit_is_passed_by_one_unit_more_than_the_rule_s_share_of_it() {
    // Limit 600 and exposure 390: at 90 % of it 540 may be used, which leaves 150.
    let facts = own(60_000, 39_000);
    let at_90 = rule(
        serde_json::json!({"code": "limit_utilisation", "effect": "warn", "threshold_ppm": 900_000}),
    );
    let whole = rule(serde_json::json!({"code": "limit_utilisation", "effect": "review"}));
    for (rule, passes) in [(&at_90, 15_000), (&whole, 21_000)] {
        assert_eq!(hits(rule, &facts, &order(passes)), []);
        assert_eq!(hits(rule, &facts, &order(passes + 1)).len(), 1);
    }
    let [reason] = hits(&at_90, &facts, &order(18_000)).try_into().unwrap();
    assert_eq!(reason.code, ReasonCode::LimitUtilisation);
    assert_eq!(reason.effect, RuleEffect::Warn);
    for (name, amount) in [
        ("limit", "600.00"),
        ("exposure", "390.00"),
        ("headroom", "210.00"),
        ("asked", "180.00"),
    ] {
        assert_eq!(money(&reason, name).as_deref(), Some(amount), "{name}");
    }
    assert_eq!(reason.facts["utilisation"], "0.9500");
    assert_eq!(reason.facts["node"], "own-1");
    assert_eq!(reason.facts.get("key"), None);
}

#[test]
fn a_shortfall_is_told_where_more_is_asked_than_the_limit_leaves() {
    let facts = own(60_000, 39_000);
    let at_90 = rule(
        serde_json::json!({"code": "limit_utilisation", "effect": "warn", "threshold_ppm": 900_000}),
    );
    let shortfall = |asked| money(&hits(&at_90, &facts, &order(asked))[0], "shortfall");
    assert_eq!(shortfall(21_000), None);
    assert_eq!(shortfall(21_001).as_deref(), Some("0.01"));
    assert_eq!(shortfall(25_000).as_deref(), Some("40.00"));
}

#[test]
fn who_asks_for_no_more_credit_passes_no_limit() {
    let facts = own(100, 500);
    let whole = rule(serde_json::json!({"code": "limit_utilisation", "effect": "review"}));
    let mut question = order(300);
    question.captured_minor = 300;
    assert_eq!(hits(&whole, &facts, &question), []);
    question.captured_minor = 299;
    assert_eq!(hits(&whole, &facts, &question).len(), 1);
    let mut unlimited = own(100, 500);
    unlimited.nodes[0].limit = Limit::Unlimited;
    assert_eq!(hits(&whole, &unlimited, &question), []);
}

#[test]
fn the_largest_document_is_the_rule_s_amount_or_a_multiple_of_the_usual_order() {
    let mut facts = own(1_000, 0);
    let most = |rule: &CheckRule, facts: &Facts| catalogue::largest_document(rule, facts);
    let by_value = rule(
        serde_json::json!({"code": "max_document_value", "effect": "review", "amounts": {"CNY": "50.00"}}),
    );
    assert_eq!(most(&by_value, &facts), Some(5_000));
    facts.currency = "EUR".parse().unwrap();
    assert_eq!(most(&by_value, &facts), None);
    let by_habit = rule(
        serde_json::json!({"code": "order_outlier", "effect": "review", "threshold_ppm": 2_500_000}),
    );
    assert_eq!(most(&by_habit, &facts), None);
    // Two and a half times a usual order of 101 is 252.5.
    facts.usual_order = Some(UsualOrder {
        count: 1,
        median_minor: 101,
    });
    assert_eq!(most(&by_habit, &facts), Some(252));
    facts.usual_order = Some(UsualOrder {
        count: 0,
        median_minor: 101,
    });
    assert_eq!(most(&by_habit, &facts), None);
    let of_another_kind = rule(
        serde_json::json!({"code": "overdue_amount", "effect": "review", "amounts": {"EUR": "50.00"}}),
    );
    assert_eq!(most(&of_another_kind, &facts), None);
}

fn most_credit(rule: &CheckRule, facts: &Facts, question: &Question) -> Option<i64> {
    let nodes = figures(facts, &plain_document(), question);
    catalogue::most_credit(rule, facts, &nodes, question)
}

#[test]
fn a_sublimit_on_reservations_leaves_what_other_orders_do_not_hold() {
    let sublimit = |category| {
        rule(serde_json::json!({
            "code": "category_sublimit", "effect": "review", "category": category, "amounts": {"CNY": "60.00"},
        }))
    };
    // 45 are reserved, of which 5 by the order itself: 20 of 60 are left.
    let mut facts = own(100_000, 0);
    facts.nodes[0].exposure.reserved_minor = 4_500;
    let mut question = order(100);
    question.held_minor = 500;
    assert_eq!(
        most_credit(&sublimit("reservations"), &facts, &question),
        Some(2_000)
    );
    question.held_minor = 0;
    assert_eq!(
        most_credit(&sublimit("reservations"), &facts, &question),
        Some(1_500)
    );
    assert_eq!(
        most_credit(&sublimit("receivables"), &facts, &question),
        None
    );
    facts.currency = "EUR".parse().unwrap();
    assert_eq!(
        most_credit(&sublimit("reservations"), &facts, &question),
        None
    );
}

#[test]
fn a_new_customer_has_the_rule_s_amount_less_what_it_owes_until_the_period_ends() {
    let new_customer = rule(
        serde_json::json!({"code": "new_customer_period", "effect": "review", "days": 90, "amounts": {"CNY": "70.00"}}),
    );
    let mut facts = own(100_000, 3_000);
    // Today is 31 March: the 1st of January is 89 days ago, the 31st of December 90.
    facts.opened_on = day("2026-01-01");
    assert_eq!(most_credit(&new_customer, &facts, &order(1)), Some(4_000));
    facts.opened_on = day("2025-12-31");
    assert_eq!(most_credit(&new_customer, &facts, &order(1)), None);
    let of_another_kind = rule(
        serde_json::json!({"code": "max_document_value", "effect": "review", "days": 90, "amounts": {"CNY": "70.00"}}),
    );
    facts.opened_on = day("2026-01-01");
    assert_eq!(most_credit(&of_another_kind, &facts, &order(1)), None);
}

#[test]
fn a_rule_is_asked_at_its_checkpoints_of_its_grades_and_of_what_is_bought_on_account() {
    let facts_of = |grade: Option<&str>| Facts {
        grade: grade.map(str::to_owned),
        ..own(100, 0)
    };
    let asks = |checkpoints: &[&str], grades: &[&str], effect: &str, grade, prepaid_minor| {
        let rule = rule(serde_json::json!({
            "code": "exempt_party", "effect": effect, "checkpoints": checkpoints, "grades": grades,
        }));
        let question = Question {
            prepaid_minor,
            ..order(100)
        };
        applies(&rule, &facts_of(grade), &question)
    };
    assert!(asks(&[], &[], "review", None, 0));
    assert!(asks(&["quote", "order"], &[], "review", None, 0));
    assert!(!asks(&["quote", "delivery"], &[], "review", None, 0));
    assert!(asks(&[], &["C", "D"], "review", Some("D"), 0));
    assert!(!asks(&[], &["C", "D"], "review", Some("B"), 0));
    assert!(!asks(&[], &["C", "D"], "review", None, 0));
    assert!(!asks(&["delivery"], &["D"], "review", Some("D"), 0));
    // Of an order that is prepaid to the last unit only exemptions are asked.
    assert!(asks(&[], &[], "block", None, 99));
    assert!(!asks(&[], &[], "block", None, 100));
    assert!(asks(&[], &[], "exempt", None, 100));
    assert!(!asks(&["delivery"], &[], "exempt", None, 100));
}

#[test]
fn a_cap_without_a_rate_refuses_who_asks_for_credit_under_a_rule_that_looks_at_it() {
    let mut facts = own(1_000, 0);
    facts.unknown_nodes = vec![UnknownNode {
        kind: NodeKind::Country,
        id: "cap-1".to_owned(),
        from: "EUR".parse().unwrap(),
        to: currency(),
    }];
    let policy = policy_of(serde_json::json!({"code": "country_cap", "effect": "warn"}));
    let of = |policy: &PolicyDocument, net_minor, applies: bool| {
        let mut credit = facts.credit(&order(1)).unwrap();
        credit.net_minor = net_minor;
        unknown(&facts, policy, credit, |_| applies)
    };
    let [reason] = of(&policy, 1, true).try_into().unwrap();
    assert_eq!(reason.code, ReasonCode::NoExchangeRate);
    assert_eq!(reason.effect, RuleEffect::Block);
    assert_eq!(reason.facts["from"], "EUR");
    assert_eq!(reason.facts["to"], "CNY");
    assert_eq!(of(&policy, 0, true), []);
    assert_eq!(of(&policy, -1, true), []);
    assert_eq!(of(&policy, 1, false), []);
    let of_another_cap = policy_of(serde_json::json!({"code": "industry_cap", "effect": "warn"}));
    assert_eq!(of(&of_another_cap, 1, true), []);
    // The decision is refused for it too.
    let decision = decide(&facts, &policy, &order(1));
    assert_eq!(decision.outcome, Outcome::Rejected);
    assert_eq!(codes(&decision), [ReasonCode::NoExchangeRate]);
}

/// Puts into facts what a rule needs.
type LookUp = fn(&mut Facts);

/// Rules that need what only some policies look up, and facts in which that was.
fn rules_and_what_they_need() -> [(serde_json::Value, LookUp); 6] {
    [
        (
            serde_json::json!({"code": "order_outlier", "effect": "review", "threshold_ppm": 3_000_000}),
            |facts| facts.usual_order = Some(UsualOrder::default()),
        ),
        (
            serde_json::json!({"code": "unpaid_count", "effect": "review", "count": 3}),
            |facts| facts.unpaid = Some(Unpaid::default()),
        ),
        (
            serde_json::json!({"code": "overdue_ratio", "effect": "review", "days": 30, "threshold_ppm": 400_000}),
            |facts| facts.unpaid = Some(Unpaid::default()),
        ),
        (
            serde_json::json!({"code": "max_dunning_level", "effect": "block", "count": 2}),
            |facts| facts.dunning_level = Some(0),
        ),
        (
            serde_json::json!({"code": "payment_behaviour", "effect": "review", "days": 10}),
            |facts| facts.behaviour = Some(Behaviour::default()),
        ),
        (
            serde_json::json!({"code": "exempt_party", "effect": "exempt", "grades": ["D"]}),
            |facts| facts.grade = Some("B".to_owned()),
        ),
    ]
}

#[test]
fn a_rule_can_t_be_asked_of_what_was_not_looked_up() {
    let looked_up_for = PolicyDocument {
        check_rules: Vec::new(),
        ..plain_document()
    };
    for (rule, look_up) in rules_and_what_they_need() {
        let policy = policy_of(rule.clone());
        let code = policy.check_rules[0].code;
        let mut facts = own(1_000, 0);
        assert_eq!(not_known(&facts, &looked_up_for, &policy), [code], "{rule}");
        look_up(&mut facts);
        assert_eq!(not_known(&facts, &looked_up_for, &policy), [], "{rule}");
    }
    let plain = policy_of(serde_json::json!({"code": "limit_utilisation", "effect": "review"}));
    assert_eq!(not_known(&own(1_000, 0), &looked_up_for, &plain), []);
}

#[test]
fn a_cap_is_known_where_it_was_looked_up_for_or_stands_in_the_facts() {
    let nothing = PolicyDocument {
        check_rules: Vec::new(),
        ..plain_document()
    };
    for (code, kind) in [
        ("segment_limit", NodeKind::Segment),
        ("salesperson_cap", NodeKind::Salesperson),
        ("country_cap", NodeKind::Country),
        ("industry_cap", NodeKind::Industry),
        ("portfolio_cap", NodeKind::Company),
    ] {
        let policy = policy_of(serde_json::json!({"code": code, "effect": "review"}));
        let asked = policy.check_rules[0].code;
        let without = own(1_000, 0);
        assert_eq!(not_known(&without, &nothing, &policy), [asked]);
        // Whoever looked it up and found none has none.
        assert_eq!(not_known(&without, &policy, &policy), []);
        let with = facts([
            a_node(NodeKind::Own, 1_000, Exposure::default()),
            a_node(kind, 500, Exposure::default()),
        ]);
        assert_eq!(not_known(&with, &nothing, &policy), []);
        let mut with_another = own(1_000, 0);
        with_another
            .nodes
            .push(a_node(NodeKind::Group, 500, Exposure::default()));
        assert_eq!(not_known(&with_another, &nothing, &policy), [asked]);
    }
}
