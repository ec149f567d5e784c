//! Queries: whose accounts are.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::platform::db::schema::credit_accounts::{self, dsl};
use crate::platform::db::{Db, DbError, on_backend};
use kernel::ids::{CreditAccountId, CustomerId};

/// The customers of accounts.
pub fn owners(
    db: &mut Db,
    accounts: &[CreditAccountId],
) -> Result<BTreeMap<CreditAccountId, CustomerId>, DbError> {
    if accounts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(CreditAccountId, CustomerId)> = on_backend!(db, |c| credit_accounts::table
        .filter(dsl::id.eq_any(accounts))
        .select((dsl::id, dsl::customer_id))
        .load(c))?;
    Ok(rows.into_iter().collect())
}
