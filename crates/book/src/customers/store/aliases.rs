//! Queries on aliases of customers.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::book::customers::input::AliasFilter;
use crate::book::customers::model::CustomerAlias;
use crate::platform::db::schema::{customer_aliases, customers};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::{CustomerAliasId, CustomerId};
use kernel::text::{Keyword, Number};

pub fn find_alias(
    db: &mut Db,
    customer: CustomerId,
    id: CustomerAliasId,
) -> Result<Option<CustomerAlias>, DbError> {
    Ok(on_backend!(db, |c| customer_aliases::table
        .find(id)
        .filter(customer_aliases::customer_id.eq(customer))
        .select(CustomerAlias::as_select())
        .first(c)
        .optional())?)
}

/// One page of a customer's aliases, the oldest first.
pub fn list_aliases(
    db: &mut Db,
    customer: CustomerId,
    filter: &AliasFilter,
    page: &PageRequest,
) -> Result<Page<CustomerAlias>, Problem> {
    on_backend!(db, |c| {
        let mut query = customer_aliases::table
            .filter(customer_aliases::customer_id.eq(customer))
            .select(CustomerAlias::as_select())
            .into_boxed();
        if !filter.source_system.is_empty() {
            query = query.filter(customer_aliases::source_system.eq_any(&filter.source_system));
        }
        seek!(c, query, page, CustomerAlias, asc(customer_aliases::id))
    })
}

/// The numbers of the customers whom a source system calls so.
pub fn list_numbers_by_alias(
    db: &mut Db,
    source_system: &Keyword,
    aliases: &BTreeSet<Number>,
) -> Result<BTreeMap<Number, Number>, DbError> {
    let aliases: Vec<&Number> = aliases.iter().collect();
    let mut found = BTreeMap::new();
    for chunk in aliases.chunks(5_000) {
        let rows: Vec<(Number, Number)> = on_backend!(db, |c| customer_aliases::table
            .inner_join(customers::table.on(customers::id.eq(customer_aliases::customer_id)))
            .filter(customer_aliases::source_system.eq(source_system))
            .filter(customer_aliases::alias.eq_any(chunk.iter().copied()))
            .select((customer_aliases::alias, customers::number))
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

pub fn insert_alias(tx: &mut Tx, row: &CustomerAlias) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(customer_aliases::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Removes an alias when the row still has this version, and says whether it had.
pub fn delete_alias_if_unchanged(tx: &mut Tx, row: &CustomerAlias) -> Result<bool, DbError> {
    let gone = on_backend!(tx, |c| diesel::delete(
        customer_aliases::table
            .find(row.id)
            .filter(customer_aliases::version.eq(row.version))
    )
    .execute(c))?;
    Ok(gone > 0)
}
