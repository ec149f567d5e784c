//! What else would pass: less, a prepayment, a shorter term, more security. Each offer is put through the same rules
//! before it is made, so that one that is accepted as made passes, if nothing else changed.

use serde::{Deserialize, Serialize};

use super::{Decision, ask, catalogue};
use crate::book::exchange_rates::rules::Rounding;
use crate::book::exposure::model::AdditionalKind;
use crate::book::exposure::rules::{NodeKind, Raise};
use crate::book::policy::model::{PolicyDocument, RuleEffect};
use crate::decide::limits::check::facts::{Credit, Facts, Question};
use crate::decide::limits::check::reasons::ReasonCode;
use kernel::money::Money;

/// Something else that would pass now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CounterOffer {
    pub kind: OfferKind,
    /// The amount of the order, of the prepayment, or of the security; left out for a shorter term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The term; left out for the other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 365)]
    pub net_days: Option<i32>,
}

/// What a counter-offer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfferKind {
    /// The largest amount that would pass now.
    ReducedAmount,
    /// What must be prepaid in all for the whole to pass now.
    Prepayment,
    /// The longest term with which it would pass now.
    ShorterTerm,
    /// The security, after its haircut, with which the whole would pass now.
    Security,
}

impl CounterOffer {
    /// The facts and the question as they would be if the offer were accepted.
    pub fn accepted(&self, facts: &Facts, question: &Question) -> (Facts, Question) {
        let (mut facts, mut question) = (facts.clone(), question.clone());
        match self.kind {
            OfferKind::ReducedAmount => {
                question.amount = self.amount.unwrap_or(question.amount);
            }
            OfferKind::Prepayment => {
                question.prepaid_minor = self.amount.map_or(question.prepaid_minor, Money::minor);
            }
            OfferKind::ShorterTerm => question.net_days = self.net_days,
            OfferKind::Security => {
                let (account, minor) = (facts.currency, self.amount.map_or(0, Money::minor));
                for node in &mut facts.nodes {
                    let to = node.currency(account);
                    let raised = facts.rates.convert(minor, account, to, Rounding::Down);
                    if let (NodeKind::Own | NodeKind::Group, Ok(minor)) = (node.kind, raised) {
                        node.additional.push(Raise {
                            kind: AdditionalKind::Secured,
                            minor,
                        });
                    }
                }
            }
        }
        (facts, question)
    }
}

/// The offers that pass.
pub fn counter_offers(
    facts: &Facts,
    policy: &PolicyDocument,
    question: &Question,
    refused: &Decision,
) -> Vec<CounterOffer> {
    let passes = |offer: &CounterOffer| {
        let (facts, question) = offer.accepted(facts, question);
        ask(&facts, policy, &question).outcome.is_approved()
    };
    // A term that is too long stands in the way of every other offer; those are then made with the shorter term.
    let is_too_long = refused
        .reasons
        .iter()
        .any(|reason| reason.code == ReasonCode::TermExceedsPolicy && is_grave(reason.effect));
    if is_too_long {
        let offer = CounterOffer {
            kind: OfferKind::ShorterTerm,
            amount: None,
            net_days: Some(facts.net_days),
        };
        return Some(offer).filter(passes).into_iter().collect();
    }
    let Some(credit) = facts.credit(question) else {
        return Vec::new();
    };
    let room = Room::of(facts, policy, question, credit, refused);
    [
        room.reduced(facts, question),
        room.prepayment(facts, question),
        room.security(facts),
    ]
    .into_iter()
    .flatten()
    .filter(passes)
    .collect()
}

const fn is_grave(effect: RuleEffect) -> bool {
    matches!(effect, RuleEffect::Block | RuleEffect::Review)
}

/// How far the rules with a grave effect let the customer go.
struct Room {
    /// The most credit, in the currency of the order's balance; none when nothing bounds it.
    credit: Option<i64>,
    /// The largest part of an order to be paid later, credit or not, in the account's currency; none when nothing bounds
    /// it.
    document: Option<i64>,
    /// By how much the limits of the customer and its groups fall short, in the account's currency.
    missing: i64,
}

impl Room {
    fn of(
        facts: &Facts,
        policy: &PolicyDocument,
        question: &Question,
        credit: Credit,
        refused: &Decision,
    ) -> Room {
        let mut room = Room {
            credit: None,
            document: None,
            missing: 0,
        };
        let least = |bound: Option<i64>, other: Option<i64>| bound.into_iter().chain(other).min();
        for rule in &policy.check_rules {
            let applies =
                rule.checkpoints.is_empty() || rule.checkpoints.contains(&question.checkpoint);
            if !applies || !is_grave(rule.effect) {
                continue;
            }
            room.document = least(room.document, catalogue::largest_document(rule, facts));
            let sublimit = catalogue::most_credit(rule, facts, &refused.nodes, question)
                .and_then(|most| facts.most_of_balance(most, facts.currency));
            room.credit = least(room.credit, sublimit);
            let judged = refused
                .nodes
                .iter()
                .filter(|node| catalogue::judges(rule.code, node.kind));
            for node in judged {
                let currency = node.currency.unwrap_or(facts.currency);
                let most = catalogue::most(rule, node)
                    .map(|most| most.saturating_sub(node.exposure_minor))
                    .and_then(|most| facts.most_of_balance(most, currency));
                room.credit = least(room.credit, most);
                if matches!(node.kind, NodeKind::Own | NodeKind::Group) {
                    let missing = catalogue::missing(rule, node, node.asked(credit.net_minor));
                    let missing =
                        facts
                            .rates
                            .convert(missing, currency, facts.currency, Rounding::Up);
                    room.missing = room.missing.max(missing.unwrap_or(i64::MAX));
                }
            }
        }
        room
    }

    /// How much of the order may go unpaid, in its own currency: what is left of credit, and what was invoiced already.
    fn unpaid(&self, facts: &Facts, question: &Question) -> Option<i64> {
        let most = self.credit?.max(0).saturating_add(question.captured_minor);
        facts.from_balance(most, question.amount.currency())
    }

    /// The largest amount: what may go unpaid with what is prepaid anyway, and no more than one order may be.
    fn reduced(&self, facts: &Facts, question: &Question) -> Option<CounterOffer> {
        if self.credit.is_some_and(|credit| credit <= 0) {
            return None;
        }
        let by_credit = self
            .unpaid(facts, question)
            .map(|unpaid| unpaid.saturating_add(question.prepaid_minor));
        let by_document = self
            .document
            .and_then(|most| facts.from_account(most, question.amount.currency()))
            .map(|unpaid| unpaid.saturating_add(question.prepaid_minor));
        let most = by_credit.into_iter().chain(by_document).min()?;
        let amount = Money::from_minor(most, question.amount.currency());
        (most < question.amount.minor())
            .then(|| offer(OfferKind::ReducedAmount, amount))
            .flatten()
    }

    fn prepayment(&self, facts: &Facts, question: &Question) -> Option<CounterOffer> {
        let by_document = self
            .document
            .and_then(|most| facts.from_account(most, question.amount.currency()));
        let by_credit = self.unpaid(facts, question);
        let unpaid = by_credit.into_iter().chain(by_document).min()?;
        let prepaid = question.amount.minor().saturating_sub(unpaid);
        let amount = Money::from_minor(prepaid, question.amount.currency());
        offer(OfferKind::Prepayment, amount)
    }

    fn security(&self, facts: &Facts) -> Option<CounterOffer> {
        let amount = Money::from_minor(self.missing, facts.currency);
        offer(OfferKind::Security, amount)
    }
}

fn offer(kind: OfferKind, amount: Money) -> Option<CounterOffer> {
    amount.is_positive().then_some(CounterOffer {
        kind,
        amount: Some(amount),
        net_days: None,
    })
}
