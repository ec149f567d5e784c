//! Queries on the payment terms that are agreed with customers.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::balances;
use crate::book::exposure::model::AgreedTerms;
use crate::platform::db::schema::account_payment_terms;
use crate::platform::db::{Db, DbError, Tx, on_backend};
use kernel::ids::CreditAccountId;
use kernel::text::Keyword;

pub fn find(db: &mut Db, account: CreditAccountId) -> Result<Option<AgreedTerms>, DbError> {
    Ok(on_backend!(db, |c| account_payment_terms::table
        .find(account)
        .select(AgreedTerms::as_select())
        .first(c)
        .optional())?)
}

/// The payment terms of those of these accounts that have any.
pub fn list_codes(
    db: &mut Db,
    accounts: &[CreditAccountId],
) -> Result<BTreeMap<CreditAccountId, Keyword>, DbError> {
    let mut found = BTreeMap::new();
    for chunk in accounts.chunks(5_000) {
        let rows: Vec<(CreditAccountId, Option<Keyword>)> =
            on_backend!(db, |c| account_payment_terms::table
                .filter(account_payment_terms::account_id.eq_any(chunk))
                .select((
                    account_payment_terms::account_id,
                    account_payment_terms::payment_terms
                ))
                .load(c))?;
        let rows = rows.into_iter();
        found.extend(rows.filter_map(|(account, code)| Some((account, code?))));
    }
    Ok(found)
}

/// Writes them. The account must be locked; its row changes with them.
pub fn save(tx: &mut Tx, row: &AgreedTerms) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(account_payment_terms::table)
        .values(row)
        .on_conflict(account_payment_terms::account_id)
        .do_update()
        .set(row)
        .execute(c))?;
    balances::mark_terms(tx, row.account_id)
}
