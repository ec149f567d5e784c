//! What invoices, items, money and settlements say of each other.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::invariant;
use crate::platform::db::{Db, DbError, on_backend};
use crate::prove::audit::model::{Invariant, RowId, named};
use kernel::columns::IdColumn;
use kernel::ids::{Invoice, Item, Receipt, Settlement};
use kernel::money::Currency;

/// What is open is an item, and what settles it is of a kind.
pub fn invariants() -> Vec<Invariant> {
    let mut all = of_items();
    all.extend(of_money());
    all
}

fn of_items() -> Vec<Invariant> {
    let of_invoice = |what: &str, stated: &str, counted: &str| {
        format!(
            "SELECT i.id, '{what}' AS what, {stated} AS stated, CAST({counted} AS BIGINT) AS counted \
             FROM invoices i LEFT JOIN invoice_items t ON t.invoice_id = i.id \
             GROUP BY i.id, i.amount_minor, i.open_minor, i.due_date"
        )
    };
    vec![
        invariant(
            "the items of an invoice add up to it",
            "invoices",
            named::<Invoice>,
            of_invoice("amount", "i.amount_minor", "COALESCE(SUM(t.amount_minor), 0)"),
        ),
        invariant(
            "an invoice is open as far as its items are",
            "invoices",
            named::<Invoice>,
            of_invoice("open", "i.open_minor", "COALESCE(SUM(t.open_minor), 0)"),
        ),
        invariant(
            "an invoice is due when its last item is",
            "invoices",
            named::<Invoice>,
            of_invoice(
                "due",
                "CAST(1 AS BIGINT)",
                "CASE WHEN i.due_date = MAX(t.due_date) THEN 1 ELSE 0 END",
            ),
        ),
        invariant(
            "an item is sold when its invoice is",
            "invoice_items",
            named::<Item>,
            "SELECT t.id, 'sold' AS what, CAST(CASE WHEN t.sold_on IS NULL THEN 0 ELSE 1 END AS BIGINT) AS stated, \
               CAST(CASE WHEN i.sold_on IS NULL THEN 0 ELSE 1 END AS BIGINT) AS counted \
             FROM invoice_items t JOIN invoices i ON i.id = t.invoice_id"
                .to_owned(),
        ),
        invariant(
            "an item is open as far as nothing settles it",
            "invoice_items",
            named::<Item>,
            "SELECT t.id, 'open' AS what, t.open_minor AS stated, CAST( \
               CASE i.status WHEN 'cancelled' THEN 0 ELSE t.amount_minor END - COALESCE(s.minor, 0) AS BIGINT \
             ) AS counted \
             FROM invoice_items t JOIN invoices i ON i.id = t.invoice_id LEFT JOIN ( \
               SELECT item_id, SUM(amount_minor) AS minor FROM settlements GROUP BY item_id \
             ) s ON s.item_id = t.id"
                .to_owned(),
        ),
        invariant(
            "a settlement is of an item of its invoice",
            "settlements",
            named::<Settlement>,
            "SELECT s.id, 'item' AS what, CAST(1 AS BIGINT) AS stated, \
               CAST(CASE WHEN t.invoice_id = s.invoice_id THEN 1 ELSE 0 END AS BIGINT) AS counted \
             FROM settlements s LEFT JOIN invoice_items t ON t.id = s.item_id"
                .to_owned(),
        ),
    ]
}

fn of_money() -> Vec<Invariant> {
    vec![
        invariant(
            "money in the invoice's currency is used as far as it settles",
            "settlements",
            named::<Settlement>,
            "SELECT s.id, 'used' AS what, s.used_minor AS stated, CAST( \
               CASE WHEN s.kind IN ('payment', 'credit') THEN s.amount_minor ELSE 0 END AS BIGINT \
             ) AS counted \
             FROM settlements s WHERE s.used_currency IS NULL"
                .to_owned(),
        ),
        invariant(
            "a receipt has given back what its refunds say",
            "receipts",
            named::<Receipt>,
            "SELECT r.id, 'refunded' AS what, r.refunded_minor AS stated, \
               CAST(COALESCE(b.minor, 0) AS BIGINT) AS counted \
             FROM receipts r LEFT JOIN ( \
               SELECT receipt_id, SUM(amount_minor) AS minor FROM refunds \
               WHERE status IN ('approved', 'paid') GROUP BY receipt_id \
             ) b ON b.receipt_id = r.id"
                .to_owned(),
        ),
    ]
}

/// A settlement by money in another currency than its invoice's.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Crossed {
    #[diesel(sql_type = IdColumn)]
    pub id: RowId,
    #[diesel(sql_type = BigInt)]
    pub settled_minor: i64,
    #[diesel(sql_type = Text)]
    pub settled_currency: Currency,
    #[diesel(sql_type = BigInt)]
    pub used_minor: i64,
    #[diesel(sql_type = Text)]
    pub used_currency: Currency,
    #[diesel(sql_type = Text)]
    pub rate: String,
}

/// Every settlement by money in another currency.
pub fn list_crossed(db: &mut Db) -> Result<Vec<Crossed>, DbError> {
    let sql = "SELECT s.id AS id, s.amount_minor AS settled_minor, i.currency AS settled_currency, \
         s.used_minor AS used_minor, s.used_currency AS used_currency, COALESCE(s.rate, '0') AS rate \
         FROM settlements s JOIN invoices i ON i.id = s.invoice_id \
         WHERE s.used_currency IS NOT NULL ORDER BY s.id";
    Ok(on_backend!(db, |c| diesel::sql_query(sql).load::<Crossed>(c))?)
}

/// By how much settlements and refunds moved what customers owe, as rows for the movements: an item is less by what
/// settles it, and unapplied money by what is used or given back of it.
pub const MOVEMENTS: &str = "\
    SELECT s.customer_id, i.legal_entity_id, i.currency, s.effective_on AS day, -s.amount_minor AS minor \
    FROM settlements s JOIN invoices i ON i.id = s.invoice_id \
    UNION ALL SELECT r.customer_id, r.legal_entity_id, r.currency, s.effective_on, s.used_minor \
    FROM settlements s JOIN receipts r ON r.id = s.receipt_id \
    UNION ALL SELECT n.customer_id, n.legal_entity_id, n.currency, s.effective_on, s.used_minor \
    FROM settlements s JOIN credit_notes n ON n.id = s.credit_note_id \
    UNION ALL SELECT r.customer_id, r.legal_entity_id, r.currency, b.held_on, b.amount_minor \
    FROM refunds b JOIN receipts r ON r.id = b.receipt_id WHERE b.held_on IS NOT NULL \
    UNION ALL SELECT r.customer_id, r.legal_entity_id, r.currency, b.freed_on, -b.amount_minor \
    FROM refunds b JOIN receipts r ON r.id = b.receipt_id WHERE b.freed_on IS NOT NULL";
