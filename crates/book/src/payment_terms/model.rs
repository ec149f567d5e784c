//! What payment terms say, and their versions.

mod calendars;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::book::catalogues::model::Texts;
use crate::platform::db::schema::payment_term_versions;
use crate::platform::versions::model::lives_at_approval;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::drafters::Drafters;
use kernel::figures::Figure;
use kernel::ids::PaymentTermsVersionId;
use kernel::money::{Money, PositiveIn};
use kernel::text::Keyword;

pub use calendars::{Calendar, CalendarRow, DayKind, SpecialDay, Weekday};

text_enum! {
    /// Where a version of payment terms stands. At most one of each code is live; a live version never changes.
    pub enum PaymentTermsStatus {
        Draft = "draft",
        Live = "live",
        Retired = "retired",
    }
}

text_enum! {
    /// Where a day goes that is not worked.
    pub enum Shift {
        /// It stays where it is.
        None = "none",
        /// To the next business day.
        Following = "following",
        /// To the business day before.
        Preceding = "preceding",
    }
}

text_enum! {
    /// What a part of an invoice is.
    #[derive(Default)]
    pub enum InstalmentKind {
        #[default]
        Instalment = "instalment",
        /// Money that the customer keeps back until a warranty ends or work is accepted (质保金).
        Retention = "retention",
    }
}

/// How a day is found from the baseline date: first `days` are added, then it goes to the end of a month, then to a day of
/// the month.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema,
)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"days": 30}))]
pub struct DayRule {
    /// Days after the baseline date.
    #[serde(default)]
    #[validate(range(min = 0, max = 3650))]
    #[schema(minimum = 0, maximum = 3650)]
    pub days: u32,
    /// Whether it then goes to the end of its month.
    #[serde(default)]
    pub month_end: bool,
    /// How many months later than that month; only with `month_end`.
    #[serde(default)]
    #[validate(range(min = 0, max = 24))]
    #[schema(minimum = 0, maximum = 24)]
    pub months: u32,
    /// Days after the end of the month; only with `month_end`.
    #[serde(default)]
    #[validate(range(min = 0, max = 366))]
    #[schema(minimum = 0, maximum = 366)]
    pub days_after_month_end: u32,
    /// The next such day of a month, from there on; the last day of a month that has no such day.
    #[validate(range(min = 1, max = 31))]
    #[schema(minimum = 1, maximum = 31)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_of_month: Option<u32>,
}

/// What is granted to who pays until a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"until": {"days": 10}, "rate": "0.02"}))]
pub struct DiscountRule {
    /// The last day on which it may be taken.
    #[validate(nested)]
    pub until: DayRule,
    /// Of what is open, tax included: more than 0 and less than 1.
    pub rate: Figure,
}

/// One instalment: a `share` of the invoice, an `amount` of it, or with neither of them the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"share": "0.30", "due": {"days": 30}}))]
pub struct InstalmentRule {
    /// More than 0, at most 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Figure>,
    /// `retention` for money that the customer keeps back until later; `instalment` when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<InstalmentKind>,
    /// Only invoices in its currency can be under these terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<PositiveIn>,
    /// When it is due; when not given, the document says so: then there is one instalment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(nested)]
    pub due: Option<DayRule>,
    /// Discounts for paying early, the highest first. None holds beyond the due date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[validate(length(max = 5), nested)]
    #[schema(max_items = 5)]
    pub discounts: Vec<DiscountRule>,
}

/// What payment terms say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// What they are called.
    pub texts: Texts,
    #[validate(length(min = 1, max = 60), nested)]
    #[schema(min_items = 1, max_items = 60)]
    pub instalments: Vec<InstalmentRule>,
    /// The calendar that says which days are worked; needed where a day shifts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Keyword>,
    /// Where a due date or the last day of a discount goes that is not worked: it stays when not given.
    #[serde(default = "no_shift")]
    pub shift: Shift,
}

const fn no_shift() -> Shift {
    Shift::None
}

/// A version of payment terms.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = payment_term_versions, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct PaymentTermsRow {
    pub id: PaymentTermsVersionId,
    pub code: Keyword,
    pub terms_version: i32,
    pub status: PaymentTermsStatus,
    /// The [`Terms`] as JSON.
    pub document: String,
    pub reason: String,
    pub author: String,
    /// Everybody who wrote it. None of them sets it live.
    pub drafters: Drafters,
    pub approver: Option<String>,
    pub created_at: Instant,
    pub live_at: Option<Instant>,
    pub retired_at: Option<Instant>,
    pub version: i64,
}

lives_at_approval!(PaymentTermsRow {
    "payment_terms", id: PaymentTermsVersionId, number: terms_version, status: PaymentTermsStatus, code: Keyword
});

/// A discount of an instalment, with its last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DiscountStep, example = json!({"until": "2026-04-10", "rate": "0.02"}))]
pub struct DiscountStep {
    /// The last day on which it may be taken, by the value date of the money.
    pub until: NaiveDate,
    /// Of what is open, tax included.
    pub rate: Figure,
}

/// A part of an invoice with a due date of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instalment {
    pub kind: InstalmentKind,
    pub amount: Money,
    pub due_date: NaiveDate,
    /// The highest discount first, each with its last day.
    pub discounts: Vec<DiscountStep>,
}
