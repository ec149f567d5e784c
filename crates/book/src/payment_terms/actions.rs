//! What is done with payment terms and calendars.

mod calendars;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::input::PaymentTermsIn;
use super::model::{Calendar, Instalment, PaymentTermsRow, Shift, Terms};
use super::rules::{self, TermsError};
use super::store;
use crate::platform::db::{Db, DbError, Tx, read_document};
use crate::platform::versions::actions as versions;
use crate::platform::versions::model::VersionError;
use crate::platform::versions::rules as version_rules;
use crate::platform::versions::store::{VersionTable as _, lock_live};
use kernel::money::Money;
use kernel::text::{Keyword, Note};
use methods::faults::Fault;

pub use calendars::{add_days, put_calendar};

/// Why a use case on payment terms or calendars was refused.
#[derive(Debug, thiserror::Error)]
pub enum PaymentTermsError {
    #[error("there is no such {0}")]
    Missing(&'static str),
    #[error("it makes no sense")]
    Faulty(Vec<Fault>),
    #[error("{0}")]
    Terms(#[from] TermsError),
    #[error("it changed meanwhile")]
    Stale,
    #[error(transparent)]
    Version(#[from] VersionError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The terms that a new book begins with: their codes, and what they say as JSON.
const SHIPPED: &str = include_str!("shipped/payment_terms.json");

/// Sets those shipped terms live of which no version is there.
///
/// # Errors
/// When the database fails.
pub fn ensure_shipped(tx: &mut Tx) -> Result<(), DbError> {
    let known = store::list_codes(tx)?;
    let shipped: BTreeMap<Keyword, Terms> = read_document(SHIPPED)?;
    for (code, terms) in shipped {
        if !known.contains(&code) {
            let reason = "The terms that a new book begins with.";
            versions::begin::<PaymentTermsRow>(tx, code, &terms, reason)?;
        }
    }
    Ok(())
}

/// Terms as they are live, with the calendars that they name: read once for many documents.
#[derive(Debug, Clone, Default)]
pub struct LiveTerms {
    terms: BTreeMap<Keyword, Terms>,
    calendars: BTreeMap<Keyword, Calendar>,
}

impl LiveTerms {
    /// Reads those of these codes that are live.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read(db: &mut Db, codes: &BTreeSet<&Keyword>) -> Result<LiveTerms, DbError> {
        if codes.is_empty() {
            return Ok(LiveTerms::default());
        }
        let codes: Vec<&Keyword> = codes.iter().copied().collect();
        let mut terms = BTreeMap::new();
        for row in store::list_live_of(db, &codes)? {
            terms.insert(row.code, read_document::<Terms>(&row.document)?);
        }
        let named: BTreeSet<&Keyword> = terms
            .values()
            .filter_map(|terms| terms.calendar.as_ref())
            .collect();
        let calendars = read_calendars(db, &named)?;
        Ok(LiveTerms { terms, calendars })
    }

    pub fn knows(&self, code: &Keyword) -> bool {
        self.terms.contains_key(code)
    }

    /// What an amount is due in under terms; `None` when they are not live.
    ///
    /// # Errors
    /// When the document has to state the due date and does not, or the terms have amounts in another currency.
    pub fn instalments(
        &self,
        code: &Keyword,
        amount: Money,
        baseline: NaiveDate,
        stated: Option<NaiveDate>,
    ) -> Result<Option<Vec<Instalment>>, TermsError> {
        let Some(terms) = self.terms.get(code) else {
            return Ok(None);
        };
        let calendar = terms
            .calendar
            .as_ref()
            .and_then(|code| self.calendars.get(code));
        rules::instalments(terms, calendar, amount, baseline, stated).map(Some)
    }

    /// In how many days the last instalment of an amount is due under terms, from a day on; `None` when they are not live.
    ///
    /// # Errors
    /// As [`LiveTerms::instalments`].
    pub fn last_due_in(
        &self,
        code: &Keyword,
        amount: Money,
        from: NaiveDate,
    ) -> Result<Option<i32>, TermsError> {
        let Some(parts) = self.instalments(code, amount, from, None)? else {
            return Ok(None);
        };
        let last = parts.iter().map(|part| part.due_date).max();
        let days = last.unwrap_or(from).signed_duration_since(from).num_days();
        Ok(Some(i32::try_from(days).unwrap_or(i32::MAX)))
    }
}

/// The calendars of these codes, for many documents.
///
/// # Errors
/// When the database fails.
pub fn read_calendars(
    db: &mut Db,
    codes: &BTreeSet<&Keyword>,
) -> Result<BTreeMap<Keyword, Calendar>, DbError> {
    if codes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let codes: Vec<&Keyword> = codes.iter().copied().collect();
    store::list_calendars_of(db, &codes)?
        .into_iter()
        .map(|row| Ok((row.code, read_document(&row.document)?)))
        .collect()
}

/// What an amount would be due in under a version of terms.
///
/// # Errors
/// When there is no such version, or as [`rules::instalments`].
pub fn try_on(
    db: &mut Db,
    code: &Keyword,
    number: Option<i32>,
    amount: Money,
    baseline: NaiveDate,
    stated: Option<NaiveDate>,
) -> Result<Vec<Instalment>, PaymentTermsError> {
    let row = find(db, code, number)?;
    let terms: Terms = read_document(&row.document)?;
    let named: BTreeSet<&Keyword> = terms.calendar.iter().collect();
    let calendars = read_calendars(db, &named)?;
    let calendar = terms.calendar.as_ref().and_then(|code| calendars.get(code));
    Ok(rules::instalments(
        &terms, calendar, amount, baseline, stated,
    )?)
}

/// The version of terms with a number, or the live one.
///
/// # Errors
/// When there is none.
pub fn find(
    db: &mut Db,
    code: &Keyword,
    number: Option<i32>,
) -> Result<PaymentTermsRow, PaymentTermsError> {
    let found = match number {
        Some(number) => store::find_version(db, code, number)?,
        None => PaymentTermsRow::find_live(db, code)?,
    };
    found.ok_or(PaymentTermsError::Missing("payment terms"))
}

/// Drafts the next version of terms, or the first one of a new code.
///
/// # Errors
/// When the terms make no sense, or name a calendar that is not there.
pub fn draft(
    tx: &mut Tx,
    code: &Keyword,
    input: &PaymentTermsIn,
) -> Result<PaymentTermsRow, PaymentTermsError> {
    let terms = checked(tx, input)?;
    Ok(versions::draft(tx, code.clone(), &terms, &input.reason)?)
}

/// Says anew what a draft says. Whoever does so has written it too, and can't set it live.
///
/// # Errors
/// When the version is not there, is no draft, changed since the row version `read`, or as [`draft`].
pub fn change(
    tx: &mut Tx,
    code: &Keyword,
    number: i32,
    read: i64,
    input: &PaymentTermsIn,
) -> Result<PaymentTermsRow, PaymentTermsError> {
    let before = find(tx, code, Some(number))?;
    let changed = version_rules::change(&before, read, &tx.caller().subject)?;
    let terms = checked(tx, input)?;
    versions::rewrite(tx, &before, changed, &terms, &input.reason)
}

/// Sets a draft live at once, and retires the version that was live.
///
/// # Errors
/// When the version is not there, is no draft, changed since the row version `read`, or the caller wrote it.
pub fn approve(
    tx: &mut Tx,
    code: &Keyword,
    number: i32,
    read: i64,
    reason: &Note,
) -> Result<PaymentTermsRow, PaymentTermsError> {
    let live = lock_live::<PaymentTermsRow>(tx, code)?;
    let before = find(tx, code, Some(number))?;
    versions::approve(tx, &before, read, live.as_ref(), reason)
}

fn checked(tx: &mut Tx, input: &PaymentTermsIn) -> Result<Terms, PaymentTermsError> {
    let terms = Terms {
        texts: input.texts.clone(),
        instalments: input.instalments.clone(),
        calendar: input.calendar.clone(),
        shift: input.shift.unwrap_or(Shift::None),
    };
    let mut faults = rules::faults(&terms);
    if let Some(calendar) = &terms.calendar
        && store::find_calendar(tx, calendar)?.is_none()
    {
        faults.push(Fault::new(
            "/calendar",
            "unknown_calendar",
            "there is no such calendar",
        ));
    }
    if faults.is_empty() {
        Ok(terms)
    } else {
        Err(PaymentTermsError::Faulty(faults))
    }
}
