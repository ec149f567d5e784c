//! Pages of invoices, credit notes, receipts and settlements, of the customers that the caller may see.

use diesel::dsl::{not, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::book::customers::store::list_wanted;
use crate::book::entities::store as entities;
use crate::book::receivables::input::{
    CreditNoteFilter, InvoiceFilter, InvoiceSort, ReceiptFilter,
};
use crate::book::receivables::model::{CreditNote, Invoice, Receipt, Settlement};
use crate::platform::db::schema::{
    credit_notes, customers, invoice_items, invoice_labels, invoices, receipts, settlements,
};
use crate::platform::db::{Db, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::ids::InvoiceId;

/// Keeps a query to the customers that the caller may see, and to those that the filter names.
macro_rules! of_customers {
    ($query:ident, $column:expr, $caller:expr, $wanted:expr) => {
        if $caller.sees_only_own() {
            $query = $query.filter(
                $column.eq_any(
                    customers::table
                        .filter(customers::owner.eq(&$caller.subject))
                        .select(customers::id),
                ),
            );
        }
        if let Some(wanted) = &$wanted {
            $query = $query.filter($column.eq_any(wanted));
        }
    };
}

/// Keeps a query to the legal entities and currencies that the filter names.
macro_rules! of_balances {
    ($query:ident, $table:ident, $filter:expr, $entities:expr) => {
        if let Some(entities) = &$entities {
            $query = $query.filter($table::legal_entity_id.eq_any(entities));
        }
        if !$filter.currency.is_empty() {
            $query = $query.filter($table::currency.eq_any(&$filter.currency));
        }
    };
}

/// Whether a receipt and the one that it may be once more both stand.
const MAY_BE_TWICE: &str = "(receipts.possible_duplicate_of IS NOT NULL AND receipts.status = 'posted' \
    AND EXISTS (SELECT 1 FROM receipts o WHERE o.id = receipts.possible_duplicate_of AND o.status = 'posted'))";

/// One page of invoices.
pub fn list_invoices(
    db: &mut Db,
    caller: &Caller,
    filter: &InvoiceFilter,
    page: &PageRequest,
) -> Result<Page<Invoice>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    let entities = entities::list_wanted(db, &filter.legal_entity)?;
    on_backend!(db, |c| {
        let mut query = invoices::table.select(Invoice::as_select()).into_boxed();
        of_customers!(query, invoices::customer_id, caller, wanted);
        if !filter.status.is_empty() {
            query = query.filter(invoices::status.eq_any(&filter.status));
        }
        if !filter.order_number.is_empty() {
            query = query.filter(invoices::order_number.eq_any(&filter.order_number));
        }
        of_balances!(query, invoices, filter, entities);
        if !filter.label.is_empty() {
            let labelled = invoice_labels::table
                .filter(invoice_labels::label.eq_any(&filter.label))
                .select(invoice_labels::invoice_id);
            query = query.filter(invoices::id.eq_any(labelled));
        }
        if !filter.customer_order_number.is_empty() {
            let numbers = filter.customer_order_number.iter().map(Some);
            query = query.filter(invoices::customer_order_number.eq_any(numbers));
        }
        if let Some(day) = filter.due_date_from {
            query = query.filter(invoices::due_date.ge(day.date()));
        }
        if let Some(day) = filter.due_date_to {
            query = query.filter(invoices::due_date.le(day.date()));
        }
        if let Some(day) = filter.invoice_date_from {
            query = query.filter(invoices::invoice_date.ge(day.date()));
        }
        if let Some(day) = filter.invoice_date_to {
            query = query.filter(invoices::invoice_date.le(day.date()));
        }
        if let Some(day) = filter.overdue_as_of {
            let overdue = invoice_items::table
                .filter(invoice_items::open_minor.gt(0))
                .filter(invoice_items::due_date.lt(day.date()))
                .select(invoice_items::invoice_id);
            query = query.filter(invoices::id.eq_any(overdue));
        }
        match filter.sort.unwrap_or_default() {
            InvoiceSort::DueDate => seek!(
                c,
                query,
                page,
                Invoice,
                asc(invoices::due_date, invoices::id)
            ),
            InvoiceSort::DueDateDescending => seek!(
                c,
                query,
                page,
                Invoice,
                desc(invoices::due_date, invoices::id)
            ),
            InvoiceSort::InvoiceDate => seek!(
                c,
                query,
                page,
                Invoice,
                asc(invoices::invoice_date, invoices::id)
            ),
            InvoiceSort::InvoiceDateDescending => seek!(
                c,
                query,
                page,
                Invoice,
                desc(invoices::invoice_date, invoices::id)
            ),
            InvoiceSort::Amount => seek!(
                c,
                query,
                page,
                Invoice,
                asc(invoices::amount_minor, invoices::id)
            ),
            InvoiceSort::AmountDescending => seek!(
                c,
                query,
                page,
                Invoice,
                desc(invoices::amount_minor, invoices::id)
            ),
            InvoiceSort::Number => {
                seek!(c, query, page, Invoice, asc(invoices::number, invoices::id))
            }
            InvoiceSort::NumberDescending => seek!(
                c,
                query,
                page,
                Invoice,
                desc(invoices::number, invoices::id)
            ),
        }
    })
}

/// One page of credit notes, the newest first.
pub fn list_credit_notes(
    db: &mut Db,
    caller: &Caller,
    filter: &CreditNoteFilter,
    page: &PageRequest,
) -> Result<Page<CreditNote>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    let entities = entities::list_wanted(db, &filter.legal_entity)?;
    on_backend!(db, |c| {
        let mut query = credit_notes::table
            .select(CreditNote::as_select())
            .into_boxed();
        of_customers!(query, credit_notes::customer_id, caller, wanted);
        of_balances!(query, credit_notes, filter, entities);
        if !filter.status.is_empty() {
            query = query.filter(credit_notes::status.eq_any(&filter.status));
        }
        if !filter.invoice_id.is_empty() {
            query = query.filter(credit_notes::invoice_id.eq_any(&filter.invoice_id));
        }
        if let Some(day) = filter.credit_date_from {
            query = query.filter(credit_notes::credit_date.ge(day.date()));
        }
        if let Some(day) = filter.credit_date_to {
            query = query.filter(credit_notes::credit_date.le(day.date()));
        }
        if filter.unapplied == Some(true) {
            query = query.filter(credit_notes::unapplied_minor.gt(0));
        }
        if filter.unapplied == Some(false) {
            query = query.filter(credit_notes::unapplied_minor.eq(0));
        }
        seek!(c, query, page, CreditNote, desc(credit_notes::id))
    })
}

/// One page of receipts, the newest first.
pub fn list_receipts(
    db: &mut Db,
    caller: &Caller,
    filter: &ReceiptFilter,
    page: &PageRequest,
) -> Result<Page<Receipt>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    let entities = entities::list_wanted(db, &filter.legal_entity)?;
    on_backend!(db, |c| {
        let mut query = receipts::table.select(Receipt::as_select()).into_boxed();
        of_customers!(query, receipts::customer_id, caller, wanted);
        of_balances!(query, receipts, filter, entities);
        if !filter.prepaid_order_number.is_empty() {
            let orders = filter.prepaid_order_number.iter().map(Some);
            query = query.filter(receipts::prepaid_order_number.eq_any(orders));
        }
        if !filter.status.is_empty() {
            query = query.filter(receipts::status.eq_any(&filter.status));
        }
        if let Some(day) = filter.receipt_date_from {
            query = query.filter(receipts::receipt_date.ge(day.date()));
        }
        if let Some(day) = filter.receipt_date_to {
            query = query.filter(receipts::receipt_date.le(day.date()));
        }
        if filter.unapplied == Some(true) {
            query = query.filter(receipts::unapplied_minor.gt(0));
        }
        if filter.unapplied == Some(false) {
            query = query.filter(receipts::unapplied_minor.eq(0));
        }
        match filter.possible_duplicate {
            Some(true) => query = query.filter(sql::<Bool>(MAY_BE_TWICE)),
            Some(false) => query = query.filter(not(sql::<Bool>(MAY_BE_TWICE))),
            None => {}
        }
        seek!(c, query, page, Receipt, desc(receipts::id))
    })
}

/// One page of what settled an invoice, in the order in which it was done.
pub fn list_settlements(
    db: &mut Db,
    invoice: InvoiceId,
    page: &PageRequest,
) -> Result<Page<Settlement>, Problem> {
    on_backend!(db, |c| {
        let mut query = settlements::table
            .filter(settlements::invoice_id.eq(invoice))
            .select(Settlement::as_select())
            .into_boxed();
        seek!(c, query, page, Settlement, asc(settlements::id))
    })
}
