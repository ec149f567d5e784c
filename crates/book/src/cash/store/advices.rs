//! Queries on payers' accounts and remittance advices.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::CHUNK;
use crate::book::cash::input::{PayerAccountFilter, RemittanceAdviceFilter};
use crate::book::cash::model::{AdviceStatus, PayerAccount, RemittanceAdvice};
use crate::book::customers::store::list_wanted;
use crate::platform::db::schema::{payer_accounts, remittance_advices};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::{BankEntryId, PayerAccountId, RemittanceAdviceId};
use kernel::text::Number;

/// Who paid from these accounts before.
pub fn list_payers(db: &mut Db, numbers: &BTreeSet<&str>) -> Result<Vec<PayerAccount>, DbError> {
    let numbers: Vec<&str> = numbers.iter().copied().collect();
    let mut found = Vec::new();
    for chunk in numbers.chunks(CHUNK) {
        let rows: Vec<PayerAccount> = on_backend!(db, |c| payer_accounts::table
            .filter(payer_accounts::number.eq_any(chunk))
            .select(PayerAccount::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// Keeps that a customer paid from an account: a new one, or one that is used again.
pub fn learn_payer_account(tx: &mut Tx, account: &PayerAccount) -> Result<PayerAccount, DbError> {
    Ok(on_backend!(tx, |c| diesel::insert_into(
        payer_accounts::table
    )
    .values(account)
    .on_conflict((payer_accounts::number, payer_accounts::customer_id))
    .do_update()
    .set((
        payer_accounts::uses.eq(payer_accounts::uses + 1),
        payer_accounts::used_at.eq(account.used_at),
        payer_accounts::version.eq(payer_accounts::version + 1),
    ))
    .returning(PayerAccount::as_returning())
    .get_result(c))?)
}

/// The payer's account under this id.
pub fn find_payer_account(
    db: &mut Db,
    id: PayerAccountId,
) -> Result<Option<PayerAccount>, DbError> {
    Ok(on_backend!(db, |c| payer_accounts::table
        .find(id)
        .select(PayerAccount::as_select())
        .first(c)
        .optional())?)
}

/// The payers' accounts that these entries alone have taught.
pub fn list_taught(db: &mut Db, entries: &[BankEntryId]) -> Result<Vec<PayerAccount>, DbError> {
    let mut found = Vec::new();
    for chunk in entries.chunks(CHUNK) {
        let rows: Vec<PayerAccount> = on_backend!(db, |c| payer_accounts::table
            .filter(payer_accounts::entry_id.eq_any(chunk))
            .filter(payer_accounts::uses.eq(1))
            .order(payer_accounts::id)
            .select(PayerAccount::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// Forgets a payer's account when it still has this version, and says whether it did.
pub fn delete_payer_account(
    tx: &mut Tx,
    id: PayerAccountId,
    version: i64,
) -> Result<bool, DbError> {
    let deleted = on_backend!(tx, |c| diesel::delete(
        payer_accounts::table
            .find(id)
            .filter(payer_accounts::version.eq(version))
    )
    .execute(c))?;
    Ok(deleted > 0)
}

/// One page of payers' accounts, the newest first.
pub fn list_payer_accounts(
    db: &mut Db,
    filter: &PayerAccountFilter,
    page: &PageRequest,
) -> Result<Page<PayerAccount>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = payer_accounts::table
            .select(PayerAccount::as_select())
            .into_boxed();
        if let Some(wanted) = &wanted {
            query = query.filter(payer_accounts::customer_id.eq_any(wanted));
        }
        if !filter.number.is_empty() {
            query = query.filter(payer_accounts::number.eq_any(&filter.number));
        }
        seek!(c, query, page, PayerAccount, desc(payer_accounts::id))
    })
}

/// Inserts a remittance advice when its number is free, and says whether it was.
pub fn insert_advice(tx: &mut Tx, advice: &RemittanceAdvice) -> Result<bool, DbError> {
    let inserted = on_backend!(tx, |c| diesel::insert_into(remittance_advices::table)
        .values(advice)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted > 0)
}

/// Inserts those remittance advices whose number is free, and says how many.
pub fn insert_advices(tx: &mut Tx, advices: &[RemittanceAdvice]) -> Result<usize, DbError> {
    let mut inserted = 0;
    for chunk in advices.chunks(500) {
        inserted += on_backend!(tx, |c| diesel::insert_into(remittance_advices::table)
            .values(chunk)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(inserted)
}

/// The remittance advices that have these numbers, of whichever customer.
pub fn list_advices_by_numbers(
    db: &mut Db,
    numbers: &BTreeSet<&Number>,
) -> Result<Vec<RemittanceAdvice>, DbError> {
    let numbers: Vec<&Number> = numbers.iter().copied().collect();
    let mut found = Vec::new();
    for chunk in numbers.chunks(CHUNK) {
        let rows: Vec<RemittanceAdvice> = on_backend!(db, |c| remittance_advices::table
            .filter(remittance_advices::number.eq_any(chunk.iter().copied()))
            .select(RemittanceAdvice::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// The remittance advice under this id.
pub fn find_advice(
    db: &mut Db,
    id: RemittanceAdviceId,
) -> Result<Option<RemittanceAdvice>, DbError> {
    Ok(on_backend!(db, |c| remittance_advices::table
        .find(id)
        .select(RemittanceAdvice::as_select())
        .first(c)
        .optional())?)
}

/// Writes where a remittance advice stands when it still has the version that it was read with, and gives it as it is
/// now.
pub fn update_advice_if_unchanged(
    tx: &mut Tx,
    advice: &RemittanceAdvice,
) -> Result<Option<RemittanceAdvice>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        remittance_advices::table
            .find(advice.id)
            .filter(remittance_advices::version.eq(advice.version))
    )
    .set((
        remittance_advices::status.eq(advice.status),
        remittance_advices::entry_id.eq(advice.entry_id),
        remittance_advices::end_reason.eq(&advice.end_reason),
        remittance_advices::version.eq(remittance_advices::version + 1),
    ))
    .returning(RemittanceAdvice::as_returning())
    .get_result(c)
    .optional())?)
}

/// The open advices of payments of these amounts.
pub fn list_open_advices(
    db: &mut Db,
    minors: &BTreeSet<i64>,
) -> Result<Vec<RemittanceAdvice>, DbError> {
    let minors: Vec<i64> = minors.iter().copied().collect();
    let mut found = Vec::new();
    for chunk in minors.chunks(CHUNK) {
        let rows: Vec<RemittanceAdvice> = on_backend!(db, |c| remittance_advices::table
            .filter(remittance_advices::amount_minor.eq_any(chunk))
            .filter(remittance_advices::status.eq(AdviceStatus::Open))
            .order(remittance_advices::id)
            .select(RemittanceAdvice::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// The advices that are paid by these entries.
pub fn list_advices_of_entries(
    db: &mut Db,
    entries: &[BankEntryId],
) -> Result<Vec<RemittanceAdvice>, DbError> {
    let mut found = Vec::new();
    for chunk in entries.chunks(CHUNK) {
        let rows: Vec<RemittanceAdvice> = on_backend!(db, |c| remittance_advices::table
            .filter(remittance_advices::entry_id.eq_any(chunk.iter().copied().map(Some)))
            .filter(remittance_advices::status.eq(AdviceStatus::Paid))
            .order(remittance_advices::id)
            .select(RemittanceAdvice::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// One page of remittance advices, the newest first.
pub fn list_advices(
    db: &mut Db,
    filter: &RemittanceAdviceFilter,
    page: &PageRequest,
) -> Result<Page<RemittanceAdvice>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = remittance_advices::table
            .select(RemittanceAdvice::as_select())
            .into_boxed();
        if let Some(wanted) = &wanted {
            query = query.filter(remittance_advices::customer_id.eq_any(wanted));
        }
        if !filter.status.is_empty() {
            query = query.filter(remittance_advices::status.eq_any(&filter.status));
        }
        seek!(
            c,
            query,
            page,
            RemittanceAdvice,
            desc(remittance_advices::id)
        )
    })
}
