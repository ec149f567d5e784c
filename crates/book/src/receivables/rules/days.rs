//! From which day something counts that is done to documents later.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::DateError;
use crate::book::receivables::model::Settlement;
use kernel::ids::SettlementId;

/// The day from which a reversal, a cancellation or a later application counts: the one that is asked for, else today.
/// What was wrong from the start counts from the document's own date, a bounced payment from the day on which it
/// bounced.
///
/// A receipt of 5 March that is reversed on 31 March counts until any day from 5 to 31 March. An invoice of tomorrow can
/// be cancelled today.
///
/// # Errors
/// When the day is after today, or before the document's own.
pub fn counts_from(
    today: NaiveDate,
    document_on: NaiveDate,
    asked: Option<NaiveDate>,
) -> Result<NaiveDate, DateError> {
    let day = asked.unwrap_or(today);
    if day > today {
        return Err(DateError::InFuture);
    }
    if day < document_on.min(today) {
        return Err(DateError::BeforeDocument);
    }
    Ok(day)
}

/// What undoes all that some money settles, from a day on: rows with the day from which each of them is to be undone.
/// `rows` are settlements of one receipt or credit note with what undid them.
///
/// A settlement of 10 March is undone from 20 March on, or from its own day when that is later. One that was undone
/// already from 25 March on is undone from 20 March on instead: the undoing of 25 March is undone on its day.
pub fn taken_back_from(rows: &[Settlement], from: NaiveDate) -> Vec<(&Settlement, NaiveDate)> {
    let undoings: BTreeMap<SettlementId, &Settlement> = rows
        .iter()
        .filter_map(|row| Some((row.reverses_id?, row)))
        .collect();
    let mut taken_back = Vec::new();
    for row in rows.iter().filter(|row| row.reverses_id.is_none()) {
        let day = from.max(row.effective_on);
        match undoings.get(&row.id) {
            None => taken_back.push((row, day)),
            Some(undoing) if undoing.effective_on > day => {
                taken_back.push((undoing, undoing.effective_on));
                taken_back.push((row, day));
            }
            Some(_) => {}
        }
    }
    taken_back
}

/// The first day from which on so much of some money is in no use; none when it never is so. `uses` are the days from which
/// parts of it settle an invoice or are held for a refund, and with negative amounts those from which they no longer are.
///
/// Of 100.00, 80.00 settled an invoice from 10 to 19 March: 20.00 are free from ever, 100.00 from 20 March on.
pub fn free_from(
    amount_minor: i64,
    wanted_minor: i64,
    uses: &[(NaiveDate, i64)],
) -> Option<NaiveDate> {
    let days: BTreeSet<NaiveDate> = uses.iter().map(|(day, _)| *day).collect();
    let mut free = (amount_minor >= wanted_minor).then_some(NaiveDate::MIN);
    for day in days {
        let taken = uses
            .iter()
            .filter(|(from, _)| *from <= day)
            .map(|(_, minor)| i128::from(*minor))
            .sum::<i128>();
        let is_free = i128::from(amount_minor) - taken >= i128::from(wanted_minor);
        free = match (is_free, free) {
            (false, _) => None,
            (true, None) => Some(day),
            (true, Some(since)) => Some(since),
        };
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::clock::Instant;
    use kernel::ids::{CustomerId, InvoiceId, ReceiptId};
    use proptest::prelude::*;

    fn day(offset: i64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, 1).unwrap() + chrono::Duration::days(offset)
    }

    fn settled(amount_minor: i64, on: i64) -> Settlement {
        let at: Instant = serde_json::from_str("\"2026-03-31T08:00:00Z\"").unwrap();
        Settlement {
            id: SettlementId::new(),
            invoice_id: InvoiceId::new(),
            customer_id: CustomerId::new(),
            receipt_id: Some(ReceiptId::new()),
            credit_note_id: None,
            amount_minor,
            effective_on: day(on),
            reverses_id: None,
            created_by: kernel::text::Subject::stored("u-1".to_owned()),
            created_at: at,
            item_id: None,
            kind: crate::book::receivables::model::SettlementKind::Payment,
            used_minor: amount_minor,
            used_currency: None,
            rate: None,
            difference_minor: None,
            difference_currency: None,
            reason: None,
        }
    }

    fn undone(row: &Settlement, on: NaiveDate) -> Settlement {
        Settlement {
            id: SettlementId::new(),
            amount_minor: -row.amount_minor,
            used_minor: -row.used_minor,
            effective_on: on,
            reverses_id: Some(row.id),
            ..row.clone()
        }
    }

    /// What counts at the end of a day.
    fn sum(rows: &[Settlement], on: NaiveDate) -> i64 {
        let until = rows.iter().filter(|row| row.effective_on <= on);
        until.map(|row| row.amount_minor).sum()
    }

    #[test]
    fn a_document_is_taken_back_from_its_own_day_to_today() {
        let (own, today) = (day(4), day(30));
        assert_eq!(counts_from(today, own, None), Ok(today));
        for asked in [own, day(10), today] {
            assert_eq!(counts_from(today, own, Some(asked)), Ok(asked));
        }
        let ask = |asked| counts_from(today, own, Some(asked));
        assert_eq!(ask(day(3)), Err(DateError::BeforeDocument));
        assert_eq!(ask(day(31)), Err(DateError::InFuture));
        // Of tomorrow: it can be cancelled today, and not before.
        let tomorrow = day(31);
        assert_eq!(counts_from(today, tomorrow, None), Ok(today));
        let ask = |asked| counts_from(today, tomorrow, Some(asked));
        assert_eq!(ask(today), Ok(today));
        assert_eq!(ask(day(29)), Err(DateError::BeforeDocument));
        assert_eq!(ask(tomorrow), Err(DateError::InFuture));
    }

    #[test]
    fn the_worked_example_of_taking_back() {
        let row = settled(100, 10);
        let one = std::slice::from_ref(&row);
        assert_eq!(taken_back_from(one, day(20)), [(&row, day(20))]);
        assert_eq!(taken_back_from(one, day(5)), [(&row, day(10))]);
        let later = [row.clone(), undone(&row, day(25))];
        assert_eq!(
            taken_back_from(&later, day(20)),
            [(&later[1], day(25)), (&later[0], day(20))]
        );
        assert_eq!(taken_back_from(&later, day(25)), []);
        assert_eq!(taken_back_from(&later, day(28)), []);
    }

    #[test]
    fn the_worked_example_of_free_money() {
        let row = settled(8_000, 10);
        let rows = uses(&[row.clone(), undone(&row, day(20))]);
        assert_eq!(free_from(10_000, 2_000, &rows), Some(NaiveDate::MIN));
        assert_eq!(free_from(10_000, 2_001, &rows), Some(day(20)));
        assert_eq!(free_from(10_000, 10_000, &rows), Some(day(20)));
        assert_eq!(free_from(10_000, 10_001, &rows), None);
        assert_eq!(free_from(10_000, 10_000, &[]), Some(NaiveDate::MIN));
    }

    fn uses(rows: &[Settlement]) -> Vec<(NaiveDate, i64)> {
        rows.iter()
            .map(|row| (row.effective_on, row.used_minor))
            .collect()
    }

    /// Settlements, each undone some days later or not.
    fn histories() -> impl Strategy<Value = Vec<Settlement>> {
        let one = (1i64..1_000, 0i64..30, prop::option::of(0i64..30));
        prop::collection::vec(one, 0..8).prop_map(|all| {
            let mut rows = Vec::new();
            for (minor, on, undo) in all {
                let row = settled(minor, on);
                let undoing = undo.map(|after| undone(&row, day(on + after)));
                rows.push(row);
                rows.extend(undoing);
            }
            rows
        })
    }

    proptest! {
        #[test]
        fn what_is_taken_back_counts_nothing_from_its_day_on_and_as_before_until_then(
            rows in histories(), from in -5i64..70,
        ) {
            let back = taken_back_from(&rows, day(from));
            let mut after = rows.clone();
            after.extend(back.iter().map(|(row, on)| undone(row, *on)));
            for offset in -5..70 {
                let expected = if offset < from { sum(&rows, day(offset)) } else { 0 };
                // A settlement whose day is later than that of taking back never counts.
                prop_assert_eq!(sum(&after, day(offset)), expected);
            }
        }

        #[test]
        fn money_is_free_from_the_first_day_after_which_it_always_is(
            rows in histories(), amount in 0i64..9_000, wanted in 0i64..9_000,
        ) {
            let is_free = |on: i64| (on..70).all(|later| amount - sum(&rows, day(later)) >= wanted);
            match free_from(amount, wanted, &uses(&rows)) {
                None => prop_assert!(!is_free(69)),
                Some(from) => for offset in -5..70 {
                    prop_assert_eq!(is_free(offset), day(offset) >= from);
                },
            }
        }
    }
}
