//! What was planned, written.

use std::collections::{BTreeMap, BTreeSet};

use super::{Changes, Settling, run_again};
use crate::book::exposure::actions::{self as exposure, Locked};
use crate::book::exposure::model::{BalanceKey, Exposure};
use crate::book::receivables::model::{Invoice, Item, Settlement};
use crate::book::receivables::store;
use crate::platform::db::{Change, DbError, Tx};
use kernel::ids::{CustomerId, InvoiceId};

/// Whose money it is, and in which balance.
pub(in crate::receivables::actions) type Owner = (CustomerId, BalanceKey);

/// Writes what was planned. Every settlement of an item, and every undoing of one, goes through here; what it changes in
/// the balances of each customer is for the caller to post, together with its own document.
///
/// Settling 60.00 takes 60.00 from what is receivable and, where money does it, what of it is used from what is unapplied.
pub(in crate::receivables::actions) fn settle(
    tx: &mut Tx,
    settling: &Settling,
) -> Result<Changes, DbError> {
    let mut changes = Changes::new();
    save_items(tx, settling)?;
    if settling.rows.is_empty() {
        return Ok(changes);
    }
    let rows: Vec<&Settlement> = settling.rows.iter().map(|row| &row.settlement).collect();
    store::insert_settlements(tx, &rows)?;
    // What a document that was refused touched has no rows.
    let with_rows: BTreeSet<InvoiceId> = rows.iter().map(|row| row.invoice_id).collect();
    let settled: Vec<(&Invoice, Invoice)> = settling
        .touched
        .values()
        .filter(|before| with_rows.contains(&before.id))
        .filter_map(|before| Some((before, settling.invoices.get(&before.id)?)))
        .map(|(before, after)| {
            let version = before.version + i64::from(before.open_minor != after.open_minor);
            let after = after.clone();
            (before, Invoice { version, ..after })
        })
        .collect();
    // An undoing that is moved to an earlier day leaves the balance as it was, and is told all the same.
    let moved: Vec<&Invoice> = settled
        .iter()
        .filter(|(before, after)| before.version != after.version)
        .map(|(_, after)| after)
        .collect();
    store::save_balances(tx, &moved)?;
    tx.record_all(
        settled
            .iter()
            .map(|(before, after)| {
                Change::new("invoice.settled", after.id)
                    .before(before)
                    .after(after)
            })
            .collect(),
    )?;
    for row in &settling.rows {
        let settled = &row.settlement;
        let Some(invoice) = settling.invoices.get(&settled.invoice_id) else {
            continue;
        };
        // What is sold without recourse left exposure when it was sold.
        if invoice.sold_on.is_none() {
            let owed = changes
                .entry((settled.customer_id, invoice.key()))
                .or_default();
            *owed = owed.plus(-invoice.exposure(settled.amount_minor))?;
        }
        if let Some(owner) = row.owner {
            let unapplied = changes.entry(owner).or_default();
            *unapplied = unapplied.plus(-Exposure::unapplied(settled.used_minor))?;
        }
    }
    Ok(changes)
}

fn save_items(tx: &mut Tx, settling: &Settling) -> Result<(), DbError> {
    let items: Vec<&Item> = settling
        .items
        .values()
        .flatten()
        .filter(|item| settling.changed_items.contains(&item.id))
        .collect();
    store::save_items(tx, &items)
}

/// Posts what changed to the accounts of those whose balances move.
///
/// # Errors
/// When the database fails; the unit of work runs again when an account is not locked.
pub(in crate::receivables::actions) fn post(
    tx: &mut Tx,
    accounts: &BTreeMap<CustomerId, &Locked>,
    changes: Changes,
) -> Result<(), DbError> {
    let changes: Vec<(&Locked, BalanceKey, Exposure)> = changes
        .into_iter()
        .filter(|(_, change)| !change.is_zero())
        .map(|((customer, key), change)| {
            let locked = accounts.get(&customer).copied().ok_or_else(run_again)?;
            Ok((locked, key, change))
        })
        .collect::<Result<_, DbError>>()?;
    exposure::post_all(tx, &changes)
}
