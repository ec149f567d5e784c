//! The credit account, its limits and its exposure.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;
use std::ops::{Add, AddAssign, Neg};

use crate::kernel::clock::Instant;
use crate::kernel::ids::{
    AccountBlockId, ApplicationId, CreditAccountId, CustomerId, DunningProcedureId, LimitId,
};
use crate::kernel::money::{Currency, Money};
use crate::platform::db::columns::text_enum;
use crate::platform::db::schema::{account_blocks, credit_accounts, limits};

text_enum! {
    /// Whether an account may be bought on.
    pub enum AccountStatus {
        Active = "active",
        Suspended = "suspended",
    }
}

text_enum! {
    /// What kind of limit there is. Zero is an amount like any other: it never means unlimited.
    pub enum LimitKind {
        /// No credit was granted: everything is to be prepaid.
        None = "none",
        /// No limit holds.
        Unlimited = "unlimited",
        /// Up to an amount.
        Amount = "amount",
    }
}

text_enum! {
    /// Whether a limit is for the customer itself or for its whole group.
    pub enum LimitScope {
        Own = "own",
        Group = "group",
    }
}

text_enum! {
    /// How a limit came to be.
    pub enum LimitSource {
        /// Granted by the approval of an application.
        Application = "application",
        /// Lowered by one person.
        Lowered = "lowered",
        /// Taken over from another system.
        Import = "import",
    }
}

text_enum! {
    /// What put a block on an account: paying what it is about lifts only that block.
    pub enum BlockCause {
        Dunning = "dunning",
    }
}

/// What a customer owes or may come to owe, by category, in minor units of the account's currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Exposure {
    /// What reservations still hold.
    pub reserved_minor: i64,
    /// What is open on invoices.
    pub receivable_minor: i64,
    /// Money and credit received that is not yet applied to an invoice: it lowers exposure.
    pub unapplied_minor: i64,
}

impl Exposure {
    /// Reservations and open invoices, less what is unapplied (formulas 3.16).
    pub const fn total_minor(self) -> i64 {
        self.reserved_minor
            .saturating_add(self.receivable_minor)
            .saturating_sub(self.unapplied_minor)
    }

    pub const fn reserved(minor: i64) -> Exposure {
        Exposure {
            reserved_minor: minor,
            receivable_minor: 0,
            unapplied_minor: 0,
        }
    }

    pub const fn receivable(minor: i64) -> Exposure {
        Exposure {
            reserved_minor: 0,
            receivable_minor: minor,
            unapplied_minor: 0,
        }
    }

    pub const fn unapplied(minor: i64) -> Exposure {
        Exposure {
            reserved_minor: 0,
            receivable_minor: 0,
            unapplied_minor: minor,
        }
    }

    pub fn is_zero(self) -> bool {
        self == Exposure::default()
    }
}

impl Add for Exposure {
    type Output = Exposure;

    /// Amounts have at most 14 digits, so that sums of many thousands of them stay far inside the range; a row that
    /// would leave it is refused by the database.
    fn add(self, other: Exposure) -> Exposure {
        Exposure {
            reserved_minor: self.reserved_minor.saturating_add(other.reserved_minor),
            receivable_minor: self.receivable_minor.saturating_add(other.receivable_minor),
            unapplied_minor: self.unapplied_minor.saturating_add(other.unapplied_minor),
        }
    }
}

impl AddAssign for Exposure {
    fn add_assign(&mut self, other: Exposure) {
        *self = *self + other;
    }
}

impl Neg for Exposure {
    type Output = Exposure;

    fn neg(self) -> Exposure {
        Exposure {
            reserved_minor: self.reserved_minor.saturating_neg(),
            receivable_minor: self.receivable_minor.saturating_neg(),
            unapplied_minor: self.unapplied_minor.saturating_neg(),
        }
    }
}

/// A limit as rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    None,
    Unlimited,
    Amount(i64),
}

impl Limit {
    pub const fn new(kind: LimitKind, minor: i64) -> Limit {
        match kind {
            LimitKind::None => Limit::None,
            LimitKind::Unlimited => Limit::Unlimited,
            LimitKind::Amount => Limit::Amount(minor),
        }
    }

    pub const fn kind(self) -> LimitKind {
        match self {
            Limit::None => LimitKind::None,
            Limit::Unlimited => LimitKind::Unlimited,
            Limit::Amount(_) => LimitKind::Amount,
        }
    }

    /// The amount in minor units; none when unlimited. No credit is a limit of zero.
    pub const fn minor(self) -> Option<i64> {
        match self {
            Limit::None => Some(0),
            Limit::Unlimited => None,
            Limit::Amount(minor) => Some(minor),
        }
    }
}

/// A customer's credit account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = credit_accounts, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct CreditAccount {
    pub id: CreditAccountId,
    pub customer_id: CustomerId,
    pub currency: Currency,
    pub status: AccountStatus,
    pub limit_kind: LimitKind,
    pub limit_minor: i64,
    /// How the limit came to be: `none`, or the source of the last entry in its history.
    pub limit_source: String,
    pub limit_valid_until: Option<NaiveDate>,
    pub net_days: i32,
    pub group_limit_kind: Option<LimitKind>,
    pub group_limit_minor: i64,
    pub dunning_procedure_id: Option<DunningProcedureId>,
    pub reserved_minor: i64,
    pub receivable_minor: i64,
    pub unapplied_minor: i64,
    pub group_reserved_minor: i64,
    pub group_receivable_minor: i64,
    pub group_unapplied_minor: i64,
    pub created_at: Instant,
    pub changed_at: Instant,
    /// Changes with limit, terms and status; exposure is left out of it.
    pub version: i64,
}

impl CreditAccount {
    pub const fn limit(&self) -> Limit {
        Limit::new(self.limit_kind, self.limit_minor)
    }

    /// The limit of the group under this account's customer, when it has one.
    pub fn group_limit(&self) -> Option<Limit> {
        self.group_limit_kind
            .map(|kind| Limit::new(kind, self.group_limit_minor))
    }

    pub const fn exposure(&self) -> Exposure {
        Exposure {
            reserved_minor: self.reserved_minor,
            receivable_minor: self.receivable_minor,
            unapplied_minor: self.unapplied_minor,
        }
    }

    /// The exposure of this account and of all below it in its group.
    pub const fn group_exposure(&self) -> Exposure {
        Exposure {
            reserved_minor: self.group_reserved_minor,
            receivable_minor: self.group_receivable_minor,
            unapplied_minor: self.group_unapplied_minor,
        }
    }

    pub const fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.currency)
    }
}

/// One entry in the history of an account's limits: appended, never changed.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = limits, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct LimitEntry {
    pub id: LimitId,
    pub account_id: CreditAccountId,
    pub scope: LimitScope,
    pub limit_kind: LimitKind,
    pub limit_minor: i64,
    pub currency: Currency,
    pub net_days: Option<i32>,
    pub valid_until: Option<NaiveDate>,
    pub source: LimitSource,
    pub application_id: Option<ApplicationId>,
    pub reason: String,
    pub set_by: String,
    pub set_at: Instant,
}

/// Something that stands in the way of buying on an account until it is lifted.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = account_blocks, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct AccountBlock {
    pub id: AccountBlockId,
    pub account_id: CreditAccountId,
    pub cause: BlockCause,
    pub reason: String,
    pub set_at: Instant,
    pub set_by: String,
    pub lifted_at: Option<Instant>,
    pub lifted_by: Option<String>,
}
