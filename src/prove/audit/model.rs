//! What was asked of the book, and what came of it.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Text};
use serde::Serialize;

use kernel::columns::IdColumn;
use kernel::ids::{Customer, CustomerId, Id, Kind, LegalEntityId, LimitCheckId};
use kernel::money::Currency;

/// How many lies of one kind are told; the others are counted.
pub const TOLD_MAX: usize = 20;

/// What was found of the whole book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// Whether every invariant holds.
    pub holds: bool,
    pub invariants: Vec<Finding>,
}

/// What was found of one invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub invariant: &'static str,
    /// How many rows it was asked of.
    pub rows: i64,
    /// In how many places it does not hold.
    pub lies: i64,
    /// The first of them.
    pub first: Vec<Lie>,
}

/// A place where a row says something else than the rows that it stands for. Money is in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lie {
    pub id: String,
    /// Which of its figures.
    pub what: String,
    pub stated: i64,
    pub counted: i64,
}

/// One invariant as a statement over the whole book.
pub struct Invariant {
    pub name: &'static str,
    /// The table whose rows it is about.
    pub table: &'static str,
    /// What its ids name.
    pub named: fn(RowId) -> String,
    /// Gives `id`, `what`, `stated` and `counted` for each figure.
    pub figures: String,
}

/// An id of which the statement knows the kind and the column does not.
pub type RowId = Id<Customer>;

/// A row's id as the kind of thing that it names.
pub fn named<K: Kind>(id: RowId) -> String {
    Id::<K>::from_uuid(id.uuid()).to_string()
}

#[derive(QueryableByName)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct LieRow {
    #[diesel(sql_type = IdColumn)]
    pub id: RowId,
    #[diesel(sql_type = Text)]
    pub what: String,
    #[diesel(sql_type = BigInt)]
    pub stated: i64,
    #[diesel(sql_type = BigInt)]
    pub counted: i64,
    /// How many there are in all.
    #[diesel(sql_type = BigInt)]
    pub lies: i64,
}

/// By how much what a customer owes a company on its documents changed on a day.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Movement {
    #[diesel(sql_type = IdColumn)]
    pub customer_id: CustomerId,
    #[diesel(sql_type = IdColumn)]
    pub legal_entity_id: LegalEntityId,
    #[diesel(sql_type = Text)]
    pub currency: Currency,
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    #[diesel(sql_type = BigInt)]
    pub minor: i64,
}

/// An approved check, as far as the audit reads it.
pub struct Approved {
    pub id: LimitCheckId,
    pub policy_version: i32,
    /// The decision record, as JSON.
    pub record: String,
}

impl Audit {
    pub fn of(invariants: Vec<Finding>) -> Audit {
        Audit {
            holds: invariants.iter().all(|finding| finding.lies == 0),
            invariants,
        }
    }
}

impl Finding {
    pub const fn new(invariant: &'static str) -> Finding {
        Finding {
            invariant,
            rows: 0,
            lies: 0,
            first: Vec::new(),
        }
    }

    /// Counts a lie, and keeps it when it is among the first.
    pub fn add(&mut self, lie: Lie) {
        self.lies += 1;
        if self.first.len() < TOLD_MAX {
            self.first.push(lie);
        }
    }
}
