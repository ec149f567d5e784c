//! Blocks: those that keep dunning away, and those that dunning puts on accounts.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::DunningError;
use crate::book::customers::store as customers;
use crate::book::exposure::actions::{self as exposure, Locked};
use crate::book::exposure::model::BlockCause;
use crate::book::exposure::store as accounts;
use crate::book::receivables::store as receivables;
use crate::collect::dunning::input::BlockIn;
use crate::collect::dunning::model::{BlockStatus, DunningBlock};
use crate::collect::dunning::store;
use crate::platform::db::{Change, DbError, Reaction, Tx};
use kernel::ids::{CreditAccountId, CustomerId, DunningBlockId, InvoiceId};

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
    Ok(after)
}

/// Blocks on accounts follow what is paid, and what turns out not to be, in the very unit of work that changes it. The
/// ledger does not know of dunning, so dunning reacts to it.
pub const BLOCKS: Reaction = Reaction {
    actions: &["invoice.settled", "invoice.cancelled"],
    react: follow_invoices,
};

/// What dunning wants to know of an invoice.
#[derive(Deserialize)]
struct OfCustomer {
    customer_id: CustomerId,
}

/// Looks at the customers whose invoices changed; whoever changed them holds their accounts.
fn follow_invoices(tx: &mut Tx, changes: &[Change]) -> Result<(), DbError> {
    let customers: BTreeSet<CustomerId> = changes
        .iter()
        .map(|change| Ok(change.read::<OfCustomer>()?.customer_id))
        .collect::<Result<_, DbError>>()?;
    let customers: Vec<CustomerId> = customers.into_iter().collect();
    correct(tx, &customers)
}

/// Brings the blocks that dunning puts on accounts in line with the ledger: one stands where an open invoice stands at
/// a stage that blocks, and nowhere else. The accounts must be locked, so that no run raises a stage and no receipt
/// settles an invoice meanwhile.
pub(super) fn set_right(tx: &mut Tx, locked: &BTreeMap<CustomerId, Locked>) -> Result<(), DbError> {
    let customers: Vec<CustomerId> = locked.keys().copied().collect();
    correct(tx, &customers)
}

fn correct(tx: &mut Tx, customers: &[CustomerId]) -> Result<(), DbError> {
    for chunk in customers.chunks(5_000) {
        let corrections = read_corrections(tx, chunk)?;
        if corrections.is_empty() {
            continue;
        }
        let wrong: Vec<CustomerId> = corrections.keys().copied().collect();
        let accounts = accounts::list_by_customers(tx, &wrong)?;
        let accounts: BTreeMap<CustomerId, CreditAccountId> = accounts
            .into_iter()
            .map(|account| (account.customer_id, account.id))
            .collect();
        for (customer, correction) in corrections {
            let Some(account) = accounts.get(&customer).copied() else {
                continue;
            };
            let cause = BlockCause::Dunning;
            match correction {
                Correction::Block(level) => {
                    let reason = format!("Dunning reached level {level}.");
                    exposure::block(tx, account, cause, &reason)?;
                }
                Correction::Unblock => {
                    exposure::unblock(tx, account, cause, "What was dunned is settled.")?;
                }
            }
        }
    }
    Ok(())
}

/// What is to be done about the block on an account.
enum Correction {
    /// An open invoice stands at this level, which blocks.
    Block(i32),
    Unblock,
}

/// Which of these customers have a block too few or too many.
fn read_corrections(
    tx: &mut Tx,
    customers: &[CustomerId],
) -> Result<BTreeMap<CustomerId, Correction>, DbError> {
    let held: BTreeMap<CustomerId, i32> = store::list_held(tx, customers)?.into_iter().collect();
    let blocked: BTreeSet<CustomerId> = store::list_blocked(tx, customers)?.into_iter().collect();
    let lacking = held
        .iter()
        .filter(|(customer, _)| !blocked.contains(customer))
        .map(|(customer, level)| (*customer, Correction::Block(*level)));
    let needless = blocked
        .iter()
        .filter(|customer| !held.contains_key(customer))
        .map(|customer| (*customer, Correction::Unblock));
    Ok(lacking.chain(needless).collect())
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
