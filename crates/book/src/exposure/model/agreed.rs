//! The payment terms that are agreed with a customer.

use diesel::prelude::*;
use serde::Serialize;

use crate::platform::db::schema::account_payment_terms;
use kernel::clock::Instant;
use kernel::ids::CreditAccountId;
use kernel::text::{Keyword, Subject};

/// The payment terms of an account's invoices that name none and state no due date, whichever company sells.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = account_payment_terms, treat_none_as_default_value = false, treat_none_as_null = true)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct AgreedTerms {
    #[diesel(skip_update)]
    pub account_id: CreditAccountId,
    /// None when they were given up: the net days hold.
    pub payment_terms: Option<Keyword>,
    pub reason: String,
    pub set_by: Subject,
    pub changed_at: Instant,
    pub version: i64,
}
