//! Cases: opened by the first notice, followed by the ledger, escalated by two people, and closed.

use std::collections::BTreeMap;

use super::DunningError;
use crate::book::exposure::model::BalanceKey;
use crate::collect::dunning::input::{ClosingIn, EscalationIn};
use crate::collect::dunning::model::{Case, CaseStatus, Notice, Pursued};
use crate::collect::dunning::{rules, store};
use crate::platform::db::{Change, DbError, Tx};
use kernel::ids::{CustomerId, DunningCaseId};

/// How many cases become due in one unit of work.
const DUE_AT_ONCE: i64 = 500;

/// What is pursued of customers, by whom and in which balance.
type ByBalance<T> = BTreeMap<(CustomerId, BalanceKey), T>;

/// Cases after notices went out to customers whose accounts are locked: the first opens a case, the others raise it.
/// With each notice comes how long the last level gives, where it is the last.
pub(super) fn follow_notices(
    tx: &mut Tx,
    customers: &[CustomerId],
    sent: &[(&Notice, Option<i32>)],
) -> Result<(), DbError> {
    let (today, now) = (tx.today(), tx.now());
    let found = store::list_cases_by_customers(tx, customers)?;
    let mut open: ByBalance<Case> = found
        .into_iter()
        .filter(|case| case.closed_on.is_none())
        .map(|case| ((case.customer_id, case.key()), case))
        .collect();
    let mut before: ByBalance<Case> = open.clone();
    let mut changes = Vec::new();
    let mut fresh: ByBalance<Case> = BTreeMap::new();
    for (notice, wait) in sent {
        let key = BalanceKey::new(notice.legal_entity_id, notice.currency);
        let key = (notice.customer_id, key);
        let among = if open.contains_key(&key) {
            &mut open
        } else {
            &mut fresh
        };
        let case = among
            .entry(key)
            .or_insert_with(|| rules::opened(notice, today, now));
        *case = rules::after_notice(case, notice, *wait, today);
    }
    let fresh = with_levels(tx, fresh.into_values().collect())?;
    store::insert_cases(tx, &fresh)?;
    changes.extend(
        fresh
            .iter()
            .map(|case| Change::new("dunning_case.opened", case.id).after(case)),
    );
    for (key, case) in open {
        let Some(before) = before.remove(&key).filter(|before| *before != case) else {
            continue;
        };
        changes.push(write_raised(tx, &before, &case)?);
    }
    tx.record_all(changes)
}

/// New cases at the highest stage of their open items: some may have been dunned under a case that was closed by hand.
fn with_levels(tx: &mut Tx, mut fresh: Vec<Case>) -> Result<Vec<Case>, DbError> {
    let (today, of) = (tx.today(), fresh.iter().map(|case| case.customer_id));
    let of: Vec<CustomerId> = of.collect();
    if of.is_empty() {
        return Ok(fresh);
    }
    let pursued = store::list_pursued(tx, &of, today)?;
    for case in &mut fresh {
        let of_case =
            |one: &&Pursued| one.customer_id == case.customer_id && one.key() == case.key();
        let level = pursued.iter().find(of_case).and_then(|one| one.level);
        case.level = case.level.max(level.unwrap_or(0));
    }
    Ok(fresh)
}

fn write_raised(tx: &mut Tx, before: &Case, case: &Case) -> Result<Change, DbError> {
    let after = store::update_case(tx, case)?.ok_or_else(changed)?;
    Ok(Change::new("dunning_case.level_changed", after.id)
        .before(before)
        .after(&after))
}

/// Whoever changes a case holds the account, so this is a fault of ours.
fn changed() -> DbError {
    DbError::Serialization("a dunning case changed meanwhile".to_owned())
}

/// Cases after the ledger changed for customers whose accounts are locked: closed when nothing is overdue and nothing open
/// was dunned, opened again when what was paid turns out not to be, and never at another level than their items.
pub(super) fn follow_ledger(tx: &mut Tx, customers: &[CustomerId]) -> Result<(), DbError> {
    let today = tx.today();
    for chunk in customers.chunks(5_000) {
        let cases = store::list_cases_by_customers(tx, chunk)?;
        if cases.is_empty() {
            continue;
        }
        let of: Vec<CustomerId> = cases.iter().map(|case| case.customer_id).collect();
        let pursued: ByBalance<Pursued> = store::list_pursued(tx, &of, today)?
            .into_iter()
            .map(|one| ((one.customer_id, one.key()), one))
            .collect();
        let mut changes = Vec::new();
        for case in latest(cases).into_values() {
            let now = pursued.get(&(case.customer_id, case.key()));
            changes.extend(follow(tx, &case, now)?);
        }
        tx.record_all(changes)?;
    }
    Ok(())
}

/// Of each balance the case that is open, or else the last one.
fn latest(cases: Vec<Case>) -> ByBalance<Case> {
    let mut latest: ByBalance<Case> = BTreeMap::new();
    for case in cases {
        let key = (case.customer_id, case.key());
        let is_better = latest.get(&key).is_none_or(|known| {
            let (open, known_open) = (case.closed_on.is_none(), known.closed_on.is_none());
            (open, case.id) > (known_open, known.id)
        });
        if is_better {
            latest.insert(key, case);
        }
    }
    latest
}

fn follow(tx: &mut Tx, case: &Case, now: Option<&Pursued>) -> Result<Option<Change>, DbError> {
    let today = tx.today();
    let (action, after) = if case.closed_on.is_none() {
        let Some(after) = rules::followed(case, now, today) else {
            return Ok(None);
        };
        let action = if after.closed_on.is_some() {
            "dunning_case.closed"
        } else {
            "dunning_case.level_changed"
        };
        (action, after)
    } else {
        let was_paid = case.status == CaseStatus::ClosedPaid;
        let comes_back = |one: &&Pursued| was_paid && one.level.is_some();
        let Some(pursued) = now.filter(comes_back) else {
            return Ok(None);
        };
        ("dunning_case.reopened", rules::reopened(case, pursued))
    };
    let after = store::update_case(tx, &after)?.ok_or_else(changed)?;
    Ok(Some(
        Change::new(action, case.id).before(case).after(&after),
    ))
}

/// Cases whose last level's time is over are due to go on; says how many.
///
/// # Errors
/// When the database fails.
pub fn escalate_due(tx: &mut Tx) -> Result<usize, DbError> {
    let today = tx.today();
    let due = store::lock_cases_due(tx, today, DUE_AT_ONCE)?;
    let mut changes = Vec::new();
    for before in &due {
        let after = Case {
            status: CaseStatus::EscalationDue,
            ..before.clone()
        };
        let after = store::update_case(tx, &after)?.ok_or_else(changed)?;
        changes.push(
            Change::new("dunning_case.escalation_due", after.id)
                .before(before)
                .after(&after),
        );
    }
    tx.record_all(changes)?;
    Ok(due.len())
}

/// Proposes that a case goes to an agency, to court, or to be written off.
///
/// # Errors
/// When the case is not there, stands otherwise, or changed since `version`.
pub fn propose_escalation(
    tx: &mut Tx,
    id: DunningCaseId,
    version: i64,
    input: &EscalationIn,
) -> Result<Case, DunningError> {
    let before = lock(tx, id, "propose_escalation")?;
    let after = Case {
        status: CaseStatus::EscalationProposed,
        escalation: Some(input.to),
        proposed_by: Some(tx.caller().subject.clone()),
        proposed_at: Some(tx.now()),
        decided_by: None,
        decided_at: None,
        reason: Some(input.reason.clone()),
        ..before.clone()
    };
    write(
        tx,
        "dunning_case.escalation_proposed",
        &before,
        after,
        version,
    )
}

/// Approves that a case goes where it was proposed to: by another person. From then on netterms writes no notices about
/// it.
///
/// # Errors
/// When the case is not there, not proposed, changed since `version`, or the caller proposed it.
pub fn approve_escalation(
    tx: &mut Tx,
    id: DunningCaseId,
    version: i64,
) -> Result<Case, DunningError> {
    let before = lock(tx, id, "approve_escalation")?;
    let to = before
        .escalation
        .ok_or(DunningError::Incomplete("escalation"))?;
    if let Some(proposer) = &before.proposed_by
        && *proposer == tx.caller().subject
    {
        return Err(DunningError::Proposer(proposer.clone()));
    }
    let after = Case {
        status: to.status(),
        escalation_due_on: None,
        decided_by: Some(tx.caller().subject.clone()),
        decided_at: Some(tx.now()),
        ..before.clone()
    };
    write(tx, "dunning_case.escalated", &before, after, version)
}

/// Refuses that a case goes on: it is open again, and where it is at its last level that one's time begins anew.
///
/// # Errors
/// When the case is not there, not proposed, or changed since `version`.
pub fn refuse_escalation(
    tx: &mut Tx,
    id: DunningCaseId,
    version: i64,
    reason: &kernel::text::Note,
) -> Result<Case, DunningError> {
    let before = lock(tx, id, "refuse_escalation")?;
    let after = Case {
        status: CaseStatus::Open,
        escalation: None,
        escalation_due_on: rules::due_anew(&before, tx.today()),
        decided_by: Some(tx.caller().subject.clone()),
        decided_at: Some(tx.now()),
        reason: Some(reason.clone()),
        ..before.clone()
    };
    write(
        tx,
        "dunning_case.escalation_refused",
        &before,
        after,
        version,
    )
}

/// Closes a case by hand.
///
/// # Errors
/// When the case is not there, over already, or changed since `version`.
pub fn close_case(
    tx: &mut Tx,
    id: DunningCaseId,
    version: i64,
    input: &ClosingIn,
) -> Result<Case, DunningError> {
    let before = lock(tx, id, "close")?;
    let after = Case {
        status: input.outcome.status(),
        closed_on: Some(tx.today()),
        escalation_due_on: None,
        reason: Some(input.reason.clone()),
        ..before.clone()
    };
    write(tx, "dunning_case.closed", &before, after, version)
}

/// The case, when it stands so that `verb` may be done.
fn lock(tx: &mut Tx, id: DunningCaseId, verb: &str) -> Result<Case, DunningError> {
    let case = store::lock_case(tx, id)?.ok_or(DunningError::Missing("dunning case"))?;
    if !case.status.allowed().contains(&verb) {
        return Err(DunningError::CaseIs(case.status));
    }
    Ok(case)
}

fn write(
    tx: &mut Tx,
    action: &'static str,
    before: &Case,
    after: Case,
    version: i64,
) -> Result<Case, DunningError> {
    if before.version != version {
        return Err(DunningError::Stale);
    }
    let after = store::update_case(tx, &after)?.ok_or(DunningError::Stale)?;
    let change = Change::new(action, after.id).before(before).after(&after);
    tx.record(match &after.reason {
        Some(reason) => change.because(reason),
        None => change,
    })?;
    Ok(after)
}
