//! What goes out about payment terms and calendars.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::book::catalogues::model::Texts;
use crate::book::payment_terms::model::{
    Calendar, CalendarRow, DiscountStep, Instalment, InstalmentKind, InstalmentRule,
    PaymentTermsRow, PaymentTermsStatus, Shift, SpecialDay, Terms, Weekday,
};
use crate::platform::db::{DbError, read_document};
use kernel::clock::Instant;
use kernel::drafters::Drafters;
use kernel::ids::PaymentTermsVersionId;
use kernel::money::Money;
use kernel::text::{Keyword, Subject};

/// A version of payment terms.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentTerms, example = json!({
    "id": "ptv_01k00000000000000000000001", "code": "2_10_net_30", "terms_version": 1, "status": "live",
    "texts": {"en": "2 % within 10 days, net 30 days", "zh-CN": "10 天内付款享 2% 折扣，30 天内付清"},
    "instalments": [{"due": {"days": 30, "month_end": false, "months": 0, "days_after_month_end": 0},
        "discounts": [{"until": {"days": 10, "month_end": false, "months": 0, "days_after_month_end": 0}, "rate": "0.02"}]}],
    "calendar": null, "shift": "none", "reason": "The terms that a new book begins with.", "author": "u-21",
    "drafters": ["u-21"], "approver": null, "created_at": "2026-03-31T08:00:00.000000Z",
    "live_at": "2026-03-31T08:00:00.000000Z", "retired_at": null
}))]
pub struct PaymentTermsOut {
    id: PaymentTermsVersionId,
    code: Keyword,
    /// Ascends by one with each draft.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    terms_version: i32,
    status: PaymentTermsStatus,
    texts: Texts,
    #[schema(max_items = 60)]
    instalments: Vec<InstalmentRule>,
    /// The calendar that says which days are worked.
    calendar: Option<Keyword>,
    /// Where a day goes that is not worked.
    shift: Shift,
    /// Why it was drafted so.
    #[schema(max_length = 2000)]
    reason: String,
    #[schema(max_length = 128)]
    author: String,
    /// Everybody who wrote it; none of them can set it live.
    #[schema(value_type = Vec<Subject>, max_items = 1000)]
    drafters: Drafters,
    #[schema(max_length = 128)]
    approver: Option<String>,
    created_at: Instant,
    live_at: Option<Instant>,
    retired_at: Option<Instant>,
}

impl PaymentTermsOut {
    pub fn read(row: PaymentTermsRow) -> Result<PaymentTermsOut, DbError> {
        let terms: Terms = read_document(&row.document)?;
        Ok(PaymentTermsOut {
            id: row.id,
            code: row.code,
            terms_version: row.terms_version,
            status: row.status,
            texts: terms.texts,
            instalments: terms.instalments,
            calendar: terms.calendar,
            shift: terms.shift,
            reason: row.reason,
            author: row.author,
            drafters: row.drafters,
            approver: row.approver,
            created_at: row.created_at,
            live_at: row.live_at,
            retired_at: row.retired_at,
        })
    }
}

/// What an amount is due in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Instalments, example = json!({"instalments": [{
    "kind": "instalment", "amount": {"amount": "12500.00", "currency": "CNY"}, "due_date": "2026-04-30",
    "discounts": [{"until": "2026-04-10", "rate": "0.02"}]
}]}))]
pub struct InstalmentsOut {
    #[schema(max_items = 60)]
    instalments: Vec<InstalmentOut>,
}

/// A part of an invoice with a due date of its own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Instalment)]
pub struct InstalmentOut {
    kind: InstalmentKind,
    amount: Money,
    due_date: NaiveDate,
    /// The highest first, each with its last day.
    #[schema(max_items = 5)]
    discounts: Vec<DiscountStep>,
}

impl From<Vec<Instalment>> for InstalmentsOut {
    fn from(parts: Vec<Instalment>) -> InstalmentsOut {
        let instalments = parts.into_iter().map(|part| InstalmentOut {
            kind: part.kind,
            amount: part.amount,
            due_date: part.due_date,
            discounts: part.discounts,
        });
        InstalmentsOut {
            instalments: instalments.collect(),
        }
    }
}

/// A calendar.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Calendar, example = json!({
    "code": "cn", "texts": {"en": "China", "zh-CN": "中国"}, "weekend": ["saturday", "sunday"],
    "days": [{"day": "2026-10-01", "kind": "holiday", "name": "National Day"}],
    "changed_by": "u-21", "changed_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct CalendarOut {
    code: Keyword,
    texts: Texts,
    /// The days of the week that are not worked.
    #[schema(max_items = 7)]
    weekend: Vec<Weekday>,
    /// The days that are not as their day of the week, by day.
    #[schema(max_items = 2000)]
    days: Vec<SpecialDay>,
    changed_by: Subject,
    changed_at: Instant,
}

impl CalendarOut {
    pub fn read(row: CalendarRow) -> Result<CalendarOut, DbError> {
        let calendar: Calendar = read_document(&row.document)?;
        Ok(CalendarOut {
            code: row.code,
            texts: calendar.texts,
            weekend: calendar.weekend,
            days: calendar.days,
            changed_by: row.changed_by,
            changed_at: row.changed_at,
        })
    }
}
