//! Calendars: said whole, or with days added, such as the holidays of next year.

use std::collections::BTreeMap;

use super::PaymentTermsError;
use crate::book::payment_terms::input::{CalendarDaysIn, CalendarIn, DAYS_MAX};
use crate::book::payment_terms::model::{Calendar, CalendarRow, SpecialDay};
use crate::book::payment_terms::{rules, store};
use crate::platform::db::{Change, Tx, read_document, write_document};
use crate::platform::http::Precondition;
use kernel::text::Keyword;
use methods::faults::Fault;

/// Says a calendar whole: a new one, or one anew. What is due already stays so.
///
/// # Errors
/// When it is there and should not be, is not there and should be, changed meanwhile, or makes no sense.
pub fn put_calendar(
    tx: &mut Tx,
    code: &Keyword,
    precondition: Precondition,
    input: &CalendarIn,
) -> Result<CalendarRow, PaymentTermsError> {
    let calendar = Calendar {
        texts: input.texts.clone(),
        weekend: input.weekend.clone(),
        days: input.days.clone(),
    };
    let before = store::find_calendar(tx, code)?;
    match (precondition, before) {
        (Precondition::Absent, None) => {
            let row = row(tx, code, &sorted(calendar)?, 1)?;
            if !store::insert_calendar(tx, &row)? {
                return Err(PaymentTermsError::Stale);
            }
            tx.record(Change::new("calendar.created", code).after(&row))?;
            Ok(row)
        }
        (Precondition::Version(version), Some(before)) if version == before.version => {
            save(tx, &before, calendar)
        }
        (Precondition::Version(_), None) => Err(PaymentTermsError::Missing("calendar")),
        (Precondition::Absent | Precondition::Version(_), Some(_)) => Err(PaymentTermsError::Stale),
    }
}

/// Adds days to a calendar. Those that it has already are as they are said now, so that the same list twice changes nothing.
///
/// # Errors
/// When there is no such calendar, it changed meanwhile, or has too many days then.
pub fn add_days(
    tx: &mut Tx,
    code: &Keyword,
    input: &CalendarDaysIn,
) -> Result<CalendarRow, PaymentTermsError> {
    let before = store::find_calendar(tx, code)?.ok_or(PaymentTermsError::Missing("calendar"))?;
    let held: Calendar = read_document(&before.document)?;
    let mut days: BTreeMap<_, SpecialDay> = BTreeMap::new();
    for special in held.days.iter().chain(&input.days) {
        days.insert(special.day, special.clone());
    }
    let next = Calendar {
        days: days.into_values().collect(),
        ..held.clone()
    };
    if next == held {
        return Ok(before);
    }
    save(tx, &before, next)
}

fn save(
    tx: &mut Tx,
    before: &CalendarRow,
    calendar: Calendar,
) -> Result<CalendarRow, PaymentTermsError> {
    let after = row(tx, &before.code, &sorted(calendar)?, before.version)?;
    let after = store::update_calendar_if_unchanged(tx, &after)?.ok_or(PaymentTermsError::Stale)?;
    tx.record(
        Change::new("calendar.changed", &after.code)
            .before(before)
            .after(&after),
    )?;
    Ok(after)
}

/// The calendar with its days in order.
fn sorted(mut calendar: Calendar) -> Result<Calendar, PaymentTermsError> {
    calendar.days.sort_by_key(|special| special.day);
    calendar.weekend.sort();
    calendar.weekend.dedup();
    let mut faults = rules::calendar_faults(&calendar);
    if calendar.days.len() > DAYS_MAX {
        faults.push(Fault::new(
            "/days",
            "too_many",
            format!("must be at most {DAYS_MAX} days in all"),
        ));
    }
    if faults.is_empty() {
        Ok(calendar)
    } else {
        Err(PaymentTermsError::Faulty(faults))
    }
}

fn row(
    tx: &Tx,
    code: &Keyword,
    calendar: &Calendar,
    version: i64,
) -> Result<CalendarRow, PaymentTermsError> {
    Ok(CalendarRow {
        code: code.clone(),
        document: write_document(calendar)?,
        changed_by: tx.caller().subject.clone(),
        changed_at: tx.now(),
        version,
    })
}
