//! What can be taken away as tables: each room declares its own, in `exports.rs`.
//!
//! A declaration names a table of the database and its columns as the API calls them. It is data and no query: how it is read,
//! on both databases and row by row, is `platform/db/rows.rs`, and `prove/exports` writes the files. `house::exports` fails when
//! a table or a column of the database is neither exported nor left out with a reason.

use tables::{AMOUNT, Column, Kind, RATE, SHARE};

use super::db::rows::{Join, Kept, Place, Selection, Span};
use super::http::auth::Permission;
use kernel::caller::{Caller, Role};
use kernel::ids;

/// A table that can be taken away.
#[derive(Debug)]
pub struct ExportTable {
    /// The resource's name, in the plural: what `/v1/exports` is asked for.
    pub name: &'static str,
    pub description: &'static str,
    /// The table of the database.
    pub table: &'static str,
    pub fields: &'static [ExportField],
    /// What stands beside its rows, by id.
    pub joins: &'static [Join],
    /// The columns that say in which order the rows come.
    pub order: &'static [&'static str],
    /// The day by which it can be asked for a period, or as of a day.
    pub day: Option<DayOf>,
    /// Who may read what it holds.
    pub readers: Readers,
    /// Columns that are not taken away, each with the reason.
    pub left_out: &'static [(&'static str, &'static str)],
}

/// Who may read what a table holds: whoever has a permission, by role and, where the caller's scopes are bounded, by scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readers {
    pub permission: &'static str,
    pub roles: &'static [Role],
}

impl Readers {
    /// Whoever has this permission.
    pub const fn of<P: Permission>() -> Readers {
        Readers {
            permission: P::NAME,
            roles: P::ROLES,
        }
    }

    /// Whether they are among them.
    pub fn admit(self, caller: &Caller) -> bool {
        caller.has_any(self.roles) && caller.has_scope(self.permission)
    }
}

/// The column that says to which day a row belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayOf {
    Day(&'static str),
    Instant(&'static str),
}

/// A column of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportField {
    pub name: &'static str,
    pub place: Place,
    pub kept: Kept,
    pub holds: Holds,
}

/// Whether what a column holds wants care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    Business,
    /// Of a person, or what people wrote.
    Personal,
    /// Of an account at a bank.
    Bank,
}

impl ExportField {
    /// A column of the table itself, by the name that it has there.
    pub const fn new(name: &'static str, kept: Kept) -> ExportField {
        ExportField {
            name,
            place: Place {
                of: "",
                column: name,
            },
            kept,
            holds: Holds::Business,
        }
    }

    /// The same, kept in a column of another name.
    pub const fn column(mut self, column: &'static str) -> ExportField {
        self.place.column = column;
        self
    }

    /// The same, of a table that is joined.
    pub const fn of(mut self, join: &'static str, column: &'static str) -> ExportField {
        self.place = Place { of: join, column };
        self
    }

    pub const fn personal(mut self) -> ExportField {
        self.holds = Holds::Personal;
        self
    }

    pub const fn bank(mut self) -> ExportField {
        self.holds = Holds::Bank;
        self
    }

    /// The column as a file has it.
    pub fn written(&self) -> Column {
        let kind = match self.kept {
            Kept::Text | Kept::Bytes => Kind::Text,
            Kept::Json => Kind::Json,
            Kept::Id(_) => Kind::Id,
            Kept::Integer | Kept::Long => Kind::Integer,
            Kept::Boolean => Kind::Boolean,
            Kept::Day => Kind::Day,
            Kept::Instant => Kind::Instant,
            Kept::Money(_) => AMOUNT,
            Kept::Rate => RATE,
            Kept::Millionths => SHARE,
        };
        Column {
            name: self.name.to_owned(),
            kind,
        }
    }
}

pub const fn text(name: &'static str) -> ExportField {
    ExportField::new(name, Kept::Text)
}

/// A document, as JSON.
pub const fn json(name: &'static str) -> ExportField {
    ExportField::new(name, Kept::Json)
}

pub const fn id<K: ids::Kind>(name: &'static str) -> ExportField {
    ExportField::new(name, Kept::Id(K::PREFIX))
}

pub const fn integer(name: &'static str) -> ExportField {
    ExportField::new(name, Kept::Integer)
}

pub const fn long(name: &'static str) -> ExportField {
    ExportField::new(name, Kept::Long)
}

pub const fn boolean(name: &'static str) -> ExportField {
    ExportField::new(name, Kept::Boolean)
}

pub const fn day(name: &'static str) -> ExportField {
    ExportField::new(name, Kept::Day)
}

pub const fn instant(name: &'static str) -> ExportField {
    ExportField::new(name, Kept::Instant)
}

pub const fn rate(name: &'static str) -> ExportField {
    ExportField::new(name, Kept::Rate)
}

pub const fn bytes(name: &'static str) -> ExportField {
    ExportField::new(name, Kept::Bytes)
}

/// A share, in a column of parts per million.
pub const fn share(name: &'static str, column: &'static str) -> ExportField {
    ExportField::new(name, Kept::Millionths).column(column)
}

/// An amount, in a column of minor units of the row's own `currency`.
pub const fn money(name: &'static str, column: &'static str) -> ExportField {
    money_in(name, column, "", "currency")
}

/// An amount whose currency stands in another column, or in a table that is joined.
pub const fn money_in(
    name: &'static str,
    column: &'static str,
    join: &'static str,
    currency: &'static str,
) -> ExportField {
    let kept = Kept::Money(Place {
        of: join,
        column: currency,
    });
    ExportField::new(name, kept).column(column)
}

/// The row's customer, by `customer_id`.
pub const CUSTOMER: Join = Join::by_id("customer", "customers", "customer_id");

/// The customer's number, beside its id.
pub const CUSTOMER_NUMBER: ExportField = text("customer_number").of("customer", "number");

/// The customer's name, beside its id.
pub const CUSTOMER_NAME: ExportField = text("customer_name").of("customer", "name").personal();

impl ExportTable {
    /// The columns as a file has them.
    pub fn columns(&self) -> Vec<Column> {
        self.fields.iter().map(ExportField::written).collect()
    }

    /// What is read for it: all rows, or those of a span.
    pub fn selection(&self, span: Option<Span>) -> Selection {
        let column = self.day.map(|day| match day {
            DayOf::Day(column) | DayOf::Instant(column) => column,
        });
        Selection {
            table: self.table,
            query: None,
            joins: self.joins,
            columns: self
                .fields
                .iter()
                .map(|field| (field.place, field.kept))
                .collect(),
            within: column.zip(span),
            order: self.order,
        }
    }
}
