//! Blocks: those that keep dunning away, and those that dunning puts on accounts.

use std::collections::BTreeSet;

use super::DunningError;
use crate::book::customers::store as customers;
use crate::book::exposure::actions as exposure;
use crate::book::exposure::model::BlockCause;
use crate::book::receivables::store as receivables;
use crate::collect::dunning::api::BlockIn;
use crate::collect::dunning::model::{BlockStatus, DunningBlock};
use crate::collect::dunning::store;
use crate::kernel::ids::{CustomerId, DunningBlockId, InvoiceId};
use crate::platform::db::{Change, DbError, Tx};

/// Keeps dunning away from a customer, or from one invoice, up to and including a day.
///
/// # Errors
/// When the customer or invoice is unknown, or the day has passed.
pub fn put_block(tx: &mut Tx, input: &BlockIn) -> Result<DunningBlock, DunningError> {
    let until = input.until.date();
    if until < tx.today() {
        return Err(DunningError::HasPassed(until));
    }
    let (customer_id, invoice_id) = target(tx, input)?;
    let block = DunningBlock {
        id: DunningBlockId::new(),
        customer_id,
        invoice_id,
        reason: input.reason.clone(),
        until,
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        lifted_at: None,
        lifted_by: None,
        version: 1,
    };
    store::insert_block(tx, &block)?;
    tx.record(
        Change::new("dunning_block.put", block.id)
            .after(&block)
            .because(&block.reason),
    )?;
    reconsider_blocks(tx, &[customer_id])?;
    Ok(block)
}

/// Lifts a dunning block before its time.
///
/// # Errors
/// When the block is not there, no longer holds, or changed since `version`.
pub fn lift_block(
    tx: &mut Tx,
    id: DunningBlockId,
    version: i64,
    reason: &str,
) -> Result<DunningBlock, DunningError> {
    let before = store::find_block(tx, id)?.ok_or(DunningError::Missing("dunning block"))?;
    let status = before.status(tx.today());
    if status != BlockStatus::Active {
        return Err(DunningError::BlockIs(status));
    }
    if before.version != version {
        return Err(DunningError::Stale);
    }
    let after = store::lift_block_if_unchanged(tx, &before)?.ok_or(DunningError::Stale)?;
    tx.record(
        Change::new("dunning_block.lifted", id)
            .before(&before)
            .after(&after)
            .because(reason),
    )?;
    reconsider_blocks(tx, &[after.customer_id])?;
    Ok(after)
}

/// Lifts the blocks that dunning put on these customers' accounts, where no open invoice stands any more at a stage
/// that blocks. Call it, in the same unit of work, when invoices were settled.
///
/// # Errors
/// When the database fails.
pub fn reconsider_blocks(tx: &mut Tx, of: &[CustomerId]) -> Result<(), DbError> {
    let blocked = store::list_blocked_accounts(tx, Some(of))?;
    let blocked: BTreeSet<CustomerId> = blocked.into_iter().map(|(customer, _)| customer).collect();
    lift(tx, &blocked)
}

/// [`reconsider_blocks`] for every account that dunning blocks.
///
/// # Errors
/// When the database fails.
pub fn sweep(tx: &mut Tx) -> Result<(), DbError> {
    let blocked = store::list_blocked_accounts(tx, None)?;
    let blocked: BTreeSet<CustomerId> = blocked.into_iter().map(|(customer, _)| customer).collect();
    lift(tx, &blocked)
}

/// Locks these blocked customers, so that no run raises a stage meanwhile, and lifts what is settled.
fn lift(tx: &mut Tx, blocked: &BTreeSet<CustomerId>) -> Result<(), DbError> {
    if blocked.is_empty() {
        return Ok(());
    }
    exposure::lock_all(tx, blocked)?;
    lift_what_is_settled(tx, blocked)
}

/// [`reconsider_blocks`] for customers whose accounts are locked already.
pub(super) fn lift_what_is_settled(
    tx: &mut Tx,
    locked: &BTreeSet<CustomerId>,
) -> Result<(), DbError> {
    let customers: Vec<CustomerId> = locked.iter().copied().collect();
    for chunk in customers.chunks(5_000) {
        let held: BTreeSet<CustomerId> = store::list_held(tx, chunk)?.into_iter().collect();
        for (customer, account) in store::list_blocked_accounts(tx, Some(chunk))? {
            if !held.contains(&customer) {
                exposure::unblock(
                    tx,
                    account,
                    BlockCause::Dunning,
                    "What was dunned is settled.",
                )?;
            }
        }
    }
    Ok(())
}

/// Whose dunning is blocked, and the invoice when it is one alone.
fn target(tx: &mut Tx, input: &BlockIn) -> Result<(CustomerId, Option<InvoiceId>), DunningError> {
    if let Some(reference) = &input.invoice {
        let invoice = receivables::find_invoice(tx, reference)?.ok_or(DunningError::Unknown {
            pointer: "/invoice",
            thing: "invoice",
        })?;
        return Ok((invoice.customer_id, Some(invoice.id)));
    }
    let caller = tx.caller();
    let customer = match &input.customer {
        Some(reference) => customers::find_visible(tx, caller, reference)?,
        None => None,
    };
    let customer = customer.ok_or(DunningError::Unknown {
        pointer: "/customer",
        thing: "customer",
    })?;
    Ok((customer.id, None))
}
