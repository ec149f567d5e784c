//! What aging is compared with: the documents by their dates, and what exposure counts.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::ledger;
use crate::book::exposure::model::BalanceKey;
use crate::book::receivables::model::InvoiceKind;
use crate::platform::db::schema::{account_balances, credit_accounts, invoices, settlements};
use crate::platform::db::{Db, DbError, on_backend, sum_minor};
use crate::prove::audit::model::Movement;
use kernel::ids::{CustomerId, LegalEntityId, MAIN_ENTITY};
use kernel::money::Currency;

/// By how much what each customer owes each company on its documents alone changed on each day, in order of days:
/// invoices less receipts and credit notes, each from its date until the day on which it was taken back, and what settles
/// and is used.
pub fn list_movements(db: &mut Db) -> Result<Vec<Movement>, DbError> {
    let one = |table: &str, from: &str, until: &str, sign: &str| {
        let counts = format!("{until} IS NULL OR {until} > {from}");
        let of = "customer_id, legal_entity_id, currency";
        format!(
            "SELECT {of}, {from} AS day, {sign}amount_minor AS minor FROM {table} WHERE {counts} \
             UNION ALL SELECT {of}, {until}, -({sign}amount_minor) FROM {table} WHERE {until} > {from}"
        )
    };
    let sql = format!(
        "SELECT customer_id, legal_entity_id, currency, day, CAST(SUM(minor) AS BIGINT) AS minor \
         FROM ({} UNION ALL {} UNION ALL {} UNION ALL {}) AS moves \
         GROUP BY customer_id, legal_entity_id, currency, day ORDER BY day, customer_id, legal_entity_id, currency",
        one("invoices", "invoice_date", "cancelled_on", ""),
        one("receipts", "receipt_date", "reversed_on", "-"),
        one("credit_notes", "credit_date", "reversed_on", "-"),
        ledger::MOVEMENTS,
    );
    Ok(on_backend!(db, |c| diesel::sql_query(sql).load::<Movement>(c))?)
}

/// The days on which something began to settle or was undone.
pub fn list_settlement_days(db: &mut Db) -> Result<Vec<NaiveDate>, DbError> {
    Ok(on_backend!(db, |c| settlements::table
        .select(settlements::effective_on)
        .distinct()
        .load(c))?)
}

/// What each account owes each company on invoices in each currency, less what is unapplied: what is exposure, and what
/// was sold without recourse. Claimed charges are open documents as any other, and a category of exposure of their own.
pub fn list_owed(db: &mut Db) -> Result<BTreeMap<(CustomerId, BalanceKey), i64>, DbError> {
    let sold: Vec<(CustomerId, LegalEntityId, Currency, i64)> =
        on_backend!(db, |c| invoices::table
            .filter(invoices::sold_on.is_not_null())
            .filter(invoices::open_minor.gt(0))
            .group_by((
                invoices::customer_id,
                invoices::legal_entity_id,
                invoices::currency
            ))
            .select((
                invoices::customer_id,
                invoices::legal_entity_id,
                invoices::currency,
                sum_minor!("open_minor"),
            ))
            .load(c))?;
    let charges: Vec<(CustomerId, LegalEntityId, Currency, i64)> =
        on_backend!(db, |c| invoices::table
            .filter(invoices::kind.ne(InvoiceKind::Sale))
            .filter(invoices::sold_on.is_null())
            .filter(invoices::open_minor.gt(0))
            .group_by((
                invoices::customer_id,
                invoices::legal_entity_id,
                invoices::currency
            ))
            .select((
                invoices::customer_id,
                invoices::legal_entity_id,
                invoices::currency,
                sum_minor!("open_minor"),
            ))
            .load(c))?;
    let homes: Vec<(CustomerId, Currency, i64)> = on_backend!(db, |c| credit_accounts::table
        .select((
            credit_accounts::customer_id,
            credit_accounts::currency,
            credit_accounts::receivable_minor - credit_accounts::unapplied_minor,
        ))
        .load(c))?;
    let others: Vec<(CustomerId, LegalEntityId, Currency, i64)> =
        on_backend!(db, |c| account_balances::table
            .inner_join(
                credit_accounts::table.on(credit_accounts::id.eq(account_balances::account_id))
            )
            .select((
                credit_accounts::customer_id,
                account_balances::legal_entity_id,
                account_balances::currency,
                account_balances::receivable_minor - account_balances::unapplied_minor,
            ))
            .load(c))?;
    let homes = homes
        .into_iter()
        .map(|(customer, currency, minor)| (customer, MAIN_ENTITY, currency, minor));
    let mut owed = BTreeMap::new();
    for (customer, entity, currency, minor) in homes.chain(others).chain(sold).chain(charges) {
        let key = BalanceKey::new(entity, currency);
        let sum: &mut i64 = owed.entry((customer, key)).or_default();
        *sum = sum.saturating_add(minor);
    }
    Ok(owed)
}
