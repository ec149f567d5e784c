//! Queries of reports.

mod aging;

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::book::exposure::model::{CreditAccount, Exposure};
use crate::platform::db::schema::{credit_accounts, customers};
use crate::platform::db::{Db, DbError, on_backend};
use kernel::ids::CustomerId;
use kernel::money::Currency;
use kernel::text::Subject;

pub use aging::aging;

/// What the accounts in one currency owe and may come to owe.
pub fn list_exposures(
    db: &mut Db,
    currency: Currency,
) -> Result<Vec<(CustomerId, Exposure)>, DbError> {
    let accounts: Vec<CreditAccount> = on_backend!(db, |c| credit_accounts::table
        .filter(credit_accounts::currency.eq(currency))
        .order(credit_accounts::id)
        .select(CreditAccount::as_select())
        .load(c))?;
    let each = accounts.into_iter();
    Ok(each
        .map(|account| (account.customer_id, account.exposure()))
        .collect())
}

/// The customers of an owner.
pub fn list_owned(db: &mut Db, owner: &Subject) -> Result<BTreeSet<CustomerId>, DbError> {
    let ids: Vec<CustomerId> = on_backend!(db, |c| customers::table
        .filter(customers::owner.eq(owner))
        .select(customers::id)
        .load(c))?;
    Ok(ids.into_iter().collect())
}
