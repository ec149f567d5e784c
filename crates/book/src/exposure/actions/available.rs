//! What a customer may still buy, for those who keep it elsewhere for a while.

use std::collections::BTreeSet;

use super::bounds::{Bounds, ForOrder};
use super::read_all;
use crate::book::exposure::model::CreditAccount;
use crate::book::policy::actions as policies;
use crate::platform::db::{Db, DbError};
use kernel::ids::CustomerId;

/// An account, and what it may still buy.
#[derive(Debug, Clone)]
pub struct Available {
    pub account: CreditAccount,
    /// The least that the account's own limit, those of its groups and our caps leave; none when nothing limits it.
    pub available_minor: Option<i64>,
}

/// What a customer may still buy now; none when it has no account.
///
/// # Errors
/// When the database fails.
pub fn read_available(db: &mut Db, customer: CustomerId) -> Result<Option<Available>, DbError> {
    let policy = policies::live(db)?;
    let lines = read_all(db, &BTreeSet::from([customer]))?;
    let bounds = Bounds::read(db, lines.values())?;
    Ok(lines.get(&customer).map(|line| {
        let places = bounds.places(&line.owing(), &line.caps, ForOrder::default());
        let account = line.account.clone();
        Available {
            available_minor: places.available(account.currency, &policy.document),
            account,
        }
    }))
}
