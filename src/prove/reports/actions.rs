//! Reports as others ask for them.

use std::collections::BTreeMap;

use super::model::{AgingQuestion, AgingRow};
use super::rules::{self, Bucket};
use super::store;
use crate::book::customers::model::Customer;
use crate::book::customers::store as customers;
use crate::kernel::ids::CustomerId;
use crate::platform::db::{Db, DbError};

/// How many rows a report has at most.
pub const ROWS_MAX: usize = 100_000;

/// Why a report was refused.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("must not be in the future: nobody knows what will be paid by then")]
    InFuture,
    #[error(
        "gives more than {ROWS_MAX} rows: ask for fewer customers, or by group, owner or currency"
    )]
    TooManyRows,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// An aging report.
#[derive(Debug)]
pub struct Aging {
    pub buckets: Vec<Bucket>,
    pub rows: Vec<AgingRow>,
    /// One for each currency, over the rows.
    pub totals: Vec<AgingRow>,
    /// Who the rows by customer or group are about.
    pub customers: BTreeMap<CustomerId, Customer>,
}

/// What is outstanding at the end of a day, by how long it has been due.
///
/// # Errors
/// When the day has not begun, or there are too many rows.
pub fn aging(db: &mut Db, question: &AgingQuestion) -> Result<Aging, ReportError> {
    if question.as_of > db.today() {
        return Err(ReportError::InFuture);
    }
    let buckets = question.bounds.buckets();
    let parts = store::aging(db, question)?;
    let mut rows = rules::rows(&parts, buckets.len());
    if rows.len() > ROWS_MAX {
        return Err(ReportError::TooManyRows);
    }
    let totals = rules::totals(&rows, buckets.len());
    let ids: Vec<CustomerId> = rows.iter().filter_map(|row| row.key.customer).collect();
    let mut named: BTreeMap<CustomerId, Customer> = BTreeMap::new();
    for chunk in ids.chunks(5_000) {
        let found = customers::list_by_ids(db, chunk)?;
        named.extend(found.into_iter().map(|customer| (customer.id, customer)));
    }
    let number = |row: &AgingRow| {
        let customer = row.key.customer.and_then(|id| named.get(&id));
        customer.map(|customer| customer.number.clone())
    };
    rows.sort_by_cached_key(|row| (number(row), row.key.owner.clone(), row.currency));
    Ok(Aging {
        buckets,
        rows,
        totals,
        customers: named,
    })
}
