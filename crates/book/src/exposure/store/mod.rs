//! Queries on credit accounts.

pub mod additional;
pub mod agreed;
pub mod balances;
pub mod entries;
pub mod orders;
pub mod portfolios;

use std::collections::BTreeMap;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer};
use diesel::sqlite::Sqlite;

use crate::book::customers::store::list_wanted;
use crate::book::exposure::input::{CreditAccountFilter, CreditAccountSort};
use crate::book::exposure::model::{AccountBlock, BlockCause, CreditAccount, Exposure, LimitEntry};
use crate::platform::db::schema::{account_blocks, credit_accounts, customers, limits};
use crate::platform::db::{
    AtOnce, Conn, Db, DbError, Fixed, RowVersion, RowVersionOf, Statement, Tx, Writes, on_backend,
    seek,
};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::columns::IdColumn;
use kernel::ids::{CreditAccountId, CustomerId};
use kernel::money::Currency;
use kernel::text::Line;

pub fn find(db: &mut Db, id: CreditAccountId) -> Result<Option<CreditAccount>, DbError> {
    Ok(on_backend!(db, |c| credit_accounts::table
        .find(id)
        .select(CreditAccount::as_select())
        .first(c)
        .optional())?)
}

/// The currencies that limits are in.
pub fn list_currencies(db: &mut Db) -> Result<Vec<Currency>, DbError> {
    Ok(on_backend!(db, |c| credit_accounts::table
        .select(credit_accounts::currency)
        .distinct()
        .load(c))?)
}

/// The accounts of these customers; customers without one are left out.
pub fn list_by_customers(
    db: &mut Db,
    customers: &[CustomerId],
) -> Result<Vec<CreditAccount>, DbError> {
    Ok(on_backend!(db, |c| credit_accounts::table
        .filter(credit_accounts::customer_id.eq_any(customers))
        .order(credit_accounts::id)
        .select(CreditAccount::as_select())
        .load(c))?)
}

/// Those of these customers with whose accounts a legal entity has terms of its own.
pub fn list_with_terms(db: &mut Db, customers: &[CustomerId]) -> Result<Vec<CustomerId>, DbError> {
    Ok(on_backend!(db, |c| credit_accounts::table
        .filter(credit_accounts::customer_id.eq_any(customers))
        .filter(credit_accounts::has_agreed_terms.eq(true))
        .select(credit_accounts::customer_id)
        .load(c))?)
}

/// The credit segments of these customers, of those that are in one.
pub fn list_segments(
    db: &mut Db,
    customers: &[CustomerId],
) -> Result<BTreeMap<CustomerId, Line>, DbError> {
    let mut found = BTreeMap::new();
    for chunk in customers.chunks(5_000) {
        let rows: Vec<(CustomerId, Option<Line>)> = on_backend!(db, |c| credit_accounts::table
            .filter(credit_accounts::customer_id.eq_any(chunk))
            .filter(credit_accounts::segment.is_not_null())
            .select((credit_accounts::customer_id, credit_accounts::segment))
            .load(c))?;
        let named = rows.into_iter();
        found.extend(named.filter_map(|(id, segment)| Some((id, segment?))));
    }
    Ok(found)
}

/// The accounts of these customers with their row versions; customers without one are left out.
pub fn list_with_row_versions(
    db: &mut Db,
    customers: &[CustomerId],
) -> Result<Vec<(CreditAccount, RowVersion)>, DbError> {
    Ok(on_backend!(db, |c| credit_accounts::table
        .filter(credit_accounts::customer_id.eq_any(customers))
        .select((CreditAccount::as_select(), RowVersionOf("credit_accounts")))
        .load(c))?)
}

/// Gives the accounts of these customers another row version: whoever decides on what was read before finds that
/// something is different. Only where nothing of the accounts themselves changes, and no trigger sees what does. Not on
/// SQLite, where a writer is alone.
pub fn touch(tx: &mut Tx, customers: &[CustomerId]) -> Result<(), DbError> {
    if let Conn::Postgres(c) = tx.conn() {
        diesel::update(credit_accounts::table)
            .filter(credit_accounts::customer_id.eq_any(customers))
            .set(credit_accounts::version.eq(credit_accounts::version))
            .execute(&mut **c)?;
    }
    Ok(())
}

/// The accounts of these customers, locked until the unit of work ends, in order of id. On SQLite the transaction
/// holds the only write lock already.
pub fn lock_by_customers(
    tx: &mut Tx,
    customers: &[CustomerId],
) -> Result<Vec<CreditAccount>, DbError> {
    match tx.conn() {
        Conn::Postgres(c) => select_for_update(c, customers),
        // One by one, since an `IN` list of another length is prepared anew.
        Conn::Sqlite(c) => {
            let mut accounts: Vec<CreditAccount> = Vec::new();
            for customer in customers {
                let of_one = credit_accounts::table
                    .filter(credit_accounts::customer_id.eq(customer))
                    .select(CreditAccount::as_select());
                accounts.extend(of_one.load(&mut **c)?);
            }
            Ok(accounts)
        }
    }
}

/// [`lock_by_customers`] for a unit of work that writes in one statement, within a transaction all the same.
pub fn lock_at_once(unit: &mut AtOnce, customers: &[CustomerId]) -> Result<(), DbError> {
    if let Conn::Postgres(c) = unit.conn() {
        select_for_update(c, customers)?;
    }
    Ok(())
}

fn select_for_update(
    c: &mut PgConnection,
    customers: &[CustomerId],
) -> Result<Vec<CreditAccount>, DbError> {
    Ok(credit_accounts::table
        .filter(credit_accounts::customer_id.eq_any(customers))
        .order(credit_accounts::id)
        .select(CreditAccount::as_select())
        .for_update()
        .load(c)?)
}

pub fn insert(tx: &mut Tx, rows: &[CreditAccount]) -> Result<(), DbError> {
    for chunk in rows.chunks(400) {
        on_backend!(tx, |c| diesel::insert_into(credit_accounts::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// Writes limit, terms and status when the row still has the version that `account` was read with.
pub fn update_if_unchanged(
    tx: &mut Tx,
    account: &CreditAccount,
) -> Result<Option<CreditAccount>, DbError> {
    use credit_accounts::dsl;
    let now = tx.now();
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::credit_accounts
            .find(account.id)
            .filter(dsl::version.eq(account.version))
    )
    .set((
        dsl::status.eq(account.status),
        dsl::limit_kind.eq(account.limit_kind),
        dsl::limit_minor.eq(account.limit_minor),
        dsl::limit_source.eq(&account.limit_source),
        dsl::limit_valid_until.eq(account.limit_valid_until),
        dsl::net_days.eq(account.net_days),
        dsl::group_limit_kind.eq(account.group_limit_kind),
        dsl::group_limit_minor.eq(account.group_limit_minor),
        dsl::dunning_procedure_id.eq(account.dunning_procedure_id),
        dsl::segment.eq(&account.segment),
        dsl::exempt_until.eq(account.exempt_until),
        dsl::billing_currencies.eq(&account.billing_currencies),
        dsl::changed_at.eq(now),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(CreditAccount::as_returning())
    .get_result(c)
    .optional())?)
}

/// What is to be added to an account's own exposure and to its group's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Movement {
    pub own: Exposure,
    pub group: Exposure,
}

/// Adds what movements reserve to the accounts' exposure. With `row_versions`, only to accounts that have these still, which are
/// `moved` then.
pub fn add_reserved(
    writes: &mut Writes,
    movements: &BTreeMap<CreditAccountId, Movement>,
    row_versions: Option<&BTreeMap<CreditAccountId, RowVersion>>,
) -> Result<(), DbError> {
    match writes.conn() {
        _ if movements.is_empty() => {}
        Conn::Postgres(_) => {
            let ids: Vec<CreditAccountId> = movements.keys().copied().collect();
            let own = movements.values().map(|m| m.own.reserved_minor);
            let group = movements.values().map(|m| m.group.reserved_minor);
            let (own, group): (Vec<i64>, Vec<i64>) = (own.collect(), group.collect());
            let Some(row_versions) = row_versions else {
                writes.push(
                    Statement::new(
                        "UPDATE credit_accounts a SET reserved_minor = a.reserved_minor + m.own, \
                         group_reserved_minor = a.group_reserved_minor + m.of_group FROM (SELECT UNNEST(?) AS id, \
                         UNNEST(?) AS own, UNNEST(?) AS of_group) m WHERE a.id = m.id",
                    )
                    .bind::<Array<IdColumn>, _>(ids)
                    .bind::<Array<BigInt>, _>(own)
                    .bind::<Array<BigInt>, _>(group),
                );
                return Ok(());
            };
            let of_each: Vec<RowVersion> = ids
                .iter()
                .filter_map(|id| row_versions.get(id))
                .copied()
                .collect();
            let statement = Statement::new(
                "UPDATE credit_accounts a SET reserved_minor = a.reserved_minor + m.own, \
                 group_reserved_minor = a.group_reserved_minor + m.of_group FROM (SELECT UNNEST(?) AS id, \
                 UNNEST(?) AS own, UNNEST(?) AS of_group, UNNEST(?) AS row_version) m WHERE a.id = m.id AND a.xmin = m.row_version \
                 RETURNING 1",
            )
            .bind::<Array<IdColumn>, _>(ids)
            .bind::<Array<BigInt>, _>(own)
            .bind::<Array<BigInt>, _>(group)
            .bind::<Array<Integer>, _>(of_each);
            writes.push_named("moved", statement);
        }
        Conn::Sqlite(c) => {
            struct AddReserved;
            for (id, movement) in movements {
                let statement = Statement::<Sqlite>::new(
                    "UPDATE credit_accounts SET reserved_minor = reserved_minor + ?, \
                     group_reserved_minor = group_reserved_minor + ? WHERE id = ?",
                )
                .bind::<BigInt, _>(movement.own.reserved_minor)
                .bind::<BigInt, _>(movement.group.reserved_minor)
                .bind::<IdColumn, _>(*id);
                Fixed::<AddReserved, _>::new(statement).execute(&mut **c)?;
            }
        }
    }
    Ok(())
}

/// Adds movements to the accounts' exposure: one statement on PostgreSQL, one for each row on SQLite.
pub fn add_movements(
    writes: &mut Writes,
    movements: &BTreeMap<CreditAccountId, Movement>,
) -> Result<(), DbError> {
    match writes.conn() {
        _ if movements.is_empty() => {}
        Conn::Postgres(_) => {
            let column =
                |pick: fn(&Movement) -> i64| -> Vec<i64> { movements.values().map(pick).collect() };
            let ids: Vec<CreditAccountId> = movements.keys().copied().collect();
            let statement = Statement::<Pg>::new(
                "UPDATE credit_accounts a SET reserved_minor = a.reserved_minor + m.reserved_minor, \
                 delivered_minor = a.delivered_minor + m.delivered_minor, receivable_minor = \
                 a.receivable_minor + m.receivable_minor, instrument_minor = a.instrument_minor + \
                 m.instrument_minor, charge_minor = a.charge_minor + m.charge_minor, unapplied_minor = \
                 a.unapplied_minor + m.unapplied_minor, group_reserved_minor = a.group_reserved_minor + \
                 m.group_reserved_minor, group_delivered_minor = a.group_delivered_minor + \
                 m.group_delivered_minor, group_receivable_minor = a.group_receivable_minor + \
                 m.group_receivable_minor, group_instrument_minor = a.group_instrument_minor + \
                 m.group_instrument_minor, group_charge_minor = a.group_charge_minor + \
                 m.group_charge_minor, group_unapplied_minor = a.group_unapplied_minor + \
                 m.group_unapplied_minor FROM (SELECT UNNEST(?) AS id, UNNEST(?) AS reserved_minor, \
                 UNNEST(?) AS delivered_minor, UNNEST(?) AS receivable_minor, UNNEST(?) AS \
                 instrument_minor, UNNEST(?) AS charge_minor, UNNEST(?) AS unapplied_minor, UNNEST(?) AS \
                 group_reserved_minor, UNNEST(?) AS group_delivered_minor, UNNEST(?) AS \
                 group_receivable_minor, UNNEST(?) AS group_instrument_minor, UNNEST(?) AS \
                 group_charge_minor, UNNEST(?) AS group_unapplied_minor) m WHERE a.id = m.id",
            )
            .bind::<Array<IdColumn>, _>(ids)
            .bind::<Array<BigInt>, _>(column(|m| m.own.reserved_minor))
            .bind::<Array<BigInt>, _>(column(|m| m.own.delivered_minor))
            .bind::<Array<BigInt>, _>(column(|m| m.own.receivable_minor))
            .bind::<Array<BigInt>, _>(column(|m| m.own.instrument_minor))
            .bind::<Array<BigInt>, _>(column(|m| m.own.charge_minor))
            .bind::<Array<BigInt>, _>(column(|m| m.own.unapplied_minor))
            .bind::<Array<BigInt>, _>(column(|m| m.group.reserved_minor))
            .bind::<Array<BigInt>, _>(column(|m| m.group.delivered_minor))
            .bind::<Array<BigInt>, _>(column(|m| m.group.receivable_minor))
            .bind::<Array<BigInt>, _>(column(|m| m.group.instrument_minor))
            .bind::<Array<BigInt>, _>(column(|m| m.group.charge_minor))
            .bind::<Array<BigInt>, _>(column(|m| m.group.unapplied_minor));
            writes.push(statement);
        }
        Conn::Sqlite(c) => {
            for (id, movement) in movements {
                Statement::<Sqlite>::new(
                    "UPDATE credit_accounts SET reserved_minor = reserved_minor + ?, delivered_minor = \
                     delivered_minor + ?, receivable_minor = receivable_minor + ?, instrument_minor = \
                     instrument_minor + ?, charge_minor = charge_minor + ?, unapplied_minor = unapplied_minor + \
                     ?, group_reserved_minor = group_reserved_minor + ?, group_delivered_minor = \
                     group_delivered_minor + ?, group_receivable_minor = group_receivable_minor + ?, \
                     group_instrument_minor = group_instrument_minor + ?, group_charge_minor = \
                     group_charge_minor + ?, group_unapplied_minor = group_unapplied_minor + ? WHERE id = ?",
                )
                .bind::<BigInt, _>(movement.own.reserved_minor)
                .bind::<BigInt, _>(movement.own.delivered_minor)
                .bind::<BigInt, _>(movement.own.receivable_minor)
                .bind::<BigInt, _>(movement.own.instrument_minor)
                .bind::<BigInt, _>(movement.own.charge_minor)
                .bind::<BigInt, _>(movement.own.unapplied_minor)
                .bind::<BigInt, _>(movement.group.reserved_minor)
                .bind::<BigInt, _>(movement.group.delivered_minor)
                .bind::<BigInt, _>(movement.group.receivable_minor)
                .bind::<BigInt, _>(movement.group.instrument_minor)
                .bind::<BigInt, _>(movement.group.charge_minor)
                .bind::<BigInt, _>(movement.group.unapplied_minor)
                .bind::<IdColumn, _>(*id)
                .execute(&mut **c)?;
            }
        }
    }
    Ok(())
}

pub fn insert_limits(tx: &mut Tx, rows: &[LimitEntry]) -> Result<(), DbError> {
    for chunk in rows.chunks(500) {
        on_backend!(tx, |c| diesel::insert_into(limits::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// An account's limits, the newest first.
pub fn list_limits(
    db: &mut Db,
    account: CreditAccountId,
    page: &PageRequest,
) -> Result<Page<LimitEntry>, Problem> {
    on_backend!(db, |c| {
        let mut query = limits::table
            .filter(limits::account_id.eq(account))
            .select(LimitEntry::as_select())
            .into_boxed();
        seek!(c, query, page, LimitEntry, desc(limits::id))
    })
}

/// The blocks that stand on these accounts.
pub fn list_blocks(
    db: &mut Db,
    accounts: &[CreditAccountId],
) -> Result<Vec<AccountBlock>, DbError> {
    Ok(on_backend!(db, |c| account_blocks::table
        .filter(account_blocks::account_id.eq_any(accounts))
        .filter(account_blocks::lifted_at.is_null())
        .order(account_blocks::id)
        .select(AccountBlock::as_select())
        .load(c))?)
}

/// The blocks of these causes that stand on the accounts of these customers.
pub fn list_causes(
    db: &mut Db,
    customers: &[CustomerId],
    causes: &[BlockCause],
) -> Result<Vec<(CustomerId, BlockCause)>, DbError> {
    Ok(on_backend!(db, |c| account_blocks::table
        .inner_join(credit_accounts::table.on(credit_accounts::id.eq(account_blocks::account_id)))
        .filter(credit_accounts::customer_id.eq_any(customers))
        .filter(account_blocks::cause.eq_any(causes))
        .filter(account_blocks::lifted_at.is_null())
        .select((credit_accounts::customer_id, account_blocks::cause))
        .load(c))?)
}

/// The customers on whose accounts a block of one of these causes stands.
pub fn list_blocked_for(db: &mut Db, causes: &[BlockCause]) -> Result<Vec<CustomerId>, DbError> {
    Ok(on_backend!(db, |c| account_blocks::table
        .inner_join(credit_accounts::table.on(credit_accounts::id.eq(account_blocks::account_id)))
        .filter(account_blocks::cause.eq_any(causes))
        .filter(account_blocks::lifted_at.is_null())
        .select(credit_accounts::customer_id)
        .load(c))?)
}

/// Puts a block on an account unless one of the same cause stands on it; says whether it did.
pub fn insert_block(tx: &mut Tx, block: &AccountBlock) -> Result<bool, DbError> {
    let rows = on_backend!(tx, |c| diesel::insert_into(account_blocks::table)
        .values(block)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(rows > 0)
}

/// Lifts the blocks of one cause from an account, and gives them as they are then.
pub fn lift_blocks(
    tx: &mut Tx,
    account: CreditAccountId,
    cause: BlockCause,
) -> Result<Vec<AccountBlock>, DbError> {
    let (now, caller) = (tx.now(), tx.caller());
    Ok(on_backend!(tx, |c| diesel::update(
        account_blocks::table
            .filter(account_blocks::account_id.eq(account))
            .filter(account_blocks::cause.eq(cause))
            .filter(account_blocks::lifted_at.is_null())
    )
    .set((
        account_blocks::lifted_at.eq(now),
        account_blocks::lifted_by.eq(caller.subject.as_str()),
    ))
    .returning(AccountBlock::as_returning())
    .get_results(c))?)
}

/// One page of the accounts whose customers the caller may see.
pub fn list(
    db: &mut Db,
    caller: &Caller,
    filter: &CreditAccountFilter,
    page: &PageRequest,
) -> Result<Page<CreditAccount>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = credit_accounts::table
            .select(CreditAccount::as_select())
            .into_boxed();
        if caller.sees_only_own() {
            query = query.filter(
                credit_accounts::customer_id.eq_any(
                    customers::table
                        .filter(customers::owner.eq(&caller.subject))
                        .select(customers::id),
                ),
            );
        }
        if let Some(wanted) = &wanted {
            query = query.filter(credit_accounts::customer_id.eq_any(wanted));
        }
        if !filter.status.is_empty() {
            query = query.filter(credit_accounts::status.eq_any(&filter.status));
        }
        if !filter.currency.is_empty() {
            query = query.filter(credit_accounts::currency.eq_any(&filter.currency));
        }
        match filter.sort.unwrap_or_default() {
            CreditAccountSort::CreatedAt => {
                seek!(c, query, page, CreditAccount, asc(credit_accounts::id))
            }
            CreditAccountSort::CreatedAtDescending => {
                seek!(c, query, page, CreditAccount, desc(credit_accounts::id))
            }
            CreditAccountSort::Limit => seek!(
                c,
                query,
                page,
                CreditAccount,
                asc(credit_accounts::limit_minor, credit_accounts::id)
            ),
            CreditAccountSort::LimitDescending => seek!(
                c,
                query,
                page,
                CreditAccount,
                desc(credit_accounts::limit_minor, credit_accounts::id)
            ),
        }
    })
}
