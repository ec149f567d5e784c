//! Prepayments settle the invoices of their orders when these are posted: the final invoice less the prepayment.

use std::collections::{BTreeMap, BTreeSet};

use super::ReceivableError;
use super::settling::{self, Funds, Settling, settle};
use crate::book::exposure::actions::Locked;
use crate::book::periods::actions::ClosedPeriods;
use crate::book::policy::actions as policies;
use crate::book::receivables::input::{Application, Rests};
use crate::book::receivables::model::{DocumentRef, Invoice, Receipt, Source};
use crate::book::receivables::store;
use crate::platform::db::{Change, DbError, Tx};
use kernel::ids::{CustomerId, InvoiceId};
use kernel::money::Money;
use kernel::text::Number;

/// Applies what is left of prepayments to invoices that were just posted for their orders, unless the policy leaves that to
/// a person. It counts from today on, as applying money later does. The invoices' accounts must be locked; the invoices are
/// given back as they are then.
///
/// # Errors
/// When the database fails.
pub(super) fn apply_prepayments(
    tx: &mut Tx,
    accounts: &BTreeMap<CustomerId, &Locked>,
    posted: &mut [&mut Invoice],
) -> Result<(), DbError> {
    let orders: BTreeSet<&Number> = posted
        .iter()
        .filter_map(|invoice| invoice.order_number.as_ref())
        .collect();
    if orders.is_empty() {
        return Ok(());
    }
    let receipts = store::list_prepayments(tx, &orders)?;
    let mut plans: Vec<(Receipt, Vec<InvoiceId>)> = Vec::new();
    for receipt in receipts {
        let invoices = of_receipt(&receipt, posted);
        if !invoices.is_empty() {
            plans.push((receipt, invoices));
        }
    }
    if plans.is_empty() || !policies::live(tx)?.document.settlement.apply_prepayments {
        return Ok(());
    }
    let (settling, periods, used) = plan(tx, &plans)?;
    let changes = settle(tx, &settling)?;
    settling::post(tx, accounts, changes)?;
    let applied = save(tx, plans, &used)?;
    periods.flag(tx, |receipt| applied.contains(receipt))?;
    for invoice in posted.iter_mut() {
        let now = settling.find(&DocumentRef::Id(invoice.id), invoice.legal_entity_id);
        if let Some(now) = now.filter(|now| now.open_minor != invoice.open_minor) {
            invoice.open_minor = now.open_minor;
            invoice.status = now.status;
            invoice.version += 1;
        }
    }
    Ok(())
}

/// The invoices that a prepayment is for, what is due first first.
fn of_receipt(receipt: &Receipt, posted: &[&mut Invoice]) -> Vec<InvoiceId> {
    let mut invoices: Vec<&Invoice> = posted
        .iter()
        .map(|invoice| &**invoice)
        .filter(|invoice| {
            invoice.customer_id == receipt.customer_id
                && invoice.key() == receipt.key()
                && invoice.order_number == receipt.prepaid_order_number
        })
        .collect();
    invoices.sort_by_key(|invoice| (invoice.due_date, invoice.id));
    invoices.into_iter().map(|invoice| invoice.id).collect()
}

/// Plans what each prepayment settles, and how much of it is used. One whose day is in a closed period is left to a person.
fn plan(
    tx: &mut Tx,
    plans: &[(Receipt, Vec<InvoiceId>)],
) -> Result<(Settling, ClosedPeriods, Vec<i64>), DbError> {
    let applications: Vec<(CustomerId, Application)> = plans
        .iter()
        .flat_map(|(receipt, invoices)| {
            let each = invoices.iter();
            each.map(|id| (receipt.customer_id, as_far_as_open(*id)))
        })
        .collect();
    let asked = applications.iter().map(|(customer, one)| (*customer, one));
    let mut settling = Settling::read(tx, asked)?;
    let mut periods = ClosedPeriods::read(tx)?;
    let today = tx.today();
    let mut all_used = Vec::with_capacity(plans.len());
    for (receipt, invoices) in plans {
        let mut left = receipt.unapplied_minor;
        if periods
            .check(tx, receipt.legal_entity_id, today, receipt.id)
            .is_err()
        {
            all_used.push(0);
            continue;
        }
        for invoice in invoices {
            let funds = Funds {
                source: Source::Receipt(receipt.id),
                customer_id: receipt.customer_id,
                key: receipt.key(),
                there_on: today,
                value_date: receipt.receipt_date,
                available: Money::from_minor(left, receipt.currency),
                rests: Rests::MayClose,
            };
            let used = settling.apply(tx, &funds, &as_far_as_open(*invoice));
            left -= used.map_err(unexpected)?;
        }
        all_used.push(receipt.unapplied_minor - left);
    }
    Ok((settling, periods, all_used))
}

const fn as_far_as_open(invoice: InvoiceId) -> Application {
    Application::AsFarAsOpen(DocumentRef::Id(invoice))
}

/// Money of the same customer, company and currency as the invoice is never refused.
fn unexpected(error: ReceivableError) -> DbError {
    match error {
        ReceivableError::Db(error) => error,
        other => DbError::Document(other.to_string()),
    }
}

/// Writes the prepayments that settle something, and says which.
fn save(
    tx: &mut Tx,
    plans: Vec<(Receipt, Vec<InvoiceId>)>,
    used: &[i64],
) -> Result<BTreeSet<String>, DbError> {
    let mut applied = BTreeSet::new();
    let mut changes = Vec::new();
    for ((before, _), used) in plans.into_iter().zip(used) {
        if *used == 0 {
            continue;
        }
        let after = Receipt {
            unapplied_minor: before.unapplied_minor - used,
            ..before.clone()
        };
        let saved = store::update_receipt_if_unchanged(tx, &after)?;
        let after = saved.ok_or_else(|| DbError::Serialization("a receipt changed".to_owned()))?;
        applied.insert(after.id.to_string());
        changes.push(
            Change::new("receipt.applied", after.id)
                .before(&before)
                .after(&after),
        );
    }
    tx.record_all(changes)?;
    Ok(applied)
}
