//! Agreements and assignments as they are stored.

use std::str::FromStr;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::platform::db::schema::{factoring_agreements, factoring_assignments};
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{CustomerId, FactoringAgreementId, FactoringAssignmentId, InvoiceId};
use kernel::money::{Currency, Money};
use kernel::text::{Line, Note, Number, Subject, TextError};

text_enum! {
    /// What is done with invoices under an agreement.
    pub enum FactoringKind {
        /// They are sold.
        Sale = "sale",
        /// They secure a loan.
        Pledge = "pledge",
    }
}

text_enum! {
    /// Who bears the loss when a customer does not pay.
    pub enum Recourse {
        /// We do: the factor comes back to us.
        With = "with",
        /// The factor does.
        Without = "without",
    }
}

text_enum! {
    /// Whether customers are told.
    pub enum Notification {
        /// They are not: they pay us, and we dun for the factor.
        Silent = "silent",
        /// They are: they pay the factor, who asks for its money itself.
        Disclosed = "disclosed",
    }
}

text_enum! {
    /// Whether something can be sold or pledged under an agreement.
    pub enum AgreementStatus {
        Active = "active",
        Ended = "ended",
    }
}

text_enum! {
    /// Where an assignment stands.
    pub enum AssignmentStatus {
        Active = "active",
        /// The invoice is ours again.
        BoughtBack = "bought_back",
    }
}

text_enum! {
    /// What an assignment does to exposure.
    pub enum AssignmentEffect {
        /// The invoice stays exposure.
        Stays = "stays",
        /// It is exposure no more.
        Leaves = "leaves",
    }
}

/// An agreement with a factor. Its terms never change: other terms are another agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = factoring_agreements, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Agreement {
    pub id: FactoringAgreementId,
    pub number: Number,
    /// Who buys or lends.
    pub factor: Line,
    pub kind: FactoringKind,
    pub recourse: Recourse,
    pub notification: Notification,
    /// The part of an invoice that is paid at once, in parts per million.
    pub advance_ppm: i64,
    pub valid_from: NaiveDate,
    /// The last day on which something can be sold or pledged.
    pub valid_until: Option<NaiveDate>,
    pub status: AgreementStatus,
    pub note: Option<Note>,
    pub created_by: Subject,
    pub created_at: Instant,
    pub ended_by: Option<Subject>,
    pub ended_at: Option<Instant>,
    pub end_reason: Option<Note>,
    pub version: i64,
}

/// The sale or pledge of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = factoring_assignments, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Assignment {
    pub id: FactoringAssignmentId,
    pub agreement_id: FactoringAgreementId,
    pub invoice_id: InvoiceId,
    pub customer_id: CustomerId,
    pub currency: Currency,
    /// What was open on that day.
    pub open_minor: i64,
    /// What of it was paid at once.
    pub advanced_minor: i64,
    pub effect: AssignmentEffect,
    pub notification: Notification,
    pub status: AssignmentStatus,
    pub assigned_on: NaiveDate,
    /// Who approved it.
    pub assigned_by: Subject,
    pub assigned_at: Instant,
    pub ended_on: Option<NaiveDate>,
    pub ended_by: Option<Subject>,
    pub ended_at: Option<Instant>,
    pub end_reason: Option<Note>,
    pub version: i64,
}

impl Assignment {
    pub const fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.currency)
    }
}

/// An agreement as requests name it: by our id or by its number.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AgreementRef {
    Id(FactoringAgreementId),
    Number(Number),
}

impl FromStr for AgreementRef {
    type Err = TextError;

    fn from_str(text: &str) -> Result<AgreementRef, TextError> {
        match text.parse() {
            Ok(id) => Ok(AgreementRef::Id(id)),
            Err(_) => text.parse().map(AgreementRef::Number),
        }
    }
}

impl TryFrom<String> for AgreementRef {
    type Error = TextError;

    fn try_from(text: String) -> Result<AgreementRef, TextError> {
        text.parse()
    }
}

impl From<AgreementRef> for String {
    fn from(reference: AgreementRef) -> String {
        match reference {
            AgreementRef::Id(id) => id.to_string(),
            AgreementRef::Number(number) => number.into(),
        }
    }
}
