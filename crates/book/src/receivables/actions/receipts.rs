//! Receipts: posting, applying what is left, reversing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::duplicates::{self, Twins};
use super::instruments::refuse_of_instrument;
use super::settling::{self, Funds, Settling, check_free, settle};
use super::{
    Accounts, ReceivableError, again_when_taken, check_open, check_reduction, counts_from,
};
use crate::book::customers::store as customers;
use crate::book::entities::actions as entities;
use crate::book::exposure::actions::Locked;
use crate::book::exposure::model::{BalanceKey, Exposure};
use crate::book::periods::actions::ClosedPeriods;
use crate::book::receivables::input::{Application, NewReceipt, ReceiptIn, Rests, Unapplication};
use crate::book::receivables::model::{
    DepositRequestRef, DocumentStatus, Receipt, ReceiptRef, Source,
};
use crate::book::receivables::{rules, store};
use crate::platform::db::{Change, DbError, Tx};
use kernel::ids::{CustomerId, LegalEntityId, ReceiptId};
use kernel::money::Money;
use kernel::text::{Note, Number};

/// Posts receipts, each to its locked account, and applies them in order, in few statements: one outcome for each.
/// What is refused stops none of the others. They settle what their own customers owe; for what others owe, see
/// [`post_receipts_of`].
///
/// # Errors
/// When the database fails, also when another unit of work takes one of the numbers at the same moment. Each outcome:
/// when the currency is none of the account's, the amount is zero, the day is in the future or in a closed period, the
/// number is taken, or more is applied than is open.
pub fn post_receipts(
    tx: &mut Tx,
    new: &[(&Locked, NewReceipt)],
) -> Result<Vec<Result<Receipt, ReceivableError>>, DbError> {
    let accounts: BTreeMap<CustomerId, &Locked> = new
        .iter()
        .map(|(locked, _)| (locked.account.customer_id, *locked))
        .collect();
    post_all(tx, &accounts, new)
}

/// [`post_receipts`] for money that also settles what others owe: their accounts are among those that are locked.
///
/// # Errors
/// As [`post_receipts`]; the unit of work runs again when an account is not locked.
pub fn post_receipts_of(
    tx: &mut Tx,
    accounts: &Accounts,
    new: &[(&Locked, NewReceipt)],
) -> Result<Vec<Result<Receipt, ReceivableError>>, DbError> {
    post_all(tx, &accounts.all(), new)
}

fn post_all(
    tx: &mut Tx,
    accounts: &BTreeMap<CustomerId, &Locked>,
    new: &[(&Locked, NewReceipt)],
) -> Result<Vec<Result<Receipt, ReceivableError>>, DbError> {
    let numbers: Vec<&Number> = new.iter().map(|(_, new)| &new.number).collect();
    let mut taken = store::taken_receipt_numbers(tx, &numbers)?;
    let applications = new
        .iter()
        .map(|(locked, new)| (locked.account.customer_id, &new.application));
    let mut settling = Settling::read(tx, applications)?;
    let mut periods = ClosedPeriods::read(tx)?;
    let mut twins = Twins::read(tx, new)?;
    let outcomes: Vec<Result<Receipt, ReceivableError>> = new
        .iter()
        .map(|(locked, new)| {
            let mut receipt = draft(tx, locked, new, &taken, &mut settling, &mut periods)?;
            receipt.possible_duplicate_of = twins.take(locked, new).map(|twin| twin.id);
            let number = (receipt.number.clone(), receipt.legal_entity_id);
            taken.insert(number, receipt.id);
            Ok(receipt)
        })
        .collect();
    let rows: Vec<Receipt> = outcomes.iter().flatten().cloned().collect();
    store::insert_receipts(tx, &rows)?;
    let mut changes = settle(tx, &settling)?;
    for row in &rows {
        let change = changes.entry((row.customer_id, row.key())).or_default();
        *change = change.plus(Exposure::unapplied(row.amount_minor))?;
    }
    settling::post(tx, accounts, changes)?;
    tx.record_all(
        rows.iter()
            .map(|receipt| Change::new("receipt.posted", receipt.id).after(receipt))
            .collect(),
    )?;
    duplicates::tell(tx, &rows)?;
    let posted: BTreeSet<String> = rows.iter().map(|row| row.id.to_string()).collect();
    periods.flag(tx, |document| posted.contains(document))?;
    Ok(outcomes)
}

/// The receipt as it will be, with its part of the settling planned.
fn draft(
    tx: &mut Tx,
    locked: &Locked,
    new: &NewReceipt,
    taken: &BTreeMap<(Number, LegalEntityId), ReceiptId>,
    settling: &mut Settling,
    periods: &mut ClosedPeriods,
) -> Result<Receipt, ReceivableError> {
    check_reduction(new.amount, locked, "/amount")?;
    rules::check_not_future(tx.today(), new.receipt_date).map_err(|error| {
        ReceivableError::Date {
            pointer: "/receipt_date",
            error,
        }
    })?;
    if let Some(existing) = taken.get(&(new.number.clone(), new.legal_entity)) {
        return Err(ReceivableError::NumberTaken {
            thing: "receipt",
            number: new.number.clone(),
            existing_id: Some(existing.to_string()),
        });
    }
    let account = &locked.account;
    let id = ReceiptId::new();
    periods.check(tx, new.legal_entity, new.receipt_date, id)?;
    let funds = Funds {
        source: Source::Receipt(id),
        customer_id: account.customer_id,
        key: BalanceKey::new(new.legal_entity, new.amount.currency()),
        there_on: new.receipt_date,
        value_date: new.receipt_date,
        available: new.amount,
        rests: new.rests,
    };
    check_prepaid(
        settling,
        &funds,
        new.prepaid_order.as_ref(),
        &new.application,
    )?;
    let used = settling.apply(tx, &funds, &new.application)?;
    Ok(Receipt {
        id,
        number: new.number.clone(),
        customer_id: account.customer_id,
        account_id: account.id,
        receipt_date: new.receipt_date,
        currency: new.amount.currency(),
        amount_minor: new.amount.minor(),
        unapplied_minor: new.amount.minor() - used,
        status: DocumentStatus::Posted,
        reversed_on: None,
        reverse_reason: None,
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        version: 1,
        reverse_entered_on: None,
        legal_entity_id: new.legal_entity,
        payer_customer_id: new.payer,
        refunded_minor: 0,
        prepaid_order_number: new.prepaid_order.clone(),
        possible_duplicate_of: None,
        recognised_as: None,
    })
}

/// A prepayment settles invoices of its order alone.
fn check_prepaid(
    settling: &Settling,
    funds: &Funds,
    order: Option<&Number>,
    application: &Application,
) -> Result<(), ReceivableError> {
    let Some(order) = order else {
        return Ok(());
    };
    if matches!(application, Application::OldestFirst) {
        return Err(ReceivableError::Prepaid(order.clone()));
    }
    let entity = funds.key.legal_entity_id;
    let of_order = settling::named([application]).into_iter().all(|invoice| {
        // One that is not there is told by applying.
        let found = settling.find(invoice, entity);
        found.is_none_or(|invoice| invoice.order_number.as_ref() == Some(order))
    });
    if of_order {
        Ok(())
    } else {
        Err(ReceivableError::Prepaid(order.clone()))
    }
}

/// Posts a receipt to the account of the customer that it names.
///
/// # Errors
/// When the customer is unknown or has no account, and as [`post_receipts`].
pub fn create_receipt(tx: &mut Tx, input: &ReceiptIn) -> Result<Receipt, ReceivableError> {
    let entity = entities::find(tx, input.legal_entity.as_ref())?;
    let mut new = input.to_new(entity);
    let payer = find_payer(tx, input)?;
    let customer = input.customer.clone();
    let accounts = Accounts::lock(tx, &[customer], [&new.application])?;
    let locked = accounts.find(&input.customer)?;
    new.payer = payer.filter(|payer| *payer != locked.account.customer_id);
    if let Some(reference) = &input.deposit_request {
        let key = BalanceKey::new(entity, new.amount.currency());
        let owner = (locked.account.customer_id, key);
        new.prepaid_order = Some(requested_order(tx, reference, owner)?);
    }
    let posted = post_receipts_of(tx, &accounts, &[(locked, new)])
        .map_err(|error| again_when_taken(error, "receipts"))?;
    posted
        .into_iter()
        .next()
        .unwrap_or(Err(ReceivableError::Missing("receipt")))
}

/// The order of the deposit request that money of a customer, in a balance, comes for: one that stands, of the same
/// customer, company and currency.
///
/// # Errors
/// When there is none.
pub fn requested_order(
    tx: &mut Tx,
    reference: &DepositRequestRef,
    (owner, key): (CustomerId, BalanceKey),
) -> Result<Number, ReceivableError> {
    let requested = store::find_requested(tx, reference, key.legal_entity_id)?;
    let requested = requested.ok_or(ReceivableError::NoSuchRequest)?;
    let (order, customer, entity, currency) = requested;
    if (customer, entity, currency) == (owner, key.legal_entity_id, key.currency) {
        Ok(order)
    } else {
        Err(ReceivableError::NoSuchRequest)
    }
}

/// The customer who paid, where that is said.
fn find_payer(tx: &mut Tx, input: &ReceiptIn) -> Result<Option<CustomerId>, ReceivableError> {
    let Some(payer) = &input.payer_customer else {
        return Ok(None);
    };
    let known = customers::list_named(tx, std::slice::from_ref(payer))?;
    let found = known.get(payer).copied();
    Ok(Some(found.ok_or(ReceivableError::NoSuchPayer)?))
}

/// Applies what a receipt has left. It counts from a day on: from today when none is asked for, because only now is it
/// said which invoices it pays.
///
/// # Errors
/// When the receipt is not there or reversed, more is applied than is open or left, the day is before the receipt's or
/// after today, or that much of the money was in use later.
pub fn apply_receipt(
    tx: &mut Tx,
    reference: &ReceiptRef,
    application: &Application,
    effective_on: Option<NaiveDate>,
) -> Result<Receipt, ReceivableError> {
    let (accounts, before) = lock_receipt(tx, reference, Some(application))?;
    let there_on = counts_from(tx, before.receipt_date, effective_on)?;
    let periods = check_open(tx, before.legal_entity_id, there_on, before.id)?;
    let funds = Funds {
        source: Source::Receipt(before.id),
        customer_id: before.customer_id,
        key: before.key(),
        there_on,
        value_date: before.receipt_date,
        available: Money::from_minor(before.unapplied_minor, before.currency),
        rests: Rests::MayClose,
    };
    let mut settling = Settling::read(tx, std::iter::once((before.customer_id, application)))?;
    let order = before.prepaid_order_number.as_ref();
    check_prepaid(&settling, &funds, order, application)?;
    let used = settling.apply(tx, &funds, application)?;
    if used == 0 {
        return Ok(before);
    }
    let amount = before.amount_minor - before.refunded_minor;
    let amount = Money::from_minor(amount, before.currency);
    check_free(tx, &funds, amount, used)?;
    let after = Receipt {
        unapplied_minor: before.unapplied_minor - used,
        ..before.clone()
    };
    let after = store::update_receipt_if_unchanged(tx, &after)?.ok_or(ReceivableError::Stale)?;
    let changes = settle(tx, &settling)?;
    settling::post(tx, &accounts.all(), changes)?;
    periods.flag(tx, |_| true)?;
    tx.record(
        Change::new("receipt.applied", after.id)
            .before(&before)
            .after(&after),
    )?;
    Ok(after)
}

/// Makes what is left of a prepayment free for any invoice.
///
/// # Errors
/// When the receipt is not there or reversed, changed since `version`, or is no prepayment.
pub fn release_receipt(
    tx: &mut Tx,
    reference: &ReceiptRef,
    version: i64,
    reason: &Note,
) -> Result<Receipt, ReceivableError> {
    change_receipt(
        tx,
        reference,
        version,
        ("receipt.released", reason),
        |receipt| match receipt.prepaid_order_number.take() {
            Some(_) => Ok(()),
            None => Err(ReceivableError::NotPrepaid),
        },
    )
}

/// Writes what a person says of a receipt that moves no money, and records it as an action with its reason.
///
/// # Errors
/// When the receipt is not there or reversed, or changed since `version`; those of `apply`.
pub(super) fn change_receipt(
    tx: &mut Tx,
    reference: &ReceiptRef,
    version: i64,
    (action, reason): (&'static str, &Note),
    apply: impl FnOnce(&mut Receipt) -> Result<(), ReceivableError>,
) -> Result<Receipt, ReceivableError> {
    let (_accounts, before) = lock_receipt(tx, reference, None)?;
    if before.version != version {
        return Err(ReceivableError::Stale);
    }
    let mut after = before.clone();
    apply(&mut after)?;
    let after = store::update_receipt_if_unchanged(tx, &after)?.ok_or(ReceivableError::Stale)?;
    let change = Change::new(action, after.id).before(&before);
    tx.record(change.after(&after).because(reason))?;
    Ok(after)
}

/// Takes the money of a receipt off an invoice, or off all that it settles, from a day on: today when none is asked for.
/// It is unapplied again.
///
/// # Errors
/// When the receipt is not there or reversed, settles nothing there, or the day is before its own or after today.
pub fn unapply_receipt(
    tx: &mut Tx,
    reference: &ReceiptRef,
    asked: &Unapplication,
    reason: &Note,
) -> Result<Receipt, ReceivableError> {
    let (accounts, before) = lock_receipt(tx, reference, None)?;
    let from = counts_from(tx, before.receipt_date, asked.effective_on)?;
    let periods = check_open(tx, before.legal_entity_id, from, before.id)?;
    let source = Source::Receipt(before.id);
    let owner = (before.customer_id, before.key());
    let undone = Settling::undo_standing(tx, source, owner, asked.invoice.as_ref(), from)?;
    let given_back = undone.given_back_minor();
    if given_back == 0 {
        return Err(ReceivableError::NotApplied("receipt"));
    }
    let after = Receipt {
        unapplied_minor: before.unapplied_minor + given_back,
        ..before.clone()
    };
    let after = store::update_receipt_if_unchanged(tx, &after)?.ok_or(ReceivableError::Stale)?;
    let changes = settle(tx, &undone)?;
    settling::post(tx, &accounts.all(), changes)?;
    periods.flag(tx, |_| true)?;
    tx.record(
        Change::new("receipt.unapplied", after.id)
            .before(&before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}

/// Takes back a receipt that was posted by mistake or bounced, with all that it settled: the invoices are open again from
/// a day on, today when none is asked for.
///
/// # Errors
/// When the receipt is not there, changed since `version`, or reversed already, or the day is before its own or after
/// today.
pub fn reverse_receipt(
    tx: &mut Tx,
    reference: &ReceiptRef,
    version: i64,
    reason: &Note,
    effective_on: Option<NaiveDate>,
) -> Result<Receipt, ReceivableError> {
    let (accounts, before) = lock_receipt(tx, reference, None)?;
    if before.version != version {
        return Err(ReceivableError::Stale);
    }
    refuse_of_instrument(tx, before.id)?;
    take_back(tx, &accounts, &before, reason, effective_on)
}

/// Takes back a receipt whose accounts are locked, with all that it settled.
pub(super) fn take_back(
    tx: &mut Tx,
    accounts: &Accounts,
    before: &Receipt,
    reason: &Note,
    effective_on: Option<NaiveDate>,
) -> Result<Receipt, ReceivableError> {
    if before.refunded_minor > 0 {
        return Err(ReceivableError::Refunded);
    }
    let reversed_on = counts_from(tx, before.receipt_date, effective_on)?;
    let periods = check_open(tx, before.legal_entity_id, reversed_on, before.id)?;
    let owner = (before.customer_id, before.key());
    let undone = Settling::undo(tx, Source::Receipt(before.id), owner, reversed_on)?;
    let mut changes = settle(tx, &undone)?;
    let own = changes.entry(owner).or_default();
    *own = own
        .plus(Exposure::unapplied(-before.amount_minor))
        .map_err(DbError::from)?;
    let after = Receipt {
        unapplied_minor: 0,
        status: DocumentStatus::Reversed,
        reversed_on: Some(reversed_on),
        reverse_reason: Some(reason.to_string()),
        reverse_entered_on: Some(tx.today()),
        ..before.clone()
    };
    let after = store::update_receipt_if_unchanged(tx, &after)?.ok_or(ReceivableError::Stale)?;
    settling::post(tx, &accounts.all(), changes)?;
    periods.flag(tx, |_| true)?;
    tx.record(
        Change::new("receipt.reversed", after.id)
            .before(before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}

/// The receipt as it is under the lock of its account and of all whose invoices it settles, or is to settle.
pub(super) fn lock_receipt(
    tx: &mut Tx,
    reference: &ReceiptRef,
    application: Option<&Application>,
) -> Result<(Accounts, Receipt), ReceivableError> {
    let missing = || ReceivableError::Missing("receipt");
    let found = store::find_receipt(tx, reference)?.ok_or_else(missing)?;
    let source = Source::Receipt(found.id);
    let accounts = Accounts::lock_around(tx, found.customer_id, source, application)?;
    let receipt = store::find_receipt(tx, &ReceiptRef::Id(found.id))?.ok_or_else(missing)?;
    match receipt.status {
        DocumentStatus::Posted => Ok((accounts, receipt)),
        DocumentStatus::Reversed => Err(ReceivableError::Reversed("receipt")),
    }
}
