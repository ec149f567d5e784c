//! Money that is given back: taken from what a receipt has left.

use super::instruments::refuse_of_instrument;
use super::receipts::lock_receipt;
use super::settling::post;
use super::{ReceivableError, check_open};
use crate::book::exposure::model::Exposure;
use crate::book::receivables::model::{Receipt, ReceiptRef};
use crate::book::receivables::store;
use crate::platform::db::{Change, Tx};
use kernel::money::Money;

/// Takes money off what a receipt has left, because it is given back; a negative amount puts it there again, because it is
/// not.
///
/// # Errors
/// When the receipt is not there or reversed, the amount is in another currency or more than is left, an instrument that
/// has not ended is behind the receipt, or today is in a closed period.
pub fn refund_receipt(
    tx: &mut Tx,
    reference: &ReceiptRef,
    amount: Money,
) -> Result<Receipt, ReceivableError> {
    let (accounts, before) = lock_receipt(tx, reference, None)?;
    if amount.currency() != before.currency {
        return Err(ReceivableError::Currency {
            given: amount.currency(),
            expected: before.currency,
        });
    }
    if amount.minor() > before.unapplied_minor {
        return Err(ReceivableError::OverApplied {
            pointer: "/amount".to_owned(),
            amount,
            available: Money::from_minor(before.unapplied_minor, before.currency),
        });
    }
    if amount.is_positive() {
        refuse_of_instrument(tx, before.id)?;
    }
    let today = tx.today();
    let periods = check_open(tx, before.legal_entity_id, today, before.id)?;
    let after = Receipt {
        unapplied_minor: before.unapplied_minor - amount.minor(),
        refunded_minor: before.refunded_minor + amount.minor(),
        ..before.clone()
    };
    let after = store::update_receipt_if_unchanged(tx, &after)?.ok_or(ReceivableError::Stale)?;
    let change = Exposure::unapplied(-amount.minor());
    let changes = [((before.customer_id, before.key()), change)];
    post(tx, &accounts.all(), changes.into())?;
    periods.flag(tx, |_| true)?;
    tx.record(
        Change::new("receipt.refunded", after.id)
            .before(&before)
            .after(&after),
    )?;
    Ok(after)
}
