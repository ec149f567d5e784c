//! Charges as they are stored, and what was agreed about them.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::book::receivables::model::InvoiceKind;
use crate::platform::db::schema::{charges, late_interest_terms};
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::figures::Figure;
use kernel::ids::{ChargeId, CreditAccountId, CustomerId, InvoiceId, ItemId, LegalEntityId};
use kernel::money::{Currency, Money};
use kernel::text::{Line, Note, SnakeCode, Subject};

text_enum! {
    /// What a charge is for.
    pub enum ChargeKind {
        /// By the day, on what is paid late.
        Interest = "interest",
        /// What the law grants once for an invoice that is paid late, whatever it cost.
        FixedSum = "fixed_sum",
        /// For a reminder, a returned direct debit and the like.
        Fee = "fee",
        /// What others were paid to collect.
        CollectionCost = "collection_cost",
        CourtCost = "court_cost",
    }
}

impl ChargeKind {
    /// The invoice that it becomes when it is claimed.
    pub const fn invoice_kind(self) -> InvoiceKind {
        match self {
            ChargeKind::Interest => InvoiceKind::LateInterest,
            ChargeKind::FixedSum
            | ChargeKind::Fee
            | ChargeKind::CollectionCost
            | ChargeKind::CourtCost => InvoiceKind::Costs,
        }
    }
}

text_enum! {
    /// What people record as a charge; interest and the fixed sum are worked out.
    pub enum FeeKind {
        Fee = "fee",
        CollectionCost = "collection_cost",
        CourtCost = "court_cost",
    }
}

impl FeeKind {
    /// The charge that it is.
    pub const fn kind(self) -> ChargeKind {
        match self {
            FeeKind::Fee => ChargeKind::Fee,
            FeeKind::CollectionCost => ChargeKind::CollectionCost,
            FeeKind::CourtCost => ChargeKind::CourtCost,
        }
    }
}

text_enum! {
    /// Where a charge stands.
    pub enum ChargeStatus {
        /// Worked out, and not asked for: nobody owes it.
        Accrued = "accrued",
        /// Asked for: an open invoice of its own.
        Claimed = "claimed",
        /// Nothing is open on its invoice.
        Paid = "paid",
        /// Given up, by two persons.
        Waived = "waived",
        /// It was no charge after all, or its claim was taken back.
        Cancelled = "cancelled",
    }
}

impl ChargeStatus {
    /// What can be done with a charge from here.
    pub const fn allowed(self) -> &'static [&'static str] {
        match self {
            ChargeStatus::Accrued => &["cancel", "claim", "waive"],
            ChargeStatus::Claimed => &["waive"],
            ChargeStatus::Paid | ChargeStatus::Waived | ChargeStatus::Cancelled => &[],
        }
    }
}

text_enum! {
    /// For how long a rate is.
    pub enum RatePer {
        Year = "year",
        Day = "day",
    }
}

/// Days of one principal and one rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ChargeSegment, example = json!({
    "from": "2026-05-16", "to": "2026-06-30", "days": 46, "principal": {"amount": "10000.00", "currency": "EUR"},
    "rate": "0.1015", "per": "year", "interest": {"amount": "127.92", "currency": "EUR"}
}))]
pub struct Segment {
    /// The first day, which counts.
    pub from: NaiveDate,
    /// The last day, which counts.
    pub to: NaiveDate,
    #[schema(minimum = 1, maximum = 100_000)]
    pub days: i64,
    pub principal: Money,
    /// For a year, or for a day.
    pub rate: Figure,
    pub per: RatePer,
    /// Principal × rate × days, over the days of a year where the rate is a year's; half a minor unit and more is one.
    pub interest: Money,
}

/// A charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = charges, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Charge {
    pub id: ChargeId,
    pub kind: ChargeKind,
    pub status: ChargeStatus,
    pub customer_id: CustomerId,
    pub account_id: CreditAccountId,
    pub legal_entity_id: LegalEntityId,
    /// The invoice that was paid late.
    pub invoice_id: InvoiceId,
    pub item_id: ItemId,
    pub currency: Currency,
    pub amount_minor: i64,
    /// Of interest the first day that counts; of others the day on which they came up.
    pub from_day: NaiveDate,
    /// Of interest the last day that counts.
    pub to_day: NaiveDate,
    /// What it follows, by its code in the catalogue; none where a rate was agreed.
    pub regime: Option<SnakeCode>,
    /// A list of [`Segment`], as a document.
    pub segments: String,
    /// What whoever recorded it said.
    pub note: Option<Note>,
    pub created_by: Subject,
    pub created_at: Instant,
    /// The invoice that it became.
    pub claimed_invoice_id: Option<InvoiceId>,
    pub claimed_on: Option<NaiveDate>,
    pub claimed_by: Option<Subject>,
    /// What it was claimed with, such as the number of a notice.
    pub claim_reference: Option<Line>,
    /// The day on which it was paid, waived or cancelled.
    pub ended_on: Option<NaiveDate>,
    pub end_reason: Option<Note>,
    pub version: i64,
}

impl Charge {
    /// What it comes to.
    pub const fn amount(&self) -> Money {
        Money::from_minor(self.amount_minor, self.currency)
    }

    /// Whether it says the same as another of the same debt.
    pub fn says_as(&self, other: &Charge) -> bool {
        (self.amount_minor, self.from_day, self.to_day)
            == (other.amount_minor, other.from_day, other.to_day)
            && (&self.regime, &self.segments) == (&other.regime, &other.segments)
    }
}

/// What was agreed with a customer about paying late, by one legal entity.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = late_interest_terms, treat_none_as_default_value = false, treat_none_as_null = true)]
#[diesel(primary_key(account_id, legal_entity_id))]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct LateInterestTerms {
    pub account_id: CreditAccountId,
    pub legal_entity_id: LegalEntityId,
    /// The rate of a year that was agreed, which goes before any regime; zero for none at all.
    pub yearly_rate: Option<Figure>,
    /// The regime that holds, by its code; that of the legal entity's country when not said.
    pub regime: Option<SnakeCode>,
    pub reason: Note,
    pub set_by: Subject,
    pub created_at: Instant,
    pub changed_at: Instant,
    pub version: i64,
}

/// An item that was or is paid late, with what its invoice says.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct LateItem {
    pub item_id: ItemId,
    pub invoice_id: InvoiceId,
    pub customer_id: CustomerId,
    pub account_id: CreditAccountId,
    pub legal_entity_id: LegalEntityId,
    pub currency: Currency,
    pub amount_minor: i64,
    pub invoice_minor: i64,
    pub due_date: NaiveDate,
}

impl LateItem {
    /// The first day that counts.
    pub fn late_from(&self) -> NaiveDate {
        self.due_date.succ_opt().unwrap_or(self.due_date)
    }
}

/// A rate as people write it: from 0 to 10, which is 1,000 %.
pub fn is_rate(rate: Figure) -> bool {
    (Figure::ZERO..=Figure::new(10, 0)).contains(&rate)
}
