//! The payment terms that are agreed with a customer.

use super::{AccountError, check_payment_terms, lock};
use crate::book::exposure::input::AgreedTermsIn;
use crate::book::exposure::model::AgreedTerms;
use crate::book::exposure::store::{self, agreed};
use crate::platform::db::{Change, Tx};
use kernel::ids::CreditAccountId;

/// Sets the payment terms of an account, or gives them up.
///
/// # Errors
/// When the account is not there, they changed since `version` (0 when there were none), or are not live.
pub fn set(
    tx: &mut Tx,
    id: CreditAccountId,
    version: i64,
    input: &AgreedTermsIn,
) -> Result<AgreedTerms, AccountError> {
    let found = store::find(tx, id)?.ok_or(AccountError::Missing)?;
    lock(tx, found.customer_id)?;
    check_payment_terms(tx, input.payment_terms.as_ref())?;
    let before = agreed::find(tx, id)?;
    if before.as_ref().map_or(0, |before| before.version) != version {
        return Err(AccountError::Stale);
    }
    let after = AgreedTerms {
        account_id: id,
        payment_terms: input.payment_terms.clone(),
        reason: input.reason.to_string(),
        set_by: tx.caller().subject.clone(),
        changed_at: tx.now(),
        version: version.saturating_add(1),
    };
    agreed::save(tx, &after)?;
    let change = Change::new("credit_account.payment_terms_set", id).after(&after);
    let change = match &before {
        Some(before) => change.before(before),
        None => change,
    };
    tx.record(change.because(&input.reason))?;
    Ok(after)
}
