//! Queries on what people say of customers.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::input::FactFilter;
use super::model::CustomerFact;
use crate::platform::db::schema::customer_facts::{self, dsl};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::ids::{CustomerId, ExpertPanelId};
use kernel::text::Keyword;

/// Everything that was said of these customers for days up to one.
pub fn list_said(
    db: &mut Db,
    customers: &[CustomerId],
    on: NaiveDate,
) -> Result<Vec<CustomerFact>, DbError> {
    let rows: Vec<CustomerFact> = on_backend!(db, |c| customer_facts::table
        .filter(dsl::customer_id.eq_any(customers))
        .filter(dsl::as_of.le(on))
        .select(CustomerFact::as_select())
        .load(c))?;
    Ok(rows)
}

/// What a panel of experts came to, by indicator.
pub fn list_of_panel(db: &mut Db, panel: ExpertPanelId) -> Result<Vec<CustomerFact>, DbError> {
    let rows: Vec<CustomerFact> = on_backend!(db, |c| customer_facts::table
        .filter(dsl::panel_id.eq(panel))
        .order(dsl::indicator)
        .select(CustomerFact::as_select())
        .load(c))?;
    Ok(rows)
}

pub fn insert(tx: &mut Tx, row: &CustomerFact) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(customer_facts::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// One page of what was said of a customer, the newest first, as far as the reader may know it.
pub fn list(
    db: &mut Db,
    reader: &Caller,
    customer: CustomerId,
    filter: &FactFilter,
    page: &PageRequest,
) -> Result<Page<CustomerFact>, Problem> {
    on_backend!(db, |c| {
        let mut query = customer_facts::table
            .filter(dsl::customer_id.eq(customer))
            .select(CustomerFact::as_select())
            .into_boxed();
        if !reader.sees_others() {
            query = query.filter(dsl::said_by.eq(&reader.subject));
        }
        if !filter.indicator.is_empty() {
            let codes: Vec<&str> = filter.indicator.iter().map(Keyword::as_str).collect();
            query = query.filter(dsl::indicator.eq_any(codes));
        }
        seek!(c, query, page, CustomerFact, desc(dsl::as_of, dsl::id))
    })
}
