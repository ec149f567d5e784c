//! How high a limit may be: three methods, and how their proposals become one (formulas 3.11).
//!
//! No method is the right one. Each tells what it read, what it did and why; combined, the lowest decides unless the
//! policy says otherwise, and no proposal ever passes a cap.

mod combine;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use combine::{Cap, CapKind, CapTaken, Combination, Combined, combine};

pub use crate::book::policy::model::LimitMethod;
pub use kernel::figures::Quantity as Value;
use kernel::figures::{Exact, Figure, FigureError};
use kernel::money::{Currency, Money, MoneyError};

/// What a method proposes, and how it came to that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LimitProposal)]
pub struct Proposal {
    pub method: LimitMethod,
    /// Never negative; rounded down to the currency's minor unit.
    pub amount: Money,
    #[schema(max_items = 20)]
    pub inputs: Vec<Named>,
    /// What was computed, in order; each formula uses names of inputs and earlier steps.
    #[schema(max_items = 20)]
    pub steps: Vec<Step>,
    #[schema(max_items = 10)]
    pub reasons: Vec<LimitReason>,
}

/// An input by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LimitInput)]
pub struct Named {
    #[schema(max_length = 64)]
    pub name: String,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LimitStep)]
pub struct Step {
    #[schema(max_length = 64)]
    pub name: String,
    #[schema(max_length = 200)]
    pub formula: String,
    /// Rounded to the minor unit; the steps after it go on with what was not rounded.
    pub value: Money,
}

/// What a person should know about a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitReason {
    /// The factor of the grade leaves less than was computed.
    ReducedByGrade,
    /// The factor of the grade is zero: this grade has no limit.
    GradeHasNoLimit,
    /// What is left of net assets after intangible and doubtful ones is nothing.
    NoTangibleNetWorth,
    /// Working capital is nothing or less.
    NoWorkingCapital,
    /// Working capital allows less than net worth.
    CappedByWorkingCapital,
    /// The customer has not paid anything in the period.
    NothingPaid,
    /// Some of what was paid came late.
    ReducedByTimeliness,
    /// There is no payment record, so that statements had to do.
    NoPaymentHistory,
    /// Debts due take all that can be paid with.
    DebtsTakeAll,
}

/// Why there is no proposal or no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    #[error("{input} is {value}: give a number from 0 to 1, such as 0.6 for 60%")]
    NoShare { input: &'static str, value: Figure },
    #[error("{input} is negative: give 0 or more")]
    Negative { input: &'static str },
    #[error("{input} is zero: give 1 or more")]
    Zero { input: &'static str },
    #[error("amounts are in {one} and {other}: convert them to one currency first")]
    Currencies { one: Currency, other: Currency },
    #[error("no method has a proposal: give at least one")]
    NoProposal,
    #[error("method {0:?} is given twice")]
    Twice(LimitMethod),
    #[error("no method that has a proposal has a weight: give at least one more than 0")]
    NoWeight,
    #[error("the numbers are too large")]
    TooLarge,
}

impl From<FigureError> for LimitError {
    fn from(_: FigureError) -> LimitError {
        LimitError::TooLarge
    }
}

impl From<MoneyError> for LimitError {
    fn from(_: MoneyError) -> LimitError {
        LimitError::TooLarge
    }
}

/// For the method of expected sales.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesForecastIn {
    /// What the customer needs of such goods in twelve months, tax included as it will be invoiced.
    pub yearly_need: Money,
    /// What of it is expected to be bought from us, from 0 to 1; 1 when the need is already that.
    pub our_share: Figure,
    pub term_days: u32,
    /// What is added to the term for the habit of paying late and for goods under way.
    pub buffer_days: u32,
    /// Of the grade, from 0 to 1.
    pub grade_factor: Figure,
}

/// 销售额预测法: L = P / 365 × (T + B) × g.
///
/// A need of 3,650,000, of which 60% from us, on 60 days with 15 of buffer at grade A (0.9): 405,000.
///
/// # Errors
/// What is wrong with which input.
pub fn sales_forecast(input: &SalesForecastIn) -> Result<Proposal, LimitError> {
    share("our_share", input.our_share)?;
    share("grade_factor", input.grade_factor)?;
    not_negative("yearly_need", input.yearly_need)?;
    let mut work = Work::new(LimitMethod::SalesForecast, input.yearly_need.currency());
    work.read("yearly_need", input.yearly_need)?;
    work.read("our_share", input.our_share)?;
    work.read("term_days", input.term_days)?;
    work.read("buffer_days", input.buffer_days)?;
    work.read("grade_factor", input.grade_factor)?;

    let purchases = Exact::from(input.yearly_need) * input.our_share;
    let days = Exact::from(input.term_days) + input.buffer_days;
    work.step("expected_purchases", "yearly_need * our_share", purchases)?;
    let outstanding = purchases * days / 365_i64;
    work.step(
        "expected_outstanding",
        "expected_purchases / 365 * (term_days + buffer_days)",
        outstanding,
    )?;
    work.grade(input.grade_factor);
    let proposal = purchases * days * input.grade_factor / 365_i64;
    work.propose("expected_outstanding * grade_factor", proposal)
}

/// For the method of net worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetWorthIn {
    /// Total assets less total liabilities; may be negative.
    pub net_assets: Money,
    /// Intangible assets, goodwill and what is doubtful of the others.
    pub intangible_and_doubtful: Money,
    /// Current assets less current liabilities; may be negative.
    pub working_capital: Money,
    /// What one supplier may carry of it, from 0 to 1: by the trade's rule 0.10.
    pub share: Figure,
    /// Of the grade, from 0 to 1.
    pub grade_factor: Figure,
    pub variant: NetWorthVariant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum NetWorthVariant {
    /// A share of tangible net worth, and not more than this share, from 0 to 1, of working capital: 1 for all of it;
    /// 0.20 for the trade's "lower of 10% of net worth and 20% of working capital".
    CappedByWorkingCapital { working_capital_share: Figure },
    /// A share of the average of working capital and tangible net worth.
    AverageWithWorkingCapital,
}

/// 净资产法: L = (net assets − intangible and doubtful) × ρ × g, within working capital.
///
/// (8,000,000 − 1,000,000) × 10% × 0.9 = 630,000. The variant with the average of working capital 2,500,000 and tangible
/// net worth 7,000,000, × 10%: 475,000.
///
/// # Errors
/// What is wrong with which input.
pub fn net_worth(input: &NetWorthIn) -> Result<Proposal, LimitError> {
    share("share", input.share)?;
    share("grade_factor", input.grade_factor)?;
    not_negative("intangible_and_doubtful", input.intangible_and_doubtful)?;
    let mut work = Work::new(LimitMethod::NetWorth, input.net_assets.currency());
    work.read("net_assets", input.net_assets)?;
    work.read("intangible_and_doubtful", input.intangible_and_doubtful)?;
    work.read("working_capital", input.working_capital)?;
    work.read("share", input.share)?;

    let tangible = Exact::from(input.net_assets) - input.intangible_and_doubtful;
    work.step(
        "tangible_net_worth",
        "net_assets - intangible_and_doubtful",
        tangible,
    )?;
    if tangible.value()? <= Exact::ZERO.value()? {
        work.because(LimitReason::NoTangibleNetWorth);
    }
    if !input.working_capital.is_positive() {
        work.because(LimitReason::NoWorkingCapital);
    }
    match input.variant {
        NetWorthVariant::CappedByWorkingCapital {
            working_capital_share,
        } => {
            share("working_capital_share", working_capital_share)?;
            work.read("working_capital_share", working_capital_share)?;
            work.read("grade_factor", input.grade_factor)?;
            work.grade(input.grade_factor);
            let of_worth = tangible * input.share * input.grade_factor;
            work.step(
                "of_net_worth",
                "tangible_net_worth * share * grade_factor",
                of_worth,
            )?;
            let cap = Exact::from(input.working_capital) * working_capital_share;
            work.step(
                "of_working_capital",
                "working_capital * working_capital_share",
                cap,
            )?;
            let is_capped = cap.value()? < of_worth.value()?;
            if is_capped {
                work.because(LimitReason::CappedByWorkingCapital);
            }
            let proposal = if is_capped { cap } else { of_worth };
            work.propose("min(of_net_worth, of_working_capital)", proposal)
        }
        NetWorthVariant::AverageWithWorkingCapital => {
            work.read("grade_factor", input.grade_factor)?;
            work.grade(input.grade_factor);
            let both = tangible + input.working_capital;
            work.step(
                "average",
                "(tangible_net_worth + working_capital) / 2",
                both / 2_i64,
            )?;
            let proposal = both * input.share * input.grade_factor / 2_i64;
            work.propose("average * share * grade_factor", proposal)
        }
    }
}

/// For the method of payment ability: from the customer's record with us, or from what he could pay with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "basis", rename_all = "snake_case", deny_unknown_fields)]
pub enum PaymentAbilityIn {
    History {
        /// What was paid in the period.
        paid: Money,
        /// How long the period was.
        period_days: u32,
        term_days: u32,
        /// The share that was paid within terms and tolerance, from 0 to 1; prudent with what is overdue counted in.
        timeliness: Figure,
    },
    NoHistory {
        cash: Money,
        /// Of receivables, what can be collected within the term.
        collectable_receivables: Money,
        /// Credit lines of banks that may still be drawn.
        undrawn_lines: Money,
        /// What the customer has to pay within the term.
        debts_due: Money,
        /// Among how many suppliers like us the rest is divided.
        major_suppliers: u32,
    },
}

/// 付款能力法: L = paid per day × T × τ; without a record (cash + collectable + undrawn − debts due) / suppliers.
///
/// 1,800,000 paid in 90 days is 20,000 a day; × 60 days × 0.85 = 1,020,000.
///
/// # Errors
/// What is wrong with which input.
pub fn payment_ability(input: &PaymentAbilityIn) -> Result<Proposal, LimitError> {
    match *input {
        PaymentAbilityIn::History {
            paid,
            period_days,
            term_days,
            timeliness,
        } => {
            not_negative("paid", paid)?;
            not_zero("period_days", period_days)?;
            share("timeliness", timeliness)?;
            let mut work = Work::new(LimitMethod::PaymentAbility, paid.currency());
            work.read("paid", paid)?;
            work.read("period_days", period_days)?;
            work.read("term_days", term_days)?;
            work.read("timeliness", timeliness)?;
            let total = Exact::from(paid);
            work.step("paid_per_day", "paid / period_days", total / period_days)?;
            let in_term = total * term_days / period_days;
            work.step("paid_in_term", "paid_per_day * term_days", in_term)?;
            if paid.is_zero() {
                work.because(LimitReason::NothingPaid);
            } else if timeliness < Figure::ONE {
                work.because(LimitReason::ReducedByTimeliness);
            }
            let proposal = total * term_days * timeliness / period_days;
            work.propose("paid_in_term * timeliness", proposal)
        }
        PaymentAbilityIn::NoHistory {
            cash,
            collectable_receivables,
            undrawn_lines,
            debts_due,
            major_suppliers,
        } => {
            not_zero("major_suppliers", major_suppliers)?;
            let mut work = Work::new(LimitMethod::PaymentAbility, cash.currency());
            for (name, amount) in [
                ("cash", cash),
                ("collectable_receivables", collectable_receivables),
                ("undrawn_lines", undrawn_lines),
                ("debts_due", debts_due),
            ] {
                not_negative(name, amount)?;
                work.read(name, amount)?;
            }
            work.read("major_suppliers", major_suppliers)?;
            work.because(LimitReason::NoPaymentHistory);
            let means = Exact::sum([cash, collectable_receivables, undrawn_lines]) - debts_due;
            work.step(
                "means",
                "cash + collectable_receivables + undrawn_lines - debts_due",
                means,
            )?;
            if means.value()? <= Exact::ZERO.value()? {
                work.because(LimitReason::DebtsTakeAll);
            }
            work.propose("means / major_suppliers", means / major_suppliers)
        }
    }
}

/// A proposal in the making.
struct Work {
    method: LimitMethod,
    currency: Currency,
    inputs: Vec<Named>,
    steps: Vec<Step>,
    reasons: Vec<LimitReason>,
}

impl Work {
    const fn new(method: LimitMethod, currency: Currency) -> Work {
        Work {
            method,
            currency,
            inputs: Vec::new(),
            steps: Vec::new(),
            reasons: Vec::new(),
        }
    }

    fn read(&mut self, name: &str, value: impl Into<Value>) -> Result<(), LimitError> {
        let value = value.into();
        if let Value::Money(amount) = value {
            same_currency(self.currency, amount.currency())?;
        }
        self.inputs.push(Named {
            name: name.to_owned(),
            value,
        });
        Ok(())
    }

    fn step(&mut self, name: &str, formula: &str, value: Exact) -> Result<(), LimitError> {
        self.steps.push(Step {
            name: name.to_owned(),
            formula: formula.to_owned(),
            value: value.money(self.currency)?,
        });
        Ok(())
    }

    fn because(&mut self, reason: LimitReason) {
        self.reasons.push(reason);
    }

    fn grade(&mut self, factor: Figure) {
        if factor == Figure::ZERO {
            self.because(LimitReason::GradeHasNoLimit);
        } else if factor < Figure::ONE {
            self.because(LimitReason::ReducedByGrade);
        }
    }

    /// The last step. Less than nothing is nothing: a limit is never negative.
    fn propose(mut self, formula: &str, value: Exact) -> Result<Proposal, LimitError> {
        let computed = value.money_down(self.currency)?;
        let amount = Money::from_minor(computed.minor().max(0), self.currency);
        self.steps.push(Step {
            name: "proposal".to_owned(),
            formula: format!("max(0, {formula}), rounded down"),
            value: amount,
        });
        Ok(Proposal {
            method: self.method,
            amount,
            inputs: self.inputs,
            steps: self.steps,
            reasons: self.reasons,
        })
    }
}

fn share(input: &'static str, value: Figure) -> Result<(), LimitError> {
    if value.is_share() {
        return Ok(());
    }
    Err(LimitError::NoShare { input, value })
}

fn not_negative(input: &'static str, amount: Money) -> Result<(), LimitError> {
    if amount.is_negative() {
        return Err(LimitError::Negative { input });
    }
    Ok(())
}

fn not_zero(input: &'static str, count: u32) -> Result<(), LimitError> {
    if count == 0 {
        return Err(LimitError::Zero { input });
    }
    Ok(())
}

fn same_currency(one: Currency, other: Currency) -> Result<(), LimitError> {
    if one == other {
        return Ok(());
    }
    Err(LimitError::Currencies { one, other })
}
