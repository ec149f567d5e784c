//! What payments are matched with: open invoices by key and by customer, names, and groups.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::CHUNK;
use crate::book::customers::model::GROUP_DEPTH_MAX;
use crate::book::customers::store::list_parents;
use crate::platform::db::schema::{credit_accounts, customers, invoice_keys, invoices};
use crate::platform::db::{Db, DbError, Tx, on_backend};
use kernel::ids::{CustomerId, InvoiceId, LegalEntityId};
use kernel::money::Currency;
use kernel::text::{Line, Number};

/// An open invoice that may be paid.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = invoices)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Candidate {
    pub id: InvoiceId,
    pub number: Number,
    pub customer_id: CustomerId,
    pub legal_entity_id: LegalEntityId,
    pub currency: Currency,
    pub invoice_date: NaiveDate,
    pub due_date: NaiveDate,
    pub open_minor: i64,
}

/// Keeps under which keys invoices are found.
pub fn insert_keys(tx: &mut Tx, rows: &[(String, InvoiceId)]) -> Result<(), DbError> {
    for chunk in rows.chunks(1_000) {
        let rows: Vec<_> = chunk
            .iter()
            .map(|(key, id)| (invoice_keys::key.eq(key), invoice_keys::invoice_id.eq(id)))
            .collect();
        on_backend!(tx, |c| diesel::insert_into(invoice_keys::table)
            .values(&rows)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// The open invoices that are found under these keys, each with the key.
pub fn list_by_keys(
    db: &mut Db,
    keys: &BTreeSet<&str>,
) -> Result<Vec<(String, Candidate)>, DbError> {
    let keys: Vec<&str> = keys.iter().copied().collect();
    let mut found = Vec::new();
    for chunk in keys.chunks(CHUNK) {
        let rows: Vec<(String, Candidate)> = on_backend!(db, |c| invoice_keys::table
            .inner_join(invoices::table.on(invoices::id.eq(invoice_keys::invoice_id)))
            .filter(invoice_keys::key.eq_any(chunk))
            .filter(invoices::open_minor.gt(0))
            .select((invoice_keys::key, Candidate::as_select()))
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// What is open of these customers, of those who have no more invoices open than `most`.
pub fn list_of_small(
    db: &mut Db,
    customers: &BTreeSet<CustomerId>,
    most: i64,
) -> Result<Vec<Candidate>, DbError> {
    let customers: Vec<CustomerId> = customers.iter().copied().collect();
    let mut found = Vec::new();
    for chunk in customers.chunks(CHUNK) {
        let small: Vec<CustomerId> = on_backend!(db, |c| invoices::table
            .filter(invoices::customer_id.eq_any(chunk))
            .filter(invoices::open_minor.gt(0))
            .group_by(invoices::customer_id)
            .having(diesel::dsl::count_star().le(most))
            .select(invoices::customer_id)
            .load(c))?;
        let rows: Vec<Candidate> = on_backend!(db, |c| invoices::table
            .filter(invoices::customer_id.eq_any(&small))
            .filter(invoices::open_minor.gt(0))
            .select(Candidate::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// The invoices of these customers that have one of these amounts open.
pub fn list_of_amounts(
    db: &mut Db,
    customers: &BTreeSet<CustomerId>,
    minors: &BTreeSet<i64>,
) -> Result<Vec<Candidate>, DbError> {
    let customers: Vec<CustomerId> = customers.iter().copied().collect();
    let minors: Vec<i64> = minors.iter().copied().collect();
    let mut found = Vec::new();
    for chunk in customers.chunks(CHUNK) {
        let rows: Vec<Candidate> = on_backend!(db, |c| invoices::table
            .filter(invoices::customer_id.eq_any(chunk))
            .filter(invoices::open_minor.gt(0))
            .filter(invoices::open_minor.eq_any(&minors))
            .select(Candidate::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// The customers with a credit account: id, number and name.
pub fn list_names(db: &mut Db) -> Result<Vec<(CustomerId, Number, Line)>, DbError> {
    Ok(on_backend!(db, |c| customers::table
        .inner_join(credit_accounts::table.on(credit_accounts::customer_id.eq(customers::id)))
        .select((customers::id, customers::number, customers::name))
        .load(c))?)
}

/// The head of the group of each of these customers.
pub fn list_heads(
    db: &mut Db,
    of: &BTreeSet<CustomerId>,
) -> Result<BTreeMap<CustomerId, CustomerId>, DbError> {
    let mut parents: BTreeMap<CustomerId, Option<CustomerId>> = BTreeMap::new();
    let mut asked: Vec<CustomerId> = of.iter().copied().collect();
    for _ in 0..=GROUP_DEPTH_MAX {
        for chunk in asked.chunks(CHUNK) {
            parents.extend(list_parents(db, chunk)?);
        }
        let above: BTreeSet<CustomerId> = parents.values().flatten().copied().collect();
        asked = above
            .into_iter()
            .filter(|id| !parents.contains_key(id))
            .collect();
        if asked.is_empty() {
            break;
        }
    }
    let head_of = |start: CustomerId| {
        let mut at = start;
        for _ in 0..=GROUP_DEPTH_MAX {
            match parents.get(&at).copied().flatten() {
                Some(parent) => at = parent,
                None => break,
            }
        }
        at
    };
    Ok(of.iter().map(|id| (*id, head_of(*id))).collect())
}
