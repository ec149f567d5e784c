//! Lines of invoices.

use std::collections::{BTreeMap, BTreeSet};

use super::alike::{Alike, wanted};
use super::documents::{Standings, Turn, in_rounds, verdicts, was_taken_back};
use super::{ImportError, Importable};
use crate::book::imports::model::{Row, Verdict};
use crate::book::imports::rules::InvoiceRow;
use crate::book::receivables::actions::{NewInvoice, post_invoices};
use crate::book::receivables::model::{Invoice, InvoiceStatus};
use crate::book::receivables::store;
use crate::book::receivables::store::alike::list_invoices_alike;
use crate::kernel::ids::CustomerId;
use crate::kernel::text::Number;
use crate::platform::db::Tx;

impl Importable for InvoiceRow {
    fn post(tx: &mut Tx, rows: &[Row<InvoiceRow>]) -> Result<Vec<Verdict>, ImportError> {
        let standings = Standings::lock(tx, rows.iter().map(|row| &row.content.customer_number))?;
        in_rounds(rows, |lines| post_round(tx, &standings, lines))
    }
}

fn post_round(
    tx: &mut Tx,
    standings: &Standings,
    lines: &[&InvoiceRow],
) -> Result<Vec<Option<Verdict>>, ImportError> {
    let known = Known::read(tx, lines)?;
    let mut numbers: BTreeSet<&Number> = BTreeSet::new();
    let mut turns = Vec::with_capacity(lines.len());
    let mut new = Vec::new();
    for row in lines {
        let locked = match standings.find(&row.customer_number) {
            Ok(locked) => locked,
            Err(verdict) => {
                turns.push(Turn::Decided(verdict));
                continue;
            }
        };
        turns.push(match known.verdict(row, locked.account.customer_id) {
            Some(verdict) => Turn::Decided(verdict),
            None if numbers.insert(&row.number) => {
                new.push((locked, to_new(row)));
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
struct Known {
    living: BTreeMap<Number, Invoice>,
    cancelled: BTreeMap<Number, Vec<Invoice>>,
}

impl Known {
    fn read(tx: &mut Tx, lines: &[&InvoiceRow]) -> Result<Known, ImportError> {
        let numbers: Vec<&Number> = lines.iter().map(|row| &row.number).collect();
        let mut known = Known {
            living: BTreeMap::new(),
            cancelled: BTreeMap::new(),
        };
        for invoice in store::list_invoices_by_numbers(tx, &numbers)? {
            let number = invoice.number.clone();
            if invoice.status == InvoiceStatus::Cancelled {
                known.cancelled.entry(number).or_default().push(invoice);
            } else {
                known.living.insert(number, invoice);
            }
        }
        Ok(known)
    }

    /// What becomes of a line whose number is known; none when it is to be posted.
    fn verdict(&self, row: &InvoiceRow, customer: CustomerId) -> Option<Verdict> {
        let living = self.living.get(&row.number);
        if living.is_some_and(|invoice| is_same(invoice, row, customer)) {
            return Some(Verdict::Unchanged);
        }
        let mut cancelled = self.cancelled.get(&row.number).into_iter().flatten();
        if cancelled.any(|invoice| is_same(invoice, row, customer)) {
            return Some(was_taken_back("invoice_cancelled"));
        }
        living.map(|_| Verdict::taken("number"))
    }
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
