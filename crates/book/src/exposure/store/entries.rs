//! Queries on exposure entries.

use diesel::prelude::*;

use crate::book::exposure::model::{EntryCategory, ExposureEntry};
use crate::platform::db::schema::exposure_entries::{self, dsl};
use crate::platform::db::schema::instruments;
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::{CreditAccountId, InstrumentId};
use kernel::text::Number;

pub fn find(
    db: &mut Db,
    account: CreditAccountId,
    category: EntryCategory,
    number: &Number,
) -> Result<Option<ExposureEntry>, DbError> {
    Ok(on_backend!(db, |c| exposure_entries::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::category.eq(category))
        .filter(dsl::number.eq(number))
        .select(ExposureEntry::as_select())
        .first(c)
        .optional())?)
}

/// Whether an instrument with this number counts on the account.
pub fn has_instrument(
    db: &mut Db,
    account: CreditAccountId,
    number: &Number,
) -> Result<bool, DbError> {
    let found: Option<InstrumentId> = on_backend!(db, |c| instruments::table
        .filter(instruments::account_id.eq(account))
        .filter(instruments::number.eq(number))
        .filter(instruments::outstanding_minor.gt(0))
        .select(instruments::id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

pub fn insert(tx: &mut Tx, row: &ExposureEntry) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(exposure_entries::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Writes what an entry says now; its account must be locked.
pub fn update(tx: &mut Tx, row: &ExposureEntry) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(dsl::exposure_entries.find(row.id))
        .set(row)
        .execute(c))?;
    Ok(())
}

/// The entries of an account that have not ended, the oldest first.
pub fn list(
    db: &mut Db,
    account: CreditAccountId,
    page: &PageRequest,
) -> Result<Page<ExposureEntry>, Problem> {
    on_backend!(db, |c| {
        let mut query = exposure_entries::table
            .filter(dsl::account_id.eq(account))
            .filter(dsl::amount_minor.gt(0))
            .select(ExposureEntry::as_select())
            .into_boxed();
        seek!(c, query, page, ExposureEntry, asc(dsl::id))
    })
}
