//! What charges say of their invoices.

use diesel::prelude::*;

use super::invariant;
use crate::collect::charges::model::Charge as ChargeRow;
use crate::platform::db::schema::charges;
use crate::platform::db::{Db, DbError, on_backend};
use crate::prove::audit::model::{Invariant, named};
use kernel::ids::{Charge, ChargeId, Invoice};

/// A charge that was ever claimed stands as its invoice does, and a claimed charge is its invoice.
pub fn invariants() -> Vec<Invariant> {
    vec![
        invariant(
            "a claimed charge comes to what its invoice does",
            "charges",
            named::<Charge>,
            "SELECT c.id, 'amount' AS what, c.amount_minor AS stated, \
               CAST(COALESCE(i.amount_minor, 0) AS BIGINT) AS counted \
             FROM charges c LEFT JOIN invoices i ON i.id = c.claimed_invoice_id AND i.kind = \
               CASE c.kind WHEN 'interest' THEN 'late_interest' ELSE 'costs' END AND i.currency = c.currency \
             WHERE c.claimed_invoice_id IS NOT NULL OR c.status IN ('claimed', 'paid')"
                .to_owned(),
        ),
        invariant(
            "a claimed charge is paid when nothing is open on its invoice, and waived or cancelled when that is cancelled",
            "charges",
            named::<Charge>,
            "SELECT c.id, 'standing' AS what, \
               CAST(CASE c.status WHEN 'claimed' THEN 0 WHEN 'paid' THEN 1 ELSE 2 END AS BIGINT) AS stated, \
               CAST(CASE WHEN i.status = 'cancelled' THEN 2 WHEN i.open_minor = 0 THEN 1 ELSE 0 END AS BIGINT) AS counted \
             FROM charges c JOIN invoices i ON i.id = c.claimed_invoice_id"
                .to_owned(),
        ),
        invariant(
            "an invoice of a charge has its charge",
            "invoices",
            named::<Invoice>,
            "SELECT i.id, 'charges' AS what, CAST(1 AS BIGINT) AS stated, CAST(COUNT(c.id) AS BIGINT) AS counted \
             FROM invoices i LEFT JOIN charges c ON c.claimed_invoice_id = i.id WHERE i.kind <> 'sale' GROUP BY i.id"
                .to_owned(),
        ),
        invariant(
            "interest of an item is charged once for each day",
            "charges",
            named::<Charge>,
            "SELECT c.id, 'overlaps' AS what, CAST(0 AS BIGINT) AS stated, CAST(COUNT(o.id) AS BIGINT) AS counted \
             FROM charges c LEFT JOIN charges o ON o.item_id = c.item_id AND o.kind = 'interest' AND o.id <> c.id \
               AND o.status <> 'cancelled' AND o.from_day <= c.to_day AND o.to_day >= c.from_day \
             WHERE c.kind = 'interest' AND c.status <> 'cancelled' GROUP BY c.id"
                .to_owned(),
        ),
    ]
}

/// Some charges, in order of their ids.
pub fn list_charges(
    db: &mut Db,
    after: Option<ChargeId>,
    limit: i64,
) -> Result<Vec<ChargeRow>, DbError> {
    Ok(on_backend!(db, |c| {
        let mut query = charges::table
            .order(charges::id)
            .limit(limit)
            .select(ChargeRow::as_select())
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(charges::id.gt(after));
        }
        query.load(c)
    })?)
}
