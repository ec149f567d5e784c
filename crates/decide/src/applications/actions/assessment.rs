//! The assessment of an application, and approval without a person where the policy allows it.

use super::decision::grant_when_approved;
use super::{ApplicationError, Outcome, advance, expect_currency, facts, lock_account, take};
use crate::book::exposure::actions::Locked;
use crate::book::exposure::model::LimitScope;
use crate::book::policy::actions::live;
use crate::decide::applications::input::{AssessApproval, AssessIn, EconomicsIn};
use crate::decide::applications::model::{
    Application, ApplicationStatus, AssessmentRow, StepDetails, Verb,
};
use crate::decide::applications::rules::assessment::{
    Assessment, Economics, ExpectedPurchases, Means, StraightThroughOutcome, assess as assessed,
};
use crate::decide::applications::store;
use crate::platform::db::{Db, DbError, Tx, write_document};
use crate::rating::ratings::actions as ratings;
use crate::rating::ratings::model::{DefaultProbability, ProbabilitySource};
use kernel::caller::Caller;
use kernel::figures::Figure;
use kernel::ids::{ApplicationId, AssessmentId, CustomerId};
use kernel::money::Money;
use kernel::text::{Note, Subject};

/// Puts together what is known of the customer, what the limit methods make of it and what the policy gives its grade,
/// and keeps it with the application. When the policy lets netterms approve such an application by itself, all its
/// conditions hold, and nobody asked for a person to decide, it is approved at once.
///
/// # Errors
/// When it is not under review, changed since `version`, the caller applied, or the input can't be.
pub fn assess(tx: &mut Tx, id: ApplicationId, version: i64, input: &AssessIn) -> Outcome {
    let locked = lock_account(tx, id)?;
    let before = take(tx, id, version, Verb::Assess)?;
    let policy = live(tx)?;
    let mut facts = facts::gather(tx, &before, &locked, &policy.document)?;
    if let Some(expected) = &input.expected {
        expect_currency(expected.yearly_need.money(), before.currency)?;
        expect_share("/expected/our_share", expected.our_share)?;
        facts.expected = Some(ExpectedPurchases {
            yearly_need: expected.yearly_need.money(),
            our_share: expected.our_share,
        });
    }
    if let Some(means) = &input.means {
        expect_currency(means.undrawn_lines.money(), before.currency)?;
        facts.means = Some(Means {
            undrawn_lines: means.undrawn_lines.money(),
            major_suppliers: means.major_suppliers,
        });
    }
    if let Some(economics) = &input.economics {
        facts.economics = Some(economics_of(tx, before.customer_id, economics)?);
    }
    let assessment = assessed(facts, &policy.document);
    let (row, after) = keep(tx, &before, policy.version, &assessment)?;
    let by_house = input.approval.unwrap_or(AssessApproval::IfPolicyAllows)
        == AssessApproval::IfPolicyAllows
        && assessment.straight_through.outcome == StraightThroughOutcome::Met;
    if by_house {
        return approve_by_house(tx, &locked, &after, &row, &assessment);
    }
    Ok(after)
}

/// What credit says of selling to the customer; where it leaves out how likely the customer defaults, its rating says it.
fn economics_of(
    db: &mut Db,
    customer: CustomerId,
    input: &EconomicsIn,
) -> Result<Economics, ApplicationError> {
    let probability = match input.default_probability {
        Some(value) => DefaultProbability {
            value,
            source: ProbabilitySource::Given,
        },
        None => ratings::default_probability(db, customer)?,
    };
    for (pointer, share) in [
        ("/economics/margin", input.margin),
        ("/economics/default_probability", probability.value),
        ("/economics/loss_given_default", input.loss_given_default),
        ("/economics/capital_cost", input.capital_cost),
    ] {
        expect_share(pointer, share)?;
    }
    Ok(Economics {
        margin: input.margin,
        default_probability: probability.value,
        probability_source: Some(probability.source),
        loss_given_default: input.loss_given_default,
        capital_cost: input.capital_cost,
    })
}

/// Keeps the assessment as the application's next, and takes the step.
fn keep(
    tx: &mut Tx,
    before: &Application,
    policy_version: i32,
    assessment: &Assessment,
) -> Result<(AssessmentRow, Application), ApplicationError> {
    let last = store::find_last_assessment(tx, before.id)?;
    let recommended = &assessment.recommendation;
    let row = AssessmentRow {
        id: AssessmentId::new(),
        application_id: before.id,
        number: last.map_or(1, |last| last.number.saturating_add(1)),
        policy_version,
        grade: assessment
            .facts
            .rating
            .as_ref()
            .map(|rating| rating.grade.clone()),
        decision: recommended.decision,
        currency: before.currency,
        limit_minor: recommended.limit.map(Money::minor),
        net_days: recommended.net_days,
        document: write_document(assessment)?,
        assessed_by: tx.caller().subject.clone(),
        assessed_at: tx.now(),
    };
    store::insert_assessment(tx, &row)?;
    let details = StepDetails {
        limit: recommended.limit,
        net_days: Some(recommended.net_days),
        assessment_id: Some(row.id),
        ..StepDetails::default()
    };
    let after = advance(tx, before, before, Verb::Assess, None, &details)?;
    Ok((row, after))
}

/// What netterms calls itself in steps, history and trail.
const HOUSE: &str = "netterms";

/// Approves as netterms: the policy says that nobody needs to look. The limit holds until the customer's next review.
fn approve_by_house(
    tx: &mut Tx,
    locked: &Locked,
    before: &Application,
    row: &AssessmentRow,
    assessment: &Assessment,
) -> Outcome {
    let caller = tx.caller();
    let in_house = |error: kernel::text::TextError| DbError::Document(error.to_string());
    let house = Caller {
        subject: HOUSE.parse().map_err(in_house)?,
        issuer: HOUSE.to_owned(),
        client_id: HOUSE.to_owned(),
        roles: Vec::new(),
        scopes: None,
        authority_level: None,
        request_id: caller.request_id.clone(),
    };
    let reason: Note = format!(
        "Straight through under policy version {}: every condition of assessment {} is met.",
        row.policy_version, row.number
    )
    .parse()
    .map_err(in_house)?;
    let recommended = &assessment.recommendation;
    let valid_until = recommended
        .review_on
        .filter(|_| before.scope == LimitScope::Own);
    let now = Some(tx.now());
    let approved = Application {
        status: ApplicationStatus::Approved,
        recommended_limit_minor: row.limit_minor,
        recommended_net_days: Some(row.net_days),
        recommended_valid_until: valid_until,
        recommendation: Some(reason.to_string()),
        recommended_by: Some(Subject::stored(HOUSE.to_owned())),
        recommended_at: now,
        approver: Some(Subject::stored(HOUSE.to_owned())),
        decided_at: now,
        decision_reason: Some(reason.to_string()),
        ..before.clone()
    };
    let details = StepDetails {
        limit: recommended.limit,
        net_days: Some(row.net_days),
        valid_until,
        assessment_id: Some(row.id),
        ..StepDetails::default()
    };
    tx.acting_as(&house, |tx| {
        let verb = Verb::ApproveStraightThrough;
        let after = advance(tx, before, &approved, verb, Some(&reason), &details)?;
        grant_when_approved(tx, locked, &after)?;
        Ok(after)
    })
}

fn expect_share(pointer: &'static str, share: Figure) -> Result<(), ApplicationError> {
    if share.is_share() {
        return Ok(());
    }
    Err(ApplicationError::NoShare { pointer })
}
