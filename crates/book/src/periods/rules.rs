//! Which days are closed.

use chrono::NaiveDate;

use super::model::{Period, PeriodStatus};

/// Why a day takes no posting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed<'a> {
    pub period: &'a Period,
    /// The first day from the one asked for on that takes one.
    pub first_open: NaiveDate,
}

/// The closed period in which a day lies, when it does.
///
/// January to March are closed: 15 February is refused, and the first open day is 1 April.
pub fn closed_on(periods: &[Period], day: NaiveDate) -> Option<Closed<'_>> {
    let find = |day: NaiveDate| {
        periods
            .iter()
            .find(|period| period.status == PeriodStatus::Closed && period.has(day))
    };
    let period = find(day)?;
    let mut first_open = day;
    // Each step leaves one more period behind, so that there are no more steps than periods.
    for _ in periods {
        match find(first_open) {
            Some(closed) => first_open = closed.last_day.succ_opt().unwrap_or(NaiveDate::MAX),
            None => break,
        }
    }
    Some(Closed { period, first_open })
}

/// Whether a day of a period that was closed is open when the periods are these: also when it is shorter or elsewhere, and
/// no other closed one has its days.
///
/// March was closed. It reopens when it is open, when it ends on the 30th, and when it is moved to April; not when a closed
/// one to the 15th and another from the 16th on take its place.
pub fn reopens(was: &Period, now: &[Period]) -> bool {
    if was.status != PeriodStatus::Closed {
        return false;
    }
    closed_on(now, was.first_day).is_none_or(|closed| closed.first_open <= was.last_day)
}

/// Why a period can't be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodFault {
    #[error("must not be before the first day")]
    Backwards,
    #[error("has days in common with the period {0}")]
    Overlaps(String),
}

/// # Errors
/// When it ends before it begins, or has a day in common with another of its entity.
pub fn check(period: &Period, others: &[Period]) -> Result<(), PeriodFault> {
    if period.last_day < period.first_day {
        return Err(PeriodFault::Backwards);
    }
    let overlaps = |other: &&Period| {
        other.id != period.id
            && other.first_day <= period.last_day
            && period.first_day <= other.last_day
    };
    match others.iter().find(overlaps) {
        Some(other) => Err(PeriodFault::Overlaps(other.code.to_string())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::clock::Instant;
    use kernel::ids::{LegalEntityId, PeriodId};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn period(code: &str, first: &str, last: &str, status: PeriodStatus) -> Period {
        let at: Instant = serde_json::from_str("\"2026-04-30T08:00:00Z\"").unwrap();
        Period {
            id: PeriodId::new(),
            legal_entity_id: LegalEntityId::from_uuid(uuid::Uuid::nil()),
            code: code.parse().unwrap(),
            first_day: day(first),
            last_day: day(last),
            status,
            changed_by: kernel::text::Subject::stored("u-1".to_owned()),
            changed_at: at,
            version: 1,
        }
    }

    #[test]
    fn the_worked_example_of_closed_months() {
        use PeriodStatus::{Closed, Open};
        let periods = [
            period("2026-03", "2026-03-01", "2026-03-31", Closed),
            period("2026-01", "2026-01-01", "2026-01-31", Closed),
            period("2026-02", "2026-02-01", "2026-02-28", Closed),
            period("2026-04", "2026-04-01", "2026-04-30", Open),
        ];
        let found = closed_on(&periods, day("2026-02-15")).unwrap();
        assert_eq!(found.period.code.as_str(), "2026-02");
        assert_eq!(found.first_open, day("2026-04-01"));
        for open in ["2025-12-31", "2026-04-01", "2026-05-01"] {
            assert_eq!(closed_on(&periods, day(open)), None, "{open}");
        }
        assert_eq!(closed_on(&[], day("2026-02-15")), None);
    }

    #[test]
    fn a_closed_period_is_open_again_when_a_day_of_it_is() {
        use PeriodStatus::{Closed, Open};
        let march = period("m", "2026-03-01", "2026-03-31", Closed);
        let now = |first: &str, last: &str, status| [period("m", first, last, status)];
        for (first, last, status, reopened) in [
            ("2026-03-01", "2026-03-31", Closed, false),
            ("2026-02-01", "2026-04-30", Closed, false),
            ("2026-03-01", "2026-03-31", Open, true),
            ("2026-03-01", "2026-03-30", Closed, true),
            ("2026-03-02", "2026-03-31", Closed, true),
            ("2026-04-01", "2026-04-30", Closed, true),
        ] {
            let found = reopens(&march, &now(first, last, status));
            assert_eq!(found, reopened, "{first} {last} {status}");
        }
        let halves = |second| {
            [
                period("m", "2026-03-01", "2026-03-15", Closed),
                period("n", "2026-03-16", "2026-03-31", second),
            ]
        };
        assert!(!reopens(&march, &halves(Closed)));
        assert!(reopens(&march, &halves(Open)));
        let open = period("m", "2026-03-01", "2026-03-31", Open);
        assert!(!reopens(&open, &[]));
    }

    #[test]
    fn periods_of_an_entity_have_no_day_in_common() {
        let march = period("m", "2026-03-01", "2026-03-31", PeriodStatus::Open);
        let later = period("l", "2026-03-31", "2026-04-30", PeriodStatus::Open);
        let backwards = period("b", "2026-03-31", "2026-03-30", PeriodStatus::Open);
        assert_eq!(check(&march, std::slice::from_ref(&march)), Ok(()));
        assert_eq!(
            check(&later, std::slice::from_ref(&march)),
            Err(PeriodFault::Overlaps("m".to_owned()))
        );
        assert_eq!(check(&backwards, &[]), Err(PeriodFault::Backwards));
    }
}
