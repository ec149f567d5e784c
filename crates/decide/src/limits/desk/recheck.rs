//! The safety net: decisions from memory are made again from freshly read facts, before they are written.

use std::collections::BTreeMap;

use super::batch::Batch;
use super::figures::Recheck;
use super::{Answered, CheckRequest, DeskError, Reply};
use crate::book::exchange_rates::rules::{Conversion, Conversions};
use crate::book::exposure::store as accounts;
use crate::decide::limits::check::facts::Facts;
use crate::decide::limits::record::Decided;
use crate::platform::db::{Backend, Db, DbError, RowVersion};
use crate::platform::http::Ended;
use kernel::ids::CreditAccountId;

/// Decides the checks of a batch from memory again from freshly read facts, in a transaction that has locked the accounts
/// which the batch moves. Where somebody else changed an account since it was remembered, there is nothing to compare: the write refuses it.
///
/// # Errors
/// When the database fails.
pub fn recheck(
    db: &mut Db,
    batch: &Batch,
    asked: &[CheckRequest],
    answers: &[Answered],
) -> Result<Recheck, DbError> {
    let mut fresh = Batch::read_at(db, asked, batch.now())?;
    if batch.knows_less_than(&fresh) {
        return Ok(Recheck::Void);
    }
    let fresh_answers = fresh.answer_all(asked)?;
    // After the facts were read: whose row is still the same was not changed before.
    if db.backend() == Backend::Postgres && has_moved(db, batch)? {
        return Ok(Recheck::Void);
    }
    // Exchange rates are remembered nowhere; one that came between the two readings tells nothing of memory.
    if answers
        .iter()
        .zip(&fresh_answers)
        .any(|(answer, fresh)| rates_of(answer) != rates_of(fresh))
    {
        return Ok(Recheck::Void);
    }
    for (answer, fresh) in answers.iter().zip(&fresh_answers) {
        if !is_same(answer, fresh) {
            tracing::error!(
                from_memory = ?answer,
                from_fresh_facts = ?fresh,
                "a decision from the credit desk's memory differs from one from freshly read facts"
            );
            return Ok(Recheck::Different);
        }
    }
    Ok(Recheck::Equal)
}

/// Whether an account has another row version than it was remembered with.
fn has_moved(db: &mut Db, batch: &Batch) -> Result<bool, DbError> {
    let now: BTreeMap<CreditAccountId, RowVersion> =
        accounts::list_with_row_versions(db, &batch.customers_with_accounts())?
            .into_iter()
            .map(|(account, version)| (account.id, version))
            .collect();
    let mut remembered = batch.row_versions();
    Ok(remembered.any(|(account, version)| now.get(account) != Some(version)))
}

/// The exchange rates that a decision was made with.
fn rates_of(answer: &Answered) -> Option<(&Conversions, Option<&Conversion>)> {
    match answer {
        Ok(Ended::Fresh(Reply::Decision(decided, _))) => {
            let facts = &decided.record.facts;
            Some((&facts.rates, facts.conversion.as_ref()))
        }
        _ => None,
    }
}

fn is_same(answer: &Answered, fresh: &Answered) -> bool {
    match (answer, fresh) {
        (Ok(Ended::Fresh(answer)), Ok(Ended::Fresh(fresh))) => match (answer, fresh) {
            (Reply::Decision(decided, _), Reply::Decision(fresh, _)) => {
                is_same_decision(decided, fresh)
            }
            (Reply::Refusal(refusal), Reply::Refusal(fresh)) => refusal == fresh,
            _ => false,
        },
        (Err(DeskError::Check(refusal)), Err(DeskError::Check(fresh))) => refusal == fresh,
        _ => false,
    }
}

/// Whether two decisions were made from the same and came to the same. Ids are drawn for each.
fn is_same_decision(decided: &Decided, fresh: &Decided) -> bool {
    let (one, other) = (&decided.record, &fresh.record);
    let taken = |decided: &Decided| {
        let taken = decided.record.reservation.as_ref();
        taken.map(|taken| {
            (
                taken.status,
                taken.expires_at,
                taken.held_minor,
                taken.added_minor,
            )
        })
    };
    decided.account == fresh.account
        && decided.policy_version == fresh.policy_version
        && one.question == other.question
        && in_order(&one.facts) == in_order(&other.facts)
        && one.is_allowed_already == other.is_allowed_already
        && one.decision == other.decision
        && one.included_minor == other.included_minor
        && one.credit_block.is_some() == other.credit_block.is_some()
        && taken(decided) == taken(fresh)
}

/// The facts with what is overdue in the order of its days, as a database need not give it.
fn in_order(facts: &Facts) -> Facts {
    let mut facts = facts.clone();
    facts.overdue.sort_by_key(|overdue| overdue.due_date);
    facts
}
