//! The check rules, one function each (peers and pitfalls 2.5).

use chrono::NaiveDate;

use super::{NodeFigures, PPM};
use crate::book::exposure::model::Exposure;
use crate::book::exposure::rules::NodeKind;
use crate::book::policy::model::{AccountCause, CheckRule, ExposureCategory, RuleCode};
use crate::decide::limits::check::facts::{Credit, Facts, Overdue, Question};
use crate::decide::limits::check::reasons::{Reason, ReasonCode};
use kernel::money::Money;

/// The reasons for which one rule hits; a rule on groups may hit in several.
pub fn hits(
    rule: &CheckRule,
    facts: &Facts,
    nodes: &[NodeFigures],
    overdue: &[Overdue],
    question: &Question,
    credit: Credit,
) -> Vec<Reason> {
    if rule.code == RuleCode::AccountStatus {
        return account_status(rule, facts);
    }
    if judges_nodes(rule.code) {
        return nodes
            .iter()
            .filter(|node| judges(rule.code, node.kind))
            .filter_map(|node| over_limit(rule, node, facts, credit))
            .collect();
    }
    let hit = match rule.code {
        RuleCode::CategorySublimit => category_sublimit(rule, facts, question, credit),
        RuleCode::OverdueDaysOldest => overdue_days(rule, facts, overdue),
        RuleCode::OverdueAmount => overdue_amount(rule, facts, overdue),
        RuleCode::OverdueRatio => overdue_ratio(rule, facts, overdue),
        RuleCode::UnpaidCount => unpaid_count(rule, facts),
        RuleCode::MaxDunningLevel => dunning_level(rule, facts),
        RuleCode::PaymentBehaviour => behaviour(rule, facts),
        RuleCode::LimitExpired => limit_expired(rule, facts),
        RuleCode::ReviewOverdue => review_overdue(rule, facts),
        RuleCode::LedgerStale => ledger_stale(rule, facts),
        RuleCode::MaxDocumentValue => document_value(rule, facts, credit),
        RuleCode::OrderOutlier => outlier(rule, facts, credit),
        RuleCode::NewCustomerPeriod => new_customer(rule, facts, nodes, credit),
        RuleCode::TermExceedsPolicy => term(rule, facts, question),
        RuleCode::PrepaidExempt => prepaid(rule, question),
        RuleCode::ExemptParty => exempt(rule, facts),
        RuleCode::AccountStatus
        | RuleCode::LimitUtilisation
        | RuleCode::GroupLimit
        | RuleCode::SegmentLimit
        | RuleCode::SalespersonCap
        | RuleCode::CountryCap
        | RuleCode::IndustryCap
        | RuleCode::PortfolioCap => None,
    };
    hit.into_iter().collect()
}

/// Whether a rule compares what is owed with the limit of a kind of node.
pub const fn judges(code: RuleCode, kind: NodeKind) -> bool {
    matches!(
        (code, kind),
        (RuleCode::LimitUtilisation, NodeKind::Own | NodeKind::Entity)
            | (RuleCode::GroupLimit, NodeKind::Group)
            | (RuleCode::SegmentLimit, NodeKind::Segment)
            | (RuleCode::SalespersonCap, NodeKind::Salesperson)
            | (RuleCode::CountryCap, NodeKind::Country)
            | (RuleCode::IndustryCap, NodeKind::Industry)
            | (RuleCode::PortfolioCap, NodeKind::Company)
    )
}

/// Whether a rule compares with a limit at all.
const fn judges_nodes(code: RuleCode) -> bool {
    matches!(
        code,
        RuleCode::LimitUtilisation
            | RuleCode::GroupLimit
            | RuleCode::SegmentLimit
            | RuleCode::SalespersonCap
            | RuleCode::CountryCap
            | RuleCode::IndustryCap
            | RuleCode::PortfolioCap
    )
}

/// What a rule lets a node be used to, in minor units; none when the node is unlimited.
///
/// A threshold of 90 % of a limit of 600: 540.
pub fn most(rule: &CheckRule, node: &NodeFigures) -> Option<i64> {
    let threshold = i128::from(rule.threshold_ppm.unwrap_or(1_000_000));
    let most = (i128::from(node.limit_minor?) * threshold).div_euclid(PPM);
    Some(i64::try_from(most).unwrap_or(i64::MAX))
}

/// By how much a node's limit would have to be higher for a rule to let `net` pass, in the node's currency; 0 when it does
/// already.
///
/// Exposure 390, limit 600, threshold 90 %, order 180: 570 must be at most 90 % of the limit, which is 34 short.
pub fn missing(rule: &CheckRule, node: &NodeFigures, net: i64) -> i64 {
    let Some(limit) = node.limit_minor else {
        return 0;
    };
    let after = i128::from(node.counted_with(net));
    let threshold = i128::from(rule.threshold_ppm.unwrap_or(1_000_000));
    let needed = -(-after * PPM).div_euclid(threshold);
    i64::try_from((needed - i128::from(limit)).max(0)).unwrap_or(i64::MAX)
}

/// The largest part of an order to be paid later that a rule on the document alone lets pass; none for rules of another kind.
pub fn largest_document(rule: &CheckRule, facts: &Facts) -> Option<i64> {
    match rule.code {
        RuleCode::MaxDocumentValue => rule.amounts.get(facts.currency).map(Money::minor),
        RuleCode::OrderOutlier => {
            let usual = facts.usual_order.filter(|usual| usual.count > 0)?;
            let most = i128::from(usual.median_minor) * i128::from(rule.threshold_ppm?) / PPM;
            i64::try_from(most).ok()
        }
        _ => None,
    }
}

/// The most credit that a rule with an amount of its own leaves, in the account's currency; none for rules of another kind.
pub fn most_credit(
    rule: &CheckRule,
    facts: &Facts,
    nodes: &[NodeFigures],
    question: &Question,
) -> Option<i64> {
    let allowed = rule.amounts.get(facts.currency)?.minor();
    match rule.code {
        RuleCode::CategorySublimit if rule.category == Some(ExposureCategory::Reservations) => {
            Some(allowed.saturating_sub(own_exposure(facts, question)?.reserved_minor))
        }
        RuleCode::NewCustomerPeriod
            if days_since(facts.opened_on, facts) < i64::from(rule.days?) =>
        {
            Some(allowed.saturating_sub(nodes.first()?.exposure_minor))
        }
        _ => None,
    }
}

fn reason(rule: &CheckRule) -> Reason {
    Reason::new(ReasonCode::from(rule.code), rule.effect)
}

/// Hits when what is owed with the order would use more than the rule's share of the limit.
///
/// Limit 600, exposure 390, order 180: 95 % of the limit, so that a threshold of 90 % hits and one of 100 % does not.
fn over_limit(
    rule: &CheckRule,
    node: &NodeFigures,
    facts: &Facts,
    credit: Credit,
) -> Option<Reason> {
    let limit = node.limit_minor?;
    let net = node.asked(credit.net_minor);
    let after = node.counted_with(net);
    if net <= 0 || after <= most(rule, node)? {
        return None;
    }
    let currency = node.currency.unwrap_or(facts.currency);
    let money = |minor: i64| Money::from_minor(minor, currency);
    let headroom = limit.saturating_sub(node.exposure_minor);
    let mut reason = reason(rule)
        .with("node", &node.id)
        .with_money("limit", money(limit))
        .with_money("exposure", money(node.exposure_minor))
        .with_money("headroom", money(headroom))
        .with_money("asked", money(net));
    if !node.key.is_empty() {
        reason = reason.with("key", &node.key);
    }
    if let Some(utilisation) = share(i128::from(after), limit) {
        reason = reason.with("utilisation", utilisation);
    }
    if net > headroom {
        reason = reason.with_money("shortfall", money(net.saturating_sub(headroom)));
    }
    Some(reason)
}

/// What share one amount is of another, to four places, rounded down; none of nothing.
fn share(part: i128, whole: i64) -> Option<String> {
    if whole <= 0 {
        return None;
    }
    let ten_thousandths = (part * 10_000).checked_div(i128::from(whole))?;
    Some(format!(
        "{}.{:04}",
        ten_thousandths / 10_000,
        ten_thousandths % 10_000
    ))
}

/// What the account itself owes without what the order holds, in its currency.
fn own_exposure(facts: &Facts, question: &Question) -> Option<Exposure> {
    let held = Exposure::reserved(question.held_minor);
    let own = facts
        .nodes
        .first()?
        .with(facts.balance(), -held, facts.currency);
    own.exposure_in_all(facts.currency, &facts.rates).ok()
}

fn category_sublimit(
    rule: &CheckRule,
    facts: &Facts,
    question: &Question,
    credit: Credit,
) -> Option<Reason> {
    let category = rule.category?;
    let allowed = rule.amounts.get(facts.currency)?;
    let own = own_exposure(facts, question)?;
    // An order comes as a reservation; it adds nothing to the other categories.
    let added = match category {
        ExposureCategory::Reservations => credit.in_account.net_minor.max(0),
        _ => 0,
    };
    let after = own.get(category).saturating_add(added);
    (after > allowed.minor()).then(|| {
        reason(rule)
            .with("category", category)
            .with_money("exposure", Money::from_minor(after, facts.currency))
            .with_money("allowed", allowed)
    })
}

/// One reason for each cause that the rule looks at.
fn account_status(rule: &CheckRule, facts: &Facts) -> Vec<Reason> {
    let causes = facts.account_causes().into_iter();
    causes
        .filter(|cause| rule.causes.is_empty() || rule.causes.contains(cause))
        .map(|cause| {
            let status = match cause {
                AccountCause::Suspended => "suspended",
                _ => "blocked",
            };
            reason(rule).with("status", status).with("cause", cause)
        })
        .collect()
}

fn days_since(day: NaiveDate, facts: &Facts) -> i64 {
    facts.today.signed_duration_since(day).num_days()
}

fn overdue_days(rule: &CheckRule, facts: &Facts, overdue: &[Overdue]) -> Option<Reason> {
    let floor = rule.amounts.get(facts.currency).map_or(0, Money::minor);
    let oldest = overdue
        .iter()
        .filter(|overdue| overdue.largest_minor >= floor)
        .map(|overdue| overdue.due_date)
        .min()?;
    let days = days_since(oldest, facts);
    (days > i64::from(rule.days.unwrap_or(0))).then(|| {
        reason(rule)
            .with("days", days)
            .with("allowed_days", rule.days.unwrap_or(0))
            .with("due_date", oldest)
    })
}

/// What has been overdue for more than `days`.
fn overdue_since(facts: &Facts, overdue: &[Overdue], days: i64) -> i64 {
    overdue
        .iter()
        .filter(|overdue| days_since(overdue.due_date, facts) > days)
        .fold(0, |sum: i64, overdue| sum.saturating_add(overdue.sum_minor))
}

fn overdue_amount(rule: &CheckRule, facts: &Facts, overdue: &[Overdue]) -> Option<Reason> {
    let allowed = rule
        .amounts
        .get(facts.currency)
        .unwrap_or_else(|| Money::zero(facts.currency));
    let overdue = overdue_since(facts, overdue, 0);
    (overdue > allowed.minor()).then(|| {
        reason(rule)
            .with_money("overdue", Money::from_minor(overdue, facts.currency))
            .with_money("allowed", allowed)
    })
}

/// Overdue for more than 30 days 40 of 100 that are open: 40 %, so that a threshold of 30 % hits.
fn overdue_ratio(rule: &CheckRule, facts: &Facts, overdue: &[Overdue]) -> Option<Reason> {
    let open = facts.unpaid?.sum_minor;
    let days = rule.days?;
    let overdue = overdue_since(facts, overdue, i64::from(days));
    let threshold = i128::from(rule.threshold_ppm?);
    (i128::from(overdue) * PPM > threshold * i128::from(open)).then(|| {
        let money = |minor| Money::from_minor(minor, facts.currency);
        reason(rule)
            .with_money("overdue", money(overdue))
            .with_money("open", money(open))
            .with("days", days)
    })
}

fn unpaid_count(rule: &CheckRule, facts: &Facts) -> Option<Reason> {
    let count = facts.unpaid?.count;
    let allowed = rule.count?;
    (count > i64::from(allowed)).then(|| reason(rule).with("count", count).with("allowed", allowed))
}

fn dunning_level(rule: &CheckRule, facts: &Facts) -> Option<Reason> {
    let level = facts.dunning_level?;
    (level >= rule.count?).then(|| reason(rule).with("level", level))
}

fn behaviour(rule: &CheckRule, facts: &Facts) -> Option<Reason> {
    let behaviour = facts.behaviour?;
    let allowed = rule.days?;
    let late = behaviour.late_minor_days;
    (behaviour.paid_minor > 0 && late > i128::from(allowed) * i128::from(behaviour.paid_minor))
        .then(|| {
            reason(rule)
                .with("days", behaviour.days_beyond_terms().unwrap_or_default())
                .with("allowed_days", allowed)
                .with_money(
                    "paid",
                    Money::from_minor(behaviour.paid_minor, facts.currency),
                )
        })
}

fn limit_expired(rule: &CheckRule, facts: &Facts) -> Option<Reason> {
    let valid_until = facts.limit_valid_until?;
    (days_since(valid_until, facts) > i64::from(rule.days.unwrap_or(0))).then(|| {
        reason(rule)
            .with("valid_until", valid_until)
            .with("grace_days", rule.days.unwrap_or(0))
    })
}

fn review_overdue(rule: &CheckRule, facts: &Facts) -> Option<Reason> {
    let review_on = facts.review_on?;
    (days_since(review_on, facts) > i64::from(rule.days.unwrap_or(0))).then(|| {
        reason(rule)
            .with("review_on", review_on)
            .with("grace_days", rule.days.unwrap_or(0))
    })
}

/// Two days allowed: on 4 April a ledger as of 1 April is stale, one as of 2 April is not.
fn ledger_stale(rule: &CheckRule, facts: &Facts) -> Option<Reason> {
    let (as_of, allowed) = (facts.ledger_as_of?, rule.days?);
    (days_since(as_of, facts) > i64::from(allowed)).then(|| {
        reason(rule)
            .with("ledger_as_of", as_of)
            .with("allowed_days", allowed)
    })
}

fn document_value(rule: &CheckRule, facts: &Facts, credit: Credit) -> Option<Reason> {
    let allowed = rule.amounts.get(facts.currency)?;
    let asked = credit.in_account.unpaid_minor;
    (asked > allowed.minor()).then(|| {
        reason(rule)
            .with_money("asked", Money::from_minor(asked, facts.currency))
            .with_money("allowed", allowed)
    })
}

/// The median order is 100, the threshold 300 %: an order of 301 hits.
fn outlier(rule: &CheckRule, facts: &Facts, credit: Credit) -> Option<Reason> {
    let usual = facts.usual_order?;
    let most = i128::from(usual.median_minor) * i128::from(rule.threshold_ppm?);
    let asked = credit.in_account.unpaid_minor;
    (usual.count > 0 && i128::from(asked) * PPM > most).then(|| {
        reason(rule)
            .with_money("asked", Money::from_minor(asked, facts.currency))
            .with_money(
                "usual",
                Money::from_minor(usual.median_minor, facts.currency),
            )
            .with("orders", usual.count)
    })
}

fn new_customer(
    rule: &CheckRule,
    facts: &Facts,
    nodes: &[NodeFigures],
    credit: Credit,
) -> Option<Reason> {
    let allowed = rule.amounts.get(facts.currency)?;
    let days = days_since(facts.opened_on, facts);
    let after = nodes
        .first()?
        .counted_with(credit.in_account.net_minor.max(0));
    (days < i64::from(rule.days?) && after > allowed.minor()).then(|| {
        reason(rule)
            .with("opened_on", facts.opened_on)
            .with_money("exposure", Money::from_minor(after, facts.currency))
            .with_money("allowed", allowed)
    })
}

fn term(rule: &CheckRule, facts: &Facts, question: &Question) -> Option<Reason> {
    let asked = question.net_days?;
    (asked > facts.net_days).then(|| {
        reason(rule)
            .with("asked_days", asked)
            .with("allowed_days", facts.net_days)
    })
}

fn prepaid(rule: &CheckRule, question: &Question) -> Option<Reason> {
    let needed = i128::from(question.amount.minor()) * i128::from(rule.threshold_ppm?);
    (i128::from(question.prepaid_minor) * PPM >= needed).then(|| {
        let prepaid = Money::from_minor(question.prepaid_minor, question.amount.currency());
        reason(rule).with_money("prepaid", prepaid)
    })
}

fn exempt(rule: &CheckRule, facts: &Facts) -> Option<Reason> {
    let until = facts.exempt_until.filter(|until| *until >= facts.today)?;
    Some(reason(rule).with("exempt_until", until))
}
