//! What cash application does about what others do: invoices are found by their numbers, and a receipt that is reversed
//! gives its money back to its entry.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::book::cash::model::{AdviceStatus, BankEntry, EntryStatus, RemittanceAdvice};
use crate::book::cash::rules::references::keys_of_number;
use crate::book::cash::store;
use crate::platform::db::{Change, DbError, Reaction, Tx};
use kernel::ids::{BankEntryId, InvoiceId, ReceiptId};

/// An invoice that is posted can be found from that moment on.
pub const KEYS: Reaction = Reaction {
    actions: &["invoice.posted"],
    react: keep_keys,
};

/// A receipt that is reversed gives its money back to the entry that it came of.
pub const REVERSALS: Reaction = Reaction {
    actions: &["receipt.reversed"],
    react: give_back,
};

/// What is wanted of an invoice.
#[derive(Deserialize)]
struct Posted {
    id: InvoiceId,
    number: String,
}

fn keep_keys(tx: &mut Tx, changes: &[Change]) -> Result<(), DbError> {
    let mut rows = Vec::with_capacity(changes.len() * 2);
    for change in changes {
        let posted: Posted = change.read()?;
        let keys = keys_of_number(&posted.number).into_iter();
        rows.extend(keys.map(|key| (key, posted.id)));
    }
    store::insert_keys(tx, &rows)
}

/// What is wanted of a receipt.
#[derive(Deserialize)]
struct Reversed {
    id: ReceiptId,
}

/// Whoever reverses a receipt holds its account; entries come after accounts.
fn give_back(tx: &mut Tx, changes: &[Change]) -> Result<(), DbError> {
    let mut receipts = Vec::with_capacity(changes.len());
    for change in changes {
        receipts.push(change.read::<Reversed>()?.id);
    }
    let links = store::list_entry_receipts(tx, &receipts)?;
    if links.is_empty() {
        return Ok(());
    }
    let mut given: BTreeMap<BankEntryId, i64> = BTreeMap::new();
    for link in &links {
        *given.entry(link.entry_id).or_default() += link.amount_minor;
    }
    let ids: Vec<BankEntryId> = given.keys().copied().collect();
    let mut entries = Vec::new();
    let mut told = Vec::new();
    let (mut pays_nothing, mut taken_back) = (Vec::new(), Vec::new());
    for before in store::lock_entries(tx, &ids)? {
        let back = given.get(&before.id).copied().unwrap_or(0);
        // What the bank took back stays so, and was told with the rest of it.
        let is_returned = before.status == EntryStatus::Returned;
        let assigned_minor = before.assigned_minor - back;
        if assigned_minor == 0 {
            pays_nothing.push(before.id);
        }
        if is_returned {
            entries.push(BankEntry {
                assigned_minor,
                ..before
            });
            continue;
        }
        let after = BankEntry {
            status: EntryStatus::Open,
            assigned_minor,
            // For whom it was taken says nothing of who paid.
            customer_id: before.customer_id.filter(|_| assigned_minor > 0),
            decided_by: Some(tx.caller().subject.clone()),
            decided_at: Some(tx.now()),
            decision_reason: None,
            version: before.version + 1,
            ..before.clone()
        };
        if assigned_minor == 0 {
            taken_back.push(after.id);
        }
        told.push(
            Change::new("bank_entry.given_back", after.id)
                .before(&before)
                .after(&after),
        );
        entries.push(after);
    }
    store::save_entries(tx, &entries)?;
    let returned: Vec<ReceiptId> = links.iter().map(|link| link.receipt_id).collect();
    store::give_back(tx, &returned, tx.now())?;
    told.extend(reopen_advices(tx, &pays_nothing)?);
    told.extend(unlearn(tx, &taken_back)?);
    tx.record_all(told)
}

/// What payments taught of their payers that were taken from those for whom they were taken: nothing else says it.
fn unlearn(tx: &mut Tx, entries: &[BankEntryId]) -> Result<Vec<Change>, DbError> {
    let mut told = Vec::new();
    for account in store::list_taught(tx, entries)? {
        if store::delete_payer_account(tx, account.id, account.version)? {
            told.push(Change::new("payer_account.removed", account.id).before(&account));
        }
    }
    Ok(told)
}

/// The advices whose payments pay nothing any more announce them again.
fn reopen_advices(tx: &mut Tx, entries: &[BankEntryId]) -> Result<Vec<Change>, DbError> {
    let mut told = Vec::new();
    for before in store::list_advices_of_entries(tx, entries)? {
        let after = RemittanceAdvice {
            status: AdviceStatus::Open,
            entry_id: None,
            ..before.clone()
        };
        if let Some(after) = store::update_advice_if_unchanged(tx, &after)? {
            let change = Change::new("remittance_advice.reopened", after.id);
            told.push(change.before(&before).after(&after));
        }
    }
    Ok(told)
}
