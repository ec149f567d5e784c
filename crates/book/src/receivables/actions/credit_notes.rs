//! Credit notes: posting, applying what is left, reversing.

use chrono::NaiveDate;

use super::settling::{self, Funds, Settling, check_free, settle};
use super::{Accounts, ReceivableError, check_amount, check_open, counts_from};
use crate::book::customers::model::CustomerRef;
use crate::book::entities::actions as entities;
use crate::book::exposure::actions::Locked;
use crate::book::exposure::model::{BalanceKey, Exposure};
use crate::book::receivables::input::{Application, CreditNoteIn, Unapplication};
use crate::book::receivables::model::{
    CreditNote, CreditNoteRef, DocumentStatus, Invoice, InvoiceRef, Source,
};
use crate::book::receivables::{rules, store};
use crate::platform::db::{Change, DbError, Tx};
use kernel::ids::CreditNoteId;
use kernel::money::Money;
use kernel::text::Note;

/// Posts credit notes, each to the account of the customer that it names: one outcome for each, in order. What is refused
/// stops none of the others.
///
/// # Errors
/// When the database fails. Each outcome: as [`create_credit_note`].
pub fn create_credit_notes(
    tx: &mut Tx,
    inputs: &[CreditNoteIn],
) -> Result<Vec<Result<CreditNote, ReceivableError>>, DbError> {
    let customers: Vec<CustomerRef> = inputs.iter().map(|input| input.customer.clone()).collect();
    let accounts = Accounts::lock(tx, &customers, [])?;
    let mut outcomes = Vec::with_capacity(inputs.len());
    for input in inputs {
        match tx.savepoint(|tx| post_credit_note(tx, &accounts, input)) {
            Err(ReceivableError::Db(error)) => return Err(error),
            outcome => outcomes.push(outcome),
        }
    }
    Ok(outcomes)
}

/// Posts a credit note. About an invoice, it settles that one as far as it is open; what is left is unapplied.
///
/// # Errors
/// When the customer is unknown or has no account, the invoice is unknown or another customer's, the currency is none of
/// the account's, the amount is zero, the day is in the future or in a closed period, or the number is taken.
pub fn create_credit_note(
    tx: &mut Tx,
    input: &CreditNoteIn,
) -> Result<CreditNote, ReceivableError> {
    let accounts = Accounts::lock(tx, std::slice::from_ref(&input.customer), [])?;
    post_credit_note(tx, &accounts, input)
}

fn post_credit_note(
    tx: &mut Tx,
    accounts: &Accounts,
    input: &CreditNoteIn,
) -> Result<CreditNote, ReceivableError> {
    let locked = accounts.find(&input.customer)?;
    let account = &locked.account;
    let amount = input.amount.money();
    let credit_date = input.credit_date.date();
    check_amount(amount, account, "/amount")?;
    let entity = entities::find(tx, input.legal_entity.as_ref())?;
    let key = BalanceKey::new(entity, amount.currency());
    rules::check_not_future(tx.today(), credit_date).map_err(|error| ReceivableError::Date {
        pointer: "/credit_date",
        error,
    })?;
    let about = match input.invoice() {
        Some((reference, pointer)) => Some(find_own_invoice(tx, locked, &reference, pointer)?),
        None => None,
    };
    let id = CreditNoteId::new();
    let periods = check_open(tx, entity, credit_date, id)?;
    let funds = Funds {
        source: Source::CreditNote(id),
        customer_id: account.customer_id,
        key,
        there_on: credit_date,
        value_date: credit_date,
        available: amount,
    };
    let application = match &about {
        Some(invoice) if invoice.open_minor > 0 => {
            Application::AsFarAsOpen(InvoiceRef::Id(invoice.id))
        }
        _ => Application::Nothing,
    };
    let mut settling = Settling::read(tx, std::iter::once((account.customer_id, &application)))?;
    let used = settling.apply(tx, &funds, &application)?;
    let note = CreditNote {
        id,
        number: input.number.clone(),
        customer_id: account.customer_id,
        account_id: account.id,
        invoice_id: about.map(|invoice| invoice.id),
        credit_date,
        currency: amount.currency(),
        amount_minor: amount.minor(),
        unapplied_minor: amount.minor() - used,
        reason: input.reason.to_string(),
        status: DocumentStatus::Posted,
        reversed_on: None,
        reverse_reason: None,
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        version: 1,
        reverse_entered_on: None,
        legal_entity_id: entity,
    };
    if !store::insert_credit_note(tx, &note)? {
        let existing = store::find_credit_note(tx, &CreditNoteRef::Number(note.number.clone()))?;
        return Err(ReceivableError::NumberTaken {
            thing: "credit note",
            number: note.number,
            existing_id: existing.map(|existing| existing.id.to_string()),
        });
    }
    let mut changes = settle(tx, &settling)?;
    let own = changes.entry((note.customer_id, key)).or_default();
    *own = own
        .plus(Exposure::unapplied(note.amount_minor))
        .map_err(DbError::from)?;
    settling::post(tx, &accounts.all(), changes)?;
    periods.flag(tx, |_| true)?;
    tx.record(
        Change::new("credit_note.posted", note.id)
            .after(&note)
            .because(&input.reason),
    )?;
    Ok(note)
}

/// The invoice under this reference, when it is of the locked account's customer.
fn find_own_invoice(
    tx: &mut Tx,
    locked: &Locked,
    reference: &InvoiceRef,
    pointer: &'static str,
) -> Result<Invoice, ReceivableError> {
    let pointer = || pointer.to_owned();
    let invoice = store::find_invoice(tx, reference)?
        .ok_or_else(|| ReceivableError::NoSuchInvoice { pointer: pointer() })?;
    if invoice.customer_id != locked.account.customer_id {
        return Err(ReceivableError::OtherCustomer { pointer: pointer() });
    }
    Ok(invoice)
}

/// Applies what a credit note has left, from a day on: today when none is asked for.
///
/// # Errors
/// When the credit note is not there or reversed, more is applied than is open or left, the day is before the credit
/// note's or after today, or that much of the credit was in use later.
pub fn apply_credit_note(
    tx: &mut Tx,
    reference: &CreditNoteRef,
    application: &Application,
    effective_on: Option<NaiveDate>,
) -> Result<CreditNote, ReceivableError> {
    let (accounts, before) = lock_credit_note(tx, reference, Some(application))?;
    let there_on = counts_from(tx, before.credit_date, effective_on)?;
    let periods = check_open(tx, before.legal_entity_id, there_on, before.id)?;
    let funds = Funds {
        source: Source::CreditNote(before.id),
        customer_id: before.customer_id,
        key: before.key(),
        there_on,
        value_date: before.credit_date,
        available: Money::from_minor(before.unapplied_minor, before.currency),
    };
    let mut settling = Settling::read(tx, std::iter::once((before.customer_id, application)))?;
    let used = settling.apply(tx, &funds, application)?;
    if used == 0 {
        return Ok(before);
    }
    let amount = Money::from_minor(before.amount_minor, before.currency);
    check_free(tx, &funds, amount, used)?;
    let after = CreditNote {
        unapplied_minor: before.unapplied_minor - used,
        ..before.clone()
    };
    let after =
        store::update_credit_note_if_unchanged(tx, &after)?.ok_or(ReceivableError::Stale)?;
    let changes = settle(tx, &settling)?;
    settling::post(tx, &accounts.all(), changes)?;
    periods.flag(tx, |_| true)?;
    tx.record(
        Change::new("credit_note.applied", after.id)
            .before(&before)
            .after(&after),
    )?;
    Ok(after)
}

/// Takes the money of a credit note off an invoice, or off all that it settles, from a day on: today when none is asked for.
/// It is unapplied again.
///
/// # Errors
/// When the credit note is not there or reversed, settles nothing there, or the day is before its own or after today.
pub fn unapply_credit_note(
    tx: &mut Tx,
    reference: &CreditNoteRef,
    asked: &Unapplication,
    reason: &Note,
) -> Result<CreditNote, ReceivableError> {
    let (accounts, before) = lock_credit_note(tx, reference, None)?;
    let from = counts_from(tx, before.credit_date, asked.effective_on)?;
    let periods = check_open(tx, before.legal_entity_id, from, before.id)?;
    let source = Source::CreditNote(before.id);
    let owner = (before.customer_id, before.key());
    let undone = Settling::undo_standing(tx, source, owner, asked.invoice.as_ref(), from)?;
    let given_back = undone.given_back_minor();
    if given_back == 0 {
        return Err(ReceivableError::NotApplied("credit note"));
    }
    let after = CreditNote {
        unapplied_minor: before.unapplied_minor + given_back,
        ..before.clone()
    };
    let after =
        store::update_credit_note_if_unchanged(tx, &after)?.ok_or(ReceivableError::Stale)?;
    let changes = settle(tx, &undone)?;
    settling::post(tx, &accounts.all(), changes)?;
    periods.flag(tx, |_| true)?;
    tx.record(
        Change::new("credit_note.unapplied", after.id)
            .before(&before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}

/// Takes back a credit note that was posted by mistake, with all that it settled, from a day on: today when none is asked
/// for.
///
/// # Errors
/// When the credit note is not there, changed since `version`, or reversed already, or the day is before its own or after
/// today.
pub fn reverse_credit_note(
    tx: &mut Tx,
    reference: &CreditNoteRef,
    version: i64,
    reason: &Note,
    effective_on: Option<NaiveDate>,
) -> Result<CreditNote, ReceivableError> {
    let (accounts, before) = lock_credit_note(tx, reference, None)?;
    if before.version != version {
        return Err(ReceivableError::Stale);
    }
    let reversed_on = counts_from(tx, before.credit_date, effective_on)?;
    let periods = check_open(tx, before.legal_entity_id, reversed_on, before.id)?;
    let owner = (before.customer_id, before.key());
    let undone = Settling::undo(tx, Source::CreditNote(before.id), owner, reversed_on)?;
    let mut changes = settle(tx, &undone)?;
    let own = changes.entry(owner).or_default();
    *own = own
        .plus(Exposure::unapplied(-before.amount_minor))
        .map_err(DbError::from)?;
    let after = CreditNote {
        unapplied_minor: 0,
        status: DocumentStatus::Reversed,
        reversed_on: Some(reversed_on),
        reverse_reason: Some(reason.to_string()),
        reverse_entered_on: Some(tx.today()),
        ..before.clone()
    };
    let after =
        store::update_credit_note_if_unchanged(tx, &after)?.ok_or(ReceivableError::Stale)?;
    settling::post(tx, &accounts.all(), changes)?;
    periods.flag(tx, |_| true)?;
    tx.record(
        Change::new("credit_note.reversed", after.id)
            .before(&before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}

/// The credit note as it is under the lock of its account and of all whose invoices it settles, or is to settle.
fn lock_credit_note(
    tx: &mut Tx,
    reference: &CreditNoteRef,
    application: Option<&Application>,
) -> Result<(Accounts, CreditNote), ReceivableError> {
    let missing = || ReceivableError::Missing("credit note");
    let found = store::find_credit_note(tx, reference)?.ok_or_else(missing)?;
    let source = Source::CreditNote(found.id);
    let accounts = Accounts::lock_around(tx, found.customer_id, source, application)?;
    let note = store::find_credit_note(tx, &CreditNoteRef::Id(found.id))?.ok_or_else(missing)?;
    match note.status {
        DocumentStatus::Posted => Ok((accounts, note)),
        DocumentStatus::Reversed => Err(ReceivableError::Reversed("credit note")),
    }
}
