//! Lines of invoices.

use std::collections::BTreeMap;

use super::documents::{Standings, refused};
use super::{ImportError, Importable};
use crate::book::imports::model::{Row, Verdict};
use crate::book::imports::rules::InvoiceRow;
use crate::book::receivables::actions::{NewInvoice, post_invoices};
use crate::book::receivables::model::{DocumentRef, Invoice, InvoiceRef};
use crate::book::receivables::store;
use crate::kernel::ids::CustomerId;
use crate::kernel::text::Number;
use crate::platform::db::Tx;

impl Importable for InvoiceRow {
    fn post(tx: &mut Tx, rows: &[Row<InvoiceRow>]) -> Result<Vec<Verdict>, ImportError> {
        let standings = Standings::lock(tx, rows.iter().map(|row| &row.content.customer_number))?;
        let mut known = read_known(tx, rows)?;
        let mut verdicts: Vec<Option<Verdict>> = Vec::with_capacity(rows.len());
        let mut new = Vec::new();
        for row in rows.iter().map(|row| &row.content) {
            let found = standings.find(&row.customer_number);
            verdicts.push(match (found, known.get(&row.number)) {
                (Err(verdict), _) => Some(verdict),
                (Ok(locked), Some(existing))
                    if existing.is_same(row, locked.account.customer_id) =>
                {
                    Some(Verdict::Unchanged)
                }
                (Ok(_), Some(_)) => Some(Verdict::taken("number")),
                (Ok(locked), None) => {
                    let customer = locked.account.customer_id;
                    known.insert(row.number.clone(), Existing::Line(row.clone(), customer));
                    new.push((locked, to_new(row)));
                    None
                }
            });
        }
        let mut posted = post_invoices(tx, &new)?.into_iter();
        verdicts
            .into_iter()
            .map(|settled| match settled {
                Some(verdict) => Ok(verdict),
                None => match posted.next() {
                    Some(Err(error)) => refused(error),
                    _ => Ok(Verdict::Created),
                },
            })
            .collect()
    }
}

/// What a number stands for already: an invoice in the book, or an earlier line of this chunk.
enum Existing {
    Invoice(Box<Invoice>),
    Line(InvoiceRow, CustomerId),
}

impl Existing {
    /// Whether the line says the same. A due date that the line leaves to the terms is no difference.
    fn is_same(&self, row: &InvoiceRow, customer: CustomerId) -> bool {
        match self {
            Existing::Invoice(invoice) => {
                invoice.customer_id == customer
                    && invoice.invoice_date == row.invoice_date
                    && row.due_date.is_none_or(|due| due == invoice.due_date)
                    && invoice.currency == row.amount.currency()
                    && invoice.amount_minor == row.amount.minor()
                    && invoice.order_number == row.order_number
            }
            Existing::Line(line, of) => line == row && *of == customer,
        }
    }
}

fn read_known(
    tx: &mut Tx,
    rows: &[Row<InvoiceRow>],
) -> Result<BTreeMap<Number, Existing>, ImportError> {
    let references: Vec<InvoiceRef> = rows
        .iter()
        .map(|row| DocumentRef::Number(row.content.number.clone()))
        .collect();
    let references: Vec<&InvoiceRef> = references.iter().collect();
    let found = store::list_invoices_by_refs(tx, &references)?;
    Ok(found
        .into_iter()
        .map(|invoice| (invoice.number.clone(), Existing::Invoice(Box::new(invoice))))
        .collect())
}

fn to_new(row: &InvoiceRow) -> NewInvoice {
    NewInvoice {
        number: row.number.clone(),
        invoice_date: row.invoice_date,
        due_date: row.due_date,
        amount: row.amount,
        order_number: row.order_number.clone(),
        reservation_id: None,
    }
}
