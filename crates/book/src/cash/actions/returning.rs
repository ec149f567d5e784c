//! Payments that the bank took back: what became of them is reversed.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::CashError;
use crate::book::cash::model::{
    BankEntry, EntryKind, EntryStatus, MatchProposal, Part, Parts, Reason, Reasons,
};
use crate::book::cash::rules::confidence::is_sure;
use crate::book::cash::rules::returns::{TakenBack, fits, taken_back};
use crate::book::cash::store;
use crate::book::exposure::actions as exposure;
use crate::book::policy::actions as policies;
use crate::book::receivables::actions::{ReceivableError, reverse_receipt};
use crate::book::receivables::model::{Receipt, ReceiptRef, Source};
use crate::book::receivables::store as receivables;
use crate::platform::db::{Change, DbError, Tx};
use kernel::ids::{BankEntryId, CustomerId, MatchProposalId, ReceiptId};
use kernel::text::{Note, Subject};

/// How many days back a payment may lie that a bank takes back: direct debits may be for 13 months.
const DAYS_BACK_MAX: u64 = 400;

/// How many payments are looked at for one return.
const PAYMENTS_MAX: usize = 50;

/// Looks which payment a return takes back, takes it back where that is sure, and says whether it did. Each return has a unit
/// of work of its own: accounts are locked before entries.
///
/// # Errors
/// When the database fails.
pub fn match_return(tx: &mut Tx, id: BankEntryId) -> Result<bool, DbError> {
    let returned = store::find_entry(tx, id)?.filter(|entry| entry.status.is_waiting());
    let Some(returned) = returned else {
        return Ok(false);
    };
    let policy = policies::live(tx)?;
    let threshold = policy.document.cash_application.automatic_above_ppm();
    let payments = store::list_payments_like(tx, &returned, DAYS_BACK_MAX, PAYMENTS_MAX)?;
    let found = taken_back(&returned, &payments);
    let confidences: Vec<i64> = found.iter().map(|one| one.confidence_ppm).collect();
    // What a person reopened is for a person, and where more payments may fit than were looked at, too.
    let is_for_person = returned.decided_by.is_some() || payments.len() == PAYMENTS_MAX;
    if let Some(best) = found.first()
        && !is_for_person
        && is_sure(&confidences, threshold)
        && try_to_take_back(tx, &returned, best)?
    {
        return Ok(true);
    }
    propose(tx, &returned, &found)?;
    Ok(false)
}

/// The reason that is written where nobody gives one.
pub fn by_the_bank() -> Note {
    Note::stored("The bank took the payment back.".to_owned())
}

/// Takes a payment back unless the ledger refuses it, and says whether it did: what is refused waits for a person.
fn try_to_take_back(tx: &mut Tx, returned: &BankEntry, best: &TakenBack) -> Result<bool, DbError> {
    let because = by_the_bank();
    let taken = tx.savepoint(|tx| {
        take_back(
            tx,
            returned,
            best.entry,
            &best.reasons,
            None,
            &because,
            None,
        )
    });
    match taken {
        Ok(_) => Ok(true),
        Err(CashError::Db(error) | CashError::Receipt(ReceivableError::Db(error))) => Err(error),
        Err(_) => Ok(false),
    }
}

/// Writes what a return may take back, for a person to choose from.
fn propose(tx: &mut Tx, returned: &BankEntry, found: &[TakenBack]) -> Result<(), DbError> {
    let Some(entry) = store::lock_entries(tx, &[returned.id])?.pop() else {
        return Ok(());
    };
    if entry.version != returned.version {
        return Ok(());
    }
    let ids: Vec<BankEntryId> = found.iter().map(|one| one.entry).collect();
    let links = store::list_receipts_of(tx, &ids)?;
    let standing: Vec<_> = links
        .into_iter()
        .filter(|link| link.given_back_at.is_none())
        .collect();
    let receipts: Vec<ReceiptId> = standing.iter().map(|link| link.receipt_id).collect();
    let receipts = receivables::list_receipts_by_ids(tx, &receipts)?;
    let mut rows = Vec::with_capacity(found.len());
    for (rank, one) in (1..).zip(found) {
        let of_payment: BTreeSet<ReceiptId> = standing
            .iter()
            .filter(|link| link.entry_id == one.entry)
            .map(|link| link.receipt_id)
            .collect();
        let parts = receipts
            .iter()
            .filter(|receipt| of_payment.contains(&receipt.id))
            .map(|receipt| Part {
                customer_id: receipt.customer_id,
                amount_minor: receipt.amount_minor,
                invoices: Vec::new(),
            });
        rows.push(MatchProposal {
            id: MatchProposalId::new(),
            entry_id: entry.id,
            rank,
            confidence_ppm: one.confidence_ppm,
            parts: Parts(parts.collect()),
            reasons: Reasons(one.reasons.clone()),
            returns_entry_id: Some(one.entry),
        });
    }
    let after = BankEntry {
        status: EntryStatus::Open,
        version: entry.version + 1,
        ..entry
    };
    store::save_entries(tx, &[after])?;
    store::replace_proposals(tx, &[returned.id], &rows)
}

/// Takes back what became of a payment that money going out returns: its receipts are reversed on the day that the bank
/// booked the return, or a later one, as when the books of that day are closed.
///
/// # Errors
/// When the payment is not there or is none that the entry can take back, either changed meanwhile, or a receipt can't be
/// reversed.
pub fn take_back(
    tx: &mut Tx,
    returned: &BankEntry,
    payment: BankEntryId,
    reasons: &[Reason],
    by: Option<&Subject>,
    because: &Note,
    effective_on: Option<NaiveDate>,
) -> Result<BankEntry, CashError> {
    if effective_on.is_some_and(|day| day < returned.booking_date) {
        return Err(CashError::BeforeBooking);
    }
    let day = effective_on.unwrap_or(returned.booking_date);
    if returned.kind != EntryKind::ReturnedCredit {
        return Err(CashError::NotAReturn);
    }
    let payment = store::find_entry(tx, payment)?.ok_or(CashError::Missing("bank entry"))?;
    let links = store::list_receipts_of(tx, &[payment.id])?;
    let standing = links.iter().filter(|link| link.given_back_at.is_none());
    let standing: Vec<ReceiptId> = standing.map(|link| link.receipt_id).collect();
    let receipts = receivables::list_receipts_by_ids(tx, &standing)?;
    // All whose invoices the receipts settled are locked at once, before anything else.
    let mut customers: BTreeSet<CustomerId> =
        receipts.iter().map(|receipt| receipt.customer_id).collect();
    for receipt in &receipts {
        let settled = receivables::list_settlements_of(tx, Source::Receipt(receipt.id))?;
        customers.extend(settled.iter().map(|settlement| settlement.customer_id));
    }
    exposure::lock_all(tx, &customers)?;
    let locked = store::lock_entries(tx, &[payment.id, returned.id])?;
    let is_as_read = |entry: &BankEntry| {
        let read = if entry.id == payment.id {
            &payment
        } else {
            returned
        };
        entry.version == read.version
    };
    if locked.len() != 2 || !locked.iter().all(is_as_read) {
        return Err(CashError::Stale);
    }
    if !fits(returned, &payment) {
        return Err(CashError::NotTakenBack);
    }
    // The reversals give the money back to the payment before this unit of work ends.
    for receipt in &receipts {
        reverse(tx, receipt, day, because).map_err(CashError::Receipt)?;
    }
    let decided = |before: &BankEntry, status: EntryStatus| BankEntry {
        status,
        decided_by: by.cloned(),
        decided_at: Some(tx.now()),
        decision_reason: Some(because.to_string()),
        version: before.version + 1,
        ..before.clone()
    };
    let gone = decided(&payment, EntryStatus::Returned);
    let after = BankEntry {
        returns_entry_id: Some(payment.id),
        customer_id: payment.customer_id,
        ..decided(returned, EntryStatus::NoReceipt)
    };
    store::save_entries(tx, &[gone.clone(), after.clone()])?;
    store::replace_proposals(tx, &[gone.id, after.id], &[])?;
    let told = Returned {
        // The reversals give its money back before this unit of work ends.
        entry: &BankEntry {
            assigned_minor: 0,
            ..gone.clone()
        },
        taken_back_by: after.id,
        reasons,
    };
    tx.record_all(vec![
        Change::new("bank_entry.returned", gone.id)
            .before(&payment)
            .after(&told)
            .because(because),
        Change::new("bank_entry.took_back", after.id)
            .before(returned)
            .after(&after)
            .because(because),
    ])?;
    Ok(after)
}

/// A payment that was taken back, as the trail tells it.
#[derive(serde::Serialize)]
struct Returned<'a> {
    entry: &'a BankEntry,
    taken_back_by: BankEntryId,
    reasons: &'a [Reason],
}

fn reverse(
    tx: &mut Tx,
    receipt: &Receipt,
    day: NaiveDate,
    because: &Note,
) -> Result<(), ReceivableError> {
    let id = ReceiptRef::Id(receipt.id);
    // The version as it is under the account's lock, which the caller holds.
    let current = receivables::find_receipt(tx, &id)?.ok_or(ReceivableError::Missing("receipt"))?;
    let day = day.max(current.receipt_date);
    reverse_receipt(tx, &id, current.version, because, Some(day))?;
    Ok(())
}

/// The entry that took a payment back, or the payment that it took back: both wait again together.
///
/// # Errors
/// When the database fails.
pub fn counterpart(tx: &mut Tx, entry: &BankEntry) -> Result<Option<BankEntry>, DbError> {
    match entry.returns_entry_id {
        Some(payment) => store::find_entry(tx, payment),
        None if entry.status == EntryStatus::Returned => store::find_return_of(tx, entry.id),
        None => Ok(None),
    }
}
