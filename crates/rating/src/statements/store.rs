//! Queries on financial statements.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::input::StatementFilter;
use super::model::FinancialStatement;
use crate::platform::db::schema::financial_statements::{self, dsl};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::{CustomerId, FinancialStatementId};

pub fn find(db: &mut Db, id: FinancialStatementId) -> Result<Option<FinancialStatement>, DbError> {
    Ok(on_backend!(db, |c| financial_statements::table
        .find(id)
        .select(FinancialStatement::as_select())
        .first(c)
        .optional())?)
}

/// The last version of a period.
pub fn find_current(
    db: &mut Db,
    customer: CustomerId,
    period_end: NaiveDate,
    months: i32,
) -> Result<Option<FinancialStatement>, DbError> {
    Ok(on_backend!(db, |c| financial_statements::table
        .filter(dsl::customer_id.eq(customer))
        .filter(dsl::period_end.eq(period_end))
        .filter(dsl::months.eq(months))
        .order(dsl::statement_version.desc())
        .select(FinancialStatement::as_select())
        .first(c)
        .optional())?)
}

/// Every version of these customers' statements that we had on a day, of periods that ended from `since` on.
pub fn list_known(
    db: &mut Db,
    customers: &[CustomerId],
    since: NaiveDate,
    on: NaiveDate,
) -> Result<Vec<FinancialStatement>, DbError> {
    let rows: Vec<FinancialStatement> = on_backend!(db, |c| financial_statements::table
        .filter(dsl::customer_id.eq_any(customers))
        .filter(dsl::period_end.ge(since))
        .filter(dsl::period_end.le(on))
        .filter(dsl::received_on.le(on))
        .select(FinancialStatement::as_select())
        .load(c))?;
    Ok(rows)
}

/// Every version of a customer's statements.
pub fn list_all(db: &mut Db, customer: CustomerId) -> Result<Vec<FinancialStatement>, DbError> {
    let rows: Vec<FinancialStatement> = on_backend!(db, |c| financial_statements::table
        .filter(dsl::customer_id.eq(customer))
        .select(FinancialStatement::as_select())
        .load(c))?;
    Ok(rows)
}

/// By which versions these were corrected, where they were.
pub fn list_corrections(
    db: &mut Db,
    ids: &[FinancialStatementId],
) -> Result<BTreeMap<FinancialStatementId, FinancialStatementId>, DbError> {
    let rows: Vec<(Option<FinancialStatementId>, FinancialStatementId)> =
        on_backend!(db, |c| financial_statements::table
            .filter(dsl::corrects_id.eq_any(ids))
            .select((dsl::corrects_id, dsl::id))
            .load(c))?;
    Ok(rows
        .into_iter()
        .filter_map(|(corrected, by)| Some((corrected?, by)))
        .collect())
}

pub fn insert(tx: &mut Tx, row: &FinancialStatement) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(financial_statements::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// One page of a customer's statements with all their versions, the newest period first, of one the last version.
pub fn list(
    db: &mut Db,
    customer: CustomerId,
    filter: &StatementFilter,
    page: &PageRequest,
) -> Result<Page<FinancialStatement>, Problem> {
    on_backend!(db, |c| {
        let mut query = financial_statements::table
            .filter(dsl::customer_id.eq(customer))
            .select(FinancialStatement::as_select())
            .into_boxed();
        if !filter.kind.is_empty() {
            query = query.filter(dsl::kind.eq_any(&filter.kind));
        }
        if let Some(day) = filter.period_end_from {
            query = query.filter(dsl::period_end.ge(day.date()));
        }
        if let Some(day) = filter.period_end_to {
            query = query.filter(dsl::period_end.le(day.date()));
        }
        seek!(
            c,
            query,
            page,
            FinancialStatement,
            desc(dsl::period_end, dsl::id)
        )
    })
}
