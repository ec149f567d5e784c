//! Cases: what is pursued of a customer together.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use crate::book::exposure::model::BalanceKey;
use crate::platform::db::schema::dunning_cases;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{CreditAccountId, CustomerId, DunningCaseId, DunningNoticeId, LegalEntityId};
use kernel::money::Currency;
use kernel::text::{Note, Subject};

text_enum! {
    /// Where a dunning case stands.
    pub enum CaseStatus {
        /// Notices climb the ladder.
        Open = "open",
        /// The time that the last level gave has passed: somebody is to say where it goes.
        EscalationDue = "escalation_due",
        /// Credit proposes where it goes, and finance decides.
        EscalationProposed = "escalation_proposed",
        /// An agency collects it.
        EscalatedAgency = "escalated_agency",
        /// It is in legal proceedings.
        EscalatedLegal = "escalated_legal",
        /// It is to be written off.
        EscalatedWriteOff = "escalated_write_off",
        /// Nothing is overdue any more.
        ClosedPaid = "closed_paid",
        /// It was settled with the customer for less.
        ClosedSettled = "closed_settled",
        ClosedWrittenOff = "closed_written_off",
        /// Nothing can be got.
        ClosedUncollectable = "closed_uncollectable",
    }
}

text_enum! {
    /// Where a case goes after the last level.
    pub enum Escalation {
        Agency = "agency",
        Legal = "legal",
        WriteOff = "write_off",
    }
}

text_enum! {
    /// How a person closes a case.
    pub enum Closing {
        /// By an agreement with the customer.
        Settled = "settled",
        WrittenOff = "written_off",
        Uncollectable = "uncollectable",
    }
}

impl CaseStatus {
    /// What can be done with a case from here.
    pub const fn allowed(self) -> &'static [&'static str] {
        match self {
            CaseStatus::Open | CaseStatus::EscalationDue => &["close", "propose_escalation"],
            CaseStatus::EscalationProposed => &["approve_escalation", "close", "refuse_escalation"],
            CaseStatus::EscalatedAgency
            | CaseStatus::EscalatedLegal
            | CaseStatus::EscalatedWriteOff => &["close"],
            CaseStatus::ClosedPaid
            | CaseStatus::ClosedSettled
            | CaseStatus::ClosedWrittenOff
            | CaseStatus::ClosedUncollectable => &[],
        }
    }

    /// The statuses of cases with which others are busy.
    pub const ESCALATED: [CaseStatus; 3] = [
        CaseStatus::EscalatedAgency,
        CaseStatus::EscalatedLegal,
        CaseStatus::EscalatedWriteOff,
    ];
}

impl Escalation {
    /// Where a case stands once this is approved.
    pub const fn status(self) -> CaseStatus {
        match self {
            Escalation::Agency => CaseStatus::EscalatedAgency,
            Escalation::Legal => CaseStatus::EscalatedLegal,
            Escalation::WriteOff => CaseStatus::EscalatedWriteOff,
        }
    }
}

impl Closing {
    /// Where a case stands that was closed so.
    pub const fn status(self) -> CaseStatus {
        match self {
            Closing::Settled => CaseStatus::ClosedSettled,
            Closing::WrittenOff => CaseStatus::ClosedWrittenOff,
            Closing::Uncollectable => CaseStatus::ClosedUncollectable,
        }
    }
}

/// What is pursued of a customer together: what it owes one company in one currency, from the first notice on until
/// nothing of it is overdue.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = dunning_cases, treat_none_as_default_value = false, treat_none_as_null = true)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Case {
    pub id: DunningCaseId,
    pub customer_id: CustomerId,
    pub account_id: CreditAccountId,
    pub legal_entity_id: LegalEntityId,
    pub currency: Currency,
    pub status: CaseStatus,
    /// The highest stage of its open items; 0 where none of them was dunned.
    pub level: i32,
    pub opened_on: NaiveDate,
    pub last_notice_id: DunningNoticeId,
    pub last_notice_on: NaiveDate,
    /// When the time that the last level gives is over; none before the last level.
    pub escalation_due_on: Option<NaiveDate>,
    /// Where it is proposed to go, or went.
    pub escalation: Option<Escalation>,
    pub proposed_by: Option<Subject>,
    pub proposed_at: Option<Instant>,
    pub decided_by: Option<Subject>,
    pub decided_at: Option<Instant>,
    pub closed_on: Option<NaiveDate>,
    /// Why it was proposed, refused or closed, whichever was last.
    pub reason: Option<Note>,
    pub created_at: Instant,
    pub changed_at: Instant,
    pub version: i64,
}

impl Case {
    /// The balance that it is about.
    pub const fn key(&self) -> BalanceKey {
        BalanceKey::new(self.legal_entity_id, self.currency)
    }
}

/// What is open of a customer's dunned or overdue items of one balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Pursued {
    pub customer_id: CustomerId,
    pub legal_entity_id: LegalEntityId,
    pub currency: Currency,
    /// The highest stage; none where nothing was dunned.
    pub level: Option<i32>,
    /// When the oldest is due.
    pub oldest_due: NaiveDate,
}

impl Pursued {
    pub const fn key(&self) -> BalanceKey {
        BalanceKey::new(self.legal_entity_id, self.currency)
    }

    /// Whether something is overdue on a day.
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        self.oldest_due < today
    }
}
