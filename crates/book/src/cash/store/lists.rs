//! Pages of bank accounts, statements and entries.

use diesel::prelude::*;

use crate::book::cash::input::{BankAccountFilter, BankEntryFilter, BankStatementFilter};
use crate::book::cash::model::{BankAccount, BankEntry, BankStatement};
use crate::book::customers::store::list_wanted;
use crate::platform::db::schema::{bank_accounts, bank_entries, bank_statements};
use crate::platform::db::{Db, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};

/// One page of bank accounts, the oldest first.
pub fn list_accounts(
    db: &mut Db,
    filter: &BankAccountFilter,
    page: &PageRequest,
) -> Result<Page<BankAccount>, Problem> {
    on_backend!(db, |c| {
        let mut query = bank_accounts::table
            .select(BankAccount::as_select())
            .into_boxed();
        if !filter.number.is_empty() {
            query = query.filter(bank_accounts::number.eq_any(&filter.number));
        }
        if !filter.currency.is_empty() {
            query = query.filter(bank_accounts::currency.eq_any(&filter.currency));
        }
        seek!(c, query, page, BankAccount, asc(bank_accounts::id))
    })
}

/// One page of statements, the newest first.
pub fn list_statements(
    db: &mut Db,
    filter: &BankStatementFilter,
    page: &PageRequest,
) -> Result<Page<BankStatement>, Problem> {
    on_backend!(db, |c| {
        let mut query = bank_statements::table
            .select(BankStatement::as_select())
            .into_boxed();
        if !filter.bank_account_id.is_empty() {
            query = query.filter(bank_statements::bank_account_id.eq_any(&filter.bank_account_id));
        }
        if !filter.statement_format.is_empty() {
            query = query.filter(bank_statements::format.eq_any(&filter.statement_format));
        }
        if let Some(day) = filter.closing_date_from {
            query = query.filter(bank_statements::closing_date.ge(day.date()));
        }
        if let Some(day) = filter.closing_date_to {
            query = query.filter(bank_statements::closing_date.le(day.date()));
        }
        seek!(c, query, page, BankStatement, desc(bank_statements::id))
    })
}

/// One page of entries, the oldest first.
pub fn list_entries(
    db: &mut Db,
    filter: &BankEntryFilter,
    page: &PageRequest,
) -> Result<Page<BankEntry>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = bank_entries::table
            .select(BankEntry::as_select())
            .into_boxed();
        if let Some(wanted) = &wanted {
            query = query.filter(bank_entries::customer_id.eq_any(wanted));
        }
        if !filter.status.is_empty() {
            query = query.filter(bank_entries::status.eq_any(&filter.status));
        }
        if !filter.kind.is_empty() {
            query = query.filter(bank_entries::kind.eq_any(&filter.kind));
        }
        if !filter.bank_account_id.is_empty() {
            query = query.filter(bank_entries::bank_account_id.eq_any(&filter.bank_account_id));
        }
        if !filter.statement_id.is_empty() {
            query = query.filter(bank_entries::statement_id.eq_any(&filter.statement_id));
        }
        if let Some(day) = filter.booking_date_from {
            query = query.filter(bank_entries::booking_date.ge(day.date()));
        }
        if let Some(day) = filter.booking_date_to {
            query = query.filter(bank_entries::booking_date.le(day.date()));
        }
        seek!(c, query, page, BankEntry, asc(bank_entries::id))
    })
}
