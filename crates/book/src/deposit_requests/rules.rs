//! Which deposit requests can be, and how late they are.

use chrono::{Days, NaiveDate};

use super::model::StandingRequest;
use crate::book::receivables::rules::{DUE_DAYS_MAX, DateError};

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
