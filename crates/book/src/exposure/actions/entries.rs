//! Exposure that other systems know of: open orders, deliveries, instruments and charges.

use chrono::NaiveDate;

use super::{AccountError, Locked, lock, orders, post};
use crate::book::exposure::model::{BalanceKey, EntryCategory, Exposure, ExposureEntry};
use crate::book::exposure::store::{self, entries};
use crate::book::policy::actions as policies;
use crate::book::policy::model::ExposureSource;
use crate::platform::db::{Change, Tx};
use kernel::ids::{CreditAccountId, ExposureEntryId, LegalEntityId};
use kernel::money::Money;
use kernel::text::Number;

/// What another system says that a document of its own comes to now.
#[derive(Debug, Clone)]
pub struct EntryStatement {
    pub category: EntryCategory,
    pub number: Number,
    /// Of a delivery: all that was delivered by it, billed or not.
    pub amount: Money,
    pub entry_date: NaiveDate,
    /// The order that was delivered; when not given, that which was named before.
    pub order_number: Option<Number>,
    /// To which it is owed.
    pub legal_entity: LegalEntityId,
}

/// States what a document comes to now; nothing ends it. What it came to before is replaced, so that saying it twice
/// changes nothing. A delivery takes the place of what its order has reserved, and counts as far as it is not billed.
///
/// # Errors
/// When the account is not there, or is in another currency; when another category than a delivery names an order, or a
/// delivery another one than before.
pub fn set(
    tx: &mut Tx,
    account: CreditAccountId,
    statement: &EntryStatement,
) -> Result<ExposureEntry, AccountError> {
    let found = store::find(tx, account)?.ok_or(AccountError::Missing)?;
    let locked = lock(tx, found.customer_id)?;
    let amount = statement.amount;
    let category = statement.category;
    let before = entries::find(tx, account, category, &statement.number)?;
    check_currency(&locked, amount, before.as_ref())?;
    refuse_second_source(tx, account, statement)?;
    let key = BalanceKey::new(statement.legal_entity, amount.currency());
    if let Some(before) = before.as_ref().filter(|before| before.key() != key) {
        return Err(if before.currency == key.currency {
            AccountError::OtherEntity
        } else {
            AccountError::Currency {
                given: key.currency,
                expected: before.currency,
            }
        });
    }
    let order = order_of(statement, before.as_ref())?;
    if let Some(before) = &before
        && before.stated_minor == amount.minor()
        && before.entry_date == statement.entry_date
        && before.order_number == order
    {
        return Ok(before.clone());
    }
    let mut after = ExposureEntry {
        id: before
            .as_ref()
            .map_or_else(ExposureEntryId::new, |entry| entry.id),
        account_id: account,
        category,
        number: statement.number.clone(),
        currency: amount.currency(),
        amount_minor: 0,
        entry_date: statement.entry_date,
        set_by: tx.caller().subject.clone(),
        set_at: tx.now(),
        version: before.as_ref().map_or(1, |entry| entry.version + 1),
        order_number: order.clone(),
        stated_minor: amount.minor(),
        billed_minor: before.as_ref().map_or(0, |entry| entry.billed_minor),
        legal_entity_id: key.legal_entity_id,
    };
    if let Some(order) = &order {
        orders::deliver(tx, &locked, before.as_ref(), &mut after, order)?;
    }
    let open = after.stated_minor - after.billed_minor;
    after.amount_minor = open.max(0);
    let counted = before.as_ref().map_or(0, |entry| entry.amount_minor);
    let more = after.amount_minor - counted;
    post(tx, &locked, key, Exposure::of(category.into(), more))?;
    let change = Change::new("exposure_entry.set", after.id).after(&after);
    if let Some(before) = &before {
        entries::update(tx, &after)?;
        tx.record(change.before(before))?;
    } else {
        entries::insert(tx, &after)?;
        tx.record(change)?;
    }
    Ok(after)
}

/// What counts already in a currency that is billed no more can still become less.
fn check_currency(
    locked: &Locked,
    amount: Money,
    before: Option<&ExposureEntry>,
) -> Result<(), AccountError> {
    let is_less = before.is_some_and(|before| {
        before.currency == amount.currency() && amount.minor() <= before.stated_minor
    });
    if is_less || locked.account.bills_in(amount.currency()) {
        return Ok(());
    }
    Err(AccountError::Currency {
        given: amount.currency(),
        expected: locked.account.currency,
    })
}

/// Refuses to count an instrument from two sources. What ends an entry is always taken.
fn refuse_second_source(
    tx: &mut Tx,
    account: CreditAccountId,
    statement: &EntryStatement,
) -> Result<(), AccountError> {
    if statement.category != EntryCategory::Instruments || statement.amount.minor() == 0 {
        return Ok(());
    }
    if policies::live(tx)?.document.sources.instruments == Some(ExposureSource::Ledger) {
        return Err(AccountError::OtherSource(ExposureSource::Ledger));
    }
    if entries::has_instrument(tx, account, &statement.number)? {
        let number = statement.number.clone();
        return Err(AccountError::PostedAlready { number });
    }
    Ok(())
}

/// The order that a statement is about.
fn order_of(
    statement: &EntryStatement,
    before: Option<&ExposureEntry>,
) -> Result<Option<Number>, AccountError> {
    let known = before.and_then(|entry| entry.order_number.clone());
    match (&statement.order_number, known) {
        (Some(_), _) if statement.category != EntryCategory::DeliveredNotBilled => {
            Err(AccountError::NotADelivery)
        }
        (Some(given), Some(known)) if *given != known => Err(AccountError::OtherOrder(known)),
        (given, known) => Ok(given.clone().or(known)),
    }
}
