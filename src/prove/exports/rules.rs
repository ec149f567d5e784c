//! What may be asked of an export, and which part of a file a request wants.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate};

use super::model::package::{MovementNote, RollForward};
use super::model::{Export, ExportFormat, ExportStatus};
use crate::platform::jobs::model::JobStatus;
use kernel::clock::Instant;
use kernel::money::{Currency, Money, SumTooLarge};

/// The name under which the audit package is asked for.
pub const PACKAGE: &str = "audit_package";

/// Which days an export is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// All there is.
    All,
    /// From the first day to the last one.
    Days(NaiveDate, NaiveDate),
}

/// Why an export can't be bounded so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BoundsError {
    #[error("a period has both its days")]
    HalfPeriod,
    #[error("must not be before the first day of the period")]
    Reversed,
    #[error("goes with no period")]
    PeriodAndDay,
    #[error("the table has no days by which it could be bounded")]
    NoDay,
    #[error("an audit package has a period")]
    PeriodNeeded,
    #[error("an audit package is a zip, and nothing else is")]
    Format,
    #[error("an audit package ends today at the latest")]
    InFuture,
}

impl BoundsError {
    /// The member that is wrong, and the code of it.
    pub const fn place(self) -> (&'static str, &'static str) {
        match self {
            BoundsError::HalfPeriod => ("/period_to", "half_period"),
            BoundsError::Reversed => ("/period_to", "reversed_period"),
            BoundsError::PeriodAndDay => ("/as_of", "period_and_day"),
            BoundsError::NoDay => ("/table", "no_day"),
            BoundsError::PeriodNeeded => ("/period_from", "period_needed"),
            BoundsError::Format => ("/format", "wrong_format"),
            BoundsError::InFuture => ("/period_to", "in_future"),
        }
    }
}

/// Before all days that can be told.
pub const FIRST_DAY: NaiveDate = match NaiveDate::from_ymd_opt(1900, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// Which days an export is about, where its table has days.
///
/// # Errors
/// When what is asked does not go together.
pub fn bounds(export: &Export, has_day: bool) -> Result<Bounds, BoundsError> {
    let is_package = export.table_name == PACKAGE;
    if is_package != (export.format == ExportFormat::Zip) {
        return Err(BoundsError::Format);
    }
    let bounds = match (export.period_from, export.period_to, export.as_of) {
        (None, None, None) => Bounds::All,
        (Some(first), Some(last), None) if first > last => return Err(BoundsError::Reversed),
        (Some(first), Some(last), None) => Bounds::Days(first, last),
        (None, None, Some(day)) => Bounds::Days(FIRST_DAY, day),
        (_, _, Some(_)) => return Err(BoundsError::PeriodAndDay),
        (_, _, None) => return Err(BoundsError::HalfPeriod),
    };
    if is_package && (export.period_from.is_none() || bounds == Bounds::All) {
        return Err(BoundsError::PeriodNeeded);
    }
    if bounds != Bounds::All && !has_day {
        return Err(BoundsError::NoDay);
    }
    Ok(bounds)
}

/// Where an export stands.
pub fn status(export: &Export, job: JobStatus, now: Instant) -> ExportStatus {
    match job {
        JobStatus::Receiving | JobStatus::Queued => ExportStatus::Queued,
        JobStatus::Running => ExportStatus::Running,
        JobStatus::Failed => ExportStatus::Failed,
        JobStatus::Cancelled => ExportStatus::Cancelled,
        JobStatus::Succeeded if export.deleted_at.is_some() || export.expires_at <= now => {
            ExportStatus::Expired
        }
        JobStatus::Succeeded => ExportStatus::Ready,
    }
}

/// What the file is called: the table and its days.
pub fn file_name(export: &Export) -> String {
    let days = match (export.period_from, export.period_to, export.as_of) {
        (Some(first), Some(last), _) => format!("_{}_{}", compact(first), compact(last)),
        (_, _, Some(day)) => format!("_{}", compact(day)),
        _ => String::new(),
    };
    format!("{}{days}.{}", export.table_name, export.format)
}

/// A day without separators, `20260331`.
pub fn compact(day: NaiveDate) -> String {
    format!("{:04}{:02}{:02}", day.year(), day.month(), day.day())
}

/// Sums by currency, in minor units.
pub type Totals = BTreeMap<Currency, i128>;

/// What one kind of movement came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub kind: String,
    pub entries: i64,
    pub minor: i128,
}

/// How balances came from one day to another in each currency, and whether it holds: opening and movements come to the closing
/// balance, and so do the items that are open then.
///
/// # Errors
/// When a sum is more than can be told.
pub fn roll_forward(
    opening: &Totals,
    moved: &BTreeMap<Currency, Vec<Moved>>,
    closing: &Totals,
    open_items: &Totals,
) -> Result<Vec<RollForward>, SumTooLarge> {
    let named = opening.keys().chain(moved.keys()).chain(closing.keys());
    let currencies: BTreeSet<Currency> = named.chain(open_items.keys()).copied().collect();
    let of = |totals: &Totals, currency| totals.get(currency).copied().unwrap_or_default();
    let mut all = Vec::new();
    for currency in &currencies {
        let movements = moved.get(currency).map(Vec::as_slice).unwrap_or_default();
        let change: i128 = movements.iter().map(|one| one.minor).sum();
        let (before, after) = (of(opening, currency), of(closing, currency));
        let open = of(open_items, currency);
        let difference = after - before - change;
        let told = |minor: i128| told(minor, *currency);
        all.push(RollForward {
            currency: currency.to_string(),
            opening: told(before)?,
            movements: movements
                .iter()
                .map(|one| {
                    Ok(MovementNote {
                        kind: one.kind.clone(),
                        entries: one.entries,
                        amount: told(one.minor)?,
                    })
                })
                .collect::<Result<_, SumTooLarge>>()?,
            closing: told(after)?,
            difference: told(difference)?,
            open_items: told(open)?,
            holds: difference == 0 && open == after,
        });
    }
    Ok(all)
}

fn told(minor: i128, currency: Currency) -> Result<String, SumTooLarge> {
    let minor = i64::try_from(minor).map_err(|_| SumTooLarge)?;
    Ok(Money::from_minor(minor, currency).amount_text())
}

/// Sums as they are told; one that is too large for that as its minor units.
pub fn told_totals(totals: &Totals) -> BTreeMap<String, String> {
    let one = |(currency, minor): (&Currency, &i128)| {
        let text = told(*minor, *currency).unwrap_or_else(|_| format!("{minor} minor units"));
        (currency.to_string(), text)
    };
    totals.iter().map(one).collect()
}

/// A name of ours under a name of the standard's make: `Customer_ID` of `customer_id`.
pub fn titled(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        match (word, letters.next()) {
            ("id", _) => "ID".to_owned(),
            (_, Some(first)) => first.to_uppercase().chain(letters).collect(),
            (_, None) => String::new(),
        }
    };
    name.split('_').map(word).collect::<Vec<_>>().join("_")
}

/// The part of a file that `Range` asks for, from its first byte to its last; none for the whole of it, as where there are
/// several parts or another unit.
///
/// # Errors
/// When it begins behind the end.
pub fn part(range: Option<&str>, bytes: i64) -> Result<Option<(i64, i64)>, BehindTheEnd> {
    let Some(spec) = range.and_then(|range| range.trim().strip_prefix("bytes=")) else {
        return Ok(None);
    };
    let Some((first, last)) = spec.split_once('-') else {
        return Ok(None);
    };
    let number = |text: &str| -> Option<i64> {
        let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        all_digits.then(|| text.parse().unwrap_or(i64::MAX))
    };
    match (number(first), number(last)) {
        (Some(first), None) if last.is_empty() && first < bytes => Ok(Some((first, bytes - 1))),
        (Some(first), Some(last)) if first <= last && first < bytes => {
            Ok(Some((first, last.min(bytes - 1))))
        }
        (Some(first), Some(last)) if first > last => Ok(None),
        (Some(_), _) if last.is_empty() || number(last).is_some() => Err(BehindTheEnd),
        // The last so many bytes.
        (None, Some(count)) if first.is_empty() => {
            if count == 0 || bytes == 0 {
                return Err(BehindTheEnd);
            }
            Ok(Some(((bytes - count).max(0), bytes - 1)))
        }
        _ => Ok(None),
    }
}

/// The part begins behind the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BehindTheEnd;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balance_that_does_not_follow_is_told() {
        let cny: Currency = "CNY".parse().unwrap();
        let totals = |minor: i128| Totals::from([(cny, minor)]);
        let moved = |minor: i128| {
            let one = Moved {
                kind: "invoice".to_owned(),
                entries: 1,
                minor,
            };
            BTreeMap::from([(cny, vec![one])])
        };
        let holds = roll_forward(&totals(1000), &moved(250), &totals(1250), &totals(1250)).unwrap();
        assert!(holds[0].holds && holds[0].closing == "12.50" && holds[0].difference == "0.00");
        let breaks =
            roll_forward(&totals(1000), &moved(200), &totals(1250), &totals(1250)).unwrap();
        assert!(!breaks[0].holds && breaks[0].difference == "0.50");
        let open = roll_forward(&totals(1000), &moved(250), &totals(1250), &totals(1249)).unwrap();
        assert!(!open[0].holds);
        assert_eq!(titled("customer_id"), "Customer_ID");
    }

    #[test]
    fn parts_of_a_file_are_as_rfc_9110_has_them() {
        for (range, wanted) in [
            (None, Ok(None)),
            (Some("bytes=0-99"), Ok(Some((0, 99)))),
            (Some("bytes=900-"), Ok(Some((900, 999)))),
            (Some("bytes=-100"), Ok(Some((900, 999)))),
            (Some("bytes=-5000"), Ok(Some((0, 999)))),
            (Some("bytes=990-5000"), Ok(Some((990, 999)))),
            (Some("bytes=1000-"), Err(BehindTheEnd)),
            (Some("bytes=1000-2000"), Err(BehindTheEnd)),
            (Some("bytes=99999999999999999999-"), Err(BehindTheEnd)),
            (Some("bytes=-0"), Err(BehindTheEnd)),
            (Some("bytes=5-1"), Ok(None)),
            (Some("bytes=0-1,4-5"), Ok(None)),
            (Some("lines=1-2"), Ok(None)),
            (Some("bytes=x"), Ok(None)),
            (Some("bytes=-"), Ok(None)),
        ] {
            assert_eq!(part(range, 1000), wanted, "{range:?}");
        }
        assert_eq!(part(Some("bytes=0-"), 0), Err(BehindTheEnd));
    }
}
