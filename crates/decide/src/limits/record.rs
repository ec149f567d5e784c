//! A decision as it is answered and stored.

use super::check::record::Record;
use super::model::LimitCheck;
use crate::platform::db::{DbError, read_document};
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, LimitCheckId};

/// A decision as it is answered: its record, with what stands beside it.
#[derive(Debug)]
pub struct Decided {
    /// None for a dry run, which is not recorded.
    pub id: Option<LimitCheckId>,
    pub account: CreditAccountId,
    pub policy_version: i32,
    pub checked_at: Instant,
    pub record: Record,
}

impl Decided {
    /// The decision that was recorded.
    ///
    /// # Errors
    /// When the record can't be read, which can't be.
    pub fn read(check: &LimitCheck) -> Result<Decided, DbError> {
        Ok(Decided {
            id: Some(check.id),
            account: check.account_id,
            policy_version: check.policy_version,
            checked_at: check.checked_at,
            record: read_document(&check.record)?,
        })
    }
}
