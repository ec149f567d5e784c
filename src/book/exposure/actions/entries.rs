//! Exposure that other systems know of: open orders, deliveries, instruments and charges.

use chrono::NaiveDate;

use super::{AccountError, lock, post};
use crate::book::exposure::model::{EntryCategory, Exposure, ExposureEntry};
use crate::book::exposure::store::{self, entries};
use crate::kernel::ids::{CreditAccountId, ExposureEntryId};
use crate::kernel::money::Money;
use crate::kernel::text::Number;
use crate::platform::db::{Change, Tx};

/// States what a document comes to now; nothing ends it. What it came to before is replaced, so that saying it twice
/// changes nothing.
///
/// # Errors
/// When the account is not there, or is in another currency.
pub fn set(
    tx: &mut Tx,
    account: CreditAccountId,
    category: EntryCategory,
    number: &Number,
    amount: Money,
    entry_date: NaiveDate,
) -> Result<ExposureEntry, AccountError> {
    let found = store::find(tx, account)?.ok_or(AccountError::Missing)?;
    let locked = lock(tx, found.customer_id)?;
    if amount.currency() != locked.account.currency {
        return Err(AccountError::Currency {
            given: amount.currency(),
            expected: locked.account.currency,
        });
    }
    let before = entries::find(tx, account, category, number)?;
    let after = ExposureEntry {
        id: before
            .as_ref()
            .map_or_else(ExposureEntryId::new, |entry| entry.id),
        account_id: account,
        category,
        number: number.clone(),
        currency: amount.currency(),
        amount_minor: amount.minor(),
        entry_date,
        set_by: tx.caller().subject.to_string(),
        set_at: tx.now(),
        version: before.as_ref().map_or(1, |entry| entry.version + 1),
    };
    let Some(before) = before else {
        post(tx, &locked, Exposure::of(category.into(), amount.minor()))?;
        entries::insert(tx, &after)?;
        tx.record(Change::new("exposure_entry.set", after.id).after(&after))?;
        return Ok(after);
    };
    if before.amount_minor == after.amount_minor && before.entry_date == entry_date {
        return Ok(before);
    }
    let more = after.amount_minor.saturating_sub(before.amount_minor);
    post(tx, &locked, Exposure::of(category.into(), more))?;
    entries::update(tx, &after)?;
    tx.record(
        Change::new("exposure_entry.set", after.id)
            .before(&before)
            .after(&after),
    )?;
    Ok(after)
}
