//! The shapes of applications in the contract.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::assessments::AssessmentOut;
use crate::book::customers::store as customers;
use crate::book::exchange_rates::actions::approving_policy;
use crate::book::exposure::model::LimitScope;
use crate::decide::applications::model::{
    Application, ApplicationStatus, Condition, PolicyException, Step, StepDetails, Verb,
};
use crate::decide::applications::{rules, store};
use crate::platform::db::{Db, DbError, read_document};
use crate::platform::http::auth::{
    ApplyForCredit, DecideApplications, Permission as _, ReviewApplications,
};
use crate::platform::http::{Answer, Problem};
use kernel::caller::{Caller, Role};
use kernel::clock::Instant;
use kernel::ids::{ApplicationId, ApplicationStepId, CreditAccountId, CustomerId};
use kernel::money::Money;
use kernel::places::Language;
use kernel::text::{Number, Subject};

/// One application as every operation on it answers.
pub fn answer(
    caller: &Caller,
    language: Language,
    db: &mut Db,
    application: Application,
) -> Result<Answer, Problem> {
    let version = application.version;
    Ok(Answer::ok(&describe(caller, language, db, application)?)?.version(version))
}

/// An application with its steps, and with what the caller can do with it now.
pub fn describe(
    caller: &Caller,
    language: Language,
    db: &mut Db,
    application: Application,
) -> Result<ApplicationOut, DbError> {
    let allowed = allowed_to(db, caller, &application)?;
    let assessment = if caller.sees_others() {
        store::find_last_assessment(db, application.id)?
    } else {
        None
    };
    let steps = store::list_steps(db, application.id)?.into_iter();
    let steps: Result<Vec<StepOut>, DbError> =
        steps.map(|step| StepOut::read(step, caller)).collect();
    let summary = summarise(db, caller, vec![application])?.pop();
    Ok(ApplicationOut {
        summary: summary
            .ok_or_else(|| DbError::Document("an application without its customer".to_owned()))?,
        allowed,
        assessment: assessment
            .map(|row| AssessmentOut::read(row, language))
            .transpose()?,
        steps: steps?,
    })
}

/// The applications as lists show them, in as many queries as for one.
pub fn summarise(
    db: &mut Db,
    reader: &Caller,
    applications: Vec<Application>,
) -> Result<Vec<ApplicationSummaryOut>, DbError> {
    let today = db.today();
    let ids: Vec<CustomerId> = applications.iter().map(|a| a.customer_id).collect();
    let numbers: BTreeMap<CustomerId, Number> = customers::list_by_ids(db, &ids)?
        .into_iter()
        .map(|customer| (customer.id, customer.number))
        .collect();
    applications
        .into_iter()
        .filter_map(|application| {
            let number = numbers.get(&application.customer_id)?.clone();
            Some(ApplicationSummaryOut::read(
                application,
                number,
                today,
                reader,
            ))
        })
        .collect()
}

/// What the caller can do now: by status, roles, the parts that it took before, and its authority.
fn allowed_to(
    db: &mut Db,
    caller: &Caller,
    application: &Application,
) -> Result<Vec<Verb>, DbError> {
    let parts = rules::Parts {
        taken: store::list_parts(db, application.id)?,
        credit_approver: application.credit_approver.clone().map(Into::into),
    };
    let limit = application.limit();
    let policy = approving_policy(db, &[limit.currency()])?;
    let status = rules::status_on(application.status, application.deadline, db.today());
    let has_authority = || {
        let first = application.credit_approver.as_ref().map(Subject::as_str);
        rules::may_approve(caller, &policy.document, limit, first).is_ok()
    };
    Ok(rules::allowed(status, application.appealed_at)
        .into_iter()
        .filter(|verb| caller.has_any(roles_of(*verb)))
        .filter(|verb| rules::may_take(*verb, caller.subject.as_str(), &parts).is_ok())
        .filter(|verb| *verb != Verb::Approve || has_authority())
        .collect())
}

/// Whether a step is one between those who review and those who decide: what was noted with it is not for sales.
const fn is_internal(verb: Verb) -> bool {
    matches!(verb, Verb::StartReview | Verb::Assess | Verb::Recommend)
}

/// The roles that a verb's handler takes.
const fn roles_of(verb: Verb) -> &'static [Role] {
    match verb {
        Verb::Create
        | Verb::Change
        | Verb::Submit
        | Verb::ProvideInformation
        | Verb::Withdraw
        | Verb::Appeal => ApplyForCredit::ROLES,
        Verb::StartReview
        | Verb::RequestInformation
        | Verb::Assess
        | Verb::Recommend
        | Verb::FulfilConditions => ReviewApplications::ROLES,
        Verb::Approve | Verb::Decline => DecideApplications::ROLES,
        Verb::ApproveStraightThrough | Verb::Expire => &[],
    }
}

/// The limit and terms that credit recommended.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecommendationOut {
    limit: Money,
    #[schema(minimum = 0, maximum = 365)]
    net_days: i32,
    valid_until: Option<NaiveDate>,
    /// A note for whoever decides; null for sales.
    #[schema(max_length = 2000)]
    reason: Option<String>,
    #[schema(max_length = 128)]
    by: String,
    at: Instant,
    /// What of it passes the policy's row for the customer's grade, and why; the reasons are not for sales, who get none.
    #[schema(max_items = 2)]
    exceptions: Vec<PolicyException>,
}

impl RecommendationOut {
    fn read(
        application: &Application,
        reader: &Caller,
    ) -> Result<Option<RecommendationOut>, DbError> {
        let exceptions = read_document(&application.exceptions)?;
        let read = || {
            let reason = application.recommendation.clone()?;
            Some(RecommendationOut {
                limit: application.money(application.recommended_limit_minor?),
                net_days: application.recommended_net_days?,
                valid_until: application.recommended_valid_until,
                reason: Some(reason).filter(|_| reader.sees_others()),
                by: application.recommended_by.clone()?.into(),
                at: application.recommended_at?,
                exceptions: if reader.sees_others() {
                    exceptions
                } else {
                    Vec::new()
                },
            })
        };
        Ok(read())
    }
}

/// A credit application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApplicationSummary, example = json!({
    "id": "app_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
    "customer_number": "C-1001", "credit_account_id": "acc_01k00000000000000000000001", "scope": "own",
    "status": "submitted", "requested_limit": {"amount": "500000.00", "currency": "CNY"}, "requested_net_days": 30,
    "purpose": "A yearly contract for steel plate.", "created_by": "u-17", "created_at": "2026-03-31T08:00:00.000000Z",
    "changed_at": "2026-03-31T08:05:00.000000Z", "submitted_by": "u-17", "submitted_at": "2026-03-31T08:05:00.000000Z",
    "reviewer": null, "information_request": null, "deadline": null, "recommendation": null, "conditions": [],
    "credit_approver": null, "approver": null, "decided_at": null, "decision_reason": null, "appealed_at": null
}))]
pub struct ApplicationSummaryOut {
    pub id: ApplicationId,
    customer_id: CustomerId,
    customer_number: Number,
    credit_account_id: CreditAccountId,
    scope: LimitScope,
    status: ApplicationStatus,
    requested_limit: Money,
    #[schema(minimum = 0, maximum = 365)]
    requested_net_days: i32,
    #[schema(max_length = 2000)]
    purpose: String,
    #[schema(max_length = 128)]
    created_by: String,
    created_at: Instant,
    changed_at: Instant,
    #[schema(max_length = 128)]
    submitted_by: Option<String>,
    submitted_at: Option<Instant>,
    #[schema(max_length = 128)]
    reviewer: Option<String>,
    /// What sales are asked for.
    #[schema(max_length = 2000)]
    information_request: Option<String>,
    /// The last day to provide information, or to fulfil conditions.
    deadline: Option<NaiveDate>,
    recommendation: Option<RecommendationOut>,
    #[schema(max_items = 20)]
    conditions: Vec<Condition>,
    /// Who approved for credit, where finance approves after.
    #[schema(max_length = 128)]
    credit_approver: Option<String>,
    /// Who approved in the end, or declined.
    #[schema(max_length = 128)]
    approver: Option<String>,
    decided_at: Option<Instant>,
    #[schema(max_length = 2000)]
    decision_reason: Option<String>,
    appealed_at: Option<Instant>,
}

impl ApplicationSummaryOut {
    fn read(
        application: Application,
        customer_number: Number,
        today: NaiveDate,
        reader: &Caller,
    ) -> Result<ApplicationSummaryOut, DbError> {
        Ok(ApplicationSummaryOut {
            id: application.id,
            customer_id: application.customer_id,
            customer_number,
            credit_account_id: application.account_id,
            scope: application.scope,
            status: rules::status_on(application.status, application.deadline, today),
            requested_limit: application.money(application.requested_limit_minor),
            requested_net_days: application.requested_net_days,
            recommendation: RecommendationOut::read(&application, reader)?,
            conditions: read_document(&application.conditions)?,
            purpose: application.purpose,
            created_by: application.created_by.into(),
            created_at: application.created_at,
            changed_at: application.changed_at,
            submitted_by: application.submitted_by.map(Into::into),
            submitted_at: application.submitted_at,
            reviewer: application.reviewer.map(Into::into),
            information_request: application.information_request,
            deadline: application.deadline,
            credit_approver: application.credit_approver.map(Into::into),
            approver: application.approver.map(Into::into),
            decided_at: application.decided_at,
            decision_reason: application.decision_reason,
            appealed_at: application.appealed_at,
        })
    }
}

/// A credit application with its steps.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Application, example = json!({
    "id": "app_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
    "customer_number": "C-1001", "credit_account_id": "acc_01k00000000000000000000001", "scope": "own",
    "status": "draft", "requested_limit": {"amount": "500000.00", "currency": "CNY"}, "requested_net_days": 30,
    "purpose": "A yearly contract for steel plate.", "created_by": "u-17", "created_at": "2026-03-31T08:00:00.000000Z",
    "changed_at": "2026-03-31T08:00:00.000000Z", "submitted_by": null, "submitted_at": null, "reviewer": null,
    "information_request": null, "deadline": null, "recommendation": null, "conditions": [], "credit_approver": null,
    "approver": null, "decided_at": null, "decision_reason": null, "appealed_at": null,
    "allowed": ["change", "submit", "withdraw"], "assessment": null,
    "steps": [{
        "id": "aps_01k00000000000000000000001", "verb": "create", "from_status": null, "to_status": "draft",
        "subject": "u-17", "at": "2026-03-31T08:00:00.000000Z", "reason": null,
        "details": {"limit": {"amount": "500000.00", "currency": "CNY"}, "net_days": 30}
    }]
}))]
pub struct ApplicationOut {
    #[serde(flatten)]
    summary: ApplicationSummaryOut,
    /// What you can do with it now.
    #[schema(max_items = 20)]
    allowed: Vec<Verb>,
    /// The last assessment; null before the first, and for sales.
    assessment: Option<AssessmentOut>,
    /// The first one first.
    #[schema(max_items = 1000)]
    steps: Vec<StepOut>,
}

/// One step in the life of an application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApplicationStep)]
pub struct StepOut {
    id: ApplicationStepId,
    verb: Verb,
    from_status: Option<ApplicationStatus>,
    to_status: ApplicationStatus,
    #[schema(max_length = 128)]
    subject: String,
    at: Instant,
    #[schema(max_length = 2000)]
    reason: Option<String>,
    details: Option<StepDetails>,
}

impl StepOut {
    /// The step as a reader may see it: what credit notes for whoever decides is not for sales.
    fn read(step: Step, reader: &Caller) -> Result<StepOut, DbError> {
        let is_shown = reader.sees_others() || !is_internal(step.verb);
        Ok(StepOut {
            id: step.id,
            verb: step.verb,
            from_status: step.from_status,
            to_status: step.to_status,
            subject: step.subject.into(),
            at: step.at,
            reason: step.reason.filter(|_| is_shown),
            details: step
                .details
                .map(|details| StepDetails::read(&details, is_shown))
                .transpose()?,
        })
    }
}
