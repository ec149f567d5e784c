//! Controls, their runs, and what those found.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::platform::db::schema::{control_results, control_runs};
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{ApplicationId, ControlRunId, CreditBlockId, CustomerId, JobId, LegalEntityId};
use kernel::places::Language;
use kernel::text::{Note, Subject};

text_enum! {
    /// The controls.
    pub enum ControlCode {
        /// Separation of sales, credit, cash and bookkeeping.
        RoleSeparation = "role_separation",
        /// Decisions within authority.
        AuthorityMatrix = "authority_matrix",
        /// Four eyes on master data.
        MasterDataFourEyes = "master_data_four_eyes",
        /// Sequential numbers without gaps.
        SequentialNumbering = "sequential_numbering",
        /// Balances confirmed by customers.
        CustomerConfirmation = "customer_confirmation",
        /// Sales does not handle money.
        SalesTouchNoCash = "sales_touch_no_cash",
        /// Rotation and forced leave.
        JobRotation = "job_rotation",
        /// Write-offs by others than those who keep the account.
        WriteOffIndependence = "write_off_independence",
        /// The audit trail is whole, and looked at by others.
        TrailReview = "trail_review",
    }
}

text_enum! {
    /// What came of a control.
    pub enum ControlOutcome {
        /// It looked at everything, and all is as it should be.
        Passed = "passed",
        /// Something is not as it should be.
        Exceptions = "exceptions",
        /// It can't be told; the reason says why.
        NotTestable = "not_testable",
    }
}

text_enum! {
    /// What is not as a control wants it.
    pub enum FindingCode {
        /// One person did the work of several duties.
        SeveralDuties = "several_duties",
        /// One person did both what is to be approved and the approval.
        SamePerson = "same_person",
        /// It is above the authority of whoever decided alone.
        AboveAuthority = "above_authority",
        /// No reason was given.
        WithoutReason = "without_reason",
        /// It was changed by one person, and nobody approved it.
        ChangedAlone = "changed_alone",
        /// One person changed the customer's file and approved its limit.
        ChangedAndApproved = "changed_and_approved",
        /// Numbers are missing between two of a series.
        NumbersMissing = "numbers_missing",
        /// Somebody who works as sales recorded money.
        SalesRecordedCash = "sales_recorded_cash",
        /// The salesperson of the customer recorded its money.
        OwnCustomersCash = "own_customers_cash",
        /// Somebody was never away for two weeks.
        NeverAway = "never_away",
        /// Who recorded the money or the invoice also gave up what was open.
        GaveUpOwn = "gave_up_own",
        /// No checkpoint of the trail was signed on the day.
        DayWithoutCheckpoint = "day_without_checkpoint",
        /// The chain over the trail is broken.
        ChainBroken = "chain_broken",
    }
}

text_enum! {
    /// Why a control can't be tested.
    pub enum NotTestable {
        /// Nothing of the kind happened in the period.
        NothingHappened = "nothing_happened",
        /// What it looks at is not kept yet.
        NotKept = "not_kept",
        /// The period is too short to tell.
        PeriodTooShort = "period_too_short",
    }
}

/// A sentence in the languages of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence {
    pub english: &'static str,
    pub chinese: &'static str,
}

impl Sentence {
    pub const fn told(self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Chinese => self.chinese,
        }
    }
}

/// Something that is not as a control wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub code: FindingCode,
    /// What it is about: an id, a person, or a day.
    pub resource_id: String,
    /// Who did it, where that is known.
    pub subject: Option<String>,
    /// The facts, in no language: numbers, duties, days.
    pub detail: Option<String>,
}

/// What a control came to, before it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// How many things it looked at.
    pub population: i64,
    /// The first findings.
    pub findings: Vec<Finding>,
    pub finding_count: i64,
    pub not_testable: Option<NotTestable>,
}

/// How many findings of a control are listed; all are counted.
pub const FINDINGS_MAX: usize = 200;

impl Tested {
    pub fn of(population: i64, findings: impl IntoIterator<Item = Finding>) -> Tested {
        let (mut kept, mut count) = (Vec::new(), 0_i64);
        for finding in findings {
            count = count.saturating_add(1);
            if kept.len() < FINDINGS_MAX {
                kept.push(finding);
            }
        }
        Tested {
            population,
            findings: kept,
            finding_count: count,
            not_testable: (population == 0).then_some(NotTestable::NothingHappened),
        }
    }

    pub const fn not_testable(why: NotTestable) -> Tested {
        Tested {
            population: 0,
            findings: Vec::new(),
            finding_count: 0,
            not_testable: Some(why),
        }
    }

    pub const fn status(&self) -> ControlOutcome {
        match self.not_testable {
            _ if self.finding_count > 0 => ControlOutcome::Exceptions,
            Some(_) => ControlOutcome::NotTestable,
            None => ControlOutcome::Passed,
        }
    }
}

/// The business days that a run looks at, both included, and their instants: from the first to the one after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub first: NaiveDate,
    pub last: NaiveDate,
    pub start: Instant,
    pub end: Instant,
}

/// A run of all controls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = control_runs, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct ControlRun {
    pub id: ControlRunId,
    pub period_from: NaiveDate,
    pub period_to: NaiveDate,
    pub job_id: JobId,
    pub started_by: Subject,
    pub started_at: Instant,
    pub finished_at: Option<Instant>,
    pub signed_off_by: Option<Subject>,
    pub signed_off_at: Option<Instant>,
    pub sign_off_note: Option<Note>,
    pub version: i64,
}

/// What a control found in a run.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = control_results, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct ControlResult {
    pub run_id: ControlRunId,
    pub control: ControlCode,
    pub position: i32,
    pub status: ControlOutcome,
    pub not_testable: Option<NotTestable>,
    pub population: i64,
    pub exception_count: i64,
    /// The first [`Finding`]s, as JSON.
    pub exceptions: String,
}

/// How often somebody did something, with which roles.
#[derive(Debug, Clone, Queryable)]
pub struct Done {
    pub subject: String,
    pub roles: String,
    pub action: String,
    pub count: i64,
}

/// An application that was approved, with everybody who had a part in it.
#[derive(Debug, Clone, Queryable)]
pub struct Approved {
    pub id: ApplicationId,
    pub customer_id: CustomerId,
    pub currency: kernel::money::Currency,
    pub limit_minor: Option<i64>,
    pub created_by: String,
    pub submitted_by: Option<String>,
    pub recommended_by: Option<String>,
    pub credit_approver: Option<String>,
    pub approver: Option<String>,
    pub decided_at: Option<Instant>,
}

/// A version of something that was set live: its id, who wrote it, and who approved it.
#[derive(Debug, Clone, Queryable)]
pub struct WentLive {
    pub id: String,
    pub drafters: String,
    pub approver: Option<String>,
}

/// A credit block that was released: who opened it, who asked for the release, who released it, and why.
#[derive(Debug, Clone, Queryable)]
pub struct Released {
    pub id: CreditBlockId,
    pub opened_by: String,
    pub requested_by: Option<String>,
    pub decided_by: Option<String>,
    pub reason: Option<String>,
}

/// Numbers of a series that are written equally long, from one to another, both included. Their order as text is that of
/// their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberRange {
    pub prefix: String,
    pub first: String,
    pub last: String,
}

impl NumberRange {
    /// How many characters each of the numbers has.
    pub fn length(&self) -> i32 {
        characters(&self.first)
    }

    /// How many characters stand before the digits.
    pub fn prefix_length(&self) -> i32 {
        characters(&self.prefix)
    }
}

fn characters(text: &str) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX)
}

/// A document with its number.
#[derive(Debug, Clone, Queryable)]
pub struct Numbered {
    pub legal_entity_id: LegalEntityId,
    pub number: String,
}
