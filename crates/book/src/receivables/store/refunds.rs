//! What refunds held of receipts.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::platform::db::schema::refunds;
use crate::platform::db::{Db, DbError, on_backend};
use kernel::ids::ReceiptId;

/// Money of a receipt that a refund held for some time, and that was free again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub minor: i64,
    pub from: NaiveDate,
    /// The first day on which it was free.
    pub until: NaiveDate,
}

/// What refunds of a receipt held that were approved and cancelled.
pub fn list_freed_refunds(db: &mut Db, receipt: ReceiptId) -> Result<Vec<Held>, DbError> {
    let rows: Vec<(i64, NaiveDate, NaiveDate)> = on_backend!(db, |c| refunds::table
        .filter(refunds::receipt_id.eq(receipt))
        .filter(refunds::held_on.is_not_null())
        .filter(refunds::freed_on.is_not_null())
        .order(refunds::id)
        .select((
            refunds::amount_minor,
            refunds::held_on.assume_not_null(),
            refunds::freed_on.assume_not_null(),
        ))
        .load(c))?;
    let held = rows
        .into_iter()
        .map(|(minor, from, until)| Held { minor, from, until });
    Ok(held.collect())
}
