//! Which deposit requests can be, and how late they are.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};

use super::model::{DepositRequest, StandingRequest};
use crate::book::receivables::rules::{DUE_DAYS_MAX, DateError};
use kernel::ids::DepositRequestId;

/// A request is made on its day at the latest, and due from its day on.
///
/// # Errors
/// With the place that is wrong, when the dates are out of these bounds.
pub fn check_dates(
    today: NaiveDate,
    request_date: NaiveDate,
    due_date: NaiveDate,
) -> Result<(), (&'static str, DateError)> {
    if request_date > today {
        return Err(("/request_date", DateError::InFuture));
    }
    if due_date < request_date {
        return Err(("/due_date", DateError::BeforeDocument));
    }
    let last = request_date.checked_add_days(Days::new(DUE_DAYS_MAX));
    if last.is_none_or(|last| due_date > last) {
        return Err(("/due_date", DateError::LongAfterDocument));
    }
    Ok(())
}

/// Which requests for one order are paid in full by what came for it: what is due first is paid first.
///
/// Of 450.00, a request of 300.00 due on 10 April is, and one of 300.00 due on 10 May is not.
pub fn paid_in_full(
    requests: &[&DepositRequest],
    received_minor: i64,
) -> BTreeSet<DepositRequestId> {
    let mut by_due: Vec<&&DepositRequest> = requests.iter().collect();
    by_due.sort_by_key(|request| (request.due_date, request.id));
    let mut left = received_minor;
    let mut paid = BTreeSet::new();
    for request in by_due {
        if request.amount_minor > left {
            break;
        }
        left -= request.amount_minor;
        paid.insert(request.id);
    }
    paid
}

/// How many days a request is overdue: what is due on 31 March is, on 2 April, by 2 as long as something is open.
pub fn days_overdue(standing: &StandingRequest, today: NaiveDate) -> i64 {
    if standing.open_minor() == 0 {
        return 0;
    }
    let late = today.signed_duration_since(standing.request.due_date);
    late.num_days().max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn request(amount_minor: i64, due: &str) -> DepositRequest {
        DepositRequest {
            id: DepositRequestId::new(),
            number: "DR-1".parse().unwrap(),
            customer_id: kernel::ids::CustomerId::new(),
            account_id: kernel::ids::CreditAccountId::new(),
            legal_entity_id: kernel::ids::LegalEntityId::from_uuid(uuid::Uuid::nil()),
            order_number: "SO-1".parse().unwrap(),
            currency: "CNY".parse().unwrap(),
            amount_minor,
            request_date: day("2026-03-31"),
            due_date: day(due),
            label: None,
            cancelled_on: None,
            cancel_reason: None,
            created_by: kernel::text::Subject::stored("u-1".to_owned()),
            created_at: serde_json::from_str("\"2026-03-31T08:00:00Z\"").unwrap(),
            version: 1,
        }
    }

    #[test]
    fn what_is_due_first_is_paid_first() {
        let later = request(30_000, "2026-05-10");
        let first = request(30_000, "2026-04-10");
        let paid = |received| paid_in_full(&[&later, &first], received);
        assert_eq!(paid(29_999), BTreeSet::new());
        assert_eq!(paid(45_000), BTreeSet::from([first.id]));
        assert_eq!(paid(60_000), BTreeSet::from([first.id, later.id]));
    }

    #[test]
    fn a_request_is_made_by_today_and_due_from_then_on() {
        let today = day("2026-03-31");
        let check = |on: &str, due: &str| check_dates(today, day(on), day(due));
        assert_eq!(check("2026-03-31", "2026-03-31"), Ok(()));
        assert_eq!(
            check("2026-04-01", "2026-04-30"),
            Err(("/request_date", DateError::InFuture))
        );
        assert_eq!(
            check("2026-03-31", "2026-03-30"),
            Err(("/due_date", DateError::BeforeDocument))
        );
        assert_eq!(
            check("2026-03-31", "2062-03-31"),
            Err(("/due_date", DateError::LongAfterDocument))
        );
    }
}
