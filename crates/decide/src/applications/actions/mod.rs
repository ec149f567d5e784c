//! What is done with applications. Each verb is one step: found, allowed, changed, recorded.

mod assessment;
mod decision;
mod exceptions;
mod expiry;
mod facts;

use chrono::NaiveDate;

use super::input::{ApplicationIn, ApplicationPatch, InformationRequestIn, RecommendIn};
use super::model::{
    Application, ApplicationStatus, AssessmentRow, Condition, PolicyException, Step, StepDetails,
    Verb,
};
use super::rules::{AuthorityError, Bound, Duty, Parts};
use super::{rules, store};
use crate::book::exposure::actions as exposure;
use crate::book::exposure::actions::{AccountError, Locked};
use crate::book::exposure::model::LimitScope;
use crate::book::policy::actions::live;
use crate::book::policy::model::ExceptionKind;
use crate::platform::db::{Change, DbError, Tx, write_document};
use crate::rating::ratings::actions::NoProbability;
use kernel::clock::Day;
use kernel::ids::{ApplicationId, ApplicationStepId, CreditAccountId};
use kernel::money::{Currency, Money, PositiveIn};
use kernel::text::{Line, Note};

pub use assessment::assess;
pub use decision::{approve, decline, fulfil_conditions, reach};
pub use expiry::expire_due;

/// Why a use case on applications was refused.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    #[error("there is no such application")]
    Missing,
    #[error("the account has the open application {0}")]
    Open(ApplicationId),
    #[error("not from {status}")]
    State {
        status: ApplicationStatus,
        allowed: Vec<Verb>,
    },
    #[error("the same person was {} before", .0.as_str())]
    Duty(Duty),
    #[error("{limit} is above the caller's authority")]
    Authority {
        limit: Money,
        policy_version: i32,
        error: AuthorityError,
    },
    #[error("the currency is another than the account's")]
    Currency { given: Currency, expected: Currency },
    #[error("{field} is above the policy's {max} net days")]
    NetDays { field: &'static str, max: i32 },
    #[error("the recommendation passes the policy's row for the grade")]
    PastPolicy(Vec<Bound>),
    #[error("the caller may approve no exception of the kind {kind}")]
    ExceptionAuthority {
        kind: ExceptionKind,
        needed: Vec<String>,
    },
    #[error("the deadline can't be")]
    Deadline,
    #[error("the limit would end before it begins")]
    ValidUntil,
    #[error("a group's limit has no end")]
    GroupValidUntil,
    #[error("there would be too many conditions")]
    TooManyConditions,
    #[error("there is no open condition at {0}")]
    NoOpenCondition(usize),
    #[error("{pointer} is no share")]
    NoShare { pointer: &'static str },
    #[error(transparent)]
    NoProbability(#[from] NoProbability),
    #[error("no limit and terms are given, and no assessment has any")]
    NothingToRecommend,
    #[error("another assessment is the last")]
    NotLastAssessment,
    #[error("the application changed meanwhile")]
    Stale,
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Db(#[from] DbError),
}

type Outcome = Result<Application, ApplicationError>;

/// Drafts an application. An account has one open application for its own limit, and one for its group's.
///
/// # Errors
/// When the customer is not visible or has no account, there is an open application, or the amount or term can't be.
pub fn create(tx: &mut Tx, input: &ApplicationIn) -> Outcome {
    let standing = exposure::find_customer_account(tx, &input.customer)?;
    let account = standing.account;
    let scope = input.scope.unwrap_or(LimitScope::Own);
    let limit = input.requested_limit.money();
    expect_currency(limit, account.currency)?;
    expect_term(tx, input.requested_net_days, "/requested_net_days")?;
    exposure::lock(tx, standing.customer.id)?;
    refuse_second(tx, account.id, scope)?;
    let application = Application {
        id: ApplicationId::new(),
        customer_id: standing.customer.id,
        account_id: account.id,
        scope,
        status: ApplicationStatus::Draft,
        currency: account.currency,
        requested_limit_minor: limit.minor(),
        requested_net_days: input.requested_net_days,
        purpose: input.purpose.to_string(),
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        changed_at: tx.now(),
        submitted_by: None,
        submitted_at: None,
        reviewer: None,
        information_request: None,
        deadline: None,
        recommended_limit_minor: None,
        recommended_net_days: None,
        recommended_valid_until: None,
        recommendation: None,
        recommended_by: None,
        recommended_at: None,
        credit_approver: None,
        approver: None,
        decided_at: None,
        decision_reason: None,
        conditions: write_document(&Vec::<Condition>::new())?,
        appealed_at: None,
        version: 1,
        exceptions: write_document(&Vec::<PolicyException>::new())?,
    };
    store::insert(tx, &application)?;
    let step = step(
        tx,
        None,
        &application,
        Verb::Create,
        None,
        &asked(&application),
    )?;
    store::insert_steps(tx, &[step])?;
    tx.record(Change::new(Verb::Create.trail_action(), application.id).after(&application))?;
    Ok(application)
}

/// Changes a draft.
///
/// # Errors
/// As [`create`], and when it is no draft any more or changed since `version`.
pub fn change(tx: &mut Tx, id: ApplicationId, version: i64, patch: &ApplicationPatch) -> Outcome {
    let before = take(tx, id, version, Verb::Change)?;
    let mut after = before.clone();
    if let Some(limit) = patch.requested_limit {
        expect_currency(limit.money(), before.currency)?;
        after.requested_limit_minor = limit.money().minor();
    }
    if let Some(net_days) = patch.requested_net_days {
        expect_term(tx, net_days, "/requested_net_days")?;
        after.requested_net_days = net_days;
    }
    if let Some(purpose) = &patch.purpose {
        after.purpose = purpose.to_string();
    }
    let details = asked(&after);
    advance(tx, &before, &after, Verb::Change, None, &details)
}

/// Hands a draft to credit.
///
/// # Errors
/// When it is no draft or changed since `version`.
pub fn submit(tx: &mut Tx, id: ApplicationId, version: i64) -> Outcome {
    let before = take(tx, id, version, Verb::Submit)?;
    let after = Application {
        status: ApplicationStatus::Submitted,
        submitted_by: Some(tx.caller().subject.clone()),
        submitted_at: Some(tx.now()),
        ..before.clone()
    };
    let details = asked(&after);
    advance(tx, &before, &after, Verb::Submit, None, &details)
}

/// Takes a submitted application into review.
///
/// # Errors
/// When it is not submitted, changed since `version`, or the caller applied.
pub fn start_review(tx: &mut Tx, id: ApplicationId, version: i64) -> Outcome {
    let before = take(tx, id, version, Verb::StartReview)?;
    let after = Application {
        status: ApplicationStatus::UnderReview,
        reviewer: Some(tx.caller().subject.clone()),
        ..before.clone()
    };
    advance(
        tx,
        &before,
        &after,
        Verb::StartReview,
        None,
        &StepDetails::default(),
    )
}

/// Asks sales for information, with a deadline after which the application expires.
///
/// # Errors
/// When it is not under review, changed since `version`, the caller applied, or the deadline can't be.
pub fn request_information(
    tx: &mut Tx,
    id: ApplicationId,
    version: i64,
    input: &InformationRequestIn,
) -> Outcome {
    let before = take(tx, id, version, Verb::RequestInformation)?;
    let deadline = deadline(tx, input.deadline.map(Day::date))?;
    let after = Application {
        status: ApplicationStatus::InformationRequested,
        information_request: Some(input.question.to_string()),
        deadline: Some(deadline),
        ..before.clone()
    };
    let details = StepDetails {
        deadline: Some(deadline),
        ..StepDetails::default()
    };
    let question = Some(&input.question);
    advance(
        tx,
        &before,
        &after,
        Verb::RequestInformation,
        question,
        &details,
    )
}

/// Answers what credit asked.
///
/// # Errors
/// When nothing was asked or the deadline is past, or it changed since `version`.
pub fn provide_information(
    tx: &mut Tx,
    id: ApplicationId,
    version: i64,
    information: &Note,
) -> Outcome {
    let before = take(tx, id, version, Verb::ProvideInformation)?;
    let after = Application {
        status: ApplicationStatus::UnderReview,
        information_request: None,
        deadline: None,
        ..before.clone()
    };
    let information = Some(information);
    let none = StepDetails::default();
    advance(
        tx,
        &before,
        &after,
        Verb::ProvideInformation,
        information,
        &none,
    )
}

/// Recommends a limit and terms to whoever approves: those that are given, otherwise those of the last assessment.
///
/// # Errors
/// When it is not under review, changed since `version`, the caller applied, limit or terms can't be, or pass what the
/// policy has for the customer's grade without an exception.
pub fn recommend(tx: &mut Tx, id: ApplicationId, version: i64, input: &RecommendIn) -> Outcome {
    let before = take(tx, id, version, Verb::Recommend)?;
    let assessment = store::find_last_assessment(tx, id)?;
    let assessment_id = assessment.as_ref().map(|assessment| assessment.id);
    if input.assessment_id.is_some() && input.assessment_id != assessment_id {
        return Err(ApplicationError::NotLastAssessment);
    }
    let (limit, net_days) = recommended(&before, input, assessment.as_ref())?;
    let valid_until = input.valid_until.map(Day::date);
    expect_currency(limit, before.currency)?;
    expect_term(tx, net_days, "/net_days")?;
    if before.scope == LimitScope::Group && valid_until.is_some() {
        return Err(ApplicationError::GroupValidUntil);
    }
    expect_future(tx, valid_until)?;
    exceptions::expect_within(tx, &before, (limit, net_days), &input.exceptions)?;
    let conditions = conditions(&input.conditions);
    let after = Application {
        status: ApplicationStatus::PendingApproval,
        recommended_limit_minor: Some(limit.minor()),
        recommended_net_days: Some(net_days),
        recommended_valid_until: valid_until,
        recommendation: Some(input.reason.to_string()),
        recommended_by: Some(tx.caller().subject.clone()),
        recommended_at: Some(tx.now()),
        conditions: write_document(&conditions)?,
        exceptions: write_document(&input.exceptions)?,
        ..before.clone()
    };
    let details = StepDetails {
        limit: Some(limit),
        net_days: Some(net_days),
        valid_until,
        deadline: None,
        assessment_id,
        conditions,
        exceptions: input.exceptions.clone(),
    };
    let reason = Some(&input.reason);
    advance(tx, &before, &after, Verb::Recommend, reason, &details)
}

/// Limit and net days as they were given, and what was not as the last assessment has it.
fn recommended(
    application: &Application,
    input: &RecommendIn,
    assessment: Option<&AssessmentRow>,
) -> Result<(Money, i32), ApplicationError> {
    let assessed = assessment
        .and_then(|assessment| assessment.limit_minor)
        .filter(|minor| *minor > 0)
        .map(|minor| application.money(minor));
    let limit = input.limit.map(PositiveIn::money).or(assessed);
    let net_days = input
        .net_days
        .or_else(|| assessment.map(|assessment| assessment.net_days));
    limit
        .zip(net_days)
        .ok_or(ApplicationError::NothingToRecommend)
}

/// Takes an application back before it is decided.
///
/// # Errors
/// When it is decided already, or changed since `version`.
pub fn withdraw(tx: &mut Tx, id: ApplicationId, version: i64, reason: &Note) -> Outcome {
    let before = take(tx, id, version, Verb::Withdraw)?;
    let after = Application {
        status: ApplicationStatus::Withdrawn,
        deadline: None,
        ..before.clone()
    };
    let none = StepDetails::default();
    advance(tx, &before, &after, Verb::Withdraw, Some(reason), &none)
}

/// Brings new facts against a decline, once: the review begins anew.
///
/// # Errors
/// When it was not declined or appealed before, changed since `version`, or there is an open application meanwhile.
pub fn appeal(tx: &mut Tx, id: ApplicationId, version: i64, new_facts: &Note) -> Outcome {
    lock_account(tx, id)?;
    let before = take(tx, id, version, Verb::Appeal)?;
    refuse_second(tx, before.account_id, before.scope)?;
    let after = Application {
        status: ApplicationStatus::UnderReview,
        appealed_at: Some(tx.now()),
        recommended_limit_minor: None,
        recommended_net_days: None,
        recommended_valid_until: None,
        recommendation: None,
        recommended_by: None,
        recommended_at: None,
        credit_approver: None,
        approver: None,
        decided_at: None,
        decision_reason: None,
        conditions: write_document(&Vec::<Condition>::new())?,
        exceptions: write_document(&Vec::<PolicyException>::new())?,
        ..before.clone()
    };
    let none = StepDetails::default();
    advance(tx, &before, &after, Verb::Appeal, Some(new_facts), &none)
}

/// The application as it was read, when the caller may take this step now.
fn take(tx: &mut Tx, id: ApplicationId, version: i64, verb: Verb) -> Outcome {
    let caller = tx.caller();
    let application = store::find_visible(tx, caller, id)?.ok_or(ApplicationError::Missing)?;
    if application.version != version {
        return Err(ApplicationError::Stale);
    }
    let status = rules::status_on(application.status, application.deadline, tx.today());
    let allowed = rules::allowed(status, application.appealed_at);
    if !allowed.contains(&verb) {
        return Err(ApplicationError::State { status, allowed });
    }
    let parts = Parts {
        taken: store::list_parts(tx, id)?,
        credit_approver: application.credit_approver.clone().map(Into::into),
    };
    rules::may_take(verb, caller.subject.as_str(), &parts).map_err(ApplicationError::Duty)?;
    Ok(application)
}

/// Writes the application as it is after a step, with the step and the trail's entry.
fn advance(
    tx: &mut Tx,
    before: &Application,
    after: &Application,
    verb: Verb,
    reason: Option<&Note>,
    details: &StepDetails,
) -> Outcome {
    let after = store::update_if_unchanged(tx, after)?.ok_or(ApplicationError::Stale)?;
    let step = step(tx, Some(before), &after, verb, reason, details)?;
    store::insert_steps(tx, &[step])?;
    let change = Change::new(verb.trail_action(), after.id)
        .before(before)
        .after(&after);
    tx.record(match reason {
        Some(reason) => change.because(reason),
        None => change,
    })?;
    Ok(after)
}

fn step(
    tx: &Tx,
    before: Option<&Application>,
    after: &Application,
    verb: Verb,
    reason: Option<&Note>,
    details: &StepDetails,
) -> Result<Step, DbError> {
    let details = (*details != StepDetails::default())
        .then(|| write_document(details))
        .transpose()?;
    Ok(Step {
        id: ApplicationStepId::new(),
        application_id: after.id,
        verb,
        from_status: before.map(|before| before.status),
        to_status: after.status,
        subject: tx.caller().subject.clone(),
        at: tx.now(),
        reason: reason.map(ToString::to_string),
        details,
    })
}

/// Locks the account that an application is about, before the application is read to be decided.
fn lock_account(tx: &mut Tx, id: ApplicationId) -> Result<Locked, ApplicationError> {
    let caller = tx.caller();
    let found = store::find_visible(tx, caller, id)?.ok_or(ApplicationError::Missing)?;
    Ok(exposure::lock(tx, found.customer_id)?)
}

/// Refuses a second open application; one whose deadline is past is none, and is ended here when nobody has yet.
fn refuse_second(
    tx: &mut Tx,
    account: CreditAccountId,
    scope: LimitScope,
) -> Result<(), ApplicationError> {
    expiry::expire(tx, Some(account))?;
    match store::find_open(tx, account, scope)? {
        Some(open) => Err(ApplicationError::Open(open.id)),
        None => Ok(()),
    }
}

fn expect_currency(given: Money, expected: Currency) -> Result<(), ApplicationError> {
    let given = given.currency();
    if given == expected {
        return Ok(());
    }
    Err(ApplicationError::Currency { given, expected })
}

fn expect_term(tx: &mut Tx, days: i32, field: &'static str) -> Result<(), ApplicationError> {
    let max = live(tx)?.document.applications.net_days_max;
    if days <= max {
        return Ok(());
    }
    Err(ApplicationError::NetDays { field, max })
}

fn expect_future(tx: &Tx, valid_until: Option<NaiveDate>) -> Result<(), ApplicationError> {
    if valid_until.is_some_and(|day| day < tx.today()) {
        return Err(ApplicationError::ValidUntil);
    }
    Ok(())
}

fn deadline(tx: &mut Tx, named: Option<NaiveDate>) -> Result<NaiveDate, ApplicationError> {
    let answer_days = live(tx)?.document.applications.answer_days;
    rules::deadline_for(named, tx.today(), answer_days).ok_or(ApplicationError::Deadline)
}

fn conditions(texts: &[Line]) -> Vec<Condition> {
    texts.iter().cloned().map(Condition::new).collect()
}

/// What an application asks for.
fn asked(application: &Application) -> StepDetails {
    StepDetails {
        limit: Some(application.money(application.requested_limit_minor)),
        net_days: Some(application.requested_net_days),
        ..StepDetails::default()
    }
}
