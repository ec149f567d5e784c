//! What an aging report is made of.

use std::fmt;

use chrono::{Days, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use serde::Deserialize;
use uuid::Uuid;

use crate::book::customers::model::CustomerRef;
use crate::book::entities::model::EntityRef;
use crate::book::exchange_rates::rules::Conversions;
use crate::book::exposure::rules::NodeKind;
use kernel::clock::Instant;
use kernel::columns::{IdColumn, text_enum};
use kernel::ids::{CreditAccountId, CustomerId, LegalEntityId, PeriodId};
use kernel::money::{Currency, Money, SumTooLarge, sum_minor};
use kernel::text::Subject;

text_enum! {
    /// What an aging report has one row for, in each currency.
    pub enum AgingBy {
        Customer = "customer",
        /// All customers under one that has no parent, by that one.
        Group = "group",
        /// All customers of a salesperson.
        Owner = "owner",
        Currency = "currency",
        /// What is owed to each of the companies that sell.
        LegalEntity = "legal_entity",
        /// What each customer owes to each company.
        Balance = "balance",
    }
}

text_enum! {
    /// Which customers a report covers.
    pub enum Coverage {
        All = "all",
        /// Those that the caller owns.
        Own = "own",
    }
}

text_enum! {
    /// What a customer's value in the portfolio matrix is.
    pub enum MatrixValue {
        /// What it bought on account in the last twelve months, less what was credited.
        Sales = "sales",
        /// What it owes and may come to owe.
        Exposure = "exposure",
    }
}

/// What is asked of an aging report.
#[derive(Debug, Clone)]
pub struct AgingQuestion {
    pub as_of: NaiveDate,
    pub by: AgingBy,
    pub bounds: BucketBounds,
    /// Only customers of this owner.
    pub owner: Option<Subject>,
    /// Only these customers, when there are any.
    pub customers: Vec<CustomerRef>,
    /// Only what is owed to these companies, when there are any.
    pub entities: Vec<EntityRef>,
    /// Only these currencies, when there are any.
    pub currencies: Vec<Currency>,
    /// The currency in which there is a total over all currencies.
    pub converted_into: Option<Currency>,
}

/// What a row of an aging report is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgingKey {
    /// The customer, or the head of the group.
    pub customer: Option<CustomerId>,
    pub owner: Option<Subject>,
    /// To whom it is owed.
    pub legal_entity: Option<LegalEntityId>,
}

/// A part of a row: one bucket, what is unapplied, or what is post-dated.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct AgingPart {
    #[diesel(sql_type = Nullable<IdColumn>)]
    pub customer: Option<CustomerId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub owner: Option<Subject>,
    #[diesel(sql_type = Nullable<IdColumn>)]
    pub legal_entity: Option<LegalEntityId>,
    #[diesel(sql_type = Text)]
    pub currency: Currency,
    /// The place of the bucket, or [`UNAPPLIED`] or [`POST_DATED`].
    #[diesel(sql_type = BigInt)]
    pub bucket: i64,
    #[diesel(sql_type = BigInt)]
    pub amount_minor: i64,
    /// What of it was sold without recourse.
    #[diesel(sql_type = BigInt)]
    pub sold_minor: i64,
    /// How many invoices are in it.
    #[diesel(sql_type = BigInt)]
    pub invoices: i64,
}

/// The place of what is unapplied, which is in no bucket.
pub const UNAPPLIED: i64 = -1;

/// The place of invoices of a later date, which are in no bucket.
pub const POST_DATED: i64 = -2;

/// What is in one bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Content {
    pub amount_minor: i64,
    pub invoices: i64,
}

/// One row: buckets in their order, and beside them what is unapplied and what is post-dated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgingRow {
    pub key: AgingKey,
    pub currency: Currency,
    pub buckets: Vec<Content>,
    /// The sum of the buckets.
    pub outstanding_minor: i64,
    pub unapplied_minor: i64,
    /// Invoices of a later date that were in the book at the end of the day.
    pub post_dated_minor: i64,
    /// What of the outstanding was sold without recourse.
    pub sold_minor: i64,
}

impl AgingRow {
    /// The row with what is outstanding.
    ///
    /// # Errors
    /// When it is more than can be told.
    pub fn added_up(self) -> Result<AgingRow, SumTooLarge> {
        let amounts = self.buckets.iter().map(|content| content.amount_minor);
        Ok(AgingRow {
            outstanding_minor: sum_minor(amounts)?,
            ..self
        })
    }
}

/// A total over all currencies in one of them, or which rates it lacks.
#[derive(Debug)]
pub struct Converted {
    pub currency: Currency,
    /// None where a rate is missing.
    pub total: Option<AgingRow>,
    pub rates: Conversions,
    /// From which currency to which none leads.
    pub missing: Vec<(Currency, Currency)>,
}

/// What is asked of the report of accounts over a limit by rates.
#[derive(Debug, Clone)]
pub struct OverLimitQuestion {
    /// The day whose rates are compared with today's; each account's last limit check when not said.
    pub since: Option<NaiveDate>,
    /// Only customers of this owner.
    pub owner: Option<Subject>,
    /// Only these customers, when there are any.
    pub customers: Vec<CustomerRef>,
    /// Only limits in these currencies, when there are any.
    pub currencies: Vec<Currency>,
}

/// An account that is over a limit by a movement of rates, or of which that can't be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverLimit {
    pub credit_account_id: CreditAccountId,
    pub customer_id: CustomerId,
    pub currency: Currency,
    pub places: Vec<MovedPlace>,
    pub rates: MovedRates,
    /// The pairs without a rate today.
    pub missing: Vec<(Currency, Currency)>,
}

/// The rates of before, and those of today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedRates {
    pub before: Conversions,
    pub now: Conversions,
}

/// A limit that was kept by the rates of before and is passed by those of today, in minor units of the account's currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedPlace {
    pub kind: NodeKind,
    /// The company whose own limit it is.
    pub legal_entity_id: Option<LegalEntityId>,
    pub limit_before_minor: i64,
    pub counted_before_minor: i64,
    pub limit_now_minor: i64,
    pub counted_now_minor: i64,
}

/// How many bounds buckets may have.
const BOUNDS_MAX: usize = 12;

/// The highest bound: ten years.
const DAYS_MAX: u32 = 3_650;

/// The upper bounds of the buckets in days past due, ascending: `30,60,90`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BucketBounds(Vec<u32>);

/// What is wrong with bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 12 whole numbers of days from 1 to 3650, ascending, such as 30,60,90")]
pub struct BoundsError;

impl Default for BucketBounds {
    fn default() -> BucketBounds {
        BucketBounds(vec![30, 60, 90, 180, 365])
    }
}

impl TryFrom<String> for BucketBounds {
    type Error = BoundsError;

    fn try_from(text: String) -> Result<BucketBounds, BoundsError> {
        let bound = |part: &str| {
            let days: u32 = part.parse().map_err(|_| BoundsError)?;
            let is_plain = days.to_string() == part && (1..=DAYS_MAX).contains(&days);
            if is_plain { Ok(days) } else { Err(BoundsError) }
        };
        let bounds: Vec<u32> = text.split(',').map(bound).collect::<Result<_, _>>()?;
        let ascending = bounds.is_sorted_by(|a, b| a < b);
        if !ascending || bounds.len() > BOUNDS_MAX {
            return Err(BoundsError);
        }
        Ok(BucketBounds(bounds))
    }
}

impl BucketBounds {
    /// The buckets in order: `not_due`, one up to each bound, and one over the last.
    ///
    /// 30 and 60 give `not_due`, `1-30`, `31-60`, `over_60`.
    pub fn buckets(&self) -> Vec<Bucket> {
        let not_due = Bucket {
            from_days: None,
            to_days: Some(0),
        };
        let lower = std::iter::once(&0).chain(&self.0).map(|bound| bound + 1);
        let upper = self
            .0
            .iter()
            .copied()
            .map(Some)
            .chain(std::iter::once(None));
        let late = lower.zip(upper).map(|(from, to_days)| Bucket {
            from_days: Some(from),
            to_days,
        });
        std::iter::once(not_due).chain(late).collect()
    }

    /// The earliest due date of each bucket but the last, which has none: an invoice is in the first bucket whose day
    /// is not after its due date. The first is the day of the question itself, because an invoice is overdue from
    /// the day after it is due.
    pub fn cut_offs(&self, as_of: NaiveDate) -> Vec<NaiveDate> {
        std::iter::once(0)
            .chain(self.0.iter().copied())
            .map(|days| {
                as_of
                    .checked_sub_days(Days::new(days.into()))
                    .unwrap_or(NaiveDate::MIN)
            })
            .collect()
    }
}

/// Which days past due are in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// None: from ever.
    pub from_days: Option<u32>,
    /// None: without end.
    pub to_days: Option<u32>,
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from_days, self.to_days) {
            (Some(from), Some(to)) => write!(f, "{from}-{to}"),
            (Some(from), None) => write!(f, "over_{}", from - 1),
            (None, _) => f.write_str("not_due"),
        }
    }
}

text_enum! {
    /// How something that was recorded goes past policy.
    pub enum ViolationKind {
        /// It was recorded in a period that was closed.
        ClosedPeriod = "closed_period",
        /// An invoice is beyond what was reserved for its order, with the policy's tolerance.
        OrderExceeded = "order_exceeded",
        /// An instrument takes its acceptor over its cap.
        AcceptorExceeded = "acceptor_exceeded",
    }
}

/// Which violations are asked for.
#[derive(Debug, Clone)]
pub struct ViolationQuestion {
    pub kinds: Vec<ViolationKind>,
    /// Those recorded from this instant on.
    pub start: Option<Instant>,
    /// Those recorded before this instant.
    pub end: Option<Instant>,
}

/// Something that was recorded though policy would refuse it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Of the row that tells it: ids ascend with time, so that they order violations of all kinds.
    pub key: Uuid,
    pub kind: ViolationKind,
    /// The document.
    pub resource_id: String,
    pub customer_id: Option<CustomerId>,
    pub legal_entity_id: Option<LegalEntityId>,
    /// The period that was closed.
    pub period_id: Option<PeriodId>,
    /// The document's day.
    pub day: NaiveDate,
    /// The document's amount, where one is told.
    pub amount: Option<Money>,
    /// By how much it goes past what was allowed, where that is an amount.
    pub excess: Option<Money>,
    pub recorded_by: String,
    pub recorded_at: Instant,
}
