//! Lines of receipts.

use chrono::NaiveDate;

use super::documents::{DocumentLine, Known, post_lines};
use super::{ImportError, Importable};
use crate::book::entities::model::EntityRef;
use crate::book::exposure::actions::Locked;
use crate::book::imports::model::{Row, Verdict};
use crate::book::imports::rules::ReceiptRow;
use crate::book::receivables::actions::{ReceivableError, post_receipts};
use crate::book::receivables::input::{Application, NewReceipt};
use crate::book::receivables::model::{DocumentRef, DocumentStatus, Receipt};
use crate::book::receivables::store;
use crate::book::receivables::store::alike::{Wanted, Written, list_receipts_alike};
use crate::platform::db::{DbError, Tx};
use kernel::ids::{CustomerId, LegalEntityId};
use kernel::money::Money;
use kernel::text::Number;

impl Importable for ReceiptRow {
    fn post(tx: &mut Tx, rows: &[Row<ReceiptRow>]) -> Result<Vec<Verdict>, ImportError> {
        post_lines(tx, rows)
    }
}

impl DocumentLine for ReceiptRow {
    type Document = Receipt;
    type New = NewReceipt;
    const TAKEN_BACK: &'static str = "receipt_reversed";

    fn number(&self) -> &Number {
        &self.number
    }

    fn customer_number(&self) -> &Number {
        &self.customer_number
    }

    fn legal_entity(&self) -> Option<&EntityRef> {
        self.legal_entity.as_ref()
    }

    fn list_known(tx: &mut Tx, numbers: &[&Number]) -> Result<Known<Receipt>, DbError> {
        let found = store::list_receipts_by_numbers(tx, numbers)?;
        Ok(Known::sort(found, |receipt| {
            let key = (receipt.legal_entity_id, receipt.number.clone());
            (key, receipt.status == DocumentStatus::Reversed)
        }))
    }

    /// Whether the line says the same. What the receipt has settled by now is no part of it.
    fn is_same(&self, receipt: &Receipt, customer: CustomerId) -> bool {
        receipt.customer_id == customer
            && receipt.receipt_date == self.receipt_date
            && receipt.currency == self.amount.currency()
            && receipt.amount_minor == self.amount.minor()
    }

    /// It settles the invoice that the line names, as far as that is open after all lines before it (money that came is
    /// money that came: what is too much stays unapplied), or the oldest first.
    fn to_new(&self, legal_entity: LegalEntityId) -> NewReceipt {
        let named = self.invoice_number.clone().map(DocumentRef::Number);
        NewReceipt {
            payer: None,
            number: self.number.clone(),
            receipt_date: self.receipt_date,
            amount: self.amount,
            application: named.map_or(Application::OldestFirst, Application::AsFarAsOpen),
            legal_entity,
        }
    }

    fn described(new: &NewReceipt) -> (NaiveDate, Money, &Number) {
        (new.receipt_date, new.amount, &new.number)
    }

    fn list_alike(tx: &mut Tx, wanted: &Wanted) -> Result<Vec<Written>, DbError> {
        list_receipts_alike(tx, wanted)
    }

    fn post_all(
        tx: &mut Tx,
        new: &[(&Locked, NewReceipt)],
    ) -> Result<Vec<Result<Receipt, ReceivableError>>, DbError> {
        post_receipts(tx, new)
    }
}
