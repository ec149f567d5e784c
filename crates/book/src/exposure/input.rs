//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::{AccountStatus, AdditionalKind, BillingCurrencies, LimitScope, PortfolioKind};
use crate::book::customers::model::CustomerRef;
use crate::book::entities::model::EntityRef;
use crate::platform::http::{given, nullable};
use kernel::clock::Day;
use kernel::money::{AmountIn, Currency, PositiveIn};
use kernel::places::Country;
use kernel::text::{Keyword, Line, Note, Number, Subject};

/// An additional limit to be granted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "limit_is_consistent"))]
#[schema(example = json!({
    "kind": "secured", "amount": {"amount": "95000.00", "currency": "CNY"}, "valid_until": "2099-12-31",
    "reference": "Bank guarantee BG-2026-114, haircut 5 %", "reason": "Guarantee of Bank of Suzhou received."
}))]
pub struct AdditionalLimitIn {
    pub kind: AdditionalKind,
    /// The customer's own limit when not given.
    pub scope: Option<LimitScope>,
    /// What it adds, after any haircut; in the account's currency.
    pub amount: PositiveIn,
    /// The first day on which it holds; today when not given.
    pub valid_from: Option<Day>,
    /// The last day on which it holds.
    pub valid_until: Day,
    /// The order that it is for: with `one_time`, and with nothing else.
    pub order_number: Option<Number>,
    /// The guarantee, pledge or cover that it rests on: needed with `secured` and `insured`.
    pub reference: Option<Line>,
    pub reason: Note,
}

/// What the request alone shows to be wrong.
fn limit_is_consistent(input: &AdditionalLimitIn) -> Result<(), ValidationError> {
    let wrong = |code: &'static str, message: &'static str| {
        Err(ValidationError::new(code).with_message(message.into()))
    };
    if (input.kind == AdditionalKind::OneTime) != input.order_number.is_some() {
        return wrong(
            "order_number",
            "order_number is needed with one_time, and with nothing else",
        );
    }
    if input.kind.secures() && input.reference.is_none() {
        return wrong("reference", "reference is needed with secured and insured");
    }
    Ok(())
}

/// A cap to be set up.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "cap_is_consistent"))]
#[schema(example = json!({
    "kind": "country", "key": "CN", "limit": {"amount": "5000000.00", "currency": "CNY"},
    "reason": "Board of 31 March: no more than a third of the book in one country."
}))]
pub struct PortfolioCapIn {
    pub kind: PortfolioKind,
    /// The segment, the salesperson's subject, the country's code, the industry, or the acceptor's name, which is kept in
    /// lower case; left out for the company.
    pub key: Option<Line>,
    pub limit: AmountIn,
    pub reason: Note,
}

/// What the request alone shows to be wrong.
fn cap_is_consistent(input: &PortfolioCapIn) -> Result<(), ValidationError> {
    let fits = match (input.kind, &input.key) {
        (PortfolioKind::Company, key) => key.is_none(),
        (_, None) => false,
        (PortfolioKind::Country, Some(key)) => key.as_str().parse::<Country>().is_ok(),
        (PortfolioKind::Salesperson, Some(key)) => key.as_str().parse::<Subject>().is_ok(),
        (PortfolioKind::Segment | PortfolioKind::Industry | PortfolioKind::Acceptor, Some(_)) => {
            true
        }
    };
    if fits {
        return Ok(());
    }
    Err(ValidationError::new("key").with_message(
        "key must name the segment, salesperson, country, industry or acceptor, and be left out for the company"
            .into(),
    ))
}

/// A cap's new limit.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"limit": {"amount": "4000000.00", "currency": "CNY"}, "reason": "Outlook was cut."}))]
pub struct PortfolioCapPatch {
    pub limit: AmountIn,
    pub reason: Note,
}

/// Which caps.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PortfolioCapFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub kind: Vec<PortfolioKind>,
}

/// What a document of another system comes to now.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "amount": {"amount": "40000.00", "currency": "CNY"}, "entry_date": "2026-03-31", "order_number": "SO-2026-0001"
}))]
pub struct ExposureEntryIn {
    /// In the account's currency or one of its billing currencies; of a delivery, all that was delivered by it, billed or not. 0 ends the entry.
    pub amount: AmountIn,
    /// The day of the document.
    pub entry_date: Day,
    /// The order that was delivered, of `delivered_not_billed` alone. It stays that which was named first, also when it
    /// is not given any more.
    pub order_number: Option<Number>,
    /// The company that it is owed to; `MAIN` when not given. It stays that which was named first.
    pub legal_entity: Option<EntityRef>,
}

/// A credit account to be opened.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"customer": "C-1001", "currency": "CNY", "net_days": 30}))]
pub struct CreditAccountIn {
    pub customer: CustomerRef,
    pub currency: Currency,
    /// Days from invoice to due date; 30 when not given.
    #[validate(range(min = 0, max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub net_days: Option<i32>,
    /// In which currencies documents may be besides the limit's; in none when not given.
    pub billing_currencies: Option<BillingCurrencies>,
}

/// What is to change on a credit account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"net_days": 45, "segment": "Steel", "reason": "Agreed with the customer on 31 March."}))]
pub struct CreditAccountPatch {
    /// Days from invoice to due date.
    #[validate(range(min = 0, max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub net_days: Option<i32>,
    /// The credit segment that it belongs to, such as a business unit; null for none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    pub segment: Option<Option<Line>>,
    /// The last day of its exemption; null ends it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Day>)]
    pub exempt_until: Option<Option<Day>>,
    /// In which currencies documents may be besides the limit's. What is open in one that is taken away stays.
    pub billing_currencies: Option<BillingCurrencies>,
    pub reason: Note,
}

/// The payment terms of an account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccountPaymentTermsIn, example = json!({
    "payment_terms": "2_10_net_30", "reason": "Agreed with the customer on 31 March."
}))]
pub struct AgreedTermsIn {
    /// Their code; null for none.
    #[serde(deserialize_with = "given")]
    #[schema(required)]
    pub payment_terms: Option<Keyword>,
    pub reason: Note,
}

/// What a legal entity agrees with a customer for itself.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "limit": {"amount": "1500000.00", "currency": "CNY"}, "net_days": 45, "reason": "Hamburg sells no more than this."
}))]
pub struct EntityTermsIn {
    /// A limit of its own, in the account's currency, beside that of all; none when not given.
    pub limit: Option<AmountIn>,
    /// Days from invoice to due date; the account's when not given.
    #[validate(range(min = 0, max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub net_days: Option<i32>,
    /// The payment terms of its invoices that name none and state no due date, by their code. Without them its net days hold,
    /// and without those the account's.
    pub payment_terms: Option<Keyword>,
    /// `suspended`: it sells nothing on account any more; `active` when not given.
    pub status: Option<AccountStatus>,
    /// Who collects for it.
    pub collector: Option<Subject>,
    pub reason: Note,
}

/// A limit that is to be lower.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"limit": {"amount": "50000.00", "currency": "CNY"}, "reason": "Pays ever later."}))]
pub struct LowerLimitIn {
    /// The customer's own limit when not given.
    pub scope: Option<LimitScope>,
    pub limit: AmountIn,
    pub reason: Note,
}

/// The group that a customer is to belong to.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"parent_customer": "C-1000"}))]
pub struct ParentIn {
    /// The parent; null for none.
    #[serde(deserialize_with = "given")]
    #[schema(required)]
    pub parent_customer: Option<CustomerRef>,
}

/// Which accounts, and in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CreditAccountFilter {
    /// Accounts of these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<AccountStatus>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub currency: Vec<Currency>,
    /// By time of opening when not given.
    #[param(inline)]
    pub sort: Option<CreditAccountSort>,
}

/// The orders that a list of accounts may have.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
pub enum CreditAccountSort {
    #[default]
    #[serde(rename = "created_at")]
    CreatedAt,
    #[serde(rename = "-created_at")]
    CreatedAtDescending,
    #[serde(rename = "limit")]
    Limit,
    #[serde(rename = "-limit")]
    LimitDescending,
}
