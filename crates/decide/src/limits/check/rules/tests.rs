mod currencies;
mod edges;

use super::*;
use crate::book::exchange_rates::rules::{Conversion, Conversions};
use crate::book::exposure::model::{AccountStatus, Exposure, Limit};
use crate::book::exposure::rules::Node;
use crate::book::exposure::rules::examples::{a_node, the_worked_example};
use crate::book::policy::model::{CheckRule, Checkpoint, ExposureCategory};
use crate::book::policy::rules::plain_document;
use crate::decide::limits::check::facts::{Behaviour, Overdue, Unpaid, UsualOrder};
use chrono::NaiveDate;
use kernel::money::{Currency, Money};
use proptest::prelude::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn currency() -> Currency {
    "CNY".parse().unwrap()
}

fn cny(minor: i64) -> Money {
    Money::from_minor(minor, currency())
}

fn facts(nodes: impl IntoIterator<Item = Node>) -> Facts {
    Facts {
        today: day("2026-03-31"),
        currency: currency(),
        status: AccountStatus::Active,
        is_blocked: false,
        block_causes: Vec::new(),
        net_days: 30,
        limit_source: "application".to_owned(),
        limit_valid_until: None,
        exempt_until: None,
        opened_on: day("2020-01-01"),
        nodes: nodes.into_iter().collect(),
        unknown_nodes: Vec::new(),
        grade: None,
        review_on: None,
        ledger_as_of: None,
        overdue: Vec::new(),
        unpaid: None,
        dunning_level: None,
        conversion: None,
        behaviour: None,
        usual_order: None,
        balance: None,
        rates: Conversions::default(),
        is_suspended_by_entity: false,
    }
}

/// A customer with a limit and open invoices, in no group.
fn own(limit: i64, receivable: i64) -> Facts {
    facts([a_node(
        NodeKind::Own,
        limit,
        Exposure::receivable(receivable),
    )])
}

fn order(minor: i64) -> Question {
    Question {
        amount: cny(minor),
        prepaid_minor: 0,
        net_days: None,
        checkpoint: Checkpoint::Order,
        held_minor: 0,
        captured_minor: 0,
    }
}

fn codes(decision: &Decision) -> Vec<ReasonCode> {
    decision.reasons.iter().map(|reason| reason.code).collect()
}

fn offers(decision: &Decision) -> Vec<(OfferKind, Option<i64>)> {
    let offers = decision.counter_offers.iter();
    offers
        .map(|offer| (offer.kind, offer.amount.map(Money::minor)))
        .collect()
}

/// A policy of one rule.
fn policy_of(rule: serde_json::Value) -> PolicyDocument {
    let rule: CheckRule = serde_json::from_value(rule).unwrap();
    PolicyDocument {
        check_rules: vec![rule],
        ..plain_document()
    }
}

#[test]
fn the_worked_example_offers_160_now_or_a_prepayment_or_security_of_20() {
    let facts = facts(the_worked_example());
    let policy = plain_document();
    let decision = decide(&facts, &policy, &order(180));
    assert_eq!(decision.outcome, Outcome::ReviewRequired);
    assert_eq!(
        codes(&decision),
        [ReasonCode::LimitUtilisation, ReasonCode::GroupLimit]
    );
    assert_eq!(
        offers(&decision),
        [
            (OfferKind::ReducedAmount, Some(160)),
            (OfferKind::Prepayment, Some(20)),
            (OfferKind::Security, Some(20)),
        ]
    );
    assert!(decide(&facts, &policy, &order(160)).outcome.is_approved());
}

#[test]
fn the_whole_limit_may_be_used_and_not_one_unit_more() {
    let policy = plain_document();
    let at = |minor| decide(&own(1_000, 400), &policy, &order(minor));
    assert_eq!(at(500).outcome, Outcome::Approved);
    assert_eq!(at(600).outcome, Outcome::ApprovedWithWarning);
    assert_eq!(at(601).outcome, Outcome::ReviewRequired);
    assert_eq!(codes(&at(601)), [ReasonCode::LimitUtilisation; 2]);
}

#[test]
fn zero_means_zero_and_unlimited_is_said() {
    let mut facts = own(0, 0);
    let policy = plain_document();
    let none = decide(&facts, &policy, &order(1));
    assert_eq!(none.outcome, Outcome::ReviewRequired);
    facts.nodes[0].limit = Limit::Unlimited;
    let unlimited = decide(&facts, &policy, &order(i64::MAX));
    assert_eq!(unlimited.outcome, Outcome::Approved);
}

#[test]
fn what_is_prepaid_needs_no_credit() {
    let mut question = order(500);
    question.prepaid_minor = 455;
    let decision = decide(&own(100, 50), &plain_document(), &question);
    assert_eq!(decision.outcome, Outcome::ApprovedWithWarning);
}

#[test]
fn an_order_is_not_counted_twice_when_it_is_asked_about_again() {
    // Of an order of 100, 40 are invoiced and 60 reserved: asked again it needs nothing more.
    let mut facts = own(100, 40);
    facts.nodes[0].exposure.reserved_minor = 60;
    let mut question = order(100);
    question.held_minor = 60;
    question.captured_minor = 40;
    let policy = policy_of(serde_json::json!({"code": "limit_utilisation", "effect": "review"}));
    assert_eq!(
        decide(&facts, &policy, &question).outcome,
        Outcome::Approved
    );
    question.amount = cny(101);
    assert_eq!(
        decide(&facts, &policy, &question).outcome,
        Outcome::ReviewRequired
    );
}

#[test]
fn small_residues_are_overlooked_and_old_debts_are_not() {
    let policy = plain_document();
    let owing = |largest_minor| {
        let mut facts = own(100_000_000, 0);
        facts.overdue = vec![Overdue {
            due_date: day("2026-02-01"),
            sum_minor: largest_minor,
            largest_minor,
            balance: None,
        }];
        facts
    };
    let small = decide(&owing(99_999), &policy, &order(1));
    assert_eq!(small.outcome, Outcome::Approved);
    let large = decide(&owing(100_000), &policy, &order(1));
    assert_eq!(codes(&large), [ReasonCode::OverdueDaysOldest]);
    // Nothing that is offered would help, so nothing is offered.
    assert!(large.counter_offers.is_empty());
}

#[test]
fn a_limit_ends_after_its_last_day() {
    let mut facts = own(1_000, 0);
    let policy = plain_document();
    facts.limit_valid_until = Some(day("2026-03-31"));
    assert_eq!(
        decide(&facts, &policy, &order(1)).outcome,
        Outcome::Approved
    );
    facts.limit_valid_until = Some(day("2026-03-30"));
    assert_eq!(
        codes(&decide(&facts, &policy, &order(1))),
        [ReasonCode::LimitExpired]
    );
}

/// 7.2628 yuan for a dollar.
fn a_rate() -> Conversion {
    serde_json::from_value(serde_json::json!({
        "from": "USD", "to": "CNY", "rate": "7.2628", "rate_date": "2026-03-30", "source": "ECB", "legs": [{
            "exchange_rate": {"id": "fxr_01k00000000000000000000001", "base_currency": "USD", "quote_currency": "CNY",
                "rate": "7.2628", "rate_date": "2026-03-30", "source": "ECB", "set_by": "u-31",
                "set_at": "2026-03-30T16:00:00.000000Z"},
            "inverse": false,
        }],
    }))
    .unwrap()
}

#[test]
fn without_a_rate_another_currency_is_refused_and_never_taken_one_to_one() {
    let mut question = order(1);
    question.amount = Money::from_minor(1, "EUR".parse().unwrap());
    let mut facts = own(1_000, 0);
    for rate in [None, Some(a_rate())] {
        facts.conversion = rate;
        let decision = decide(&facts, &plain_document(), &question);
        assert_eq!(decision.outcome, Outcome::Rejected);
        assert_eq!(codes(&decision), [ReasonCode::NoExchangeRate]);
        assert_eq!(decision.counter_offers, []);
    }
}

#[test]
fn an_order_in_another_currency_is_converted_and_its_offers_are_in_its_own() {
    let dollars = |minor| Money::from_minor(minor, "USD".parse().unwrap());
    let mut facts = own(50_000, 0);
    facts.conversion = Some(a_rate());
    let mut question = order(1);
    question.amount = dollars(10_000);
    // USD 100.00 is CNY 726.28; the limit of CNY 500.00 is USD 68.84 at the most.
    let credit = facts.credit(&question).unwrap();
    assert_eq!(credit.amount_minor, 72_628);
    let decision = decide(&facts, &plain_document(), &question);
    assert_eq!(decision.outcome, Outcome::ReviewRequired);
    let offered: Vec<_> = decision
        .counter_offers
        .iter()
        .map(|offer| (offer.kind, offer.amount))
        .collect();
    assert_eq!(
        offered,
        [
            (OfferKind::ReducedAmount, Some(dollars(6_884))),
            (OfferKind::Prepayment, Some(dollars(3_116))),
            (OfferKind::Security, Some(cny(22_628))),
        ]
    );
}

#[test]
fn the_cap_that_binds_is_named() {
    let mut cap = a_node(NodeKind::Country, 500, Exposure::receivable(480));
    cap.key = "CN".to_owned();
    let facts = facts([a_node(NodeKind::Own, 1_000, Exposure::default()), cap]);
    let decision = decide(&facts, &plain_document(), &order(100));
    assert_eq!(codes(&decision), [ReasonCode::CountryCap]);
    assert_eq!(decision.reasons[0].facts["key"], "CN");
    // Security does not widen a cap of our own.
    assert_eq!(
        offers(&decision),
        [
            (OfferKind::ReducedAmount, Some(20)),
            (OfferKind::Prepayment, Some(80))
        ]
    );
}

#[test]
fn a_longer_term_is_answered_with_the_agreed_one() {
    let mut question = order(100);
    question.net_days = Some(60);
    let decision = decide(&own(1_000, 0), &plain_document(), &question);
    assert_eq!(codes(&decision), [ReasonCode::TermExceedsPolicy]);
    assert_eq!(decision.counter_offers.len(), 1);
    assert_eq!(decision.counter_offers[0].net_days, Some(30));
}

type Change = fn(&mut Facts, &mut Question);

/// Rules with their parameters, then facts that each lets pass, then facts that it does not.
fn rules_at_their_edges() -> [(serde_json::Value, Change, Change); 11] {
    [
        (
            serde_json::json!({"code": "category_sublimit", "effect": "review", "category": "reservations", "amounts": {"CNY": "1.00"}}),
            |facts, _| facts.nodes[0].exposure.reserved_minor = 90,
            |facts, _| facts.nodes[0].exposure.reserved_minor = 91,
        ),
        (
            serde_json::json!({"code": "overdue_ratio", "effect": "review", "days": 30, "threshold_ppm": 400_000}),
            |facts, _| overdue_since_february(facts, 40),
            |facts, _| overdue_since_february(facts, 41),
        ),
        (
            serde_json::json!({"code": "unpaid_count", "effect": "review", "count": 3}),
            |facts, _| {
                facts.unpaid = Some(Unpaid {
                    count: 3,
                    sum_minor: 1,
                });
            },
            |facts, _| {
                facts.unpaid = Some(Unpaid {
                    count: 4,
                    sum_minor: 1,
                });
            },
        ),
        (
            serde_json::json!({"code": "max_dunning_level", "effect": "block", "count": 2}),
            |facts, _| facts.dunning_level = Some(1),
            |facts, _| facts.dunning_level = Some(2),
        ),
        (
            serde_json::json!({"code": "payment_behaviour", "effect": "review", "days": 10}),
            |facts, _| {
                facts.behaviour = Some(Behaviour {
                    paid_minor: 100,
                    late_minor_days: 1_000,
                });
            },
            |facts, _| {
                facts.behaviour = Some(Behaviour {
                    paid_minor: 100,
                    late_minor_days: 1_001,
                });
            },
        ),
        (
            serde_json::json!({"code": "max_document_value", "effect": "review", "amounts": {"CNY": "0.10"}}),
            |_, _| {},
            |_, question| question.amount = cny(11),
        ),
        (
            serde_json::json!({"code": "order_outlier", "effect": "review", "threshold_ppm": 2_000_000}),
            |facts, _| {
                facts.usual_order = Some(UsualOrder {
                    count: 5,
                    median_minor: 5,
                });
            },
            |facts, _| {
                facts.usual_order = Some(UsualOrder {
                    count: 5,
                    median_minor: 4,
                });
            },
        ),
        (
            serde_json::json!({"code": "new_customer_period", "effect": "review", "days": 90, "amounts": {"CNY": "0.05"}}),
            |facts, _| facts.opened_on = day("2025-12-31"),
            |facts, _| facts.opened_on = day("2026-01-01"),
        ),
        (
            serde_json::json!({"code": "limit_expired", "effect": "block", "days": 7}),
            |facts, _| facts.limit_valid_until = Some(day("2026-03-24")),
            |facts, _| facts.limit_valid_until = Some(day("2026-03-23")),
        ),
        (
            serde_json::json!({"code": "review_overdue", "effect": "review", "days": 30}),
            |facts, _| facts.review_on = Some(day("2026-03-01")),
            |facts, _| facts.review_on = Some(day("2026-02-28")),
        ),
        (
            serde_json::json!({"code": "account_status", "effect": "block"}),
            |_, _| {},
            |facts, _| facts.is_blocked = true,
        ),
    ]
}

#[test]
fn every_rule_hits_beyond_its_parameter_and_not_at_it() {
    for (rule, within, beyond) in rules_at_their_edges() {
        let policy = policy_of(rule.clone());
        assert_eq!(crate::book::policy::rules::faults(&policy), [], "{rule}");
        for (change, hits) in [(within, false), (beyond, true)] {
            let (mut facts, mut question) = (own(1_000_000, 0), order(10));
            change(&mut facts, &mut question);
            let decision = decide(&facts, &policy, &question);
            assert_eq!(
                decision.trace[0].hit, hits,
                "{rule}: {:?}",
                decision.reasons
            );
            assert_eq!(decision.outcome == Outcome::Approved, !hits, "{rule}");
            let written = serde_json::to_string(&decision).unwrap();
            assert_eq!(
                serde_json::from_str::<Decision>(&written).unwrap(),
                decision
            );
        }
    }
}

/// Of 100 that are open, so much is overdue for 58 days.
fn overdue_since_february(facts: &mut Facts, sum_minor: i64) {
    facts.unpaid = Some(Unpaid {
        count: 2,
        sum_minor: 100,
    });
    facts.overdue = vec![Overdue {
        due_date: day("2026-02-01"),
        sum_minor,
        largest_minor: sum_minor,
        balance: None,
    }];
}

#[test]
fn an_exemption_passes_over_a_review_and_not_over_a_block() {
    let mut facts = own(100, 0);
    let policy = plain_document();
    facts.exempt_until = Some(day("2026-03-31"));
    assert_eq!(
        decide(&facts, &policy, &order(500)).outcome,
        Outcome::Approved
    );
    facts.status = AccountStatus::Suspended;
    assert_eq!(
        decide(&facts, &policy, &order(500)).outcome,
        Outcome::Rejected
    );
    facts.status = AccountStatus::Active;
    facts.exempt_until = Some(day("2026-03-30"));
    assert_eq!(
        decide(&facts, &policy, &order(500)).outcome,
        Outcome::ReviewRequired
    );
}

#[test]
fn an_order_that_is_prepaid_enough_passes() {
    let mut policy = plain_document();
    let rule =
        serde_json::json!({"code": "prepaid_exempt", "effect": "exempt", "threshold_ppm": 300_000});
    policy
        .check_rules
        .push(serde_json::from_value(rule).unwrap());
    let mut question = order(1_000);
    question.prepaid_minor = 299;
    let facts = own(100, 0);
    assert_eq!(
        decide(&facts, &policy, &question).outcome,
        Outcome::ReviewRequired
    );
    question.prepaid_minor = 300;
    assert_eq!(
        decide(&facts, &policy, &question).outcome,
        Outcome::Approved
    );
}

#[test]
fn a_rule_is_asked_at_its_checkpoints_only() {
    let rule = serde_json::json!({"code": "limit_utilisation", "effect": "block", "checkpoints": ["delivery"]});
    let policy = policy_of(rule);
    let mut question = order(500);
    assert_eq!(decide(&own(100, 0), &policy, &question).trace, []);
    question.checkpoint = Checkpoint::Delivery;
    assert_eq!(
        decide(&own(100, 0), &policy, &question).outcome,
        Outcome::Rejected
    );
}

/// Rules that bound an amount, in every combination of effects that is worth asking.
fn policies() -> impl Strategy<Value = PolicyDocument> {
    let effect = prop_oneof![Just("block"), Just("review"), Just("warn")];
    let with = move |rule: serde_json::Value| {
        (proptest::bool::ANY, effect.clone()).prop_map(move |(stands, effect)| {
            let mut rule = rule.clone();
            rule["effect"] = effect.into();
            stands.then(|| serde_json::from_value::<CheckRule>(rule).unwrap())
        })
    };
    let rules = vec![
        with(serde_json::json!({"code": "limit_utilisation"})).boxed(),
        with(serde_json::json!({"code": "limit_utilisation", "threshold_ppm": 900_000})).boxed(),
        with(serde_json::json!({"code": "group_limit", "threshold_ppm": 970_001})).boxed(),
        with(serde_json::json!({"code": "country_cap"})).boxed(),
        with(serde_json::json!({"code": "max_document_value", "amounts": {"CNY": "50.00"}})).boxed(),
        with(serde_json::json!({"code": "category_sublimit", "category": "reservations", "amounts": {"CNY": "60.00"}})).boxed(),
        with(serde_json::json!({"code": "new_customer_period", "days": 90, "amounts": {"CNY": "70.00"}})).boxed(),
        with(serde_json::json!({"code": "term_exceeds_policy"})).boxed(),
    ];
    rules.prop_map(|rules: Vec<Option<CheckRule>>| PolicyDocument {
        check_rules: rules.into_iter().flatten().collect(),
        ..plain_document()
    })
}

fn worlds() -> impl Strategy<Value = Facts> {
    let node = |kind: NodeKind| {
        (0i64..12_000, 0i64..12_000, 0i64..4_000).prop_map(move |(limit, receivable, reserved)| {
            let exposure = Exposure::receivable(receivable) + Exposure::reserved(reserved + 500);
            a_node(kind, limit, exposure)
        })
    };
    let nodes = (
        node(NodeKind::Own),
        node(NodeKind::Group),
        node(NodeKind::Country),
    );
    (nodes, proptest::bool::ANY).prop_map(|((own, group, country), is_new)| {
        let mut facts = facts([own, group, country]);
        facts.conversion = Some(a_rate());
        if is_new {
            facts.opened_on = day("2026-03-01");
        }
        facts
    })
}

fn questions() -> impl Strategy<Value = Question> {
    (
        1i64..20_000,
        0i64..5_000,
        0i64..500,
        0i64..500,
        proptest::option::of(0i32..60),
    )
        .prop_map(
            |(amount, prepaid, held_minor, captured, net_days)| Question {
                prepaid_minor: prepaid.min(amount),
                captured_minor: captured.min(amount),
                held_minor,
                net_days,
                ..order(amount)
            },
        )
}

proptest! {
    #[test]
    fn what_is_approved_never_passes_a_limit(facts in worlds(), question in questions()) {
        let decision = decide(&facts, &plain_document(), &question);
        let net = facts.credit(&question).unwrap().net_minor;
        if decision.outcome.is_approved() && net > 0 {
            for node in &decision.nodes {
                prop_assert!(node.headroom().is_none_or(|headroom| net <= headroom));
            }
        }
    }

    #[test]
    fn an_offer_that_is_accepted_as_made_passes(facts in worlds(), policy in policies(), question in questions()) {
        for offer in decide(&facts, &policy, &question).counter_offers {
            let (facts, question) = offer.accepted(&facts, &question);
            prop_assert!(decide(&facts, &policy, &question).outcome.is_approved(), "{offer:?}");
        }
    }

    #[test]
    fn one_unit_more_than_the_reduced_amount_would_not_pass(facts in worlds(), policy in policies(), question in questions()) {
        let decision = decide(&facts, &policy, &question);
        let reduced = decision.counter_offers.iter().find(|offer| offer.kind == OfferKind::ReducedAmount);
        if let Some(amount) = reduced.and_then(|offer| offer.amount) {
            let more = Question { amount: Money::from_minor(amount.minor() + 1, amount.currency()), ..question };
            prop_assert!(!decide(&facts, &policy, &more).outcome.is_approved());
        }
    }

    #[test]
    fn the_record_decides_the_same_again(facts in worlds(), policy in policies(), question in questions()) {
        let decision = decide(&facts, &policy, &question);
        let facts: Facts = serde_json::from_str(&serde_json::to_string(&facts).unwrap()).unwrap();
        let question: Question = serde_json::from_str(&serde_json::to_string(&question).unwrap()).unwrap();
        prop_assert_eq!(decide(&facts, &policy, &question), decision);
    }
}

#[test]
fn every_category_can_be_bounded() {
    for category in ExposureCategory::ALL {
        let policy = policy_of(serde_json::json!({
            "code": "category_sublimit", "effect": "block", "category": category, "amounts": {"CNY": "0.05"},
        }));
        let mut facts = own(1_000_000, 0);
        facts.nodes[0].exposure = Exposure::of(*category, 6);
        assert_eq!(
            decide(&facts, &policy, &order(1)).outcome,
            Outcome::Rejected,
            "{category}"
        );
    }
}
