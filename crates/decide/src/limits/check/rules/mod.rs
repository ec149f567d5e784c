//! The decision: values in, decision out.

mod catalogue;
mod offers;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use catalogue::{judges, most};
pub use offers::{CounterOffer, OfferKind};

use super::facts::{Credit, Facts, Question};
use super::reasons::{Reason, ReasonCode};
use crate::book::exposure::model::Exposure;
use crate::book::exposure::rules::NodeKind;
use crate::book::policy::model::{CheckRule, PolicyDocument, RuleCode, RuleEffect};
use crate::decide::limits::model::Outcome;
use kernel::money::Currency;

const PPM: i128 = 1_000_000;

/// The answer, with everything that led to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub outcome: Outcome,
    pub reasons: Vec<Reason>,
    pub counter_offers: Vec<CounterOffer>,
    /// How each node stood.
    pub nodes: Vec<NodeFigures>,
    /// Every rule that was asked, in order, and whether it hit.
    #[serde(with = "trace_text")]
    pub trace: Vec<Asked>,
}

/// Whether what is asked for can be kept beside what is owed already, wherever it counts.
pub fn has_room(facts: &Facts, credit: Credit) -> bool {
    let asked = Exposure::reserved(credit.net_minor.max(0));
    let key = facts.balance();
    let counts = facts.nodes.iter().filter(|node| node.counts(key));
    counts
        .map(|node| node.owed(key, facts.currency))
        .all(|owed| {
            let sum = owed.plus(asked);
            sum.and_then(Exposure::kept).is_ok()
        })
}

/// How a node stood when the question was asked, what the order holds already left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeFigures {
    pub kind: NodeKind,
    pub id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Base and additional limits together; none when unlimited.
    pub limit_minor: Option<i64>,
    /// What counts of the exposure.
    pub exposure_minor: i64,
    /// What of it is owed in other balances than the order's, none of which counts for less than nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub others_minor: i64,
    /// The currency of these figures; the account's when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// What is asked for, in that currency; as the balance has it when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_minor: Option<i64>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands the field by reference"
)]
const fn is_zero(minor: &i64) -> bool {
    *minor == 0
}

impl NodeFigures {
    /// What is asked for here, of what is asked for in the currency of the order's balance.
    pub fn asked(&self, net_minor: i64) -> i64 {
        self.asked_minor.unwrap_or(net_minor)
    }

    /// What would count with so much more in the order's balance.
    ///
    /// 100 in other balances, and 30 more paid than owed in the order's: with an order of 20 that is 100, with one of 50
    /// it is 120.
    pub fn counted_with(&self, asked_minor: i64) -> i64 {
        let own = self.exposure_minor.saturating_sub(self.others_minor);
        let own = own.saturating_add(asked_minor);
        if self.others_minor > 0 {
            self.others_minor.saturating_add(own.max(0))
        } else {
            own
        }
    }

    /// What the limit leaves; none when unlimited.
    pub fn headroom(&self) -> Option<i64> {
        Some(self.limit_minor?.saturating_sub(self.exposure_minor))
    }
}

/// One rule that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub code: RuleCode,
    pub effect: RuleEffect,
    pub hit: bool,
}

/// A trace as it is kept, in one word for each rule, or it would be more than half of the record:
/// `account_status:block limit_utilisation:review! overdue_amount:warn`, with a mark on those that hit.
mod trace_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    use super::Asked;

    const HIT: char = '!';

    pub fn serialize<S: Serializer>(trace: &[Asked], to: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(32 * trace.len());
        for asked in trace {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(asked.code.as_str());
            text.push(':');
            text.push_str(asked.effect.as_str());
            if asked.hit {
                text.push(HIT);
            }
        }
        to.serialize_str(&text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Asked>, D::Error> {
        let text = String::deserialize(from)?;
        let read = |word: &str| {
            let hit = word.ends_with(HIT);
            let (code, effect) = word.trim_end_matches(HIT).split_once(':')?;
            Some(Asked {
                code: code.parse().ok()?,
                effect: effect.parse().ok()?,
                hit,
            })
        };
        let trace: Option<Vec<Asked>> = text.split_whitespace().map(read).collect();
        trace.ok_or_else(|| D::Error::custom("is no trace of rules"))
    }
}

/// Decides: every rule of the policy that applies at the checkpoint is asked, and the gravest effect wins. What is
/// not approved comes with counter-offers, each of which was put through the same rules and passes.
pub fn decide(facts: &Facts, policy: &PolicyDocument, question: &Question) -> Decision {
    let mut decision = ask(facts, policy, question);
    if !decision.outcome.is_approved() {
        decision.counter_offers = offers::counter_offers(facts, policy, question, &decision);
    }
    decision
}

/// The decision on a question that needs no answer of the rules: an order that comes to less, or to what credit
/// released it for.
pub fn pass(facts: &Facts, policy: &PolicyDocument, question: &Question) -> Decision {
    Decision {
        outcome: Outcome::Approved,
        reasons: Vec::new(),
        counter_offers: Vec::new(),
        nodes: figures(facts, policy, question),
        trace: Vec::new(),
    }
}

/// The rules of a policy that can't be asked of facts which were looked up for another policy: it did not ask for what
/// they need.
pub fn not_known(
    facts: &Facts,
    looked_up_for: &PolicyDocument,
    policy: &PolicyDocument,
) -> Vec<RuleCode> {
    let is_missing = |rule: &CheckRule| match rule.code {
        _ if !rule.grades.is_empty() && facts.grade.is_none() => true,
        RuleCode::UnpaidCount | RuleCode::OverdueRatio => facts.unpaid.is_none(),
        RuleCode::MaxDunningLevel => facts.dunning_level.is_none(),
        RuleCode::PaymentBehaviour => facts.behaviour.is_none(),
        RuleCode::OrderOutlier => facts.usual_order.is_none(),
        RuleCode::SegmentLimit
        | RuleCode::SalespersonCap
        | RuleCode::CountryCap
        | RuleCode::IndustryCap
        | RuleCode::PortfolioCap => {
            let mut nodes = facts.nodes.iter();
            !looked_up_for.asks(rule.code)
                && !nodes.any(|node| catalogue::judges(rule.code, node.kind))
        }
        _ => false,
    };
    let codes: BTreeSet<RuleCode> = policy
        .check_rules
        .iter()
        .filter(|rule| is_missing(rule))
        .map(|rule| rule.code)
        .collect();
    codes.into_iter().collect()
}

fn ask(facts: &Facts, policy: &PolicyDocument, question: &Question) -> Decision {
    let nodes = figures(facts, policy, question);
    let mut reasons = Vec::new();
    let mut trace = Vec::new();
    let overdue = facts.overdue_by(policy.overdue);
    if let Some(credit) = facts.credit(question) {
        let applies = |rule: &CheckRule| applies(rule, facts, question);
        for rule in policy.check_rules.iter().filter(|rule| applies(rule)) {
            let hits = catalogue::hits(rule, facts, &nodes, &overdue, question, credit);
            trace.push(Asked {
                code: rule.code,
                effect: rule.effect,
                hit: !hits.is_empty(),
            });
            reasons.extend(hits);
        }
        reasons.extend(unknown(facts, policy, credit, applies));
    } else if !question.is_prepaid_in_full() {
        reasons.push(
            Reason::new(ReasonCode::NoExchangeRate, RuleEffect::Block)
                .with("from", question.amount.currency())
                .with("to", facts.currency),
        );
    }
    Decision {
        outcome: outcome(&reasons),
        reasons,
        counter_offers: Vec::new(),
        nodes,
        trace,
    }
}

/// Whether a rule is asked at this checkpoint, of a customer of this grade. Rules judge what is bought on account: of an
/// order that is prepaid in full nobody asks more than whether it is exempt.
fn applies(rule: &CheckRule, facts: &Facts, question: &Question) -> bool {
    let is_graded_so = |grade: &String| rule.grades.iter().any(|code| code.as_str() == grade);
    (!question.is_prepaid_in_full() || rule.effect == RuleEffect::Exempt)
        && (rule.checkpoints.is_empty() || rule.checkpoints.contains(&question.checkpoint))
        && (rule.grades.is_empty() || facts.grade.as_ref().is_some_and(is_graded_so))
}

/// The caps that a rule compares with and that can't be told: what is not known is refused, never passed over.
fn unknown(
    facts: &Facts,
    policy: &PolicyDocument,
    credit: Credit,
    applies: impl Fn(&CheckRule) -> bool,
) -> Vec<Reason> {
    let is_asked = |kind: NodeKind| {
        credit.net_minor > 0
            && policy
                .check_rules
                .iter()
                .any(|rule| applies(rule) && catalogue::judges(rule.code, kind))
    };
    facts
        .unknown_nodes
        .iter()
        .filter(|node| is_asked(node.kind))
        .map(|node| (node.from, node.to))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|(from, to)| {
            Reason::new(ReasonCode::NoExchangeRate, RuleEffect::Block)
                .with("from", from)
                .with("to", to)
        })
        .collect()
}

/// The gravest effect wins; an exemption passes over what would need a review or a warning.
fn outcome(reasons: &[Reason]) -> Outcome {
    let is = |effect| reasons.iter().any(|reason| reason.effect == effect);
    if is(RuleEffect::Block) {
        Outcome::Rejected
    } else if is(RuleEffect::Exempt) {
        Outcome::Approved
    } else if is(RuleEffect::Review) {
        Outcome::ReviewRequired
    } else if is(RuleEffect::Warn) {
        Outcome::ApprovedWithWarning
    } else {
        Outcome::Approved
    }
}

/// Each node with what counts of its exposure. What the order holds already is in all of them. Where a rate is missing, a
/// node counts nothing: the order is refused for it.
fn figures(facts: &Facts, policy: &PolicyDocument, question: &Question) -> Vec<NodeFigures> {
    let held = Exposure::reserved(question.held_minor);
    let key = facts.balance();
    let net = facts.credit(question).map_or(0, |credit| credit.net_minor);
    let counts = facts.nodes.iter().filter(|node| node.counts(key));
    counts
        .map(|node| {
            let less = if held.is_zero() {
                Cow::Borrowed(node)
            } else {
                Cow::Owned(node.with(key, -held, facts.currency))
            };
            let counted = less.counted(key, facts.currency, policy, &facts.rates);
            let counted = counted.unwrap_or_default();
            let asked = facts.asked_at(node, net).filter(|asked| *asked != net);
            NodeFigures {
                kind: node.kind,
                id: node.id.clone(),
                key: node.key.clone(),
                limit_minor: node.total_limit(),
                exposure_minor: counted.sum_minor(),
                others_minor: counted.others_minor,
                currency: node.currency,
                asked_minor: asked,
            }
        })
        .collect()
}
