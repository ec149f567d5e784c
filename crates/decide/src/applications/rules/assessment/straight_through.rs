//! Whether netterms may approve without a person.

use chrono::Months;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AssessedTerms, AssessmentFacts};
use crate::book::exposure::model::LimitScope;
use crate::book::policy::model::{PolicyDocument, StraightThrough};
use crate::decide::applications::model::AssessmentDecision;
use kernel::figures::{Exact, Figure};

/// Whether the policy lets netterms approve, condition by condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StraightThroughResult {
    pub outcome: StraightThroughOutcome,
    /// Everything that was asked; empty when the policy approves nothing without a person.
    #[schema(max_items = 20)]
    pub checks: Vec<StraightThroughCheck>,
}

/// What it comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StraightThroughOutcome {
    /// The policy approves nothing without a person.
    NotInPolicy,
    /// Some condition is not met.
    NotMet,
    /// Netterms may approve.
    Met,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StraightThroughCheck {
    pub code: StraightThroughCode,
    pub result: ConditionResult,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StraightThroughCode {
    /// It is the customer's own limit, not a group's.
    OwnLimit,
    /// The assessment grants what was asked for.
    Granted,
    /// The limit is not above the ceiling.
    Ceiling,
    /// The grade is not worse than the worst.
    WorstGrade,
    /// No warning stands.
    NoWarning,
    CustomerMonthsMin,
    InTimeShareMin,
    StatementMonthsMax,
    IncreaseShareMax,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConditionResult {
    Met,
    NotMet,
}

pub fn check(
    facts: &AssessmentFacts,
    policy: &PolicyDocument,
    recommended: &AssessedTerms,
    has_warning: bool,
) -> StraightThroughResult {
    let Some(rule) = &policy.straight_through else {
        return StraightThroughResult {
            outcome: StraightThroughOutcome::NotInPolicy,
            checks: Vec::new(),
        };
    };
    let limit = recommended.limit;
    let ceiling = rule.ceilings.get(facts.requested_limit.currency());
    let within = limit
        .zip(ceiling)
        .is_some_and(|(limit, most)| limit.minor() <= most.minor());
    let mut checks = vec![
        (
            StraightThroughCode::OwnLimit,
            facts.scope == LimitScope::Own,
        ),
        (
            StraightThroughCode::Granted,
            recommended.decision == AssessmentDecision::Grant,
        ),
        (StraightThroughCode::Ceiling, within),
        (
            StraightThroughCode::WorstGrade,
            is_good_enough(facts, policy, rule),
        ),
        (StraightThroughCode::NoWarning, !has_warning),
    ];
    checks.extend(conditions(facts, rule, recommended));
    let outcome = if checks.iter().all(|(_, holds)| *holds) {
        StraightThroughOutcome::Met
    } else {
        StraightThroughOutcome::NotMet
    };
    let checks = checks
        .into_iter()
        .map(|(code, holds)| StraightThroughCheck {
            code,
            result: if holds {
                ConditionResult::Met
            } else {
                ConditionResult::NotMet
            },
        });
    StraightThroughResult {
        outcome,
        checks: checks.collect(),
    }
}

fn is_good_enough(
    facts: &AssessmentFacts,
    policy: &PolicyDocument,
    rule: &StraightThrough,
) -> bool {
    let place = |grade: &str| policy.limit_methods.place(grade);
    let own = facts
        .rating
        .as_ref()
        .and_then(|rating| place(&rating.grade));
    own.zip(place(rule.worst_grade.as_str()))
        .is_some_and(|(own, worst)| own <= worst)
}

/// What the policy asks beside; what it does not ask is not among them.
fn conditions(
    facts: &AssessmentFacts,
    rule: &StraightThrough,
    recommended: &AssessedTerms,
) -> Vec<(StraightThroughCode, bool)> {
    let asked = &rule.conditions;
    let months = asked.customer_months_min.map(|least| {
        let is_met = i64::from(facts.account.months) >= i64::from(least);
        (StraightThroughCode::CustomerMonthsMin, is_met)
    });
    let in_time = asked.in_time_share_min.map(|least| {
        let share = facts
            .payments
            .as_ref()
            .and_then(|payments| payments.share_in_time);
        let is_met = share.is_some_and(|share| share >= least);
        (StraightThroughCode::InTimeShareMin, is_met)
    });
    let statement = asked.statement_months_max.map(|most| {
        let months = Months::new(u32::try_from(most).unwrap_or(0));
        let end = facts
            .statement
            .as_ref()
            .map(|statement| statement.period_end);
        let last = end.and_then(|end| end.checked_add_months(months));
        let is_met = last.is_some_and(|last| facts.as_of <= last);
        (StraightThroughCode::StatementMonthsMax, is_met)
    });
    let increase = asked.increase_share_max.map(|most| {
        let is_met = allowed_increase(facts, most)
            .zip(recommended.limit)
            .is_some_and(|(allowed, limit)| limit.minor() <= allowed);
        (StraightThroughCode::IncreaseShareMax, is_met)
    });
    [months, in_time, statement, increase]
        .into_iter()
        .flatten()
        .collect()
}

/// The present limit and the share of it that may be added, in minor units.
fn allowed_increase(facts: &AssessmentFacts, most: Figure) -> Option<i64> {
    let present = facts.account.limit.filter(|limit| limit.is_positive())?;
    let allowed = Exact::from(present) * (Exact::ONE + most);
    let allowed = allowed.money_down(present.currency()).ok()?;
    Some(allowed.minor())
}
