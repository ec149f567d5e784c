//! What is read before anything is settled, and what settlements are undone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::{Owner, Settling};
use crate::book::receivables::actions::ReceivableError;
use crate::book::receivables::input::Application;
use crate::book::receivables::model::{
    DocumentRef, Invoice, InvoiceRef, InvoiceStatus, Item, Settlement, Source,
};
use crate::book::receivables::{rules, store};
use crate::platform::db::{Db, DbError, Tx};
use kernel::ids::{CustomerId, InvoiceId, SettlementId};

/// The invoices that applications name.
pub(in crate::receivables::actions) fn named<'a>(
    applications: impl IntoIterator<Item = &'a Application>,
) -> Vec<&'a InvoiceRef> {
    let mut references = Vec::new();
    for application in applications {
        match application {
            Application::Named(named) | Application::UpTo(named) => {
                references.extend(named.iter().map(|one| &one.invoice));
            }
            Application::AsFarAsOpen(invoice) => references.push(invoice),
            Application::OldestFirst | Application::Nothing => {}
        }
    }
    references
}

impl Settling {
    /// Reads what these applications, each of a customer, may settle.
    pub fn read<'a>(
        db: &mut Db,
        applications: impl Iterator<Item = (CustomerId, &'a Application)>,
    ) -> Result<Settling, DbError> {
        let applications: Vec<(CustomerId, &Application)> = applications.collect();
        let oldest_first = applications.iter().filter_map(|(customer, application)| {
            matches!(application, Application::OldestFirst).then_some(*customer)
        });
        let customers: BTreeSet<CustomerId> = oldest_first.collect();
        let customers: Vec<CustomerId> = customers.into_iter().collect();
        let references = named(applications.iter().map(|(_, application)| *application));
        let mut found = store::list_invoices_by_refs(db, &references)?;
        found.extend(store::list_open_invoices(db, &customers)?);
        Settling::over(db, found)
    }

    pub(super) fn over(db: &mut Db, found: Vec<Invoice>) -> Result<Settling, DbError> {
        let mut settling = Settling {
            invoices: BTreeMap::new(),
            items: BTreeMap::new(),
            by_customer: BTreeMap::new(),
            by_number: BTreeMap::new(),
            touched: BTreeMap::new(),
            changed_items: BTreeSet::new(),
            rows: Vec::new(),
            policy: None,
            rates: BTreeMap::new(),
            debtors: HashMap::new(),
            heads: BTreeMap::new(),
        };
        for invoice in found {
            // A number names the living document.
            let is_living = invoice.status != InvoiceStatus::Cancelled;
            let number = (invoice.number.clone(), invoice.legal_entity_id);
            if is_living || !settling.by_number.contains_key(&number) {
                settling.by_number.insert(number, invoice.id);
            }
            let (id, customer) = (invoice.id, invoice.customer_id);
            if settling.invoices.insert(id, invoice).is_none() {
                settling.by_customer.entry(customer).or_default().push(id);
            }
        }
        let ids: Vec<InvoiceId> = settling.invoices.keys().copied().collect();
        for item in store::list_items_of(db, &ids)? {
            let of_invoice: &mut Vec<Item> = settling.items.entry(item.invoice_id).or_default();
            of_invoice.push(item);
        }
        Ok(settling)
    }

    /// Undoes all that a receipt or credit note settled, from a day on: also what was undone already from a later day.
    pub fn undo(
        tx: &mut Tx,
        source: Source,
        owner: Owner,
        from: NaiveDate,
    ) -> Result<Settling, DbError> {
        let all = store::list_settlements_of(tx, source)?;
        Settling::undo_rows(tx, &rules::taken_back_from(&all, from), Some(owner))
    }

    /// Undoes what a receipt or credit note settles now of an invoice, or of all of them, from a day on.
    pub fn undo_standing(
        tx: &mut Tx,
        source: Source,
        owner: Owner,
        invoice: Option<&InvoiceRef>,
        from: NaiveDate,
    ) -> Result<Settling, ReceivableError> {
        let all = store::list_settlements_of(tx, source)?;
        let invoice = match invoice {
            Some(reference) => Some(settled_invoice(tx, reference)?),
            None => None,
        };
        let standing: Vec<Settlement> = standing(all)
            .into_iter()
            .filter(|row| invoice.is_none_or(|invoice| row.invoice_id == invoice))
            .collect();
        let back = rules::taken_back_from(&standing, from);
        Ok(Settling::undo_rows(tx, &back, Some(owner))?)
    }

    pub(in crate::receivables::actions) fn undo_rows(
        tx: &mut Tx,
        rows: &[(&Settlement, NaiveDate)],
        owner: Option<Owner>,
    ) -> Result<Settling, DbError> {
        let references: Vec<InvoiceRef> = rows
            .iter()
            .map(|(row, _)| DocumentRef::Id(row.invoice_id))
            .collect();
        let references: Vec<&InvoiceRef> = references.iter().collect();
        let found = store::list_invoices_by_refs(tx, &references)?;
        let mut settling = Settling::over(tx, found)?;
        for (row, effective_on) in rows {
            let undoing = Settlement {
                id: SettlementId::new(),
                amount_minor: -row.amount_minor,
                used_minor: -row.used_minor,
                difference_minor: row.difference_minor.map(|minor| -minor),
                effective_on: *effective_on,
                reverses_id: Some(row.id),
                created_by: tx.caller().subject.clone(),
                created_at: tx.now(),
                ..Settlement::clone(row)
            };
            settling.add(undoing, owner);
        }
        Ok(settling)
    }
}

/// Those settlements that nothing undid.
fn standing(all: Vec<Settlement>) -> Vec<Settlement> {
    let undone: BTreeSet<SettlementId> = all.iter().filter_map(|row| row.reverses_id).collect();
    all.into_iter()
        .filter(|row| row.reverses_id.is_none() && !undone.contains(&row.id))
        .collect()
}

/// The invoice that is named. What settles it stands, so that it is the living one of its number.
fn settled_invoice(tx: &mut Tx, reference: &InvoiceRef) -> Result<InvoiceId, ReceivableError> {
    let found = store::find_invoice(tx, reference)?.ok_or_else(|| {
        let by = match reference {
            DocumentRef::Id(_) => "/invoice_id",
            DocumentRef::Number(_) => "/invoice_number",
        };
        ReceivableError::NoSuchInvoice {
            pointer: by.to_owned(),
        }
    })?;
    Ok(found.id)
}
