//! Lines of receipts.

use std::collections::BTreeMap;

use super::documents::{Standings, refused};
use super::{ImportError, Importable};
use crate::book::exposure::actions::Locked;
use crate::book::imports::model::{Row, Verdict};
use crate::book::imports::rules::ReceiptRow;
use crate::book::receivables::actions::{Application, NamedApplication, NewReceipt, post_receipts};
use crate::book::receivables::model::{DocumentRef, Invoice, InvoiceRef, Receipt};
use crate::book::receivables::{rules, store};
use crate::kernel::ids::CustomerId;
use crate::kernel::money::Money;
use crate::kernel::text::Number;
use crate::platform::db::Tx;

impl Importable for ReceiptRow {
    fn post(tx: &mut Tx, rows: &[Row<ReceiptRow>]) -> Result<Vec<Verdict>, ImportError> {
        let standings = Standings::lock(tx, rows.iter().map(|row| &row.content.customer_number))?;
        let mut known = read_known(tx, rows)?;
        let mut open = read_named(tx, rows)?;
        let mut verdicts: Vec<Option<Verdict>> = Vec::with_capacity(rows.len());
        let mut new = Vec::new();
        for row in rows.iter().map(|row| &row.content) {
            let locked = match standings.find(&row.customer_number) {
                Ok(locked) => locked,
                Err(verdict) => {
                    verdicts.push(Some(verdict));
                    continue;
                }
            };
            let customer = locked.account.customer_id;
            if let Some(existing) = known.get(&row.number) {
                let same = existing.is_same(row, customer);
                verdicts.push(Some(if same {
                    Verdict::Unchanged
                } else {
                    Verdict::taken("number")
                }));
                continue;
            }
            match application(tx, row, locked, &mut open) {
                Ok(application) => {
                    known.insert(row.number.clone(), Existing::Line(row.clone(), customer));
                    new.push((locked, to_new(row, application)));
                    verdicts.push(None);
                }
                Err(verdict) => verdicts.push(Some(verdict)),
            }
        }
        let mut posted = post_receipts(tx, &new)?.into_iter();
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

/// What a number stands for already: a receipt in the book, or an earlier line of this chunk.
enum Existing {
    Receipt(Box<Receipt>),
    Line(ReceiptRow, CustomerId),
}

impl Existing {
    /// Whether the line says the same. What a receipt of the book has settled by now is no part of it.
    fn is_same(&self, row: &ReceiptRow, customer: CustomerId) -> bool {
        match self {
            Existing::Receipt(receipt) => {
                receipt.customer_id == customer
                    && receipt.receipt_date == row.receipt_date
                    && receipt.currency == row.amount.currency()
                    && receipt.amount_minor == row.amount.minor()
            }
            Existing::Line(line, of) => line == row && *of == customer,
        }
    }
}

fn read_known(
    tx: &mut Tx,
    rows: &[Row<ReceiptRow>],
) -> Result<BTreeMap<Number, Existing>, ImportError> {
    let numbers: Vec<&Number> = rows.iter().map(|row| &row.content.number).collect();
    Ok(store::list_receipts_by_numbers(tx, &numbers)?
        .into_iter()
        .map(|receipt| (receipt.number.clone(), Existing::Receipt(Box::new(receipt))))
        .collect())
}

/// The invoices that the rows name; what is open on them goes down as rows take it.
fn read_named(
    tx: &mut Tx,
    rows: &[Row<ReceiptRow>],
) -> Result<BTreeMap<Number, Invoice>, ImportError> {
    let references: Vec<InvoiceRef> = rows
        .iter()
        .filter_map(|row| row.content.invoice_number.clone())
        .map(DocumentRef::Number)
        .collect();
    let references: Vec<&InvoiceRef> = references.iter().collect();
    Ok(store::list_invoices_by_refs(tx, &references)?
        .into_iter()
        .map(|invoice| (invoice.number.clone(), invoice))
        .collect())
}

/// What a receipt settles: the invoice that it names, as far as that is open (money that came is money that came:
/// what is too much stays unapplied), or the oldest first.
fn application(
    tx: &Tx,
    row: &ReceiptRow,
    locked: &Locked,
    open: &mut BTreeMap<Number, Invoice>,
) -> Result<Application, Verdict> {
    let account = &locked.account;
    if row.amount.currency() != account.currency {
        let message = format!("the account is in {}", account.currency);
        return Err(Verdict::rejected("currency", "currency_mismatch", message));
    }
    rules::check_not_future(tx.today(), row.receipt_date)
        .map_err(|error| Verdict::rejected("receipt_date", "out_of_bounds", error))?;
    let Some(number) = &row.invoice_number else {
        return Ok(Application::OldestFirst);
    };
    let invoice = open.get_mut(number).ok_or_else(|| {
        Verdict::rejected(
            "invoice_number",
            "unknown_invoice",
            "there is no such invoice",
        )
    })?;
    if invoice.customer_id != account.customer_id {
        let message = "the invoice is another customer's";
        return Err(Verdict::rejected(
            "invoice_number",
            "other_customer",
            message,
        ));
    }
    let minor = row.amount.minor().min(invoice.open_minor);
    if minor == 0 {
        return Ok(Application::Nothing);
    }
    invoice.open_minor -= minor;
    Ok(Application::Named(vec![NamedApplication {
        invoice: DocumentRef::Number(number.clone()),
        amount: Money::from_minor(minor, invoice.currency),
    }]))
}

fn to_new(row: &ReceiptRow, application: Application) -> NewReceipt {
    NewReceipt {
        number: row.number.clone(),
        receipt_date: row.receipt_date,
        amount: row.amount,
        application,
    }
}
