//! What stands for a batch of checks: everything that the desk looks up beside the accounts, in one question.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, SmallInt, Text};
use diesel::sqlite::SqliteConnection;
use uuid::Uuid;

use super::Order;
use crate::decide::limits::facts::Overdue;
use crate::kernel::ids::{
    CreditAccountId, CreditBlockId, CustomerId, Id, IdempotencyKeyId, Kind, ReservationId,
};
use crate::platform::db::columns::IdColumn;
use crate::platform::db::{Conn, Db, DbError, Statement};

/// What is asked about.
pub struct Wanted<'a> {
    pub customers: &'a [CustomerId],
    pub accounts: &'a [CreditAccountId],
    pub orders: &'a [Order<'a>],
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
}

/// A row of the one question: what it is about, its id, and for overdue amounts the day, sum and largest.
type Row = (SmallInt, IdColumn, Nullable<Date>, BigInt, BigInt);

const POSTGRES: &str = "\
    SELECT 1::smallint, i.customer_id, i.due_date, SUM(i.open_minor)::bigint, MAX(i.open_minor) \
    FROM UNNEST(?) AS w(id) JOIN invoices i ON i.customer_id = w.id \
    WHERE i.open_minor > 0 AND i.due_date < ? GROUP BY i.customer_id, i.due_date \
    UNION ALL SELECT 2::smallint, b.account_id, NULL, 0, 0 \
    FROM UNNEST(?) AS w(id) JOIN account_blocks b ON b.account_id = w.id WHERE b.lifted_at IS NULL \
    UNION ALL SELECT 3::smallint, r.id, NULL, 0, 0 FROM UNNEST(?, ?) AS w(customer, number) \
    JOIN reservations r ON r.customer_id = w.customer AND r.order_number = w.number \
    AND r.status IN ('active', 'partially_captured') \
    UNION ALL SELECT 4::smallint, b.id, NULL, 0, 0 FROM UNNEST(?, ?) AS w(customer, number) \
    JOIN credit_blocks b ON b.customer_id = w.customer AND b.order_number = w.number \
    AND b.status IN ('open', 'assigned') \
    UNION ALL SELECT 5::smallint, k.id, NULL, 0, 0 \
    FROM UNNEST(?) AS w(id) JOIN idempotency_keys k ON k.id = w.id";

/// Looks it all up: one statement on PostgreSQL, prepared ones row by row on SQLite.
///
/// # Errors
/// When the database fails.
pub fn standing(db: &mut Db, wanted: &Wanted) -> Result<Standing, DbError> {
    match db.conn() {
        Conn::Postgres(c) => {
            let customers: Vec<CustomerId> = wanted.orders.iter().map(|order| order.0).collect();
            let numbers: Vec<&str> = wanted.orders.iter().map(|order| order.1).collect();
            let rows = Statement::<_, Row>::new(POSTGRES)
                .bind::<Array<IdColumn>, _>(wanted.customers)
                .bind::<Date, _>(wanted.today)
                .bind::<Array<IdColumn>, _>(wanted.accounts)
                .bind::<Array<IdColumn>, _>(&customers)
                .bind::<Array<Text>, _>(&numbers)
                .bind::<Array<IdColumn>, _>(&customers)
                .bind::<Array<Text>, _>(&numbers)
                .bind::<Array<IdColumn>, _>(wanted.keys)
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

impl Standing {
    fn sort_out(rows: Vec<(i16, Id<Any>, Option<NaiveDate>, i64, i64)>) -> Standing {
        let mut standing = Standing::default();
        for (what, id, day, sum_minor, largest_minor) in rows {
            let id: Uuid = id.uuid();
            match (what, day) {
                (1, Some(due_date)) => {
                    let overdue = Overdue {
                        due_date,
                        sum_minor,
                        largest_minor,
                    };
                    standing.overdue.push((Id::from_uuid(id), overdue));
                }
                (2, _) => standing.blocked.push(Id::from_uuid(id)),
                (3, _) => standing.reservations.push(Id::from_uuid(id)),
                (4, _) => standing.waiting.push(Id::from_uuid(id)),
                _ => standing.keys.push(Id::from_uuid(id)),
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
    for (customer, order) in wanted.orders {
        standing.reservations.extend(ids(
            c,
            Statement::new(
                "SELECT id FROM reservations WHERE customer_id = ? AND order_number = ? \
                 AND status IN ('active', 'partially_captured')",
            )
            .bind::<IdColumn, _>(*customer)
            .bind::<Text, _>(*order),
        )?);
        standing.waiting.extend(ids(
            c,
            Statement::new(
                "SELECT id FROM credit_blocks WHERE customer_id = ? AND order_number = ? \
                 AND status IN ('open', 'assigned')",
            )
            .bind::<IdColumn, _>(*customer)
            .bind::<Text, _>(*order),
        )?);
    }
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
