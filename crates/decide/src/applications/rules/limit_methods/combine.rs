//! From several proposals to one limit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{LimitError, LimitMethod, Proposal, not_negative, same_currency};
use kernel::figures::{Exact, Figure};
use kernel::money::{Currency, Money};

/// How proposals become one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "combination", rename_all = "snake_case", deny_unknown_fields)]
pub enum Combination {
    /// The lowest: the prudent way.
    #[default]
    Min,
    /// The average by these weights, from 0; a method without a proposal or a weight does not count.
    Weighted {
        weights: BTreeMap<LimitMethod, Figure>,
    },
    /// The middle one; of two, their average.
    Median,
}

/// What a limit may not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LimitCap)]
pub struct Cap {
    pub kind: CapKind,
    pub amount: Money,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LimitCapKind)]
pub enum CapKind {
    /// What the policy allows for the grade.
    Grade,
    /// What the insurer covers.
    Insured,
    /// What the customer asked for.
    Requested,
    /// What one customer may be of our own business.
    Concentration,
    /// What the policy approves without a person.
    StraightThrough,
}

/// A limit, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CombinedLimit)]
pub struct Combined {
    /// What the proposals make together, before caps; rounded down to the minor unit.
    pub combined: Money,
    /// Every cap in the order given.
    #[schema(max_items = 10)]
    pub caps: Vec<CapTaken>,
    /// The cap that decided: the last that lowered the amount; none when the methods did.
    pub decided_by: Option<CapKind>,
    /// The limit, rounded down to the step.
    pub limit: Money,
}

/// A cap and what it left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LimitCapTaken)]
pub struct CapTaken {
    pub cap: Cap,
    pub before: Money,
    pub after: Money,
}

/// One limit from several proposals: combined, capped, rounded down to a step.
///
/// The lowest of 405,000, 630,000 and 1,020,000 is 405,000; a request of 382,500 with a step of 10,000 makes it 380,000.
///
/// # Errors
/// When there is no proposal or no weight, currencies differ, a cap is negative or the step is not more than zero.
pub fn combine(
    proposals: &[Proposal],
    combination: &Combination,
    caps: &[Cap],
    step: Money,
) -> Result<Combined, LimitError> {
    check(proposals, caps, step)?;
    let currency = step.currency();
    let combined = match combination {
        Combination::Min => proposals
            .iter()
            .map(|proposal| proposal.amount)
            .min_by_key(|amount| amount.minor())
            .ok_or(LimitError::NoProposal)?,
        Combination::Weighted { weights } => weighted(proposals, weights, currency)?,
        Combination::Median => median(proposals, currency)?,
    };
    let mut limit = combined;
    let mut decided_by = None;
    let mut taken = Vec::new();
    for cap in caps {
        let before = limit;
        if cap.amount.minor() < limit.minor() {
            limit = cap.amount;
            decided_by = Some(cap.kind);
        }
        taken.push(CapTaken {
            cap: *cap,
            before,
            after: limit,
        });
    }
    // The step is more than zero, and the limit is not negative: nothing is left out.
    let rest = limit.minor().checked_rem(step.minor()).unwrap_or(0);
    Ok(Combined {
        combined,
        caps: taken,
        decided_by,
        limit: Money::from_minor(limit.minor().saturating_sub(rest), currency),
    })
}

fn check(proposals: &[Proposal], caps: &[Cap], step: Money) -> Result<(), LimitError> {
    if proposals.is_empty() {
        return Err(LimitError::NoProposal);
    }
    if step.is_zero() {
        return Err(LimitError::Zero { input: "step" });
    }
    not_negative("step", step)?;
    for (index, proposal) in proposals.iter().enumerate() {
        same_currency(step.currency(), proposal.amount.currency())?;
        not_negative("proposal", proposal.amount)?;
        let mut others = proposals.iter().skip(index + 1);
        if others.any(|other| other.method == proposal.method) {
            return Err(LimitError::Twice(proposal.method));
        }
    }
    for cap in caps {
        same_currency(step.currency(), cap.amount.currency())?;
        not_negative("cap", cap.amount)?;
    }
    Ok(())
}

fn weighted(
    proposals: &[Proposal],
    weights: &BTreeMap<LimitMethod, Figure>,
    currency: Currency,
) -> Result<Money, LimitError> {
    if weights.values().any(|weight| weight.is_negative()) {
        return Err(LimitError::Negative { input: "weight" });
    }
    let (mut sum, mut total) = (Exact::ZERO, Exact::ZERO);
    for proposal in proposals {
        let weight = weights
            .get(&proposal.method)
            .copied()
            .unwrap_or(Figure::ZERO);
        sum = sum + Exact::from(proposal.amount) * weight;
        total = total + weight;
    }
    if total == Exact::ZERO {
        return Err(LimitError::NoWeight);
    }
    Ok((sum / total).money_down(currency)?)
}

fn median(proposals: &[Proposal], currency: Currency) -> Result<Money, LimitError> {
    let mut amounts: Vec<i64> = proposals
        .iter()
        .map(|proposal| proposal.amount.minor())
        .collect();
    amounts.sort_unstable();
    let upper = amounts.get(amounts.len() / 2).copied();
    let lower = amounts.get((amounts.len() - 1) / 2).copied();
    let (lower, upper) = lower.zip(upper).ok_or(LimitError::NoProposal)?;
    // The middle of two, rounded down without leaving the range: neither is negative.
    let minor = lower + (upper - lower) / 2;
    Ok(Money::from_minor(minor, currency))
}
