//! What is done with refunds.

use chrono::NaiveDate;

use super::input::{PayRefundIn, RefundIn};
use super::model::{Refund, RefundStatus};
use super::store;
use crate::book::receivables::actions::{ReceivableError, refund_receipt, refuse_of_instrument};
use crate::book::receivables::model::{DocumentStatus, ReceiptRef};
use crate::book::receivables::store as receivables;
use crate::platform::db::{Change, DbError, Tx};
use kernel::ids::RefundId;
use kernel::money::Money;
use kernel::text::Note;

/// Why a use case on refunds was refused.
#[derive(Debug, thiserror::Error)]
pub enum RefundError {
    #[error("there is no such refund")]
    Missing,
    #[error("there is no such receipt")]
    NoSuchReceipt,
    #[error("the refund is {0}")]
    Is(RefundStatus),
    #[error("who requested a refund does not decide it")]
    OwnRequest,
    #[error("must not be before it was approved, nor after today")]
    PaidOn,
    #[error("it changed meanwhile")]
    Stale,
    #[error(transparent)]
    Receipt(#[from] ReceivableError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Requests that money of a receipt is given back. It stays unapplied until somebody approves.
///
/// # Errors
/// When the receipt is not there or reversed, the amount is in another currency or more than it has left, or an
/// instrument that has not ended is behind it.
pub fn request(tx: &mut Tx, input: &RefundIn) -> Result<Refund, RefundError> {
    let reference = ReceiptRef::Id(input.receipt_id);
    let receipt = receivables::find_receipt(tx, &reference)?.ok_or(RefundError::NoSuchReceipt)?;
    if receipt.status == DocumentStatus::Reversed {
        return Err(ReceivableError::Reversed("receipt").into());
    }
    let amount = input.amount.money();
    if amount.currency() != receipt.currency {
        let (given, expected) = (amount.currency(), receipt.currency);
        return Err(ReceivableError::Currency { given, expected }.into());
    }
    if amount.minor() > receipt.unapplied_minor {
        return Err(ReceivableError::OverApplied {
            pointer: "/amount".to_owned(),
            amount,
            available: Money::from_minor(receipt.unapplied_minor, receipt.currency),
        }
        .into());
    }
    refuse_of_instrument(tx, receipt.id)?;
    let refund = Refund {
        id: RefundId::new(),
        receipt_id: receipt.id,
        customer_id: receipt.customer_id,
        currency: receipt.currency,
        amount_minor: amount.minor(),
        status: RefundStatus::Requested,
        reason: input.reason.clone(),
        requested_by: tx.caller().subject.clone(),
        requested_at: tx.now(),
        decided_by: None,
        decided_at: None,
        decision_reason: None,
        held_on: None,
        freed_on: None,
        paid_on: None,
        payment_reference: None,
        version: 1,
    };
    store::insert(tx, &refund)?;
    tx.record(
        Change::new("refund.requested", refund.id)
            .after(&refund)
            .because(&input.reason),
    )?;
    Ok(refund)
}

/// Approves a refund: the money is held from today on.
///
/// # Errors
/// When the refund is not there, decided, changed since `version` or the caller's own, or the receipt has not that much left.
pub fn approve(
    tx: &mut Tx,
    id: RefundId,
    version: i64,
    reason: &Note,
) -> Result<Refund, RefundError> {
    // The receipt's account is locked first, as everywhere; then the refund is read again.
    let found = store::find(tx, id)?.ok_or(RefundError::Missing)?;
    check(&found, version, RefundStatus::Requested)?;
    refuse_own(tx, &found)?;
    refund_receipt(tx, &ReceiptRef::Id(found.receipt_id), found.amount())?;
    let before = locked(tx, id, version, RefundStatus::Requested)?;
    let after = Refund {
        held_on: Some(tx.today()),
        ..decided(tx, &before, RefundStatus::Approved, reason)
    };
    save(tx, "refund.approved", &before, &after, Some(reason))
}

/// Rejects a refund: the money stays unapplied.
///
/// # Errors
/// When the refund is not there, decided, changed since `version` or the caller's own.
pub fn reject(
    tx: &mut Tx,
    id: RefundId,
    version: i64,
    reason: &Note,
) -> Result<Refund, RefundError> {
    let before = locked(tx, id, version, RefundStatus::Requested)?;
    refuse_own(tx, &before)?;
    let after = decided(tx, &before, RefundStatus::Rejected, reason);
    save(tx, "refund.rejected", &before, &after, Some(reason))
}

/// Says that a refund was paid.
///
/// # Errors
/// When the refund is not there, not approved or changed since `version`, or the day is before its approval or after today.
pub fn pay(
    tx: &mut Tx,
    id: RefundId,
    version: i64,
    input: &PayRefundIn,
) -> Result<Refund, RefundError> {
    let before = locked(tx, id, version, RefundStatus::Approved)?;
    let paid_on: NaiveDate = input.paid_on.date();
    if paid_on > tx.today() || before.held_on.is_some_and(|held| paid_on < held) {
        return Err(RefundError::PaidOn);
    }
    let after = Refund {
        status: RefundStatus::Paid,
        paid_on: Some(paid_on),
        payment_reference: input.reference.clone(),
        ..before.clone()
    };
    save(tx, "refund.paid", &before, &after, None)
}

/// Takes back a refund that was approved and is not paid after all: the money is unapplied again, from today on.
///
/// # Errors
/// When the refund is not there, not approved or changed since `version`.
pub fn cancel(
    tx: &mut Tx,
    id: RefundId,
    version: i64,
    reason: &Note,
) -> Result<Refund, RefundError> {
    let found = store::find(tx, id)?.ok_or(RefundError::Missing)?;
    let back = Money::from_minor(-found.amount_minor, found.currency);
    check(&found, version, RefundStatus::Approved)?;
    refund_receipt(tx, &ReceiptRef::Id(found.receipt_id), back)?;
    let before = locked(tx, id, version, RefundStatus::Approved)?;
    let after = Refund {
        status: RefundStatus::Cancelled,
        freed_on: Some(tx.today()),
        ..before.clone()
    };
    save(tx, "refund.cancelled", &before, &after, Some(reason))
}

fn locked(
    tx: &mut Tx,
    id: RefundId,
    version: i64,
    expected: RefundStatus,
) -> Result<Refund, RefundError> {
    let refund = store::lock(tx, id)?.ok_or(RefundError::Missing)?;
    check(&refund, version, expected)?;
    Ok(refund)
}

fn check(refund: &Refund, version: i64, expected: RefundStatus) -> Result<(), RefundError> {
    if refund.version != version {
        return Err(RefundError::Stale);
    }
    if refund.status != expected {
        return Err(RefundError::Is(refund.status));
    }
    Ok(())
}

fn refuse_own(tx: &Tx, refund: &Refund) -> Result<(), RefundError> {
    if refund.requested_by == tx.caller().subject {
        return Err(RefundError::OwnRequest);
    }
    Ok(())
}

fn decided(tx: &Tx, before: &Refund, status: RefundStatus, reason: &Note) -> Refund {
    Refund {
        status,
        decided_by: Some(tx.caller().subject.clone()),
        decided_at: Some(tx.now()),
        decision_reason: Some(reason.clone()),
        ..before.clone()
    }
}

fn save(
    tx: &mut Tx,
    action: &'static str,
    before: &Refund,
    after: &Refund,
    reason: Option<&Note>,
) -> Result<Refund, RefundError> {
    let after = store::update_if_unchanged(tx, after)?.ok_or(RefundError::Stale)?;
    let mut change = Change::new(action, after.id).before(before).after(&after);
    if let Some(reason) = reason {
        change = change.because(reason);
    }
    tx.record(change)?;
    Ok(after)
}
