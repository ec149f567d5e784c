//! When a deadline is met.

use chrono::NaiveDate;

/// Why a deadline can't be met on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DayError {
    #[error("must not be in the future")]
    InFuture,
    #[error("must not be after the day on which it was due, {0}")]
    TooLate(NaiveDate),
}

/// Something was done in time when it was done by the day on which it was due, that day included. What was due on 10 April
/// and was done on 10 April is met, also when it is said on 12 April, as long as it is not counted as missed yet.
///
/// # Errors
/// When the day is after today or too late.
pub fn met_on(
    due_on: NaiveDate,
    today: NaiveDate,
    asked: Option<NaiveDate>,
) -> Result<NaiveDate, DayError> {
    let done_on = asked.unwrap_or(today);
    if done_on > today {
        return Err(DayError::InFuture);
    }
    if done_on > due_on {
        return Err(DayError::TooLate(due_on));
    }
    Ok(done_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_is_in_time_and_the_next_one_is_not() {
        let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
        let (due, next) = (day("2026-04-10"), day("2026-04-11"));
        assert_eq!(met_on(due, due, None), Ok(due));
        assert_eq!(met_on(due, next, Some(due)), Ok(due));
        assert_eq!(met_on(due, next, None), Err(DayError::TooLate(due)));
        assert_eq!(met_on(due, due, Some(next)), Err(DayError::InFuture));
    }
}
