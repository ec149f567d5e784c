//! How money settles invoices.

mod days;
mod documents;
mod duplicates;
mod parts;

use chrono::{Days, NaiveDate};

use super::model::{InvoiceKind, InvoiceStatus};
use crate::book::policy::model::AllocationOrder;
use kernel::ids::{InvoiceId, ItemId};
use kernel::text::Number;

pub use days::{counts_from, free_from, taken_back_from};
pub use documents::{DocumentFault, check_instalments, net_and_tax, state_due_date};
pub use duplicates::{Described, is_twin, window};
pub use parts::{
    Booking, Crossing, CrossingError, OpenItem, Standing, Tolerance, closing, crossing,
    off_its_rate, over_items, realised,
};

/// How many days ahead an invoice may be dated.
pub const INVOICE_DAYS_AHEAD_MAX: u64 = 366;

/// How many days after its date an invoice may be due: ten years, so that a mistyped year is caught.
pub const DUE_DAYS_MAX: u64 = 3_653;

/// What is wrong with a document's dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    #[error("must not be more than {INVOICE_DAYS_AHEAD_MAX} days ahead")]
    TooFarAhead,
    #[error("must not be before the invoice date")]
    DueBeforeInvoice,
    #[error("must not be more than {DUE_DAYS_MAX} days after the invoice date")]
    DueTooLate,
    #[error("must not be in the future")]
    InFuture,
    #[error("must not be before the document's own date")]
    BeforeDocument,
    #[error("must not be more than {DUE_DAYS_MAX} days after the document's own date")]
    LongAfterDocument,
}

/// An invoice may be dated ahead by at most a leap year, and is due from its own day on.
///
/// # Errors
/// When the dates are out of these bounds.
pub fn check_invoice_dates(
    today: NaiveDate,
    invoice_date: NaiveDate,
    due_date: NaiveDate,
) -> Result<(), DateError> {
    if invoice_date > plus(today, INVOICE_DAYS_AHEAD_MAX) {
        return Err(DateError::TooFarAhead);
    }
    if due_date < invoice_date {
        return Err(DateError::DueBeforeInvoice);
    }
    if due_date > plus(invoice_date, DUE_DAYS_MAX) {
        return Err(DateError::DueTooLate);
    }
    Ok(())
}

/// Money that has not come is no receipt, and a credit that is not given yet is no credit note.
///
/// # Errors
/// When the day is after today.
pub fn check_not_future(today: NaiveDate, day: NaiveDate) -> Result<(), DateError> {
    if day > today {
        Err(DateError::InFuture)
    } else {
        Ok(())
    }
}

/// The due date of an invoice under terms of so many net days.
pub fn due_date(invoice_date: NaiveDate, net_days: i32) -> NaiveDate {
    plus(invoice_date, u64::try_from(net_days).unwrap_or(0))
}

fn plus(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days))
        .unwrap_or(NaiveDate::MAX)
}

/// How far an invoice is settled: CNY 100.00 with 100.00 open is open, with 40.00 open partially paid, with 0.00 paid.
pub const fn status_of(amount_minor: i64, open_minor: i64) -> InvoiceStatus {
    if open_minor <= 0 {
        InvoiceStatus::Paid
    } else if open_minor < amount_minor {
        InvoiceStatus::PartiallyPaid
    } else {
        InvoiceStatus::Open
    }
}

/// The day from which a settlement counts: money can settle nothing before it is there, and nothing before the
/// invoice is dated.
///
/// Money of 20 March settles an invoice of 5 March from 20 March on, and one of 25 March from 25 March on.
pub fn effective_on(money_there_on: NaiveDate, invoice_date: NaiveDate) -> NaiveDate {
    money_there_on.max(invoice_date)
}

/// An item that money may settle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What goes first whatever is due, the lowest first.
    pub rank: u8,
    pub invoice_id: InvoiceId,
    pub item_id: ItemId,
    pub due_date: NaiveDate,
    pub invoice_date: NaiveDate,
    pub number: Number,
    /// The place of the item in its invoice.
    pub position: i32,
    pub open_minor: i64,
}

/// A part of some money for one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub invoice_id: InvoiceId,
    pub item_id: ItemId,
    pub amount_minor: i64,
}

/// Spreads money over open items, the oldest first: by due date, then by invoice date, then by number and place. What is
/// left after the last one stays unapplied.
///
/// 150.00 over A (due 1 March, 100.00 open) and B (due 8 March, 80.00 open): 100.00 for A and 50.00 for B.
pub fn oldest_first(available_minor: i64, candidates: &[Candidate]) -> Vec<Share> {
    let mut queue: Vec<&Candidate> = candidates.iter().filter(|c| c.open_minor > 0).collect();
    queue.sort_by_key(|c| {
        let invoice = (c.due_date, c.invoice_date, &c.number, c.invoice_id);
        (c.rank, invoice, c.position)
    });
    let mut left = available_minor;
    let mut shares = Vec::new();
    for candidate in queue {
        let amount_minor = left.min(candidate.open_minor);
        if amount_minor <= 0 {
            break;
        }
        left -= amount_minor;
        shares.push(Share {
            invoice_id: candidate.invoice_id,
            item_id: candidate.item_id,
            amount_minor,
        });
    }
    shares
}

/// Where what an invoice bills stands in an order of allocation, the lowest first.
pub const fn rank(order: AllocationOrder, kind: InvoiceKind) -> u8 {
    match (order, kind) {
        (AllocationOrder::DueDate, _)
        | (AllocationOrder::CostsInterestPrincipal, InvoiceKind::Costs)
        | (AllocationOrder::PrincipalFirst, InvoiceKind::Sale) => 0,
        (AllocationOrder::CostsInterestPrincipal, InvoiceKind::LateInterest)
        | (AllocationOrder::PrincipalFirst, InvoiceKind::Costs) => 1,
        (AllocationOrder::CostsInterestPrincipal, InvoiceKind::Sale)
        | (AllocationOrder::PrincipalFirst, InvoiceKind::LateInterest) => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn candidate(number: &str, due: &str, open_minor: i64) -> Candidate {
        let invoice_id = InvoiceId::new();
        Candidate {
            rank: 0,
            invoice_id,
            item_id: ItemId::from_uuid(invoice_id.uuid()),
            position: 1,
            due_date: day(due),
            invoice_date: day("2026-01-01"),
            number: number.parse().unwrap(),
            open_minor,
        }
    }

    #[test]
    fn the_worked_example_of_oldest_first() {
        let b = candidate("B", "2026-03-08", 8_000);
        let a = candidate("A", "2026-03-01", 10_000);
        let share = |c: &Candidate, amount_minor| Share {
            invoice_id: c.invoice_id,
            item_id: c.item_id,
            amount_minor,
        };
        let both = [b.clone(), a.clone()];
        assert_eq!(
            oldest_first(15_000, &both),
            [share(&a, 10_000), share(&b, 5_000)]
        );
        assert_eq!(oldest_first(10_000, &both), [share(&a, 10_000)]);
        assert_eq!(oldest_first(0, &both), []);
        assert_eq!(
            oldest_first(20_000, &both),
            [share(&a, 10_000), share(&b, 8_000)]
        );
    }

    #[test]
    fn what_ranks_first_is_paid_first_whatever_is_due() {
        let order = AllocationOrder::CostsInterestPrincipal;
        let ranked = |number: &str, due: &str, kind| Candidate {
            rank: rank(order, kind),
            ..candidate(number, due, 100)
        };
        let all = [
            ranked("I-1", "2026-01-01", InvoiceKind::Sale),
            ranked("L-1", "2026-03-01", InvoiceKind::LateInterest),
            ranked("K-1", "2026-04-01", InvoiceKind::Costs),
        ];
        let paid: Vec<InvoiceId> = oldest_first(300, &all)
            .iter()
            .map(|share| share.invoice_id)
            .collect();
        let expected = [all[2].invoice_id, all[1].invoice_id, all[0].invoice_id];
        assert_eq!(paid, expected);
    }

    #[test]
    fn of_two_due_on_one_day_the_lower_number_goes_first() {
        let both = [
            candidate("I-2", "2026-03-01", 5),
            candidate("I-1", "2026-03-01", 5),
        ];
        assert_eq!(oldest_first(3, &both)[0].invoice_id, both[1].invoice_id);
    }

    #[test]
    fn a_status_says_how_far_an_invoice_is_settled() {
        assert_eq!(status_of(100, 100), InvoiceStatus::Open);
        assert_eq!(status_of(100, 1), InvoiceStatus::PartiallyPaid);
        assert_eq!(status_of(100, 0), InvoiceStatus::Paid);
    }

    #[test]
    fn dates_have_bounds() {
        let today = day("2026-03-31");
        let ahead = day("2027-04-01");
        assert_eq!(check_invoice_dates(today, ahead, ahead), Ok(()));
        let beyond = day("2027-04-02");
        assert_eq!(
            check_invoice_dates(today, beyond, beyond),
            Err(DateError::TooFarAhead)
        );
        let before = day("2026-03-30");
        assert_eq!(
            check_invoice_dates(today, today, before),
            Err(DateError::DueBeforeInvoice)
        );
        assert_eq!(
            check_invoice_dates(today, today, day("2062-03-31")),
            Err(DateError::DueTooLate)
        );
        assert_eq!(check_not_future(today, today), Ok(()));
        assert_eq!(
            check_not_future(today, day("2026-04-01")),
            Err(DateError::InFuture)
        );
        assert_eq!(due_date(today, 30), day("2026-04-30"));
    }

    #[test]
    fn a_settlement_counts_from_when_both_sides_are_there() {
        let (earlier, later) = (day("2026-03-05"), day("2026-03-20"));
        assert_eq!(effective_on(later, earlier), later);
        assert_eq!(effective_on(earlier, later), later);
    }

    fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
        let one = (0u64..400, 0u64..400, 0i64..1_000_000).prop_map(|(due, dated, open_minor)| {
            Candidate {
                rank: 0,
                invoice_id: InvoiceId::new(),
                item_id: ItemId::new(),
                position: 1,
                due_date: plus(day("2026-01-01"), due),
                invoice_date: plus(day("2025-01-01"), dated),
                number: format!("I-{due}-{dated}").parse().unwrap(),
                open_minor,
            }
        });
        prop::collection::vec(one, 0..20)
    }

    proptest! {
        #[test]
        fn money_is_spread_exactly_and_oldest_first(available in 0i64..5_000_000, candidates in candidates()) {
            let shares = oldest_first(available, &candidates);
            let open_of = |id| candidates.iter().find(|c| c.invoice_id == id).unwrap();
            let open: i64 = candidates.iter().map(|c| c.open_minor).sum();
            let spread: i64 = shares.iter().map(|share| share.amount_minor).sum();
            // As much as there is money and as there are open invoices, to the last minor unit.
            prop_assert_eq!(spread, available.min(open));
            for share in &shares {
                prop_assert!(share.amount_minor > 0);
                prop_assert!(share.amount_minor <= open_of(share.invoice_id).open_minor);
            }
            // Whoever is served after another is not older; only the last may be served in part.
            for pair in shares.windows(2) {
                let (first, second) = (open_of(pair[0].invoice_id), open_of(pair[1].invoice_id));
                prop_assert!(
                    (first.due_date, first.invoice_date, &first.number) <= (second.due_date, second.invoice_date, &second.number)
                );
                prop_assert_eq!(pair[0].amount_minor, first.open_minor);
            }
            // Nobody older than the last one served was passed over.
            if let Some(last) = shares.last().map(|share| open_of(share.invoice_id)) {
                let passed_over = candidates.iter().any(|c| {
                    c.open_minor > 0 && c.due_date < last.due_date && !shares.iter().any(|s| s.invoice_id == c.invoice_id)
                });
                prop_assert!(!passed_over);
            }
        }

        #[test]
        fn a_status_never_contradicts_what_is_open(amount in 1i64..1_000_000, settled in 0i64..1_000_000) {
            let open = (amount - settled).max(0);
            let status = status_of(amount, open);
            prop_assert_eq!(status == InvoiceStatus::Paid, open == 0);
            prop_assert_eq!(status == InvoiceStatus::Open, open == amount);
        }
    }
}
