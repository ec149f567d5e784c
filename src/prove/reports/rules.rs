//! How receivables age (formulas 3.12).

use std::collections::BTreeMap;

use super::model::{AgingKey, AgingPart, AgingRow, Content, POST_DATED, SOLD, UNAPPLIED};
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
        };
        let row = rows
            .entry((key.clone(), part.currency))
            .or_insert_with(|| empty(key, part.currency, buckets));
        add(row, part.bucket, part.amount_minor, part.invoices)?;
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
        for (sum, content) in total.buckets.iter_mut().zip(&row.buckets) {
            sum.amount_minor = sum_minor([sum.amount_minor, content.amount_minor])?;
            sum.invoices += content.invoices;
        }
        total.unapplied_minor = sum_minor([total.unapplied_minor, row.unapplied_minor])?;
        total.post_dated_minor = sum_minor([total.post_dated_minor, row.post_dated_minor])?;
        total.sold_minor = sum_minor([total.sold_minor, row.sold_minor])?;
    }
    totals.into_values().map(AgingRow::added_up).collect()
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

fn add(
    row: &mut AgingRow,
    bucket: i64,
    amount_minor: i64,
    invoices: i64,
) -> Result<(), SumTooLarge> {
    if bucket == UNAPPLIED {
        row.unapplied_minor = sum_minor([row.unapplied_minor, amount_minor])?;
        return Ok(());
    }
    if bucket == POST_DATED {
        row.post_dated_minor = sum_minor([row.post_dated_minor, amount_minor])?;
        return Ok(());
    }
    if bucket == SOLD {
        row.sold_minor = sum_minor([row.sold_minor, amount_minor])?;
        return Ok(());
    }
    let content = usize::try_from(bucket)
        .ok()
        .and_then(|place| row.buckets.get_mut(place));
    if let Some(content) = content {
        content.amount_minor = sum_minor([content.amount_minor, amount_minor])?;
        content.invoices += invoices;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prove::reports::model::BoundsError;
    use crate::prove::reports::model::Bucket;
    use crate::prove::reports::model::BucketBounds;
    use chrono::NaiveDate;
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

    proptest! {
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
                    currency: currencies[usize::from(currency)].parse().unwrap(),
                    bucket,
                    amount_minor,
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
