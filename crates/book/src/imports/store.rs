//! Queries on feeds, and on what a snapshot may lack.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::model::{Feed, ImportKind};
use crate::book::exposure::model::{EntryCategory, ExposureEntry};
use crate::book::receivables::model::Invoice;
use crate::platform::db::schema::{credit_accounts, exposure_entries, import_feeds, invoices};
use crate::platform::db::{Db, DbError, Tx, on_backend};
use kernel::ids::{CreditAccountId, CustomerId, LegalEntityId};

/// Writes how far a ledger was taken over.
pub fn save_feed(tx: &mut Tx, feed: &Feed) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(import_feeds::table)
        .values(feed)
        .on_conflict((import_feeds::kind, import_feeds::legal_entity_id))
        .do_update()
        .set(feed)
        .execute(c))?;
    Ok(())
}

/// Every feed: one for each kind of snapshot and legal entity that ever came.
pub fn list_feeds(db: &mut Db) -> Result<Vec<Feed>, DbError> {
    Ok(on_backend!(db, |c| import_feeds::table
        .order((import_feeds::kind, import_feeds::legal_entity_id))
        .select(Feed::as_select())
        .load(c))?)
}

/// Of which day the open items of each legal entity are that were taken over last, where the sender has said it.
pub fn list_ledger_days(db: &mut Db) -> Result<Vec<(LegalEntityId, NaiveDate)>, DbError> {
    Ok(on_backend!(db, |c| import_feeds::table
        .filter(import_feeds::kind.eq(ImportKind::OpenItems))
        .filter(import_feeds::ledger_as_of.is_not_null())
        .select((
            import_feeds::legal_entity_id,
            import_feeds::ledger_as_of.assume_not_null()
        ))
        .load(c))?)
}

/// All invoices of these legal entities that are open.
pub fn list_open_invoices(
    db: &mut Db,
    entities: &[LegalEntityId],
) -> Result<Vec<Invoice>, DbError> {
    Ok(on_backend!(db, |c| invoices::table
        .filter(invoices::open_minor.gt(0))
        .filter(invoices::legal_entity_id.eq_any(entities))
        .order((invoices::due_date, invoices::id))
        .select(Invoice::as_select())
        .load(c))?)
}

/// Whose these accounts are.
pub fn list_owners(
    db: &mut Db,
    accounts: &[CreditAccountId],
) -> Result<Vec<(CreditAccountId, CustomerId)>, DbError> {
    let mut found = Vec::new();
    for chunk in accounts.chunks(5_000) {
        let rows: Vec<(CreditAccountId, CustomerId)> = on_backend!(db, |c| credit_accounts::table
            .filter(credit_accounts::id.eq_any(chunk))
            .select((credit_accounts::id, credit_accounts::customer_id))
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// All exposure entries of a category, owed to these legal entities, that count.
pub fn list_entries(
    db: &mut Db,
    category: EntryCategory,
    entities: &[LegalEntityId],
) -> Result<Vec<ExposureEntry>, DbError> {
    Ok(on_backend!(db, |c| exposure_entries::table
        .filter(exposure_entries::category.eq(category))
        .filter(exposure_entries::legal_entity_id.eq_any(entities))
        .filter(exposure_entries::amount_minor.gt(0))
        .order(exposure_entries::id)
        .select(ExposureEntry::as_select())
        .load(c))?)
}
