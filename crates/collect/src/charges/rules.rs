//! What paying late costs, by the day.
//!
//! The first day that counts is the one after the due date, and the day of a payment counts as well: what was due on
//! 15 May and came on 17 May bears interest for two days. Interest is simple: none is borne by interest.

mod regimes;

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};

use super::model::{RatePer, Segment};
use kernel::figures::Exact;
use kernel::money::Money;

pub use regimes::{
    Method, RateRow, Regime, RegimeFault, Terms, read_rates, read_regimes, regime_of_country,
};

/// What settled a part of a debt, or undid that, from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    pub on: NaiveDate,
    pub minor: i64,
}

/// What was to be paid, by when, and what came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debt {
    pub amount: Money,
    pub due_date: NaiveDate,
    pub settled: Vec<Settled>,
    /// From and to, both included: days on which no interest runs, such as those of a dispute.
    pub paused: Vec<(NaiveDate, NaiveDate)>,
}

impl Debt {
    /// The first day that counts.
    pub fn late_from(&self) -> NaiveDate {
        next(self.due_date)
    }

    /// What is owed while a day lasts: what comes on it is taken off from the next day on.
    pub fn principal_minor(&self, day: NaiveDate) -> i64 {
        let settled = self.settled.iter().filter(|one| one.on < day);
        let paid = settled.fold(0_i64, |sum, one| sum.saturating_add(one.minor));
        self.amount.minor().saturating_sub(paid).max(0)
    }

    /// The first day up to another on which something is owed late; none where all came in time. What is owed grows only
    /// on the day after something was taken back.
    pub fn first_late_day(&self, to: NaiveDate) -> Option<NaiveDate> {
        let after = self.settled.iter().map(|one| next(one.on));
        let days: BTreeSet<NaiveDate> = after.chain([self.late_from()]).collect();
        days.into_iter()
            .find(|day| (self.late_from()..=to).contains(day) && self.principal_minor(*day) > 0)
    }
}

/// Interest as far as it can be worked out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worked {
    pub segments: Vec<Segment>,
    /// The first day that counts of which no reference rate is known: nothing is worked out from there on.
    pub unknown_from: Option<NaiveDate>,
}

/// Why interest can't be worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InterestFault {
    #[error("no reference rate is known for {0}")]
    NoRate(NaiveDate),
    #[error("the interest is too large")]
    TooLarge,
}

fn next(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).unwrap_or(day)
}

/// The interest on a debt from one day to another, both included, when the rate of each of these days is known.
///
/// EUR 10,000.00 due on 15 May 2026 and paid on 14 August, at 2.15 % and from 1 July on 2.40 %, each plus 8 points: 46 days
/// at 10.15 % are 127.92, and 45 days at 10.40 % are 128.22.
///
/// # Errors
/// When no reference rate is known for a day that counts, or the interest is more than money can be.
pub fn interest(
    debt: &Debt,
    terms: &Terms,
    rates: &[RateRow],
    span: (NaiveDate, NaiveDate),
) -> Result<Vec<Segment>, InterestFault> {
    let worked = interest_so_far(debt, terms, rates, span)?;
    match worked.unknown_from {
        Some(day) => Err(InterestFault::NoRate(day)),
        None => Ok(worked.segments),
    }
}

/// The interest on a debt from one day to another, both included, in segments of one principal and one rate. Segments begin
/// after the due date, after what settled a part, where the rate changes, and after a pause. They end before the first day
/// of which no reference rate is known.
///
/// # Errors
/// When the interest is more than money can be.
pub fn interest_so_far(
    debt: &Debt,
    terms: &Terms,
    rates: &[RateRow],
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Worked, InterestFault> {
    let starts = starts(debt, terms, rates, (from.max(debt.late_from()), to));
    let mut worked = Worked::default();
    let segments = &mut worked.segments;
    for (index, start) in starts.iter().enumerate() {
        let last = starts
            .get(index + 1)
            .and_then(NaiveDate::pred_opt)
            .unwrap_or(to);
        let is_paused = debt
            .paused
            .iter()
            .any(|(first, last)| (*first..=*last).contains(start));
        let principal = Money::from_minor(debt.principal_minor(*start), debt.amount.currency());
        if is_paused || !principal.is_positive() {
            continue;
        }
        let Some((rate, per)) = terms.rate(rates, *start, debt.late_from()) else {
            worked.unknown_from = Some(*start);
            break;
        };
        if let Some(before) = segments.last_mut()
            && next(before.to) == *start
            && (before.principal, before.rate, before.per) == (principal, rate, per)
        {
            before.to = last;
            continue;
        }
        segments.push(Segment {
            from: *start,
            to: last,
            days: 0,
            principal,
            rate,
            per,
            interest: principal,
        });
    }
    for segment in segments {
        segment.days = segment.to.signed_duration_since(segment.from).num_days() + 1;
        segment.interest = of_segment(segment, terms.basis())?;
    }
    Ok(worked)
}

/// The days on which segments may begin, in their order.
fn starts(
    debt: &Debt,
    terms: &Terms,
    rates: &[RateRow],
    (from, to): (NaiveDate, NaiveDate),
) -> Vec<NaiveDate> {
    let mut starts: BTreeSet<NaiveDate> = BTreeSet::from([from]);
    starts.extend(debt.settled.iter().map(|one| next(one.on)));
    starts.extend(
        debt.paused
            .iter()
            .flat_map(|(first, last)| [*first, next(*last)]),
    );
    starts.extend(terms.changes(rates));
    starts
        .into_iter()
        .filter(|day| (from..=to).contains(day))
        .collect()
}

/// What a segment bears: 10,000.00 at 10.15 % for 46 days of 365 are 127.92.
///
/// # Errors
/// When it is more than money can be.
pub fn of_segment(segment: &Segment, basis: u32) -> Result<Money, InterestFault> {
    let of_days = Exact::from(segment.principal) * segment.rate * segment.days;
    let exact = match segment.per {
        RatePer::Year => of_days / basis,
        RatePer::Day => of_days,
    };
    exact
        .money(segment.principal.currency())
        .map_err(|_| InterestFault::TooLarge)
}

/// What segments come to together, in minor units.
///
/// # Errors
/// When it is more than money can be.
pub fn total_minor(segments: &[Segment]) -> Result<i64, InterestFault> {
    let minors = segments.iter().map(|segment| segment.interest.minor());
    kernel::money::sum_minor(minors).map_err(|_| InterestFault::TooLarge)
}

#[cfg(test)]
mod tests;
