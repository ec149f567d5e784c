//! From what accrues to what is asked for: a claimed charge is an invoice with one item, and follows what becomes of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::accrual::{is_as_owed, new_charge};
use super::{ChargeError, check, save};
use crate::book::receivables::actions::{self as receivables, Accounts};
use crate::book::receivables::input::{InvoiceDetails, NewInvoice};
use crate::book::receivables::model::{
    DocumentRef, Invoice, InvoiceKind, InvoiceRef, InvoiceStatus,
};
use crate::book::receivables::store as ledger;
use crate::collect::charges::input::{ClaimIn, FeeIn};
use crate::collect::charges::model::{Charge, ChargeStatus, LateItem};
use crate::collect::charges::store;
use crate::platform::db::{Change, Db, DbError, Reaction, Tx};
use kernel::clock::Day;
use kernel::ids::{ChargeId, CustomerId, InvoiceId, LegalEntityId};
use kernel::money::Currency;
use kernel::text::{Note, Number, TextError};

/// What has accrued of a customer for one company in one currency, the oldest first: what a notice could claim.
///
/// # Errors
/// When the database fails.
pub fn list_accrued(
    db: &mut Db,
    customer: CustomerId,
    entity: LegalEntityId,
    currency: Currency,
) -> Result<Vec<Charge>, DbError> {
    store::list_accrued(db, customer, entity, currency)
}

/// Claims a charge: it becomes an invoice with one item of its own, in the exposure category of claimed charges.
///
/// # Errors
/// When the charge is not there, not accrued or changed since `version`, not what is owed by now, or the number is taken.
pub fn claim(
    tx: &mut Tx,
    id: ChargeId,
    version: i64,
    input: &ClaimIn,
) -> Result<Charge, ChargeError> {
    let found = store::find(tx, id)?.ok_or(ChargeError::Missing)?;
    check(&found, Some(version), "claim")?;
    let accounts = Accounts::lock_customers(tx, &BTreeSet::from([found.customer_id]))?;
    claim_locked(tx, &accounts, id, Some(version), input)
}

/// [`claim`] for the charges of customers whose accounts are locked already, as when a notice claims them. Each becomes an
/// invoice of its own with a number that is made; `number` of the claim is not looked at. What is not owed so by now is left
/// out.
///
/// # Errors
/// As [`claim`].
pub fn claim_all(
    tx: &mut Tx,
    accounts: &Accounts,
    ids: &[ChargeId],
    input: &ClaimIn,
) -> Result<Vec<Charge>, ChargeError> {
    let input = ClaimIn {
        number: None,
        ..input.clone()
    };
    let mut claimed = Vec::new();
    for id in ids {
        match claim_locked(tx, accounts, *id, None, &input) {
            Ok(charge) => claimed.push(charge),
            Err(ChargeError::Outdated) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(claimed)
}

fn claim_locked(
    tx: &mut Tx,
    accounts: &Accounts,
    id: ChargeId,
    version: Option<i64>,
    input: &ClaimIn,
) -> Result<Charge, ChargeError> {
    let before = store::lock(tx, id)?.ok_or(ChargeError::Missing)?;
    check(&before, version, "claim")?;
    if !is_as_owed(tx, &before)? {
        return Err(ChargeError::Outdated);
    }
    let today = tx.today();
    let number = match &input.number {
        Some(number) => number.clone(),
        None => made_number(id)?,
    };
    let new = NewInvoice {
        number,
        invoice_date: today,
        due_date: Some(input.due_date.map_or(today, Day::date)),
        amount: before.amount(),
        order_number: None,
        reservation_id: None,
        legal_entity: before.legal_entity_id,
        details: InvoiceDetails {
            kind: before.kind.invoice_kind(),
            ..InvoiceDetails::default()
        },
    };
    let invoice = receivables::post_invoice(tx, accounts.of(before.customer_id)?, new)?;
    let after = Charge {
        status: ChargeStatus::Claimed,
        claimed_invoice_id: Some(invoice.id),
        claimed_on: Some(today),
        claimed_by: Some(tx.caller().subject.clone()),
        claim_reference: input.reference.clone(),
        ..before.clone()
    };
    save(tx, "charge.claimed", &before, &after, None)
}

/// `CHG-` and the end of its id, which no other charge has.
fn made_number(id: ChargeId) -> Result<Number, DbError> {
    let digits = id.uuid().simple().to_string().to_uppercase();
    let end = digits.get(16..).unwrap_or(&digits);
    format!("CHG-{end}")
        .parse()
        .map_err(|error: TextError| DbError::Document(error.to_string()))
}

/// Records a fee or other costs, as what accrues.
///
/// # Errors
/// When there is no such invoice or item, the invoice is cancelled or a charge itself, or the amount is in another currency.
pub fn record_fee(tx: &mut Tx, input: &FeeIn) -> Result<Charge, ChargeError> {
    let found = ledger::find_invoice(tx, &input.invoice)?.ok_or(ChargeError::NoSuchInvoice)?;
    Accounts::lock_customers(tx, &BTreeSet::from([found.customer_id]))?;
    let invoice = ledger::find_invoice(tx, &DocumentRef::Id(found.id))?;
    let invoice = invoice.ok_or(ChargeError::NoSuchInvoice)?;
    if invoice.kind.is_charge() {
        return Err(ChargeError::OfCharge);
    }
    if invoice.status == InvoiceStatus::Cancelled {
        return Err(ChargeError::CancelledInvoice);
    }
    let amount = input.amount.money();
    if amount.currency() != invoice.currency {
        return Err(ChargeError::Currency {
            pointer: "/amount".to_owned(),
        });
    }
    let items = ledger::list_items_of(tx, &[invoice.id])?;
    let mut wanted = items
        .iter()
        .filter(|item| input.item_id.is_none_or(|wanted| wanted == item.id));
    let item = wanted.next().ok_or(ChargeError::NoSuchItem)?;
    let item = LateItem {
        item_id: item.id,
        invoice_id: invoice.id,
        customer_id: invoice.customer_id,
        account_id: invoice.account_id,
        legal_entity_id: invoice.legal_entity_id,
        currency: invoice.currency,
        amount_minor: item.amount_minor,
        invoice_minor: invoice.amount_minor,
        due_date: item.due_date,
    };
    let today = tx.today();
    let kind = input.kind.kind();
    let charge = Charge {
        note: Some(input.reason.clone()),
        ..new_charge(tx, &item, kind, amount, (today, today), None, &[])?
    };
    store::put(tx, std::slice::from_ref(&charge))?;
    tx.record(
        Change::new("charge.recorded", charge.id)
            .after(&charge)
            .because(&input.reason),
    )?;
    Ok(charge)
}

/// Takes back what accrued and was no charge, such as a fee that was recorded by mistake. Interest that still runs is worked
/// out again.
///
/// # Errors
/// When the charge is not there, not accrued or changed since `version`.
pub fn cancel(
    tx: &mut Tx,
    id: ChargeId,
    version: i64,
    reason: &Note,
) -> Result<Charge, ChargeError> {
    let before = store::lock(tx, id)?.ok_or(ChargeError::Missing)?;
    check(&before, Some(version), "cancel")?;
    let after = Charge {
        status: ChargeStatus::Cancelled,
        ended_on: Some(tx.today()),
        end_reason: Some(reason.clone()),
        ..before.clone()
    };
    save(
        tx,
        "charge.cancelled",
        &before,
        &after,
        Some(reason.as_str()),
    )
}

/// Claimed charges follow their invoices, in the very unit of work that settles or cancels those; what accrued for an invoice
/// that is cancelled is no charge any more.
pub const CLAIMS: Reaction = Reaction {
    actions: &["invoice.cancelled", "invoice.settled"],
    react: follow_invoices,
};

/// What charges want to know of an invoice.
#[derive(Deserialize)]
struct OfInvoice {
    id: InvoiceId,
    kind: InvoiceKind,
    status: InvoiceStatus,
    open_minor: i64,
}

fn follow_invoices(tx: &mut Tx, changes: &[Change]) -> Result<(), DbError> {
    let mut invoices: BTreeMap<InvoiceId, OfInvoice> = BTreeMap::new();
    for change in changes {
        let one: OfInvoice = change.read()?;
        if one.kind.is_charge() || one.status == InvoiceStatus::Cancelled {
            invoices.insert(one.id, one);
        }
    }
    if invoices.is_empty() {
        return Ok(());
    }
    let ids: Vec<InvoiceId> = invoices.keys().copied().collect();
    for before in store::list_of_invoices(tx, &ids)? {
        let about = match before.status {
            ChargeStatus::Accrued => invoices.get(&before.invoice_id),
            _ => before.claimed_invoice_id.and_then(|id| invoices.get(&id)),
        };
        let Some(status) = about.and_then(|invoice| followed(before.status, invoice)) else {
            continue;
        };
        follow(tx, &before, status)?;
    }
    Ok(())
}

/// Where a charge stands after what became of its invoice; none where that changes nothing.
fn followed(status: ChargeStatus, invoice: &OfInvoice) -> Option<ChargeStatus> {
    match status {
        ChargeStatus::Waived | ChargeStatus::Cancelled => None,
        _ if invoice.status == InvoiceStatus::Cancelled => Some(ChargeStatus::Cancelled),
        ChargeStatus::Claimed if invoice.open_minor == 0 => Some(ChargeStatus::Paid),
        ChargeStatus::Paid if invoice.open_minor > 0 => Some(ChargeStatus::Claimed),
        ChargeStatus::Accrued | ChargeStatus::Claimed | ChargeStatus::Paid => None,
    }
}

fn follow(tx: &mut Tx, before: &Charge, status: ChargeStatus) -> Result<(), DbError> {
    let action = match status {
        ChargeStatus::Paid => "charge.paid",
        ChargeStatus::Cancelled => "charge.cancelled",
        _ => "charge.reopened",
    };
    let is_over = status != ChargeStatus::Claimed;
    let after = Charge {
        status,
        ended_on: is_over.then(|| tx.today()),
        ..before.clone()
    };
    let after = store::update_if_unchanged(tx, &after)?.ok_or_else(|| {
        DbError::Serialization("a charge changed while its invoice did".to_owned())
    })?;
    tx.record(Change::new(action, after.id).before(before).after(&after))
}

/// The invoice that a charge became.
pub(super) fn claimed_invoice(tx: &mut Tx, charge: &Charge) -> Result<Invoice, ChargeError> {
    let id = charge
        .claimed_invoice_id
        .ok_or(ChargeError::NoSuchInvoice)?;
    ledger::find_invoice(tx, &InvoiceRef::Id(id))?.ok_or(ChargeError::NoSuchInvoice)
}
