//! Approval, decline and conditions.

use super::{
    ApplicationError, Outcome, advance, conditions, deadline, exceptions, expect_future,
    lock_account, take,
};
use crate::book::exchange_rates::actions::approving_policy;
use crate::book::exposure::actions as exposure;
use crate::book::exposure::actions::additional::is_own;
use crate::book::exposure::actions::{Grant, Locked};
use crate::book::exposure::model::{Limit, LimitSource};
use crate::decide::applications::input::{ApproveIn, FulfilIn};
use crate::decide::applications::model::{
    Application, ApplicationStatus, CONDITIONS_MAX, Condition, Reach, StepDetails, Verb,
};
use crate::decide::applications::rules::{Approval, Duty};
use crate::decide::applications::{rules, store};
use crate::platform::db::{Db, DbError, Tx, read_document, write_document};
use kernel::caller::Caller;
use kernel::clock::Day;
use kernel::ids::ApplicationId;
use kernel::text::{Note, Subject};

/// Approves: credit within its authority, or credit's highest level first and then finance. The last approval sets
/// limit and terms on the account, or lets them wait for conditions.
///
/// # Errors
/// When it does not wait for approval, changed since `version`, the caller applied, recommended or approved before,
/// the caller's authority does not reach the limit or an exception, or limit or terms pass what the policy has by now
/// for the customer's grade.
pub fn approve(tx: &mut Tx, id: ApplicationId, version: i64, input: &ApproveIn) -> Outcome {
    let locked = lock_account(tx, id)?;
    let before = take(tx, id, version, Verb::Approve)?;
    refuse_own(tx, &locked)?;
    let approval = authorise(tx, &before)?;
    if approval == Approval::Final {
        exceptions::authorise(tx, &before)?;
    }
    expect_future(tx, before.recommended_valid_until)?;
    let added = conditions(&input.conditions);
    let mut all: Vec<Condition> = read_document(&before.conditions)?;
    all.extend(added.iter().cloned());
    if all.len() > CONDITIONS_MAX {
        return Err(ApplicationError::TooManyConditions);
    }
    let deadline = deadline(tx, input.deadline.map(Day::date))?;
    let me = tx.caller().subject.clone();
    let mut after = Application {
        status: rules::after_approval(approval, &all),
        conditions: write_document(&all)?,
        ..before.clone()
    };
    match approval {
        Approval::CreditFirst => after.credit_approver = Some(me),
        Approval::Final => {
            after.approver = Some(me);
            after.decided_at = Some(tx.now());
            after.decision_reason = Some(input.reason.to_string());
        }
    }
    if after.status == ApplicationStatus::ApprovedWithConditions {
        after.deadline = Some(deadline);
    }
    let details = StepDetails {
        limit: Some(before.limit()),
        net_days: before.recommended_net_days,
        valid_until: before.recommended_valid_until,
        deadline: after.deadline,
        conditions: added,
        exceptions: Vec::new(),
        assessment_id: store::find_last_assessment(tx, id)?.map(|assessment| assessment.id),
    };
    let reason = Some(&input.reason);
    let after = advance(tx, &before, &after, Verb::Approve, reason, &details)?;
    grant_when_approved(tx, &locked, &after)?;
    Ok(after)
}

/// Declines with a reason. It takes no authority, because it takes no risk.
///
/// # Errors
/// When it does not wait for approval, changed since `version`, or the caller applied.
pub fn decline(tx: &mut Tx, id: ApplicationId, version: i64, reason: &Note) -> Outcome {
    let before = take(tx, id, version, Verb::Decline)?;
    let after = Application {
        status: ApplicationStatus::Declined,
        approver: Some(tx.caller().subject.clone()),
        decided_at: Some(tx.now()),
        decision_reason: Some(reason.to_string()),
        ..before.clone()
    };
    let none = StepDetails::default();
    advance(tx, &before, &after, Verb::Decline, Some(reason), &none)
}

/// Confirms conditions as fulfilled, each with its evidence. The last one sets limit and terms on the account.
///
/// # Errors
/// When it does not wait for conditions or the deadline is past, changed since `version`, the caller applied, or
/// there is no such open condition.
pub fn fulfil_conditions(
    tx: &mut Tx,
    id: ApplicationId,
    version: i64,
    input: &FulfilIn,
) -> Outcome {
    let locked = lock_account(tx, id)?;
    let before = take(tx, id, version, Verb::FulfilConditions)?;
    refuse_own(tx, &locked)?;
    let mut all: Vec<Condition> = read_document(&before.conditions)?;
    let mut fulfilled = Vec::new();
    for (index, proof) in input.fulfilled.iter().enumerate() {
        let condition = usize::try_from(proof.position)
            .ok()
            .and_then(|position| all.get_mut(position))
            .filter(|condition| !condition.is_fulfilled())
            .ok_or(ApplicationError::NoOpenCondition(index))?;
        condition.evidence = Some(proof.evidence.clone());
        condition.fulfilled_by = Some(tx.caller().subject.to_string());
        condition.fulfilled_at = Some(tx.now());
        fulfilled.push(condition.clone());
    }
    let mut after = Application {
        status: rules::after_approval(Approval::Final, &all),
        conditions: write_document(&all)?,
        ..before.clone()
    };
    if after.status == ApplicationStatus::Approved {
        expect_future(tx, before.recommended_valid_until)?;
        after.deadline = None;
    }
    let details = StepDetails {
        conditions: fulfilled,
        ..StepDetails::default()
    };
    let after = advance(tx, &before, &after, Verb::FulfilConditions, None, &details)?;
    grant_when_approved(tx, &locked, &after)?;
    Ok(after)
}

/// Whoever is responsible for a customer's orders sets it no limit.
fn refuse_own(tx: &mut Tx, locked: &Locked) -> Result<(), ApplicationError> {
    if is_own(tx, locked.account.customer_id)? {
        return Err(ApplicationError::Duty(Duty::Salesperson));
    }
    Ok(())
}

fn authorise(tx: &mut Tx, application: &Application) -> Result<Approval, ApplicationError> {
    let limit = application.limit();
    let policy = approving_policy(tx, &[limit.currency()])?;
    rules::may_approve(
        tx.caller(),
        &policy.document,
        limit,
        application.credit_approver.as_ref().map(Subject::as_str),
    )
    .map_err(|error| ApplicationError::Authority {
        limit,
        policy_version: policy.version,
        error,
    })
}

/// What the caller may approve of the applications that wait, in the currencies that they ask for.
///
/// # Errors
/// When the database fails.
pub fn reach(db: &mut Db, caller: &Caller) -> Result<Reach, DbError> {
    let currencies = store::list_waiting_currencies(db)?;
    let policy = approving_policy(db, &currencies)?;
    Ok(rules::reach(caller, &policy.document))
}

/// Sets limit and terms on the account when nothing is open any more.
pub(super) fn grant_when_approved(
    tx: &mut Tx,
    locked: &Locked,
    application: &Application,
) -> Result<(), ApplicationError> {
    if application.status != ApplicationStatus::Approved {
        return Ok(());
    }
    let grant = Grant {
        scope: application.scope,
        limit: Limit::Amount(application.limit().minor()),
        net_days: application.recommended_net_days,
        valid_until: application.recommended_valid_until,
        source: LimitSource::Application,
        application_id: Some(application.id),
        reason: application.decision_reason.clone().unwrap_or_default(),
    };
    exposure::grant(tx, locked, &grant)?;
    Ok(())
}
