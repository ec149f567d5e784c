//! Blocks: those that keep dunning away, and those that dunning puts on accounts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Deserialize;

use super::{DunningError, cases};
use crate::book::customers::store as customers;
use crate::book::exposure::actions::{self as exposure, Locked, entity_terms};
use crate::book::exposure::model::{BlockCause, CreditAccount};
use crate::book::exposure::store::{self as accounts, balances};
use crate::book::receivables::store as receivables;
use crate::collect::dunning::input::BlockIn;
use crate::collect::dunning::model::{BlockStatus, DunningBlock};
use crate::collect::dunning::{rules, store};
use crate::platform::db::{Change, DbError, Reaction, Tx};
use kernel::ids::{
    CreditAccountId, CustomerId, DunningBlockId, InvoiceId, LegalEntityId, MAIN_ENTITY,
};
use kernel::text::Note;

/// Keeps dunning away from a customer, or from one invoice, up to and including a day.
///
/// # Errors
/// When the customer or invoice is unknown, or the day has passed.
pub fn put_block(tx: &mut Tx, input: &BlockIn) -> Result<DunningBlock, DunningError> {
    let of = target(tx, input)?;
    hold(tx, of, &input.reason, input.until.date())
}

/// Keeps dunning away from a customer, or from one invoice of it, up to and including a day.
pub(super) fn hold(
    tx: &mut Tx,
    (customer_id, invoice_id): (CustomerId, Option<InvoiceId>),
    reason: &Note,
    until: NaiveDate,
) -> Result<DunningBlock, DunningError> {
    if until < tx.today() {
        return Err(DunningError::HasPassed(until));
    }
    let block = DunningBlock {
        id: DunningBlockId::new(),
        customer_id,
        invoice_id,
        reason: reason.clone(),
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

/// Lifts a dunning block where it still holds.
pub(super) fn lift_if_active(
    tx: &mut Tx,
    id: DunningBlockId,
    reason: &str,
) -> Result<(), DunningError> {
    let today = tx.today();
    if let Some(block) = store::find_block(tx, id)?
        && block.status(today) == BlockStatus::Active
    {
        lift_block(tx, id, block.version, reason)?;
    }
    Ok(())
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

/// Blocks on accounts, and cases, follow what is paid, and what turns out not to be, in the very unit of work that changes it. The
/// ledger does not know of dunning, so dunning reacts to it.
pub const BLOCKS: Reaction = Reaction {
    actions: &[
        "invoice.bought_back",
        "invoice.cancelled",
        "invoice.settled",
        "invoice.sold",
        "item.due_date_changed",
    ],
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
    correct(tx, &customers)?;
    cases::follow_ledger(tx, &customers)
}

/// Brings what dunning closes in line with the ledger: an account, or what one company sells to it, is closed where an
/// open invoice stands at a stage that blocks, and nowhere else. The accounts must be locked, so that no run raises a
/// stage and no receipt settles an invoice meanwhile.
pub(super) fn set_right(tx: &mut Tx, locked: &BTreeMap<CustomerId, Locked>) -> Result<(), DbError> {
    let customers: Vec<CustomerId> = locked.keys().copied().collect();
    correct(tx, &customers)
}

fn correct(tx: &mut Tx, customers: &[CustomerId]) -> Result<(), DbError> {
    for chunk in customers.chunks(5_000) {
        let held = store::list_held(tx, chunk)?;
        let blocked = store::list_blocked(tx, chunk)?;
        let with_terms = accounts::list_with_terms(tx, chunk)?;
        let concerned: BTreeSet<CustomerId> = held
            .iter()
            .map(|held| held.customer_id)
            .chain(blocked.iter().copied())
            .chain(with_terms)
            .collect();
        if concerned.is_empty() {
            continue;
        }
        let concerned: Vec<CustomerId> = concerned.into_iter().collect();
        let blocked: BTreeSet<CustomerId> = blocked.into_iter().collect();
        let accounts = accounts::list_by_customers(tx, &concerned)?;
        let ids: Vec<CreditAccountId> = accounts.iter().map(|account| account.id).collect();
        let creditors = balances::list_creditors(tx, &ids)?;
        let closed: BTreeSet<(CreditAccountId, LegalEntityId)> =
            balances::list_dunning_blocks(tx, &ids)?
                .into_iter()
                .collect();
        for account in &accounts {
            let owes_others = creditors
                .iter()
                .any(|(id, entity)| *id == account.id && *entity != MAIN_ENTITY);
            let of_account = held
                .iter()
                .filter(|one| one.customer_id == account.customer_id);
            let wanted = rules::closures(of_account, owes_others);
            let is_blocked = blocked.contains(&account.customer_id);
            close_account(tx, account.id, wanted.account, is_blocked)?;
            close_companies(tx, account, &wanted.entities, &closed)?;
        }
    }
    Ok(())
}

fn reached(level: i32) -> String {
    format!("Dunning reached level {level}.")
}

/// Blocks or opens the whole account where it is not as it should be.
fn close_account(
    tx: &mut Tx,
    account: CreditAccountId,
    wanted: Option<i32>,
    is_blocked: bool,
) -> Result<(), DbError> {
    let cause = BlockCause::Dunning;
    match wanted {
        Some(level) if !is_blocked => exposure::block(tx, account, cause, &reached(level)),
        None if is_blocked => exposure::unblock(tx, account, cause, "What was dunned is settled."),
        _ => Ok(()),
    }
}

/// Closes or opens the account for single companies where it is not as it should be.
fn close_companies(
    tx: &mut Tx,
    account: &CreditAccount,
    wanted: &BTreeMap<LegalEntityId, i32>,
    closed: &BTreeSet<(CreditAccountId, LegalEntityId)>,
) -> Result<(), DbError> {
    for (entity, level) in wanted {
        if !closed.contains(&(account.id, *entity)) {
            entity_terms::block_for_dunning(tx, account, *entity, Some(&reached(*level)))?;
        }
    }
    let needless = closed
        .iter()
        .filter(|(id, entity)| *id == account.id && !wanted.contains_key(entity));
    for (_, entity) in needless {
        entity_terms::block_for_dunning(tx, account, *entity, None)?;
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
