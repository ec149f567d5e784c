//! The policy document and its versions.

mod cash;
mod settlement;
mod sources;
mod terms;
mod validity;

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use validator::{Validate, ValidationError};

use crate::platform::db::schema::policies;
use crate::platform::versions::model::lives_at_approval;
use kernel::caller::Role;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::drafters::Drafters;
use kernel::ids::PolicyId;
use kernel::money::{Currency, Money};
use kernel::text::{GradeCode, Subject};

pub use cash::CashApplication;
pub use settlement::{AllocationOrder, SettlementPolicy, TolerancePolicy};
pub use sources::{ExposureSource, Sources};
pub use terms::{
    Discount, GradeFactor, InsuredCap, LimitCombination, LimitMethod, LimitMethods, MethodWeight,
    NOT_RATED, StraightThrough, StraightThroughConditions, TermsRow,
};
pub use validity::Validity;

text_enum! {
    /// Where a version of the policy stands. Exactly one is live; a live version never changes.
    pub enum PolicyStatus {
        Draft = "draft",
        Live = "live",
        Retired = "retired",
    }
}

text_enum! {
    /// The stages of a sale at which a limit check may be made.
    pub enum Checkpoint {
        Quote = "quote",
        Order = "order",
        Delivery = "delivery",
        Invoice = "invoice",
    }
}

text_enum! {
    /// What a rule that hits does to the outcome.
    pub enum RuleEffect {
        /// The check is rejected.
        Block = "block",
        /// Credit must look at it.
        Review = "review",
        /// The check passes with a warning.
        Warn = "warn",
        /// What would need a review, or a warning, passes. What blocks still blocks.
        Exempt = "exempt",
    }
}

/// Amounts by currency, as decimal strings in JSON: `{"CNY": "100000.00", "EUR": "12000.00"}`. A currency that is not
/// named has no amount: nothing is ever converted silently.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "BTreeMap<Currency, String>",
    into = "BTreeMap<Currency, String>"
)]
pub struct Amounts(BTreeMap<Currency, Money>);

impl Amounts {
    pub fn get(&self, currency: Currency) -> Option<Money> {
        self.0.get(&currency).copied()
    }

    pub fn iter(&self) -> impl Iterator<Item = Money> {
        self.0.values().copied()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Money> for Amounts {
    fn from_iter<I: IntoIterator<Item = Money>>(amounts: I) -> Amounts {
        Amounts(
            amounts
                .into_iter()
                .map(|money| (money.currency(), money))
                .collect(),
        )
    }
}

impl TryFrom<BTreeMap<Currency, String>> for Amounts {
    type Error = String;

    fn try_from(texts: BTreeMap<Currency, String>) -> Result<Amounts, String> {
        texts
            .into_iter()
            .map(|(currency, text)| match Money::parse(&text, currency) {
                Ok(money) if !money.is_negative() => Ok(money),
                Ok(_) => Err(format!("{currency}: must not be negative")),
                Err(error) => Err(format!("{currency}: {error}")),
            })
            .collect()
    }
}

impl From<Amounts> for BTreeMap<Currency, String> {
    fn from(amounts: Amounts) -> BTreeMap<Currency, String> {
        amounts
            .0
            .into_iter()
            .map(|(currency, money)| (currency, money.amount_text()))
            .collect()
    }
}

impl PartialSchema for Amounts {
    fn schema() -> RefOr<Schema> {
        let amount = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?$"))
            .max_length(Some(18));
        let currency = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(Currency::all().map(Currency::code)));
        ObjectBuilder::new()
            .description(Some(
                "Amounts by ISO 4217 currency; one that is not named has none.",
            ))
            .property_names(Some(currency))
            .additional_properties(Some(amount))
            .examples([serde_json::json!({"CNY": "100000.00", "EUR": "12000.00"})])
            .into()
    }
}

impl ToSchema for Amounts {}

text_enum! {
    /// Why netterms rates a customer again by itself.
    pub enum RerateCause {
        /// Its rating is too old.
        Stale = "stale",
        /// How it pays moved since it was rated, or what a rule of the grade scale asks.
        Moved = "moved",
        /// It was never rated.
        Unrated = "unrated",
    }
}

/// Whom a new book rates again: who is rated already.
pub fn rerate_default() -> Vec<RerateCause> {
    vec![RerateCause::Stale, RerateCause::Moved]
}

text_enum! {
    /// What can be wrong with an account, for the rule `account_status`.
    pub enum AccountCause {
        /// It was suspended.
        Suspended = "suspended",
        /// Dunning blocked it.
        Dunning = "dunning",
        /// Insolvency proceedings against the customer were filed for or opened.
        Insolvent = "insolvent",
        /// The customer was dissolved.
        Dissolved = "dissolved",
        /// The customer is in default, by its rating.
        InDefault = "in_default",
    }
}

text_enum! {
    /// What of a customer's invoices counts as overdue.
    pub enum OverdueBasis {
        /// What is open on them.
        Gross = "gross",
        /// What is left of them when money and credit that are not applied yet are taken off, the oldest due first.
        Net = "net",
    }
}

/// For how long a customer that was given away still counts as one's own where a policy does not say.
pub const fn own_customer_days_default() -> i32 {
    90
}

/// How overdue invoices count where a policy does not say.
const fn overdue_default() -> OverdueBasis {
    OverdueBasis::Gross
}

text_enum! {
    /// What exposure is made of. Unapplied cash lowers it, everything else raises it.
    pub enum ExposureCategory {
        /// Open orders: what reservations still hold.
        Reservations = "reservations",
        /// Delivered, and not invoiced yet.
        DeliveredNotBilled = "delivered_not_billed",
        /// What is open on invoices.
        Receivables = "receivables",
        /// Cheques, drafts and bills received that have not cleared.
        Instruments = "instruments",
        /// Interest and fees that were claimed.
        ClaimedCharges = "claimed_charges",
        /// Money and credit received that is not yet applied to an invoice.
        UnappliedCash = "unapplied_cash",
    }
}

text_enum! {
    /// The check rules (peers and pitfalls 2.5).
    pub enum RuleCode {
        /// The account's own limit would be used to more than `threshold_ppm` of it.
        LimitUtilisation = "limit_utilisation",
        /// The limit of a group that the customer belongs to would be used to more than `threshold_ppm` of it.
        GroupLimit = "group_limit",
        /// As `group_limit`, for the cap of the account's credit segment.
        SegmentLimit = "segment_limit",
        /// As `group_limit`, for the cap of the customer's salesperson.
        SalespersonCap = "salesperson_cap",
        /// As `group_limit`, for the cap of the customer's country.
        CountryCap = "country_cap",
        /// As `group_limit`, for the cap of the customer's industry.
        IndustryCap = "industry_cap",
        /// As `group_limit`, for the cap of the whole book.
        PortfolioCap = "portfolio_cap",
        /// One `category` of the account's exposure would be above `amounts`.
        CategorySublimit = "category_sublimit",
        /// The account is suspended or blocked, for one of `causes`.
        AccountStatus = "account_status",
        /// An invoice with at least `amounts` open has been overdue for more than `days`.
        OverdueDaysOldest = "overdue_days_oldest",
        /// More than `amounts` is overdue.
        OverdueAmount = "overdue_amount",
        /// More than `threshold_ppm` of what is open has been overdue for more than `days`.
        OverdueRatio = "overdue_ratio",
        /// More than `count` invoices are unpaid, due or not.
        UnpaidCount = "unpaid_count",
        /// An open invoice was dunned at a level of at least `count`.
        MaxDunningLevel = "max_dunning_level",
        /// What was paid in the last twelve months was paid more than `days` late, weighted by amount.
        PaymentBehaviour = "payment_behaviour",
        /// The limit's last day passed more than `days` ago.
        LimitExpired = "limit_expired",
        /// A person was to look at the customer again by a day that passed more than `days` ago.
        ReviewOverdue = "review_overdue",
        /// The last state that was taken over of the other ledger, by an import of open items for the company that sells, is of
        /// a day more than `days` ago. Where none ever was, the rule does not hit.
        LedgerStale = "ledger_stale",
        /// The order alone is above `amounts`.
        MaxDocumentValue = "max_document_value",
        /// The order is above `threshold_ppm` of the median of the customer's orders of the last twelve months.
        OrderOutlier = "order_outlier",
        /// The account was opened less than `days` ago and its exposure would be above `amounts`.
        NewCustomerPeriod = "new_customer_period",
        /// The order's term is longer than the account's.
        TermExceedsPolicy = "term_exceeds_policy",
        /// At least `threshold_ppm` of the order is prepaid: with the effect `exempt`.
        PrepaidExempt = "prepaid_exempt",
        /// The account is exempt until a day that has not passed: with the effect `exempt`.
        ExemptParty = "exempt_party",
    }
}

/// One check rule with its parameters; a code may stand more than once, with other parameters and effects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRule {
    pub code: RuleCode,
    pub effect: RuleEffect,
    /// The checkpoints at which the rule is asked; all when empty.
    #[serde(default)]
    #[validate(length(max = 4))]
    #[schema(max_items = 4)]
    pub checkpoints: Vec<Checkpoint>,
    /// The grades of the customers of whom the rule is asked; all when empty. `NR` is who was never rated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[validate(length(max = 40))]
    #[schema(max_items = 40)]
    pub grades: Vec<GradeCode>,
    /// A share in parts per million. For a limit or cap, 1,000,000 (the whole) when not given.
    #[validate(range(min = 1, max = 100_000_000))]
    #[schema(minimum = 1, maximum = 100_000_000)]
    pub threshold_ppm: Option<i64>,
    /// Days; for `limit_expired` and `review_overdue` 0 when not given.
    #[validate(range(min = 0, max = 3650))]
    #[schema(minimum = 0, maximum = 3650)]
    pub days: Option<i32>,
    /// A number of invoices, or a dunning level.
    #[validate(range(min = 0, max = 100_000))]
    #[schema(minimum = 0, maximum = 100_000)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<i32>,
    /// Which part of exposure, for `category_sublimit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<ExposureCategory>,
    /// For `account_status`: what of the account it looks at; everything when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[validate(length(max = 5))]
    #[schema(max_items = 5)]
    pub causes: Vec<AccountCause>,
    /// Amounts by currency. A rule says nothing about an account in a currency that is not named, except that
    /// `overdue_days_oldest` and `overdue_amount` take it for zero.
    #[serde(default)]
    pub amounts: Amounts,
}

/// One row of the authority matrix: up to which limit a level of a role may approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    pub role: Role,
    #[validate(range(min = 1, max = 9))]
    #[schema(minimum = 1, maximum = 9)]
    pub level: u8,
    /// What is in a currency that is not named is converted, rounded up, into every one that is, by the rates of the day; where
    /// a rate is missing it is beyond this level's authority.
    pub amounts: Amounts,
}

text_enum! {
    /// What of a grade's row of terms can be passed by an exception.
    pub enum ExceptionKind {
        /// The highest limit.
        Limit = "limit",
        /// The longest term.
        Term = "term",
    }
}

/// Whose approval an exception of a kind needs; where a kind has more rows than one, each of them is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "term", "role": "credit", "level": 2}))]
pub struct ExceptionAuthority {
    pub kind: ExceptionKind,
    /// `credit` or `finance`.
    pub role: Role,
    /// The lowest level of the role that may.
    #[validate(range(min = 1, max = 9))]
    #[schema(minimum = 1, maximum = 9)]
    pub level: u8,
}

/// Who approves exceptions where a policy does not say: credit from level 2, and finance.
pub fn exceptions_default() -> Vec<ExceptionAuthority> {
    let row = |kind, role, level| ExceptionAuthority { kind, role, level };
    ExceptionKind::ALL
        .iter()
        .flat_map(|kind| [row(*kind, Role::Credit, 2), row(*kind, Role::Finance, 1)])
        .collect()
}

/// How reservations live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReservationPolicy {
    /// How long a reservation holds when the order system does not say.
    #[validate(range(min = 1, max = 366))]
    #[schema(minimum = 1, maximum = 366)]
    pub days_default: i32,
    /// The longest that one may hold.
    #[validate(range(min = 1, max = 366))]
    #[schema(minimum = 1, maximum = 366)]
    pub days_max: i32,
    /// By how much, in parts per million of the reserved amount, captures may pass it.
    #[validate(range(min = 0, max = 1_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub capture_tolerance_ppm: i64,
}

/// How one category counts in exposure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryPolicy {
    pub category: ExposureCategory,
    /// Whether it counts at all.
    pub include: bool,
    /// The part of it that counts, in parts per million.
    #[validate(range(min = 0, max = 10_000_000))]
    #[schema(minimum = 0, maximum = 10_000_000)]
    pub weight_ppm: i64,
}

/// How applications live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationPolicy {
    /// Days to provide information or fulfil conditions before an application expires.
    #[validate(range(min = 1, max = 366))]
    #[schema(minimum = 1, maximum = 366)]
    pub answer_days: i32,
    /// The longest term that may be asked for.
    #[validate(range(min = 0, max = 365))]
    #[schema(minimum = 0, maximum = 365)]
    pub net_days_max: i32,
}

/// The credit policy: every parameter that decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "check_rules": [
        {"code": "account_status", "effect": "block"},
        {"code": "limit_utilisation", "effect": "review"},
        {"code": "overdue_days_oldest", "effect": "review", "days": 30, "amounts": {"CNY": "1000.00"}}
    ],
    "authority": [
        {"role": "credit", "level": 1, "amounts": {"CNY": "1000000.00"}},
        {"role": "finance", "level": 1, "amounts": {"CNY": "10000000.00"}}
    ],
    "levels_by_subject": {"u-21": 1},
    "reservations": {"days_default": 30, "days_max": 366, "capture_tolerance_ppm": 0},
    "applications": {"answer_days": 30, "net_days_max": 180},
    "exposure": [{"category": "unapplied_cash", "include": false, "weight_ppm": 1_000_000}],
    "terms": [{"grade": "A", "segment": null, "net_days_max": 60, "discount": {"rate": "0.02", "days": 10},
        "review_months": 12}],
    "limit_methods": {"methods": ["sales_forecast", "payment_ability"], "combination": "min",
        "grade_factors": [{"grade": "A", "factor": "0.90"}], "buffer_days": 15, "net_worth_share": "0.10",
        "working_capital_share": "1", "payment_period_days": 180, "tolerance_days": 3, "insured_cap": "no_cap",
        "rounding_steps": {"CNY": "1000.00"}},
    "straight_through": {"ceilings": {"CNY": "100000.00"}, "worst_grade": "A",
        "conditions": {"customer_months_min": 12, "in_time_share_min": "0.90"}},
    "rerate": ["stale", "moved"],
    "validity": {"statement_months": 18, "industry_months": 24, "fact_months": 12}, "overdue": "net",
    "own_customer_days": 90, "exceptions": [{"kind": "term", "role": "credit", "level": 2}],
    "settlement": {"tolerance": {"amounts": {"CNY": "5.00"}, "share": "0.01"}, "difference_limits": {"CNY": "50.00"}},
    "cash_application": {"automatic_above": "0.95"}
}))]
pub struct PolicyDocument {
    #[validate(length(max = 50), nested)]
    #[schema(max_items = 50)]
    pub check_rules: Vec<CheckRule>,
    #[validate(length(max = 50), nested)]
    #[schema(max_items = 50)]
    pub authority: Vec<Authority>,
    /// The levels of people, by subject. One that is named here has this level whatever their token claims.
    #[serde(default)]
    #[validate(custom(function = "check_levels"))]
    #[schema(schema_with = levels_schema)]
    pub levels_by_subject: BTreeMap<Subject, u8>,
    #[validate(nested)]
    pub reservations: ReservationPolicy,
    #[validate(nested)]
    pub applications: ApplicationPolicy,
    /// How the categories of exposure count; one that is not named counts in full.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[validate(length(max = 10), nested)]
    #[schema(max_items = 10)]
    pub exposure: Vec<CategoryPolicy>,
    /// Whether money that is not applied in one currency lowers what is owed to the same company in others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub net_across_currencies: bool,
    /// Whether money that is not applied at one company lowers what is owed to others in the same currency.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub net_across_entities: bool,
    /// The terms of each grade, and of a grade in a credit segment. A grade without a row has none: credit decides.
    #[serde(default)]
    #[validate(length(max = 500), nested)]
    #[schema(max_items = 500)]
    pub terms: Vec<TermsRow>,
    /// How limits are found; as in a new book when not given.
    #[serde(default)]
    #[validate(nested)]
    pub limit_methods: LimitMethods,
    /// What is approved without a person; nothing when null.
    #[serde(default)]
    #[validate(nested)]
    pub straight_through: Option<StraightThrough>,
    /// Whom netterms rates again by itself, once a business day: `stale` and `moved` when not given, nobody when empty.
    #[serde(default = "rerate_default")]
    #[validate(length(max = 3))]
    #[schema(max_items = 3)]
    pub rerate: Vec<RerateCause>,
    /// For how long what is known of a customer is used; as in a new book when not given.
    #[serde(default)]
    #[validate(nested)]
    pub validity: Validity,
    /// What counts as overdue for the rules that look at it: `gross` when not given.
    #[serde(default = "overdue_default")]
    pub overdue: OverdueBasis,
    /// Whoever owned a customer within so many days still counts as its salesperson, who grants it nothing, releases none
    /// of its orders and approves none of its applications; 90 when not given.
    #[serde(default = "own_customer_days_default")]
    #[validate(range(min = 0, max = 3650))]
    #[schema(minimum = 0, maximum = 3650)]
    pub own_customer_days: i32,
    /// Who approves what passes a grade's terms; credit from level 2, and finance, when not given, nobody when empty.
    #[serde(default = "exceptions_default")]
    #[validate(length(max = 20), nested)]
    #[schema(max_items = 20)]
    pub exceptions: Vec<ExceptionAuthority>,
    /// Which system tells of a category; both when not given.
    #[serde(default, skip_serializing_if = "Sources::are_open")]
    #[validate(nested)]
    pub sources: Sources,
    /// What is let go when invoices are paid short; nothing when not given.
    #[serde(default)]
    #[validate(nested)]
    pub settlement: SettlementPolicy,
    /// How money that came in finds its invoices; as in a new book when not given.
    #[serde(default)]
    #[validate(nested)]
    pub cash_application: CashApplication,
}

impl PolicyDocument {
    /// The part of a category that counts in exposure, in parts per million.
    pub fn weight_ppm(&self, category: ExposureCategory) -> i64 {
        match self.exposure.iter().find(|row| row.category == category) {
            Some(row) if row.include => row.weight_ppm,
            Some(_) => 0,
            None => 1_000_000,
        }
    }

    /// Whether any check rule is for some grades alone: then the grade must be looked up.
    pub fn asks_for_ratings(&self) -> bool {
        let asks =
            |rule: &CheckRule| !rule.grades.is_empty() || rule.code == RuleCode::ReviewOverdue;
        self.check_rules.iter().any(asks)
    }

    /// Whether any check rule has this code: what it needs must then be looked up.
    pub fn asks(&self, code: RuleCode) -> bool {
        self.check_rules.iter().any(|rule| rule.code == code)
    }
}

/// The most people whose level a policy may name.
const LEVELS_MAX: usize = 1_000;

fn check_levels(levels: &BTreeMap<Subject, u8>) -> Result<(), ValidationError> {
    if levels.len() > LEVELS_MAX || levels.values().any(|level| !(1..=9).contains(level)) {
        return Err(ValidationError::new("range")
            .with_message("must name at most 1000 people, each with a level from 1 to 9".into()));
    }
    Ok(())
}

fn levels_schema() -> Schema {
    let level = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(9));
    let subject = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[!-~]+$"))
        .max_length(Some(Subject::MAX));
    ObjectBuilder::new()
        .property_names(Some(subject))
        .additional_properties(Some(level))
        .max_properties(Some(LEVELS_MAX))
        .examples([serde_json::json!({"u-21": 2})])
        .into()
}

/// A version of the policy.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = policies, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct PolicyRow {
    pub id: PolicyId,
    pub policy_version: i32,
    pub status: PolicyStatus,
    /// The [`PolicyDocument`] as JSON.
    pub document: String,
    pub reason: String,
    pub author: String,
    /// Everybody who wrote it: its author and whoever changed the draft. None of them approves it.
    pub drafters: Drafters,
    pub approver: Option<String>,
    pub created_at: Instant,
    pub live_at: Option<Instant>,
    pub retired_at: Option<Instant>,
    pub version: i64,
}

lives_at_approval!(PolicyRow { "policy", id: PolicyId, number: policy_version, status: PolicyStatus });

/// The live policy, read.
#[derive(Debug, Clone)]
pub struct Policy {
    pub version: i32,
    pub document: PolicyDocument,
}
