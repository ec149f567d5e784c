//! What an assessment knows.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::book::exposure::model::{AccountStatus, LimitScope};
use crate::rating::ratings::model::ProbabilitySource;
use kernel::clock::Instant;
use kernel::figures::Figure;
use kernel::money::{Currency, Money};
use kernel::places::Language;

/// Everything that was known when the application was assessed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AssessmentFacts {
    pub as_of: NaiveDate,
    pub scope: LimitScope,
    pub requested_limit: Money,
    #[schema(minimum = 0, maximum = 365)]
    pub requested_net_days: i32,
    pub account: AccountFact,
    pub sales: SalesFact,
    pub security: SecurityFact,
    pub rating: Option<RatingFact>,
    pub statement: Option<StatementFact>,
    pub payments: Option<PaymentsFact>,
    pub expected: Option<ExpectedPurchases>,
    pub means: Option<Means>,
    pub economics: Option<Economics>,
}

/// The credit account as it stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountFact {
    pub status: AccountStatus,
    /// How many blocks stood on it.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub blocks: u32,
    /// The present limit; null when it has none or an unlimited one.
    pub limit: Option<Money>,
    /// All that is owed or may come to be, to whichever company and in whichever currency, at the exchange rates of the
    /// day; null where one is missing.
    pub exposure: Option<Money>,
    /// The pair of currencies between which a rate is missing.
    #[serde(default)]
    pub missing_rate: Option<MissingRate>,
    #[schema(max_length = 200)]
    pub segment: Option<String>,
    /// For how many whole months the account has been there.
    #[schema(minimum = 0, maximum = 100_000)]
    pub months: u32,
}

/// Two currencies between which no exchange rate leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AssessmentMissingRate)]
pub struct MissingRate {
    pub from: Currency,
    pub to: Currency,
}

/// What we sold to the customer on account in twelve months, less what was credited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SalesFact {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub sales: Money,
    #[schema(minimum = 0, maximum = 9_223_372_036_854_775_807_i64)]
    pub invoices: i64,
}

/// What others stand in for; null for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecurityFact {
    /// By guarantees and pledges.
    pub secured: Option<Money>,
    /// By insurers.
    pub insured: Option<Money>,
}

/// The rating that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RatingFact {
    #[schema(max_length = 40)]
    pub id: String,
    #[schema(max_length = 10)]
    pub grade: String,
    pub rated_at: Instant,
    /// The first day on which it is too old.
    pub stale_on: NaiveDate,
}

/// The lines of the latest financial statement that limits are found with; null for a line that was not given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatementFact {
    #[schema(max_length = 40)]
    pub id: String,
    pub period_end: NaiveDate,
    pub net_assets: Option<Money>,
    pub intangible_assets: Option<Money>,
    pub working_capital: Option<Money>,
    pub cash: Option<Money>,
    pub receivables: Option<Money>,
    pub short_term_debt: Option<Money>,
    pub payables: Option<Money>,
    /// How the lines came to the currency of the application; null when the statement is in it, or no rate leads there.
    #[serde(default)]
    pub conversion: Option<StatementConversion>,
}

/// The rate that the lines of a statement were converted by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "from": "USD", "to": "CNY", "rate": "7.2628", "rate_date": "2025-12-31", "source": "ECB"
}))]
pub struct StatementConversion {
    pub from: Currency,
    pub to: Currency,
    /// One unit of `from` in units of `to`; of an inverse or a cross with 12 significant digits.
    #[schema(max_length = 40)]
    pub rate: String,
    /// The day of the rate: the end of the statement's period, or the last one before it that has a rate.
    pub rate_date: NaiveDate,
    /// Who published it.
    #[schema(max_length = 500)]
    pub source: String,
}

/// How the customer paid us in the policy's period, by amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaymentsFact {
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// Invoices with a payment, or overdue.
    #[schema(minimum = 0, maximum = 4_294_967_295_i64)]
    pub invoices: u32,
    #[schema(minimum = 0, maximum = 4_294_967_295_i64)]
    pub invoices_late: u32,
    pub paid: Money,
    pub overdue: Money,
    pub not_due: Money,
    /// What was paid and what is overdue, by days after the due date; null when there is neither.
    pub days_beyond_terms: Option<Figure>,
    /// The share of it that was paid in time.
    pub share_in_time: Option<Figure>,
}

/// What the customer is expected to buy, as credit knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExpectedPurchases {
    /// What it needs of such goods in twelve months.
    pub yearly_need: Money,
    /// What of it is expected to be bought from us, from 0 to 1.
    pub our_share: Figure,
}

/// What the customer could pay with beside its statement, as credit knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Means {
    /// Credit lines of banks that may still be drawn.
    pub undrawn_lines: Money,
    /// Among how many suppliers like us the rest is divided.
    #[schema(minimum = 1, maximum = 10_000)]
    pub major_suppliers: u32,
}

/// What selling to the customer earns and risks, as credit knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Economics {
    /// Margin over variable cost as a share of sales, from 0 to 1.
    pub margin: Figure,
    /// The probability that the customer never pays, from 0 to 1.
    pub default_probability: Figure,
    /// Who says so; null in assessments of before, where credit did.
    #[serde(default)]
    pub probability_source: Option<ProbabilitySource>,
    /// What is lost of the cost then, from 0 to 1.
    pub loss_given_default: Figure,
    /// What capital costs a year: 0.08 is 8 %.
    pub capital_cost: Figure,
}

/// A fact that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MissingFact {
    /// The member of the facts.
    #[schema(max_length = 64)]
    pub fact: String,
    /// What could be done about it.
    #[schema(max_length = 300)]
    pub message: String,
}

impl AccountFact {
    pub fn is_suspended(&self) -> bool {
        self.status == AccountStatus::Suspended
    }
}

impl AssessmentFacts {
    /// What is not known, and what could be done about it.
    pub fn missing(&self) -> Vec<MissingFact> {
        let insured = self.security.insured.is_some() || self.security.secured.is_some();
        [
            (self.rating.is_some(), "rating"),
            (self.statement.is_some(), "statement"),
            (self.payments.is_some(), "payments"),
            (
                self.sales.invoices > 0 || self.expected.is_some(),
                "expected",
            ),
            (insured, "security"),
            (self.means.is_some() || self.payments.is_some(), "means"),
            (self.economics.is_some(), "economics"),
        ]
        .into_iter()
        .filter(|(is_known, _)| !is_known)
        .map(|(_, fact)| {
            let mut missing = MissingFact {
                fact: fact.to_owned(),
                message: String::new(),
            };
            missing.speak(Language::English);
            missing
        })
        .collect()
    }
}
