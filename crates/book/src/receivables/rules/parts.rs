//! Which items some money settles, and what becomes of the rest of one that is paid short.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::book::exchange_rates::rules::Conversion;
use crate::book::payment_terms::model::DiscountStep;
use crate::book::payment_terms::rules::{discount_on, part_of};
use crate::book::receivables::model::SettlementKind;
use kernel::figures::{Exact, Figure, FigureError};
use kernel::ids::ItemId;
use kernel::money::{Currency, Money};

/// An item that money may settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenItem {
    pub id: ItemId,
    pub due_date: NaiveDate,
    pub position: i32,
    pub open_minor: i64,
}

/// Spreads an amount over the items of one invoice, the earliest due first.
///
/// 700.00 over 300.00 due in May, 300.00 due in June and 400.00 due in July: 300.00, 300.00 and 100.00.
pub fn over_items(amount_minor: i64, items: &[OpenItem]) -> Vec<(ItemId, i64)> {
    let mut queue: Vec<&OpenItem> = items.iter().filter(|item| item.open_minor > 0).collect();
    queue.sort_by_key(|item| (item.due_date, item.position));
    let mut left = amount_minor;
    let mut parts = Vec::new();
    for item in queue {
        let taken = left.min(item.open_minor);
        if taken <= 0 {
            break;
        }
        left -= taken;
        parts.push((item.id, taken));
    }
    parts
}

/// Up to which difference an item counts as paid: the smaller of an amount and a share of the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    pub amount_minor: i64,
    pub share: Figure,
}

/// How an item stands when money of a day comes.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// The whole of it.
    pub amount: Money,
    /// What is open before the money.
    pub open: Money,
    pub discounts: &'a [DiscountStep],
    /// The value date of the money.
    pub paid_on: NaiveDate,
    pub tolerance: Option<Tolerance>,
}

/// What closes an item of which so much is paid: the discount, when the money is in time and the rest is no more than it;
/// else the tolerance, when the rest is within it. Nothing where the rest stays open.
///
/// 1,000.00 with 2 % until 10 March: 980.00 on 10 March leave 20.00 for the discount; on 11 March they leave 20.00 open, or
/// for the tolerance when that is so large.
///
/// # Errors
/// When the discount can't be computed.
pub fn closing(
    standing: &Standing,
    paid_minor: i64,
) -> Result<Option<(SettlementKind, i64)>, FigureError> {
    let rest = standing.open.minor() - paid_minor;
    if rest <= 0 || paid_minor <= 0 {
        return Ok(None);
    }
    if let Some(step) = discount_on(standing.discounts, standing.paid_on) {
        let discount = part_of(standing.open, step.rate)?;
        if rest <= discount.minor() {
            return Ok(Some((SettlementKind::Discount, rest)));
        }
    }
    if let Some(tolerance) = standing.tolerance {
        let share = part_of(standing.amount, tolerance.share)?;
        if rest <= tolerance.amount_minor.min(share.minor()) {
            return Ok(Some((SettlementKind::Tolerance, rest)));
        }
    }
    Ok(None)
}

/// What one unit of money is in another currency, as a settlement records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// In the invoice's currency.
    pub settled: Money,
    /// In the money's.
    pub used: Money,
    /// One unit of the money's currency in units of the invoice's, with 12 significant digits at most.
    pub rate: String,
}

/// Why money in another currency can't settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CrossingError {
    #[error("no exchange rate leads from {from} to {to}: say both amounts")]
    NoRate { from: Currency, to: Currency },
    #[error("comes to nothing in the other currency")]
    Nothing,
    #[error("is too large in the other currency")]
    TooLarge,
}

impl From<FigureError> for CrossingError {
    fn from(_: FigureError) -> CrossingError {
        CrossingError::TooLarge
    }
}

/// How money in one currency settles an invoice in another. Where both amounts are said they hold, and the rate is the
/// table's when it leads from the one to the other to the minor unit, else what they make of it. Where one is said, the
/// table's rate gives the other.
///
/// At EUR/USD 1.05, EUR 28,500.00 settle USD 29,925.00, and USD 30,000.00 take EUR 28,571.43.
///
/// # Errors
/// When one amount is said and there is no rate, or the other amount would be nothing.
pub fn crossing(
    settled: Option<Money>,
    used: Option<Money>,
    (from, to): (Currency, Currency),
    rate: Option<&Conversion>,
) -> Result<Crossing, CrossingError> {
    let table = || rate.ok_or(CrossingError::NoRate { from, to });
    let value = |rate: &Conversion| Exact::from(rate.rate);
    let (settled, used) = match (settled, used) {
        (Some(settled), Some(used)) => (settled, used),
        (None, Some(used)) => ((Exact::from(used) * value(table()?)).money(to)?, used),
        (Some(settled), None) => (
            settled,
            (Exact::from(settled) / value(table()?)).money(from)?,
        ),
        (None, None) => return Err(CrossingError::Nothing),
    };
    if !settled.is_positive() || !used.is_positive() {
        return Err(CrossingError::Nothing);
    }
    let by_table = rate.filter(|rate| {
        let there = (Exact::from(used) * value(rate)).money(to);
        there.is_ok_and(|there| (there.minor() - settled.minor()).abs() <= 1)
    });
    let rate = match by_table {
        Some(rate) => rate.rate.normalize().to_string(),
        None => (Exact::from(settled) / Exact::from(used))
            .value()?
            .round_sf(12)
            .ok_or(CrossingError::TooLarge)?
            .normalize()
            .to_string(),
    };
    Ok(Crossing {
        settled,
        used,
        rate,
    })
}

/// What money in one currency is worth in another by a rate, when that differs from what it settled by more than one minor
/// unit; nothing where it does not. A part of a payment takes its share of the whole, which is cut to the minor unit: that is
/// worth one unit of the money more.
pub fn off_its_rate(settled: Money, used: Money, rate: &str) -> Option<i64> {
    let rate: Decimal = rate.parse().ok()?;
    let worth = |minor: i64| {
        let used = Money::from_minor(minor, used.currency());
        let worth = Exact::from(used) * rate;
        worth.money(settled.currency()).ok().map(Money::minor)
    };
    let counted = worth(used.minor())?;
    let (below, above) = (worth(used.minor() - 1)?, worth(used.minor() + 1)?);
    let (low, high) = (below.min(above) - 1, below.max(above) + 1);
    let is_right = (settled.minor() - counted).abs() <= 1;
    (!is_right && !(low..=high).contains(&settled.minor())).then_some(counted)
}

/// What an invoice was worth in the books of its legal entity when it was posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booking {
    pub amount_minor: i64,
    /// The whole invoice, in the currency of the books.
    pub booked: Money,
}

/// What a settlement gained since the invoice was booked: what the money is worth in the books' currency, less the part of
/// the booking that it settles. Parts add up to the whole booking: each is the booking of all that is settled by then less
/// that of what was settled before.
///
/// USD 30,000.00 booked at 1.0705 are EUR 28,024.29; paid with EUR 28,571.43 the gain is EUR 547.14.
///
/// # Errors
/// When it is too large to be money.
pub fn realised(
    booking: &Booking,
    settled_before_minor: i64,
    settled_minor: i64,
    worth: Money,
) -> Result<Money, FigureError> {
    let booked = |minor: i64| -> Result<Money, FigureError> {
        let part =
            Exact::from(booking.booked) * Exact::from(minor) / Exact::from(booking.amount_minor);
        part.money(booking.booked.currency())
    };
    let before = booked(settled_before_minor)?;
    let after = booked(settled_before_minor.saturating_add(settled_minor))?;
    let part = after.minor() - before.minor();
    Ok(Money::from_minor(
        worth.minor() - part,
        booking.booked.currency(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn money(text: &str, currency: &str) -> Money {
        Money::parse(text, currency.parse().unwrap()).unwrap()
    }

    fn item(due: &str, position: i32, open_minor: i64) -> OpenItem {
        OpenItem {
            id: ItemId::new(),
            due_date: day(due),
            position,
            open_minor,
        }
    }

    fn conversion(from: &str, to: &str, rate: &str) -> Conversion {
        Conversion {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            rate: rate.parse::<Decimal>().unwrap(),
            rate_date: day("2024-06-28"),
            source: "ECB".to_owned(),
            legs: Vec::new(),
        }
    }

    #[test]
    fn the_worked_example_of_instalments_the_earliest_first() {
        let july = item("2026-07-31", 3, 40_000);
        let may = item("2026-05-31", 1, 30_000);
        let june = item("2026-06-30", 2, 30_000);
        assert_eq!(
            over_items(70_000, &[july, may, june]),
            [(may.id, 30_000), (june.id, 30_000), (july.id, 10_000)]
        );
        assert_eq!(over_items(0, &[may]), []);
    }

    #[test]
    fn the_worked_example_of_two_ten_net_thirty() {
        let steps = [DiscountStep {
            until: day("2026-03-10"),
            rate: "0.02".parse().unwrap(),
        }];
        let of = |paid: i64, on: &str, tolerance| {
            let standing = Standing {
                amount: money("1000.00", "CNY"),
                open: money("1000.00", "CNY"),
                discounts: &steps,
                paid_on: day(on),
                tolerance,
            };
            closing(&standing, paid).unwrap()
        };
        let discount = |minor| Some((SettlementKind::Discount, minor));
        assert_eq!(of(98_000, "2026-03-10", None), discount(2_000));
        assert_eq!(of(99_000, "2026-03-10", None), discount(1_000));
        assert_eq!(of(97_999, "2026-03-10", None), None);
        assert_eq!(of(98_000, "2026-03-11", None), None);
        assert_eq!(of(100_000, "2026-03-10", None), None);
        let tolerance = |amount_minor, share: &str| {
            Some(Tolerance {
                amount_minor,
                share: share.parse().unwrap(),
            })
        };
        // The smaller of an amount and a share: 1 % of 1,000.00 is 10.00.
        let let_go = |minor| Some((SettlementKind::Tolerance, minor));
        assert_eq!(
            of(99_500, "2026-03-11", tolerance(500, "0.01")),
            let_go(500)
        );
        assert_eq!(of(99_499, "2026-03-11", tolerance(500, "0.01")), None);
        assert_eq!(
            of(99_000, "2026-03-11", tolerance(5_000, "0.01")),
            let_go(1_000)
        );
        assert_eq!(of(98_999, "2026-03-11", tolerance(5_000, "0.01")), None);
    }

    #[test]
    fn the_worked_example_of_another_currency() {
        let rate = conversion("EUR", "USD", "1.05");
        let pair = (rate.from, rate.to);
        let by_used = crossing(None, Some(money("28500.00", "EUR")), pair, Some(&rate)).unwrap();
        assert_eq!(by_used.settled, money("29925.00", "USD"));
        let by_settled = crossing(Some(money("30000.00", "USD")), None, pair, Some(&rate)).unwrap();
        assert_eq!(by_settled.used, money("28571.43", "EUR"));
        assert_eq!(by_settled.rate, "1.05");
        let both = (
            Some(money("30000.00", "USD")),
            Some(money("30000.00", "EUR")),
        );
        assert_eq!(
            crossing(both.0, both.1, pair, Some(&rate)).unwrap().rate,
            "1"
        );
        assert_eq!(crossing(both.0, both.1, pair, None).unwrap().rate, "1");
        let none = crossing(both.0, None, pair, None);
        assert!(matches!(none, Err(CrossingError::NoRate { .. })));
        let yen = conversion("CNY", "JPY", "0.001");
        let little = crossing(
            None,
            Some(money("0.01", "CNY")),
            (yen.from, yen.to),
            Some(&yen),
        );
        assert_eq!(little, Err(CrossingError::Nothing));
    }

    #[test]
    fn the_worked_example_of_a_realised_gain() {
        let booking = Booking {
            amount_minor: 3_000_000,
            booked: money("28024.29", "EUR"),
        };
        let gain = realised(&booking, 0, 3_000_000, money("28571.43", "EUR")).unwrap();
        assert_eq!(gain, money("547.14", "EUR"));
        let loss = realised(&booking, 0, 3_000_000, money("28000.00", "EUR")).unwrap();
        assert_eq!(loss.minor(), -2_429);
    }

    proptest! {
        #[test]
        fn items_take_no_more_than_is_open_and_all_that_is_there(
            amount in 0i64..2_000_000, open in prop::collection::vec((0u64..300, 0i64..500_000), 0..8),
        ) {
            let items: Vec<OpenItem> = open
                .into_iter()
                .zip(1..)
                .map(|((days, open_minor), position)| OpenItem {
                    id: ItemId::new(),
                    due_date: day("2026-01-01") + Days::new(days),
                    position,
                    open_minor,
                })
                .collect();
            let parts = over_items(amount, &items);
            let all: i64 = items.iter().map(|item| item.open_minor).sum();
            prop_assert_eq!(parts.iter().map(|(_, minor)| minor).sum::<i64>(), amount.min(all));
            for (id, minor) in parts {
                let item = items.iter().find(|item| item.id == id).unwrap();
                prop_assert!(minor > 0 && minor <= item.open_minor);
            }
        }

        #[test]
        fn differences_of_parts_are_the_difference_of_the_whole(
            amount in 1i64..10_000_000, booked in 1i64..10_000_000, cut in 0i64..10_000_000, worth in 0i64..10_000_000,
        ) {
            let cut = cut.min(amount);
            let eur: Currency = "EUR".parse().unwrap();
            let booking = Booking { amount_minor: amount, booked: Money::from_minor(booked, eur) };
            let part = |before, minor, worth| {
                realised(&booking, before, minor, Money::from_minor(worth, eur)).unwrap().minor()
            };
            let half = worth / 2;
            prop_assert_eq!(part(0, cut, half) + part(cut, amount - cut, worth - half), worth - booked);
        }

        #[test]
        fn a_crossing_keeps_to_its_rate_by_one_minor_unit(used in 1i64..1_000_000_000, rate in 1u32..1_000_000) {
            let text = format!("{}", Decimal::new(rate.into(), 4));
            let rate = conversion("EUR", "USD", &text);
            let used = Money::from_minor(used, rate.from);
            if let Ok(found) = crossing(None, Some(used), (rate.from, rate.to), Some(&rate)) {
                let there = (Exact::from(found.used) * Exact::from(found.rate.parse::<Decimal>().unwrap()))
                    .money(rate.to)
                    .unwrap();
                prop_assert!((there.minor() - found.settled.minor()).abs() <= 1);
            }
        }
    }
}
