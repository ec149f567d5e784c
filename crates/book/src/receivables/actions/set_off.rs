//! Settling without money of the customer: what we owe them set off, and small differences given up.

use std::collections::BTreeSet;

use super::settling::{self, Settling, plain, settle};
use super::{Accounts, ReceivableError, check_open, counts_from};
use crate::book::receivables::input::{Application, NamedApplication, SetOffIn};
use crate::book::receivables::model::{
    Invoice, InvoiceRef, InvoiceStatus, Item, SetOffKind, Settlement,
};
use crate::book::receivables::{rules, store};
use crate::platform::db::{Change, Tx};
use kernel::clock::Day;
use kernel::ids::SettlementId;
use kernel::money::Money;
use kernel::text::Note;

/// Settles an invoice, or one instalment of it, by what is set off or given up.
///
/// # Errors
/// When the invoice or item is not there, the amount is in another currency or more than is open, more than the policy lets
/// go is given up, or the day is before the invoice's, after today or in a closed period.
pub fn set_off(
    tx: &mut Tx,
    reference: &InvoiceRef,
    input: &SetOffIn,
) -> Result<Invoice, ReceivableError> {
    let missing = ReceivableError::Missing("invoice");
    let Some(found) = store::find_invoice(tx, reference)? else {
        return Err(missing);
    };
    let accounts = Accounts::lock_customers(tx, &BTreeSet::from([found.customer_id]))?;
    accounts.of(found.customer_id)?;
    let amount = input.amount.money();
    let one = NamedApplication::of(InvoiceRef::Id(found.id), amount);
    let application = Application::Named(vec![one]);
    let mut settling = Settling::read(tx, std::iter::once((found.customer_id, &application)))?;
    let before = store::find_invoice(tx, &InvoiceRef::Id(found.id))?.ok_or(missing)?;
    if before.status == InvoiceStatus::Cancelled {
        return Err(ReceivableError::NotCancellable(before.status));
    }
    if amount.currency() != before.currency {
        return Err(ReceivableError::Currency {
            given: amount.currency(),
            expected: before.currency,
        });
    }
    let day = counts_from(tx, before.invoice_date, input.effective_on.map(Day::date))?;
    let periods = check_open(tx, before.legal_entity_id, day, before.id)?;
    let items: Vec<Item> = store::list_items_of(tx, &[before.id])?
        .into_iter()
        .filter(|item| input.item_id.is_none_or(|wanted| wanted == item.id))
        .collect();
    if items.is_empty() {
        return Err(ReceivableError::NoSuchItem {
            pointer: "/item_id".to_owned(),
        });
    }
    let open: i64 = items.iter().map(|item| item.open_minor).sum();
    if amount.minor() > open {
        return Err(ReceivableError::OverApplied {
            pointer: "/amount".to_owned(),
            amount,
            available: Money::from_minor(open, before.currency),
        });
    }
    if input.kind == SetOffKind::WriteOff {
        let touched = settling::touched(&items, amount.minor());
        settling.check_difference(tx, (before.id, &touched), amount, "/amount")?;
    }
    settling.spread(&items, amount.minor(), |item, minor| Settlement {
        effective_on: rules::effective_on(day, before.invoice_date),
        reason: Some(input.reason.to_string()),
        ..plain(tx, item, input.kind.kind(), minor)
    });
    write(tx, &accounts, &settling)?;
    periods.flag(tx, |_| true)?;
    let after = store::find_invoice(tx, &InvoiceRef::Id(before.id))?;
    after.ok_or(ReceivableError::Missing("invoice"))
}

/// Undoes a settlement that no document stands for, such as what was set off by mistake.
///
/// # Errors
/// When it is not there, is of a receipt or credit note, was undone already, or the day is in a closed period.
pub fn reverse_settlement(
    tx: &mut Tx,
    id: SettlementId,
    reason: &Note,
) -> Result<Settlement, ReceivableError> {
    let missing = || ReceivableError::Missing("settlement");
    let row = store::find_settlement(tx, id)?.ok_or_else(missing)?;
    let accounts = Accounts::lock_customers(tx, &BTreeSet::from([row.customer_id]))?;
    let is_of_document = row.receipt_id.is_some() || row.credit_note_id.is_some();
    let was_undone = !store::list_undoings(tx, &row)?.is_empty();
    if is_of_document || was_undone || row.reverses_id.is_some() {
        return Err(ReceivableError::NotReversible);
    }
    let invoice = store::find_invoice(tx, &InvoiceRef::Id(row.invoice_id))?.ok_or_else(missing)?;
    let day = tx.today().max(row.effective_on);
    let periods = check_open(tx, invoice.legal_entity_id, day, row.id)?;
    let undone = Settling::undo_rows(tx, &[(&row, day)], None)?;
    write(tx, &accounts, &undone)?;
    periods.flag(tx, |_| true)?;
    tx.record(
        Change::new("settlement.reversed", row.id)
            .before(&row)
            .because(reason),
    )?;
    Ok(row)
}

fn write(tx: &mut Tx, accounts: &Accounts, settling: &Settling) -> Result<(), ReceivableError> {
    let changes = settle(tx, settling)?;
    settling::post(tx, &accounts.all(), changes)?;
    Ok(())
}
