//! What payment terms make of an amount and a day, and whether they make sense.

mod faults;

use chrono::{Datelike as _, Days, Months, NaiveDate};

use super::model::{
    Calendar, DayRule, DiscountRule, DiscountStep, Instalment, InstalmentRule, Shift, Terms,
};
use kernel::figures::{Exact, Figure, FigureError};
use kernel::money::{Currency, Money, PositiveIn};

pub use faults::{calendar_faults, faults};

/// Why terms can't be applied to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    #[error("these terms leave the due date to the document: it must have one")]
    DueDateMissing,
    #[error("these terms have amounts in {expected}, and the document is in {given}")]
    Currency { given: Currency, expected: Currency },
    #[error("the shares of these terms can't be taken of this amount")]
    TooLarge,
}

impl From<FigureError> for TermsError {
    fn from(_: FigureError) -> TermsError {
        TermsError::TooLarge
    }
}

/// What an amount is due in, from the baseline date on: in the order of the terms, the parts that have nothing left out.
/// They add up to the amount to the minor unit. A due date that the document states holds where the terms leave it open.
///
/// CNY 100.00 of 31 March in three instalments, 30 % after 30 days, 30 % after 60 and the rest after 90: 30.00 due 30 April,
/// 30.00 due 30 May, 40.00 due 29 June.
///
/// # Errors
/// When the document has to state the due date and does not, or the terms have amounts in another currency.
pub fn instalments(
    terms: &Terms,
    calendar: Option<&Calendar>,
    amount: Money,
    baseline: NaiveDate,
    stated: Option<NaiveDate>,
) -> Result<Vec<Instalment>, TermsError> {
    let shift = |day| shifted(day, terms.shift, calendar);
    let amounts = split(&terms.instalments, amount)?;
    let mut parts = Vec::with_capacity(amounts.len());
    for (rule, part) in terms.instalments.iter().zip(amounts) {
        if !part.is_positive() {
            continue;
        }
        // What the document states is agreed as it stands, and is not shifted.
        let due_date = match &rule.due {
            Some(due) => shift(day_by(due, baseline)),
            None => stated.ok_or(TermsError::DueDateMissing)?,
        };
        let discounts = rule.discounts.iter();
        parts.push(Instalment {
            kind: rule.kind.unwrap_or_default(),
            amount: part,
            due_date,
            discounts: discounts
                .map(|discount| step(discount, baseline, due_date, &shift))
                .collect(),
        });
    }
    Ok(parts)
}

fn step(
    discount: &DiscountRule,
    baseline: NaiveDate,
    due_date: NaiveDate,
    shift: &impl Fn(NaiveDate) -> NaiveDate,
) -> DiscountStep {
    DiscountStep {
        until: shift(day_by(&discount.until, baseline)).min(due_date),
        rate: discount.rate,
    }
}

/// What each instalment gets of an amount: amounts and shares in their order, as long as something is left, each share
/// rounded half up; then what is left goes to the rest, and where the terms name none, to the last one.
///
/// 100.00 in three shares of 0.33, 0.33 and 0.34: 33.00, 33.00 and 34.00. 0.01 in two halves: 0.01 and nothing.
fn split(rules: &[InstalmentRule], amount: Money) -> Result<Vec<Money>, TermsError> {
    let currency = amount.currency();
    let mut left = amount.minor();
    let mut parts = Vec::with_capacity(rules.len());
    for rule in rules {
        let wanted = match (rule.amount.map(PositiveIn::money), rule.share) {
            (Some(fixed), _) if fixed.currency() != currency => {
                return Err(TermsError::Currency {
                    given: currency,
                    expected: fixed.currency(),
                });
            }
            (Some(fixed), _) => fixed.minor(),
            (None, Some(share)) => part_of(amount, share)?.minor(),
            (None, None) => 0,
        };
        let part = wanted.clamp(0, left);
        left -= part;
        parts.push(part);
    }
    let rest = rules
        .iter()
        .position(|rule| rule.share.is_none() && rule.amount.is_none());
    let place = rest.unwrap_or(rules.len().saturating_sub(1));
    if let Some(part) = parts.get_mut(place) {
        *part += left;
    }
    let money = |minor| Money::from_minor(minor, currency);
    Ok(parts.into_iter().map(money).collect())
}

/// A share of an amount, rounded half up to the minor unit: 2 % of 1,000.25 are 20.01.
///
/// # Errors
/// When it is too large to be money.
pub fn part_of(amount: Money, share: Figure) -> Result<Money, FigureError> {
    (Exact::from(amount) * Exact::from(share)).money(amount.currency())
}

/// The discount that money of a day may take: the highest whose last day has not passed.
///
/// Under 3/10, 2/20, net 45 of 1 March, money of 11 March takes 3 %, of 12 March 2 %, of 22 March nothing.
pub fn discount_on(steps: &[DiscountStep], day: NaiveDate) -> Option<&DiscountStep> {
    steps.iter().find(|step| day <= step.until)
}

/// The day that a rule finds from the baseline date.
///
/// From 15 January: 30 days are 14 February; the end of the month is 31 January, and 10 days after it 10 February; the 25th
/// of the next month (`month_end`, `day_of_month` 25) is 25 February.
pub fn day_by(rule: &DayRule, baseline: NaiveDate) -> NaiveDate {
    let mut day = plus(baseline, rule.days);
    if rule.month_end {
        day = month_end(day, rule.months);
        day = plus(day, rule.days_after_month_end);
    }
    match rule.day_of_month {
        Some(wanted) => next_of_month(day, wanted),
        None => day,
    }
}

/// Where a day goes that is not worked.
pub fn shifted(day: NaiveDate, shift: Shift, calendar: Option<&Calendar>) -> NaiveDate {
    match (shift, calendar) {
        (Shift::None, _) | (_, None) => day,
        (Shift::Following, Some(calendar)) => calendar.nearest(day, false),
        (Shift::Preceding, Some(calendar)) => calendar.nearest(day, true),
    }
}

fn plus(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(Days::new(u64::from(days)))
        .unwrap_or(NaiveDate::MAX)
}

/// The last day of the month that lies so many months after that of a day.
fn month_end(day: NaiveDate, months: u32) -> NaiveDate {
    let first = day.with_day(1).unwrap_or(day);
    first
        .checked_add_months(Months::new(months.saturating_add(1)))
        .and_then(|next| next.pred_opt())
        .unwrap_or(NaiveDate::MAX)
}

/// The next such day of a month, from a day on.
fn next_of_month(day: NaiveDate, wanted: u32) -> NaiveDate {
    let this = in_month(day, wanted);
    if this >= day {
        return this;
    }
    let next = month_end(day, 0).succ_opt();
    next.map_or(NaiveDate::MAX, |first| in_month(first, wanted))
}

/// A day of the month in which another lies; the last one when it has no such day.
fn in_month(day: NaiveDate, wanted: u32) -> NaiveDate {
    day.with_day(wanted).unwrap_or_else(|| month_end(day, 0))
}

#[cfg(test)]
mod tests;
