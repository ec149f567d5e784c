//! Receipts of instruments: what an instrument settled goes with it.

use chrono::NaiveDate;

use super::ReceivableError;
use super::receipts::{lock_receipt, take_back};
use crate::book::receivables::model::{Receipt, ReceiptRef};
use crate::book::receivables::store;
use crate::platform::db::Tx;
use kernel::ids::ReceiptId;
use kernel::text::Note;

/// Takes back the receipt of an instrument that was not paid, with all that it settled: the invoices are open again from a
/// day on, with the due dates that they had.
///
/// # Errors
/// When the receipt is not there or reversed already, or the day is before its own or after today.
pub fn take_back_receipt(
    tx: &mut Tx,
    receipt: ReceiptId,
    reason: &Note,
    effective_on: NaiveDate,
) -> Result<Receipt, ReceivableError> {
    let (accounts, before) = lock_receipt(tx, &ReceiptRef::Id(receipt), None)?;
    take_back(tx, &accounts, &before, reason, Some(effective_on))
}

/// Refuses to take back a receipt by itself while an instrument stands behind it, since the debt would count twice, and to
/// give back its money, which has not come yet.
///
/// # Errors
/// When an instrument that has not ended is behind the receipt.
pub fn refuse_of_instrument(tx: &mut Tx, receipt: ReceiptId) -> Result<(), ReceivableError> {
    match store::instrument_behind(tx, receipt)? {
        Some(instrument) => Err(ReceivableError::OfInstrument(instrument)),
        None => Ok(()),
    }
}
