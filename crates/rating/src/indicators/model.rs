//! The value of an indicator, with all that a reader may ask about it.

use chrono::NaiveDate;
use diesel::prelude::QueryableByName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::rating::facts::model::value_or_null;
use kernel::caller::Caller;
use kernel::columns::IdColumn;
use kernel::ids::{CustomerFactId, CustomerId, ExpertPanelId, FinancialStatementId};
use kernel::money::Currency;
use kernel::text::{Line, Source, Subject};
use methods::scoring::Value;
use methods::statements::ratios::NoValue;

/// What an indicator says of a customer as of a day. It has a value or it is missing, and then it says why: a missing
/// value is never a zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "code": "CURRENT_RATIO", "value": 1.5625,
    "source": {"kind": "financial_statement", "statement_id": "fst_01k00000000000000000000001",
        "period_end": "2025-12-31", "source": "Customer"},
    "as_of": "2025-12-31", "expires_on": "2027-06-30", "missing": null,
    "inputs": [
        {"name": "current_assets", "value": "5000.00", "currency": "CNY", "on": "2025-12-31"},
        {"name": "current_liabilities", "value": "3200.00", "currency": "CNY", "on": "2025-12-31"}
    ]
}))]
pub struct IndicatorValue {
    /// As in the catalogue.
    #[schema(max_length = 40)]
    pub code: String,
    /// A number, or one of the indicator's answers; null when it is missing.
    #[schema(schema_with = value_or_null)]
    pub value: Option<Value>,
    /// Where the value comes from; null when nothing is there.
    pub source: Option<ValueSource>,
    /// The day for which the value holds; the day that was asked for when there is none.
    pub as_of: NaiveDate,
    /// The last day on which the value is used; null when it is computed anew for every day.
    pub expires_on: Option<NaiveDate>,
    /// Why there is no value; null when there is one.
    pub missing: Option<MissingValue>,
    /// What the value was computed from, also where that led to none.
    #[schema(max_items = 20)]
    pub inputs: Vec<IndicatorInput>,
}

impl IndicatorValue {
    /// A value that is missing as of a day, of which nothing else is known.
    pub fn missing(code: &str, as_of: NaiveDate, why: MissingValue) -> IndicatorValue {
        IndicatorValue::of(code, as_of, Some(why))
    }

    /// The value as a reader may know it. Sales know what they said themselves: what credit gathers and computes is for
    /// credit, finance and auditors, wherever it is told (here, beside a rating, in an assessment).
    #[must_use]
    pub fn told_to(self, reader: &Caller) -> IndicatorValue {
        let is_own = match &self.source {
            Some(ValueSource::Fact { said_by, .. }) => *said_by == reader.subject,
            _ => false,
        };
        if is_own || reader.sees_others() {
            return self;
        }
        IndicatorValue::missing(&self.code, self.as_of, MissingValue::NotShown)
    }

    /// What is left to fill in for a value, or why there is none.
    pub fn of(code: &str, as_of: NaiveDate, missing: Option<MissingValue>) -> IndicatorValue {
        IndicatorValue {
            code: code.to_owned(),
            value: None,
            source: None,
            as_of,
            expires_on: None,
            missing,
            inputs: Vec::new(),
        }
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ValueSource {
    FinancialStatement {
        statement_id: FinancialStatementId,
        period_end: NaiveDate,
        /// Who gave the statement.
        source: Source,
    },
    /// Our own ledger, over these days.
    Ledger { from: NaiveDate, to: NaiveDate },
    IndustryTable {
        /// As the customer carries it.
        industry: Line,
        #[schema(minimum = 1, maximum = 1_000_000_000)]
        industry_version: i64,
        /// Who published the figures.
        source: Source,
    },
    Fact {
        fact_id: CustomerFactId,
        said_by: Subject,
        /// Where they have it from.
        source: Source,
        /// The panel of experts that came to it; null when one person says so.
        #[serde(default)]
        panel_id: Option<ExpertPanelId>,
    },
}

/// Why an indicator has no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum MissingValue {
    /// Nobody has said it yet.
    NotSaid,
    /// What there is holds no more.
    Expired { expired_on: NaiveDate },
    /// There is no financial statement.
    NoStatement,
    /// The latest statement does not tell.
    NoFigure {
        #[schema(max_items = 10)]
        reasons: Vec<NoValue>,
    },
    /// The customer has no industry.
    NoIndustry,
    /// The industry table has nothing of the customer's industry, or not this figure.
    NotInIndustryTable { industry: Line },
    /// No invoice of the customer was due or paid in the days that are looked at.
    NoHistory,
    /// The reader may not know it: sales know what they said themselves.
    NotShown,
}

/// One thing that a value was computed from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IndicatorInput {
    /// What it is: a line of a statement, a sum over the ledger.
    #[schema(max_length = 64)]
    pub name: String,
    /// A decimal string, or a word.
    #[schema(max_length = 200)]
    pub value: String,
    /// When it is money.
    pub currency: Option<Currency>,
    /// The day for which it holds, when it is another than the value's.
    pub on: Option<NaiveDate>,
}

/// What our ledger tells of a customer over some days, summed by the database.
#[derive(Debug, Clone, PartialEq, QueryableByName)]
pub struct LedgerRow {
    #[diesel(sql_type = IdColumn)]
    pub customer_id: CustomerId,
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub currency: Currency,
    /// Every invoice up to the day.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub invoices: i64,
    #[diesel(sql_type = diesel::sql_types::Date)]
    pub first_invoice_date: NaiveDate,
    /// What was invoiced in these days.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub invoiced_minor: i64,
    /// What was invoiced in as many days before them.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub invoiced_before_minor: i64,
    /// Those with a payment in these days, or past due at their end.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub items: i64,
    /// Of the items, those with a payment or something open after the due date.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub items_late: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub days_late_max: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub overdue_minor: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub paid_minor: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub paid_in_time_minor: i64,
    /// Instruments that were dishonoured in these days.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub dishonoured: i64,
    /// Σ minor units paid × days from the invoice's date.
    #[diesel(sql_type = diesel::sql_types::Double)]
    pub paid_days: f64,
    /// Σ minor units paid or past due × days after the due date.
    #[diesel(sql_type = diesel::sql_types::Double)]
    pub late_days: f64,
}
