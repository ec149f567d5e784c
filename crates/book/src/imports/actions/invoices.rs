//! Lines of invoices.

use std::collections::BTreeSet;

use super::alike::{Alike, wanted};
use super::documents::{Key, Known, Standings, Turn, in_rounds, verdicts};
use super::{ImportError, Importable};
use crate::book::imports::model::{Row, Verdict};
use crate::book::imports::rules::InvoiceRow;
use crate::book::receivables::actions::post_invoices;
use crate::book::receivables::input::{InvoiceDetails, NewInvoice};
use crate::book::receivables::model::{Invoice, InvoiceStatus};
use crate::book::receivables::store;
use crate::book::receivables::store::alike::list_invoices_alike;
use crate::platform::db::Tx;
use kernel::ids::{CustomerId, LegalEntityId};
use kernel::text::Number;

impl Importable for InvoiceRow {
    fn post(tx: &mut Tx, rows: &[Row<InvoiceRow>]) -> Result<Vec<Verdict>, ImportError> {
        let contents = || rows.iter().map(|row| &row.content);
        let customers = contents().map(|row| &row.customer_number);
        let entities = contents().map(|row| row.legal_entity.as_ref());
        let standings = Standings::lock(tx, customers, entities)?;
        in_rounds(rows, |lines| post_round(tx, &standings, lines))
    }
}

fn post_round(
    tx: &mut Tx,
    standings: &Standings,
    lines: &[&InvoiceRow],
) -> Result<Vec<Option<Verdict>>, ImportError> {
    let known = read_known(tx, lines)?;
    let mut keys: BTreeSet<Key> = BTreeSet::new();
    let mut turns = Vec::with_capacity(lines.len());
    let mut new = Vec::new();
    for row in lines {
        let named = standings
            .find(&row.customer_number)
            .and_then(|locked| Ok((locked, standings.entity(row.legal_entity.as_ref())?)));
        let (locked, entity) = match named {
            Ok(named) => named,
            Err(verdict) => {
                turns.push(Turn::Decided(verdict));
                continue;
            }
        };
        let customer = locked.account.customer_id;
        let key = (entity, row.number.clone());
        let verdict = known.verdict(&key, "invoice_cancelled", |invoice| {
            is_same(invoice, row, customer)
        });
        turns.push(match verdict {
            Some(verdict) => Turn::Decided(verdict),
            None if keys.insert(key) => {
                new.push((locked, to_new(row, entity)));
                Turn::Post
            }
            None => Turn::Later,
        });
    }
    let wanted = wanted(new.iter().map(|(locked, invoice)| {
        let customer = locked.account.customer_id;
        (customer, invoice.invoice_date, invoice.amount)
    }));
    let mut alike = Alike::new(list_invoices_alike(tx, &wanted)?);
    let posted = post_invoices(tx, &new)?;
    verdicts(turns, posted.into_iter().zip(&new), |(locked, invoice)| {
        let customer = locked.account.customer_id;
        alike.post(
            customer,
            invoice.invoice_date,
            invoice.amount,
            &invoice.number,
        )
    })
}

/// The invoices that have or had the numbers of some lines.
fn read_known(tx: &mut Tx, lines: &[&InvoiceRow]) -> Result<Known<Invoice>, ImportError> {
    let numbers: Vec<&Number> = lines.iter().map(|row| &row.number).collect();
    let found = store::list_invoices_by_numbers(tx, &numbers)?;
    Ok(Known::sort(found, |invoice| {
        let key = (invoice.legal_entity_id, invoice.number.clone());
        (key, invoice.status == InvoiceStatus::Cancelled)
    }))
}

/// Whether the line says the same. A due date that the line leaves to the terms is no difference.
fn is_same(invoice: &Invoice, row: &InvoiceRow, customer: CustomerId) -> bool {
    invoice.customer_id == customer
        && invoice.invoice_date == row.invoice_date
        && row.due_date.is_none_or(|due| due == invoice.due_date)
        && invoice.currency == row.amount.currency()
        && invoice.amount_minor == row.amount.minor()
        && invoice.order_number == row.order_number
}

fn to_new(row: &InvoiceRow, legal_entity: LegalEntityId) -> NewInvoice {
    NewInvoice {
        details: InvoiceDetails::default(),
        number: row.number.clone(),
        invoice_date: row.invoice_date,
        due_date: row.due_date,
        amount: row.amount,
        order_number: row.order_number.clone(),
        reservation_id: None,
        legal_entity,
    }
}
