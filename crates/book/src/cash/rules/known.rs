//! Which bookings of a statement are known from other statements already.

use std::collections::BTreeMap;

use chrono::NaiveDate;

/// What a booking is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub booking_date: NaiveDate,
    /// What it adds to the balance.
    pub signed_minor: i64,
    pub bank_reference: Option<String>,
    /// A hash of all that it says.
    pub digest: String,
    /// The balance after it, where the statement has balances.
    pub balance_minor: Option<i64>,
}

/// A booking of this day, in this way, under this reference of the bank's.
type ByReference = (NaiveDate, bool, String);

/// Says of each booking of a statement whether other statements of the account told of it.
///
/// - Bookings with the same reference of the bank's, day and direction are known when they add up to the same in both: a
///   notification tells of the payments of a batch one by one, the statement of the batch as a whole.
/// - Else a booking is known by what it says, as often as the others say it. Where both have balances, the balance after
///   it must be the same, too: two payments that look alike are two.
pub fn known(bookings: &[Seen], others: &[Seen]) -> Vec<bool> {
    let (ours, theirs) = (by_reference(bookings), by_reference(others));
    let mut left: Vec<&Seen> = others.iter().collect();
    bookings
        .iter()
        .map(|booking| {
            let by_reference = key_of(booking).is_some_and(|key| {
                theirs
                    .get(&key)
                    .is_some_and(|sum| ours.get(&key) == Some(sum))
            });
            if by_reference {
                return true;
            }
            let twin = left.iter().position(|other| is_twin(booking, other));
            if let Some(twin) = twin {
                left.swap_remove(twin);
            }
            twin.is_some()
        })
        .collect()
}

fn key_of(booking: &Seen) -> Option<ByReference> {
    let reference = booking.bank_reference.clone()?;
    Some((booking.booking_date, booking.signed_minor > 0, reference))
}

fn by_reference(bookings: &[Seen]) -> BTreeMap<ByReference, i128> {
    let mut sums: BTreeMap<ByReference, i128> = BTreeMap::new();
    for booking in bookings {
        if let Some(key) = key_of(booking) {
            *sums.entry(key).or_default() += i128::from(booking.signed_minor);
        }
    }
    sums
}

fn is_twin(one: &Seen, other: &Seen) -> bool {
    let balances_differ = matches!(
        (one.balance_minor, other.balance_minor),
        (Some(one), Some(other)) if one != other
    );
    one.digest == other.digest
        && one.booking_date == other.booking_date
        && one.signed_minor == other.signed_minor
        && !balances_differ
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(minor: i64, reference: Option<&str>, digest: &str, balance: Option<i64>) -> Seen {
        Seen {
            booking_date: "2026-03-31".parse().unwrap(),
            signed_minor: minor,
            bank_reference: reference.map(str::to_owned),
            digest: digest.to_owned(),
            balance_minor: balance,
        }
    }

    #[test]
    fn a_batch_is_known_from_its_payments() {
        let payments = [
            seen(20, Some("B-1"), "a", None),
            seen(30, Some("B-1"), "b", None),
        ];
        let batch = [seen(50, Some("B-1"), "c", Some(150))];
        assert_eq!(known(&batch, &payments), [true]);
        assert_eq!(known(&payments, &batch), [true, true]);
        let other = [seen(49, Some("B-1"), "c", Some(150))];
        assert_eq!(known(&other, &payments), [false]);
    }

    #[test]
    fn two_payments_that_look_alike_are_two_when_the_balance_says_so() {
        let morning = [seen(50, None, "a", Some(150))];
        let evening = [seen(50, None, "a", Some(200))];
        assert_eq!(known(&evening, &morning), [false]);
        assert_eq!(known(&morning, &morning), [true]);
        let without = [seen(50, None, "a", None), seen(50, None, "a", None)];
        assert_eq!(known(&without, &morning), [true, false]);
    }
}
