//! What use cases and lists are asked.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::{InstalmentRule, PaymentTermsStatus, Shift, SpecialDay, Weekday};
use crate::book::catalogues::model::Texts;
use kernel::clock::Day;
use kernel::money::PositiveIn;
use kernel::text::{Keyword, Note};

/// How many special days a calendar has at most.
pub const DAYS_MAX: usize = 2_000;

/// A version of payment terms, to be drafted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PaymentTermsIn, example = json!({
    "texts": {"en": "2 % within 10 days, net 30 days", "zh-CN": "10 天内付款享 2% 折扣，30 天内付清"},
    "instalments": [{"due": {"days": 30}, "discounts": [{"until": {"days": 10}, "rate": "0.02"}]}],
    "calendar": "cn", "shift": "following", "reason": "Agreed with sales for the new season."
}))]
pub struct PaymentTermsIn {
    /// What they are called.
    pub texts: Texts,
    /// What the invoice is due in; together they make up the whole.
    #[validate(length(min = 1, max = 60), nested)]
    #[schema(min_items = 1, max_items = 60)]
    pub instalments: Vec<InstalmentRule>,
    /// The calendar that says which days are worked; needed where a day shifts.
    pub calendar: Option<Keyword>,
    /// Where a due date or the last day of a discount goes that is not worked: it stays when not given.
    pub shift: Option<Shift>,
    /// Why they are to be so.
    pub reason: Note,
}

/// Which version of payment terms.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PaymentTermsQuestion {
    /// The live one when not given.
    #[param(minimum = 1, maximum = 2_147_483_647)]
    pub version: Option<i32>,
}

/// Which versions of payment terms.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PaymentTermsFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<PaymentTermsStatus>,
}

/// An invoice that terms are tried on.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": {"amount": "12500.00", "currency": "CNY"}, "baseline_date": "2026-03-31"}))]
pub struct InstalmentsIn {
    pub amount: PositiveIn,
    /// The day from which terms run.
    pub baseline_date: Day,
    /// What the document states; needed where the terms leave the due date to it.
    pub due_date: Option<Day>,
    /// The version of the terms; the live one when not given.
    #[validate(range(min = 1))]
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    pub version: Option<i32>,
}

/// What a calendar says, whole.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "texts": {"en": "China", "zh-CN": "中国"}, "weekend": ["saturday", "sunday"],
    "days": [
        {"day": "2026-10-01", "kind": "holiday", "name": "National Day"},
        {"day": "2026-10-10", "kind": "working_day", "name": null}
    ]
}))]
pub struct CalendarIn {
    /// What it is called.
    pub texts: Texts,
    /// The days of the week that are not worked.
    #[validate(length(max = 7))]
    #[schema(max_items = 7)]
    pub weekend: Vec<Weekday>,
    /// The days that are not as their day of the week.
    #[serde(default)]
    #[validate(length(max = 2000))]
    #[schema(max_items = 2000)]
    pub days: Vec<SpecialDay>,
}

/// Days for a calendar, such as the holidays of next year.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"days": [{"day": "2027-01-01", "kind": "holiday", "name": "New Year's Day"}]}))]
pub struct CalendarDaysIn {
    /// A day that the calendar has already is as it is said here.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_items = 1, max_items = 500)]
    pub days: Vec<SpecialDay>,
}
