//! How a customer pays, from invoices and what was paid on them (formulas 3.9).
//!
//! Every figure is weighted by amount. What was paid tells only of those who paid: the second pair of figures therefore
//! takes in what is overdue and still open, at the days it has taken so far.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use kernel::figures::{Exact, Figure, FigureError, PLACES};
use kernel::money::{Currency, Money, MoneyError};

/// An invoice as far as paying it is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// More than zero; credit notes are taken off before.
    pub amount: Money,
    pub invoice_date: NaiveDate,
    pub due_date: NaiveDate,
    /// Together at most the amount.
    pub paid: Vec<PaidPart>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaidPart {
    /// More than zero.
    pub amount: Money,
    pub on: NaiveDate,
}

/// Which payments are looked at, and what counts as in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The first and the last day of payment. What is open is open at the end of `to`: later payments are not known.
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// A payment so many days after the due date is still in time: banks take a day or two.
    pub tolerance_days: u32,
}

/// How a customer paid in a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentBehaviour {
    pub window: Window,
    /// Invoices with a payment in the window, or overdue at its end; the other counts are parts of it.
    pub items: u32,
    /// Those with a payment, or something open, later than due date and tolerance.
    pub items_late: u32,
    /// The days past due of the latest payment or open amount; 0 when nothing was after its due date.
    pub days_late_max: u32,
    /// What was paid in the window.
    pub paid: Weighted,
    /// The same with what is overdue at its end. An amount that is not due yet has shown nothing and is left out.
    pub paid_and_overdue: Weighted,
    /// Open at the end of the window and past due.
    pub overdue: Money,
    /// Open at the end of the window and not yet due.
    pub not_due: Money,
}

/// Figures over amounts, with the sums that they are divided from. None where there is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weighted {
    pub amount: Money,
    /// Of the amount, what was paid within terms and tolerance.
    pub amount_in_time: Money,
    /// Σ amount × (paid − invoice date).
    pub amount_days: Figure,
    /// Σ amount × days after the due date.
    pub amount_days_beyond_terms: Figure,
    /// Average days to pay, ADTP.
    pub days_to_pay: Option<Figure>,
    /// Days beyond terms, DBT.
    pub days_beyond_terms: Option<Figure>,
    /// Amount in time / amount.
    pub share_in_time: Option<Figure>,
}

/// Why payments can't be read. `item` counts from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    #[error("the window ends before it begins: give from and to in order")]
    WindowReversed,
    #[error("item {item} is in another currency than {currency}: ask for one currency at a time")]
    Currency { item: usize, currency: Currency },
    #[error("item {item} has an amount that is not more than zero: take credit notes off before")]
    Amount { item: usize },
    #[error("item {item} is paid with more than its amount: leave out what was overpaid")]
    Overpaid { item: usize },
    #[error("item {item} is due before its invoice date: correct the dates")]
    DueBeforeInvoice { item: usize },
    #[error("the amounts are too large to be added")]
    TooLarge,
}

impl From<FigureError> for PaymentError {
    fn from(_: FigureError) -> PaymentError {
        PaymentError::TooLarge
    }
}

impl From<MoneyError> for PaymentError {
    fn from(_: MoneyError) -> PaymentError {
        PaymentError::TooLarge
    }
}

/// How these invoices of one currency were paid in a window.
///
/// 100,000 paid 5 days late, 50,000 paid 20 days late and 150,000 on the day: (500 + 1,000 + 0) / 300 is a DBT of 5.0.
///
/// # Errors
/// What is wrong with the window or with which item.
pub fn payment_behaviour(
    items: &[Item],
    currency: Currency,
    window: Window,
) -> Result<PaymentBehaviour, PaymentError> {
    if window.to < window.from {
        return Err(PaymentError::WindowReversed);
    }
    let mut paid = Sums::default();
    let mut overdue = Sums::default();
    let mut not_due = Exact::ZERO;
    let (mut count, mut count_late, mut days_late_max) = (0_u32, 0_u32, 0_i64);
    for (index, item) in items.iter().enumerate() {
        check(index, item, currency)?;
        let mut latest = None;
        let mut open = Exact::from(item.amount);
        for part in item.paid.iter().filter(|part| part.on <= window.to) {
            open = open - part.amount;
            if part.on >= window.from {
                latest = latest.max(Some(paid.add(item, part.amount.into(), part.on, window)));
            }
        }
        let is_open = item.invoice_date <= window.to && open != Exact::ZERO;
        if is_open && item.due_date < window.to {
            latest = latest.max(Some(overdue.add_open(item, open, window)));
        } else if is_open {
            not_due = not_due + open;
        }
        if let Some(days_late) = latest {
            count = count.saturating_add(1);
            days_late_max = days_late_max.max(days_late);
            if days_late > i64::from(window.tolerance_days) {
                count_late = count_late.saturating_add(1);
            }
        }
    }
    Ok(PaymentBehaviour {
        window,
        items: count,
        items_late: count_late,
        days_late_max: u32::try_from(days_late_max).unwrap_or(0),
        paid: paid.weighted(currency)?,
        paid_and_overdue: paid.with(&overdue).weighted(currency)?,
        overdue: overdue.amount.money(currency)?,
        not_due: not_due.money(currency)?,
    })
}

fn check(index: usize, item: &Item, currency: Currency) -> Result<(), PaymentError> {
    let mut paid = Money::zero(currency);
    for amount in item
        .paid
        .iter()
        .map(|part| part.amount)
        .chain([item.amount])
    {
        if amount.currency() != currency {
            return Err(PaymentError::Currency {
                item: index,
                currency,
            });
        }
        if !amount.is_positive() {
            return Err(PaymentError::Amount { item: index });
        }
    }
    for part in &item.paid {
        paid = paid.checked_add(part.amount)?;
    }
    if paid.minor() > item.amount.minor() {
        return Err(PaymentError::Overpaid { item: index });
    }
    if item.due_date < item.invoice_date {
        return Err(PaymentError::DueBeforeInvoice { item: index });
    }
    Ok(())
}

struct Sums {
    amount: Exact,
    in_time: Exact,
    days: Exact,
    beyond: Exact,
}

impl Default for Sums {
    fn default() -> Sums {
        Sums {
            amount: Exact::ZERO,
            in_time: Exact::ZERO,
            days: Exact::ZERO,
            beyond: Exact::ZERO,
        }
    }
}

impl Sums {
    /// Adds what was paid on a day, and says how many days past due that was.
    fn add(&mut self, item: &Item, amount: Exact, on: NaiveDate, window: Window) -> i64 {
        let days_late = (on - item.due_date).num_days().max(0);
        if days_late <= i64::from(window.tolerance_days) {
            self.in_time = self.in_time + amount;
        }
        self.take(item, amount, on, days_late);
        days_late
    }

    /// Adds what is overdue at the end of the window. It is not in time, whatever the tolerance: it is not paid.
    fn add_open(&mut self, item: &Item, amount: Exact, window: Window) -> i64 {
        let days_late = (window.to - item.due_date).num_days();
        self.take(item, amount, window.to, days_late);
        days_late
    }

    fn take(&mut self, item: &Item, amount: Exact, on: NaiveDate, days_late: i64) {
        self.amount = self.amount + amount;
        self.days = self.days + amount * (on - item.invoice_date).num_days();
        self.beyond = self.beyond + amount * days_late;
    }

    fn with(&self, other: &Sums) -> Sums {
        Sums {
            amount: self.amount + other.amount,
            in_time: self.in_time + other.in_time,
            days: self.days + other.days,
            beyond: self.beyond + other.beyond,
        }
    }

    fn weighted(&self, currency: Currency) -> Result<Weighted, PaymentError> {
        let each = |sum: Exact| {
            if self.amount == Exact::ZERO {
                return Ok(None);
            }
            (sum / self.amount).figure(PLACES).map(Some)
        };
        Ok(Weighted {
            amount: self.amount.money(currency)?,
            amount_in_time: self.in_time.money(currency)?,
            amount_days: self.days.figure(PLACES)?,
            amount_days_beyond_terms: self.beyond.figure(PLACES)?,
            days_to_pay: each(self.days)?,
            days_beyond_terms: each(self.beyond)?,
            share_in_time: each(self.in_time)?,
        })
    }
}

#[cfg(test)]
mod tests;
