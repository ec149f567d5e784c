//! What is done with orders that wait for credit.

use std::sync::Arc;

use super::actions::{unreadable, visible};
use super::check::record::Record;
use super::check::{CheckKind, Examined, reserved_until};
use super::desk::{Batch, CheckRequest};
use super::error::LimitsError;
use super::input::{LimitCheckIn, ReleaseIn, ReleaseRequestIn};
use super::model::{CreditBlock, CreditBlockStatus, LimitCheck, Outcome};
use super::store;
use crate::book::customers::model::CustomerRef;
use crate::book::entities::model::EntityRef;
use crate::book::exchange_rates::actions::approving_policy;
use crate::book::exposure::actions::additional::is_own;
use crate::book::policy::actions as policies;
use crate::book::policy::model::Policy;
use crate::book::policy::rules::{authority_of, role_needed};
use crate::platform::db::{Change, Db, DbError, Tx, read_document};
use kernel::caller::{Caller, Role};
use kernel::clock::Instant;
use kernel::ids::CreditBlockId;
use kernel::money::Money;
use kernel::places::Language;
use kernel::text::Subject;

/// Releases the order: the reservation that it asked for is taken, whatever the limit. Never by the order's creator, by
/// whoever asked for the release, nor by whoever is or of late was the customer's salesperson, never beyond the releaser's authority, and never while a rule rejects outright, as for a suspended account.
///
/// # Errors
/// For the order's creator, whoever asked for the release, the customer's salesperson and above one's authority; when the block is decided or changed,
/// a rule rejects, or the ceiling is below the order.
pub fn release(
    tx: &mut Tx,
    id: CreditBlockId,
    version: i64,
    input: &ReleaseIn,
) -> Result<CreditBlock, LimitsError> {
    let before = find_waiting(tx, id, version)?;
    if before.opened_by == tx.caller().subject.as_str() {
        return Err(LimitsError::SegregationOfDuties("creating the order"));
    }
    if before.release_requested_by.as_deref() == Some(tx.caller().subject.as_str()) {
        return Err(LimitsError::SegregationOfDuties("asking for the release"));
    }
    if is_own(tx, before.customer_id)? {
        return Err(LimitsError::SegregationOfDuties(
            "salesperson of the customer",
        ));
    }
    let caller = tx.caller();
    let asked = find_question(tx, caller, &before)?;
    let mut batch = Batch::load(tx, std::slice::from_ref(&asked))?;
    let mut examined = batch.examine(&asked)?;
    refuse_rejected(&examined.record)?;
    let ceiling = input
        .ceiling
        .map_or(before.amount_minor, |ceiling| ceiling.money().minor());
    check_ceiling(&before, input, ceiling)?;
    refuse_beyond_authority(tx, &examined, ceiling.saturating_sub(before.amount_minor))?;
    let decided = CreditBlock {
        status: CreditBlockStatus::Released,
        decided_by: Some(tx.caller().subject.to_string()),
        decided_at: Some(tx.now()),
        decision_reason: Some(input.reason.to_string()),
        ceiling_minor: Some(ceiling),
        release_valid_until: input.valid_until.map(kernel::clock::Day::date),
        ..before
    };
    let released = batch.release(&asked, &mut examined, &decided, input.reason.as_str())?;
    batch.save(tx)?;
    Ok(CreditBlock {
        version: released.version.saturating_add(1),
        ..released
    })
}

/// What credit would say now about an order that waits; none when it does not wait, or can't be checked any more.
///
/// # Errors
/// When the database fails.
pub fn look_again(
    db: &mut Db,
    caller: &Caller,
    block: &CreditBlock,
) -> Result<Option<Record>, LimitsError> {
    if !block.status.waits() {
        return Ok(None);
    }
    let asked = find_question(db, caller, block)?;
    let batch = Batch::read(db, std::slice::from_ref(&asked))?;
    match batch.examine(&asked) {
        Ok(examined) => Ok(Some(examined.record)),
        Err(refusal) if refusal.is_final() => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Sales ask for the order's release. Another request takes the place of the one before.
///
/// # Errors
/// When the block is decided or changed, or the promised day has passed.
pub fn request_release(
    tx: &mut Tx,
    id: CreditBlockId,
    version: i64,
    input: &ReleaseRequestIn,
) -> Result<CreditBlock, LimitsError> {
    let before = find_waiting(tx, id, version)?;
    let promised_on = input.promised_on.map(kernel::clock::Day::date);
    if promised_on.is_some_and(|day| day < tx.today()) {
        return Err(LimitsError::PromisePast);
    }
    let after = CreditBlock {
        release_request: Some(input.reason.to_string()),
        release_requested_by: Some(tx.caller().subject.to_string()),
        release_requested_at: Some(tx.now()),
        promised_on,
        ..before.clone()
    };
    let change = Change::new("credit_block.release_requested", id).because(&input.reason);
    save(tx, change, &before, &after)
}

/// Rejects the order, or withdraws it because it is no more: nothing is taken.
///
/// # Errors
/// When the block is decided or changed.
pub fn close(
    tx: &mut Tx,
    id: CreditBlockId,
    version: i64,
    status: CreditBlockStatus,
    reason: &str,
) -> Result<CreditBlock, LimitsError> {
    let before = find_waiting(tx, id, version)?;
    let after = CreditBlock {
        status,
        decided_by: Some(tx.caller().subject.to_string()),
        decided_at: Some(tx.now()),
        decision_reason: Some(reason.to_owned()),
        ..before.clone()
    };
    let action = match status {
        CreditBlockStatus::Withdrawn => "credit_block.withdrawn",
        _ => "credit_block.rejected",
    };
    save(tx, Change::new(action, id).because(reason), &before, &after)
}

/// Gives the order to somebody of credit to look at, or takes it back into the queue.
///
/// # Errors
/// When the block is decided or changed.
pub fn assign(
    tx: &mut Tx,
    id: CreditBlockId,
    version: i64,
    to: Option<&Subject>,
) -> Result<CreditBlock, LimitsError> {
    let before = find_waiting(tx, id, version)?;
    let after = CreditBlock {
        status: if to.is_some() {
            CreditBlockStatus::Assigned
        } else {
            CreditBlockStatus::Open
        },
        assigned_to: to.map(ToString::to_string),
        ..before.clone()
    };
    save(
        tx,
        Change::new("credit_block.assigned", id),
        &before,
        &after,
    )
}

fn save(
    tx: &mut Tx,
    change: Change,
    before: &CreditBlock,
    after: &CreditBlock,
) -> Result<CreditBlock, LimitsError> {
    let after = store::update_block_if_unchanged(tx, after)?.ok_or(LimitsError::Stale)?;
    tx.record(change.before(before).after(&after))?;
    Ok(after)
}

fn find_waiting(tx: &mut Tx, id: CreditBlockId, version: i64) -> Result<CreditBlock, LimitsError> {
    let missing = || LimitsError::Missing("credit block");
    let block = store::find_block(tx, id)?.ok_or_else(missing)?;
    let caller = tx.caller();
    visible(tx, caller, block.customer_id)?.ok_or_else(missing)?;
    if block.version != version {
        return Err(LimitsError::Stale);
    }
    if !block.status.waits() {
        return Err(LimitsError::Ended {
            thing: "credit block",
            status: block.status.to_string(),
        });
    }
    Ok(block)
}

/// The check of a waiting order, to be made again by `caller`.
fn find_question(
    db: &mut Db,
    caller: &Caller,
    block: &CreditBlock,
) -> Result<CheckRequest, LimitsError> {
    let check = store::find_check(db, block.check_id)?;
    let check = check.ok_or_else(|| unreadable("a credit block without its check"))?;
    let (policy, now) = (policies::live(db)?, db.clock().now());
    Ok(question_again(caller, block, &check, &policy, now)?)
}

/// The check that opened a credit block, to be made again by `caller`.
///
/// # Errors
/// When what is stored can't be read.
pub fn question_again(
    caller: &Caller,
    block: &CreditBlock,
    check: &LimitCheck,
    policy: &Policy,
    now: Instant,
) -> Result<CheckRequest, DbError> {
    let record: Record = read_document(&check.record)?;
    let question = record.question;
    let prepaid = Money::from_minor(question.prepaid_minor, question.amount.currency());
    let kind = if question.amends() {
        CheckKind::RecheckAmendment(block.id)
    } else {
        CheckKind::Recheck(block.id)
    };
    Ok(CheckRequest {
        kind,
        caller: Arc::new(caller.clone()),
        input: LimitCheckIn {
            payment_terms: None,
            customer: CustomerRef::Id(block.customer_id),
            order_number: Some(block.order_number.parse().map_err(unreadable)?),
            purpose: Some(block.purpose.parse().map_err(unreadable)?),
            amount: question.amount.try_into().map_err(unreadable)?,
            net_days: question.net_days,
            checkpoint: Some(question.checkpoint),
            prepaid: Some(prepaid.try_into().map_err(unreadable)?),
            reserve: Some(true),
            // The wait may have used up the time that was asked for; the policy's default holds then.
            reserve_until: reserved_until(&policy.document, Some(block.reserve_until), now).ok(),
            dry_run: None,
            legal_entity: EntityRef::named(block.legal_entity_id),
        },
        keyed: None,
        language: Language::default(),
    })
}

/// A person may pass over what asks for a review, but not over what rejects.
fn refuse_rejected(record: &Record) -> Result<(), LimitsError> {
    if record.decision.outcome != Outcome::Rejected {
        return Ok(());
    }
    Err(LimitsError::Rejected(record.decision.reasons.clone()))
}

fn check_ceiling(block: &CreditBlock, input: &ReleaseIn, ceiling: i64) -> Result<(), LimitsError> {
    let Some(given) = input.ceiling else {
        return Ok(());
    };
    if given.money().currency() != block.currency {
        return Err(LimitsError::Currency {
            given: given.money().currency(),
            expected: block.currency,
        });
    }
    if ceiling < block.amount_minor {
        return Err(LimitsError::CeilingBelowOrder);
    }
    Ok(())
}

/// Releasing beyond a limit takes the authority for what is beyond it; `more` may be added to the order later.
fn refuse_beyond_authority(tx: &mut Tx, examined: &Examined, more: i64) -> Result<(), LimitsError> {
    let record = &examined.record;
    let net = examined.net_minor().saturating_add(more);
    let beyond = record
        .decision
        .nodes
        .iter()
        .filter_map(|node| record.facts.beyond(node, net))
        .fold(0, i64::max);
    let beyond = Money::from_minor(beyond, record.facts.currency);
    let policy = approving_policy(tx, &[beyond.currency()])?;
    let caller = tx.caller();
    let reaches = authority_of(caller, &policy.document, Role::Credit)
        .is_some_and(|authority| authority.reaches(beyond));
    if !beyond.is_positive() || reaches {
        return Ok(());
    }
    let needed = role_needed(&policy.document, Role::Credit, beyond);
    Err(LimitsError::OverAuthority {
        amount: beyond,
        needed: needed.unwrap_or_default(),
    })
}
