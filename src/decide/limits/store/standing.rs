//! What stands for a batch of checks: everything that the desk looks up beside the accounts, in one question.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, SmallInt, Text};
use diesel::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::book::customers::model::Customer;
use crate::decide::limits::facts::Overdue;
use crate::kernel::ids::{
    CreditAccountId, CreditBlockId, CustomerId, Id, IdempotencyKeyId, Kind, PolicyId,
    PortfolioCapId, ReservationId,
};
use crate::kernel::text::{Number, Subject};
use crate::platform::db::columns::IdColumn;
use crate::platform::db::{Conn, Db, DbError, Statement};

/// What is asked about.
pub struct Wanted<'a> {
    /// Those of the checks, and their accounts.
    pub customers: &'a [CustomerId],
    pub accounts: &'a [CreditAccountId],
    /// These with everybody above them.
    pub all_customers: &'a [CustomerId],
    pub all_accounts: &'a [CreditAccountId],
    /// Their order numbers.
    pub orders: &'a [&'a str],
    pub keys: &'a [IdempotencyKeyId],
    pub today: NaiveDate,
}

/// What was found, which for most checks is nothing.
#[derive(Default)]
pub struct Standing {
    /// What is overdue, by customer and due date: one row for each, however many invoices there are.
    pub overdue: Vec<(CustomerId, Overdue)>,
    /// The accounts on which a block stands.
    pub blocked: Vec<CreditAccountId>,
    /// Open reservations of the orders.
    pub reservations: Vec<ReservationId>,
    /// Credit blocks at which the orders wait.
    pub waiting: Vec<CreditBlockId>,
    /// Idempotency keys that were used before.
    pub keys: Vec<IdempotencyKeyId>,
    pub named: Vec<Named>,
    /// Whether limits beside the base limits stand on any of the accounts.
    pub has_additional: bool,
    pub has_caps: bool,
    pub live_policy: Option<PolicyId>,
}

/// A customer, as far as the desk must know it.
#[derive(Debug, Clone)]
pub struct Named {
    pub id: CustomerId,
    pub number: Number,
    pub parent: Option<CustomerId>,
    pub owner: Option<Subject>,
}

impl From<Customer> for Named {
    fn from(customer: Customer) -> Named {
        Named {
            id: customer.id,
            number: customer.number,
            parent: customer.parent_customer_id,
            owner: customer.owner,
        }
    }
}

/// A row of the one question: what it is about, its id, for overdue amounts the day, sum and largest, for customers the
/// parent, number and owner.
type Row = (
    SmallInt,
    IdColumn,
    Nullable<Date>,
    BigInt,
    BigInt,
    Nullable<IdColumn>,
    Nullable<Text>,
    Nullable<Text>,
);

/// Each part by an index, for all that is asked at once. What is found of an order number may be another customer's, or
/// for another purpose.
const POSTGRES: &str = "\
    SELECT 1::smallint, i.customer_id, i.due_date, SUM(i.open_minor)::bigint, MAX(i.open_minor), \
    NULL::uuid, NULL, NULL FROM invoices i WHERE i.customer_id = ANY(?) \
    AND i.open_minor > 0 AND i.due_date < ? GROUP BY i.customer_id, i.due_date \
    UNION ALL SELECT 2::smallint, b.account_id, NULL, 0, 0, NULL, NULL, NULL FROM account_blocks b \
    WHERE b.account_id = ANY(?) AND b.lifted_at IS NULL \
    UNION ALL SELECT 3::smallint, r.id, NULL, 0, 0, NULL, NULL, NULL FROM reservations r \
    WHERE r.order_number = ANY(?) AND r.status IN ('active', 'partially_captured') \
    UNION ALL SELECT 4::smallint, b.id, NULL, 0, 0, NULL, NULL, NULL FROM credit_blocks b \
    WHERE b.order_number = ANY(?) AND b.status IN ('open', 'assigned') \
    UNION ALL SELECT 5::smallint, k.id, NULL, 0, 0, NULL, NULL, NULL FROM idempotency_keys k WHERE k.id = ANY(?) \
    UNION ALL SELECT 6::smallint, c.id, NULL, 0, 0, c.parent_customer_id, c.number, c.owner \
    FROM customers c WHERE c.id = ANY(?) \
    UNION ALL SELECT 7::smallint, l.account_id, NULL, 0, 0, NULL, NULL, NULL FROM additional_limits l \
    WHERE l.account_id = ANY(?) AND l.status IN ('active', 'consumed') \
    UNION ALL (SELECT 8::smallint, p.id, NULL, 0, 0, NULL, NULL, NULL FROM portfolio_caps p LIMIT 1) \
    UNION ALL SELECT 9::smallint, p.id, NULL, 0, 0, NULL, NULL, NULL FROM policies p WHERE p.status = 'live'";

/// Looks it all up: one statement on PostgreSQL, prepared ones row by row on SQLite.
///
/// # Errors
/// When the database fails.
pub fn standing(db: &mut Db, wanted: &Wanted) -> Result<Standing, DbError> {
    match db.conn() {
        Conn::Postgres(c) => {
            let rows = Statement::<_, Row>::new(POSTGRES)
                .bind::<Array<IdColumn>, _>(wanted.customers)
                .bind::<Date, _>(wanted.today)
                .bind::<Array<IdColumn>, _>(wanted.accounts)
                .bind::<Array<Text>, _>(wanted.orders)
                .bind::<Array<Text>, _>(wanted.orders)
                .bind::<Array<IdColumn>, _>(wanted.keys)
                .bind::<Array<IdColumn>, _>(wanted.all_customers)
                .bind::<Array<IdColumn>, _>(wanted.all_accounts)
                .load(&mut **c)?;
            Ok(Standing::sort_out(rows))
        }
        Conn::Sqlite(c) => one_by_one(c, wanted),
    }
}

/// Any id: its kind is known by the row's number.
#[derive(Clone, Copy)]
struct Any;

impl Kind for Any {
    const PREFIX: &'static str = "";
    const SCHEMA: &'static str = "";
}

/// A [`Row`] as it is read.
type Found = (
    i16,
    Id<Any>,
    Option<NaiveDate>,
    i64,
    i64,
    Option<CustomerId>,
    Option<Number>,
    Option<Subject>,
);

impl Standing {
    fn sort_out(rows: Vec<Found>) -> Standing {
        let mut standing = Standing::default();
        for (what, id, day, sum_minor, largest_minor, parent, number, owner) in rows {
            let id: Uuid = id.uuid();
            match (what, day, number) {
                (1, Some(due_date), _) => {
                    let overdue = Overdue {
                        due_date,
                        sum_minor,
                        largest_minor,
                    };
                    standing.overdue.push((Id::from_uuid(id), overdue));
                }
                (2, ..) => standing.blocked.push(Id::from_uuid(id)),
                (3, ..) => standing.reservations.push(Id::from_uuid(id)),
                (4, ..) => standing.waiting.push(Id::from_uuid(id)),
                (5, ..) => standing.keys.push(Id::from_uuid(id)),
                (6, _, Some(number)) => standing.named.push(Named {
                    id: Id::from_uuid(id),
                    number,
                    parent,
                    owner,
                }),
                (7, ..) => standing.has_additional = true,
                (8, ..) => standing.has_caps = true,
                _ => standing.live_policy = Some(Id::from_uuid(id)),
            }
        }
        standing
    }
}

fn one_by_one(c: &mut SqliteConnection, wanted: &Wanted) -> Result<Standing, DbError> {
    let mut standing = Standing::default();
    for customer in wanted.customers {
        let rows: Vec<(NaiveDate, i64, i64)> = Statement::<_, (Date, BigInt, BigInt)>::new(
            "SELECT due_date, SUM(open_minor), MAX(open_minor) FROM invoices \
             WHERE customer_id = ? AND open_minor > 0 AND due_date < ? GROUP BY due_date",
        )
        .bind::<IdColumn, _>(*customer)
        .bind::<Date, _>(wanted.today)
        .load(c)?;
        let overdue = |(due_date, sum_minor, largest_minor)| Overdue {
            due_date,
            sum_minor,
            largest_minor,
        };
        let rows = rows.into_iter().map(|row| (*customer, overdue(row)));
        standing.overdue.extend(rows);
    }
    for account in wanted.accounts {
        standing.blocked.extend(ids(
            c,
            Statement::new(
                "SELECT account_id FROM account_blocks WHERE account_id = ? AND lifted_at IS NULL",
            )
            .bind::<IdColumn, _>(*account),
        )?);
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
    for customer in wanted.all_customers {
        type Row = (IdColumn, Text, Nullable<IdColumn>, Nullable<Text>);
        let rows: Vec<(CustomerId, Number, Option<CustomerId>, Option<Subject>)> =
            Statement::<_, Row>::new(
                "SELECT id, number, parent_customer_id, owner FROM customers WHERE id = ?",
            )
            .bind::<IdColumn, _>(*customer)
            .load(c)?;
        let named = |(id, number, parent, owner)| Named {
            id,
            number,
            parent,
            owner,
        };
        standing.named.extend(rows.into_iter().map(named));
    }
    for account in wanted.all_accounts {
        let found: Vec<CreditAccountId> = ids(
            c,
            Statement::new(
                "SELECT account_id FROM additional_limits WHERE account_id = ? \
                 AND status IN ('active', 'consumed') LIMIT 1",
            )
            .bind::<IdColumn, _>(*account),
        )?;
        standing.has_additional |= !found.is_empty();
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
