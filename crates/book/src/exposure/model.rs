//! The credit account, its limits and its exposure.

mod agreed;
mod balances;
mod orders;

use std::ops::{Add, AddAssign, Neg};

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::book::policy::model::{AccountCause, ExposureCategory};
use crate::platform::db::schema::{
    account_blocks, additional_limits, credit_accounts, limits, portfolio_caps, portfolio_exposures,
};
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{
    AccountBlockId, AdditionalLimitId, ApplicationId, CreditAccountId, CustomerId,
    DunningProcedureId, LimitId, PortfolioCapId,
};
use kernel::money::{Currency, Money, SUM_MAX_MINOR, SumTooLarge, sum_minor};
use kernel::text::{Line, Number, Subject};

pub use agreed::AgreedTerms;
pub use balances::{AccountBalance, BalanceKey, BillingCurrencies, EntityTerms};
pub use orders::{
    DEFAULT_PURPOSE, ExposureEntry, OrderDocument, OrderDocumentId, OrderInvoice, Remainder,
    Reservation, ReservationCapture, ReservationStatus,
};

text_enum! {
    /// Whether an account may be bought on.
    pub enum AccountStatus {
        Active = "active",
        Suspended = "suspended",
    }
}

text_enum! {
    /// What kind of limit there is. Zero is an amount like any other: it never means unlimited.
    pub enum LimitKind {
        /// No credit was granted: everything is to be prepaid.
        None = "none",
        /// No limit holds.
        Unlimited = "unlimited",
        /// Up to an amount.
        Amount = "amount",
    }
}

text_enum! {
    /// Whether a limit is for the customer itself or for its whole group.
    pub enum LimitScope {
        Own = "own",
        Group = "group",
    }
}

text_enum! {
    /// How a limit came to be.
    pub enum LimitSource {
        /// Granted by the approval of an application.
        Application = "application",
        /// Lowered by one person.
        Lowered = "lowered",
        /// Taken over from another system.
        Import = "import",
    }
}

text_enum! {
    /// What put a block on an account: paying what it is about lifts only that block.
    pub enum BlockCause {
        Dunning = "dunning",
        /// Insolvency proceedings against the customer were filed for or opened.
        Insolvent = "insolvent",
        /// The customer was dissolved.
        Dissolved = "dissolved",
        /// The customer is in default, by its rating.
        InDefault = "in_default",
    }
}

impl From<BlockCause> for AccountCause {
    fn from(cause: BlockCause) -> AccountCause {
        match cause {
            BlockCause::Dunning => AccountCause::Dunning,
            BlockCause::Insolvent => AccountCause::Insolvent,
            BlockCause::Dissolved => AccountCause::Dissolved,
            BlockCause::InDefault => AccountCause::InDefault,
        }
    }
}

text_enum! {
    /// What a limit beside the base limit is for.
    pub enum AdditionalKind {
        /// For a while, such as a season.
        Temporary = "temporary",
        /// For one order, which consumes it.
        OneTime = "one_time",
        /// By security: what a guarantee or pledge is worth after its haircut.
        Secured = "secured",
        /// By insurance: what a cover pays.
        Insured = "insured",
    }
}

impl AdditionalKind {
    /// Whether somebody else stands in for what is owed, which then counts for groups too.
    pub const fn secures(self) -> bool {
        matches!(self, AdditionalKind::Secured | AdditionalKind::Insured)
    }
}

text_enum! {
    /// The exposure that other systems may tell of. Receivables and cash are on our own ledger.
    pub enum EntryCategory {
        /// Open orders.
        Reservations = "reservations",
        DeliveredNotBilled = "delivered_not_billed",
        Instruments = "instruments",
        ClaimedCharges = "claimed_charges",
    }
}

impl From<EntryCategory> for ExposureCategory {
    fn from(category: EntryCategory) -> ExposureCategory {
        match category {
            EntryCategory::Reservations => ExposureCategory::Reservations,
            EntryCategory::DeliveredNotBilled => ExposureCategory::DeliveredNotBilled,
            EntryCategory::Instruments => ExposureCategory::Instruments,
            EntryCategory::ClaimedCharges => ExposureCategory::ClaimedCharges,
        }
    }
}

text_enum! {
    /// Where an additional limit stands.
    pub enum AdditionalStatus {
        Active = "active",
        /// Used by its order, for which alone it still counts.
        Consumed = "consumed",
        Withdrawn = "withdrawn",
    }
}

text_enum! {
    /// What a cap bounds together.
    pub enum PortfolioKind {
        /// The accounts of one credit segment.
        Segment = "segment",
        /// The customers of one salesperson.
        Salesperson = "salesperson",
        Country = "country",
        Industry = "industry",
        /// The whole book.
        Company = "company",
        /// The instruments that somebody outside must pay, such as a bank that accepted bills.
        Acceptor = "acceptor",
    }
}

/// What a customer owes or may come to owe, by category, in minor units of one currency.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Queryable,
    Selectable,
    Insertable,
)]
#[diesel(table_name = portfolio_exposures)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
#[serde(default)]
pub struct Exposure {
    /// What reservations and open orders still hold.
    #[serde(skip_serializing_if = "is_zero")]
    pub reserved_minor: i64,
    /// What is delivered and not invoiced yet.
    #[serde(skip_serializing_if = "is_zero")]
    pub delivered_minor: i64,
    /// What is open on invoices.
    #[serde(skip_serializing_if = "is_zero")]
    pub receivable_minor: i64,
    /// Instruments that have not cleared.
    #[serde(skip_serializing_if = "is_zero")]
    pub instrument_minor: i64,
    /// Claimed interest and fees.
    #[serde(skip_serializing_if = "is_zero")]
    pub charge_minor: i64,
    /// Money and credit received that is not yet applied to an invoice: it lowers exposure.
    #[serde(skip_serializing_if = "is_zero")]
    pub unapplied_minor: i64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands the field by reference"
)]
const fn is_zero(minor: &i64) -> bool {
    *minor == 0
}

impl Exposure {
    /// Nothing but an amount of one category.
    pub fn of(category: ExposureCategory, minor: i64) -> Exposure {
        let mut exposure = Exposure::default();
        match category {
            ExposureCategory::Reservations => exposure.reserved_minor = minor,
            ExposureCategory::DeliveredNotBilled => exposure.delivered_minor = minor,
            ExposureCategory::Receivables => exposure.receivable_minor = minor,
            ExposureCategory::Instruments => exposure.instrument_minor = minor,
            ExposureCategory::ClaimedCharges => exposure.charge_minor = minor,
            ExposureCategory::UnappliedCash => exposure.unapplied_minor = minor,
        }
        exposure
    }

    /// The amount of one category.
    pub const fn get(self, category: ExposureCategory) -> i64 {
        match category {
            ExposureCategory::Reservations => self.reserved_minor,
            ExposureCategory::DeliveredNotBilled => self.delivered_minor,
            ExposureCategory::Receivables => self.receivable_minor,
            ExposureCategory::Instruments => self.instrument_minor,
            ExposureCategory::ClaimedCharges => self.charge_minor,
            ExposureCategory::UnappliedCash => self.unapplied_minor,
        }
    }

    pub fn reserved(minor: i64) -> Exposure {
        Exposure::of(ExposureCategory::Reservations, minor)
    }

    pub fn receivable(minor: i64) -> Exposure {
        Exposure::of(ExposureCategory::Receivables, minor)
    }

    pub fn unapplied(minor: i64) -> Exposure {
        Exposure::of(ExposureCategory::UnappliedCash, minor)
    }

    pub fn is_zero(self) -> bool {
        self == Exposure::default()
    }

    /// Both together.
    ///
    /// # Errors
    /// When a category leaves the range: what is posted is never cut.
    pub fn plus(self, other: Exposure) -> Result<Exposure, SumTooLarge> {
        let categories = ExposureCategory::ALL.iter();
        categories
            .map(|category| {
                let minor = sum_minor([self.get(*category), other.get(*category)])?;
                Ok(Exposure::of(*category, minor))
            })
            .try_fold(Exposure::default(), |sum, part| Ok(sum + part?))
    }

    /// The exposure, when all its categories together come to no more than can be kept.
    ///
    /// # Errors
    /// When they come to more.
    pub fn kept(self) -> Result<Exposure, SumTooLarge> {
        let all = ExposureCategory::ALL.iter();
        let most: i128 = all
            .map(|category| i128::from(self.get(*category)).abs())
            .sum();
        if most > i128::from(SUM_MAX_MINOR) {
            return Err(SumTooLarge);
        }
        Ok(self)
    }

    /// Each category of both put together.
    fn zip(self, other: Exposure, with: impl Fn(i64, i64) -> i64) -> Exposure {
        Exposure {
            reserved_minor: with(self.reserved_minor, other.reserved_minor),
            delivered_minor: with(self.delivered_minor, other.delivered_minor),
            receivable_minor: with(self.receivable_minor, other.receivable_minor),
            instrument_minor: with(self.instrument_minor, other.instrument_minor),
            charge_minor: with(self.charge_minor, other.charge_minor),
            unapplied_minor: with(self.unapplied_minor, other.unapplied_minor),
        }
    }
}

impl Add for Exposure {
    type Output = Exposure;

    /// For what is kept already and one order beside it, which always have room for each other ([`Exposure::kept`]).
    /// What is posted is added by [`Exposure::plus`].
    fn add(self, other: Exposure) -> Exposure {
        self.zip(other, i64::saturating_add)
    }
}

impl AddAssign for Exposure {
    fn add_assign(&mut self, other: Exposure) {
        *self = *self + other;
    }
}

impl Neg for Exposure {
    type Output = Exposure;

    fn neg(self) -> Exposure {
        Exposure::default().zip(self, i64::saturating_sub)
    }
}

/// A limit as rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    None,
    Unlimited,
    /// In minor units.
    Amount(i64),
}

impl Limit {
    pub const fn new(kind: LimitKind, minor: i64) -> Limit {
        match kind {
            LimitKind::None => Limit::None,
            LimitKind::Unlimited => Limit::Unlimited,
            LimitKind::Amount => Limit::Amount(minor),
        }
    }

    pub const fn kind(self) -> LimitKind {
        match self {
            Limit::None => LimitKind::None,
            Limit::Unlimited => LimitKind::Unlimited,
            Limit::Amount(_) => LimitKind::Amount,
        }
    }

    /// The amount in minor units; none when unlimited. No credit is a limit of zero.
    pub const fn minor(self) -> Option<i64> {
        match self {
            Limit::None => Some(0),
            Limit::Unlimited => None,
            Limit::Amount(minor) => Some(minor),
        }
    }
}

/// A customer's credit account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = credit_accounts, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct CreditAccount {
    pub id: CreditAccountId,
    pub customer_id: CustomerId,
    pub currency: Currency,
    pub status: AccountStatus,
    pub limit_kind: LimitKind,
    pub limit_minor: i64,
    /// How the limit came to be: `none`, or the source of the last entry in its history.
    pub limit_source: String,
    pub limit_valid_until: Option<NaiveDate>,
    pub net_days: i32,
    pub group_limit_kind: Option<LimitKind>,
    pub group_limit_minor: i64,
    pub dunning_procedure_id: Option<DunningProcedureId>,
    /// The credit segment that it belongs to, such as a business unit.
    pub segment: Option<Line>,
    /// The last day of its exemption.
    pub exempt_until: Option<NaiveDate>,
    pub reserved_minor: i64,
    pub delivered_minor: i64,
    pub receivable_minor: i64,
    pub instrument_minor: i64,
    pub charge_minor: i64,
    pub unapplied_minor: i64,
    pub group_reserved_minor: i64,
    pub group_delivered_minor: i64,
    pub group_receivable_minor: i64,
    pub group_instrument_minor: i64,
    pub group_charge_minor: i64,
    pub group_unapplied_minor: i64,
    pub created_at: Instant,
    pub changed_at: Instant,
    /// Changes with limit, terms and status; exposure is left out of it.
    pub version: i64,
    /// In which currencies documents may be; the limit's alone when nothing is said.
    #[serde(serialize_with = "balances::serialize_billing_currencies")]
    pub billing_currencies: Option<BillingCurrencies>,
    /// Whether it, or its group, owes to other legal entities or in other currencies ([`AccountBalance`]).
    #[serde(skip)]
    pub has_other_balances: bool,
    /// Whether anything was agreed beside its net days: by a legal entity ([`EntityTerms`]), or [`AgreedTerms`].
    #[serde(skip)]
    pub has_agreed_terms: bool,
}

impl CreditAccount {
    /// A new account, with no credit granted. Those below its customer may owe already: `group` is what they do.
    pub fn opened(
        customer_id: CustomerId,
        currency: Currency,
        net_days: i32,
        group: Exposure,
        now: Instant,
    ) -> CreditAccount {
        CreditAccount {
            id: CreditAccountId::new(),
            customer_id,
            currency,
            status: AccountStatus::Active,
            limit_kind: LimitKind::None,
            limit_minor: 0,
            limit_source: "none".to_owned(),
            limit_valid_until: None,
            net_days,
            group_limit_kind: None,
            group_limit_minor: 0,
            dunning_procedure_id: None,
            segment: None,
            exempt_until: None,
            reserved_minor: 0,
            delivered_minor: 0,
            receivable_minor: 0,
            instrument_minor: 0,
            charge_minor: 0,
            unapplied_minor: 0,
            group_reserved_minor: group.reserved_minor,
            group_delivered_minor: group.delivered_minor,
            group_receivable_minor: group.receivable_minor,
            group_instrument_minor: group.instrument_minor,
            group_charge_minor: group.charge_minor,
            group_unapplied_minor: group.unapplied_minor,
            created_at: now,
            changed_at: now,
            version: 1,
            billing_currencies: None,
            has_other_balances: false,
            has_agreed_terms: false,
        }
    }

    pub const fn limit(&self) -> Limit {
        Limit::new(self.limit_kind, self.limit_minor)
    }

    /// The limit of the group under this account's customer, when it has one.
    pub fn group_limit(&self) -> Option<Limit> {
        self.group_limit_kind
            .map(|kind| Limit::new(kind, self.group_limit_minor))
    }

    pub const fn exposure(&self) -> Exposure {
        Exposure {
            reserved_minor: self.reserved_minor,
            delivered_minor: self.delivered_minor,
            receivable_minor: self.receivable_minor,
            instrument_minor: self.instrument_minor,
            charge_minor: self.charge_minor,
            unapplied_minor: self.unapplied_minor,
        }
    }

    /// The exposure of this account and of all below it in its group.
    pub const fn group_exposure(&self) -> Exposure {
        Exposure {
            reserved_minor: self.group_reserved_minor,
            delivered_minor: self.group_delivered_minor,
            receivable_minor: self.group_receivable_minor,
            instrument_minor: self.group_instrument_minor,
            charge_minor: self.group_charge_minor,
            unapplied_minor: self.group_unapplied_minor,
        }
    }

    pub const fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.currency)
    }
}

/// One entry in the history of an account's limits: appended, never changed.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = limits, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct LimitEntry {
    pub id: LimitId,
    pub account_id: CreditAccountId,
    pub scope: LimitScope,
    pub limit_kind: LimitKind,
    pub limit_minor: i64,
    pub currency: Currency,
    pub net_days: Option<i32>,
    pub valid_until: Option<NaiveDate>,
    pub source: LimitSource,
    pub application_id: Option<ApplicationId>,
    pub reason: String,
    pub set_by: Subject,
    pub set_at: Instant,
}

/// Something that stands in the way of buying on an account until it is lifted.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = account_blocks, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct AccountBlock {
    pub id: AccountBlockId,
    pub account_id: CreditAccountId,
    pub cause: BlockCause,
    pub reason: String,
    pub set_at: Instant,
    pub set_by: Subject,
    pub lifted_at: Option<Instant>,
    pub lifted_by: Option<Subject>,
}

/// A limit beside the base limit, with the days on which it holds.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = additional_limits, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct AdditionalLimit {
    pub id: AdditionalLimitId,
    pub account_id: CreditAccountId,
    pub scope: LimitScope,
    pub kind: AdditionalKind,
    pub amount_minor: i64,
    pub currency: Currency,
    pub valid_from: NaiveDate,
    pub valid_until: NaiveDate,
    /// The order that a one-time limit is for.
    pub order_number: Option<Number>,
    /// The guarantee, pledge or cover that it rests on.
    pub reference: Option<String>,
    pub status: AdditionalStatus,
    pub reason: String,
    pub granted_by: Subject,
    pub granted_at: Instant,
    pub ended_by: Option<Subject>,
    pub ended_at: Option<Instant>,
    pub end_reason: Option<String>,
    pub version: i64,
}

impl AdditionalLimit {
    /// Whether it counts on a day for an order: a one-time limit counts for its own order alone.
    pub fn counts(&self, today: NaiveDate, order: Option<&str>) -> bool {
        let its_order = self.kind != AdditionalKind::OneTime
            || self.order_number.as_ref().map(Number::as_str) == order;
        let stands = match self.status {
            AdditionalStatus::Active => true,
            AdditionalStatus::Consumed => its_order,
            AdditionalStatus::Withdrawn => false,
        };
        stands && its_order && self.valid_from <= today && today <= self.valid_until
    }
}

/// The most that accounts which have something in common may owe together.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = portfolio_caps, treat_none_as_default_value = false, treat_none_as_null = true)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct PortfolioCap {
    pub id: PortfolioCapId,
    #[diesel(skip_update)]
    pub kind: PortfolioKind,
    /// The segment, salesperson, country, industry, or the acceptor's name in lower case; empty for the company.
    #[diesel(skip_update)]
    pub key: String,
    pub currency: Currency,
    pub limit_minor: i64,
    pub reason: String,
    pub set_by: Subject,
    pub set_at: Instant,
    #[diesel(skip_update)]
    pub version: i64,
}

/// What is owed under a cap in one currency.
#[derive(Debug, Clone, Copy, Queryable, Selectable, Insertable)]
#[diesel(table_name = portfolio_exposures, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct PortfolioExposure {
    pub cap_id: PortfolioCapId,
    pub currency: Currency,
    #[diesel(embed)]
    pub exposure: Exposure,
}
