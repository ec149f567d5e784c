//! The credit application, its conditions and its steps.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::book::exposure::model::LimitScope;
use crate::book::policy::model::ExceptionKind;
use crate::platform::db::schema::{application_assessments, application_steps, applications};
use crate::platform::db::{DbError, read_document};
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{ApplicationId, ApplicationStepId, AssessmentId, CreditAccountId, CustomerId};
use kernel::money::{Currency, Money};
use kernel::text::{Line, Note, Subject};

text_enum! {
    /// Where an application stands (state machines 5.1).
    pub enum ApplicationStatus {
        Draft = "draft",
        Submitted = "submitted",
        UnderReview = "under_review",
        InformationRequested = "information_requested",
        PendingApproval = "pending_approval",
        ApprovedWithConditions = "approved_with_conditions",
        Approved = "approved",
        Declined = "declined",
        Withdrawn = "withdrawn",
        Expired = "expired",
    }
}

impl ApplicationStatus {
    /// Whether nothing but an appeal can follow; every other application is open, and an account has one open
    /// application for each scope.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            ApplicationStatus::Approved
                | ApplicationStatus::Declined
                | ApplicationStatus::Withdrawn
                | ApplicationStatus::Expired
        )
    }
}

text_enum! {
    /// What is done with an application.
    pub enum Verb {
        Create = "create",
        Change = "change",
        Submit = "submit",
        StartReview = "start_review",
        RequestInformation = "request_information",
        ProvideInformation = "provide_information",
        /// Facts, limit methods and policy put together into an assessment.
        Assess = "assess",
        Recommend = "recommend",
        Approve = "approve",
        Decline = "decline",
        FulfilConditions = "fulfil_conditions",
        Withdraw = "withdraw",
        Appeal = "appeal",
        /// Netterms' own: the policy lets it approve without a person.
        ApproveStraightThrough = "approve_straight_through",
        /// Netterms' own: a deadline passed.
        Expire = "expire",
    }
}

impl Verb {
    /// What the trail calls it.
    pub const fn trail_action(self) -> &'static str {
        match self {
            Verb::Create => "application.drafted",
            Verb::Change => "application.changed",
            Verb::Submit => "application.submitted",
            Verb::StartReview => "application.review_started",
            Verb::RequestInformation => "application.information_requested",
            Verb::ProvideInformation => "application.information_provided",
            Verb::Assess => "application.assessed",
            Verb::Recommend => "application.recommended",
            Verb::Approve => "application.approved",
            Verb::Decline => "application.declined",
            Verb::FulfilConditions => "application.conditions_fulfilled",
            Verb::Withdraw => "application.withdrawn",
            Verb::Appeal => "application.appealed",
            Verb::ApproveStraightThrough => "application.approved_straight_through",
            Verb::Expire => "application.expired",
        }
    }
}

/// The most conditions that an application may have.
pub const CONDITIONS_MAX: usize = 20;

/// Something that must be so before a limit is set, such as a guarantee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Condition {
    pub text: Line,
    /// What proves that it is fulfilled; null as long as nothing does.
    pub evidence: Option<Note>,
    #[schema(max_length = 128)]
    pub fulfilled_by: Option<String>,
    pub fulfilled_at: Option<Instant>,
}

impl Condition {
    pub const fn new(text: Line) -> Condition {
        Condition {
            text,
            evidence: None,
            fulfilled_by: None,
            fulfilled_at: None,
        }
    }

    pub const fn is_fulfilled(&self) -> bool {
        self.evidence.is_some()
    }
}

/// Why a recommendation passes what the policy has for the customer's grade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "term", "reason": "The buyer is a public hospital, whose law gives it 90 days."}))]
pub struct PolicyException {
    /// What of the policy's row it passes.
    pub kind: ExceptionKind,
    pub reason: Note,
}

/// A credit application.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = applications, treat_none_as_default_value = false, treat_none_as_null = true)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Application {
    pub id: ApplicationId,
    #[diesel(skip_update)]
    pub customer_id: CustomerId,
    #[diesel(skip_update)]
    pub account_id: CreditAccountId,
    #[diesel(skip_update)]
    pub scope: LimitScope,
    pub status: ApplicationStatus,
    #[diesel(skip_update)]
    pub currency: Currency,
    pub requested_limit_minor: i64,
    pub requested_net_days: i32,
    pub purpose: String,
    #[diesel(skip_update)]
    pub created_by: Subject,
    #[diesel(skip_update)]
    pub created_at: Instant,
    #[diesel(skip_update)]
    pub changed_at: Instant,
    pub submitted_by: Option<Subject>,
    pub submitted_at: Option<Instant>,
    /// Who took it into review.
    pub reviewer: Option<Subject>,
    /// What sales are asked for.
    pub information_request: Option<String>,
    /// The last day to provide information, or to fulfil conditions.
    pub deadline: Option<NaiveDate>,
    pub recommended_limit_minor: Option<i64>,
    pub recommended_net_days: Option<i32>,
    pub recommended_valid_until: Option<NaiveDate>,
    pub recommendation: Option<String>,
    pub recommended_by: Option<Subject>,
    pub recommended_at: Option<Instant>,
    /// Who approved for credit, where finance approves after.
    pub credit_approver: Option<Subject>,
    /// Who decided in the end.
    pub approver: Option<Subject>,
    pub decided_at: Option<Instant>,
    pub decision_reason: Option<String>,
    /// The [`Condition`]s as JSON.
    pub conditions: String,
    pub appealed_at: Option<Instant>,
    #[diesel(skip_update)]
    pub version: i64,
    /// The [`PolicyException`]s that the recommendation takes, as JSON.
    pub exceptions: String,
}

impl Application {
    pub const fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.currency)
    }

    /// The limit that is to be approved: what credit recommends, and before that what was asked for.
    pub fn limit(&self) -> Money {
        self.money(
            self.recommended_limit_minor
                .unwrap_or(self.requested_limit_minor),
        )
    }
}

/// One step in the life of an application: it is appended and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = application_steps, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Step {
    pub id: ApplicationStepId,
    pub application_id: ApplicationId,
    pub verb: Verb,
    pub from_status: Option<ApplicationStatus>,
    pub to_status: ApplicationStatus,
    pub subject: Subject,
    pub at: Instant,
    pub reason: Option<String>,
    /// The [`StepDetails`] as JSON.
    pub details: Option<String>,
}

/// What a step said beside its reason; what a verb has nothing to say about is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"limit": {"amount": "500000.00", "currency": "CNY"}, "net_days": 30}))]
pub struct StepDetails {
    /// The limit that was asked for, recommended or set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 365)]
    pub net_days: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<NaiveDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<NaiveDate>,
    /// The assessment that was made, or that it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessment_id: Option<AssessmentId>,
    /// The conditions that were added or fulfilled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub conditions: Vec<Condition>,
    /// The exceptions from the policy that a recommendation takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 2)]
    pub exceptions: Vec<PolicyException>,
}

impl StepDetails {
    /// The details as they were stored; what is internal is left out when it is not for the reader.
    pub fn read(stored: &str, with_internal: bool) -> Result<StepDetails, DbError> {
        let mut details: StepDetails = read_document(stored)?;
        if !with_internal {
            details.exceptions.clear();
        }
        Ok(details)
    }
}

text_enum! {
    /// What an assessment comes to.
    pub enum AssessmentDecision {
        /// The limit that was asked for, rounded down to the policy's step.
        Grant = "grant",
        /// A lower one.
        GrantLess = "grant_less",
        /// No limit at all.
        Decline = "decline",
        /// Too little is known: a person must judge.
        Undecided = "undecided",
    }
}

/// One assessment of an application: it is appended and never changed.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = application_assessments, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct AssessmentRow {
    pub id: AssessmentId,
    pub application_id: ApplicationId,
    /// 1 for the first of an application.
    pub number: i32,
    pub policy_version: i32,
    pub grade: Option<String>,
    pub decision: AssessmentDecision,
    pub currency: Currency,
    pub limit_minor: Option<i64>,
    pub net_days: i32,
    /// The [`Assessment`](super::rules::assessment::Assessment) as JSON.
    pub document: String,
    pub assessed_by: Subject,
    pub assessed_at: Instant,
}

/// The verbs by which somebody takes the applicant's part.
pub const APPLICANT_VERBS: &[Verb] = &[
    Verb::Create,
    Verb::Change,
    Verb::Submit,
    Verb::ProvideInformation,
    Verb::Appeal,
];

/// Up to which limit, in each currency, the caller may approve.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Where credit has not approved yet.
    pub credit: Vec<Money>,
    /// Where credit has approved, and finance is needed.
    pub finance: Vec<Money>,
}
