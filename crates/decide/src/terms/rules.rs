//! What selling on account costs and earns (formulas 3.13).
//!
//! Amounts are rounded to the minor unit one by one, and sums are made of the rounded ones, so that a reader who adds up
//! finds the same. Rates and days are rounded to 6 places.

mod book;
mod steps;

use crate::decide::terms::model::YearDays;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use book::{Assumptions, LeftOut, LeftOutReason, Part, PartSales, parts};
pub use steps::{TermsStep, discount_steps, order_steps, year_steps};

pub use crate::book::policy::model::Discount;
use kernel::figures::{Exact, Figure, FigureError, PLACES};
use kernel::money::{Currency, Money, MoneyError};

impl From<YearDays> for u32 {
    fn from(days: YearDays) -> u32 {
        match days {
            YearDays::D360 => 360,
            YearDays::D365 => 365,
        }
    }
}

/// Why costs can't be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    #[error("{input} is {value}: give a number from 0 to 1, such as 0.04 for 4%")]
    NoShare { input: &'static str, value: Figure },
    #[error("{input} is negative: give 0 or more")]
    Negative { input: &'static str },
    #[error("the shares of the paying groups add up to {sum}: they must make 1")]
    Shares { sum: Figure },
    #[error("a discount is more than 0 and less than 1, such as 0.02 for 2%")]
    NoDiscount,
    #[error(
        "who pays on day {pays_on_day} still has the discount of day {discount_days}: give a later day"
    )]
    WithinDiscount {
        pays_on_day: u32,
        discount_days: u32,
    },
    #[error("amounts are in {one} and {other}: give all in one currency")]
    Currencies { one: Currency, other: Currency },
    #[error("there is nothing to sell: give at least one part of the book")]
    NoPart,
    #[error("the numbers are too large")]
    TooLarge,
}

impl From<FigureError> for TermsError {
    fn from(_: FigureError) -> TermsError {
        TermsError::TooLarge
    }
}

impl From<MoneyError> for TermsError {
    fn from(_: MoneyError) -> TermsError {
        TermsError::TooLarge
    }
}

fn share(input: &'static str, value: Figure) -> Result<(), TermsError> {
    if value.is_share() {
        return Ok(());
    }
    Err(TermsError::NoShare { input, value })
}

// ---------------------------------------------------------------- a policy's year

/// A year of selling on certain terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermsYear {
    pub credit_sales: Money,
    /// Who pays when; the shares make 1.
    pub groups: Vec<PayingGroup>,
    /// Variable cost of sales, from 0 to 1: what is tied up in receivables is cost, not margin.
    pub variable_cost_share: Figure,
    /// What capital costs a year: 0.10 is 10%.
    pub capital_cost: Figure,
    /// What is lost of sales, from 0 to 1.
    pub bad_debt_share: Figure,
    /// What collecting costs in the year.
    pub collection_cost: Money,
    #[serde(default)]
    pub year_days: YearDays,
}

/// A part of sales that is paid on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayingGroup {
    /// Of credit sales, from 0 to 1.
    pub share: Figure,
    /// Days after the invoice date.
    pub pays_on_day: u32,
    /// The discount that it takes, from 0 to 1; 0 for none.
    pub discount_rate: Figure,
}

/// What a year on certain terms costs and leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TermsResult {
    pub credit_sales: Money,
    /// Σ share × day.
    pub average_collection_days: Figure,
    /// Credit sales / days of the year.
    pub sales_per_day: Money,
    /// Credit sales × average collection days / days of the year.
    pub average_receivables: Money,
    /// Average receivables × variable cost share.
    pub funds_tied_up: Money,
    /// Sales × Σ share × discount rate.
    pub discounts: Money,
    pub variable_cost: Money,
    /// Sales − discounts − variable cost.
    pub profit_before_credit_cost: Money,
    /// Funds tied up × cost of capital.
    pub opportunity_cost: Money,
    /// Sales × bad debt share.
    pub bad_debt: Money,
    pub collection_cost: Money,
    /// Opportunity cost + bad debt + collection cost.
    pub credit_cost: Money,
    /// What is left.
    pub profit: Money,
}

/// What a year on certain terms costs and leaves.
///
/// Sales of 5,000 on 3/10, 2/20, n/45, of which 60% take 3% and 18% take 2%, at 40% variable cost, 10% cost of capital,
/// 2.5% bad debt, 120 of collection and 360 days: collected after 19.5 days, opportunity cost 10.83, credit cost 255.83,
/// discounts 108, and 2,636.17 is left.
///
/// # Errors
/// What is wrong with which input.
pub fn year_on_terms(year: &TermsYear) -> Result<TermsResult, TermsError> {
    check_year(year)?;
    let currency = year.credit_sales.currency();
    let sales = Exact::from(year.credit_sales);
    let days = Exact::sum(
        year.groups
            .iter()
            .map(|group| Exact::from(group.share) * group.pays_on_day),
    );
    let discount = Exact::sum(
        year.groups
            .iter()
            .map(|group| Exact::from(group.share) * group.discount_rate),
    );
    let year_days = u32::from(year.year_days);
    // Divided last: what is exact stays exact.
    let receivables = sales * days / year_days;
    let funds = sales * days * year.variable_cost_share / year_days;
    let opportunity = sales * days * year.variable_cost_share * year.capital_cost / year_days;

    let discounts = (sales * discount).money(currency)?;
    let variable_cost = (sales * year.variable_cost_share).money(currency)?;
    let profit_before_credit_cost = year
        .credit_sales
        .checked_sub(discounts)?
        .checked_sub(variable_cost)?;
    let opportunity_cost = opportunity.money(currency)?;
    let bad_debt = (sales * year.bad_debt_share).money(currency)?;
    let credit_cost = opportunity_cost
        .checked_add(bad_debt)?
        .checked_add(year.collection_cost)?;
    Ok(TermsResult {
        credit_sales: year.credit_sales,
        average_collection_days: days.figure(PLACES)?,
        sales_per_day: (sales / year_days).money(currency)?,
        average_receivables: receivables.money(currency)?,
        funds_tied_up: funds.money(currency)?,
        discounts,
        variable_cost,
        profit_before_credit_cost,
        opportunity_cost,
        bad_debt,
        collection_cost: year.collection_cost,
        credit_cost,
        profit: profit_before_credit_cost.checked_sub(credit_cost)?,
    })
}

fn check_year(year: &TermsYear) -> Result<(), TermsError> {
    if year.collection_cost.currency() != year.credit_sales.currency() {
        return Err(TermsError::Currencies {
            one: year.credit_sales.currency(),
            other: year.collection_cost.currency(),
        });
    }
    for (input, is_negative) in [
        ("credit_sales", year.credit_sales.is_negative()),
        ("collection_cost", year.collection_cost.is_negative()),
        ("capital_cost", year.capital_cost.is_negative()),
    ] {
        if is_negative {
            return Err(TermsError::Negative { input });
        }
    }
    share("variable_cost_share", year.variable_cost_share)?;
    share("bad_debt_share", year.bad_debt_share)?;
    for group in &year.groups {
        share("share", group.share)?;
        share("discount_rate", group.discount_rate)?;
    }
    let sum = Exact::sum(year.groups.iter().map(|group| group.share)).figure(10)?;
    if sum != Figure::ONE {
        return Err(TermsError::Shares { sum });
    }
    Ok(())
}

/// The whole book on its terms: one year for each part that sells on its own, such as each grade.
///
/// Amounts are added; days are weighted by sales, and zero when nothing is sold.
///
/// # Errors
/// What is wrong with which input, that there is none, or that currencies differ.
pub fn book_on_terms(parts: &[TermsYear]) -> Result<TermsResult, TermsError> {
    let mut results = parts.iter().map(year_on_terms);
    let first = results.next().ok_or(TermsError::NoPart)??;
    let mut book = first;
    let mut sales_days = Exact::from(first.credit_sales) * first.average_collection_days;
    for result in results {
        let result = result?;
        sales_days = sales_days + Exact::from(result.credit_sales) * result.average_collection_days;
        book = line_by_line(&book, &result, Money::checked_add, Figure::ZERO)?;
    }
    book.average_collection_days = if book.credit_sales.is_zero() {
        Figure::ZERO
    } else {
        (sales_days / book.credit_sales).figure(PLACES)?
    };
    Ok(book)
}

/// Two policies side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TermsComparison {
    pub before: TermsResult,
    pub after: TermsResult,
    /// After less before, line by line; the policy pays when its profit is more than zero.
    pub change: TermsResult,
}

/// What changing the terms brings over the whole book, part by part as [`book_on_terms`] has it.
///
/// # Errors
/// What is wrong with which input, or that currencies differ.
pub fn compare_terms(
    before: &[TermsYear],
    after: &[TermsYear],
) -> Result<TermsComparison, TermsError> {
    let (before, after) = (book_on_terms(before)?, book_on_terms(after)?);
    let days = Exact::from(after.average_collection_days) - before.average_collection_days;
    Ok(TermsComparison {
        before,
        after,
        change: line_by_line(&after, &before, Money::checked_sub, days.figure(PLACES)?)?,
    })
}

fn line_by_line(
    one: &TermsResult,
    other: &TermsResult,
    operation: fn(Money, Money) -> Result<Money, MoneyError>,
    average_collection_days: Figure,
) -> Result<TermsResult, TermsError> {
    let (first, second) = (one.credit_sales.currency(), other.credit_sales.currency());
    if first != second {
        return Err(TermsError::Currencies {
            one: first,
            other: second,
        });
    }
    let line = |line: fn(&TermsResult) -> Money| operation(line(one), line(other));
    Ok(TermsResult {
        credit_sales: line(|result| result.credit_sales)?,
        average_collection_days,
        sales_per_day: line(|result| result.sales_per_day)?,
        average_receivables: line(|result| result.average_receivables)?,
        funds_tied_up: line(|result| result.funds_tied_up)?,
        discounts: line(|result| result.discounts)?,
        variable_cost: line(|result| result.variable_cost)?,
        profit_before_credit_cost: line(|result| result.profit_before_credit_cost)?,
        opportunity_cost: line(|result| result.opportunity_cost)?,
        bad_debt: line(|result| result.bad_debt)?,
        collection_cost: line(|result| result.collection_cost)?,
        credit_cost: line(|result| result.credit_cost)?,
        profit: line(|result| result.profit)?,
    })
}

// ---------------------------------------------------------------- a discount's price

/// What not taking a discount costs the customer a year, which is what the money earns him who gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiscountCost {
    /// rate / (1 − rate): what is paid more for waiting once.
    pub rate_per_period: Figure,
    /// For how many days.
    pub period_days: u32,
    /// Rate per period × days of the year / period days.
    pub nominal: Figure,
    /// (1 + rate per period) ^ (days of the year / period days) − 1.
    pub effective: Figure,
}

/// What it costs a year to pay on a day instead of taking the discount: 2/10 net 30 is 37.24% nominal (36.73% with 360
/// days), 44.59% effective.
///
/// # Errors
/// When the discount is none, the day is not after its last, or the effective rate is too large to be written.
pub fn discount_cost(
    discount: Discount,
    pays_on_day: u32,
    year_days: YearDays,
) -> Result<DiscountCost, TermsError> {
    if !discount.rate.is_share() || discount.rate == Figure::ZERO || discount.rate == Figure::ONE {
        return Err(TermsError::NoDiscount);
    }
    let period_days = pays_on_day
        .checked_sub(discount.days)
        .filter(|days| *days > 0)
        .ok_or(TermsError::WithinDiscount {
            pays_on_day,
            discount_days: discount.days,
        })?;
    let per_period = Exact::from(discount.rate) / (Exact::ONE - discount.rate);
    let periods = Exact::from(u32::from(year_days)) / period_days;
    Ok(DiscountCost {
        rate_per_period: per_period.figure(PLACES)?,
        period_days,
        nominal: (per_period * periods).figure(PLACES)?,
        effective: compounded(per_period, periods)?,
    })
}

/// (1 + rate) ^ periods − 1. A root has no exact value: this is the one power here, of rates and not of money.
fn compounded(rate: Exact, periods: Exact) -> Result<Figure, TermsError> {
    let base = (Exact::ONE + rate).figure(10)?.to_float();
    let exponent = periods.figure(10)?.to_float();
    let grown = base
        .zip(exponent)
        .map(|(base, exponent)| base.powf(exponent))
        .and_then(|grown| Figure::from_float(grown, 10))
        .ok_or(TermsError::TooLarge)?;
    Ok((Exact::from(grown) - Figure::ONE).figure(PLACES)?)
}

// ---------------------------------------------------------------- one order

/// An order, or a customer's year, on terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderOnTerms {
    pub amount: Money,
    /// Margin over variable cost as a share of the amount, from 0 to 1.
    pub margin: Figure,
    /// The probability that it is never paid, PD, from 0 to 1.
    pub default_probability: Figure,
    /// What is lost of the cost then, LGD, from 0 to 1.
    pub loss_given_default: Figure,
    /// What capital costs a year: 0.08 is 8%.
    pub capital_cost: Figure,
    /// Until it is paid.
    pub days: u32,
    #[serde(default)]
    pub year_days: YearDays,
}

/// What an order on terms brings on average.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExpectedProfit {
    /// (1 − PD) × amount × margin.
    pub expected_margin: Money,
    /// PD × LGD × amount × (1 − margin).
    pub expected_loss: Money,
    /// Amount × (1 − margin) × cost of capital × days / days of the year.
    pub financing_cost: Money,
    /// Margin less loss less financing.
    pub expected_profit: Money,
    /// The PD at which nothing is earned: below it the order pays.
    pub break_even: BreakEven,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BreakEven {
    /// (margin − (1 − margin) × cost of capital × days / year) / (margin + LGD × (1 − margin)).
    At { default_probability: Figure },
    /// The order costs more than it earns even when it is certain to be paid.
    NeverPays,
    /// There is neither margin nor cost nor loss: it earns nothing at any PD.
    Indifferent,
}

/// What an order brings on average: 100,000 with 25% margin, a PD of 4%, an LGD of 100%, at 8% for 75 days, brings
/// 19,767; it pays below a PD of 23.8%.
///
/// # Errors
/// What is wrong with which input.
pub fn expected_profit(order: &OrderOnTerms) -> Result<ExpectedProfit, TermsError> {
    if order.amount.is_negative() {
        return Err(TermsError::Negative { input: "amount" });
    }
    if order.capital_cost.is_negative() {
        return Err(TermsError::Negative {
            input: "capital_cost",
        });
    }
    share("margin", order.margin)?;
    share("default_probability", order.default_probability)?;
    share("loss_given_default", order.loss_given_default)?;

    let currency = order.amount.currency();
    let amount = Exact::from(order.amount);
    let cost_share = Exact::ONE - order.margin;
    let pays = Exact::ONE - order.default_probability;
    let loss_share = cost_share * order.loss_given_default;
    let financing = cost_share * order.capital_cost * order.days;
    let year_days = u32::from(order.year_days);

    let expected_margin = (amount * pays * order.margin).money(currency)?;
    let expected_loss = (amount * order.default_probability * loss_share).money(currency)?;
    let financing_cost = (amount * financing / year_days).money(currency)?;
    Ok(ExpectedProfit {
        expected_margin,
        expected_loss,
        financing_cost,
        expected_profit: expected_margin
            .checked_sub(expected_loss)?
            .checked_sub(financing_cost)?,
        break_even: break_even(
            Exact::from(order.margin) - financing / year_days,
            Exact::from(order.margin) + loss_share,
        )?,
    })
}

/// `earned` is what a certain order leaves of its amount, `at_stake` what its default takes.
fn break_even(earned: Exact, at_stake: Exact) -> Result<BreakEven, TermsError> {
    let earned_share = earned.value()?;
    if earned_share.is_sign_negative() && !earned_share.is_zero() {
        return Ok(BreakEven::NeverPays);
    }
    if at_stake == Exact::ZERO {
        return Ok(BreakEven::Indifferent);
    }
    Ok(BreakEven::At {
        default_probability: (earned / at_stake).figure(PLACES)?,
    })
}

#[cfg(test)]
mod tests;
