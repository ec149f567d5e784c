//! Saying that tokens count no more.

use super::input::TokenRevocationIn;
use super::model::TokenRevocation;
use super::store;
use crate::platform::db::{Change, DbError, Tx};
use crate::platform::http::auth::is_name;
use kernel::clock::machine_now;
use kernel::ids::TokenRevocationId;

/// Longer than any token lives, whatever its issuer's settings, with what clocks may be apart.
const KEPT_SECONDS: i64 = 8 * 24 * 60 * 60;

/// How many are forgotten in one unit of work.
const FORGOTTEN_AT_ONCE: i64 = 500;

/// A token may say that it was issued by so many seconds later than now, because its issuer's clock is ahead: such a one is
/// revoked as well.
const AHEAD_SECONDS: i64 = 60;

/// Why tokens can't be revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    #[error("must name either a token or a subject")]
    NotOne,
    #[error("must have 1 to 255 characters, none of them a control character")]
    NoName,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Seconds since 1970: tokens use the clock on the wall.
pub fn wall_seconds() -> i64 {
    machine_now().utc().timestamp()
}

/// Says that tokens count no more.
///
/// # Errors
/// When it does not say which, or names a token as none can be named.
pub fn revoke(tx: &mut Tx, input: &TokenRevocationIn) -> Result<TokenRevocation, RevocationError> {
    if input.token_id.is_some() == input.subject.is_some() {
        return Err(RevocationError::NotOne);
    }
    let is_no_name = |name: &str| !is_name(name);
    if input.token_id.as_deref().is_some_and(is_no_name) {
        return Err(RevocationError::NoName);
    }
    let now = wall_seconds();
    let row = TokenRevocation {
        id: TokenRevocationId::new(),
        token_id: input.token_id.clone(),
        subject: input.subject.clone(),
        issued_until: now.saturating_add(AHEAD_SECONDS),
        kept_until: now.saturating_add(KEPT_SECONDS),
        reason: input.reason.clone(),
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
    };
    store::insert(tx, &row)?;
    let change = Change::new("token_revocation.created", row.id).after(&row);
    tx.record(change.because(&input.reason))?;
    Ok(row)
}

/// Forgets some that are about nothing any more, and says how many.
///
/// # Errors
/// When the database fails.
pub fn forget_old(tx: &mut Tx) -> Result<usize, DbError> {
    let old = store::list_old(tx, wall_seconds(), FORGOTTEN_AT_ONCE)?;
    if !old.is_empty() {
        store::delete(tx, &old)?;
        tx.is_its_own_record();
    }
    Ok(old.len())
}
