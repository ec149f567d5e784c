//! What an aging report is made of.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::rules::BucketBounds;
use kernel::columns::{IdColumn, text_enum};
use kernel::ids::CustomerId;
use kernel::money::{Currency, SumTooLarge, sum_minor};
use kernel::text::{Number, Subject};

text_enum! {
    /// What an aging report has one row for, in each currency.
    pub enum AgingBy {
        Customer = "customer",
        /// All customers under one that has no parent, by that one.
        Group = "group",
        /// All customers of a salesperson.
        Owner = "owner",
        Currency = "currency",
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
    pub customers: Vec<CustomerId>,
    /// Only customers with these numbers, when there are any.
    pub numbers: Vec<Number>,
}

/// What a row of an aging report is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgingKey {
    /// The customer, or the head of the group.
    pub customer: Option<CustomerId>,
    pub owner: Option<Subject>,
}

/// A part of a row: one bucket, what is unapplied, or what is post-dated.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct AgingPart {
    #[diesel(sql_type = Nullable<IdColumn>)]
    pub customer: Option<CustomerId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub owner: Option<Subject>,
    #[diesel(sql_type = Text)]
    pub currency: Currency,
    /// The place of the bucket, or [`UNAPPLIED`] or [`POST_DATED`].
    #[diesel(sql_type = BigInt)]
    pub bucket: i64,
    #[diesel(sql_type = BigInt)]
    pub amount_minor: i64,
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
