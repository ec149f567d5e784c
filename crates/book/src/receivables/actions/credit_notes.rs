//! Credit notes: posting, applying what is left, reversing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::settling::{self, Funds, Settling, check_free, settle};
use super::{
    Accounts, ReceivableError, again_when_taken, check_open, check_reduction, counts_from,
};
use crate::book::customers::model::CustomerRef;
use crate::book::entities::actions::Entities;
use crate::book::exposure::actions::Locked;
use crate::book::exposure::model::{BalanceKey, Exposure};
use crate::book::periods::actions::ClosedPeriods;
use crate::book::receivables::input::{
    Application, CreditNoteIn, NewCreditNote, Rests, Unapplication,
};
use crate::book::receivables::model::{
    CreditNote, CreditNoteRef, DocumentStatus, Invoice, InvoiceRef, Source,
};
use crate::book::receivables::{rules, store};
use crate::platform::db::{Change, DbError, Tx};
use kernel::ids::{CreditNoteId, CustomerId, LegalEntityId};
use kernel::money::Money;
use kernel::text::{Note, Number};

/// Posts credit notes, each to its locked account, in few statements: one outcome for each, in order. What is refused stops
/// none of the others. One about an invoice settles that one as far as it is open; what is left is unapplied.
///
/// # Errors
/// When the database fails, also when another unit of work takes one of the numbers at the same moment. Each outcome:
/// when the invoice is unknown or another customer's, the currency is none of the account's, the amount is zero, the day is
/// in the future or in a closed period, or the number is taken.
pub fn post_credit_notes(
    tx: &mut Tx,
    accounts: &Accounts,
    new: &[(&Locked, NewCreditNote)],
) -> Result<Vec<Result<CreditNote, ReceivableError>>, DbError> {
    let numbers: Vec<&Number> = new.iter().map(|(_, new)| &new.number).collect();
    let mut taken = store::taken_credit_note_numbers(tx, &numbers)?;
    let applications: Vec<(CustomerId, Application)> = new
        .iter()
        .map(|(locked, new)| {
            let about = new.about.clone();
            let about = about.map(|(invoice, _)| Application::AsFarAsOpen(invoice));
            let application = about.unwrap_or_else(|| new.application.clone());
            (locked.account.customer_id, application)
        })
        .collect();
    let asked = applications.iter();
    let mut settling = Settling::read(tx, asked.map(|(of, application)| (*of, application)))?;
    let mut periods = ClosedPeriods::read(tx)?;
    let mut rows: Vec<CreditNote> = Vec::new();
    let mut changes = Vec::new();
    let mut outcomes = Vec::with_capacity(new.len());
    for (locked, new) in new {
        let drafted = draft(tx, locked, new, &taken, &mut settling, &mut periods);
        if let Ok(note) = &drafted {
            taken.insert((note.number.clone(), note.legal_entity_id), note.id);
            let change = Change::new("credit_note.posted", note.id);
            changes.push(change.after(note).because(&new.reason));
            rows.push(note.clone());
        }
        outcomes.push(drafted);
    }
    store::insert_credit_notes(tx, &rows)?;
    let mut moved = settle(tx, &settling)?;
    for row in &rows {
        let own = moved.entry((row.customer_id, row.key())).or_default();
        *own = own.plus(Exposure::unapplied(row.amount_minor))?;
    }
    settling::post(tx, &accounts.all(), moved)?;
    tx.record_all(changes)?;
    let posted: BTreeSet<String> = rows.iter().map(|row| row.id.to_string()).collect();
    periods.flag(tx, |document| posted.contains(document))?;
    Ok(outcomes)
}

/// The credit note as it will be, with its part of the settling planned.
fn draft(
    tx: &mut Tx,
    locked: &Locked,
    new: &NewCreditNote,
    taken: &BTreeMap<(Number, LegalEntityId), CreditNoteId>,
    settling: &mut Settling,
    periods: &mut ClosedPeriods,
) -> Result<CreditNote, ReceivableError> {
    let account = &locked.account;
    check_reduction(new.amount, locked, "/amount")?;
    rules::check_not_future(tx.today(), new.credit_date).map_err(|error| {
        ReceivableError::Date {
            pointer: "/credit_date",
            error,
        }
    })?;
    let about = match &new.about {
        Some((reference, pointer)) => {
            Some(find_own_invoice(settling, locked, new, reference, pointer)?)
        }
        None => None,
    };
    if let Some(existing) = taken.get(&(new.number.clone(), new.legal_entity)) {
        return Err(ReceivableError::NumberTaken {
            thing: "credit note",
            number: new.number.clone(),
            existing_id: Some(existing.to_string()),
        });
    }
    let id = CreditNoteId::new();
    periods.check(tx, new.legal_entity, new.credit_date, id)?;
    let funds = Funds {
        source: Source::CreditNote(id),
        customer_id: account.customer_id,
        key: BalanceKey::new(new.legal_entity, new.amount.currency()),
        there_on: new.credit_date,
        value_date: new.credit_date,
        available: new.amount,
        rests: Rests::MayClose,
    };
    let application = match &about {
        Some(invoice) if invoice.open_minor > 0 => {
            Application::AsFarAsOpen(InvoiceRef::Id(invoice.id))
        }
        Some(_) => Application::Nothing,
        None => new.application.clone(),
    };
    let used = settling.apply(tx, &funds, &application)?;
    Ok(CreditNote {
        id,
        number: new.number.clone(),
        customer_id: account.customer_id,
        account_id: account.id,
        invoice_id: about.map(|invoice| invoice.id),
        credit_date: new.credit_date,
        currency: new.amount.currency(),
        amount_minor: new.amount.minor(),
        unapplied_minor: new.amount.minor() - used,
        reason: new.reason.to_string(),
        status: DocumentStatus::Posted,
        reversed_on: None,
        reverse_reason: None,
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        version: 1,
        reverse_entered_on: None,
        legal_entity_id: new.legal_entity,
    })
}

/// Posts credit notes, each to the account of the customer that it names: one outcome for each, in order. What is refused
/// stops none of the others.
///
/// # Errors
/// When the database fails. Each outcome: when the customer is unknown or has no account, and as [`post_credit_notes`].
pub fn create_credit_notes(
    tx: &mut Tx,
    inputs: &[CreditNoteIn],
) -> Result<Vec<Result<CreditNote, ReceivableError>>, DbError> {
    let customers: Vec<CustomerRef> = inputs.iter().map(|input| input.customer.clone()).collect();
    let accounts = Accounts::lock(tx, &customers, [])?;
    let entities = Entities::read(tx, inputs.iter().map(|input| input.legal_entity.as_ref()))?;
    let prepared: Vec<Result<(&Locked, NewCreditNote), ReceivableError>> = inputs
        .iter()
        .map(|input| {
            let locked = accounts.find(&input.customer)?;
            let entity = entities.find(input.legal_entity.as_ref())?;
            Ok((locked, input.to_new(entity)))
        })
        .collect();
    let ready: Vec<(&Locked, NewCreditNote)> = prepared.iter().flatten().cloned().collect();
    let posted = post_credit_notes(tx, &accounts, &ready);
    let mut posted = posted
        .map_err(|error| again_when_taken(error, "credit_notes"))?
        .into_iter();
    Ok(prepared
        .into_iter()
        .map(|item| {
            item?;
            posted
                .next()
                .unwrap_or(Err(ReceivableError::Missing("credit note")))
        })
        .collect())
}

/// [`create_credit_notes`] for one.
///
/// # Errors
/// As [`create_credit_notes`].
pub fn create_credit_note(
    tx: &mut Tx,
    input: &CreditNoteIn,
) -> Result<CreditNote, ReceivableError> {
    create_credit_notes(tx, std::slice::from_ref(input))?
        .pop()
        .unwrap_or(Err(ReceivableError::Missing("credit note")))
}

/// The invoice under this reference, when it is of the locked account's customer.
fn find_own_invoice(
    settling: &Settling,
    locked: &Locked,
    new: &NewCreditNote,
    reference: &InvoiceRef,
    pointer: &'static str,
) -> Result<Invoice, ReceivableError> {
    let pointer = || pointer.to_owned();
    let invoice = settling
        .find(reference, new.legal_entity)
        .ok_or_else(|| ReceivableError::NoSuchInvoice { pointer: pointer() })?;
    if invoice.customer_id != locked.account.customer_id {
        return Err(ReceivableError::OtherCustomer { pointer: pointer() });
    }
    Ok(invoice.clone())
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
        rests: Rests::MayClose,
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
