//! The queries of the audit package: what was open at the end of a day, and what moved it.

use std::fmt::Write as _;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::platform::db::{Db, DbError, on_backend};
use kernel::money::Currency;

/// What moved what customers owe, by kind: `kind`, `number`, `customer_id`, `legal_entity_id`, `currency`, `day`,
/// `amount_minor`, `entered_by`. A document counts from its date until the day on which it was taken back; what settles takes
/// from an invoice what it uses of a receipt or credit note.
fn movements() -> String {
    let mut sql = String::new();
    for (kind, table, from, until, sign) in [
        ("invoice", "invoices", "invoice_date", "cancelled_on", ""),
        ("receipt", "receipts", "receipt_date", "reversed_on", "-"),
        (
            "credit_note",
            "credit_notes",
            "credit_date",
            "reversed_on",
            "-",
        ),
    ] {
        let counter = if sign.is_empty() { "-" } else { "" };
        let of = "d.number, d.customer_id, d.legal_entity_id, d.currency";
        let taken_back = match kind {
            "invoice" => "invoice_cancelled",
            "receipt" => "receipt_reversed",
            _ => "credit_note_reversed",
        };
        // Writing into a text does not fail.
        _ = write!(
            sql,
            "SELECT '{kind}' AS kind, {of}, d.{from} AS day, {sign}d.amount_minor AS amount_minor, d.created_by AS entered_by \
             FROM {table} d WHERE d.{until} IS NULL OR d.{until} > d.{from} \
             UNION ALL SELECT '{taken_back}', {of}, d.{until}, {counter}d.amount_minor, d.created_by \
             FROM {table} d WHERE d.{until} > d.{from} UNION ALL "
        );
    }
    sql + "SELECT s.kind, i.number, i.customer_id, i.legal_entity_id, i.currency, s.effective_on, -s.amount_minor, s.created_by \
           FROM settlements s JOIN invoices i ON i.id = s.invoice_id \
           UNION ALL SELECT s.kind, r.number, r.customer_id, r.legal_entity_id, r.currency, s.effective_on, s.used_minor, \
           s.created_by FROM settlements s JOIN receipts r ON r.id = s.receipt_id WHERE s.used_minor <> 0 \
           UNION ALL SELECT s.kind, n.number, n.customer_id, n.legal_entity_id, n.currency, s.effective_on, s.used_minor, \
           s.created_by FROM settlements s JOIN credit_notes n ON n.id = s.credit_note_id WHERE s.used_minor <> 0 \
           UNION ALL SELECT 'refund', r.number, r.customer_id, r.legal_entity_id, r.currency, b.held_on, b.amount_minor, \
           b.requested_by FROM refunds b JOIN receipts r ON r.id = b.receipt_id WHERE b.held_on IS NOT NULL \
           UNION ALL SELECT 'refund_freed', r.number, r.customer_id, r.legal_entity_id, r.currency, b.freed_on, \
           -b.amount_minor, b.requested_by FROM refunds b JOIN receipts r ON r.id = b.receipt_id WHERE b.freed_on IS NOT NULL"
}

/// The movements of a period that are neither invoices, nor receipts, nor the application of cash, as a query.
pub fn adjustments(first: NaiveDate, last: NaiveDate) -> String {
    format!(
        "SELECT * FROM ({}) AS m WHERE m.day BETWEEN '{first}' AND '{last}' \
         AND m.kind NOT IN ('invoice', 'receipt', 'payment')",
        movements()
    )
}

/// What a kind of movement came to in a period, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Moved {
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Text)]
    pub currency: Currency,
    #[diesel(sql_type = BigInt)]
    pub amount_minor: i64,
    #[diesel(sql_type = BigInt)]
    pub entries: i64,
}

/// What moved in a period, by currency and kind.
pub fn list_moved(db: &mut Db, first: NaiveDate, last: NaiveDate) -> Result<Vec<Moved>, DbError> {
    let sql = format!(
        "SELECT m.kind AS kind, m.currency AS currency, CAST(SUM(m.amount_minor) AS BIGINT) AS amount_minor, \
         CAST(COUNT(*) AS BIGINT) AS entries FROM ({}) AS m WHERE m.day BETWEEN '{first}' AND '{last}' \
         GROUP BY m.kind, m.currency ORDER BY m.currency, m.kind",
        movements()
    );
    Ok(on_backend!(db, |c| diesel::sql_query(sql).load::<Moved>(c))?)
}

/// What was open of each invoice, and unapplied of each receipt and credit note, at the end of a day, as a query: each
/// document from its date on, less what settled it by then. What is owed is positive, what is unapplied negative.
pub fn open_items(day: NaiveDate) -> String {
    let counts = |from: &str, until: &str| {
        format!("d.{from} <= '{day}' AND (d.{until} IS NULL OR d.{until} > '{day}')")
    };
    let of = "d.number AS number, d.customer_id, d.legal_entity_id, d.currency";
    format!(
        "SELECT o.kind, o.number, o.customer_id, o.legal_entity_id, o.currency, o.day, o.due_date, o.original_minor, \
           CAST(o.open_minor AS BIGINT) AS open_minor FROM ( \
           SELECT 'invoice' AS kind, {of}, d.invoice_date AS day, d.due_date AS due_date, d.amount_minor AS original_minor, \
             CASE WHEN {invoice} THEN d.amount_minor ELSE 0 END - COALESCE((SELECT SUM(s.amount_minor) FROM settlements s \
             WHERE s.invoice_id = d.id AND s.effective_on <= '{day}'), 0) AS open_minor FROM invoices d \
           UNION ALL SELECT 'cash', {of}, d.receipt_date, NULL, d.amount_minor, \
             COALESCE((SELECT SUM(s.used_minor) FROM settlements s WHERE s.receipt_id = d.id \
             AND s.effective_on <= '{day}'), 0) \
             + COALESCE((SELECT SUM(CASE WHEN b.held_on <= '{day}' THEN b.amount_minor ELSE 0 END \
               - CASE WHEN b.freed_on <= '{day}' THEN b.amount_minor ELSE 0 END) FROM refunds b \
               WHERE b.receipt_id = d.id), 0) - CASE WHEN {receipt} THEN d.amount_minor ELSE 0 END FROM receipts d \
           UNION ALL SELECT 'credit', {of}, d.credit_date, NULL, d.amount_minor, \
             COALESCE((SELECT SUM(s.used_minor) FROM settlements s WHERE s.credit_note_id = d.id \
             AND s.effective_on <= '{day}'), 0) - CASE WHEN {note} THEN d.amount_minor ELSE 0 END FROM credit_notes d \
         ) AS o WHERE o.open_minor <> 0",
        invoice = counts("invoice_date", "cancelled_on"),
        receipt = counts("receipt_date", "reversed_on"),
        note = counts("credit_date", "reversed_on"),
    )
}
