//! Lines of receipts.

use std::collections::BTreeSet;

use super::alike::{Alike, wanted};
use super::documents::{Key, Known, Standings, Turn, in_rounds, verdicts};
use super::{ImportError, Importable};
use crate::book::imports::model::{Row, Verdict};
use crate::book::imports::rules::ReceiptRow;
use crate::book::receivables::actions::post_receipts;
use crate::book::receivables::input::{Application, NewReceipt};
use crate::book::receivables::model::{DocumentRef, DocumentStatus, Receipt};
use crate::book::receivables::store;
use crate::book::receivables::store::alike::list_receipts_alike;
use crate::platform::db::Tx;
use kernel::ids::{CustomerId, LegalEntityId};
use kernel::text::Number;

impl Importable for ReceiptRow {
    fn post(tx: &mut Tx, rows: &[Row<ReceiptRow>]) -> Result<Vec<Verdict>, ImportError> {
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
    lines: &[&ReceiptRow],
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
        let verdict = known.verdict(&key, "receipt_reversed", |receipt| {
            is_same(receipt, row, customer)
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
    let wanted = wanted(new.iter().map(|(locked, receipt)| {
        let customer = locked.account.customer_id;
        (customer, receipt.receipt_date, receipt.amount)
    }));
    let mut alike = Alike::new(list_receipts_alike(tx, &wanted)?);
    let posted = post_receipts(tx, &new)?;
    verdicts(turns, posted.into_iter().zip(&new), |(locked, receipt)| {
        let customer = locked.account.customer_id;
        alike.post(
            customer,
            receipt.receipt_date,
            receipt.amount,
            &receipt.number,
        )
    })
}

/// The receipts that have or had the numbers of some lines.
fn read_known(tx: &mut Tx, lines: &[&ReceiptRow]) -> Result<Known<Receipt>, ImportError> {
    let numbers: Vec<&Number> = lines.iter().map(|row| &row.number).collect();
    let found = store::list_receipts_by_numbers(tx, &numbers)?;
    Ok(Known::sort(found, |receipt| {
        let key = (receipt.legal_entity_id, receipt.number.clone());
        (key, receipt.status == DocumentStatus::Reversed)
    }))
}

/// Whether the line says the same. What the receipt has settled by now is no part of it.
fn is_same(receipt: &Receipt, row: &ReceiptRow, customer: CustomerId) -> bool {
    receipt.customer_id == customer
        && receipt.receipt_date == row.receipt_date
        && receipt.currency == row.amount.currency()
        && receipt.amount_minor == row.amount.minor()
}

/// It settles the invoice that the line names, as far as that is open after all lines before it (money that came is
/// money that came: what is too much stays unapplied), or the oldest first.
fn to_new(row: &ReceiptRow, legal_entity: LegalEntityId) -> NewReceipt {
    let named = row.invoice_number.clone().map(DocumentRef::Number);
    NewReceipt {
        payer: None,
        number: row.number.clone(),
        receipt_date: row.receipt_date,
        amount: row.amount,
        application: named.map_or(Application::OldestFirst, Application::AsFarAsOpen),
        legal_entity,
    }
}
