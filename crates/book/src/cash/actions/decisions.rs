//! What a person says of an entry: accept a proposal, assign it, ignore it, look again.

use std::collections::{BTreeMap, BTreeSet};

use super::CashError;
use super::gathering::read_names;
use super::matching::{Asking, match_entries, teaches};
use super::posting::{self, Decision};
use super::returning;
use crate::book::cash::input::{AssignEntryIn, AssignInvoiceIn, AssignPartIn, ReturnedPaymentIn};
use crate::book::cash::model::{BankEntry, EntryKind, EntryStatus, InvoiceShare, Part, Reason};
use crate::book::cash::store;
use crate::book::customers::store as customers;
use crate::book::exposure::model::BalanceKey;
use crate::book::receivables::actions::{Accounts, ReceivableError, requested_order};
use crate::book::receivables::model::{Invoice, InvoiceRef};
use crate::book::receivables::store as receivables;
use crate::platform::db::{Change, DbError, Tx};
use kernel::clock::Day;
use kernel::ids::{BankEntryId, CustomerId, MatchProposalId};
use kernel::text::{Note, Number};

/// What a person says that an entry is.
struct Said {
    parts: Vec<Part>,
    /// The orders that parts are paid for beforehand, by the parts' places.
    prepaid_orders: BTreeMap<usize, Number>,
    reasons: Vec<Reason>,
    because: Option<String>,
    /// Whether the payer's account is known as the customer's from now on.
    learns: bool,
}

/// The entry, as long as it has the version that the caller read and waits for a person.
fn waiting(tx: &mut Tx, id: BankEntryId, version: i64) -> Result<BankEntry, CashError> {
    let entry = store::find_entry(tx, id)?.ok_or(CashError::Missing("bank entry"))?;
    if entry.version != version {
        return Err(CashError::Stale);
    }
    if !entry.status.is_waiting() {
        return Err(CashError::EntryState(entry.status));
    }
    Ok(entry)
}

/// Posts what one proposal of an entry says.
///
/// # Errors
/// When the entry is not there, changed since `version` or does not wait, there is no such proposal, or what it says can't
/// be posted any more.
pub fn accept(
    tx: &mut Tx,
    id: BankEntryId,
    version: i64,
    proposal: Option<MatchProposalId>,
) -> Result<BankEntry, CashError> {
    let entry = waiting(tx, id, version)?;
    let proposal = store::find_proposal(tx, id, proposal)?.ok_or(CashError::NoProposal)?;
    if let Some(payment) = proposal.returns_entry_id {
        let by = tx.caller().subject.clone();
        let because = returning::by_the_bank();
        let reasons = &proposal.reasons.0;
        return returning::take_back(tx, &entry, payment, reasons, Some(&by), &because, None);
    }
    let said = Said {
        learns: teaches(&proposal.reasons.0),
        parts: proposal.parts.0,
        prepaid_orders: BTreeMap::new(),
        reasons: proposal.reasons.0,
        because: None,
    };
    decide(tx, entry, said)
}

/// Posts what a person says that an entry is: a receipt for each part. What is left of it waits on.
///
/// # Errors
/// When the entry is not there, changed since `version` or does not wait, a customer is unknown, the parts are more than
/// is left, or a receipt can't be posted.
pub fn assign(
    tx: &mut Tx,
    id: BankEntryId,
    version: i64,
    input: &AssignEntryIn,
) -> Result<BankEntry, CashError> {
    let entry = waiting(tx, id, version)?;
    if entry.kind == EntryKind::ReturnedCredit {
        return Err(CashError::WentOut);
    }
    let mut parts = Vec::with_capacity(input.parts.len());
    let mut prepaid_orders = BTreeMap::new();
    for (index, part) in input.parts.iter().enumerate() {
        let read = part_of(tx, &entry, index, part)?;
        if let Some(order) = order_of(tx, &entry, index, part, read.customer_id)? {
            prepaid_orders.insert(index, order);
        }
        parts.push(read);
    }
    let given: i64 = parts.iter().map(|part| part.amount_minor).sum();
    if given > entry.left_minor() {
        return Err(CashError::TooMuch {
            given: entry.money(given),
            left: entry.money(entry.left_minor()),
        });
    }
    let learns = input.learn_payer_account.unwrap_or(true);
    let reason = input.reason.as_ref().map(Note::to_string);
    let said = Said {
        parts,
        prepaid_orders,
        reasons: Vec::new(),
        because: reason,
        learns,
    };
    decide(tx, entry, said)
}

/// The order that a part is paid for beforehand, named by itself or by its deposit request.
fn order_of(
    tx: &mut Tx,
    entry: &BankEntry,
    index: usize,
    part: &AssignPartIn,
    customer: CustomerId,
) -> Result<Option<Number>, CashError> {
    let Some(reference) = &part.deposit_request else {
        return Ok(part.prepaid_order_number.clone());
    };
    let key = BalanceKey::new(entry.legal_entity_id, entry.currency);
    match requested_order(tx, reference, (customer, key)) {
        Ok(order) => Ok(Some(order)),
        Err(ReceivableError::Db(error)) => Err(error.into()),
        Err(error) => Err(CashError::Part { part: index, error }),
    }
}

fn part_of(
    tx: &mut Tx,
    entry: &BankEntry,
    index: usize,
    part: &AssignPartIn,
) -> Result<Part, CashError> {
    let customer =
        customers::find(tx, &part.customer)?.ok_or_else(|| CashError::NoSuchCustomer {
            pointer: format!("/parts/{index}/customer"),
        })?;
    let currency_at = |pointer: String, given| CashError::Currency {
        pointer,
        given,
        expected: entry.currency,
    };
    let amount = part.amount.money();
    if amount.currency() != entry.currency {
        let pointer = format!("/parts/{index}/amount");
        return Err(currency_at(pointer, amount.currency()));
    }
    let mut invoices = Vec::with_capacity(part.invoices.len());
    for (place, one) in part.invoices.iter().enumerate() {
        let pointer = format!("/parts/{index}/invoices/{place}");
        let amount = one.amount.money();
        if amount.currency() != entry.currency {
            return Err(currency_at(format!("{pointer}/amount"), amount.currency()));
        }
        let reference = invoice_ref(one).ok_or(CashError::Missing("invoice"))?;
        let found = find_invoice(tx, entry, &reference)?;
        let invoice = found.ok_or_else(|| CashError::Part {
            part: index,
            error: ReceivableError::NoSuchInvoice {
                pointer: format!("/invoices/{place}/{}", member_of(&reference)),
            },
        })?;
        invoices.push(InvoiceShare {
            invoice_id: invoice.id,
            number: invoice.number.into(),
            amount_minor: amount.minor(),
        });
    }
    Ok(Part {
        customer_id: customer.id,
        amount_minor: amount.minor(),
        invoices,
    })
}

/// The invoice that is named: a number names the living one of the company that was paid.
fn find_invoice(
    tx: &mut Tx,
    entry: &BankEntry,
    reference: &InvoiceRef,
) -> Result<Option<Invoice>, DbError> {
    let InvoiceRef::Number(number) = reference else {
        return receivables::find_invoice(tx, reference);
    };
    let all = receivables::list_invoices_by_numbers(tx, &[number])?;
    Ok(all
        .into_iter()
        .find(|invoice| invoice.legal_entity_id == entry.legal_entity_id))
}

fn invoice_ref(one: &AssignInvoiceIn) -> Option<InvoiceRef> {
    let by_id = one.invoice_id.map(InvoiceRef::Id);
    by_id.or_else(|| one.invoice_number.clone().map(InvoiceRef::Number))
}

const fn member_of(reference: &InvoiceRef) -> &'static str {
    match reference {
        InvoiceRef::Id(_) => "invoice_id",
        InvoiceRef::Number(_) => "invoice_number",
    }
}

/// Whose accounts move: those whose money it is, and those whose invoices it pays.
fn everyone_of(tx: &mut Tx, parts: &[Part]) -> Result<BTreeSet<CustomerId>, DbError> {
    let named: Vec<InvoiceRef> = parts
        .iter()
        .flat_map(|part| &part.invoices)
        .map(|share| InvoiceRef::Id(share.invoice_id))
        .collect();
    let invoices = receivables::list_invoices_by_refs(tx, &named.iter().collect::<Vec<_>>())?;
    let owing = invoices.iter().map(|invoice| invoice.customer_id);
    let paying = parts.iter().map(|part| part.customer_id);
    Ok(paying.chain(owing).collect())
}

/// Locks accounts, then the entry, and posts all parts or none.
fn decide(tx: &mut Tx, entry: BankEntry, said: Said) -> Result<BankEntry, CashError> {
    let everyone = everyone_of(tx, &said.parts)?;
    let accounts = Accounts::lock_customers(tx, &everyone)?;
    let current = store::lock_entries(tx, &[entry.id])?.pop();
    if current.is_none_or(|current| current.version != entry.version) {
        return Err(CashError::Stale);
    }
    // What nobody decided on yet says who paid; afterwards it says for whom it was taken.
    let is_untouched = entry.assigned_minor == 0 && entry.decided_by.is_none();
    let payer = entry.customer_id.filter(|_| is_untouched);
    let decision = Decision {
        entry,
        parts: said.parts,
        prepaid_orders: said.prepaid_orders,
        reasons: said.reasons,
        payer,
        by: Some(tx.caller().subject.clone()),
        because: said.because,
        learns: said.learns,
    };
    let outcome = posting::post(tx, &accounts, vec![decision])?.pop();
    let outcome = outcome.ok_or(CashError::Missing("bank entry"))?;
    match outcome.refused.into_iter().next() {
        None => Ok(outcome.entry),
        Some((part, error)) => Err(CashError::Part { part, error }),
    }
}

/// Says which payment a return takes back: what became of it is reversed.
///
/// # Errors
/// When the entry is not there, changed since `version` or does not wait, and as `returning::take_back` says.
pub fn take_back(
    tx: &mut Tx,
    id: BankEntryId,
    version: i64,
    input: &ReturnedPaymentIn,
) -> Result<BankEntry, CashError> {
    let entry = waiting(tx, id, version)?;
    let by = tx.caller().subject.clone();
    let day = input.effective_on.map(Day::date);
    let (payment, reason) = (input.entry_id, &input.reason);
    returning::take_back(tx, &entry, payment, &[], Some(&by), reason, day)
}

/// Says that an entry is no payment of a customer.
///
/// # Errors
/// When the entry is not there, changed since `version` or does not wait, or a part of it became a receipt.
pub fn ignore(
    tx: &mut Tx,
    id: BankEntryId,
    version: i64,
    reason: &Note,
) -> Result<BankEntry, CashError> {
    let before = waiting(tx, id, version)?;
    if before.assigned_minor > 0 {
        return Err(CashError::EntryState(before.status));
    }
    let after = BankEntry {
        status: EntryStatus::Ignored,
        ..before.clone()
    };
    change(tx, &before, after, "bank_entry.ignored", reason)
}

/// Takes an entry that was put aside back into the worklist.
///
/// # Errors
/// When the entry is not there, changed since `version`, or was not put aside.
pub fn reopen(
    tx: &mut Tx,
    id: BankEntryId,
    version: i64,
    reason: &Note,
) -> Result<BankEntry, CashError> {
    let before = store::find_entry(tx, id)?.ok_or(CashError::Missing("bank entry"))?;
    if before.version != version {
        return Err(CashError::Stale);
    }
    let is_aside = matches!(before.status, EntryStatus::Ignored | EntryStatus::Returned)
        || (before.status == EntryStatus::NoReceipt && before.kind != EntryKind::Debit);
    if !is_aside {
        return Err(CashError::EntryState(before.status));
    }
    // A payment and what took it back wait again together.
    if let Some(other) = returning::counterpart(tx, &before)? {
        store::lock_entries(tx, &[other.id, before.id])?;
        reopen_one(tx, other, reason)?;
    }
    reopen_one(tx, before, reason)
}

fn reopen_one(tx: &mut Tx, before: BankEntry, reason: &Note) -> Result<BankEntry, CashError> {
    let status = if before.customer_id.is_some() || before.kind == EntryKind::ReturnedCredit {
        EntryStatus::Open
    } else {
        EntryStatus::Unidentified
    };
    // Whose payment a return takes back is not known any more.
    let customer_id = before
        .customer_id
        .filter(|_| before.kind != EntryKind::ReturnedCredit);
    let after = BankEntry {
        status,
        customer_id,
        returns_entry_id: None,
        ..before.clone()
    };
    change(tx, &before, after, "bank_entry.reopened", reason)
}

/// Writes what a person decided of an entry, which must not have changed since it was read.
fn change(
    tx: &mut Tx,
    before: &BankEntry,
    after: BankEntry,
    action: &'static str,
    reason: &Note,
) -> Result<BankEntry, CashError> {
    let current = store::lock_entries(tx, &[before.id])?.pop();
    if current.is_none_or(|current| current.version != before.version) {
        return Err(CashError::Stale);
    }
    let after = BankEntry {
        decided_by: Some(tx.caller().subject.clone()),
        decided_at: Some(tx.now()),
        decision_reason: Some(reason.to_string()),
        version: before.version + 1,
        ..after
    };
    store::save_entries(tx, std::slice::from_ref(&after))?;
    store::replace_proposals(tx, &[after.id], &[])?;
    tx.record(
        Change::new(action, after.id)
            .before(before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}

/// Looks again for what an entry pays, and applies it when that is sure now.
///
/// # Errors
/// When the entry is not there, changed since `version` or does not wait.
pub fn match_again(tx: &mut Tx, id: BankEntryId, version: i64) -> Result<BankEntry, CashError> {
    let before = waiting(tx, id, version)?;
    if before.kind == EntryKind::ReturnedCredit {
        returning::match_return(tx, id)?;
    } else {
        let names = read_names(tx)?;
        match_entries(tx, &[id], &names, Asking::Person)?;
    }
    let after = store::find_entry(tx, id)?.ok_or(CashError::Missing("bank entry"))?;
    tx.record(
        Change::new("bank_entry.matched", id)
            .before(&before)
            .after(&after),
    )?;
    Ok(after)
}
