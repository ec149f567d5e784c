//! How receivables age (formulas 3.12).

pub mod over_limit;

use std::collections::BTreeMap;

use super::model::{AgingKey, AgingPart, AgingRow, Content, Converted, POST_DATED, UNAPPLIED};
use crate::book::exchange_rates::rules::{Conversions, Rounding};
use kernel::money::{Currency, SumTooLarge, sum_minor};

/// Puts parts together into rows, in the order of keys.
///
/// # Errors
/// When a sum is more than can be told.
pub fn rows(parts: &[AgingPart], buckets: usize) -> Result<Vec<AgingRow>, SumTooLarge> {
    let mut rows: BTreeMap<(AgingKey, Currency), AgingRow> = BTreeMap::new();
    for part in parts {
        let key = AgingKey {
            customer: part.customer,
            owner: part.owner.clone(),
            legal_entity: part.legal_entity,
        };
        let row = rows
            .entry((key.clone(), part.currency))
            .or_insert_with(|| empty(key, part.currency, buckets));
        add(row, part)?;
    }
    let rows = rows.into_values().filter(|row| !is_empty(row));
    rows.map(AgingRow::added_up).collect()
}

/// The sum of the rows in each currency.
///
/// # Errors
/// When one is more than can be told.
pub fn totals(rows: &[AgingRow], buckets: usize) -> Result<Vec<AgingRow>, SumTooLarge> {
    let mut totals: BTreeMap<Currency, AgingRow> = BTreeMap::new();
    for row in rows {
        let total = totals
            .entry(row.currency)
            .or_insert_with(|| empty(AgingKey::default(), row.currency, buckets));
        *total = plus(total.clone(), row)?;
    }
    totals.into_values().map(AgingRow::added_up).collect()
}

/// Two rows of one currency, the sum of whose buckets is told later.
fn plus(mut total: AgingRow, row: &AgingRow) -> Result<AgingRow, SumTooLarge> {
    for (sum, content) in total.buckets.iter_mut().zip(&row.buckets) {
        sum.amount_minor = sum_minor([sum.amount_minor, content.amount_minor])?;
        sum.invoices += content.invoices;
    }
    total.unapplied_minor = sum_minor([total.unapplied_minor, row.unapplied_minor])?;
    total.post_dated_minor = sum_minor([total.post_dated_minor, row.post_dated_minor])?;
    total.sold_minor = sum_minor([total.sold_minor, row.sold_minor])?;
    Ok(total)
}

fn empty(key: AgingKey, currency: Currency, buckets: usize) -> AgingRow {
    AgingRow {
        key,
        currency,
        buckets: vec![Content::default(); buckets],
        outstanding_minor: 0,
        unapplied_minor: 0,
        post_dated_minor: 0,
        sold_minor: 0,
    }
}

fn is_empty(row: &AgingRow) -> bool {
    row.unapplied_minor == 0
        && row.post_dated_minor == 0
        && row.buckets.iter().all(|content| content.invoices == 0)
}

fn add(row: &mut AgingRow, part: &AgingPart) -> Result<(), SumTooLarge> {
    row.sold_minor = sum_minor([row.sold_minor, part.sold_minor])?;
    if part.bucket == UNAPPLIED {
        row.unapplied_minor = sum_minor([row.unapplied_minor, part.amount_minor])?;
        return Ok(());
    }
    if part.bucket == POST_DATED {
        row.post_dated_minor = sum_minor([row.post_dated_minor, part.amount_minor])?;
        return Ok(());
    }
    let content = usize::try_from(part.bucket)
        .ok()
        .and_then(|place| row.buckets.get_mut(place));
    if let Some(content) = content {
        content.amount_minor = sum_minor([content.amount_minor, part.amount_minor])?;
        content.invoices += part.invoices;
    }
    Ok(())
}

/// The total over all currencies in one of them: each currency converted once, what is owed up and what is unapplied
/// down. Its buckets add up to what is outstanding, since each is what the sum up to it is more than the sum before.
/// None where a rate is missing: there is no sum of a part.
///
/// USD 80,000.00 and EUR 120,000.00 are CNY 581,021.96 and 932,976.00: CNY 1,513,997.96.
///
/// # Errors
/// When a sum is more than can be told.
pub fn converted(
    totals: &[AgingRow],
    into: Currency,
    buckets: usize,
    rates: Conversions,
) -> Result<Converted, SumTooLarge> {
    let mut missing = Vec::new();
    let mut sum = empty(AgingKey::default(), into, buckets);
    for total in totals {
        match in_currency(total, into, &rates) {
            Ok(row) => sum = plus(sum, &row)?,
            Err(pair) => missing.push(pair),
        }
    }
    Ok(Converted {
        currency: into,
        total: if missing.is_empty() {
            Some(sum.added_up()?)
        } else {
            None
        },
        rates,
        missing,
    })
}

/// A row in another currency.
fn in_currency(
    row: &AgingRow,
    into: Currency,
    rates: &Conversions,
) -> Result<AgingRow, (Currency, Currency)> {
    let convert = |minor, rounding| rates.convert(minor, row.currency, into, rounding);
    let (mut natural, mut before) = (0_i64, 0_i64);
    let mut buckets = Vec::with_capacity(row.buckets.len());
    for content in &row.buckets {
        natural = natural.saturating_add(content.amount_minor);
        let after = convert(natural, Rounding::Up)?;
        buckets.push(Content {
            amount_minor: after.saturating_sub(before),
            invoices: content.invoices,
        });
        before = after;
    }
    Ok(AgingRow {
        key: AgingKey::default(),
        currency: into,
        buckets,
        outstanding_minor: before,
        unapplied_minor: convert(row.unapplied_minor, Rounding::Down)?,
        post_dated_minor: convert(row.post_dated_minor, Rounding::Up)?,
        sold_minor: convert(row.sold_minor, Rounding::Up)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::exchange_rates::model::{ExchangeRate, NewRate};
    use crate::book::exchange_rates::rules::RateTable;
    use crate::prove::reports::model::BoundsError;
    use crate::prove::reports::model::Bucket;
    use crate::prove::reports::model::BucketBounds;
    use chrono::NaiveDate;
    use kernel::clock::Instant;
    use kernel::ids::ExchangeRateId;
    use kernel::text::Subject;
    use proptest::prelude::*;

    fn bounds(text: &str) -> Result<BucketBounds, BoundsError> {
        text.to_owned().try_into()
    }

    #[test]
    fn bounds_make_buckets_without_gap_or_overlap() {
        let names = |bounds: &BucketBounds| -> Vec<String> {
            bounds.buckets().iter().map(Bucket::to_string).collect()
        };
        assert_eq!(
            names(&BucketBounds::default()),
            [
                "not_due", "1-30", "31-60", "61-90", "91-180", "181-365", "over_365"
            ]
        );
        assert_eq!(names(&bounds("7").unwrap()), ["not_due", "1-7", "over_7"]);
    }

    #[test]
    fn bounds_ascend_and_are_whole_days() {
        for text in [
            "", "0", "30,30", "60,30", "30,", "-1", "+1", "1.5", " 30", "030", "3651", "x",
        ] {
            assert_eq!(bounds(text), Err(BoundsError), "{text:?}");
        }
        let thirteen: Vec<String> = (1..=13).map(|n| n.to_string()).collect();
        assert_eq!(bounds(&thirteen.join(",")), Err(BoundsError));
        assert!(bounds(&thirteen[..12].join(",")).is_ok());
    }

    /// The bucket of a due date, as the store's statement finds it.
    fn place(bounds: &BucketBounds, as_of: NaiveDate, due: NaiveDate) -> usize {
        let cut_offs = bounds.cut_offs(as_of);
        cut_offs
            .iter()
            .position(|cut| due >= *cut)
            .unwrap_or(cut_offs.len())
    }

    #[test]
    fn an_invoice_is_overdue_from_the_day_after_it_is_due() {
        let bounds = BucketBounds::default();
        let as_of: NaiveDate = "2026-03-31".parse().unwrap();
        for (due, name) in [
            ("2026-04-01", "not_due"),
            ("2026-03-31", "not_due"),
            ("2026-03-30", "1-30"),
            ("2026-03-01", "1-30"),
            ("2026-02-28", "31-60"),
            ("2025-03-31", "181-365"),
            ("2025-03-30", "over_365"),
        ] {
            let found = place(&bounds, as_of, due.parse().unwrap());
            assert_eq!(bounds.buckets()[found].to_string(), name, "{due}");
        }
    }

    /// The ECB's rates of 28 June 2024.
    fn rates() -> Conversions {
        let of = |quote: &str, rate: &str| NewRate {
            base_currency: "EUR".parse().unwrap(),
            quote_currency: quote.parse().unwrap(),
            rate: rate.parse().unwrap(),
            rate_date: "2024-06-28".parse().unwrap(),
            source: "ECB".parse().unwrap(),
        };
        let at: Instant = serde_json::from_str("\"2024-06-28T15:00:00Z\"").unwrap();
        let rows = [of("USD", "1.0705"), of("CNY", "7.7748")].map(|new| ExchangeRate {
            id: ExchangeRateId::new(),
            base_currency: new.base_currency,
            quote_currency: new.quote_currency,
            rate: new.rate,
            rate_date: new.rate_date,
            source: new.source,
            set_by: Subject::stored("u-1".to_owned()),
            set_at: at,
        });
        let table = RateTable::new("2024-06-28".parse().unwrap(), rows);
        let mut rates = Conversions::default();
        for from in ["USD", "EUR"] {
            rates.look_up(from.parse().unwrap(), "CNY".parse().unwrap(), &table);
        }
        rates
    }

    fn total(code: &str, buckets: &[i64], unapplied_minor: i64) -> AgingRow {
        let mut row = empty(AgingKey::default(), code.parse().unwrap(), buckets.len());
        for (content, minor) in row.buckets.iter_mut().zip(buckets) {
            content.amount_minor = *minor;
            content.invoices = i64::from(*minor != 0);
        }
        row.unapplied_minor = unapplied_minor;
        row.added_up().unwrap()
    }

    #[test]
    fn the_worked_example_of_a_total_over_all_currencies() {
        let all = [
            total("CNY", &[180_000_000, 0], 5_000_000),
            total("EUR", &[0, 12_000_000], 0),
            total("USD", &[8_000_000, 0], 1_000_000),
        ];
        let cny: Currency = "CNY".parse().unwrap();
        let told = converted(&all, cny, 2, rates()).unwrap();
        let sum = told.total.unwrap();
        assert_eq!(sum.outstanding_minor, 180_000_000 + 93_297_600 + 58_102_196);
        assert_eq!(sum.buckets[1].amount_minor, 93_297_600);
        assert_eq!(sum.unapplied_minor, 5_000_000 + 7_262_774);
        // Without a rate there is no total, not one of the rest.
        let told = converted(&all, "JPY".parse().unwrap(), 2, rates()).unwrap();
        assert_eq!(told.total, None);
        assert_eq!(told.missing.len(), 3);
    }

    proptest! {
        #[test]
        fn the_buckets_of_a_converted_total_add_up_to_each_currency_converted_once(
            dollars in prop::collection::vec(0i64..1_000_000_000, 6), euros in prop::collection::vec(0i64..1_000_000_000, 6),
        ) {
            let cny: Currency = "CNY".parse().unwrap();
            let all = [total("USD", &dollars, 0), total("EUR", &euros, 0)];
            let sum = converted(&all, cny, 6, rates()).unwrap().total.unwrap();
            let once: i64 = all
                .iter()
                .map(|row| rates().convert(row.outstanding_minor, row.currency, cny, Rounding::Up).unwrap())
                .sum();
            prop_assert_eq!(sum.outstanding_minor, once);
            prop_assert_eq!(sum.buckets.iter().map(|bucket| bucket.amount_minor).sum::<i64>(), once);
            prop_assert!(sum.buckets.iter().all(|bucket| bucket.amount_minor >= 0));
        }

        #[test]
        fn every_age_is_in_exactly_the_bucket_that_names_it(
            days in prop::collection::btree_set(1u32..=3_650, 1..=12),
            age in -400i64..4_000,
        ) {
            let days: Vec<String> = days.iter().map(ToString::to_string).collect();
            let bounds = BucketBounds::try_from(days.join(",")).unwrap();
            let as_of: NaiveDate = "2026-03-31".parse().unwrap();
            let found = place(&bounds, as_of, as_of - chrono::Duration::days(age));
            for (index, bucket) in bounds.buckets().iter().enumerate() {
                let after = bucket.from_days.is_none_or(|from| age >= i64::from(from));
                let before = bucket.to_days.is_none_or(|to| age <= i64::from(to));
                prop_assert_eq!(index == found, after && before);
            }
        }

        #[test]
        fn the_sum_of_buckets_is_what_is_outstanding(
            parts in prop::collection::vec((0u8..3, 0u8..2, -2i64..5, 1i64..1_000_000), 0..60),
        ) {
            let owners = ["a", "b", "c"];
            let currencies = ["CNY", "EUR"];
            let parts: Vec<AgingPart> = parts
                .into_iter()
                .map(|(owner, currency, bucket, amount_minor)| AgingPart {
                    customer: None,
                    owner: Some(owners[usize::from(owner)].parse().unwrap()),
                    legal_entity: None,
                    currency: currencies[usize::from(currency)].parse().unwrap(),
                    bucket,
                    amount_minor,
                    sold_minor: 0,
                    invoices: i64::from(bucket >= 0),
                })
                .collect();
            let rows = rows(&parts, 5).unwrap();
            let totals = totals(&rows, 5).unwrap();
            for code in currencies {
                let currency: Currency = code.parse().unwrap();
                let of_currency = || parts.iter().filter(|part| part.currency == currency);
                let outstanding: i64 = of_currency().filter(|p| p.bucket >= 0).map(|p| p.amount_minor).sum();
                let post_dated: i64 = of_currency().filter(|p| p.bucket == POST_DATED).map(|p| p.amount_minor).sum();
                let unapplied: i64 = of_currency().filter(|p| p.bucket == UNAPPLIED).map(|p| p.amount_minor).sum();
                let in_rows: i64 = rows.iter().filter(|r| r.currency == currency).map(|r| r.outstanding_minor).sum();
                prop_assert_eq!(in_rows, outstanding);
                let total = totals.iter().find(|total| total.currency == currency);
                prop_assert_eq!(total.map_or(0, |total| total.outstanding_minor), outstanding);
                prop_assert_eq!(total.map_or(0, |total| total.unapplied_minor), unapplied);
                prop_assert_eq!(total.map_or(0, |total| total.post_dated_minor), post_dated);
            }
        }
    }
}
