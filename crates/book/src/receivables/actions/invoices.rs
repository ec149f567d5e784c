//! Posting and cancelling invoices.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::drafting::Desk;
use super::prepayments::apply_prepayments;
use super::{Accounts, ReceivableError, counts_from};
use crate::book::customers::model::CustomerRef;
use crate::book::entities::actions::Entities;
use crate::book::exposure::actions as exposure;
use crate::book::exposure::actions::orders::{Billed, Billing};
use crate::book::exposure::actions::{Locked, orders};
use crate::book::exposure::model::{BalanceKey, Exposure};
use crate::book::periods::actions::ClosedPeriods;
use crate::book::receivables::input::{CancelledOrder, InvoiceIn, NewInvoice};
use crate::book::receivables::model::{Invoice, InvoiceRef, InvoiceStatus, Item};
use crate::book::receivables::store;
use crate::platform::db::{Change, DbError, Tx};
use kernel::ids::{InvoiceId, LegalEntityId};
use kernel::text::{Note, Number};

/// Posts invoices, each to its locked account, in few statements: one outcome for each, in order. What is refused
/// stops none of the others. Want of limit is no reason to refuse: the goods are delivered.
///
/// Exposure goes up by what is posted, and down by what that takes of an order: of its deliveries that are not billed,
/// then of its reservation. What passes the order is posted all the same, and said on the invoice. What was prepaid for the
/// order settles it.
///
/// # Errors
/// When the database fails. Each outcome: when the currency is not the account's, the amount is zero, a date is out
/// of bounds, or the number is taken.
pub fn post_invoices(
    tx: &mut Tx,
    new: &[(&Locked, NewInvoice)],
) -> Result<Vec<Result<Invoice, ReceivableError>>, DbError> {
    let mut desk = Desk::read(tx, new)?;
    let mut items: BTreeMap<InvoiceId, Vec<Item>> = BTreeMap::new();
    let drafts: Vec<Result<Invoice, ReceivableError>> = new
        .iter()
        .map(|(locked, new)| {
            let (invoice, of_invoice) = desk.draft(tx, locked, new)?;
            items.insert(invoice.id, of_invoice);
            Ok(invoice)
        })
        .collect();
    let rows: Vec<Invoice> = drafts.iter().flatten().cloned().collect();
    let inserted = store::insert_invoices(tx, &rows)?;
    items.retain(|invoice, _| inserted.contains(invoice));
    let posted: Vec<&Item> = items.values().flatten().collect();
    store::insert_items(tx, &posted)?;
    let refused = rows.iter().filter(|row| !inserted.contains(&row.id));
    let taken: Vec<&Number> = refused.map(|row| &row.number).collect();
    let holders: BTreeMap<(Number, LegalEntityId), InvoiceId> =
        store::list_invoices_by_numbers(tx, &taken)?
            .into_iter()
            .filter(|invoice| invoice.status != InvoiceStatus::Cancelled)
            .map(|invoice| ((invoice.number, invoice.legal_entity_id), invoice.id))
            .collect();
    let mut outcomes: Vec<Result<Invoice, ReceivableError>> = drafts
        .into_iter()
        .map(|draft| {
            let invoice = draft?;
            if inserted.contains(&invoice.id) {
                return Ok(invoice);
            }
            let number = (invoice.number, invoice.legal_entity_id);
            Err(ReceivableError::NumberTaken {
                thing: "invoice",
                existing_id: holders.get(&number).map(ToString::to_string),
                number: number.0,
            })
        })
        .collect();
    let changes: Vec<(&Locked, BalanceKey, Exposure)> = new
        .iter()
        .zip(outcomes.iter())
        .filter_map(|((locked, _), outcome)| {
            let invoice = outcome.as_ref().ok()?;
            let change = invoice.exposure(invoice.amount_minor);
            Some((*locked, invoice.key(), change))
        })
        .collect();
    exposure::post_all(tx, &changes)?;
    bill_orders(tx, new, &mut outcomes)?;
    tx.record_all(
        outcomes
            .iter()
            .flatten()
            .map(|invoice| Change::new("invoice.posted", invoice.id).after(invoice))
            .collect(),
    )?;
    let posted: BTreeSet<String> = inserted.iter().map(ToString::to_string).collect();
    desk.periods
        .flag(tx, |document| posted.contains(document))?;
    let accounts = new
        .iter()
        .map(|(locked, _)| (locked.account.customer_id, *locked));
    let mut posted: Vec<&mut Invoice> = outcomes.iter_mut().flatten().collect();
    apply_prepayments(tx, &accounts.collect(), &mut posted)?;
    Ok(outcomes)
}

/// Has invoices that were posted take the place of what their orders hold.
fn bill_orders(
    tx: &mut Tx,
    new: &[(&Locked, NewInvoice)],
    outcomes: &mut [Result<Invoice, ReceivableError>],
) -> Result<(), DbError> {
    let posted = new.iter().zip(outcomes.iter());
    let billings: Vec<Billing> = posted
        .filter_map(|((locked, new), outcome)| {
            let invoice = outcome.as_ref().ok()?;
            Some(Billing {
                locked,
                invoice: invoice.id,
                order: new.order_number.as_ref()?,
                key: invoice.key(),
                amount_minor: invoice.amount_minor,
                reservation: new.reservation_id,
            })
        })
        .collect();
    let billed = orders::bill(tx, &billings)?;
    let ids = billings.iter().map(|billing| billing.invoice);
    let billed: BTreeMap<InvoiceId, Billed> = ids.zip(billed).collect();
    let mut changed = Vec::new();
    for invoice in outcomes.iter_mut().flatten() {
        let Some(billed) = billed.get(&invoice.id) else {
            continue;
        };
        let excess = (billed.excess_minor > 0).then_some(billed.excess_minor);
        if billed.reservation != invoice.reservation_id || excess.is_some() {
            invoice.reservation_id = billed.reservation;
            invoice.order_excess_minor = excess;
            changed.push(&*invoice);
        }
    }
    store::save_orders(tx, &changed)
}

/// [`post_invoices`] for one.
///
/// # Errors
/// As [`post_invoices`].
pub fn post_invoice(
    tx: &mut Tx,
    locked: &Locked,
    new: NewInvoice,
) -> Result<Invoice, ReceivableError> {
    post_invoices(tx, &[(locked, new)])?
        .pop()
        .unwrap_or(Err(ReceivableError::Missing("invoice")))
}

/// Posts what callers send, each to the account of the customer that it names: one outcome for each, in order.
///
/// # Errors
/// When the database fails. Each outcome: when the customer is unknown or has no account, and as [`post_invoices`].
pub fn create_invoices(
    tx: &mut Tx,
    inputs: &[InvoiceIn],
) -> Result<Vec<Result<Invoice, ReceivableError>>, DbError> {
    let named: Vec<CustomerRef> = inputs.iter().map(|input| input.customer.clone()).collect();
    let accounts = Accounts::lock(tx, &named, [])?;
    let entities = Entities::read(tx, inputs.iter().map(|input| input.legal_entity.as_ref()))?;
    let prepared: Vec<Result<(&Locked, NewInvoice), ReceivableError>> = inputs
        .iter()
        .map(|input| {
            let entity = entities.find(input.legal_entity.as_ref())?;
            Ok((accounts.find(&input.customer)?, input.to_new(entity)))
        })
        .collect();
    let ready: Vec<(&Locked, NewInvoice)> = prepared.iter().flatten().cloned().collect();
    let mut posted = post_invoices(tx, &ready)?.into_iter();
    Ok(prepared
        .into_iter()
        .map(|item| {
            item?;
            posted
                .next()
                .unwrap_or(Err(ReceivableError::Missing("invoice")))
        })
        .collect())
}

/// [`create_invoices`] for one.
///
/// # Errors
/// As [`create_invoices`].
pub fn create_invoice(tx: &mut Tx, input: &InvoiceIn) -> Result<Invoice, ReceivableError> {
    create_invoices(tx, std::slice::from_ref(input))?
        .pop()
        .unwrap_or(Err(ReceivableError::Missing("invoice")))
}

/// Takes back an invoice that was posted by mistake, as long as nothing settles it. It counts no more from a day on: today
/// when none is asked for.
///
/// # Errors
/// When the invoice is not there, changed since `version`, is settled in part or cancelled already, or the day is before
/// the invoice's or after today.
pub fn cancel_invoice(
    tx: &mut Tx,
    reference: &InvoiceRef,
    version: i64,
    reason: &Note,
    effective_on: Option<NaiveDate>,
    order: CancelledOrder,
) -> Result<Invoice, ReceivableError> {
    let missing = ReceivableError::Missing("invoice");
    let Some(found) = store::find_invoice(tx, reference)? else {
        return Err(missing);
    };
    let accounts = Accounts::lock_customers(tx, &BTreeSet::from([found.customer_id]))?;
    let locked = accounts.of(found.customer_id)?;
    let before = store::find_invoice(tx, &InvoiceRef::Id(found.id))?.ok_or(missing)?;
    if before.version != version {
        return Err(ReceivableError::Stale);
    }
    if before.status != InvoiceStatus::Open {
        return Err(ReceivableError::NotCancellable(before.status));
    }
    let cancelled_on = counts_from(tx, before.invoice_date, effective_on)?;
    let mut periods = ClosedPeriods::read(tx)?;
    periods.check(tx, before.legal_entity_id, cancelled_on, before.id)?;
    let after = Invoice {
        open_minor: 0,
        status: InvoiceStatus::Cancelled,
        cancelled_on: Some(cancelled_on),
        cancel_reason: Some(reason.to_string()),
        cancel_entered_on: Some(tx.today()),
        ..before.clone()
    };
    let after = store::cancel_invoice(tx, &after)?.ok_or(ReceivableError::Stale)?;
    store::cancel_items(tx, after.id)?;
    periods.flag(tx, |_| true)?;
    let open = before.exposure(before.open_minor);
    exposure::post(tx, locked, before.key(), -open)?;
    if order == CancelledOrder::Restored {
        let (number, key) = (&after.number, after.key());
        orders::restore(tx, locked, after.id, number, after.invoice_date, key)?;
    }
    tx.record(
        Change::new("invoice.cancelled", after.id)
            .before(&before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}
