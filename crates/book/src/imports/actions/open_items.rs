//! Open items of a ledger that is kept elsewhere, as a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::documents::{Standings, refused};
use super::snapshots::{Missing, Seen, Whole, about_the_file};
use super::{ImportError, Importable};
use crate::book::entities::model::EntityRef;
use crate::book::exposure::actions::{Locked, lock_all};
use crate::book::imports::model::{Difference, Row, Verdict};
use crate::book::imports::rules::OpenItemRow;
use crate::book::imports::store;
use crate::book::receivables::actions::{ReceivableError, post_invoices, post_receipts};
use crate::book::receivables::input::{
    Application, NamedApplication, NewInvoice, NewReceipt, Origin, Rests,
};
use crate::book::receivables::model::{DocumentRef, Invoice, InvoiceStatus};
use crate::book::receivables::store as ledger;
use crate::platform::db::{DbError, Tx};
use kernel::ids::{InvoiceId, LegalEntityId, ReceiptId};
use kernel::money::Money;
use kernel::text::{Number, TextError};

impl Importable for OpenItemRow {
    /// A line that is not known is posted. Where less is open than in the book, the difference was paid there, and is settled
    /// here; where more is open, or anything else differs, the book stays as it is and that is told.
    fn post(tx: &mut Tx, rows: &[Row<OpenItemRow>]) -> Result<Vec<Verdict>, ImportError> {
        let contents = || rows.iter().map(|row| &row.content.invoice);
        let customers = contents().map(|invoice| &invoice.customer_number);
        let entities = contents().map(|invoice| invoice.legal_entity.as_ref());
        let standings = Standings::lock(tx, customers, entities, [].into_iter())?;
        let known = read_known(tx, rows)?;
        let mut seen: BTreeSet<Key> = BTreeSet::new();
        let mut verdicts: BTreeMap<usize, Verdict> = BTreeMap::new();
        let mut paid: Vec<Paid> = Vec::new();
        // The line of each of them.
        let mut places: Vec<usize> = Vec::new();
        let mut new: Vec<(usize, &Locked, NewInvoice, &OpenItemRow)> = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            let line = &row.content;
            let named = standings
                .find(&line.invoice.customer_number)
                .and_then(|locked| {
                    let entity = standings.entity(line.invoice.legal_entity.as_ref())?;
                    Ok((locked, entity))
                });
            let (locked, entity) = match named {
                Ok(named) => named,
                Err(verdict) => {
                    verdicts.insert(place, verdict);
                    continue;
                }
            };
            let key = (entity, line.invoice.number.clone());
            if !seen.insert(key.clone()) {
                let message = "stands on another line too";
                verdicts.insert(place, Verdict::rejected("number", "repeated", message));
                continue;
            }
            let Some(invoice) = known.get(&key) else {
                new.push((place, locked, line.invoice.document(entity), line));
                continue;
            };
            let verdict = compare(row, invoice, locked);
            if matches!(verdict, Verdict::Updated(_)) {
                paid.push(Paid::new(locked, invoice, line.open));
                places.push(place);
            }
            verdicts.insert(place, verdict);
        }
        let posted: Vec<(&Locked, NewInvoice)> = new
            .iter()
            .map(|(_, locked, invoice, _)| (*locked, invoice.clone()))
            .collect();
        for ((place, locked, _, line), outcome) in new.iter().zip(post_invoices(tx, &posted)?) {
            let verdict = match outcome {
                Ok(invoice) => {
                    paid.push(Paid::new(locked, &invoice, line.open));
                    places.push(*place);
                    Verdict::Created
                }
                Err(error) => refused(error)?,
            };
            verdicts.insert(*place, verdict);
        }
        for (place, message) in places.iter().zip(settle(tx, &paid)?) {
            if let Some(message) = message {
                let verdict = Verdict::rejected("open", "not_settled", message);
                verdicts.insert(*place, verdict);
            }
        }
        Ok(verdicts.into_values().collect())
    }
}

type Key = (LegalEntityId, Number);

/// The living invoices that have the numbers of some lines.
fn read_known(
    tx: &mut Tx,
    rows: &[Row<OpenItemRow>],
) -> Result<BTreeMap<Key, Invoice>, ImportError> {
    let numbers: Vec<&Number> = rows.iter().map(|row| &row.content.invoice.number).collect();
    Ok(ledger::list_invoices_by_numbers(tx, &numbers)?
        .into_iter()
        .filter(|invoice| invoice.status != InvoiceStatus::Cancelled)
        .map(|invoice| ((invoice.legal_entity_id, invoice.number.clone()), invoice))
        .collect())
}

/// What of an invoice is not open any more in the other ledger.
struct Paid<'a> {
    locked: &'a Locked,
    invoice: InvoiceId,
    number: Number,
    legal_entity: LegalEntityId,
    amount: Money,
}

impl<'a> Paid<'a> {
    fn new(locked: &'a Locked, invoice: &Invoice, open: Money) -> Paid<'a> {
        Paid {
            locked,
            invoice: invoice.id,
            number: invoice.number.clone(),
            legal_entity: invoice.legal_entity_id,
            amount: invoice.money(invoice.open_minor - open.minor()),
        }
    }
}

/// What becomes of a line whose invoice is known.
fn compare(row: &Row<OpenItemRow>, invoice: &Invoice, locked: &Locked) -> Verdict {
    let line = &row.content;
    let kept = |column, code, message: &str| Verdict::Kept {
        column,
        code,
        message: message.to_owned(),
        differences: Vec::new(),
    };
    if invoice.customer_id != locked.account.customer_id {
        return kept(
            "customer_number",
            "differs",
            "the invoice is another customer's in the book",
        );
    }
    if invoice.money(invoice.amount_minor) != line.invoice.amount {
        return kept(
            "amount",
            "differs",
            "the book has another amount, which a file does not change",
        );
    }
    let due = line.invoice.due_date.unwrap_or(invoice.due_date);
    if (invoice.invoice_date, invoice.due_date) != (line.invoice.invoice_date, due) {
        return kept(
            "due_date",
            "differs",
            "the book has other days, which a file does not change",
        );
    }
    let difference = Difference {
        line: Some(row.line),
        number: invoice.number.to_string(),
        column: "open",
        before: Some(invoice.money(invoice.open_minor).to_string()),
        after: Some(line.open.to_string()),
    };
    match line.open.minor().cmp(&invoice.open_minor) {
        std::cmp::Ordering::Equal if line.invoice.describes(invoice) => Verdict::Unchanged,
        std::cmp::Ordering::Equal => kept(
            "number",
            "differs",
            "the book says something else beside amount and days, which a file does not change",
        ),
        std::cmp::Ordering::Less => Verdict::Updated(vec![difference]),
        std::cmp::Ordering::Greater => Verdict::Kept {
            column: "open",
            code: "more_open_than_in_the_book",
            message: "money is applied here that the other ledger does not have".to_owned(),
            differences: vec![difference],
        },
    }
}

/// Settles what is not open any more in the other ledger, by receipts of its own: how it was paid is known there. One
/// answer for each: why it could not be, where that is so.
fn settle(tx: &mut Tx, paid: &[Paid]) -> Result<Vec<Option<String>>, ImportError> {
    let today = tx.today();
    let receipts: Vec<(&Locked, NewReceipt)> = paid
        .iter()
        .filter(|paid| paid.amount.is_positive())
        .map(|paid| {
            let id = ReceiptId::new().to_string().replace('_', "-");
            let named = NamedApplication::of(DocumentRef::Id(paid.invoice), paid.amount);
            let new = NewReceipt {
                prepaid_order: None,
                origin: Origin::Ledger,
                // What was taken or let go is known there as well.
                rests: Rests::StayOpen,
                number: format!("SYNC-{id}").parse()?,
                receipt_date: today,
                amount: paid.amount,
                application: Application::Named(vec![named]),
                legal_entity: paid.legal_entity,
                payer: None,
            };
            Ok((paid.locked, new))
        })
        .collect::<Result<_, TextError>>()
        .map_err(|error| DbError::Document(error.to_string()))?;
    let mut posted = post_receipts(tx, &receipts)?.into_iter();
    let mut refusals = Vec::with_capacity(paid.len());
    for Paid { number, amount, .. } in paid {
        let outcome = if amount.is_positive() {
            posted.next()
        } else {
            None
        };
        refusals.push(match outcome {
            Some(Err(ReceivableError::Db(error))) => return Err(error.into()),
            Some(Err(error)) => Some(format!(
                "{amount} of the invoice {number} can't be settled: {error}"
            )),
            Some(Ok(_)) | None => None,
        });
    }
    Ok(refusals)
}

impl Whole for OpenItemRow {
    type Document = Invoice;

    fn open(&self) -> Money {
        self.open
    }

    fn entity(&self) -> Option<&EntityRef> {
        self.invoice.legal_entity.as_ref()
    }

    fn key(&self) -> (&str, &str) {
        let invoice = &self.invoice;
        (invoice.customer_number.as_str(), invoice.number.as_str())
    }

    fn missing(
        tx: &mut Tx,
        seen: &Seen,
        ledger_as_of: Option<NaiveDate>,
    ) -> Result<Vec<Missing<Invoice>>, ImportError> {
        let open = store::list_open_invoices(tx, &seen.entities())?;
        Ok(open
            .into_iter()
            .filter(|invoice| {
                let booked_on = invoice.posting_date.unwrap_or(invoice.invoice_date);
                ledger_as_of.is_none_or(|day| invoice.invoice_date.max(booked_on) <= day)
            })
            .filter(|invoice| !seen.has(invoice.legal_entity_id, invoice.number.as_str()))
            .map(|invoice| Missing {
                number: invoice.number.to_string(),
                entity: invoice.legal_entity_id,
                open: invoice.money(invoice.open_minor),
                document: invoice,
            })
            .collect())
    }

    fn close(tx: &mut Tx, missing: &[Missing<Invoice>]) -> Result<(), ImportError> {
        let customers = missing.iter().map(|one| one.document.customer_id);
        let locked = lock_all(tx, &customers.collect())?;
        let paid: Vec<Paid> = missing
            .iter()
            .filter_map(|one| {
                let locked = locked.get(&one.document.customer_id)?;
                let nothing = one.document.money(0);
                Some(Paid::new(locked, &one.document, nothing))
            })
            .collect();
        match settle(tx, &paid)?.into_iter().flatten().next() {
            Some(message) => Err(about_the_file("not_settled", message)),
            None => Ok(()),
        }
    }
}
