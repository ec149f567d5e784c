//! What is done with periods, and what rooms that post ask of them.

mod reopening;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::input::{PeriodIn, PeriodsIn};
use super::model::{Period, PeriodStatus, PeriodViolation};
use super::rules::{self, PeriodFault};
use super::store::{self, Use};
use crate::book::entities::actions::{self as entities, EntityError};
use crate::book::entities::model::Ledger;
use crate::book::entities::store as entity_store;
use crate::platform::db::{Change, Db, DbError, Tx};
use kernel::ids::{LegalEntityId, PeriodId, PeriodViolationId};
use kernel::text::{Keyword, Note};

pub use reopening::PERIOD_REOPENING;

/// Why a use case on periods was refused.
#[derive(Debug, thiserror::Error)]
pub enum PeriodError {
    #[error("there is no such period")]
    Missing,
    #[error("periods of the list are wrong")]
    Faulty(Vec<(usize, PeriodFault)>),
    #[error("the period is {0}")]
    Is(PeriodStatus),
    #[error("the receivables are kept here: reopening takes two persons")]
    KeptHere { index: usize },
    #[error("is given twice")]
    Repeated { index: usize },
    #[error("it changed meanwhile")]
    Stale,
    #[error(transparent)]
    Entity(#[from] EntityError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Takes over how a legal entity's periods stand. Those that say the same already are left alone, so that the same list
/// twice changes nothing.
///
/// # Errors
/// When there is no such legal entity, a period ends before it begins or overlaps another, or a day of a closed one would
/// be open of an entity whose receivables are kept here.
pub fn take_over(tx: &mut Tx, input: &PeriodsIn) -> Result<Vec<Period>, PeriodError> {
    let entity = entities::find(tx, input.legal_entity.as_ref())?;
    let is_kept_here = ledger_of(tx, entity)? == Ledger::Ledger;
    store::lock(tx, Use::Changing)?;
    let before = store::list_of_entity(tx, entity)?;
    let by_code: BTreeMap<&Keyword, &Period> =
        before.iter().map(|period| (&period.code, period)).collect();
    let mut after: BTreeMap<PeriodId, Period> = before
        .iter()
        .map(|period| (period.id, period.clone()))
        .collect();
    let mut named = Vec::new();
    for (index, one) in input.periods.iter().enumerate() {
        let mut earlier = input.periods.iter().take(index);
        if earlier.any(|other| other.code == one.code) {
            return Err(PeriodError::Repeated { index });
        }
        let known = by_code.get(&one.code).copied();
        let period = said(tx, entity, one, known);
        named.push((index, period.id));
        after.insert(period.id, period);
    }
    let all: Vec<Period> = after.values().cloned().collect();
    let wrong: Vec<(usize, PeriodFault)> = named
        .iter()
        .filter_map(|(index, id)| Some((*index, rules::check(after.get(id)?, &all).err()?)))
        .collect();
    if !wrong.is_empty() {
        return Err(PeriodError::Faulty(wrong));
    }
    let reopened = named.iter().find(|(_, id)| {
        let old = before.iter().find(|old| old.id == *id);
        old.is_some_and(|old| rules::reopens(old, &all))
    });
    if let Some((index, _)) = reopened.filter(|_| is_kept_here) {
        return Err(PeriodError::KeptHere { index: *index });
    }
    let mut result = Vec::with_capacity(named.len());
    for (_, id) in named {
        let Some(period) = after.get(&id) else {
            continue;
        };
        let old = before.iter().find(|old| old.id == id);
        result.push(write(tx, old, period)?);
    }
    Ok(result)
}

fn said(tx: &Tx, entity: LegalEntityId, one: &PeriodIn, known: Option<&Period>) -> Period {
    Period {
        id: known.map_or_else(PeriodId::new, |known| known.id),
        legal_entity_id: entity,
        code: one.code.clone(),
        first_day: one.first_day.date(),
        last_day: one.last_day.date(),
        status: one.status,
        changed_by: tx.caller().subject.clone(),
        changed_at: tx.now(),
        version: known.map_or(1, |known| known.version),
    }
}

fn write(tx: &mut Tx, before: Option<&Period>, after: &Period) -> Result<Period, PeriodError> {
    let Some(before) = before else {
        store::insert(tx, after)?;
        tx.record(Change::new("period.created", after.id).after(after))?;
        return Ok(after.clone());
    };
    let says = |period: &Period| (period.first_day, period.last_day, period.status);
    if says(before) == says(after) {
        return Ok(before.clone());
    }
    save(tx, before, after, None)
}

fn save(
    tx: &mut Tx,
    before: &Period,
    after: &Period,
    reason: Option<&Note>,
) -> Result<Period, PeriodError> {
    let after = store::update_if_unchanged(tx, after)?.ok_or(PeriodError::Stale)?;
    let action = match (before.status, after.status) {
        (PeriodStatus::Open, PeriodStatus::Closed) => "period.closed",
        (PeriodStatus::Closed, PeriodStatus::Open) => "period.reopened",
        _ => "period.changed",
    };
    let mut change = Change::new(action, after.id).before(before).after(&after);
    if let Some(reason) = reason {
        change = change.because(reason);
    }
    tx.record(change)?;
    Ok(after)
}

/// Closes a period.
///
/// # Errors
/// When it is not there, closed already, or changed since `version`.
pub fn close(
    tx: &mut Tx,
    id: PeriodId,
    version: i64,
    reason: &Note,
) -> Result<Period, PeriodError> {
    store::lock(tx, Use::Changing)?;
    let before = store::find(tx, id)?.ok_or(PeriodError::Missing)?;
    if before.version != version {
        return Err(PeriodError::Stale);
    }
    if before.status == PeriodStatus::Closed {
        return Err(PeriodError::Is(before.status));
    }
    let after = with_status(tx, &before, PeriodStatus::Closed);
    save(tx, &before, &after, Some(reason))
}

fn with_status(tx: &Tx, period: &Period, status: PeriodStatus) -> Period {
    Period {
        status,
        changed_by: tx.caller().subject.clone(),
        changed_at: tx.now(),
        ..period.clone()
    }
}

fn ledger_of(db: &mut Db, entity: LegalEntityId) -> Result<Ledger, DbError> {
    let all = entity_store::list_all(db)?;
    let found = all.into_iter().find(|known| known.id == entity);
    Ok(found.map_or(Ledger::Mirror, |found| found.ledger))
}

/// A day that takes no posting, and the first one after it that does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the period {period} is closed for {day}: the first open day is {first_open}")]
pub struct PeriodClosed {
    pub period: Keyword,
    pub day: NaiveDate,
    pub first_open: NaiveDate,
}

/// The periods that are closed, by legal entity, and what was recorded in them all the same: read once for a unit of work.
#[derive(Debug, Default)]
pub struct ClosedPeriods {
    closed: BTreeMap<LegalEntityId, (Ledger, Vec<Period>)>,
    violations: Vec<PeriodViolation>,
}

impl ClosedPeriods {
    /// Reads them, and keeps them from being closed until the unit of work ends: none is closed over what is posted at the same
    /// moment.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read(tx: &mut Tx) -> Result<ClosedPeriods, DbError> {
        store::lock(tx, Use::Posting)?;
        let periods = store::list_closed(tx)?;
        let mut closed: BTreeMap<LegalEntityId, (Ledger, Vec<Period>)> = BTreeMap::new();
        if periods.is_empty() {
            return Ok(ClosedPeriods::default());
        }
        for entity in entity_store::list_all(tx)? {
            closed.insert(entity.id, (entity.ledger, Vec::new()));
        }
        for period in periods {
            if let Some((_, of_entity)) = closed.get_mut(&period.legal_entity_id) {
                of_entity.push(period);
            }
        }
        Ok(ClosedPeriods {
            closed,
            violations: Vec::new(),
        })
    }

    /// Whether something may be posted into a day of a legal entity's books. Where its receivables are kept elsewhere it may
    /// always, and is remembered as a violation, which [`ClosedPeriods::flag`] writes.
    ///
    /// # Errors
    /// When its receivables are kept here and the day is closed.
    pub fn check(
        &mut self,
        tx: &Tx,
        entity: LegalEntityId,
        day: NaiveDate,
        document: impl ToString,
    ) -> Result<(), PeriodClosed> {
        let Some((ledger, periods)) = self.closed.get(&entity) else {
            return Ok(());
        };
        let Some(closed) = rules::closed_on(periods, day) else {
            return Ok(());
        };
        if *ledger == Ledger::Ledger {
            return Err(PeriodClosed {
                period: closed.period.code.clone(),
                day,
                first_open: closed.first_open,
            });
        }
        let violation = PeriodViolation {
            id: PeriodViolationId::new(),
            period_id: closed.period.id,
            document_id: document.to_string(),
            day,
            created_by: tx.caller().subject.clone(),
            created_at: tx.now(),
        };
        self.violations.push(violation);
        Ok(())
    }

    /// Writes the violations of those documents that were posted.
    ///
    /// # Errors
    /// When the database fails.
    pub fn flag(self, tx: &mut Tx, was_posted: impl Fn(&str) -> bool) -> Result<(), DbError> {
        let flagged: Vec<PeriodViolation> = self
            .violations
            .into_iter()
            .filter(|violation| was_posted(&violation.document_id))
            .collect();
        if flagged.is_empty() {
            return Ok(());
        }
        store::insert_violations(tx, &flagged)?;
        let changes = flagged
            .iter()
            .map(|violation| Change::new("period.violated", violation.id).after(violation));
        tx.record_all(changes.collect())
    }
}
