//! Queries on balances beside the home balance, and on the terms that legal entities have.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use super::Movement;
use crate::book::exposure::model::{
    AccountBalance, BalanceKey, CreditAccount, EntityTerms, Exposure,
};
use crate::platform::db::schema::{account_balances, credit_accounts, entity_terms};
use crate::platform::db::{Db, DbError, Statement, Tx, Writes, on_backend};
use kernel::columns::IdColumn;
use kernel::ids::{CreditAccountId, LegalEntityId};

/// The balances of these accounts beside their home balances. Accounts that have none are not asked for.
pub fn list<'a>(
    db: &mut Db,
    accounts: impl IntoIterator<Item = &'a CreditAccount>,
) -> Result<Vec<AccountBalance>, DbError> {
    let with: Vec<CreditAccountId> = accounts
        .into_iter()
        .filter(|account| account.has_other_balances)
        .map(|account| account.id)
        .collect();
    let mut found = Vec::new();
    for chunk in with.chunks(5_000) {
        let rows: Vec<AccountBalance> = on_backend!(db, |c| account_balances::table
            .filter(account_balances::account_id.eq_any(chunk))
            .order((
                account_balances::account_id,
                account_balances::legal_entity_id,
                account_balances::currency,
            ))
            .select(AccountBalance::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// Adds movements to balances, whose accounts must be locked. The first makes its row. The accounts' rows change with
/// them, so that whoever remembers one sees it.
pub fn add(
    tx: &mut Tx,
    movements: &BTreeMap<(CreditAccountId, BalanceKey), Movement>,
) -> Result<(), DbError> {
    use account_balances::dsl;
    if movements.is_empty() {
        return Ok(());
    }
    let zero = Exposure::default();
    let empty: Vec<AccountBalance> = movements
        .keys()
        .map(|(account, key)| AccountBalance::new(*account, *key, zero, zero))
        .collect();
    for chunk in empty.chunks(500) {
        on_backend!(tx, |c| diesel::insert_into(account_balances::table)
            .values(chunk)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    for ((account, key), Movement { own, group }) in movements {
        on_backend!(tx, |c| diesel::update(dsl::account_balances.find((
            account,
            key.legal_entity_id,
            key.currency
        )))
        .set((
            dsl::reserved_minor.eq(dsl::reserved_minor + own.reserved_minor),
            dsl::delivered_minor.eq(dsl::delivered_minor + own.delivered_minor),
            dsl::receivable_minor.eq(dsl::receivable_minor + own.receivable_minor),
            dsl::instrument_minor.eq(dsl::instrument_minor + own.instrument_minor),
            dsl::charge_minor.eq(dsl::charge_minor + own.charge_minor),
            dsl::unapplied_minor.eq(dsl::unapplied_minor + own.unapplied_minor),
            dsl::group_reserved_minor.eq(dsl::group_reserved_minor + group.reserved_minor),
            dsl::group_delivered_minor.eq(dsl::group_delivered_minor + group.delivered_minor),
            dsl::group_receivable_minor.eq(dsl::group_receivable_minor + group.receivable_minor),
            dsl::group_instrument_minor.eq(dsl::group_instrument_minor + group.instrument_minor),
            dsl::group_charge_minor.eq(dsl::group_charge_minor + group.charge_minor),
            dsl::group_unapplied_minor.eq(dsl::group_unapplied_minor + group.unapplied_minor),
        ))
        .execute(c))?;
    }
    let accounts: Vec<CreditAccountId> = movements.keys().map(|(account, _)| *account).collect();
    for chunk in accounts.chunks(5_000) {
        on_backend!(tx, |c| diesel::update(credit_accounts::table)
            .filter(credit_accounts::id.eq_any(chunk))
            .set(credit_accounts::has_other_balances.eq(true))
            .execute(c))?;
    }
    Ok(())
}

/// Adds what movements reserve to balances that have their rows, on PostgreSQL. The accounts' rows must change with them.
pub fn add_reserved(
    writes: &mut Writes,
    movements: &BTreeMap<(CreditAccountId, BalanceKey), Movement>,
) {
    if movements.is_empty() {
        return;
    }
    let accounts: Vec<CreditAccountId> = movements.keys().map(|(account, _)| *account).collect();
    let keys = movements.keys().map(|(_, key)| key);
    let entities: Vec<LegalEntityId> = keys.clone().map(|key| key.legal_entity_id).collect();
    let currencies: Vec<&str> = keys.map(|key| key.currency.code()).collect();
    let own = movements.values().map(|m| m.own.reserved_minor);
    let group = movements.values().map(|m| m.group.reserved_minor);
    writes.push(
        Statement::new(
            "UPDATE account_balances b SET reserved_minor = b.reserved_minor + m.own, \
             group_reserved_minor = b.group_reserved_minor + m.of_group FROM (SELECT UNNEST(?) AS account_id, \
             UNNEST(?) AS legal_entity_id, UNNEST(?) AS currency, UNNEST(?) AS own, UNNEST(?) AS of_group) m \
             WHERE b.account_id = m.account_id AND b.legal_entity_id = m.legal_entity_id AND b.currency = m.currency",
        )
        .bind::<Array<IdColumn>, _>(accounts)
        .bind::<Array<IdColumn>, _>(entities)
        .bind::<Array<Text>, _>(currencies)
        .bind::<Array<BigInt>, _>(own.collect::<Vec<i64>>())
        .bind::<Array<BigInt>, _>(group.collect::<Vec<i64>>()),
    );
}

/// The terms that legal entities have with these accounts. Accounts with which none has any are not asked for.
pub fn list_terms<'a>(
    db: &mut Db,
    accounts: impl IntoIterator<Item = &'a CreditAccount>,
) -> Result<Vec<EntityTerms>, DbError> {
    let with: Vec<CreditAccountId> = accounts
        .into_iter()
        .filter(|account| account.has_agreed_terms)
        .map(|account| account.id)
        .collect();
    let mut found = Vec::new();
    for chunk in with.chunks(5_000) {
        let rows: Vec<EntityTerms> = on_backend!(db, |c| entity_terms::table
            .filter(entity_terms::account_id.eq_any(chunk))
            .order((entity_terms::account_id, entity_terms::legal_entity_id))
            .select(EntityTerms::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// To which companies these accounts owe or owed anything beside their home balances.
pub fn list_creditors(
    db: &mut Db,
    accounts: &[CreditAccountId],
) -> Result<Vec<(CreditAccountId, LegalEntityId)>, DbError> {
    Ok(on_backend!(db, |c| account_balances::table
        .filter(account_balances::account_id.eq_any(accounts))
        .select((
            account_balances::account_id,
            account_balances::legal_entity_id
        ))
        .distinct()
        .load(c))?)
}

/// The companies for which dunning closes these accounts.
pub fn list_dunning_blocks(
    db: &mut Db,
    accounts: &[CreditAccountId],
) -> Result<Vec<(CreditAccountId, LegalEntityId)>, DbError> {
    Ok(on_backend!(db, |c| entity_terms::table
        .filter(entity_terms::account_id.eq_any(accounts))
        .filter(entity_terms::dunning_blocked_at.is_not_null())
        .select((entity_terms::account_id, entity_terms::legal_entity_id))
        .load(c))?)
}

pub fn find_terms(
    db: &mut Db,
    account: CreditAccountId,
    entity: LegalEntityId,
) -> Result<Option<EntityTerms>, DbError> {
    Ok(on_backend!(db, |c| entity_terms::table
        .find((account, entity))
        .select(EntityTerms::as_select())
        .first(c)
        .optional())?)
}

/// Writes terms for the first time; the account's row changes with them.
pub fn insert_terms(tx: &mut Tx, row: &EntityTerms) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(entity_terms::table)
        .values(row)
        .execute(c))?;
    mark_terms(tx, row.account_id)
}

/// Writes terms, whose account must be locked; the account's row changes with them.
pub fn update_terms(tx: &mut Tx, row: &EntityTerms) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(
        entity_terms::table.find((row.account_id, row.legal_entity_id))
    )
    .set(row)
    .execute(c))?;
    mark_terms(tx, row.account_id)
}

/// Says in the account's row that something was agreed with it. The row changes, also where it said so already.
pub fn mark_terms(tx: &mut Tx, account: CreditAccountId) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(credit_accounts::table.find(account))
        .set(credit_accounts::has_agreed_terms.eq(true))
        .execute(c))?;
    Ok(())
}
