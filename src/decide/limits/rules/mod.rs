//! The decision: values in, decision out.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::model::{Outcome, Overdue};
use super::reasons::{Reason, ReasonCode};
use crate::book::exposure::model::{AccountStatus, CreditAccount, Exposure, Limit};
use crate::book::policy::model::{CheckRule, Checkpoint, PolicyDocument, RuleCode, RuleEffect};
use crate::kernel::ids::CreditAccountId;
use crate::kernel::money::Money;

const PPM: i128 = 1_000_000;

/// The question: may the customer have so much more?
#[derive(Debug, Clone)]
pub struct Question {
    pub amount: Money,
    /// What is paid before delivery, and needs no credit.
    pub prepaid_minor: i64,
    pub net_days: Option<i32>,
    pub checkpoint: Checkpoint,
    /// What the order holds already, which is left out of exposure.
    pub held_minor: i64,
}

impl Question {
    /// What credit is asked for: the amount less what is prepaid.
    pub const fn net_minor(&self) -> i64 {
        self.amount.minor().saturating_sub(self.prepaid_minor)
    }
}

/// What is known about the customer at this moment.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub account: &'a CreditAccount,
    /// The accounts of its groups, the nearest first.
    pub ancestors: &'a [CreditAccount],
    /// Whether a block stands on the account.
    pub is_blocked: bool,
    pub overdue: &'a [Overdue],
    pub today: NaiveDate,
}

/// The answer, with everything that led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub outcome: Outcome,
    pub reasons: Vec<Reason>,
    pub counter_offers: Vec<CounterOffer>,
}

/// Something else that would pass now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CounterOffer {
    pub kind: OfferKind,
    pub amount: Money,
}

/// What a counter-offer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfferKind {
    /// The largest amount that would pass now.
    ReducedAmount,
    /// What must be prepaid for the whole to pass now.
    Prepayment,
}

/// A limit with the exposure that counts against it.
#[derive(Debug, Clone, Copy)]
struct Node {
    id: CreditAccountId,
    limit: Limit,
    exposure_minor: i64,
}

/// Decides: every rule of the policy that applies at the checkpoint is asked, and the gravest effect wins. What is
/// not approved comes with counter-offers, each of which was put through the same rules and passes.
pub fn decide(facts: &Facts, policy: &PolicyDocument, question: &Question) -> Decision {
    let mut decision = ask(facts, policy, question);
    if !decision.outcome.is_approved() {
        decision.counter_offers = counter_offers(facts, policy, question);
    }
    decision
}

fn ask(facts: &Facts, policy: &PolicyDocument, question: &Question) -> Decision {
    let mut reasons = Vec::new();
    if question.amount.currency() == facts.account.currency {
        reasons.extend(
            policy
                .check_rules
                .iter()
                .filter(|rule| {
                    rule.checkpoints.is_empty() || rule.checkpoints.contains(&question.checkpoint)
                })
                .flat_map(|rule| hits(rule, facts, question)),
        );
    } else {
        reasons.push(
            Reason::new(ReasonCode::CurrencyMismatch, RuleEffect::Block)
                .with("given", question.amount.currency())
                .with("expected", facts.account.currency),
        );
    }
    let outcome = reasons
        .iter()
        .map(|reason| match reason.effect {
            RuleEffect::Block => Outcome::Rejected,
            RuleEffect::Review => Outcome::ReviewRequired,
            RuleEffect::Warn => Outcome::ApprovedWithWarning,
        })
        .max()
        .unwrap_or(Outcome::Approved);
    Decision {
        outcome,
        reasons,
        counter_offers: Vec::new(),
    }
}

/// The reasons for which one rule hits; a group rule may hit in several groups.
fn hits(rule: &CheckRule, facts: &Facts, question: &Question) -> Vec<Reason> {
    match rule.code {
        RuleCode::LimitUtilisation => over_limit(rule, &own_node(facts, question), facts, question)
            .into_iter()
            .collect(),
        RuleCode::GroupLimit => group_nodes(facts, question)
            .iter()
            .filter_map(|node| over_limit(rule, node, facts, question))
            .collect(),
        RuleCode::AccountStatus => account_status(rule, facts).into_iter().collect(),
        RuleCode::OverdueDaysOldest => overdue_days(rule, facts).into_iter().collect(),
        RuleCode::OverdueAmount => overdue_amount(rule, facts).into_iter().collect(),
        RuleCode::LimitExpired => limit_expired(rule, facts).into_iter().collect(),
        RuleCode::TermExceedsPolicy => term(rule, facts, question).into_iter().collect(),
    }
}

fn own_node(facts: &Facts, question: &Question) -> Node {
    node(
        facts.account.id,
        facts.account.limit(),
        facts.account.exposure(),
        question,
    )
}

/// The groups that have a limit: the account's own, when it heads one, and those above it.
fn group_nodes(facts: &Facts, question: &Question) -> Vec<Node> {
    std::iter::once(facts.account)
        .chain(facts.ancestors)
        .filter_map(|account| {
            let limit = account.group_limit()?;
            Some(node(account.id, limit, account.group_exposure(), question))
        })
        .collect()
}

const fn node(id: CreditAccountId, limit: Limit, exposure: Exposure, question: &Question) -> Node {
    Node {
        id,
        limit,
        exposure_minor: exposure.total_minor().saturating_sub(question.held_minor),
    }
}

/// Hits when what is owed with the order would use more than the rule's share of the limit.
///
/// Limit 600, exposure 390, order 180: 95 % of the limit, so that a threshold of 90 % hits and one of 100 % does not.
fn over_limit(rule: &CheckRule, node: &Node, facts: &Facts, question: &Question) -> Option<Reason> {
    let limit = node.limit.minor()?;
    let net = question.net_minor();
    if net <= 0 {
        return None;
    }
    let after = i128::from(node.exposure_minor) + i128::from(net);
    let threshold = i128::from(rule.threshold_ppm.unwrap_or(1_000_000));
    if after * PPM <= threshold * i128::from(limit) {
        return None;
    }
    let money = |minor: i64| facts.account.money(minor);
    let headroom = limit.saturating_sub(node.exposure_minor);
    let code = match rule.code {
        RuleCode::GroupLimit => ReasonCode::GroupLimit,
        _ => ReasonCode::LimitUtilisation,
    };
    let mut reason = Reason::new(code, rule.effect)
        .with("node", node.id)
        .with_money("limit", money(limit))
        .with_money("exposure", money(node.exposure_minor))
        .with_money("headroom", money(headroom))
        .with_money("asked", money(net));
    if let Some(utilisation) = utilisation(after, limit) {
        reason = reason.with("utilisation", utilisation);
    }
    if net > headroom {
        reason = reason.with_money("shortfall", money(net.saturating_sub(headroom)));
    }
    Some(reason)
}

/// What share of the limit is used, to four places, rounded down; none for a limit of zero.
fn utilisation(used: i128, limit: i64) -> Option<String> {
    if limit <= 0 {
        return None;
    }
    let ten_thousandths = (used * 10_000).checked_div(i128::from(limit))?;
    Some(format!(
        "{}.{:04}",
        ten_thousandths / 10_000,
        ten_thousandths % 10_000
    ))
}

fn account_status(rule: &CheckRule, facts: &Facts) -> Option<Reason> {
    let status = match (facts.account.status, facts.is_blocked) {
        (AccountStatus::Suspended, _) => "suspended",
        (AccountStatus::Active, true) => "blocked",
        (AccountStatus::Active, false) => return None,
    };
    Some(Reason::new(ReasonCode::AccountStatus, rule.effect).with("status", status))
}

fn overdue_days(rule: &CheckRule, facts: &Facts) -> Option<Reason> {
    let floor = rule
        .amounts
        .get(facts.account.currency)
        .map_or(0, Money::minor);
    let oldest = facts
        .overdue
        .iter()
        .filter(|overdue| overdue.largest_minor >= floor)
        .map(|overdue| overdue.due_date)
        .min()?;
    let days = facts.today.signed_duration_since(oldest).num_days();
    (days > i64::from(rule.days.unwrap_or(0))).then(|| {
        Reason::new(ReasonCode::OverdueDaysOldest, rule.effect)
            .with("days", days)
            .with("allowed_days", rule.days.unwrap_or(0))
            .with("due_date", oldest)
    })
}

fn overdue_amount(rule: &CheckRule, facts: &Facts) -> Option<Reason> {
    let allowed = rule
        .amounts
        .get(facts.account.currency)
        .unwrap_or_else(|| Money::zero(facts.account.currency));
    let overdue = facts
        .overdue
        .iter()
        .fold(0i64, |sum, overdue| sum.saturating_add(overdue.sum_minor));
    (overdue > allowed.minor()).then(|| {
        Reason::new(ReasonCode::OverdueAmount, rule.effect)
            .with_money("overdue", facts.account.money(overdue))
            .with_money("allowed", allowed)
    })
}

fn limit_expired(rule: &CheckRule, facts: &Facts) -> Option<Reason> {
    let valid_until = facts.account.limit_valid_until?;
    let days = facts.today.signed_duration_since(valid_until).num_days();
    (days > i64::from(rule.days.unwrap_or(0))).then(|| {
        Reason::new(ReasonCode::LimitExpired, rule.effect)
            .with("valid_until", valid_until)
            .with("grace_days", rule.days.unwrap_or(0))
    })
}

fn term(rule: &CheckRule, facts: &Facts, question: &Question) -> Option<Reason> {
    let asked = question.net_days?;
    (asked > facts.account.net_days).then(|| {
        Reason::new(ReasonCode::TermExceedsPolicy, rule.effect)
            .with("asked_days", asked)
            .with("allowed_days", facts.account.net_days)
    })
}

/// What else would pass: less, or the same with a prepayment. Each offer is asked again before it is made.
fn counter_offers(
    facts: &Facts,
    policy: &PolicyDocument,
    question: &Question,
) -> Vec<CounterOffer> {
    if question.amount.currency() != facts.account.currency {
        return Vec::new();
    }
    let Some(most) = most_credit(facts, policy, question) else {
        return Vec::new();
    };
    let money = |minor: i64| facts.account.money(minor);
    let reduced = most.saturating_add(question.prepaid_minor);
    let prepaid = question.amount.minor().saturating_sub(most.max(0));
    let offers = [
        (
            OfferKind::ReducedAmount,
            money(reduced),
            Question {
                amount: money(reduced),
                ..question.clone()
            },
        ),
        (
            OfferKind::Prepayment,
            money(prepaid),
            Question {
                prepaid_minor: prepaid,
                ..question.clone()
            },
        ),
    ];
    offers
        .into_iter()
        .filter(|(kind, amount, _)| {
            amount.is_positive() && (*kind == OfferKind::Prepayment || most > 0)
        })
        .filter(|(_, _, other)| ask(facts, policy, other).outcome.is_approved())
        .map(|(kind, amount, _)| CounterOffer { kind, amount })
        .collect()
}

/// The most credit that the limit rules with a grave effect leave; none when nothing limits it.
fn most_credit(facts: &Facts, policy: &PolicyDocument, question: &Question) -> Option<i64> {
    policy
        .check_rules
        .iter()
        .filter(|rule| rule.effect != RuleEffect::Warn)
        .flat_map(|rule| {
            let nodes = match rule.code {
                RuleCode::LimitUtilisation => vec![own_node(facts, question)],
                RuleCode::GroupLimit => group_nodes(facts, question),
                _ => Vec::new(),
            };
            nodes.into_iter().filter_map(|node| {
                let share = i128::from(node.limit.minor()?)
                    * i128::from(rule.threshold_ppm.unwrap_or(1_000_000));
                let most = (share / PPM) - i128::from(node.exposure_minor);
                i64::try_from(most).ok()
            })
        })
        .min()
}

/// How much may still be captured: what is left of the reservation, and the policy's tolerance over the whole.
///
/// 100 reserved, 90 captured, tolerance 5 %: 15 may be captured.
pub fn capturable_minor(amount_minor: i64, captured_minor: i64, tolerance_ppm: i64) -> i64 {
    let tolerance = i128::from(amount_minor) * i128::from(tolerance_ppm) / PPM;
    let most = i128::from(amount_minor) + tolerance - i128::from(captured_minor);
    i64::try_from(most.max(0)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::exposure::model::LimitKind;
    use crate::book::exposure::rules::tests::an_account;
    use crate::book::policy::rules::default_document;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn facts<'a>(
        account: &'a CreditAccount,
        ancestors: &'a [CreditAccount],
        overdue: &'a [Overdue],
    ) -> Facts<'a> {
        Facts {
            account,
            ancestors,
            is_blocked: false,
            overdue,
            today: day("2026-03-31"),
        }
    }

    fn order(account: &CreditAccount, minor: i64) -> Question {
        Question {
            amount: account.money(minor),
            prepaid_minor: 0,
            net_days: None,
            checkpoint: Checkpoint::Order,
            held_minor: 0,
        }
    }

    fn codes(decision: &Decision) -> Vec<ReasonCode> {
        decision.reasons.iter().map(|reason| reason.code).collect()
    }

    /// The example of formulas 3.16: A may have 210 of its own, its parent's group 160.
    fn the_worked_example() -> (CreditAccount, CreditAccount) {
        let a = an_account(
            600,
            Exposure {
                reserved_minor: 120,
                receivable_minor: 300,
                unapplied_minor: 30,
            },
        );
        let mut parent = an_account(0, Exposure::default());
        parent.group_limit_kind = Some(LimitKind::Amount);
        parent.group_limit_minor = 1_000;
        parent.group_receivable_minor = 840;
        (a, parent)
    }

    #[test]
    fn the_worked_example_offers_160_now_or_a_prepayment_of_20() {
        let (a, parent) = the_worked_example();
        let above = [parent];
        let decision = decide(
            &facts(&a, &above, &[]),
            &default_document(),
            &order(&a, 180),
        );
        assert_eq!(decision.outcome, Outcome::ReviewRequired);
        assert_eq!(
            decision.counter_offers,
            [
                CounterOffer {
                    kind: OfferKind::ReducedAmount,
                    amount: a.money(160)
                },
                CounterOffer {
                    kind: OfferKind::Prepayment,
                    amount: a.money(20)
                },
            ]
        );
        let passes = decide(
            &facts(&a, &above, &[]),
            &default_document(),
            &order(&a, 160),
        );
        assert!(passes.outcome.is_approved());
    }

    #[test]
    fn the_whole_limit_may_be_used_and_not_one_unit_more() {
        let a = an_account(1_000, Exposure::receivable(400));
        let policy = default_document();
        let at = |minor| decide(&facts(&a, &[], &[]), &policy, &order(&a, minor));
        assert_eq!(at(500).outcome, Outcome::Approved);
        assert_eq!(at(600).outcome, Outcome::ApprovedWithWarning);
        assert_eq!(at(601).outcome, Outcome::ReviewRequired);
        assert_eq!(codes(&at(601)), [ReasonCode::LimitUtilisation; 2]);
    }

    #[test]
    fn zero_means_zero_and_unlimited_is_said() {
        let mut a = an_account(0, Exposure::default());
        let policy = default_document();
        assert_eq!(
            decide(&facts(&a, &[], &[]), &policy, &order(&a, 1)).outcome,
            Outcome::ReviewRequired
        );
        a.limit_kind = LimitKind::Unlimited;
        assert_eq!(
            decide(&facts(&a, &[], &[]), &policy, &order(&a, i64::MAX)).outcome,
            Outcome::Approved
        );
    }

    #[test]
    fn what_is_prepaid_needs_no_credit() {
        let a = an_account(100, Exposure::receivable(50));
        let mut question = order(&a, 500);
        question.prepaid_minor = 455;
        let decision = decide(&facts(&a, &[], &[]), &default_document(), &question);
        assert_eq!(decision.outcome, Outcome::ApprovedWithWarning);
    }

    #[test]
    fn small_residues_are_overlooked_and_old_debts_are_not() {
        let a = an_account(100_000_000, Exposure::default());
        let overdue = |largest_minor| {
            [Overdue {
                due_date: day("2026-02-01"),
                sum_minor: largest_minor,
                largest_minor,
            }]
        };
        let policy = default_document();
        let small = overdue(99_999);
        assert_eq!(
            decide(&facts(&a, &[], &small), &policy, &order(&a, 1)).outcome,
            Outcome::Approved
        );
        let large = overdue(100_000);
        let decision = decide(&facts(&a, &[], &large), &policy, &order(&a, 1));
        assert_eq!(codes(&decision), [ReasonCode::OverdueDaysOldest]);
        // Nothing that is offered would help, so nothing is offered.
        assert!(decision.counter_offers.is_empty());
    }

    #[test]
    fn a_limit_ends_after_its_last_day() {
        let mut a = an_account(1_000, Exposure::default());
        let policy = default_document();
        a.limit_valid_until = Some(day("2026-03-31"));
        assert_eq!(
            decide(&facts(&a, &[], &[]), &policy, &order(&a, 1)).outcome,
            Outcome::Approved
        );
        a.limit_valid_until = Some(day("2026-03-30"));
        assert_eq!(
            codes(&decide(&facts(&a, &[], &[]), &policy, &order(&a, 1))),
            [ReasonCode::LimitExpired]
        );
    }

    #[test]
    fn another_currency_is_refused_and_never_converted() {
        let a = an_account(1_000, Exposure::default());
        let mut question = order(&a, 1);
        question.amount = Money::from_minor(1, "EUR".parse().unwrap());
        let decision = decide(&facts(&a, &[], &[]), &default_document(), &question);
        assert_eq!(decision.outcome, Outcome::Rejected);
        assert_eq!(codes(&decision), [ReasonCode::CurrencyMismatch]);
    }

    #[test]
    fn captures_may_pass_the_reservation_by_the_tolerance_only() {
        assert_eq!(capturable_minor(100, 90, 50_000), 15);
        assert_eq!(capturable_minor(100, 100, 0), 0);
        assert_eq!(capturable_minor(100, 105, 0), 0);
    }

    proptest! {
        #[test]
        fn what_is_approved_never_passes_a_limit(
            limit in 0i64..10_000, group in 0i64..10_000, used in 0i64..10_000, group_used in 0i64..10_000, asked in 1i64..10_000,
        ) {
            let a = an_account(limit, Exposure::receivable(used));
            let mut parent = an_account(0, Exposure::default());
            parent.group_limit_kind = Some(LimitKind::Amount);
            parent.group_limit_minor = group;
            parent.group_receivable_minor = used + group_used;
            let above = [parent];
            let decision = decide(&facts(&a, &above, &[]), &default_document(), &order(&a, asked));
            if decision.outcome.is_approved() {
                prop_assert!(used + asked <= limit);
                prop_assert!(used + group_used + asked <= group);
            }
        }

        #[test]
        fn an_offer_that_is_accepted_as_made_passes(
            limit in 0i64..10_000, used in 0i64..10_000, asked in 1i64..20_000, prepaid in 0i64..5_000,
        ) {
            let a = an_account(limit, Exposure::receivable(used));
            let policy = default_document();
            let question = Question { prepaid_minor: prepaid.min(asked), ..order(&a, asked) };
            for offer in decide(&facts(&a, &[], &[]), &policy, &question).counter_offers {
                let accepted = match offer.kind {
                    OfferKind::ReducedAmount => Question { amount: offer.amount, ..question.clone() },
                    OfferKind::Prepayment => Question { prepaid_minor: offer.amount.minor(), ..question.clone() },
                };
                prop_assert!(decide(&facts(&a, &[], &[]), &policy, &accepted).outcome.is_approved());
            }
        }
    }
}
