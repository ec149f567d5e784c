//! From what is known of one customer to the values of its indicators.

#![expect(
    clippy::float_arithmetic,
    reason = "sums of amounts by days are f64; money itself is not computed here"
)]

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::model::{IndicatorInput, IndicatorValue, LedgerRow, MissingValue, ValueSource};
use crate::book::policy::model::Validity;
use crate::rating::catalogue;
use crate::rating::catalogue::Figure as TableFigure;
use crate::rating::catalogue::{Conduct, Entry, Origin};
use crate::rating::facts::model::CustomerFact;
use crate::rating::facts::rules::{Counting, counting};
use crate::rating::industries::model::IndustryVersion;
use crate::rating::statements::model::FinancialStatement;
use kernel::figures::{Figure, PLACES};
use kernel::money::Money;
use kernel::text::Line as Text;
use methods::scoring::Value;
use methods::statements::altman::Model;
use methods::statements::ratios::RatioCode;
use methods::statements::{Line, Statement, altman, ratios};

/// How many days of the ledger are looked at.
pub const WINDOW_DAYS: u64 = 365;
/// On average, with leap years.
const DAYS_OF_YEAR: f64 = 365.25;

/// All that is known of one customer as of a day.
pub struct Known<'a> {
    pub on: NaiveDate,
    /// For how long what is known is used.
    pub validity: Validity,
    /// The latest statement that we had, and the one before it.
    pub statement: Option<(&'a FinancialStatement, Statement)>,
    pub before: Option<Statement>,
    /// None when the customer was never invoiced.
    pub ledger: Option<&'a LedgerRow>,
    pub industry: Option<&'a Text>,
    /// What holds of it; none when the table has nothing.
    pub industry_version: Option<&'a IndustryVersion>,
    /// By indicator.
    pub facts: BTreeMap<&'a str, Vec<&'a CustomerFact>>,
}

/// Every indicator's value, by code.
///
/// # Errors
/// When a fact can't be read, which says that its row was changed by other hands.
pub fn values<E>(
    known: &Known,
    read: impl Fn(&CustomerFact) -> Result<Value, E>,
) -> Result<BTreeMap<String, IndicatorValue>, E> {
    let mut values = BTreeMap::new();
    for entry in catalogue::all() {
        let value = match entry.origin {
            Origin::Ratio(code) => from_statement(known, entry, |statement| {
                of_ratio(code, statement, known.before.as_ref())
            }),
            Origin::Altman(model) => {
                from_statement(known, entry, |statement| of_altman(model, statement))
            }
            Origin::Ledger(conduct) => from_ledger(known, entry, conduct),
            Origin::Table(figure) => from_table(known, entry, figure),
            Origin::Said(..) | Origin::Chosen(_) => said(known, entry, &read)?,
        };
        values.insert(entry.code.clone(), value);
    }
    Ok(values)
}

/// A number or why there is none, with what went in.
type Computed = (Result<Figure, MissingValue>, Vec<IndicatorInput>);

fn number(figure: Figure) -> Option<Value> {
    figure.to_float().map(Value::Number)
}

fn input(name: &str, value: impl ToString) -> IndicatorInput {
    IndicatorInput {
        name: name.to_owned(),
        value: value.to_string(),
        currency: None,
        on: None,
    }
}

fn money(name: &str, amount: Money) -> IndicatorInput {
    IndicatorInput {
        currency: Some(amount.currency()),
        ..input(name, amount.amount_text())
    }
}

fn line(line: Line, amount: Money, on: NaiveDate) -> IndicatorInput {
    IndicatorInput {
        on: Some(on),
        ..money(line.code(), amount)
    }
}

fn from_statement(
    known: &Known,
    entry: &Entry,
    compute: impl Fn(&Statement) -> Computed,
) -> IndicatorValue {
    let missing = |why| IndicatorValue::missing(&entry.code, known.on, why);
    let Some((row, statement)) = &known.statement else {
        return missing(MissingValue::NoStatement);
    };
    let expires_on = known.validity.of_statement(row.period_end);
    let (computed, inputs) = if expires_on < known.on {
        let expired = MissingValue::Expired {
            expired_on: expires_on,
        };
        (Err(expired), Vec::new())
    } else {
        compute(statement)
    };
    IndicatorValue {
        value: computed.as_ref().ok().copied().and_then(number),
        source: Some(ValueSource::FinancialStatement {
            statement_id: row.id,
            period_end: row.period_end,
            source: row.source.clone(),
        }),
        as_of: row.period_end,
        expires_on: Some(expires_on),
        inputs,
        ..IndicatorValue::of(&entry.code, known.on, computed.err())
    }
}

fn of_ratio(code: RatioCode, statement: &Statement, before: Option<&Statement>) -> Computed {
    let ratio = ratios::ratio(code, statement, before);
    let inputs = ratio
        .inputs
        .iter()
        .map(|input| line(input.line, input.amount, input.period_end));
    let reasons = ratio.no_value.into_iter().collect();
    let value = ratio.value.ok_or(MissingValue::NoFigure { reasons });
    (value, inputs.collect())
}

fn of_altman(model: Model, statement: &Statement) -> Computed {
    match altman::score_statement(model, statement) {
        Ok(score) => {
            let parts = score.components.iter().map(|part| {
                let name = part.component.code();
                input(name, part.ratio)
            });
            let zone = input("zone", score.zone.code());
            (Ok(score.score), parts.chain([zone]).collect())
        }
        Err(reasons) => (Err(MissingValue::NoFigure { reasons }), Vec::new()),
    }
}

fn from_ledger(known: &Known, entry: &Entry, conduct: Conduct) -> IndicatorValue {
    let computed = known
        .ledger
        .and_then(|row| Some((row, of_conduct(row, conduct, known.on)?)));
    let Some((row, figure)) = computed else {
        return IndicatorValue::missing(&entry.code, known.on, MissingValue::NoHistory);
    };
    let (first, last) = window(known.on);
    let amount = |name, minor| money(name, Money::from_minor(minor, row.currency));
    IndicatorValue {
        value: number(figure),
        source: Some(ValueSource::Ledger {
            from: first,
            to: last,
        }),
        inputs: vec![
            input("invoices", row.invoices),
            input("first_invoice_date", row.first_invoice_date),
            amount("amount_invoiced", row.invoiced_minor),
            amount("amount_invoiced_before", row.invoiced_before_minor),
            input("invoices_paid_or_overdue", row.items),
            input("invoices_late", row.items_late),
            amount("amount_paid", row.paid_minor),
            amount("amount_paid_in_time", row.paid_in_time_minor),
            amount("amount_overdue", row.overdue_minor),
            input("instruments_dishonoured", row.dishonoured),
        ],
        ..IndicatorValue::of(&entry.code, known.on, None)
    }
}

/// The days of the ledger that are looked at as of a day: the last 365, with that day.
pub fn window(on: NaiveDate) -> (NaiveDate, NaiveDate) {
    let days = chrono::Days::new(WINDOW_DAYS - 1);
    (on.checked_sub_days(days).unwrap_or(on), on)
}

/// What the ledger says; none where the customer has shown nothing yet: nothing of it was due or paid.
fn of_conduct(row: &LedgerRow, conduct: Conduct, on: NaiveDate) -> Option<Figure> {
    let amount = |minor: i64| Figure::from(Money::from_minor(minor, row.currency));
    let (paid, overdue) = (to_float(row.paid_minor)?, to_float(row.overdue_minor)?);
    match conduct {
        Conduct::OverdueAmount => Some(amount(row.overdue_minor)),
        Conduct::InvoicedAmount => Some(amount(row.invoiced_minor)),
        Conduct::InvoicedGrowth => {
            let before = to_float(row.invoiced_before_minor)?;
            share(to_float(row.invoiced_minor)? - before, before)
        }
        Conduct::YearsKnown => {
            let days = on.signed_duration_since(row.first_invoice_date).num_days();
            Figure::from_float(to_float(days)? / DAYS_OF_YEAR, PLACES)
        }
        Conduct::DishonouredCount => u32::try_from(row.dishonoured).ok().map(Figure::from),
        _ if row.items == 0 => None,
        Conduct::OverdueCount => u32::try_from(row.items_late).ok().map(Figure::from),
        Conduct::DaysLateMax => u32::try_from(row.days_late_max).ok().map(Figure::from),
        Conduct::OverdueShare => share(overdue, paid + overdue),
        Conduct::ShareInTime => share(to_float(row.paid_in_time_minor)?, paid + overdue),
        Conduct::DaysToPay => share(row.paid_days, paid),
        Conduct::DaysBeyondTerms => share(row.late_days, paid + overdue),
    }
}

/// A part of an amount; none of nothing.
fn share(part: f64, amount: f64) -> Option<Figure> {
    if amount > 0.0 {
        Figure::from_float(part / amount, PLACES)
    } else {
        None
    }
}

fn to_float(minor: i64) -> Option<f64> {
    rust_decimal::prelude::ToPrimitive::to_f64(&minor)
}

fn from_table(known: &Known, entry: &Entry, figure: TableFigure) -> IndicatorValue {
    let missing = |why| IndicatorValue::missing(&entry.code, known.on, why);
    let Some(industry) = known.industry else {
        return missing(MissingValue::NoIndustry);
    };
    let not_there = MissingValue::NotInIndustryTable {
        industry: industry.clone(),
    };
    let Some(row) = known.industry_version else {
        return missing(not_there);
    };
    let expires_on = known.validity.of_industry(row.as_of);
    let found = match figure {
        TableFigure::Growth => row.growth,
        TableFigure::Cr4 => row.cr4,
        TableFigure::Hhi => row.hhi,
        TableFigure::RiskClass => row
            .risk_class
            .and_then(|class| u32::try_from(class).ok())
            .map(Figure::from),
    };
    let why = match found {
        None => Some(not_there),
        Some(_) if expires_on < known.on => Some(MissingValue::Expired {
            expired_on: expires_on,
        }),
        Some(_) => None,
    };
    IndicatorValue {
        value: found.filter(|_| why.is_none()).and_then(number),
        source: Some(ValueSource::IndustryTable {
            industry: industry.clone(),
            industry_version: row.industry_version,
            source: row.source.clone(),
        }),
        as_of: row.as_of,
        expires_on: Some(expires_on),
        ..IndicatorValue::of(&entry.code, known.on, why)
    }
}

fn said<E>(
    known: &Known,
    entry: &Entry,
    read: impl Fn(&CustomerFact) -> Result<Value, E>,
) -> Result<IndicatorValue, E> {
    let facts = known.facts.get(entry.code.as_str());
    let facts = facts.into_iter().flatten().copied();
    let (fact, value, why) = match counting(facts, known.on) {
        Counting::NotSaid => {
            let why = MissingValue::NotSaid;
            return Ok(IndicatorValue::missing(&entry.code, known.on, why));
        }
        Counting::Holds(fact) => (fact, Some(read(fact)?), None),
        Counting::Expired(fact) => {
            let expired_on = fact.expires_on;
            (fact, None, Some(MissingValue::Expired { expired_on }))
        }
    };
    Ok(IndicatorValue {
        value,
        source: Some(ValueSource::Fact {
            fact_id: fact.id,
            said_by: fact.said_by.clone(),
            source: fact.source.clone(),
            panel_id: fact.panel_id,
        }),
        as_of: fact.as_of,
        expires_on: Some(fact.expires_on),
        ..IndicatorValue::of(&entry.code, known.on, why)
    })
}
