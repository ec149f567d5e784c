//! What stands for a batch of checks: everything that the desk looks up beside the accounts, in one question.

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, SmallInt, Text};
use diesel::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::book::exposure::model::{BalanceKey, BlockCause};
use crate::decide::limits::check::facts::Overdue;
use crate::platform::db::schema::{customers, invoice_items, invoices};
use crate::platform::db::{
    Conn, Db, DbError, RowVersion, RowVersionOf, Statement, on_backend, sum_minor,
};
use kernel::columns::IdColumn;
use kernel::ids::{
    CreditAccountId, CreditBlockId, CustomerId, Id, IdempotencyKeyId, Kind, LegalEntityId,
    PolicyId, PortfolioCapId, ReservationId,
};
use kernel::money::Currency;
use kernel::text::{Number, Subject};

/// What is asked about.
pub struct Wanted<'a> {
    /// Those of the checks, and their accounts.
    pub customers: &'a [CustomerId],
    pub accounts: &'a [CreditAccountId],
    /// These with everybody above them, as they are remembered.
    pub named: &'a [&'a Named],
    pub all_accounts: &'a [CreditAccountId],
    /// The row versions that `all_accounts` had, unless they are locked or it does not matter.
    pub row_versions: Option<&'a [RowVersion]>,
    /// Their order numbers.
    pub orders: &'a [&'a str],
    pub keys: &'a [IdempotencyKeyId],
    pub today: NaiveDate,
}

/// What was found, which for most checks is nothing.
#[derive(Default)]
pub struct StandingFacts {
    /// What is overdue, by customer and due date: one row for each, however many invoices there are. What was sold without
    /// recourse is none of ours.
    pub overdue: Vec<(CustomerId, Overdue)>,
    /// The accounts on which a block stands, with its cause.
    pub blocked: Vec<(CreditAccountId, BlockCause)>,
    /// Open reservations of the orders.
    pub reservations: Vec<ReservationId>,
    /// Credit blocks at which the orders wait.
    pub waiting: Vec<CreditBlockId>,
    /// Idempotency keys that were used before.
    pub keys: Vec<IdempotencyKeyId>,
    /// Customers that are not as they are remembered.
    pub changed_customers: Vec<CustomerId>,
    /// Accounts that have another row version.
    pub changed_accounts: Vec<CreditAccountId>,
    /// The accounts on which limits beside the base limits stand.
    pub additional: Vec<CreditAccountId>,
    /// The customers of whom any order waits for credit.
    pub waiting_customers: Vec<CustomerId>,
    pub has_caps: bool,
    pub live_policy: Option<PolicyId>,
}

/// A customer, as far as the desk must know it, with the row version of its row.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Named {
    pub id: CustomerId,
    pub number: Number,
    pub parent: Option<CustomerId>,
    pub owner: Option<Subject>,
    pub row_version: RowVersion,
}

/// What is read of a customer.
type NamedColumns = (
    customers::id,
    customers::number,
    customers::parent_customer_id,
    customers::owner,
    RowVersionOf,
);

const fn named_columns() -> NamedColumns {
    (
        customers::id,
        customers::number,
        customers::parent_customer_id,
        customers::owner,
        RowVersionOf("customers"),
    )
}

pub fn list_named(db: &mut Db, ids: &[CustomerId]) -> Result<Vec<Named>, DbError> {
    Ok(on_backend!(db, |c| customers::table
        .filter(customers::id.eq_any(ids))
        .select(named_columns())
        .load(c))?)
}

pub fn list_named_by_numbers(db: &mut Db, numbers: &[&str]) -> Result<Vec<Named>, DbError> {
    Ok(on_backend!(db, |c| customers::table
        .filter(customers::number.eq_any(numbers))
        .select(named_columns())
        .load(c))?)
}

/// The first customers after one by id.
pub fn list_named_after(
    db: &mut Db,
    after: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<Named>, DbError> {
    Ok(on_backend!(db, |c| {
        let mut query = customers::table
            .order(customers::id)
            .limit(limit)
            .select(named_columns())
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(customers::id.gt(after));
        }
        query.load(c)
    })?)
}

/// A row of the one question: what it is about, its id, and for overdue amounts the day, sum and largest.
type Row = (SmallInt, IdColumn, Nullable<Date>, BigInt, BigInt);

/// Each part by an index, for all that is asked at once. What is found of an order number may be another customer's, or
/// for another purpose.
const POSTGRES: &str = "\
    SELECT 1::smallint, i.customer_id, i.due_date, SUM(i.open_minor)::bigint, MAX(i.open_minor) \
    FROM invoice_items i WHERE i.customer_id = ANY(?) \
    AND i.open_minor > 0 AND i.sold_on IS NULL AND i.due_date < ? GROUP BY i.customer_id, i.due_date \
    UNION ALL SELECT 2::smallint, b.account_id, NULL, CASE b.cause WHEN 'dunning' THEN 0 \
    WHEN 'insolvent' THEN 1 WHEN 'dissolved' THEN 2 ELSE 3 END, 0 FROM account_blocks b \
    WHERE b.account_id = ANY(?) AND b.lifted_at IS NULL \
    UNION ALL SELECT 3::smallint, r.id, NULL, 0, 0 FROM reservations r \
    WHERE r.order_number = ANY(?) AND r.status IN ('active', 'partially_captured') \
    UNION ALL SELECT 4::smallint, b.id, NULL, 0, 0 FROM credit_blocks b \
    WHERE b.order_number = ANY(?) AND b.status IN ('open', 'assigned') \
    UNION ALL SELECT 5::smallint, k.id, NULL, 0, 0 FROM idempotency_keys k WHERE k.id = ANY(?) \
    UNION ALL SELECT 6::smallint, w.id, NULL, 0, 0 FROM (SELECT UNNEST(?) AS id, UNNEST(?) AS row_version) w \
    LEFT JOIN customers c ON c.id = w.id AND c.xmin = w.row_version WHERE c.id IS NULL \
    UNION ALL SELECT 7::smallint, l.account_id, NULL, 0, 0 FROM additional_limits l \
    WHERE l.account_id = ANY(?) AND l.status IN ('active', 'consumed') \
    UNION ALL (SELECT 8::smallint, p.id, NULL, 0, 0 FROM portfolio_caps p LIMIT 1) \
    UNION ALL SELECT 9::smallint, p.id, NULL, 0, 0 FROM policies p WHERE p.status = 'live' \
    UNION ALL SELECT 10::smallint, w.id, NULL, 0, 0 FROM (SELECT UNNEST(?) AS id, UNNEST(?) AS row_version) w \
    LEFT JOIN credit_accounts a ON a.id = w.id AND a.xmin = w.row_version WHERE a.id IS NULL \
    UNION ALL SELECT DISTINCT 11::smallint, b.customer_id, NULL::date, 0, 0 FROM credit_blocks b \
    WHERE b.customer_id = ANY(?) AND b.status IN ('open', 'assigned')";

/// Looks it all up: one statement on PostgreSQL, prepared ones row by row on SQLite.
///
/// # Errors
/// When the database fails.
pub fn standing(db: &mut Db, wanted: &Wanted) -> Result<StandingFacts, DbError> {
    match db.conn() {
        Conn::Postgres(c) => {
            let named = |pick: fn(&Named) -> CustomerId| -> Vec<CustomerId> {
                wanted.named.iter().copied().map(pick).collect()
            };
            let row_versions: Vec<RowVersion> =
                wanted.named.iter().map(|named| named.row_version).collect();
            let with_versions = wanted.row_versions.map(|_| wanted.all_accounts);
            let rows = Statement::<_, Row>::new(POSTGRES)
                .bind::<Array<IdColumn>, _>(wanted.customers)
                .bind::<Date, _>(wanted.today)
                .bind::<Array<IdColumn>, _>(wanted.accounts)
                .bind::<Array<Text>, _>(wanted.orders)
                .bind::<Array<Text>, _>(wanted.orders)
                .bind::<Array<IdColumn>, _>(wanted.keys)
                .bind::<Array<IdColumn>, _>(named(|named| named.id))
                .bind::<Array<Integer>, _>(row_versions)
                .bind::<Array<IdColumn>, _>(wanted.all_accounts)
                .bind::<Array<IdColumn>, _>(with_versions.unwrap_or_default())
                .bind::<Array<Integer>, _>(wanted.row_versions.unwrap_or_default())
                .bind::<Array<IdColumn>, _>(wanted.customers)
                .load(&mut **c)?;
            Ok(StandingFacts::from_rows(rows))
        }
        Conn::Sqlite(c) => one_by_one(c, wanted),
    }
}

/// The condition on which a batch that was decided without locks may be written: that accounts were `moved` as many as
/// were to be, that others have the row versions that they had, and that nothing changed which is the same for all. Whether it
/// still holds when the statement has waited for others is the function's to see.
pub fn is_as_decided_on<'a>(
    moved: usize,
    others: &'a [CreditAccountId],
    row_versions: &'a [RowVersion],
    policy: Option<PolicyId>,
) -> Statement<'a, Pg> {
    let count_moved = match moved {
        0 => "0",
        _ => "(SELECT COUNT(*) FROM moved)",
    };
    let wanted = i64::try_from(moved + others.len()).unwrap_or(i64::MAX);
    let statement = if others.is_empty() {
        Statement::new(format!("credit_desk_is_right({count_moved}, ?, ?)"))
    } else {
        Statement::new(format!(
            "credit_desk_is_right({count_moved} + (SELECT COUNT(*) FROM (SELECT UNNEST(?) AS id, UNNEST(?) AS row_version) w \
             JOIN credit_accounts a ON a.id = w.id AND a.xmin = w.row_version), ?, ?)"
        ))
        .bind::<Array<IdColumn>, _>(others)
        .bind::<Array<Integer>, _>(row_versions)
    };
    statement
        .bind::<BigInt, _>(wanted)
        .bind::<Nullable<IdColumn>, _>(policy)
}

/// Those of these customers whose accounts somebody else has locked; nobody on SQLite, where the whole file is.
///
/// # Errors
/// When the database fails.
pub fn list_locked(db: &mut Db, customers: &[CustomerId]) -> Result<Vec<CustomerId>, DbError> {
    let Conn::Postgres(c) = db.conn() else {
        return Ok(Vec::new());
    };
    let rows: Vec<(CustomerId,)> = Statement::<_, (IdColumn,)>::new(
        "WITH free AS (SELECT id FROM credit_accounts WHERE customer_id = ANY(?) FOR UPDATE SKIP LOCKED) \
         SELECT customer_id FROM credit_accounts \
         WHERE customer_id = ANY(?) AND id NOT IN (SELECT id FROM free)",
    )
    .bind::<Array<IdColumn>, _>(customers)
    .bind::<Array<IdColumn>, _>(customers)
    .load(&mut **c)?;
    Ok(rows.into_iter().map(|(customer,)| customer).collect())
}

/// What is overdue of customers who owe beside their home balances, by balance and due date.
///
/// # Errors
/// When the database fails.
pub fn list_overdue_by_balance(
    db: &mut Db,
    customers: &[CustomerId],
    today: NaiveDate,
) -> Result<Vec<(CustomerId, Overdue)>, DbError> {
    type Found = (CustomerId, LegalEntityId, Currency, NaiveDate, i64, i64);
    let rows: Vec<Found> = on_backend!(db, |c| invoice_items::table
        .inner_join(invoices::table.on(invoices::id.eq(invoice_items::invoice_id)))
        .filter(invoice_items::customer_id.eq_any(customers))
        .filter(invoice_items::open_minor.gt(0))
        .filter(invoice_items::sold_on.is_null())
        .filter(invoice_items::due_date.lt(today))
        .group_by((
            invoice_items::customer_id,
            invoices::legal_entity_id,
            invoices::currency,
            invoice_items::due_date,
        ))
        .select((
            invoice_items::customer_id,
            invoices::legal_entity_id,
            invoices::currency,
            invoice_items::due_date,
            sum_minor!("invoice_items.open_minor"),
            diesel::dsl::max(invoice_items::open_minor).assume_not_null(),
        ))
        .load(c))?;
    Ok(rows
        .into_iter()
        .map(
            |(customer, entity, currency, due_date, sum_minor, largest_minor)| {
                let overdue = Overdue {
                    due_date,
                    sum_minor,
                    largest_minor,
                    balance: Some(BalanceKey::new(entity, currency)),
                };
                (customer, overdue)
            },
        )
        .collect())
}

/// Any id: its kind is known by the row's number.
#[derive(Clone, Copy)]
struct Any;

impl Kind for Any {
    const PREFIX: &'static str = "";
    const SCHEMA: &'static str = "";
    const NOUN: &'static str = "thing";
}

/// A [`Row`] as it is read.
type FoundRow = (i16, Id<Any>, Option<NaiveDate>, i64, i64);

/// The cause that has this number in [`POSTGRES`].
fn cause_at(number: i64) -> Option<BlockCause> {
    let index = usize::try_from(number).ok()?;
    BlockCause::ALL.get(index).copied()
}

impl StandingFacts {
    fn from_rows(rows: Vec<FoundRow>) -> StandingFacts {
        let mut standing = StandingFacts::default();
        for (what, id, day, sum_minor, largest_minor) in rows {
            let id: Uuid = id.uuid();
            match (what, day) {
                (1, Some(due_date)) => {
                    let overdue = Overdue {
                        due_date,
                        sum_minor,
                        largest_minor,
                        balance: None,
                    };
                    standing.overdue.push((Id::from_uuid(id), overdue));
                }
                (2, _) => standing
                    .blocked
                    .extend(cause_at(sum_minor).map(|cause| (Id::from_uuid(id), cause))),
                (3, _) => standing.reservations.push(Id::from_uuid(id)),
                (4, _) => standing.waiting.push(Id::from_uuid(id)),
                (5, _) => standing.keys.push(Id::from_uuid(id)),
                (6, _) => standing.changed_customers.push(Id::from_uuid(id)),
                (7, _) => standing.additional.push(Id::from_uuid(id)),
                (8, _) => standing.has_caps = true,
                (11, _) => standing.waiting_customers.push(Id::from_uuid(id)),
                (10, _) => standing.changed_accounts.push(Id::from_uuid(id)),
                _ => standing.live_policy = Some(Id::from_uuid(id)),
            }
        }
        standing
    }
}

fn one_by_one(c: &mut SqliteConnection, wanted: &Wanted) -> Result<StandingFacts, DbError> {
    let mut standing = StandingFacts::default();
    for customer in wanted.customers {
        let rows: Vec<(NaiveDate, i64, i64)> = Statement::<_, (Date, BigInt, BigInt)>::new(
            "SELECT due_date, SUM(open_minor), MAX(open_minor) FROM invoice_items \
             WHERE customer_id = ? AND open_minor > 0 AND sold_on IS NULL AND due_date < ? GROUP BY due_date",
        )
        .bind::<IdColumn, _>(*customer)
        .bind::<Date, _>(wanted.today)
        .load(c)?;
        let overdue = |(due_date, sum_minor, largest_minor)| Overdue {
            due_date,
            sum_minor,
            largest_minor,
            balance: None,
        };
        let rows = rows.into_iter().map(|row| (*customer, overdue(row)));
        standing.overdue.extend(rows);
    }
    for account in wanted.accounts {
        let causes: Vec<(BlockCause,)> = Statement::<_, (Text,)>::new(
            "SELECT cause FROM account_blocks WHERE account_id = ? AND lifted_at IS NULL",
        )
        .bind::<IdColumn, _>(*account)
        .load(c)?;
        let causes = causes.into_iter().map(|(cause,)| (*account, cause));
        standing.blocked.extend(causes);
    }
    for order in wanted.orders {
        standing.reservations.extend(ids(
            c,
            Statement::new(
                "SELECT id FROM reservations WHERE order_number = ? \
                 AND status IN ('active', 'partially_captured')",
            )
            .bind::<Text, _>(*order),
        )?);
        standing.waiting.extend(ids(
            c,
            Statement::new(
                "SELECT id FROM credit_blocks WHERE order_number = ? \
                 AND status IN ('open', 'assigned')",
            )
            .bind::<Text, _>(*order),
        )?);
    }
    for customer in wanted.named {
        type Row = (IdColumn, Text, Nullable<IdColumn>, Nullable<Text>, Integer);
        let found: Vec<Named> = Statement::<_, Row>::new(
            "SELECT id, number, parent_customer_id, owner, 0 FROM customers WHERE id = ?",
        )
        .bind::<IdColumn, _>(customer.id)
        .load(c)?;
        if found.first() != Some(customer) {
            standing.changed_customers.push(customer.id);
        }
    }
    for account in wanted.all_accounts {
        standing.additional.extend(ids(
            c,
            Statement::new(
                "SELECT account_id FROM additional_limits WHERE account_id = ? \
                 AND status IN ('active', 'consumed') LIMIT 1",
            )
            .bind::<IdColumn, _>(*account),
        )?);
    }
    let caps: Vec<PortfolioCapId> =
        ids(c, Statement::new("SELECT id FROM portfolio_caps LIMIT 1"))?;
    standing.has_caps = !caps.is_empty();
    let live = Statement::new("SELECT id FROM policies WHERE status = 'live'");
    standing.live_policy = ids(c, live)?.pop();
    for key in wanted.keys {
        standing.keys.extend(ids(
            c,
            Statement::new("SELECT id FROM idempotency_keys WHERE id = ?")
                .bind::<IdColumn, _>(*key),
        )?);
    }
    Ok(standing)
}

fn ids<K: Kind>(
    c: &mut SqliteConnection,
    statement: Statement<diesel::sqlite::Sqlite, (IdColumn,)>,
) -> Result<Vec<Id<K>>, DbError> {
    let rows: Vec<(Id<K>,)> = statement.load(c)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
