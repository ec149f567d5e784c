//! What credit does with orders that wait for it.

use super::desk::until;
use super::model::{CreditBlock, CreditBlockStatus, Outcome, Reservation, ReservationStatus};
use super::rules::{self, Facts, Question};
use super::store;
use crate::book::exposure::actions as exposure;
use crate::book::exposure::model::Exposure;
use crate::book::exposure::store as accounts;
use crate::book::policy::actions as policies;
use crate::book::policy::model::Checkpoint;
use crate::kernel::ids::{CreditBlockId, ReservationId};
use crate::platform::db::{Change, Tx};
use crate::platform::http::{Code, Problem};

/// Releases the order: the reservation that it asked for is taken, whatever the limit. Never by the order's creator,
/// and never while a rule rejects outright, as for a suspended account.
///
/// # Errors
/// 403 for the order's creator, 409 when the block is decided, 412 when stale, 422 when a rule rejects.
pub fn release(
    tx: &mut Tx,
    id: CreditBlockId,
    version: i64,
    reason: &str,
) -> Result<CreditBlock, Problem> {
    let before = find_open(tx, id, version)?;
    if before.opened_by == tx.caller().subject.as_str() {
        return Err(Problem::new(Code::SegregationOfDuties).with("duty", "creating the order"));
    }
    let locked = exposure::lock(tx, before.customer_id)?;
    refuse_rejected(tx, &before, &locked)?;
    let policy = policies::live(tx)?;
    let now = tx.now();
    // The wait for credit may have used up the time that was asked for; the policy's default holds then.
    let expires_at = if before.reserve_until > now {
        before.reserve_until
    } else {
        until(&policy, None, now)?
    };
    let reservation = Reservation {
        id: ReservationId::new(),
        account_id: before.account_id,
        customer_id: before.customer_id,
        check_id: before.check_id,
        order_number: before.order_number.clone(),
        purpose: before.purpose.clone(),
        currency: before.currency,
        amount_minor: before.amount_minor,
        captured_minor: 0,
        status: ReservationStatus::Active,
        expires_at,
        created_by: tx.caller().subject.to_string(),
        created_at: now,
        ended_at: None,
        end_reason: None,
        version: 1,
    };
    store::insert_reservations(tx, std::slice::from_ref(&reservation)).map_err(|error| {
        if error.is_duplicate_of("reservations", &["customer_id", "order_number", "purpose"]) {
            Problem::new(Code::ReservationExists)
                .with("order_number", &before.order_number)
                .with("existing_id", "GET /v1/reservations?order_number=")
        } else {
            error.into()
        }
    })?;
    exposure::post(tx, &locked, Exposure::reserved(before.amount_minor))?;
    tx.record(Change::new("reservation.created", reservation.id).after(&reservation))?;
    let mut after = before.clone();
    after.reservation_id = Some(reservation.id);
    decide(tx, &before, after, CreditBlockStatus::Released, reason)
}

/// Rejects the order: nothing is taken.
///
/// # Errors
/// 409 when the block is decided, 412 when stale.
pub fn reject(
    tx: &mut Tx,
    id: CreditBlockId,
    version: i64,
    reason: &str,
) -> Result<CreditBlock, Problem> {
    let before = find_open(tx, id, version)?;
    decide(
        tx,
        &before,
        before.clone(),
        CreditBlockStatus::Rejected,
        reason,
    )
}

fn find_open(tx: &mut Tx, id: CreditBlockId, version: i64) -> Result<CreditBlock, Problem> {
    let block = store::find_block(tx, id)?.ok_or_else(|| Problem::not_found("credit block"))?;
    if block.version != version {
        return Err(Problem::new(Code::Stale));
    }
    if block.status != CreditBlockStatus::Open {
        return Err(Problem::ended("credit block", block.status));
    }
    Ok(block)
}

/// A person may pass over what asks for a review, but not over what rejects.
fn refuse_rejected(
    tx: &mut Tx,
    block: &CreditBlock,
    locked: &exposure::Locked,
) -> Result<(), Problem> {
    let today = tx.today();
    let overdue: Vec<_> = store::list_overdue(tx, &[block.customer_id], today)?
        .into_iter()
        .map(|(_, overdue)| overdue)
        .collect();
    let blocks = accounts::list_blocks(tx, &[block.account_id])?;
    let facts = Facts {
        account: &locked.account,
        ancestors: &locked.ancestors,
        is_blocked: !blocks.is_empty(),
        overdue: &overdue,
        today,
    };
    let question = Question {
        amount: locked.account.money(block.amount_minor),
        prepaid_minor: 0,
        net_days: None,
        checkpoint: Checkpoint::Order,
        held_minor: 0,
    };
    let decision = rules::decide(&facts, &policies::live(tx)?.document, &question);
    if decision.outcome != Outcome::Rejected {
        return Ok(());
    }
    let mut problem = Problem::new(Code::Invalid);
    for reason in &decision.reasons {
        let message = reason.message(crate::kernel::places::Language::English);
        problem = problem.at("", reason.code.as_str(), message);
    }
    Err(problem)
}

fn decide(
    tx: &mut Tx,
    before: &CreditBlock,
    mut after: CreditBlock,
    status: CreditBlockStatus,
    reason: &str,
) -> Result<CreditBlock, Problem> {
    after.status = status;
    after.decided_by = Some(tx.caller().subject.to_string());
    after.decided_at = Some(tx.now());
    after.decision_reason = Some(reason.to_owned());
    let after =
        store::update_block_if_unchanged(tx, &after)?.ok_or_else(|| Problem::new(Code::Stale))?;
    let action = match status {
        CreditBlockStatus::Released => "credit_block.released",
        CreditBlockStatus::Open | CreditBlockStatus::Rejected => "credit_block.rejected",
    };
    tx.record(
        Change::new(action, after.id)
            .before(before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}
