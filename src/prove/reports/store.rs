//! Queries of reports.

mod aging;
mod violations;

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::model::OverLimitQuestion;
use crate::book::customers::store::list_wanted;
use crate::book::exposure::model::CreditAccount;
use crate::platform::db::schema::{credit_accounts, customers, limit_checks};
use crate::platform::db::{Db, DbError, on_backend};
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, CustomerId};
use kernel::money::Currency;
use kernel::text::Subject;

pub use aging::aging;
pub use violations::{customers_of_documents, list_violations};

/// The accounts whose limits are in one currency.
pub fn list_accounts(db: &mut Db, currency: Currency) -> Result<Vec<CreditAccount>, DbError> {
    Ok(on_backend!(db, |c| credit_accounts::table
        .filter(credit_accounts::currency.eq(currency))
        .order(credit_accounts::id)
        .select(CreditAccount::as_select())
        .load(c))?)
}

/// The next accounts after one, in order of id, that owe beside their home balances and have a limit, each with the instant
/// of its last limit check.
pub fn list_in_several_currencies(
    db: &mut Db,
    question: &OverLimitQuestion,
    after: Option<CreditAccountId>,
    count: i64,
) -> Result<Vec<(CreditAccount, Option<Instant>)>, DbError> {
    let wanted = list_wanted(db, &question.customers)?;
    Ok(on_backend!(db, |c| {
        let last_check = limit_checks::table
            .filter(limit_checks::customer_id.eq(credit_accounts::customer_id))
            .order(limit_checks::id.desc())
            .select(limit_checks::checked_at)
            .limit(1)
            .single_value();
        let mut query = credit_accounts::table
            .filter(credit_accounts::has_other_balances.eq(true))
            .order(credit_accounts::id)
            .limit(count)
            .select((CreditAccount::as_select(), last_check))
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(credit_accounts::id.gt(after));
        }
        if let Some(owner) = &question.owner {
            let own = customers::table
                .filter(customers::owner.eq(owner))
                .select(customers::id);
            query = query.filter(credit_accounts::customer_id.eq_any(own));
        }
        if let Some(wanted) = &wanted {
            query = query.filter(credit_accounts::customer_id.eq_any(wanted));
        }
        if !question.currencies.is_empty() {
            query = query.filter(credit_accounts::currency.eq_any(&question.currencies));
        }
        query.load(c)
    })?)
}

/// The customers of an owner.
pub fn list_owned(db: &mut Db, owner: &Subject) -> Result<BTreeSet<CustomerId>, DbError> {
    let ids: Vec<CustomerId> = on_backend!(db, |c| customers::table
        .filter(customers::owner.eq(owner))
        .select(customers::id)
        .load(c))?;
    Ok(ids.into_iter().collect())
}
