use super::*;
use chrono::Days;
use proptest::prelude::*;

fn usd(units: i64) -> Money {
    Money::from_minor(units * 100, "USD".parse().unwrap())
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn after(text: &str, days: u64) -> NaiveDate {
    day(text) + Days::new(days)
}

fn window(from: &str, to: &str, tolerance_days: u32) -> Window {
    Window {
        from: day(from),
        to: day(to),
        tolerance_days,
    }
}

/// Invoiced on 1 January on 30 days; paid so many units so many days after that.
fn item(units: i64, paid: &[(i64, u64)]) -> Item {
    let part = |(units, days): &(i64, u64)| PaidPart {
        amount: usd(*units),
        on: after("2026-01-01", *days),
    };
    Item {
        amount: usd(units),
        invoice_date: day("2026-01-01"),
        due_date: day("2026-01-31"),
        paid: paid.iter().map(part).collect(),
    }
}

fn read(items: &[Item], window: Window) -> PaymentBehaviour {
    payment_behaviour(items, usd(0).currency(), window).unwrap()
}

fn figure(text: &str) -> Option<Figure> {
    text.parse().ok()
}

/// Formulas 3.9.
#[test]
fn days_beyond_terms_of_the_example() {
    let items = [
        item(100_000, &[(100_000, 35)]),
        item(50_000, &[(50_000, 50)]),
        item(150_000, &[(150_000, 30)]),
    ];
    let found = read(&items, window("2026-01-01", "2026-12-31", 0));
    assert_eq!(found.paid.days_beyond_terms, figure("5"));
    // (35 × 100 + 50 × 50 + 30 × 150) / 300
    assert_eq!(found.paid.days_to_pay, figure("35"));
    assert_eq!(found.paid.share_in_time, figure("0.5"));
    assert_eq!(
        (found.items, found.items_late, found.days_late_max),
        (3, 2, 20)
    );
    assert_eq!(found.paid, found.paid_and_overdue);

    let patient = read(&items, window("2026-01-01", "2026-12-31", 5));
    assert_eq!((patient.items_late, patient.days_late_max), (1, 20));
    assert_eq!(patient.paid.share_in_time, figure("0.833333"));
    assert_eq!(
        patient.paid.days_beyond_terms,
        figure("5"),
        "tolerance excuses, it does not shorten"
    );
}

#[test]
fn who_does_not_pay_is_no_good_payer() {
    let items = [item(100, &[(100, 30)]), item(100, &[(40, 30)])];
    let found = read(&items, window("2026-01-01", "2026-03-02", 3));
    assert_eq!(found.paid.days_beyond_terms, figure("0"));
    assert_eq!(found.paid.share_in_time, figure("1"));
    assert_eq!(found.overdue, usd(60));
    assert_eq!(
        (found.items, found.items_late, found.days_late_max),
        (2, 1, 30)
    );
    // 60 of 200 are open for 60 days, 30 of them past due.
    assert_eq!(found.paid_and_overdue.days_beyond_terms, figure("9"));
    assert_eq!(found.paid_and_overdue.days_to_pay, figure("39"));
    assert_eq!(found.paid_and_overdue.share_in_time, figure("0.7"));
}

#[test]
fn what_is_not_due_or_not_in_the_window_is_left_out() {
    let fresh = [item(100, &[])];
    let found = read(&fresh, window("2026-01-01", "2026-01-31", 0));
    assert_eq!(
        (found.items, found.not_due, found.overdue),
        (0, usd(100), usd(0))
    );
    assert_eq!(
        found.paid_and_overdue.days_to_pay, None,
        "no value, not zero"
    );

    // Paid later than the window: still open at its end, and known as nothing else.
    let later = [item(100, &[(100, 90)])];
    let found = read(&later, window("2026-01-01", "2026-02-10", 0));
    assert_eq!(
        (found.overdue, found.days_late_max, found.paid.amount),
        (usd(100), 10, usd(0))
    );

    // Paid before the window began.
    let found = read(&later, window("2026-06-01", "2026-06-30", 0));
    assert_eq!(
        (found.items, found.overdue, found.not_due),
        (0, usd(0), usd(0))
    );

    // Not yet invoiced.
    let found = read(&later, window("2025-01-01", "2025-12-31", 0));
    assert_eq!(
        (found.items, found.overdue, found.not_due),
        (0, usd(0), usd(0))
    );
}

#[test]
fn items_that_cannot_be_are_named() {
    let all = window("2026-01-01", "2026-12-31", 0);
    let error = |items: &[Item]| payment_behaviour(items, usd(0).currency(), all).unwrap_err();
    let good = item(100, &[]);
    assert_eq!(
        error(&[good.clone(), item(100, &[(60, 1), (41, 2)])]),
        PaymentError::Overpaid { item: 1 }
    );
    assert_eq!(error(&[item(0, &[])]), PaymentError::Amount { item: 0 });
    assert_eq!(
        error(&[item(10, &[(-1, 1)])]),
        PaymentError::Amount { item: 0 }
    );
    let mut early = good.clone();
    early.due_date = day("2025-12-31");
    assert_eq!(error(&[early]), PaymentError::DueBeforeInvoice { item: 0 });
    let currency = "EUR".parse().unwrap();
    let found = payment_behaviour(&[good], currency, all);
    assert_eq!(found, Err(PaymentError::Currency { item: 0, currency }));
    let reversed = window("2026-02-01", "2026-01-31", 0);
    assert_eq!(
        payment_behaviour(&[], currency, reversed),
        Err(PaymentError::WindowReversed)
    );
}

proptest! {
    #[test]
    fn every_amount_is_somewhere_and_only_once(
        facts in prop::collection::vec((1..10_000_i64, 0..=100_i64, 0..120_u64, 0..90_u64), 0..20),
        tolerance in 0..10_u32,
    ) {
        let items: Vec<Item> = facts.iter().map(|(units, percent, term, paid_after)| {
            let paid = units * percent / 100;
            let parts = [(paid, *paid_after)];
            let mut item = item(*units, if paid > 0 { &parts } else { &[] });
            item.due_date = after("2026-01-01", *term);
            item
        }).collect();
        let found = read(&items, window("2026-01-01", "2026-03-31", tolerance));
        let total: i64 = facts.iter().map(|(units, ..)| units * 100).sum();
        prop_assert_eq!(found.paid.amount.minor() + found.overdue.minor() + found.not_due.minor(), total);
        prop_assert!(found.items_late <= found.items);
        prop_assert!(found.paid_and_overdue.amount.minor() >= found.paid.amount.minor());
        for share in [found.paid.share_in_time, found.paid_and_overdue.share_in_time].into_iter().flatten() {
            prop_assert!(share.is_share());
        }
        if let Some(days) = found.paid_and_overdue.days_beyond_terms {
            prop_assert!(days.value() <= found.days_late_max.into());
        }
    }
}
