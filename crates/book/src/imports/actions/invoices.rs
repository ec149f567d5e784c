//! Lines of invoices.

use chrono::NaiveDate;

use super::documents::{DocumentLine, Known, KnownMoney, Standings, post_lines};
use super::{ImportError, Importable};
use crate::book::entities::model::EntityRef;
use crate::book::exposure::actions::Locked;
use crate::book::imports::model::{Row, Verdict};
use crate::book::imports::rules::InvoiceRow;
use crate::book::receivables::actions::{Accounts, ReceivableError, post_invoices};
use crate::book::receivables::input::NewInvoice;
use crate::book::receivables::model::{Invoice, InvoiceStatus};
use crate::book::receivables::store;
use crate::book::receivables::store::alike::{Wanted, Written, list_invoices_alike};
use crate::platform::db::{DbError, Tx};
use kernel::ids::{CustomerId, LegalEntityId};
use kernel::money::Money;
use kernel::text::Number;

impl Importable for InvoiceRow {
    fn post(tx: &mut Tx, rows: &[Row<InvoiceRow>]) -> Result<Vec<Verdict>, ImportError> {
        let lines: Vec<&InvoiceRow> = rows.iter().map(|row| &row.content).collect();
        post_lines(tx, &lines, KnownMoney::IsPosted)
    }
}

impl DocumentLine for InvoiceRow {
    type Document = Invoice;
    type New = NewInvoice;
    const TAKEN_BACK: &'static str = "invoice_cancelled";

    fn number(&self) -> &Number {
        &self.number
    }

    fn customer_number(&self) -> &Number {
        &self.customer_number
    }

    fn legal_entity(&self) -> Option<&EntityRef> {
        self.legal_entity.as_ref()
    }

    fn list_known(tx: &mut Tx, numbers: &[&Number]) -> Result<Known<Invoice>, DbError> {
        let found = store::list_invoices_by_numbers(tx, numbers)?;
        Ok(Known::sort(found, |invoice| {
            let key = (invoice.legal_entity_id, invoice.number.clone());
            (key, invoice.status == InvoiceStatus::Cancelled)
        }))
    }

    /// Whether the line says the same. A due date that the line leaves to the terms is no difference.
    fn is_same(&self, invoice: &Invoice, customer: CustomerId) -> bool {
        invoice.customer_id == customer
            && invoice.invoice_date == self.invoice_date
            && self.due_date.is_none_or(|due| due == invoice.due_date)
            && invoice.currency == self.amount.currency()
            && invoice.amount_minor == self.amount.minor()
            && invoice.order_number == self.order_number
            && self.describes(invoice)
    }

    fn to_new(&self, legal_entity: LegalEntityId, _: &Standings) -> Result<NewInvoice, Verdict> {
        Ok(self.document(legal_entity))
    }

    fn described(new: &NewInvoice) -> (NaiveDate, Money, &Number) {
        (new.invoice_date, new.amount, &new.number)
    }

    fn list_alike(tx: &mut Tx, wanted: &Wanted) -> Result<Vec<Written>, DbError> {
        list_invoices_alike(tx, wanted)
    }

    fn post_all(
        tx: &mut Tx,
        _: &Accounts,
        new: &[(&Locked, NewInvoice)],
    ) -> Result<Vec<Result<Invoice, ReceivableError>>, DbError> {
        post_invoices(tx, new)
    }
}
