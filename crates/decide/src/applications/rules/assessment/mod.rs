//! The assessment of an application: what is known of the customer, what each limit method makes of it, what the policy
//! gives the grade, and what follows.
//!
//! It decides nothing by itself but where the policy lets netterms approve without a person. What is not known stays
//! visible: a fact that is missing says so, and a method without its facts says which it lacks.

mod facts;
mod methods;
mod notes;
mod straight_through;
#[cfg(test)]
mod tests;

use chrono::{Months, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use facts::{
    AccountFact, AssessmentFacts, Economics, ExpectedPurchases, Means, MissingFact, MissingRate,
    PaymentsFact, RatingFact, SalesFact, SecurityFact, StatementConversion, StatementFact,
};
pub use methods::MethodResult;
use notes::note;
pub use notes::{AssessmentNote, NoteCode};
pub use straight_through::{
    ConditionResult, StraightThroughCheck, StraightThroughCode, StraightThroughOutcome,
    StraightThroughResult,
};

use super::exceptions::row_of;
use super::limit_methods::{Cap, CapKind, Combination, Combined, LimitError, Proposal, combine};
use crate::book::policy::model::{
    Checkpoint, Discount, InsuredCap, LimitCombination, PolicyDocument, TermsRow,
};
use crate::decide::applications::model::AssessmentDecision;
use crate::decide::terms::model::YearDays;
use crate::decide::terms::rules::{
    ExpectedProfit, OrderOnTerms, TermsStep, expected_profit, order_steps,
};
use kernel::figures::Figure;
use kernel::money::Money;

/// An assessment with everything that led to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Assessment {
    pub facts: AssessmentFacts,
    /// What is not known, and why.
    #[schema(max_items = 20)]
    pub missing: Vec<MissingFact>,
    /// What the policy gives the customer's grade in its segment; null when it has no such row.
    pub terms: Option<TermsRow>,
    /// Each method of the policy, with its proposal or why it has none.
    #[schema(max_items = 3)]
    pub methods: Vec<MethodResult>,
    /// How the proposals became one limit; null when there is none.
    pub combined: Option<Combined>,
    /// What one turn of the recommended limit brings on average; null when the request said nothing of margin and risk.
    pub profit: Option<AssessedProfit>,
    pub recommendation: AssessedTerms,
    /// Why it came to this.
    #[schema(max_items = 20)]
    pub reasons: Vec<AssessmentNote>,
    /// What somebody must look at; with any of them, netterms approves nothing by itself.
    #[schema(max_items = 20)]
    pub warnings: Vec<AssessmentNote>,
    pub straight_through: StraightThroughResult,
}

/// What an assessment recommends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssessedTerms {
    pub decision: AssessmentDecision,
    /// Null when nobody can say.
    pub limit: Option<Money>,
    #[schema(minimum = 0, maximum = 365)]
    pub net_days: i32,
    pub discount: Option<Discount>,
    /// The share of each order that is paid before delivery.
    pub prepaid_share: Figure,
    /// At which stages the order system is to ask for a limit check; at all when empty.
    #[schema(max_items = 4)]
    pub checkpoints: Vec<Checkpoint>,
    /// When the customer is to be looked at again: by the policy's interval, or when the rating is too old.
    pub review_on: Option<NaiveDate>,
}

/// What one turn of the recommended limit brings on average.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssessedProfit {
    pub result: ExpectedProfit,
    #[schema(max_items = 20)]
    pub steps: Vec<TermsStep>,
}

/// Assesses what is known of an application under a policy.
///
/// With proposals of 405,000, 630,000 and 1,020,000 for a customer of grade A that asks for 382,500 on 90 days, a step of
/// 10,000 and the policy's 60 days for A: 380,000 on 60 days.
pub fn assess(facts: AssessmentFacts, policy: &PolicyDocument) -> Assessment {
    let grade = facts.rating.as_ref().map(|rating| rating.grade.as_str());
    let segment = facts.account.segment.as_deref();
    let terms = row_of(policy, grade, segment).cloned();
    let net_days = terms.as_ref().map_or(facts.requested_net_days, |row| {
        row.net_days_max.min(facts.requested_net_days)
    });
    let methods = methods::propose(&facts, policy, net_days);
    let combined = combined(&facts, policy, terms.as_ref(), &methods);
    let limit = combined.as_ref().ok().map(|combined| combined.limit);
    let decision = decide(&facts, terms.as_ref(), combined.as_ref().ok(), policy);
    let recommendation = AssessedTerms {
        decision,
        limit,
        net_days,
        discount: terms.as_ref().and_then(|row| row.discount),
        prepaid_share: terms.as_ref().map_or(Figure::ZERO, |row| row.prepaid_share),
        checkpoints: terms
            .as_ref()
            .map(|row| row.checkpoints.clone())
            .unwrap_or_default(),
        review_on: review_on(&facts, terms.as_ref()),
    };
    let profit = profit(&facts, &recommendation);
    let reasons = reasons(&facts, terms.as_ref(), &methods, &combined, &recommendation);
    let warnings = warnings(&facts, &recommendation, profit.as_ref());
    let straight_through =
        straight_through::check(&facts, policy, &recommendation, !warnings.is_empty());
    Assessment {
        missing: facts.missing(),
        facts,
        terms,
        methods,
        combined: combined.ok(),
        profit,
        recommendation,
        reasons,
        warnings,
        straight_through,
    }
}

/// One limit from the proposals, within what the policy allows the grade, what is insured when the policy says so, and
/// what was asked for.
fn combined(
    facts: &AssessmentFacts,
    policy: &PolicyDocument,
    terms: Option<&TermsRow>,
    methods: &[MethodResult],
) -> Result<Combined, LimitError> {
    let rules = &policy.limit_methods;
    let currency = facts.requested_limit.currency();
    let proposals: Vec<Proposal> = methods
        .iter()
        .filter_map(|method| method.proposal.clone())
        .collect();
    let combination = match rules.combination {
        LimitCombination::Min => Combination::Min,
        LimitCombination::Median => Combination::Median,
        LimitCombination::Weighted => Combination::Weighted {
            weights: rules
                .weights
                .iter()
                .map(|row| (row.method, row.weight))
                .collect(),
        },
    };
    let cap = |kind, amount| Cap { kind, amount };
    let insured = match rules.insured_cap {
        InsuredCap::InsuredAmount => facts.security.insured,
        InsuredCap::NoCap => None,
    };
    let caps: Vec<Cap> = [
        terms
            .and_then(|row| row.cap(currency))
            .map(|amount| cap(CapKind::Grade, amount)),
        insured.map(|amount| cap(CapKind::Insured, amount)),
        Some(cap(CapKind::Requested, facts.requested_limit)),
    ]
    .into_iter()
    .flatten()
    .collect();
    combine(&proposals, &combination, &caps, step(facts, policy))
}

/// What limits are rounded down to.
fn step(facts: &AssessmentFacts, policy: &PolicyDocument) -> Money {
    let currency = facts.requested_limit.currency();
    let named = policy.limit_methods.rounding_steps.get(currency);
    named.unwrap_or_else(|| Money::from_minor(1, currency))
}

/// Less than one step under what was asked for is as asked for.
fn decide(
    facts: &AssessmentFacts,
    terms: Option<&TermsRow>,
    combined: Option<&Combined>,
    policy: &PolicyDocument,
) -> AssessmentDecision {
    let (Some(_), Some(combined)) = (terms, combined) else {
        return AssessmentDecision::Undecided;
    };
    let lacking = facts
        .requested_limit
        .minor()
        .saturating_sub(combined.limit.minor());
    if combined.limit.is_zero() {
        AssessmentDecision::Decline
    } else if lacking < step(facts, policy).minor() {
        AssessmentDecision::Grant
    } else {
        AssessmentDecision::GrantLess
    }
}

fn review_on(facts: &AssessmentFacts, terms: Option<&TermsRow>) -> Option<NaiveDate> {
    let months = terms.and_then(|row| row.review_months);
    let by_policy = months
        .and_then(|months| u32::try_from(months).ok())
        .and_then(|months| facts.as_of.checked_add_months(Months::new(months)));
    let stale = facts.rating.as_ref().map(|rating| rating.stale_on);
    let stale = stale.filter(|day| *day > facts.as_of);
    [by_policy, stale].into_iter().flatten().min()
}

fn profit(facts: &AssessmentFacts, recommended: &AssessedTerms) -> Option<AssessedProfit> {
    let economics = facts.economics.as_ref()?;
    let amount = recommended.limit.filter(|limit| limit.is_positive())?;
    let result = expected_profit(&OrderOnTerms {
        amount,
        margin: economics.margin,
        default_probability: economics.default_probability,
        loss_given_default: economics.loss_given_default,
        capital_cost: economics.capital_cost,
        days: u32::try_from(recommended.net_days).unwrap_or(0),
        year_days: YearDays::D365,
    })
    .ok()?;
    Some(AssessedProfit {
        steps: order_steps(&result),
        result,
    })
}

fn reasons(
    facts: &AssessmentFacts,
    terms: Option<&TermsRow>,
    methods: &[MethodResult],
    combined: &Result<Combined, LimitError>,
    recommended: &AssessedTerms,
) -> Vec<AssessmentNote> {
    let mut found = Vec::new();
    match (&facts.rating, terms) {
        (None, _) => found.push(note(NoteCode::NotRated, [])),
        (Some(rating), None) => {
            found.push(note(NoteCode::NoTerms, [("grade", &rating.grade)]));
        }
        (Some(_), Some(_)) => {}
    }
    match combined {
        Err(LimitError::NoProposal) => found.push(note(NoteCode::NoProposal, [])),
        Err(error) => found.push(note(NoteCode::NoProposal, [("error", error)])),
        Ok(combined) => limit_reasons(facts, methods, combined, &mut found),
    }
    if recommended.net_days < facts.requested_net_days {
        found.push(note(
            NoteCode::TermShortened,
            [
                ("asked_days", &facts.requested_net_days),
                ("allowed_days", &recommended.net_days),
            ],
        ));
    }
    if recommended.prepaid_share > Figure::ZERO {
        found.push(note(
            NoteCode::Prepayment,
            [("share", &recommended.prepaid_share)],
        ));
    }
    found
}

fn limit_reasons(
    facts: &AssessmentFacts,
    methods: &[MethodResult],
    combined: &Combined,
    found: &mut Vec<AssessmentNote>,
) {
    let asked = facts.requested_limit;
    match combined.decided_by {
        Some(CapKind::Requested) => found.push(note(
            NoteCode::AsRequested,
            [("allowed", &combined.combined), ("asked", &asked)],
        )),
        Some(CapKind::Grade) => {
            found.push(note(NoteCode::CappedByGrade, [("limit", &combined.limit)]));
        }
        Some(CapKind::Insured) => found.push(note(
            NoteCode::CappedByInsurance,
            [("limit", &combined.limit)],
        )),
        Some(CapKind::Concentration | CapKind::StraightThrough) | None
            if combined.combined.minor() < asked.minor() =>
        {
            let counted = methods
                .iter()
                .filter(|method| method.proposal.is_some())
                .count();
            found.push(note(
                NoteCode::MethodsAllowLess,
                [
                    ("counted", &counted),
                    ("methods", &methods.len()),
                    ("allowed", &combined.combined),
                    ("asked", &asked),
                ],
            ));
        }
        Some(CapKind::Concentration | CapKind::StraightThrough) | None => {}
    }
    if methods::grade_has_no_limit(methods) {
        found.push(note(NoteCode::GradeHasNoLimit, []));
    }
}

fn warnings(
    facts: &AssessmentFacts,
    recommended: &AssessedTerms,
    profit: Option<&AssessedProfit>,
) -> Vec<AssessmentNote> {
    let mut found = Vec::new();
    if let Some(rating) = facts
        .rating
        .as_ref()
        .filter(|rating| rating.stale_on <= facts.as_of)
    {
        found.push(note(
            NoteCode::RatingStale,
            [("stale_on", &rating.stale_on)],
        ));
    }
    let overdue = facts.payments.as_ref().map(|payments| payments.overdue);
    if let Some(overdue) = overdue.filter(|overdue| overdue.is_positive()) {
        found.push(note(NoteCode::Overdue, [("overdue", &overdue)]));
    }
    if facts.account.is_suspended() {
        found.push(note(NoteCode::AccountSuspended, []));
    }
    if facts.account.blocks > 0 {
        found.push(note(
            NoteCode::AccountBlocked,
            [("blocks", &facts.account.blocks)],
        ));
    }
    if let Some(missing) = facts.account.missing_rate {
        found.push(note(
            NoteCode::ExposureUnknown,
            [("from", &missing.from), ("to", &missing.to)],
        ));
    }
    if let (Some(limit), Some(exposure)) = (recommended.limit, facts.account.exposure)
        && limit.minor() < exposure.minor()
    {
        found.push(note(
            NoteCode::BelowExposure,
            [("exposure", &exposure), ("limit", &limit)],
        ));
    }
    let expected = profit.map(|profit| profit.result.expected_profit);
    if let Some(loss) = expected.filter(|expected| expected.is_negative()) {
        found.push(note(NoteCode::ExpectedLoss, [("loss", &loss)]));
    }
    found
}
