//! Lines of invoices, credit notes and receipts.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{Cells, FromCells, labels, parsed};
use crate::book::entities::model::EntityRef;
use crate::book::receivables::input::{InvoiceDetails, NewInvoice};
use crate::book::receivables::model::Invoice;
use kernel::ids::LegalEntityId;
use kernel::money::Money;
use kernel::text::{Keyword, Line, Note, Number};

/// An invoice: `number,customer_number,invoice_date,due_date,amount,currency,order_number,legal_entity,net,tax,posting_date,
/// baseline_date,customer_order_number,payment_terms,labels`.
#[derive(Debug, Clone)]
pub struct InvoiceRow {
    pub number: Number,
    pub customer_number: Number,
    pub invoice_date: NaiveDate,
    /// By the payment terms when empty, or the account's net days.
    pub due_date: Option<NaiveDate>,
    pub amount: Money,
    pub order_number: Option<Number>,
    /// The number of the company that it is of; the first when empty.
    pub legal_entity: Option<EntityRef>,
    pub details: InvoiceDetails,
}

impl InvoiceRow {
    /// The invoice as it is to be posted.
    pub fn document(&self, legal_entity: LegalEntityId) -> NewInvoice {
        NewInvoice {
            number: self.number.clone(),
            invoice_date: self.invoice_date,
            due_date: self.due_date,
            amount: self.amount,
            order_number: self.order_number.clone(),
            reservation_id: None,
            legal_entity,
            details: self.details.clone(),
        }
    }

    /// Whether what the line says beside its amount and days is so of an invoice. What it leaves empty is no
    /// difference, nor what an earlier file did not say.
    pub fn describes(&self, invoice: &Invoice) -> bool {
        let details = &self.details;
        let is = |asked: Option<Money>, known: Option<i64>| {
            asked.is_none_or(|asked| known.is_none_or(|known| known == asked.minor()))
        };
        let on = |asked: Option<NaiveDate>, known: Option<NaiveDate>| {
            let said = known.filter(|known| *known != invoice.invoice_date);
            asked.is_none_or(|asked| said.is_none_or(|said| said == asked))
        };
        let known: BTreeSet<Keyword> = invoice.label_list().into_iter().collect();
        let labels: BTreeSet<Keyword> = details.labels.iter().cloned().collect();
        is(details.net, invoice.net_minor)
            && is(details.tax, invoice.tax_minor)
            && on(details.posting_date, invoice.posting_date)
            && on(details.baseline_date, invoice.baseline_date)
            && same_if_asked(
                details.customer_order_number.as_ref(),
                invoice.customer_order_number.as_ref(),
            )
            && same_if_asked(
                details.payment_terms.as_ref(),
                invoice.payment_terms.as_ref(),
            )
            && (labels.is_empty() || labels == known)
    }
}

fn same_if_asked<T: PartialEq>(asked: Option<&T>, known: Option<&T>) -> bool {
    asked.is_none() || asked == known
}

impl FromCells for InvoiceRow {
    fn from_cells(cells: &mut Cells) -> Option<InvoiceRow> {
        let number = cells.required("number", parsed);
        let customer_number = cells.required("customer_number", parsed);
        let invoice_date = cells.required_day("invoice_date");
        let due_date = cells.optional_day("due_date");
        let currency = cells.required("currency", parsed);
        let amount = cells.amount(currency);
        let order_number = cells.optional("order_number", parsed);
        let legal_entity = cells.optional("legal_entity", parsed);
        let details = InvoiceDetails {
            net: cells.part("net", amount),
            tax: cells.part("tax", amount),
            posting_date: cells.optional_day("posting_date"),
            baseline_date: cells.optional_day("baseline_date"),
            customer_order_number: cells.optional("customer_order_number", parsed::<Line>),
            labels: cells.optional("labels", labels).unwrap_or_default(),
            payment_terms: cells.optional("payment_terms", parsed),
            ..InvoiceDetails::default()
        };
        if due_date
            .zip(invoice_date)
            .is_some_and(|(due, invoiced)| due < invoiced)
        {
            cells.complain(
                "due_date",
                "before_invoice_date",
                "must not lie before the invoice date",
            );
        }
        Some(InvoiceRow {
            number: number?,
            customer_number: customer_number?,
            invoice_date: invoice_date?,
            due_date,
            amount: amount?,
            order_number,
            legal_entity,
            details,
        })
    }

    fn customer_numbers(&mut self) -> Vec<&mut Number> {
        vec![&mut self.customer_number]
    }
}

/// An invoice that is open in the ledger that is kept elsewhere: as [`InvoiceRow`], and `open`.
#[derive(Debug, Clone)]
pub struct OpenItemRow {
    pub invoice: InvoiceRow,
    pub open: Money,
}

impl FromCells for OpenItemRow {
    fn from_cells(cells: &mut Cells) -> Option<OpenItemRow> {
        let invoice = InvoiceRow::from_cells(cells);
        let open = cells.open(invoice.as_ref().map(|invoice| invoice.amount));
        Some(OpenItemRow {
            invoice: invoice?,
            open: open?,
        })
    }

    fn customer_numbers(&mut self) -> Vec<&mut Number> {
        vec![&mut self.invoice.customer_number]
    }
}

/// A credit note: `number,customer_number,credit_date,amount,currency,reason,invoice_number,legal_entity`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNoteRow {
    pub number: Number,
    pub customer_number: Number,
    pub credit_date: NaiveDate,
    pub amount: Money,
    pub reason: Note,
    /// The invoice that it is about; none when empty, and all of it stays unapplied.
    pub invoice_number: Option<Number>,
    pub legal_entity: Option<EntityRef>,
}

impl FromCells for CreditNoteRow {
    const JOINS: bool = true;

    fn from_cells(cells: &mut Cells) -> Option<CreditNoteRow> {
        let number = cells.required("number", parsed);
        let customer_number = cells.required("customer_number", parsed);
        let credit_date = cells.required_day("credit_date");
        let currency = cells.required("currency", parsed);
        let amount = cells.amount(currency);
        let reason = cells.required("reason", parsed);
        let invoice_number = cells.optional("invoice_number", parsed);
        let legal_entity = cells.optional("legal_entity", parsed);
        Some(CreditNoteRow {
            number: number?,
            customer_number: customer_number?,
            credit_date: credit_date?,
            amount: amount?,
            reason: reason?,
            invoice_number,
            legal_entity,
        })
    }

    fn customer_numbers(&mut self) -> Vec<&mut Number> {
        vec![&mut self.customer_number]
    }
}

/// A receipt: `number,customer_number,receipt_date,amount,currency,invoice_number,legal_entity,payer_number,
/// prepaid_order_number`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptRow {
    pub number: Number,
    pub customer_number: Number,
    pub receipt_date: NaiveDate,
    pub amount: Money,
    /// The invoice that it pays; the oldest first when empty.
    pub invoice_number: Option<Number>,
    /// The number of the company that it is of; the first when empty.
    pub legal_entity: Option<EntityRef>,
    /// Who paid, where that is not the customer.
    pub payer_number: Option<Number>,
    /// The order that it is paid for beforehand.
    pub prepaid_order_number: Option<Number>,
}

impl FromCells for ReceiptRow {
    const JOINS: bool = true;

    fn from_cells(cells: &mut Cells) -> Option<ReceiptRow> {
        let number = cells.required("number", parsed);
        let customer_number = cells.required("customer_number", parsed);
        let receipt_date = cells.required_day("receipt_date");
        let currency = cells.required("currency", parsed);
        let amount = cells.amount(currency);
        let invoice_number = cells.optional("invoice_number", parsed);
        let legal_entity = cells.optional("legal_entity", parsed);
        let payer_number = cells.optional("payer_number", parsed);
        let prepaid_order_number = cells.optional("prepaid_order_number", parsed);
        Some(ReceiptRow {
            number: number?,
            customer_number: customer_number?,
            receipt_date: receipt_date?,
            amount: amount?,
            invoice_number,
            legal_entity,
            payer_number,
            prepaid_order_number,
        })
    }

    fn customer_numbers(&mut self) -> Vec<&mut Number> {
        let own = std::iter::once(&mut self.customer_number);
        own.chain(self.payer_number.as_mut()).collect()
    }
}

/// A deposit request: `number,customer_number,order_number,request_date,due_date,amount,currency,legal_entity,label`.
#[derive(Debug, Clone)]
pub struct DepositRequestRow {
    pub number: Number,
    pub customer_number: Number,
    pub order_number: Number,
    pub request_date: NaiveDate,
    /// By what was agreed with the customer when empty.
    pub due_date: Option<NaiveDate>,
    pub amount: Money,
    /// The number of the company that asks; the first when empty.
    pub legal_entity: Option<EntityRef>,
    pub label: Option<Keyword>,
}

impl FromCells for DepositRequestRow {
    fn from_cells(cells: &mut Cells) -> Option<DepositRequestRow> {
        let number = cells.required("number", parsed);
        let customer_number = cells.required("customer_number", parsed);
        let order_number = cells.required("order_number", parsed);
        let request_date = cells.required_day("request_date");
        let due_date = cells.optional_day("due_date");
        let currency = cells.required("currency", parsed);
        let amount = cells.amount(currency);
        let legal_entity = cells.optional("legal_entity", parsed);
        let label = cells.optional("label", parsed);
        Some(DepositRequestRow {
            number: number?,
            customer_number: customer_number?,
            order_number: order_number?,
            request_date: request_date?,
            due_date,
            amount: amount?,
            legal_entity,
            label,
        })
    }

    fn customer_numbers(&mut self) -> Vec<&mut Number> {
        vec![&mut self.customer_number]
    }
}
